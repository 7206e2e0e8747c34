"""The graph as `/v1` shows it: nodes, links, and of what is registered only what the caller may read.

The registry is asked once for an answer, about all that is registered in it. In the place of what may not be read stands a
stub that says no more than its category; a walk ends there, and a way leads over it.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from chassis.refusal import refuse
from contracts import lists
from contracts.kinds import READING
from contracts.message import Caller
from contracts.views import RolesAsked, RolesHeld
from gateway.access.roles import ENTRY_READER
from gateway.unit import GatewayHouse

AsOf = Annotated[
    lists.AsOf | None, Query(description="As it was known then: a moment with its offset, or a point of the ledger (`seq`)")
]


class Direction(StrEnum):
    """Towards causes, or towards effects."""

    UP = "up"
    DOWN = "down"


class Node(BaseModel):
    """Something in the graph; of one that is not yours, only that it is there."""

    model_config = ConfigDict(extra="allow")
    id: str
    category: str
    subtype: str | None = None
    label: str | None = None
    attributes: dict[str, Any] = {}
    restricted: bool = False
    registered: bool = False
    """Whether its id is the handle of an entry."""


class Link(BaseModel):
    """A relation of PROV, from the effect to its cause."""

    model_config = ConfigDict(extra="allow")
    source: str
    target: str
    relation: str
    attributes: dict[str, Any] = {}


class Lineage(BaseModel):
    """A part of the graph."""

    model_config = ConfigDict(extra="allow")
    root: str | None = None
    nodes: list[Node]
    links: list[Link]
    truncated: bool = False
    """Whether there is more than the limit allows to show."""
    seq: int | None = None
    """Where `as_of` was asked for, the point of the ledger that this shows; it can be asked for again."""


def iso(moment: int | datetime | None) -> str | None:
    """A point of the ledger or a moment, as it is asked for."""
    return moment.isoformat() if isinstance(moment, datetime) else None if moment is None else str(moment)


def with_registered(caller: Caller) -> str | None:
    """Whether the graph is asked for what is registered, too; those without the role to read entries see what they ran."""
    return "true" if ENTRY_READER in caller.roles else None


async def readable(house: GatewayHouse, caller: Caller, ids: Sequence[str]) -> set[str]:
    """Those of these handles whose entries the caller may read; one question for all of them."""
    if not ids or ENTRY_READER not in caller.roles:
        return set()
    asked = RolesAsked(ids=tuple(dict.fromkeys(ids))).model_dump(mode="json")
    told = await house.parts.backends.registry.call(caller.by_username(), "POST", "/entries/access", json=asked)
    held = RolesHeld.model_validate_json(told.content).roles
    return {item for item, roles in held.items() if READING.intersection(roles)}


async def seen(
    house: GatewayHouse, caller: Caller, found: Lineage, *starts: str, direction: Direction | None = None
) -> Lineage:
    """An answer as the caller may see it: a walk in a direction, or without one a way from start to start.

    One that starts at what may not be read is refused as one that starts at nothing.
    """
    entries = [node.id for node in found.nodes if node.registered]
    hidden = set(entries) - await readable(house, caller, entries)
    for start in starts:
        if start in hidden:
            raise refuse("provenance:no-such-node", f"no node {start}")
    return masked(found, hidden, starts, direction) if hidden else found


def masked(found: Lineage, hidden: set[str], starts: Sequence[str], direction: Direction | None) -> Lineage:
    """An answer with stubs in the place of some nodes; of a walk without what can be reached only through them."""
    links = found.links if direction is None else [link for link in found.links if not {link.source, link.target} <= hidden]
    kept = {node.id for node in found.nodes} if direction is None else _reached(links, hidden, starts, direction)
    # made of nothing but the question and the order in the answer: what is hidden cannot be guessed from its stub
    question = "\x00".join([*starts, direction or ""])
    names = {
        node.id: f"restricted/{sha256(f'{question}{place}'.encode()).hexdigest()[:16]}" if node.id in hidden else node.id
        for place, node in enumerate(found.nodes)
        if node.id in kept
    }
    nodes = [
        Node(id=names[node.id], category=node.category, label="restricted", restricted=True) if node.id in hidden else node
        for node in found.nodes
        if node.id in names
    ]
    shown = [
        link.model_copy(update={"source": names[link.source], "target": names[link.target]} | _silent(link, hidden))
        for link in links
        if link.source in names and link.target in names
    ]
    return found.model_copy(update={"nodes": nodes, "links": shown})


def _reached(links: Sequence[Link], hidden: set[str], starts: Sequence[str], direction: Direction) -> set[str]:
    beside: dict[str, list[str]] = {}
    for link in links:
        near, far = (link.source, link.target) if direction is Direction.UP else (link.target, link.source)
        beside.setdefault(near, []).append(far)
    found, fresh = set(starts), list(starts)
    while fresh:
        fresh = [far for near in fresh if near not in hidden for far in beside.get(near, ()) if far not in found]
        found.update(fresh)
    return found


def _silent(link: Link, hidden: set[str]) -> dict[str, Any]:
    return {"attributes": {}} if {link.source, link.target} & hidden else {}
