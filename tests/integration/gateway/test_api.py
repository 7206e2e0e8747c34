"""The whole of `/v1`, with a real database and bus."""

import asyncio
import hashlib
import json
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from tests.integration.gateway.conftest import CWL, Person, World, client, ended, names_in

from chassis.refusal import Refusal
from contracts.ids import uuid7
from contracts.message import FileRef
from contracts.vocabulary import JobStatus
from gateway.api.uploads import forget_uploads
from gateway.jobs.sending import send
from gateway.unit import GatewayHouse

PROBLEM = "application/problem+json"
OPEN = "/v1/problems"
"""Types of problems are no secret, and whoever has no token reads of theirs."""


def refused(answer: httpx.Response, status: int, kind: str, field: str | None = None) -> dict[str, Any]:
    """The problem of an answer, which is what it should be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == f"urn:problem:{kind}"
    if field is not None:
        assert field in [error.get("field") for error in problem["errors"]]
    return problem


async def a_run(person: Person) -> dict[str, Any]:
    workflow = (await person.register()).json()["id"]
    data = await person.upload("d.txt", b"data")
    inputs = {"data": {"class": "File", "path": "d.txt"}}
    answer = await person.start(workflow=workflow, inputs=inputs, files={"d.txt": {"upload": data}})
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    return told


# -- who is asking


async def test_nobody_enters_without_a_token(house: GatewayHouse, anybody: httpx.AsyncClient) -> None:
    """Every address of `/v1` asks for one, whatever its id."""
    spec = (await anybody.get("/openapi.json")).json()

    for path, methods in spec["paths"].items():
        for method in methods if path.startswith("/v1") and not path.startswith(OPEN) else ():
            answer = await anybody.request(method, path.replace("{path}", "x").replace("{", "").replace("}", ""))
            assert answer.status_code == 401, (method, path, answer.text)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["type"] == "urn:problem:gateway:unauthenticated"
    async with client(house, "forged.token.here") as http:
        refused(await http.get("/v1/me"), 401, "gateway:unauthenticated")
    refused(await anybody.get("/v1/me", headers={"Authorization": "Basic eDp5"}), 401, "gateway:unauthenticated")


async def test_login_over_http(anybody: httpx.AsyncClient) -> None:
    """Discovery leads to a token, and the token says who one is."""
    realm = (await anybody.get("/auth/realms/reprovena")).json()
    discovery = (await anybody.get("/auth/realms/reprovena/.well-known/openid-configuration")).json()
    keys = (await anybody.get(discovery["jwks_uri"])).json()["keys"]
    form = {"grant_type": "password", "client_id": "reprovena", "username": "ada", "password": "engine"}
    told = await anybody.post(discovery["token_endpoint"], data=form)
    again = {"grant_type": "refresh_token", "client_id": "reprovena", "refresh_token": told.json()["refresh_token"]}
    renewed = await anybody.post(discovery["token_endpoint"], data=again)
    token = renewed.json()["access_token"]
    me = (await anybody.get("/v1/me", headers={"Authorization": f"Bearer {token}"})).json()

    assert realm["realm"] == "reprovena"
    assert realm["public_key"].startswith("MII")
    assert keys[0]["alg"] == "RS256"
    assert "d" not in keys[0]
    assert told.headers["cache-control"] == "no-store"
    assert (me["issuer"], me["tenants"]) == (discovery["issuer"], ["physics", "~ada"])


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password", "username": "ada", "password": "x"}, 400, "invalid_grant"),
        ({"grant_type": "password", "username": "ada"}, 400, "invalid_request"),
        ({"grant_type": "implicit"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 400, "unauthorized_client"),
        ({"grant_type": "password", "client_id": ""}, 400, "invalid_request"),
        ({"username": "ada"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
        ({"grant_type": "password", "client_id": "x", "username": "ada", "password": "engine"}, 401, "invalid_client"),
    ],
)
async def test_refused_logins_speak_oauth(anybody: httpx.AsyncClient, form: dict[str, str], status: int, error: str) -> None:
    """Clients of OAuth know these words."""
    told = {"client_id": "reprovena"} | form
    answer = await anybody.post("/auth/realms/reprovena/protocol/openid-connect/token", data=told)

    assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_clients_may_name_themselves_in_the_header(anybody: httpx.AsyncClient) -> None:
    """HTTP Basic, as RFC 6749 §2.3.1 has it; a form of another kind is refused."""
    address = "/auth/realms/reprovena/protocol/openid-connect/token"
    form = {"grant_type": "password", "username": "ada", "password": "engine"}

    assert (await anybody.post(address, data=form, auth=("reprovena", ""))).status_code == 200
    assert (await anybody.post(address, data=form, headers={"Authorization": "Basic !"})).status_code == 401
    assert (await anybody.post(address, json=form)).json()["error"] == "invalid_request"
    refused(await anybody.post(address, data=form | {"x": "y" * 70_000}), 413, "gateway:too-large")


# -- workflows


async def test_a_workflow_is_registered_changed_and_removed(ada: Person, house: GatewayHouse, world: World) -> None:
    """Each write is a job, and its answer waits for it."""
    made = await ada.register()
    found = made.json()
    assert made.status_code == 201, made.text
    assert (found["name"], found["engine"], found["main"], found["tenant"]) == ("echo", "cwl", "echo.cwl", "physics")

    shown = await ada.http.get(made.headers["location"])
    spec = await ada.http.get(f"{made.headers['location']}/specification")
    assert shown.headers["etag"] == '"1"'
    assert names_in(spec.content) == {"echo.cwl": CWL}
    assert (await ada.http.get("/v1/workflows")).json()["items"][0]["id"] == found["id"]

    stale = await ada.http.patch(made.headers["location"], files={"version": (None, "2")}, headers={"If-Match": '"7"'})
    refused(stale, 412, "gateway:precondition-failed", "If-Match")
    changed = await ada.http.patch(
        made.headers["location"],
        data={"version": "2.0"},
        files={"spec": ("new.cwl", CWL + b"# new"), "inputs": ("i.yaml", b"n: 1")},
        headers={"If-Match": shown.headers["etag"]},
    )
    assert changed.status_code == 200, changed.text
    assert (changed.json()["version"], changed.json()["revision"], changed.json()["main"]) == ("2.0", 2, "new.cwl")

    assert (await ada.http.delete(made.headers["location"])).status_code == 204
    refused(await ada.http.get(made.headers["location"]), 404, "registry:no-such-workflow")
    jobs = (await ada.http.get("/v1/jobs")).json()["items"]
    assert [(job["kind"], job["status"]) for job in jobs] == [
        ("registry.delete-workflow", "SUCCEEDED"),
        ("registry.update-workflow", "SUCCEEDED"),
        ("registry.register-workflow", "SUCCEEDED"),
    ]
    assert jobs[-1]["result"]["handle"] == "10378.1/1"


async def test_a_refusal_of_the_registry_is_the_answer(ada: Person, house: GatewayHouse, tmp_path) -> None:
    """With its type, its status and its job; what was stored for it is gone."""
    await ada.register()
    kept = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]

    problem = refused(await ada.register(), 409, "registry:duplicate-workflow")

    job = (await ada.http.get(f"/v1/jobs/{problem['job']}")).json()
    assert (job["status"], job["problem"]["type"]) == ("FAILED", problem["type"])
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == kept


async def test_whoever_does_not_wait_gets_the_job(ada: Person, world: World) -> None:
    """202 with a job that can be looked at."""
    world.deaf = True
    files = {"spec": ("echo.cwl", CWL)}

    answer = await ada.http.post("/v1/workflows", params={"wait": 0.05}, data={"name": "x", "version": "1"}, files=files)

    assert answer.status_code == 202
    job = (await ada.http.get(answer.headers["location"])).json()
    assert (job["status"], job["id"]) == ("PENDING", answer.json()["job"]["id"])


@pytest.mark.parametrize(
    ("data", "files", "status", "kind", "field"),
    [
        ({"version": "1"}, {"spec": ("a.cwl", CWL)}, 422, "gateway:invalid", "name"),
        ({"name": "a/b", "version": "1"}, {"spec": ("a.cwl", CWL)}, 422, "gateway:invalid", "name"),
        ({"name": "a", "version": "1", "what": "x"}, {"spec": ("a.cwl", CWL)}, 422, "gateway:invalid", "what"),
        ({"name": "a", "version": "1"}, {"inputs": ("i.yaml", b"")}, 422, "gateway:invalid", "spec"),
        ({"name": "a", "version": "1", "spec": "text"}, {"inputs": ("i.yaml", b"")}, 422, "gateway:invalid", "spec"),
        ({"name": "a", "version": "1", "tenant": "chemistry"}, {"spec": ("a.cwl", CWL)}, 403, "gateway:forbidden", "tenant"),
        ({"name": "a", "version": "1"}, {"spec": ("a.sh", b"#!")}, 415, "gateway:unsupported-media-type", "spec"),
        ({"name": "a", "version": "1"}, {"spec": ("a.cwl", CWL + b"#" * 100_000)}, 413, "gateway:too-large", None),
        ({"name": "a", "version": "1"}, {"spec": ("a.cwl", b"#" * 5_000_000)}, 413, "gateway:too-large", None),
        ({"name": "a", "version": "1"}, {"spec": ("a.zip", b"PK\x03\x04")}, 422, "registry:invalid-specification", None),
    ],
)
async def test_bad_forms_are_refused(ada: Person, data, files, status: int, kind: str, field: str | None) -> None:
    """Each with the field that is wrong."""
    refused(await ada.http.post("/v1/workflows", data=data, files=files), status, kind, field)


@pytest.mark.parametrize(
    ("inputs", "status", "kind"),
    [(("i.yaml", b"#" * 1_500_000), 413, "gateway:too-large"), ((None, "n: 1"), 422, "gateway:invalid")],
)
async def test_a_specification_whose_inputs_are_refused_is_not_kept(ada: Person, tmp_path, inputs, status, kind) -> None:
    """Neither when a workflow is registered nor when it is changed, at both platforms' addresses."""
    there = (await ada.register("there")).headers["location"]
    kept = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    spec = ("echo.cwl", CWL + b"# other")
    form = {"files": {"spec": spec, "inputs": inputs}}

    refused(await ada.http.post("/v1/workflows", data={"name": "a", "version": "1"}, **form), status, kind)
    refused(await ada.http.patch(there, **form), status, kind)
    legacy = {"data": {"name": "a", "version": "1"}, "files": {"spec_file": spec, "input_file": inputs}}
    assert (await ada.http.post("/workflow_registry/register/", **legacy)).status_code == status

    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == kept


