"""PostgreSQL carries, in the group's own transaction: a row is taken where its effects are stored, so there is no lease.

A killed process leaves nothing behind; several processes share a queue through `skip locked`.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import logs
from chassis.bus.outbox import Destinations
from chassis.bus.parked import FORGED, UNREADABLE, count, park
from chassis.bus.receiver import LONGEST, Delivery, Receiver
from chassis.bus.topology import Bound, fan_out
from chassis.refusal import Forged
from chassis.service import Service, Subscription
from chassis.trouble import is_trouble, pause
from contracts.topology import QUEUES

if TYPE_CHECKING:
    from chassis.house import House

log = logging.getLogger(__name__)

LOOK = text(
    """select id, queue, payload, headers, tries from bus.outbox
    where queue = any(:queues) and due <= now() order by due, id limit :limit"""
)
ENDED = text(
    """with ended as (
        update bus.outbox set tries = tries + 1 where queue = any(:queues) and cast(xmax as text) <> '0'
        returning id, queue, message),
    counted as (
        insert into bus.bugs (consumer, message, error) select distinct queue, message, :error from ended
        on conflict (consumer, message) do update set times = bugs.times + 1, last = now(), error = excluded.error
        returning consumer, message, times)
    select id, times from ended join counted on consumer = queue and counted.message = ended.message"""
)
"""Finds what was in hand when a process ended: PostgreSQL notes on a row who last began to delete it, and forgets that
when the row is written anew. So this costs nothing until it is asked, once, by the next process."""
TAKE = text(
    """with taken as (
        delete from bus.outbox where id = any(array(
            select id from bus.outbox where id = any(:rows) order by id for update skip locked))
        returning queue, message)
    insert into bus.inbox (consumer, message) select distinct queue, message from taken order by queue, message
    on conflict do nothing returning consumer, message"""
)
AGAIN = text("update bus.outbox set tries = tries + 1, due = now() + make_interval(secs => :seconds) where id = :row")
THERE = text("select queue, max(subject) as subject, count(*) as waiting from bus.outbox group by queue order by queue")
WHY = "the process ended while it was in hand"
SENDER = "sender"
"""The header of a row that RabbitMQ brought: the account that it proved. What our own transactions write has none."""


@dataclass(frozen=True, slots=True)
class Row:
    """An outbox row as it was looked at."""

    id: int
    queue: str
    payload: bytes
    headers: dict[str, str]
    tries: int


async def _take(session: AsyncSession, group: list[Delivery]) -> set[tuple[str, UUID]]:
    """Take the group's rows away; of their messages, those this service has not handled before."""
    took = await session.execute(TAKE, {"rows": [delivery.row for delivery in group]})
    return {(row["consumer"], row["message"]) for row in took.mappings()}


