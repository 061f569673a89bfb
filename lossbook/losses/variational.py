r"""Losses of a variational autoencoder: the distance of a code from the prior, and the evidence lower bound around it.

Every loss sums over the components of an example (pixels, coordinates of the code) and reduces over examples. The
default mean is therefore over examples only: averaging over pixels as well would change the balance of the two terms.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Argument, Card, Floats, Loss, Parameter, number, place, quiet, reduce, shown
from lossbook.losses._components import same_batch, same_components, total, total_grad
from lossbook.losses.scores import logistic, softplus
from lossbook.numerics import x_minus_log1p

__all__ = [
    "BERNOULLI_ELBO",
    "KL_STANDARD_NORMAL",
    "NORMAL_ELBO",
    "bernoulli_elbo",
    "bernoulli_elbo_grad",
    "bernoulli_elbo_grad_log_variance",
    "bernoulli_elbo_grad_mean",
    "kl_standard_normal",
    "kl_standard_normal_grad",
    "kl_standard_normal_grad_log_variance",
    "normal_elbo",
    "normal_elbo_grad",
    "normal_elbo_grad_log_variance",
    "normal_elbo_grad_mean",
]

CODE = {
    "mean": Argument(r"\mu", "components", "the mean of each component of the code, on the last axis"),
    "log_variance": Argument("v", "components", "the logarithm of each component's variance, on the last axis"),
}
_WHERE = r"$v_k$ is $\log\sigma_k^2$, the logarithm of the variance: what an encoder predicts beside the mean $\mu_k$."


# ── The distance of a code from the prior ────────────────────────────────────────────────────────────────────────────


def _divergence(mean: Floats, log_variance: Floats) -> Floats:
    """The divergence of each component: ½(exp v − 1 − v) + ½μ², two terms of which neither is negative."""
    with quiet():
        spread = x_minus_log1p(np.expm1(log_variance), log_variance)
        return np.asarray((np.where(np.isnan(log_variance), np.nan, spread) + np.square(mean)) / 2)


def kl_standard_normal(mean: ArrayLike, log_variance: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Kullback–Leibler divergence of the standard normal prior from a normal code with independent components.

    .. math:: \ell = \frac{1}{2} \sum_{k=1}^{K} \left(\exp(v_k) + \mu_k^2 - 1 - v_k\right)

    The code comes first and the prior second: the reverse divergence, as seen from the prior.

    Parameters
    ----------
    mean : array_like
        Means μ of shape (…, K), the components of a code on the last axis.
    log_variance : array_like
        v = log σ² of the same shape.
    reduction : {"none", "mean", "sum"}
        One divergence per code, their mean, or their sum. Components are always summed.

    Returns
    -------
    float or ndarray
        In nats, at least 0. A float, or for "none" an array of the shape of `mean` without its last axis.

    Raises
    ------
    ValueError
        If the shapes differ, there is no component, the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    `kl_normal(mean, scale, 0, 1)` summed over components, with scale = exp(v/2).

    References
    ----------
    Kingma and Welling (2014), "Auto-encoding variational Bayes", *ICLR*.

    Examples
    --------
    >>> kl_standard_normal([[0.0, 0.0], [1.0, -2.0]], [[0.0, 0.0], [0.0, 0.0]], reduction="none")
    array([0. , 2.5])
    """
    return total(_divergence(*same_components(mean=mean, log_variance=log_variance)), reduction)


