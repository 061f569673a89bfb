"""Noisy pictures of small shapes, about one pixel in a hundred, some of them empty; and how good masks of them are."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from lossbook.core import Floats

SIDE = 32
EMPTY = 0.2  # the share of pictures without an object
NOISE = 0.5


class Specks(NamedTuple):
    """Pictures and their masks, of shape (pictures, rows, columns)."""

    picture: Floats
    mask: Floats


@cache
def specks(number: int = 200, seed: int = 0) -> Specks:
    """One disc, square or cross a picture, or nothing; brightness 1 on it and 0 elsewhere, plus normal noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    masks = np.zeros((number, SIDE, SIDE))
    for mask in masks:
        if rng.random() < EMPTY:
            continue
        row, column = rng.uniform(4, SIDE - 5, 2)
        size, kind = rng.uniform(1.2, 2.6), rng.integers(3)
        down, right = np.abs(rows - row), np.abs(columns - column)
        if kind == 0:
            shape = np.hypot(down, right) <= size
        elif kind == 1:
            shape = np.maximum(down, right) <= 0.8 * size
        else:
            shape = (np.minimum(down, right) <= 0.7) & (np.maximum(down, right) <= 1.5 * size)
        mask[:] = shape
    return Specks(masks + rng.normal(0, NOISE, masks.shape), masks)


class Quality(NamedTuple):
    """How good masks are: Dice over pictures with an object, and the rest over all pixels or all empty pictures."""

    dice: float
    precision: float  # NaN if nothing is marked
    recall: float
    area: float  # marked pixels, in units of those of the objects
    clean: float  # share of the empty pictures on which nothing is marked


def quality(marked: Floats, mask: Floats) -> Quality:
    """Judge masks of 0 and 1.

    >>> quality(np.array([[[1.0, 1.0]], [[0.0, 0.0]]]), np.array([[[1.0, 0.0]], [[0.0, 0.0]]])).recall
    1.0
    """
    one, other = (np.asarray(x, dtype=np.float64).reshape(len(x), -1) for x in (marked, mask))
    common, total = (one * other).sum(axis=1), (one + other).sum(axis=1)
    some = other.any(axis=1)
    size = one.sum()
    return Quality(
        float(np.mean(2 * common[some] / total[some])),
        float(common.sum() / size) if size else float("nan"),
        float(common.sum() / other.sum()),
        float(size / other.sum()),
        float(np.mean(~one[~some].any(axis=1))),
    )
