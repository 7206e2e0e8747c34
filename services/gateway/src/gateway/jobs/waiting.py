"""Waiting for a job: whoever wants an answer at once sleeps until its fact rings."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from chassis.refusal import refuse
from contracts.vocabulary import JobStatus
from gateway.jobs.model import RANK, Job

if TYPE_CHECKING:
    from gateway.unit import GatewayHouse

Found = TypeVar("Found")
LOOK = 2.0
"""A bell is a hint; so often one looks without it."""


async def settled(house: "GatewayHouse", job: UUID, within: float) -> Job:
    """The job as soon as its last fact is heard, or as it stands after so many seconds."""
    return await _until(house, job, within, lambda job: job.settled)


async def reached(house: "GatewayHouse", job: UUID, status: JobStatus, within: float) -> Job:
    """The job as soon as it has come so far, or as it stands after so many seconds."""
    return await _until(house, job, within, lambda job: job.settled or RANK[job.status] >= RANK[status])


async def watched(
    house: "GatewayHouse",
    job: UUID | None,
    within: float,
    look: Callable[[], Awaitable[Found]],
    enough: Callable[[Found], bool],
) -> Found:
    """What a look finds as soon as that is enough, or as it is after so many seconds; the job's bell says when to look."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    with house.bell.waiter([f"job:{job}"]) as waiter:
        while True:
            found = await look()
            left = end - loop.time()
            if enough(found) or left <= 0:
                return found
            await waiter.rung(min(left, LOOK))


async def _until(house: "GatewayHouse", job: UUID, within: float, enough: Callable[[Job], bool]) -> Job:
    async def look() -> Job:
        async with house.work() as unit:
            found: Job | None = await unit.jobs.find(job)
        if found is None:
            raise refuse("gateway:not-found", f"no job {job}")
        return found

    return await watched(house, job, within, look, enough)
