"""Parts of files, and names in headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.ranges import Part, disposition, matches, part


@pytest.mark.parametrize(
    ("header", "size", "wanted"),
    [
        (None, 10, None),
        ("bytes=0-4", 10, Part(0, 5)),
        ("bytes=5-", 10, Part(5, 10)),
        ("bytes=-3", 10, Part(7, 10)),
        ("bytes=-30", 10, Part(0, 10)),
        ("bytes=5-100", 10, Part(5, 10)),
        ("bytes=10-", 10, "unsatisfiable"),
        ("bytes=-0", 10, "unsatisfiable"),
        ("bytes=0-", 0, "unsatisfiable"),
        ("bytes=5-4", 10, None),
        ("bytes=-", 10, None),
        ("bytes=0-1,4-5", 10, None),
        ("lines=0-1", 10, None),
        ("bytes=" + "9" * 400 + "-", 10, None),
    ],
)
def test_ranges(header: str | None, size: int, wanted: object) -> None:
    """One range of bytes is served, one beyond the end is told, and what cannot be read asks for all."""
    assert part(header, size) == wanted


def test_tags() -> None:
    """A tag is found among several, weak or not."""
    assert matches('W/"a", "b"', '"b"')
    assert matches('W/"b"', '"b"')
    assert matches("*", '"b"')
    assert not matches('"a"', '"b"')
    assert not matches(None, '"b"')


@given(st.text(max_size=60))
def test_no_name_breaks_out_of_its_header(name: str) -> None:
    """Whatever a file is called, the header is one line of printable ASCII with two parameters."""
    header = disposition("attachment", name)

    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert header.count(";") == 2


def test_names_keep_their_letters() -> None:
    """New clients see the real name, old ones one they can read; folders are left out."""
    assert disposition("inline", "a/Müll 1.txt") == "inline; filename=\"M_ll 1.txt\"; filename*=UTF-8''M%C3%BCll%201.txt"
