"""Texts that are dear to make, kept while there is room for them."""

from collections import OrderedDict
from collections.abc import Hashable

SHARE = 8
"""A text larger than this part of the room is not kept: it would drive out too many."""


class Kept:
    """Texts by what they were made of, together no longer than the room; those that were asked for last stay."""

    def __init__(self, room: int) -> None:
        """Begin with none; `room` is in bytes."""
        self.room, self.size = room, 0
        self._texts: OrderedDict[Hashable, bytes] = OrderedDict()

    def get(self, key: Hashable) -> bytes | None:
        """A text, if it is kept."""
        if key in self._texts:
            self._texts.move_to_end(key)
        return self._texts.get(key)

    def put(self, key: Hashable, text: bytes) -> None:
        """Keep a text, and let go of those that nobody asked for longest."""
        if len(text) > self.room // SHARE:
            return
        self.size += len(text) - len(self._texts.pop(key, b""))
        self._texts[key] = text
        while self.size > self.room:
            self.size -= len(self._texts.popitem(last=False)[1])
