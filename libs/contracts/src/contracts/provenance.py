"""What provenance says."""

from typing import ClassVar
from uuid import UUID

from contracts.message import Event, FileRef
from contracts.vocabulary import RunStatus


class RecordLodged(Event):
    """A record's statement is in the ledger and in the graph."""

    subject: ClassVar[str] = "provenance.record-lodged.v1"
    record: str
    document: FileRef | None = None


class RecordWithdrawn(Event):
    """A record says nothing any more; what it alone asserted is gone from the graph."""

    subject: ClassVar[str] = "provenance.record-withdrawn.v1"
    record: str


class RunCaptured(Event):
    """All that a run and its steps said is in the graph."""

    subject: ClassVar[str] = "provenance.run-captured.v1"
    run: UUID
    status: RunStatus
    """How the run ended."""
