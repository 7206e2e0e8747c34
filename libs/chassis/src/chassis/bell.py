"""A bell that rings in every process on a database: PostgreSQL's NOTIFY, one listening connection a process."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

log = logging.getLogger(__name__)
CHANNEL = "bell"
AGAIN = 1.0
"""Seconds before a database that is away is asked again."""


class Bell:
    """Waiters by name. A ring is a hint, never the truth: whoever wakes looks, and looks now and then without it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._waiters: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen(), name="bell")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._listening.wait(), 10)
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def waiter(self, names: Sequence[str]) -> "Waiter":
        """Begin to listen before you look: `with bell.waiter([...]) as w: look(); await w.rung(1.0)`."""
        return Waiter(self, names)

    async def wait(self, name: str, timeout: float) -> bool:  # noqa: ASYNC109 - a bell that does not ring is no error
        """Wait for one ring, at most so many seconds; say whether it rang."""
        with self.waiter([name]) as waiter:
            return await waiter.rung(timeout)

    def _ring(self, *told: Any) -> None:
        for event in self._waiters.get(told[-1], ()):
            event.set()

    def wake_all(self) -> None:
        """Wake every waiter of this process: something may have been missed, or everybody is to stop."""
        for events in self._waiters.values():
            for event in events:
                event.set()

    async def _listen(self) -> None:
        while True:
            try:
                wire = await asyncpg.connect(**self._engine.dialect.create_connect_args(self._engine.url)[1])
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("bell is away", extra={"error": repr(error)})
                await asyncio.sleep(AGAIN)
                continue
            lost = asyncio.Event()
            try:
                wire.add_termination_listener(lambda *_told, lost=lost: lost.set())
                await wire.add_listener(CHANNEL, self._ring)
                self._listening.set()
                self.wake_all()  # what rang while nobody listened
                await lost.wait()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:  # it broke before it listened
                log.warning("bell is away", extra={"error": repr(error)})
                await asyncio.sleep(AGAIN)
            finally:
                self._listening.clear()
                wire.terminate()


class Waiter:
    """Somebody who listens for some names."""

    def __init__(self, bell: Bell, names: Sequence[str]) -> None:
        self._bell, self._names, self._event = bell, names, asyncio.Event()

    def __enter__(self) -> Self:
        for name in self._names:
            self._bell._waiters[name].add(self._event)  # noqa: SLF001 - two halves of one thing
        return self

    def __exit__(self, *_error: object) -> None:
        for name in self._names:
            waiting = self._bell._waiters[name]  # noqa: SLF001
            waiting.discard(self._event)
            if not waiting:
                del self._bell._waiters[name]  # noqa: SLF001

    async def rung(self, timeout: float) -> bool:  # noqa: ASYNC109
        """Whether one of them rings within so many seconds, or has since the last question."""
        try:
            await asyncio.wait_for(self._event.wait(), timeout)
        except TimeoutError:
            return False
        self._event.clear()
        return True
