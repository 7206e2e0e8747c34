"""What is looked at before an entry is written, in which order, and how it is refused."""

import pytest

from chassis.refusal import Refusal
from contracts.access import AssignLink
from contracts.entries import (
    CreateEntry,
    DeleteEntry,
    LockEntry,
    RevertEntry,
    SeedEntry,
    UpdateEntry,
    VersionEntry,
)
from contracts.kinds import Kind

from .counter import HANDLERS, Counter, jobs, of, opened

READ, WRITE = "metadata-read", "metadata-write"


@pytest.mark.parametrize("kind", [Kind.STUDY, Kind.MODEL, Kind.DATASET_TEMPLATE, Kind.MODEL_RUN_WORKFLOW_TEMPLATE])
async def test_only_linked_accounts_write_what_needs_somebody(counter: Counter, kind: Kind):
    """That is heard before anything the body may have wrong; persons and organisations need no link."""
    person = await counter.make(Kind.PERSON)

    assert await counter.no(SeedEntry(entry_kind=kind)) == "registry:not-linked"
    assert await counter.no(CreateEntry(entry_kind=kind, info={})) == "registry:not-linked"
    for order in (
        UpdateEntry(handle="1/none", entry_kind=kind, info={}),
        RevertEntry(handle="1/none", entry_kind=kind, history_id=0, reason="r"),
        VersionEntry(handle="1/none", entry_kind=kind, reason="r", spinoff=jobs()),
    ):
        assert await counter.no(order) == "registry:not-linked"
    await counter.do(AssignLink(person=person))
    assert (await counter.do(SeedEntry(entry_kind=kind))).subject == "registry.entry-seeded.v1"


async def test_checks_of_an_update_come_in_provenas_order(counter: Counter):
    """Shape, what it refers to, existence, lock, kind, access, reason: each is heard only when those before hold."""
    person = await counter.make(Kind.PERSON)
    organisation = await counter.make(Kind.ORGANISATION)
    bob = counter.other("bob")
    good, wrong = of(Kind.PERSON), of(Kind.PERSON, ethics_approved=False)

    def update(handle: str, info: dict, reason: str | None = None) -> UpdateEntry:
        return UpdateEntry(handle=handle, entry_kind=Kind.PERSON, info=info, reason=reason)

    assert await bob.no(update("1/none", {})) == "gateway:invalid"
    assert await bob.no(update("1/none", wrong)) == "registry:invalid-entry"
    assert await bob.no(update("1/none", good)) == "registry:no-such-entry"
    for handle in (person, organisation):
        await counter.do(LockEntry(handle=handle, locked=True, reason="r"))
    assert await bob.no(update(person, wrong)) == "registry:invalid-entry"
    assert await bob.no(update(organisation, good)) == "registry:locked"
    for handle in (person, organisation):
        await counter.do(LockEntry(handle=handle, locked=False, reason="r"))
    assert await bob.no(update(organisation, good)) == "registry:wrong-kind"
    assert await bob.no(update(person, good)) == "registry:no-access"
    await counter.do(opened(person, READ, WRITE))
    assert await bob.no(update(person, good)) == "registry:reason-needed"
    assert (await bob.do(update(person, good, "why"))).subject == "registry.entry-updated.v1"


async def test_checks_of_a_revert_come_in_provenas_order(counter: Counter):
    """Lock, existence, seed, kind, access, place of the history, and then what it said is looked at again."""
    organisation, seed = await counter.make(Kind.ORGANISATION), await counter.seed(Kind.PERSON)
    person, bob = await counter.make(Kind.PERSON), counter.other("bob")

    def revert(handle: str, place: int = 0) -> RevertEntry:
        return RevertEntry(handle=handle, entry_kind=Kind.PERSON, history_id=place, reason="r")

    assert await bob.no(revert("1/none")) == "registry:no-such-entry"
    await counter.do(LockEntry(handle=seed, locked=True, reason="r"))
    assert await bob.no(revert(seed)) == "registry:locked"
    await counter.do(LockEntry(handle=seed, locked=False, reason="r"))
    assert await bob.no(revert(seed)) == "registry:is-seed"
    assert await bob.no(revert(organisation)) == "registry:wrong-kind"
    assert await bob.no(revert(person)) == "registry:no-access"
    assert await counter.no(revert(person, 7)) == "registry:no-such-history"


