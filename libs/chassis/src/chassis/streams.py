"""Bytes on their way: streams of blocks, the limits on them, and the keys that stores give them."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

from chassis.refusal import Refusal, refuse
from contracts.ids import uuid7

CHUNK = 1 << 20
"""Bytes read or written at a time."""

Bytes = AsyncIterator[bytes]

KEY = re.compile(r"[0-9a-f]{8}/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""How a key looks; nothing else can be in a store."""


def fresh_key() -> str:
    """A key that no other file has."""
    name = str(uuid7())
    return f"{name[:8]}/{name}"


def checked_key(key: str) -> str:
    """A key that a store can have given; `FileNotFoundError` otherwise."""
    if not KEY.fullmatch(key):
        raise FileNotFoundError(key)
    return key


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
