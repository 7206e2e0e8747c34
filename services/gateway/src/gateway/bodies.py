"""Bodies of requests: read as streams, never beyond their limit."""

import re
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import Message

from chassis.files import too_large
from chassis.refusal import refuse

MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,100}/[\w!#$&^.+-]{1,100}", re.ASCII)


def announced(request: Request, limit: int) -> None:
    """Refuse a body that says itself that it is too large, before any of it is read."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and (len(length) > 18 or int(length) > limit):
        raise too_large(limit)


def limited(request: Request, limit: int) -> Request:
    """The same request, refused as soon as its body goes on beyond the limit."""
    announced(request, limit)
    size = 0

    async def receive() -> Message:
        nonlocal size
        message = await request.receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise too_large(limit)
        return message

    return Request(request.scope, receive)


async def stream(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes; a client that goes away in the middle has sent a bad request."""
    try:
        async for block in request.stream():
            yield block
    except ClientDisconnect:
        raise refuse("gateway:bad-request", "the body ended before it was whole") from None


def media_type(told: str | None) -> str:
    """A media type without parameters; what is not one is bytes."""
    name = (told or "").partition(";")[0].strip().lower()
    return name if MEDIA_TYPE.fullmatch(name) else "application/octet-stream"
