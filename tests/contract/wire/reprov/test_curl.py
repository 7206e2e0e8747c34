"""Every call of ReProv's documentation, typed into a terminal: each address in each form, each answer field by field."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contract.wire.reprov.conftest import WORKFLOWS, Execution, waited
from tests.contract.wire.reprov.curl import Curl, Told
from tests.contract.wire.reprov.shapes import (
    EXECUTION,
    EXECUTION_IN_FULL,
    LOG,
    REGISTERED,
    SOME,
    STARTED,
    STEP,
    WORKFLOW,
    Each,
    Text,
    badly,
    differences,
    well,
)

Terminal = Callable[..., Curl]
SPEC = f"spec_file=@{WORKFLOWS / 'mnist.cwl'}"
INPUT = f"input_file=@{WORKFLOWS / 'mnist.yaml'}"
FAILING = f"spec_file=@{WORKFLOWS / 'mnist-fail.cwl'}"
NO_NUMBER = badly(404, "Invalid reana_name and reana_run_number combination")
CAPTURED = {"workflow_status": SOME, "total_steps": int, "failed_steps": list, "has_detailed_provenance": True}


def answered(told: Told, status: int, shape: Any) -> Any:
    """The answer's data, if it came as it should."""
    assert told.status == status, told.body
    assert told.headers.get_content_type() == "application/json"
    assert differences(shape, told.json) == []
    return told.json.get("data")


def registered(curl: Curl, name: str, version: str = "1", *more: str) -> int:
    """Register a workflow that is wanted for something else."""
    told = curl(f"/workflow_registry/register/?name={name}&version={version}", "-F", SPEC, *more)
    assert told.status == 200, told.body
    return int(told.json["data"]["registry_id"])


REGISTRATIONS = {
    "as the code has it": ("/workflow_registry/register/?name={}&version=1", []),
    "as the seed has it": ("/workflow_registry/register?name={}&version=1", []),
    "in the form": ("/workflow_registry/register", ["-F", "name={}", "-F", "version=1"]),
    "in the form, with a slash": ("/workflow_registry/register/", ["-F", "name={}", "-F", "version=1"]),
    "in both": ("/workflow_registry/register/?name={}", ["-F", "version=1"]),
}


@pytest.mark.parametrize("form", REGISTRATIONS)
def test_a_workflow_is_registered(curl: Terminal, form: str):
    """Name and version are in the query or in the form; the address ends in a slash or not."""
    name = form.replace(" ", "-").replace(",", "")
    address, fields = REGISTRATIONS[form]

    told = curl()(address.format(name), "-F", SPEC, "-F", INPUT, *(field.format(name) for field in fields))

    data = answered(told, 200, well("New Workflow was successfully registered", REGISTERED))
    assert (data["username"], data["group"], data["name"], data["version"]) == ("user1", "group1", name, "1")


def test_what_is_no_workflow_is_not_registered(curl: Terminal):
    """The validator's words come in the envelope, and nothing is stored that would break the list later."""
    told = curl()("/workflow_registry/register/?name=broken&version=1", "-F", f"spec_file=@{__file__}")

    answered(told, 400, badly(400, Text(".*workflow.cwl.*")))
    listed = curl()("/workflow_registry/").json["data"]
    assert "broken" not in {one["name"] for one in listed}


def test_an_input_that_does_not_fit_is_told(curl: Terminal, tmp_path: Path):
    """So is an input file that names what the workflow does not take."""
    (tmp_path / "inputs.yaml").write_text("nonsense: 1\n")
    inputs = f"input_file=@{tmp_path / 'inputs.yaml'}"

    told = curl()("/workflow_registry/register/?name=unfit&version=1", "-F", SPEC, "-F", inputs)

    answered(told, 400, badly(400, Text(".*nonsense.*")))


