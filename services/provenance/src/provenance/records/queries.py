"""What one may ask the ledger; nothing here changes it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.vocabulary import Category, Relation
from provenance.graph.answer import Dump
from provenance.graph.diff import Change, load
from provenance.graph.model import Attributes, Element, Graph, Link, Node

MARK = "md5(concat_ws(' ', record, revision, extract(epoch from at)))"
IDENTITY = text("select id from provenance.ledger")
PLACE = text(
    f"""select id as ledger, (select coalesce(max(seq), 0) from provenance.records) as last,
        (select {MARK} from provenance.records where seq = :seq) as mark from provenance.ledger"""  # noqa: S608 - a constant
)
AS_OF = text("select seq from provenance.records where at <= :at order by at desc, seq desc limit 1")
AFTER = text(
    f"""select seq, record, {MARK} as mark, cast(changes as text) as changes from provenance.records
    where seq > :seq order by seq limit :limit"""  # noqa: S608 - a constant
)
CHILDREN = text("select distinct record from provenance.records where parent = :record order by record")
LAST = text("select coalesce(max(seq), 0) from provenance.records")
CAPTURED = text("select said from provenance.captures where record = :record")
HEADS = text(
    """select distinct on (record) record, revision, seq, parent, tenant, withdrawn from provenance.records
    where record = any(cast(:records as text[])) order by record, revision desc"""
)
REVISIONS = text(
    """select r.revision, r.seq, r.at, r.job, r.withdrawn, cast(r.changes as text) as changes from provenance.records r
    where r.record = :record and (cast(:revision as integer) is null or r.revision = :revision)
        and (cast(:before as integer) is null or r.revision < :before)
    order by r.revision desc limit :limit"""
)
SAID = text(
    """select a.record, a.tenant, cast(a.attributes as text) as attributes, e.node, e.id, e.category, e.subtype, e.source,
        e.relation, e.target
    from provenance.assertions a join provenance.elements e on e.element = a.element
    where a.record = any(cast(:records as text[])) and a.to_seq is null order by a.record"""
)
SAID_AT = text(
    """select a.record, a.tenant, cast(a.attributes as text) as attributes, e.node, e.id, e.category, e.subtype, e.source,
        e.relation, e.target
    from provenance.assertions a join provenance.elements e on e.element = a.element
    where (cast(:records as text[]) is null or a.record = any(cast(:records as text[])))
        and a.from_seq <= :at and (a.to_seq is null or a.to_seq > :at) order by a.record"""
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the ledger."""

    seq: int
    changes: tuple[Change, ...]
    mark: str
    """Tells this revision from any other that might have its `seq` in another copy of the ledger."""


@dataclass(frozen=True, slots=True)
class Place:
    """A `seq` in its ledger."""

    ledger: UUID
    last: int
    mark: str | None
    """Of the revision at that `seq`, if there is one."""


@dataclass(frozen=True, slots=True)
class RecordHead:
    """The last revision of a record."""

    record: str
    revision: int
    seq: int
    parent: str | None
    tenant: str
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class Revision:
    """What a revision of a record did."""

    revision: int
    seq: int
    at: datetime
    job: UUID | None
    withdrawn: bool
    changes: tuple[Change, ...]

    @property
    def members(self) -> list[str]:
        """The records that it changed: its own, and those beneath one that was withdrawn."""
        return sorted({change.record for change in self.changes})


def element(row: Mapping[str, Any], ids: Mapping[Any, str]) -> Element:
    """An element from its row; `ids` has the ids of nodes by their digests, the ends of a link among them."""
    if row["node"]:
        return Node(row["id"], Category(row["category"]), row["subtype"])
    return Link(ids[row["source"]], Relation(row["relation"]), ids[row["target"]])


def graph(elements: Iterable[Element]) -> Graph:
    """Elements as a graph; of several descriptions of one, the first counts."""
    first: dict[Element, Element] = {}
    for said in elements:
        if said not in first or (first[said].attributes is None and said.attributes is not None):
            first[said] = said
    return Graph(
        frozenset(e for e in first.values() if isinstance(e, Node)), frozenset(e for e in first.values() if isinstance(e, Link))
    )


async def identity(session: AsyncSession) -> UUID:
    """Which ledger this is."""
    found: UUID = (await session.execute(IDENTITY)).scalar_one()
    return found


