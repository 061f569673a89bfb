"""The courier of the statistical view: her rides, the nature that they come from, and what models make of them.

Here we play nature: the true distribution of the rides is known to this file, and only its samples to the reader.
Distances are in km, times in minutes.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from lossbook.analysis.fitting import Line, fit_line
from lossbook.core import Floats, Loss, number
from lossbook.losses.likelihood_real import LAPLACE_NLL, NORMAL_NLL, STUDENT_T_NLL, normal_nll
from lossbook.losses.regression import MSE, mse_grad

TRUE, WRONG = Line(0.0, 2.0), Line(1.0, 3.0)
NOISE = 0.8  # minutes, the standard deviation of the true noise
DISTANCES = stats.gamma(6, scale=0.5)  # the true distribution of the distance, in km

KM = np.array([0.9, 1.4, 1.8, 2.1, 2.5, 2.8, 3.1, 3.4, 3.8, 4.2, 4.6, 5.0])
MINUTES = np.array([2.0, 2.4, 3.3, 2.2, 6.4, 6.5, 5.9, 7.4, 7.8, 8.0, 10.0, 9.8])
"""Twelve rides, drawn once and rounded to what a watch shows."""


# ── Families of the noise ────────────────────────────────────────────────────────────────────────────────────────────


class Family(NamedTuple):
    """A family of distributions for the noise: its name, its loss, and what else the loss takes."""

    name: str
    loss: Loss
    settings: dict[str, float]

    def value(self, e: ArrayLike) -> Floats:
        """−log of the density of a residual, in nats."""
        e = np.asarray(e, dtype=float)
        return np.asarray(self.loss.value(np.zeros_like(e), e, reduction="none", **self.settings))

    def line(self, loose: float | None = None) -> Line:
        """The likeliest line for the twelve rides, and for one more ride of `LOOSE_KM` that took `loose` minutes."""
        km, minutes = (KM, MINUTES) if loose is None else (np.append(KM, LOOSE_KM), np.append(MINUTES, loose))
        return fit_line(self.loss, km, minutes, **self.settings)


LOOSE_KM = 5.0
FAMILIES = (
    Family("normal", NORMAL_NLL, {"scale": NOISE}),
    Family("Laplace", LAPLACE_NLL, {"scale": 0.6}),
    Family("Student-t", STUDENT_T_NLL, {"scale": 0.6, "df": 3.0}),
)
"""With scales that suit the rides; Student's has three degrees of freedom."""


@cache
def family_line(number: int, loose: float | None) -> Line:
    """`Family.line`, remembered."""
    return FAMILIES[number].line(loose)


# ── The likelihood as a function of the slope ────────────────────────────────────────────────────────────────────────


class OfSlope(NamedTuple):
    """Of N rides under lines through the origin: over the slopes, and the slope that fits best."""

    log_likelihood: Floats
    best: float
    half: float  # how far from the best slope the likelihood is half as large


@cache
def of_slope(count: int, seed: int = 12) -> OfSlope:
    """The log-likelihood of the first `count` rides under each of `SLOPES`, with normal noise of 0.8 minutes.

    It is a parabola, so its top and its width are known.
    """
    x, y = (values[:count] for values in draw_rides(MOST, seed))
    at = np.array([log_likelihood(Line(0.0, float(slope)), x, y) for slope in SLOPES])
    squares = float(x @ x)
    return OfSlope(at, float(x @ y) / squares, NOISE * np.sqrt(2 * np.log(2) / squares))


SLOPES = np.linspace(1.2, 2.8, 321)  # minutes per km
MOST = 256  # rides


# ── Nature, and what a model makes of it ─────────────────────────────────────────────────────────────────────────────


def draw_rides(count: int, seed: int = 0) -> tuple[Floats, Floats]:
    """`count` rides from the true distribution: distances in km and times in minutes."""
    random = np.random.default_rng(seed)
    x = random.gamma(6, 0.5, count)
    return x, TRUE(x) + random.normal(0, NOISE, count)


