"""What commands make of entries. Each checks in Provena's order, because that decides which refusal is heard."""

from collections.abc import Mapping
from typing import Any

from chassis.refusal import refuse
from contracts.entries import (
    CreateEntry,
    EntryCommand,
    EntryCreated,
    EntrySeeded,
    EntryUpdated,
    EntryVersioned,
    RevertEntry,
    SeedEntry,
    Spinoff,
    UpdateEntry,
    VersionEntry,
)
from contracts.kinds import KINDS, WRITING, Kind, Role
from contracts.message import Command
from contracts.problem import FieldError
from registry.entries import checks, model
from registry.entries.activities import note_creation, note_version
from registry.entries.asking import Asking, answer, info_of, told, writing
from registry.entries.model import Item
from registry.unit import RegistryUnit

OURS = frozenset({Kind.MODEL_RUN, Kind.CREATE, Kind.VERSION})
"""The registry writes these itself."""
DATA_WRITING = WRITING | {Role.DATA_WRITE}
"""Who may describe a dataset's data anew where storage and release stay."""


async def seed_entry(command: SeedEntry, unit: RegistryUnit) -> None:
    """Give a handle to what is described later."""
    who = await _writer(command.entry_kind, command, unit)
    item = model.seed(await unit.entries.mint(), command.entry_kind, **who.by)
    await unit.entries.add(item)
    await unit.publish(EntrySeeded(**answer(command, who, item.revision), entry=await told(item, unit)))


async def create_entry(command: CreateEntry, unit: RegistryUnit) -> None:
    """Register an entry, with the activity that tells of it if its kind has versions."""
    who = await _writer(command.entry_kind, command, unit)
    await register(command.entry_kind, await info_of(command, unit), command, who, unit, command.spinoff)


async def register(
    kind: Kind, told_of: Mapping[str, Any], command: Command, who: Asking, unit: RegistryUnit, spinoff: Spinoff | None = None
) -> Item:
    """Write an entry that says this, and say so to whoever gave the order."""
    info = await checks.checked(unit.session, kind, told_of)
    handle = await unit.entries.mint()
    item, moment = model.create(handle, kind, model.placed(kind, handle, info, unit.dataset_bucket), **who.by)
    job = spinoff if KINDS[kind].versioned else None
    if job:
        item = item.started(job)
    await unit.entries.add(item, moment)
    activity = await note_creation(item, job, command, who, unit)
    entry = await told(item, unit)
    await unit.publish(EntryCreated(**answer(command, who, item.revision), entry=entry, spinoff=job, activity=activity))
    return item


async def update_entry(command: UpdateEntry, unit: RegistryUnit) -> None:
    """Replace what an entry says; a seed is created by it."""
    checks.texts(reason=command.reason)
    who, found, kind = await _held(command, unit)
    given = await info_of(command, unit)
    if command.keep_storage:
        given = _kept(given, checks.there(found, command.handle))
    info = await checks.checked(unit.session, kind, given)
    before = _standing(command, found)
    checks.may(before, who.reader, DATA_WRITING if command.keep_storage else WRITING)
    if not before.seed and not command.reason:
        detail = f"{before.handle} says something already: say why it is to say something else"
        raise refuse("registry:reason-needed", detail, FieldError(detail="a reason is needed", field="reason"))
    checks.expected(before, command.expected_revision)
    info = model.placed(kind, before.handle, info, unit.dataset_bucket, before.info)
    item, moment = before.describe(info, who.caller.name, who.at, command.reason)
    job = command.spinoff if before.seed and KINDS[kind].versioned else None
    if job:
        item = item.started(job)
    await unit.entries.put(item, moment)
    fact = answer(command, who, item.revision)
    if not before.seed:
        await unit.publish(EntryUpdated(**fact, entry=await told(item, unit)))
        return
    activity = await note_creation(item, job, command, who, unit)
    await unit.publish(EntryCreated(**fact, entry=await told(item, unit), spinoff=job, activity=activity))