class Carrier:
    """A service's carrier over all its queues: `run` until it is cancelled."""

    def __init__(self, house: "House[Any]") -> None:
        self.house = house
        self.heard: dict[str, Subscription] = {house.service.queue(s): s for s in house.service.subscriptions}
        self.receiver = Receiver(house, _take)
        self._looked_back = False
        self._ends: dict[int, int] = {}
        """Rows that were in hand when processes ended, and how often they were."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Look, settle what is there, wait for the bell; look now and then without it. Stop between two groups."""
        logs.within(service=self.house.service.name)
        with self.house.bell.waiter(list(self.heard)) as news:
            while self.heard and not stopping.is_set():
                try:
                    busy = await self.turn()
                except Exception as error:
                    log.log(logging.WARNING if is_trouble(error) else logging.ERROR, "carrier", exc_info=error)
                    await asyncio.sleep(pause(1.0, 0, 1.0))
                    continue
                if not busy:
                    await news.rung(0.5)

    async def turn(self) -> bool:
        """Settle what is due, as far as a group holds; say whether there was anything."""
        if not self._looked_back:
            await self._look_back()
        looked = {"queues": list(self.heard), "limit": self.receiver.room}
        async with self.house.sessions() as session:
            rows = [Row(**row) for row in (await session.execute(LOOK, looked)).mappings()]
        deliveries = [delivery for row in rows if (delivery := await self._delivery(row))]
        by_row = {row.id: row for row in rows}
        first = [d for d in deliveries if not d.again]
        for group in [first, *([d] for d in deliveries if d.again)]:
            if group:
                await self.receiver.settle(group)
                for delivery in group:
                    if delivery.stored.done() and (error := delivery.stored.exception()):
                        await self._failed(by_row[delivery.row], delivery, error)
        return bool(rows)

    async def _look_back(self) -> None:
        """Count what the process before this one had in hand when it ended: from now on it goes alone."""
        async with self.house.sessions.begin() as session:
            found = await session.execute(ENDED, {"queues": list(self.heard), "error": WHY})
            self._ends = {row["id"]: row["times"] for row in found.mappings()}
        self._looked_back = True

    async def _delivery(self, row: Row) -> Delivery | None:
        s, message = self.heard[row.queue], None
        try:
            message = s.message.model_validate_json(row.payload)
            believed = message if s.timer else self.house.senders.believe(message, row.headers.get(SENDER))
        except ValidationError as error:
            log.exception("parked, cannot be read", extra={"queue": row.queue, "row": row.id})
            await park(self.house, row.id, row.queue, None, UNREADABLE, str(error))
            return None
        except Forged as error:
            log.warning("parked, forged", extra={"queue": row.queue, "row": row.id, "error": str(error)})
            known = message if self.house.senders.ours(row.headers.get(SENDER)) else None
            await park(self.house, row.id, row.queue, known, FORGED, str(error))
            return None
        if (ends := self._ends.pop(row.id, 0)) > self.house.settings.bus_attempts:
            log.error("parked, ends processes", extra={"queue": row.queue, "message_id": str(believed.id)})
            await park(self.house, row.id, row.queue, believed, f"ended the process {ends} times", WHY)
            return None
        delivery = Delivery(row.queue, believed, s.handler, row.tries > 0, row.id)
        delivery.context.run(self.house.telemetry.attach, row.headers)
        return delivery

    async def _failed(self, row: Row, delivery: Delivery, error: BaseException) -> None:
        """Trouble comes back for ever; a fault of ours is counted, and at last parked."""
        message = delivery.message
        told = {"queue": row.queue, "message_id": str(message.id), "job": message.job and str(message.job)}
        if is_trouble(error):
            log.warning("comes back later", extra=told | {"error": repr(error)})
        else:
            log.error("failed", extra=told, exc_info=error)
            async with self.house.sessions.begin() as session:
                times = await count(session, row.queue, message.id, repr(error))
            if times >= self.house.settings.bus_attempts:
                await park(self.house, row.id, row.queue, message, f"failed {times} times", repr(error))
                return
        wait = pause(self.house.settings.bus_retry, row.tries, LONGEST)
        async with self.house.sessions.begin() as session:
            await session.execute(AGAIN, {"row": row.id, "seconds": wait})

    async def ping(self) -> None:
        """The database answers elsewhere."""

    async def topology(self) -> list[Bound]:
        """Every queue is there as soon as a row names it; those that hold rows, with their number."""
        async with self.house.sessions() as session:
            found = {row["queue"]: Bound(**row) for row in (await session.execute(THERE)).mappings()}
        return [*({queue: Bound(queue, subject, 0) for queue, subject in QUEUES.items()} | found).values()]


class Postgres:
    """The bus of a process that has all services: the database carries."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._destinations = fan_out(services)

    def destinations(self, service: Service) -> Destinations:  # noqa: ARG002 - all services of the process share the queues
        """The queues of all hearers."""
        return self._destinations

    def carriers(self, house: "House[Any]") -> tuple[Carrier, ...]:
        """One over all queues."""
        return (Carrier(house),)
