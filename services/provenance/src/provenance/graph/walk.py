"""The statements of a walk, for two sources: the projection as it is, and the ledger as it was.

One recursive statement finds the nodes, a second the links between them, a third what is only hinted at. Each node is met
once, and a walk ends where its limit is reached, so the cost follows the answer and never the number of paths in it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import Category, Relation, Subtype
from provenance.graph.answer import Answer, Direction, Seen, Shown
from provenance.graph.keys import id_key

WALK = """with recursive walk (depth, fresh, seen) as (
    select 0, array[n.key], array[n.key] from {nodes} n where n.key = :root and {visible:n}
    union all
    select w.depth + 1, next.keys, w.seen || next.keys
    from walk w cross join lateral (select array_agg(far.key) as keys from (
        select distinct l.{far} as key from unnest(w.fresh) near (key) join {links} l on l.{near} = near.key
        where {visible:l} and not exists (select from unnest(w.seen) old (key) where old.key = l.{far})
        order by 1 limit :cap) far) next
    where w.depth < :depth and next.keys is not null and cardinality(w.seen) < :cap
), nearest as (
    select near.key, w.depth from walk w cross join unnest(w.fresh) near (key) order by w.depth, near.key limit :cap
)"""
"""One row for each distance, with the nodes that are first met there."""

KEYS = WALK + " select key, depth from nearest"  # noqa: S608 - constants

NODES = (
    WALK  # noqa: S608 - constants
    + """ select n.key, w.depth, n.id, n.category, n.subtype, {said:n} as said
    from nearest w join {nodes} n on n.key = w.key where {visible:n} order by w.depth, n.id"""
)

LINKS = """select l.source, l.relation, l.target, {said:l} as said from {links} l
where l.{near} = any(cast(:near as uuid[])) and l.{far} = any(cast(:keys as uuid[])) and {visible:l}"""

HINTS = """select distinct l.{near} as near, l.relation, n.category from {links} l join {nodes} n on n.key = l.{far}
where l.{near} = any(cast(:near as uuid[])) and {foreign:l} and {exists:n}"""

BY_KEY = """select n.key, n.id, n.category, n.subtype, {said:n} as said from {nodes} n
where n.key = any(cast(:keys as uuid[])) and {visible:n}"""


@dataclass(frozen=True)
class Source:
    """Where a walk reads: two relations, and how an element of them is judged (`{e}` stands for its alias)."""

    nodes: str
    links: str
    visible: str
    foreign: str
    exists: str
    said: str
    """The description that counts: of the caller's tenants, that of the first by name who gives one."""

    def sql(self, template: str, direction: Direction = Direction.UP) -> TextClause:
        """A statement of this source; everything put into it is a constant of this program."""
        near, far = ("source", "target") if direction is Direction.UP else ("target", "source")
        whole = template.replace("{near}", near).replace("{far}", far)
        whole = whole.replace("{nodes}", self.nodes).replace("{links}", self.links)
        for alias in ("n", "l"):
            for name, part in {
                "visible": self.visible,
                "foreign": self.foreign,
                "exists": self.exists,
                "said": self.said,
            }.items():
                whole = whole.replace(f"{{{name}:{alias}}}", part.replace("{e}", alias))
        return text(whole)


PROJECTION = Source(
    nodes="provenance.graph_nodes",
    links="provenance.graph_links",
    visible="jsonb_exists_any({e}.tenants, cast(:tenants as text[]))",
    foreign="not jsonb_exists_any({e}.tenants, cast(:tenants as text[]))",
    exists="true",
    said="""(select {e}.tenants -> t from unnest(cast(:tenants as text[])) t
        where jsonb_typeof({e}.tenants -> t) = 'object' order by t collate "C" limit 1)""",
)

# one row through the index, in its order: the planner must not read the table (see records/store.py)
HELD = """(select true from provenance.assertions a where a.element = {e}.element
    and a.from_seq <= :seq and (a.to_seq is null or a.to_seq > :seq)%s order by a.record, a.from_seq limit 1) is not null"""
OURS = HELD % " and a.tenant = any(cast(:tenants as text[]))"
LEDGER = Source(
    nodes="(select element, node as key, id, category, subtype from provenance.elements where node is not null)",
    links="provenance.elements",
    visible=OURS,
    foreign=f"({HELD % ''} and not {OURS})",
    exists=HELD % "",
    said="""(select a.attributes from provenance.assertions a
        where a.element = {e}.element and a.tenant = any(cast(:tenants as text[])) and a.attributes is not null
            and a.from_seq <= :seq and (a.to_seq is null or a.to_seq > :seq)
        order by a.tenant, a.record limit 1)""",
)


