"""The ledger, what it owes, and the graph that is projected from it."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    "create table provenance.ledger (id uuid primary key default gen_random_uuid())",
    "insert into provenance.ledger default values",
    """create table provenance.records (
        seq bigint generated always as identity primary key,
        record text collate "C" not null,
        revision integer not null,
        parent text collate "C",
        tenant text not null,
        withdrawn boolean not null default false,
        job uuid,
        changes jsonb not null,
        at timestamptz not null,
        unique (record, revision))""",
    "create index records_parent on provenance.records (parent, record, revision) where parent is not null",
    "create index records_at on provenance.records (at, seq)",
    """create table provenance.elements (
        element uuid primary key,
        node uuid,
        id text collate "C",
        category text,
        subtype text,
        source uuid,
        relation text,
        target uuid)""",
    "create index elements_node on provenance.elements (node) where node is not null",
    "create index elements_source on provenance.elements (source, target) where source is not null",
    "create index elements_target on provenance.elements (target, source) where target is not null",
    """create table provenance.assertions (
        element uuid not null,
        record text collate "C" not null,
        tenant text collate "C" not null,
        attributes jsonb,
        from_seq bigint not null,
        to_seq bigint,
        primary key (element, record, from_seq))""",
    "create unique index assertions_of_record on provenance.assertions (record, element) where to_seq is null",
    "create index assertions_open on provenance.assertions (element, tenant, record) where to_seq is null",
    """create index assertions_describing on provenance.assertions (element, tenant, record)
        where to_seq is null and attributes is not null""",
    """create table provenance.owed (
        id bigint generated always as identity primary key,
        seq bigint not null,
        record text not null,
        revision integer not null,
        parent text,
        tenant text not null,
        withdrawn boolean not null,
        job uuid,
        caller jsonb)""",
    "create index owed_seq on provenance.owed (seq, id)",
    """create table provenance.captures (
        record text collate "C" primary key,
        run uuid not null,
        revision integer not null,
        status text not null,
        steps integer not null,
        step_revisions integer not null,
        tenant text not null,
        job uuid,
        caller jsonb,
        said boolean not null default false)""",
    """create table provenance.graph_position (
        single boolean primary key default true check (single),
        ledger uuid not null,
        seq bigint not null)""",
    """create table provenance.graph_nodes (
        key uuid primary key,
        id text not null,
        category text not null,
        subtype text not null,
        tenants jsonb not null)""",
    """create table provenance.graph_links (
        source uuid not null,
        target uuid not null,
        relation text not null,
        tenants jsonb not null,
        primary key (source, target, relation))""",
    "create index graph_links_target on provenance.graph_links (target, source, relation)",
)
TABLES = ("graph_links", "graph_nodes", "graph_position", "captures", "owed", "assertions", "elements", "records", "ledger")


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables."""
    for table in TABLES:
        op.execute(f"drop table provenance.{table}")
