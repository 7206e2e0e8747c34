"""The platform with a REANA behind it, over HTTP: the same job, and what is different about it."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("reana_client", reason="`make install PRODUCTION=1` brings the client of REANA")
from cryptography.fernet import Fernet
from tests.e2e.test_runs import PIPELINE, SHOUT, until
from tests.reana.process import StandIn
from tests.running import Platform, ended, register, start

KEY = Fernet.generate_key().decode()
SERIAL = """
inputs: {files: [data.txt], parameters: {target: out.txt}}
workflow:
  type: serial
  specification:
    steps:
      - {name: copy, environment: debian, commands: ['cat data.txt > $target', 'echo more >> ${target}']}
outputs: {files: [out.txt]}
"""


@pytest.fixture(scope="module")
def reana(session_folder: Path) -> Iterator[StandIn]:
    """The stand-in."""
    server = StandIn(session_folder / "reana-e2e").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def platform(session_folder: Path, reana: StandIn) -> Iterator[Platform]:
    """`python -m onebox` on it."""
    told = {"RUNNER_URL": reana.url, "REANA_ACCESS_TOKEN": "user-platform", "REANA_TOKEN_KEYS": KEY}
    told |= {"REANA_EVERY": "0.3", "REANA_SETTLE": "0.2", "REANA_TIMEOUT": "3", "REANA_RATE": "100"}
    running = Platform(session_folder / "with-reana", told).start()
    yield running
    assert running.stop() == 0
    log = running.log()
    assert "user-platform" not in log
    assert "user-of-ada" not in log


@pytest.fixture(scope="module")
def ada(platform: Platform) -> Iterator[httpx.Client]:
    """Ada."""
    with platform.client("ada") as client:
        yield client


def upload(client: httpx.Client, name: str, content: bytes) -> str:
    """An uploaded file."""
    return str(client.post("/v1/uploads", params={"name": name}, content=content).json()["id"])


def in_reana(reana: StandIn, run: dict[str, Any]) -> dict[str, Any]:
    """A run's workflow there."""
    (found,) = [one for one in reana.told()["workflows"] if one["name"] == f"rp-{run['id']}.1"]
    return dict(found)


def generators(document: dict[str, Any], entity: str) -> set[str]:
    """Who generated a file, by the document."""
    return {
        one["prov:activity"].split(":", 1)[1]
        for one in document["wasGeneratedBy"].values()
        if one["prov:entity"].split(":", 1)[1] == entity
    }


def test_a_cwl_run_on_reana_has_results_and_provenance(ada: httpx.Client) -> None:
    """The result lies in the platform's own store with its SHA-256, and is known as its step's."""
    flow = register(ada, "shout", {"shout.cwl": SHOUT})
    run = start(
        ada, flow, inputs={"data": {"class": "File", "path": "a.txt"}}, files={"a.txt": {"upload": upload(ada, "a", b"hi\n")}}
    )

    found = ended(ada, run)

    assert found["status"] == "finished", found["reason"]
    (output,) = found["outputs"]
    assert output["sha256"] == hashlib.sha256(b"HI\n").hexdigest()
    assert output["from_outside"] is False
    assert ada.get(f"/v1/runs/{run['id']}/outputs/{output['path']}").content == b"HI\n"
    (step,) = ada.get(f"/v1/runs/{run['id']}/steps").json()["items"]
    assert (step["status"], step["exit_code"], [made["id"] for made in step["generated"]]) == ("finished", None, [output["id"]])
    document = ada.get(f"/v1/runs/{run['id']}/provenance").json()
    assert generators(document, output["id"]) == {f"run/{run['id']}/step/shout"}
    lineage = ada.get("/v1/lineage", params={"id": output["id"], "direction": "up"}).json()
    assert f"run/{run['id']}/in/a.txt" in {node["id"] for node in lineage["nodes"]}


def test_scattered_steps_are_followed(ada: httpx.Client) -> None:
    """Every element of a scatter is a step of its own."""
    flow = register(ada, "pipeline", {"wf.cwl": PIPELINE})
    inputs = {"words": ["a", "b"], "seed": {"class": "File", "path": "s.txt"}}
    run = start(ada, flow, inputs=inputs, files={"s.txt": {"upload": upload(ada, "s", b"s\n")}})

    found = ended(ada, run)

    assert found["status"] == "finished", found["reason"]
    assert {step["place"] for step in found["steps"]} == {"write[0]", "write[1]", "join"}


def test_a_result_whose_step_nobody_knows_is_the_runs(ada: httpx.Client) -> None:
    """Two commands name the file, and REANA does not say which wrote it: then the run did, and its content is known."""
    flow = register(ada, "serial", {"reana.yaml": SERIAL})
    run = start(ada, flow, files={"data.txt": {"upload": upload(ada, "d", b"d\n")}})

    found = ended(ada, run)

    assert found["status"] == "finished", found["reason"]
    (output,) = found["outputs"]
    assert output["id"] == f"run/{run['id']}/out/~/out.txt"
    document = ada.get(f"/v1/runs/{run['id']}/provenance").json()
    assert generators(document, output["id"]) == {f"run/{run['id']}"}
    assert [step["place"] for step in found["steps"]] == ["copy[0]", "copy[1]"]


