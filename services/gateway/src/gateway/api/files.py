"""What a run left: its outputs, one by one or together, and its logs."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from chassis.refusal import refuse
from contracts.executor import FileSeen, Step
from contracts.message import FileRef
from gateway.api.doors import After, AsUser, Here, Page, problem_answers, problems
from gateway.api.lists import LINKED, Some, linked, part
from gateway.api.ranges import disposition
from gateway.api.runs import seen
from gateway.api.sending import send_file, zipped
from gateway.api.starting import outputs_of, pick, reference

router = APIRouter(prefix="/v1/runs/{run}", tags=["files"])
BYTES: dict[str, Any] = {"content": {"*/*": {}}}
"""A file is of the media type that it was stored with."""
PARTS: dict[int | str, dict[str, Any]] = {
    200: BYTES | {"description": "The file"},
    206: BYTES | {"description": "A part of it"},
    304: {"description": "It has not changed"},
    416: problem_answers(416)[416],
}
TEXT = "text/plain; charset=utf-8"


@router.get("/outputs", summary="List a run's outputs", responses=problems(404) | {200: LINKED})
async def outputs(
    run: UUID, request: Request, answer: Response, caller: AsUser, house: Here, limit: Some = None, after: After = None
) -> Page[FileSeen]:
    """The files that a run left as its results."""
    found = part(await outputs_of(house.parts.backends.executor, caller, run), lambda file: file.id, limit, after)
    linked(request, answer, found.next)
    return found


@router.get(
    "/outputs/{path:path}", summary="Download an output", responses=problems(404) | PARTS, response_class=StreamingResponse
)
async def output(run: UUID, path: str, request: Request, caller: AsUser, house: Here) -> Response:
    """A file that a run left, by its path or its role."""
    one = pick(await outputs_of(house.parts.backends.executor, caller, run), path, "path")
    return await send_file(request, house.files, reference(one), one.path, missing="executor:no-such-output")


@router.get(
    "/archive",
    summary="Download all outputs",
    responses=problems(404) | {200: {"content": {"application/zip": {}}, "description": "A zip"}},
    response_class=StreamingResponse,
)
async def archive(run: UUID, caller: AsUser, house: Here) -> Response:
    """All that a run left, as one zip."""
    there = await seen(house, caller, run)
    kept = [(one.path, one.stored) for one in await outputs_of(house.parts.backends.executor, caller, run) if one.stored]
    contents = list(dict(kept).items())
    for path, key in contents:
        try:
            await house.files.size(key)
        except FileNotFoundError:
            raise refuse("executor:no-such-output", f"{path!r} is no longer kept") from None
    name = f"{there.name.replace(':', '-')}-{there.number}.zip"
    headers = {"Content-Disposition": disposition("attachment", name), "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(zipped(house.files, contents), headers=headers, media_type="application/zip")


@router.get(
    "/logs",
    summary="Read a log",
    responses=problems(404) | {200: {"content": {"text/plain": {}}, "description": "The log"}},
    response_class=StreamingResponse,
)
async def logs(
    run: UUID,
    request: Request,
    caller: AsUser,
    house: Here,
    step: Annotated[str | None, Query(max_length=1000, description="Place of a step; nothing means the engine's log")] = None,
) -> Response:
    """The log of a step, or the engine's own; empty where there is none yet."""
    found: FileRef | None
    if step is None:
        found = (await seen(house, caller, run)).log
    else:
        told = await house.parts.backends.executor.json(caller, f"/runs/{run}/steps")
        places = {one["place"]: Step.model_validate(one) for one in told["items"]}
        if step not in places:
            raise refuse("executor:no-such-step", f"no step {step!r}; there is {', '.join(sorted(places)[:20]) or 'none yet'}")
        found = places[step].log
    if found is None:
        return Response("", media_type=TEXT)
    name = f"{step or 'engine'}.txt".replace("/", "-")
    return await send_file(request, house.files, found, name, missing="gateway:not-found", shown=TEXT)
