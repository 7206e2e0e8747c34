"""Where things come from: lineage, paths, documents and drawings."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict

from contracts import lists
from contracts.ids import run_id
from contracts.lists import PLAIN
from contracts.message import Caller
from gateway.api.doors import AsUser, Depth, Here, problems
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
AsOf = Annotated[
    lists.AsOf | None, Query(description="As it was known then: a moment with its offset, or a point of the ledger (`seq`)")
]


class Direction(StrEnum):
    """Towards causes, or towards effects."""

    UP = "up"
    DOWN = "down"


class Node(BaseModel):
    """Something in the graph; of one that is not yours, only that it is there."""

    model_config = ConfigDict(extra="allow")
    id: str
    category: str
    subtype: str | None = None
    label: str | None = None
    attributes: dict[str, Any] = {}
    restricted: bool = False


class Link(BaseModel):
    """A relation of PROV, from the effect to its cause."""

    model_config = ConfigDict(extra="allow")
    source: str
    target: str
    relation: str
    attributes: dict[str, Any] = {}


class Lineage(BaseModel):
    """A part of the graph."""

    model_config = ConfigDict(extra="allow")
    root: str | None = None
    nodes: list[Node]
    links: list[Link]
    truncated: bool = False
    """Whether there is more than the limit allows to show."""
    seq: int | None = None
    """Where `as_of` was asked for, the point of the ledger that this shows; it can be asked for again."""


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
    """What a thing came from (`up`), or what came of it (`down`)."""
    query = {"id": id, "direction": direction, "depth": depth, "as_of": _iso(as_of)}
    return Lineage.model_validate(await house.parts.backends.provenance.json(caller, "/lineage", query))


@router.get("/lineage/path", summary="Find a path", responses=problems(404, 422))
async def path(caller: AsUser, house: Here, source: NodeId, target: NodeId, depth: Depth = None, as_of: AsOf = None) -> Lineage:
    """The shortest path between two things."""
    query = {"source": source, "target": target, "depth": depth, "as_of": _iso(as_of)}
    return Lineage.model_validate(await house.parts.backends.provenance.json(caller, "/path", query))


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
    query = {"id": id, "direction": direction, "depth": depth, "as_of": _iso(as_of), "format": form}
    return await _passed_on(house, caller, "/lineage/document", query, f"lineage.{SUFFIXES[form]}")


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
    query = {"id": id, "direction": direction, "depth": depth, "as_of": _iso(as_of), "format": form, "detail": detail}
    return await _passed_on(house, caller, "/lineage/drawing", query, f"lineage.{form}")


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


def _iso(moment: int | datetime | None) -> str | None:
    return moment.isoformat() if isinstance(moment, datetime) else None if moment is None else str(moment)


async def _passed_on(house: GatewayHouse, caller: Caller, path: str, query: dict[str, Any], name: str) -> Response:
    answer = await house.parts.backends.provenance.ask(caller, path, query)
    headers = {
        "Vary": "Accept, Authorization",
        "Content-Disposition": disposition("inline", name),
        "X-Content-Type-Options": "nosniff",
        # a picture or a document is shown, never run, even if something in it looks like a script
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
        "Content-Type": answer.headers.get("content-type", "application/octet-stream"),
    }
    return Response(answer.content, headers=headers)
