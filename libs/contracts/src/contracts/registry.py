"""What the registry is told and what it says."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field

from contracts.message import Command, Event, FileRef, Part
from contracts.outcomes import ModelRunPlan
from contracts.vocabulary import Engine

NAME = r"^[^\x00-\x1f\x7f/\\:]+$"
"""Names and versions: no control characters, no slash, no colon (`name:version` addresses a workflow)."""


class Workflow(Part):
    """A registered workflow, whole."""

    id: UUID
    handle: str
    tenant: str
    name: str = Field(min_length=1, max_length=200, pattern=NAME)
    version: str = Field(min_length=1, max_length=100, pattern=NAME)
    engine: Engine
    spec: FileRef
    """A zip of the specification and the files it names, packed the same way for the same content."""
    main: str
    """Path of the specification inside the zip."""
    inputs: FileRef | None = None
    """The input file, YAML or JSON."""
    values: dict[str, Any] = {}
    """What the input file says, with its types."""
    parameters: tuple["Parameter", ...] = ()
    revision: int = 1
    owner: str
    """The account that registered it (`user/<issuer>/<sub>`)."""
    username: str | None = None
    """The name by which that account logs in, as far as its issuer told it."""
    legacy_id: int | None = None
    """The integer by which clients of ReProv know it."""
    created: datetime | None = None
    """When it was asked for."""
    model_run: ModelRunPlan | None = None
    """As what model runs its finished runs are lodged, if they are."""


class Parameter(Part):
    """An input that a workflow takes."""

    name: str
    type: str
    """In the workflow language's words, such as `File`, `int`, `string[]`."""
    required: bool = True
    label: str | None = None
    from_platform: str | None = None
    """Where the platform finds the file that it takes, if none is given: the address of the file's description."""


class RegisterWorkflow(Command):
    """Register a workflow; it is validated before it is there."""

    subject: ClassVar[str] = "registry.register-workflow.v1"
    workflow: UUID
    """Minted by whoever asks."""
    name: str = Field(min_length=1, max_length=200, pattern=NAME)
    version: str = Field(min_length=1, max_length=100, pattern=NAME)
    engine: Engine
    spec: FileRef
    main: str
    inputs: FileRef | None = None
    model_run: ModelRunPlan | None = None


class UpdateWorkflow(Command):
    """Change what is given. What older runs used stays as it was."""

    subject: ClassVar[str] = "registry.update-workflow.v1"
    workflow: UUID
    name: str | None = Field(None, min_length=1, max_length=200, pattern=NAME)
    version: str | None = Field(None, min_length=1, max_length=100, pattern=NAME)
    engine: Engine | None = None
    spec: FileRef | None = None
    main: str | None = None
    inputs: FileRef | None = None
    clear_inputs: bool = False
    model_run: ModelRunPlan | None = None
    clear_model_run: bool = False
    """Its runs are no model runs any more."""
    expected_revision: int | None = None
    """Refuse if somebody changed it meanwhile."""


class DeleteWorkflow(Command):
    """Remove a workflow from the registry; its runs and their provenance stay."""

    subject: ClassVar[str] = "registry.delete-workflow.v1"
    workflow: UUID
    expected_revision: int | None = None
    """Refuse if somebody changed it meanwhile."""


class WorkflowRegistered(Event):
    """A workflow is there, and valid."""

    subject: ClassVar[str] = "registry.workflow-registered.v1"
    workflow: Workflow


class WorkflowUpdated(Event):
    """A workflow has changed."""

    subject: ClassVar[str] = "registry.workflow-updated.v1"
    workflow: Workflow


class WorkflowDeleted(Event):
    """A workflow is no longer there."""

    subject: ClassVar[str] = "registry.workflow-deleted.v1"
    workflow: Workflow
