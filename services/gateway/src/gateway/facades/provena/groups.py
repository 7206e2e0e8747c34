"""`/auth/groups`: groups and their members, for everybody and for administrators."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from chassis.carrying import kept
from chassis.refusal import refuse
from contracts.groups import (
    AddGroup,
    AddMember,
    Group,
    GroupWithMembers,
    ImportGroups,
    Member,
    RemoveGroup,
    RemoveMembers,
    UpdateGroup,
)
from contracts.message import Caller
from gateway.facades.provena.asking import asked
from gateway.facades.provena.doors import AsAnybody, AsSystemAdmin, AsSystemReader, AsSystemWriter, Here, done
from gateway.facades.provena.errors import DetailError, Soft, wrong
from gateway.facades.provena.printing import Body, badly, imported, well
from gateway.facades.provena.shapes import Import, Members
from gateway.unit import GatewayHouse

NONE = ("registry:no-such-group", "gateway:invalid")
Username = Annotated[str, Query(min_length=1, max_length=200)]
Id = Annotated[str | None, Query(max_length=200)]


def add(router: APIRouter) -> None:
    """Give the auth API its routes about groups."""
    user, admin = "/groups/user", "/groups/admin"
    for method, path, route, summary in (
        ("GET", f"{user}/list_groups", list_groups, "List groups"),
        ("GET", f"{user}/describe_group", describe, "Show a group"),
        ("GET", f"{user}/list_user_membership", own_groups, "List your groups"),
        ("GET", f"{user}/list_members", own_members, "List the members of a group of yours"),
        ("GET", f"{user}/check_membership", own_check, "Say whether you are in a group"),
        ("GET", f"{admin}/list_groups", list_groups_admin, "List groups"),
        ("GET", f"{admin}/describe_group", describe_admin, "Show a group"),
        ("GET", f"{admin}/list_user_membership", groups_of, "List somebody's groups"),
        ("GET", f"{admin}/list_members", members_of, "List the members of a group"),
        ("GET", f"{admin}/check_membership", check, "Say whether somebody is in a group"),
        ("POST", f"{admin}/add_member", add_member, "Put somebody into a group"),
        ("DELETE", f"{admin}/remove_member", remove_member, "Take somebody out of a group"),
        ("POST", f"{admin}/remove_members", remove_members, "Take people out of a group"),
        ("POST", f"{admin}/add_group", add_group, "Make a group"),
        ("PUT", f"{admin}/update_group", update_group, "Describe a group anew"),
        ("DELETE", f"{admin}/remove_group", remove_group, "Remove a group"),
        ("GET", f"{admin}/export", export, "Write the groups out"),
        ("POST", f"{admin}/import", bring, "Bring groups in"),
        ("POST", f"{admin}/restore_from_table", restore, "Bring groups in from a table"),
    ):
        router.add_api_route(path, route, methods=[method], summary=summary)


async def list_groups(caller: AsAnybody, house: Here) -> Body:
    """All groups, without their members."""
    return await _groups(house, caller)


async def list_groups_admin(caller: AsSystemReader, house: Here) -> Body:
    """All groups, without their members."""
    return await _groups(house, caller)


async def own_groups(caller: AsAnybody, house: Here) -> Body:
    """The groups that you are in."""
    return await _groups(house, caller, caller.name)


async def groups_of(caller: AsSystemReader, house: Here, username: Username) -> Body:
    """The groups that somebody is in."""
    return await _groups(house, caller, username)


async def describe(caller: AsAnybody, house: Here, id: str) -> Body:  # noqa: A002
    """A group without its members."""
    with Soft(NONE) as no:
        found = await _group(house, caller, id)
        return well(f"Found {id}.", group=found.model_dump(exclude={"users"}, mode="json"))
    return badly(no.detail, group=None)


async def describe_admin(caller: AsSystemReader, house: Here, id: str) -> Body:  # noqa: A002
    """A group without its members."""
    return await describe(caller, house, id)


async def own_members(caller: AsAnybody, house: Here, id: str) -> Body:  # noqa: A002
    """A group with its members, for them."""
    with Soft(NONE) as no:
        found = await _group(house, caller, id)
        if caller.name not in {one.username for one in found.users}:
            raise DetailError(401, f"You are not in {id}, so its members are not yours to see.")
        return well(f"Found {id}.", group=found.model_dump(mode="json"))
    return badly(no.detail, group=None)


async def members_of(caller: AsSystemReader, house: Here, id: Id = None, username: Id = None) -> Body:  # noqa: A002
    """A group with its members; with `username`, which a client sends here by mistake, somebody's groups."""
    if id is None:
        if username is None:
            raise wrong("Field required", "query", "id", kind="missing")
        return {**await _groups(house, caller, username), "group": None}
    with Soft(NONE) as no:
        found = await _group(house, caller, id)
        return well(f"Found {id}.", group=found.model_dump(mode="json"))
    return badly(no.detail, group=None)