async def test_a_form_is_a_form(ada: Person) -> None:
    """JSON is not taken where files belong."""
    refused(await ada.http.post("/v1/workflows", json={}), 415, "gateway:unsupported-media-type")


async def test_several_groups_are_a_question(eve: Person) -> None:
    """Whoever works for two names one."""
    refused(await eve.register(), 422, "gateway:invalid", "tenant")
    assert (await eve.register(tenant="chemistry")).json()["tenant"] == "chemistry"


# -- uploads


async def test_an_upload_is_known_by_an_id(ada: Person) -> None:
    """And tells what it was."""
    answer = await ada.http.post(
        "/v1/uploads", params={"name": "a/b.csv"}, content=b"1,2", headers={"content-type": "text/csv; x"}
    )

    told = answer.json()
    assert answer.status_code == 201
    assert (told["name"], told["size"], told["media_type"]) == ("a/b.csv", 3, "text/csv")
    assert told["sha256"] == hashlib.sha256(b"1,2").hexdigest()


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a\x00b", "a\nb", "a\\b", "", "a//b"])
async def test_uploads_with_bad_names_are_refused(ada: Person, name: str) -> None:
    """No name leads anywhere else."""
    refused(await ada.http.post("/v1/uploads", params={"name": name}, content=b"x"), 422, "executor:bad-file-name", "name")


