"""Questions to the other services: one client each, always in somebody's name, their problems passed on."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
from pydantic import ValidationError

from chassis.callers import Callers
from chassis.refusal import Refusal, refuse
from contracts.message import Caller
from contracts.problem import PREFIX, Problem

if TYPE_CHECKING:
    from chassis.house import House

TIMEOUT = httpx.Timeout(60, connect=5)
Query = Mapping[str, Any]
DOMAIN = PREFIX + "registry:"
"""Begins the problems with which the registry itself says no to somebody whom it knows."""


@dataclass(frozen=True)
class Backend:
    """One service's internal routes."""

    name: str
    http: httpx.AsyncClient
    callers: Callers

    async def ask(self, caller: Caller, path: str, query: Query | None = None) -> httpx.Response:
        """The answer to a question in the caller's name; a problem of the service is raised as it is."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        return await self.call(caller, "GET", path, params=given)

    async def call(self, caller: Caller, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer to a request in the caller's name. For what must not travel on the bus; all else is a command."""
        headers = {"Authorization": f"Bearer {self.callers.token(caller)}"}
        try:
            answer = await self.http.request(method, path, headers=headers, **more)
        except httpx.TransportError as error:
            raise refuse("gateway:unavailable", f"the {self.name} does not answer; try again in a moment") from error
        if answer.is_success:
            return answer
        raise self._refusal(answer)

    async def json(self, caller: Caller, path: str, query: Query | None = None) -> Any:
        """The answer as JSON."""
        return (await self.ask(caller, path, query)).json()

    def _refusal(self, answer: httpx.Response) -> Exception:
        problem = _problem(answer)
        if problem is not None and (problem.status not in {401, 403} or problem.type.startswith(DOMAIN)):
            return Refusal(problem)
        if answer.status_code in {429, 502, 503, 504}:
            return refuse("gateway:unavailable", f"the {self.name} is busy or away; try again in a moment")
        # an internal token that is refused, or an answer that is no problem: a fault of ours, not the client's
        return RuntimeError(f"the {self.name} answered {answer.status_code} to {answer.request.url.path}")


def _problem(answer: httpx.Response) -> Problem | None:
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return None
    try:
        return Problem.model_validate_json(answer.content)
    except ValidationError:
        return None


@dataclass(frozen=True)
class Backends:
    """The services that the gateway asks."""

    registry: Backend
    executor: Backend
    provenance: Backend


@asynccontextmanager
async def open_backends(house: "House[Any]") -> AsyncIterator[Backends]:
    """A client of each service: at its URL, or in this process where none is set."""
    async with AsyncExitStack() as stack:
        found = {}
        for name, url in {
            "registry": house.settings.registry_url,
            "executor": house.settings.executor_url,
            "provenance": house.settings.provenance_url,
        }.items():
            if url is None and name not in house.backends:
                msg = f"{name.upper()}_URL: the {name} is not in this process; say where it is"
                raise ValueError(msg)
            http = house.backends[name] if url is None else httpx.AsyncClient(base_url=url, timeout=TIMEOUT)
            if url is not None:
                await stack.enter_async_context(http)
            found[name] = Backend(name, http, house.callers)
        yield Backends(**found)


def pings(house: "House[Any]") -> dict[str, Callable[[], Awaitable[object]]]:
    """The services in this process are ready; those elsewhere say so themselves."""
    elsewhere = {name for name in house.backends if getattr(house.settings, f"{name}_url", None)}
    return {
        name: partial(_ready, http) for name, http in house.backends.items() if name not in {house.service.name, *elsewhere}
    }


async def _ready(http: httpx.AsyncClient) -> None:
    answer = await http.get("/readyz")
    if not answer.is_success:
        msg = "; ".join(f"{door}: {said}" for door, said in answer.json().items() if said != "ok")
        raise RuntimeError(msg)
