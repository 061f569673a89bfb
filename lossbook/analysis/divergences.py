"""Beside the divergences: total variation, beliefs that are cut off, samples used well and badly."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from lossbook.core import Floats, check_distribution, same_shape

SIX = np.array([0.08, 0.16, 0.24, 0.24, 0.18, 0.10])


def cut_belief(kept: int, floor: float) -> Floats:
    """The six probabilities when only the first `kept` outcomes are believed in, the others sharing `floor`."""
    belief = SIX.copy()
    if kept < len(SIX):
        belief[:kept] *= (1 - floor) / belief[:kept].sum()
        belief[kept:] *= floor / belief[kept:].sum()
    return belief


def total_variation_of(p: ArrayLike, q: ArrayLike) -> Floats | float:
    """The largest difference that p and q give to any event: half of the sum of |p − q|, along the last axis.

    >>> total_variation_of([0.5, 0.5], [0.25, 0.75])
    0.25
    """
    p, q = check_distribution("p", p, -1), check_distribution("q", q, -1)
    same_shape("p", p, "q", q)
    halves = np.abs(p - q).sum(axis=-1) / 2
    return float(halves) if halves.ndim == 0 else halves


def sorted_sample_divergence(mean_p: float, mean_q: float, size: int = 10_000, seed: int = 1) -> float:
    """A wrong "KL in bits" from a course in print: the size of Σ x log2(x/y) over sorted samples, not probabilities.

    As there, what is not a number (x and y of different signs) is left out of the sum.
    """
    generator = np.random.default_rng(seed)
    x, y = np.sort(generator.normal(mean_p, 1, size)), np.sort(generator.normal(mean_q, 1, size))
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(abs(np.nansum(x * np.log2(x / y))))


def log_ratio_estimate(mean_p: float, mean_q: float, size: int = 10_000, seed: int = 1) -> tuple[float, float]:
    """The right way from a sample of p: the mean of log2 p(x)/q(x) and its standard error, for normals with σ = 1."""
    x = np.random.default_rng(seed).normal(mean_p, 1, size)
    bits = (stats.norm.logpdf(x, mean_p) - stats.norm.logpdf(x, mean_q)) / math.log(2)
    return float(bits.mean()), float(bits.std(ddof=1) / math.sqrt(size))
