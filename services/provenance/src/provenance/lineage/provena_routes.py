"""Provena's questions over internal HTTP."""

from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as Parameter

from chassis.web import AsCaller, Work
from contracts.lists import AsOf
from provenance.lineage import provena
from provenance.lineage.provena import ProvenaLineage, Query
from provenance.unit import ProvenanceUnit

router = APIRouter(prefix="/provena")


@router.get("/lineage")
async def lineage(
    id: Annotated[str, Parameter(min_length=1)],  # noqa: A002 - the name of the parameter
    caller: AsCaller,
    unit: Annotated[ProvenanceUnit, Work],
    query: Query = Query.UPSTREAM,
    depth: int | None = None,
    as_of: AsOf | None = None,
) -> ProvenaLineage:
    """What lies on the ways that a question asks for; whether there is such an entry is the registry's to say."""
    return await provena.ask(unit, caller, id, query, depth, as_of)
