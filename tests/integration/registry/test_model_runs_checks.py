"""What a model run says is looked at: in Provena's order, with the caller's eyes, by its fields."""

from typing import Any

import pytest
from sqlalchemy import event as alchemy

from chassis.refusal import Refusal
from contracts.entries import Access, GrantAccess
from contracts.kinds import Kind
from contracts.model_runs import (
    Association,
    ModelRunRecord,
    RegisterModelRun,
)
from registry.entries import queries
from registry.model_runs import checks

from .counter import Counter
from .runs import Office

INVALID = "registry:invalid-model-run"


@pytest.fixture
async def office(counter: Counter) -> Office:
    """Everything that a run names."""
    return await Office.open(counter)


@pytest.mark.parametrize(
    ("more", "field", "says"),
    [
        ({"study_id": "{model}"}, "study_id", "not a STUDY"),
        ({"study_id": "1/none"}, "study_id", "no entry"),
        ({"workflow_template_id": "{model}"}, "workflow_template_id", "not a MODEL_RUN_WORKFLOW_TEMPLATE"),
        ({"inputs": ()}, "inputs", "was not present in the inputs"),
        ({"outputs": ()}, "outputs", "was not present in the outputs"),
        ({"inputs": "into,out"}, "inputs.1.dataset_template_id", "among its inputs"),
        ({"inputs": "into,into+1/none"}, "inputs.1.dataset_id", "no entry"),
        ({"inputs": "into,into+{model}"}, "inputs.1.dataset_id", "not a DATASET"),
        ({"inputs": "into-grid"}, "inputs.0.resources", "missing deferred resource paths"),
        ({"inputs": "into+more"}, "inputs.0.resources", "unexpected deferred resource paths"),
        ({"outputs": "out+more"}, "outputs.0.resources", "unexpected deferred resource paths"),
        ({"associations": Association(modeller_id="{body}")}, "associations.modeller_id", "not a PERSON"),
        (
            {"associations": Association(modeller_id="{person}", requesting_organisation_id="{person}")},
            "associations.requesting_organisation_id",
            "not a ORGANISATION",
        ),
        ({"annotations": {"mood": "x"}}, "annotations", "Missing required annotations with keys: (site)"),
        ({"annotations": None}, "annotations", "Missing required annotations with keys: (site)"),
        ({"display_name": " "}, "display_name", "empty"),
    ],
)
async def test_what_does_not_hold_is_refused_by_its_field(office: Office, more: dict[str, Any], field: str, says: str):
    """At the door and by the order alike."""
    record = told(office, more)

    with pytest.raises(Refusal) as refused:
        await office.counter.do(RegisterModelRun(record=record))
    asked = await office.counter.ask("/model-runs/check", "POST", {"record": record.model_dump(mode="json")})

    problem = refused.value.problem
    assert problem.type == f"urn:problem:{INVALID}"
    assert problem.errors[0].field == field
    assert says in problem.errors[0].detail
    assert (asked["type"], asked["status"], asked["errors"][0]["field"]) == (problem.type, 400, field)
    assert await office.counter.names(kind="MODEL_RUN") == []


def told(office: Office, more: dict[str, Any]) -> ModelRunRecord:
    """A record with something wrong in it."""

    def name(text: str) -> str:
        return text.format(**vars(office))

    def listed(text: str) -> tuple[Any, ...]:
        return tuple(side[one] if one in side else wrong(one) for one in text.split(","))

    side = {"into": office.given(office.wind, office.into, grid="/g"), "out": office.given(office.waves, office.out)}

    def wrong(text: str) -> Any:
        kind, sign, what = text.partition("+") if "+" in text else text.partition("-")
        given = side[kind]
        if "/" in what or "{" in what:
            return given.model_copy(update={"dataset_id": name(what)})
        kept = {key: path for key, path in (given.resources or {}).items() if sign == "+" or key != what}
        return given.model_copy(update={"resources": kept | ({what: "/m"} if sign == "+" else {})})

    given: dict[str, Any] = {}
    for field, value in more.items():
        match value:
            case str() if field in {"inputs", "outputs"}:
                given[field] = listed(value)
            case str():
                given[field] = name(value)
            case Association(modeller_id=person, requesting_organisation_id=body):
                given[field] = Association(modeller_id=name(person), requesting_organisation_id=body and name(body))
            case _:
                given[field] = value
    return office.record(**given)


