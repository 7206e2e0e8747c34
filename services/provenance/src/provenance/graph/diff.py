"""What has to happen so that a record says what it wants. Pure; the ledger stores what comes out, the projector carries it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contracts.vocabulary import Category, Relation
from provenance.graph.model import Attributes, Element, Graph, Link, Node


class Action(StrEnum):
    """The eight things that can happen to an element, in the order in which they are done."""

    ADD_RECORD_ID_TO_NODE = "ADD_RECORD_ID_TO_NODE"
    ADD_NEW_NODE = "ADD_NEW_NODE"
    ADD_RECORD_ID_TO_LINK = "ADD_RECORD_ID_TO_LINK"
    ADD_NEW_LINK = "ADD_NEW_LINK"
    REMOVE_RECORD_ID_FROM_LINK = "REMOVE_RECORD_ID_FROM_LINK"
    REMOVE_LINK = "REMOVE_LINK"
    REMOVE_RECORD_ID_FROM_NODE = "REMOVE_RECORD_ID_FROM_NODE"
    REMOVE_NODE = "REMOVE_NODE"


ACTIONS: Mapping[tuple[type[Element], bool, bool], Action] = {
    (Node, True, True): Action.ADD_RECORD_ID_TO_NODE,
    (Node, True, False): Action.ADD_NEW_NODE,
    (Link, True, True): Action.ADD_RECORD_ID_TO_LINK,
    (Link, True, False): Action.ADD_NEW_LINK,
    (Link, False, True): Action.REMOVE_RECORD_ID_FROM_LINK,
    (Link, False, False): Action.REMOVE_LINK,
    (Node, False, True): Action.REMOVE_RECORD_ID_FROM_NODE,
    (Node, False, False): Action.REMOVE_NODE,
}
"""By what the element is, whether it comes or goes, and whether others assert it."""
ORDER: Mapping[Action | None, int] = {**{action: place for place, action in enumerate(Action)}, None: len(Action)}


@dataclass(frozen=True, slots=True)
class Others:
    """What records beside the one in hand say of an element; at least one of them asserts it."""

    same_tenant: bool
    """Whether one of them belongs to the record's tenant."""
    described_by: str | None = None
    """Of those that belong to the tenant and describe it, the record with the lowest id."""
    attributes: Attributes | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a tenant's records together say of an element: whether it is, and how it is described.

    Of several descriptions that of the record with the lowest id counts, so it does not matter who came first. What one
    tenant says is never shown to another.
    """

    tenant: str
    held: bool
    attributes: Attributes | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happens to an element: one of the eight actions, a tenant's new view of it, or both."""

    element: Element
    record: str
    action: Action | None = None
    standing: Standing | None = None
    """Nothing where the tenant sees the element as before."""


def diff(record: str, tenant: str, manifest: Graph, wanted: Graph, others: Mapping[Element, Others]) -> list[Change]:
    """What to do so that a record which asserted `manifest` asserts `wanted`, in the order of doing it.

    `others` has every element of the two graphs that another record asserts.
    """
    before, after = manifest.said, wanted.said
    renewed = {node.id for node in wanted.nodes}
    changes = []
    for element in {**before, **after}:
        other = others.get(element)
        action = _action(element, element in before, element in after, shared=other is not None)
        was = _standing(record, tenant, before.get(element), other, mine=element in before)
        now = _standing(record, tenant, after.get(element), other, mine=element in after)
        # a node that comes back as another kind of thing is the same node to the graph, so it is not lost
        gone = isinstance(element, Node) and not now.held and element.id in renewed
        change = Change(element, record, action, None if was == now or gone else now)
        if change.action or change.standing:
            changes.append(change)
    return in_order(changes)


def in_order(changes: Iterable[Change]) -> list[Change]:
    """Changes in the order of execution; equal ones stay as they were."""
    return sorted(changes, key=lambda change: (ORDER[change.action], _name(change.element)))


def _name(element: Element) -> tuple[str, str, str]:
    match element:
        case Node(item, category, subtype):
            return item, category, subtype
        case Link(source, relation, target):
            return source, relation, target


def _action(element: Element, before: bool, after: bool, *, shared: bool) -> Action | None:
    return None if before == after else ACTIONS[type(element), after, shared]


def _standing(record: str, tenant: str, own: Attributes | None, other: Others | None, *, mine: bool) -> Standing:
    theirs = other is not None and other.same_tenant
    described = other.attributes if other else None
    if own is not None and (other is None or other.described_by is None or record < other.described_by):
        described = own
    return Standing(tenant, mine or theirs, described)


def dump(changes: Iterable[Change], record: str) -> list[list[Any]]:
    """Changes as JSON values, for the ledger's row of a record."""
    return [
        [
            change.action,
            change.record if change.record != record else None,
            type(change.element).__name__,
            *_name(change.element),
            _dump_standing(change.standing),
        ]
        for change in changes
    ]


def _dump_standing(standing: Standing | None) -> list[Any] | None:
    if standing is None:
        return None
    return [standing.tenant, standing.held, standing.attributes]


def load(rows: Iterable[list[Any]], record: str) -> list[Change]:
    """Changes from the JSON values that `dump` made."""
    changes = []
    for action, of, what, first, second, third, standing in rows:
        element: Element = (
            Node(first, CATEGORIES[second], third) if what == Node.__name__ else Link(first, RELATIONS[second], third)
        )
        changes.append(
            Change(element, of or record, Action(action) if action else None, Standing(*standing) if standing else None)
        )
    return changes


CATEGORIES: Mapping[str, Category] = {category.value: category for category in Category}
RELATIONS: Mapping[str, Relation] = {relation.value: relation for relation in Relation}


def actions(changes: Iterable[Change], nodes: Mapping[str, Node]) -> list[dict[str, Any]]:
    """The eight actions as Provena writes them; `nodes` has the ends of every link."""
    return [_action_json(change, nodes) for change in changes if change.action]


def _action_json(change: Change, nodes: Mapping[str, Node]) -> dict[str, Any]:
    said: dict[str, Any] = {"action_type": change.action}
    props = {"record_ids": change.record}
    match change.element:
        case Node() as node if change.action is Action.ADD_NEW_NODE:
            said["node"] = _node_json(node, props)
        case Node(item):
            said["node_id"] = item
        case Link(source, relation, target):
            ends: dict[str, Any] = {"source": _node_json(nodes[source], props), "target": _node_json(nodes[target], props)}
            said["link"] = ends | {"relation": relation, "props": props}
    if "RECORD_ID" in str(change.action):
        said["record_id"] = change.record
    return said


def _node_json(node: Node, props: dict[str, str]) -> dict[str, Any]:
    return {"id": node.id, "props": props, "subtype": node.subtype, "category": node.category}
