"""A two-humped distribution: what bins make of its divergences, and which normal is nearest in either order."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from scipy import stats
from scipy.optimize import minimize

from lossbook.core import Floats
from lossbook.losses.information import kl_divergence

X = np.linspace(-6.5, 6.5, 2601)  # wide enough for every q below, fine enough for the trapezoid rule

Humps = tuple[tuple[float, float, float], ...]

# Two humps whose mean and standard deviation are round numbers: 0 and 2.5
HUMPS: Humps = ((0.6, -2.0, 0.5), (0.4, 3.0, 0.5))
"""The two-humped p of the chapter: (weight, mean, standard deviation) of each hump."""


def two_humps(x: Floats | float) -> Floats:
    """The density of the two-humped p."""
    return sum(weight * stats.norm.pdf(x, mean, scale) for weight, mean, scale in HUMPS)


def two_humps_below(x: Floats | float) -> Floats:
    """The distribution function of the two-humped p."""
    return sum(weight * stats.norm.cdf(x, mean, scale) for weight, mean, scale in HUMPS)


BIN_RANGE = (-8.0, 8.0)
BIN_COUNTS = (1, 2, 4, 8, 16, 32, 64)
BIN_SCALE = 2.0


def binned(bins: int, mean: float) -> tuple[Floats, Floats, Floats]:
    """Edges, and the probabilities of p and of the normal q, in equal bins (the outermost take the tails)."""
    edges = np.linspace(*BIN_RANGE, bins + 1)
    inner = edges[1:-1]
    masses = []
    for below in (two_humps_below(inner), stats.norm.cdf(inner, mean, BIN_SCALE)):
        masses.append(np.diff(np.concatenate([[0.0], below, [1.0]])))
    return edges, masses[0], masses[1]


@cache
def binned_divergences(mean: float) -> tuple[float, ...]:
    """D(p‖q) of the binned p and the binned q, for each number of bins."""
    return tuple(float(kl_divergence(*binned(bins, mean)[1:])) for bins in BIN_COUNTS)


@cache
def humps_entropy() -> float:
    """The differential entropy of the two-humped p, in nats."""
    p = two_humps(X)
    return float(np.trapezoid(-p * np.log(p), X))


def humps_moments(humps: Humps = HUMPS) -> tuple[float, float]:
    """Mean and standard deviation of the two-humped p: the bell with the least forward KL."""
    mean = sum(weight * centre for weight, centre, _ in humps)
    second = sum(weight * (scale**2 + centre**2) for weight, centre, scale in humps)
    return mean, math.sqrt(second - mean**2)


def humps_from_normal(mean: float, scale: float) -> float:
    """Forward KL, D(p‖q) of the two-humped p and the normal q: mean-squared distances are all that q can see of p."""
    centre, spread = humps_moments()
    return (
        math.log(scale * math.sqrt(2 * math.pi)) + (spread**2 + (centre - mean) ** 2) / (2 * scale**2) - humps_entropy()
    )


def normal_from_humps(mean: float, scale: float, humps: Humps = HUMPS) -> float:
    """Reverse KL, D(q‖p) of the normal q and the two-humped p, by the trapezoid rule in units of q's own σ."""
    z = np.linspace(-9, 9, 901)
    weights = stats.norm.pdf(z)
    logs = [math.log(weight) + stats.norm.logpdf(mean + scale * z, centre, spread) for weight, centre, spread in humps]
    return float(np.trapezoid(weights * (np.log(weights / scale) - np.logaddexp(*logs)), z))


def humps_apart(distance: float) -> Humps:
    """The two humps of the chapter, moved until their centres are `distance` apart."""
    (heavy, centre, width), (light, _, other) = HUMPS
    return ((heavy, centre, width), (light, centre + distance, other))


def best_reverse(humps: Humps = HUMPS) -> tuple[float, float, float]:
    """The normal with the least reverse KL: mean, standard deviation, and the KL in nats.

    Lowest of the searches from either hump and from the moment match: there may be a dip at each of them.
    """
    starts = [humps_moments(humps), *((centre, width) for _, centre, width in humps)]
    found = [
        minimize(
            lambda at: normal_from_humps(at[0], math.exp(at[1]), humps),
            (mean, math.log(scale)),
            method="Nelder-Mead",
            options={"xatol": 1e-6, "fatol": 1e-12},
        )
        for mean, scale in starts
    ]
    best = min(found, key=lambda result: float(result.fun))
    return float(best.x[0]), math.exp(best.x[1]), float(best.fun)


def precision_and_recall(mean: float, scale: float) -> tuple[float, float]:
    """How much of the normal q lies within 3σ of a hump of p, and how much of p lies within 3σ of q's mean."""
    q = stats.norm(mean, scale)
    precision = sum(q.cdf(centre + 3 * width) - q.cdf(centre - 3 * width) for _, centre, width in HUMPS)
    recall = two_humps_below(mean + 3 * scale) - two_humps_below(mean - 3 * scale)
    return float(precision), float(recall)


@cache
def divergence_maps() -> tuple[Floats, Floats]:
    """Forward and reverse KL on the grid of standard deviations (rows) and means (columns), finer than the sliders'."""
    means, scales = np.linspace(-4, 4, 49), np.linspace(0.25, 3.5, 40)
    pairs = [[(humps_from_normal(m, s), normal_from_humps(m, s)) for m in means] for s in scales]
    maps = np.array(pairs)
    return maps[..., 0], maps[..., 1]
