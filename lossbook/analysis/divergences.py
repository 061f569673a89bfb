"""Parts and estimates of divergences: beliefs that are cut off, areas of the integrand, samples used well and badly."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from lossbook.core import Floats
from lossbook.losses.information_densities import kl_normal

SIX = np.array([0.08, 0.16, 0.24, 0.24, 0.18, 0.10])


def cut_belief(kept: int, floor: float) -> Floats:
    """The six probabilities when only the first `kept` outcomes are believed in, the others sharing `floor`."""
    belief = SIX.copy()
    if kept < len(SIX):
        belief[:kept] *= (1 - floor) / belief[:kept].sum()
        belief[kept:] *= floor / belief[kept:].sum()
    return belief


def signed_areas(mean: float, scale: float) -> tuple[float, float]:
    """The areas above and below zero of p log(p/q), p the standard normal and q another: they add up to D(p‖q)."""
    x = np.linspace(-12, 12, 24_001)
    log_ratio = stats.norm.logpdf(x) - stats.norm.logpdf(x, mean, scale)
    above = float(np.trapezoid(stats.norm.pdf(x) * np.maximum(log_ratio, 0), x))
    return above, float(kl_normal(0, 1, mean, scale)) - above


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
