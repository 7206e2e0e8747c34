"""Which place of its history a model run said at each of its revisions."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SCHEMA = "registry"


def upgrade() -> None:
    op.create_table(
        "model_run_revisions",
        sa.Column("handle", sa.Text(collation="C"), primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True),
        sa.Column("history_id", sa.Integer),
        schema=SCHEMA,
    )


def downgrade() -> None:
    op.drop_table("model_run_revisions", schema=SCHEMA)
