r"""Likelihood losses of shares and angles: Beta on [0, 1] and von Mises on the circle, in nats, with every constant.

What `likelihood_real` says of gradients and modes holds here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import (
    Argument,
    Card,
    Density,
    Floats,
    Loss,
    fixed_or_predicted,
    parameter_grad,
    place,
    positive,
    quiet,
    real,
    reduce,
    reduce_grad,
    residual,
    same_shape,
    shown,
)
from lossbook.numerics import (
    bessel_gap,
    bessel_ratio,
    digamma,
    digamma_minus_log,
    scaled_i0,
    stirling_error,
    weighted_gap,
    x_minus_log1p,
)

__all__ = [
    "BETA_NLL",
    "VON_MISES_NLL",
    "beta_mode",
    "beta_nll",
    "beta_nll_grad",
    "beta_nll_grad_b",
    "von_mises_nll",
    "von_mises_nll_grad",
    "von_mises_nll_grad_concentration",
]

# ── Beta ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _beta_arguments(a: ArrayLike, b: ArrayLike, target: ArrayLike) -> tuple[Floats, Floats, Floats]:
    y = real("target", target)
    wrong = (y <= 0) | (y >= 1)
    if wrong.any():
        raise ValueError(f"target must lie strictly between 0 and 1, got {shown(y[wrong][0])} at index {place(wrong)}")
    return _per_example("a", a, y), _per_example("b", b, y), y


def _per_example(name: str, value: ArrayLike, target: Floats) -> Floats:
    array = positive(name, value)
    if array.ndim and array.shape != target.shape:
        allowed = f"a number or an array of the shape of target, {target.shape}"
        raise ValueError(f"{name} must be {allowed}, got shape {array.shape}")
    return array


def beta_nll(a: ArrayLike, b: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Negative log-likelihood of a Beta distribution: a fraction between 0 and 1, with both shapes predicted.

    .. math:: \ell = \log B(a, b) - (a - 1) \log y - (b - 1) \log(1 - y)

    Parameters
    ----------
    a, b : array_like
        The shapes, greater than 0: each one number (fixed), or an array of the shape of `target` (predicted).
    target : array_like
        Fractions strictly between 0 and 1. At 0 and 1 themselves the density is 0 or infinite unless a = 1 or b = 1.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats; negative where the density exceeds 1. A float, or for "none" an array of the shape of `target`.

    Raises
    ------
    ValueError
        If a shape parameter is not finite and greater than 0, a target not strictly between 0 and 1, the shapes do not
        fit, the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    The textbook formula subtracts numbers of the size a + b from each other. Here Stirling's formula is inserted and
    the leading terms cancel on paper (after Loader's binomial deviance), so that Beta(10⁶, 10⁶) keeps its digits.

    References
    ----------
    Ferrari and Cribari-Neto (2004), "Beta regression for modelling rates and proportions", *Journal of Applied
    Statistics* 31, 799–815; Loader (2000), "Fast and accurate computation of binomial probabilities".

    Examples
    --------
    >>> round(beta_nll([2.0], [5.0], [0.7]), 12)  # −log(30 · 0.7 · 0.3⁴)
    1.77136877958
    """
    a, b, y = _beta_arguments(a, b, target)
    with quiet():
        gap = weighted_gap(a, b, y)  # (a + b) times the distance of y from the mean
        total = a + b
        deviance = a * x_minus_log1p(-gap / a, np.log(total * (y / a)))
        deviance += b * x_minus_log1p(gap / b, np.log(total * ((1 - y) / b)))
        spread = 2 * np.pi * total * (y / a) * ((1 - y) / b)
        level = (np.log(spread) + np.log(y) + np.log1p(-y)) / 2
        corrections = stirling_error(a) + stirling_error(b) - stirling_error(total)
        return reduce(deviance + level + corrections, reduction)


