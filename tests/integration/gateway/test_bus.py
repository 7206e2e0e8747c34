"""The operators' addresses, on the bus of one process."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.integration.gateway import conftest

from contracts.ids import uuid7
from gateway.unit import GatewayHouse

ADMIN = conftest.ACCOUNTS + "  opal: {password: keeper, groups: [/keepers], roles: [reprovena_admin]}\n"
RUBBISH = "insert into bus.outbox (queue, subject, message, payload) values (:queue, :queue, :id, 'rubbish')"
QUEUES = ("executor.stop-run", "gateway.settle-run", "nobody.hears")


@pytest.fixture
async def opal(house: GatewayHouse, tmp_path: Path):
    """An operator."""
    (tmp_path / "accounts.yaml").write_text(ADMIN)
    async for person in conftest._somebody(house, "opal", "keeper"):
        yield person


async def aside(http, many: int) -> list[dict]:
    """What is parked, once it is so many."""
    async with asyncio.timeout(60):
        while True:
            answer = await http.get("/v1/admin/bus/parked")
            assert answer.status_code == 200, answer.text
            if len(found := answer.json()["items"]) >= many:
                return found
            await asyncio.sleep(0.05)


async def test_parked_messages_are_listed_replayed_and_dropped_by_their_service(house: GatewayHouse, opal):
    """Each service answers for its own queues, also where all share a database."""
    for queue in QUEUES:
        async with house.sessions.begin() as session:
            await session.execute(text(RUBBISH), {"queue": queue, "id": uuid7()})
            await session.execute(text("select pg_notify('bell', :queue)"), {"queue": queue})
    found = await aside(opal.http, 2)
    assert sorted((item["id"].split("/")[0], item["queue"]) for item in found) == [
        ("executor", "executor.stop-run"),
        ("gateway", "gateway.settle-run"),
    ]
    ids = {item["queue"]: item["id"] for item in found}
    number = ids["executor.stop-run"].split("/")[1]

    wrong = await opal.http.post("/v1/admin/bus/drop", json={"ids": [f"registry/{number}"]})
    strange = await opal.http.post("/v1/admin/bus/drop", json={"ids": ["nobody/1"]})
    again = await opal.http.post("/v1/admin/bus/replay", json={"ids": [ids["gateway.settle-run"]]})
    assert (wrong.json(), strange.status_code, again.json()) == ({"count": 0}, 422, {"count": 1})

    found = await aside(opal.http, 2)
    dropped = await opal.http.post("/v1/admin/bus/drop", json={"ids": [item["id"] for item in found]})
    assert dropped.json() == {"count": 2}
    assert (await opal.http.get("/v1/admin/bus/parked")).json() == {"items": [], "away": []}
    topology = (await opal.http.get("/v1/admin/bus/topology")).json()["items"]
    assert [item for item in topology if item["state"] != "heard"] == [
        {"queue": "nobody.hears", "subject": "nobody.hears", "state": "unowned", "waiting": 1}
    ]


@pytest.mark.parametrize("path", ["parked", "topology"])
async def test_only_administrators_see_the_bus(ada, anybody, path: str):
    """The role `reprovena_admin` is needed; the services' own addresses take no user's token."""
    assert (await ada.http.get(f"/v1/admin/bus/{path}")).status_code == 403
    assert (await anybody.get(f"/v1/admin/bus/{path}")).status_code == 401
    assert (await ada.http.get("/bus/parked")).status_code == 401
    assert (await ada.http.post("/v1/admin/bus/drop", json={"ids": ["gateway/1"]})).status_code == 403
