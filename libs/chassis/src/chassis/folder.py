"""The file store in a folder of a disk."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from chassis.streams import CHUNK, KEY, Bytes, checked_key, fresh_key, too_large
from contracts.message import FileRef


class Folder:
    """Files in a folder of a disk, each written beside its place and moved there when it is whole."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.root / "part").mkdir(exist_ok=True, mode=0o700)

    def _path(self, key: str) -> Path:
        return self.root / checked_key(key)

    async def put(self, content: Bytes, *, media_type: str = "application/octet-stream", limit: int | None = None) -> FileRef:
        """Write beside, hash on the way, move into place: a crash leaves no half file under a key."""
        key = fresh_key()
        whole = self._path(key)
        part = self.root / "part" / whole.name
        opening = asyncio.create_task(asyncio.to_thread(part.open, "xb"))
        try:
            with await asyncio.shield(opening) as target:
                digest, size = await _write(target, content, limit)
            await _whole(_move, part, whole)
        except BaseException:
            await asyncio.wait([opening])
            if not opening.exception():
                opening.result().close()
            whole.unlink(missing_ok=True)
            raise
        finally:
            part.unlink(missing_ok=True)
        return FileRef(key=key, sha256=digest, size=size, media_type=media_type)

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
        if KEY.fullmatch(key):
            await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    async def presign(self, key: str, name: str, seconds: int) -> str | None:  # noqa: ARG002 - a disk has no addresses
        """No link: a folder serves nobody."""
        return None

    async def ping(self) -> None:
        """Raise if the folder cannot be written, or its disk is full."""
        if not os.access(self.root, os.W_OK) or not shutil.disk_usage(self.root).free:
            msg = "the file store cannot be written"
            raise OSError(msg)


async def _write(target: BinaryIO, content: Bytes, limit: int | None) -> tuple[str, int]:
    """Write a stream down, for good; its SHA-256 and size."""
    digest, size = hashlib.sha256(), 0
    async for block in content:
        size += len(block)
        if limit is not None and size > limit:
            raise too_large(limit)
        digest.update(block)
        await _whole(target.write, block)
    await _whole(_flush, target)
    return digest.hexdigest(), size


async def _whole(what: Callable[..., object], *told: Any) -> None:
    """Do something in a thread to its end, also when we are cancelled: a thread goes on, and must not do so behind our back."""
    task = asyncio.create_task(asyncio.to_thread(what, *told))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _flush(target: BinaryIO) -> None:
    target.flush()
    os.fsync(target.fileno())


def _move(part: Path, whole: Path) -> None:
    whole.parent.mkdir(exist_ok=True, mode=0o700)
    part.rename(whole)
