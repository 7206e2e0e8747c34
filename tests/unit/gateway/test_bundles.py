"""Bundles are packed the same way for the same content, and unpacked with suspicion."""

import io
import stat
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.bundles import Limits, clash, fault, pack, unpack
from chassis.refusal import Refusal

segment = st.text(st.characters(exclude_characters="/\\:", exclude_categories=["C"]), min_size=1, max_size=20)
paths = st.lists(segment, min_size=1, max_size=3).map("/".join).filter(lambda path: fault(path) is None)


def zipped(*entries: tuple[str, bytes], mode: int | None = None) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in entries:
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.compress_type = zipfile.ZIP_DEFLATED
            if mode is not None:
                info.external_attr = mode << 16
            bundle.writestr(info, content)
    return target.getvalue()


@given(st.dictionaries(paths, st.binary(max_size=50), max_size=6).filter(lambda files: clash(files) is None))
def test_what_was_packed_comes_out(files) -> None:
    """Packing and unpacking gives the same files, in whatever order they were given."""
    packed = pack(files)

    assert unpack(packed) == files
    assert pack(dict(reversed(files.items()))) == packed


def test_the_same_content_is_the_same_zip() -> None:
    """The digest of a bundle is part of a plan's identity, so it is frozen here."""
    packed = pack({"main.cwl": b"cwlVersion: v1.2\n", "run.sh": b"#!/bin/sh\n"})

    with zipfile.ZipFile(io.BytesIO(packed)) as bundle:
        told = [(e.filename, e.date_time, e.external_attr >> 16, e.compress_type) for e in bundle.infolist()]
    date = (1980, 1, 1, 0, 0, 0)
    assert told == [("main.cwl", date, stat.S_IFREG | 0o644, 0), ("run.sh", date, stat.S_IFREG | 0o755, 0)]


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/etc/passwd", "a\\b", "C:/x", "a//b", "./a", "a\x01b", "a/./b", "x" * 256]
)
def test_names_that_lead_astray_are_refused(name: str) -> None:
    """No `..`, no absolute path, no backslash, no control character, no endless name."""
    with pytest.raises(Refusal) as no:
        unpack(zipped((name, b"x")))

    assert no.value.problem.type == "urn:problem:registry:invalid-specification"
    assert fault(name) is not None
    with pytest.raises(ValueError, match=r"is|has|leads"):
        pack({name: b""})


def test_a_name_is_judged_whole() -> None:
    """What comes after a NUL, which the library cuts off, is not lost from sight."""
    content = zipped(("main.cwl?..", b"x")).replace(b"main.cwl?..", b"main.cwl\x00..")

    with pytest.raises(Refusal, match="control"):
        unpack(content)


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o644, stat.S_IFBLK | 0o600, stat.S_IFSOCK | 0o600])
def test_links_and_devices_are_refused(mode: int) -> None:
    """Only ordinary files come out."""
    with pytest.raises(Refusal, match=r"link|ordinary"):
        unpack(zipped(("x", b"/etc/passwd"), mode=mode))


def test_a_file_that_is_there_twice_is_refused() -> None:
    """Two readers could take different ones."""
    with pytest.warns(UserWarning, match="Duplicate"):
        content = zipped(("a", b"1"), ("a", b"2"))

    with pytest.raises(Refusal, match="twice"):
        unpack(content)


def test_a_file_cannot_be_a_folder() -> None:
    """A path below a file could not be written."""
    with pytest.raises(Refusal, match="folder"):
        unpack(zipped(("a", b"1"), ("a/b", b"2")))


def test_a_bomb_is_refused_while_it_swells() -> None:
    """A little that becomes a lot is stopped on the way."""
    bomb = zipped(("zeros", bytes(8 << 20)))

    with pytest.raises(Refusal, match="swells"):
        unpack(bomb)


def test_a_zip_that_lies_about_its_sizes_is_refused() -> None:
    """Sizes are counted, not believed."""
    content = zipped(("zeros", bytes(3 << 20)))
    lying = content.replace((3 << 20).to_bytes(4, "little"), (10).to_bytes(4, "little"))

    with pytest.raises(Refusal):
        unpack(lying, Limits(size=1 << 20))


def test_too_many_files_and_too_many_bytes_are_refused() -> None:
    """The limits hold, also for a table of contents that alone is too long."""
    many = zipped(*((f"f{n}", b"") for n in range(30)))

    with pytest.raises(Refusal, match="limit is 20"):
        unpack(many, Limits(files=20))
    with pytest.raises(Refusal) as no:
        unpack(zipped(("a", b"12345")), Limits(size=4))
    assert no.value.problem.status == 413
    with pytest.raises(Refusal, match="table of contents"):
        unpack(zipped(*((f"{n:0250}", b"") for n in range(700))), Limits(files=1))


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 broken", zipped(("a", b"x" * 100))[:-30]])
def test_what_is_no_zip_is_refused(content: bytes) -> None:
    """A broken zip is the sender's mistake."""
    with pytest.raises(Refusal):
        unpack(content)


def test_folders_are_passed_over() -> None:
    """Entries of folders say nothing."""
    assert unpack(zipped(("a/", b""), ("a/b", b"x"))) == {"a/b": b"x"}
