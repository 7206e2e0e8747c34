"""Runs through queue, runner and collector, also when the runner is away, wrong, or gone."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from tests.integration.executor.conftest import SLEEPY, World

from chassis.refusal import Trouble, refuse
from chassis.testing import somebody
from contracts.executor import (
    DeleteRun,
    FileSeen,
    RestartRun,
    RunDeleted,
    RunFailed,
    RunFinished,
    RunQueued,
    RunStarted,
    RunStopped,
    StartRun,
    StepEnded,
    StepStarted,
    StopRun,
)
from contracts.ids import uuid7
from contracts.outcomes import DatasetFilled
from contracts.refusals import ExecutorCommandRefused
from contracts.vocabulary import Engine, RunStatus
from executor.runner import Look
from executor.runs.handlers import keep_outputs
from executor.runs.many import whole
from executor.runs.submitter import submit_due


async def test_a_run_goes_its_way_and_every_change_is_kept(world: World):
    """Queued, started, steps, finished: each is said once, in order, with rising revisions, and noted with its time."""
    run = await world.start()
    end = (await world.heard(RunFinished))[0]

    assert [type(fact) for fact in world.said if not isinstance(fact, StepStarted)] == [
        RunQueued,
        RunStarted,
        StepEnded,
        RunFinished,
    ]
    revisions = [fact.revision for fact in world.said if not isinstance(fact, StepStarted | StepEnded)]
    assert revisions == sorted(set(revisions))
    assert (end.run.id, end.steps, end.step_revisions) == (run, 1, world.said[-2].revision)
    assert end.run.outputs[0].stored is not None
    row = await world.row(run)
    assert (row.status, row.leased_by, row.usage is not None and row.usage > 0) == ("finished", None, True)


async def test_a_runner_that_is_away_costs_no_run(world: World):
    """Trouble while handing over, looking and collecting: the run waits and ends well."""
    away = {"submit": 5, "look": 3, "usage": 4}

    def planned(name):
        def fail(times):
            if times <= away[name]:
                raise Trouble("REANA is away") if times % 2 else ConnectionError("refused")

        return fail

    world.runner.plans = {name: planned(name) for name in away}
    await world.start()

    assert (await world.heard(RunFinished))[0].run.status is RunStatus.FINISHED
    assert all(world.runner.times[name] > times for name, times in away.items())


async def test_a_run_that_the_runner_refuses_fails_with_its_words(world: World):
    """What will never run is failed at once, with the reason."""

    def refuse_it(_times):
        raise refuse("executor:missing-input", "there is no data.csv")

    world.runner.plans["submit"] = refuse_it
    await world.start()

    assert (await world.heard(RunFailed))[0].run.reason == "there is no data.csv"
    assert world.runner.times["submit"] == 1


async def test_a_fault_of_ours_fails_the_run_after_a_few_attempts(world: World):
    """A runner that breaks each time does not hold a place for ever."""

    def broken(_times):
        raise RuntimeError("broken inside")

    world.runner.plans["submit"] = broken
    await world.start()

    reason = (await world.heard(RunFailed))[0].run.reason
    assert reason == "could not be started: broken inside"
    assert world.runner.times["submit"] == 3


async def test_a_run_that_is_gone_fails(world: World):
    """A runner that knows nothing of a run any more ends it, and says so."""
    run = await world.start(SLEEPY)
    await world.heard(RunStarted)
    row = await world.row(run)
    world.runner.plans["look"] = lambda _times: {run: Look(row.cursor + "9", RunStatus.RUNNING, gone=True)}

    end = (await world.heard(RunFailed))[0]
    assert end.run.reason == "the runner has nothing of this run any more"
    await world.runner.runner.stop(run, row.runner_id)


async def test_a_claim_that_a_killed_process_held_is_taken_up(world: World):
    """A run that another process claimed and never handed over is submitted when its lease is over."""
    world.runner.plans["submit"] = lambda _times: asyncio.sleep(0.01)
    blocked = asyncio.Event()
    world.runner.plans["submit"] = lambda times: blocked.wait() if times == 1 else None
    run = await world.start()
    async with asyncio.timeout(60):
        while world.runner.times.get("submit", 0) < 1:
            await asyncio.sleep(0.02)
    async with world.house.work() as unit:  # as if its holder were another, and dead
        row = await unit.runs.get(run, lock=True)
        row.leased_by, row.leased_until = uuid7(), datetime.now(UTC)

    async with asyncio.timeout(60):
        while world.runner.times["submit"] < 2:
            await submit_due(world.house)
    assert (await world.heard(RunFinished))[0].run.id == run
    blocked.set()
    await asyncio.sleep(0.2)
    assert len(await world.heard(RunFinished)) == 1


async def test_a_run_that_waits_is_stopped_at_once(world: World):
    """A queued run that is stopped never starts."""
    world.runner.plans["submit"] = lambda _times: (_ for _ in ()).throw(Trouble("away"))
    run = await world.start()
    async with asyncio.timeout(60):
        while world.runner.times.get("submit", 0) < 1:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    job = await world.tell(StopRun(run=run))

    end = (await world.heard(RunStopped))[0]
    assert (end.job, end.run.reason, end.run.started) == (job, "stopped by ada", None)


async def test_a_run_that_the_runner_may_have_is_looked_for_before_it_is_stopped(world: World):
    """The runner took it and the answer was lost: it is stopped there before anybody is told that it is stopped."""

    def lost(times):
        async def half():
            await world.runner.runner.submit((await world.row(run)).order())
            raise Trouble("the answer was lost")

        return half()

    def away(times):
        if times == 1:
            raise Trouble("REANA is away")

    world.runner.plans = {"submit": lost, "withdraw": away}
    run = uuid7()
    await world.tell(StartRun(run=run, workflow=await world.workflow(SLEEPY)))
    async with asyncio.timeout(60):
        while not await world.runner.runner.usage(run, ""):
            await asyncio.sleep(0.02)
    job = await world.tell(StopRun(run=run))

    end = (await world.heard(RunStopped))[0]
    assert (end.job, end.run.reason, world.runner.times["withdraw"]) == (job, "stopped by ada", 2)
    assert await world.runner.runner.usage(run, "") == 0
    assert not [fact for fact in world.said if isinstance(fact, RunStarted)]


async def test_a_run_that_is_in_hand_when_it_is_stopped_is_not_started(world: World):
    """Told to stop between its claim and its start, the submitter leaves it; what there is of it is removed."""
    goes_on = asyncio.Event()
    found = world.runner.runner.submit

    async def slowly(order, named):
        await goes_on.wait()
        await named("half")
        return await found(order, named)

    world.runner.plans["submit"] = lambda _times: None
    world.runner.runner.submit = slowly
    run = await world.start(SLEEPY)
    async with asyncio.timeout(60):
        while world.runner.times.get("submit", 0) < 1:
            await asyncio.sleep(0.02)
    job = await world.tell(StopRun(run=run))
    async with asyncio.timeout(60):
        while not (await world.row(run)).stop_asked:
            await asyncio.sleep(0.02)
    goes_on.set()

    end = (await world.heard(RunStopped))[0]
    assert (end.job, world.runner.times["submit"], world.runner.times["withdraw"]) == (job, 1, 1)
    assert (await world.row(run)).runner_id == "half"
    assert await world.runner.runner.usage(run, "") == 0


async def test_a_running_run_is_stopped_with_its_steps(world: World):
    """Its commands end, its steps are stopped, and the fact carries the job of who asked."""
    run = await world.start(SLEEPY)
    await world.heard(StepStarted)
    job = await world.tell(StopRun(run=run))
    end = (await world.heard(RunStopped))[0]

    assert end.job == job
    assert [fact.step.status for fact in await world.heard(StepEnded)] == ["stopped"]
    assert end.run.stopped_by == f"user/{world.caller.issuer}/{world.caller.subject}"
    await world.tell(StopRun(run=run))
    assert (await world.heard(ExecutorCommandRefused))[0].problem.type == "urn:problem:executor:wrong-status"


async def test_a_stop_that_comes_too_late_is_told_so(world: World):
    """Asked to stop while it ends by itself: the run keeps its end, the stop's job learns of it."""

    def never_told(_times):
        raise Trouble("away")

    # the command is soon over, but nobody sees its end before the stop was asked for and tried
    run, begun = uuid7(), Look("", RunStatus.RUNNING, started=datetime.now(UTC))
    world.runner.plans |= {"stop": never_told, "look": lambda times: {run: begun} if times == 1 else {}}
    await world.tell(StartRun(run=run, workflow=await world.workflow(SLEEPY.replace('"60"', '"0"'))))
    await world.heard(RunStarted)
    job = await world.tell(StopRun(run=run))
    async with asyncio.timeout(60):
        while world.runner.times.get("stop", 0) < 1:
            await asyncio.sleep(0.02)
    world.runner.plans["stop"] = lambda _times: asyncio.sleep(0, result=0)
    del world.runner.plans["look"]

    refused = (await world.heard(ExecutorCommandRefused))[0]
    assert (refused.job, "had finished" in refused.problem.detail) == (job, True)
    assert (await world.heard(RunFinished))[0].run.id == run


