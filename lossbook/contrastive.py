r"""Contrastive losses: examples are judged by their distances to each other, not by a target of their own.

Labels of pairs are Y = 0 for similar and Y = 1 for dissimilar throughout, as in Hadsell, Chopra and LeCun. Embeddings
carry their dimensions on the last axis. Two documented answers hold everywhere:

- the Euclidean distance of identical points has no gradient; here it is 0, the middle of all subgradients, so
  identical points do not push each other apart;
- the cosine of a zero vector is undefined, and a zero vector is refused rather than given a made-up similarity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.classification import softmax_cross_entropy, softmax_cross_entropy_grad
from lossbook.core import (
    Argument,
    Floats,
    Loss,
    Parameter,
    check_reduction,
    number,
    place,
    quiet,
    real,
    reduce,
    reduce_grad,
    same_shape,
    shown,
)

METRICS = ("euclidean", "cosine")


# ── Reading arguments ────────────────────────────────────────────────────────────────────────────────────────────────


def _embedding(name: str, value: ArrayLike) -> Floats:
    array = real(name, value)
    if not array.ndim:
        raise ValueError(f"{name} must hold vectors along its last axis, got {shown(value)}")
    return array


def _embeddings(**vectors: ArrayLike) -> list[Floats]:
    """Embeddings of one shape, by name."""
    arrays = {name: _embedding(name, value) for name, value in vectors.items()}
    first = next(iter(arrays))
    for name, array in arrays.items():
        same_shape(first, arrays[first], name, array)
    return list(arrays.values())


def _dissimilar(label: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where the label says 1; anything but 0 and 1 is refused, −1 and 1 of other libraries too."""
    labels = real("label", label)
    if labels.shape != shape:
        raise ValueError(f"label must have one entry per pair, shape {shape}, got shape {labels.shape}")
    wrong = (labels != 0) & (labels != 1)
    if wrong.any():
        got = f"{shown(labels[wrong][0])} at index {place(wrong)}"
        raise ValueError(f"label must be 0 (similar) or 1 (dissimilar), got {got}")
    return labels == 1


# ── Distances ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _norm(x: Floats) -> Floats:
    with quiet():
        return np.asarray(np.hypot.reduce(x, axis=-1))  # neither overflows nor underflows on the way


def _in_range(x: Floats) -> tuple[Floats, NDArray[np.intc]]:
    """x as `scaled` · 2**`power`, the largest entry of each row from ½ to 1: exact, and squares are safe."""
    _, power = np.frexp(np.abs(x).max(axis=-1, keepdims=True, initial=0.0))
    return np.ldexp(x, -power), power


def _direction(difference: Floats) -> Floats:
    """The unit vector along a difference, 0 where there is none: the gradient of its length."""
    scaled, _ = _in_range(difference)
    length = _norm(scaled)[..., np.newaxis]
    with quiet():
        return np.where(length == 0, 0.0, scaled / length)


def _units(name: str, x: Floats) -> tuple[Floats, Floats]:
    """The vectors scaled to length 1 and their lengths (last axis kept). A zero vector has no direction: refused."""
    scaled, power = _in_range(x)
    length = _norm(scaled)
    if np.any(length == 0):
        where = place(length == 0)
        raise ValueError(f"{name} must not hold a zero vector (it has no direction), got one at index {where}")
    with quiet():
        return scaled / length[..., np.newaxis], np.ldexp(length[..., np.newaxis], power)


def _through_unit(slopes: Floats, units: Floats, lengths: Floats) -> Floats:
    """The gradient in x from the gradient in x/‖x‖: only what is across x counts."""
    with quiet():
        return (slopes - units * np.sum(units * slopes, axis=-1, keepdims=True)) / lengths


def pairwise_distance(x1: ArrayLike, x2: ArrayLike, *, metric: str = "euclidean") -> Floats | float:
    r"""Distance between the vectors of two arrays, row by row.

    .. math:: D = \lVert u - v \rVert \qquad\text{or}\qquad
              D = 1 - \frac{u \cdot v}{\lVert u \rVert\, \lVert v \rVert}

    Parameters
    ----------
    x1, x2 : array_like
        Vectors along the last axis, one shape.
    metric : {"euclidean", "cosine"}
        Straight-line distance, at least 0; or one minus the cosine of the angle, in [0, 2].

    Returns
    -------
    float or ndarray
        The shape of `x1` without its last axis, a float for one pair.

    Raises
    ------
    ValueError
        If the shapes differ, the metric is unknown, or the cosine of a zero vector is asked for.

    Notes
    -----
    PyTorch's `pairwise_distance` adds 1e-6 to every component of the difference, so that identical points are 1e-6 √d
    apart; its cosine similarity of a zero vector is 0.

    Examples
    --------
    >>> pairwise_distance([[0.0, 0.0], [1.0, 1.0]], [[3.0, 4.0], [1.0, 1.0]])
    array([5., 0.])
    >>> pairwise_distance([1.0, 0.0], [0.0, 2.0], metric="cosine")
    1.0
    """
    u, v = _embeddings(x1=x1, x2=x2)
    _check_metric(metric)
    if metric == "euclidean":
        with quiet():
            distance = _norm(u - v)
    else:  # ½‖û − v̂‖² is 1 − cos without the cancellation for vectors that are nearly parallel
        distance = np.square(_units("x1", u)[0] - _units("x2", v)[0]).sum(axis=-1) / 2
    return distance if distance.ndim else float(distance)


