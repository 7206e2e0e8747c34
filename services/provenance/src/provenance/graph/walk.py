"""The statements of a walk, for two sources: the projection as it is, and the ledger as it was.

One recursive statement finds the nodes, the links between them and what is only hinted at. Each node is met once, and a
walk ends where its limit is reached, so the cost follows the answer and never the number of paths in it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from provenance.graph.answer import ANY, Answer, Direction, Relations, Seen, Shown
from provenance.graph.keys import id_key
from provenance.graph.pieces import Ends, Hint, answer, shown, to_agents, way_back

WALK = """with recursive walk (depth, fresh, seen, links, ours) as (
    select 0, array[n.key], array[n.key], cast(null as {links}[]), cast(null as boolean[])
    from {nodes} n where n.key = :root and {visible:n}
    union all
    select w.depth + 1, next.keys, w.seen || next.keys, found.links, found.ours
    from walk w cross join lateral (
        select array_agg(link) as links, array_agg(ours) as ours from unnest(w.fresh) near (key) cross join lateral (
            select l as link, ours from {links} l cross join lateral (select {visible:l} as ours offset 0) seen
            where l.{near} = near.key and (ours or {foreign:l}) offset 0) l) found
    cross join lateral (select array(
        select distinct l.{far} from unnest(found.links, found.ours) l ({columns})
        where l.ours and cardinality(w.seen) < :cap
            and not exists (select from unnest(w.seen) old (key) where old.key = l.{far})
        order by 1 limit :cap) as keys offset 0) next
    where w.depth < :depth and cardinality(w.fresh) > 0
), nearest as (
    select near.key, w.depth from walk w cross join unnest(w.fresh) near (key) order by w.depth, near.key limit :cap
)"""
"""One row for each distance, with the nodes that are first met there, and the links that led on from those before.

`offset 0` keeps lookups as they are written: one through the index for each node, whatever is known of the tables.
"""

KEYS = (
    WALK  # noqa: S608 - constants
    + """ select key, depth, cast(null as uuid) as far, null as relation, null as said from nearest
union all
select l.{near}, cast(null as int), l.{far}, l.relation, {said:l}
from walk w cross join unnest(w.links, w.ours) l ({columns}) where l.ours"""
)
"""Rows for keys, which have a depth, and rows for links."""

ANSWER = (
    WALK  # noqa: S608 - constants
    + """, shown as materialized (
    select n.key, w.depth, n.id, n.category, n.subtype, {said:n} as said,
        row_number() over (order by w.depth, n.id collate "C") as place
    from nearest w join {nodes} n on n.key = w.key where {visible:n}
), beyond as (
    select l.* from walk w cross join unnest(w.links, w.ours) l ({columns})
) select place, uuid_send(key) as near, cast(null as bytea) as far, id as name, category, subtype, said from shown
union all
select cast(null as bigint), uuid_send(l.{near}), uuid_send(l.{far}), l.relation, null, null, {said:l} from beyond l
where case when l.ours then l.{near} in (select key from shown where place <= :limit)
    and l.{far} in (select key from shown where place <= :limit) end
union all (
    select distinct cast(null as bigint), uuid_send(l.{near}), cast(null as bytea), l.relation,
        (select n.category from {nodes} n where n.key = l.{far} and {exists:n} limit 1), null, null
    from beyond l where case when not l.ours
        then l.{near} in (select key from shown where place <= :limit and subtype not in ('CONTENT', 'WEB_RESOURCE')) end)"""
)
"""Rows for nodes, which have places, for the links between them, and for what is only hinted at, which has no far end.

Within `case` the planner looks ends up in a hash; as joins, which it expects to be small, it would compare all with all.
"""

ALONG = KEYS.replace("= near.key and", "= near.key and l.relation = any(cast(:relations as text[])) and")
"""The same along some relations only: links of others are not even looked at."""

BY_KEY = """select n.key, n.id, n.category, n.subtype, {said:n} as said from {nodes} n
where n.key = any(cast(:keys as uuid[])) and {visible:n}"""


AGENTS = """select near.key, l.relation, n.id, n.category, n.subtype, {said:n} as said
from unnest(cast(:keys as uuid[])) near (key)
cross join lateral (select * from {links} l where l.source = near.key and {visible:l} offset 0) l
cross join lateral (select * from {nodes} n where n.key = l.target and n.category = 'AGENT' and {visible:n} offset 0) n"""


@dataclass(frozen=True)
class Source:
    """Where a walk reads: two relations, and how an element of them is judged (`{e}` stands for its alias)."""

    nodes: str
    links: str
    """A table."""
    columns: str
    """The names of its columns."""
    visible: str
    foreign: str
    """That others assert it, of what is not visible."""
    exists: str
    said: Callable[[int], str]
    """The description that counts, as text: of the caller's tenants, so many, that of the first by name who gives one."""


@lru_cache(maxsize=256)
def statement(source: Source, template: str, direction: Direction, tenants: int) -> TextClause:
    """A statement on a source; everything put into it is a constant of this program."""
    near, far = ("source", "target") if direction is Direction.UP else ("target", "source")
    whole = template.replace("{near}", near).replace("{far}", far)
    whole = whole.replace("{nodes}", source.nodes).replace("{links}", source.links)
    whole = whole.replace("{columns}", f"{source.columns}, ours")
    parts = {"visible": source.visible, "foreign": source.foreign, "exists": source.exists, "said": source.said(tenants)}
    for alias, (name, part) in product(("n", "l"), parts.items()):
        whole = whole.replace(f"{{{name}:{alias}}}", part.replace("{e}", alias))
    return text(whole)


