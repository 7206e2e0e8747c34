"""What is seen on a terminal, and how things are named."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from reprovena import ProblemError, Reprovena, Run, RunEvent, WrongUse
from reprovena.command import words
from reprovena.command.board import Board
from reprovena.command.following import progress
from reprovena.credentials import Credentials
from reprovena.inputs import with_local_files

RUN = "01890b3c-0000-7000-8000-0000000000aa"
OTHER = "01890b3c-0000-7000-8000-0000000000ab"
START = datetime(2026, 1, 1, tzinfo=UTC)


def event(kind: str, status: str, after: float, place: str | None = None, reason: str | None = None) -> RunEvent:
    """A change some seconds after the start."""
    return RunEvent(kind, "", status, START + timedelta(seconds=after), place, reason)


def test_the_board_has_a_line_for_each_step() -> None:
    """A run shows its steps in the order they started, each as it stands, and why one failed."""
    board = Board("digits:1.0#1")
    for change in (
        event("run", "queued", 0),
        event("run", "running", 5),
        event("step", "running", 5, "a"),
        event("step", "running", 5, "b[0]"),
        event("step", "finished", 7, "a"),
        event("step", "failed", 8, "b[0]", "exit code 3\nand much more"),
        event("run", "failed", 8.5, reason="b failed"),
        event("end", "failed", 9),
    ):
        board.take(change)

    paper = Console(file=StringIO(), width=80)
    paper.print(board)

    lines = str(paper.file.getvalue()).splitlines()  # type: ignore[attr-defined]
    assert [" ".join(line.split()) for line in lines] == [
        "✗ digits:1.0#1 failed 3.5 s",
        "✓ a finished 2.0 s",
        "✗ b[0] failed 3.0 s exit code 3",
    ]


def test_a_bar_shows_how_many_steps_are_done() -> None:
    """While a run runs, a bar counts the steps that have begun; once it has ended, there is none."""
    board = Board("digits:1.0#1")
    for change in (event("run", "running", 0), event("step", "running", 0, "a"), event("step", "running", 0, "b")):
        board.take(change)
    board.take(event("step", "finished", 1, "a"))

    def seen() -> str:
        paper = Console(file=StringIO(), width=100)
        paper.print(board)
        return str(paper.file.getvalue())  # type: ignore[attr-defined]

    assert "1 of 2 begun steps" in seen()
    board.take(event("run", "finished", 2))
    assert "begun steps" not in seen()


def test_progress_is_drawn_over_itself_on_a_terminal(client: Reprovena) -> None:
    """On a terminal the cursor goes back up, and comes back in the end."""
    paper = Console(file=StringIO(), width=80, force_terminal=True, _environ={"TERM": "xterm"})

    progress(paper, client, Run.of({"id": RUN, "name": "digits:1.0", "number": "1"}))

    text = str(paper.file.getvalue())  # type: ignore[attr-defined]
    assert text.startswith("\x1b[?25l")
    assert "\x1b[?25h" in text
    assert "train[1]/fit" in text


@pytest.mark.parametrize(
    ("count", "said"), [(None, ""), (0, "0 B"), (1023, "1023 B"), (2048, "2.0 KiB"), (5 << 30, "5.0 GiB"), (3 << 40, "3.0 TiB")]
)
def test_sizes_read_well(count: int | None, said: str) -> None:
    """Bytes are told in the unit that suits them."""
    assert words.size(count) == said


@pytest.mark.parametrize(("length", "said"), [(-1, ""), (0.04, "0.0 s"), (61, "1:01 min"), (3725, "1:02 h")])
def test_times_read_well(length: float, said: str) -> None:
    """Times are told in the unit that suits them."""
    assert words.seconds(length) == said


def test_a_name_that_means_several_things_is_asked_about(server: Any, client: Reprovena) -> None:
    """Where a name is not enough, the ids are told; where it is unknown, that."""
    items = [server.workflow, server.workflow | {"id": OTHER, "version": "2.0"}]
    server.on("GET", "/v1/workflows", lambda _: httpx.Response(200, json={"items": items}))
    runs = [server.run, server.run | {"id": OTHER}]
    server.on("GET", "/v1/runs", lambda _: httpx.Response(200, json={"items": runs}))

    with pytest.raises(WrongUse, match=OTHER):
        client.workflow("digits")
    with pytest.raises(WrongUse, match=OTHER):
        client.find_run("digits:1.0#1")
    with pytest.raises(ProblemError, match="no run"):
        client.find_run("digits:1.0#9")
    with pytest.raises(WrongUse, match="NAME:VERSION"):
        client.workflow(":1")


def test_a_workflow_is_changed_by_what_is_given(server: Any, client: Reprovena, tmp_path: Path) -> None:
    """Only what is given is sent, always as a form with parts; nothing at all is refused here."""
    server.on("PATCH", "/v1/workflows/.*", lambda _: httpx.Response(200, json=server.workflow))

    client.update_workflow(OTHER, version="1.1")

    sent = server.asked[-1]
    assert sent.headers["Content-Type"].startswith("multipart/form-data")
    assert b'name="version"\r\n\r\n1.1\r\n' in sent.content
    assert b"filename" not in sent.content
    with pytest.raises(WrongUse, match="nothing to change"):
        client.update_workflow(OTHER)


@pytest.mark.parametrize("text", ["{", "\x00"])
def test_damaged_credentials_are_told(tmp_path: Path, text: str) -> None:
    """A file that is not JSON is named, and never ends in a traceback."""
    (tmp_path / "c.json").write_text(text)

    with pytest.raises(WrongUse, match=r"c\.json"):
        Credentials.read(tmp_path / "c.json")


@pytest.mark.parametrize("text", ["[1]", '{"servers": 3}', '{"servers": {"http://x": 3}}'])
def test_strange_credentials_are_passed_over(tmp_path: Path, text: str) -> None:
    """What is not an account is none."""
    (tmp_path / "c.json").write_text(text)

    assert Credentials.read(tmp_path / "c.json").servers == {}


def test_a_path_may_be_asked_for(invoke: Any, server: Any) -> None:
    """`lineage path` names its ends as the other commands do."""
    node = {"id": f"run/{RUN}", "category": "ACTIVITY", "subtype": "WORKFLOW_RUN", "label": "digits:1.0 #1"}
    answer = {
        "root": f"run/{RUN}",
        "nodes": [node, {"id": "sha256:00", "category": "ENTITY", "subtype": "CONTENT"}],
        "links": [{"source": f"run/{RUN}", "relation": "used", "target": "sha256:00"}],
    }
    server.on("GET", "/v1/lineage/path", lambda _: httpx.Response(200, json=answer))

    result = invoke("lineage", "path", "digits:1.0#1", "sha256:00")

    assert result.exit_code == 0, result.output
    assert [line.strip() for line in result.stdout.splitlines()] == [
        "▸ run digits:1.0 #1",
        "│ used →",
        "sha256:00 (the same bytes)",
    ]


def test_files_given_by_file_url_or_absolute_path_are_found(tmp_path: Path) -> None:
    """CWL's ways to name a local file all work; addresses elsewhere are left alone."""
    (tmp_path / "a b.txt").write_text("x")
    values = {
        "url": {"class": "File", "location": f"file://{tmp_path}/a%20b.txt"},
        "path": {"class": "File", "path": str(tmp_path / "a b.txt")},
        "web": {"class": "File", "location": "https://example.org/a.txt"},
    }

    found = with_local_files(values, Path("/"))

    assert found.values["url"] == found.values["path"] == {"class": "File", "path": "a b.txt"}
    assert found.values["web"] == values["web"]
    assert found.files == {"a b.txt": tmp_path / "a b.txt"}
