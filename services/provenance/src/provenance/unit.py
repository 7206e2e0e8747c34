"""What provenance's handlers and routes may touch, and its own settings."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property

from pydantic import Field, SecretStr

from chassis.house import House
from chassis.settings import Settings
from chassis.trouble import is_trouble
from chassis.unit import Unit
from provenance.graph.matching import check
from provenance.graph.options import Neo4jOptions
from provenance.graph.store import GraphStore, open_graph
from provenance.records.ledger import Ledger

log = logging.getLogger(__name__)


class ProvenanceSettings(Settings):
    """Where the graph lives, and how much one question may ask."""

    graph_url: str = "postgresql:"
    """`postgresql:` is the service's own database; `neo4j://[user:password@]host:port[/database]` (`bolt:`, `+s`) a Neo4j."""
    graph_user: str = "neo4j"
    graph_password: SecretStr = SecretStr("")
    """Who asks Neo4j, if `GRAPH_URL` does not say."""
    graph_read_seconds: float = Field(10.0, gt=0)
    """How long Neo4j may work on one answer."""
    graph_write_seconds: float = Field(120.0, gt=0)
    """How long it may work on one batch."""
    graph_patience: float = Field(10.0, gt=0)
    """Seconds in which the driver tries again what passes, before the work comes back later."""
    graph_pool: int = Field(50, ge=1)
    """Connections to Neo4j, at most."""
    lineage_depth: int = Field(20, ge=1)
    """Links from the start that an answer reaches if the question does not say."""
    lineage_depth_limit: int = Field(100, ge=1)
    """Links from the start that a question may ask for."""
    lineage_answer_limit: int = Field(5000, ge=1)
    """Nodes in one answer; what is farther away is cut off, and the answer says so."""
    provena_depth: int = Field(2, ge=1)
    """Links that an answer of Provena's shape reaches if the question does not say."""
    provena_special_depth: int = Field(4, ge=1)
    """The same for questions about contributing and effected things."""
    provena_depth_limit: int = Field(10, ge=1)
    """Links that a question of Provena's shape may ask for."""
    provena_answer_limit: int = Field(50_000, ge=1)
    """Nodes that such a question may meet; it cannot say that something is left out, so more are refused."""


@dataclass(frozen=True)
class ProvenanceParts:
    """Provenance's own door."""

    graph: GraphStore


ProvenanceHouse = House[ProvenanceParts]


class ProvenanceUnit(Unit[ProvenanceParts]):
    """A transaction over the ledger."""

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger; it takes its turn with the first write."""
        return Ledger(self.session, self.ring)


@asynccontextmanager
async def doors(house: ProvenanceHouse) -> AsyncIterator[ProvenanceParts]:
    """Open the graph that `GRAPH_URL` names, whatever is in it."""
    settings: ProvenanceSettings = house.settings
    options = Neo4jOptions(
        user=settings.graph_user,
        password=settings.graph_password.get_secret_value(),
        reading=settings.graph_read_seconds,
        writing=settings.graph_write_seconds,
        patience=settings.graph_patience,
        pool=settings.graph_pool,
    )
    graph = open_graph(settings.graph_url, house.engine, options)
    try:
        yield ProvenanceParts(graph)
    finally:
        await graph.close()


@asynccontextmanager
async def opened(house: ProvenanceHouse) -> AsyncIterator[ProvenanceParts]:
    """Open the graph, and refuse one that was not made from this ledger. One that is away is waited for by who needs it."""
    async with doors(house) as parts:
        try:
            await parts.graph.start()
            position = await parts.graph.position()
            async with house.sessions() as session:
                await check(session, position)
        except Exception as error:
            if not is_trouble(error):
                raise
            log.warning("the graph is away", exc_info=error)
        yield parts


def pings(house: ProvenanceHouse) -> dict[str, Callable[[], Awaitable[object]]]:
    """The graph answers."""
    return {"graph": house.parts.graph.ping}
