"""Runs that have finished, what became of them, and the files of datasets that hold their outputs."""

from collections.abc import Collection, Iterable
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Boolean, Column, ForeignKey, Text, Uuid, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from contracts.executor import Run
from contracts.message import FileRef, Part
from contracts.outcomes import DatasetFile, Outcome
from contracts.problem import Problem
from registry.entries.rows import BY_BYTES, SCHEMA, among


class FinishedRow(SQLModel, table=True):
    """A run that has finished, as its last fact told it."""

    __tablename__ = "finished_runs"
    __table_args__: ClassVar[dict[str, Any]] = SCHEMA

    run: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    tenant: str = Field(sa_column=Column(Text, nullable=False))
    state: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    datasets: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    """Datasets that hold outputs of it, each with the template that it stands for."""
    deleted: bool = Field(default=False, sa_column=Column(Boolean, nullable=False))
    model_run: str | None = Field(default=None, sa_column=Column(Text))
    problem: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))


class FileRow(SQLModel, table=True):
    """A file of a dataset: an output of a run."""

    __tablename__ = "dataset_files"
    __table_args__: ClassVar[dict[str, Any]] = SCHEMA

    dataset: str = Field(
        sa_column=Column(Text(collation=BY_BYTES), ForeignKey("registry.entries.handle", ondelete="cascade"), primary_key=True)
    )
    occurrence: str = Field(sa_column=Column(Text(collation=BY_BYTES), primary_key=True))
    path: str = Field(sa_column=Column(Text, nullable=False))
    role: str | None = Field(default=None, sa_column=Column(Text))
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class Finished(Part):
    """A finished run and what became of it."""

    run: Run
    datasets: dict[str, str | None] = {}
    deleted: bool = False
    model_run: str | None = None
    problem: Problem | None = None

    @classmethod
    def of(cls, row: FinishedRow) -> "Finished":
        """The run of a row."""
        return cls.model_validate({**row.model_dump(exclude={"run", "tenant", "state"}), "run": row.state})

    def outcome(self) -> Outcome:
        """What others are told of it."""
        return Outcome(run=self.run.id, model_run=self.model_run, datasets=tuple(self.datasets), problem=self.problem)


class Outcomes:
    """Finished runs, within a transaction of the caller's."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def note(self, run: Run) -> bool:
        """Keep a run that has finished; say whether it was new."""
        told = {"run": run.id, "tenant": run.tenant, "state": run.model_dump(mode="json"), "datasets": {}, "deleted": False}
        row = insert(FinishedRow).values(told).on_conflict_do_nothing().returning(col(FinishedRow.run))
        return (await self._session.execute(row)).scalar() is not None

    async def hold(self, run: UUID, tenants: Collection[str]) -> Finished | None:
        """A finished run of these tenants, held until the transaction ends."""
        query = select(FinishedRow).where(col(FinishedRow.run) == run, col(FinishedRow.tenant).in_(tenants))
        row = await self._session.scalar(query.with_for_update().execution_options(populate_existing=True))
        return Finished.of(row) if row else None

    async def look(self, run: UUID, tenants: Collection[str]) -> Finished | None:
        """A finished run of these tenants."""
        query = select(FinishedRow).where(col(FinishedRow.run) == run, col(FinishedRow.tenant).in_(tenants))
        row = await self._session.scalar(query)
        return Finished.of(row) if row else None

    async def put(self, done: Finished) -> None:
        """Store what has become of a run that is held."""
        told = done.model_dump(mode="json", include={"datasets", "deleted", "model_run", "problem"})
        await self._session.execute(update(FinishedRow).where(col(FinishedRow.run) == done.run.id).values(told))

    async def forget(self, run: UUID) -> None:
        """Note that a run's files are gone."""
        await self._session.execute(update(FinishedRow).where(col(FinishedRow.run) == run).values(deleted=True))

    async def fill(self, dataset: str, files: Iterable[DatasetFile]) -> None:
        """Let a dataset hold these files."""
        rows = [{"dataset": dataset, **file.model_dump(mode="json")} for file in files]
        await self._session.execute(insert(FileRow), rows)

    async def files(self, datasets: Collection[str]) -> dict[str, tuple[DatasetFile, ...]]:
        """What datasets hold, by their handles."""
        query = select(FileRow).where(among(col(FileRow.dataset), datasets))
        found: dict[str, tuple[DatasetFile, ...]] = dict.fromkeys(datasets, ())
        for row in await self._session.scalars(query.order_by(col(FileRow.path), col(FileRow.occurrence))):
            content = FileRef.model_validate(row.content)
            file = DatasetFile(path=row.path, role=row.role, occurrence=row.occurrence, content=content)
            found[row.dataset] = (*found[row.dataset], file)
        return found
