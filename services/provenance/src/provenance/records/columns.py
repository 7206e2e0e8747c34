"""A statement as the rows of the ledger's tables, in JSON."""

import json
from collections.abc import Iterable
from typing import Any

from contracts.vocabulary import Category, Relation
from provenance.graph.keys import element_digest, id_digest
from provenance.graph.model import Attributes, Element, Graph, Link, Node


def columns(record: str, manifest: Graph, wanted: Graph, known: frozenset[str]) -> dict[str, str]:
    """What closes, opens and is made, as rows. New words about an element close its assertion and open another."""
    before, after = manifest.said, wanted.said
    gone = [element for element, said in before.items() if element not in after or after[element] != said]
    come = [(element_digest(element), element, said) for element, said in after.items() if before.get(element, NEVER) != said]
    return {
        "closed": closing((record, element) for element in gone),
        "opened": json.dumps([{"element": key, "attributes": said} for key, _, said in come]),
        "made": json.dumps([_row(key, element) for key, element, _ in come if key not in known]),
    }


NEVER: Any = object()
"""What a record says of an element that it does not assert; not even nothing."""


def closing(said: Iterable[tuple[str, Element]]) -> str:
    """The assertions of records that end."""
    return json.dumps([{"record": record, "element": element_digest(element)} for record, element in said])


def named(elements: Iterable[Element]) -> str:
    """What a record is about to say, as far as the ledger must look for it."""
    rows = ((element_digest(element), id_digest(element.id) if isinstance(element, Node) else None) for element in elements)
    return json.dumps([{"element": element, "node": node} for element, node in rows])


def _row(key: str, element: Element) -> dict[str, str]:
    match element:
        case Node(item, category, subtype):
            said = {"node": id_digest(item), "id": item, "category": category.value, "subtype": str(subtype)}
        case Link(source, relation, target):
            said = {"source": id_digest(source), "relation": relation.value, "target": id_digest(target)}
    return {"element": key, **said}


def plain(graph: Graph) -> Graph:
    """A graph whose attributes are what the database gives back, so that equal ones compare equal."""
    said = list(zip(graph.said, _loaded(graph.said.values()), strict=True))
    return Graph(
        frozenset(Node(n.id, Category(n.category), str(n.subtype), words) for n, words in said if isinstance(n, Node)),
        frozenset(Link(e.source, Relation(e.relation), e.target, words) for e, words in said if isinstance(e, Link)),
    )


def _loaded(said: Iterable[Attributes | None]) -> list[Attributes | None]:
    """All in one go: one after the other they cost several times as much."""
    words = [None if attributes is None else dict(attributes) for attributes in said]
    loaded: list[Attributes | None] = json.loads(json.dumps(words, allow_nan=False))
    return loaded
