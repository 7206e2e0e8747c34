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


LAUNCH = "/jobs/jobs/admin/launch"


async def test_a_batch_begun_by_hand_is_whose_it_is_said_to_be(whole: Whole) -> None:
    """The job of the batch is in the batch that was asked for, and it and the jobs of its runs are the person's."""
    record = whole.office.record().model_dump(mode="json")
    told = {"job_type": "PROV_LODGE", "job_sub_type": "MODEL_RUN_BATCH_SUBMIT", "username": "ada", "request_batch_id": True}

    answer = await whole.keeper.post(LAUNCH, json=told | {"job_payload": {"records": [record] * 2, "user_info": ""}})

    assert answer.status_code == 200, answer.text
    begun = answer.json()
    job = (await whole.ada.get("/jobs/jobs/user/fetch", params={"session_id": begun["session_id"]})).json()["job"]
    assert (job["username"], job["batch_id"]) == ("ada", begun["batch_id"])
    runs = (await whole.ada.post("/jobs/jobs/user/list_batch", json={"batch_id": job["result"]["batch_id"]})).json()["jobs"]
    assert [(one["username"], one["job_sub_type"]) for one in runs] == [("ada", "MODEL_RUN_PROV_LODGE")] * 2


PAYLOADS: dict[str, dict[str, Any]] = {
    "MODEL_RUN_PROV_LODGE": {"record": {}, "revalidate": True, "user_info": ""},
    "MODEL_RUN_LODGE_ONLY": {"model_run_record_id": "1/1", "record": {}, "revalidate": False, "user_info": ""},
    "MODEL_RUN_BATCH_SUBMIT": {"records": [], "user_info": ""},
    "MODEL_RUN_UPDATE": {
        "model_run_record_id": "1/1",
        "updated_record": {},
        "reason": "r",
        "revalidate": True,
        "user_info": "",
    },
    "MODEL_RUN_UPDATE_LODGE_ONLY": {
        "model_run_record_id": "1/1",
        "updated_record": {},
        "revalidate": True,
        "user_info": "",
    },
    "LODGE_CREATE_ACTIVITY": {
        "created_item_id": "1/1",
        "creation_activity_id": "1/2",
        "linked_person_id": "1/3",
        "created_item_subtype": "MODEL",
    },
    "LODGE_VERSION_ACTIVITY": {
        "from_version_id": "1/1",
        "to_version_id": "1/2",
        "version_activity_id": "1/3",
        "linked_person_id": "1/4",
        "item_subtype": "MODEL",
    },
}
"""What each job that can be begun by hand needs, as the original has it."""


async def test_payloads_that_lack_something_begin_nothing(whole: Whole) -> None:
    """Each field is missed by name; a whole payload is taken."""
    record = whole.office.record().model_dump(mode="json")
    for sub_type, payload in PAYLOADS.items():
        given = {name: record if value == {} else value for name, value in payload.items()}
        told: dict[str, Any] = {"job_type": "PROV_LODGE", "job_sub_type": sub_type}
        for name in given:
            less = {one: value for one, value in given.items() if one != name}
            answer = await whole.keeper.post(LAUNCH, json=told | {"job_payload": less})
            assert (answer.status_code, name in answer.json()["detail"]) == (400, True), (sub_type, name, answer.text)
        assert (await whole.keeper.post(LAUNCH, json=told | {"job_payload": given})).status_code == 200


async def test_only_whole_model_runs_are_stored_again(whole: Whole) -> None:
    """An id alone is no item: 422, as by the original's models."""
    run = await whole.office.run()
    item = (await whole.ada.get("/registry/registry/activity/model_run/fetch", params={"id": run})).json()["item"]

    for name in ("id", "owner_username", "history", "record", "prov_serialisation", "item_category"):
        less = {one: value for one, value in item.items() if one != name}
        assert (await whole.root.post("/prov/admin/store_record", json=less)).status_code == 422, name
        assert (await whole.root.post("/prov/admin/store_records", json=[item, less])).status_code == 422, name
    assert (await whole.root.post("/prov/admin/store_record", json={"id": run})).status_code == 422
    assert (await whole.root.post("/prov/admin/store_record", json=item)).status_code == 200
