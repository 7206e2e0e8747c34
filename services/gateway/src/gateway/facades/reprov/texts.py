"""Files as ReProv shows them inside its answers: specifications as JSON, input files and ends of logs as text."""

import asyncio
import json
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from typing import IO, Any

from fastapi.encoders import jsonable_encoder
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from chassis.files import Files
from contracts.executor import Step
from contracts.message import FileRef
from contracts.registry import Workflow
from gateway.api.forms import INPUTS_LIMIT
from gateway.facades.reprov.keeping import Kept
from gateway.facades.reprov.printing import entry
from gateway.facades.reprov.shapes import Execution, WorkflowShown

READABLE = 256 * 1024
"""Bytes of a specification that is shown as JSON; a longer one is shown as text."""
SHOWN = 4 << 20
"""Bytes of a specification's text that are shown."""
IN_MEMORY = 8 << 20
AT_ONCE = 8
LOG, LOGS = 256 * 1024, 16 << 20
"""Bytes of a log that are shown at most, and of all logs of an execution."""
ERROR = 5000
"""Bytes of a failed step's log that its error message holds."""
KEPT = Kept(32 << 20)
"""Specifications as JSON, by the digest of their bundle and the main file's name: a list needs no bundle twice."""


async def workflow_shown(files: Files, workflow: Workflow) -> WorkflowShown:
    """A workflow with its files."""
    spec = await _specification(files, workflow)
    inputs = await _end(files, workflow.inputs, INPUTS_LIMIT) if workflow.inputs else None
    return WorkflowShown(**entry(workflow).model_dump(), spec_file_content=spec, input_file_content=inputs)


async def workflows_shown(files: Files, workflows: Iterable[Workflow]) -> list[WorkflowShown]:
    """Several workflows, some of them at a time."""
    some = asyncio.Semaphore(AT_ONCE)

    async def one(workflow: Workflow) -> WorkflowShown:
        async with some:
            return await workflow_shown(files, workflow)

    return list(await asyncio.gather(*(one(workflow) for workflow in workflows)))


async def errors_of(files: Files, found: Sequence[Execution]) -> dict[int, dict[str, str]]:
    """The error messages of failed steps, by execution and place: the end of the log, else the reason."""
    failed = [(execution.number, step) for execution in found for step in execution.failed]
    texts = await _logs(files, [step for _, step in failed], ERROR)
    told: dict[int, dict[str, str]] = {}
    for (number, step), text in zip(failed, texts, strict=True):
        told.setdefault(number, {})[step.place] = text or step.reason or ""
    return told


async def logs_of(files: Files, found: Execution) -> dict[str, str]:
    """The logs of an execution's steps by their places; all of them together are not longer than the limit."""
    steps = [one.step for one in found.steps]
    texts = await _logs(files, steps, min(LOG, LOGS // max(len(steps), 1)))
    return {step.place: text for step, text in zip(steps, texts, strict=True)}


async def _logs(files: Files, steps: Sequence[Step], limit: int) -> list[str]:
    """The ends of steps' logs; empty where there is none."""
    some = asyncio.Semaphore(AT_ONCE)

    async def one(step: Step) -> str:
        async with some:
            return (await _end(files, step.log, limit) or "") if step.log else ""

    return list(await asyncio.gather(*(one(step) for step in steps)))


async def _specification(files: Files, workflow: Workflow) -> Any:
    """A specification as it is shown; nothing, if the store has lost it."""
    key = (workflow.spec.sha256, workflow.main)
    if (shown := KEPT.get(key)) is None:
        text = await _main(files, workflow)
        if text is None:
            return None
        shown = await asyncio.to_thread(as_json, text)
        KEPT.put(key, shown)
    return await asyncio.to_thread(json.loads, shown)


def as_json(text: bytes) -> bytes:
    """A specification as JSON; as a text in it if it is too long for that, or neither JSON nor YAML."""
    # The registry has read it with suspicion before it was there, so what its aliases stand for is bounded.
    for read in (json.loads, YAML(typ="safe", pure=True).load) if len(text) <= READABLE else ():
        try:
            return json.dumps(jsonable_encoder(read(text)), allow_nan=False, ensure_ascii=False).encode()
        except (YAMLError, ValueError, TypeError, RecursionError):
            continue
    return json.dumps(text.decode("utf-8", "replace")).encode()


async def _main(files: Files, workflow: Workflow) -> bytes | None:
    """The main file of a bundle; nothing, if the store has lost it."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as bundle:
        try:
            async for block in files.get(workflow.spec.key):
                await asyncio.to_thread(bundle.write, block)
            return await asyncio.to_thread(_entry, bundle, workflow.main)
        except (FileNotFoundError, KeyError, zipfile.BadZipFile):
            return None


def _entry(bundle: IO[bytes], name: str) -> bytes:
    with zipfile.ZipFile(bundle) as opened, opened.open(name) as source:
        return source.read(SHOWN)


async def _end(files: Files, content: FileRef, limit: int) -> str | None:
    """The end of a text, cut between characters; nothing, if the store has lost it."""
    start = max(content.size - limit, 0)
    try:
        blocks = [block async for block in files.get(content.key, start=start, end=content.size)]
    except FileNotFoundError:
        return None
    text = b"".join(blocks)
    if start:
        text = text.lstrip(bytes(range(0x80, 0xC0)))  # the rest of a character that was cut
    return text.decode("utf-8", "replace")
