"""Entries as Provena's registries write them out and bring them in: one flat item each, its access, its lock."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.entries import Access, Versioning
from contracts.kinds import KINDS, Kind, Role
from contracts.views import EntrySeen, LockMoment, Moment, Stored
from contracts.vocabulary import Category

LOCKED = {True: "LOCK", False: "UNLOCK"}


class WorkflowLinks(BaseModel):
    """The jobs behind an item's activity."""

    create_activity_workflow_id: UUID | None = None
    version_activity_workflow_id: UUID | None = None


class HistoryEntry(BaseModel):
    """What an item said at one time."""

    id: int = Field(ge=0)
    timestamp: int
    reason: str
    username: str
    item: dict[str, Any]


class VersioningInfo(BaseModel):
    """An item's place among its versions."""

    previous_version: str | None = Field(None, min_length=1, max_length=500)
    version: int = Field(ge=1)
    reason: str | None = None
    next_version: str | None = Field(None, min_length=1, max_length=500)

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.previous_version is not None and self.reason is None:
            msg = "a version that follows another has a reason"
            raise ValueError(msg)
        return self


class Item(BaseModel):
    """An item's envelope; the information of its kind lies flat beside these fields."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(min_length=1, max_length=500)
    owner_username: str
    created_timestamp: int
    updated_timestamp: int
    item_category: Category
    item_subtype: Kind
    record_type: Literal["SEED_ITEM", "COMPLETE_ITEM"]
    workflow_links: WorkflowLinks | None = None
    versioning_info: VersioningInfo | None = None
    history: list[HistoryEntry] = []

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.item_category is not KINDS[self.item_subtype].category:
            msg = f"a {self.item_subtype} is not of category {self.item_category}"
            raise ValueError(msg)
        places = [one.id for one in self.history]
        if len(set(places)) != len(places):
            msg = "places of the history have different ids"
            raise ValueError(msg)
        return self


class AccessSettings(BaseModel):
    """Who may do what."""

    owner: str
    general: list[Role] = []
    groups: dict[str, list[Role]] = {}


class AuthPayload(BaseModel):
    """The access settings of an item."""

    id: str
    access_settings: AccessSettings


class LockEvent(BaseModel):
    """That an item was locked or unlocked."""

    action_type: Literal["LOCK", "UNLOCK"]
    username: str
    email: str | None = None
    reason: str
    timestamp: int


class LockInformation(BaseModel):
    """Whether an item is locked, and how that came."""

    locked: bool
    history: list[LockEvent] = []


class LockPayload(BaseModel):
    """The lock of an item."""

    id: str
    lock_information: LockInformation


class Bundle(BaseModel):
    """An item with all that belongs to it."""

    id: str = Field(min_length=1, max_length=500)
    item_payload: Item
    auth_payload: AuthPayload
    lock_payload: LockPayload

    @model_validator(mode="after")
    def _one_item(self) -> Self:
        if {self.item_payload.id, self.auth_payload.id, self.lock_payload.id} != {self.id}:
            msg = "the payloads are those of different items"
            raise ValueError(msg)
        return self


def flat(entry: EntrySeen) -> dict[str, Any]:
    """An entry as Provena's item: all in one object, with its history unless it is a seed."""
    links = None
    if entry.create_job or entry.version_job:
        links = WorkflowLinks(
            create_activity_workflow_id=entry.create_job, version_activity_workflow_id=entry.version_job
        ).model_dump(mode="json")
    item = {
        "id": entry.handle,
        "owner_username": entry.owner,
        "created_timestamp": entry.created,
        "updated_timestamp": entry.updated,
        "item_category": KINDS[entry.kind].category.value,
        "item_subtype": entry.kind.value,
        "record_type": "SEED_ITEM" if entry.info is None else "COMPLETE_ITEM",
        "workflow_links": links,
        "versioning_info": entry.versioning.model_dump(mode="json") if entry.versioning else None,
    }
    if entry.info is None:
        return item
    past = [
        {"id": one.id, "timestamp": one.at, "reason": one.reason, "username": one.username, "item": one.info}
        for one in entry.history
    ]
    return {**entry.info, **item, "history": past}


def bundle(stored: Stored) -> dict[str, Any]:
    """An entry with all that is kept of it."""
    history = [
        {
            "action_type": LOCKED[one.locked],
            "username": one.username,
            "email": one.email,
            "reason": one.reason,
            "timestamp": one.at,
        }
        for one in stored.locks
    ]
    return {
        "id": stored.handle,
        "item_payload": flat(stored),
        "auth_payload": {"id": stored.handle, "access_settings": stored.access.model_dump(mode="json")},
        "lock_payload": {"id": stored.handle, "lock_information": {"locked": stored.locked, "history": history}},
    }


def unbundle(bundled: Bundle, tenant: str) -> Stored:
    """An entry as the registry keeps it; it belongs to this tenant."""
    item, access = bundled.item_payload, bundled.auth_payload.access_settings
    lock, seed = bundled.lock_payload.lock_information, item.record_type == "SEED_ITEM"
    links = item.workflow_links or WorkflowLinks()
    return Stored(
        handle=item.id,
        kind=item.item_subtype,
        tenant=tenant,
        owner=item.owner_username,
        created=item.created_timestamp,
        updated=item.updated_timestamp,
        info=None if seed else dict(item.model_extra or {}),
        versioning=Versioning(**item.versioning_info.model_dump()) if item.versioning_info else None,
        create_job=links.create_activity_workflow_id,
        version_job=links.version_activity_workflow_id,
        history=() if seed else _newest_first(item.history),
        locked=lock.locked,
        access=Access(owner=access.owner, general=tuple(access.general), groups=_frozen(access.groups)),
        locks=tuple(_lock(one) for one in lock.history),
    )


def _newest_first(history: Iterable[HistoryEntry]) -> tuple[Moment, ...]:
    moments = [Moment(id=one.id, at=one.timestamp, reason=one.reason, username=one.username, info=one.item) for one in history]
    return tuple(sorted(moments, key=lambda one: one.id, reverse=True))


def _lock(event: LockEvent) -> LockMoment:
    return LockMoment(
        locked=event.action_type == LOCKED[True],
        username=event.username,
        email=event.email,
        reason=event.reason,
        at=event.timestamp,
    )


def _frozen(groups: Mapping[str, list[Role]]) -> dict[str, tuple[Role, ...]]:
    return {group: tuple(roles) for group, roles in groups.items()}
