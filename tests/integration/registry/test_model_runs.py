"""Model runs looked at, registered, changed, withdrawn and marked, with what is said of it."""

import asyncio
from typing import Any

import pytest

from chassis.refusal import Refusal
from contracts.entries import DeleteEntry, LockEntry
from contracts.ids import uuid7
from contracts.kinds import Kind
from contracts.model_runs import (
    LinkStudy,
    RegisterModelRun,
    RelodgeModelRun,
    UndoModelRun,
    UpdateModelRun,
    WithdrawModelRun,
)

from .counter import Counter
from .runs import Office

INVALID = "registry:invalid-model-run"


@pytest.fixture
async def office(counter: Counter) -> Office:
    """Everything that a run names."""
    return await Office.open(counter)


def history(seen: Any) -> list[tuple[int, str, str, str]]:
    """Places of a history: id, reason, who, status."""
    return [(one["id"], one["reason"], one["username"], one["info"]["record_status"]) for one in seen["history"]]


async def test_a_run_is_written_and_said_in_one_go(office: Office):
    """With a handle, a history of one place, and what provenance needs to know."""
    record = office.record(study_id=office.study)

    fact = await office.counter.do(RegisterModelRun(record=record, job=uuid7()))

    assert (fact.subject, fact.revision, fact.record, fact.model) == (
        "registry.model-run-registered.v1",
        1,
        record,
        office.model,
    )
    seen = await office.counter.other("bob").see(fact.handle, kind="MODEL_RUN")
    assert (seen["info"]["record_status"], seen["info"]["prov_serialisation"]) == ("COMPLETE", "")
    assert seen["info"]["record"] == record.model_dump(mode="json")
    assert (seen["info"]["display_name"], seen["owner"]) == ("June", "ada")
    assert history(seen) == [(0, "Initial record creation", "ada", "COMPLETE")]


async def test_a_lodged_run_says_so_without_news(office: Office):
    """Status and document are there, also in the one place of its history; a search for a dataset finds it; told twice, too."""
    run, job = await office.run(), uuid7()

    facts = await office.lodged(run, 1, job=job)
    again = await office.lodged(run, 1)

    assert [(one.subject, one.handle, one.job, one.revision) for one in facts] == [
        ("registry.model-run-lodged.v1", run, job, 1)
    ]
    assert facts[0].document is not None
    assert (facts[0].record, facts[0].tenant) == (office.record(), "~ada")
    assert len(again) == 1
    seen = await office.counter.see(run)
    assert (seen["info"]["record_status"], seen["info"]["prov_serialisation"]) == ("LODGED", '{"prefix":{}}')
    assert history(seen) == [(0, "Initial record creation", "ada", "LODGED")]
    assert seen["history"][0]["info"] == seen["info"]
    found = await office.counter.ask("/entries/search", query=office.wind)
    assert run in [one["id"] for one in found["items"]]
    state = await office.counter.ask("/model-runs/state", handle=run)
    assert state == {"handle": run, "revision": 1, "lodged": 1, "withdrawn": False}


async def test_what_is_no_run_is_not_marked(office: Office):
    """Nothing is said of workflow runs, steps and activities."""
    for record in ("run/0/step/a", "run/0", "workflow/1/2", office.model, "1/none"):
        assert await office.lodged(record, 1) == []


async def test_an_answer_to_an_earlier_statement_does_not_mark_a_later_one(office: Office):
    """Whoever waits for the earlier one is answered; the run is lodged when its last statement is."""
    run = await office.run()
    await office.counter.do(UpdateModelRun(handle=run, reason="r", record=office.record(display_name="July")))

    early = await office.lodged(run, 1)
    between = await office.counter.see(run)
    await office.lodged(run, 2)

    assert len(early) == 1
    assert between["info"]["record_status"] == "COMPLETE"
    assert (await office.counter.see(run))["info"]["record_status"] == "LODGED"


async def test_an_update_ends_lodged_with_one_place_more(office: Office):
    """Owner, time of creation and people's own metadata stay; the reason is the user's."""
    run = await office.run()
    await office.lodged(run, 1)
    before = await office.counter.see(run)
    async with office.counter.house.work() as unit:
        item = await unit.entries.hold(run)
        await unit.entries.put(item.model_copy(update={"info": {**item.info, "user_metadata": {"a": "b"}}}))

    fact = await office.counter.do(UpdateModelRun(handle=run, reason="storm", record=office.record(display_name="July")))
    await office.lodged(run, fact.revision)

    after = await office.counter.see(run)
    assert (fact.revision, after["info"]["record_status"], after["info"]["display_name"]) == (2, "LODGED", "July")
    assert [(one[0], one[1]) for one in history(after)] == [(1, "storm"), (0, "Initial record creation")]
    assert after["info"]["user_metadata"] == {"a": "b"}
    assert (after["owner"], after["created"]) == (before["owner"], before["created"])


async def test_a_study_is_named_once(office: Office):
    """Of several who name one at the same time the first wins; the graph hears of the whole run."""
    run, other = await office.run(), await office.counter.make(Kind.STUDY)
    orders = [LinkStudy(handle=run, study=study) for study in (office.study, other) * 4]

    answers = await asyncio.gather(*(office.counter.do(one) for one in orders), return_exceptions=True)

    done = [one for one in answers if not isinstance(one, BaseException)]
    assert len(done) == 1
    assert {one.problem.type for one in answers if isinstance(one, Refusal)} == {"urn:problem:registry:already-in-study"}
    study = done[0].record.study_id
    seen = await office.counter.see(run)
    assert seen["info"]["record"]["study_id"] == study
    assert [one[1] for one in history(seen)] == [f"Linking the model run to the study {study}", "Initial record creation"]
    assert await office.counter.no(LinkStudy(handle=run, study=office.model)) == INVALID
    assert await office.counter.no(LinkStudy(handle="1/none", study=other)) == "registry:no-such-entry"


