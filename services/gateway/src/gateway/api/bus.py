"""The bus for operators: what was set aside in all services, and who hears what."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field, TypeAdapter

from chassis.bus.routes import ADMIN, Count, Parked, drop_here, parked_here, replay_here
from chassis.refusal import Refusal, refuse
from contracts.message import Caller
from contracts.problem import FieldError
from contracts.topology import QUEUES
from gateway.api.doors import AsUser, Here, problems
from gateway.backends import Backend
from gateway.unit import GatewayHouse

router = APIRouter(prefix="/v1/admin/bus", tags=["operators"])
FOUND = TypeAdapter(list[Parked])


def _admin(caller: AsUser) -> Caller:
    if ADMIN not in caller.roles:
        raise refuse("gateway:forbidden", f"this needs the role {ADMIN}")
    return caller


AsAdmin = Annotated[Caller, Depends(_admin)]


class Aside(BaseModel):
    """Messages set aside."""

    items: list[Parked]
    away: list[str] = []
    """Services that could not be asked."""


class Which(BaseModel):
    """Messages by their ids."""

    ids: list[Annotated[str, Field(pattern=r"^[a-z]+/[0-9]{1,18}$")]] = Field(min_length=1, max_length=1000)


class Queue(BaseModel):
    """A queue: heard by a service of ours, left behind or a stranger's, or not there although somebody should hear it."""

    queue: str
    subject: str
    state: Literal["heard", "unowned", "missing"]
    waiting: int | None = None
    """Messages in it, where that is known."""


class Topology(BaseModel):
    """Who hears what."""

    items: list[Queue]


def _services(house: GatewayHouse) -> dict[str, Backend | None]:
    """Every service with its client; the gateway asks itself without one."""
    backends = house.parts.backends
    found = {backend.name: backend for backend in (backends.registry, backends.executor, backends.provenance)}
    return {**found, house.service.name: None}


@router.get("/parked", summary="List parked messages", responses=problems(403))
async def parked(
    caller: AsAdmin,
    house: Here,
    service: Annotated[str | None, Query(description="Of one service")] = None,
    queue: Annotated[str | None, Query(description="Of one queue")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Of each service, at most")] = 100,
) -> Aside:
    """Messages that failed too often, could not be read or were forged, oldest first."""

    async def ask(name: str, backend: Backend | None) -> list[Parked] | str:
        if backend is None:
            return await parked_here(house, queue, limit)
        try:
            return FOUND.validate_python(await backend.json(caller, "/bus/parked", {"queue": queue, "limit": limit}))
        except Refusal as error:
            if error.problem.status != 503:
                raise
            return name

    wanted = {name: backend for name, backend in _services(house).items() if service in {None, name}}
    answers = await asyncio.gather(*(ask(name, backend) for name, backend in wanted.items()))
    items = [item for answer in answers if not isinstance(answer, str) for item in answer]
    return Aside(items=sorted(items, key=lambda item: item.at), away=[a for a in answers if isinstance(a, str)])


async def _each(
    house: GatewayHouse, caller: Caller, which: Which, path: str, here: Callable[[GatewayHouse, list[int]], Awaitable[int]]
) -> Count:
    """Tell every service its part."""
    ids: defaultdict[str, list[int]] = defaultdict(list)
    for one in which.ids:
        service, _, number = one.partition("/")
        ids[service].append(int(number))
    services = _services(house)
    if strange := sorted(set(ids) - set(services)):
        error = FieldError(detail=f"no service {', '.join(strange)}", field="ids")
        raise refuse("gateway:invalid", "an id begins with the name of a service", error)
    count = 0
    for name, numbers in ids.items():
        backend = services[name]
        if backend is None:
            count += await here(house, numbers)
        else:
            answer: Any = (await backend.call(caller, "POST", path, json={"ids": numbers})).json()
            count += Count.model_validate(answer).count
    return Count(count=count)


@router.post("/replay", summary="Replay parked messages", responses=problems(400, 403))
async def replay(which: Which, caller: AsAdmin, house: Here) -> Count:
    """Put messages back on their queues, their faults forgiven. One that is handled then heals its job."""
    return await _each(house, caller, which, "/bus/replay", replay_here)


@router.post("/drop", summary="Drop parked messages", responses=problems(400, 403))
async def drop(which: Which, caller: AsAdmin, house: Here) -> Count:
    """Forget messages for good."""
    return await _each(house, caller, which, "/bus/drop", drop_here)


@router.get("/topology", summary="Who hears what", responses=problems(403, 501))
async def topology(_caller: AsAdmin, house: Here) -> Topology:
    """Every queue that is there or should be. One that nobody of ours hears fills up until somebody removes it."""
    there = {(bound.queue, bound.subject): bound.waiting for bound in await house.carriers[0].topology()}
    items = [
        Queue(queue=queue, subject=subject, state="heard" if QUEUES.get(queue) == subject else "unowned", waiting=waiting)
        for (queue, subject), waiting in there.items()
    ]
    items += [
        Queue(queue=queue, subject=subject, state="missing")
        for queue, subject in QUEUES.items()
        if (queue, subject) not in there
    ]
    return Topology(items=sorted(items, key=lambda item: (item.queue, item.subject)))
