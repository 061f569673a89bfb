"""Formulas typed in as they stand, which overflow and underflow. For show: the package's own functions do not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Floats, quiet


def naive_softmax(logits: ArrayLike) -> Floats:
    """The softmax exactly as its formula reads."""
    with quiet():
        powers = np.exp(np.asarray(logits, dtype=np.float64))
        return np.asarray(powers / powers.sum())


def naive_logsumexp(logits: ArrayLike, bits: int = 64) -> float:
    """Log-sum-exp exactly as its formula reads, in floating-point numbers of so many bits."""
    with quiet():
        return float(np.log(np.exp(np.asarray(logits, dtype=f"float{bits}")).sum()))


def power(logit: float, bits: int = 64) -> float:
    """e to this power, in floating-point numbers of so many bits."""
    with quiet():
        return float(np.exp(np.asarray(logit, dtype=f"float{bits}")))


def largest_logit(dtype: Any) -> float:
    """The largest number whose power of e is finite in this type."""
    return float(np.log(float(np.finfo(dtype).max)))
