"""What is asked of workflows: only those that are there, only one's own."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from contracts.registry import Workflow
from registry.workflows.model import THERE
from registry.workflows.store import WorkflowRow


async def fetch(session: AsyncSession, workflow: UUID, tenants: Collection[str]) -> Workflow | None:
    """A workflow of these tenants."""
    query = select(WorkflowRow).where(
        col(WorkflowRow.id) == workflow, col(WorkflowRow.tenant).in_(tenants), col(WorkflowRow.state).in_(THERE)
    )
    row = await session.scalar(query)
    return row.entry().workflow if row else None


async def page(
    session: AsyncSession,
    tenants: Collection[str],
    *,
    name: str | None = None,
    version: str | None = None,
    limit: int = 50,
    after: UUID | None = None,
) -> list[Workflow]:
    """Workflows of these tenants, newest first, from the one after `after`."""
    query = select(WorkflowRow).where(
        col(WorkflowRow.tenant).in_(tenants),
        col(WorkflowRow.state).in_(THERE),
        *([col(WorkflowRow.name) == name] if name is not None else []),
        *([col(WorkflowRow.version) == version] if version is not None else []),
        *([col(WorkflowRow.id) < after] if after is not None else []),
    )
    rows = await session.scalars(query.order_by(col(WorkflowRow.id).desc()).limit(limit))
    return [row.entry().workflow for row in rows]
