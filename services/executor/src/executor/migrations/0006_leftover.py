"""Files of deleted runs that go a while later."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("leftover", JSONB), schema="executor")
    op.add_column("runs", sa.Column("leftover_due", sa.DateTime(timezone=True)), schema="executor")
    where = sa.text("leftover is not null")
    op.create_index("runs_leftover", "runs", ["leftover_due"], schema="executor", postgresql_where=where)


def downgrade() -> None:
    op.drop_index("runs_leftover", "runs", schema="executor")
    op.drop_column("runs", "leftover_due", schema="executor")
    op.drop_column("runs", "leftover", schema="executor")
