"""Records of what is registered: what a change would do to the graph, what changes did, and taking one back."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from chassis.listing import make_cursor, read_cursor, wrong_cursor
from chassis.refusal import Refusal, refuse
from contracts.kinds import Kind
from contracts.message import Caller
from contracts.model_runs import ModelRunAsked, UndoModelRun
from contracts.problem import FieldError
from contracts.vocabulary import JobStatus
from gateway.access.roles import ENTRY_READER, ENTRY_WRITER
from gateway.api.diffs import EXAMPLE, Applied, Diff, Handle, Proposal, Undoing
from gateway.api.doors import After, AsUser, Here, Limit, Page, problems
from gateway.api.graphs import readable
from gateway.api.links import to_job
from gateway.api.lists import LINKED, linked
from gateway.api.once import AsOnce
from gateway.api.shapes import JobAccepted, JobView
from gateway.jobs.model import Job
from gateway.jobs.sending import send
from gateway.jobs.waiting import reached
from gateway.unit import GatewayHouse

router = APIRouter(prefix="/v1/records", tags=["records"])
LIST = "changes"
NOBODY = "new"
"""The name of a record that is proposed and not registered yet; handles have a slash."""
Id = Annotated[Handle, Query(description="Handle of the entry whose record it is", examples=[EXAMPLE])]
Number = Annotated[int | None, Query(ge=1, lt=2**31, description="A revision, as the changes tell them")]


def _in_role(*roles: str) -> Callable[[Caller], Caller]:
    def checked(caller: AsUser) -> Caller:
        if missing := [role for role in roles if role not in caller.roles]:
            raise refuse("gateway:forbidden", f"that needs the role {' and the role '.join(missing)}")
        return caller.by_username()

    return checked


AsReader = Annotated[Caller, Depends(_in_role(ENTRY_READER))]
AsWriter = Annotated[Caller, Depends(_in_role(ENTRY_READER, ENTRY_WRITER))]


@router.get("/diff", summary="Preview a change", responses=problems(403, 404))
async def diff(
    caller: AsReader,
    house: Here,
    id: Annotated[  # noqa: A002 - the word of the API
        list[Handle],
        Query(min_length=1, max_length=200, description="Handles of entries; may be repeated", examples=[[EXAMPLE]]),
    ],
    to: Number = None,
) -> Diff:
    """What the graph would lose if these records were withdrawn; with `to`, how one would change if it went back there."""
    await _may_read(house, caller, id)
    return Diff.model_validate(await house.parts.backends.provenance.json(caller, "/records/diff", {"id": id, "to": to}))


@router.post("/diff", summary="Preview another record", responses=problems(400, 403, 404))
async def proposal(proposed: Proposal, caller: AsReader, house: Here) -> Diff:
    """How the graph would change if a model run said something else, or if there were a new one that says it."""
    if proposed.id is not None:
        await _may_read(house, caller, [proposed.id])
    registry = house.parts.backends.registry
    asked = ModelRunAsked(handle=proposed.id, record=proposed.record).model_dump(mode="json")
    await registry.call(caller, "POST", "/model-runs/check", json=asked)
    template = {"handle": proposed.record.workflow_template_id, "kind": Kind.MODEL_RUN_WORKFLOW_TEMPLATE.value}
    model = (await registry.json(caller, "/entries", template))["info"]["software_id"]
    told = {"id": proposed.id or NOBODY, "record": proposed.record.model_dump(mode="json"), "model": model}
    answer = await house.parts.backends.provenance.call(caller, "POST", "/records/diff", json=told)
    return Diff.model_validate_json(answer.content)


@router.get("/changes", summary="List changes", responses=problems(403, 404) | {200: LINKED})
async def changes(
    request: Request,
    answer: Response,
    caller: AsReader,
    house: Here,
    id: Id,  # noqa: A002
    revision: Number = None,
    limit: Limit = 20,
    after: After = None,
) -> Page[Applied]:
    """What each revision of a record did to the graph when it came, newest first."""
    await _may_read(house, caller, [id])
    before = _place(after) if after is not None else None
    asked = {"id": id, "revision": revision, "limit": limit + 1, "before": before}
    told = await house.parts.backends.provenance.json(caller, "/records/changes", asked)
    found = [Applied.model_validate(one) for one in told["items"]]
    following = make_cursor(LIST, str(found[limit - 1].revision)) if len(found) > limit else None
    linked(request, answer, following)
    return Page[Applied](items=found[:limit], next=following)


@router.post(
    "/undo",
    status_code=202,
    summary="Undo a change",
    responses=problems(400, 403, 404, 409) | {202: {"links": to_job()}},
    response_model=JobAccepted,
)
async def undo(wanted: Undoing, caller: AsWriter, house: Here, once: AsOnce) -> Response:
    """Let a model run say again what it said at a revision, or before its last change: a new revision, its history goes on.

    The answer comes as soon as the graph says it, or after `wait` seconds.
    """

    async def begin() -> Job:
        place = await _place_of(house, caller, wanted)
        order = UndoModelRun(handle=wanted.id, history_id=place, reason=wanted.reason, tenant=caller.tenants[0])
        async with house.work() as unit:
            job = await send(unit, order, caller)
            await once.bind(unit, job.id)
        job = await reached(house, job.id, JobStatus.SUCCEEDED, once.within)
        if job.problem is not None:
            raise Refusal(job.problem)
        return job

    return await once.do(f"undo {wanted.said()}", begin, JobStatus.SUCCEEDED, _accepted)


async def _accepted(job: Job) -> Response:
    told = JobAccepted(job=JobView.of(job)).model_dump(mode="json")
    return JSONResponse(told, 202, {"Location": f"/v1/jobs/{job.id}"})


async def _may_read(house: GatewayHouse, caller: Caller, ids: list[str]) -> None:
    """Refuse records of entries that the caller may not read, as if there were none."""
    seen = await readable(house, caller, ids)
    for one in ids:
        if one not in seen:
            raise refuse("provenance:no-such-record", f"no record {one}", FieldError(detail="no such record", field="id"))


async def _place_of(house: GatewayHouse, caller: Caller, wanted: Undoing) -> int:
    """The place of the history that a revision said; without one, the last that differs from what is said now."""
    await _may_read(house, caller, [wanted.id])
    told = await house.parts.backends.registry.json(caller, "/model-runs/revisions", {"handle": wanted.id})
    said: dict[int, int | None] = {one["revision"]: one["history_id"] for one in told["items"]}
    if wanted.to is not None:
        if (place := said.get(wanted.to)) is not None:
            return place
        text = f"{wanted.id} said nothing at revision {wanted.to}"
        raise refuse("registry:no-such-history", text, FieldError(detail=text, field="to"))
    now = next(iter(said.values()), None)
    for place in said.values():
        if place is not None and place != now:
            return place
    text = f"{wanted.id} never said anything else"
    raise refuse("registry:no-such-history", text, FieldError(detail=text, field="id"))


def _place(after: str) -> int:
    kind, known = read_cursor(after)
    if kind != LIST or len(known) != 1 or not known[0].isascii() or not known[0].isdecimal() or int(known[0]) >= 2**31:
        raise wrong_cursor()
    return int(known[0])
