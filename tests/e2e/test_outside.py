"""Inputs from outside over HTTP: a workflow takes a file that a catalogue describes, on the local engine and on REANA."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.e2e.test_runs import upload
from tests.elsewhere import Elsewhere, certificate
from tests.reana.process import StandIn
from tests.running import Platform, ended, register, start

FLOW = """
cwlVersion: v1.2
class: Workflow
requirements: {InlineJavascriptRequirement: {}}
inputs:
  - id: numbers
    type: File
    valueFromPlatform: "{{%s}}"
  - {id: words, valueFromPlatform: "{{%s}}", type: File}
outputs:
  - {id: both, type: File, outputSource: join/out}
steps:
  join:
    in: {a: numbers, b: words}
    out: [out]
    run:
      class: CommandLineTool
      requirements:
        InlineJavascriptRequirement: {}
        EnvVarRequirement: {envDef: {KEPT: "as it was"}}
        InitialWorkDirRequirement: {listing: [{entryname: two.txt, entry: $(inputs.b)}]}
      baseCommand: [sh, -c, 'cat $0 two.txt; echo $KEPT']
      inputs: {a: {type: File, inputBinding: {position: 1}}, b: File}
      stdout: both.txt
      outputs: {out: stdout}
"""
ONE = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: cat
inputs:
  data: {type: File, valueFromPlatform: "{{%s}}", inputBinding: {position: 1}}
stdout: shown.txt
outputs: {shown: stdout}
"""
NUMBERS, WORDS = b"1,2,3\n", b"yes\n"


@pytest.fixture(scope="module")
def catalogue(session_folder: Path) -> Iterator[tuple[Elsewhere, Path]]:
    """A catalogue and its files, over TLS, and whom to believe for it."""
    tls, believed = certificate(session_folder, "localhost")
    with Elsewhere(tls) as server:
        yield server, believed


@pytest.fixture(scope="module", params=["local", "reana"])
def platform(request: pytest.FixtureRequest, session_folder: Path, catalogue: tuple[Elsewhere, Path]) -> Iterator[Platform]:
    """`python -m onebox` that may fetch from the catalogue, with either runner."""
    server, believed = catalogue
    told = {
        # every public host, and one on this machine, which is named
        "OUTSIDE_HOSTS": f"localhost:{server.port}, *",
        "OUTSIDE_NETWORKS": "127.0.0.0/8",
        "OUTSIDE_CA": str(believed),
        "OUTSIDE_FILE_LIMIT": "1000000",
    }
    reana = None
    if request.param == "reana":
        pytest.importorskip("reana_client", reason="`make install PRODUCTION=1` brings the client of REANA")
        reana = StandIn(session_folder / "reana-outside").start()
        told |= {"RUNNER_URL": reana.url, "REANA_ACCESS_TOKEN": "user-platform"}
        told |= {"REANA_EVERY": "0.3", "REANA_SETTLE": "0.2", "REANA_RATE": "100"}
    running = Platform(session_folder / f"outside-{request.param}", told).start()
    try:
        yield running
        assert running.stop() == 0
    finally:
        if running.process is not None and running.process.poll() is None:
            running.kill()
        if reana is not None:
            reana.stop()


@pytest.fixture(scope="module")
def ada(platform: Platform) -> Iterator[httpx.Client]:
    """Ada."""
    with platform.client("ada") as client:
        yield client


@pytest.fixture
def server(catalogue: tuple[Elsewhere, Path]) -> Elsewhere:
    """The catalogue, that nobody has asked anything yet."""
    catalogue[0].pages.clear()
    catalogue[0].asked.clear()
    return catalogue[0]


def stocked(server: Elsewhere) -> None:
    """Two assets and their files."""
    server.asset(
        "/datasets/v1/1",
        {"content_url": server.url("/files/n?id=1"), "name": "numbers.csv"},
        license="CC-BY-4.0",
        version="3",
        creator=[{"name": "Ada"}, 7],
    )
    server.asset("/datasets/v1/2", {"content_url": server.url("/files/words.txt")}, {"content_url": "https://never.example/x"})
    server.pages["/files/n"] = 302, {"Location": "/moved/n"}, b""
    server.pages["/moved/n"] = 200, {"Content-Type": "text/csv"}, NUMBERS
    server.pages["/files/words.txt"] = 200, {"Content-Type": "text/plain"}, WORDS


def one_of(server: Elsewhere, ada: httpx.Client, name: str, path: str = "/datasets/v1/9") -> dict[str, Any]:
    """A workflow with one file from there."""
    return register(ada, name, {"one.cwl": ONE % server.url(path)})


def output(ada: httpx.Client, run: dict[str, Any]) -> bytes:
    """The only output of a run that ended well."""
    assert run["status"] == "finished", run["reason"]
    return ada.get(f"/v1/runs/{run['id']}/outputs/{run['outputs'][0]['path']}").content


