"""Lists in order: NDCG and list losses as one score moves, orders drawn from the top, and what pulls on each place."""

from __future__ import annotations

from itertools import permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossbook.analysis.preferences import lambda_gradient, misordered
from lossbook.core import Floats, real, same_shape
from lossbook.losses.ranking import listmle, listnet, pairwise_logistic_grad

RELEVANCE = np.array([3.0, 2.0, 1.0, 0.0, 0.0])
"""The relevances of five documents that answer a query."""
SCORES = np.array([-1.1, 0.6, -0.6, 1.4, -1.6])
"""The scores that a model gives them."""


def ndcg(scores: ArrayLike, relevance: ArrayLike) -> float:
    """Normalised discounted cumulative gain of one list, by scikit-learn: gain = relevance, ties averaged.

    >>> round(ndcg([2.0, 1.0, 0.0], [0.0, 1.0, 0.0]), 4)  # 1 / log2(3)
    0.6309
    """
    from sklearn.metrics import ndcg_score

    s, y = real("scores", scores), real("relevance", relevance)
    same_shape("scores", s, "relevance", y)
    return float(ndcg_score([y], [s]))


def with_score(document: int, score: float) -> Floats:
    """The five scores, one of them moved."""
    moved = SCORES.copy()
    moved[document] = score
    return moved


class ListLosses(NamedTuple):
    """What two losses of the list are as one score moves along a grid."""

    listnet: Floats
    listmle: Floats


def list_losses(document: int, grid: ArrayLike) -> ListLosses:
    """ListNet and ListMLE of the five documents for every score of one of them."""
    lists = np.array([with_score(document, score) for score in real("grid", grid)])
    relevance = np.broadcast_to(RELEVANCE, lists.shape)
    return ListLosses(*(np.asarray(loss(lists, relevance, reduction="none")) for loss in (listnet, listmle)))


def staircase(document: int, low: float, high: float) -> tuple[Floats, Floats]:
    """NDCG as the score of one document goes from `low` to `high`: the corners of a line of steps.

    It changes where the score passes another one and nowhere else.
    """
    edges = np.concatenate([[low], np.sort(np.delete(SCORES, document)), [high]])
    treads = [ndcg(with_score(document, middle), RELEVANCE) for middle in (edges[:-1] + edges[1:]) / 2]
    return np.repeat(edges, 2)[1:-1], np.repeat(treads, 2)


def jumps(document: int) -> int:
    """At how many places NDCG changes while the score of one document goes from below all others to above them."""
    _, treads = staircase(document, SCORES.min() - 1, SCORES.max() + 1)
    return int(np.count_nonzero(np.abs(np.diff(treads)) > 1e-12))


def order_probabilities(scores: ArrayLike) -> dict[tuple[int, ...], float]:
    """Plackett and Luce's probability of every order: draw from the top, each time by softmax over what is left.

    >>> {order: round(p, 3) for order, p in order_probabilities([np.log(3.0), 0.0]).items()}
    {(0, 1): 0.75, (1, 0): 0.25}
    """
    s = real("scores", scores)
    orders = list(permutations(range(s.size)))
    lists = np.array([s[list(order)] for order in orders])
    ranks = np.broadcast_to(-np.arange(float(s.size)), lists.shape)
    return dict(zip(orders, np.exp(-np.asarray(listmle(lists, ranks, reduction="none"))).tolist(), strict=True))


class Pulls(NamedTuple):
    """A page of results, with what pulls on each place, upwards positive."""

    pairs: Floats
    weighted: Floats
    wrong: float
    ndcg: float


def pulls(upper: int, lower: int, *, length: int = 10, step: float = 0.2) -> Pulls:
    """Pulls on a page whose documents lie `step` apart, relevant at two places: RankNet's and LambdaRank's.

    RankNet's is minus the gradient of the summed pairwise logistic loss; `wrong` is the share of pairs in the wrong
    order.
    """
    for name, place in (("upper", upper), ("lower", lower)):
        if not 1 <= place <= length:
            raise ValueError(f"{name} must be a place from 1 to {length}, got {place!r}")
    s, y = -step * np.arange(length), np.zeros(length)
    y[[upper - 1, lower - 1]] = 1
    good, bad = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    slopes = pairwise_logistic_grad(np.repeat(s[good], len(bad)), np.tile(s[bad], len(good)), reduction="none").reshape(
        len(good), len(bad)
    )
    pairs = np.zeros(length)
    pairs[good], pairs[bad] = -slopes.sum(axis=1), slopes.sum(axis=0)
    return Pulls(pairs, -lambda_gradient(s, y), misordered(s[good], s[bad]), ndcg(s, y))
