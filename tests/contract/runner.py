"""One suite for whatever runs workflows: what it says of a run, once, and how runs end. It asserts by `runner.tells`."""

import asyncio
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import psutil
import pytest

from chassis.bundles import pack
from chassis.files import Files, once
from chassis.refusal import Refusal
from contracts.executor import FileSeen, StagedFile
from contracts.ids import input_id, output_id
from contracts.message import FileRef
from contracts.vocabulary import Engine, RunStatus, StepStatus
from executor.runner import Known, Look, Order, OutputSeen, Runner, StepSeen, Tells

IMAGE = os.environ.get("TEST_IMAGE", "docker.io/library/debian:stable-slim")
"""For runners that run commands in images."""
ENDED = {RunStatus.FINISHED, RunStatus.FAILED, RunStatus.STOPPED}
WITHIN = 60.0


def a_while() -> str:
    """Seconds that one command sleeps and no other, so that it can be found."""
    return f"60.{uuid4().int % 10**9:09}"


async def let_go(seconds: str) -> None:
    """End the `sleep` of so many seconds, once it is there: what waits for it goes on, when a test says so."""
    async with asyncio.timeout(WITHIN):
        while not (found := [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == ["sleep", seconds]]):
            await asyncio.sleep(0.05)
    for one in found:
        one.kill()


def sha256(content: bytes) -> str:
    """The digest of bytes in hand."""
    return hashlib.sha256(content).hexdigest()


