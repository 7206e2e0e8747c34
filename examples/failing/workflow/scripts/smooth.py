"""Put the mean of its neighbours and itself in place of each reading; what is missing stays missing: `smooth.py READINGS`."""

import sys
from pathlib import Path

header, *rows = Path(sys.argv[1]).read_text().splitlines()
minutes, values = zip(*(row.split(",") for row in rows), strict=True)
smoothed = []
for i, value in enumerate(values):
    near = [float(v) for v in values[max(i - 1, 0) : i + 2] if v]
    smoothed.append(f"{sum(near) / len(near):.2f}" if value else "")
lines = [f"{minute},{value}" for minute, value in zip(minutes, smoothed, strict=True)]
Path("smoothed.csv").write_text("\n".join([header, *lines]) + "\n")
print(f"{len(lines)} readings smoothed")
