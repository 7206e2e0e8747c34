"""What REANA tells of a run, as the executor takes it. Pure."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts.executor import FileSeen
from contracts.ids import NOWHERE, output_id
from contracts.vocabulary import Engine, RunStatus, StepStatus
from executor.runner.occurrences import media_type
from executor.runner.reanalogs import Job, Result, complaints, tail
from executor.runner.reanaplan import Placed, Plan, plan_cwl, plan_named, plan_serial
from executor.runner.reanaspec import OURS
from executor.runner.reanatimes import Clock
from executor.runner.seen import OutputSeen, StepSeen
from executor.runner.serial import EDGES, NAMED
from executor.specs.serial import read_serial

SPECIFIED = "named in the specification"
STATUSES = {
    "created": RunStatus.PENDING,
    "queued": RunStatus.PENDING,
    "pending": RunStatus.PENDING,
    "running": RunStatus.RUNNING,
    "finished": RunStatus.FINISHED,
    "failed": RunStatus.FAILED,
    "stopped": RunStatus.STOPPED,
    "deleted": RunStatus.DELETED,
}
LIVE = ("created", "queued", "pending", "running")
ENDS = {
    "finished": StepStatus.FINISHED,
    "cached": StepStatus.FINISHED,
    "failed": StepStatus.FAILED,
    "stopped": StepStatus.STOPPED,
}
LOG = ":log/"
"""Paths of logs begin so; REANA keeps them outside of the workspace."""
ENGINE_LOG = f"{LOG}engine"


@dataclass(frozen=True, slots=True)
class Item:
    """A workflow as lists and status tell it."""

    id: str
    status: str
    created: str | None
    started: str | None
    finished: str | None
    stopped: str | None
    counts: tuple[int, int, int]
    """Jobs begun, finished, failed; they may come late."""

    @property
    def mark(self) -> str:
        """Changes when something has changed."""
        told = json.dumps([self.status, self.started, *self.counts])
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def item_of(told: Mapping[str, Any]) -> Item:
    """Read one."""
    progress = told.get("progress") or {}
    begun, finished, failed = (int((progress.get(name) or {}).get("total") or 0) for name in ("running", "finished", "failed"))
    return Item(
        id=str(told["id"]),
        status=str(told["status"]),
        created=told.get("created"),
        started=progress.get("run_started_at"),
        finished=progress.get("run_finished_at"),
        stopped=progress.get("run_stopped_at"),
        counts=(begun, finished, failed),
    )


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a run never changes: the specification that REANA was given."""

    engine: Engine
    plan: Plan
    inputs: tuple[FileSeen, ...]
    files: tuple[str, ...]
    """Declared results."""
    directories: tuple[str, ...]


