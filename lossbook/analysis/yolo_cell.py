"""One cell of YOLO v1 with two predicted boxes and one object: who is responsible, and what the five terms cost."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lossbook.core import Floats
from lossbook.losses.boxes import iou
from lossbook.losses.yolo import Yolo, yolo_v1, yolo_v1_grad

OBJECT = np.array([0.5, 0.5, 0.5, 0.4])
"""Centre, width and height. The picture is a single cell, so all are in one unit."""
CONFIDENCE = np.array([0.6, 0.4])
CLASSES = np.array([0.3, 0.6, 0.1])
LABEL = 1
FLAT, UPRIGHT = 0.3, 0.7
"""Height of the first box, width by height of the second one."""


class Cell(NamedTuple):
    """What the loss makes of one cell."""

    boxes: Floats  # centre, width, height of the first and of the second box
    overlap: Floats
    responsible: int
    terms: Yolo
    moved: Floats  # for each box, how hard centre and size are pulled, summed


def corners(box: Floats) -> Floats:
    """Corners from centre, width and height."""
    return np.concatenate([box[:2] - box[2:] / 2, box[:2] + box[2:] / 2])


def cell(first: float, second: float, size: float, *, roots: bool = True) -> Cell:
    """The first box has its centre at `first` and the width `size`; the upright second one has it at `second`."""
    boxes = np.array([[first, 0.45, size, FLAT], [second, 0.6, 0.25, UPRIGHT]])
    arguments = (
        boxes[np.newaxis, np.newaxis],
        CONFIDENCE[np.newaxis, np.newaxis],
        CLASSES[np.newaxis, np.newaxis],
        OBJECT[np.newaxis, np.newaxis],
        np.array([[LABEL]]),
    )
    terms = yolo_v1(*arguments, roots=roots)
    slopes = yolo_v1_grad(*arguments, roots=roots)
    pulls = np.abs(slopes.centre + slopes.size)[0, 0].sum(axis=-1)
    overlap = np.array([1 - float(iou(corners(box), corners(OBJECT))) for box in boxes])
    best = int(np.flatnonzero(slopes.objects[0, 0])[0]) if slopes.objects.any() else int(overlap.argmax())
    return Cell(boxes, overlap, best, terms, pulls)


def same_error(width: float, *, error: float = 0.05, roots: bool = True) -> float:
    """The size term of a box that is too wide by `error`, everything else right."""
    box, wanted = [[[[0.5, 0.5, width + error, 0.5]]]], [[[0.5, 0.5, width, 0.5]]]
    return yolo_v1(box, [[[1.0]]], [[[1.0]]], wanted, [[0]], roots=roots).size
