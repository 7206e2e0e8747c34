"""Production in small, each server away for a while under a stream of orders: what was taken is done, once."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.chaos.away import hanging_up, ours, silent, stopped
from tests.chaos.counting import RUNS, judged, settle, told, until
from tests.chaos.stream import Stream
from tests.chaos.table import TABLE
from tests.stack import SERVICES, Stack

pytest.importorskip("reana_client", reason="`make install PRODUCTION=1` brings the client of REANA")

OUTAGE = float(os.environ.get("CHAOS_OUTAGE") or 60)
"""Seconds that each server is away; REANA, which nobody here looks after, is so for longer and in two manners."""
BETWEEN = 5.0
GROWTH = 150 << 20
"""Bytes that a service may have more after the outages than before: queues of what waits are on disks, not in memory."""
BUSY = 0.6
"""Share of a core that a service may use while something is away: who waits does not turn in circles."""
pytestmark = pytest.mark.timeout(1800)


@dataclass(frozen=True)
class Outage:
    """One server, and how it is away."""

    what: str
    away: Callable[[Stack], AbstractContextManager[None]]
    seconds: float = OUTAGE


def _stopped(name: str) -> Callable[[Stack], AbstractContextManager[None]]:
    return lambda _stack: stopped(name)


# REANA first: what waits for it is done while the others are away
OUTAGES = (
    Outage("REANA hangs up", hanging_up, 2 * OUTAGE),
    Outage("REANA is silent", silent),
    Outage("Neo4j is down", _stopped("neo4j")),
    Outage("the file store is down", _stopped("s3")),
    Outage("RabbitMQ is down", _stopped("rabbitmq")),
    Outage("PostgreSQL is down", _stopped("postgres")),
)


def test_what_is_away_costs_nothing_but_time(folder: Path):
    """Each server goes away and comes back; no order is lost or doubled, no run fails, nothing is parked, none spins."""
    ours()
    stack = Stack(folder / "outages")
    began: list[tuple[datetime, Outage]] = []
    hot: dict[str, float] = {}
    try:
        stack.start()
        stack.vhost.tap()
        stream = Stream(stack)
        with stream:
            time.sleep(BETWEEN)
            before = {service: stack.usage(service) for service in SERVICES}
            for outage in OUTAGES:
                began.append((datetime.now(UTC), outage))
                with outage.away(stack):
                    used = {service: stack.usage(service) for service in SERVICES}
                    begun = time.monotonic()
                    time.sleep(outage.seconds)
                    for service in SERVICES:
                        share = (stack.usage(service).seconds - used[service].seconds) / (time.monotonic() - begun)
                        hot[f"{service} while {outage.what}"] = round(share, 2)
                until(lambda: all(map(stack.is_ready, SERVICES)), 180, lambda: f"not ready: {stack.doors()}")
                time.sleep(BETWEEN)
        settle(stack, 420)
        after = {service: stack.usage(service) for service in SERVICES}
        found = asyncio.run(told(stack))
        orders = judged(found, stream.names)
        ends = [*(start for start, _ in began[1:]), datetime.max.replace(tzinfo=UTC)]
        for (start, outage), end in zip(began, ends, strict=True):
            TABLE.orders(f"{outage.what} for {outage.seconds:g} s", [order for order in orders if start <= order.at < end])
        growth = {service: after[service].memory - before[service].memory for service in SERVICES}
        print(f"\nnot taken {stream.refused}, unanswered {stream.unanswered}, slowest {stream.slowest:.1f} s")
        print(f"shares of a core: {hot}; MB more: { {name: grown >> 20 for name, grown in growth.items()} }")

        assert stream.wrong == []
        assert stream.runs <= {order.name for order in orders if order.kind == RUNS}, "each accepted run has its job"
        assert [order for order in orders if order.faults or order.twice] == []
        assert {service: letters for service, letters in found.parked.items() if letters} == {}
        assert {service: grown for service, grown in growth.items() if grown > GROWTH} == {}
        assert {who: share for who, share in hot.items() if share > BUSY} == {}
        assert len(stream.runs) >= OUTAGE / 4
        assert {stack.processes[service].poll() for service in SERVICES} == {None}, "no process ended"
        stack.order("provenance", "restore", "--only-prove")
    finally:
        stack.stop()
