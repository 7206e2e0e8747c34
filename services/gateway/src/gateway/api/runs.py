"""Runs: start, look, stop, do again, remove."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from chassis.refusal import Refusal
from contracts.executor import DeleteRun, RestartRun, Run, StartRun, Step, StopRun, WorkflowRef
from contracts.ids import uuid7
from contracts.message import Caller, Command
from contracts.registry import Workflow
from contracts.vocabulary import JobStatus, RunStatus
from gateway.access.roles import tenant_for
from gateway.api.doors import After, AsUser, Here, Limit, Page, Wait, problems
from gateway.api.shapes import JobAccepted, JobView, Restart, RunAccepted, RunId, RunOrder, RunWithSteps
from gateway.api.starting import check_files, check_names, check_size, staged, values_of
from gateway.jobs.model import Job
from gateway.jobs.sending import send
from gateway.jobs.waiting import reached
from gateway.unit import GatewayHouse

router = APIRouter(prefix="/v1/runs", tags=["runs"])


@router.post("", status_code=202, summary="Start a run", responses=problems(403, 404, 413, 422))
async def start(order: RunOrder, caller: AsUser, house: Here, within: Wait) -> RunAccepted:
    """Start a workflow; the answer comes as soon as the run has its number, or after `wait` seconds without one."""
    tenant = tenant_for(caller, order.tenant)
    check_size(order.inputs)
    workflow = await _workflow(house, caller, order.workflow)
    values = values_of(workflow, order.inputs)
    files = await staged(house, caller, order.files)
    await check_files(house, workflow, values, order.files)
    known = workflow.model_dump(include=set(WorkflowRef.model_fields))
    command = StartRun(
        run=uuid7(),
        workflow=WorkflowRef(**known),
        parameters=values,
        files=files,
        priority=order.priority,
        timeout=order.timeout,
        tenant=tenant,
    )
    return await _accepted(house, caller, command, command.run, JobStatus.IN_PROGRESS, within)


@router.get("", summary="List runs", responses=problems(422))
async def runs(
    caller: AsUser,
    house: Here,
    workflow: UUID | None = None,
    status: RunStatus | None = None,
    name: Annotated[str | None, Query(max_length=301, examples=["digits:1.0"])] = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[Run]:
    """Runs of your tenants, newest first."""
    query = {"workflow": workflow, "status": status, "name": name, "limit": limit, "after": after}
    return Page[Run].model_validate(await house.parts.backends.executor.json(caller, "/runs", query))


@router.get("/{run}", summary="Show a run", responses=problems(404))
async def run(run: UUID, caller: AsUser, house: Here) -> RunWithSteps:
    """A run with its steps."""
    executor = house.parts.backends.executor
    told, its_steps = await asyncio.gather(executor.json(caller, f"/runs/{run}"), executor.json(caller, f"/runs/{run}/steps"))
    return RunWithSteps.model_validate(told | {"steps": its_steps["items"]})


@router.get("/{run}/steps", summary="List a run's steps", responses=problems(404))
async def steps(run: UUID, caller: AsUser, house: Here) -> Page[Step]:
    """The steps of a run as they stand."""
    return Page[Step].model_validate(await house.parts.backends.executor.json(caller, f"/runs/{run}/steps"))


@router.post("/{run}/stop", status_code=202, summary="Stop a run", responses=problems(404, 409))
async def stop(run: UUID, caller: AsUser, house: Here, within: Wait) -> RunAccepted:
    """Stop a run; the answer comes as soon as it has ended, or after `wait` seconds."""
    there = await seen(house, caller, run)
    return await _accepted(house, caller, StopRun(run=run, tenant=there.tenant), run, JobStatus.SUCCEEDED, within)


@router.post("/{run}/restart", status_code=202, summary="Run again", responses=problems(404, 409, 413, 422))
async def restart(run: UUID, caller: AsUser, house: Here, within: Wait, change: Restart | None = None) -> RunAccepted:
    """Run again what has ended, with the same files and with new values where given; it becomes `<number>.<n>`."""
    there, given = await seen(house, caller, run), change.inputs if change else {}
    check_size(there.parameters | given)
    if given:
        try:
            check_names(await _workflow(house, caller, there.workflow.id), given)
        except Refusal as no:
            # the workflow may have been deleted; the runner then judges the names
            if no.problem.status != 404:
                raise
    command = RestartRun(run=uuid7(), of=run, parameters=given, tenant=there.tenant)
    return await _accepted(house, caller, command, command.run, JobStatus.IN_PROGRESS, within)


@router.delete(
    "/{run}",
    status_code=204,
    summary="Remove a run's files",
    responses=problems(404, 409) | {202: {"model": JobAccepted, "description": "Not done yet"}},
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


async def ordered(house: GatewayHouse, caller: Caller, command: Command, about: UUID, until: JobStatus, within: float) -> Job:
    """Send a command and wait until its job has come so far; the problem of one that failed is raised."""
    async with house.work() as unit:
        job = await send(unit, command, caller, about)
    job = await reached(house, job.id, until, within)
    if job.problem is not None:
        raise Refusal(job.problem)
    return job


async def _accepted(
    house: GatewayHouse, caller: Caller, command: Command, run: UUID, until: JobStatus, within: float
) -> RunAccepted:
    job = await ordered(house, caller, command, run, until, within)
    known = job.status is not JobStatus.PENDING or isinstance(command, StopRun)
    shown: Any = await seen(house, caller, run) if known else RunId(id=run)
    return RunAccepted(run=shown, job=JobView.of(job))


async def _workflow(house: GatewayHouse, caller: Caller, workflow: UUID) -> Workflow:
    return Workflow.model_validate(await house.parts.backends.registry.json(caller, f"/workflows/{workflow}"))
