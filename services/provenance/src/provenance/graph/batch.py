"""What the projector carries: the ledger's changes between two positions, net."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from provenance.graph.diff import Change
from provenance.graph.model import Attributes, Element, Link, Node


class StalePosition(Exception):
    """Another projector was faster; whoever meets this reads the position again."""


class AnotherLedger(ValueError):
    """The graph was made from another ledger; only clearing it and projecting anew mends that."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far which ledger is in the graph."""

    ledger: UUID
    seq: int
    mark: str = field(default="", compare=False)
    """Tells the revision at `seq` from any other; empty in a store that cannot part from its ledger."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What changes on an element: how tenants that hold it now describe it, and who no longer holds it."""

    element: Element
    held: Mapping[str, Attributes | None]
    lost: frozenset[str]


@dataclass(frozen=True, slots=True)
class Batch:
    """What lies between two positions, net: each element once."""

    ledger: UUID
    start: int
    end: int
    nodes: tuple[Touched, ...] = ()
    links: tuple[Touched, ...] = ()
    mark: str = ""
    """Of the revision at `end`."""


def judge(now: Position | None, batch: Batch) -> None:
    """Say why the position did not move, unless the batch is already in."""
    if now and now.ledger != batch.ledger:
        msg = f"the graph was made from ledger {now.ledger}, this is {batch.ledger}"
        raise AnotherLedger(msg)
    if now is None or now.seq != batch.end:
        msg = f"the graph is at {now.seq if now else None}, not at {batch.start}"
        raise StalePosition(msg)


def fold(ledger: UUID, start: int, end: int, changes: Iterable[Change], mark: str = "") -> Batch:
    """Many changes, in the order of the ledger, as one batch; later ones win."""
    elements: dict[str | Link, Element] = {}
    views: dict[str | Link, dict[str, Attributes | None]] = {}
    lost: dict[str | Link, set[str]] = {}
    for change in changes:
        if (standing := change.standing) is None:
            continue
        key = change.element.id if isinstance(change.element, Node) else change.element
        held, gone = views.setdefault(key, {}), lost.setdefault(key, set())
        if standing.held:
            elements[key] = change.element  # a node may have become another kind of thing
            held[standing.tenant] = standing.attributes
            gone.discard(standing.tenant)
        else:
            elements.setdefault(key, change.element)
            held.pop(standing.tenant, None)
            gone.add(standing.tenant)
    touched = [Touched(element, views[key], frozenset(lost[key])) for key, element in elements.items()]
    return Batch(
        ledger,
        start,
        end,
        tuple(t for t in touched if isinstance(t.element, Node)),
        tuple(t for t in touched if isinstance(t.element, Link)),
        mark,
    )
