"""Runs of workflows meet what people register: from a dataset through a run's steps to another dataset, over HTTP."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.e2e.test_runs import upload
from tests.elsewhere import Elsewhere
from tests.provena import Things
from tests.running import Platform, ended, register, start

FLOW = """
cwlVersion: v1.2
class: Workflow
inputs: {wind: File}
outputs: {waves: {type: File, outputSource: shout/out}}
steps:
  sort:
    in: {data: wind}
    out: [out]
    run:
      class: CommandLineTool
      baseCommand: sort
      inputs: {data: {type: File, inputBinding: {position: 1}}}
      stdout: sorted.txt
      outputs: {out: stdout}
  shout:
    in: {data: sort/out}
    out: [out]
    run:
      class: CommandLineTool
      baseCommand: [sh, -c, 'tr a-z A-Z < "$0"']
      inputs: {data: {type: File, inputBinding: {position: 1}}}
      stdout: waves.txt
      outputs: {out: stdout}
"""
WIND = {"wind": {"class": "File", "path": "wind.txt"}}


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    """Where a dataset is kept that is not kept here."""
    with Elsewhere() as server:
        server.pages["/wind.txt"] = 200, {"Content-Type": "text/plain"}, b"north\neast\n"
        yield server


@pytest.fixture(scope="module")
def platform(session_folder: Path, elsewhere: Elsewhere) -> Iterator[Platform]:
    """A platform that may fetch from there."""
    told = {"OUTSIDE_HOSTS": f"localhost:{elsewhere.port}", "OUTSIDE_NETWORKS": "127.0.0.0/8", "OUTSIDE_HTTP": "true"}
    running = Platform(session_folder / "meeting", told)
    running.folder.mkdir()
    (running.folder / "accounts.test.yaml").write_text(
        "users:\n"
        + "".join(f"  {n}: {{password: {n}-secret, groups: [physics], email: {n}@example.org}}\n" for n in ("ada", "bob"))
    )
    running.start()
    try:
        yield running
        assert running.stop() == 0
    finally:
        if running.process is not None and running.process.poll() is None:
            running.kill()


def described(body: str, name: str, **more: Any) -> dict[str, Any]:
    """A dataset's description."""
    no = {"relevant": False, "obtained": False}
    approvals = ("ethics_registration", "ethics_access", "indigenous_knowledge", "export_controls")
    about = {
        "name": name,
        "description": "of the sea",
        "access_info": {"reposited": True},
        "publisher_id": body,
        "created_date": {"relevant": False},
        "published_date": {"relevant": False},
        "license": "https://creativecommons.org/licenses/by/4.0/",
    }
    return {
        "associations": {"organisation_id": body},
        "approvals": dict.fromkeys(approvals, no),
        "dataset_info": about | more,
    }


@dataclass
class Office:
    """Somebody who registers things, and what a model run needs."""

    http: httpx.Client
    person: str = ""
    body: str = ""
    into: str = ""
    out: str = ""
    template: str = ""

    @classmethod
    def open(cls, http: httpx.Client) -> "Office":
        """Register everything."""
        made = cls(http)
        made.link()
        made.body = made.create("agent/organisation", name="Institute of the Sea")
        addresses = {"documentation_url": "https://example.org/docs", "source_url": "https://example.org/source"}
        model = made.create("entity/model", name="Waves", description="of the sea", **addresses)
        keys = [{"key": "grid", "description": "the grid", "usage_type": "GENERAL_DATA"}]
        made.into = made.create("entity/dataset_template", deferred_resources=keys)
        made.out = made.create("entity/dataset_template")
        uses: Any = {"input_templates": [{"template_id": made.into}], "output_templates": [{"template_id": made.out}]}
        made.template = made.create("entity/model_run_workflow", software_id=model, **uses)
        return made

    def link(self) -> None:
        """Be a registered person."""
        told = {"first_name": "Ada", "last_name": "L", "email": "ada@example.org", "ethics_approved": True}
        self.person = self.create("agent/person", **told)
        answer = self.http.post("/auth/link/user/assign", json={"person_id": self.person})
        assert answer.status_code == 200, answer.text

    def create(self, kind: str, **info: Any) -> str:
        """An entry; its handle."""
        answer = self.http.post(f"/registry/registry/{kind}/create", json={"display_name": f"a {kind}", **info}).json()
        assert answer["status"]["success"], answer
        return str(answer["created_item"]["id"])

    def described(self, name: str, **more: Any) -> dict[str, Any]:
        """A dataset's description."""
        return described(self.body, name, **more)

    def mint(self, name: str, uri: str | None = None) -> str:
        """A dataset; its handle."""
        more = {"access_info": {"reposited": False, "uri": uri, "description": "there"}} if uri else {}
        answer = self.http.post("/datastore/register/mint-dataset", json=self.described(name, **more)).json()
        assert answer["status"]["success"], answer
        return str(answer["handle"])

    def plan(self, **more: Any) -> str:
        """As what the workflow's runs are lodged."""
        return json.dumps({"template": self.template, "dataset": self.described("Waves of {run}"), **more})


