"""What margin losses estimate, and the lines they draw: best scores, calibration, costs and weights."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Floats, Loss, check_probability, number, positive, real, same_shape
from lossbook.losses.margins import EXPONENTIAL, HINGE, LOGISTIC, PERCEPTRON, SQUARED_HINGE

MARGIN_LOSSES: Mapping[str, Loss] = MappingProxyType(
    {loss.title: loss for loss in (HINGE, SQUARED_HINGE, LOGISTIC, EXPONENTIAL, PERCEPTRON)}
)
"""By title, in the order in which the chapter meets them."""


def _both(loss: Loss, score: ArrayLike, eta: ArrayLike) -> tuple[Floats, Floats, Floats]:
    s, chance = np.broadcast_arrays(real("score", score), check_probability("eta", eta))
    return s, chance, np.ones(s.shape)


def expected_loss(loss: Loss, score: ArrayLike, eta: ArrayLike) -> Floats:
    """What a score costs on average where +1 has the probability η: η ℓ(s, 1) + (1 − η) ℓ(s, −1).

    >>> expected_loss(HINGE, [0.0, 1.0], 0.75)
    array([1. , 0.5])
    """
    s, chance, ones = _both(loss, score, eta)
    return chance * loss.value(s, ones, reduction="none") + (1 - chance) * loss.value(s, -ones, reduction="none")


def expected_slope(loss: Loss, score: ArrayLike, eta: ArrayLike) -> Floats:
    """The derivative of `expected_loss` with respect to the score."""
    s, chance, ones = _both(loss, score, eta)
    return chance * loss.grad(s, ones, reduction="none") + (1 - chance) * loss.grad(s, -ones, reduction="none")


def best_score(loss: Loss, eta: ArrayLike) -> Floats:
    """The score that costs least on average, for each η strictly between 0 and 1; the middle one where many do.

    Found by halving, from the sign of the slope of a convex loss, between −60 and 60.

    >>> best_score(LOGISTIC, [0.5, 0.75]).round(6)  # the log-odds: 0 and log 3
    array([0.      , 1.098612])
    """
    chance = check_probability("eta", eta)
    if np.any((chance == 0) | (chance == 1)):
        raise ValueError("eta must lie strictly between 0 and 1: at the ends the best score of most losses is infinite")
    ends = []
    for rising in (np.greater_equal, np.greater):  # where the slope stops falling, and where it begins to rise
        low, high = np.full(chance.shape, -60.0), np.full(chance.shape, 60.0)
        for _ in range(80):
            middle = (low + high) / 2
            # rounding leaves 1e-17 of a slope that is 0
            above = rising(expected_slope(loss, middle, chance), -1e-15 if rising is np.greater_equal else 1e-15)
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        ends.append((low + high) / 2)
    return (ends[0] + ends[1]) / 2


def slopes_at_zero(loss: Loss) -> tuple[float, float]:
    """The slopes of the loss of a margin just below 0 and just above 0.

    >>> slopes_at_zero(PERCEPTRON)
    (-1.0, 0.0)
    """
    left, right = np.asarray(loss.grad(np.array([-1e-12, 1e-12]), np.ones(2), reduction="none"))
    return float(left), float(right)


def is_calibrated(loss: Loss) -> bool:
    """Whether the best score always has the sign of the likelier label: a convex loss is calibrated exactly when it has
    a derivative at a margin of 0 and that is negative.

    >>> [title for title, loss in MARGIN_LOSSES.items() if not is_calibrated(loss)]
    ['perceptron loss']
    """
    left, right = slopes_at_zero(loss)
    return abs(left - right) < 1e-9 and right < 0


# ── Costs and weights ────────────────────────────────────────────────────────────────────────────────────────────────


def threshold(false_positive: float, false_negative: float) -> float:
    """The probability from which saying yes costs less on average: c_FP / (c_FP + c_FN).

    >>> threshold(1.0, 4.0)
    0.2
    """
    up, down = (
        float(positive(name, c)) for name, c in (("false_positive", false_positive), ("false_negative", false_negative))
    )
    return up / (up + down)


def weighted(eta: ArrayLike, weight: float) -> Floats:
    """The probability that a proper loss estimates when positives count `weight` times: its log-odds rise by log w.

    With 1/w it is moved back.

    >>> float(weighted(0.2, 4.0)), float(weighted(weighted(0.2, 4.0), 0.25).round(12))
    (0.5, 0.2)
    """
    chance, w = check_probability("eta", eta), float(positive("weight", weight))
    return np.asarray(w * chance / (w * chance + (1 - chance)))


# ── A line through points ────────────────────────────────────────────────────────────────────────────────────────────


class Plane(NamedTuple):
    """A linear score, `x @ weights + intercept`."""

    weights: Floats
    intercept: float

    def score(self, x: ArrayLike) -> Floats:
        return np.asarray(real("x", x) @ self.weights + self.intercept)


def penalised(loss: Loss, plane: Plane, x: ArrayLike, y: ArrayLike, penalty: float) -> float:
    """The mean loss of a plane, plus penalty/2 times the squared length of its weights."""
    return float(loss.value(plane.score(x), y)) + penalty / 2 * float(plane.weights @ plane.weights)


def fit_plane(loss: Loss, x: ArrayLike, y: ArrayLike, *, penalty: float = 0.01) -> Plane:
    """The plane with the smallest mean margin loss and penalty; the intercept is not penalised.

    Labels are ±1. The perceptron loss is refused: a plane that is 0 everywhere is best.
    """
    points, labels = real("x", x), real("y", y)
    same_shape("y", labels, "the rows of x", points[:, 0])
    penalty = number("penalty", penalty, 0)
    if not is_calibrated(loss):
        raise ValueError(f"loss must have a best plane that is not 0, got {loss.name}")
    if loss is HINGE:  # its corners need the method of support vectors
        from sklearn.svm import SVC

        model = SVC(kernel="linear", C=1 / (len(points) * penalty), tol=1e-9).fit(points, labels)
        return Plane(model.coef_[0], float(model.intercept_[0]))

    def cost(free: Floats) -> tuple[float, Floats]:
        plane = Plane(free[:-1], float(free[-1]))
        slopes = np.asarray(loss.grad(plane.score(points), labels))
        gradient = np.append(points.T @ slopes + penalty * plane.weights, slopes.sum())
        return penalised(loss, plane, points, labels, penalty), gradient

    from scipy import optimize  # here, since the exercises of a page have NumPy alone

    start = np.zeros(points.shape[1] + 1)
    best = optimize.minimize(cost, start, jac=True, method="L-BFGS-B", options={"gtol": 1e-10, "ftol": 1e-16}).x
    return Plane(best[:-1], float(best[-1]))
