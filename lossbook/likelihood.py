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
from numpy.typing import ArrayLike, NDArray
from scipy import special

from lossbook.classification import (
    binary_cross_entropy_with_logits,
    binary_cross_entropy_with_logits_grad,
    log_softmax,
    softmax,
    softmax_cross_entropy,
    softmax_cross_entropy_grad,
)
from lossbook.core import (
    RESIDUAL,
    Argument,
    Density,
    Floats,
    Loss,
    Parameter,
    check_logits,
    fixed_or_predicted,
    number,
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
    digamma_minus_log,
    log1p_square,
    stirling_error,
    weighted_gap,
    x_minus_log1p,
)


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
        return _scale_grad(df * (above / below / scale), scale, reduction)


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


# ── Bernoulli and categorical: cross-entropy by another name ─────────────────────────────────────────────────────────


def _binary_labels(labels: ArrayLike) -> Floats:
    array = real("labels", labels)
    wrong = (array != 0) & (array != 1) & ~np.isnan(array)
    if wrong.any():
        raise ValueError(f"labels must be 0 or 1, got {shown(array[wrong][0])} at index {place(wrong)}")
    return array


def bernoulli_nll(logits: ArrayLike, labels: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Negative log-likelihood of a Bernoulli distribution with log-odds s.

    .. math:: \ell = -y \log \hat p - (1 - y) \log(1 - \hat p), \qquad \hat p = \sigma(s)

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
    source="bridle1990",
    chapter="recipe",
)


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
        If a shape parameter is not greater than 0, a target not strictly between 0 and 1, the shapes do not fit, the
        reduction is unknown, or "mean" meets an empty batch.

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
    return _scale_grad(_beta_slopes(a, b, y, -weighted_gap(a, b, y)), a, reduction)


def beta_nll_grad_b(a: ArrayLike, b: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    """d beta_nll / d b = ψ(b) − ψ(a + b) − log(1 − y). Arguments as in `beta_nll`; an array or a float like b.

    >>> beta_nll_grad_b([2.0], [5.0], [0.7])
    array([0.83730614])
    """
    a, b, y = _beta_arguments(a, b, target)
    return _scale_grad(_beta_slopes(b, a, 1 - y, weighted_gap(a, b, y)), b, reduction)


def _beta_slopes(a: Floats, b: Floats, y: Floats, surplus: Floats) -> Floats:
    """ψ(a) − ψ(a + b) − log y with the logarithms cancelled on paper; `surplus` is (a + b) y − a."""
    with quiet():
        x = surplus / a
        log_ratio = np.where(np.abs(x) <= 0.5, np.log1p(x), np.log(y) + np.log1p(b / a))
        large = digamma_minus_log(a) - digamma_minus_log(a + b) - log_ratio
        poles = special.digamma(a + 1) - special.digamma(a + b + 1) - b / a / (a + b)  # −1/a + 1/(a + b) apart
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
    source="ferrari2004",
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
    sklearn="sklearn.linear_model.PoissonRegressor",
    source="poisson1837",
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
        If the shapes differ, the concentration is not greater than 0, the reduction is unknown, or "mean" meets an
        empty batch.

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
        return reduce(np.log(2 * np.pi * special.i0e(kappa)) + 2 * kappa * np.square(np.sin(e / 2)), reduction)


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
        return _scale_grad(np.where(kappa < 1, bessel_ratio(kappa) - np.cos(e), near_one), kappa, reduction)


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
    source="vonmises1918",
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

    .. math:: \ell = -\log \sum_{k=1}^{K} \frac{\pi_k}{\sqrt{2\pi}\, \sigma_k}
              \exp\left(-\frac{(y - \mu_k)^2}{2 \sigma_k^2}\right),
              \qquad \pi_k = \frac{\exp(s_k)}{\sum_j \exp(s_j)}

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
        If the shapes do not fit, a scale is not greater than 0, a logit is +inf, the reduction is unknown, or "mean"
        meets an empty batch.

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
    """d normal_mixture_nll / d logits = π − r: weights minus responsibilities. Arguments as in `normal_mixture_nll`.

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


_SHARE = rf"\frac{{{_normal_density('k')}}}{{\sum_{{j=1}}^{{K}} {_normal_density('j')}}}"

NORMAL_MIXTURE_NLL = Loss(
    value=normal_mixture_nll,
    grad=normal_mixture_nll_grad,
    more_grads={"means": normal_mixture_nll_grad_means, "scales": normal_mixture_nll_grad_scales},
    title="normal mixture negative log-likelihood",
    synonyms=("mixture density network loss", "MDN loss"),
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
    source="bishop1994",
    chapter="recipe",
)
