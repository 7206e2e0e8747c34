"""How a run and its steps move. Pure: a new state, or a refusal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.executor import FileSeen, Run, Step
from contracts.ids import output_id
from contracts.vocabulary import RunStatus, StepStatus

CREATED, QUEUED, PENDING, RUNNING = RunStatus.CREATED, RunStatus.QUEUED, RunStatus.PENDING, RunStatus.RUNNING
FINISHED, FAILED, STOPPED, DELETED = RunStatus.FINISHED, RunStatus.FAILED, RunStatus.STOPPED, RunStatus.DELETED

NEXT: dict[RunStatus, frozenset[RunStatus]] = {
    CREATED: frozenset({QUEUED, FAILED}),
    QUEUED: frozenset({PENDING, FAILED, STOPPED}),
    PENDING: frozenset({RUNNING, FAILED, STOPPED}),
    RUNNING: frozenset({FINISHED, FAILED, STOPPED}),
    FINISHED: frozenset({DELETED}),
    FAILED: frozenset({DELETED}),
    STOPPED: frozenset({DELETED}),
    DELETED: frozenset(),
}
"""Every transition there is; anything else is refused, so a late word never moves a run backwards."""

LIVE = frozenset({PENDING, RUNNING})
ENDED = frozenset({FINISHED, FAILED, STOPPED})
STEP_ENDED = frozenset({StepStatus.FINISHED, StepStatus.FAILED, StepStatus.STOPPED})


class NotAllowedError(ValueError):
    """The run's status forbids the move."""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a run's history, or of a step's."""

    run: UUID
    at: datetime
    status: str
    reason: str | None = None
    place: str | None = None


def move(run: Run, status: RunStatus, at: datetime, reason: str | None = None) -> Run:
    """The run in another status, with the time that belongs to it; `NotAllowedError` if the table does not lead there."""
    if status not in NEXT[run.status]:
        msg = f"a run that is {run.status} does not become {status}"
        raise NotAllowedError(msg)
    changes: dict[str, object] = {"status": status, "revision": run.revision + 1}
    if status is QUEUED:
        changes["queued"] = at
    if status is RUNNING:
        changes["started"] = at
    if status in ENDED:
        changes |= {"ended": at, "reason": reason}
    return run.model_copy(update=changes)


def restated(known: Step | None, seen: Step) -> Step | None:
    """The step with its next revision, if what was seen says more than what is known; never back from an end.

    An end that was taken for a good one may turn out a bad one: some engines look at the results last.
    """
    if known is None:
        return seen.model_copy(update={"revision": 1})
    corrected = known.status is StepStatus.FINISHED and seen.status is StepStatus.FAILED
    if (known.status in STEP_ENDED and not corrected) or known.model_copy(update={"revision": 1}) == seen.model_copy(
        update={"revision": 1}
    ):
        return None
    return seen.model_copy(update={"revision": known.revision + 1})


def credited(steps: Mapping[str, Step], outputs: Iterable[FileSeen]) -> list[Step]:
    """Steps with the results that are known to be theirs, and that they did not tell of themselves."""
    found: dict[str, Step] = {}
    for file in outputs:
        place = _place(file)
        step = found.get(place) or steps.get(place)
        if step is None or step.more is not None or any(one.id == file.id for one in step.generated):
            continue
        told = (*step.generated, file.model_copy(update={"stored": None}))
        found[place] = step.model_copy(update={"generated": told, "revision": steps[place].revision + 1})
    return list(found.values())


def _place(file: FileSeen) -> str:
    """The step that a file's id names; nothing if it came from outside."""
    _, run, kind, rest = file.id.split("/", 3)
    place = rest.removesuffix(f"/{file.path}")
    return place if kind == "out" and file.id == output_id(UUID(run), place, file.path) else ""


def abandoned(steps: Iterable[Step], status: StepStatus, at: datetime, reason: str | None) -> list[Step]:
    """Steps that nobody ended, ended: a run that has ended has no running step."""
    return [
        step.model_copy(update={"status": status, "ended": at, "reason": reason, "revision": step.revision + 1})
        for step in steps
        if step.status not in STEP_ENDED
    ]
