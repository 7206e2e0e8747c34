"""Deal the digits out into three sets, each label in the same share: `split.py DIGITS SEED SHARE`.

SHARE of the digits goes to validation.csv, as much to test.csv, the rest to train.csv.
"""

import random
import sys
from collections import defaultdict
from pathlib import Path

digits, seed, share = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
header, *rows = digits.read_text().splitlines()
by_label: dict[str, list[str]] = defaultdict(list)
for row in rows:
    by_label[row.split(",", 1)[0]].append(row)

deal = random.Random(seed)
sets: dict[str, list[str]] = {"validation": [], "test": [], "train": []}
for label in sorted(by_label):
    cards = by_label[label]
    deal.shuffle(cards)
    some = round(len(cards) * share)
    sets["validation"] += cards[:some]
    sets["test"] += cards[some : 2 * some]
    sets["train"] += cards[2 * some :]

for name, cards in sets.items():
    deal.shuffle(cards)
    Path(f"{name}.csv").write_text("\n".join([header, *cards]) + "\n")
    print(f"{name}: {len(cards)} digits")
