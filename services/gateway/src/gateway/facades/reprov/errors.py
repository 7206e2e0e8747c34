"""What goes wrong, as clients of ReProv are told: an envelope, or `detail` where the original leaves it to FastAPI."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from chassis.problems import problem_of
from chassis.refusal import Refusal
from chassis.trouble import is_trouble
from contracts.problem import PREFIX, Problem
from gateway.facades.reprov.shapes import Failure

UNKNOWN_WORKFLOW, UNKNOWN_RUN = "Invalid registry_id", "Invalid execution_id"
UNKNOWN_NUMBER = "Invalid reana_name and reana_run_number combination"
WORDS = {
    "registry:no-such-workflow": (404, UNKNOWN_WORKFLOW),
    "registry:duplicate-workflow": (400, "Integrity error. Duplicate name and version combination"),
    "executor:no-such-run": (404, UNKNOWN_RUN),
    "executor:placeholder-not-found": (404, "Invalid entity id in placeholder"),
}
"""Problems for which the original has words and a code of its own."""
LEGACY = "legacy200"


class NoError(Exception):
    """The original's no, in its words."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class DetailError(Exception):
    """A no that the original leaves to FastAPI: a real HTTP status and `{"detail": …}`, whatever the setting."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def missing(*place: str) -> RequestValidationError:
    """The error of a field that is not there."""
    return wrong("missing", "Field required", *place)


def wrong(kind: str, message: str, *place: str) -> RequestValidationError:
    """The error of a field."""
    return RequestValidationError([{"type": kind, "loc": place, "msg": message, "input": None}])


@contextmanager
def saying(beginning: str) -> Iterator[None]:
    """What is away meanwhile is told as the original tells it: 503, and what was being tried."""
    try:
        yield
    except Exception as error:
        away = error.problem.status == 503 if isinstance(error, Refusal) else is_trouble(error)
        if not away:
            raise
        raise NoError(503, f"{beginning}: {problem_of(error).detail}") from error


class LegacyRoute(APIRoute):
    """A route whose errors are told in ReProv's words."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, with the translator around it."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(_renamed(request))
            except Exception as error:
                return told(error, legacy=request.app.state.house.settings.reprov_errors == LEGACY)

        return answer


def _renamed(request: Request) -> Request:
    """A request with `reana_run_number`, which older clients call `run_number`."""
    query = request.url.query
    if "run_number=" not in query or "reana_run_number" in request.query_params:
        return request
    given = [
        ("reana_run_number" if name == "run_number" else name, value) for name, value in request.query_params.multi_items()
    ]
    return Request({**request.scope, "query_string": urlencode(given).encode()}, request.receive)


def told(error: Exception, *, legacy: bool) -> Response:
    """The answer to a request that went wrong."""
    if isinstance(error, RequestValidationError):
        fields = [{"loc": list(one["loc"]), "msg": one["msg"], "type": one["type"]} for one in error.errors()]
        return JSONResponse({"detail": fields}, 422)
    if isinstance(error, DetailError):
        return JSONResponse({"detail": error.detail}, error.status)
    if isinstance(error, NoError):
        return _envelope(error.code, error.message, legacy=legacy)
    problem = problem_of(error)
    if problem.status == 401:
        return JSONResponse({"detail": problem.detail}, 401, {"WWW-Authenticate": "Bearer"})
    code, message = WORDS.get(problem.type.removeprefix(PREFIX), (problem.status, _all_of(problem)))
    # 422 is FastAPI's word for a faulty request; what the domain does not take is a 400 here, as a duplicate is
    return _envelope(400 if code == 422 else code, message, legacy=legacy)


def _envelope(code: int, message: str, *, legacy: bool) -> Response:
    headers = {"Retry-After": "2"} if code == 503 else None
    return JSONResponse(Failure(message=message, error_code=code).model_dump(), 200 if legacy else code, headers)


def _all_of(problem: Problem) -> str:
    """A problem in one line: its detail, and those of its fields' errors that the detail does not tell."""
    more = [f"{error.field}: {error.detail}" if error.field else error.detail for error in problem.errors]
    return "; ".join(
        [
            problem.detail,
            *(text for text, error in zip(more, problem.errors, strict=True) if error.detail not in problem.detail),
        ]
    )
