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
    Card,
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

__all__ = [
    "EPSILON_INSENSITIVE",
    "MAE",
    "MSE",
    "PINBALL",
    "RMSE",
    "epsilon_insensitive",
    "epsilon_insensitive_grad",
    "mae",
    "mae_grad",
    "mse",
    "mse_grad",
    "pinball",
    "pinball_grad",
    "rmse",
    "rmse_grad",
]

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
    card=Card(
        what="The average of the squared residuals.",
        why="The negative log-likelihood, up to constants, of normal noise of one constant variance.",
        strengths=(
            "Smooth and convex in the prediction; a linear model has its optimum in closed form.",
            "The slope shrinks with the residual, so steps slow down by themselves near the optimum.",
        ),
        weaknesses=(
            "The slope has no bound: one wild residual can outweigh a hundred good ones.",
            "In squared units: from grams to kilograms the loss shrinks by a factor of a million.",
        ),
        pytorch="F.mse_loss(prediction, target)",
    ),
    source="legendre1805",
    chapter="regression",
    keras="keras.losses.MeanSquaredError",
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
    card=Card(
        what="The average size of the residuals.",
        why="The negative log-likelihood, up to constants, of Laplace noise of one constant scale.",
        strengths=(
            "Every residual but 0 pulls equally hard: far off is no harder than near.",
            "The loss keeps the unit of the target.",
        ),
        weaknesses=(
            "The slope jumps from −1 to 1 at $e = 0$; the package answers 0 there, as PyTorch does.",
            "It does not shrink near the optimum: steps of one size go back and forth across it.",
            "A point with a wild *feature* can take hold of a line, which then follows its target.",
        ),
        pytorch="F.l1_loss(prediction, target)",
    ),
    source="laplace1774",
    chapter="regression",
    keras="keras.losses.MeanAbsoluteError",
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
    card=Card(
        what="The square root of the MSE: one number for the whole batch.",
        why="The typical size of a residual in the unit of the target: the number to *report*.",
        strengths=(
            "It ranks models as MSE does, so it has the same minimiser.",
            "It keeps the unit of the target.",
        ),
        weaknesses=(
            "As sensitive to outliers as MSE: what one prefers, so does the other.",
            "For batches of one size the mean of their RMSEs is at most the RMSE of the whole.",
            r"Its gradient in the predictions has length $1/\sqrt N$ however small the residuals, and is 0/0 at 0.",
        ),
        pytorch="F.mse_loss(prediction, target).sqrt()",
    ),
    source="gauss1823",
    chapter="regression",
    keras="keras.metrics.RootMeanSquaredError",
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
    card=Card(
        what=r"A prediction too low costs $\tau$ per unit, one too high $1 - \tau$.",
        why=r"The two errors may differ in price, and the best constant is the quantile of level $\tau$.",
        strengths=(
            r"The best constant has at most a share $\tau$ of the targets below it, and at most $1 - \tau$ above.",
            "No residual pulls harder than the dearer of the two prices.",
        ),
        weaknesses=(
            "The slope jumps at $e = 0$ and does not shrink on the way there.",
            "Lines of two levels, fitted one by one, may cross.",
        ),
        pytorch=(
            "torch.maximum(\n    quantile * (target - prediction), (quantile - 1) * (target - prediction)\n).mean()"
        ),
    ),
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
        As `mse`, and if `epsilon` is negative or infinite.

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
    card=Card(
        what=r"Residuals up to $\varepsilon$ are free; beyond, absolute error.",
        why=r"Support vector regression: be right to within $\varepsilon$, and no more is asked.",
        strengths=(
            "Examples inside the tube have no gradient: without them the best constant stays best.",
            "However far off a target is, it pulls no harder than one just outside the tube.",
        ),
        weaknesses=("With a wide tube a whole interval of constants may share the optimum.",),
        pytorch="F.relu((target - prediction).abs() - epsilon).mean()",
    ),
    source="vapnik1995",
    chapter="regression",
)
