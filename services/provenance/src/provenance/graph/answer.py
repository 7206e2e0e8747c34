"""What the graph answers: a part of it, as the caller's tenants may see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from contracts.vocabulary import Category, Relation
from provenance.graph.model import Attributes

Relations = Sequence[Relation]
ANY: Relations = ()
"""A walk that goes along every relation."""
DATA: Relations = (
    Relation.USED,
    Relation.WAS_GENERATED_BY,
    Relation.WAS_DERIVED_FROM,
    Relation.ALTERNATE_OF,
    Relation.SPECIALIZATION_OF,
    Relation.HAD_MEMBER,
)
"""A walk that goes from file to file through what used and wrote them, and never by way of who started whom."""


class Direction(StrEnum):
    """Where a walk goes: up to causes, or down to effects."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Shown:
    """A node as a caller may see it; a restricted one is a stub with an id that means nothing elsewhere."""

    id: str
    category: Category
    subtype: str | None = None
    attributes: Attributes = field(default_factory=dict)
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A link as a caller may see it."""

    source: str
    relation: Relation
    target: str
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """A part of the graph: nodes from near to far, links in the order of their ends."""

    root: str
    nodes: tuple[Shown, ...]
    links: tuple[Seen, ...] = ()
    truncated: bool = False
    """Whether the limit left out nodes that are farther away."""
    seq: int | None = None
    """The point of the ledger that it shows; nothing where that is the present."""


@dataclass(frozen=True, slots=True)
class Dump:
    """Everything in a graph, comparable: by node id and by link, what each tenant says of it."""

    nodes: Mapping[str, tuple[str, str, Mapping[str, Attributes | None]]]
    links: Mapping[tuple[str, str, str], Mapping[str, Attributes | None]]
