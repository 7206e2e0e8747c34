"""The gateway with its real database and bus, between a registry and an executor that only pretend."""

import json
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.integration.gateway.pretend import Settings, World, executor, provenance, registry

from chassis.testing import a_house
from contracts.executor import (
    FileSeen,
    RunFinished,
)
from contracts.message import FileRef
from contracts.provenance import RunCaptured
from contracts.vocabulary import RunStatus
from gateway.service import gateway
from gateway.unit import GatewayHouse

ROLES = "reprov_user, entity-registry-read, entity-registry-write, handle-read, handle-write"
ACCOUNTS = f"""\
users:
  ada: {{password: engine, groups: [/physics], roles: [{ROLES}, reprov_admin]}}
  bob: {{password: builder, groups: [/chemistry], roles: [{ROLES}]}}
  eve: {{password: drops, groups: [/physics, /chemistry], roles: [{ROLES}, handle-admin]}}
"""
CWL = b"cwlVersion: v1.2\nclass: CommandLineTool\nbaseCommand: cat\ninputs: {data: File, n: int?}\noutputs: []\n"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def house(database_url: str, tmp_path: Path, world: World) -> AsyncIterator[GatewayHouse]:
    accounts = tmp_path / "accounts.yaml"
    accounts.write_text(ACCOUNTS)
    settings = Settings(
        database_url=database_url,
        files_url=f"file:{tmp_path}/files",
        state=tmp_path,
        accounts_file=accounts,
        upload_limit=1000,
        spec_limit=100_000,
        wait_default=60,  # a busy machine may need more than people have patience
        world=world,
    )
    async with a_house(gateway, settings, registry(), executor(), provenance()) as found:
        yield found


@dataclass
class Person:
    """Somebody with a token."""

    http: httpx.AsyncClient

    async def upload(self, name: str, content: bytes) -> str:
        """Upload bytes; the id."""
        answer = await self.http.post("/v1/uploads", params={"name": name}, content=content)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def register(self, name: str = "echo", **more: Any) -> httpx.Response:
        """Register a tool that takes `data` and `n`."""
        files = {"spec": ("echo.cwl", CWL)}
        return await self.http.post("/v1/workflows", data={"name": name, "version": "1.0"} | more, files=files)

    async def start(self, **order: Any) -> httpx.Response:
        """Ask for a run."""
        return await self.http.post("/v1/runs", content=json.dumps(order), headers={"content-type": "application/json"})


@asynccontextmanager
async def client(house: GatewayHouse, token: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app=house.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers) as http:
        yield http


@pytest.fixture
async def anybody(house: GatewayHouse) -> AsyncIterator[httpx.AsyncClient]:
    async with client(house) as http:
        yield http


async def _somebody(house: GatewayHouse, name: str, password: str) -> AsyncIterator[Person]:
    assert house.parts.issuer
    told = await house.parts.issuer.login("reprovena", None, name, password)
    async with client(house, told["access_token"]) as http:
        yield Person(http)


@pytest.fixture
async def ada(house: GatewayHouse) -> AsyncIterator[Person]:
    async for person in _somebody(house, "ada", "engine"):
        yield person


@pytest.fixture
async def bob(house: GatewayHouse) -> AsyncIterator[Person]:
    async for person in _somebody(house, "bob", "builder"):
        yield person


@pytest.fixture
async def eve(house: GatewayHouse) -> AsyncIterator[Person]:
    async for person in _somebody(house, "eve", "drops"):
        yield person


async def ended(house: GatewayHouse, world: World, run: UUID) -> None:
    """Let a run finish with one output, and be captured."""
    key: FileRef = await house.files.put(_bytes(b"0123456789"), media_type="text/plain")
    there = world.runs[run].model_copy(update={"status": RunStatus.FINISHED})
    world.runs[run] = there
    world.outputs[run] = [
        FileSeen(
            id=f"run/{run}/out/echo/sub/out.txt",
            path="sub/out.txt",
            role="result",
            size=key.size,
            sha256=key.sha256,
            media_type="text/plain",
            stored=key.key,
        )
    ]
    async with house.work() as unit:
        await unit.publish(RunFinished(run=there, job=there.job, tenant=there.tenant))
        await unit.publish(RunCaptured(run=run, status=there.status, job=there.job, tenant=there.tenant))


async def _bytes(content: bytes) -> AsyncIterator[bytes]:
    yield content


def names_in(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(content)) as bundle:
        assert bundle.testzip() is None
        return {name: bundle.read(name) for name in bundle.namelist()}
