"""Bringing in what another registry wrote out, and what came of it: entries and groups alike."""

from typing import Literal

from contracts.message import FileRef, Part

Mode = Literal["ADD_ONLY", "ADD_OR_OVERWRITE", "OVERWRITE_ONLY", "SYNC_ADD_OR_OVERWRITE", "SYNC_DELETION_ALLOWED"]


class Bringing(Part):
    """What is brought in, and how; in trial mode it is only foretold."""

    mode: Mode
    parse_items: bool = True
    allow_entry_deletion: bool = False
    trial_mode: bool = True
    items: FileRef
    """A JSON array."""


class Brought(Part):
    """What came of it, counted."""

    trial_mode: bool
    old_size: int
    new_size: int
    deleted: int
    overwritten: int
    added: int
    failures: tuple[tuple[str, str], ...] = ()
    """What is wrong, and with what; with any, nothing was written."""
