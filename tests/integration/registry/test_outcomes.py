"""The end of a run in the registry: it is lodged once as the model run that its workflow says, or it is said why not."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.assembly import standing
from chassis.refusal import Refusal
from chassis.testing import said, somebody
from contracts.entries import EntryCreated, GrantAccess
from contracts.executor import FileSeen, Origin, Run, RunDeleted, RunFinished, WorkflowRef
from contracts.ids import input_id, output_id, user_id, uuid7
from contracts.kinds import Kind
from contracts.message import FileRef
from contracts.model_runs import ModelRunRegistered
from contracts.outcomes import DatasetFilled, DatasetPart, LodgeRun, ModelRunPlan, RegisterOutputs
from contracts.registry import Parameter, RegisterWorkflow, UpdateWorkflow, WorkflowUpdated
from contracts.vocabulary import Engine, RunStatus
from registry.service import registry
from registry.unit import RegistrySettings
from registry.workflows.checker import answer
from registry.workflows.findings import Finding

from .counter import HANDLERS, WRITER, Counter, collection, jobs, opened
from .runs import Office

NOW = datetime(2026, 5, 1, tzinfo=UTC)
FILE = FileRef(key="k", sha256="a" * 64, size=3)


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    """Ada, who may write entries, with all that a model run names; workflows are looked at when the test says so."""
    settings = RegistrySettings(database_url=database_url, files_url=f"file:{tmp_path}/files", state=tmp_path / "state")
    async with standing(replace(registry, loops=()), settings=settings, hears=False) as houses:
        yield await Office.open(Counter(houses["registry"], somebody("ada", roles=WRITER)))


def planned(office: Office, **more: Any) -> ModelRunPlan:
    """As what Ada's runs are lodged."""
    told = {
        "template": office.workflow,
        "inputs": {"wind": DatasetPart(template=office.into, resource="grid")},
        "dataset": collection(office.body, "Waves of {run}"),
        "annotations": {"site": "reef"},
        "organisation": office.body,
    }
    return ModelRunPlan.model_validate(told | more)


async def workflow(counter: Counter, plan: ModelRunPlan | None, finding: Finding | None = None, **more: Any) -> Any:
    """A registered workflow; what is said of it."""
    told = {"name": "waves", "version": "1", "engine": Engine.CWL, "spec": FILE, "main": "m.cwl", **more}
    await counter.all_of(RegisterWorkflow(workflow=uuid7(), model_run=plan, **told))
    return await checked(counter, finding)


async def checked(counter: Counter, finding: Finding | None = None) -> Any:
    """The check of the workflow that waits for one, with this outcome; what is said of it."""
    async with counter.house.work() as unit:
        taken = await unit.workflows.lease(60)
    assert taken is not None
    found = finding or Finding(parameters=(Parameter(name="wind", type="File"),))
    spoken: list[Any] = []
    house = counter.house

    class Heard:
        """The house, with an ear at its door."""

        def work(self) -> Any:
            return Ear(house.work(), spoken)

    await answer(Heard(), taken[0].id, taken[1], found)  # type: ignore[arg-type]
    return spoken[-1]


class Ear:
    """A transaction that is listened to."""

    def __init__(self, work: Any, spoken: list[Any]) -> None:
        self.work, self.spoken = work, spoken

    async def __aenter__(self) -> Any:
        self.unit = await self.work.__aenter__()
        return self.unit

    async def __aexit__(self, *error: object) -> Any:
        self.spoken += said(self.unit)
        return await self.work.__aexit__(*error)


