"""What model runs stated last, whether or not their entries are still there."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SCHEMA = "registry"


def upgrade() -> None:
    # no foreign key: an entry that comes again goes on counting where the one before it ended
    op.create_table(
        "model_runs",
        sa.Column("handle", sa.Text(collation="C"), primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("lodged", sa.Integer, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("document", JSONB),
        schema=SCHEMA,
    )


def downgrade() -> None:
    op.drop_table("model_runs", schema=SCHEMA)
