"""Jobs that an order leads to: there with it, settled by facts, gone with a refusal."""

import asyncio
from collections.abc import Callable
from uuid import UUID

import pytest

from chassis.testing import somebody
from contracts.entries import (
    ActivityRegistered,
    CreateEntry,
    Entry,
    EntryCreated,
    EntryUpdated,
    RelodgeActivity,
    Spinoff,
    UpdateEntry,
    WithdrawActivity,
)
from contracts.ids import uuid7
from contracts.kinds import Kind
from contracts.message import Command, Event
from contracts.model_runs import ModelRunLodged, RegisterModelRun, UpdateModelRun, WithdrawModelRun
from contracts.problem import Problem
from contracts.provenance import RecordLodged, RecordWithdrawn
from contracts.refusals import RegistryCommandRefused, RegistryDeliveryParked
from contracts.vocabulary import JobStatus
from gateway.jobs.model import Job, View
from gateway.jobs.sending import send, spun
from gateway.unit import GatewayHouse

ADA, EVE = somebody("ada", "physics"), somebody("eve", "physics")
INFO = {"display_name": "m"}


def entry() -> Entry:
    told = {"handle": "10378.1/7", "kind": Kind.MODEL, "tenant": "physics", "owner": "ada", "created": 1, "updated": 1}
    return Entry.model_validate(told | {"info": INFO})


async def ordered(house: GatewayHouse, command: Command, spinoff: Spinoff | None = None) -> tuple[Job, Spinoff]:
    """An order that leads to two more jobs."""
    jobs, chained = spun(ADA, "CREATE")
    async with house.work() as unit:
        return await send(unit, command.model_copy(update={"tenant": "physics"}), ADA, chained=chained), spinoff or jobs


async def say(house: GatewayHouse, *facts: Event) -> None:
    for fact in facts:
        async with house.work() as unit:
            await unit.publish(fact)


async def until(house: GatewayHouse, job: UUID, holds: Callable[[Job | None], bool]) -> Job | None:
    """The job as soon as something holds of it."""
    async with asyncio.timeout(60):
        while True:
            async with house.work() as unit:
                found: Job | None = await unit.jobs.find(job)
            if holds(found):
                return found
            await asyncio.sleep(0.02)


def is_(status: JobStatus) -> Callable[[Job | None], bool]:
    return lambda job: job is not None and job.status is status


async def test_the_jobs_of_a_creation_are_there_at_once_and_settled_by_facts(house: GatewayHouse) -> None:
    """Both jobs are visible with the order; the activity fills what they were given, the graph ends the last."""
    job, jobs = await ordered(house, CreateEntry(entry_kind=Kind.MODEL, info=INFO))
    async with house.work() as unit:
        there, _ = await unit.jobs.seen("ada", None, None, 10)
    assert {one.id for one in there} >= {jobs.register_job, jobs.lodge_job}
    said = {"tenant": "physics", "caller": ADA}
    created = EntryCreated(job=job.id, **said, entry=entry(), spinoff=jobs, activity="10378.1/8")
    activity = ActivityRegistered(
        job=jobs.lodge_job,
        **said,
        activity="10378.1/8",
        entry_kind=Kind.CREATE,
        item="10378.1/7",
        item_kind=Kind.MODEL,
        person="10378.1/1",
    )
    # the graph's tenant is another, and the fact may come before the others
    lodged = RecordLodged(job=jobs.lodge_job, tenant="registry", caller=ADA, record="10378.1/8")
    await say(house, lodged, activity, created)
    assert (await until(house, job.id, is_(JobStatus.SUCCEEDED))).result["register_job"] == str(jobs.register_job)
    register = await until(house, jobs.register_job, lambda one: one.settled and "linked_person_id" in one.view.payload)
    assert register.result == {"creation_activity_id": "10378.1/8", "lodge_session_id": str(jobs.lodge_job)}
    assert register.view.payload == {
        "created_item_id": "10378.1/7",
        "created_item_subtype": "MODEL",
        "linked_person_id": "10378.1/1",
    }
    lodge = await until(house, jobs.lodge_job, lambda one: one.settled and "creation_activity_id" in one.view.payload)
    assert lodge.status is JobStatus.SUCCEEDED


