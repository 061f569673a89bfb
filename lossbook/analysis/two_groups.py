"""A sample in two groups under the Cauchy loss: the objective over the constant, its minima, and where descent ends."""

from __future__ import annotations

from functools import cache

import numpy as np

from lossbook.core import Floats
from lossbook.losses.robust import cauchy, cauchy_grad

GROUPS = np.array([-0.6, -0.3, 0.0, 0.2, 0.5, 0.9, 1.3]), np.array([5.4, 5.8, 6.0, 6.5])
SAMPLE = np.concatenate(GROUPS)
STARTS = np.arange(-2.0, 9.0)
CONSTANTS = np.linspace(-2, 8, 501)


@cache
def objective(scale: float) -> Floats:
    """The mean loss at each of `CONSTANTS`."""
    return _means(cauchy(*_pairs(CONSTANTS), scale=scale, reduction="none"))


@cache
def ends(scale: float) -> Floats:
    """Where gradient descent ends from each of `STARTS`. A rate of 1 is safe: no curvature exceeds 1."""
    c = STARTS.copy()
    for _ in range(5000):
        step = _means(cauchy_grad(*_pairs(c), scale=scale, reduction="none"))
        c -= step
        if np.abs(step).max() < 1e-9:
            break
    return c


def end(scale: float, start: float) -> float:
    """Where the descent from one of `STARTS` ends."""
    if start not in STARTS:
        raise ValueError(f"start must be a whole number from -2 to 8, got {start!r}")
    return float(ends(scale)[np.searchsorted(STARTS, start)])


def minima(scale: float) -> Floats:
    """The local minima among `CONSTANTS`."""
    value = objective(scale)
    lower = (value[1:-1] < value[:-2]) & (value[1:-1] < value[2:])
    return CONSTANTS[1:-1][lower]


def _pairs(constants: Floats) -> tuple[Floats, Floats]:
    """Every constant as the prediction of every target: predictions and targets, one row per constant."""
    shape = constants.size, SAMPLE.size
    return np.broadcast_to(constants[:, None], shape), np.broadcast_to(SAMPLE, shape)


def _means(each: float | Floats) -> Floats:
    return np.asarray(np.mean(each, axis=1))
