"""What the REANA runner makes of a REANA that tells little, late or wrongly, and that misbehaves."""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

pytest.importorskip("reana_client", reason="`make install PRODUCTION=1` brings the client of REANA")
from tests.contract.runner import COUNT, IMAGE, Bench, Seen, a_while, file, let_go, serial, tool, workflow
from tests.reana.process import StandIn

from chassis.files import Folder
from chassis.forks import Forks
from chassis.refusal import Refusal, Trouble
from contracts.ids import NOWHERE, input_id, output_id
from contracts.vocabulary import Engine, RunStatus, StepStatus
from executor.runner import Known, RunnerSettings, open_runner, reanasweep
from executor.runner.reana import ReanaRunner
from executor.runner.reanacalls import Bucket
from executor.runner.reanalook import item_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
QUICK: dict[str, Any] = {"reana_rate": 1000, "reana_every": 0, "reana_settle": 0.05, "reana_timeout": 20}
NOBODY = 500_000 if os.geteuid() == 0 else os.geteuid()
CALM = {"storm": 0, "broken": 0, "drop": 0, "lose": "", "slow": 0, "late": 0, "stuck": False, "zone": 0, "limit": 0}
CALM |= {"queue": 0.02, "pend": 0.02, "retry_after": "1"}


class Purse:
    """Tokens of accounts."""

    def __init__(self) -> None:
        self.tokens: dict[str, str | Exception] = {}

    async def get(self, account: str) -> str | None:
        """One, or what reading it leads to."""
        token = self.tokens.get(account)
        if isinstance(token, Exception):
            raise token
        return token


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def forks() -> AsyncIterator[Forks]:
    """A warm fork server."""
    server = Forks(["executor.runner.warm"], {})
    yield server
    await server.close()


@pytest.fixture(scope="module")
def server(session_folder: Path) -> Iterator[StandIn]:
    """The stand-in."""
    server = StandIn(session_folder / "moody").start()
    yield server
    server.stop()


@pytest.fixture
def reana(server: StandIn) -> Iterator[StandIn]:
    """The stand-in, calm and with nothing counted."""
    server.mood(reset=True, **CALM)
    yield server
    server.mood(reset=True, **CALM)


@pytest.fixture
def purse() -> Purse:
    """No tokens yet."""
    return Purse()


@pytest_asyncio.fixture(loop_scope="module")
async def bench(tmp_path: Path, forks: Forks, reana: StandIn, purse: Purse) -> AsyncIterator[Bench]:
    """A runner, as a user of its own."""
    bench = opened(tmp_path, forks, reana, purse)
    yield bench
    await bench.runner.close()


def opened(folder: Path, forks: Forks, reana: StandIn, purse: Purse, **settings: Any) -> Bench:
    """A runner with settings."""
    files = Folder(folder / "files")
    told: dict[str, Any] = {"reana_access_token": f"user-{uuid4()}", "runner_url": reana.url, **QUICK, **settings}
    return Bench(open_runner(RunnerSettings(**told), files, forks, purse), files)


def mine(reana: StandIn, run: object) -> list[dict[str, Any]]:
    """A run's workflows in REANA."""
    return [one for one in reana.told()["workflows"] if one["name"].startswith(f"rp-{run}.")]


async def test_an_exit_code_that_reana_hides_stays_hidden(bench: Bench) -> None:
    """REANA calls a CWL command good that ended badly but wrote all it should; it gives no exit code, so none is told."""
    document = tool("echo out > out.txt; exit 3", outputs={"out": "out.txt"})

    seen = await bench.finish({"sly.cwl": document})

    assert seen.steps["sly"].status is StepStatus.FINISHED
    assert seen.steps["sly"].exit_code is None
    assert seen.steps["sly"].cpu_seconds is None


async def test_a_failure_that_only_the_engine_noticed_is_the_steps(bench: Bench, reana: StandIn) -> None:
    """A job that REANA calls finished has failed if the engine says so, however late it says it."""
    reana.mood(late=0.4)
    steps = {
        "good": {"run": tool("echo 1 > a.txt", outputs={"out": "a.txt"}), "in": {}, "out": ["out"]},
        "bad": {"run": tool("cat $1; exit 4", {"a": "File"}, {"out": "no.txt"}), "in": {"a": "good/out"}, "out": ["out"]},
    }

    seen = await bench.run({"wf.cwl": workflow({}, steps, {"out": "bad/out"})})

    assert seen.status is RunStatus.FAILED
    assert seen.steps["good"].status is StepStatus.FINISHED
    assert seen.steps["bad"].status is StepStatus.FAILED
    assert seen.steps["bad"].after == ("good",)
    assert "step bad failed: permanentFail" in seen.reason


