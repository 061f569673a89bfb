"""How far Huber's constant scatters with each threshold, with and without wild noise; and a rule for it.

The good noise is normal with standard deviation 1; a share of the examples has a standard deviation of `WILD`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from lossbook.core import Floats, number, real

WILD = 10.0
EFFICIENT = 1.345  # at this threshold, in standard deviations, the variance on normal noise is that of the mean / 0.95
QUARTILE = 0.6745  # half of a standard normal lies within


def scatter(delta: ArrayLike, share: float = 0.0) -> Floats:
    r"""Standard error of Huber's constant times √N, for large N: the root of E ψ² / (E ψ′)².

    >>> float(scatter(1.345).round(3))
    1.026
    """
    delta = real("delta", delta)
    share = number("share", share, 0, 1, closed=True)
    squares, slopes = np.zeros_like(delta), np.zeros_like(delta)
    for weight, width in ((1 - share, 1.0), (share, WILD)):
        k = delta / width
        inside = 2 * ndtr(k) - 1
        density = np.exp(-(k**2) / 2) / np.sqrt(2 * np.pi)
        squares += weight * (width**2 * (inside - 2 * k * density) + delta**2 * (1 - inside))
        slopes += weight * inside
    return np.asarray(np.sqrt(squares) / slopes)


def of_the_mean(share: float = 0.0) -> float:
    """The same for the mean: the standard deviation of the noise."""
    return float(np.sqrt(1 - share + share * WILD**2))


def rule(residuals: ArrayLike) -> float:
    r"""δ = 1.345 · MAD / 0.6745, with the median absolute deviation from the median.

    >>> rule([-1.0, 0.0, 0.0, 1.0, 1.0, 1000.0]).__round__(3)
    0.997
    """
    e = real("residuals", residuals)
    if e.size == 0:
        raise ValueError("residuals must hold at least one number, got none")
    return float(EFFICIENT * np.median(np.abs(e - np.median(e))) / QUARTILE)