async def test_a_revert_is_looked_at_as_if_it_were_new(counter: Counter):
    """What an old state refers to may be gone."""
    await counter.link()
    template, other = await counter.make(Kind.DATASET_TEMPLATE), await counter.make(Kind.DATASET_TEMPLATE)
    model = await counter.make(Kind.MODEL)
    workflow = await counter.make(
        Kind.MODEL_RUN_WORKFLOW_TEMPLATE, software_id=model, input_templates=[{"template_id": template}]
    )
    await counter.say(workflow, Kind.MODEL_RUN_WORKFLOW_TEMPLATE, software_id=model, input_templates=[{"template_id": other}])
    await counter.admin.do(DeleteEntry(handle=template))

    order = RevertEntry(handle=workflow, entry_kind=Kind.MODEL_RUN_WORKFLOW_TEMPLATE, history_id=0, reason="r")

    assert await counter.no(order) == "registry:invalid-entry"


async def test_what_a_template_refers_to_must_be_there_whole_and_of_its_kind(counter: Counter):
    """Each fault is told of its field, in its own words; who asks may read it or not."""
    await counter.link()
    model, seed = await counter.make(Kind.MODEL), await counter.seed(Kind.DATASET_TEMPLATE)
    bob = counter.other("bob")
    await bob.link()
    hidden = await counter.make(Kind.DATASET_TEMPLATE)
    await counter.do(opened(hidden))

    with pytest.raises(Refusal) as refused:
        await bob.make(
            Kind.MODEL_RUN_WORKFLOW_TEMPLATE,
            software_id=hidden,
            input_templates=[{"template_id": seed}],
            output_templates=[{"template_id": "1/none"}, {"template_id": hidden}],
        )

    told = {error.field: error.detail for error in refused.value.problem.errors}
    assert told == {
        "software_id": f"{hidden} is a DATASET_TEMPLATE, not a MODEL",
        "input_templates.0.template_id": f"{seed} is a seed: it has been given a handle, and says nothing yet",
        "output_templates.0.template_id": "there is no entry 1/none",
    }
    assert await bob.make(Kind.MODEL_RUN_WORKFLOW_TEMPLATE, software_id=model, input_templates=[{"template_id": hidden}])


async def test_shape_is_refused_with_fields(counter: Counter):
    """The wire's names."""
    with pytest.raises(Refusal) as refused:
        await counter.make(Kind.PERSON, email="no", last_name=None)

    assert refused.value.problem.status == 422
    assert [error.field for error in refused.value.problem.errors] == ["email", "last_name"]


@pytest.mark.parametrize(("field", "value"), [("name", "a\x00b"), ("name", "a\ud800b"), ("user_metadata", {"k\x00": "v"})])
async def test_what_no_database_keeps_is_refused_by_its_field(counter: Counter, field: str, value: object):
    """NUL and halves of characters, in texts and in keys."""
    with pytest.raises(Refusal) as refused:
        await counter.make(Kind.ORGANISATION, **{field: value})

    assert refused.value.problem.type == "urn:problem:gateway:invalid"
    assert refused.value.problem.errors[0].field.split(".")[0] == field


async def test_reasons_that_no_database_keeps_are_refused(counter: Counter):
    """They are texts, too."""
    handle = await counter.make(Kind.ORGANISATION)

    for order in (
        UpdateEntry(handle=handle, entry_kind=Kind.ORGANISATION, info=of(Kind.ORGANISATION), reason="\x00"),
        LockEntry(handle=handle, locked=True, reason="\x00"),
        RevertEntry(handle=handle, history_id=0, reason="\x00"),
        RevertEntry(handle=handle, history_id=2**70, reason="r"),
        RevertEntry(handle="\x00", history_id=0, reason="r"),
        LockEntry(handle="\x00", locked=True, reason="r"),
    ):
        assert await counter.no(order) == "gateway:invalid"


