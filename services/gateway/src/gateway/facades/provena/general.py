"""`/registry/registry/general` and what else is about all kinds: lists, fetching, the version, datasets under review."""

from itertools import product
from typing import Any

from fastapi import APIRouter

from chassis.refusal import refuse
from contracts.bundles import flat
from contracts.kinds import KINDS, Kind
from contracts.views import EntryPage
from gateway.facades.provena.asking import entry_of, page_of, person_of
from gateway.facades.provena.common import VERSION
from gateway.facades.provena.doors import AsAdmin, AsReader, Here, Seen
from gateway.facades.provena.errors import DetailError, Soft
from gateway.facades.provena.items_reading import UNKNOWN
from gateway.facades.provena.items_writing import deleted
from gateway.facades.provena.printing import Body, badly, well
from gateway.facades.provena.shapes import Filter, GeneralList, Reviewing

STORED = {kind.value for kind in Kind}


ACTIONS = (("GET", "fetch"), ("POST", "seed"), ("POST", "create"), ("PUT", "update"), ("PUT", "revert"), ("POST", "version"))
"""What the original's own services ask for in somebody else's name."""


def add(router: APIRouter) -> None:
    """Give the registry the routes that are about all kinds."""
    for at, (method, action) in product(("general", *(facts.prefix for facts in KINDS.values())), ACTIONS):
        told: dict[str, Any] = {"methods": [method], "summary": "Not offered", "include_in_schema": False}
        router.add_api_route(f"/registry/{at}/proxy/{action}", proxy, **told)
    router.add_api_route("/registry/general/list", page, methods=["POST"], summary="List items")
    router.add_api_route("/registry/general/fetch", fetch, methods=["GET"], summary="Show an item")
    router.add_api_route("/registry/general/delete", delete, methods=["DELETE"], summary="Remove an item")
    router.add_api_route("/registry/general/about/version", version, methods=["GET"], summary="Show the platform's version")
    router.add_api_route(
        "/registry/entity/dataset/user/releases", releases, methods=["POST"], summary="List the datasets that you review"
    )


async def proxy(_caller: AsReader) -> Body:
    """Refused: whoever gives an order here gives it in their own name."""
    raise refuse("gateway:not-yet", "Nobody acts here in another's name: ask as yourself, without /proxy.")


async def page(wanted: GeneralList, caller: AsReader, house: Here) -> Body:
    """Items of all kinds, those that you may read."""
    told = wanted.filter_by or Filter()
    stored = told.item_subtype is None or told.item_subtype in STORED
    kind = Kind(told.item_subtype) if told.item_subtype and stored else None
    found = await page_of(house, caller, wanted.listing(kind, told)) if stored else EntryPage()
    items = [flat(one) for one in found.items]
    return well(f"Found {len(items)} items.", items=items, total_item_count=len(items), pagination_key=found.next)


async def fetch(caller: AsReader, house: Here, id: str) -> Body:  # noqa: A002
    """An item of whatever kind, also a seed."""
    with Soft(UNKNOWN) as no:
        return well(f"Found {id}.", item=flat(await entry_of(house, caller, id)))
    return badly(no.detail, item=None)


async def delete(caller: AsAdmin, house: Here, seen: Seen, id: str) -> Body:  # noqa: A002
    """Remove an item with its history, access and lock."""
    return await deleted(house, caller, id, seen)


async def version(_caller: AsReader) -> Body:
    """The version, also under the names that a client expects here by mistake."""
    told = {
        "commit_id": None,
        "commit_url": None,
        "tag_name": VERSION,
        "release_title": f"Reprovena {VERSION}",
        "release_url": None,
    }
    return {**told, "new_version_id": VERSION, "version_job_session_id": ""}


async def releases(wanted: Reviewing, caller: AsReader, house: Here) -> Body:
    """Datasets whose release somebody reviews, which must be you."""
    reviewer = wanted.filter_by.release_reviewer
    if reviewer is None:
        raise DetailError(400, "filter_by.release_reviewer is missing: say whose reviews are wanted.")
    person = await person_of(house, caller)
    if person is None:
        raise DetailError(400, f"{caller.name} is not linked to a person, and so reviews nothing.")
    if person != reviewer:
        raise DetailError(403, "You can list your own reviews only.")
    found = await page_of(house, caller, wanted.listing(None, wanted.filter_by))
    items = [flat(one) for one in found.items]
    return well(f"Found {len(items)} datasets.", dataset_items=items, total_dataset_count=len(items), pagination_key=found.next)
