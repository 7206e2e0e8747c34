"""What can be asked of the server, as data: no call is made here, so that any transport can make it."""

import mimetypes
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx

from reprovena import formats
from reprovena.answers import bytes_of, checked, document_of
from reprovena.compared import Difference, FileUse
from reprovena.graph import Lineage
from reprovena.models import Document, Job, Upload, Workflow, documents
from reprovena.runs import Run, Started, Step

T = TypeVar("T")
JSON = "application/json"
PATIENCE = 10.0
"""Seconds that a waiting answer may take longer than it was asked to wait."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of many, and where the rest begins."""

    items: tuple[T, ...]
    next: str | None


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request and how its answer is read."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    params: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    content: Iterable[bytes] | AsyncIterable[bytes] | None = None
    data: Mapping[str, str] | None = None
    files: Mapping[str, tuple[str, bytes, str]] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0
    """Seconds that the server was asked to wait, at most."""


def params_of(**given: object) -> dict[str, str]:
    """Read what was given; nothing is not asked for."""
    return {name: str(value) for name, value in given.items() if value is not None}


def page_of(read: Callable[[Document], T]) -> Callable[[httpx.Response], Page[T]]:
    """Read an answer that is a page of such things."""

    def page(response: httpx.Response) -> Page[T]:
        document = document_of(response)
        following = document.get("next")
        return Page(tuple(read(item) for item in documents(document.get("items"))), str(following) if following else None)

    return page


def _nothing(response: httpx.Response) -> None:
    checked(response)


def _one(path: str) -> str:
    return quote(path, safe="")


def upload(name: str, content: Iterable[bytes] | AsyncIterable[bytes], size: int | None = None) -> Call[Upload]:
    """Send bytes that a run may name."""
    kind = mimetypes.guess_type(name, strict=False)[0] or "application/octet-stream"
    headers = {"Content-Type": kind} | ({"Content-Length": str(size)} if size is not None else {})
    return Call(
        "POST",
        "/v1/uploads",
        lambda answer: Upload.of(document_of(answer)),
        params={"name": name},
        content=content,
        headers=headers,
        wait=600.0,
    )


def register_workflow(
    data: Mapping[str, str], files: Mapping[str, tuple[str, bytes, str]], wait: float
) -> Call[Workflow | Job]:
    """Register a workflow; a job instead if that takes longer than one wants to wait."""
    return Call("POST", "/v1/workflows", _workflow_or_job, params=params_of(wait=int(wait)), data=data, files=files, wait=wait)


def update_workflow(
    workflow: str, data: Mapping[str, str], files: Mapping[str, tuple[str, bytes, str]], wait: float
) -> Call[Workflow | Job]:
    """Change a workflow; what older runs used stays as it was."""
    path = f"/v1/workflows/{_one(workflow)}"
    return Call("PATCH", path, _workflow_or_job, params=params_of(wait=int(wait)), data=data, files=files, wait=wait)


def _workflow_or_job(response: httpx.Response) -> Workflow | Job:
    document = document_of(response)
    if response.status_code == httpx.codes.ACCEPTED:
        job = document.get("job")
        return Job.of(job if isinstance(job, Mapping) else {"id": job})
    return Workflow.of(document)


def workflows(*, name: str | None, version: str | None, limit: int | None, after: str | None) -> Call[Page[Workflow]]:
    """List workflows."""
    params = params_of(name=name, version=version, limit=limit, after=after)
    return Call("GET", "/v1/workflows", page_of(Workflow.of), params=params)


def workflow(workflow: str) -> Call[Workflow]:
    """Fetch a workflow."""
    return Call("GET", f"/v1/workflows/{_one(workflow)}", lambda answer: Workflow.of(document_of(answer)))


def specification(workflow: str) -> Call[bytes]:
    """Fetch a workflow's specification as a zip."""
    return Call("GET", f"/v1/workflows/{_one(workflow)}/specification", bytes_of)


def delete_workflow(workflow: str) -> Call[None]:
    """Remove a workflow; its runs and their provenance stay."""
    return Call("DELETE", f"/v1/workflows/{_one(workflow)}", _nothing, wait=30.0)


def start_run(body: Mapping[str, Any]) -> Call[Started]:
    """Start a run."""
    return Call("POST", "/v1/runs", lambda answer: Started.of(document_of(answer)), json=body, wait=30.0)


def runs(
    *, workflow: str | None, status: str | None, name: str | None, limit: int | None, after: str | None
) -> Call[Page[Run]]:
    """List runs."""
    params = params_of(workflow=workflow, status=status, name=name, limit=limit, after=after)
    return Call("GET", "/v1/runs", page_of(Run.of), params=params)


def run(run: str) -> Call[Run]:
    """Fetch a run with its steps."""
    return Call("GET", f"/v1/runs/{_one(run)}", lambda answer: Run.of(document_of(answer)))


def stop(run: str) -> Call[Document]:
    """Stop a run."""
    return Call("POST", f"/v1/runs/{_one(run)}/stop", document_of, wait=30.0)


def restart(run: str, inputs: Mapping[str, Any] | None) -> Call[Started]:
    """Run again what ended."""
    body = {"inputs": inputs} if inputs else {}
    return Call("POST", f"/v1/runs/{_one(run)}/restart", lambda answer: Started.of(document_of(answer)), json=body, wait=30.0)


