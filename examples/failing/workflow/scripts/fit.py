"""Fit a line, or end with 3 if a reading is missing: `fit.py READINGS`."""

import csv
import json
import sys
from pathlib import Path
from statistics import linear_regression

with Path(sys.argv[1]).open(newline="") as source:
    readings = list(csv.DictReader(source))
for number, reading in enumerate(readings, 1):
    if not reading["celsius"]:
        why = f"reading {number} of {len(readings)} (minute {reading['minute']}) has no value: cannot fit a line"
        print(why, file=sys.stderr)
        sys.exit(3)
line = linear_regression([int(r["minute"]) for r in readings], [float(r["celsius"]) for r in readings])
Path("line.json").write_text(json.dumps({"slope": line.slope, "intercept": line.intercept}) + "\n")
