r"""Likelihood losses of labels and counts: Bernoulli, categorical and Poisson, in nats, with every constant.

What `likelihood_real` says of gradients and modes holds here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import (
    Argument,
    Card,
    Density,
    Floats,
    Loss,
    check_logits,
    place,
    quiet,
    real,
    reduce,
    reduce_grad,
    same_shape,
    shown,
)
from lossbook.losses.classification import (
    binary_cross_entropy_with_logits,
    binary_cross_entropy_with_logits_grad,
    softmax_cross_entropy,
    softmax_cross_entropy_grad,
)
from lossbook.numerics import (
    stirling_error,
    x_minus_log1p,
)

__all__ = [
    "BERNOULLI_NLL",
    "CATEGORICAL_NLL",
    "POISSON_NLL",
    "bernoulli_mode",
    "bernoulli_nll",
    "bernoulli_nll_grad",
    "categorical_mode",
    "categorical_nll",
    "categorical_nll_grad",
    "poisson_mode",
    "poisson_nll",
    "poisson_nll_grad",
]

# ── Bernoulli and categorical: cross-entropy by another name ─────────────────────────────────────────────────────────


def _binary_labels(labels: ArrayLike) -> Floats:
    array = real("labels", labels)
    wrong = (array != 0) & (array != 1) & ~np.isnan(array)
    if wrong.any():
        raise ValueError(f"labels must be 0 or 1, got {shown(array[wrong][0])} at index {place(wrong)}")
    return array


def bernoulli_nll(logits: ArrayLike, labels: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Negative log-likelihood of a Bernoulli distribution with log-odds s.

    .. math:: \ell = -y \log \hat p - (1 - y) \log(1 - \hat p), \qquad \hat p = \frac{1}{1 + \exp(-s)}

    Parameters
    ----------
    logits : array_like
        Log-odds of a 1, any shape; −inf is an impossible 1.
    labels : array_like
        0 or 1, the shape of `logits`.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the shape of `logits`.

    Raises
    ------
    ValueError
        As `binary_cross_entropy_with_logits`, and for a label other than 0 and 1: an outcome, not a soft target.

    Notes
    -----
    The same function as `binary_cross_entropy_with_logits`, which also takes soft targets and a weight.

    References
    ----------
    Cox (1958), "The regression analysis of binary sequences", *Journal of the Royal Statistical Society B* 20, 215–242.

    Examples
    --------
    >>> bernoulli_nll([0.0, 40.0], [1, 1], reduction="none")
    array([6.93147181e-01, 4.24835426e-18])
    """
    return binary_cross_entropy_with_logits(logits, _binary_labels(labels), reduction=reduction)