def test_a_name_and_version_are_registered_once_in_a_group(curl: Terminal):
    """A second time is a duplicate; another group does not even learn that the name is taken."""
    registered(curl(), "taken", "2")

    again = curl("user2")("/workflow_registry/register/?name=taken&version=2", "-F", SPEC)
    elsewhere = curl("user4")("/workflow_registry/register/?name=taken&version=2", "-F", SPEC)

    answered(again, 400, badly(400, "Integrity error. Duplicate name and version combination"))
    data = answered(elsewhere, 200, well(SOME, REGISTERED))
    assert (data["username"], data["group"]) == ("user4", "group2")


@pytest.mark.parametrize(
    ("address", "arguments", "field"),
    [
        ("/workflow_registry/register/?version=1", ["-F", SPEC], ["query", "name"]),
        ("/workflow_registry/register/?name=x", ["-F", SPEC], ["query", "version"]),
        ("/workflow_registry/register/?name=x&version=1", ["-F", INPUT], ["body", "spec_file"]),
        ("/workflow_registry/register/?name=x&version=1", ["-X", "POST"], ["body", "spec_file"]),
        ("/workflow_registry/register/?name=a/b&version=1", ["-F", SPEC], ["query", "name"]),
        ("/workflow_registry/one", [], ["path", "registry_id"]),
        ("/workflow_execution/one", [], ["path", "execution_id"]),
        ("/workflow_execution/inputs/", [], ["query", "reana_name"]),
        ("/workflow_execution/outputs?reana_name=x:1", [], ["query", "reana_run_number"]),
        ("/provenance/capture/?reana_name=x:1&reana_run_number=first", [], ["query", "reana_run_number"]),
        ("/provenance/capture/?reana_name=x:1&run_number=first", [], ["query", "reana_run_number"]),
        ("/workflow_execution/inputs/?reana_name=%00&reana_run_number=1", [], ["query", "reana_name"]),
        ("/workflow_execution/delete/?reana_name=%00", ["-X", "DELETE"], ["query", "reana_name"]),
        ("/workflow_registry/register/?name=a%00&version=1", ["-F", SPEC], ["query", "name"]),
        ("/workflow_registry/register/?name=a%0d%0aX-Evil:1&version=1", ["-F", SPEC], ["query", "name"]),
        ("/workflow_registry/register/?name=x&version=1", ["-F", "spec_file=text"], ["body", "spec_file"]),
    ],
)
def test_a_faulty_request_is_told_as_fastapi_tells_it(curl: Terminal, address: str, arguments: list[str], field: list[str]):
    """422 and the place of the fault."""
    told = curl()(address, *arguments)

    assert told.status == 422, told.body
    assert told.json["detail"][0]["loc"] == field
    assert set(told.json) == {"detail"}


def test_a_specification_larger_than_the_limit_is_refused_early(curl: Terminal, tmp_path: Path):
    """As soon as it says so itself, or goes on beyond the limit."""
    (tmp_path / "large.cwl").write_bytes(b"# " + b"x" * 5_000_000)
    large = f"spec_file=@{tmp_path / 'large.cwl'}"

    told = curl()("/workflow_registry/register/?name=large&version=1", "-F", large)
    streamed = curl()("/workflow_registry/register/?name=large&version=1", "-F", large, "-H", "Transfer-Encoding: chunked")

    answered(told, 413, badly(413, SOME))
    answered(streamed, 413, badly(413, SOME))


@pytest.mark.parametrize("address", ["/workflow_registry/register", "/workflow_execution/delete/"])
def test_a_word_is_not_taken_for_an_integer(curl: Terminal, address: str):
    """The addresses beside `/{id}` take their own methods and no others."""
    told = curl()(address)

    assert (told.status, "GET" in str(told.headers["allow"])) == (405, False)