def test_runs_are_submitted_with_ones_own_token(ada: httpx.Client, reana: StandIn, platform: Platform) -> None:
    """Stored once, it opens REANA as oneself; it can be replaced and forgotten, and nobody gets it back."""
    flow = register(ada, "own", {"shout.cwl": SHOUT})
    files = {"a.txt": {"upload": upload(ada, "a", b"hi\n")}}
    inputs = {"data": {"class": "File", "path": "a.txt"}}
    assert ada.get("/v1/reana-token").json() == {"stored": False, "updated": None}

    assert ada.put("/v1/reana-token", json={"token": "user-of-ada"}).status_code == 204
    told = ada.get("/v1/reana-token").json()
    run = start(ada, flow, inputs=inputs, files=files)

    assert ended(ada, run)["status"] == "finished"
    assert told["stored"]
    assert "user-of-ada" not in str(told)
    url = f"{reana.url}/api/workflows/rp-{run['id']}/status"
    assert httpx.get(url, params={"access_token": "user-of-ada"}, timeout=60).status_code == 200
    assert httpx.get(url, params={"access_token": "user-platform"}, timeout=60).status_code == 404
    with platform.client("bob") as bob:
        assert bob.get("/v1/reana-token").json()["stored"] is False
    ada.put("/v1/reana-token", json={"token": "mistyped"})
    bad = ended(ada, start(ada, flow, inputs=inputs, files={"a.txt": {"upload": upload(ada, "a", b"hi\n")}}))
    assert bad["status"] == "failed"
    assert "does not take your token" in bad["reason"]
    assert "mistyped" not in bad["reason"]
    assert ada.delete("/v1/reana-token").status_code == 204
    assert ada.get("/v1/reana-token").json()["stored"] is False
    assert ada.put("/v1/reana-token", json={"token": ""}).status_code == 422


def test_stored_tokens_are_sealed_anew(ada: httpx.Client, platform: Platform) -> None:
    """With a new key before the old one, one command makes the old one needless."""
    ada.put("/v1/reana-token", json={"token": "user-of-ada"})
    state = platform.folder / "var"
    told = {
        "DATABASE_URL": f"embedded:{state}/pg",
        "STATE": str(state),
        "REANA_TOKEN_KEYS": f"{Fernet.generate_key().decode()},{KEY}",
    }

    for _ in range(2):
        command = [sys.executable, "-m", "onebox", "rotate-reana-tokens"]
        done = subprocess.run(command, env=os.environ | told, capture_output=True, text=True, timeout=300)
        told["REANA_TOKEN_KEYS"] = f"{KEY},{told['REANA_TOKEN_KEYS'].split(',')[0]}"  # and back, for the tests after this one
        assert done.stdout == "1 tokens sealed with the newest key\n", done.stderr

    assert ada.get("/v1/reana-token").json()["stored"]
    ada.delete("/v1/reana-token")


def test_a_run_that_waits_in_reanas_queue_can_be_stopped(ada: httpx.Client, reana: StandIn) -> None:
    """REANA can only delete it; for us it was stopped."""
    flow = register(ada, "waits", {"shout.cwl": SHOUT})
    reana.mood(stuck=True)
    run = start(
        ada, flow, inputs={"data": {"class": "File", "path": "a.txt"}}, files={"a.txt": {"upload": upload(ada, "a", b"hi\n")}}
    )
    until(lambda: ada.get(f"/v1/runs/{run['id']}").json()["status"] == "pending")

    assert ada.post(f"/v1/runs/{run['id']}/stop").status_code in {200, 202}
    found = ended(ada, run)
    reana.mood(stuck=False)

    assert found["status"] == "stopped"
    assert in_reana(reana, run)["status"] == "deleted"


def test_a_run_outlives_reanas_absence(ada: httpx.Client, reana: StandIn, platform: Platform) -> None:
    """REANA hangs while a run is submitted and watched; nothing is lost, nothing is done twice."""
    assert reana.process is not None
    flow = register(ada, "absent", {"shout.cwl": SHOUT})
    os.kill(reana.process.pid, signal.SIGSTOP)
    try:
        file = {"upload": upload(ada, "a", b"hi\n")}
        run = start(ada, flow, inputs={"data": {"class": "File", "path": "a.txt"}}, files={"a.txt": file})
        time.sleep(6)
        assert ada.get(f"/v1/runs/{run['id']}").json()["status"] == "queued"
    finally:
        os.kill(reana.process.pid, signal.SIGCONT)

    assert ended(ada, run)["status"] == "finished"
    assert in_reana(reana, run)["changes"].count("queued") == 1


def test_a_killed_platform_finds_its_runs_in_reana(ada: httpx.Client, reana: StandIn, platform: Platform) -> None:
    """Killed while runs are submitted and watched, it takes them up again: each ran once."""
    flow = register(ada, "killed", {"shout.cwl": SHOUT})
    inputs = {"data": {"class": "File", "path": "a.txt"}}
    runs = [start(ada, flow, inputs=inputs, files={"a.txt": {"upload": upload(ada, "a", b"hi\n")}}) for _ in range(4)]
    time.sleep(0.7)

    platform.kill()
    platform.start()
    with platform.client("ada") as again:
        ends = [ended(again, run) for run in runs]
        for run in runs:  # its results can still be fetched, and it can be removed
            assert again.delete(f"/v1/runs/{run['id']}").status_code in {200, 202, 204}

    assert [one["status"] for one in ends] == ["finished"] * 4
    assert [in_reana(reana, run)["changes"].count("queued") for run in runs] == [1] * 4
