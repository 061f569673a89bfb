r"""Regression losses: functions of the residual e = y − ŷ.

Each loss is two functions and one record. The gradient is that of the *reduced* loss with respect to the prediction, so
it equals what autograd gives; since ∂e/∂ŷ = −1 it carries the opposite sign of the derivative in e. With
reduction="none" it is each loss's own slope. Where a loss has a kink its gradient is the subgradient closest to 0,
which is 0 itself wherever the kink is a minimum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import (
    Density,
    Floats,
    Loss,
    Parameter,
    check_reduction,
    number,
    quiet,
    reduce,
    reduce_grad,
    residual,
    shown,
)
from lossbook.numerics import damped, log1p_square

# ── Mean squared error ───────────────────────────────────────────────────────────────────────────────────────────────


def mse(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Mean squared error.

    .. math:: \ell(e) = e^2, \qquad e = y - \hat y

    Parameters
    ----------
    prediction, target : array_like
        Real numbers of one shape, in one unit; the loss is in that unit squared.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `prediction`.

    Raises
    ------
    ValueError
        If the shapes differ, an argument is not real, the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    No factor ½, as in PyTorch and scikit-learn; Optax's `l2_loss` has one. Minimised by the conditional mean.

    References
    ----------
    Legendre (1805), *Nouvelles méthodes pour la détermination des orbites des comètes*, published least squares first;
    Gauss (1809), *Theoria motus corporum coelestium*, §179, derived it from the normal law.

    Examples
    --------
    >>> mse([1.0, 2.0], [1.0, 5.0])
    4.5
    """
    with quiet():
        return reduce(np.square(residual(prediction, target)), reduction)


