"""The tables of workflows and of their names, and the statements of commands and checks."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Column, DateTime, Integer, Sequence, Text, Uuid, delete, func, or_
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col, select

from registry.workflows.model import DUE, THERE, Entry, Title

HANDLES = Sequence("handles", schema="registry")
LEGACY_IDS = Sequence("legacy_ids", schema="registry")


def _json(*, nullable: bool = False) -> Any:
    return Column(JSONB(none_as_null=True), nullable=nullable)


def _text() -> Any:
    return Column(Text, nullable=False)


class WorkflowRow(SQLModel, table=True):
    """A workflow as a row, deleted ones included; the lease and the tries are the check's."""

    __tablename__ = "workflows"
    __table_args__: ClassVar[dict[str, Any]] = {"schema": "registry"}

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    handle: str = Field(sa_column=_text())
    owner: str = Field(sa_column=_text())
    username: str | None = Field(default=None, sa_column=Column(Text))
    legacy_id: int = Field(sa_column=Column(BigInteger, nullable=False, unique=True))
    tenant: str = Field(sa_column=_text())
    name: str = Field(sa_column=_text())
    version: str = Field(sa_column=_text())
    state: str = Field(sa_column=_text())
    revision: int = Field(sa_column=Column(Integer, nullable=False))
    content: dict[str, Any] = Field(sa_column=_json())
    input_values: dict[str, Any] = Field(sa_column=_json())
    parameters: list[dict[str, Any]] = Field(sa_column=_json())
    created: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    change: dict[str, Any] | None = Field(default=None, sa_column=_json(nullable=True))
    plan: dict[str, Any] | None = Field(default=None, sa_column=_json(nullable=True))
    lease: UUID | None = Field(default=None, sa_column=Column(Uuid))
    leased_until: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    tries: int = Field(default=0, sa_column=Column(Integer, nullable=False))

    @classmethod
    def of(cls, entry: Entry) -> "WorkflowRow":
        """A workflow's row, under no lease."""
        told = entry.model_dump(mode="json")
        return cls(
            id=entry.id,
            handle=entry.handle,
            owner=entry.owner,
            username=entry.username,
            legacy_id=entry.legacy_id,
            **entry.title.model_dump(),
            state=entry.state.value,
            revision=entry.revision,
            created=entry.created,
            content=told["content"],
            input_values=told["values"],
            parameters=told["parameters"],
            change=told["change"],
            plan=told["plan"],
        )

    def entry(self) -> Entry:
        """The workflow of this row."""
        told = self.model_dump()
        title = {"tenant": self.tenant, "name": self.name, "version": self.version}
        return Entry.model_validate({**told, "title": title, "values": self.input_values})


class TitleRow(SQLModel, table=True):
    """A name that is taken, by a workflow that has it or is about to."""

    __tablename__ = "titles"
    __table_args__: ClassVar[dict[str, Any]] = {"schema": "registry"}

    tenant: str = Field(sa_column=Column(Text, primary_key=True))
    name: str = Field(sa_column=Column(Text, primary_key=True))
    version: str = Field(sa_column=Column(Text, primary_key=True))
    workflow: UUID = Field(sa_column=Column(Uuid, nullable=False))


