"""Put readings into the order of their time: `sort.py READINGS`."""

import sys
from pathlib import Path

header, *rows = Path(sys.argv[1]).read_text().splitlines()
rows.sort(key=lambda row: int(row.split(",")[0]))
Path("sorted.csv").write_text("\n".join([header, *rows]) + "\n")
print(f"{len(rows)} readings in order")
