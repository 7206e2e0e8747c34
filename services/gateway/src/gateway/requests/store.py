"""The table of requests that carry a key, and its statements."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Column, DateTime, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel


@dataclass(frozen=True)
class Request:
    """What is known of a request."""

    digest: str
    """Of what was asked."""
    job: UUID | None
    """The job that it became, until it is answered."""
    answer: dict[str, Any] | None
    """How it was answered."""
    waited_for: bool
    """Whether whoever asked first still waits for the answer."""


class RequestRow(SQLModel, table=True):
    """A request as a row, known by who asked and by the key they gave."""

    __tablename__ = "requests"
    __table_args__: ClassVar[dict[str, Any]] = {"schema": "gateway"}

    owner: str = Field(sa_column=Column(Text, primary_key=True))
    key: str = Field(sa_column=Column(Text, primary_key=True))
    digest: str = Field(sa_column=Column(Text, nullable=False))
    job: UUID | None = Field(default=None, sa_column=Column(Uuid))
    answer: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    made: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    answered_by: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


FIND = text(
    """select digest, job, answer, answer is null and answered_by > now() as waited_for
    from gateway.requests where owner = :owner and key = :key"""
)
TAKE = text(
    """insert into gateway.requests (owner, key, digest, job, answered_by)
    values (:owner, :key, :digest, :job, now() + make_interval(secs => :seconds)) on conflict do nothing returning 1"""
)
RESUME = text(
    """update gateway.requests set answered_by = now() + make_interval(secs => :seconds)
    where owner = :owner and key = :key and answer is null and answered_by <= now() returning 1"""
)
ANSWER = text("update gateway.requests set answer = cast(:answer as jsonb) where owner = :owner and key = :key")
LEAVE = text("update gateway.requests set answered_by = now() where owner = :owner and key = :key and answer is null")
FORGET = text("delete from gateway.requests where made < now() - make_interval(days => :days)")


class Requests:
    """Requests in the database, within a transaction of the caller's."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, owner: str, key: str) -> Request | None:
        """What is known of a request."""
        row = (await self._session.execute(FIND, {"owner": owner, "key": key})).one_or_none()
        return Request(**row._asdict()) if row else None

    async def take(self, owner: str, key: str, digest: str, seconds: float, job: UUID | None = None) -> bool:
        """Note a request, to be answered within so many seconds; say whether its key was free."""
        told = {"owner": owner, "key": key, "digest": digest, "seconds": seconds, "job": job}
        return await self._session.scalar(TAKE, told) is not None

    async def resume(self, owner: str, key: str, seconds: float) -> bool:
        """Take it on oneself to answer a request that nobody is answering; say whether it is so."""
        return await self._session.scalar(RESUME, {"owner": owner, "key": key, "seconds": seconds}) is not None

    async def answer(self, owner: str, key: str, answer: str) -> None:
        """Keep how a request was answered."""
        await self._session.execute(ANSWER, {"owner": owner, "key": key, "answer": answer})

    async def leave(self, owner: str, key: str) -> None:
        """Leave a request to whoever asks again."""
        await self._session.execute(LEAVE, {"owner": owner, "key": key})

    async def forget(self, days: int) -> None:
        """Forget requests that are older."""
        await self._session.execute(FORGET, {"days": days})
