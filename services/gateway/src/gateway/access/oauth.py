"""OAuth's words: how it refuses, how a form names its client, what the documentation says of both."""

import base64
import binascii
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import unquote_plus

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.datastructures import FormData

from contracts.problem import Problem
from gateway.bodies import limited

LARGEST = 64 * 1024
NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
ASKS = {
    "invalid_client": {"WWW-Authenticate": 'Basic realm="reprovena"'},
    "invalid_token": {"WWW-Authenticate": 'Bearer realm="reprovena", error="invalid_token"'},
}
FORM = "application/x-www-form-urlencoded"


class Denied(Exception):
    """No token, in OAuth's words (RFC 6749 §5.2)."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status

    def answer(self) -> JSONResponse:
        """The same as an answer."""
        headers = NOT_KEPT | ASKS.get(self.error, {})
        return JSONResponse({"error": self.error, "error_description": self.description}, self.status, headers)


class Route(APIRoute):
    """An address that refuses in OAuth's words, and whose answers nobody keeps."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with that around it."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                answer = await inner(request)
            except Denied as no:
                return no.answer()
            answer.headers.update(NOT_KEPT)
            return answer

        return handle


class Denial(BaseModel):
    """A refusal as programs read it."""

    error: str
    error_description: str


class Tokens(BaseModel):
    """What a program gets."""

    access_token: str
    expires_in: int
    token_type: str
    scope: str
    refresh_token: str | None = None
    refresh_expires_in: int
    id_token: str | None = None
    session_state: str | None = None
    not_before_policy: int = Field(0, alias="not-before-policy")


def documented(*names: str, needed: tuple[str, ...] = (), example: dict[str, str] | None = None) -> dict[str, Any]:
    """A form, for the API's documentation."""
    schema = {
        "type": "object",
        "required": list(needed),
        "properties": {name: {"type": "string"} for name in ("client_id", "client_secret", *names)},
    }
    content = {FORM: {"schema": schema} | ({"example": example} if example else {})}
    return {"requestBody": {"required": True, "content": content}}


def answers(*denied: int) -> dict[int | str, dict[str, Any]]:
    """What an address of the issuer may answer besides success."""
    told: dict[int | str, dict[str, Any]] = {status: {"model": Denial, "description": "Refused"} for status in denied}
    shown = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, why in ((404, "Another issuer is set"), (413, "The form is too large"), (503, "The database is away")):
        told[status] = {"model": Problem, "description": why, "content": shown}
    return told


async def read_form(request: Request) -> dict[str, str]:
    """A form's fields; one that is there twice is refused, since two readers could take it differently."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Denied("invalid_request", f"The form must be {FORM}")
    form: FormData = await limited(request, LARGEST).form(max_fields=40)
    told: dict[str, str] = {}
    for name, value in form.multi_items():
        if name in told or not isinstance(value, str):
            raise Denied("invalid_request", "duplicated parameter")
        told[name] = value
    return told


def client_of(request: Request, told: dict[str, str]) -> tuple[str, str | None]:
    """The program, named by HTTP Basic or in the form."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise Denied("invalid_client", "Invalid client or Invalid client credentials", 401) from None
        return unquote_plus(name), unquote_plus(secret)
    return need(told, "client_id"), told.get("client_secret") or None


def need(told: dict[str, str], name: str) -> str:
    """A field that has to be there."""
    value = told.get(name)
    if not value:
        raise Denied("invalid_request", f"Missing form parameter: {name}")
    return value
