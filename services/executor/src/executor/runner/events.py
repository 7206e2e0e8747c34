"""What the child tells: one JSON line an event, in one write, so that it survives the child."""

import os
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from contracts.executor import Environment, FileSeen
from contracts.vocabulary import RunStatus, StepStatus
from executor.runner.seen import Look, OutputSeen, StepSeen
from executor.runner.workspace import TOLD, Told


def now() -> datetime:
    """The time, as events tell it."""
    return datetime.now(UTC)


class Events:
    """The pen of one child; threads share it."""

    def __init__(self, target: int) -> None:
        self._target, self._turn = target, threading.Lock()
        self.open: dict[str, StepSeen] = {}
        self.failed: list[StepSeen] = []
        self.ended: list[str] = []
        """Places of the steps that are over, in that order."""
        self.silent = False
        """Set when all has been said, whatever may still be going on."""

    def tell(self, event: str, *, durable: bool = False, **news: Any) -> None:
        """Write an event. Only what opens and closes a run waits for the disk: a machine that dies fails the run anyway."""
        look = Look(cursor="", **({"status": RunStatus.RUNNING} | news))
        line = TOLD.dump_json(Told(event, look), exclude_defaults=True) + b"\n"
        with self._turn:
            if self.silent:
                return
            os.write(self._target, line)
            if durable:
                os.fsync(self._target)

    def run_started(self, environment: Environment) -> None:
        """The run is running."""
        self.tell("run-started", durable=True, started=now(), environment=environment)

    def inputs(self, seen: tuple[FileSeen, ...]) -> None:
        """The outside files, hashed."""
        self.tell("inputs-seen", inputs=seen)

    def step_started(self, step: StepSeen) -> StepSeen:
        """A step is running; answers it as it was told."""
        step = replace(step, status=StepStatus.RUNNING, started=now())
        self.open[step.place] = step
        self.tell("step-started", steps=(step,))
        return step

    def step_ended(self, step: StepSeen) -> None:
        """A step is over."""
        step = replace(step, ended=now())
        self.open.pop(step.place, None)
        self.ended.append(step.place)
        if step.status is not StepStatus.FINISHED:
            self.failed.append(step)
        self.tell("step-ended", steps=(step,))

    def run_ended(
        self,
        status: RunStatus,
        reason: str | None = None,
        outputs: tuple[OutputSeen, ...] = (),
        inputs: tuple[FileSeen, ...] | None = None,
    ) -> None:
        """The run is over, and with it every step that nobody ended."""
        for step in tuple(self.open.values()):
            self.step_ended(replace(step, status=StepStatus.FAILED, reason=reason or "the run ended before the step"))
        self.tell(
            "run-ended", durable=True, status=status, reason=reason, outputs=outputs, inputs=inputs, ended=now(), log="log.txt"
        )
