"""Pages of lists: each begins where the one before ended, whatever was added or removed meanwhile."""

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Select, Text, and_, cast, true, tuple_
from sqlmodel import col

from chassis.refusal import Refusal, refuse
from contracts.lists import Asked
from contracts.problem import FieldError

Row = TypeVar("Row")


def among(asked: Asked, tenants: Collection[str]) -> list[str]:
    """Whose things are listed: the caller's tenants, or the one of them that was asked for."""
    return [tenant for tenant in tenants if asked.tenant in {None, tenant}]


def wanted(asked: Asked, created: Any, *named: Any) -> ColumnElement[bool]:
    """The conditions that every list has; `named` are the columns that `text` is looked for in, with colons between."""
    conditions: list[ColumnElement[bool]] = [true()]
    if asked.created_after is not None:
        conditions.append(col(created) >= asked.created_after)
    if asked.created_before is not None:
        conditions.append(col(created) < asked.created_before)
    if asked.text is not None:
        name: ColumnElement[str] = cast(col(named[0]), Text)
        for further in named[1:]:
            name = name + ":" + col(further)
        conditions.append(name.icontains(asked.text, autoescape=True))
    return and_(*conditions)


@dataclass(frozen=True)
class Listing:
    """What a list may be sorted by. These columns are never null and do not change; the id settles what is equal."""

    columns: Mapping[str, Any]
    id: Any

    def page(self, query: Select[Any], sort: str, after: str | None, limit: int) -> Select[Any]:
        """The query for the page after a cursor, and for one row more, which tells whether there is another page."""
        column, down = col(self.columns[sort.removeprefix("-")]), sort.startswith("-")
        key = tuple_(column, col(self.id))
        if after is not None:
            told, known = read_cursor(after)
            if len(known) != 2 or told != sort:
                raise wrong_cursor()
            is_moment = isinstance(self.columns[sort.removeprefix("-")].type, DateTime)
            point = (_moment(known[0]) if is_moment else _text(known[0]), _uuid(known[1]))
            query = query.where(key < point if down else key > point)
        order = (column.desc(), col(self.id).desc()) if down else (column, col(self.id))
        return query.order_by(*order).limit(limit + 1)

    def cut(self, rows: Sequence[Row], sort: str, limit: int) -> tuple[Sequence[Row], str | None]:
        """The rows of a page, and the cursor of the next one if there is one."""
        if len(rows) <= limit:
            return rows, None
        last = rows[limit - 1]
        value = getattr(last, self.columns[sort.removeprefix("-")].key)
        known = value.isoformat() if isinstance(value, datetime) else value
        return rows[:limit], make_cursor(sort, known, str(getattr(last, self.id.key)))


def make_cursor(sort: str, *known: str) -> str:
    """A cursor: what is known of the last thing of a page. Clients are to pass it back and read nothing out of it."""
    return base64.urlsafe_b64encode(json.dumps([sort, *known]).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[str, list[str]]:
    """The order that a cursor belongs to, and what it knows; refused if it is none."""
    try:
        told = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):  # a list in a list in a list …
        raise wrong_cursor() from None
    if not isinstance(told, list) or not told or not all(isinstance(one, str) for one in told):
        raise wrong_cursor()
    return told[0], told[1:]


def wrong_cursor() -> Refusal:
    """The refusal of a cursor that is none of this list in this order."""
    error = FieldError(detail="not what `next` said, or of a list in another order", field="after")
    return refuse("gateway:invalid", "after: not a page of this list", error)


def _moment(said: str) -> datetime:
    try:
        moment = datetime.fromisoformat(said)
        if moment.tzinfo is None:
            raise wrong_cursor()
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise wrong_cursor() from None


def _uuid(said: str) -> UUID:
    try:
        return UUID(said)
    except ValueError:
        raise wrong_cursor() from None


def _text(said: str) -> str:
    try:
        said.encode()
    except UnicodeEncodeError:
        raise wrong_cursor() from None
    if "\x00" in said:
        raise wrong_cursor()
    return said
