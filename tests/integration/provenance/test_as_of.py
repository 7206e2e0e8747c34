"""Lineage as it was, asked of provenance over each graph store: by moments, and by points of the ledger."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from tests.integration.provenance.test_projector import all_of_it, lodge
from tests.integration.provenance.world import uses
from tests.servers import server

from chassis.testing import a_house, somebody
from provenance.graph.store import open_graph
from provenance.service import provenance
from provenance.unit import ProvenanceHouse, ProvenanceSettings


@pytest.fixture(params=["postgresql", "neo4j"])
async def house(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> AsyncIterator[ProvenanceHouse]:
    """Provenance with an empty graph in this store, its loops asleep."""
    url = "postgresql:"
    if request.param == "neo4j":
        url = server("neo4j_url")
        graph = open_graph(url, None)
        await graph.start()
        await graph.clear()
        await graph.close()
    fields = {name: getattr(provenance, name) for name in provenance.__dataclass_fields__}
    told = ProvenanceSettings(database_url=database_url, files_url=f"file:{tmp_path}/files", state=tmp_path, graph_url=url)
    async with a_house(type(provenance)(**{**fields, "loops": ()}), told, hears=False) as house:
        yield house


@pytest.fixture
async def client(house: ProvenanceHouse) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of the tenant `t`."""
    headers = {"authorization": f"Bearer {house.callers.token(somebody('ada', 't'))}"}
    transport = httpx.ASGITransport(app=house.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://provenance", headers=headers) as client:
        yield client


async def seen(client: httpx.AsyncClient, route: str = "/lineage", **asked: str | int) -> tuple[list[str], int | None]:
    """Ids that are answered, and the point of the ledger that they are of."""
    answer = await client.get(route, params=asked)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return sorted(node["id"] for node in told["nodes"]), told["seq"]


async def test_the_ledger_answers_for_every_point(house: ProvenanceHouse, client: httpx.AsyncClient) -> None:
    """A point is named by its number or by a moment in it; the present has none; what is not yet there is the present."""
    await lodge(house, "r", 1, uses("r", "a"))
    between = datetime.now(UTC)
    await lodge(house, "r", 2, uses("r", "a", "b"))
    await lodge(house, "r", 3, uses("r", "b"))
    await all_of_it(house)

    assert await seen(client, id="r") == (["b", "r"], None)
    assert await seen(client, id="r", as_of=1) == (["a", "r"], 1)
    assert await seen(client, id="r", as_of=2) == (["a", "b", "r"], 2)
    assert await seen(client, id="r", as_of=between.isoformat()) == (["a", "r"], 1)
    assert await seen(client, id="r", as_of=10**9) == (["b", "r"], 3)
    assert await seen(client, id="a", as_of=2, direction="down") == (["a", "r"], 2)
    assert await seen(client, "/path", source="r", target="a", as_of=1) == (["a", "r"], 1)
    assert (await client.get("/path", params={"source": "r", "target": "a"})).status_code == 404
    assert (await client.get("/lineage", params={"id": "r", "as_of": 0})).status_code == 404


@pytest.mark.parametrize("crooked", ["-1", "2026-01-01T00:00:00", "yesterday", "9999-12-31T23:59:59-12:00", str(2**80)])
async def test_what_is_no_point_is_refused(client: httpx.AsyncClient, crooked: str) -> None:
    """Neither a number that a ledger can have, nor a moment with its offset."""
    answer = await client.get("/lineage", params={"id": "r", "as_of": crooked})

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:problem:gateway:invalid")
