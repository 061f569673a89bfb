"""Strengths from results, weights on pairs from NDCG, and the policies that preferences ask for."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize
from scipy.sparse.csgraph import connected_components

from lossbook.core import Floats, check_distribution, number, real, same_shape
from lossbook.losses.ranking import pairwise_logistic, pairwise_logistic_grad
from lossbook.losses.scores import sigmoid, softmax

# ── Comparisons ──────────────────────────────────────────────────────────────────────────────────────────────────────


def misordered(preferred: ArrayLike, other: ArrayLike) -> float:
    """The share of all pairs, one score of each group, that stand in the wrong order; ties count half: 1 − AUC.

    >>> misordered([1.0, 2.0], [0.0, 2.0])
    0.375
    """
    leads = real("preferred", preferred).ravel()[:, np.newaxis] - real("other", other).ravel()
    if leads.size == 0:
        raise ValueError("preferred and other must hold at least one score each, got none")
    return float(((leads < 0) + (leads == 0) / 2).mean())


def win_probability(strengths: ArrayLike) -> Floats:
    """Bradley and Terry's probability that the item of a row beats that of a column, from the difference of strengths.

    >>> win_probability([np.log(3.0), 0.0])
    array([[0.5 , 0.75],
           [0.25, 0.5 ]])
    """
    s = real("strengths", strengths)
    return sigmoid(s[:, np.newaxis] - s)


def fit_strengths(wins: ArrayLike, *, penalty: float = 0.0) -> Floats:
    """The strengths, with mean 0, under which the results are most probable: Bradley and Terry's.

    `wins[i, j]` counts how often i beat j. `penalty` adds penalty/2 · Σ s² to the total loss. Without one the strengths
    are finite only if no group of items has won every game against the rest, which is refused.

    >>> fit_strengths([[0, 3], [1, 0]]).round(6)  # the difference is log 3
    array([ 0.549306, -0.549306])
    """
    counts = real("wins", wins)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or len(counts) == 0:
        raise ValueError(f"wins must be a square matrix, got shape {counts.shape}")
    if np.any(counts < 0) or not np.isfinite(counts).all():
        raise ValueError("wins must be finite and not negative")
    penalty = number("penalty", penalty, 0, closed=True)
    if penalty == 0 and connected_components(counts > 0, directed=True, connection="strong")[0] > 1:
        raise ValueError("wins must leave no group that won every game against the rest: give a penalty")
    winners, losers = np.nonzero(counts)
    times = counts[winners, losers]

    def cost(s: Floats) -> tuple[float, Floats]:
        losses = np.asarray(pairwise_logistic(s[winners], s[losers], reduction="none"))
        slopes = times * pairwise_logistic_grad(s[winners], s[losers], reduction="none")
        gradient = np.bincount(winners, slopes, len(s)) - np.bincount(losers, slopes, len(s))
        return float(times @ losses + penalty / 2 * s @ s), gradient + penalty * s

    def curvature(s: Floats) -> Floats:
        p = win_probability(s)
        links = (counts + counts.T) * p * (1 - p)
        return np.diag(links.sum(axis=1) + penalty) - links

    s = np.zeros(len(counts))
    if times.size:
        s = optimize.minimize(cost, s, jac=True, hess=curvature, method="trust-exact", options={"gtol": 1e-10}).x
    return s - s.mean()


# ── Lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def lambda_gradient(scores: ArrayLike, relevance: ArrayLike) -> Floats:
    """LambdaRank's step on the scores of one list: pairwise logistic slopes, each times the change of NDCG by a swap.

    Gains are the relevances themselves and discounts 1/log₂(1 + place), as in scikit-learn's `ndcg_score`. It is the
    gradient of no loss that is written down: the weights are taken as fixed.

    >>> lambda_gradient([0.0, 1.0], [1.0, 0.0]).round(4) + 0.0
    array([-0.2698,  0.2698])
    """
    s, y = real("scores", scores), real("relevance", relevance)
    same_shape("scores", s, "relevance", y)
    if s.ndim != 1 or np.any(y < 0):
        raise ValueError("scores and relevance must be one list, with no relevance below 0")
    place = np.empty(s.size, dtype=int)
    place[np.argsort(-s, kind="stable")] = np.arange(1, s.size + 1)
    discount = 1 / np.log2(1 + place)
    ideal = float(np.sort(y)[::-1] @ (1 / np.log2(1 + np.arange(1, s.size + 1))))
    if ideal == 0:
        return np.zeros(s.shape)
    swap = np.abs((y[:, np.newaxis] - y) * (discount[:, np.newaxis] - discount)) / ideal
    above = y[:, np.newaxis] > y
    pull = np.where(above, swap * sigmoid(-(s[:, np.newaxis] - s)), 0.0)
    return pull.sum(axis=0) - pull.sum(axis=1)


# ── Policies ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def best_policy(reference: ArrayLike, reward: ArrayLike, beta: float) -> Floats:
    """The policy with the largest average reward less β times its KL divergence from the reference: ∝ π_ref exp(r/β).

    >>> best_policy([0.5, 0.5], [np.log(3.0), 0.0], beta=1.0)
    array([0.75, 0.25])
    """
    base, r, beta = check_distribution("reference", reference), real("reward", reward), number("beta", beta, 0)
    same_shape("reference", base, "reward", r)
    with np.errstate(divide="ignore"):
        return softmax(np.log(base) + r / beta)


def implied_reward(policy: ArrayLike, reference: ArrayLike, beta: float) -> Floats:
    """The reward, up to one number for all answers, for which a policy is best: β log(π/π_ref).

    >>> implied_reward([0.75, 0.25], [0.5, 0.5], beta=1.0).round(6)
    array([ 0.405465, -0.693147])
    """
    p, base = check_distribution("policy", policy), check_distribution("reference", reference)
    same_shape("policy", p, "reference", base)
    with np.errstate(divide="ignore", invalid="ignore"):
        return number("beta", beta, 0) * (np.log(p) - np.log(base))
