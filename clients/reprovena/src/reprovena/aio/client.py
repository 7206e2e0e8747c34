"""The client: the platform's `/v1` as methods."""

from reprovena.aio.lineage import AsyncProvenance
from reprovena.aio.records import AsyncRecords
from reprovena.aio.runs import AsyncRuns


class AsyncReprovena(AsyncRuns, AsyncProvenance, AsyncRecords):
    """A connection to a platform; use it as a context manager, or close it."""
