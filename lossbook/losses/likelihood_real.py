r"""Likelihood losses: the negative log-density of the target, in nats, with every constant.

The model predicts the parameters of a distribution, and the loss is how surprising the target then is. A parameter such
as `scale` is either one number for all examples (fixed) or an array of the shape of the target (predicted). `x_grad` is
the gradient with respect to the first argument, `x_grad_scale` with respect to the scale: an array where it is
predicted, one float where it is fixed, namely the sum over the examples that share it, as autograd gives. A negative
log-density can be negative: a density may exceed 1. `x_mode` gives the most likely value where that is not the
prediction itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import (
    RESIDUAL,
    Argument,
    Card,
    Density,
    Floats,
    Loss,
    Parameter,
    check_logits,
    fixed_or_predicted,
    number,
    parameter_grad,
    positive,
    quiet,
    real,
    reduce,
    reduce_grad,
    residual,
    same_shape,
)
from lossbook.losses.scores import log_softmax, softmax
from lossbook.numerics import (
    log1p_square,
    stirling_error,
    x_minus_log1p,
)

__all__ = [
    "LAPLACE_NLL",
    "NORMAL_MIXTURE_NLL",
    "NORMAL_NLL",
    "STUDENT_T_NLL",
    "laplace_nll",
    "laplace_nll_grad",
    "laplace_nll_grad_scale",
    "normal_mixture_nll",
    "normal_mixture_nll_grad",
    "normal_mixture_nll_grad_means",
    "normal_mixture_nll_grad_scales",
    "normal_nll",
    "normal_nll_grad",
    "normal_nll_grad_scale",
    "student_t_nll",
    "student_t_nll_grad",
    "student_t_nll_grad_scale",
]


def _residual_and_scale(prediction: ArrayLike, target: ArrayLike, scale: ArrayLike) -> tuple[Floats, Floats]:
    e = residual(prediction, target)
    return e, fixed_or_predicted("scale", scale, e)


# ── Normal ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def normal_nll(
    prediction: ArrayLike, target: ArrayLike, *, scale: ArrayLike = 1.0, reduction: str = "mean"
) -> Floats | float:
    r"""Negative log-likelihood of a normal distribution with mean ŷ and standard deviation σ.

    .. math:: \ell = \tfrac12 \log(2\pi) + \log\sigma + \frac{e^2}{2\sigma^2}, \qquad e = y - \hat y

    Parameters
    ----------
    prediction, target : array_like
        Real numbers of one shape, in one unit; the loss is in nats.
    scale : array_like
        σ > 0 in the unit of the target: one number, or an array of the shape of `prediction`.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `prediction`.

    Raises
    ------
    ValueError
        If the shapes differ, an argument is not real, a scale is not finite and greater than 0, the reduction is
        unknown, or "mean" meets an empty batch.

    Notes
    -----
    PyTorch's `gaussian_nll_loss` takes the variance σ², leaves ½ log 2π out unless `full=True`, and lifts variances
    below 1e-6 without a word. Where σ is predicted and ŷ meets a target, the loss falls without bound as σ → 0.

    References
    ----------
    Gauss (1809), *Theoria motus corporum coelestium*, §177.

    Examples
    --------
    >>> normal_nll([0.0], [2.0], scale=1.0) - normal_nll([0.0], [0.0], scale=1.0)
    2.0
    """
    e, scale = _residual_and_scale(prediction, target, scale)
    with quiet():
        return reduce(np.log(2 * np.pi) / 2 + np.log(scale) + np.square(e / scale) / 2, reduction)


def normal_nll_grad(
    prediction: ArrayLike, target: ArrayLike, *, scale: ArrayLike = 1.0, reduction: str = "mean"
) -> Floats:
    """d normal_nll / d prediction = −e/σ², over N under "mean". Arguments as in `normal_nll`.

    >>> normal_nll_grad([0.0, 0.0], [2.0, 2.0], scale=[1.0, 2.0], reduction="none")
    array([-2. , -0.5])
    """
    e, scale = _residual_and_scale(prediction, target, scale)
    with quiet():
        return reduce_grad(-e / scale / scale, reduction)


def normal_nll_grad_scale(
    prediction: ArrayLike, target: ArrayLike, *, scale: ArrayLike = 1.0, reduction: str = "mean"
) -> Floats | float:
    """d normal_nll / d scale = 1/σ − e²/σ³, over N under "mean". Arguments as in `normal_nll`.

    An array for a predicted scale. For a fixed one a float, the sum over the examples.

    >>> normal_nll_grad_scale([0.0, 0.0], [2.0, 2.0], scale=[1.0, 2.0], reduction="none")
    array([-3.,  0.])
    >>> normal_nll_grad_scale([0.0, 0.0], [2.0, 2.0], scale=1.0, reduction="sum")
    -6.0
    """
    e, scale = _residual_and_scale(prediction, target, scale)
    size = np.abs(e)
    with quiet():  # (σ − |e|)(σ + |e|) keeps the digits that σ² − e² loses near |e| = σ
        return parameter_grad((scale - size) / scale / scale * (1 + size / scale), scale, reduction)


NORMAL_NLL = Loss(
    value=normal_nll,
    grad=normal_nll_grad,
    more_grads={"scale": normal_nll_grad_scale},
    title="normal negative log-likelihood",
    synonyms=("Gaussian NLL",),
    latex=r"\frac{1}{2} \log\left(2 \pi\right) + \log \sigma + \frac{e^2}{2 \sigma^2}",
    latex_grad={"prediction": r"-\frac{e}{\sigma^2}", "scale": r"\frac{1}{\sigma} - \frac{e^2}{\sigma^3}"},
    arguments={**RESIDUAL, "scale": Argument(r"\sigma", "positive")},
    density=Density(
        "normal",
        r"\frac{1}{\sqrt{2 \pi} \sigma} \exp\left(-\frac{(y - \hat y)^2}{2 \sigma^2}\right)",
        "stats.norm(prediction, scale)",
    ),
    estimates="the conditional mean",
    torch="torch.nn.functional.gaussian_nll_loss",
    card=Card(
        what=r"How surprising the target is under a bell around $\hat y$, of width $\sigma$.",
        why=r"The recipe with a normal family; with one fixed $\sigma$ all that moves is squared error.",
        strengths=(
            r"For examples that share a $\sigma$, the best one is the root of their mean squared residual.",
            r"An example that is declared noisy counts less: twice the $\sigma$, a quarter of the pull on $\hat y$.",
        ),
        weaknesses=(
            r"Where $\hat y$ meets a target, the loss falls without bound as $\sigma$ goes to 0.",
            r"The pull on $\hat y$ grows in proportion to the residual, without bound.",
        ),
        pytorch="-torch.distributions.Normal(prediction, scale).log_prob(target).mean()",
    ),
    source="gauss1809",
    chapter="recipe",
)


# ── Laplace ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def laplace_nll(
    prediction: ArrayLike, target: ArrayLike, *, scale: ArrayLike = 1.0, reduction: str = "mean"
) -> Floats | float:
    r"""Negative log-likelihood of a Laplace distribution with median ŷ and scale b.

    .. math:: \ell = \log(2b) + \frac{|e|}{b}, \qquad e = y - \hat y

    Parameters
    ----------
    prediction, target : array_like
        Real numbers of one shape, in one unit; the loss is in nats.
    scale : array_like
        b > 0, the mean absolute error, in the unit of the target: one number, or an array of the shape of `prediction`.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `prediction`.

    Raises
    ------
    ValueError
        As `normal_nll`.

    Notes
    -----
    The standard deviation is √2 b.

    References
    ----------
    Laplace (1774), "Mémoire sur la probabilité des causes par les évènements".

    Examples
    --------
    >>> laplace_nll([0.0], [3.0], scale=0.5)
    6.0
    """
    e, scale = _residual_and_scale(prediction, target, scale)
    with quiet():
        return reduce(np.log(2) + np.log(scale) + np.abs(e) / scale, reduction)


def laplace_nll_grad(
    prediction: ArrayLike, target: ArrayLike, *, scale: ArrayLike = 1.0, reduction: str = "mean"
) -> Floats:
    """d laplace_nll / d prediction = −sign(e)/b, and 0 at e = 0; over N under "mean". Arguments as in `laplace_nll`.

    >>> laplace_nll_grad([0.0, 0.0], [3.0, 0.0], scale=0.5, reduction="none")
    array([-2.,  0.])
    """
    e, scale = _residual_and_scale(prediction, target, scale)
    with quiet():
        return reduce_grad(-np.sign(e) / scale, reduction)


def laplace_nll_grad_scale(
    prediction: ArrayLike, target: ArrayLike, *, scale: ArrayLike = 1.0, reduction: str = "mean"
) -> Floats | float:
    """d laplace_nll / d scale = 1/b − |e|/b², over N under "mean". Arguments as in `laplace_nll`.

    An array for a predicted scale. For a fixed one a float, the sum over the examples.

    >>> laplace_nll_grad_scale([0.0, 0.0], [3.0, 0.5], scale=[0.5, 0.5], reduction="none")
    array([-10.,   0.])
    """
    e, scale = _residual_and_scale(prediction, target, scale)
    with quiet():
        return parameter_grad((scale - np.abs(e)) / scale / scale, scale, reduction)


LAPLACE_NLL = Loss(
    value=laplace_nll,
    grad=laplace_nll_grad,
    more_grads={"scale": laplace_nll_grad_scale},
    title="Laplace negative log-likelihood",
    latex=r"\log\left(2 b\right) + \frac{|e|}{b}",
    latex_grad={"prediction": r"-\frac{\operatorname{sign}(e)}{b}", "scale": r"\frac{1}{b} - \frac{|e|}{b^2}"},
    arguments={**RESIDUAL, "scale": Argument("b", "positive")},
    density=Density(
        "Laplace", r"\frac{1}{2 b} \exp\left(-\frac{|y - \hat y|}{b}\right)", "stats.laplace(prediction, scale)"
    ),
    estimates="the conditional median",
    torch="torch.distributions.Laplace",
    card=Card(
        what=r"How surprising the target is under a sharp peak at $\hat y$, of scale $b$.",
        why="Absolute error as a likelihood, with a scale that can be learnt.",
        strengths=(
            "No example pulls harder than $1/b$.",
            "For examples that share a $b$, the best one is their mean absolute residual.",
        ),
        weaknesses=(
            "At the target the slope jumps from one sign to the other.",
            r"Where $\hat y$ meets a target, the loss falls without bound as $b$ goes to 0.",
        ),
        pytorch="-torch.distributions.Laplace(prediction, scale).log_prob(target).mean()",
    ),
    source="laplace1774",
    chapter="recipe",
)


# ── Student-t ────────────────────────────────────────────────────────────────────────────────────────────────────────


def student_t_nll(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    df: float = 4.0,
    scale: ArrayLike = 1.0,
    reduction: str = "mean",
) -> Floats | float:
    r"""Negative log-likelihood of a Student-t distribution with location ŷ, scale σ and ν degrees of freedom.

    .. math:: \ell = \log \Gamma\left(\tfrac{\nu}{2}\right) - \log \Gamma\left(\tfrac{\nu + 1}{2}\right)
              + \tfrac12 \log(\pi\nu) + \log\sigma
              + \frac{\nu + 1}{2} \log\left(1 + \frac{e^2}{\nu\sigma^2}\right), \qquad e = y - \hat y

    Parameters
    ----------
    prediction, target : array_like
        Real numbers of one shape, in one unit; the loss is in nats.
    df : float
        ν > 0, the degrees of freedom: 1 is the Cauchy distribution, large ν the normal.
    scale : array_like
        σ > 0 in the unit of the target: one number, or an array of the shape of `prediction`.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `prediction`.

    Raises
    ------
    ValueError
        As `normal_nll`, and if `df` is not finite and greater than 0.

    Notes
    -----
    σ is not the standard deviation, which is σ √(ν / (ν − 2)) for ν > 2 and does not exist below. Not convex in ŷ.

    References
    ----------
    Student (1908), "The probable error of a mean", *Biometrika* 6, 1–25; as a robust loss Lange, Little and Taylor
    (1989), *Journal of the American Statistical Association* 84, 881–896.

    Examples
    --------
    >>> round(student_t_nll([0.0], [0.0], df=1.0), 6)  # Cauchy: log π
    1.14473
    """
    df = number("df", df, 0)
    e, scale = _residual_and_scale(prediction, target, scale)
    with quiet():
        constant = np.log(2 * np.pi) / 2 + _student_t_excess(df)
        tail = (df + 1) / 2 * log1p_square(e, scale * np.sqrt(df))
        return reduce(constant + np.log(scale) + tail, reduction)


def _student_t_excess(df: float) -> Floats:
    """By how much the Student-t constant exceeds the normal one, ½ log 2π: log Γ by Stirling, cancelled on paper."""
    half = np.asarray(df / 2)
    return half * x_minus_log1p(0.5 / half) + stirling_error(half) - stirling_error(half + 0.5)


def student_t_nll_grad(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    df: float = 4.0,
    scale: ArrayLike = 1.0,
    reduction: str = "mean",
) -> Floats:
    """d student_t_nll / d prediction = −(ν + 1) e / (νσ² + e²), over N under "mean". Arguments as in `student_t_nll`.

    >>> student_t_nll_grad([0.0, 0.0], [2.0, 1e200], df=4.0, reduction="none")
    array([-1.25e+000, -5.00e-200])
    """
    df = number("df", df, 0)
    e, scale = _residual_and_scale(prediction, target, scale)
    with quiet():
        unit = np.maximum(scale, np.abs(e))  # both sides of the fraction in this unit: no square overflows or vanishes
        below = df * np.square(scale / unit) + np.square(e / unit)
        slopes = -(df + 1) * (e / unit / below / unit)
        return reduce_grad(np.where(np.isinf(unit), 0.0, slopes), reduction)


def student_t_nll_grad_scale(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    df: float = 4.0,
    scale: ArrayLike = 1.0,
    reduction: str = "mean",
) -> Floats | float:
    """d student_t_nll / d scale = ν (σ² − e²) / (σ (νσ² + e²)), over N under "mean". Arguments as in `student_t_nll`.

    An array for a predicted scale. For a fixed one a float, the sum over the examples.

    >>> student_t_nll_grad_scale([0.0, 0.0], [0.0, 1.0], df=4.0, scale=[2.0, 1.0], reduction="none")
    array([0.5, 0. ])
    """
    df = number("df", df, 0)
    e, scale = _residual_and_scale(prediction, target, scale)
    size = np.minimum(np.abs(e), np.finfo(np.float64).max)  # −ν/σ at infinity
    with quiet():
        unit = np.maximum(scale, size)  # both sides of the fraction in this unit: no square overflows
        above = (scale - size) / unit * ((scale + size) / unit)
        below = df * np.square(scale / unit) + np.square(size / unit)
        return parameter_grad(df * (above / below / scale), scale, reduction)


STUDENT_T_NLL = Loss(
    value=student_t_nll,
    grad=student_t_nll_grad,
    more_grads={"scale": student_t_nll_grad_scale},
    title="Student-t negative log-likelihood",
    latex=r"\log \Gamma\left(\frac{\nu}{2}\right) - \log \Gamma\left(\frac{\nu + 1}{2}\right)"
    r" + \frac{1}{2} \log\left(\pi \nu\right) + \log \sigma"
    r" + \frac{\nu + 1}{2} \log\left(1 + \frac{e^2}{\nu \sigma^2}\right)",
    latex_grad={
        "prediction": r"-\frac{(\nu + 1) e}{\nu \sigma^2 + e^2}",
        "scale": r"\frac{\nu (\sigma^2 - e^2)}{\sigma (\nu \sigma^2 + e^2)}",
    },
    arguments={**RESIDUAL, "scale": Argument(r"\sigma", "positive")},
    parameters={"df": Parameter(4.0, 1.0, 30.0, r"\nu")},
    density=Density(
        "Student-t",
        r"\frac{\Gamma\left(\frac{\nu + 1}{2}\right)}{\Gamma\left(\frac{\nu}{2}\right) \sqrt{\pi \nu} \sigma}"
        r" \left(1 + \frac{(y - \hat y)^2}{\nu \sigma^2}\right)^{-\frac{\nu + 1}{2}}",
        "stats.t(df, prediction, scale)",
    ),
    estimates="the centre of the bulk of the targets",
    torch="torch.distributions.StudentT",
    card=Card(
        what="How surprising the target is under a bell with tails that fall like a power.",
        why="Some targets are wild; the fit is to stay with the rest.",
        strengths=(
            r"Beyond $|e| = \sigma\sqrt\nu$ the pull falls: a wild target lets go.",
            r"As $\nu$ grows it becomes the normal loss.",
        ),
        weaknesses=(
            r"Not convex in $\hat y$: two groups of targets can make two valleys.",
            r"$\sigma$ is not the standard deviation, which is $\sqrt2\,\sigma$ at $\nu = 4$.",
            r"Where $\hat y$ meets a target, the loss falls without bound as $\sigma$ goes to 0.",
        ),
        pytorch="-torch.distributions.StudentT(df, prediction, scale).log_prob(target).mean()",
    ),
    source="student1908",
    chapter="recipe",
)

# ── Mixture of normals ───────────────────────────────────────────────────────────────────────────────────────────────


class _Mixture(NamedTuple):
    """What the mixture's functions share, the components on the last axis."""

    losses: Floats  # one per example
    weights: Floats  # softmax of the logits
    shares: Floats  # the posterior probability that a component produced the target: its responsibility
    e: Floats
    scales: Floats


