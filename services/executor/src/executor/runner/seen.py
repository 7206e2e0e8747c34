"""What passes between the executor and a runner: an order down, what was seen up. All of it frozen."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from contracts.executor import Environment, FileSeen, StagedFile, Step
from contracts.message import FileRef
from contracts.vocabulary import Engine, RunStatus, StepStatus


class Tells(StrEnum):
    """What a runner can say of a run; what it does not tell stays null."""

    COMMAND = "command"
    """The command of a step, as it was run."""
    EXIT_CODE = "exit-code"
    STEP_FILES = "step-files"
    """The files a step used and generated, with their SHA-256."""
    EXPRESSIONS = "expressions"
    """Steps that are expressions and run no command."""
    PLACES = "places"
    """Where nested and scattered steps stand: `train[1]/fit`."""
    INPUTS = "inputs"
    """The outside files of a run, with their SHA-256."""
    OUTPUT_DIGESTS = "output-digests"
    CPU = "cpu"
    MEMORY = "memory"
    STEP_LOGS = "step-logs"


@dataclass(frozen=True, slots=True)
class Order:
    """What to run."""

    run: UUID
    engine: Engine
    spec: FileRef
    """A zip, or a single document if it is none."""
    main: str
    """Path of the main document inside the zip."""
    parameters: dict[str, Any] = field(default_factory=dict)
    files: tuple[StagedFile, ...] = ()
    timeout: int | None = None
    """Seconds; nothing means the runner's limit."""
    owner: str | None = None
    """Account that asked for the run, where runs are submitted in somebody's name."""
    runner_id: str | None = None
    """What the runner called it when it was half submitted."""


@dataclass(frozen=True, slots=True)
class Known:
    """How far the executor has read a run."""

    runner_id: str
    cursor: str = ""
    """The last `Look.cursor`, or nothing at first."""


@dataclass(frozen=True, slots=True)
class StepSeen:
    """A step, whole, as it stands."""

    place: str
    name: str
    status: StepStatus
    reason: str | None = None
    command: tuple[str, ...] | None = None
    image: str | None = None
    exit_code: int | None = None
    started: datetime | None = None
    ended: datetime | None = None
    cpu_seconds: float | None = None
    peak_memory: int | None = None
    backend_job: str | None = None
    log: str | None = None
    """Path for `Runner.files`."""
    parameters: dict[str, Any] = field(default_factory=dict)
    used: tuple[FileSeen, ...] = ()
    generated: tuple[FileSeen, ...] = ()
    after: tuple[str, ...] = ()

    def step(self, run: UUID, revision: int = 1, log: FileRef | None = None) -> Step:
        """The step as a fact states it."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name != "log"}
        return Step(run=run, revision=revision, log=log, **plain)


@dataclass(frozen=True, slots=True)
class OutputSeen:
    """A result of the run."""

    file: FileSeen
    """Its id is that of the step output (or outside file) it is; `path` is relative to the run's outputs."""
    workspace: str | None
    """Path for `Runner.files`; nothing if it cannot be had, as for a link that leaves the workspace."""
    sha1: str | None = None
    """Its digest as the engine took it, where that tells no better one."""


@dataclass(frozen=True, slots=True)
class Look:
    """News of a run since a cursor."""

    cursor: str
    status: RunStatus
    """PENDING, RUNNING, FINISHED, FAILED or STOPPED."""
    reason: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    steps: tuple[StepSeen, ...] = ()
    """The steps with news, each once, in the order in which they first began."""
    inputs: tuple[FileSeen, ...] | None = None
    """All of the run's outside files, where this is news."""
    outputs: tuple[OutputSeen, ...] | None = None
    """All of the run's results, where this is news."""
    environment: Environment | None = None
    log: str | None = None
    """Path of the engine's own log for `Runner.files`, once the run has ended."""
    gone: bool = False
    """The runner has nothing of the run any more."""
