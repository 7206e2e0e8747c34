"""Entries with history, access, locks and the words that they are found by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SCHEMA = "registry"
BY_BYTES = "C"


def upgrade() -> None:
    op.create_table(
        "entries",
        sa.Column("handle", sa.Text(collation=BY_BYTES), primary_key=True),
        sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("account", sa.Text),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("access_owner", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("info", JSONB),
        sa.Column("display_name", sa.Text(collation=BY_BYTES)),
        sa.Column("version", sa.BigInteger),
        sa.Column("previous_version", sa.Text, unique=True),
        sa.Column("next_version", sa.Text),
        sa.Column("version_reason", sa.Text),
        sa.Column("create_job", sa.Uuid),
        sa.Column("version_job", sa.Uuid),
        sa.Column("access_uri", sa.Text(collation=BY_BYTES)),
        sa.Column("release_status", sa.Text),
        sa.Column("release_approver", sa.Text),
        sa.Column("release_timestamp", sa.BigInteger),
        sa.Column("locked", sa.Boolean, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        schema=SCHEMA,
    )
    # long names are cut in the index, which takes no more than a third of a page
    name = sa.text("left(display_name, 200)")
    indexes: dict[str, list[str | sa.TextClause]] = {
        "created": ["created", "number"],
        "updated": ["updated", "number"],
        "named": [name],
        "kind_created": ["kind", "created", "number"],
        "kind_updated": ["kind", "updated", "number"],
        "kind_named": ["kind", name],
        "owned": ["access_owner"],
    }
    for title, columns in indexes.items():
        op.create_index(f"entries_{title}", "entries", columns, schema=SCHEMA)
    approving = sa.text("release_approver is not null")
    op.create_index(
        "entries_reviewed", "entries", ["release_approver", "release_timestamp"], schema=SCHEMA, postgresql_where=approving
    )
    op.create_table(
        "entry_history",
        _of_entry(primary=True),
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("info", JSONB, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "entry_grants",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        _of_entry(),
        sa.Column("grp", sa.Text),
        sa.Column("role", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("entry_grants_handle", "entry_grants", ["handle"], schema=SCHEMA)
    op.create_table(
        "entry_locks",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        _of_entry(),
        sa.Column("locked", sa.Boolean, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("entry_locks_handle", "entry_locks", ["handle"], schema=SCHEMA)
    op.create_table("entry_words", _of_entry(primary=True), sa.Column("words", TSVECTOR, nullable=False), schema=SCHEMA)
    op.create_index("entry_words_words", "entry_words", ["words"], schema=SCHEMA, postgresql_using="gin")
    op.create_table(
        "lexicon",
        sa.Column("word", sa.Text(collation=BY_BYTES), primary_key=True),
        sa.Column("grams", ARRAY(sa.Text), nullable=False),
        schema=SCHEMA,
    )
    op.create_index("lexicon_grams", "lexicon", ["grams"], schema=SCHEMA, postgresql_using="gin")


def _of_entry(*, primary: bool = False) -> sa.Column[str]:
    entry = sa.ForeignKey(f"{SCHEMA}.entries.handle", ondelete="cascade")
    return sa.Column("handle", sa.Text(collation=BY_BYTES), entry, primary_key=primary, nullable=False)


def downgrade() -> None:
    for table in ("lexicon", "entry_words", "entry_locks", "entry_grants", "entry_history", "entries"):
        op.drop_table(table, schema=SCHEMA)
