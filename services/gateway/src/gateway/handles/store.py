"""The table of handles. Theirs are numbers of their own behind an `h`, so that they never meet those of registered things."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, DateTime, Identity, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col, select

from gateway.handles.model import Handle, Value, ValueType

LETTER = "h"
BIGGEST = 18
"""Digits of a number."""


class HandleRow(SQLModel, table=True):
    """A handle as a row."""

    __tablename__ = "handles"
    __table_args__: ClassVar[dict[str, Any]] = {"schema": "gateway"}

    number: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    owner: str = Field(sa_column=Column(Text, nullable=False))
    created: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    values: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))


class Handles:
    """Handles in the database, within a transaction of the caller's."""

    def __init__(self, session: AsyncSession, prefix: str) -> None:
        self._session, self._prefix = session, prefix

    async def mint(self, owner: str, kind: ValueType, value: str) -> Handle:
        """Give a new handle to a value."""
        values = [Value(type=kind, value=value, index=1)]
        row = HandleRow(owner=owner, created=datetime.now(UTC), values=[one.model_dump(mode="json") for one in values])
        self._session.add(row)
        await self._session.flush()
        return self._handle(row)

    async def find(self, id_: str) -> Handle | None:
        """A handle by its name."""
        row = await self._row(id_)
        return self._handle(row) if row else None

    async def hold(self, id_: str) -> Handle | None:
        """A handle by its name; nobody else changes it meanwhile."""
        row = await self._row(id_, hold=True)
        return self._handle(row) if row else None

    async def put(self, handle: Handle) -> None:
        """Write a handle's values anew."""
        row = await self._row(handle.id)
        if row is not None:
            row.values = [one.model_dump(mode="json") for one in handle.properties]
            await self._session.flush()

    async def every(self) -> list[str]:
        """The names of all handles, the oldest first."""
        numbers = await self._session.scalars(select(HandleRow.number).order_by(col(HandleRow.number)))
        return [f"{self._prefix}/{LETTER}{number}" for number in numbers]

    async def _row(self, id_: str, *, hold: bool = False) -> HandleRow | None:
        prefix, _, name = id_.rpartition("/")
        number = name.removeprefix(LETTER)
        if prefix != self._prefix or name == number or not (number.isascii() and number.isdecimal()) or len(number) > BIGGEST:
            return None
        query = select(HandleRow).where(col(HandleRow.number) == int(number))
        if hold:
            query = query.with_for_update().execution_options(populate_existing=True)
        row: HandleRow | None = (await self._session.execute(query)).scalar()
        return row

    def _handle(self, row: HandleRow) -> Handle:
        values = tuple(Value(**one) for one in row.values)
        return Handle(id=f"{self._prefix}/{LETTER}{row.number}", properties=values, owner=row.owner)
