"""What can be kept, and how it is told where nobody looked before."""

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from chassis.texts import DEEPEST, is_unkeepable, unkeepable


def nested(depth: int) -> object:
    """So many lists inside each other."""
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a\x00b", "U+0000"),
        ("a\ud800b", "surrogate"),
        ({"a\x00": 1}, "U+0000"),
        ({"a": [{"b": ("\udfff",)}]}, "surrogate"),
        (nested(DEEPEST + 1), "64 levels"),
        (nested(100_000), "64 levels"),
    ],
)
def test_what_cannot_be_kept_says_why(value, words):
    """In texts, in names of things, in whatever holds them."""
    assert words in (unkeepable(value) or "")


@pytest.mark.parametrize("value", ["", "a\nb", "\U0001f40d", 1, None, True, 1.5, {}, [], {"a": ["b"]}, nested(DEEPEST)])
def test_what_can_be_kept_is_left_alone(value):
    """Everything else."""
    assert unkeepable(value) is None


def test_a_database_that_refuses_a_text_is_understood():
    """However deep the reason lies; other errors are not taken for it."""
    half = "\ud800"
    with pytest.raises(UnicodeEncodeError) as no_text:
        half.encode()
    with pytest.raises(UnicodeEncodeError) as no_latin:
        "\u2028".encode("latin-1")
    wrapped = RuntimeError("driver")
    wrapped.__cause__ = no_text.value

    assert is_unkeepable(wrapped)
    for kind in (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError):
        assert is_unkeepable(DBAPIError("select", {}, kind("U+0000")))
    assert not is_unkeepable(no_latin.value)
    assert not is_unkeepable(DBAPIError("select", {}, asyncpg.UniqueViolationError("twice")))
    assert not is_unkeepable(ValueError("x"))
