"""Short names of fixed length for ids and elements, so that an index never meets an id that is too long for it.

A digest is 32 hex digits. PostgreSQL keeps it as a `uuid`, and that is what its rows come back with: the key.
"""

import hashlib
from functools import lru_cache
from uuid import UUID

from provenance.graph.model import Link, Node


@lru_cache(maxsize=16384)  # one lodge asks for the same ones several times
def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def id_digest(item: str) -> str:
    """The digest of an id, whatever kind of node it is."""
    return _digest("id", item)


def id_key(item: str) -> UUID:
    """The same, as rows have it."""
    return UUID(id_digest(item))


def element_digest(element: Node | Link) -> str:
    """The digest of an element: of a node with its kind, of a link with its ends and relation."""
    match element:
        case Node(item, category, subtype):
            return _digest("node", item, category, subtype)
        case Link(source, relation, target):
            return _digest("link", source, relation, target)
