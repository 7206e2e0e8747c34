"""What commands make of links and of requests for roles."""

import time
from typing import Any

from pydantic_core import to_json

from chassis.refusal import refuse
from contracts.access import (
    AccessRequest,
    AccessRequested,
    AssignLink,
    ChangeRequest,
    ClearLink,
    DeleteRequest,
    LinkAssigned,
    NoteRequest,
    OfRequest,
    RequestAccess,
    RequestChanged,
    RequestDeleted,
    RequestNoted,
    RequestState,
)
from contracts.ids import user_id
from contracts.kinds import Kind
from contracts.message import Caller, Command
from contracts.problem import FieldError
from registry.access import links, model
from registry.entries import checks, queries
from registry.entries.asking import caller_of, must_be, tenant_of
from registry.entries.model import Reader
from registry.unit import RegistryUnit

WRITE, ADMIN = "sys-admin-write", "sys-admin-admin"


async def assign_link(command: AssignLink, unit: RegistryUnit) -> None:
    """Say whose an account is: one's own if the person's entry is one's own, another's as an administrator."""
    caller = caller_of(command)
    if command.username is not None:
        must_be(caller, WRITE)
    checks.texts(person=command.person, username=command.username)
    row = await links.hold(unit.session, command.username or caller.name)
    if command.username is None:
        await own(command.person, row.person, caller, await queries.reader(unit.session, caller), unit)
        row.account = user_id(caller.issuer, caller.subject)
    else:
        if command.validate_item:
            await person(command.person, unit)
        if row.person is not None and not command.force:
            raise _taken(row.username, row.person)
        if row.username == caller.name:
            row.account = user_id(caller.issuer, caller.subject)
    row.person, row.revision = command.person, row.revision + 1
    await unit.session.flush()
    fact = LinkAssigned(**_said(command, row.revision), username=row.username, account=row.account, person=command.person)
    await unit.publish(fact)


async def clear_link(command: ClearLink, unit: RegistryUnit) -> None:
    """Let an account be nobody's."""
    must_be(caller_of(command), WRITE)
    checks.texts(username=command.username)
    row = await links.hold(unit.session, command.username)
    fact = links.clear(row)
    await unit.session.flush()
    await unit.publish(fact.model_copy(update=_said(command, row.revision)))


async def own(handle: str, linked: str | None, caller: Caller, who: Reader, unit: RegistryUnit) -> None:
    """Refuse a link to a person whose entry is somebody else's, or a second one."""
    if linked is not None:
        raise _taken(caller.name, linked)
    item = (await queries.items(unit.session, [handle])).get(handle)
    if item is None or item.kind is not Kind.PERSON:
        raise _no_person(handle, "there is no such entry" if item is None else f"it is a {item.kind}")
    if item.access.owner != who.name:
        detail = f"{handle} is not yours: only its owner can be linked to it"
        raise refuse("registry:not-owner", detail, FieldError(detail=detail, field="person_id"))
    if item.seed:
        raise _no_person(handle, "it is a seed, and says nothing yet")


async def person(handle: str, unit: RegistryUnit) -> None:
    """Refuse what is not a person's entry that says something."""
    item = (await queries.items(unit.session, [handle])).get(handle)
    if item is None:
        raise _no_person(handle, "there is no such entry")
    if item.kind is not Kind.PERSON or item.seed:
        raise _no_person(handle, "it is a seed, and says nothing yet" if item.seed else f"it is a {item.kind}")


async def request_access(command: RequestAccess, unit: RegistryUnit) -> None:
    """Keep what somebody asks for, until an administrator decides."""
    caller = caller_of(command)
    told = command.report.model_dump(mode="json")
    checks.texts(report=told)
    wanted = model.difference(command.report, caller.roles)
    if not wanted.components:
        raise refuse("registry:nothing-asked", "the report asks for nothing that the account has not")
    now = int(time.time())
    await unit.requests.turn(caller.name)
    if any(model.waiting(one, now) for one in await unit.requests.listed(caller.name, pending=True)):
        raise refuse("registry:already-asked", "an earlier request waits for its answer; ask again in a few days")
    request = AccessRequest(
        username=caller.name,
        request_id=0,
        email=caller.email or "",
        created=now,
        updated=now,
        expiry=now + model.KEPT,
        state=RequestState.PENDING_APPROVAL,
        difference=to_json(wanted).decode(),
        complete=to_json(told).decode(),
    )
    await unit.publish(AccessRequested(**_said(command), request=await unit.requests.add(request)))


async def change_request(command: ChangeRequest, unit: RegistryUnit) -> None:
    """Put a request into another state; its time begins anew."""
    request = model.changed(await _request(command, unit, WRITE), command.state, int(time.time()))
    if command.note:
        checks.texts(note=command.note)
        request = model.noted(request, command.note, caller_of(command).name, int(time.time()))
    await unit.requests.put(request)
    await unit.publish(RequestChanged(**_said(command), request=request))


async def note_request(command: NoteRequest, unit: RegistryUnit) -> None:
    """Add a note to a request."""
    checks.texts(note=command.note)
    request = model.noted(await _request(command, unit, WRITE), command.note, caller_of(command).name, int(time.time()))
    await unit.requests.put(request)
    await unit.publish(RequestNoted(**_said(command), request=request))


async def delete_request(command: DeleteRequest, unit: RegistryUnit) -> None:
    """Remove a request."""
    request = await _request(command, unit, ADMIN)
    await unit.requests.remove(request.request_id)
    await unit.publish(RequestDeleted(**_said(command), request=request))


async def _request(command: OfRequest, unit: RegistryUnit, role: str) -> AccessRequest:
    must_be(caller_of(command), role)
    checks.texts(username=command.username, request_id=command.request_id)
    request = await unit.requests.hold(command.username, command.request_id)
    if request is None:
        detail = f"{command.username} has no request {command.request_id}"
        raise refuse("registry:no-such-request", detail, FieldError(detail=detail, field="request_id"))
    return request


def _taken(username: str, person: str) -> Exception:
    return refuse("registry:already-linked", f"{username} is linked to {person} already")


def _no_person(handle: str, why: str) -> Exception:
    detail = f"{handle} is no registered person: {why}"
    return refuse("registry:no-such-person", detail, FieldError(detail=detail, field="person_id"))


def _said(command: Command, revision: int = 0) -> dict[str, Any]:
    tenant = tenant_of(command, caller_of(command))
    return {"job": command.job, "tenant": tenant, "caller": command.caller, "revision": revision}
