"""Integers by which clients of ReProv know workflows, and the owner's name."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("legacy_ids", schema="registry")))
    op.add_column("workflows", sa.Column("legacy_id", sa.BigInteger), schema="registry")
    op.add_column("workflows", sa.Column("username", sa.Text), schema="registry")
    # one after the other, so that older workflows have smaller numbers
    op.execute(
        """update registry.workflows w set legacy_id = n.number
        from (select id, row_number() over (order by id) as number from registry.workflows) n where n.id = w.id"""
    )
    op.execute("select setval('registry.legacy_ids', max(legacy_id)) from registry.workflows having count(*) > 0")
    op.alter_column("workflows", "legacy_id", nullable=False, schema="registry")
    op.create_unique_constraint("workflows_legacy_id", "workflows", ["legacy_id"], schema="registry")


def downgrade() -> None:
    op.drop_column("workflows", "username", schema="registry")
    op.drop_column("workflows", "legacy_id", schema="registry")
    op.execute(sa.schema.DropSequence(sa.Sequence("legacy_ids", schema="registry")))
