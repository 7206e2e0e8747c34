"""Where what is fetched goes: a file that is there whole, or not at all."""

import hashlib
import os
import re
import tempfile
from pathlib import Path, PurePosixPath

from reprovena.errors import Damaged

_SHA256 = re.compile(r'"([0-9a-f]{64})"')


def inside(folder: Path, name: str) -> Path:
    """Say where an output goes below a folder, whatever the server calls it."""
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in {"/", "..", "."}]
    if not parts or "\0" in name:
        msg = f"The server names an output {name!r}, which is no file name."
        raise Damaged(msg)
    return folder.joinpath(*parts)


class Arriving:
    """A file beside its target, until all of it is there."""

    def __init__(self, target: Path) -> None:
        """Begin the file."""
        self.target, self.size, self._digest = target, 0, hashlib.sha256()
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        self._partial, self._file = Path(name), os.fdopen(handle, "wb")

    def take(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._file.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)

    def keep(self, length: str | None, etag: str | None) -> None:
        """Compare it with what the server says of it, and put it in the target's place."""
        self._file.close()
        _compare(self.target.name, length, etag, self.size, self._digest.hexdigest())
        # mkstemp makes files that only their owner can read; what one downloads is an ordinary file.
        self._partial.chmod(0o666 & ~_umask())
        self._partial.replace(self.target)

    def drop(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        self._partial.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _compare(name: str, length: str | None, etag: str | None, size: int, digest: str) -> None:
    if length is not None and length.isdigit() and int(length) != size:
        msg = f"{name} arrived with {size} of {length} bytes."
        raise Damaged(msg)
    said = _SHA256.fullmatch(etag or "")
    if said and said[1] != digest:
        msg = f"{name} arrived with another SHA-256 than the server says."
        raise Damaged(msg)
