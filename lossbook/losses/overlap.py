r"""Losses of overlap for segmentation: a mask is judged as a whole, and not pixel by pixel.

Pictures stand with their rows and columns on the last two axes; classes, where there are several, on the axis before.
Every name says which form is meant: on masks of 0 and 1 all of them are the same numbers of sets, on probabilities the
denominator, the smoothing and what is averaged (pictures, or nothing: one quotient for the batch) make a difference.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import (
    Argument,
    Floats,
    Loss,
    Parameter,
    check_labels,
    check_probability,
    number,
    place,
    quiet,
    real,
    reduce,
    reduce_grad,
    same_shape,
    shown,
)

__all__ = [
    "BOUNDARY",
    "DICE",
    "GENERALISED_DICE",
    "JACCARD",
    "LOVASZ_HINGE",
    "LOVASZ_SOFTMAX",
    "TVERSKY",
    "boundary",
    "boundary_grad",
    "dice",
    "dice_grad",
    "generalised_dice",
    "generalised_dice_grad",
    "jaccard",
    "jaccard_grad",
    "lovasz_hinge",
    "lovasz_hinge_grad",
    "lovasz_softmax",
    "lovasz_softmax_grad",
    "signed_distance",
    "tversky",
    "tversky_grad",
]

DENOMINATORS = ("linear", "squared")
OVER = ("image", "batch")
CLASSES = ("present", "all")
WEIGHTS = ("squared", "linear", "none")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {shown(value)}")
    return value


def _pictures(name: str, x: Floats, axes: int = 2) -> Floats:
    if x.ndim < axes or 0 in x.shape[-axes:]:
        kind = "rows and columns" if axes == 2 else "classes, rows and columns"
        raise ValueError(f"{name} must have {kind} on its last {axes} axes, got shape {x.shape}")
    return x


class _Flat(NamedTuple):
    """Prediction and target with one picture, or the whole batch, in a row: of shape (n, M), or (n, K, M)."""

    p: Floats
    y: Floats
    batch: tuple[int, ...]  # the shape of the losses
    shape: tuple[int, ...]  # the shape of the gradient

    def losses(self, values: Floats, reduction: str) -> Floats | float:
        return reduce(values.reshape(self.batch), reduction)

    def slopes(self, slopes: Floats, reduction: str) -> Floats:
        """Back to the shape of the prediction."""
        if self.p.ndim == 3:  # the classes go back behind the pictures
            slopes = slopes.swapaxes(0, 1).reshape(self.p.shape[1], -1, *self.shape[-2:]).swapaxes(0, 1)
        return reduce_grad(slopes.reshape(self.shape), reduction, int(np.prod(self.batch, dtype=int)))


def _flat(p: Floats, y: Floats, over: str, axes: int = 2) -> _Flat:
    lead, shape = p.shape[:-axes], p.shape
    if _one_of("over", over, OVER) == "batch" and 0 in lead:
        raise ValueError("over='batch' needs at least one picture, got an empty batch")
    batch = lead if over == "image" else ()
    pixels = shape[-2] * shape[-1]
    if axes == 2:
        rows = (int(np.prod(lead, dtype=int)), pixels) if over == "image" else (1, -1)
        return _Flat(p.reshape(rows), y.reshape(rows), batch, shape)
    classes = shape[-3]
    flat = [x.reshape(-1, classes, pixels).swapaxes(0, 1) for x in (p, y)]  # classes, pictures, pixels
    flat = [x.swapaxes(0, 1) if over == "image" else x.reshape(1, classes, -1) for x in flat]
    return _Flat(flat[0], flat[1], batch, shape)


def _soft(prediction: ArrayLike, target: ArrayLike, over: str, axes: int = 2) -> _Flat:
    p, y = check_probability("prediction", prediction), check_probability("target", target)
    same_shape("prediction", p, "target", y)
    return _flat(_pictures("prediction", p, axes), y, over, axes)


def _sum(x: Floats) -> Floats:
    return np.asarray(x.sum(axis=-1, keepdims=True))


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
    keras="keras.losses.Dice",
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
    keras="keras.losses.Tversky",
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
    estimates="masks, a class counting about as much as another one of another size",
    source="sudre2017",
    chapter="segmentation",
)


# ── Lovász: the Jaccard loss between the corners ─────────────────────────────────────────────────────────────────────


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
    source="berman2018",
    chapter="segmentation",
)


# ── Distance to the boundary ─────────────────────────────────────────────────────────────────────────────────────────


def signed_distance(mask: ArrayLike) -> Floats:
    """Distance of every pixel to the object outside of it, and minus that to its outside less 1 within it.

    Parameters
    ----------
    mask : array_like
        0 or 1, of shape (…, H, W).

    Returns
    -------
    ndarray
        In pixels, from centre to centre, the shape of `mask`: 0 on the pixels of the object at its edge, −1, … further
        in, 1, … outside. 0 everywhere where the mask is empty, as in the authors' code; a mask of ones has no outside
        and is refused.

    Raises
    ------
    ValueError
        If a value is neither 0 nor 1, a mask is all ones, or there is no row or column.

    References
    ----------
    Kervadec et al. (2019), "Boundary loss for highly unbalanced segmentation", *MIDL*.

    Examples
    --------
    >>> signed_distance([[0, 0, 1, 1, 1, 0]])
    array([[ 2.,  1.,  0., -1.,  0.,  1.]])
    """
    from scipy import ndimage

    y = _pictures("mask", real("mask", mask))
    wrong = (y != 0) & (y != 1)
    if wrong.any():
        raise ValueError(f"mask must be 0 or 1, got {shown(y[wrong][0])} at index {place(wrong)}")
    result = np.zeros(y.shape)
    for index in np.ndindex(y.shape[:-2]):
        inside = y[index] == 1
        if inside.all():
            raise ValueError("mask must have a pixel outside of the object, got a picture of ones")
        if inside.any():
            outer, inner = (ndimage.distance_transform_edt(side) for side in (~inside, inside))
            result[index] = np.where(inside, 1.0 - inner, outer)
    return result


def boundary(prediction: ArrayLike, distance: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Boundary loss: the mean over all pixels of the probability times the signed distance to the object.

    .. math:: \ell = \frac{1}{M} \sum_{i=1}^{M} \phi_i \hat p_i

    Parameters
    ----------
    prediction : array_like
        Predicted probabilities, numbers in [0, 1] of shape (…, H, W).
    distance : array_like
        Signed distances φ of the same shape, below 0 inside of the object: `signed_distance(mask)`.
    reduction : {"none", "mean", "sum"}
        One loss per picture, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In the unit of the distances; below 0 for a good mask. A float, or for "none" an array of the shape of
        `prediction` without its last two axes.

    Raises
    ------
    ValueError
        If a probability is outside [0, 1], the shapes differ, there is no row or column, the reduction is unknown, or
        "mean" meets an empty batch.

    Notes
    -----
    Its slope does not depend on the prediction, and on an empty mask it is 0 with the authors' distances. It is meant
    as a term beside a loss of regions, with a weight that grows while training.

    References
    ----------
    Kervadec et al. (2019), "Boundary loss for highly unbalanced segmentation", *MIDL*.

    Examples
    --------
    >>> boundary([[0.5, 0.0, 1.0, 1.0]], [[2.0, 1.0, 0.0, -1.0]])
    0.0
    """
    p, d = _pictures("prediction", check_probability("prediction", prediction)), real("distance", distance)
    same_shape("prediction", p, "distance", d)
    with quiet():
        return reduce((p * d).mean(axis=(-2, -1)), reduction)