async def test_scattered_jobs_have_their_places(bench: Bench) -> None:
    """`work`, `work_2` and `work_3` are the elements of a scatter, in their order; which of them wrote what is not known."""
    steps = {
        "work": {
            "run": tool("echo $1", {"n": "int"}, {"out": {"type": "stdout"}}, stdout="$(inputs.n).txt"),
            "scatter": "n",
            "in": {"n": "ns"},
            "out": ["out"],
        }
    }

    seen = await bench.finish({"wf.cwl": workflow({"ns": "int[]"}, steps, {"out": "work/out"}, "File[]")}, {"ns": [7, 8, 9]})

    assert set(seen.steps) == {"work[0]", "work[1]", "work[2]"}
    assert {step.name for step in seen.steps.values()} == {"work"}
    assert await bench.read(seen, seen.steps["work[2]"].log or "") == b""
    assert seen.outputs["8.txt"].file.id == output_id(seen.run, NOWHERE, "8.txt")


async def test_what_a_cwl_run_tells_is_all_in_its_specification(bench: Bench) -> None:
    """Inputs have their SHA-256; who used them and who wrote the result is taken from the specification, and marked so."""
    seen = await bench.finish({"count.cwl": COUNT}, {"text": file("t.txt")}, {"t.txt": b"1\n"})

    (used,) = seen.steps["count"].used
    assert (used.id, used.evidence) == (input_id(seen.run, "t.txt"), "named in the specification")
    result = seen.outputs["count.txt"].file
    assert (result.id, result.size, result.sha256) == (output_id(seen.run, "count", "count.txt"), 2, None)


async def test_serial_jobs_are_the_commands_in_their_order(bench: Bench) -> None:
    """Steps without names, and steps of several commands, have the places that the local engine gives them."""
    document = serial(
        {"name": "gather", "environment": IMAGE, "commands": ["cat data.txt > ${target}"]},
        {"environment": IMAGE, "commands": ["echo more >> a.txt", "cp a.txt b.txt"]},
        inputs={"parameters": {"target": "a.txt"}, "files": ["data.txt"]},
        outputs={"files": ["a.txt", "b.txt", "never.txt"]},
    )

    seen = await bench.finish({"reana.yaml": document}, {}, {"data.txt": b"d\n"}, engine=Engine.SERIAL)

    assert list(seen.steps) == ["gather", "step-2[0]", "step-2[1]"]
    assert seen.steps["gather"].parameters == {"target": "a.txt"}
    assert seen.steps["gather"].command == ("cat data.txt > a.txt",)
    assert [used.evidence for used in seen.steps["gather"].used] == ["named in the command"]
    assert seen.steps["step-2[0]"].after == ("gather",)
    ids = {path: output.file.id for path, output in seen.outputs.items()}
    assert ids == {  # three commands name a.txt, and one b.txt
        "a.txt": output_id(seen.run, NOWHERE, "a.txt"),
        "b.txt": output_id(seen.run, "step-2[1]", "b.txt"),
    }


async def test_an_end_is_believed_once_it_holds(bench: Bench, reana: StandIn) -> None:
    """REANA says finished before its last job and its log are written down; the run ends when they are."""
    reana.mood(late=0.6)

    seen = await bench.finish({"count.cwl": COUNT}, {"text": file("t")}, {"t": b"1"})

    assert seen.steps["count"].status is StepStatus.FINISHED
    assert "count.txt" in seen.outputs
    assert seen.history["count"][-1] is StepStatus.FINISHED


@pytest.mark.parametrize("mood", [{"storm": 6, "retry_after": "0.2"}, {"broken": 5}, {"drop": 5}, {"slow": 0.1}])
async def test_a_run_outlives_bad_weather(bench: Bench, reana: StandIn, mood: dict[str, Any]) -> None:
    """Storms of 429, errors, closed connections and slow answers cost time, and nothing else."""
    order = await bench.order({"count.cwl": COUNT}, {"text": file("t")}, {"t": b"1"})
    reana.mood(**mood)

    for _ in range(10):
        try:
            seen = Seen(order.run, await bench.runner.submit(order))
            break
        except Trouble:
            await asyncio.sleep(0.1)
    reana.mood(**mood)
    await bench.end(seen)

    assert seen.status is RunStatus.FINISHED
    assert [one["changes"].count("queued") for one in mine(reana, order.run)] == [1]


