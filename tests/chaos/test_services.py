"""Production in small, killed again and again: nothing is lost, nothing is doubled, and any order of facts tells the same."""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from tests.chaos.again import documents, facts, graph, say
from tests.chaos.counting import RUNS, Order, Told, judged, owed, records, rows, settle, told, until
from tests.chaos.stream import Stream
from tests.chaos.table import TABLE
from tests.stack import SERVICES, Stack

from contracts.message import Caller

pytest.importorskip("reana_client", reason="`make install PRODUCTION=1` brings the client of REANA")

KILLS = int(os.environ.get("CHAOS_KILLS") or 52)
"""In all, as many of each service."""
LIFE = 2.0
"""Times that a service lives as long as it took to answer, at most; half of it on average, so it is there half of the time."""
UNBORN = 0.15
"""Share of the kills that hit a service before it answers."""
pytestmark = pytest.mark.timeout(1500)


@dataclass
class Session:
    """What was left of a session with kills."""

    stack: Stack
    stream: Stream
    kills: Counter[str]
    found: Told
    orders: list[Order]


@pytest.fixture(scope="module")
def killed(session_folder: Path) -> Iterator[Session]:
    """A stream of orders, while each of the four services is killed at random moments; then time to come to an end."""
    kills, stack = Counter[str](), Stack(session_folder / "killed")
    try:
        stack.start()
        stack.vhost.tap()
        stream = Stream(stack, run_every=1.0, register_every=1.0)
        with stream:
            with ThreadPoolExecutor() as killers:
                list(killers.map(partial(_kill, stack, kills), SERVICES))
            for service in SERVICES:
                stack.ready(service)
        settle(stack, 420)
        found = asyncio.run(told(stack))
        yield Session(stack, stream, kills, found, judged(found, stream.names))
    finally:
        stack.stop()


def _kill(stack: Stack, kills: Counter[str], service: str) -> None:
    """Kill one service again and again, each time at another moment of its life."""
    chance, birth = random.Random(service), 3.0
    for _ in range(KILLS // len(SERVICES)):
        begun = time.monotonic()
        if chance.random() < UNBORN:
            time.sleep(chance.uniform(0, birth))
        else:
            until(lambda: stack.is_alive(service), 180, lambda: f"{service} does not start")
            birth = max(time.monotonic() - begun, 1.0)
            time.sleep(chance.uniform(0, LIFE * birth))
        stack.kill(service)
        kills[service] += 1
        stack.launch(service)


def test_killed_services_lose_nothing_and_double_nothing(killed: Session):
    """SIGKILL of each of the four services at random moments under a stream of registrations and runs."""
    stream, found = killed.stream, killed.found
    TABLE.orders(f"each service killed, {sum(killed.kills.values())} times", killed.orders)
    print(f"\n{dict(killed.kills)}; not taken {stream.refused}, unanswered {stream.unanswered}, slowest {stream.slowest:.1f} s")

    assert set(killed.kills) == set(SERVICES)
    assert killed.kills.total() == KILLS // len(SERVICES) * len(SERVICES)
    assert stream.wrong == []
    assert stream.runs <= {order.name for order in killed.orders if order.kind == RUNS}, "each accepted run has its job"
    assert [order for order in killed.orders if order.faults or order.twice] == []
    assert {service: letters for service, letters in found.parked.items() if letters} == {}
    assert len(stream.runs) >= KILLS // 4
    killed.stack.order("provenance", "restore", "--only-prove")


def test_any_order_of_facts_tells_the_same(killed: Session, session_folder: Path):
    """All facts of the session, twice each and shuffled, make the same documents and the same graph in an empty provenance."""
    runs = sorted(order.name for order in killed.orders if order.kind == RUNS)
    with killed.stack.client() as client:
        caller = Caller.model_validate(client.get("/v1/me").json())
    before, graph_before = documents(killed.stack, caller, runs), asyncio.run(graph())
    killed.stack.stop()
    letters = facts(killed.found.facts) * 2
    random.Random(3).shuffle(letters)

    second = Stack(session_folder / "second")
    try:
        second.prepare()
        second.start_service("provenance", migrate=True)
        second.ready("provenance")
        asyncio.run(say(second, letters))
        until(lambda: asyncio.run(records(second)) == killed.found.records, 420, lambda: "the ledger has not all of it")
        until(lambda: not asyncio.run(owed(second)), 240, lambda: "the graph has not all of it")
        after, graph_after = documents(second, caller, runs), asyncio.run(graph())
        parked = asyncio.run(rows(second, "provenance", "select reason, error from bus.parked"))
    finally:
        second.stop()
    lost, other = set(before) - set(after), [name for name in after if before[name] != after[name]]
    TABLE.add("each fact twice, shuffled", "facts", len(letters) // 2, 0 if graph_after == graph_before else 1, len(parked))
    TABLE.add("each fact twice, shuffled", "documents", len(before), len(lost), len(other))

    assert len(letters) > 4 * len(runs)
    assert parked == []
    assert (lost, other) == (set(), [])
    assert graph_after == graph_before