@pytest.mark.parametrize("address", ["/workflow_registry/", "/workflow_registry"])
def test_workflows_are_listed(curl: Terminal, address: str):
    """With the name of whoever registered them, and the specification as JSON."""
    number = registered(curl(), f"listed{address.count('/')}", "1.0", "-F", INPUT)

    data = answered(curl("user2")(address), 200, well("Workflows successfully retrieved", Each(WORKFLOW)))

    one = next(one for one in data if one["registry_id"] == number)
    assert (one["username"], one["group"], one["version"]) == ("user1", "group1", "1.0")
    assert one["spec_file_content"]["steps"]["train"]["in"]["train_dataset"] == "download_ds/train_dataset"
    assert one["input_file_content"] == (WORKFLOWS / "mnist.yaml").read_text()


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_workflow_is_shown(curl: Terminal, slash: str):
    """The same as in the list; what is not there, or another group's, is not there."""
    number = registered(curl(), f"shown{len(slash)}")

    data = answered(curl()(f"/workflow_registry/{number}{slash}"), 200, well("Workflow was successfully retrieved", WORKFLOW))
    foreign = curl("user4")(f"/workflow_registry/{number}{slash}")
    missing = curl()(f"/workflow_registry/999999{slash}")

    assert data["input_file_content"] is None
    assert answered(foreign, 404, badly(404, "Invalid registry_id")) == answered(
        missing, 404, badly(404, "Invalid registry_id")
    )
    answered(curl()(f"/workflow_registry/{10**30}{slash}"), 404, badly(404, "Invalid registry_id"))


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_workflow_is_updated(curl: Terminal, slash: str):
    """Only what is given changes; nothing given is no error; a name that is taken is."""
    old, taken = registered(curl(), f"old{len(slash)}", "1", "-F", INPUT), registered(curl(), f"other{len(slash)}", "7")
    address = f"/workflow_registry/update/{old}{slash}"
    done = well("Workflow was succesfully updated", {"registry_id": old})

    answered(curl("user2")(f"{address}?name=new{len(slash)}", "-X", "PUT"), 200, done)
    answered(curl()(address, "-X", "PUT", "-F", FAILING, "-F", "version=2", "-F", "input_file=@/dev/null"), 200, done)
    answered(curl()(address, "-X", "PUT"), 200, well("No workflows were updated", {"registry_id": old}))
    duplicate = badly(400, "Integrity error. Duplicate name and version combination")
    answered(curl()(f"{address}?name=other{len(slash)}&version=7", "-X", "PUT"), 400, duplicate)
    answered(curl("user4")(f"{address}?name=mine", "-X", "PUT"), 404, badly(404, "Invalid registry_id"))

    data = curl()(f"/workflow_registry/{old}").json["data"]
    assert (data["name"], data["version"], data["username"]) == (f"new{len(slash)}", "2", "user1")
    assert "validate_model" in data["spec_file_content"]["steps"]
    assert data["input_file_content"] is None
    assert taken != old


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_workflow_is_deleted_by_an_admin(curl: Terminal, slash: str):
    """Nobody else may; then it is gone."""
    number = registered(curl(), f"gone{len(slash)}")
    address = f"/workflow_registry/delete/{number}{slash}"

    refused = curl("user2")(address, "-X", "DELETE")
    done = curl()(address, "-X", "DELETE")
    again = curl()(address, "-X", "DELETE")

    assert (refused.status, refused.json) == (403, {"detail": "Insufficient role; requires one of: reprov_admin"})
    answered(done, 200, well("Workflow was succesfully deleted", {"registry_id": number}))
    answered(again, 404, badly(404, "Invalid registry_id"))


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_workflow_is_executed_again_and_again(curl: Terminal, slash: str):
    """Each time is a number more; whoever executes is named, and not who registered."""
    number = registered(curl(), f"counted{len(slash)}", "1.0")
    address = f"/workflow_execution/execute/{number}{slash}"

    first = answered(curl("user2")(address, "-X", "POST"), 200, well("New workflow started", STARTED))
    second = answered(curl()(address, "-X", "POST"), 200, well("New workflow started", STARTED))

    assert (first["run_number"], second["run_number"]) == ("1", "2")
    assert (first["username"], second["username"], first["reana_name"]) == ("user2", "user1", f"counted{len(slash)}:1.0")
    answered(curl("user4")(address, "-X", "POST"), 404, badly(404, "Invalid registry_id"))


