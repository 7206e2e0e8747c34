"""What orders make of model runs: entries with a history, and statements that provenance hears.

A run's status is no news: that it came into the graph, or left it, makes no place in its history.
"""

from typing import Any

from chassis.files import collect
from chassis.refusal import refuse
from contracts.entries import EntryDeleted
from contracts.kinds import WRITING, Kind
from contracts.message import Command
from contracts.model_runs import (
    LinkStudy,
    ModelRunLodged,
    ModelRunRecord,
    ModelRunRegistered,
    ModelRunWithdrawn,
    RegisterModelRun,
    RelodgeModelRun,
    UndoModelRun,
    UpdateModelRun,
    WithdrawModelRun,
)
from contracts.problem import FieldError
from contracts.provenance import RecordLodged
from registry.entries import checks as entries
from registry.entries.asking import Asking, answer, asking, must_be, writing
from registry.entries.asking import told as entry_told
from registry.entries.model import Item, create
from registry.entries.queries import ADMIN
from registry.model_runs import checks
from registry.model_runs.asking import record_of, told
from registry.model_runs.model import described, lodged, withdrawn
from registry.model_runs.model import record_of as said_by
from registry.unit import RegistryUnit

DOCUMENT_LIMIT = 64 * 2**20
"""Bytes of a PROV document that an entry may hold."""
OTHERS = ("run/", "workflow/", "link/")
"""Begin the names of records that are no entries'."""


async def register_model_run(command: RegisterModelRun, unit: RegistryUnit) -> None:
    """Write a run and say what it says, in one go."""
    who = await writing(command, unit)
    await register(await record_of(command, unit), command, who, unit)


async def register(record: ModelRunRecord, command: Command, who: Asking, unit: RegistryUnit) -> Item:
    """Write a run that says this, if it holds, and say so."""
    model = await checks.checked(unit.session, record, who.reader)
    item, moment = create(await unit.entries.mint(), Kind.MODEL_RUN, described(record), **who.by)
    await unit.entries.add(item, moment)
    await _say(item, record, model, command, who, unit)
    return item


async def update_model_run(command: UpdateModelRun, unit: RegistryUnit) -> None:
    """Replace what a run says."""
    who, item = await _held(command, unit)
    record = await record_of(command, unit)
    model = await checks.checked(unit.session, record, who.reader)
    await _replace(item, record, model, command.reason, command, who, unit)


async def link_study(command: LinkStudy, unit: RegistryUnit) -> None:
    """Name the study of a run that names none; of several at once the first wins."""
    who, item = await _held(command, unit)
    await checks.study(unit.session, command.study, who.reader)
    record = said_by(item.info or {})
    if record.study_id is not None:
        detail = f"{item.handle} was done for {record.study_id}"
        raise refuse("registry:already-in-study", detail, FieldError(detail=detail, field="study"))
    model = await checks.model_of(unit.session, record, who.reader)
    linked = record.model_copy(update={"study_id": command.study})
    await _replace(item, linked, model, f"Linking the model run to the study {command.study}", command, who, unit)


async def undo_model_run(command: UndoModelRun, unit: RegistryUnit) -> None:
    """Let a run say again what it said, if that still holds; its history goes on."""
    who, item = await _held(command, unit)
    past = await unit.entries.moment(item.handle, command.history_id)
    if past is None:
        detail = f"the history of {item.handle} has no place {command.history_id}"
        raise refuse("registry:no-such-history", detail, FieldError(detail="no such place", field="history_id"))
    record = said_by(past.info)
    model = await checks.checked(unit.session, record, who.reader)
    await _replace(item, record, model, f"(Restoring to v{past.id}) {command.reason}", command, who, unit)


