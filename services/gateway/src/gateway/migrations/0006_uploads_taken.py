"""When a run first took an upload; of those that are there already a run may have taken any."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("uploads", sa.Column("taken", sa.DateTime(timezone=True), nullable=True), schema="gateway")
    op.execute("update gateway.uploads set taken = now()")
    op.execute("create index uploads_by_key on gateway.uploads ((content ->> 'key'))")
    op.execute("create index uploads_untaken on gateway.uploads (created) where taken is null")


def downgrade() -> None:
    op.execute("drop index gateway.uploads_untaken")
    op.execute("drop index gateway.uploads_by_key")
    op.drop_column("uploads", "taken", schema="gateway")
