"""Who may use Provena's routes, by the realm's roles; and how an order is given and its outcome waited for."""

import re
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ValidationError

from chassis.refusal import Refusal, refuse
from contracts.message import Caller, Command
from contracts.vocabulary import JobStatus
from gateway.api.conditions import IfMatch
from gateway.api.doors import AsUser, Here
from gateway.facades.provena.errors import DetailError, ProvenaRoute, wrong
from gateway.jobs.model import Job, View
from gateway.jobs.sending import Chained, send
from gateway.jobs.waiting import reached
from gateway.unit import GatewayHouse

__all__ = ["Here"]
REVISION_TAG = re.compile(r'"([0-9]{1,9})"')
PATIENCE = 25.0
"""Seconds that an answer may take: clients of Provena wait 30."""
LEVELS = {
    "registry": ("entity-registry-read", "entity-registry-write", "entity-registry-admin"),
    "prov": ("entity-registry-read", "entity-registry-write", "entity-registry-admin"),
    "datastore": ("entity-registry-read", "entity-registry-write", "entity-registry-admin"),
    "search": ("entity-registry-read", "entity-registry-write", "entity-registry-admin"),
    "jobs": ("job-service-read", "job-service-write", "job-service-admin"),
    "handle": ("handle-read", "handle-write", "handle-admin"),
    "auth": ("sys-admin-read", "sys-admin-write", "sys-admin-admin"),
}
"""Roles to read, to write, and to administer, by API."""


def router(api: str) -> APIRouter:
    """The routes of one API, below its path."""
    return APIRouter(prefix=f"/{api}", tags=[f"provena: {api}"], route_class=ProvenaRoute)


def role(*roles: str) -> Callable[[Caller], Caller]:
    """A door that takes those who have all of these roles."""

    def _checked(caller: AsUser) -> Caller:
        if missing := [one for one in roles if one not in caller.roles]:
            detail = f"You are not authorised to do this: the token lacks the role {' and the role '.join(missing)}."
            raise refuse("gateway:forbidden", detail)
        return caller.by_username()

    return _checked


READ, WRITE, ADMIN = LEVELS["registry"]
AsAnybody = Annotated[Caller, Depends(role())]
AsReader = Annotated[Caller, Depends(role(READ))]
AsWriter = Annotated[Caller, Depends(role(READ, WRITE))]
AsAdmin = Annotated[Caller, Depends(role(READ, WRITE, ADMIN))]
AsJobReader = Annotated[Caller, Depends(role("job-service-read"))]
AsJobWriter = Annotated[Caller, Depends(role("job-service-read", "job-service-write"))]
AsSystemReader = Annotated[Caller, Depends(role("sys-admin-read"))]
AsSystemWriter = Annotated[Caller, Depends(role("sys-admin-write"))]
AsSystemAdmin = Annotated[Caller, Depends(role("sys-admin-admin"))]


def seen(if_match: IfMatch = None) -> int | None:
    """The revision that an item must still have, if the request names one by its ETag."""
    if if_match is None or if_match.strip() == "*":
        return None
    if found := REVISION_TAG.fullmatch(if_match.strip()):
        return int(found[1])
    raise DetailError(412, "If-Match names no state that the item can have; give the ETag with which it was fetched.")


Seen = Annotated[int | None, Depends(seen)]


def with_email(caller: Caller) -> Caller:
    """The caller, if the token tells an e-mail address: whoever makes things must have one."""
    if not caller.email:
        raise DetailError(400, "The token has no e-mail address, and who registers things needs one.")
    return caller


def parsed(model: type[BaseModel], told: Any) -> dict[str, Any]:
    """What was sent, in the shape of a model; nothing is left out."""
    try:
        return model.model_validate(told).model_dump(mode="json")
    except ValidationError as error:
        first = error.errors()
        raise wrong(first[0]["msg"], "body", *first[0]["loc"], kind=first[0]["type"]) from None


async def begun(
    house: GatewayHouse, caller: Caller, command: Command, view: View | None = None, chained: Chained | None = None
) -> Job:
    """Give an order, and do not wait."""
    ours = command.model_copy(update={"tenant": caller.tenants[0]})
    async with house.work() as unit:
        return await send(unit, ours, caller, view=view, chained=chained)


async def done(
    house: GatewayHouse,
    caller: Caller,
    command: Command,
    view: View | None = None,
    chained: Chained | None = None,
    status: JobStatus = JobStatus.SUCCEEDED,
) -> Job:
    """Give an order and wait for its outcome; a refusal is raised, and so is that it takes too long."""
    job = await begun(house, caller, command, view, chained)
    return await outcome(house, job.id, status)


async def outcome(house: GatewayHouse, job: UUID, status: JobStatus = JobStatus.SUCCEEDED) -> Job:
    """A job once it has come so far."""
    found = await reached(house, job, status, PATIENCE)
    if found.problem is not None:
        raise Refusal(found.problem)
    if not found.settled and found.status is not status:
        raise refuse("gateway:unavailable", "it is being worked on and not done yet; look again in a moment")
    return found
