"""What exp(−loss) gives to the two labels of a score: a negative log-likelihood gives them the same sum everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lossbook.core import Floats
from lossbook.losses.margins import exponential, hinge, logistic, squared_hinge


def _of_margin(loss: Callable[..., Floats | float]) -> Callable[[Any], Floats]:
    return lambda margin: np.asarray(loss(margin, np.ones(np.shape(margin)), reduction="none"))


MARGIN_LOSSES: dict[str, Callable[[Any], Floats]] = {
    "logistic": _of_margin(logistic),
    "hinge": _of_margin(hinge),
    "squared hinge": _of_margin(squared_hinge),
    "exponential": _of_margin(exponential),
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
