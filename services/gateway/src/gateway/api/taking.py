"""Registered datasets as files of a run: those that the platform has, or what lies where a dataset says that it is."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chassis.outside import Outside
from chassis.refusal import Refusal, Trouble, refuse
from contracts.executor import Origin, OutsideFile, Source, StagedFile
from contracts.message import Caller
from contracts.outcomes import DatasetFile, DatasetSource
from contracts.problem import PREFIX, FieldError
from gateway.access.roles import ENTRY_READER
from gateway.api.shapes import FileChoice

if TYPE_CHECKING:
    from gateway.unit import GatewayHouse

WEB = ("http://", "https://")


async def taken(house: "GatewayHouse", caller: Caller, choices: Mapping[str, FileChoice]) -> list[StagedFile | OutsideFile]:
    """The files of a run that are registered datasets; the first that cannot be had is refused with its field."""
    wanted = [(name, choice, choice.dataset) for name, choice in choices.items() if choice.dataset is not None]
    if wanted and ENTRY_READER not in caller.roles:
        name = wanted[0][0]
        raise refuse("gateway:forbidden", f"taking a dataset needs the role {ENTRY_READER}", _error(name, "needs that role"))
    return list(await asyncio.gather(*(_taken(house, caller, name, handle, choice.file) for name, choice, handle in wanted)))


async def _taken(house: "GatewayHouse", caller: Caller, name: str, handle: str, file: str | None) -> StagedFile | OutsideFile:
    origin = Origin(id=handle)
    try:
        found = await house.parts.backends.registry.json(caller.by_username(), "/datasets/source", {"handle": handle})
        source = DatasetSource.model_validate(found)
        if source.files:
            return StagedFile(name=name, content=_one(source, name, file).content, origin=origin)
        return OutsideFile(name=name, source=await _elsewhere(house, source, name, file), origin=origin)
    except Refusal as no:
        problem = no.problem
        if problem.status >= 500 or any(error.field == _field(name) for error in problem.errors or ()):
            raise
        raise refuse(problem.type.removeprefix(PREFIX), problem.detail, _error(name, problem.detail)) from None


def _one(source: DatasetSource, name: str, wanted: str | None) -> DatasetFile:
    """The file with a path, or the only one with a name, or the only one that there is."""
    there = ", ".join(file.path for file in source.files[:20])
    for by in ("path", "role") if wanted else ():
        found = [file for file in source.files if getattr(file, by) == wanted]
        if len(found) == 1:
            return found[0]
    if wanted is None and len(source.files) == 1:
        return source.files[0]
    what = f"{wanted!r} is not one file" if wanted else "several files"
    raise refuse("registry:no-data", f"{source.handle}: {what}", _error(name, f"name one in `file`: there is {there}"))


async def _elsewhere(house: "GatewayHouse", source: DatasetSource, name: str, wanted: str | None) -> Source:
    """Where a dataset says that it is, if it may be fetched from there."""
    if source.uri is None or not source.uri.lower().startswith(WEB):
        where = f"is kept at {source.uri}, which cannot be fetched" if source.uri else "has no files here and none elsewhere"
        raise refuse("registry:no-data", f"{source.handle} {where}", _error(name, where))
    if wanted is not None:
        told = "is what lies at its address, so there is no `file` to name"
        raise refuse("registry:no-data", f"{source.handle} {told}", _error(name, told))
    try:
        await Outside(house.settings).check(source.uri)
    except Trouble as away:
        detail = f"{away}; try again in a moment"
        raise refuse("gateway:unavailable", detail, _error(name, detail)) from None
    return Source(url=source.uri, title=source.name)


def _field(name: str) -> str:
    return f"files.{name}"


def _error(name: str, detail: str) -> FieldError:
    return FieldError(detail=detail, field=_field(name))