@pytest.fixture(scope="module")
def ada(platform: Platform) -> Iterator[httpx.Client]:
    """Ada."""
    with platform.client("ada") as client:
        yield client


@pytest.fixture(scope="module")
def office(ada: httpx.Client) -> Office:
    """All that her model runs need."""
    return Office.open(ada)


def until(found: Callable[[], Any], within: float = 60) -> Any:
    """Something, as soon as it is there."""
    end = time.monotonic() + within
    while not (it := found()):
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.05)
    return it


def outcome(client: httpx.Client, run: dict[str, Any]) -> Any:
    """What a run came to be, once that is known."""

    def known() -> Any:
        told = client.get(f"/v1/runs/{run['id']}").json()["outcome"]
        return told if told and (told["model_run"] or told["problem"]) else None

    return until(known)


def a_run(client: httpx.Client, workflow: dict[str, Any], choice: dict[str, Any]) -> dict[str, Any]:
    """A run that took this and has finished."""
    run = ended(client, start(client, workflow, inputs=WIND, files={"wind.txt": choice}))
    assert run["status"] == "finished", run["reason"]
    return run


def up(client: httpx.Client, node: str) -> set[str]:
    """All that lies above a node."""
    answer = client.get("/v1/lineage", params={"id": node, "direction": "up", "depth": 50})
    return {one["id"] for one in answer.json()["nodes"]} if answer.status_code == 200 else set()


def contributing(client: httpx.Client, node: str) -> set[str]:
    """The registered datasets that contributed to one, as Provena's clients see it."""
    answer = client.get("/prov/explore/special/contributing_datasets", params={"starting_id": node, "depth": 10}).json()
    found = {one["id"] for one in answer["graph"]["nodes"] if one["item_subtype"] == "DATASET"}
    return {one for one in found if not one.startswith(("run/", "sha256:", "web/"))} - {node}


def test_from_a_dataset_through_a_runs_steps_to_a_dataset(
    platform: Platform, ada: httpx.Client, office: Office, elsewhere: Elsewhere
) -> None:
    """A run takes a dataset by its handle; its outputs are a dataset, it is a model run, and lineage leads all the way."""
    first = office.mint("Wind", elsewhere.url("/wind.txt"))
    workflow = register(ada, "waves", {"waves.cwl": FLOW}, model_run=office.plan())

    run = a_run(ada, workflow, {"dataset": first})
    came = outcome(ada, run)

    assert workflow["model_run"]["template"] == office.template
    assert came["problem"] is None, came
    (last,) = came["datasets"]
    assert ada.get(f"/v1/runs/{run['id']}/outputs/waves.txt").content == b"EAST\nNORTH\n"
    steps = {f"run/{run['id']}/step/{place}" for place in ("sort", "shout")}
    until(lambda: {first, *steps, f"run/{run['id']}/in/wind.txt"} <= up(ada, last))
    until(lambda: contributing(ada, last) == {first})
    lodged = until(lambda: _lodged(ada, came["model_run"]))
    record = lodged["record"]
    assert [(one["dataset_id"], one["resources"]) for one in record["inputs"]] == [(first, {"grid": "wind.txt"})]
    assert [one["dataset_id"] for one in record["outputs"]] == [last]
    assert record["associations"]["modeller_id"] == office.person
    assert lodged["display_name"] == f"{run['name']} #{run['number']}"
    shown = ada.get("/datastore/registry/items/fetch-dataset", params={"handle_id": last}).json()["item"]
    assert shown["display_name"] == f"Waves of {run['name']} #{run['number']}"

    again = a_run(ada, workflow, {"dataset": last})  # a dataset of outputs gives its files
    second = outcome(ada, again)["datasets"][0]
    until(lambda: first in up(ada, second) and contributing(ada, second) == {first, last})
    assert ada.delete(f"/v1/runs/{run['id']}", params={"wait": 60}).status_code == 204
    third = a_run(ada, workflow, {"dataset": last})  # and they outlive the run that made them
    assert third["inputs"][0]["origin"]["id"] == last


