"""How far a transfer is, for who wants to know."""

from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]
"""Told of a file's name, the bytes that went, and how many there are if that is known."""


def quiet(_name: str, _done: int, _size: int | None) -> None:
    """Tell nobody."""
