"""Three losses along one weight of ŷ = w x: mean of squares, its root, and the mean of two batches' roots.

The first batch is measured well, the second badly.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from lossbook.core import Floats
from lossbook.losses.regression import mse, mse_grad, rmse, rmse_grad

BATCHES = (slice(0, 8), slice(8, 16))
X = np.tile(np.arange(1.0, 9.0) / 4, 2)
NOISE = np.array([0.03, -0.05, 0.08, 0.02, -0.09, 0.06, -0.02, 0.04, -0.8, 1.1, -0.6, 0.9, 1.5, -0.4, 1.2, 0.7])
"""What the noise slider multiplies, in the unit of the target; the slope of the truth is 1."""
WEIGHTS = np.linspace(-1, 3, 401)


def targets(noise: float) -> Floats:
    return X + noise * NOISE


class Along(NamedTuple):
    """The losses at each of `WEIGHTS`, and the slopes of the first two in the weight."""

    squares: Floats
    root: Floats
    batches: Floats
    squares_slope: Floats
    root_slope: Floats

    def best(self, losses: Floats) -> float:
        """The weight at which one of the losses is smallest."""
        return float(WEIGHTS[losses.argmin()])


@cache
def along(noise: float) -> Along:
    y = targets(noise)
    rows = []
    for w in WEIGHTS:
        fit = w * X
        rows.append(
            (
                mse(fit, y),
                rmse(fit, y),
                np.mean([rmse(fit[at], y[at]) for at in BATCHES]),
                mse_grad(fit, y) @ X,
                rmse_grad(fit, y) @ X,
            )
        )
    return Along(*np.array(rows).T)
