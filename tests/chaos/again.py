"""What was said once, said again: twice each, in any order, by whoever spoke."""

import asyncio
from collections.abc import Iterable
from typing import Any

import aio_pika
import httpx
from tests.servers import server
from tests.stack import SERVICES, Stack

from chassis import keys
from chassis.bus.names import EXCHANGE
from chassis.callers import Callers
from contracts.catalog import CATALOG
from contracts.message import Caller, Event
from provenance.graph.answer import Dump
from provenance.graph.store import open_graph


def facts(tapped: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of all that was said, what is a fact."""
    return [one for one in tapped if issubclass(CATALOG[one["routing_key"]], Event)]


async def say(stack: Stack, letters: Iterable[dict[str, Any]]) -> None:
    """Publish each as the account of the service whose fact it is, in this order."""
    wires = [await aio_pika.connect(stack.vhost.url(service)) for service in SERVICES]
    try:
        doors = [await (await wire.channel()).get_exchange(EXCHANGE) for wire in wires]
        doors_of = dict(zip(SERVICES, doors, strict=True))
        for letter in letters:
            subject = letter["routing_key"]
            speaker = subject.partition(".")[0]
            envelope = aio_pika.Message(
                letter["payload"].encode(),
                content_type="application/json",
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                message_id=letter["properties"]["message_id"],
                type=subject,
                user_id=speaker,
            )
            await doors_of[speaker].publish(envelope, subject, mandatory=False)
    finally:
        await asyncio.gather(*(wire.close() for wire in wires))


def documents(stack: Stack, caller: Caller, runs: Iterable[str]) -> dict[str, bytes]:
    """Each run's document as PROV-N, and what lies upstream of it."""
    token = Callers.with_key(keys.signing_key(stack.folder / "caller.pem")).token
    found = {}
    with httpx.Client(base_url=stack.urls["provenance"], timeout=60) as http:
        for run in runs:
            headers = {"Authorization": f"Bearer {token(caller)}"}
            record = http.get("/document", params={"record": f"run/{run}", "format": "provn"}, headers=headers)
            walked = http.get("/lineage", params={"id": f"run/{run}"}, headers=headers)
            for name, answer in {"document": record, "lineage": walked}.items():
                assert answer.status_code == 200, answer.text
                found[f"{name} {run}"] = answer.content
    return found


async def graph() -> Dump:
    """All that is in Neo4j."""
    store = open_graph(server("neo4j_url"), None)
    try:
        return await store.dump()
    finally:
        await store.close()
