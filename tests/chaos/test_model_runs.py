"""Model runs survive SIGKILL of the platform, one at every door and a batch under way: there once, and lodged."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.provena import NEWEST, Things
from tests.running import Platform

from chassis.database import driver_url, make_engine
from contracts.kinds import Kind

pytestmark = pytest.mark.timeout(900)
GRAPH = "provenance.graph_nodes"
DOORS = {
    "between the registry and the ledger": ("provenance.records", (1, 0, 0)),
    "between the ledger and the graph": (GRAPH, (1, 1, 0)),
    "between the graph and the answer": ("registry.model_runs", (1, 1, 1)),
}
"""A table that a transaction must write to get through; and how often the run is in registry, ledger and graph by then."""
WAITING = text("select pid from pg_locks where not granted and relation = cast(:table as regclass)")
KILLS = 2
BATCH = int(os.environ.get("CHAOS_BATCH") or 60)
"""Model runs in one order."""
PAGE = 200


@asynccontextmanager
async def held(engine: AsyncEngine, table: str) -> AsyncIterator[None]:
    """Nobody writes to a table meanwhile."""
    async with engine.connect() as connection:
        await connection.execute(text(f"lock table {table} in share mode"))
        yield
        await connection.rollback()


async def number(engine: AsyncEngine, question: str, **told: Any) -> int:
    """One number."""
    async with engine.connect() as connection:
        return int(await connection.scalar(text(question), told) or 0)


async def stands_at(engine: AsyncEngine, table: str, within: float = 60) -> None:
    """Wait until the platform waits to write to a table."""
    end = asyncio.get_running_loop().time() + within
    while asyncio.get_running_loop().time() < end:
        async with engine.connect() as connection:
            if (await connection.execute(WAITING, {"table": table})).first():
                return
        await asyncio.sleep(0.02)
    raise TimeoutError(table)


async def cut(platform: Platform, engine: AsyncEngine, table: str) -> None:
    """End the platform at the door as a power cut would, its statements that wait there included."""
    await stands_at(engine, table)
    platform.kill()
    async with engine.connect() as connection:
        for pid in (await connection.execute(WAITING, {"table": table})).scalars().all():
            await connection.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})


@pytest.mark.parametrize("door", DOORS)
async def test_case_4_a_model_run_survives_a_kill_at_every_door(door: str, database_url: str, folder: Path) -> None:
    """Killed twice in a row there: exactly one run, one place in its history, status LODGED, one node, no delivery left."""
    table, written = DOORS[door]
    engine = make_engine(driver_url(database_url), 4)
    platform = Platform(folder, {"DATABASE_URL": database_url}).start()
    try:
        with platform.client() as http:
            things = Things(http).fill()
            record = things.record()
        async with AsyncExitStack() as closed:
            if table == "registry.model_runs":  # registering writes there, too, so it is closed while the run stands before it
                async with held(engine, GRAPH):
                    session = register(platform, record)
                    await stands_at(engine, GRAPH)
                    await closed.enter_async_context(held(engine, table))
            else:
                await closed.enter_async_context(held(engine, table))
                session = register(platform, record)
            await kills(platform, engine, table)
            assert await places(engine) == written
        platform.start()
        with platform.client() as http:
            told = Things(http)
            result = told.job(session)["result"]["record"]
            item = told.fetch(Kind.MODEL_RUN, result["id"])
            listed = told.told("POST", told.at(Kind.MODEL_RUN, "list"), json=NEWEST)["items"]
            again = told.explore("downstream", things.ids[Kind.DATASET], 1)

        assert [one["id"] for one in listed] == [result["id"]]
        assert (item["record_status"], len(item["history"]), bool(item["prov_serialisation"])) == ("LODGED", 1, True)
        assert [one["id"] for one in again["nodes"] if one["item_subtype"] == "MODEL_RUN"] == [result["id"]]
        assert await places(engine) == (1, 1, 1)
        assert await number(engine, "select count(*) from bus.parked") == 0
    finally:
        if platform.process is not None and platform.process.poll() is None:
            platform.stop()
        await engine.dispose()


async def test_a_batch_survives_kills_while_it_is_under_way(database_url: str, folder: Path) -> None:
    """Killed before the first run is in the graph and again when some are: one job, one entry and one lodged run for each."""
    engine = make_engine(driver_url(database_url), 4)
    platform = Platform(folder, {"DATABASE_URL": database_url}).start()
    try:
        with platform.client() as http:
            things = Things(http).fill()
            records = [things.record(display_name=f"run {number}") for number in range(BATCH)]
            async with held(engine, GRAPH):
                session = things.told("POST", "/prov/model_run/register_batch", json={"records": records})["session_id"]
                await cut(platform, engine, GRAPH)
                assert await lodged(engine) == 0
        platform.start()
        while await lodged(engine) == 0:
            await asyncio.sleep(0.01)
        platform.kill()
        platform.start()
        while await lodged(engine) < BATCH:
            await asyncio.sleep(0.05)
        with platform.client() as http:
            told = Things(http)
            jobs = batch(told, told.job(session)["result"]["batch_id"])
            for one in jobs:
                told.job(one["session_id"])
            names = sorted(record["display_name"] for record in records)

            assert sorted(one["payload"]["record"]["display_name"] for one in jobs) == names
            assert len({told.job(one["session_id"])["result"]["record"]["id"] for one in jobs}) == BATCH
        assert await number(engine, "select count(*) from registry.entries where kind = 'MODEL_RUN'") == BATCH
        assert await places(engine) == (BATCH, BATCH, BATCH)
        assert await number(engine, "select count(*) from bus.parked") == 0
    finally:
        if platform.process is not None and platform.process.poll() is None:
            platform.stop()
        await engine.dispose()


async def lodged(engine: AsyncEngine) -> int:
    """How many model runs the registry knows to be in the graph."""
    return await number(engine, "select count(*) from registry.model_runs where lodged > 0")


def batch(things: Things, batch_id: str) -> list[dict[str, Any]]:
    """All jobs of a batch."""
    found: list[dict[str, Any]] = []
    key: dict[str, Any] | None = None
    while True:
        asked = {"batch_id": batch_id, "limit": PAGE, "pagination_key": key}
        page = things.told("POST", "/jobs/jobs/user/list_batch", json=asked)
        found, key = found + page["jobs"], page["pagination_key"]
        if key is None:
            return found


async def places(engine: AsyncEngine) -> tuple[int, ...]:
    """How many model runs there are in registry, ledger and graph."""
    runs = "select count(*) from registry.model_runs m"
    lodged, drawn = f"{runs} join provenance.records r on r.record = m.handle", f"{runs} join {GRAPH} n on n.id = m.handle"
    return tuple([await number(engine, question) for question in (runs, lodged, drawn)])


def register(platform: Platform, record: dict[str, Any]) -> str:
    """Order a model run, and do not wait for it; the job's id."""
    with platform.client() as http:
        return str(Things(http).told("POST", "/prov/model_run/register", json=record)["session_id"])


async def kills(platform: Platform, engine: AsyncEngine, table: str) -> None:
    """Killed at the door; started again, delivered again, and killed there again."""
    for left in reversed(range(KILLS)):
        await cut(platform, engine, table)
        if left:
            platform.start()
