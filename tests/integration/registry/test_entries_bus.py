"""Orders about entries over the bus: signed, answered once, with facts for whoever lodges what was made."""

from contracts.access import AssignLink
from contracts.entries import CreateEntry, Spinoff, VersionEntry
from contracts.ids import uuid7
from contracts.kinds import Kind

from .conftest import Desk
from .counter import of


async def test_an_entry_and_its_versions_are_told_to_who_asked_and_to_who_lodges(desk: Desk):
    """One answer for the order's job, one fact for the job that lodges the activity."""
    person = (await desk.ask(CreateEntry(entry_kind=Kind.PERSON, info=of(Kind.PERSON)))).entry.handle
    assert (await desk.ask(AssignLink(person=person))).subject == "registry.link-assigned.v1"
    first, second = (Spinoff(register_job=uuid7(), lodge_job=uuid7()) for _ in range(2))

    created = await desk.ask(CreateEntry(entry_kind=Kind.MODEL, info=of(Kind.MODEL), spinoff=first))
    versioned = await desk.ask(VersionEntry(handle=created.entry.handle, reason="r", spinoff=second))

    creation, version = await desk.answer(first.lodge_job), await desk.answer(second.lodge_job)
    assert (created.activity, versioned.activity) == (creation.activity, version.activity)
    assert (creation.item, version.before, version.item) == (
        created.entry.handle,
        created.entry.handle,
        versioned.entry.handle,
    )
    assert {creation.person, version.person} == {person}
    assert created.tenant == created.entry.tenant == "physics"


async def test_a_refusal_is_told_and_nothing_else_is(desk: Desk):
    """With the type that says which check it was, and the field."""
    fact = await desk.ask(CreateEntry(entry_kind=Kind.PERSON, info=of(Kind.PERSON, ethics_approved=False)))

    assert (fact.subject, fact.problem.type) == ("registry.command-refused.v1", "urn:problem:registry:invalid-entry")
    assert [error.field for error in fact.problem.errors] == ["ethics_approved"]
    assert fact.problem.job == fact.job
