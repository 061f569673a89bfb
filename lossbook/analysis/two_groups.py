"""A sample in two groups under the Cauchy loss: the objective over the constant, its minima, and where descent ends."""

from __future__ import annotations

from functools import cache

import numpy as np

from lossbook.core import Floats
from lossbook.losses.robust import cauchy, cauchy_grad

GROUPS = np.array([-0.6, -0.3, 0.0, 0.2, 0.5, 0.9, 1.3]), np.array([5.4, 5.8, 6.0, 6.5])
SAMPLE = np.concatenate(GROUPS)
CONSTANTS = np.linspace(-2, 8, 501)


@cache
def objective(scale: float) -> Floats:
    """The mean loss at each of `CONSTANTS`."""
    return np.array([cauchy(np.full(SAMPLE.size, c), SAMPLE, scale=scale) for c in CONSTANTS])


@cache
def end(scale: float, start: float) -> float:
    """Where gradient descent on the mean loss ends. A rate of 1 is safe: no curvature exceeds 1."""
    c = start
    for _ in range(5000):
        step = float(cauchy_grad(np.full(SAMPLE.size, c), SAMPLE, scale=scale).sum()) / SAMPLE.size
        c -= step
        if abs(step) < 1e-10:
            break
    return c


def minima(scale: float) -> Floats:
    """The local minima among `CONSTANTS`."""
    value = objective(scale)
    lower = (value[1:-1] < value[:-2]) & (value[1:-1] < value[2:])
    return CONSTANTS[1:-1][lower]