def _check_metric(metric: str) -> None:
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(map(repr, METRICS))}, got {shown(metric)}")


def pairwise_distance_grad(x1: ArrayLike, x2: ArrayLike, *, metric: str = "euclidean") -> Floats:
    """d D / d x1 for every pair on its own: the unit vector from x2 to x1 for the Euclidean metric, 0 at D = 0.

    >>> pairwise_distance_grad([3.0, 4.0], [0.0, 0.0])
    array([0.6, 0.8])
    >>> pairwise_distance_grad([1.0, 0.0], [0.0, 2.0], metric="cosine")
    array([ 0., -1.])
    """
    u, v = _embeddings(x1=x1, x2=x2)
    _check_metric(metric)
    if metric == "euclidean":
        with quiet():
            return _direction(u - v)
    (first, length), (second, _) = _units("x1", u), _units("x2", v)
    return _through_unit(first - second, first, length)  # û added along û changes nothing and keeps the digits


def pairwise_distance_grad_x2(x1: ArrayLike, x2: ArrayLike, *, metric: str = "euclidean") -> Floats:
    """d D / d x2: distances are symmetric, so `pairwise_distance_grad` with the arguments swapped.

    >>> pairwise_distance_grad_x2([3.0, 4.0], [0.0, 0.0])
    array([-0.6, -0.8])
    """
    _embeddings(x1=x1, x2=x2)
    return pairwise_distance_grad(x2, x1, metric=metric)


# ── Pairs ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _distance_and_label(distance: ArrayLike, label: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    d = real("distance", distance)
    if np.any(d < 0):
        raise ValueError(f"distance must not be negative, got {shown(d[d < 0][0])} at index {place(d < 0)}")
    return d, _dissimilar(label, d.shape)


def contrastive(
    distance: ArrayLike, label: ArrayLike, *, margin: float = 1.0, reduction: str = "mean"
) -> Floats | float:
    r"""Contrastive loss of pairs: similar ones pay for every distance, dissimilar ones only inside the margin.

    .. math:: \ell = (1 - Y)\, \tfrac12 D^2 + Y\, \tfrac12 \max(0, M - D)^2

    Parameters
    ----------
    distance : array_like
        D ≥ 0 of each pair, any shape.
    label : array_like
        Y = 0 for a similar and 1 for a dissimilar pair, the shape of `distance`.
    margin : float
        M ≥ 0 in the unit of the distance. With 0 dissimilar pairs cost nothing wherever they are.
    reduction : {"none", "mean", "sum"}
        One loss per pair, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In the unit of the distance squared. A float, or for "none" an array of the shape of `distance`.

    Raises
    ------
    ValueError
        If a distance is negative, a label is neither 0 nor 1, the shapes differ, the margin is negative, the reduction
        is unknown, or "mean" meets an empty batch.

    Notes
    -----
    Other libraries label similar pairs 1, leave the ½ out, or do not square; the distance given is not a squared one.

    References
    ----------
    Hadsell, Chopra and LeCun (2006), "Dimensionality reduction by learning an invariant mapping", *CVPR*.

    Examples
    --------
    >>> contrastive([0.3, 0.3, 1.2], [0, 1, 1], reduction="none")
    array([0.045, 0.245, 0.   ])
    """
    d, dissimilar = _distance_and_label(distance, label)
    lack = np.maximum(number("margin", margin, 0, closed=True) - d, 0)
    with quiet():
        return reduce(np.square(np.where(dissimilar, lack, d)) / 2, reduction)


def contrastive_grad(distance: ArrayLike, label: ArrayLike, *, margin: float = 1.0, reduction: str = "mean") -> Floats:
    """d contrastive / d distance: D for a similar pair, −max(0, M − D) for a dissimilar one. Arguments as there.

    >>> contrastive_grad([0.3, 0.3, 1.2], [0, 1, 1], reduction="none")
    array([ 0.3, -0.7,  0. ])
    """
    d, dissimilar = _distance_and_label(distance, label)
    excess = np.minimum(d - number("margin", margin, 0, closed=True), 0)
    return reduce_grad(np.where(dissimilar, excess, d), reduction)


_MARGIN = Parameter(1.0, 0.1, 3.0, "M", "at least 0")

CONTRASTIVE = Loss(
    value=contrastive,
    grad=contrastive_grad,
    title="contrastive loss",
    synonyms=("pairwise loss", "siamese loss"),
    latex=r"\frac{1}{2} (1 - Y) D^2 + \frac{1}{2} Y \left(\max(0, M - D)\right)^2",
    latex_grad={"distance": r"(1 - Y) D - Y \max(0, M - D)"},
    arguments={"distance": Argument("D", "nonnegative"), "label": Argument("Y", "binary")},
    parameters={"margin": _MARGIN},
    estimates="a distance: small for similar pairs, at least the margin for dissimilar ones",
    source="hadsell2006",
    chapter="contrastive",
)


