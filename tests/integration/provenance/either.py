"""Provenance with its graph in PostgreSQL or in a Neo4j of its own; its loops asleep."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.servers import server

from chassis.testing import a_house
from provenance.graph.store import open_graph
from provenance.service import provenance
from provenance.unit import ProvenanceHouse, ProvenanceSettings

STORES = ("postgresql", "neo4j")


@asynccontextmanager
async def a_provenance(store: str, database_url: str, folder: Path, **more: Any) -> AsyncIterator[ProvenanceHouse]:
    """An empty house with that store."""
    address = "postgresql:"
    if store == "neo4j":
        address = server("neo4j_url")
        graph = open_graph(address, None)
        await graph.start()
        await graph.clear()
        await graph.close()
    told: dict[str, Any] = {"files_url": f"file:{folder}/files", "state": folder, "graph_url": address, **more}
    told.setdefault("graph_patience", 60)  # a busy server is not one that is away
    settings = ProvenanceSettings(database_url=database_url, **told)
    async with a_house(replace(provenance, loops=()), settings, hears=False) as house:
        yield house
