"""Every command and event of the platform. Commands are orders, events are facts."""

from contracts.catalog import CATALOG
from contracts.ids import Handle, RecordId, uuid7
from contracts.message import LIMIT, Caller, Command, Event, FileRef, Message, Part
from contracts.problem import FieldError, Problem

__all__ = [
    "CATALOG",
    "LIMIT",
    "Caller",
    "Command",
    "Event",
    "FieldError",
    "FileRef",
    "Handle",
    "Message",
    "Part",
    "Problem",
    "RecordId",
    "uuid7",
]
