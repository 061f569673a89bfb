"""Generalised Dice of three classes as one of them shrinks and vanishes: which class the loss is about."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lossbook.core import Floats
from lossbook.losses.overlap import generalised_dice, generalised_dice_grad

SIDE = 32
CLASSES = ("ground", "large", "small")
LARGE = 128  # pixels of the large class
WEIGHTS = ("squared", "linear", "none", "naive")
TINY = 1e-10
RIGHT, ELSE = 0.9, 0.05  # the probability of the right class, and of each other one


def masks(area: int) -> Floats:
    """One mask per class: the large one has 128 pixels, the small one `area`, the ground the rest."""
    if not 0 <= area <= LARGE:
        raise ValueError(f"area must be from 0 to {LARGE} pixels, got {area!r}")
    labels = np.zeros(SIDE * SIDE, dtype=int)
    labels[:LARGE] = 1
    labels[LARGE : LARGE + area] = 2
    return np.asarray(np.arange(3)[:, np.newaxis] == labels, dtype=np.float64).reshape(3, SIDE, SIDE)


class Shares(NamedTuple):
    """The loss, the sizes of all slopes added up, and for every class the share that is in its map."""

    loss: float
    size: float
    of_slopes: Floats


def naive_weights(y: Floats) -> Floats:
    """What code has that adds a tiny number to the size before it divides."""
    return np.asarray(1 / (y.sum(axis=(-2, -1)) + TINY) ** 2)


def shares(area: int, weights: str) -> Shares:
    """Of a prediction that gives 0.9 to the right class of every pixel and 0.05 to the two others."""
    y = masks(area)
    p = np.where(y == 1, RIGHT, ELSE)
    if weights == "naive":
        w = naive_weights(y)[:, np.newaxis, np.newaxis]
        above, below = 2 * (w * p * y).sum(), (w * (p + y)).sum()
        loss, slopes = 1 - above / below, w * (above / below**2 - 2 * y / below)
    else:
        loss, slopes = generalised_dice(p, y, weights=weights), generalised_dice_grad(p, y, weights=weights)
    size = np.abs(slopes).sum(axis=(-2, -1))
    return Shares(float(loss), float(size.sum()), size / size.sum())
