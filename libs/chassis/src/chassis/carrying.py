"""JSON that travels in a message while it is small, and otherwise as a file that the message names."""

from typing import Any

from pydantic_core import to_json

from chassis.files import Files, once
from contracts.message import FileRef

CARRIED = 128 * 1024
"""Bytes of JSON that travel in a message."""


async def carried(files: Files, name: str, value: Any, *, file: str | None = None) -> dict[str, Any]:
    """The field of a message that holds a value: `name`, or if it is large `file` (by default `<name>_file`)."""
    content = to_json(value)
    return {name: value} if len(content) <= CARRIED else {file or f"{name}_file": await _put(files, content)}


async def kept(files: Files, value: Any) -> FileRef:
    """A value as JSON in the file store."""
    return await _put(files, to_json(value))


async def _put(files: Files, content: bytes) -> FileRef:
    return await files.put(once(content), media_type="application/json")
