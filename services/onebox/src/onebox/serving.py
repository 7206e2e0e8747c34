"""The platform in one process, from its first door to its last log line."""

import asyncio
import contextlib
import json
import logging
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from chassis import logs
from chassis.assembly import assemble
from executor.service import executor
from gateway.service import gateway
from onebox.settings import OneboxSettings, check_door
from provenance.service import provenance
from registry.service import registry

log = logging.getLogger(__name__)

SERVICES = (registry, executor, provenance, gateway)
BACKLOG = 1024


class Web(uvicorn.Server):
    """A web server that leaves signals to the process, so that everything else stops in order, too."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def listen(settings: OneboxSettings) -> socket.socket:
    """The socket, bound before anything starts: a port that is taken costs nothing."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind((settings.host, settings.port))
    door.listen(BACKLOG)
    return door


async def serve(settings: OneboxSettings) -> None:
    """Serve until SIGTERM or SIGINT, then let what is in hand come to its end."""
    check_door(settings)
    logs.set_up(settings.log_level)
    with listen(settings) as door:
        port = door.getsockname()[1]
        url = f"http://{settings.host}:{port}"
        async with assemble(*SERVICES, settings=settings) as houses:
            app = houses["gateway"].app
            web = Web(
                uvicorn.Config(
                    app, lifespan="off", log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=5
                )
            )
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, _stop, web)
            with _announced(settings, url):
                await web.serve([door])
    log.info("stopped")


def _stop(web: Web) -> None:
    web.should_exit = True


@contextlib.contextmanager
def _announced(settings: OneboxSettings, url: str) -> Iterator[Path]:
    """Say where the platform is, to people and (in `<state>/onebox.json`) to programs."""
    note = settings.state / "onebox.json"
    note.write_text(json.dumps({"url": url}))
    print(f"Reprovena is up: {url} (interface: {url}/docs)", flush=True)  # noqa: T201 - people read this
    if settings.runner_url.startswith("local:"):
        print("It runs people's commands on this machine, so it serves this machine alone.", flush=True)  # noqa: T201
    try:
        yield note
    finally:
        note.unlink(missing_ok=True)
