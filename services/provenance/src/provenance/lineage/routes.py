"""What provenance is asked by the gateway, over internal HTTP."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from chassis.web import AsCaller, InHouse, Work
from contracts.lineage import Difference
from contracts.lists import AsOf
from contracts.message import Caller
from provenance.graph.answer import Direction
from provenance.graph.model import Graph
from provenance.lineage import files, queries
from provenance.lineage.difference import difference as compare
from provenance.lineage.files import FileUses
from provenance.lineage.queries import Lineage, RecordState
from provenance.records import documents, drawing
from provenance.records.registered import REGISTRY
from provenance.records.scene import Detail
from provenance.unit import ProvenanceHouse, ProvenanceUnit

router = APIRouter()

AsUnit = Annotated[ProvenanceUnit, Work]
AtHome = Annotated[ProvenanceHouse, InHouse]
"""For what takes its time: nothing is held in the database while it is written or drawn."""
Id = Annotated[str, Query(min_length=1)]


@router.get("/lineage")
async def lineage(
    id: Id,  # noqa: A002 - the name of the parameter
    caller: AsCaller,
    unit: AsUnit,
    direction: Direction = Direction.UP,
    depth: int | None = None,
    as_of: AsOf | None = None,
    registered: bool = False,
) -> Lineage:
    """What a thing was made of, or what was made of it; with what is registered, of which the registry knows the readers."""
    return queries.shown(await queries.lineage(unit, _seeing(caller, registered), id, direction, depth, as_of))


@router.get("/path")
async def path(
    source: Id,
    target: Id,
    caller: AsCaller,
    unit: AsUnit,
    depth: int | None = None,
    as_of: AsOf | None = None,
    registered: bool = False,
) -> Lineage:
    """The shortest way between two things, over what is registered if that is asked for."""
    return queries.shown(await queries.path(unit, _seeing(caller, registered), source, target, depth, as_of))


@router.get("/difference")
async def difference(run: UUID, other: UUID, caller: AsCaller, house: AtHome, any: bool = False) -> Difference:  # noqa: A002
    """How one run differs from another of the same workflow, or of any."""
    async with house.work() as unit:
        pair = await queries.pair(unit, caller, run, other, of_any=any)
    return await asyncio.to_thread(compare, *pair, house.settings.lineage_answer_limit)


@router.get("/files")
async def found(
    sha256: Annotated[str, Query(pattern=r"^(sha256:)?[0-9a-fA-F]{64}$")],
    caller: AsCaller,
    unit: AsUnit,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    after: str | None = None,
) -> FileUses:
    """Everything that a content took part in."""
    return await files.found(unit.session, caller, sha256, limit, after)


@router.get("/document")
async def document(
    record: Id,
    caller: AsCaller,
    house: AtHome,
    format: documents.Format = "json",  # noqa: A002
    registered: bool = False,
) -> Response:
    """A record, with those beneath it, as a PROV document."""
    async with house.work() as unit:
        graph = await queries.statement(unit, _seeing(caller, registered), record)
    return await _document(graph, format)


@router.post("/lineage/document")
async def lineage_document(
    told: Lineage,
    _caller: AsCaller,
    format: documents.Format = "json",  # noqa: A002
) -> Response:
    """An answer, as whoever asks may see it, as a PROV document."""
    return await _document(queries.as_graph(told), format)


@router.get("/drawing")
async def picture(
    record: Id,
    caller: AsCaller,
    house: AtHome,
    format: drawing.Format = "png",  # noqa: A002
    detail: Detail = "normal",
    registered: bool = False,
) -> Response:
    """A record, with those beneath it, as a picture."""
    async with house.work() as unit:
        graph = await queries.statement(unit, _seeing(caller, registered), record)
    content = await drawing.render_drawing(graph, format, detail=detail)
    return Response(content, media_type=drawing.MEDIA_TYPES[format])


@router.post("/lineage/drawing")
async def lineage_picture(
    told: Lineage,
    _caller: AsCaller,
    format: drawing.Format = "png",  # noqa: A002
    detail: Detail = "normal",
) -> Response:
    """An answer, as whoever asks may see it, as a picture."""
    content = await drawing.render_drawing(queries.as_graph(told), format, detail=detail)
    return Response(content, media_type=drawing.MEDIA_TYPES[format])


@router.get("/records")
async def record_state(record: Id, caller: AsCaller, unit: AsUnit, registered: bool = False) -> RecordState:
    """How far a record is on its way into the graph."""
    return await queries.state(unit, _seeing(caller, registered), record)


def _seeing(caller: Caller, registered: bool) -> Caller:
    return caller.model_copy(update={"tenants": (*caller.tenants, REGISTRY)}) if registered else caller


async def _document(graph: Graph, format: documents.Format) -> Response:  # noqa: A002
    content = await asyncio.to_thread(documents.render, graph, format)
    return Response(content, media_type=documents.MEDIA_TYPES[format])
