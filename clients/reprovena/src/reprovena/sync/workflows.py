"""Workflows: registered, looked at, changed and removed."""

# Made from `reprovena.aio` by `make client`; change it there.

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reprovena import calls, references
from reprovena.bundle import bundle
from reprovena.errors import WrongUse
from reprovena.models import Job, Workflow
from reprovena.sync.connection import WAIT, Connection
from reprovena.sync.hands import aside, listed


class Workflows(Connection):
    """What a client does with workflows."""

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
        model_run: str | Mapping[str, Any] | None = None,
        within: float = 120.0,
    ) -> Workflow:
        """Register a workflow from a folder, a zip, or a file with the files that it names.

        `model_run` names the workflow template that its finished runs are model runs of: a handle, or all that can be said.
        """
        source = Path(path)
        packed = aside(bundle, source, main)
        fields = {
            "name": name or _name(source),
            "version": version,
            "engine": engine,
            "main": packed.main,
            "tenant": tenant,
            "model_run": _plan(model_run),
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
        model_run: str | Mapping[str, Any] | None = None,
        clear_model_run: bool = False,
        within: float = 120.0,
    ) -> Workflow:
        """Change what is given of a workflow."""
        packed = aside(bundle, Path(path), main) if path is not None else None
        fields = {"name": name, "version": version, "main": packed.main if packed else main}
        fields |= {"model_run": _plan(model_run), "clear_model_run": "true" if clear_model_run else None}
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
        result = (self.settle(answer.id, within)).result
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
        return references.the_one(reference, listed(self.workflows(name=name, version=version)))

    def specification(self, workflow: str) -> bytes:
        """Fetch a workflow's specification as a zip."""
        return self._wire.ask(calls.specification(workflow))

    def delete_workflow(self, workflow: str) -> None:
        """Remove a workflow; its runs and their provenance stay."""
        self._wire.ask(calls.delete_workflow(workflow))


def _name(path: Path) -> str:
    """Name a workflow after its file or folder; `digits/workflow` is `digits`."""
    folder = path.resolve()
    if not folder.is_dir():
        return path.stem
    return folder.parent.name if folder.name == "workflow" else folder.name


def _plan(model_run: str | Mapping[str, Any] | None) -> str | None:
    return model_run if model_run is None or isinstance(model_run, str) else json.dumps(dict(model_run))


def _input_file(path: Path | None) -> dict[str, tuple[str, bytes, str]]:
    return {"inputs": (path.name, path.read_bytes(), "application/yaml")} if path is not None else {}
