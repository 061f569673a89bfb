"""A box beside another: what five losses cost as it moves, and how they pull at its edges."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Floats, Loss, real
from lossbook.losses.boxes import CIOU, DIOU, GIOU, IOU
from lossbook.losses.regression import MAE

LOSSES: dict[str, Loss] = {"L1": MAE, "IoU": IOU, "GIoU": GIOU, "DIoU": DIOU, "CIoU": CIOU}
TARGET = np.array([-2.0, -1.5, 2.0, 1.5])
"""The target: 4 wide, 3 high, its centre at 0."""
SHAPES = {"as large as the target": (4.0, 3.0), "small and upright": (1.0, 2.0)}
"""Width and height of the box that is moved."""


class Touch(NamedTuple):
    """A loss at one place of the box."""

    value: float
    slope: Floats  # by x1, y1, x2, y2
    shift: Floats  # what a shift to the right and one upwards change


def box_at(x: float, y: float, shape: str) -> Floats:
    """Corners of the box whose centre is at (x, y)."""
    if shape not in SHAPES:
        raise ValueError(f"shape must be one of {', '.join(SHAPES)}, got {shape!r}")
    width, height = SHAPES[shape]
    return np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])


def touch(loss: str, x: float, y: float, shape: str) -> Touch:
    """Value and gradient of a loss of `LOSSES`; L1 is the mean over the four corners."""
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}, got {loss!r}")
    box, record = box_at(x, y, shape), LOSSES[loss]
    slope = np.asarray(record.grad(box, TARGET))
    slope = np.where(np.abs(slope) < 1e-12, 0.0, slope)  # rounding, where terms cancel
    shift = slope[:2] + slope[2:]
    return Touch(float(record.value(box, TARGET)), slope, np.where(np.abs(shift) < 1e-12, 0.0, shift))


def along(loss: str, grid: ArrayLike, y: float, shape: str) -> Floats:
    """The loss as the box slides along a line."""
    return np.array([touch(loss, x, y, shape).value for x in real("grid", grid)])


@cache
def steepest(loss: str) -> float:
    """The largest slope in one corner at any whole or half place within 5 of the target: what arrows are scaled by."""
    places = np.arange(-5, 5.1, 0.5)
    return max(
        float(np.abs(touch(loss, x, y, shape).slope).max()) for shape in SHAPES for x in places for y in range(-2, 3)
    )


class Descent(NamedTuple):
    """A box that descends a loss."""

    boxes: Floats
    values: Floats
    overlap: Floats  # IoU with the target on the way


def descend(loss: str, start: ArrayLike, *, steps: int = 200, rate: float = 0.1) -> Descent:
    """Descend from a box with steps of one length, so that losses of different size can be compared.

    Each step moves the four corners by `rate` along the gradient's direction, shorter and shorter toward the end. Where
    the gradient is 0 nothing moves.
    """
    box, boxes = real("start", start).copy(), []
    record = LOSSES[loss]
    for step in range(steps + 1):
        boxes.append(box.copy())
        slope = np.asarray(record.grad(box, TARGET))
        length = float(np.linalg.norm(slope))
        if length > 0:
            box = box - rate * (1 - step / steps) * slope / length
    path = np.array(boxes)
    targets = np.broadcast_to(TARGET, path.shape)
    values = [float(record.value(one, TARGET)) for one in path]
    return Descent(path, np.array(values), 1 - np.asarray(IOU.value(path, targets, reduction="none")))
