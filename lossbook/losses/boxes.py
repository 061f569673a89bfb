r"""Losses of boxes by their overlap.

A box is its corners (x₁, y₁, x₂, y₂) on the last axis, x₁ < x₂ and y₁ < y₂. All four losses are 1 − IoU plus a term
that has a slope where the boxes are apart. Where an edge of one lies on an edge of the other the gradient is the mean
of those on both sides, so that it is 0 at the target.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import (
    Argument,
    Card,
    Floats,
    Loss,
    place,
    quiet,
    real,
    reduce,
    reduce_grad,
    same_shape,
)

__all__ = [
    "CIOU",
    "DIOU",
    "GIOU",
    "IOU",
    "ciou",
    "ciou_alpha",
    "ciou_grad",
    "diou",
    "diou_grad",
    "giou",
    "giou_grad",
    "iou",
    "iou_grad",
]


def check_boxes(name: str, value: ArrayLike) -> Floats:
    """`value` as a float64 array of boxes, corners on the last axis, with a width and a height. NaN passes through."""
    boxes = real(name, value)
    if boxes.ndim == 0 or boxes.shape[-1] != 4:
        raise ValueError(f"{name} must have the corners x1, y1, x2, y2 on the last axis, got shape {boxes.shape}")
    if np.isinf(boxes).any():
        raise ValueError(f"{name} must be finite, got {boxes[np.isinf(boxes)][0]} at index {place(np.isinf(boxes))}")
    for low, high, axis in ((0, 2, "x"), (1, 3, "y")):
        wrong = boxes[..., high] <= boxes[..., low]
        if wrong.any():
            first, second = boxes[wrong][0][[low, high]]
            raise ValueError(f"{name} must have {axis}2 > {axis}1, got {second} with {axis}1 = {first}")
    return boxes


def _pair(prediction: ArrayLike, target: ArrayLike) -> tuple[Floats, Floats]:
    b, t = check_boxes("prediction", prediction), check_boxes("target", target)
    same_shape("prediction", b, "target", t)
    return b, t


class _Term(NamedTuple):
    """A quantity of every pair of boxes, and its derivative with respect to the four corners of the prediction."""

    value: Floats
    slope: Floats


class _Geometry(NamedTuple):
    common: _Term  # I, the area of the intersection
    union: _Term  # U
    hull: _Term  # C, the area of the smallest box around both
    shift: _Term  # R, the squared distance of the centres
    diagonal: _Term  # Q, the square of the hull's diagonal


def _geometry(b: Floats, t: Floats) -> _Geometry:
    low, high, t_low, t_high = b[..., :2], b[..., 2:], t[..., :2], t[..., 2:]
    size, t_size = high - low, t_high - t_low

    def corners(lower: Floats, upper: Floats) -> Floats:
        return np.concatenate([lower, upper], axis=-1)

    def area(sides: Floats, lower: Floats, upper: Floats) -> _Term:
        """A product of two sides, from their derivatives with respect to the lower and the upper edge."""
        other = sides[..., ::-1]
        return _Term(sides.prod(axis=-1), corners(other * lower, other * upper))

    sides = np.minimum(high, t_high) - np.maximum(low, t_low)
    meet = np.where(np.isnan(sides).any(axis=-1), np.nan, 1.0 * (sides > 0).all(axis=-1))[..., np.newaxis]
    common = area(sides * meet, -np.heaviside(low - t_low, 0.5) * meet, np.heaviside(t_high - high, 0.5) * meet)
    own = area(size, -np.ones_like(size), np.ones_like(size))
    union = _Term(own.value + t_size.prod(axis=-1) - common.value, own.slope - common.slope)
    around = np.maximum(high, t_high) - np.minimum(low, t_low)
    lower, upper = -np.heaviside(t_low - low, 0.5), np.heaviside(high - t_high, 0.5)
    gap = (low + high - t_low - t_high) / 2
    return _Geometry(
        common,
        union,
        area(around, lower, upper),
        _Term(np.square(gap).sum(axis=-1), corners(gap, gap)),
        _Term(np.square(around).sum(axis=-1), corners(2 * around * lower, 2 * around * upper)),
    )


def _quotient_slope(above: _Term, below: _Term) -> Floats:
    a, b = above.value[..., np.newaxis], below.value[..., np.newaxis]
    return np.asarray((b * above.slope - a * below.slope) / b**2)


def _apart(g: _Geometry) -> Floats:
    """1 − IoU."""
    return np.asarray((g.union.value - g.common.value) / g.union.value)


_ARGUMENTS = {"prediction": Argument("b", "box"), "target": Argument("t", "box")}
_WHERE = (
    "$b$ and $t$ are the corners of the predicted box and of the target, $I$ is the area that they share and $U$ "
    "that of their union"
)
_TILDE = r"; a tilde marks the derivative with respect to corner $b_k$."
_IOU_SLOPE = r"\frac{I \tilde U_k - U \tilde I_k}{U^2}"


def iou(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""IoU loss of boxes: 1 less the area of the intersection by that of the union.

    .. math:: \ell = 1 - \frac{I}{U}

    Parameters
    ----------
    prediction, target : array_like
        Corners (x₁, y₁, x₂, y₂) of shape (…, 4), one shape, with x₁ < x₂ and y₁ < y₂.
    reduction : {"none", "mean", "sum"}
        One loss per pair of boxes, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In [0, 1], without a unit. A float, or for "none" an array of the shape of `prediction` without its last axis.

    Raises
    ------
    ValueError
        If a box has no width or height, or an infinite corner, the shapes differ, the last axis has not four corners,
        the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    1, with a gradient of 0, wherever the boxes are apart. UnitBox, where it was proposed, takes −log IoU instead.

    References
    ----------
    Yu et al. (2016), "UnitBox: an advanced object detection network", *ACM Multimedia*.

    Examples
    --------
    >>> iou([[0, 0, 2, 2], [5, 5, 6, 6]], [[1, 0, 3, 2], [1, 0, 3, 2]], reduction="none")
    array([0.66666667, 1.        ])
    """
    b, t = _pair(prediction, target)
    with quiet():
        return reduce(_apart(_geometry(b, t)), reduction)


