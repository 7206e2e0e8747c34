"""What the executor does when it is told to."""

import logging
from datetime import UTC, datetime

from chassis.refusal import Refusal, refuse
from contracts.executor import DeleteRun, RestartRun, Run, StartRun, StopRun
from contracts.ids import user_id
from contracts.message import Caller, Command
from contracts.outcomes import DatasetFilled
from contracts.vocabulary import Engine, RunStatus
from executor.runner import Runner
from executor.runs.model import ENDED, LIVE, QUEUED, STOPPED, Change
from executor.runs.saying import move_run
from executor.runs.store import RunRow
from executor.unit import ExecutorUnit

log = logging.getLogger(__name__)


def _caller(command: Command) -> Caller:
    if command.caller is None:
        raise refuse("gateway:unauthenticated", "nobody asked")
    return command.caller


def _not_there(run: object) -> Refusal:
    return refuse("executor:no-such-run", f"there is no run {run}")


def unsupported(engine: Engine, runner: Runner) -> Refusal:
    """The refusal of a language that the runner does not take, with what would take it."""
    takes = ", ".join(sorted(runner.engines))
    return refuse(
        "executor:unsupported-engine",
        f"{engine} workflows do not run here (runner {runner.name} takes {takes}); they need REANA: set RUNNER_URL=https://…",
    )


async def _own(command: StopRun | DeleteRun, unit: ExecutorUnit) -> RunRow:
    """The run, if it belongs to one of the caller's tenants; missing and foreign look the same."""
    row = await unit.runs.get(command.run, lock=True)
    if row is None or row.tenant not in _caller(command).tenants:
        raise _not_there(command.run)
    return row


async def start_run(command: StartRun, unit: ExecutorUnit) -> None:
    """Give the run its number and put it into the queue; a submitter takes it from there."""
    caller = _caller(command)
    if command.tenant is None or command.tenant not in caller.tenants:
        raise refuse("gateway:forbidden", f"{caller.name} does not act for {command.tenant}")
    if command.workflow.engine not in unit.parts.runner.engines:
        raise unsupported(command.workflow.engine, unit.parts.runner)
    name = f"{command.workflow.name}:{command.workflow.version}"
    now, major = datetime.now(UTC), await unit.runs.number(command.tenant, name)
    legacy_id = await unit.runs.legacy_id()
    run = Run(
        id=command.run,
        tenant=command.tenant,
        name=name,
        number=str(major),
        job=command.job,
        workflow=command.workflow,
        status=RunStatus.CREATED,
        owner=user_id(caller.issuer, caller.subject),
        owner_name=caller.name,
        username=caller.username,
        legacy_id=legacy_id,
        parameters=command.parameters,
        created=command.at,
    )
    row = RunRow(
        id=run.id,
        legacy_id=legacy_id,
        tenant=run.tenant,
        name=name,
        major=major,
        minor=0,
        status=run.status,
        workflow=run.workflow.id,
        created=run.created,
        state={},
        files=[file.model_dump(mode="json") for file in (*command.files, *command.outside)],
        caller=caller.model_dump(mode="json"),
        priority=command.priority,
        timeout=command.timeout,
        due=now,
    )
    await _queue(unit, row, run, now)


async def restart_run(command: RestartRun, unit: ExecutorUnit) -> None:
    """Queue a run that ended once more, as the next restart of its number."""
    caller, before = _caller(command), await unit.runs.get(command.of)
    if before is None or before.tenant not in caller.tenants:
        raise _not_there(command.of)
    old = before.run()
    if old.status not in ENDED:
        raise refuse("executor:wrong-status", f"the run is {old.status}; only a run that has ended can be restarted")
    now, minor = datetime.now(UTC), await unit.runs.restart_number(before)
    legacy_id = await unit.runs.legacy_id()
    run = Run(
        id=command.run,
        tenant=old.tenant,
        name=old.name,
        number=f"{before.major}.{minor}",
        job=command.job,
        workflow=old.workflow,
        status=RunStatus.CREATED,
        owner=user_id(caller.issuer, caller.subject),
        owner_name=caller.name,
        username=caller.username,
        legacy_id=legacy_id,
        parameters=old.parameters | command.parameters,
        created=command.at,
        restart_of=old.id,
    )
    row = RunRow(
        id=run.id,
        legacy_id=legacy_id,
        tenant=run.tenant,
        name=run.name,
        major=before.major,
        minor=minor,
        status=run.status,
        workflow=run.workflow.id,
        created=run.created,
        state={},
        files=before.files,
        caller=caller.model_dump(mode="json"),
        priority=before.priority,
        timeout=before.timeout,
        due=now,
    )
    await _queue(unit, row, run, now)


async def _queue(unit: ExecutorUnit, row: RunRow, run: Run, now: datetime) -> None:
    row.put(run)
    unit.runs.add(row)
    unit.runs.note(Change(run.id, run.created, run.status))
    await move_run(unit, row, QUEUED, now)
    unit.ring("executor.fetcher" if row.awaited() else "executor.submitter")


async def stop_run(command: StopRun, unit: ExecutorUnit) -> None:
    """Stop a run that waits at once; ask the runner to stop one that it has."""
    row, caller = await _own(command, unit), _caller(command)
    run, account = row.run(), user_id(caller.issuer, caller.subject)
    if run.status not in LIVE | {QUEUED} or row.ending is not None:
        raise refuse("executor:wrong-status", f"the run is {run.status}; only one that waits or runs can be stopped")
    if row.stop_asked:
        raise refuse("executor:wrong-status", "the run is being stopped already")
    row.put(run.model_copy(update={"stopped_by": account}))
    row.stop_asked, row.stop_job, row.stopper = True, command.job, caller.name
    # whoever fetches its files notices that the run is not theirs any more; what a submitter had in hand, the runner may have
    if run.status is QUEUED and not row.attempted:
        await move_run(unit, row, STOPPED, datetime.now(UTC), f"stopped by {caller.name}")
    elif run.status is QUEUED:
        row.due = datetime.now(UTC)
        unit.ring("executor.submitter")
    unit.ring("executor.sweep")


async def keep_outputs(event: DatasetFilled, unit: ExecutorUnit) -> None:
    """Let the outputs of a run outlive it, because a dataset holds them; also if it was deleted a while ago."""
    row = await unit.runs.get(event.run, lock=True)
    if row is None or row.tenant != event.tenant:
        return
    row.kept = True
    if row.leftover is None:
        return
    if row.leftover_due is None:
        log.error("a dataset's files are gone", extra={"run": str(row.id), "dataset": event.dataset})
        return
    run, stored = row.run(), row.leftover
    again = tuple(output.model_copy(update={"stored": stored.get(output.path)}) for output in run.outputs)
    row.put(run.model_copy(update={"outputs": again}))
    row.leftover = row.leftover_due = None


async def delete_run(command: DeleteRun, unit: ExecutorUnit) -> None:
    """Have a run's workspace and files removed; what is known of it stays."""
    row = await _own(command, unit)
    if row.run().status not in ENDED:
        raise refuse("executor:wrong-status", f"the run is {row.status}; stop it first, or wait for its end")
    if row.delete_asked:
        raise refuse("executor:wrong-status", "the run is being deleted already")
    row.delete_asked, row.delete_job, row.due = True, command.job, datetime.now(UTC)
    unit.ring("executor.collector")
