"""Gateway, registry and provenance as they are, over one bus; no executor that does anything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.gateway.conftest import client
from tests.integration.gateway.pretend import World, executor
from tests.integration.registry.counter import Counter
from tests.integration.registry.runs import Office
from tests.servers import server

from chassis.assembly import standing
from chassis.house import House
from chassis.testing import somebody
from contracts.groups import AddGroup, AddMember, Group, Member
from gateway.service import gateway
from onebox.settings import OneboxSettings
from provenance.graph.store import open_graph
from provenance.service import provenance
from registry.service import registry

ACCOUNTS = """\
users:
  ada: {password: engine, groups: [/physics], email: ada@example.org}
  bob: {password: builder, groups: [/chemistry], email: bob@example.org}
  zoe: {password: nobody, groups: [/physics], roles: []}
  root: {password: everything, email: root@example.org, roles: [%s]}
  keeper: {password: bells, email: keeper@example.org, roles: [job-service-read, job-service-write]}
"""
PASSWORDS = {"ada": "engine", "bob": "builder", "zoe": "nobody", "root": "everything", "keeper": "bells"}
ADMINISTRATOR = ", ".join(f"entity-registry-{level}" for level in ("read", "write", "admin"))
PATIENCE = 60


class Settings(OneboxSettings):
    """With the world of the pretending executor inside."""

    world: Any = None


@dataclass
class Whole:
    """The services, whoever asks them, and what ada has registered."""

    houses: dict[str, House[Any]]
    office: Office
    people: dict[str, httpx.AsyncClient]

    def __getattr__(self, name: str) -> httpx.AsyncClient:
        """Somebody, logged in."""
        return self.people[name]

    def counter(self, name: str) -> Counter:
        """Somebody at the registry's counter."""
        return self.office.counter.other(name)

    async def opens_group(self, *names: str) -> None:
        """A group of these people."""
        root = self.office.counter.admin
        await root.do(AddGroup(group=Group(id="reef", display_name="Reef", description="d")))
        for name in names:
            await root.do(AddMember(group="reef", member=Member(username=name)))

    async def lodged(self, handle: str, revision: int = 1) -> None:
        """Wait until a statement of an entry is in the graph."""
        headers = {"Authorization": f"Bearer {self.houses['provenance'].callers.token(somebody('ada'))}"}
        backend = self.houses["provenance"].backends["provenance"]
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await backend.get("/records", params={"record": handle, "registered": "true"}, headers=headers)
                told = answer.json()
                if answer.is_success and told["revision"] >= revision and told["lodged"]:
                    return
                await asyncio.sleep(0.05)

    async def settled(self, who: httpx.AsyncClient, job: str) -> dict[str, Any]:
        """A job once it has ended."""
        async with asyncio.timeout(PATIENCE):
            while True:
                told: dict[str, Any] = (await who.get(f"/v1/jobs/{job}", params={"wait": 5})).json()
                if told["status"] in {"SUCCEEDED", "FAILED"}:
                    return told


@asynccontextmanager
async def a_whole(database_url: str, folder: Path, store: str = "postgresql") -> AsyncIterator[Whole]:
    """The house with its graph in that store, and what runs need in ada's office."""
    accounts, address = folder / "accounts.yaml", "postgresql:"
    accounts.write_text(ACCOUNTS % ADMINISTRATOR)
    if store == "neo4j":
        address = server("neo4j_url")
        graph = open_graph(address, None)
        await graph.start()
        await graph.clear()
        await graph.close()
    settings = Settings(
        database_url=database_url,
        files_url=f"file:{folder}/files",
        state=folder,
        accounts_file=accounts,
        graph_url=address,
        database_pool=15,
        world=World(),
    )
    async with AsyncExitStack() as stack:
        services = (replace(gateway, loops=()), registry, provenance, executor())
        houses = await stack.enter_async_context(standing(*services, settings=settings))
        issuer = houses["gateway"].parts.issuer
        people = {}
        for name, password in PASSWORDS.items():
            token = (await issuer.login("reprovena", None, name, password))["access_token"]
            people[name] = await stack.enter_async_context(client(houses["gateway"], token))
        yield Whole(houses, await Office.open(Counter(houses["registry"])), people)


@pytest.fixture
async def whole(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    """The house with its graph beside its ledger."""
    async with a_whole(database_url, tmp_path) as found:
        yield found


@pytest.fixture(params=["postgresql", "neo4j"])
async def either(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    """The house with its graph in each of the stores."""
    async with a_whole(database_url, tmp_path, request.param) as found:
        yield found
