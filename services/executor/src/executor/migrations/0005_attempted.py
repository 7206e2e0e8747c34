"""Whether a submitter ever had a run in hand."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("attempted", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("runs", column, schema="executor")
    op.execute("update executor.runs set attempted = true where status = 'queued'")  # nobody knows it of these


def downgrade() -> None:
    op.drop_column("runs", "attempted", schema="executor")