def test_a_workflow_takes_files_from_a_catalogue(ada, server):
    """Nothing is given, and nothing of the workflow is lost: two files, one redirected; the plan is what was registered."""
    stocked(server)
    workflow = register(
        ada, "from-outside", {"flow.cwl": FLOW % (server.url("/datasets/v1/1"), server.url("/datasets/v1/2?a=b"))}
    )
    assert {one["name"]: (one["required"], one["from_platform"]) for one in workflow["parameters"]} == {
        "numbers": (False, server.url("/datasets/v1/1")),
        "words": (False, server.url("/datasets/v1/2?a=b")),
    }

    run = ended(ada, start(ada, workflow))

    assert output(ada, run) == NUMBERS + WORDS + b"as it was\n"
    asked = dict(server.asked)
    assert set(asked) == {
        "/datasets/v1/1?schema=aiod",
        "/datasets/v1/2?a=b&schema=aiod",
        "/files/n?id=1",
        "/moved/n",
        "/files/words.txt",
    }
    assert len(server.asked) == 5
    assert "application/json" in asked["/datasets/v1/1?schema=aiod"]["Accept"]
    assert not any("authorization" in {name.lower() for name in headers} for headers in asked.values())
    seen = {one["path"]: one for one in run["inputs"]}
    assert {name: one["sha256"] for name, one in seen.items()} == {
        "numbers.csv": hashlib.sha256(NUMBERS).hexdigest(),
        "words.txt": hashlib.sha256(WORDS).hexdigest(),
    }
    source = seen["numbers.csv"]["source"]
    assert source.pop("fetched")
    assert source == {
        "url": server.url("/files/n?id=1"), "metadata": server.url("/datasets/v1/1"), "title": "numbers.csv",
        "licence": "CC-BY-4.0", "version": "3", "creator": "Ada, 7",
    }  # fmt: skip
    assert run["workflow"]["spec"]["sha256"] == workflow["spec"]["sha256"]
    bundle = zipfile.ZipFile(io.BytesIO(ada.get(f"/v1/workflows/{workflow['id']}/specification").content))
    assert bundle.read("flow.cwl").decode().count("valueFromPlatform") == 2


def test_provenance_leads_out_to_the_address(ada, server):
    """Upstream of the result lie the file as the run saw it, and what lies at its address; documents say so, too."""
    stocked(server)
    run = ended(ada, start(ada, one_of(server, ada, "outside-lineage", "/datasets/v1/2")))
    assert output(ada, run) == WORDS
    here, web = f"run/{run['id']}/in/words.txt", f"web/{server.url('/files/words.txt')}"

    up = ada.get("/v1/lineage", params={"id": f"run/{run['id']}/results", "direction": "up"}).json()
    nodes = {one["id"]: one for one in up["nodes"]}
    assert nodes[web]["subtype"] == "WEB_RESOURCE"
    assert nodes[web]["attributes"]["prov:location"] == server.url("/files/words.txt")
    assert nodes[here]["attributes"]["reprovena:sourceMetadata"] == server.url("/datasets/v1/2")
    assert (here, "wasDerivedFrom", web) in {(one["source"], one["relation"], one["target"]) for one in up["links"]}
    down = ada.get("/v1/lineage", params={"id": web, "direction": "down"}).json()
    assert f"run/{run['id']}" in {one["id"] for one in down["nodes"]}

    document = ada.get(f"/v1/runs/{run['id']}/provenance", params={"format": "json"}).json()
    assert ("item:" + quote(here, safe="/:@+~"), "item:" + quote(web, safe="/:@+~")) in {
        (one["prov:generatedEntity"], one["prov:usedEntity"]) for one in document["wasDerivedFrom"].values()
    }
    for kind in ("provn", "xml", "turtle", "jsonld"):
        assert ada.get(f"/v1/runs/{run['id']}/provenance", params={"format": kind}).status_code == 200


def test_a_given_file_speaks_over_the_platforms(ada, server):
    """An upload, and an earlier run's output by its id: the catalogue is not even asked."""
    workflow = one_of(server, ada, "overridden")
    value = {"data": {"class": "File", "path": "mine.txt"}}
    identifier = upload(ada, "mine.txt", b"my own\n")

    first = ended(ada, start(ada, workflow, inputs=value, files={"mine.txt": {"upload": identifier}}))
    second = ended(ada, start(ada, workflow, inputs=value, files={"mine.txt": {"run": first["id"], "output": "shown"}}))

    assert output(ada, first) == output(ada, second) == b"my own\n"
    assert first["inputs"][0]["origin"] is first["inputs"][0]["source"] is second["inputs"][0]["source"] is None
    origin = second["inputs"][0]["origin"]
    assert (origin["run"], origin["id"]) == (first["id"], first["outputs"][0]["id"])
    assert server.asked == []


