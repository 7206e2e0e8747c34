"""A script of ReProv's users, which knows nothing of this platform: it logs in, registers, executes, downloads, captures."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from prov.model import ProvActivity, ProvDocument
from tests.contract.wire.reprov.client import ReProvClient, ReProvError
from tests.contract.wire.reprov.conftest import WORKFLOWS, Execution, a_platform, executed

Login = Callable[[str], ReProvClient]


def test_a_whole_day_of_work(anywhere: Login, tmp_path: Path):
    """Everything that the script can do, in the order in which one does it."""
    me = anywhere("user1")
    number = me.register_workflow("day", 1, WORKFLOWS / "mnist.cwl")["data"]["registry_id"]
    me.update_workflow(number, version=2, input_file=WORKFLOWS / "mnist.yaml")
    assert me.get_workflow(number)["data"]["version"] == "2"
    assert number in {one["registry_id"] for one in me.list_workflows()["data"]}

    run = executed(me, number)
    assert me.list_executions()["data"][f"day:2:{run.number}"]["status"] == "finished"
    assert set(me.get_execution_logs(run.id)["data"]) == {"download_ds", "train", "evaluate"}

    outputs, inputs, picture = (tmp_path / name for name in ("outputs.zip", "inputs.zip", "picture.png"))
    assert (me.download_outputs(run.id, outputs), me.download_inputs(run.id, inputs)) == (outputs, inputs)
    assert zipfile.ZipFile(outputs).namelist() == ["outputs/results: one.txt"]
    assert json.loads(zipfile.ZipFile(inputs).read("inputs.json"))["digits"] == "2 7 1 8 2 8 1 8"

    assert me.capture_provenance(run.id)["data"]["total_steps"] == 3
    assert me.draw_provenance(run.id, picture) == picture
    assert me.export_provenance_json(run.id)["activity"]

    assert len(me.delete_executions(registry_id=number)["data"]) == 1
    assert me.delete_executions(registry_id=number)["data"] == []
    assert me.delete_workflow(number)["data"] == {"registry_id": number}


def test_the_document_is_valid_and_has_the_keys(client: Login, finished: Execution, failed: Execution):
    """`prov` reads it; every step tells how it went, every file what it is."""
    me = client("user1")
    told, bad = me.export_provenance_json(finished.id), me.export_provenance_json(failed.id)

    document = ProvDocument.deserialize(content=json.dumps(told), format="json")

    steps = {one["reprovena:place"]: one for one in told["activity"].values() if "reprovena:place" in one}
    assert len(list(document.get_records(ProvActivity))) == 4
    assert set(steps) == {"download_ds", "train", "evaluate"}
    assert {(one["reprov:status"], one["reprov:exitCode"]) for one in steps.values()} == {("finished", 0)}
    assert all("reprov:command" in one and one["reprov:cpuTimeSeconds"] >= 0 for one in steps.values())
    kinds = {one["reprov:path"]: one["prov:type"][-1]["$"] for one in told["entity"].values() if "reprov:path" in one}
    assert kinds == {
        "mnist.cwl": "reprov:workflow",
        "train.txt": "reprov:workflow_intermediate_result_file",
        "test.txt": "reprov:workflow_intermediate_result_file",
        "model.txt": "reprov:workflow_intermediate_result_file",
        "results: one.txt": "reprov:workflow_final_result_file",
    }
    assert [one["reprov:computeBackend"] for one in told["agent"].values() if "reprov:computeBackend" in one] == ["local"]
    (broken,) = [one for one in bad["activity"].values() if one.get("reprovena:place") == "validate_model"]
    assert (broken["reprov:status"], broken["reprov:exitCode"]) == ("failed", 3)
    assert broken["reprov:errorMessage"] == "ERROR: the model is only 42\n"


def test_errors_have_their_status_and_the_envelope(client: Login):
    """`raise_for_status` raises, and the body says why in the original's words."""
    with pytest.raises(requests.HTTPError) as caught:
        client("user1").get_workflow(999999)

    assert caught.value.response.status_code == 404
    assert caught.value.response.json()["error_code"] == 404


def test_clients_of_the_original_can_have_its_200(session_folder: Path):
    """`REPROV_ERRORS=legacy200`: then the script raises its own error; what FastAPI refuses keeps its status."""
    platform = a_platform(session_folder / "legacy", REPROV_ERRORS="legacy200").start()
    try:
        someone = ReProvClient(platform.url, platform.token("user2"))

        with pytest.raises(ReProvError, match="Invalid registry_id"):
            someone.get_workflow(999999)
        answer = requests.get(f"{platform.url}/workflow_execution/9", headers=dict(someone.session.headers), timeout=60)
        assert (answer.status_code, answer.json()["error_code"]) == (200, 404)
        with pytest.raises(requests.HTTPError, match="403"):
            someone.delete_workflow(1)
        assert requests.get(f"{platform.url}/workflow_registry/", timeout=60).status_code == 401
        assert someone.session.get(f"{platform.url}/workflow_registry/x", timeout=60).status_code == 422
    finally:
        assert platform.stop() == 0
