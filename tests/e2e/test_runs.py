"""The main job over HTTP: register, run, follow, fetch, ask where it comes from."""

import io
import json
import os
import time
import zipfile
from uuid import uuid4

import pytest
from tests.running import ENDED, ended, register, start

SHOUT = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'cat "$0" | tr a-z A-Z']
inputs:
  data: {type: File, inputBinding: {position: 1}}
stdout: loud.txt
outputs: {loud: stdout}
"""
PIPELINE = """
cwlVersion: v1.2
class: Workflow
requirements: {ScatterFeatureRequirement: {}, InlineJavascriptRequirement: {}, StepInputExpressionRequirement: {}}
inputs: {words: "string[]", seed: File}
outputs: {whole: {type: File, outputSource: join/out}}
steps:
  write:
    scatter: word
    in: {word: words, seed: seed}
    out: [out]
    run:
      class: CommandLineTool
      baseCommand: [sh, -c, 'cat $1; echo $0']
      inputs: {word: {type: string, inputBinding: {position: 1}}, seed: {type: File, inputBinding: {position: 2}}}
      stdout: word.txt
      outputs: {out: stdout}
  join:
    in: {parts: write/out}
    out: [out]
    run:
      class: CommandLineTool
      requirements: {InlineJavascriptRequirement: {}}
      baseCommand: cat
      inputs: {parts: {type: "File[]", inputBinding: {position: 1}}}
      stdout: $("who" + "le.txt")
      outputs: {out: stdout}
"""
BROKEN = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'echo it went wrong >&2; exit 3']
inputs: {}
stdout: never.txt
outputs: {never: stdout}
"""
SLEEPY = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sleep, "240"]
inputs: {}
outputs: []
"""
SERIAL = """
inputs:
  files: [numbers.txt]
  parameters: {wanted: two}
workflow:
  type: serial
  specification:
    steps:
      - name: pick
        environment: debian
        commands: ["grep ${wanted} numbers.txt > picked.txt"]
      - name: count
        environment: debian
        commands: ["n=$$(wc -l < picked.txt); echo $$n > count.txt"]
outputs: {files: [picked.txt, count.txt]}
"""


@pytest.fixture(scope="module")
def shout(ada):
    """A workflow of one tool."""
    return register(ada, "shout", {"shout.cwl": SHOUT})


def upload(client, name: str, content: bytes) -> str:
    """Upload a file; its id."""
    answer = client.post("/v1/uploads", params={"name": name}, content=content)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def until(holds, within: float = 60) -> None:
    """Wait until something holds."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.05)


def a_run(client, workflow, content: bytes = b"hello\n"):
    """A run of `shout` that has ended."""
    files = {"quiet.txt": {"upload": upload(client, "quiet.txt", content)}}
    return ended(client, start(client, workflow, inputs={"data": {"class": "File", "path": "quiet.txt"}}, files=files))


def test_a_run_ends_with_its_outputs_and_its_provenance(ada, shout):
    """A registered workflow runs, its output can be fetched, its provenance is there without asking."""
    run = a_run(ada, shout)

    assert run["status"] == "finished", run["reason"]
    assert ada.get(f"/v1/runs/{run['id']}/outputs/loud.txt").content == b"HELLO\n"
    document = ada.get(f"/v1/runs/{run['id']}/provenance", headers={"Accept": "application/json"}).json()
    assert any("loud.txt" in name for name in document["entity"])
    assert document["wasGeneratedBy"]
    job = ada.get(f"/v1/jobs/{run['job']}").json()
    assert (job["status"], job["result"]["status"]) == ("SUCCEEDED", "finished")


def test_runs_are_numbered_by_name(ada, shout):
    """Runs of one workflow count up; a restart is a branch of its number."""
    first, second = a_run(ada, shout), a_run(ada, shout)
    answer = ada.post(f"/v1/runs/{second['id']}/restart", json={})
    assert answer.status_code == 202, answer.text
    third = ended(ada, answer.json()["run"]["id"])

    assert int(second["number"]) == int(first["number"]) + 1
    assert third["number"] == f"{second['number']}.1"
    assert (third["status"], third["restart_of"]) == ("finished", second["id"])