def _first_said(tenants: int) -> str:
    """No subquery: a tenant that says nothing has a null, which `->>` makes one of SQL."""
    return "coalesce(%s)" % ", ".join([*(f"{{e}}.tenants ->> :t{n}" for n in range(tenants)), "cast(null as text)"])  # noqa: UP031


PROJECTION = Source(
    nodes="provenance.graph_nodes",
    links="provenance.graph_links",
    columns="source, target, relation, tenants",
    visible="jsonb_exists_any({e}.tenants, cast(:tenants as text[]))",
    foreign="true",
    exists="true",
    said=_first_said,
)

# one row through the index, in its order: the planner must not read the table (see records/store.py)
HELD = """(select true from provenance.assertions a where a.element = {e}.element
    and a.from_seq <= :seq and (a.to_seq is null or a.to_seq > :seq)%s order by a.record, a.from_seq limit 1) is not null"""
OURS = HELD % " and a.tenant = any(cast(:tenants as text[]))"
LEDGER = Source(
    nodes="(select element, node as key, id, category, subtype from provenance.elements where node is not null)",
    links="provenance.elements",
    columns="element, node, id, category, subtype, source, relation, target",
    visible=OURS,
    foreign=HELD % "",
    exists=HELD % "",
    said=lambda _tenants: (
        """(select cast(a.attributes as text) from provenance.assertions a
        where a.element = {e}.element and a.tenant = any(cast(:tenants as text[])) and a.attributes is not null
            and a.from_seq <= :seq and (a.to_seq is null or a.to_seq > :seq)
        order by a.tenant, a.record limit 1)"""
    ),
)


class Walker:
    """Walks a source over one connection, in whose transaction nothing changes between its statements."""

    def __init__(self, connection: AsyncConnection, source: Source, tenants: Sequence[str], **more: Any) -> None:
        self._connection = connection
        self._source = source
        self._tenants = len(tenants)
        self._told = {"tenants": sorted(tenants), **{f"t{n}": t for n, t in enumerate(sorted(tenants))}, **more}

    async def _ask(self, template: str, direction: Direction, **told: Any) -> Sequence[Any]:
        asked = statement(self._source, template, direction, self._tenants)
        return (await self._connection.execute(asked, self._told | told)).all()

    async def lineage(self, root: str, direction: Direction, depth: int, limit: int) -> Answer | None:
        """What lies within `depth` links of a node, the nearest `limit` nodes of it."""
        told = {"root": id_key(root), "depth": depth, "cap": limit + 1, "limit": limit}
        rows = await self._ask(ANSWER, direction, **told)
        nodes = sorted(tuple(row) for row in rows if row[0] is not None)
        if not nodes:
            return None
        names = {node[1]: node[3] for node in nodes}
        links: list[Ends] = []
        hints: list[Hint] = []
        up = direction is Direction.UP
        for place, near, far, name, category, _subtype, said in rows:
            if far:
                links.append((names[near], names[far], name, said) if up else (names[far], names[near], name, said))
            elif place is None and category:
                hints.append((names[near], name, category))
        answered = [node[3:] for node in nodes[:limit]]
        return answer(root, direction, answered, links, hints, truncated=len(nodes) > limit)

    async def path(self, source: str, target: str, depth: int, limit: int, relations: Relations = ANY) -> Answer | None:
        """The shortest way up from one node to another along these relations; of several, the same one every time."""
        goal = id_key(target)
        told: dict[str, Any] = {"root": id_key(source), "depth": depth, "cap": limit + 1}
        if relations:
            found = await self._ask(ALONG, Direction.UP, **told, relations=[relation.value for relation in relations])
        else:
            found = await self._ask(KEYS, Direction.UP, **told)
        depths: dict[UUID, int] = {row.key: row.depth for row in found if row.depth is not None}
        if goal not in depths:
            return Answer(source, (), truncated=True) if len(depths) > limit else None
        links = [row for row in found if row.far in depths]
        way = way_back(goal, [(link.key, link.far) for link in links], depths, order=lambda key: key)
        rows = {row.key: row for row in await self._ask(BY_KEY, Direction.UP, keys=way)}
        steps = set(pairwise(way))
        on_it = [(rows[e.key].id, rows[e.far].id, e.relation, e.said) for e in links if (e.key, e.far) in steps]
        return answer(source, Direction.UP, [rows[key][1:] for key in way], on_it)

    async def agents(self, items: Sequence[str]) -> Sequence[tuple[Seen, Shown]]:
        """The links that lead from these nodes to agents, with the agents."""
        names = {id_key(item): item for item in items}
        rows = await self._ask(AGENTS, Direction.UP, keys=list(names))
        return to_agents([(names[row.key], row.relation, row.id, row.category, row.subtype, row.said) for row in rows])

    async def node(self, item: str) -> Shown | None:
        """A node that one of the tenants asserts."""
        rows = await self._ask(BY_KEY, Direction.UP, keys=[id_key(item)])
        return shown([rows[0][1:]])[0] if rows else None
