"""Everything that goes wrong at a web door, as a problem (RFC 9457)."""

import asyncio
import json
import logging
from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Route

from chassis.refusal import Refusal
from chassis.texts import is_unkeepable
from chassis.trouble import is_trouble
from contracts.ids import uuid7
from contracts.problem import FieldError, Problem

log = logging.getLogger(__name__)

BY_STATUS = {
    400: "gateway:bad-request",
    401: "gateway:unauthenticated",
    403: "gateway:forbidden",
    404: "gateway:not-found",
    405: "gateway:method-not-allowed",
    406: "gateway:not-acceptable",
    409: "gateway:conflict",
    413: "gateway:too-large",
    415: "gateway:unsupported-media-type",
    422: "gateway:invalid",
    501: "gateway:not-yet",
    503: "gateway:unavailable",
}
MEDIA_TYPE = "application/problem+json"
DRAINED, PATIENCE = 8 << 20, 1.0
"""Bytes and seconds that are spent on the rest of a body that is too large."""


class Told(JSONResponse):
    """JSON that can quote whatever was sent, halves of surrogate pairs too."""

    def render(self, content: Any) -> bytes:
        """Write what UTF-8 cannot say as JSON's own escape."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def response(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """A problem as an answer; what has no value is left out."""
    body = problem.model_dump(mode="json", exclude_none=True)
    if problem.status == 401:
        headers = {"WWW-Authenticate": "Bearer"} | (headers or {})
    if problem.status == 503:
        headers = {"Retry-After": "2"} | (headers or {})
    return Told(body, problem.status, headers, MEDIA_TYPE)


def field_of(location: tuple[Any, ...]) -> str:
    """A pydantic location as a path: `body.inputs.data`."""
    return ".".join(str(part) for part in location)


def problem_of(error: Exception) -> Problem:
    """What went wrong, as a problem; a fault of ours is logged under the number that the problem tells."""
    if isinstance(error, Refusal):
        return error.problem
    if isinstance(error, RequestValidationError):
        errors = tuple(FieldError(detail=one["msg"], field=field_of(one["loc"])) for one in error.errors())
        named = ", ".join(sorted({one.field for one in errors if one.field})) or "the request"
        return Problem.of("gateway:invalid", f"not valid: {named}", errors=errors)
    if isinstance(error, ClientDisconnect):
        return Problem.of("gateway:bad-request", "the body ended before it was whole")
    if isinstance(error, HTTPException):
        kind = BY_STATUS.get(error.status_code)
        if kind is not None:
            return Problem.of(kind, str(error.detail))
        return Problem(type="about:blank", title="HTTP error", status=error.status_code, detail=str(error.detail))
    if is_trouble(error):
        log.warning("away", exc_info=error)
        return Problem.of("gateway:unavailable", "something needed is away; try again in a moment")
    if is_unkeepable(error):  # where nobody looked before
        log.warning("text that cannot be kept", exc_info=error)
        return Problem.of("gateway:invalid", "a text holds U+0000 or half of a surrogate pair, which cannot be kept")
    quote = uuid7()
    log.error("fault", extra={"quote": str(quote)}, exc_info=error)
    return Problem.of("gateway:bug", f"a fault of ours; quote {quote} when you report it", instance=f"urn:uuid:{quote}")


async def _answer(request: Request, error: Exception) -> JSONResponse:
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else None
    if isinstance(error, HTTPException) and error.status_code == 405:
        headers = allowed(request)
    problem = problem_of(error)
    if problem.status == 413 and not await _read_to_its_end(request):
        headers = {**(headers or {}), "Connection": "close"}
    return response(problem, headers)


async def _read_to_its_end(request: Request) -> bool:
    """Let a body that is nearly there come in, so that its sender hears the answer; whether that was all of it.

    Otherwise the line is closed: a server goes on reading what nobody wants for as long as somebody sends.
    """
    left = DRAINED
    try:
        async with asyncio.timeout(PATIENCE):
            while left > 0:
                message = await request.receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return True
                left -= len(message.get("body", b""))
    except TimeoutError:
        pass
    return False


def unexpected(error: Exception) -> JSONResponse:
    """The answer to what nobody expected."""
    return response(problem_of(error))


def allowed(request: Request) -> dict[str, str]:
    """All methods that an address takes: each of them is a route, and the router tells of one only."""
    routes: Iterable[Route] = getattr(request.app.state, "routes", ())
    taken = {method for one in routes if one.path_regex.match(request.url.path) for method in one.methods or ()}
    return {"Allow": ", ".join(sorted(taken))}


def speak_problems(app: FastAPI) -> None:
    """Answer every error of an application as a problem."""
    for kind in (Refusal, RequestValidationError, HTTPException, ClientDisconnect, Exception):
        app.add_exception_handler(kind, _answer)
