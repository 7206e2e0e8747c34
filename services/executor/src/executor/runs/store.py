"""Where runs are kept. The whole state is one JSON value; what is searched for stands beside it in columns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel, col, select

from contracts.executor import OutsideFile, Run, StagedFile, Step
from contracts.message import Caller
from contracts.vocabulary import RunStatus
from executor.runner import Order
from executor.runs.claims import Claims
from executor.runs.model import Change

SCHEMA = {"schema": "executor"}


def _time(*, nullable: bool = True) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=nullable)


class RunRow(SQLModel, table=True):
    """A run: its state, its order, where the runner has it, and whose turn it is."""

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("tenant", "name", "major", "minor"),
        Index("runs_due", "status", "due", postgresql_where=text("status in ('queued', 'pending', 'running')")),
        Index("runs_leftover", "leftover_due", postgresql_where=text("leftover is not null")),
        Index("runs_listed", "tenant", "created", "id"),
        SCHEMA,
    )

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    legacy_id: int = Field(sa_column=Column(BigInteger, nullable=False, unique=True))
    tenant: str
    name: str
    major: int
    minor: int
    status: str
    workflow: UUID
    created: datetime = Field(sa_column=_time(nullable=False))
    state: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    files: list[Any] = Field(sa_column=Column(JSONB, nullable=False))
    caller: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    priority: int = 0
    timeout: int | None = None
    due: datetime | None = Field(default=None, sa_column=_time())
    """Nothing is to be done before."""
    failures: int = 0
    attempted: bool = False
    """Whether a submitter ever had it in hand, so that the runner may know of it."""
    leased_by: UUID | None = Field(default=None, sa_column=Column(Uuid))
    leased_until: datetime | None = Field(default=None, sa_column=_time())
    runner_id: str | None = None
    cursor: str = ""
    ending: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    """How the runner said it ended, while its outputs are being fetched."""
    stop_asked: bool = False
    stop_told: bool = False
    stop_job: UUID | None = Field(default=None, sa_column=Column(Uuid))
    stopper: str | None = None
    """The name of who asked to stop it."""
    delete_asked: bool = False
    delete_job: UUID | None = Field(default=None, sa_column=Column(Uuid))
    kept: bool = False
    """Whether a dataset holds outputs of it, so that they outlive it."""
    leftover: dict[str, str] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    """Where the file store still has outputs of the deleted run, by their paths."""
    leftover_due: datetime | None = Field(default=None, sa_column=_time())
    """When these go; nothing once they are going."""
    usage: int | None = Field(default=None, sa_column=Column(BigInteger))
    """Bytes of its workspace and stored files, for quotas."""

    def run(self) -> Run:
        """The state."""
        return Run.model_validate(self.state)

    def put(self, run: Run) -> None:
        """Keep a new state."""
        self.state, self.status = run.model_dump(mode="json"), run.status

    def order(self) -> Order:
        """What the runner is asked to do."""
        run = self.run()
        return Order(
            run=run.id,
            engine=run.workflow.engine,
            spec=run.workflow.spec,
            main=run.workflow.main,
            parameters=run.parameters,
            files=self.staged(),
            timeout=self.timeout,
            owner=run.owner,
            runner_id=self.runner_id,
        )

    def staged(self) -> tuple[StagedFile, ...]:
        """Its files that are in the file store."""
        return tuple(StagedFile.model_validate(file) for file in self.files if "content" in file)

    def awaited(self) -> tuple[OutsideFile, ...]:
        """Its files that are still to be fetched from outside."""
        return tuple(OutsideFile.model_validate(file) for file in self.files if "content" not in file)

    def take_in(self, staged: StagedFile) -> None:
        """Keep a file in the place of what was awaited under its name."""
        others = [file for file in self.files if file["name"] != staged.name or "content" in file]
        self.files = [*others, staged.model_dump(mode="json")]

    def asked_by(self) -> Caller | None:
        """Who asked for it."""
        return Caller.model_validate(self.caller) if self.caller else None


class StepRow(SQLModel, table=True):
    """A step's state."""

    __tablename__ = "steps"
    __table_args__ = SCHEMA

    run: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    place: str = Field(primary_key=True)
    position: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), nullable=False))
    revision: int
    state: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))

    def step(self) -> Step:
        """The state."""
        return Step.model_validate(self.state)


class ChangeRow(SQLModel, table=True):
    """One line of the history of runs and steps."""

    __tablename__ = "changes"
    __table_args__ = (Index("changes_run", "run", "seq"), SCHEMA)

    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    run: UUID = Field(sa_column=Column(Uuid, nullable=False))
    at: datetime = Field(sa_column=_time(nullable=False))
    place: str | None = None
    status: str
    reason: str | None = Field(default=None, sa_column=Column(Text))


LEGACY_ID = text("select nextval('executor.legacy_ids')")
NUMBER = text(
    """insert into executor.numbers as n (tenant, name, last) values (:tenant, :name, 1)
    on conflict (tenant, name) do update set last = n.last + 1 returning last"""
)
RESTART = text("select max(minor) + 1 from executor.runs where tenant = :tenant and name = :name and major = :major")


class Runs(Claims):
    """The runs in a transaction."""

    async def number(self, tenant: str, name: str) -> int:
        """The next number of a name."""
        return int(await self.session.scalar(NUMBER, {"tenant": tenant, "name": name}) or 0)

    async def legacy_id(self) -> int:
        """An integer for clients of ReProv; none is given twice."""
        return int(await self.session.scalar(LEGACY_ID) or 0)

    async def restart_number(self, row: RunRow) -> int:
        """The next restart of a number; whoever asks holds the first run of that number."""
        first = select(RunRow.id).where(
            RunRow.tenant == row.tenant, RunRow.name == row.name, RunRow.major == row.major, RunRow.minor == 0
        )
        await self.session.execute(first.with_for_update())
        told = {"tenant": row.tenant, "name": row.name, "major": row.major}
        return int(await self.session.scalar(RESTART, told) or 1)

    async def get(self, run: UUID, *, lock: bool = False) -> RunRow | None:
        """A run, held until the end of the transaction if asked."""
        return await self.session.get(RunRow, run, with_for_update=lock, populate_existing=lock)

    def add(self, row: RunRow) -> None:
        """Keep a new run."""
        self.session.add(row)

    async def steps(self, run: UUID) -> dict[str, Step]:
        """The steps of a run by their places, in the order in which they began."""
        rows = await self.session.scalars(select(StepRow).where(StepRow.run == run).order_by(col(StepRow.position)))
        return {row.place: row.step() for row in rows}

    async def put_step(self, step: Step) -> None:
        """Keep a step's new state."""
        row = await self.session.get(StepRow, (step.run, step.place))
        if row is None:
            row = StepRow(run=step.run, place=step.place, revision=step.revision, state={})
            self.session.add(row)
        row.revision, row.state = step.revision, step.model_dump(mode="json")

    def note(self, *changes: Change) -> None:
        """Write history."""
        for change in changes:
            row = ChangeRow(run=change.run, at=change.at, place=change.place, status=change.status, reason=change.reason)
            self.session.add(row)

    async def live(self) -> Sequence[RunRow]:
        """Runs that a runner has and that have not ended."""
        live = select(RunRow).where(
            col(RunRow.status).in_([RunStatus.PENDING, RunStatus.RUNNING]), col(RunRow.ending).is_(None)
        )
        return (await self.session.scalars(live.order_by(col(RunRow.created)))).all()
