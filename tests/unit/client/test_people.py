"""Lineage for people, on the screen: how two runs differ, where a file was seen, what a shell offers."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from tests.unit.client.conftest import RUN, Server, problem
from typer.testing import Result

Invoke = Callable[..., Result]
OTHER = "01890b3c-0000-7000-8000-0000000000ab"
SAME = {"counts": {"same": 1}, "items": [{"name": "engine", "state": "same", "run": "cwltool", "other": "cwltool"}]}


def side(run: str, number: str) -> dict[str, Any]:
    """One of the two runs."""
    return {"id": run, "name": "digits:1.0", "number": number, "status": "finished", "duration": 2.5}


def a_file(name: str, content: str) -> dict[str, Any]:
    """A file of a side."""
    return {"id": f"run/{RUN}/in/{name}", "path": name, "size": 2048, "sha256": content * 64}


DIFFERENCE: dict[str, Any] = {
    "run": side(RUN, "1"),
    "other": side(OTHER, "2"),
    "workflow": SAME,
    "parameters": {
        "counts": {"changed": 1, "added": 1, "removed": 1},
        "items": [
            {"name": "rate", "state": "changed", "run": 0.1, "other": 0.2},
            {"name": "new \x1b[2J[bold]", "state": "added", "other": {"a": "b" * 99}},
            {"name": "old", "state": "removed", "run": "x"},
        ],
    },
    "inputs": {
        "counts": {"changed": 1, "unknown": 1},
        "items": [
            {
                "name": "raw.csv",
                "role": "data",
                "state": "changed",
                "run": a_file("raw.csv", "a"),
                "other": a_file("raw.csv", "b"),
            },
            {
                "name": "odd.csv",
                "role": None,
                "state": "unknown",
                "run": a_file("odd.csv", "c"),
                "other": a_file("odd.csv", "d"),
            },
        ],
    },
    "steps": {
        "counts": {"changed": 1},
        "items": [
            {
                "place": "train[0]",
                "state": "changed",
                "differs": ["status", "exit_code", "command"],
                "run": {"status": "finished", "exit_code": 0, "command": "train 1", "duration": 1.0},
                "other": {"status": "failed", "exit_code": 3, "command": "train 2", "duration": 0.5},
            }
        ],
    },
    "outputs": {"counts": {}, "items": []},
    "environment": SAME,
    "identical": False,
    "truncated": False,
}


@pytest.fixture
def compared(server: Server) -> Server:
    """A server that compares two runs."""
    server.on("GET", r"/v1/runs/[^/]+/difference", lambda _: httpx.Response(200, json=DIFFERENCE))
    return server


def test_a_difference_is_a_tree(compared: Server, invoke: Invoke) -> None:
    """Each section says how much of it differs, and each thing how; text of others cannot move the cursor."""
    result = invoke("lineage", "difference", "digits:1.0#1", OTHER)

    assert result.exit_code == 0, result.output
    lines = re.sub(r"[│├└─]+", "", result.stdout).splitlines()
    assert [line.strip() for line in lines] == [
        "digits:1.0#1 (finished in 2.5 s) → digits:1.0#2 (finished in 2.5 s)",
        "workflow  1 the same",
        "parameters  1 changed, 1 added, 1 removed",
        "~ rate  0.1 → 0.2",
        f'+ new �[2J[bold]  {{"a": "{"b" * 52}…',
        "- old  x",
        "inputs  1 changed, 1 unknown",
        f"~ raw.csv  (data) sha256:{'a' * 12} 2.0 KiB → sha256:{'b' * 12} 2.0 KiB",
        "? odd.csv  nobody knows the bytes of both",
        "steps  1 changed",
        "~ train[0]  finished in 1.0 s → failed exit code 3 in 0.5 s; command train 1 → train 2",
        "environment  1 the same",
    ]
    assert "= engine  cwltool" in invoke("lineage", "difference", RUN, OTHER, "--all").stdout
    assert json.loads(invoke("lineage", "difference", RUN, OTHER, "--json").stdout) == DIFFERENCE


def test_runs_that_cannot_be_compared_say_what_to_do(server: Server, invoke: Invoke) -> None:
    """The server's refusal comes with the option that lifts it, which is passed on."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("any") == "true":
            return httpx.Response(200, json=DIFFERENCE | {"identical": True})
        return problem("provenance:not-comparable", 422, "one is a run of a, the other of b")

    server.on("GET", r"/v1/runs/[^/]+/difference", answer)

    no, yes = invoke("lineage", "difference", RUN, OTHER), invoke("lineage", "difference", RUN, OTHER, "--any")

    assert (no.exit_code, "--any" in no.stderr) == (3, True)
    assert (yes.exit_code, "Nothing differs but times." in yes.stdout) == (0, True)


def test_a_file_is_found_by_its_bytes(server: Server, invoke: Invoke, tmp_path: Path) -> None:
    """The digest is made here and the file stays here; each run and step that used or wrote it is a line."""
    file = tmp_path / "data.csv"
    file.write_bytes(b"x" * 3_000_000)
    use = {
        "file": f"run/{RUN}/in/raw.csv",
        "path": "raw.csv",
        "size": 3,
        "run": RUN,
        "run_name": "digits:1.0",
        "run_number": "1",
    }
    items = [
        use
        | {"relation": "used", "role": "data", "step": "train", "by": "Ada", "at": "2026-01-01T00:00:00Z", "tenant": "demo"},
        use | {"relation": None, "role": None, "step": None, "by": None, "at": None, "tenant": "demo"},
    ]
    server.on("GET", "/v1/files", lambda _: httpx.Response(200, json={"items": items, "next": None}))

    result = invoke("find", str(file))

    assert result.exit_code == 0, result.output
    assert server.last("GET", "/v1/files").url.params["sha256"] == sha256(file.read_bytes()).hexdigest()
    assert re.search(r"digits:1\.0#1 +train +used \(data\) +raw\.csv +Ada", result.stdout)
    assert json.loads(invoke("find", str(file), "--json").stdout)["items"] == items
    one = invoke("find", str(file), "--limit", "1")
    assert ("There is more" in one.stderr, one.stdout.count("digits:1.0#1")) == (True, 1)
    server.on("GET", "/v1/files", lambda _: httpx.Response(200, json={"items": [], "next": None}))
    assert "Nothing here" in invoke("find", str(file)).stdout