async def test_a_restart_is_a_run_of_its_own(world: World):
    """The same workflow and files once more, with new values where given; only of what has ended."""
    first = await world.start()
    await world.heard(RunFinished)
    await world.tell(RestartRun(run=uuid7(), of=first, parameters={"word": "again"}))
    await world.tell(RestartRun(run=uuid7(), of=first))
    ends = await world.heard(RunFinished, count=3)

    assert sorted(end.run.number for end in ends) == ["1", "1.1", "1.2"]
    assert {end.run.restart_of for end in ends} == {None, first}
    sleeping = await world.start(SLEEPY)
    await world.tell(RestartRun(run=uuid7(), of=sleeping))
    await world.tell(RestartRun(run=uuid7(), of=uuid7()))
    refused = await world.heard(ExecutorCommandRefused, count=2)
    assert {r.problem.status for r in refused} == {404, 409}
    await world.tell(StopRun(run=sleeping))
    await world.heard(RunStopped)


async def test_a_deleted_run_leaves_no_files(world: World):
    """Workspace and stored outputs go, the run stays known; a second delete is refused."""
    run = await world.start()
    await world.heard(RunFinished)
    key = (await world.row(run)).run().outputs[0].stored
    assert await world.house.files.size(key) > 0
    job = await world.tell(DeleteRun(run=run))

    assert (await world.heard(RunDeleted))[0].job == job
    async with asyncio.timeout(60):
        while (await world.row(run)).leftover is not None:
            await asyncio.sleep(0.02)
    with pytest.raises(FileNotFoundError):
        await world.house.files.size(key)
    assert await world.runner.runner.usage(run, (await world.row(run)).runner_id) == 0
    await world.tell(DeleteRun(run=run))
    assert (await world.heard(ExecutorCommandRefused))[0].problem.status == 409


