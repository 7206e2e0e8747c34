"""A service that stands: its database, its doors, its ear and its loops."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from chassis import logs
from chassis.bell import Bell
from chassis.bus import outbox
from chassis.bus.outbox import Destinations
from chassis.bus.topology import Carrier
from chassis.callers import Callers
from chassis.files import Files
from chassis.forks import Forks
from chassis.senders import Senders
from chassis.service import Loop, Service
from chassis.telemetry import Telemetry
from chassis.trouble import is_trouble, pause
from chassis.unit import Parts, Unit
from contracts.ids import uuid7

log = logging.getLogger(__name__)

LONGEST = 15.0
"""Seconds until a loop that failed is tried again, at most."""
HOLD = text(
    """insert into bus.leases as lease (name, owner, until) values (:name, :owner, now() + make_interval(secs => :seconds))
    on conflict (name) do update set owner = excluded.owner, until = excluded.until
    where lease.until < now() or lease.owner = excluded.owner returning 1"""
)
RELEASE = text("delete from bus.leases where owner = :owner")


@dataclass
class House(Generic[Parts]):
    """What a service's handlers, routes and loops stand on. `Parts` are the doors that the service opened itself."""

    service: Service
    settings: Any
    """An instance of the service's own settings class."""
    engine: AsyncEngine
    files: Files
    bell: Bell
    forks: Forks
    callers: Callers
    senders: Senders
    telemetry: Telemetry
    destinations: Destinations
    carriers: Sequence[Carrier] = ()
    """What brings messages here and takes them away."""
    backends: Mapping[str, httpx.AsyncClient] = field(default_factory=dict)
    """The other services' internal routes, by their names."""
    owner: UUID = field(default_factory=uuid7)
    """This process, as leases know it."""
    app: FastAPI = field(init=False)
    parts: Parts = field(init=False)

    def __post_init__(self) -> None:
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    def unit(self, session: AsyncSession) -> Unit[Parts]:
        """A handler's view of the house, in a transaction."""
        return self.service.unit(session, self)

    def headers(self) -> dict[str, str]:
        """What travels beside a message."""
        return self.telemetry.headers()

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Any]:
        """One transaction: what the unit stores and says commits at the end, or not at all."""
        async with self.sessions.begin() as session:
            unit = self.unit(session)
            yield unit
            if unit.said or unit.rung:
                await outbox.settle(unit, self.destinations, self.headers)

    async def hold(self, name: str, seconds: float) -> bool:
        """Take or renew a lease for so long; say whether this process has it."""
        async with self.sessions.begin() as session:
            told = {"name": name, "owner": self.owner, "seconds": seconds}
            return await session.scalar(HOLD, told) is not None

    async def release(self) -> None:
        """Give back every lease of this process, so that nobody waits for it."""
        async with self.sessions.begin() as session:
            await session.execute(RELEASE, {"owner": self.owner})

    @asynccontextmanager
    async def working(self, *, hears: bool = True) -> AsyncIterator[None]:
        """Hear and do what recurs, until the end; then let what is in hand come to its end."""
        stopping = asyncio.Event()
        tasks = [asyncio.create_task(self._repeat(loop, stopping), name=loop.name) for loop in self.service.loops]
        tasks.append(asyncio.create_task(self._repeat(Loop("bus.housekeeping", housekeeping, 15), stopping)))
        if hears:
            tasks += [
                asyncio.create_task(carrier.run(stopping), name=f"{self.service.name}.carrier") for carrier in self.carriers
            ]
        try:
            yield
        finally:
            stopping.set()
            self.bell.wake_all()
            _done, late = await asyncio.wait(tasks, timeout=self.settings.stop_within)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.release()

    async def _repeat(self, loop: Loop, stopping: asyncio.Event) -> None:
        logs.within(service=self.service.name, loop=loop.name)
        end = asyncio.create_task(stopping.wait())
        wait, failures = 0.0, 0
        try:
            while not stopping.is_set():
                with self.bell.waiter([loop.name]) as waiter:
                    try:
                        turned = await loop.turn(self)
                        wait = 0.0 if turned else loop.every if turned is not None else loop.idle
                        failures = 0
                    except Exception as error:
                        failures += 1
                        log.log(logging.WARNING if is_trouble(error) else logging.ERROR, "loop", exc_info=error)
                        wait = pause(0.2, failures, LONGEST)
                    if wait:
                        rung = asyncio.create_task(waiter.rung(wait))
                        await asyncio.wait([rung, end], return_when=asyncio.FIRST_COMPLETED)
                        rung.cancel()
        finally:
            end.cancel()

    async def ready(self, stack: AsyncExitStack) -> None:
        """Open the service's own doors."""
        self.parts = await stack.enter_async_context(self.service.open(self))


WAITING = text(
    "select count(*) as waiting, coalesce(extract(epoch from now() - min(due)), 0) as age from bus.outbox where due <= now()"
)
ASIDE = text("select count(*) from bus.parked")
FORGET = text("delete from bus.inbox where at < now() - make_interval(days => :days)")
FORGIVE = text("delete from bus.bugs where last < now() - make_interval(days => :days)")


async def housekeeping(house: House[Any]) -> bool:
    """Read the gauges of the bus, and forget what is older than any replay."""
    async with house.sessions.begin() as session:
        bus = (await session.execute(WAITING)).mappings().one()
        house.telemetry.outbox.set(bus["waiting"])
        house.telemetry.outbox_age.set(max(float(bus["age"]), 0))
        house.telemetry.parked.set(await session.scalar(ASIDE) or 0)
        for statement in (FORGET, FORGIVE):
            await session.execute(statement, {"days": house.settings.inbox_days})
    return False
