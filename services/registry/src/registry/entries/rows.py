"""The tables of entries: what is now, what was, who may, who locked."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Identity,
    Integer,
    Text,
    Uuid,
    any_,
    literal,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped
from sqlmodel import Field, SQLModel

from contracts.entries import Access, Versioning
from contracts.kinds import Kind, Role
from contracts.views import LockMoment, Moment
from registry.entries.model import Item

SCHEMA: dict[str, Any] = {"schema": "registry"}
BY_BYTES = "C"
LONGEST = 500
"""Characters of a handle; the index of reviewers takes little more."""
NOTHING = ""
"""The role of a group that is named and granted nothing."""


def among(column: Mapped[Any], values: Collection[str]) -> ColumnElement[bool]:
    """The condition that a column is one of these values, as many as they are: they travel as one parameter."""
    return column == any_(literal(list(values), ARRAY(Text)))


def _text(*, nullable: bool = False, **more: Any) -> Any:
    return Field(sa_column=Column(Text(**more), nullable=nullable))


def _number(*, nullable: bool = False) -> Any:
    return Field(sa_column=Column(BigInteger, nullable=nullable))


def _of_entry(*, primary: bool = False) -> Any:
    entry = ForeignKey("registry.entries.handle", ondelete="cascade")
    return Field(sa_column=Column(Text(collation=BY_BYTES), entry, primary_key=primary, nullable=False))


class EntryRow(SQLModel, table=True):
    """An entry as a row; what lists sort and filter by stands beside the information it is taken from."""

    __tablename__ = "entries"
    __table_args__: ClassVar[dict[str, Any]] = SCHEMA

    handle: str = Field(sa_column=Column(Text(collation=BY_BYTES), primary_key=True))
    number: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    """In the order of their coming; what is as old as another is listed by it."""
    kind: str = _text()
    tenant: str = _text()
    account: str | None = _text(nullable=True)
    owner: str = _text()
    access_owner: str = _text()
    created: int = _number()
    updated: int = _number()
    info: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    display_name: str | None = _text(nullable=True, collation=BY_BYTES)
    version: int | None = _number(nullable=True)
    previous_version: str | None = _text(nullable=True)
    next_version: str | None = _text(nullable=True)
    version_reason: str | None = _text(nullable=True)
    create_job: UUID | None = Field(default=None, sa_column=Column(Uuid))
    version_job: UUID | None = Field(default=None, sa_column=Column(Uuid))
    access_uri: str | None = _text(nullable=True, collation=BY_BYTES)
    release_status: str | None = _text(nullable=True)
    release_approver: str | None = _text(nullable=True)
    release_timestamp: int | None = _number(nullable=True)
    locked: bool = Field(sa_column=Column(Boolean, nullable=False))
    revision: int = Field(sa_column=Column(Integer, nullable=False))

    def item(self, grants: Iterable["GrantRow"], last: int | None) -> Item:
        """The entry of this row, with what is granted and the newest place of its history."""
        versioning = None
        if self.version is not None:
            versioning = Versioning(
                previous_version=self.previous_version,
                version=self.version,
                reason=self.version_reason,
                next_version=self.next_version,
            )
        told = self.model_dump(exclude={"number", "version"})
        return Item.model_validate(
            {
                **told,
                "versioning": versioning,
                "access": access_of(self.access_owner, grants),
                "last": last,
            }
        )


def columns(item: Item) -> dict[str, Any]:
    """An entry as the columns of its row."""
    info: Mapping[str, Any] = item.info or {}
    versioning = item.versioning
    dataset = info if item.kind is Kind.DATASET else {}
    return {
        "handle": item.handle,
        "kind": item.kind.value,
        "tenant": item.tenant,
        "account": item.account,
        "owner": item.owner,
        "access_owner": item.access.owner,
        "created": item.created,
        "updated": item.updated,
        "info": item.info,
        "display_name": _if_text(info.get("display_name")),
        "version": versioning.version if versioning else None,
        "previous_version": versioning.previous_version if versioning else None,
        "next_version": versioning.next_version if versioning else None,
        "version_reason": versioning.reason if versioning else None,
        "create_job": item.create_job,
        "version_job": item.version_job,
        "access_uri": _if_text(dataset.get("access_info_uri")),
        "release_status": _if_text(dataset.get("release_status")),
        "release_approver": who if (who := _if_text(dataset.get("release_approver"))) and len(who) <= LONGEST else None,
        "release_timestamp": at if isinstance(at := dataset.get("release_timestamp"), int) else None,
        "locked": item.locked,
        "revision": item.revision,
    }


class HistoryRow(SQLModel, table=True):
    """What an entry said at one time."""

    __tablename__ = "entry_history"
    __table_args__: ClassVar[dict[str, Any]] = SCHEMA

    handle: str = _of_entry(primary=True)
    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    at: int = _number()
    reason: str = _text()
    username: str = _text()
    info: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))

    def moment(self) -> Moment:
        """This row as it is told."""
        return Moment.model_validate(self.model_dump())


class ActivityRow(SQLModel, table=True):
    """An activity's last statement; it outlives the entry, because its number must never be used twice."""

    __tablename__ = "activities"
    __table_args__: ClassVar[dict[str, Any]] = SCHEMA

    handle: str = Field(sa_column=Column(Text(collation=BY_BYTES), primary_key=True))
    revision: int = Field(sa_column=Column(Integer, nullable=False))
    withdrawn: bool = Field(sa_column=Column(Boolean, nullable=False))


class GrantRow(SQLModel, table=True):
    """A role that everybody has (no group), or a group."""

    __tablename__ = "entry_grants"
    __table_args__: ClassVar[dict[str, Any]] = SCHEMA

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    handle: str = _of_entry()
    grp: str | None = _text(nullable=True)
    role: str = _text()


class LockRow(SQLModel, table=True):
    """That an entry was locked or unlocked."""

    __tablename__ = "entry_locks"
    __table_args__: ClassVar[dict[str, Any]] = SCHEMA

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    handle: str = _of_entry()
    locked: bool = Field(sa_column=Column(Boolean, nullable=False))
    username: str = _text()
    email: str | None = _text(nullable=True)
    reason: str = _text()
    at: int = _number()

    def moment(self) -> LockMoment:
        """This row as it is told."""
        return LockMoment.model_validate(self.model_dump())


class WordRow(SQLModel, table=True):
    """What an entry is found by."""

    __tablename__ = "entry_words"
    __table_args__: ClassVar[dict[str, Any]] = SCHEMA

    handle: str = _of_entry(primary=True)
    words: str = Field(sa_column=Column(TSVECTOR, nullable=False))


def access_of(owner: str, grants: Iterable[GrantRow]) -> Access:
    """Access settings as their rows say, in the order in which they were written."""
    general: list[Role] = []
    groups: dict[str, list[Role]] = {}
    for grant in grants:
        roles = general if grant.grp is None else groups.setdefault(grant.grp, [])
        if grant.role != NOTHING:
            roles.append(Role(grant.role))
    return Access(owner=owner, general=tuple(general), groups={group: tuple(held) for group, held in groups.items()})


def grants_of(item: Item) -> list[dict[str, Any]]:
    """What an entry grants, as rows."""
    each: list[tuple[str | None, str]] = [(None, role.value) for role in item.access.general]
    for group, roles in item.access.groups.items():
        each += [(group, role.value) for role in roles] or [(group, NOTHING)]
    return [{"handle": item.handle, "grp": group, "role": role} for group, role in each]


def _if_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
