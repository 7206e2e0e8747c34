"""A specification as a zip, unpacked onto the disk and never outside its folder."""

import os
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from chassis.bundles import UNREADABLE, fault
from chassis.refusal import Refusal, refuse

BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a bundle may become."""

    size: int = 1 << 30
    files: int = 10_000


def bad_name(name: str, why: str) -> Refusal:
    """The refusal of a file name."""
    return refuse("executor:bad-file-name", f"{name!r}: {why}")


def safe_path(name: str) -> str:
    """A relative path that stays where it is put; anything else is refused."""
    path = str(PurePosixPath(name)) if name else name
    if wrong := fault(path):
        raise bad_name(name[:80], wrong)
    return path


def unpack(source: BinaryIO, folder: Path, limits: Limits) -> tuple[str, ...]:
    """Unpack a zip into an empty folder and name its files. Links, ways out and bombs are refused."""
    try:
        with zipfile.ZipFile(source) as bundle:
            entries = [entry for entry in bundle.infolist() if not entry.is_dir()]
            _check(entries, limits)
            left = limits.size
            for entry in entries:
                left -= _extract(bundle, entry, folder / safe_path(entry.filename), left)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise refuse("executor:bad-file-name", "a name stands twice in the specification") from error
    except UNREADABLE as error:
        raise refuse("executor:bad-file-name", f"the specification is not a readable zip: {error}") from error
    return tuple(sorted(safe_path(entry.filename) for entry in entries))


def _check(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.files:
        raise refuse("executor:bad-file-name", f"more than {limits.files} files in the specification")
    if sum(entry.file_size for entry in entries) > limits.size:
        raise refuse("executor:bad-file-name", f"more than {limits.size} bytes in the specification")
    for entry in entries:
        safe_path(entry.filename)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in {0, stat.S_IFREG}:
            raise bad_name(entry.filename, "only plain files are allowed in a specification")


def _extract(bundle: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, limit: int) -> int:
    """Write one file, counting what really comes out: a zip may lie about its sizes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with bundle.open(entry) as source, path.open("xb") as target:
        while block := source.read(BLOCK):
            size += len(block)
            if size > limit:
                raise refuse("executor:bad-file-name", "the specification is larger than it says")
            target.write(block)
        if (entry.external_attr >> 16) & 0o111:
            os.fchmod(target.fileno(), 0o700)
    return size
