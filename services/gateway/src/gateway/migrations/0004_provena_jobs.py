"""Jobs as clients of Provena see them: whose, of which type, with what, in which batch, and after which other job."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SCHEMA = "gateway"
SEEN = sa.text("job_type is not null")


def upgrade() -> None:
    for name in ("username", "job_type", "job_sub_type"):
        op.add_column("jobs", sa.Column(name, sa.Text), schema=SCHEMA)
    op.add_column("jobs", sa.Column("payload", JSONB, nullable=False, server_default=sa.text("'{}'")), schema=SCHEMA)
    for name in ("batch_id", "chained_to"):
        op.add_column("jobs", sa.Column(name, sa.Uuid), schema=SCHEMA)
    op.create_index("jobs_seen", "jobs", ["created", "id"], schema=SCHEMA, postgresql_where=SEEN)
    op.create_index("jobs_of_user", "jobs", ["username", "created", "id"], schema=SCHEMA, postgresql_where=SEEN)
    op.create_index(
        "jobs_of_batch", "jobs", ["batch_id", "created", "id"], schema=SCHEMA, postgresql_where=sa.text("batch_id is not null")
    )
    op.create_index("jobs_chained", "jobs", ["chained_to"], schema=SCHEMA, postgresql_where=sa.text("chained_to is not null"))


def downgrade() -> None:
    for name in ("jobs_chained", "jobs_of_batch", "jobs_of_user", "jobs_seen"):
        op.drop_index(name, "jobs", schema=SCHEMA)
    for name in ("chained_to", "batch_id", "payload", "job_sub_type", "job_type", "username"):
        op.drop_column("jobs", name, schema=SCHEMA)