def boundary_grad(prediction: ArrayLike, distance: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d boundary / d prediction: the signed distance by the number of pixels. Arguments as in `boundary`.

    >>> boundary_grad([[0.5, 0.0, 1.0, 1.0]], [[2.0, 1.0, 0.0, -1.0]])
    array([[ 0.5 ,  0.25,  0.  , -0.25]])
    """
    p, d = _pictures("prediction", check_probability("prediction", prediction)), real("distance", distance)
    same_shape("prediction", p, "distance", d)
    slopes = np.where(np.isnan(p), p, d / (p.shape[-2] * p.shape[-1]))
    return reduce_grad(slopes, reduction, p[..., 0, 0].size)


BOUNDARY = Loss(
    value=boundary,
    grad=boundary_grad,
    title="boundary loss",
    synonyms=("distance map loss",),
    latex=r"\frac{1}{M} \sum_{i=1}^{M} \phi_i \hat p_i",
    latex_grad={"prediction": r"\frac{\phi_i}{M}"},
    where=r"$\hat p_i$ is the probability of pixel $i$ of $M$, $\phi_i$ its distance to the object, below 0 inside.",
    arguments={
        "prediction": _PREDICTION,
        "distance": Argument(r"\phi", "picture", "the signed distance of every pixel to the object"),
    },
    estimates="a mask whose boundary is near that of the object; by itself every pixel that is probable enough",
    source="kervadec2019",
    chapter="segmentation",
)
