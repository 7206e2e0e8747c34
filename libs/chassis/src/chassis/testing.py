"""For tests: handlers called as functions, a service that stands alone, and somebody to be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from chassis.assembly import standing
from chassis.house import House
from chassis.service import Service
from chassis.settings import Settings
from chassis.unit import Said
from contracts.message import Caller, Message


@dataclass
class FakeUnit:
    """A unit without a database; the rooms that a handler touches are given as keywords."""

    said: list[Said] = field(default_factory=list)
    rung: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, **rooms: Any) -> Any:
        """A unit with these rooms."""
        unit = cls()
        vars(unit).update(rooms)
        return unit

    async def publish(self, message: Message) -> None:
        """Remember what is said."""
        self.said.append(Said(message))

    def ring(self, bell: str) -> None:
        """Remember what is rung."""
        self.rung.add(bell)


def said(unit: Any) -> list[Message]:
    """What a unit said, in order."""
    return [one.message for one in unit.said]


@asynccontextmanager
async def a_house(service: Service, settings: Settings, *others: Service, hears: bool = True) -> AsyncIterator[House[Any]]:
    """One service (and whoever else it needs) that works on its own; what nobody here hears goes nowhere."""
    async with standing(service, *others, settings=settings, hears=hears) as houses:
        yield houses[service.name]


@asynccontextmanager
async def no_doors(_house: House[Any]) -> AsyncIterator[None]:
    """What a service without doors of its own opens."""
    yield


def somebody(name: str = "ada", *tenants: str, roles: tuple[str, ...] = ()) -> Caller:
    """A caller for tests: `somebody("ada", "physics")`."""
    return Caller(
        issuer="https://issuer.test/realm",
        subject=f"sub-{name}",
        name=name,
        username=name,
        tenants=(*tenants, f"~{name}"),
        roles=roles,
    )