def _mixture(logits: ArrayLike, means: ArrayLike, scales: ArrayLike, target: ArrayLike) -> _Mixture:
    s, mu = check_logits("logits", logits), real("means", means)
    sigma, y = positive("scales", scales), real("target", target)
    same_shape("logits", s, "means", mu)
    same_shape("logits", s, "scales", sigma)
    if s.shape[:-1] != y.shape or not s.ndim:
        raise ValueError(f"target must have the shape of logits without the last axis, got {y.shape} and {s.shape}")
    with quiet():
        e = y[..., np.newaxis] - mu
        z = np.where(np.isneginf(s), np.inf, np.abs(e / sigma))  # an impossible component is nowhere near
        nearest = z.min(axis=-1, keepdims=True)
        gaps = np.where(z == nearest, 0.0, (nearest - z) * (nearest + z) / 2)  # keeps what ½z² loses far from all means
        relative = log_softmax(s) - np.log(sigma) + gaps
        total = np.logaddexp.reduce(relative, axis=-1, keepdims=True)
        losses = (np.square(nearest) - total * 2 + np.log(2 * np.pi))[..., 0] / 2
        return _Mixture(losses, softmax(s), np.exp(relative - total), e, sigma)


def _of_the_share(mixture: _Mixture, slopes: Floats) -> Floats:
    """Slopes times responsibilities; a component without a share feels nothing, however far away it is."""
    return np.where(mixture.shares == 0, 0.0, mixture.shares * slopes)


