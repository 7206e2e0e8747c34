"""Bad input: a clear problem that names the field and the limit, and nothing is left behind."""

import io
import json
import re
import socket
import stat
import time
import zipfile
from urllib.parse import quote
from uuid import UUID

import httpx
import jwt
import pytest
from tests.e2e.test_runs import SHOUT, upload
from tests.running import a_zip, ended, register, start


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
    public = httpx.get(f"{platform.url}/auth/realms/reprovena", timeout=60).json()["public_key"]
    now = int(time.time())
    yield "none", jwt.encode(claims, None, "none", {"kid": header["kid"]})
    yield "forged", jwt.encode(claims, stranger, "RS256", {"kid": header["kid"]})
    yield "expired", jwt.encode(claims | {"exp": now - 600}, stranger, "RS256", {"kid": header["kid"]})
    yield "public key as secret", jwt.encode(claims, public, "HS256", {"kid": header["kid"]})
    yield "cut", good[:-5]
    yield "rubbish", "rubbish"


def test_tokens_that_are_not_ours_are_refused(platform):
    """Forged, unsigned, expired, mixed up, cut, rubbish, and none at all."""
    for what, token in tokens(platform):
        answer = httpx.get(f"{platform.url}/v1/runs", headers={"Authorization": f"Bearer {token}"}, timeout=60)
        problem(answer, 401, "gateway:unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer"), what
    problem(httpx.get(f"{platform.url}/v1/runs", timeout=60), 401, "gateway:unauthenticated")


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


def refused_bundle(ada, content: bytes, name: str = "b.zip", kind: str = "specification", **more) -> dict:
    """The problem with a specification, or its input file, that is sent; also where a busy machine tells of it later."""
    data = {"name": "crooked", "version": "1"}
    answer = ada.post("/v1/workflows", data=data, files={"spec": (name, content), **more}, params={"wait": 60})
    if answer.status_code == 202:
        job, end = answer.json()["job"], time.monotonic() + 240
        while job["status"] not in {"FAILED", "SUCCEEDED"} and time.monotonic() < end:
            job = ada.get(f"/v1/jobs/{job['id']}", params={"wait": 60}).json()
        assert job["problem"]["type"] == f"urn:problem:registry:invalid-{kind}", job
        return job["problem"]
    return problem(answer, 422, f"registry:invalid-{kind}")


@pytest.mark.parametrize(("mode", "words"), [(stat.S_IFLNK | 0o777, "is a link"), (stat.S_IFIFO | 0o644, "no ordinary file")])
def test_a_zip_with_links_or_devices_is_refused(ada, mode, words):
    """What would lead elsewhere when it is unpacked; the entry is named."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("shout.cwl", SHOUT)
        entry = zipfile.ZipInfo("data/way-out")
        entry.create_system, entry.external_attr = 3, mode << 16
        archive.writestr(entry, "/etc/passwd")
    told = refused_bundle(ada, whole.getvalue())

    assert [(error["file"], words in error["detail"]) for error in told["errors"]] == [("data/way-out", True)]


def test_a_zip_bomb_is_refused_while_it_swells(ada):
    """Little on the wire, much on the disk; and one that only claims to be small."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("shout.cwl", SHOUT)
        archive.writestr("zeros", bytes(60_000_000))
    assert len(whole.getvalue()) < 100_000
    assert "swells" in refused_bundle(ada, whole.getvalue())["detail"]

    many = io.BytesIO()
    with zipfile.ZipFile(many, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"zeros-{number}", bytes(60_000_000))
    answer = ada.post("/v1/workflows", data={"name": "crooked", "version": "1"}, files={"spec": ("b.zip", many.getvalue())})
    assert "limit" in problem(answer, 413, "gateway:too-large")["detail"]


LAUGHS = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" if n else 'a0: &a0 ["ha"]\n' for n in range(12))


def test_a_yaml_bomb_is_refused(ada):
    """A billion laughs, in a specification and in an input file: counted, never unfolded."""
    told = refused_bundle(ada, (SHOUT + LAUGHS).encode(), "shout.cwl")
    assert "aliases" in told["detail"]
    assert told["errors"][0]["file"] == "shout.cwl"

    told = refused_bundle(ada, SHOUT.encode(), "shout.cwl", "inputs", inputs=("inputs.yaml", f"data: 1\n{LAUGHS}"))
    assert "aliases" in told["detail"]