async def test_uploads_over_the_limit_are_refused(ada: Person, tmp_path) -> None:
    """By what they announce, and by what they are; nothing is left of them."""

    async def endless():
        for _ in range(20):
            yield b"x" * 100

    announced = await ada.http.post("/v1/uploads", params={"name": "x"}, content=b"x" * 1001)
    streamed = await ada.http.post("/v1/uploads", params={"name": "x"}, content=endless())

    refused(announced, 413, "gateway:too-large")
    refused(streamed, 413, "gateway:too-large")
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


async def test_an_upload_that_no_run_took_can_be_removed(ada: Person, bob: Person, tmp_path) -> None:
    """By its tenant alone, with its bytes; for others it is not there, and afterwards for nobody."""
    mine = await ada.upload("a.txt", b"a")

    refused(await bob.http.delete(f"/v1/uploads/{mine}"), 404, "gateway:not-found")
    assert (await ada.http.get(f"/v1/uploads/{mine}")).json()["taken"] is None
    assert (await ada.http.delete(f"/v1/uploads/{mine}")).status_code == 204

    for method in ("GET", "DELETE"):
        refused(await ada.http.request(method, f"/v1/uploads/{mine}"), 404, "gateway:not-found")
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("way", ["/v1/runs", "/v1/runs:batch"])
async def test_an_upload_that_a_run_took_stays(ada: Person, house: GatewayHouse, world: World, way: str) -> None:
    """Whatever becomes of the run; what it was given belongs to it. A refused start takes nothing."""
    workflow = (await ada.register()).json()["id"]
    data, other = await ada.upload("a.txt", b"a"), await ada.upload("b.txt", b"b")
    order = {"workflow": workflow, "inputs": {"data": {"class": "File", "path": "a"}}, "files": {"a": {"upload": data}}}
    order |= {"runs": [{}]} if way.endswith("batch") else {}
    refused_ = order | {"inputs": {**order["inputs"], "m": 1}, "files": {"a": {"upload": other}}}
    await ada.http.post(way, json=refused_)

    assert (await ada.http.post(way, json=order)).status_code == 202

    refused(await ada.http.delete(f"/v1/uploads/{data}"), 409, "gateway:conflict")
    assert (await ada.http.get(f"/v1/uploads/{data}")).json()["taken"] is not None
    (file,) = world.orders[0].files
    assert await house.files.size(file.content.key) == 1
    assert (await ada.http.delete(f"/v1/uploads/{other}")).status_code == 204


