r"""Losses of overlap for segmentation: a mask is judged as a whole, and not pixel by pixel.

Pictures stand with their rows and columns on the last two axes; classes, where there are several, on the axis before.
Every name says which form is meant: on masks of 0 and 1 all of them are the same numbers of sets, on probabilities the
denominator, the smoothing and what is averaged (pictures, or nothing: one quotient for the batch) make a difference.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import (
    Argument,
    Card,
    Floats,
    Loss,
    Parameter,
    number,
    quiet,
)
from lossbook.losses._masks import DENOMINATORS, WEIGHTS, _Flat, _one_of, _soft, _sum

__all__ = [
    "DICE",
    "GENERALISED_DICE",
    "JACCARD",
    "TVERSKY",
    "dice",
    "dice_grad",
    "generalised_dice",
    "generalised_dice_grad",
    "jaccard",
    "jaccard_grad",
    "tversky",
    "tversky_grad",
]

# ── Dice and Jaccard ─────────────────────────────────────────────────────────────────────────────────────────────────


class _Overlap(NamedTuple):
    """Of every picture: the sum of the products, the sum of both, how far apart they are, and the slope of the sum."""

    common: Floats  # I = Σ p̂ y
    total: Floats  # S
    apart: Floats  # S − 2I, from terms that are not negative
    slope: Floats  # dS/dp̂


def _overlap(flat: _Flat, denominator: str) -> _Overlap:
    p, y = flat.p, flat.y
    if _one_of("denominator", denominator, DENOMINATORS) == "linear":
        return _Overlap(_sum(p * y), _sum(p + y), _sum(p * (1 - y) + y * (1 - p)), np.ones_like(p))
    return _Overlap(_sum(p * y), _sum(p * p + y * y), _sum(np.square(p - y)), 2 * p)


def _smoothing(smooth: float, smooth_numerator: float | None) -> tuple[float, float]:
    below = number("smooth", smooth, 0, closed=True)
    return below, below if smooth_numerator is None else number("smooth_numerator", smooth_numerator, 0, closed=True)


def dice(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    denominator: str = "linear",
    smooth: float = 0.0,
    smooth_numerator: float | None = None,
    over: str = "image",
    reduction: str = "mean",
) -> Floats | float:
    r"""Dice loss: 1 less twice the overlap by the sum of both masks.

    .. math:: \ell = 1 - \frac{2 I + \epsilon}{S + \epsilon}, \qquad I = \sum_{i=1}^{M} \hat p_i y_i,
              \qquad S = \sum_{i=1}^{M} (\hat p_i + y_i)

    Parameters
    ----------
    prediction, target : array_like
        Predicted probabilities and the mask, numbers in [0, 1] of shape (…, H, W), one shape. Masks of 0 and 1 in both
        places give 1 less the Dice coefficient of two sets, twice their common pixels by the sum of their sizes. A mask
        per class is a picture of its own.
    denominator : {"linear", "squared"}
        S as above, or the sum of p̂² + y². On a mask of 0 and 1 they differ by p̂ alone; on a soft target only the
        squared one is smallest where p̂ = y.
    smooth : float
        ε ≥ 0, added above and below. On an empty mask it decides: with 0 the loss is 1 and its gradient 0, whatever is
        predicted. Where prediction and mask are both 0 in all pixels it is then 0/0, NaN.
    smooth_numerator : float, optional
        ε above, where it is another: 0 in code that protects the quotient only.
    over : {"image", "batch"}
        One quotient for each picture, or one for all of them together, in which large objects outweigh small ones.
    reduction : {"none", "mean", "sum"}
        One loss per quotient, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In [0, 1]. A float, or for "none" an array of the shape of `prediction` without its last two axes.

    Raises
    ------
    ValueError
        If a value is outside [0, 1], the shapes differ, there is no row or column, ε is negative or infinite, one of
        the words is unknown, or "mean" meets an empty batch.

    Notes
    -----
    V-Net's paper has the squared denominator and no ε. MONAI's `DiceLoss` has the linear one, 1e-5 above and below
    (`smooth_nr`, `smooth_dr`) and one quotient per picture and class.

    References
    ----------
    Milletari et al. (2016), "V-Net: fully convolutional neural networks for volumetric medical image segmentation",
    *3DV*; Dice (1945), "Measures of the amount of ecologic association between species", *Ecology* 26, 297–302.

    Examples
    --------
    >>> dice([[1.0, 1.0, 0.0]], [[0.0, 1.0, 1.0]])  # sets
    0.5
    >>> dice([[0.6, 0.2, 0.2]], [[1.0, 0.0, 0.0]]), dice([[0.6, 0.2, 0.2]], [[1.0, 0.0, 0.0]], denominator="squared")
    (0.4, 0.1666666666666667)
    >>> dice(np.full((1, 4), 0.01), np.zeros((1, 4))), dice(np.full((1, 4), 0.01), np.zeros((1, 4)), smooth=1.0)
    (1.0, 0.03846153846153849)
    """
    flat, (below, above) = _soft(prediction, target, over), _smoothing(smooth, smooth_numerator)
    o = _overlap(flat, denominator)
    with quiet():
        return flat.losses((o.apart + below - above) / (o.total + below), reduction)


def dice_grad(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    denominator: str = "linear",
    smooth: float = 0.0,
    smooth_numerator: float | None = None,
    over: str = "image",
    reduction: str = "mean",
) -> Floats:
    """d dice / d prediction: one number for the pixels of the mask, another one for all others. Arguments as in `dice`.

    With the squared denominator the second depends on the pixel: it is in proportion to its probability.

    >>> dice_grad([[0.6, 0.2, 0.2]], [[1.0, 0.0, 0.0]])
    array([[-0.7,  0.3,  0.3]])
    """
    flat, (below, above) = _soft(prediction, target, over), _smoothing(smooth, smooth_numerator)
    o = _overlap(flat, denominator)
    with quiet():
        whole = o.total + below
        return flat.slopes(o.slope * (2 * o.common + above) / whole**2 - 2 * flat.y / whole, reduction)


_PREDICTION, _TARGET = Argument(r"\hat p", "soft mask"), Argument("y", "soft mask")
_SMOOTH = Parameter(0.0, 0.0, 10.0, r"\epsilon", "at least 0")
_PIXELS = r"$\hat p_i$ is the probability that pixel $i$ of $M$ belongs to the object, and $y_i$ is 1 where it does"

DICE = Loss(
    value=dice,
    grad=dice_grad,
    title="Dice loss",
    synonyms=("soft Dice", "Sørensen–Dice loss", "F1 loss"),
    latex=r"1 - \frac{2 I + \epsilon}{S + \epsilon}",
    latex_grad={"prediction": r"\frac{2 I + \epsilon}{(S + \epsilon)^2} - \frac{2 y_i}{S + \epsilon}"},
    where=_PIXELS + r"; $I = \sum_i \hat p_i y_i$ is the overlap, $S = \sum_i (\hat p_i + y_i)$ the size of both.",
    arguments={"prediction": _PREDICTION, "target": _TARGET},
    parameters={"smooth": _SMOOTH},
    estimates="a mask: in a large picture every pixel whose probability exceeds half the best Dice coefficient",
    keras="keras.losses.Dice (of the batch)",
    card=Card(
        what="One less twice the overlap, by the sum of both sizes, of one picture.",
        why="Masks are judged by it.",
        strengths=("Ground around the object that is predicted 0 does not enter, however much there is.",),
        weaknesses=(
            "Beside certain pixels it pushes an uncertain one to 0 or 1: read off no probability.",
            r"With $\epsilon = 0$ an empty mask costs 1, whatever is predicted, and teaches nothing.",
        ),
        pytorch="""(
    1 - (2 * (prediction * target).sum((-2, -1)) + smooth)
    / ((prediction + target).sum((-2, -1)) + smooth)
).mean()""",
    ),
    source="milletari2016",
    chapter="segmentation",
)


def jaccard(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    denominator: str = "linear",
    smooth: float = 0.0,
    smooth_numerator: float | None = None,
    over: str = "image",
    reduction: str = "mean",
) -> Floats | float:
    r"""Jaccard loss: 1 less the overlap by the union, intersection over union (IoU).

    .. math:: \ell = 1 - \frac{I + \epsilon}{S - I + \epsilon}, \qquad I = \sum_{i=1}^{M} \hat p_i y_i,
              \qquad S = \sum_{i=1}^{M} (\hat p_i + y_i)

    Parameters and errors as in `dice`; the union is S − I, for "squared" too.

    Notes
    -----
    Of one picture J = D/(2 − D), so both rank masks alike. Of averages over pictures it is not so.

    References
    ----------
    Rahman and Wang (2016), "Optimizing intersection-over-union in deep neural networks for image segmentation", *ISVC*;
    Jaccard (1912), "The distribution of the flora in the alpine zone", *New Phytologist* 11, 37–50.

    Examples
    --------
    >>> jaccard([[1.0, 1.0, 0.0]], [[0.0, 1.0, 1.0]])  # sets
    0.6666666666666666
    >>> jaccard([[0.6, 0.2, 0.2, 0.1]], [[1.0, 0.0, 0.0, 0.0]])
    0.6
    """
    flat, (below, above) = _soft(prediction, target, over), _smoothing(smooth, smooth_numerator)
    o = _overlap(flat, denominator)
    with quiet():
        return flat.losses((o.apart + below - above) / (o.common + o.apart + below), reduction)


def jaccard_grad(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    denominator: str = "linear",
    smooth: float = 0.0,
    smooth_numerator: float | None = None,
    over: str = "image",
    reduction: str = "mean",
) -> Floats:
    """d jaccard / d prediction: one number for the pixels of the mask, another one for all others. Arguments as there.

    >>> jaccard_grad([[0.5, 0.5]], [[1.0, 0.0]])
    array([[-0.66666667,  0.22222222]])
    """
    flat, (below, above) = _soft(prediction, target, over), _smoothing(smooth, smooth_numerator)
    o = _overlap(flat, denominator)
    with quiet():
        union = o.common + o.apart + below
        slopes = (o.common + above) * (o.slope - flat.y) / union**2 - flat.y / union
        return flat.slopes(slopes, reduction)


JACCARD = Loss(
    value=jaccard,
    grad=jaccard_grad,
    title="Jaccard loss",
    synonyms=("IoU loss of masks", "soft IoU", "intersection over union"),
    latex=r"1 - \frac{I + \epsilon}{S - I + \epsilon}",
    latex_grad={
        "prediction": r"\frac{(I + \epsilon)(1 - y_i)}{(S - I + \epsilon)^2} - \frac{y_i}{S - I + \epsilon}",
    },
    where=_PIXELS + r"; $I = \sum_i \hat p_i y_i$ is the overlap, $S = \sum_i (\hat p_i + y_i)$ the size of both, "
    "$S - I$ that of the union.",
    arguments={"prediction": _PREDICTION, "target": _TARGET},
    parameters={"smooth": _SMOOTH},
    estimates="a mask, the same that Dice ranks first on one picture",
    card=Card(
        what="One less the overlap by the union, of one picture.",
        why="Masks and boxes are judged by intersection over union.",
        strengths=("Of two masks of one picture it prefers the one that Dice prefers.",),
        weaknesses=("Its mean over pictures cannot be computed from that of Dice.",),
        pytorch="""(
    1 - ((prediction * target).sum((-2, -1)) + smooth)
    / ((prediction + target - prediction * target).sum((-2, -1)) + smooth)
).mean()""",
    ),
    source="rahman2016",
    chapter="segmentation",
)


# ── Misses and false alarms apart ────────────────────────────────────────────────────────────────────────────────────


def tversky(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    smooth: float = 0.0,
    over: str = "image",
    reduction: str = "mean",
) -> Floats | float:
    r"""Tversky loss: the overlap by itself plus what is too much and what is missing, each with its own weight.

    .. math:: \ell = 1 - \frac{I + \epsilon}{I + \alpha F + \beta R + \epsilon},
              \qquad I = \sum_{i=1}^{M} \hat p_i y_i, \qquad F = \sum_{i=1}^{M} \hat p_i (1 - y_i),
              \qquad R = \sum_{i=1}^{M} (1 - \hat p_i) y_i

    Parameters
    ----------
    prediction, target : array_like
        Numbers in [0, 1] of shape (…, H, W), as in `dice`.
    alpha, beta : float
        α ≥ 0 weighs false positives F and β ≥ 0 false negatives R, as in the paper; its best were 0.3 and 0.7. With ½
        and ½ it is Dice, with 1 and 1 Jaccard, both linear.
    smooth, over, reduction
        As in `dice`.

    Returns
    -------
    float or ndarray
        In [0, 1]. A float, or for "none" an array of the shape of `prediction` without its last two axes.

    Raises
    ------
    ValueError
        As `dice`; if α or β is negative or infinite.

    References
    ----------
    Salehi et al. (2017), "Tversky loss function for image segmentation using 3D fully convolutional deep networks",
    *MLMI*.

    Examples
    --------
    >>> tversky([[1.0, 1.0, 0.0]], [[0.0, 1.0, 1.0]])  # 1 right, 1 too much, 1 missing
    0.5
    >>> tversky([[1.0, 0.0, 0.0]], [[1.0, 1.0, 0.0]]), tversky([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])
    (0.4117647058823529, 0.23076923076923075)
    """
    flat, a, b, smooth = _weighed(prediction, target, alpha, beta, smooth, over)
    p, y = flat.p, flat.y
    with quiet():
        wrong = _sum(a * p * (1 - y) + b * y * (1 - p))
        return flat.losses(wrong / (_sum(p * y) + wrong + smooth), reduction)


def _weighed(
    prediction: ArrayLike, target: ArrayLike, alpha: float, beta: float, smooth: float, over: str
) -> tuple[_Flat, float, float, float]:
    flat = _soft(prediction, target, over)
    a, b, smooth = (
        number(name, value, 0, closed=True) for name, value in (("alpha", alpha), ("beta", beta), ("smooth", smooth))
    )
    return flat, a, b, smooth


def tversky_grad(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    smooth: float = 0.0,
    over: str = "image",
    reduction: str = "mean",
) -> Floats:
    """d tversky / d prediction: one number for the pixels of the mask, another one for all others. Arguments as there.

    >>> tversky_grad([[1.0, 1.0, 0.0]], [[0.0, 1.0, 1.0]])
    array([[ 0.075, -0.425, -0.425]])
    """
    flat, a, b, smooth = _weighed(prediction, target, alpha, beta, smooth, over)
    p, y = flat.p, flat.y
    with quiet():
        common = _sum(p * y) + smooth
        whole = common + _sum(a * p * (1 - y) + b * y * (1 - p))
        return flat.slopes(common * (y + a * (1 - y) - b * y) / whole**2 - y / whole, reduction)


TVERSKY = Loss(
    value=tversky,
    grad=tversky_grad,
    title="Tversky loss",
    latex=r"1 - \frac{I + \epsilon}{I + \alpha F + \beta R + \epsilon}",
    latex_grad={
        "prediction": r"\frac{(I + \epsilon) \left(y_i + \alpha (1 - y_i) - \beta y_i\right)}{Q^2} - \frac{y_i}{Q}",
    },
    where=_PIXELS + r"; $I = \sum_i \hat p_i y_i$ is what is right, $F = \sum_i \hat p_i (1 - y_i)$ what is too much, "
    r"$R = \sum_i (1 - \hat p_i) y_i$ what is missing, and $Q = I + \alpha F + \beta R + \epsilon$.",
    arguments={"prediction": _PREDICTION, "target": _TARGET},
    parameters={
        "alpha": Parameter(0.3, 0.05, 1.0, r"\alpha", "at least 0"),
        "beta": Parameter(0.7, 0.05, 1.0, r"\beta", "at least 0"),
        "smooth": _SMOOTH,
    },
    estimates="a mask: the larger β is against α, the more of the doubtful pixels it takes",
    keras="keras.losses.Tversky (of the batch; its α weighs the misses)",
    card=Card(
        what=r"Dice with prices: $\alpha$ for false alarms, $\beta$ for misses.",
        why="A miss is dearer than a false alarm, or the other way round.",
        strengths=(
            "With ½ and ½ it is Dice, with 1 and 1 Jaccard.",
            r"In a large picture the best mask grows with $\beta = 1 - \alpha$.",
        ),
        weaknesses=(r"It too wants decisions: for $\alpha + \beta = 1$ it cuts at $\alpha$ times its best index.",),
        pytorch="""(
    1 - ((prediction * target).sum((-2, -1)) + smooth) / (
        prediction * target + alpha * prediction * (1 - target)
        + beta * (1 - prediction) * target
    ).sum((-2, -1)).add(smooth)
).mean()""",
    ),
    source="salehi2017",
    chapter="segmentation",
)


# ── Many classes in one quotient ─────────────────────────────────────────────────────────────────────────────────────


def _volume_weights(y: Floats, weights: str) -> Floats:
    """One weight per class from its size in the target; a class that is absent gets the largest of the others."""
    sizes = _sum(y)
    with quiet():
        w = sizes ** {"squared": -2.0, "linear": -1.0, "none": 0.0}[_one_of("weights", weights, WEIGHTS)]
    largest = np.max(np.where(np.isinf(w), -np.inf, w), axis=-2, keepdims=True)
    return np.where(np.isinf(w), np.where(np.isneginf(largest), 1.0, largest), w)


def generalised_dice(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    weights: str = "squared",
    smooth: float = 0.0,
    over: str = "image",
    reduction: str = "mean",
) -> Floats | float:
    r"""Generalised Dice loss: one quotient for all classes, in which a small class weighs more for each of its pixels.

    .. math:: \ell = 1 - \frac{2 A + \epsilon}{B + \epsilon}, \qquad A = \sum_{k=1}^{K} w_k I_k,
              \qquad B = \sum_{k=1}^{K} w_k S_k

    Here I and S are the overlap and the size of both of class k, as in `dice`, and w is 1 by its squared size in the
    target.

    Parameters
    ----------
    prediction, target : array_like
        Predicted probabilities and masks, numbers in [0, 1] of shape (…, K, H, W), one shape.
    weights : {"squared", "linear", "none"}
        1/size², 1/size or 1. A class that is absent from the target gets the largest weight of those that are there, as
        in NiftyNet and MONAI; if all are absent the weights are 1.
    smooth : float
        ε ≥ 0, added above and below.
    over : {"image", "batch"}
        One quotient for each picture, or one for all of them together. A class is absent from what the quotient is of.
    reduction : {"none", "mean", "sum"}
        One loss per quotient, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In [0, 1]. A float, or for "none" an array of the shape of `prediction` without its last three axes.

    Raises
    ------
    ValueError
        As `dice`, with classes, rows and columns on the last three axes.

    Notes
    -----
    Code that adds a tiny number to the size before it divides gives an absent class a weight of 10²⁰, and the loss is
    then about that class alone.

    References
    ----------
    Sudre et al. (2017), "Generalised Dice overlap as a deep learning loss function for highly unbalanced
    segmentations", *DLMIA*.

    Examples
    --------
    >>> large, small = [[1.0, 1.0, 1.0, 0.0]], [[0.0, 0.0, 0.0, 1.0]]
    >>> generalised_dice([[[1.0, 1.0, 1.0, 1.0]], [[0.0, 0.0, 0.0, 0.0]]], [large, small])  # the small one forgotten
    0.6250000000000001
    """
    flat, w, smooth = _weighted(prediction, target, weights, smooth, over)
    p, y = flat.p, flat.y
    with quiet():
        apart = (w * _sum(p * (1 - y) + y * (1 - p))).sum(axis=(-2, -1))
        return flat.losses(apart / ((w * _sum(p + y)).sum(axis=(-2, -1)) + smooth), reduction)


def _weighted(
    prediction: ArrayLike, target: ArrayLike, weights: str, smooth: float, over: str
) -> tuple[_Flat, Floats, float]:
    flat = _soft(prediction, target, over, 3)
    return flat, _volume_weights(flat.y, weights), number("smooth", smooth, 0, closed=True)


def generalised_dice_grad(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    weights: str = "squared",
    smooth: float = 0.0,
    over: str = "image",
    reduction: str = "mean",
) -> Floats:
    """d generalised_dice / d prediction: as that of Dice, times the weight of the class. Arguments as there.

    >>> target = [[[1.0, 1.0, 1.0, 0.0]], [[0.0, 0.0, 0.0, 1.0]]]
    >>> generalised_dice_grad([[[1.0, 1.0, 1.0, 1.0]], [[0.0, 0.0, 0.0, 0.0]]], target).round(4)
    array([[[-0.1016, -0.1016, -0.1016,  0.0234]],
    <BLANKLINE>
           [[ 0.2109,  0.2109,  0.2109, -0.9141]]])
    """
    flat, w, smooth = _weighted(prediction, target, weights, smooth, over)
    p, y = flat.p, flat.y
    with quiet():
        above = 2 * (w * _sum(p * y)).sum(axis=-2, keepdims=True) + smooth
        below = (w * _sum(p + y)).sum(axis=-2, keepdims=True) + smooth
        return flat.slopes(w * (above / below**2 - 2 * y / below), reduction)


GENERALISED_DICE = Loss(
    value=generalised_dice,
    grad=generalised_dice_grad,
    title="generalised Dice loss",
    synonyms=("GDL", "generalized Dice"),
    latex=r"1 - \frac{2 \sum_{k=1}^{K} w_k I_k + \epsilon}{\sum_{k=1}^{K} w_k S_k + \epsilon}",
    latex_grad={
        "prediction": r"\frac{w_k (2 A + \epsilon)}{(B + \epsilon)^2} - \frac{2 w_k y_{ki}}{B + \epsilon}",
    },
    where=r"$\hat p_{ki}$ is the probability of class $k$ in pixel $i$, $y_{ki}$ the mask of the class, "
    r"$I_k = \sum_i \hat p_{ki} y_{ki}$, $S_k = \sum_i (\hat p_{ki} + y_{ki})$ and $w_k = 1 / (\sum_i y_{ki})^2$; "
    r"$A = \sum_k w_k I_k$ and $B = \sum_k w_k S_k$ are the sums above.",
    arguments={"prediction": Argument(r"\hat p", "soft masks"), "target": Argument("y", "soft masks")},
    parameters={"smooth": _SMOOTH},
    estimates="masks; the smaller a class, the more of the loss is about it",
    card=Card(
        what="One Dice quotient for all classes, each weighted by 1 over its squared size.",
        why="A small class beside large ones.",
        strengths=("Each pixel of a class of half the size weighs four times as much.",),
        weaknesses=(
            "A class of one pixel can take nearly all slopes of the picture.",
            "An absent class needs a rule, since 1 over its squared size is infinite.",
        ),
        pytorch="""(
    w := target.sum((-2, -1)) ** -2,
    i := (w * (prediction * target).sum((-2, -1))).sum(-1),
    s := (w * (prediction + target).sum((-2, -1))).sum(-1),
    (1 - (2 * i + smooth) / (s + smooth)).mean(),
)[-1]""",
    ),
    source="sudre2017",
    chapter="segmentation",
)