async def own_check(caller: AsAnybody, house: Here, group_id: Id = None, id: Id = None) -> Body:  # noqa: A002
    """Whether you are in a group, which a client calls `id`."""
    return await _check(house, caller, group_id or id, caller.name)


async def check(caller: AsSystemReader, house: Here, username: Username, group_id: Id = None, id: Id = None) -> Body:  # noqa: A002
    """Whether somebody is in a group."""
    return await _check(house, caller, group_id or id, username)


async def add_member(member: Member, caller: AsSystemWriter, house: Here, group_id: Username) -> Body:
    """Put somebody into a group."""
    await done(house, caller, AddMember(group=group_id, member=member))
    return well(f"{member.username} is in {group_id}.")


async def remove_member(caller: AsSystemWriter, house: Here, group_id: Username, username: Username) -> Body:
    """Take somebody out of a group."""
    await done(house, caller, RemoveMembers(group=group_id, usernames=(username,)))
    return well(f"{username} is not in {group_id} any more.")


async def remove_members(told: Members, caller: AsSystemWriter, house: Here) -> Body:
    """Take people out of a group, all or nobody."""
    await done(house, caller, RemoveMembers(group=told.group_id, usernames=tuple(told.member_usernames)))
    return well(f"{len(told.member_usernames)} people are not in {told.group_id} any more.")


async def add_group(group: Group, caller: AsSystemWriter, house: Here) -> Body:
    """Make a group, which is empty."""
    await done(house, caller, AddGroup(group=group))
    return well(f"There is a group {group.id}.")


async def update_group(group: Group, caller: AsSystemWriter, house: Here) -> Body:
    """Describe a group anew; its members stay."""
    await done(house, caller, UpdateGroup(group=group))
    return well(f"{group.id} was changed.")


async def remove_group(caller: AsSystemAdmin, house: Here, id: Username) -> Body:  # noqa: A002
    """Remove a group."""
    await done(house, caller, RemoveGroup(group=id))
    return well(f"{id} was removed.")


async def export(caller: AsSystemAdmin, house: Here) -> Body:
    """Every group with its members."""
    return well("These are the groups.", **await asked(house, caller, "/groups/export"))


async def bring(wanted: Import, caller: AsSystemAdmin, house: Here) -> Body:
    """Bring groups in, or say what would come of it."""
    with Soft(["registry:import-refused"]) as no:
        settings: dict[str, Any] = wanted.model_dump(exclude={"import_mode", "items"})
        items = await kept(house.files, wanted.items)
        job = await done(house, caller, ImportGroups(mode=wanted.import_mode, items=items, **settings))
        return imported(job.result, wanted.items, registry=False)
    return badly(no.detail, trial_mode=wanted.trial_mode, statistics=None, failure_list=None)


async def restore(_caller: AsSystemAdmin) -> Body:
    """Refused: there are no tables besides."""
    raise refuse("gateway:not-yet", "There is no table to restore from here: bring the groups in with /groups/admin/import.")


async def _groups(house: GatewayHouse, caller: Caller, username: str | None = None) -> Body:
    found = await asked(house, caller, "/groups", username=username)
    return well(f"Found {len(found['items'])} groups.", groups=found["items"])


async def _group(house: GatewayHouse, caller: Caller, group: str) -> GroupWithMembers:
    return GroupWithMembers.model_validate(await asked(house, caller, "/groups/one", id=group))


async def _check(house: GatewayHouse, caller: Caller, group: str | None, username: str) -> Body:
    if group is None:
        raise wrong("Field required", "query", "group_id", kind="missing")
    with Soft(NONE) as no:
        found = await _group(house, caller, group)
        there = username in {one.username for one in found.users}
        return well(f"{username} is {'' if there else 'not '}in {group}.", is_member=there)
    return badly(no.detail, is_member=None)
