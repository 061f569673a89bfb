"""A square laid over a round object: what every loss of masks says of it, as numbers of sets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lossbook.core import Floats
from lossbook.losses.outline import boundary, signed_distance
from lossbook.losses.overlap import dice, jaccard, tversky

SIDE = 32
CENTRE = 15.5  # of the object, in rows and in columns
RADIUS = 4.0


def disc() -> Floats:
    """The object: 1 on the pixels whose centres lie within the radius, 0 elsewhere.

    >>> int(disc().sum()), disc().size
    (52, 1024)
    """
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.asarray(np.hypot(rows - CENTRE, columns - CENTRE) <= RADIUS, dtype=np.float64)


def square(right: int, down: int, side: int) -> Floats:
    """A mask of `side` by `side` pixels, moved from the centre of the picture; `side` is even."""
    if side % 2 or not 2 <= side <= SIDE:
        raise ValueError(f"side must be an even number from 2 to {SIDE}, got {side!r}")
    room = (SIDE - side) // 2
    for name, shift in (("right", right), ("down", down)):
        if abs(shift) > room:
            raise ValueError(f"{name} must leave the square in the picture, at most {room} either way, got {shift!r}")
    mask = np.zeros((SIDE, SIDE))
    top, left = room + down, room + right
    mask[top : top + side, left : left + side] = 1
    return mask


class Judgement(NamedTuple):
    """What a mask is worth: losses of overlap, the share of wrong pixels, precision, recall and the boundary loss."""

    dice: float
    jaccard: float
    tversky: float  # misses count more: α = 0.3, β = 0.7
    turned: float  # false alarms count more: α = 0.7, β = 0.3
    wrong: float
    precision: float
    recall: float
    boundary: float


def judgement(mask: Floats, truth: Floats) -> Judgement:
    """Every loss of one mask. The precision of an empty mask is NaN.

    >>> judgement(disc(), disc()).dice, judgement(disc(), disc()).recall
    (0.0, 1.0)
    """
    common = float((mask * truth).sum())
    size = float(mask.sum())
    return Judgement(
        float(dice(mask, truth)),
        float(jaccard(mask, truth)),
        float(tversky(mask, truth)),
        float(tversky(mask, truth, alpha=0.7, beta=0.3)),
        float(np.mean(mask != truth)),
        common / size if size else float("nan"),
        common / float(truth.sum()),
        float(boundary(mask, signed_distance(truth))),
    )