def kl_standard_normal_grad(mean: ArrayLike, log_variance: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d kl_standard_normal / d mean = μ, over the number of codes under "mean". Arguments as in `kl_standard_normal`.

    >>> kl_standard_normal_grad([1.0, -2.0], [0.0, 0.0])
    array([ 1., -2.])
    """
    mean, _ = same_components(mean=mean, log_variance=log_variance)
    return total_grad(mean, reduction)


def kl_standard_normal_grad_log_variance(
    mean: ArrayLike, log_variance: ArrayLike, *, reduction: str = "mean"
) -> Floats:
    """d kl_standard_normal / d log_variance: half of σ² − 1. Arguments as in `kl_standard_normal`.

    >>> kl_standard_normal_grad_log_variance([0.0], [np.log(3.0)]).round(12)
    array([1.])
    """
    _, log_variance = same_components(mean=mean, log_variance=log_variance)
    with quiet():
        return total_grad(np.expm1(log_variance) / 2, reduction)


KL_STANDARD_NORMAL = Loss(
    value=kl_standard_normal,
    grad=kl_standard_normal_grad,
    more_grads={"log_variance": kl_standard_normal_grad_log_variance},
    title="KL divergence from a normal code to the standard normal",
    synonyms=("VAE KL term", "latent loss", "rate"),
    latex=r"\frac{1}{2} \sum_{k=1}^{K} \left(\exp(v_k) + \mu_k^2 - 1 - v_k\right)",
    latex_grad={"mean": r"\mu_k", "log_variance": r"\frac{1}{2} \left(\exp(v_k) - 1\right)"},
    where=_WHERE,
    arguments=CODE,
    estimates="the standard normal distribution: mean 0, log-variance 0",
    torch="torch.distributions.kl_divergence",
    card=Card(
        what="How far the normal distribution of a code is from the prior, a standard normal.",
        why="The rate of a VAE: it keeps codes where the prior will draw.",
        strengths=(
            "0 at the prior and nowhere else.",
            "In closed form: its slope needs no draws and has no noise.",
        ),
        weaknesses=("A mean ten times as far off costs a hundred times as much.",),
        pytorch="(log_variance.exp() + mean**2 - 1 - log_variance).sum(-1).mean() / 2",
    ),
    source="kingma2014",
    chapter="generative",
)


# ── The evidence lower bound ─────────────────────────────────────────────────────────────────────────────────────────

BETA = Parameter(1.0, 0.0, 8.0, r"\beta", "at least 0")
_RATE = r"\frac{\beta}{2} \sum_{k=1}^{K} \left(\exp(v_k) + \mu_k^2 - 1 - v_k\right)"
_SLOPES = {"mean": r"\beta \mu_k", "log_variance": r"\frac{\beta}{2} \left(\exp(v_k) - 1\right)"}


def _with_rate(
    reconstruction: Floats, mean: Floats, log_variance: Floats, beta: float, reduction: str
) -> Floats | float:
    """Reconstruction, a number per example, plus β times the divergence of the code."""
    with quiet():
        rate = _divergence(mean, log_variance).sum(axis=-1)
        weighed = beta * rate if beta else np.where(np.isnan(rate), rate, 0.0)  # 0 · inf is nothing here
        return reduce(reconstruction.sum(axis=-1) + weighed, reduction)


def _beta(beta: float) -> float:
    return number("beta", beta, 0, closed=True)


def _bernoulli_arguments(
    logits: ArrayLike, labels: ArrayLike, mean: ArrayLike, log_variance: ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    s, y = same_components(logits=logits, labels=labels)
    wrong = ~np.isnan(y) & (y != 0) & (y != 1)
    if wrong.any():
        raise ValueError(f"labels must be 0 or 1, got {shown(y[wrong][0])} at index {place(wrong)}")
    m, v = same_components(mean=mean, log_variance=log_variance)
    same_batch("logits", s, "mean", m)
    return s, y, m, v


def bernoulli_elbo(
    logits: ArrayLike,
    labels: ArrayLike,
    mean: ArrayLike,
    log_variance: ArrayLike,
    *,
    beta: float = 1.0,
    reduction: str = "mean",
) -> Floats | float:
    r"""Negative evidence lower bound with a Bernoulli decoder: binary cross-entropy per pixel, summed, plus the rate.

    .. math:: \ell = \sum_{d=1}^{D} \left(\log(1 + \exp(s_d)) - y_d s_d\right)
              + \frac{\beta}{2} \sum_{k=1}^{K} \left(\exp(v_k) + \mu_k^2 - 1 - v_k\right)

    Parameters
    ----------
    logits : array_like
        Scores s of shape (…, D) that the decoder gives for one code drawn from the encoder's normal.
    labels : array_like
        Pixels y, 0 or 1, of the same shape.
    mean, log_variance : array_like
        μ and v = log σ² of that normal, of shape (…, K).
    beta : float
        β ≥ 0, the weight of the rate. Only at 1 does the loss bound the evidence of the model with this decoder.
    reduction : {"none", "mean", "sum"}
        One loss per example, their mean, or their sum. Pixels and components are always summed.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the shape of `logits` without its last axis.

    Raises
    ------
    ValueError
        If the shapes differ, a label is neither 0 nor 1, β is negative or not finite, the reduction is unknown, or
        "mean" meets an empty batch.

    Notes
    -----
    A grey value is refused: binary cross-entropy takes it, and is then the likelihood of nothing (it does not integrate
    to one over grey values). The gradients hold the other arguments fixed; what reaches the encoder through the drawn
    code, autograd adds.

    References
    ----------
    Kingma and Welling (2014), "Auto-encoding variational Bayes", *ICLR*.

    Examples
    --------
    >>> round(bernoulli_elbo([0.0, 0.0], [1, 0], [1.0], [0.0]), 6)  # 2 log 2 + ½
    1.886294
    """
    s, y, m, v = _bernoulli_arguments(logits, labels, mean, log_variance)
    with quiet():
        costs = np.where(np.isnan(y), y, softplus(np.where(y == 1, -s, s)))
    return _with_rate(costs, m, v, _beta(beta), reduction)


def bernoulli_elbo_grad(
    logits: ArrayLike,
    labels: ArrayLike,
    mean: ArrayLike,
    log_variance: ArrayLike,
    *,
    beta: float = 1.0,
    reduction: str = "mean",
) -> Floats:
    """d bernoulli_elbo / d logits: the probability of 1 less the label. Arguments as in `bernoulli_elbo`.

    >>> bernoulli_elbo_grad([0.0, 0.0], [1, 0], [1.0], [0.0])
    array([-0.5,  0.5])
    """
    s, y, *_ = _bernoulli_arguments(logits, labels, mean, log_variance)
    _beta(beta)
    return total_grad(np.where(y == 1, -logistic(-s), logistic(s)), reduction)


def bernoulli_elbo_grad_mean(
    logits: ArrayLike,
    labels: ArrayLike,
    mean: ArrayLike,
    log_variance: ArrayLike,
    *,
    beta: float = 1.0,
    reduction: str = "mean",
) -> Floats:
    """d bernoulli_elbo / d mean, the code that was drawn held fixed: βμ. Arguments as in `bernoulli_elbo`.

    >>> bernoulli_elbo_grad_mean([0.0, 0.0], [1, 0], [1.0], [0.0], beta=4.0)
    array([4.])
    """
    _, _, m, _ = _bernoulli_arguments(logits, labels, mean, log_variance)
    return total_grad(_beta(beta) * m, reduction)


def bernoulli_elbo_grad_log_variance(
    logits: ArrayLike,
    labels: ArrayLike,
    mean: ArrayLike,
    log_variance: ArrayLike,
    *,
    beta: float = 1.0,
    reduction: str = "mean",
) -> Floats:
    """d bernoulli_elbo / d log_variance, the code that was drawn held fixed. Arguments as in `bernoulli_elbo`.

    >>> bernoulli_elbo_grad_log_variance([0.0, 0.0], [1, 0], [1.0], [0.0])
    array([0.])
    """
    _, _, _, v = _bernoulli_arguments(logits, labels, mean, log_variance)
    with quiet():
        return total_grad(_beta(beta) * np.expm1(v) / 2, reduction)


BERNOULLI_ELBO = Loss(
    value=bernoulli_elbo,
    grad=bernoulli_elbo_grad,
    more_grads={"mean": bernoulli_elbo_grad_mean, "log_variance": bernoulli_elbo_grad_log_variance},
    title="negative evidence lower bound, Bernoulli decoder",
    synonyms=("ELBO", "VAE loss", "variational free energy"),
    latex=rf"\sum_{{d=1}}^{{D}} \left(\log(1 + \exp(s_d)) - y_d s_d\right) + {_RATE}",
    latex_grad={"logits": r"\frac{1}{1 + \exp(-s_k)} - y_k", **_SLOPES},
    where=_WHERE + r" The scores $s_1, \dots, s_D$ are the decoder's for one code drawn with them; "
    r"the derivatives hold that code fixed.",
    arguments={
        "logits": Argument("s", "components", "one real score per pixel, on the last axis"),
        "labels": Argument("y", "binary components"),
        **CODE,
    },
    parameters={"beta": BETA},
    estimates="at β = 1 the largest lower bound on log p(y) that this encoder can give",
    source="kingma2014",
    chapter="generative",
)


def _normal_arguments(
    prediction: ArrayLike, target: ArrayLike, mean: ArrayLike, log_variance: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    prediction, target = same_components(prediction=prediction, target=target)
    m, v = same_components(mean=mean, log_variance=log_variance)
    same_batch("prediction", prediction, "mean", m)
    with quiet():
        return np.asarray(target - prediction), m, v


def normal_elbo(
    prediction: ArrayLike,
    target: ArrayLike,
    mean: ArrayLike,
    log_variance: ArrayLike,
    *,
    scale: float = 1.0,
    beta: float = 1.0,
    reduction: str = "mean",
) -> Floats | float:
    r"""Negative evidence lower bound with a normal decoder of one spread: squared error over 2σ², plus the rate.

    .. math:: \ell = \sum_{d=1}^{D} \left(\frac{1}{2} \log(2\pi) + \log\sigma + \frac{e_d^2}{2\sigma^2}\right)
              + \frac{\beta}{2} \sum_{k=1}^{K} \left(\exp(v_k) + \mu_k^2 - 1 - v_k\right)

    Parameters
    ----------
    prediction : array_like
        What the decoder gives for one code drawn from the encoder's normal, of shape (…, D).
    target : array_like
        The example itself, of the same shape.
    mean, log_variance : array_like
        μ and v = log σ² of the code, of shape (…, K).
    scale : float
        σ > 0 of the decoder, in the unit of the target.
    beta : float
        β ≥ 0, the weight of the rate; at 1 the loss bounds the evidence.
    reduction : {"none", "mean", "sum"}
        One loss per example, their mean, or their sum. Components are always summed.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the shape of `prediction` without its last axis.

    Raises
    ------
    ValueError
        If the shapes differ, σ is not finite and greater than 0, β is negative or not finite, the reduction is unknown,
        or "mean" meets an empty batch.

    Notes
    -----
    A σ of the decoder that is not written down is a weight all the same: half the squared error plus the rate is
    σ = 1. Dividing the squared error by D, as a mean over pixels does, is σ² = D: as if β were D.

    References
    ----------
    Kingma and Welling (2014), "Auto-encoding variational Bayes", *ICLR*.

    Examples
    --------
    >>> apart = normal_elbo([0.0, 0.0], [2.0, 0.0], [0.0], [0.0], scale=0.5)
    >>> round(apart - normal_elbo([0.0, 0.0], [0.0, 0.0], [0.0], [0.0], scale=0.5), 12)
    8.0
    """
    e, m, v = _normal_arguments(prediction, target, mean, log_variance)
    scale = number("scale", scale, 0)
    with quiet():
        costs = np.log(2 * np.pi) / 2 + np.log(scale) + np.square(e / scale) / 2
    return _with_rate(costs, m, v, _beta(beta), reduction)


def normal_elbo_grad(
    prediction: ArrayLike,
    target: ArrayLike,
    mean: ArrayLike,
    log_variance: ArrayLike,
    *,
    scale: float = 1.0,
    beta: float = 1.0,
    reduction: str = "mean",
) -> Floats:
    """d normal_elbo / d prediction = −e/σ², over the number of examples under "mean". Arguments as in `normal_elbo`.

    >>> normal_elbo_grad([0.0, 0.0], [2.0, 0.0], [0.0], [0.0], scale=0.5)
    array([-8.,  0.])
    """
    e, *_ = _normal_arguments(prediction, target, mean, log_variance)
    scale = number("scale", scale, 0)
    _beta(beta)
    with quiet():
        return total_grad(-e / scale / scale, reduction)


def normal_elbo_grad_mean(
    prediction: ArrayLike,
    target: ArrayLike,
    mean: ArrayLike,
    log_variance: ArrayLike,
    *,
    scale: float = 1.0,
    beta: float = 1.0,
    reduction: str = "mean",
) -> Floats:
    """d normal_elbo / d mean, the code that was drawn held fixed: βμ. Arguments as in `normal_elbo`.

    >>> normal_elbo_grad_mean([0.0, 0.0], [2.0, 0.0], [1.0], [0.0], beta=0.5)
    array([0.5])
    """
    _, m, _ = _normal_arguments(prediction, target, mean, log_variance)
    number("scale", scale, 0)
    return total_grad(_beta(beta) * m, reduction)


def normal_elbo_grad_log_variance(
    prediction: ArrayLike,
    target: ArrayLike,
    mean: ArrayLike,
    log_variance: ArrayLike,
    *,
    scale: float = 1.0,
    beta: float = 1.0,
    reduction: str = "mean",
) -> Floats:
    """d normal_elbo / d log_variance, the code that was drawn held fixed. Arguments as in `normal_elbo`.

    >>> normal_elbo_grad_log_variance([0.0, 0.0], [2.0, 0.0], [1.0], [np.log(3.0)]).round(12)
    array([1.])
    """
    _, _, v = _normal_arguments(prediction, target, mean, log_variance)
    number("scale", scale, 0)
    with quiet():
        return total_grad(_beta(beta) * np.expm1(v) / 2, reduction)


NORMAL_ELBO = Loss(
    value=normal_elbo,
    grad=normal_elbo_grad,
    more_grads={"mean": normal_elbo_grad_mean, "log_variance": normal_elbo_grad_log_variance},
    title="negative evidence lower bound, normal decoder",
    synonyms=("ELBO", "VAE loss", "variational free energy"),
    latex=r"\sum_{d=1}^{D} \left(\frac{1}{2} \log\left(2 \pi\right) + \log \sigma"
    rf" + \frac{{e_d^2}}{{2 \sigma^2}}\right) + {_RATE}",
    latex_grad={"prediction": r"-\frac{e_k}{\sigma^2}", **_SLOPES},
    where=_WHERE + r" The residual $e$ is that of the decoder's output for one code drawn with them; "
    r"the derivatives hold that code fixed. $\sigma$ without an index is the decoder's.",
    arguments={
        "prediction": Argument(r"\hat y", "components"),
        "target": Argument("y", "components"),
        **CODE,
    },
    parameters={"scale": Parameter(1.0, 0.1, 3.0, r"\sigma"), "beta": BETA},
    estimates="at β = 1 the largest lower bound on log p(y) that this encoder can give",
    card=Card(
        what="Negative log-likelihood of what a code is decoded to, plus β times the rate of that code.",
        why="The evidence sums over all codes; this bound needs one that was drawn.",
        strengths=("With β = 1 its mean over codes is never below $-\\log p(y)$, and equal to it at the posterior.",),
        weaknesses=(
            "If σ exceeds the spread of the data, the empty code is the best.",
            "With β below 1 it is no bound any more.",
        ),
        pytorch="(beta / 2 * (log_variance.exp() + mean**2 - 1 - log_variance)\n"
        "  .sum(-1) - torch.distributions.Normal(prediction, scale)\n"
        "  .log_prob(target).sum(-1)).mean()",
    ),
    source="kingma2014",
    chapter="generative",
)
