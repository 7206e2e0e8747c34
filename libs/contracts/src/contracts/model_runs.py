"""Model runs as people describe them (which template, from which datasets, into which, by whom), and what is said of them."""

from enum import StrEnum
from typing import ClassVar, Self

from pydantic import Field, model_validator

from contracts.message import Command, Event, FileRef, Part


class RecordStatus(StrEnum):
    """How far a model run is: described, written, in the graph."""

    INCOMPLETE = "INCOMPLETE"
    COMPLETE = "COMPLETE"
    LODGED = "LODGED"


class DatasetType(StrEnum):
    """Where a dataset is kept."""

    DATA_STORE = "DATA_STORE"


class TemplatedDataset(Part):
    """A dataset in the part that a template describes."""

    dataset_template_id: str
    dataset_id: str
    dataset_type: DatasetType
    resources: dict[str, str] | None = None
    """Paths by the keys that the template leaves open."""


class Association(Part):
    """Who made a run, and for whom."""

    modeller_id: str
    requesting_organisation_id: str | None = None


class ModelRunRecord(Part):
    """What a person says of a model run. Times are seconds since 1970 UTC."""

    workflow_template_id: str
    model_version: str | None = None
    inputs: tuple[TemplatedDataset, ...]
    outputs: tuple[TemplatedDataset, ...]
    annotations: dict[str, str] | None = None
    display_name: str = Field(min_length=1)
    description: str = Field(min_length=1)
    study_id: str | None = None
    associations: Association
    start_time: int
    end_time: int

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.start_time > self.end_time:
            msg = "start_time is after end_time"
            raise ValueError(msg)
        return self


class ModelRunAsked(Part):
    """What is to be looked at before it is ordered: a record, an existing run to say it, a study to be named by it."""

    handle: str | None = None
    record: ModelRunRecord | None = None
    study: str | None = None


class RegisterModelRun(Command):
    """Register a model run and lodge its provenance."""

    subject: ClassVar[str] = "registry.register-model-run.v1"
    record: ModelRunRecord | None = None
    record_file: FileRef | None = None
    """Where it is too large for a message."""


class UpdateModelRun(Command):
    """Replace what a model run says; the graph follows."""

    subject: ClassVar[str] = "registry.update-model-run.v1"
    handle: str
    reason: str = Field(min_length=1, max_length=5000)
    record: ModelRunRecord | None = None
    record_file: FileRef | None = None


class LinkStudy(Command):
    """Say for which study a model run was done, if it says none."""

    subject: ClassVar[str] = "registry.link-study.v1"
    handle: str
    study: str


class UndoModelRun(Command):
    """Let a model run say again what it said at a place of its history."""

    subject: ClassVar[str] = "registry.undo-model-run.v1"
    handle: str
    history_id: int = Field(ge=0)
    reason: str = Field(min_length=1, max_length=5000)


class WithdrawModelRun(Command):
    """Take a model run's provenance out of the graph; its entry stays, or goes with it."""

    subject: ClassVar[str] = "registry.withdraw-model-run.v1"
    handle: str
    with_entry: bool = False


class RelodgeModelRun(Command):
    """Say again what a model run says, such as after an import."""

    subject: ClassVar[str] = "registry.relodge-model-run.v1"
    handle: str
    validate_record: bool = True
    """Whether what it says is looked at again; the model is taken from its workflow template in any case."""


class ModelRunFact(Event):
    """A fact about a model run."""

    handle: str
    record: ModelRunRecord | None = None
    record_file: FileRef | None = None


class ModelRunRegistered(ModelRunFact):
    """A model run says this from now on: it is new, was updated, linked, undone or said again."""

    subject: ClassVar[str] = "registry.model-run-registered.v1"
    model: str
    """The model that its workflow template names."""


class ModelRunWithdrawn(ModelRunFact):
    """A model run says nothing any more."""

    subject: ClassVar[str] = "registry.model-run-withdrawn.v1"


class ModelRunLodged(ModelRunFact):
    """What a model run says is in the graph."""

    subject: ClassVar[str] = "registry.model-run-lodged.v1"
    document: FileRef | None = None
    """Its PROV-JSON."""
