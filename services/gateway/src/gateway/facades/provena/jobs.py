"""`/jobs`: jobs as clients of Provena see them."""

from typing import Any
from uuid import UUID, uuid4

from pydantic import TypeAdapter, ValidationError

from chassis.files import collect
from chassis.refusal import Refusal
from contracts.message import Caller, FileRef
from gateway.facades.provena import common
from gateway.facades.provena.doors import AsAnybody, AsJobReader, AsJobWriter, Here
from gateway.facades.provena.doors import router as router_of
from gateway.facades.provena.errors import DetailError
from gateway.facades.provena.launching import launched
from gateway.facades.provena.printing import Body, job_row
from gateway.facades.provena.shapes import AdminJobBatch, AdminJobPage, JobBatch, JobPage, Launch
from gateway.jobs.model import Job
from gateway.unit import GatewayHouse

router = router_of("jobs")
common.add(router, "jobs")
UUIDS = TypeAdapter(UUID)
DOCUMENT_LIMIT = 64 * 2**20
"""Bytes of a PROV document in an answer."""
BIGGEST_PAGE = 200


@router.post("/jobs/admin/launch", summary="Begin a job")
async def launch(wanted: Launch, caller: AsJobWriter, house: Here) -> Body:
    """Begin a job, alone, in a batch or in a new one."""
    batch = uuid4() if wanted.request_batch_id else wanted.add_to_batch
    job = await launched(house, caller, wanted, batch)
    return {"session_id": str(job), "batch_id": str(batch) if batch else None}


@router.get("/jobs/admin/fetch", summary="Show a job")
async def fetch_any(_caller: AsJobReader, house: Here, session_id: str) -> Body:
    """Anybody's job."""
    return {"job": await row(house, await _find(house, session_id))}


@router.get("/jobs/user/fetch", summary="Show a job of yours")
async def fetch(caller: AsAnybody, house: Here, session_id: str) -> Body:
    """A job of yours."""
    job = await _find(house, session_id)
    _yours(caller, [job])
    return {"job": await row(house, job)}


@router.post("/jobs/admin/list", summary="List jobs")
async def page_any(wanted: AdminJobPage, _caller: AsJobReader, house: Here) -> Body:
    """Everybody's jobs, or somebody's, newest first."""
    return await _page(house, wanted, wanted.username_filter)


@router.post("/jobs/user/list", summary="List your jobs")
async def page(wanted: JobPage, caller: AsAnybody, house: Here) -> Body:
    """Your jobs, newest first."""
    return await _page(house, wanted, caller.name)


@router.post("/jobs/admin/list_batch", summary="List the jobs of a batch")
async def batch_any(wanted: AdminJobBatch, _caller: AsJobReader, house: Here) -> Body:
    """The jobs of a batch, newest first; those of one person, if asked for."""
    return await _page(house, wanted, wanted.username_filter, _batch(wanted.batch_id))


@router.post("/jobs/user/list_batch", summary="List the jobs of a batch of yours")
async def batch(wanted: JobBatch, caller: AsAnybody, house: Here) -> Body:
    """The jobs of a batch of yours, newest first."""
    return await _page(house, wanted, None, _batch(wanted.batch_id), caller)


@router.post("/jobs/admin/retry", summary="Not offered", deprecated=True)
async def retry_any(_caller: AsJobWriter) -> Body:
    """Refused, as it always was."""
    raise DetailError(400, "Jobs are not tried again by request; give the order again.")


@router.post("/jobs/user/retry", summary="Not offered", deprecated=True)
async def retry(_caller: AsAnybody) -> Body:
    """Refused, as it always was."""
    raise DetailError(400, "Jobs are not tried again by request; give the order again.")


async def row(house: GatewayHouse, job: Job) -> Body:
    """A job with its outcome."""
    return job_row(job, await result_of(house, job))


async def result_of(house: GatewayHouse, job: Job) -> dict[str, Any]:
    """What came of a job, never null: a model run's record with its document, or what is noted already."""
    found = job.result
    if not job.settled or job.problem is not None:
        return {}
    if "revision" not in found or "handle" not in found:
        return found
    record = found.get("record") or await _json(house, found.get("record_file"))
    return {"record": {"id": found["handle"], "prov_json": await _text(house, found.get("document")), "record": record}}


async def _json(house: GatewayHouse, file: dict[str, Any] | None) -> Any:
    return TypeAdapter(dict[str, Any]).validate_json(await _text(house, file) or "{}")


async def _text(house: GatewayHouse, file: dict[str, Any] | None) -> str:
    if file is None:
        return ""
    try:
        return (await collect(house.files.get(FileRef.model_validate(file).key), DOCUMENT_LIMIT)).decode()
    except FileNotFoundError:
        return ""


async def _find(house: GatewayHouse, session_id: str) -> Job:
    try:
        key = UUIDS.validate_python(session_id)
    except ValidationError:
        raise DetailError(400, f"There is no job {session_id[:100]}.") from None
    async with house.work() as unit:
        found: Job | None = await unit.jobs.find(key)
    if found is None or found.view is None:
        raise DetailError(400, f"There is no job {session_id}.")
    return found


def _batch(told: str) -> UUID:
    try:
        return UUIDS.validate_python(told)
    except ValidationError:
        raise DetailError(400, f"There is no batch {told[:100]}.") from None


def _yours(caller: Caller, jobs: list[Job]) -> None:
    if any(job.view is None or job.view.username != caller.name for job in jobs):
        raise DetailError(401, "That job is not yours.")


async def _page(
    house: GatewayHouse, wanted: JobPage, username: str | None, of: UUID | None = None, caller: Caller | None = None
) -> Body:
    after = (wanted.pagination_key or {}).get("after")
    if after is not None and not isinstance(after, str):
        raise DetailError(400, "pagination_key is not what the page before gave.")
    try:
        async with house.work() as unit:
            found, following = await unit.jobs.seen(username, of, after, min(wanted.limit, BIGGEST_PAGE))
    except Refusal as no:
        raise DetailError(400, f"pagination_key: {no.problem.detail}") from no
    if caller is not None:
        _yours(caller, found)
    return {"jobs": [await row(house, one) for one in found], "pagination_key": {"after": following} if following else None}