async def revert_entry(command: RevertEntry, unit: RegistryUnit) -> None:
    """Let an entry say again what it said; its history goes on."""
    checks.texts(reason=command.reason, history_id=command.history_id)
    who, found, kind = await _held(command, unit)
    if found is not None:
        checks.unlocked(found)
    before = checks.there(found, command.handle)
    now = checks.complete(before)
    checks.of_kind(before, command.entry_kind)
    checks.may(before, who.reader, DATA_WRITING if command.keep_storage else WRITING)
    checks.expected(before, command.expected_revision)
    past = await unit.entries.moment(before.handle, command.history_id)
    if past is None:
        detail = f"the history of {before.handle} has no place {command.history_id}"
        raise refuse("registry:no-such-history", detail, FieldError(detail="no such place", field="history_id"))
    said, reason = past.info, f"(Restoring to v{past.id}) {command.reason}"
    if command.keep_storage:
        said = _kept({**now, "collection_format": said.get("collection_format")}, before)
        reason = f"Reverting to history id {past.id}: {command.reason}"
    checked = await checks.checked(unit.session, kind, said)
    info = model.placed(kind, before.handle, checked, unit.dataset_bucket, now)
    item, moment = before.describe(info, who.caller.name, who.at, reason)
    await unit.entries.put(item, moment)
    await unit.publish(EntryUpdated(**answer(command, who, item.revision), entry=await told(item, unit)))


async def version_entry(command: VersionEntry, unit: RegistryUnit) -> None:
    """Make the next version of the newest one; who comes second is refused."""
    checks.texts(reason=command.reason)
    who, found, kind = await _held(command, unit)
    before = checks.there(found, command.handle)
    checks.shape(before.kind, checks.complete(before))
    checks.of_kind(before, command.entry_kind)
    if not KINDS[kind].versioned or before.versioning is None:
        raise refuse("registry:wrong-kind", f"{before.handle} is a {kind}, which has no versions")
    checks.may(before, who.reader, [Role.ADMIN])
    checks.expected(before, command.expected_revision)
    # what was brought in may not know of the version that follows it
    follower = before.versioning.next_version or await unit.entries.follower(before.handle)
    if follower is not None:
        raise refuse("registry:not-newest", f"{before.handle} has a next version, {follower}")
    by = {**who.by, "reason": command.reason, "job": command.spinoff, "bucket": unit.dataset_bucket}
    item, moment = before.next_version(await unit.entries.mint(), **by)
    await unit.entries.put(before.superseded(item.handle))
    await unit.entries.add(item, moment)
    activity = await note_version(item, command.spinoff, command, who, unit)
    entry = await told(item, unit)
    fact = answer(command, who, item.revision)
    await unit.publish(EntryVersioned(**fact, entry=entry, spinoff=command.spinoff, activity=activity))


async def _writer(kind: Kind, command: SeedEntry | CreateEntry, unit: RegistryUnit) -> Asking:
    who = await writing(command, unit)
    _not_ours(kind)
    who.linked(kind)
    return who


async def _held(command: EntryCommand, unit: RegistryUnit) -> tuple[Asking, Item | None, Kind]:
    """Who asks, the entry if there is one, and the kind that counts; accounts that must be linked are."""
    who = await writing(command, unit)
    checks.texts(handle=command.handle)
    found = await unit.entries.hold(command.handle)
    kind = command.entry_kind or checks.there(found, command.handle).kind
    _not_ours(found.kind if found else kind)
    who.linked(kind)
    return who, found, kind


def _standing(command: EntryCommand, found: Item | None) -> Item:
    item = checks.there(found, command.handle)
    checks.unlocked(item)
    checks.of_kind(item, command.entry_kind)
    return item


def _not_ours(kind: Kind) -> None:
    if kind in OURS:
        raise refuse("registry:wrong-kind", f"a {kind} is written by the registry itself")


def _kept(info: dict[str, Any], before: Item) -> dict[str, Any]:
    kept = model.keep_storage(info, before.info)
    try:
        return model.shown(kept)
    except (AttributeError, KeyError, TypeError):
        return kept  # has not the shape of a dataset; that is said soon
