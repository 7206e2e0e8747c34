"""Who may do what with an entry: roles, settings, locks; and what many entries allow, asked at once."""

import asyncio

import pytest

from chassis.refusal import Refusal
from contracts.entries import (
    Access,
    CreateEntry,
    GrantAccess,
    LockEntry,
    RevertEntry,
    SeedEntry,
    UpdateEntry,
    VersionEntry,
)
from contracts.kinds import Kind, Role
from contracts.message import Command
from contracts.model_runs import Association, LinkStudy, ModelRunRecord, RegisterModelRun, UndoModelRun, UpdateModelRun

from .counter import Counter, jobs, opened

ADMINISTRATOR = "entity-registry-admin"
READ, WRITE, ADMIN = Role.METADATA_READ, Role.METADATA_WRITE, Role.ADMIN


def grant(handle: str, *general: Role, owner: str = "ada", **groups: tuple[Role, ...]) -> GrantAccess:
    """An order to replace access settings."""
    return GrantAccess(handle=handle, access=Access(owner=owner, general=general, groups=groups))


async def test_access_settings_are_replaced_by_whoever_administers(counter: Counter):
    """Everybody, and each group; a role once; an empty group stays named; unknown groups are not looked up."""
    handle, bob = await counter.make(Kind.ORGANISATION), counter.other("bob")

    assert await bob.no(grant(handle, READ)) == "registry:no-access"
    fact = await counter.do(grant(handle, READ, ADMIN, READ, one=(WRITE, READ), two=()))

    told = {
        "owner": "ada",
        "general": ["metadata-read", "admin"],
        "groups": {"one": ["metadata-write", "metadata-read"], "two": []},
    }
    assert (fact.subject, fact.access.model_dump(mode="json")) == ("registry.access-granted.v1", told)
    assert await bob.ask("/entries/settings", handle=handle) == told
    assert (await bob.do(grant(handle))).access.general == ()
    assert (await bob.ask("/entries/settings", handle=handle))["status"] == 403


async def test_the_owner_stays_and_roles_are_the_kinds_own(counter: Counter):
    """Both are refused by name; the kind of the route must be the entry's."""
    handle = await counter.make(Kind.ORGANISATION)

    assert await counter.no(grant(handle, READ, owner="bob")) == "registry:owner-changed"
    assert await counter.no(grant(handle, Role.DATA_READ)) == "registry:unknown-role"
    assert await counter.no(grant(handle, g=(Role.DATA_WRITE,))) == "registry:unknown-role"
    wrong = grant(handle, READ).model_copy(update={"entry_kind": Kind.PERSON})
    assert await counter.no(wrong) == "registry:wrong-kind"
    assert await counter.no(grant("1/none", READ)) == "registry:no-such-entry"
    assert await counter.no(grant(handle, READ, **{"a\x00": (READ,)})) == "gateway:invalid"


async def test_datasets_have_roles_of_their_own(counter: Counter):
    """And begin with more open to all."""
    await counter.link()
    handle = await counter.make_dataset(await counter.make(Kind.ORGANISATION))

    assert await counter.other("bob").ask("/entries/roles", handle=handle) == ["metadata-read", "dataset-data-read"]
    assert (await counter.do(grant(handle, Role.DATA_WRITE))).access.general == (Role.DATA_WRITE,)
    assert (await counter.other("bob").see(handle))["status"] == 403
    assert await counter.ask("/entries/roles", handle=handle) == [role.value for role in Role]


@pytest.mark.parametrize("role", [READ, WRITE, ADMIN])
async def test_each_of_three_roles_lets_one_read_and_none_implies_more(counter: Counter, role: Role):
    """What one has is what is granted."""
    handle = await counter.make(Kind.ORGANISATION)
    await counter.do(grant(handle, role))

    assert (await counter.other("bob").see(handle))["roles"] == [role.value]


async def test_roles_on_many_entries_are_asked_once(counter: Counter):
    """Those that do not exist are left out; more than a statement has parameters for is fine."""
    open_one, closed, seed = (
        await counter.make(Kind.ORGANISATION),
        await counter.make(Kind.PERSON),
        await counter.seed(Kind.PERSON),
    )
    await counter.do(grant(closed))
    ids = [open_one, closed, seed, *(f"1/none{n}" for n in range(40_000))]

    held = await counter.other("bob").ask("/entries/access", "POST", {"ids": ids})

    assert held["roles"] == {open_one: ["metadata-read"], closed: [], seed: ["metadata-read"]}
    assert held["kinds"] == {open_one: "ORGANISATION", closed: "PERSON", seed: "PERSON"}


