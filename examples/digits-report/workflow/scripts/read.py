"""Read the test digits with the model and keep what it got wrong: `read.py MODEL TEST`."""

import json
import sys
from pathlib import Path

import numpy as np

model = json.loads(Path(sys.argv[1]).read_text())
data = np.loadtxt(sys.argv[2], delimiter=",", skiprows=1)
labels, pixels = data[:, 0].astype(int), data[:, 1:]

scores = pixels @ np.array(model["weights"]).T + np.array(model["bias"])
scores = np.exp(scores - scores.max(axis=1, keepdims=True))
shares = scores / scores.sum(axis=1, keepdims=True)
found = np.array(model["labels"])[shares.argmax(axis=1)]
wrong = np.flatnonzero(found != labels)
surest = wrong[np.argsort(-shares[wrong].max(axis=1), kind="stable")]

readings = {
    "digits": len(labels),
    "right": int((found == labels).sum()),
    "by_label": [
        {"label": d, "digits": int((labels == d).sum()), "right": int(((labels == d) & (found == d)).sum())} for d in range(10)
    ],
    "mistakes": [
        {
            "is": int(labels[i]),
            "read_as": int(found[i]),
            "sure": round(float(shares[i].max()), 3),
            "pixels": pixels[i].tolist(),
        }
        for i in surest
    ],
}
Path("readings.json").write_text(json.dumps(readings) + "\n")
print(f"{readings['right']} of {readings['digits']} read right, {len(wrong)} mistakes kept")
