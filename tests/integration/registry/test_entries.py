"""Entries made, changed, reverted and removed, with what is said of it."""

import asyncio
import json

import pytest

from contracts.entries import (
    CreateEntry,
    DeleteEntry,
    LockEntry,
    RevertEntry,
    UpdateEntry,
)
from contracts.kinds import Kind

from .counter import HANDLERS, Counter, jobs, of

READ, WRITE = "metadata-read", "metadata-write"


async def test_an_entry_is_seen_as_it_was_registered(counter: Counter):
    """With its history, its reader's roles and general access; nobody has to be linked for an organisation."""
    fact = await counter.do(CreateEntry(entry_kind=Kind.ORGANISATION, info=of(Kind.ORGANISATION)))

    seen = await counter.other("bob").see(fact.entry.handle)

    assert fact.subject == "registry.entry-created.v1"
    assert (seen["info"]["name"], seen["roles"], seen["locked"], seen["owner"]) == ("CSIRO", [READ], False, "ada")
    assert [(one["id"], one["reason"], one["username"]) for one in seen["history"]] == [(0, "Initial record creation", "ada")]
    assert seen["history"][0]["info"] == seen["info"]
    assert (seen["versioning"], fact.spinoff, fact.activity) == (None, None, None)


async def test_urls_stay_as_they_were_written(counter: Counter):
    """They are checked, not rewritten."""
    handle = await counter.make(Kind.ORGANISATION, ror="https://ror.org")

    assert (await counter.see(handle))["info"]["ror"] == "https://ror.org"


async def test_a_refusal_leaves_nothing(counter: Counter):
    """Neither the entry nor its activity."""
    await counter.link()
    with pytest.raises(RuntimeError):
        async with counter.house.work() as unit:
            order = CreateEntry(entry_kind=Kind.MODEL, info=of(Kind.MODEL), caller=counter.caller, tenant="~ada")
            await HANDLERS[CreateEntry](order, unit)
            raise RuntimeError

    assert await counter.names(kind="MODEL") == []
    assert await counter.names(kind="CREATE") == []


async def test_a_seed_is_described_later(counter: Counter):
    """Its history begins then, no reason is needed, and the activity is written then."""
    await counter.link()
    handle = await counter.seed(Kind.MODEL)
    before = await counter.see(handle)
    job = jobs()

    *_, activity, created = await counter.all_of(
        UpdateEntry(handle=handle, entry_kind=Kind.MODEL, info=of(Kind.MODEL), spinoff=job)
    )

    assert (before["info"], before["history"]) == (None, [])
    assert (created.subject, created.spinoff, created.activity) == ("registry.entry-created.v1", job, activity.activity)
    after = await counter.see(handle)
    assert [(one["id"], one["reason"]) for one in after["history"]] == [(0, "Initial record creation")]
    assert (after["create_job"], after["created"]) == (str(job.register_job), before["created"])


async def test_an_update_replaces_everything_and_remembers(counter: Counter):
    """What is left out becomes null; the history says who and why, newest first; owner, times and jobs stay."""
    handle = await counter.make(Kind.ORGANISATION, user_metadata={"a": "b"})
    before = await counter.see(handle)

    fact = await counter.do(
        UpdateEntry(handle=handle, entry_kind=Kind.ORGANISATION, info={"display_name": "n", "name": "N"}, reason="shorter")
    )

    assert fact.subject == "registry.entry-updated.v1"
    assert fact.revision == fact.entry.revision == before["revision"] + 1
    after = await counter.see(handle)
    assert after["info"] == {"display_name": "n", "user_metadata": None, "name": "N", "ror": None}
    assert [(one["id"], one["reason"]) for one in after["history"]] == [(1, "shorter"), (0, "Initial record creation")]
    assert after["history"][1]["info"] == before["info"]
    assert [after[name] for name in ("created", "owner", "create_job")] == [
        before[n] for n in ("created", "owner", "create_job")
    ]


