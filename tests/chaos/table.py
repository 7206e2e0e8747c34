"""The table of what was sent, done, lost and doubled in each scenario of a test session."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.chaos.counting import Order

HEAD = ("scenario", "what", "sent", "done", "lost", "doubled")


@dataclass
class Table:
    """Lines, as they come."""

    lines: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, scenario: str, what: str, sent: int, lost: int, doubled: int) -> None:
        """A line; what was sent and is not lost is done."""
        self.lines.append((scenario, what, *map(str, (sent, sent - lost, lost, doubled))))

    def orders(self, scenario: str, orders: Iterable[Order]) -> None:
        """A line for each kind of order."""
        told = list(orders)
        for kind in sorted({order.kind for order in told}):
            some = [order for order in told if order.kind == kind]
            lost, doubled = (sum(bool(getattr(order, fault)) for order in some) for fault in ("faults", "twice"))
            self.add(scenario, kind, len(some), lost, doubled)

    def text(self) -> list[str]:
        """The table, its columns aligned."""
        rows = [HEAD, *self.lines]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
        aligned = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
        return ["  ".join(row).rstrip() for row in aligned]


TABLE = Table()