def test_what_cannot_be_found_says_why(server: Server, invoke: Invoke, tmp_path: Path) -> None:
    """An empty file, a folder and one that is not there are known to be no use without asking."""
    (tmp_path / "empty").touch()
    for name, why in (("empty", "is empty"), (".", "is no file"), ("nothing", "is not there")):
        result = invoke("find", str(tmp_path / name))
        assert (result.exit_code, why in result.stderr) == (2, True), result.output
    assert not [one for one in server.asked if one.url.path == "/v1/files"]


def test_a_workflow_is_changed(server: Server, invoke: Invoke, tmp_path: Path) -> None:
    """What is given is sent, and nothing else; nothing given is wrong use."""
    server.on("PATCH", r"/v1/workflows/[^/]+", lambda _: httpx.Response(200, json=server.workflow | {"version": "2.0"}))

    result = invoke("workflow", "update", "digits:1.0", "--version", "2.0")

    assert (result.exit_code, "Changed digits:2.0" in result.stdout) == (0, True), result.output
    body = server.last("PATCH", ".*").content
    assert b'name="version"' in body
    assert b'name="name"' not in body
    assert invoke("workflow", "update", "digits:1.0").exit_code == 2


def test_waiting_for_a_job_ends_as_it_does(server: Server, invoke: Invoke) -> None:
    """A job that fails is told as the problem that ended it; one that does not end in time too."""
    why = {"type": "urn:problem:executor:missing-input", "title": "No", "status": 422, "detail": "give me C"}
    server.on("GET", r"/v1/jobs/[^/]+", lambda _: httpx.Response(200, json=server.job("FAILED") | {"problem": why}))
    failed = invoke("jobs", "wait", RUN)
    assert (failed.exit_code, "give me C" in failed.stderr, "--input" in failed.stderr) == (3, True, True)
    server.on("GET", r"/v1/jobs/[^/]+", lambda _: httpx.Response(200, json=server.job("IN_PROGRESS")))
    late = invoke("jobs", "wait", RUN, "--within", "0", "--json")
    assert (late.exit_code, json.loads(late.stderr)["status"]) == (3, 504)


@pytest.mark.parametrize("width", ["80", "100"])
def test_every_page_of_help_fits(width: str, invoke: Invoke) -> None:
    """No line is wider than the terminal, every page says what the command does, and the first names the exit codes."""
    groups = {
        "": ["login", "find", "draw", "export"],
        "run": ["start", "watch", "download"],
        "lineage": ["difference"],
        "jobs": ["wait"],
    }
    pages = [
        (),
        *((group,) if not name else ((group, name) if group else (name,)) for group, names in groups.items() for name in names),
    ]
    for page in pages:
        said = invoke(*page, "--help", env={"COLUMNS": width, "TERMINAL_WIDTH": width}).stdout
        assert max(map(len, said.splitlines())) <= int(width), page
        assert "Usage: " in said
    first = invoke("--help").stdout
    assert [word in first for word in ("Exit codes", "the server cannot be reached", "interrupted")] == [True] * 3


class Names(BaseHTTPRequestHandler):
    """Knows two workflows and a run."""

    def do_GET(self) -> None:
        """Answer a list."""
        flows = [{"name": "digits", "version": v, "engine": "cwl"} for v in ("1.0", "2.0")]
        items = flows if "workflows" in self.path else [{"name": "digits:1.0", "number": "7", "status": "finished"}]
        body = json.dumps({"items": items, "next": None}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


SLOWLY = "from reprovena.command import app, complete; complete.SECONDS = 60.0; app(prog_name='reprovena')"
"""The command, which otherwise gives up a server after two seconds rather than let somebody wait for a shell."""


def test_a_shell_is_offered_names() -> None:
    """After TAB the shell is told the names that the server has; of a server that is away, nothing and no error."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Names)
    Thread(target=server.serve_forever, daemon=True).start()

    def offered(url: str, words: str) -> list[str]:
        known = {
            "REPROVENA_URL": url,
            "REPROVENA_TOKEN": "t",
            "_REPROVENA_COMPLETE": "complete_zsh",
            "_TYPER_COMPLETE_ARGS": words,
        }
        command = [sys.executable, "-c", SLOWLY]
        done = subprocess.run(command, env=os.environ | known, capture_output=True, text=True, timeout=180, check=False)
        assert done.stderr == ""
        return re.findall(r'"(digits[^"]*?)":', done.stdout.replace("\\\\:", ":").replace("\\:", ":"))

    try:
        url = f"http://127.0.0.1:{server.server_port}"
        assert offered(url, "reprovena workflow show dig") == ["digits:1.0", "digits:2.0"]
        assert offered(url, "reprovena run show dig") == ["digits:1.0#7"]
        assert offered(url, "reprovena run start other") == []
    finally:
        server.shutdown()
        server.server_close()
    assert offered("http://127.0.0.1:1", "reprovena run show dig") == []
