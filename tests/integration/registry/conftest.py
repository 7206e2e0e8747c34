"""The registry with its real database and real child processes, and somebody who hears what it says."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from chassis.assembly import standing
from chassis.bundles import pack
from chassis.files import once
from chassis.house import House
from chassis.service import Service, Subscription
from chassis.settings import Settings
from chassis.testing import somebody
from chassis.unit import Unit
from contracts.ids import uuid7
from contracts.message import Caller, Command, FileRef
from contracts.refusals import GatewayCommandRefused, GatewayDeliveryParked, RegistryCommandRefused
from contracts.registry import DeleteWorkflow, RegisterWorkflow, UpdateWorkflow
from contracts.vocabulary import Engine
from registry.service import registry
from registry.unit import RegistrySettings

from .counter import WRITER, Counter, a_counter

TOOL = "cwlVersion: v1.2\nclass: CommandLineTool\nbaseCommand: echo\ninputs: {x: int}\noutputs: {}\n"
WRONG = TOOL + "foo: 1\n"


@dataclass
class Desk:
    """Somebody at the registry's counter: gives orders and keeps the answers."""

    house: House[Any]
    caller: Caller = field(default_factory=lambda: somebody("ada", "physics", roles=WRITER))
    heard: list[Any] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def other(self, name: str, *tenants: str) -> "Desk":
        """Somebody else at the same counter."""
        return Desk(self.house, somebody(name, *tenants), self.heard, self.news)

    async def file(self, text: str | bytes) -> FileRef:
        """A stored file."""
        return await self.house.files.put(once(text if isinstance(text, bytes) else text.encode()))

    async def spec(self, main: str = TOOL, **files: str) -> FileRef:
        """A stored bundle."""
        return await self.file(pack({path: text.encode() for path, text in {"main.cwl": main, **files}.items()}))

    async def send(self, command: Command) -> UUID:
        """Give an order; its job."""
        job = uuid7()
        tenant = command.tenant or self.caller.tenants[0]
        signed = self.house.callers.sign(command.model_copy(update={"job": job, "tenant": tenant}), self.caller)
        async with self.house.work() as unit:
            await unit.publish(signed)
        return job

    async def answer(self, job: UUID, within: float = 60) -> Any:
        """What is said of a job."""
        async with asyncio.timeout(within):
            while not (found := [fact for fact in self.heard if fact.job == job]):
                self.news.clear()
                await self.news.wait()
        assert len(found) == 1
        return found[0]

    async def ask(self, command: Command) -> Any:
        """Give an order and wait for its answer."""
        return await self.answer(await self.send(command))

    async def register(self, name: str = "w", version: str = "1", **more: Any) -> Any:
        """Register a small tool, or what is given."""
        told = {"engine": Engine.CWL, "main": "main.cwl", **more}
        spec = told.pop("spec", None) or await self.spec()
        return await self.ask(RegisterWorkflow(workflow=uuid7(), name=name, version=version, spec=spec, **told))

    async def update(self, workflow: UUID, **more: Any) -> Any:
        """Change a workflow."""
        return await self.ask(UpdateWorkflow(workflow=workflow, **more))

    async def delete(self, workflow: UUID) -> Any:
        """Delete a workflow."""
        return await self.ask(DeleteWorkflow(workflow=workflow))

    async def get(self, path: str, **query: Any) -> Mapping[str, Any]:
        """Ask the internal routes as oneself."""
        headers = {"Authorization": f"Bearer {self.house.callers.token(self.caller)}"}
        answer = await self.house.backends["registry"].get(path, params=query, headers=headers)
        return answer.json()


@asynccontextmanager
async def a_desk(database_url: str, folder: Path, *, loops: bool = True, **settings: Any) -> AsyncIterator[Desk]:
    """An open registry."""
    facts: list[Any] = []
    news = asyncio.Event()

    async def hear(fact: Any, _unit: Unit[Any]) -> None:
        facts.append(fact)
        news.set()

    @asynccontextmanager
    async def no_doors(_house: House[Any]) -> AsyncIterator[None]:
        yield

    kinds = (*registry.says, RegistryCommandRefused)
    listener = Service(
        "gateway",
        tuple(Subscription(kind, hear) for kind in kinds),
        GatewayCommandRefused,
        GatewayDeliveryParked,
        Unit,
        Settings,
        no_doors,
        "gateway",
    )
    service = registry
    if not loops:
        service = Service(**{name: getattr(registry, name) for name in registry.__dataclass_fields__ if name != "loops"})
    given = RegistrySettings(
        database_url=database_url, files_url=f"file:{folder}/files", state=folder / "state", database_pool=6, **settings
    )
    async with standing(service, listener, settings=given) as houses:
        yield Desk(houses["registry"], heard=facts, news=news)


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """An open registry that checks by itself."""
    async with a_desk(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def counter(database_url: str, tmp_path: Path) -> AsyncIterator[Counter]:
    """An open registry for entries, and Ada before it."""
    async with a_counter(database_url, tmp_path) as opened:
        yield opened
