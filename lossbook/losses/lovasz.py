r"""Lovász losses for segmentation: the Jaccard loss of masks, continued between its corners by sorting the errors."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import (
    Argument,
    Card,
    Floats,
    Loss,
    check_labels,
    check_probability,
    place,
    quiet,
    real,
    same_shape,
    shown,
)
from lossbook.losses._masks import CLASSES, _Flat, _flat, _one_of, _pictures, _sum

__all__ = [
    "LOVASZ_HINGE",
    "LOVASZ_SOFTMAX",
    "lovasz_hinge",
    "lovasz_hinge_grad",
    "lovasz_softmax",
    "lovasz_softmax_grad",
]


def _jaccard_steps(errors: Floats, own: Floats) -> Floats:
    """By how much the Jaccard loss grows when each pixel is taken as wrong, after all that have a larger error."""
    order = np.argsort(-errors, axis=-1, kind="stable")
    y = np.take_along_axis(own, order, axis=-1)
    left = _sum(y) - np.cumsum(y, axis=-1)  # of the overlap
    union = _sum(y) + np.cumsum(1 - y, axis=-1)
    losses = 1 - left / union
    steps = np.empty(errors.shape)
    np.put_along_axis(steps, order, np.diff(losses, axis=-1, prepend=0.0), axis=-1)
    return steps


def _hinges(logits: ArrayLike, labels: ArrayLike, over: str) -> tuple[_Flat, Floats, Floats]:
    """The signs of the labels, and the errors 1 − z s."""
    s, y = real("logits", logits), real("labels", labels)
    same_shape("logits", s, "labels", y)
    wrong = (y != 0) & (y != 1) & ~np.isnan(y)
    if wrong.any() or np.isnan(y).any():
        wrong |= np.isnan(y)
        raise ValueError(f"labels must be 0 or 1, got {shown(y[wrong][0])} at index {place(wrong)}")
    flat = _flat(_pictures("logits", s), y, over)
    signs = 2 * flat.y - 1
    with quiet():
        return flat, signs, 1 - signs * flat.p


def lovasz_hinge(
    logits: ArrayLike, labels: ArrayLike, *, over: str = "image", reduction: str = "mean"
) -> Floats | float:
    r"""Lovász hinge: the Jaccard loss of a mask, continued from right and wrong pixels to hinge losses.

    .. math:: \ell = \sum_{i=1}^{M} d_i \max(0, m_i)

    Here m = 1 − s for a pixel of the object and 1 + s for another one; d is the growth of the Jaccard loss when pixel i
    is taken as wrong, after all that have a larger m.

    Parameters
    ----------
    logits : array_like
        Scores of the pixels, of shape (…, H, W): above 0 for the object.
    labels : array_like
        0 or 1, the shape of `logits`.
    over : {"image", "batch"}
        One mask for each picture, or one for all of them together.
    reduction : {"none", "mean", "sum"}
        One loss per mask, their mean, or their sum.

    Returns
    -------
    float or ndarray
        At least the Jaccard loss of the mask s > 0, and twice it for scores of ±1. A float, or for "none" an array
        of the shape of `logits` without its last two axes.

    Raises
    ------
    ValueError
        If the shapes differ, a label is neither 0 nor 1, there is no row or column, one of the words is unknown, or
        "mean" meets an empty batch.

    Notes
    -----
    Of an empty mask only the largest error counts. Where two errors are equal the loss has a corner; the gradient
    here takes them in the order of the pixels.

    References
    ----------
    Berman et al. (2018), "The Lovász-softmax loss: a tractable surrogate for the optimization of the
    intersection-over-union measure in neural networks", *CVPR*.

    Examples
    --------
    >>> lovasz_hinge([[1.0, 1.0, -1.0]], [[0, 1, 1]])  # errors 2, 0, 2: at ±1 the hinge is twice the step
    1.3333333333333335
    >>> lovasz_hinge([[3.0, 2.0, -4.0]], [[1, 1, 0]])
    0.0
    """
    flat, _, errors = _hinges(logits, labels, over)
    with quiet():
        return flat.losses((_jaccard_steps(errors, flat.y) * np.maximum(errors, 0)).sum(axis=-1), reduction)


def lovasz_hinge_grad(logits: ArrayLike, labels: ArrayLike, *, over: str = "image", reduction: str = "mean") -> Floats:
    """d lovasz_hinge / d logits: a pixel's step of the Jaccard loss, toward its label, while its error is above 0.

    Arguments as in `lovasz_hinge`.

    >>> lovasz_hinge_grad([[0.5, 2.0, -1.0]], [[0, 1, 1]]).round(4)
    array([[ 0.1667,  0.    , -0.5   ]])
    """
    flat, signs, errors = _hinges(logits, labels, over)
    steps = np.where(errors > 0, -signs * _jaccard_steps(errors, flat.y), 0.0)
    return flat.slopes(np.where(np.isnan(errors), errors, steps), reduction)


LOVASZ_HINGE = Loss(
    value=lovasz_hinge,
    grad=lovasz_hinge_grad,
    title="Lovász hinge",
    synonyms=("Lovasz hinge",),
    latex=r"\sum_{i=1}^{M} d_i \max\left(0, m_i\right)",
    latex_grad={"logits": r"\begin{cases} -z_i d_i & m_i > 0 \\ 0 & m_i \le 0 \end{cases}"},
    where="$s_i$ is the score of pixel $i$ of $M$, $z_i$ is 1 for a pixel of the object and −1 for another one, and "
    "$m_i = 1 - z_i s_i$ is its error; $d_i$ is the growth of the Jaccard loss when pixel $i$ is taken as wrong, after "
    "all that have a larger error.",
    arguments={"logits": Argument("s", "picture", "one real score per pixel"), "labels": Argument("y", "mask")},
    estimates="the mask of the largest expected Jaccard index, up to the slack of the hinge",
    card=Card(
        what="Hinge errors, the largest first, each weighed with the growth of the Jaccard loss.",
        why="The Jaccard loss itself, continued to scores.",
        strengths=(
            "Convex in the scores, and never below the Jaccard loss of the mask.",
            "Its slopes add up to 1 where the network is sure that an object is not there.",
        ),
        weaknesses=(
            "If an object fills less than half, 0 everywhere costs 1, and every other constant costs more.",
            "Of an empty mask only the largest error counts.",
        ),
        pytorch="""(
    m := (1 - (2 * labels - 1) * logits).flatten(-2).sort(descending=True),
    y := labels.double().flatten(-2).gather(-1, m.indices),
    n := y.sum(-1, keepdim=True),
    j := 1 - (n - y.cumsum(-1)) / (n + (1 - y).cumsum(-1)),
    (j.diff(prepend=0 * n) * F.relu(m.values)).sum(-1).mean())[-1]""",
    ),
    source="berman2018",
    chapter="segmentation",
)


def _errors(prediction: ArrayLike, labels: ArrayLike, over: str) -> _Flat:
    """`_flat` of the probabilities and the masks of the classes."""
    p, given = _pictures("prediction", check_probability("prediction", prediction), 3), real("labels", labels)
    if given.shape != (*p.shape[:-3], *p.shape[-2:]):
        allowed = f"class indices of shape {(*p.shape[:-3], *p.shape[-2:])}"
        raise ValueError(f"labels must be {allowed}, got shape {given.shape}")
    y = check_labels("labels", labels, p.shape[-3])
    own = np.arange(p.shape[-3])[:, np.newaxis, np.newaxis] == y[..., np.newaxis, :, :]
    return _flat(p, own.astype(np.float64), over, 3)


def _counting(flat: _Flat, classes: str) -> NDArray[np.float64]:
    """One weight per class: 1 by the number of those that count."""
    some = flat.y.any(axis=-1, keepdims=True) | (_one_of("classes", classes, CLASSES) == "all")
    return np.asarray(some / some.sum(axis=-2, keepdims=True))


def lovasz_softmax(
    prediction: ArrayLike,
    labels: ArrayLike,
    *,
    classes: str = "present",
    over: str = "image",
    reduction: str = "mean",
) -> Floats | float:
    r"""Lovász-softmax loss: the Jaccard loss of every class, continued to probabilities, and averaged over classes.

    .. math:: \ell = \frac{1}{C} \sum_{k=1}^{K} \sum_{i=1}^{M} d_{ki} m_{ki}

    Here m is how far the probability of class k in pixel i is from its label, d the growth of the Jaccard loss of the
    class when the pixel is taken as wrong, after all that have a larger m, and C the number of classes that count.

    Parameters
    ----------
    prediction : array_like
        Probabilities of shape (…, K, H, W), such as `softmax(logits, axis=-3)` gives.
    labels : array_like
        Class indices of shape (…, H, W) and integer type.
    classes : {"present", "all"}
        Average over the classes that occur in the labels, or over all K.
    over : {"image", "batch"}
        One loss for each picture, or one for all of them together. A class is present in what the loss is of.
    reduction : {"none", "mean", "sum"}
        One loss per picture, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In [0, 1], and for probabilities of 0 and 1 the mean Jaccard loss, 1 − mIoU. A float, or for "none" an array of
        the shape of `labels` without its last two axes.

    Raises
    ------
    ValueError
        If a probability is outside [0, 1], a label is out of range or not an integer, the shapes do not fit, there is
        no class, row or column, one of the words is unknown, or "mean" meets an empty batch.

    Notes
    -----
    Where two errors are equal the loss has a corner; the gradient here takes them in the order of the pixels. The
    authors' code has `per_image=False` by default, which is over="batch".

    References
    ----------
    Berman et al. (2018), "The Lovász-softmax loss: a tractable surrogate for the optimization of the
    intersection-over-union measure in neural networks", *CVPR*.

    Examples
    --------
    >>> p = np.array([[0.6, 0.2, 0.2, 0.1]])
    >>> lovasz_softmax([1 - p, p], [[1, 0, 0, 0]])  # the object alone 0.4, its ground 0.225
    0.3125
    """
    flat = _errors(prediction, labels, over)
    with quiet():
        errors = np.abs(flat.y - flat.p)
        costs = _counting(flat, classes) * _jaccard_steps(errors, flat.y) * errors
        return flat.losses(costs.sum(axis=(-2, -1)), reduction)


def lovasz_softmax_grad(
    prediction: ArrayLike,
    labels: ArrayLike,
    *,
    classes: str = "present",
    over: str = "image",
    reduction: str = "mean",
) -> Floats:
    """d lovasz_softmax / d prediction: a pixel's step of the Jaccard loss of each class, toward the label.

    Arguments as in `lovasz_softmax`.

    >>> lovasz_softmax_grad([[[0.3, 0.8]], [[0.7, 0.2]]], [[1, 0]])
    array([[[ 0.25, -0.25]],
    <BLANKLINE>
           [[-0.5 ,  0.  ]]])
    """
    flat = _errors(prediction, labels, over)
    errors = np.abs(flat.y - flat.p)
    slopes = (1 - 2 * flat.y) * _counting(flat, classes) * _jaccard_steps(errors, flat.y)
    return flat.slopes(np.where(np.isnan(errors), errors, slopes), reduction)


LOVASZ_SOFTMAX = Loss(
    value=lovasz_softmax,
    grad=lovasz_softmax_grad,
    title="Lovász-softmax loss",
    synonyms=("Lovasz softmax",),
    latex=r"\frac{1}{C} \sum_{k=1}^{K} \sum_{i=1}^{M} d_{ki} m_{ki}",
    latex_grad={"prediction": r"-\frac{1}{C} z_{ki} d_{ki}"},
    where=r"$\hat p_{ki}$ is the probability of class $k$ in pixel $i$ of $M$, $z_{ki}$ is 1 where the pixel belongs "
    r"to the class and −1 elsewhere, $m_{ki}$ is $1 - \hat p_{ki}$ there and $\hat p_{ki}$ elsewhere; $d_{ki}$ is the "
    "growth of the Jaccard loss of the class when the pixel is taken as wrong, after all that have a larger error, and "
    "0 for a class that is absent; $C$ is the number of classes that are present.",
    arguments={"prediction": Argument(r"\hat p", "soft masks"), "labels": Argument("y", "label map")},
    estimates="masks of the largest mean Jaccard index",
    card=Card(
        what="The Jaccard loss of each class, continued to probabilities, and averaged over classes.",
        why="The mean intersection over union of several classes.",
        strengths=("On masks of 0 and 1 it is 1 less the mean IoU of the classes that are present.",),
        weaknesses=("A class that is absent has no slope, whatever is said of it.",),
        pytorch="""(
    y := F.one_hot(labels, prediction.shape[-3]).flatten(-3, -2).mT,
    m := (prediction.flatten(-2) - y.double()).abs().sort(descending=True),
    s := y.double().gather(-1, m.indices), n := s.sum(-1, keepdim=True),
    j := (1 - (n - s.cumsum(-1)) / (n + (1 - s).cumsum(-1))).diff(prepend=0 * n),
    ((j * m.values).sum(-1) * y.any(-1)).sum(-1).div(y.any(-1).sum(-1)).mean())[-1]""",
    ),
    source="berman2018",
    chapter="segmentation",
)
