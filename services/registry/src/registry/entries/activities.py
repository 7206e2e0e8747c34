"""The activities that tell of an entry's creation and versions: entries themselves, written in the same transaction."""

from collections.abc import Mapping
from typing import Any

from chassis.refusal import refuse
from contracts.entries import ActivityRegistered, ActivityWithdrawn, RelodgeActivity, Spinoff, WithdrawActivity
from contracts.kinds import KINDS, Kind
from contracts.message import Command
from registry.access import links
from registry.entries import checks, model, queries
from registry.entries.asking import Asking, answer, asking, must_be
from registry.entries.model import Item
from registry.entries.queries import ADMIN
from registry.unit import RegistryUnit


async def note_creation(item: Item, job: Spinoff | None, command: Command, who: Asking, unit: RegistryUnit) -> str | None:
    """Write that an entry was created, if its kind tells that; the handle of it.

    Who gives orders past the gateway has no jobs behind it, and none is named.
    """
    if not KINDS[item.kind].versioned:
        return None
    info = {"display_name": f"Created item {item.handle}", "user_metadata": None, "created_item_id": item.handle}
    return await _note(Kind.CREATE, info, item, job, command, who, unit)


async def note_version(item: Item, job: Spinoff, command: Command, who: Asking, unit: RegistryUnit) -> str:
    """Write that an entry became a new version; the handle of that."""
    if item.versioning is None:
        msg = f"{item.handle} has no versions"
        raise ValueError(msg)
    before = item.versioning.previous_version
    info = {
        "display_name": f"Versioned item {before} to {item.handle}",
        "user_metadata": None,
        "reason": item.versioning.reason,
        "from_item_id": before,
        "to_item_id": item.handle,
        "new_version_number": item.versioning.version,
    }
    return await _note(Kind.VERSION, info, item, job, command, who, unit)


async def relodge_activity(command: RelodgeActivity, unit: RegistryUnit) -> None:
    """Say again what an activity tells; it is the person's whose account owns it."""
    who, found = await _administered(command, unit)
    activity = checks.there(found, command.handle)
    told = checks.shape(activity.kind, checks.complete(activity))
    made = told["created_item_id"] if activity.kind is Kind.CREATE else told["to_item_id"]
    item = checks.there((await queries.items(unit.session, [made])).get(made), made)
    person = await links.person_of(unit.session, activity.owner)
    if person is None:
        raise refuse("registry:not-linked", f"{activity.owner}, who owns {activity.handle}, is linked to no person")
    await unit.publish(_fact(activity, item, person, answer(command, who, await unit.entries.state(activity.handle))))


async def withdraw_activity(command: WithdrawActivity, unit: RegistryUnit) -> None:
    """Let an activity tell nothing any more; an entry that it has stays, so that it can be lodged again."""
    who, activity = await _administered(command, unit)
    if activity is None and not await unit.entries.tells(command.handle):
        checks.there(activity, command.handle)
    revision = await unit.entries.state(command.handle, withdrawn=True)
    await unit.publish(ActivityWithdrawn(**answer(command, who, revision), activity=command.handle))


async def _administered(command: RelodgeActivity | WithdrawActivity, unit: RegistryUnit) -> tuple[Asking, Item | None]:
    """Who asks, and the entry of the activity if it is still there."""
    who = await asking(command, unit)
    must_be(who.caller, ADMIN)
    checks.texts(handle=command.handle)
    activity = await unit.entries.hold(command.handle)
    if activity is not None and activity.kind not in {Kind.CREATE, Kind.VERSION}:
        raise refuse("registry:wrong-kind", f"{activity.handle} is a {activity.kind}, and tells of no creation or version")
    return who, activity


async def _note(
    kind: Kind, info: Mapping[str, object], item: Item, job: Spinoff | None, command: Command, who: Asking, unit: RegistryUnit
) -> str:
    activity, moment = model.create(await unit.entries.mint(), kind, info, **who.by)
    await unit.entries.add(activity, moment)
    said = answer(command, who, await unit.entries.state(activity.handle)) | {"job": job.lodge_job if job else None}
    await unit.publish(_fact(activity, item, who.person, said))
    return activity.handle


def _fact(activity: Item, item: Item, person: str | None, said: dict[str, Any]) -> ActivityRegistered:
    return ActivityRegistered(
        **said,
        activity=activity.handle,
        entry_kind=activity.kind,
        item=item.handle,
        item_kind=item.kind,
        before=(activity.info or {}).get("from_item_id"),
        person=person,
    )