def mse_grad(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d mse / d prediction = −2e, over N under "mean". Arguments as in `mse`.

    >>> mse_grad([1.0, 2.0], [1.0, 5.0])
    array([ 0., -3.])
    """
    with quiet():
        return reduce_grad(-2 * residual(prediction, target), reduction)


MSE = Loss(
    value=mse,
    grad=mse_grad,
    title="mean squared error",
    synonyms=("MSE", "squared error", "L2 loss", "quadratic loss"),
    latex=r"e^2",
    latex_grad={"prediction": r"-2e"},
    density=Density(
        "normal with variance ½",
        r"\frac{1}{\sqrt{\pi}} \exp\left(-(y - \hat y)^2\right)",
        "stats.norm(prediction, 0.5**0.5)",
    ),
    estimates="the conditional mean",
    torch="torch.nn.functional.mse_loss",
    sklearn="sklearn.metrics.mean_squared_error",
    optax="optax.squared_error",
    source="legendre1805",
    chapter="regression",
)


# ── Mean absolute error ──────────────────────────────────────────────────────────────────────────────────────────────


def mae(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Mean absolute error.

    .. math:: \ell(e) = |e|, \qquad e = y - \hat y

    Parameters
    ----------
    prediction, target : array_like
        Real numbers of one shape, in one unit; the loss is in that unit too.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `prediction`.

    Raises
    ------
    ValueError
        As `mse`.

    Notes
    -----
    PyTorch calls it L1 loss. Minimised by the conditional median; with an even number of targets by every number
    between the middle two.

    References
    ----------
    Laplace (1774), "Mémoire sur la probabilité des causes par les évènements".

    Examples
    --------
    >>> mae([1.0, 2.0], [1.0, 5.0])
    1.5
    """
    return reduce(np.abs(residual(prediction, target)), reduction)


def mae_grad(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d mae / d prediction = −sign(e), over N under "mean". Arguments as in `mae`.

    At e = 0 every number in [−1, 1] is a subgradient; this is 0, as in PyTorch.

    >>> mae_grad([1.0, 2.0], [1.0, 5.0], reduction="none")
    array([ 0., -1.])
    """
    return reduce_grad(-np.sign(residual(prediction, target)), reduction)


MAE = Loss(
    value=mae,
    grad=mae_grad,
    title="mean absolute error",
    synonyms=("MAE", "absolute error", "L1 loss", "least absolute deviations"),
    latex=r"|e|",
    latex_grad={"prediction": r"-\operatorname{sign}(e)"},
    density=Density("Laplace", r"\frac{1}{2} \exp\left(-|y - \hat y|\right)", "stats.laplace(prediction, 1)"),
    estimates="the conditional median",
    torch="torch.nn.functional.l1_loss",
    sklearn="sklearn.metrics.mean_absolute_error",
    source="laplace1774",
    chapter="regression",
)


# ── Root mean squared error ──────────────────────────────────────────────────────────────────────────────────────────


def rmse(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> float:
    r"""Root mean squared error: one number for the whole batch, in the unit of the target.

    .. math:: L(e_1, \dots, e_N) = \sqrt{\frac{1}{N} \sum_{i=1}^{N} e_i^2}, \qquad e_i = y_i - \hat y_i

    Parameters
    ----------
    prediction, target : array_like
        Real numbers of one shape, in one unit; the loss is in that unit too.
    reduction : {"mean"}
        The root is taken of the mean over the batch, so there is no loss per element and no sum of them.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        As `mse`, and for any reduction but "mean".

    Notes
    -----
    It has the minimiser of `mse`. The mean of the RMSE of two batches is not the RMSE of both together. The residuals
    are divided by the largest before squaring, so that 1e200 does not overflow and 1e-200 does not vanish.

    References
    ----------
    Gauss (1823), *Theoria combinationis observationum erroribus minimis obnoxiae*: the mean error to be feared.

    Examples
    --------
    >>> rmse([1.0, 2.0], [1.0, 4.0])
    1.4142135623730951
    """
    largest, shares = _shares(prediction, target, reduction)
    with quiet():
        return float(largest * np.sqrt(np.square(shares).mean()))


def rmse_grad(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d rmse / d prediction = −e / (N · rmse). Arguments as in `rmse`.

    Undefined where every residual is 0. This is 0 there, the smallest subgradient; autograd through a root gives NaN.

    >>> rmse_grad([0.0, 0.0], [3.0, 4.0]).round(4)
    array([-0.4243, -0.5657])
    """
    _, shares = _shares(prediction, target, reduction)
    with quiet():
        root = np.sqrt(np.square(shares).mean())
        return np.asarray(-shares / (shares.size * (root if root != 0 else 1)) + 0.0)


def _shares(prediction: ArrayLike, target: ArrayLike, reduction: str) -> tuple[float, Floats]:
    """The largest |e|, and every e divided by it: numbers in [−1, 1] whose squares neither overflow nor vanish."""
    e = residual(prediction, target)
    if reduction != "mean":
        because = "the root is taken of the mean, so rmse has no loss per example"
        raise ValueError(f"reduction must be 'mean' ({because}), got {shown(reduction)}")
    check_reduction(reduction, e.size)
    largest = float(np.abs(e).max())
    with quiet():
        return largest, e / largest if 0 < largest < np.inf else e


RMSE = Loss(
    value=rmse,
    grad=rmse_grad,
    title="root mean squared error",
    synonyms=("RMSE", "root mean square deviation"),
    latex=r"\sqrt{\frac{1}{N} \sum_{i=1}^{N} e_i^2}",
    latex_grad={"prediction": r"-\frac{e_i}{N \sqrt{\frac{1}{N} \sum_{j=1}^{N} e_j^2}}"},
    reductions=("mean",),
    estimates="the conditional mean",
    sklearn="sklearn.metrics.root_mean_squared_error",
    source="gauss1823",
    chapter="regression",
)


# ── Huber and smooth L1 ──────────────────────────────────────────────────────────────────────────────────────────────


def huber(prediction: ArrayLike, target: ArrayLike, *, delta: float = 1.0, reduction: str = "mean") -> Floats | float:
    r"""Huber loss: quadratic up to |e| = δ, linear beyond.

    .. math:: \ell_\delta(e) = \begin{cases} \tfrac12 e^2 & |e| \le \delta \\
              \delta\,(|e| - \tfrac12\delta) & |e| > \delta \end{cases}

    Parameters
    ----------
    prediction, target : array_like
        Real numbers of one shape, in one unit; the loss is in that unit squared.
    delta : float
        Where the parabola becomes a line, in the unit of the target; greater than 0.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `prediction`.

    Raises
    ------
    ValueError
        As `mse`, and if `delta` is not greater than 0.

    Notes
    -----
    PyTorch's `HuberLoss` is this one; its `SmoothL1Loss(beta=delta)` is this one divided by delta.

    References
    ----------
    Huber (1964), "Robust estimation of a location parameter", *Annals of Mathematical Statistics* 35, 73–101.

    Examples
    --------
    >>> huber([0.0, 0.0], [0.5, 3.0], reduction="none")
    array([0.125, 2.5  ])
    """
    delta = number("delta", delta, 0)
    size = np.abs(residual(prediction, target))
    quadratic = np.minimum(size, delta)  # the part of |e| up to δ; the rest is paid linearly
    with quiet():
        return reduce(quadratic * (size - quadratic / 2), reduction)


def huber_grad(prediction: ArrayLike, target: ArrayLike, *, delta: float = 1.0, reduction: str = "mean") -> Floats:
    """d huber / d prediction: −e clipped to [−δ, δ], over N under "mean". Arguments as in `huber`.

    >>> huber_grad([0.0, 0.0], [0.5, 3.0], reduction="none")
    array([-0.5, -1. ])
    """
    delta = number("delta", delta, 0)
    return reduce_grad(-np.clip(residual(prediction, target), -delta, delta), reduction)


HUBER = Loss(
    value=huber,
    grad=huber_grad,
    title="Huber loss",
    synonyms=("robust loss",),
    latex=r"\begin{cases} \frac{1}{2} e^2 & |e| \le \delta \\"
    r" \delta \left(|e| - \frac{1}{2} \delta\right) & |e| > \delta \end{cases}",
    latex_grad={
        "prediction": r"\begin{cases} -e & |e| \le \delta \\ -\delta \operatorname{sign}(e) & |e| > \delta \end{cases}"
    },
    parameters={"delta": Parameter(1.0, 0.1, 4.0, r"\delta")},
    density=Density(
        "Huber's least favourable density",
        r"\frac{1}{\sqrt{2 \pi} \operatorname{erf}\left(\frac{\delta}{\sqrt{2}}\right)"
        r" + \frac{2}{\delta} \exp\left(-\frac{\delta^2}{2}\right)} \exp\left(-\ell\right)",
    ),
    estimates="a compromise between the conditional mean and the conditional median",
    torch="torch.nn.functional.huber_loss",
    sklearn="sklearn.linear_model.HuberRegressor",
    optax="optax.huber_loss",
    source="huber1964",
    chapter="regression",
)


def smooth_l1(
    prediction: ArrayLike, target: ArrayLike, *, beta: float = 1.0, reduction: str = "mean"
) -> Floats | float:
    r"""Smooth L1 loss: absolute error, rounded off within |e| < β.

    .. math:: \ell_\beta(e) = \begin{cases} \frac{e^2}{2\beta} & |e| \le \beta \\
              |e| - \tfrac12\beta & |e| > \beta \end{cases}

    Parameters
    ----------
    prediction, target : array_like
        Real numbers of one shape, in one unit; the loss is in that unit too.
    beta : float
        Where the parabola becomes a line of slope 1, in the unit of the target; greater than 0.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `prediction`.

    Raises
    ------
    ValueError
        As `mse`, and if `beta` is not greater than 0.

    Notes
    -----
    This is `huber` with δ = β, divided by β: its tails keep slope 1 whatever β is. PyTorch allows β = 0, meaning `mae`.

    References
    ----------
    Girshick (2015), "Fast R-CNN", *IEEE International Conference on Computer Vision*, 1440–1448.

    Examples
    --------
    >>> smooth_l1([0.0, 0.0], [0.5, 3.0], beta=2.0, reduction="none")
    array([0.0625, 2.    ])
    """
    beta = number("beta", beta, 0)
    size = np.abs(residual(prediction, target))
    quadratic = np.minimum(size, beta)
    with quiet():
        return reduce(quadratic / beta * (size - quadratic / 2), reduction)


def smooth_l1_grad(prediction: ArrayLike, target: ArrayLike, *, beta: float = 1.0, reduction: str = "mean") -> Floats:
    """d smooth_l1 / d prediction: −e/β clipped to [−1, 1], over N under "mean". Arguments as in `smooth_l1`.

    >>> smooth_l1_grad([0.0, 0.0], [0.5, 3.0], beta=2.0, reduction="none")
    array([-0.25, -1.  ])
    """
    beta = number("beta", beta, 0)
    with quiet():
        return reduce_grad(-np.clip(residual(prediction, target) / beta, -1, 1), reduction)


SMOOTH_L1 = Loss(
    value=smooth_l1,
    grad=smooth_l1_grad,
    title="smooth L1 loss",
    latex=r"\begin{cases} \frac{e^2}{2 \beta} & |e| \le \beta \\ |e| - \frac{1}{2} \beta & |e| > \beta \end{cases}",
    latex_grad={
        "prediction": r"\begin{cases} -\frac{e}{\beta} & |e| \le \beta \\"
        r" -\operatorname{sign}(e) & |e| > \beta \end{cases}"
    },
    parameters={"beta": Parameter(1.0, 0.1, 4.0, r"\beta")},
    density=Density(
        "Huber's least favourable density, rescaled",
        r"\frac{1}{\sqrt{2 \pi \beta} \operatorname{erf}\left(\sqrt{\frac{\beta}{2}}\right)"
        r" + 2 \exp\left(-\frac{\beta}{2}\right)} \exp\left(-\ell\right)",
    ),
    estimates="a compromise between the conditional mean and the conditional median",
    torch="torch.nn.functional.smooth_l1_loss",
    source="girshick2015",
    chapter="regression",
)


# ── Log-cosh ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def log_cosh(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Log-cosh loss: near e²/2 for small residuals, near |e| − log 2 for large ones, smooth everywhere.

    .. math:: \ell(e) = \log\cosh e, \qquad e = y - \hat y

    Parameters
    ----------
    prediction, target : array_like
        Real numbers of one shape. The formula has no scale: divide both by one where the unit matters.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `prediction`.

    Raises
    ------
    ValueError
        As `mse`.

    Notes
    -----
    cosh e overflows at |e| = 711 and log loses small residuals, so the code uses log(1 + 2 sinh²(e/2)), and |e| − log 2
    where e^(−2|e|) is below the last digit.

    References
    ----------
    Green (1990), "Bayesian reconstructions from emission tomography data using a modified EM algorithm", *IEEE
    Transactions on Medical Imaging* 9, 84–93.

    Examples
    --------
    >>> log_cosh([0.0, 0.0], [1e-8, 1000.0], reduction="none")
    array([5.00000000e-17, 9.99306853e+02])
    """
    size = np.abs(residual(prediction, target))
    with quiet():
        near = np.log1p(2 * np.square(np.sinh(np.minimum(size, 20) / 2)))
        return reduce(np.where(size > 20, size - np.log(2), near), reduction)


def log_cosh_grad(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d log_cosh / d prediction = −tanh(e), over N under "mean". Arguments as in `log_cosh`.

    >>> log_cosh_grad([0.0, 0.0], [0.0, 1000.0], reduction="none")
    array([ 0., -1.])
    """
    return reduce_grad(-np.tanh(residual(prediction, target)), reduction)


LOG_COSH = Loss(
    value=log_cosh,
    grad=log_cosh_grad,
    title="log-cosh loss",
    latex=r"\log \cosh e",
    latex_grad={"prediction": r"-\tanh e"},
    density=Density(
        "hyperbolic secant", r"\frac{1}{\pi \cosh\left(y - \hat y\right)}", "stats.hypsecant(prediction, 1)"
    ),
    estimates="a compromise between the conditional mean and the conditional median",
    optax="optax.log_cosh",
    source="green1990",
    chapter="regression",
)


# ── Pinball ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def pinball(
    prediction: ArrayLike, target: ArrayLike, *, quantile: float = 0.5, reduction: str = "mean"
) -> Floats | float:
    r"""Pinball loss: a residual above costs τ, one below 1 − τ, so that the minimiser is the τ-quantile.

    .. math:: \ell_\tau(e) = \max\left(\tau e,\; (\tau - 1)\, e\right), \qquad e = y - \hat y

    Parameters
    ----------
    prediction, target : array_like
        Real numbers of one shape, in one unit; the loss is in that unit too.
    quantile : float
        τ, the share of targets that should lie below the prediction; in (0, 1).
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `prediction`.

    Raises
    ------
    ValueError
        As `mse`, and if `quantile` does not lie in (0, 1).

    Notes
    -----
    At τ = ½ it is half of `mae`, as in scikit-learn.

    References
    ----------
    Koenker and Bassett (1978), "Regression quantiles", *Econometrica* 46, 33–50.

    Examples
    --------
    >>> pinball([1.0, 1.0], [3.0, -1.0], quantile=0.75, reduction="none")
    array([1.5, 0.5])
    """
    quantile = number("quantile", quantile, 0, 1)
    e = residual(prediction, target)
    return reduce(np.maximum(quantile * e, (quantile - 1) * e), reduction)


def pinball_grad(prediction: ArrayLike, target: ArrayLike, *, quantile: float = 0.5, reduction: str = "mean") -> Floats:
    """d pinball / d prediction: −τ where e > 0, 1 − τ where e < 0, over N under "mean". Arguments as in `pinball`.

    At e = 0 every number in [−τ, 1 − τ] is a subgradient; this is 0.

    >>> pinball_grad([1.0, 1.0, 1.0], [3.0, -1.0, 1.0], quantile=0.75, reduction="none")
    array([-0.75,  0.25,  0.  ])
    """
    quantile = number("quantile", quantile, 0, 1)
    e = residual(prediction, target)
    return reduce_grad(np.where(e > 0, -quantile, np.where(e < 0, 1 - quantile, e)), reduction)  # the last e: 0 or NaN


PINBALL = Loss(
    value=pinball,
    grad=pinball_grad,
    title="pinball loss",
    synonyms=("quantile loss", "check loss", "tilted absolute loss"),
    latex=r"\max\left(\tau e, (\tau - 1) e\right)",
    latex_grad={"prediction": r"\begin{cases} -\tau & e > 0 \\ 0 & e = 0 \\ 1 - \tau & e < 0 \end{cases}"},
    parameters={"quantile": Parameter(0.5, 0.05, 0.95, r"\tau", "in (0, 1)")},
    density=Density(
        "asymmetric Laplace",
        r"\tau (1 - \tau) \exp\left(-\ell\right)",
        "stats.laplace_asymmetric((quantile / (1 - quantile))**0.5, prediction, (quantile * (1 - quantile))**-0.5)",
    ),
    estimates="the conditional quantile",
    sklearn="sklearn.metrics.mean_pinball_loss",
    source="koenker1978",
    chapter="regression",
)


# ── ε-insensitive ────────────────────────────────────────────────────────────────────────────────────────────────────


def epsilon_insensitive(
    prediction: ArrayLike, target: ArrayLike, *, epsilon: float = 0.1, reduction: str = "mean"
) -> Floats | float:
    r"""ε-insensitive loss: residuals up to ε are free, the rest is absolute error.

    .. math:: \ell_\varepsilon(e) = \max\left(0,\; |e| - \varepsilon\right), \qquad e = y - \hat y

    Parameters
    ----------
    prediction, target : array_like
        Real numbers of one shape, in one unit; the loss is in that unit too.
    epsilon : float
        Half the width of the free tube, in the unit of the target; at least 0, where it is `mae`.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `prediction`.

    Raises
    ------
    ValueError
        As `mse`, and if `epsilon` is negative.

    Notes
    -----
    The loss of support vector regression, scikit-learn's `SVR`.

    References
    ----------
    Vapnik (1995), *The Nature of Statistical Learning Theory*, chapter 5.

    Examples
    --------
    >>> epsilon_insensitive([0.0, 0.0], [0.25, -2.0], epsilon=0.5, reduction="none")
    array([0. , 1.5])
    """
    epsilon = number("epsilon", epsilon, 0, closed=True)
    return reduce(np.maximum(0, np.abs(residual(prediction, target)) - epsilon), reduction)


def epsilon_insensitive_grad(
    prediction: ArrayLike, target: ArrayLike, *, epsilon: float = 0.1, reduction: str = "mean"
) -> Floats:
    """d epsilon_insensitive / d prediction: 0 up to |e| = ε, −sign(e) beyond, over N under "mean".

    At |e| = ε itself this is 0, the smallest subgradient. Arguments as in `epsilon_insensitive`.

    >>> epsilon_insensitive_grad([0.0, 0.0], [0.25, -2.0], epsilon=0.5, reduction="none")
    array([0., 1.])
    """
    epsilon = number("epsilon", epsilon, 0, closed=True)
    e = residual(prediction, target)
    return reduce_grad(np.where(np.abs(e) <= epsilon, 0, -np.sign(e)), reduction)


EPSILON_INSENSITIVE = Loss(
    value=epsilon_insensitive,
    grad=epsilon_insensitive_grad,
    title="ε-insensitive loss",
    synonyms=("SVR loss", "tube loss"),
    latex=r"\max\left(0, |e| - \varepsilon\right)",
    latex_grad={
        "prediction": r"\begin{cases} 0 & |e| \le \varepsilon \\"
        r" -\operatorname{sign}(e) & |e| > \varepsilon \end{cases}"
    },
    parameters={"epsilon": Parameter(0.1, 0.0, 2.0, r"\varepsilon", "at least 0")},
    density=Density("flat up to ε, Laplace tails beyond", r"\frac{1}{2 (1 + \varepsilon)} \exp\left(-\ell\right)"),
    estimates="a centre with as many targets above ŷ + ε as below ŷ − ε",
    sklearn="sklearn.svm.SVR",
    source="vapnik1995",
    chapter="regression",
)


# ── Cauchy ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def cauchy(prediction: ArrayLike, target: ArrayLike, *, scale: float = 1.0, reduction: str = "mean") -> Floats | float:
    r"""Cauchy loss: near e²/2 for small residuals, logarithmic in the tails, so that an outlier hardly counts.

    .. math:: \ell_c(e) = \frac{c^2}{2} \log\left(1 + \left(\frac{e}{c}\right)^2\right), \qquad e = y - \hat y

    Parameters
    ----------
    prediction, target : array_like
        Real numbers of one shape, in one unit; the loss is in that unit squared.
    scale : float
        c, the residual with the largest influence, in the unit of the target; greater than 0.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `prediction`.

    Raises
    ------
    ValueError
        As `mse`, and if `scale` is not greater than 0.

    Notes
    -----
    Not convex: a sample can have several minima. SciPy's `least_squares(loss="cauchy", f_scale=c)` minimises the sum of
    this loss. The negative log-density of a Cauchy variable of scale c is 2/c² times this loss plus a constant.

    References
    ----------
    Black and Rangarajan (1996), "On the unification of line processes, outlier rejection, and robust statistics",
    *International Journal of Computer Vision* 19, 57–91.

    Examples
    --------
    >>> cauchy([0.0, 0.0], [1.0, 1e200], reduction="none").round(4)
    array([3.46600e-01, 4.60517e+02])
    """
    scale = number("scale", scale, 0)
    e = residual(prediction, target)
    with quiet():
        near, far = np.square(e) / 2, scale * (scale * log1p_square(e, scale)) / 2
        return reduce(np.where(np.abs(e) < 1e-8 * scale, near, far), reduction)  # c² may overflow where e²/2 does not


def cauchy_grad(prediction: ArrayLike, target: ArrayLike, *, scale: float = 1.0, reduction: str = "mean") -> Floats:
    """d cauchy / d prediction = −e / (1 + (e/c)²), over N under "mean". Arguments as in `cauchy`.

    >>> cauchy_grad([0.0, 0.0], [1.0, 1e200], reduction="none")
    array([-5.e-001, -1.e-200])
    """
    scale = number("scale", scale, 0)
    return reduce_grad(-damped(residual(prediction, target), scale), reduction)


CAUCHY = Loss(
    value=cauchy,
    grad=cauchy_grad,
    title="Cauchy loss",
    synonyms=("Lorentzian loss",),
    latex=r"\frac{c^2}{2} \log\left(1 + \left(\frac{e}{c}\right)^2\right)",
    latex_grad={"prediction": r"-\frac{e}{1 + \left(\frac{e}{c}\right)^2}"},
    parameters={"scale": Parameter(1.0, 0.1, 4.0, "c")},
    density=Density(
        "Cauchy",
        r"\frac{1}{\pi c \left(1 + \left(\frac{y - \hat y}{c}\right)^2\right)}",
        "stats.cauchy(prediction, scale)",
        factor="scale**2 / 2",
    ),
    estimates="the centre of the bulk of the targets",
    source="black1996",
    chapter="regression",
)
