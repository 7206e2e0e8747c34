"""The local engine runs: the runner suite on it, and what only it promises."""

import asyncio
import io
import json
import os
import shutil
import signal
import stat
import tempfile
import zipfile
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio
from tests.contract.runner import WITHIN, Bench, RunnerSuite, Seen, a_while, file, let_go, serial, tool, workflow
from tests.living import lives
from tests.measuring import measured

from chassis.files import Folder
from chassis.forks import Forks
from chassis.refusal import Refusal, Trouble
from contracts.executor import StagedFile
from contracts.ids import input_id, output_id
from contracts.vocabulary import Confinement, Engine, RunStatus, StepStatus
from executor.runner import Known, RunnerSettings, open_runner
from executor.runner.local import LocalRunner
from executor.runner.watch import UNEXPECTED
from executor.runner.workspace import Workspace

SECRET = "a-secret-of-the-platform"
ROOT = os.geteuid() == 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def forks() -> AsyncIterator[Forks]:
    """A warm fork server, started once: what it imports takes a second."""
    os.environ["REPROVENA_TEST_SECRET"] = SECRET
    server = Forks(["executor.runner.warm"], {"PATH": "/usr/bin:/bin"} | measured())
    yield server
    await server.close()
    del os.environ["REPROVENA_TEST_SECRET"]


def open_bench(root: Path, forks: Forks, **settings: Any) -> Bench:
    """The local runner on a folder."""
    files = Folder(root / "files")
    chosen = RunnerSettings(runner_url=f"local:{root / 'runs'}", **settings)
    return Bench(open_runner(chosen, files, forks), files)


def room(bench: Bench, seen: Seen) -> Workspace:
    """A run's folder."""
    assert isinstance(bench.runner, LocalRunner)
    return Workspace(bench.runner.root / str(seen.run))


def words(process: psutil.Process) -> list[str]:
    """Its command; nothing of one that has gone meanwhile."""
    with suppress(psutil.NoSuchProcess):
        return process.cmdline()
    return []


async def ended(processes: list[psutil.Process]) -> None:
    """Wait until none of them lives: a process that was killed dies when it gets its turn."""
    async with asyncio.timeout(WITHIN / 2):  # sooner than any of the commands ends by itself
        while any(map(lives, processes)):
            await asyncio.sleep(0.05)