def refused(ada: httpx.Client, workflow: dict[str, Any], status: int, kind: str) -> str:
    """The words of a refusal at the start; no run is left of it."""
    answer = ada.post("/v1/runs", json={"workflow": workflow["id"]})
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert told["type"] == f"urn:problem:{kind}", told
    assert [error["field"] for error in told["errors"]] == ["inputs.data"]
    assert ada.get("/v1/runs", params={"workflow": workflow["id"]}).json()["items"] == []
    return str(told["detail"])


def test_a_placeholder_that_leads_nowhere_is_refused_before_anything_starts(ada, server):
    """An id that the catalogue does not know, and what describes no file."""
    workflow = one_of(server, ada, "nowhere")
    refused(ada, workflow, 404, "executor:placeholder-not-found")
    for body in (
        b"{}",
        b'{"distribution": []}',
        b'{"distribution": [{"name": "x"}]}',
        b"[1]",
        b"null",
        b"rubbish",
        b"[" * 100_000,
    ):
        server.pages["/datasets/v1/9"] = 200, {"Content-Type": "application/json"}, body
        refused(ada, workflow, 404, "executor:placeholder-not-found")
    server.pages["/datasets/v1/9"] = 503, {}, b""
    assert "503" in refused(ada, workflow, 503, "gateway:unavailable")


@pytest.mark.parametrize(
    "address",
    [
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/x",
        "https://[::ffff:7f00:1]/x",
        "https://10.0.0.1/x",
        "https://2130706433/x",
        "https://localhost/x",
        "http://localhost/x",
        "file:///etc/passwd",
        "https://user:secret@localhost/x",
    ],
)
def test_a_catalogue_cannot_send_the_platform_inside(ada, server, address):
    """Addresses of files are checked before the start, whoever wrote them; `*` opens public hosts on usual ports alone."""
    server.asset("/datasets/v1/9", {"content_url": address})
    workflow = one_of(server, ada, f"inside-{hashlib.sha256(address.encode()).hexdigest()[:8]}")

    detail = refused(ada, workflow, 422, "executor:outside-not-allowed")

    assert "root:" not in detail
    assert [path.partition("?")[0] for path, _ in server.asked] == ["/datasets/v1/9"]


def test_a_workflow_cannot_send_the_platform_inside(ada, server):
    """The same for the address in the specification."""
    for number, address in enumerate(
        ("https://169.254.169.254/", "https://[::1]:5432/", "https://localhost:1/", "http://localhost/")
    ):
        workflow = register(ada, f"straight-{number}", {"one.cwl": ONE % address})
        refused(ada, workflow, 422, "executor:outside-not-allowed")


def test_a_redirect_to_the_inside_fails_the_run(ada, server):
    """What only the file's own server knows, the run says as its reason."""
    server.asset("/datasets/v1/9", {"content_url": server.url("/files/trap")})
    server.pages["/files/trap"] = 302, {"Location": "https://169.254.169.254/latest/meta-data/"}, b""
    run = ended(ada, start(ada, one_of(server, ada, "trap")))

    assert (run["status"], run["started"], run["steps"]) == ("failed", None, [])
    assert "does not fetch from" in run["reason"]


def test_a_file_over_the_limit_fails_the_run(ada, server):
    """With the limit in its reason."""
    server.asset("/datasets/v1/9", {"content_url": server.url("/files/big")})
    server.pages["/files/big"] = 200, {}, b"x" * 1_000_001
    run = ended(ada, start(ada, one_of(server, ada, "big")))

    assert run["status"] == "failed"
    assert "1000000 bytes" in run["reason"]


def test_by_default_nothing_is_fetched(folder):
    """A platform whose settings name no host says which setting that is."""
    platform = Platform(folder).start()
    try:
        with platform.client("ada") as ada:
            workflow = register(ada, "closed", {"one.cwl": ONE % "https://api.aiod.eu/datasets/v1/1"})
            assert "OUTSIDE_HOSTS" in refused(ada, workflow, 422, "executor:outside-not-allowed")
    finally:
        platform.stop()


def test_a_malformed_placeholder_is_refused_at_registration(ada):
    """With its file, line and field."""
    answer = ada.post(
        "/v1/workflows", data={"name": "malformed", "version": "1"}, files={"spec": ("one.cwl", ONE % "file:///etc/passwd")}
    )

    assert answer.status_code == 422, answer.text
    (error,) = json.loads(answer.text)["errors"]
    assert (error["file"], error["line"], error["field"]) == ("one.cwl", 6, "inputs.data.valueFromPlatform")