async def test_what_a_dataset_holds_outlives_its_run(world: World):
    """The workspace goes, the outputs stay in the store; another tenant's word keeps nothing."""
    run, other = await world.start(), await world.start()
    await world.heard(RunFinished, count=2)
    async with world.house.work() as unit:
        await keep_outputs(DatasetFilled(dataset="10378.1/5", run=run, tenant=world.caller.tenants[0]), unit)
        await keep_outputs(DatasetFilled(dataset="10378.1/5", run=other, tenant="biology"), unit)
    for one in (run, other):
        await world.tell(DeleteRun(run=one))
    await world.heard(RunDeleted, count=2)

    (kept,), (gone,) = [(await world.row(one)).run().outputs for one in (run, other)]
    assert kept.stored is not None and gone.stored is None
    assert await world.house.files.size(kept.stored) > 0
    assert await world.runner.runner.usage(run, (await world.row(run)).runner_id) == 0


async def test_a_dataset_that_fills_while_its_run_is_being_removed_keeps_the_files(world: World):
    """The workspace is being deleted when the word of the dataset comes: it counts, although the removal had begun."""
    run = await world.start()
    await world.heard(RunFinished)

    def meanwhile(_times):
        async def filled():
            async with world.house.work() as unit:
                await keep_outputs(DatasetFilled(dataset="10378.1/5", run=run, tenant=world.caller.tenants[0]), unit)

        return filled()

    world.runner.plans["delete"] = meanwhile
    await world.tell(DeleteRun(run=run))
    await world.heard(RunDeleted)

    row = await world.row(run)
    assert (row.kept, row.leftover) == (True, None)
    assert await world.house.files.size(row.run().outputs[0].stored) > 0


async def test_the_word_of_a_dataset_that_comes_after_the_removal_keeps_the_files(world: World):
    """For a while they are there, although nobody is shown them; then the output is whole again, else it goes for good."""
    world.house.settings = world.house.settings.model_copy(update={"outputs_grace": 3600.0})
    run, other = await world.start(), await world.start()
    await world.heard(RunFinished, count=2)
    keys = [(await world.row(one)).run().outputs[0].stored for one in (run, other)]
    for one in (run, other):
        await world.tell(DeleteRun(run=one))
    await world.heard(RunDeleted, count=2)
    assert [(await world.row(one)).run().outputs[0].stored for one in (run, other)] == [None, None]

    async with world.house.work() as unit:
        await keep_outputs(DatasetFilled(dataset="10378.1/5", run=run, tenant=world.caller.tenants[0]), unit)
        row = await unit.runs.get(other, lock=True)
        assert [row.leftover["loud.txt"], await world.house.files.size(keys[1]) > 0] == [keys[1], True]
        row.leftover_due = datetime.now(UTC)
    async with asyncio.timeout(60):
        while (await world.row(other)).leftover is not None:
            await asyncio.sleep(0.02)

    assert (await world.row(run)).run().outputs[0].stored == keys[0]
    assert await world.house.files.size(keys[0]) > 0
    with pytest.raises(FileNotFoundError):
        await world.house.files.size(keys[1])


