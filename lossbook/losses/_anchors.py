"""The labels of anchors, regions and cells, as every detector's loss reads them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import place, real, shown

Labels = NDArray[np.intp]


def read_labels(labels: ArrayLike, shape: tuple[int, ...], low: int, high: int) -> Labels:
    """`labels` as an integer array of one shape, from `low` to `high`. Raises `ValueError` otherwise."""
    given = real("labels", labels)
    if given.shape != shape:
        raise ValueError(f"labels must hold one integer per anchor, shape {shape}, got shape {given.shape}")
    wrong = (given < low) | (given > high) | (given != np.round(given))
    if wrong.any():
        raise ValueError(
            f"labels must be integers from {low} to {high}, got {shown(given[wrong][0])} at index {place(wrong)}"
        )
    return given.astype(np.intp)
