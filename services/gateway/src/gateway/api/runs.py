"""Runs: start, look, stop, do again, remove."""

import asyncio
import json
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from chassis.refusal import Refusal
from contracts.executor import DeleteRun, OutsideFile, RestartRun, Run, StagedFile, StartRun, Step, StopRun, WorkflowRef
from contracts.ids import uuid7
from contracts.lists import RunsAsked
from contracts.message import Caller, Command
from contracts.outcomes import Outcome
from contracts.registry import Workflow
from contracts.vocabulary import JobStatus, RunStatus
from gateway import placeholders
from gateway.access.roles import tenant_for
from gateway.api.conditions import ETAG, NOT_MODIFIED, IfNoneMatch, shown
from gateway.api.doors import After, AsUser, Here, Page, Wait, problems
from gateway.api.links import to_job, to_run
from gateway.api.lists import LINKED, Some, linked, part
from gateway.api.once import AsOnce, Once
from gateway.api.shapes import JobAccepted, JobView, Restart, RunAccepted, RunId, RunOrder, RunWithSteps
from gateway.api.starting import check_files, check_names, check_size, staged, values_of
from gateway.api.taking import taken
from gateway.jobs.handlers import STOP
from gateway.jobs.model import Job
from gateway.jobs.sending import Chained, send
from gateway.jobs.waiting import reached
from gateway.unit import GatewayHouse

router = APIRouter(prefix="/v1/runs", tags=["runs"])
OVER = frozenset({RunStatus.FINISHED, RunStatus.DELETED})
BEGUN: dict[int | str, dict[str, Any]] = {202: {"links": to_run("$response.body#/run/id") | to_job()}}


@router.post(
    "",
    status_code=202,
    summary="Start a run",
    responses=problems(400, 403, 404, 409, 413) | BEGUN,
    response_model=RunAccepted,
)
async def start(order: RunOrder, caller: AsUser, house: Here, within: Wait, once: AsOnce) -> Response:
    """Start a workflow; the answer comes as soon as the run has its number, or after `wait` seconds without one."""

    async def begin() -> Job:
        command = await ordered_run(house, caller, order, await workflow_of(house, caller, order.workflow))
        return await ordered(house, caller, command, command.run, JobStatus.IN_PROGRESS, within, once)

    return await once.do(f"start {order.said()}", begin, JobStatus.IN_PROGRESS, partial(_accepted, house, caller))


async def ordered_run(house: GatewayHouse, caller: Caller, order: RunOrder, workflow: Workflow) -> StartRun:
    """The command that an order becomes, if nothing is wrong with it."""
    tenant = tenant_for(caller, order.tenant)
    check_size(order.inputs)
    values = values_of(workflow, order.inputs)
    files, datasets = await staged(house, caller, order.files), await taken(house, caller, order.files)
    values, outside = await placeholders.found(house, workflow, values, order.files)
    outside = (*outside, *(one for one in datasets if isinstance(one, OutsideFile)))
    await check_files(house, workflow, values, {**order.files, **dict.fromkeys(one.name for one in outside)})
    known = workflow.model_dump(include=set(WorkflowRef.model_fields))
    return StartRun(
        run=uuid7(),
        workflow=WorkflowRef(**known),
        parameters=values,
        files=(*files, *(one for one in datasets if isinstance(one, StagedFile))),
        outside=outside,
        priority=order.priority,
        timeout=order.timeout,
        tenant=tenant,
    )


@router.get("", summary="List runs", responses=problems() | {200: LINKED})
async def runs(
    request: Request, answer: Response, caller: AsUser, house: Here, asked: Annotated[RunsAsked, Query()]
) -> Page[Run]:
    """Runs of your tenants; deleted ones only where their status or their id is asked for."""
    query = asked.model_dump(mode="json", exclude_none=True)
    found = Page[Run].model_validate(await house.parts.backends.executor.json(caller, "/runs", query))
    linked(request, answer, found.next)
    return found


@router.get(
    "/{run}",
    summary="Show a run",
    responses=problems(404) | {200: {"headers": ETAG}, **NOT_MODIFIED},
    response_model=RunWithSteps,
)
async def run(run: UUID, request: Request, caller: AsUser, house: Here, _if_none_match: IfNoneMatch = None) -> Response:
    """A run with its steps; ask with `If-None-Match` to hear of news only."""
    executor = house.parts.backends.executor
    told, its_steps = await asyncio.gather(executor.json(caller, f"/runs/{run}"), executor.json(caller, f"/runs/{run}/steps"))
    found = RunWithSteps.model_validate(told | {"steps": its_steps["items"]})
    return shown(request, found.model_copy(update={"outcome": await outcome_of(house, caller, found)}))


