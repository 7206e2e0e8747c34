"""Clients that keep on registering, running and reading, and remember what they were told."""

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

import httpx
from tests.stack import Stack

SERIAL = """
inputs: {{parameters: {{word: hello}}}}
workflow:
  type: serial
  specification:
    steps:
      - {{name: say, environment: debian, commands: ['echo {mark} $word > said.txt']}}
      - {{name: count, environment: debian, commands: ['wc -c said.txt > size.txt']}}
outputs: {{files: [said.txt, size.txt]}}
"""
CWL = """
cwlVersion: v1.2
class: Workflow
inputs: {word: string}
outputs: {whole: {type: File, outputSource: say/out}}
steps:
  say:
    in: {word: word}
    out: [out]
    run:
      class: CommandLineTool
      baseCommand: echo
      inputs: {word: {type: string, inputBinding: {position: 1}}}
      stdout: said.txt
      outputs: {out: stdout}
"""
TAKEN = "duplicate-workflow"
RARE = 8
"""One run of so many is CWL, which costs more."""


@dataclass
class Stream:
    """Threads that stop at the end of the block. An order is repeated only where its name makes doubling visible."""

    stack: Stack
    run_every: float = 3.0
    register_every: float = 5.0
    runners: int = 2
    runs: set[str] = field(default_factory=set)
    """Runs that were accepted, told to the client."""
    names: set[str] = field(default_factory=set)
    """Workflows whose registration was accepted, told to the client; or that were there when it was repeated."""
    wrong: list[str] = field(default_factory=list)
    """Answers that nobody should get, whatever is away."""
    refused: int = 0
    """Orders that were not taken: 503."""
    unanswered: int = 0
    """Orders of which nobody knows whether they were taken."""
    slowest: float = 0.0
    """Seconds of the longest wait for any answer."""

    def __enter__(self) -> Self:
        """Begin, with a workflow of each kind."""
        self._stop = threading.Event()
        begun = datetime.now(UTC).strftime("%H%M%S")
        with self.stack.client() as client:
            self._flows = [
                self._registered(client, f"{kind}-{begun}", name, spec)
                for kind, name, spec in (("serial", "reana.yaml", SERIAL.format(mark="run")), ("cwl", "say.cwl", CWL))
            ]
        work = [(self._register, "register"), (self._read, "read"), *((self._run, f"run{n}") for n in range(self.runners))]
        self._threads = [threading.Thread(target=what, args=(f"{name}-{begun}",), name=name) for what, name in work]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """End; whoever is about to be answered is."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _registered(self, client: httpx.Client, name: str, file: str, spec: str) -> str:
        answer = client.post(
            "/v1/workflows", params={"wait": 60}, data={"name": name, "version": "1"}, files={"spec": (file, spec)}
        )
        assert answer.status_code == 201, answer.text
        self.names.add(name)
        return str(answer.json()["id"])

    def _ask(self, client: httpx.Client, method: str, path: str, **more: object) -> httpx.Response | None:
        """The answer; nothing if nobody answered. What is neither done nor refused is written down."""
        begun = time.monotonic()
        try:
            answer = client.request(method, path, **more)
        except (httpx.TransportError, httpx.HTTPStatusError):
            return None
        finally:
            self.slowest = max(self.slowest, time.monotonic() - begun)
        if answer.status_code >= 500 and answer.status_code != 503:
            self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer

    def _register(self, mark: str) -> None:
        number = 0
        with self.stack.client() as client:
            while not self._stop.wait(self.register_every):
                number += 1
                name = f"{mark}-{number}"
                while self._once(client, name):
                    self._stop.wait(0.5)

    def _once(self, client: httpx.Client, name: str) -> bool:
        """Register under a name; say whether it has to be done again. A second time finds what the first one did."""
        answer = self._ask(
            client, "POST", "/v1/workflows", params={"wait": 2}, data={"name": name, "version": "1"},
            files={"spec": ("reana.yaml", SERIAL.format(mark=name))},
        )  # fmt: skip
        if answer is None or answer.status_code >= 500:
            self.unanswered += answer is None
            self.refused += answer is not None
            return not self._stop.is_set()
        if answer.status_code in {201, 202} or (answer.status_code == 409 and TAKEN in answer.json()["type"]):
            self.names.add(name)
        else:
            self.wrong.append(f"registering {name}: {answer.status_code} {answer.text[:300]}")
        return False

    def _run(self, mark: str) -> None:
        number = 0
        with self.stack.client() as client:
            while not self._stop.wait(self.run_every):
                number += 1
                flow = self._flows[number % RARE == 0]
                order = {"workflow": flow, "inputs": {"word": f"{mark}-{number}"}}
                answer = self._ask(client, "POST", "/v1/runs", params={"wait": 2}, json=order)
                if answer is None:
                    self.unanswered += 1
                elif answer.status_code == 202:
                    self.runs.add(answer.json()["run"]["id"])
                elif answer.status_code == 503:
                    self.refused += 1
                elif answer.status_code < 500:
                    self.wrong.append(f"running: {answer.status_code} {answer.text[:300]}")

    def _read(self, _mark: str) -> None:
        with self.stack.client() as client:
            while not self._stop.wait(1.5):
                self._ask(client, "GET", "/v1/runs", params={"limit": 5})
                if run := next(iter(self.runs), None):
                    self._ask(client, "GET", "/v1/lineage", params={"id": f"run/{run}", "direction": "up"})
