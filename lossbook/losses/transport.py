"""Wasserstein-1: how far mass has to be carried. Exact in one dimension, by sorting; elsewhere with a critic."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import (
    Argument,
    Card,
    Floats,
    Loss,
    Parameter,
    check_distribution,
    number,
    quiet,
    real,
    reduce,
    reduce_grad,
    same_shape,
)
from lossbook.losses._components import components, same_batch, total_grad
from lossbook.losses._embeddings import direction, norm

__all__ = [
    "GRADIENT_PENALTY",
    "WASSERSTEIN_1",
    "WASSERSTEIN_1_HISTOGRAM",
    "WASSERSTEIN_CRITIC",
    "WASSERSTEIN_GENERATOR",
    "gradient_penalty",
    "gradient_penalty_grad",
    "transport_plan",
    "wasserstein_1",
    "wasserstein_1_grad",
    "wasserstein_1_histogram",
    "wasserstein_1_histogram_grad",
    "wasserstein_1_histogram_grad_q",
    "wasserstein_critic",
    "wasserstein_critic_grad",
    "wasserstein_critic_grad_fake_scores",
    "wasserstein_generator",
    "wasserstein_generator_grad",
]


# ── In one dimension, by sorting ─────────────────────────────────────────────────────────────────────────────────────


class Plan(NamedTuple):
    """Who carries how much where: `mass[k]` goes from value `source[k]` of one sample to `goal[k]` of the other."""

    source: NDArray[np.intp]
    goal: NDArray[np.intp]
    mass: Floats


def _weights(name: str, weights: ArrayLike | None, sample: Floats) -> Floats | None:
    if weights is None:
        return None
    array = check_distribution(name, weights)
    same_shape(name, array, name.partition("_")[0], sample)
    return np.asarray(array / array.sum(axis=-1, keepdims=True))


def _plan(x: Floats, y: Floats, p: Floats | None, q: Floats | None) -> Plan:
    """The plan of least work between two rows: the lowest mass of one to the lowest place of the other, and so on."""
    n, m = len(x), len(y)
    i, j = np.argsort(x, kind="stable"), np.argsort(y, kind="stable")
    if p is None and q is None:  # in whole numbers of 1/(nm), so that nothing is rounded
        filled, wanted = np.arange(1, n + 1) * m, np.arange(1, m + 1) * n
        unit: float = n * m
    else:
        filled = np.cumsum(np.full(n, 1 / n) if p is None else p[i])
        wanted = np.cumsum(np.full(m, 1 / m) if q is None else q[j])
        filled[-1] = wanted[-1] = unit = 1.0
    edges = np.union1d(filled, wanted)
    mass = np.diff(edges, prepend=0) / unit
    kept = mass > 0
    where = [np.searchsorted(ends, edges[kept], side="left") for ends in (filled, wanted)]
    return Plan(i[np.minimum(where[0], n - 1)], j[np.minimum(where[1], m - 1)], mass[kept])


def _samples(
    x: ArrayLike, y: ArrayLike, x_weights: ArrayLike | None, y_weights: ArrayLike | None
) -> tuple[Floats, Floats, list[Plan]]:
    """Both arrays as rows of samples, and a plan for each pair of rows."""
    a, b = components("x", x), components("y", y)
    same_batch("x", a, "y", b)
    p, q = _weights("x_weights", x_weights, a), _weights("y_weights", y_weights, b)
    rows = [None if array is None else array.reshape(-1, array.shape[-1]) for array in (a, b, p, q)]
    count = a.size // a.shape[-1]
    plans = [_plan(*(None if row is None else row[k] for row in rows)) for k in range(count)]  # type: ignore[arg-type]
    return a, b, plans


def transport_plan(
    x: ArrayLike, y: ArrayLike, *, x_weights: ArrayLike | None = None, y_weights: ArrayLike | None = None
) -> Plan:
    """The cheapest way to carry one sample of numbers onto another: in order. Arguments as in `wasserstein_1`, one row.

    >>> transport_plan([0.0, 10.0], [11.0, 1.0]).goal.tolist()
    [1, 0]
    >>> transport_plan([0.0], [1.0, 3.0]).mass.tolist()
    [0.5, 0.5]
    """
    a, _, plans = _samples(x, y, x_weights, y_weights)
    if a.ndim != 1:
        raise ValueError(f"x must be one sample, shape (n,), got shape {a.shape}")
    return plans[0]


def wasserstein_1(
    x: ArrayLike,
    y: ArrayLike,
    *,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
    reduction: str = "mean",
) -> Floats | float:
    r"""Wasserstein-1 distance of two samples of numbers: the mean way that each has to go, carried in order.

    .. math:: \ell = \frac{1}{n} \sum_{i=1}^{n} |x_i - z_i|

    where z_i is the value of y with the rank of x_i, for samples of one size n.

    Parameters
    ----------
    x, y : array_like
        Samples on the last axis, shapes (…, n) and (…, m). The sizes may differ; then a value is carried in parts.
    x_weights, y_weights : array_like, optional
        The share of mass at each value, in the shape of its sample, summing to 1; equal shares if left out.
    reduction : {"none", "mean", "sum"}
        One distance per pair of samples, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In the unit of the values, at least 0.

    Raises
    ------
    ValueError
        If a sample is empty, the shapes before the last axis differ, weights are negative or do not sum to 1, the
        reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    `scipy.stats.wasserstein_distance` divides weights by their sum, whatever it is: masses 3 and 1 at one place are
    0 apart there. Here different masses are refused: no plan carries the one onto the other.

    References
    ----------
    Villani (2009), *Optimal transport: Old and new*, chapter 6.

    Examples
    --------
    >>> wasserstein_1([0.0, 1.0, 3.0], [5.0, 6.0, 8.0])
    5.0
    >>> wasserstein_1([0.0], [1.0, 3.0], y_weights=[0.75, 0.25])
    1.5
    """
    a, b, plans = _samples(x, y, x_weights, y_weights)
    rows, others = a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1])
    with quiet():
        ways = [
            np.sum(np.abs(row[plan.source] - other[plan.goal]) * plan.mass)
            for row, other, plan in zip(rows, others, plans, strict=True)
        ]
    return reduce(np.reshape(ways, a.shape[:-1]), reduction)


def wasserstein_1_grad(
    x: ArrayLike,
    y: ArrayLike,
    *,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
    reduction: str = "mean",
) -> Floats:
    """d wasserstein_1 / d x: the mass of each value, with the sign of the way it is carried from its goal.

    Every value is pulled with its whole mass, however far it has to go. Where two values meet the sign is 0; the
    weights are held fixed. Arguments as in `wasserstein_1`.

    >>> wasserstein_1_grad([0.0, 10.0], [1.0, 2.0])
    array([-0.5,  0.5])
    """
    a, b, plans = _samples(x, y, x_weights, y_weights)
    rows, others = a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1])
    slopes = np.zeros_like(rows)
    with quiet():
        for slope, row, other, plan in zip(slopes, rows, others, plans, strict=True):
            np.add.at(slope, plan.source, np.sign(row[plan.source] - other[plan.goal]) * plan.mass)
    return total_grad(slopes.reshape(a.shape), reduction)


WASSERSTEIN_1 = Loss(
    value=wasserstein_1,
    grad=wasserstein_1_grad,
    title="Wasserstein-1 distance of samples",
    synonyms=("Wasserstein distance", "earth mover's distance", "Kantorovich–Rubinstein distance", "W1"),
    latex=r"\frac{1}{n} \sum_{i=1}^{n} |x_i - z_i|",
    latex_grad={"x": r"\frac{1}{n} \operatorname{sign}(x_i - z_i)"},
    where=r"$z_i$ is the value of $y$ that has the rank of $x_i$ when both samples are sorted, for samples of one "
    r"size $n$.",
    arguments={
        "x": Argument("x", "components", "a sample of real numbers, on the last axis"),
        "y": Argument("y", "components", "the other sample, on the last axis; its size may differ"),
    },
    estimates="the sample y: every value carried onto the one of its rank",
    scipy="scipy.stats.wasserstein_distance",
    card=Card(
        what="The mean way that values have to be carried, in order.",
        why="Divergences do not notice how far apart two distributions are.",
        strengths=(
            "A sample and its copy moved by $d$ are $d$ apart: the slope does not fade.",
            "A distance: symmetric, and no detour is shorter.",
        ),
        weaknesses=(
            "Two samples of one distribution are never 0 apart.",
            "One value of $n$ that strays by $d$ costs $d/n$, however large $d$ is.",
        ),
        pytorch="(x.sort(-1).values - y.sort(-1).values).abs().mean(-1).mean()",
    ),
    source="villani2009",
    chapter="generative",
)


# ── Histograms over the same places ──────────────────────────────────────────────────────────────────────────────────


def _excess(p: ArrayLike, q: ArrayLike, width: float) -> tuple[Floats, float]:
    """How much more mass p has than q up to each border between two bins, and the width of a bin."""
    a, b = check_distribution("p", p), check_distribution("q", q)
    same_shape("p", a, "q", b)
    return np.cumsum(a - b, axis=-1)[..., :-1], number("width", width, 0)


def _histogram_grad(excess: Floats, width: float, reduction: str) -> Floats:
    """Mass added to a bin crosses every border above it."""
    signs = np.sign(excess)
    behind = np.concatenate([signs, np.zeros((*signs.shape[:-1], 1))], axis=-1)
    return total_grad(width * np.cumsum(behind[..., ::-1], axis=-1)[..., ::-1], reduction)


def wasserstein_1_histogram(
    p: ArrayLike, q: ArrayLike, *, width: float = 1.0, reduction: str = "mean"
) -> Floats | float:
    r"""Wasserstein-1 distance of two histograms over the same bins of equal width: mass that crosses borders.

    .. math:: \ell = \Delta \sum_{j=1}^{K} \left|\sum_{k=1}^{K} [k \le j] \left(p_k - q_k\right)\right|

    Parameters
    ----------
    p, q : array_like
        Distributions over K bins in order, on the last axis, of one shape.
    width : float
        Δ > 0, the distance from one bin to the next.
    reduction : {"none", "mean", "sum"}
        One distance per pair, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In the unit of the width, at least 0 and at most (K − 1)Δ.

    Raises
    ------
    ValueError
        If p or q is no distribution, the shapes differ, the width is not finite and greater than 0, the reduction is
        unknown, or "mean" meets an empty batch.

    References
    ----------
    Villani (2009), *Optimal transport: Old and new*, chapter 6.

    Examples
    --------
    >>> wasserstein_1_histogram([1.0, 0.0, 0.0], [0.0, 0.0, 1.0])
    2.0
    """
    excess, width = _excess(p, q, width)
    with quiet():
        return reduce(width * np.abs(excess).sum(axis=-1), reduction)


def wasserstein_1_histogram_grad(p: ArrayLike, q: ArrayLike, *, width: float = 1.0, reduction: str = "mean") -> Floats:
    """d wasserstein_1_histogram / d p: borders above the bin where p leads, less those where q does, times the width.

    Defined up to one number for all bins, for mass that is added has to be taken elsewhere; here 0 at the last bin.
    Arguments as in `wasserstein_1_histogram`.

    >>> wasserstein_1_histogram_grad([1.0, 0.0, 0.0], [0.0, 0.0, 1.0])
    array([2., 1., 0.])
    """
    return _histogram_grad(*_excess(p, q, width), reduction)


def wasserstein_1_histogram_grad_q(
    p: ArrayLike, q: ArrayLike, *, width: float = 1.0, reduction: str = "mean"
) -> Floats:
    """d wasserstein_1_histogram / d q, the opposite of the gradient with respect to p.

    Arguments as in `wasserstein_1_histogram`.

    >>> wasserstein_1_histogram_grad_q([1.0, 0.0, 0.0], [0.0, 0.0, 1.0])
    array([-2., -1.,  0.])
    """
    return 0.0 - _histogram_grad(*_excess(p, q, width), reduction)


_CROSSING = r"\sum_{i=1}^{K} [i \le j] \left(p_i - q_i\right)"
_BORDERS = rf"\Delta \sum_{{j=1}}^{{K - 1}} [k \le j] \operatorname{{sign}}\left({_CROSSING}\right)"

WASSERSTEIN_1_HISTOGRAM = Loss(
    value=wasserstein_1_histogram,
    grad=wasserstein_1_histogram_grad,
    more_grads={"q": wasserstein_1_histogram_grad_q},
    title="Wasserstein-1 distance of histograms",
    synonyms=("earth mover's distance", "Mallows distance"),
    latex=r"\Delta \sum_{j=1}^{K} \left|\sum_{k=1}^{K} [k \le j] \left(p_k - q_k\right)\right|",
    latex_grad={"p": _BORDERS, "q": rf"-{_BORDERS}"},
    where="$[k \\le j]$ is 1 where it holds and 0 elsewhere: the inner sum is how much more mass $p$ has than $q$ "
    "up to the border after bin $j$, and 0 after the last.",
    arguments={"p": Argument("p", "distribution"), "q": Argument("q", "distribution")},
    parameters={"width": Parameter(1.0, 0.1, 3.0, r"\Delta")},
    estimates="the distribution p itself",
    scipy="scipy.stats.wasserstein_distance",
    source="villani2009",
    chapter="generative",
)


# ── With a critic ────────────────────────────────────────────────────────────────────────────────────────────────────

REAL = Argument("f_r", "real", "the critic's score of a real thing")
FAKE = Argument("f_g", "real", "the critic's score of a generated thing")


def _scores(real_scores: ArrayLike, fake_scores: ArrayLike) -> tuple[Floats, Floats]:
    a, b = real("real_scores", real_scores), real("fake_scores", fake_scores)
    same_shape("real_scores", a, "fake_scores", b)
    return a, b


def _constant(slope: float, scores: Floats) -> Floats:
    return np.where(np.isnan(scores), scores, slope)


def wasserstein_critic(real_scores: ArrayLike, fake_scores: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""The loss of a Wasserstein critic: its mean score of generated things less its mean score of real ones.

    .. math:: \ell = f_g - f_r

    Parameters
    ----------
    real_scores, fake_scores : array_like
        Scores of real and of generated things, any shape, one shape.
    reduction : {"none", "mean", "sum"}
        One loss per pair, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In the unit of the things, if the critic is 1-Lipschitz. Minus the loss is then a lower bound on the distance.

    Raises
    ------
    ValueError
        If the shapes differ, an argument is not real, the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    Without a bound on the critic's slope it has no minimum: twice the critic is twice the gain. The paper's own code
    minimises the opposite sign, f_r − f_g, and its generator then maximises too: the same game.

    References
    ----------
    Arjovsky et al. (2017), "Wasserstein generative adversarial networks", *ICML*.

    Examples
    --------
    >>> wasserstein_critic([3.0, 1.0], [0.5, 0.5])
    -1.5
    """
    a, b = _scores(real_scores, fake_scores)
    with quiet():
        return reduce(b - a, reduction)


