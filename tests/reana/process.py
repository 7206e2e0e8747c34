"""The REANA stand-in as a process, for tests."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]


@dataclass
class StandIn:
    """`python -m tests.reana.standin` in a folder."""

    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    url: str = ""

    def start(self) -> "StandIn":
        """Start it and wait for its address."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log.txt").open("ab") as log:
            command = [sys.executable, "-m", "tests.reana.standin", "--port", str(self.port), "--folder", str(self.folder)]
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=ROOT, env=dict(os.environ))
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().decode().strip()
        if not self.url:
            raise RuntimeError((self.folder / "log.txt").read_text()[-3000:])
        self.port = int(self.url.rsplit(":", 1)[-1])
        return self

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)

    def mood(self, **moods: Any) -> dict[str, Any]:
        """Tell it how to misbehave."""
        return dict(httpx.put(f"{self.url}/control", json=moods, timeout=30).json())

    def told(self) -> dict[str, Any]:
        """What it was asked so far."""
        return dict(httpx.get(f"{self.url}/control", timeout=30).json())
