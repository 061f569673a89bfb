"""Judging a detector: non-maximum suppression, and average precision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import Floats, number, real
from lossbook.losses.anchors import iou_matrix
from lossbook.losses.boxes import check_boxes


class Found(NamedTuple):
    """The boxes that a detector puts into one picture, with their scores."""

    boxes: Floats
    scores: Floats


def suppress(boxes: ArrayLike, scores: ArrayLike, *, threshold: float = 0.5) -> NDArray[np.intp]:
    """Non-maximum suppression: which boxes stay, the best first.

    Take the box of the largest score, drop all that overlap it by an IoU above `threshold`, and go on with the rest.

    >>> suppress([[0, 0, 2, 2], [0, 0, 2, 2.1], [5, 5, 7, 7]], [0.6, 0.9, 0.3])
    array([1, 2])
    """
    b, s, limit = check_boxes("boxes", boxes), real("scores", scores), number("threshold", threshold, 0, 1, closed=True)
    if s.shape != b.shape[:1] or b.ndim != 2:
        raise ValueError(f"scores must hold one number per box, shape {b.shape[:1]}, got shape {s.shape}")
    overlaps, order, kept = iou_matrix(b, b), np.argsort(-s, kind="stable"), []
    while order.size:
        kept.append(order[0])
        order = order[1:][overlaps[order[0], order[1:]] <= limit]
    return np.array(kept, dtype=np.intp)


class Curve(NamedTuple):
    """Precision over recall, down the list of all boxes by score, and the area below its envelope."""

    recall: Floats
    precision: Floats
    average: float


def average_precision(found: Sequence[Found], truth: Sequence[ArrayLike], *, overlap: float = 0.5) -> Curve:
    """Average precision of one class over pictures.

    All boxes of all pictures go into one list, best score first. A box is right if the object that it overlaps most
    reaches `overlap` and no earlier box has claimed it. Precision is the share of right ones so far, recall the share
    of the objects that are found. The area is that below the largest precision at this recall or a larger one, as in
    PASCAL VOC since 2010.

    Raises
    ------
    ValueError
        If there is no object at all, or not one list of objects for each picture.
    """
    if len(found) != len(truth):
        raise ValueError(f"truth must hold one array for each picture, {len(found)}, got {len(truth)}")
    limit = number("overlap", overlap, 0, 1, closed=True)
    objects = [np.reshape(real("truth", boxes), (-1, 4)) for boxes in truth]
    total = sum(map(len, objects))
    if total == 0:
        raise ValueError("truth must hold at least one object, got none")
    claimed = [np.zeros(len(boxes), dtype=bool) for boxes in objects]
    listed = [(score, i, box) for i, one in enumerate(found) for box, score in zip(*one, strict=True)]
    right = []
    for _, i, box in sorted(listed, key=lambda entry: -entry[0]):
        overlaps = iou_matrix([box], objects[i])[0] if len(objects[i]) else np.zeros(0)
        nearest = int(overlaps.argmax()) if overlaps.size else -1
        hit = nearest >= 0 and overlaps[nearest] >= limit and not claimed[i][nearest]
        if hit:
            claimed[i][nearest] = True
        right.append(hit)
    hits = np.cumsum(right)
    recall, precision = hits / total, hits / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return Curve(recall, precision, float((np.diff(recall, prepend=0.0) * envelope).sum()))
