"""What commands do around what entries say: locks, access, removal."""

from chassis.refusal import refuse
from contracts.entries import AccessGranted, DeleteEntry, EntryCommand, EntryDeleted, EntryLocked, GrantAccess, LockEntry
from contracts.kinds import KINDS, Role
from contracts.problem import FieldError
from registry.access import links
from registry.entries import checks
from registry.entries.asking import Asking, answer, asking, must_be, told, writing
from registry.entries.model import Item
from registry.entries.queries import ADMIN
from registry.unit import RegistryUnit


async def lock_entry(command: LockEntry, unit: RegistryUnit) -> None:
    """Lock or unlock an entry, and keep that it was."""
    checks.texts(reason=command.reason)
    who, before = await _administered(command, unit)
    if before.locked == command.locked:
        kind = "registry:locked" if command.locked else "registry:not-locked"
        raise refuse(kind, f"{before.handle} is {'locked already' if command.locked else 'not locked'}")
    item, moment = before.lock(
        locked=command.locked, username=who.caller.name, email=who.caller.email, reason=command.reason, at=who.at
    )
    await unit.entries.put(item)
    await unit.entries.remember(item, moment)
    fact = answer(command, who, item.revision)
    await unit.publish(EntryLocked(**fact, entry=await told(item, unit), locked=item.locked))


async def grant_access(command: GrantAccess, unit: RegistryUnit) -> None:
    """Replace what an entry lets others do."""
    checks.texts(access=command.access.model_dump(mode="json"))
    who, before = await _administered(command, unit)
    if command.access.owner != before.access.owner:
        detail = f"{before.handle} belongs to {before.access.owner}, and stays theirs"
        raise refuse("registry:owner-changed", detail, FieldError(detail=detail, field="owner"))
    errors = [
        FieldError(detail=f"a {before.kind} has no role {role}", field=field)
        for field, roles in (("general", command.access.general), *(_group(*one) for one in command.access.groups.items()))
        for role in roles
        if role not in KINDS[before.kind].roles
    ]
    if errors:
        raise refuse("registry:unknown-role", f"{errors[0].field}: {errors[0].detail}", *errors)
    item = before.grant(command.access)
    await unit.entries.put(item)
    await unit.entries.grant(item)
    fact = answer(command, who, item.revision)
    await unit.publish(AccessGranted(**fact, entry=await told(item, unit), access=item.access))


async def delete_entry(command: DeleteEntry, unit: RegistryUnit) -> None:
    """Remove an entry with all that is kept of it; its versions stay a chain, a person's accounts are nobody's."""
    who = await asking(command, unit)
    must_be(who.caller, ADMIN)
    checks.texts(handle=command.handle)
    item = checks.there(await unit.entries.hold(command.handle), command.handle)
    checks.unlocked(item)
    checks.of_kind(item, command.entry_kind)
    checks.expected(item, command.expected_revision)
    await unit.entries.remove([item.handle])
    if item.versioning:
        await _close_gap(item.handle, item.versioning.previous_version, unit)
    for cleared in await links.forget(unit.session, [item.handle]):
        await unit.publish(cleared.model_copy(update={"caller": command.caller, "tenant": who.tenant}))
    fact = answer(command, who, item.revision + 1)
    await unit.publish(EntryDeleted(**fact, entry=await told(item, unit)))


async def _close_gap(gone: str, earlier: str | None, unit: RegistryUnit) -> None:
    """Let the versions on either side of one that is gone be neighbours; the chain has one head, and names what is there."""
    before = await unit.entries.hold(earlier) if earlier else None
    # asked for, since what was brought in may not know of the version that follows it
    later = await unit.entries.follower(gone)
    after = await unit.entries.hold(later) if later else None
    if after:
        await unit.entries.put(after.following(before.handle if before else None))
    if before and before.versioning and before.versioning.next_version == gone:
        await unit.entries.put(before.superseded(after.handle if after else None))


async def _administered(command: EntryCommand, unit: RegistryUnit) -> tuple[Asking, Item]:
    who = await writing(command, unit)
    checks.texts(handle=command.handle)
    item = checks.there(await unit.entries.hold(command.handle), command.handle)
    checks.of_kind(item, command.entry_kind)
    checks.may(item, who.reader, [Role.ADMIN])
    checks.expected(item, command.expected_revision)
    return who, item


def _group(group: str, roles: tuple[Role, ...]) -> tuple[str, tuple[Role, ...]]:
    return f"groups.{group}", roles
