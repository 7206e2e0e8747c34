"""Bundles: packed alike, unpacked inside."""

import io
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.bundles import pack
from chassis.refusal import Refusal
from executor.specs.bundle import Limits, safe_path, unpack


def a_zip(**files: bytes) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    made.seek(0)
    return made


def test_the_same_files_pack_to_the_same_bytes() -> None:
    """Neither the order of the files nor the time changes a bundle."""
    assert pack({"a": b"1", "b/c": b"2"}) == pack({"b/c": b"2", "a": b"1"})


def test_what_is_packed_comes_out(tmp_path: Path) -> None:
    """Packing and unpacking give the files back."""
    names = unpack(io.BytesIO(pack({"a.cwl": b"1", "lib/b.sh": b"2"})), tmp_path, Limits())

    assert names == ("a.cwl", "lib/b.sh")
    assert (tmp_path / "lib/b.sh").read_bytes() == b"2"


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../../x", "a\\b", "a\0b", ".", "x" * 300, "a/" * 1500])
def test_a_path_that_leads_elsewhere_is_refused(name: str) -> None:
    """Absolute paths, ways up and names no disk takes."""
    with pytest.raises(Refusal):
        safe_path(name)


@given(st.text())
def test_a_safe_path_stays_below(name: str) -> None:
    """Whatever is let through is relative and never leads up."""
    try:
        path = Path(safe_path(name))
    except Refusal:
        return
    assert not path.is_absolute()
    assert ".." not in path.parts


def test_a_link_in_a_bundle_is_refused(tmp_path: Path) -> None:
    """Only plain files are in a bundle."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        target.writestr(link, "/etc/passwd")

    with pytest.raises(Refusal, match="plain files"):
        unpack(made, tmp_path, Limits())

    assert not list(tmp_path.iterdir())


def test_a_bomb_is_refused_before_it_bursts(tmp_path: Path) -> None:
    """Size and number of files are limited."""
    with pytest.raises(Refusal, match="bytes"):
        unpack(a_zip(big=b"0" * 10_000), tmp_path, Limits(size=9_999))
    with pytest.raises(Refusal, match="files"):
        unpack(a_zip(a=b"", b=b"", c=b""), tmp_path, Limits(files=2))


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    """What really comes out is counted."""
    made = bytearray(a_zip(big=b"0" * 10_000).getvalue())
    size = (10_000).to_bytes(4, "little")
    assert made.count(size) == 2
    made = made.replace(size, (10).to_bytes(4, "little"))

    with pytest.raises(Refusal):
        unpack(io.BytesIO(bytes(made)), tmp_path, Limits(size=100))

    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 100


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """Two files of a name, and a file where a folder is."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        target.writestr("a", "1")
        target.writestr("a", "2")

    with pytest.raises(Refusal, match="twice"):
        unpack(made, tmp_path, Limits())
    with pytest.raises(Refusal, match="twice"):
        unpack(a_zip(**{"b": b"", "b/c": b""}), tmp_path, Limits())


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    """Some bytes are no bundle."""
    with pytest.raises(Refusal, match="zip"):
        unpack(io.BytesIO(b"PK nonsense"), tmp_path, Limits())


def test_the_right_to_be_run_is_kept(tmp_path: Path) -> None:
    """A script of a bundle can be run as one."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        script = zipfile.ZipInfo("run.sh")
        script.external_attr = (stat.S_IFREG | 0o755) << 16
        target.writestr(script, "true")

    unpack(made, tmp_path, Limits())

    assert (tmp_path / "run.sh").stat().st_mode & 0o100


def test_a_zip_whose_content_is_broken_is_refused(tmp_path: Path) -> None:
    """As one that is none: the stream that it holds cannot be inflated."""
    whole = a_zip(**{"a.cwl": b"some text that is deflated, " * 100}).getvalue()
    begin = whole.index(b"a.cwl") + len("a.cwl")
    broken = whole[:begin] + b"\xff" * 20 + whole[begin + 20 :]

    with pytest.raises(Refusal, match="not a readable zip"):
        unpack(io.BytesIO(broken), tmp_path, Limits())
