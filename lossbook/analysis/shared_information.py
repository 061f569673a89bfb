"""How much of the information that two normal variables share InfoNCE can report, when its score is the best one.

Both are standard normal with correlation ρ. The best score of a candidate is the log ratio of its probability beside
the anchor to its probability alone; nothing is trained.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from lossbook.losses.scores import logsumexp

ANCHORS = 2000


def information(rho: float) -> float:
    """The mutual information of the two, in nats.

    >>> information(0.0)
    0.0
    """
    return float(-np.log1p(-(rho**2)) / 2)


def correlation(nats: float) -> float:
    """The correlation at which they share that much.

    >>> round(information(correlation(2.0)), 12)
    2.0
    """
    return float(np.sqrt(-np.expm1(-2 * nats)))


@cache
def reported(rho: float, count: int, seed: int = 0) -> float:
    """log K minus the mean InfoNCE of anchors, each with one partner among K candidates."""
    random = np.random.default_rng(seed)
    anchor, noise = random.normal(size=(2, ANCHORS, 1))
    strangers = random.normal(size=(ANCHORS, count - 1))
    candidates = np.concatenate([rho * anchor + np.sqrt(1 - rho**2) * noise, strangers], axis=1)
    ratio = (candidates**2 - (candidates - rho * anchor) ** 2 / (1 - rho**2)) / 2  # but for a constant, which cancels
    return float(np.log(count) - np.mean(logsumexp(ratio, axis=1) - ratio[:, 0]))
