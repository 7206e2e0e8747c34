"""`/search`: finding items by their words. Only what you may read is found, and it is found at once."""

from typing import Annotated

from fastapi import Query

from contracts.kinds import Kind
from gateway.facades.provena import common
from gateway.facades.provena.asking import asked
from gateway.facades.provena.doors import AsReader, Here
from gateway.facades.provena.doors import router as router_of
from gateway.facades.provena.printing import Body, well

router = router_of("search")
common.add(router, "search")
USUAL, MOST = 10, 50


@router.get("/search/entity-registry", summary="Find items")
async def look(
    query: str,
    caller: AsReader,
    house: Here,
    subtype_filter: Annotated[str | None, Query(max_length=100)] = None,
    record_limit: int | None = None,
) -> Body:
    """Items that have these words or words much like them, best first; 10 of them unless more are wanted, 50 at most."""
    limit = min(record_limit, MOST) if record_limit and record_limit > 0 else USUAL
    if subtype_filter is not None and subtype_filter not in {kind.value for kind in Kind}:
        return well("Found nothing.", results=[], warnings=None)
    found = await asked(house, caller, "/entries/search", query=query, kind=subtype_filter, limit=limit)
    results = [{"id": one["id"], "score": one["score"]} for one in found["items"]]
    return well(f"Found {len(results)} items.", results=results, warnings=None)
