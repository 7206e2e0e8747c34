"""Everything that goes wrong at a web door, as a problem (RFC 9457)."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from chassis.refusal import Refusal
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


def response(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """A problem as an answer; what has no value is left out."""
    body = problem.model_dump(mode="json", exclude_none=True)
    if problem.status == 401:
        headers = {"WWW-Authenticate": "Bearer"} | (headers or {})
    if problem.status == 503:
        headers = {"Retry-After": "2"} | (headers or {})
    return JSONResponse(body, problem.status, headers, MEDIA_TYPE)


def field_of(location: tuple[Any, ...]) -> str:
    """A pydantic location as a path: `body.inputs.data`."""
    return ".".join(str(part) for part in location)


async def _refusal(_request: Request, error: Exception) -> JSONResponse:
    return response(error.problem) if isinstance(error, Refusal) else await _other(_request, error)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    errors = tuple(FieldError(detail=one["msg"], field=field_of(one["loc"])) for one in found)
    named = ", ".join(sorted({one.field for one in errors if one.field})) or "the request"
    return response(Problem.of("gateway:invalid", f"not valid: {named}", errors=errors))


async def _http(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        return await _other(_request, error)
    kind = BY_STATUS.get(error.status_code)
    if kind is None:
        problem = Problem(type="about:blank", title="HTTP error", status=error.status_code, detail=str(error.detail))
    else:
        problem = Problem.of(kind, str(error.detail))
    return response(problem, dict(error.headers or {}))


async def _other(_request: Request, error: Exception) -> JSONResponse:
    return unexpected(error)


def unexpected(error: Exception) -> JSONResponse:
    """The answer to what nobody expected, and a line in the log."""
    if is_trouble(error):
        log.warning("away", exc_info=error)
        return response(Problem.of("gateway:unavailable", "something needed is away; try again in a moment"))
    quote = uuid7()
    log.error("fault", extra={"quote": str(quote)}, exc_info=error)
    return response(
        Problem.of("gateway:bug", f"a fault of ours; quote {quote} when you report it", instance=f"urn:uuid:{quote}")
    )


def speak_problems(app: FastAPI) -> None:
    """Answer every error of an application as a problem."""
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _other)