def finished(counter: Counter, made: Any, dataset: str | None, **more: Any) -> RunFinished:
    """That a run has ended, which took a dataset (or an upload) and made two files, one of them twice."""
    run = uuid7()
    ref = WorkflowRef(**made.model_dump(include=set(WorkflowRef.model_fields)))
    taken = FileSeen(id=input_id(run, "wind.nc"), path="wind.nc", role="wind", origin=Origin(id=dataset) if dataset else None)
    kept = {"size": 3, "sha256": "b" * 64, "stored": "somewhere"}
    outputs = tuple(FileSeen(id=output_id(run, "step", name), path=name, role=name[0], **kept) for name in ("h.nc", "t.nc"))
    who = counter.caller
    state = Run(
        id=run,
        tenant=made.tenant,
        name="waves:1",
        number="7",
        workflow=ref,
        status=RunStatus.FINISHED,
        owner=user_id(who.issuer, who.subject),
        owner_name=who.name,
        inputs=(taken,),
        outputs=outputs,
        created=NOW,
        started=NOW + timedelta(seconds=1),
        ended=NOW + timedelta(seconds=9),
    )
    state = state.model_copy(update=more)
    return RunFinished(run=state, tenant=state.tenant, caller=who, job=uuid7(), revision=4)


async def hear(counter: Counter, fact: Any) -> list[Any]:
    """Deliver; what is said, committed."""
    async with counter.house.work() as unit:
        await HANDLERS[type(fact)](fact, unit)
        return said(unit)


async def outcome(counter: Counter, fact: RunFinished) -> Any:
    """What others are told of the run."""
    return await counter.ask(f"/outcomes/{fact.run.id}")


async def test_a_finished_run_is_lodged_once_with_what_it_took_and_made(office: Office) -> None:
    """Its outputs become a dataset, its dataset an input in its part, and hearing of its end again says nothing."""
    ada = office.counter
    made = (await workflow(ada, planned(office))).workflow
    end = finished(ada, made, office.wind)

    heard = await hear(ada, end)
    again = await hear(ada, end)
    as_well = await hear(ada, end.model_copy(update={"id": uuid7()}))

    run = next(fact for fact in heard if isinstance(fact, ModelRunRegistered))
    filled = next(fact for fact in heard if isinstance(fact, DatasetFilled))
    created = next(fact for fact in heard if isinstance(fact, EntryCreated))
    assert (again, as_well) == ([], [])
    assert {run.job, filled.job, created.job} == {None}
    # nobody waits for its activity, so no job is named that nobody has
    assert (created.spinoff, created.entry.create_job, created.activity is None) == (None, None, False)
    assert created.entry.handle == filled.dataset and created.entry.owner == "ada"
    assert created.entry.info is not None and created.entry.info["display_name"] == "Waves of waves:1 #7"
    assert (filled.run, filled.tenant, set(filled.members)) == (end.run.id, end.tenant, {one.id for one in end.run.outputs})
    record = run.record
    assert record is not None
    assert [(one.dataset_id, one.dataset_template_id, one.resources) for one in record.inputs] == [
        (office.wind, office.into, {"grid": "wind.nc"})
    ]
    assert [(one.dataset_id, one.dataset_template_id) for one in record.outputs] == [(filled.dataset, office.out)]
    assert (record.start_time, record.end_time) == (int(NOW.timestamp()) + 1, int(NOW.timestamp()) + 9)
    assert (record.annotations, record.model_version) == ({"site": "reef"}, "1")
    assert record.associations.modeller_id == office.person
    told = await outcome(ada, end)
    assert (told["model_run"], told["datasets"], told["problem"]) == (run.handle, [filled.dataset], None)
    entry = await ada.see(run.handle)
    assert (entry["owner"], entry["kind"]) == ("ada", "MODEL_RUN")


async def test_whoever_is_linked_to_nobody_loses_nothing(office: Office) -> None:
    """The run stays, the reason is told, nothing else is written; once the account is linked it can be lodged."""
    bob = replace(office.counter, caller=somebody("bob", roles=WRITER))
    made = (await workflow(bob, planned(office))).workflow
    end = finished(bob, made, office.wind)

    heard = await hear(bob, end)
    told = await outcome(bob, end)
    refused = await bob.no(LodgeRun(run=end.run.id))
    await bob.link()
    lodged = await bob.all_of(LodgeRun(run=end.run.id))
    again = await bob.no(LodgeRun(run=end.run.id))

    assert heard == []
    assert (told["problem"]["type"], told["datasets"]) == ("urn:problem:registry:not-linked", [])
    assert (refused, again) == ("registry:not-linked", "registry:already-lodged")
    run = next(fact for fact in lodged if isinstance(fact, ModelRunRegistered))
    assert run.job is not None
    assert {fact.job for fact in lodged if isinstance(fact, EntryCreated)} == {None}  # the job is done when it is in the graph
    told = await outcome(bob, end)
    assert (told["model_run"], told["problem"], len(told["datasets"])) == (run.handle, None, 1)


