"""An order as REANA takes it: a specification with everything in it, and files of the disk to upload."""

import asyncio
import json
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from chassis.files import Files
from chassis.forks import ChildError
from chassis.refusal import Refusal, refuse
from contracts.executor import FileSeen
from contracts.ids import input_id
from contracts.vocabulary import Engine
from executor.runner.inside import digest, plain_files
from executor.runner.occurrences import media_type
from executor.runner.reanatickets import name_of
from executor.runner.seen import Order
from executor.runner.settings import RunnerSettings
from executor.runner.staging import document_of, fetch, unpack_bundle
from executor.specs.bundle import bad_name, safe_path
from executor.specs.serial import read_serial
from executor.specs.values import merged, resolve

OURS = "reprovena"
"""A key of the specification in which we note what REANA does not keep for us; it ignores keys that it does not know."""
VERSION = "0.9.4"
PATIENCE = 60.0
"""Seconds to read a specification."""


@asynccontextmanager
async def room_for(run: UUID) -> AsyncIterator[Path]:
    """A folder of one's own to put a run together; what a killed process left there of the same run goes first."""
    folder = Path(tempfile.gettempdir()) / f"reprovena-{name_of(run)}"
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    await asyncio.to_thread(folder.mkdir, 0o700)
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


class Children(Protocol):
    """Calls a function of a module in a child process (`chassis.forks`)."""

    async def call(self, target: str, argument: str, timeout: float = 30.0) -> str:  # noqa: ASYNC109
        """What it answers."""
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """What REANA is given."""

    specification: dict[str, Any]
    uploads: tuple[tuple[str, Path], ...]


async def prepare(order: Order, folder: Path, settings: RunnerSettings, files: Files, children: Children) -> Prepared:
    """Bring everything into the folder and write the specification; what will never run is refused."""
    spec, inputs = folder / "spec", folder / "inputs"
    spec.mkdir()
    inputs.mkdir()
    bundle = folder / "spec.zip"
    await fetch(files, order.spec, bundle)
    await asyncio.to_thread(unpack_bundle, bundle, spec, order, settings)
    for staged in order.files:
        path = inputs / safe_path(staged.name)
        try:
            await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
            await fetch(files, staged.content, path)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise bad_name(staged.name, "another file of the run stands in its way") from error
    made = _Making(order, spec, inputs)
    match order.engine:
        case Engine.CWL:
            body = await made.cwl(children)
        case Engine.SERIAL:
            body = await asyncio.to_thread(made.serial)
        case Engine.SNAKEMAKE:
            body = await made.snakemake(children, settings)
        case Engine.YADAGE:
            body = await asyncio.to_thread(made.yadage)
    return await asyncio.to_thread(made.whole, body)


