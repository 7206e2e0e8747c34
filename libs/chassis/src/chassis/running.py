"""Services as a process: the command line, the web server, and the end in order."""

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
import uvloop

from chassis import keys, logs
from chassis.assembly import assemble, bring_up_to_date, make_topology, open_callers
from chassis.database import open_database
from chassis.service import Service
from chassis.settings import Settings

log = logging.getLogger(__name__)
T = TypeVar("T")
BACKLOG = 1024
FRESH = 20_000
"""New objects between two looks for garbage: what serves makes many that die at once, and few in circles."""


class Web(uvicorn.Server):
    """A web server that leaves signals to the process, so that everything else stops in order, too."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def listen(settings: Settings) -> socket.socket:
    """The socket, bound before anything starts: a port that is taken costs nothing."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind((settings.host, settings.port))
    door.listen(BACKLOG)
    return door


async def serve(services: Sequence[Service], settings: Settings, *, name: str, front: str, told: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then let what is in hand come to its end. `told` hears the address once it answers."""
    logs.set_up(settings.log_level)
    with listen(settings) as door:
        url = f"http://{settings.host}:{door.getsockname()[1]}"
        async with assemble(*services, settings=settings) as houses:
            app = houses[front].app
            web = Web(
                uvicorn.Config(
                    app, lifespan="off", log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=5
                )
            )
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, _stop, web)
            _settle_memory()
            with _noted(settings, name, url):
                told(url)
                await web.serve([door])
    log.info("stopped")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do it on an event loop that is made for serving, to the end."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _settle_memory() -> None:
    """Let the garbage collector pass over what was loaded once and stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(FRESH, 20, 50)


def _stop(web: Web) -> None:
    web.should_exit = True


@contextlib.contextmanager
def _noted(settings: Settings, name: str, url: str) -> Iterator[Path]:
    """Say in `<state>/<name>.json` where the process listens, for programs on this machine."""
    note = settings.state / f"{name}.json"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"url": url}))
    try:
        yield note
    finally:
        note.unlink(missing_ok=True)


def _nothing(_parser: argparse.ArgumentParser) -> None:
    """Take no arguments."""


@dataclass(frozen=True, slots=True)
class Order:
    """Something that `python -m <service>` does besides serving."""

    name: str
    help: str
    run: Callable[[Any, argparse.Namespace], Awaitable[None]]
    """Gets the service's settings and the parsed command line."""
    add: Callable[[argparse.ArgumentParser], None] = _nothing
    """Adds arguments."""


def main(service: Service, *more: Order) -> int:
    """Do what the command line of a service says; its exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m {service.package}", description=f"The {service.name}, as a process.")
    parsers = parser.add_subparsers(dest="order")
    parsers.add_parser("serve", help="serve until told to stop (the default)")
    orders = {order.name: order for order in (*_orders(service), *more)}
    for order in orders.values():
        order.add(parsers.add_parser(order.name, help=order.help))
    told = parser.parse_args()
    settings = service.settings()
    work = orders[told.order].run(settings, told) if told.order in orders else _serve(service, settings)
    try:
        run(_done(work))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


async def _done(work: Awaitable[None]) -> None:
    await work


async def _serve(service: Service, settings: Settings) -> None:
    def told(url: str) -> None:
        log.info("serving", extra={"url": url})

    await serve([service], settings, name=service.name, front=service.name, told=told)


def _orders(service: Service) -> tuple[Order, ...]:
    async def migrate(settings: Settings, _told: argparse.Namespace) -> None:
        password = settings.key("database")
        async with open_database(settings.database_url, pool=settings.database_pool, password_file=password) as database:
            await bring_up_to_date([service], database.engine)

    async def topology(settings: Settings, told: argparse.Namespace) -> None:
        for line in await make_topology(settings, told.delivery_limit):
            sys.stdout.write(line + "\n")

    def limits(parser: argparse.ArgumentParser) -> None:
        told = (
            "times that RabbitMQ delivers a message before it gives up; a process that is killed counts for all it has in hand"
        )
        parser.add_argument("--delivery-limit", type=int, default=50, help=told)

    async def public_key(settings: Settings, _told: argparse.Namespace) -> None:
        sys.stdout.write(keys.public_pem(open_callers(settings).public))

    return (
        Order("migrate", "bring the schemas of DATABASE_URL up to date", migrate),
        Order(
            "topology",
            "make every exchange and queue, and set the delivery limit if BUS_MANAGEMENT_URL is set",
            topology,
            limits,
        ),
        Order("public-key", "print what CALLER_PUBLIC_KEY of the other services must be", public_key),
    )