@pytest.mark.parametrize("lost", ["create", "start", "upload"])
async def test_an_answer_that_is_lost_does_nothing_twice(bench: Bench, reana: StandIn, lost: str) -> None:
    """What was done although nobody heard of it is found, and not done again."""
    order = await bench.order({"count.cwl": COUNT}, {"text": file("t")}, {"t": b"1"})
    reana.mood(lose=lost)

    if lost != "upload":  # which only overwrites, so it is tried again at once
        with pytest.raises(Trouble):
            await bench.runner.submit(order)
    seen = await bench.end(Seen(order.run, await bench.runner.submit(order)))

    assert seen.status is RunStatus.FINISHED
    assert [one["changes"] for one in mine(reana, order.run)] == [["queued", "pending", "running", "finished"]]
    assert reana.told()["asked"]["create"] == 1


async def test_the_id_is_told_before_anything_is_uploaded(bench: Bench, reana: StandIn) -> None:
    """Whoever dies while submitting leaves an id by which the half can be found, and removed."""
    order = await bench.order({"count.cwl": COUNT}, {"text": file("t")}, {"t": b"1"})
    uploads: list[int] = []

    async def named(runner_id: str) -> None:
        uploads.append(reana.told()["asked"].get("upload", 0))
        msg = f"died with {runner_id}"
        raise RuntimeError(msg)

    with pytest.raises(RuntimeError, match="died with"):
        await bench.runner.submit(order, named)

    assert uploads == [0]
    seen = await bench.end(Seen(order.run, await bench.runner.submit(order)))
    assert seen.status is RunStatus.FINISHED
    assert len(mine(reana, order.run)) == 1


async def test_a_restart_that_somebody_made_in_reana_is_another_run(bench: Bench, reana: StandIn) -> None:
    """The first of our name is the run, whatever was started after it."""
    seen = await bench.finish({"count.cwl": COUNT}, {"text": file("t")}, {"t": b"1"})
    token = bench.runner._tokens.any()  # type: ignore[attr-defined]
    workflow_id = seen.runner_id.partition("?")[0]
    url = f"{reana.url}/api/workflows/{workflow_id}/start"
    answer = httpx.post(url, params={"access_token": token}, json={"restart": True})

    assert answer.json()["run_number"] == "1.1"
    order = replace(await bench.order({"count.cwl": COUNT}, {"text": file("t")}, {"t": b"1"}), run=seen.run)
    assert (await bench.runner.submit(order)).partition("?")[0] == workflow_id


async def test_a_vanished_workflow_is_gone(bench: Bench, reana: StandIn) -> None:
    """REANA was restored from a backup, or somebody deleted the workflow there: the run has ended, and why is told."""
    for how, why in (("vanish", "knows nothing"), ("delete", "was deleted in REANA")):
        seen = await bench.start({"sleep.cwl": tool("sleep 60")})
        await bench.until(seen, lambda seen: seen.steps)
        workflow_id = seen.runner_id.partition("?")[0]
        if how == "vanish":
            reana.mood(vanish=[workflow_id])
        else:
            await bench.runner.delete(seen.run, seen.runner_id)

        await bench.until(seen, lambda seen: seen.last.gone)

        assert why in seen.reason


@pytest.mark.parametrize("hours", [5.5, -7])
async def test_a_clock_in_another_zone_is_noticed(bench: Bench, reana: StandIn, hours: float) -> None:
    """REANA's times name no zone; ones that cannot be in the zone it was said to be in are put right."""
    reana.mood(zone=hours)

    seen = await bench.finish({"count.cwl": COUNT}, {"text": file("t")}, {"t": b"1"})

    now = datetime.now(UTC)
    for moment in (seen.told["started"], seen.told["ended"], seen.steps["count"].started, seen.steps["count"].ended):
        assert abs(moment - now) < timedelta(minutes=3)
    assert bench.runner.clock.error == timedelta(hours=hours)  # type: ignore[attr-defined]


