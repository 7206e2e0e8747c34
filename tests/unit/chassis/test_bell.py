"""The bell, where connections break."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from chassis import bell
from chassis.bell import Bell
from chassis.database import driver_url, make_engine


class Wire:
    """A connection that can break before it listens."""

    def __init__(self, fault: Exception | None) -> None:
        self.fault, self.heard = fault, asyncio.Event()
        self.ring: Callable[..., None] = lambda *_told: None

    def add_termination_listener(self, _lost: Callable[..., None]) -> None:
        """It stays."""

    async def add_listener(self, _channel: str, ring: Callable[..., None]) -> None:
        """Listen, or break."""
        if self.fault is not None:
            raise self.fault
        self.ring = ring
        self.heard.set()

    def terminate(self) -> None:
        """Hang up."""


async def test_a_connection_that_breaks_at_once_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that goes away between connecting and listening does not end the bell."""
    wires = [Wire(asyncpg.ConnectionDoesNotExistError("gone")), Wire(asyncpg.InterfaceError("closed")), Wire(None)]
    left = iter(wires)

    async def connect(**_told: Any) -> Wire:
        return next(left)

    monkeypatch.setattr(bell.asyncpg, "connect", connect)
    monkeypatch.setattr(bell, "AGAIN", 0.01)
    engine = make_engine(driver_url("postgresql://nobody@nowhere/none"), 1)

    async with asyncio.timeout(60), Bell(engine) as one:
        await wires[-1].heard.wait()
        with one.waiter(["door"]) as waiter:
            wires[-1].ring("bell", "door")

            assert await waiter.rung(60)
