"""Provena's six questions: exactly the ways that its definition enumerates, at the cost of a walk, on both stores."""

import random
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.provenance.either import STORES, a_provenance
from tests.integration.provenance.registered import a_life, created, hear, project, record, says

from chassis.testing import somebody
from contracts.kinds import Kind
from contracts.vocabulary import Category, Relation
from provenance.graph.model import Graph, Link, Node
from provenance.lineage import provena
from provenance.lineage.provena import NEAREST, Query
from provenance.records.registered import REGISTRY
from provenance.unit import ProvenanceHouse

EVE = somebody("eve", "forest")
ITEM_SUBTYPES = {
    *("WORKFLOW_RUN", "MODEL_RUN", "STUDY", "CREATE", "VERSION", "PERSON", "ORGANISATION", "SOFTWARE", "MODEL"),
    *("WORKFLOW_TEMPLATE", "MODEL_RUN_WORKFLOW_TEMPLATE", "DATASET", "DATASET_TEMPLATE"),
}
"""The words that Provena's client takes."""
UP = {Query.UPSTREAM, Query.CONTRIBUTING_DATASETS, Query.CONTRIBUTING_AGENTS}
ENDS = {
    Query.CONTRIBUTING_DATASETS: "DATASET",
    Query.EFFECTED_DATASETS: "DATASET",
    Query.CONTRIBUTING_AGENTS: "PERSON ORGANISATION",
}


