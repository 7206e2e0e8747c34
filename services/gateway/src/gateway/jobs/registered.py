"""What the registry's facts mean for jobs: entries, groups, links, requests, model runs, and the activities that follow."""

from typing import Any
from uuid import UUID

from contracts import access, entries, groups, model_runs
from contracts.entries import ActivityRegistered, EntriesImported, EntryCreated, EntryFact, EntryVersioned, Spinoff
from contracts.groups import GroupsImported
from contracts.ids import user_id
from contracts.kinds import Kind
from contracts.message import Command, Event
from contracts.model_runs import ModelRunLodged, ModelRunRegistered, ModelRunWithdrawn
from contracts.problem import Problem
from contracts.provenance import RecordLodged, RecordWithdrawn
from contracts.vocabulary import JobStatus
from gateway.jobs.model import Job, News
from gateway.jobs.sending import LODGING
from gateway.jobs.store import kind_of
from gateway.jobs.telling import hear, news_of, tell
from gateway.unit import GatewayUnit

_ORDERS: dict[type[Event], type[Command]] = {
    entries.EntrySeeded: entries.SeedEntry,
    entries.EntryCreated: entries.CreateEntry,
    entries.EntryUpdated: entries.UpdateEntry,
    entries.EntryVersioned: entries.VersionEntry,
    entries.EntryDeleted: entries.DeleteEntry,
    entries.EntryLocked: entries.LockEntry,
    entries.AccessGranted: entries.GrantAccess,
    entries.EntriesImported: entries.ImportEntries,
    groups.GroupAdded: groups.AddGroup,
    groups.GroupUpdated: groups.UpdateGroup,
    groups.GroupRemoved: groups.RemoveGroup,
    groups.MemberAdded: groups.AddMember,
    groups.MembersRemoved: groups.RemoveMembers,
    groups.GroupsImported: groups.ImportGroups,
    access.LinkAssigned: access.AssignLink,
    access.LinkCleared: access.ClearLink,
    access.AccessRequested: access.RequestAccess,
    access.RequestChanged: access.ChangeRequest,
    access.RequestNoted: access.NoteRequest,
    access.RequestDeleted: access.DeleteRequest,
}
ORDERS = {fact: kind_of(order.subject) for fact, order in _ORDERS.items()}
"""Facts that settle an order at once, and the order that each settles most often."""
RELODGE = kind_of(entries.RelodgeActivity.subject)
WITHDRAW = (kind_of(model_runs.WithdrawModelRun.subject), kind_of(entries.WithdrawActivity.subject))
OTHERS = ("run/", "workflow/", "link/")
"""Begin the names of records that are no entries'."""


async def settle_registered(event: Event, unit: GatewayUnit) -> None:
    """What was asked of the registry is done; what follows from it begins."""
    await tell(unit, event, JobStatus.SUCCEEDED, result(event), ORDERS[type(event)])
    if isinstance(event, EntryCreated | EntryVersioned) and event.spinoff and event.activity:
        await _spun(event, event.spinoff, event.activity, unit)
    elif isinstance(event, entries.EntryUpdated) and event.job is not None:
        await unit.jobs.unchain(event.job)  # these were for a seed, and it was none


async def begin_lodging(event: ActivityRegistered, unit: GatewayUnit) -> None:
    """An activity is written; that it comes into the graph is waited for."""
    if event.job is None:
        return
    kind = "creation_activity_id" if event.entry_kind is Kind.CREATE else "version_activity_id"
    subtype = "created_item_subtype" if event.entry_kind is Kind.CREATE else "item_subtype"
    told: dict[str, Any] = {kind: event.activity, "linked_person_id": event.person, subtype: event.item_kind.value}
    item = {"from_version_id": event.before, "to_version_id": event.item} if event.before else {"created_item_id": event.item}
    job = await _own(event, event.job, unit)
    if job is None or job.view is None:
        return
    await unit.jobs.fill(job.id, told | item)
    for one in await unit.jobs.chained(job.view.chained_to) if job.view.chained_to else []:
        await unit.jobs.fill(one, {"linked_person_id": event.person})
    await _hear(unit, event, job, news_of(event, JobStatus.IN_PROGRESS, {}))


