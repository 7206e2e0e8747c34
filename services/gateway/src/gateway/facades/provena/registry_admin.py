"""`/registry/admin`: writing the registry out, bringing items in, lodging their records again."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic_core import to_json

from chassis.carrying import kept
from chassis.refusal import Refusal, refuse
from contracts.bundles import bundle
from contracts.entries import ImportEntries, RelodgeActivity
from contracts.kinds import Kind
from contracts.message import Caller, Command
from contracts.model_runs import RelodgeModelRun
from contracts.views import Stored
from gateway.facades.provena.asking import entry_of, person_of
from gateway.facades.provena.doors import AsAdmin, Here, begun, done
from gateway.facades.provena.errors import DetailError, Soft, said
from gateway.facades.provena.printing import Body, badly, imported, status, well
from gateway.facades.provena.shapes import Import, Restore
from gateway.jobs.model import View
from gateway.unit import GatewayHouse

SUBTYPES = {
    Kind.MODEL_RUN: "MODEL_RUN_LODGE_ONLY",
    Kind.CREATE: "LODGE_CREATE_ACTIVITY",
    Kind.VERSION: "LODGE_VERSION_ACTIVITY",
}
"""Kinds whose records are in the graph, and the jobs that lodge them."""


def add(router: APIRouter) -> None:
    """Give the registry its routes for administrators."""
    router.add_api_route("/admin/export", export, methods=["GET"], summary="Write the registry out")
    router.add_api_route("/admin/import", bring, methods=["POST"], summary="Bring items in")
    router.add_api_route("/admin/restore_from_table", tables, methods=["POST"], summary="Bring items in from tables")
    router.add_api_route("/admin/restore-prov-graph", restore, methods=["POST"], summary="Lodge records again")


async def export(caller: AsAdmin, house: Here) -> StreamingResponse:
    """Every item with its access settings and its lock."""
    answer = await house.parts.backends.registry.ask(caller, "/entries/export")

    async def told() -> AsyncIterator[bytes]:
        yield b'{"status":' + to_json(status("This is the registry.")) + b',"items":['
        for place, line in enumerate(answer.content.splitlines()):
            yield (b"," if place else b"") + to_json(bundle(Stored.model_validate_json(line)))
        yield b"]}"

    return StreamingResponse(told(), media_type="application/json")


async def bring(wanted: Import, caller: AsAdmin, house: Here) -> Body:
    """Bring items in, or say what would come of it."""
    with Soft(["registry:import-refused"]) as no:
        settings = wanted.model_dump(exclude={"import_mode", "items"})
        items = await kept(house.files, wanted.items)
        job = await done(house, caller, ImportEntries(mode=wanted.import_mode, items=items, **settings))
        return imported(job.result, wanted.items, registry=True)
    return badly(no.detail, trial_mode=wanted.trial_mode, statistics=None, failure_list=None)


async def tables(_caller: AsAdmin) -> Body:
    """Refused: the registry has no tables beside its own."""
    raise refuse("gateway:not-yet", "There are no tables to restore from here: bring the items in with /admin/import.")


async def restore(wanted: Restore, caller: AsAdmin, house: Here) -> Body:
    """Lodge the records of model runs, creations and versions again; other items are passed over."""
    found, failures = [], []
    for item in wanted.items:
        try:
            order = await _order(house, caller, item)
        except (Refusal, DetailError) as no:
            failures.append(said(no.problem) if isinstance(no, Refusal) else no.detail)
            continue
        found += [order] if order else []
    if failures and wanted.abort_if_failures:
        raise DetailError(400, f"{len(failures)} records cannot be lodged, so none is: {'; '.join(failures[:5])}")
    tasks = None if wanted.trial_mode else [str((await begun(house, caller, *order)).id) for order in found]
    details = f"{len(found)} records {'can be' if wanted.trial_mode else 'are being'} lodged, {len(failures)} cannot."
    return well(details, trial_mode=wanted.trial_mode, abort_if_failures=wanted.abort_if_failures, task_ids=tasks)


async def _order(house: GatewayHouse, caller: Caller, item: dict[str, Any]) -> tuple[Command, View] | None:
    payload = item.get("item_payload")
    told = payload if isinstance(payload, dict) else {}
    if told.get("item_subtype") not in {kind.value for kind in SUBTYPES} or told.get("record_type") == "SEED_ITEM":
        return None
    kind, handle = Kind(told["item_subtype"]), str(item.get("id", ""))
    there = await entry_of(house, caller, handle, kind)
    view = View(username=caller.name, job_type="PROV_LODGE", job_sub_type=SUBTYPES[kind])
    if kind is Kind.MODEL_RUN:
        payload = {
            "model_run_record_id": handle,
            "record": (there.info or {}).get("record"),
            "revalidate": False,
            "user_info": "",
        }
        return RelodgeModelRun(handle=handle, validate_record=False), view.model_copy(update={"payload": payload})
    if await person_of(house, caller, there.owner) is None:
        raise DetailError(400, f"{there.owner}, who owns {handle}, is linked to no person")
    return RelodgeActivity(handle=handle), view
