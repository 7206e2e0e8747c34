"""The composition root: URLs decide who carries, who stores and who runs. Nothing else knows which edition this is."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import keys, migrate
from chassis.bell import Bell
from chassis.bus.postgres import Postgres
from chassis.bus.rabbit import Rabbit
from chassis.bus.topology import Bus
from chassis.callers import Callers
from chassis.database import open_database
from chassis.files import open_files
from chassis.forks import Forks
from chassis.house import House
from chassis.senders import Senders
from chassis.service import Service
from chassis.settings import Settings
from chassis.telemetry import Telemetry
from chassis.web import make_app
from contracts.catalog import CATALOG
from contracts.topology import QUEUES


def check_bus(services: Sequence[Service], bus_url: str) -> None:
    """Refuse a bus that would not reach everybody."""
    match bus_url.partition(":")[0]:
        case "postgresql":
            all_of_them, here = {subject.split(".")[0] for subject in CATALOG}, {service.name for service in services}
            if missing := all_of_them - here:
                msg = (
                    f"BUS_URL=postgresql: carries within one process only, and {', '.join(sorted(missing))} "
                    "would not hear; start `python -m onebox`, or use RabbitMQ (BUS_URL=amqp://…)"
                )
                raise ValueError(msg)
        case "amqp" | "amqps":
            pass
        case scheme:
            msg = f"BUS_URL: no carrier for {scheme!r}; use postgresql: or amqp://…"
            raise ValueError(msg)


def open_bus(services: Sequence[Service], bus_url: str, topology: Mapping[str, str]) -> Bus:
    """The bus that the URL's scheme names."""
    match bus_url.partition(":")[0]:
        case "amqp" | "amqps":
            return Rabbit(bus_url, topology)
        case _:
            return Postgres(services)


async def make_topology(settings: Settings, delivery_limit: int, topology: Mapping[str, str] = QUEUES) -> list[str]:
    """Make what the bus needs before anybody starts; what was done, in words."""
    match settings.bus_url.partition(":")[0]:
        case "amqp" | "amqps":
            return await Rabbit(settings.bus_url, topology).make(settings.bus_management_url, delivery_limit)
        case _:
            return ["PostgreSQL carries: there is nothing to make"]


def open_callers(settings: Settings) -> Callers:
    """Who proves callers: with the key that also signs, or with the public key alone where no other is named."""
    if settings.caller_public_key and settings.caller_key is None:
        return Callers(keys.public_key(settings.caller_public_key))
    return Callers.with_key(keys.signing_key(settings.caller_key or settings.key("caller.pem")))


@asynccontextmanager
async def assemble(*services: Service, settings: Settings, hears: bool = True) -> AsyncIterator[dict[str, House[Any]]]:
    """A platform's services, or one of them where the bus reaches the others."""
    check_bus(services, settings.bus_url)
    async with standing(*services, settings=settings, hears=hears) as houses:
        yield houses


@asynccontextmanager
async def standing(
    *services: Service, settings: Settings, hears: bool = True, topology: Mapping[str, str] = QUEUES
) -> AsyncIterator[dict[str, House[Any]]]:
    """Open every door, bring the schemas up to date if the database is ours, and let the services work until the end."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            open_database(
                settings.database_url,
                pool=settings.database_pool,
                overflow=settings.database_overflow,
                password_file=settings.key("database"),
                name="+".join(service.name for service in services),
            )
        )
        if database.embedded:
            await bring_up_to_date(services, database.engine)
        files = open_files(settings.files_url, settings)
        bell = await stack.enter_async_context(Bell(database.engine))
        forks = Forks([name for service in services for name in service.warm], settings.environment_for_children())
        stack.push_async_callback(forks.close)
        callers = open_callers(settings)
        senders = Senders(callers, settings.bus_accounts, settings.foreign_publishers)
        bus = open_bus(services, settings.bus_url, topology)
        houses: dict[str, House[Any]] = {}
        for service in services:
            telemetry = Telemetry(service.name, settings.otlp_endpoint)
            stack.push_async_callback(asyncio.to_thread, telemetry.close)
            house: House[Any] = House(
                service, settings, database.engine, files, bell, forks, callers, senders, telemetry, bus.destinations(service)
            )
            house.carriers = bus.carriers(house)
            house.app = make_app(house)
            houses[service.name] = house
        for house in houses.values():
            house.backends = {name: await stack.enter_async_context(_inside(other)) for name, other in houses.items()}
        for house in houses.values():
            await house.ready(stack)
        for house in houses.values():
            await stack.enter_async_context(house.working(hears=hears))
        yield houses


def _inside(house: House[Any]) -> httpx.AsyncClient:
    """A client of a service in the same process: the same requests, no socket."""
    transport = httpx.ASGITransport(app=house.app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=f"http://{house.service.name}", timeout=60)


async def bring_up_to_date(services: Sequence[Service], engine: AsyncEngine) -> None:
    """Migrate the bus and every service's schema."""
    await migrate.upgrade(engine, "bus", "chassis.bus")
    for service in services:
        await migrate.upgrade(engine, service.name, service.package)
