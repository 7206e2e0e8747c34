"""Filling a run's folder before it starts: the bundle unpacked, files brought in, the child's brief written last."""

import asyncio
import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chassis.files import Files
from chassis.refusal import Trouble, refuse
from contracts.executor import StagedFile
from contracts.message import FileRef
from contracts.vocabulary import Engine
from executor.runner.accounts import Accounts
from executor.runner.seen import Order
from executor.runner.settings import RunnerSettings
from executor.runner.workspace import BRIEF, Brief, Workspace
from executor.specs.bundle import Limits, bad_name, safe_path, unpack
from executor.specs.placeholders import plain
from executor.specs.serial import read_serial
from executor.specs.values import resolve


def document_of(main: str) -> str:
    """The file of a main document, which may name one of its parts: `all.cwl#main`."""
    return safe_path(main.partition("#")[0])


async def stage(workspace: Workspace, order: Order, settings: RunnerSettings, files: Files, accounts: Accounts) -> None:
    """Make the folder anew. A crash in between leaves no `order.json`, so the next one starts again."""
    await asyncio.to_thread(_begin, workspace)
    bundle = workspace.folder / "spec.zip"
    await fetch(files, order.spec, bundle)
    await asyncio.to_thread(unpack_bundle, bundle, workspace.spec, order, settings)
    for staged in order.files:
        path = workspace.inputs / safe_path(staged.name)
        try:
            await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
            await fetch(files, staged.content, path)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise bad_name(staged.name, "another file of the run stands in its way") from error
    await asyncio.to_thread(_finish, workspace, order, settings, accounts)


def _begin(workspace: Workspace) -> None:
    workspace.remove()
    for folder in (workspace.folder, workspace.spec, workspace.inputs):
        folder.mkdir(mode=0o700)


async def fetch(files: Files, content: FileRef, path: Path) -> None:
    """Bring a file from the store, and believe it only if it is what its name in the message says."""
    made = hashlib.sha256()
    with path.open("xb") as target:
        async for block in files.get(content.key):
            made.update(block)
            await asyncio.to_thread(target.write, block)
    if made.hexdigest() != content.sha256:
        raise Trouble(f"the file store has other bytes under {content.key} than were put there")


def unpack_bundle(bundle: Path, folder: Path, order: Order, settings: RunnerSettings) -> None:
    """Unpack a specification, or put its only document where it belongs; the engine finds it without what is ours alone."""
    main = order.main
    if zipfile.is_zipfile(bundle):
        with bundle.open("rb") as source:
            unpack(source, folder, Limits(settings.runner_bundle_size, settings.runner_bundle_files))
        bundle.unlink()
    else:
        target = folder / document_of(main)
        target.parent.mkdir(parents=True, exist_ok=True)
        bundle.rename(target)
    if not (folder / document_of(main)).is_file():
        raise refuse("executor:missing-input", f"the specification has no file {main!r}")
    if order.engine is Engine.CWL:
        _leave_out(folder / document_of(main), main.partition("#")[2] or "main")


def _leave_out(document: Path, part: str) -> None:
    before = document.read_bytes()
    try:
        after = plain(before.decode(), part).encode()
    except UnicodeDecodeError:  # the engine says so
        return
    if after != before:
        document.write_bytes(after)


def _finish(workspace: Workspace, order: Order, settings: RunnerSettings, accounts: Accounts) -> None:
    values = _values(workspace, order)
    account = accounts.take(order.run)
    brief = Brief(
        run=order.run,
        engine=order.engine,
        main=order.main,
        parameters=values,
        files=tuple(StagedFile.model_validate(staged.model_dump()) for staged in order.files),
        timeout=order.timeout or settings.runner_timeout,
        parallel=settings.runner_parallel,
        account=account,
        container=settings.runner_container,
        path=settings.runner_path,
        limits={
            "NOFILE": settings.runner_open_files,
            "FSIZE": settings.runner_file_size,
            "AS": settings.runner_memory,
            "NPROC": settings.runner_processes if account is not None else 0,
        },
    )
    workspace.write(workspace.values, json.dumps(values).encode())
    part = workspace.order.with_suffix(".part")
    part.write_bytes(BRIEF.dump_json(brief))
    workspace.hand_over(account)
    if account is not None:
        os.chown(part, -1, account)
        part.chmod(0o640)
    part.rename(workspace.order)


def _values(workspace: Workspace, order: Order) -> dict[str, Any]:
    """The parameters as the engine takes them; what is wrong with them is refused before anything runs."""
    if order.engine is Engine.CWL:

        def find(name: str, kind: str) -> str | None:
            for folder in (workspace.inputs, workspace.spec):
                path = folder / name
                if path.is_dir() if kind == "Directory" else path.is_file():
                    return path.as_uri()
            return None

        return {name: resolve(value, find, f"inputs.{name}") for name, value in order.parameters.items()}
    try:
        read_serial((workspace.spec / order.main).read_text(), order.parameters)
    except (ValidationError, UnicodeDecodeError) as error:
        raise refuse("executor:missing-input", f"{order.main} is no serial workflow: {error}") from error
    return order.parameters
