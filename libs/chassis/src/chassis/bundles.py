"""A specification and its files as one zip: packed the same way for the same content, unpacked with suspicion."""

import io
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from chassis.refusal import Refusal, refuse
from contracts.problem import FieldError

DATE = (1980, 1, 1, 0, 0, 0)
BLOCK = 1 << 16
UNIX = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """What a bundle may hold."""

    files: int = 1000
    size: int = 100 << 20
    """Bytes of all files together, unpacked."""
    ratio: int = 200
    """Times a file may be larger than what it takes in the zip; small files may be more."""
    kind: str = "registry:invalid-specification"
    """Problem type of what is refused."""


DEFAULT = Limits()
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeError, ValueError)
"""What the library says of a zip that it cannot read; errors of a disk are none of these."""


def fault(path: str) -> str | None:
    """What is wrong with a relative path inside a folder of ours; nothing, if it may be used."""
    if not path:
        return "is empty"
    if any(ord(c) < 32 or ord(c) == 127 for c in path):
        return "has control characters"
    if any("\ud800" <= c <= "\udfff" for c in path):
        return "is not valid text"
    if "\\" in path:
        return "has a backslash"
    if path.startswith("/") or (len(path) > 1 and path[1] == ":" and path[0].isalpha()):
        return "is absolute"
    parts = path.split("/")
    if ".." in parts:
        return "leads out of its folder"
    if "" in parts or "." in parts:
        return "has an empty part"
    if len(path.encode()) > 1024 or any(len(part.encode()) > 255 for part in parts):
        return "is too long"
    return None


def clash(paths: Mapping[str, object]) -> str | None:
    """A path that another one needs as a folder, if there is one."""
    for path in paths:
        parts = path.split("/")
        for end in range(1, len(parts)):
            if "/".join(parts[:end]) in paths:
                return "/".join(parts[:end])
    return None


def pack(files: Mapping[str, bytes]) -> bytes:
    """The same zip for the same files: sorted, one date, stored (compressors differ), scripts (`#!`) executable."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as bundle:
        for path in sorted(files):
            if (wrong := fault(path)) is not None:
                msg = f"{path!r} {wrong}"
                raise ValueError(msg)
            entry = zipfile.ZipInfo(path, DATE)
            entry.create_system = UNIX
            entry.external_attr = (stat.S_IFREG | (0o755 if files[path].startswith(b"#!") else 0o644)) << 16
            bundle.writestr(entry, files[path])
    return target.getvalue()


def unpack(source: bytes | BinaryIO, limits: Limits = DEFAULT) -> dict[str, bytes]:
    """The files of a zip by path; refused if it names, links, hides or swells to anything it should not."""
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        _few_entries(file, limits)
        with zipfile.ZipFile(file) as bundle:
            return _files(bundle, limits)
    except (*UNREADABLE, OSError) as error:
        raise refuse(limits.kind, f"the zip cannot be read: {error}") from None


def _few_entries(file: BinaryIO, limits: Limits) -> None:
    """Refuse a huge table of contents before it is read: each entry of a few bytes becomes an object."""
    # the library's own search for the end record, so that both look at the same one
    end = zipfile._EndRecData(file)  # type: ignore[attr-defined]  # noqa: SLF001
    if end is not None and end[5] > (limits.files + 100) * 1500:
        raise refuse(limits.kind, f"the zip's table of contents is too long; the limit is {limits.files} files")


def _files(bundle: zipfile.ZipFile, limits: Limits) -> dict[str, bytes]:
    entries = [entry for entry in bundle.infolist() if not _folder(entry, limits)]
    if len(entries) > limits.files:
        raise refuse(limits.kind, f"the zip has {len(entries)} files, the limit is {limits.files}")
    if sum(entry.file_size for entry in entries) > limits.size:
        raise _too_large(limits)
    found: dict[str, bytes] = {}
    left = limits.size
    for entry in entries:
        if entry.filename in found:
            raise _bad(limits, entry, "is there twice")
        found[entry.filename] = _read(bundle, entry, left, limits)
        left -= len(found[entry.filename])
    if (path := clash(found)) is not None:
        raise refuse(limits.kind, f"{path!r} is a file and a folder", FieldError(detail="is a file and a folder", file=path))
    return found


def _folder(entry: zipfile.ZipInfo, limits: Limits) -> bool:
    """Whether an entry is a folder; what is neither a folder nor an ordinary file is refused."""
    # zipfile cuts names at a NUL and swaps separators; what was written is what is judged
    path = entry.orig_filename
    kind = stat.S_IFMT(entry.external_attr >> 16) if entry.create_system == UNIX else 0
    if (wrong := fault(path.removesuffix("/"))) is not None:
        raise _bad(limits, entry, wrong)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise _bad(limits, entry, "is a link" if kind == stat.S_IFLNK else "is no ordinary file")
    if entry.flag_bits & 0x1:
        raise _bad(limits, entry, "is encrypted")
    return path.endswith("/")


def _read(bundle: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int, limits: Limits) -> bytes:
    """A file's bytes, counted while they come: what the zip says of its sizes may be a lie."""
    content, most = bytearray(), max(entry.compress_size * limits.ratio, 1 << 20)
    with bundle.open(entry) as source:
        while block := source.read(BLOCK):
            content += block
            if len(content) > left:
                raise _too_large(limits)
            if len(content) > most:
                raise _bad(limits, entry, "swells beyond reason")
    return bytes(content)


def _bad(limits: Limits, entry: zipfile.ZipInfo, wrong: str) -> Refusal:
    return refuse(
        limits.kind, f"{entry.orig_filename!r} in the zip {wrong}", FieldError(detail=wrong, file=entry.orig_filename)
    )


def _too_large(limits: Limits) -> Refusal:
    return refuse("gateway:too-large", f"the zip holds more than {limits.size} bytes, which is the limit")