def contrastive_embeddings(
    x1: ArrayLike, x2: ArrayLike, label: ArrayLike, *, margin: float = 1.0, reduction: str = "mean"
) -> Floats | float:
    r"""`contrastive` of the Euclidean distance between two embeddings, as a siamese network is trained.

    .. math:: \ell = (1 - Y)\, \tfrac12 \lVert u - v \rVert^2 + Y\, \tfrac12 \max(0, M - \lVert u - v \rVert)^2

    Parameters
    ----------
    x1, x2 : array_like
        Embeddings u and v of one shape, vectors along the last axis.
    label : array_like
        Y = 0 for a similar and 1 for a dissimilar pair, the shape of `x1` without its last axis.
    margin : float
        M ≥ 0.
    reduction : {"none", "mean", "sum"}
        One loss per pair, their mean, or their sum.

    Returns
    -------
    float or ndarray
        A float, or for "none" one loss per pair.

    Raises
    ------
    ValueError
        As `contrastive`, and if the embeddings differ in shape.

    References
    ----------
    Hadsell, Chopra and LeCun (2006), "Dimensionality reduction by learning an invariant mapping", *CVPR*.

    Examples
    --------
    >>> contrastive_embeddings([[0.3, 0.0], [0.0, 0.3]], [[0.0, 0.0], [0.0, 0.0]], [0, 1], reduction="none")
    array([0.045, 0.245])
    """
    return contrastive(pairwise_distance(x1, x2), label, margin=margin, reduction=reduction)


def contrastive_embeddings_grad(
    x1: ArrayLike, x2: ArrayLike, label: ArrayLike, *, margin: float = 1.0, reduction: str = "mean"
) -> Floats:
    """d contrastive_embeddings / d x1: u − v for a similar pair, −max(0, M − D)(u − v)/D for a dissimilar one.

    A dissimilar pair of identical points stays where it is: its gradient is 0.

    >>> contrastive_embeddings_grad([[0.3, 0.0], [0.0, 0.3]], [[0.0, 0.0], [0.0, 0.0]], [0, 1], reduction="sum")
    array([[ 0.3,  0. ],
           [-0. , -0.7]])
    """
    slopes = contrastive_grad(pairwise_distance(x1, x2), label, margin=margin, reduction=reduction)
    with quiet():
        return slopes[..., np.newaxis] * pairwise_distance_grad(x1, x2)


def contrastive_embeddings_grad_x2(
    x1: ArrayLike, x2: ArrayLike, label: ArrayLike, *, margin: float = 1.0, reduction: str = "mean"
) -> Floats:
    """d contrastive_embeddings / d x2, the opposite of the gradient with respect to x1. Arguments as there.

    >>> contrastive_embeddings_grad_x2([[0.3, 0.0]], [[0.0, 0.0]], [0])
    array([[-0.3, -0. ]])
    """
    return -contrastive_embeddings_grad(x1, x2, label, margin=margin, reduction=reduction)


_D = r"\lVert u - v \rVert"
_PAIR = {"x1": Argument("u", "embedding"), "x2": Argument("v", "embedding"), "label": Argument("Y", "binary")}

CONTRASTIVE_EMBEDDINGS = Loss(
    value=contrastive_embeddings,
    grad=contrastive_embeddings_grad,
    more_grads={"x2": contrastive_embeddings_grad_x2},
    title="contrastive loss of embeddings",
    synonyms=("siamese loss",),
    latex=rf"\frac{{1}}{{2}} (1 - Y) {_D}^2 + \frac{{1}}{{2}} Y \left(\max(0, M - {_D})\right)^2",
    latex_grad={
        "x1": rf"(1 - Y) (u - v) - Y \max(0, M - {_D}) \frac{{u - v}}{{{_D}}}",
        "x2": rf"-(1 - Y) (u - v) + Y \max(0, M - {_D}) \frac{{u - v}}{{{_D}}}",
    },
    arguments=_PAIR,
    parameters={"margin": _MARGIN},
    estimates="an embedding: similar things together, dissimilar ones at least the margin apart",
    source="hadsell2006",
    chapter="contrastive",
)


def _cosines(x1: ArrayLike, x2: ArrayLike, label: ArrayLike) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """One minus the cosine of every pair, the cosine itself, and where the pair is dissimilar."""
    distance = np.asarray(pairwise_distance(x1, x2, metric="cosine"))
    u, v = (_in_range(real(name, x))[0] for name, x in (("x1", x1), ("x2", x2)))
    with quiet():  # near a right angle the dot product has the digits of the cosine: orthogonal (3, 4), (4, −3) give 0
        cosine = np.where(distance < 0.5, 1 - distance, np.sum(u * v, axis=-1) / (_norm(u) * _norm(v)))
    return distance, cosine, _dissimilar(label, distance.shape)


