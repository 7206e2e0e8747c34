"""The platform is killed again and again while runs go on: none is lost, none is done twice, the graph is the ledger's."""

import asyncio
import os
import random
import time
from collections import Counter

import pytest
from sqlalchemy import text
from tests.running import ENDED, Platform, register

from chassis.database import driver_url, make_engine

RUNS = 10
KILLS = int(os.environ.get("PLATFORM_KILLS") or 2 * RUNS)
pytestmark = pytest.mark.timeout(900)
WORKFLOW = """
cwlVersion: v1.2
class: Workflow
requirements: {ScatterFeatureRequirement: {}, StepInputExpressionRequirement: {}}
inputs: {words: "string[]", pause: {type: string, default: "0.3"}}
outputs: {whole: {type: File, outputSource: join/out}}
steps:
  write:
    scatter: word
    in: {word: words, pause: pause}
    out: [out]
    run:
      class: CommandLineTool
      baseCommand: [sh, -c, 'sleep $1; echo $0']
      inputs: {word: {type: string, inputBinding: {position: 1}}, pause: {type: string, inputBinding: {position: 2}}}
      stdout: word.txt
      outputs: {out: stdout}
  join:
    in: {parts: write/out}
    out: [out]
    run:
      class: CommandLineTool
      baseCommand: cat
      inputs: {parts: {type: "File[]", inputBinding: {position: 1}}}
      stdout: whole.txt
      outputs: {out: stdout}
"""


def patiently(call, within: float = 240):
    """Ask again while nobody answers."""
    end = time.monotonic() + within
    while True:
        try:
            return call()
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def test_no_run_is_lost_and_none_is_done_twice(folder):
    """SIGKILL of the platform at `PLATFORM_KILLS` (20) random moments during ten runs; counted as sent, done, lost, doubled."""
    chance = random.Random(7)
    platform = Platform(folder, {"RUNS_AT_ONCE": "3"}).start()
    runs: list[str] = []
    kills = 0
    try:
        with platform.client() as client:
            workflow = register(client, "words", {"words.cwl": WORKFLOW})
        for _ in range(RUNS):
            with platform.client() as client:
                body = {"workflow": workflow["id"], "inputs": {"words": ["a", "b", f"{len(runs)}"]}}
                answer = client.post("/v1/runs", json=body)
                assert answer.status_code == 202, answer.text
                runs.append(answer.json()["run"]["id"])
            for _ in range(KILLS // RUNS):
                time.sleep(chance.uniform(0.0, 1.2))
                platform.kill()
                kills += 1
                platform.start()
        with platform.client() as client:
            end = time.monotonic() + 400
            found = {}
            while time.monotonic() < end and len(found) < RUNS:
                for run in runs:
                    told = client.get(f"/v1/runs/{run}").json()
                    job = client.get(f"/v1/jobs/{told['job']}").json() if told["status"] in ENDED else {}
                    if job.get("status") in {"SUCCEEDED", "FAILED"}:
                        found[run] = told
                time.sleep(0.2)
            lost = [run for run in runs if run not in found]
            listed = [run["id"] for run in client.get("/v1/runs", params={"limit": 200}).json()["items"]]
            doubled = [run for run, times in Counter(listed).items() if times > 1]
            strangers = set(listed) - set(runs)
            documents = {run: client.get(f"/v1/runs/{run}/provenance", params={"format": "provn"}).text for run in found}
        statuses = Counter(run["status"] for run in found.values())
        print(
            f"\nkills {kills}: sent {len(runs)}, done {len(found)} {dict(statuses)}, lost {len(lost)}, doubled {len(doubled)}"
        )

        assert kills == KILLS
        assert not lost
        assert not doubled
        assert not strangers
        for run, told in found.items():
            assert told["status"] == "finished" or told["reason"], told
            steps = {step["place"]: step for step in told["steps"]}
            assert all(step["status"] in ENDED for step in steps.values()), steps
            if told["status"] == "finished":
                assert set(steps) == {"write[0]", "write[1]", "write[2]", "join"}
                assert Counter(step["revision"] > 0 for step in steps.values())[True] == 4
                assert documents[run].count("wasGeneratedBy(") >= 4
        assert statuses["finished"] >= RUNS // 2, "children outlive the platform, so most runs end well"
    finally:
        platform.stop()
    asyncio.run(the_graph_is_the_ledgers(folder))


async def the_graph_is_the_ledgers(folder):
    """Restore the projection from the ledger: it is what was there. Nothing waits on the bus and nothing is parked."""
    from chassis.testing import a_house
    from onebox.serving import SERVICES
    from onebox.settings import OneboxSettings
    from provenance.graph.projector import restore

    var = folder / "var"
    settings = OneboxSettings(
        state=var, database_url=f"embedded:{var}/pg", files_url=f"file:{var}/files", runner_url=f"local:{var}/runs"
    )
    provenance = next(service for service in SERVICES if service.name == "provenance")
    async with a_house(provenance, settings, *(s for s in SERVICES if s is not provenance), hears=False) as house:
        before = await house.parts.graph.dump()
        await restore(house)
        after = await house.parts.graph.dump()
        engine = make_engine(driver_url(house.engine.url.render_as_string(hide_password=False)), 1)
        async with engine.connect() as connection:
            waiting = await connection.scalar(text("select count(*) from bus.outbox"))
            aside = await connection.scalar(text("select count(*) from bus.parked"))
        await engine.dispose()
    assert (waiting, aside) == (0, 0)
    assert before == after


def test_a_step_of_a_killed_engine_is_failed_with_that_reason(folder):
    """When the engine's own process is killed, too, the run and its open step fail and say why."""
    import json
    import os
    import signal

    platform = Platform(folder).start()
    try:
        with platform.client() as client:
            workflow = register(client, "slow", {"words.cwl": WORKFLOW})
            run = client.post("/v1/runs", json={"workflow": workflow["id"], "inputs": {"words": ["a"], "pause": "60"}}).json()[
                "run"
            ]
            patiently(lambda: client.get(f"/v1/runs/{run['id']}").json()["steps"][0])
        platform.kill()
        child = json.loads((folder / "var" / "runs" / run["id"] / "child.json").read_text())
        os.killpg(child["pid"], signal.SIGKILL)
        platform.start()
        with platform.client() as client:
            end = time.monotonic() + 240
            while (told := client.get(f"/v1/runs/{run['id']}").json())["status"] not in ENDED and time.monotonic() < end:
                time.sleep(0.1)

        assert told["status"] == "failed"
        assert "ended unexpectedly" in told["reason"]
        assert [(s["status"], "ended unexpectedly" in s["reason"]) for s in told["steps"]] == [("failed", True)]
    finally:
        platform.stop()


@pytest.mark.parametrize("number", [15, 2], ids=["SIGTERM", "SIGINT"])
def test_the_platform_stops_in_order(folder, number):
    """Told to stop, it ends with code 0 and leaves no process behind; a run goes on and is taken up again."""
    import psutil

    platform = Platform(folder).start()
    assert platform.process is not None
    mine = psutil.Process(platform.process.pid).children(recursive=True)
    platform.process.send_signal(number)

    assert platform.process.wait(120) == 0
    _gone, alive = psutil.wait_procs(mine, timeout=60)
    assert [process for process in alive if process.is_running()] == []
