"""What the REANA stand-in knows: users, workflows, jobs, and the moods in which it misbehaves."""

import asyncio
import json
import os
import re
import shutil
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import yaml

from chassis.bundles import pack
from chassis.files import Folder, once
from chassis.forks import Forks
from chassis.refusal import Refusal
from contracts.vocabulary import Engine, RunStatus, StepStatus
from executor.runner import Known, Order, RunnerSettings, StepSeen
from executor.runner.local import LocalRunner

ENDED = {"finished", "failed", "stopped"}
WORDS = {
    StepStatus.RUNNING: "running",
    StepStatus.FINISHED: "finished",
    StepStatus.FAILED: "failed",
    StepStatus.STOPPED: "stopped",
}
ALL_CODES = list(range(256))


@dataclass
class Mood:
    """How the stand-in misbehaves; everything can be set while it runs."""

    storm: int = 0
    """So many of the next requests are answered 429."""
    retry_after: str = "1"
    broken: int = 0
    """So many of the next requests are answered 500."""
    drop: int = 0
    """So many of the next connections are closed without an answer."""
    lose: str = ""
    """The next request to this operation (`create`, `start`, `upload`) is done, and its answer lost."""
    slow: float = 0.0
    late: float = 0.0
    """Seconds after the end for which the last job's end, the counters and the engine's log are missing."""
    stuck: bool = False
    """Runs never begin to run, or never end."""
    zone: float = 0.0
    """Hours by which the clock of runs and jobs is off."""
    limit: int = 0
    """Requests a second; 0 for as many as anybody likes."""
    queue: float = 0.02
    pend: float = 0.02


@dataclass
class Job:
    """A job's row."""

    id: str
    name: str
    cmd: str
    image: str
    status: str = "running"
    said: str = ""
    started: datetime | None = None
    finished: datetime | None = None


@dataclass
class Workflow:
    """A workflow's row."""

    id: str
    owner: str
    name: str
    major: int
    spec: dict[str, Any]
    workspace: Path
    minor: int = 0
    status: str = "created"
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    given: dict[str, Any] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    log: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    stopped: datetime | None = None
    results: dict[str, Path] = field(default_factory=dict)
    """Folders of the workspace beside the uploads, by the beginning of their files' names."""
    task: "asyncio.Task[None] | None" = None
    changes: list[str] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        """`hello.3`, `hello.3.1`."""
        return f"{self.name}.{self.major}" + (f".{self.minor}" if self.minor else "")

    def move(self, status: str) -> None:
        """Change its status, with the times that belong to it."""
        self.status, now = status, datetime.now(UTC)
        self.changes.append(status)
        if status == "running":
            self.started = now
        if status in ENDED:
            self.finished = now
        if status == "stopped":
            self.stopped = now

    def files(self) -> dict[str, Path]:
        """Every file of the workspace by its name."""
        found: dict[str, Path] = {}
        for prefix, folder in (("", self.workspace), *self.results.items()):
            for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
                if path.is_file() and not path.is_symlink():
                    found[prefix + str(path.relative_to(folder))] = path
        return found