@pytest.mark.parametrize("address", ["/workflow_execution/", "/workflow_execution"])
def test_executions_are_listed_by_name_and_number(curl: Terminal, finished: Execution, address: str):
    """A map; another group's has no key in it."""
    data = answered(curl("user2")(address), 200, well("Workflow executions retrieved successfully", dict))

    one = data[f"{finished.name}:{finished.number}"]
    assert differences(EXECUTION, one) == []
    assert (one["execution_id"], one["registry_id"], one["status"]) == (finished.id, finished.registry_id, "finished")
    assert (one["username"], one["group"]) == ("user1", "group1")
    assert [step["name"] for step in one["steps"]] == ["download_ds", "train", "evaluate"]
    assert f"{finished.name}:{finished.number}" not in curl("user4")(address).json["data"]


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_execution_is_shown_with_what_it_took(curl: Terminal, failed: Execution, slash: str):
    """The true exit code, the end of the failed step's log, and what ran it."""
    told = curl("user2")(f"/workflow_execution/{failed.id}{slash}")

    data = answered(told, 200, well("Workflow execution successfully retrieved", EXECUTION_IN_FULL))
    train, validate = data["steps"]
    assert (data["status"], data["reana_run_number"], data["end_time"] > data["start_time"]) == ("failed", "1", True)
    assert (train["status"], train["exit_code"], train["error_message"]) == ("finished", 0, None)
    assert (validate["status"], validate["exit_code"]) == ("failed", 3)
    assert validate["error_message"] == "ERROR: the model is only 42\n"
    assert validate["resource_usage"]["cpu_time_seconds"] > 0
    answered(curl("user4")(f"/workflow_execution/{failed.id}{slash}"), 404, badly(404, "Invalid execution_id"))


@pytest.mark.parametrize("slash", ["", "/"])
def test_logs_are_read(curl: Terminal, failed: Execution, finished: Execution, slash: str):
    """By the names of the steps."""
    message = "Workflow execution logs successfully retrieved"

    well_ended = answered(curl()(f"/workflow_execution/{finished.id}/logs{slash}"), 200, well(message, dict))
    badly_ended = answered(curl()(f"/workflow_execution/{failed.id}/logs{slash}"), 200, well(message, dict))

    assert [differences(LOG, one) for one in [*well_ended.values(), *badly_ended.values()]] == [[]] * 5
    assert well_ended["download_ds"]["logs"] == "drawn: 2 7 1 8 2 8 1 8\n"
    assert badly_ended["validate_model"]["error_message"] == badly_ended["validate_model"]["logs"]
    answered(curl("user4")(f"/workflow_execution/{failed.id}/logs{slash}"), 404, badly(404, "Invalid execution_id"))


def unzipped(told: Told, name: str) -> dict[str, bytes]:
    """A zip that came under a name."""
    assert told.status == 200, told.body
    assert told.headers.get_content_type() == "application/zip"
    assert told.headers.get_content_disposition() == "attachment"
    assert f'filename="{name}"' in str(told.headers["content-disposition"])
    with zipfile.ZipFile(io.BytesIO(told.body)) as archive:
        assert archive.testzip() is None
        return {entry: archive.read(entry) for entry in archive.namelist()}


@pytest.mark.parametrize("form", range(5))
def test_inputs_are_downloaded(curl: Terminal, finished: Execution, form: int):
    """The values as they were understood; the names of files follow them."""
    found = unzipped(curl("user2")(f"/workflow_execution/inputs{finished.forms[form]}"), "inputs.zip")

    assert json.loads(found["inputs.json"]) == {"digits": "2 7 1 8 2 8 1 8", "results_name": "results: one.txt"}


