"""How the relay parts what it carries."""

from uuid import UUID

from chassis.bus.relay import Row, _parts
from contracts.ids import uuid7


def row(number: int, message: UUID, tries: int = 0) -> Row:
    """A row of the outbox."""
    return Row(number, "a.b.v1", message, b"{}", {}, tries)


def test_what_is_new_goes_together_and_the_rest_alone() -> None:
    """In order; alone goes what failed before, and the second of two rows with one id."""
    one, two, three = uuid7(), uuid7(), uuid7()
    rows = [row(1, one), row(2, two, tries=1), row(3, three), row(4, one), row(5, two)]

    assert [[row.id for row in part] for part in _parts(rows)] == [[1, 3, 5], [2], [4]]
    assert _parts([]) == []
