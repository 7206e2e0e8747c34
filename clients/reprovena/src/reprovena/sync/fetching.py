"""Fetches bytes into a file: whole, or not at all."""

# Made from `reprovena.aio` by `make client`; change it there.

from pathlib import Path

from reprovena.answers import checked
from reprovena.downloads import Arriving
from reprovena.progress import Progress, quiet
from reprovena.sync.hands import CHUNK, aside
from reprovena.sync.transport import Transport


def fetch(wire: Transport, path: str, target: Path, told: Progress = quiet) -> Path:
    """Stream an answer into a file beside the target, check it, and put it in the target's place."""
    with wire.stream(path, {"Accept": "*/*", "Accept-Encoding": "identity"}) as response:
        checked(response)
        length = response.headers.get("Content-Length")
        size = int(length) if length and length.isdigit() else None
        file = aside(Arriving, target)
        try:
            for chunk in response.iter_bytes(CHUNK):
                aside(file.take, chunk)
                told(target.name, file.size, size)
            first = (*response.history, response)[0]  # a file store, if we were sent on to one, has ETags of its own
            aside(file.keep, length, first.headers.get("ETag"))
        except BaseException:
            file.drop()
            raise
    return target
