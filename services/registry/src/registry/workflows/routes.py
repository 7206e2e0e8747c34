"""Workflows over internal HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from chassis.refusal import refuse
from chassis.web import AsCaller, Work
from contracts.lists import WorkflowsAsked
from contracts.registry import Workflow
from registry.unit import RegistryUnit
from registry.workflows import queries

router = APIRouter(prefix="/workflows", tags=["workflows"])


@router.get("")
async def page(
    caller: AsCaller, unit: Annotated[RegistryUnit, Work], asked: Annotated[WorkflowsAsked, Query()]
) -> queries.Page:
    """Workflows that the caller's tenants own."""
    return await queries.page(unit.session, caller.tenants, asked)


@router.get("/{workflow}")
async def fetch(workflow: UUID, caller: AsCaller, unit: Annotated[RegistryUnit, Work]) -> Workflow:
    """One workflow."""
    found = await queries.fetch(unit.session, workflow, caller.tenants)
    if found is None:
        raise refuse("registry:no-such-workflow", f"no workflow {workflow}")
    return found
