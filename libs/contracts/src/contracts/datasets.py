"""What datasets are described with: Provena's collection format, exactly; nothing unknown, no empty text."""

import re
from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, AnyHttpUrl, AnyUrl, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

_HTTP, _ANY = TypeAdapter(AnyHttpUrl), TypeAdapter(AnyUrl)
_N = r"\d+(?:\.\d+)?"
DURATION = re.compile(rf"P(?=.)({_N}Y)?({_N}M)?({_N}W)?({_N}D)?(T(?=.)({_N}H)?({_N}M)?({_N}S)?)?")
"""ISO 8601, such as `P1D` or `PT30M`."""


def _http(text: str) -> str:
    _HTTP.validate_python(text)
    return text


def _uri(text: str) -> str:
    _ANY.validate_python(text)
    return text


HttpUrl = Annotated[str, AfterValidator(_http)]
"""An address with http or https, kept as it was written."""
Uri = Annotated[str, AfterValidator(_uri)]
"""An address of any scheme, kept as it was written."""
Text = Annotated[str, Field(min_length=1)]
Place = Annotated[str, Field(min_length=1, max_length=50_000)]
"""Where, as EWKT (`SRID=4326;POINT(1 2)`)."""


class Strict(BaseModel):
    """Metadata of a dataset: nothing unknown."""

    model_config = ConfigDict(extra="forbid")


class DatasetAssociations(Strict):
    """Whose a dataset is."""

    organisation_id: Text
    data_custodian_id: Text | None = None
    point_of_contact: Text | None = None


class AccessInfo(Strict):
    """Whether the data are kept here, or where else."""

    reposited: bool = True
    uri: Uri | None = None
    description: Text | None = None

    @model_validator(mode="after")
    def _here_or_elsewhere(self) -> Self:
        given = [self.uri is not None, self.description is not None]
        if self.reposited and any(given):
            msg = "uri and description are for data that are not reposited"
            raise ValueError(msg)
        if not self.reposited and not all(given):
            msg = "data that are not reposited need uri and description"
            raise ValueError(msg)
        return self


class Approval(Strict):
    """An approval that data may need."""

    relevant: bool = False
    obtained: bool = False


class Approvals(Strict):
    """The approvals of a dataset."""

    ethics_registration: Approval
    ethics_access: Approval
    indigenous_knowledge: Approval
    export_controls: Approval


class OptionalDate(Strict):
    """A date, if it matters."""

    relevant: bool = False
    value: date | None = None

    @model_validator(mode="after")
    def _given_if_relevant(self) -> Self:
        if self.relevant != (self.value is not None):
            msg = "a date is given if it is relevant, and only then"
            raise ValueError(msg)
        return self


class SpatialInfo(Strict):
    """Where a dataset is about."""

    coverage: Place | None = None
    resolution: Text | None = None
    extent: Place | None = None

    @model_validator(mode="after")
    def _a_number(self) -> Self:
        if self.resolution is not None and not _positive(self.resolution):
            msg = "resolution is a positive decimal number"
            raise ValueError(msg)
        return self


class Duration(Strict):
    """From a day to a day."""

    begin_date: date
    end_date: date

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.begin_date > self.end_date:
            msg = "begin_date is after end_date"
            raise ValueError(msg)
        return self


class TemporalInfo(Strict):
    """When a dataset is about."""

    duration: Duration | None = None
    resolution: Text | None = None

    @model_validator(mode="after")
    def _a_duration(self) -> Self:
        if self.resolution is not None and not DURATION.fullmatch(self.resolution):
            msg = "resolution is an ISO 8601 duration, such as P1D"
            raise ValueError(msg)
        return self


class DatasetDetails(Strict):
    """What a dataset is."""

    name: Text
    description: Text
    access_info: AccessInfo
    publisher_id: Text
    created_date: OptionalDate
    published_date: OptionalDate
    license: HttpUrl
    purpose: Text | None = None
    rights_holder: Text | None = None
    usage_limitations: Text | None = None
    preferred_citation: Text | None = None
    spatial_info: SpatialInfo | None = None
    temporal_info: TemporalInfo | None = None
    formats: list[Text] | None = None
    keywords: list[Text] | None = None
    user_metadata: dict[str, str] | None = None
    version: Text | None = None


class CollectionFormat(Strict):
    """The metadata of a dataset, whole."""

    associations: DatasetAssociations
    approvals: Approvals
    dataset_info: DatasetDetails


APPROVALS = ("ethics_registration", "ethics_access", "indigenous_knowledge", "export_controls")


def faults(format_: CollectionFormat) -> list[str]:
    """What is wrong with a description that has the right shape."""
    found, info = [], format_.dataset_info
    created, published = info.created_date.value, info.published_date.value
    if created and published and published < created:
        found.append("published_date is before created_date")
    for name in APPROVALS:
        approval = getattr(format_.approvals, name)
        if approval.relevant and not approval.obtained:
            found.append(f"{name} is relevant, and was not obtained")
        if approval.obtained and not approval.relevant:
            found.append(f"{name} was obtained, and is not relevant")
    return found


class StorageLocation(BaseModel):
    """Where the files of a dataset lie."""

    bucket_name: str
    path: str
    s3_uri: str


class ReleaseEvent(BaseModel):
    """A step of a dataset's release. Its time is in seconds since 1970 UTC."""

    action: str
    timestamp: int
    approver: str
    requester: str | None = None
    notes: str


def _positive(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False
