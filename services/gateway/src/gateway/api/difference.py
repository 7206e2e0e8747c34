"""How two runs differ."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from contracts.lineage import Difference
from gateway.api.doors import AsUser, Here, problems

router = APIRouter(prefix="/v1/runs", tags=["lineage"])


@router.get("/{run}/difference", summary="Compare two runs", responses=problems(404, 422))
async def difference(
    run: UUID,
    caller: AsUser,
    house: Here,
    other: Annotated[UUID, Query(description="The run to compare with")],
    any: Annotated[bool, Query(description="Also runs of different workflows")] = False,  # noqa: A002 - the word of the API
) -> Difference:
    """How `other` differs from the run: values, files by content, steps, software. `added` is what `other` alone has."""
    query = {"run": run, "other": other, "any": any}
    return Difference.model_validate(await house.parts.backends.provenance.json(caller, "/difference", query))
