"""The ledger on a real database, with and without the house around it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from chassis.database import driver_url
from chassis.testing import a_house
from provenance.records.ledger import Ledger
from provenance.service import provenance
from provenance.unit import ProvenanceHouse, ProvenanceSettings


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """The database, empty, with the schema up to date."""
    engine = create_async_engine(driver_url(database_url), pool_size=10)
    yield engine
    await engine.dispose()


class Writing:
    """Opens a transaction with a ledger in it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.sessions = async_sessionmaker(engine, expire_on_commit=False)
        self.rung: set[str] = set()

    @asynccontextmanager
    async def ledger(self) -> AsyncIterator[Ledger]:
        """A transaction, committed at the end."""
        async with self.sessions.begin() as session:
            yield Ledger(session, self.rung.add)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A transaction without a ledger."""
        async with self.sessions.begin() as session:
            yield session


@pytest.fixture
def writing(engine: AsyncEngine) -> Writing:
    """Transactions over the ledger."""
    return Writing(engine)


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[ProvenanceHouse]:
    """Provenance, standing alone, its loops asleep: tests take the turns themselves."""
    quiet: Any = {"loops": (), "subscriptions": provenance.subscriptions}
    service = type(provenance)(**{**{f: getattr(provenance, f) for f in provenance.__dataclass_fields__}, **quiet})
    settings = ProvenanceSettings(database_url=database_url, files_url=f"file:{tmp_path}/files", state=tmp_path)
    async with a_house(service, settings, hears=False) as house:
        yield house