@pytest.mark.parametrize("unneeded", ["refused", "no seed"])
async def test_jobs_that_come_to_nothing_go(house: GatewayHouse, unneeded: str) -> None:
    """A refusal removes the jobs that would have followed; so does an update of what was no seed."""
    job, jobs = await ordered(house, UpdateEntry(handle="10378.1/7", info=INFO))
    fact: Event = EntryUpdated(job=job.id, tenant="physics", caller=ADA, entry=entry())
    if unneeded == "refused":
        problem = Problem.of("registry:no-such-entry", "no")
        fact = RegistryCommandRefused(
            job=job.id, tenant="physics", caller=ADA, of=UpdateEntry.subject, message=uuid7(), problem=problem
        )
    await say(house, fact)
    await until(house, job.id, lambda one: one is not None and one.settled)
    for one in (jobs.register_job, jobs.lodge_job):
        assert await until(house, one, lambda found: found is None) is None


async def test_jobs_of_what_was_set_aside_fail_and_recover(house: GatewayHouse) -> None:
    """A parked delivery fails the jobs that follow, too; a replay makes them good."""
    job, jobs = await ordered(house, CreateEntry(entry_kind=Kind.MODEL, info=INFO))
    problem, said = Problem.of("gateway:bug", "a fault"), {"tenant": "physics", "caller": ADA}
    of = {"of": CreateEntry.subject, "message": uuid7(), "queue": "registry.create-entry"}
    await say(house, RegistryDeliveryParked(job=job.id, **said, **of, problem=problem))
    await until(house, jobs.register_job, is_(JobStatus.FAILED))
    await say(house, EntryCreated(job=job.id, **said, entry=entry(), spinoff=jobs, activity="10378.1/8"))
    await until(house, jobs.register_job, is_(JobStatus.SUCCEEDED))


async def test_a_fact_of_somebody_else_s_order_settles_nothing(house: GatewayHouse) -> None:
    """Facts about the graph name another tenant than the order, so whose order it was decides."""
    view = View(username="ada", job_type="PROV_LODGE", job_sub_type="MODEL_RUN_PROV_LODGE")
    async with house.work() as unit:
        job = await send(unit, RegisterModelRun(tenant="physics"), ADA, view=view)
    await say(house, ModelRunLodged(job=job.id, tenant="biology", caller=EVE, handle="10378.1/666", revision=1))
    await say(house, ModelRunLodged(job=job.id, tenant="biology", caller=ADA, handle="10378.1/9", revision=1))
    found = await until(house, job.id, is_(JobStatus.SUCCEEDED))
    assert found.result["handle"] == "10378.1/9"


@pytest.mark.parametrize(
    "order",
    [
        UpdateModelRun(handle="10378.1/9", reason="r", tenant="physics"),
        RelodgeActivity(handle="10378.1/9", tenant="physics"),
        WithdrawModelRun(handle="10378.1/9", tenant="physics"),
        WithdrawActivity(handle="10378.1/9", tenant="physics"),
    ],
)
async def test_who_is_overtaken_is_told_so(house: GatewayHouse, order: Command) -> None:
    """A statement that finds its record withdrawn, or a withdrawal that finds it lodged again, ends its job: it failed."""
    said = {"tenant": "~", "caller": ADA, "record": "10378.1/9"}
    withdraws = isinstance(order, WithdrawModelRun | WithdrawActivity)
    async with house.work() as unit:
        job = await send(unit, order, ADA)

    await say(house, RecordLodged(job=job.id, **said) if withdraws else RecordWithdrawn(job=job.id, **said))

    found = await until(house, job.id, is_(JobStatus.FAILED))
    assert found.problem.type == "urn:problem:registry:overtaken"
    assert found.problem.detail.startswith("10378.1/9 was " + ("lodged again" if withdraws else "withdrawn"))


async def test_jobs_are_listed_for_whom_they_are(house: GatewayHouse) -> None:
    """Pages follow each other without gaps; what has no view is not listed; a batch is its jobs."""
    batch = uuid7()
    view = View(username="ada", job_type="PROV_LODGE", job_sub_type="MODEL_RUN_PROV_LODGE", batch_id=batch)
    made = set()
    async with house.work() as unit:
        for _ in range(5):
            made.add((await send(unit, RegisterModelRun(tenant="physics"), ADA, view=view)).id)
        unseen = await send(unit, RegisterModelRun(tenant="physics"), ADA)
        await send(unit, RegisterModelRun(tenant="physics"), EVE, view=view.model_copy(update={"username": "eve"}))
    found, after = [], None
    async with house.work() as unit:
        while True:
            page, after = await unit.jobs.seen("ada", batch, after, 2)
            found += [one.id for one in page]
            if after is None:
                break
        everybody, _ = await unit.jobs.seen(None, batch, None, 50)
        alone, _ = await unit.jobs.seen("ada", None, None, 200)
    assert len(found) == 5 and set(found) == made
    assert len(everybody) == 6 and unseen.id not in {one.id for one in alone}
