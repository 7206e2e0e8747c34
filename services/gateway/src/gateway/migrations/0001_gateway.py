"""Jobs and uploads."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("about", sa.Uuid),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("updated", MOMENT, nullable=False),
        sa.Column("heard", JSONB, nullable=False),
        schema="gateway",
    )
    op.create_index("jobs_tenant", "jobs", ["tenant", "id"], schema="gateway")
    op.create_index(
        "jobs_waiting",
        "jobs",
        ["about", "kind"],
        schema="gateway",
        postgresql_where=sa.text("status not in ('SUCCEEDED', 'FAILED')"),
    )
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        schema="gateway",
    )


def downgrade() -> None:
    op.drop_table("uploads", schema="gateway")
    op.drop_table("jobs", schema="gateway")
