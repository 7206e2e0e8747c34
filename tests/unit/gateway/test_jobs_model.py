"""Jobs only move forwards."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import uuid7
from contracts.problem import Problem
from contracts.vocabulary import JobStatus
from gateway.jobs.model import RANK, Job, News

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
PROBLEM = Problem.of("executor:wrong-status", "it has ended")

news = st.builds(
    News,
    status=st.sampled_from([JobStatus.IN_PROGRESS, JobStatus.FAILED, JobStatus.SUCCEEDED]),
    at=st.integers(0, 5).map(lambda seconds: BEGAN + timedelta(seconds=seconds)),
    message=st.integers(1, 1000).map(lambda n: UUID(int=n)),
    result=st.dictionaries(st.sampled_from(["run", "number", "status"]), st.integers(0, 3)),
    problem=st.sampled_from([None, PROBLEM]),
)


def a_job() -> Job:
    return Job(id=uuid7(), tenant="physics", owner="user/i/a", kind="executor.start-run", created=BEGAN, updated=BEGAN)


def told(standing: JobStatus, seconds: int = 0, /, **result: object) -> News:
    return News(status=standing, at=BEGAN + timedelta(seconds=seconds), message=uuid7(), result=result)


@given(
    st.lists(news, max_size=6, unique_by=lambda one: one.message).flatmap(
        lambda all_: st.tuples(st.just(all_), st.permutations(all_))
    )
)
def test_any_order_of_facts_ends_in_the_same_job(pair) -> None:
    """Facts may be late, repeated and reordered; the job is the same."""
    first, second = a_job(), None
    second = first.model_copy()

    for one in pair[0]:
        first = first.hear(one)
    for one in [*pair[1], *pair[1]]:
        second = second.hear(one)

    assert first == second
    assert (first.status, first.result, first.problem) == (second.status, second.result, second.problem)


@given(st.lists(news, max_size=8))
def test_a_job_never_moves_backwards(facts) -> None:
    """Whatever is heard, the rank of the status does not sink."""
    job = a_job()

    for one in facts:
        after = job.hear(one)
        assert RANK[after.status] >= RANK[job.status]
        job = after


def test_a_late_fact_adds_what_it_knows() -> None:
    """RunQueued after RunCaptured still tells the number."""
    job = a_job().hear(told(JobStatus.SUCCEEDED, 5, run="r", status="finished"))

    job = job.hear(told(JobStatus.IN_PROGRESS, 1, run="r", number="3"))

    assert (job.status, job.result) == (JobStatus.SUCCEEDED, {"run": "r", "number": "3", "status": "finished"})


def test_a_replayed_delivery_heals_its_job() -> None:
    """A job that failed by a parked delivery succeeds later, and its problem is gone."""
    failed = a_job().hear(News(status=JobStatus.FAILED, at=BEGAN, message=uuid7(), problem=PROBLEM))

    healed = failed.hear(told(JobStatus.SUCCEEDED, 9))

    assert failed.problem == PROBLEM
    assert failed.settled
    assert (healed.status, healed.problem) == (JobStatus.SUCCEEDED, None)


def test_a_new_job_waits() -> None:
    """Before any fact a job is pending."""
    job = a_job()

    assert (job.status, job.settled, job.result, job.problem) == (JobStatus.PENDING, False, {}, None)