async def test_a_run_in_reanas_queue_is_stopped_by_deleting_it(bench: Bench, reana: StandIn) -> None:
    """REANA cannot stop what does not run; then the run is gone, which its next look says."""
    reana.mood(stuck=True)
    seen = await bench.start({"sleep.cwl": tool("sleep 60")})

    await bench.runner.stop(seen.run, seen.runner_id)
    await bench.until(seen, lambda seen: seen.last is not None and seen.last.gone)

    assert mine(reana, seen.run)[0]["status"] == "deleted"


async def test_a_run_about_to_begin_is_stopped_once_it_runs(bench: Bench, reana: StandIn) -> None:
    """Deleting a pending workflow would leave its pod behind, so it is asked again."""
    reana.mood(pend=600)
    seen = await bench.start({"sleep.cwl": tool("sleep 60")})
    await bench.until(seen, lambda seen: mine(reana, seen.run)[0]["status"] == "pending")

    with pytest.raises(Trouble, match="about to begin"):
        await bench.runner.stop(seen.run, seen.runner_id)
    reana.mood(pend=0)
    await bench.until(seen, lambda seen: seen.status is RunStatus.RUNNING if seen.statuses else False)
    await bench.runner.stop(seen.run, seen.runner_id)

    assert (await bench.end(seen)).status is RunStatus.STOPPED


async def test_a_used_up_quota_is_a_refusal_in_reanas_words(bench: Bench, reana: StandIn) -> None:
    """It will not pass by itself, so the run fails at once."""
    order = await bench.order({"count.cwl": COUNT}, {"text": file("t")}, {"t": b"1"})
    token = bench.runner._tokens.any()  # type: ignore[attr-defined]
    reana.mood(quota={token: True})

    with pytest.raises(Refusal, match=r"usage: 648 KiB out of 195\.31 KiB") as refused:
        await bench.runner.submit(order)

    assert refused.value.problem.type == "urn:problem:executor:quota-exceeded"


async def test_what_reana_does_not_start_is_refused_and_removed(bench: Bench, reana: StandIn) -> None:
    """A specification is judged when it is started; nothing of it stays behind."""
    document = {"workflow": {"type": "serial", "specification": {"steps": [{"commands": ["true"]}]}}}
    order = await bench.order({"reana.yaml": document}, engine=Engine.SERIAL)

    with pytest.raises(Refusal, match="'environment' is a required property"):
        await bench.runner.submit(order)

    assert [one["status"] for one in mine(reana, order.run)] == ["deleted"]


async def test_a_thousand_live_runs_cost_ten_calls(bench: Bench, reana: StandIn) -> None:
    """One list of pages for an account; nothing else is asked of runs that have not changed."""
    token = bench.runner._tokens.any()  # type: ignore[attr-defined]
    spec = {"workflow": {"type": "serial", "specification": {"steps": [{"environment": "x", "commands": ["true"]}]}}}
    reana.mood(live=[{"token": token, "name": "rp-many-{}", "count": 1000, "spec": spec}])
    ids = [one["id"] for one in reana.told()["workflows"] if one["name"].startswith("rp-many-")]
    told = httpx.get(f"{reana.url}/api/workflows", params={"access_token": token, "type": "batch", "include_progress": "true"})
    seen = {one["id"]: f"seen:{item_of(one).mark}" for one in told.json()["items"]}
    known = {uuid4(): Known(one, seen[one]) for one in ids}
    reana.mood(reset=True)

    assert await bench.runner.look(known) == {}

    assert reana.told()["asked"] == {"list": 10}


async def test_reanas_limit_is_never_reached(tmp_path: Path, forks: Forks, reana: StandIn, purse: Purse) -> None:
    """Not more than 15 requests a second leave, of all kinds, however many are wanted at once."""
    bench = opened(tmp_path, forks, reana, purse, reana_rate=15)
    runner = bench.runner
    assert isinstance(runner, ReanaRunner)
    turns: list[float] = []

    class Noted(Bucket):
        """Notes the turns that it gives: how late a request then arrives says how busy the machine is."""

        def __setattr__(self, name: str, value: float) -> None:
            if name == "_next":
                turns.append(value)
            super().__setattr__(name, value)

    runner.calls._bucket = Noted(15)
    turns.clear()
    order = await bench.order({"count.cwl": COUNT}, {"text": file("t")}, {f"f{n}": b"1" for n in range(20)} | {"t": b"1"})
    began = time.monotonic()

    await asyncio.gather(runner.submit(order), *(runner.ping() for _ in range(6)))

    told = reana.told()
    took = time.monotonic() - began
    assert sum(told["asked"].values()) == runner.calls.count == len(turns)
    assert all(later - earlier > 1 / 15 - 1e-6 for earlier, later in pairwise(turns))
    assert runner.calls.count / took < 17
    await runner.close()


