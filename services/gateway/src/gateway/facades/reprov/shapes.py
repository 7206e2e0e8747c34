"""ReProv's shapes as models; `printing` makes them."""

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

from contracts.executor import Run, StagedFile, Step
from contracts.vocabulary import RunStatus, StepStatus

Data = TypeVar("Data")
ENDED = frozenset({RunStatus.FINISHED, RunStatus.FAILED, RunStatus.STOPPED})
NAIVE = "2026-01-01T00:00:00.123456"
"""How the original writes moments: UTC that does not say so."""


class Answer(BaseModel, Generic[Data]):
    """The envelope of what went well."""

    success: Literal[True] = True
    message: str
    data: Data
    error_code: None = None


class Failure(BaseModel):
    """The envelope of what did not."""

    success: Literal[False] = False
    message: str = Field(examples=["Invalid registry_id"])
    data: dict[str, Any] = {}
    error_code: int = Field(examples=[404])


class Detail(BaseModel):
    """What FastAPI says by itself."""

    detail: str = Field(examples=["the token has expired"])


class WrongField(BaseModel):
    """One field of a request that is not what it should be."""

    loc: list[str | int]
    msg: str
    type: str


class WrongRequest(BaseModel):
    """What FastAPI says of a faulty request."""

    detail: list[WrongField]


class NumberedStep(BaseModel):
    """A step with the executor's integer for it."""

    id: int
    step: Step


class Execution(BaseModel):
    """A run with its steps, as the executor tells it."""

    run: Run
    steps: list[NumberedStep]
    files: list[StagedFile] = []

    @property
    def number(self) -> int:
        """The integer of the run."""
        if self.run.legacy_id is None:
            msg = f"run {self.run.id} has no integer"
            raise ValueError(msg)
        return self.run.legacy_id

    @property
    def failed(self) -> list[Step]:
        """The steps that failed."""
        return [one.step for one in self.steps if one.step.status is StepStatus.FAILED]


class Entry(BaseModel):
    """What a workflow is called, and whose it is."""

    group: str
    username: str
    registry_id: int
    name: str
    version: str


class WorkflowShown(Entry):
    """A workflow with its files."""

    spec_file_content: Any = Field(description="The specification as JSON; its text, if it is neither JSON nor YAML")
    input_file_content: str | None = None


class Meant(BaseModel):
    """Which workflow was meant."""

    registry_id: int


class StepShown(BaseModel):
    """A step in a list of executions."""

    step_id: int
    name: str
    status: StepStatus
    start_time: str | None = Field(examples=[NAIVE])
    end_time: str | None = Field(examples=[NAIVE])
    exit_code: int | None
    command: str | None
    error_message: str | None = Field(None, description="The end of a failed step's log")


class Usage(BaseModel):
    """What a step needed, as far as the engine measures it."""

    cpu_time_seconds: float | None
    memory_peak_mb: float | None
    disk_read_bytes: int | None = None
    disk_write_bytes: int | None = None
    backend_job_id: str | None = None


class StepInFull(StepShown):
    """A step of one execution."""

    duration_seconds: float | None
    resource_usage: Usage | None


class Surroundings(BaseModel):
    """What ran a run."""

    reana_server_url: str | None
    reana_workflow_url: str | None
    compute_backend: str | None
    kubernetes_memory_limit: str | None = None
    docker_image: str | None


class ExecutionBase(BaseModel):
    """What is told of an execution anywhere."""

    group: str
    username: str
    execution_id: int
    start_time: str = Field(examples=[NAIVE])
    end_time: str | None = Field(examples=[NAIVE])
    status: RunStatus
    reana_name: str = Field(examples=["mnist:1"])
    reana_run_number: str = Field(examples=["4"])
    registry_id: int | None


class ExecutionShown(ExecutionBase):
    """An execution in a list."""

    steps: list[StepShown]


class ExecutionInFull(ExecutionBase):
    """One execution."""

    steps: list[StepInFull]
    environment: Surroundings | None


class Started(BaseModel):
    """An execution that has just begun."""

    username: str
    group: str
    execution_id: int
    name: str
    version: str
    reana_name: str
    reana_id: str
    run_number: str


class Captured(BaseModel):
    """What was captured of an execution."""

    workflow_status: RunStatus
    total_steps: int
    failed_steps: list[str]
    has_detailed_provenance: bool


class StepLog(BaseModel):
    """A step's log and how it went."""

    backend_job_id: str | None = None
    status: StepStatus
    logs: str
    compute_backend: str | None
    docker_img: str | None
    started_at: str | None
    finished_at: str | None
    exit_code: int | None
    error_message: str | None = None
    command: str | None
