"""Group commit: the deliveries that wait for a service share one transaction.

A group is whatever came while the one before was being stored. Nothing waits to fill a group, so an idle system has
groups of one. Handlers run in the order of arrival and know nothing of groups.

Groups of several processes over the same rows wait for each other, the longer the larger they are. So a group that found
a row locked halves how many the next ones may hold, and each full one that did not adds one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import logs
from chassis.bus import outbox
from chassis.refusal import Refusal
from chassis.service import Handler
from chassis.trouble import is_locked, is_lost
from chassis.unit import Unit
from contracts.message import Message
from contracts.refusals import CommandRefused

if TYPE_CHECKING:
    from chassis.house import House

log = logging.getLogger(__name__)

YIELD = text("set local lock_timeout = '10ms'")
"""For groups of several: two processes' groups over hot rows would wait for each other until one is a deadlock."""

LONGEST = 30.0
"""Seconds between two tries, at most."""

Mark = Callable[[AsyncSession, list["Delivery"]], Awaitable[set[tuple[str, UUID]]]]


@dataclass(slots=True, eq=False)
class Delivery:
    """A message at a consumer, in the context it came with, and the promise that its effects are stored."""

    consumer: str
    message: Message
    handler: Handler
    again: bool = False
    """It came before and may be the faulty one, so it goes alone."""
    row: int = 0
    context: Context = field(default_factory=copy_context)
    stored: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def mark(self) -> tuple[str, UUID]:
        """What the inbox remembers."""
        return self.consumer, self.message.id

    def end(self, error: Exception | None = None) -> None:
        """Keep or break the promise, unless its subscriber is gone."""
        if not self.stored.done():
            if error is None:
                self.stored.set_result(None)
            else:
                self.stored.set_exception(error)


@dataclass
class Receiver:
    """A service's ear, the same for every carrier; the carrier's `mark` says which deliveries are new."""

    house: "House[Any]"
    mark: Mark
    room: int = field(init=False)
    """How many the next group may hold."""

    def __post_init__(self) -> None:
        self.room = self.house.settings.bus_group

    async def settle(self, group: list[Delivery]) -> None:
        """Store all as one. Where one fails, those before it go again without it, it goes alone, then the rest."""
        fault = len(group) // 2  # unless a handler turns out to be at fault
        try:
            fault = await self._store(group)
        except (Exception, asyncio.CancelledError) as error:
            if (task := asyncio.current_task()) and task.cancelling():
                raise  # the process stops; any other cancellation is a handler's own
            await self._failed(
                group, getattr(error, "fault", fault), error, lost=not hasattr(error, "fault") and is_lost(error)
            )
        else:
            if len(group) >= self.room:
                self.room = min(self.room + 1, self.house.settings.bus_group)
            for delivery in group:
                delivery.end()

    async def _store(self, group: list[Delivery]) -> int:
        async with self.house.sessions.begin() as session:
            if len(group) > 1:
                await session.execute(YIELD)
            new, told, bells = await self.mark(session, group), [], set[str]()
            for place, delivery in enumerate(group):
                if delivery.mark in new:
                    new.remove(delivery.mark)
                    unit = self.house.unit(session)
                    try:
                        await asyncio.create_task(self._handle(delivery, unit), context=delivery.context)
                        told += outbox.rows(unit.said, self.house.destinations, self.house.headers)
                    except (Exception, asyncio.CancelledError) as error:
                        error.fault = place  # type: ignore[union-attr]
                        raise
                    bells |= unit.rung
            await outbox.write(session, told, bells)  # even if empty: fails where a handler hid an error
        return 0

    async def _handle(self, delivery: Delivery, unit: Unit[Any]) -> None:
        message = delivery.message
        logs.within(
            subject=message.subject,
            message_id=str(message.id),
            job=str(message.job) if message.job else None,
            consumer=delivery.consumer,
        )
        with self.house.telemetry.delivery(delivery.consumer, message):
            await delivery.handler(message, unit)
        log.info("handled")

    async def _failed(self, group: list[Delivery], fault: int, error: BaseException, *, lost: bool) -> None:
        if lost and isinstance(error, Exception):  # the database is away for each of them
            for delivery in group:
                delivery.end(error)
        elif len(group) > 1:
            if is_locked(error):
                self.room = min(self.room, max(1, len(group) // 2))
            for part in filter(None, (group[:fault], group[fault : fault + 1], group[fault + 1 :])):
                await self.settle(part)
        elif isinstance(error, Refusal) and not isinstance(group[0].message, CommandRefused):
            log.info("refused", extra={"subject": group[0].message.subject, "problem": error.problem.type})
            group[0].handler = self._refused(error)
            await self.settle(group)
        else:
            group[0].end(error if isinstance(error, Exception) else RuntimeError("the handler was cancelled"))

    def _refused(self, refusal: Refusal) -> Handler:
        """What runs instead of a handler that refused: nothing but the fact."""

        async def tell(message: Message, unit: Unit[Any]) -> None:
            fact = self.house.service.refused(
                job=message.job,
                tenant=message.tenant,
                caller=message.caller,
                of=message.subject,
                message=message.id,
                problem=refusal.problem.model_copy(update={"job": message.job}),
            )
            await unit.publish(fact)

        return tell
