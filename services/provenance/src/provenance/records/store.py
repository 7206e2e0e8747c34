"""The ledger's tables, and the statements that a lodge is made of."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Column, DateTime, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

SCHEMA = {"schema": "provenance"}


class RecordRow(SQLModel, table=True):
    """A revision of a record: what it changed. `seq` is the order of commits, because writers take turns."""

    __tablename__: ClassVar[Any] = "records"
    __table_args__: ClassVar[Any] = SCHEMA

    seq: int | None = Field(default=None, primary_key=True)
    record: str
    revision: int
    parent: str | None = None
    tenant: str
    withdrawn: bool = False
    job: UUID | None = None
    changes: list[Any] = Field(sa_column=Column(JSONB, nullable=False))
    document: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ElementRow(SQLModel, table=True):
    """A node or a link that some record asserts or did once; `node`, `source` and `target` are digests of ids."""

    __tablename__: ClassVar[Any] = "elements"
    __table_args__: ClassVar[Any] = SCHEMA

    element: UUID = Field(primary_key=True)
    node: UUID | None = None
    id: str | None = None
    category: str | None = None
    subtype: str | None = None
    source: UUID | None = None
    relation: str | None = None
    target: UUID | None = None


class AssertionRow(SQLModel, table=True):
    """That a record asserts an element, from one `seq` up to, not including, another; open while `to_seq` is null."""

    __tablename__: ClassVar[Any] = "assertions"
    __table_args__: ClassVar[Any] = SCHEMA

    element: UUID = Field(primary_key=True)
    record: str = Field(primary_key=True)
    from_seq: int = Field(primary_key=True)
    to_seq: int | None = None
    tenant: str
    attributes: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))


class OwedRow(SQLModel, table=True):
    """An answer owed for a statement, due when the projection has come to `seq`."""

    __tablename__: ClassVar[Any] = "owed"
    __table_args__: ClassVar[Any] = SCHEMA

    id: int | None = Field(default=None, primary_key=True)
    seq: int
    record: str
    revision: int
    parent: str | None = None
    tenant: str
    withdrawn: bool
    job: UUID | None = None
    caller: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    document: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))


class CaptureRow(SQLModel, table=True):
    """What a run's last fact says must be there before the run counts as captured."""

    __tablename__: ClassVar[Any] = "captures"
    __table_args__: ClassVar[Any] = SCHEMA

    record: str = Field(primary_key=True)
    run: UUID
    revision: int
    status: str
    steps: int
    step_revisions: int
    tenant: str
    job: UUID | None = None
    caller: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    said: bool = False


TURN = text(
    """select pg_advisory_xact_lock(7263542), set_config('lock_timeout', was.patience, true)
    from (select current_setting('lock_timeout') as patience, set_config('lock_timeout', '0', true) offset 0) was"""
)
"""Writers of the ledger take turns: held to the end of the transaction, so `seq` is the order of commits.

Whoever waits here waits for as long as it takes; a short patience with rows, which groups of deliveries have, is kept
for rows. It cannot be a deadlock: nobody who has the turn waits for what somebody without it has marked as heard.
"""

_HEAD = """(select row_to_json(h) from (select seq, revision, withdrawn, tenant, document from provenance.records
    where record = :{of} order by revision desc limit 1) h)"""
_OTHERS = "a.element = t.element and a.to_seq is null and a.record <> all(cast(:records as text[]))"

READ = text(
    f"""with own as materialized (
    select record, element, attributes from provenance.assertions
    where record = any(cast(:records as text[])) and to_seq is null
), named as materialized (
    select element, node from json_to_recordset(cast(:named as json)) as named (element uuid, node uuid)
), touched as (
    select element from own union select element from named
)
select cast({_HEAD.format(of="record")} as text) as head,
    cast({_HEAD.format(of="parent")} as text) as parent,
    cast((select json_agg(own) from own) as text) as own,
    cast((select json_agg(row) from (
        select t.element, e.element is not null as known, e.node, e.id, e.category, e.subtype, e.source, e.relation, e.target,
            (select true from provenance.assertions a where {_OTHERS}
                order by a.tenant, a.record limit 1) is not null as shared,
            (select true from provenance.assertions a where {_OTHERS} and a.tenant = :tenant
                order by a.record limit 1) is not null as same_tenant,
            d.record as described_by, d.attributes
        from touched t
        left join lateral (select * from provenance.elements e where e.element = t.element limit 1) e on true
        left join lateral (select a.record, a.attributes from provenance.assertions a
            where {_OTHERS} and a.tenant = :tenant and a.attributes is not null order by a.record limit 1) d on true
    ) row) as text) as touched,
    (select min(e.id) from named join provenance.elements e on e.node = named.node and e.element <> named.element
        where (select true from provenance.assertions a where a.element = e.element and a.to_seq is null
            and a.record <> all(cast(:records as text[])) order by a.tenant, a.record limit 1) is not null) as clash"""  # noqa: S608 - constants
)
"""All that a lodge must know, at a cost that does not depend on how many records assert what it names.

The orders and limits say nothing that is needed; they hold the planner to the index. For a plain `exists` on a node that a
large part of the table asserts, it reads the table instead, trusting to meet one soon, and never does for all the other
nodes; for a plain join of a small table's elements it reads that table.
"""

WRITE = text(
    """with said as (
    insert into provenance.records (record, revision, parent, tenant, withdrawn, job, changes, document, at)
    values (:record, :revision, :parent, :tenant, :withdrawn, :job, cast(:changes as jsonb), cast(:document as jsonb),
        clock_timestamp()) returning seq
), closed as (
    update provenance.assertions a set to_seq = said.seq
    from said, json_to_recordset(cast(:closed as json)) as c (record text, element uuid)
    where a.record = c.record and a.element = c.element and a.to_seq is null returning 1
), made as (
    insert into provenance.elements (element, node, id, category, subtype, source, relation, target)
    select * from json_to_recordset(cast(:made as json)) as made (element uuid, node uuid, id text, category text,
        subtype text, source uuid, relation text, target uuid)
    on conflict do nothing
), opened as (
    insert into provenance.assertions (element, record, tenant, attributes, from_seq)
    select o.element, :record, :tenant, o.attributes, said.seq
    from said, json_to_recordset(cast(:opened as json)) as o (element uuid, attributes jsonb)
    where (select count(*) from closed) >= 0
), owing as (
    insert into provenance.owed (seq, record, revision, parent, tenant, withdrawn, job, caller, document)
    select said.seq, :record, :revision, :parent, :tenant, :withdrawn, :job, cast(:caller as jsonb), cast(:document as jsonb)
    from said
)
select seq from said"""
)
"""A revision whole. Counting what was closed makes closing come first: an element may be closed and opened in one go.

Rows travel as JSON: of arrays the driver looks at every value in Python."""

OWE = text(
    """insert into provenance.owed (seq, record, revision, parent, tenant, withdrawn, job, caller, document)
    values (:seq, :record, :revision, :parent, :tenant, :withdrawn, :job, cast(:caller as jsonb), cast(:document as jsonb))"""
)
EXPECT = text(
    """insert into provenance.captures as c (record, run, revision, status, steps, step_revisions, tenant, job, caller)
    values (:record, :run, :revision, :status, :steps, :step_revisions, :tenant, :job, cast(:caller as jsonb))
    on conflict (record) do update set revision = excluded.revision, status = excluded.status, steps = excluded.steps,
        step_revisions = excluded.step_revisions, job = excluded.job, caller = excluded.caller, said = false
    where c.revision < excluded.revision"""
)
