"""Publishing is rows in the caller's transaction, one for each destination."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.bell import CHANNEL
from chassis.refusal import refuse
from chassis.unit import Said, Unit
from contracts.message import LIMIT, Message

Destinations = Callable[[type[Message]], Iterable[str]]
"""The queues of a message; none, if nobody hears it."""

WRITE = text(
    """with said as (
        insert into bus.outbox (queue, subject, message, payload, headers, due, key)
        select queue, subject, message, payload, cast(headers as jsonb), coalesce(due, now()), key
        from unnest(cast(:queue as text[]), cast(:subject as text[]), cast(:message as uuid[]), cast(:payload as bytea[]),
            cast(:headers as text[]), cast(:due as timestamptz[]), cast(:key as text[]))
            as said (queue, subject, message, payload, headers, due, key)
        on conflict (queue, key) where key is not null do nothing
        returning queue)
    select pg_notify(:channel, bell) from (
        select distinct queue as bell from said union select unnest(cast(:bells as text[]))) as rung"""
)
"""Also runs when there is nothing to say: it fails where a handler hid an SQL error, which the commit would not."""


def encode(message: Message) -> bytes:
    """A message as JSON, within the limit of the bus (`bus:too-large` otherwise)."""
    payload = message.model_dump_json().encode()
    if len(payload) > LIMIT:
        raise refuse("bus:too-large", f"{message.subject} has {len(payload)} bytes, the limit is {LIMIT}")
    return payload


def rows(said: Iterable[Said], destinations: Destinations, headers: Callable[[], dict[str, str]]) -> list[dict[str, Any]]:
    """What is said, as rows: in order, once for each destination."""
    return [
        {
            "queue": queue,
            "subject": one.message.subject,
            "message": one.message.id,
            "payload": encode(one.message),
            "headers": json.dumps(headers()),
            "due": one.due,
            "key": one.key,
        }
        for one in said
        for queue in destinations(type(one.message))
    ]


async def write(session: AsyncSession, told: list[dict[str, Any]], bells: Iterable[str] = ()) -> None:
    """Put rows into the outbox and ring, in one statement."""
    columns = ("queue", "subject", "message", "payload", "headers", "due", "key")
    values = {name: [row[name] for row in told] for name in columns}
    await session.execute(WRITE, {**values, "channel": CHANNEL, "bells": sorted(bells)})


async def settle(unit: Unit[Any], destinations: Destinations, headers: Callable[[], dict[str, str]]) -> None:
    """Write what a unit said, before its commit."""
    await write(unit.session, rows(unit.said, destinations, headers), unit.rung)
