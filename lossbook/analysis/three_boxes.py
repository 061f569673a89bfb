"""One drawn scene, three objects: what the losses of four detectors make of it, term by term."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossbook.core import Floats, number
from lossbook.losses.anchors import box_decode, box_encode, match_anchors
from lossbook.losses.detectors import (
    faster_rcnn_head,
    faster_rcnn_head_grad,
    faster_rcnn_rpn,
    faster_rcnn_rpn_grad,
    prior_bias,
    retinanet,
    retinanet_grad,
    ssd,
    ssd_grad,
)
from lossbook.losses.yolo import yolo_v1, yolo_v1_grad

SIZE = 64.0
NAMES = ("dog", "bicycle", "van")
OBJECTS = np.array([[6.0, 32.0, 20.0, 60.0], [18.0, 18.0, 46.0, 52.0], [40.0, 6.0, 60.0, 24.0]])
LABELS = np.arange(3)
CENTRES = (OBJECTS[:, :2] + OBJECTS[:, 2:]) / 2
SIZES = OBJECTS[:, 2:] - OBJECTS[:, :2]
STRIDE = 8.0
FORMS = ((16.0, 16.0), (32.0, 32.0), (14.0, 28.0), (28.0, 14.0))
"""Width and height of the anchors at each of the 64 places."""
VARIANCES = (0.1, 0.1, 0.2, 0.2)
GRID, BOXES = 4, 2
"""Cells of YOLO along a side, and boxes of each cell."""
DETECTORS = {
    "Faster R-CNN": ("RPN: object?", "RPN: where", "head: what", "head: where"),
    "SSD": ("what", "where"),
    "YOLO v1": ("centre", "size", "objects", "background", "classes"),
    "RetinaNet": ("what", "where"),
}
"""The terms of each detector's loss."""
MOMENTS = {"before training": 0.0, "half trained": 0.5, "nearly done": 0.95}
"""How far the predictions have come, as a share of the way to the right ones."""


@cache
def anchors() -> Floats:
    """256 boxes, four at each place, place by place."""
    y, x = np.mgrid[0 : SIZE / STRIDE, 0 : SIZE / STRIDE] * STRIDE + STRIDE / 2
    boxes = [np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=-1) for w, h in FORMS]
    return np.stack(boxes, axis=2).reshape(-1, 4)


@cache
def regions() -> Floats:
    """Sixteen regions for the second stage: two around each object, each a little off, and ten of the anchors."""
    near = np.concatenate([OBJECTS + np.array(off) for off in ((1, -1, 2, 1), (-2, 1, -1, -1))])
    return np.concatenate([near, anchors()[5:256:27][:10]])


class Stage(NamedTuple):
    """What one network puts out at each anchor or region, and what it is compared with."""

    logits: Floats
    offsets: Floats
    labels: NDArray[np.intp]
    targets: Floats


def _noise(shape: tuple[int, ...], seed: int) -> Floats:
    return np.random.default_rng(seed).normal(0, 0.3, shape)


def _matched(boxes: Floats, high: float, low: float | None, variances: tuple[float, ...]) -> Stage:
    """Labels and targets; logits and offsets are 0 still."""
    owner = match_anchors(boxes, OBJECTS, positive=high, negative=low)
    own, targets = owner >= 0, np.zeros(boxes.shape)
    targets[own] = box_encode(OBJECTS[owner[own]], boxes[own], variances=variances)
    labels = np.where(own, LABELS[owner], owner)
    return Stage(np.zeros(0), np.zeros(boxes.shape), labels, targets)


def _predicted(stage: Stage, start: Floats, right: Floats, done: float, seed: int) -> Stage:
    """Scores and offsets a share of the way from the start to the right ones."""
    logits = start + done * (right - start) + (1 - done) * _noise(start.shape, seed)
    offsets = done * stage.targets + (1 - done) * _noise(stage.offsets.shape, seed + 1)
    return stage._replace(logits=logits, offsets=offsets)


@cache
def rpn(done: float) -> Stage:
    """First stage of Faster R-CNN: a score for each anchor."""
    stage = _matched(anchors(), 0.7, 0.3, (1.0, 1.0, 1.0, 1.0))
    return _predicted(stage, np.zeros(256), np.where(stage.labels >= 0, 6.0, -6.0), done, 1)


@cache
def head(done: float) -> Stage:
    """Second stage: scores of background and three classes, a box for each class."""
    stage = _matched(regions(), 0.5, None, VARIANCES)
    right = 8.0 * (np.arange(4) == stage.labels[:, np.newaxis] + 1)
    found = _predicted(stage, np.zeros(right.shape), right, done, 3)
    return found._replace(offsets=np.repeat(found.offsets[:, np.newaxis], 3, axis=1))


@cache
def single(done: float) -> Stage:
    """SSD: scores of background and three classes at each anchor."""
    stage = _matched(anchors(), 0.5, None, VARIANCES)
    right = 8.0 * (np.arange(4) == stage.labels[:, np.newaxis] + 1)
    return _predicted(stage, np.zeros(right.shape), right, done, 5)


@cache
def dense(done: float) -> Stage:
    """RetinaNet: a yes or no for each class at each anchor, started at the prior bias."""
    stage = _matched(anchors(), 0.5, 0.4, (1.0, 1.0, 1.0, 1.0))
    right = np.where(np.arange(3) == stage.labels[:, np.newaxis], 6.0, -6.0)
    return _predicted(stage, np.full(right.shape, prior_bias()), right, done, 7)


