"""Files of a workspace that is not trusted: nothing outside of it is ever opened through it."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

CHUNK = 1 << 20
FOLDER = os.O_DIRECTORY | getattr(os, "O_PATH", os.O_RDONLY)
"""A folder to open files from; where the system knows the difference, it need not be readable for that."""


def inside(root: Path, path: Path) -> Path | None:
    """Where the path really lies, if that is inside the root; both may go through links."""
    real = Path(os.path.realpath(path))
    return real if real.is_relative_to(os.path.realpath(root)) else None


def open_inside(root: Path, name: str) -> int:
    """Open a plain file below the root for reading. `FileNotFoundError` if there is none, or its links leave the root.

    Each part of the resolved path is opened without following links, so nobody can put a link in between.
    """
    real = inside(root, root / name)
    if real is None or Path(name).is_absolute():
        raise FileNotFoundError(name)
    here = os.open(os.path.realpath(root), FOLDER)
    try:
        *folders, last = real.relative_to(os.path.realpath(root)).parts or ("",)
        for folder in folders:
            there = os.open(folder, FOLDER | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = there
        found = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=here)
    except OSError as error:
        raise FileNotFoundError(name) from error
    finally:
        os.close(here)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise FileNotFoundError(name)
    return found


def digest(root: Path, path: Path) -> tuple[str, int]:
    """SHA-256 and size of a file below the root."""
    with os.fdopen(open_inside(root, os.path.relpath(path, root)), "rb") as source:
        made, size = hashlib.sha256(), 0
        while block := source.read(CHUNK):
            made.update(block)
            size += len(block)
    return made.hexdigest(), size


def plain_files(folder: Path) -> Iterator[Path]:
    """Every file below a folder, links to files included, in the order of their names; linked folders are not entered."""
    for here, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(here) / name
            if path.is_symlink() or path.is_file():
                yield path


def bytes_below(folder: Path) -> int:
    """Bytes of everything below a folder."""
    total = 0
    for here, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(here) / name).lstat().st_size
            except FileNotFoundError:  # it lives while we count
                continue
    return total
