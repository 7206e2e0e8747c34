"""What differs between waiting and not: here nothing waits. Written by hand, like `reprovena.sync.hands`."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread
import httpx

from reprovena.progress import Progress, quiet

T = TypeVar("T")
P = ParamSpec("P")
CHUNK = 256 * 1024
Lock = anyio.Lock
Sleep = Callable[[float], Awaitable[object]]
Prepare = Callable[[], Awaitable[None]]
Flow = AsyncGenerator[httpx.Request, httpx.Response]
sleep: Sleep = anyio.sleep


async def aside(work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Do what blocks in a thread."""
    return await anyio.to_thread.run_sync(partial(work, *given, **named))


async def listed(items: AsyncIterator[T]) -> list[T]:
    """Take all there are."""
    return [item async for item in items]


class Chunks:
    """A file's bytes, read anew each time they are asked for, so that a request can be repeated."""

    def __init__(self, path: Path, told: Progress = quiet) -> None:
        """Name the file, and what is to be told of how much was read."""
        self.path, self._told = path, told

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Read the file piece by piece."""
        done, size = 0, self.path.stat().st_size
        async with await anyio.open_file(self.path, "rb") as file:
            while chunk := await file.read(CHUNK):
                yield chunk
                done += len(chunk)
                self._told(self.path.name, done, size)
