"""The table of jobs and its statements."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Column, DateTime, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col, select

from contracts.ids import user_id
from contracts.message import Command
from contracts.vocabulary import JobStatus
from gateway.jobs.model import SETTLED, Job, News


class JobRow(SQLModel, table=True):
    """A job as a row; `status` repeats what `heard` says, for lists."""

    __tablename__ = "jobs"
    __table_args__: ClassVar[dict[str, Any]] = {"schema": "gateway"}

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    tenant: str = Field(sa_column=Column(Text, nullable=False))
    owner: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    about: UUID | None = Field(default=None, sa_column=Column(Uuid))
    status: str = Field(sa_column=Column(Text, nullable=False))
    created: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    updated: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    heard: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))

    @classmethod
    def of(cls, job: Job) -> "JobRow":
        """A job's row."""
        return cls.model_validate({**job.model_dump(exclude={"heard"}), "status": job.status.value, "heard": _heard(job)})

    def job(self) -> Job:
        """The job of this row."""
        return Job.model_validate(self.model_dump(exclude={"status"}))


def _heard(job: Job) -> dict[str, Any]:
    return {status.value: news.model_dump(mode="json") for status, news in job.heard.items()}


def fresh(order: Command, about: UUID | None) -> Job:
    """The job of a signed command that is about to be sent."""
    if order.job is None or order.tenant is None or order.caller is None:
        msg = f"{order.subject} needs a job, a tenant and a caller"
        raise ValueError(msg)
    return Job(
        id=order.job,
        tenant=order.tenant,
        owner=user_id(order.caller.issuer, order.caller.subject),
        kind=kind_of(order.subject),
        about=about,
        created=order.at,
        updated=order.at,
    )


def kind_of(subject: str) -> str:
    """A subject without its version: `executor.start-run`."""
    return subject.rpartition(".")[0]


class Jobs:
    """Jobs in the database, within a transaction of the caller's."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, job: Job) -> bool:
        """Write a new job; say whether it was new."""
        row = insert(JobRow).values(JobRow.of(job).model_dump()).on_conflict_do_nothing().returning(col(JobRow.id))
        return (await self._session.execute(row)).scalar() is not None

    async def find(self, job: UUID, tenants: Collection[str] | None = None) -> Job | None:
        """A job, if it is one of these tenants' (None: whoever's)."""
        query = select(JobRow).where(col(JobRow.id) == job)
        if tenants is not None:
            query = query.where(col(JobRow.tenant).in_(tenants))
        row = (await self._session.execute(query)).scalar()
        return row.job() if row is not None else None

    async def hear(self, job: UUID, tenant: str | None, news: News) -> Job | None:
        """Let a job hear a fact, unless the fact is another tenant's; the job as it stands then, None if there is none."""
        query = select(JobRow).where(col(JobRow.id) == job).with_for_update().execution_options(populate_existing=True)
        row = (await self._session.execute(query)).scalar()
        if row is None or tenant not in {None, row.tenant}:
            return None
        after = row.job().hear(news)
        row.heard, row.status, row.updated = _heard(after), after.status.value, after.updated
        await self._session.flush()
        return after

    async def waiting(self, about: UUID, kinds: Collection[str]) -> list[UUID]:
        """Jobs of some kinds about a thing that are not settled."""
        query = (
            select(JobRow.id)
            .where(col(JobRow.about) == about, col(JobRow.kind).in_(kinds), col(JobRow.status).not_in(SETTLED))
            .order_by(col(JobRow.id))
        )
        return list((await self._session.execute(query)).scalars())

    async def page(
        self, tenants: Collection[str], *, status: JobStatus | None = None, limit: int = 50, after: UUID | None = None
    ) -> list[Job]:
        """Jobs of these tenants, newest first, from the one after `after`."""
        query = select(JobRow).where(col(JobRow.tenant).in_(tenants))
        if status is not None:
            query = query.where(col(JobRow.status) == status)
        if after is not None:
            query = query.where(col(JobRow.id) < after)
        rows = await self._session.execute(query.order_by(col(JobRow.id).desc()).limit(limit))
        return [row.job() for row in rows.scalars()]