def cosine_embedding(
    x1: ArrayLike, x2: ArrayLike, label: ArrayLike, *, margin: float = 0.0, reduction: str = "mean"
) -> Floats | float:
    r"""Contrast by angle: similar pairs should point the same way, dissimilar ones have a cosine of at most the margin.

    .. math:: \ell = (1 - Y) (1 - \cos(u, v)) + Y \max(0, \cos(u, v) - M)

    Parameters
    ----------
    x1, x2 : array_like
        Embeddings u and v of one shape, vectors along the last axis, none of them zero.
    label : array_like
        Y = 0 for a similar and 1 for a dissimilar pair, the shape of `x1` without its last axis.
    margin : float
        M in [−1, 1], a cosine: here a *smaller* margin keeps dissimilar pairs further apart.
    reduction : {"none", "mean", "sum"}
        One loss per pair, their mean, or their sum.

    Returns
    -------
    float or ndarray
        A float, or for "none" one loss per pair.

    Raises
    ------
    ValueError
        If a vector is zero, a label is neither 0 nor 1, the shapes differ, the margin is outside [−1, 1], the reduction
        is unknown, or "mean" meets an empty batch.

    Notes
    -----
    PyTorch's `cosine_embedding_loss` labels similar pairs 1 and dissimilar ones −1.

    References
    ----------
    Bromley et al. (1993), "Signature verification using a 'siamese' time delay neural network", *NIPS* 6.

    Examples
    --------
    >>> cosine_embedding([[1.0, 0.0], [1.0, 0.0]], [[3.0, 4.0], [3.0, 4.0]], [0, 1], reduction="none")
    array([0.4, 0.6])
    """
    distance, cosine, dissimilar = _cosines(x1, x2, label)
    m = number("margin", margin, -1, 1, closed=True)
    return reduce(np.where(dissimilar, np.maximum(cosine - m, 0), distance), reduction)


def _cosine_slopes(x1: ArrayLike, x2: ArrayLike, label: ArrayLike, margin: float, reduction: str) -> Floats:
    """d cosine_embedding / d (cosine distance)."""
    _, cosine, dissimilar = _cosines(x1, x2, label)
    inside = cosine > number("margin", margin, -1, 1, closed=True)
    return reduce_grad(np.where(dissimilar, np.where(inside, -1.0, 0.0), 1.0), reduction)[..., np.newaxis]


def cosine_embedding_grad(
    x1: ArrayLike, x2: ArrayLike, label: ArrayLike, *, margin: float = 0.0, reduction: str = "mean"
) -> Floats:
    """d cosine_embedding / d x1; it is at right angles to x1. 0 for dissimilar pairs at and beyond the margin.

    >>> cosine_embedding_grad([[1.0, 0.0]], [[3.0, 4.0]], [0])
    array([[ 0. , -0.8]])
    """
    slopes = _cosine_slopes(x1, x2, label, margin, reduction)
    with quiet():
        return slopes * pairwise_distance_grad(x1, x2, metric="cosine")


def cosine_embedding_grad_x2(
    x1: ArrayLike, x2: ArrayLike, label: ArrayLike, *, margin: float = 0.0, reduction: str = "mean"
) -> Floats:
    """d cosine_embedding / d x2. Arguments as in `cosine_embedding`.

    >>> cosine_embedding_grad_x2([[3.0, 4.0]], [[1.0, 0.0]], [1])
    array([[-0. ,  0.8]])
    """
    slopes = _cosine_slopes(x1, x2, label, margin, reduction)
    with quiet():
        return slopes * pairwise_distance_grad_x2(x1, x2, metric="cosine")


_COSINE = r"\cos(u, v)"
_COSINE_SLOPE = rf"\left(Y [{_COSINE} > M] - (1 - Y)\right)"

COSINE_EMBEDDING = Loss(
    value=cosine_embedding,
    grad=cosine_embedding_grad,
    more_grads={"x2": cosine_embedding_grad_x2},
    title="cosine embedding loss",
    synonyms=("cosine contrastive loss",),
    latex=rf"(1 - Y) \left(1 - {_COSINE}\right) + Y \max(0, {_COSINE} - M)",
    latex_grad={
        "x1": rf"{_COSINE_SLOPE} \left(\frac{{v}}{{\lVert u \rVert \lVert v \rVert}}"
        rf" - {_COSINE} \frac{{u}}{{\lVert u \rVert^2}}\right)",
        "x2": rf"{_COSINE_SLOPE} \left(\frac{{u}}{{\lVert u \rVert \lVert v \rVert}}"
        rf" - {_COSINE} \frac{{v}}{{\lVert v \rVert^2}}\right)",
    },
    arguments=_PAIR,
    parameters={"margin": Parameter(0.0, -0.5, 0.9, "M", "in [−1, 1]")},
    estimates="directions: similar things aligned, dissimilar ones beyond an angle",
    torch="torch.nn.functional.cosine_embedding_loss",
    optax="optax.cosine_distance (similar pairs)",
    source="bromley1993",
    chapter="contrastive",
)


