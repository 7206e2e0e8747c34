"""What clients of Provena send."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.access import RequestState
from contracts.bundles import HistoryEntry, Item
from contracts.kinds import Kind
from contracts.model_runs import ModelRunRecord, RecordStatus
from contracts.views import Listing, Sort

Id = Annotated[str, Field(min_length=1, max_length=500)]
Words = Annotated[str, Field(min_length=1, max_length=5000)]
Mode = Literal["ADD_ONLY", "ADD_OR_OVERWRITE", "OVERWRITE_ONLY", "SYNC_ADD_OR_OVERWRITE", "SYNC_DELETION_ALLOWED"]
BIGGEST_PAGE = 200
"""Items on a page, whatever is asked for."""


class Shape(BaseModel):
    """A body; what it holds besides is not looked at."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Sorting(Shape):
    """In which order."""

    sort_type: Sort | None = None
    ascending: bool = False
    begins_with: str | None = None

    @model_validator(mode="after")
    def _beginning(self) -> Self:
        if (self.begins_with is not None) != (self.sort_type == "ACCESS_INFO_URI_BEGINS_WITH"):
            msg = "begins_with is given with ACCESS_INFO_URI_BEGINS_WITH, and only there"
            raise ValueError(msg)
        return self


class KindFilter(Shape):
    """Which items of one kind."""

    record_type: Literal["ALL", "SEED_ONLY", "COMPLETE_ONLY"] = "COMPLETE_ONLY"


class Filter(KindFilter):
    """Which items."""

    item_subtype: Kind | Literal["WORKFLOW_RUN", "SOFTWARE", "WORKFLOW_TEMPLATE"] | None = None
    release_reviewer: str | None = None
    release_status: Literal["NOT_RELEASED", "PENDING", "RELEASED"] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.item_subtype is not None and self.release_status is not None:
            msg = "release_status is not given together with item_subtype"
            raise ValueError(msg)
        return self


class Paging(Shape):
    """Which part of a list, in which order."""

    sort_by: Sorting | None = None
    pagination_key: dict[str, Any] | None = None
    page_size: int = Field(20, ge=1)

    def listing(self, kind: Kind | None = None, filter_: KindFilter | None = None) -> Listing:
        """The list as the registry is asked for it."""
        sort = self.sort_by or Sorting()
        told = filter_ or KindFilter()
        release = (
            {"release_reviewer": told.release_reviewer, "release_status": told.release_status}
            if isinstance(told, Filter)
            else {}
        )
        return Listing(
            kind=kind,
            record_type=told.record_type,
            sort=sort.sort_type,
            ascending=sort.ascending,
            begins_with=sort.begins_with,
            after=self.pagination_key or None,
            limit=min(self.page_size, BIGGEST_PAGE),
            **release,
        )


class KindList(Paging):
    """A list of one kind."""

    filter_by: KindFilter | None = None


class GeneralList(Paging):
    """A list of all kinds."""

    filter_by: Filter | None = None


class Reviewing(Paging):
    """A list of the datasets that somebody reviews."""

    filter_by: Filter


class Revert(Shape):
    """Which place of the history, and why."""

    id: Id
    history_id: int = Field(ge=0)
    reason: Words


class About(Shape):
    """An item, and why: for versions and locks."""

    id: Id
    reason: Words


class AccessSettings(Shape):
    """Who may do what with an item; roles are looked at later, since an unknown one has a code of its own."""

    owner: Annotated[str, Field(min_length=1, max_length=200)]
    general: list[str]
    groups: dict[str, list[str]]


class Import(Shape):
    """Items of another registry, or groups, and what may happen to those that are there."""

    import_mode: Mode
    parse_items: bool = True
    allow_entry_deletion: bool = False
    trial_mode: bool = True
    items: list[Any]


class Restore(Shape):
    """Items whose records are to be lodged again."""

    trial_mode: bool = True
    abort_if_failures: bool = True
    items: list[dict[str, Any]]


class PersonId(Shape):
    """The person that an account is to be linked to."""

    person_id: Id


class AdminLink(PersonId):
    """The person that somebody's account is to be linked to."""

    username: Annotated[str, Field(min_length=1, max_length=200)]
    validate_item: bool = True
    force: bool = False


class Members(Shape):
    """Members to take out of a group."""

    group_id: Id
    member_usernames: Annotated[list[str], Field(min_length=1)]


class RequestName(Shape):
    """A request by its number."""

    username: Annotated[str, Field(min_length=1, max_length=200)]
    request_id: int


class RequestNote(RequestName):
    """A note to a request."""

    note: Words


class RequestChange(RequestName):
    """Another state for a request."""

    desired_state: RequestState
    additional_note: str | None = None


class JobPage(Shape):
    """Which part of the list of jobs."""

    limit: int = Field(10, ge=1)
    pagination_key: dict[str, Any] | None = None


class JobBatch(JobPage):
    """Which part of a batch's list of jobs."""

    batch_id: str


class AdminJobPage(JobPage):
    """Which part of everybody's jobs."""

    username_filter: str | None = None


class AdminJobBatch(JobBatch):
    """Which part of a batch."""

    username_filter: str | None = None


class Launch(Shape):
    """A job to begin."""

    username: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    request_batch_id: bool = False
    add_to_batch: UUID | None = None
    job_type: Literal["PROV_LODGE", "REGISTRY", "EMAIL", "REPORT"]
    job_sub_type: str
    job_payload: dict[str, Any]

    @model_validator(mode="after")
    def _one_batch(self) -> Self:
        if self.request_batch_id and self.add_to_batch is not None:
            msg = "request_batch_id and add_to_batch exclude each other"
            raise ValueError(msg)
        return self


class Records(Shape):
    """Model runs to register together."""

    records: list[ModelRunRecord]


class RunUpdate(Shape):
    """What a model run is to say from now on."""

    model_run_id: Id
    reason: Words
    record: ModelRunRecord


class GraphDeletion(Shape):
    """A model run to take out of the graph."""

    record_id: Id
    trial_mode: bool = False


class StoredRun(Item):
    """A model run as the registry told it; its id is what counts, but it must be whole."""

    item_subtype: Literal[Kind.MODEL_RUN]
    history: list[HistoryEntry]
    display_name: str
    record_status: RecordStatus
    record: ModelRunRecord
    prov_serialisation: str