class World:
    """Everything."""

    def __init__(self, folder: Path, tokens: list[str]) -> None:
        self.folder, self.mood, self.asked = folder, Mood(), Counter[str]()
        self.refused = 0
        self.times: list[float] = []
        self.users = {token: str(uuid4()) for token in tokens}
        self.over_quota: set[str] = set()
        self.workflows: dict[str, Workflow] = {}
        self.forks = Forks(["executor.runner.warm"], {name: os.environ[name] for name in ("LANG", "TZ") if name in os.environ})
        self.store = Folder(folder / "files")
        settings = RunnerSettings(runner_url=f"local:{folder / 'runs'}", runner_container="ignore")
        self.runner = LocalRunner(folder / "runs", settings, self.store, self.forks)

    def user(self, token: str) -> str | None:
        """Whose token it is; tests make users by asking with a new token that begins so."""
        if token.startswith("user-"):
            self.users.setdefault(token, str(uuid4()))
        return self.users.get(token)

    def create(self, owner: str, name: str, spec: dict[str, Any]) -> Workflow:
        """A new workflow of that name."""
        major = 1 + max((one.major for one in self.workflows.values() if one.owner == owner and one.name == name), default=0)
        new = str(uuid4())
        workspace = self.folder / "workspaces" / new
        workspace.mkdir(parents=True)
        self.workflows[new] = Workflow(new, owner, name, major, spec, workspace)
        return self.workflows[new]

    def restart(self, old: Workflow) -> Workflow:
        """A clone that shares the workspace."""
        same = [w for w in self.workflows.values() if (w.owner, w.name, w.major) == (old.owner, old.name, old.major)]
        minor = 1 + max(one.minor for one in same)
        new = Workflow(str(uuid4()), old.owner, old.name, old.major, old.spec, old.workspace, minor)
        self.workflows[new.id] = new
        return new

    def find(self, owner: str, named: str) -> Workflow | None:
        """By id, `name`, `name.3` or `name.3.1`."""
        mine = [one for one in self.workflows.values() if one.owner == owner]
        with suppress(ValueError):
            wanted = str(UUID(named))
            return next((one for one in mine if one.id == wanted), None)
        name, _, number = named.partition(".")
        if number and re.fullmatch(r"\d+(\.\d+)?", number):
            return next((one for one in mine if one.full_name == named), None)
        same = [one for one in mine if one.name in {name, named}]
        return max(same, key=lambda one: (one.major, one.minor), default=None)

    def begin(self, workflow: Workflow) -> None:
        """Queue it and let it go its way."""
        workflow.move("queued")
        workflow.task = asyncio.create_task(self._live(workflow))

    async def _live(self, workflow: Workflow) -> None:
        try:
            await asyncio.sleep(self.mood.queue)
            while self.mood.stuck:
                await asyncio.sleep(0.05)
            workflow.move("pending")
            begun = time.monotonic()
            while time.monotonic() < begun + self.mood.pend:  # the mood may change meanwhile
                await asyncio.sleep(min(0.05, self.mood.pend))
            kind = workflow.spec["workflow"]["type"]
            if kind in {"cwl", "serial"}:
                await self._locally(workflow, Engine(kind))
            else:
                await self._by_shell(workflow, kind)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            workflow.log += f"\nERROR {type(error).__name__}: {error}"
            workflow.move("failed")

    # -- with the local engine ------------------------------------------------------------------

    async def _locally(self, workflow: Workflow, engine: Engine) -> None:
        order = await self._order(workflow, engine)
        try:
            await self.runner.submit(order)
        except Refusal as no:
            workflow.move("running")
            workflow.log = f"ERROR Workflow parameter(s) could not be expanded. {no}"
            workflow.move("failed")
            return
        root, cursor = self.runner.root / workflow.id, ""
        workflow.results = {"": root / "work" / "shared"} if engine is Engine.SERIAL else {"outputs/": root / "outputs"}
        steps: dict[str, StepSeen] = {}
        while True:
            look = (await self.runner.look({UUID(workflow.id): Known(workflow.id, cursor)})).get(UUID(workflow.id))
            if look is None or (self.mood.stuck and look.status is not RunStatus.RUNNING):
                await asyncio.sleep(0.02)
                continue
            cursor = look.cursor
            if workflow.started is None:
                workflow.move("running")
            for step in look.steps:
                steps[step.place] = step
                self._job(workflow, step, engine, root)
            if look.status in {RunStatus.FINISHED, RunStatus.FAILED, RunStatus.STOPPED}:
                workflow.log = (
                    _cwl_log(workflow, steps, root) if engine is Engine.CWL else f"{look.reason or 'Workflow done'}\n"
                )
                workflow.move({"finished": "finished", "failed": "failed", "stopped": "stopped"}[look.status.value])
                return

    async def _order(self, workflow: Workflow, engine: Engine) -> Order:
        spec, parameters = workflow.spec, dict((workflow.spec.get("inputs") or {}).get("parameters") or {}) | workflow.given
        files = {name: path.read_bytes() for name, path in workflow.files().items()}
        if engine is Engine.SERIAL:
            main, content = "reana.yaml", spec | {"inputs": {"parameters": parameters}}
            given: dict[str, Any] = {}
        else:
            main, content, given = "workflow.json", _masked(spec["workflow"]["specification"]), parameters
        packed = await self.store.put(once(pack(files | {main: json.dumps(content).encode()})))
        return Order(UUID(workflow.id), engine, packed, main, given)

    def _job(self, workflow: Workflow, step: StepSeen, engine: Engine, root: Path) -> None:
        if step.command is None:
            return  # expressions are no jobs
        job = workflow.jobs.get(step.place)
        if job is None:
            image = step.image or ("docker.io/frolvlad/alpine-bash" if engine is Engine.CWL else "x")
            name = self._named(workflow, step, engine)
            cmd = (
                step.command[0]
                if engine is Engine.SERIAL
                else "mkdir -p cwl/outdir; " + " ".join(step.command) + "; cp -r $HOME/* outdir"
            )
            job = workflow.jobs[step.place] = Job(str(uuid4()), name, cmd, image, started=step.started)
        if step.status is StepStatus.RUNNING:
            return
        job.status = WORDS[step.status]
        if engine is Engine.CWL and step.exit_code is not None and step.status is not StepStatus.STOPPED:
            job.status = "finished"  # the wrapper ends in a copy, and that went well
        if job.status != "stopped":
            job.finished = step.ended
        log = root / step.log if step.log else None
        said = log.read_bytes().decode(errors="replace").replace("\0", "") if log and log.exists() else ""
        word = {"finished": "Completed", "failed": "Error"}.get(job.status, "Error")
        job.said = f"job: :\n {said}\n\n{word}\n"

    @staticmethod
    def _named(workflow: Workflow, step: StepSeen, engine: Engine) -> str:
        if engine is Engine.SERIAL:
            return "" if re.fullmatch(r"step-\d+(\[\d+\])?(-\d+)?", step.place) else step.name
        taken = {job.name for job in workflow.jobs.values()}
        indexed = re.fullmatch(rf"{re.escape(step.name)}\[(\d+)\]", step.place)
        number = int(indexed[1]) + 1 if indexed else 1
        while (name := step.name if number == 1 else f"{step.name}_{number}") in taken:
            number += 1
        return name

    # -- without it -----------------------------------------------------------------------------

    async def _by_shell(self, workflow: Workflow, kind: str) -> None:
        workflow.move("running")
        commands = _rules(workflow) if kind == "snakemake" else _stages(workflow)
        for name, command, image in commands:
            job = Job(str(uuid4()), name, command, image, started=datetime.now(UTC))
            workflow.jobs[f"{name}{len(workflow.jobs)}"] = job
            process = await asyncio.create_subprocess_shell(
                command, cwd=workflow.workspace, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
            )
            said, _ = await process.communicate()
            job.finished, good = datetime.now(UTC), process.returncode == 0
            job.status = "finished" if good else "failed"
            job.said = f"job: :\n {said.decode()}\n\n{'Completed' if good else 'Error'}\n"
            if not good:
                break
        workflow.log = "done\n"
        workflow.move("finished" if all(job.status == "finished" for job in workflow.jobs.values()) else "failed")

    async def stop(self, workflow: Workflow) -> None:
        """Stop what runs."""
        workflow.move("stopped")
        workflow.log = workflow.log or "stopped\n"
        task, workflow.task = workflow.task, None
        if task is not None:
            task.cancel()
        await self.runner.stop(UUID(workflow.id), workflow.id)
        for job in workflow.jobs.values():
            if job.status == "running":
                job.status, job.said = "stopped", "job: :\n \n\nError\n"

    async def delete(self, workflow: Workflow) -> None:
        """Mark it, and remove its workspace."""
        workflow.move("deleted")
        if workflow.task is not None:
            workflow.task.cancel()
        await self.runner.delete(UUID(workflow.id), workflow.id)
        shutil.rmtree(workflow.workspace, ignore_errors=True)

    def local(self, moment: datetime | None) -> str | None:
        """A time as REANA tells it: its own clock's, no zone, whole seconds."""
        if moment is None:
            return None
        return (moment.astimezone(UTC) + timedelta(hours=self.mood.zone)).strftime("%Y-%m-%dT%H:%M:%S")

    def seen_jobs(self, workflow: Workflow) -> list[Job]:
        """The jobs as far as they have been written down."""
        jobs = list(workflow.jobs.values())
        if jobs and not self.settled(workflow):
            jobs[-1] = replace(jobs[-1], status="running", finished=None, said="")
        return jobs

    def settled(self, workflow: Workflow) -> bool:
        """Whether everything of an ended run has been written down."""
        ended = workflow.finished
        return ended is None or time.time() - ended.timestamp() >= self.mood.late


