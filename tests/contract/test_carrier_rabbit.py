"""RabbitMQ carries: the carrier suite on a real one."""

import asyncio

import pytest
from tests.contract.carrier import CarrierSuite, Heard, Platform, replaceable
from tests.rabbit import Host, a_host

from chassis.assembly import standing
from chassis.bus.topology import queues
from chassis.settings import Settings


class OnRabbit(Platform):
    """What a test sees of RabbitMQ."""

    host: Host
    calm = 0

    async def waiting(self) -> int:
        """Messages on their way: in the outbox, in the queues, in hand. None seen several times means none."""
        there = [queue for house in self.houses.values() for queue in house.carriers[0].heard]
        busy = sum(house.carriers[0].ear.busy for house in self.houses.values())
        if await super().waiting() + busy + await self.host.ready(there):
            self.calm = 0
        else:
            self.calm += 1
        return max(0, 5 - self.calm)

    async def rubbish(self, queue: str, subject: str) -> None:
        """A stranger publishes it."""
        await self.host.say(subject, b"rubbish")


async def up(house) -> bool:
    """Whether RabbitMQ answers this house."""
    try:
        await house.carriers[0].ping()
    except ConnectionError:
        return False
    return True


@pytest.fixture
async def host():
    """A virtual host of one's own."""
    async with a_host() as found:
        yield found


@pytest.fixture
async def platform(database_url, tmp_path, host):
    """Three small services on one PostgreSQL and one RabbitMQ."""
    heard, facts, handlers = Heard(), [], {}
    found = replaceable(heard, facts, handlers)
    settings = Settings(
        database_url=database_url, state=tmp_path, files_url=f"file:{tmp_path}/files", bus_retry=0.02, bus_attempts=4,
        bus_url=host.url(), bus_accounts={"*": host.admin},
    )  # fmt: skip
    async with standing(*found, settings=settings, topology=queues(found)) as houses:
        platform = OnRabbit(houses, heard, facts, handlers)
        platform.host = host
        async with asyncio.timeout(60):
            while not all([await up(house) for house in houses.values()]):
                await asyncio.sleep(0.05)
        yield platform


class TestRabbit(CarrierSuite):
    """RabbitMQ carries between the services; their databases keep what is said and what comes back."""
