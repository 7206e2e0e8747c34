"""Uploads of hundreds of megabytes: streamed, refused early, in bounded memory."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from tests.running import Platform

MEGABYTE = 1 << 20
LARGE = 300 * MEGABYTE
LIMIT = LARGE + MEGABYTE
ROOM = 64 * MEGABYTE
"""Memory that a request may take, whatever its size: a fifth of the body, so that a body held whole is seen."""


@pytest.fixture(scope="module")
def roomy(session_folder: Path) -> Iterator[Platform]:
    """A platform that takes 300 MB, and no more."""
    running = Platform(session_folder / "roomy", {"UPLOAD_LIMIT": str(LIMIT)})
    try:
        yield running.start()
        assert running.stop() == 0
    finally:
        if running.process is not None and running.process.poll() is None:
            running.kill()


class Watched:
    """How much memory the platform takes at most, meanwhile."""

    def __init__(self, platform: Platform) -> None:
        assert platform.process is not None
        self.process, self.over = psutil.Process(platform.process.pid), threading.Event()
        self.before = self.most = self.process.memory_info().rss

    def _watch(self) -> None:
        while not self.over.wait(0.02):
            self.most = max(self.most, self.process.memory_info().rss)

    def __enter__(self) -> Self:
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()
        self.grown = self.most - self.before
        print(f"\nmemory {self.before >> 20} -> at most {self.most >> 20} MiB")


def pieces(size: int) -> Iterator[bytes]:
    """So many bytes, never whole anywhere."""
    for _ in range(size // MEGABYTE):
        yield b"x" * MEGABYTE


def stored(platform: Platform) -> dict[str, int]:
    """Files in the store, with their sizes; half-written ones too."""
    return {str(path): path.stat().st_size for path in (platform.folder / "var/files").rglob("*") if path.is_file()}


def test_a_large_file_is_streamed(roomy: Platform) -> None:
    """300 MB come in without ever being in memory together."""
    with roomy.client("ada") as http:
        http.post("/v1/uploads", params={"name": "warm"}, content=b"x" * MEGABYTE)
        with Watched(roomy) as watched:
            answer = http.post("/v1/uploads", params={"name": "large"}, content=pieces(LARGE), timeout=300)

    assert (answer.status_code, answer.json()["size"]) == (201, LARGE)
    assert watched.grown < ROOM


def test_one_that_says_it_is_too_large_is_refused_unread(roomy: Platform) -> None:
    """The answer comes before a byte of the body is sent, names the limit, and closes the line."""
    before, address = stored(roomy), urlsplit(roomy.url)
    head = f"POST /v1/uploads?name=x HTTP/1.1\r\nHost: x\r\nContent-Length: {LIMIT + 1}\r\n"
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=60) as line:
        line.sendall(f"{head}Authorization: Bearer {roomy.token('ada')}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: line.recv(65536), b"")).decode()

    assert answer.startswith("HTTP/1.1 413 ")
    assert str(LIMIT) in answer
    assert stored(roomy) == before


def test_one_that_does_not_say_is_refused_at_the_limit(roomy: Platform) -> None:
    """The line is closed little after the limit, the memory is bounded, and nothing of it is kept."""
    before, sent = stored(roomy), 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for piece in pieces(10 * LARGE):
            sent += len(piece)
            yield piece

    with roomy.client("ada") as http, Watched(roomy) as watched:
        try:
            answer = http.post("/v1/uploads", params={"name": "x"}, content=endless(), timeout=300)
        except httpx.TransportError:  # the answer was there, and the line closed, while we still sent
            answer = None

    assert answer is None or answer.status_code == 413
    assert sent < LIMIT + 32 * MEGABYTE
    assert watched.grown < ROOM
    end = time.monotonic() + 60
    while stored(roomy) != before and time.monotonic() < end:
        time.sleep(0.1)
    assert stored(roomy) == before
