"""The executor's internal routes: what the gateway asks of runs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from chassis.refusal import refuse
from chassis.web import AsCaller, InHouse, Work
from contracts.executor import Run
from contracts.ids import run_id
from contracts.lists import RunsAsked
from contracts.message import FileRef
from executor.runs import queries
from executor.runs.many import whole
from executor.runs.saying import bell
from executor.unit import ExecutorHouse, ExecutorUnit

router = APIRouter()
Unit = Annotated[ExecutorUnit, Work]
Here = Annotated[ExecutorHouse, InHouse]


@router.get("/runs")
async def listed(caller: AsCaller, unit: Unit, asked: Annotated[RunsAsked, Query()]) -> queries.Page:
    """Runs of the caller's tenants."""
    return await queries.listed(unit.session, caller.tenants, asked)


@router.get("/runs/{run}")
async def fetch(run: UUID, caller: AsCaller, unit: Unit) -> Run:
    """A run, whole."""
    return (await queries.fetch(unit.session, run, caller.tenants)).run()


@router.get("/runs/{run}/steps")
async def steps(run: UUID, caller: AsCaller, unit: Unit) -> queries.Steps:
    """A run's steps in the order in which they began."""
    row = await queries.fetch(unit.session, run, caller.tenants)
    return queries.Steps(items=list((await unit.runs.steps(row.id)).values()))


@router.get("/runs/{run}/changes")
async def changes(
    run: UUID,
    caller: AsCaller,
    house: Here,
    after: Annotated[int, Query(ge=0, le=(1 << 63) - 1)] = 0,
    wait: Annotated[float, Query(ge=0, le=60)] = 0,
) -> queries.Changes:
    """A run's history after a line; waits so many seconds for news if there are none."""
    with house.bell.waiter([bell(run)]) as waiter:
        found = await _changes(house, run, caller.tenants, after)
        if not found.items and not found.ended and wait and await waiter.rung(wait):
            found = await _changes(house, run, caller.tenants, after)
    return found


async def _changes(house: ExecutorHouse, run: UUID, tenants: tuple[str, ...], after: int) -> queries.Changes:
    async with house.work() as unit:
        return await queries.changes(unit.session, await queries.fetch(unit.session, run, tenants), after)


@router.get("/runs/{run}/outputs")
async def outputs(run: UUID, caller: AsCaller, unit: Unit, house: Here) -> queries.Outputs:
    """All results of a run."""
    row = await queries.fetch(unit.session, run, caller.tenants)
    return queries.Outputs(items=list((await whole(house.files, row.run())).outputs))


@router.get("/outputs")
async def resolve(id: str, caller: AsCaller, unit: Unit, house: Here) -> queries.Resolved:  # noqa: A002 - the field's word
    """An earlier run's output by the id of its occurrence, as an input of another run."""
    missing = refuse("executor:no-such-output", f"there is no stored output {id}")
    try:
        run = UUID(id.split("/")[1])
    except (IndexError, ValueError):
        raise missing from None
    if not id.startswith(run_id(run) + "/"):
        raise missing
    row = await queries.fetch(unit.session, run, caller.tenants)
    for file in (await whole(house.files, row.run())).outputs:
        if file.id == id and file.stored and file.sha256 and file.size is not None:
            media_type = file.media_type or "application/octet-stream"
            content = FileRef(key=file.stored, sha256=file.sha256, size=file.size, media_type=media_type)
            return queries.Resolved(run=run, file=file, content=content)
    raise missing
