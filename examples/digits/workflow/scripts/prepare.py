"""Check the raw digits and scale their pixels to 0..1: `prepare.py RAW OUT`."""

import csv
import sys
from pathlib import Path

PIXELS = 64
LEVELS = 16
LABELS = 10


def cleaned(row: list[str]) -> list[str]:
    """One digit, label first, pixels as parts of the darkest level."""
    *pixels, label = (int(cell) for cell in row)
    if len(pixels) != PIXELS or not all(0 <= p <= LEVELS for p in pixels) or not 0 <= label < LABELS:
        raise ValueError(f"not a digit: {len(pixels)} pixels, label {label}")
    return [str(label), *(f"{p / LEVELS:.4f}" for p in pixels)]


raw, out = map(Path, sys.argv[1:])
with raw.open(newline="") as source, out.open("w", newline="") as target:
    rows = csv.writer(target, lineterminator="\n")
    rows.writerow(["label", *(f"p{i}" for i in range(PIXELS))])
    count = 0
    for count, row in enumerate(csv.reader(source), 1):  # noqa: B007
        rows.writerow(cleaned(row))
print(f"{count} digits checked and scaled")
