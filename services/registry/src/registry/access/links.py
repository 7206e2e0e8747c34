"""Which registered person an account is."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from contracts.access import LinkCleared
from registry.access.rows import LinkRow
from registry.entries.rows import among


async def person_of(session: AsyncSession, username: str) -> str | None:
    """The handle of the person that an account is linked to."""
    found: str | None = await session.scalar(select(col(LinkRow.person)).where(col(LinkRow.username) == username))
    return found


async def usernames_of(session: AsyncSession, person: str) -> list[str]:
    """The accounts that are linked to a person."""
    query = select(col(LinkRow.username)).where(col(LinkRow.person) == person).order_by(col(LinkRow.username))
    return list(await session.scalars(query))


async def hold(session: AsyncSession, username: str) -> LinkRow:
    """An account's link, made if there is none, held until the transaction ends."""
    fresh = insert(LinkRow).values(username=username, revision=0).on_conflict_do_nothing()
    await session.execute(fresh)
    query = select(LinkRow).where(col(LinkRow.username) == username).with_for_update()
    row: LinkRow = (await session.execute(query.execution_options(populate_existing=True))).scalar_one()
    return row


async def forget(session: AsyncSession, persons: Collection[str]) -> list[LinkCleared]:
    """Let the accounts of persons be nobody's; what is to be said of it."""
    query = select(LinkRow).where(among(col(LinkRow.person), persons)).order_by(col(LinkRow.username)).with_for_update()
    facts = [clear(row) for row in await session.scalars(query.execution_options(populate_existing=True))]
    await session.flush()
    return facts


def clear(row: LinkRow) -> LinkCleared:
    """Let an account be nobody's; what is to be said of it."""
    before, row.person, row.revision = row.person, None, row.revision + 1
    return LinkCleared(username=row.username, account=row.account, person=before, revision=row.revision)
