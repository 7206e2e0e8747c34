"""Lineage for people, as provenance and the gateway both answer it: how two runs differ, where a content was seen."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class State(StrEnum):
    """How a thing of one run stands to that of the other."""

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    UNKNOWN = "unknown"
    SAME = "same"


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class Side(_Told):
    """One of the two runs."""

    id: UUID
    name: str
    number: str
    status: str
    started: datetime | None
    ended: datetime | None
    duration: float | None


class ValueCompared(_Told):
    """A value by its name; `added` is one that the other run alone has."""

    name: str
    state: State
    run: Any = None
    other: Any = None


class FileOf(_Told):
    """A file as one of the runs saw it."""

    id: str
    path: str
    size: int | None
    sha256: str | None


class FileCompared(_Told):
    """A file by its content; `unknown` where the digest of one is not known."""

    name: str
    role: str | None
    state: State
    run: FileOf | None = None
    other: FileOf | None = None


class StepOf(_Told):
    """A step as it went in one of the runs; in its command, files in folders made for one run have their bare names."""

    name: str | None
    status: str | None
    exit_code: int | None
    command: str | None
    image: str | None
    parameters: Any
    duration: float | None
    cpu_seconds: float | None
    peak_memory: int | None


class StepCompared(_Told):
    """A step by its place; `differs` names what is not the same, times aside."""

    place: str
    state: State
    differs: tuple[str, ...] = ()
    run: StepOf | None = None
    other: StepOf | None = None


Item = TypeVar("Item", ValueCompared, FileCompared, StepCompared)


class Section(_Told, Generic[Item]):
    """What was compared: how many there are of each state, and the things themselves, those that differ first."""

    counts: dict[State, int]
    items: tuple[Item, ...]


class Difference(_Told):
    """How `other` differs from `run`."""

    run: Side
    other: Side
    workflow: Section[ValueCompared]
    parameters: Section[ValueCompared]
    inputs: Section[FileCompared]
    steps: Section[StepCompared]
    outputs: Section[FileCompared]
    environment: Section[ValueCompared]
    identical: bool
    """Whether nothing differs but times."""
    truncated: bool
    """Whether a section has more things than are shown."""


class FileUse(_Told):
    """That a run or one of its steps `used` or `generated` a file, or only that the file is known."""

    file: str
    path: str
    size: int | None
    media_type: str | None
    relation: str | None
    role: str | None
    run: UUID | None
    run_name: str | None
    run_number: str | None
    run_status: str | None
    step: str | None
    activity: str | None
    at: datetime | None
    by: str | None
    tenant: str
