"""The administrators' part of the provenance API, over the whole house."""

import asyncio
from typing import Any

import httpx
from tests.integration.whole.conftest import PATIENCE, Whole

from contracts.entries import DeleteEntry, WithdrawActivity
from contracts.model_runs import WithdrawModelRun
from contracts.vocabulary import Relation, Subtype
from provenance.graph.answer import Dump


async def graph(whole: Whole) -> Dump:
    """All that is in the graph."""
    found: Dump = await whole.houses["provenance"].parts.graph.dump()
    return found


async def like(whole: Whole, wanted: Dump) -> None:
    """Wait until the graph is like that."""
    async with asyncio.timeout(PATIENCE):
        while await graph(whole) != wanted:
            await asyncio.sleep(0.05)


async def everything(whole: Whole) -> None:
    """Wait until all that was registered is in the graph."""
    for kind in ("MODEL_RUN", "CREATE", "VERSION"):
        for one in (await whole.office.counter.page(kind=kind, limit=1000))["items"]:
            await whole.lodged(one["handle"])


async def test_clearing_empties_the_graph_of_what_is_registered_and_all_can_be_lodged_again(whole: Whole) -> None:
    """The original's order of an administrator: clear, then restore from an export; the graph is what it was."""
    run = await whole.office.run()
    await everything(whole)
    before = await graph(whole)

    assert (await whole.ada.delete("/prov/graph/admin/clear")).status_code == 401
    assert await graph(whole) == before
    cleared = await whole.root.delete("/prov/graph/admin/clear")
    assert (cleared.status_code, cleared.json()["status"]["success"]) == (200, True), cleared.text
    left = await graph(whole)
    assert {kind for _, kind, _ in left.nodes.values()} <= {Subtype.ACCOUNT, Subtype.PERSON}
    assert {relation for _, relation, _ in left.links} <= {Relation.ALTERNATE_OF}
    assert (await whole.ada.get("/registry/registry/activity/model_run/fetch", params={"id": run})).json()["item"][
        "record_status"
    ] == "COMPLETE"

    items = (await whole.root.get("/registry/admin/export")).json()["items"]
    told: dict[str, Any] = {"trial_mode": False, "abort_if_failures": True, "items": items}
    answer = await whole.root.post("/registry/admin/restore-prov-graph", json=told)
    for job in answer.json()["task_ids"]:
        assert (await whole.settled(whole.root, job))["status"] == "SUCCEEDED"
    await like(whole, before)


async def test_what_was_deleted_meanwhile_comes_back_as_well(whole: Whole) -> None:
    """A creation that is brought in again goes on counting its statements, so the graph takes what it says."""
    counter, model = whole.office.counter, whole.office.model
    await everything(whole)
    before = await graph(whole)
    items = (await whole.root.get("/registry/admin/export")).json()["items"]
    (creation,) = [one for one in items if one["item_payload"].get("created_item_id") == model]
    await whole.root.delete("/prov/graph/admin/clear")
    await counter.admin.do(DeleteEntry(handle=creation["id"]))

    told: dict[str, Any] = {"import_mode": "ADD_ONLY", "trial_mode": False, "items": [creation]}
    assert (await whole.root.post("/registry/admin/import", json=told)).json()["status"]["success"]
    answer = await whole.root.post("/registry/admin/restore-prov-graph", json={"trial_mode": False, "items": items})

    for job in answer.json()["task_ids"]:
        assert (await whole.settled(whole.root, job))["status"] == "SUCCEEDED"
    await like(whole, before)


async def test_clearing_takes_along_what_has_no_entry_any_more(whole: Whole) -> None:
    """Deleting an entry leaves what it tells in the graph; who clears the graph clears that, too, and once."""
    run, counter = await whole.office.run(), whole.office.counter
    await everything(whole)
    creations = (await counter.page(kind="CREATE", limit=1000))["items"]
    for handle in (run, *(one["handle"] for one in creations)):
        await counter.admin.do(DeleteEntry(handle=handle))
    assert run in (await graph(whole)).nodes

    cleared = await whole.root.delete("/prov/graph/admin/clear")

    assert cleared.json()["status"]["details"].startswith(f"{len(creations) + 1} records")
    assert {kind for _, kind, _ in (await graph(whole)).nodes.values()} <= {Subtype.ACCOUNT, Subtype.PERSON}
    assert (await whole.root.delete("/prov/graph/admin/clear")).json()["status"]["details"].startswith("0 records")
    assert (await counter.ask("/entries/gone"))["status"] == 403
    for order in (WithdrawModelRun(handle=run), WithdrawActivity(handle=creations[0]["handle"])):
        assert await counter.admin.no(order) == "registry:no-such-entry"


async def test_all_model_runs_are_lodged_again_by_one_order(whole: Whole) -> None:
    """After a clearing; an empty registry is no error."""
    assert (await whole.root.post("/prov/admin/store_all_registry_records")).json()["status"]["success"]
    run = await whole.office.run()
    await everything(whole)
    await whole.root.delete("/prov/graph/admin/clear")

    answer = await whole.root.post("/prov/admin/store_all_registry_records")

    assert "1 model run" in answer.json()["status"]["details"]
    await whole.lodged(run, 3)
    assert (await whole.ada.get("/v1/lineage", params={"id": run})).status_code == 200


async def test_a_failure_on_purpose_is_a_failure(whole: Whole) -> None:
    """For administrators of each API; it is told as one, and what was wrong is in the log."""

    async def asked(who: httpx.AsyncClient, api: str) -> int:
        return (await who.get(f"/{api}/admin/sentry-debug")).status_code

    assert [await asked(whole.ada, api) for api in ("prov", "registry", "handle")] == [401, 401, 401]
    assert [await asked(whole.root, api) for api in ("prov", "registry", "datastore", "search")] == [500] * 4


async def test_nobody_acts_in_the_name_of_others(whole: Whole) -> None:
    """Where the original's own services ask so, a clear refusal says what to do instead."""
    answer = await whole.root.get("/registry/registry/agent/person/proxy/fetch", params={"id": "1/1", "username": "ada"})

    assert answer.status_code == 501
    assert "without /proxy" in answer.json()["detail"]
