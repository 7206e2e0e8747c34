"""Batches: many runs in one request, a job for each."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from chassis.refusal import Refusal
from contracts.executor import DeleteRun, StartRun
from contracts.message import Caller
from contracts.problem import Problem
from gateway.access.roles import tenant_for
from gateway.api.doors import AsUser, Here, problems
from gateway.api.links import to_run
from gateway.api.once import AsOnce, Once
from gateway.api.runs import ordered_run, seen, workflow_of
from gateway.api.shapes import Batch, Chosen, JobView, Many, One, RunOrder
from gateway.jobs.sending import send
from gateway.unit import GatewayHouse

router = APIRouter(prefix="/v1", tags=["runs"])
AT_ONCE = 8
"""Parts of a batch that are looked at side by side."""
Order = StartRun | DeleteRun
Part = TypeVar("Part")


@router.post(
    "/runs:batch",
    status_code=202,
    summary="Start many runs",
    responses=problems(400, 403, 404, 409, 413) | {202: {"links": to_run("$response.body#/items/0/run")}},
    response_model=Many,
)
async def start_many(batch: Batch, caller: AsUser, house: Here, once: AsOnce) -> Response:
    """Start a workflow once for each set of values. What is wrong with one does not keep the others; all start together."""
    before = await once.known(f"batch {batch.said()}")
    if isinstance(before, Response):
        return before
    tenant = tenant_for(caller, batch.tenant)
    workflow = await workflow_of(house, caller, batch.workflow)
    orders = [
        RunOrder(
            workflow=batch.workflow,
            inputs={**batch.inputs, **one.inputs},
            files={**batch.files, **one.files},
            priority=batch.priority,
            timeout=batch.timeout,
            tenant=tenant,
        )
        for one in batch.runs
    ]

    async def start(order: RunOrder) -> StartRun:
        return await ordered_run(house, caller, order, workflow)

    return await _sent(house, caller, once, await _each(start, orders))


@router.post(
    "/runs:delete",
    status_code=202,
    summary="Remove the files of many runs",
    responses=problems(400, 409),
    response_model=Many,
)
async def delete_many(chosen: Chosen, caller: AsUser, house: Here, once: AsOnce) -> Response:
    """Remove workspaces and files of runs; what is wrong with one does not keep the others."""
    before = await once.known(f"delete {chosen.said()}")
    if isinstance(before, Response):
        return before

    async def remove(run: UUID) -> DeleteRun:
        return DeleteRun(run=run, tenant=(await seen(house, caller, run)).tenant)

    return await _sent(house, caller, once, await _each(remove, list(dict.fromkeys(chosen.ids))))


async def _each(make: Callable[[Part], Awaitable[Order]], asked: Sequence[Part]) -> list[Order | Problem]:
    """Every part's command, or the problem with it."""
    free = asyncio.Semaphore(AT_ONCE)

    async def one(part: Part) -> Order | Problem:
        async with free:
            try:
                return await make(part)
            except Refusal as no:
                if no.problem.status >= 500:
                    raise
                return no.problem

    return list(await asyncio.gather(*(one(part) for part in asked)))


async def _sent(house: GatewayHouse, caller: Caller, once: Once, made: Sequence[Order | Problem]) -> Response:
    """Send all commands in one transaction, with the answer to whoever asks again."""
    items: list[One] = []
    async with house.work() as unit:
        for one in made:
            if isinstance(one, Problem):
                items.append(One(problem=one))
            else:
                job = await send(unit, one, caller, one.run)
                items.append(One(run=one.run, job=JobView.of(job)))
        answer = JSONResponse(Many(items=items).model_dump(mode="json"), 202)
        await once.settle(unit, answer)
    return answer
