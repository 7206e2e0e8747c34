"""Lineage as Provena asks for it: what lies up or down, and of that the ways to and from datasets and agents.

What is registered is shown to everybody who may ask: who may read an entry is the registry's to say, which whoever prints the
answer can ask for all ids at once. What runs saw is shown to their tenants.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from chassis.refusal import refuse
from contracts.message import Caller
from contracts.problem import FieldError
from contracts.vocabulary import Category, Relation, Subtype
from provenance.graph.answer import Answer, Direction, Seen, Shown
from provenance.graph.store import GraphStore
from provenance.graph.walk import LEDGER, Walker
from provenance.records.registered import HANDLES, REGISTRY
from provenance.unit import ProvenanceSettings, ProvenanceUnit

NEAREST: Mapping[str, str] = {
    Subtype.STEP: "WORKFLOW_RUN",
    Subtype.WORKFLOW: "WORKFLOW_TEMPLATE",
    Subtype.PLAN: "WORKFLOW_TEMPLATE",
    Subtype.FILE: "DATASET",
    Subtype.CONTENT: "DATASET",
    Subtype.RESOURCE: "DATASET",
    Subtype.PARAMETER: "DATASET",
    Subtype.RESULTS: "DATASET",
    Subtype.STOP_REQUEST: "DATASET",
    Subtype.ACCOUNT: "PERSON",
    Subtype.TENANT: "ORGANISATION",
    Subtype.SOFTWARE: "SOFTWARE",
}
"""What Provena has no word for, by the nearest that it has; all other subtypes are words of its own."""
AGENTS = frozenset({Subtype.PERSON, Subtype.ORGANISATION})


class Query(StrEnum):
    """What can be asked."""

    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"
    CONTRIBUTING_DATASETS = "contributing_datasets"
    EFFECTED_DATASETS = "effected_datasets"
    CONTRIBUTING_AGENTS = "contributing_agents"
    EFFECTED_AGENTS = "effected_agents"


class NodeToldProvena(BaseModel):
    """A node; `registered` ones have an entry whose readers the registry knows."""

    model_config = ConfigDict(frozen=True)
    id: str
    item_category: str
    item_subtype: str
    registered: bool


class LinkToldProvena(BaseModel):
    """A link from an effect to its cause; between two nodes one at most is told."""

    model_config = ConfigDict(frozen=True)
    type: str
    source: str
    target: str


class ProvenaLineage(BaseModel):
    """The nodes and links that lie on ways as they were asked for, and how far these might be."""

    model_config = ConfigDict(frozen=True)
    depth: int
    nodes: tuple[NodeToldProvena, ...]
    links: tuple[LinkToldProvena, ...]


@dataclass(frozen=True)
class Found:
    """Nodes and links on the ways."""

    nodes: Sequence[Shown] = ()
    links: Sequence[Seen] = ()


class Asked(Protocol):
    """The graph as it is, or as it was."""

    async def lineage(self, root: str, direction: Direction, depth: int, limit: int) -> Answer | None:
        """What lies within `depth` links of a node."""
        ...

    async def agents(self, items: Sequence[str]) -> Sequence[tuple[Seen, Shown]]:
        """The links from nodes to agents."""
        ...


@dataclass(frozen=True)
class Present:
    """The graph as it is."""

    graph: GraphStore
    tenants: Sequence[str]

    async def lineage(self, root: str, direction: Direction, depth: int, limit: int) -> Answer | None:
        """What lies within `depth` links of a node."""
        return await self.graph.lineage(root, direction, depth, self.tenants, limit)

    async def agents(self, items: Sequence[str]) -> Sequence[tuple[Seen, Shown]]:
        """The links from nodes to agents."""
        return await self.graph.agents(items, self.tenants)


async def ask(
    unit: ProvenanceUnit, caller: Caller, item: str, query: Query, depth: int | None, as_of: int | datetime | None = None
) -> ProvenaLineage:
    """The answer to one of Provena's questions; an item that the graph does not know has none of anything."""
    settings: ProvenanceSettings = unit.house.settings
    special = query not in {Query.UPSTREAM, Query.DOWNSTREAM}
    depth = _depth(settings, depth, settings.provena_special_depth if special else settings.provena_depth)
    tenants = (*caller.tenants, REGISTRY)
    asked: Asked = Present(unit.parts.graph, tenants)
    if as_of is not None:
        asked = Walker(await unit.session.connection(), LEDGER, tenants, seq=await unit.ledger.point(as_of))
    return told(await find(asked, item, query, depth, settings.provena_answer_limit), depth)


