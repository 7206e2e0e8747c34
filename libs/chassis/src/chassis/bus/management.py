"""RabbitMQ's management interface, as far as operators' commands need it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx

from chassis.bus.names import EXCHANGE, POLICY
from chassis.bus.topology import Bound

NEVER = 1_000_000
"""What RabbitMQ gave up on must not be given up on: newer versions have a limit of 20 where none is set."""


@dataclass(frozen=True)
class Management:
    """One virtual host."""

    url: str
    vhost: str

    def _client(self) -> httpx.AsyncClient:
        told = urlsplit(self.url)
        account = (unquote(told.username or ""), unquote(told.password or ""))
        return httpx.AsyncClient(
            base_url=told._replace(netloc=told.netloc.rpartition("@")[2]).geturl(), auth=account, timeout=10
        )

    async def _ask(self, path: str) -> Any:
        async with self._client() as http:
            answer = await http.get(path)
            answer.raise_for_status()
            return answer.json()

    async def bound(self) -> list[Bound]:
        """The queues bound to the exchange, with their subjects and what waits in them."""
        host = quote(self.vhost, safe="")
        bindings = await self._ask(f"/api/exchanges/{host}/{EXCHANGE}/bindings/source")
        waiting = {queue["name"]: queue.get("messages") for queue in await self._ask(f"/api/queues/{host}")}
        found = [(b["destination"], b["routing_key"]) for b in bindings if b["destination_type"] == "queue"]
        return [Bound(queue, subject, waiting.get(queue)) for queue, subject in sorted(found)]

    async def limit_deliveries(self, pattern: str, limit: int) -> None:
        """Set the delivery limit of the platform's queues, by a policy: it can be changed again."""
        await self._limit(POLICY, pattern, limit)
        await self._limit(f"{POLICY}-parked", r"\.parked$", NEVER)

    async def _limit(self, name: str, pattern: str, limit: int) -> None:
        policy = {"pattern": pattern, "apply-to": "queues", "priority": 10, "definition": {"delivery-limit": limit}}
        async with self._client() as http:
            answer = await http.put(f"/api/policies/{quote(self.vhost, safe='')}/{name}", json=policy)
            answer.raise_for_status()
