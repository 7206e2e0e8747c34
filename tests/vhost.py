"""A virtual host of one's own on RabbitMQ, and a copy of everything that is said there."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from chassis.bus.names import EXCHANGE
from tests.servers import server, servers

TAP = "tap"
ALL = {"configure": ".*", "write": ".*", "read": ".*"}


@dataclass(frozen=True)
class VirtualHost:
    """A virtual host by name."""

    name: str

    def _management(self) -> httpx.Client:
        told = urlsplit(server("amqp_management_url"))
        base = told._replace(netloc=told.netloc.rpartition("@")[2]).geturl()
        return httpx.Client(base_url=base, auth=(told.username or "", told.password or ""), timeout=30)

    def make(self) -> None:
        """Make it, open to every account."""
        with self._management() as http:
            http.put(f"/api/vhosts/{self.name}").raise_for_status()
            for account in ("admin", *servers("amqp_urls")):
                http.put(f"/api/permissions/{self.name}/{account}", json=ALL).raise_for_status()

    def drop(self) -> None:
        """Remove it with all that is in it."""
        with self._management() as http:
            http.delete(f"/api/vhosts/{self.name}")

    def url(self, account: str) -> str:
        """Its address, as a service or somebody else enters it."""
        return urlsplit(servers("amqp_urls")[account])._replace(path=f"/{self.name}").geturl()

    def tap(self) -> None:
        """Keep a copy of everything that is said from now on."""
        with self._management() as http:
            http.put(f"/api/queues/{self.name}/{TAP}", json={"durable": True}).raise_for_status()
            http.put(f"/api/exchanges/{self.name}/{EXCHANGE}", json={"type": "topic", "durable": True}).raise_for_status()
            http.post(f"/api/bindings/{self.name}/e/{EXCHANGE}/q/{TAP}", json={"routing_key": "#"}).raise_for_status()

    def tapped(self) -> list[dict[str, Any]]:
        """What was said since then; it is forgotten as it is told."""
        told: list[dict[str, Any]] = []
        with self._management() as http:
            while True:
                ask = {"count": 1000, "ackmode": "ack_requeue_false", "encoding": "auto"}
                some = http.post(f"/api/queues/{self.name}/{TAP}/get", json=ask).raise_for_status().json()
                told += some
                if not some:
                    return told

    def queues(self) -> dict[str, int]:
        """Messages that lie in each queue, in hand or not, as RabbitMQ last counted them."""
        with self._management() as http:
            found = http.get(f"/api/queues/{self.name}", params={"columns": "name,messages"}).raise_for_status().json()
        return {queue["name"]: int(queue.get("messages") or 0) for queue in found if queue["name"] != TAP}
