"""Runs, their steps and their history."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _time(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("major", sa.Integer, nullable=False),
        sa.Column("minor", sa.Integer, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("workflow", sa.Uuid, nullable=False),
        _time("created", nullable=False),
        sa.Column("state", JSONB, nullable=False),
        sa.Column("files", JSONB, nullable=False),
        sa.Column("caller", JSONB),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("timeout", sa.Integer),
        _time("due"),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("leased_by", sa.Uuid),
        _time("leased_until"),
        sa.Column("runner_id", sa.String),
        sa.Column("cursor", sa.String, nullable=False),
        sa.Column("ending", JSONB),
        sa.Column("stop_asked", sa.Boolean, nullable=False),
        sa.Column("stop_told", sa.Boolean, nullable=False),
        sa.Column("stop_job", sa.Uuid),
        sa.Column("stopper", sa.String),
        sa.Column("delete_asked", sa.Boolean, nullable=False),
        sa.Column("delete_job", sa.Uuid),
        sa.Column("usage", sa.BigInteger),
        sa.UniqueConstraint("tenant", "name", "major", "minor"),
        schema="executor",
    )
    live = sa.text("status in ('queued', 'pending', 'running')")
    op.create_index("runs_due", "runs", ["status", "due"], schema="executor", postgresql_where=live)
    op.create_index("runs_listed", "runs", ["tenant", "created", "id"], schema="executor")
    op.create_table(
        "numbers",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
        schema="executor",
    )
    op.create_table(
        "steps",
        sa.Column("run", sa.Uuid, primary_key=True),
        sa.Column("place", sa.String, primary_key=True),
        sa.Column("position", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("state", JSONB, nullable=False),
        schema="executor",
    )
    op.create_table(
        "changes",
        sa.Column("seq", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("run", sa.Uuid, nullable=False),
        _time("at", nullable=False),
        sa.Column("place", sa.String),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("reason", sa.Text),
        schema="executor",
    )
    op.create_index("changes_run", "changes", ["run", "seq"], schema="executor")


def downgrade() -> None:
    for table in ("changes", "steps", "numbers", "runs"):
        op.drop_table(table, schema="executor")
