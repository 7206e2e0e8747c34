"""What the graph is made of. Pure, frozen, hashable: a node is its id and kind, a link its ends and relation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from contracts.vocabulary import Category, Relation

Attributes = Mapping[str, Any]
"""JSON values by PROV name (`prov:startTime`, `reprovena:exitCode`, `prov:label`); no key has a null value."""


@dataclass(frozen=True, slots=True)
class Node:
    """An entity, activity or agent. Equality leaves the attributes out: they describe it, they do not make it."""

    id: str
    category: Category
    subtype: str
    attributes: Attributes | None = field(default=None, compare=False)
    """What its owner says of it; nothing where a record only refers to it."""
    _hash: int = field(init=False, repr=False, compare=False)
    """Worked out once: an element is looked up a dozen times on its way into the ledger."""

    def __post_init__(self) -> None:
        """Work out the hash."""
        object.__setattr__(self, "_hash", hash((self.id, self.category, self.subtype)))

    def __hash__(self) -> int:
        """As equality, without the attributes."""
        return self._hash


@dataclass(frozen=True, slots=True)
class Link:
    """A relation from an effect to its cause. At most one of each relation lies between two nodes."""

    source: str
    relation: Relation
    target: str
    attributes: Attributes | None = field(default=None, compare=False)
    """Roles, times, the plan: what one record says of this relation."""
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out the hash."""
        object.__setattr__(self, "_hash", hash((self.source, self.relation, self.target)))

    def __hash__(self) -> int:
        """As equality, without the attributes."""
        return self._hash


Element = Node | Link
"""What a record asserts, one by one."""


@dataclass(frozen=True)
class Graph:
    """What a record states: the union of graphs is the graph of the union."""

    nodes: frozenset[Node] = frozenset()
    links: frozenset[Link] = frozenset()

    @classmethod
    def of(cls, nodes: Iterable[Node], links: Iterable[Link]) -> "Graph":
        """A graph of these; every link's ends are among the nodes (`ValueError` otherwise)."""
        graph = cls(frozenset(nodes), frozenset(links))
        known = {node.id for node in graph.nodes}
        if missing := {end for link in graph.links for end in (link.source, link.target)} - known:
            msg = f"links lead to nodes that are not stated: {sorted(missing)}"
            raise ValueError(msg)
        return graph

    @cached_property
    def said(self) -> Mapping[Element, Attributes | None]:
        """Every element, with its description."""
        elements: list[Element] = [*self.nodes, *self.links]
        return {element: element.attributes for element in elements}