def register_outputs(run: str, body: Mapping[str, Any], wait: float) -> Call[Document]:
    """Register outputs of a run as a dataset; a job alone if that takes longer than one wants to wait."""
    path = f"/v1/runs/{_one(run)}/dataset"
    return Call("POST", path, document_of, params=params_of(wait=int(wait)), json=body, wait=wait)


def lodge_run(run: str, wait: float) -> Call[Document]:
    """Lodge a run as a model run; a job instead if that takes longer than one wants to wait."""
    return Call("POST", f"/v1/runs/{_one(run)}/model-run", document_of, params=params_of(wait=int(wait)), wait=wait)


def delete_run(run: str) -> Call[None]:
    """Remove a run's files; its provenance stays."""
    return Call("DELETE", f"/v1/runs/{_one(run)}", _nothing, wait=30.0)


def steps(run: str) -> Call[tuple[Step, ...]]:
    """List a run's steps."""
    path = f"/v1/runs/{_one(run)}/steps"
    return Call("GET", path, lambda answer: tuple(Step.of(item) for item in documents(document_of(answer).get("items"))))


def logs(run: str, step: str | None) -> Call[bytes]:
    """Fetch the log of a step, or the engine's."""
    return Call("GET", f"/v1/runs/{_one(run)}/logs", bytes_of, params=params_of(step=step))


def outputs(run: str) -> Call[Document]:
    """List a run's stored files."""
    return Call("GET", f"/v1/runs/{_one(run)}/outputs", document_of)


def output_path(run: str, path: str) -> str:
    """Where an output is fetched from."""
    return f"/v1/runs/{_one(run)}/outputs/{quote(path)}"


def archive_path(run: str) -> str:
    """Where a zip of all outputs is fetched from."""
    return f"/v1/runs/{_one(run)}/archive"


def events_path(run: str) -> str:
    """Where a run's changes are heard."""
    return f"/v1/runs/{_one(run)}/events"


def provenance(run: str, form: str) -> Call[bytes]:
    """Fetch a run's PROV document."""
    accept = formats.media_type(form, formats.DOCUMENTS)
    return Call("GET", f"/v1/runs/{_one(run)}/provenance", bytes_of, headers={"Accept": accept})


def drawing(run: str, form: str) -> Call[bytes]:
    """Fetch a drawing of a run's provenance."""
    accept = formats.media_type(form, formats.DRAWINGS)
    return Call("GET", f"/v1/runs/{_one(run)}/drawing", bytes_of, headers={"Accept": accept})


def lineage(node: str, direction: str, depth: int | None) -> Call[Lineage]:
    """Ask what came before (`up`) or after (`down`) something."""
    params = params_of(id=node, direction=direction, depth=depth)
    return Call("GET", "/v1/lineage", lambda answer: Lineage.of(document_of(answer)), params=params)


def lineage_document(node: str, direction: str, depth: int | None, form: str) -> Call[bytes]:
    """Fetch a lineage as a PROV document."""
    params = params_of(id=node, direction=direction, depth=depth)
    accept = formats.media_type(form, formats.DOCUMENTS)
    return Call("GET", "/v1/lineage/document", bytes_of, params=params, headers={"Accept": accept})


def lineage_drawing(node: str, direction: str, depth: int | None, form: str) -> Call[bytes]:
    """Fetch a drawing of a lineage."""
    params = params_of(id=node, direction=direction, depth=depth)
    accept = formats.media_type(form, formats.DRAWINGS)
    return Call("GET", "/v1/lineage/drawing", bytes_of, params=params, headers={"Accept": accept})


def path(source: str, target: str) -> Call[Lineage]:
    """Ask for the shortest way from one thing to another."""
    params = params_of(source=source, target=target)
    return Call("GET", "/v1/lineage/path", lambda answer: Lineage.of(document_of(answer)), params=params)


def difference(run: str, other: str, *, of_any: bool) -> Call[Difference]:
    """Ask how another run differs from a run."""
    params = params_of(other=other, any="true" if of_any else None)
    return Call("GET", f"/v1/runs/{_one(run)}/difference", lambda answer: Difference.of(document_of(answer)), params=params)


def uses(sha256: str, *, limit: int | None, after: str | None) -> Call[Page[FileUse]]:
    """List what a content took part in."""
    return Call("GET", "/v1/files", page_of(FileUse.of), params=params_of(sha256=sha256, limit=limit, after=after))


def jobs(*, status: str | None, limit: int | None, after: str | None) -> Call[Page[Job]]:
    """List jobs."""
    return Call("GET", "/v1/jobs", page_of(Job.of), params=params_of(status=status, limit=limit, after=after))


def job(job: str, wait: float) -> Call[Job]:
    """Fetch a job; the server waits a little for its end if asked to."""
    params = params_of(wait=int(wait) or None)
    return Call("GET", f"/v1/jobs/{_one(job)}", lambda answer: Job.of(document_of(answer)), params=params, wait=wait)


def me() -> Call[Document]:
    """Ask who one is."""
    return Call("GET", "/v1/me", document_of)