def _masked(value: Any) -> Any:
    """Tools whose exit code nobody sees, as in REANA's CWL."""
    if isinstance(value, dict):
        made = {key: _masked(part) for key, part in value.items()}
        return made | {"successCodes": ALL_CODES} if made.get("class") == "CommandLineTool" else made
    return [_masked(part) for part in value] if isinstance(value, list) else value


def _cwl_log(workflow: Workflow, steps: dict[str, StepSeen], root: Path) -> str:
    lines = ["2026-01-01 00:00:00,000 | cwltool | MainThread | INFO | [workflow ] start"]
    groups: dict[str, list[StepSeen]] = {}
    for step in steps.values():
        groups.setdefault(step.name, []).append(step)
    for name, some in groups.items():
        lines.append(f"[workflow ] starting step {name}")
        for step in some:
            job = workflow.jobs.get(step.place)
            if job is not None and step.status is not StepStatus.STOPPED:
                lines.append(
                    f"[job {job.name}] completed {'success' if step.status is StepStatus.FINISHED else 'permanentFail'}"
                )
        bad = [step for step in some if step.status is StepStatus.FAILED]
        if bad:
            lines.append(
                f"ERROR | [step {name}] Output is missing expected field file:///workflow.json#main/{name}/out: {bad[0].reason}"
            )
        lines.append(f"[step {name}] completed {'permanentFail' if bad else 'success'}")
    result = root / "work" / "result.json"
    text = result.read_text().strip() if result.exists() else ""
    text = text.replace(str(root), f"/var/reana/users/{workflow.owner}/workflows/{workflow.id}")
    if text:
        lines += [
            f"FinalOutput{text}FinalOutput",
            f"2026-01-01 00:00:01,000 | root | MainThread | INFO | FinalOutput{text}FinalOutput",
        ]
    return "\n".join(lines) + "\n"


