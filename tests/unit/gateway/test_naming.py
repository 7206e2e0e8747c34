"""Names in zips: every path has one, and no two have the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.bundles import clash, fault
from gateway.api.naming import free_name, zip_names


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/b c.csv", "a/b c.csv"),
        ("a%b.csv", "a%b.csv"),
        ("a:b.csv", "a%3Ab.csv"),
        ("a\\b.csv", "a%5Cb.csv"),
        ("a\x00\x7f%", "a%00%7F%25"),
        ("\ud800", "%ED%A0%80"),
        ("../x", "renamed/d6b96a97d147daaae49eb87a5ca7bfbc"),
    ],
)
def test_odd_characters_become_numbers(path: str, name: str) -> None:
    """What may be a name stays; what cannot be written so is called by its digest."""
    assert zip_names([path])[path] == name


@given(st.lists(st.text(st.sampled_from("ab%3A5C:\\/.\n\ud800"), max_size=12), unique=True))
def test_every_path_has_a_name_of_its_own(paths: list[str]) -> None:
    """All may be unpacked, none is lost, and what needed no other name has its own."""
    names = zip_names(paths)

    assert set(names) == set(paths)
    assert len(set(names.values())) == len(paths)
    assert all(fault(name) is None for name in names.values())
    assert all(names[path] == path for path in paths if fault(path) is None)
    if clash({path: None for path in paths if fault(path) is None}) is None:
        assert clash(dict.fromkeys(names.values())) is None


def test_a_free_name_is_no_folder_either() -> None:
    """What is told of the zip hides nothing of it."""
    assert free_name("x", ["x/y", "2-x"]) == "3-x"
