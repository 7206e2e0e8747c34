"""What facts do to jobs, through the real bus and the real table."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import pytest

from chassis.refusal import Refusal
from chassis.testing import somebody
from contracts.executor import Run, RunFinished, RunQueued, RunStopped, StartRun, WorkflowRef
from contracts.ids import uuid7
from contracts.message import Event, FileRef, Message
from contracts.problem import Problem
from contracts.provenance import RunCaptured
from contracts.refusals import ExecutorCommandRefused, ProvenanceDeliveryParked
from contracts.vocabulary import Engine, JobStatus, RunStatus
from gateway.jobs.handlers import begin_run, fail
from gateway.jobs.model import Job
from gateway.jobs.sending import send
from gateway.jobs.waiting import reached, settled
from gateway.unit import GatewayHouse

FLOW = WorkflowRef(
    id=uuid7(),
    handle="10378.1/1",
    name="d",
    version="1",
    revision=1,
    engine=Engine.CWL,
    spec=FileRef(key="k", sha256="0" * 64, size=1),
    main="m",
)
ADA = somebody("ada", "physics")
PATIENCE = 60


def a_run(job: UUID | None, status: RunStatus = RunStatus.QUEUED, **more) -> Run:
    told = {"id": uuid7(), "tenant": "physics", "name": "d:1", "number": "4", "workflow": FLOW, "created": datetime.now(UTC)}
    return Run(**told | {"owner": "o", "owner_name": "Ada", "job": job, "status": status} | more)


async def say(house: GatewayHouse, *facts: Event) -> None:
    """Each in a transaction of its own, as services do."""
    for fact in facts:
        async with house.work() as unit:
            await unit.publish(fact)


async def sent(house: GatewayHouse, command) -> Job:
    async with house.work() as unit:
        return await send(unit, command, ADA, command.run)


async def find(house: GatewayHouse, job: UUID) -> Job | None:
    async with house.work() as unit:
        return await unit.jobs.find(job)


async def until(house: GatewayHouse, job: UUID) -> Job:
    """The job of a foreign publisher, as soon as it is there and settled."""
    async with asyncio.timeout(PATIENCE):
        while not ((found := await find(house, job)) and found.settled):
            await asyncio.sleep(0.05)
    return found


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 1, 0)])
async def test_facts_settle_a_job_in_any_order(house: GatewayHouse, order: tuple[int, ...]) -> None:
    """The end is the same whichever fact is heard first, and however often."""
    job = uuid7()
    run = a_run(job)
    facts = [
        RunQueued(run=run, job=job, tenant="physics", caller=ADA),
        RunCaptured(run=run.id, status=RunStatus.FINISHED, job=job, tenant="physics", caller=ADA),
    ]

    await say(house, *(facts[n] for n in order))

    found = await until(house, job)
    async with asyncio.timeout(PATIENCE):
        while len(found.heard) < 2:
            await asyncio.sleep(0.05)
            found = await settled(house, job, 5)
    assert (found.status, found.kind, found.owner) == (
        JobStatus.SUCCEEDED,
        "executor.start-run",
        "user/https://issuer.test/realm/sub-ada",
    )
    assert found.result == {"run": str(run.id), "name": "d:1", "number": "4", "status": "finished"}


async def test_a_fact_of_nobody_makes_no_job(house: GatewayHouse) -> None:
    """Without a known caller and tenant there is nobody to show it to; without a job there is nothing to do."""
    job = uuid7()

    async with house.work() as unit:
        await begin_run(RunQueued(run=a_run(job), job=job, tenant="physics"), unit)
        await begin_run(RunQueued(run=a_run(None)), unit)

    assert await find(house, job) is None


async def test_another_tenants_fact_does_not_touch_a_job(house: GatewayHouse) -> None:
    """Whoever guesses a job's id cannot fail it."""
    order = await sent(house, StartRun(run=uuid7(), workflow=FLOW, tenant="physics"))
    no = Problem.of("executor:wrong-status", "ha")
    forged = ExecutorCommandRefused(
        of=StartRun.subject, message=uuid7(), problem=no, job=order.id, tenant="chemistry", caller=ADA
    )

    async with house.work() as unit:
        await fail(forged, unit)

    found = await find(house, order.id)
    assert found
    assert found.status is not JobStatus.FAILED


