"""How fast messages are carried, by both carriers.

A delivery is one message at one consumer: a row locked and changed, a row written, a fact of ten fields said, all stored.
"""

import asyncio
import logging
import multiprocessing
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aio_pika
import psutil
from sqlalchemy import text
from tests.bench.sizes import Size
from tests.bench.table import Figure, percentile
from tests.rabbit import a_host
from tests.servers import offered

from chassis import migrate
from chassis.assembly import standing
from chassis.bus.names import EXCHANGE
from chassis.bus.topology import queues
from chassis.database import open_database
from chassis.running import run
from chassis.service import Service, Subscription
from chassis.settings import Settings
from chassis.testing import no_doors, somebody
from chassis.unit import Unit
from contracts.executor import StopRun
from contracts.ids import uuid7
from contracts.provenance import RecordLodged, RecordWithdrawn
from contracts.refusals import ProvenanceCommandRefused, ProvenanceDeliveryParked

KEYS = 1000
AIMS = {("embedded", 1): 2000.0, ("RabbitMQ", 1): 1200.0, ("RabbitMQ", 2): 2200.0}
MARQUEZ_IN = "Marquez on PostgreSQL, lineage events in: 45/s (1 client), 81-94/s (8)"
HOLD = text("select n from bench.counts where key = :key for update")
COUNT = text("insert into bench.counts (key, n) values (:key, 1) on conflict (key) do update set n = counts.n + 1")
MADE = text("insert into bench.done (message, made) values (:message, :made)")


async def count(message: Any, unit: Unit[Any]) -> None:
    """What a handler typically does."""
    key = message.id.int % KEYS
    await unit.session.execute(HOLD, {"key": key})
    await unit.session.execute(COUNT, {"key": key})
    more = {"job": message.job, "tenant": message.tenant, "caller": message.caller, "revision": message.revision}
    await unit.publish(RecordWithdrawn(record=message.record, **more))


async def clock(message: Any, unit: Unit[Any]) -> None:
    """Note when the message was made."""
    await unit.session.execute(MADE, {"message": message.id, "made": message.at})


def service(*handlers: Any) -> Service:
    """A service that hears."""
    heard = tuple(Subscription(kind, handler) for kind, handler in handlers)
    return Service(
        "provenance", heard, ProvenanceCommandRefused, ProvenanceDeliveryParked, Unit, Settings, no_doors, "provenance"
    )


SERVICE = service((RecordLodged, count), (StopRun, clock))
CALLER = somebody("ada", "physics")


def a_fact() -> RecordLodged:
    """A fact of ten fields."""
    return RecordLodged(record=f"run/{uuid7()}", job=uuid7(), tenant="physics", caller=CALLER, revision=3)


@asynccontextmanager
async def a_database():
    """An embedded PostgreSQL as users have it."""
    with tempfile.TemporaryDirectory(prefix="reprovena-bench-") as folder:
        async with open_database(f"embedded:{folder}/pg", pool=5, password_file=Path(folder) / "password") as database:
            await migrate.upgrade(database.engine, "bus", "chassis.bus")
            async with database.engine.begin() as c:
                await c.execute(text("create schema bench"))
                await c.execute(text("create table bench.counts (key int primary key, n int not null)"))
                await c.execute(
                    text("create table bench.done (message uuid, made timestamptz, at timestamptz default clock_timestamp())")
                )
            yield database.engine, folder


def settings_of(url: str, folder: str, **more: Any) -> Settings:
    """Settings of a process."""
    return Settings(database_url=url, state=Path(folder), files_url=f"file:{folder}/files", **more)


def address(engine: Any) -> str:
    """Where other processes find the database."""
    return str(engine.url.set(drivername="postgresql").render_as_string(hide_password=False))


async def done(engine: Any) -> int:
    """Deliveries so far."""
    async with engine.connect() as c:
        return await c.scalar(text("select count(*) from bus.inbox")) or 0


