"""What differs between waiting and not: here everything waits. Written by hand, like `reprovena.aio.hands`."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import ParamSpec, TypeVar

import httpx

from reprovena.progress import Progress, quiet

T = TypeVar("T")
P = ParamSpec("P")
CHUNK = 256 * 1024
Lock = threading.Lock
Sleep = Callable[[float], object]
Prepare = Callable[[], None]
Flow = Generator[httpx.Request, httpx.Response, None]
sleep: Sleep = time.sleep


def aside(work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Do what blocks, here and now."""
    return work(*given, **named)


def listed(items: Iterator[T]) -> list[T]:
    """Take all there are."""
    return list(items)


class Chunks:
    """A file's bytes, read anew each time they are asked for, so that a request can be repeated."""

    def __init__(self, path: Path, told: Progress = quiet) -> None:
        """Name the file, and what is to be told of how much was read."""
        self.path, self._told = path, told

    def __iter__(self) -> Iterator[bytes]:
        """Read the file piece by piece."""
        done, size = 0, self.path.stat().st_size
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
                done += len(chunk)
                self._told(self.path.name, done, size)
