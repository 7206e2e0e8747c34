"""Find the exponent of Kepler's third law: `kepler.py PLANETS OUT`."""

import csv
import json
import math
import sys
from pathlib import Path
from statistics import linear_regression

with Path(sys.argv[1]).open(newline="") as source:
    planets = list(csv.DictReader(source))
distances = [math.log(float(p["distance_au"])) for p in planets]
periods = [math.log(float(p["period_years"])) for p in planets]
line = linear_regression(distances, periods)
found = {"planets": len(planets), "exponent": round(line.slope, 6), "factor": round(math.exp(line.intercept), 6)}
Path(sys.argv[2]).write_text(json.dumps(found, indent=1) + "\n")
print(f"{len(planets)} planets: period = {found['factor']} * distance ** {found['exponent']}")
