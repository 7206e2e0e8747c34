"""The platform as a process of its own, for tests that talk to it over HTTP or kill it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.measuring import NAMES

ACCOUNTS = """
users:
  ada: {password: ada-secret, groups: [physics], email: ada@example.org, name: Ada}
  bob: {password: bob-secret, groups: [biology], name: Bob}
  eve: {password: eve-secret, groups: [physics, biology], name: Eve}
  sol: {password: sol-secret, name: Sol}
"""


@dataclass
class Platform:
    """`python -m onebox` in a folder."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    url: str = ""

    def start(self, within: float = 240) -> "Platform":
        """Start it and wait until every door answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        accounts = self.folder / "accounts.test.yaml"
        if not accounts.exists():
            accounts.write_text(ACCOUNTS)
        state = self.folder / "var"
        environment = os.environ | {
            "STATE": str(state),
            "DATABASE_URL": f"embedded:{state}/pg",
            "FILES_URL": f"file:{state}/files",
            "RUNNER_URL": f"local:{state}/runs",
            "ACCOUNTS_FILE": str(accounts),
            "PORT": "0",
            "RUN_LEASE": "2",
            "CHILD_ENVIRONMENT": json.dumps(["LANG", "LC_ALL", "TZ", *NAMES]),
            **self.settings,
        }
        note = state / "onebox.json"
        note.unlink(missing_ok=True)
        with (self.folder / "log.jsonl").open("ab") as log:
            command = [sys.executable, "-m", "onebox"]
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + within
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"the platform ended with {self.process.returncode}:\n{self.log()[-3000:]}")
            if note.exists() and self._answers(note):
                return self
            time.sleep(0.05)
        raise TimeoutError(f"the platform is not ready:\n{self.log()[-3000:]}")

    def _answers(self, note: Path) -> bool:
        try:
            self.url = json.loads(note.read_text())["url"]
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except (httpx.HTTPError, ValueError, OSError):
            return False

    def log(self) -> str:
        """All it has written."""
        return (self.folder / "log.jsonl").read_text(errors="replace")

    def kill(self) -> None:
        """End it as a power cut would: no warning, nothing tidied."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, within: float = 120) -> int:
        """End it in order, and the commands that would outlive it; its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(within)
        finally:
            for note in self.folder.glob("var/runs/*/child.json"):
                child = json.loads(note.read_text())
                with contextlib.suppress(psutil.Error, OSError):
                    if abs(psutil.Process(child["pid"]).create_time() - child["started"]) < 1:
                        os.killpg(child["pid"], signal.SIGKILL)

    def token(self, name: str) -> str:
        """Log in."""
        answer = httpx.post(
            f"{self.url}/auth/realms/reprovena/protocol/openid-connect/token",
            data={"grant_type": "password", "client_id": "reprovena", "username": name, "password": f"{name}-secret"},
            timeout=120,
        )
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def client(self, name: str | None = "ada") -> httpx.Client:
        """A client, logged in."""
        headers = {"Authorization": f"Bearer {self.token(name)}"} if name else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=120)  # requests wait for up to 60 s there


def a_zip(files: dict[str, str | bytes]) -> bytes:
    """Files as a zip."""
    import io
    import zipfile

    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return whole.getvalue()


def register(client: httpx.Client, name: str, files: dict[str, str | bytes], version: str = "1", **more: Any) -> dict[str, Any]:
    """Register a workflow from files; the workflow as the platform has it."""
    spec = next(iter(files.items())) if len(files) == 1 else ("bundle.zip", a_zip(files))
    data = {"name": name, "version": version, **{key: value for key, value in more.items() if key != "inputs"}}
    parts = {"spec": (spec[0], spec[1])}
    if "inputs" in more:
        parts["inputs"] = ("inputs.yaml", more["inputs"])
    answer = client.post("/v1/workflows", data=data, files=parts, params={"wait": 60})
    if answer.status_code == 202:  # a busy machine
        job = client.get(f"/v1/jobs/{answer.json()['job']['id']}", params={"wait": 60}).json()
        answer = client.get(f"/v1/workflows/{job['result']['workflow']}")
        assert answer.status_code == 200, job
    else:
        assert answer.status_code == 201, answer.text
    return dict(answer.json())


def start(client: httpx.Client, workflow: dict[str, Any], **body: Any) -> dict[str, Any]:
    """Start a run; the run as the platform has it, with its job under `job`."""
    answer = client.post("/v1/runs", json={"workflow": workflow["id"], **body})
    assert answer.status_code == 202, answer.text
    told = answer.json()
    return {**told["run"], "job": told["job"]}


ENDED = {"finished", "failed", "stopped"}


def ended(client: httpx.Client, run: dict[str, Any] | str, within: float = 240) -> dict[str, Any]:
    """Wait until a run has ended and its provenance is captured; the run."""
    name = run if isinstance(run, str) else run["id"]
    end = time.monotonic() + within
    while time.monotonic() < end:
        found = client.get(f"/v1/runs/{name}").json()
        if found["status"] in ENDED:
            job = found.get("job")
            while job and time.monotonic() < end:
                if client.get(f"/v1/jobs/{job}", params={"wait": 5}).json()["status"] in {"SUCCEEDED", "FAILED"}:
                    return dict(found)
            return dict(found)
        time.sleep(0.05)
    raise TimeoutError(f"{name} is {found['status']}")
