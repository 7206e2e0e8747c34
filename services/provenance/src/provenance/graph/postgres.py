"""The graph in PostgreSQL: two tables in the service's own schema, keyed by digests of the ids."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from provenance.graph.answer import ANY, Answer, Direction, Dump, Relations, Seen, Shown
from provenance.graph.batch import Batch, Position, Touched, judge
from provenance.graph.keys import id_digest
from provenance.graph.model import Link, Node
from provenance.graph.walk import PROJECTION, Walker

POSITION = text("select ledger, seq from provenance.graph_position")
BEGIN = text("insert into provenance.graph_position (ledger, seq) values (:ledger, :end) on conflict do nothing")
MOVE = text("update provenance.graph_position set seq = :end where ledger = :ledger and seq = :start")

# rows travel as JSON: of arrays the driver looks at every value in Python
NODES = "json_to_recordset(cast(:rows as json)) as t (key uuid, id text, category text, subtype text, held jsonb, lost jsonb)"
LINKS = "json_to_recordset(cast(:rows as json)) as t (source uuid, target uuid, relation text, held jsonb, lost jsonb)"
SAME = "l.source = t.source and l.target = t.target and l.relation = t.relation"
LEAVE_NODES = text(
    f"""update provenance.graph_nodes n set tenants = n.tenants - array(select jsonb_array_elements_text(t.lost))
    from {NODES} where n.key = t.key"""  # noqa: S608 - constants, here and below
)
HOLD_NODES = text(
    f"""insert into provenance.graph_nodes as n (key, id, category, subtype, tenants)
    select key, id, category, subtype, held from {NODES}
    on conflict (key) do update set category = excluded.category, subtype = excluded.subtype,
        tenants = n.tenants || excluded.tenants"""  # noqa: S608
)
DROP_NODES = text(f"delete from provenance.graph_nodes n using {NODES} where n.key = t.key and n.tenants = '{{}}'")  # noqa: S608
LEAVE_LINKS = text(
    f"""update provenance.graph_links l set tenants = l.tenants - array(select jsonb_array_elements_text(t.lost))
    from {LINKS} where {SAME}"""  # noqa: S608
)
HOLD_LINKS = text(
    f"""insert into provenance.graph_links as l (source, target, relation, tenants)
    select source, target, relation, held from {LINKS}
    on conflict (source, target, relation) do update set tenants = l.tenants || excluded.tenants"""  # noqa: S608
)
DROP_LINKS = text(f"delete from provenance.graph_links l using {LINKS} where {SAME} and l.tenants = '{{}}'")  # noqa: S608
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
            for statement, rows in _steps(batch):
                if rows:
                    await connection.execute(statement, {"rows": json.dumps(rows, allow_nan=False)})

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


def _steps(batch: Batch) -> Sequence[tuple[TextClause, list[dict[str, Any]]]]:
    """What to do, in order: tenants leave before others come, links go before their ends."""
    nodes, links = [_node(t) for t in batch.nodes], [_link(t) for t in batch.links]
    left_nodes, left_links = [row for row in nodes if row["lost"]], [row for row in links if row["lost"]]
    return (
        (LEAVE_LINKS, left_links),
        (LEAVE_NODES, left_nodes),
        (HOLD_NODES, [row for row in nodes if row["held"]]),
        (HOLD_LINKS, [row for row in links if row["held"]]),
        (DROP_LINKS, left_links),
        (DROP_NODES, left_nodes),
    )


def _node(touched: Touched) -> dict[str, Any]:
    node = touched.element
    assert isinstance(node, Node)  # noqa: S101 - the batch keeps them apart
    kind = {"key": id_digest(node.id), "id": node.id, "category": node.category.value, "subtype": str(node.subtype)}
    return {**kind, **_views(touched)}


def _link(touched: Touched) -> dict[str, Any]:
    link = touched.element
    assert isinstance(link, Link)  # noqa: S101 - the batch keeps them apart
    ends = {"source": id_digest(link.source), "target": id_digest(link.target), "relation": link.relation.value}
    return {**ends, **_views(touched)}


def _views(touched: Touched) -> dict[str, Any]:
    return {"held": dict(touched.held), "lost": sorted(touched.lost)}
