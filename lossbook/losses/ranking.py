r"""Losses of order: pairs of which one is preferred, and lists with a relevance per item.

Only differences of scores count, so every loss here stays the same when all scores of a pair or a list rise by one
number, and its gradients sum to 0 over them. The preferred item of a pair comes first.
"""

from __future__ import annotations

import math

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
    same_shape,
    shown,
)
from lossbook.losses.classification import softmax_cross_entropy, softmax_cross_entropy_grad
from lossbook.losses.scores import logistic, softmax, softplus

__all__ = [
    "LISTMLE",
    "LISTNET",
    "MARGIN_RANKING",
    "PAIRWISE_LOGISTIC",
    "listmle",
    "listmle_grad",
    "listnet",
    "listnet_grad",
    "margin_ranking",
    "margin_ranking_grad",
    "margin_ranking_grad_other",
    "pairwise_logistic",
    "pairwise_logistic_grad",
    "pairwise_logistic_grad_other",
]

# ── Pairs ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _lead(preferred: ArrayLike, other: ArrayLike) -> Floats:
    """By how much the preferred item leads."""
    first, second = real("preferred", preferred), real("other", other)
    same_shape("preferred", first, "other", second)
    with quiet():
        return np.asarray(first - second)


PAIR = {"preferred": Argument("s_w", "real"), "other": Argument("s_l", "real")}


def margin_ranking(
    preferred: ArrayLike, other: ArrayLike, *, margin: float = 1.0, reduction: str = "mean"
) -> Floats | float:
    r"""Margin ranking loss: what the preferred item lacks to a lead of the margin.

    .. math:: \ell = \max(0, M - (s_w - s_l))

    Parameters
    ----------
    preferred, other : array_like
        Scores of the preferred item and of the other one, any shape, one shape.
    margin : float
        M ≥ 0 in the unit of the scores. With 0 equal scores for everything cost nothing.
    reduction : {"none", "mean", "sum"}
        One loss per pair, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In the unit of the scores. A float, or for "none" an array of the shape of `preferred`.

    Raises
    ------
    ValueError
        If the shapes differ, the margin is negative or infinite, the reduction is unknown, or "mean" meets an empty
        batch.

    Notes
    -----
    `hinge` of the difference at M = 1. PyTorch's `margin_ranking_loss(x1, x2, y)` takes the order of a pair as y = ±1,
    and its margin is 0 unless given. At a lead of exactly M the gradient here is 0, and PyTorch's −1.

    References
    ----------
    Herbrich, Graepel and Obermayer (2000), "Large margin rank boundaries for ordinal regression", *Advances in Large
    Margin Classifiers*.

    Examples
    --------
    >>> margin_ranking([3.0, 0.5, 0.0], [1.0, 0.0, 1.0], reduction="none")
    array([0. , 0.5, 2. ])
    """
    margin = number("margin", margin, 0, closed=True)
    return reduce(np.maximum(0, margin - _lead(preferred, other)), reduction)


def margin_ranking_grad(
    preferred: ArrayLike, other: ArrayLike, *, margin: float = 1.0, reduction: str = "mean"
) -> Floats:
    """d margin_ranking / d preferred: −1 while the lead is below the margin, 0 from there on. Arguments as there.

    >>> margin_ranking_grad([3.0, 0.5, 0.0], [1.0, 0.0, 1.0], reduction="none")
    array([ 0., -1., -1.])
    """
    margin, lead = number("margin", margin, 0, closed=True), _lead(preferred, other)
    return reduce_grad(np.where(np.isnan(lead), lead, -1.0 * (lead < margin)), reduction)


def margin_ranking_grad_other(
    preferred: ArrayLike, other: ArrayLike, *, margin: float = 1.0, reduction: str = "mean"
) -> Floats:
    """d margin_ranking / d other, the opposite of the gradient with respect to preferred. Arguments as there.

    >>> margin_ranking_grad_other([3.0, 0.5], [1.0, 0.0], reduction="none")
    array([0., 1.])
    """
    return 0.0 - margin_ranking_grad(preferred, other, margin=margin, reduction=reduction)


