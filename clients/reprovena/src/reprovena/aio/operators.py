"""What operators ask: messages that were set aside, and who hears what."""

from collections.abc import Iterable
from dataclasses import dataclass

from reprovena.aio.transport import AsyncTransport
from reprovena.answers import document_of
from reprovena.calls import Call
from reprovena.models import Document


@dataclass(frozen=True)
class AsyncOperators:
    """The bus, for accounts with the role `reprovena_admin`."""

    wire: AsyncTransport

    async def parked(self, *, service: str | None = None, queue: str | None = None, limit: int = 100) -> Document:
        """List messages that were set aside, and name the services that could not be asked."""
        given = {"service": service, "queue": queue, "limit": str(limit)}
        params = {name: value for name, value in given.items() if value is not None}
        return await self.wire.ask(Call("GET", "/v1/admin/bus/parked", document_of, params=params))

    async def replay(self, ids: Iterable[str]) -> int:
        """Put messages back on their queues; say how many there were."""
        return await self._tell("replay", ids)

    async def drop(self, ids: Iterable[str]) -> int:
        """Forget messages for good; say how many there were."""
        return await self._tell("drop", ids)

    async def _tell(self, what: str, ids: Iterable[str]) -> int:
        answer = await self.wire.ask(Call("POST", f"/v1/admin/bus/{what}", document_of, json={"ids": list(ids)}))
        return int(str(answer["count"]))

    async def topology(self) -> Document:
        """List every queue that is there or should be."""
        return await self.wire.ask(Call("GET", "/v1/admin/bus/topology", document_of))