def tool(
    command: str, inputs: Mapping[str, Any] | None = None, outputs: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A CWL command line tool that is one line of shell; inputs are its `$1`, `$2`, … in the order given."""
    bound = {
        name: {"type": kind, "inputBinding": {"position": number}} if isinstance(kind, str) else kind
        for number, (name, kind) in enumerate((inputs or {}).items(), start=1)
    }
    found = {
        name: {"type": "File", "outputBinding": {"glob": glob}} if isinstance(glob, str) else glob
        for name, glob in (outputs or {}).items()
    }
    return {
        "cwlVersion": "v1.2",
        "class": "CommandLineTool",
        "baseCommand": ["sh", "-c", command, "sh"],
        "inputs": bound,
        "outputs": found,
    } | more


def workflow(
    inputs: Mapping[str, Any], steps: Mapping[str, Any], outputs: Mapping[str, str], kind: str = "File"
) -> dict[str, Any]:
    """A CWL workflow; an output is the source it comes from."""
    needs = ["ScatterFeatureRequirement", "SubworkflowFeatureRequirement", "StepInputExpressionRequirement"]
    needs += ["InlineJavascriptRequirement", "MultipleInputFeatureRequirement"]
    return {
        "cwlVersion": "v1.2",
        "class": "Workflow",
        "requirements": [{"class": need} for need in needs],
        "inputs": dict(inputs),
        "outputs": {name: {"type": kind, "outputSource": source} for name, source in outputs.items()},
        "steps": dict(steps),
    }


def serial(*steps: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A serial workflow as REANA writes it."""
    return {"version": "0.9.0", "workflow": {"type": "serial", "specification": {"steps": list(steps)}}} | more


def file(name: str) -> dict[str, str]:
    """A File value."""
    return {"class": "File", "path": name}


@dataclass
class Seen:
    """All that was seen of one run."""

    run: UUID
    runner_id: str
    cursor: str = ""
    steps: dict[str, StepSeen] = field(default_factory=dict)
    history: dict[str, list[StepStatus]] = field(default_factory=dict)
    statuses: list[RunStatus] = field(default_factory=list)
    last: Look | None = None
    told: dict[str, Any] = field(default_factory=dict)

    def add(self, look: Look) -> None:
        """Put news to what is known."""
        self.cursor, self.last = look.cursor, look
        self.statuses.append(look.status)
        for step in look.steps:
            self.steps[step.place] = step
            self.history.setdefault(step.place, []).append(step.status)
        for name in ("reason", "started", "ended", "inputs", "outputs", "environment", "log"):
            if (value := getattr(look, name)) is not None:
                self.told[name] = value

    @property
    def status(self) -> RunStatus:
        """Where the run stands."""
        return self.statuses[-1]

    @property
    def reason(self) -> str:
        """Why it ended as it did."""
        return self.told.get("reason") or ""

    @property
    def outputs(self) -> dict[str, OutputSeen]:
        """Results by path."""
        return {output.file.path: output for output in self.told.get("outputs", ())}

    @property
    def inputs(self) -> dict[str, FileSeen]:
        """Outside files by path."""
        return {seen.path: seen for seen in self.told.get("inputs", ())}

    def made(self, place: str) -> dict[str, FileSeen]:
        """What a step wrote, by path."""
        return {seen.path: seen for seen in self.steps[place].generated}

    def used(self, place: str) -> set[str]:
        """Occurrences a step used."""
        return {seen.id for seen in self.steps[place].used}


@dataclass
class Bench:
    """Puts things into the file store, starts runs, watches them."""

    runner: Runner
    files: Files
    within: float = WITHIN

    async def put(self, content: bytes) -> FileRef:
        """Store bytes."""
        return await self.files.put(once(content))

    async def bundle(self, documents: Mapping[str, Any]) -> FileRef:
        """Store a specification."""
        return await self.put(
            pack({name: d if isinstance(d, bytes) else json.dumps(d).encode() for name, d in documents.items()})
        )

    async def order(
        self,
        documents: Mapping[str, Any],
        parameters: Mapping[str, Any] | None = None,
        files: Mapping[str, bytes] | None = None,
        engine: Engine = Engine.CWL,
        timeout: int | None = None,
    ) -> Order:
        """An order for the first document of a bundle."""
        staged = [StagedFile(name=name, content=await self.put(content)) for name, content in (files or {}).items()]
        spec = await self.bundle(documents)
        return Order(uuid4(), engine, spec, next(iter(documents)), dict(parameters or {}), tuple(staged), timeout)

    async def start(self, *args: Any, **more: Any) -> Seen:
        """Submit an order."""
        order = await self.order(*args, **more)
        return Seen(order.run, await self.runner.submit(order))

    async def until(self, seen: Seen, when: Any) -> Seen:
        """Look until something is so."""
        async with asyncio.timeout(self.within):
            while not when(seen):
                for look in (await self.runner.look({seen.run: Known(seen.runner_id, seen.cursor)})).values():
                    seen.add(look)
                await asyncio.sleep(0.03)
        return seen

    async def end(self, seen: Seen) -> Seen:
        """Look until the run has ended."""
        return await self.until(seen, lambda seen: seen.statuses and seen.status in ENDED)

    async def run(self, *args: Any, **more: Any) -> Seen:
        """Submit an order and watch it to its end."""
        return await self.end(await self.start(*args, **more))

    async def finish(self, *args: Any, **more: Any) -> Seen:
        """Run to a good end."""
        seen = await self.run(*args, **more)
        assert seen.status is RunStatus.FINISHED, seen.reason
        return seen

    async def read(self, seen: Seen, path: str) -> bytes:
        """A file of the workspace."""
        return b"".join([block async for block in self.runner.files(seen.run, seen.runner_id, path)])

    async def result(self, seen: Seen, path: str) -> bytes:
        """A result's bytes."""
        where = seen.outputs[path].workspace
        assert where is not None
        return await self.read(seen, where)

    def tells(self, *wanted: Tells) -> bool:
        """Whether the runner tells all of these."""
        return set(wanted) <= self.runner.tells


COUNT = tool("wc -c < $1 | tr -d ' '", {"text": "File"}, {"count": {"type": "stdout"}}, id="count", stdout="count.txt")
CAT = tool(
    'cat "$@"',
    {"texts": {"type": "File[]", "inputBinding": {"position": 1}}},
    {"whole": {"type": "stdout"}},
    stdout="whole.txt",
)
SCALE = workflow(
    {"text": "File", "by": "int"},
    {
        "one": {
            "run": tool("cat $1; echo $2", {"text": "File", "by": "int"}, {"out": {"type": "stdout"}}, stdout="one.txt"),
            "in": {"text": "text", "by": "by"},
            "out": ["out"],
        },
        "two": {
            "run": tool("test $2 -ne 13 && cat $1 > two.txt", {"text": "File", "by": "int"}, {"out": "two.txt"}),
            "in": {"text": "one/out", "by": "by"},
            "out": ["out"],
        },
    },
    {"out": "two/out"},
)
NESTED = workflow(
    {"source": "File", "factors": "int[]"},
    {
        "scale": {"run": "scale.cwl", "scatter": "by", "in": {"text": "source", "by": "factors"}, "out": ["out"]},
        "join": {"run": CAT, "in": {"texts": "scale/out"}, "out": ["whole"]},
    },
    {"whole": "join/whole"},
)


class RunnerSuite:
    """What every runner does. A subclass gives the fixture `bench`."""

    @pytest.fixture
    def bench(self) -> Bench:
        """A runner and its file store."""
        raise NotImplementedError

    async def test_one_step_is_told_with_its_command_files_and_cost(self, bench: Bench) -> None:
        """A single tool is a run with one step, whose figures the runner tells as far as it says it does."""
        text = b"six of one\n"

        seen = await bench.finish({"count.cwl": COUNT}, {"text": file("text.txt")}, {"text.txt": text})

        step = seen.steps["count"]
        assert step.status is StepStatus.FINISHED
        assert seen.told["started"] <= seen.told["ended"]
        assert seen.told["environment"].runner == bench.runner.name
        assert await bench.result(seen, "count.txt") == b"11\n"
        if bench.tells(Tells.COMMAND):
            assert step.command is not None
            assert step.command[:2] == ("sh", "-c")
        if bench.tells(Tells.EXIT_CODE):
            assert step.exit_code == 0
        if bench.tells(Tells.INPUTS):
            assert seen.inputs["text.txt"].sha256 == sha256(text)
            assert seen.inputs["text.txt"].size == len(text)
            assert seen.inputs["text.txt"].id == input_id(seen.run, "text.txt")
        if bench.tells(Tells.STEP_FILES):
            assert seen.used("count") == {input_id(seen.run, "text.txt")}
            assert seen.made("count")["count.txt"].sha256 == sha256(b"11\n")
            assert seen.outputs["count.txt"].file.id == output_id(seen.run, "count", "count.txt")
        if bench.tells(Tells.OUTPUT_DIGESTS):
            assert seen.outputs["count.txt"].file.sha256 == sha256(b"11\n")
            assert seen.outputs["count.txt"].file.role == "count"

    async def test_a_short_command_has_its_cost(self, bench: Bench) -> None:
        """CPU seconds are there for a command that ends before anybody could look."""
        seen = await bench.finish({"true.cwl": tool("true")})

        if not bench.tells(Tells.CPU):
            assert seen.steps["true"].cpu_seconds is None
            return
        assert seen.steps["true"].cpu_seconds is not None
        assert 0 < seen.steps["true"].cpu_seconds < 1

    async def test_peak_memory_is_that_of_the_command(self, bench: Bench) -> None:
        """A command that holds 64 MiB is seen with about that."""
        command = "python3 -c 'import time; held = bytearray(64 << 20); time.sleep(0.2); print(len(held))'"

        seen = await bench.finish({"hold.cwl": tool(command, outputs={"out": {"type": "stdout"}}, stdout="out.txt")})

        assert await bench.result(seen, "out.txt") == b"67108864\n"
        if not bench.tells(Tells.MEMORY):
            assert seen.steps["hold"].peak_memory is None
            return
        assert 64 << 20 <= (seen.steps["hold"].peak_memory or 0) < 256 << 20

    async def test_nested_and_scattered_steps_have_their_places(self, bench: Bench) -> None:
        """A step in the second element of a scatter stands at `scale[1]/two`, and its files link it to the others."""
        documents = {"wf.cwl": NESTED, "scale.cwl": SCALE}

        seen = await bench.finish(documents, {"source": file("a.txt"), "factors": [2, 3]}, {"a.txt": b"a\n"})

        assert await bench.result(seen, "whole.txt") == b"a\n2\na\n3\n"
        if bench.tells(Tells.PLACES):
            places = {"scale[0]/one", "scale[0]/two", "scale[1]/one", "scale[1]/two", "join"}
            assert set(seen.steps) == places
            assert seen.steps["scale[1]/two"].name == "two"
            assert seen.steps["scale[1]/two"].parameters == {"by": 3}
        if bench.tells(Tells.PLACES, Tells.STEP_FILES):
            assert seen.used("scale[1]/two") == {output_id(seen.run, "scale[1]/one", "one.txt")}
            assert seen.used("join") == {output_id(seen.run, f"scale[{n}]/two", "two.txt") for n in (0, 1)}
            assert seen.steps["join"].after == ()

    async def test_a_failing_step_fails_the_run_and_says_why(self, bench: Bench) -> None:
        """The run's reason names the step; what ran beside it goes on to its end, what comes after never starts."""
        documents = {"wf.cwl": NESTED, "scale.cwl": SCALE}

        seen = await bench.run(documents, {"source": file("a.txt"), "factors": [13, 2]}, {"a.txt": b"a\n"})

        assert seen.status is RunStatus.FAILED
        assert "two" in seen.reason
        assert "join" not in seen.steps
        if bench.tells(Tells.PLACES, Tells.EXIT_CODE):
            step = seen.steps["scale[0]/two"]
            assert (step.status, step.exit_code) == (StepStatus.FAILED, 1)
            assert step.reason is not None
            assert step.reason.startswith("permanentFail: exit code 1")

    async def test_what_a_failing_command_said_last_is_in_its_reason(self, bench: Bench) -> None:
        """Nobody has to fetch a log to see why a step failed; whoever wants it can."""
        seen = await bench.run({"bad.cwl": tool("echo all is lost >&2; exit 3", outputs={"out": "never.txt"})})

        assert seen.status is RunStatus.FAILED
        if bench.tells(Tells.STEP_LOGS):
            assert "all is lost" in seen.reason
            assert await bench.read(seen, seen.steps["bad"].log or "") == b"all is lost\n"

    async def test_whatever_a_command_says_can_be_kept(self, bench: Bench) -> None:
        """NUL and bytes that are no text come out of reasons and file names as something every store takes."""
        command = "printf 'a\\000b\\377' >&2; : > \"$(printf 'odd\\377')\"; exit 1"

        seen = await bench.run(
            {"reana.yaml": serial({"name": "odd", "environment": IMAGE, "commands": [command.replace("$", "$$")]})},
            engine=Engine.SERIAL,
        )

        assert seen.status is RunStatus.FAILED
        text = seen.reason + "".join(seen.made("odd"))
        assert "\0" not in text
        assert text.encode().decode() == text

    async def test_a_missing_output_is_a_failed_step(self, bench: Bench) -> None:
        """A command that ends well but leaves out what it should write has failed."""
        seen = await bench.run({"lazy.cwl": tool("true", outputs={"out": "never.txt"})})

        assert seen.status is RunStatus.FAILED
        if bench.tells(Tells.STEP_FILES):
            assert seen.steps["lazy"].status is StepStatus.FAILED
            assert "never.txt" in (seen.steps["lazy"].reason or "")

    async def test_expressions_are_steps_without_a_command(self, bench: Bench) -> None:
        """An expression tool is a step; who waits for its value comes after it."""
        expression = {
            "class": "ExpressionTool",
            "requirements": [{"class": "InlineJavascriptRequirement"}],
            "inputs": {"n": "int"},
            "outputs": {"twice": "int"},
            "expression": "${ return {twice: inputs.n * 2}; }",
        }
        say = tool(
            "echo $1",
            {"n": "int"},
            {"out": {"type": "stdout"}},
            stdout="$(inputs.n + '.txt')",
            requirements=[{"class": "InlineJavascriptRequirement"}],
        )
        steps = {
            "double": {"run": expression, "in": {"n": "n"}, "out": ["twice"]},
            "say": {"run": say, "in": {"n": "double/twice"}, "out": ["out"]},
        }

        seen = await bench.finish({"wf.cwl": workflow({"n": "int"}, steps, {"out": "say/out"})}, {"n": 21})

        assert await bench.result(seen, "42.txt") == b"42\n"
        if bench.tells(Tells.EXPRESSIONS):
            assert seen.steps["double"].command is None
            assert seen.steps["double"].status is StepStatus.FINISHED
            assert seen.steps["say"].after == ("double",)

    async def test_folders_and_lists_of_files_are_followed(self, bench: Bench) -> None:
        """Every file of a folder or a list is an occurrence of its own, also when a folder is handed on."""
        make = tool(
            "mkdir -p d/e && echo 1 > d/x.txt && echo 2 > d/e/y.txt && echo 3 > l1.txt && echo 4 > l2.txt",
            outputs={
                "folder": {"type": "Directory", "outputBinding": {"glob": "d"}},
                "list": {"type": "File[]", "outputBinding": {"glob": "l*.txt"}},
            },
        )
        take = tool("cat $1/x.txt $1/e/y.txt", {"folder": "Directory"}, {"out": {"type": "stdout"}}, stdout="out.txt")
        steps = {
            "make": {"run": make, "in": {}, "out": ["folder", "list"]},
            "take": {"run": take, "in": {"folder": "make/folder"}, "out": ["out"]},
        }
        whole = workflow({}, steps, {"out": "take/out"})
        whole["outputs"] |= {
            "list": {"type": "File[]", "outputSource": "make/list"},
            "folder": {"type": "Directory", "outputSource": "make/folder"},
        }

        seen = await bench.finish({"wf.cwl": whole})

        assert set(seen.outputs) == {"out.txt", "l1.txt", "l2.txt", "d/x.txt", "d/e/y.txt"}
        assert await bench.result(seen, "d/e/y.txt") == b"2\n"
        if bench.tells(Tells.STEP_FILES):
            assert {path: made.sha256 for path, made in seen.made("make").items()} == {
                "d/x.txt": sha256(b"1\n"),
                "d/e/y.txt": sha256(b"2\n"),
                "l1.txt": sha256(b"3\n"),
                "l2.txt": sha256(b"4\n"),
            }
            assert seen.used("take") == {output_id(seen.run, "make", path) for path in ("d/x.txt", "d/e/y.txt")}
            assert seen.outputs["d/e/y.txt"].file.id == output_id(seen.run, "make", "d/e/y.txt")

    async def test_secondary_files_come_along(self, bench: Bench) -> None:
        """A file beside the main one, in and out, is an occurrence too."""
        index = {"type": "File", "secondaryFiles": [".idx"], "inputBinding": {"position": 1}}
        outputs = {"out": {"type": "File", "secondaryFiles": [".idx"], "outputBinding": {"glob": "out.txt"}}}
        document = tool("cat $1 $1.idx > out.txt; echo i > out.txt.idx", {"text": index}, outputs, id="both")
        value = file("t.txt") | {"secondaryFiles": [file("t.txt.idx")]}

        seen = await bench.finish({"both.cwl": document}, {"text": value}, {"t.txt": b"t\n", "t.txt.idx": b"x\n"})

        assert await bench.result(seen, "out.txt") == b"t\nx\n"
        assert await bench.result(seen, "out.txt.idx") == b"i\n"
        if bench.tells(Tells.STEP_FILES):
            assert seen.used("both") == {input_id(seen.run, name) for name in ("t.txt", "t.txt.idx")}
            assert set(seen.made("both")) == {"out.txt", "out.txt.idx"}

    async def test_the_bytes_of_an_outside_file_are_known_as_such(self, bench: Bench) -> None:
        """An output with an input's bytes is from outside; another is not, and an empty file never is."""
        document = tool(
            "cp $1 same.txt; echo x > other.txt; : > empty.txt",
            {"a": "File", "b": "File"},
            {n: f"{n}.txt" for n in ("same", "other", "empty")},
        )

        seen = await bench.finish(
            {"t.cwl": document}, {"a": file("a.txt"), "b": file("b.txt")}, {"a.txt": b"bytes\n", "b.txt": b""}
        )

        if not bench.tells(Tells.STEP_FILES):
            assert {output.file.from_outside for output in seen.outputs.values()} <= {None}
            return
        verdicts = {path: made.from_outside for path, made in seen.made("t").items()}
        assert verdicts == {"same.txt": True, "other.txt": False, "empty.txt": False}

    async def test_a_serial_workflow_runs_in_one_folder(self, bench: Bench) -> None:
        """Commands share a folder, are filled in by REANA's rules, and link by the files they name."""
        document = serial(
            {"name": "gather", "environment": IMAGE, "commands": ["cat data.txt script.sh > ${target}"]},
            {"environment": IMAGE, "commands": ["X=5; echo $$X >> out/result.txt", "wc -l < out/result.txt"]},
            inputs={"parameters": {"target": "out/result.txt", "rest": 1}, "files": ["data.txt"]},
            outputs={"files": ["out/result.txt"]},
        )

        seen = await bench.finish(
            {"reana.yaml": document, "script.sh": b"s\n", "out/keep": b""}, {}, {"data.txt": b"d\n"}, engine=Engine.SERIAL
        )

        assert await bench.result(seen, "out/result.txt") == b"d\ns\n5\n"
        if bench.tells(Tells.PLACES):
            assert list(seen.steps) == ["gather", "step-2[0]", "step-2[1]"]
            assert seen.steps["gather"].parameters == {"target": "out/result.txt"}
        if bench.tells(Tells.STEP_FILES):
            assert seen.used("gather") == {input_id(seen.run, name) for name in ("data.txt", "script.sh")}
            assert all(used.evidence == "named in the command" for used in seen.steps["gather"].used)
            assert set(seen.inputs) == {"data.txt", "script.sh"}
            assert seen.used("step-2[0]") == {output_id(seen.run, "gather", "out/result.txt")}
            assert seen.made("step-2[0]")["out/result.txt"].sha256 == sha256(b"d\ns\n5\n")
            assert seen.used("step-2[1]") == {output_id(seen.run, "step-2[0]", "out/result.txt")}
            assert seen.made("step-2[1]") == {}
            assert seen.outputs["out/result.txt"].file.id == output_id(seen.run, "step-2[0]", "out/result.txt")
        if bench.tells(Tells.EXIT_CODE, Tells.CPU):
            assert seen.steps["gather"].exit_code == 0
            assert seen.steps["gather"].cpu_seconds is not None

    async def test_the_first_failing_command_ends_a_serial_run(self, bench: Bench) -> None:
        """Nothing runs after a failure."""
        document = serial(
            {"name": "a", "environment": IMAGE, "commands": ["echo oh; exit 4"]},
            {"name": "b", "environment": IMAGE, "commands": ["true"]},
        )

        seen = await bench.run({"reana.yaml": document}, engine=Engine.SERIAL)

        assert seen.status is RunStatus.FAILED
        assert set(seen.steps) == {"a"}
        if bench.tells(Tells.EXIT_CODE):
            assert seen.steps["a"].exit_code == 4

    @pytest.mark.parametrize(
        ("documents", "parameters", "engine", "kind"),
        [
            (
                {"reana.yaml": serial({"commands": ["echo $HOME"], "environment": IMAGE})},
                {},
                Engine.SERIAL,
                "executor:unknown-parameter",
            ),
            (
                {"reana.yaml": serial({"commands": ["true"], "environment": IMAGE})},
                {"n": 1},
                Engine.SERIAL,
                "executor:unknown-parameter",
            ),
            ({"count.cwl": COUNT}, {"text": file("not-there.txt")}, Engine.CWL, "executor:missing-input"),
            ({"count.cwl": COUNT}, {"text": file("../../etc/passwd")}, Engine.CWL, "executor:bad-file-name"),
            ({"count.cwl": COUNT}, {"text": file("/etc/passwd")}, Engine.CWL, "executor:missing-input"),
        ],
    )
    async def test_what_can_never_run_is_refused(
        self, bench: Bench, documents: Any, parameters: Any, engine: Engine, kind: str
    ) -> None:
        """Parameters that do not fit are refused before anything runs."""
        order = await bench.order(documents, parameters, engine=engine)

        with pytest.raises(Refusal) as refused:
            await bench.runner.submit(order)

        assert refused.value.problem.type == f"urn:problem:{kind}"

    async def test_a_language_it_does_not_take_is_refused(self, bench: Bench) -> None:
        """Who asks for another engine is told."""
        for engine in set(Engine) - bench.runner.engines:
            with pytest.raises(Refusal, match="REANA"):
                await bench.runner.submit(await bench.order({"x": b""}, engine=engine))

    async def test_a_run_is_seen_running_and_can_be_stopped(self, bench: Bench) -> None:
        """Steps are told while they run; a stopped run and its step say so, also when stopped twice."""
        seen = await bench.start({"sleep.cwl": tool("sleep 60")})
        await bench.until(seen, lambda seen: seen.steps)
        assert seen.steps["sleep"].status is StepStatus.RUNNING
        assert seen.status is RunStatus.RUNNING

        await bench.runner.stop(seen.run, seen.runner_id)
        await bench.end(seen)
        await bench.runner.stop(seen.run, seen.runner_id)

        assert seen.status is RunStatus.STOPPED
        assert seen.steps["sleep"].status is StepStatus.STOPPED
        assert seen.told["ended"] is not None

    async def test_a_run_that_takes_too_long_fails(self, bench: Bench) -> None:
        """Its time is up and it says so."""
        seen = await bench.run({"sleep.cwl": tool("sleep 60")}, timeout=8)  # in which its step has begun on any machine

        assert (seen.status, seen.reason) == (RunStatus.FAILED, "timed out after 8 s")
        assert seen.steps["sleep"].status is StepStatus.FAILED

    async def test_submitting_twice_runs_once(self, bench: Bench) -> None:
        """A submitter that died after submitting does it again, and nothing happens twice."""
        order = await bench.order({"count.cwl": COUNT}, {"text": file("t")}, {"t": b"1"})

        ids = await asyncio.gather(bench.runner.submit(order), bench.runner.submit(order))
        seen = await bench.end(Seen(order.run, ids[0]))
        again = await bench.runner.submit(order)
        once_more = await bench.end(Seen(order.run, again))

        assert {*ids, again} == {seen.runner_id}
        assert seen.history["count"].count(StepStatus.FINISHED) == 1
        assert once_more.steps == seen.steps

    async def test_looking_again_from_a_cursor_answers_the_same(self, bench: Bench) -> None:
        """News is not lost if whoever looked dies before writing it down; without news there is no answer."""
        seen = await bench.finish({"count.cwl": COUNT}, {"text": file("t")}, {"t": b"1"})

        first = await bench.runner.look({seen.run: Known(seen.runner_id, "")})
        second = await bench.runner.look({seen.run: Known(seen.runner_id, "")})

        assert first == second
        assert await bench.runner.look({seen.run: Known(seen.runner_id, seen.cursor)}) == {}

    async def test_what_is_withdrawn_is_gone(self, bench: Bench) -> None:
        """A run is found by its order alone, stopped and removed; it is fine if there is none."""
        order = await bench.order({"sleep.cwl": tool("sleep 60")})
        await bench.runner.withdraw(order)
        seen = Seen(order.run, await bench.runner.submit(order))
        await bench.until(seen, lambda seen: bool(seen.steps))

        await bench.runner.withdraw(order)
        await bench.runner.withdraw(order)

        assert (await bench.runner.look({seen.run: Known(seen.runner_id)}))[seen.run].gone
        assert await bench.runner.usage(seen.run, seen.runner_id) == 0

    async def test_a_deleted_run_is_gone(self, bench: Bench) -> None:
        """Its files are away, looking says so, deleting again is fine."""
        seen = await bench.finish({"count.cwl": COUNT}, {"text": file("t")}, {"t": b"1"})
        assert await bench.runner.usage(seen.run, seen.runner_id) > 0

        await bench.runner.delete(seen.run, seen.runner_id)
        await bench.runner.delete(seen.run, seen.runner_id)

        assert (await bench.runner.look({seen.run: Known(seen.runner_id)}))[seen.run].gone
        assert await bench.runner.usage(seen.run, seen.runner_id) == 0
        with pytest.raises(FileNotFoundError):
            await bench.read(seen, "outputs/count.txt")

    async def test_it_answers(self, bench: Bench) -> None:
        """A runner that stands says so."""
        await bench.runner.ping()