async def test_each_account_pays_with_its_own_token(bench: Bench, reana: StandIn, purse: Purse) -> None:
    """A run is submitted with its owner's token, watched with it, and one account's bad token is nobody else's trouble."""
    purse.tokens = {"user/i/ada": f"user-{uuid4()}", "user/i/eve": "stale", "user/i/bob": f"user-{uuid4()}"}
    document = {"count.cwl": COUNT}
    orders = {
        name: replace(await bench.order(document, {"text": file("t")}, {"t": b"1"}), owner=f"user/i/{name}")
        for name in ("ada", "eve", "bob", "sol")
    }

    with pytest.raises(Refusal, match="does not take your token: Token not valid"):
        await bench.runner.submit(orders["eve"])
    ids = {name: await bench.runner.submit(orders[name]) for name in ("ada", "bob", "sol")}
    assert "account" not in ids["sol"]
    assert "account=user%2Fi%2Fada" in ids["ada"]
    purse.tokens["user/i/bob"] = "revoked"
    known = {orders[name].run: Known(runner_id) for name, runner_id in ids.items()}
    ended: set[Any] = set()
    async with asyncio.timeout(60):
        while len(ended) < 2:
            for run, look in (await bench.runner.look(known)).items():
                known[run] = Known(known[run].runner_id, look.cursor)
                ended |= {run} if look.status is RunStatus.FINISHED else set()

    assert ended == {orders["ada"].run, orders["sol"].run}


@pytest.mark.parametrize("error", [ValueError("opens with none of REANA_TOKEN_KEYS"), RuntimeError("a fault of ours")])
async def test_a_token_that_cannot_be_read_is_its_account_s_trouble(bench: Bench, purse: Purse, error: Exception) -> None:
    """One account's runs wait until its token can be read again; those of others are followed meanwhile."""
    purse.tokens = {"user/i/ada": f"user-{uuid4()}", "user/i/eve": f"user-{uuid4()}"}
    orders = {
        name: replace(await bench.order({"count.cwl": COUNT}, {"text": file("t")}, {"t": b"1"}), owner=f"user/i/{name}")
        for name in ("eve", "ada")
    }
    known = {orders[name].run: Known(await bench.runner.submit(orders[name])) for name in orders}
    good, purse.tokens["user/i/eve"] = purse.tokens["user/i/eve"], error

    assert await _ended(bench, known, 1) == {orders["ada"].run}
    purse.tokens["user/i/eve"] = good
    assert await _ended(bench, known, 2) == {order.run for order in orders.values()}


async def _ended(bench: Bench, known: dict[Any, Known], count: int) -> set[Any]:
    """Look until so many have finished; which."""
    async with asyncio.timeout(60):
        while True:
            for run, look in (await bench.runner.look(known)).items():
                known[run] = Known(known[run].runner_id, look.cursor)
            ended = {run for run, one in known.items() if one.cursor == "end:finished"}
            if len(ended) >= count:
                return ended
            await asyncio.sleep(0.02)


async def test_with_a_token_that_cannot_be_read_nothing_is_submitted(bench: Bench, reana: StandIn, purse: Purse) -> None:
    """The platform's token is no way around; the account is told to store its own again."""
    purse.tokens["user/i/eve"] = ValueError("opens with none of REANA_TOKEN_KEYS")
    order = replace(await bench.order({"count.cwl": COUNT}, {"text": file("t")}, {"t": b"1"}), owner="user/i/eve")

    with pytest.raises(Refusal, match="store it again: PUT /v1/reana-token") as refused:
        await bench.runner.submit(order)

    assert refused.value.problem.type == "urn:problem:executor:no-reana-token"
    assert reana.told()["asked"] == {}


