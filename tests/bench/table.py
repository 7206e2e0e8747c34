"""What was measured, and the one table of it."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

NONE = "-"


@dataclass(frozen=True)
class Figure:
    """One line: a value, what it is compared with in the same run, what it should be, and what others reach."""

    part: str
    what: str
    value: float
    unit: str
    than: str = ""
    """The baseline, in words."""
    base: float = 0.0
    """Its value, in the same unit."""
    least: float | None = None
    most: float | None = None
    peers: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times the baseline it is."""
        return self.value / self.base if self.base else None

    @property
    def met(self) -> bool | None:
        """Whether it is what it should be; nothing where nobody said."""
        if self.least is not None:
            return self.value >= self.least
        return self.value <= self.most if self.most is not None else None

    @property
    def aim(self) -> str:
        """What it should be."""
        told = (
            f"≥ {_number(self.least)}" if self.least is not None else f"≤ {_number(self.most)}" if self.most is not None else ""
        )
        return f"{told} {'✓' if self.met else '✗'}" if told else NONE

    def cells(self) -> list[str]:
        """The line of the table."""
        than = f"x{self.ratio:,.2f} of {self.than}" if self.ratio is not None else NONE
        return [self.part, self.what, f"{_number(self.value)} {self.unit}", than, self.aim, self.peers or NONE]


HEAD = ["part", "what", "reached", "compared in this run", "aim", "peers (their figures on such a machine)"]


def _number(value: float | None) -> str:
    if value is None:
        return NONE
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}"


def plain(figures: Sequence[Figure]) -> str:
    """The table for a terminal."""
    rows = [HEAD, *(figure.cells() for figure in figures)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def markdown(figures: Sequence[Figure], notes: Iterable[str]) -> str:
    """The same for reading."""
    lines = ["# What was measured", "", *(f"- {note}" for note in notes), "", f"| {' | '.join(HEAD)} |"]
    lines += [f"|{' --- |' * len(HEAD)}", *(f"| {' | '.join(figure.cells())} |" for figure in figures)]
    return "\n".join(lines) + "\n"


def keep(figures: Sequence[Figure], notes: Sequence[str], folder: Path) -> None:
    """Write `bench.md` and `bench.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench.md").write_text(markdown(figures, notes))
    told = [asdict(figure) | {"ratio": figure.ratio, "met": figure.met} for figure in figures]
    (folder / "bench.json").write_text(json.dumps({"notes": list(notes), "figures": told}, indent=1, ensure_ascii=False) + "\n")


def machine() -> str:
    """On what, and how busy it was."""
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} (one minute), {when} UTC"


def percentile(values: Sequence[float], which: int) -> float:
    """A percentile."""
    return quantiles(values, n=100)[which - 1]
