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

from lossbook.core import (
    Argument,
    Card,
    Floats,
    Loss,
    Parameter,
    number,
    place,
    quiet,
    real,
    reduce,
    reduce_grad,
    shown,
)
from lossbook.losses._embeddings import (
    direction,
    dot,
    norm,
    same_embeddings,
    through_unit,
    unit_vectors,
    with_length,
)

__all__ = [
    "CONTRASTIVE",
    "CONTRASTIVE_EMBEDDINGS",
    "COSINE_EMBEDDING",
    "contrastive",
    "contrastive_embeddings",
    "contrastive_embeddings_grad",
    "contrastive_embeddings_grad_x2",
    "contrastive_grad",
    "cosine_embedding",
    "cosine_embedding_grad",
    "cosine_embedding_grad_x2",
    "pairwise_distance",
    "pairwise_distance_grad",
    "pairwise_distance_grad_x2",
]

METRICS = ("euclidean", "cosine")


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


# ── Distances ────────────────────────────────────────────────────────────────────────────────────────────────────


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
    u, v = same_embeddings(x1=x1, x2=x2)
    _check_metric(metric)
    if metric == "euclidean":
        with quiet():
            distance = norm(u - v)
    else:  # ½‖û − v̂‖² is 1 − cos without the cancellation for vectors that are nearly parallel
        across = unit_vectors("x1", u)[0] - unit_vectors("x2", v)[0]
        distance = dot(across, across) / 2
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
    u, v = same_embeddings(x1=x1, x2=x2)
    _check_metric(metric)
    if metric == "euclidean":
        return direction(u, v)
    (first, length), (second, _) = unit_vectors("x1", u), unit_vectors("x2", v)
    return through_unit(first - second, first, length)  # û added along û changes nothing and keeps the digits


def pairwise_distance_grad_x2(x1: ArrayLike, x2: ArrayLike, *, metric: str = "euclidean") -> Floats:
    """d D / d x2: distances are symmetric, so `pairwise_distance_grad` with the arguments swapped.

    >>> pairwise_distance_grad_x2([3.0, 4.0], [0.0, 0.0])
    array([-0.6, -0.8])
    """
    same_embeddings(x1=x1, x2=x2)
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

    .. math:: \ell = (1 - Y)\, \tfrac12 D^2 + Y\, \tfrac12 \left(\max(0, M - D)\right)^2

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
        If a distance is negative, a label is neither 0 nor 1, the shapes differ, the margin is negative or infinite,
        the reduction is unknown, or "mean" meets an empty batch.

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


MARGIN = Parameter(1.0, 0.1, 3.0, "M", "at least 0")

CONTRASTIVE = Loss(
    value=contrastive,
    grad=contrastive_grad,
    title="contrastive loss",
    synonyms=("pairwise loss", "siamese loss"),
    latex=r"\frac{1}{2} (1 - Y) D^2 + \frac{1}{2} Y \left(\max(0, M - D)\right)^2",
    latex_grad={"distance": r"(1 - Y) D - Y \max(0, M - D)"},
    arguments={"distance": Argument("D", "nonnegative"), "label": Argument("Y", "binary")},
    parameters={"margin": MARGIN},
    estimates="a distance: small for similar pairs, at least the margin for dissimilar ones",
    card=Card(
        what="Half the squared distance of a similar pair; half the squared shortfall $M - D$ of a dissimilar one.",
        why="You know which pairs belong together, and nothing else.",
        strengths=(
            "From the margin on a dissimilar pair has slope 0: far enough is far enough.",
            "Value and slope reach 0 together at the margin, so a pair leaves without a jerk.",
            "The margin is a unit of length: in another unit the loss changes by a factor alone.",
        ),
        weaknesses=(
            "It asks for absolute distances: a similar pair pays at every one but 0.",
            "Without dissimilar pairs, or with $M = 0$, one point for everything costs nothing.",
        ),
        pytorch="""torch.where(label == 1, F.relu(margin - distance), distance
            ).square().mean() / 2""",
    ),
    source="hadsell2006",
    chapter="contrastive",
)


def contrastive_embeddings(
    x1: ArrayLike, x2: ArrayLike, label: ArrayLike, *, margin: float = 1.0, reduction: str = "mean"
) -> Floats | float:
    r"""`contrastive` of the Euclidean distance between two embeddings, as a siamese network is trained.

    .. math:: \ell = (1 - Y)\, \tfrac12 D^2 + Y\, \tfrac12 \left(\max(0, M - D)\right)^2, \qquad D = \lVert u - v \rVert

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
    slopes = contrastive_grad(pairwise_distance(x1, x2), label, margin=margin, reduction=reduction)[..., np.newaxis]
    towards = pairwise_distance_grad(x1, x2)
    with quiet():  # a distance beyond 1.8e308 moves nothing that is the same in both
        return np.where((towards == 0) & np.isinf(slopes), 0.0, slopes * towards)


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
    parameters={"margin": MARGIN},
    estimates="an embedding: similar things together, dissimilar ones at least the margin apart",
    card=Card(
        what="The contrastive loss of the Euclidean distance between two embeddings.",
        why="What reaches the network: a spring between two points.",
        strengths=(
            "The pull on a similar pair is $u - v$: it fades as the pair closes.",
            "What moves $u$ moves $v$ as far the other way: a free pair keeps its middle.",
        ),
        weaknesses=(
            "A dissimilar pair in one point has a peak there and no gradient; the package answers 0, and it stays.",
        ),
        pytorch="""torch.where(label == 1,
            F.relu(margin - (x1 - x2).norm(dim=-1)),
            (x1 - x2).norm(dim=-1)).square().mean() / 2""",
    ),
    source="hadsell2006",
    chapter="contrastive",
)


def _cosines(x1: ArrayLike, x2: ArrayLike, label: ArrayLike) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """One minus the cosine of every pair, the cosine itself, and where the pair is dissimilar."""
    first, second = same_embeddings(x1=x1, x2=x2)
    (u, u_length, _), (v, v_length, _) = with_length("x1", first), with_length("x2", second)
    with quiet():
        across = u / u_length - v / v_length
        distance = dot(across, across) / 2  # as in `pairwise_distance`
        # Near a right angle the dot product has the digits of the cosine: orthogonal (3, 4), (4, −3) give 0.
        cosine = np.where(distance < 0.5, 1 - distance, dot(u, v) / (u_length * v_length)[..., 0])
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
    card=Card(
        what="One minus the cosine of a similar pair; of a dissimilar one the cosine in excess of $M$.",
        why="Directions should count, and lengths should not.",
        strengths=(
            "An embedding times a positive number costs the same.",
            "No pair costs more than 2.",
        ),
        weaknesses=(
            "The margin is a similarity: a *smaller* one keeps dissimilar pairs further apart.",
            "Not squared: the slope in the cosine jumps from 1 to 0 at the margin.",
        ),
        pytorch="F.cosine_embedding_loss(x1, x2, 1 - 2 * label, margin=margin)",
    ),
    source="bromley1993",
    chapter="contrastive",
    keras="keras.losses.CosineSimilarity (similar pairs; −1 is best)",
)
