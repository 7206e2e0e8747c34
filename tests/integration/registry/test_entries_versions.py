"""Versions of entries, and the activities that tell of them."""

import asyncio

from chassis.refusal import Refusal
from contracts.access import ClearLink
from contracts.entries import (
    CreateEntry,
    DeleteEntry,
    RelodgeActivity,
    VersionEntry,
    WithdrawActivity,
)
from contracts.ids import uuid7
from contracts.kinds import Kind

from .counter import Counter, jobs, of, opened

READ, WRITE = "metadata-read", "metadata-write"


async def test_an_entry_with_versions_comes_with_the_activity_of_its_creation(counter: Counter):
    """In the same transaction: an entry of its own, two facts, and the job behind it visible on the item."""
    person, job = await counter.link(), jobs()

    *_, activity, created = await counter.all_of(CreateEntry(entry_kind=Kind.MODEL, info=of(Kind.MODEL), spinoff=job))

    assert (activity.subject, created.subject) == ("registry.activity-registered.v1", "registry.entry-created.v1")
    assert (activity.job, activity.item, activity.item_kind) == (job.lodge_job, created.entry.handle, Kind.MODEL)
    assert (activity.entry_kind, activity.person, activity.before) == (Kind.CREATE, person, None)
    assert (created.spinoff, created.activity, created.entry.create_job) == (job, activity.activity, job.register_job)
    seen = await counter.other("bob").see(activity.activity, kind="CREATE")
    assert seen["info"]["display_name"] == f"Created item {created.entry.handle}"
    assert (seen["info"]["created_item_id"], seen["owner"], seen["roles"]) == (created.entry.handle, "ada", [READ])
    assert len(seen["history"]) == 1
    item = await counter.see(created.entry.handle)
    assert item["create_job"] == str(job.register_job)
    assert item["versioning"] == {"previous_version": None, "version": 1, "reason": None, "next_version": None}


async def test_of_twenty_versions_at_once_one_is_made(counter: Counter):
    """A chain has no fork."""
    await counter.link()
    handle = await counter.make(Kind.MODEL)
    order = VersionEntry(handle=handle, entry_kind=Kind.MODEL, reason="r", spinoff=jobs())

    answers = await asyncio.gather(*(counter.do(order) for _ in range(20)), return_exceptions=True)

    refused = [one.problem.type for one in answers if isinstance(one, Refusal)]
    assert refused == ["urn:problem:registry:not-newest"] * 19
    assert len(await counter.names(kind="MODEL")) == 2
    assert len(await counter.names(kind="VERSION")) == 1


async def test_a_new_version_is_a_copy_of_ones_own(counter: Counter):
    """Its history begins anew, access is copied, the old one points to it and is otherwise as it was."""
    person = await counter.link()
    old = await counter.make(Kind.MODEL)
    bob = counter.other("bob")
    await bob.link()
    await counter.do(opened(old, READ, "admin"))
    before, job = await counter.see(old), jobs()

    *_, activity, made = await bob.all_of(VersionEntry(handle=old, entry_kind=Kind.MODEL, reason="faster", spinoff=job))

    new, after = await bob.see(made.entry.handle), await counter.see(old)
    assert (made.subject, made.spinoff, made.activity) == ("registry.entry-versioned.v1", job, activity.activity)
    assert new["versioning"] == {"previous_version": old, "version": 2, "reason": "faster", "next_version": None}
    assert (new["owner"], new["info"], new["version_job"], new["create_job"]) == (
        "bob",
        before["info"],
        str(job.register_job),
        None,
    )
    assert len(new["history"]) == 1
    assert f"id={old}" in new["history"][0]["reason"]
    assert (await bob.ask("/entries/settings", handle=made.entry.handle)) == {
        "owner": "bob",
        "general": [READ, "admin"],
        "groups": {},
    }
    assert after["versioning"]["next_version"] == made.entry.handle
    assert (after["history"], after["updated"]) == (before["history"], before["updated"])
    assert (activity.before, activity.item, activity.entry_kind, activity.job) == (
        old,
        made.entry.handle,
        Kind.VERSION,
        job.lodge_job,
    )
    assert activity.person != person
    told = (await bob.see(activity.activity))["info"]
    assert (told["from_item_id"], told["to_item_id"], told["new_version_number"], told["reason"]) == (
        old,
        made.entry.handle,
        2,
        "faster",
    )


