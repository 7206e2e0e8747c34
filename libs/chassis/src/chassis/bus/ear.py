"""A service's ear where a broker carries: what waits is settled as a group, what fails waits in the service's own database.

Nothing goes back to the broker: it would come again at once, and every return counts towards its limit. While the service's
own database is away, the ear holds what it has, in order, and asks again after a growing pause.
"""

import asyncio
import json
import logging
from collections import deque
from contextvars import Context
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.bus import outbox, parked
from chassis.bus.parked import Letter
from chassis.bus.receiver import Delivery, Receiver
from chassis.trouble import is_trouble, pause
from contracts.message import Message

if TYPE_CHECKING:
    from chassis.house import House

log = logging.getLogger(__name__)

MARK = text(
    """insert into bus.inbox (consumer, message)
    select * from unnest(cast(:consumers as text[]), cast(:messages as uuid[]))
    on conflict do nothing returning consumer, message"""
)
LATER = text(
    """insert into bus.outbox (queue, subject, message, payload, headers, due, key, tries)
    values (:queue, :subject, :message, :payload, cast(:headers as jsonb), now() + make_interval(secs => :seconds), :key, 1)
    on conflict (queue, key) where key is not null do nothing"""
)
"""A delivery that comes back, at most once under its own name."""
KNOWN = text("select true from bus.inbox where consumer = :consumer and message = :message")
SUSPECT = 3
"""Returns by the broker after which a message may be what ends processes."""
HOLD = 5.0
"""Seconds between two questions to a database that is away, at most."""


@dataclass(slots=True, eq=False)
class Heard(Delivery):
    """A delivery that a broker brought, and the promise that the broker may forget it."""

    letter: Letter | None = None
    returns: int = 0
    """How often the broker had it back."""
    done: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def forget(self) -> None:
        """Keep the promise."""
        if not self.done.done():
            self.done.set_result(None)


async def _mark(session: AsyncSession, group: list[Delivery]) -> set[tuple[str, UUID]]:
    """Of the group's messages, those this service has not handled before; sorted, so that two groups insert in one order."""
    consumers, messages = zip(*sorted({delivery.mark for delivery in group}), strict=True)
    new = await session.execute(MARK, {"consumers": list(consumers), "messages": list(messages)})
    return {(row["consumer"], row["message"]) for row in new.mappings()}


class Ear:
    """Await `hear` in any number of calls; acknowledge when it returns."""

    def __init__(self, house: "House[Any]") -> None:
        self.house = house
        self.receiver = Receiver(house, _mark)
        self._aside = asyncio.Lock()
        self._waiting: deque[Heard] = deque()
        self._work: asyncio.Task[None] | None = None

    async def hear(self, heard: Heard) -> None:
        """Return once the effects are stored, or the message is kept for later, or set aside."""
        self._waiting.append(heard)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._drain(), name=f"{self.house.service.name}.ear", context=Context())
        await heard.done

    @property
    def busy(self) -> bool:
        """Whether anything is in hand."""
        return bool(self._waiting) or (self._work is not None and not self._work.done())

    async def idle(self, within: float) -> None:
        """Wait until nothing is in hand, at most so many seconds; what is then still in hand comes again."""
        if self._work is not None:
            await asyncio.wait([self._work], timeout=within)
            self._work.cancel()

    async def set_aside(self, letter: Letter, message: Message | None, reason: str, error: str) -> None:
        """Set aside what no handler is to see; returns when that is stored. Its job is told if the message is given."""
        await self._patiently(lambda: self._put(letter, message, reason, error))

    async def _put(self, letter: Letter, message: Message | None, reason: str, error: str) -> None:
        async with self._aside, self.house.sessions.begin() as session:  # in turn, so that a message's repeat is seen as one
            await outbox.write(session, await parked.put(self.house, session, letter, message, reason, error))

    async def _drain(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft()]
            limit = 1 if group[0].again else self.receiver.room
            while self._waiting and len(group) < limit and not self._waiting[0].again:
                group.append(self._waiting.popleft())
            await self._patiently(lambda group=group: self._through(group))

    async def _patiently(self, work: Any) -> None:
        """Do it until the database lets us."""
        for tries in count():
            wait = pause(self.house.settings.bus_retry, tries, HOLD)
            try:
                await work()
            except Exception as error:
                level = logging.WARNING if is_trouble(error) else logging.ERROR
                log.log(level, "held", extra={"error": repr(error), "seconds": wait}, exc_info=level > logging.WARNING)
                await asyncio.sleep(wait)
            else:
                return

    async def _through(self, group: list[Heard]) -> None:
        """Settle those that are not yet; keep what failed for later, or raise if that fails as well."""
        rest = [heard for heard in group if not heard.done.done()]
        if len(rest) == 1 and rest[0].returns >= SUSPECT and await self._ends_processes(rest[0]):
            return
        for heard in rest:
            heard.stored = asyncio.get_running_loop().create_future()
        await self.receiver.settle(list(rest))
        failed = [(heard, error) for heard in rest if (error := heard.stored.exception()) is not None]
        if failed:
            await self._keep(failed)
        for heard in rest:
            heard.forget()

    async def _ends_processes(self, heard: Heard) -> bool:
        """Count a message that came back often before it is handled; whatever ends the process is set aside in time."""
        why = "the process ended while it was in hand"
        async with self.house.sessions.begin() as session:
            if await session.scalar(KNOWN, {"consumer": heard.consumer, "message": heard.message.id}):
                return False  # it is done with; only the broker never heard so
            times = await parked.count(session, heard.consumer, heard.message.id, why)
            if times <= self.house.settings.bus_attempts or heard.letter is None:
                return False
            log.error("parked, ends processes", extra={"queue": heard.consumer, "message_id": str(heard.message.id)})
            reason = f"ended the process {times - 1} times"
            await outbox.write(session, await parked.put(self.house, session, heard.letter, heard.message, reason, why))
        heard.forget()
        return True

    async def _keep(self, failed: list[tuple[Heard, BaseException]]) -> None:
        async with self.house.sessions.begin() as session:
            told: list[dict[str, Any]] = []
            for heard, error in failed:
                told += await self._keep_one(session, heard, error)
            await outbox.write(session, told)

    async def _keep_one(self, session: AsyncSession, heard: Heard, error: BaseException) -> list[dict[str, Any]]:
        """Trouble comes back for ever; a fault of ours is counted, and at last parked."""
        letter, message = heard.letter, heard.message
        if letter is None:
            msg = "a delivery of a broker without its letter"
            raise TypeError(msg)
        about = {"queue": heard.consumer, "message_id": str(message.id), "job": message.job and str(message.job)}
        if is_trouble(error):
            log.warning("comes back later", extra=about | {"error": repr(error)})
        else:
            log.error("failed", extra=about, exc_info=error)
            times = await parked.count(session, heard.consumer, message.id, repr(error))
            if times >= self.house.settings.bus_attempts:
                return await parked.put(self.house, session, letter, message, f"failed {times} times", repr(error))
        told = {
            "queue": letter.queue,
            "subject": letter.subject,
            "message": message.id,
            "payload": letter.payload,
            "headers": json.dumps(letter.headers),
            "seconds": pause(self.house.settings.bus_retry, 0, HOLD),
            "key": str(message.id),
        }
        await session.execute(LATER, told)
        return []