async def settle_lodging(event: RecordLodged, unit: GatewayUnit) -> None:
    """The record of an activity is in the graph. Those of model runs are told of by the registry, once it knows."""
    if event.job is None or event.record.startswith(OTHERS):
        return
    job = await _own(event, event.job, unit)
    if job is not None and job.kind in {LODGING, RELODGE}:
        await _hear(unit, event, job, news_of(event, JobStatus.SUCCEEDED, {}))
    elif job is not None and job.kind in WITHDRAW:
        problem = Problem.of("registry:overtaken", f"{event.record} was lodged again meanwhile, and is in the graph")
        await _hear(unit, event, job, news_of(event, JobStatus.FAILED, {}, problem))


async def note_model_run(event: ModelRunRegistered | ModelRunWithdrawn, unit: GatewayUnit) -> None:
    """A model run says something else; the graph follows."""
    job = await _own(event, event.job, unit)
    if job is not None:
        await _hear(unit, event, job, news_of(event, JobStatus.IN_PROGRESS, {"handle": event.handle}))


async def settle_model_run(event: ModelRunLodged, unit: GatewayUnit) -> None:
    """What a model run says is in the graph."""
    job = await _own(event, event.job, unit)
    if job is None or job.kind in WITHDRAW:  # of a withdrawal that came too late the graph's own fact tells
        return
    told: dict[str, Any] = {"handle": event.handle, "revision": event.revision}
    if event.document is not None:
        told["document"] = event.document.model_dump(mode="json")
    if event.record is not None:
        told["record"] = event.record.model_dump(mode="json")
    if event.record_file is not None:
        told["record_file"] = event.record_file.model_dump(mode="json")
    await _hear(unit, event, job, news_of(event, JobStatus.SUCCEEDED, told))


async def settle_withdrawal(event: RecordWithdrawn, unit: GatewayUnit) -> None:
    """What a model run or an activity said is out of the graph; who wanted it said and came too late is told so."""
    job = await _own(event, event.job, unit)
    if job is None:
        return
    if job.kind in WITHDRAW:
        await _hear(unit, event, job, news_of(event, JobStatus.SUCCEEDED, {"handle": event.record}))
        return
    problem = Problem.of("registry:overtaken", f"{event.record} was withdrawn meanwhile, and is not in the graph")
    await _hear(unit, event, job, news_of(event, JobStatus.FAILED, {}, problem))


def result(event: Event) -> dict[str, Any]:
    """What whoever asked wants to know of a fact."""
    match event:
        case EntryCreated(spinoff=Spinoff() as jobs) | EntryVersioned(spinoff=jobs):
            told = {"handle": event.entry.handle, "revision": event.entry.revision}
            return {**told, "register_job": str(jobs.register_job)}
        case EntryFact():
            return {"handle": event.entry.handle, "revision": event.entry.revision}
        case EntriesImported() | GroupsImported():
            figures = {"trial_mode", "old_size", "new_size", "deleted", "overwritten", "added", "failures"}
            return event.model_dump(mode="json", include=figures)
        case access.RequestFact():
            return {"request_id": event.request.request_id}
    return {}


async def _spun(event: EntryCreated | EntryVersioned, spinoff: Spinoff, activity: str, unit: GatewayUnit) -> None:
    entry = event.entry
    payload: dict[str, Any]
    if isinstance(event, EntryCreated):
        name = "creation_activity_id"
        payload = {"created_item_id": entry.handle, "created_item_subtype": entry.kind.value}
    else:
        name, versioning = "version_activity_id", entry.versioning or entries.Versioning()
        payload = {
            "reason": versioning.reason,
            "version_number": versioning.version,
            "from_version_id": versioning.previous_version,
            "to_version_id": entry.handle,
            "item_subtype": entry.kind.value,
        }
    job = await _own(event, spinoff.register_job, unit)
    if job is None:
        return
    await unit.jobs.fill(job.id, payload)
    found = {name: activity, "lodge_session_id": str(spinoff.lodge_job)}
    await _hear(unit, event, job, news_of(event, JobStatus.SUCCEEDED, found))


async def _own(event: Event, key: UUID | None, unit: GatewayUnit) -> Job | None:
    """The job that a fact is about, if it is that of whoever is behind the fact.

    Facts about the graph name the tenant of what they tell, which need not be the one that the order was given for.
    """
    job = await unit.jobs.find(key) if key else None
    if job is None or event.caller is None or job.owner != user_id(event.caller.issuer, event.caller.subject):
        return None
    return job


async def _hear(unit: GatewayUnit, event: Event, job: Job, news: News) -> None:
    await hear(unit, event.model_copy(update={"tenant": None}), job.id, news)
