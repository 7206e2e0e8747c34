"""Jobs: every write is one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from chassis.refusal import refuse
from gateway.api.doors import AsUser, Here, Page, problems
from gateway.api.lists import LINKED, linked
from gateway.api.shapes import JobView
from gateway.jobs.store import JobsAsked
from gateway.jobs.waiting import settled

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


@router.get("", summary="List jobs", responses=problems() | {200: LINKED})
async def jobs(
    request: Request, answer: Response, caller: AsUser, house: Here, asked: Annotated[JobsAsked, Query()]
) -> Page[JobView]:
    """Jobs of your tenants."""
    async with house.work() as unit:
        found, following = await unit.jobs.page(caller.tenants, asked)
    linked(request, answer, following)
    return Page[JobView](items=[JobView.of(job) for job in found], next=following)


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
