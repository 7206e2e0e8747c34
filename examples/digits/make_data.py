"""Write digits.csv from the copy of the data set that scikit-learn ships; it ran once, its result is committed."""

import csv
from pathlib import Path

from sklearn.datasets import load_digits

digits = load_digits()
with (Path(__file__).parent / "digits.csv").open("w", newline="") as target:
    rows = csv.writer(target, lineterminator="\n")
    for pixels, label in zip(digits.data.astype(int), digits.target, strict=True):
        rows.writerow([*pixels, label])