class Walker:
    """Walks a source over one connection, in whose transaction nothing changes between its statements."""

    def __init__(self, connection: AsyncConnection, source: Source, tenants: Sequence[str], **more: Any) -> None:
        self._connection = connection
        self._source = source
        self._told = {"tenants": sorted(tenants), **more}

    async def _ask(self, template: str, direction: Direction, **told: Any) -> Sequence[Any]:
        found = await self._connection.execute(self._source.sql(template, direction), self._told | told)
        return found.all()

    async def lineage(self, root: str, direction: Direction, depth: int, limit: int) -> Answer | None:
        """What lies within `depth` links of a node, the nearest `limit` nodes of it."""
        told = {"root": id_key(root), "depth": depth, "cap": limit + 1}
        rows = await self._ask(NODES, direction, **told)
        if not rows:
            return None
        truncated, rows = len(rows) > limit, rows[:limit]
        ids = {row.key: row.id for row in rows}
        near = [row.key for row in rows if row.depth < depth]
        links = await self._ask(LINKS, direction, near=near, keys=list(ids))
        talkative = [row.key for row in rows if row.depth < depth and row.subtype != Subtype.CONTENT]
        stubs, hints = _hints(await self._ask(HINTS, direction, near=talkative), ids, direction)
        return Answer(root, (*map(_shown, rows), *stubs), tuple(sorted((*_seen(links, ids), *hints), key=_ends)), truncated)

    async def path(self, source: str, target: str, depth: int, limit: int) -> Answer | None:
        """The shortest way up from one node to another; of several, the same one every time."""
        goal = id_key(target)
        reached = await self._ask(KEYS, Direction.UP, root=id_key(source), depth=depth, cap=limit + 1)
        depths: dict[UUID, int] = {row.key: row.depth for row in reached}
        if goal not in depths:
            return Answer(source, (), truncated=True) if len(reached) > limit else None
        near = [key for key, distance in depths.items() if distance < depths[goal]]
        links = await self._ask(LINKS, Direction.UP, near=near, keys=[*near, goal])
        into: dict[UUID, list[UUID]] = {}
        for link in links:
            if depths[link.source] + 1 == depths[link.target]:
                into.setdefault(link.target, []).append(link.source)
        way = [goal]
        while depths[way[-1]]:
            way.append(min(into[way[-1]]))
        rows = {row.key: row for row in await self._ask(BY_KEY, Direction.UP, keys=way)}
        steps = set(zip(way[1:], way, strict=False))
        seen = _seen([link for link in links if (link.source, link.target) in steps], {key: rows[key].id for key in way})
        return Answer(source, tuple(_shown(rows[key]) for key in reversed(way)), tuple(sorted(seen, key=_ends)))

    async def node(self, item: str) -> Shown | None:
        """A node that one of the tenants asserts."""
        rows = await self._ask(BY_KEY, Direction.UP, keys=[id_key(item)])
        return _shown(rows[0]) if rows else None


def _said(said: str | dict[str, Any] | None) -> dict[str, Any]:
    """Attributes, which the driver hands over as text or read."""
    read: dict[str, Any] = json.loads(said) if isinstance(said, str) else said or {}
    return read


def _shown(row: Any) -> Shown:
    return Shown(row.id, Category(row.category), row.subtype, _said(row.said))


def _seen(rows: Sequence[Any], ids: Mapping[UUID, str]) -> list[Seen]:
    return [Seen(ids[row.source], Relation(row.relation), ids[row.target], _said(row.said)) for row in rows]


def _ends(link: Seen) -> tuple[str, str, str]:
    return link.source, link.target, link.relation


def _hints(rows: Sequence[Any], ids: Mapping[UUID, str], direction: Direction) -> tuple[list[Shown], list[Seen]]:
    stubs, links = [], []
    for row in sorted(rows, key=lambda row: (ids[row.near], row.relation, row.category)):
        # made of what the caller sees anyway: neither who is there nor how many can be told from it
        opaque = hashlib.sha256("\0".join((ids[row.near], direction, row.relation, row.category)).encode()).hexdigest()[:16]
        stub = Shown(f"restricted/{opaque}", Category(row.category), restricted=True)
        ends = (ids[row.near], stub.id) if direction is Direction.UP else (stub.id, ids[row.near])
        stubs.append(stub)
        links.append(Seen(ends[0], Relation(row.relation), ends[1]))
    return stubs, links
