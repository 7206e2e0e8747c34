"""`make bench`: everything that is measured, in one table. `ONLY="bus graph"` takes some parts, `SIZE=small` is quick.

It empties the Neo4j that it finds (`make services`), and leaves the other servers as they were.
"""

import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

from tests.bench import bus, graph, ledger, models, reana, runs, web
from tests.bench.sizes import SIZES, Size
from tests.bench.table import Figure, keep, machine, plain

from chassis.running import run

Part = Callable[[Size, Callable[[str], None]], AsyncIterator[Figure]]
PARTS: Mapping[str, Part] = {
    "bus": bus.measure,
    "ledger": ledger.measure,
    "graph": graph.measure,
    "http": web.measure,
    "reana": reana.measure,
    "runs": runs.measure,
    "models": models.measure,
}
FOLDER = Path("var/bench")


async def take(part: Part, size: Size, notes: list[str]) -> list[Figure]:
    """Measure a part, each figure shown as it comes."""

    def left_out(what: str) -> None:
        notes.append(f"LEFT OUT: {what}")
        sys.stderr.write(f"LEFT OUT: {what}\n")

    figures = []
    async for figure in part(size, left_out):
        figures.append(figure)
        sys.stderr.write(" | ".join(figure.cells()) + "\n")
    return figures


def main() -> int:
    """Measure what was asked for and print the table."""
    only, named = os.environ.get("ONLY", "").split() or [*PARTS], os.environ.get("SIZE") or "full"
    if unknown := [*(set(only) - set(PARTS)), *({named} - set(SIZES))]:
        sys.stderr.write(f"{', '.join(unknown)}: ONLY takes {', '.join(PARTS)}; SIZE takes {', '.join(SIZES)}\n")
        return 2
    began, figures = time.monotonic(), []
    notes = [machine(), f"SIZE={named}"]
    for name in only:
        figures += run(take(PARTS[name], SIZES[named], notes))
    notes += [f"took {time.monotonic() - began:.0f} s; at the end: {machine()}"]
    missed = [figure.what for figure in figures if figure.met is False]
    notes.append(f"not reached: {'; '.join(missed)}" if missed else "every aim that was measured is reached")
    keep(figures, notes, FOLDER)
    sys.stdout.write("\n".join([plain(figures), "", *notes, f"also in {FOLDER}/bench.md and {FOLDER}/bench.json", ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
