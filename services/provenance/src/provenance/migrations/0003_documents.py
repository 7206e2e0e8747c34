"""Where the document of a record's revision lies, if it has one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SCHEMA = "provenance"
TABLES = ("records", "owed")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("document", JSONB), schema=SCHEMA)


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "document", schema=SCHEMA)
