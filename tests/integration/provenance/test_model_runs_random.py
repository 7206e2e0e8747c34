"""Random lives of runs, told from several connections at once, late and twice, leave what the definition says."""

import asyncio
import os
import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.integration.provenance.either import STORES, a_provenance
from tests.integration.provenance.registered import Oracle, a_life, created, deliver, project

from contracts.kinds import Kind
from contracts.message import Event
from provenance.graph import projector
from provenance.graph.answer import Dump
from provenance.graph.model import Link, Node
from provenance.records.registered import REGISTRY
from provenance.unit import ProvenanceHouse

LIVES = int(os.environ.get("RANDOM_LIVES", "600"))
"""2,000 take two minutes for each store."""
CONNECTIONS, ROUNDS, TOGETHER = 5, 4, 16
HOLDERS = text(
    """select n.id as node, n.subtype, s.id as source, e.relation, t.id as target, a.record
    from provenance.assertions a join provenance.elements e on e.element = a.element
    left join provenance.elements n on n.element = e.element and n.node is not null
    left join (select distinct node, id from provenance.elements where node is not null) s on s.node = e.source
    left join (select distinct node, id from provenance.elements where node is not null) t on t.node = e.target
    where a.to_seq is null"""
)
Held = dict[tuple[Any, ...], set[str]]


def as_it_comes(chance: random.Random, lives: list[list[Event]]) -> list[list[Event]]:
    """Several mouths that tell all of it between them: mixed, some facts twice, some before those that came first."""
    facts = [fact for life in lives for fact in (*life, *chance.sample(life, chance.randint(0, 1)))]
    chance.shuffle(facts)
    return [facts[n::CONNECTIONS] for n in range(CONNECTIONS)]


async def tell(house: ProvenanceHouse, facts: list[Event]) -> None:
    """One mouth: a few facts in each transaction, as deliveries come in groups."""
    for start in range(0, len(facts), TOGETHER):
        await deliver(house, *facts[start : start + TOGETHER])


def expected(oracle: Oracle) -> tuple[Dump, Held]:
    """The union of what the living say, and who says it."""
    nodes: dict[str, Any] = {}
    links: dict[tuple[str, str, str], Any] = {}
    held: Held = {}
    for element, records in oracle.holders().items():
        if isinstance(element, Node):
            described = nodes.setdefault(element.id, (element.category.value, str(element.subtype), {REGISTRY: None}))
            held[element.id, str(element.subtype)] = records
            described[2][REGISTRY] = described[2][REGISTRY] or element.attributes
        elif isinstance(element, Link):
            links[element.source, element.relation.value, element.target] = {REGISTRY: None}
            held[element.source, element.relation.value, element.target] = records
    return Dump(nodes, links), held


async def found(house: ProvenanceHouse) -> Held:
    """Who asserts what, by the ledger."""
    held: Held = {}
    async with house.work() as unit:
        for row in await unit.session.execute(HOLDERS):
            key = (row.node, row.subtype) if row.node else (row.source, row.relation, row.target)
            held.setdefault(key, set()).add(row.record)
    return held


@pytest.mark.timeout(900)
@pytest.mark.parametrize("store", STORES)
async def test_case_1_the_graph_is_the_union_of_what_the_living_say(store: str, database_url: str, tmp_path: Path) -> None:
    """Registered, updated, linked, deleted, undone and said again: the graph and the holders of each element are exact."""
    chance, oracle = random.Random(20), Oracle()
    made = [created("1/data0"), created("1/data1"), created("1/workflow", Kind.MODEL_RUN_WORKFLOW_TEMPLATE)]
    async with a_provenance(store, database_url, tmp_path) as house:
        await deliver(house, *made)
        for fact in made:
            oracle.hear(fact)
        for part in range(ROUNDS):
            lives = [a_life(chance, f"1/run{part}-{n}") for n in range(LIVES // ROUNDS)]
            for fact in (fact for life in lives for fact in life):
                oracle.hear(fact)
            carrying = asyncio.create_task(carry(house))
            await asyncio.gather(*(tell(house, facts) for facts in as_it_comes(chance, lives)))
            carrying.cancel()
            await asyncio.gather(carrying, return_exceptions=True)
            await project(house)

            dump, held = expected(oracle)
            graph = await house.parts.graph.dump()
            assert graph.nodes == dump.nodes
            assert graph.links == dump.links
            assert await found(house) == held
        assert await projector.prove(house)


async def carry(house: ProvenanceHouse) -> None:
    """A projector beside the mouths."""
    while True:
        if not await projector.project(house):
            await asyncio.sleep(0.05)
