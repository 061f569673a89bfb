"""Lines fitted by gradient descent, each with one thing wrong that leaves its mark on the loss."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from lossbook.core import Floats
from lossbook.losses.regression import mae, mae_grad, mse, mse_grad
from lossbook.losses.robust import huber, huber_grad

CASES = ("none", "column", "shuffled", "feature", "unit", "jitter")
EXAMPLES = 64


class Fit(NamedTuple):
    """The losses of a descent, one per step and a last one; the spread of the targets; the line found."""

    loss: Floats
    variance: float
    slope: float


def _compared_with_all(prediction: Floats, target: Floats) -> tuple[float, Floats]:
    """Squared error of predictions (N,) and targets (N, 1), as broadcasting pairs them: each with each."""
    e = target[:, None] - prediction
    return float(np.square(e).mean()), -2 * e.mean(axis=0) / prediction.size


def _squares(prediction: Floats, target: Floats) -> tuple[float, Floats]:
    return float(mse(prediction, target)), mse_grad(prediction, target)


def _absolute(prediction: Floats, target: Floats) -> tuple[float, Floats]:
    return float(mae(prediction, target)), mae_grad(prediction, target)


def _huber(prediction: Floats, target: Floats) -> tuple[float, Floats]:
    return float(huber(prediction, target, delta=1.0)), huber_grad(prediction, target, delta=1.0)


@cache
def run(case: str, seed: int = 0) -> Fit:
    """200 steps on y = 3 + 2x + noise from the line 0, with the mistake of one of `CASES`."""
    if case not in CASES:
        raise ValueError(f"case must be one of {', '.join(CASES)}, got {case!r}")
    rng = np.random.default_rng(seed)
    x = rng.normal(size=EXAMPLES)
    y = 3 + 2 * x + 0.5 * rng.normal(size=EXAMPLES)
    loss: Callable[[Floats, Floats], tuple[float, Floats]] = _squares
    rate = 0.1
    if case == "column":
        loss = _compared_with_all
    elif case == "shuffled":
        y = rng.permutation(y)
    elif case == "feature":
        x = 100 * x
    elif case == "unit":
        y, loss = 1000 * y, _huber
    elif case == "jitter":
        loss, rate = _absolute, 3.0
    a = b = 0.0
    losses = []
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(201):
            value, slope = loss(a + b * x, y)
            losses.append(value)
            if not np.isfinite(value):
                break
            a, b = a - rate * slope.sum(), b - rate * float(slope @ x)
    return Fit(np.array(losses), float(y.var()), b)
