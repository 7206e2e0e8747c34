"""When a workflow was asked for, for lists."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # of what is there already only the order is known, and that is the order of ids
    op.add_column(
        "workflows",
        sa.Column("created", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="registry",
    )
    op.create_index("workflows_listed", "workflows", ["tenant", "created", "id"], schema="registry")


def downgrade() -> None:
    op.drop_column("workflows", "created", schema="registry")
