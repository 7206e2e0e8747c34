"""Handing due runs to the runner, or taking back what is to be stopped: by lease, so a killed submitter's runs are taken up."""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from uuid import UUID

from chassis import leases
from chassis.refusal import Refusal, Trouble
from chassis.trouble import is_trouble
from executor.runs.model import FAILED, LIVE, PENDING, QUEUED, STOPPED
from executor.runs.saying import move_run
from executor.runs.store import RunRow
from executor.unit import ExecutorHouse

log = logging.getLogger(__name__)

AT_ONCE = 16
"""Runs that one process has in hand while it submits them."""
ATTEMPTS = 3
"""Times that handing over may fail by a fault of ours before the run fails."""


async def submit_due(house: ExecutorHouse) -> bool:
    """Take the runs that are due and still fit, and hand each to the runner."""
    settings = house.settings
    at_once = settings.runs_at_once or house.parts.runner.at_once
    async with house.work() as unit:
        stopped = await unit.runs.claim_stopped(house.owner, settings.run_lease, AT_ONCE)
        mine = await unit.runs.claim_queued(house.owner, settings.run_lease, at_once, AT_ONCE)
    await asyncio.gather(*(_submit(house, run) for run in (*stopped, *mine)))
    return bool(stopped or mine)


def held(house: ExecutorHouse, run: UUID) -> AbstractAsyncContextManager[None]:
    """Keep the claim on a run while something slow is done with it."""
    lease = house.settings.run_lease

    async def renew() -> None:
        async with house.work() as unit:
            await unit.runs.renew(run, house.owner, lease)

    return leases.held(renew, lease)


async def _submit(house: ExecutorHouse, run: UUID) -> None:
    async with house.work() as unit:
        row = await unit.runs.get(run)
    if row is None:
        return
    if row.stop_asked:
        await _take_back(house, row)
        return

    async def named(runner_id: str) -> None:
        async with house.work() as unit:
            fresh = await unit.runs.get(run, lock=True)
            if fresh is not None:
                fresh.runner_id = runner_id
            stop = fresh is None or fresh.stop_asked
        if stop:
            raise Trouble("it is to be stopped")  # so it is not started; what there is of it is removed next

    try:
        async with held(house, run):
            runner_id = await house.parts.runner.submit(row.order(), named)
    except Refusal as no:
        await fail(house, run, no.problem.detail)
    except Exception as error:
        await again(house, run, error, "could not be started")
    else:
        await _handed_over(house, run, runner_id)


async def _take_back(house: ExecutorHouse, row: RunRow) -> None:
    """Stop a run that the runner may know of: an answer that was lost may have started it."""
    try:
        async with held(house, row.id):
            await house.parts.runner.withdraw(row.order())
    except Refusal as no:  # nobody can look for it, so nothing was started either
        log.warning("nothing is looked for", extra={"run": str(row.id), "error": no.problem.detail})
    except Exception as error:
        await again(house, row.id, error, "could not be stopped")
        return
    async with house.work() as unit:
        fresh = await unit.runs.get(row.id, lock=True)
        if fresh is not None and fresh.run().status is QUEUED:
            await move_run(unit, fresh, STOPPED, datetime.now(UTC), f"stopped by {fresh.stopper}")


async def _handed_over(house: ExecutorHouse, run: UUID, runner_id: str) -> None:
    async with house.work() as unit:
        row = await unit.runs.get(run, lock=True)
        if row is not None and row.run().status is QUEUED:
            row.runner_id, row.leased_by, row.leased_until, row.failures = runner_id, None, None, 0
            await move_run(unit, row, PENDING, datetime.now(UTC))
            unit.ring("executor.sweep")  # which tells the runner to stop it, if somebody asked meanwhile


async def fail(house: ExecutorHouse, run: UUID, reason: str) -> None:
    """End a run that will never start."""
    async with house.work() as unit:
        row = await unit.runs.get(run, lock=True)
        if row is not None and row.run().status is QUEUED:
            await move_run(unit, row, FAILED, datetime.now(UTC), reason)


async def again(house: ExecutorHouse, run: UUID, error: Exception, what: str, patience: float = 2.0) -> None:
    """Give the claim back for a while: trouble for ever, a fault of ours a few times, then the run fails."""
    trouble = is_trouble(error)
    log.log(logging.WARNING if trouble else logging.ERROR, what, extra={"run": str(run)}, exc_info=error)
    async with house.work() as unit:
        row = await unit.runs.get(run)
        wait = min(0.5 * 2 ** (row.failures if row else 0), 30.0)
        failures = await unit.runs.later(run, house.owner, patience if trouble else wait, failed=not trouble)
    if failures >= ATTEMPTS:
        async with house.work() as unit:
            fresh: RunRow | None = await unit.runs.get(run, lock=True)
            if fresh is not None and fresh.run().status in {QUEUED, *LIVE}:
                await move_run(unit, fresh, FAILED, datetime.now(UTC), f"{what}: {error}")
