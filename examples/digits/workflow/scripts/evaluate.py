"""Choose the model that reads the validation digits best, try it on the test digits: `evaluate.py VALIDATION TEST MODEL...`."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np


def read(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Labels and pixels."""
    data = np.loadtxt(path, delimiter=",", skiprows=1)
    return data[:, 0].astype(int), data[:, 1:]


def guesses(model: dict[str, Any], pixels: np.ndarray) -> np.ndarray:
    """What the model takes each digit for."""
    scores = pixels @ np.array(model["weights"]).T + np.array(model["bias"])
    return np.array(model["labels"])[scores.argmax(axis=1)]


validation, test, *paths = sys.argv[1:]
labels, pixels = read(validation)
tries = []
for path in paths:
    model = json.loads(Path(path).read_text())
    right = float((guesses(model, pixels) == labels).mean())
    tries.append({"C": model["C"], "validation": round(right, 4), "path": path})
    print(f"C={model['C']:g}: {right:.2%} of the validation digits")
tries.sort(key=lambda t: t["C"])
best = max(tries, key=lambda t: t["validation"])

labels, pixels = read(test)
found = guesses(json.loads(Path(best["path"]).read_text()), pixels)
confusion = np.zeros((10, 10), dtype=int)
np.add.at(confusion, (labels, found), 1)
metrics = {
    "best": best["C"],
    "accuracy": round(float((found == labels).mean()), 4),
    "digits": len(labels),
    "tries": [{"C": t["C"], "validation": t["validation"]} for t in tries],
    "confusion": confusion.tolist(),
}
shutil.copyfile(best["path"], "model.json")
Path("metrics.json").write_text(json.dumps(metrics, indent=1) + "\n")
print(f"best is C={best['C']:g}: {metrics['accuracy']:.2%} of {len(labels)} test digits")