@pytest.mark.parametrize("form", range(5))
def test_outputs_are_downloaded(curl: Terminal, finished: Execution, form: int):
    """Below `outputs/`, and nothing that the workflow did not name."""
    found = unzipped(curl("user2")(f"/workflow_execution/outputs{finished.forms[form]}"), "outputs.zip")

    assert found == {"outputs/results: one.txt": b"2 8 1 8\n4\n"}


@pytest.mark.parametrize("form", range(5))
def test_nothing_is_downloaded_of_what_has_not_finished(curl: Terminal, failed: Execution, form: int):
    """409, for inputs and for outputs."""
    for kind in ("input", "output"):
        told = curl()(f"/workflow_execution/{kind}s{failed.forms[form]}")
        answered(told, 409, badly(409, f"Workflow must be finished in order to download {kind} files"))


def test_an_execution_without_values_says_so(curl: Terminal):
    """In an envelope instead of a zip."""
    number = registered(curl(), "defaults")
    begun = curl()(f"/workflow_execution/execute/{number}", "-X", "POST").json["data"]["execution_id"]
    waited(lambda: curl()(f"/workflow_execution/{begun}").json["data"]["status"] == "finished")

    told = curl()(f"/workflow_execution/inputs/{begun}")

    answered(told, 200, well("Workflow does not have any input values (default were used)", {}))


@pytest.mark.parametrize("form", range(5))
def test_provenance_is_captured_by_itself(curl: Terminal, finished: Execution, failed: Execution, form: int):
    """So the capture answers at once, of good ends and bad ones, as often as it is asked."""
    for execution, names in ((finished, []), (failed, ["validate_model"])):
        for _ in range(2):
            told = curl("user2")(f"/provenance/capture{execution.forms[form]}")
            data = answered(told, 200, well("Provenance retrieved successfully", CAPTURED))
            assert (data["failed_steps"], data["total_steps"]) == (names, 3 if execution is finished else 2)


@pytest.mark.parametrize("form", range(5))
def test_provenance_is_drawn(curl: Terminal, failed: Execution, form: int):
    """A PNG under the execution's name."""
    told = curl("user2")(f"/provenance/draw{failed.forms[form]}")

    assert (told.status, told.headers.get_content_type()) == (200, "image/png")
    assert told.body.startswith(b"\x89PNG\r\n\x1a\n")
    assert f'attachment; filename="{failed.name}:{failed.number}-provenance.png"' in str(told.headers["content-disposition"])


@pytest.mark.parametrize("form", range(5))
def test_provenance_is_exported(curl: Terminal, finished: Execution, form: int):
    """PROV-JSON without an envelope, with ReProv's keys."""
    told = curl("user2")(f"/provenance/json{finished.forms[form]}")

    assert (told.status, told.headers.get_content_type()) == (200, "application/json")
    assert told.json["prefix"]["reprov"] == "https://reprov.2ai.nip.io/ns#"
    assert "success" not in told.json


@pytest.mark.parametrize(
    "address",
    [
        "/workflow_execution/inputs",
        "/workflow_execution/outputs",
        "/provenance/capture",
        "/provenance/draw",
        "/provenance/json",
    ],
)
def test_another_groups_execution_is_not_there(curl: Terminal, finished: Execution, address: str):
    """By its id and by its name: the same as one that never was."""
    named = f"?reana_name={finished.name}&reana_run_number"

    answered(curl("user4")(f"{address}/{finished.id}"), 404, badly(404, "Invalid execution_id"))
    answered(curl()(f"{address}/999999"), 404, badly(404, "Invalid execution_id"))
    answered(curl("user4")(f"{address}/{named}={finished.number}"), 404, NO_NUMBER)
    answered(curl()(f"{address}/{named}=99"), 404, NO_NUMBER)
    answered(curl()(f"{address}/?reana_name=nothing&run_number=1"), 404, NO_NUMBER)


