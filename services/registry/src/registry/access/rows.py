"""The tables of groups, links and requests for roles."""

from typing import Any, ClassVar

from sqlalchemy import ARRAY, BigInteger, Column, ForeignKey, Identity, Integer, Text
from sqlmodel import Field, SQLModel

from contracts.access import AccessRequest
from contracts.groups import Group, Member

SCHEMA: dict[str, Any] = {"schema": "registry"}


def _text(*, nullable: bool = False, primary: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=nullable, primary_key=primary))


def _number() -> Any:
    return Field(sa_column=Column(BigInteger, nullable=False))


class GroupRow(SQLModel, table=True):
    """A group."""

    __tablename__ = "groups"
    __table_args__: ClassVar[dict[str, Any]] = SCHEMA

    id: str = Field(sa_column=Column(Text(collation="C"), primary_key=True))
    display_name: str = _text()
    description: str = _text()
    default_data_store_access: list[str] | None = Field(default=None, sa_column=Column(ARRAY(Text)))

    def group(self) -> Group:
        """This row as it is told."""
        return Group.model_validate(self.model_dump())


class MemberRow(SQLModel, table=True):
    """That somebody is in a group."""

    __tablename__ = "group_members"
    __table_args__: ClassVar[dict[str, Any]] = SCHEMA

    grp: str = Field(
        sa_column=Column(Text(collation="C"), ForeignKey("registry.groups.id", ondelete="cascade"), primary_key=True)
    )
    username: str = _text(primary=True)
    number: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    email: str | None = _text(nullable=True)
    first_name: str | None = _text(nullable=True)
    last_name: str | None = _text(nullable=True)

    def member(self) -> Member:
        """This row as it is told."""
        return Member.model_validate(self.model_dump())


class LinkRow(SQLModel, table=True):
    """Whose an account is; a row stays when it is nobody's again, so that its revision goes on."""

    __tablename__ = "links"
    __table_args__: ClassVar[dict[str, Any]] = SCHEMA

    username: str = _text(primary=True)
    person: str | None = _text(nullable=True)
    account: str | None = _text(nullable=True)
    revision: int = Field(sa_column=Column(Integer, nullable=False))


class RequestRow(SQLModel, table=True):
    """A request for roles."""

    __tablename__ = "access_requests"
    __table_args__: ClassVar[dict[str, Any]] = SCHEMA

    request_id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    username: str = _text()
    email: str = _text()
    created: int = _number()
    updated: int = _number()
    expiry: int = _number()
    state: str = _text()
    difference: str = _text()
    complete: str = _text()
    notes: str = _text()

    def request(self) -> AccessRequest:
        """This row as it is told."""
        return AccessRequest.model_validate(self.model_dump())