def normal_mixture_nll(
    logits: ArrayLike, means: ArrayLike, scales: ArrayLike, target: ArrayLike, *, reduction: str = "mean"
) -> Floats | float:
    r"""Negative log-likelihood of a mixture of normal distributions, as a mixture density network predicts it.

    .. math:: \ell = -\log \sum_{k=1}^{K} \frac{w_k}{\sqrt{2\pi}\, \sigma_k}
              \exp\left(-\frac{(y - \mu_k)^2}{2 \sigma_k^2}\right),
              \qquad w_k = \frac{\exp(s_k)}{\sum_{j=1}^{K} \exp(s_j)}

    Parameters
    ----------
    logits, means, scales : array_like
        Scores of the weights, means, and standard deviations (> 0) of the components: one shape (…, K).
    target : array_like
        Real numbers of shape (…), in the unit of the means and scales.
    reduction : {"none", "mean", "sum"}
        One loss per example, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the shape of `target`.

    Raises
    ------
    ValueError
        If the shapes do not fit, a scale is not finite and greater than 0, a logit is +inf, the reduction is unknown,
        or "mean" meets an empty batch.

    Notes
    -----
    Unbounded below: a component that sits on one target may shrink without limit. The most likely value has no closed
    form.

    References
    ----------
    Bishop (1994), "Mixture density networks", Technical Report NCRG/94/004, Aston University.

    Examples
    --------
    >>> normal_mixture_nll([[0.0, 0.0]], [[0.0, 0.0]], [[1.0, 1.0]], [0.0])  # ½ log 2π
    0.9189385332046727
    """
    return reduce(_mixture(logits, means, scales, target).losses, reduction)


