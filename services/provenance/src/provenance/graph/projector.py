"""Carries the ledger to the graph, in its order, many records at a time; then says what is owed for them.

The graph moves first, in a transaction of its own; the answers follow in one of PostgreSQL. A crash in between loses
nothing: answers are rows that stay until they are said, and every turn begins where the graph says it is.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from sqlalchemy import text

from chassis.house import House
from contracts.message import Caller, FileRef
from contracts.provenance import RecordLodged, RecordWithdrawn, RunCaptured
from contracts.vocabulary import RunStatus
from provenance.graph.batch import Position, StalePosition, fold
from provenance.graph.matching import check
from provenance.records import queries
from provenance.unit import ProvenanceParts, ProvenanceUnit

NAME = "provenance.projector"
LEASE = 15.0
"""Seconds after which another process takes over from one that was killed."""
RECORDS = 200
"""Records of the ledger in one transaction of the graph, at most."""
CHANGES = 20_000
"""Changes in one transaction of the graph: no further record is begun beyond them."""
ANSWERS = 500
"""Answers in one transaction."""

TAKE = text(
    """delete from provenance.owed where id in (
        select id from provenance.owed where seq <= :seq order by seq, id limit :limit for update skip locked)
    returning id, record, revision, parent, tenant, withdrawn, job, cast(caller as text) as caller,
        cast(document as text) as document"""
)
CAPTURED = text(
    """update provenance.captures c set said = true
    from unnest(cast(:records as text[])) r (record)
    cross join lateral (select revision, seq, withdrawn from provenance.records
        where record = r.record order by revision desc limit 1) head
    cross join lateral (select count(*) as steps, coalesce(sum(revision), 0) as revisions, coalesce(max(seq), 0) as seq from (
        select distinct on (record) revision, seq from provenance.records
        where parent = r.record order by record, revision desc) step) children
    where c.record = r.record and not c.said and head.seq <= :seq and (head.withdrawn or (head.revision >= c.revision
        and children.steps >= c.steps and children.revisions >= c.step_revisions and children.seq <= :seq))
    returning c.run, c.revision, c.status, c.tenant, c.job, cast(c.caller as text) as caller"""
)


async def project(house: House[ProvenanceParts]) -> bool:
    """One turn of the projector: carry a batch, then say what is owed up to there."""
    if not await house.hold(NAME, LEASE):
        return False
    try:
        position, moved = await carry(house)
    except StalePosition:
        return True  # somebody carried this already; look again from there
    return await answer(house, position) or moved


async def carry(house: House[ProvenanceParts]) -> tuple[Position, bool]:
    """Bring the next records to the graph; say where it is then, and whether it moved."""
    graph = house.parts.graph
    position = await graph.position()
    async with house.work() as unit:
        start = await check(unit.session, position)
        entries = bounded(await queries.after(unit.session, start.seq, RECORDS))
    if not entries:
        return start, False
    last, changes = entries[-1], (change for entry in entries for change in entry.changes)
    await graph.apply(fold(start.ledger, start.seq, last.seq, changes, last.mark))
    return Position(start.ledger, last.seq, last.mark), True


def bounded(entries: Sequence[queries.Entry]) -> Sequence[queries.Entry]:
    """As many of the records as one transaction takes; one at least, however large it is."""
    told = accumulate(len(entry.changes) for entry in entries)
    return entries[: 1 + sum(total < CHANGES for total in told)]


async def answer(house: House[ProvenanceParts], position: Position) -> bool:
    """Say what is owed up to a position, all in one transaction; say whether there was anything."""
    async with house.work() as unit:
        taken = (await unit.session.execute(TAKE, {"seq": position.seq, "limit": ANSWERS})).all()
        for row in sorted(taken, key=lambda row: int(row.id)):
            await _say(unit, row)
        await _captured(unit, position, sorted({name for row in taken for name in (row.record, row.parent) if name}))
    return bool(taken)


async def restore(house: House[ProvenanceParts]) -> Position:
    """Make the graph anew from the ledger, beside whoever else projects. Nothing is said twice: what was said is not owed."""
    await house.parts.graph.clear()
    while True:
        try:
            position, moved = await carry(house)
        except StalePosition:
            continue  # another process carried this
        if not await answer(house, position) and not moved:
            return position


async def prove(house: House[ProvenanceParts]) -> bool:
    """Whether the graph is what the ledger says at the graph's position; both are read whole."""
    graph = house.parts.graph
    while True:
        before = await graph.position()
        found = await graph.dump()
        if before == await graph.position():
            break
    async with house.work() as unit:
        return found == await queries.standing(unit.session, before.seq if before else 0)


async def _say(unit: ProvenanceUnit, row: Any) -> None:
    told: dict[str, Any] = {"record": row.record, "revision": row.revision, "tenant": row.tenant, "job": row.job}
    told["caller"] = _caller(row.caller)
    document = FileRef.model_validate_json(row.document) if row.document else None
    await unit.publish(RecordWithdrawn(**told) if row.withdrawn else RecordLodged(**told, document=document))
    unit.ring(f"record:{row.record}")


async def _captured(unit: ProvenanceUnit, position: Position, records: Sequence[str]) -> None:
    if not records:
        return
    done = (await unit.session.execute(CAPTURED, {"records": records, "seq": position.seq})).all()
    for row in sorted(done, key=lambda row: str(row.run)):
        told = {"revision": row.revision, "tenant": row.tenant, "job": row.job, "caller": _caller(row.caller)}
        await unit.publish(RunCaptured(run=row.run, status=RunStatus(row.status), **told))
        unit.ring(f"record:run/{row.run}")


def _caller(said: str | None) -> Caller | None:
    return Caller.model_validate_json(said) if said else None
