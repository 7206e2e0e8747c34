"""A virtual host of one's own on the RabbitMQ that answers, and accounts in it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from uuid import uuid4

import aio_pika
import httpx

from chassis.bus.names import EXCHANGE
from tests.servers import server


@dataclass
class Host:
    """A virtual host."""

    amqp: str
    management: str
    http: httpx.AsyncClient
    name: str

    def url(self, account: str | None = None) -> str:
        """The address of this host for an account made by `account`, or for the administrator."""
        told = urlsplit(self.amqp)
        where = told.netloc.rpartition("@")[2]
        who = f"{account}:{account}" if account else told.netloc.rpartition("@")[0]
        return f"{told.scheme}://{who}@{where}/{self.name}"

    @property
    def admin(self) -> str:
        """The administrator's account."""
        return unquote(urlsplit(self.amqp).username or "")

    async def call(self, method: str, path: str, **body: Any) -> Any:
        """Ask the management interface."""
        answer = await self.http.request(method, f"/api/{path}", json=body or None)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def account(self, name: str) -> str:
        """An account with the rights of a service; its name."""
        mine = f"{self.name}-{name}"
        await self.call("PUT", f"users/{mine}", password=mine, tags="")
        await self.call("PUT", f"permissions/{self.name}/{mine}", configure=".*", write=".*", read=".*")
        return mine

    async def ready(self, queues: Iterable[str]) -> int:
        """Messages that wait in these queues."""
        connection = await aio_pika.connect(self.url())
        async with connection:
            channel = await connection.channel()
            found = [await channel.declare_queue(queue, passive=True) for queue in queues]
            return sum(queue.declaration_result.message_count or 0 for queue in found)

    async def unbind(self, queue: str, subject: str) -> None:
        """Take a binding away."""
        connection = await aio_pika.connect(self.url())
        async with connection:
            channel = await connection.channel()
            await (await channel.declare_queue(queue, passive=True)).unbind(EXCHANGE, subject)

    async def cut(self) -> None:
        """End every connection to this host."""
        async with asyncio.timeout(60):
            while not (found := [c for c in await self.call("GET", "connections") if c.get("vhost") == self.name]):
                await asyncio.sleep(0.3)
        for connection in found:
            answer = await self.http.delete(f"/api/connections/{quote(connection['name'], safe='')}")
            assert answer.status_code in {204, 404}

    async def say(self, subject: str, body: bytes, account: str | None = None, exchange: str = EXCHANGE, **more: Any) -> None:
        """Publish something as somebody."""
        connection = await aio_pika.connect(self.url(account))
        async with connection:
            channel = await connection.channel()
            to = await channel.get_exchange(exchange)
            await to.publish(aio_pika.Message(body, user_id=account or self.admin, **more), subject, mandatory=False)


@asynccontextmanager
async def a_host() -> AsyncIterator[Host]:
    """A virtual host that goes when the test goes."""
    amqp, management = server("amqp_url"), server("amqp_management_url")
    told = urlsplit(management)
    auth = (unquote(told.username or ""), unquote(told.password or ""))
    base = told._replace(netloc=told.netloc.rpartition("@")[2]).geturl()
    async with httpx.AsyncClient(base_url=base, auth=auth, timeout=30) as http:
        host = Host(amqp, management, http, f"t-{uuid4().hex[:12]}")
        await host.call("PUT", f"vhosts/{host.name}")
        await host.call("PUT", f"permissions/{host.name}/{quote(host.admin)}", configure=".*", write=".*", read=".*")
        try:
            yield host
        finally:
            await host.call("DELETE", f"vhosts/{host.name}")
            for user in await host.call("GET", "users"):
                if user["name"].startswith(f"{host.name}-"):
                    await host.call("DELETE", f"users/{user['name']}")