MARGIN_RANKING = Loss(
    value=margin_ranking,
    grad=margin_ranking_grad,
    more_grads={"other": margin_ranking_grad_other},
    title="margin ranking loss",
    synonyms=("pairwise hinge loss", "ranking SVM loss"),
    latex=r"\max\left(0, M - (s_w - s_l)\right)",
    latex_grad={
        "preferred": r"\begin{cases} -1 & s_w - s_l < M \\ 0 & s_w - s_l \ge M \end{cases}",
        "other": r"\begin{cases} 1 & s_w - s_l < M \\ 0 & s_w - s_l \ge M \end{cases}",
    },
    where="$s_w$ is the score of the item that is preferred, $s_l$ that of the other.",
    arguments=PAIR,
    parameters={"margin": Parameter(1.0, 0.0, 3.0, "M", "at least 0")},
    estimates="the more probable order of the two: no probability can be read off",
    torch="torch.nn.functional.margin_ranking_loss",
    card=Card(
        what="What the lead of the preferred item lacks to a margin $M$.",
        why="An order with room to spare, and no more.",
        strengths=("A pair in the right order, by $M$ or more, drops out.",),
        weaknesses=(
            "For $M > 0$ the best lead is $M$ for every $P$ between ½ and 1, so $P$ cannot be read off.",
            "With $M = 0$ scores of half the size cost half: nothing stops them from shrinking.",
        ),
        pytorch="F.relu(margin - (preferred - other)).mean()",
    ),
    source="herbrich2000",
    chapter="ranking",
)


