"""Texts and values that can be kept: neither JSON nor PostgreSQL holds every character, nor any depth."""

from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError

DEEPEST = 64
"""Levels of lists and maps inside each other."""
SQLSTATES = frozenset({"22021", "22P05"})
"""A database met U+0000."""


def unkeepable(value: Any) -> str | None:
    """Why a value as JSON gives it cannot be kept; nothing if it can."""
    todo = [(value, 0)]
    while todo:
        one, depth = todo.pop()
        if depth > DEEPEST:
            return f"is nested deeper than {DEEPEST} levels"
        if isinstance(one, str):
            if "\x00" in one:
                return "holds the character U+0000, which cannot be kept"
            if any("\ud800" <= letter <= "\udfff" for letter in one):
                return "holds half of a surrogate pair, which is no text"
        elif isinstance(one, dict):
            todo += [(part, depth + 1) for pair in one.items() for part in pair]
        elif isinstance(one, list | tuple):
            todo += [(part, depth + 1) for part in one]
    return None


def is_unkeepable(error: BaseException | None) -> bool:
    """Whether this, or what caused it, is that somebody's text cannot be kept."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        match error:
            case UnicodeEncodeError(reason="surrogates not allowed"):
                return True
            case asyncpg.PostgresError(sqlstate=str(state)) if state in SQLSTATES:
                return True
        error = error.orig if isinstance(error, DBAPIError) else error.__cause__ or error.__context__
    return False