def _lodged(client: httpx.Client, handle: str) -> Any:
    item = client.get("/registry/registry/activity/model_run/fetch", params={"id": handle}).json()["item"]
    return item if item["record_status"] == "LODGED" else None


def test_nothing_is_lost_when_a_run_cannot_be_lodged(platform: Platform, ada: httpx.Client, office: Office) -> None:
    """Bob is linked to nobody: his run stays, says why it is no model run, and becomes one when he is linked."""
    with platform.client("bob") as bob:
        workflow = register(bob, "bobs", {"waves.cwl": FLOW}, model_run=office.plan(dataset=None))
        first = office.mint("Calm")
        refused = bob.post(
            "/v1/runs", json={"workflow": workflow["id"], "inputs": WIND, "files": {"wind.txt": {"dataset": first}}}
        )
        run = a_run(bob, workflow, {"upload": upload(bob, "wind.txt", b"south\n")})
        before = outcome(bob, run)
        stays = bob.post(f"/v1/runs/{run['id']}/model-run").json()
        mine = Office(bob, body=office.body)
        mine.link()
        made = bob.post(f"/v1/runs/{run['id']}/dataset", json={"collection_format": office.described("South")})
        source = made.json()["handle"]
        after = outcome(bob, run)
        item = bob.get("/datastore/registry/items/fetch-dataset", params={"handle_id": source}).json()["item"]
        behind = Things(bob).job(item["workflow_links"]["create_activity_workflow_id"])
        lodged = Things(bob).job(behind["result"]["lodge_session_id"])

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "files.wind.txt")
    assert refused.json()["type"] == "urn:problem:registry:no-data"
    assert before["problem"]["type"] == stays["type"] == "urn:problem:registry:not-linked"
    assert made.status_code == 201, made.text
    assert (behind["job_sub_type"], lodged["job_sub_type"]) == ("REGISTER_CREATE_ACTIVITY", "LODGE_CREATE_ACTIVITY")
    assert after["datasets"] == [source]
    # its input was an upload, which is no dataset, and the template wants one: that is what is told now
    assert office.into in after["problem"]["detail"]
    assert any(one.startswith(f"run/{run['id']}/step/") for one in up(ada, source))


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        ("10378.1/none", "model_run.template"),
        ('{"template": "10378.1/none"}', "model_run.template"),
        ('{"nothing": "x"}', "model_run"),
        ("{", "model_run"),
    ],
)
def test_a_workflow_that_names_no_template_is_refused(ada: httpx.Client, office: Office, plan: str, field: str) -> None:
    """The field is told, whether it is unreadable, misspelt, or names what is not registered."""
    data = {"name": f"refused {len(plan)}", "version": "1", "model_run": plan}
    answer = ada.post("/v1/workflows", data=data, files={"spec": ("waves.cwl", FLOW)}, params={"wait": 60})

    assert answer.status_code in {400, 422}, answer.text
    assert answer.json()["errors"][0]["field"].startswith(field)


def test_datasets_that_cannot_be_taken_are_refused_by_their_field(ada: httpx.Client, office: Office) -> None:
    """What is not there, is no dataset, or lies where the platform does not fetch."""
    workflow = register(ada, "choosy", {"waves.cwl": FLOW})
    choices = {
        "10378.1/none": "registry:no-such-entry",
        office.person: "registry:wrong-kind",
        office.mint("Far", "https://example.org/wind"): "executor:outside-not-allowed",
        office.mint("Odd", "ftp://example.org/wind"): "registry:no-data",
    }

    for handle, kind in choices.items():
        body = {"workflow": workflow["id"], "inputs": WIND, "files": {"wind.txt": {"dataset": handle}}}
        told = ada.post("/v1/runs", json=body).json()
        assert (told["type"], [one["field"] for one in told["errors"]]) == (f"urn:problem:{kind}", ["files.wind.txt"])
    both = {"workflow": workflow["id"], "files": {"a": {"dataset": "x", "upload": "01890b3c-0000-7000-8000-000000000002"}}}
    assert ada.post("/v1/runs", json=both).status_code == 422
