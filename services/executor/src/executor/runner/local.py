"""The local runner: workspaces on disk, one child process for each run; all it knows lies in the folders."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from uuid import UUID
from weakref import WeakValueDictionary

from chassis.files import Files
from chassis.refusal import Trouble, refuse
from contracts.vocabulary import Engine
from executor.runner import watch
from executor.runner.accounts import Accounts
from executor.runner.inside import CHUNK, bytes_below, open_inside
from executor.runner.processes import end
from executor.runner.seen import Known, Look, Order, Tells
from executor.runner.settings import RunnerSettings
from executor.runner.staging import stage
from executor.runner.workspace import Workspace

GRACE = 3.0
"""Seconds between asking a run's processes to end and ending them."""
BEGIN = 30.0
"""Seconds within which a child says that it is there."""


class Child(Protocol):
    """A forked child."""

    @property
    def ended(self) -> "asyncio.Future[int]":
        """Its exit code to come."""
        ...


class Forks(Protocol):
    """Starts a function of a module in a child process of its own (`chassis.forks`)."""

    async def start(self, target: str, argument: str, log: Path | None = None) -> Child:
        """Fork a child that calls `module:function` with one string."""
        ...


class LocalRunner:
    """Runs CWL and serial workflows on this machine."""

    name = "local"
    engines = frozenset({Engine.CWL, Engine.SERIAL})
    tells = frozenset(Tells)

    def __init__(self, root: Path, settings: RunnerSettings, files: Files, forks: Forks) -> None:
        self.at_once = os.cpu_count() or 1
        self.root, self._settings, self._files, self._forks = Path(os.path.realpath(root)), settings, files, forks
        self.root.mkdir(parents=True, exist_ok=True, mode=0o711)
        self._accounts = Accounts(self.root / "accounts", settings.runner_accounts, settings.runner_account_count)
        self._doors: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    def _workspace(self, run: UUID) -> Workspace:
        return Workspace(self.root / str(run))

    async def submit(self, order: Order, named: Callable[[str], Awaitable[None]] | None = None) -> str:  # noqa: ARG002
        """Stage the workspace if it is not, and start its child if none ever lived."""
        if order.engine not in self.engines:
            raise refuse(
                "executor:unsupported-engine",
                f"{order.engine.value} workflows need REANA: point RUNNER_URL at one (https://…)",
            )
        workspace = self._workspace(order.run)
        async with self._doors.setdefault(order.run, asyncio.Lock()):
            if not workspace.order.exists():
                try:
                    await stage(workspace, order, self._settings, self._files, self._accounts)
                except BaseException:
                    await asyncio.to_thread(self._forget, workspace, order.run)
                    raise
            if workspace.process() is None:
                await self._begin(workspace)
        return str(order.run)

    async def withdraw(self, order: Order) -> None:
        """Stop its child if there is one and remove its folder."""
        async with self._doors.setdefault(order.run, asyncio.Lock()):
            await self.delete(order.run, "")

    async def _begin(self, workspace: Workspace) -> None:
        """Start the child and wait until it says that it is there, or has ended."""
        child = await self._forks.start("executor.runner.child:main", str(workspace.folder), log=workspace.log)
        async with asyncio.timeout(BEGIN):
            while workspace.process() is None and not child.ended.done():  # noqa: ASYNC110 - a file rings no bell
                await asyncio.sleep(0.005)

    async def look(self, known: Mapping[UUID, Known]) -> dict[UUID, Look]:
        """Read what the children wrote since, and speak for the dead."""
        return await asyncio.to_thread(self._look, dict(known))

    def _look(self, known: dict[UUID, Known]) -> dict[UUID, Look]:
        found = ((run, watch.look(self._workspace(run), one.cursor)) for run, one in known.items())
        return {run: look for run, look in found if look is not None}

    async def stop(self, run: UUID, runner_id: str) -> None:  # noqa: ARG002 - the run's own id is ours
        """End all of a run's processes and say that it was stopped."""
        workspace = self._workspace(run)
        with suppress(FileNotFoundError):
            await asyncio.to_thread(workspace.stop.touch, 0o600)
            with workspace.alone() as dead:
                if dead:
                    await asyncio.to_thread(watch.end_for, workspace)
                    return
            await end(workspace.group(), GRACE)
            with workspace.alone() as dead:
                if dead:
                    await asyncio.to_thread(watch.end_for, workspace)

    async def delete(self, run: UUID, runner_id: str) -> None:
        """Stop the run if need be and remove its folder."""
        workspace = self._workspace(run)
        await self.stop(run, runner_id)
        with suppress(FileNotFoundError):
            await end(workspace.group(), 0)  # its account may be another run's next
        await asyncio.to_thread(self._forget, workspace, run)

    def _forget(self, workspace: Workspace, run: UUID) -> None:
        workspace.remove()
        self._accounts.give_back(run)

    def forget(self, run: UUID) -> None:
        """Nothing is remembered: all of it is on the disk."""

    async def files(self, run: UUID, runner_id: str, path: str) -> AsyncIterator[bytes]:  # noqa: ARG002
        """Stream a file of the workspace, never one outside of it."""
        found = await asyncio.to_thread(open_inside, self._workspace(run).folder, path)
        with os.fdopen(found, "rb") as source:
            while block := await asyncio.to_thread(source.read, CHUNK):
                yield block

    async def usage(self, run: UUID, runner_id: str) -> int:  # noqa: ARG002
        """Bytes of the run's folder."""
        return await asyncio.to_thread(bytes_below, self._workspace(run).folder)

    async def ping(self) -> None:
        """Raise if no workspace could be made."""
        try:
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise Trouble(f"no workspace can be made in {self.root}: {error}") from error

    async def close(self) -> None:
        """Nothing is held; children go on."""