async def fill(house: Any, many: int) -> None:
    """Publish many commands, 200 a transaction."""
    for _ in range(-(-many // 200)):
        async with house.work() as unit:
            for _ in range(200):
                await unit.publish(a_fact())


def consume(url: str, folder: str, more: dict[str, Any], stop: Any) -> None:
    """A process that hears."""

    async def work() -> None:
        async with standing(SERVICE, settings=settings_of(url, folder, **more), topology=queues([SERVICE])):
            await asyncio.to_thread(stop.wait)

    logging.disable(logging.CRITICAL)
    run(work())  # as a service's own process does


def cpu(workers: list[Any]) -> float:
    """Seconds of CPU that processes have used."""
    return sum(sum(psutil.Process(worker.pid).cpu_times()[:2]) for worker in workers)


async def rate(engine: Any, folder: str, many: int, processes: int, more: dict[str, Any]) -> tuple[float, float]:
    """Deliveries a second from a backlog, and a second of the consumers' own CPU."""
    url = address(engine)
    async with engine.begin() as c:
        await c.execute(text("truncate bench.done, bus.outbox, bus.inbox"))
    settings = settings_of(url, folder, **more)
    async with standing(SERVICE, settings=settings, topology=queues([SERVICE]), hears=False) as houses:
        await fill(houses["provenance"], many)
        if "bus_url" in more:
            await relayed(houses["provenance"])
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    workers = [context.Process(target=consume, args=(url, folder, more, stop)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    while (first := await done(engine)) < many // 10:
        await asyncio.sleep(0.005)
    began, used = time.perf_counter(), cpu(workers)
    while (last := await done(engine)) < many:
        await asyncio.sleep(0.02)
    seconds, used = time.perf_counter() - began, cpu(workers) - used
    stop.set()
    for worker in workers:
        await asyncio.to_thread(worker.join)
    return (last - first) / seconds, (last - first) / max(used, 0.01)


async def relayed(house: Any) -> float:
    """Rows a second from the outbox to RabbitMQ; returns when all are there."""
    carrier = house.carriers[0]
    house.carriers[0].heard = {}
    stopping = asyncio.Event()
    task = asyncio.create_task(carrier.run(stopping))
    count = text("select count(*) from bus.outbox where queue like '%.relay'")
    async with house.sessions() as session:
        first = await session.scalar(count)
        while (now := await session.scalar(count)) == first:
            await asyncio.sleep(0.002)
        began = time.perf_counter()
        while await session.scalar(count):
            await asyncio.sleep(0.01)
        seconds = time.perf_counter() - began
    stopping.set()
    await task
    return now / seconds


async def latency(engine: Any, folder: str, more: dict[str, Any], a_second: int, many: int) -> list[float]:
    """Milliseconds from a message made to its effects stored, at a given rate."""
    url = address(engine)
    async with engine.begin() as c:
        await c.execute(text("truncate bench.done, bus.outbox, bus.inbox"))
    async with standing(SERVICE, settings=settings_of(url, folder, **more), topology=queues([SERVICE])) as houses:
        await asyncio.sleep(2)
        for _ in range(many):
            async with houses["provenance"].work() as unit:
                await unit.publish(houses["provenance"].callers.sign(StopRun(run=uuid7()), somebody()))
            await asyncio.sleep(1 / a_second)
        while await done(engine) < many:
            await asyncio.sleep(0.01)
    async with engine.connect() as c:
        found = await c.execute(text("select extract(epoch from at - made) * 1000 from bench.done"))
        return [float(row[0]) for row in found]


async def carried(engine: Any, folder: str, size: Size, name: str, more: dict[str, Any]) -> AsyncIterator[Figure]:
    """All figures of one carrier."""
    alone = await rate(engine, folder, max(200, size.messages // 1000 * 200), 1, {**more, "bus_group": 1})
    than = f"{name}, a transaction for each delivery"
    for processes in size.processes:
        wall, used = await rate(engine, folder, size.messages, processes, more)
        case = f"{name}, {processes} process{'es' * (processes > 1)}"
        aim = AIMS.get((name, processes))
        yield Figure("bus", f"deliveries, {case}", wall, "/s", than, alone[0], least=aim, peers=MARQUEZ_IN)
        yield Figure("bus", f"deliveries, {case}, for a second of the consumers' CPU", used, "/CPU s", than, alone[1])


async def measure(size: Size, left_out: Callable[[str], None]) -> AsyncIterator[Figure]:
    """Both carriers, the relay, and the way from an accepted request to its consumer."""
    logging.disable(logging.CRITICAL)
    async with a_database() as (engine, folder):
        async for figure in carried(engine, folder, size, "embedded", {}):
            yield figure
        idle = await latency(engine, folder, {}, 20, size.waits)
        for which in (50, 95):
            yield Figure("bus", f"accepted to consumer start, embedded, p{which}", percentile(idle, which), "ms")
        if not offered("amqp_url")[0]:
            left_out("bus on RabbitMQ: start `make services`, or set TEST_AMQP_URL and TEST_AMQP_MANAGEMENT_URL")
            return
        async with a_host() as host:
            more = {"bus_url": host.url(), "bus_accounts": {"*": host.admin}}
            async for figure in carried(engine, folder, size, "RabbitMQ", more):
                yield figure
            waits = await latency(engine, folder, more, 20, size.waits)
            for which in (50, 95):
                than = ("embedded", percentile(idle, which))
                yield Figure(
                    "bus", f"accepted to consumer start, RabbitMQ, p{which}", percentile(waits, which), "ms", *than
                )  # fmt: skip
            wall, used, single = await relaying(engine, folder, size, more)
            than = "a confirm awaited for each"
            yield Figure("bus", "relay, events to RabbitMQ", wall, "/s", than, single, least=6000)
            yield Figure("bus", "relay, events for a second of its CPU", used, "/CPU s")


async def relaying(engine: Any, folder: str, size: Size, more: dict[str, Any]) -> tuple[float, float, float]:
    """Rows a second from the outbox, also for each second of CPU, and what publishing one after the other reaches."""
    settings = settings_of(address(engine), folder, **more)
    async with standing(SERVICE, settings=settings, topology=queues([SERVICE]), hears=False) as houses:
        await fill(houses["provenance"], 3 * size.messages)
        used = time.process_time()
        wall = await relayed(houses["provenance"])
        used = time.process_time() - used
    connection = await aio_pika.connect(more["bus_url"])
    async with connection:
        exchange = await (await connection.channel()).get_exchange(EXCHANGE)
        body, began = a_fact().model_dump_json().encode(), time.perf_counter()
        for _ in range(100):
            await exchange.publish(aio_pika.Message(body, delivery_mode=2), "nobody.hears.this", mandatory=False)
        single = 100 / (time.perf_counter() - began)
    return wall, 3 * size.messages / used, single
