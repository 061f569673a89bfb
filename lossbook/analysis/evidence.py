"""A generator of one number from one number, where the evidence and its lower bound can be computed to the last digit.

A code z is standard normal, and the observed number is z² plus normal noise: 1.5 may have come from either side of 0.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import integrate, optimize, stats

from lossbook.core import Floats, number
from lossbook.losses.variational import kl_standard_normal

OBSERVED, NOISE = 1.5, 0.5
"""The number that was observed, and the standard deviation of the noise."""


def log_joint(z: ArrayLike) -> Floats:
    """log p(x, z) of the observed number with each code."""
    code = np.asarray(z, dtype=np.float64)
    return np.asarray(stats.norm.logpdf(code) + stats.norm.logpdf(OBSERVED, code**2, NOISE))


@cache
def log_evidence() -> float:
    """log p(x): the joint density integrated over all codes."""
    return math.log(2 * integrate.quad(lambda z: math.exp(log_joint(z)), 0, 8, epsabs=1e-13)[0])


def posterior(z: Floats) -> Floats:
    """p(z | x) of each code."""
    return np.exp(log_joint(z) - log_evidence())


class Bound(NamedTuple):
    """The lower bound in its two terms, and what it lacks: evidence = reconstruction − rate + gap."""

    reconstruction: float
    rate: float
    gap: float

    @property
    def value(self) -> float:
        """The bound itself."""
        return self.reconstruction - self.rate


def bound(mean: float, scale: float) -> Bound:
    """The bound that a normal code N(mean, scale²) gives, in closed form; its gap is KL(q‖posterior)."""
    m, s = number("mean", mean), number("scale", scale, 0)
    second = m**2 + s**2
    fourth = m**4 + 6 * m**2 * s**2 + 3 * s**4
    squared = OBSERVED**2 - 2 * OBSERVED * second + fourth  # E (x − z²)²
    reconstruction = -math.log(NOISE * math.sqrt(2 * math.pi)) - squared / (2 * NOISE**2)
    rate = float(kl_standard_normal([m], [2 * math.log(s)]))
    return Bound(reconstruction, rate, log_evidence() - reconstruction + rate)


@cache
def best_code() -> tuple[float, float]:
    """Mean (the positive one of two) and spread of the normal code with the largest bound."""
    found = optimize.minimize(
        lambda v: -bound(v[0], math.exp(v[1])).value, [1.2, -1.5], method="Nelder-Mead", options={"xatol": 1e-9}
    ).x
    return float(found[0]), float(math.exp(found[1]))


class Noisiness(NamedTuple):
    """Mean and standard deviation of an estimate of the bound's slope in the code's mean, from one drawn code."""

    mean: float
    spread: float


def slope_estimates(mean: float, scale: float, draws: int = 200_000, seed: int = 0) -> dict[str, Noisiness]:
    """The reparameterised and the score-function estimate of d bound/d mean: one slope, two very different spreads.

    Both are of the reconstruction; the rate's slope is exact in either.
    """
    z = mean + scale * (noise := np.random.default_rng(seed).normal(0, 1, draws))
    through = (OBSERVED - z**2) * 2 * z / NOISE**2  # d log p(x|z)/dz, for dz/dmean = 1
    scored = stats.norm.logpdf(OBSERVED, z**2, NOISE) * noise / scale  # log p(x|z) · d log q/d mean
    return {
        name: Noisiness(float(values.mean()), float(values.std()))
        for name, values in (("reparameterised", through), ("score function", scored))
    }
