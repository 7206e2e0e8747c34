"""`/workflow_execution`: executions, as ReProv starts, shows and deletes them. Its downloads are next door."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from chassis.refusal import Refusal
from contracts.executor import DeleteRun, Run, StopRun
from contracts.lists import PLAIN
from contracts.message import Caller, Command
from contracts.vocabulary import JobStatus
from gateway.api.doors import Here
from gateway.api.runs import ordered, ordered_run, seen, workflow_of
from gateway.api.shapes import RunOrder
from gateway.facades.reprov import downloads
from gateway.facades.reprov.doors import AsAdmin, AsMember, ById, RegistryId, answers, serve, workflow_at
from gateway.facades.reprov.errors import LegacyRoute, NoError, saying
from gateway.facades.reprov.printing import in_full, shown, started, step_log
from gateway.facades.reprov.shapes import (
    ENDED,
    Answer,
    Execution,
    ExecutionInFull,
    ExecutionShown,
    Started,
    StepLog,
)
from gateway.facades.reprov.texts import errors_of, logs_of
from gateway.jobs.waiting import watched
from gateway.unit import GatewayHouse

router = APIRouter(prefix="/workflow_execution", tags=["reprov: workflow execution"], route_class=LegacyRoute)
# `/inputs/` and `/outputs/` come before `/{execution_id}`, or they would be taken for one
router.include_router(downloads.router)
AT_ONCE = 8
STARTING, DELETING = "Problem while starting REANA workflow", "Problem while deleting REANA workflow"


@serve(router, "GET", "/", summary="List executions", responses=answers())
async def executions(caller: AsMember, house: Here) -> Answer[dict[str, ExecutionShown]]:
    """Executions of your group, by `<reana_name>:<reana_run_number>`."""
    found = await _all(house, caller)
    errors, numbers = await errors_of(house.files, found), await _registry_ids(house, caller, found)
    data = {
        f"{one.run.name}:{one.run.number}": shown(one, numbers.get(one.run.workflow.id), errors.get(one.number, {}))
        for one in found
    }
    return Answer(message="Workflow executions retrieved successfully", data=data)


@serve(router, "GET", "/{execution_id}/logs", summary="Read the steps' logs", responses=answers(404))
async def logs(found: ById, house: Here) -> Answer[dict[str, StepLog]]:
    """The logs of an execution's steps, by the steps' names; of a long one its end."""
    with saying("Failed to fetch logs from REANA"):
        texts = await logs_of(house.files, found)
        errors = (await errors_of(house.files, [found])).get(found.number, {})
    data = {one.step.place: step_log(found, one.step, texts[one.step.place], errors.get(one.step.place)) for one in found.steps}
    return Answer(message="Workflow execution logs successfully retrieved", data=data)


@serve(router, "GET", "/{execution_id:number}", summary="Show an execution", responses=answers(404))
async def execution(found: ById, caller: AsMember, house: Here) -> Answer[ExecutionInFull]:
    """An execution with its steps, what they needed, and what ran them."""
    errors, numbers = await errors_of(house.files, [found]), await _registry_ids(house, caller, [found])
    data = in_full(found, numbers.get(found.run.workflow.id), errors.get(found.number, {}))
    return Answer(message="Workflow execution successfully retrieved", data=data)


@serve(router, "POST", "/execute/{registry_id}", summary="Execute a workflow", responses=answers(400, 403, 404, 409, 413))
async def execute(registry_id: RegistryId, caller: AsMember, house: Here) -> Answer[Started]:
    """Execute a workflow with the values of its input file."""
    workflow = await workflow_at(house, caller, registry_id)
    with saying(STARTING):
        command = await ordered_run(house, caller, RunOrder(workflow=workflow.id, tenant=workflow.tenant), workflow)
        if not await _done(house, caller, command, command.run, JobStatus.IN_PROGRESS):
            raise NoError(503, f"{STARTING}: it waits for its number; look into the list in a moment")
        return Answer(message="New workflow started", data=started(await seen(house, caller, command.run)))


@serve(router, "DELETE", "/delete/", summary="Delete executions", responses=answers(403, 404, 409))
async def delete(
    caller: AsAdmin,
    house: Here,
    registry_id: Annotated[int | None, Query(description="All executions of this workflow")] = None,
    reana_name: Annotated[str | None, Query(max_length=301, pattern=PLAIN, description="All executions of this name")] = None,
) -> Answer[list[str]]:
    """Delete all executions of a workflow or of a name, with their files; what still runs is stopped. Provenance stays."""
    if (registry_id is None) == (not reana_name):
        raise NoError(403, "Either provide registry_id OR reana_name but not both")
    if registry_id is not None:
        found = await _all(house, caller, workflow=(await workflow_at(house, caller, registry_id, deleted=True)).id)
    else:
        found = await _all(house, caller, name=reana_name)
        if not found:
            raise NoError(404, "Invalid reana_name")
    with saying(DELETING):
        # nothing is deleted before all of it has ended, so a run that does not stop leaves everything as it was
        await _each(_stop(house, caller, one.run) for one in found if one.run.status not in ENDED)
        await _each(_delete(house, caller, one.run) for one in found)
    about = registry_id if registry_id is not None else reana_name
    message = f"Every workflow associated with {about} was successfully deleted"
    return Answer(message=message, data=[str(one.run.id) for one in found])


async def _each(deeds: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do some of them at a time, and all of them before the first error is raised."""
    some = asyncio.Semaphore(AT_ONCE)

    async def one(deed: Coroutine[Any, Any, None]) -> None:
        async with some:
            await deed

    for outcome in await asyncio.gather(*(one(deed) for deed in deeds), return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def _stop(house: GatewayHouse, caller: Caller, run: Run) -> None:
    """Stop a run; one that has ended meanwhile needs no stopping."""
    try:
        await _done(house, caller, StopRun(run=run.id, tenant=run.tenant), run.id, JobStatus.SUCCEEDED)
    except Refusal as no:
        if no.problem.status != 409:
            raise
    # one that is just coming to its end cannot be stopped any more, and its files are still being fetched
    last = await watched(
        house, run.job, house.settings.wait_limit, lambda: seen(house, caller, run.id), lambda found: found.status in ENDED
    )
    if last.status not in ENDED:
        raise NoError(503, f"{DELETING}: {run.name}:{run.number} has not stopped yet; nothing was deleted, try again")


async def _delete(house: GatewayHouse, caller: Caller, run: Run) -> None:
    if not await _done(house, caller, DeleteRun(run=run.id, tenant=run.tenant), run.id, JobStatus.SUCCEEDED):
        raise NoError(503, f"{DELETING}: {run.name}:{run.number} is not deleted yet; try again in a moment")


async def _done(house: GatewayHouse, caller: Caller, command: Command, run: UUID, until: JobStatus) -> bool:
    """Send a command and wait; whether its job came so far within the time that a request may wait."""
    job = await ordered(house, caller, command, run, until, house.settings.wait_limit)
    return job.settled or job.status is until


async def _all(
    house: GatewayHouse, caller: Caller, *, workflow: UUID | None = None, name: str | None = None
) -> list[Execution]:
    """All executions of a group, or of a workflow, or of a name."""
    found: list[Execution] = []
    after: int | None = 0
    while after is not None:
        query = {"workflow": workflow, "name": name, "after": after}
        page = await house.parts.backends.executor.json(caller, "/legacy/runs", query)
        found += [Execution.model_validate(one) for one in page["items"]]
        after = page["next"]
    return found


async def _registry_ids(house: GatewayHouse, caller: Caller, found: Sequence[Execution]) -> dict[UUID, int | None]:
    """The workflows' integers; runs that are older than these have to ask the registry."""
    known = {one.run.workflow.id: one.run.workflow.legacy_id for one in found}
    for workflow in [workflow for workflow, number in known.items() if number is None]:
        try:
            known[workflow] = (await workflow_of(house, caller, workflow)).legacy_id
        except Refusal as no:
            if no.problem.status != 404:
                raise
    return known
