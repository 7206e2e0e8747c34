"""The table of uploaded files: bytes that a run may take as its input, known by an id of ours."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field as PydanticField
from sqlalchemy import Column, DateTime, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col, select

from chassis.listing import Listing, among, wanted
from contracts.lists import Asked, Ids, Sort
from contracts.message import FileRef, Part


class Upload(Part):
    """An uploaded file."""

    id: UUID
    tenant: str
    owner: str
    name: str
    content: FileRef
    created: datetime
    taken: datetime | None = None
    """When a run first took it; then it is part of what that run was given."""


class UploadRow(SQLModel, table=True):
    """An uploaded file as a row."""

    __tablename__ = "uploads"
    __table_args__: ClassVar[dict[str, Any]] = {"schema": "gateway"}

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    tenant: str = Field(sa_column=Column(Text, nullable=False))
    owner: str = Field(sa_column=Column(Text, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    created: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    taken: datetime | None = Field(None, sa_column=Column(DateTime(timezone=True), nullable=True))


TAKE = text("update gateway.uploads set taken = now() where content ->> 'key' = any(:keys) and taken is null")
THERE = text("select count(distinct content ->> 'key') from gateway.uploads where content ->> 'key' = any(:keys)")
REMOVE = text(
    "delete from gateway.uploads where id = :id and tenant = any(:tenants) and taken is null returning content ->> 'key'"
)
FORGET = text(
    "delete from gateway.uploads where id in (select id from gateway.uploads where taken is null"
    " and created < now() - make_interval(days => :days) limit :limit for update skip locked) returning content ->> 'key'"
)
"""`limit` bounds a transaction; whoever takes an upload in that moment is waited for by nobody."""
LISTING = Listing({"created": UploadRow.created, "name": UploadRow.name}, UploadRow.id)


class UploadsAsked(Asked):
    """What a list of uploads can be asked for."""

    id: Ids = []
    sort: Sort = PydanticField("-created", description="In which order; `-` means the last first")


class Uploads:
    """Uploaded files in the database, within a transaction of the caller's."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, upload: Upload) -> None:
        """Write down an upload."""
        self._session.add(UploadRow.model_validate({**upload.model_dump(), "content": upload.content.model_dump(mode="json")}))
        await self._session.flush()

    async def find(self, ids: Iterable[UUID], tenants: Collection[str]) -> dict[UUID, Upload]:
        """Those of some uploads that are these tenants'."""
        query = select(UploadRow).where(col(UploadRow.id).in_(list(ids)), col(UploadRow.tenant).in_(tenants))
        rows = (await self._session.execute(query)).scalars()
        return {row.id: Upload.model_validate(row.model_dump()) for row in rows}

    async def take(self, keys: Collection[str]) -> bool:
        """Note that a run takes these uploads' bytes, so that they stay; whether all of them are still there."""
        if not keys:
            return True
        await self._session.execute(TAKE, {"keys": list(keys)})
        there: int = await self._session.scalar(THERE, {"keys": list(keys)}) or 0
        return there == len(set(keys))

    async def remove(self, upload: UUID, tenants: Collection[str]) -> str | None:
        """Remove an upload of these tenants that no run took; the key of its bytes, which are the caller's to remove."""
        key: str | None = await self._session.scalar(REMOVE, {"id": upload, "tenants": list(tenants)})
        return key

    async def forget(self, days: int, limit: int) -> list[str]:
        """Remove uploads that no run took in so many days; the keys of their bytes."""
        return list(await self._session.scalars(FORGET, {"days": days, "limit": limit}))

    async def page(self, tenants: Collection[str], asked: UploadsAsked) -> tuple[list[Upload], str | None]:
        """Uploads of these tenants, a page of them, and the cursor of the next one."""
        query = select(UploadRow).where(
            col(UploadRow.tenant).in_(among(asked, tenants)),
            wanted(asked, UploadRow.created, UploadRow.name),
            *([col(UploadRow.id).in_(asked.id)] if asked.id else []),
        )
        found = (await self._session.scalars(LISTING.page(query, asked.sort, asked.after, asked.limit))).all()
        rows, following = LISTING.cut(found, asked.sort, asked.limit)
        return [Upload.model_validate(row.model_dump()) for row in rows], following
