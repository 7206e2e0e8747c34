"""What finished runs come to be: datasets of their outputs, and model runs."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from chassis.carrying import carried
from contracts.message import Caller
from contracts.outcomes import LodgeRun, Outcome, RegisterOutputs
from contracts.vocabulary import JobStatus
from gateway.api.doors import AsUser, Here, Wait, problems
from gateway.api.links import to_job
from gateway.api.once import AsOnce
from gateway.api.runs import ordered, seen
from gateway.api.shapes import JobAccepted, JobView, Shape
from gateway.jobs.model import Job
from gateway.jobs.sending import spun
from gateway.unit import GatewayHouse

router = APIRouter(prefix="/v1/runs", tags=["runs"])
ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"model": JobAccepted, "description": "Not done yet: the job that follows it", "links": to_job()}
}
Text = Annotated[str, Field(min_length=1, max_length=2000)]


class OutputsAsDataset(Shape):
    """Outputs of a run, and the dataset that they shall be."""

    collection_format: dict[str, Any]
    """As Provena describes datasets (`GET /datastore/metadata/dataset-schema`); the registry looks at it."""
    outputs: Annotated[list[Text], Field(max_length=1000)] = []
    """Paths or names; nothing means all that were kept."""
    template: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """The dataset template that it stands for in the run's model run, where there are several."""


class RegisteredDataset(Shape):
    """A dataset that holds outputs of a run."""

    handle: str
    job: JobView


@router.post(
    "/{run}/dataset",
    status_code=201,
    summary="Register a run's outputs as a dataset",
    responses=problems(400, 403, 404, 409) | ACCEPTED,
    response_model=RegisteredDataset,
)
async def dataset(run: UUID, wanted: OutputsAsDataset, caller: AsUser, house: Here, within: Wait, once: AsOnce) -> Response:
    """Register outputs of a finished run as a dataset; its lineage leads through the run's steps to what they took."""

    async def begin() -> Job:
        there = await seen(house, caller, run)
        told = await carried(house.files, "info", {"collection_format": wanted.collection_format})
        who = caller.by_username()
        spinoff, chained = spun(who, "CREATE")
        named = {"outputs": tuple(wanted.outputs), "template": wanted.template, "tenant": there.tenant}
        command = RegisterOutputs(run=run, spinoff=spinoff, **named, **told)
        return await ordered(house, who, command, run, JobStatus.SUCCEEDED, within, once, chained)

    return await once.do(f"dataset {run} {wanted.said()}", begin, JobStatus.SUCCEEDED, _made)


@router.post(
    "/{run}/model-run",
    status_code=200,
    summary="Lodge a run as a model run",
    responses=problems(400, 403, 404, 409) | ACCEPTED,
    response_model=Outcome,
)
async def model_run(run: UUID, caller: AsUser, house: Here, within: Wait, once: AsOnce) -> Response:
    """Lodge a run of one's own that could not be lodged when it finished; its `outcome` says why it could not."""

    async def begin() -> Job:
        there = await seen(house, caller, run)
        command = LodgeRun(run=run, tenant=there.tenant)
        return await ordered(house, caller.by_username(), command, run, JobStatus.SUCCEEDED, within, once)

    return await once.do(f"model-run {run}", begin, JobStatus.SUCCEEDED, partial(_lodged, house, caller, run))


async def _made(job: Job) -> Response:
    if not job.settled:
        return _later(job)
    told = RegisteredDataset(handle=job.result["handle"], job=JobView.of(job))
    return JSONResponse(told.model_dump(mode="json"), 201)


async def _lodged(house: GatewayHouse, caller: Caller, run: UUID, job: Job) -> Response:
    if not job.settled:
        return _later(job)
    found = Outcome.model_validate(await house.parts.backends.registry.json(caller, f"/outcomes/{run}"))
    return JSONResponse(found.model_dump(mode="json"), 200)


def _later(job: Job) -> Response:
    return JSONResponse(JobAccepted(job=JobView.of(job)).model_dump(mode="json"), 202, {"Location": f"/v1/jobs/{job.id}"})
