"""What a model costs on the throws that it was fitted to, and what it costs on new ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.stats import binom

from lossbook.analysis.pin import POINT_UP, THROWS, average_loss, two_sided
from lossbook.core import Floats
from lossbook.losses.information import entropy

SERIES = 6
"""How many series of throws there are: that of the chapter's first figure, and five more."""


@cache
def series(number: int) -> np.ndarray:
    """Sixty throws of the pin; the first series is `THROWS`."""
    if number == 1:
        return THROWS
    return (np.random.default_rng(number).random(THROWS.size) < POINT_UP).astype(int)


@dataclass(frozen=True)
class Judged:
    """Losses after each throw of a series: of the best w on its own throws, of it and of the MAP on new ones."""

    own: Floats
    new: Floats
    prior: Floats


@cache
def judged(number: int) -> Judged:
    """The losses of a series; those on new throws are expectations under the truth, and may be infinite.

    The prior is Beta(2, 2): one imagined throw of each kind.
    """
    throws = series(number)
    up, size = throws.cumsum(), np.arange(1, throws.size + 1)
    best = up / size
    return Judged(
        own=np.asarray(entropy(two_sided(best))),
        new=average_loss(POINT_UP, best),
        prior=average_loss(POINT_UP, (up + 1) / (size + 2)),
    )


@cache
def mean_own_loss(size: int) -> float:
    """The loss of the best w on its own throws, averaged over all series of this size."""
    up = np.arange(size + 1)
    return float(binom(size, POINT_UP).pmf(up) @ entropy(two_sided(up / size)))


def all_alike(size: int) -> float:
    """The probability that all throws of a series fall alike: then the best w is 0 or 1, and a new throw may cost ∞."""
    return POINT_UP**size + (1 - POINT_UP) ** size
