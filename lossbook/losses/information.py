r"""Information: surprisal, entropy and the divergences between distributions.

These are quantities before they are objectives, so the default reduction is "none": one number per distribution, a
float for a single one. Argument order is (p, q): p is the truth, q the model. Every divergence has two gradients,
`x_grad` with respect to p and `x_grad_q` with respect to q, which a model needs that predicts q. They are the plain
partial derivatives of the printed sum, as autograd gives them; on the simplex only their differences between outcomes
mean anything.

0 · log 0 = 0 throughout, and p > 0 where q = 0 costs infinity.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import (
    Argument,
    Card,
    Floats,
    Loss,
    check_distribution,
    check_probability,
    number,
    quiet,
    reduce,
    reduce_grad,
    same_shape,
)
from lossbook.numerics import log_ratio, x_minus_log1p, xlogy

__all__ = [
    "CROSS_ENTROPY",
    "JS_DIVERGENCE",
    "KL_DIVERGENCE",
    "cross_entropy",
    "cross_entropy_grad",
    "cross_entropy_grad_q",
    "entropy",
    "js_divergence",
    "js_divergence_grad",
    "js_divergence_grad_q",
    "kl_divergence",
    "kl_divergence_grad",
    "kl_divergence_grad_q",
    "surprisal",
]

_P_AND_Q = {"p": Argument("p", "distribution"), "q": Argument("q", "distribution")}


def _unit(base: float | None) -> float:
    """How many nats the unit of information with this base has: log 2 for bits, 1 for nats (None)."""
    return 1.0 if base is None else math.log(number("base", base, 1))


def _pair(p: ArrayLike, q: ArrayLike, axis: int) -> tuple[Floats, Floats]:
    p, q = check_distribution("p", p, axis), check_distribution("q", q, axis)
    same_shape("p", p, "q", q)
    return p, q


def reduced(values: Floats, reduction: str) -> Floats | float:
    """As `reduce`, but the information of a single distribution is a float under "none" too."""
    result = reduce(values, reduction)
    return float(result) if np.ndim(result) == 0 else result


def _grad(slopes: Floats, axis: int, reduction: str, base: float | None) -> Floats:
    return reduce_grad(slopes / _unit(base), reduction, slopes.size // max(slopes.shape[axis], 1))


def surprisal(p: ArrayLike, *, base: float | None = None) -> Floats | float:
    r"""How surprising an outcome of probability p is, −log p.

    .. math:: I(p) = -\log p

    Parameters
    ----------
    p : array_like
        Probabilities in [0, 1], any shape; they need not sum to one.
    base : float, optional
        Base of the logarithm, greater than 1: 2 gives bits. Nats by default.

    Returns
    -------
    float or ndarray
        In nats, or in units of the base; the shape of `p`. An impossible outcome is infinitely surprising.

    Raises
    ------
    ValueError
        If a probability lies outside [0, 1] or the base is not finite and greater than 1.

    References
    ----------
    Shannon (1948), "A mathematical theory of communication", *Bell System Technical Journal* 27.

    Examples
    --------
    >>> surprisal([0.5, 0.25, 1.0, 0.0], base=2)
    array([ 1.,  2.,  0., inf])
    """
    p = check_probability("p", p)
    with np.errstate(divide="ignore"):
        return reduced(np.abs(np.log(p)) / _unit(base), "none")  # log p ≤ 0; abs avoids −0


def entropy(p: ArrayLike, *, base: float | None = None, axis: int = -1) -> Floats | float:
    r"""Shannon entropy: the surprise to expect from a distribution.

    .. math:: H(p) = -\sum_{k=1}^{K} p_k \log p_k

    Parameters
    ----------
    p : array_like
        Distributions along `axis`.
    base : float, optional
        Base of the logarithm, greater than 1: 2 gives bits. Nats by default.
    axis : int
        The axis along which the probabilities sum to one.

    Returns
    -------
    float or ndarray
        Between 0 and log K; the shape of `p` without `axis`, a float for one distribution.

    Raises
    ------
    ValueError
        If `p` has a negative entry or does not sum to one along the axis within 1e-6, or the base is not finite and
        greater than 1.

    References
    ----------
    Shannon (1948), "A mathematical theory of communication", *Bell System Technical Journal* 27.

    Examples
    --------
    >>> entropy([0.5, 0.5], base=2)
    1.0
    >>> entropy([[1.0, 0.0], [0.25, 0.75]], base=2)
    array([0.        , 0.81127812])
    """
    p = check_distribution("p", p, axis)
    return reduced(np.abs(xlogy(p, p)).sum(axis=axis) / _unit(base), "none")


def cross_entropy(
    p: ArrayLike, q: ArrayLike, *, base: float | None = None, axis: int = -1, reduction: str = "none"
) -> Floats | float:
    r"""Cross-entropy: the surprise to expect when p deals the outcomes and q is believed.

    .. math:: H(p, q) = -\sum_{k=1}^{K} p_k \log q_k = H(p) + D_{\mathrm{KL}}(p \,\|\, q)

    Parameters
    ----------
    p, q : array_like
        Distributions of one shape along `axis`: the truth and the model.
    base : float, optional
        Base of the logarithm, greater than 1: 2 gives bits. Nats by default.
    axis : int
        The axis along which the probabilities sum to one.
    reduction : {"none", "mean", "sum"}
        One value per distribution, their mean, or their sum.

    Returns
    -------
    float or ndarray
        The shape of `p` without `axis`; a float for one distribution, "mean" and "sum". Infinite where q = 0 < p.

    Raises
    ------
    ValueError
        If the shapes differ, p or q has a negative entry or does not sum to one within 1e-6, the base is not finite and
        greater than 1, the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    From scores instead of probabilities use `softmax_cross_entropy`, which cannot underflow.

    References
    ----------
    Cover and Thomas (2006), *Elements of Information Theory*, 2nd edition, chapters 2 and 5.

    Examples
    --------
    >>> cross_entropy([0.5, 0.5], [0.25, 0.75], base=2)
    1.207518749639422
    >>> cross_entropy([0.5, 0.5], [1.0, 0.0])
    inf
    """
    p, q = _pair(p, q, axis)
    return reduced(np.abs(xlogy(p, q)).sum(axis=axis) / _unit(base), reduction)


def cross_entropy_grad(
    p: ArrayLike, q: ArrayLike, *, base: float | None = None, axis: int = -1, reduction: str = "none"
) -> Floats:
    """d cross_entropy / d p = −log q. Arguments as in `cross_entropy`; the shape of `p`.

    >>> cross_entropy_grad([0.5, 0.5], [0.25, 0.75], base=2)
    array([2.       , 0.4150375])
    """
    p, q = _pair(p, q, axis)
    with np.errstate(divide="ignore"):
        return _grad(np.abs(np.log(q)), axis, reduction, base)


def cross_entropy_grad_q(
    p: ArrayLike, q: ArrayLike, *, base: float | None = None, axis: int = -1, reduction: str = "none"
) -> Floats:
    """d cross_entropy / d q = −p/q, and 0 where p = 0. Arguments as in `cross_entropy`; the shape of `q`.

    >>> cross_entropy_grad_q([0.5, 0.5], [0.25, 0.75])
    array([-2.        , -0.66666667])
    """
    p, q = _pair(p, q, axis)
    with np.errstate(divide="ignore", over="ignore"):
        ratio = np.divide(p, q, out=np.zeros_like(p), where=~(p == 0))
    return _grad(-ratio, axis, reduction, base)


CROSS_ENTROPY = Loss(
    value=cross_entropy,
    grad=cross_entropy_grad,
    more_grads={"q": cross_entropy_grad_q},
    title="cross-entropy",
    synonyms=("log loss", "logarithmic score"),
    latex=r"-\sum_{k=1}^{K} p_k \log q_k",
    latex_grad={"p": r"-\log q_k", "q": r"-\frac{p_k}{q_k}"},
    arguments=_P_AND_Q,
    estimates="the distribution p itself",
    torch="torch.nn.functional.cross_entropy (from logits, soft targets)",
    sklearn="sklearn.metrics.log_loss",
    optax="optax.softmax_cross_entropy (from logits)",
    card=Card(
        what="The average surprise of who believes $q$ while $p$ deals the outcomes.",
        why="Maximum likelihood: with the shares in the data as $p$ it is minus the log-likelihood per example.",
        strengths=(
            r"It has the minimiser of $D_{\mathrm{KL}}(p \,\|\, q)$ and does without the entropy of $p$.",
            "Convex in $q$.",
            "Of $q$ only the probabilities of what occurs count.",
        ),
        weaknesses=(
            "Its lowest value is the entropy of $p$, 0 only if $p$ is certain: alone it does not say how good $q$ is.",
            "One outcome that occurs and was given the probability 0 makes it infinite.",
        ),
        pytorch="-torch.xlogy(p, q).sum(-1).mean()",
    ),
    source="coverthomas2006",
    chapter="cross-entropy",
    keras="keras.losses.CategoricalCrossentropy",
)


def _divergence(p: Floats, q: Floats, change: Floats, axis: int) -> Floats:
    """Σ p log(p/q) as Σ [p log(p/q) − p + q]: no term is negative, so nothing
    cancels. `change` is q − p.

    The added Σ(q − p) is 0 for distributions; what rounding makes of it is
    exactly the noise that the plain sum has.
    """
    with quiet():
        near = np.abs(change) <= p / 2
        nearby = p * x_minus_log1p(change / p)
        terms = np.where(near, nearby, change - p * log_ratio(q, p))
    return np.where(p == 0, q, terms).sum(axis=axis)


def kl_divergence(
    p: ArrayLike, q: ArrayLike, *, base: float | None = None, axis: int = -1, reduction: str = "none"
) -> Floats | float:
    r"""Kullback–Leibler divergence of the model q against the truth p: the extra surprise of believing q while p deals.

    .. math:: D_{\mathrm{KL}}(p \,\|\, q) = \sum_{k=1}^{K} p_k \log \frac{p_k}{q_k}

    Parameters
    ----------
    p, q : array_like
        Distributions of one shape along `axis`: the truth first, the model second.
    base : float, optional
        Base of the logarithm, greater than 1: 2 gives bits. Nats by default.
    axis : int
        The axis along which the probabilities sum to one.
    reduction : {"none", "mean", "sum"}
        One value per distribution, their mean, or their sum.

    Returns
    -------
    float or ndarray
        At least 0, and 0 only for p = q; the shape of `p` without `axis`, a float for one distribution, "mean" and
        "sum". Infinite where q = 0 < p; outcomes with p = 0 cost nothing.

    Raises
    ------
    ValueError
        If the shapes differ, p or q has a negative entry or does not sum to one within 1e-6, the base is not finite and
        greater than 1, the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    PyTorch's `kl_div(input, target)` takes the model first, as logarithms, and its "mean" divides by the number of
    *elements*; only "batchmean" divides by the number of distributions, as "mean" does here. Distributions that
    differ in their last digits alone still have a divergence of full relative accuracy.

    References
    ----------
    Kullback and Leibler (1951), "On information and sufficiency", *Annals of Mathematical Statistics* 22, 79–86.

    Examples
    --------
    >>> kl_divergence([0.5, 0.5], [0.25, 0.75], base=2)
    0.2075187496394219
    >>> kl_divergence([1.0, 0.0], [0.5, 0.5]), kl_divergence([0.5, 0.5], [1.0, 0.0])
    (0.6931471805599453, inf)
    """
    p, q = _pair(p, q, axis)
    return reduced(_divergence(p, q, q - p, axis) / _unit(base), reduction)


def kl_divergence_grad(
    p: ArrayLike, q: ArrayLike, *, base: float | None = None, axis: int = -1, reduction: str = "none"
) -> Floats:
    """d kl_divergence / d p = log(p/q) + 1, for a model that predicts p (the "reverse" use). Shape of `p`.

    −inf where p = 0 < q, +inf where q = 0. Arguments as in `kl_divergence`.

    >>> kl_divergence_grad([0.5, 0.5], [0.25, 0.75])
    array([1.69314718, 0.59453489])
    """
    p, q = _pair(p, q, axis)
    slopes = log_ratio(p, np.where(q == 0, 1.0, q)) + 1
    return _grad(np.where(q == 0, np.inf, slopes), axis, reduction, base)


def kl_divergence_grad_q(
    p: ArrayLike, q: ArrayLike, *, base: float | None = None, axis: int = -1, reduction: str = "none"
) -> Floats:
    """d kl_divergence / d q = −p/q, the same as that of the cross-entropy: H(p) does not depend on q.

    >>> kl_divergence_grad_q([0.5, 0.5], [0.25, 0.75])
    array([-2.        , -0.66666667])
    """
    return cross_entropy_grad_q(p, q, base=base, axis=axis, reduction=reduction)


KL_DIVERGENCE = Loss(
    value=kl_divergence,
    grad=kl_divergence_grad,
    more_grads={"q": kl_divergence_grad_q},
    title="Kullback–Leibler divergence",
    synonyms=("relative entropy", "information gain", "KL"),
    latex=r"\sum_{k=1}^{K} p_k \log \frac{p_k}{q_k}",
    latex_grad={"p": r"\log \frac{p_k}{q_k} + 1", "q": r"-\frac{p_k}{q_k}"},
    arguments=_P_AND_Q,
    estimates="the distribution p itself",
    torch="torch.nn.functional.kl_div",
    sklearn="",
    optax="optax.kl_divergence",
    card=Card(
        what="The surprise that believing $q$ adds, on average, while $p$ deals the outcomes.",
        why="The price of a wrong belief, in evidence per example or in bits per message.",
        strengths=(
            "0 for $q = p$ and nowhere else.",
            "Adds up over independent parts.",
            "Convex in the pair of $p$ and $q$.",
        ),
        weaknesses=(
            "Infinite as soon as $q$ is 0 where $p$ is not.",
            "Not symmetric: which model of a small family is the best depends on the order.",
            "Outcomes are names: a near miss costs as much as a far one.",
        ),
        pytorch='F.kl_div(q.log(), p, reduction="batchmean")',
    ),
    source="kullback1951",
    chapter="kl-divergence",
    keras="keras.losses.KLDivergence (the truth first)",
    scipy="scipy.stats.entropy",
)


def js_divergence(
    p: ArrayLike, q: ArrayLike, *, base: float | None = None, axis: int = -1, reduction: str = "none"
) -> Floats | float:
    r"""Jensen–Shannon divergence: how far p and q are, on average, from their mixture. Its square root is a metric.

    .. math:: D_{\mathrm{JS}}(p, q) = \tfrac12 D_{\mathrm{KL}}(p \,\|\, m) + \tfrac12 D_{\mathrm{KL}}(q \,\|\, m),
              \qquad m = \tfrac12 (p + q)

    Parameters
    ----------
    p, q : array_like
        Distributions of one shape along `axis`; the order does not matter.
    base : float, optional
        Base of the logarithm, greater than 1: 2 gives bits. Nats by default.
    axis : int
        The axis along which the probabilities sum to one.
    reduction : {"none", "mean", "sum"}
        One value per pair, their mean, or their sum.

    Returns
    -------
    float or ndarray
        Between 0 and log 2 (1 bit), reached by distributions with no outcome in common; never infinite.

    Raises
    ------
    ValueError
        As `kl_divergence`.

    Notes
    -----
    SciPy's `jensenshannon` is the square root of this.

    References
    ----------
    Lin (1991), "Divergence measures based on the Shannon entropy", *IEEE Trans. Information Theory* 37, 145–151.

    Examples
    --------
    >>> js_divergence([1.0, 0.0], [0.0, 1.0], base=2)
    1.0
    """
    p, q = _pair(p, q, axis)
    half = (q - p) / 2  # m − p, exact even where m itself would round to p
    both = _divergence(p, p + half, half, axis) + _divergence(q, q - half, -half, axis)
    return reduced(both / 2 / _unit(base), reduction)


def _js_slopes(p: Floats, q: Floats) -> Floats:
    """½ log(p/m); where neither has mass the slope from the right, ½ log 2."""
    with quiet():
        half = (q - p) / 2
        slopes = np.where(np.abs(half) <= p / 2, -np.log1p(half / p), log_ratio(p, p + half))
    return np.where((p == 0) & (q == 0), math.log(2), slopes) / 2


def js_divergence_grad(
    p: ArrayLike, q: ArrayLike, *, base: float | None = None, axis: int = -1, reduction: str = "none"
) -> Floats:
    """d js_divergence / d p = ½ log(p/m), −inf where p = 0 < q. Arguments as in `js_divergence`; the shape of `p`.

    >>> js_divergence_grad([0.5, 0.5], [1.0, 0.0])
    array([-0.20273255,  0.34657359])
    """
    p, q = _pair(p, q, axis)
    return _grad(_js_slopes(p, q), axis, reduction, base)


def js_divergence_grad_q(
    p: ArrayLike, q: ArrayLike, *, base: float | None = None, axis: int = -1, reduction: str = "none"
) -> Floats:
    """d js_divergence / d q = ½ log(q/m), −inf where q = 0 < p. Arguments as in `js_divergence`; the shape of `q`.

    >>> js_divergence_grad_q([1.0, 0.0], [0.5, 0.5])
    array([-0.20273255,  0.34657359])
    """
    p, q = _pair(p, q, axis)
    return _grad(_js_slopes(q, p), axis, reduction, base)


JS_DIVERGENCE = Loss(
    value=js_divergence,
    grad=js_divergence_grad,
    more_grads={"q": js_divergence_grad_q},
    title="Jensen–Shannon divergence",
    synonyms=("JSD", "information radius"),
    latex=r"\frac{1}{2}\sum_{k=1}^{K} p_k \log \frac{2 p_k}{p_k + q_k} "
    r"+ \frac{1}{2}\sum_{k=1}^{K} q_k \log \frac{2 q_k}{p_k + q_k}",
    latex_grad={
        "p": r"\frac{1}{2} \log \frac{2 p_k}{p_k + q_k}",
        "q": r"\frac{1}{2} \log \frac{2 q_k}{p_k + q_k}",
    },
    arguments=_P_AND_Q,
    estimates="the distribution p itself",
    card=Card(
        what="The average divergence of $p$ and of $q$ from their mixture in equal parts.",
        why="Two distributions of which neither is the truth, and which may have zeros.",
        strengths=(
            r"Symmetric, and never above $\log 2$.",
            "Its square root obeys the triangle inequality.",
        ),
        weaknesses=(
            r"Two that share no outcome are at $\log 2$, near or far: no small shift brings them closer.",
            "It does not add up over independent parts.",
        ),
        pytorch=(
            "(\n    torch.xlogy(p, 2 * p) - torch.xlogy(p, p + q)\n"
            "    + torch.xlogy(q, 2 * q) - torch.xlogy(q, p + q)\n).sum(-1).mean() / 2"
        ),
    ),
    source="lin1991",
    chapter="kl-divergence",
    scipy="scipy.spatial.distance.jensenshannon (its square root)",
)
