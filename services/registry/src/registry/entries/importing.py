"""Entries brought in from where another registry wrote them out: looked at first, written all or not at all."""

from collections import Counter
from typing import Any

from pydantic import ValidationError

from chassis.problems import field_of
from chassis.refusal import refuse
from contracts.bundles import Bundle, unbundle
from contracts.entries import EntriesImported, ImportEntries
from contracts.kinds import KINDS
from contracts.problem import FieldError
from contracts.views import Stored
from registry.access import links
from registry.access.importing import Mode, forbidden, plan
from registry.entries import checks, queries
from registry.entries.asking import answer, asking, must_be, read
from registry.entries.model import Item
from registry.unit import RegistryUnit

TOLD = 100
"""Failures that are told; the rest is counted."""
LONGEST = 500
"""Characters of a handle."""
ALL = "all"
"""In the place of an item's id: a failure of several."""
Failures = list[tuple[str, str]]


async def import_entries(command: ImportEntries, unit: RegistryUnit) -> None:
    """Bring entries in, or say what would come of it."""
    who = await asking(command, unit)
    must_be(who.caller, queries.ADMIN)
    given = await read(command.items, unit, unit.import_limit, "items")
    if not isinstance(given, list):
        raise refuse("gateway:invalid", "items is no list", FieldError(detail="no list", field="items"))
    await unit.entries.freeze()
    brought, failures = _parse(given, who.tenant, strictly=command.parse_items)
    there = await queries.handles_and_kinds(unit.session)
    mode, names = Mode(command.mode), [_name(place, one) for place, one in enumerate(given)]
    if why := forbidden(mode, there, names, deletion=command.allow_entry_deletion):
        raise refuse("registry:import-refused", why, FieldError(detail=why, field="import_mode"))
    doing = plan(mode, there, names)
    failures += await _clashes(brought, unit, set(there) - doing.delete - doing.overwrite)
    told = failures[:TOLD]
    if len(failures) > TOLD:
        told.append((f"{len(failures) - TOLD} more", ALL))
    if not failures and not command.trial_mode:
        kinds = {stored.handle: stored.kind for stored in brought}
        # what becomes of another kind is gone, too: nothing that hung on it has a meaning for the new one
        gone = doing.delete | {handle for handle in doing.overwrite if kinds[handle] != there[handle]}
        await _write(brought, gone, unit)
        for cleared in await links.forget(unit.session, gone):
            await unit.publish(cleared.model_copy(update={"caller": command.caller, "tenant": who.tenant}))
    fact = answer(command, who)
    await unit.publish(EntriesImported(**fact, trial_mode=command.trial_mode, failures=tuple(told), **doing.figures))


def _name(place: int, given: Any) -> str:
    found = given.get("id") if isinstance(given, dict) else None
    return found if isinstance(found, str) and 0 < len(found) <= LONGEST else f"#{place}"


def _parse(given: list[Any], tenant: str, *, strictly: bool) -> tuple[list[Stored], Failures]:
    """The entries that can be read, and what is wrong with the others."""
    brought: list[Stored] = []
    failures: Failures = []
    for place, one in enumerate(given):
        name = _name(place, one)
        if errors := list(checks.storable(one)):
            failures.append((f"{errors[0].field}: {errors[0].detail}", ascii(name)[1:-1]))
            continue
        try:
            stored = unbundle(Bundle.model_validate(one), tenant)
            brought.append(_strict(stored) if strictly else stored)
        except ValidationError as error:
            first = error.errors()[0]
            failures.append((f"{field_of(first['loc'])}: {first['msg']}"[:500], name))
    counted = Counter(_name(place, one) for place, one in enumerate(given))
    failures += [("is given more than once", name) for name, times in counted.items() if times > 1]
    return brought, failures


def _strict(stored: Stored) -> Stored:
    """The entry with what its kind has, now and before; `ValidationError` if it has something else."""
    if stored.info is None:
        return stored
    kind = KINDS[stored.kind].info
    history = [
        moment.model_copy(update={"info": kind.model_validate(moment.info).model_dump(mode="json")})
        for moment in stored.history
    ]
    info = kind.model_validate(stored.info).model_dump(mode="json")
    return stored.model_copy(update={"info": info, "history": tuple(history)})


async def _clashes(brought: list[Stored], unit: RegistryUnit, staying: set[str]) -> Failures:
    """What cannot stand beside the rest: handles of workflows, two entries that follow the same one."""
    handles = [stored.handle for stored in brought]
    failures = [("is the handle of a workflow", handle) for handle in await unit.entries.of_workflows(handles)]
    followed = await queries.followed(unit.session, staying)
    for stored in brought:
        before = stored.versioning.previous_version if stored.versioning else None
        if before is None:
            continue
        other = followed.setdefault(before, stored.handle)
        if other != stored.handle:
            failures.append((f"follows {before}, as {other} does: a chain of versions has no fork", stored.handle))
    return failures


async def _write(brought: list[Stored], gone: frozenset[str], unit: RegistryUnit) -> None:
    await unit.entries.remove(gone)
    before = await queries.items(unit.session, [stored.handle for stored in brought])
    told = [(_item(stored, before.get(stored.handle)), stored.history, stored.locks[::-1]) for stored in brought]
    # in place: what belongs to an entry and is not written out, such as the files of a dataset, stays
    await unit.entries.replace_all([one for one in told if one[0].handle in before])
    await unit.entries.add_all([one for one in told if one[0].handle not in before])
    await unit.entries.reach([stored.handle for stored in brought])


def _item(stored: Stored, before: Item | None) -> Item:
    """An entry as it is kept; what was there before goes on in its tenant and its revisions."""
    last = max((moment.id for moment in stored.history), default=None)
    kept = {"tenant": before.tenant, "account": before.account, "revision": before.revision + 1} if before else {}
    return Item.model_validate({**stored.model_dump(), "last": last, **kept})
