"""Tells RabbitMQ what is done with: many deliveries in one word, where they came one after the other."""

import asyncio
import logging
from weakref import WeakKeyDictionary

from aio_pika.abc import AbstractIncomingMessage
from aiormq.abc import AbstractChannel

log = logging.getLogger(__name__)


class Receipts:
    """What was done with on one channel, whose deliveries are numbered from 1, so it is plain which are missing."""

    def __init__(self, channel: AbstractChannel) -> None:
        self._channel = channel
        self._upto = 0
        """All up to here are done with."""
        self._beyond: set[int] = set()
        """These too, though something before them is not."""
        self._owed: set[int] = set()
        """Of all these, what RabbitMQ was not told."""
        self._telling: asyncio.Task[None] | None = None

    def done(self, tag: int) -> None:
        """Acknowledge a delivery, together with whatever else is done with until the event loop turns."""
        self._beyond.add(tag)
        self._owed.add(tag)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell())

    def given_back(self, tag: int) -> None:
        """Nothing is owed for a delivery that RabbitMQ has back."""
        self._beyond.add(tag)

    async def _tell(self) -> None:
        try:
            while self._owed:
                last = 0
                while self._upto + 1 in self._beyond:
                    self._upto += 1
                    self._beyond.remove(self._upto)
                    if self._upto in self._owed:
                        self._owed.remove(self._upto)
                        last = self._upto
                single, self._owed = sorted(self._owed), set()
                if last:
                    await self._channel.basic_ack(last, multiple=True, wait=False)
                for tag in single:
                    await self._channel.basic_ack(tag, wait=False)
        except Exception as error:  # the channel is gone: what it brought comes again, and is known by its id
            log.info("cannot acknowledge", extra={"error": repr(error)})


class Desk:
    """The receipts of every channel."""

    def __init__(self) -> None:
        self._of: WeakKeyDictionary[AbstractChannel, Receipts] = WeakKeyDictionary()

    def done(self, channel: AbstractChannel, raw: AbstractIncomingMessage) -> None:
        """Acknowledge what came through a channel."""
        if raw.delivery_tag is not None:
            self._receipts(channel).done(raw.delivery_tag)

    async def give_back(self, channel: AbstractChannel, raw: AbstractIncomingMessage) -> None:
        """Let RabbitMQ bring it again."""
        if raw.delivery_tag is not None:
            self._receipts(channel).given_back(raw.delivery_tag)
            await channel.basic_nack(raw.delivery_tag, wait=False)

    def _receipts(self, channel: AbstractChannel) -> Receipts:
        if (receipts := self._of.get(channel)) is None:
            receipts = self._of[channel] = Receipts(channel)
        return receipts
