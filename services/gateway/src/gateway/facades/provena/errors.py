"""What goes wrong, as clients of Provena are told: `{"detail": …}`, with the codes of the original."""

from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from chassis.problems import Told, problem_of
from chassis.refusal import Refusal
from contracts.problem import PREFIX, FieldError, Problem

DENIED = frozenset(
    {
        "gateway:unauthenticated",
        "gateway:forbidden",
        "registry:no-access",
        "registry:not-owner",
        "registry:locked",
    }
)
"""Who may not, or not now, is told 401."""
KEPT = frozenset({404, 405, 406, 413, 415, 422, 500, 501, 503})
"""Codes of the door itself that stay; what the domain does not take is 400."""


class DetailError(Exception):
    """A no with a code of its own."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def kind_of(problem: Problem) -> str:
    """A problem's type without what all of them begin with."""
    return problem.type.removeprefix(PREFIX)


@contextmanager
def meaning(codes: Mapping[str, int], beginning: str = "") -> Iterator[None]:
    """Within it some problems have another code than they usually have."""
    try:
        yield
    except Refusal as no:
        code = codes.get(kind_of(no.problem))
        if code is None:
            raise
        raise DetailError(code, f"{beginning}{said(no.problem)}") from no


class Soft:
    """Some problems told with 200 and `success: false`: `with Soft(...) as no: …; return`, then `no.detail` after it."""

    def __init__(self, kinds: Collection[str]) -> None:
        self.kinds, self.detail = kinds, ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, Refusal) or kind_of(error.problem) not in self.kinds:
            return False
        self.detail = said(error.problem)
        return True


def wrong(message: str, *place: str | int, kind: str = "value_error") -> RequestValidationError:
    """The error of a field."""
    return RequestValidationError([{"type": kind, "loc": place, "msg": message, "input": None}])


class ProvenaRoute(APIRoute):
    """A route whose errors are told in Provena's manner."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, with the translator around it."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:
                return told(error)

        return answer


def told(error: Exception) -> JSONResponse:
    """The answer to a request that went wrong."""
    if isinstance(error, RequestValidationError):
        return Told(
            {"detail": [{"loc": list(one["loc"]), "msg": one["msg"], "type": one["type"]} for one in error.errors()]}, 422
        )
    if isinstance(error, DetailError):
        return _detail(error.status, error.detail)
    problem = problem_of(error)
    kind = kind_of(problem)
    if kind == "registry:changed-meanwhile":  # only who says what they have seen is told so
        return _detail(412, said(problem))
    if kind in DENIED:
        return _detail(401, said(problem))
    if kind == "gateway:invalid" and problem.errors:
        return Told({"detail": [_field(one) for one in problem.errors]}, 422)
    if problem.status in KEPT and not kind.startswith(("registry:", "provenance:")) and kind != "gateway:not-found":
        return _detail(problem.status, said(problem))
    return _detail(400, said(problem))


def said(problem: Problem) -> str:
    """A problem in one line: its detail, and those of its fields' errors that the detail does not tell."""
    more = [f"{error.field}: {error.detail}" if error.field else error.detail for error in problem.errors]
    new = [text for text, error in zip(more, problem.errors, strict=True) if error.detail not in problem.detail]
    return "; ".join([problem.detail, *new])


def _detail(status: int, detail: str) -> JSONResponse:
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "2"}}.get(status)
    return Told({"detail": detail}, status, headers)


def _field(error: FieldError) -> dict[str, Any]:
    place = (error.field or "").split(".")
    loc = place if place[0] in {"body", "query", "path"} else ["body", *place]
    return {"loc": loc, "msg": error.detail, "type": "value_error"}