@pytest.mark.asyncio(loop_scope="module")
class TestLocalRunner(RunnerSuite):
    """The local engine does what every runner does, and this."""

    @pytest_asyncio.fixture(loop_scope="module")
    async def bench(self, tmp_path: Path, forks: Forks) -> Bench:
        """The runner on a fresh folder."""
        return open_bench(tmp_path, forks)

    async def test_a_killed_child_fails_its_run(self, bench: Bench) -> None:
        """Killed from outside, it leaves no process, no open step and no run without an end."""
        seen = await bench.start({"sleep.cwl": tool("sleep 60 & sleep 61")})
        await bench.until(seen, lambda seen: seen.steps)
        pid, _ = room(bench, seen).process() or (0, 0.0)
        below = psutil.Process(pid).children(recursive=True)

        os.kill(pid, signal.SIGKILL)
        await bench.end(seen)

        assert (seen.status, seen.reason) == (RunStatus.FAILED, UNEXPECTED)
        assert (seen.steps["sleep"].status, seen.steps["sleep"].reason) == (StepStatus.FAILED, UNEXPECTED)
        await ended(below)

    async def test_a_torn_last_line_is_left_and_then_replaced(self, bench: Bench) -> None:
        """A child that dies while it writes leaves half a line; nobody trips over it."""
        seen = await bench.start({"sleep.cwl": tool("sleep 60")})
        await bench.until(seen, lambda seen: seen.steps)
        with room(bench, seen).events.open("ab") as target:
            target.write(b'{"event":"step-en')
        assert await bench.runner.look({seen.run: Known(seen.runner_id, seen.cursor)}) == {}

        os.kill((room(bench, seen).process() or (0, 0.0))[0], signal.SIGKILL)
        await bench.end(seen)

        assert seen.status is RunStatus.FAILED
        assert len((await bench.runner.look({seen.run: Known(seen.runner_id)}))[seen.run].steps) == 1

    async def test_a_restarted_platform_watches_on(self, bench: Bench, tmp_path: Path, forks: Forks) -> None:
        """A new runner on the same folder finds what runs, adopts it and sees its end."""
        seconds = a_while()
        command = f"sleep {seconds}; echo done"
        order = await bench.order({"wait.cwl": tool(command, outputs={"out": {"type": "stdout"}}, stdout="out.txt")})
        seen = Seen(order.run, await bench.runner.submit(order))
        await bench.until(seen, lambda seen: seen.steps)
        pid = room(bench, seen).process()

        other = open_bench(tmp_path, forks)
        assert await other.runner.submit(order) == seen.runner_id
        await let_go(seconds)
        await other.end(seen)

        assert room(other, seen).process() == pid
        assert seen.status is RunStatus.FINISHED
        assert seen.history["wait"] == [StepStatus.RUNNING, StepStatus.FINISHED]

    async def test_a_crash_between_staging_and_starting_is_mended_by_submitting_again(self, bench: Bench) -> None:
        """Half a folder is made anew; a whole one without a child gets one."""
        order = await bench.order({"true.cwl": tool("true")})
        half = Workspace(bench.runner.root / str(order.run))  # type: ignore[attr-defined]
        half.spec.mkdir(parents=True)
        (half.spec / "true.cwl").write_text("torn")

        seen = await bench.end(Seen(order.run, await bench.runner.submit(order)))

        assert seen.status is RunStatus.FINISHED

    async def test_a_whole_folder_without_a_child_gets_one(self, bench: Bench) -> None:
        """Who staged it died before the child began; whoever submits again starts it."""

        class Away:
            async def start(self, target: str, argument: str, log: Path | None = None) -> Any:
                raise Trouble("no children today")

        assert isinstance(bench.runner, LocalRunner)
        order = await bench.order({"true.cwl": tool("true")})
        torn = LocalRunner(bench.runner.root, RunnerSettings(), bench.files, Away())
        with pytest.raises(Trouble):
            await torn.submit(order)
        assert Workspace(bench.runner.root / str(order.run)).order.exists()

        seen = await bench.end(Seen(order.run, await bench.runner.submit(order)))

        assert seen.status is RunStatus.FINISHED

    async def test_a_run_stopped_before_its_child_starts_never_runs(self, bench: Bench) -> None:
        """The word that it was stopped is the last one, whoever starts late."""
        seen = await bench.run({"true.cwl": tool("true")})
        folder = room(bench, seen)
        folder.events.unlink()
        folder.child.unlink()

        await bench.runner.stop(seen.run, seen.runner_id)
        order = await bench.order({"true.cwl": tool("true")})
        await bench.runner.submit(replace(order, run=seen.run))
        again = await bench.end(Seen(seen.run, seen.runner_id))

        assert (again.status, again.steps) == (RunStatus.STOPPED, {})

    async def test_stop_ends_what_does_not_listen(self, bench: Bench) -> None:
        """A command that ignores the request to end, or has left its group, is ended."""
        command = "trap '' TERM; setsid sleep 62 & while true; do sleep 0.2; done"
        seen = await bench.start({"deaf.cwl": tool(command)})
        await bench.until(seen, lambda seen: seen.steps)
        child = psutil.Process((room(bench, seen).process() or (0, 0.0))[0])
        async with asyncio.timeout(WITHIN):  # once that sleeps, its shell is deaf
            while ["sleep", "62"] not in map(words, below := child.children(recursive=True)):
                await asyncio.sleep(0.05)
        assert len(below) >= 2

        await bench.runner.stop(seen.run, seen.runner_id)
        await bench.end(seen)

        assert seen.status is RunStatus.STOPPED
        await ended(below)

    async def test_commands_see_nothing_of_the_platforms_environment(self, bench: Bench) -> None:
        """A clean environment, a home inside the workspace."""
        seen = await bench.finish({"env.cwl": tool("env", outputs={"out": {"type": "stdout"}}, stdout="env.txt")})

        said = dict(line.split("=", 1) for line in (await bench.result(seen, "env.txt")).decode().splitlines() if "=" in line)
        assert SECRET not in said.values()
        assert set(said) <= {
            "PATH",
            "HOME",
            "TMPDIR",
            "LANG",
            "LC_ALL",
            "PWD",
            "PYTHONDONTWRITEBYTECODE",
            "_",
            "SHLVL",
            "OLDPWD",
        }
        assert Path(said["HOME"]).is_relative_to(room(bench, seen).folder)

    @pytest.mark.skipif(not ROOT, reason="only root can step down")
    async def test_as_root_commands_run_as_nobody_in_particular(self, bench: Bench) -> None:
        """Each run has an account of its own, which cannot read another run's folder, nor change its own inputs."""
        first = await bench.finish(
            {"count.cwl": tool("cat $1", {"f": "File"}, {"out": {"type": "stdout"}}, stdout="out.txt")},
            {"f": file("f")},
            {"f": b"mine"},
        )
        other = room(bench, first).folder
        mine = '$(dirname "$(readlink -f $1)")'
        command = "; ".join(
            (
                "id -u; id -G",
                "ls /proc/$PPID/fd 2>/dev/null; cat /proc/$PPID/environ 2>/dev/null",
                f"cat {other}/outputs/out.txt {other}/inputs/f 2>/dev/null; ls {other} 2>/dev/null",
                "(echo x > $(readlink -f $1)) 2>/dev/null && echo changed",
                f"(echo x > {mine}/new) 2>/dev/null && echo added",
                "true",
            )
        )

        seen = await bench.finish(
            {"look.cwl": tool(command, {"f": "File"}, {"out": {"type": "stdout"}}, stdout="out.txt")},
            {"f": file("f")},
            {"f": b"x"},
        )

        said = (await bench.result(seen, "out.txt")).decode().split()
        assert len(said) == 2
        assert int(said[0]) >= 200_000
        assert said[0] == said[1]
        assert room(bench, first).outputs.stat().st_uid != int(said[0])
        assert seen.told["environment"].confinement is Confinement.ACCOUNT

    async def test_without_accounts_it_says_that_nothing_confines(self, tmp_path: Path, forks: Forks) -> None:
        """Where commands run as the platform itself, the run says so."""
        bench = open_bench(tmp_path, forks, runner_accounts=0)

        seen = await bench.finish({"true.cwl": tool("true")})

        assert seen.told["environment"].confinement is Confinement.NONE

    @pytest.mark.skipif(not ROOT, reason="only root can step down")
    async def test_a_closed_way_to_the_workspace_is_opened_for_the_run_alone(self, forks: Forks) -> None:
        """Folders above the workspace may be root's alone: the run sees through them to its own folder and nothing else."""
        with tempfile.TemporaryDirectory() as top:
            secret = Path(top) / "secret.txt"
            secret.write_text(SECRET)
            bench = open_bench(Path(top) / "deep", forks)
            document = tool(f"ls {top}; cat {secret} || true", outputs={"out": {"type": "stdout"}}, stdout="out.txt")

            seen = await bench.finish({"look.cwl": document})

            assert stat.S_IMODE(Path(top).stat().st_mode) == 0o700
            assert SECRET.encode() not in await bench.result(seen, "out.txt")

    async def test_links_that_leave_the_workspace_are_not_followed(self, bench: Bench, tmp_path: Path) -> None:
        """Such a result is named, but neither hashed nor served; a link inside is as good as a file."""
        document = serial(
            {
                "name": "link",
                "environment": "x",
                "commands": ["ln -s /etc/passwd out.txt; echo a > a; ln -s a in.txt; ln -s /etc there"],
            },
            outputs={"files": ["out.txt", "in.txt"], "directories": ["there"]},
        )

        seen = await bench.finish({"reana.yaml": document}, engine=Engine.SERIAL)

        assert (seen.outputs["out.txt"].file.sha256, seen.outputs["out.txt"].workspace) == (None, None)
        assert await bench.result(seen, "in.txt") == b"a\n"
        assert not [path for path in seen.outputs if path.startswith("there/")]
        for path in ("work/shared/out.txt", "work/shared/there/passwd", "../../files", "/etc/passwd", "outputs", ""):
            with pytest.raises(FileNotFoundError):
                await bench.read(seen, path)

    async def test_a_linked_cwl_output_does_not_bring_outside_files_in(self, bench: Bench) -> None:
        """The engine follows links when it moves results; what came from outside is not served."""
        seen = await bench.run({"link.cwl": tool("ln -s /etc/passwd out.txt", outputs={"out": "out.txt"})})

        assert [output.workspace for output in seen.outputs.values()] == [None]
        assert seen.outputs["out.txt"].file.sha256 is None
        assert not list(room(bench, seen).outputs.iterdir())

    @pytest.mark.parametrize("name", ["../evil.cwl", "/evil.cwl", "a/../../evil.cwl"])
    async def test_a_bundle_that_leaves_its_folder_is_refused(self, bench: Bench, name: str) -> None:
        """No part of it is kept."""
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as target:
            target.writestr("main.cwl", json.dumps(tool("true")))
            target.writestr(name, "x")
        order = replace(await bench.order({"main.cwl": tool("true")}), spec=await bench.put(made.getvalue()))

        with pytest.raises(Refusal):
            await bench.runner.submit(order)

        assert not (bench.runner.root / str(order.run)).exists()  # type: ignore[attr-defined]

    async def test_a_staged_file_that_leaves_its_folder_is_refused(self, bench: Bench) -> None:
        """Its name is a path inside the workspace."""
        order = await bench.order({"main.cwl": tool("true")})
        staged = StagedFile(name="../../x", content=await bench.put(b"x"))

        with pytest.raises(Refusal, match="leads out of its folder"):
            await bench.runner.submit(replace(order, files=(staged,)))

    async def test_documents_outside_the_bundle_are_not_read(self, bench: Bench, tmp_path: Path) -> None:
        """Neither from the disk nor from the net."""
        (tmp_path / "other.cwl").write_text(json.dumps(tool("true")))
        for run in (str(tmp_path / "other.cwl"), "https://example.org/other.cwl"):
            seen = await bench.run({"wf.cwl": workflow({}, {"s": {"run": run, "in": {}, "out": []}}, {})})

            assert seen.status is RunStatus.FAILED
            assert "bundle" in seen.reason or "not found" in seen.reason or "undefined" in seen.reason, seen.reason
            assert seen.steps == {}

    async def test_files_of_the_bundle_are_inputs_when_used(self, bench: Bench) -> None:
        """A default file of a tool is an outside file with a digest; the documents themselves are not."""
        inputs = {
            "script": {
                "type": "File",
                "default": {"class": "File", "location": "lib/hello.sh"},
                "inputBinding": {"position": 1},
            }
        }
        document = tool("sh $1", inputs, {"out": {"type": "stdout"}}, stdout="out.txt", id="say")

        seen = await bench.finish({"say.cwl": document, "lib/hello.sh": b"echo hello\n"})

        assert await bench.result(seen, "out.txt") == b"hello\n"
        assert set(seen.inputs) == {"lib/hello.sh"}
        assert seen.used("say") == {input_id(seen.run, "lib/hello.sh")}

    async def test_folders_come_in_file_by_file(self, bench: Bench) -> None:
        """A folder among the inputs is as many outside files as it has."""
        document = tool(
            "cat $1/x.txt $1/e/y.txt", {"folder": "Directory"}, {"out": {"type": "stdout"}}, stdout="out.txt", id="take"
        )
        folder = {"class": "Directory", "path": "d"}

        seen = await bench.finish({"take.cwl": document}, {"folder": folder}, {"d/x.txt": b"x\n", "d/e/y.txt": b"y\n"})

        assert await bench.result(seen, "out.txt") == b"x\ny\n"
        assert seen.used("take") == {input_id(seen.run, name) for name in ("d/x.txt", "d/e/y.txt")}
        assert {one.role for one in seen.inputs.values()} == {"folder"}

    async def test_an_input_that_is_also_a_result_stays_what_it_is(self, bench: Bench) -> None:
        """Passing a file through makes no new occurrence."""
        document = tool(
            "true", {"text": "File"}, {"same": {"type": "File", "outputBinding": {"outputEval": "$(inputs.text)"}}}, id="pass"
        )

        seen = await bench.finish({"pass.cwl": document}, {"text": file("t.txt")}, {"t.txt": b"t\n"})

        assert seen.made("pass") == {}
        assert seen.outputs["t.txt"].file.id == input_id(seen.run, "t.txt")
        assert await bench.result(seen, "t.txt") == b"t\n"

    async def test_javascript_needs_no_node_of_the_system(self, tmp_path: Path, forks: Forks) -> None:
        """The platform brings its own."""
        (tmp_path / "bin").mkdir()
        for name in ("sh", "echo"):
            (tmp_path / "bin" / name).symlink_to(shutil.which(name) or "")
        bench = open_bench(tmp_path, forks, runner_path=str(tmp_path / "bin"))
        javascript = [{"class": "InlineJavascriptRequirement"}]
        document = tool(
            "echo done",
            outputs={"out": {"type": "stdout"}},
            stdout="$([6, 7].map(n => n * 7).join('-')).txt",
            requirements=javascript,
        )

        seen = await bench.finish({"js.cwl": document})

        assert set(seen.outputs) == {"42-49.txt"}

    async def test_a_step_that_insists_on_an_image_says_what_it_lacks(self, tmp_path: Path, forks: Forks) -> None:
        """A hint is passed over where no container engine is; a requirement is not."""
        bench = open_bench(tmp_path, forks, runner_container="none")
        image = {"DockerRequirement": {"dockerPull": "debian:stable-slim"}}

        hinted = await bench.finish({"true.cwl": tool("true", hints=image)})
        required = await bench.run({"true.cwl": tool("true", requirements=image)})

        assert hinted.steps["true"].image is None
        assert required.status is RunStatus.FAILED
        assert "DockerRequirement" in required.reason

    async def test_where_images_are_ignored_a_step_runs_on_what_the_machine_has(self, tmp_path: Path, forks: Forks) -> None:
        """Only where the operator says so; and nothing says afterwards that it ran in an image."""
        bench = open_bench(tmp_path, forks, runner_container="ignore")
        image = {"DockerRequirement": {"dockerPull": "debian:stable-slim"}}

        seen = await bench.finish({"true.cwl": tool("true", requirements=image)})

        assert (seen.status, seen.steps["true"].image) == (RunStatus.FINISHED, None)

    async def test_one_part_of_a_document_can_be_run(self, bench: Bench) -> None:
        """A main document may name one of its processes."""
        parts = [tool("echo a", outputs={"out": {"type": "stdout"}}, stdout=f"{name}.txt", id=name) for name in ("one", "two")]
        order = await bench.order(
            {"all.cwl": {"cwlVersion": "v1.2", "$graph": [{k: v for k, v in p.items() if k != "cwlVersion"} for p in parts]}}
        )

        seen = await bench.end(Seen(order.run, await bench.runner.submit(replace(order, main="all.cwl#two"))))

        assert (seen.status, set(seen.outputs), set(seen.steps)) == (RunStatus.FINISHED, {"two.txt"}, {"two"})

    async def test_a_late_child_that_does_not_end_itself_is_ended(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever looks keeps the time as well."""
        seen = await bench.start({"sleep.cwl": tool("sleep 60")}, timeout=1000)
        await bench.until(seen, lambda seen: seen.steps)
        monkeypatch.setattr("executor.runner.watch.GRACE", timedelta(seconds=-1000))

        await bench.end(seen)

        assert (seen.status, seen.reason) == (RunStatus.FAILED, "timed out after 1000 s")

    async def test_a_bundle_may_be_a_single_document(self, bench: Bench) -> None:
        """What is no zip is the main document itself."""
        order = await bench.order({"true.cwl": tool("true")})

        bare = replace(order, spec=await bench.put(json.dumps(tool("true")).encode()))
        seen = await bench.end(Seen(bare.run, await bench.runner.submit(bare)))

        assert seen.status is RunStatus.FINISHED

    async def test_nested_scatter_has_an_index_for_each_list(self, bench: Bench) -> None:
        """Each element of a crossed scatter has an index for each list."""
        say = tool("echo $1$2", {"a": "string", "b": "string"}, {"out": {"type": "stdout"}}, stdout="out.txt")
        step = {
            "run": say,
            "scatter": ["a", "b"],
            "scatterMethod": "nested_crossproduct",
            "in": {"a": "xs", "b": "ys"},
            "out": ["out"],
        }
        whole = workflow({"xs": "string[]", "ys": "string[]"}, {"cross": step}, {})

        seen = await bench.finish({"wf.cwl": whole}, {"xs": ["a", "b"], "ys": ["c", "d"]})

        assert set(seen.steps) == {f"cross[{i}][{j}]" for i in (0, 1) for j in (0, 1)}
        assert seen.steps["cross[1][0]"].parameters == {"a": "b", "b": "c"}

    async def test_files_that_expressions_make_up_are_followed(self, bench: Bench) -> None:
        """A file literal is what its expression wrote, used by the next step and hashed."""
        expression = {
            "class": "ExpressionTool",
            "requirements": [{"class": "InlineJavascriptRequirement"}],
            "inputs": {},
            "outputs": {"f": "File"},
            "expression": "${ return {f: {class: 'File', basename: 'made.txt', contents: 'made up'}}; }",
        }
        take = tool("cat $1", {"f": "File"}, {"out": {"type": "stdout"}}, stdout="out.txt")
        steps = {
            "make": {"run": expression, "in": {}, "out": ["f"]},
            "take": {"run": take, "in": {"f": "make/f"}, "out": ["out"]},
        }

        seen = await bench.finish({"wf.cwl": workflow({}, steps, {"out": "take/out", "f": "make/f"})})

        assert seen.used("take") == {output_id(seen.run, "make", "made.txt")}
        assert seen.outputs["made.txt"].file.id == output_id(seen.run, "make", "made.txt")
        assert await bench.result(seen, "made.txt") == b"made up"

    async def test_a_step_uses_no_more_than_its_limits(self, tmp_path: Path, forks: Forks) -> None:
        """A file larger than allowed cannot be written."""
        bench = open_bench(tmp_path, forks, runner_file_size=100_000, runner_open_files=128)

        seen = await bench.run({"big.cwl": tool("ulimit -n; head -c 200000 /dev/zero > big", outputs={"out": "big"})})

        assert seen.status is RunStatus.FAILED
        assert (await bench.read(seen, seen.steps["big"].log or "")).startswith(b"128\n")

    async def test_nothing_outlives_its_run(self, bench: Bench) -> None:
        """What a command leaves running is ended with the run."""
        seen = await bench.finish(
            {"leave.cwl": tool("setsid sleep 63 > /dev/null 2>&1 & echo $! > pid", outputs={"pid": "pid"})}
        )

        pid = int(await bench.result(seen, "pid"))
        with suppress(psutil.NoSuchProcess):
            await ended([psutil.Process(pid)])

    async def test_a_document_that_is_none_fails_with_the_engines_word(self, bench: Bench) -> None:
        """What the engine says of it is the reason."""
        seen = await bench.run({"bad.cwl": b"cwlVersion: v1.2\nclass: CommandLineTool\nbaseCommand: [\n"})

        assert seen.status is RunStatus.FAILED
        assert seen.reason
        assert await bench.read(seen, seen.told["log"])