def pairwise_logistic(preferred: ArrayLike, other: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Logistic loss of a difference: −log of the probability that the preferred item is preferred.

    .. math:: \ell = \log(1 + \exp(s_l - s_w))

    Parameters
    ----------
    preferred, other : array_like
        Scores of the preferred item and of the other one, any shape, one shape.
    reduction : {"none", "mean", "sum"}
        One loss per pair, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the shape of `preferred`.

    Raises
    ------
    ValueError
        If the shapes differ, the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    One loss with many names: the likelihood of Bradley and Terry's model of paired comparisons, RankNet of a pair whose
    order is certain, BPR of an item that was chosen and one that was not, the loss of a reward model. A tie, or an
    order that is preferred with probability P, is `binary_cross_entropy_with_logits(preferred - other, P)`.

    References
    ----------
    Bradley and Terry (1952), "Rank analysis of incomplete block designs: I. The method of paired comparisons",
    *Biometrika* 39, 324–345; Burges et al. (2005), "Learning to rank using gradient descent", *ICML*, for RankNet;
    Rendle et al. (2009), "BPR: Bayesian personalized ranking from implicit feedback", *UAI*.

    Examples
    --------
    >>> pairwise_logistic([0.0, 40.0, 0.0], [0.0, 0.0, 1e4], reduction="none")
    array([6.93147181e-01, 4.24835426e-18, 1.00000000e+04])
    """
    return reduce(softplus(-_lead(preferred, other)), reduction)


def pairwise_logistic_grad(preferred: ArrayLike, other: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d pairwise_logistic / d preferred: minus the probability that the model gives to the other order.

    Arguments as in `pairwise_logistic`.

    >>> pairwise_logistic_grad([0.0, 0.0], [0.0, 1e4], reduction="none")
    array([-0.5, -1. ])
    """
    return reduce_grad(-logistic(-_lead(preferred, other)), reduction)


def pairwise_logistic_grad_other(preferred: ArrayLike, other: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d pairwise_logistic / d other, the opposite of the gradient with respect to preferred. Arguments as there.

    >>> pairwise_logistic_grad_other([0.0, 0.0], [0.0, 1e4], reduction="none")
    array([0.5, 1. ])
    """
    return 0.0 - pairwise_logistic_grad(preferred, other, reduction=reduction)


PAIRWISE_LOGISTIC = Loss(
    value=pairwise_logistic,
    grad=pairwise_logistic_grad,
    more_grads={"other": pairwise_logistic_grad_other},
    title="pairwise logistic loss",
    synonyms=("Bradley–Terry loss", "RankNet", "BPR", "Bayesian personalised ranking", "reward model loss"),
    latex=r"\log\left(1 + \exp\left(s_l - s_w\right)\right)",
    latex_grad={
        "preferred": r"-\frac{1}{1 + \exp\left(s_w - s_l\right)}",
        "other": r"\frac{1}{1 + \exp\left(s_w - s_l\right)}",
    },
    where="$s_w$ is the score of the item that is preferred, $s_l$ that of the other.",
    arguments=PAIR,
    estimates="the log-odds of being preferred, as a difference of scores",
    card=Card(
        what="Cross-entropy of the statement “the first is preferred”, with the difference of scores as its logit.",
        why="Comparisons that are not certain: games, clicks, opinions.",
        strengths=(
            r"At the best difference $\sigma(s_w - s_l)$ is the probability of being preferred.",
            "Convex in the scores, with a pull that never exceeds 1.",
        ),
        weaknesses=("If the data can be put in order without a mistake, larger differences are always cheaper.",),
        pytorch="F.softplus(other - preferred).mean()",
    ),
    source="bradley1952",
    chapter="ranking",
)

# ── Lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _lists(scores: ArrayLike, relevance: ArrayLike) -> tuple[Floats, Floats]:
    """Scores and relevances of the items of every list, finite or NaN."""
    arrays = {"scores": real("scores", scores), "relevance": real("relevance", relevance)}
    for name, array in arrays.items():
        if np.isinf(array).any():
            where = np.isinf(array)
            raise ValueError(f"{name} must be finite, got {shown(array[where][0])} at index {place(where)}")
    s, y = arrays.values()
    same_shape("scores", s, "relevance", y)
    if s.ndim == 0 or s.shape[-1] == 0:
        raise ValueError(f"scores must have at least one item on the last axis, got shape {s.shape}")
    return s, y


LIST = {
    "scores": Argument("s", "logits", "one real score per item, on the last axis"),
    "relevance": Argument("y", "components", "the relevance of each item, any real number, on the last axis"),
}


def listnet(scores: ArrayLike, relevance: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""ListNet: cross-entropy between the softmax of the relevances of a list and the softmax of its scores.

    .. math:: \ell = -\sum_{k=1}^{K} p_k \log \hat p_k,
              \qquad p_k = \frac{\exp(y_k)}{\sum_{j=1}^{K} \exp(y_j)},
              \qquad \hat p_k = \frac{\exp(s_k)}{\sum_{j=1}^{K} \exp(s_j)}

    Parameters
    ----------
    scores, relevance : array_like
        Of shape (…, K), the items of a list on the last axis. A higher score is meant for a more relevant item.
    reduction : {"none", "mean", "sum"}
        One loss per list, their mean, or their sum. The mean divides by the number of lists, not of items.

    Returns
    -------
    float or ndarray
        In nats; at least the entropy of p. A float, or for "none" an array of the shape of `scores` without its last
        axis.

    Raises
    ------
    ValueError
        If the shapes differ, a list has no item, a score or relevance is infinite, the reduction is unknown, or "mean"
        meets an empty batch.

    Notes
    -----
    This is the form with the top-one probabilities. Optax's `ranking_softmax_loss` weighs the items by their labels as
    they are and not by p; here `softmax_cross_entropy` does that with labels that sum to 1.

    References
    ----------
    Cao et al. (2007), "Learning to rank: from pairwise approach to listwise approach", *ICML*.

    Examples
    --------
    >>> listnet([[0.0, 0.0], [0.0, 0.0]], [[0.0, 3.0], [1.0, 1.0]], reduction="none")
    array([0.69314718, 0.69314718])
    """
    s, y = _lists(scores, relevance)
    return softmax_cross_entropy(s, softmax(y), reduction=reduction)


def listnet_grad(scores: ArrayLike, relevance: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d listnet / d scores: the softmax of the scores minus that of the relevances. Arguments as in `listnet`.

    >>> listnet_grad([[0.0, 0.0]], [[0.0, np.log(3.0)]])
    array([[ 0.25, -0.25]])
    """
    s, y = _lists(scores, relevance)
    return softmax_cross_entropy_grad(s, softmax(y), reduction=reduction)


_Y, _S = (rf"\frac{{\exp\left({v}_k\right)}}{{\sum_{{j=1}}^{{K}} \exp\left({v}_j\right)}}" for v in "ys")

LISTNET = Loss(
    value=listnet,
    grad=listnet_grad,
    title="ListNet",
    synonyms=("listwise softmax loss", "top-one cross-entropy"),
    latex=rf"-\sum_{{k=1}}^{{K}} {_Y} \log {_S}",
    latex_grad={"scores": rf"{_S} - {_Y}"},
    arguments=LIST,
    estimates="the log of the mean softmax of the relevances: the relevances, up to one number, where they are certain",
    optax="optax.losses.ranking_softmax_loss (with distributions as labels)",
    card=Card(
        what="Cross-entropy between the softmax of the relevances and that of the scores.",
        why="The whole list at once, by who is drawn *first*.",
        strengths=("One softmax: convex in the scores, and smooth.",),
        weaknesses=(
            "The scale of the relevances matters, and you chose it.",
            "The floor is not 0 but the entropy of the softmax of the relevances.",
        ),
        pytorch="F.cross_entropy(scores, F.softmax(relevance, -1))",
    ),
    source="cao2007",
    chapter="ranking",
)


def _descending(s: Floats, y: Floats) -> tuple[NDArray[np.intp], Floats, Floats, NDArray[np.intp]]:
    """Order by relevance; in that order the scores, less the largest; log-sums over the rivals of each; first of ties.

    The rivals of an item are the others that are not more relevant.
    """
    order = np.argsort(-y, axis=1, kind="stable")
    s, y = np.take_along_axis(s, order, axis=1), np.take_along_axis(y, order, axis=1)
    with quiet():
        s = s - s.max(axis=1, keepdims=True)
        later = np.logaddexp.accumulate(s[:, ::-1], axis=1)[:, ::-1]
        rivals = np.concatenate([later[:, 1:], np.full((len(s), 1), -math.inf)], axis=1)
        first = np.zeros(s.shape, dtype=np.intp)
        earlier = np.full(len(s), -math.inf)  # log-sum over the items before this one with the same relevance
        for t in range(1, s.shape[1]):
            tied = y[:, t] == y[:, t - 1]
            earlier = np.where(tied, np.logaddexp(earlier, s[:, t - 1]), -math.inf)
            first[:, t] = np.where(tied, first[:, t - 1], t)
            rivals[:, t] = np.logaddexp(rivals[:, t], earlier)
    return order, s, rivals, first


def listmle(scores: ArrayLike, relevance: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""ListMLE: −log of the probability of the right order, in which items are drawn one by one, each time by softmax.

    .. math:: \ell = \sum_{k=1}^{K} \log \sum_{j=1}^{K} [y_j \le y_k] \exp(s_j) - \sum_{k=1}^{K} s_k

    Parameters
    ----------
    scores, relevance : array_like
        Of shape (…, K), the items of a list on the last axis. Only the order of the relevances counts: minus the ranks
        will do.
    reduction : {"none", "mean", "sum"}
        One loss per list, their mean, or their sum. The mean divides by the number of lists, not of items.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the shape of `scores` without its last axis.

    Raises
    ------
    ValueError
        As `listnet`.

    Notes
    -----
    The negative log-likelihood of the Plackett–Luce model where no two relevances agree. Among equals each competes
    with all that are not more relevant, which is Breslow's rule for ties; other code breaks ties at random.

    References
    ----------
    Xia et al. (2008), "Listwise approach to learning to rank: theory and algorithm", *ICML*; Plackett (1975), "The
    analysis of permutations", *Journal of the Royal Statistical Society C* 24, 193–202.

    Examples
    --------
    >>> listmle([[0.0, 0.0, 0.0]], [[3.0, 1.0, 2.0]])  # log 3!
    1.791759469228055
    >>> listmle([[40.0, 0.0]], [[1.0, 0.0]])
    4.248354255291589e-18
    """
    s, y = _lists(scores, relevance)
    flat = y.reshape(-1, s.shape[-1])
    _, ordered, rivals, _ = _descending(s.reshape(flat.shape), flat)
    with quiet():
        losses = softplus(rivals - ordered).sum(axis=1)
    losses = np.where(np.isnan(flat).any(axis=1), math.nan, losses)
    return reduce(losses.reshape(s.shape[:-1]), reduction)


def listmle_grad(scores: ArrayLike, relevance: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d listmle / d scores: how often the model expects to draw an item while it competes, minus 1.

    Arguments as in `listmle`.

    >>> listmle_grad([[0.0, 0.0, 0.0]], [[3.0, 1.0, 2.0]])
    array([[-0.66666667,  0.83333333, -0.16666667]])
    """
    s, y = _lists(scores, relevance)
    flat = y.reshape(-1, s.shape[-1])
    order, ordered, rivals, first = _descending(s.reshape(flat.shape), flat)
    with quiet():
        own = -softplus(rivals - ordered)  # log of the probability of being drawn when it is its turn
        totals = ordered - own  # log-sum over all that compete then
        drawn = np.concatenate(
            [np.full((len(flat), 1), -math.inf), np.logaddexp.accumulate(-totals, axis=1)[:, :-1]], axis=1
        )
        before = np.take_along_axis(drawn, first, axis=1)  # over all turns of more relevant items
        ties = _group_sizes(first)
        slopes = np.expm1(own) + np.exp(ordered + before) + (ties - 1) * np.exp(own)
    gradient = np.empty_like(slopes)
    np.put_along_axis(gradient, order, slopes, axis=1)
    gradient[np.isnan(flat).any(axis=1)] = math.nan
    return reduce_grad(gradient.reshape(s.shape), reduction, len(flat))


def _group_sizes(first: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many items share their relevance with each, where ties stand together and know the place of their first."""
    rows, items = first.shape
    flat = (first + items * np.arange(rows)[:, np.newaxis]).ravel()
    return np.bincount(flat, minlength=first.size)[flat].reshape(first.shape)


LISTMLE = Loss(
    value=listmle,
    grad=listmle_grad,
    title="ListMLE",
    synonyms=("Plackett–Luce loss",),
    latex=r"\sum_{k=1}^{K} \log \left(\sum_{j=1}^{K} [y_j \le y_k] \exp\left(s_j\right)\right) - \sum_{k=1}^{K} s_k",
    latex_grad={
        "scores": r"\sum_{i=1}^{K} \frac{[y_k \le y_i] \exp\left(s_k\right)}"
        r"{\sum_{j=1}^{K} [y_j \le y_i] \exp\left(s_j\right)} - 1"
    },
    arguments=LIST,
    estimates="log-strengths: the probability of coming next is the softmax over what is left",
    card=Card(
        what="−log of the probability of the right order, if the list is drawn from the top by softmax.",
        why="The likelihood of the whole order.",
        strengths=("The scale of the relevances does not matter: only their order enters.",),
        weaknesses=(
            "Once the order is right, without ties, doubling the scores is always cheaper.",
            "Items of equal relevance compete, which pulls their scores together.",
        ),
        pytorch="""(torch.where(relevance[:, None] > relevance[:, :, None],
             -torch.inf, scores[:, None]).logsumexp(-1)
 - scores).sum(-1).mean()""",
    ),
    source="xia2008",
    chapter="ranking",
)
