"""Groups and their members."""

import json
from typing import Any

from contracts.access import (
    AssignLink,
    ClearLink,
)
from contracts.groups import (
    AddGroup,
    AddMember,
    Group,
    GroupsImported,
    ImportGroups,
    Member,
    RemoveGroup,
    RemoveMembers,
    UpdateGroup,
)

from .counter import Counter


def group(name: str = "g", display: str = "G", **more: Any) -> Group:
    """A group."""
    return Group(id=name, display_name=display, description="d", **more)


async def member(counter: Counter, *names: str, of: str = "g") -> None:
    """Put people into a group."""
    for name in names:
        await counter.admin.do(AddMember(group=of, member=Member(username=name, email=f"{name}@example.org")))


async def test_groups_are_made_described_and_removed(counter: Counter):
    """Empty at first; members stay when it is described anew; what is not there is refused."""
    admin = counter.admin

    assert (await admin.do(AddGroup(group=group(default_data_store_access=("metadata-read",))))).group.id == "g"
    assert await admin.no(AddGroup(group=group())) == "registry:duplicate-group"
    assert (await counter.ask("/groups/one", id="g"))["users"] == []
    await member(counter, "bob")
    await admin.do(UpdateGroup(group=group(display="New")))
    told = await counter.ask("/groups/one", id="g")
    assert (told["display_name"], told["default_data_store_access"], [one["username"] for one in told["users"]]) == (
        "New",
        None,
        ["bob"],
    )
    assert [one["id"] for one in (await counter.ask("/groups"))["items"]] == ["g"]
    await admin.do(RemoveGroup(group="g"))
    assert (await counter.ask("/groups/one", id="g"))["type"] == "urn:problem:registry:no-such-group"
    for order in (
        UpdateGroup(group=group()),
        RemoveGroup(group="g"),
        AddMember(group="g", member=Member(username="b")),
        RemoveMembers(group="g", usernames=("b",)),
    ):
        assert await admin.no(order) == "registry:no-such-group"


async def test_people_come_into_groups_and_leave_them(counter: Counter):
    """Nobody twice; several leave together or not at all."""
    admin = counter.admin
    for name in ("g", "h"):
        await admin.do(AddGroup(group=group(name)))
    await member(counter, "bob", "eve")
    await member(counter, "bob", of="h")

    assert await admin.no(AddMember(group="g", member=Member(username="bob"))) == "registry:already-member"
    assert [one["id"] for one in (await counter.ask("/groups", username="bob"))["items"]] == ["g", "h"]
    assert await admin.no(RemoveMembers(group="g", usernames=("bob", "stranger"))) == "registry:not-a-member"
    assert len((await counter.ask("/groups/one", id="g"))["users"]) == 2
    assert (await admin.do(RemoveMembers(group="g", usernames=("bob", "eve")))).subject == "registry.members-removed.v1"
    assert (await counter.ask("/groups", username="eve"))["items"] == []


async def test_only_administrators_order_groups(counter: Counter):
    """Writing is one role, removing and bringing in another."""
    writer = counter.other("w", "sys-admin-write")
    file = await counter.file(b"[]")

    for order in (AddGroup(group=group()), UpdateGroup(group=group()), ClearLink(username="x")):
        assert await counter.no(order) == "gateway:forbidden"
    await writer.do(AddGroup(group=group()))
    for order in (RemoveGroup(group="g"), ImportGroups(mode="ADD_ONLY", items=file)):
        assert await writer.no(order) == "gateway:forbidden"


async def test_names_that_no_database_keeps_are_refused(counter: Counter):
    """Of groups, members, persons."""
    await counter.admin.do(AddGroup(group=group()))

    for order in (
        AddGroup(group=group("a\x00")),
        AddMember(group="g", member=Member(username="a\x00")),
        RemoveMembers(group="g", usernames=("\x00",)),
        AssignLink(person="\x00"),
    ):
        assert await counter.admin.no(order) == "gateway:invalid"
    assert (await counter.ask("/links", username="\x00"))["status"] == 422


async def brought(counter: Counter, items: Any, mode: str = "ADD_OR_OVERWRITE", **more: Any) -> GroupsImported:
    """What came of bringing groups in."""
    file = await counter.file(json.dumps(items).encode())
    return await counter.admin.do(ImportGroups(mode=mode, items=file, trial_mode=False, **more))


async def test_groups_are_written_out_and_brought_in(counter: Counter):
    """By the modes of entries: in whole, tried first, or not at all."""
    await counter.admin.do(AddGroup(group=group()))
    await member(counter, "bob")
    before = (await counter.ask("/groups/export"))["items"]
    new = [*before, {"id": "h", "display_name": "H", "description": "", "users": [{"username": "eve"}]}]

    trial = await counter.admin.do(
        ImportGroups(mode="SYNC_ADD_OR_OVERWRITE", items=await counter.file(json.dumps(new).encode()))
    )
    assert (trial.old_size, trial.new_size, trial.added, trial.overwritten, trial.deleted) == (1, 2, 1, 1, 0)
    assert (await counter.ask("/groups/export"))["items"] == before
    await brought(counter, new)
    assert [one["id"] for one in (await counter.ask("/groups", username="eve"))["items"]] == ["h"]
    failed = await brought(counter, [*before, {"id": "bad"}, {"id": "h", **before[0], "users": before[0]["users"] * 2}, 3])
    assert {name for _, name in failed.failures} == {"bad", "g", "#3"}
    gone = await brought(counter, before, "SYNC_DELETION_ALLOWED", allow_entry_deletion=True)
    assert (gone.deleted, gone.overwritten) == (1, 1)
    assert (await counter.ask("/groups/export"))["items"] == before
