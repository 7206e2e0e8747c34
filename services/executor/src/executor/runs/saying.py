"""Moving runs and steps and telling of it: state, history and fact are written together, here and nowhere else."""

from datetime import datetime
from uuid import UUID

from contracts.executor import (
    Run,
    RunDeleted,
    RunEnded,
    RunFailed,
    RunFinished,
    RunQueued,
    RunStarted,
    RunStopped,
    Step,
    StepEnded,
    StepStarted,
)
from contracts.problem import Problem
from contracts.refusals import ExecutorCommandRefused
from contracts.vocabulary import RunStatus, StepStatus
from executor.runs.model import DELETED, ENDED, FAILED, FINISHED, QUEUED, RUNNING, STEP_ENDED, STOPPED, Change, move
from executor.runs.store import RunRow
from executor.unit import ExecutorUnit

ENDINGS: dict[RunStatus, type[RunEnded]] = {FINISHED: RunFinished, FAILED: RunFailed, STOPPED: RunStopped}


def bell(run: UUID) -> str:
    """What rings when a run or one of its steps changes."""
    return f"run:{run}"


async def move_run(
    unit: ExecutorUnit, row: RunRow, status: RunStatus, at: datetime, reason: str | None = None, job: UUID | None = None
) -> Run:
    """Move a run, note it, and say it; `NotAllowedError` if the table does not lead there."""
    run = move(row.run(), status, at, reason)
    row.put(run)
    if status in ENDED:
        row.ending, row.leased_by, row.leased_until = None, None, None
    unit.runs.note(Change(run.id, at, status, reason))
    unit.ring(bell(run.id))
    told = {"run": run, "job": job or run.job, "tenant": run.tenant, "caller": row.asked_by(), "revision": run.revision}
    if status is QUEUED:
        await unit.publish(RunQueued(**told))
    elif status is RUNNING:
        await unit.publish(RunStarted(**told))
    elif status in ENDED:
        steps = (await unit.runs.steps(run.id)).values()
        total = sum(step.revision for step in steps)
        if status is STOPPED:
            told["job"] = job or row.stop_job or run.job
        await unit.publish(ENDINGS[status](**told, steps=len(steps), step_revisions=total))
        await _settle_stop(unit, row, run)
        unit.ring("executor.submitter")
    elif status is DELETED:
        await unit.publish(RunDeleted(**told))
    return run


async def _settle_stop(unit: ExecutorUnit, row: RunRow, run: Run) -> None:
    """Whoever asked to stop a run that ended by itself is told so."""
    if row.stop_job is None or run.status is STOPPED:
        return
    problem = Problem.of("executor:wrong-status", f"the run had {run.status} before it could be stopped", job=row.stop_job)
    await unit.publish(
        ExecutorCommandRefused(
            job=row.stop_job, tenant=run.tenant, of="executor.stop-run.v1", message=row.stop_job, problem=problem
        )
    )


async def say_step(unit: ExecutorUnit, row: RunRow, step: Step, before: Step | None) -> None:
    """Keep a step's state, note what changed, and say it."""
    await unit.runs.put_step(step)
    if before is None and step.started is not None:
        unit.runs.note(Change(step.run, step.started, StepStatus.RUNNING, None, step.place))
    if step.status in STEP_ENDED and (before is None or before.status is not step.status):
        at = step.ended or step.started
        if at is not None:
            unit.runs.note(Change(step.run, at, step.status, step.reason, step.place))
    kind = StepEnded if step.status in STEP_ENDED else StepStarted
    run = row.run()
    await unit.publish(kind(step=step, job=run.job, tenant=run.tenant, caller=row.asked_by(), revision=step.revision))
    unit.ring(bell(step.run))
