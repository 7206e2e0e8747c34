"""What is asked of entries: one with its history, many with the reader's roles, pages of those that may be read."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from contracts.kinds import READING
from contracts.message import Caller
from contracts.views import EntrySeen, LockMoment, Moment, Stored
from registry.access.rows import MemberRow
from registry.entries.model import Item, Reader
from registry.entries.rows import EntryRow, GrantRow, HistoryRow, LockRow, among

ADMIN = "entity-registry-admin"
"""The realm's role that opens every entry."""
CHUNK = 500
"""Entries read at a time when all are."""


GONE = text(
    """select 'model_runs' as what, handle from registry.model_runs said where not withdrawn
        and not exists (select from registry.entries there where there.handle = said.handle)
    union all select 'activities', handle from registry.activities said where not withdrawn
        and not exists (select from registry.entries there where there.handle = said.handle) order by handle"""
)


async def reader(session: AsyncSession, caller: Caller) -> Reader:
    """Somebody with the groups of this moment."""
    groups = await session.scalars(select(col(MemberRow.grp)).where(col(MemberRow.username) == caller.name))
    return Reader(name=caller.name, groups=frozenset(groups), admin=ADMIN in caller.roles)


def readable(who: Reader) -> ColumnElement[bool]:
    """The condition that somebody may read an entry, for any statement over them."""
    if who.admin:
        return true()
    here = or_(col(GrantRow.grp).is_(None), col(GrantRow.grp).in_(who.groups))
    granted = (
        select(col(GrantRow.id))
        .where(col(GrantRow.handle) == col(EntryRow.handle), col(GrantRow.role).in_(sorted(READING)), here)
        .exists()
    )
    return or_(col(EntryRow.access_owner) == who.name, granted)


async def items(session: AsyncSession, handles: Collection[str]) -> dict[str, Item]:
    """Entries by their handles, as the registry keeps them, whoever asks; those that do not exist are left out."""
    rows = await session.scalars(select(EntryRow).where(among(col(EntryRow.handle), set(handles))).execution_options(**FRESH))
    return await _items(session, list(rows))


FRESH: dict[str, Any] = {"populate_existing": True}


async def _items(session: AsyncSession, rows: Collection[EntryRow]) -> dict[str, Item]:
    handles = [row.handle for row in rows]
    grants = defaultdict(list)
    query = select(GrantRow).where(among(col(GrantRow.handle), handles)).order_by(col(GrantRow.id))
    for grant in await session.scalars(query):
        grants[grant.handle].append(grant)
    last = select(col(HistoryRow.handle), func.max(col(HistoryRow.id))).where(among(col(HistoryRow.handle), handles))
    newest = dict((await session.execute(last.group_by(col(HistoryRow.handle)))).tuples().all())
    return {row.handle: row.item(grants[row.handle], newest.get(row.handle)) for row in rows}


async def histories(session: AsyncSession, handles: Collection[str]) -> dict[str, tuple[Moment, ...]]:
    """What entries said, each newest first."""
    found = defaultdict(list)
    query = select(HistoryRow).where(among(col(HistoryRow.handle), handles)).order_by(col(HistoryRow.id).desc())
    for row in await session.scalars(query):
        found[row.handle].append(row.moment())
    return {handle: tuple(moments) for handle, moments in found.items()}


async def locks(session: AsyncSession, handles: Collection[str]) -> dict[str, tuple[LockMoment, ...]]:
    """How entries were locked and unlocked, each newest first."""
    found = defaultdict(list)
    query = select(LockRow).where(among(col(LockRow.handle), handles)).order_by(col(LockRow.id).desc())
    for row in await session.scalars(query):
        found[row.handle].append(row.moment())
    return {handle: tuple(moments) for handle, moments in found.items()}


async def seen(session: AsyncSession, found: Iterable[Item], who: Reader) -> list[EntrySeen]:
    """Entries with their histories and somebody's roles."""
    held = list(found)
    past = await histories(session, [item.handle for item in held])
    return [
        EntrySeen(**item.entry().model_dump(), history=past.get(item.handle, ()), roles=item.roles(who), locked=item.locked)
        for item in held
    ]


async def page(
    session: AsyncSession, where: Iterable[ColumnElement[bool]], order: Iterable[ColumnElement[Any]], limit: int
) -> list[tuple[EntryRow, Item]]:
    """The first entries of an order under some conditions."""
    query = select(EntryRow).where(and_(true(), *where)).order_by(*order).limit(limit)
    rows = list(await session.scalars(query))
    kept = await _items(session, rows)
    return [(row, kept[row.handle]) for row in rows]


async def everything(session: AsyncSession) -> AsyncIterator[Stored]:
    """Every entry with all that is kept of it, in the order of their coming."""
    after = -1
    while rows := list(
        await session.scalars(select(EntryRow).where(col(EntryRow.number) > after).order_by(col(EntryRow.number)).limit(CHUNK))
    ):
        kept = await _items(session, rows)
        past, locked = await histories(session, list(kept)), await locks(session, list(kept))
        for handle, item in kept.items():
            yield Stored(
                **item.entry().model_dump(),
                history=past.get(handle, ()),
                locked=item.locked,
                access=item.access,
                locks=locked.get(handle, ()),
            )
        after = rows[-1].number or after
        session.expunge_all()


async def gone(session: AsyncSession) -> dict[str, list[str]]:
    """Model runs and activities that still tell something, though their entries are gone."""
    found: dict[str, list[str]] = {"model_runs": [], "activities": []}
    for row in await session.execute(GONE):
        found[row.what].append(row.handle)
    return found


async def handles_and_kinds(session: AsyncSession) -> dict[str, str]:
    """Every entry's kind."""
    return dict((await session.execute(select(col(EntryRow.handle), col(EntryRow.kind)))).tuples().all())


async def followed(session: AsyncSession, handles: Collection[str]) -> dict[str, str]:
    """Those entries that another of these follows as its next version, and which."""
    query = select(col(EntryRow.previous_version), col(EntryRow.handle)).where(col(EntryRow.previous_version).is_not(None))
    return {
        before: handle for before, handle in (await session.execute(query)).tuples() if before is not None and handle in handles
    }
