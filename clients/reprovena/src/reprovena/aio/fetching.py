"""Fetches bytes into a file: whole, or not at all."""

from pathlib import Path

from reprovena.aio.hands import CHUNK, aside
from reprovena.aio.transport import AsyncTransport
from reprovena.answers import checked
from reprovena.downloads import Arriving
from reprovena.progress import Progress, quiet


async def fetch(wire: AsyncTransport, path: str, target: Path, told: Progress = quiet) -> Path:
    """Stream an answer into a file beside the target, check it, and put it in the target's place."""
    async with wire.stream(path, {"Accept": "*/*", "Accept-Encoding": "identity"}) as response:
        checked(response)
        length = response.headers.get("Content-Length")
        size = int(length) if length and length.isdigit() else None
        file = await aside(Arriving, target)
        try:
            async for chunk in response.aiter_bytes(CHUNK):
                await aside(file.take, chunk)
                told(target.name, file.size, size)
            first = (*response.history, response)[0]  # a file store, if we were sent on to one, has ETags of its own
            await aside(file.keep, length, first.headers.get("ETag"))
        except BaseException:
            file.drop()
            raise
    return target
