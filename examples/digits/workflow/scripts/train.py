"""Fit a multinomial logistic regression: `train.py DIGITS C`; a small C keeps the weights small.

The model is JSON: one bias and 64 weights a digit. Whoever uses it needs no scikit-learn, and reading it runs no code.
"""

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

data = np.loadtxt(sys.argv[1], delimiter=",", skiprows=1)
strength = float(sys.argv[2])
labels, pixels = data[:, 0].astype(int), data[:, 1:]
fit = LogisticRegression(C=strength, max_iter=1000).fit(pixels, labels)

model = {
    "kind": "multinomial logistic regression",
    "C": strength,
    "iterations": int(fit.n_iter_[0]),
    "labels": fit.classes_.tolist(),
    "bias": fit.intercept_.round(5).tolist(),
    "weights": fit.coef_.round(5).tolist(),
}
Path(f"model-{strength:g}.json").write_text(json.dumps(model) + "\n")
right = fit.score(pixels, labels)
print(f"C={strength:g}: {len(labels)} digits, {model['iterations']} iterations, {right:.2%} of them read right")