async def test_undoing_says_the_earlier_content_anew(office: Office):
    """As a new revision with a place of its own; a place that never was is refused."""
    run = await office.run(study_id=office.study)
    await office.counter.do(UpdateModelRun(handle=run, reason="wrong", record=office.record(display_name="July")))

    fact = await office.counter.do(UndoModelRun(handle=run, history_id=0, reason="back"))

    assert (fact.revision, fact.record) == (3, office.record(study_id=office.study))
    seen = await office.counter.see(run)
    assert history(seen)[0][:2] == (2, "(Restoring to v0) back")
    assert seen["info"]["record"] == fact.record.model_dump(mode="json")
    for place in (9, 2**31, 2**70):
        assert await office.counter.no(UndoModelRun(handle=run, history_id=place, reason="r")) == "registry:no-such-history"


async def test_concurrent_updates_all_leave_their_place(office: Office):
    """Fifty at once: fifty places more, each once, and as many revisions."""
    run = await office.run()
    orders = [UpdateModelRun(handle=run, reason=f"r{n}", record=office.record(display_name=f"n{n}")) for n in range(50)]

    facts = await asyncio.gather(*(office.counter.do(one) for one in orders))

    seen = await office.counter.see(run)
    assert [one[0] for one in history(seen)] == list(range(50, -1, -1))
    assert sorted(fact.revision for fact in facts) == list(range(2, 52))
    assert seen["info"]["display_name"] == max(facts, key=lambda fact: fact.revision).record.display_name


async def test_who_may_change_a_run(office: Office):
    """Whoever may write it while it is unlocked; withdrawing and saying again is the administrators'."""
    run, bob = await office.run(), office.of(office.counter.other("bob"))
    update = UpdateModelRun(handle=run, reason="r", record=office.record())
    undo = UndoModelRun(handle=run, history_id=0, reason="r")

    for order in (update, undo, LinkStudy(handle=run, study=office.study)):
        assert await bob.counter.no(order) == "registry:no-access"
    for order in (WithdrawModelRun(handle=run), RelodgeModelRun(handle=run)):
        assert await office.counter.no(order) == "gateway:forbidden"
    assert await office.counter.no(update.model_copy(update={"handle": office.model})) == "registry:wrong-kind"
    await office.counter.do(LockEntry(handle=run, locked=True, reason="r"))
    for order in (update, undo, LinkStudy(handle=run, study=office.study)):
        assert await office.counter.no(order) == "registry:locked"
    assert await office.counter.admin.no(WithdrawModelRun(handle=run, with_entry=True)) == "registry:locked"


async def test_a_withdrawn_run_is_not_lodged_any_more(office: Office):
    """Its entry stays without a place more; saying it again lodges it again, with a later revision."""
    run = await office.run()
    await office.lodged(run, 1)

    gone = await office.counter.admin.do(WithdrawModelRun(handle=run))
    late = await office.lodged(run, 1)
    after = await office.counter.see(run)
    again = await office.counter.admin.do(RelodgeModelRun(handle=run))
    await office.lodged(run, again.revision)

    assert (gone.subject, gone.revision, len(late)) == ("registry.model-run-withdrawn.v1", 2, 1)
    assert (after["info"]["record_status"], len(after["history"])) == ("COMPLETE", 1)
    assert (again.revision, again.record) == (3, office.record())
    assert (await office.counter.see(run))["info"]["record_status"] == "LODGED"


async def test_a_run_goes_with_its_entry_and_its_number_is_never_used_again(office: Office):
    """In one transaction; an entry of the same handle goes on counting."""
    run = await office.run()

    *others, gone = await office.counter.admin.all_of(WithdrawModelRun(handle=run, with_entry=True))

    assert (gone.revision, [one.subject for one in others]) == (2, ["registry.entry-deleted.v1"])
    assert (gone.job is not None, others[0].job) == (True, None)
    assert (await office.counter.see(run))["type"] == "urn:problem:registry:no-such-entry"
    assert [one.handle for one in await office.lodged(run, 1)] == [run]
    async with office.counter.house.work() as unit:
        assert await unit.model_runs.state(run, 0) == 3


async def test_saying_again_takes_the_model_from_the_template(office: Office):
    """Also where the rest is not looked at, because something that the run names is gone."""
    run = await office.run()
    await office.counter.admin.do(DeleteEntry(handle=office.wind))

    admin = office.counter.admin
    assert await admin.no(RelodgeModelRun(handle=run)) == INVALID
    fact = await admin.do(RelodgeModelRun(handle=run, validate_record=False))

    assert (fact.model, fact.revision) == (office.model, 2)


async def test_a_large_record_comes_and_goes_as_a_file(office: Office):
    """What no message holds is read from the store and told by it; what is no record there is refused."""
    record = office.record(description="x" * 200_000)
    file = await office.counter.file(record.model_dump_json().encode())

    fact = await office.counter.do(RegisterModelRun(record_file=file))

    assert (fact.record, fact.record_file is not None) == (None, True)
    assert (await office.counter.see(fact.handle))["info"]["record"]["description"] == "x" * 200_000
    wrong = await office.counter.file(b'{"display_name": ""}')
    with pytest.raises(Refusal) as refused:
        await office.counter.do(RegisterModelRun(record_file=wrong))
    assert refused.value.problem.type == "urn:problem:gateway:invalid"
    assert "record.workflow_template_id" in {one.field for one in refused.value.problem.errors}
    assert await office.counter.no(RegisterModelRun()) == "gateway:invalid"
