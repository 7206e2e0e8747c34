"""Files for runs, sent ahead."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from chassis.bundles import fault
from chassis.refusal import refuse
from contracts.ids import user_id, uuid7
from contracts.problem import FieldError
from gateway.access.roles import OWN, own_tenant, tenant_for
from gateway.api.doors import AsUser, Here, Page, problems
from gateway.api.links import to_upload
from gateway.api.lists import LINKED, linked
from gateway.api.once import AsOnce
from gateway.api.shapes import UploadView
from gateway.bodies import announced, media_type, stream
from gateway.unit import GatewayHouse
from gateway.uploads.store import Upload, UploadsAsked

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])
SOME = 100
"""Uploads that are forgotten at a time."""
BODY = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}, "required": True}


@router.post(
    "",
    status_code=201,
    summary="Upload a file",
    responses=problems(400, 403, 409, 413) | {201: {"links": to_upload("$response.body#/id")}},
    response_model=UploadView,
    openapi_extra={"requestBody": BODY},
)
async def upload(
    request: Request,
    caller: AsUser,
    house: Here,
    once: AsOnce,
    name: Annotated[str, Query(max_length=1024, description="What it is called; it may be a relative path")],
    tenant: Annotated[str | None, Query(max_length=300, description="Whose it shall be")] = None,
) -> Response:
    """Send a file's bytes as the body; name the id that comes back when you start a run."""
    if (wrong := fault(name)) is not None:
        raise refuse("executor:bad-file-name", f"the name {wrong}", FieldError(detail=wrong, field="name"))
    # a file on its way to a run needs no tenant named: it is its owner's until a run takes it
    several = tenant is None and sum(not one.startswith(OWN) for one in caller.tenants) > 1
    whose = own_tenant(caller) if several else tenant_for(caller, tenant)
    announced(request, house.settings.upload_limit)
    kind = media_type(request.headers.get("content-type"))
    content = await house.files.put(stream(request), media_type=kind, limit=house.settings.upload_limit)
    made = Upload(
        id=uuid7(),
        tenant=whose,
        owner=user_id(caller.issuer, caller.subject),
        name=name,
        content=content,
        created=datetime.now(UTC),
    )
    kept = False
    try:
        # only now is it known whether it is the same request: its body is a part of it
        before = await once.known(f"upload {whose} {name} {kind} {content.sha256}")
        if isinstance(before, Response):
            return before
        view = UploadView.of(made).model_dump(mode="json")
        answer = JSONResponse(view, 201, {"Location": f"/v1/uploads/{made.id}"})
        async with house.work() as unit:
            await unit.uploads.add(made)
            await once.settle(unit, answer)
        kept = True
    finally:
        if not kept:
            await house.files.delete(content.key)
    return answer


@router.get("", summary="List uploads", responses=problems() | {200: LINKED})
async def uploads(
    request: Request, answer: Response, caller: AsUser, house: Here, asked: Annotated[UploadsAsked, Query()]
) -> Page[UploadView]:
    """Uploaded files of your tenants."""
    async with house.work() as unit:
        found, following = await unit.uploads.page(caller.tenants, asked)
    linked(request, answer, following)
    return Page[UploadView](items=[UploadView.of(one) for one in found], next=following)


@router.get("/{upload}", summary="Show an upload", responses=problems(404))
async def shown(upload: UUID, caller: AsUser, house: Here) -> UploadView:
    """What is known of an uploaded file."""
    async with house.work() as unit:
        found = (await unit.uploads.find([upload], caller.tenants)).get(upload)
    if found is None:
        raise refuse("gateway:not-found", f"no upload {upload}")
    return UploadView.of(found)


@router.delete("/{upload}", status_code=204, summary="Remove an upload", responses=problems(404, 409))
async def remove(upload: UUID, caller: AsUser, house: Here) -> None:
    """Remove an uploaded file that no run took; one that a run took is part of what that run was given, and stays."""
    async with house.work() as unit:
        key = await unit.uploads.remove(upload, caller.tenants)
        there = key is None and upload in await unit.uploads.find([upload], caller.tenants)
    if there:
        raise refuse("gateway:conflict", f"a run took upload {upload}")
    if key is None:
        raise refuse("gateway:not-found", f"no upload {upload}")
    await house.files.delete(key)


async def forget_uploads(house: GatewayHouse) -> bool:
    """Remove some uploads that no run took in as many days as the setting says; whether there may be more."""
    if not house.settings.upload_days:
        return False
    async with house.work() as unit:
        keys = await unit.uploads.forget(house.settings.upload_days, SOME)
    for key in keys:
        await house.files.delete(key)
    return len(keys) == SOME
