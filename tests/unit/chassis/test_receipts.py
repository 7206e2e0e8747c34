"""What RabbitMQ is told of deliveries that are done with."""

import asyncio
from typing import Any

from chassis.bus.receipts import Desk, Receipts


class Channel:
    """A channel that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, bool]] = []
        self.back: list[int] = []

    async def basic_ack(self, tag: int, *, multiple: bool = False, wait: bool = True) -> None:
        """Done with."""
        assert not wait
        self.told.append((tag, multiple))

    async def basic_nack(self, tag: int, *, wait: bool = True) -> None:
        """Given back."""
        assert not wait
        self.back.append(tag)


class Raw:
    """A delivery."""

    def __init__(self, tag: int) -> None:
        self.delivery_tag = tag


async def turn() -> None:
    """Let the event loop turn."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_group_is_acknowledged_in_one_word() -> None:
    """Deliveries that are done with at the same moment, and follow one another, are told by the last of them."""
    channel: Any = Channel()
    receipts = Receipts(channel)

    for tag in range(1, 51):
        receipts.done(tag)
    await turn()

    assert channel.told == [(50, True)]


async def test_what_is_not_done_with_is_never_acknowledged() -> None:
    """Behind a delivery that lasts, each is told alone; with it, the rest in one word, and nothing twice."""
    channel: Any = Channel()
    receipts = Receipts(channel)
    for tag in (1, 2, 4, 6):
        receipts.done(tag)
    await turn()
    assert channel.told == [(2, True), (4, False), (6, False)]

    for tag in (3, 5, 7):
        receipts.done(tag)
    await turn()

    assert channel.told[3:] == [(7, True)]


async def test_what_was_given_back_is_nobodys_last_word() -> None:
    """RabbitMQ has it already and would close the channel; what follows it is told as ever."""
    channel: Any = Channel()
    desk = Desk()
    desk.done(channel, Raw(1))  # type: ignore[arg-type]
    await desk.give_back(channel, Raw(2))  # type: ignore[arg-type]
    await turn()
    assert (channel.told, channel.back) == ([(1, True)], [2])

    desk.done(channel, Raw(3))  # type: ignore[arg-type]
    await turn()

    assert channel.told[1:] == [(3, True)]


async def test_a_channel_that_is_gone_is_told_nothing() -> None:
    """What it brought comes again; nobody hears of an error."""

    class Gone(Channel):
        async def basic_ack(self, tag: int, *, multiple: bool = False, wait: bool = True) -> None:
            raise ConnectionError

    receipts = Receipts(Gone())  # type: ignore[arg-type]
    receipts.done(1)
    await turn()
