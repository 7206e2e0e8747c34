"""Runs of workflows beside model runs: the client parses every answer about them, and finds which dataset led to which."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
from people import URL, Person, model
from ProvenaInterfaces.RegistryModels import DatasetTemplateDomainInfo, ModelRunWorkflowTemplateDomainInfo
from suite_datasets import dataset

Word = Callable[[], str]
SORT = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: sort
inputs: {data: {type: File, inputBinding: {position: 1}}}
stdout: sorted.txt
outputs: {sorted: stdout}
"""
DATA = {"data": {"class": "File", "path": "data.txt"}}


def ran(http: httpx.Client, workflow: str, choice: dict[str, Any]) -> str:
    """A run that took this and has finished; its id."""
    told = http.post("/v1/runs", json={"workflow": workflow, "inputs": DATA, "files": {"data.txt": choice}}).json()
    job = told["job"]
    while job["status"] not in {"SUCCEEDED", "FAILED"}:
        job = http.get(f"/v1/jobs/{job['id']}", params={"wait": 30}).json()
    assert job["result"]["status"] == "finished"
    return str(told["run"]["id"])


def lodged(http: httpx.Client, run: str) -> dict[str, Any]:
    """What a run came to be."""
    end = time.monotonic() + 60
    while True:
        outcome = http.get(f"/v1/runs/{run}").json()["outcome"]
        if outcome and outcome["model_run"]:
            return dict(outcome)
        assert time.monotonic() < end, outcome
        time.sleep(0.1)


async def test_lineage_leads_through_a_run_to_a_dataset(bob: Person, word: Word) -> None:
    """Every question about a run of a workflow is answered in words that the client knows; only datasets are counted."""
    it, name = bob.client, word()
    software = (await it.registry.model.create_item(model(name))).created_item.id
    template = (await it.registry.dataset_template.create_item(DatasetTemplateDomainInfo(display_name="d"))).created_item.id
    uses = [{"template_id": template}]
    info = ModelRunWorkflowTemplateDomainInfo(
        display_name="w", software_id=software, input_templates=uses, output_templates=uses
    )
    runs_of = (await it.registry.model_run_workflow.create_item(info)).created_item.id
    described = json.loads(dataset(bob.organisation, f"Sorted {{run}} {name}").json(exclude_none=True))
    headers = {"Authorization": f"Bearer {it._auth.get_token()}"}
    with httpx.Client(base_url=URL, headers=headers, timeout=90) as http:
        form = {"name": name, "version": "1", "model_run": json.dumps({"template": runs_of, "dataset": described})}
        made = http.post("/v1/workflows", data=form, files={"spec": ("sort.cwl", SORT)}, params={"wait": 60})
        assert made.status_code == 201, made.text
        workflow = made.json()["id"]
        sent = http.post("/v1/uploads", params={"name": "data.txt"}, content=b"b\na\n").json()["id"]
        earlier = ran(http, workflow, {"upload": sent})
        first = http.post(f"/v1/runs/{earlier}/dataset", json={"collection_format": described}).json()["handle"]
        run = ran(http, workflow, {"dataset": first})
        outcome = lodged(http, run)
    (last,) = outcome["datasets"]
    end = time.monotonic() + 60
    while (await it.registry.model_run.fetch(outcome["model_run"])).item.record_status != "LODGED":
        assert time.monotonic() < end
        time.sleep(0.1)
    # which files a dataset holds is a record of its own, and may come into the graph later than the model run
    while f"run/{run}/step/" not in str([one.id for one in (await it.prov_api.explore_upstream(last, depth=10)).graph.nodes]):
        assert time.monotonic() < end
        time.sleep(0.1)

    asked = [
        await it.prov_api.explore_upstream(last, depth=10),
        await it.prov_api.explore_downstream(first, depth=10),
        await it.prov_api.explore_upstream(f"run/{run}", depth=10),
        await it.prov_api.get_contributing_datasets(last),
        await it.prov_api.get_effected_datasets(first),
        await it.prov_api.get_contributing_agents(last, depth=10),
        await it.prov_api.get_effected_agents(first),
    ]

    for answer in asked:
        assert answer.status.success and answer.record_count == len(answer.graph.nodes) > 1
    words = {one.item_subtype for one in asked[2].graph.nodes}
    assert {"WORKFLOW_RUN", "WORKFLOW_TEMPLATE", "DATASET", "PERSON", "SOFTWARE"} <= words
    steps = {one.id for one in asked[0].graph.nodes if one.id.startswith(f"run/{run}/step/")}
    assert steps and {outcome["model_run"], first} <= {one.id for one in asked[0].graph.nodes}
    for answer, there in ((asked[3], first), (asked[4], last)):
        handles = {one.id for one in answer.graph.nodes if one.item_subtype == "DATASET" and not one.id.startswith("run/")}
        assert handles == {first, last} and there in handles
