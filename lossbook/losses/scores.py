r"""From scores to probabilities: softmax, sigmoid, and their logarithms, exact at both ends.

A logit of −inf is an impossible class; +inf is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import (
    Floats,
    check_logits,
    number,
    quiet,
    whole,
)
from lossbook.numerics import exp_difference, without_maximum

__all__ = [
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "sigmoid",
    "softmax",
]

# ── From scores to probabilities ─────────────────────────────────────────────────────────────────────────────────────


class Scores(NamedTuple):
    """What every function of a row of logits needs, relative to the largest of them."""

    gaps: Floats  # (s − max s)/T, at most 0
    powers: Floats  # exp of the gaps, but 0 at the one place that `top` marks, where it would be 1
    rest: Floats  # their sum: the odds against the largest logit, axis kept
    top: NDArray[np.bool_]
    maximum: Floats


def check_scores(logits: ArrayLike, axis: int = -1) -> Floats:
    """`logits` as a float64 array with at least one class along the axis, none of them +inf."""
    s = check_logits("logits", logits)
    if not -s.ndim <= whole("axis", axis) < s.ndim or s.shape[axis] == 0:
        raise ValueError(f"logits must have at least one class along axis {axis}, got shape {s.shape}")
    return s


def blocks(rows: Floats) -> Iterator[slice]:
    """Rows of a matrix, a few at a time: what is computed of them fits into the processor's cache, and into memory."""
    step = max(1, 2**15 // rows.shape[1])
    yield from (slice(start, start + step) for start in range(0, len(rows), step))


def relative_scores(s: Floats, axis: int = -1, temperature: float = 1.0) -> Scores:
    """What `check_scores` has let through, relative to the largest score."""
    temperature = number("temperature", temperature, 0)
    maximum, top = without_maximum(s, axis)
    if np.any(np.isneginf(maximum)):
        raise ValueError("logits must hold a finite score for at least one class, got -inf for all of them")
    with quiet():
        gaps = s - maximum
        gaps /= temperature
    powers = exp_difference(s, maximum, temperature)
    powers[top] = np.where(np.isnan(s[top]), s[top], 0.0)
    return Scores(gaps, powers, powers.sum(axis=axis, keepdims=True), top, maximum)


def softmax(logits: ArrayLike, *, temperature: float = 1.0, axis: int = -1) -> Floats:
    r"""Probabilities from scores: positive, summing to one, in the order of the scores.

    .. math:: \hat p_k = \frac{\exp(s_k / T)}{\sum_{j=1}^{K} \exp(s_j / T)}

    Parameters
    ----------
    logits : array_like
        Scores along `axis`; −inf gives probability 0.
    temperature : float
        T > 0: small sharpens towards the largest score, large flattens towards 1/K.
    axis : int
        The axis of the classes.

    Returns
    -------
    ndarray
        The shape of `logits`.

    Raises
    ------
    ValueError
        If a score is +inf, every score of a row is −inf, there is no class, or the temperature is not finite and
        greater than 0.

    References
    ----------
    Bridle (1990), "Probabilistic interpretation of feedforward classification network outputs", *Neurocomputing*.

    Examples
    --------
    >>> softmax([0.0, np.log(3.0)])
    array([0.25, 0.75])
    >>> softmax([1000.0, 1000.0])
    array([0.5, 0.5])
    """
    scores = relative_scores(check_scores(logits, axis), axis, temperature)
    p = scores.powers
    p[scores.top] = np.where(np.isnan(p[scores.top]), p[scores.top], 1.0)
    p /= 1 + scores.rest
    return p


def log_softmax(
    logits: ArrayLike,
    *,
    temperature: float = 1.0,
    axis: int = -1,
) -> Floats:
    r"""The logarithm of `softmax`, exact where the probability itself would be 0 or 1. Arguments as in `softmax`.

    .. math:: \log \hat p_k = \frac{s_k}{T} - \log \sum_{j=1}^{K} \exp\left(\frac{s_j}{T}\right)

    >>> log_softmax([0.0, 1000.0])
    array([-1000.,     0.])
    >>> log_softmax([0.0, 40.0])[1]
    np.float64(-4.248354255291589e-18)
    """
    scores = relative_scores(check_scores(logits, axis), axis, temperature)
    return scores.gaps - np.log1p(scores.rest)


def logsumexp(logits: ArrayLike, *, axis: int = -1) -> Floats | float:
    r"""The logarithm of a sum of exponentials, the smooth maximum, without overflow.

    .. math:: \log \sum_{k=1}^{K} \exp(s_k) = m + \log \sum_{k=1}^{K} \exp(s_k - m), \qquad m = \max_k s_k

    Parameters
    ----------
    logits : array_like
        Scores along `axis`.
    axis : int
        The axis to sum over, which disappears.

    Returns
    -------
    float or ndarray
        A float for a single row of scores.

    Raises
    ------
    ValueError
        As `softmax`.

    Examples
    --------
    >>> logsumexp([1000.0, 1000.0])
    1000.6931471805599
    """
    scores = relative_scores(check_scores(logits, axis), axis)
    total = np.squeeze(scores.maximum + np.log1p(scores.rest), axis=axis)
    return total if total.ndim else float(total)


def sigmoid(logits: ArrayLike, *, temperature: float = 1.0) -> Floats:
    r"""The probability of class 1 from its score: the softmax of two classes with the scores 0 and s.

    .. math:: \sigma(s) = \frac{1}{1 + \exp(-s / T)}

    Parameters
    ----------
    logits : array_like
        Scores of any shape; −inf gives probability 0.
    temperature : float
        T > 0.

    Returns
    -------
    ndarray
        The shape of `logits`.

    Raises
    ------
    ValueError
        If a score is +inf or the temperature is not finite and greater than 0.

    Examples
    --------
    >>> sigmoid([-1000.0, 0.0, np.log(3.0)])
    array([0.  , 0.5 , 0.75])
    """
    return logistic(_cooled(logits, temperature))


def _cooled(logits: ArrayLike, temperature: float) -> Floats:
    with quiet():
        return np.asarray(check_logits("logits", logits) / number("temperature", temperature, 0))


def logistic(s: Floats) -> Floats:
    with quiet():
        power = np.exp(-np.abs(s))
        return np.where(s >= 0, 1.0, power) / (1 + power)


def log_sigmoid(logits: ArrayLike, *, temperature: float = 1.0) -> Floats:
    r"""The logarithm of `sigmoid`, −log(1 + exp(−s/T)), exact at both ends. Arguments as in `sigmoid`.

    >>> log_sigmoid([-1000.0, 0.0])
    array([-1.00000000e+03, -6.93147181e-01])
    """
    return -softplus(-_cooled(logits, temperature))


def softplus(s: Floats) -> Floats:
    """log(1 + exp(s)), the smooth ramp: what a wrong score s costs."""
    with quiet():
        return np.logaddexp(0.0, s)