def bernoulli_nll_grad(logits: ArrayLike, labels: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d bernoulli_nll / d logits = p̂ − y, over N under "mean". Arguments as in `bernoulli_nll`.

    >>> bernoulli_nll_grad([0.0, 0.0], [1, 0], reduction="none")
    array([-0.5,  0.5])
    """
    return binary_cross_entropy_with_logits_grad(logits, _binary_labels(labels), reduction=reduction)


def bernoulli_mode(logits: ArrayLike) -> Floats:
    """The more likely outcome, 1 where the log-odds are positive; NaN at 0, where both are equally likely.

    >>> bernoulli_mode([-2.0, 0.0, 3.0])
    array([ 0., nan,  1.])
    """
    s = check_logits("logits", logits)
    return np.where((s == 0) | np.isnan(s), np.nan, np.where(s > 0, 1.0, 0.0))


BERNOULLI_NLL = Loss(
    value=bernoulli_nll,
    grad=bernoulli_nll_grad,
    title="Bernoulli negative log-likelihood",
    synonyms=("binary cross-entropy", "logistic loss"),
    latex=r"y \log\left(1 + \exp\left(-s\right)\right) + (1 - y) \log\left(1 + \exp\left(s\right)\right)",
    latex_grad={"logits": r"\frac{1}{1 + \exp\left(-s\right)} - y"},
    arguments={"logits": Argument("s", "real"), "labels": Argument("y", "binary")},
    density=Density(
        "Bernoulli",
        r"\frac{\exp\left(y s\right)}{1 + \exp\left(s\right)}",
        "stats.bernoulli(stats.logistic.cdf(logits))",
    ),
    estimates="the conditional log-odds of 1",
    torch="torch.distributions.Bernoulli",
    card=Card(
        what="How surprising a yes or a no is, given the log-odds of yes.",
        why="Binary cross-entropy, found by the recipe.",
        strengths=(
            "The best constant is the log-odds of the share of ones.",
            r"The slope is $\hat p - y$: no example pulls with a force above 1.",
        ),
        weaknesses=("If a line separates the labels, larger logits are always cheaper: there is no best one.",),
        pytorch="F.binary_cross_entropy_with_logits(logits, labels.to(logits))",
    ),
    source="cox1958",
    chapter="recipe",
)


def categorical_nll(logits: ArrayLike, labels: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Negative log-likelihood of a categorical distribution with scores s: the class that occurred against softmax.

    .. math:: \ell = -\log \frac{\exp(s_y)}{\sum_{k=1}^{K} \exp(s_k)}

    Parameters
    ----------
    logits : array_like
        Scores of shape (…, K), the classes on the last axis.
    labels : array_like
        Class indices 0 … K − 1 of shape (…).
    reduction : {"none", "mean", "sum"}
        One loss per example, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the shape of `labels`.

    Raises
    ------
    ValueError
        As `softmax_cross_entropy`, and for one-hot or soft labels: an outcome is one class.

    Notes
    -----
    The same function as `softmax_cross_entropy`, which also takes soft labels, smoothing, weights and an ignored class.

    References
    ----------
    Bridle (1990), "Probabilistic interpretation of feedforward classification network outputs", *Neurocomputing*.

    Examples
    --------
    >>> categorical_nll([[0.0, np.log(3.0)]], [1])  # log(4/3)
    0.2876820724517809
    """
    return softmax_cross_entropy(logits, _outcomes(logits, labels), reduction=reduction)


def _outcomes(logits: ArrayLike, labels: ArrayLike) -> ArrayLike:
    given, scores = real("labels", labels), check_logits("logits", logits)
    if given.ndim != scores.ndim - 1:
        raise ValueError(f"labels must be class indices, one axis less than logits, got shape {given.shape}")
    return labels


def categorical_nll_grad(logits: ArrayLike, labels: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d categorical_nll / d logits = p̂ − y with y one-hot, over N under "mean". Arguments as in `categorical_nll`.

    >>> categorical_nll_grad([[0.0, np.log(3.0)]], [1])
    array([[ 0.25, -0.25]])
    """
    return softmax_cross_entropy_grad(logits, _outcomes(logits, labels), reduction=reduction)


def categorical_mode(logits: ArrayLike) -> NDArray[np.intp]:
    """The most likely class, the index of the largest score on the last axis; the first of several.

    >>> categorical_mode([[0.0, 2.0, 1.0], [3.0, 0.0, 3.0]])
    array([1, 0])
    """
    s = check_logits("logits", logits)
    if not s.ndim or not s.shape[-1]:
        raise ValueError(f"logits must have at least one class along the last axis, got shape {s.shape}")
    return np.asarray(np.argmax(s, axis=-1))


CATEGORICAL_NLL = Loss(
    value=categorical_nll,
    grad=categorical_nll_grad,
    title="categorical negative log-likelihood",
    synonyms=("softmax cross-entropy", "multinoulli NLL"),
    latex=r"\log \left(\sum_{k=1}^{K} \exp\left(s_k\right)\right) - s_y",
    latex_grad={"logits": r"\frac{\exp\left(s_k\right)}{\sum_{j=1}^{K} \exp\left(s_j\right)} - [k = y]"},
    arguments={"logits": Argument("s", "logits"), "labels": Argument("y", "label")},
    density=Density("categorical", r"\frac{\exp\left(s_y\right)}{\sum_{k=1}^{K} \exp\left(s_k\right)}"),
    estimates="the conditional probability of every class",
    torch="torch.distributions.Categorical",
    card=Card(
        what="How surprising the class that occurred is, given a raw number for each class.",
        why="Cross-entropy, found by the recipe.",
        strengths=(
            "The best constants give each class its share of the examples.",
            r"The slopes $\hat p_k - [k = y]$ of an example sum to 0.",
        ),
        weaknesses=("One number added to all raw numbers of an example changes nothing: they are not unique.",),
        pytorch="F.cross_entropy(logits, labels)",
    ),
    source="bridle1990",
    chapter="recipe",
)

# ── Poisson ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _log_rate_and_count(log_rate: ArrayLike, target: ArrayLike) -> tuple[Floats, Floats]:
    s, y = check_logits("log_rate", log_rate), real("target", target)
    same_shape("log_rate", s, "target", y)
    wrong = (y < 0) | (y != np.round(y)) & ~np.isnan(y) | np.isinf(y)
    if wrong.any():
        raise ValueError(f"target must be a count 0, 1, 2, …, got {shown(y[wrong][0])} at index {place(wrong)}")
    return s, y


def poisson_nll(log_rate: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Negative log-likelihood of a Poisson distribution: counts, with the logarithm of the rate predicted.

    .. math:: \ell = \lambda - y \log\lambda + \log y!, \qquad \lambda = \exp(s)

    Parameters
    ----------
    log_rate : array_like
        s = log λ, any real number; −inf is a rate of 0.
    target : array_like
        Counts 0, 1, 2, …, the shape of `log_rate`.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the shape of `log_rate`. Infinite for a count at rate 0.

    Raises
    ------
    ValueError
        If the shapes differ, a target is no count, a log rate is +inf, the reduction is unknown, or "mean" meets an
        empty batch.

    Notes
    -----
    PyTorch's `poisson_nll_loss` leaves log y! out; `full=True` puts Stirling's approximation in its place for y > 1.

    References
    ----------
    Poisson (1837), *Recherches sur la probabilité des jugements*; Loader (2000), "Fast and accurate computation of
    binomial probabilities", for the stable form.

    Examples
    --------
    >>> poisson_nll([0.0, 0.0], [0, 3], reduction="none")  # λ = 1: 1 and 1 + log 6
    array([1.        , 2.79175947])
    """
    s, y = _log_rate_and_count(log_rate, target)
    with quiet():
        rate = np.exp(s)
        x = (rate - y) / y
        deviance = np.where(np.abs(x) <= 0.5, y * x_minus_log1p(x), rate - y - y * (s - np.log(y)))
        losses = np.where(y == 0, rate, deviance + np.log(2 * np.pi * y) / 2 + stirling_error(y))
        return reduce(np.where(np.isinf(rate) & ~np.isnan(y), np.inf, losses), reduction)  # not ∞ − y · ∞


def poisson_nll_grad(log_rate: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d poisson_nll / d log_rate = λ − y, over N under "mean". Arguments as in `poisson_nll`.

    >>> poisson_nll_grad([0.0, 0.0], [0, 3], reduction="none")
    array([ 1., -2.])
    """
    s, y = _log_rate_and_count(log_rate, target)
    with quiet():
        return reduce_grad(np.exp(s) - y, reduction)


def poisson_mode(log_rate: ArrayLike) -> Floats:
    """The most likely count, ⌊λ⌋. Where λ is a whole number, λ − 1 is exactly as likely.

    >>> poisson_mode([-1.0, 1.0, np.log(7.5)])
    array([0., 2., 7.])
    """
    with quiet():
        return np.floor(np.exp(check_logits("log_rate", log_rate)))


POISSON_NLL = Loss(
    value=poisson_nll,
    grad=poisson_nll_grad,
    title="Poisson negative log-likelihood",
    synonyms=("Poisson loss", "count regression"),
    latex=r"\exp\left(s\right) - y s + \log\left(y!\right)",
    latex_grad={"log_rate": r"\exp\left(s\right) - y"},
    arguments={"log_rate": Argument("s", "real"), "target": Argument("y", "count")},
    density=Density(
        "Poisson",
        r"\frac{1}{y!} \exp\left(y s - \exp\left(s\right)\right)",
        "stats.poisson(np.exp(log_rate))",
    ),
    estimates="the logarithm of the conditional mean of a count",
    torch="torch.nn.functional.poisson_nll_loss",
    sklearn="sklearn.metrics.mean_poisson_deviance (from the rate)",
    card=Card(
        what="How surprising a count is, given the logarithm of its rate.",
        why="A count is 0, 1, 2, …; its mean is never negative, and its spread grows with it.",
        strengths=(
            "The best constant rate is the mean count.",
            "Convex in $s$: a constant has one best value.",
        ),
        weaknesses=(
            "The variance is the rate, however far the counts spread.",
            "As the rate goes to 0, the loss of every positive count grows without bound.",
        ),
        pytorch="-torch.distributions.Poisson(log_rate.exp()).log_prob(target.to(log_rate)).mean()",
    ),
    source="poisson1837",
    chapter="recipe",
    keras="keras.losses.Poisson (from the rate, without log y!)",
)
