"""Who hears what, from the services as data."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from chassis.bus.outbox import Destinations
from chassis.service import Service
from contracts.message import Message

if TYPE_CHECKING:
    from chassis.house import House


@dataclass(frozen=True, slots=True)
class Bound:
    """A queue that is there."""

    queue: str
    subject: str
    waiting: int | None = None
    """Messages in it, if that is known."""


class Carrier(Protocol):
    """Brings messages to a service, or takes them from it."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until told to stop, then bring what is in hand to its end."""

    async def ping(self) -> None:
        """Raise if what carries does not answer."""

    async def topology(self) -> list[Bound]:
        """The queues that are there, whoever made them."""


class Bus(Protocol):
    """What `BUS_URL` names."""

    def destinations(self, service: Service) -> Destinations:
        """Where a service puts what it says."""

    def carriers(self, house: "House[Any]") -> Sequence[Carrier]:
        """What works for a service; the first one knows the topology."""


def queues(services: Sequence[Service]) -> dict[str, str]:
    """Every queue with the subject it is bound to; timers stay inside their service and are not part of it."""
    return {
        service.queue(s): s.message.subject
        for service in sorted(services, key=lambda service: service.name)
        for s in service.subscriptions
        if not s.timer
    }


def fan_out(services: Sequence[Service]) -> Destinations:
    """The queues of a message where PostgreSQL carries: those of all its hearers."""
    heard: defaultdict[type[Message], list[str]] = defaultdict(list)
    for service in services:
        for s in service.subscriptions:
            heard[s.message].append(service.queue(s))
    return lambda kind: heard.get(kind, ())
