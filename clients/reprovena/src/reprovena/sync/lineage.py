"""Provenance: documents and drawings, where things come from, how runs differ, where a file was seen."""

# Made from `reprovena.aio` by `make client`; change it there.

from collections.abc import Iterator
from pathlib import Path

from reprovena import calls
from reprovena.compared import Difference, FileUse
from reprovena.digests import digest_of
from reprovena.graph import Lineage
from reprovena.sync.connection import Connection
from reprovena.sync.hands import aside, listed


class Provenance(Connection):
    """What a client asks of provenance."""

    def provenance(self, run: str, form: str = "json") -> bytes:
        """Fetch a run's PROV document: json, provn, xml, turtle or jsonld."""
        return self._wire.ask(calls.provenance(run, form))

    def drawing(self, run: str, form: str = "svg") -> bytes:
        """Fetch a drawing of a run's provenance: png, svg or pdf."""
        return self._wire.ask(calls.drawing(run, form))

    def lineage(self, node: str, direction: str = "up", depth: int | None = None) -> Lineage:
        """Ask what came before (`up`) or after (`down`) something."""
        return self._wire.ask(calls.lineage(node, direction, depth))

    def lineage_document(self, node: str, form: str = "json", direction: str = "up", depth: int | None = None) -> bytes:
        """Fetch a lineage as a PROV document."""
        return self._wire.ask(calls.lineage_document(node, direction, depth, form))

    def lineage_drawing(self, node: str, form: str = "svg", direction: str = "up", depth: int | None = None) -> bytes:
        """Fetch a drawing of a lineage."""
        return self._wire.ask(calls.lineage_drawing(node, direction, depth, form))

    def path(self, source: str, target: str) -> Lineage:
        """Ask for the shortest way from one thing to another."""
        return self._wire.ask(calls.path(source, target))

    def difference(self, run: str, other: str, *, of_any: bool = False) -> Difference:
        """Ask how another run differs from a run: of the same workflow, or of any."""
        return self._wire.ask(calls.difference(run, other, of_any=of_any))

    def uses(self, sha256: str, *, limit: int | None = None) -> Iterator[FileUse]:
        """List what a content took part in, the newest first."""
        return self._pages(lambda after, size: calls.uses(sha256, limit=size, after=after), limit)

    def find(self, path: Path | str, *, limit: int | None = None) -> list[FileUse]:
        """List what a file of this machine took part in: it is known by its content, and not sent."""
        digest = aside(digest_of, Path(path), self._progress)
        return listed(self.uses(digest, limit=limit))
