"""How entries look to whoever asks the registry: with their history, their reader's roles, on pages."""

from typing import Any, Literal

from pydantic import Field

from contracts.entries import Access, Entry
from contracts.kinds import Kind, Role
from contracts.message import Part


class Moment(Part):
    """What an entry said at one time, who made it say so, and why."""

    id: int = Field(ge=0)
    at: int
    reason: str
    username: str
    info: dict[str, Any]


class LockMoment(Part):
    """That an entry was locked or unlocked."""

    locked: bool
    username: str
    email: str | None = None
    reason: str
    at: int


class Locks(Part):
    """Whether an entry is locked, and how that came, newest first."""

    locked: bool
    history: tuple[LockMoment, ...] = ()


class EntrySeen(Entry):
    """An entry as somebody sees it. `info` is always whole."""

    history: tuple[Moment, ...] = ()
    """Newest first."""
    roles: tuple[Role, ...] = ()
    """What whoever asks may do with it."""
    locked: bool = False


class Stored(EntrySeen):
    """An entry with all that the registry keeps of it."""

    access: Access
    locks: tuple[LockMoment, ...] = ()
    """Newest first."""


Sort = Literal["CREATED_TIME", "UPDATED_TIME", "DISPLAY_NAME", "RELEASE_TIMESTAMP", "ACCESS_INFO_URI_BEGINS_WITH"]


class Listing(Part):
    """Which entries, in which order, from where on."""

    kind: Kind | None = None
    record_type: Literal["ALL", "SEED_ONLY", "COMPLETE_ONLY"] = "COMPLETE_ONLY"
    release_reviewer: str | None = None
    release_status: Literal["NOT_RELEASED", "PENDING", "RELEASED"] | None = None
    """Overrides `record_type`."""
    sort: Sort | None = None
    """By default by the time of the last change; what a reviewer has to do, by the time of the request."""
    ascending: bool = False
    begins_with: str | None = None
    """For `ACCESS_INFO_URI_BEGINS_WITH`, and only there."""
    after: dict[str, Any] | None = None
    """`next` of the page before."""
    limit: int = Field(20, ge=1, le=1000)


class EntryPage(Part):
    """Entries that whoever asks may read: as many as were asked for, if there are as many."""

    items: tuple[EntrySeen, ...] = ()
    next: dict[str, Any] | None = None
    """Where to go on; nothing on the last page."""


class Hit(Part):
    """An entry that a search found."""

    id: str
    score: float
    kind: Kind


class Hits(Part):
    """What a search found, best first."""

    items: tuple[Hit, ...] = ()


class RolesAsked(Part):
    """Entries by their handles."""

    ids: tuple[str, ...] = Field(max_length=100_000)


class RolesHeld(Part):
    """What whoever asks may do with entries that exist, by handle; nothing may be done with an empty list."""

    roles: dict[str, tuple[Role, ...]] = {}
    kinds: dict[str, Kind] = {}


class Check(Part):
    """Information to be looked at as if it were registered."""

    kind: Kind
    info: dict[str, Any]
