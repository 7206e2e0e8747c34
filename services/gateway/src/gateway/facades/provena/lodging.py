"""Orders about model runs, with the jobs that clients of Provena see of them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chassis.carrying import carried
from chassis.refusal import refuse
from contracts.entries import WithdrawActivity
from contracts.ids import user_id, uuid7
from contracts.kinds import Kind, Role
from contracts.message import Caller, Command
from contracts.model_runs import (
    LinkStudy,
    ModelRunAsked,
    ModelRunRecord,
    RegisterModelRun,
    RelodgeModelRun,
    UpdateModelRun,
    WithdrawModelRun,
)
from contracts.problem import Problem
from contracts.views import EntrySeen, Listing
from contracts.vocabulary import JobStatus
from gateway.facades.provena.asking import asked, page_of, told
from gateway.facades.provena.doors import begun
from gateway.facades.provena.errors import meaning
from gateway.jobs.model import Job, News, View
from gateway.jobs.sending import send
from gateway.unit import GatewayHouse

INVALID = "Failed to validate an entity's ID in the record, error: "
NO = {"registry:invalid-model-run": 400, "registry:no-such-entry": 400, "registry:is-seed": 400}
WRITING = {Role.METADATA_WRITE.value, Role.ADMIN.value}
BATCH = "gateway.submit-batch"
"""Kind of the job that stands for a batch; no command has it, since its model runs are orders of their own."""


def view(caller: Caller, sub_type: str, payload: dict[str, Any], batch: UUID | None = None) -> View:
    """A job that lodges something."""
    return View(username=caller.name, job_type="PROV_LODGE", job_sub_type=sub_type, payload=payload, batch_id=batch)


async def check(
    house: GatewayHouse,
    caller: Caller,
    record: ModelRunRecord | None = None,
    handle: str | None = None,
    study: str | None = None,
) -> None:
    """Refuse what could not be registered, before anything is ordered."""
    about = ModelRunAsked(handle=handle, record=record, study=study)
    with meaning(NO, INVALID):
        await told(house, caller, "/model-runs/check", about.model_dump(mode="json"))
    if handle is not None and not WRITING & set(await asked(house, caller, "/entries/roles", handle=handle)):
        raise refuse("registry:no-access", f"{handle} may not be changed by {caller.name}")


async def register(house: GatewayHouse, caller: Caller, record: ModelRunRecord, batch: UUID | None = None) -> Job:
    """Order that a model run is registered."""
    content = record.model_dump(mode="json")
    seen = view(caller, "MODEL_RUN_PROV_LODGE", {"record": content, "revalidate": True, "user_info": caller.name}, batch)
    return await begun(house, caller, RegisterModelRun(**await carried(house.files, "record", content)), seen)


async def register_all(
    house: GatewayHouse,
    caller: Caller,
    records: list[ModelRunRecord],
    username: str | None = None,
    batch: UUID | None = None,
) -> Job:
    """Order that model runs are registered, all in one transaction; the job of the batch is done with that.

    All of their jobs are shown to `username`, by default whoever asks; `batch` is one that the job of the batch is in itself.
    """
    owner = caller.model_copy(update={"name": username or caller.name})
    ours, contents = uuid7(), [record.model_dump(mode="json") for record in records]
    orders = [RegisterModelRun(tenant=caller.tenants[0], **await carried(house.files, "record", one)) for one in contents]
    payload = {"records": contents, "user_info": owner.name}
    async with house.work() as unit:
        job = settled(owner, "MODEL_RUN_BATCH_SUBMIT", payload, {"batch_id": str(ours)}, batch=batch)
        if not orders:
            problem = Problem.of("gateway:invalid", "the batch holds no model runs")
            job = failed(job, problem)
        await unit.jobs.add(job)
        for order, content in zip(orders, contents, strict=True):
            told = {"record": content, "revalidate": True, "user_info": owner.name}
            await send(unit, order, caller, view=view(owner, "MODEL_RUN_PROV_LODGE", told, ours))
    return job


async def update(house: GatewayHouse, caller: Caller, handle: str, reason: str, record: ModelRunRecord) -> Job:
    """Order that a model run says something else."""
    content = record.model_dump(mode="json")
    payload = {"model_run_record_id": handle, "updated_record": content, "reason": reason}
    seen = view(caller, "MODEL_RUN_UPDATE", payload | {"revalidate": True, "user_info": caller.name})
    order = UpdateModelRun(handle=handle, reason=reason, **await carried(house.files, "record", content))
    return await begun(house, caller, order, seen)


async def link(house: GatewayHouse, caller: Caller, handle: str, study: str) -> Job:
    """Order that a model run names its study."""
    return await begun(house, caller, LinkStudy(handle=handle, study=study), _lodging_only(caller, handle))


async def relodge(house: GatewayHouse, caller: Caller, handle: str, *, validate: bool) -> Job:
    """Order that a model run is lodged again."""
    return await begun(house, caller, RelodgeModelRun(handle=handle, validate_record=validate), _lodging_only(caller, handle))


async def complete(house: GatewayHouse, caller: Caller, kind: Kind) -> AsyncIterator[EntrySeen]:
    """All items of a kind but seeds, the oldest first."""
    listing = Listing(kind=kind, sort="CREATED_TIME", ascending=True, limit=200)
    while True:
        page = await page_of(house, caller, listing)
        for one in page.items:
            yield one
        if page.next is None:
            return
        listing = listing.model_copy(update={"after": page.next})


async def withdraw_all(house: GatewayHouse, caller: Caller) -> list[UUID]:
    """Order that everything registered falls silent, all at once, and so does what was deleted and is still told; the jobs."""
    gone = await asked(house, caller, "/entries/gone")
    orders: list[Command] = [WithdrawModelRun(handle=one.handle) async for one in complete(house, caller, Kind.MODEL_RUN)]
    for kind in (Kind.CREATE, Kind.VERSION):
        orders += [WithdrawActivity(handle=one.handle) async for one in complete(house, caller, kind)]
    orders += [WithdrawModelRun(handle=one) for one in gone["model_runs"]]
    orders += [WithdrawActivity(handle=one) for one in gone["activities"]]
    async with house.work() as unit:
        return [(await send(unit, one.model_copy(update={"tenant": caller.tenants[0]}), caller)).id for one in orders]


def settled(
    caller: Caller,
    sub_type: str,
    payload: dict[str, Any],
    result: dict[str, Any],
    job_type: str = "PROV_LODGE",
    batch: UUID | None = None,
) -> Job:
    """A job that is done as soon as it is there."""
    id_ = uuid7()
    seen = View(username=caller.name, job_type=job_type, job_sub_type=sub_type, payload=payload, batch_id=batch)
    owner = user_id(caller.issuer, caller.subject)
    now = datetime.now(UTC)
    job = Job(id=id_, tenant=caller.tenants[0], owner=owner, kind=BATCH, created=now, updated=now, view=seen)
    return job.hear(News(status=JobStatus.SUCCEEDED, at=now, message=id_, result=result))


def failed(job: Job, problem: Problem) -> Job:
    """The job, if it could not be done."""
    news = News(status=JobStatus.FAILED, at=job.created, message=job.id, problem=problem.model_copy(update={"job": job.id}))
    return job.model_copy(update={"heard": {JobStatus.FAILED: news}})


def _lodging_only(caller: Caller, handle: str) -> View:
    payload = {"model_run_record_id": handle, "record": None, "revalidate": False, "user_info": caller.name}
    return view(caller, "MODEL_RUN_LODGE_ONLY", payload)
