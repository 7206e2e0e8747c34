"""What facts mean for jobs."""

from typing import Any

from contracts.executor import DeleteRun, RestartRun, RunDeleted, RunEnded, RunQueued, StartRun, StopRun
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
from gateway.jobs.store import kind_of
from gateway.jobs.telling import hear, news_of, tell
from gateway.unit import GatewayUnit

START, RESTART, STOP, DELETE = (kind_of(order.subject) for order in (StartRun, RestartRun, StopRun, DeleteRun))
REGISTERED = {
    WorkflowRegistered: kind_of(RegisterWorkflow.subject),
    WorkflowUpdated: kind_of(UpdateWorkflow.subject),
    WorkflowDeleted: kind_of(DeleteWorkflow.subject),
}


async def settle_workflow(event: WorkflowRegistered | WorkflowUpdated | WorkflowDeleted, unit: GatewayUnit) -> None:
    """What was asked of a workflow is done."""
    await tell(unit, event, JobStatus.SUCCEEDED, _workflow(event.workflow), REGISTERED[type(event)], event.workflow.id)


async def begin_run(event: RunQueued, unit: GatewayUnit) -> None:
    """A run has its number; its job goes on until its provenance is captured."""
    run = event.run
    result = {"run": str(run.id), "name": run.name, "number": run.number}
    kind = RESTART if run.restart_of else START
    await tell(unit, event, JobStatus.IN_PROGRESS, result, kind, run.id, job=run.job)


async def settle_run(event: RunCaptured, unit: GatewayUnit) -> None:
    """A run has ended, and all that it and its steps said is in the graph."""
    result = {"run": str(event.run), "status": event.status}
    await tell(unit, event, JobStatus.SUCCEEDED, result, START, event.run)
    # the last fact of a run that was stopped may carry the job of the stop; the one that started it is done as well
    for job in await unit.jobs.waiting(event.run, [START, RESTART]):
        await hear(unit, event, job, news_of(event, JobStatus.SUCCEEDED, result))


async def settle_stops(event: RunEnded, unit: GatewayUnit) -> None:
    """A run has ended: whoever wanted it stopped has what they wanted, or is told that it came to its end before."""
    run = event.run
    if run.status is RunStatus.STOPPED:
        news = news_of(event, JobStatus.SUCCEEDED, {"run": str(run.id), "status": run.status})
    else:
        problem = Problem.of("executor:wrong-status", f"the run had {run.status} before it could be stopped")
        news = news_of(event, JobStatus.FAILED, {}, problem)
    for job in await unit.jobs.waiting(run.id, [STOP]):
        await hear(unit, event, job, news)


async def settle_deletions(event: RunDeleted, unit: GatewayUnit) -> None:
    """A run's files are gone."""
    result = {"run": str(event.run.id)}
    for job in await unit.jobs.waiting(event.run.id, [DELETE]):
        await hear(unit, event, job, news_of(event, JobStatus.SUCCEEDED, result))


async def fail(event: CommandRefused | DeliveryParked, unit: GatewayUnit) -> None:
    """Somebody said no, or a fault of ours stopped the work."""
    await tell(unit, event, JobStatus.FAILED, {}, kind_of(event.of), problem=event.problem)
    if event.job is None:
        return
    if isinstance(event, CommandRefused):
        await unit.jobs.unchain(event.job)
        return
    for job in await unit.jobs.chained(event.job):  # as failed as this one, until a replay makes all of them good
        await hear(unit, event, job, news_of(event, JobStatus.FAILED, {}, event.problem))


def _workflow(workflow: Workflow) -> dict[str, Any]:
    return {
        "workflow": str(workflow.id),
        "handle": workflow.handle,
        "name": workflow.name,
        "version": workflow.version,
        "revision": workflow.revision,
    }
