"""Pages of entries: sorted, filtered, with a place to go on from; always full, because permission is part of the question."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, func, literal, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from chassis.refusal import Refusal, refuse
from contracts.kinds import Kind
from contracts.problem import FieldError
from contracts.views import EntryPage, Listing
from registry.entries import checks, queries
from registry.entries.model import Reader
from registry.entries.rows import EntryRow

BY_NAME, BY_CHANGE, BY_RELEASE, BY_ADDRESS = "DISPLAY_NAME", "UPDATED_TIME", "RELEASE_TIMESTAMP", "ACCESS_INFO_URI_BEGINS_WITH"
COLUMNS: dict[str, Any] = {
    "CREATED_TIME": EntryRow.created,
    BY_CHANGE: EntryRow.updated,
    BY_NAME: EntryRow.display_name,
    BY_RELEASE: EntryRow.release_timestamp,
    BY_ADDRESS: EntryRow.access_uri,
}
CUT = 200
"""Characters of a name that its index holds."""


async def page(session: AsyncSession, asked: Listing, who: Reader) -> EntryPage:
    """Entries that somebody may read, in the order asked for."""
    sort = _sort(asked)
    column = col(COLUMNS[sort])
    keys: list[Any] = [column, col(EntryRow.number)]
    if sort == BY_NAME:
        keys.insert(0, func.left(column, CUT))
    where = [queries.readable(who), *_filters(asked), column.is_not(None)]
    if asked.after is not None:
        where.append(_beyond(keys, _place(asked.after, sort), ascending=asked.ascending))
    order = [key.asc() if asked.ascending else key.desc() for key in keys]
    found = await queries.page(session, where, order, asked.limit + 1)
    shown = found[: asked.limit]
    more = len(found) > asked.limit
    items = await queries.seen(session, [item for _, item in shown], who)
    return EntryPage(items=tuple(items), next=_next(shown[-1][0], sort) if more else None)


def _sort(asked: Listing) -> str:
    """The order that counts, if it goes with the filters (Provena's table of both)."""
    sort = asked.sort or (BY_RELEASE if asked.release_reviewer else BY_CHANGE)
    if (asked.begins_with is not None) != (sort == BY_ADDRESS):
        raise _wrong("gateway:invalid", "begins_with", f"is given with {BY_ADDRESS}, and only there")
    if asked.kind is not None and asked.release_status is not None:
        raise _wrong("gateway:invalid", "release_status", "is not given together with a kind")
    if asked.release_reviewer is not None and sort != BY_RELEASE:
        raise _wrong("gateway:bad-request", "sort_type", f"what somebody reviews is sorted by {BY_RELEASE} alone")
    if asked.release_reviewer is None and sort == BY_RELEASE:
        raise _wrong("gateway:bad-request", "sort_type", f"{BY_RELEASE} sorts what somebody reviews, and nothing else")
    if sort == BY_ADDRESS and asked.kind is None:
        raise _wrong("gateway:bad-request", "sort_type", f"{BY_ADDRESS} sorts one kind, and nothing else")
    checks.texts(begins_with=asked.begins_with, release_reviewer=asked.release_reviewer)
    return sort


def _filters(asked: Listing) -> list[ColumnElement[bool]]:
    """What an entry must be to be listed."""
    found: list[ColumnElement[bool]] = []
    if asked.kind is not None:
        found.append(col(EntryRow.kind) == asked.kind.value)
    if asked.release_reviewer is not None:
        found += [col(EntryRow.kind) == Kind.DATASET.value, col(EntryRow.release_approver) == asked.release_reviewer]
    if asked.release_status is not None:
        found += [col(EntryRow.kind) == Kind.DATASET.value, col(EntryRow.release_status) == asked.release_status]
    elif asked.record_type != "ALL":
        seeds = col(EntryRow.info).is_(None)
        found.append(seeds if asked.record_type == "SEED_ONLY" else ~seeds)
    if asked.begins_with is not None:
        found.append(func.starts_with(col(EntryRow.access_uri), asked.begins_with))
    return found


def _next(row: EntryRow, sort: str) -> dict[str, Any]:
    return {"id": row.handle, "key": getattr(row, COLUMNS[sort].key), "number": row.number}


def _place(after: dict[str, Any], sort: str) -> list[ColumnElement[Any]]:
    """Where to go on, as it was told; whatever else is refused."""
    key, number = after.get("key"), after.get("number")
    wanted = str if sort in {BY_NAME, BY_ADDRESS} else int
    if not isinstance(key, wanted) or isinstance(key, bool) or not isinstance(number, int) or any(checks.storable(after)):
        raise _wrong("gateway:bad-request", "pagination_key", "is not what the page before gave for this order")
    value = literal(key, Text(collation="C") if wanted is str else BigInteger())
    place: list[ColumnElement[Any]] = [value, literal(number, BigInteger())]
    return [func.left(value, CUT), *place] if sort == BY_NAME else place


def _beyond(keys: Sequence[ColumnElement[Any]], place: Sequence[ColumnElement[Any]], *, ascending: bool) -> ColumnElement[bool]:
    here, there = tuple_(*keys), tuple_(*place)
    return here > there if ascending else here < there


def _wrong(kind: str, field: str, detail: str) -> Refusal:
    return refuse(kind, f"{field} {detail}", FieldError(detail=detail, field=field))
