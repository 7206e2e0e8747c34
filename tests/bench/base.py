"""What several parts stand on."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.assembly import bring_up_to_date
from chassis.database import open_database
from provenance.service import provenance


@asynccontextmanager
async def a_ledger() -> AsyncIterator[tuple[AsyncEngine, Path]]:
    """An embedded PostgreSQL with provenance's schema, and a folder."""
    with tempfile.TemporaryDirectory(prefix="reprovena-bench-") as name:
        folder = Path(name)
        async with open_database(f"embedded:{folder}/pg", pool=5, password_file=folder / "password") as database:
            await bring_up_to_date([provenance], database.engine)
            yield database.engine, folder


def address(engine: AsyncEngine) -> str:
    """Where other processes find a database."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
