"""What exp(−loss) gives to the two labels of a score: a negative log-likelihood gives them the same sum everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lossbook.core import Floats
from lossbook.losses.scores import log_sigmoid

MARGIN_LOSSES: dict[str, Callable[[Any], Floats]] = {
    "logistic": lambda margin: -np.asarray(log_sigmoid(margin)),
    "hinge": lambda margin: np.maximum(0.0, 1 - np.asarray(margin)),
    "squared hinge": lambda margin: np.maximum(0.0, 1 - np.asarray(margin)) ** 2,
    "exponential": lambda margin: np.exp(-np.asarray(margin)),
}
"""Losses of a score s and a label y = ±1, as functions of the margin y · s."""


class Mass(NamedTuple):
    """exp(−loss) of the labels +1 and −1, score by score."""

    plus: Floats
    minus: Floats

    @property
    def total(self) -> Floats:
        return self.plus + self.minus

    @property
    def constant(self) -> bool:
        """Whether the two labels get the same sum at every one of the scores."""
        return bool(np.ptp(self.total) < 1e-12)


def label_mass(loss: str, score: Any) -> Mass:
    """What the two labels get at each score."""
    of, s = MARGIN_LOSSES[loss], np.asarray(score, dtype=float)
    return Mass(np.exp(-of(s)), np.exp(-of(-s)))
