"""Files of a workspace: nothing outside is opened through it."""

import os
from pathlib import Path

import pytest

from executor.runner.inside import bytes_below, digest, inside, open_inside, plain_files


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A folder with a secret beside it."""
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "room"
    (folder / "d").mkdir(parents=True)
    (folder / "d/a").write_text("abc")
    (folder / "in").symlink_to("d/a")
    (folder / "out").symlink_to("../secret")
    (folder / "up").symlink_to("..")
    (folder / "nowhere").symlink_to("nothing")
    os.mkfifo(folder / "pipe")
    return folder


@pytest.mark.parametrize("name", ["d/a", "in", "d/../in", "./d/./a"])
def test_files_inside_open(room: Path, name: str) -> None:
    """Links that stay inside are as good as files."""
    with os.fdopen(open_inside(room, name)) as source:
        assert source.read() == "abc"


@pytest.mark.parametrize(
    "name", ["out", "up/secret", "../secret", "nowhere", "d", "", ".", "pipe", "gone", "/etc/passwd", "d/a/b"]
)
def test_nothing_else_opens(room: Path, name: str) -> None:
    """Ways out, folders, pipes and what is not there are all the same: not found."""
    with pytest.raises(FileNotFoundError):
        open_inside(room, name)


def test_a_link_put_in_after_the_look_is_not_followed(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between looking where a path leads and opening it, nobody can turn it away."""
    monkeypatch.setattr("executor.runner.inside.inside", lambda root, path: Path(os.path.realpath(root)) / "out")
    with pytest.raises(FileNotFoundError):
        open_inside(room, "anything")
    monkeypatch.setattr("executor.runner.inside.inside", lambda root, path: Path(os.path.realpath(root)) / "up" / "secret")
    with pytest.raises(FileNotFoundError):
        open_inside(room, "anything")


def test_where_a_path_leads(room: Path) -> None:
    """Inside it is told, outside it is not."""
    assert inside(room, room / "in") == (room / "d/a").resolve()
    assert inside(room, room / "out") is None


def test_digest_and_size_of_a_file(room: Path) -> None:
    """Of links the file they lead to."""
    assert digest(room, room / "in") == ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 3)


def test_plain_files_are_listed_and_linked_folders_not_entered(room: Path) -> None:
    """A link is one name, whatever is behind it."""
    assert [str(path.relative_to(room)) for path in plain_files(room)] == ["in", "nowhere", "out", "d/a"]


def test_bytes_are_counted(room: Path) -> None:
    """At least those of its files."""
    assert bytes_below(room) >= 3
    assert bytes_below(room / "gone") == 0
