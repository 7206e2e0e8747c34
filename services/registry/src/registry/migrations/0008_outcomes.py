"""What finished runs come to be: the plans of their workflows, the runs, and the files of datasets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SCHEMA = "registry"


def upgrade() -> None:
    op.add_column("workflows", sa.Column("plan", JSONB), schema=SCHEMA)
    op.create_table(
        "finished_runs",
        sa.Column("run", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("state", JSONB, nullable=False),
        sa.Column("datasets", JSONB, nullable=False, server_default="{}"),
        sa.Column("deleted", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("model_run", sa.Text),
        sa.Column("problem", JSONB),
        schema=SCHEMA,
    )
    op.create_table(
        "dataset_files",
        sa.Column(
            "dataset",
            sa.Text(collation="C"),
            sa.ForeignKey("registry.entries.handle", ondelete="cascade"),
            primary_key=True,
        ),
        sa.Column("occurrence", sa.Text(collation="C"), primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("role", sa.Text),
        sa.Column("content", JSONB, nullable=False),
        schema=SCHEMA,
    )


def downgrade() -> None:
    op.drop_table("dataset_files", schema=SCHEMA)
    op.drop_table("finished_runs", schema=SCHEMA)
    op.drop_column("workflows", "plan", schema=SCHEMA)
