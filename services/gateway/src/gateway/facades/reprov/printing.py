"""What of ours becomes which of ReProv's shapes. Pure."""

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from contracts.executor import Environment, Run, Step
from contracts.registry import Workflow
from gateway.facades.reprov.shapes import (
    Captured,
    Entry,
    Execution,
    ExecutionInFull,
    ExecutionShown,
    NumberedStep,
    Started,
    StepInFull,
    StepLog,
    StepShown,
    Surroundings,
    Usage,
)


def naive(moment: datetime | None) -> str | None:
    """A moment as the original writes it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() if moment else None


def username(thing: Workflow | Run) -> str:
    """Who registered or started it: the name to log in with, else the issuer's own name for the account."""
    return thing.username or thing.owner.rpartition("/")[2]


def entry(workflow: Workflow) -> Entry:
    """A workflow without its files."""
    if workflow.legacy_id is None:
        msg = f"workflow {workflow.id} has no integer"
        raise ValueError(msg)
    return Entry(
        group=workflow.tenant,
        username=username(workflow),
        registry_id=workflow.legacy_id,
        name=workflow.name,
        version=workflow.version,
    )


def started(run: Run) -> Started:
    """An execution as its start is answered."""
    return Started(
        username=username(run),
        group=run.tenant,
        execution_id=run.legacy_id or 0,
        name=run.workflow.name,
        version=run.workflow.version,
        reana_name=run.name,
        reana_id=str(run.id),
        run_number=run.number,
    )


def shown(found: Execution, registry_id: int | None, errors: Mapping[str, str]) -> ExecutionShown:
    """An execution in a list."""
    return ExecutionShown(**_base(found, registry_id), steps=[StepShown(**_step(one, errors)) for one in found.steps])


def in_full(found: Execution, registry_id: int | None, errors: Mapping[str, str]) -> ExecutionInFull:
    """One execution."""
    steps = [
        StepInFull(**_step(one, errors), duration_seconds=_seconds(one.step), resource_usage=_usage(one.step))
        for one in found.steps
    ]
    return ExecutionInFull(**_base(found, registry_id), steps=steps, environment=_surroundings(found))


def captured(found: Execution) -> Captured:
    """What was captured of an execution."""
    return Captured(
        workflow_status=found.run.status,
        total_steps=len(found.steps),
        failed_steps=[step.place for step in found.failed],
        has_detailed_provenance=bool(found.steps),
    )


def step_log(found: Execution, step: Step, text: str, error: str | None) -> StepLog:
    """A step's log; its place is its name, which no two steps of a run share."""
    return StepLog(
        backend_job_id=step.backend_job,
        status=step.status,
        logs=text,
        compute_backend=_backend(found.run.environment),
        docker_img=step.image,
        started_at=naive(step.started),
        finished_at=naive(step.ended),
        exit_code=step.exit_code,
        error_message=error,
        command=_command(step),
    )


def _base(found: Execution, registry_id: int | None) -> dict[str, Any]:
    run = found.run
    return {
        "group": run.tenant,
        "username": username(run),
        "execution_id": found.number,
        "start_time": naive(run.started or run.created),
        "end_time": naive(run.ended),
        "status": run.status,
        "reana_name": run.name,
        "reana_run_number": run.number,
        "registry_id": registry_id,
    }


def _step(one: NumberedStep, errors: Mapping[str, str]) -> dict[str, Any]:
    step = one.step
    return {
        "step_id": one.id,
        "name": step.place,
        "status": step.status,
        "start_time": naive(step.started),
        "end_time": naive(step.ended),
        "exit_code": step.exit_code,
        "command": _command(step),
        "error_message": errors.get(step.place),
    }


def _command(step: Step) -> str | None:
    return shlex.join(step.command) if step.command is not None else None


def _seconds(step: Step) -> float | None:
    return round((step.ended - step.started).total_seconds(), 1) if step.started and step.ended else None


def _usage(step: Step) -> Usage | None:
    memory = megabytes(step.peak_memory)
    if step.cpu_seconds is None and memory is None and step.backend_job is None:
        return None
    return Usage(cpu_time_seconds=step.cpu_seconds, memory_peak_mb=memory, backend_job_id=step.backend_job)


def megabytes(size: int | None) -> float | None:
    """Bytes as the original counts memory."""
    return round(size / (1 << 20), 2) if size is not None else None


def _surroundings(found: Execution) -> Surroundings | None:
    env = found.run.environment
    if env is None:
        return None
    server = reana_of(env)
    return Surroundings(
        reana_server_url=server,
        reana_workflow_url=f"{server}/api/workflows/rp-{found.run.id}" if server else None,
        compute_backend=_backend(env),
        kubernetes_memory_limit=env.memory_limit,
        docker_image=image_of([one.step for one in found.steps]),
    )


def reana_of(env: Environment) -> str | None:
    """The address of the REANA that ran a run, if one did."""
    return env.runner.rstrip("/") if env.runner.startswith(("http://", "https://")) else None


def _backend(env: Environment | None) -> str | None:
    """The original's word for what ran the commands; REANA does not tell which of its backends it was."""
    return env.runner if env is not None and reana_of(env) is None else None


def image_of(steps: Sequence[Step]) -> str | None:
    """The image in which the steps ran, if it was one for all."""
    images = {step.image for step in steps if step.image}
    return images.pop() if len(images) == 1 else None
