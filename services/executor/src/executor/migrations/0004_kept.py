"""Whether a dataset holds outputs of a run."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("kept", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("runs", column, schema="executor")


def downgrade() -> None:
    op.drop_column("runs", "kept", schema="executor")
