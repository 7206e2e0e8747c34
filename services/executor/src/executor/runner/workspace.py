"""A run's folder: what lies where, what was told in it, and who may write there."""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from pydantic import TypeAdapter

from contracts.executor import StagedFile
from contracts.vocabulary import Engine, RunStatus
from executor.runner.processes import Group
from executor.runner.seen import Look

TERMINAL = frozenset({RunStatus.FINISHED, RunStatus.FAILED, RunStatus.STOPPED})
OURS = ("work", "outputs", "logs")
"""Folders the run's account writes; the others it may only read."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What the child is told: the order, and what it is allowed."""

    run: UUID
    engine: Engine
    main: str
    parameters: dict[str, Any]
    files: tuple[StagedFile, ...]
    timeout: int
    parallel: int
    account: int | None
    container: str
    path: str
    limits: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """A line of `events.jsonl`: what happened, and the news it is."""

    event: str
    look: Look


BRIEF: TypeAdapter[Brief] = TypeAdapter(Brief)
TOLD: TypeAdapter[Told] = TypeAdapter(Told)


def _locked(lock: BinaryIO, until: float) -> bool:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.01)
        else:
            return True


class Workspace:
    """The paths of one run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.order = folder / "order.json"
        self.values = folder / "inputs.json"
        self.spec = folder / "spec"
        self.inputs = folder / "inputs"
        self.work = folder / "work"
        self.outputs = folder / "outputs"
        self.logs = folder / "logs"
        self.events = folder / "events.jsonl"
        self.child = folder / "child.json"
        self.stop = folder / "stop"
        self.log = folder / "log.txt"

    def brief(self) -> Brief:
        """What the child was told. `FileNotFoundError` if it never was."""
        return BRIEF.validate_json(self.order.read_bytes())

    def process(self) -> tuple[int, float] | None:
        """The child's pid and the moment it began, once it has said so."""
        try:
            told = json.loads(self.child.read_bytes())
        except FileNotFoundError:
            return None
        return int(told["pid"]), float(told["started"])

    def group(self) -> Group:
        """What the run's processes have in common. `FileNotFoundError` if there was no run."""
        return Group(self.folder, self.process(), self.brief().account)

    @contextmanager
    def alone(self, patience: float = 0.0) -> Iterator[bool]:
        """Whether nobody else is at work here: the child holds this lock as long as it lives, however it dies.

        Others hold it for moments only, to look whether the child does; who must have it is patient (seconds).
        """
        with (self.folder / "lock").open("ab") as lock:
            yield _locked(lock, time.monotonic() + patience)

    def told(self, start: int = 0) -> tuple[list[Told], int]:
        """The whole lines since a byte, and where they end; a torn last line is left for later."""
        try:
            with self.events.open("rb") as source:
                source.seek(start)
                lines = source.read().split(b"\n")
        except FileNotFoundError:
            return [], start
        whole = lines[:-1]
        return [TOLD.validate_json(line) for line in whole], start + sum(len(line) + 1 for line in whole)

    def write(self, path: Path, content: bytes) -> None:
        """Write a file of the platform's: there whole or not at all."""
        part = path.with_name(path.name + ".part")
        part.write_bytes(content)
        part.chmod(0o640)
        part.rename(path)

    def hand_over(self, account: int | None) -> None:
        """Give the run's account its folders to write, and the others to read."""
        for name in OURS:
            (self.folder / name).mkdir(exist_ok=True, mode=0o700)
        if account is None:
            return
        for name in OURS:
            os.chown(self.folder / name, account, account)
        readable = [self.order, self.values, self.spec, self.inputs]
        readable += [Path(here) / name for top in (self.spec, self.inputs) for here, ds, fs in os.walk(top) for name in ds + fs]
        for path in readable:
            if path.exists():
                os.chown(path, -1, account)
                path.chmod((path.stat().st_mode & 0o700) | ((path.stat().st_mode & 0o500) >> 3))
        os.chown(self.folder, -1, account)
        self.folder.chmod(0o710)

    def remove(self) -> None:
        """Remove the folder; what is gone is fine."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.folder.exists():  # a command may have taken its own folders' permissions away
            for here, folders, _ in os.walk(self.folder):
                for name in folders:
                    path = Path(here) / name
                    if not path.is_symlink():
                        path.chmod(0o700)
            shutil.rmtree(self.folder)
