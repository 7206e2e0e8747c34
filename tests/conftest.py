"""Markers by folder, one embedded PostgreSQL for the whole session, and what the tests of chaos have counted."""

import asyncio
import importlib.util
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings
from sqlalchemy import text
from sqlalchemy.engine import make_url

from chassis import migrate
from chassis.database import driver_url, make_engine, open_database
from tests import servers
from tests.chaos.table import TABLE

HERE = Path(__file__).parent
SERVICES = [name for name in ("registry", "executor", "provenance", "gateway") if importlib.util.find_spec(f"{name}.service")]
TEMPLATE = "template_reprovena"
settings.register_profile("reprovena", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("reprovena")


def pytest_report_header() -> list[str]:
    """Say which real servers the tests take, and how to get the others."""
    return servers.report()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What asks for no server is `presto`; the folders name the rest."""
    for item in items:
        folder = Path(item.path).relative_to(HERE).parts[0]
        if folder in {"e2e", "chaos"}:
            item.add_marker(folder)
        elif "database_server" in getattr(item, "fixturenames", ()):
            item.add_marker("database")
        elif folder == "unit":
            item.add_marker("presto")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands over what it counted."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["chaos"] = TABLE.lines


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker counted."""
    TABLE.lines += map(tuple, getattr(node, "workeroutput", {}).get("chaos", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of what was sent, done, lost and doubled."""
    if TABLE.lines:
        terminalreporter.section("sent, done, lost, doubled")
        for line in TABLE.text():
            terminalreporter.line(line)


@contextmanager
def a_folder() -> Iterator[Path]:
    """A folder for a database server: short enough for a socket, and no other test session tidies it away."""
    folder = Path(tempfile.mkdtemp(prefix="reprovena-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that a whole platform may live in."""
    with a_folder() as found:
        yield found


@pytest.fixture(scope="session")
def session_folder() -> Iterator[Path]:
    """A folder for as long as the tests run."""
    with a_folder() as found:
        yield found


@pytest.fixture(scope="session")
def database_server(session_folder: Path) -> Iterator[str]:
    """An embedded server with a template database that has every schema; its address."""
    folder = session_folder / "postgres"
    folder.mkdir()
    found: list[str] = []

    async def prepare() -> None:
        async with open_database(f"embedded:{folder}/pg", pool=2, password_file=folder / "password") as database:
            async with database.engine.connect() as connection:
                connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
                await connection.execute(text(f"create database {TEMPLATE}"))
                # hundreds of small databases come and go: what a power cut would do to them is nobody's concern
                for setting in ("fsync", "full_page_writes"):
                    await connection.execute(text(f"alter system set {setting} = off"))
                await connection.execute(text("alter system set max_wal_size = '2GB'"))
                await connection.execute(text("select pg_reload_conf()"))
            address = database.engine.url.set(database=TEMPLATE)
            engine = make_engine(address, 2)
            await migrate.upgrade(engine, "bus", "chassis.bus")
            for service in SERVICES:
                await migrate.upgrade(engine, service, service)
            await engine.dispose()
            found.append(address.render_as_string(hide_password=False))
            started.set()
            await asyncio.to_thread(done.wait)

    started, done = threading.Event(), threading.Event()
    failure: list[BaseException] = []

    def keep() -> None:
        try:
            asyncio.run(prepare())
        except BaseException as error:
            failure.append(error)
            started.set()

    keeper = threading.Thread(target=keep)
    keeper.start()
    started.wait()
    if failure:
        raise failure[0]
    yield found[0]
    done.set()
    keeper.join()


@pytest.fixture
async def database_url(database_server: str) -> AsyncIterator[str]:
    """A fresh database of one's own, with every schema up to date."""
    name = f"t_{uuid4().hex}"
    engine = make_engine(driver_url(database_server).set(database="postgres"), 1)
    async with engine.connect() as connection:
        connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"create database {name} template {TEMPLATE}"))
        yield make_url(database_server).set(database=name, drivername="postgresql").render_as_string(hide_password=False)
        await connection.execute(text(f"drop database {name} with (force)"))
    await engine.dispose()