def test_scattered_steps_are_steps_of_their_own(ada):
    """Each scattered element has its place, its files, its log, its cost."""
    workflow = register(ada, "pipeline", {"wf.cwl": PIPELINE})
    files = {"seed.txt": {"upload": upload(ada, "seed.txt", b"seed\n")}}
    inputs = {"words": ["one", "two"], "seed": {"class": "File", "path": "seed.txt"}}
    run = ended(ada, start(ada, workflow, inputs=inputs, files=files))

    assert run["status"] == "finished", run["reason"]
    steps = {step["place"]: step for step in run["steps"]}
    assert set(steps) == {"write[0]", "write[1]", "join"}
    assert {file["id"] for file in steps["join"]["used"]} == {
        file["id"] for place in ("write[0]", "write[1]") for file in steps[place]["generated"]
    }
    assert all(step["exit_code"] == 0 and step["cpu_seconds"] > 0 for step in steps.values())
    assert ada.get(f"/v1/runs/{run['id']}/outputs/whole.txt").text == "seed\none\nseed\ntwo\n"


def test_a_failed_run_says_why_and_is_captured_too(ada):
    """Exit code, the end of the step's log, and the step in the provenance with its error."""
    run = ended(ada, start(ada, register(ada, "broken", {"broken.cwl": BROKEN})))

    assert run["status"] == "failed"
    step = run["steps"][0]
    assert (step["status"], step["exit_code"]) == ("failed", 3)
    assert "it went wrong" in step["reason"]
    assert "it went wrong" in ada.get(f"/v1/runs/{run['id']}/logs", params={"step": step["place"]}).text
    provn = ada.get(f"/v1/runs/{run['id']}/provenance", params={"format": "provn"}).text
    assert 'reprovena:status="failed"' in provn
    assert "reprovena:exitCode=3" in provn


def test_a_serial_workflow_runs_with_its_parameters(ada):
    """REANA's serial format: `${parameter}` is replaced, `$$` is a dollar, each command is a step."""
    workflow = register(ada, "serial", {"reana.yaml": SERIAL})
    files = {"numbers.txt": {"upload": upload(ada, "numbers.txt", b"one\ntwo\ntwo\n")}}
    run = ended(ada, start(ada, workflow, files=files))

    assert run["status"] == "finished", run["reason"]
    assert [step["place"] for step in run["steps"]] == ["pick", "count"]
    assert ada.get(f"/v1/runs/{run['id']}/outputs/count.txt").text.strip() == "2"
    pick, count = run["steps"]
    assert [file["path"] for file in pick["used"]] == ["numbers.txt"]
    assert [file["id"] for file in count["used"]] == [file["id"] for file in pick["generated"]]


def test_a_running_run_is_stopped(ada):
    """Stop ends the command, and the provenance says who stopped it."""
    run = start(ada, register(ada, "sleepy", {"sleepy.cwl": SLEEPY}))
    until(lambda: ada.get(f"/v1/runs/{run['id']}").json()["steps"])
    answer = ada.post(f"/v1/runs/{run['id']}/stop")
    assert answer.status_code in {200, 202}, answer.text
    run = ended(ada, run)

    assert run["status"] == "stopped"
    assert [step["status"] for step in run["steps"]] == ["stopped"]
    assert "wasEndedBy" in ada.get(f"/v1/runs/{run['id']}/provenance", params={"format": "provn"}).text
    again = ada.post(f"/v1/runs/{run['id']}/stop")
    assert (again.status_code, again.json()["type"]) == (409, "urn:problem:executor:wrong-status")


def test_a_run_that_takes_too_long_is_failed(ada):
    """The time limit of a run ends it, and its reason names the limit."""
    workflow = register(ada, "sleepy", {"sleepy.cwl": SLEEPY}, version="2")
    run = ended(ada, start(ada, workflow, timeout=1))

    assert run["status"] == "failed"
    assert "timed out after 1 s" in run["reason"]


def test_lineage_crosses_runs(ada, shout):
    """An earlier run's output as an input: upstream of the last output lies the first input."""
    first = a_run(ada, shout, b"across runs\n")
    files = {"again.txt": {"run": first["id"], "output": "loud.txt"}}
    second = ended(ada, start(ada, shout, inputs={"data": {"class": "File", "path": "again.txt"}}, files=files))
    result, source = second["outputs"][0]["id"], first["inputs"][0]["id"]

    up = ada.get("/v1/lineage", params={"id": result, "direction": "up", "depth": 20}).json()
    down = ada.get("/v1/lineage", params={"id": source, "direction": "down", "depth": 20}).json()
    path = ada.get("/v1/lineage/path", params={"source": result, "target": source}).json()

    assert source in {node["id"] for node in up["nodes"]}
    assert result in {node["id"] for node in down["nodes"]}
    assert {"wasGeneratedBy", "used", "wasDerivedFrom"} <= {link["relation"] for link in path["links"]}


