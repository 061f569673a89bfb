r"""Likelihood losses: the negative log-density of the target, in nats, with every constant.

The prediction is the location of a distribution. Its `scale` is either one number for all examples (fixed) or an array
of the shape of the prediction (predicted with it). `x_grad` is the gradient with respect to the prediction,
`x_grad_scale` with respect to the scale: an array where the scale is predicted, one float where it is fixed, namely the
sum over the examples that share it, as autograd gives. A negative log-density can be negative: a density may exceed 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import (
    RESIDUAL,
    Argument,
    Density,
    Floats,
    Loss,
    Parameter,
    fixed_or_predicted,
    number,
    quiet,
    reduce,
    reduce_grad,
    residual,
)
from lossbook.numerics import damped, log1p_square, stirling_error, x_minus_log1p


def _residual_and_scale(prediction: ArrayLike, target: ArrayLike, scale: ArrayLike) -> tuple[Floats, Floats]:
    e = residual(prediction, target)
    return e, fixed_or_predicted("scale", scale, e)


def _scale_grad(slopes: Floats, scale: Floats, reduction: str) -> Floats | float:
    """The slopes of a predicted scale, or their sum for a fixed one, which every example shares."""
    gradient = reduce_grad(slopes, reduction)
    return gradient if scale.ndim or not gradient.ndim else float(gradient.sum())


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
        If the shapes differ, an argument is not real, a scale is not greater than 0, the reduction is unknown, or
        "mean" meets an empty batch.

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
        return _scale_grad((scale - size) / scale / scale * (1 + size / scale), scale, reduction)


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
        return _scale_grad((scale - np.abs(e)) / scale / scale, scale, reduction)


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
        As `normal_nll`, and if `df` is not greater than 0.

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
        slopes = -(1 + 1 / df) * damped(e, scale * np.sqrt(df)) / scale / scale
        return reduce_grad(slopes, reduction)


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
    size = np.abs(e)
    with quiet():
        unit = np.maximum(scale, size)  # both sides of the fraction in this unit: no square overflows
        above, below = (
            (scale - size) / unit * ((scale + size) / unit),
            np.square(scale / unit) + np.square(size / unit) / df,
        )
        return _scale_grad(above / below / scale, scale, reduction)


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
    source="student1908",
    chapter="recipe",
)
