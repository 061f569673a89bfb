"""Whether forecasts mean what they say: reliability, what a Brier score is made of, one temperature, wrong labels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import (
    Floats,
    check_distribution,
    check_labels,
    check_logits,
    check_probability,
    number,
    same_shape,
    whole,
)
from lossbook.losses.classification import softmax_cross_entropy
from lossbook.losses.scores import softmax


def _events(forecast: ArrayLike, outcome: ArrayLike) -> tuple[Floats, Floats]:
    p, y = check_probability("forecast", forecast), check_probability("outcome", outcome)
    same_shape("forecast", p, "outcome", y)
    if p.size == 0:
        raise ValueError("forecast must hold at least one forecast, got none")
    return p.ravel(), y.ravel()


def confidence(logits: ArrayLike, labels: ArrayLike) -> tuple[Floats, Floats]:
    """The probability of the likeliest class of every row, and 1 where it is the right one, 0 elsewhere.

    >>> confidence([[0.0, np.log(3.0)], [0.0, np.log(3.0)]], [1, 0])
    (array([0.75, 0.75]), array([1., 0.]))
    """
    p = softmax(logits)
    y = check_labels("labels", labels, p.shape[-1])
    return p.max(axis=-1), (p.argmax(axis=-1) == y).astype(float)


class Reliability(NamedTuple):
    """Forecasts in bins of equal width: the edges, and of each bin its size, mean forecast and share that happened.

    NaN stands for the mean of an empty bin.
    """

    edges: Floats
    size: NDArray[np.intp]
    forecast: Floats
    frequency: Floats

    @property
    def error(self) -> float:
        """The expected calibration error: the mean gap between forecast and frequency, over all forecasts."""
        full = self.size > 0
        gaps = np.abs(self.forecast[full] - self.frequency[full])
        return float(gaps @ self.size[full] / self.size.sum())


def reliability(forecast: ArrayLike, outcome: ArrayLike, *, bins: int = 10) -> Reliability:
    """A reliability diagram. A bin holds its upper edge, the first one 0 too.

    >>> table = reliability([0.2, 0.4, 0.8, 0.8], [0, 1, 1, 1], bins=2)
    >>> table.size.tolist(), table.forecast.round(6).tolist(), table.frequency.tolist(), round(table.error, 6)
    ([2, 2], [0.3, 0.8], [0.5, 1.0], 0.2)
    """
    p, y = _events(forecast, outcome)
    if whole("bins", bins) < 1:
        raise ValueError(f"bins must be at least 1, got {bins}")
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, p, side="left") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        means = (np.bincount(place, weights=values, minlength=bins) / count for values in (p, y))
        return Reliability(edges, count, *means)


def expected_calibration_error(forecast: ArrayLike, outcome: ArrayLike, *, bins: int = 10) -> float:
    """The mean gap between what was forecast and what happened, bin by bin.

    No proper score: a forecast that is always the base rate has 0.

    >>> expected_calibration_error([0.25] * 4, [1, 0, 0, 0])
    0.0
    """
    return reliability(forecast, outcome, bins=bins).error


class Decomposition(NamedTuple):
    """The parts of a mean Brier score of an event: uncertainty − resolution + reliability."""

    uncertainty: float
    resolution: float
    reliability: float

    @property
    def brier(self) -> float:
        return self.uncertainty - self.resolution + self.reliability


def decompose(forecast: ArrayLike, outcome: ArrayLike) -> Decomposition:
    """The parts of the mean of (p̂ − y)², exactly, over groups of equal forecasts.

    Uncertainty is the variance of the outcomes, resolution that of the groups' frequencies, and reliability the mean
    squared gap between forecast and frequency.

    >>> decompose([0.25, 0.25, 0.75, 0.75], [0, 0, 0, 1])
    Decomposition(uncertainty=0.1875, resolution=0.0625, reliability=0.0625)
    """
    p, y = _events(forecast, outcome)
    values, group, count = np.unique(p, return_inverse=True, return_counts=True)
    frequency, base = np.bincount(group, weights=y) / count, float(y.mean())
    share = count / p.size
    return Decomposition(
        float(((y - base) ** 2).mean()),
        float(share @ (frequency - base) ** 2),
        float(share @ (values - frequency) ** 2),
    )


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """The temperature T > 0 at which softmax(s/T) has the smallest cross-entropy, between 0.01 and 100.

    >>> round(fit_temperature([[0.0, 2.0]] * 4, [1, 1, 1, 0]), 4)  # 2/T has to be log 3
    1.8205
    """
    from scipy import optimize  # here, since the exercises of a page have NumPy alone

    s = check_logits("logits", logits)

    def cost(log_inverse: float) -> float:
        return float(softmax_cross_entropy(s * np.exp(log_inverse), labels))

    best = optimize.minimize_scalar(cost, bounds=(-np.log(100), np.log(100)), method="bounded", options={"xatol": 1e-9})
    return float(np.exp(-best.x))


# ── Labels that are wrong with known probabilities ───────────────────────────────────────────────────────────────────


def symmetric_noise(classes: int, rate: float) -> Floats:
    """The noise matrix that replaces a label with probability `rate` by another one, each alike.

    >>> symmetric_noise(3, 0.2)
    array([[0.8, 0.1, 0.1],
           [0.1, 0.8, 0.1],
           [0.1, 0.1, 0.8]])
    """
    k, rate = whole("classes", classes), number("rate", rate, 0, 1, closed=True)
    if k < 2:
        raise ValueError(f"classes must be at least 2, got {k}")
    return np.full((k, k), rate / (k - 1)) + (1 - rate - rate / (k - 1)) * np.eye(k)


def observed(distribution: ArrayLike, noise_matrix: ArrayLike) -> Floats:
    """The distribution of the labels that are seen, from that of the true ones: p T.

    >>> observed([1.0, 0.0, 0.0], symmetric_noise(3, 0.2))
    array([0.8, 0.1, 0.1])
    """
    return check_distribution("distribution", distribution) @ check_distribution("noise_matrix", noise_matrix)


def without_noise(seen: ArrayLike, noise_matrix: ArrayLike) -> Floats:
    """The vector whose noisy form is `seen`; of frequencies it may leave the range from 0 to 1.

    >>> without_noise([0.8, 0.1, 0.1], symmetric_noise(3, 0.2)).round(12) + 0.0
    array([1., 0., 0.])
    """
    q, matrix = check_distribution("seen", seen), check_distribution("noise_matrix", noise_matrix)
    return np.asarray(np.linalg.solve(matrix.T, q.T).T, dtype=np.float64)


def gce_minimiser(distribution: ArrayLike, q: float) -> Floats:
    """The forecast with the smallest average generalised cross-entropy: proportional to η to the power 1/(1 − q).

    With q = 1, the absolute error, everything goes to the likeliest class.

    >>> gce_minimiser([0.8, 0.2], 0.5)
    array([0.94117647, 0.05882353])
    """
    eta, q = check_distribution("distribution", distribution), number("q", q, 0, 1, closed=True)
    ratios = eta / eta.max(axis=-1, keepdims=True)
    powers = (ratios == 1).astype(float) if q == 1 else ratios ** (1 / (1 - q))
    return powers / powers.sum(axis=-1, keepdims=True)
