"""What a run is started with: values that the workflow knows, and files that are there and the caller's."""

import asyncio
import io
import json
import posixpath
import zipfile
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chassis.bundles import clash, fault
from chassis.files import collect
from chassis.refusal import Refusal, refuse
from contracts.executor import FileSeen, Origin, StagedFile
from contracts.message import Caller, FileRef
from contracts.problem import FieldError
from contracts.registry import Workflow
from contracts.vocabulary import Engine
from gateway.api.shapes import FileChoice
from gateway.backends import Backend

if TYPE_CHECKING:
    from gateway.unit import GatewayHouse

DECLARES = frozenset({Engine.CWL})
"""Languages in which a workflow without parameters takes none; others may just not say."""
VALUES_LIMIT = 64 * 1024
LOOKED_INTO = 8 << 20
"""Bytes of a bundle up to which a missing file is told before the run is started."""


def values_of(workflow: Workflow, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the input file with the given ones over them; refused if one is unknown or a needed one missing."""
    check_names(workflow, given)
    values = {**workflow.values, **given}
    missing = [p for p in workflow.parameters if p.required and values.get(p.name) is None]
    if missing:
        errors = [FieldError(detail=f"a {p.type} is needed", field=f"inputs.{p.name}") for p in missing]
        raise refuse("executor:missing-input", f"missing: {', '.join(p.name for p in missing)}", *errors)
    check_size(values)
    return values


def check_names(workflow: Workflow, given: Mapping[str, Any]) -> None:
    """Refuse values that the workflow does not take."""
    known = {parameter.name for parameter in workflow.parameters}
    unknown = sorted(set(given) - known) if known or workflow.engine in DECLARES else []
    if unknown:
        takes = ", ".join(sorted(known)) or "nothing"
        errors = [FieldError(detail=f"the workflow takes {takes}", field=f"inputs.{name}") for name in unknown]
        raise refuse("executor:unknown-parameter", f"unknown: {', '.join(unknown)}", *errors)


def check_size(values: Mapping[str, Any]) -> None:
    """Refuse values that are too long for a message, or that hold text which nothing can store."""
    if not _storable(values):
        told = "U+0000, half of a surrogate pair, a number that is none, or too many levels"
        raise refuse("gateway:invalid", f"the values cannot be stored: {told}", FieldError(detail=told, field="inputs"))
    size = len(json.dumps(values).encode())
    if size > VALUES_LIMIT:
        error = FieldError(detail="put what is large into a file", field="inputs")
        raise refuse("gateway:too-large", f"the values have {size} bytes as JSON, the limit is {VALUES_LIMIT}", error)


def _storable(values: Any) -> bool:
    """Whether JSON and a database can hold these values."""
    todo = [values]
    try:
        json.dumps(values, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return False
    while todo:
        one = todo.pop()
        if isinstance(one, str) and "\x00" in one:
            return False
        todo += [*one, *one.values()] if isinstance(one, dict) else one if isinstance(one, list | tuple) else []
    return True


def check_file_names(names: Mapping[str, object]) -> None:
    """Refuse names that lead out of the run's folder, or that cannot be there together."""
    errors = [FieldError(detail=wrong, field=f"files.{name}") for name in names if (wrong := fault(name)) is not None]
    if not errors and (folder := clash(names)) is not None:
        errors = [FieldError(detail="is a file and a folder", field=f"files.{folder}")]
    if errors:
        raise refuse("executor:bad-file-name", f"not allowed: {errors[0].detail}", *errors)


async def staged(house: "GatewayHouse", caller: Caller, choices: Mapping[str, FileChoice]) -> tuple[StagedFile, ...]:
    """The files of a run, found: uploads of the caller's tenants, and outputs of runs that the caller may see."""
    check_file_names(choices)
    ids = [choice.upload for choice in choices.values() if choice.upload is not None]
    async with house.work() as unit:
        uploads = await unit.uploads.find(ids, caller.tenants) if ids else {}
    outputs: dict[UUID, list[FileSeen]] = {}
    found, errors = [], []
    for name, choice in choices.items():
        try:
            if choice.upload is not None:
                if choice.upload not in uploads:
                    raise _missing("executor:missing-input", name, f"no upload {choice.upload}")
                found.append(StagedFile(name=name, content=uploads[choice.upload].content))
            elif choice.run is not None and choice.output is not None:
                if choice.run not in outputs:
                    outputs[choice.run] = await outputs_of(house.parts.backends.executor, caller, choice.run)
                found.append(_taken(name, choice.run, pick(outputs[choice.run], choice.output, f"files.{name}")))
        except Refusal as no:
            if no.problem.status >= 500:
                raise
            errors.append(no)
    if errors:
        first = errors[0].problem
        fields = [
            error for no in errors for error in (no.problem.errors or (FieldError(detail=no.problem.detail, field="files"),))
        ]
        raise refuse("executor:missing-input", first.detail, *fields)
    return tuple(found)


async def outputs_of(executor: Backend, caller: Caller, run: UUID) -> list[FileSeen]:
    """The stored files of a run that the caller may see."""
    told = await executor.json(caller, f"/runs/{run}/outputs")
    return [FileSeen.model_validate(one) for one in told["items"]]


def pick(outputs: list[FileSeen], wanted: str, field: str) -> FileSeen:
    """The output with a path, or the only one with a role."""
    for by in ("path", "role"):
        found = [one for one in outputs if getattr(one, by) == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            paths = ", ".join(sorted(one.path for one in found))
            raise refuse(
                "executor:no-such-output",
                f"{wanted!r} is several files",
                FieldError(detail=f"name one of {paths}", field=field),
            )
    paths = ", ".join(sorted(one.path for one in outputs)[:20]) or "nothing"
    raise refuse("executor:no-such-output", f"no output {wanted!r}", FieldError(detail=f"there is {paths}", field=field))


def reference(seen: FileSeen) -> FileRef:
    """Where an output's bytes lie; refused if they were not kept."""
    if seen.stored is None or seen.sha256 is None or seen.size is None:
        raise refuse("executor:no-such-output", f"{seen.path!r} was not kept")
    return FileRef(
        key=seen.stored, sha256=seen.sha256, size=seen.size, media_type=seen.media_type or "application/octet-stream"
    )


def _taken(name: str, run: UUID, seen: FileSeen) -> StagedFile:
    return StagedFile(name=name, content=reference(seen), origin=Origin(id=seen.id, run=run))


def _missing(kind: str, name: str, detail: str) -> Refusal:
    return refuse(kind, detail, FieldError(detail=detail, field=f"files.{name}"))


def named_files(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every file that CWL values name, with the value it is in."""
    for name, value in values.items():
        todo = [value]
        while todo:
            one = todo.pop()
            if isinstance(one, list):
                todo += one
            elif isinstance(one, dict):
                if one.get("class") in {"File", "Directory"}:
                    path = one.get("path", one.get("location"))
                    if isinstance(path, str):
                        yield name, path
                todo += [part for part in one.values() if isinstance(part, list | dict)]


async def check_files(
    house: "GatewayHouse", workflow: Workflow, values: Mapping[str, Any], given: Mapping[str, object]
) -> None:
    """Refuse values that name a file which is neither given nor in the workflow's bundle, before anything is started."""
    if workflow.engine is not Engine.CWL:
        return
    wanted = [(name, path) for name, path in named_files(values) if not _among(path, given)]
    if not wanted:
        return
    names: Mapping[str, object] = {}
    if all(fault(path.rstrip("/")) is None for _name, path in wanted):
        if workflow.spec.size > LOOKED_INTO:
            return
        content = await collect(house.files.get(workflow.spec.key), LOOKED_INTO)
        names = await asyncio.to_thread(_entries, content)
    beside = posixpath.dirname(workflow.main)
    errors = [
        FieldError(detail=f"no file {path!r} was given, and the workflow has none", field=f"inputs.{name}")
        for name, path in wanted
        if not _among(path, names) and not _among(posixpath.join(beside, path), names)
    ]
    if errors:
        raise refuse("executor:missing-input", errors[0].detail, *errors)


def _among(path: str, names: Mapping[str, object]) -> bool:
    """Whether a path is one of the files, or a folder of some."""
    plain = posixpath.normpath(path)
    return plain in names or any(name.startswith(f"{plain}/") for name in names)


def _entries(content: bytes) -> dict[str, None]:
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        return dict.fromkeys(bundle.namelist())
