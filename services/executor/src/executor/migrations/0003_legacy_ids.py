"""Integers by which clients of ReProv know runs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("legacy_ids", schema="executor")))
    op.add_column("runs", sa.Column("legacy_id", sa.BigInteger), schema="executor")
    # one after the other, so that older runs have smaller numbers; the state tells it too
    op.execute(
        """update executor.runs r set legacy_id = n.number, state = jsonb_set(state, '{legacy_id}', to_jsonb(n.number))
        from (select id, row_number() over (order by created, id) as number from executor.runs) n where n.id = r.id"""
    )
    op.execute("select setval('executor.legacy_ids', max(legacy_id)) from executor.runs having count(*) > 0")
    op.alter_column("runs", "legacy_id", nullable=False, schema="executor")
    op.create_unique_constraint("runs_legacy_id", "runs", ["legacy_id"], schema="executor")


def downgrade() -> None:
    op.drop_column("runs", "legacy_id", schema="executor")
    op.execute(sa.schema.DropSequence(sa.Sequence("legacy_ids", schema="executor")))
