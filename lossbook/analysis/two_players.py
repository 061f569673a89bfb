"""The two-player game against the best discriminator: what it is worth, and which way it pushes the generator."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Floats, check_distribution, number, quiet, real, same_shape, shown
from lossbook.losses.adversarial import (
    discriminator,
    generator_nonsaturating,
    generator_nonsaturating_grad,
    generator_saturating,
    generator_saturating_grad,
)


def best_discriminator(p: ArrayLike, g: ArrayLike) -> Floats:
    """p/(p + g): the probability of "real" that the best discriminator gives where the densities are p and g.

    NaN where both are 0, for nothing is ever seen there.

    >>> best_discriminator([0.5, 0.5, 0.0], [0.5, 0.0, 0.5])
    array([0.5, 1. , 0. ])
    """
    a, b = real("p", p), real("g", g)
    same_shape("p", a, "g", b)
    for name, density in (("p", a), ("g", b)):
        if np.any(density < 0):
            raise ValueError(f"{name} must not be negative, got {shown(density[density < 0][0])}")
    with quiet():
        return np.where(a > b, 1 / (1 + b / a), (a / b) / (1 + a / b))


def game_value(p: ArrayLike, g: ArrayLike) -> float:
    """E log D + E log(1 − D) of the best discriminator between two distributions: 2 JS(p, g) − log 4.

    >>> round(game_value([0.5, 0.5], [0.5, 0.5]), 6)  # −log 4
    -1.386294
    """
    a, b = check_distribution("p", p), check_distribution("g", g)
    d = best_discriminator(a, b)
    with quiet():
        terms = np.where(a > 0, a * np.log(d), 0.0) + np.where(b > 0, b * np.log1p(-d), 0.0)
    return float(terms.sum())


# ── Two normals that drift apart ─────────────────────────────────────────────────────────────────────────────────────

_GRID = np.linspace(-9, 9, 3601)  # standard deviations around the generator's mean: beyond is less than 1e-18
_MASS = np.exp(-(_GRID**2) / 2) / np.exp(-(_GRID**2) / 2).sum()


class Drift(NamedTuple):
    """The data are N(0, 1) and the generator's samples N(d, 1); the discriminator is the best one.

    `slope_…` is the derivative of the generator's mean loss by d, the discriminator held fixed: what pulls it back.
    """

    kl: float
    js: float
    wasserstein: float
    discriminator: float
    saturating: float
    nonsaturating: float
    slope_saturating: float
    slope_nonsaturating: float


def drift(distance: float) -> Drift:
    """Everything about two unit normals whose means are `distance` ≥ 0 apart.

    >>> round(drift(2.0).slope_saturating, 3), round(drift(2.0).slope_nonsaturating, 3)
    (0.45, 1.55)
    """
    d = number("distance", distance, 0, closed=True)
    fake = log_odds(_GRID + d, d)  # on the generator's samples; the data's scores are their mirror image
    costs = np.asarray(discriminator(log_odds(_GRID, d), fake, reduction="none"))
    loss = float(_MASS @ costs)
    return Drift(
        kl=d**2 / 2,
        js=float(max(np.log(2) - loss / 2, 0.0)),
        wasserstein=d,
        discriminator=loss,
        saturating=float(_MASS @ np.asarray(generator_saturating(fake, reduction="none"))),
        nonsaturating=float(_MASS @ np.asarray(generator_nonsaturating(fake, reduction="none"))),
        slope_saturating=float(_MASS @ generator_saturating_grad(fake, reduction="sum")) * -d,
        slope_nonsaturating=float(_MASS @ generator_nonsaturating_grad(fake, reduction="sum")) * -d,
    )


def log_odds(x: ArrayLike, distance: float) -> Floats:
    """The best discriminator's score log p(x)/g(x) between N(0, 1) and N(d, 1): the straight line d²/2 − dx.

    >>> log_odds([0.0, 1.0, 2.0], 2.0)
    array([ 2.,  0., -2.])
    """
    return np.asarray(distance * (distance / 2 - real("x", x)))
