"""Two bars of mass, one slid along: what three distances say, and what a small step towards the other gains."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lossbook.core import Floats
from lossbook.losses.information import js_divergence, kl_divergence
from lossbook.losses.transport import wasserstein_1_histogram

BINS, WIDTH = 80, 0.1
"""Bins of the line from −4 to 4; a bar is ten of them, 1 wide."""
PLACES = np.arange(BINS) * WIDTH - 4 + WIDTH / 2
STEP = 0.1


def bar(centre: float) -> Floats:
    """The mass of a bar of width 1 in each bin."""
    inside = np.abs(PLACES - centre) < 0.5
    return np.asarray(inside / inside.sum())


class Apart(NamedTuple):
    """Three distances of a bar from the one around 0, in nats and in the unit of the line."""

    kl: float
    js: float
    wasserstein: float


def apart(offset: float) -> Apart:
    """The distances of the data's bar, around 0, from the model's, around `offset` (in steps of 0.1).

    >>> [float(round(d, 3)) for d in apart(0.5)]
    [inf, 0.347, 0.5]
    """
    p, q = bar(0.0), bar(offset)
    return Apart(
        float(kl_divergence(p, q)), float(js_divergence(p, q)), float(wasserstein_1_histogram(p, q, width=WIDTH))
    )


def gain(offset: float) -> Apart:
    """By how much each distance falls in one step of 0.1 towards the data; NaN where it is infinite before and after.

    >>> [float(round(d, 3)) for d in gain(2.0)[1:]]
    [0.0, 0.1]
    """
    nearer = offset - np.sign(offset) * STEP
    with np.errstate(invalid="ignore"):
        return Apart(*(float(np.float64(a) - b) for a, b in zip(apart(offset), apart(round(nearer, 1)), strict=True)))