def beta_nll_grad(a: ArrayLike, b: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    """d beta_nll / d a = ψ(a) − ψ(a + b) − log y, ψ the digamma function. Arguments as in `beta_nll`.

    An array where a is predicted. Where it is one number a float, the sum over the examples.

    >>> beta_nll_grad([2.0], [5.0], [0.7])
    array([-1.09332506])
    """
    a, b, y = _beta_arguments(a, b, target)
    return parameter_grad(_beta_slopes(a, b, y, -weighted_gap(a, b, y)), a, reduction)


def beta_nll_grad_b(a: ArrayLike, b: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    """d beta_nll / d b = ψ(b) − ψ(a + b) − log(1 − y). Arguments as in `beta_nll`; an array or a float like b.

    >>> beta_nll_grad_b([2.0], [5.0], [0.7])
    array([0.83730614])
    """
    a, b, y = _beta_arguments(a, b, target)
    return parameter_grad(_beta_slopes(b, a, 1 - y, weighted_gap(a, b, y)), b, reduction)


def _beta_slopes(a: Floats, b: Floats, y: Floats, surplus: Floats) -> Floats:
    """ψ(a) − ψ(a + b) − log y with the logarithms cancelled on paper; `surplus` is (a + b) y − a."""
    with quiet():
        x = surplus / a
        log_ratio = np.where(np.abs(x) <= 0.5, np.log1p(x), np.log(y) + np.log1p(b / a))
        large = digamma_minus_log(a) - digamma_minus_log(a + b) - log_ratio
        poles = digamma(a + 1) - digamma(a + b + 1) - b / a / (a + b)  # −1/a + 1/(a + b) apart
        return np.where(a < 1, poles - np.log(y), large)


def beta_mode(a: ArrayLike, b: ArrayLike) -> Floats:
    """The most likely value of a Beta distribution, (a − 1)/(a + b − 2) where a, b > 1.

    With a ≤ 1 ≤ b the density is largest at 0, with b ≤ 1 ≤ a at 1. Where no single value is the most likely one, for
    the uniform a = b = 1 and the bathtub a, b < 1, the answer is NaN.

    >>> beta_mode([2.0, 0.5, 1.0], [5.0, 3.0, 1.0])
    array([0.2, 0. , nan])
    """
    a, b = positive("a", a), positive("b", b)
    same_shape("a", a, "b", b)
    with quiet():
        nowhere = np.isnan(a + b) | (a == b) | (a < 1) & (b < 1)
        ends = np.where(nowhere, np.nan, np.where(a < b, 0.0, 1.0))
        return np.where((a > 1) & (b > 1), 1 / (1 + (b - 1) / (a - 1)), ends)


BETA_NLL = Loss(
    value=beta_nll,
    grad=beta_nll_grad,
    more_grads={"b": beta_nll_grad_b},
    title="Beta negative log-likelihood",
    synonyms=("Beta regression",),
    latex=r"\log \operatorname{B}(a, b) - (a - 1) \log y - (b - 1) \log\left(1 - y\right)",
    latex_grad={
        "a": r"\operatorname{digamma}(a) - \operatorname{digamma}(a + b) - \log y",
        "b": r"\operatorname{digamma}(b) - \operatorname{digamma}(a + b) - \log\left(1 - y\right)",
    },
    arguments={"a": Argument("a", "positive"), "b": Argument("b", "positive"), "target": Argument("y", "unit")},
    density=Density("Beta", r"\frac{y^{a - 1} (1 - y)^{b - 1}}{\operatorname{B}(a, b)}", "stats.beta(a, b)"),
    estimates="both shapes of the distribution of a fraction",
    torch="torch.distributions.Beta",
    card=Card(
        what="How surprising a fraction is under a density on 0 to 1 that two shapes describe.",
        why="A bell would give probability to a share of 1.2.",
        strengths=(
            "No probability lies below 0 or above 1.",
            "It tells sure from unsure: $(8, 4)$ and $(15, 7)$ have one mode and different losses.",
        ),
        weaknesses=(
            "At 0 and at 1 the density is 0 or infinite, unless a shape is 1: such targets are refused.",
            "For one single target the loss falls without bound along the shapes with that mode.",
        ),
        pytorch="-torch.distributions.Beta(a, b).log_prob(target).mean()",
    ),
    source="ferrari2004",
    chapter="recipe",
)

# ── von Mises ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _turn(prediction: ArrayLike, target: ArrayLike, concentration: ArrayLike) -> tuple[Floats, Floats]:
    """The residual angle, and the concentration."""
    e = residual(prediction, target)
    return e, fixed_or_predicted("concentration", concentration, e)


def von_mises_nll(
    prediction: ArrayLike, target: ArrayLike, *, concentration: ArrayLike = 1.0, reduction: str = "mean"
) -> Floats | float:
    r"""Negative log-likelihood of a von Mises distribution, the normal distribution of the circle, about the angle ŷ.

    .. math:: \ell = \log(2\pi I_0(\kappa)) - \kappa \cos(e), \qquad e = y - \hat y

    Parameters
    ----------
    prediction, target : array_like
        Angles in radians, one shape; whole turns do not matter.
    concentration : array_like
        κ > 0, about 1/σ² when large: one number, or an array of the shape of `prediction`.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the shape of `prediction`.

    Raises
    ------
    ValueError
        If the shapes differ, the concentration is not finite and greater than 0, the reduction is unknown, or "mean"
        meets an empty batch.

    Notes
    -----
    I₀ is the modified Bessel function, which overflows near κ = 700; its scaled form does not, and 1 − cos e is taken
    as 2 sin²(e/2). The most likely angle is the prediction itself.

    References
    ----------
    von Mises (1918), "Über die 'Ganzzahligkeit' der Atomgewichte", *Physikalische Zeitschrift* 19, 490–500.

    Examples
    --------
    >>> von_mises_nll([0.0, 0.1], [np.pi, 0.1 + 2 * np.pi], reduction="none").round(6)
    array([3.073791, 1.073791])
    """
    e, kappa = _turn(prediction, target, concentration)
    with quiet():
        return reduce(np.log(2 * np.pi * scaled_i0(kappa)) + 2 * kappa * np.square(np.sin(e / 2)), reduction)


def von_mises_nll_grad(
    prediction: ArrayLike, target: ArrayLike, *, concentration: ArrayLike = 1.0, reduction: str = "mean"
) -> Floats:
    """d von_mises_nll / d prediction = −κ sin e: strongest a quarter turn away, 0 at the opposite. Arguments as there.

    >>> von_mises_nll_grad([0.0], [np.pi / 2], concentration=2.0)
    array([-2.])
    """
    e, kappa = _turn(prediction, target, concentration)
    with quiet():
        return reduce_grad(-kappa * np.sin(e), reduction)


def von_mises_nll_grad_concentration(
    prediction: ArrayLike, target: ArrayLike, *, concentration: ArrayLike = 1.0, reduction: str = "mean"
) -> Floats | float:
    """d von_mises_nll / d concentration = I₁(κ)/I₀(κ) − cos e. Arguments as in `von_mises_nll`.

    An array for a predicted concentration. For a fixed one a float, the sum over the examples.

    >>> von_mises_nll_grad_concentration([0.0], [np.pi / 2], concentration=[1.0]).round(6)
    array([0.44639])
    """
    e, kappa = _turn(prediction, target, concentration)
    with quiet():
        near_one = 2 * np.square(np.sin(e / 2)) - bessel_gap(kappa)  # both terms from their distance to 1
        return parameter_grad(np.where(kappa < 1, bessel_ratio(kappa) - np.cos(e), near_one), kappa, reduction)


VON_MISES_NLL = Loss(
    value=von_mises_nll,
    grad=von_mises_nll_grad,
    more_grads={"concentration": von_mises_nll_grad_concentration},
    title="von Mises negative log-likelihood",
    synonyms=("circular normal NLL",),
    latex=r"\log\left(2 \pi I_0(\kappa)\right) - \kappa \cos(e)",
    latex_grad={
        "prediction": r"-\kappa \sin(e)",
        "concentration": r"\frac{I_1(\kappa)}{I_0(\kappa)} - \cos(e)",
    },
    arguments={
        "prediction": Argument(r"\hat y", "angle"),
        "target": Argument("y", "angle"),
        "concentration": Argument(r"\kappa", "positive"),
    },
    density=Density(
        "von Mises",
        r"\frac{1}{2 \pi I_0(\kappa)} \exp\left(\kappa \cos(y - \hat y)\right)",
        "stats.vonmises(concentration, prediction)",
    ),
    estimates="the conditional mean direction",
    torch="torch.distributions.VonMises",
    card=Card(
        what=r"How surprising an angle is under a bell that is bent around the circle, about $\hat y$.",
        why="350° and 10° are 20° apart, and a difference of raw degrees says 340.",
        strengths=(
            "Whole turns of forecast or target change nothing.",
            r"For large $\kappa$ and small misses it is the normal loss with $\sigma = 1/\sqrt\kappa$.",
        ),
        weaknesses=(
            "At the exact opposite the slope is 0: the worst forecast is not pulled.",
            r"On a target that is met, the loss falls without bound as $\kappa$ grows.",
        ),
        pytorch="(torch.log(2 * torch.pi * torch.special.i0e(concentration))\n"
        "    + concentration * (1 - torch.cos(target - prediction))).mean()",
    ),
    source="vonmises1918",
    chapter="recipe",
)