async def test_refused_and_parked_work_fails_its_job(house: GatewayHouse) -> None:
    """With the problem, which names the job."""
    for fact, problem in (
        (ExecutorCommandRefused, Problem.of("executor:wrong-status", "no")),
        (ProvenanceDeliveryParked, Problem.of("bus:parked", "oops")),
    ):
        job = uuid7()
        more = {"queue": "q"} if fact is ProvenanceDeliveryParked else {}
        await say(
            house, fact(of=StartRun.subject, message=uuid7(), problem=problem, job=job, tenant="physics", caller=ADA, **more)
        )

        found = await until(house, job)
        assert found.status is JobStatus.FAILED
        assert found.problem == problem.model_copy(update={"job": job})


@pytest.mark.parametrize(
    ("fact", "status", "outcome"),
    [(RunFinished, RunStatus.FINISHED, JobStatus.FAILED), (RunStopped, RunStatus.STOPPED, JobStatus.SUCCEEDED)],
)
async def test_a_stop_is_settled_by_any_end(house: GatewayHouse, fact, status: RunStatus, outcome: JobStatus) -> None:
    """A stop that came too late is told so, however many asked for it."""
    run, moment = a_run(None, status), datetime.now(UTC)
    told = {"tenant": "physics", "owner": "o", "kind": "executor.stop-run", "about": run.id}
    stops = [Job(id=uuid7(), created=moment, updated=moment, **told) for _ in range(2)]
    async with house.work() as unit:
        for stop in stops:
            await unit.jobs.add(stop)

    await say(house, fact(run=run, job=stops[0].id, tenant="physics"))

    found = [await until(house, stop.id) for stop in stops]
    assert [stop.status for stop in found] == [outcome] * 2
    assert [stop.problem.job for stop in found if stop.problem] == [stop.id for stop in found if stop.problem]


async def test_the_job_of_a_run_that_was_stopped_is_settled_too(house: GatewayHouse) -> None:
    """The last fact of a stopped run may name the stop's job; the one that started it is done as well."""
    run = uuid7()
    async with house.work() as unit:
        start = await send(unit, StartRun(run=run, workflow=FLOW, tenant="physics"), ADA, run)

    await say(house, RunCaptured(run=run, status=RunStatus.STOPPED, job=uuid7(), tenant="physics", caller=ADA))

    found = await until(house, start.id)
    assert (found.status, found.result["status"]) == (JobStatus.SUCCEEDED, "stopped")


async def test_a_command_and_its_job_are_one(house: GatewayHouse) -> None:
    """If the transaction fails, neither is there; if it does not, the command is the caller's, proven."""

    async def broken() -> tuple[Job, Message]:
        with suppress(RuntimeError):
            async with house.work() as unit:
                job = await send(unit, StartRun(run=uuid7(), workflow=FLOW, tenant="physics"), ADA)
                raise RuntimeError
        return job, unit.said[0].message

    job, command = await broken()

    house.callers.prove(command)
    assert command.job == job.id
    assert await find(house, job.id) is None


async def test_waiting_ends_in_time(house: GatewayHouse) -> None:
    """With the job as it stands; for a job that is not there at once."""
    async with house.work() as unit:
        await unit.jobs.add(
            job := Job(id=uuid7(), tenant="t", owner="o", kind="k", created=datetime.now(UTC), updated=datetime.now(UTC))
        )

    assert (await reached(house, job.id, JobStatus.IN_PROGRESS, 0.1)).status is JobStatus.PENDING
    with pytest.raises(Refusal, match="no job"):
        await settled(house, uuid7(), 5)