def normal_mixture_nll_grad(
    logits: ArrayLike, means: ArrayLike, scales: ArrayLike, target: ArrayLike, *, reduction: str = "mean"
) -> Floats:
    """d normal_mixture_nll / d logits = w − r: weights minus responsibilities. Arguments as in `normal_mixture_nll`.

    >>> normal_mixture_nll_grad([[0.0, 0.0]], [[0.0, 9.0]], [[1.0, 1.0]], [0.0]).round(6)
    array([[-0.5,  0.5]])
    """
    m = _mixture(logits, means, scales, target)
    return reduce_grad(m.weights - m.shares, reduction, m.losses.size)


def normal_mixture_nll_grad_means(
    logits: ArrayLike, means: ArrayLike, scales: ArrayLike, target: ArrayLike, *, reduction: str = "mean"
) -> Floats:
    """d normal_mixture_nll / d means = −r (y − μ)/σ²: each component is pulled by its share of the target.

    >>> normal_mixture_nll_grad_means([[0.0, 0.0]], [[1.0, 1.0]], [[1.0, 1.0]], [0.0])
    array([[0.5, 0.5]])
    """
    m = _mixture(logits, means, scales, target)
    with quiet():
        return reduce_grad(_of_the_share(m, -m.e / m.scales / m.scales), reduction, m.losses.size)


