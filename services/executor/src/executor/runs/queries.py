"""What can be asked of runs."""

import base64
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import func, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from chassis.refusal import refuse
from contracts.executor import FileSeen, Run, Step
from contracts.message import FileRef
from executor.runs.model import DELETED, ENDED
from executor.runs.store import ChangeRow, RunRow, Runs


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


def _cursor(row: RunRow) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.created.isoformat(), str(row.id)]).encode()).decode()


def _point(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, run = json.loads(base64.urlsafe_b64decode(cursor))
        return datetime.fromisoformat(at), UUID(run)
    except (ValueError, TypeError) as error:
        raise refuse("gateway:bad-request", "after: not a cursor of this list") from error


async def fetch(session: AsyncSession, run: UUID, tenants: tuple[str, ...]) -> RunRow:
    """A run of one of these tenants; missing and foreign look the same."""
    row = await Runs(session).get(run)
    if row is None or row.tenant not in tenants:
        raise refuse("executor:no-such-run", f"there is no run {run}")
    return row


async def listed(
    session: AsyncSession,
    tenants: tuple[str, ...],
    *,
    workflow: UUID | None,
    status: str | None,
    name: str | None,
    limit: int,
    after: str | None,
) -> Page:
    """Runs of these tenants, newest first."""
    query = select(RunRow).where(col(RunRow.tenant).in_(tenants))
    if workflow is not None:
        query = query.where(RunRow.workflow == workflow)
    if status is not None:
        query = query.where(col(RunRow.status).in_(status.split(",")))
    else:
        query = query.where(RunRow.status != DELETED)
    if name is not None:
        query = query.where(RunRow.name == name)
    if after is not None:
        query = query.where(tuple_(col(RunRow.created), col(RunRow.id)) < _point(after))
    query = query.order_by(col(RunRow.created).desc(), col(RunRow.id).desc()).limit(limit + 1)
    rows = (await session.scalars(query)).all()
    return Page(items=[row.run() for row in rows[:limit]], next=_cursor(rows[limit - 1]) if len(rows) > limit else None)


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
