"""What `/v1` shows and takes where it is not a word of the house itself."""

import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from chassis.texts import unkeepable
from contracts.executor import Run, Step
from contracts.outcomes import Outcome
from contracts.problem import Problem
from contracts.vocabulary import JobStatus
from gateway.jobs.model import Job
from gateway.uploads.store import Upload


class Shape(BaseModel):
    """Frozen, and strict about what it does not know, so that a misspelt field is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _keepable(cls, value: Any) -> Any:
        if (wrong := unkeepable(value)) is not None:
            raise ValueError(wrong)
        return value

    def said(self) -> str:
        """The same text for the same content, whatever is in it."""
        return json.dumps(self.model_dump(), default=str, sort_keys=True)


class JobView(Shape):
    """Somebody's wish, and what came of it."""

    id: UUID
    kind: str = Field(examples=["executor.start-run"])
    status: JobStatus
    created: datetime
    updated: datetime
    result: dict[str, Any] | None = None
    """What came of it, as far as it is known."""
    problem: Problem | None = None
    """Why it failed."""

    @classmethod
    def of(cls, job: Job) -> "JobView":
        """A job as people see it."""
        told = {name: getattr(job, name) for name in ("id", "kind", "status", "created", "updated", "problem")}
        return cls(**told, result=job.result or None)


class UploadView(Shape):
    """An uploaded file, to be named by its id when a run is started."""

    id: UUID
    name: str
    size: int
    sha256: str
    media_type: str
    created: datetime
    taken: datetime | None = None
    """When a run first took it; from then on it stays."""

    @classmethod
    def of(cls, upload: Upload) -> "UploadView":
        """An upload as people see it."""
        told = upload.content.model_dump(include={"size", "sha256", "media_type"})
        return cls(id=upload.id, name=upload.name, created=upload.created, taken=upload.taken, **told)


UUID_TEXT: dict[str, Any] = {"type": "string", "format": "uuid"}
NOTHING: dict[str, Any] = {"type": "null"}


def _one_of(**kinds: dict[str, Any]) -> dict[str, Any]:
    """One way to name a file: these fields, and none of the others."""
    nothing = dict.fromkeys(("upload", "run", "output", "dataset", "file"), NOTHING)
    return {"required": [name for name in kinds if name != "file"], "properties": nothing | kinds}


class FileChoice(Shape):
    """Where a file for a run comes from: an upload, an earlier run's output, or a registered dataset."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "oneOf": [
                _one_of(upload=UUID_TEXT),
                _one_of(run=UUID_TEXT, output={"type": "string"}),
                _one_of(dataset={"type": "string"}, file={"type": ["string", "null"]}),
            ],
            "examples": [{"upload": "01890b3c-0000-7000-8000-000000000002"}],
        },
    )

    upload: UUID | None = None
    run: UUID | None = None
    output: str | None = Field(None, min_length=1, max_length=2000, description="Path or role of the earlier run's output")
    dataset: str | None = Field(None, min_length=1, max_length=500, description="Handle of a dataset that you may read")
    file: str | None = Field(None, min_length=1, max_length=2000, description="Path or role of the dataset's file, if several")

    @model_validator(mode="after")
    def _one(self) -> "FileChoice":
        named = [one is not None for one in (self.upload, self.run, self.dataset)]
        if sum(named) != 1 or (self.run is None) != (self.output is None) or (self.file is not None and self.dataset is None):
            msg = "name either `upload`, or `run` and `output`, or `dataset` (and its `file`)"
            raise ValueError(msg)
        return self


class RunOrder(Shape):
    """A workflow to run, with its values and files."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "workflow": "01890b3c-0000-7000-8000-000000000001",
                    "inputs": {"C": [0.1, 1.0], "data": {"class": "File", "path": "digits.csv"}},
                    "files": {
                        "digits.csv": {"upload": "01890b3c-0000-7000-8000-000000000002"},
                        "model.json": {"run": "01890b3c-0000-7000-8000-000000000003", "output": "model"},
                        "grid.nc": {"dataset": "10378.1/42"},
                    },
                }
            ]
        },
    )

    workflow: UUID
    inputs: dict[str, Any] = {}
    """Values by the workflow's names; they speak over those of its input file."""
    files: Annotated[dict[str, FileChoice], Field(max_length=200)] = {}
    """Files by the path that they shall have in the run's folder."""
    priority: int = Field(0, ge=-100, le=100)
    timeout: int | None = Field(None, ge=1, le=2**31 - 1, description="Seconds of running after which it is failed")
    tenant: str | None = None


class Restart(Shape):
    """New values for a run that is done again."""

    inputs: dict[str, Any] = {}


class RunId(Shape):
    """A run that has no number yet."""

    id: UUID


class RunWithSteps(Run):
    """A run with its steps."""

    steps: tuple[Step, ...] = ()
    outcome: Outcome | None = None
    """Of a finished run: the model run that it is, datasets that hold its outputs, or why it could not be lodged."""


class RunAccepted(Shape):
    """A run that was asked for, and the job that follows it until its provenance is captured."""

    run: Run | RunId
    job: JobView


class JobAccepted(Shape):
    """What is not done yet, as the job that follows it."""

    job: JobView


class Variant(Shape):
    """One run of several: what it takes beside what they all take."""

    inputs: dict[str, Any] = {}
    files: Annotated[dict[str, FileChoice], Field(max_length=200)] = {}


class Batch(Shape):
    """Many runs of one workflow, each with values of its own."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "workflow": "01890b3c-0000-7000-8000-000000000001",
                    "inputs": {"data": {"class": "File", "path": "digits.csv"}},
                    "files": {"digits.csv": {"upload": "01890b3c-0000-7000-8000-000000000002"}},
                    "runs": [{"inputs": {"C": 0.1}}, {"inputs": {"C": 1.0}}],
                }
            ]
        },
    )

    workflow: UUID
    runs: Annotated[list[Variant], Field(min_length=1, max_length=200)]
    inputs: dict[str, Any] = {}
    """Values of all runs; a run's own speak over them."""
    files: Annotated[dict[str, FileChoice], Field(max_length=200)] = {}
    """Files of all runs."""
    priority: int = Field(0, ge=-100, le=100)
    timeout: int | None = Field(None, ge=1, le=2**31 - 1, description="Seconds of running after which a run is failed")
    tenant: str | None = None


class Chosen(Shape):
    """Runs by their ids."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"ids": ["01890b3c-0000-7000-8000-000000000003"]}]}
    )

    ids: Annotated[list[UUID], Field(min_length=1, max_length=200)]


class One(Shape):
    """What became of one part of a batch: a job, or the problem with it."""

    run: UUID | None = None
    job: JobView | None = None
    problem: Problem | None = None


class Many(Shape):
    """What became of a batch, part by part, in the order in which it was asked."""

    items: list[One]
