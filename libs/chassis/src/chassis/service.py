"""A service as data: what it hears and says, what it serves, what it does by itself."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter

from contracts.message import Event, Message
from contracts.refusals import CommandRefused, DeliveryParked

if TYPE_CHECKING:
    from chassis.house import House
    from chassis.settings import Settings
    from chassis.unit import Unit

Handler = Callable[[Any, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """One consumer's interest in one message. A `timer` never leaves the service's own database."""

    message: type[Message]
    handler: Handler
    timer: bool = False


@dataclass(frozen=True, slots=True)
class Loop:
    """Work that recurs: `await turn(house)` again and again, until the service stops.

    A turn returns True if it did something (the next follows at once) or False (the next comes after `every` seconds,
    or when somebody rings the bell of this name), or None where there is nothing that could change before the bell rings
    (the next comes after `idle` seconds all the same). An exception is logged and the turn comes back later.
    """

    name: str
    turn: Callable[[Any], Awaitable[bool | None]]
    every: float = 1.0
    idle: float = 1.0


@dataclass(frozen=True, slots=True)
class Service:
    """The table of contents of a service. Reading four of them is reading the choreography."""

    name: str
    subscriptions: tuple[Subscription, ...]
    refused: type[CommandRefused]
    parked: type[DeliveryParked]
    unit: "type[Unit[Any]]"
    settings: "type[Settings]"
    open: "Callable[[House[Any]], AbstractAsyncContextManager[Any]]"
    """Opens the service's own doors (runner, graph, backends) and yields them; it becomes `house.parts`."""
    package: str
    """Import name; its `migrations/` folder holds the schema's history."""
    says: tuple[type[Event], ...] = ()
    routes: tuple[APIRouter, ...] = ()
    loops: tuple[Loop, ...] = ()
    warm: tuple[str, ...] = ()
    """Modules the fork server imports once, so that work in child processes starts at once; it calls their `warm()`."""
    pings: "Callable[[House[Any]], dict[str, Callable[[], Awaitable[object]]]] | None" = None
    """The service's own doors by name, each with a function that raises if it does not answer."""
    web: Mapping[str, Any] = field(default_factory=dict)
    """More arguments for the web application (its title, its pages)."""

    def queue(self, s: Subscription) -> str:
        """`<consumer>.<handler>`, such as `provenance.capture-run`. Two messages of one handler need two queues."""
        twins = [t for t in self.subscriptions if t.handler.__name__ == s.handler.__name__]
        name = f"{self.name}.{s.handler.__name__.replace('_', '-')}"
        return name if len(twins) == 1 else f"{name}.{'-'.join(s.message.subject.split('.')[:2])}"
