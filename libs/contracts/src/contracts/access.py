"""Accounts linked to persons, and requests for roles: what the registry is told and says of them."""

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field

from contracts.entries import USERNAME
from contracts.message import Command, Event, Part


class AssignLink(Command):
    """Say which registered person an account is: one's own, or (for administrators) another."""

    subject: ClassVar[str] = "registry.assign-link.v1"
    person: str = Field(min_length=1, max_length=500)
    username: str | None = Field(None, min_length=1, max_length=200)
    """Another's account; left out for one's own, which must own the person's entry."""
    validate_item: bool = True
    force: bool = False
    """Whether a link that is there may be replaced."""


class ClearLink(Command):
    """Let an account be nobody again; fine if it is."""

    subject: ClassVar[str] = "registry.clear-link.v1"
    username: str = USERNAME


class LinkFact(Event):
    """A fact about an account's link; its revision counts the account's links."""

    username: str
    account: str | None = None
    """`user/<issuer>/<sub>`, if the registry knows it."""


class LinkAssigned(LinkFact):
    """An account is a person's."""

    subject: ClassVar[str] = "registry.link-assigned.v1"
    person: str


class LinkCleared(LinkFact):
    """An account is nobody's."""

    subject: ClassVar[str] = "registry.link-cleared.v1"
    person: str | None = None
    """Whose it was."""


class RequestState(StrEnum):
    """Where a request for roles stands. The words are Provena's; any may follow any."""

    PENDING_APPROVAL = "PENDING_APPROVAL"
    APPROVED_PENDING_ACTION = "APPROVED_PENDING_ACTION"
    DENIED_PENDING_DELETION = "DENIED_PENDING_DELETION"
    ACTIONED_PENDING_DELETION = "ACTIONED_PENDING_DELETION"


class RoleWanted(Part):
    """A role as a report on somebody's access names it."""

    role_name: str
    role_display_name: str
    role_level: Literal["READ", "WRITE", "ADMIN"]
    description: str
    intended_users: tuple[str, ...]
    access_granted: bool


class ComponentWanted(Part):
    """A part of the platform, and its roles."""

    component_name: str
    component_roles: tuple[RoleWanted, ...]


class AccessReport(Part):
    """Which roles somebody has, or wants to have."""

    components: tuple[ComponentWanted, ...]


class AccessRequest(Part):
    """A request for roles. Times are seconds since 1970 UTC."""

    username: str
    request_id: int
    email: str
    created: int
    updated: int
    expiry: int
    state: RequestState
    difference: str
    """JSON of the part of the report that differs from what the account may do."""
    complete: str
    """JSON of the whole report."""
    notes: str = ""


class RequestAccess(Command):
    """Ask for roles; people decide, and grant them where accounts are kept."""

    subject: ClassVar[str] = "registry.request-access.v1"
    report: AccessReport


class OfRequest(Command):
    """An order about one request."""

    username: str = USERNAME
    request_id: int


class ChangeRequest(OfRequest):
    """Put a request into another state."""

    subject: ClassVar[str] = "registry.change-request.v1"
    state: RequestState
    note: str | None = None


class NoteRequest(OfRequest):
    """Add a note to a request."""

    subject: ClassVar[str] = "registry.note-request.v1"
    note: str = Field(min_length=1, max_length=5000)


class DeleteRequest(OfRequest):
    """Remove a request."""

    subject: ClassVar[str] = "registry.delete-request.v1"


class RequestFact(Event):
    """A fact about a request, which it tells whole."""

    request: AccessRequest


class AccessRequested(RequestFact):
    """Somebody asks for roles."""

    subject: ClassVar[str] = "registry.access-requested.v1"


class RequestChanged(RequestFact):
    """A request stands elsewhere."""

    subject: ClassVar[str] = "registry.request-changed.v1"


class RequestNoted(RequestFact):
    """A request has a note more."""

    subject: ClassVar[str] = "registry.request-noted.v1"


class RequestDeleted(RequestFact):
    """A request is gone."""

    subject: ClassVar[str] = "registry.request-deleted.v1"
