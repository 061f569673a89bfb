"""Single numbers read off a predicted distribution: mean, median, mode, quantiles, the likeliest counts."""

from __future__ import annotations

import math

from scipy import special

from lossbook.losses.likelihood_bounded import beta_mode


def beta_quantile(a: float, b: float, level: float) -> float:
    """The number below which a Beta-distributed share stays with probability `level`.

    >>> round(beta_quantile(2.0, 5.0, 0.75), 3)
    0.389
    """
    return float(special.betaincinv(a, b, level))


def beta_answers(a: float, b: float) -> dict[str, float]:
    """Mean, median and mode of a Beta distribution."""
    return {"mean": a / (a + b), "median": beta_quantile(a, b, 0.5), "mode": float(beta_mode(a, b))}


def beta_partner(a: float, mode: float) -> float:
    """The b that gives a Beta distribution with this a > 1 its mode at `mode`.

    >>> round(beta_partner(8.0, 0.7), 12)
    4.0
    """
    return 1 + (a - 1) * (1 - mode) / mode


def likeliest_counts(rate: float) -> tuple[int, ...]:
    """The most likely counts of a Poisson distribution: two, equally likely, where the rate is a whole number.

    >>> likeliest_counts(3.5), likeliest_counts(4.0)
    ((3,), (3, 4))
    """
    whole = math.floor(rate)
    return (whole - 1, whole) if rate == whole > 0 else (whole,)
