"""How fast messages are carried: `python -m tests.bench.bus`. RabbitMQ's part needs a server (`make services`).

A delivery is one message at one consumer: a row locked and changed, a row written, a fact of ten fields said, all stored.
"""

import argparse
import asyncio
import json
import logging
import multiprocessing
import os
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any

import psutil
from sqlalchemy import text
from tests.contract.carrier import no_doors
from tests.rabbit import a_host

from chassis import migrate
from chassis.assembly import standing
from chassis.bus.topology import queues
from chassis.database import open_database
from chassis.service import Service, Subscription
from chassis.settings import Settings
from chassis.testing import somebody
from chassis.unit import Unit
from contracts.executor import StopRun
from contracts.ids import uuid7
from contracts.provenance import RecordLodged, RecordWithdrawn
from contracts.refusals import ProvenanceCommandRefused, ProvenanceDeliveryParked

KEYS = 1000
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
    asyncio.run(work())


def cpu(workers: list[Any]) -> float:
    """Seconds of CPU that processes have used."""
    return sum(sum(psutil.Process(worker.pid).cpu_times()[:2]) for worker in workers)


async def rate(engine: Any, folder: str, many: int, processes: int, more: dict[str, Any]) -> tuple[float, float]:
    """Deliveries a second from a backlog, and a second of the consumers' own CPU."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
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
    return (last - first) / seconds, (last - first) / used


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
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
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


def p(values: list[float], which: int) -> float:
    """A percentile."""
    return quantiles(values, n=100)[which - 1]


async def carried(engine: Any, folder: str, told: argparse.Namespace, name: str, more: dict[str, Any]) -> dict[str, float]:
    """All figures of one carrier."""
    figures: dict[str, float] = {}
    for processes in told.processes:
        case = f"{name}, {processes} process{'es' * (processes > 1)}, deliveries"
        wall, used = await rate(engine, folder, told.messages, processes, more)
        figures |= {f"{case}/s": wall, f"{case}/s of CPU": used}
    case = f"{name}, one transaction each, deliveries"
    wall, used = await rate(engine, folder, max(200, told.messages // 1000 * 200), 1, {**more, "bus_group": 1})
    figures |= {f"{case}/s": wall, f"{case}/s of CPU": used}
    idle = await latency(engine, folder, more, 20, 100)
    return figures | {f"{name}, idle, ms p50": p(idle, 50), f"{name}, idle, ms p95": p(idle, 95)}


async def main() -> None:
    """Measure and print, with ratios within this run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=6000)
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 2, 4])
    told = parser.parse_args()
    logging.disable(logging.CRITICAL)
    async with a_database() as (engine, folder), a_host() as host:
        figures = await carried(engine, folder, told, "embedded", {})
        more = {"bus_url": host.url(), "bus_accounts": {"*": host.admin}}
        figures |= await carried(engine, folder, told, "RabbitMQ", more)
        url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        settings = settings_of(url, folder, **more)
        async with standing(SERVICE, settings=settings, topology=queues([SERVICE]), hears=False) as houses:
            await fill(houses["provenance"], 3 * told.messages)
            figures["relay, rows/s"] = await relayed(houses["provenance"])
    for name, value in figures.items():
        unit = next((unit for unit in ("/s of CPU", "/s") if name.endswith(unit)), None)
        base = figures.get(f"embedded, one transaction each, deliveries{unit}", 0.0)
        print(f"{name:55} {value:10,.1f}" + (f"  x{value / base:.2f} of one transaction each, embedded" if base else ""))
    print(json.dumps({"cores": os.cpu_count(), "load": os.getloadavg()[0], **figures}))


if __name__ == "__main__":
    asyncio.run(main())
