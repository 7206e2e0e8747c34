"""The client: the platform's `/v1` as methods."""

# Made from `reprovena.aio` by `make client`; change it there.

from reprovena.sync.lineage import Provenance
from reprovena.sync.records import Records
from reprovena.sync.runs import Runs


class Reprovena(Runs, Provenance, Records):
    """A connection to a platform; use it as a context manager, or close it."""
