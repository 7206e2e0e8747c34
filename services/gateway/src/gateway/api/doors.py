"""What every route of `/v1` may ask for: who is asking, the house, how long to wait, a page of a list."""

from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from chassis.refusal import refuse
from chassis.web import InHouse
from contracts.lists import PLAIN
from contracts.message import Caller
from contracts.problem import TYPES, Problem
from gateway.unit import GatewayHouse

Item = TypeVar("Item")
bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="A token of the issuer that the platform trusts.")

Here = Annotated[GatewayHouse, InHouse]


async def _user(house: Here, given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> Caller:
    if given is None:
        raise refuse("gateway:unauthenticated", "send a token: `Authorization: Bearer <token>`")
    return await house.parts.tokens.caller(given.credentials)


AsUser = Annotated[Caller, Depends(_user)]
"""Who asks, as the token proves."""


def _seconds(
    house: Here,
    wait: Annotated[float | None, Query(ge=0, description="Seconds to wait for the outcome; nothing means the default")] = None,
) -> float:
    return float(min(house.settings.wait_default if wait is None else wait, house.settings.wait_limit))


Wait = Annotated[float, Depends(_seconds)]
"""Seconds that a request waits for its job."""
Limit = Annotated[int, Query(ge=1, le=200, description="Things on a page, at most")]
After = Annotated[str | None, Query(max_length=2000, pattern=PLAIN, description="`next` of the page before")]
Depth = Annotated[int | None, Query(ge=1, description="Links to go, at most")]


class Page(BaseModel, Generic[Item]):
    """A part of a list; `next` leads to the one after it."""

    items: list[Item]
    next: str | None = None


def problem_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Errors of a route for the API's documentation."""
    told: dict[int | str, dict[str, Any]] = {}
    for status in sorted(set(statuses)):
        kinds = {kind: title for kind, (code, title) in TYPES.items() if code == status and not kind.startswith("bus:")}
        examples = {
            kind: {"summary": title, "value": Problem.of(kind, "…").model_dump(mode="json", exclude_none=True)}
            for kind, title in kinds.items()
        }
        told[status] = {
            "description": "; ".join(kinds.values()),
            "model": Problem,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}},
        }
    return told


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route: what any route may answer, and these."""
    return problem_answers(401, 422, 503, *statuses)