@pytest.mark.parametrize("slash", ["", "/"])
def test_executions_are_deleted(curl: Terminal, slash: str):
    """All of a workflow or all of a name, also what still runs; either, and not both."""
    admin, address = curl(), f"/workflow_execution/delete{slash}"
    number = registered(admin, f"deleted{len(slash)}")
    sleeping = f"spec_file=@{WORKFLOWS / 'sleep.cwl'}"
    admin(f"/workflow_registry/update/{number}", "-X", "PUT", "-F", sleeping)
    ids = [admin(f"/workflow_execution/execute/{number}", "-X", "POST").json["data"]["reana_id"] for _ in range(2)]
    named = f"reana_name=deleted{len(slash)}:1"
    either = badly(403, "Either provide registry_id OR reana_name but not both")

    assert curl("user2")(f"{address}?registry_id={number}", "-X", "DELETE").status == 403
    answered(admin(f"{address}?registry_id={number}&{named}", "-X", "DELETE"), 403, either)
    answered(admin(address, "-X", "DELETE"), 403, either)
    answered(curl("user4")(f"{address}?registry_id={number}", "-X", "DELETE"), 404, badly(404, "Invalid registry_id"))
    answered(curl("user4")(f"{address}?{named}", "-X", "DELETE"), 404, badly(404, "Invalid reana_name"))
    done = admin(f"{address}?registry_id={number}", "-X", "DELETE")

    message = f"Every workflow associated with {number} was successfully deleted"
    assert answered(done, 200, well(message, list)) == ids
    assert not any(key.startswith("deleted") for key in admin("/workflow_execution/").json["data"])
    answered(admin(f"{address}?{named}", "-X", "DELETE"), 404, badly(404, "Invalid reana_name"))
    answered(admin(f"{address}?registry_id={number}", "-X", "DELETE"), 200, well(message, []))
    answered(admin(f"{address}?registry_id=999999", "-X", "DELETE"), 404, badly(404, "Invalid registry_id"))


def test_executions_of_a_workflow_that_is_gone_are_there(curl: Terminal):
    """They keep its number, and can be deleted by it."""
    admin = curl()
    number = registered(admin, "outlived", "3")
    begun = admin(f"/workflow_execution/execute/{number}", "-X", "POST").json["data"]
    admin(f"/workflow_registry/delete/{number}", "-X", "DELETE")

    data = answered(admin(f"/workflow_execution/{begun['execution_id']}"), 200, well(SOME, dict))
    deleted = admin("/workflow_execution/delete/?reana_name=outlived:3", "-X", "DELETE")

    assert data["registry_id"] == number
    assert answered(deleted, 200, well(SOME, list)) == [begun["reana_id"]]


def test_what_runs_is_neither_captured_nor_shown(curl: Terminal):
    """409 to the capture, 404 to what would show it, until it has ended."""
    admin, named = curl(), "/?reana_name=slow:1&reana_run_number=1"
    number = registered(admin, "slow")
    admin(f"/workflow_registry/update/{number}", "-X", "PUT", "-F", f"spec_file=@{WORKFLOWS / 'sleep.cwl'}")
    begun = admin(f"/workflow_execution/execute/{number}", "-X", "POST").json["data"]["execution_id"]

    for form in (f"/{begun}", named):
        not_ended = badly(409, "Workflow must be finished in order to capture provenance")
        answered(admin(f"/provenance/capture{form}"), 409, not_ended)
        for kind in ("draw", "json"):
            not_captured = badly(404, f"No provenance captured yet. Call /capture/{begun} first.")
            answered(admin(f"/provenance/{kind}{form}"), 404, not_captured)
    shown = admin(f"/workflow_execution/{begun}").json["data"]
    assert (shown["status"] in {"queued", "pending", "running"}, shown["end_time"]) == (True, None)

    admin(f"/workflow_execution/delete/?registry_id={number}", "-X", "DELETE")
    answered(admin(f"/provenance/capture/{begun}"), 404, badly(404, "Invalid execution_id"))


