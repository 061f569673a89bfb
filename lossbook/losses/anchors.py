"""Anchors: the numbers a detector predicts in place of a box, and which anchor answers for which object.

Boxes are corners (x₁, y₁, x₂, y₂) on the last axis, as in `lossbook.losses.boxes`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import Floats, number, positive, quiet, real, same_shape
from lossbook.losses.boxes import check_boxes

__all__ = ["box_decode", "box_encode", "iou_matrix", "match_anchors"]


def _variances(variances: ArrayLike) -> Floats:
    given = positive("variances", variances)
    if given.shape != (4,):
        raise ValueError(f"variances must hold four numbers, for x, y, width and height, got shape {given.shape}")
    return given


def box_encode(boxes: ArrayLike, anchors: ArrayLike, *, variances: ArrayLike = (1.0, 1.0, 1.0, 1.0)) -> Floats:
    """What a detector has to predict at an anchor to mean a box: its shift in sizes of the anchor, and log-sizes.

    Parameters
    ----------
    boxes, anchors : array_like
        Corners of shape (…, 4), one shape.
    variances : array_like
        Four numbers greater than 0 that the result is divided by. R-CNN and the RPN have none; SSD and the head of
        Faster R-CNN have (0.1, 0.1, 0.2, 0.2), which brings the targets to about unit variance.

    Returns
    -------
    ndarray
        ((x − x_a)/w_a, (y − y_a)/h_a, log(w/w_a), log(h/h_a)) of centres and sizes, divided; the shape of `boxes`.

    Raises
    ------
    ValueError
        If a box has no width or height, the shapes differ, or a variance is not finite and greater than 0.

    References
    ----------
    Girshick et al. (2014), "Rich feature hierarchies for accurate object detection and semantic segmentation", *CVPR*.

    Examples
    --------
    >>> box_encode([[1, 0, 3, 4]], [[0, 0, 2, 2]]).round(4)
    array([[0.5   , 0.5   , 0.    , 0.6931]])
    """
    b, a, v = check_boxes("boxes", boxes), check_boxes("anchors", anchors), _variances(variances)
    same_shape("boxes", b, "anchors", a)
    size, a_size = b[..., 2:] - b[..., :2], a[..., 2:] - a[..., :2]
    shift = ((b[..., :2] - a[..., :2]) + (b[..., 2:] - a[..., 2:])) / 2
    return np.concatenate([shift / a_size, np.log(size / a_size)], axis=-1) / v


def box_decode(offsets: ArrayLike, anchors: ArrayLike, *, variances: ArrayLike = (1.0, 1.0, 1.0, 1.0)) -> Floats:
    """The box that a prediction at an anchor means: the inverse of `box_encode`, up to rounding.

    `offsets` are finite real numbers of shape (…, 4); anchors, variances and errors as in `box_encode`. Libraries
    limit the log-sizes (torchvision to log(1000/16)) so that no box of a young network overflows; nothing is
    limited here.

    >>> box_decode([[0.5, 0.5, 0.0, np.log(2.0)]], [[0, 0, 2, 2]])
    array([[1., 0., 3., 4.]])
    """
    d, a, v = real("offsets", offsets), check_boxes("anchors", anchors), _variances(variances)
    same_shape("offsets", d, "anchors", a)
    a_size = a[..., 2:] - a[..., :2]
    with quiet():
        d = d * v
        centre = (a[..., :2] + a[..., 2:]) / 2 + d[..., :2] * a_size
        half = np.exp(d[..., 2:]) * a_size / 2
        return np.concatenate([centre - half, centre + half], axis=-1)


def iou_matrix(boxes: ArrayLike, others: ArrayLike) -> Floats:
    """IoU of every box with every other one, for matching; of shape (N, M) from boxes of shape (N, 4) and (M, 4).

    >>> iou_matrix([[0, 0, 2, 2]], [[1, 0, 3, 2], [0, 0, 2, 2]]).round(4)
    array([[0.3333, 1.    ]])
    """
    a, b = check_boxes("boxes", boxes), check_boxes("others", others)
    for name, array in (("boxes", a), ("others", b)):
        if array.ndim != 2:
            raise ValueError(f"{name} must have shape (N, 4), got shape {array.shape}")
    sides = np.minimum(a[:, np.newaxis, 2:], b[:, 2:]) - np.maximum(a[:, np.newaxis, :2], b[:, :2])
    common = np.maximum(sides, 0).prod(axis=-1)
    areas = [(array[:, 2:] - array[:, :2]).prod(axis=-1) for array in (a, b)]
    return np.asarray(common / (areas[0][:, np.newaxis] + areas[1] - common))


def match_anchors(
    anchors: ArrayLike, boxes: ArrayLike, *, positive: float = 0.5, negative: float | None = None, best: bool = True
) -> NDArray[np.intp]:
    """Which object each anchor answers for, by IoU: its number, −1 for background, −2 for an anchor that is ignored.

    Parameters
    ----------
    anchors, boxes : array_like
        Corners of shape (A, 4) and (N, 4). With N = 0 everything is background.
    positive : float
        In [0, 1]: from this IoU on an anchor answers for the object that it overlaps most.
    negative : float, optional
        In [0, positive]: below it an anchor is background, between both it is ignored. As `positive` if not given.
        SSD: 0.5 for both; RetinaNet: 0.5 and 0.4; the RPN of Faster R-CNN: 0.7 and 0.3.
    best : bool
        Whether the anchor that overlaps an object most answers for it in any case (if they overlap at all). Of two such
        objects of one anchor the later one gets it.

    Returns
    -------
    ndarray of int
        Of shape (A,).

    Raises
    ------
    ValueError
        If a box has no width or height, the shapes do not fit, or a threshold is out of range.

    Examples
    --------
    >>> match_anchors([[0, 0, 2, 2], [1, 0, 3, 2], [4, 4, 6, 6]], [[0, 0, 2, 2.5]], negative=0.2)
    array([ 0, -2, -1])
    """
    high = number("positive", positive, 0, 1, closed=True)
    low = high if negative is None else number("negative", negative, 0, high, closed=True)
    a, b = check_boxes("anchors", anchors), real("boxes", boxes)
    if b.size == 0:
        return np.full(len(a), -1, dtype=np.intp)
    overlaps = iou_matrix(a, b)
    top = overlaps.max(axis=1)
    found = np.where(top >= high, overlaps.argmax(axis=1), np.where(top < low, -1, -2))
    if best:
        for k, anchor in enumerate(overlaps.argmax(axis=0)):
            if overlaps[anchor, k] > 0:
                found[anchor] = k
    return found.astype(np.intp)
