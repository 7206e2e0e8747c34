"""The executor on its own, with the local engine behind a door that can be made to stick."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.measuring import NAMES

from chassis.files import once
from chassis.house import House
from chassis.service import Service, Subscription
from chassis.testing import a_house, no_doors, somebody
from chassis.unit import Unit
from contracts.executor import (
    RunDeleted,
    RunEnded,
    RunFailed,
    RunFinished,
    RunQueued,
    RunStarted,
    RunStopped,
    StartRun,
    StepEnded,
    StepStarted,
    WorkflowRef,
)
from contracts.ids import uuid7
from contracts.message import Caller, Command, FileRef
from contracts.refusals import ExecutorCommandRefused, GatewayCommandRefused, GatewayDeliveryParked
from contracts.vocabulary import Engine
from executor.runs.store import RunRow
from executor.service import executor
from executor.unit import ExecutorParts, ExecutorSettings

SHOUT = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'echo $0 | tr a-z A-Z']
inputs: {word: {type: string, inputBinding: {position: 1}}}
stdout: loud.txt
outputs: {loud: stdout}
"""
SLEEPY = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sleep, "60"]
inputs: []
outputs: []
"""


@dataclass
class Sticky:
    """The real runner; what is planned for one of its methods happens first."""

    runner: Any
    plans: dict[str, Callable[[int], Any]] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.runner, name)
        if name not in {"submit", "withdraw", "look", "stop", "delete", "usage"}:
            return found

        async def through(*told: Any) -> Any:
            self.times[name] = self.times.get(name, 0) + 1
            if name in self.plans:
                planned = self.plans[name](self.times[name])
                if asyncio.iscoroutine(planned):
                    planned = await planned
                if planned is not None:
                    return planned
            return await found(*told)

        return through


@dataclass
class World:
    """The executor, its sticky runner, and what it said."""

    house: House[ExecutorParts]
    runner: Sticky
    said: list[Any]
    caller: Caller

    async def tell(self, command: Command) -> UUID:
        """Give an order with a job; the job."""
        job = uuid7()
        command = command.model_copy(update={"job": job, "tenant": self.caller.tenants[0]})
        async with self.house.work() as unit:
            await unit.publish(self.house.callers.sign(command, self.caller))
        return job

    async def workflow(self, spec: str | bytes = SHOUT, engine: Engine = Engine.CWL) -> WorkflowRef:
        """A workflow as the registry would hand it over."""
        ref: FileRef = await self.house.files.put(once(spec if isinstance(spec, bytes) else spec.encode()))
        return WorkflowRef(
            id=uuid7(), handle="x/1", name="w", version="1", revision=1, engine=engine, spec=ref, main="tool.cwl"
        )  # fmt: skip

    async def start(self, spec: str | bytes = SHOUT, **more: Any) -> UUID:
        """Start a run; its id."""
        run = uuid7()
        parameters = more.pop("parameters", {"word": "hello"} if spec is SHOUT else {})
        workflow = await self.workflow(spec, more.pop("engine", Engine.CWL))
        await self.tell(StartRun(run=run, workflow=workflow, parameters=parameters, **more))
        return run

    async def heard(self, kind: type[Any], within: float = 90, count: int = 1) -> list[Any]:
        """Wait for so many facts of a kind."""
        async with asyncio.timeout(within):
            while len(found := [fact for fact in self.said if isinstance(fact, kind)]) < count:
                await asyncio.sleep(0.02)
        return found

    async def row(self, run: UUID) -> RunRow:
        """A run as it is kept."""
        async with self.house.work() as unit:
            found = await unit.runs.get(run)
        assert found is not None
        return found


@pytest.fixture
async def world(database_url: str, folder: Path) -> AsyncIterator[World]:
    """The executor at work, and somebody who listens."""
    said: list[Any] = []

    async def listen(fact: Any, _unit: Any) -> None:
        said.append(fact)

    kinds = (
        RunQueued,
        RunStarted,
        StepStarted,
        StepEnded,
        RunFinished,
        RunFailed,
        RunStopped,
        RunDeleted,
        ExecutorCommandRefused,
    )
    ear = Service(
        "gateway", tuple(Subscription(kind, listen) for kind in kinds),
        GatewayCommandRefused, GatewayDeliveryParked, Unit, ExecutorSettings, no_doors, "gateway",
    )  # fmt: skip
    # the lease is long: a process that stands still for a second must not take its own runs for those of a dead one
    settings = ExecutorSettings(
        database_url=database_url, state=folder, files_url=f"file:{folder}/files", runner_url=f"local:{folder}/runs",
        run_lease=30.0, runs_at_once=2, log_limit=1000, output_limit=10_000, outputs_grace=0, child_environment=NAMES,
    )  # fmt: skip
    async with a_house(executor, settings, ear) as house:
        runner = Sticky(house.parts.runner)
        house.parts = replace(house.parts, runner=runner)
        world = World(house, runner, said, somebody("ada", "physics"))
        try:
            yield world
        finally:  # commands outlive the platform; they are not to outlive a test
            async with house.work() as unit:
                live = await unit.runs.live()
            for row in live:
                await runner.runner.stop(row.id, row.runner_id or "")


def ending(facts: list[RunEnded]) -> RunEnded:
    """The only end there is."""
    assert len(facts) == 1
    return facts[0]