class _Making:
    """One order, its files at hand."""

    def __init__(self, order: Order, spec: Path, inputs: Path) -> None:
        self.order, self.spec, self.inputs = order, spec, inputs
        self.named: dict[str, str] = {}
        """Files that parameters name, with the parameter."""

    def whole(self, body: dict[str, Any]) -> Prepared:
        """The specification with its files declared, and with our note."""
        uploads = dict(self._uploads())
        inputs = {"files": sorted(uploads), **body.pop("inputs", {})}
        note = {
            "run": str(self.order.run),
            "place": self._alone(),
            "inputs": [
                seen.model_dump(mode="json", exclude_none=True) for seen in self._seen(uploads, body.pop("declared", ()))
            ],
        }
        return Prepared({"version": VERSION, **body, "inputs": inputs, OURS: note}, tuple(sorted(uploads.items())))

    def _uploads(self) -> Iterator[tuple[str, Path]]:
        for folder in (self.spec, self.inputs):  # what was brought in hides a bundle's file of its name
            for path in plain_files(folder):
                packed = self.order.engine is Engine.CWL and folder == self.spec and path.suffix == ".cwl"
                if not packed:
                    yield str(path.relative_to(folder)), path

    def _seen(self, uploads: Mapping[str, Path], declared: tuple[str, ...]) -> Iterator[FileSeen]:
        """The run's outside files: what was brought in, and files of the bundle that are named as inputs."""
        staged = {safe_path(one.name): one for one in self.order.files}
        for name in sorted({*staged, *(n for n in (*self.named, *declared) if n in uploads)}):
            one = staged.get(name)
            sha256, size = (one.content.sha256, one.content.size) if one else digest(self.spec, uploads[name])
            kind = one.content.media_type if one else "application/octet-stream"
            yield FileSeen(
                id=input_id(self.order.run, name),
                path=name,
                size=size,
                sha256=sha256,
                media_type=media_type(name) if kind == "application/octet-stream" else kind,
                role=self.named.get(name),
                origin=one.origin if one else None,
                source=one.source if one else None,
            )

    def _alone(self) -> str:
        """What a document is called that is one tool; the local engine has the same rule."""
        part = self.order.main.partition("#")[2]
        if part or self.order.engine is not Engine.CWL:
            return part
        document = self._document(document_of(self.order.main))
        named = str(document.get("id") or Path(self.order.main).stem)
        return re.split(r"[#/]", named)[-1]

    async def cwl(self, children: Children) -> dict[str, Any]:
        """CWL, packed; values name files by their paths in the workspace."""
        values = await asyncio.to_thread(self._values)
        argument = json.dumps({"folder": str(self.spec), "main": self.order.main})
        packed = json.loads(await self._child(children, "executor.runner.reanapack:pack_cwl", argument))
        # without a declared result, a clean-up of the workspace would take them all
        return {
            "workflow": {"type": "cwl", "specification": packed},
            "inputs": {"parameters": values},
            "outputs": {"directories": ["outputs"]},
        }

    def _values(self) -> dict[str, Any]:
        found = {}
        for name, value in self.order.parameters.items():

            def find(path: str, kind: str, name: str = name) -> str | None:
                for folder in (self.inputs, self.spec):
                    there = folder / path
                    if kind == "File" and there.is_file():
                        self.named.setdefault(path, name)
                        return path
                    if kind == "Directory" and there.is_dir():
                        self.named |= {str(one.relative_to(folder)): name for one in plain_files(there)}
                        return path
                return None

            found[name] = _by_path(resolve(value, find, f"inputs.{name}"))
        return found

    def serial(self) -> dict[str, Any]:
        """A serial workflow as it is, its parameters' values in the place of their defaults."""
        try:
            read_serial((self.spec / self.order.main).read_text(), self.order.parameters)
        except (ValidationError, UnicodeDecodeError) as error:
            raise refuse("executor:missing-input", f"{self.order.main} is no serial workflow: {error}") from error
        return self._reana()

    async def snakemake(self, children: Children, settings: RunnerSettings) -> dict[str, Any]:
        """A Snakemake workflow, its rules read by Snakemake itself."""
        body = await asyncio.to_thread(self._reana)
        workflow, account = body["workflow"], None
        if os.geteuid() == 0 and settings.runner_accounts:
            account = settings.runner_accounts + settings.runner_account_count  # of no run
            await asyncio.to_thread(_hand_over, self.spec.parent, account)
        told = {"folder": str(self.spec), "file": workflow["file"], "input": body.pop("values", None), "account": account}
        text = await self._child(children, "executor.runner.reanasnake:read_snakefile", json.dumps(told))
        workflow["specification"] = json.loads(text)
        return body

    def yadage(self) -> dict[str, Any]:
        """A Yadage workflow; REANA reads its files from the workspace when it starts."""
        body = self._reana()
        body["workflow"]["specification"] = None
        return body

    def _reana(self) -> dict[str, Any]:
        """The bundle's `reana.yaml`, with the run's values."""
        document = self._document(self.order.main)
        told, workflow = document.get("inputs") or {}, dict(document.get("workflow") or {})
        file = workflow.get("file")
        if self.order.engine is not Engine.SERIAL and (not file or not (self.spec / safe_path(str(file))).is_file()):
            raise refuse("executor:missing-input", f"{self.order.main} names no workflow file of the bundle")
        defaults = told.get("parameters") or {}
        values = defaults.get("input") if self.order.engine is Engine.SNAKEMAKE else None
        if values is not None:
            defaults = self._document(str(values))
        inputs = {"parameters": merged(defaults, self.order.parameters)}
        if told.get("options"):
            inputs["options"] = told["options"]
        body: dict[str, Any] = {"workflow": workflow | {"type": self.order.engine.value}, "inputs": inputs}
        body["declared"] = tuple(told.get("files") or ())
        body |= {key: document[key] for key in ("outputs", "workspace") if document.get(key)}
        return body | ({"values": values} if values is not None else {})

    def _document(self, name: str) -> dict[str, Any]:
        try:
            document = YAML(typ="safe", pure=True).load((self.spec / safe_path(name)).read_text())
        except (YAMLError, UnicodeDecodeError, FileNotFoundError) as error:
            raise refuse("executor:missing-input", f"{name} cannot be read: {error}") from error
        if not isinstance(document, dict):
            raise refuse("executor:missing-input", f"{name} is no map of names to values")
        return document

    async def _child(self, children: Children, target: str, argument: str) -> str:
        try:
            return await children.call(target, argument, PATIENCE)
        except (ChildError, TimeoutError) as error:
            lines = str(error).replace(f"{self.spec}/", "").strip().splitlines()
            raise _unreadable(self.order.main, lines[-1] if lines else "no reason was given") from error


def _unreadable(main: str, why: str) -> Refusal:
    return refuse("executor:missing-input", f"{main} cannot be read as REANA needs it: {why}"[:2000])


def _by_path(value: Any) -> Any:
    """File values with `path`, which is relative to the workspace, in the place of `location`."""
    if isinstance(value, dict):
        plain = {key: _by_path(part) for key, part in value.items() if key != "location"}
        return plain | ({"path": value["location"]} if "location" in value else {})
    return [_by_path(part) for part in value] if isinstance(value, list) else value


def _hand_over(folder: Path, account: int) -> None:
    for here, _, names in os.walk(folder):
        for path in (Path(here), *(Path(here) / name for name in names)):
            os.chown(path, account, account, follow_symlinks=False)
