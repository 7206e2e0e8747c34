"""Workflows: registered, looked at, changed and removed."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from reprovena import calls, references
from reprovena.aio.connection import WAIT, AsyncConnection
from reprovena.aio.hands import aside, listed
from reprovena.bundle import bundle
from reprovena.errors import WrongUse
from reprovena.models import Job, Workflow


class AsyncWorkflows(AsyncConnection):
    """What a client does with workflows."""

    async def register_workflow(
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
        packed = await aside(bundle, source, main)
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
        return await self._registered(await self._wire.ask(calls.register_workflow(given, files, WAIT)), within)

    async def update_workflow(
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
        packed = await aside(bundle, Path(path), main) if path is not None else None
        fields = {"name": name, "version": version, "main": packed.main if packed else main}
        fields |= {"model_run": _plan(model_run), "clear_model_run": "true" if clear_model_run else None}
        files = {"spec": (packed.name, packed.content, packed.media_type)} if packed else {}
        given = {field: str(value) for field, value in fields.items() if value is not None}
        if not given and not files and inputs is None:
            msg = "There is nothing to change."
            raise WrongUse(msg)
        answer = await self._wire.ask(calls.update_workflow(workflow, given, files | _input_file(inputs), WAIT))
        return await self._registered(answer, within)

    async def _registered(self, answer: Workflow | Job, within: float) -> Workflow:
        if isinstance(answer, Workflow):
            return answer
        result = (await self.settle(answer.id, within)).result
        known = result.get("workflow", result.get("id"))
        return await self.workflow(str(known["id"] if isinstance(known, Mapping) else known))

    def workflows(
        self, *, name: str | None = None, version: str | None = None, limit: int | None = None
    ) -> AsyncIterator[Workflow]:
        """List workflows, page after page."""
        return self._pages(lambda after, size: calls.workflows(name=name, version=version, limit=size, after=after), limit)

    async def workflow(self, reference: str) -> Workflow:
        """Fetch a workflow by its id, or by `<name>:<version>`."""
        if references.is_id(reference):
            return await self._wire.ask(calls.workflow(reference))
        name, version = references.workflow(reference)
        return references.the_one(reference, await listed(self.workflows(name=name, version=version)))

    async def specification(self, workflow: str) -> bytes:
        """Fetch a workflow's specification as a zip."""
        return await self._wire.ask(calls.specification(workflow))

    async def delete_workflow(self, workflow: str) -> None:
        """Remove a workflow; its runs and their provenance stay."""
        await self._wire.ask(calls.delete_workflow(workflow))


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
