"""Who hears what, from the services as data."""

from collections import defaultdict
from collections.abc import Sequence

from chassis.bus.outbox import Destinations
from chassis.service import Service
from contracts.message import Message


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
