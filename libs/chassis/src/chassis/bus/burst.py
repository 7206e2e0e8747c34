"""Many messages for RabbitMQ in one write: told to the client library as if it had published each, confirmed one by one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from uuid import UUID

from aio_pika.exceptions import AMQPConnectionError
from aiormq.abc import ChannelFrame
from aiormq.channel import Channel
from pamqp import frame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

PERSISTENT = 2
CHUNK = 256 * 1024
"""Bytes of one write, about; the next one waits until the client has taken it."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way out."""

    subject: str
    message: UUID
    payload: bytes
    headers: dict[str, str] = field(default_factory=dict)
    mandatory: bool = False


@dataclass(frozen=True, slots=True)
class Sender:
    """Who publishes to which exchange."""

    exchange: str
    account: str
    service: str


@cache
def _publish(exchange: str, subject: str, mandatory: bool, number: int) -> bytes:
    return bytes(frame.marshal(Basic.Publish(exchange=exchange, routing_key=subject, mandatory=mandatory), number))


def _encode(sender: Sender, one: Outgoing, channel: Channel) -> bytes:
    properties = Basic.Properties(
        content_type="application/json",
        delivery_mode=PERSISTENT,
        message_id=str(one.message),
        message_type=one.subject,
        user_id=sender.account,
        app_id=sender.service,
        headers=dict(one.headers),
    )
    size, number = channel.max_content_size, channel.number
    parts = [
        _publish(sender.exchange, one.subject, one.mandatory, number),
        frame.marshal(ContentHeader(properties=properties, body_size=len(one.payload)), number),
        *(frame.marshal(ContentBody(one.payload[first : first + size]), number) for first in range(0, len(one.payload), size)),
    ]
    return b"".join(parts)


async def publish(channel: Channel, sender: Sender, several: Sequence[Outgoing]) -> list[BaseException | None]:
    """Publish all; for each, nothing once RabbitMQ has confirmed it, or why it did not, or why it could not be sent."""
    loop = asyncio.get_running_loop()
    answers: list[BaseException | asyncio.Future[object]] = []
    chunk: list[tuple[Outgoing, bytes]] = []
    promised: list[asyncio.Future[object]] = []
    size = 0

    async def send() -> None:
        """Put a chunk; nothing comes between that and its confirmations, since neither is awaited."""
        async with channel.lock:
            await channel.write_queue.put(ChannelFrame(b"".join(data for _, data in chunk), should_close=False))
            for (one, _data), promise in zip(chunk, promised[-len(chunk) :], strict=True):
                channel.delivery_tag += 1
                channel.confirmations[channel.delivery_tag] = promise
                channel.message_id_delivery_tag[str(one.message)] = channel.delivery_tag
        chunk.clear()

    def closed(closing: "asyncio.Future[object]") -> None:
        told = None if closing.cancelled() else closing.exception()
        reason = told if isinstance(told, Exception) else AMQPConnectionError("the channel was closed")
        for promise in promised:
            if not promise.done():
                promise.set_exception(reason)

    closing = channel.closing
    closing.add_done_callback(closed)
    try:
        for one in several:
            try:
                data = _encode(sender, one, channel)
            except Exception as error:  # what the client cannot encode holds up no other
                answers.append(error)
                continue
            promise: asyncio.Future[object] = loop.create_future()
            promised.append(promise)
            answers.append(promise)
            chunk.append((one, data))
            size += len(data)
            if size > CHUNK:
                await send()
                size = 0
        if chunk:
            await send()
        await asyncio.gather(*promised, return_exceptions=True)
    finally:
        if closing is not channel._closing:  # noqa: SLF001 - an observer of ours; the channel's own end is not ours to cancel
            closing.cancel()
        for one in several:
            channel.message_id_delivery_tag.pop(str(one.message), None)
    return [answer.exception() if isinstance(answer, asyncio.Future) else answer for answer in answers]