@pytest.mark.parametrize("content", [b"{", b"[1]", b'"\\ud800"', b"[" * 5000])
async def test_a_file_that_is_no_object_is_refused(counter: Counter, content: bytes):
    """By the field that names it."""
    order = CreateEntry(entry_kind=Kind.ORGANISATION, info_file=await counter.file(content))

    assert await counter.no(order) == "gateway:invalid"


async def test_checks_of_a_version_come_in_provenas_order(counter: Counter):
    """Existence, seed, kind, access, newest; a lock does not hinder it."""
    await counter.link()
    bob = counter.other("bob")
    await bob.link()
    seed, template, model = (
        await counter.seed(Kind.MODEL),
        await counter.make(Kind.DATASET_TEMPLATE),
        await counter.make(Kind.MODEL),
    )

    def version(handle: str, kind: Kind = Kind.MODEL) -> VersionEntry:
        return VersionEntry(handle=handle, entry_kind=kind, reason="r", spinoff=jobs())

    assert await bob.no(version("1/none")) == "registry:no-such-entry"
    assert await bob.no(version(seed)) == "registry:is-seed"
    assert await bob.no(version(template)) == "registry:wrong-kind"
    await counter.do(opened(model, READ, WRITE))
    assert await bob.no(version(model)) == "registry:no-access"
    await counter.do(LockEntry(handle=model, locked=True, reason="r"))
    assert (await counter.do(version(model))).entry.versioning.version == 2
    assert await counter.no(version(model)) == "registry:not-newest"
    organisation = await counter.make(Kind.ORGANISATION)
    assert await counter.no(version(organisation, Kind.ORGANISATION)) == "registry:wrong-kind"


@pytest.mark.parametrize("kind", [Kind.MODEL_RUN, Kind.CREATE, Kind.VERSION])
async def test_nobody_writes_what_the_registry_writes_itself(counter: Counter, kind: Kind):
    """Whoever gives the order."""
    assert await counter.admin.no(SeedEntry(entry_kind=kind)) == "registry:wrong-kind"
    assert await counter.admin.no(CreateEntry(entry_kind=kind, info={})) == "registry:wrong-kind"


async def test_nobody_changes_an_activity(counter: Counter):
    """Though its maker owns it."""
    await counter.link()
    *_, activity, _ = await counter.all_of(CreateEntry(entry_kind=Kind.MODEL, info=of(Kind.MODEL)))

    assert await counter.no(UpdateEntry(handle=activity.activity, info={}, reason="r")) == "registry:wrong-kind"


async def test_validating_writes_nothing(counter: Counter):
    """It refuses what registering would refuse, link or no link."""
    good, wrong = of(Kind.PERSON), of(Kind.PERSON, ethics_approved=False)

    assert await counter.ask("/entries/validate", "POST", {"kind": "PERSON", "info": good}) is None
    told = await counter.ask("/entries/validate", "POST", {"kind": "PERSON", "info": wrong})
    assert told["type"] == "urn:problem:registry:invalid-entry"
    assert [error["field"] for error in told["errors"]] == ["ethics_approved"]
    assert (await counter.ask("/entries/validate", "POST", {"kind": "PERSON", "info": {}}))["status"] == 422
    assert await counter.names() == []


async def test_a_tenant_of_others_cannot_be_written_for(counter: Counter):
    """The order says whom the new entry belongs to."""
    order = CreateEntry(entry_kind=Kind.ORGANISATION, info=of(Kind.ORGANISATION), caller=counter.caller, tenant="chemistry")
    with pytest.raises(Refusal) as refused:
        async with counter.house.work() as unit:
            await HANDLERS[CreateEntry](order, unit)

    assert refused.value.problem.type == "urn:problem:gateway:forbidden"
