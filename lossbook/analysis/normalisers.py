"""Other functions in the place of the exponential: shares of three scores, and what a common shift does to them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Floats
from lossbook.losses.scores import softplus

FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "exp": np.exp,
    "softplus": softplus,
    "square": np.square,
    "size": np.abs,
}
"""By name: each turns a score into a number that is not negative, to be divided by the sum of all."""


def shares(name: str, scores: ArrayLike) -> Floats:
    """What each score gets if its value under the function is divided by the sum of all values."""
    values = np.asarray(FUNCTIONS[name](np.asarray(scores, dtype=float)))
    return values / values.sum()


def odds(name: str, scores: tuple[float, float], shifts: ArrayLike) -> Floats:
    """The odds of the first score to the second when both are shifted; infinite where the second gets nothing."""
    first, second = (FUNCTIONS[name](np.add(score, np.asarray(shifts, dtype=float))) for score in scores)
    with np.errstate(divide="ignore"):
        return np.asarray(first / second)


def keeps_order(name: str, scores: ArrayLike) -> bool:
    """Whether a higher score always gets a larger share."""
    scores = np.asarray(scores, dtype=float)
    return bool(np.all(np.diff(shares(name, scores)[np.argsort(scores)]) > 0))
