"""Parts of files: one range of bytes (RFC 9110 §14), and names of files in headers (RFC 6266)."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

RANGE = re.compile(r"bytes=\s*(\d*)-(\d*)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `start` up to, not including, `end`."""

    start: int
    end: int


def part(header: str | None, size: int) -> Part | Literal["unsatisfiable"] | None:
    """The part that a Range header asks for. None means all: no range, several, or one that cannot be read."""
    match = RANGE.fullmatch(header.strip()) if header else None
    if match is None or len(match[1]) > 18 or len(match[2]) > 18:
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if first and last and int(last) < int(first):
        return None
    if not first:
        return Part(max(size - int(last), 0), size) if int(last) and size else "unsatisfiable"
    if int(first) >= size:
        return "unsatisfiable"
    return Part(int(first), min(int(last) + 1, size) if last else size)


def matches(header: str | None, etag: str) -> bool:
    """Whether an If-None-Match header names a tag (weakly compared, RFC 9110 §8.8.3.2)."""
    if not header:
        return False
    return any(one.strip().removeprefix("W/") in {etag, "*"} for one in header.split(","))


def disposition(kind: Literal["attachment", "inline"], name: str) -> str:
    """A Content-Disposition that no name can break out of: ASCII for old clients, UTF-8 for all others."""
    base = name.rpartition("/")[2]
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%;' else "_" for c in base) or "file"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(base.encode('utf-8', 'replace'), safe='')}"
