"""How much is measured: `SIZE=full` for figures, `SIZE=small` to see that everything still works."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Counts for every part."""

    messages: int
    """Deliveries for a rate."""
    processes: tuple[int, ...]
    """Consumer processes."""
    waits: int
    """Messages for a latency."""
    graphs: tuple[int, ...]
    """Nodes of the graphs that are asked, growing."""
    written: tuple[int, ...]
    """Of these, the ones whose writing is measured as well as the empty one's."""
    records: int
    """Records of 35 elements for a rate, 200 in a batch."""
    questions: int
    """Answers for a percentile."""
    slow: float
    """Seconds for what is slow on purpose."""
    crowd: int
    """Assertions of the ledger's hub."""
    filled: int
    """Elements of the large ledger."""
    requests: int
    """Requests for a rate over HTTP."""
    live: tuple[int, ...]
    """Live runs on REANA."""
    runs: int
    """One-step runs for a rate."""
    scattered: tuple[int, ...]
    """Steps of scattered runs."""
    model_runs: int
    """Model runs that are registered for a rate."""
    chains: tuple[int, ...]
    """Model runs of the graphs that are asked, growing."""
    repeats: int
    """Times that a wall time is taken; the median counts."""


FULL = Size(
    messages=5000, processes=(1, 2, 4), waits=200,
    graphs=(10_000, 100_000, 1_000_000), written=(100_000, 1_000_000), records=2000, questions=40, slow=5.0, crowd=100_000,
    filled=1_000_000, requests=300, live=(10, 100, 1000), runs=60, scattered=(20, 100),
    model_runs=1000, chains=(1000, 10_000), repeats=3,
)  # fmt: skip
SMALL = Size(
    messages=400, processes=(1,), waits=20, graphs=(1000,), written=(1000,), records=200, questions=5, slow=0.5, crowd=1000,
    filled=3500, requests=20, live=(10, 100), runs=4, scattered=(5,), model_runs=20, chains=(200,), repeats=1,
)  # fmt: skip
SIZES = {"full": FULL, "small": SMALL}
