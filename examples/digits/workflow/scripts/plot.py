"""Draw the tries and the best model's confusions: `plot.py METRICS OUT`."""

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.colors import LinearSegmentedColormap

INK, QUIET, BLUE, RED = "#22303c", "#8695a0", "#2f6f9f", "#c4483d"
BLUES = LinearSegmentedColormap.from_list("blues", ["#f7fafc", BLUE, "#123a57"])

metrics = json.loads(Path(sys.argv[1]).read_text())
plt.rcParams.update(
    {
        "font.size": 10,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": QUIET,
        "xtick.color": INK,
        "ytick.color": INK,
    },
)
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained", width_ratios=(1, 1.05))
figure.suptitle(
    f"Handwritten digits: {metrics['accuracy']:.1%} of {metrics['digits']} test images read right",
    fontsize=14,
    fontweight="bold",
)

strengths = [t["C"] for t in metrics["tries"]]
shares = [100 * t["validation"] for t in metrics["tries"]]
left.plot(strengths, shares, color=BLUE, linewidth=2, marker="o", markersize=7, markerfacecolor="white", markeredgewidth=2)
best = strengths.index(metrics["best"])
left.plot(strengths[best], shares[best], "o", color=RED, markersize=9, label=f"chosen: C = {metrics['best']:g}")
for strength, share in zip(strengths, shares, strict=True):
    left.annotate(f"{share:.1f}", (strength, share), (0, 9), textcoords="offset points", ha="center", fontsize=9)
left.set(
    xscale="log",
    title="Accuracy by regularisation",
    xlabel="C (larger: weights are freer)",
    ylabel="validation digits read right (%)",
)
left.margins(x=0.08, y=0.15)
left.grid(axis="y", color="#e4e9ec")
left.set_axisbelow(True)
left.spines[["top", "right"]].set_visible(False)
left.legend(frameon=False, loc="lower right")

confusion = metrics["confusion"]
right.imshow(confusion, cmap=BLUES)
top = max(map(max, confusion))
for label, row in enumerate(confusion):
    for found, count in enumerate(row):
        if count:
            tone = "white" if count > top / 2 else RED if label != found else INK
            right.text(found, label, count, ha="center", va="center", color=tone, fontsize=9)
right.set(title="Confusions of the chosen model", xlabel="read as", ylabel="is a", xticks=range(10), yticks=range(10))
right.tick_params(length=0)
right.spines[:].set_visible(False)
# The library's version would make the picture differ where nothing in it does.
figure.savefig(sys.argv[2], dpi=110, metadata={"Software": None})
print(f"drew {sys.argv[2]}")
