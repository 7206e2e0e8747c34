"""Fetching files from outside for runs that wait for them: each once, into the file store; then the run is submitted."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from chassis.outside import Outside
from chassis.refusal import Refusal, Trouble
from chassis.trouble import is_trouble
from contracts.executor import OutsideFile, StagedFile
from executor.runs.model import QUEUED
from executor.runs.store import RunRow
from executor.runs.submitter import again, fail
from executor.unit import ExecutorHouse

AT_ONCE = 8
"""Runs of one process whose files are fetched at the same time."""
SHARE = AT_ONCE // 2
"""Those of them that may be one tenant's: a server that sends slowly holds a place for as long as `OUTSIDE_WITHIN`."""
LONGEST = 30.0
"""Seconds between two attempts, at most."""
WHAT = "its files could not be fetched"


async def fetch_due(house: ExecutorHouse) -> bool:
    """Take one run that waits for files, and fetch them."""
    async with house.work() as unit:
        run = await unit.runs.claim_awaiting(house.owner, house.settings.run_lease, SHARE)
        row = await unit.runs.get(run) if run is not None else None
    if row is None:
        return False
    await _fetch(house, row)
    return True


async def _fetch(house: ExecutorHouse, row: RunRow) -> None:
    try:
        for wanted in row.awaited():
            await _while_held(house, row.id, wanted)
    except Refusal as no:
        await fail(house, row.id, no.problem.detail)
    except Exception as error:
        if is_trouble(error) and (waited := _waited(row)) >= house.settings.outside_patience:
            await fail(house, row.id, f"{error}; it was tried for {waited:.0f} s")
        else:
            await again(house, row.id, error, WHAT, min(max(_waited(row) / 4, 1.0), LONGEST))
    else:
        await _pass_on(house, row.id)


def _waited(row: RunRow) -> float:
    run = row.run()
    return (datetime.now(UTC) - (run.queued or run.created)).total_seconds()


async def _while_held(house: ExecutorHouse, run: UUID, wanted: OutsideFile) -> None:
    """Fetch a file; given up as soon as the run is somebody else's, or was stopped."""
    fetching = asyncio.create_task(_bring(house, run, wanted))
    holding = asyncio.create_task(_hold(house, run))
    try:
        await asyncio.wait([fetching, holding], return_when=asyncio.FIRST_COMPLETED)
        if not fetching.done():
            raise Trouble("the run is not ours any more")
        await fetching
    finally:
        for task in (fetching, holding):
            task.cancel()
        await asyncio.gather(fetching, holding, return_exceptions=True)


async def _hold(house: ExecutorHouse, run: UUID) -> None:
    """Keep the claim; come back when it is lost."""
    lease = house.settings.run_lease
    while True:
        await asyncio.sleep(lease / 3)
        try:
            async with house.work() as unit:
                if not await unit.runs.renew(run, house.owner, lease):
                    return
        except Exception as error:
            if not is_trouble(error):
                raise
            # the next beat may reach the database again; if none does, the claim runs out


async def _bring(house: ExecutorHouse, run: UUID, wanted: OutsideFile) -> None:
    """A file from outside into the file store, and into the run's order in the place of its address."""
    async with Outside(house.settings).file(wanted.source.url) as answer:
        content = await house.files.put(answer.blocks, media_type=answer.media_type)
    source = wanted.source.model_copy(update={"fetched": datetime.now(UTC)})
    async with house.work() as unit:
        row = await unit.runs.get(run, lock=True)
        ours = row is not None and row.run().status is QUEUED and row.leased_by == house.owner
        if row is not None and ours:
            row.take_in(StagedFile(name=wanted.name, content=content, origin=wanted.origin, source=source))
    if not ours:
        await house.files.delete(content.key)


async def _pass_on(house: ExecutorHouse, run: UUID) -> None:
    async with house.work() as unit:
        row = await unit.runs.get(run, lock=True)
        if row is not None and row.leased_by == house.owner:
            row.leased_by, row.leased_until, row.due, row.failures = None, None, datetime.now(UTC), 0
            unit.ring("executor.submitter")
