"""Where things come from and where they went: answers for a caller, from the graph as it is or the ledger as it was."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from chassis.refusal import Refusal, refuse
from contracts.ids import run_id
from contracts.message import Caller
from contracts.problem import FieldError
from contracts.vocabulary import Category, Relation
from provenance.graph.answer import ANY, DATA, Answer, Direction, Relations, Shown
from provenance.graph.model import Graph, Link, Node
from provenance.graph.store import GraphStore
from provenance.graph.walk import LEDGER, Walker
from provenance.lineage.told import Told
from provenance.records import queries
from provenance.records.names import last_part
from provenance.records.registered import HANDLES
from provenance.unit import ProvenanceSettings, ProvenanceUnit

RESTRICTED = "RESTRICTED"


class NodeShown(BaseModel):
    """A node of an answer."""

    model_config = ConfigDict(frozen=True)
    id: str
    category: str
    subtype: str | None
    label: str
    attributes: dict[str, Any]
    restricted: bool
    registered: bool = False
    """Whether it has an entry, of which the registry knows the readers."""


class LinkShown(BaseModel):
    """A link of an answer, from the effect to its cause."""

    model_config = ConfigDict(frozen=True)
    source: str
    target: str
    relation: str
    attributes: dict[str, Any]


class Lineage(BaseModel):
    """A part of the graph; nodes from near to far."""

    model_config = ConfigDict(frozen=True)
    root: str
    nodes: tuple[NodeShown, ...]
    links: tuple[LinkShown, ...]
    truncated: bool
    seq: int | None = None
    """The point of the ledger that it shows; nothing where that is the present."""


class RecordState(BaseModel):
    """How far a record is: `lodged` is in the graph, `captured` with all its steps."""

    model_config = ConfigDict(frozen=True)
    record: str
    revision: int
    lodged: bool
    captured: bool


@dataclass(frozen=True)
class Present:
    """The graph as it is, asked like the past."""

    graph: GraphStore
    tenants: Sequence[str]

    async def lineage(self, root: str, direction: Direction, depth: int, limit: int) -> Answer | None:
        """What lies within `depth` links of a node."""
        return await self.graph.lineage(root, direction, depth, self.tenants, limit)

    async def path(self, source: str, target: str, depth: int, limit: int, relations: Relations = ANY) -> Answer | None:
        """The shortest way from an effect up to a cause, along these relations."""
        return await self.graph.path(source, target, depth, self.tenants, limit, relations)

    async def node(self, item: str) -> Shown | None:
        """A node, if one of the tenants asserts it."""
        return await self.graph.node(item, self.tenants)


async def lineage(
    unit: ProvenanceUnit,
    caller: Caller,
    item: str,
    direction: Direction,
    depth: int | None,
    as_of: int | datetime | None = None,
) -> Answer:
    """What lies up or down from a node, now or as of a moment."""
    settings: ProvenanceSettings = unit.house.settings
    seq, asked = await _asked(unit, caller, as_of)
    answer = await asked.lineage(item, direction, _depth(settings, depth), settings.lineage_answer_limit)
    if answer is None:
        raise _no_node(item)
    return replace(answer, seq=seq)


async def path(
    unit: ProvenanceUnit, caller: Caller, source: str, target: str, depth: int | None, as_of: int | datetime | None = None
) -> Answer:
    """The shortest way between two nodes: up from `source`, or, if none leads there, up from `target`.

    A way through files is taken before a shorter one by way of who started whom: everything of a run is near its run.
    """
    settings: ProvenanceSettings = unit.house.settings
    depth, limit = _depth(settings, depth), settings.lineage_answer_limit
    seq, asked = await _asked(unit, caller, as_of)
    for item in (source, target):
        if await asked.node(item) is None:
            raise _no_node(item)
    cut = False
    for relations, ends in product((DATA, ANY), ((source, target), (target, source))):
        answer = await asked.path(*ends, depth, limit, relations)
        if answer and answer.nodes:
            return replace(answer, seq=seq)
        cut = cut or answer is not None
    if cut:
        raise refuse("provenance:answer-too-large", f"more than {limit} nodes lie around {source}; ask for a smaller depth")
    raise refuse("provenance:no-path", f"no path of at most {depth} links between {source} and {target}")


async def statement(unit: ProvenanceUnit, caller: Caller, record: str) -> Graph:
    """What a record and those beneath it say."""
    head = (await queries.heads(unit.session, [record])).get(record)
    if head is None or head.withdrawn or head.tenant not in caller.tenants:
        raise _no_record(record)
    return await queries.together(unit.session, [record, *await queries.children(unit.session, record)])


async def pair(unit: ProvenanceUnit, caller: Caller, run: UUID, other: UUID, *, of_any: bool) -> tuple[Told, Told]:
    """What two runs say of themselves, to be compared; they are of one workflow unless any will do."""
    one, two = [Told(item, await statement(unit, caller, run_id(item))) for item in (run, other)]
    named = [told.workflow()["name"] for told in (one, two)]
    if named[0] != named[1] and not of_any:
        text = f"one is a run of {named[0]}, the other of {named[1]}; say any=true to compare them all the same"
        raise refuse("provenance:not-comparable", text, FieldError(detail=text, field="other"))
    return one, two


async def state(unit: ProvenanceUnit, caller: Caller, record: str) -> RecordState:
    """How far a record is."""
    head = (await queries.heads(unit.session, [record])).get(record)
    if head is None or head.tenant not in caller.tenants:
        raise _no_record(record)
    position = await unit.parts.graph.position()
    lodged = not head.withdrawn and position is not None and head.seq <= position.seq
    return RecordState(
        record=record, revision=head.revision, lodged=lodged, captured=await queries.captured(unit.session, record)
    )


def shown(answer: Answer) -> Lineage:
    """An answer as it goes out."""
    return Lineage(
        root=answer.root,
        nodes=tuple(
            NodeShown(
                id=node.id,
                category=node.category.value,
                subtype=node.subtype,
                label="restricted" if node.restricted else _label(node.id, node.attributes.get("prov:label")),
                attributes=dict(node.attributes),
                restricted=node.restricted,
                registered=node.subtype in HANDLES,
            )
            for node in answer.nodes
        ),
        links=tuple(
            LinkShown(source=link.source, target=link.target, relation=link.relation.value, attributes=dict(link.attributes))
            for link in answer.links
        ),
        truncated=answer.truncated,
        seq=answer.seq,
    )


def as_graph(told: Lineage) -> Graph:
    """An answer that went out, and came back from whoever hid some of it, as a graph for documents and drawings."""
    return Graph.of(
        (Node(node.id, Category(node.category), node.subtype or RESTRICTED, node.attributes) for node in told.nodes),
        (Link(link.source, Relation(link.relation), link.target, link.attributes or None) for link in told.links),
    )


async def _asked(unit: ProvenanceUnit, caller: Caller, as_of: int | datetime | None) -> tuple[int | None, Present | Walker]:
    """Whom to ask: the graph as it is, or the ledger as it was at a point, which it has reached."""
    if as_of is None:
        return None, Present(unit.parts.graph, caller.tenants)
    point = await unit.ledger.point(as_of)
    return point, Walker(await unit.session.connection(), LEDGER, caller.tenants, seq=point)


def _depth(settings: ProvenanceSettings, depth: int | None) -> int:
    if depth is None:
        return min(settings.lineage_depth, settings.lineage_depth_limit)
    if not 1 <= depth <= settings.lineage_depth_limit:
        text = f"a depth from 1 to {settings.lineage_depth_limit} can be asked for, not {depth}"
        raise refuse("gateway:invalid", text, FieldError(detail=text, field="depth"))
    return depth


def _no_node(item: str) -> Refusal:
    return refuse("provenance:no-such-node", f"no node {item}")


def _no_record(record: str) -> Refusal:
    return refuse("provenance:no-such-record", f"no record {record}")


def _label(item: str, label: object) -> str:
    if isinstance(label, str) and label:
        return label
    return last_part(item) or item
