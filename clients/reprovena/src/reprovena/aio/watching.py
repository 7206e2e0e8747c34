"""Follows a run's events over lost connections."""

import json
import time
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any

from reprovena import calls
from reprovena.aio.hands import Sleep
from reprovena.aio.transport import AsyncTransport
from reprovena.answers import checked
from reprovena.errors import ProblemError, Unreachable
from reprovena.events import Decoder, Lines, Message
from reprovena.runs import RunEvent

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
AWAY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}


async def watch(wire: AsyncTransport, run: str, *, after: str | None, patience: float, sleep: Sleep) -> AsyncIterator[RunEvent]:
    """Give a run's changes, each once, up to its end.

    The first connection must come about; later ones are tried with growing pauses for as long as patience lasts.
    """
    last, heard, pause = after or "", False, FIRST_PAUSE
    lost: float | None = None
    while True:
        trouble: ProblemError | Unreachable | None = None
        try:
            async for message in _listen(wire, run, last):
                heard, lost = True, None
                if message is None or (message.event not in {"end", "problem"} and _known(message.id, last)):
                    continue
                if message.event == "problem":
                    raise ProblemError.of(_document(message))
                pause = FIRST_PAUSE
                last = message.id or last
                yield _event(message)
                if message.event == "end":
                    return
        except Unreachable as error:
            trouble = error
        except ProblemError as error:
            if error.status not in AWAY:
                raise
            trouble = error
        if trouble is not None and not heard:
            raise trouble
        now = time.monotonic()
        lost = now if lost is None else lost
        if now - lost + pause > patience:
            msg = f"The connection was lost and did not come back within {patience:.0f} s; the run goes on without it."
            raise Unreachable(msg) from trouble
        await sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def _listen(wire: AsyncTransport, run: str, last: str) -> AsyncIterator[Message | None]:
    """Give one connection's messages, after a nothing that says it stands."""
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"} | ({"Last-Event-ID": last} if last else {})
    lines, decoder = Lines(), Decoder(last)
    async with wire.stream(calls.events_path(run), headers) as response:
        checked(response)
        yield None
        async for chunk in response.aiter_bytes():
            for line in lines.feed(chunk):
                if message := decoder.feed(line):
                    yield message


def _known(seq: str, last: str) -> bool:
    """Tell whether this came before; a server that cannot resume says everything again."""
    return seq.isdigit() and last.isdigit() and int(seq) <= int(last)


def _event(message: Message) -> RunEvent:
    return RunEvent.of(message.event, message.id, _document(message))


def _document(message: Message) -> Mapping[str, Any]:
    try:
        document = json.loads(message.data)
    except ValueError:
        document = None
    return document if isinstance(document, Mapping) else {}
