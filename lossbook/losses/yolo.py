r"""The five terms of YOLO v1: where, how large, whether at all, and what, for a grid of cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import Floats, number, positive, real
from lossbook.losses._anchors import read_labels
from lossbook.losses.boxes import iou

__all__ = ["Yolo", "YoloSlopes", "yolo_v1", "yolo_v1_grad"]


class Yolo(NamedTuple):
    """The five terms of YOLO v1, in the order of the paper."""

    centre: float
    size: float
    objects: float
    background: float
    classes: float

    @property
    def total(self) -> float:
        return sum(self)


class YoloSlopes(NamedTuple):
    """The gradient of each term: centre and size in the boxes, objects and background in the confidence, classes."""

    centre: Floats
    size: Floats
    objects: Floats
    background: Floats
    classes: Floats


class _Cells(NamedTuple):
    boxes: Floats
    confidence: Floats
    classes: Floats
    target: Floats  # the cell's object, in the shape of the boxes
    wanted: Floats  # one-hot classes
    responsible: NDArray[np.bool_]  # in the shape of the confidence
    overlap: Floats
    occupied: NDArray[np.bool_]


def _corners(boxes: Floats, cells: int) -> Floats:
    """Corners in widths of the picture, from a cell's own corner."""
    centre, half = boxes[..., :2] / cells, boxes[..., 2:] / 2
    return np.concatenate([centre - half, centre + half], axis=-1)


def _cells(
    boxes: ArrayLike, confidence: ArrayLike, classes: ArrayLike, target_boxes: ArrayLike, labels: ArrayLike
) -> _Cells:
    b, c, p = real("boxes", boxes), real("confidence", confidence), real("classes", classes)
    if b.ndim < 4 or b.shape[-1] != 4 or b.shape[-4] != b.shape[-3] or b.shape[-2] == 0:
        raise ValueError(f"boxes must have the shape (…, S, S, B, 4), got {b.shape}")
    grid = b.shape[:-2]
    if c.shape != b.shape[:-1]:
        raise ValueError(f"confidence must have one number per box, shape {b.shape[:-1]}, got {c.shape}")
    if p.shape[:-1] != grid or p.shape[-1] == 0:
        raise ValueError(f"classes must have the shape {grid} and an axis of classes, got {p.shape}")
    y = read_labels(labels, grid, -1, p.shape[-1] - 1)
    t = real("target_boxes", target_boxes)
    if t.shape != (*grid, 4):
        raise ValueError(f"target_boxes must have one box per cell, shape {(*grid, 4)}, got {t.shape}")
    positive("boxes", b[..., 2:])
    occupied = y >= 0
    positive("target_boxes", t[occupied][:, 2:])
    every = np.where(occupied[..., np.newaxis, np.newaxis], t[..., np.newaxis, :], 1.0) * np.ones_like(b)
    cells = b.shape[-3]
    overlap = 1 - np.asarray(iou(_corners(b, cells), _corners(every, cells), reduction="none"))
    scale = np.array([cells, cells, 1, 1])
    far = np.sqrt(np.square((b - every) / scale).sum(axis=-1))
    best = np.where((overlap > 0).any(axis=-1), overlap.argmax(axis=-1), far.argmin(axis=-1))
    responsible = (np.arange(b.shape[-2]) == best[..., np.newaxis]) & occupied[..., np.newaxis]
    wanted = 1.0 * (np.arange(p.shape[-1]) == y[..., np.newaxis])
    return _Cells(b, c, p, every, wanted, responsible, overlap, occupied)


