"""What a file is known by: the SHA-256 of its bytes."""

import hashlib
from pathlib import Path

from reprovena.errors import WrongUse
from reprovena.progress import Progress, quiet

CHUNK = 1024 * 1024


def digest_of(path: Path, told: Progress = quiet) -> str:
    """Read a file piece by piece; an empty one is refused, for it is like any other empty one."""
    if not path.is_file():
        msg = f"{path} is not there" if not path.exists() else f"{path} is no file"
        raise WrongUse(msg)
    digest, done, size = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            told(path.name, done, size)
    if not done:
        msg = f"{path} is empty, and every empty file is the same: it cannot be told where this one took part."
        raise WrongUse(msg)
    return digest.hexdigest()
