"""What Create and Version activities stated last, whether or not their entries are still there."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SCHEMA = "registry"


def upgrade() -> None:
    # no foreign key: an entry that comes again goes on counting where the one before it ended
    op.create_table(
        "activities",
        sa.Column("handle", sa.Text(collation="C"), primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        schema=SCHEMA,
    )
    # until now the entry's revision was the number, so no statement has a greater one
    op.execute(
        """insert into registry.activities (handle, revision, withdrawn)
        select handle, revision, false from registry.entries where kind in ('CREATE', 'VERSION')"""
    )


def downgrade() -> None:
    op.drop_table("activities", schema=SCHEMA)