async def test_a_run_is_submitted_again_with_the_token_that_it_has(bench: Bench, reana: StandIn, purse: Purse) -> None:
    """Started, but the answer lost; then its owner stores a token: it is looked for where it is, and not run again."""
    order = replace(await bench.order({"count.cwl": COUNT}, {"text": file("t")}, {"t": b"1"}), owner="user/i/ada")
    names: list[str] = []

    async def named(runner_id: str) -> None:
        names.append(runner_id)

    reana.mood(lose="start")
    with pytest.raises(Trouble):
        await bench.runner.submit(order, named)
    purse.tokens["user/i/ada"] = f"user-{uuid4()}"

    again = await bench.runner.submit(replace(order, runner_id=names[0]), named)
    seen = await bench.end(Seen(order.run, again))

    assert again == names[0]
    assert [one["changes"].count("queued") for one in mine(reana, order.run)] == [1]
    assert seen.status is RunStatus.FINISHED


async def test_a_token_of_another_user_of_reana_loses_no_run(bench: Bench, reana: StandIn, purse: Purse) -> None:
    """It does not see the runs under way: they are not gone, but wait until a token of their user is stored."""
    purse.tokens["user/i/ada"] = f"user-{uuid4()}"
    order = replace(await bench.order({"sleep.cwl": tool("sleep 60")}), owner="user/i/ada")
    seen = Seen(order.run, await bench.runner.submit(order))
    known = {order.run: Known(seen.runner_id)}
    theirs, purse.tokens["user/i/ada"] = purse.tokens["user/i/ada"], f"user-{uuid4()}"

    assert await bench.runner.look(known) == {}
    for told in (bench.runner.stop, bench.runner.delete):
        with pytest.raises(Trouble, match="another REANA user's"):
            await told(order.run, seen.runner_id)
    with pytest.raises(Trouble, match="another REANA user's"):
        await bench.runner.submit(replace(order, runner_id=seen.runner_id))
    with pytest.raises(Trouble, match="another REANA user's"):
        await bench.read(seen, "outputs/x")

    purse.tokens["user/i/ada"] = theirs
    await bench.until(seen, lambda seen: bool(seen.statuses) and seen.status is RunStatus.RUNNING)
    await bench.runner.delete(order.run, seen.runner_id)
    assert len(mine(reana, order.run)) == 1


@pytest.mark.parametrize("lost", ["create", "start"])
async def test_what_was_half_submitted_is_withdrawn(bench: Bench, reana: StandIn, lost: str) -> None:
    """A run whose answer was lost is found by its name, stopped if it goes on there, and removed; again is fine."""
    order = await bench.order({"sleep.cwl": tool("sleep 60")})
    reana.mood(lose=lost)
    with pytest.raises(Trouble):
        await bench.runner.submit(order)
    if lost == "start":
        async with asyncio.timeout(60):
            while mine(reana, order.run)[0]["status"] != "running":
                await asyncio.sleep(0.05)

    await bench.runner.withdraw(order)
    await bench.runner.withdraw(order)

    assert [one["status"] for one in mine(reana, order.run)] == ["deleted"]
    assert ("stopped" in mine(reana, order.run)[0]["changes"]) is (lost == "start")


