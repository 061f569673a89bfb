"""Anchors at work: which of a grid answer for an object, which are mined, and the flood of easy negatives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossbook.core import Floats, number, whole
from lossbook.losses.anchors import iou_matrix, match_anchors
from lossbook.losses.detectors import hard_negatives
from lossbook.losses.focal import sigmoid_focal_grad

PLACES = 7
SIDE = 3.5
"""Side of an anchor; the centres are 1 apart."""
RULES = {"SSD": (0.5, 0.5), "RetinaNet": (0.5, 0.4), "RPN of Faster R-CNN": (0.7, 0.3)}
"""From which IoU on an anchor answers for an object, and below which it is background."""


def centres() -> Floats:
    """The centres of the anchors, row by row from below."""
    x, y = np.meshgrid(np.arange(PLACES), np.arange(PLACES))
    return np.asarray(np.stack([x.ravel(), y.ravel()], axis=-1), dtype=np.float64)


def square(x: float, y: float, side: float) -> Floats:
    """Corners of a square."""
    return np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2])


def anchors() -> Floats:
    """The corners of all anchors."""
    return np.array([square(x, y, SIDE) for x, y in centres()])


class Roles(NamedTuple):
    """What each anchor does."""

    positive: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    negative: NDArray[np.bool_]
    mined: NDArray[np.bool_]  # of the negatives
    by_threshold: int  # how many are positive without the rule of the best one
    best: float  # the largest IoU

    @property
    def counts(self) -> tuple[int, int, int, int]:
        return tuple(int(part.sum()) for part in self[:4])  # type: ignore[return-value]


def suspicion() -> Floats:
    """What a half-trained detector is taken to see in each anchor apart from the object: fixed and of no meaning."""
    return np.random.default_rng(4).uniform(0, 0.25, PLACES**2)


def roles(x: float, y: float, side: float, rule: str) -> Roles:
    """Match one object and mine 3 : 1. The detector's cost of background is taken to grow with the overlap."""
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(RULES)}, got {rule!r}")
    high, low = RULES[rule]
    boxes, thing = anchors(), square(x, y, side)[np.newaxis]
    found = match_anchors(boxes, thing, positive=high, negative=low)
    plain = match_anchors(boxes, thing, positive=high, negative=low, best=False)
    overlap = iou_matrix(boxes, thing)[:, 0]
    p = np.clip(overlap + suspicion(), 0.01, 0.99)
    mined = hard_negatives(-np.log1p(-p), found)
    return Roles(found == 0, found == -2, found == -1, mined, int((plain == 0).sum()), float(overlap.max()))


# ── The flood of easy negatives ──────────────────────────────────────────────────────────────────────────────────────

OBJECTS, DOUBTED = 10, 0.1
"""So many anchors answer for an object, and the detector gives each of them this probability."""


class Flood(NamedTuple):
    """What pulls on the scores: of the anchors with an object, and of all others."""

    objects: float
    background: float
    one_object: float
    one_background: float


def pull(p: float, label: int, gamma: float, alpha: float | None) -> float:
    """The size of the slope of focal loss in the logit, at a predicted probability p of an object."""
    p = number("p", p, 0, 1)
    logit = np.log(p) - np.log1p(-p)
    return abs(float(sigmoid_focal_grad([logit], [label], gamma=gamma, alpha=alpha, reduction="sum")[0]))


def flood(negatives: int, p: float, gamma: float, alpha: float | None = None) -> Flood:
    """Ten objects at p̂ = 0.1 against so many negatives at one p̂. With γ = 0 and no α it is cross-entropy.

    >>> [round(part, 2) for part in flood(100, 0.5, 0.0)]
    [9.0, 50.0, 0.9, 0.5]
    """
    count = whole("negatives", negatives)
    near, far = pull(DOUBTED, 1, gamma, alpha), pull(p, 0, gamma, alpha)
    return Flood(OBJECTS * near, count * far, near, far)
