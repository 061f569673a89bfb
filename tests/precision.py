"""How far a float64 result is from a reference of 50 digits, in units in the last place."""

from __future__ import annotations

import math
from collections.abc import Iterable

import mpmath
import numpy as np

DIGITS = 50


def exact(value: float) -> mpmath.mpf:
    """The very number that a float holds, for a computation with 50 digits."""
    return mpmath.mpf(float(value))


def ulps(result: object, reference: Iterable[mpmath.mpf] | mpmath.mpf) -> float:
    """The largest distance of any element from its reference, in the spacing of floats at the reference.

    An infinite or zero reference must be met exactly; anything else is infinitely far from it.
    """
    results = np.ravel(np.asarray(result, dtype=np.float64))
    references = list(reference) if isinstance(reference, Iterable) else [reference]
    assert len(results) == len(references), (len(results), len(references))
    worst = 0.0
    for got, want in zip(results.tolist(), references, strict=True):
        rounded = float(want)
        if rounded == 0 or math.isinf(rounded) or not math.isfinite(got):
            worst = max(worst, 0.0 if got == rounded else math.inf)
        else:
            worst = max(worst, float(abs(exact(got) - want) / exact(np.spacing(abs(rounded)))))
    return worst