async def test_an_output_that_never_comes_as_it_was_written_is_not_kept(world: World):
    """Its SHA-1 is compared while it is stored; it is read again a few times, then the run says what is wrong."""
    true = hashlib.sha1(b"HELLO\n").hexdigest()
    times = []

    def told(sha1):
        look = world.runner.runner.look

        async def planned(known):
            news = await look(known)
            return {
                run: replace(one, outputs=tuple(replace(output, sha1=sha1) for output in one.outputs)) if one.outputs else one
                for run, one in news.items()
            }

        return planned

    files = world.runner.runner.files
    world.runner.runner.files = lambda *wanted: times.append(wanted) or files(*wanted)
    found = world.runner.runner.look
    for sha1 in (true, "0" * 40):
        world.runner.runner.look = found
        world.runner.runner.look = told(sha1)
        await world.start()
        await world.heard(RunFinished, count=1 if sha1 == true else 2)

    good, bad = [fact.run for fact in await world.heard(RunFinished, count=2)]
    assert (good.reason, good.outputs[0].stored is not None) == (None, True)
    assert bad.outputs[0].stored is None
    assert bad.reason == f"loud.txt is not kept: its SHA-1 is {true}, the engine wrote {'0' * 40}"
    assert sum(one[2].endswith("loud.txt") for one in times) == 1 + 3


async def test_an_output_that_has_vanished_is_told_and_not_stored(world: World):
    """Somebody tidied up before it was fetched: the run keeps its end and what is known of the file."""
    files = world.runner.runner.files

    async def without(run, runner_id, path):
        if path.endswith("loud.txt"):
            raise FileNotFoundError(path)
        async for block in files(run, runner_id, path):
            yield block

    world.runner.runner.files = without
    await world.start()

    (output,) = (await world.heard(RunFinished))[0].run.outputs
    assert (output.path, output.size, output.stored) == ("loud.txt", 6, None)


async def test_strangers_can_do_nothing_with_a_run(world: World):
    """Stop, restart and delete by another tenant look as if there were no such run."""
    run = await world.start(SLEEPY)
    await world.heard(RunStarted)
    world.caller = somebody("bob", "biology")
    for command in (StopRun(run=run), DeleteRun(run=run), RestartRun(run=uuid7(), of=run)):
        await world.tell(command)

    refused = await world.heard(ExecutorCommandRefused, count=3)
    assert {r.problem.type for r in refused} == {"urn:problem:executor:no-such-run"}
    world.caller = somebody("ada", "physics")
    await world.tell(StopRun(run=run))
    await world.heard(RunStopped)


async def test_a_language_that_is_not_taken_is_refused(world: World):
    """Yadage needs REANA, and the refusal says so."""
    await world.start(engine=Engine.YADAGE)

    assert "REANA" in (await world.heard(ExecutorCommandRefused))[0].problem.detail


async def test_very_many_files_travel_beside_the_fact(world: World):
    """A step with more files than a message holds: the fact refers to the rest, and so does the run's."""
    spec = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'for i in $(seq 600); do echo $i > a-file-with-a-name-that-takes-room-in-every-message-$i.txt; done']
