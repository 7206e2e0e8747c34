"""Draw what the model looks for in each digit, and its surest mistakes: `draw.py MODEL READINGS OUT`."""

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import LinearSegmentedColormap

INK, BLUE, RED = "#22303c", "#2f6f9f", "#c4483d"
SIGNED = LinearSegmentedColormap.from_list("signed", [RED, "#f7fafc", BLUE])
SHOWN = 10

model = json.loads(Path(sys.argv[1]).read_text())
mistakes = json.loads(Path(sys.argv[2]).read_text())["mistakes"][:SHOWN]
weights = np.array(model["weights"])
reach = np.abs(weights).max()

plt.rcParams.update({"font.size": 10, "text.color": INK})
figure = plt.figure(figsize=(11, 4), layout="constrained")
upper, lower = figure.subfigures(2, 1, hspace=0.04)
upper.suptitle("What speaks for a digit (blue) and against it (red)", fontsize=12, fontweight="bold", x=0.01, ha="left")
for axes, label, row in zip(upper.subplots(1, 10), model["labels"], weights, strict=True):
    axes.imshow(row.reshape(8, 8), cmap=SIGNED, vmin=-reach, vmax=reach)
    axes.set_title(label, fontsize=10)
    axes.axis("off")

headline = "Mistakes it was surest of" if mistakes else "It made no mistakes"
lower.suptitle(headline, fontsize=12, fontweight="bold", x=0.01, ha="left")
for number, axes in enumerate(lower.subplots(1, SHOWN)):
    axes.axis("off")
    if number < len(mistakes):
        mistake = mistakes[number]
        axes.imshow(np.array(mistake["pixels"]).reshape(8, 8), cmap="Greys", vmin=0, vmax=1)
        axes.set_title(f"{mistake['is']}, not {mistake['read_as']}\n{mistake['sure']:.0%} sure", fontsize=9)
# The library's version would make the picture differ where nothing in it does.
figure.savefig(sys.argv[3], dpi=110, metadata={"Software": None})
print(f"drew {len(weights)} digits and {len(mistakes)} mistakes")
