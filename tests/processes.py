"""The four services as four processes on RabbitMQ, each with a database of its own and the local engine."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.measuring import NAMES

SERVICES = ("registry", "executor", "provenance", "gateway")


@dataclass
class Processes:
    """`python -m <service>`, four times."""

    folder: Path
    settings: dict[str, dict[str, str]]
    """By service; those of `*` are everybody's."""
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)

    def start(self) -> "Processes":
        """Start the gateway last, since it must know where the others are."""
        for service in SERVICES:
            self.start_one(service)
        for service in SERVICES:
            self._until(service, lambda service=service: self._ready(service))
        return self

    def start_one(self, service: str) -> None:
        """Start one and wait for its address."""
        state = self.folder / service
        state.mkdir(parents=True, exist_ok=True)
        note = state / f"{service}.json"
        note.unlink(missing_ok=True)
        where = {f"{name.upper()}_URL": url for name, url in self.urls.items() if name != "gateway"}
        environment = os.environ | {
            "STATE": str(state),
            "DATABASE_URL": f"embedded:{state}/pg",
            "FILES_URL": f"file:{self.folder}/files",
            "RUNNER_URL": f"local:{self.folder}/runs",
            "PORT": "0",
            "CHILD_ENVIRONMENT": json.dumps(["LANG", "LC_ALL", "TZ", *NAMES]),
            **(where if service == "gateway" else {}),
            **self.settings.get("*", {}),
            **self.settings.get(service, {}),
        }
        with self.log(service).open("ab") as log:
            self.running[service] = subprocess.Popen(
                [sys.executable, "-m", service], env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self._until(service, note.exists)
        self.urls[service] = str(json.loads(note.read_text())["url"])

    def log(self, service: str) -> Path:
        """Where a service writes."""
        return self.folder / f"{service}.log"

    def _ready(self, service: str) -> bool:
        try:
            return httpx.get(f"{self.urls[service]}/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def _until(self, service: str, there, within: float = 240) -> None:
        end = time.monotonic() + within
        while not there():
            if self.running[service].poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{service} does not come up:\n{self.log(service).read_text(errors='replace')[-3000:]}")
            time.sleep(0.05)

    def stop(self, within: float = 120) -> dict[str, int]:
        """End all in order; their exit codes."""
        for process in self.running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        return {service: process.wait(within) for service, process in self.running.items()}
