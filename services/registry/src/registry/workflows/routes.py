"""Workflows over internal HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from chassis.refusal import refuse
from chassis.web import AsCaller, Work
from contracts.registry import Workflow
from registry.unit import RegistryUnit
from registry.workflows import queries

router = APIRouter(prefix="/workflows", tags=["workflows"])


class Page(BaseModel):
    """Some workflows, and where to go on."""

    items: list[Workflow]
    next: UUID | None = None


@router.get("")
async def page(
    caller: AsCaller,
    unit: Annotated[RegistryUnit, Work],
    name: str | None = None,
    version: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: UUID | None = None,
) -> Page:
    """Workflows that the caller's tenants own, newest first."""
    found = await queries.page(unit.session, caller.tenants, name=name, version=version, limit=limit + 1, after=after)
    return Page(items=found[:limit], next=found[limit - 1].id if len(found) > limit else None)


@router.get("/{workflow}")
async def fetch(workflow: UUID, caller: AsCaller, unit: Annotated[RegistryUnit, Work]) -> Workflow:
    """One workflow."""
    found = await queries.fetch(unit.session, workflow, caller.tenants)
    if found is None:
        raise refuse("registry:no-such-workflow", f"no workflow {workflow}")
    return found
