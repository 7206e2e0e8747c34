"""Services with accounts of their own on a real RabbitMQ, and strangers beside them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.contract.carrier import Heard, no_doors
from tests.rabbit import Host, a_host

from chassis.assembly import standing
from chassis.bus import parked
from chassis.house import House
from chassis.service import Service, Subscription
from chassis.settings import Settings
from chassis.unit import Unit
from contracts.executor import DeleteRun, StopRun
from contracts.provenance import RecordLodged
from contracts.refusals import (
    ExecutorCommandRefused,
    ExecutorDeliveryParked,
    GatewayCommandRefused,
    GatewayDeliveryParked,
    ProvenanceCommandRefused,
    ProvenanceDeliveryParked,
)

TOPOLOGY = {
    "executor.stop-run": "executor.stop-run.v1",
    "executor.delete-run": "executor.delete-run.v1",
    "gateway.hears": "provenance.record-lodged.v1",
    "gateway.note": "executor.delivery-parked.v1",
    "provenance.hears": "executor.delivery-parked.v1",
}


@dataclass
class World:
    """Three services that may be started one by one, and what they heard."""

    host: Host
    database_url: str
    folder: Path
    heard: Heard = field(default_factory=Heard)
    facts: list[Any] = field(default_factory=list)
    accounts: dict[str, str] = field(default_factory=dict)
    callers: list[Any] = field(default_factory=list)

    def service(self, name: str) -> Service:
        """A small service."""

        async def note(message: Any, _unit: Any) -> None:
            self.facts.append(message)

        async def stop_run(message: Any, unit: Any) -> None:
            self.callers.append(message.caller)
            await self.heard.handler("stop_run")(message, unit)

        match name:
            case "executor":
                heard = (Subscription(StopRun, stop_run), Subscription(DeleteRun, self.heard.handler("delete_run")))
                kinds: Any = (ExecutorCommandRefused, ExecutorDeliveryParked)
            case "provenance":
                heard = (Subscription(ExecutorDeliveryParked, self.heard.handler("hears")),)
                kinds = (ProvenanceCommandRefused, ProvenanceDeliveryParked)
            case _:
                heard = (Subscription(RecordLodged, self.heard.handler("hears")), Subscription(ExecutorDeliveryParked, note))
                kinds = (GatewayCommandRefused, GatewayDeliveryParked)
        return Service(name, heard, *kinds, Unit, Settings, no_doors, name)

    def settings(self, name: str, **more: Any) -> Settings:
        """A service's settings: an account of its own, the key that all share here."""
        told: dict[str, Any] = {
            "database_url": self.database_url,
            "state": self.folder,
            "files_url": f"file:{self.folder}/files",
            "bus_url": self.host.url(self.accounts[name]),
            "bus_accounts": self.accounts,
            "bus_management_url": str(self.host.management),
            "bus_retry": 0.02,
            "bus_attempts": 3,
        }
        return Settings(**(told | more))

    @asynccontextmanager
    async def running(self, name: str, *, hears: bool = True, **more: Any) -> AsyncIterator[House[Any]]:
        """One service, connected."""
        async with standing(self.service(name), settings=self.settings(name, **more), topology=TOPOLOGY, hears=hears) as houses:
            if hears:
                await connected(houses[name])
            yield houses[name]

    async def parked(self, house: House[Any], many: int, within: float = 60) -> list[parked.Parked]:
        """What a service has set aside, once it is so many."""
        async with asyncio.timeout(within):
            while True:
                async with house.sessions() as session:
                    found = await parked.listed(session, house.service.name)
                if len(found) >= many:
                    return found
                await asyncio.sleep(0.02)


async def connected(house: House[Any], within: float = 60) -> None:
    """Wait until RabbitMQ answers."""
    async with asyncio.timeout(within):
        while True:
            try:
                await house.carriers[0].ping()
            except ConnectionError:
                await asyncio.sleep(0.05)
            else:
                return


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A virtual host with an account for each service and one for a stranger."""
    async with a_host() as host:
        made = World(host, database_url, tmp_path)
        for name in ("executor", "gateway", "provenance", "registry"):
            made.accounts[name] = await host.account(name)
        yield made


@pytest.fixture
async def stranger(world: World) -> str:
    """An account outside the platform."""
    return await world.host.account("stranger")


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Closes what a test opens."""
    async with AsyncExitStack() as opened:
        yield opened