def yolo_v1(
    boxes: ArrayLike,
    confidence: ArrayLike,
    classes: ArrayLike,
    target_boxes: ArrayLike,
    labels: ArrayLike,
    *,
    coord: float = 5.0,
    noobj: float = 0.5,
    roots: bool = True,
) -> Yolo:
    r"""YOLO v1: five sums of squares over the cells of a grid and the boxes that each cell predicts.

    Parameters
    ----------
    boxes : array_like
        Of shape (…, S, S, B, 4): centre x, y from the corner of the cell in widths of a cell, then width and height in
        those of the picture, greater than 0.
    confidence, classes : array_like
        Of shape (…, S, S, B), one number per box; and (…, S, S, K), one distribution per cell.
    target_boxes : array_like
        Of shape (…, S, S, 4), in the same units: the object whose centre lies in the cell.
    labels : array_like
        Of shape (…, S, S): the object's class, −1 in a cell without one.
    coord, noobj : float
        λ_coord = 5 and λ_noobj = ½, greater than 0.
    roots : bool
        Compare the square roots of the sizes, as published: the same error then costs a small box more, by 1/(2√w)
        in the slope, which makes it not independent of the size.

    Returns
    -------
    Yolo
        `centre` and `size` (both with λ_coord), `objects`, `background` (with λ_noobj), `classes`; `total` adds them.

    Raises
    ------
    ValueError
        If the shapes do not fit, a label is out of range or no integer, a size or a constant is not greater than 0.

    Notes
    -----
    The responsible box of a cell with an object is the one of the largest IoU with it, and as in darknet that with the
    smallest error if none overlaps. Its confidence is compared with that IoU, which the gradient treats as a constant.
    The confidence of *every* other box belongs to the background, also in cells with an object; their boxes get no
    gradient. Networks of darknet put out the square roots themselves, and its printed cost squares both λ.

    References
    ----------
    Redmon et al. (2016), "You only look once: unified, real-time object detection", *CVPR*.

    Examples
    --------
    >>> boxes = [[[[0.5, 0.5, 0.25, 1.0], [0.5, 0.5, 0.04, 0.04]]]]  # a grid of one cell with two boxes
    >>> found = yolo_v1(boxes, [[[0.25, 0.6]]], [[[0.3, 0.7]]], [[[0.5, 0.5, 1.0, 1.0]]], [[1]])
    >>> [round(term, 4) for term in found]  # 5 (½ − 1)², the IoU of ¼ is met, ½ · 0.6², 2 · 0.3²
    [0.0, 1.25, 0.0, 0.18, 0.18]
    """
    cells = _cells(boxes, confidence, classes, target_boxes, labels)
    near, far = number("coord", coord, 0), number("noobj", noobj, 0)
    own, wrong = cells.responsible, cells.boxes - cells.target
    sizes = np.sqrt(cells.boxes[..., 2:]) - np.sqrt(cells.target[..., 2:]) if roots else wrong[..., 2:]
    return Yolo(
        near * float(np.square(wrong[own][:, :2]).sum()),
        near * float(np.square(sizes[own]).sum()),
        float(np.square(cells.confidence - cells.overlap)[own].sum()),
        far * float(np.square(cells.confidence[~own]).sum()),
        float(np.square(cells.classes - cells.wanted)[cells.occupied].sum()),
    )


def yolo_v1_grad(
    boxes: ArrayLike,
    confidence: ArrayLike,
    classes: ArrayLike,
    target_boxes: ArrayLike,
    labels: ArrayLike,
    *,
    coord: float = 5.0,
    noobj: float = 0.5,
    roots: bool = True,
) -> YoloSlopes:
    """The gradient of `yolo_v1`, term by term. Arguments as there.

    >>> boxes = [[[[0.5, 0.5, 0.25, 1.0], [0.5, 0.5, 0.04, 0.04]]]]
    >>> yolo_v1_grad(boxes, [[[0.25, 0.6]]], [[[0.3, 0.7]]], [[[0.5, 0.5, 1.0, 1.0]]], [[1]]).size  # 5 · 2 (½ − 1)
    array([[[[ 0.,  0., -5.,  0.],
             [ 0.,  0.,  0.,  0.]]]])
    """
    cells = _cells(boxes, confidence, classes, target_boxes, labels)
    near, far = number("coord", coord, 0), number("noobj", noobj, 0)
    own, wrong = cells.responsible[..., np.newaxis], 2 * near * (cells.boxes - cells.target)
    centre, size = np.zeros(wrong.shape), np.zeros(wrong.shape)
    centre[..., :2] = np.where(own, wrong[..., :2], 0.0)
    if roots:
        root = np.sqrt(cells.boxes[..., 2:])
        size[..., 2:] = np.where(own, near * (root - np.sqrt(cells.target[..., 2:])) / root, 0.0)
    else:
        size[..., 2:] = np.where(own, wrong[..., 2:], 0.0)
    objects = np.where(cells.responsible, 2 * (cells.confidence - cells.overlap), 0.0)
    background = np.where(cells.responsible, 0.0, 2 * far * cells.confidence)
    answers = np.where(cells.occupied[..., np.newaxis], 2 * (cells.classes - cells.wanted), 0.0)
    return YoloSlopes(centre, size, objects, background, answers)
