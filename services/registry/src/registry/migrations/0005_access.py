"""Groups, links of accounts to persons, requests for roles."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SCHEMA = "registry"


def upgrade() -> None:
    op.create_table(
        "groups",
        sa.Column("id", sa.Text(collation="C"), primary_key=True),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("default_data_store_access", sa.ARRAY(sa.Text)),
        schema=SCHEMA,
    )
    of_group = sa.ForeignKey(f"{SCHEMA}.groups.id", ondelete="cascade")
    op.create_table(
        "group_members",
        sa.Column("grp", sa.Text(collation="C"), of_group, primary_key=True),
        sa.Column("username", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("first_name", sa.Text),
        sa.Column("last_name", sa.Text),
        schema=SCHEMA,
    )
    op.create_index("group_members_username", "group_members", ["username"], schema=SCHEMA)
    op.create_table(
        "links",
        sa.Column("username", sa.Text, primary_key=True),
        sa.Column("person", sa.Text),
        sa.Column("account", sa.Text),
        sa.Column("revision", sa.Integer, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("links_person", "links", ["person"], schema=SCHEMA)
    op.create_table(
        "access_requests",
        sa.Column("request_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("expiry", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("difference", sa.Text, nullable=False),
        sa.Column("complete", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("access_requests_username", "access_requests", ["username"], schema=SCHEMA)


def downgrade() -> None:
    for table in ("access_requests", "links", "group_members", "groups"):
        op.drop_table(table, schema=SCHEMA)
