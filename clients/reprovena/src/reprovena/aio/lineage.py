"""Provenance: documents and drawings, where things come from, how runs differ, where a file was seen."""

from collections.abc import AsyncIterator
from pathlib import Path

from reprovena import calls
from reprovena.aio.connection import AsyncConnection
from reprovena.aio.hands import aside, listed
from reprovena.compared import Difference, FileUse
from reprovena.digests import digest_of
from reprovena.graph import Lineage


class AsyncProvenance(AsyncConnection):
    """What a client asks of provenance."""

    async def provenance(self, run: str, form: str = "json") -> bytes:
        """Fetch a run's PROV document: json, provn, xml, turtle or jsonld."""
        return await self._wire.ask(calls.provenance(run, form))

    async def drawing(self, run: str, form: str = "svg") -> bytes:
        """Fetch a drawing of a run's provenance: png, svg or pdf."""
        return await self._wire.ask(calls.drawing(run, form))

    async def lineage(self, node: str, direction: str = "up", depth: int | None = None) -> Lineage:
        """Ask what came before (`up`) or after (`down`) something."""
        return await self._wire.ask(calls.lineage(node, direction, depth))

    async def lineage_document(self, node: str, form: str = "json", direction: str = "up", depth: int | None = None) -> bytes:
        """Fetch a lineage as a PROV document."""
        return await self._wire.ask(calls.lineage_document(node, direction, depth, form))

    async def lineage_drawing(self, node: str, form: str = "svg", direction: str = "up", depth: int | None = None) -> bytes:
        """Fetch a drawing of a lineage."""
        return await self._wire.ask(calls.lineage_drawing(node, direction, depth, form))

    async def path(self, source: str, target: str) -> Lineage:
        """Ask for the shortest way from one thing to another."""
        return await self._wire.ask(calls.path(source, target))

    async def difference(self, run: str, other: str, *, of_any: bool = False) -> Difference:
        """Ask how another run differs from a run: of the same workflow, or of any."""
        return await self._wire.ask(calls.difference(run, other, of_any=of_any))

    def uses(self, sha256: str, *, limit: int | None = None) -> AsyncIterator[FileUse]:
        """List what a content took part in, the newest first."""
        return self._pages(lambda after, size: calls.uses(sha256, limit=size, after=after), limit)

    async def find(self, path: Path | str, *, limit: int | None = None) -> list[FileUse]:
        """List what a file of this machine took part in: it is known by its content, and not sent."""
        digest = await aside(digest_of, Path(path), self._progress)
        return await listed(self.uses(digest, limit=limit))
