"""Jobs: every write is one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from chassis.refusal import refuse
from contracts.problem import FieldError
from contracts.vocabulary import JobStatus
from gateway.api.doors import After, AsUser, Here, Limit, Page, problems
from gateway.api.shapes import JobView
from gateway.jobs.waiting import settled

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


@router.get("", summary="List jobs", responses=problems(422))
async def jobs(
    caller: AsUser, house: Here, status: JobStatus | None = None, limit: Limit = 50, after: After = None
) -> Page[JobView]:
    """Jobs of your tenants, newest first."""
    async with house.work() as unit:
        found = await unit.jobs.page(caller.tenants, status=status, limit=limit + 1, after=_cursor(after))
    more = str(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[JobView.of(job) for job in found[:limit]], next=more)


@router.get("/{job}", summary="Show a job", responses=problems(404))
async def job(
    job: UUID,
    caller: AsUser,
    house: Here,
    wait: Annotated[float, Query(ge=0, description="Seconds to wait for its outcome")] = 0,
) -> JobView:
    """A job, at once or as soon as it is settled."""
    async with house.work() as unit:
        found = await unit.jobs.find(job, caller.tenants)
    if found is None:
        raise refuse("gateway:not-found", f"no job {job}")
    if wait and not found.settled:
        found = await settled(house, job, min(wait, house.settings.wait_limit))
    return JobView.of(found)


def _cursor(after: str | None) -> UUID | None:
    try:
        return UUID(after) if after else None
    except ValueError:
        raise refuse("gateway:invalid", "not a page", FieldError(detail="not what `next` said", field="after")) from None
