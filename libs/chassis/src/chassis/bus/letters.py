"""What RabbitMQ brought, as we keep it."""

from hashlib import sha256
from uuid import NAMESPACE_OID, UUID, uuid5

from aio_pika.abc import AbstractIncomingMessage

from chassis.bus.parked import Letter
from chassis.bus.postgres import SENDER
from contracts.message import LIMIT

TRACE = ("traceparent", "tracestate", "baggage")
"""What is taken of a stranger's headers."""


def letter_of(queue: str, raw: AbstractIncomingMessage, message: UUID | None = None) -> Letter:
    """What came, with the sender that RabbitMQ proved and nothing else that a stranger could have claimed.

    A message that nobody stands for is known by its bytes: by the id that it claims it could stand in another's way.
    """
    headers = {name: value for name in TRACE if (value := str(raw.headers.get(name, ""))[:500]) and value.isprintable()}
    headers[SENDER] = raw.user_id or ""
    known = message or uuid5(NAMESPACE_OID, sha256(headers[SENDER].encode() + b" " + raw.body).hexdigest())
    return Letter(queue, raw.routing_key or "", known, raw.body[:LIMIT], headers)
