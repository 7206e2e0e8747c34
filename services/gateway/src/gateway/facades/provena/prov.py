"""`/prov`: model runs and where things come from."""

from typing import Annotated

from fastapi import Query

from chassis.refusal import refuse
from contracts.kinds import Kind
from contracts.message import Caller
from contracts.model_runs import ModelRunRecord, WithdrawModelRun
from contracts.vocabulary import JobStatus
from gateway.api.graphs import AsOf, iso
from gateway.facades.provena import common, lodging
from gateway.facades.provena.asking import entry_of, told
from gateway.facades.provena.doors import AsAdmin, AsReader, AsWriter, Here, done, outcome
from gateway.facades.provena.doors import router as router_of
from gateway.facades.provena.errors import DetailError, meaning
from gateway.facades.provena.jobs import result_of
from gateway.facades.provena.printing import Body, lineage, well
from gateway.facades.provena.shapes import GraphDeletion, Id, Records, RunUpdate, StoredRun
from gateway.unit import GatewayHouse

router = router_of("prov")
common.add(router, "prov")
Depth = Annotated[int | None, Query(description="Links to go, at most")]
FOLLOW = "Follow it with the job API."
QUESTIONS = {
    "/explore/upstream": ("upstream", "upstream"),
    "/explore/downstream": ("downstream", "downstream"),
    "/explore/special/contributing_datasets": ("contributing_datasets", "upstream contribution"),
    "/explore/special/effected_datasets": ("effected_datasets", "downstream effect"),
    "/explore/special/contributing_agents": ("contributing_agents", "upstream contribution"),
    "/explore/special/effected_agents": ("effected_agents", "downstream effect"),
}
"""What can be asked of the graph: provenance's word for it, and how the answer calls it."""
LATER = (
    ("POST", "/explore/generate/report", "Reports"),
    ("GET", "/bulk/generate_template/csv", "CSV templates"),
    ("POST", "/bulk/convert_model_runs/csv", "Model runs from CSV"),
    ("GET", "/bulk/regenerate_from_batch/csv", "CSV of a batch"),
)


@router.post("/model_run/register", summary="Register a model run")
async def register(record: ModelRunRecord, caller: AsWriter, house: Here) -> Body:
    """Look at a model run and order that it is registered."""
    await lodging.check(house, caller, record)
    job = await lodging.register(house, caller, record)
    return well(f"The model run is being registered. {FOLLOW}", session_id=str(job.id))


@router.post("/model_run/register_batch", summary="Register model runs")
async def register_batch(wanted: Records, caller: AsWriter, house: Here) -> Body:
    """Order that model runs are registered; each is looked at then."""
    job = await lodging.register_all(house, caller, wanted.records)
    return well(f"The model runs are being registered. {FOLLOW}", session_id=str(job.id))


@router.post("/model_run/register_sync", summary="Register a model run and wait", include_in_schema=False)
async def register_sync(record: ModelRunRecord, caller: AsAdmin, house: Here) -> Body:
    """Register a model run; the answer comes when it is in the graph."""
    await lodging.check(house, caller, record)
    job = await outcome(house, (await lodging.register(house, caller, record)).id)
    found = (await result_of(house, job))["record"]
    return well(f"The model run {found['id']} is registered.", record_info=found)


@router.post("/model_run/edit/link_to_study", summary="Say for which study a model run was done")
async def link(model_run_id: Annotated[str, Query(min_length=1)], study_id: Id, caller: AsWriter, house: Here) -> Body:
    """Name the study of a model run that names none."""
    await lodging.check(house, caller, handle=model_run_id, study=study_id)
    job = await lodging.link(house, caller, model_run_id, study_id)
    await outcome(house, job.id, JobStatus.IN_PROGRESS)
    details = f"{model_run_id} belongs to {study_id}. {FOLLOW}"
    return well(details, model_run_id=model_run_id, study_id=study_id, session_id=str(job.id))