@pytest.fixture(params=STORES)
async def house(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> AsyncIterator[ProvenanceHouse]:
    """Provenance with either store."""
    async with a_provenance(request.param, database_url, tmp_path) as house:
        yield house


def paths(links: set[tuple[str, str, str]], start: str, depth: int, *, up: bool) -> Iterator[tuple[tuple[str, str, str], ...]]:
    """Every path of at most so many links, none twice on one path; the definition, at any cost."""

    def on(way: tuple[Any, ...], at: str) -> Iterator[tuple[Any, ...]]:
        yield way
        if len(way) < depth:
            for link in links - set(way):
                near, far = (link[0], link[2]) if up else (link[2], link[0])
                if near == at:
                    yield from on((*way, link), far)

    yield from on((), start)


def by_definition(dump: Any, start: str, query: Query, depth: int) -> tuple[set[str], set[tuple[str, str]]]:
    """Nodes and ends of links that the definition of a question gives."""
    links, found = set(dump.links), set()
    for way in paths(links, start, depth, up=query in UP):
        last = way[-1][2 if query in UP else 0] if way else start
        if query is Query.EFFECTED_AGENTS:
            agents = {link for link in links if link[0] == last and dump.nodes[link[2]][1] in {"PERSON", "ORGANISATION"}}
            found |= {*way, *agents} if agents else set()
        elif way and (query not in ENDS or dump.nodes[last][1] in ENDS[query].split()):
            found |= set(way)
    return {end for s, _, t in found for end in (s, t)}, {(s, t) for s, _, t in found}


async def test_answers_are_what_the_definition_enumerates(house: ProvenanceHouse) -> None:
    """For every node, question and depth over random runs; now, and as of a moment at which the graph was the same."""
    chance = random.Random(7)
    lives = [fact for n in range(4) for fact in a_life(chance, f"1/run{n}")]
    await hear(house, *lives, created("1/data1"), created("1/workflow", Kind.MODEL_RUN_WORKFLOW_TEMPLATE))
    dump = await house.parts.graph.dump()
    then = datetime.now(UTC)
    told = 0

    async with house.work() as unit:
        for start in sorted(dump.nodes):
            for query in Query:
                for depth in (1, 2, 4):
                    answer = await provena.ask(unit, EVE, start, query, depth)
                    nodes, ends = by_definition(dump, start, query, depth)
                    assert {node.id for node in answer.nodes} == nodes, (start, query, depth)
                    assert {(link.source, link.target) for link in answer.links} == ends, (start, query, depth)
                    assert len(answer.links) == len(ends)
                    told += len(ends)
                past = await provena.ask(unit, EVE, start, query, 4, then)
                assert (set(past.nodes), past.links) == (set(answer.nodes), answer.links)

    assert told > 1000


async def test_the_past_is_answered_as_it_was(house: ProvenanceHouse) -> None:
    """What was deleted later is there as of then, and not as of now."""
    await hear(house, says("1/run", 1, record(["1/in"], ["1/out"])))
    then = datetime.now(UTC)
    await hear(house, says("1/run", 2, record(["1/else"], ["1/out"])))

    async with house.work() as unit:
        asked = [await provena.ask(unit, EVE, "1/out", Query.CONTRIBUTING_DATASETS, None, at) for at in (then, None)]

    assert [{node.id for node in answer.nodes} for answer in asked] == [
        {"1/out", "1/run", "1/in"},
        {"1/out", "1/run", "1/else"},
    ]


async def test_depths_are_provenas(house: ProvenanceHouse) -> None:
    """Two links by default and four for the special questions, where nothing or 0 is asked for; ten at most."""
    async with house.work() as unit:
        asked = [await provena.ask(unit, EVE, "1/x", query, depth) for query in Query for depth in (None, 0, 10)]

    assert [answer.depth for answer in asked] == [2, 2, 10, 2, 2, 10, *[4, 4, 10] * 4]
    assert all((answer.nodes, answer.links) == ((), ()) for answer in asked)


async def test_a_lone_node_has_no_lineage(house: ProvenanceHouse) -> None:
    """Where no way leads, the node itself is not told, either; ids with quotes are data."""
    strange = "1/'); drop--\" }) detach delete n //"
    await hear(house, says("1/run", 1, record([strange])))

    async with house.work() as unit:
        none = await provena.ask(unit, EVE, "1/ada", Query.UPSTREAM, 3)
        some = await provena.ask(unit, EVE, strange, Query.DOWNSTREAM, 1)

    assert (none.nodes, none.links) == ((), ())
    assert {node.id for node in some.nodes} == {strange, "1/run"}


async def test_runs_of_workflows_are_told_in_provenas_words_to_their_tenants(house: ProvenanceHouse) -> None:
    """From a dataset through a run's files to another dataset; others see that part neither whole nor as a stub."""
    file, step, out = (
        Node("run/1/in/a", Category.ENTITY, "FILE"),
        Node("run/1", Category.ACTIVITY, "WORKFLOW_RUN"),
        Node("run/1/out/b", Category.ENTITY, "FILE"),
    )
    ends = [Node(f"1/{name}", Category.ENTITY, "DATASET") for name in ("first", "last")]
    links = [
        Link(file.id, Relation.WAS_DERIVED_FROM, "1/first"),
        Link(step.id, Relation.USED, file.id),
        Link(out.id, Relation.WAS_GENERATED_BY, step.id),
        Link("1/last", Relation.HAD_MEMBER, out.id),
    ]
    async with house.work() as unit:
        await unit.ledger.lodge("run/1", 1, Graph.of([file, step, out, *ends], links), tenant="forest")
    await hear(house, created("1/first"), created("1/last"))

    async with house.work() as unit:
        ours = await provena.ask(unit, EVE, "1/last", Query.CONTRIBUTING_DATASETS, 4)
        theirs = await provena.ask(unit, somebody("bob", "sea"), "1/last", Query.UPSTREAM, 4)
        agents = await provena.ask(unit, EVE, "1/first", Query.EFFECTED_AGENTS, 4)

    told = {node.id: (node.item_subtype, node.registered) for node in ours.nodes}
    assert told == {
        "1/last": ("DATASET", True),
        "run/1/out/b": ("DATASET", False),
        "run/1": ("WORKFLOW_RUN", False),
        "run/1/in/a": ("DATASET", False),
        "1/first": ("DATASET", True),
    }
    assert {node.id for node in theirs.nodes} == {"1/last", "1/last/create", "1/ada"}
    assert {"1/ada", "run/1", "1/last"} <= {node.id for node in agents.nodes}


async def test_two_relations_between_two_nodes_are_told_as_one(house: ProvenanceHouse) -> None:
    """A graph of Provena's shape has no parallel links; which is told does not depend on their order."""
    nodes = [Node("1/a", Category.ACTIVITY, "MODEL_RUN"), Node("1/b", Category.ACTIVITY, "MODEL_RUN")]
    links = [Link("1/a", relation, "1/b") for relation in (Relation.WAS_INFLUENCED_BY, Relation.WAS_INFORMED_BY)]
    async with house.work() as unit:
        await unit.ledger.lodge("1/a", 1, Graph.of(nodes, links), tenant=REGISTRY)
    await project(house)

    async with house.work() as unit:
        answer = await provena.ask(unit, EVE, "1/a", Query.UPSTREAM, 1)

    assert [link.type for link in answer.links] == ["wasInformedBy"]


async def test_more_than_can_be_told_is_refused(database_url: str, tmp_path: Path) -> None:
    """The shape cannot say that something is left out, so it is said that a smaller depth is needed."""
    async with a_provenance("postgresql", database_url, tmp_path, provena_answer_limit=5) as house:
        await hear(house, says("1/run", 1, record([f"1/in{n}" for n in range(9)])))
        headers = {"authorization": f"Bearer {house.callers.token(EVE)}"}
        transport = httpx.ASGITransport(app=house.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://provenance", headers=headers) as client:
            answer = await client.get("/provena/lineage", params={"id": "1/run"})

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:problem:provenance:answer-too-large")


def test_every_subtype_has_a_word_that_provenas_client_takes() -> None:
    """Whatever is in the graph, its client parses the answer."""
    from contracts.vocabulary import Subtype

    assert {NEAREST.get(subtype, subtype.value) for subtype in Subtype} <= ITEM_SUBTYPES
