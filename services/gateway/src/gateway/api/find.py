"""Where a file was seen, by its content."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from contracts.lineage import FileUse
from gateway.api.doors import After, AsUser, Here, Limit, Page, problems
from gateway.api.lists import LINKED, linked

router = APIRouter(prefix="/v1/files", tags=["lineage"])
Digest = Annotated[
    str,
    Query(
        pattern=r"^(sha256:)?[0-9a-fA-F]{64}$",
        description="SHA-256 of the bytes, or the id of a content",
        examples=["sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]


@router.get("", summary="Find a file by its content", responses=problems(422) | {200: LINKED})
async def files(
    request: Request, answer: Response, caller: AsUser, house: Here, sha256: Digest, limit: Limit = 50, after: After = None
) -> Page[FileUse]:
    """Everything that a file with these bytes took part in, as far as your tenants say so; the newest first."""
    query = {"sha256": sha256, "limit": limit, "after": after}
    found = Page[FileUse].model_validate(await house.parts.backends.provenance.json(caller, "/files", query))
    linked(request, answer, found.next)
    return found
