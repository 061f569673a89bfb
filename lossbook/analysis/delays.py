"""Sixty delays with two humps."""

from __future__ import annotations

from functools import cache

import numpy as np

from lossbook.core import Floats


@cache
def delays() -> Floats:
    """Sixty rides that end at a railway: minutes beyond the usual time, 3 more where the barrier was down."""
    rng = np.random.default_rng(5)
    return np.where(rng.random(60) < 0.35, 3.0, 0.0) + rng.normal(0, 0.5, 60)
