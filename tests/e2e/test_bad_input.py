"""Bad input: a clear problem that names the field and the limit, and nothing is left behind."""

import time

import jwt
import pytest
from tests.e2e.test_runs import SHOUT, upload
from tests.running import a_zip, register


@pytest.fixture(scope="module")
def workflow(ada):
    """A workflow of one tool."""
    return register(ada, "bad-input", {"shout.cwl": SHOUT})


def problem(answer, status: int, kind: str):
    """The problem, of this kind."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    told = answer.json()
    assert told["type"] == f"urn:problem:{kind}", told
    return told


def test_an_invalid_specification_is_refused_with_its_line(ada):
    """The problem names the file, the line and the field; no workflow is there afterwards."""
    broken = SHOUT.replace("baseCommand", "basicCommand")
    answer = ada.post("/v1/workflows", data={"name": "broken-spec", "version": "1"}, files={"spec": ("tool.cwl", broken)})

    told = problem(answer, 422, "registry:invalid-specification")
    assert any(error.get("line") == 4 and "basicCommand" in error["detail"] for error in told["errors"]), told
    assert ada.get("/v1/workflows", params={"name": "broken-spec"}).json()["items"] == []


def test_a_specification_that_is_no_text_is_refused(ada):
    """Bytes that are neither YAML nor a zip are no workflow."""
    answer = ada.post("/v1/workflows", data={"name": "bytes", "version": "1"}, files={"spec": ("tool.cwl", bytes(range(256)))})

    assert answer.status_code == 422, answer.text


def test_name_and_version_are_taken_once(ada, bob, workflow):
    """A tenant has a name and version once; another tenant has its own."""
    body = {"data": {"name": "bad-input", "version": "1"}, "files": {"spec": ("shout.cwl", SHOUT)}}

    problem(ada.post("/v1/workflows", **body), 409, "registry:duplicate-workflow")
    assert bob.post("/v1/workflows", **body).status_code == 201


def test_an_unknown_parameter_is_refused_by_its_name(ada, workflow):
    """An input that the workflow does not have."""
    told = problem(
        ada.post("/v1/runs", json={"workflow": workflow["id"], "inputs": {"dta": 1}}), 422, "executor:unknown-parameter"
    )

    assert "inputs.dta" in {error["field"] for error in told["errors"]}


def test_a_missing_input_is_refused_by_its_name(ada, workflow):
    """An input that the workflow needs."""
    told = problem(ada.post("/v1/runs", json={"workflow": workflow["id"]}), 422, "executor:missing-input")

    assert "data" in told["detail"] + str(told["errors"])


def test_a_file_that_nobody_gave_fails(ada, workflow):
    """A file input whose file was not given with the run is refused, at the door or as the run's reason."""
    from tests.running import ended

    answer = ada.post(
        "/v1/runs", json={"workflow": workflow["id"], "inputs": {"data": {"class": "File", "path": "nowhere.txt"}}}
    )
    if answer.status_code == 202:
        run = ended(ada, answer.json()["run"]["id"])
        assert (run["status"], "nowhere.txt" in run["reason"]) == ("failed", True)
    else:
        assert "nowhere.txt" in problem(answer, 422, "executor:missing-input")["detail"]


def test_an_upload_over_the_limit_is_refused_early(ada):
    """The limit (bytes) is named; also where the length was not announced."""
    told = problem(ada.post("/v1/uploads", params={"name": "big"}, content=b"x" * 2_000_001), 413, "gateway:too-large")
    assert "2000000" in told["detail"]

    def pieces():
        for _ in range(3):
            yield b"x" * 1_000_000

    problem(ada.post("/v1/uploads", params={"name": "big"}, content=pieces()), 413, "gateway:too-large")


@pytest.mark.parametrize("name", ["../up.txt", "/etc/passwd", "a/../../b", "", "nul\x00", "line\nbreak"])
def test_a_crooked_file_name_is_refused(ada, workflow, name):
    """Names that lead out of the workspace, or are none."""
    identifier = upload(ada, "good.txt", b"x")
    body = {
        "workflow": workflow["id"],
        "inputs": {"data": {"class": "File", "path": name}},
        "files": {name: {"upload": identifier}},
    }

    assert ada.post("/v1/runs", json=body).status_code == 422


@pytest.mark.parametrize("name", ["a/b", "a:b", "", "nul\x00", "x" * 201])
def test_a_crooked_workflow_name_is_refused(ada, name):
    """Names that could not be addressed."""
    answer = ada.post("/v1/workflows", data={"name": name, "version": "1"}, files={"spec": ("shout.cwl", SHOUT)})

    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("path", ["../out.cwl", "/abs.cwl"])
