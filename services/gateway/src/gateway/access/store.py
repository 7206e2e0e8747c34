"""The tables of our own issuer: logins that last, devices that wait for one, codes that stand for one. Secrets are digests."""

import hashlib
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Boolean, Column, DateTime, Integer, Text, Uuid, delete, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col, select

KEPT = timedelta(days=1)
"""What has ended is remembered for a while, so that whoever asks late hears why."""


def digest(secret: str) -> str:
    """What is kept of a secret that was given away; it is random, so a plain digest is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _moment(*, null: bool = False) -> Any:
    return Column(DateTime(timezone=True), nullable=null)


class LoginRow(SQLModel, table=True):
    """Somebody who logged in with a program and may stay so."""

    __tablename__ = "logins"
    __table_args__: ClassVar[dict[str, Any]] = {"schema": "gateway"}

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    secret: str = Field(sa_column=Column(Text, nullable=False))
    """Digest of what makes the refresh token."""
    client: str = Field(sa_column=Column(Text, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    subject: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    """Changes with the password, so that old logins end with it."""
    scope: str = Field(sa_column=Column(Text, nullable=False))
    offline: bool = Field(sa_column=Column(Boolean, nullable=False))
    created: datetime = Field(sa_column=_moment())
    used: datetime = Field(sa_column=_moment())
    expires: datetime = Field(sa_column=_moment())


class DeviceRow(SQLModel, table=True):
    """A program without a browser that waits for its user."""

    __tablename__ = "devices"
    __table_args__: ClassVar[dict[str, Any]] = {"schema": "gateway"}

    code: str = Field(sa_column=Column(Text, primary_key=True))
    """Digest of the device code."""
    user_code: str = Field(sa_column=Column(Text, nullable=False))
    client: str = Field(sa_column=Column(Text, nullable=False))
    scope: str = Field(sa_column=Column(Text, nullable=False))
    challenge: str | None = Field(default=None, sa_column=Column(Text))
    status: str = Field(sa_column=Column(Text, nullable=False))
    """`waiting`, `allowed` or `denied`."""
    name: str | None = Field(default=None, sa_column=Column(Text))
    state: str | None = Field(default=None, sa_column=Column(Text))
    pause: int = Field(sa_column=Column(Integer, nullable=False))
    """Seconds that it shall leave between two questions."""
    asked: datetime | None = Field(default=None, sa_column=_moment(null=True))
    expires: datetime = Field(sa_column=_moment())


class CodeRow(SQLModel, table=True):
    """A code that a page gave to a program; good once. What it was used for is kept, so that a thief's use ends both."""

    __tablename__ = "codes"
    __table_args__: ClassVar[dict[str, Any]] = {"schema": "gateway"}

    code: str = Field(sa_column=Column(Text, primary_key=True))
    client: str = Field(sa_column=Column(Text, nullable=False))
    scope: str = Field(sa_column=Column(Text, nullable=False))
    redirect: str = Field(sa_column=Column(Text, nullable=False))
    challenge: str | None = Field(default=None, sa_column=Column(Text))
    nonce: str | None = Field(default=None, sa_column=Column(Text))
    name: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    login: UUID | None = Field(default=None, sa_column=Column(Uuid))
    """The login that it was exchanged for."""
    expires: datetime = Field(sa_column=_moment())


class Logins:
    """Logins, devices and codes in the database, within a transaction of the caller's."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: LoginRow | DeviceRow | CodeRow) -> None:
        """Write one down, and forget those of its kind that ended long ago."""
        kind = type(row)
        await self._session.execute(delete(kind).where(col(kind.expires) < func.now() - KEPT))
        self._session.add(row)
        await self._session.flush()

    async def login(self, key: UUID) -> LoginRow | None:
        """A login, held until the transaction ends."""
        return await self._session.get(LoginRow, key, with_for_update=True)

    async def end(self, key: UUID) -> None:
        """End a login."""
        await self._session.execute(delete(LoginRow).where(col(LoginRow.id) == key))

    async def device(self, code: str) -> DeviceRow | None:
        """A device by its own code, held until the transaction ends."""
        return await self._session.get(DeviceRow, digest(code), with_for_update=True)

    async def device_of(self, user_code: str) -> DeviceRow | None:
        """A device by the code that people read, held until the transaction ends."""
        query = select(DeviceRow).where(col(DeviceRow.user_code) == user_code, col(DeviceRow.expires) > func.now())
        return (await self._session.execute(query.with_for_update())).scalar_one_or_none()

    async def waiting(self) -> int:
        """How many devices there are."""
        return await self._session.scalar(select(func.count()).where(col(DeviceRow.expires) > func.now())) or 0

    async def code(self, code: str) -> CodeRow | None:
        """A code, held until the transaction ends."""
        return await self._session.get(CodeRow, digest(code), with_for_update=True)

    async def remove(self, row: DeviceRow | CodeRow) -> None:
        """Forget one."""
        await self._session.delete(row)
        await self._session.flush()
