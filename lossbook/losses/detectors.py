r"""The losses of four detectors: sums of named parts, over anchors that have been matched to objects.

Every function returns its terms, weighted and divided as they enter the sum, and `total` adds them. Its gradient comes
term by term too, each with respect to the numbers that the term reads. Defaults are the published constants.

Labels say the same everywhere: 0, …, K − 1 is the class of the object that an anchor answers for, −1 is background, and
−2 an anchor that does not count. Where there is a softmax, its column 0 is the background and k + 1 is class k. Targets
are what `box_encode` gives; they are read only where there is an object.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import Floats, check_logits, number, real
from lossbook.losses._anchors import Labels, read_labels
from lossbook.losses.classification import (
    binary_cross_entropy_with_logits,
    binary_cross_entropy_with_logits_grad,
    softmax_cross_entropy,
    softmax_cross_entropy_grad,
)
from lossbook.losses.focal import sigmoid_focal, sigmoid_focal_grad
from lossbook.losses.robust import smooth_l1, smooth_l1_grad
from lossbook.losses.scores import check_scores

__all__ = [
    "Detection",
    "DetectionSlopes",
    "FasterRCNN",
    "faster_rcnn",
    "faster_rcnn_head",
    "faster_rcnn_head_grad",
    "faster_rcnn_rpn",
    "faster_rcnn_rpn_grad",
    "hard_negatives",
    "prior_bias",
    "retinanet",
    "retinanet_grad",
    "ssd",
    "ssd_grad",
]


class Detection(NamedTuple):
    """The two terms of an anchor-based detector: what is there, and where."""

    classification: float
    localisation: float

    @property
    def total(self) -> float:
        return self.classification + self.localisation


class DetectionSlopes(NamedTuple):
    """The gradient of each term: of the classification in the logits, of the localisation in the offsets."""

    classification: Floats
    localisation: Floats


def _boxes(offsets: ArrayLike, targets: ArrayLike, y: Labels) -> tuple[Floats, Floats]:
    d, t = real("offsets", offsets), real("targets", targets)
    for name, array in (("offsets", d), ("targets", t)):
        if array.shape != (*y.shape, 4):
            raise ValueError(f"{name} must have four numbers per anchor, shape {(*y.shape, 4)}, got {array.shape}")
    return d, t


def _where(d: Floats, t: Floats, objects: NDArray[np.bool_], beta: float, weight: float) -> float:
    """Smooth L1 of the four numbers, summed over the anchors that answer for an object."""
    return weight * float(smooth_l1(d[objects], t[objects], beta=beta, reduction="sum"))


def _where_grad(d: Floats, t: Floats, objects: NDArray[np.bool_], beta: float, weight: float) -> Floats:
    slopes = np.zeros(d.shape)
    slopes[objects] = weight * smooth_l1_grad(d[objects], t[objects], beta=beta, reduction="none")
    return slopes


# ── SSD ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def hard_negatives(costs: ArrayLike, labels: ArrayLike, *, ratio: float = 3.0) -> NDArray[np.bool_]:
    """Which background anchors SSD keeps: in each picture the most expensive ones, 3 for every object's anchor.

    `costs` and `labels` have the shape (…, A), one row for each picture; ratio > 0. Of equal costs the first are kept.

    >>> hard_negatives([2.0, 0.1, 0.7, 0.3], [0, -1, -1, -1], ratio=2.0)
    array([False, False,  True,  True])
    """
    c = real("costs", costs)
    y = read_labels(labels, c.shape, -2, np.iinfo(np.int32).max)
    ratio = number("ratio", ratio, 0)
    background = y == -1
    rank = np.argsort(np.argsort(np.where(background, -c, np.inf), axis=-1, kind="stable"), axis=-1, kind="stable")
    return np.asarray(background & (rank < ratio * (y >= 0).sum(axis=-1, keepdims=True)))


def _ssd(
    logits: ArrayLike, offsets: ArrayLike, labels: ArrayLike, targets: ArrayLike, ratio: float
) -> tuple[Floats, Labels, Floats, Floats, NDArray[np.bool_]]:
    s = check_scores(logits)
    y = read_labels(labels, s.shape[:-1], -2, s.shape[-1] - 2)
    d, t = _boxes(offsets, targets, y)
    costs = np.asarray(softmax_cross_entropy(s, np.zeros(y.shape, dtype=int), reduction="none"))
    return s, np.maximum(y, -1) + 1, d, t, (y >= 0) | hard_negatives(costs, y, ratio=ratio)


def ssd(
    logits: ArrayLike,
    offsets: ArrayLike,
    labels: ArrayLike,
    targets: ArrayLike,
    *,
    balance: float = 1.0,
    ratio: float = 3.0,
    beta: float = 1.0,
) -> Detection:
    r"""SSD: cross-entropy of objects and hard negatives plus smooth L1 of objects, both by the number N of objects.

    Parameters
    ----------
    logits : array_like
        Scores of shape (…, A, K + 1), column 0 the background; A anchors a picture.
    offsets, targets : array_like
        What is predicted and what `box_encode` asks for, of shape (…, A, 4). SSD encodes with the variances
        (0.1, 0.1, 0.2, 0.2).
    labels : array_like
        Of shape (…, A): class, −1 background, −2 not counted.
    balance, ratio, beta : float
        α > 0, the weight of the localisation; negatives per positive, the most expensive of each picture; β of
        smooth L1.

    Returns
    -------
    Detection
        `classification` and `localisation`, both 0 if no picture has an object; `total` is their sum.

    Raises
    ------
    ValueError
        If the shapes do not fit, a label is out of range or no integer, a score is +inf, or a constant is not greater
        than 0.

    Notes
    -----
    The authors' code ranks negatives by their largest probability of any class, ports of it by the loss, as here.

    References
    ----------
    Liu et al. (2016), "SSD: single shot multibox detector", *ECCV*.

    Examples
    --------
    >>> logits = np.log([[1.0, 1.0], [3.0, 1.0], [1.0, 1.0]])
    >>> ssd(logits, np.zeros((3, 4)), [0, -1, -1], np.full((3, 4), 2.0), ratio=1.0)  # 2 log 2, and 4 (2 − ½)
    Detection(classification=1.3862943611198906, localisation=6.0)
    """
    s, y, d, t, kept = _ssd(logits, offsets, labels, targets, ratio)
    weight = number("balance", balance, 0)
    n = int((y > 0).sum())
    if n == 0:
        return Detection(0.0, 0.0)
    what = float(softmax_cross_entropy(s[kept], y[kept], reduction="sum")) / n
    return Detection(what, _where(d, t, y > 0, beta, weight / n))


def ssd_grad(
    logits: ArrayLike,
    offsets: ArrayLike,
    labels: ArrayLike,
    targets: ArrayLike,
    *,
    balance: float = 1.0,
    ratio: float = 3.0,
    beta: float = 1.0,
) -> DetectionSlopes:
    """The gradient of `ssd`, term by term: 0 in the logits of anchors that were not kept. Arguments as in `ssd`.

    >>> logits = np.log([[1.0, 1.0], [3.0, 1.0], [1.0, 1.0]])
    >>> ssd_grad(logits, np.zeros((3, 4)), [0, -1, -1], np.zeros((3, 4)), ratio=1.0).classification
    array([[ 0.5, -0.5],
           [ 0. ,  0. ],
           [-0.5,  0.5]])
    """
    s, y, d, t, kept = _ssd(logits, offsets, labels, targets, ratio)
    weight = number("balance", balance, 0)
    n = int((y > 0).sum())
    slopes = np.zeros(s.shape)
    if n == 0:
        return DetectionSlopes(slopes, np.zeros(d.shape))
    slopes[kept] = softmax_cross_entropy_grad(s[kept], y[kept], reduction="none") / n
    return DetectionSlopes(slopes, _where_grad(d, t, y > 0, beta, weight / n))


# ── RetinaNet ────────────────────────────────────────────────────────────────────────────────────────────────────────


def prior_bias(probability: float = 0.01) -> float:
    """The bias −log((1 − π)/π) with which a network starts by giving the probability π to every object.

    >>> round(prior_bias(0.01), 3)
    -4.595
    """
    p = number("probability", probability, 0, 1)
    return math.log(p) - math.log1p(-p)


def _retinanet(
    logits: ArrayLike, offsets: ArrayLike, labels: ArrayLike, targets: ArrayLike
) -> tuple[Floats, Labels, Floats, Floats, Floats]:
    s = check_logits("logits", logits)
    if s.ndim == 0 or s.shape[-1] == 0:
        raise ValueError(f"logits must have at least one class on the last axis, got shape {s.shape}")
    y = read_labels(labels, s.shape[:-1], -2, s.shape[-1] - 1)
    d, t = _boxes(offsets, targets, y)
    return s, y, d, t, 1.0 * (np.arange(s.shape[-1]) == y[..., np.newaxis])


def retinanet(
    logits: ArrayLike,
    offsets: ArrayLike,
    labels: ArrayLike,
    targets: ArrayLike,
    *,
    gamma: float = 2.0,
    alpha: float | None = 0.25,
    beta: float = 1.0,
) -> Detection:
    r"""RetinaNet: focal loss of every class at every anchor plus smooth L1 of objects, by the number of objects.

    Parameters
    ----------
    logits : array_like
        Scores of shape (…, A, K), one yes or no for each class: there is no background column.
    offsets, targets : array_like
        What is predicted and what `box_encode` asks for, of shape (…, A, 4).
    labels : array_like
        Of shape (…, A): class, −1 background (no to every class), −2 not counted.
    gamma, alpha, beta : float
        γ ≥ 0 and α in (0, 1) or None of `sigmoid_focal`, β of smooth L1.

    Returns
    -------
    Detection
        `classification` and `localisation`, divided by the number of anchors with an object, or by 1 if there is none.

    Raises
    ------
    ValueError
        If the shapes do not fit, a label is out of range or no integer, a score is +inf, or a constant is out of range.

    Notes
    -----
    Start the last bias at `prior_bias(0.01)`: without it the many background anchors shout first. torchvision takes the
    absolute error of boxes.

    References
    ----------
    Lin et al. (2017), "Focal loss for dense object detection", *ICCV*.

    Examples
    --------
    >>> found = retinanet([[0.0], [0.0]], np.zeros((2, 4)), [0, -1], np.full((2, 4), 2.0))
    >>> found.localisation, round(found.classification / float(np.log(2.0)), 12)  # (¼ + ¾)(½)² log 2
    (6.0, 0.25)
    """
    s, y, d, t, right = _retinanet(logits, offsets, labels, targets)
    n = max(1, int((y >= 0).sum()))
    what = float(sigmoid_focal(s[y > -2], right[y > -2], gamma=gamma, alpha=alpha, reduction="sum")) / n
    return Detection(what, _where(d, t, y >= 0, beta, 1 / n))


def retinanet_grad(
    logits: ArrayLike,
    offsets: ArrayLike,
    labels: ArrayLike,
    targets: ArrayLike,
    *,
    gamma: float = 2.0,
    alpha: float | None = 0.25,
    beta: float = 1.0,
) -> DetectionSlopes:
    """The gradient of `retinanet`, term by term. Arguments as there.

    >>> retinanet_grad([[0.0], [0.0]], np.zeros((2, 4)), [-2, -1], np.zeros((2, 4)), gamma=0.0).classification
    array([[0.   ],
           [0.375]])
    """
    s, y, d, t, right = _retinanet(logits, offsets, labels, targets)
    n = max(1, int((y >= 0).sum()))
    slopes = np.zeros(s.shape)
    slopes[y > -2] = sigmoid_focal_grad(s[y > -2], right[y > -2], gamma=gamma, alpha=alpha, reduction="none") / n
    return DetectionSlopes(slopes, _where_grad(d, t, y >= 0, beta, 1 / n))


# ── Faster R-CNN ─────────────────────────────────────────────────────────────────────────────────────────────────────


class FasterRCNN(NamedTuple):
    """The terms of both stages."""

    rpn: Detection
    head: Detection

    @property
    def total(self) -> float:
        return self.rpn.total + self.head.total


def faster_rcnn(rpn: Detection, head: Detection) -> FasterRCNN:
    """Faster R-CNN, trained jointly: the four terms of `faster_rcnn_rpn` and `faster_rcnn_head`, added.

    >>> faster_rcnn(Detection(1.0, 0.5), Detection(2.0, 0.25)).total
    3.75
    """
    return FasterRCNN(Detection(*rpn), Detection(*head))


def _rpn(
    logits: ArrayLike, offsets: ArrayLike, labels: ArrayLike, targets: ArrayLike
) -> tuple[Floats, Labels, Floats, Floats, NDArray[np.bool_]]:
    s = check_logits("logits", logits)
    y = read_labels(labels, s.shape, -2, np.iinfo(np.int32).max)
    d, t = _boxes(offsets, targets, y)
    return s, y, d, t, y > -2


def faster_rcnn_rpn(
    logits: ArrayLike,
    offsets: ArrayLike,
    labels: ArrayLike,
    targets: ArrayLike,
    *,
    balance: float = 10.0,
    n_cls: float = 256.0,
    n_reg: float = 2400.0,
    beta: float = 1.0,
) -> Detection:
    r"""First stage of Faster R-CNN, the region proposal network: object or not, and where.

    Parameters
    ----------
    logits : array_like
        One score per anchor, of shape (…): that there is an object.
    offsets, targets : array_like
        What is predicted and what `box_encode` asks for, of shape (…, 4).
    labels : array_like
        0 or more for an object, −1 background, −2 not sampled. The paper samples 256 anchors of a picture, at most half
        of them objects; an object's anchor has an IoU of 0.7 or more or the best one, background less than 0.3.
    balance, n_cls, n_reg, beta : float
        λ, N_cls, N_reg, all greater than 0, and β of smooth L1. With the paper's numbers, 2400 being about the number
        of places of an anchor, both terms weigh about the same. The authors' code has 1, 256, 256 and 1/9.

    Returns
    -------
    Detection
        Σ cross-entropy/N_cls and λ Σ smooth L1/N_reg.

    Raises
    ------
    ValueError
        If the shapes do not fit, a label is out of range or no integer, a score is +inf, or a constant is not greater
        than 0.

    Notes
    -----
    The paper's classifier is a softmax of two scores, which is the same with their difference as the logit.

    References
    ----------
    Ren et al. (2015), "Faster R-CNN: towards real-time object detection with region proposal networks", *NeurIPS*.

    Examples
    --------
    >>> found = faster_rcnn_rpn([0.0, 0.0, 5.0], np.zeros((3, 4)), [0, -1, -2], np.full((3, 4), 2.0), n_cls=2.0)
    >>> round(found.classification, 4), found.localisation  # log 2, and 10 · 4 (2 − ½)/2400
    (0.6931, 0.025)
    """
    s, y, d, t, counts = _rpn(logits, offsets, labels, targets)
    weight = number("balance", balance, 0) / number("n_reg", n_reg, 0)
    n = number("n_cls", n_cls, 0)
    what = float(binary_cross_entropy_with_logits(s[counts], 1.0 * (y[counts] >= 0), reduction="sum")) / n
    return Detection(what, _where(d, t, y >= 0, beta, weight))


def faster_rcnn_rpn_grad(
    logits: ArrayLike,
    offsets: ArrayLike,
    labels: ArrayLike,
    targets: ArrayLike,
    *,
    balance: float = 10.0,
    n_cls: float = 256.0,
    n_reg: float = 2400.0,
    beta: float = 1.0,
) -> DetectionSlopes:
    """The gradient of `faster_rcnn_rpn`, term by term. Arguments as there.

    >>> faster_rcnn_rpn_grad([0.0, 0.0], np.zeros((2, 4)), [0, -2], np.zeros((2, 4)), n_cls=2.0).classification
    array([-0.25,  0.  ])
    """
    s, y, d, t, counts = _rpn(logits, offsets, labels, targets)
    weight = number("balance", balance, 0) / number("n_reg", n_reg, 0)
    n = number("n_cls", n_cls, 0)
    slopes = np.zeros(s.shape)
    right = 1.0 * (y[counts] >= 0)
    slopes[counts] = binary_cross_entropy_with_logits_grad(s[counts], right, reduction="none") / n
    return DetectionSlopes(slopes, _where_grad(d, t, y >= 0, beta, weight))


def _head(
    logits: ArrayLike, offsets: ArrayLike, labels: ArrayLike, targets: ArrayLike
) -> tuple[Floats, Labels, Floats, Floats, NDArray[np.bool_], int]:
    """As they are, with the offsets of every class, and how many regions count."""
    s = check_scores(logits)
    y = read_labels(labels, s.shape[:-1], -2, s.shape[-1] - 2)
    d = real("offsets", offsets)
    if d.shape != (*y.shape, s.shape[-1] - 1, 4):
        allowed = f"four numbers per region and class, shape {(*y.shape, s.shape[-1] - 1, 4)}"
        raise ValueError(f"offsets must have {allowed}, got {d.shape}")
    t = _boxes(np.zeros((*y.shape, 4)), targets, y)[1]
    n = int((y > -2).sum())
    if n == 0:
        raise ValueError("labels must have a region that counts, got none")
    every = np.broadcast_to(t[..., np.newaxis, :], d.shape)
    own = np.arange(s.shape[-1] - 1) == y[..., np.newaxis]
    return s, y, d, every, own, n


def faster_rcnn_head(
    logits: ArrayLike,
    offsets: ArrayLike,
    labels: ArrayLike,
    targets: ArrayLike,
    *,
    balance: float = 1.0,
    beta: float = 1.0,
) -> Detection:
    r"""Second stage of Faster R-CNN, the loss of Fast R-CNN: the class of each region, and the box of that class.

    Parameters
    ----------
    logits : array_like
        Scores of shape (…, K + 1), column 0 the background, one row for each region.
    offsets : array_like
        Of shape (…, K, 4): a box for every class, of which the label picks one.
    labels : array_like
        Class, −1 background, −2 not counted. The paper samples 128 regions, a quarter of them objects (IoU ≥ ½).
    targets : array_like
        What `box_encode` asks for, of shape (…, 4), with the variances (0.1, 0.1, 0.2, 0.2) in the authors' code.
    balance, beta : float
        λ > 0, and β of smooth L1.

    Returns
    -------
    Detection
        Both terms are divided by the number of regions that count, background included.

    Raises
    ------
    ValueError
        If the shapes do not fit, a label is out of range or no integer, none counts, a score is +inf, or a constant is
        not greater than 0.

    References
    ----------
    Girshick (2015), "Fast R-CNN", *ICCV*.

    Examples
    --------
    >>> found = faster_rcnn_head(np.zeros((2, 2)), np.zeros((2, 1, 4)), [0, -1], np.full((2, 4), 2.0))
    >>> round(found.classification, 4), found.localisation  # log 2, and 4 (2 − ½)/2
    (0.6931, 3.0)
    """
    s, y, d, t, own, n = _head(logits, offsets, labels, targets)
    counts = y > -2
    what = float(softmax_cross_entropy(s[counts], y[counts] + 1, reduction="sum")) / n
    return Detection(what, _where(d, t, own, beta, number("balance", balance, 0) / n))


def faster_rcnn_head_grad(
    logits: ArrayLike,
    offsets: ArrayLike,
    labels: ArrayLike,
    targets: ArrayLike,
    *,
    balance: float = 1.0,
    beta: float = 1.0,
) -> DetectionSlopes:
    """The gradient of `faster_rcnn_head`, term by term: 0 in the boxes of all classes but the label's.

    Arguments as there.

    >>> faster_rcnn_head_grad(np.zeros((1, 3)), np.zeros((1, 2, 4)), [1], np.full((1, 4), 2.0)).localisation
    array([[[ 0.,  0.,  0.,  0.],
            [-1., -1., -1., -1.]]])
    """
    s, y, d, t, own, n = _head(logits, offsets, labels, targets)
    counts = y > -2
    slopes = np.zeros(s.shape)
    slopes[counts] = softmax_cross_entropy_grad(s[counts], y[counts] + 1, reduction="none") / n
    return DetectionSlopes(slopes, _where_grad(d, t, own, beta, number("balance", balance, 0) / n))
