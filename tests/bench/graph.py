"""How fast the graph is: `python -m tests.bench.graph`. It empties the Neo4j that it finds (`make services`).

Writing is counted in elements (nodes and links) a second, with records of 35; beside it stands what one query an element,
each in a session of its own and without an index, reaches in the same run. Answers are counted in links.
"""

import argparse
import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine
from tests.servers import offered

from chassis.assembly import bring_up_to_date
from chassis.database import open_database
from chassis.testing import a_house
from contracts.vocabulary import Category, Relation
from provenance.graph import projector
from provenance.graph.answer import Direction
from provenance.graph.batch import Batch, Touched
from provenance.graph.model import Graph, Link, Node
from provenance.graph.store import GraphStore, open_graph
from provenance.service import provenance
from provenance.unit import ProvenanceSettings

LEDGER = UUID("01890000-0000-7000-8000-000000000001")
ANSWERS = {"14": 3, "126": 6, "900": 9, "1,650": 10}
"""Links of an answer where each node points at two others, and the depth that has so many."""
FILLED = 5000
OLD_NODE = "MERGE (n:Old {id: $id}) SET n.said = $said"
OLD_LINK = "MATCH (a:Old {id: $a}) MATCH (b:Old {id: $b}) MERGE (a)-[:used]->(b)"


def record(number: int, hub: str) -> Graph:
    """A statement of 35 elements: a run, its 16 files, and something that others assert too."""
    me = f"run/{number}"
    files = [Node(f"{me}/in/{n}", Category.ENTITY, "FILE", {"prov:label": f"{n}.csv", "size": n}) for n in range(16)]
    links = [Link(me, Relation.USED, file.id, {"prov:role": "data"}) for file in files]
    run = Node(me, Category.ACTIVITY, "WORKFLOW_RUN", {"prov:label": me, "reprovena:status": "finished"})
    shared = Node(hub, Category.AGENT, "SOFTWARE", {"prov:label": hub})
    return Graph.of([run, shared, *files], [Link(me, Relation.WAS_ASSOCIATED_WITH, hub), *links])


def touched(graphs: Iterable[Graph]) -> tuple[tuple[Touched, ...], tuple[Touched, ...]]:
    """What a batch of them holds."""
    said = {element: words for graph in graphs for element, words in graph.said().items()}
    of = [Touched(element, {"t": words}, frozenset()) for element, words in said.items()]
    return tuple(t for t in of if isinstance(t.element, Node)), tuple(t for t in of if isinstance(t.element, Link))