async def test_a_revert_says_again_what_was_said_and_the_history_goes_on(counter: Counter):
    """It never deletes."""
    handle = await counter.make(Kind.ORGANISATION, name="first")
    await counter.say(handle, Kind.ORGANISATION, name="second")

    await counter.do(RevertEntry(handle=handle, entry_kind=Kind.ORGANISATION, history_id=0, reason="was better"))

    seen = await counter.see(handle)
    assert seen["info"]["name"] == "first"
    assert [(one["id"], one["reason"]) for one in seen["history"]] == [
        (2, "(Restoring to v0) was better"),
        (1, "because"),
        (0, "Initial record creation"),
    ]


async def test_large_information_travels_as_a_file_both_ways(counter: Counter):
    """The order names a file, the fact names a file, the entry is whole."""
    info = of(Kind.ORGANISATION, user_metadata={str(n): "x" * 1000 for n in range(400)})
    file = await counter.file(json.dumps(info).encode())

    fact = await counter.do(CreateEntry(entry_kind=Kind.ORGANISATION, info_file=file))

    assert fact.entry.info is None
    assert fact.entry.info_file.size > 400_000
    assert (await counter.see(fact.entry.handle))["info"]["user_metadata"] == info["user_metadata"]


async def test_fifty_updates_at_once_lose_nothing(counter: Counter):
    """Every one is in the history, under a place of its own."""
    handle = await counter.make(Kind.ORGANISATION)

    await asyncio.gather(*(counter.say(handle, Kind.ORGANISATION, reason=f"r{n}", name=f"n{n}") for n in range(50)))

    history = (await counter.see(handle))["history"]
    assert [one["id"] for one in history] == list(range(50, -1, -1))
    assert {one["reason"] for one in history} == {"Initial record creation", *(f"r{n}" for n in range(50))}


async def test_a_seen_revision_can_be_insisted_on(counter: Counter):
    """Who has not seen the last change is told so."""
    handle = await counter.make(Kind.ORGANISATION)
    order = UpdateEntry(
        handle=handle, entry_kind=Kind.ORGANISATION, info=of(Kind.ORGANISATION), reason="r", expected_revision=1
    )

    assert (await counter.do(order)).revision == 2
    assert await counter.no(order) == "registry:changed-meanwhile"


async def test_deleting_removes_all_of_an_entry(counter: Counter):
    """History, access, locks and words are gone; only administrators may; the lock holds; its handle is never given again."""
    handle = await counter.make(Kind.ORGANISATION, name="Unmistakable")
    await counter.do(LockEntry(handle=handle, locked=True, reason="r"))
    admin = counter.admin

    assert await counter.no(DeleteEntry(handle=handle)) == "gateway:forbidden"
    assert await admin.no(DeleteEntry(handle=handle)) == "registry:locked"
    await counter.do(LockEntry(handle=handle, locked=False, reason="r"))
    fact = await admin.do(DeleteEntry(handle=handle))

    assert (fact.subject, fact.entry.handle) == ("registry.entry-deleted.v1", handle)
    assert (await counter.see(handle))["type"] == "urn:problem:registry:no-such-entry"
    assert (await counter.ask("/entries/search", query="unmistakable"))["items"] == []
    assert (await counter.ask("/entries/access", "POST", {"ids": [handle]})) == {"roles": {}, "kinds": {}}
    from sqlalchemy import text

    async with counter.house.work() as unit:
        for table in ("entry_history", "entry_grants", "entry_locks", "entry_words"):
            assert await unit.session.scalar(text(f"select count(*) from registry.{table}")) == 0
    assert await admin.no(DeleteEntry(handle=handle)) == "registry:no-such-entry"
    assert await counter.make(Kind.ORGANISATION) != handle


async def test_the_schema_of_a_kind_can_be_had(counter: Counter):
    """As JSON Schema."""
    found = (await counter.ask("/entries/schema", kind="PERSON"))["json_schema"]

    assert {"email", "first_name", "last_name", "display_name"} <= set(found["required"])
