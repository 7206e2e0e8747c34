"""What the executor is told and what it says."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field

from contracts.message import Command, Event, FileRef, Part
from contracts.vocabulary import Confinement, Engine, RunStatus, StepStatus


class WorkflowRef(Part):
    """The workflow as a run used it."""

    id: UUID
    handle: str
    name: str
    version: str
    revision: int
    engine: Engine
    spec: FileRef
    main: str
    legacy_id: int | None = None
    """The integer by which clients of ReProv know it."""


class Origin(Part):
    """Where an input named by id comes from: an earlier run's output, or a registered dataset."""

    id: str
    """The node it was derived from, such as `run/<run>/out/<place>/<path>`."""
    run: UUID | None = None


class Source(Part):
    """Where outside the platform a file comes from, with what its description there told of it."""

    url: str
    """The address of the bytes."""
    metadata: str | None = None
    """The address of the description that named them."""
    title: str | None = None
    licence: str | None = None
    version: str | None = None
    creator: str | None = None
    fetched: datetime | None = None
    """When its bytes were fetched; they may be others by now."""


class OutsideFile(Part):
    """A file that is fetched from outside before the run starts."""

    name: str
    """Path inside the workspace; input values name it as `{class: File, path: <name>}`."""
    source: Source
    origin: Origin | None = None
    """The registered dataset that it is."""


class StagedFile(Part):
    """A file to put into the run's workspace before it starts."""

    name: str
    """Path inside the workspace; input values name it as `{class: File, path: <name>}`."""
    content: FileRef
    origin: Origin | None = None
    """Nothing for an upload."""
    source: Source | None = None
    """Said of a file that was fetched from outside."""


class FileSeen(Part):
    """A file as a run saw it; what the engine does not tell is null."""

    id: str
    """The occurrence: `run/<run>/in/<name>` or `run/<run>/out/<place>/<path>`."""
    path: str
    size: int | None = None
    sha256: str | None = None
    media_type: str | None = None
    role: str | None = None
    """The input or output it stands for."""
    stored: str | None = None
    """Its key in the file store, if it was kept."""
    origin: Origin | None = None
    source: Source | None = None
    """Where outside the platform it was fetched from."""
    from_outside: bool | None = None
    """Whether its bytes are those of one of the run's outside inputs; said for outputs."""
    evidence: str | None = None
    """How the use is known if the engine did not say it, such as `named in the command`."""


class Step(Part):
    """A step, whole, as it stands."""

    run: UUID
    place: str
    """Its address in the workflow: `train[1]/fit`."""
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
    """Bytes."""
    backend_job: str | None = None
    """What the engine's own backend calls the job that it was."""
    log: FileRef | None = None
    parameters: dict[str, Any] = {}
    used: tuple[FileSeen, ...] = ()
    generated: tuple[FileSeen, ...] = ()
    after: tuple[str, ...] = ()
    """Places of steps this one came after without taking a file from them."""
    more: FileRef | None = None
    """The rest of `used` and `generated` as JSON, where a message cannot hold them."""
    revision: int = 1


class Environment(Part):
    """What ran the run."""

    engine: str
    """Name of the software, such as `cwltool`."""
    version: str
    runner: str
    """`local` or the address of a REANA."""
    confinement: Confinement = Confinement.NONE
    python: str | None = None
    platform: str | None = None
    memory_limit: str | None = None
    """What a step may use that asks for nothing else, in the words of what ran it: `4Gi`."""


class Run(Part):
    """A run, whole, as it stands."""

    id: UUID
    tenant: str
    name: str
    """`<workflow>:<version>`."""
    job: UUID | None = None
    """The job that started it."""
    number: str
    """Counts the runs of that name: `3`, and `3.1` for its first restart."""
    workflow: WorkflowRef
    status: RunStatus
    reason: str | None = None
    owner: str
    """Account that asked for it: `user/<issuer>/<sub>`."""
    owner_name: str
    username: str | None = None
    """The name by which the owner logs in, as far as the issuer told it."""
    legacy_id: int | None = None
    """The integer by which clients of ReProv know it."""
    parameters: dict[str, Any] = {}
    inputs: tuple[FileSeen, ...] = ()
    outputs: tuple[FileSeen, ...] = ()
    """Files the workflow declares as its results; each is also generated by a step."""
    more: FileRef | None = None
    """The rest of `inputs` and `outputs` as JSON, where a message cannot hold them."""
    created: datetime
    queued: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    restart_of: UUID | None = None
    environment: Environment | None = None
    stopped_by: str | None = None
    """Account that stopped it."""
    log: FileRef | None = None
    """The engine's own log."""
    revision: int = 1


class StartRun(Command):
    """Start a workflow. The command carries or refers to all that is needed."""

    subject: ClassVar[str] = "executor.start-run.v1"
    run: UUID
    """Minted by whoever asks."""
    workflow: WorkflowRef
    parameters: dict[str, Any] = {}
    files: tuple[StagedFile, ...] = ()
    outside: tuple[OutsideFile, ...] = ()
    """Files that the executor fetches before it hands the run over."""
    priority: int = Field(0, ge=-100, le=100)
    timeout: int | None = Field(None, ge=1)
    """Seconds of running after which it is failed; nothing means the platform's limit."""


class RestartRun(Command):
    """Run again what ended: same workflow, same files, new values where given. It becomes `<number>.<restart>`."""

    subject: ClassVar[str] = "executor.restart-run.v1"
    run: UUID
    """The new run."""
    of: UUID
    parameters: dict[str, Any] = {}


class StopRun(Command):
    """Stop a run; one that has not started never will."""

    subject: ClassVar[str] = "executor.stop-run.v1"
    run: UUID


class DeleteRun(Command):
    """Remove a run's workspace and files. Its provenance stays."""

    subject: ClassVar[str] = "executor.delete-run.v1"
    run: UUID


class RunQueued(Event):
    """A run has its number and waits."""

    subject: ClassVar[str] = "executor.run-queued.v1"
    run: Run


class RunStarted(Event):
    """A run is running."""

    subject: ClassVar[str] = "executor.run-started.v1"
    run: Run


class StepStarted(Event):
    """A step is running."""

    subject: ClassVar[str] = "executor.step-started.v1"
    step: Step


class StepEnded(Event):
    """A step has ended, well or not."""

    subject: ClassVar[str] = "executor.step-ended.v1"
    step: Step


class RunEnded(Event):
    """What the last facts of a run share: its steps' count, and the sum of their revisions.

    A step's revision never exceeds its last one, so the sum is reached only when every step is known at its last.
    """

    run: Run
    steps: int = 0
    step_revisions: int = 0


class RunFinished(RunEnded):
    """A run has ended well, and its outputs are in the file store."""

    subject: ClassVar[str] = "executor.run-finished.v1"


class RunFailed(RunEnded):
    """A run has failed; `run.reason` says why."""

    subject: ClassVar[str] = "executor.run-failed.v1"


class RunStopped(RunEnded):
    """A run was stopped."""

    subject: ClassVar[str] = "executor.run-stopped.v1"


class RunDeleted(Event):
    """A run's workspace and files are gone."""

    subject: ClassVar[str] = "executor.run-deleted.v1"
    run: Run
