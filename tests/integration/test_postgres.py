"""PostgreSQL as a server of its own: a database for each service, brought up to date by a command."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.servers import server

from chassis import migrate
from chassis.database import driver_url, make_engine, open_database, ping


@pytest.fixture
async def keeper() -> AsyncIterator[AsyncEngine]:
    """The superuser."""
    engine = make_engine(driver_url(server("postgres_url")), 1)
    yield engine
    await engine.dispose()


@pytest.fixture
async def own_url(keeper: AsyncEngine) -> AsyncIterator[str]:
    """An empty database and its owner, who is nobody special."""
    name = f"t_{uuid4().hex}"
    async with keeper.connect() as connection:
        connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"create role {name} login password 'for-tests'"))
        await connection.execute(text(f"create database {name} owner {name}"))
    url = make_url(server("postgres_url")).set(username=name, password="for-tests", database=name)
    yield url.render_as_string(hide_password=False)
    async with keeper.connect() as connection:
        connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"drop database {name} with (force)"))
        await connection.execute(text(f"drop role {name}"))


@pytest.mark.parametrize("service", ["registry", "executor", "provenance", "gateway"])
async def test_a_service_is_brought_up_to_date_by_a_command(service: str, own_url: str, folder: Path) -> None:
    """`python -m <service> migrate` makes the service's own schemas, with no rights but its owner's; again, it does nothing."""
    environment = os.environ | {"DATABASE_URL": own_url, "STATE": str(folder)}
    for _ in range(1 + (service == "registry")):
        command = [sys.executable, "-m", service, "migrate"]
        ended = await asyncio.to_thread(subprocess.run, command, env=environment, cwd=folder, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr

    async with open_database(own_url, pool=2, password_file=folder / "unused") as database:
        assert not database.embedded
        assert await migrate.behind(database.engine, "bus", "chassis.bus") is None
        assert await migrate.behind(database.engine, service, service) is None
        async with database.engine.connect() as connection:
            found = await connection.scalars(text("select nspname from pg_namespace where nspname !~ '^pg_'"))
            assert set(found) == {"bus", service, "public", "information_schema"}
    assert not (folder / "unused").exists()


async def test_the_server_knows_who_is_connected(own_url: str, folder: Path) -> None:
    """Connections have the service's name, compile nothing, and name their statements as nobody else does."""
    opened = open_database(own_url, pool=2, password_file=folder / "unused", name="registry")
    async with opened as database, database.engine.connect() as connection:
        shown = {name: await connection.scalar(text(f"show {name}")) for name in ("application_name", "jit")}
        names = list(await connection.scalars(text("select name from pg_prepared_statements where statement like 'show%'")))

    assert shown == {"application_name": "registry", "jit": "off"}
    assert names
    assert all(name.startswith("s_") and len(name) == 34 for name in names)


async def test_a_pool_is_as_large_as_it_is_set(own_url: str, folder: Path) -> None:
    """No more than `pool` and `overflow` connections are ever open; whoever is one too many waits."""
    async with open_database(own_url, pool=1, overflow=2, password_file=folder / "unused") as database:
        database.engine.pool._timeout = 0.2
        held = [await database.engine.connect() for _ in range(3)]

        with pytest.raises(NoConnection):
            await database.engine.connect()

        for connection in held:
            await connection.close()
        await ping(database.engine)


@pytest.mark.parametrize("noticed", [True, False])
async def test_a_lost_connection_costs_nobody_an_error(
    own_url: str, folder: Path, keeper: AsyncEngine, monkeypatch: pytest.MonkeyPatch, noticed: bool
) -> None:
    """A server that ended all connections is simply connected to again, whether we have heard of it or lay still for long."""
    monkeypatch.setattr("chassis.database.STILL", 3600 if noticed else 0)
    async with open_database(own_url, pool=2, password_file=folder / "unused") as database:
        async with database.engine.connect() as connection:
            lost = (await connection.get_raw_connection()).driver_connection
        async with keeper.connect() as connection:
            name = make_url(own_url).database
            ended = text("select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = :name")
            assert await connection.scalar(ended, {"name": name})
        async with asyncio.timeout(60):
            while noticed and not lost.is_closed():  # a busy server takes its time to hang up
                await asyncio.sleep(0.05)

        await ping(database.engine)


async def test_libpqs_addresses_are_understood(own_url: str, folder: Path) -> None:
    """`sslmode` in an address means what it means to libpq."""
    for mode, works in (("disable", True), ("prefer", True), ("require", False)):
        async with open_database(f"{own_url}?sslmode={mode}", pool=1, password_file=folder / "unused") as database:
            if works:
                await ping(database.engine)
            else:
                with pytest.raises(ConnectionError):
                    await ping(database.engine)


async def test_other_addresses_are_refused(folder: Path) -> None:
    """An address that no database answers to is a mistake that names those that do."""
    with pytest.raises(ValueError, match="use embedded:<folder> or postgresql:"):
        async with open_database("mysql://x", pool=1, password_file=folder / "unused"):
            pass
