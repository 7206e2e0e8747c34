"""What the executor's handlers and routes may touch, and its own settings."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import Field

from chassis.house import House
from chassis.outside import OutsideSettings
from chassis.unit import Unit
from executor.runner import Runner, RunnerSettings, open_runner
from executor.runs.store import Runs
from executor.tokens.store import Sealed
from executor.tokens.vault import Vault
from executor.tokens.wallet import StoredTokens


class ExecutorSettings(RunnerSettings, OutsideSettings):
    """How much the executor does at once, and how long it waits."""

    runs_at_once: int = Field(0, ge=0)
    """Runs that the runner has at the same time, the others are queued; 0 means the cores here, and 1,000 on a REANA."""
    run_lease: float = Field(15.0, gt=0)
    """Seconds after which a run that a killed process had in hand is taken up by another."""
    log_limit: int = Field(16 << 20, ge=1)
    """Bytes of a log that are kept; its end is cut off."""
    output_limit: int = Field(16 << 30, ge=1)
    """Bytes of one run's outputs that are kept; those beyond are told, but not stored."""

    outputs_grace: float = Field(86_400.0, ge=0)
    """Seconds that the outputs of a deleted run stay in the file store: the word of a dataset that holds them may be late."""


@dataclass(frozen=True)
class ExecutorParts:
    """The executor's own door."""

    runner: Runner
    vault: Vault


ExecutorHouse = House[ExecutorParts]


class ExecutorUnit(Unit[ExecutorParts]):
    """A transaction over runs."""

    @property
    def runs(self) -> Runs:
        """The runs."""
        return Runs(self.session)

    @property
    def tokens(self) -> Sealed:
        """The accounts' REANA tokens."""
        return Sealed(self.session)


@asynccontextmanager
async def opened(house: ExecutorHouse) -> AsyncIterator[ExecutorParts]:
    """Open the runner that `RUNNER_URL` names."""
    vault = Vault.of(house.settings)
    runner = open_runner(house.settings, house.files, house.forks, StoredTokens(house.sessions, vault))
    try:
        yield ExecutorParts(runner, vault)
    finally:
        await runner.close()


def pings(house: ExecutorHouse) -> dict[str, Callable[[], Awaitable[object]]]:
    """The runner answers."""
    return {"runner": house.parts.runner.ping}
