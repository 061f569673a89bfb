"""Engel's households and a normal model of them whose spread is a power of income."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossbook.analysis.fitting import Line, fit_line
from lossbook.catalogue import find
from lossbook.core import Floats
from lossbook.losses.likelihood_real import normal_nll


class Households(NamedTuple):
    """What Belgian households earned and spent on food in a year, in francs (Engel 1857)."""

    income: Floats
    food: Floats


@cache
def households() -> Households:
    """Engel's 235 households, as statsmodels ships them."""
    from statsmodels.datasets import engel

    table = engel.load_pandas().data
    return Households(table["income"].to_numpy(), table["foodexp"].to_numpy())


@cache
def likeliest_line(name: str, scale: float, **parameters: float) -> Line:
    """The line that the loss of this name, one scale for all, fits to the households, in hundreds of francs."""
    income, food = households()
    return fit_line(find(name), income / 100, food / 100, scale=scale, **parameters)


GROUPS = 5  # of 47 households each
USUAL = 95.4  # per cent of a normal distribution within two standard deviations


def spread(level: float, power: float, income: ArrayLike) -> Floats:
    """σ in francs: `level` at the mean income, growing like income to the `power`."""
    return level * (np.asarray(income) / households().income.mean()) ** power


def best_line(power: float) -> Line:
    """The most likely line if σ grows like income to the `power`: least squares, each residual divided by its σ."""
    income, food = households()
    slope, intercept = np.polyfit(income, food, 1, w=1 / spread(1.0, power, income))
    return Line(float(intercept), float(slope))


def inside_band(level: float, power: float) -> Floats:
    """Per cent of the households within ±2σ of the best line, for each fifth of the incomes."""
    income, food = households()
    ranks = income.argsort(kind="stable").argsort() * GROUPS // income.size
    inside = np.abs(food - best_line(power)(income)) <= 2 * spread(level, power, income)
    return np.array([100 * inside[ranks == group].mean() for group in range(GROUPS)])


def mean_loss(level: float, power: float) -> float:
    """The mean normal loss of the households, in nats."""
    income, food = households()
    return float(normal_nll(best_line(power)(income), food, scale=spread(level, power, income)))


class Coverage(NamedTuple):
    """The share of unseen households inside a 95% band, on average over draws."""

    plugged_in: float
    posterior: float


def coverage(count: int, draws: int = 300, seed: int = 0) -> Coverage:
    """Lines through the logarithms of `count` households, and how many of the others their 95% bands hold.

    One band takes the likeliest line and σ for the truth. The other is the posterior predictive of a normal model with
    flat priors on the line and on log σ: Student's t with `count` − 2 degrees of freedom.
    """
    from scipy import stats

    x, y = (np.log(column) for column in households())
    rng = np.random.default_rng(seed)
    normal, student = stats.norm.ppf(0.975), stats.t.ppf(0.975, count - 2)
    held = []
    for _ in range(draws):
        order = rng.permutation(x.size)
        seen, others = order[:count], order[count:]
        slope, intercept = np.polyfit(x[seen], y[seen], 1)
        squares = np.square(y[seen] - intercept - slope * x[seen]).sum()
        away = x - x[seen].mean()
        wider = np.sqrt(1 + 1 / count + away[others] ** 2 / np.square(away[seen]).sum())
        e = np.abs(y[others] - intercept - slope * x[others])
        plugged_in = e <= normal * np.sqrt(squares / count)
        posterior = e <= student * np.sqrt(squares / (count - 2)) * wider
        held.append((plugged_in.mean(), posterior.mean()))
    return Coverage(*(float(mean) for mean in np.mean(held, axis=0)))
