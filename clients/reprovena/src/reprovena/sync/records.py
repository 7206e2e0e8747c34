"""Records of entries: what a change would do to the graph, what changes did, and taking one back."""

# Made from `reprovena.aio` by `make client`; change it there.

from collections.abc import Iterator, Mapping
from typing import Any

from reprovena import record_calls
from reprovena.models import Job
from reprovena.records import Applied, Diff
from reprovena.sync.connection import Connection


class Records(Connection):
    """What a client asks of records."""

    def preview(self, *records: str, to: int | None = None) -> Diff:
        """Ask what withdrawing records would do to the graph; with `to`, what one going back to that revision would."""
        return self._wire.ask(record_calls.diff(records, to))

    def preview_record(self, told: Mapping[str, Any], record: str | None = None) -> Diff:
        """Ask what it would do if a model run, or a new one, said this."""
        return self._wire.ask(record_calls.proposal(told, record))

    def changes(self, record: str, *, limit: int | None = None) -> Iterator[Applied]:
        """List what the revisions of a record did to the graph, the newest first."""
        return self._pages(lambda after, size: record_calls.changes(record, limit=size, after=after), limit)

    def undo(self, record: str, reason: str, to: int | None = None, within: float = 120.0) -> Job:
        """Let a model run say again what it said at a revision, or before its last change; wait until the graph says it."""
        asked = self._wire.ask(record_calls.undo(record, to, reason, min(20.0, within)))
        return asked if asked.settled else self.settle(asked.id, within)