class Workflows:
    """Workflows in the database, within a transaction of the caller's."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def number(self) -> int:
        """A number for a handle; none is given twice."""
        return int(await self._session.scalar(HANDLES.next_value()))

    async def legacy_id(self) -> int:
        """An integer for clients of ReProv; none is given twice."""
        return int(await self._session.scalar(LEGACY_IDS.next_value()))

    async def add(self, entry: Entry) -> bool:
        """Write a new workflow; say whether its id and its name were free."""
        if not await self.reserve(entry.title, entry.id):
            return False
        if await self._session.get(WorkflowRow, entry.id) is not None:
            return False
        self._session.add(WorkflowRow.of(entry))
        await self._session.flush()
        return True

    async def reserve(self, title: Title, workflow: UUID) -> bool:
        """Take a name; say whether it was free or one's own."""
        take = insert(TitleRow).values({**title.model_dump(), "workflow": workflow}).on_conflict_do_nothing()
        await self._session.execute(take)
        holder = select(TitleRow.workflow).where(
            col(TitleRow.tenant) == title.tenant, col(TitleRow.name) == title.name, col(TitleRow.version) == title.version
        )
        return await self._session.scalar(holder) == workflow

    async def hold(self, workflow: UUID, tenants: Collection[str]) -> Entry | None:
        """A workflow of these tenants, held until the transaction ends."""
        query = select(WorkflowRow).where(
            col(WorkflowRow.id) == workflow, col(WorkflowRow.tenant).in_(tenants), col(WorkflowRow.state).in_(THERE)
        )
        row = await self._session.scalar(query.with_for_update().execution_options(populate_existing=True))
        return row.entry() if row else None

    async def of(self, workflow: UUID, tenant: str) -> Entry | None:
        """A workflow of this tenant, also one that is deleted."""
        query = select(WorkflowRow).where(col(WorkflowRow.id) == workflow, col(WorkflowRow.tenant) == tenant)
        row = await self._session.scalar(query.execution_options(populate_existing=True))
        return row.entry() if row else None

    async def put(self, entry: Entry) -> None:
        """Store what has become of a workflow, and let go of the names that it no longer holds."""
        await self._session.merge(WorkflowRow.of(entry))
        await self._session.flush()
        names = {(title.name, title.version) for title in entry.titles}
        for held in await self._session.scalars(select(TitleRow).where(col(TitleRow.workflow) == entry.id)):
            if (held.name, held.version) not in names:
                await self._session.delete(held)
        await self._session.flush()

    async def drop(self, workflow: UUID) -> None:
        """Forget a workflow that never was."""
        await self._session.execute(delete(TitleRow).where(col(TitleRow.workflow) == workflow))
        await self._session.execute(delete(WorkflowRow).where(col(WorkflowRow.id) == workflow))

    async def lease(self, seconds: float) -> tuple[Entry, UUID] | None:
        """Take a workflow whose check is due, for so long, and the lease under which to answer."""
        free = or_(col(WorkflowRow.leased_until).is_(None), col(WorkflowRow.leased_until) < func.now())
        query = (
            select(WorkflowRow)
            .where(col(WorkflowRow.state).in_(DUE), free)
            .order_by(col(WorkflowRow.tries), col(WorkflowRow.id))
        )
        row = await self._session.scalar(query.limit(1).with_for_update(skip_locked=True))
        if row is None:
            return None
        row.lease, row.leased_until = uuid4(), func.now() + timedelta(seconds=seconds)  # type: ignore[assignment]
        await self._session.flush()
        return row.entry(), row.lease

    async def leased(self, workflow: UUID, lease: UUID) -> Entry | None:
        """The workflow that one has under a lease, held; nothing if another took it up meanwhile."""
        row = await self._under(workflow, lease)
        return row.entry() if row else None

    async def renew(self, workflow: UUID, lease: UUID, seconds: float) -> None:
        """Keep a lease for so long from now, if it is still one's own."""
        row = await self._under(workflow, lease)
        if row is not None:
            row.leased_until = func.now() + timedelta(seconds=seconds)  # type: ignore[assignment]
            await self._session.flush()

    async def failed(self, workflow: UUID, lease: UUID) -> int:
        """Count a check that could not be made; how many there have been."""
        row = await self._under(workflow, lease)
        if row is None:
            return 0
        row.tries += 1
        await self._session.flush()
        return row.tries

    async def give_back(self, workflow: UUID, lease: UUID, after: float = 0) -> None:
        """Let a check be made later, by whoever is free then."""
        row = await self._under(workflow, lease)
        if row is not None:
            row.lease, row.leased_until = None, func.now() + timedelta(seconds=after)  # type: ignore[assignment]
            await self._session.flush()

    async def _under(self, workflow: UUID, lease: UUID) -> WorkflowRow | None:
        query = select(WorkflowRow).where(col(WorkflowRow.id) == workflow, col(WorkflowRow.lease) == lease)
        found: WorkflowRow | None = await self._session.scalar(
            query.with_for_update().execution_options(populate_existing=True)
        )
        return found