@pytest.mark.parametrize("depth", [70, 900, 100_000])
def test_what_is_nested_too_deeply_is_refused(ada, workflow, depth):
    """YAML of a specification, JSON of an input file, JSON of a request."""
    deep = "[" * depth + "]" * depth
    assert "deep" in refused_bundle(ada, f"{SHOUT}doc: {deep}\n".encode(), "shout.cwl")["detail"]

    told = refused_bundle(ada, SHOUT.encode(), "shout.cwl", "inputs", inputs=("inputs.json", f'{{"data": {deep}}}'))
    assert "deep" in told["detail"]

    body = f'{{"workflow": "{workflow["id"]}", "inputs": {{"data": {deep}}}}}'
    answer = ada.post("/v1/runs", content=body, headers={"Content-Type": "application/json"})
    if answer.status_code != 400:  # the reader of JSON may give up first
        (error,) = problem(answer, 422, "gateway:invalid")["errors"]
        assert (error["field"], "64 levels" in error["detail"]) == ("body.inputs", True)


BARE = {"nul": "a\x00b", "surrogate": "a\ud800b"}
TEXTS = [
    ("get", "/v1/runs", "params", "name"),
    ("get", "/v1/runs", "params", "after"),
    ("get", "/v1/runs", "params", "text"),
    ("get", "/v1/workflows", "params", "name"),
    ("get", "/v1/workflows", "params", "version"),
    ("get", "/v1/workflows", "params", "after"),
    ("get", "/v1/jobs", "params", "after"),
    ("get", "/v1/lineage", "params", "id"),
    ("get", "/v1/lineage/path", "params", "source"),
    ("get", "/v1/lineage/path", "params", "target"),
    ("get", "/v1/lineage/document", "params", "id"),
    ("get", "/v1/records/diff", "params", "id"),
    ("get", "/v1/records/changes", "params", "id"),
    ("get", "/v1/records/changes", "params", "after"),
    ("post", "/v1/uploads", "params", "name"),
    ("post", "/v1/uploads", "params", "tenant"),
    ("post", "/v1/runs", "json", "tenant"),
    ("post", "/v1/runs", "json", "inputs"),
    ("post", "/v1/runs", "json", "files"),
    ("post", "/v1/runs", "json", "output"),
    ("post", "/v1/workflows", "form", "name"),
    ("post", "/v1/workflows", "form", "version"),
    ("post", "/v1/workflows", "form", "main"),
    ("post", "/v1/workflows", "form", "tenant"),
    ("post", "/v1/workflows", "form", "filename"),
    ("put", "/v1/reana-token", "json", "token"),
]


