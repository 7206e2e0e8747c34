"""What people register: ten kinds of thing, each with the fields it has. The words are Provena's.

Every model takes what the wire gives and keeps texts as they were written: an URL is checked, not rewritten.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, EmailStr, model_validator

from contracts.datasets import CollectionFormat, HttpUrl, ReleaseEvent, StorageLocation
from contracts.model_runs import ModelRunRecord, RecordStatus
from contracts.templates import Annotations, DeferredResource, DefinedResource, TemplateUse, differ
from contracts.vocabulary import Category


class Kind(StrEnum):
    """The registered kinds."""

    ORGANISATION = "ORGANISATION"
    PERSON = "PERSON"
    STUDY = "STUDY"
    MODEL = "MODEL"
    MODEL_RUN_WORKFLOW_TEMPLATE = "MODEL_RUN_WORKFLOW_TEMPLATE"
    DATASET_TEMPLATE = "DATASET_TEMPLATE"
    DATASET = "DATASET"
    MODEL_RUN = "MODEL_RUN"
    CREATE = "CREATE"
    VERSION = "VERSION"


class Role(StrEnum):
    """What somebody may do with an entry. None implies another: whoever grants one grants what goes with it."""

    METADATA_READ = "metadata-read"
    METADATA_WRITE = "metadata-write"
    DATA_READ = "dataset-data-read"
    DATA_WRITE = "dataset-data-write"
    ADMIN = "admin"


READING = frozenset({Role.METADATA_READ, Role.METADATA_WRITE, Role.ADMIN})
"""Any of these lets somebody read an entry."""
WRITING = frozenset({Role.METADATA_WRITE, Role.ADMIN})
"""Any of these lets somebody change it."""


class ReleaseStatus(StrEnum):
    """Where a dataset's release stands."""

    NOT_RELEASED = "NOT_RELEASED"
    PENDING = "PENDING"
    RELEASED = "RELEASED"


class Info(BaseModel):
    """What a person says of an entry; its history holds one of these for each change."""

    model_config = ConfigDict(extra="ignore")

    display_name: str
    user_metadata: dict[str, str] | None = None


class OrganisationInfo(Info):
    """An organisation."""

    name: str
    ror: HttpUrl | None = None


class PersonInfo(Info):
    """A person; whoever registers one says that the person agreed."""

    email: EmailStr
    first_name: str
    last_name: str
    orcid: HttpUrl | None = None
    ethics_approved: bool = False


class StudyInfo(Info):
    """A study: what model runs are done for."""

    title: str
    description: str
    study_alternative_id: str | None = None


class ModelInfo(Info):
    """A model: the software that model runs run."""

    name: str
    description: str
    documentation_url: HttpUrl
    source_url: HttpUrl


class DatasetTemplateInfo(Info):
    """What datasets of a sort hold."""

    description: str | None = None
    defined_resources: list[DefinedResource] = []
    deferred_resources: list[DeferredResource] = []

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        differ([one.key for one in self.deferred_resources], "deferred resource", "key")
        return self


class WorkflowTemplateInfo(Info):
    """How model runs of a sort are made: which model, from what, into what."""

    software_id: str
    input_templates: list[TemplateUse] = []
    output_templates: list[TemplateUse] = []
    annotations: Annotations | None = None

    @model_validator(mode="after")
    def _templates_differ(self) -> Self:
        differ([one.template_id for one in self.input_templates], "input template", "id")
        differ([one.template_id for one in self.output_templates], "output template", "id")
        return self


class DatasetInfo(Info):
    """A dataset."""

    collection_format: CollectionFormat
    s3: StorageLocation
    release_history: list[ReleaseEvent] = []
    release_status: ReleaseStatus
    release_approver: str | None = None
    release_timestamp: int | None = None
    access_info_uri: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.release_approver is None) != (self.release_timestamp is None):
            msg = "release_approver and release_timestamp come together"
            raise ValueError(msg)
        if self.access_info_uri != self.collection_format.dataset_info.access_info.uri:
            msg = "access_info_uri is the uri of access_info"
            raise ValueError(msg)
        return self


class ModelRunInfo(Info):
    """A model run."""

    record_status: RecordStatus
    record: ModelRunRecord
    prov_serialisation: str


class CreateInfo(Info):
    """That an entry was created."""

    created_item_id: str


class VersionInfo(Info):
    """That an entry became a new version."""

    reason: str
    from_item_id: str
    to_item_id: str
    new_version_number: int


@dataclass(frozen=True)
class Facts:
    """What is true of all entries of a kind."""

    category: Category
    info: type[Info]
    prefix: str
    """Where Provena has its routes: `/registry/<prefix>`."""
    linked: bool = False
    """Whether only accounts that are linked to a person may write one."""
    versioned: bool = False
    """Whether it has versions, and activities that tell of its creation and versions."""
    written: bool = True
    """Whether people write it by the registry's own doors."""
    general: tuple[Role, ...] = (Role.METADATA_READ,)
    """What everybody may do with a new one."""
    roles: tuple[Role, ...] = (Role.METADATA_READ, Role.METADATA_WRITE, Role.ADMIN)
    """What may be granted."""


_AGENT, _ENTITY, _ACTIVITY = Category.AGENT, Category.ENTITY, Category.ACTIVITY
KINDS: Mapping[Kind, Facts] = {
    Kind.ORGANISATION: Facts(_AGENT, OrganisationInfo, "agent/organisation"),
    Kind.PERSON: Facts(_AGENT, PersonInfo, "agent/person"),
    Kind.STUDY: Facts(_ACTIVITY, StudyInfo, "activity/study", linked=True),
    Kind.MODEL: Facts(_ENTITY, ModelInfo, "entity/model", linked=True, versioned=True),
    Kind.MODEL_RUN_WORKFLOW_TEMPLATE: Facts(
        _ENTITY, WorkflowTemplateInfo, "entity/model_run_workflow", linked=True, versioned=True
    ),
    Kind.DATASET_TEMPLATE: Facts(_ENTITY, DatasetTemplateInfo, "entity/dataset_template", linked=True, versioned=True),
    Kind.DATASET: Facts(
        _ENTITY,
        DatasetInfo,
        "entity/dataset",
        linked=True,
        versioned=True,
        written=False,
        general=(Role.METADATA_READ, Role.DATA_READ),
        roles=tuple(Role),
    ),
    Kind.MODEL_RUN: Facts(_ACTIVITY, ModelRunInfo, "activity/model_run", written=False),
    Kind.CREATE: Facts(_ACTIVITY, CreateInfo, "activity/create", written=False),
    Kind.VERSION: Facts(_ACTIVITY, VersionInfo, "activity/version", written=False),
}


def written(kind: Kind, info: Info) -> dict[str, Any]:
    """An entry's information as JSON values, nothing left out."""
    return KINDS[kind].info.model_validate(info).model_dump(mode="json")
