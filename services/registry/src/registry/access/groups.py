"""What commands make of groups. Whoever joins or leaves one has what it grants, or has it not, from then on."""

from typing import Any

from pydantic import ValidationError

from chassis.problems import field_of
from chassis.refusal import Refusal, refuse
from contracts.groups import (
    AddGroup,
    AddMember,
    GroupAdded,
    GroupRemoved,
    GroupsImported,
    GroupUpdated,
    GroupWithMembers,
    ImportGroups,
    MemberAdded,
    MembersRemoved,
    RemoveGroup,
    RemoveMembers,
    UpdateGroup,
)
from contracts.message import Command
from contracts.problem import FieldError
from registry.access.importing import Mode, forbidden, plan
from registry.entries import checks
from registry.entries.asking import caller_of, must_be, read, tenant_of
from registry.unit import RegistryUnit

WRITE, ADMIN = "sys-admin-write", "sys-admin-admin"
TOLD = 100
"""Failures that are told."""
LONGEST = 200
"""Characters of a group's id."""


async def add_group(command: AddGroup, unit: RegistryUnit) -> None:
    """Make a group."""
    said = _allowed(command, WRITE, group=command.group.model_dump(mode="json"))
    if not await unit.groups.add(command.group):
        raise refuse("registry:duplicate-group", f"there is a group {command.group.id} already", _id("is taken"))
    await unit.publish(GroupAdded(**said, group=command.group))


async def update_group(command: UpdateGroup, unit: RegistryUnit) -> None:
    """Describe a group anew."""
    said = _allowed(command, WRITE, group=command.group.model_dump(mode="json"))
    if await unit.groups.hold(command.group.id) is None:
        raise nobody(command.group.id)
    await unit.groups.put(command.group)
    await unit.publish(GroupUpdated(**said, group=command.group))


async def remove_group(command: RemoveGroup, unit: RegistryUnit) -> None:
    """Remove a group."""
    said = _allowed(command, ADMIN, group=command.group)
    if await unit.groups.hold(command.group) is None:
        raise nobody(command.group)
    await unit.groups.remove([command.group])
    await unit.publish(GroupRemoved(**said, group=command.group))


async def add_member(command: AddMember, unit: RegistryUnit) -> None:
    """Put somebody into a group."""
    said = _allowed(command, WRITE, group=command.group, member=command.member.model_dump())
    if await unit.groups.hold(command.group) is None:
        raise nobody(command.group)
    if not await unit.groups.join(command.group, command.member):
        detail = f"{command.member.username} is in {command.group} already"
        raise refuse("registry:already-member", detail, FieldError(detail=detail, field="username"))
    await unit.publish(MemberAdded(**said, group=command.group, member=command.member))


async def remove_members(command: RemoveMembers, unit: RegistryUnit) -> None:
    """Take people out of a group, all of them or nobody."""
    said = _allowed(command, WRITE, group=command.group, usernames=command.usernames)
    if await unit.groups.hold(command.group) is None:
        raise nobody(command.group)
    gone = await unit.groups.leave(command.group, command.usernames)
    if strangers := sorted(set(command.usernames) - gone):
        detail = f"not in {command.group}: {', '.join(strangers[:5])}"
        raise refuse("registry:not-a-member", detail, FieldError(detail=detail, field="username"))
    await unit.publish(MembersRemoved(**said, group=command.group, usernames=command.usernames))


async def import_groups(command: ImportGroups, unit: RegistryUnit) -> None:
    """Bring groups in, or say what would come of it."""
    said = _allowed(command, ADMIN)
    given = await read(command.items, unit, unit.import_limit, "items")
    if not isinstance(given, list):
        raise refuse("gateway:invalid", "items is no list", FieldError(detail="no list", field="items"))
    await unit.groups.freeze()
    there = [group.id for group in await unit.groups.listed()]
    brought, failures = _parse(given)
    mode, names = Mode(command.mode), [_name(place, one) for place, one in enumerate(given)]
    if why := forbidden(mode, there, names, deletion=command.allow_entry_deletion):
        raise refuse("registry:import-refused", why, FieldError(detail=why, field="import_mode"))
    doing = plan(mode, there, names)
    if not failures and not command.trial_mode:
        await unit.groups.remove(doing.delete | doing.overwrite)
        await unit.groups.add_all(brought)
    fact = GroupsImported(**said, trial_mode=command.trial_mode, failures=tuple(failures[:TOLD]), **doing.figures)
    await unit.publish(fact)


def _parse(given: list[Any]) -> tuple[list[GroupWithMembers], list[tuple[str, str]]]:
    brought, failures, seen = [], [], set[str]()
    for place, one in enumerate(given):
        name = _name(place, one)
        wrong = next((f"{error.field}: {error.detail}" for error in checks.storable(one)), None)
        try:
            group = None if wrong else GroupWithMembers.model_validate(one)
        except ValidationError as error:
            first = error.errors()[0]
            group, wrong = None, f"{field_of(first['loc'])}: {first['msg']}"
        if group is not None and len({user.username for user in group.users}) < len(group.users):
            wrong = "users: somebody is in it twice"
        if name in seen:
            wrong = "is given more than once"
        seen.add(name)
        if wrong:
            failures.append((wrong[:500], ascii(name)[1:-1]))
        elif group is not None:
            brought.append(group)
    return brought, failures


def _name(place: int, given: Any) -> str:
    found = given.get("id") if isinstance(given, dict) else None
    return found if isinstance(found, str) and 0 < len(found) <= LONGEST else f"#{place}"


def _allowed(command: Command, role: str, **written: Any) -> dict[str, Any]:
    """What every fact says of the order behind it, if whoever gives it may."""
    caller = caller_of(command)
    must_be(caller, role)
    checks.texts(**written)
    return {"job": command.job, "tenant": tenant_of(command, caller), "caller": command.caller}


def nobody(group: str) -> Refusal:
    """The refusal that there is no such group."""
    return refuse("registry:no-such-group", f"there is no group {group}", _id("no such group"))


def _id(detail: str) -> FieldError:
    return FieldError(detail=detail, field="id")
