"""The runner: what runs workflows. `RUNNER_URL` chooses which; the executor knows only this protocol."""

import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from chassis.files import Files
from contracts.vocabulary import Engine
from executor.runner.local import Forks, LocalRunner
from executor.runner.seen import Known, Look, Order, OutputSeen, StepSeen, Tells
from executor.runner.settings import RunnerSettings

__all__ = ["Forks", "Known", "Look", "Order", "OutputSeen", "Runner", "RunnerSettings", "StepSeen", "Tells", "open_runner"]


class Runner(Protocol):
    """Runs workflows and says what it saw."""

    @property
    def name(self) -> str:
        """`local`, or the address of a REANA."""
        ...

    @property
    def engines(self) -> frozenset[Engine]:
        """The workflow languages it takes."""
        ...

    @property
    def at_once(self) -> int:
        """Runs it may have at the same time."""
        ...

    @property
    def tells(self) -> frozenset[Tells]:
        """What it can say of a run."""
        ...

    async def submit(self, order: Order, named: Callable[[str], Awaitable[None]] | None = None) -> str:
        """Start a run and answer the runner's id of it. The same run again adopts what is there: it runs once.

        `named` is told the id as soon as there is one, for whoever must find what was only half submitted.
        `Refusal` for what will never run; `Trouble` or a connection error for what may be tried again.
        """
        ...

    async def withdraw(self, order: Order) -> None:
        """Stop and remove whatever there is of a run that may be submitted, half or whole; it is fine if there is nothing."""
        ...

    async def look(self, known: Mapping[UUID, Known]) -> dict[UUID, Look]:
        """What is new of these runs; one without news is left out. Asking again with the same cursor answers the same."""
        ...

    async def stop(self, run: UUID, runner_id: str) -> None:
        """Stop a run; the next look says how it stands. One that has ended or is gone stays as it is."""
        ...

    async def delete(self, run: UUID, runner_id: str) -> None:
        """Stop a run if need be and remove its workspace; one that is gone is fine."""
        ...

    def forget(self, run: UUID) -> None:
        """Let go of what is remembered of a run: its end and all that belongs to it has been kept."""
        ...

    def files(self, run: UUID, runner_id: str, path: str) -> AsyncIterator[bytes]:
        """Stream a file of the workspace. `FileNotFoundError` if there is none, or it lies outside."""
        ...

    async def usage(self, run: UUID, runner_id: str) -> int:
        """Bytes of the run's workspace; 0 if it is gone."""
        ...

    async def ping(self) -> None:
        """Raise if the runner could not start a run now."""
        ...

    async def close(self) -> None:
        """Let go of what it holds; runs go on."""
        ...


def open_runner(settings: RunnerSettings, files: Files, forks: Forks, wallet: Any = None) -> Runner:
    """The runner that `RUNNER_URL` names; the wallet holds the accounts' tokens, for a runner that needs them."""
    match urlsplit(settings.runner_url).scheme:
        case "local":
            return LocalRunner(Path(settings.runner_url.removeprefix("local:")), settings, files, forks)
        case "https" | "http":
            # REANA's client is an extra of this package: 120 MB and a second, for nobody who does not use it
            opened: Runner = importlib.import_module("executor.runner.reana").ReanaRunner(
                settings.runner_url, settings, files, forks, wallet
            )
            return opened
        case scheme:
            msg = f"RUNNER_URL: no runner for {scheme!r}; use local:<folder> or the https://… of a REANA"
            raise ValueError(msg)
