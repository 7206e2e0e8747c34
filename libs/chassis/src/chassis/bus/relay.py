"""From the outbox to RabbitMQ: many rows in one turn, published with confirms, gone when RabbitMQ has them."""

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aio_pika.abc import AbstractChannel, AbstractRobustConnection
from aio_pika.exceptions import AMQPError, DeliveryError
from aiormq.channel import Channel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import logs
from chassis.bus import burst, outbox, parked
from chassis.bus.burst import Outgoing, Sender
from chassis.bus.names import EXCHANGE, relay_of
from chassis.bus.parked import Letter
from chassis.bus.receiver import LONGEST
from chassis.trouble import is_trouble, pause
from contracts.catalog import CATALOG

if TYPE_CHECKING:
    from chassis.house import House

log = logging.getLogger(__name__)

BATCH = 500
GATHER = 0.002
"""Seconds between two turns that are not full: where much is said, each turn then carries more."""
CONFIRMED = 30.0
"""Seconds that RabbitMQ may take to confirm; then the rows are sent once more."""

LOCK = text(
    """select id, subject, message, payload, headers, tries from bus.outbox
    where queue = :queue and due <= now() order by due, id limit :limit for update skip locked"""
)
SENT = text("delete from bus.outbox where id = any(:rows)")
AGAIN = text("update bus.outbox set tries = tries + 1, due = now() + make_interval(secs => :seconds) where id = :row")


@dataclass(frozen=True, slots=True)
class Row:
    """A message on its way out."""

    id: int
    subject: str
    message: UUID
    payload: bytes
    headers: dict[str, str]
    tries: int


class Relay:
    """Carries what a service says."""

    def __init__(self, house: "House[Any]", connection: AbstractRobustConnection, account: str, heard: frozenset[str]) -> None:
        self.house = house
        self.queue = relay_of(house.service.name)
        self._connection = connection
        self._heard = heard
        """Subjects that have a queue: RabbitMQ hands them back if it does not know it."""
        self._sender = Sender(EXCHANGE, account, house.service.name)
        self._channel: AbstractChannel | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Carry what is there, wait for the bell; stop between two turns."""
        logs.within(service=self.house.service.name)
        with self.house.bell.waiter([self.queue]) as news:
            while not stopping.is_set():
                try:
                    carried = await self.turn()
                except Exception as error:
                    trouble = is_trouble(error) or isinstance(error, AMQPError)
                    log.log(logging.WARNING if trouble else logging.ERROR, "relay", exc_info=error)
                    await asyncio.sleep(pause(1.0, 0, 1.0))
                    continue
                if not carried:
                    await news.rung(0.5)
                elif carried < BATCH:
                    await asyncio.sleep(GATHER)

    async def turn(self) -> int:
        """Send what is due, as far as a turn holds; say how much there was."""
        if not self._connection.connected.is_set():
            return 0
        async with self.house.sessions.begin() as session:
            found = await session.execute(LOCK, {"queue": self.queue, "limit": BATCH})
            rows = [Row(**row) for row in found.mappings()]
            for part in _parts(rows):
                await self._carry(session, part)
        return len(rows)

    async def _open(self) -> Channel:
        if self._channel is None or self._channel.is_closed:
            self._channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        channel = await self._channel.get_underlay_channel()
        if not isinstance(channel, Channel):
            msg = f"{channel} is not a channel of aiormq's"
            raise TypeError(msg)
        return channel

    async def _carry(self, session: AsyncSession, part: list[Row]) -> None:
        channel = await asyncio.wait_for(self._open(), CONFIRMED)
        several = [Outgoing(row.subject, row.message, row.payload, row.headers, row.subject in self._heard) for row in part]
        async with asyncio.timeout(CONFIRMED):
            answers = await burst.publish(channel, self._sender, several)
        gone: list[int] = []
        for row, answer in zip(part, answers, strict=True):
            if answer is None:
                gone.append(row.id)
            elif not isinstance(answer, Exception):
                raise answer
            elif not await self._failed(session, row, answer, alone=len(part) == 1):
                gone.append(row.id)
        await session.execute(SENT, {"rows": gone})

    async def _failed(self, session: AsyncSession, row: Row, error: Exception, *, alone: bool) -> bool:
        """Whether the row is kept: what passes comes back for ever; what RabbitMQ or its client cannot take is counted."""
        about = {"subject": row.subject, "message_id": str(row.message), "error": repr(error)}
        if not self._connection.connected.is_set():
            return True  # nothing is known of it: it goes with the next turn
        passes = isinstance(error, DeliveryError) or is_trouble(error)
        if not passes and (alone or not isinstance(error, AMQPError)):
            times = await parked.count(session, self.queue, row.message, repr(error))
            if times >= self.house.settings.bus_attempts:
                log.error("parked, cannot be sent", extra=about)
                letter = Letter(self.queue, row.subject, row.message, row.payload, row.headers)
                kind = CATALOG.get(row.subject)
                message = kind.model_validate_json(row.payload) if kind else None
                told = await parked.put(self.house, session, letter, message, f"failed {times} times", repr(error))
                await outbox.write(session, told)
                return False
        log.warning("comes back later", extra=about)
        wait = pause(self.house.settings.bus_retry, row.tries, LONGEST)
        await session.execute(AGAIN, {"row": row.id, "seconds": wait})
        return True


def _parts(rows: list[Row]) -> list[list[Row]]:
    """All at once, but alone what failed before, and what is said twice: RabbitMQ hands messages back by their ids."""
    first = {row.message: row for row in reversed(rows) if not row.tries}
    together = [row for row in rows if first.get(row.message) is row]
    return [part for part in (together, *([row] for row in rows if first.get(row.message) is not row)) if part]
