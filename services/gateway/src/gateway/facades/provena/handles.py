"""`/handle`: handles on their own; what is registered gets its handle by itself."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import Field

from contracts.ids import user_id
from contracts.lists import PLAIN
from contracts.message import Caller
from gateway.facades.provena import common
from gateway.facades.provena.doors import LEVELS, Here, role
from gateway.facades.provena.doors import router as router_of
from gateway.facades.provena.errors import DetailError
from gateway.facades.provena.printing import Body
from gateway.facades.provena.shapes import Id, Shape
from gateway.handles.model import Handle, Value, ValueType
from gateway.handles.store import Handles

router = router_of("handle")
common.add(router, "handle")
READ, WRITE, ADMIN = LEVELS["handle"]
AsHandleReader = Annotated[Caller, Depends(role(READ))]
AsHandleWriter = Annotated[Caller, Depends(role(READ, WRITE))]
Text = Annotated[str, Field(min_length=1, max_length=5000, pattern=PLAIN)]
Index = Annotated[int, Field(ge=1, le=10_000)]


class Given(Shape):
    """A value."""

    value_type: ValueType
    value: Text


class Added(Given):
    """A value for a handle."""

    id: Id


class AddedAt(Added):
    """A value for a handle, and where."""

    index: Index


class Modified(Shape):
    """Another value for one that is there."""

    id: Id
    index: Index
    value: Text


class Removed(Shape):
    """A value to remove."""

    id: Id
    index: Index


@router.post("/handle/mint", summary="Give a new handle to a value")
async def mint(wanted: Given, caller: AsHandleWriter, house: Here) -> Body:
    """A new handle with one value."""
    async with house.work() as unit:
        made = await unit.handles.mint(user_id(caller.issuer, caller.subject), wanted.value_type, wanted.value)
    return _shown(made)


@router.post("/handle/add_value", summary="Give a handle one value more")
async def add(wanted: Added, caller: AsHandleWriter, house: Here) -> Body:
    """A value more, behind all others."""
    async with house.work() as unit:
        there = await _held(unit.handles, wanted.id, caller)
        value = Value(type=wanted.value_type, value=wanted.value, index=max(there.places, default=0) + 1)
        return await _put(unit.handles, there.put(value))


@router.post("/handle/add_value_by_index", summary="Give a handle a value at a place")
async def add_at(wanted: AddedAt, caller: AsHandleWriter, house: Here) -> Body:
    """A value more, where there is none."""
    async with house.work() as unit:
        there = await _held(unit.handles, wanted.id, caller)
        if wanted.index in there.places:
            raise DetailError(400, f"{wanted.id} has a value at {wanted.index} already.")
        return await _put(unit.handles, there.put(Value(type=wanted.value_type, value=wanted.value, index=wanted.index)))


async def modify(wanted: Modified, caller: AsHandleWriter, house: Here) -> Body:
    """Another value in the place of one."""
    async with house.work() as unit:
        there = await _held(unit.handles, wanted.id, caller)
        return await _put(unit.handles, there.put(_at(there, wanted.index).model_copy(update={"value": wanted.value})))


@router.post("/handle/remove_by_index", summary="Remove a value of a handle")
async def remove(wanted: Removed, caller: AsHandleWriter, house: Here) -> Body:
    """One value less; the handle stays, also without any."""
    async with house.work() as unit:
        there = await _held(unit.handles, wanted.id, caller)
        return await _put(unit.handles, there.without(_at(there, wanted.index).index))


@router.get("/handle/get", summary="Show a handle")
async def show(id: Annotated[str, Query(min_length=1, max_length=500)], _caller: AsHandleReader, house: Here) -> Body:  # noqa: A002
    """A handle with its values."""
    async with house.work() as unit:
        found: Handle | None = await unit.handles.find(id)
    if found is None:
        raise _unknown(id)
    return _shown(found)


@router.get("/handle/list", summary="List handles")
async def every(_caller: AsHandleReader, house: Here) -> Body:
    """All handles that were minted here."""
    async with house.work() as unit:
        return {"ids": await unit.handles.every()}


for method in ("PUT", "POST"):  # a client sends the one where the original takes the other
    router.add_api_route("/handle/modify_by_index", modify, methods=[method], summary="Change a value of a handle")


async def _held(handles: Handles, id_: str, caller: Caller) -> Handle:
    found = await handles.hold(id_)
    if found is None:
        raise _unknown(id_)
    if ADMIN not in caller.roles and found.owner != user_id(caller.issuer, caller.subject):
        raise DetailError(401, f"{id_} is changed by whoever minted it, or with the role {ADMIN}.")
    return found


async def _put(handles: Handles, handle: Handle) -> Body:
    await handles.put(handle)
    return _shown(handle)


def _at(handle: Handle, index: int) -> Value:
    found = handle.value(index)
    if found is None:
        raise DetailError(400, f"{handle.id} has no value at {index}.")
    return found


def _unknown(id_: str) -> DetailError:
    return DetailError(400, f"There is no handle {id_} that was minted on its own.")


def _shown(handle: Handle) -> Body:
    return handle.model_dump(mode="json")