# ── Triplets ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def triplet_margin(
    anchor: ArrayLike, positive: ArrayLike, negative: ArrayLike, *, margin: float = 1.0, reduction: str = "mean"
) -> Floats | float:
    r"""Triplet loss: the positive should be nearer to the anchor than the negative is, by a margin.

    .. math:: \ell = \max(0, \lVert a - p \rVert - \lVert a - n \rVert + M)

    Parameters
    ----------
    anchor, positive, negative : array_like
        Embeddings a, p and n of one shape, vectors along the last axis.
    margin : float
        M ≥ 0. With 0 a triplet in the right order costs nothing.
    reduction : {"none", "mean", "sum"}
        One loss per triplet, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In the unit of the distance. A float, or for "none" one loss per triplet.

    Raises
    ------
    ValueError
        If the shapes differ, the margin is negative, the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    FaceNet squares the distances; this is the form of PyTorch's `triplet_margin_loss`, without the 1e-6 that PyTorch
    adds inside its distance. If everything collapses to one point every triplet costs M.

    References
    ----------
    Weinberger and Saul (2009), "Distance metric learning for large margin nearest neighbor classification", *JMLR* 10;
    Schroff, Kalenichenko and Philbin (2015), "FaceNet", *CVPR*.

    Examples
    --------
    >>> triplet_margin([[0.0, 0.0]], [[0.3, 0.0]], [[0.0, 0.5]])
    0.8
    """
    a, p, n = _embeddings(anchor=anchor, positive=positive, negative=negative)
    m = number("margin", margin, 0, closed=True)
    with quiet():
        gap = np.asarray(pairwise_distance(a, p)) - pairwise_distance(a, n)
        return reduce(np.maximum(gap + m, 0), reduction)


def _triplet(
    anchor: ArrayLike, positive: ArrayLike, negative: ArrayLike, margin: float, reduction: str
) -> tuple[Floats, Floats, Floats]:
    """The slope of every triplet in its loss's argument, 1 where it costs and 0 at the kink; both unit vectors."""
    a, p, n = _embeddings(anchor=anchor, positive=positive, negative=negative)
    costs = np.asarray(triplet_margin(a, p, n, margin=margin, reduction="none"))
    slopes = reduce_grad(np.where(np.isnan(costs), costs, costs > 0), reduction)
    with quiet():
        return slopes[..., np.newaxis], _direction(a - p), _direction(a - n)


def triplet_margin_grad(
    anchor: ArrayLike, positive: ArrayLike, negative: ArrayLike, *, margin: float = 1.0, reduction: str = "mean"
) -> Floats:
    """d triplet_margin / d anchor: the unit vector from the positive minus that from the negative; 0 if satisfied.

    >>> triplet_margin_grad([[0.0, 0.0]], [[0.3, 0.0]], [[0.0, 0.5]])
    array([[-1.,  1.]])
    """
    slopes, from_positive, from_negative = _triplet(anchor, positive, negative, margin, reduction)
    return slopes * (from_positive - from_negative)


def triplet_margin_grad_positive(
    anchor: ArrayLike, positive: ArrayLike, negative: ArrayLike, *, margin: float = 1.0, reduction: str = "mean"
) -> Floats:
    """d triplet_margin / d positive: a step against it goes towards the anchor. Arguments as in `triplet_margin`.

    >>> triplet_margin_grad_positive([[0.0, 0.0]], [[0.3, 0.0]], [[0.0, 0.5]])
    array([[ 1., -0.]])
    """
    slopes, from_positive, _ = _triplet(anchor, positive, negative, margin, reduction)
    return -slopes * from_positive


def triplet_margin_grad_negative(
    anchor: ArrayLike, positive: ArrayLike, negative: ArrayLike, *, margin: float = 1.0, reduction: str = "mean"
) -> Floats:
    """d triplet_margin / d negative: a step against it goes away from the anchor. Arguments as in `triplet_margin`.

    >>> triplet_margin_grad_negative([[0.0, 0.0]], [[0.3, 0.0]], [[0.0, 0.5]])
    array([[ 0., -1.]])
    """
    slopes, _, from_negative = _triplet(anchor, positive, negative, margin, reduction)
    return slopes * from_negative


_NEAR, _FAR = r"\lVert a - p \rVert", r"\lVert a - n \rVert"


def _if_it_costs(slope: str) -> str:
    gap = f"{_NEAR} - {_FAR} + M"
    return rf"\begin{{cases}} {slope} & {gap} > 0 \\ 0 & \text{{otherwise}} \end{{cases}}"


