"""The other way to write a graph: a query for each element, in its own session, without an index."""

from collections.abc import Iterable
from time import perf_counter
from typing import Any

from provenance.graph.model import Graph, Link, Node

OLD_NODE = "MERGE (n:Old {id: $id}) SET n.said = $said"
OLD_LINK = "MATCH (a:Old {id: $a}) MATCH (b:Old {id: $b}) MERGE (a)-[:used]->(b)"


class Slowly:
    """A Neo4j that is written to so."""

    def __init__(self, store: Any, seconds: float) -> None:
        self._driver = store._driver
        self._seconds = seconds
        self._nodes = 0

    async def rate(self, nodes: int, graphs: Iterable[Graph]) -> float:
        """Elements a second of these graphs in one of so many nodes, until the time is up."""
        await self._run("UNWIND range($first, $last) AS n CREATE (:Old {id: 'x/' + n, said: ''})", nodes)
        done, began = 0, perf_counter()
        for graph in graphs:
            for element in (*graph.nodes, *graph.links):
                await self._write(element)
                done += 1
                if (took := perf_counter() - began) > self._seconds:
                    return done / took
        return done / (perf_counter() - began)

    async def _write(self, element: Node | Link) -> None:
        async with self._driver.session() as session:
            match element:
                case Node(item):
                    await (await session.run(OLD_NODE, id=item, said=str(element.attributes))).consume()
                case Link(source, _relation, target):
                    await (await session.run(OLD_LINK, a=source, b=target)).consume()

    async def _run(self, statement: str, nodes: int) -> None:
        async with self._driver.session() as session:
            for first in range(self._nodes, nodes, 50_000):
                await (await session.run(statement, first=first, last=min(first + 50_000, nodes) - 1)).consume()
        self._nodes = nodes

    async def wipe(self) -> None:
        """Take away what it left."""
        async with self._driver.session() as session:
            statement = "MATCH (n:Old) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS"
            await (await session.run(statement)).consume()
