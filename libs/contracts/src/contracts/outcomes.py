"""Where runs of workflows meet what people register: which model runs they are, and which datasets they take and make."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from contracts.datasets import CollectionFormat
from contracts.entries import Spinoff, Told
from contracts.message import Command, Event, FileRef, Part
from contracts.problem import Problem

Handle = Field(min_length=1, max_length=500)


class DatasetPart(Part):
    """Which part a workflow's input or output has in its model runs."""

    template: str | None = Field(None, min_length=1, max_length=500)
    """The dataset template; nothing where the workflow template has only one on that side."""
    resource: str | None = Field(None, min_length=1, max_length=500)
    """The key that the template leaves open for it; nothing where its name is that key, or where there is one of each."""


class ModelRunPlan(Part):
    """As what a workflow's finished runs are lodged: model runs of a workflow template."""

    template: str = Handle
    """A MODEL_RUN_WORKFLOW_TEMPLATE."""
    inputs: dict[str, DatasetPart] = Field({}, max_length=200)
    """Parts of inputs, by their names (or paths, where they have no names)."""
    outputs: dict[str, DatasetPart] = Field({}, max_length=200)
    """Parts of outputs, by their names (or paths)."""
    dataset: CollectionFormat | None = None
    """How outputs are registered as datasets, one for each template; `{run}` in its name and description is the run's.

    Nothing: they are registered when somebody asks.
    """
    annotations: dict[str, str] = Field({}, max_length=200)
    """Words that the template wants; a value of the run speaks over that of its name."""
    description: str | None = Field(None, min_length=1, max_length=5000)
    study: str | None = Field(None, min_length=1, max_length=500)
    organisation: str | None = Field(None, min_length=1, max_length=500)
    """For whom the runs are done."""


class RegisterOutputs(Told, Command):
    """Register outputs of a finished run as a dataset; of the information only `collection_format` counts."""

    subject: ClassVar[str] = "registry.register-outputs.v1"
    run: UUID
    outputs: tuple[str, ...] = ()
    """Paths or names; nothing means all that were kept."""
    template: str | None = None
    """The dataset template that it stands for in the run's model run."""
    spinoff: Spinoff | None = None


class LodgeRun(Command):
    """Lodge a finished run as the model run that its workflow says it is, if that could not be done when it ended."""

    subject: ClassVar[str] = "registry.lodge-run.v1"
    run: UUID


class DatasetFilled(Event):
    """A dataset holds these outputs of a run, which is the tenant's that the fact names."""

    subject: ClassVar[str] = "registry.dataset-filled.v1"
    dataset: str
    run: UUID
    members: tuple[str, ...] = ()
    """Occurrences: `run/<run>/out/<place>/<path>`."""
    more: FileRef | None = None
    """All of them as a JSON list, where a message cannot hold them."""


class DatasetFile(Part):
    """A file of a dataset."""

    path: str
    role: str | None = None
    occurrence: str
    """The output that it is."""
    content: FileRef


class DatasetSource(Part):
    """Where the files of a dataset are, to whoever may read its data."""

    handle: str
    name: str
    uri: str | None = None
    """Where outside the platform, if they are kept there."""
    files: tuple[DatasetFile, ...] = ()
    """Those that the platform has."""


class Outcome(Part):
    """What a finished run came to be among what is registered."""

    run: UUID
    model_run: str | None = None
    """Handle of the model run that it was lodged as."""
    datasets: tuple[str, ...] = ()
    """Datasets that hold its outputs."""
    problem: Problem | None = None
    """Why it could not be lodged, if its workflow says that it is a model run."""
