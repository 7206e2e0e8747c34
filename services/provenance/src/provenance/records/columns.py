"""A statement as the columns of the ledger's tables."""

import json
from typing import Any
from uuid import UUID

from contracts.vocabulary import Category, Relation
from provenance.graph.keys import element_key, id_key
from provenance.graph.model import Attributes, Graph, Link, Node


def columns(record: str, manifest: Graph, wanted: Graph, known: frozenset[UUID]) -> dict[str, list[Any]]:
    """What closes, opens and is made, as columns. New words about an element close its assertion and open another."""
    before, after = manifest.said(), wanted.said()
    closed = [element for element, said in before.items() if element not in after or after[element] != said]
    opened = [element for element, said in after.items() if element not in before or before[element] != said]
    keys = {element: element_key(element) for element in (*closed, *opened)}
    made = [(keys[element], element) for element in opened if keys[element] not in known]
    rows: list[tuple[Any, ...]] = [
        (key, id_key(e.id), e.id, e.category.value, str(e.subtype), None, None, None)
        if isinstance(e, Node)
        else (key, None, None, None, None, id_key(e.source), e.relation.value, id_key(e.target))
        for key, e in made
    ]
    names = ("element", "node", "id", "category", "subtype", "source", "relation", "target")
    return {
        "closed_by": [record] * len(closed),
        "closed": [keys[element] for element in closed],
        "opened": [keys[element] for element in opened],
        "attributes": [None if (said := after[element]) is None else json.dumps(said) for element in opened],
        **{name: [row[place] for row in rows] for place, name in enumerate(names)},
    }


def plain(graph: Graph) -> Graph:
    """A graph whose attributes are what the database gives back, so that equal ones compare equal."""
    return Graph(
        frozenset(Node(n.id, Category(n.category), str(n.subtype), _loaded(n.attributes)) for n in graph.nodes),
        frozenset(Link(e.source, Relation(e.relation), e.target, _loaded(e.attributes)) for e in graph.links),
    )


def _loaded(attributes: Attributes | None) -> Attributes | None:
    if attributes is None:
        return None
    loaded: Attributes = json.loads(json.dumps(dict(attributes), allow_nan=False))
    return loaded