async def test_uploads_that_nobody_takes_are_forgotten(ada: Person, house: GatewayHouse, tmp_path) -> None:
    """After as many days as the setting says, if it says so; never what a run took."""
    run = UUID((await a_run(ada))["run"]["id"])
    old, fresh = await ada.upload("old.txt", b"a"), await ada.upload("fresh.txt", b"b")
    age = text("update gateway.uploads set created = now() - interval '3 days' where id <> :id")
    async with house.work() as unit:
        await unit.session.execute(age, {"id": UUID(fresh)})
    assert await forget_uploads(house) is False
    kept = len((await ada.http.get("/v1/uploads")).json()["items"])

    object.__setattr__(house.settings, "upload_days", 2)
    assert await forget_uploads(house) is False

    left = (await ada.http.get("/v1/uploads")).json()["items"]
    assert (kept, [one["name"] for one in left]) == (3, ["fresh.txt", "d.txt"])
    refused(await ada.http.get(f"/v1/uploads/{old}"), 404, "gateway:not-found")
    assert (await ada.http.get(f"/v1/runs/{run}")).status_code == 200


async def test_a_run_does_not_take_what_was_removed_meanwhile(ada: Person, house: GatewayHouse, world: World) -> None:
    """Between looking for an upload and ordering the run somebody may remove it: then the run is refused."""
    await a_run(ada)
    order = world.orders[0].model_copy(update={"run": uuid7(), "job": None})
    async with house.work() as unit:
        await unit.session.execute(text("delete from gateway.uploads"))

    assert order.caller
    with pytest.raises(Refusal, match="removed meanwhile"):
        async with house.work() as unit:
            await send(unit, order, order.caller, order.run)
    assert len((await ada.http.get("/v1/jobs", params={"kind": "executor.start-run"})).json()["items"]) == 1


