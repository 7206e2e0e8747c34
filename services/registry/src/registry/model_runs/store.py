"""What each model run stated last: a number that only grows, how far the graph is, and where its document lies."""

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Boolean, Column, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel

from contracts.message import FileRef
from registry.entries.model import Item
from registry.entries.rows import SCHEMA

STATE = text(
    """with stated as (
    insert into registry.model_runs as m (handle, revision, lodged, withdrawn)
    values (:handle, 1, 0, cast(:place as integer) is null)
    on conflict (handle) do update set revision = m.revision + 1, withdrawn = excluded.withdrawn returning handle, revision
)
insert into registry.model_run_revisions (handle, revision, history_id)
select handle, revision, cast(:place as integer) from stated returning revision"""
)
PLACES = text(
    "select revision, history_id from registry.model_run_revisions where handle = :handle order by revision desc limit :limit"
)
HOLD = text("select revision, lodged, withdrawn from registry.model_runs where handle = :handle for update")
LOOK = text("select revision, lodged, withdrawn from registry.model_runs where handle = :handle")
MARK = text(
    """with entry as (
    update registry.entries set info = cast(:info as jsonb), revision = :revision where handle = :handle
), place as (
    update registry.entry_history set info = cast(:info as jsonb) where handle = :handle and id = :last
)
update registry.model_runs set lodged = greatest(lodged, :lodged), document = cast(:document as jsonb) where handle = :handle"""
)
"""The entry and the newest place of its history say it, and nothing else changes: no news, so no place of its own."""


class StatementRow(SQLModel, table=True):
    """A model run's last statement; it outlives the entry, because its number must never be used twice."""

    __tablename__ = "model_runs"
    __table_args__: ClassVar[dict[str, Any]] = SCHEMA

    handle: str = Field(sa_column=Column(Text(collation="C"), primary_key=True))
    revision: int = Field(sa_column=Column(Integer, nullable=False))
    lodged: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    """The last revision that came into the graph."""
    withdrawn: bool = Field(default=False, sa_column=Column(Boolean, nullable=False))
    document: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))


class RevisionRow(SQLModel, table=True):
    """What a model run said at a revision: a place of its history, or nothing where it was withdrawn."""

    __tablename__ = "model_run_revisions"
    __table_args__: ClassVar[dict[str, Any]] = SCHEMA

    handle: str = Field(sa_column=Column(Text(collation="C"), primary_key=True))
    revision: int = Field(sa_column=Column(Integer, primary_key=True))
    history_id: int | None = Field(default=None, sa_column=Column(Integer))


@dataclass(frozen=True)
class Statement:
    """A model run's last statement, and how far the graph is."""

    revision: int = 0
    lodged: int = 0
    withdrawn: bool = False


class Statements:
    """Statements of model runs, within a transaction of the caller's."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def state(self, handle: str, place: int | None) -> int:
        """A model run says from now on what is at that place of its history, or nothing; the statement's number."""
        stated = await self._session.execute(STATE, {"handle": handle, "place": place})
        return int(stated.scalar_one())

    async def places(self, handle: str, limit: int) -> list[tuple[int, int | None]]:
        """Its revisions, newest first, each with the place of the history that it said."""
        rows = await self._session.execute(PLACES, {"handle": handle, "limit": limit})
        return [(row.revision, row.history_id) for row in rows]

    async def hold(self, handle: str) -> Statement | None:
        """A model run's last statement, held until the transaction ends."""
        row = (await self._session.execute(HOLD, {"handle": handle})).one_or_none()
        return Statement(row.revision, row.lodged, row.withdrawn) if row else None

    async def look(self, handle: str) -> Statement:
        """A model run's last statement; one that never stated anything has none."""
        row = (await self._session.execute(LOOK, {"handle": handle})).one_or_none()
        return Statement(row.revision, row.lodged, row.withdrawn) if row else Statement()

    async def mark(self, item: Item, info: dict[str, Any], lodged: int = 0, document: FileRef | None = None) -> None:
        """Let an entry that is held say how far it is."""
        told = {"handle": item.handle, "info": json.dumps(info), "revision": item.revision + 1, "last": item.last}
        place = {"lodged": lodged, "document": document.model_dump_json() if document else None}
        await self._session.execute(MARK, told | place)
