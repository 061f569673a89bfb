r"""Contrastive losses with candidates: one positive against one negative (triplets) or many (InfoNCE, NT-Xent).

What `contrastive_pairs` says of distances and zero vectors holds here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import (
    Argument,
    Card,
    Floats,
    Loss,
    Parameter,
    check_reduction,
    number,
    quiet,
    reduce,
    reduce_grad,
)
from lossbook.losses._embeddings import direction, embedding, same_embeddings, through_unit, unit_vectors
from lossbook.losses.classification import softmax_cross_entropy, softmax_cross_entropy_grad
from lossbook.losses.contrastive_pairs import MARGIN, pairwise_distance

__all__ = [
    "INFO_NCE",
    "NT_XENT",
    "TRIPLET_MARGIN",
    "info_nce",
    "info_nce_grad",
    "info_nce_grad_negatives",
    "info_nce_grad_positive",
    "nt_xent",
    "nt_xent_grad",
    "nt_xent_grad_x2",
    "triplet_margin",
    "triplet_margin_grad",
    "triplet_margin_grad_negative",
    "triplet_margin_grad_positive",
]

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
        If the shapes differ, the margin is negative or infinite, the reduction is unknown, or "mean" meets an empty
        batch.

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
    a, p, n = same_embeddings(anchor=anchor, positive=positive, negative=negative)
    m = number("margin", margin, 0, closed=True)
    with quiet():
        gap = np.asarray(pairwise_distance(a, p)) - pairwise_distance(a, n)
        return reduce(np.maximum(gap + m, 0), reduction)


def _triplet(
    anchor: ArrayLike, positive: ArrayLike, negative: ArrayLike, margin: float, reduction: str
) -> tuple[Floats, Floats, Floats]:
    """The slope of every triplet in its loss's argument, 1 where it costs and 0 at the kink; both unit vectors."""
    a, p, n = same_embeddings(anchor=anchor, positive=positive, negative=negative)
    costs = np.asarray(triplet_margin(a, p, n, margin=margin, reduction="none"))
    slopes = reduce_grad(np.where(np.isnan(costs), costs, costs > 0), reduction)
    return slopes[..., np.newaxis], direction(a, p), direction(a, n)


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
    return rf"\begin{{cases}} {slope} & \ell > 0 \\ 0 & \text{{otherwise}} \end{{cases}}"


TRIPLET_MARGIN = Loss(
    value=triplet_margin,
    grad=triplet_margin_grad,
    more_grads={"positive": triplet_margin_grad_positive, "negative": triplet_margin_grad_negative},
    title="triplet loss",
    synonyms=("triplet margin loss",),
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
    parameters={"margin": MARGIN},
    estimates="an order of distances: the positive nearer than the negative, by the margin",
    torch="torch.nn.functional.triplet_margin_loss",
    optax="optax.losses.triplet_margin_loss",
    card=Card(
        what="The distance of the positive, less that of the negative, plus the margin; at least 0.",
        why="You need an order: this one nearer than that one.",
        strengths=(
            "A triplet in order by $M$ drops out, however far away its positive is.",
            "Bounded: positive and negative are pulled with force 1 or not at all.",
        ),
        weaknesses=(
            "One point for all three costs $M$, and the package's gradient there is 0.",
            "With $M = 0$ embeddings of half the size cost half: nothing stops them from shrinking.",
        ),
        pytorch="""F.triplet_margin_loss(anchor, positive, negative,
                      margin=margin, eps=0)""",
    ),
    source="schroff2015",
    chapter="contrastive",
)


# ── Many candidates: a softmax over similarities ─────────────────────────────────────────────────────────────────────


def _two_views(reduction: str, **views: ArrayLike) -> list[Floats]:
    """Matrices (N, d) of one shape with at least one row."""
    arrays = same_embeddings(**views)
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
        (self.a, self.a_length), (self.p, self.p_length) = unit_vectors("anchor", a), unit_vectors("positive", p)
        self.own = False
        if negatives is None:  # the positives of the others are the negatives
            scores, self.labels = self.a @ self.p.T, np.arange(len(a))
        else:
            n = embedding("negatives", negatives)
            self.own = n.ndim == 3
            if n.shape[-1] != a.shape[1] or n.ndim not in (2, 3) or (self.own and len(n) != len(a)):
                allowed = f"(M, {a.shape[1]}) or ({len(a)}, M, {a.shape[1]})"
                raise ValueError(f"negatives must have the shape {allowed}, got shape {n.shape}")
            self.n, self.n_length = unit_vectors("negatives", n)
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
        If a vector is zero, the shapes do not fit, the temperature is not finite and greater than 0, the batch is
        empty, or the reduction is unknown.

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
    return through_unit(towards, c.a, c.a_length)


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
    return through_unit(slopes.T @ c.a if negatives is None else slopes[:, :1] * c.a, c.p, c.p_length)


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
    return through_unit(towards, c.n, c.n_length)


def _score(vector: str) -> str:
    return rf"\exp\left(\frac{{\cos(a, {vector})}}{{T}}\right)"


def _across(vector: str, at: str) -> str:
    """The derivative of cos(vector, at) with respect to `at`."""
    pair = rf"\lVert {vector} \rVert \lVert {at} \rVert"
    return rf"\left(\frac{{{vector}}}{{{pair}}} - \cos({vector}, {at}) \frac{{{at}}}{{\lVert {at} \rVert^2}}\right)"