TRIPLET_MARGIN = Loss(
    value=triplet_margin,
    grad=triplet_margin_grad,
    more_grads={"positive": triplet_margin_grad_positive, "negative": triplet_margin_grad_negative},
    title="triplet loss",
    synonyms=("triplet margin loss", "large-margin nearest-neighbour loss"),
    latex=rf"\max(0, {_NEAR} - {_FAR} + M)",
    latex_grad={
        "anchor": _if_it_costs(rf"\frac{{a - p}}{{{_NEAR}}} - \frac{{a - n}}{{{_FAR}}}"),
        "positive": _if_it_costs(rf"-\frac{{a - p}}{{{_NEAR}}}"),
        "negative": _if_it_costs(rf"\frac{{a - n}}{{{_FAR}}}"),
    },
    arguments={
        "anchor": Argument("a", "embedding"),
        "positive": Argument("p", "embedding"),
        "negative": Argument("n", "embedding"),
    },
    parameters={"margin": _MARGIN},
    estimates="an order of distances: the positive nearer than the negative, by the margin",
    torch="torch.nn.functional.triplet_margin_loss",
    optax="optax.losses.triplet_margin_loss",
    source="schroff2015",
    chapter="contrastive",
)


# ── Many candidates: a softmax over similarities ─────────────────────────────────────────────────────────────────────


def _two_views(reduction: str, **views: ArrayLike) -> list[Floats]:
    """Matrices (N, d) of one shape with at least one row."""
    arrays = _embeddings(**views)
    name, first = next(iter(views)), arrays[0]
    if first.ndim != 2:
        raise ValueError(f"{name} must have the shape (N, d), got shape {first.shape}")
    check_reduction(reduction, len(first))
    if not len(first):
        raise ValueError(f"{name} must hold at least one example, got shape {first.shape}")
    return arrays


class _Candidates:
    """The scores of InfoNCE, one row of candidates per anchor, and the way back from their gradient.

    The positive of row i is at column `labels[i]`.
    """

    def __init__(
        self, anchor: ArrayLike, positive: ArrayLike, negatives: ArrayLike | None, temperature: float, reduction: str
    ) -> None:
        a, p = _two_views(reduction, anchor=anchor, positive=positive)
        self.temperature = number("temperature", temperature, 0)
        (self.a, self.a_length), (self.p, self.p_length) = _units("anchor", a), _units("positive", p)
        self.own = False
        if negatives is None:  # the positives of the others are the negatives
            scores, self.labels = self.a @ self.p.T, np.arange(len(a))
        else:
            n = _embedding("negatives", negatives)
            self.own = n.ndim == 3
            if n.shape[-1] != a.shape[1] or n.ndim not in (2, 3) or (self.own and len(n) != len(a)):
                allowed = f"(M, {a.shape[1]}) or ({len(a)}, M, {a.shape[1]})"
                raise ValueError(f"negatives must have the shape {allowed}, got shape {n.shape}")
            self.n, self.n_length = _units("negatives", n)
            against = np.einsum("id,imd->im", self.a, self.n) if self.own else self.a @ self.n.T
            scores = np.concatenate([np.sum(self.a * self.p, axis=1, keepdims=True), against], axis=1)
            self.labels = np.zeros(len(a), dtype=int)
        self.scores = scores / self.temperature

    def slopes(self, reduction: str) -> Floats:
        """d loss / d cosine, candidate by candidate."""
        return softmax_cross_entropy_grad(self.scores, self.labels, reduction=reduction) / self.temperature


def info_nce(
    anchor: ArrayLike,
    positive: ArrayLike,
    negatives: ArrayLike | None = None,
    *,
    temperature: float = 0.1,
    reduction: str = "mean",
) -> Floats | float:
    r"""InfoNCE: the cross-entropy of picking the positive among candidates by cosine similarity.

    .. math:: \ell = -\log \frac{\exp(\cos(a, p) / T)}
              {\exp(\cos(a, p) / T) + \sum_{m=1}^{M} \exp(\cos(a, n_m) / T)}

    Parameters
    ----------
    anchor, positive : array_like
        Embeddings of shape (N, d): row i of `positive` belongs to row i of `anchor`.
    negatives : array_like, optional
        Shape (M, d), shared by all anchors, or (N, M, d), each anchor's own. By default the positives of the other
        anchors in the batch.
    temperature : float
        T > 0: small lets the most similar negative decide, large treats all alike.
    reduction : {"none", "mean", "sum"}
        One loss per anchor, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of shape (N,). One anchor without negatives costs 0.

    Raises
    ------
    ValueError
        If a vector is zero, the shapes do not fit, the temperature is not greater than 0, the batch is empty, or the
        reduction is unknown.

    Notes
    -----
    This is `softmax_cross_entropy` of the similarities over T. Anchors are scored against candidates in one direction
    only; CLIP averages this loss with that of swapped arguments. With M negatives that look like the positive it is
    log(M + 1).

    References
    ----------
    van den Oord, Li and Vinyals (2018), "Representation learning with contrastive predictive coding", arXiv:1807.03748,
    with a bilinear score; Chen et al. (2020), SimCLR, for the cosine over a temperature.

    Examples
    --------
    >>> info_nce([[1.0, 0.0]], [[1.0, 0.0]], [[0.0, 1.0]], temperature=1.0)  # log(1 + 1/e)
    0.31326168751822286
    """
    candidates = _Candidates(anchor, positive, negatives, temperature, reduction)
    return softmax_cross_entropy(candidates.scores, candidates.labels, reduction=reduction)


