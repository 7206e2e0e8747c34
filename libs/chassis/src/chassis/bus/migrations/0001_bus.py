"""The tables of the bus."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("message", sa.Uuid, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("headers", JSONB, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("key", sa.Text),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        schema="bus",
    )
    op.create_index("outbox_due", "outbox", ["queue", "due", "id"], schema="bus")
    op.create_index(
        "outbox_key", "outbox", ["queue", "key"], unique=True, schema="bus", postgresql_where=sa.text("key is not null")
    )
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("message", sa.Uuid, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        schema="bus",
    )
    op.create_index("inbox_at", "inbox", ["at"], schema="bus", postgresql_using="brin")
    op.create_table(
        "bugs",
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("message", sa.Uuid, primary_key=True),
        sa.Column("times", sa.Integer, nullable=False, server_default="1"),
        sa.Column("last", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("error", sa.Text, nullable=False),
        schema="bus",
    )
    op.create_table(
        "parked",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("message", sa.Uuid, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("headers", JSONB, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        schema="bus",
    )
    op.create_index("parked_queue", "parked", ["queue", "id"], schema="bus")
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("owner", sa.Uuid, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        schema="bus",
    )


def downgrade() -> None:
    for table in ("leases", "parked", "bugs", "inbox", "outbox"):
        op.drop_table(table, schema="bus")