class Filling:
    """A store that is written to, batch after batch."""

    def __init__(self, store: GraphStore) -> None:
        self.store = store
        self.seq = 0
        self.number = 0

    async def put(self, nodes: Iterable[Touched], links: Iterable[Touched]) -> None:
        """The next batch."""
        self.seq += 1
        await self.store.apply(Batch(LEDGER, self.seq - 1, self.seq, tuple(nodes), tuple(links)))

    async def records(self, count: int, together: int, hub: Callable[[int], str]) -> float:
        """Elements a second, so many records in a transaction."""
        took = 0.0
        for _ in range(count // together):
            graphs = [record(self.number + n, hub(self.number + n)) for n in range(together)]
            self.number += together
            nodes, links = touched(graphs)
            began = perf_counter()
            await self.put(nodes, links)
            took += perf_counter() - began
        return 35 * count / took

    async def grow(self, nodes: int) -> float:
        """A graph in which each node points at two of the thousand before it, and its elements a second."""
        chance, began = random.Random(1), perf_counter()
        for first in range(0, nodes, FILLED):
            of = range(first, min(first + FILLED, nodes))
            held = [Touched(Node(f"n/{n}", Category.ENTITY, "FILE"), {"t": {"prov:label": f"{n}"}}, frozenset()) for n in of]
            ends = [(n, m) for n in of if n for m in {chance.randrange(max(0, n - 1000), n) for _ in range(2)}]
            links = [Touched(Link(f"n/{n}", Relation.USED, f"n/{m}"), {"t": None}, frozenset()) for n, m in ends]
            await self.put(held, links)
        return 3 * nodes / (perf_counter() - began)


def told(times: list[float]) -> str:
    """Median and 95th percentile."""
    cuts = quantiles(times, n=20)
    return f"p50 {cuts[9] * 1000:7.1f} ms   p95 {cuts[18] * 1000:7.1f} ms"


async def timed(work: Callable[[], Awaitable[Any]]) -> tuple[float, Any]:
    """How long it takes."""
    began = perf_counter()
    result = await work()
    return perf_counter() - began, result


async def answers(store: GraphStore, nodes: int, times: int) -> Iterator[str]:
    """Lineage in a graph of so many nodes."""
    chance, lines = random.Random(2), []
    for links, depth in ANSWERS.items():
        roots = [f"n/{chance.randrange(nodes // 2, nodes)}" for _ in range(times)]
        ask = [lambda root=root, depth=depth: store.lineage(root, Direction.UP, depth, ["t", "u"], 5000) for root in roots]
        for one in ask[:5]:
            await one()
        lines.append(f"  {links:>6} links   {told([(await timed(one))[0] for one in ask])}")
    layers = [[f"d/{layer}/{place}" for place in range(8)] for layer in range(12)]
    diamond = [(await timed(lambda: store.lineage(layers[0][0], Direction.UP, 11, ["t"], 5000)))[0] for _ in range(times)]
    return iter([*lines, f"  diamond 12x8   {told(diamond)}"])


async def put_diamond(filling: Filling) -> None:
    """Twelve layers of eight nodes, each with all of the next."""
    layers = [[f"d/{layer}/{place}" for place in range(8)] for layer in range(12)]
    nodes = [Touched(Node(n, Category.ENTITY, "FILE"), {"t": None}, frozenset()) for layer in layers for n in layer]
    ends = [(a, b) for near, far in pairwise(layers) for a in near for b in far]
    await filling.put(nodes, [Touched(Link(a, Relation.USED, b), {"t": None}, frozenset()) for a, b in ends])


async def one_by_one(store: Any, seconds: float = 5.0) -> float:
    """The other way: a query for each element, in its own session, without an index."""
    done, began = 0, perf_counter()
    for number in range(10_000):
        graph = record(number, "hub")
        for element in (*graph.nodes, *graph.links):
            async with store._driver.session() as session:
                match element:
                    case Node(item):
                        await (await session.run(OLD_NODE, id=item, said=str(element.attributes))).consume()
                    case Link(source, _relation, target):
                        await (await session.run(OLD_LINK, a=source, b=target)).consume()
            done += 1
            if perf_counter() - began > seconds:
                return done / seconds
    return 0.0


async def wipe_old(store: Any) -> None:
    """Take away what the other way left."""
    async with store._driver.session() as session:
        statement = "MATCH (n:Old) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS"
        await (await session.run(statement)).consume()


async def fill_old(store: Any, nodes: int) -> None:
    """So many nodes for the other way to search through."""
    async with store._driver.session() as session:
        for first in range(0, nodes, 50_000):
            statement = "UNWIND range($first, $last) AS n CREATE (:Old {id: 'x/' + n, said: ''})"
            await (await session.run(statement, first=first, last=min(first + 50_000, nodes) - 1)).consume()


async def writing(name: str, filling: Filling, size: int) -> None:
    """Batched and single, on leaves and on a hub."""
    one, leaf = (lambda _n: "software/hub"), (lambda n: f"software/{n}")
    await filling.records(200, 200, leaf)  # what is planned and compiled once
    await filling.records(5, 1, leaf)
    for where, hub in (("leaf", leaf), ("hub", one)):
        batched, single = await filling.records(2000, 200, hub), await filling.records(100, 1, hub)
        print(f"{name} {size:>9,} nodes, {where:<4}: {batched:8,.0f} elements/s batched, {single:7,.0f} single", flush=True)


async def bench_store(name: str, store: GraphStore, nodes: int, times: int) -> None:
    """Write, grow, write again, ask."""
    filling = Filling(store)
    await writing(name, filling, 0)
    speed = await filling.grow(nodes)
    await put_diamond(filling)
    print(f"{name}: grown by {nodes:,} nodes at {speed:,.0f} elements/s", flush=True)
    crowd = nodes // 10
    links = [Link(f"n/{n}", Relation.WAS_ASSOCIATED_WITH, "software/hub") for n in range(crowd)]
    for first in range(0, crowd, 10_000):
        await filling.put((), [Touched(link, {"t": None}, frozenset()) for link in links[first : first + 10_000]])
    print(f"{name}: the hub has {crowd:,} more links")
    await writing(name, filling, nodes)
    print(f"{name}: lineage at {nodes:,} nodes")
    for line in await answers(store, nodes, times):
        print(line, flush=True)


async def bench_ledger(database: str, url: str, folder: Path, count: int) -> None:
    """From a statement to the graph, through the ledger."""
    settings = ProvenanceSettings(database_url=database, files_url=f"file:{folder}/files", state=folder, graph_url=url)
    async with a_house(replace(provenance, loops=()), settings, hears=False) as house:
        singles = []
        for number in range(100):
            began = perf_counter()
            async with house.work() as unit:
                await unit.ledger.lodge(f"run/{number}", 1, record(number, "software/hub"), tenant="t")
            singles.append(perf_counter() - began)
        began = perf_counter()
        for first in range(100, 100 + count, 50):
            async with house.work() as unit:
                for number in range(first, first + 50):
                    await unit.ledger.lodge(f"run/{number}", 1, record(number, "software/hub"), tenant="t")
        lodged = perf_counter()
        while await projector.project(house):
            pass
        ended = perf_counter()
    kind = url.partition(":")[0]
    print(f"ledger: one record of 35 elements {told(singles)}")
    print(f"ledger: {35 * count / (lodged - began):,.0f} elements/s in groups of 50 records")
    print(f"ledger to {kind}: {35 * (count + 100) / (ended - lodged):,.0f} elements/s projected and answered")
    print(f"statement to {kind}: {35 * count / (ended - began):,.0f} elements/s, one after the other", flush=True)


@asynccontextmanager
async def a_database() -> AsyncIterator[tuple[AsyncEngine, Path]]:
    """An embedded PostgreSQL with the service's schema, and a folder."""
    with tempfile.TemporaryDirectory(prefix="reprovena-") as name:
        folder = Path(name)
        async with open_database(f"embedded:{folder}/pg", pool=5, password_file=folder / "password") as database:
            await bring_up_to_date([provenance], database.engine)
            yield database.engine, folder


def address(engine: AsyncEngine) -> str:
    """Where others find it."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


async def in_postgres(nodes: int, times: int) -> None:
    """The graph in PostgreSQL."""
    async with a_database() as (engine, folder):
        store = open_graph("postgresql:", engine)
        await bench_store("postgresql", store, nodes, times)
        await store.clear()
        await bench_ledger(address(engine), "postgresql:", folder, 500)


async def in_neo4j(url: str, nodes: int, times: int) -> None:
    """The graph in Neo4j, and the other way beside it."""
    async with a_database() as (engine, folder):
        store: Any = open_graph(url, engine)
        await store.start()
        await store.clear()
        await wipe_old(store)
        slow = await one_by_one(store)
        await fill_old(store, nodes)
        slower = await one_by_one(store)
        await wipe_old(store)
        print(f"one query an element: {slow:,.0f}/s in an empty graph, {slower:,.0f}/s at {nodes:,} nodes", flush=True)
        await bench_store("neo4j", store, nodes, times)
        await store.clear()
        await bench_ledger(address(engine), url, folder, 500)
        await store.clear()
        await store.close()


async def bench(nodes: int, times: int, only: str | None) -> None:
    """All of it."""
    source, found = offered("neo4j_url")
    if only != "neo4j":
        await in_postgres(nodes, times)
    if only != "postgresql" and source:
        await in_neo4j(found["neo4j_url"], nodes, times)
    elif only != "postgresql":
        print("neo4j: left out; start `make services`, or set TEST_NEO4J_URL")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=100_000, help="size of the graph (1000000 for the large one)")
    parser.add_argument("--times", type=int, default=40, help="questions for each figure")
    parser.add_argument("--only", choices=("postgresql", "neo4j"), help="one store")
    asked = parser.parse_args()
    asyncio.run(bench(asked.nodes, asked.times, asked.only))
