"""The gateway is what its OpenAPI document says: schemathesis tries every operation, and what leads from one to the next."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.running import Platform, ended, start

from gateway.access.roles import EVERY

EXAMPLES = os.environ.get("OPENAPI_EXAMPLES", "8")
"""Cases that each operation gets beside those that cover its schema, and sequences of requests along links."""
SEED = os.environ.get("OPENAPI_SEED", "1")
HOOKS = Path(__file__).with_name("openapi_hooks.py")
CLOSER = "positive_data_acceptance,ensure_resource_availability"
"""Checks that the hooks have closer ones for."""


ACCOUNTS = f"""
users:
  ada: {{password: ada-secret, groups: [physics], email: ada@example.org, name: Ada}}
  root: {{password: root-secret, groups: [physics], email: root@example.org, roles: [{", ".join(EVERY)}]}}
"""
APIS = ("registry", "prov", "datastore", "jobs", "auth", "search", "handle")
BUDGET = os.environ.get("OPENAPI_SECONDS", "60")
"""Seconds for the seven APIs of Provena together."""


@pytest.fixture(scope="module")
def patient(session_folder: Path) -> Iterator[Platform]:
    """A platform whose requests wait for a moment only."""
    folder = session_folder / "openapi"
    folder.mkdir()
    (folder / "accounts.test.yaml").write_text(ACCOUNTS)
    running = Platform(folder, {"WAIT_DEFAULT": "3", "WAIT_LIMIT": "3", "UPLOAD_LIMIT": "2000000"})
    try:
        yield running.start()
        assert running.stop() == 0
    finally:
        if running.process is not None and running.process.poll() is None:
            running.kill()


REFUSED = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "428", "429", "5xx"]
"""How a request that does not fit the schema may be answered; a condition that does not hold (412) is seen first, too."""
TOOL = (
    "cwlVersion: v1.2\nclass: CommandLineTool\nbaseCommand: [echo, done]\ninputs: {}\nstdout: out.txt\noutputs: {out: stdout}\n"
)


def known(platform: Platform) -> str:
    """Things that are there, as parameters of what only looks: so that more is tried than what is missing."""
    with platform.client("ada") as http:
        form = {"data": {"name": "openapi", "version": "1"}, "files": {"spec": ("tool.cwl", TOOL)}}
        made = http.post("/v1/workflows", **form)
        while made.status_code == 202:  # a busy machine
            http.get(f"/v1/jobs/{made.json()['job']['id']}", params={"wait": 3})
            items = http.get("/v1/workflows", params={"name": "openapi"}).json()["items"]
            made = http.get(f"/v1/workflows/{items[0]['id']}") if items else made
        workflow = made.json()
        run = ended(http, start(http, workflow))
        other = ended(http, start(http, workflow))
        upload = http.post("/v1/uploads", params={"name": "data"}, content=b"data").json()
    node = json.dumps(f"run/{run['id']}")
    told = {
        "path.workflow": workflow["id"],
        "path.run": run["id"],
        "path.job": run["job"],
        "path.upload": upload["id"],
        "path.registry_id": workflow.get("legacy_id"),
        "path.execution_id": run.get("legacy_id"),
        "query.other": other["id"],
    }
    lines = [f'"{name}" = {json.dumps(value)}' for name, value in told.items() if value is not None]
    nodes = f'"query.id" = {node}\n"query.source" = {node}\n"query.target" = {json.dumps(run["outputs"][0]["id"])}'
    looks = '[[operations]]\ninclude-method = "GET"\n[operations.parameters]\n'
    walks = '[[operations]]\ninclude-path-regex = "^/v1/lineage"\n[operations.parameters]\n'
    checks = f"[checks.negative_data_rejection]\nexpected-statuses = {json.dumps(REFUSED)}\n\n"
    return f"{checks}{walks}{nodes}\n\n{looks}" + "\n".join(lines) + "\n"


@pytest.mark.timeout(1800)
def test_every_operation_does_what_its_description_says(patient: Platform, tmp_path: Path) -> None:
    """No server error, no status, header, media type or body that is not described; what is wrong is refused, nothing else."""
    (tmp_path / "schemathesis.toml").write_text(known(patient))
    command = [
        Path(sys.executable).with_name("st"), "--config-file", tmp_path / "schemathesis.toml",
        "run", f"{patient.url}/openapi.json",
        "--header", f"Authorization: Bearer {patient.token('ada')}",
        "--checks", "all", "--exclude-checks", CLOSER,
        "--seed", SEED, "--max-examples", EXAMPLES, "--request-timeout", "60", "--continue-on-failure",
        "--suppress-health-check", "all", "--warnings", "off", "--no-color",
    ]  # fmt: skip
    tried = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"SCHEMATHESIS_HOOKS": str(HOOKS)}, capture_output=True, text=True, check=False
    )

    print(tried.stdout[-20_000:])
    assert tried.returncode == 0, tried.stdout[-20_000:] + tried.stderr[-2_000:]
    assert "Stateful" in tried.stdout


def merged(platform: Platform) -> dict[str, Any]:
    """The documents of the seven APIs as one, so that the time is shared by all operations."""
    whole: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": "Provena", "version": "1"}, "paths": {}, "components": {}}
    for api in APIS:
        told = httpx.get(f"{platform.url}/{api}/openapi.json", timeout=60).raise_for_status().json()
        assert told["paths"], api
        assert all(path.startswith(f"/{api}/") for path in told["paths"])
        whole["paths"] |= told["paths"]
        for kind, parts in told.get("components", {}).items():
            known = whole["components"].setdefault(kind, {})
            assert all(known[name] == part for name, part in parts.items() if name in known), kind
            known |= parts
    return whole


def registered(platform: Platform) -> str:
    """Things of Provena's kinds that are there, as parameters."""
    with platform.client("root") as http:

        def make(path: str, **info: Any) -> str:
            made = http.post(f"/registry/registry/{path}/create", json={"display_name": "a thing", **info})
            assert made.json()["status"]["success"], made.text
            return str(made.json()["created_item"]["id"])

        about = {"first_name": "Ada", "last_name": "L", "email": "ada@example.org", "ethics_approved": True}
        person = make("agent/person", **about)
        assert http.post("/auth/link/user/assign", json={"person_id": person}).status_code == 200
        study = make("activity/study", title="Reef", description="d")
        addresses = {"documentation_url": "https://example.org", "source_url": "https://example.org"}
        model = make("entity/model", name="Tides", description="d", **addresses)
        handle = http.post("/handle/handle/mint", json={"value_type": "DESC", "value": "x"}).json()["id"]
        group = {"id": "reef", "display_name": "Reef", "description": "d"}
        assert http.post("/auth/groups/admin/add_group", json=group).json()["status"]["success"]
        job = http.post("/jobs/jobs/user/list", json={}).json()["jobs"][0]["session_id"]
    known = {"query.starting_id": model, "query.session_id": job, "query.username": "root", "query.study_id": study}
    known |= {"query.person_id": person, "query.group_id": "reef"}
    ids = {"/agent/": person, "/activity/study": study, "/entity/model/": model, "/handle/": handle, "/auth/groups": "reef"}
    text = '[checks.not_a_server_error]\nexpected-statuses = ["2xx", "3xx", "4xx", 501]\n'
    text += "[parameters]\n" + "".join(f'"{name}" = {json.dumps(value)}\n' for name, value in known.items())
    for path, value in ids.items():
        text += f'[[operations]]\ninclude-path-regex = "{path}"\n[operations.parameters]\n"query.id" = {json.dumps(value)}\n'
    return text


@pytest.mark.timeout(900)
def test_the_seven_apis_of_provena_answer_as_they_are_described(patient: Platform, tmp_path: Path) -> None:
    """No server error but what is not offered; no status, media type or body that is not described, whatever is asked."""
    (tmp_path / "schemathesis.toml").write_text(registered(patient))
    (tmp_path / "provena.json").write_text(json.dumps(merged(patient)))
    command = [
        Path(sys.executable).with_name("st"), "--config-file", tmp_path / "schemathesis.toml",
        "run", tmp_path / "provena.json", "--url", patient.url,
        "--header", f"Authorization: Bearer {patient.token('root')}",
        # tolerant on purpose, and many rules that no schema tells
        "--checks", "all", "--exclude-checks", "positive_data_acceptance,negative_data_rejection",
        "--phases", "examples,fuzzing", "--max-time", BUDGET, "--max-examples", EXAMPLES, "--seed", SEED,
        "--request-timeout", "60", "--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off", "--no-color",
    ]  # fmt: skip
    tried = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    print(tried.stdout[-20_000:])
    assert tried.returncode == 0, tried.stdout[-20_000:] + tried.stderr[-2_000:]
    assert "Fuzzing" in tried.stdout
