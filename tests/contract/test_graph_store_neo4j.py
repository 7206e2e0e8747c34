"""The graph store in Neo4j: the suite of all stores, and what only a server of its own can do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from neo4j.exceptions import ClientError, Neo4jError, TransientError
from tests.contract.graph_store import DOWN, LEDGER, UP, GraphStoreContract, batch, chain, held, ids, link, lost, node, put
from tests.servers import server

from chassis.refusal import Trouble
from chassis.trouble import is_trouble
from provenance.graph import neo4j_words as words
from provenance.graph.batch import Position
from provenance.graph.neo4j import Neo4jGraph, _links, _said
from provenance.graph.options import Neo4jOptions
from provenance.graph.store import open_graph

NOBODY = "bolt://neo4j:x@127.0.0.1:9"


@pytest.fixture
async def store() -> AsyncIterator[Neo4jGraph]:
    """A store that was emptied."""
    async with emptied() as graph:
        yield graph


@contextlib.asynccontextmanager
async def emptied() -> AsyncIterator[Neo4jGraph]:
    """A store that was emptied."""
    graph: Any = open_graph(server("neo4j_url"), None)
    await graph.start()
    try:
        await graph.clear()
        yield graph
    finally:
        await graph.close()


class TestNeo4jGraph(GraphStoreContract):
    """The suite on a real server."""

    @pytest.fixture
    async def store(self) -> AsyncIterator[Neo4jGraph]:
        """A store that was emptied."""
        async with emptied() as graph:
            yield graph


async def count(graph: Neo4jGraph) -> int:
    """Nodes of all generations."""
    return (await graph._read(_said("MATCH (n:Node) RETURN count(n) AS n")))[0]["n"]


async def test_reading_cannot_write(store: Neo4jGraph) -> None:
    """The server refuses a write in a session that reads."""
    with pytest.raises(ClientError) as caught:
        await store._read(_said("CREATE (:Node {key: 'x'})"))

    assert caught.value.code == "Neo.ClientError.Statement.AccessMode"


async def plan(store: Neo4jGraph, statement: str) -> str:
    """What the server would do."""
    told = {
        "root": "",
        "depth": 9,
        "cap": 9,
        "words": [],
        "generation": "",
        "ledger": "",
        "start": 0,
        "end": 1,
        "mark": "",
        "removals": 0,
        "rows": {},
        "some": 1,
    }
    told |= {"keys": [], "ids": [], "chosen": [], "near": [], "seen": []}
    async with store._driver.session() as session:
        return str((await (await session.run("EXPLAIN " + statement, told)).consume()).plan)


async def test_keys_are_unique(store: Neo4jGraph) -> None:
    """The constraints are there."""
    found = await store._read(_said("SHOW CONSTRAINTS YIELD name, type RETURN name, type"))

    assert {row["name"] for row in found if row["type"] == "UNIQUENESS"} >= {"provenance_node", "provenance_projection"}


async def test_nothing_is_scanned_not_even_in_an_empty_graph(store: Neo4jGraph) -> None:
    """Every statement starts at an index, though it was planned for a graph without nodes; walks meet each node once."""
    walks = [words.walk(UP, 9), words.walk(DOWN, 100), words.reach(UP, 9)]
    writes = [words.MOVE, words.HOLD_NODES, words.HOLD_LINKS, words.LEAVE_NODES, words.LEAVE_LINKS, *words.SWEEP]
    others = [words.node(), words.agents(), words.details(UP), words.level(DOWN), words.ALL_NODES, words.ALL_LINKS]

    plans = [await plan(store, statement) for statement in (*walks, *writes, *others)]

    assert not [one for one in plans if "Scan" in one]
    assert all("VarLengthExpand(Pruning,BFS" in one for one in plans[: len(walks)])


async def test_a_hub_costs_what_a_leaf_costs(store: Neo4jGraph) -> None:
    """A new link to a node of 20,000 links touches as few records of the database as one to a lone node."""
    crowd = [node(f"c{n}") for n in range(20_000)]
    await put(store, [node("hub"), node("leaf"), node("new"), *crowd], [link(n.id, "hub") for n in crowd])

    async def hits(target: str) -> int:
        one = held(link("new", target), "t")
        async with store._driver.session() as session:
            generation = (await store._read(_said(words.POSITION)))[0]["generation"]
            told = {"rows": _links([one]), "generation": generation}
            return total((await (await session.run("PROFILE " + words.HOLD_LINKS, told)).consume()).profile)

    assert await hits("hub") <= 2 * await hits("leaf")


def total(profile: dict[str, Any]) -> int:
    """Accesses to the database in all steps of a statement."""
    return profile.get("dbHits", 0) + sum(total(child) for child in profile.get("children", []))


async def test_a_server_that_was_wiped_meanwhile_is_filled_again(store: Neo4jGraph) -> None:
    """Without position and constraints, the first batch makes them; any other starts from elsewhere."""
    await put(store, *chain("a", "b"))
    await store._write(_said("MATCH (n) DETACH DELETE n"))
    await store._write(_said("DROP CONSTRAINT provenance_node"))

    assert await store.position() is None
    assert await store.lineage("a", UP, 3, ["t"], 9) is None
    await put(store, *chain("a", "b"))

    assert ids(await store.lineage("a", UP, 3, ["t"], 9)) == ["a", "b"]
    await test_keys_are_unique(store)


async def test_what_an_interrupted_clear_left_is_swept_up(store: Neo4jGraph) -> None:
    """A clear counts when its first transaction is done; the next start takes away what it did not."""
    await put(store, *chain("a", "b", "c"))
    await store._write(_said(words.CLEAR))
    assert (await store.position(), (await store.dump()).nodes) == (None, {})
    await put(store, [node("a")], [])
    assert await count(store) == 4

    await store.start()

    assert await count(store) == 1
    assert await store.position() == Position(LEDGER, 1)


async def test_readers_never_see_a_graph_that_is_half_gone(store: Neo4jGraph) -> None:
    """While the graph is cleared and made anew, each answer is the whole old chain or the new one so far."""
    items = [f"n{n:03}" for n in range(60)]
    nodes, links = chain(*items)

    async def fill() -> None:
        for first in range(0, 60, 10):
            await put(store, nodes[first : first + 10], links[max(first - 1, 0) : first + 9])

    async def read() -> None:
        while not done.is_set():
            with contextlib.suppress(Trouble):
                answer = await store.lineage(items[0], UP, 100, ["t"], 100)
                seen.append([shown.id for shown in answer.nodes] if answer else [])

    await fill()
    seen: list[list[str]] = []
    done = asyncio.Event()
    readers = [asyncio.create_task(read()) for _ in range(4)]
    for _ in range(4):
        await store.clear()
        await fill()
    done.set()
    await asyncio.gather(*readers)

    assert all(answer == items[: len(answer)] for answer in seen)
    assert {len(answer) for answer in seen} <= {0, 10, 20, 30, 40, 50, 60}
    assert len(seen) > 20


async def test_an_answer_beneath_which_something_was_taken_away_is_made_again(store: Neo4jGraph) -> None:
    """A way that was there in parts, but never whole, is not found."""
    await put(store, [node(n) for n in "abc"], [link("a", "b")])
    walks, asked = 0, store._read

    async def read(work):
        async def meanwhile(tx):
            nonlocal walks
            run = tx.run

            async def slow(statement, told):
                nonlocal walks
                result = await run(statement, told)
                if "generation = q.generation" in statement and not walks:
                    walks += 1
                    await store.apply(batch(1, 2, [], [held(link("b", "c"), "t"), lost(link("a", "b"), "t")]))
                return result

            tx.run = slow
            return await work(tx)

        return await asked(meanwhile)

    store._read = read
    answer = await store.path("a", "c", 9, ["t"], 9)

    assert walks == 1
    assert answer is None


async def test_what_takes_too_long_is_trouble() -> None:
    """The server ends a transaction after its seconds, and the work comes back later."""
    graph = Neo4jGraph(server("neo4j_url"), Neo4jOptions(reading=0.2))
    with pytest.raises(Trouble, match="too long"):
        await graph._read(_said("UNWIND range(1, 100000000) AS x WITH x WHERE x % 7 = 8 RETURN sum(x) AS s"))
    await graph.close()


async def test_a_server_that_is_away_is_trouble_and_a_wrong_password_is_not() -> None:
    """Nobody there: it passes. Somebody there who says no: it does not."""
    graph = Neo4jGraph(NOBODY, Neo4jOptions(patience=0.2))
    with pytest.raises(Trouble):
        await graph.ping()
    await graph.close()
    stranger = Neo4jGraph(server("neo4j_url").replace("neo4j:", "nobody:", 2).replace("nobody://", "neo4j://"), Neo4jOptions())
    with pytest.raises(ValueError, match="user or the password") as caught:
        await stranger.start()
    await stranger.close()
    assert not is_trouble(caught.value)


async def test_what_passes_by_itself_is_tried_again(store: Neo4jGraph) -> None:
    """A transaction that the server gives up, such as one of a deadlock, is made again, read or written."""
    tries = 0

    async def work(tx: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries % 2:
            raise Neo4jError._hydrate_neo4j(code="Neo.TransientError.Transaction.DeadlockDetected", message="a deadlock")
        return await _said("RETURN 7 AS n")(tx)

    assert await store._read(work) == [{"n": 7}]
    assert await store._write(work) == [{"n": 7}]
    assert tries == 4


async def test_what_does_not_pass_in_time_is_trouble() -> None:
    """After the driver's patience the work comes back later, and is nobody's fault."""

    async def work(_tx: Any) -> None:
        raise Neo4jError._hydrate_neo4j(code="Neo.TransientError.Transaction.DeadlockDetected", message="a deadlock")

    graph = Neo4jGraph(server("neo4j_url"), Neo4jOptions(patience=5.0))  # which is also what a connection may take
    with pytest.raises(TransientError) as caught:
        await graph._write(work)
    await graph.close()

    assert is_trouble(caught.value)


async def test_a_deep_diamond_is_answered_at_once(store: Neo4jGraph) -> None:
    """Twelve layers of eight, cut to fewer nodes than there are: no path is enumerated then, either."""
    layers = [[f"{layer:02}-{place}" for place in range(8)] for layer in range(12)]
    links = [link(s, t) for near, far in pairwise(layers) for s in near for t in far]
    await put(store, [node(item) for layer in layers for item in layer], links)

    async with asyncio.timeout(60):
        answer = await store.lineage("00-0", UP, 11, ["t"], 50)

    assert answer.truncated
    assert [shown.id for shown in answer.nodes[:17]] == ["00-0", *layers[1], *layers[2]]
