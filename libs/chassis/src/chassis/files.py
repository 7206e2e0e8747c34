"""The fifth door: where bytes live. `FILES_URL` chooses the store; everybody streams."""

import importlib
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from chassis.folder import Folder
from chassis.settings import Settings
from chassis.streams import CHUNK, Bytes, collect, once, stream, too_large
from contracts.message import FileRef

__all__ = ["CHUNK", "Bytes", "Files", "Folder", "collect", "once", "open_files", "stream", "too_large"]


class Files(Protocol):
    """A store of files. Keys are the store's own, content is never looked up by its hash."""

    async def put(self, content: Bytes, *, media_type: str = "application/octet-stream", limit: int | None = None) -> FileRef:
        """Store a stream and say what it was. More than `limit` bytes is refused (`gateway:too-large`), nothing is left."""
        ...

    def get(self, key: str, *, start: int = 0, end: int | None = None) -> Bytes:
        """Stream bytes `start` up to, not including, `end`. `FileNotFoundError` if there is no such file."""
        ...

    async def size(self, key: str) -> int:
        """Bytes. `FileNotFoundError` if there is no such file."""
        ...

    async def delete(self, key: str) -> None:
        """Remove a file; one that is not there is fine."""
        ...

    async def presign(self, key: str, name: str, seconds: int) -> str | None:
        """A link by which anybody can fetch a file under a name for so long; None if this store gives none."""
        ...

    async def ping(self) -> None:
        """Raise if the store does not answer."""
        ...


def open_files(url: str, settings: Settings | None = None) -> Files:
    """The store that the URL's scheme names; the settings say how to enter it."""
    match urlsplit(url).scheme:
        case "file":
            return Folder(Path(url.removeprefix("file:")))
        case "s3":
            try:  # optional (`reprovena-chassis[s3]`), so imported by name
                opened: Files = importlib.import_module("chassis.s3").open_s3(url, settings or Settings())
            except ModuleNotFoundError as error:
                msg = f"FILES_URL={url} needs {error.name}: pip install 'reprovena-chassis[s3]'"
                raise ValueError(msg) from error
            return opened
        case scheme:
            msg = f"FILES_URL: no store for {scheme!r}; use file:<folder> or s3://<bucket>"
            raise ValueError(msg)