def test_a_zip_that_leads_outside_is_refused(ada, path):
    """A bundle whose files would land elsewhere."""
    bundle = a_zip({"shout.cwl": SHOUT, path: "x"})
    answer = ada.post("/v1/workflows", data={"name": "slip", "version": "1"}, files={"spec": ("b.zip", bundle)})

    assert answer.status_code == 422, answer.text


def test_snakemake_needs_reana(ada):
    """A language that the local engine does not take is refused with what would take it."""
    files = {"reana.yaml": "workflow: {type: snakemake, file: Snakefile}\n", "Snakefile": "rule all:\n  input: []\n"}
    workflow = register(ada, "snake", files)
    told = problem(ada.post("/v1/runs", json={"workflow": workflow["id"]}), 422, "executor:unsupported-engine")

    assert "REANA" in told["detail"]


def test_who_acts_for_several_groups_names_one(platform):
    """Writing needs one tenant; whoever has several is asked for it."""
    with platform.client("eve") as eve:
        body = {"files": {"spec": ("shout.cwl", SHOUT)}}
        told = problem(eve.post("/v1/workflows", data={"name": "several", "version": "1"}, **body), 422, "gateway:invalid")
        assert "tenant" in {error["field"] for error in told["errors"]}
        named = eve.post("/v1/workflows", data={"name": "several", "version": "1", "tenant": "biology"}, **body)
        assert (named.status_code, named.json()["tenant"]) == (201, "biology")
        foreign = eve.post("/v1/workflows", data={"name": "several", "version": "2", "tenant": "chemistry"}, **body)
        assert foreign.status_code in {403, 422}
    with platform.client("sol") as sol:
        own = register(sol, "mine", {"shout.cwl": SHOUT})
        assert own["tenant"] == "~sol"


def tokens(platform):
    """Tokens that are not valid, by what is wrong with them."""
    good = platform.token("ada")
    claims = jwt.decode(good, options={"verify_signature": False})
    header = jwt.get_unverified_header(good)
    from cryptography.hazmat.primitives.asymmetric import rsa

    stranger = rsa.generate_private_key(65537, 2048)
    import httpx

    public = httpx.get(f"{platform.url}/auth/realms/reprovena").json()["public_key"]
    now = int(time.time())
    yield "none", jwt.encode(claims, None, "none", {"kid": header["kid"]})
    yield "forged", jwt.encode(claims, stranger, "RS256", {"kid": header["kid"]})
    yield "expired", jwt.encode(claims | {"exp": now - 600}, stranger, "RS256", {"kid": header["kid"]})
    yield "public key as secret", jwt.encode(claims, public, "HS256", {"kid": header["kid"]})
    yield "cut", good[:-5]
    yield "rubbish", "rubbish"


def test_tokens_that_are_not_ours_are_refused(platform):
    """Forged, unsigned, expired, mixed up, cut, rubbish, and none at all."""
    import httpx

    for what, token in tokens(platform):
        answer = httpx.get(f"{platform.url}/v1/runs", headers={"Authorization": f"Bearer {token}"})
        problem(answer, 401, "gateway:unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer"), what
    problem(httpx.get(f"{platform.url}/v1/runs"), 401, "gateway:unauthenticated")


def test_an_expired_token_is_refused(folder):
    """A token lives as long as the setting says."""
    from tests.running import Platform

    platform = Platform(folder, {"TOKEN_LIFETIME": "10"}).start()
    try:
        with platform.client("ada") as ada:
            claims = jwt.decode(ada.headers["authorization"].split()[1], options={"verify_signature": False})
            assert claims["exp"] - claims["iat"] == 10
    finally:
        platform.stop()


def test_a_page_that_is_not_there_is_a_problem(ada):
    """Unknown addresses and methods are problems, too."""
    problem(ada.get("/v1/nothing"), 404, "gateway:not-found")
    problem(ada.put("/v1/runs"), 405, "gateway:method-not-allowed")


def test_numbers_out_of_range_name_their_field(ada, workflow):
    """Limits of numbers are told with the field."""
    told = problem(ada.get("/v1/runs", params={"limit": 100_000}), 422, "gateway:invalid")
    assert any("limit" in error["field"] for error in told["errors"])
    told = problem(ada.post("/v1/runs", json={"workflow": workflow["id"], "timeout": 0}), 422, "gateway:invalid")
    assert any("timeout" in error["field"] for error in told["errors"])
    told = problem(ada.get("/v1/lineage", params={"id": "x", "direction": "up", "depth": -1}), 422, "gateway:invalid")
    assert any("depth" in error["field"] for error in told["errors"])
