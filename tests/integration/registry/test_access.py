"""Links of accounts to persons, and requests for roles."""

import asyncio
import json

from contracts.access import (
    AccessReport,
    AssignLink,
    ChangeRequest,
    ClearLink,
    ComponentWanted,
    DeleteRequest,
    NoteRequest,
    RequestAccess,
    RequestState,
    RoleWanted,
)
from contracts.entries import DeleteEntry
from contracts.ids import user_id
from contracts.kinds import Kind

from .counter import Counter


async def test_ones_own_person_is_ones_own(counter: Counter):
    """Nobody twice, only what one owns, only a person who says something; looked at before without writing."""
    bob = counter.other("bob")
    mine, seed, organisation = (
        await counter.make(Kind.PERSON),
        await counter.seed(Kind.PERSON),
        await counter.make(Kind.ORGANISATION),
    )

    for person, refusal in {
        "1/none": "registry:no-such-person",
        organisation: "registry:no-such-person",
        seed: "registry:no-such-person",
    }.items():
        assert await counter.no(AssignLink(person=person)) == refusal
        assert (await counter.ask("/links/validate", "POST", {"person": person}))["type"] == f"urn:problem:{refusal}"
    assert await bob.no(AssignLink(person=mine)) == "registry:not-owner"
    assert await counter.ask("/links/validate", "POST", {"person": mine}) is None
    fact = await counter.do(AssignLink(person=mine))

    caller = counter.caller
    assert (fact.username, fact.person, fact.account, fact.revision) == ("ada", mine, user_id(caller.issuer, caller.subject), 1)
    assert await counter.no(AssignLink(person=mine)) == "registry:already-linked"
    assert await counter.no(AssignLink(person="1/none")) == "registry:already-linked"
    assert await bob.ask("/links", username="ada") == {"person": mine}
    assert await bob.ask("/links") == {"person": None}
    assert await bob.ask("/links/usernames", person=mine) == {"usernames": ["ada"]}


async def test_administrators_link_and_clear_others(counter: Counter):
    """A person who is there, unless told not to look; a link that is there only by force; clearing is always fine."""
    mine, admin = await counter.make(Kind.PERSON), counter.admin

    assert await counter.no(AssignLink(person=mine, username="bob")) == "gateway:forbidden"
    assert await admin.no(AssignLink(person="1/none", username="bob")) == "registry:no-such-person"
    assert (await admin.do(AssignLink(person="1/none", username="eve", validate_item=False))).account is None
    assert (await admin.do(AssignLink(person=mine, username="bob"))).revision == 1
    assert await admin.no(AssignLink(person=mine, username="bob")) == "registry:already-linked"
    assert (await admin.do(AssignLink(person=mine, username="bob", force=True))).revision == 2
    cleared = await admin.do(ClearLink(username="bob"))
    assert (cleared.person, cleared.revision) == (mine, 3)
    assert (await admin.do(ClearLink(username="nobody"))).person is None
    assert await counter.ask("/links", username="bob") == {"person": None}
    assert (await admin.do(AssignLink(person=mine, username="bob"))).revision == 4


async def test_an_account_is_linked_once_however_often_it_asks_at_once(counter: Counter):
    """The others hear that it is linked."""
    mine = await counter.make(Kind.PERSON)

    answers = await asyncio.gather(*(counter.do(AssignLink(person=mine)) for _ in range(8)), return_exceptions=True)

    assert sum(isinstance(answer, Exception) for answer in answers) == 7


async def test_a_person_who_is_deleted_is_nobodys(counter: Counter):
    """The facts say whose it was."""
    mine = await counter.link()

    facts = await counter.admin.all_of(DeleteEntry(handle=mine))

    assert [(fact.subject, getattr(fact, "username", None)) for fact in facts] == [
        ("registry.link-cleared.v1", "ada"),
        ("registry.entry-deleted.v1", None),
    ]
    assert await counter.ask("/links") == {"person": None}


def report(**granted: bool) -> AccessReport:
    """A report with some roles of one part."""
    roles = tuple(
        RoleWanted(
            role_name=name.replace("_", "-"),
            role_display_name=name,
            role_level="READ",
            description="d",
            intended_users=("GENERAL",),
            access_granted=wanted,
        )
        for name, wanted in granted.items()
    )
    return AccessReport(components=(ComponentWanted(component_name="entity-registry", component_roles=roles),))


async def test_roles_are_asked_for_once_in_a_while(counter: Counter):
    """Only what one has not; one waiting request at a time, of one's own; kept whole with the difference."""
    bob = counter.other("bob", "entity-registry-read")
    wanted = report(entity_registry_read=True, entity_registry_write=True)

    assert await bob.no(RequestAccess(report=report(entity_registry_read=True))) == "registry:nothing-asked"
    made = (await bob.do(RequestAccess(report=wanted))).request
    assert await bob.no(RequestAccess(report=wanted)) == "registry:already-asked"
    assert (await counter.do(RequestAccess(report=wanted))).request.request_id > made.request_id

    assert made.expiry - made.created == 30 * 24 * 60 * 60
    assert [role["role_name"] for role in json.loads(made.difference)["components"][0]["component_roles"]] == [
        "entity-registry-write"
    ]
    assert len(json.loads(made.complete)["components"][0]["component_roles"]) == 2
    assert [one["username"] for one in (await counter.ask("/access-requests"))["items"]] == ["ada", "bob"]


async def test_administrators_answer_note_and_remove_requests(counter: Counter):
    """Any state may follow any; notes say who wrote them; answered, one may ask again."""
    admin, wanted = counter.admin, report(job_service_write=True)
    made = (await counter.do(RequestAccess(report=wanted))).request
    this = {"username": "ada", "request_id": made.request_id}

    await admin.do(NoteRequest(**this, note="who is that"))
    state = RequestState.DENIED_PENDING_DELETION
    changed = (await admin.do(ChangeRequest(**this, state=state, note="no"))).request

    assert (changed.state, changed.notes) == (state, "root: who is that, root: no")
    assert (await counter.ask("/access-requests", username="ada", pending=True))["items"] == []
    assert len((await counter.ask("/access-requests", username="ada"))["items"]) == 1
    assert await counter.no(NoteRequest(**this, note="n")) == "gateway:forbidden"
    for wrong in ({"username": "bob", "request_id": made.request_id}, {"username": "ada", "request_id": 2**80}):
        assert await admin.no(NoteRequest(**wrong, note="n")) in {"registry:no-such-request", "gateway:invalid"}
    assert (await counter.do(RequestAccess(report=wanted))).request.state is RequestState.PENDING_APPROVAL
    await admin.do(DeleteRequest(**this))
    assert await admin.no(DeleteRequest(**this)) == "registry:no-such-request"


async def test_of_ten_equal_requests_at_once_one_is_kept(counter: Counter):
    """One waits, the others are told."""
    order = RequestAccess(report=report(job_service_write=True))

    await asyncio.gather(*(counter.do(order) for _ in range(10)), return_exceptions=True)

    assert len((await counter.ask("/access-requests"))["items"]) == 1
