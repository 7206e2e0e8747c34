"""What operators ask: messages that were set aside, and who hears what."""

# Made from `reprovena.aio` by `make client`; change it there.

from collections.abc import Iterable
from dataclasses import dataclass

from reprovena.answers import document_of
from reprovena.calls import Call
from reprovena.models import Document
from reprovena.sync.transport import Transport


@dataclass(frozen=True)
class Operators:
    """The bus, for accounts with the role `reprovena_admin`."""

    wire: Transport

    def parked(self, *, service: str | None = None, queue: str | None = None, limit: int = 100) -> Document:
        """List messages that were set aside, and name the services that could not be asked."""
        given = {"service": service, "queue": queue, "limit": str(limit)}
        params = {name: value for name, value in given.items() if value is not None}
        return self.wire.ask(Call("GET", "/v1/admin/bus/parked", document_of, params=params))

    def replay(self, ids: Iterable[str]) -> int:
        """Put messages back on their queues; say how many there were."""
        return self._tell("replay", ids)

    def drop(self, ids: Iterable[str]) -> int:
        """Forget messages for good; say how many there were."""
        return self._tell("drop", ids)

    def _tell(self, what: str, ids: Iterable[str]) -> int:
        answer = self.wire.ask(Call("POST", f"/v1/admin/bus/{what}", document_of, json={"ids": list(ids)}))
        return int(str(answer["count"]))

    def topology(self) -> Document:
        """List every queue that is there or should be."""
        return self.wire.ask(Call("GET", "/v1/admin/bus/topology", document_of))
