"""REANA's times: they name no zone, and are its server's own except `created`, which is UTC."""

import logging
import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

log = logging.getLogger(__name__)

SLACK = timedelta(minutes=2)
"""How far two clocks may be apart."""
QUARTER = timedelta(minutes=15)
"""Zones differ by quarters of an hour."""
NONE = timedelta(0)


class Clock:
    """Turns REANA's times into moments, and notices when they cannot be of the zone it was told."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self.error = NONE
        """By how much REANA's clock is ahead of the zone."""

    def utc(self, told: str | None) -> datetime | None:
        """The moment that a naive local time means."""
        if not told:
            return None
        naive = datetime.fromisoformat(told)
        if naive.tzinfo is not None:
            return naive.astimezone(UTC)
        return (naive - self.error).replace(tzinfo=self._zone).astimezone(UTC)

    def check(self, started: str | None, created: str | None, now: datetime | None = None) -> None:
        """Work out the zone's error if a run seems to have started before it was made, or seems to start in future."""
        begun, made, now = self.utc(started), _utc(created), now or datetime.now(UTC)
        if begun is None or made is None:
            return
        least, most = begun - now - SLACK, begun - made + SLACK
        if least <= NONE <= most:
            return
        wanted = _nearest(least, most)
        if wanted is None:
            log.warning("REANA's times make no sense", extra={"run_started": started, "workflow_created": created})
            return
        self.error += wanted
        log.warning("REANA's clock is not in the zone it was said to be (REANA_ZONE)", extra={"ahead": str(self.error)})


def _utc(told: str | None) -> datetime | None:
    if not told:
        return None
    moment = datetime.fromisoformat(told)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _nearest(least: timedelta, most: timedelta) -> timedelta | None:
    """The multiple of a quarter of an hour between the two that is nearest to none."""
    quarters = math.ceil(least / QUARTER) if least > NONE else math.floor(most / QUARTER)
    found = quarters * QUARTER
    return found if least <= found <= most else None