async def withdraw_model_run(command: WithdrawModelRun, unit: RegistryUnit) -> None:
    """Let a run say nothing any more; its entry stays, or goes with it, or is gone already."""
    who, item = await _administered(command, unit)
    said = await unit.model_runs.hold(command.handle)
    if item is None and (said is None or said.withdrawn):
        entries.there(item, command.handle)
    if command.with_entry and item:
        entries.unlocked(item)
    revision = await unit.model_runs.state(command.handle, None)
    if command.with_entry and item:
        await unit.entries.remove([item.handle])
        # its order is answered by what happens to the graph, so this says of no job
        gone = answer(command, who, item.revision + 1) | {"job": None}
        await unit.publish(EntryDeleted(**gone, entry=await entry_told(item, unit)))
    elif item and item.info is not None:
        await unit.model_runs.mark(item, withdrawn(item.info))
    await unit.publish(ModelRunWithdrawn(**answer(command, who, revision), handle=command.handle))


async def relodge_model_run(command: RelodgeModelRun, unit: RegistryUnit) -> None:
    """Say again what a run says."""
    who, found = await _administered(command, unit)
    item = entries.there(found, command.handle)
    record = said_by(entries.complete(item))
    looked_at = checks.checked if command.validate_record else checks.model_of
    model = await looked_at(unit.session, record, who.reader)
    await _say(item, record, model, command, who, unit)


async def mark_lodged(event: RecordLodged, unit: RegistryUnit) -> None:
    """Note that a run's statement is in the graph, keep its document, and say so to whoever waits."""
    if event.record.startswith(OTHERS):
        return
    item = await unit.entries.hold(event.record)  # first, as by everybody who changes a run
    said = await unit.model_runs.hold(event.record)
    if said is None:
        return  # not a model run's
    fact: dict[str, Any] = {"job": event.job, "caller": event.caller, "revision": event.revision, "document": event.document}
    if item is None or item.info is None:
        await unit.publish(ModelRunLodged(**fact, handle=event.record))
        return
    if event.revision == said.revision and not said.withdrawn and event.revision > said.lodged:
        info = lodged(item.info, await _document(event, unit))
        await unit.model_runs.mark(item, info, event.revision, event.document)
    record = said_by(item.info)
    await unit.publish(ModelRunLodged(**fact, tenant=item.tenant, handle=item.handle, **await told(record, unit)))


async def _held(command: UpdateModelRun | LinkStudy | UndoModelRun, unit: RegistryUnit) -> tuple[Asking, Item]:
    """A run that whoever asks may change."""
    entries.texts(handle=command.handle, reason=getattr(command, "reason", None))
    who = await writing(command, unit)
    item = entries.there(await unit.entries.hold(command.handle), command.handle)
    checks.of_run(item)
    entries.complete(item)
    entries.unlocked(item)
    entries.may(item, who.reader, WRITING)
    return who, item


async def _administered(command: WithdrawModelRun | RelodgeModelRun, unit: RegistryUnit) -> tuple[Asking, Item | None]:
    """Who asks, and the entry of the run if it is still there."""
    entries.texts(handle=command.handle)
    who = await asking(command, unit)
    must_be(who.caller, ADMIN)
    item = await unit.entries.hold(command.handle)
    if item is not None:
        checks.of_run(item)
    return who, item


async def _replace(
    before: Item, record: ModelRunRecord, model: str, reason: str, command: Command, who: Asking, unit: RegistryUnit
) -> None:
    item, moment = before.describe(described(record, before.info), who.caller.name, who.at, reason)
    await unit.entries.put(item, moment)
    await _say(item, record, model, command, who, unit)


async def _say(item: Item, record: ModelRunRecord, model: str, command: Command, who: Asking, unit: RegistryUnit) -> None:
    revision = await unit.model_runs.state(item.handle, item.last)
    fact = answer(command, who, revision)
    await unit.publish(ModelRunRegistered(**fact, handle=item.handle, model=model, **await told(record, unit)))


async def _document(event: RecordLodged, unit: RegistryUnit) -> str:
    if event.document is None:
        return ""
    return (await collect(unit.house.files.get(event.document.key), DOCUMENT_LIMIT)).decode()