@router.get("/{run}/steps", summary="List a run's steps", responses=problems(404) | {200: LINKED})
async def steps(
    run: UUID, request: Request, answer: Response, caller: AsUser, house: Here, limit: Some = None, after: After = None
) -> Page[Step]:
    """The steps of a run as they stand, in the order in which they began."""
    told = await house.parts.backends.executor.json(caller, f"/runs/{run}/steps")
    found = part([Step.model_validate(one) for one in told["items"]], lambda step: step.place, limit, after)
    linked(request, answer, found.next)
    return found


@router.post(
    "/{run}/stop", status_code=202, summary="Stop a run", responses=problems(404, 409) | BEGUN, response_model=RunAccepted
)
async def stop(run: UUID, caller: AsUser, house: Here, within: Wait, once: AsOnce) -> Response:
    """Stop a run; the answer comes as soon as it has ended, or after `wait` seconds."""

    async def begin() -> Job:
        there = await seen(house, caller, run)
        return await ordered(house, caller, StopRun(run=run, tenant=there.tenant), run, JobStatus.SUCCEEDED, within, once)

    return await once.do(f"stop {run}", begin, JobStatus.SUCCEEDED, partial(_accepted, house, caller))


@router.post(
    "/{run}/restart",
    status_code=202,
    summary="Run again",
    responses=problems(400, 404, 409, 413) | BEGUN,
    response_model=RunAccepted,
)
async def restart(
    run: UUID, caller: AsUser, house: Here, within: Wait, once: AsOnce, change: Restart | None = None
) -> Response:
    """Run again what has ended, with the same files and with new values where given; it becomes `<number>.<n>`."""
    given = change.inputs if change else {}

    async def begin() -> Job:
        there = await seen(house, caller, run)
        check_size(there.parameters | given)
        if given:
            try:
                check_names(await workflow_of(house, caller, there.workflow.id), given)
            except Refusal as no:
                # the workflow may have been deleted; the runner then judges the names
                if no.problem.status != 404:
                    raise
        command = RestartRun(run=uuid7(), of=run, parameters=given, tenant=there.tenant)
        return await ordered(house, caller, command, command.run, JobStatus.IN_PROGRESS, within, once)

    asked = f"restart {run} {json.dumps(given, sort_keys=True)}"
    return await once.do(asked, begin, JobStatus.IN_PROGRESS, partial(_accepted, house, caller))


@router.delete(
    "/{run}",
    status_code=204,
    summary="Remove a run's files",
    responses=problems(404, 409) | {202: {"model": JobAccepted, "description": "Not done yet", "links": to_job()}},
    response_model=None,
)
async def delete(run: UUID, caller: AsUser, house: Here, within: Wait, answer: Response) -> JobAccepted | None:
    """Remove a run's workspace and files; its provenance stays."""
    there = await seen(house, caller, run)
    job = await ordered(house, caller, DeleteRun(run=run, tenant=there.tenant), run, JobStatus.SUCCEEDED, within)
    if job.settled:
        return None
    answer.status_code = 202
    return JobAccepted(job=JobView.of(job))


async def seen(house: GatewayHouse, caller: Caller, run: UUID) -> Run:
    """A run, if the caller may see it."""
    return Run.model_validate(await house.parts.backends.executor.json(caller, f"/runs/{run}"))


async def outcome_of(house: GatewayHouse, caller: Caller, run: Run) -> Outcome | None:
    """What a run came to be, if it finished and the registry knows; a run is shown also when the registry is away."""
    if run.status not in OVER:
        return None
    try:
        return Outcome.model_validate(await house.parts.backends.registry.json(caller, f"/outcomes/{run.id}"))
    except Refusal:
        return None


async def ordered(
    house: GatewayHouse,
    caller: Caller,
    command: Command,
    about: UUID,
    until: JobStatus,
    within: float,
    once: Once | None = None,
    chained: Chained | None = None,
) -> Job:
    """Send a command and wait until its job has come so far; the problem of one that failed is raised."""
    async with house.work() as unit:
        job = await send(unit, command, caller, about, chained=chained)
        if once is not None:
            await once.bind(unit, job.id)
    job = await reached(house, job.id, until, within)
    if job.problem is not None:
        raise Refusal(job.problem)
    return job


async def _accepted(house: GatewayHouse, caller: Caller, job: Job) -> Response:
    """A run with its job; only its id, while nobody but us knows of it."""
    assert job.about is not None  # noqa: S101 - every job of a run is about one
    known = job.status is not JobStatus.PENDING or job.kind == STOP
    run: Any = await seen(house, caller, job.about) if known else RunId(id=job.about)
    told = RunAccepted(run=run, job=JobView.of(job)).model_dump(mode="json")
    return JSONResponse(told, 202, {"Location": f"/v1/runs/{job.about}"})


async def workflow_of(house: GatewayHouse, caller: Caller, workflow: UUID) -> Workflow:
    """A workflow, if the caller may see it."""
    return Workflow.model_validate(await house.parts.backends.registry.json(caller, f"/workflows/{workflow}"))
