"""The statements of commands: entries are written, held and removed; whoever reads, reads in `queries`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from contracts.views import LockMoment, Moment
from registry.entries.model import Item
from registry.entries.rows import EntryRow, GrantRow, HistoryRow, LockRow, WordRow, among, columns, grants_of
from registry.entries.words import fuzzy, grams, vector
from registry.workflows.store import HANDLES, WorkflowRow

MOST = 1000
"""Rows that one statement writes."""
WORDS = text(
    """insert into registry.entry_words (handle, words) values (:handle, cast(:words as tsvector))
    on conflict (handle) do update set words = excluded.words"""
)
UNKNOWN = text(
    """select asked from unnest(cast(:words as text[])) asked
    where not exists (select from registry.lexicon known where known.word = asked)"""
)
LEARN = text("insert into registry.lexicon (word, grams) values (:word, cast(:grams as text[])) on conflict (word) do nothing")
STATE = text(
    """insert into registry.activities as a (handle, revision, withdrawn) values (:handle, 1, :withdrawn)
    on conflict (handle) do update set revision = a.revision + 1, withdrawn = excluded.withdrawn returning revision"""
)
LIVE = text("select not withdrawn from registry.activities where handle = :handle for update")
REACHED = text("""select case when is_called then last_value else 0 end from registry.handles""")
FREEZE = text("lock table registry.entries in share row exclusive mode")
REACH = text("select setval('registry.handles', :number)")

LAST_PLACE = 2**31 - 1
"""No history has more: its places are numbers of four bytes."""

Whole = tuple[Item, Collection[Moment], Collection[LockMoment]]
"""An entry with its history, and its locks, oldest first."""


class Entries:
    """Entries in the database, within a transaction of the caller's."""

    def __init__(self, session: AsyncSession, prefix: str) -> None:
        self._session, self._prefix = session, prefix

    async def mint(self) -> str:
        """A handle that was never given before."""
        return f"{self._prefix}/{await self._session.scalar(HANDLES.next_value())}"

    async def reach(self, handles: Iterable[str]) -> None:
        """Never mint handles that came from elsewhere."""
        numbers = [
            int(number)
            for prefix, _, number in (handle.rpartition("/") for handle in handles)
            if prefix == self._prefix and number.isascii() and number.isdecimal() and len(number) < 18
        ]
        if numbers and max(numbers) > int(await self._session.scalar(REACHED) or 0):
            await self._session.execute(REACH, {"number": max(numbers)})

    async def add(self, item: Item, *history: Moment) -> None:
        """Write a new entry with the history that it brings."""
        await self.add_all([(item, history, ())])

    async def add_all(self, entries: Sequence[Whole]) -> None:
        """Write new entries with histories (and locks, oldest first)."""
        await self._insert(EntryRow, [columns(item) for item, _, _ in entries])
        await self._belongings(entries)

    async def replace_all(self, entries: Sequence[Whole]) -> None:
        """Let entries that are there be these instead, with their histories and locks; what else hangs on them stays."""
        handles = [item.handle for item, _, _ in entries]
        for table in (HistoryRow, GrantRow, LockRow, WordRow):
            await self._session.execute(delete(table).where(among(col(table.handle), handles)))
        # no two follow the same one, not even while one takes the place of another
        freed = update(EntryRow).where(among(col(EntryRow.handle), handles)).values(previous_version=None)
        await self._session.execute(freed)
        rows = [columns(item) for item, _, _ in entries]
        for start in range(0, len(rows), MOST):
            await self._session.execute(update(EntryRow), rows[start : start + MOST])
        await self._belongings(entries)

    async def hold(self, handle: str) -> Item | None:
        """An entry, held until the transaction ends."""
        query = select(EntryRow).where(col(EntryRow.handle) == handle).with_for_update()
        row = await self._session.scalar(query.execution_options(populate_existing=True))
        if row is None:
            return None
        last = await self._session.scalar(select(func.max(col(HistoryRow.id))).where(col(HistoryRow.handle) == handle))
        granted = select(GrantRow).where(col(GrantRow.handle) == handle).order_by(col(GrantRow.id))
        return row.item(await self._session.scalars(granted), last)

    async def put(self, item: Item, *history: Moment) -> None:
        """Store what has become of an entry that is held, and what its history says more."""
        row = columns(item)
        await self._session.execute(update(EntryRow).where(col(EntryRow.handle) == item.handle).values(row))
        if history:
            await self._insert(HistoryRow, [_past(item, moment) for moment in history])
            await self._describe([item])

    async def remember(self, item: Item, moment: LockMoment) -> None:
        """Keep that an entry was locked or unlocked."""
        await self._insert(LockRow, [_lock(item, moment)])

    async def grant(self, item: Item) -> None:
        """Replace what an entry grants."""
        await self._session.execute(delete(GrantRow).where(col(GrantRow.handle) == item.handle))
        await self._insert(GrantRow, grants_of(item))

    async def follower(self, handle: str) -> str | None:
        """The entry that is the next version of another."""
        query = select(col(EntryRow.handle)).where(col(EntryRow.previous_version) == handle)
        found: str | None = await self._session.scalar(query)
        return found

    async def state(self, activity: str, *, withdrawn: bool = False) -> int:
        """An activity tells something from now on, or nothing; the statement's number, which only grows."""
        stated = await self._session.execute(STATE, {"handle": activity, "withdrawn": withdrawn})
        return int(stated.scalar_one())

    async def tells(self, activity: str) -> bool:
        """Whether an activity tells something, even if its entry is gone; held until the transaction ends."""
        return bool(await self._session.scalar(LIVE, {"handle": activity}))

    async def moment(self, handle: str, place: int) -> Moment | None:
        """A place of an entry's history."""
        row = await self._session.get(HistoryRow, (handle, place)) if place <= LAST_PLACE else None
        return row.moment() if row else None

    async def remove(self, handles: Collection[str]) -> None:
        """Remove entries with all that belongs to them."""
        await self._session.execute(delete(EntryRow).where(among(col(EntryRow.handle), handles)))

    async def freeze(self) -> None:
        """Let nobody else write entries until the transaction ends."""
        await self._session.execute(FREEZE)

    async def of_workflows(self, handles: Collection[str]) -> list[str]:
        """Those handles that workflows have."""
        query = select(col(WorkflowRow.handle)).where(among(col(WorkflowRow.handle), handles))
        return list(await self._session.scalars(query))

    async def _belongings(self, entries: Sequence[Whole]) -> None:
        await self._insert(HistoryRow, [_past(item, moment) for item, history, _ in entries for moment in history])
        await self._insert(GrantRow, [row for item, _, _ in entries for row in grants_of(item)])
        await self._insert(LockRow, [_lock(item, moment) for item, _, locks in entries for moment in locks])
        await self._describe([item for item, _, _ in entries])

    async def _insert(self, table: type[Any], rows: Sequence[Mapping[str, Any]]) -> None:
        for start in range(0, len(rows), MOST):
            await self._session.execute(insert(table), list(rows[start : start + MOST]))

    async def _describe(self, items: Sequence[Item]) -> None:
        """Let entries be found by what they say now."""
        told = {item.handle: vector(item) for item in items}
        written = [
            {"handle": handle, "words": " ".join(f"'{word}':{places}" for word, places in found.items())}
            for handle, found in told.items()
        ]
        for start in range(0, len(written), MOST):
            await self._session.execute(WORDS, written[start : start + MOST])
        # in one order, so that two who learn the same words do not wait for each other in a circle
        known = sorted({word for found in told.values() for word in found if fuzzy(word)})
        new = list(await self._session.scalars(UNKNOWN, {"words": known})) if known else []
        if new:
            await self._session.execute(LEARN, [{"word": word, "grams": grams(word)} for word in sorted(new)])


def _past(item: Item, moment: Moment) -> dict[str, Any]:
    return {"handle": item.handle, **moment.model_dump()}


def _lock(item: Item, moment: LockMoment) -> dict[str, Any]:
    return {"handle": item.handle, **moment.model_dump()}
