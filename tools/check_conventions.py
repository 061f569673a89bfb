"""Compares what the conventions write out of Keras and Optax with the libraries themselves.

    make conventions          in an environment of its own

Their versions are pinned in requirements-conventions.txt; the book and its tests do without them.
"""

from __future__ import annotations

import os
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_ENABLE_X64", "1")

import keras  # type: ignore[import-not-found]
import numpy as np
import optax  # type: ignore[import-not-found]

from lossbook import sigmoid
from lossbook.conventions import CONVENTIONS, NOT_HERE, inputs

SEEDS = range(50)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def main() -> int:
    keras.config.set_floatx("float64")
    print(f"Keras {keras.__version__}, Optax {optax.__version__}")
    wrong = 0
    for entry in (entry for entry in CONVENTIONS if entry.library in NOT_HERE):
        worst = 0.0
        for seed in SEEDS:
            known = {"np": np, "keras": keras, "optax": optax, "cosine": cosine, "sigmoid": sigmoid, **inputs(seed)}
            theirs = np.asarray(eval(entry.call, dict(known)), dtype=np.float64)
            ours = np.asarray(eval(entry.restated, dict(known)), dtype=np.float64)
            if theirs.shape != ours.shape:
                worst = np.inf
                break
            worst = max(worst, float(np.max(np.abs(theirs - ours) / (1 + np.abs(ours)))))
        wrong += worst > 1e-6  # Keras clips at 1e-7, which the entries on other matters leave out
        print(f"{'differs' if worst > 1e-6 else 'same   '} {worst:8.1e}  {entry.library}: {entry.call}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
