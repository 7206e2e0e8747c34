"""The command and the client of Python programs, against a platform of their own."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from deploy.services.machine import some_port
from tests.forms import Browser
from tests.running import Platform

from reprovena import AsyncReprovena, Reprovena

FLOW = """
cwlVersion: v1.2
class: Workflow
inputs: {numbers: File, factor: int}
outputs:
  total: {type: File, outputSource: add/out}
steps:
  scale:
    in: {numbers: numbers, factor: factor}
    out: [out]
    run:
      class: CommandLineTool
      baseCommand: [sh, -c, 'while read n; do echo $((n * $1)); done < $0']
      inputs: {numbers: {type: File, inputBinding: {position: 1}}, factor: {type: int, inputBinding: {position: 2}}}
      stdout: scaled.txt
      outputs: {out: stdout}
  add:
    in: {numbers: scale/out}
    out: [out]
    run:
      class: CommandLineTool
      baseCommand: [sh, -c, 'sum=0; while read n; do sum=$((sum + n)); done < $0; echo $sum']
      inputs: {numbers: {type: File, inputBinding: {position: 1}}}
      stdout: total.txt
      outputs: {out: stdout}
"""
SLOW = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'sleep 5; echo done']
inputs: {}
stdout: done.txt
outputs: {out: stdout}
"""
BROKEN = SLOW.replace("sleep 5; echo done", "echo it went wrong >&2; exit 3")
Command = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.timeout(900)
"""Every word of the command is a process of its own, and a busy machine takes its time for each."""


@pytest.fixture(scope="module")
def home(session_folder: Path) -> Iterator[Platform]:
    """A platform that comes back at the same address."""
    running = Platform(session_folder / "command", {"PORT": str(some_port())}).start()
    try:
        yield running
        assert running.stop() == 0
    finally:
        if running.process is not None and running.process.poll() is None:
            running.kill()


def words_of(*words: str) -> list[str]:
    """The command as a process of its own."""
    return [sys.executable, "-c", "from reprovena.command import app; app(prog_name='reprovena')", *words]


@pytest.fixture(scope="module")
def known(home: Platform, session_folder: Path) -> dict[str, str]:
    """The environment of somebody who uses the command."""
    told = {"REPROVENA_URL": home.url, "REPROVENA_CONFIG": str(session_folder / "command" / "credentials.json")}
    return {**os.environ, **told, "NO_COLOR": "1", "TERM": "dumb"}


@pytest.fixture(scope="module")
def say(known: dict[str, str]) -> Command:
    """Run the command to its end."""

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        env = known | more
        return subprocess.run(words_of(*words), env=env, capture_output=True, text=True, timeout=600, check=False)

    login = run("login", "-u", "ada", REPROVENA_PASSWORD="ada-secret")
    assert login.returncode == 0, login.stderr
    return run


