"""Model runs over internal HTTP: looked at before they are ordered, and how far they are."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from chassis.web import AsCaller, Work
from contracts.model_runs import ModelRunAsked
from registry.entries import checks as entries
from registry.entries import queries
from registry.entries.model import READING
from registry.model_runs import checks
from registry.unit import RegistryUnit

router = APIRouter(prefix="/model-runs", tags=["model runs"])
AsUnit = Annotated[RegistryUnit, Work]


class RunState(BaseModel):
    """A model run's last statement, and the last that is in the graph."""

    handle: str
    revision: int
    lodged: int
    withdrawn: bool


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
async def state(handle: Annotated[str, Query(min_length=1)], caller: AsCaller, unit: AsUnit) -> RunState:
    """How far a model run is on its way into the graph, to whoever may read it."""
    entries.texts(handle=handle)
    item = entries.there((await queries.items(unit.session, [handle])).get(handle), handle)
    checks.of_run(item)
    entries.may(item, await queries.reader(unit.session, caller), READING)
    said = await unit.model_runs.look(handle)
    return RunState(handle=handle, revision=said.revision, lodged=said.lodged, withdrawn=said.withdrawn)