async def test_the_first_fault_is_told(office: Office):
    """In Provena's order: a study before the templates, these before datasets, those before people and annotations."""
    faults = [
        {"annotations": None},
        {"associations": Association(modeller_id="1/none")},
        {"outputs": (office.given("1/none", office.out),)},
        {"workflow_template_id": "1/none"},
        {"study_id": "1/none"},
    ]
    fields = ["annotations", "associations.modeller_id", "outputs.0.dataset_id", "workflow_template_id", "study_id"]

    for place, field in enumerate(fields):
        together = {name: value for fault in faults[: place + 1] for name, value in fault.items()}
        with pytest.raises(Refusal) as refused:
            await office.counter.do(RegisterModelRun(record=office.record(**together)))
        assert refused.value.problem.errors[0].field == field


async def test_seeds_are_refused(office: Office):
    """A handle that says nothing yet is nothing to work with, datasets among them."""
    seed = await office.counter.seed(Kind.DATASET)

    assert await office.counter.no(RegisterModelRun(record=office.record(outputs=(office.given(seed, office.out),)))) == INVALID


async def test_several_datasets_may_fill_a_template_and_optional_ones_none(office: Office):
    """Optional resources may be given."""
    twice = tuple(office.given(one, office.into, grid="/g", notes="/n") for one in (office.wind, office.waves))

    assert await office.run(inputs=twice)
    assert await office.run(inputs=(*twice, office.given(office.wind, office.optional)))


async def test_names_are_looked_up_with_the_callers_eyes(office: Office):
    """What somebody may not read cannot be used by them, at once when it is closed, and again when it is opened."""
    bob = office.of(office.counter.other("bob"))
    assert await bob.run()
    await office.counter.do(GrantAccess(handle=office.wind, access=Access(owner="ada")))

    with pytest.raises(Refusal) as refused:
        await bob.run()
    assert await office.run()

    problem = refused.value.problem
    assert (problem.type, problem.errors[0].field) == ("urn:problem:registry:no-access", "inputs.0.dataset_id")


async def test_looking_costs_the_same_however_much_is_named(office: Office):
    """A record with a hundred datasets takes as many statements as one with two."""
    many = tuple(office.given(office.wind if n % 2 else office.waves, office.into, grid="/g") for n in range(100))
    counts = []
    async with office.counter.house.work() as unit:
        who = await queries.reader(unit.session, office.counter.caller)
        asked: list[str] = []
        connection = (await unit.session.connection()).sync_connection

        def count(_connection, _cursor, statement, *_more):
            asked.append(statement)

        alchemy.listen(connection, "before_cursor_execute", count)
        for inputs in (many[:1], many):
            asked.clear()
            await checks.checked(unit.session, office.record(inputs=inputs), who)
            counts.append(len(asked))

    assert counts[0] == counts[1] <= 6


async def test_what_cannot_be_stored_is_refused(office: Office):
    """NUL characters are named with their field."""
    with pytest.raises(Refusal) as refused:
        await office.counter.do(RegisterModelRun(record=office.record(annotations={"site": "a\x00"})))

    assert refused.value.problem.errors[0].field == "record.annotations.site"


async def test_the_door_looks_at_runs_and_studies(office: Office):
    """Before an update or a link is ordered."""
    run = await office.run()

    async def check(**asked: Any) -> Any:
        answer = await office.counter.ask("/model-runs/check", "POST", asked)
        return answer["type"].removeprefix("urn:problem:") if answer else None

    assert await check(handle=run, study=office.study, record=office.record().model_dump(mode="json")) is None
    assert await check(handle="1/none") == "registry:no-such-entry"
    assert await check(handle=office.model) == "registry:wrong-kind"
    assert await check(handle=await office.counter.seed(Kind.STUDY)) == "registry:wrong-kind"
    assert await check(study=office.model) == INVALID
    assert await check(record={"display_name": "x"}) == "gateway:invalid"
