"""`/registry/registry/<kind>`: writing what is registered. The same for all kinds; only some may be written by hand."""

from typing import Any

from fastapi import APIRouter

from chassis.carrying import carried
from contracts.bundles import flat
from contracts.entries import (
    Access,
    CreateEntry,
    DeleteEntry,
    GrantAccess,
    LockEntry,
    RevertEntry,
    SeedEntry,
    UpdateEntry,
    VersionEntry,
)
from contracts.kinds import KINDS, Kind, Role
from contracts.message import Caller
from gateway.facades.provena.asking import entry_of
from gateway.facades.provena.doors import AsAdmin, AsWriter, Here, Seen, done, parsed, with_email
from gateway.facades.provena.errors import DetailError, Soft, meaning
from gateway.facades.provena.printing import Body, badly, well
from gateway.facades.provena.shapes import About, AccessSettings, Revert
from gateway.jobs.sending import spun
from gateway.unit import GatewayHouse

INVALID = ("registry:invalid-entry",)


def add(router: APIRouter, kind: Kind) -> None:
    """Give a kind the routes that write."""
    at = f"/registry/{KINDS[kind].prefix}"

    @router.put(f"{at}/auth/configuration", summary="Say who may do what with an item")
    async def grant(settings: AccessSettings, caller: AsWriter, house: Here, id: str) -> Body:  # noqa: A002
        await done(house, caller, GrantAccess(handle=id, entry_kind=kind, access=_access(settings)))
        return well("The access settings were changed.")

    @router.put(f"{at}/locks/lock", summary="Lock an item")
    async def lock(told: About, caller: AsWriter, house: Here) -> Body:
        with meaning({"registry:locked": 400}):
            await done(house, caller, LockEntry(handle=told.id, entry_kind=kind, locked=True, reason=told.reason))
        return well(f"{told.id} is locked.")

    @router.put(f"{at}/locks/unlock", summary="Unlock an item")
    async def unlock(told: About, caller: AsWriter, house: Here) -> Body:
        await done(house, caller, LockEntry(handle=told.id, entry_kind=kind, locked=False, reason=told.reason))
        return well(f"{told.id} is not locked any more.")

    @router.delete(f"{at}/delete", summary="Remove an item of whatever kind")
    async def delete(caller: AsAdmin, house: Here, seen: Seen, id: str) -> Body:  # noqa: A002
        return await deleted(house, caller, id, seen)

    if KINDS[kind].written:
        _written(router, at, kind)
        if KINDS[kind].versioned:
            _versioned(router, at, kind)


def _written(router: APIRouter, at: str, kind: Kind) -> None:
    model, made = KINDS[kind].info, {"created_item": None, "register_create_activity_session_id": None}

    @router.post(f"{at}/seed", summary=f"Mint a handle for a {kind}")
    async def seed(caller: AsWriter, house: Here) -> Body:
        job = await done(house, with_email(caller), SeedEntry(entry_kind=kind))
        there = await entry_of(house, caller, job.result["handle"], kind)
        return well(f"The handle {there.handle} was minted.", seeded_item=flat(there))

    @router.post(f"{at}/create", summary=f"Register a {kind}")
    async def create(info: dict[str, Any], caller: AsWriter, house: Here) -> Body:
        spinoff, chained = spun(caller, "CREATE") if KINDS[kind].versioned else (None, None)
        command = CreateEntry(entry_kind=kind, spinoff=spinoff, **await carried(house.files, "info", parsed(model, info)))
        with Soft(INVALID) as no:
            job = await done(house, with_email(caller), command, chained=chained)
            there = await entry_of(house, caller, job.result["handle"], kind)
            session = job.result.get("register_job")
            return well(
                f"{there.handle} was registered.", created_item=flat(there), register_create_activity_session_id=session
            )
        return badly(f"Validation Error: {no.detail}", **made)

    @router.put(f"{at}/update", summary=f"Change a {kind}, or describe a seed")
    async def update(
        info: dict[str, Any],
        caller: AsWriter,
        house: Here,
        seen: Seen,
        id: str,  # noqa: A002
        reason: str | None = None,
    ) -> Body:
        spinoff, chained = spun(caller, "CREATE") if KINDS[kind].versioned else (None, None)
        content = await carried(house.files, "info", parsed(model, info))
        told = {"reason": reason, "spinoff": spinoff, "expected_revision": seen}
        command = UpdateEntry(handle=id, entry_kind=kind, **told, **content)
        with Soft((*INVALID, "registry:no-such-entry")) as no:
            job = await done(house, caller, command, chained=chained)
            return well(f"{id} was changed.", register_create_activity_session_id=job.result.get("register_job"))
        return badly(no.detail, register_create_activity_session_id=None)

    @router.put(f"{at}/revert", summary=f"Let a {kind} say again what it said")
    async def revert(told: Revert, caller: AsWriter, house: Here, seen: Seen) -> Body:
        place = {"history_id": told.history_id, "reason": told.reason, "expected_revision": seen}
        command = RevertEntry(handle=told.id, entry_kind=kind, **place)
        with Soft(INVALID) as no:
            await done(house, caller, command)
            return well(f"{told.id} says again what it said in version {told.history_id} of its history.")
        return badly(f"Validation Error: {no.detail}")


def _versioned(router: APIRouter, at: str, kind: Kind) -> None:
    @router.post(f"{at}/version", summary=f"Make the next version of a {kind}")
    async def version(told: About, caller: AsWriter, house: Here, seen: Seen) -> Body:
        return await versioned(house, caller, kind, told, seen)


async def versioned(house: GatewayHouse, caller: Caller, kind: Kind, told: About, seen: int | None) -> Body:
    """Make the next version of an item."""
    spinoff, chained = spun(caller, "VERSION")
    named = {"reason": told.reason, "spinoff": spinoff, "expected_revision": seen}
    command = VersionEntry(handle=told.id, entry_kind=kind, **named)
    job = await done(house, caller, command, chained=chained)
    return {"new_version_id": job.result["handle"], "version_job_session_id": str(spinoff.register_job)}


async def deleted(house: GatewayHouse, caller: Caller, handle: str, seen: int | None) -> Body:
    """Remove an item; of which kind it is does not matter, and clients rely on that."""
    await done(house, caller, DeleteEntry(handle=handle, expected_revision=seen))
    return well("Item deleted.")


def _access(settings: AccessSettings) -> Access:
    return Access(
        owner=settings.owner,
        general=_roles(settings.general),
        groups={group: _roles(roles) for group, roles in settings.groups.items()},
    )


def _roles(names: list[str]) -> tuple[Role, ...]:
    known = {role.value for role in Role}
    if strange := sorted(set(names) - known):
        raise DetailError(400, f"There is no role {', '.join(strange)}; there are {', '.join(sorted(known))}.")
    return tuple(dict.fromkeys(Role(name) for name in names))