def test_events_tell_the_run_as_it_happens_and_resume(ada, shout):
    """Server-sent events: statuses in order, steps among them, an end; a reader who comes back misses nothing."""
    run = a_run(ada, shout)

    def events(headers=None):
        with ada.stream("GET", f"/v1/runs/{run['id']}/events", headers=headers or {}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            blocks = "".join(answer.iter_text()).split("\n\n")
        found = []
        for block in blocks:
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "event" in fields:
                found.append((fields["event"], fields.get("id"), json.loads(fields.get("data", "{}") or "{}")))
        return found

    told = events()
    statuses = [data["status"] for event, _, data in told if event == "run"]
    assert statuses == ["created", "queued", "pending", "running", "finished"]
    assert [data["status"] for event, _, data in told if event == "step"] == ["running", "finished"]
    assert told[-1][0] == "end"
    after = events({"Last-Event-ID": told[2][1]})
    assert [one[1] for one in after if one[1]] == [one[1] for one in told[3:] if one[1]]


@pytest.mark.parametrize(
    ("accept", "start_of_it"),
    [
        ("application/json", b"{"),
        ("text/provenance-notation", b"document"),
        ("application/provenance+xml", b"<?xml"),
        ("text/turtle", b"@prefix"),
        ("application/ld+json", b"{"),
    ],
)
def test_provenance_comes_in_five_formats(ada, shout, accept, start_of_it):
    """Content negotiation chooses the format; asking twice gives the same bytes."""
    run = a_run(ada, shout)
    answers = [ada.get(f"/v1/runs/{run['id']}/provenance", headers={"Accept": accept}) for _ in range(2)]

    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].headers["content-type"].split(";")[0] == accept
    assert answers[0].content.lstrip().startswith(start_of_it)
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize(("format", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_run_can_be_drawn(ada, shout, format, magic):
    """PNG, SVG and PDF, without any system package."""
    run = a_run(ada, shout)
    answer = ada.get(f"/v1/runs/{run['id']}/drawing", params={"format": format})

    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(magic)


def test_an_archive_holds_all_outputs(ada, shout):
    """All outputs as one zip; a part of an output by its range."""
    run = a_run(ada, shout)
    archive = zipfile.ZipFile(io.BytesIO(ada.get(f"/v1/runs/{run['id']}/archive").content))
    part = ada.get(f"/v1/runs/{run['id']}/outputs/loud.txt", headers={"Range": "bytes=1-3"})

    assert archive.read("loud.txt") == b"HELLO\n"
    assert (part.status_code, part.content) == (206, b"ELL")


def test_a_deleted_run_leaves_its_provenance(ada, platform, shout):
    """Workspace and files go; what is known of the run stays."""
    run = a_run(ada, shout, b"to be deleted\n")
    answer = ada.delete(f"/v1/runs/{run['id']}")
    assert answer.status_code in {200, 202, 204}, answer.text
    if answer.status_code == 202:
        job = answer.json()["job"]["id"]
        assert ada.get(f"/v1/jobs/{job}", params={"wait": 60}).json()["status"] == "SUCCEEDED"

    assert not (platform.folder / "var" / "runs" / run["id"]).exists()
    assert ada.get(f"/v1/runs/{run['id']}").json()["status"] == "deleted"
    assert ada.get(f"/v1/runs/{run['id']}/outputs/loud.txt").status_code == 404
    assert ada.get(f"/v1/runs/{run['id']}/provenance").status_code == 200


def test_runs_beyond_the_limit_wait_their_turn_and_the_urgent_go_first(ada):
    """With both places taken, later runs are queued; the one with the higher priority starts first."""
    workflow = register(ada, "sleepy", {"sleepy.cwl": SLEEPY}, version="3")
    busy = [start(ada, workflow) for _ in range(os.cpu_count() or 1)]
    until(lambda: all(ada.get(f"/v1/runs/{run['id']}").json()["status"] == "running" for run in busy))
    late, urgent = start(ada, workflow), start(ada, workflow, priority=9)
    assert {ada.get(f"/v1/runs/{run['id']}").json()["status"] for run in (late, urgent)} == {"queued"}
    ada.post(f"/v1/runs/{busy[0]['id']}/stop")
    until(lambda: ada.get(f"/v1/runs/{urgent['id']}").json()["status"] != "queued")

    assert ada.get(f"/v1/runs/{late['id']}").json()["status"] == "queued"
    for run in (*busy[1:], late, urgent):
        ada.post(f"/v1/runs/{run['id']}/stop")
    assert {ended(ada, run)["status"] for run in (*busy, late, urgent)} <= ENDED


def test_an_older_run_keeps_the_specification_it_ran_with(ada):
    """Updating a workflow does not change what an earlier run is explained by."""
    workflow = register(ada, "changing", {"shout.cwl": SHOUT})
    run = a_run(ada, workflow)
    before = ada.get(f"/v1/runs/{run['id']}/provenance").content
    changed = SHOUT.replace("a-z A-Z", "a-z n-za-m")
    answer = ada.patch(f"/v1/workflows/{workflow['id']}", files={"spec": ("shout.cwl", changed)})
    assert answer.status_code == 200, answer.text
    later = a_run(ada, workflow)

    assert ada.get(f"/v1/runs/{run['id']}/provenance").content == before
    assert run["workflow"]["spec"]["sha256"] != later["workflow"]["spec"]["sha256"]
    assert ada.get(f"/v1/runs/{later['id']}/outputs/loud.txt").content == b"uryyb\n"


def test_the_interface_describes_itself(ada, platform):
    """OpenAPI with a summary for every operation; AsyncAPI beside it; health, figures, interface pages."""
    page = ada.get("/openapi.json").json()
    operations = [op for path in page["paths"].values() for op in path.values()]

    assert len(operations) > 20
    assert all(op.get("summary") for op in operations)
    for service in ("asyncapi", "asyncapi/registry", "asyncapi/executor", "asyncapi/provenance"):
        assert ada.get(f"/{service}.json").json()["asyncapi"].startswith("3.")
    examples = [op for op in operations if "example" in json.dumps(op)]
    assert len(examples) > len(operations) // 2
    assert ada.get("/docs").status_code == 200
    ready = ada.get("/readyz")
    assert (ready.status_code, set(ready.json().values())) == (200, {"ok"})
    assert set(ready.json()) >= {"database", "schema", "files", "registry", "executor", "provenance"}
    assert "deliveries_total" in ada.get("/metrics").text


def test_strangers_see_nothing(ada, bob, shout):
    """Another tenant's run, workflow, job, lineage and files look as if they were not there."""
    run = a_run(ada, shout, b"a secret of physics\n")
    other = str(uuid4())
    routes = [
        "/v1/runs/{run}", "/v1/runs/{run}/steps", "/v1/runs/{run}/logs", "/v1/runs/{run}/outputs", "/v1/runs/{run}/archive",
        "/v1/runs/{run}/outputs/loud.txt", "/v1/runs/{run}/provenance", "/v1/runs/{run}/drawing", "/v1/runs/{run}/events",
        "/v1/workflows/{workflow}", "/v1/workflows/{workflow}/specification", "/v1/jobs/{job}",
    ]  # fmt: skip

    for route in routes:
        foreign = bob.get(route.format(run=run["id"], workflow=shout["id"], job=run["job"]))
        missing = bob.get(route.format(run=other, workflow=other, job=other))
        assert (foreign.status_code, missing.status_code) == (404, 404), route
        assert foreign.json()["type"] == missing.json()["type"], route
    for node in (run["outputs"][0]["id"], f"run/{run['id']}"):
        assert bob.get("/v1/lineage", params={"id": node, "direction": "up"}).status_code == 404
    for method, route in (("POST", "/stop"), ("POST", "/restart"), ("DELETE", "")):
        assert bob.request(method, f"/v1/runs/{run['id']}{route}").status_code == 404, route
    assert run["id"] not in {item["id"] for item in bob.get("/v1/runs").json()["items"]}
    stolen = bob.post(
        "/v1/runs",
        json={"workflow": register(bob, "shout", {"shout.cwl": SHOUT}, version=str(uuid4()))["id"],
              "inputs": {"data": {"class": "File", "path": "x"}}, "files": {"x": {"run": run["id"], "output": "loud.txt"}}},
    )  # fmt: skip
    assert (stolen.status_code, stolen.json()["type"]) == (422, "urn:problem:executor:missing-input"), stolen.text