async def find(asked: Asked, item: str, query: Query, depth: int, limit: int) -> Found:
    """What lies on the ways that a question asks for."""
    up = query in {Query.UPSTREAM, Query.CONTRIBUTING_DATASETS, Query.CONTRIBUTING_AGENTS}
    answer = await asked.lineage(item, Direction.UP if up else Direction.DOWN, depth, limit)
    if answer is None:
        return Found()
    if answer.truncated:
        raise refuse("provenance:answer-too-large", f"more than {limit} nodes lie around {item}; ask for a smaller depth")
    nodes = {node.id: node for node in answer.nodes if not node.restricted}
    links = [link for link in answer.links if link.source in nodes and link.target in nodes]
    wanted = WANTED.get(query)
    if wanted:
        goals = {node.id for node in nodes.values() if wanted(node)}
        links = on_ways(item, links, goals, depth, up=up)
    elif query is Query.EFFECTED_AGENTS:
        to_agents = [(link, agent) for link, agent in await asked.agents(list(nodes)) if agent.subtype in AGENTS]
        links = [*on_ways(item, links, {link.source for link, _ in to_agents}, depth, up=up), *(link for link, _ in to_agents)]
        nodes |= {agent.id: agent for _, agent in to_agents}
    ends = dict.fromkeys(end for link in links for end in (link.source, link.target))
    return Found([node for name, node in nodes.items() if name in ends], links)


def on_ways(root: str, links: Sequence[Seen], goals: Iterable[str], depth: int, *, up: bool) -> list[Seen]:
    """Those links that lie on a way of at most `depth` links from a node to a goal.

    A way that is no longer than allowed leads over a link if the shortest way to it, the link itself, and the shortest way
    on from it are no longer together. Both distances are found in one walk each, so the cost is that of the links.
    """
    steps = [(link, link.source, link.target) if up else (link, link.target, link.source) for link in links]
    there = _distances([root], ((near, far) for _, near, far in steps))
    back = _distances(goals, ((far, near) for _, near, far in steps))
    return [link for link, near, far in steps if near in there and far in back and there[near] + 1 + back[far] <= depth]


def told(found: Found, depth: int) -> ProvenaLineage:
    """What was found in Provena's words. Of several relations between two nodes one is told, the same each time."""
    nodes = [
        NodeToldProvena(
            id=node.id,
            item_category=node.category.value,
            item_subtype=NEAREST.get(node.subtype or "", node.subtype or ""),
            registered=node.subtype in HANDLES,
        )
        for node in found.nodes
    ]
    between: dict[tuple[str, str], str] = {}
    for link in found.links:
        relation, ends = link.relation.value, (link.source, link.target)
        between[ends] = min(between.get(ends, relation), relation, key=RELATIONS.index)
    links = [LinkToldProvena(type=between[ends], source=ends[0], target=ends[1]) for ends in sorted(between)]
    return ProvenaLineage(depth=depth, nodes=tuple(nodes), links=tuple(links))


RELATIONS = tuple(relation.value for relation in Relation)


def _dataset(node: Shown) -> bool:
    return node.category is Category.ENTITY and node.subtype == Subtype.DATASET


def _agent(node: Shown) -> bool:
    return node.category is Category.AGENT and node.subtype in AGENTS


WANTED: Mapping[Query, Callable[[Shown], bool]] = {
    Query.CONTRIBUTING_DATASETS: _dataset,
    Query.EFFECTED_DATASETS: _dataset,
    Query.CONTRIBUTING_AGENTS: _agent,
}
"""What is at the end of a way; only what is registered counts."""


def _distances(starts: Iterable[str], steps: Iterable[tuple[str, str]]) -> dict[str, int]:
    beside: dict[str, list[str]] = {}
    for near, far in steps:
        beside.setdefault(near, []).append(far)
    found = dict.fromkeys(starts, 0)
    fresh = list(found)
    while fresh:
        met = [far for near in fresh for far in beside.get(near, ()) if far not in found]
        found |= {far: found[near] + 1 for near in fresh for far in beside.get(near, ()) if far not in found}
        fresh = list(dict.fromkeys(met))
    return found


def _depth(settings: ProvenanceSettings, depth: int | None, usual: int) -> int:
    limit = settings.provena_depth_limit
    if not depth:
        return min(usual, limit)
    if depth > limit:
        text = f"Depth provided is in excess of depth maximum: {limit}."
        raise refuse("provenance:beyond-depth", text, FieldError(detail=text, field="depth"))
    if depth < 0:
        text = f"a depth from 1 to {limit} can be asked for, not {depth}"
        raise refuse("provenance:beyond-depth", text, FieldError(detail=text, field="depth"))
    return depth