def info_nce_grad(
    anchor: ArrayLike,
    positive: ArrayLike,
    negatives: ArrayLike | None = None,
    *,
    temperature: float = 0.1,
    reduction: str = "mean",
) -> Floats:
    """d info_nce / d anchor. Arguments as in `info_nce`.

    >>> info_nce_grad([[1.0, 0.0]], [[0.0, 1.0]], [[0.0, -1.0]], temperature=1.0)
    array([[ 0., -1.]])
    """
    c = _Candidates(anchor, positive, negatives, temperature, reduction)
    slopes = c.slopes(reduction)
    if negatives is None:
        towards = slopes @ c.p
    else:
        against = np.einsum("im,imd->id", slopes[:, 1:], c.n) if c.own else slopes[:, 1:] @ c.n
        towards = slopes[:, :1] * c.p + against
    return _through_unit(towards, c.a, c.a_length)


def info_nce_grad_positive(
    anchor: ArrayLike,
    positive: ArrayLike,
    negatives: ArrayLike | None = None,
    *,
    temperature: float = 0.1,
    reduction: str = "mean",
) -> Floats:
    """d info_nce / d positive. Without `negatives` the positives are also the others' negatives; both parts are in it.

    >>> info_nce_grad_positive([[1.0, 0.0]], [[0.0, 1.0]], [[0.0, -1.0]], temperature=1.0)
    array([[-0.5, -0. ]])
    """
    c = _Candidates(anchor, positive, negatives, temperature, reduction)
    slopes = c.slopes(reduction)
    return _through_unit(slopes.T @ c.a if negatives is None else slopes[:, :1] * c.a, c.p, c.p_length)


def info_nce_grad_negatives(
    anchor: ArrayLike,
    positive: ArrayLike,
    negatives: ArrayLike,
    *,
    temperature: float = 0.1,
    reduction: str = "mean",
) -> Floats:
    """d info_nce / d negatives, of their shape; shared negatives are pushed by every anchor. Arguments as there.

    >>> info_nce_grad_negatives([[1.0, 0.0]], [[0.0, 1.0]], [[0.0, -1.0]], temperature=1.0)
    array([[0.5, 0. ]])
    """
    if negatives is None:
        raise ValueError("negatives must be an array for their gradient, got None")
    c = _Candidates(anchor, positive, negatives, temperature, reduction)
    slopes = c.slopes(reduction)[:, 1:]
    towards = slopes[..., np.newaxis] * c.a[:, np.newaxis, :] if c.own else slopes.T @ c.a
    return _through_unit(towards, c.n, c.n_length)


def _score(vector: str) -> str:
    return rf"\exp\left(\frac{{\cos(a, {vector})}}{{T}}\right)"


def _across(vector: str, at: str) -> str:
    """The derivative of cos(vector, at) with respect to `at`."""
    pair = rf"\lVert {vector} \rVert \lVert {at} \rVert"
    return rf"\left(\frac{{{vector}}}{{{pair}}} - \cos({vector}, {at}) \frac{{{at}}}{{\lVert {at} \rVert^2}}\right)"


_ALL = rf"{_score('p')} + \sum_{{m=1}}^{{M}} {_score('n_m')}"

INFO_NCE = Loss(
    value=info_nce,
    grad=info_nce_grad,
    more_grads={"positive": info_nce_grad_positive, "negatives": info_nce_grad_negatives},
    title="InfoNCE",
    synonyms=("contrastive predictive coding loss", "N-pair softmax loss"),
    where="$n_1, \\dots, n_M$ are the negatives of the anchor, and $n_k$ is one of them.",
    latex=rf"-\log \frac{{{_score('p')}}}{{{_ALL}}}",
    latex_grad={
        "anchor": rf"-\frac{{1}}{{T}} {_across('p', 'a')} + \frac{{{_score('p')} {_across('p', 'a')}"
        rf" + \sum_{{m=1}}^{{M}} {_score('n_m')} {_across('n_m', 'a')}}}{{T \left({_ALL}\right)}}",
        "positive": rf"\frac{{1}}{{T}} \left(\frac{{{_score('p')}}}{{{_ALL}}} - 1\right) {_across('a', 'p')}",
        "negatives": rf"\frac{{1}}{{T}} \frac{{{_score('n_k')}}}{{{_ALL}}} {_across('a', 'n_k')}",
    },
    arguments={
        "anchor": Argument("a", "embedding"),
        "positive": Argument("p", "embedding"),
        "negatives": Argument("n", "embedding"),
    },
    parameters={"temperature": Parameter(0.1, 0.05, 2.0, "T")},
    estimates="similarity up to a constant: the log ratio of joint to independent probability",
    source="oord2018",
    chapter="contrastive",
)


