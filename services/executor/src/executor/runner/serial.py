"""A serial run inside the child: one command after the other in one folder, as REANA does it."""

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from contracts.executor import FileSeen
from contracts.vocabulary import Confinement, RunStatus, StepStatus
from executor.runner import measure
from executor.runner.events import Events
from executor.runner.facts import SERIAL, clean, environment, last_lines
from executor.runner.inside import digest, plain_files
from executor.runner.occurrences import Occurrences
from executor.runner.seen import OutputSeen, StepSeen
from executor.runner.workspace import Brief, Workspace
from executor.specs.serial import Serial, SerialStep, read_serial

NAMED = "named in the command"
EDGES = "\"'`()<>|&;=,: \t\n"
"""What may stand beside a file's name in a command."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """By which a changed file is told from one that is as it was."""

    inode: int
    size: int
    written: int
    changed: int


def run_serial(brief: Brief, workspace: Workspace, events: Events, confinement: Confinement) -> None:
    """Run the commands in order until one fails, and say how it ended."""
    events.run_started(environment(SERIAL, confinement))
    files = Occurrences(brief, workspace)
    shared = workspace.work / "shared"
    for source in (workspace.spec, workspace.inputs):
        shutil.copytree(source, shared, dirs_exist_ok=True, copy_function=_copy)
    known = _come_in(workspace, files, shared)
    events.inputs(files.outside)
    serial = read_serial((workspace.spec / brief.main).read_text(), brief.parameters)
    run = _Run(workspace, events, files, shared, known)
    for step in serial.steps:
        if not run.step(step):
            break
    outputs = run.outputs(serial)
    failed = [f"step {step.place} failed: {step.reason}" for step in events.failed]
    if failed:
        events.run_ended(RunStatus.FAILED, "\n".join(failed), outputs=outputs, inputs=files.outside)
    else:
        events.run_ended(RunStatus.FINISHED, outputs=outputs, inputs=files.outside)


def _copy(source: str, target: str) -> None:
    """Bytes and the right to be run, no owner: the account writes here."""
    Path(target).unlink(missing_ok=True)
    shutil.copyfile(source, target)
    Path(target).chmod(0o700 if os.access(source, os.X_OK) else 0o600)


def _come_in(workspace: Workspace, files: Occurrences, shared: Path) -> dict[Path, FileSeen]:
    """Every file of the workspace before the first command; what was brought in hides a bundle's file of its name."""
    known: dict[Path, FileSeen] = {}
    for folder in (workspace.spec, workspace.inputs):
        for path in plain_files(folder):
            there = path.relative_to(folder)
            if folder == workspace.inputs or not (workspace.inputs / there).exists():
                known[shared / there] = files.come_in(path, counts=folder == workspace.inputs)
    return known


class _Run:
    """The commands so far."""

    def __init__(
        self, workspace: Workspace, events: Events, files: Occurrences, shared: Path, known: dict[Path, FileSeen]
    ) -> None:
        self._workspace, self._events, self._files, self._shared, self._known = workspace, events, files, shared, known
        self._marks = self._look()

    def step(self, wanted: SerialStep) -> bool:
        """Run a command; answers whether it ended well."""
        log = self._workspace.logs / f"{wanted.place}.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        used = self._named(wanted.command)
        writers = {writer for seen in used if (writer := self._files.writer(seen.id))}
        before = self._events.ended[-1:]
        step = self._events.step_started(
            StepSeen(
                place=wanted.place,
                name=wanted.name,
                status=StepStatus.RUNNING,
                command=(wanted.command,),
                parameters=wanted.parameters,
                used=tuple(used),
                after=tuple(place for place in before if place not in writers),
                log=str(log.relative_to(self._workspace.folder)),
            )
        )
        code, cost = self._execute(wanted.command, log)
        generated = self._generated(wanted.place)
        status, reason = StepStatus.FINISHED, None
        if code != 0:
            status, reason = StepStatus.FAILED, f"exit code {code}\n{last_lines(log)}".strip()
            if self._workspace.stop.exists():
                status, reason = StepStatus.STOPPED, "stopped"
        self._events.step_ended(
            replace(
                step,
                status=status,
                reason=reason,
                exit_code=code,
                cpu_seconds=cost.cpu_seconds,
                peak_memory=cost.peak_memory,
                generated=tuple(generated),
            )
        )
        return code == 0

    def _execute(self, command: str, log: Path) -> tuple[int, measure.Cost]:
        cost = measure.Cost()
        with (
            log.open("ab") as said,
            measure.Measured(
                ["/bin/sh", "-c", command],
                cwd=self._shared,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=dict(os.environ),
            ) as process,
        ):
            measure.watch(process, cost)
            return process.wait(), cost

    def _look(self) -> dict[Path, _Mark]:
        found: dict[Path, _Mark] = {}
        for path in plain_files(self._shared):
            told = path.lstat()
            found[path] = _Mark(told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns)
        return found

    def _named(self, command: str) -> list[FileSeen]:
        """Files that are there and whose path the command names as a whole word."""
        words = command
        for edge in EDGES:
            words = words.replace(edge, "\0")
        names = {os.path.normpath(word) for word in words.split("\0") if word}
        found = [seen for path, seen in sorted(self._known.items()) if str(path.relative_to(self._shared)) in names]
        for seen in found:
            self._files.use(seen)
        return [seen.model_copy(update={"evidence": NAMED}) for seen in found]

    def _generated(self, place: str) -> list[FileSeen]:
        """New and changed files."""
        marks = self._look()
        before, self._marks = self._marks, marks
        for path in set(self._known) - set(marks):
            del self._known[path]
        found = []
        for path, mark in marks.items():
            if before.get(path) == mark or (path in self._known and self._only_touched(path, before.get(path), mark)):
                continue
            self._known[path] = self._files.made(place, path, str(self._shared))
            found.append(self._known[path])
        return found

    def _only_touched(self, path: Path, before: _Mark | None, mark: _Mark) -> bool:
        """Whether only what is said of a file has changed, such as who may run it, and not its content."""
        if before is None or replace(before, changed=mark.changed) != mark or path.is_symlink():
            return False
        return digest(self._workspace.folder, path) == (self._known[path].sha256, self._known[path].size)

    def outputs(self, serial: Serial) -> tuple[OutputSeen, ...]:
        """The declared results that are there."""
        found: dict[Path, OutputSeen] = {}
        places = [self._shared / name for name in serial.files]
        for name in serial.directories:
            places += plain_files(self._shared / name)
        for path in places:
            seen = self._known.get(Path(os.path.normpath(path)))
            if seen is not None:
                name = str(Path(os.path.normpath(path)).relative_to(self._shared))
                there = str(Path("work/shared") / name) if seen.sha256 is not None and clean(name) == name else None
                file = seen.model_copy(update={"role": clean(name), "path": clean(name), "evidence": None})
                found[path] = OutputSeen(file, there)
        return tuple(found.values())
