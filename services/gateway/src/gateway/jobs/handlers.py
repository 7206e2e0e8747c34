"""What facts mean for jobs."""

from typing import Any
from uuid import UUID

from contracts.executor import DeleteRun, RestartRun, RunDeleted, RunEnded, RunQueued, StartRun, StopRun
from contracts.ids import user_id
from contracts.message import Event
from contracts.problem import Problem
from contracts.provenance import RunCaptured
from contracts.refusals import CommandRefused, DeliveryParked
from contracts.registry import (
    DeleteWorkflow,
    RegisterWorkflow,
    UpdateWorkflow,
    Workflow,
    WorkflowDeleted,
    WorkflowRegistered,
    WorkflowUpdated,
)
from contracts.vocabulary import JobStatus, RunStatus
from gateway.jobs.model import Job, News
from gateway.jobs.store import kind_of
from gateway.unit import GatewayUnit

START, RESTART, STOP, DELETE = (kind_of(order.subject) for order in (StartRun, RestartRun, StopRun, DeleteRun))
REGISTERED = {
    WorkflowRegistered: kind_of(RegisterWorkflow.subject),
    WorkflowUpdated: kind_of(UpdateWorkflow.subject),
    WorkflowDeleted: kind_of(DeleteWorkflow.subject),
}


async def settle_workflow(event: WorkflowRegistered | WorkflowUpdated | WorkflowDeleted, unit: GatewayUnit) -> None:
    """What was asked of a workflow is done."""
    await _tell(unit, event, JobStatus.SUCCEEDED, _workflow(event.workflow), REGISTERED[type(event)], event.workflow.id)


async def begin_run(event: RunQueued, unit: GatewayUnit) -> None:
    """A run has its number; its job goes on until its provenance is captured."""
    run = event.run
    result = {"run": str(run.id), "name": run.name, "number": run.number}
    kind = RESTART if run.restart_of else START
    await _tell(unit, event, JobStatus.IN_PROGRESS, result, kind, run.id, job=run.job)


async def settle_run(event: RunCaptured, unit: GatewayUnit) -> None:
    """A run has ended, and all that it and its steps said is in the graph."""
    result = {"run": str(event.run), "status": event.status}
    await _tell(unit, event, JobStatus.SUCCEEDED, result, START, event.run)
    # the last fact of a run that was stopped may carry the job of the stop; the one that started it is done as well
    for job in await unit.jobs.waiting(event.run, [START, RESTART]):
        await _hear(unit, event, job, _news(event, JobStatus.SUCCEEDED, result))


async def settle_stops(event: RunEnded, unit: GatewayUnit) -> None:
    """A run has ended: whoever wanted it stopped has what they wanted, or is told that it came to its end before."""
    run = event.run
    if run.status is RunStatus.STOPPED:
        news = _news(event, JobStatus.SUCCEEDED, {"run": str(run.id), "status": run.status})
    else:
        problem = Problem.of("executor:wrong-status", f"the run had {run.status} before it could be stopped")
        news = _news(event, JobStatus.FAILED, {}, problem)
    for job in await unit.jobs.waiting(run.id, [STOP]):
        await _hear(unit, event, job, news)


async def settle_deletions(event: RunDeleted, unit: GatewayUnit) -> None:
    """A run's files are gone."""
    result = {"run": str(event.run.id)}
    for job in await unit.jobs.waiting(event.run.id, [DELETE]):
        await _hear(unit, event, job, _news(event, JobStatus.SUCCEEDED, result))


async def fail(event: CommandRefused | DeliveryParked, unit: GatewayUnit) -> None:
    """Somebody said no, or a fault of ours stopped the work."""
    await _tell(unit, event, JobStatus.FAILED, {}, kind_of(event.of), problem=event.problem)


async def _tell(
    unit: GatewayUnit,
    event: Event,
    status: JobStatus,
    result: dict[str, Any],
    kind: str,
    about: UUID | None = None,
    *,
    job: UUID | None = None,
    problem: Problem | None = None,
) -> None:
    """Let the job of a fact hear it. The job of a foreign publisher's command is made when it is first heard of."""
    key = event.job or job
    if key is None:
        return
    news = _news(event, status, result, problem)
    if await _hear(unit, event, key, news) or event.tenant is None or event.caller is None:
        return
    owner = user_id(event.caller.issuer, event.caller.subject)
    await unit.jobs.add(
        Job(id=key, tenant=event.tenant, owner=owner, kind=kind, about=about, created=event.at, updated=event.at)
    )
    await _hear(unit, event, key, news)


async def _hear(unit: GatewayUnit, event: Event, job: UUID, news: News) -> bool:
    if news.problem is not None:
        news = news.model_copy(update={"problem": news.problem.model_copy(update={"job": job})})
    heard = await unit.jobs.hear(job, event.tenant, news)
    if heard is not None:
        unit.ring(f"job:{job}")
    return heard is not None


def _news(event: Event, status: JobStatus, result: dict[str, Any], problem: Problem | None = None) -> News:
    return News(status=status, at=event.at, message=event.id, result=result, problem=problem)


def _workflow(workflow: Workflow) -> dict[str, Any]:
    return {
        "workflow": str(workflow.id),
        "handle": workflow.handle,
        "name": workflow.name,
        "version": workflow.version,
        "revision": workflow.revision,
    }
