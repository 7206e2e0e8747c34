"""Groups, links and requests for roles over internal HTTP. Who may ask is checked at the gateway's door."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from chassis.web import AsCaller, Work
from contracts.access import AccessRequest
from contracts.groups import Group, GroupWithMembers
from registry.access import links
from registry.access.groups import nobody
from registry.access.handlers import own, person
from registry.entries import checks, queries
from registry.unit import RegistryUnit

router = APIRouter(tags=["access"])
Text = Annotated[str, Query(min_length=1)]


class GroupList(BaseModel):
    """Groups without their members."""

    items: list[Group]


class GroupExport(BaseModel):
    """Groups with their members."""

    items: list[GroupWithMembers]


class RequestList(BaseModel):
    """Requests for roles, newest first."""

    items: list[AccessRequest]


class Link(BaseModel):
    """Whose an account is, if it is anybody's."""

    person: str | None


class Usernames(BaseModel):
    """The accounts of a person."""

    usernames: list[str]


class Wish(BaseModel):
    """A link that somebody wants: one's own, or (for administrators) another's."""

    person: str
    username: str | None = None


@router.get("/groups")
async def groups(_caller: AsCaller, unit: Annotated[RegistryUnit, Work], username: str | None = None) -> GroupList:
    """All groups, or those that somebody is in."""
    checks.texts(username=username)
    return GroupList(items=await unit.groups.listed(username))


@router.get("/groups/one")
async def group(_caller: AsCaller, unit: Annotated[RegistryUnit, Work], id: Text) -> GroupWithMembers:  # noqa: A002 - the wire's name
    """One group with its members."""
    checks.texts(id=id)
    found = await unit.groups.find(id)
    if found is None:
        raise nobody(id)
    return found


@router.get("/groups/export")
async def export(_caller: AsCaller, unit: Annotated[RegistryUnit, Work]) -> GroupExport:
    """Every group with its members."""
    return GroupExport(items=await unit.groups.every())


@router.get("/links")
async def link(caller: AsCaller, unit: Annotated[RegistryUnit, Work], username: str | None = None) -> Link:
    """The person that an account is linked to, one's own unless another is named."""
    checks.texts(username=username)
    return Link(person=await links.person_of(unit.session, username or caller.name))


@router.get("/links/usernames")
async def usernames(_caller: AsCaller, unit: Annotated[RegistryUnit, Work], person: Text) -> Usernames:
    """The accounts that are linked to a person."""
    checks.texts(person=person)
    return Usernames(usernames=await links.usernames_of(unit.session, person))


@router.post("/links/validate", status_code=204)
async def validate(wish: Wish, caller: AsCaller, unit: Annotated[RegistryUnit, Work]) -> None:
    """Refuse a link that could not be made."""
    checks.texts(person=wish.person, username=wish.username)
    if wish.username is None:
        who = await queries.reader(unit.session, caller)
        await own(wish.person, await links.person_of(unit.session, caller.name), caller, who, unit)
    else:
        await person(wish.person, unit)


@router.get("/access-requests")
async def requests(
    _caller: AsCaller, unit: Annotated[RegistryUnit, Work], username: str | None = None, *, pending: bool = False
) -> RequestList:
    """Requests for roles: everybody's, or somebody's; all, or those that wait for an answer."""
    checks.texts(username=username)
    return RequestList(items=await unit.requests.listed(username, pending=pending))
