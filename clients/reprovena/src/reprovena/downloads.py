"""Fetches bytes into a file: whole, or not at all."""

import hashlib
import os
import re
import tempfile
from pathlib import Path, PurePosixPath

from reprovena.answers import checked
from reprovena.errors import Damaged
from reprovena.transport import Transport

_SHA256 = re.compile(r'"([0-9a-f]{64})"')


def inside(folder: Path, name: str) -> Path:
    """Say where an output goes below a folder, whatever the server calls it."""
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in {"/", "..", "."}]
    if not parts or "\0" in name:
        msg = f"The server names an output {name!r}, which is no file name."
        raise Damaged(msg)
    return folder.joinpath(*parts)


def fetch(wire: Transport, path: str, target: Path) -> Path:
    """Stream an answer into a file beside the target, check it, and put it in the target's place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with wire.stream(path, {"Accept": "*/*", "Accept-Encoding": "identity"}) as response:
        checked(response)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        partial = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in response.iter_bytes():
                    file.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
            first = (*response.history, response)[0]  # a file store, if we were sent on to one, has ETags of its own
            _compare(target.name, response.headers.get("Content-Length"), first.headers.get("ETag"), size, digest.hexdigest())
            # mkstemp makes files that only their owner can read; what one downloads is an ordinary file.
            partial.chmod(0o666 & ~_umask())
            partial.replace(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    return target


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