@pytest.mark.parametrize("bare", BARE)
@pytest.mark.parametrize(("method", "path", "where", "field"), TEXTS)
def test_text_that_no_database_holds_is_refused(ada, workflow, bare, method, path, where, field):
    """NUL, and half of a surrogate pair: wherever a name may stand the answer is a problem, and none of ours."""
    text = BARE[bare]
    if where == "params":
        others = {"direction": "up", "source": "x", "target": "y"} | ({"name": "x"} if path == "/v1/uploads" else {})
        query = {**others, field: text}
        # as a client writes it that does not look: half of a pair in UTF-8
        spelt = "&".join(f"{name}={quote(value.encode('utf-8', 'surrogatepass'))}" for name, value in query.items())
        answer = ada.request(method, f"{path}?{spelt}", content=b"x" if method == "post" else None)
    elif where == "form":
        parts = {"name": "n", "version": "1"} | ({field: text} if field != "filename" else {})
        filename = f"{text}.cwl" if field == "filename" else "shout.cwl"
        body = b"".join(
            f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode("utf-8", "surrogatepass")
            for name, value in parts.items()
        )
        head = f'--b\r\nContent-Disposition: form-data; name="spec"; filename="{filename}"\r\n\r\n'
        body += head.encode("utf-8", "surrogatepass") + SHOUT.encode() + b"\r\n--b--\r\n"
        answer = ada.post(path, content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    else:
        order = {"workflow": workflow["id"], "inputs": {"data": {"class": "File", "path": "x"}}}
        told = {
            "tenant": order | {"tenant": text},
            "inputs": order | {"inputs": {"data": [{text: text}]}},
            "files": order | {"files": {text: {"upload": str(UUID(int=1))}}},
            "output": order | {"files": {"x": {"run": str(UUID(int=1)), "output": text}}},
            "token": {"token": text},
        }[field]
        answer = ada.request(method, path, content=json.dumps(told), headers={"Content-Type": "application/json"})

    # half of a pair in UTF-8 is no UTF-8: servers may read it as U+FFFD, which is a text as any
    fine = bare == "surrogate" and where != "json"
    assert 400 <= answer.status_code < 500 or (fine and answer.status_code < 300), answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"].startswith("application/problem+json")


def raw(platform, head: str) -> bytes:
    """The answer to a request that no well-behaved client would send."""
    host, port = platform.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(head.encode("latin-1"))
        answer = b""
        while block := connection.recv(65536):
            answer += block
    return answer


@pytest.mark.parametrize("value", ["a\rX-Injected: 1", "a\nX-Injected: 1", "a\x00b", "a\x7fb", "é" * 10, "x" * 300, '"', ""])
def test_headers_cannot_be_forged(platform, ada, workflow, value):
    """A key with a line break, a NUL or what is too long is refused, and nothing of it comes back as a header."""
    body = json.dumps({"workflow": workflow["id"]})
    answer = raw(
        platform,
        "POST /v1/runs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Authorization: {ada.headers['authorization']}\r\nContent-Length: {len(body)}\r\n"
        f"Idempotency-Key: {value}\r\n\r\n{body}",
    )

    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"http/1.1 4"), answer
    assert b"x-injected" not in head


WEIRD = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'printf x > "$0"', "a\\"b; filename=evil.exe\\r\\nX-Injected: 1.txt"]
inputs: []
outputs: {out: {type: File, outputBinding: {glob: "*"}}}
"""


def test_a_file_name_cannot_break_out_of_its_header(ada):
    """A result whose name has quotes and line breaks is downloaded under a tame name, with no header of its making."""
    run = ended(ada, start(ada, register(ada, "weird-names", {"weird.cwl": WEIRD})))
    assert run["status"] == "finished", run["reason"]
    (output,) = run["outputs"]
    answer = ada.get(f"/v1/runs/{run['id']}/outputs/{quote(output['path'])}")

    assert answer.status_code in {200, 404}, answer.text
    assert "x-injected" not in answer.headers
    if answer.status_code == 200:
        safe = r"attachment; filename=\"[^\"\\;]*\"; filename\*=UTF-8''[A-Za-z0-9._%~-]*"
        assert re.fullmatch(safe, answer.headers["content-disposition"])
    archive = ada.get(f"/v1/runs/{run['id']}/archive")
    assert "x-injected" not in archive.headers


def test_a_log_line_cannot_be_forged_over_http(platform, ada):
    """Line breaks in addresses, headers and login names stay inside their JSON line."""
    before = len(platform.log())
    forged = '\n{"level": "info", "message": "forged", "forged": true}\n'
    for separator in ("\n", "\r\n", "\u2028", "\x85"):
        ada.get(f"/v1/{quote(forged.replace(chr(10), separator))}")
        ada.get("/v1/runs", params={"name": forged.replace("\n", separator)})
    raw(platform, "GET /v1/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: a\x85b\r\n\r\n")
    httpx.post(
        f"{platform.url}/auth/realms/reprovena/protocol/openid-connect/token",
        data={"grant_type": "password", "client_id": "reprovena", "username": forged, "password": forged},
        headers={"User-Agent": "a\tb"},
        timeout=60,
    )

    told = [json.loads(line) for line in platform.log()[before:].splitlines() if line.strip()]
    assert not any("forged" in line for line in told)
    assert any("forged" in str(line.get("path")) for line in told)
