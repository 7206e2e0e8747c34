"""What a message cannot hold: very many files travel beside it, as one JSON file in the store."""

from typing import TypeVar

from chassis.files import Files, collect, once
from contracts.executor import FileSeen, Run, Step
from contracts.message import LIMIT, FileRef, Part

ROOM = LIMIT // 2
"""Bytes of a run or step that a fact may hold itself; the rest of the message has room beside them."""

RunOrStep = TypeVar("RunOrStep", Run, Step)


class Many(Part):
    """The files that a message cannot hold, by the name of the field that they belong to."""

    used: tuple[FileSeen, ...] = ()
    generated: tuple[FileSeen, ...] = ()
    inputs: tuple[FileSeen, ...] = ()
    outputs: tuple[FileSeen, ...] = ()


async def fitting(files: Files, thing: RunOrStep) -> RunOrStep:
    """The run or step as a message can hold it: its lists of files move out if they are too long."""
    if len(thing.model_dump_json()) <= ROOM:
        return thing
    lists = {field: getattr(thing, field) for field in Many.model_fields if hasattr(thing, field)}
    return thing.model_copy(update=dict.fromkeys(lists, ()) | {"more": await _put(files, Many(**lists))})


async def whole(files: Files, thing: RunOrStep) -> RunOrStep:
    """The run or step with all its files."""
    if thing.more is None:
        return thing
    many = Many.model_validate_json(await collect(files.get(thing.more.key), thing.more.size))
    lists = {field: getattr(thing, field) + getattr(many, field) for field in Many.model_fields if hasattr(thing, field)}
    return thing.model_copy(update={**lists, "more": None})


async def _put(files: Files, many: Many) -> FileRef:
    return await files.put(once(many.model_dump_json().encode()), media_type="application/json")
