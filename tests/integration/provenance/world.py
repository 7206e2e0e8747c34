"""An oracle for the ledger: records in a dictionary, and what follows from them by the definition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.vocabulary import Category, Relation
from provenance.graph.answer import Dump
from provenance.graph.model import Graph, Link, Node

E, A = Category.ENTITY, Category.ACTIVITY


def thing(item: str, attributes: dict[str, Any] | None = None) -> Node:
    """An entity."""
    return Node(item, E, "FILE", attributes)


def uses(record: str, *things: str, said: dict[str, Any] | None = None, role: str | None = None) -> Graph:
    """A record that is an activity and uses things; it describes itself, and the things if `said` is given."""
    nodes = [Node(record, A, "WORKFLOW_RUN", {"prov:label": record}), *(thing(item, said) for item in things)]
    links = [Link(record, Relation.USED, item, {"prov:role": role} if role else None) for item in things]
    return Graph.of(nodes, links)


@dataclass
class Said:
    """A record as the oracle knows it."""

    revision: int
    tenant: str
    parent: str | None
    graph: Graph
    withdrawn: bool = False


@dataclass
class World:
    """What should be, by the definition."""

    records: dict[str, Said] = field(default_factory=dict)

    def lodge(self, record: str, revision: int, graph: Graph, tenant: str, parent: str | None = None) -> None:
        """The last revision of a record counts, unless its parent was withdrawn."""
        head = self.records.get(record)
        if (parent in self.records and self.records[parent].withdrawn) or (head and revision <= head.revision):
            return
        self.records[record] = Said(revision, tenant, parent, graph)

    def withdraw(self, record: str, revision: int, tenant: str) -> None:
        """A withdrawn record says nothing, and neither do those beneath it."""
        head = self.records.get(record)
        if head and revision <= head.revision:
            return
        self.records[record] = Said(revision, tenant, None, Graph(), withdrawn=True)
        for child in self.records.values():
            if child.parent == record:
                child.graph = Graph()

    def holders(self) -> dict[Any, set[str]]:
        """Which records assert an element."""
        found: dict[Any, set[str]] = {}
        for record, said in self.records.items():
            for element in (*said.graph.nodes, *said.graph.links):
                found.setdefault(element, set()).add(record)
        return found

    def dump(self) -> Dump:
        """The graph that must be."""
        nodes: dict[str, tuple[str, str, dict[str, Any]]] = {}
        links: dict[tuple[str, str, str], dict[str, Any]] = {}
        for _record, said in sorted(self.records.items()):
            for node in said.graph.nodes:
                _see(nodes.setdefault(node.id, (node.category.value, node.subtype, {}))[2], said.tenant, node.attributes)
            for link in said.graph.links:
                _see(links.setdefault((link.source, link.relation.value, link.target), {}), said.tenant, link.attributes)
        return Dump(nodes, links)


def _see(views: dict[str, Any], tenant: str, attributes: Mapping[str, Any] | None) -> None:
    if views.get(tenant) is None:
        views[tenant] = attributes
