"""A drawing pin thrown again and again: likelihood, average loss, and the divergences of its model from the data."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from lossbook.core import Floats
from lossbook.losses.information import cross_entropy, entropy, kl_divergence, surprisal

POINT_UP = 0.7
"""How often the pin truly lands point up."""
THROWS = (np.random.default_rng(26).random(60) < POINT_UP).astype(int)
"""Sixty throws of the pin: 1 for point up."""


def two_sided(w: ArrayLike) -> Floats:
    """The distribution over (0, 1) of a yes with probability w: one row for each w.

    >>> two_sided(0.7).tolist()
    [0.30000000000000004, 0.7]
    """
    return np.stack([1 - np.asarray(w), np.asarray(w)], axis=-1)


def average_loss(share: float, w: ArrayLike) -> Floats:
    """The average of −log p(y | w) over throws of which `share` landed point up, for each w."""
    models = two_sided(w)
    return np.asarray(cross_entropy(np.broadcast_to(two_sided(share), models.shape), models))


def surplus(share: float, w: ArrayLike) -> Floats:
    """How much more than the entropy of `share` that average is: the divergence of the model against the share."""
    models = two_sided(w)
    return np.asarray(kl_divergence(np.broadcast_to(two_sided(share), models.shape), models))


def likelihoods(throws: int, w: ArrayLike) -> tuple[Floats, Floats]:
    """Log-likelihood and average loss of the first `throws` of `THROWS` under each w."""
    loss = average_loss(THROWS[:throws].mean(), w)
    return -throws * loss, loss


def below_the_floor() -> int:
    """After how many of the sixty throws the average loss of the fitted w is below the entropy of the truth."""
    fitted = [share_loss(throws) for throws in range(1, THROWS.size + 1)]
    return int(np.sum(np.array(fitted) < entropy(two_sided(POINT_UP))))


def share_loss(throws: int) -> float:
    """The average loss of the w that fits the first `throws` throws best: their own entropy."""
    return float(entropy(two_sided(THROWS[:throws].mean())))


# ── Luck ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def standard_error(w: float, size: ArrayLike) -> Floats:
    """The standard deviation of the average loss of `size` independent throws, exactly."""
    costs = np.asarray(surprisal(two_sided(w)))
    mean = costs @ two_sided(POINT_UP)
    spread = math.sqrt((costs - mean) ** 2 @ two_sided(POINT_UP))
    return spread / np.sqrt(np.asarray(size, dtype=float))


STOPS = (2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
SIZES = np.union1d(np.logspace(math.log10(2), 4, 80).round().astype(int), STOPS)
DATASETS = 8


@cache
def shares_up() -> Floats:
    """For each of `DATASETS` datasets and each size in `SIZES`, the share of throws so far that landed point up."""
    up = np.random.default_rng(5).random((DATASETS, 10_000)) < POINT_UP
    return up.cumsum(axis=1)[:, SIZES - 1] / SIZES


def paths(w: float) -> Floats:
    """The average losses of the growing datasets under the model w: one row a dataset, one column for each size."""
    return np.asarray(two_sided(shares_up()) @ np.asarray(surprisal(two_sided(w))))


# ── Pairs of throws ──────────────────────────────────────────────────────────────────────────────────────────────────

PAIRS = 20
ZERO_UP = 10


def pairs(mixed: int) -> Floats:
    """The empirical distribution of 0, 1 or 2 points up in twenty pairs of throws, `mixed` of them with one up."""
    return np.array([ZERO_UP, mixed, PAIRS - ZERO_UP - mixed]) / PAIRS


def two_throws(w: ArrayLike) -> Floats:
    """The model: two independent throws with probability w each, as probabilities of 0, 1 and 2 points up."""
    w = np.asarray(w)
    return np.stack([(1 - w) ** 2, 2 * w * (1 - w), w**2], axis=-1)


def pair_losses(mixed: int, w: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Average loss, forward and reverse divergence of the pairs under each w."""
    models = two_throws(w)
    data = np.broadcast_to(pairs(mixed), models.shape)
    found = cross_entropy(data, models), kl_divergence(data, models), kl_divergence(models, data)
    return np.asarray(found[0]), np.asarray(found[1]), np.asarray(found[2])


@cache
def best_pairs(mixed: int) -> tuple[float, float]:
    """The w that minimise the forward and the reverse divergence between the pairs and the model.

    The forward one is the share of all throws that landed point up. The reverse one may have two valleys: the best
    point of a grid of thousandths says which is the deeper, and a search around it where its floor is.
    """
    grid = np.linspace(0.001, 0.999, 999)
    start = grid[np.argmin(pair_losses(mixed, grid)[2])]
    found = minimize_scalar(
        lambda w: float(pair_losses(mixed, w)[2]),
        bounds=(start - 0.001, start + 0.001),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return float(pairs(mixed) @ [0.0, 0.5, 1.0]), float(found.x)
