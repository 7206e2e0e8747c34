"""`/provenance`: capture, document and drawing of an execution. Capture happens by itself; here one waits for it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from chassis.refusal import Refusal
from contracts.ids import run_id
from contracts.message import Caller
from gateway.api.doors import Here
from gateway.api.ranges import disposition
from gateway.facades.reprov.doors import AsMember, ById, ByNumber, answers, serve
from gateway.facades.reprov.errors import LegacyRoute, NoError
from gateway.facades.reprov.keys import with_keys
from gateway.facades.reprov.printing import captured
from gateway.facades.reprov.shapes import ENDED, Answer, Captured, Execution
from gateway.facades.reprov.texts import errors_of
from gateway.jobs.waiting import watched
from gateway.unit import GatewayHouse

router = APIRouter(prefix="/provenance", tags=["reprov: provenance"], route_class=LegacyRoute)
PICTURE = {"image/png": {"schema": {"type": "string", "format": "binary"}}}
DRAWN: Mapping[int | str, dict[str, Any]] = {**answers(404), 200: {"content": PICTURE, "description": "A picture"}}
DOCUMENT: Mapping[int | str, dict[str, Any]] = {
    **answers(404),
    200: {"content": {"application/json": {"schema": {"type": "object"}}}, "description": "PROV-JSON"},
}
NOT_YET = "No provenance captured yet. Call /capture/{} first."


@serve(router, "GET", "/capture/", summary="Capture, by name and number", responses=answers(404, 409))
async def capture_by_number(found: ByNumber, caller: AsMember, house: Here) -> Answer[Captured]:
    """Wait until what happened is captured, which it is by itself; asked again, it answers the same."""
    return await _capture(house, caller, found)


@serve(router, "GET", "/capture/{execution_id}", summary="Capture", responses=answers(404, 409))
async def capture(found: ById, caller: AsMember, house: Here) -> Answer[Captured]:
    """Wait until what happened is captured, which it is by itself; asked again, it answers the same."""
    return await _capture(house, caller, found)


@serve(router, "GET", "/draw/", summary="Draw, by name and number", responses=DRAWN, response_class=Response)
async def draw_by_number(found: ByNumber, caller: AsMember, house: Here) -> Response:
    """An execution's provenance as a PNG."""
    return await _draw(house, caller, found)


@serve(router, "GET", "/draw/{execution_id}", summary="Draw", responses=DRAWN, response_class=Response)
async def draw(found: ById, caller: AsMember, house: Here) -> Response:
    """An execution's provenance as a PNG."""
    return await _draw(house, caller, found)


@serve(router, "GET", "/json/", summary="Export, by name and number", responses=DOCUMENT, response_class=JSONResponse)
async def document_by_number(found: ByNumber, caller: AsMember, house: Here) -> Response:
    """An execution's provenance as PROV-JSON, with ReProv's keys beside ours and without an envelope."""
    return await _document(house, caller, found)


@serve(router, "GET", "/json/{execution_id}", summary="Export", responses=DOCUMENT, response_class=JSONResponse)
async def document(found: ById, caller: AsMember, house: Here) -> Response:
    """An execution's provenance as PROV-JSON, with ReProv's keys beside ours and without an envelope."""
    return await _document(house, caller, found)


async def _capture(house: GatewayHouse, caller: Caller, found: Execution) -> Answer[Captured]:
    if found.run.status not in ENDED:
        raise NoError(409, "Workflow must be finished in order to capture provenance")
    await _wait(house, caller, found)
    return Answer(message="Provenance retrieved successfully", data=captured(found))


async def _draw(house: GatewayHouse, caller: Caller, found: Execution) -> Response:
    await _told(house, caller, found)
    query = {"record": run_id(found.run.id), "format": "png"}
    answer = await house.parts.backends.provenance.ask(caller, "/drawing", query)
    name = f"{found.run.name}:{found.run.number}-provenance.png"
    headers = {"Content-Disposition": disposition("attachment", name), "X-Content-Type-Options": "nosniff"}
    return Response(answer.content, headers=headers, media_type="image/png")


async def _document(house: GatewayHouse, caller: Caller, found: Execution) -> Response:
    await _told(house, caller, found)
    query = {"record": run_id(found.run.id), "format": "json"}
    told = await house.parts.backends.provenance.json(caller, "/document", query)
    errors = (await errors_of(house.files, [found])).get(found.number, {})
    return JSONResponse(await asyncio.to_thread(with_keys, told, found, errors))


async def _told(house: GatewayHouse, caller: Caller, found: Execution) -> None:
    """Go on when all of an execution is in the graph; there is nothing to show of one that has not ended."""
    if found.run.status not in ENDED:
        raise NoError(404, NOT_YET.format(found.number))
    await _wait(house, caller, found)


async def _wait(house: GatewayHouse, caller: Caller, found: Execution) -> None:
    """Wait until all of an execution that has ended is in the graph, which is a moment later."""
    if not await watched(house, found.run.job, house.settings.wait_limit, lambda: _is_captured(house, caller, found), bool):
        raise NoError(503, "Provenance is still being captured; try again in a moment")


async def _is_captured(house: GatewayHouse, caller: Caller, found: Execution) -> bool:
    try:
        told = await house.parts.backends.provenance.json(caller, "/records", {"record": run_id(found.run.id)})
    except Refusal as no:
        if no.problem.status == 404:  # nothing of it has come there yet
            return False
        raise
    return bool(told["captured"])
