"""`/auth/access-control`: which roles somebody has, requests for others, and what administrators make of them."""

from typing import Annotated

from fastapi import APIRouter, Query

from contracts.access import AccessReport, AccessRequest, ChangeRequest, DeleteRequest, NoteRequest, RequestAccess
from contracts.message import Caller
from gateway.facades.provena.asking import asked
from gateway.facades.provena.doors import LEVELS, AsAnybody, AsSystemAdmin, AsSystemReader, AsSystemWriter, Here, done
from gateway.facades.provena.errors import Soft
from gateway.facades.provena.printing import Body, badly, both, request_row, status, well
from gateway.facades.provena.shapes import RequestChange, RequestName, RequestNote
from gateway.unit import GatewayHouse

Username = Annotated[str, Query(min_length=1, max_length=200)]
COMPONENTS = {
    "entity-registry": ("registry", "what is registered, and its provenance"),
    "sys-admin": ("auth", "groups, links and requests for roles"),
    "handle-service": ("handle", "handles"),
    "job-service": ("jobs", "everybody's jobs"),
}
"""The components that Provena's report has, the API that each stands for, and what it is about."""
LEVEL = (("READ", "see"), ("WRITE", "change"), ("ADMIN", "administer"))
UNMAILED = "No mail is sent from here."


def add(router: APIRouter) -> None:
    """Give the auth API its routes about roles."""
    user, admin = "/access-control/user", "/access-control/admin"
    for method, path, route, summary in (
        ("POST", f"{user}/request-change", request_change, "Ask for roles"),
        ("GET", f"{user}/request-history", own_requests, "List your requests"),
        ("GET", f"{user}/pending-request-history", own_pending, "List those of your requests that wait"),
        ("GET", f"{user}/generate-access-report", report, "Show your roles"),
        ("GET", f"{admin}/all-pending-request-history", all_pending, "List the requests that wait"),
        ("GET", f"{admin}/all-request-history", all_requests, "List requests"),
        ("GET", f"{admin}/user-pending-request-history", pending_of, "List somebody's requests that wait"),
        ("GET", f"{admin}/user-request-history", requests_of, "List somebody's requests"),
        ("POST", f"{admin}/add-note", note, "Add a note to a request"),
        ("POST", f"{admin}/change-request-state", change, "Put a request into another state"),
        ("POST", f"{admin}/delete-request", delete, "Remove a request"),
    ):
        router.add_api_route(path, route, methods=[method], summary=summary)


async def request_change(wanted: AccessReport, caller: AsAnybody, house: Here, send_email: bool = True) -> Body:
    """Ask for the roles of a report that you have not."""
    with Soft(["registry:nothing-asked", "registry:already-asked"]) as no:
        await done(house, caller, RequestAccess(report=wanted))
        return well(f"The request was kept. {UNMAILED}" if send_email else "The request was kept.")
    return badly(no.detail)


async def own_requests(caller: AsAnybody, house: Here) -> Body:
    """Your requests."""
    return await _requests(house, caller, caller.name)


async def own_pending(caller: AsAnybody, house: Here) -> Body:
    """Those of your requests that wait for an answer."""
    return await _requests(house, caller, caller.name, pending=True)


async def all_requests(caller: AsSystemReader, house: Here) -> Body:
    """Everybody's requests."""
    return await _requests(house, caller)


async def all_pending(caller: AsSystemReader, house: Here) -> Body:
    """Everybody's requests that wait for an answer."""
    return await _requests(house, caller, pending=True)


async def requests_of(caller: AsSystemReader, house: Here, username: Username) -> Body:
    """Somebody's requests."""
    return await _requests(house, caller, username)


async def pending_of(caller: AsSystemReader, house: Here, username: Username) -> Body:
    """Somebody's requests that wait for an answer."""
    return await _requests(house, caller, username, pending=True)


async def report(caller: AsAnybody) -> Body:
    """The roles that there are, and which of them you have."""
    components = [
        {
            "component_name": name,
            "component_roles": [
                {
                    "role_name": role,
                    "role_display_name": f"{name.replace('-', ' ').title()} {level.title()}",
                    "role_level": level,
                    "description": f"{verb.capitalize()} {what}.",
                    "intended_users": ["ADMINISTRATOR"]
                    if level == "ADMIN" or name == "sys-admin"
                    else ["GENERAL", "ADMINISTRATOR"],
                    "access_granted": role in caller.roles,
                }
                for role, (level, verb) in zip(LEVELS[api], LEVEL, strict=True)
            ],
        }
        for name, (api, what) in COMPONENTS.items()
    ]
    return well("These are your roles.", report={"components": components})


async def note(told: RequestNote, caller: AsSystemWriter, house: Here) -> Body:
    """Add a note to a request."""
    await done(house, caller, NoteRequest(username=told.username, request_id=told.request_id, note=told.note))
    return both("The note was added.")


async def change(told: RequestChange, caller: AsSystemWriter, house: Here, send_email_alert: bool = True) -> Body:
    """Put a request into another state; roles are granted where accounts are kept."""
    command = ChangeRequest(
        username=told.username, request_id=told.request_id, state=told.desired_state, note=told.additional_note
    )
    await done(house, caller, command)
    mail = status(UNMAILED, success=not send_email_alert)
    return {"state_change": status(f"The request is {told.desired_state.value}."), "email_alert": mail}


async def delete(told: RequestName, caller: AsSystemAdmin, house: Here) -> Body:
    """Remove a request."""
    await done(house, caller, DeleteRequest(username=told.username, request_id=told.request_id))
    return both("The request was removed.")


async def _requests(house: GatewayHouse, caller: Caller, username: str | None = None, *, pending: bool = False) -> Body:
    found = await asked(house, caller, "/access-requests", username=username, pending=pending)
    return {"items": [request_row(AccessRequest.model_validate(one)) for one in found["items"]]}
