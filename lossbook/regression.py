r"""Regression losses: functions of the residual e = y − ŷ.

Each loss is two functions and one record. The gradient is that of the *reduced* loss with respect to the prediction, so
it equals what autograd gives; since ∂e/∂ŷ = −1 it carries the opposite sign of the derivative in e.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Density, Floats, Loss, Parameter, number, reduce, reduce_grad, residual


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
    Gauss (1809), *Theoria motus corporum coelestium*, §179.

    Examples
    --------
    >>> mse([1.0, 2.0], [1.0, 5.0])
    4.5
    """
    return reduce(np.square(residual(prediction, target)), reduction)


def mse_grad(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d mse / d prediction = −2e, over N under "mean". Arguments as in `mse`.

    >>> mse_grad([1.0, 2.0], [1.0, 5.0])
    array([-0., -3.])
    """
    return reduce_grad(-2 * residual(prediction, target), reduction)


MSE = Loss(
    value=mse,
    grad=mse_grad,
    title="mean squared error",
    synonyms=("MSE", "squared error", "L2 loss", "quadratic loss"),
    latex=r"e^2",
    latex_grad={"prediction": r"-2e"},
    density=Density("normal", r"\frac{1}{\sqrt{\pi}}\, e^{-(y-\hat y)^2}", "stats.norm(prediction, 0.5**0.5)"),
    estimates="the conditional mean",
    torch="torch.nn.functional.mse_loss",
    sklearn="sklearn.metrics.mean_squared_error",
    optax="optax.squared_error",
    source="gauss1809",
    chapter="regression",
)


def huber(
    prediction: ArrayLike, target: ArrayLike, *, delta: float = 1.0, reduction: str = "mean"
) -> Floats | float:
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
    latex=r"\begin{cases} \frac{1}{2} e^2 & |e| \le \delta \\ \delta \left(|e| - \frac{1}{2}\delta\right) & |e| > \delta \end{cases}",
    latex_grad={"prediction": r"\begin{cases} -e & |e| \le \delta \\ -\delta \operatorname{sign}(e) & |e| > \delta \end{cases}"},
    parameters={"delta": Parameter(1.0, 0.1, 4.0, r"\delta")},
    density=Density("Huber's least favourable density", r"\propto e^{-\ell_\delta(y - \hat y)}"),
    estimates="a compromise between the conditional mean and the conditional median",
    torch="torch.nn.functional.huber_loss",
    sklearn="sklearn.linear_model.HuberRegressor",
    optax="optax.huber_loss",
    source="huber1964",
    chapter="regression",
)
