"""RabbitMQ's management interface, as far as operators' commands need it."""

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx

from chassis.bus.names import EXCHANGE, POLICY, pattern
from chassis.bus.topology import Bound

PRIORITY = 10
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

    async def limit_deliveries(self, policies: Iterable["Policy"]) -> None:
        """Set delivery limits by policies: they can be changed again."""
        for one in policies:
            policy = {"pattern": one.pattern, "apply-to": "queues", "priority": PRIORITY, "definition": one.definition}
            async with self._client() as http:
                answer = await http.put(f"/api/policies/{quote(self.vhost, safe='')}/{one.name}", json=policy)
                answer.raise_for_status()


@dataclass(frozen=True)
class Policy:
    """A delivery limit of queues."""

    name: str
    pattern: str
    limit: int

    @property
    def definition(self) -> dict[str, int]:
        """What RabbitMQ is told of the queues."""
        return {"delivery-limit": self.limit}

    def command(self, vhost: str) -> str:
        """The line for a shell that sets it where there is no management interface."""
        told = ["rabbitmqctl", "set_policy", "-p", vhost, self.name, self.pattern, json.dumps(self.definition)]
        return shlex.join([*told, "--apply-to", "queues", "--priority", str(PRIORITY)])


def policies(queues: Iterable[str], limit: int) -> tuple[Policy, ...]:
    """The delivery limits of the platform's queues, and of those for what RabbitMQ gave up on."""
    return Policy(POLICY, pattern(queues), limit), Policy(f"{POLICY}-parked", r"\.parked$", NEVER)
