"""What can be asked of runs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from chassis.listing import Listing, among, wanted
from chassis.refusal import refuse
from contracts.executor import FileSeen, Run, Step
from contracts.lists import RunsAsked
from contracts.message import FileRef
from executor.runs.model import DELETED, ENDED
from executor.runs.store import ChangeRow, RunRow, Runs

LISTING = Listing({"created": RunRow.created, "name": RunRow.name}, RunRow.id)


class Page(BaseModel):
    """Some runs, and where to go on."""

    items: list[Run]
    next: str | None = None


class Steps(BaseModel):
    """The steps of a run."""

    items: list[Step]


class ChangeSeen(BaseModel):
    """One line of history."""

    seq: int
    at: datetime
    place: str | None
    status: str
    reason: str | None


class Changes(BaseModel):
    """History after a point, and whether there will be more."""

    items: list[ChangeSeen]
    ended: bool


class Outputs(BaseModel):
    """All results of a run."""

    items: list[FileSeen]


class Resolved(BaseModel):
    """An earlier run's output as an input."""

    run: UUID
    file: FileSeen
    content: FileRef


async def fetch(session: AsyncSession, run: UUID, tenants: tuple[str, ...]) -> RunRow:
    """A run of one of these tenants; missing and foreign look the same."""
    row = await Runs(session).get(run)
    if row is None or row.tenant not in tenants:
        raise refuse("executor:no-such-run", f"there is no run {run}")
    return row


async def listed(session: AsyncSession, tenants: tuple[str, ...], asked: RunsAsked) -> Page:
    """Runs of these tenants, a page of them; deleted ones only where their status or their id is asked for."""
    workflow = col(RunRow.state)["workflow"]
    query = select(RunRow).where(
        col(RunRow.tenant).in_(among(asked, tenants)),
        wanted(asked, RunRow.created, RunRow.name),
        *([col(RunRow.workflow) == asked.workflow] if asked.workflow is not None else []),
        *([col(RunRow.name) == asked.name] if asked.name is not None else []),
        *([workflow["version"].astext == asked.version] if asked.version is not None else []),
        *([workflow["engine"].astext == asked.engine] if asked.engine is not None else []),
        *([col(RunRow.id).in_(asked.id)] if asked.id else []),
    )
    if asked.status:
        query = query.where(col(RunRow.status).in_(asked.status))
    elif not asked.id:
        query = query.where(col(RunRow.status) != DELETED)
    found = (await session.scalars(LISTING.page(query, asked.sort, asked.after, asked.limit))).all()
    rows, more = LISTING.cut(found, asked.sort, asked.limit)
    return Page(items=[row.run() for row in rows], next=more)


async def changes(session: AsyncSession, row: RunRow, after: int) -> Changes:
    """A run's history after a line."""
    query = select(ChangeRow).where(ChangeRow.run == row.id, col(ChangeRow.seq) > after).order_by(col(ChangeRow.seq))
    rows = (await session.scalars(query)).all()
    items = [ChangeSeen(seq=r.seq or 0, at=r.at, place=r.place, status=r.status, reason=r.reason) for r in rows]
    return Changes(items=items, ended=row.run().status in {*ENDED, DELETED})


async def count(session: AsyncSession) -> dict[str, int]:
    """Runs by their status."""
    rows: Any = await session.execute(select(RunRow.status, func.count()).group_by(RunRow.status))
    return {status: int(many) for status, many in rows}
