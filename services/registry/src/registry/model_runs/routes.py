"""Model runs over internal HTTP: looked at before they are ordered, and how far they are."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from chassis.web import AsCaller, Work
from contracts.kinds import READING
from contracts.message import Caller
from contracts.model_runs import ModelRunAsked
from registry.entries import checks as entries
from registry.entries import queries
from registry.model_runs import checks
from registry.unit import RegistryUnit

router = APIRouter(prefix="/model-runs", tags=["model runs"])
AsUnit = Annotated[RegistryUnit, Work]
Handle = Annotated[str, Query(min_length=1)]
MANY = 10_000


class RunState(BaseModel):
    """A model run's last statement, and the last that is in the graph."""

    handle: str
    revision: int
    lodged: int
    withdrawn: bool


class Said(BaseModel):
    """What a model run said at a revision: a place of its history, or nothing."""

    revision: int
    history_id: int | None


class Revisions(BaseModel):
    """The revisions of a model run, newest first."""

    items: list[Said]


@router.post("/check", status_code=204)
async def check(asked: ModelRunAsked, caller: AsCaller, unit: AsUnit) -> None:
    """Refuse what could not be registered, said by that run, or named as its study."""
    who = await queries.reader(unit.session, caller)
    if asked.handle is not None:
        entries.texts(handle=asked.handle)
        item = entries.there((await queries.items(unit.session, [asked.handle])).get(asked.handle), asked.handle)
        checks.of_run(item)
        entries.complete(item)
        entries.may(item, who, READING)
    if asked.study is not None:
        await checks.study(unit.session, asked.study, who)
    if asked.record is not None:
        await checks.checked(unit.session, asked.record, who)


@router.get("/state")
async def state(handle: Handle, caller: AsCaller, unit: AsUnit) -> RunState:
    """How far a model run is on its way into the graph, to whoever may read it."""
    await _readable(handle, caller, unit)
    said = await unit.model_runs.look(handle)
    return RunState(handle=handle, revision=said.revision, lodged=said.lodged, withdrawn=said.withdrawn)


@router.get("/revisions")
async def revisions(
    handle: Handle, caller: AsCaller, unit: AsUnit, limit: Annotated[int, Query(ge=1, le=MANY)] = MANY
) -> Revisions:
    """What a model run said at its revisions, to whoever may read it."""
    await _readable(handle, caller, unit)
    places = await unit.model_runs.places(handle, limit)
    return Revisions(items=[Said(revision=revision, history_id=place) for revision, place in places])


async def _readable(handle: str, caller: Caller, unit: RegistryUnit) -> None:
    entries.texts(handle=handle)
    item = entries.there((await queries.items(unit.session, [handle])).get(handle), handle)
    checks.of_run(item)
    entries.may(item, await queries.reader(unit.session, caller), READING)
