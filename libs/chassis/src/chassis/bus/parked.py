"""What failed too often: set aside with its reason, its job settled, kept until an operator replays or drops it."""

import json
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

FORGED, UNREADABLE = "forged", "cannot be read"

PARK = text(
    """with gone as (delete from bus.outbox where id = :row returning *)
    insert into bus.parked (queue, subject, message, payload, headers, reason, error, created)
    select queue, subject, message, payload, headers, :reason, :error, created from gone returning id"""
)
PUT = text(
    """insert into bus.parked (queue, subject, message, payload, headers, reason, error, created)
    select :queue, :subject, :message, :payload, cast(:headers as jsonb), :reason, :error, now()
    where not exists (select from bus.parked where queue = :queue and message = :message) returning id"""
)
"""What RabbitMQ brings a second time, because its acknowledgement was lost, is set aside once."""
COUNT = text(
    """insert into bus.bugs (consumer, message, error) values (:consumer, :message, :error)
    on conflict (consumer, message) do update set times = bugs.times + 1, last = now(), error = excluded.error
    returning times"""
)
LIST = text(
    """select id, queue, subject, message, reason, error, created, at from bus.parked
    where queue like cast(:service as text) || '.%' and (cast(:queue as text) is null or queue = :queue) and id > :after
    order by id limit :limit"""
)
REPLAY = text(
    """with gone as (delete from bus.parked where id = any(:ids) and queue like cast(:service as text) || '.%' returning *),
    forgiven as (delete from bus.bugs using gone where bugs.consumer = gone.queue and bugs.message = gone.message),
    told as (insert into bus.outbox (queue, subject, message, payload, headers)
        select queue, subject, message, payload, headers from gone order by id returning queue)
    select pg_notify('bell', queue), queue from told"""
)
DROP = text("delete from bus.parked where id = any(:ids) and queue like cast(:service as text) || '.%' returning id")


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


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it came, whether or not it can be read."""

    queue: str
    subject: str
    message: UUID
    payload: bytes
    headers: dict[str, str]


async def count(session: AsyncSession, consumer: str, message: UUID, error: str) -> int:
    """Count a fault of ours at this consumer with this message; say how many there were."""
    times = await session.scalar(COUNT, {"consumer": consumer, "message": message, "error": _clean(error)})
    return int(times or 0)


async def park(house: "House[Any]", row: int, queue: str, message: Message | None, reason: str, error: str) -> None:
    """Set a row aside and say so, in one transaction; the fact settles the job of what was parked."""
    async with house.sessions.begin() as session:
        there = await session.scalar(PARK, {"row": row, "reason": reason, "error": _clean(error)})
        told = [] if there is None else await _tell(house, session, queue, message, reason)
        await outbox.write(session, told)


async def put(
    house: "House[Any]", session: AsyncSession, letter: Letter, message: Message | None, reason: str, error: str
) -> list[dict[str, Any]]:
    """Set a message aside that has no row here; the rows that say so. Nothing is said of a message that nobody stands for."""
    told = {
        "queue": letter.queue,
        "subject": _clean(letter.subject),
        "message": letter.message,
        "payload": letter.payload,
        "headers": json.dumps(letter.headers),
        "reason": reason,
        "error": _clean(error),
    }
    there = await session.scalar(PUT, told)
    return [] if there is None else await _tell(house, session, letter.queue, message, reason)


async def _tell(
    house: "House[Any]", session: AsyncSession, queue: str, message: Message | None, reason: str
) -> list[dict[str, Any]]:
    if message is None or isinstance(message, DeliveryParked):
        return []
    fact = house.service.parked(
        job=message.job,
        tenant=message.tenant,
        caller=message.caller,
        of=message.subject,
        message=message.id,
        queue=queue,
        problem=Problem.of("bus:forged" if reason == FORGED else "bus:parked", f"{queue}: {reason}", job=message.job),
    )
    unit = house.unit(session)
    await unit.publish(fact)
    return outbox.rows(unit.said, house.destinations, house.headers)


def _clean(error: str) -> str:
    """Text as PostgreSQL takes it."""
    return error.replace("\x00", "\\0")[:10_000]


async def listed(
    session: AsyncSession, service: str = "%", queue: str | None = None, limit: int = 100, after: int = 0
) -> list[Parked]:
    """What a service has parked (or everybody on this database), oldest first."""
    told = {"service": service, "queue": queue, "limit": limit, "after": after}
    return [Parked(**row) for row in (await session.execute(LIST, told)).mappings()]


async def replay(session: AsyncSession, ids: list[int], service: str = "%") -> int:
    """Put parked messages back on their queues, their faults forgiven; say how many."""
    return len((await session.execute(REPLAY, {"ids": ids, "service": service})).all())


async def drop(session: AsyncSession, ids: list[int], service: str = "%") -> int:
    """Forget parked messages for good; say how many."""
    return len((await session.execute(DROP, {"ids": ids, "service": service})).all())
