"""Files from outside, fetched before a run is handed over: once, by lease, tried again, given up with a reason."""

import asyncio
import hashlib
import threading
import time
from collections.abc import Iterator
from datetime import datetime

import pytest
from tests.elsewhere import Elsewhere
from tests.integration.executor.conftest import World

from chassis.files import collect
from chassis.testing import somebody
from contracts.executor import Origin, OutsideFile, RestartRun, RunFailed, RunFinished, RunQueued, RunStopped, Source, StopRun
from contracts.ids import uuid7
from executor.runs.fetcher import AT_ONCE, SHARE

SHOW = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: cat
inputs:
  data: {type: File, valueFromPlatform: "{{http://localhost/1}}", inputBinding: {position: 1}}
stdout: shown.txt
outputs: {shown: stdout}
"""
PLAIN = {"Content-Type": "text/csv"}


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    """A server that the executor may fetch from."""
    with Elsewhere() as server:
        monkeypatch.setenv("OUTSIDE_HOSTS", f"localhost:{server.port}")
        monkeypatch.setenv("OUTSIDE_NETWORKS", "127.0.0.0/8")
        monkeypatch.setenv("OUTSIDE_HTTP", "true")
        yield server


def wanted(url: str, name: str = "data.csv") -> dict[str, object]:
    """A run's order for a file from there."""
    source = Source(url=url, metadata="http://localhost/1", licence="CC0", title="numbers")
    return {
        "parameters": {"data": {"class": "File", "path": name}},
        "outside": (OutsideFile(name=name, source=source),),
    }


async def test_a_file_is_fetched_once_and_known_by_where_it_came_from(world: World, elsewhere: Elsewhere):
    """Streamed into the file store with its SHA-256, staged, seen by the run; a restart takes the same bytes."""
    elsewhere.pages["/data"] = 200, PLAIN, b"1,2,3\n"
    run = await world.start(SHOW, **wanted(elsewhere.url("/data")))
    done = (await world.heard(RunFinished))[0].run

    (seen,) = done.inputs
    assert seen.source is not None
    assert (seen.path, seen.sha256, seen.media_type, seen.role) == (
        "data.csv", hashlib.sha256(b"1,2,3\n").hexdigest(), "text/csv", "data",
    )  # fmt: skip
    assert seen.source.model_dump(exclude={"fetched"}, exclude_none=True) == {
        "url": elsewhere.url("/data"), "metadata": "http://localhost/1", "licence": "CC0", "title": "numbers",
    }  # fmt: skip
    assert isinstance(seen.source.fetched, datetime)
    assert done.outputs[0].from_outside is True

    elsewhere.pages["/data"] = 200, PLAIN, b"changed"
    await world.tell(RestartRun(run=uuid7(), of=run))
    again = (await world.heard(RunFinished, count=2))[1].run
    assert again.inputs[0].model_dump(exclude={"id"}) == seen.model_dump(exclude={"id"})
    assert len(elsewhere.asked) == 1


async def test_a_dataset_that_lies_elsewhere_is_known_by_its_handle(world: World, elsewhere: Elsewhere):
    """What was fetched comes from the dataset as well as from its address."""
    elsewhere.pages["/data"] = 200, PLAIN, b"1,2,3\n"
    origin, source = Origin(id="10378.1/5"), Source(url=elsewhere.url("/data"))
    told = wanted(elsewhere.url("/data")) | {"outside": (OutsideFile(name="data.csv", source=source, origin=origin),)}
    await world.start(SHOW, **told)

    (seen,) = (await world.heard(RunFinished))[0].run.inputs
    assert (seen.origin, seen.source.url) == (origin, source.url)


