"""`curl` as people type it."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Told:
    """What curl got."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Curl:
    """Somebody with a terminal, and a token or none."""

    url: str
    token: str | None = None

    def __call__(self, path: str, *arguments: str) -> Told:
        """Ask; redirects are not followed, as curl does not by itself."""
        with tempfile.TemporaryDirectory() as name:
            head, body = Path(name) / "head", Path(name) / "body"
            login = ["-H", f"Authorization: Bearer {self.token}"] if self.token else []
            command = ["curl", "-sS", "-m", "120", "-D", head, "-o", body, *login, *arguments, f"{self.url}{path}"]
            subprocess.run(command, check=True, timeout=150)
            *_, last = head.read_text().replace("\r\n", "\n").strip().split("\n\n")
            line, _, rest = last.partition("\n")
            content = body.read_bytes() if body.exists() else b""
            return Told(int(line.split()[1]), Parser().parsestr(rest), content)