@pytest.fixture(scope="module")
def flow(say: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workflow, registered as sums:1, that ran twice."""
    folder = tmp_path_factory.mktemp("sums")
    (folder / "sums.cwl").write_text(FLOW)
    (folder / "numbers.txt").write_text("1\n2\n3\n")
    (folder / "inputs.yaml").write_text("numbers: {class: File, path: numbers.txt}\nfactor: 2\n")
    for words in (
        ("workflow", "register", str(folder / "sums.cwl"), "--version", "1"),
        ("run", "start", "sums:1", "--inputs", str(folder / "inputs.yaml"), "--watch"),
        ("run", "start", "sums:1", "--inputs", str(folder / "inputs.yaml"), "-i", "factor=5", "--watch"),
    ):
        done = say(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    """The one document of an answer, with nothing beside it."""
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.usefixtures("flow")
def test_two_runs_are_compared(say: Command) -> None:
    """What was given otherwise, and what came out otherwise, is told; commands differ by their words, not by their folders."""
    found = answer(say("lineage", "difference", "sums:1#1", "sums:1#2", "--json"))

    def changed(section: str, name: str = "name") -> list[str]:
        return [item[name] for item in found[section]["items"] if item["state"] != "same"]

    assert changed("parameters") == ["factor"]
    assert changed("inputs") == []
    assert changed("outputs") == ["total.txt"]
    assert changed("environment") == changed("workflow") == []
    assert changed("steps", "place") == ["scale"]
    assert "~ factor  2 → 5" in say("lineage", "difference", "sums:1#1", "sums:1#2").stdout
    itself = say("lineage", "difference", "sums:1#1", "sums:1#1")
    assert (itself.returncode, "Nothing differs but times." in itself.stdout) == (0, True)


def test_a_file_is_found_under_any_name(say: Command, flow: Path, tmp_path: Path) -> None:
    """A copy of what went in, and one of what came out, lead to the runs; others see nothing of them."""
    copy, result = tmp_path / "copy.bin", tmp_path / "total.txt"
    copy.write_bytes((flow / "numbers.txt").read_bytes())
    assert say("run", "download", "sums:1#2", "total", "-o", str(tmp_path)).returncode == 0

    came, made = answer(say("find", str(copy), "--json"))["items"], answer(say("find", str(result), "--json"))["items"]

    assert [(item["run_number"], item["step"]) for item in came if item["step"]] == [("2", "scale"), ("1", "scale")]
    assert {(item["by"], item["tenant"], item["relation"]) for item in came} == {("Ada", "physics", "used")}
    assert [(item["run_number"], item["step"], item["relation"]) for item in made] == [("2", "add", "generated")]
    token = {"REPROVENA_CONFIG": str(tmp_path / "bob.json")}
    assert say("login", "-u", "bob", REPROVENA_PASSWORD="bob-secret", **token).returncode == 0
    assert answer(say("find", str(copy), "--json", **token))["items"] == []
    run = answer(say("run", "show", "sums:1#1", "--json"))["id"]
    assert say("lineage", "difference", run, run, **token).returncode == 3


def test_a_path_goes_over_the_files(say: Command, flow: Path) -> None:
    """From the result to the raw numbers the way leads over both steps."""
    uses = answer(say("find", str(flow / "numbers.txt"), "--json"))["items"]
    raw = next(item["file"] for item in uses if item["run_number"] == "1")

    found = answer(say("lineage", "path", "sums:1#1/total", raw, "--json"))

    kinds = [node["subtype"] for node in found["nodes"]]
    assert kinds == ["FILE", "WORKFLOW_STEP", "FILE", "WORKFLOW_STEP", "FILE"]


def test_scripts_are_told_by_exit_codes(say: Command, tmp_path: Path) -> None:
    """A run that fails, wrong use, a refusal and a server that is away are told apart."""
    (tmp_path / "broken.cwl").write_text(BROKEN)
    assert say("workflow", "register", str(tmp_path / "broken.cwl"), "--version", "1").returncode == 0

    failed = say("run", "start", "broken:1", "--watch")

    assert (failed.returncode, "it went wrong" in failed.stdout) == (1, True)
    assert say("run", "start").returncode == 2
    assert say("find", str(tmp_path)).returncode == 2
    assert say("run", "show", "nobody:1#1").returncode == 3
    assert say("login", "-u", "ada", REPROVENA_PASSWORD="wrong").returncode == 3
    assert say("whoami", REPROVENA_URL="http://127.0.0.1:1", REPROVENA_TOKEN="t").returncode == 4


def test_a_watch_outlives_the_server(home: Platform, say: Command, known: dict[str, str], tmp_path: Path) -> None:
    """The server is killed and comes back: the watch goes on after the last event, none is missing and none comes twice."""
    (tmp_path / "slow.cwl").write_text(SLOW)
    assert say("workflow", "register", str(tmp_path / "slow.cwl"), "--version", "1").returncode == 0
    words = words_of("run", "start", "slow:1", "--watch", "--json")
    with (
        (tmp_path / "errors").open("w+") as errors,
        subprocess.Popen(words, env=known, stdout=subprocess.PIPE, stderr=errors, text=True) as watching,
    ):
        assert watching.stdout is not None
        told = []
        killed = False
        for line in watching.stdout:
            told.append(json.loads(line))
            if told[-1].get("status") == "running" and not killed:
                killed = True
                home.kill()
                home.start()

    assert (killed, watching.returncode) == (True, 0), (tmp_path / "errors").read_text()
    assert (told[0]["event"], told[-1]["event"], told[-1]["run"]["status"]) == ("started", "end", "finished")
    seqs = [item["seq"] for item in told[1:-1]]
    assert seqs == sorted(set(seqs))
    assert [item["status"] for item in told[1:-1] if item["event"] == "run"][-1] == "finished"
    again = say("run", "watch", told[-1]["run"]["id"], "--json")
    assert [json.loads(line).get("seq") for line in again.stdout.splitlines()][:-1] == seqs


@pytest.mark.usefixtures("flow")
async def test_programs_do_not_have_to_wait(home: Platform, tmp_path: Path) -> None:
    """The asynchronous client does what the other does, at the same platform."""
    async with AsyncReprovena(home.url, login=("ada", "ada-secret")) as client:
        run = await client.find_run("sums:1#1")
        events = [event async for event in client.watch(run.id)]
        target = await client.download(run.id, "total", tmp_path / "total.txt")
        uses = await client.find(target)
        difference = await client.difference(run.id, (await client.find_run("sums:1#2")).id)

    assert (events[-1].kind, target.read_text().strip()) == ("end", "12")
    assert [use.relation for use in uses] == ["generated"]
    assert not difference.identical
    with contextlib.closing(Reprovena(home.url, login=("ada", "ada-secret"))) as waiting:
        assert waiting.difference(run.id, run.id).identical


async def test_a_login_is_approved_in_a_browser(home: Platform, known: dict[str, str], session_folder: Path) -> None:
    """The command shows an address and a code, waits, and is logged in once its user has let it in there."""
    env = known | {"REPROVENA_CONFIG": str(session_folder / "command" / "device.json")}
    words = words_of("login", "--device")
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waiting:
        assert waiting.stderr is not None
        url = waiting.stderr.readline().split()[-1]
        async with httpx.AsyncClient(timeout=60) as http:
            browser = Browser(http)
            await browser.open(url)
            page = await browser.send("allow", username="eve", password="eve-secret")
        said, _errors = waiting.communicate(timeout=300)
    me = subprocess.run(words_of("whoami", "--json"), env=env, capture_output=True, text=True, timeout=300, check=True)

    assert page.status_code == 200
    assert waiting.returncode == 0
    assert "as Eve" in said
    assert json.loads(me.stdout)["username"] == "eve"
    assert url.startswith(home.url)
