"""The end of runs: their outputs go into the file store once, then the end is said; and what is left of deleted runs goes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import TYPE_CHECKING
from uuid import UUID

from contracts.executor import FileSeen
from contracts.message import FileRef
from contracts.vocabulary import StepStatus
from executor.runner import Look, OutputSeen
from executor.runs.many import fitting, whole
from executor.runs.model import DELETED, FINISHED, LIVE, PENDING, RUNNING, STOPPED, abandoned, credited
from executor.runs.saying import move_run, say_step
from executor.runs.store import RunRow
from executor.runs.submitter import ATTEMPTS, again, held
from executor.runs.sweep import LOOKS, keep_log
from executor.unit import ExecutorHouse

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

log = logging.getLogger(__name__)

AT_ONCE = 4


class SpoiltError(Exception):
    """A file that came is not the file that the engine wrote."""


async def collect_due(house: ExecutorHouse) -> bool:
    """Take runs that have ended or are to be removed, and bring each to its end."""
    async with house.work() as unit:
        mine = await unit.runs.claim_ending(house.owner, house.settings.run_lease, AT_ONCE)
        mine += await unit.runs.claim_leftover(house.owner, house.settings.run_lease, AT_ONCE)
    await asyncio.gather(*(_one(house, run) for run in mine))
    return bool(mine)


async def _one(house: ExecutorHouse, run: UUID) -> None:
    async with house.work() as unit:
        row = await unit.runs.get(run)
    if row is None:
        return
    try:
        async with held(house, run):
            await _part(row)(house, row)
    except Exception as error:
        await again(house, run, error, "its outputs could not be kept")


def _part(row: RunRow) -> Callable[[ExecutorHouse, RunRow], Awaitable[None]]:
    if row.leftover is not None:
        return _clear
    return _remove if row.delete_asked else _collect


async def _collect(house: ExecutorHouse, row: RunRow) -> None:
    look, runner, runner_id = LOOKS.validate_python(row.ending), house.parts.runner, row.runner_id or ""
    outputs, spoilt = await _outputs(house, row, look)
    engine_log = None
    if look.log is not None:
        engine_log = await keep_log(house.files, runner, row.id, runner_id, look.log, house.settings.log_limit)
    usage = await runner.usage(row.id, runner_id)
    inputs = look.inputs if look.inputs is not None else (await whole(house.files, row.run())).inputs
    run = row.run().model_copy(update={"inputs": inputs, "outputs": outputs, "log": engine_log, "more": None})
    run = await fitting(house.files, run)
    async with house.work() as unit:
        known = await unit.runs.steps(row.id)
    theirs = [await fitting(house.files, step) for step in credited(known, outputs)]
    async with house.work() as unit:
        fresh = await unit.runs.get(row.id, lock=True)
        if fresh is None or fresh.run().status not in LIVE or fresh.leased_by != house.owner:
            return  # somebody else was faster
        now = datetime.now(UTC)
        fresh.put(
            fresh.run().model_copy(update={"outputs": run.outputs, "inputs": run.inputs, "log": run.log, "more": run.more})
        )
        fresh.usage = usage
        if fresh.run().status is PENDING and look.status is FINISHED:
            await move_run(unit, fresh, RUNNING, look.started or now)
        end = StepStatus.STOPPED if look.status is STOPPED else StepStatus.FAILED
        steps = await unit.runs.steps(row.id)
        for step in theirs:
            if steps[step.place].revision == step.revision - 1:
                await say_step(unit, fresh, step, steps[step.place])
                steps[step.place] = step
        for step in abandoned(steps.values(), end, look.ended or now, look.reason):
            await say_step(unit, fresh, step, steps[step.place])
        reason = "\n".join(told for told in (look.reason, *spoilt) if told) or None
        if look.status is STOPPED and reason is None:
            reason = "stopped"
        await move_run(unit, fresh, look.status, look.ended or now, reason)
    runner.forget(row.id)


async def _outputs(house: ExecutorHouse, row: RunRow, look: Look) -> tuple[tuple[FileSeen, ...], list[str]]:
    """The outputs, and what is wrong with those that never came as the engine wrote them."""
    outputs: list[FileSeen] = []
    spoilt: list[str] = []
    for told in _within(look, house.settings.output_limit):
        try:
            outputs.append(await _keep(house, row, told))
        except SpoiltError as error:
            if row.failures + 1 < ATTEMPTS:
                raise
            outputs.append(told[0].file)
            spoilt.append(str(error))
    return tuple(outputs), spoilt


def _within(look: Look, limit: int) -> list[tuple[OutputSeen, bool]]:
    """Outputs in their order, and whether each still fits under the cap."""
    told, size = [], 0
    for output in look.outputs or ():
        size += output.file.size or 0
        told.append((output, size <= limit))
    return told


async def _keep(house: ExecutorHouse, row: RunRow, told: tuple[OutputSeen, bool]) -> FileSeen:
    """An output in the file store; one that cannot be had, or is beyond the cap, is told but not stored."""
    output, fits = told
    if output.workspace is None or not fits:
        return output.file
    content, digest = house.parts.runner.files(row.id, row.runner_id or "", output.workspace), sha1(usedforsecurity=False)
    if output.sha1 is not None:
        content = _digesting(content, digest)
    try:
        ref: FileRef = await house.files.put(content, media_type=output.file.media_type or "application/octet-stream")
    except FileNotFoundError:
        return output.file
    if output.sha1 not in {None, digest.hexdigest()}:
        await house.files.delete(ref.key)
        msg = f"{output.file.path} is not kept: its SHA-1 is {digest.hexdigest()}, the engine wrote {output.sha1}"
        raise SpoiltError(msg)
    kept = output.file.model_copy(update={"stored": ref.key, "size": ref.size, "sha256": ref.sha256})
    if kept.from_outside is not None:
        return kept
    return kept.model_copy(update={"from_outside": from_outside(kept, row.run().inputs)})


async def _digesting(content: AsyncIterator[bytes], digest: "Hash") -> AsyncIterator[bytes]:
    async for block in content:
        digest.update(block)
        yield block


def from_outside(file: FileSeen, inputs: Iterable[FileSeen]) -> bool | None:
    """Whether a result has an input's bytes, where the runner did not say; nothing if an input's bytes are not known."""
    known = {seen.sha256 for seen in inputs}
    return None if None in known else bool(file.size) and file.sha256 in known


async def _remove(house: ExecutorHouse, row: RunRow) -> None:
    run = row.run()
    if row.runner_id is not None:
        await house.parts.runner.delete(row.id, row.runner_id)
    stored = {output.path: output.stored for output in (await whole(house.files, run)).outputs if output.stored is not None}
    async with house.work() as unit:
        fresh = await unit.runs.get(row.id, lock=True)
        if fresh is None or fresh.run().status is DELETED:
            return
        now = datetime.now(UTC)
        if not fresh.kept:  # by now; whoever says so later still finds the files for a while
            gone = tuple(output.model_copy(update={"stored": None}) for output in run.outputs)
            fresh.put(fresh.run().model_copy(update={"outputs": gone}))
            fresh.leftover, fresh.leftover_due = stored, now + timedelta(seconds=house.settings.outputs_grace)
        fresh.usage, fresh.leased_by, fresh.leased_until = 0, None, None
        await move_run(unit, fresh, DELETED, now, job=fresh.delete_job)


async def _clear(house: ExecutorHouse, row: RunRow) -> None:
    """Remove the files of a deleted run that no dataset came to hold; once that has begun, none can."""
    async with house.work() as unit:
        fresh = await unit.runs.get(row.id, lock=True)
        if fresh is None or fresh.leftover is None:
            return
        fresh.leftover_due, keys = None, tuple(fresh.leftover.values())
    for key in keys:
        await house.files.delete(key)
    async with house.work() as unit:
        fresh = await unit.runs.get(row.id, lock=True)
        if fresh is not None:
            fresh.leftover, fresh.leased_by, fresh.leased_until = None, None, None