# -- runs


async def test_a_run_is_started_with_its_files(ada: Person, world: World) -> None:
    """The answer has its number; the command refers to the bytes that were uploaded."""
    told = await a_run(ada)

    order = world.orders[0]
    assert (told["run"]["name"], told["run"]["number"], told["job"]["status"]) == ("echo:1.0", "1", "IN_PROGRESS")
    assert told["job"]["result"] == {"run": told["run"]["id"], "name": "echo:1.0", "number": "1"}
    assert [(file.name, file.content.sha256, file.origin) for file in order.files] == [
        ("d.txt", hashlib.sha256(b"data").hexdigest(), None)
    ]
    assert (order.tenant, order.parameters["data"]["path"]) == ("physics", "d.txt")
    assert order.caller
    assert order.caller.name == "ada"


async def test_a_runs_job_is_settled_when_it_is_captured(ada: Person, house: GatewayHouse, world: World) -> None:
    """Whoever waits for the job wakes."""
    told = await a_run(ada)
    waiting = asyncio.create_task(ada.http.get(f"/v1/jobs/{told['job']['id']}", params={"wait": 60}))
    await asyncio.sleep(0.1)

    await ended(house, world, UUID(told["run"]["id"]))

    job = (await asyncio.wait_for(waiting, 30)).json()
    assert (job["status"], job["result"]["status"], job["result"]["number"]) == ("SUCCEEDED", "finished", "1")


async def test_an_earlier_output_is_taken_by_path_or_role(ada: Person, house: GatewayHouse, world: World) -> None:
    """And its occurrence is the input's origin."""
    first = UUID((await a_run(ada))["run"]["id"])
    await ended(house, world, first)
    workflow = str(world.runs[first].workflow.id)
    inputs = {"data": {"class": "File", "path": "a.txt"}}
    files = {"a.txt": {"run": str(first), "output": "result"}, "b/c.txt": {"run": str(first), "output": "sub/out.txt"}}

    answer = await ada.start(workflow=workflow, inputs=inputs, files=files)

    assert answer.status_code == 202, answer.text
    origins = {file.name: (file.origin.id, file.origin.run) for file in world.orders[1].files if file.origin}
    assert origins == dict.fromkeys(files, (f"run/{first}/out/echo/sub/out.txt", first))


async def test_bad_orders_are_refused_before_anything_is_started(ada: Person, bob: Person, world: World) -> None:
    """Unknown workflow, unknown value, missing value, bad name, foreign upload, foreign run, missing file."""
    made = (await ada.register()).json()["id"]
    mine, foreign = await ada.upload("d", b"1"), await bob.upload("d", b"2")
    data = {"data": {"class": "File", "path": "d"}}
    good = {"workflow": made, "inputs": data, "files": {"d": {"upload": mine}}}
    nowhere = str(uuid7())

    for change, status, kind, field in [
        ({"workflow": nowhere}, 404, "registry:no-such-workflow", None),
        ({"inputs": data | {"m": 1}}, 422, "executor:unknown-parameter", "inputs.m"),
        ({"inputs": {}}, 422, "executor:missing-input", "inputs.data"),
        ({"files": {"../d": {"upload": mine}}}, 422, "executor:bad-file-name", "files.../d"),
        ({"files": {"d": {"upload": foreign}}}, 422, "executor:missing-input", "files.d"),
        ({"files": {"d": {"run": nowhere, "output": "x"}}}, 422, "executor:missing-input", None),
        ({"files": {"d": {"run": nowhere}}}, 422, "gateway:invalid", "body.files.d"),
        ({"files": {}}, 422, "executor:missing-input", "inputs.data"),
        ({"inputs": {"data": {"class": "File", "path": "/etc/passwd"}}}, 422, "executor:missing-input", "inputs.data"),
        ({"inputs": data | {"n": "x" * 70_000}}, 413, "gateway:too-large", "inputs"),
        ({"tenant": "chemistry"}, 403, "gateway:forbidden", "tenant"),
        ({"priority": 1000}, 422, "gateway:invalid", "body.priority"),
        ({"colour": "red"}, 422, "gateway:invalid", "body.colour"),
    ]:
        refused(await ada.start(**good | change), status, kind, field)
    refused(await bob.start(**good), 404, "registry:no-such-workflow")
    assert world.orders == []
    assert (await ada.start(**good)).status_code == 202


