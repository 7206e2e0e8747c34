"""Everything that a content took part in, from the ledger: what a store cannot index is answered the same beside any."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.ids import run_id
from provenance.graph.keys import id_key

NEWEST = (str(2**63 - 1), str(UUID(int=2**128 - 1)), str(2**63 - 1), str(UUID(int=2**128 - 1)))
"""Where a list begins: file by `seq` and element, then what used or wrote it by `seq` and element."""

# a tenant's files in the order of the index, and only so many of them; then what is linked with each
USES = text(
    """with files as materialized (
    select f.* from unnest(cast(:tenants as text[])) t (tenant) cross join lateral (
        select a.from_seq, a.element, a.tenant, cast(a.attributes as text) as attributes from provenance.assertions a
        where a.tenant = t.tenant and a.attributes ->> 'reprovena:sha256' = :sha256 and a.to_seq is null
            and (a.from_seq, a.element) <= (cast(:seq as bigint), cast(:file as uuid))
        order by a.from_seq desc, a.element desc limit :files) f
    order by f.from_seq desc, f.element desc limit :files
), links as (
    select f.from_seq, f.element, f.tenant, f.attributes, e.id, l.relation, l.activity, l.said,
        coalesce(l.from_seq, 0) as link_seq, coalesce(l.element, cast(:nothing as uuid)) as link
    from files f join provenance.elements e on e.element = f.element
    left join lateral (
        select k.element, k.relation, k.activity, s.from_seq, s.said from (
            select g.element, g.relation, g.target as activity from provenance.elements g
            where g.source = e.node and g.relation = 'wasGeneratedBy'
            union all
            select u.element, u.relation, u.source from provenance.elements u
            where u.target = e.node and u.relation = 'used') k
        cross join lateral (
            select a.from_seq, cast(a.attributes as text) as said from provenance.assertions a
            where a.element = k.element and a.to_seq is null and a.tenant = f.tenant order by a.record limit 1) s
    ) l on true
)
select * from links
where (from_seq, element, link_seq, link)
    < (cast(:seq as bigint), cast(:file as uuid), cast(:link_seq as bigint), cast(:link as uuid))
order by from_seq desc, element desc, link_seq desc, link desc limit :limit"""
)
DESCRIBED = text(
    """select e.node, e.id, s.said from provenance.elements e cross join lateral (
        select cast(a.attributes as text) as said from provenance.assertions a
        where a.element = e.element and a.to_seq is null and a.tenant = any(cast(:tenants as text[]))
            and a.attributes is not null order by a.tenant, a.record limit 1) s
    where e.node = any(cast(:nodes as uuid[]))"""
)
REQUESTERS = text(
    """select l.source as run, s.name from provenance.elements l cross join lateral (
        select a.attributes ->> 'reprovena:name' as name from provenance.assertions a
        where a.element = l.element and a.to_seq is null and a.tenant = any(cast(:tenants as text[]))
            and a.attributes ->> 'prov:role' = 'requester' order by a.tenant, a.record limit 1) s
    where l.source = any(cast(:runs as uuid[])) and l.relation = 'wasAssociatedWith'"""
)


@dataclass(frozen=True, slots=True)
class Use:
    """That something used or wrote a file, with what is known of both and of the run."""

    file: str
    tenant: str
    said: dict[str, Any]
    relation: str | None
    link: dict[str, Any]
    activity: str | None
    activity_said: dict[str, Any]
    run_said: dict[str, Any]
    by: str | None
    place: tuple[str, ...]
    """Where it stands in the list."""

    def at(self) -> datetime | None:
        """When it was read or written; of a run's own files, when the run began or ended."""
        word = "prov:endTime" if self.relation == "wasGeneratedBy" else "prov:startTime"
        found = self.link.get("prov:time") or self.activity_said.get(word) or self.run_said.get("prov:startTime")
        return datetime.fromisoformat(found) if found else None


async def uses(session: AsyncSession, sha256: str, tenants: Sequence[str], after: Sequence[str], limit: int) -> list[Use]:
    """What these tenants' records say used or wrote a file of this content: the newest first, after a place."""
    seq, file, link_seq, link = after
    told = {
        "tenants": sorted(tenants),
        "sha256": sha256,
        "seq": int(seq),
        "file": file,
        "link_seq": int(link_seq),
        "link": link,
    }
    more = {"nothing": str(UUID(int=0)), "files": limit + 1, "limit": limit}
    rows = (await session.execute(USES, told | more)).all()
    runs = {row.id: id_key(run_id(run)) for row in rows if (run := run_of(row.id))}
    nodes = {*runs.values(), *(row.activity for row in rows if row.activity)}
    who = {"tenants": sorted(tenants)}
    known = {row.node: row for row in (await session.execute(DESCRIBED, who | {"nodes": list(nodes)})).all()}
    asked = (await session.execute(REQUESTERS, who | {"runs": list(set(runs.values()))})).all()
    requesters = {row.run: row.name for row in asked}
    return [
        Use(
            file=row.id,
            tenant=row.tenant,
            said=json.loads(row.attributes),
            relation=row.relation,
            link=json.loads(row.said or "{}"),
            activity=known[row.activity].id if row.activity in known else None,
            activity_said=json.loads(known[row.activity].said) if row.activity in known else {},
            run_said=json.loads(known[runs[row.id]].said) if runs.get(row.id) in known else {},
            by=requesters.get(runs.get(row.id)),
            place=(str(row.from_seq), str(row.element), str(row.link_seq), str(row.link)),
        )
        for row in rows
    ]


def run_of(item: str) -> UUID | None:
    """The run that a file belongs to, by its id."""
    head, _, rest = item.partition("/")
    try:
        return UUID(rest.partition("/")[0]) if head == "run" else None
    except ValueError:
        return None
