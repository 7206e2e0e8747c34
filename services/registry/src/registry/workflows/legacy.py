"""Workflows as clients of ReProv know them: by integers."""

from collections.abc import Collection
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from chassis.refusal import refuse
from chassis.web import AsCaller, Work
from contracts.registry import Workflow
from registry.unit import RegistryUnit
from registry.workflows.model import THERE, State
from registry.workflows.store import WorkflowRow

router = APIRouter(prefix="/legacy/workflows", tags=["legacy"])
LARGEST = 2**63 - 1
"""What a column of integers holds."""


class Page(BaseModel):
    """Some workflows, and where to go on."""

    items: list[Workflow]
    next: int | None = None


@router.get("")
async def page(
    caller: AsCaller,
    unit: Annotated[RegistryUnit, Work],
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
    after: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
) -> Page:
    """Workflows of the caller's tenants in the order of their integers."""
    query = _of(caller.tenants).where(col(WorkflowRow.legacy_id) > after).order_by(col(WorkflowRow.legacy_id))
    rows = (await unit.session.scalars(query.limit(limit + 1))).all()
    more = rows[limit - 1].legacy_id if len(rows) > limit else None
    return Page(items=[row.entry().workflow for row in rows[:limit]], next=more)


@router.get("/{legacy_id}")
async def fetch(legacy_id: int, caller: AsCaller, unit: Annotated[RegistryUnit, Work], *, deleted: bool = False) -> Workflow:
    """One workflow by its integer; also one that is deleted, if asked."""
    found = await _find(unit.session, legacy_id, caller.tenants, deleted=deleted)
    if found is None:
        raise refuse("registry:no-such-workflow", f"no workflow {legacy_id}")
    return found.entry().workflow


async def _find(session: AsyncSession, legacy_id: int, tenants: Collection[str], *, deleted: bool) -> WorkflowRow | None:
    if abs(legacy_id) > LARGEST:
        return None
    query = _of(tenants, deleted=deleted).where(col(WorkflowRow.legacy_id) == legacy_id)
    found: WorkflowRow | None = await session.scalar(query)
    return found


def _of(tenants: Collection[str], *, deleted: bool = False) -> SelectOfScalar[WorkflowRow]:
    states = {*THERE, State.DELETED} if deleted else THERE
    return select(WorkflowRow).where(col(WorkflowRow.tenant).in_(tenants), col(WorkflowRow.state).in_(states))
