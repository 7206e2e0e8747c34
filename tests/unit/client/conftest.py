"""A small stand-in for `/v1`, and the command run against it."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from typer.testing import CliRunner, Result

from reprovena import Reprovena
from reprovena.command import app
from reprovena.command.desk import Desk

WORKFLOW = "01890b3c-0000-7000-8000-000000000001"
RUN = "01890b3c-0000-7000-8000-0000000000aa"
JOB = "01890b3c-0000-7000-8000-0000000000bb"
FINISHED = {"name": "digits:1.0", "number": "1", "status": "finished", "owner_name": "demo"}
TIMES = {"created": "2026-01-01T00:00:00Z", "started": "2026-01-01T00:00:01Z", "ended": "2026-01-01T00:00:04.5Z"}


def problem(kind: str, status: int, detail: str, **more: Any) -> httpx.Response:
    """Say no as the gateway does."""
    document = {"type": f"urn:problem:{kind}", "title": "No", "status": status, "detail": detail, **more}
    return httpx.Response(status, json=document, headers={"Content-Type": "application/problem+json"})


def events(*changes: tuple[str, dict[str, Any]], end: bool = True) -> bytes:
    """Write a stream of server-sent events."""
    lines = [f"event: {kind}\nid: {data['seq']}\ndata: {json.dumps(data)}\n\n" for kind, data in changes]
    return ("".join(lines) + (": still here\n\nevent: end\ndata: {}\n\n" if end else "")).encode()


@dataclass
class Server:
    """Answers by a table of routes; tests put their own before it."""

    asked: list[httpx.Request] = field(default_factory=list)
    routes: list[tuple[str, str, Callable[..., httpx.Response]]] = field(default_factory=list)
    workflow: dict[str, Any] = field(default_factory=dict)
    run: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, bytes] = field(default_factory=lambda: {"report.png": b"\x89PNG", "data/model.json": b"{}"})

    def __post_init__(self) -> None:
        self.workflow = {
            "id": WORKFLOW,
            "handle": "10378.1/1",
            "tenant": "demo",
            "name": "digits",
            "version": "1.0",
            "engine": "cwl",
            "main": "digits.cwl",
            "parameters": [{"name": "C", "type": "float[]", "required": True}],
        }
        self.run = {"id": RUN, **FINISHED, **TIMES, "steps": []}
        self.on("POST", r"/auth/realms/reprovena/protocol/openid-connect/token", self._token)
        self.on("GET", r"/v1/me", lambda _: httpx.Response(200, json={"name": "demo", "tenants": ["demo", "~demo"]}))
        self.on("POST", r"/v1/workflows", lambda _: httpx.Response(201, json=self.workflow))
        self.on("GET", r"/v1/workflows", self._workflows)
        self.on("GET", r"/v1/workflows/[^/]+", lambda _: httpx.Response(200, json=self.workflow))
        self.on("DELETE", r"/v1/(workflows|runs)/[^/]+", lambda _: httpx.Response(204))
        self.on("POST", r"/v1/uploads", self._upload)
        self.on("POST", r"/v1/runs", self._start)
        self.on("GET", r"/v1/runs", lambda _: httpx.Response(200, json={"items": [self.run], "next": None}))
        self.on("GET", r"/v1/runs/[^/]+", lambda _: httpx.Response(200, json=self.run))
        self.on("POST", r"/v1/runs/[^/]+/restart", self._start)
        self.on("POST", r"/v1/runs/[^/]+/stop", lambda _: httpx.Response(202, json={"job": {"id": JOB}}))
        self.on("GET", r"/v1/runs/[^/]+/events", self._events)
        self.on("GET", r"/v1/runs/[^/]+/steps", lambda _: httpx.Response(200, json={"items": self.run["steps"]}))
        self.on("GET", r"/v1/runs/[^/]+/logs", lambda _: httpx.Response(200, text="one\ntwo \x1b[2J\n"))
        self.on("GET", r"/v1/runs/[^/]+/outputs", self._outputs)
        self.on("GET", r"/v1/runs/[^/]+/outputs/(?P<path>.+)", self._output)
        self.on("GET", r"/v1/runs/[^/]+/archive", lambda _: httpx.Response(200, content=b"PK"))
        self.on("GET", r"/v1/(runs/[^/]+/(provenance|drawing)|lineage/(document|drawing))", self._document)
        self.on("GET", r"/v1/jobs", lambda _: httpx.Response(200, json={"items": [self.job("SUCCEEDED")], "next": None}))
        self.on("GET", r"/v1/jobs/[^/]+", lambda _: httpx.Response(200, json=self.job("SUCCEEDED", {"workflow": WORKFLOW})))

    def on(self, method: str, path: str, answer: Callable[..., httpx.Response]) -> None:
        """Answer requests like this; what is said last counts."""
        self.routes.insert(0, (method, path, answer))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        request.read()
        self.asked.append(request)
        for method, path, answer in self.routes:
            match = re.fullmatch(path, request.url.path)
            if match and method == request.method:
                return answer(request, **match.groupdict())
        return problem("gateway:not-found", 404, f"nothing at {request.url.path}")

    def last(self, method: str, path: str) -> httpx.Request:
        """The last such request."""
        return next(one for one in reversed(self.asked) if one.method == method and re.fullmatch(path, one.url.path))

    def job(self, status: str, result: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """A job as the gateway shows it."""
        return {"id": JOB, "kind": "executor.start-run", "status": status, "result": result, "problem": None, **more}

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        if form["grant_type"] == "password" and form["password"] != "right":
            return httpx.Response(401, json={"error": "invalid_grant", "error_description": "Invalid user credentials"})
        count = sum(one.url.path == request.url.path for one in self.asked)
        return httpx.Response(200, json={"access_token": f"t{count}", "refresh_token": f"r{count}", "expires_in": 300})

    def _workflows(self, request: httpx.Request) -> httpx.Response:
        wanted = {name: request.url.params[name] for name in ("name", "version") if name in request.url.params}
        known = all(self.workflow[name] == value for name, value in wanted.items())
        return httpx.Response(200, json={"items": [self.workflow] if known else [], "next": None})

    def _upload(self, request: httpx.Request) -> httpx.Response:
        name, content = request.url.params["name"], request.content
        answer = {"id": f"up-{name}", "name": name, "size": len(content), "sha256": sha256(content).hexdigest()}
        return httpx.Response(201, json=answer)

    def _start(self, _: httpx.Request) -> httpx.Response:
        return httpx.Response(202, json={"run": self.run | {"status": "queued"}, "job": self.job("IN_PROGRESS")})

    def _events(self, _: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200,
            content=events(
                ("run", {"seq": 1, "at": TIMES["started"], "place": None, "status": "running", "reason": None}),
                ("step", {"seq": 2, "at": TIMES["started"], "place": "train[1]/fit", "status": "running", "reason": None}),
                ("step", {"seq": 3, "at": TIMES["ended"], "place": "train[1]/fit", "status": "finished", "reason": None}),
                ("run", {"seq": 4, "at": TIMES["ended"], "place": None, "status": self.run["status"], "reason": None}),
            ),
        )

    def _outputs(self, _: httpx.Request) -> httpx.Response:
        items = [
            {"id": f"run/{RUN}/out/plot/{path}", "path": path, "size": len(content), "sha256": sha256(content).hexdigest()}
            for path, content in self.outputs.items()
        ]
        return httpx.Response(200, json={"items": items})

    def _output(self, _: httpx.Request, path: str) -> httpx.Response:
        if path not in self.outputs:
            return problem("executor:no-such-output", 404, path)
        content = self.outputs[path]
        return httpx.Response(200, content=content, headers={"ETag": f'"{sha256(content).hexdigest()}"'})

    def _document(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=f"<{request.headers['Accept']}>".encode())


@pytest.fixture
def server() -> Server:
    """A platform that knows one workflow and one run."""
    return Server()


@pytest.fixture
def pauses() -> list[float]:
    """What was slept, without sleeping."""
    return []


@pytest.fixture
def client(server: Server, pauses: list[float]) -> Reprovena:
    """A client of that platform."""
    return Reprovena("http://127.0.0.1:8000", token="t0", transport=httpx.MockTransport(server), sleep=pauses.append)


@pytest.fixture
def invoke(server: Server, pauses: list[float], tmp_path: Path) -> Callable[..., Result]:
    """Run the command with words, at that platform."""

    def run(*words: str, env: dict[str, str] | None = None, **more: Any) -> Result:
        desk = Desk(door=httpx.MockTransport(server), sleep=pauses.append)
        known = {
            "REPROVENA_CONFIG": str(tmp_path / "config" / "credentials.json"),
            "REPROVENA_TOKEN": "t0",
            "COLUMNS": "200",
            "TERM": "dumb",
            "NO_COLOR": "1",
        }
        return CliRunner().invoke(app, list(words), obj=desk, env=known | (env or {}), **more)

    return run
