"""`reprovena bus` as operators meet it."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from typer.testing import Result

Invoke = Callable[..., Result]
ITEM = {
    "id": "executor/7",
    "queue": "executor.stop-run",
    "subject": "executor.stop-run.v1",
    "message": "01890b3c-0000-7000-8000-000000000001",
    "reason": "failed 5 times",
    "error": "RuntimeError('[bold]no\x1b[2J')\nmore",
    "created": "2026-01-01T00:00:00Z",
    "at": "2026-01-01T00:00:01Z",
}
QUEUES = [
    {"queue": "executor.stop-run", "subject": "executor.stop-run.v1", "state": "heard", "waiting": 0},
    {"queue": "left-behind", "subject": "#", "state": "unowned", "waiting": 12},
    {"queue": "executor.start-run", "subject": "executor.start-run.v1", "state": "missing", "waiting": None},
]


@pytest.fixture(autouse=True)
def operators(server: Any) -> None:
    """The server answers operators."""
    server.on("GET", r"/v1/admin/bus/parked", lambda _: httpx.Response(200, json={"items": [ITEM], "away": ["registry"]}))
    server.on("GET", r"/v1/admin/bus/topology", lambda _: httpx.Response(200, json={"items": QUEUES}))
    server.on("POST", r"/v1/admin/bus/(replay|drop)", lambda _: httpx.Response(200, json={"count": 1}))


def test_what_is_parked_is_listed_in_one_line_each(invoke: Invoke, server: Any) -> None:
    """With the first line of the error, made harmless; who does not answer is told beside it."""
    result = invoke("--token", "t", "bus", "parked", "--service", "executor", "--limit", "5")

    assert result.exit_code == 0
    assert "executor/7" in result.output
    assert "[bold]no" in result.output
    assert "\x1b[2J" not in result.output
    assert "more" not in result.output
    assert "The registry does not answer." in result.output
    assert dict(server.last("GET", "/v1/admin/bus/parked").url.params) == {"service": "executor", "limit": "5"}


def test_messages_are_put_back_by_their_ids(invoke: Invoke, server: Any) -> None:
    """Several at once."""
    result = invoke("--token", "t", "bus", "replay", "executor/7", "gateway/1", "--json")

    assert json.loads(result.output) == {"count": 1}
    assert json.loads(server.last("POST", "/v1/admin/bus/replay").content) == {"ids": ["executor/7", "gateway/1"]}


def test_nothing_is_forgotten_without_a_yes(invoke: Invoke, server: Any) -> None:
    """`drop` asks; `--yes` answers."""
    assert invoke("--token", "t", "bus", "drop", "executor/7", input="n\n").exit_code != 0
    assert not [one for one in server.asked if one.method == "POST" and "drop" in one.url.path]

    assert "Forgot 1." in invoke("--token", "t", "bus", "drop", "executor/7", "--yes").output


def test_only_what_is_not_as_it_should_be_is_shown(invoke: Invoke) -> None:
    """Queues that nobody hears or that are missing; all with `--all`."""
    short, long = invoke("--token", "t", "bus", "topology").output, invoke("--token", "t", "bus", "topology", "--all").output

    assert ("left-behind" in short, "executor.start-run" in short, "executor.stop-run" in short) == (True, True, False)
    assert "executor.stop-run" in long
