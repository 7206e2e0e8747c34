"""Puts a graph together: a description wins over a mere reference, one link holds all its roles."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from contracts.vocabulary import Category, Relation, Subtype
from provenance.graph.model import Graph, Link, Node

# What XML 1.0 and PostgreSQL's jsonb cannot hold; a log's last lines may well contain it.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CATEGORIES: Mapping[str, Category] = {
    Subtype.RUN: Category.ACTIVITY,
    Subtype.STEP: Category.ACTIVITY,
    Subtype.ACCOUNT: Category.AGENT,
    Subtype.TENANT: Category.AGENT,
    Subtype.SOFTWARE: Category.AGENT,
}
"""Every other subtype is of the category ENTITY."""


def moment(at: datetime | None) -> str | None:
    """A time as `xsd:dateTime` in UTC; one without a zone is taken to be in UTC."""
    if at is None:
        return None
    return (at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)).isoformat()


def text_of(value: Any) -> str:
    """A value as JSON text, the same for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def clean(value: Any) -> Any:
    """A value with every character that a document could not hold replaced."""
    if isinstance(value, str):
        return UNWRITABLE.sub("\ufffd", str(value))
    if isinstance(value, list | tuple):
        return [clean(part) for part in value]
    return value


class Builder:
    """Collects statements; whatever their order and number, the graph is the same."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._links: dict[tuple[str, Relation, str], dict[str, Any]] = {}

    def refer(self, item: str, subtype: str) -> str:
        """Name a node that another record describes, or that needs no description."""
        self._nodes.setdefault(item, Node(item, CATEGORIES.get(subtype, Category.ENTITY), subtype))
        return item

    def describe(self, item: str, subtype: str, **attributes: Any) -> str:
        """State a node with what is not null (`prov_end_time` becomes `prov:endTime`, `exit_code` `reprovena:exitCode`)."""
        self._nodes[item] = Node(item, CATEGORIES.get(subtype, Category.ENTITY), subtype, _named(attributes))
        return item

    def link(self, source: str, relation: Relation, target: str, **attributes: Any) -> None:
        """State a relation; said twice, it holds the attributes of both, several values as a sorted list."""
        known = self._links.setdefault((source, relation, target), {})
        for name, value in _named(attributes).items():
            values = {*_several(known[name]), *_several(value)} if name in known else set(_several(value))
            known[name] = min(values) if len(values) == 1 else sorted(values)

    def graph(self) -> Graph:
        """Everything stated."""
        return Graph.of(self._nodes.values(), (Link(*ends, attributes or None) for ends, attributes in self._links.items()))


def _several(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _named(attributes: Mapping[str, Any]) -> dict[str, Any]:
    named = {}
    for name, value in attributes.items():
        if value is None:
            continue
        prefix, words = ("prov", name.removeprefix("prov_")) if name.startswith("prov_") else ("reprovena", name)
        first, *others = words.split("_")
        named[f"{prefix}:{first}{''.join(map(str.capitalize, others))}"] = clean(value)
    return dict(sorted(named.items()))