async def test_locks_are_taken_given_back_and_remembered(counter: Counter):
    """By whoever administers; whoever reads sees how it came, newest first."""
    handle, bob = await counter.make(Kind.ORGANISATION), counter.other("bob")

    def lock(locked: bool, reason: str = "r") -> LockEntry:
        return LockEntry(handle=handle, locked=locked, reason=reason)

    assert await bob.no(lock(locked=True)) == "registry:no-access"
    assert await counter.no(lock(locked=False)) == "registry:not-locked"
    fact = await counter.do(lock(locked=True, reason="under review"))
    assert (fact.subject, fact.locked) == ("registry.entry-locked.v1", True)
    assert await counter.no(lock(locked=True)) == "registry:locked"
    assert (await bob.see(handle))["locked"] is True
    await counter.do(lock(locked=False, reason="done"))

    told = await bob.ask("/entries/locks", handle=handle)

    assert told["locked"] is False
    assert [(one["locked"], one["reason"], one["username"]) for one in told["history"]] == [
        (False, "done", "ada"),
        (True, "under review", "ada"),
    ]
    assert await counter.no(LockEntry(handle="1/none", locked=True, reason="r")) == "registry:no-such-entry"


async def test_of_ten_who_lock_one_does(counter: Counter):
    """The others hear that it is locked."""
    handle = await counter.make(Kind.ORGANISATION)
    order = LockEntry(handle=handle, locked=True, reason="r")

    answers = await asyncio.gather(*(counter.do(order) for _ in range(10)), return_exceptions=True)

    assert sum(isinstance(answer, Exception) for answer in answers) == 9
    assert len((await counter.ask("/entries/locks", handle=handle))["history"]) == 1


async def test_a_locked_entry_can_be_opened_to_others(counter: Counter):
    """Locks are about what it says."""
    handle = await counter.make(Kind.ORGANISATION)
    await counter.do(LockEntry(handle=handle, locked=True, reason="r"))

    assert (await counter.do(grant(handle))).subject == "registry.access-granted.v1"


async def test_what_one_may_not_read_says_no_more(counter: Counter):
    """Neither itself nor its locks."""
    handle = await counter.make(Kind.ORGANISATION)
    await counter.do(grant(handle))
    bob = counter.other("bob")

    for path in ("/entries", "/entries/locks", "/entries/settings"):
        assert (await bob.ask(path, handle=handle))["type"] == "urn:problem:registry:no-access"
        assert (await bob.ask(path, handle="1/none"))["type"] == "urn:problem:registry:no-such-entry"
        assert (await counter.ask(path, handle=handle, kind="PERSON"))["type"] == "urn:problem:registry:wrong-kind"
    assert await bob.ask("/entries/roles", handle=handle) == []


async def test_nobody_owns_an_entry_by_being_called_like_its_owner(counter: Counter):
    """An account is its name to log in with, or its issuer's own for it."""
    handle = await counter.make(Kind.ORGANISATION)
    namesake = Counter(counter.house, counter.caller.model_copy(update={"subject": "9e", "username": None}))

    assert await namesake.no(LockEntry(handle=handle, locked=True, reason="r")) == "registry:no-access"
    assert (await namesake.do(SeedEntry(entry_kind=Kind.ORGANISATION))).entry.owner == "9e"


RECORD = ModelRunRecord(
    workflow_template_id="1/1",
    inputs=(),
    outputs=(),
    display_name="June",
    description="d",
    associations=Association(modeller_id="1/2"),
    start_time=5,
    end_time=6,
)


@pytest.mark.parametrize(
    "order",
    [
        SeedEntry(entry_kind=Kind.MODEL),
        CreateEntry(entry_kind=Kind.ORGANISATION, info={}),
        UpdateEntry(handle="1/1", info={}),
        RevertEntry(handle="1/1", history_id=0, reason="r"),
        VersionEntry(handle="1/1", reason="r", spinoff=jobs()),
        LockEntry(handle="1/1", locked=True, reason="r"),
        opened("1/1"),
        RegisterModelRun(record=RECORD),
        UpdateModelRun(handle="1/1", reason="r", record=RECORD),
        LinkStudy(handle="1/1", study="1/2"),
        UndoModelRun(handle="1/1", history_id=0, reason="r"),
    ],
    ids=lambda order: order.subject,
)
async def test_writing_needs_a_role_of_the_realm_wherever_the_order_comes_from(counter: Counter, order: Command):
    """The registry looks itself, so no other door leads around it; who may administer entries may write them."""
    eve, root = counter.other("eve", "job-service-write", "entity-registry-read"), counter.other("root", ADMINISTRATOR)

    assert await eve.no(order) == "gateway:forbidden"
    try:
        await root.do(order)
    except Refusal as other:
        assert "forbidden" not in other.problem.type  # noqa: PT017 - many orders name what is not there
