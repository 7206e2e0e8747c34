"""A run as it happens: server-sent events out of the executor's changes."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from chassis.refusal import Refusal
from contracts.message import Caller
from gateway.api.doors import AsUser, Here, problems
from gateway.backends import Backend

router = APIRouter(prefix="/v1/runs", tags=["runs"])
BEAT = 15
"""Seconds after which a line says that the line still stands."""
PATIENCE = 40
"""Times in a row that the executor may be away, with a second between, before the stream ends."""
EXAMPLE = 'event: step\nid: 7\ndata: {"seq": 7, "at": "2026-01-01T00:00:00Z", "place": "train[1]", "status": "running"}\n\n'
STREAM = {"description": "Server-sent events", "content": {"text/event-stream": {"example": EXAMPLE}}}


def event(name: str, data: Any, seq: int | None = None) -> str:
    """An event in the format of the HTML standard; JSON has no line breaks of its own."""
    head = f"event: {name}\n" + (f"id: {seq}\n" if seq is not None else "")
    return f"{head}data: {json.dumps(data, separators=(',', ':'))}\n\n"


def comment(text: str) -> str:
    """A line that clients pass over."""
    return f": {text}\n\n"


def of_change(change: dict[str, Any]) -> str:
    """A change of a run or of a step as an event."""
    return event("run" if change.get("place") is None else "step", change, change["seq"])


async def changes(executor: Backend, caller: Caller, run: UUID, told: dict[str, Any], after: int) -> AsyncIterator[str]:
    """The run's changes after one, as they happen, and its end; `told` is the executor's first answer."""
    away = 0
    yield "retry: 1000\n\n"
    while True:
        for change in told["items"]:
            after = max(after, change["seq"])
            yield of_change(change)
        if told["ended"]:
            break
        if not told["items"]:
            yield comment("still here")
        try:
            told = await executor.json(caller, f"/runs/{run}/changes", {"after": after, "wait": BEAT})
            away = 0
        except Refusal as no:
            away += 1
            if no.problem.status != 503 or away > PATIENCE:
                yield event("problem", no.problem.model_dump(mode="json", exclude_none=True))
                return
            told = {"items": [], "ended": False}
            await asyncio.sleep(1)
    there = await executor.json(caller, f"/runs/{run}")
    yield event("end", {name: there.get(name) for name in ("id", "name", "number", "status", "reason")})


@router.get("/{run}/events", summary="Watch a run", responses=problems(404) | {200: STREAM}, response_class=StreamingResponse)
async def watch(
    run: UUID,
    caller: AsUser,
    house: Here,
    after: Annotated[int, Query(ge=0, le=(1 << 63) - 1, description="Begin after this event")] = 0,
    last_event_id: Annotated[str | None, Header(description="Begin after this event; what browsers send")] = None,
) -> StreamingResponse:
    """Every change of a run and of its steps: `event: run|step`, and `event: end` when all is said."""
    begin = int(last_event_id) if last_event_id and last_event_id.isdecimal() and len(last_event_id) < 19 else after
    executor = house.parts.backends.executor
    # the first answer is awaited here, so that a run which is not there is a problem and not a stream
    told = await executor.json(caller, f"/runs/{run}/changes", {"after": begin, "wait": 0})
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(changes(executor, caller, run, told, begin), headers=headers, media_type="text/event-stream")
