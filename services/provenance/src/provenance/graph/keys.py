"""Short names of fixed length for ids and elements, so that an index never meets an id that is too long for it."""

import hashlib
from functools import lru_cache
from uuid import UUID

from provenance.graph.model import Link, Node


@lru_cache(maxsize=16384)  # one lodge asks for the same ones several times
def _key(*parts: str) -> UUID:
    return UUID(bytes=hashlib.sha256("\0".join(parts).encode()).digest()[:16])


def id_key(item: str) -> UUID:
    """The key of an id, whatever kind of node it is."""
    return _key("id", item)


def element_key(element: Node | Link) -> UUID:
    """The key of an element: of a node with its kind, of a link with its ends and relation."""
    match element:
        case Node(item, category, subtype):
            return _key("node", item, category, subtype)
        case Link(source, relation, target):
            return _key("link", source, relation, target)