async def test_what_has_been_kept_is_forgotten(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a run whose end was told, no specification is held; of all logs together only so many characters, the newest."""
    document = tool("printf 1234567890 >&2")
    first, second = [await bench.finish({"say.cwl": document}) for _ in range(2)]
    sweep = bench.runner._sweep  # type: ignore[attr-defined]
    one, two = sweep.memo(first.run), sweep.memo(second.run)
    assert (one.facts, one.told, two.facts) == (None, {}, None)
    assert one.size == sum(map(len, one.texts.values())) > 0

    monkeypatch.setattr(reanasweep, "ALL_TEXTS", two.size)
    sweep._make_room()

    assert (one.texts, two.texts != {}) == ({}, True)
    assert b"1234567890" in await bench.read(first, first.steps["say"].log or "")  # it is asked for once more
    bench.runner.forget(second.run)
    assert second.run not in sweep._memos


async def test_a_run_that_never_ends_is_ended_by_its_time(bench: Bench, reana: StandIn) -> None:
    """It runs, and REANA never says more of it: the limit that it was given stops it."""
    seconds = a_while()
    seen = await bench.start({"sleep.cwl": tool(f"sleep {seconds}; true")}, timeout=8)
    await bench.until(seen, lambda seen: bool(seen.statuses) and seen.status is RunStatus.RUNNING)
    reana.mood(stuck=True)
    await let_go(seconds)

    await bench.end(seen)

    assert (seen.status, seen.reason) == (RunStatus.FAILED, "timed out after 8 s")
    assert mine(reana, seen.run)[0]["changes"] == ["queued", "pending", "running", "stopped"]


async def test_what_is_declared_outlives_a_clean_up_of_the_workspace(bench: Bench, reana: StandIn) -> None:
    """CWL results lie in a folder that the runner declares; what else there was is gone, and nobody misses it."""
    reana.mood(prune=True, pend=600)  # it does not begin before all is there that is to be cleaned up
    token = bench.runner._tokens.any()  # type: ignore[attr-defined]
    seen = await bench.start({"count.cwl": COUNT}, {"text": file("t.txt")}, {"t.txt": b"1\n"})
    url = f"{reana.url}/api/workflows/{seen.runner_id.partition('?')[0]}/workspace"
    kind = {"Content-Type": "application/octet-stream"}
    httpx.post(url, params={"access_token": token, "file_name": "cwl/left"}, content=b"1", headers=kind).raise_for_status()
    reana.mood(pend=0)

    await bench.end(seen)

    assert await bench.result(seen, "count.txt") == b"2\n"
    with pytest.raises(FileNotFoundError):
        await bench.read(seen, "cwl/left")


async def test_a_result_that_has_vanished_is_told_and_cannot_be_had(bench: Bench, reana: StandIn) -> None:
    """The engine's log lists it, the workspace has it no more: whoever stores results takes the word without the bytes."""
    seen = await bench.start({"count.cwl": COUNT}, {"text": file("t")}, {"t": b"1"})
    reana.mood(lack={seen.runner_id.partition("?")[0]: ["outputs/count.txt"]})

    await bench.end(seen)

    assert (seen.status, seen.outputs["count.txt"].file.size) == (RunStatus.FINISHED, 2)
    with pytest.raises(FileNotFoundError):
        await bench.result(seen, "count.txt")


async def test_a_download_is_compared_with_what_the_engine_wrote(bench: Bench, reana: StandIn) -> None:
    """The engine's log has the SHA-1 of every result; a download that is another is one that can be told."""
    seen = await bench.finish({"count.cwl": COUNT}, {"text": file("t")}, {"t": b"1"})
    told = seen.outputs["count.txt"].sha1
    reana.mood(spoil=1)

    spoilt, good = [await bench.result(seen, "count.txt") for _ in range(2)]

    assert told == hashlib.sha1(good).hexdigest()
    assert told != hashlib.sha1(spoilt).hexdigest()


async def test_a_session_is_no_run(bench: Bench, reana: StandIn) -> None:
    """Somebody opens a notebook on a run's workspace: the run is followed as before, ends once, and can be removed."""
    token = bench.runner._tokens.any()  # type: ignore[attr-defined]

    def ask(path: str) -> int:
        return httpx.post(f"{reana.url}/api/workflows/{path}", params={"access_token": token}, json={}).status_code

    seconds = a_while()
    document = {"sleep.cwl": tool(f"sleep {seconds}; true")}
    seen = await bench.start(document)
    flow = seen.runner_id.partition("?")[0]
    await bench.until(seen, lambda seen: bool(seen.statuses) and seen.status is RunStatus.RUNNING)
    assert [ask(f"{flow}/open/rstudio"), ask(f"{flow}/open/jupyter"), ask(f"{flow}/open/jupyter")] == [404, 200, 404]
    listed = httpx.get(f"{reana.url}/api/workflows", params={"access_token": token, "type": "interactive"}).json()["items"]

    await let_go(seconds)
    await bench.end(seen)
    again = await bench.runner.submit(replace(await bench.order(document), run=seen.run))
    await bench.runner.delete(seen.run, seen.runner_id)

    assert [(one["id"], one["session_status"]) for one in listed] == [(flow, "running")]
    assert (seen.status, again) == (RunStatus.FINISHED, seen.runner_id)
    (there,) = mine(reana, seen.run)
    assert (there["status"], there["changes"].count("queued")) == ("deleted", 1)
    assert there["session"] == f"/{flow}"  # the session is its opener's to close, and REANA closes one that idles
    assert [ask(f"{flow}/close/"), ask(f"{flow}/close/")] == [200, 404]


async def test_without_any_token_a_run_is_refused(tmp_path: Path, forks: Forks, reana: StandIn, purse: Purse) -> None:
    """Whoever has stored none, where the platform has none either, is told what to do."""
    bench = opened(tmp_path, forks, reana, purse, reana_access_token="")

    with pytest.raises(Refusal, match="PUT /v1/reana-token"):
        await bench.runner.submit(await bench.order({"count.cwl": COUNT}))

    await bench.runner.ping()
    await bench.runner.close()


async def test_no_error_names_the_token(tmp_path: Path, forks: Forks, reana: StandIn, purse: Purse) -> None:
    """The token stands in every address, and errors are shown to people and written into logs."""
    bench = opened(tmp_path, forks, replace(reana, url="http://127.0.0.1:9"), purse, reana_timeout=1)
    order = await bench.order({"true.cwl": tool("true")})

    with pytest.raises(Trouble) as trouble:
        await bench.runner.submit(order)

    seen: BaseException | None = trouble.value
    while seen is not None:
        assert "user-" not in str(seen)
        seen = seen.__cause__ or seen.__context__
    await bench.runner.close()


async def test_snakemake_runs_with_its_files(bench: Bench) -> None:
    """The rules are read here, the files are uploaded, every job is a rule."""
    snakefile = b"""
rule all:
    input: "out.txt"
rule twice:
    input: "data.txt"
    output: "mid.txt"
    container: "docker://docker.io/library/debian:stable-slim"
    shell: "cat {input} {input} > {output}"
rule count:
    input: "mid.txt"
    output: "out.txt"
    container: "docker://docker.io/library/debian:stable-slim"
    shell: "wc -c < {input} | tr -d ' ' > {output}"
"""
    document = {
        "inputs": {"files": ["data.txt"], "parameters": {"n": 1}},
        "workflow": {"type": "snakemake", "file": "Snakefile"},
        "outputs": {"files": ["out.txt"]},
    }

    bundle = {"reana.yaml": document, "Snakefile": snakefile, "data.txt": b"abc"}
    seen = await bench.finish(bundle, {"n": 2}, engine=Engine.SNAKEMAKE)

    assert set(seen.steps) == {"twice", "count"}
    assert seen.steps["count"].after == ("twice",)
    assert await bench.result(seen, "out.txt") == b"6\n"
    assert seen.inputs["data.txt"].size == 3


async def test_yadage_runs_with_its_files(bench: Bench) -> None:
    """REANA reads a Yadage workflow from the workspace, so its files are there before it starts."""
    stages = """
stages:
  - name: say
    dependencies: [init]
    scheduler:
      scheduler_type: singlestep-stage
      parameters: {word: {step: init, output: word}, out: '{workdir}/out.txt'}
      step:
        process: {process_type: string-interpolated-cmd, cmd: 'echo {word} > {out}'}
        environment: {environment_type: docker-encapsulated, image: docker.io/library/debian}
        publisher: {publisher_type: frompar-pub, outputmap: {out: out}}
"""
    document = {
        "inputs": {"parameters": {"word": "hello"}},
        "workflow": {"type": "yadage", "file": "workflow.yaml"},
        "outputs": {"files": ["out.txt"]},
    }

    seen = await bench.finish({"reana.yaml": document, "workflow.yaml": stages.encode()}, {"word": "hi"}, engine=Engine.YADAGE)

    assert set(seen.steps) == {"say"}
    assert await bench.result(seen, "out.txt") == b"hi\n"


async def test_reading_a_snakefile_is_running_it_as_nobody(bench: Bench) -> None:
    """It is somebody else's Python: it sees no secret, writes nowhere, and its error is told."""
    snakefile = b"import os\nraise ValueError(f'{os.getuid()} {sorted(os.environ)}')\n"
    document = {"workflow": {"type": "snakemake", "file": "Snakefile"}}

    with pytest.raises(Refusal, match="cannot be read") as refused:
        await bench.runner.submit(await bench.order({"reana.yaml": document, "Snakefile": snakefile}, engine=Engine.SNAKEMAKE))

    told = str(refused.value)
    assert "in file Snakefile, line 2" in told
    assert f"{NOBODY} [" in told
    assert "REANA_ACCESS_TOKEN" not in told
    assert "'PATH'" in told