async def last(session: AsyncSession) -> int:
    """The `seq` of the last revision; 0 in an empty ledger."""
    return int((await session.execute(LAST)).scalar_one())


async def as_of(session: AsyncSession, at: datetime) -> int:
    """The last `seq` up to a moment; 0 before the first."""
    return (await session.execute(AS_OF, {"at": at})).scalar_one_or_none() or 0


async def after(session: AsyncSession, seq: int, limit: int) -> list[Entry]:
    """The next rows of the ledger."""
    rows = (await session.execute(AFTER, {"seq": seq, "limit": limit})).all()
    return [Entry(row.seq, tuple(load(json.loads(row.changes), row.record)), row.mark) for row in rows]


async def place(session: AsyncSession, seq: int) -> Place:
    """Where a `seq` stands in the ledger."""
    row = (await session.execute(PLACE, {"seq": seq})).one()
    return Place(row.ledger, row.last, row.mark)


async def children(session: AsyncSession, record: str) -> list[str]:
    """The records whose parent it is, by id."""
    return list((await session.execute(CHILDREN, {"record": record})).scalars())


async def heads(session: AsyncSession, records: Sequence[str]) -> dict[str, RecordHead]:
    """The last revisions of these records, as far as there are any."""
    rows = (await session.execute(HEADS, {"records": list(records)})).mappings()
    return {row["record"]: RecordHead(**row) for row in rows}


async def revisions(
    session: AsyncSession, record: str, revision: int | None, limit: int, before: int | None = None
) -> list[Revision]:
    """What the revisions of a record did, newest first: one of them, or those before one."""
    told = {"record": record, "revision": revision, "before": before, "limit": limit}
    rows = (await session.execute(REVISIONS, told)).all()
    return [
        Revision(row.revision, row.seq, row.at, row.job, row.withdrawn, tuple(load(json.loads(row.changes), record)))
        for row in rows
    ]


async def captured(session: AsyncSession, record: str) -> bool:
    """Whether it was said that all of a run is in the graph."""
    return bool((await session.execute(CAPTURED, {"record": record})).scalar_one_or_none())


async def record(session: AsyncSession, record: str, at: int | None = None) -> Graph | None:
    """What a record says, or said at `at`; None if there is no such record or it was withdrawn."""
    said = await together(session, [record], at)
    if said.nodes:
        return said
    head = (await heads(session, [record])).get(record)
    return said if at is None and head and not head.withdrawn else None


async def together(session: AsyncSession, records: Sequence[str], at: int | None = None) -> Graph:
    """What several records say, as one graph."""
    rows = await _said(session, list(records), at)
    return graph(said for _row, said in rows)


async def standing(session: AsyncSession, at: int) -> Dump:
    """The whole graph as of `at`, from the ledger alone: what the projection must equal there."""
    nodes: dict[str, tuple[str, str, dict[str, Attributes | None]]] = {}
    links: dict[tuple[str, str, str], dict[str, Attributes | None]] = {}
    for row, said in await _said(session, None, at):
        match said:
            case Node(item, category, subtype):
                views = nodes.setdefault(item, (category.value, subtype, {}))[2]
            case Link(source, relation, target):
                views = links.setdefault((source, relation.value, target), {})
        if views.get(row["tenant"]) is None:
            views[row["tenant"]] = said.attributes
    return Dump(nodes, links)


async def _said(session: AsyncSession, records: list[str] | None, at: int | None) -> list[tuple[Mapping[str, Any], Element]]:
    """Assertions by record id, with the elements and their descriptions."""
    statement = SAID if at is None else SAID_AT
    told: dict[str, Any] = {"records": records} if at is None else {"records": records, "at": at}
    rows: list[Mapping[str, Any]] = [row._asdict() for row in (await session.execute(statement, told)).all()]
    ids = {row["node"]: row["id"] for row in rows if row["node"]}
    return [(row, _described(element(row, ids), row["attributes"])) for row in rows]


def _described(said: Element, attributes: str | None) -> Element:
    words = json.loads(attributes) if attributes else None
    match said:
        case Node(item, category, subtype):
            return Node(item, category, subtype, words)
        case Link(source, relation, target):
            return Link(source, relation, target, words)