async def test_deleting_a_version_lets_the_one_before_be_versioned_again(counter: Counter):
    """A chain ends at an entry that is there."""
    await counter.link()
    old = await counter.make(Kind.MODEL)
    order = VersionEntry(handle=old, entry_kind=Kind.MODEL, reason="r", spinoff=jobs())
    new = (await counter.do(order)).entry.handle

    await counter.admin.do(DeleteEntry(handle=new))

    assert (await counter.see(old))["versioning"]["next_version"] is None
    assert (await counter.do(order)).entry.versioning.previous_version == old


async def test_deleting_a_version_in_the_middle_makes_its_neighbours_neighbours(counter: Counter):
    """One head, and no handle in the chain that is gone; the first one can go, too."""
    await counter.link()
    chain = [await counter.make(Kind.MODEL)]
    for _ in range(2):
        order = VersionEntry(handle=chain[-1], entry_kind=Kind.MODEL, reason="r", spinoff=jobs())
        chain.append((await counter.do(order)).entry.handle)
    first, middle, last = chain

    async def places() -> list[tuple[str | None, str | None, int]]:
        found = [(await counter.see(one))["versioning"] for one in chain]
        return [(one["previous_version"], one["next_version"], one["version"]) for one in found]

    await counter.admin.do(DeleteEntry(handle=middle))
    chain.remove(middle)
    assert await places() == [(None, last, 1), (first, None, 3)]
    assert await counter.no(VersionEntry(handle=first, reason="r", spinoff=jobs())) == "registry:not-newest"

    await counter.admin.do(DeleteEntry(handle=first))
    chain.remove(first)
    assert await places() == [(None, None, 3)]
    assert (await counter.do(VersionEntry(handle=last, reason="r", spinoff=jobs()))).entry.versioning.version == 4


async def test_what_an_activity_tells_can_be_said_again(counter: Counter):
    """And be taken back: by administrators, of activities alone, as the owner's person; each time as a new revision."""
    person = await counter.link()
    first, _ = await counter.all_of(CreateEntry(entry_kind=Kind.MODEL, info=of(Kind.MODEL)))
    second, _ = await counter.all_of(VersionEntry(handle=first.item, reason="r", spinoff=jobs()))
    admin, job = counter.admin, uuid7()

    for said in (first, second):
        (again,) = await admin.all_of(RelodgeActivity(handle=said.activity, job=job))
        same = ("activity", "entry_kind", "item", "item_kind", "before")
        assert [getattr(again, name) for name in same] == [getattr(said, name) for name in same]
        assert (again.job, again.person, again.revision) == (job, person, said.revision + 1)
        (gone,) = await admin.all_of(WithdrawActivity(handle=said.activity, job=job))
        assert (gone.activity, gone.job, gone.revision) == (said.activity, job, again.revision + 1)

    assert await counter.no(WithdrawActivity(handle=first.activity)) == "gateway:forbidden"
    assert await admin.no(WithdrawActivity(handle=first.item)) == "registry:wrong-kind"
    order = RelodgeActivity(handle=first.activity)
    assert await counter.no(order) == "gateway:forbidden"
    assert await admin.no(RelodgeActivity(handle=first.item)) == "registry:wrong-kind"
    assert await admin.no(RelodgeActivity(handle="1/none")) == "registry:no-such-entry"
    await admin.do(ClearLink(username="ada"))
    assert await admin.no(order) == "registry:not-linked"
    await admin.do(DeleteEntry(handle=second.item))
    assert await admin.no(RelodgeActivity(handle=second.activity)) == "registry:no-such-entry"


async def test_a_chain_does_not_fork_where_the_old_one_does_not_know_of_the_new(counter: Counter):
    """As after an import of the old one alone."""
    await counter.link()
    old = await counter.make(Kind.MODEL)
    order = VersionEntry(handle=old, entry_kind=Kind.MODEL, reason="r", spinoff=jobs())
    await counter.do(order)
    async with counter.house.work() as unit:
        held = await unit.entries.hold(old)
        await unit.entries.put(held.superseded(None))

    assert await counter.no(order) == "registry:not-newest"