def _rules(workflow: Workflow) -> list[tuple[str, str, str]]:
    """Snakemake's rules, each run by Snakemake itself up to its end."""
    spec = workflow.spec["workflow"]
    needs: dict[str, list[str]] = dict(spec["specification"]["job_dependencies"])
    images = {step["name"]: step["environment"] for step in spec["specification"]["steps"]}
    order: list[str] = []

    def add(name: str) -> None:
        for other in needs.get(name, ()):
            add(other)
        if name in images and name not in order:
            order.append(name)

    for name in needs:
        add(name)
    values = [
        f"{key}={json.dumps(value)}" for key, value in ((workflow.spec.get("inputs") or {}).get("parameters") or {}).items()
    ]
    config = f"--config {' '.join(values)} " if values else ""
    run = f"{sys.executable} -m snakemake --cores 1 --nolock --quiet -s {spec['file']} {config}--until "
    return [(name, run + name, images[name]) for name in order]


def _stages(workflow: Workflow) -> list[tuple[str, str, str]]:
    """Yadage's stages of single steps."""
    spec = yaml.safe_load((workflow.workspace / workflow.spec["workflow"]["file"]).read_text())
    values = dict((workflow.spec.get("inputs") or {}).get("parameters") or {})
    made = []
    for stage in spec["stages"]:
        told = stage["scheduler"]
        given = {key: values.get(v["output"]) if isinstance(v, dict) else v for key, v in told.get("parameters", {}).items()}
        given = {key: str(value).replace("{workdir}", ".") for key, value in given.items()}
        made.append((stage["name"], told["step"]["process"]["cmd"].format(**given), told["step"]["environment"]["image"]))
    return made
