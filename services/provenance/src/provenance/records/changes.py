"""What a change does to the graph: as it was done, as it is kept, and as it would be done now.

A change is the list of its actions, in the order of doing them. Undoing one is its record's owner's: who says again what the
record said before, as a new revision.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from chassis.refusal import Refusal, refuse
from contracts.message import Caller
from contracts.model_runs import ModelRunRecord
from contracts.problem import FieldError
from provenance.graph.diff import Change, actions
from provenance.graph.model import Graph, Node
from provenance.records import queries, registered
from provenance.records.queries import RecordHead
from provenance.records.registered import REGISTRY
from provenance.unit import ProvenanceUnit


class Diff(BaseModel):
    """What would happen, action by action."""

    model_config = ConfigDict(frozen=True)
    diff: tuple[dict[str, Any], ...]


class Applied(BaseModel):
    """A revision of a record and what it did."""

    model_config = ConfigDict(frozen=True)
    record: str
    revision: int
    at: datetime
    job: UUID | None
    withdrawn: bool
    diff: tuple[dict[str, Any], ...]


class History(BaseModel):
    """The revisions of a record, newest first."""

    model_config = ConfigDict(frozen=True)
    items: tuple[Applied, ...]


class Proposed(BaseModel):
    """A model run as somebody would have it say."""

    id: str
    record: ModelRunRecord
    model: str
    """The model that its workflow template names."""


async def without(unit: ProvenanceUnit, caller: Caller, records: Sequence[str]) -> Diff:
    """What withdrawing these records, one after the other, would do: what they share goes with the last of them."""
    names = list(dict.fromkeys(records))
    heads = await _heads(unit, caller, names)
    tenants = {heads[name].tenant for name in names}
    if len(tenants) > 1:
        text = "records of one tenant can be looked at together"
        raise refuse("gateway:invalid", text, FieldError(detail=text, field="id"))
    members = [one for name in names for one in (*await queries.children(unit.session, name), name)]
    before = await queries.together(unit.session, members)
    return _diff(await unit.ledger.trial(names, tenant=tenants.pop()), before.nodes)


async def again(unit: ProvenanceUnit, caller: Caller, record: str, revision: int) -> Diff:
    """What saying again what a record said at a revision would do; nothing, where it was withdrawn."""
    head = (await _heads(unit, caller, [record]))[record]
    found = await queries.revisions(unit.session, record, revision, 1)
    if not found:
        text = f"{record} has no revision {revision}"
        raise refuse("provenance:no-such-record", text, FieldError(detail=text, field="to"))
    wanted = await queries.record(unit.session, record, found[0].seq) or Graph()
    return await _preview(unit, record, wanted, head.tenant)


async def instead(unit: ProvenanceUnit, caller: Caller, proposed: Proposed) -> Diff:
    """What a model run would do to the graph if it said this; it may be one that says nothing yet."""
    head = (await queries.heads(unit.session, [proposed.id])).get(proposed.id)
    if head is not None and head.tenant not in (*caller.tenants, REGISTRY):
        raise _no_record(proposed.id)
    wanted = registered.model_run(proposed.id, proposed.record, proposed.model)
    return await _preview(unit, proposed.id, wanted, head.tenant if head else REGISTRY)


async def history(
    unit: ProvenanceUnit, caller: Caller, record: str, revision: int | None, limit: int, before: int | None = None
) -> History:
    """What the revisions of a record did when they came: one of them, or those before one."""
    await _heads(unit, caller, [record])
    found = await queries.revisions(unit.session, record, revision, limit, before)
    if revision is not None and not found:
        raise _no_record(record)
    return History(items=tuple([await _applied(unit, record, one) for one in found]))


async def _applied(unit: ProvenanceUnit, record: str, done: queries.Revision) -> Applied:
    ends: set[Node] = set()
    for seq in (done.seq - 1, done.seq):  # a link that went has its ends in what was said before
        said = await queries.together(unit.session, done.members, seq)
        ends |= said.nodes
    return Applied(
        record=record,
        revision=done.revision,
        at=done.at,
        job=done.job,
        withdrawn=done.withdrawn,
        diff=_diff(done.changes, ends).diff,
    )


async def _preview(unit: ProvenanceUnit, record: str, wanted: Graph, tenant: str) -> Diff:
    before = await queries.together(unit.session, [record])
    changes = await unit.ledger.preview(record, wanted, tenant=tenant)
    return _diff(changes, (*before.nodes, *wanted.nodes))


def _diff(changes: Sequence[Change], nodes: Iterable[Node]) -> Diff:
    known: Mapping[str, Node] = {node.id: node for node in nodes}
    told = actions(changes, known)
    return Diff(diff=tuple(told))


async def _heads(unit: ProvenanceUnit, caller: Caller, records: Sequence[str]) -> dict[str, RecordHead]:
    heads = await queries.heads(unit.session, records)
    for record in records:
        if record not in heads or heads[record].tenant not in (*caller.tenants, REGISTRY):
            raise _no_record(record)
    return heads


def _no_record(record: str) -> Refusal:
    return refuse("provenance:no-such-record", f"no record {record}", FieldError(detail="no such record", field="id"))