def _against(negative: str) -> str:
    """A negative's share of the softmax, by that of the positive, which is exp(−ℓ)."""
    return rf"\exp\left(\frac{{\cos(a, {negative}) - \cos(a, p)}}{{T}} - \ell\right)"


_ALL = rf"{_score('p')} + \sum_{{m=1}}^{{M}} {_score('n_m')}"

INFO_NCE = Loss(
    value=info_nce,
    grad=info_nce_grad,
    more_grads={"positive": info_nce_grad_positive, "negatives": info_nce_grad_negatives},
    title="InfoNCE",
    synonyms=("contrastive predictive coding loss", "N-pair softmax loss"),
    where="$n_1, \\dots, n_M$ are the negatives of the anchor, and $n_k$ is one of them. In the gradients, "
    "$\\exp(-\\ell)$ is the softmax's share for the positive, and the other exponential that for a negative.",
    latex=rf"-\log \frac{{{_score('p')}}}{{{_ALL}}}",
    latex_grad={
        "anchor": rf"\frac{{\exp\left(-\ell\right) - 1}}{{T}} {_across('p', 'a')}"
        rf" + \frac{{1}}{{T}} \sum_{{m=1}}^{{M}} {_against('n_m')} {_across('n_m', 'a')}",
        "positive": rf"\frac{{\exp\left(-\ell\right) - 1}}{{T}} {_across('a', 'p')}",
        "negatives": rf"\frac{{1}}{{T}} {_against('n_k')} {_across('a', 'n_k')}",
    },
    arguments={
        "anchor": Argument("a", "embedding"),
        "positive": Argument("p", "embedding"),
        "negatives": Argument("n", "embedding", "one real vector per negative, shape (M, d) or (N, M, d)"),
    },
    parameters={"temperature": Parameter(0.1, 0.05, 2.0, "T")},
    estimates="similarity up to a constant: the log ratio of joint to independent probability",
    card=Card(
        what="Cross-entropy of picking the positive among candidates; the scores are cosines divided by $T$.",
        why="Many negatives at once, and the hard ones count most by themselves.",
        strengths=(
            "Negatives share the push on their cosines in proportion to their softmax probabilities.",
            r"With $K$ candidates $\log K$ minus the mean loss is, on average, at most the information shared.",
        ),
        weaknesses=(
            r"It reports no more than $\log K$ of that information, however much there is.",
            "Cosines end at ±1, so $T$ sets a floor above 0: values at two temperatures do not compare.",
        ),
        pytorch="""F.cross_entropy(
    F.cosine_similarity(
        anchor[:, None],
        torch.cat([positive[:, None], negatives], dim=1), dim=-1
    ) / temperature,
    torch.zeros(len(anchor), dtype=torch.long))""",
    ),
    source="oord2018",
    chapter="contrastive",
)


def _ntxent_scores(x1: ArrayLike, x2: ArrayLike, temperature: float, reduction: str) -> tuple[Floats, ...]:
    """Scores of all 2N views against each other, the partner of each, and the views as unit vectors with lengths."""
    u, v = _two_views(reduction, x1=x1, x2=x2)
    (first, first_length), (second, second_length) = unit_vectors("x1", u), unit_vectors("x2", v)
    units, lengths = np.concatenate([first, second]), np.concatenate([first_length, second_length])
    scores = units @ units.T
    scores /= number("temperature", temperature, 0)
    np.fill_diagonal(scores, -np.inf)  # no view is a candidate for itself
    return scores, np.roll(np.arange(len(units)), len(u)), units, lengths


def nt_xent(x1: ArrayLike, x2: ArrayLike, *, temperature: float = 0.1, reduction: str = "mean") -> Floats | float:
    r"""NT-Xent, the loss of SimCLR: each of 2N views has to find its partner among the other 2N − 1.

    .. math:: \ell = -\log \frac{\exp(\cos(z, c_j) / T)}{\sum_{k=1}^{K} \exp(\cos(z, c_k) / T)}, \qquad K = 2N - 1

    for each view z; the others are c₁, …, c_K, and c_j is its partner.

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
        If a vector is zero, the shapes differ or are not (N, d), the temperature is not finite and greater than 0, the
        batch is empty, or the reduction is unknown.

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
    return through_unit(slopes @ units + slopes.T @ units, units, lengths)


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
    arguments={
        "x1": Argument("z", "embedding", "one view of each of N things, a real vector per row"),
        "x2": Argument("z", "embedding", "the other view of each, row by row"),
    },
    parameters={"temperature": Parameter(0.1, 0.05, 2.0, "T")},
    estimates="similarity up to a constant: the log ratio of joint to independent probability",
    optax="optax.ntxent (labels instead of pairs)",
    card=Card(
        what="InfoNCE in which each of $2N$ views looks for its partner among the $2N - 1$ others.",
        why="Two views of each thing, and no labels.",
        strengths=(
            r"Collapse costs $\log(2N - 1)$ at any temperature, as much as guessing.",
            "Rotating all views together, or making one longer, changes nothing.",
        ),
        weaknesses=(
            "Another thing of the same kind is pushed away like any stranger.",
            "$N$ and $T$ set a floor above 0: values of two settings do not compare.",
        ),
        pytorch="""F.cross_entropy(
    (F.normalize(torch.cat([x1, x2])) @ F.normalize(torch.cat([x1, x2])).T
     / temperature).fill_diagonal_(-torch.inf),
    torch.arange(2 * len(x1)).roll(len(x1)))""",
    ),
    source="chen2020",
    chapter="contrastive",
)
