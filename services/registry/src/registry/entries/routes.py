"""Entries over internal HTTP. Handles hold slashes, so they travel as queries."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import text

from chassis.house import House
from chassis.web import AsCaller, InHouse, Work
from contracts.entries import Access
from contracts.kinds import KINDS, READING, Kind, Role
from contracts.views import Check, EntryPage, EntrySeen, Hits, Listing, Locks, RolesAsked, RolesHeld
from registry.entries import checks, listing, queries, search
from registry.entries.asking import must_be
from registry.entries.model import Item, Reader
from registry.unit import RegistryParts, RegistryUnit

router = APIRouter(prefix="/entries", tags=["entries"])
Handle = Annotated[str, Query(min_length=1)]


async def _still(unit: Annotated[RegistryUnit, Work]) -> RegistryUnit:
    await unit.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    return unit


Still = Annotated[RegistryUnit, Depends(_still, scope="function")]
"""A transaction that sees one moment, however many statements it takes."""


class Schema(BaseModel):
    """The JSON Schema of a kind's information."""

    json_schema: dict[str, Any]


class Gone(BaseModel):
    """Handles of entries that were deleted while their records stayed."""

    model_runs: list[str]
    activities: list[str]


@router.get("")
async def fetch(caller: AsCaller, unit: Still, handle: Handle, kind: Kind | None = None) -> EntrySeen:
    """One entry with its history, to whoever may read it; a seed says nothing."""
    who, item = await _readable(caller, unit, handle, kind)
    return (await queries.seen(unit.session, [item], who))[0]


@router.post("/list")
async def page(asked: Listing, caller: AsCaller, unit: Still) -> EntryPage:
    """A page of entries."""
    return await listing.page(unit.session, asked, await queries.reader(unit.session, caller))


@router.get("/search")
async def look(caller: AsCaller, unit: Still, query: str, kind: Kind | None = None, limit: int = 0) -> Hits:
    """Entries by their words."""
    checks.texts(query=query)
    return await search.search(unit.session, query, await queries.reader(unit.session, caller), kind=kind, limit=limit)


@router.post("/access")
async def access(asked: RolesAsked, caller: AsCaller, unit: Still) -> RolesHeld:
    """What the caller may do with many entries at once."""
    checks.texts(ids=asked.ids)
    who = await queries.reader(unit.session, caller)
    found = await queries.items(unit.session, asked.ids)
    return RolesHeld(
        roles={handle: item.roles(who) for handle, item in found.items()},
        kinds={handle: item.kind for handle, item in found.items()},
    )


@router.get("/settings")
async def settings(caller: AsCaller, unit: Still, handle: Handle, kind: Kind | None = None) -> Access:
    """What an entry grants, to whoever administers it."""
    who, item = await _found(caller, unit, handle, kind)
    checks.may(item, who, [Role.ADMIN])
    return item.access


@router.get("/roles")
async def roles(caller: AsCaller, unit: Still, handle: Handle, kind: Kind | None = None) -> list[Role]:
    """What the caller may do with an entry."""
    who, item = await _found(caller, unit, handle, kind)
    return list(item.roles(who))


@router.get("/locks")
async def locks(caller: AsCaller, unit: Still, handle: Handle, kind: Kind | None = None) -> Locks:
    """Whether an entry is locked and how that came, to whoever may read it."""
    _, item = await _readable(caller, unit, handle, kind)
    past = await queries.locks(unit.session, [item.handle])
    return Locks(locked=item.locked, history=past.get(item.handle, ()))


@router.get("/schema")
async def schema(_caller: AsCaller, kind: Kind) -> Schema:
    """The JSON Schema of a kind's information."""
    return Schema(json_schema=KINDS[kind].info.model_json_schema())


@router.post("/validate", status_code=204)
async def validate(asked: Check, _caller: AsCaller, unit: Still) -> None:
    """Refuse information that could not be registered."""
    await checks.checked(unit.session, asked.kind, asked.info)


@router.get("/gone")
async def gone(caller: AsCaller, unit: Still) -> Gone:
    """What is still in the graph though its entry was deleted, to administrators."""
    must_be(caller, queries.ADMIN)
    return Gone.model_validate(await queries.gone(unit.session))


@router.get("/export")
async def export(caller: AsCaller, house: Annotated[House[RegistryParts], InHouse]) -> StreamingResponse:
    """Every entry with all that is kept of it, one JSON document a line, as of one moment."""
    must_be(caller, queries.ADMIN)

    async def lines() -> AsyncIterator[bytes]:
        async with house.sessions.begin() as session:
            await session.execute(text("set transaction isolation level repeatable read, read only"))
            async for stored in queries.everything(session):
                yield stored.model_dump_json().encode() + b"\n"

    return StreamingResponse(lines(), media_type="application/x-ndjson")


async def _found(caller: AsCaller, unit: RegistryUnit, handle: str, kind: Kind | None) -> tuple[Reader, Item]:
    checks.texts(handle=handle)
    who = await queries.reader(unit.session, caller)
    item = checks.there((await queries.items(unit.session, [handle])).get(handle), handle)
    checks.of_kind(item, kind)
    return who, item


async def _readable(caller: AsCaller, unit: RegistryUnit, handle: str, kind: Kind | None) -> tuple[Reader, Item]:
    who, item = await _found(caller, unit, handle, kind)
    checks.may(item, who, READING)
    return who, item
