"""A stand-in for REANA 0.9.4 over HTTP: `python -m tests.reana.standin --port 0 --folder … --token …`.

It answers as the real one does, runs the work with the local engine, and misbehaves when told to (`PUT /control`).
"""

import argparse
import asyncio
import contextlib
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.reana.answers import TABLE, No, body, world_of
from tests.reana.world import World


async def control(request: Request) -> Response:
    """Set moods, break things, and say what was asked."""
    world, told = world_of(request), await body(request)
    if request.method == "PUT":
        for name in told.pop("vanish", []):
            world.workflows.pop(name, None)
        for told_id, names in told.pop("lack", {}).items():
            world.workflows[told_id].pruned |= set(names)
        for token, over in told.pop("quota", {}).items():
            owner = world.user(token)
            (world.over_quota.add if over else world.over_quota.discard)(str(owner))
        if told.pop("reset", False):
            world.asked.clear()
            world.times.clear()
            world.refused = 0
        for live in told.pop("live", []):  # many runs that only stand there
            for number in range(live["count"]):
                flow = world.create(str(world.user(live["token"])), live["name"].format(number), live["spec"])
                flow.move("running")
        for name, value in told.items():
            setattr(world.mood, name, value)
    flows = [
        {"id": f.id, "name": f.full_name, "status": f.status, "changes": f.changes, "session": f.session}
        for f in world.workflows.values()
    ]
    return JSONResponse({"asked": dict(world.asked), "refused": world.refused, "times": world.times, "workflows": flows})


class Moody:
    """Stands before the application and misbehaves."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self.app, self.world = app, world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or not."""
        if scope["type"] != "http" or scope["path"] == "/control":
            await self.app(scope, receive, send)
            return
        world, mood, now = self.world, self.world.mood, time.time()
        world.times.append(now)
        if mood.slow:
            await asyncio.sleep(mood.slow)
        if mood.drop > 0:
            mood.drop -= 1
            send.__self__.transport.abort()  # type: ignore[attr-defined]
            return
        over = mood.limit and sum(one > now - 1 for one in world.times) > mood.limit
        if over or mood.storm > 0:
            mood.storm -= 0 if over else 1
            world.refused += 1
            text = 'Too many requests in a given amount of time. Only "20 per 1 second" allowed.'
            headers = {"Retry-After": mood.retry_after, "X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0"}
            await JSONResponse({"message": text}, 429, headers)(scope, receive, send)
            return
        if mood.broken > 0:
            mood.broken -= 1
            await JSONResponse({"message": "Something went wrong."}, 500)(scope, receive, send)
            return
        await self.app(scope, receive, _losing(send, scope, mood) if mood.lose else send)


def _losing(send: Send, scope: Scope, mood: Any) -> Send:
    end, method = scope["path"].rsplit("/", 1)[-1], scope["method"]
    named = {("POST", "workflows"): "create", ("POST", "start"): "start", ("POST", "workspace"): "upload"}.get((method, end))
    if named != mood.lose:
        return send

    async def lost(message: Any) -> None:
        mood.lose = ""
        send.__self__.transport.abort()  # type: ignore[attr-defined]

    return lost


def counted(name: str, answer: Any) -> Any:
    async def counting(request: Request) -> Response:
        world_of(request).asked[name] += 1
        return await answer(request)

    return counting


async def said_no(request: Request, no: Exception) -> Response:
    return JSONResponse({"message": str(no)}, no.status if isinstance(no, No) else 500)


def application(world: World) -> Starlette:
    """The stand-in's routes."""
    routes = [Route(path, counted(name, answer), methods=[method]) for name, path, answer, method in TABLE]
    app = Starlette(routes=[*routes, Route("/control", control, methods=["GET", "PUT"])], exception_handlers={No: said_no})
    app.state.world = world
    return app


class Web(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _stop(web: Web) -> None:
    web.should_exit = True


async def serve(port: int, folder: Path, tokens: list[str]) -> None:
    """Serve until SIGTERM; the first line on standard output is the address."""
    world = World(folder, tokens)
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("127.0.0.1", port))
        door.listen(1024)
        print(f"http://127.0.0.1:{door.getsockname()[1]}", flush=True)
        web = Web(uvicorn.Config(Moody(application(world), world), log_level="warning", access_log=False, lifespan="off"))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, _stop, web)
        await web.serve([door])
    for flow in list(world.workflows.values()):
        if flow.status == "running" and flow.task is not None:
            await world.stop(flow)
    await world.forks.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--token", action="append", default=[], help="a user's token; tokens that begin with user- make one")
    told = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = told.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reana-standin-")))
        asyncio.run(serve(told.port, folder, told.token or ["user-default"]))


if __name__ == "__main__":
    main()
