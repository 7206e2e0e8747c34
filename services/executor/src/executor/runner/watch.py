"""What a run's folder tells, and the last words for a child that could not say them itself."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from contracts.vocabulary import RunStatus, StepStatus
from executor.runner.events import Events
from executor.runner.processes import kill
from executor.runner.seen import Look, StepSeen
from executor.runner.workspace import TERMINAL, Told, Workspace

UNEXPECTED = "the engine's process ended unexpectedly"
STOPPED = "stopped"
TIMED_OUT = "timed-out"
"""Event of a child that ends itself because its time is up."""
GRACE = timedelta(seconds=5)
"""A child that is late ends itself; after this long it is ended."""


def late(seconds: int) -> str:
    """The reason of a run that took too long."""
    return f"timed out after {seconds} s"


def news(told: Iterable[Told], cursor: int) -> Look | None:
    """Many small looks as one: what was said last holds, and every step is there once."""
    whole: Look | None = None
    steps: dict[str, StepSeen] = {}
    for one in told:
        look = one.look
        steps |= {step.place: step for step in look.steps}
        if whole is None:
            whole = look
            continue
        later = {
            name: value
            for name in ("reason", "started", "ended", "inputs", "outputs", "environment", "log")
            if (value := getattr(look, name)) is not None
        }
        status = whole.status if whole.status in TERMINAL else look.status
        whole = replace(whole, status=status, **later)
    return None if whole is None else replace(whole, cursor=str(cursor), steps=tuple(steps.values()))


def look(workspace: Workspace, cursor: str) -> Look | None:
    """What is new in a folder since the cursor. A child that died without a last word gets one."""
    if not workspace.order.exists():
        text = "the run's workspace is gone"
        return Look(cursor, RunStatus.FAILED, reason=text, ended=datetime.now(UTC), gone=True)
    start = int(cursor or 0)
    told, end = workspace.told(start)
    if not any(one.look.status in TERMINAL for one in told):
        overdue = _overdue(workspace)
        if overdue:
            kill(workspace.group())
        with workspace.alone() as dead:
            if dead and end_for(workspace, overdue):
                told, end = workspace.told(start)
    return news(told, end)


def _overdue(workspace: Workspace) -> str | None:
    """The reason to end a run that should have ended itself."""
    process = workspace.process()
    limit = workspace.brief().timeout
    if process is None or datetime.now(UTC).timestamp() < process[1] + limit + GRACE.total_seconds():
        return None
    return late(limit)


def end_for(workspace: Workspace, reason: str | None = None) -> bool:
    """Say for a dead child how its steps and its run ended, unless that is said; the caller is alone in the folder."""
    told, end = workspace.told()
    if any(one.look.status in TERMINAL for one in told):
        return False
    kill(workspace.group())
    whole = news(told, end)
    limit = next((one.look.reason for one in told if one.event == TIMED_OUT), None)
    stopped = workspace.stop.exists()
    said = STOPPED if stopped else reason or limit or UNEXPECTED
    with workspace.events.open("ab") as target:
        target.truncate(end)  # a torn last line of whoever died while writing
        events = Events(target.fileno())
        for step in whole.steps if whole else ():
            if step.status is StepStatus.RUNNING:
                events.step_ended(replace(step, status=StepStatus.STOPPED if stopped else StepStatus.FAILED, reason=said))
        events.run_ended(RunStatus.STOPPED if stopped else RunStatus.FAILED, said)
    return True
