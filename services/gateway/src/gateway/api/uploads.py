"""Files for runs, sent ahead."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request

from chassis.bundles import fault
from chassis.refusal import refuse
from contracts.ids import user_id, uuid7
from contracts.problem import FieldError
from gateway.access.roles import OWN, own_tenant, tenant_for
from gateway.api.doors import AsUser, Here, problems
from gateway.api.shapes import UploadView
from gateway.bodies import announced, media_type, stream
from gateway.uploads.store import Upload

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])
BODY = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}, "required": True}


@router.post(
    "", status_code=201, summary="Upload a file", responses=problems(403, 413, 422), openapi_extra={"requestBody": BODY}
)
async def upload(
    request: Request,
    caller: AsUser,
    house: Here,
    name: Annotated[str, Query(max_length=1024, description="What it is called; it may be a relative path")],
    tenant: Annotated[str | None, Query(description="Whose it shall be")] = None,
) -> UploadView:
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
    try:
        async with house.work() as unit:
            await unit.uploads.add(made)
    except BaseException:
        await house.files.delete(content.key)
        raise
    return UploadView.of(made)
