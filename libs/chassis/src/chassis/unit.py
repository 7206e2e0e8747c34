"""One unit of work: what is stored and what is said commit together."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.message import Event, Message

if TYPE_CHECKING:
    from chassis.house import House

Parts = TypeVar("Parts")


@dataclass(frozen=True, slots=True)
class Said:
    """A message on its way: nobody hears it before the commit, and not before it is due."""

    message: Message
    due: datetime | None = None
    key: str | None = None


@dataclass
class Unit(Generic[Parts]):
    """What a handler may touch. A service adds its rooms as properties in a subclass."""

    session: AsyncSession
    house: "House[Parts]"
    said: list[Said] = field(default_factory=list)
    rung: set[str] = field(default_factory=set)

    @property
    def parts(self) -> Parts:
        """The service's own doors, as its `open` gave them."""
        return self.house.parts

    async def publish(self, message: Message) -> None:
        """Say a fact or give an order, once everything here is committed."""
        self.said.append(Said(message))

    async def later(self, message: Message, after: timedelta, key: str) -> None:
        """Send a message to oneself. A second one under a key that still waits is dropped."""
        self.said.append(Said(message, datetime.now(UTC) + after, key))

    def ring(self, bell: str) -> None:
        """Wake whoever waits for this bell (a loop, a caller), once everything here is committed."""
        self.rung.add(bell)


def facts(unit: "Unit[Any]") -> list[Event]:
    """The facts said so far; for tests that call a handler as a function."""
    return [s.message for s in unit.said if isinstance(s.message, Event)]
