"""Changes over internal HTTP. Ids hold slashes, so they travel as queries."""

from typing import Annotated

from fastapi import APIRouter, Query

from chassis.refusal import refuse
from chassis.web import AsCaller, Work
from contracts.problem import FieldError
from provenance.records import changes
from provenance.records.changes import Diff, History, Proposed
from provenance.unit import ProvenanceUnit

router = APIRouter(prefix="/records")
AsUnit = Annotated[ProvenanceUnit, Work]
MANY = 1000


@router.get("/diff")
async def diff(
    id: Annotated[list[str], Query(min_length=1, max_length=MANY)],  # noqa: A002 - the name of the parameter
    caller: AsCaller,
    unit: AsUnit,
    to: int | None = None,
) -> Diff:
    """What withdrawing records would do now or, with `to`, what letting one say again what it said at a revision would."""
    if to is None:
        return await changes.without(unit, caller, id)
    if len(id) > 1:
        text = "with `to` one record can be named"
        raise refuse("gateway:invalid", text, FieldError(detail=text, field="id"))
    return await changes.again(unit, caller, id[0], to)


@router.post("/diff")
async def proposal(proposed: Proposed, caller: AsCaller, unit: AsUnit) -> Diff:
    """What a model run would do to the graph if it said something else."""
    return await changes.instead(unit, caller, proposed)


@router.get("/changes")
async def history(
    id: Annotated[str, Query(min_length=1)],  # noqa: A002
    caller: AsCaller,
    unit: AsUnit,
    revision: int | None = None,
    limit: Annotated[int, Query(ge=1, le=MANY)] = 20,
    before: int | None = None,
) -> History:
    """What was done to the graph by the revisions of a record, newest first."""
    return await changes.history(unit, caller, id, revision, limit, before)
