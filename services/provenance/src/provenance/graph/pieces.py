"""What the walks of all stores have in common: what they found becomes an answer, and the way back along a shortest path."""

import hashlib
import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from contracts.vocabulary import Category, Relation
from provenance.graph.answer import Answer, Direction, Seen, Shown

CATEGORIES = {category.value: category for category in Category}
RELATIONS = {relation.value: relation for relation in Relation}
"""By their names: calling an enumeration takes ten times as long, and answers are large."""

Item = TypeVar("Item", bound=Hashable)
Found = Sequence[Any]
"""A node: id, category, subtype, its description as JSON or nothing."""
Ends = tuple[str, str, str, str | None]
"""A link: source, target, relation, its description."""
Hint = tuple[str, str, str]
"""That others' links lead on from a node: its id, their relation, the category of what lies there."""


def answer(
    root: str,
    direction: Direction,
    nodes: Sequence[Found],
    links: Iterable[Ends],
    hints: Iterable[Hint] = (),
    *,
    truncated: bool = False,
) -> Answer:
    """What a walk found, as the caller sees it: nodes as they come, links in the order of their ends."""
    beyond, leading = stubs(hints, direction)
    ordered = sorted([*links, *leading])
    read = _read([link[3] for link in ordered])
    seen = [
        Seen(source, RELATIONS[relation], target, said)
        for (source, target, relation, _said), said in zip(ordered, read, strict=True)
    ]
    return Answer(root, (*shown(nodes), *beyond), tuple(seen), truncated)


def shown(nodes: Sequence[Found]) -> list[Shown]:
    """Nodes as a caller may see them."""
    read = _read([node[3] for node in nodes])
    return [Shown(node[0], CATEGORIES[node[1]], node[2], said) for node, said in zip(nodes, read, strict=True)]


def to_agents(rows: Sequence[Sequence[Any]]) -> list[tuple[Seen, Shown]]:
    """Links with the agents that they lead to, from an id, a relation and what was found there; by their ends."""
    ordered = sorted(rows, key=lambda row: (row[0], row[2], row[1]))
    agents = shown([row[2:] for row in ordered])
    links = (Seen(row[0], RELATIONS[row[1]], row[2]) for row in ordered)
    return list(zip(links, agents, strict=True))


def stubs(hints: Iterable[Hint], direction: Direction) -> tuple[list[Shown], list[Ends]]:
    """For each node, relation and category beyond which others' links lead: a stub, and the link to it."""
    found: list[Shown] = []
    links: list[Ends] = []
    for near, relation, category in sorted(hints):
        # made of what the caller sees anyway: neither who is there nor how many can be told from it
        opaque = hashlib.sha256(f"{near}\x00{direction}\x00{relation}\x00{category}".encode()).hexdigest()[:16]
        stub = Shown(f"restricted/{opaque}", CATEGORIES[category], restricted=True)
        found.append(stub)
        links.append((near, stub.id, relation, None) if direction is Direction.UP else (stub.id, near, relation, None))
    return found, links


def way_back(
    goal: Item, steps: Iterable[tuple[Item, Item]], distances: Mapping[Item, int], order: Callable[[Item], Any]
) -> list[Item]:
    """The way to the goal from where the distance is 0, along steps that lead farther; of several, the first by `order`."""
    into: dict[Item, list[Item]] = {}
    for near, far in steps:
        if distances[near] + 1 == distances[far]:
            into.setdefault(far, []).append(near)
    way = [goal]
    while distances[way[-1]]:
        way.append(min(into[way[-1]], key=order))
    return way[::-1]


def _read(said: Sequence[str | None]) -> list[dict[str, Any]]:
    """Descriptions from their JSON: all at once, because calling the parser takes longer than parsing."""
    if not any(said):
        return [{} for _ in said]
    return [one or {} for one in json.loads(f"[{','.join(one or 'null' for one in said)}]")]