def normal_mixture_nll_grad_scales(
    logits: ArrayLike, means: ArrayLike, scales: ArrayLike, target: ArrayLike, *, reduction: str = "mean"
) -> Floats:
    """d normal_mixture_nll / d scales = r (1/σ − (y − μ)²/σ³). Arguments as in `normal_mixture_nll`.

    >>> normal_mixture_nll_grad_scales([[0.0, 0.0]], [[1.0, 1.0]], [[1.0, 2.0]], [1.0]).round(6)
    array([[0.666667, 0.166667]])
    """
    m = _mixture(logits, means, scales, target)
    with quiet():
        z = m.e / m.scales
        return reduce_grad(_of_the_share(m, (1 - z) * (1 + z) / m.scales), reduction, m.losses.size)


def _normal_density(k: str) -> str:
    return (
        rf"\exp\left(s_{k}\right) \frac{{1}}{{\sigma_{k}}}"
        rf" \exp\left(-\frac{{(y - \mu_{k})^2}}{{2 \sigma_{k}^2}}\right)"
    )


# What the component k has of the density of y, which is exp(−ℓ).
_SHARE = (
    r"\frac{\exp\left(\ell + s_k - \frac{(y - \mu_k)^2}{2 \sigma_k^2}\right)}"
    r"{\sqrt{2 \pi} \sigma_k \sum_{j=1}^{K} \exp\left(s_j\right)}"
)

