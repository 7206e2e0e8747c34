"""How fast the ledger is, and the whole way from a statement to the graph."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import text
from tests.bench.base import a_ledger, address
from tests.bench.graph import AIIDA_STORED, a_leaf, record, the_hub
from tests.bench.sizes import Size
from tests.bench.table import Figure, percentile
from tests.servers import offered

from chassis.testing import a_house
from provenance.graph import projector
from provenance.graph.keys import id_digest
from provenance.graph.store import open_graph
from provenance.service import provenance
from provenance.unit import ProvenanceHouse, ProvenanceSettings

GROUP = 50
CROWD = text(
    """insert into provenance.assertions (element, record, tenant, attributes, from_seq)
    select :element, 'many/' || i, case when i % 2 = 0 then 't' else 'u' end, '{"prov:label": "x"}', 1
    from generate_series(1, :crowd) i"""
)
FILL = (
    text(
        """insert into provenance.elements (element, node, id, category, subtype)
        select cast(md5('e' || i) as uuid), cast(md5('n' || i) as uuid), 'filled/' || i, 'ENTITY', 'FILE'
        from generate_series(1, :filled) i"""
    ),
    text(
        """insert into provenance.assertions (element, record, tenant, attributes, from_seq)
        select cast(md5('e' || i) as uuid), 'filled/' || i / 35, 't', '{"prov:label": "x"}', 1
        from generate_series(1, :filled) i"""
    ),
    text(
        """insert into provenance.records (record, revision, tenant, changes, at)
        select 'filled/' || i, 1, 't', '[]', now() from generate_series(0, :filled / 35) i"""
    ),
)
"""Records of 35 elements each, as they would have come to be."""


async def singles(house: ProvenanceHouse, numbers: range, hub: Callable[[int], str]) -> list[float]:
    """Milliseconds of one record of 35 elements in a transaction of its own."""
    took = []
    for number in numbers:
        began = perf_counter()
        async with house.work() as unit:
            await unit.ledger.lodge(f"run/{number}", 1, record(number, hub(number)), tenant="t")
        took.append(1000 * (perf_counter() - began))
    return took


async def grouped(house: ProvenanceHouse, numbers: range) -> float:
    """Elements a second, as many records in a transaction as the bus puts into a group."""
    began = perf_counter()
    for first in range(numbers.start, numbers.stop, GROUP):
        async with house.work() as unit:
            for number in range(first, min(first + GROUP, numbers.stop)):
                await unit.ledger.lodge(f"run/{number}", 1, record(number, "software/hub"), tenant="t")
    return 35 * len(numbers) / (perf_counter() - began)


async def carried(house: ProvenanceHouse, numbers: range) -> float:
    """Elements a second from a statement to the graph with its answer said: ledger and projector at the same time."""
    began = perf_counter()
    lodging = asyncio.create_task(grouped(house, numbers))
    while True:
        ended = lodging.done()
        if not await projector.project(house) and ended:
            break
        await asyncio.sleep(0)
    await lodging
    return 35 * len(numbers) / (perf_counter() - began)


async def drained(house: ProvenanceHouse) -> None:
    """Let the projector come to the end of the ledger."""
    while await projector.project(house):
        pass


async def measure(size: Size, left_out: Callable[[str], None]) -> AsyncIterator[Figure]:
    """The ledger alone, small and with a crowded hub; then through to each graph."""
    async with a_ledger() as (engine, folder), opened(engine, folder, "postgresql:") as house:
        await singles(house, range(10), the_hub)
        empty = await singles(house, range(10, 10 + size.records // 20), a_leaf)
        async with house.work() as unit:
            await unit.session.execute(CROWD, {"element": id_digest("software/hub"), "crowd": size.crowd})
            await unit.session.execute(text("analyze provenance.assertions"))
        crowded = await singles(house, range(100_000, 100_000 + size.records // 20), the_hub)
        than = "the same in an empty ledger, no hub"
        for which in (50, 95):
            base = percentile(empty, which)
            most = 10.0 if which == 50 else None
            yield Figure("ledger", f"a record of 35 elements, empty ledger, p{which}", base, "ms", most=most)
            what = f"a record of 35 elements on a hub of {size.crowd:,} assertions, p{which}"
            yield Figure("ledger", what, percentile(crowded, which), "ms", than, base, most=most)
        async with house.work() as unit:
            for statement in FILL:
                await unit.session.execute(statement, {"filled": size.filled})
            for table in ("records", "elements", "assertions"):
                await unit.session.execute(text(f"analyze provenance.{table}"))
        filled = await singles(house, range(150_000, 150_000 + size.records // 20), the_hub)
        for which in (50, 95):
            what = f"a record of 35 elements on that hub, {size.filled:,} elements in all, p{which}"
            most = 10.0 if which == 50 else None
            yield Figure("ledger", what, percentile(filled, which), "ms", than, percentile(empty, which), most=most)
        one = 35_000 / percentile(empty, 50)
        rate = await grouped(house, range(200_000, 200_000 + size.records // 2))
        yield Figure("ledger", f"elements lodged, {GROUP} records a group", rate, "/s", "one record a transaction", one)
        await drained(house)
        there = await carried(house, range(300_000, 300_000 + size.records // 2))
        yield Figure("ledger", "elements from statement to PostgreSQL's graph", there, "/s", peers=AIIDA_STORED)
    source, told = offered("neo4j_url")
    if not source:
        left_out("ledger to Neo4j: start `make services`, or set TEST_NEO4J_URL")
        return
    store = open_graph(told["neo4j_url"], None)  # type: ignore[arg-type]
    await store.start()
    await store.clear()
    async with a_ledger() as (engine, folder), opened(engine, folder, told["neo4j_url"]) as house:
        await carried(house, range(200))  # what is planned and compiled once
        rate = await carried(house, range(1000, 1000 + size.records))
        yield Figure(
            "ledger",
            "elements from statement to Neo4j",
            rate,
            "/s",
            "to PostgreSQL's graph",
            there,
            least=8000,
            peers=AIIDA_STORED,
        )
    await store.clear()
    await store.close()


def opened(engine: Any, folder: Path, graph_url: str) -> Any:
    """Provenance, its projector asleep."""
    settings = ProvenanceSettings(
        database_url=address(engine), files_url=f"file:{folder}/files", state=folder, graph_url=graph_url
    )
    return a_house(replace(provenance, loops=()), settings, hears=False)