inputs: []
outputs: {all: {type: "File[]", outputBinding: {glob: "*.txt"}}}
"""
    run = await world.start(spec)
    end = (await world.heard(RunFinished))[0]
    step = (await world.heard(StepEnded))[0].step

    assert step.more is not None
    assert (step.generated, end.run.more is not None, end.run.outputs) == ((), True, ())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(world.house.app), base_url="http://executor") as client:
        client.headers["Authorization"] = f"Bearer {world.house.callers.token(world.caller)}"
        listed = (await client.get(f"/runs/{run}/outputs")).json()["items"]
        assert len(listed) == 600
        found = await client.get("/outputs", params={"id": listed[7]["id"]})
        assert found.json()["content"]["sha256"] == listed[7]["sha256"]


async def test_what_is_beyond_the_caps_is_told_but_not_kept(world: World):
    """Outputs beyond the cap have their digest and no place; a log beyond it is cut off and says so."""
    spec = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'head -c 20000 /dev/zero > big.bin; head -c 5000 /dev/zero | tr "\\\\0" x >&2; echo small > small.txt']
inputs: []
outputs: {big: {type: File, outputBinding: {glob: big.bin}}, small: {type: File, outputBinding: {glob: small.txt}}}
"""
    await world.start(spec)
    end = (await world.heard(RunFinished))[0]
    step = (await world.heard(StepEnded))[0].step

    outputs = {output.path: output for output in end.run.outputs}
    assert outputs["big.bin"].stored is None
    assert (outputs["big.bin"].size, len(outputs["big.bin"].sha256)) == (20000, 64)
    log = b"".join([block async for block in world.house.files.get(step.log.key)])
    assert log.startswith(b"x" * 1000)
    assert b"cut off after 1000 bytes" in log
    assert len(log) < 1100


async def test_the_routes_belong_to_the_gateway_alone(world: World):
    """Without the gateway's token nothing is told; with it, only what the caller's tenants own; pages go on."""
    runs = [await world.start() for _ in range(3)]
    await world.heard(RunFinished, count=3)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(world.house.app), base_url="http://executor") as client:
        for route in ("/runs", f"/runs/{runs[0]}", f"/runs/{runs[0]}/steps", f"/runs/{runs[0]}/changes", "/outputs?id=x"):
            assert (await client.get(route)).status_code == 401, route
            assert (await client.get(route, headers={"Authorization": "Bearer rubbish"})).status_code == 401, route
        client.headers["Authorization"] = f"Bearer {world.house.callers.token(somebody('bob', 'biology'))}"
        assert (await client.get("/runs")).json()["items"] == []
        for route in (f"/runs/{runs[0]}", f"/runs/{runs[0]}/steps", f"/runs/{runs[0]}/changes", f"/runs/{runs[0]}/outputs"):
            assert (await client.get(route)).status_code == 404, route
        for crooked in ("x", "run/x/out/a", f"run/{runs[0]}/out/tool/loud.txt"):
            assert (await client.get("/outputs", params={"id": crooked})).status_code == 404, crooked
        client.headers["Authorization"] = f"Bearer {world.house.callers.token(world.caller)}"
        seen, after = [], None
        while True:
            page = (
                await client.get("/runs", params={"limit": 2, "status": "finished"} | ({"after": after} if after else {}))
            ).json()
            seen += [item["id"] for item in page["items"]]
            if not (after := page["next"]):
                break
        assert sorted(seen) == sorted(map(str, runs))
        assert (await client.get("/runs", params={"after": "rubbish"})).status_code == 422
        told = (await client.get(f"/runs/{runs[0]}/changes")).json()
        assert [item["status"] for item in told["items"] if item["place"] is None] == [
            "created",
            "queued",
            "pending",
            "running",
            "finished",
        ]
        assert told["ended"] is True


async def test_changes_can_be_waited_for(world: World):
    """A reader that waits hears of the next change when it happens, not when its time is over."""
    run = await world.start(SLEEPY)
    await world.heard(StepStarted)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(world.house.app), base_url="http://executor") as client:
        client.headers["Authorization"] = f"Bearer {world.house.callers.token(world.caller)}"
        last = (await client.get(f"/runs/{run}/changes")).json()["items"][-1]["seq"]
        waiting = asyncio.create_task(client.get(f"/runs/{run}/changes", params={"after": last, "wait": 60}, timeout=None))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await world.tell(StopRun(run=run))
        async with asyncio.timeout(60):
            assert (await waiting).json()["items"]


async def test_very_many_inputs_do_not_stop_a_run(world: World):
    """A first look that tells of more outside files than a message holds: the run starts, and all of them are known."""
    run = uuid7()
    many = tuple(
        FileSeen(
            id=f"run/{run}/in/{number}.txt", path=f"a-rather-long-name-for-a-file-{number:04}.txt", sha256="0" * 64, size=1
        )
        for number in range(1200)
    )
    look = Look("", RunStatus.RUNNING, started=datetime.now(UTC), inputs=many)
    world.runner.plans["look"] = lambda times: {run: look} if times == 1 else None
    workflow = await world.workflow(SLEEPY.replace('"60"', '"1"'))
    await world.tell(StartRun(run=run, workflow=workflow))
    started = (await world.heard(RunStarted))[0]
    await world.heard(RunFinished)

    assert started.run.inputs == ()
    assert len((await whole(world.house.files, started.run)).inputs) == 1200