@router.post("/model_run/update", summary="Change a model run")
async def update(wanted: RunUpdate, caller: AsWriter, house: Here) -> Body:
    """Look at what a model run is to say, and order that it says it."""
    await lodging.check(house, caller, wanted.record, wanted.model_run_id)
    job = await lodging.update(house, caller, wanted.model_run_id, wanted.reason, wanted.record)
    return {"session_id": str(job.id)}


@router.post("/model_run/delete", summary="Take a model run out of the graph", include_in_schema=False)
async def delete(wanted: GraphDeletion, caller: AsAdmin, house: Here) -> Body:
    """Take what a model run says out of the graph, or say what that would do; its item stays."""
    with meaning({"registry:no-access": 400}):
        await entry_of(house, caller, wanted.record_id, Kind.MODEL_RUN)
    with meaning({"provenance:no-such-record": 400}):
        found: Body = await house.parts.backends.provenance.json(caller, "/records/diff", {"id": wanted.record_id})
    if not wanted.trial_mode:
        await done(house, caller, WithdrawModelRun(handle=wanted.record_id))
    return {"diff": found["diff"]}


@router.post("/admin/store_record", summary="Lodge a model run again")
async def store(wanted: StoredRun, caller: AsAdmin, house: Here, validate_record: bool = True) -> Body:
    """Lodge a registered model run again."""
    await _store(house, caller, wanted.id, validate=validate_record)
    return well(f"{wanted.id} is in the graph.")


@router.post("/admin/store_records", summary="Lodge model runs again")
async def store_many(wanted: list[StoredRun], caller: AsAdmin, house: Here, validate_record: bool = True) -> Body:
    """Lodge registered model runs again, one after the other; the first that fails ends it."""
    for one in wanted:
        await _store(house, caller, one.id, validate=validate_record)
    return well(f"{len(wanted)} model runs are in the graph.")


@router.post("/admin/store_all_registry_records", summary="Lodge all model runs again")
async def store_all(caller: AsAdmin, house: Here, validate_record: bool = True) -> Body:
    """Order that every registered model run is lodged again."""
    count = 0
    async for one in lodging.complete(house, caller, Kind.MODEL_RUN):
        await lodging.relodge(house, caller, one.handle, validate=validate_record)
        count += 1
    return well(f"{count} model runs are being lodged. {FOLLOW}")


@router.delete("/graph/admin/clear", summary="Take everything registered out of the graph", include_in_schema=False)
async def clear(caller: AsAdmin, house: Here) -> Body:
    """Take what model runs, creations and versions say out of the graph; their items stay, and can be lodged again.

    What runs of workflows say is not the registry's, and stays.
    """
    jobs = await lodging.withdraw_all(house, caller)
    for job in jobs:
        await outcome(house, job)
    return well(f"{len(jobs)} records are out of the graph. What runs of workflows say is still there.")


async def _store(house: GatewayHouse, caller: Caller, handle: str, *, validate: bool) -> None:
    with meaning(lodging.NO, lodging.INVALID):
        await outcome(house, (await lodging.relodge(house, caller, handle, validate=validate)).id)


def _question(path: str, query: str, what: str) -> None:
    @router.get(path, summary=f"Ask for {query.replace('_', ' ')}")
    async def explore(
        starting_id: Annotated[str, Query(min_length=1)],
        caller: AsReader,
        house: Here,
        depth: Depth = None,
        as_of: AsOf = None,
    ) -> Body:
        asked = {"id": starting_id, "query": query, "depth": depth, "as_of": iso(as_of)}
        found = await house.parts.backends.provenance.json(caller, "/provena/lineage", asked)
        if (
            not found["nodes"]
            and starting_id not in (await told(house, caller, "/entries/access", {"ids": [starting_id]}))["kinds"]
        ):
            raise DetailError(400, f"There is no item {starting_id}.")
        return lineage(found, what)


def _later(method: str, path: str, what: str) -> None:
    async def not_yet(_caller: AsReader) -> Body:
        raise refuse("gateway:not-yet", f"{what} are not offered here yet.")

    router.add_api_route(path, not_yet, methods=[method], summary="Not offered yet")


for path, (query, what) in QUESTIONS.items():
    _question(path, query, what)
for method, path, what in LATER:
    _later(method, path, what)
