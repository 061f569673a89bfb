"""A two-humped distribution: what bins make of its divergences, and which normal is nearest in either order."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.optimize import brentq, minimize

from lossbook.core import Floats
from lossbook.losses.information import kl_divergence

X = np.linspace(-6.5, 6.5, 2601)  # wide enough for every q below, fine enough for the trapezoid rule

Humps = tuple[tuple[float, float, float], ...]

# Two humps whose mean and standard deviation are round numbers: 0 and 2.5
HUMPS: Humps = ((0.6, -2.0, 0.5), (0.4, 3.0, 0.5))
"""The two-humped p of the chapter: (weight, mean, standard deviation) of each hump."""


def mixture(x: Floats | float, humps: Humps) -> Floats:
    """The density of a mixture of normals."""
    return sum(weight * stats.norm.pdf(x, mean, scale) for weight, mean, scale in humps)


def two_humps(x: Floats | float) -> Floats:
    """The density of the two-humped p."""
    return mixture(x, HUMPS)


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
    log_q = -(z**2) / 2 - math.log(scale)  # here and below less log √2π, which cancels
    logs = [
        math.log(weight / spread) - ((mean + scale * z - centre) / spread) ** 2 / 2 for weight, centre, spread in humps
    ]
    weights = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return float(np.trapezoid(weights * (log_q - np.logaddexp(*logs)), z))


def humps_apart(distance: float) -> Humps:
    """The two humps of the chapter, moved until their centres are `distance` apart."""
    (heavy, centre, width), (light, _, other) = HUMPS
    return ((heavy, centre, width), (light, centre + distance, other))


DISTANCES = tuple(np.arange(1.0, 5.01, 0.25).tolist())
"""How far apart the humps are in the figure; each is 0.5 wide."""


class Dip(NamedTuple):
    """A local minimum of the reverse KL: mean (from the heavier hump) and σ of the bell, and what it costs."""

    mean: float
    scale: float
    value: float


def descend(distance: float, mean: float, scale: float) -> Dip:
    """The minimum of the reverse KL into which a search from this bell runs."""
    humps = humps_apart(distance)
    left = humps[0][1]
    found = minimize(
        lambda at: normal_from_humps(at[0], math.exp(at[1]), humps),
        (left + mean, math.log(scale)),
        method="BFGS",
        options={"gtol": 1e-7},
    )
    return Dip(float(found.x[0]) - left, math.exp(found.x[1]), float(found.fun))


@cache
def dips(distance: float) -> dict[str, Dip]:
    """The minima of the reverse KL by where they lie: "both" humps under one wide bell, the "heavier", the "lighter".

    Only those that are there. Each search starts close to the place; two that end at one minimum count once.
    """
    centre = humps_moments(humps_apart(distance))[0] - HUMPS[0][1]
    searches = {
        "both": descend(distance, centre, 0.3 + 0.36 * distance),
        "heavier": descend(distance, 0.0, 0.5),
        "lighter": descend(distance, distance, 0.5),
    }
    return {
        name: dip
        for name, dip in searches.items()
        if name == "both" or (abs(dip.mean - searches["both"].mean) > 0.1 and dip.scale < 0.8)
    }


def best_reverse(distance: float) -> Dip:
    """The lowest of the dips: the bell that the reverse KL chooses."""
    return min(dips(distance).values(), key=lambda dip: dip.value)


def reverse_jump() -> float:
    """The distance at which one hump alone becomes as good as one bell over both."""

    def lead(distance: float) -> float:
        found = dips(distance)
        return found["both"].value - found["heavier"].value

    return float(brentq(lead, 2.45, 2.6, xtol=1e-4))
