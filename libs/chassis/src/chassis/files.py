"""The fifth door: where bytes live. `FILES_URL` chooses the store; everybody streams."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

from chassis.refusal import Refusal, refuse
from contracts.ids import uuid7
from contracts.message import FileRef

CHUNK = 1 << 20
"""Bytes read or written at a time."""

Bytes = AsyncIterator[bytes]


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

    async def ping(self) -> None:
        """Raise if the store does not answer."""
        ...


async def stream(path: Path, chunk: int = CHUNK) -> Bytes:
    """A file of the local disk as a stream."""
    with await asyncio.to_thread(path.open, "rb") as source:
        while block := await asyncio.to_thread(source.read, chunk):
            yield block


async def once(content: bytes) -> Bytes:
    """Bytes in hand as a stream."""
    yield content


async def collect(content: Bytes, limit: int) -> bytes:
    """A stream as bytes, at most `limit` of them (refused with `gateway:too-large` otherwise)."""
    blocks, size = [], 0
    async for block in content:
        size += len(block)
        if size > limit:
            raise too_large(limit)
        blocks.append(block)
    return b"".join(blocks)


def too_large(limit: int) -> Refusal:
    """The refusal for a stream that goes on after its limit (bytes)."""
    return refuse("gateway:too-large", f"more than {limit} bytes, which is the limit")


class Folder:
    """Files in a folder of a disk, each written beside its place and moved there when it is whole."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.root / "part").mkdir(exist_ok=True, mode=0o700)

    def _path(self, key: str) -> Path:
        path = (self.root / key).resolve()
        if not path.is_relative_to(self.root) or path == self.root:
            raise FileNotFoundError(key)
        return path

    async def put(self, content: Bytes, *, media_type: str = "application/octet-stream", limit: int | None = None) -> FileRef:
        """Write beside, hash on the way, move into place: a crash leaves no half file under a key."""
        name = str(uuid7())
        key = f"{name[:8]}/{name}"
        part, whole, digest, size = self.root / "part" / name, self.root / key, hashlib.sha256(), 0
        try:
            with await asyncio.to_thread(part.open, "xb") as target:
                async for block in content:
                    size += len(block)
                    if limit is not None and size > limit:
                        raise too_large(limit)
                    digest.update(block)
                    await asyncio.to_thread(target.write, block)
                await asyncio.to_thread(_flush, target)
            await asyncio.to_thread(_move, part, whole)
        finally:
            part.unlink(missing_ok=True)
        return FileRef(key=key, sha256=digest.hexdigest(), size=size, media_type=media_type)

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> Bytes:
        """Stream a part of a file, by default all of it."""
        with await asyncio.to_thread(self._path(key).open, "rb") as source:
            source.seek(start)
            left = None if end is None else max(end - start, 0)
            while block := await asyncio.to_thread(source.read, CHUNK if left is None else min(CHUNK, left)):
                left = None if left is None else left - len(block)
                yield block

    async def size(self, key: str) -> int:
        """Bytes of a file."""
        return (await asyncio.to_thread(self._path(key).stat)).st_size

    async def delete(self, key: str) -> None:
        """Remove a file if it is there."""
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    async def ping(self) -> None:
        """Raise if the folder cannot be written, or its disk is full."""
        if not os.access(self.root, os.W_OK) or not shutil.disk_usage(self.root).free:
            msg = "the file store cannot be written"
            raise OSError(msg)


def _flush(target: BinaryIO) -> None:
    target.flush()
    os.fsync(target.fileno())


def _move(part: Path, whole: Path) -> None:
    whole.parent.mkdir(exist_ok=True, mode=0o700)
    part.rename(whole)


def open_files(url: str) -> Files:
    """The store that the URL's scheme names."""
    match urlsplit(url).scheme:
        case "file":
            return Folder(Path(url.removeprefix("file:")))
        case scheme:
            msg = f"FILES_URL: no store for {scheme!r}; use file:<folder>"
            raise ValueError(msg)
