"""How sizes, times and states read on a screen, and text of others made harmless for it."""

import re
from datetime import UTC, datetime
from typing import Final

from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_KIB: Final = 1024
_MINUTE, _HOUR = 60, 3600

STYLES = {
    "finished": "green",
    "failed": "red",
    "stopped": "yellow",
    "running": "cyan",
    "SUCCEEDED": "green",
    "FAILED": "red",
    "IN_PROGRESS": "cyan",
    "deleted": "dim",
}
MARKS = {"finished": "✓", "failed": "✗", "stopped": "■", "running": "●", "deleted": "-"}


def clean(text: object) -> str:
    """Take out what would move a terminal's cursor or change its colours."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(text))


def plain(text: object, style: str = "") -> Text:
    """Show text as it is, without reading marks in it."""
    return Text(clean(text), style=style)


def state(status: str) -> Text:
    """Show a status in its colour."""
    return plain(status, STYLES.get(status, ""))


def size(count: int | None) -> str:
    """Say a number of bytes."""
    if count is None:
        return ""
    if count < _KIB:
        return f"{count} B"
    amount = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        amount /= _KIB
        if amount < _KIB:
            return f"{amount:.1f} {unit}"
    return f"{amount / _KIB:.1f} TiB"


def seconds(length: float) -> str:
    """Say a length of time."""
    if length < 0:
        return ""
    if length < _MINUTE:
        return f"{length:.1f} s"
    minutes, rest = divmod(round(length), _MINUTE)
    if length < _HOUR:
        return f"{minutes}:{rest:02d} min"
    return f"{minutes // _MINUTE}:{minutes % _MINUTE:02d} h"


def aware(at: datetime) -> datetime:
    """Take a time without a zone as UTC."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def between(start: datetime | None, end: datetime | None, now: datetime | None = None) -> str:
    """Say how long something took, or has taken up to now."""
    until = end or now
    return seconds((aware(until) - aware(start)).total_seconds()) if start and until else ""


def when(at: datetime | None) -> str:
    """Say a moment in the zone of who looks."""
    return aware(at).astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else ""