async def test_another_tenants_things_are_not_there(ada: Person, bob: Person, house: GatewayHouse, world: World) -> None:
    """Foreign and missing look the same, on every address with an id."""
    told = await a_run(ada)
    run, job = told["run"]["id"], told["job"]["id"]
    workflow = told["run"]["workflow"]["id"]
    await ended(house, world, UUID(run))

    for method, path in [
        ("GET", f"/v1/runs/{run}"),
        ("GET", f"/v1/runs/{run}/steps"),
        ("GET", f"/v1/runs/{run}/events"),
        ("GET", f"/v1/runs/{run}/logs"),
        ("GET", f"/v1/runs/{run}/outputs"),
        ("GET", f"/v1/runs/{run}/outputs/sub/out.txt"),
        ("GET", f"/v1/runs/{run}/archive"),
        ("POST", f"/v1/runs/{run}/stop"),
        ("POST", f"/v1/runs/{run}/restart"),
        ("DELETE", f"/v1/runs/{run}"),
        ("GET", f"/v1/workflows/{workflow}"),
        ("GET", f"/v1/workflows/{workflow}/specification"),
        ("DELETE", f"/v1/workflows/{workflow}"),
        ("GET", f"/v1/jobs/{job}"),
    ]:
        foreign = await bob.http.request(method, path)
        missing = await bob.http.request(
            method, path.replace(run, str(uuid7())).replace(workflow, str(uuid7())).replace(job, str(uuid7()))
        )
        assert (foreign.status_code, missing.status_code) == (404, 404), path
        assert foreign.json()["type"] == missing.json()["type"]
    assert (await bob.http.get("/v1/jobs")).json()["items"] == []
    assert (await bob.http.get("/v1/runs")).json()["items"] == []


async def test_a_run_is_stopped_done_again_and_removed(ada: Person, world: World) -> None:
    """Stopping waits for the end, whoever says it; a run that has ended cannot be stopped."""
    run = (await a_run(ada))["run"]["id"]

    stopped = (await ada.http.post(f"/v1/runs/{run}/stop")).json()
    assert (stopped["run"]["status"], stopped["job"]["status"]) == ("stopped", "SUCCEEDED")
    refused(await ada.http.post(f"/v1/runs/{run}/stop"), 409, "executor:wrong-status")

    again = (await ada.http.post(f"/v1/runs/{run}/restart", json={"inputs": {"n": 2}})).json()
    assert (again["run"]["number"], again["job"]["kind"]) == ("1.1", "executor.restart-run")
    bad = await ada.http.post(f"/v1/runs/{run}/restart", json={"inputs": {"m": 2}})
    refused(bad, 422, "executor:unknown-parameter", "inputs.m")

    assert (await ada.http.delete(f"/v1/runs/{run}")).status_code == 204
    assert (await ada.http.get(f"/v1/runs/{run}")).status_code == 404


async def test_a_run_is_watched(ada: Person, house: GatewayHouse, world: World) -> None:
    """Events come with ids, a lost line is taken up where it was lost, and the end is told."""
    run = UUID((await a_run(ada))["run"]["id"])
    await ended(house, world, run)
    at = "2026-01-01T00:00:00Z"
    world.changes[run] = [
        {"seq": 1, "at": at, "place": None, "status": "running", "reason": None},
        {"seq": 2, "at": at, "place": "echo", "status": "finished", "reason": None},
    ]

    whole = await ada.http.get(f"/v1/runs/{run}/events")
    rest = await ada.http.get(f"/v1/runs/{run}/events", headers={"Last-Event-ID": "1"})

    assert whole.headers["content-type"].startswith("text/event-stream")
    kinds = [line.removeprefix("event: ") for line in whole.text.splitlines() if line.startswith("event: ")]
    assert kinds == ["run", "step", "end"]
    assert [line for line in rest.text.splitlines() if line.startswith("id: ")] == ["id: 2"]
    assert json.loads(whole.text.rsplit("data: ", 1)[1])["status"] == "finished"


