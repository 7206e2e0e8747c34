"""One look at all live runs, and what came of it: runs and steps move, and it is said as it happens."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

from pydantic import TypeAdapter

from chassis.files import Files
from chassis.trouble import is_trouble
from contracts.message import FileRef
from executor.runner import Known, Look, Runner
from executor.runs.many import fitting
from executor.runs.model import FAILED, LIVE, PENDING, RUNNING, STEP_ENDED, STOPPED, restated
from executor.runs.saying import move_run, say_step
from executor.runs.store import RunRow
from executor.unit import ExecutorHouse, ExecutorUnit

log = logging.getLogger(__name__)

LOOKS = TypeAdapter(Look)


async def sweep(house: ExecutorHouse) -> bool | None:
    """Look at every live run once; one process at a time. Nothing is answered where none is live."""
    if not await house.hold("executor.sweep", house.settings.run_lease):
        return False
    async with house.work() as unit:
        rows = await unit.runs.live()
    if not rows:
        return None
    stopping = [row for row in rows if row.stop_asked and not row.stop_told]
    told = await asyncio.gather(*(_tell_to_stop(house, row) for row in stopping), return_exceptions=True)
    for row, error in zip(stopping, told, strict=True):
        if error is not None:  # it is asked again with the next look
            log.warning("a run could not be stopped", extra={"run": str(row.id), "error": str(error)})
    known = {row.id: Known(row.runner_id or "", row.cursor) for row in rows}
    news = await house.parts.runner.look(known)
    taken = False  # what cannot be taken in is looked at again, but not at once: something may be away
    for run, look in news.items():
        try:
            await _take_in(house, run, known[run], look)
            taken = True
        except Exception as error:
            level = logging.WARNING if is_trouble(error) else logging.ERROR
            log.log(level, "a look could not be taken in", extra={"run": str(run)}, exc_info=error)
    return taken


async def _tell_to_stop(house: ExecutorHouse, row: RunRow) -> None:
    await house.parts.runner.stop(row.id, row.runner_id or "")
    async with house.work() as unit:
        fresh = await unit.runs.get(row.id, lock=True)
        if fresh is not None:
            fresh.stop_told = True


async def _take_in(house: ExecutorHouse, run: UUID, known: Known, look: Look) -> None:
    """What is slow (logs into the file store) first, then one transaction."""
    logs = await _logs(house, run, known, look)
    seen = [await fitting(house.files, step.step(run, log=logs.get(step.place))) for step in look.steps]
    surroundings = await _surroundings(house, run, look)
    async with house.work() as unit:
        row = await unit.runs.get(run, lock=True)
        if row is None or row.cursor != known.cursor or row.run().status not in LIVE:
            return  # somebody else was faster
        row.cursor = look.cursor
        if surroundings:
            state = row.run()
            row.put(state.model_copy(update={**surroundings, "revision": state.revision + 1}))
        await _move_on(unit, row, look)
        before = await unit.runs.steps(run)
        for one in seen:
            if (step := restated(before.get(one.place), one)) is not None:
                await say_step(unit, row, step, before.get(one.place))
        if look.gone:
            reason = look.reason or "the runner has nothing of this run any more"
            status = STOPPED if row.stop_asked else FAILED  # a runner may only be able to stop by deleting
            row.ending = LOOKS.dump_python(Look(look.cursor, status, reason, ended=datetime.now(UTC)), mode="json")
        elif look.status not in LIVE:
            row.ending = LOOKS.dump_python(look, mode="json")
        if row.ending is not None:
            row.due, row.failures = datetime.now(UTC), 0
            unit.ring("executor.collector")


async def _surroundings(house: ExecutorHouse, run: UUID, look: Look) -> dict[str, object]:
    """What the look says of the run's inputs and environment, as the run's facts can hold it."""
    changes: dict[str, object] = {"environment": look.environment} if look.environment is not None else {}
    if look.inputs is not None:
        async with house.work() as unit:
            row = await unit.runs.get(run)
        if row is not None:
            fit = await fitting(house.files, row.run().model_copy(update={"inputs": look.inputs, "more": None}))
            changes |= {"inputs": fit.inputs, "more": fit.more}
    return changes


async def _move_on(unit: ExecutorUnit, row: RunRow, look: Look) -> None:
    """Running is said as soon as it is seen, also of a run that was over before anybody looked; its end is said later."""
    if row.run().status is PENDING and (look.status is RUNNING or look.started is not None):
        await move_run(unit, row, RUNNING, look.started or datetime.now(UTC))


async def _logs(house: ExecutorHouse, run: UUID, known: Known, look: Look) -> dict[str, FileRef]:
    kept: dict[str, FileRef] = {}
    for step in look.steps:
        if step.log is not None and step.status in STEP_ENDED:
            ref = await keep_log(house.files, house.parts.runner, run, known.runner_id, step.log, house.settings.log_limit)
            kept |= {step.place: ref} if ref else {}
    return kept


async def keep_log(files: Files, runner: Runner, run: UUID, runner_id: str, path: str, limit: int) -> FileRef | None:
    """Put a log into the file store, its end cut off after so many bytes; nothing if there is none."""

    async def cut() -> AsyncIterator[bytes]:
        left = limit
        async for block in runner.files(run, runner_id, path):
            yield block[:left]
            left -= len(block)
            if left <= 0:
                yield f"\n[cut off after {limit} bytes]\n".encode()
                return

    try:
        return await files.put(cut(), media_type="text/plain; charset=utf-8")
    except FileNotFoundError:
        return None
