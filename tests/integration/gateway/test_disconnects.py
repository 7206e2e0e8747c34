"""Clients that go away in the middle: nothing stays open, nothing half-done is kept, and it is logged once at most."""

import asyncio
import gc
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psutil
import pytest
import uvicorn
from tests.integration.gateway.conftest import Person, World, ended
from tests.integration.gateway.test_api import a_run

from contracts.message import FileRef
from gateway.unit import GatewayHouse

BIG = 64 << 20


@dataclass
class Door:
    """The gateway behind a real socket, and what it holds open."""

    house: GatewayHouse
    port: int
    token: str
    logged: list[logging.LogRecord]

    async def say(self, method: str, path: str, *headers: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Begin a request."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {self.token}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode())
        await writer.drain()
        return reader, writer

    def held(self) -> dict[str, int]:
        """What could leak."""
        gc.collect()
        files = self.house.settings.state / "files"
        return {
            "tasks": len([task for task in asyncio.all_tasks() if not task.done()]),
            "connections": self.house.engine.pool.checkedout(),
            "descriptors": len([one for one in psutil.Process().open_files() if Path(one.path).is_relative_to(files)]),
            "sockets": len([c for c in psutil.Process().net_connections("tcp") if c.laddr.port == self.port and c.raddr]),
            "files": sum(len(names) for _folder, _folders, names in os.walk(files)),
            "temporary": len([one for one in psutil.Process().open_files() if "(deleted)" in one.path]),
        }

    async def at_rest(self) -> dict[str, int]:
        """What is held once every loop of the house waits for work."""
        for _ in range(600):
            first = self.held()
            await asyncio.sleep(0.3)
            if self.held() == first and not first["connections"]:
                return first
        raise TimeoutError(str(first))

    async def as_before(self, before: dict[str, int]) -> None:
        """Wait until nothing more is held than before."""
        for _ in range(600):
            if all(self.held()[name] <= many for name, many in before.items()):
                return
            await asyncio.sleep(0.1)
        assert self.held() == before

    def complaints(self) -> list[str]:
        """What was logged as a warning or worse."""
        return [record.getMessage() for record in self.logged if record.levelno >= logging.WARNING]


@pytest.fixture
def logged() -> Iterator[list[logging.LogRecord]]:
    """Every line of the log."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append
    logging.getLogger().addHandler(handler)
    yield records
    logging.getLogger().removeHandler(handler)


@pytest.fixture
async def door(house: GatewayHouse, ada: Person, logged: list[logging.LogRecord]) -> AsyncIterator[Door]:
    """The gateway, served."""
    object.__setattr__(house.settings, "upload_limit", 2 * BIG)
    server = uvicorn.Server(uvicorn.Config(house.app, port=0, lifespan="off", log_config=None, timeout_graceful_shutdown=5))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Door(house, port, ada.http.headers["authorization"].removeprefix("Bearer "), logged)
    server.should_exit = True
    await serving


async def blocks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size >> 20):
        yield b"x" * (1 << 20)


@pytest.mark.parametrize("head", ["Content-Length: 50000000", "Transfer-Encoding: chunked"])
async def test_in_the_middle_of_an_upload(door: Door, head: str) -> None:
    """What was written of it is gone."""
    before = await door.at_rest()
    for _ in range(5):
        _reader, writer = await door.say("POST", "/v1/uploads?name=big", head)
        for _ in range(5):
            writer.write(
                (b"10000\r\n" if "chunked" in head else b"") + b"x" * 0x10000 + (b"\r\n" if "chunked" in head else b"")
            )
            await writer.drain()
        writer.transport.abort()

    await door.as_before(before)
    assert len(door.complaints()) <= 5
    assert not [line for line in door.complaints() if line == "fault"]


async def test_in_the_middle_of_a_form(door: Door) -> None:
    """A registration whose files never came leaves nothing, and begins nothing."""
    before = await door.at_rest()
    part = b'--b\r\nContent-Disposition: form-data; name="spec"; filename="a.cwl"\r\n\r\n' + b"x" * 2_000_000
    for _ in range(5):
        head = "Content-Type: multipart/form-data; boundary=b"
        _reader, writer = await door.say("POST", "/v1/workflows", head, "Content-Length: 50000")
        writer.write(part[:40_000])
        await writer.drain()
        writer.transport.abort()

    await door.as_before(before)
    assert not [line for line in door.complaints() if line == "fault"]


async def in_the_middle(door: Door, path: str, enough: Callable[[bytes], bool]) -> None:
    """Read until it is enough, and go."""
    reader, writer = await door.say("GET", path)
    got = b""
    while not enough(got):
        block = await reader.read(1000)
        assert block, got
        got += block
    writer.transport.abort()


@pytest.mark.parametrize("what", ["outputs/sub/out.txt", "archive"])
async def test_in_the_middle_of_a_download(door: Door, ada: Person, world: World, what: str) -> None:
    """The file is closed again."""
    run = UUID((await a_run(ada))["run"]["id"])
    await ended(door.house, world, run)
    key: FileRef = await door.house.files.put(blocks(BIG))
    world.outputs[run] = [world.outputs[run][0].model_copy(update={"stored": key.key, "sha256": key.sha256, "size": key.size})]
    before = await door.at_rest()
    for _ in range(5):
        await in_the_middle(door, f"/v1/runs/{run}/{what}", lambda got: len(got) > 200_000)

    await door.as_before(before)
    assert not door.complaints()


async def test_in_the_middle_of_an_event_stream(door: Door, ada: Person, world: World) -> None:
    """Nobody goes on asking for a run that nobody watches."""
    run = UUID((await a_run(ada))["run"]["id"])
    at = "2026-01-01T00:00:00Z"
    world.changes[run] = [{"seq": 1, "at": at, "place": None, "status": "running", "reason": None}]
    before = await door.at_rest()
    for _ in range(5):
        await in_the_middle(door, f"/v1/runs/{run}/events", lambda got: b"still here" in got)

    await door.as_before(before)
    assert not door.complaints()
    asked = world.looked
    await asyncio.sleep(2)
    assert world.looked == asked
