"""Whom the gateway's doors let in by name: APIs at host names of their own, and pages of other origins."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.integration.gateway.conftest import client
from tests.integration.gateway.pretend import Settings, World, executor, provenance, registry

from chassis.testing import a_house
from gateway.facades.provena.doors import LEVELS
from gateway.service import gateway
from gateway.unit import GatewayHouse

UI = "https://ui.example.org"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,if-match"}


@pytest.fixture
async def named(database_url: str, tmp_path: Path) -> AsyncIterator[GatewayHouse]:
    """A gateway with a host name for each API, and one origin that it knows."""
    settings = Settings(
        database_url=database_url,
        files_url=f"file:{tmp_path}/files",
        state=tmp_path,
        world=World(),
        provena_hosts={api: f"{api}-api.example.org" for api in LEVELS},
        cors_origins=(UI,),
    )
    async with a_house(gateway, settings, executor(), registry(), provenance()) as house:
        yield house


async def test_each_of_the_seven_apis_lives_at_its_own_name(named: GatewayHouse) -> None:
    """What is the root there is below its path elsewhere; another name leads to none of them."""
    assert len(LEVELS) == 7
    async with client(named) as http:
        for api in LEVELS:
            there = {"Host": f"{api}-api.example.org"}
            healthy = await http.get("/", headers=there)
            described = await http.get("/openapi.json", headers=there)
            refused = await http.get("/admin/config", headers=there)

            assert healthy.json() == {"message": "Health check successful."}, api
            assert described.json() == (await http.get(f"/{api}/openapi.json")).json(), api
            assert (refused.status_code, list(refused.json())) == (401, ["detail"]), api
        assert (await http.get("/admin/config", headers={"Host": "other.example.org"})).status_code == 404


async def test_pages_of_a_known_origin_may_ask(named: GatewayHouse) -> None:
    """The browser is told beforehand and with the answer, also by name and with refusals; cookies are never asked for."""
    async with client(named) as http:
        for there in ({}, {"Host": "registry-api.example.org"}):
            before = await http.options("/v1/runs", headers={"Origin": UI, **PREFLIGHT, **there})
            answer = await http.get("/v1/runs", headers={"Origin": UI, **there})

            assert (before.status_code, before.headers["access-control-allow-origin"]) == (200, UI)
            assert "if-match" in before.headers["access-control-allow-headers"].lower()
            assert answer.status_code in {401, 404}
            assert (
                answer.headers["access-control-allow-origin"],
                "ETag" in answer.headers["access-control-expose-headers"],
            ) == (
                UI,
                True,
            )
            assert "access-control-allow-credentials" not in answer.headers
        stranger = {"Origin": "https://elsewhere.example.org"}
        assert (await http.options("/v1/runs", headers={**stranger, **PREFLIGHT})).status_code == 400
        assert "access-control-allow-origin" not in (await http.get("/v1/runs", headers=stranger)).headers


async def test_without_the_setting_no_page_of_another_origin_may(house: GatewayHouse) -> None:
    """As it was."""
    async with client(house) as http:
        answer = await http.options("/v1/runs", headers={"Origin": UI, **PREFLIGHT})

    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]