def _ntxent_scores(x1: ArrayLike, x2: ArrayLike, temperature: float, reduction: str) -> tuple[Floats, ...]:
    """Scores of all 2N views against each other, the partner of each, and the views as unit vectors with lengths."""
    u, v = _two_views(reduction, x1=x1, x2=x2)
    (first, first_length), (second, second_length) = _units("x1", u), _units("x2", v)
    units, lengths = np.concatenate([first, second]), np.concatenate([first_length, second_length])
    scores = units @ units.T / number("temperature", temperature, 0)
    np.fill_diagonal(scores, -np.inf)  # no view is a candidate for itself
    return scores, np.roll(np.arange(len(units)), len(u)), units, lengths


def nt_xent(x1: ArrayLike, x2: ArrayLike, *, temperature: float = 0.1, reduction: str = "mean") -> Floats | float:
    r"""NT-Xent, the loss of SimCLR: each of 2N views has to find its partner among the other 2N − 1.

    .. math:: \ell_i = -\log \frac{\exp(\cos(z_i, z_{j(i)}) / T)}{\sum_{k \ne i} \exp(\cos(z_i, z_k) / T)}

    Parameters
    ----------
    x1, x2 : array_like
        Embeddings of shape (N, d), two views of the same N things: row i of one is the partner of row i of the other.
    temperature : float
        T > 0.
    reduction : {"none", "mean", "sum"}
        One loss per view (those of `x1`, then those of `x2`), their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of shape (2N,). Collapsed embeddings cost log(2N − 1); one pair alone,
        which has nothing to be confused with, costs 0.

    Raises
    ------
    ValueError
        If a vector is zero, the shapes differ or are not (N, d), the temperature is not greater than 0, the batch is
        empty, or the reduction is unknown.

    References
    ----------
    Chen, Kornblith, Norouzi and Hinton (2020), "A simple framework for contrastive learning of visual representations",
    *ICML*.

    Examples
    --------
    >>> nt_xent([[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]])  # collapsed: log 3
    1.0986122886681098
    """
    scores, partner, *_ = _ntxent_scores(x1, x2, temperature, reduction)
    return softmax_cross_entropy(scores, partner, reduction=reduction)


def _ntxent_grad(x1: ArrayLike, x2: ArrayLike, temperature: float, reduction: str) -> Floats:
    """The gradient of both views, stacked; for "none" that of the sum, since every view is in every loss."""
    scores, partner, units, lengths = _ntxent_scores(x1, x2, temperature, reduction)
    slopes = softmax_cross_entropy_grad(scores, partner, reduction=reduction) / float(temperature)
    return _through_unit((slopes + slopes.T) @ units, units, lengths)


def nt_xent_grad(x1: ArrayLike, x2: ArrayLike, *, temperature: float = 0.1, reduction: str = "mean") -> Floats:
    """d nt_xent / d x1. Arguments as in `nt_xent`; for "none" the gradient of the sum.

    >>> nt_xent_grad([[1.0, 0.0]], [[0.0, 1.0]])  # one pair alone is not moved
    array([[0., 0.]])
    """
    gradient = _ntxent_grad(x1, x2, temperature, reduction)
    return gradient[: len(gradient) // 2]


def nt_xent_grad_x2(x1: ArrayLike, x2: ArrayLike, *, temperature: float = 0.1, reduction: str = "mean") -> Floats:
    """d nt_xent / d x2. Arguments as in `nt_xent`; for "none" the gradient of the sum.

    >>> nt_xent_grad_x2([[1.0, 0.0]], [[0.0, 1.0]])
    array([[0., 0.]])
    """
    gradient = _ntxent_grad(x1, x2, temperature, reduction)
    return gradient[len(gradient) // 2 :]


NT_XENT = Loss(
    value=nt_xent,
    grad=nt_xent_grad,
    more_grads={"x2": nt_xent_grad_x2},
    title="NT-Xent",
    synonyms=("normalised temperature-scaled cross-entropy", "SimCLR loss"),
    # Every view is a candidate of all the others, so the slope is that of all 2N losses together, and one formula
    # serves the views of x1 and of x2.
    where="$z$ is one of the $2N$ views and $c_1, \\dots, c_K$ are the $K = 2N - 1$ others, with $c_j$ its partner. "
    "$p_k$ is the softmax probability with which $z$ picks $c_k$, and $q_k$ that with which $c_k$ picks $z$.",
    latex=r"-\log \frac{\exp\left(\cos(z, c_j) / T\right)}{\sum_{k=1}^{K} \exp\left(\cos(z, c_k) / T\right)}",
    latex_grad={
        name: rf"\frac{{1}}{{T}} \sum_{{k=1}}^{{K}} \left(p_k + q_k - 2 [k = j]\right) {_across('c_k', 'z')}"
        for name in ("x1", "x2")
    },
    latex_slope=r"\frac{\partial}{\partial z} \sum_{i=1}^{2N} \ell_{T,i}",
    arguments={"x1": Argument("z", "embedding"), "x2": Argument("c", "embedding")},
    parameters={"temperature": Parameter(0.1, 0.05, 2.0, "T")},
    estimates="similarity up to a constant: the log ratio of joint to independent probability",
    optax="optax.ntxent (labels instead of pairs)",
    source="chen2020",
    chapter="contrastive",
)
