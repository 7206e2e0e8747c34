"""Waiting for a job: whoever wants an answer at once sleeps until its fact rings."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from chassis.refusal import refuse
from contracts.vocabulary import JobStatus
from gateway.jobs.model import RANK, Job

if TYPE_CHECKING:
    from gateway.unit import GatewayHouse

LOOK = 2.0
"""A bell is a hint; so often one looks without it."""


async def settled(house: "GatewayHouse", job: UUID, within: float) -> Job:
    """The job as soon as its last fact is heard, or as it stands after so many seconds."""
    return await _until(house, job, within, lambda job: job.settled)


async def reached(house: "GatewayHouse", job: UUID, status: JobStatus, within: float) -> Job:
    """The job as soon as it has come so far, or as it stands after so many seconds."""
    return await _until(house, job, within, lambda job: job.settled or RANK[job.status] >= RANK[status])


async def _until(house: "GatewayHouse", job: UUID, within: float, enough: Callable[[Job], bool]) -> Job:
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    with house.bell.waiter([f"job:{job}"]) as waiter:
        while True:
            async with house.work() as unit:
                found: Job | None = await unit.jobs.find(job)
            if found is None:
                raise refuse("gateway:not-found", f"no job {job}")
            left = end - loop.time()
            if enough(found) or left <= 0:
                return found
            await waiter.rung(min(left, LOOK))
