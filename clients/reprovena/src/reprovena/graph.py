"""A piece of the provenance graph as the server answers it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reprovena.models import Document, documents, text


@dataclass(frozen=True)
class Node:
    """An entity, activity or agent of the provenance graph."""

    id: str
    category: str
    subtype: str
    label: str
    attributes: Document
    restricted: bool = False

    @classmethod
    def of(cls, document: Document) -> "Node":
        """Read a node."""
        attributes = document.get("attributes")
        return cls(
            id=text(document, "id"),
            category=text(document, "category"),
            subtype=text(document, "subtype"),
            label=text(document, "label"),
            attributes=attributes if isinstance(attributes, Mapping) else {},
            restricted=bool(document.get("restricted")),
        )


@dataclass(frozen=True)
class Link:
    """A relation from an effect to its cause."""

    source: str
    target: str
    relation: str


@dataclass(frozen=True)
class Lineage:
    """What came before or after something."""

    root: str
    nodes: Mapping[str, Node]
    links: tuple[Link, ...]
    truncated: bool
    document: Document = field(repr=False)

    @classmethod
    def of(cls, document: Document) -> "Lineage":
        """Read an answer of lineage or path."""
        nodes = [Node.of(item) for item in documents(document.get("nodes"))]
        links = [
            Link(text(item, "source"), text(item, "target"), text(item, "relation"))
            for item in documents(document.get("links"))
        ]
        return cls(
            root=text(document, "root"),
            nodes={node.id: node for node in nodes},
            links=tuple(links),
            truncated=bool(document.get("truncated")),
            document=document,
        )
