"""Visits to a doctor in a year, and what distributions of their mean expect of them."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import stats

from lossbook.core import Floats

MOST = 20  # visits that a picture shows


@cache
def visits() -> Floats:
    """Of each person-year of the RAND health experiment, as statsmodels ships them."""
    from statsmodels.datasets import randhie

    return randhie.load_pandas().data["mdvis"].to_numpy(dtype=float)


class Expected(NamedTuple):
    """What a distribution says of the visits: the share of each count up to `MOST`, and the mean loss in nats."""

    shares: Floats
    variance: float
    loss: float


def observed() -> Floats:
    """The share of person-years with each count up to `MOST`."""
    return np.bincount(visits().astype(int))[: MOST + 1] / visits().size


@cache
def expected(spread: float) -> Expected:
    """Under the distribution with the mean of the visits and the variance λ + `spread` λ²: Poisson at 0, else negative
    binomial with r = 1/`spread`."""
    mean = float(visits().mean())
    family = stats.nbinom(1 / spread, 1 / (1 + spread * mean)) if spread else stats.poisson(mean)
    counts, times = np.unique(visits(), return_counts=True)
    loss = -float(times @ family.logpmf(counts)) / visits().size
    return Expected(family.pmf(np.arange(MOST + 1)), mean + spread * mean**2, loss)
