"""Files are found by their content."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index what is said of files now by the digest in it: in the order of a list, the newest first."""
    op.execute(
        """create index assertions_content on provenance.assertions
        (tenant, (attributes ->> 'reprovena:sha256'), from_seq, element)
        where to_seq is null and attributes ->> 'reprovena:sha256' is not null"""
    )


def downgrade() -> None:
    """Drop the index."""
    op.execute("drop index provenance.assertions_content")
