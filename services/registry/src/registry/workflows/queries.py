"""What is asked of workflows: only those that are there, only one's own."""

from collections.abc import Collection
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from chassis.listing import Listing, among, wanted
from contracts.lists import WorkflowsAsked
from contracts.registry import Workflow
from registry.workflows.model import THERE
from registry.workflows.store import WorkflowRow

LISTING = Listing({"created": WorkflowRow.created, "name": WorkflowRow.name}, WorkflowRow.id)


class Page(BaseModel):
    """Some workflows, and where to go on."""

    items: list[Workflow]
    next: str | None = None


async def fetch(session: AsyncSession, workflow: UUID, tenants: Collection[str]) -> Workflow | None:
    """A workflow of these tenants."""
    query = select(WorkflowRow).where(
        col(WorkflowRow.id) == workflow, col(WorkflowRow.tenant).in_(tenants), col(WorkflowRow.state).in_(THERE)
    )
    row = await session.scalar(query)
    return row.entry().workflow if row else None


async def page(session: AsyncSession, tenants: Collection[str], asked: WorkflowsAsked) -> Page:
    """Workflows of these tenants, a page of them."""
    query = select(WorkflowRow).where(
        col(WorkflowRow.tenant).in_(among(asked, tenants)),
        col(WorkflowRow.state).in_(THERE),
        wanted(asked, WorkflowRow.created, WorkflowRow.name, WorkflowRow.version),
        *([col(WorkflowRow.name) == asked.name] if asked.name is not None else []),
        *([col(WorkflowRow.version) == asked.version] if asked.version is not None else []),
        *([col(WorkflowRow.content)["engine"].astext == asked.engine] if asked.engine is not None else []),
        *([col(WorkflowRow.id).in_(asked.id)] if asked.id else []),
    )
    found = (await session.scalars(LISTING.page(query, asked.sort, asked.after, asked.limit))).all()
    rows, more = LISTING.cut(found, asked.sort, asked.limit)
    return Page(items=[row.entry().workflow for row in rows], next=more)
