"""`/auth/link`: which registered person an account is."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from contracts.access import AssignLink, ClearLink
from gateway.facades.provena.asking import asked, person_of, told
from gateway.facades.provena.doors import AsAnybody, AsSystemReader, AsSystemWriter, Here, done
from gateway.facades.provena.errors import Soft
from gateway.facades.provena.printing import Body, badly, well
from gateway.facades.provena.shapes import AdminLink, PersonId

Username = Annotated[str, Query(min_length=1, max_length=200)]
REFUSALS = ("registry:no-such-person", "registry:already-linked", "registry:not-owner", "registry:no-such-entry")


def add(router: APIRouter) -> None:
    """Give the auth API its routes about links."""
    for method, path, route, summary in (
        ("GET", "/link/user/lookup", lookup, "Show whose an account is"),
        ("POST", "/link/user/assign", assign, "Link your account to a person"),
        ("POST", "/link/user/validate", validate, "Say whether your account could be linked to a person"),
        ("GET", "/link/admin/lookup", lookup_admin, "Show whose an account is"),
        ("GET", "/link/admin/reverse_lookup", reverse, "List the accounts of a person"),
        ("POST", "/link/admin/assign", assign_admin, "Link somebody's account to a person"),
        ("DELETE", "/link/admin/clear", clear, "Remove a link"),
    ):
        router.add_api_route(path, route, methods=[method], summary=summary)


async def lookup(caller: AsAnybody, house: Here, username: Annotated[str | None, Query(max_length=200)] = None) -> Body:
    """The person that an account is linked to; your own, unless another is named."""
    found = await person_of(house, caller, username)
    return {"person_id": found, "success": found is not None}


async def lookup_admin(caller: AsSystemReader, house: Here, username: Username) -> Body:
    """The person that an account is linked to."""
    return await lookup(caller, house, username)


async def reverse(caller: AsSystemReader, house: Here, person_id: Username) -> Body:
    """The accounts that are linked to a person."""
    found: Body = await asked(house, caller, "/links/usernames", person=person_id)
    return found


async def assign(wanted: PersonId, caller: AsAnybody, house: Here) -> dict[str, Any]:
    """Link your account to a person whose item you own."""
    await done(house, caller, AssignLink(person=wanted.person_id))
    return {}


async def validate(wanted: PersonId, caller: AsAnybody, house: Here) -> Body:
    """Whether your account could be linked to a person."""
    with Soft(REFUSALS) as no:
        await told(house, caller, "/links/validate", {"person": wanted.person_id})
        return well("The link can be made.")
    return badly(no.detail)


async def assign_admin(wanted: AdminLink, caller: AsSystemWriter, house: Here) -> dict[str, Any]:
    """Link somebody's account to a person."""
    settings = wanted.model_dump(include={"username", "validate_item", "force"})
    await done(house, caller, AssignLink(person=wanted.person_id, **settings))
    return {}


async def clear(caller: AsSystemWriter, house: Here, username: Username) -> dict[str, Any]:
    """Remove a link; fine if there is none."""
    await done(house, caller, ClearLink(username=username))
    return {}
