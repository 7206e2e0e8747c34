"""The client registers model runs, alone and in batches, changes them, asks where things come from, and deletes them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from people import URL, Person, model
from provenaclient.utils.exceptions import AuthException, BadRequestException
from ProvenaInterfaces.AsyncJobAPI import AdminLaunchJobRequest, AdminListJobsRequest, ListByBatchRequest
from ProvenaInterfaces.AsyncJobModels import JobSubType, JobType
from ProvenaInterfaces.ProvenanceAPI import RegisterBatchModelRunRequest
from ProvenaInterfaces.ProvenanceModels import ModelRunRecord
from ProvenaInterfaces.RegistryModels import (
    DatasetTemplateDomainInfo,
    ModelRunWorkflowTemplateDomainInfo,
    StudyDomainInfo,
)
from suite_datasets import dataset

Word = Callable[[], str]


@dataclass
class World:
    """All that a model run needs."""

    template: str
    side: dict[str, str]
    study: str
    who: Person
    data: dict[str, str]

    def record(self, name: str, **more: Any) -> ModelRunRecord:
        """A model run."""
        told: dict[str, Any] = {
            "workflow_template_id": self.template,
            "inputs": [self._used("in")],
            "outputs": [self._used("out")],
            "annotations": {"tide": "high"},
            "display_name": f"Run {name}",
            "description": name,
            "associations": {"modeller_id": self.who.person, "requesting_organisation_id": self.who.organisation},
            "start_time": 1_700_000_000,
            "end_time": 1_700_000_100,
        }
        return ModelRunRecord.parse_obj(told | more)

    def _used(self, side: str) -> dict[str, Any]:
        return {
            "dataset_template_id": self.side[side],
            "dataset_id": self.data[side],
            "dataset_type": "DATA_STORE",
            "resources": {"grid": "grid.nc"},
        }


@pytest.fixture
async def world(bob: Person, word: Word) -> World:
    """A model, its templates, datasets and a study."""
    it = bob.client
    software = (await it.registry.model.create_item(model(word()))).created_item.id
    side, data = {}, {}
    for name in ("in", "out"):
        about = DatasetTemplateDomainInfo(
            display_name=name,
            deferred_resources=[{"key": "grid", "description": "Grid", "usage_type": "GENERAL_DATA"}],
        )
        side[name] = (await it.registry.dataset_template.create_item(about)).created_item.id
        data[name] = (await it.datastore.mint_dataset(dataset(bob.organisation, word()))).handle
    info = ModelRunWorkflowTemplateDomainInfo(
        display_name="w",
        software_id=software,
        input_templates=[{"template_id": side["in"]}],
        output_templates=[{"template_id": side["out"]}],
        annotations={"required": ["tide"], "optional": []},
    )
    template = (await it.registry.model_run_workflow.create_item(info)).created_item.id
    study = (await it.registry.study.create_item(StudyDomainInfo(display_name="s", title="t", description="d"))).created_item.id
    return World(template, side, study, bob, data)


async def registered(world: World, name: str, **more: Any) -> str:
    """A model run that is in the graph."""
    told = await world.who.client.prov_api.register_model_run(world.record(name, **more))
    job = await world.who.client.job_api.await_successful_job_completion(told.session_id)
    assert job.result["record"]["prov_json"]
    return str(job.result["record"]["id"])


def nodes(answer: Any) -> set[str]:
    """The ids of a lineage."""
    assert answer.status.success and answer.record_count == len(answer.graph.nodes)
    return {one.id for one in answer.graph.nodes}


async def test_a_model_run_is_registered_and_found(world: World, word: Word) -> None:
    """A model run is validated, registered, lodged once, and stands between its datasets."""
    it, name = world.who.client, word()
    run = await registered(world, name)
    item = (await it.registry.model_run.fetch(run)).item
    assert item.record_status == "LODGED" and len(item.history) == 1 and item.prov_serialisation
    assert world.data["in"] in nodes(await it.prov_api.explore_upstream(world.data["out"]))
    assert run in nodes(await it.prov_api.explore_downstream(world.data["in"]))
    assert world.data["in"] in nodes(await it.prov_api.get_contributing_datasets(world.data["out"]))
    assert world.data["out"] in nodes(await it.prov_api.get_effected_datasets(world.data["in"]))
    assert world.who.person in nodes(await it.prov_api.get_contributing_agents(world.data["out"]))
    assert world.who.person in nodes(await it.prov_api.get_effected_agents(world.data["in"]))
    with pytest.raises(BadRequestException, match="10"):
        await it.prov_api.explore_upstream(run, depth=11)
    with pytest.raises(BadRequestException, match=r"10378\.1/none"):
        await it.prov_api.explore_upstream("10378.1/none")


async def test_what_does_not_hold_is_refused_at_once(world: World, word: Word) -> None:
    """A record that names what is not there is refused with 400 before there is a job."""
    it = world.who.client
    for wrong in ({"study_id": "10378.1/none"}, {"annotations": {}}, {"inputs": []}, {"workflow_template_id": world.study}):
        with pytest.raises(BadRequestException, match="Failed to validate"):
            await it.prov_api.register_model_run(world.record(word(), **wrong))


async def test_a_batch_is_one_job_and_as_many_as_it_holds(world: World, word: Word) -> None:
    """The jobs of a batch are there with it, and all of them succeed; an empty batch fails."""
    it = world.who.client
    told = await it.prov_api.register_batch_model_runs(
        RegisterBatchModelRunRequest(records=[world.record(word()) for _ in range(3)])
    )
    job = await it.job_api.await_successful_job_completion(told.session_id)
    batch = job.result["batch_id"]
    jobs = await it.job_api.list_all_jobs_in_batch(ListByBatchRequest(batch_id=batch, limit=2))
    assert len(jobs) == 3 and {one.batch_id for one in jobs} == {batch}
    for one in jobs:
        await it.job_api.await_successful_job_completion(one.session_id)
    empty = await it.prov_api.register_batch_model_runs(RegisterBatchModelRunRequest(records=[]))
    assert (await it.job_api.await_job_completion(empty.session_id)).status == "FAILED"


async def test_a_model_run_changes(world: World, word: Word) -> None:
    """An update takes a study in, and another puts a different one in its place."""
    it = world.who.client
    run = await registered(world, word())
    told = await it.prov_api.update_model_run(run, "study", world.record("after", study_id=world.study))
    await it.job_api.await_successful_job_completion(told.session_id)
    assert world.study in nodes(await it.prov_api.explore_upstream(run, depth=1))
    item = (await it.registry.model_run.fetch(run)).item
    assert item.record_status == "LODGED" and item.history[0].reason == "study"
    headers = {"Authorization": f"Bearer {it._auth.get_token()}"}
    query = {"model_run_id": run, "study_id": world.study}
    again = httpx.post(f"{URL}/prov/model_run/edit/link_to_study", params=query, headers=headers, timeout=60)
    assert again.status_code == 400


async def test_a_run_is_linked_to_a_study(world: World, word: Word) -> None:
    """A run without a study is linked to one, and the job that lodges it succeeds."""
    it = world.who.client
    run = await registered(world, word())
    headers = {"Authorization": f"Bearer {it._auth.get_token()}"}
    query = {"model_run_id": run, "study_id": world.study}
    told = httpx.post(f"{URL}/prov/model_run/edit/link_to_study", params=query, headers=headers, timeout=60)
    assert told.status_code == 200, told.text
    await it.job_api.await_successful_job_completion(told.json()["session_id"])
    assert (await it.registry.model_run.fetch(run)).item.record.study_id == world.study


async def test_a_model_run_is_deleted(world: World, ada: Person, word: Word) -> None:
    """A trial says what would go and changes nothing; the deletion does that, and takes the item too."""
    it, admin = world.who.client, ada.client.prov_api.admin
    run = await registered(world, word(), study_id=world.study)
    with pytest.raises(AuthException):
        await it.prov_api.admin.delete_model_run_provenance(run, trial_mode=True)
    trial = await admin.delete_model_run_provenance(run, trial_mode=True)
    kinds = [one["action_type"] for one in trial.diff]
    assert "REMOVE_NODE" in kinds and "REMOVE_LINK" in kinds
    assert run in nodes(await it.prov_api.explore_downstream(world.data["in"]))
    done = await admin.delete_model_run_provenance_and_registry(run)
    assert done.diff == trial.diff
    assert run not in nodes(await it.prov_api.explore_downstream(world.data["in"]))
    with pytest.raises(Exception, match=run):
        await it.registry.model_run.fetch(run)
    with pytest.raises(BadRequestException):
        await admin.delete_model_run_provenance(world.study)


async def test_records_are_stored_again(world: World, ada: Person, word: Word) -> None:
    """An administrator lodges runs again, one, several and all."""
    item = (await world.who.client.registry.model_run.fetch(await registered(world, word()))).item
    admin = ada.client.prov_api.admin
    assert (await admin.store_record(item)).status.success
    assert (await admin.store_multiple_records([item, item])).status.success
    assert (await admin.store_all_registry_records()).status.success


async def test_administrators_begin_jobs(world: World, ada: Person, word: Word) -> None:
    """A job begun by hand for somebody is theirs, in a batch if asked; nonsense is refused with 400."""
    admin = ada.client.job_api.admin
    payload = {"record": world.record(word()).dict(exclude_none=True), "revalidate": True, "user_info": ""}
    told = await admin.launch_job(
        AdminLaunchJobRequest(
            username="bob",
            request_batch_id=True,
            job_type=JobType.PROV_LODGE,
            job_sub_type=JobSubType.MODEL_RUN_PROV_LODGE,
            job_payload=payload,
        )
    )
    job = await world.who.client.job_api.await_successful_job_completion(told.session_id)
    assert (job.username, job.batch_id) == ("bob", told.batch_id)
    assert (await admin.get_job(told.session_id)).job.status == "SUCCEEDED"
    mine = await admin.list_jobs(AdminListJobsRequest(username_filter="bob", limit=5))
    assert {one.username for one in mine.jobs} == {"bob"}
    woken = await admin.launch_job(
        AdminLaunchJobRequest(job_type=JobType.REGISTRY, job_sub_type=JobSubType.REGISTRY_WAKE_UP, job_payload={})
    )
    with pytest.raises(AuthException):
        await world.who.client.job_api.fetch_job(woken.session_id)
    with pytest.raises(BadRequestException):
        wrong = AdminLaunchJobRequest(job_type=JobType.EMAIL, job_sub_type=JobSubType.REGISTRY_WAKE_UP, job_payload={})
        await admin.launch_job(wrong)


async def test_the_graph_follows_from_what_was_written_out(world: World, ada: Person, word: Word) -> None:
    """Exported runs and activities are lodged again, each by a job; a trial only says how many; others are passed over."""
    run = await registered(world, word())
    out = (await ada.client.registry.admin.export_items()).items
    created = next(one for one in out if one.item_payload.get("created_item_id") == world.template)
    items = [one.dict() for one in out if one.id in {run, world.study, created.id}]
    headers = {"Authorization": f"Bearer {ada.client._auth.get_token()}"}
    with httpx.Client(base_url=f"{URL}/registry/admin", headers=headers, timeout=60) as http:
        trial = http.post("/restore-prov-graph", json={"items": items}).json()
        assert trial["task_ids"] is None and trial["status"]["details"].startswith("2 records")
        told = http.post("/restore-prov-graph", json={"items": items, "trial_mode": False}).json()
        assert len(told["task_ids"]) == 2
        for task in told["task_ids"]:
            await ada.client.job_api.await_successful_job_completion(task)
        gone = items[0] | {"id": "10378.1/none", "item_payload": {"item_subtype": "MODEL_RUN"}}
        assert http.post("/restore-prov-graph", json={"items": [gone], "trial_mode": False}).status_code == 400
        skipped = http.post("/restore-prov-graph", json={"items": [gone], "trial_mode": False, "abort_if_failures": False})
        assert skipped.json()["task_ids"] == []
