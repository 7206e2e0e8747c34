"""The graph in PostgreSQL: two tables in the service's own schema, keyed by digests of the ids."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from provenance.graph.answer import ANY, Answer, Direction, Dump, Relations, Seen, Shown
from provenance.graph.batch import Batch, Position, Touched, judge
from provenance.graph.keys import id_key
from provenance.graph.model import Link, Node
from provenance.graph.walk import PROJECTION, Walker

POSITION = text("select ledger, seq from provenance.graph_position")
BEGIN = text("insert into provenance.graph_position (ledger, seq) values (:ledger, :end) on conflict do nothing")
MOVE = text("update provenance.graph_position set seq = :end where ledger = :ledger and seq = :start")

LEAVE_NODES = text(
    """update provenance.graph_nodes n set tenants = n.tenants - array(select jsonb_array_elements_text(t.lost))
    from unnest(cast(:key as uuid[]), cast(:lost as jsonb[])) t (key, lost) where n.key = t.key"""
)
HOLD_NODES = text(
    """insert into provenance.graph_nodes as n (key, id, category, subtype, tenants)
    select * from unnest(cast(:key as uuid[]), cast(:id as text[]), cast(:category as text[]), cast(:subtype as text[]),
        cast(:held as jsonb[]))
    on conflict (key) do update set category = excluded.category, subtype = excluded.subtype,
        tenants = n.tenants || excluded.tenants"""
)
DROP_NODES = text("delete from provenance.graph_nodes where key = any(cast(:key as uuid[])) and tenants = '{}'")
LEAVE_LINKS = text(
    """update provenance.graph_links l set tenants = l.tenants - array(select jsonb_array_elements_text(t.lost))
    from unnest(cast(:source as uuid[]), cast(:target as uuid[]), cast(:relation as text[]), cast(:lost as jsonb[]))
        t (source, target, relation, lost)
    where l.source = t.source and l.target = t.target and l.relation = t.relation"""
)
HOLD_LINKS = text(
    """insert into provenance.graph_links as l (source, target, relation, tenants)
    select * from unnest(cast(:source as uuid[]), cast(:target as uuid[]), cast(:relation as text[]), cast(:held as jsonb[]))
    on conflict (source, target, relation) do update set tenants = l.tenants || excluded.tenants"""
)
DROP_LINKS = text(
    """delete from provenance.graph_links l
    using unnest(cast(:source as uuid[]), cast(:target as uuid[]), cast(:relation as text[])) t (source, target, relation)
    where l.source = t.source and l.target = t.target and l.relation = t.relation and l.tenants = '{}'"""
)
ALL_NODES = text("select id, category, subtype, cast(tenants as text) as tenants from provenance.graph_nodes")
ALL_LINKS = text(
    """select s.id as source, l.relation, t.id as target, cast(l.tenants as text) as tenants from provenance.graph_links l
    left join provenance.graph_nodes s on s.key = l.source left join provenance.graph_nodes t on t.key = l.target"""
)
CLEAR = text("truncate provenance.graph_nodes, provenance.graph_links, provenance.graph_position")


class PostgresGraph:
    """A graph store in the database that the ledger lies in, too."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def start(self) -> None:
        """Nothing to make: the tables are part of the service's schema."""

    async def ping(self) -> None:
        """Raise if the database does not answer."""
        async with self._engine.connect() as connection:
            await connection.execute(POSITION)

    async def position(self) -> Position | None:
        """How far the projection is."""
        async with self._engine.connect() as connection:
            return await _position(connection)

    async def apply(self, batch: Batch) -> None:
        """Move the position first; whoever comes second waits for it, and finds it moved."""
        async with self._engine.begin() as connection:
            told = {"ledger": batch.ledger, "start": batch.start, "end": batch.end}
            moved = await connection.execute(BEGIN if batch.start == 0 else MOVE, told)
            if moved.rowcount == 0:
                judge(await _position(connection), batch)
                return
            if gone := [touched for touched in batch.links if touched.lost]:
                await connection.execute(LEAVE_LINKS, _links(gone))
            if gone := [touched for touched in batch.nodes if touched.lost]:
                await connection.execute(LEAVE_NODES, _nodes(gone))
            if held := [touched for touched in batch.nodes if touched.held]:
                await connection.execute(HOLD_NODES, _nodes(held))
            if held := [touched for touched in batch.links if touched.held]:
                await connection.execute(HOLD_LINKS, _links(held))
            if gone := [touched for touched in batch.links if touched.lost]:
                await connection.execute(DROP_LINKS, _links(gone))
            if gone := [touched for touched in batch.nodes if touched.lost]:
                await connection.execute(DROP_NODES, _nodes(gone))

    async def lineage(self, root: str, direction: Direction, depth: int, tenants: Sequence[str], limit: int) -> Answer | None:
        """What lies within `depth` links of a node, at most `limit` nodes."""
        async with self._reading(tenants) as walker:
            return await walker.lineage(root, direction, depth, limit)

    async def path(
        self, source: str, target: str, depth: int, tenants: Sequence[str], limit: int, relations: Relations = ANY
    ) -> Answer | None:
        """The shortest way from an effect up to a cause, along these relations."""
        async with self._reading(tenants) as walker:
            return await walker.path(source, target, depth, limit, relations)

    async def node(self, item: str, tenants: Sequence[str]) -> Shown | None:
        """A node, if one of the tenants asserts it."""
        async with self._reading(tenants) as walker:
            return await walker.node(item)

    async def agents(self, items: Sequence[str], tenants: Sequence[str]) -> Sequence[tuple[Seen, Shown]]:
        """The links that lead from these nodes to agents, with the agents."""
        async with self._reading(tenants) as walker:
            return await walker.agents(items)

    async def dump(self) -> Dump:
        """Everything, for proofs and tests."""
        async with self._engine.connect() as connection:
            nodes = (await connection.execute(ALL_NODES)).all()
            links = (await connection.execute(ALL_LINKS)).all()
        return Dump(
            {row.id: (row.category, row.subtype, json.loads(row.tenants)) for row in nodes},
            {(row.source, row.relation, row.target): json.loads(row.tenants) for row in links},
        )

    async def clear(self) -> None:
        """Forget everything, the position too."""
        async with self._engine.begin() as connection:
            await connection.execute(CLEAR)

    async def close(self) -> None:
        """Nothing to close: the database is the service's."""

    @asynccontextmanager
    async def _reading(self, tenants: Sequence[str]) -> AsyncIterator[Walker]:
        async with self._engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield Walker(connection, PROJECTION, tenants)


async def _position(connection: AsyncConnection) -> Position | None:
    row = (await connection.execute(POSITION)).one_or_none()
    return Position(row.ledger, row.seq) if row else None


def _views(touched: Sequence[Touched]) -> dict[str, list[Any]]:
    return {
        "held": [json.dumps(dict(t.held), allow_nan=False) for t in touched],
        "lost": [json.dumps(sorted(t.lost)) for t in touched],
    }


def _nodes(touched: Sequence[Touched]) -> Mapping[str, list[Any]]:
    nodes = [t.element for t in touched if isinstance(t.element, Node)]
    return {
        "key": [id_key(node.id) for node in nodes],
        "id": [node.id for node in nodes],
        "category": [node.category.value for node in nodes],
        "subtype": [str(node.subtype) for node in nodes],
        **_views(touched),
    }


def _links(touched: Sequence[Touched]) -> Mapping[str, list[Any]]:
    links = [t.element for t in touched if isinstance(t.element, Link)]
    keys: dict[str, UUID] = {end: id_key(end) for link in links for end in (link.source, link.target)}
    return {
        "source": [keys[link.source] for link in links],
        "target": [keys[link.target] for link in links],
        "relation": [link.relation.value for link in links],
        **_views(touched),
    }
