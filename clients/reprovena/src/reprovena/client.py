"""The Python client: the platform's `/v1` as methods."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from reprovena import calls, references
from reprovena.bundle import bundle
from reprovena.calls import Call, Page
from reprovena.downloads import fetch
from reprovena.errors import ProblemError, WrongUse
from reprovena.graph import Lineage
from reprovena.inputs import RunOutput, Source, UploadId
from reprovena.models import Document, Job, Upload, Workflow, documents
from reprovena.operators import Operators
from reprovena.runs import File, Run, RunEvent, Started, Step
from reprovena.tokens import CLIENT, Bearer, Tokens, password_grant, read_tokens, token_path
from reprovena.transport import Chunks, Transport, address
from reprovena.watching import watch

T = TypeVar("T")
WAIT = 20.0
"""Seconds that one answer is waited for on the server, at most."""


class Reprovena:
    """A connection to a platform; use it as a context manager, or close it."""

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8000",
        *,
        token: str | Tokens | None = None,
        login: tuple[str, str] | None = None,
        realm: str = "reprovena",
        client_id: str = CLIENT,
        keep: Callable[[Tokens], None] | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take a token, or log in with a name and a password; `keep` is told of every new token."""
        url = address(base_url)
        self.url = str(url).rstrip("/")
        self._token_path, self._client_id, self._keep, self._sleep = token_path(realm), client_id, keep, sleep
        self._wire = Transport(url, door=transport, timeout=timeout)
        self.operators = Operators(self._wire)
        if token is not None:
            self._show(Tokens(token) if isinstance(token, str) else token)
        if login is not None:
            self.login(*login)

    def __enter__(self) -> Self:
        """Stay open for the length of the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._wire.http.close()

    def login(self, user: str, password: str) -> Tokens:
        """Trade a password for a token, and use it from now on."""
        form = password_grant(user, password, self._client_id)
        call = Call("POST", self._token_path, lambda answer: read_tokens(answer, time.time()), form=form)
        tokens = self._wire.ask(call, auth=False)
        self._show(tokens)
        if self._keep:
            self._keep(tokens)
        return tokens

    def _show(self, tokens: Tokens) -> None:
        url = httpx.URL(self.url + self._token_path)
        self._wire.http.auth = Bearer(tokens, url, keep=self._keep, client=self._client_id)

    def me(self) -> Document:
        """Ask who one is."""
        return self._wire.ask(calls.me())

    def upload(self, path: Path | str, name: str | None = None) -> Upload:
        """Send a file that a run may name."""
        local = Path(path)
        if not local.is_file():
            msg = f"{local} is not there"
            raise WrongUse(msg)
        return self._wire.ask(calls.upload(name or local.name, Chunks(local), local.stat().st_size))

    def register_workflow(
        self,
        path: Path | str,
        *,
        name: str | None = None,
        version: str = "1.0",
        engine: str | None = None,
        main: str | None = None,
        inputs: Path | None = None,
        tenant: str | None = None,
        within: float = 120.0,
    ) -> Workflow:
        """Register a workflow from a folder, a zip, or a file with the files that it names."""
        source = Path(path)
        packed = bundle(source, main)
        fields = {
            "name": name or _name(source),
            "version": version,
            "engine": engine,
            "main": packed.main,
            "tenant": tenant,
        }
        files = {"spec": (packed.name, packed.content, packed.media_type)} | _input_file(inputs)
        given = {field: str(value) for field, value in fields.items() if value is not None}
        return self._registered(self._wire.ask(calls.register_workflow(given, files, WAIT)), within)

    def update_workflow(
        self,
        workflow: str,
        *,
        path: Path | str | None = None,
        name: str | None = None,
        version: str | None = None,
        main: str | None = None,
        inputs: Path | None = None,
        within: float = 120.0,
    ) -> Workflow:
        """Change what is given of a workflow."""
        packed = bundle(Path(path), main) if path is not None else None
        fields = {"name": name, "version": version, "main": packed.main if packed else main}
        files = {"spec": (packed.name, packed.content, packed.media_type)} if packed else {}
        given = {field: str(value) for field, value in fields.items() if value is not None}
        if not given and not files and inputs is None:
            msg = "There is nothing to change."
            raise WrongUse(msg)
        answer = self._wire.ask(calls.update_workflow(workflow, given, files | _input_file(inputs), WAIT))
        return self._registered(answer, within)

    def _registered(self, answer: Workflow | Job, within: float) -> Workflow:
        if isinstance(answer, Workflow):
            return answer
        result = self.settle(answer.id, within).result
        known = result.get("workflow", result.get("id"))
        return self.workflow(str(known["id"] if isinstance(known, Mapping) else known))

    def workflows(self, *, name: str | None = None, version: str | None = None, limit: int | None = None) -> Iterator[Workflow]:
        """List workflows, page after page."""
        return self._pages(lambda after, size: calls.workflows(name=name, version=version, limit=size, after=after), limit)

    def workflow(self, reference: str) -> Workflow:
        """Fetch a workflow by its id, or by `<name>:<version>`."""
        if references.is_id(reference):
            return self._wire.ask(calls.workflow(reference))
        name, version = references.workflow(reference)
        return references.the_one(reference, list(self.workflows(name=name, version=version)))

    def specification(self, workflow: str) -> bytes:
        """Fetch a workflow's specification as a zip."""
        return self._wire.ask(calls.specification(workflow))

    def delete_workflow(self, workflow: str) -> None:
        """Remove a workflow; its runs and their provenance stay."""
        self._wire.ask(calls.delete_workflow(workflow))

    def start_run(
        self,
        workflow: str,
        inputs: Mapping[str, Any] | None = None,
        files: Mapping[str, Source | Upload | str] | None = None,
        *,
        priority: int | None = None,
        timeout: int | None = None,
        tenant: str | None = None,
    ) -> Started:
        """Start a run; a file is a local path (it is uploaded), an upload, or an earlier run's output."""
        target = workflow if references.is_id(workflow) else self.workflow(workflow).id
        staged = {name: self._staged(name, source) for name, source in (files or {}).items()}
        optional = {"priority": priority, "timeout": timeout, "tenant": tenant}
        body: dict[str, Any] = {"workflow": target, "inputs": dict(inputs or {}), "files": staged}
        body |= {name: value for name, value in optional.items() if value is not None}
        started = self._wire.ask(calls.start_run(body))
        _raise_failed(started.job)
        return started

    def _staged(self, name: str, source: Source | Upload | str) -> dict[str, str]:
        match source:
            case RunOutput():
                run = source.run if references.is_id(source.run) else self.find_run(source.run).id
                return {"run": run, "output": source.output}
            case UploadId() | Upload():
                return {"upload": source.id}
            case _:
                return {"upload": self.upload(source, name).id}

    def run(self, run: str) -> Run:
        """Fetch a run with its steps."""
        return self._wire.ask(calls.run(run))

    def find_run(self, reference: str) -> Run:
        """Fetch a run by its id, or by `<workflow>:<version>#<number>`."""
        if references.is_id(reference):
            return self.run(reference)
        name, number = references.run(reference)
        return self.run(references.numbered(reference, number, self.runs(name=name)).id)

    def runs(
        self, *, workflow: str | None = None, status: str | None = None, name: str | None = None, limit: int | None = None
    ) -> Iterator[Run]:
        """List runs, page after page."""

        def page(after: str | None, size: int | None) -> Call[Page[Run]]:
            return calls.runs(workflow=workflow, status=status, name=name, limit=size, after=after)

        return self._pages(page, limit)

    def watch(self, run: str, *, after: str | None = None, patience: float = 300.0) -> Iterator[RunEvent]:
        """Hear a run's changes as they happen; a lost connection is taken up where it was lost."""
        return watch(self._wire, run, after=after, patience=patience, sleep=self._sleep)

    def steps(self, run: str) -> tuple[Step, ...]:
        """List a run's steps."""
        return self._wire.ask(calls.steps(run))

    def logs(self, run: str, step: str | None = None) -> bytes:
        """Fetch the log of a step, or the engine's."""
        return self._wire.ask(calls.logs(run, step))

    def stop(self, run: str) -> Document:
        """Stop a run."""
        return self._wire.ask(calls.stop(run))

    def restart(self, run: str, inputs: Mapping[str, Any] | None = None) -> Started:
        """Run again what ended, with new values where given."""
        started = self._wire.ask(calls.restart(run, inputs))
        _raise_failed(started.job)
        return started

    def delete(self, run: str) -> None:
        """Remove a run's files; its provenance stays."""
        self._wire.ask(calls.delete_run(run))

    def outputs(self, run: str) -> tuple[File, ...]:
        """List a run's stored files."""
        return tuple(File.of(item) for item in documents(self._wire.ask(calls.outputs(run)).get("items")))

    def download(self, run: str, output: str, target: Path) -> Path:
        """Fetch one output into a file, whole or not at all."""
        return fetch(self._wire, calls.output_path(run, output), target)

    def archive(self, run: str, target: Path) -> Path:
        """Fetch all outputs as a zip."""
        return fetch(self._wire, calls.archive_path(run), target)

    def provenance(self, run: str, form: str = "json") -> bytes:
        """Fetch a run's PROV document: json, provn, xml, turtle or jsonld."""
        return self._wire.ask(calls.provenance(run, form))

    def drawing(self, run: str, form: str = "svg") -> bytes:
        """Fetch a drawing of a run's provenance: png, svg or pdf."""
        return self._wire.ask(calls.drawing(run, form))

    def lineage(self, node: str, direction: str = "up", depth: int | None = None) -> Lineage:
        """Ask what came before (`up`) or after (`down`) something."""
        return self._wire.ask(calls.lineage(node, direction, depth))

    def lineage_document(self, node: str, form: str = "json", direction: str = "up", depth: int | None = None) -> bytes:
        """Fetch a lineage as a PROV document."""
        return self._wire.ask(calls.lineage_document(node, direction, depth, form))

    def lineage_drawing(self, node: str, form: str = "svg", direction: str = "up", depth: int | None = None) -> bytes:
        """Fetch a drawing of a lineage."""
        return self._wire.ask(calls.lineage_drawing(node, direction, depth, form))

    def path(self, source: str, target: str) -> Lineage:
        """Ask for the shortest way from one thing to another."""
        return self._wire.ask(calls.path(source, target))

    def jobs(self, *, status: str | None = None, limit: int | None = None) -> Iterator[Job]:
        """List jobs, page after page."""
        return self._pages(lambda after, size: calls.jobs(status=status, limit=size, after=after), limit)

    def job(self, job: str, wait: float = 0.0) -> Job:
        """Fetch a job; `wait` asks the server to wait a little for its end."""
        return self._wire.ask(calls.job(job, wait))

    def settle(self, job: str, within: float = 120.0) -> Job:
        """Wait for a job's end; a failed one raises its problem."""
        until = time.monotonic() + within
        seen = self.job(job, min(WAIT, within))
        while not seen.settled and time.monotonic() < until:
            self._sleep(0.2)  # a server that does not wait must not be pressed
            seen = self.job(job, min(WAIT, within))
        _raise_failed(seen)
        if not seen.settled:
            detail = f"Job {job} has not ended within {within:.0f} s; it goes on, and can be asked for later."
            raise ProblemError(status=504, title="Not yet", detail=detail, job=job)
        return seen

    def _pages(self, page: Callable[[str | None, int | None], Call[Page[T]]], limit: int | None) -> Iterator[T]:
        after: str | None = None
        left = limit
        while left is None or left > 0:
            answer = self._wire.ask(page(after, left))
            yield from answer.items[:left]
            left = None if left is None else left - len(answer.items)
            after = answer.next
            if after is None:
                return


def _name(path: Path) -> str:
    """Name a workflow after its file or folder; `digits/workflow` is `digits`."""
    folder = path.resolve()
    if not folder.is_dir():
        return path.stem
    return folder.parent.name if folder.name == "workflow" else folder.name


def _input_file(path: Path | None) -> dict[str, tuple[str, bytes, str]]:
    return {"inputs": (path.name, path.read_bytes(), "application/yaml")} if path is not None else {}


def _raise_failed(job: Job) -> None:
    if job.status == "FAILED":
        raise ProblemError.of(job.problem or {"detail": f"Job {job.id} has failed."})
