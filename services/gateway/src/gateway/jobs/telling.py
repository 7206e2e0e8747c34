"""Letting jobs hear of facts."""

from typing import Any
from uuid import UUID

from contracts.ids import user_id
from contracts.message import Event
from contracts.problem import Problem
from contracts.vocabulary import JobStatus
from gateway.jobs.model import Job, News
from gateway.unit import GatewayUnit


async def tell(
    unit: GatewayUnit,
    event: Event,
    status: JobStatus,
    result: dict[str, Any],
    kind: str,
    about: UUID | None = None,
    *,
    job: UUID | None = None,
    problem: Problem | None = None,
) -> None:
    """Let the job of a fact hear it. The job of a foreign publisher's command is made when it is first heard of."""
    key = event.job or job
    if key is None:
        return
    news = news_of(event, status, result, problem)
    if await hear(unit, event, key, news) or event.tenant is None or event.caller is None:
        return
    owner = user_id(event.caller.issuer, event.caller.subject)
    await unit.jobs.add(
        Job(id=key, tenant=event.tenant, owner=owner, kind=kind, about=about, created=event.at, updated=event.at)
    )
    await hear(unit, event, key, news)


async def hear(unit: GatewayUnit, event: Event, job: UUID, news: News) -> bool:
    """Let a job hear what a fact means for it; whether there is such a job."""
    if news.problem is not None:
        news = news.model_copy(update={"problem": news.problem.model_copy(update={"job": job})})
    heard = await unit.jobs.hear(job, event.tenant, news)
    if heard is not None:
        unit.ring(f"job:{job}")
    return heard is not None


def news_of(event: Event, status: JobStatus, result: dict[str, Any], problem: Problem | None = None) -> News:
    """What a fact means for a job."""
    return News(status=status, at=event.at, message=event.id, result=result, problem=problem)
