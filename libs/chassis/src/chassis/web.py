"""A service's web application: its routes, its health, its figures, its AsyncAPI page."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import logs, migrate
from chassis.asyncapi import document
from chassis.bus.routes import router as bus_routes
from chassis.callers import caller_of
from chassis.database import ping
from chassis.problems import speak_problems, unexpected
from chassis.refusal import refuse
from contracts.ids import uuid7
from contracts.message import Caller

if TYPE_CHECKING:
    from chassis.house import House

log = logging.getLogger(__name__)
Ping = Callable[[], Awaitable[object]]
PATIENCE = 3.0
"""Seconds that a ping may take."""


async def _work(request: Request) -> AsyncIterator[Any]:
    async with request.app.state.house.work() as unit:
        yield unit


Work = Depends(_work, scope="function")
"""One transaction for a request, committed before the answer goes out: `unit: Annotated[SomeUnit, Work]`."""
work = _work


def _house(request: Request) -> Any:
    return request.app.state.house


InHouse = Depends(_house)
"""The house itself, for routes that wait or stream: `house: Annotated[House[SomeParts], InHouse]`."""


AsCaller = Annotated[Caller, Depends(caller_of)]
"""Who asks, as the gateway proves it with its short token."""


def make_app(house: "House[Any]") -> FastAPI:
    """The application of a service; its parts are opened later, its addresses are known at once."""
    name = house.service.name
    app = FastAPI(**{"title": f"Reprovena {name}", "version": "1"} | dict(house.service.web))
    app.state.house = house
    speak_problems(app)
    routers = (*house.service.routes, bus_routes, _health)
    for router in routers:
        app.include_router(router)
    app.state.routes = [route for router in routers for route in router.routes if isinstance(route, Route)]
    house.telemetry.web(app)
    app.add_middleware(Told, house=house)
    return app


class Told:
    """One log line and one figure a request, and a correlation id that comes back to whoever asked."""

    def __init__(self, app: ASGIApp, house: "House[Any]") -> None:
        self.app, self.house = app, house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note how it was answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status, request, began_to_answer = time.perf_counter(), 500, str(uuid7()), False
        before = logs.within(service=self.house.service.name, request=request)

        async def answering(message: Message) -> None:
            nonlocal status, began_to_answer
            if message["type"] == "http.response.start":
                status, began_to_answer = message["status"], True
                message["headers"] = [*message["headers"], (b"x-request-id", request.encode())]
            await send(message)

        try:
            await self.app(scope, receive, answering)
        except Exception as error:
            if began_to_answer:
                raise
            await unexpected(error)(scope, receive, answering)  # here, since whoever is outside logs it once more, as a fault
        finally:
            seconds, route = time.perf_counter() - began, getattr(scope.get("route"), "path", "")
            self.house.telemetry.requests.labels(scope["method"], route, str(status)).observe(seconds)
            level = logging.DEBUG if scope["path"] in {"/livez", "/readyz", "/metrics"} else logging.INFO
            told = {"method": scope["method"], "path": scope["path"], "status": status, "ms": round(seconds * 1000, 1)}
            log.log(level, "answered", extra=told)
            logs.context.reset(before)  # a call within the process is answered in the caller's own task


_health = APIRouter(include_in_schema=False)


@_health.get("/livez")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


async def pings(house: "House[Any]") -> Mapping[str, str]:
    """How every door answers: `ok`, or what is wrong."""

    async def up_to_date() -> None:
        for schema, package in ((house.service.name, house.service.package), ("bus", "chassis.bus")):
            if missing := await migrate.behind(house.engine, schema, package):
                msg = f"schema {schema} has not been brought to {missing}; run the migrate command"
                raise RuntimeError(msg)

    async def answer(ping: Ping) -> str:
        try:
            await asyncio.wait_for(ping(), PATIENCE)
        except Exception as error:
            return str(error) or type(error).__name__
        return "ok"

    doors: dict[str, Ping] = {"database": lambda: ping(house.engine), "schema": up_to_date, "files": house.files.ping}
    if house.carriers:
        doors["bus"] = house.carriers[0].ping
    doors |= house.service.pings(house) if house.service.pings else {}
    return dict(zip(doors, await asyncio.gather(*(answer(door) for door in doors.values())), strict=True))


@_health.get("/readyz")
async def ready(request: Request) -> JSONResponse:
    """Every door answers."""
    answers = await pings(request.app.state.house)
    return JSONResponse(dict(answers), 200 if set(answers.values()) <= {"ok"} else 503)


@_health.get("/metrics")
async def metrics(request: Request) -> Response:
    """Prometheus figures, where the setting allows."""
    house: House[Any] = request.app.state.house
    if not house.settings.metrics:
        raise refuse("gateway:not-found", "figures are switched off")
    return Response(house.telemetry.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


@_health.get("/asyncapi.json")
async def asyncapi(request: Request) -> JSONResponse:
    """What this service hears and says, as an AsyncAPI 3 document."""
    return JSONResponse(document(request.app.state.house.service))
