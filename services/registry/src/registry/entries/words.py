"""What an entry is found by: its words, and how alike two words are. Pure."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from contracts.kinds import KINDS
from registry.entries.model import Item

HANDLE = re.compile(r"[0-9][0-9A-Za-z.]*/[\w.-]+")
"""One word, though it has a slash in it: whoever looks for one does not look for its parts."""
WORD = re.compile(r"\w+")
LONGEST = 100
"""Characters of a word that count."""
ROOM = 700_000
"""Bytes that the words of one entry may take; PostgreSQL gives a little more."""
MENTIONS, LAST = 20, 16_383
"""How often a word of an entry counts, and the last place that is told from the next; the latter is PostgreSQL's."""
UNTOLD = frozenset({"s3", "release_history", "release_status", "record_status", "prov_serialisation"})
"""Not what an entry is about, or said elsewhere in it."""
MAPS = frozenset({"user_metadata", "annotations", "resources", "additional_metadata"})
"""Their keys are people's words."""


def words(text: str) -> list[str]:
    """The words of a text, alike however they are written."""
    found: list[str] = []
    for chunk in unicodedata.normalize("NFKC", text).casefold().split():
        whole = chunk.strip(".,;:!?()[]{}\"'")
        found += [whole] if HANDLE.fullmatch(whole) else WORD.findall(chunk)
    return [word[:LONGEST] for word in found]


def vector(item: Item) -> dict[str, str]:
    """An entry's words with their places, as PostgreSQL writes them; those of its name and handle weigh most."""
    places: dict[str, list[str]] = defaultdict(list)
    name = (item.info or {}).get("display_name", "")
    place = 0
    for weight, text in (("A", item.handle), ("A", str(name)), *(("", text) for text in _texts(item))):
        for word in words(text):
            place += 1
            if len(places[word]) < MENTIONS:
                places[word].append(f"{min(place, LAST)}{weight}")
    room, kept = ROOM, {}
    for word, at in places.items():
        room -= len(word.encode()) + 4 * len(at) + 8
        if room < 0:
            break
        kept[word] = ",".join(at)
    return kept


def _texts(item: Item) -> Iterator[str]:
    yield from (KINDS[item.kind].category.value, item.kind.value, item.owner)
    yield from _leaves(item.info or {})


def _leaves(value: Any, *, keys: bool = False) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for name, part in value.items():
                if keys:
                    yield name
                if name not in UNTOLD:
                    yield from _leaves(part, keys=name in MAPS)
        case list() | tuple():
            for part in value:
                yield from _leaves(part)
        case int() if not isinstance(value, bool):
            yield str(value)


def grams(word: str) -> list[str]:
    """Pieces of three letters, by which words that are written much alike are found."""
    padded = f"  {word} "
    return sorted({padded[at : at + 3] for at in range(len(padded) - 2)})


def fuzzy(word: str) -> int:
    """How many letters may be wrong in a word that is looked for: none in short ones, handles and numbers."""
    if len(word) < 3 or "/" in word or word.isdecimal():
        return 0
    return 1 if len(word) < 6 else 2


def alike(word: str, others: Iterable[str], most: int) -> list[str]:
    """Those of some words that at most so many letters tell apart."""
    return [other for other in others if other != word and _distance(word, other, most) <= most]


def _distance(one: str, other: str, most: int) -> int:
    """Letters to change, add, drop or swap with the next (optimal string alignment); not exact beyond `most`."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