def wasserstein_critic_grad(real_scores: ArrayLike, fake_scores: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d wasserstein_critic / d real_scores = −1, over the number of pairs under "mean". Arguments as in the loss.

    >>> wasserstein_critic_grad([3.0, 1.0], [0.5, 0.5])
    array([-0.5, -0.5])
    """
    a, _ = _scores(real_scores, fake_scores)
    return reduce_grad(_constant(-1.0, a), reduction)


def wasserstein_critic_grad_fake_scores(
    real_scores: ArrayLike, fake_scores: ArrayLike, *, reduction: str = "mean"
) -> Floats:
    """d wasserstein_critic / d fake_scores = 1, over the number of pairs under "mean". Arguments as in the loss.

    >>> wasserstein_critic_grad_fake_scores([3.0, 1.0], [0.5, 0.5])
    array([0.5, 0.5])
    """
    _, b = _scores(real_scores, fake_scores)
    return reduce_grad(_constant(1.0, b), reduction)


WASSERSTEIN_CRITIC = Loss(
    value=wasserstein_critic,
    grad=wasserstein_critic_grad,
    more_grads={"fake_scores": wasserstein_critic_grad_fake_scores},
    title="Wasserstein critic's loss",
    synonyms=("WGAN loss",),
    latex=r"f_g - f_r",
    latex_grad={"real_scores": "-1", "fake_scores": "1"},
    arguments={"real_scores": REAL, "fake_scores": FAKE},
    estimates="with slopes of at most 1, a critic whose gain is the Wasserstein-1 distance",
    source="arjovsky2017",
    chapter="generative",
)


def wasserstein_generator(fake_scores: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""The loss of a generator that faces a Wasserstein critic: minus the critic's score.

    .. math:: \ell = -f_g

    Parameters
    ----------
    fake_scores : array_like
        Scores of generated things, any shape.
    reduction : {"none", "mean", "sum"}
        One loss per thing, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In the unit of the critic. Its size says nothing: a critic plus a constant is as good a critic.

    Raises
    ------
    ValueError
        If the scores are not real, the reduction is unknown, or "mean" meets an empty batch.

    References
    ----------
    Arjovsky et al. (2017), "Wasserstein generative adversarial networks", *ICML*.

    Examples
    --------
    >>> wasserstein_generator([0.5, 1.5])
    -1.0
    """
    return reduce(0.0 - real("fake_scores", fake_scores), reduction)


def wasserstein_generator_grad(fake_scores: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d wasserstein_generator / d fake_scores = −1, over the number of things under "mean". Arguments as in the loss.

    >>> wasserstein_generator_grad([0.5, 1.5])
    array([-0.5, -0.5])
    """
    return reduce_grad(_constant(-1.0, real("fake_scores", fake_scores)), reduction)


WASSERSTEIN_GENERATOR = Loss(
    value=wasserstein_generator,
    grad=wasserstein_generator_grad,
    title="generator's loss against a Wasserstein critic",
    synonyms=("WGAN generator loss",),
    latex=r"-f_g",
    latex_grad={"fake_scores": "-1"},
    arguments={"fake_scores": FAKE},
    estimates="the data's distribution, if the critic is the best one with slopes of at most 1",
    source="arjovsky2017",
    chapter="generative",
)


def gradient_penalty(gradients: ArrayLike, *, penalty: float = 10.0, reduction: str = "mean") -> Floats | float:
    r"""What keeps a critic's slope near 1: the squared distance of the length of its gradient from 1.

    .. math:: \ell = \lambda \left(\lVert g \rVert - 1\right)^2

    Parameters
    ----------
    gradients : array_like
        Gradients g of the critic with respect to its input, of shape (…, D): at random points between a real and a
        generated thing.
    penalty : float
        λ ≥ 0.
    reduction : {"none", "mean", "sum"}
        One penalty per point, their mean, or their sum.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `gradients` without its last axis.

    Raises
    ------
    ValueError
        If there is no component, λ is negative or not finite, the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    On the lines of the best plan the best critic has slope 1. Between a real and a generated thing that are paired at
    random it may be flatter, so the penalty is an approximation; it also lets the slope exceed 1: against a distance W
    a straight critic is best off with 1 + W/(2λ).

    References
    ----------
    Gulrajani et al. (2017), "Improved training of Wasserstein GANs", *NeurIPS*.

    Examples
    --------
    >>> gradient_penalty([[3.0, 4.0], [0.6, 0.8]], reduction="none")
    array([160.,   0.])
    """
    penalty = number("penalty", penalty, 0, closed=True)
    with quiet():
        return reduce(penalty * np.square(norm(components("gradients", gradients)) - 1), reduction)


def gradient_penalty_grad(gradients: ArrayLike, *, penalty: float = 10.0, reduction: str = "mean") -> Floats:
    """d gradient_penalty / d gradients: 2λ(‖g‖ − 1) along g; 0 at g = 0, where there is no direction.

    Arguments as in `gradient_penalty`.

    >>> gradient_penalty_grad([3.0, 4.0], penalty=0.5)
    array([2.4, 3.2])
    """
    penalty, g = number("penalty", penalty, 0, closed=True), components("gradients", gradients)
    with quiet():
        along = 2 * penalty * (norm(g) - 1)
        return total_grad(along[..., np.newaxis] * direction(g, np.zeros_like(g)), reduction)


GRADIENT_PENALTY = Loss(
    value=gradient_penalty,
    grad=gradient_penalty_grad,
    title="gradient penalty",
    synonyms=("WGAN-GP penalty",),
    latex=r"\lambda \left(\lVert g \rVert - 1\right)^2",
    latex_grad={"gradients": r"2 \lambda \left(1 - \frac{1}{\lVert g \rVert}\right) g_k"},
    where="$g$ is the gradient of the critic's score with respect to its input.",
    arguments={"gradients": Argument("g", "embedding", "the critic's gradient at one point, on the last axis")},
    parameters={"penalty": Parameter(10.0, 0.0, 20.0, r"\lambda", "at least 0")},
    estimates="a gradient of length 1",
    card=Card(
        what="The squared distance of the length of a critic's gradient from 1.",
        why="A critic measures Wasserstein-1 if its slopes are at most 1.",
        strengths=("0 for slope 1 in any direction.",),
        weaknesses=(
            r"Not a bound: against a distance $W$ a straight critic does best with slope $1 + W/2\lambda$.",
            "A slope of 0 costs λ and has no gradient to leave by.",
        ),
        pytorch="(penalty * (gradients.norm(dim=-1) - 1) ** 2).mean()",
    ),
    source="gulrajani2017",
    chapter="generative",
)
