"""What failed too often: set aside with its reason, its job settled, kept until an operator replays or drops it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.bus import outbox
from contracts.message import Message
from contracts.problem import Problem
from contracts.refusals import DeliveryParked

if TYPE_CHECKING:
    from chassis.house import House

PARK = text(
    """with gone as (delete from bus.outbox where id = :row returning *)
    insert into bus.parked (queue, subject, message, payload, headers, reason, error, created)
    select queue, subject, message, payload, headers, :reason, :error, created from gone returning id"""
)
COUNT = text(
    """insert into bus.bugs (consumer, message, error) values (:consumer, :message, :error)
    on conflict (consumer, message) do update set times = bugs.times + 1, last = now(), error = excluded.error
    returning times"""
)
LIST = text(
    """select id, queue, subject, message, reason, error, created, at from bus.parked
    where (cast(:queue as text) is null or queue = :queue) order by id limit :limit"""
)
REPLAY = text(
    """with gone as (delete from bus.parked where id = any(:ids) returning *),
    forgiven as (delete from bus.bugs using gone where bugs.consumer = gone.queue and bugs.message = gone.message),
    told as (insert into bus.outbox (queue, subject, message, payload, headers)
        select queue, subject, message, payload, headers from gone order by id returning queue)
    select pg_notify('bell', queue), queue from told"""
)
DROP = text("delete from bus.parked where id = any(:ids) returning id")


@dataclass(frozen=True, slots=True)
class Parked:
    """A message set aside."""

    id: int
    queue: str
    subject: str
    message: UUID
    reason: str
    error: str
    created: datetime
    at: datetime


async def count(session: AsyncSession, consumer: str, message: UUID, error: str) -> int:
    """Count a fault of ours at this consumer with this message; say how many there were."""
    times = await session.scalar(COUNT, {"consumer": consumer, "message": message, "error": error})
    return int(times or 0)


async def park(house: "House[Any]", row: int, queue: str, message: Message | None, reason: str, error: str) -> None:
    """Set a row aside and say so, in one transaction; the fact settles the job of what was parked."""
    async with house.sessions.begin() as session:
        there = await session.scalar(PARK, {"row": row, "reason": reason, "error": error})
        told = []
        if there is not None and message is not None and not isinstance(message, DeliveryParked):
            fact = house.service.parked(
                job=message.job,
                tenant=message.tenant,
                caller=message.caller,
                of=message.subject,
                message=message.id,
                queue=queue,
                problem=Problem.of("bus:forged" if reason == "forged" else "bus:parked", f"{queue}: {reason}", job=message.job),
            )
            unit = house.unit(session)
            await unit.publish(fact)
            told = outbox.rows(unit.said, house.destinations, house.headers)
        await outbox.write(session, told)


async def listed(session: AsyncSession, queue: str | None = None, limit: int = 100) -> list[Parked]:
    """What is parked, oldest first."""
    return [Parked(**row) for row in (await session.execute(LIST, {"queue": queue, "limit": limit})).mappings()]


async def replay(session: AsyncSession, ids: list[int]) -> int:
    """Put parked messages back on their queues, their faults forgiven; say how many."""
    return len((await session.execute(REPLAY, {"ids": ids})).all())


async def drop(session: AsyncSession, ids: list[int]) -> int:
    """Forget parked messages for good; say how many."""
    return len((await session.execute(DROP, {"ids": ids})).all())
