"""What each loss pulls at, pixel by pixel: a small object in a large picture, at some stages of a training."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from lossbook.core import Floats
from lossbook.losses.classification import binary_cross_entropy_with_logits_grad
from lossbook.losses.focal import sigmoid_focal_grad
from lossbook.losses.lovasz import lovasz_hinge_grad
from lossbook.losses.overlap import dice_grad
from lossbook.losses.scores import logistic

SIDE = 32
STAGES = ("start at ½", "start at the prior", "nothing found", "shifted", "nearly right")
LOSSES = ("cross-entropy", "focal", "Dice, linear", "Dice, squared", "Lovász hinge")
NOISE = 0.3  # of the logits, so that no two are equal


def blob(row: float, column: float, radius: float = 1.8) -> Floats:
    """1 on the pixels near a place.

    >>> int(blob(12, 20).sum())
    9
    """
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.asarray(np.hypot(rows - row, columns - column) <= radius, dtype=np.float64)


@cache
def truth(present: bool = True) -> Floats:
    """The mask: nine pixels of 1,024, or none."""
    return blob(12, 20) if present else np.zeros((SIDE, SIDE))


@cache
def logits(stage: str) -> Floats:
    """What the network says at a stage; the prior is the share of the object, 9/1024."""
    if stage not in STAGES:
        raise ValueError(f"stage must be one of {', '.join(STAGES)}, got {stage!r}")
    noise = np.random.default_rng(0).normal(0, NOISE, (SIDE, SIDE))
    prior = np.log(9 / (SIDE * SIDE - 9))
    if stage == "start at ½":
        return noise
    if stage == "start at the prior":
        return np.asarray(prior + noise)
    if stage == "nothing found":
        return np.asarray(-9 + noise)
    found = blob(14, 22) if stage == "shifted" else blob(12, 20.6, 2.1)
    return np.asarray(np.where(found == 1, 3.0, prior) + noise)


def probability(stage: str) -> Floats:
    """The probability of the object in every pixel."""
    return np.asarray(logistic(logits(stage)))


def pull(loss: str, stage: str, present: bool = True, smooth: float = 0.0) -> Floats:
    """Minus the gradient in the logits of one picture: above 0 where a pixel is pulled toward the object.

    Cross-entropy and focal loss are means over pixels; focal has γ = 2 and α = ¼. Dice is taken of the sigmoids.
    """
    s, y = logits(stage), truth(present)
    if loss == "cross-entropy":
        return -binary_cross_entropy_with_logits_grad(s, y)
    if loss == "focal":
        return -sigmoid_focal_grad(s, y)
    if loss == "Lovász hinge":
        return -lovasz_hinge_grad(s, y)
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}, got {loss!r}")
    p = np.asarray(logistic(s))
    slope = dice_grad(p, y, denominator=loss.removeprefix("Dice, "), smooth=smooth)
    return np.asarray(-slope * p * np.asarray(logistic(-s)) + 0.0)


class Sum(NamedTuple):
    """The size of all pulls together, and the share of it that the object's pixels have (NaN if there is no pull)."""

    size: float
    share: float


def summed(pulls: Floats, mask: Floats) -> Sum:
    """How much is pulled, and how much of it on the object."""
    size = float(np.abs(pulls).sum())
    return Sum(size, float(np.abs(pulls[mask == 1]).sum()) / size if size > 0 else float("nan"))
