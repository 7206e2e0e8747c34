"""What bringing in many things at once comes to, entries or groups: five modes, reckoned before anything is written. Pure."""

from collections.abc import Collection
from enum import StrEnum

from contracts.message import Part


class Mode(StrEnum):
    """What may happen to what is there, and to what is not."""

    ADD_ONLY = "ADD_ONLY"
    ADD_OR_OVERWRITE = "ADD_OR_OVERWRITE"
    OVERWRITE_ONLY = "OVERWRITE_ONLY"
    SYNC_ADD_OR_OVERWRITE = "SYNC_ADD_OR_OVERWRITE"
    SYNC_DELETION_ALLOWED = "SYNC_DELETION_ALLOWED"


class Plan(Part):
    """What an import does."""

    old: int
    add: frozenset[str]
    overwrite: frozenset[str]
    delete: frozenset[str] = frozenset()

    @property
    def figures(self) -> dict[str, int]:
        """The import in numbers."""
        return {
            "old_size": self.old,
            "new_size": self.old + len(self.add) - len(self.delete),
            "added": len(self.add),
            "overwritten": len(self.overwrite),
            "deleted": len(self.delete),
        }


def plan(mode: Mode, there: Collection[str], given: Collection[str]) -> Plan:
    """What comes of an import, whether or not it is forbidden."""
    here, new = frozenset(there), frozenset(given)
    gone = here - new if mode is Mode.SYNC_DELETION_ALLOWED else frozenset[str]()
    return Plan(old=len(here), add=new - here, overwrite=new & here, delete=gone)


def forbidden(mode: Mode, there: Collection[str], given: Collection[str], *, deletion: bool) -> str | None:
    """Why a mode does not allow an import; nothing if it does."""
    here, new = frozenset(there), frozenset(given)
    match mode:
        case Mode.ADD_ONLY if new & here:
            return f"{mode} adds, and these are there already: {_some(new & here)}"
        case Mode.OVERWRITE_ONLY if new - here:
            return f"{mode} overwrites, and these are not there: {_some(new - here)}"
        case Mode.SYNC_ADD_OR_OVERWRITE if here - new:
            return f"{mode} needs all that is there, and these are not given: {_some(here - new)}"
        case Mode.SYNC_DELETION_ALLOWED if not deletion:
            return f"{mode} needs allow_entry_deletion"
    return None


def _some(names: Collection[str]) -> str:
    shown = sorted(names)[:5]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")
