"""`reprovena record`, and what it asks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.unit.client.conftest import JOB, Server
from typer.testing import Result

Invoke = Callable[..., Result]
RUN = "10378.1/12"
NODE = {"id": "10378.1/7", "category": "ENTITY", "subtype": "DATASET", "props": {"record_ids": RUN}}
ME = {"id": RUN, "category": "ACTIVITY", "subtype": "MODEL_RUN", "props": {"record_ids": RUN}}
DIFF = [
    {"action_type": "ADD_RECORD_ID_TO_NODE", "node_id": "10378.1/7", "record_id": RUN},
    {"action_type": "REMOVE_LINK", "link": {"source": ME, "target": NODE, "relation": "used", "props": {}}},
    {"action_type": "ADD_NEW_NODE", "node": NODE},
]
DONE = {"id": JOB, "kind": "registry.undo-model-run", "status": "SUCCEEDED", "result": {"revision": 3}, "problem": None}


@pytest.fixture
def recorded(server: Server) -> Server:
    """A server that knows a record of two revisions."""

    def pages(request: httpx.Request) -> httpx.Response:
        second = request.url.params.get("after") == "more"
        told = {"record": RUN, "revision": 1 if second else 2, "at": "2026-01-01T00:00:00Z", "withdrawn": not second}
        return httpx.Response(200, json={"items": [told | {"diff": DIFF}], "next": None if second else "more"})

    server.on("GET", r"/v1/records/diff", lambda _: httpx.Response(200, json={"diff": DIFF}))
    server.on("POST", r"/v1/records/diff", lambda _: httpx.Response(200, json={"diff": []}))
    server.on("GET", r"/v1/records/changes", pages)
    server.on("POST", r"/v1/records/undo", lambda _: httpx.Response(202, json={"job": DONE}))
    return server


def test_a_preview_says_what_comes_and_goes(recorded: Server, invoke: Invoke) -> None:
    """Each action in a line, for several records at once or for a revision."""
    shown = invoke("record", "diff", RUN, "10378.1/13")
    back = invoke("record", "diff", RUN, "--to", "1", "--json")

    assert shown.stdout.splitlines() == ["  » 10378.1/7", f"  - {RUN} used 10378.1/7", "  + 10378.1/7"]
    assert recorded.asked[-2].url.params.get_list("id") == [RUN, "10378.1/13"]
    assert recorded.asked[-1].url.params["to"] == "1"
    assert json.loads(back.stdout) == {"diff": DIFF}


def test_another_record_comes_from_a_file(recorded: Server, invoke: Invoke, tmp_path: Path) -> None:
    """For a run that is there, or without a handle for a new one."""
    record = tmp_path / "record.json"
    record.write_text('{"display_name": "June"}')

    one, new = invoke("record", "diff", RUN, "--record", str(record)), invoke("record", "diff", "--record", str(record))

    sent = [json.loads(asked.content) for asked in recorded.asked[-2:]]
    assert sent == [{"id": RUN, "record": {"display_name": "June"}}, {"id": None, "record": {"display_name": "June"}}]
    assert (one.stdout, new.exit_code) == ("Nothing would change.\n", 0)


@pytest.mark.parametrize(("words", "content"), [((), None), ((RUN, "--to", "1"), "{}"), ((RUN,), "[]"), ((RUN,), "{")])
def test_what_makes_no_sense_is_wrong_use(invoke: Invoke, tmp_path: Path, words: tuple[str, ...], content: str | None) -> None:
    """Nothing is asked of the server."""
    record = tmp_path / "record.json"
    record.write_text(content or "")
    more = ("--record", str(record)) if content is not None else ()

    assert invoke("record", "diff", *words, *more).exit_code == 2


def test_changes_are_listed_with_what_each_did(recorded: Server, invoke: Invoke) -> None:
    """All pages; a withdrawal says that it is one."""
    shown = invoke("record", "changes", RUN).stdout

    assert shown.count("  - ") == 2
    assert "revision 2 " in shown.splitlines()[0]
    assert "says nothing any more" in shown.splitlines()[0]
    assert [line.split()[1] for line in shown.splitlines() if line.startswith("revision")] == ["2", "1"]


def test_undo_needs_a_reason_and_tells_the_new_revision(recorded: Server, invoke: Invoke) -> None:
    """Without a revision the server chooses the last that said something else."""
    without = invoke("record", "undo", RUN)
    done = invoke("record", "undo", RUN, "--reason", "the other wind was right")

    assert without.exit_code == 2
    assert f"{RUN} is at revision 3 SUCCEEDED" in done.stdout
    sent: Any = json.loads(recorded.last("POST", "/v1/records/undo").content)
    assert sent == {"id": RUN, "to": None, "reason": "the other wind was right"}
