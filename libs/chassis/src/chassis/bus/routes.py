"""What operators ask of a service's bus; internal, and for administrators alone."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from chassis.bus import parked
from chassis.callers import caller_of
from chassis.house import House
from chassis.refusal import refuse

ADMIN = "reprovena_admin"


def _house(request: Request) -> Any:
    caller = caller_of(request)
    if ADMIN not in caller.roles:
        raise refuse("gateway:forbidden", f"this needs the role {ADMIN}")
    return request.app.state.house


ForAdmin = Annotated[House[Any], Depends(_house)]
router = APIRouter(prefix="/bus", include_in_schema=False)


class Parked(BaseModel):
    """A message set aside."""

    id: str
    """`<service>/<number>`."""
    queue: str
    subject: str
    message: UUID
    reason: str
    error: str
    created: datetime
    at: datetime


class Ids(BaseModel):
    """Which of a service's messages."""

    ids: list[int] = Field(max_length=1000)


class Count(BaseModel):
    """How many it were."""

    count: int


async def parked_here(house: House[Any], queue: str | None = None, limit: int = 100) -> list[Parked]:
    """What a service has set aside."""
    service = house.service.name
    async with house.sessions() as session:
        found = await parked.listed(session, service, queue, limit)
    return [Parked(**{**{name: getattr(p, name) for name in p.__slots__}, "id": f"{service}/{p.id}"}) for p in found]


async def replay_here(house: House[Any], ids: list[int]) -> int:
    """Put a service's messages back on their queues."""
    async with house.sessions.begin() as session:
        return await parked.replay(session, ids, house.service.name)


async def drop_here(house: House[Any], ids: list[int]) -> int:
    """Forget a service's messages."""
    async with house.sessions.begin() as session:
        return await parked.drop(session, ids, house.service.name)


@router.get("/parked")
async def list_parked(
    house: ForAdmin, queue: str | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[Parked]:
    """What is set aside, oldest first."""
    return await parked_here(house, queue, limit)


@router.post("/replay")
async def replay(house: ForAdmin, which: Ids) -> Count:
    """Put messages back on their queues, their faults forgiven."""
    return Count(count=await replay_here(house, which.ids))


@router.post("/drop")
async def drop(house: ForAdmin, which: Ids) -> Count:
    """Forget messages for good."""
    return Count(count=await drop_here(house, which.ids))