async def test_being_away_is_no_reason_to_fail(world: World, elsewhere: Elsewhere):
    """It is tried again until it is there; what was fetched meanwhile is kept; other runs go on."""
    times: list[int] = []

    def wobbly(_handler: object) -> tuple[int, dict[str, str], bytes]:
        times.append(1)
        return (503, {}, b"") if len(times) < 3 else (200, PLAIN, b"at last")

    elsewhere.pages |= {"/one": (200, PLAIN, b"one"), "/two": wobbly}
    first, second = wanted(elsewhere.url("/one"), "one.csv"), wanted(elsewhere.url("/two"))
    told = second | {"outside": (*first["outside"], *second["outside"])}  # type: ignore[misc]
    run = await world.start(SHOW, **told)
    await world.start()

    ended = {one.run.id: one.run for one in await world.heard(RunFinished, count=2)}
    content = await collect(world.house.files.get(ended[run].outputs[0].stored), 100)
    assert content == b"at last"
    assert len(times) == 3
    assert [path for path, _ in elsewhere.asked].count("/one") == 1


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ((404, {}, b""), "is not there"),
        ((302, {"Location": "http://169.254.169.254/latest/meta-data/"}, b""), "sends on to where"),
        ((302, {"Location": "file:///etc/passwd"}, b""), "sends on to where"),
    ],
)
async def test_what_will_never_come_fails_the_run_with_its_reason(world: World, elsewhere: Elsewhere, page, reason):
    """Nothing is started."""
    elsewhere.pages["/data"] = page
    await world.start(SHOW, **wanted(elsewhere.url("/data")))

    failed = (await world.heard(RunFailed))[0]
    assert reason in failed.run.reason
    assert (failed.run.started, world.runner.times.get("submit", 0), failed.steps) == (None, 0, 0)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs wait for nobody."""
    monkeypatch.setenv("OUTSIDE_PATIENCE", "0")


async def test_a_run_waits_only_so_long(impatient: None, world: World, elsewhere: Elsewhere):
    """After OUTSIDE_PATIENCE the run fails, and says what was wrong."""
    elsewhere.pages["/data"] = 503, {}, b""
    await world.start(SHOW, **wanted(elsewhere.url("/data")))

    failed = (await world.heard(RunFailed))[0]
    assert "answered 503" in failed.run.reason
    assert "tried for" in failed.run.reason


async def test_a_run_that_waits_for_its_files_can_be_stopped(world: World, elsewhere: Elsewhere):
    """At once, and the connection is given up."""
    asked, hung_up = threading.Event(), threading.Event()

    def endless(handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        asked.set()
        try:
            while True:
                handler.wfile.write(b"x" * 1000)
                time.sleep(0.02)
        except OSError:
            hung_up.set()

    elsewhere.pages["/data"] = endless
    world.house.settings = world.house.settings.model_copy(update={"run_lease": 1.0})  # its beat is when the stop is seen
    run = await world.start(SHOW, **wanted(elsewhere.url("/data")))
    await world.heard(RunQueued)
    while not asked.is_set():
        await world.row(run)
    await world.tell(StopRun(run=run))

    stopped = (await world.heard(RunStopped))[0]
    assert stopped.run.id == run
    end = time.monotonic() + 60
    while not hung_up.is_set() and time.monotonic() < end:
        await world.row(run)
    assert hung_up.is_set()
    assert world.runner.times.get("submit", 0) == 0


async def test_a_long_file_keeps_no_other_run_from_running(world: World, elsewhere: Elsewhere):
    """Neither the room of those that run nor the turn of those that wait."""
    go = threading.Event()
    elsewhere.pages["/slow"] = lambda _handler: go.wait(120) and (200, PLAIN, b"slow")
    elsewhere.pages["/fast"] = 200, PLAIN, b"fast"
    try:
        slow = [await world.start(SHOW, **wanted(elsewhere.url("/slow"))) for _ in range(3)]
        fast = await world.start(SHOW, **wanted(elsewhere.url("/fast")))
        plain = await world.start()
        done = {one.run.id for one in await world.heard(RunFinished, count=2)}
        assert done == {fast, plain}
    finally:
        go.set()
    assert {one.run.id for one in await world.heard(RunFinished, count=5)} == {fast, plain, *slow}


async def test_long_files_of_one_tenant_keep_no_other_from_theirs(world: World, elsewhere: Elsewhere):
    """Whatever else of theirs waits, a tenant has half of those who fetch in hand at most."""
    go = threading.Event()
    elsewhere.pages["/slow"] = lambda _handler: go.wait(120) and (200, PLAIN, b"slow")
    elsewhere.pages["/fast"] = 200, PLAIN, b"fast"
    try:
        slow = {await world.start(SHOW, **wanted(elsewhere.url("/slow"))) for _ in range(AT_ONCE + 1)}
        async with asyncio.timeout(60):
            while [path for path, _ in elsewhere.asked].count("/slow") < SHARE:
                await asyncio.sleep(0.02)
        world.caller = somebody("bob", "biology")
        fast = await world.start(SHOW, **wanted(elsewhere.url("/fast")))
        done = (await world.heard(RunFinished))[0].run
        assert (done.id, done.tenant) == (fast, world.caller.tenants[0])
        assert [path for path, _ in elsewhere.asked].count("/slow") == SHARE
    finally:
        go.set()
    assert {one.run.id for one in await world.heard(RunFinished, count=len(slow) + 1)} == {fast, *slow}