ADDRESSES = [
    ("GET", "/workflow_registry/"),
    ("GET", "/workflow_registry/1"),
    ("POST", "/workflow_registry/register/"),
    ("PUT", "/workflow_registry/update/1"),
    ("DELETE", "/workflow_registry/delete/1"),
    ("GET", "/workflow_execution/"),
    ("GET", "/workflow_execution/1"),
    ("GET", "/workflow_execution/1/logs"),
    ("POST", "/workflow_execution/execute/1"),
    ("DELETE", "/workflow_execution/delete/"),
    ("GET", "/workflow_execution/inputs/1"),
    ("GET", "/workflow_execution/inputs/?reana_name=x:1&reana_run_number=1"),
    ("GET", "/workflow_execution/outputs/1"),
    ("GET", "/workflow_execution/outputs/?reana_name=x:1&reana_run_number=1"),
    ("GET", "/provenance/capture/1"),
    ("GET", "/provenance/capture/?reana_name=x:1&reana_run_number=1"),
    ("GET", "/provenance/draw/1"),
    ("GET", "/provenance/draw/?reana_name=x:1&reana_run_number=1"),
    ("GET", "/provenance/json/1"),
    ("GET", "/provenance/json/?reana_name=x:1&reana_run_number=1"),
]


@pytest.mark.parametrize(("method", "address"), ADDRESSES)
def test_nobody_gets_in_without_a_token_or_a_role(curl: Terminal, method: str, address: str):
    """401 and 403 in FastAPI's shape, whatever else is wrong with the request."""
    unknown = curl(None)(address, "-X", method)
    forged = curl(None)(address, "-X", method, "-H", "Authorization: Bearer x.y.z")
    roleless = curl("nobody")(address, "-X", method)

    for told in (unknown, forged):
        assert (told.status, set(told.json), told.headers["www-authenticate"]) == (401, {"detail"}, "Bearer")
    roles = "reprov_admin" if method == "DELETE" else "reprov_user, reprov_admin"
    assert (roleless.status, roleless.json) == (403, {"detail": f"Insufficient role; requires one of: {roles}"})


def test_who_is_in_several_groups_acts_in_one(curl: Terminal):
    """In the first, unless the request names another; in none that is not one's own. Without groups one acts alone."""
    registered(curl("both"), "in-the-first")
    told = curl("both")("/workflow_registry/register/?name=in-the-second&version=1&group=group2", "-F", SPEC)
    alone = curl("alone")("/workflow_registry/register/?name=in-none&version=1", "-F", SPEC)

    def names(who: str, query: str = "") -> set[str]:
        return {one["name"] for one in curl(who)(f"/workflow_registry/{query}").json["data"]}

    assert told.json["data"]["group"] == "group2"
    assert ("in-the-first" in names("user1"), "in-the-first" in names("user4")) == (True, False)
    assert ("in-the-second" in names("user4"), "in-the-second" in names("both", "?group=group2")) == (True, True)
    assert "in-the-second" not in names("both")
    refused = curl("both")("/workflow_registry/?group=group3")
    assert (refused.status, refused.json) == (403, {"detail": "You are not in that group"})
    assert (alone.json["data"]["group"], names("alone")) == ("~alone", {"in-none"})


def test_a_step_has_all_its_fields_while_it_runs(curl: Terminal):
    """What is not known yet is null."""
    admin = curl()
    number = registered(admin, "running")
    admin(f"/workflow_registry/update/{number}", "-X", "PUT", "-F", f"spec_file=@{WORKFLOWS / 'sleep.cwl'}")
    begun = admin(f"/workflow_execution/execute/{number}", "-X", "POST").json["data"]["execution_id"]
    waited(lambda: admin(f"/workflow_execution/{begun}").json["data"]["steps"])

    (step,) = admin("/workflow_execution/").json["data"]["running:1:1"]["steps"]

    assert differences(STEP, step) == []
    assert (step["name"], step["status"], step["end_time"], step["exit_code"]) == ("wait", "running", None, None)
    assert admin("/workflow_execution/delete/?reana_name=running:1", "-X", "DELETE").status == 200
