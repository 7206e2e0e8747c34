"""Changes of model runs are foreseen, done as foreseen, and kept."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.integration.provenance.registered import created, falls_silent, hear, record, says

from chassis.testing import somebody
from provenance.records import registered
from provenance.unit import ProvenanceHouse

ADA = somebody("ada", "t")


@pytest.fixture
async def client(house: ProvenanceHouse) -> AsyncIterator[httpx.AsyncClient]:
    """Ada, at the door of the service."""
    transport = httpx.ASGITransport(app=house.app)
    headers = {"authorization": f"Bearer {house.callers.token(ADA)}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://provenance", headers=headers) as client:
        yield client


async def nodes(house: ProvenanceHouse) -> set[str]:
    """Ids of all that is in the graph."""
    return set((await house.parts.graph.dump()).nodes)


def did(diff: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    """What each action is about."""
    return [
        (
            one["action_type"],
            one.get("node_id")
            or one.get("node", {}).get("id")
            or f"{one['link']['source']['id']}>{one['link']['target']['id']}",
        )
        for one in diff
    ]


async def test_a_trial_foretells_what_deleting_does(house: ProvenanceHouse, client: httpx.AsyncClient) -> None:
    """In the same words and order, with Provena's keys; nothing is changed by it, and what was done is kept."""
    await hear(house, created("1/in"), says("1/run", 1, record(["1/in"], ["1/out"], "1/study")))
    before = await nodes(house)

    trial = (await client.get("/records/diff", params={"id": "1/run"})).json()["diff"]
    assert await nodes(house) == before
    await hear(house, falls_silent("1/run", 2))
    kept = (await client.get("/records/changes", params={"id": "1/run"})).json()["items"]

    assert trial == kept[0]["diff"]
    assert [(one["revision"], one["withdrawn"]) for one in kept] == [(2, True), (1, False)]
    assert ("REMOVE_NODE", "1/run") in did(trial)
    assert ("REMOVE_NODE", "1/study") in did(trial)
    assert ("REMOVE_RECORD_ID_FROM_NODE", "1/in") in did(trial)
    assert ("REMOVE_LINK", "1/run>1/in") in did(trial)
    order = [one["action_type"] for one in trial]
    assert order == sorted(order, key=["REMOVE_LINK", "REMOVE_RECORD_ID_FROM_NODE", "REMOVE_NODE"].index)
    keys = {one["action_type"]: set(one) - {"action_type"} for one in trial}
    assert keys == {"REMOVE_LINK": {"link"}, "REMOVE_RECORD_ID_FROM_NODE": {"node_id", "record_id"}, "REMOVE_NODE": {"node_id"}}
    first = {one["action_type"]: set(one) - {"action_type"} for one in kept[1]["diff"]}
    assert first == {
        "ADD_NEW_NODE": {"node"},
        "ADD_NEW_LINK": {"link"},
        "ADD_RECORD_ID_TO_NODE": {"node_id", "record_id"},
    }
    link = next(one["link"] for one in trial if "link" in one)
    assert set(link) == {"source", "target", "relation", "props"}
    assert link["props"] == {"record_ids": "1/run"}


async def test_a_trial_of_many_counts_what_only_they_share(house: ProvenanceHouse, client: httpx.AsyncClient) -> None:
    """One by one each would leave the study to the other; together they take it with them."""
    await hear(house, says("1/a", 1, record(study="1/study")), says("1/b", 1, record(study="1/study")))

    alone = (await client.get("/records/diff", params={"id": "1/a"})).json()["diff"]
    both = (await client.get("/records/diff", params={"id": ["1/a", "1/b"]})).json()["diff"]

    assert ("REMOVE_NODE", "1/study") not in did(alone)
    assert did(both).count(("REMOVE_NODE", "1/study")) == did(both).count(("REMOVE_RECORD_ID_FROM_NODE", "1/study")) == 1


async def test_any_change_can_be_looked_at_before(house: ProvenanceHouse, client: httpx.AsyncClient) -> None:
    """An update, a new run, and going back to what was said at a revision, withdrawn ones among them."""
    await hear(house, says("1/run", 1, record(["1/in"])), says("1/run", 2, record(["1/in"], study="1/study")))
    moved = record(["1/other"], study="1/study").model_dump(mode="json")

    update = (await client.post("/records/diff", json={"id": "1/run", "record": moved, "model": "1/model"})).json()["diff"]
    new = (await client.post("/records/diff", json={"id": "1/new", "record": moved, "model": "1/model"})).json()["diff"]
    back = (await client.get("/records/diff", params={"id": "1/run", "to": 1})).json()["diff"]

    assert did(update) == [
        ("ADD_NEW_NODE", "1/other"),
        ("ADD_NEW_LINK", "1/other>1/t-in"),
        ("ADD_NEW_LINK", "1/run>1/other"),
        ("REMOVE_LINK", "1/in>1/t-in"),
        ("REMOVE_LINK", "1/run>1/in"),
        ("REMOVE_NODE", "1/in"),
    ]
    assert ("ADD_RECORD_ID_TO_NODE", "1/study") in did(new)
    assert did(back) == [("REMOVE_LINK", "1/run>1/study"), ("REMOVE_NODE", "1/study")]


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/records/diff", {"id": "1/none"}, 404),
        ("/records/diff", {"id": "1/run", "to": 9}, 404),
        ("/records/diff", {"id": ["1/run", "1/run2"], "to": 1}, 422),
        ("/records/diff", {}, 422),
        ("/records/changes", {"id": "1/none"}, 404),
        ("/records/changes", {"id": "1/run", "revision": 7}, 404),
        ("/records/changes", {"id": "workflow/1/2"}, 404),
        ("/provena/lineage", {"id": "1/run", "depth": 11}, 400),
        ("/provena/lineage", {"id": "1/run", "depth": -1}, 400),
    ],
)
async def test_bad_questions_are_refused(
    house: ProvenanceHouse, client: httpx.AsyncClient, path: str, params: dict[str, Any], status: int
) -> None:
    """Unknown records, others' records, unknown revisions, depths beyond the limit."""
    await hear(house, says("1/run", 1, record()), says("1/run2", 1, record()))
    async with house.work() as unit:
        await unit.ledger.lodge("workflow/1/2", 1, registered.model_run("w", record(), "m"), tenant="others")

    answer = await client.get(path, params=params)

    assert answer.status_code == status
    assert answer.json()["errors"][0]["field"].split(".")[-1] in {"id", "to", "depth"}
