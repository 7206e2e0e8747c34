"""One look at all live runs, and what came of it: runs and steps move, and it is said as it happens."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

from pydantic import TypeAdapter

from chassis.files import Files, once
from contracts.executor import FileSeen, Run, Step
from contracts.message import LIMIT, FileRef, Part
from executor.runner import Known, Look, Runner
from executor.runs.model import FAILED, LIVE, PENDING, RUNNING, STEP_ENDED, restated
from executor.runs.saying import move_run, say_step
from executor.runs.store import RunRow
from executor.unit import ExecutorHouse, ExecutorUnit

log = logging.getLogger(__name__)

LOOKS = TypeAdapter(Look)
ROOM = LIMIT // 2
"""Bytes of files that a fact may hold itself; the rest of the message has room beside them."""


async def sweep(house: ExecutorHouse) -> bool:
    """Look at every live run once; one process at a time."""
    if not await house.hold("executor.sweep", 10):
        return False
    async with house.work() as unit:
        rows = await unit.runs.live()
    if not rows:
        return False
    await asyncio.gather(*(_tell_to_stop(house, row) for row in rows if row.stop_asked and not row.stop_told))
    known = {row.id: Known(row.runner_id or "", row.cursor) for row in rows}
    news = await house.parts.runner.look(known)
    for run, look in news.items():
        try:
            await _take_in(house, run, known[run], look)
        except Exception:
            log.exception("a look could not be taken in", extra={"run": str(run)})
    return bool(news)


async def _tell_to_stop(house: ExecutorHouse, row: RunRow) -> None:
    await house.parts.runner.stop(row.id, row.runner_id or "")
    async with house.work() as unit:
        fresh = await unit.runs.get(row.id, lock=True)
        if fresh is not None:
            fresh.stop_told = True


async def _take_in(house: ExecutorHouse, run: UUID, known: Known, look: Look) -> None:
    """What is slow (logs into the file store) first, then one transaction."""
    logs = await _logs(house, run, known, look)
    seen = [await _fitting(house.files, step.step(run, log=logs.get(step.place))) for step in look.steps]
    async with house.work() as unit:
        row = await unit.runs.get(run, lock=True)
        if row is None or row.cursor != known.cursor or row.run().status not in LIVE:
            return  # somebody else was faster
        row.cursor = look.cursor
        _note_surroundings(row, look)
        await _move_on(unit, row, look)
        before = await unit.runs.steps(run)
        for one in seen:
            if (step := restated(before.get(one.place), one)) is not None:
                await say_step(unit, row, step, before.get(one.place))
        if look.gone:
            reason = look.reason or "the runner has nothing of this run any more"
            row.ending = LOOKS.dump_python(Look(look.cursor, FAILED, reason, ended=datetime.now(UTC)), mode="json")
        elif look.status not in LIVE:
            row.ending = LOOKS.dump_python(look, mode="json")
        if row.ending is not None:
            row.due, row.failures = datetime.now(UTC), 0
            unit.ring("executor.collector")


def _note_surroundings(row: RunRow, look: Look) -> None:
    changes: dict[str, object] = {}
    if look.environment is not None:
        changes["environment"] = look.environment
    if look.inputs is not None:
        changes["inputs"] = look.inputs
    if changes:
        run = row.run()
        row.put(run.model_copy(update={**changes, "revision": run.revision + 1}))


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


class Many(Part):
    """The files that a message cannot hold."""

    used: tuple[FileSeen, ...] = ()
    generated: tuple[FileSeen, ...] = ()
    inputs: tuple[FileSeen, ...] = ()
    outputs: tuple[FileSeen, ...] = ()


async def _fitting(files: Files, step: Step) -> Step:
    """The step as a message can hold it: with very many files, these go into a file of their own."""
    if len(step.model_dump_json()) <= ROOM:
        return step
    many = Many(used=step.used, generated=step.generated)
    return step.model_copy(update={"used": (), "generated": (), "more": await _put(files, many)})


async def fitting(files: Files, run: Run) -> Run:
    """The run as a message can hold it."""
    if len(run.model_dump_json()) <= ROOM:
        return run
    many = Many(inputs=run.inputs, outputs=run.outputs)
    return run.model_copy(update={"inputs": (), "outputs": (), "more": await _put(files, many)})


async def _put(files: Files, many: Many) -> FileRef:
    return await files.put(once(many.model_dump_json().encode()), media_type="application/json")
