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
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy import integrate, special

from lossbook.core import (
    Argument,
    Floats,
    Loss,
    check_distribution,
    check_probability,
    number,
    positive,
    quiet,
    real,
    reduce,
    reduce_grad,
    same_shape,
    shown,
)
from lossbook.numerics import log_ratio, x_minus_log1p

_P_AND_Q = {"p": Argument("p", "distribution"), "q": Argument("q", "distribution")}


def _unit(base: float | None) -> float:
    """How many nats the unit of information with this base has: log 2 for bits, 1 for nats (None)."""
    return 1.0 if base is None else math.log(number("base", base, 1))


def _pair(p: ArrayLike, q: ArrayLike, axis: int) -> tuple[Floats, Floats]:
    p, q = check_distribution("p", p, axis), check_distribution("q", q, axis)
    same_shape("p", p, "q", q)
    return p, q


def _reduced(values: Floats, reduction: str) -> Floats | float:
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
        If a probability lies outside [0, 1] or the base is not greater than 1.

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
        return _reduced(np.abs(np.log(p)) / _unit(base), "none")  # log p ≤ 0; abs avoids −0


def entropy(p: ArrayLike, *, base: float | None = None, axis: int = -1) -> Floats | float:
    r"""Shannon entropy: the surprise to expect from a distribution.

    .. math:: H(p) = -\sum_k p_k \log p_k

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
        If `p` has a negative entry or does not sum to one along the axis, or the base is not greater than 1.

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
    return _reduced(np.abs(special.xlogy(p, p)).sum(axis=axis) / _unit(base), "none")


def cross_entropy(
    p: ArrayLike, q: ArrayLike, *, base: float | None = None, axis: int = -1, reduction: str = "none"
) -> Floats | float:
    r"""Cross-entropy: the surprise to expect when p deals the outcomes and q is believed.

    .. math:: H(p, q) = -\sum_k p_k \log q_k = H(p) + D_{\mathrm{KL}}(p \,\|\, q)

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
        If the shapes differ, p or q has a negative entry or does not sum to one, the base is not greater than 1, the
        reduction is unknown, or "mean" meets an empty batch.

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
    return _reduced(np.abs(special.xlogy(p, q)).sum(axis=axis) / _unit(base), reduction)


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
    source="coverthomas2006",
    chapter="cross-entropy",
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
    r"""Kullback–Leibler divergence of q from p: the extra surprise of believing q while p deals.

    .. math:: D_{\mathrm{KL}}(p \,\|\, q) = \sum_k p_k \log \frac{p_k}{q_k}

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
        If the shapes differ, p or q has a negative entry or does not sum to one, the base is not greater than 1, the
        reduction is unknown, or "mean" meets an empty batch.

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
    return _reduced(_divergence(p, q, q - p, axis) / _unit(base), reduction)


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
    source="kullback1951",
    chapter="kl-divergence",
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
    return _reduced(both / 2 / _unit(base), reduction)


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
    latex=r"\frac{1}{2}\sum_{k=1}^{K} \left(p_k \log \frac{2 p_k}{p_k + q_k} + q_k \log \frac{2 q_k}{p_k + q_k}\right)",
    latex_grad={
        "p": r"\frac{1}{2} \log \frac{2 p_k}{p_k + q_k}",
        "q": r"\frac{1}{2} \log \frac{2 q_k}{p_k + q_k}",
    },
    arguments=_P_AND_Q,
    estimates="the distribution p itself",
    source="lin1991",
    chapter="kl-divergence",
)


# ── Densities ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _normals(
    mean_p: ArrayLike, scale_p: ArrayLike, mean_q: ArrayLike, scale_q: ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    """The four arguments as arrays of one shape; a single number stands for itself everywhere."""
    arguments = {
        "mean_p": real("mean_p", mean_p),
        "scale_p": positive("scale_p", scale_p),
        "mean_q": real("mean_q", mean_q),
        "scale_q": positive("scale_q", scale_q),
    }
    arrays = {name: value for name, value in arguments.items() if value.ndim} or arguments
    first = next(iter(arrays))
    for name, value in arrays.items():
        same_shape(first, arrays[first], name, value)
    full = [np.broadcast_to(value, arrays[first].shape) for value in arguments.values()]
    return full[0], full[1], full[2], full[3]


def kl_normal(
    mean_p: ArrayLike, scale_p: ArrayLike, mean_q: ArrayLike, scale_q: ArrayLike, *, reduction: str = "none"
) -> Floats | float:
    r"""Kullback–Leibler divergence of one normal distribution, q, from another, p.

    .. math:: D_{\mathrm{KL}} = \log\frac{\sigma_q}{\sigma_p}
              + \frac{\sigma_p^2 + (\mu_p - \mu_q)^2}{2 \sigma_q^2} - \frac12

    Parameters
    ----------
    mean_p, scale_p, mean_q, scale_q : array_like
        Means and standard deviations (> 0) of p and of q, in one unit; arrays of one shape, or single numbers.
    reduction : {"none", "mean", "sum"}
        One divergence per element, their mean, or their sum. Dimensions of a diagonal Gaussian add up: "sum".

    Returns
    -------
    float or ndarray
        In nats, at least 0; a float if all four are single numbers.

    Raises
    ------
    ValueError
        If a scale is not greater than 0, the shapes differ, the reduction is unknown, or "mean" meets an empty batch.

    References
    ----------
    Kullback (1959), *Information Theory and Statistics*, chapter 9.

    Examples
    --------
    >>> kl_normal(1.0, 1.0, 0.0, 1.0)
    0.5
    >>> kl_normal([0.0, 0.0], [1.0, 2.0], 0.0, 1.0)
    array([0.        , 0.80685282])
    """
    mean_p, scale_p, mean_q, scale_q = _normals(mean_p, scale_p, mean_q, scale_q)
    with quiet():
        excess = (scale_p - scale_q) / scale_q  # σp/σq − 1
        # ½(r² − 1 − log r²) with r = 1 + x is x − log(1 + x) + x²/2: two terms of which neither is negative
        spread = x_minus_log1p(excess, log_ratio(scale_p, scale_q)) + excess**2 / 2
        return _reduced(spread + ((mean_p - mean_q) / scale_q) ** 2 / 2, reduction)


def _own(slopes: Floats, argument: ArrayLike, reduction: str) -> Floats | float:
    """The slopes of an argument, or their sum where it is one number that every example shares."""
    gradient = reduce_grad(slopes, reduction)
    return float(gradient.sum()) if np.ndim(argument) == 0 else gradient


def kl_normal_grad(
    mean_p: ArrayLike, scale_p: ArrayLike, mean_q: ArrayLike, scale_q: ArrayLike, *, reduction: str = "none"
) -> Floats | float:
    """d kl_normal / d mean_p = (μp − μq)/σq². Arguments as in `kl_normal`.

    Like its three sisters: an array of the common shape, or for an argument that is one number the sum over all.

    >>> kl_normal_grad([1.0], [1.0], [0.0], [2.0])
    array([0.25])
    """
    m, _, n, t = _normals(mean_p, scale_p, mean_q, scale_q)
    with quiet():
        return _own((m - n) / t / t, mean_p, reduction)


def kl_normal_grad_scale_p(
    mean_p: ArrayLike, scale_p: ArrayLike, mean_q: ArrayLike, scale_q: ArrayLike, *, reduction: str = "none"
) -> Floats | float:
    """d kl_normal / d scale_p = σp/σq² − 1/σp. Arguments as in `kl_normal`.

    >>> kl_normal_grad_scale_p([0.0], [2.0], [0.0], [1.0])
    array([1.5])
    """
    _, s, _, t = _normals(mean_p, scale_p, mean_q, scale_q)
    with quiet():  # divided by s in between, so that the product does not overflow where the slope does not
        return _own((s - t) / t / s * (s / t + 1), scale_p, reduction)


def kl_normal_grad_mean_q(
    mean_p: ArrayLike, scale_p: ArrayLike, mean_q: ArrayLike, scale_q: ArrayLike, *, reduction: str = "none"
) -> Floats | float:
    """d kl_normal / d mean_q = −(μp − μq)/σq². Arguments as in `kl_normal`.

    >>> kl_normal_grad_mean_q([1.0], [1.0], [0.0], [2.0])
    array([-0.25])
    """
    m, _, n, t = _normals(mean_p, scale_p, mean_q, scale_q)
    with quiet():
        return _own((n - m) / t / t, mean_q, reduction)


def kl_normal_grad_scale_q(
    mean_p: ArrayLike, scale_p: ArrayLike, mean_q: ArrayLike, scale_q: ArrayLike, *, reduction: str = "none"
) -> Floats | float:
    """d kl_normal / d scale_q = 1/σq − (σp² + (μp − μq)²)/σq³. Arguments as in `kl_normal`.

    >>> kl_normal_grad_scale_q([1.0], [1.0], [0.0], [1.0])
    array([-1.])
    """
    m, s, n, t = _normals(mean_p, scale_p, mean_q, scale_q)
    with quiet():
        spread = (t - s) / t / t * (s / t + 1)  # 1/σq − σp²/σq³ with its digits
        return _own(spread - ((m - n) / t) * ((m - n) / t / t), scale_q, reduction)


KL_NORMAL = Loss(
    value=kl_normal,
    grad=kl_normal_grad,
    more_grads={
        "scale_p": kl_normal_grad_scale_p,
        "mean_q": kl_normal_grad_mean_q,
        "scale_q": kl_normal_grad_scale_q,
    },
    title="KL divergence of two normal distributions",
    synonyms=("Gaussian KL",),
    latex=r"\log \frac{\sigma_q}{\sigma_p} + \frac{\sigma_p^2 + (\mu_p - \mu_q)^2}{2 \sigma_q^2} - \frac{1}{2}",
    latex_grad={
        "mean_p": r"\frac{\mu_p - \mu_q}{\sigma_q^2}",
        "scale_p": r"\frac{\sigma_p}{\sigma_q^2} - \frac{1}{\sigma_p}",
        "mean_q": r"-\frac{\mu_p - \mu_q}{\sigma_q^2}",
        "scale_q": r"\frac{1}{\sigma_q} - \frac{\sigma_p^2 + (\mu_p - \mu_q)^2}{\sigma_q^3}",
    },
    arguments={
        "mean_p": Argument(r"\mu_p", "real"),
        "scale_p": Argument(r"\sigma_p", "positive"),
        "mean_q": Argument(r"\mu_q", "real"),
        "scale_q": Argument(r"\sigma_q", "positive"),
    },
    estimates="mean and standard deviation of the other distribution",
    torch="torch.distributions.kl_divergence",
    source="kullback1959",
    chapter="kl-divergence",
)


Density1D = Callable[[float], float]


def _integral(function: Density1D, edges: Sequence[float]) -> tuple[float, bool]:
    """The integral over the pieces between the edges, and whether every piece converged."""
    total, converged = 0.0, True
    for low, high in pairwise(edges):
        value, error, *report = integrate.quad(
            function, low, high, limit=400, epsabs=1e-13, epsrel=1e-11, full_output=1
        )
        # QUADPACK complains about rounding long before an answer is bad; a small error estimate overrules it
        converged &= math.isfinite(value) and (len(report) == 1 or error <= 1e-7 * max(1.0, abs(value)))
        total += value
    return total, converged


def _edges(low: float, high: float, points: Sequence[float]) -> list[float]:
    """The ends of the interval and the points inside it, in order."""
    for name, end in (("low", low), ("high", high)):
        if np.ndim(end) != 0 or not isinstance(end, int | float | np.number) or math.isnan(end):
            raise ValueError(f"{name} must be a number, got {end!r}")
    if not low < high:
        raise ValueError(f"low must be below high, got {low!r} and {high!r}")
    inside = real("points", points)
    if inside.ndim != 1:
        raise ValueError(f"points must be a sequence of numbers, got {shown(points)}")
    return [float(low), *sorted(point for point in inside.tolist() if low < point < high), float(high)]


def _log_density(name: str, density: Density1D, log: bool, edges: Sequence[float]) -> Density1D:
    """The logarithm of a density, after a check that the density is one."""

    if not callable(density):
        raise ValueError(f"{name} must be a function of one number, got {shown(density)}")

    def logarithm(x: float) -> float:
        value = density(x)
        if not isinstance(value, int | float) and (np.ndim(value) or np.asarray(value).dtype.kind not in "biuf"):
            raise ValueError(f"{name} must return one real number, got {shown(value)} at {x!r}")
        value = float(value)
        if math.isnan(value) or (value < 0 and not log):
            raise ValueError(f"{name} must be a density, got {value!r} at {x!r}")
        if log:
            return value
        return math.log(value) if value > 0 else -math.inf

    mass, converged = _integral(lambda x: _exp(logarithm(x)), edges)
    if not (converged and abs(mass - 1) <= 1e-6):
        raise ValueError(f"{name} must integrate to 1 between {edges[0]:g} and {edges[-1]:g}, got {mass:.9g}")
    return logarithm


def _exp(x: float) -> float:
    """exp(x), infinite where `math.exp` raises."""
    return math.exp(x) if x < 709 else math.inf


def kl_density(
    p: Density1D,
    q: Density1D,
    low: float,
    high: float,
    *,
    log: bool = False,
    points: Sequence[float] = (),
) -> float:
    r"""Kullback–Leibler divergence between two densities on an interval, by quadrature.

    .. math:: D_{\mathrm{KL}}(p \,\|\, q) = \int_{\text{low}}^{\text{high}} p(x) \log\frac{p(x)}{q(x)} \,\mathrm{d}x

    Parameters
    ----------
    p, q : callable
        Densities of one number, truth first; with ``log=True`` their logarithms, which reach far into tails where the
        densities themselves underflow to 0.
    low, high : float
        The interval that holds all the mass of both; either end may be infinite.
    log : bool
        Whether `p` and `q` return log densities.
    points : sequence of float
        Where a density jumps or is very narrow: the quadrature is split there.

    Returns
    -------
    float
        In nats; infinite if p has mass (more than 1e-15) where q is 0.

    Raises
    ------
    ValueError
        If a density is negative, does not integrate to one over the interval (within 1e-6), or if the integral does not
        converge (it may be infinite: the tails of q are then too light for those of p).

    References
    ----------
    Kullback and Leibler (1951), "On information and sufficiency", *Annals of Mathematical Statistics* 22, 79–86.

    Examples
    --------
    >>> round(kl_density(lambda x: 1.0, lambda x: 2 * x, 0, 1), 9)  # 1 − log 2
    0.306852819
    >>> kl_density(lambda x: 1.0, lambda x: 2.0 * (x < 0.5), 0, 1, points=[0.5])
    inf
    """
    edges = _edges(low, high, points)
    log_p, log_q = _log_density("p", p, log, edges), _log_density("q", q, log, edges)
    # One isolated zero of q costs nothing, and a q that underflows far out is no zero: ask for the mass of p there.
    if _integral(lambda x: _exp(log_p(x)) if log_q(x) == -math.inf else 0.0, edges)[0] > 1e-15:
        return math.inf

    def integrand(x: float) -> float:
        a, b = log_p(x), log_q(x)
        if a == -math.inf or b == -math.inf:
            return math.exp(b)
        gap = b - a  # p log(p/q) − p + q = p (e^gap − 1 − gap): never negative, so nothing cancels
        return math.exp(a) * (math.expm1(gap) - gap) if gap < 1 else math.exp(b) - math.exp(a) * (1 + gap)

    divergence, converged = _integral(integrand, edges)
    if not converged:
        raise ValueError(f"p and q must have a finite divergence on [{low:g}, {high:g}], got an integral that diverges")
    return divergence
