"""A run took a registered dataset, and another holds what it made: lineage leads from one to the other, on both stores."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.integration.provenance.either import STORES, a_provenance
from tests.integration.provenance.registered import created, hear, project, record, says
from tests.unit.provenance.records.samples import RUN, SPEC, WORKFLOW, at, written

from chassis.files import once
from chassis.testing import somebody
from contracts.executor import FileSeen, Origin, Run, RunFinished, Source, Step, StepEnded, WorkflowRef
from contracts.ids import dataset_record, input_id, run_id, step_id
from contracts.outcomes import DatasetFilled
from contracts.vocabulary import Engine, RunStatus, StepStatus
from provenance.graph.answer import Direction
from provenance.lineage import provena, queries
from provenance.lineage.provena import Query
from provenance.records.entries import fill_dataset
from provenance.records.handlers import capture_run, capture_step
from provenance.unit import ProvenanceHouse

EVE, BOB = somebody("eve", "forest"), somebody("bob", "sea")
TAKEN = FileSeen(
    id=input_id(RUN, "a"),
    path="a",
    sha256="1" * 64,
    size=3,
    origin=Origin(id="1/first"),
    source=Source(url="https://example.org/a"),
)
MADE = written("s", "b")


@pytest.fixture(params=STORES)
async def house(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> AsyncIterator[ProvenanceHouse]:
    """Provenance with either store."""
    async with a_provenance(request.param, database_url, tmp_path) as house:
        yield house


def filled(**more: object) -> DatasetFilled:
    """That a dataset holds what the run made."""
    told = {"dataset": "1/last", "run": RUN, "members": (MADE.id,), "tenant": "forest", "revision": 1, **more}
    return DatasetFilled.model_validate(told)


async def tell(house: ProvenanceHouse, *filling: DatasetFilled) -> None:
    """A run of one step from its beginning to its end, the datasets, and which holds what."""
    run = Run(
        id=RUN,
        tenant="forest",
        name="w:1",
        number="1",
        workflow=WorkflowRef(
            id=WORKFLOW, handle="1/w", name="w", version="1", revision=1, engine=Engine.CWL, spec=SPEC, main="m"
        ),
        status=RunStatus.FINISHED,
        owner="user/i/eve",
        owner_name="eve",
        inputs=(TAKEN,),
        outputs=(MADE,),
        created=at(0),
        started=at(1),
        ended=at(9),
        revision=3,
    )
    step = Step(
        run=RUN, place="s", name="s", status=StepStatus.FINISHED, started=at(2), ended=at(8), used=(TAKEN,), generated=(MADE,)
    )
    async with house.work() as unit:
        await capture_step(StepEnded(step=step, tenant="forest", revision=1), unit)
        await capture_run(RunFinished(run=run, tenant="forest", revision=3, steps=1, step_revisions=1), unit)
        for fact in filling:
            await fill_dataset(fact, unit)
    await project(house)
    await hear(house, created("1/first"), created("1/last"))


async def test_lineage_leads_from_dataset_to_dataset(house: ProvenanceHouse) -> None:
    """Through members and steps for the run's tenant, by the model run for everybody; said twice, it is said once."""
    await tell(house, filled(), filled())

    async with house.work() as unit:
        answer = await queries.lineage(unit, EVE, "1/last", Direction.UP, None, None)
        mine = await provena.ask(unit, EVE, "1/last", Query.CONTRIBUTING_DATASETS, None)
        down = await provena.ask(unit, EVE, "1/first", Query.EFFECTED_DATASETS, None)
        all_of_it = await provena.ask(unit, EVE, run_id(RUN), Query.UPSTREAM, 5)
        theirs = await provena.ask(unit, BOB, "1/last", Query.CONTRIBUTING_DATASETS, None)
    way = {"1/last", MADE.id, step_id(RUN, "s"), TAKEN.id, "1/first"}
    assert way <= {node.id for node in answer.nodes}
    for found in (mine, down):
        assert {node.id for node in found.nodes} == way
        assert {node.id for node in found.nodes if node.registered} == {"1/first", "1/last"}
        assert {(link.type, link.source, link.target) for link in found.links} == {
            ("hadMember", "1/last", MADE.id),
            ("wasGeneratedBy", MADE.id, step_id(RUN, "s")),
            ("used", step_id(RUN, "s"), TAKEN.id),
            ("wasDerivedFrom", TAKEN.id, "1/first"),
        }
    words = {node.id: node.item_subtype for node in all_of_it.nodes}
    assert words["web/https://example.org/a"] == words[TAKEN.id] == "DATASET"
    assert (words[run_id(RUN)], words[f"plan/1/w/{SPEC.sha256}"]) == ("WORKFLOW_RUN", "WORKFLOW_TEMPLATE")
    assert theirs.nodes == ()

    await hear(house, says("1/run", 1, record(["1/first"], ["1/last"])))
    async with house.work() as unit:
        theirs = await provena.ask(unit, BOB, "1/last", Query.CONTRIBUTING_DATASETS, None)
        mine = await provena.ask(unit, EVE, "1/last", Query.CONTRIBUTING_DATASETS, None)
    assert {node.id for node in theirs.nodes} == {"1/last", "1/run", "1/first"}
    assert {node.id for node in mine.nodes} == {*way, "1/run"}


async def test_very_many_members_travel_beside_the_fact(house: ProvenanceHouse) -> None:
    """What a message cannot hold is read from the file that it names."""
    many = [f"run/{RUN}/out/s/{n}" for n in range(300)]
    told = await house.files.put(once(str(many).replace("'", '"').encode()))
    await tell(house, filled(members=(), more=told))

    async with house.work() as unit:
        said = await unit.ledger.record(dataset_record(RUN, "1/last"))

    assert said is not None
    assert {link.target for link in said.links} == set(many)
