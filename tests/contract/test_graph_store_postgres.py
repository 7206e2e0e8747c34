"""The graph store in PostgreSQL."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from tests.contract.graph_store import GraphStoreContract

from chassis.database import driver_url
from provenance.graph.store import GraphStore, open_graph


class TestPostgresGraph(GraphStoreContract):
    """The suite on the service's own database."""

    @pytest.fixture
    async def store(self, database_url: str) -> AsyncIterator[GraphStore]:
        """A store in a fresh database."""
        engine = create_async_engine(driver_url(database_url))
        yield open_graph("postgresql:", engine)
        await engine.dispose()

    async def test_other_addresses_are_refused(self) -> None:
        """An address that no store answers to is a mistake that names those that do."""
        with pytest.raises(ValueError, match="use postgresql:"):
            open_graph("http://graph", None)