NORMAL_MIXTURE_NLL = Loss(
    value=normal_mixture_nll,
    grad=normal_mixture_nll_grad,
    more_grads={"means": normal_mixture_nll_grad_means, "scales": normal_mixture_nll_grad_scales},
    title="normal mixture negative log-likelihood",
    synonyms=("mixture density network loss", "MDN loss"),
    where="In the gradients, the fraction with $\\ell$ is the component's responsibility: its share of the density.",
    latex=rf"\frac{{1}}{{2}} \log\left(2 \pi\right) + \log \left(\sum_{{k=1}}^{{K}} \exp\left(s_k\right)\right)"
    rf" - \log \left(\sum_{{k=1}}^{{K}} {_normal_density('k')}\right)",
    latex_grad={
        "logits": rf"\frac{{\exp\left(s_k\right)}}{{\sum_{{j=1}}^{{K}} \exp\left(s_j\right)}} - {_SHARE}",
        "means": rf"-{_SHARE} \frac{{y - \mu_k}}{{\sigma_k^2}}",
        "scales": rf"{_SHARE} \left(\frac{{1}}{{\sigma_k}} - \frac{{(y - \mu_k)^2}}{{\sigma_k^3}}\right)",
    },
    arguments={
        "logits": Argument("s", "logits"),
        "means": Argument(r"\mu", "components"),
        "scales": Argument(r"\sigma", "positive components"),
        "target": Argument("y", "real"),
    },
    density=Density(
        "mixture of normals",
        rf"\frac{{1}}{{\sqrt{{2 \pi}}}} \frac{{\sum_{{k=1}}^{{K}} {_normal_density('k')}}}"
        rf"{{\sum_{{k=1}}^{{K}} \exp\left(s_k\right)}}",
    ),
    estimates="the whole conditional distribution, with several humps if need be",
    torch="torch.distributions.MixtureSameFamily",
    card=Card(
        what="How surprising the target is under a weighted sum of bells, all of them predicted.",
        why="Several values are likely, and those between them are not.",
        strengths=(
            "Two far humps cost it less than they cost any single bell.",
            "The pull is shared: a bell hardly moves for a target that another explains far better.",
        ),
        weaknesses=(
            "One bell on one target lowers the loss without bound as it shrinks.",
            "Renaming the bells changes nothing, so the best parameters are not unique.",
        ),
        pytorch="-torch.distributions.MixtureSameFamily(\n"
        "    torch.distributions.Categorical(logits=logits),\n"
        "    torch.distributions.Normal(means, scales),\n"
        ").log_prob(target).mean()",
    ),
    source="bishop1994",
    chapter="recipe",
)
