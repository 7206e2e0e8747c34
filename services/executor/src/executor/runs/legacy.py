"""Runs as clients of ReProv know them: by integers, or by name and number, and always with their steps."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from chassis.refusal import Refusal, refuse
from chassis.web import AsCaller, InHouse, Work
from contracts.executor import Run, StagedFile, Step
from executor.runs.many import whole
from executor.runs.model import DELETED
from executor.runs.store import RunRow, StepRow
from executor.unit import ExecutorHouse, ExecutorUnit

router = APIRouter(prefix="/legacy/runs", tags=["legacy"])
Unit = Annotated[ExecutorUnit, Work]
Here = Annotated[ExecutorHouse, InHouse]
LARGEST = 2**63 - 1
"""What a column of integers holds."""


class NumberedStep(BaseModel):
    """A step with an integer of its own."""

    id: int
    step: Step


class Execution(BaseModel):
    """A run and its steps in the order in which they began."""

    run: Run
    steps: list[NumberedStep]
    files: list[StagedFile] = []
    """What was put into its workspace; told of one run, not in a list."""


class Page(BaseModel):
    """Some runs, and where to go on."""

    items: list[Execution]
    next: int | None = None


@router.get("")
async def page(
    caller: AsCaller,
    unit: Unit,
    workflow: UUID | None = None,
    name: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
    after: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
) -> Page:
    """Runs of the caller's tenants that are not deleted, in the order of their integers."""
    query = _of(caller.tenants).where(col(RunRow.legacy_id) > after).order_by(col(RunRow.legacy_id)).limit(limit + 1)
    if workflow is not None:
        query = query.where(col(RunRow.workflow) == workflow)
    if name is not None:
        query = query.where(col(RunRow.name) == name)
    rows = (await unit.session.scalars(query)).all()
    more = rows[limit - 1].legacy_id if len(rows) > limit else None
    return Page(items=await _with_steps(unit.session, rows[:limit]), next=more)


@router.get("/numbered")
async def numbered(name: str, number: str, caller: AsCaller, unit: Unit, house: Here) -> Execution:
    """One run by what its name and its number are: `digits:1.0` and `3`, or `3.1`."""
    major, _, minor = number.partition(".")
    missing = refuse("executor:no-such-run", f"there is no run {number} of {name}")
    if not all(part.isdecimal() and len(part) <= 9 for part in (major, minor or "0")):
        raise missing
    query = _of(caller.tenants).where(
        col(RunRow.name) == name, col(RunRow.major) == int(major), col(RunRow.minor) == int(minor or 0)
    )
    return await _one(unit, house, query, missing)


@router.get("/{legacy_id}")
async def fetch(legacy_id: int, caller: AsCaller, unit: Unit, house: Here) -> Execution:
    """One run by its integer."""
    missing = refuse("executor:no-such-run", f"there is no run {legacy_id}")
    if abs(legacy_id) > LARGEST:
        raise missing
    return await _one(unit, house, _of(caller.tenants).where(col(RunRow.legacy_id) == legacy_id), missing)


async def _one(unit: ExecutorUnit, house: ExecutorHouse, query: SelectOfScalar[RunRow], missing: Refusal) -> Execution:
    rows = (await unit.session.scalars(query.limit(1))).all()
    if not rows:
        raise missing
    found = (await _with_steps(unit.session, rows))[0]
    files = list(rows[0].staged())
    return found.model_copy(update={"run": await whole(house.files, found.run), "files": files})


async def _with_steps(session: AsyncSession, rows: Sequence[RunRow]) -> list[Execution]:
    steps: dict[UUID, list[NumberedStep]] = {row.id: [] for row in rows}
    query = select(StepRow).where(col(StepRow.run).in_(steps)).order_by(col(StepRow.position))
    for row in await session.scalars(query):
        steps[row.run].append(NumberedStep(id=row.position or 0, step=row.step()))
    return [Execution(run=row.run(), steps=steps[row.id]) for row in rows]


def _of(tenants: Sequence[str]) -> SelectOfScalar[RunRow]:
    return select(RunRow).where(col(RunRow.tenant).in_(tenants), col(RunRow.status) != DELETED)
