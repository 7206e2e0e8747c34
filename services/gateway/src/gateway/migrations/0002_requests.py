"""Requests that are to be done once, and the order of lists of jobs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "requests",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("job", sa.Uuid),
        sa.Column("answer", JSONB),
        sa.Column("made", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("answered_by", MOMENT, nullable=False),
        schema="gateway",
    )
    op.create_index("requests_made", "requests", ["made"], schema="gateway")
    op.create_index("jobs_listed", "jobs", ["tenant", "created", "id"], schema="gateway")
    op.create_index("uploads_listed", "uploads", ["tenant", "created", "id"], schema="gateway")


def downgrade() -> None:
    op.drop_index("uploads_listed", "uploads", schema="gateway")
    op.drop_index("jobs_listed", "jobs", schema="gateway")
    op.drop_table("requests", schema="gateway")
