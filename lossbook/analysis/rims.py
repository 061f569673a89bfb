"""Objects with an uncertain rim: which mask each loss wants of one who knows every pixel's probability."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from lossbook.core import Floats, check_probability, number
from lossbook.losses.overlap import dice, tversky

REACH = 3.0  # half a side of the picture, in radii of the object
GRID = 241  # points a side: many enough to stand for a large picture


@cache
def _distance() -> Floats:
    line = np.linspace(-REACH, REACH, GRID)
    return np.hypot(line[:, np.newaxis], line)


def profile(distance: ArrayLike, peak: float, blur: float) -> Floats:
    """Probability of a pixel at a distance from the centre: `peak` well inside, half of it at 1, 0 far outside."""
    peak, blur = number("peak", peak, 0, 1, closed=True), number("blur", blur, 0)
    return np.asarray(peak / (1 + np.exp((np.asarray(distance) - 1) / blur)))


class Wanted(NamedTuple):
    """The best mask under a Tversky loss: how good it is on the whole, which pixels it takes, and how large it is."""

    value: float  # 1 less the loss
    threshold: float  # the smallest probability that is taken
    share: float  # of the picture


def best_mask(q: ArrayLike, alpha: float = 0.5, beta: float = 0.5) -> Wanted:
    """The mask of the largest Tversky index in a large picture, where sums are as good as their expectations.

    Half and half is Dice. Of two pixels the likelier one goes first, so that only their order is searched.

    >>> found = best_mask([[1.0, 0.4, 0.4]])
    >>> round(found.value, 3), found.threshold
    (0.75, 0.4)
    """
    p = np.sort(check_probability("q", q), axis=None)[::-1]
    taken, right = np.arange(1, p.size + 1), np.cumsum(p)
    whole = right + alpha * (taken - right) + beta * (right[-1] - right)
    index = right / np.where(whole > 0, whole, 1.0)
    best = int(np.argmax(index))
    return Wanted(float(index[best]), float(p[best]), (best + 1) / p.size)


class Rim(NamedTuple):
    """What three losses want of a round object with a rim."""

    dice: Wanted
    tversky: Wanted  # α = 0.3, β = 0.7
    likely: float  # the share of the picture that is more likely than not
    expected: float  # the expected share of the object


@cache
def rim(peak: float, blur: float) -> Rim:
    """The masks wanted of one object: most likely pixel by pixel, Dice's, Tversky's."""
    q = profile(_distance(), peak, blur)
    return Rim(best_mask(q), best_mask(q, 0.3, 0.7), float(np.mean(q > 0.5)), float(q.mean()))


def radius(threshold: float, peak: float, blur: float) -> float:
    """How far from the centre the probability falls to a threshold; 0 where it never is so large.

    >>> radius(0.25, 0.5, 0.1), round(radius(0.2, 0.8, 0.1), 4), radius(0.6, 0.5, 0.1)
    (1.0, 1.1099, 0.0)
    """
    most = float(profile(0.0, peak, blur))
    return 0.0 if threshold >= most else float(max(0.0, 1 + blur * np.log(peak / threshold - 1)))


# ── Small pictures, exactly ──────────────────────────────────────────────────────────────────────────────────────────


def expected_dice(core: int, rim: int, q: float, *, taken: bool, together: bool = False) -> float:
    """The expected Dice coefficient of a mask of a certain core, with its rim or without.

    Every pixel of the rim belongs to the object with probability q: each for itself, or all `together`.

    >>> round(expected_dice(1, 1, 0.5, taken=True), 4), round(expected_dice(1, 1, 0.5, taken=False), 4)
    (0.8333, 0.8333)
    """
    found = np.array([0, rim]) if together else np.arange(rim + 1)
    chance = np.array([1 - q, q]) if together else stats.binom.pmf(found, rim, q)
    return float(chance @ (2 * (core + taken * found) / (core + taken * rim + core + found)))


def rim_threshold(core: int, rim: int, *, together: bool = False) -> float:
    """The probability from which on the rim is worth taking, exactly."""

    def gain(q: float) -> float:
        return expected_dice(core, rim, q, taken=True, together=together) - expected_dice(
            core, rim, q, taken=False, together=together
        )

    return float(optimize.brentq(gain, 1e-9, 1 - 1e-9, xtol=1e-12))


class SoftTarget(NamedTuple):
    """Dice with both denominators, for one probability p in all pixels of a target of one number."""

    linear: Floats
    squared: Floats


def soft_target(p: ArrayLike, target: float, pixels: int = 4) -> SoftTarget:
    """Both Dice losses along a grid of predictions. 0 against 0 is NaN.

    >>> found = soft_target([0.42, 1.0], 0.42)
    >>> found.linear.round(3), found.squared.round(3)
    (array([0.58 , 0.408]), array([0.   , 0.286]))
    """
    rows = np.broadcast_to(np.asarray(p, dtype=np.float64)[:, np.newaxis, np.newaxis], (np.size(p), 1, pixels))
    y = np.full(rows.shape, float(target))
    return SoftTarget(
        *(np.asarray(dice(rows, y, denominator=kind, reduction="none")) for kind in ("linear", "squared"))
    )


def tversky_index(mask: Floats, q: Floats, alpha: float, beta: float) -> float:
    """1 less the Tversky loss of a mask against probabilities, which stand for the object in a large picture."""
    return 1 - float(tversky(mask, q, alpha=alpha, beta=beta))
