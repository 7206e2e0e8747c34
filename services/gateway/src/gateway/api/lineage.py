"""Where things come from: lineage, paths, documents and drawings."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
from fastapi import APIRouter, Header, Query, Response

from contracts.ids import run_id
from contracts.lists import PLAIN
from contracts.message import Caller
from gateway.api.doors import AsUser, Depth, Here, problems
from gateway.api.graphs import AsOf, Direction, Lineage, iso, seen, with_registered
from gateway.api.negotiation import ALIASES, DOCUMENTS, DRAWINGS, SUFFIXES, choose
from gateway.api.ranges import disposition
from gateway.unit import GatewayHouse

router = APIRouter(prefix="/v1", tags=["lineage"])
NodeId = Annotated[
    str,
    Query(
        min_length=1,
        max_length=4000,
        pattern=PLAIN,
        description="Id of a node",
        examples=["run/01890b3c-0000-7000-8000-000000000003"],
    ),
]
Accept = Annotated[str | None, Header(include_in_schema=False)]


def _form(forms: Mapping[str, object]) -> Any:
    known = [*forms, *(alias for alias, name in ALIASES.items() if name in forms)]
    return Query(description="Instead of an Accept header", json_schema_extra={"enum": [*known]})


Format = Annotated[str | None, _form(DOCUMENTS)]
PictureFormat = Annotated[str | None, _form(DRAWINGS)]
Detail = Annotated[Literal["normal", "full"] | None, Query(description="How much a picture shows")]


def _offers(forms: dict[str, tuple[str, ...]]) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {types[0]: {} for types in forms.values()}, "description": "In the form that was asked for"}}


DOCUMENT = problems(404, 406, 422) | _offers(dict(DOCUMENTS))
DRAWING = problems(404, 406, 422) | _offers(dict(DRAWINGS))


@router.get("/lineage", summary="Walk the graph", responses=problems(404, 422))
async def lineage(
    caller: AsUser,
    house: Here,
    id: NodeId,  # noqa: A002 - the word of the API
    direction: Direction = Direction.UP,
    depth: Depth = None,
    as_of: AsOf = None,
) -> Lineage:
    """What a thing came from (`up`), or what came of it (`down`); a stub where others do not let you read on."""
    return await _walked(house, caller, id, direction, depth, as_of)


@router.get("/lineage/path", summary="Find a path", responses=problems(404, 422))
async def path(caller: AsUser, house: Here, source: NodeId, target: NodeId, depth: Depth = None, as_of: AsOf = None) -> Lineage:
    """The shortest path between two things; a stub in the place of what it leads over and you may not read."""
    query = {"source": source, "target": target, "depth": depth, "as_of": iso(as_of), "registered": with_registered(caller)}
    found = Lineage.model_validate(await house.parts.backends.provenance.json(caller, "/path", query))
    return await seen(house, caller, found, source, target)


@router.get("/lineage/document", summary="Export a lineage", responses=DOCUMENT, response_class=Response)
async def lineage_document(
    caller: AsUser,
    house: Here,
    id: NodeId,  # noqa: A002
    direction: Direction = Direction.UP,
    depth: Depth = None,
    as_of: AsOf = None,
    accept: Accept = None,
    format: Format = None,  # noqa: A002
) -> Response:
    """A lineage as a PROV document."""
    form = choose(DOCUMENTS, accept, format)
    found = await _walked(house, caller, id, direction, depth, as_of)
    return await _printed(house, caller, "/lineage/document", found, {"format": form}, f"lineage.{SUFFIXES[form]}")


@router.get("/lineage/drawing", summary="Draw a lineage", responses=DRAWING, response_class=Response)
async def lineage_drawing(
    caller: AsUser,
    house: Here,
    id: NodeId,  # noqa: A002
    direction: Direction = Direction.UP,
    depth: Depth = None,
    as_of: AsOf = None,
    detail: Detail = None,
    accept: Accept = None,
    format: PictureFormat = None,  # noqa: A002
) -> Response:
    """A lineage as a picture."""
    form = choose(DRAWINGS, accept, format)
    found = await _walked(house, caller, id, direction, depth, as_of)
    query = {"format": form} | ({"detail": detail} if detail else {})
    return await _printed(house, caller, "/lineage/drawing", found, query, f"lineage.{form}")


@router.get("/runs/{run}/provenance", summary="Export a run's provenance", responses=DOCUMENT, response_class=Response)
async def provenance(
    run: UUID,
    caller: AsUser,
    house: Here,
    accept: Accept = None,
    format: Format = None,  # noqa: A002
) -> Response:
    """What a run says of itself, as a PROV document."""
    form = choose(DOCUMENTS, accept, format)
    query = {"record": run_id(run), "format": form}
    return await _passed_on(house, caller, "/document", query, f"run-{run}.{SUFFIXES[form]}")


@router.get("/runs/{run}/drawing", summary="Draw a run", responses=DRAWING, response_class=Response)
async def drawing(
    run: UUID,
    caller: AsUser,
    house: Here,
    detail: Detail = None,
    accept: Accept = None,
    format: PictureFormat = None,  # noqa: A002
) -> Response:
    """A run's provenance as a picture."""
    form = choose(DRAWINGS, accept, format)
    query = {"record": run_id(run), "format": form, "detail": detail}
    return await _passed_on(house, caller, "/drawing", query, f"run-{run}.{form}")


async def _walked(
    house: GatewayHouse, caller: Caller, item: str, direction: Direction, depth: int | None, as_of: int | datetime | None
) -> Lineage:
    query = {
        "id": item,
        "direction": direction,
        "depth": depth,
        "as_of": iso(as_of),
        "registered": with_registered(caller),
    }
    found = Lineage.model_validate(await house.parts.backends.provenance.json(caller, "/lineage", query))
    return await seen(house, caller, found, item, direction=direction)


async def _passed_on(house: GatewayHouse, caller: Caller, path: str, query: dict[str, Any], name: str) -> Response:
    return _shown(await house.parts.backends.provenance.ask(caller, path, query), name)


async def _printed(
    house: GatewayHouse, caller: Caller, path: str, found: Lineage, query: dict[str, str], name: str
) -> Response:
    """What the caller may see of an answer, written or drawn by whoever knows how."""
    told = found.model_dump(mode="json")
    return _shown(await house.parts.backends.provenance.call(caller, "POST", path, params=query, json=told), name)


def _shown(answer: httpx.Response, name: str) -> Response:
    headers = {
        "Vary": "Accept, Authorization",
        "Content-Disposition": disposition("inline", name),
        "X-Content-Type-Options": "nosniff",
        # a picture or a document is shown, never run, even if something in it looks like a script
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
        "Content-Type": answer.headers.get("content-type", "application/octet-stream"),
    }
    return Response(answer.content, headers=headers)
