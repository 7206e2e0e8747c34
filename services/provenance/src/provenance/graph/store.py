"""The third door: the graph that the ledger is projected to, and what one may ask it. `GRAPH_URL` chooses the store."""

import importlib
from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from provenance.graph.answer import ANY, Answer, Direction, Dump, Relations, Seen, Shown
from provenance.graph.batch import Batch, Position
from provenance.graph.options import Neo4jOptions
from provenance.graph.postgres import PostgresGraph

OPTIONS = Neo4jOptions()


class GraphStore(Protocol):
    """A graph that only the projector writes. All of its stores pass one suite (`tests/contract/graph_store.py`)."""

    async def start(self) -> None:
        """Make constraints and indexes where they are missing."""
        ...

    async def ping(self) -> None:
        """Raise if the store does not answer."""
        ...

    async def position(self) -> Position | None:
        """How far the projection is; nothing in an empty store."""
        ...

    async def apply(self, batch: Batch) -> None:
        """Move from `start` to `end` in one transaction. Repeated, it does nothing; from elsewhere, `StalePosition`."""
        ...

    async def lineage(self, root: str, direction: Direction, depth: int, tenants: Sequence[str], limit: int) -> Answer | None:
        """What lies within `depth` links of a node, at most `limit` nodes; None if these tenants cannot see the node.

        The walk passes what one of the tenants asserts. Where others' links leave a node, a stub of the other end is
        shown for each relation and category, and nothing at all where the node is a content or lies on the web.
        """
        ...

    async def path(
        self, source: str, target: str, depth: int, tenants: Sequence[str], limit: int, relations: Relations = ANY
    ) -> Answer | None:
        """The shortest way from an effect up to a cause, along these relations; None if there is none of at most `depth` links.

        `truncated` without nodes says that `limit` nodes were seen before the target.
        """
        ...

    async def node(self, item: str, tenants: Sequence[str]) -> Shown | None:
        """A node, if one of the tenants asserts it."""
        ...

    async def agents(self, items: Sequence[str], tenants: Sequence[str]) -> Sequence[tuple[Seen, Shown]]:
        """The links that lead from these nodes to agents, with the agents, as far as the tenants assert them; by their ends."""
        ...

    async def dump(self) -> Dump:
        """Everything, for proofs and tests."""
        ...

    async def clear(self) -> None:
        """Forget everything, the position too. Who reads meanwhile sees the graph as it was, or a new one that grows."""
        ...

    async def close(self) -> None:
        """Let go of what the store holds open."""
        ...


def open_graph(url: str, engine: AsyncEngine, options: Neo4jOptions = OPTIONS) -> GraphStore:
    """The store that the URL's scheme names; `engine` is the service's own database."""
    match url.split(":", maxsplit=1)[0]:
        case "postgresql":
            return PostgresGraph(engine)
        case "neo4j" | "neo4j+s" | "neo4j+ssc" | "bolt" | "bolt+s" | "bolt+ssc":
            opened: GraphStore = importlib.import_module("provenance.graph.neo4j").Neo4jGraph(url, options)
            return opened
        case scheme:
            msg = f"GRAPH_URL: no graph store for {scheme!r}; use postgresql: (the service's own database) or neo4j://…"
            raise ValueError(msg)
