"""Workflows, and the names they hold."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("handles", schema="registry")))
    op.create_table(
        "workflows",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("handle", sa.Text, nullable=False, unique=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("input_values", JSONB, nullable=False),
        sa.Column("parameters", JSONB, nullable=False),
        sa.Column("change", JSONB),
        sa.Column("lease", sa.Uuid),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("tries", sa.Integer, nullable=False),
        schema="registry",
    )
    op.create_index("workflows_tenant", "workflows", ["tenant", "id"], schema="registry")
    op.create_index("workflows_name", "workflows", ["tenant", "name", "version"], schema="registry")
    op.create_index(
        "workflows_due",
        "workflows",
        ["tries", "id"],
        schema="registry",
        postgresql_where=sa.text("state in ('checking', 'updating')"),
    )
    op.create_table(
        "titles",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("workflow", sa.Uuid, nullable=False),
        schema="registry",
    )
    op.create_index("titles_workflow", "titles", ["workflow"], schema="registry")


def downgrade() -> None:
    op.drop_table("titles", schema="registry")
    op.drop_table("workflows", schema="registry")
    op.execute(sa.schema.DropSequence(sa.Sequence("handles", schema="registry")))
