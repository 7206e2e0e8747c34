"""A run's changes as server-sent events."""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from chassis.callers import Callers
from chassis.testing import somebody
from contracts.ids import uuid7
from contracts.problem import Problem
from gateway.api import events
from gateway.api.events import changes, comment, event, of_change
from gateway.backends import Backend


def change(seq: int, place: str | None = None, status: str = "running") -> dict[str, Any]:
    return {"seq": seq, "at": "2026-01-01T00:00:00Z", "place": place, "status": status, "reason": None}


def executor(callers: Callers, *answers: httpx.Response) -> Backend:
    left = list(answers)
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _request: left.pop(0)), base_url="http://executor")
    return Backend("executor", http, callers)


@pytest.fixture
def callers(tmp_path) -> Callers:
    from chassis import keys

    return Callers.with_key(keys.signing_key(tmp_path / "key.pem"))


async def text(backend: Backend, told: dict[str, Any], run: UUID, after: int = 0) -> list[str]:
    return [one async for one in changes(backend, somebody(), run, told, after)]


def test_an_event_is_lines_and_an_empty_line() -> None:
    """Name, id and one line of JSON, even if a text has line breaks."""
    told = event("step", {"reason": "a\nb\r\nc"}, 7)

    assert told == 'event: step\nid: 7\ndata: {"reason":"a\\nb\\r\\nc"}\n\n'
    assert comment("x") == ": x\n\n"


def test_a_change_is_of_the_run_or_of_a_step() -> None:
    """A change with a place is a step's."""
    assert of_change(change(1)).startswith("event: run\nid: 1\n")
    assert of_change(change(2, "train[1]")).startswith("event: step\nid: 2\n")


async def test_a_stream_ends_with_the_run(callers: Callers) -> None:
    """Changes come in order, silence is a comment, and the end says how it ended."""
    run = uuid7()
    backend = executor(
        callers,
        httpx.Response(200, json={"items": [], "ended": False}),
        httpx.Response(200, json={"items": [change(3, status="finished")], "ended": True}),
        httpx.Response(200, json={"id": str(run), "status": "finished", "number": "1", "name": "d:1", "reason": None}),
    )

    told = await text(backend, {"items": [change(1), change(2, "a")], "ended": False}, run)

    assert [one.partition("\n")[0] for one in told] == [
        "retry: 1000",
        "event: run",
        "event: step",
        ": still here",
        "event: run",
        "event: end",
    ]
    assert json.loads(told[-1].split("data: ")[1])["status"] == "finished"


async def test_an_executor_that_is_away_for_a_moment_is_waited_for(callers: Callers, monkeypatch) -> None:
    """A restart of the executor does not end the stream."""
    monkeypatch.setattr(events.asyncio, "sleep", lambda _seconds: _nothing())
    run = uuid7()
    backend = executor(
        callers,
        httpx.Response(503),
        httpx.Response(200, json={"items": [], "ended": True}),
        httpx.Response(200, json={"id": str(run), "status": "failed"}),
    )

    told = await text(backend, {"items": [change(1)], "ended": False}, run)

    assert told[-1].startswith("event: end")


async def test_a_run_that_goes_away_ends_the_stream_with_its_problem(callers: Callers) -> None:
    """What the executor refuses is told in the stream."""
    no = Problem.of("executor:no-such-run", "gone").model_dump(mode="json")
    backend = executor(callers, httpx.Response(404, json=no, headers={"content-type": "application/problem+json"}))

    told = await text(backend, {"items": [], "ended": False}, uuid7())

    assert told[-1].startswith("event: problem")


async def _nothing() -> None:
    return None