class Grid(NamedTuple):
    """What YOLO puts out, and what it is compared with: the arguments of `yolo_v1`."""

    boxes: Floats
    confidence: Floats
    classes: Floats
    targets: Floats
    labels: NDArray[np.intp]


@cache
def grid(done: float) -> Grid:
    """YOLO v1: four by four cells of two boxes."""
    cells = np.floor(CENTRES / (SIZE / GRID)).astype(int)
    labels, targets = np.full((GRID, GRID), -1), np.zeros((GRID, GRID, 4))
    for (column, row), label, centre, size in zip(cells, LABELS, CENTRES, SIZES, strict=True):
        labels[row, column] = label
        targets[row, column] = [*(centre / (SIZE / GRID) - [column, row]), *(size / SIZE)]
    start = np.broadcast_to([[0.5, 0.5, 0.3, 0.3], [0.5, 0.5, 0.2, 0.4]], (GRID, GRID, BOXES, 4))
    doubt, unsure = np.full((GRID, GRID, BOXES), 0.5), np.full((GRID, GRID, 3), 1 / 3)
    own = yolo_v1_grad(start, doubt, unsure, targets, labels).objects != 0  # who is responsible, and stays so
    wanted = np.where(own[..., np.newaxis], targets[:, :, np.newaxis], start)
    confidence = doubt + done * (own - doubt) + (1 - done) * _noise(doubt.shape, 9) / 3
    classes = unsure + done * (1.0 * (np.arange(3) == labels[..., np.newaxis]) - unsure)
    return Grid(start + done * (wanted - start), confidence, classes, targets, labels)


class Terms(NamedTuple):
    """The terms of a loss: what each costs, and the sum of the sizes of its slopes in the network's outputs."""

    cost: Floats
    pull: Floats

    @property
    def share(self) -> Floats:
        """Of the summed sizes of all slopes."""
        return np.asarray(self.pull / self.pull.sum())


def _pulls(slopes: tuple[Floats, ...]) -> Floats:
    return np.array([float(np.abs(part).sum()) for part in slopes])


def terms(detector: str, done: float, weight: float = 1.0) -> Terms:
    """The loss of the scene with its published constants; `weight` multiplies that of where the boxes are.

    λ of both stages of Faster R-CNN, α of SSD, λ_coord of YOLO. RetinaNet has no such weight, so it multiplies the
    second term.
    """
    weight = number("weight", weight, 0)
    if detector == "Faster R-CNN":
        first, second = rpn(done), head(done)
        near, far = {"balance": 10.0 * weight}, {"balance": weight}
        cost = (*faster_rcnn_rpn(*first, **near), *faster_rcnn_head(*second, **far))
        slopes = (*faster_rcnn_rpn_grad(*first, **near), *faster_rcnn_head_grad(*second, **far))
        return Terms(np.array(cost), _pulls(slopes))
    if detector == "SSD":
        stage = single(done)
        return Terms(np.array(ssd(*stage, balance=weight)), _pulls(ssd_grad(*stage, balance=weight)))
    if detector == "RetinaNet":
        stage, both = dense(done), np.array([1.0, weight])
        return Terms(np.array(retinanet(*stage)) * both, _pulls(retinanet_grad(*stage)) * both)
    if detector == "YOLO v1":
        cells, coord = grid(done), 5.0 * weight
        return Terms(np.array(yolo_v1(*cells, coord=coord)), _pulls(yolo_v1_grad(*cells, coord=coord)))
    raise ValueError(f"detector must be one of {', '.join(DETECTORS)}, got {detector!r}")


def fitted_share(done: float) -> float:
    """The share of the gradient that the RPN's boxes would have if N_reg were the number of places of this scene."""
    first, pull = rpn(done), terms("Faster R-CNN", done).pull.copy()
    pull[1] = np.abs(faster_rcnn_rpn_grad(*first, n_reg=(SIZE / STRIDE) ** 2).localisation).sum()
    return float(pull[1] / pull.sum())


def answering(detector: str, done: float) -> Floats:
    """The corners of the boxes that get a gradient: those of anchors, regions or cells with an object."""
    if detector == "YOLO v1":
        cells = grid(done)
        slopes = yolo_v1_grad(*cells)
        row, column, which = np.nonzero(slopes.objects)
        box = cells.boxes[row, column, which]
        centre = (box[:, :2] + np.stack([column, row], axis=-1)) * SIZE / GRID
        return np.concatenate([centre - box[:, 2:] * SIZE / 2, centre + box[:, 2:] * SIZE / 2], axis=-1)
    if detector not in DETECTORS:
        raise ValueError(f"detector must be one of {', '.join(DETECTORS)}, got {detector!r}")
    stage = {"Faster R-CNN": head, "SSD": single, "RetinaNet": dense}[detector](done)
    own = stage.labels >= 0
    offsets = stage.offsets[own, 0] if detector == "Faster R-CNN" else stage.offsets[own]
    over = (regions() if detector == "Faster R-CNN" else anchors())[own]
    return box_decode(offsets, over, variances=(1.0, 1.0, 1.0, 1.0) if detector == "RetinaNet" else VARIANCES)
