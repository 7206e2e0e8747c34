"""Two runs are compared over internal HTTP, by who may see both."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from tests.integration.provenance.test_find import EVE, ran
from tests.unit.provenance.records import samples

from chassis.testing import somebody
from provenance.unit import ProvenanceHouse

OTHER = UUID(int=samples.RUN.int + 1)
ADA = somebody("ada", "ocean")


@pytest.fixture
async def client(house: ProvenanceHouse) -> AsyncIterator[httpx.AsyncClient]:
    """Ada, at the door of the service, after one run."""
    await ran(house, samples.RUN)
    headers = {"authorization": f"Bearer {house.callers.token(ADA)}"}
    transport = httpx.ASGITransport(app=house.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://provenance", headers=headers) as client:
        yield client


async def test_two_runs_are_compared(client: httpx.AsyncClient, house: ProvenanceHouse) -> None:
    """What was said of both in the ledger is compared: here one value differs, and nothing else."""
    await ran(house, OTHER, number="4", parameters=dict(samples.asked().parameters) | {"epochs": 40})

    answer = (await client.get("/difference", params={"run": str(samples.RUN), "other": str(OTHER)})).json()

    assert answer["parameters"]["items"][0] == {"name": "epochs", "state": "changed", "run": 20, "other": 40}
    assert [set(answer[name]["counts"]) for name in ("inputs", "steps", "outputs", "environment")] == [{"same"}] * 4
    assert (answer["run"]["number"], answer["other"]["number"], answer["identical"]) == ("3", "4", False)


async def test_runs_of_two_workflows_are_refused(client: httpx.AsyncClient, house: ProvenanceHouse) -> None:
    """They are compared only on request; another version of a workflow is the same workflow."""
    told = samples.asked().workflow
    await ran(house, OTHER, workflow=told.model_copy(update={"name": "sailing"}))
    third = UUID(int=samples.RUN.int + 2)
    await ran(house, third, workflow=told.model_copy(update={"version": "9"}))
    asked = {"run": str(samples.RUN), "other": str(OTHER)}

    no = await client.get("/difference", params=asked)
    yes = await client.get("/difference", params=asked | {"any": "true"})
    version = await client.get("/difference", params=asked | {"other": str(third)})

    assert (no.status_code, no.json()["type"], no.json()["errors"][0]["field"]) == (
        422,
        "urn:problem:provenance:not-comparable",
        "other",
    )
    assert [item["name"] for item in yes.json()["workflow"]["items"] if item["state"] == "changed"] == ["name"]
    assert [item["name"] for item in version.json()["workflow"]["items"] if item["state"] == "changed"] == ["version"]


async def test_a_foreign_run_is_one_that_is_not_there(client: httpx.AsyncClient, house: ProvenanceHouse) -> None:
    """On either side, another tenant's run is answered like one that nobody has."""
    await ran(house, OTHER, tenant="forest")
    nobody = UUID(int=samples.RUN.int + 7)
    for one, two in ((samples.RUN, OTHER), (OTHER, samples.RUN), (samples.RUN, nobody)):
        answer = await client.get("/difference", params={"run": str(one), "other": str(two)})
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:problem:provenance:no-such-record")
    eve = {"authorization": f"Bearer {house.callers.token(EVE)}"}
    answer = await client.get("/difference", params={"run": str(OTHER), "other": str(samples.RUN)}, headers=eve)
    assert answer.status_code == 404
