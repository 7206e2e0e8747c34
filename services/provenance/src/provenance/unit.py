"""What provenance's handlers and routes may touch, and its own settings."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property

from pydantic import Field

from chassis.house import House
from chassis.settings import Settings
from chassis.unit import Unit
from provenance.graph.store import GraphStore, open_graph
from provenance.records.ledger import Ledger


class ProvenanceSettings(Settings):
    """Where the graph lives, and how much one question may ask."""

    graph_url: str = "postgresql:"
    """`postgresql:` is the service's own database."""
    lineage_depth: int = Field(20, ge=1)
    """Links from the start that an answer reaches if the question does not say."""
    lineage_depth_limit: int = Field(100, ge=1)
    """Links from the start that a question may ask for."""
    lineage_answer_limit: int = Field(5000, ge=1)
    """Nodes in one answer; what is farther away is cut off, and the answer says so."""


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
async def opened(house: ProvenanceHouse) -> AsyncIterator[ProvenanceParts]:
    """Open the graph that `GRAPH_URL` names."""
    graph = open_graph(house.settings.graph_url, house.engine)
    await graph.start()
    yield ProvenanceParts(graph)


def pings(house: ProvenanceHouse) -> dict[str, Callable[[], Awaitable[object]]]:
    """The graph answers."""
    return {"graph": house.parts.graph.ping}
