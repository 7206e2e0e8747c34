"""How fast the graph is, in PostgreSQL and in Neo4j.

Writing is counted in elements (nodes and links) a second, with records of 35; beside it stands what one query an element,
each in a session of its own and without an index, reaches in the same run. Answers are counted in links.
"""

import gc
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise
from statistics import mean
from time import perf_counter
from typing import Any
from uuid import UUID

from tests.bench.base import a_ledger
from tests.bench.sizes import Size
from tests.bench.slowly import Slowly
from tests.bench.table import Figure, percentile
from tests.servers import offered

from contracts.vocabulary import Category, Relation
from provenance.graph.answer import Direction
from provenance.graph.batch import Batch, Touched
from provenance.graph.model import Graph, Link, Node
from provenance.graph.store import GraphStore, open_graph

LEDGER = UUID("01890000-0000-7000-8000-000000000001")
ANSWERS = {"10": 3, "100": 6, "1,000": 9}
"""Nodes of an answer, about, where each node points at two others, and the depth that has so many."""
AIMS = {"Neo4j": 50.0, "PostgreSQL": 10.0}
PEERS = {
    "10": "Marquez 9-622 ms; AiiDA 6.7 ms",
    "100": "Marquez 52-1,994 ms; AiiDA 6.8 ms",
    "1,000": "Marquez 406-13,587 ms; AiiDA 12 ms",
}
DIAMOND = "Marquez 4.8-11 s; AiiDA, width 6: 5 layers 9.5 ms, 8 layers 705 ms"
AIIDA_STORED = "AiiDA 84-89 nodes/s"
FILLED = 5000


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
    said = {element: words for graph in graphs for element, words in graph.said.items()}
    of = [Touched(element, {"t": words}, frozenset()) for element, words in said.items()]
    return tuple(t for t in of if isinstance(t.element, Node)), tuple(t for t in of if isinstance(t.element, Link))


def a_leaf(number: int) -> str:
    """What one record asserts."""
    return f"software/{number}"


def the_hub(_number: int) -> str:
    """Something that every record asserts."""
    return "software/hub"


class Filling:
    """A store that is written to, batch after batch."""

    def __init__(self, store: GraphStore) -> None:
        self.store = store
        self.seq = 0
        self.number = 0
        self.nodes = 0

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

    async def grow(self, nodes: int) -> None:
        """To a graph in which each node points at two of the thousand before it; a tenth of them at the hub, too."""
        chance = random.Random(self.nodes)
        for first in range(self.nodes, nodes, FILLED):
            of = range(first, min(first + FILLED, nodes))
            held = [_held(Node(f"n/{n}", Category.ENTITY, "FILE"), {"prov:label": f"{n}"}) for n in of]
            ends = [(n, m) for n in of if n for m in {chance.randrange(max(0, n - 1000), n) for _ in range(2)}]
            links = [_held(Link(f"n/{n}", Relation.USED, f"n/{m}")) for n, m in ends]
            links += [_held(Link(f"n/{n}", Relation.WAS_ASSOCIATED_WITH, "software/hub")) for n in of if n % 10 == 0]
            await self.put(held, links)
        self.nodes = nodes

    async def diamond(self) -> None:
        """Twelve layers of eight nodes, each with all of the next."""
        layers = [[f"d/{layer}/{place}" for place in range(8)] for layer in range(12)]
        ends = [(a, b) for near, far in pairwise(layers) for a in near for b in far]
        nodes = [_held(Node(n, Category.ENTITY, "FILE")) for layer in layers for n in layer]
        await self.put(nodes, [_held(Link(a, Relation.USED, b)) for a, b in ends])


def _held(element: Node | Link, said: dict[str, Any] | None = None) -> Touched:
    return Touched(element, {"t": said}, frozenset())


async def milliseconds(work: Callable[[], Awaitable[Any]]) -> float:
    """How long it takes."""
    began = perf_counter()
    await work()
    return 1000 * (perf_counter() - began)