async def test_a_record_that_does_not_hold_is_told_and_writes_nothing(office: Office) -> None:
    """A needed input that was no dataset: neither dataset nor model run, and the reason names the template."""
    ada = office.counter
    made = (await workflow(ada, planned(office))).workflow
    end = finished(ada, made, None)

    heard = await hear(ada, end)

    told = await outcome(ada, end)
    assert heard == []
    assert told["problem"]["type"] == "urn:problem:registry:invalid-model-run"
    assert office.into in told["problem"]["detail"]
    assert (await ada.page(kind="MODEL_RUN"))["items"] == []


async def test_outputs_are_registered_when_somebody_asks(office: Office) -> None:
    """The dataset holds what was named, gives its files to whoever may read them, and makes the run a model run."""
    ada = office.counter
    made = (await workflow(ada, planned(office, dataset=None))).workflow
    end = finished(ada, made, office.wind)
    await hear(ada, end)
    before = await outcome(ada, end)
    told, behind = {"collection_format": collection(office.body, "By hand")}, jobs()
    order = RegisterOutputs(run=end.run.id, outputs=("h",), info=told, spinoff=behind)

    facts = await ada.all_of(order)

    created = next(fact for fact in facts if isinstance(fact, EntryCreated))
    run = next(fact for fact in facts if isinstance(fact, ModelRunRegistered))
    assert "no dataset holds its outputs" in before["problem"]["detail"]
    assert (created.job is None, run.job) == (False, None)
    assert (created.spinoff, created.entry.create_job) == (behind, behind.register_job)
    after = await outcome(ada, end)
    assert (after["model_run"], after["problem"]) == (run.handle, None)
    source = await ada.ask("/datasets/source", handle=created.entry.handle)
    assert [(one["path"], one["content"]["key"]) for one in source["files"]] == [("h.nc", "somewhere")]
    await ada.do(GrantAccess(handle=created.entry.handle, access=opened(created.entry.handle, "metadata-read").access))
    closed = await ada.other("bob").ask("/datasets/source", handle=created.entry.handle)
    assert closed["type"] == "urn:problem:registry:no-access"


@pytest.mark.parametrize(
    ("change", "no"),
    [
        ({"outputs": ("x.nc",)}, "executor:no-such-output"),
        ({"run": uuid7()}, "registry:no-such-run"),
        ({"info": {}}, "gateway:invalid"),
        ({"template": "10378.1/none"}, "registry:invalid-model-run"),
    ],
)
async def test_orders_that_name_what_is_not_there_are_refused(office: Office, change: Any, no: str) -> None:
    """Neither outputs, runs, descriptions nor templates are made up; others' runs are not there."""
    ada = office.counter
    end = finished(ada, (await workflow(ada, planned(office, dataset=None))).workflow, office.wind)
    await hear(ada, end)
    told = {"run": end.run.id, "info": {"collection_format": collection(office.body)}, **change}
    bob = replace(ada, caller=somebody("bob", roles=WRITER))

    assert await ada.no(RegisterOutputs(**told)) == no
    assert await bob.no(RegisterOutputs(**told)) == "registry:no-such-run"
    assert (await outcome(bob, end))["status"] == 404


async def test_a_deleted_run_has_nothing_to_register(office: Office) -> None:
    """After its deletion its outputs are gone."""
    ada = office.counter
    end = finished(ada, (await workflow(ada, None)).workflow, None)
    await hear(ada, end)
    await hear(ada, RunDeleted(run=end.run, tenant=end.tenant))

    order = RegisterOutputs(run=end.run.id, info={"collection_format": collection(office.body)})

    assert await ada.no(order) == "executor:no-such-output"
    assert await ada.no(LodgeRun(run=end.run.id)) == "registry:no-plan"


