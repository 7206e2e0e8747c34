"""The table of jobs and its statements."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field as PydanticField
from sqlalchemy import Column, DateTime, Text, Uuid, cast, delete, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col, select

from chassis.listing import Listing, among, wanted
from contracts.ids import user_id
from contracts.lists import PLAIN, Asked, Ids
from contracts.message import Command
from contracts.vocabulary import JobStatus
from gateway.jobs.model import SETTLED, Job, News, View


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
    username: str | None = Field(default=None, sa_column=Column(Text))
    job_type: str | None = Field(default=None, sa_column=Column(Text))
    job_sub_type: str | None = Field(default=None, sa_column=Column(Text))
    payload: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    batch_id: UUID | None = Field(default=None, sa_column=Column(Uuid))
    chained_to: UUID | None = Field(default=None, sa_column=Column(Uuid))

    @classmethod
    def of(cls, job: Job) -> "JobRow":
        """A job's row."""
        view = job.view.model_dump() if job.view else {}
        told = {**job.model_dump(exclude={"heard", "view"}), **view}
        return cls.model_validate({**told, "status": job.status.value, "heard": _heard(job)})

    def job(self) -> Job:
        """The job of this row."""
        told = self.model_dump(exclude={"status"})
        return Job.model_validate({**told, "view": View.model_validate(told) if self.job_type else None})


LISTING = Listing({"created": JobRow.created}, JobRow.id)


class JobsAsked(Asked):
    """What a list of jobs can be asked for."""

    status: list[JobStatus] = PydanticField([], max_length=10, description="With one of these; may be repeated")
    kind: str | None = PydanticField(None, max_length=100, pattern=PLAIN, examples=["executor.start-run"])
    about: UUID | None = PydanticField(None, description="About this workflow or run")
    id: Ids = []
    sort: Literal["created", "-created"] = PydanticField("-created", description="In which order; `-` means the last first")


def _heard(job: Job) -> dict[str, Any]:
    return {status.value: news.model_dump(mode="json") for status, news in job.heard.items()}


def fresh(order: Command, about: UUID | None, view: View | None = None) -> Job:
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
        view=view,
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

    async def page(self, tenants: Collection[str], asked: JobsAsked) -> tuple[list[Job], str | None]:
        """Jobs of these tenants, a page of them, and the cursor of the next one."""
        query = select(JobRow).where(
            col(JobRow.tenant).in_(among(asked, tenants)),
            wanted(asked, JobRow.created, JobRow.kind),
            *([col(JobRow.status).in_(asked.status)] if asked.status else []),
            *([col(JobRow.kind) == asked.kind] if asked.kind is not None else []),
            *([col(JobRow.about) == asked.about] if asked.about is not None else []),
            *([col(JobRow.id).in_(asked.id)] if asked.id else []),
        )
        found = (await self._session.scalars(LISTING.page(query, asked.sort, asked.after, asked.limit))).all()
        rows, following = LISTING.cut(found, asked.sort, asked.limit)
        return [row.job() for row in rows], following

    async def fill(self, job: UUID, payload: dict[str, Any]) -> None:
        """Add to what a job was given, now that it is known."""
        told = col(JobRow.payload).op("||")(cast(payload, JSONB))
        await self._session.execute(update(JobRow).where(col(JobRow.id) == job).values(payload=told))

    async def chained(self, job: UUID) -> list[UUID]:
        """The jobs whose work this one gives."""
        query = select(JobRow.id).where(col(JobRow.chained_to) == job).order_by(col(JobRow.id))
        return list((await self._session.execute(query)).scalars())

    async def unchain(self, job: UUID) -> None:
        """Remove the jobs whose work this one would have given."""
        await self._session.execute(delete(JobRow).where(col(JobRow.chained_to) == job))

    async def seen(
        self, username: str | None, batch: UUID | None, after: str | None, limit: int
    ) -> tuple[list[Job], str | None]:
        """Jobs as clients of Provena list them, newest first: somebody's or everybody's, of a batch or of all."""
        query = select(JobRow).where(
            col(JobRow.job_type).is_not(None),
            *([col(JobRow.username) == username] if username is not None else []),
            *([col(JobRow.batch_id) == batch] if batch is not None else []),
        )
        found = (await self._session.scalars(LISTING.page(query, "-created", after, limit))).all()
        rows, following = LISTING.cut(found, "-created", limit)
        return [row.job() for row in rows], following