class Asking:
    """Questions to a store that grows; each answer is compared with the same one in the smallest graph."""

    def __init__(self, name: str, store: GraphStore, size: Size) -> None:
        self.name, self.store, self.size = name, store, size
        self.before: dict[str, float] = {}

    async def _ask(self, root: str, depth: int) -> Any:
        return await self.store.lineage(root, Direction.UP, depth, ["t", "u"], 5000)

    async def answers(self, nodes: int) -> AsyncIterator[Figure]:
        """Lineage in a graph of so many nodes."""
        gc.collect()
        gc.freeze()  # as a service does when it is there: what the filling left is nothing that an answer should look through
        chance = random.Random(2)
        for count, depth in ANSWERS.items():
            roots = [f"n/{chance.randrange(nodes // 2, nodes)}" for _ in range(self.size.questions)]
            links = round(mean([len(getattr(await self._ask(root, depth), "links", ())) for root in roots[:5]]))
            took = [await milliseconds(partial(self._ask, root, depth)) for root in roots]
            what = f"lineage of about {count} nodes ({links} links) in {nodes:,}"
            aim = AIMS[self.name] if (count, nodes) == ("1,000", 1_000_000) else None
            for figure in self._two(f"{what}, {self.name}", took, f"{count}", PEERS[count], aim):
                yield figure
        diamond = [await milliseconds(partial(self._ask, "d/0/0", 11)) for _ in range(self.size.questions)]
        for figure in self._two(f"diamond of 12 x 8 in {nodes:,}, {self.name}", diamond, "diamond", DIAMOND, None):
            yield figure

    def _two(self, what: str, took: list[float], key: str, peers: str, aim: float | None) -> Iterable[Figure]:
        for which in (50, 95):
            value = percentile(took, which)
            base = self.before.setdefault(f"{key} p{which}", value)
            than = f"the same in {self.size.graphs[0]:,} nodes"
            most = aim if which == 95 else None
            yield Figure("graph", f"{what}, p{which}", value, "ms", than, base, most=most, peers=peers)


async def writing(name: str, filling: Filling, size: Size, nodes: int, slow: float) -> AsyncIterator[Figure]:
    """Batched and single, on leaves and on a hub."""
    await filling.records(size.records, 200, a_leaf)  # what is planned and compiled once
    await filling.records(size.records // 20, 1, a_leaf)
    than = "a query and a session for each element, no index"
    for where, hub in (("leaves", a_leaf), ("a hub", the_hub)):
        for how, count, together in (("batched", size.records, 200), ("one record each", size.records // 20, 1)):
            reached = await filling.records(count, together, hub)
            least = 20_000.0 if (name, how) == ("Neo4j", "batched") else None
            what = f"elements into {name}, {how}, on {where}, {nodes:,} nodes"
            yield Figure("graph", what, reached, "/s", than if slow else "", slow, least=least, peers=AIIDA_STORED)


async def measured(name: str, store: GraphStore, size: Size, slow: dict[int, float]) -> AsyncIterator[Figure]:
    """Write, grow, write again, ask."""
    filling, asking = Filling(store), Asking(name, store, size)
    async for figure in writing(name, filling, size, 0, slow.get(0, 0.0)):
        yield figure
    await filling.diamond()
    for nodes in size.graphs:
        await filling.grow(nodes)
        if nodes in size.written:
            async for figure in writing(name, filling, size, nodes, slow.get(nodes, 0.0)):
                yield figure
        async for figure in asking.answers(nodes):
            yield figure


@asynccontextmanager
async def a_neo4j(left_out: Callable[[str], None]) -> AsyncIterator[Any]:
    """The Neo4j that answers, emptied before and after."""
    if not (told := offered("neo4j_url")[1]):
        left_out("Neo4j: start `make services`, or set TEST_NEO4J_URL")
        yield None
        return
    store: Any = open_graph(told["neo4j_url"], None)  # type: ignore[arg-type]
    await store.start()
    await store.clear()
    try:
        yield store
    finally:
        await store.clear()
        await store.close()


async def measure(size: Size, left_out: Callable[[str], None]) -> AsyncIterator[Figure]:
    """Both stores."""
    async with a_ledger() as (engine, _folder):
        async for figure in measured("PostgreSQL", open_graph("postgresql:", engine), size, {}):
            yield figure
    async with a_neo4j(left_out) as store:
        if store is None:
            return
        slowly = Slowly(store, size.slow)
        await slowly.wipe()
        slow = {
            nodes: await slowly.rate(nodes, (record(number, "hub") for number in range(nodes, nodes + 10_000)))
            for nodes in (0, *(n for n in size.graphs if n > 10_000 or len(size.graphs) == 1))
        }
        await slowly.wipe()
        async for figure in measured("Neo4j", store, size, slow):
            yield figure