async def test_entries_are_written_by_who_may_write_them(office: Office) -> None:
    """Without the realm's role a run is not lodged, and its outputs are not registered."""
    ada = office.counter
    made = (await workflow(ada, planned(office))).workflow
    ada.caller = somebody("ada")
    end = finished(ada, made, office.wind)

    assert await hear(ada, end) == []
    assert (await outcome(ada, end))["problem"]["type"] == "urn:problem:gateway:forbidden"
    assert await ada.no(RegisterOutputs(run=end.run.id, info={"collection_format": {}})) == "gateway:forbidden"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"template": "10378.1/none"}, "model_run.template"),
        ({"template": "wind"}, "model_run.template"),
        ({"inputs": {"wind": {"template": "10378.1/none"}}}, "model_run.inputs.wind.template"),
        ({"inputs": {"wind": {}}}, "model_run.inputs.wind.template"),
        ({"inputs": {"wind": {"template": "into", "resource": "x"}}}, "model_run.inputs.wind.resource"),
        ({"study": "wind"}, "model_run.study"),
        ({"organisation": "study"}, "model_run.organisation"),
    ],
)
async def test_a_workflow_names_only_what_is_registered(office: Office, change: dict[str, Any], field: str) -> None:
    """A plan that names what is not there, or something of another kind, is refused with its field."""

    def real(value: Any) -> Any:
        return {name: real(one) for name, one in value.items()} if isinstance(value, dict) else getattr(office, value, value)

    plan = planned(office, **{name: real(value) for name, value in change.items()})

    with pytest.raises(Refusal) as refused:
        await workflow(office.counter, plan)

    assert [error.field for error in refused.value.problem.errors or ()] == [field]


async def test_a_template_that_may_not_be_read_is_refused(office: Office) -> None:
    """Nobody learns by registering workflows what is registered."""
    bob = replace(office.counter, caller=somebody("bob"))
    await office.counter.do(opened(office.workflow))

    assert (
        await bob.no(
            RegisterWorkflow(
                workflow=uuid7(), name="w", version="1", engine=Engine.CWL, spec=FILE, main="m", model_run=planned(office)
            )
        )
        == "registry:no-access"
    )


async def test_a_plan_names_inputs_that_the_workflow_has(office: Office) -> None:
    """A misspelt input is told when the specification has been looked at, at registration and later."""
    ada = office.counter
    wrong = planned(office, inputs={"wnd": {"template": office.into}})

    refused = await workflow(ada, wrong)
    made = (await workflow(ada, None)).workflow
    later = await ada.no(UpdateWorkflow(workflow=made.id, model_run=wrong))
    changed = await ada.all_of(UpdateWorkflow(workflow=made.id, model_run=planned(office)))
    cleared = await ada.all_of(UpdateWorkflow(workflow=made.id, clear_model_run=True))

    assert [error.field for error in refused.problem.errors] == ["model_run.inputs.wnd"]
    assert later == "registry:invalid-model-run"
    plans = [fact.workflow.model_run for fact in (*changed, *cleared) if isinstance(fact, WorkflowUpdated)]
    assert plans == [planned(office), None]


async def test_a_dataset_elsewhere_says_where(office: Office) -> None:
    """Its address is told; a model is no dataset."""
    ada = office.counter
    there = await ada.make_dataset(office.body, "Elsewhere", uri="https://example.org/wind.nc")

    assert (await ada.ask("/datasets/source", handle=there))["uri"] == "https://example.org/wind.nc"
    assert (await ada.ask("/datasets/source", handle=office.wind))["uri"] is None
    assert (await ada.ask("/datasets/source", handle=office.model))["type"] == "urn:problem:registry:wrong-kind"
    assert (await ada.ask("/datasets/source", handle=await ada.seed(Kind.DATASET)))["type"] == "urn:problem:registry:is-seed"