def draw_rides_with_barrier(count: int, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """Rides over a level crossing: distance, time, and 1 where the barrier was down (which costs three minutes)."""
    random = np.random.default_rng(seed)
    x, barrier = random.gamma(6, 0.5, count), (random.random(count) < 0.3).astype(float)
    return x, 2 * x + 3 * barrier + random.normal(0, 0.3, count), barrier


def density(line: Line, x: ArrayLike, y: ArrayLike, scale: float = NOISE) -> Floats:
    """The density that the model "normal around the line" gives to the time y of a ride of x km, per minute."""
    x, y = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
    return np.exp(-np.asarray(normal_nll(line(x), y, scale=scale, reduction="none")))


def log_likelihood(line: Line, x: ArrayLike = KM, y: ArrayLike = MINUTES, scale: float = NOISE) -> float:
    """The log-likelihood of all rides under the line with normal noise, in nats."""
    return -float(normal_nll(line(x), y, scale=scale, reduction="sum"))


def average_loss(intercepts: ArrayLike, slopes: ArrayLike) -> Floats:
    """The average loss of the twelve rides under each line with normal noise, in nats; the arguments broadcast."""
    e = MINUTES - np.asarray(intercepts)[..., None] - np.asarray(slopes)[..., None] * KM
    return np.asarray(normal_nll(np.zeros_like(e), e, scale=NOISE, reduction="none")).mean(axis=-1)


class Barrier(NamedTuple):
    """What is left over on rides over a level crossing by a line, and by a model that knows about the barrier."""

    blind: Line
    seeing: Line
    wait: float
    """What a barrier that is down adds, in minutes."""
    residuals: dict[bool, Floats]
    """By whether the model knows."""


def fitted_with_and_without_barrier(x: Floats, y: Floats, barrier: Floats) -> Barrier:
    """Least squares on the distance alone, and on distance and barrier."""
    blind = fit_line(MSE, x, y)
    features = np.column_stack([np.ones_like(x), x, barrier])
    intercept, slope, wait = np.linalg.lstsq(features, y, rcond=None)[0]
    residuals = {False: y - blind(x), True: y - intercept - slope * x - wait * barrier}
    return Barrier(blind, Line(float(intercept), float(slope)), float(wait), residuals)


def largest_gap(y: Floats) -> float:
    """The largest distance of the empirical share of rides of at most y minutes from the true one."""
    steps = np.arange(y.size + 1) / y.size
    true_at = share_at_most(np.sort(y))
    return float(max(np.abs(true_at - steps[1:]).max(), np.abs(true_at - steps[:-1]).max()))


def joint_density(x: ArrayLike, y: ArrayLike) -> Floats:
    """The true p*(x, y), per km and minute."""
    return np.asarray(DISTANCES.pdf(x)) * density(TRUE, x, y)


def share_at_most(y: Floats) -> Floats:
    """The true probability that a ride takes at most y minutes, averaged over 2000 equally likely distances."""
    x = DISTANCES.ppf((np.arange(2000) + 0.5) / 2000)
    return np.asarray(stats.norm.cdf((y[:, None] - TRUE(x)) / NOISE).mean(axis=1))


# ── Gradient descent on the slope ────────────────────────────────────────────────────────────────────────────────────

STEPS = 10
MANY = 128  # rides, as many as the largest batch
START = 0.5  # the slope that gradient descent starts from, in minutes per km


@cache
def descent(batch: int, reduction: str, rate: float, seed: int = 87) -> Floats:
    """The slopes that `STEPS` steps of stochastic gradient descent visit, each step on the next `batch` rides."""
    x, y = draw_rides(128 * STEPS, seed)
    slopes = [START]
    for step in range(STEPS):
        rows = slice(step * batch, (step + 1) * batch)
        gradient = mse_grad(slopes[-1] * x[rows], y[rows], reduction=reduction) @ x[rows]
        slopes.append(slopes[-1] - rate * float(gradient))
    return np.array(slopes)


@cache
def first_steps(batch: int, reduction: str, draws: int = 400) -> tuple[float, float]:
    """Mean and standard deviation, over `draws` batches, of the length of the first step with learning rate 1."""
    x, y = draw_rides(draws * batch, seed=12)
    slopes = np.asarray(mse_grad(START * x, y, reduction="none")) * x
    steps = np.abs(getattr(slopes.reshape(draws, batch), reduction)(axis=1))
    return float(steps.mean()), float(steps.std())


@cache
def penalised_slope(batch: int, reduction: str, penalty: float, seed: int = 12) -> float:
    """The argmin over w of R(w) + λ w², averaged over the batches that `MANY` rides are cut into, with λ = `penalty`.

    R is the squared error of the slope w, reduced over a batch. All batches have one size, so the average of R is
    the mean over all rides, or `batch` times that under the sum, and the argmin is that of ridge regression:
    Σxy / (Σx² + N λ) under the mean, and under the sum the same with λ / `batch` in place of λ.
    """
    if reduction not in ("sum", "mean"):
        raise ValueError(f"reduction must be 'sum' or 'mean', got {reduction!r}")
    if batch < 1 or MANY % batch:
        raise ValueError(f"batch must divide {MANY}, got {batch}")
    x, y = draw_rides(MANY, seed)
    beside_a_ride = number("penalty", penalty, 0, closed=True) / (batch if reduction == "sum" else 1)
    return float(x @ y / (x @ x + MANY * beside_a_ride))


# ── The product of the densities ─────────────────────────────────────────────────────────────────────────────────────

UNITS = {"seconds": 60.0, "minutes": 1.0, "hours": 1 / 60}


@cache
def running_product(unit: str, precision: type[np.floating]) -> tuple[Floats, Floats]:
    """The product of the densities of the first 1, 2, … 800 rides, multiplied in `precision`; the sum of their logs."""
    x, y = draw_rides(800, seed=6)
    logs = -np.asarray(normal_nll(UNITS[unit] * TRUE(x), UNITS[unit] * y, scale=UNITS[unit] * NOISE, reduction="none"))
    with np.errstate(under="ignore", over="ignore"):
        product = np.cumprod(np.exp(logs).astype(precision), dtype=precision)
    return product.astype(np.float64), np.cumsum(logs)
