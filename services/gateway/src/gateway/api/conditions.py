"""Conditional requests (RFC 9110 §13): what somebody has seen, and whether it is still so."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import Header, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from chassis.refusal import Refusal, refuse
from contracts.problem import PREFIX, FieldError, Problem
from gateway.api.ranges import matches

IfMatch = Annotated[str | None, Header(max_length=2000, description="Do it only if its ETag is one of these, or with `*`")]
IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", max_length=2000, description="Answer 304 if its ETag is one of these")
]
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "It is as it was", "headers": {"ETag": {"schema": {"type": "string"}}}}
}
ETAG = {"ETag": {"description": "Names this state of it", "schema": {"type": "string"}}}


def revision_tag(revision: int) -> str:
    """The ETag of a thing that counts its revisions."""
    return f'"{revision}"'


def demand(if_match: str | None, etag: str) -> bool:
    """Refuse if the thing is not as the condition says (strongly compared); say whether there was one on its state."""
    if if_match is None or if_match.strip() == "*":
        return False
    if etag not in {one.strip() for one in if_match.split(",")}:
        error = FieldError(detail=f"its ETag is {etag}", field="If-Match")
        raise refuse("gateway:precondition-failed", "somebody changed it since you have seen it", error)
    return True


@contextmanager
def overtaken(*, guarded: bool) -> Iterator[None]:
    """Somebody was faster than a change that had to be the next one: its condition does not hold any more."""
    try:
        yield
    except Refusal as no:
        if guarded and no.problem.type == PREFIX + "registry:changed-meanwhile":
            told = no.problem
            raise Refusal(Problem.of("gateway:precondition-failed", told.detail, errors=told.errors, job=told.job)) from None
        raise


def shown(request: Request, model: BaseModel, etag: str | None = None) -> Response:
    """A thing with its ETag; 304 for whoever has it already."""
    body = JSONResponse(model.model_dump(mode="json"))
    tag = etag or f'"{hashlib.sha256(bytes(body.body)).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if matches(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    body.headers.update(headers)
    return body
