"""`/registry/registry/<kind>`: reading what is registered. The same for all kinds."""

from typing import Any

from fastapi import APIRouter, Response

from contracts.bundles import flat
from contracts.kinds import KINDS, Kind
from contracts.views import Check, Locks
from gateway.api.conditions import revision_tag
from gateway.facades.provena.asking import asked, entry_of, page_of, told
from gateway.facades.provena.doors import AsReader, Here, parsed
from gateway.facades.provena.errors import Soft
from gateway.facades.provena.printing import Body, badly, described_roles, listed, lock_history, ui_schema, well
from gateway.facades.provena.shapes import KindList

UNKNOWN = ("registry:no-such-entry", "gateway:invalid")


def add(router: APIRouter, kind: Kind) -> None:
    """Give a kind the routes that read."""
    at = f"/registry/{KINDS[kind].prefix}"

    @router.get(f"{at}/fetch", summary=f"Show a {kind}")
    async def fetch(
        caller: AsReader,
        house: Here,
        answer: Response,
        id: str,  # noqa: A002
        seed_allowed: bool = False,
    ) -> Body:
        with Soft(UNKNOWN) as no:
            found = await entry_of(house, caller, id, kind)
            answer.headers["ETag"] = revision_tag(found.revision)
            if found.seed and not seed_allowed:
                return badly(
                    f"{id} is a seed item, and seeds were not asked for.", item=None, roles=None, locked=None, item_is_seed=True
                )
            return well(
                f"Found {id}.",
                item=flat(found),
                roles=[role.value for role in found.roles],
                locked=found.locked,
                item_is_seed=found.seed,
            )
        return badly(no.detail, item=None, roles=None, locked=None, item_is_seed=None)

    @router.post(f"{at}/list", summary=f"List items of kind {kind}")
    async def page(wanted: KindList, caller: AsReader, house: Here) -> Body:
        found = await page_of(house, caller, wanted.listing(kind, wanted.filter_by))
        return listed(found.items, found.next)

    @router.get(f"{at}/schema", summary=f"Show the JSON schema of a {kind}")
    async def schema(caller: AsReader, house: Here) -> Body:
        found = await asked(house, caller, "/entries/schema", kind=kind.value)
        return well("This is the schema.", json_schema=found["json_schema"])

    @router.get(f"{at}/ui_schema", summary=f"Show how a form for a {kind} looks")
    async def form(caller: AsReader, house: Here) -> Body:
        found = await asked(house, caller, "/entries/schema", kind=kind.value)
        return well("This is how a form looks.", ui_schema=ui_schema(found["json_schema"]))

    @router.post(f"{at}/validate", summary=f"Look at a {kind} without registering it")
    async def validate(info: dict[str, Any], caller: AsReader, house: Here) -> Body:
        with Soft(["registry:invalid-entry"]) as no:
            await told(
                house,
                caller,
                "/entries/validate",
                Check(kind=kind, info=parsed(KINDS[kind].info, info)).model_dump(mode="json"),
            )
            return well("It can be registered.")
        return badly(f"Validation Error: {no.detail}")

    @router.get(f"{at}/auth/evaluate", summary="Show what you may do with an item")
    async def evaluate(caller: AsReader, house: Here, id: str) -> Body:  # noqa: A002
        return {"roles": await asked(house, caller, "/entries/roles", handle=id, kind=kind.value)}

    @router.get(f"{at}/auth/configuration", summary="Show who may do what with an item")
    async def configuration(caller: AsReader, house: Here, id: str) -> Body:  # noqa: A002
        found: Body = await asked(house, caller, "/entries/settings", handle=id, kind=kind.value)
        return found

    @router.get(f"{at}/auth/roles", summary=f"List the roles of a {kind}")
    async def roles(_caller: AsReader) -> Body:
        return {"roles": described_roles(kind)}

    @router.get(f"{at}/locks/history", summary="Show how an item was locked and unlocked")
    async def history(caller: AsReader, house: Here, id: str) -> Body:  # noqa: A002
        return lock_history(Locks.model_validate(await asked(house, caller, "/entries/locks", handle=id, kind=kind.value)))

    @router.get(f"{at}/locks/locked", summary="Show whether an item is locked")
    async def locked(caller: AsReader, house: Here, id: str) -> Body:  # noqa: A002
        return {"locked": (await asked(house, caller, "/entries/locks", handle=id, kind=kind.value))["locked"]}
