"""What a score of a forecast asks for: the average cost of a forecast, the best forecast, and the gap between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Floats, check_probability, number, quiet, real, whole
from lossbook.losses.classification import binary_cross_entropy, softmax_cross_entropy
from lossbook.losses.focal import sigmoid_focal
from lossbook.losses.scoring import binary_brier, generalised_cross_entropy, spherical

Outcomes = tuple[Floats, Floats]
ScoringRule = Callable[[Floats], Outcomes]


def log_score(p: Floats) -> Outcomes:
    """−log p̂ if it happens, −log(1 − p̂) if not."""
    both = (binary_cross_entropy(p, np.full_like(p, y), reduction="none") for y in (1.0, 0.0))
    yes, no = map(np.asarray, both)
    return yes, no


def brier_score(p: Floats) -> Outcomes:
    """(1 − p̂)² if it happens, p̂² if not."""
    yes, no = (np.asarray(binary_brier(p, np.full_like(p, y), reduction="none")) for y in (1.0, 0.0))
    return yes, no


def _of_two(p: Floats, loss: Callable[..., Floats | float], **keywords: float) -> Outcomes:
    """A loss of distributions, for the two outcomes of an event."""
    pairs, index = np.stack([1 - p, p], axis=-1), np.ones(p.shape, dtype=int)
    return (
        np.asarray(loss(pairs, index, reduction="none", **keywords)),
        np.asarray(loss(pairs, 0 * index, reduction="none", **keywords)),
    )


def spherical_score(p: Floats) -> Outcomes:
    """Minus the cosine between the forecast (1 − p̂, p̂) and the outcome."""
    return _of_two(p, spherical)


def absolute_score(p: Floats) -> Outcomes:
    """1 − p̂ if it happens, p̂ if not: half the absolute error on both probabilities. Not proper."""
    return gce_score(1.0)(p)


def zero_one_score(p: Floats) -> Outcomes:
    """Whether a yes from p̂ > ½ on is wrong, ½ at p̂ = ½: one minus accuracy. Proper, and not strictly."""
    yes = np.where(p == 0.5, 0.5, (p < 0.5) * 1.0)
    return yes, 1 - yes


def focal_score(gamma: float) -> ScoringRule:
    """The focal loss of a forecast probability, without α. Not proper for γ > 0."""

    def rule(p: Floats) -> Outcomes:
        with quiet():
            s = np.log(p) - np.log1p(-p)
        s = np.minimum(s, 1e300)  # a logit of +inf is refused; this one is as certain
        ones = np.ones(p.shape)
        yes, no = (sigmoid_focal(s, y, gamma=gamma, alpha=None, reduction="none") for y in (ones, 0 * ones))
        return np.asarray(yes), np.where(p == 1, math.inf, no)

    return rule


def gce_score(q: float) -> ScoringRule:
    """The generalised cross-entropy of a forecast probability. Not proper."""

    def rule(p: Floats) -> Outcomes:
        def loss(pairs: Floats, index: Floats, **keywords: str) -> Floats | float:
            with quiet():
                return generalised_cross_entropy(np.log(pairs), index, q=q, **keywords)

        return _of_two(p, loss)

    return rule


SCORING_RULES: Mapping[str, ScoringRule] = MappingProxyType(
    {
        "log": log_score,
        "Brier": brier_score,
        "spherical": spherical_score,
        "absolute": absolute_score,
        "0–1": zero_one_score,
        "focal, γ = 2": focal_score(2.0),
    }
)
"""Scores of the probability of an event, each a function of p̂ that gives the cost if it happens and if not."""


def expected_score(rule: ScoringRule, forecast: ArrayLike, eta: ArrayLike) -> Floats:
    """What a forecast costs on average for an event of probability η.

    >>> expected_score(brier_score, [0.5, 0.75], 0.75)
    array([0.25  , 0.1875])
    """
    p, chance = np.broadcast_arrays(check_probability("forecast", forecast), check_probability("eta", eta))
    yes, no = rule(np.array(p, dtype=float))
    with quiet():  # what cannot happen costs nothing, and be it infinite
        return np.where(chance == 0, 0.0, chance * yes) + np.where(chance == 1, 0.0, (1 - chance) * no)


def best_forecast(rule: ScoringRule, eta: ArrayLike) -> Floats:
    """The forecast that costs least on average, for each η; the middle one where many do.

    >>> best_forecast(log_score, [0.2, 0.7]).round(6), best_forecast(absolute_score, [0.2, 0.7])
    (array([0.2, 0.7]), array([0., 1.]))
    """
    from scipy import optimize  # here, since the exercises of a page have NumPy alone

    chances = check_probability("eta", eta)
    grid = np.linspace(0, 1, 2001)
    found = []
    for chance in chances.ravel():
        costs = expected_score(rule, grid, chance)
        best = np.flatnonzero(costs <= costs.min() + 1e-12)
        if len(best) > 3:
            found.append(float(grid[best].mean()))
            continue
        at = int(np.argmin(costs))
        low, high = grid[max(at - 1, 0)], grid[min(at + 1, 2000)]
        inside = optimize.minimize_scalar(
            lambda p, chance=chance: float(expected_score(rule, p, chance)),
            bounds=(low, high),
            method="bounded",
            options={"xatol": 1e-10},
        )
        found.append(float(inside.x if inside.fun < costs[at] else grid[at]))
    return np.reshape(found, chances.shape)


def regret(rule: ScoringRule, forecast: ArrayLike, eta: ArrayLike) -> Floats:
    """What a forecast costs on average above the true probability: for a proper score at least 0.

    Of the log score it is the KL divergence of the two events, of the Brier score (p̂ − η)².

    >>> regret(brier_score, [0.5], 0.75)
    array([0.0625])
    """
    eta = np.broadcast_to(check_probability("eta", eta), np.broadcast_shapes(np.shape(forecast), np.shape(eta)))
    return expected_score(rule, forecast, eta) - expected_score(rule, eta, eta)


def from_entropy(entropy: ArrayLike, slope: ArrayLike, forecast: ArrayLike) -> Outcomes:
    """The score that a function of p̂ makes by its tangents: cost if it happens, and if not, at each forecast.

    `entropy` and `slope` are the function and its derivative at the forecasts. The tangent at p̂, read at 1 and at 0, is
    the two costs; the score is proper where the function is concave, and the function is then its least average cost.

    >>> p = np.array([0.25, 0.5])
    >>> from_entropy(p * (1 - p), 1 - 2 * p, p)  # the Brier score
    (array([0.5625, 0.25  ]), array([0.0625, 0.25  ]))
    """
    h, dh, p = np.asarray(entropy, dtype=float), np.asarray(slope, dtype=float), check_probability("forecast", forecast)
    return h + (1 - p) * dh, h - p * dh


# ── Label smoothing, softmax twice ───────────────────────────────────────────────────────────────────────────────────


def smoothing_gap(label_smoothing: float, classes: int) -> float:
    """The gap between the logit of the right class and the others that a smoothed label asks for.

    >>> round(smoothing_gap(0.1, 10), 3)  # log 91
    4.511
    """
    epsilon, k = number("label_smoothing", label_smoothing, 0, 1), whole("classes", classes)
    return math.log1p((1 - epsilon) * k / epsilon)


def smoothing_floor(label_smoothing: float, classes: int) -> float:
    """The smallest cross-entropy against smoothed labels: the entropy of the smoothed label.

    >>> round(smoothing_floor(0.1, 10), 3)
    0.5
    """
    epsilon, k = number("label_smoothing", label_smoothing, 0, 1), whole("classes", classes)
    other = epsilon / k
    right = 1 - epsilon + other
    return -(right * math.log(right) + (k - 1) * other * math.log(other))


def smoothed_cost(gap: ArrayLike, label_smoothing: float, classes: int) -> Floats:
    """The cross-entropy against a smoothed label where the right logit is `gap` above all others.

    >>> float(smoothed_cost(smoothing_gap(0.1, 10), 0.1, 10).round(9)) == round(smoothing_floor(0.1, 10), 9)
    True
    """
    g = real("gap", gap)
    logits = np.zeros((*g.shape, whole("classes", classes)))
    logits[..., 0] = g
    labels = np.zeros(g.shape, dtype=int)
    return np.asarray(softmax_cross_entropy(logits, labels, label_smoothing=label_smoothing, reduction="none"))


def softmax_twice_floor(classes: int) -> float:
    """The smallest cross-entropy when probabilities are taken for logits: log(1 + (K − 1)/e).

    >>> round(softmax_twice_floor(10), 3)
    1.461
    """
    return math.log1p((whole("classes", classes) - 1) / math.e)
