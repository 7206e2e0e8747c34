"""What changes do to the graph, as the server answers it."""

from dataclasses import dataclass, field
from datetime import datetime

from reprovena.models import Document, documents, moment, number, text, words


@dataclass(frozen=True)
class Action:
    """One thing that happens to the graph: a node or a link comes or goes, or one record more or less says it."""

    kind: str
    node: str | None
    """The node, or nothing where it happens to a link."""
    source: str | None
    relation: str | None
    target: str | None
    document: Document = field(repr=False)

    @classmethod
    def of(cls, document: Document) -> "Action":
        """Read an action."""
        node, link = document.get("node") or {}, document.get("link") or {}
        return cls(
            kind=text(document, "action_type"),
            node=words(document.get("node_id") or node.get("id")),
            source=words((link.get("source") or {}).get("id")),
            relation=words(link.get("relation")),
            target=words((link.get("target") or {}).get("id")),
            document=document,
        )


@dataclass(frozen=True)
class Diff:
    """What would happen, in the order of doing it."""

    actions: tuple[Action, ...]
    document: Document = field(repr=False)

    @classmethod
    def of(cls, document: Document) -> "Diff":
        """Read a preview."""
        return cls(tuple(Action.of(item) for item in documents(document.get("diff"))), document)


@dataclass(frozen=True)
class Applied:
    """A revision of a record, and what it did."""

    record: str
    revision: int | None
    at: datetime | None
    withdrawn: bool
    actions: tuple[Action, ...]
    document: Document = field(repr=False)

    @classmethod
    def of(cls, document: Document) -> "Applied":
        """Read a revision."""
        return cls(
            record=text(document, "record"),
            revision=number(document.get("revision")),
            at=moment(document.get("at")),
            withdrawn=bool(document.get("withdrawn")),
            actions=tuple(Action.of(item) for item in documents(document.get("diff"))),
            document=document,
        )