def facts_of(told: Mapping[str, Any]) -> Facts:
    """Read a specification, as REANA gives it back."""
    whole = told["specification"]
    workflow, note = whole["workflow"], whole.get(OURS) or {}
    engine, specification = Engine(workflow["type"]), workflow.get("specification") or {}
    match engine:
        case Engine.SERIAL:
            inputs = {"parameters": (whole.get("inputs") or {}).get("parameters") or {}}
            text = json.dumps({"inputs": inputs, "workflow": {"specification": specification}})
            plan = plan_serial(read_serial(text, told.get("parameters") or {}).steps)
        case Engine.CWL:
            plan = plan_cwl(specification, str(note.get("place") or "main"))
        case _:
            plan = plan_named(engine, specification)
    outputs = whole.get("outputs") or {}
    inputs_seen = tuple(FileSeen.model_validate(one) for one in note.get("inputs") or ())
    return Facts(engine, plan, inputs_seen, tuple(outputs.get("files") or ()), tuple(outputs.get("directories") or ()))


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, for steps of which REANA does not say it."""

    status: StepStatus
    reason: str | None
    at: str | None
    late: bool = False
    """The run took too long, so what was stopped has failed."""


def steps_of(
    jobs: Iterable[Job], facts: Facts, clock: Clock, judged: Mapping[str, bool], log: str, ending: Ending | None = None
) -> Iterator[StepSeen]:
    """The steps that have begun. The engine's judgement counts for more than the job's: it looked at the results."""
    jobs = tuple(jobs)
    placed = list(facts.plan.place((job.name, job.command) for job in jobs))
    names = [one.step.name for one in placed]
    for job, one in zip(jobs, placed, strict=True):
        if job.status not in {"running", *ENDS} and job.started is None:
            continue
        status = ENDS.get(job.status, StepStatus.RUNNING)
        reason = _reason(job) if status is StepStatus.FAILED else None
        fine = judged.get(job.name, judged.get(one.step.name) if names.count(one.step.name) == 1 else None)
        if fine is False and status is StepStatus.FINISHED:
            told = complaints(log, one.step.name)
            status, reason = StepStatus.FAILED, f"permanentFail\n{told}\n{tail(job.said)}".strip()
        ended = clock.utc(job.finished)
        if ending is not None and (status is StepStatus.RUNNING or (status is StepStatus.STOPPED and ending.late)):
            status, reason = ending.status, ending.reason
        if status is not StepStatus.RUNNING and ending is not None:
            ended = ended or clock.utc(ending.at)
        yield StepSeen(
            place=one.place,
            name=one.step.name,
            status=status,
            reason=reason,
            command=(job.command,) if job.command is not None else None,
            image=job.image,
            backend_job=job.id,
            started=clock.utc(job.started),
            ended=ended if status is not StepStatus.RUNNING else None,
            log=f"{LOG}{job.id}" if status is not StepStatus.RUNNING else None,
            parameters=one.step.parameters,
            used=_used(one, job, facts),
            after=one.step.after,
        )


def _reason(job: Job) -> str:
    said = tail(job.said)
    return f"{job.word or 'Error'}\n{said}".strip()


def _used(one: Placed, job: Job, facts: Facts) -> tuple[FileSeen, ...]:
    if facts.engine is Engine.CWL:
        found = [seen for seen in facts.inputs if seen.role in one.step.takes]
        return tuple(seen.model_copy(update={"evidence": SPECIFIED}) for seen in found)
    if facts.engine is Engine.SERIAL and job.command is not None:
        names = words(job.command)
        return tuple(seen.model_copy(update={"evidence": NAMED}) for seen in facts.inputs if seen.path in names)
    return ()


def words(command: str) -> set[str]:
    """What a command names as whole words, as paths."""
    for edge in EDGES:
        command = command.replace(edge, "\0")
    return {os.path.normpath(word) for word in command.split("\0") if word}


def failure(steps: Iterable[StepSeen], log: str) -> str:
    """Why a run failed."""
    failed = [f"step {step.place} failed: {step.reason}" for step in steps if step.status is StepStatus.FAILED]
    return "\n".join(failed[:5])[-4000:] or complaints(log) or "REANA says that it failed, and not why"


def cwl_output(run: UUID, facts: Facts, one: Result) -> OutputSeen:
    """A result of a CWL run; one that a single step writes is known as that step's."""
    place = facts.plan.sources.get(one.role, NOWHERE)
    known = place != NOWHERE
    file = FileSeen(
        id=output_id(run, place, one.path),
        path=one.path,
        size=one.size,
        media_type=media_type(one.path),
        role=one.role,
        evidence=SPECIFIED if known else None,
    )
    return OutputSeen(file, f"outputs/{one.path}", one.sha1)


def declared_output(run: UUID, steps: Iterable[StepSeen], path: str, size: int | None) -> OutputSeen:
    """A declared result; one that a single command names is known as that command's."""
    naming = {step.place for step in steps if step.command and path in words(step.command[0])}
    place = naming.pop() if len(naming) == 1 else NOWHERE
    file = FileSeen(
        id=output_id(run, place, path),
        path=path,
        size=size,
        media_type=media_type(path),
        role=path,
        evidence=NAMED if place != NOWHERE else None,
    )
    return OutputSeen(file, path)


def changed(steps: Iterable[StepSeen], before: Mapping[str, StepSeen]) -> tuple[StepSeen, ...]:
    """The steps with news."""
    return tuple(step for step in steps if before.get(step.place) != step)