def iou_grad(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d iou / d prediction: by the four corners; 0 where the boxes are apart. Arguments as in `iou`.

    >>> iou_grad([0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0]).round(4)
    array([-0.1111,  0.    , -0.3333,  0.    ])
    """
    b, t = _pair(prediction, target)
    with quiet():
        g = _geometry(b, t)
        return reduce_grad(-_quotient_slope(g.common, g.union), reduction, b[..., 0].size)


IOU = Loss(
    value=iou,
    grad=iou_grad,
    title="IoU loss",
    synonyms=("Jaccard loss of boxes", "intersection over union"),
    latex=r"1 - \frac{I}{U}",
    latex_grad={"prediction": _IOU_SLOPE},
    where=_WHERE + _TILDE,
    arguments=_ARGUMENTS,
    estimates="a box that covers the target, once it touches it",
    card=Card(
        what="1 less the area that two boxes share, by the area that they cover together.",
        why="Detectors are judged by overlap, so why not descend it.",
        strengths=(
            "It has no unit: both boxes ten times as large cost the same.",
            "One number for all four edges: none can be right by itself.",
        ),
        weaknesses=(
            "Boxes that are apart cost 1, with a gradient of 0, however far apart they are.",
            "Inside the target a box may shift without a change.",
        ),
        pytorch="""(
    1
    - (i := (torch.minimum(prediction, target)[:, 2:]
             - torch.maximum(prediction, target)[:, :2]).clamp(min=0).prod(1))
    / ((a := lambda b: (b[:, 2:] - b[:, :2]).prod(1))(prediction) + a(target) - i)
).mean()""",
    ),
    source="yu2016",
    chapter="detection",
)


def giou(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Generalised IoU loss: 1 − IoU plus the share of the smallest box around both that neither covers.

    .. math:: \ell = 1 - \frac{I}{U} + \frac{C - U}{C}

    Parameters, errors and shapes as in `iou`. In [0, 2); C is the area of the smallest box around both.

    Notes
    -----
    Where one box contains the other C = U, and it is `iou`: nothing says where inside.

    References
    ----------
    Rezatofighi et al. (2019), "Generalized intersection over union: a metric and a loss for bounding box regression",
    *CVPR*.

    Examples
    --------
    >>> giou([[0, 0, 1, 1], [0, 0, 1, 1]], [[2, 0, 3, 1], [4, 0, 5, 1]], reduction="none")  # the farther, the larger
    array([1.33333333, 1.6       ])
    """
    b, t = _pair(prediction, target)
    with quiet():
        g = _geometry(b, t)
        return reduce(_apart(g) + (g.hull.value - g.union.value) / g.hull.value, reduction)


def giou_grad(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d giou / d prediction: by the four corners; boxes that are apart are pulled and stretched toward each other.

    Arguments as in `iou`.

    >>> giou_grad([0.0, 0.0, 1.0, 1.0], [2.0, 0.0, 3.0, 1.0]).round(4)
    array([ 0.1111,  0.    , -0.3333,  0.    ])
    """
    b, t = _pair(prediction, target)
    with quiet():
        g = _geometry(b, t)
        slopes = -_quotient_slope(g.common, g.union) - _quotient_slope(g.union, g.hull)
        return reduce_grad(slopes, reduction, b[..., 0].size)


GIOU = Loss(
    value=giou,
    grad=giou_grad,
    title="GIoU loss",
    synonyms=("generalised IoU", "generalized IoU"),
    latex=r"1 - \frac{I}{U} + \frac{C - U}{C}",
    latex_grad={"prediction": _IOU_SLOPE + r" + \frac{U \tilde C_k - C \tilde U_k}{C^2}"},
    where=_WHERE + ", $C$ that of the smallest box around both" + _TILDE,
    arguments=_ARGUMENTS,
    estimates="a box that covers the target",
    card=Card(
        what="IoU loss, plus the share of the box around both that neither covers.",
        why="A slope where IoU has none: the empty part shrinks as the boxes approach.",
        strengths=("Boxes that are apart are pulled, from any distance.",),
        weaknesses=(
            "Where one box contains the other it is IoU again.",
            "A box as large as the target, on its level and apart, is stretched: its far edge goes outward.",
        ),
        pytorch="""(
    2 - (i := ((m := torch.minimum(prediction, target))[:, 2:]
    - (M := torch.maximum(prediction, target))[:, :2]).clamp(min=0).prod(1))
    / (u := (a := lambda b: (b[:, 2:] - b[:, :2]).prod(1))(prediction)
    + a(target) - i) - u / (M[:, 2:] - m[:, :2]).prod(1)
).mean()""",
    ),
    source="rezatofighi2019",
    chapter="detection",
)


def diou(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Distance-IoU loss: 1 − IoU plus the squared distance of the centres, by the squared diagonal around both.

    .. math:: \ell = 1 - \frac{I}{U} + \frac{R}{Q}

    Parameters, errors and shapes as in `iou`. In [0, 2); R is the squared distance of the two centres, ρ² in the paper,
    Q the squared diagonal of the smallest box around both, c².

    Notes
    -----
    The second term is 0 where the centres agree, whatever the sizes.

    References
    ----------
    Zheng et al. (2020), "Distance-IoU loss: faster and better learning for bounding box regression", *AAAI*.

    Examples
    --------
    >>> diou([[0, 0, 1, 1], [1, 1, 3, 3]], [[2, 0, 3, 1], [0, 0, 4, 4]], reduction="none")  # apart, and within
    array([1.4 , 0.75])
    """
    b, t = _pair(prediction, target)
    with quiet():
        g = _geometry(b, t)
        return reduce(_apart(g) + g.shift.value / g.diagonal.value, reduction)


def diou_grad(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d diou / d prediction: by the four corners; apart, the distance pulls both edges, the diagonal outward.

    Arguments as in `iou`.

    >>> diou_grad([0.0, 0.0, 1.0, 1.0], [2.0, 0.0, 3.0, 1.0]).round(4)
    array([ 0.04,  0.04, -0.2 , -0.04])
    """
    b, t = _pair(prediction, target)
    with quiet():
        g = _geometry(b, t)
        slopes = -_quotient_slope(g.common, g.union) + _quotient_slope(g.shift, g.diagonal)
        return reduce_grad(slopes, reduction, b[..., 0].size)


_DIOU_SLOPE = _IOU_SLOPE + r" + \frac{Q \tilde R_k - R \tilde Q_k}{Q^2}"
_DIOU_WHERE = _WHERE + (
    ", $R$ the squared distance of their centres and $Q$ the squared diagonal of the smallest box around both"
)

DIOU = Loss(
    value=diou,
    grad=diou_grad,
    title="DIoU loss",
    synonyms=("distance IoU",),
    latex=r"1 - \frac{I}{U} + \frac{R}{Q}",
    latex_grad={"prediction": _DIOU_SLOPE},
    where=_DIOU_WHERE + _TILDE,
    arguments=_ARGUMENTS,
    estimates="a box that covers the target and has its centre",
    card=Card(
        what="IoU loss, plus the squared distance of the centres by the squared diagonal of the box around both.",
        why="A slide straight to the target's centre lowers it, from outside and from within.",
        strengths=(
            "Boxes that are apart are pulled, from any distance.",
            "A box inside the target is led to its centre.",
        ),
        weaknesses=(
            "Once the centres agree it is IoU, whatever the shapes are.",
            "Far away it stretches a box as GIoU does: the far edge goes outward.",
        ),
        pytorch="""(
    1 - (i := ((m := torch.minimum(prediction, target))[:, 2:]
    - (M := torch.maximum(prediction, target))[:, :2]).clamp(min=0).prod(1))
    / ((a := lambda b: (b[:, 2:] - b[:, :2]).prod(1))(prediction) + a(target) - i)
    + (prediction - target).unflatten(1, (2, 2)).mean(1).square().sum(1)
    / (M[:, 2:] - m[:, :2]).square().sum(1)).mean()""",
    ),
    source="zheng2020",
    chapter="detection",
)


def _aspect(b: Floats, t: Floats) -> _Term:
    """v: how far apart the shapes are, as a squared difference of angles that is 1 at most."""
    size, t_size = b[..., 2:] - b[..., :2], t[..., 2:] - t[..., :2]
    turn = np.arctan2(t_size[..., 0], t_size[..., 1]) - np.arctan2(size[..., 0], size[..., 1])
    by_width, by_height = -size[..., 1], size[..., 0]
    slopes = 8 / math.pi**2 * (turn / np.square(size).sum(axis=-1))[..., np.newaxis]
    upper = slopes * np.stack([by_width, by_height], axis=-1)
    return _Term(4 / math.pi**2 * np.square(turn), np.concatenate([-upper, upper], axis=-1))


def ciou_alpha(prediction: ArrayLike, target: ArrayLike) -> Floats:
    """The weight α of the aspect term of `ciou`, v/((1 − IoU) + v), and 0 where the shapes agree.

    >>> ciou_alpha([[0, 0, 2, 1]], [[0, 0, 2, 2]]).round(4)
    array([0.0774])
    """
    b, t = _pair(prediction, target)
    with quiet():
        v = _aspect(b, t).value
        return np.where(v == 0, 0.0, v / (_apart(_geometry(b, t)) + v))


def _alpha(b: Floats, t: Floats, alpha: ArrayLike | None) -> Floats:
    if alpha is None:
        return ciou_alpha(b, t)
    given = real("alpha", alpha)
    if given.shape != b.shape[:-1]:
        raise ValueError(f"alpha must hold one number per pair of boxes, shape {b.shape[:-1]}, got shape {given.shape}")
    return given


def ciou(
    prediction: ArrayLike, target: ArrayLike, *, alpha: ArrayLike | None = None, reduction: str = "mean"
) -> Floats | float:
    r"""Complete-IoU loss: `diou` plus a term for the shape, weighed the more the better the boxes overlap.

    .. math:: \ell = 1 - \frac{I}{U} + \frac{R}{Q} + \alpha v, \qquad \alpha = \frac{v}{1 - \frac{I}{U} + v}

    Parameters, errors and shapes as in `iou`, R and Q as in `diou`; v is 4/π² times the squared difference of
    the two angles arctan(w/h).

    Parameters
    ----------
    alpha : array_like, optional
        α where it is given, one number per pair of boxes. Without it it is computed, and the gradient treats it as a
        constant, as the paper does: it is not the derivative of the value along α.

    Notes
    -----
    Published code differs: the authors' sets α = 0 where IoU < ½, and leaves the factor 1/(w² + h²) out of the slope of
    v. torchvision's does neither.

    References
    ----------
    Zheng et al. (2020), "Distance-IoU loss: faster and better learning for bounding box regression", *AAAI*.

    Examples
    --------
    >>> ciou([[2, 2, 4, 4], [2, 1, 4, 3], [1, 1, 3, 3]], [[0, 0, 4, 4]] * 3, reduction="none")  # shapes agree
    array([0.8125 , 0.78125, 0.75   ])
    >>> round(ciou([0, 0, 2, 1], [0, 0, 2, 2]), 4)
    0.5345
    """
    b, t = _pair(prediction, target)
    with quiet():
        g = _geometry(b, t)
        shape = _alpha(b, t, alpha) * _aspect(b, t).value
        return reduce(_apart(g) + g.shift.value / g.diagonal.value + shape, reduction)


def ciou_grad(
    prediction: ArrayLike, target: ArrayLike, *, alpha: ArrayLike | None = None, reduction: str = "mean"
) -> Floats:
    """d ciou / d prediction: by the four corners, α held where it is. Arguments as in `ciou`.

    >>> ciou_grad([0.0, 0.0, 2.0, 1.0], [0.0, 0.0, 2.0, 2.0]).round(4)
    array([ 0.0663,  0.0784, -0.0663, -0.5706])
    """
    b, t = _pair(prediction, target)
    with quiet():
        g = _geometry(b, t)
        slopes = -_quotient_slope(g.common, g.union) + _quotient_slope(g.shift, g.diagonal)
        slopes = slopes + _alpha(b, t, alpha)[..., np.newaxis] * _aspect(b, t).slope
        return reduce_grad(slopes, reduction, b[..., 0].size)


CIOU = Loss(
    value=ciou,
    grad=ciou_grad,
    title="CIoU loss",
    synonyms=("complete IoU",),
    latex=r"1 - \frac{I}{U} + \frac{R}{Q} + \alpha v",
    latex_grad={"prediction": _DIOU_SLOPE + r" + \alpha \tilde v_k"},
    where=_DIOU_WHERE
    + r", $v = 4/\pi^2$ times the squared difference of the angles $\arctan(w/h)$ of their widths and heights and "
    r"$\alpha = v / (1 - I/U + v)$, which the derivative treats as a constant" + _TILDE,
    arguments=_ARGUMENTS,
    estimates="a box that covers the target and has its centre and its shape",
    card=Card(
        what="DIoU loss, plus the difference of the two shapes, weighed the more the better the boxes overlap.",
        why="Overlap, place and shape in one number.",
        strengths=("Boxes with one centre still have their shapes compared.",),
        weaknesses=(
            r"Its gradient holds $\alpha$ fixed, so it is not the slope of the value.",
            "Once centres and shapes agree it is IoU.",
        ),
        pytorch="""((j := 1 - (i := ((m := torch.minimum(prediction, target))[:, 2:]
  - (M := torch.maximum(prediction, target))[:, :2]).clamp(min=0).prod(1))
  / ((q := (a := lambda b: b[:, 2:] - b[:, :2])(prediction)).prod(1) + a(target)
  .prod(1) - i)) + (prediction - target).unflatten(1, (2, 2)).mean(1).square()
  .sum(1) / (M[:, 2:] - m[:, :2]).square().sum(1) + (v := 4 / torch.pi**2 * (torch
  .atan2(*a(target).T) - torch.atan2(*q.T))**2) * (v / (j + v)).detach()).mean()""",
    ),
    source="zheng2020",
    chapter="detection",
)