# -- files


async def test_outputs_are_downloaded_whole_and_in_part(ada: Person, house: GatewayHouse, world: World) -> None:
    """By path or role, with digest, ranges and conditions."""
    run = UUID((await a_run(ada))["run"]["id"])
    await ended(house, world, run)
    address = f"/v1/runs/{run}/outputs/sub/out.txt"

    whole = await ada.http.get(address)
    assert (whole.content, whole.headers["content-length"]) == (b"0123456789", "10")
    assert whole.headers["etag"] == f'"{hashlib.sha256(whole.content).hexdigest()}"'
    assert "attachment" in whole.headers["content-disposition"]
    assert (await ada.http.get(f"/v1/runs/{run}/outputs/result")).content == whole.content

    some = await ada.http.get(address, headers={"Range": "bytes=2-4"})
    assert (some.status_code, some.content, some.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    beyond = await ada.http.get(address, headers={"Range": "bytes=10-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */10")
    assert (await ada.http.get(address, headers={"If-None-Match": whole.headers["etag"]})).status_code == 304
    changed = await ada.http.get(address, headers={"Range": "bytes=2-4", "If-Range": '"other"'})
    assert (changed.status_code, changed.content) == (200, whole.content)

    archive = await ada.http.get(f"/v1/runs/{run}/archive")
    assert names_in(archive.content) == {"sub/out.txt": b"0123456789"}
    assert "echo-1.0-1.zip" in archive.headers["content-disposition"]

    refused(await ada.http.get(f"/v1/runs/{run}/outputs/nothing"), 404, "executor:no-such-output")
    await house.files.delete(world.outputs[run][0].stored or "")
    refused(await ada.http.get(address), 404, "executor:no-such-output")
    refused(await ada.http.get(f"/v1/runs/{run}/archive"), 404, "executor:no-such-output")


async def test_an_archive_leaves_nothing_out(ada: Person, house: GatewayHouse, world: World) -> None:
    """A file whose name no zip should have comes under another one, and a file beside it says which."""
    run = UUID((await a_run(ada))["run"]["id"])
    await ended(house, world, run)
    (one,) = world.outputs[run]
    odd = ["a:b.csv", "a\\b.csv", "a\n.csv", "a%3Ab.csv"]
    world.outputs[run] += [one.model_copy(update={"id": f"run/{run}/out/echo/{path}", "path": path}) for path in odd]

    found = names_in((await ada.http.get(f"/v1/runs/{run}/archive")).content)

    renamed = json.loads(found.pop("renamed.json"))
    assert set(found) == {"sub/out.txt", "a%3Ab.csv", "2-a%3Ab.csv", "a%5Cb.csv", "a%0A.csv"}
    assert renamed == {"2-a%3Ab.csv": "a:b.csv", "a%5Cb.csv": "a\\b.csv", "a%0A.csv": "a\n.csv"}
    assert set(found.values()) == {b"0123456789"}


async def test_logs_are_text(ada: Person, house: GatewayHouse, world: World) -> None:
    """Of the engine or of a step; empty where there is none yet, and refused where there is no such step."""
    run = UUID((await a_run(ada))["run"]["id"])
    assert (await ada.http.get(f"/v1/runs/{run}/logs")).text == ""

    async def content():
        yield "müll".encode()

    ref: FileRef = await house.files.put(content())
    world.runs[run] = world.runs[run].model_copy(update={"log": ref})
    log = await ada.http.get(f"/v1/runs/{run}/logs")
    assert (log.text, log.headers["content-type"]) == ("müll", "text/plain; charset=utf-8")
    refused(await ada.http.get(f"/v1/runs/{run}/logs", params={"step": "x"}), 404, "executor:no-such-step")


# -- lineage


async def test_lineage_is_asked_and_exports_are_negotiated(ada: Person, world: World) -> None:
    """The form that the client accepts is what provenance is asked for."""
    run = uuid7()
    walked = (await ada.http.get("/v1/lineage", params={"id": "x", "direction": "down"})).json()
    assert (walked["root"], walked["nodes"][0]["label"]) == ("x", "down")

    turtle = await ada.http.get(f"/v1/runs/{run}/provenance", headers={"Accept": "text/turtle"})
    assert (turtle.content, turtle.headers["content-type"]) == (b"document", "text/turtle; charset=utf-8")
    assert f"run-{run}.ttl" in turtle.headers["content-disposition"]
    await ada.http.get(f"/v1/runs/{run}/provenance", params={"format": "provn"})
    assert world.asked == [f"run/{run} turtle", f"run/{run} provn"]
    refused(await ada.http.get(f"/v1/runs/{run}/provenance", headers={"Accept": "image/png"}), 406, "gateway:not-acceptable")
    refused(await ada.http.get("/v1/lineage", params={"id": "x", "direction": "sideways"}), 422, "gateway:invalid")
    found = (await ada.http.get("/v1/lineage/path", params={"source": "a", "target": "b"})).json()
    assert found["links"][0]["target"] == "b"


async def test_drawings_cannot_run_scripts(ada: Person, world: World) -> None:
    """Whatever a picture holds, a browser only shows it."""
    moment = "2026-01-01T00:00:00Z"
    svg = {"Accept": "image/svg+xml"}
    one = await ada.http.get(f"/v1/runs/{uuid7()}/drawing", headers=svg)
    two = await ada.http.get("/v1/lineage/drawing", params={"id": "x", "depth": 3, "as_of": moment}, headers=svg)
    await ada.http.get("/v1/lineage/document", params={"id": "x", "direction": "down", "format": "jsonld"})

    for answer in (one, two):
        assert (answer.content, answer.headers["content-type"]) == (b"bytes", "image/svg+xml")
        assert "sandbox" in answer.headers["content-security-policy"]
    assert "format=svg" in world.asked[0]
    assert world.walked[0].startswith("id=x&direction=up&depth=3&as_of=2026-01-01T00")
    assert world.walked[1] == "id=x&direction=down&registered=true"
    assert world.asked[1:] == ["/lineage/drawing format=svg", "/lineage/document format=jsonld"]


# -- jobs


async def test_jobs_come_in_pages(ada: Person) -> None:
    """Newest first, filtered by status; a wrong page is refused."""
    for n in range(5):
        await ada.register(f"w{n}")
    await ada.register("w0")

    first = (await ada.http.get("/v1/jobs", params={"limit": 4})).json()
    second = (await ada.http.get("/v1/jobs", params={"limit": 4, "after": first["next"]})).json()
    failed = (await ada.http.get("/v1/jobs", params={"status": JobStatus.FAILED})).json()

    ids = [job["id"] for job in first["items"] + second["items"]]
    assert (len(first["items"]), len(second["items"]), second["next"]) == (4, 2, None)
    assert ids == sorted(ids, reverse=True)
    assert [job["status"] for job in failed["items"]] == ["FAILED"]
    refused(await ada.http.get("/v1/jobs", params={"after": "x"}), 422, "gateway:invalid", "after")


async def test_the_documentation_is_whole(anybody: httpx.AsyncClient) -> None:
    """Every operation of `/v1` has a summary, a description and its errors as problems."""
    spec = (await anybody.get("/openapi.json")).json()

    operations = [(path, m, told) for path, methods in spec["paths"].items() for m, told in methods.items()]
    assert len({told["operationId"] for _, _, told in operations}) == len(operations)
    for path, method, told in operations:
        assert told["summary"], (method, path)
        if path.startswith("/v1"):
            assert told["description"], (method, path)
        if path.startswith("/v1") and not path.startswith("/v1/problems"):  # what errors mean is no secret
            assert told["security"] == [{"HTTPBearer": []}]
            assert PROBLEM in told["responses"]["401"]["content"]
    assert "Problem" in spec["components"]["schemas"]
