r"""Robust regression losses: near zero like a square, in the tails like a line or a logarithm.

The residual is e = y − ŷ, and everything that `regression` says of its gradients holds here.
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
    number,
    quiet,
    reduce,
    reduce_grad,
    residual,
)
from lossbook.numerics import damped, log1p_square

__all__ = [
    "CAUCHY",
    "HUBER",
    "LOG_COSH",
    "SMOOTH_L1",
    "cauchy",
    "cauchy_grad",
    "huber",
    "huber_grad",
    "log_cosh",
    "log_cosh_grad",
    "smooth_l1",
    "smooth_l1_grad",
]

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
        As `mse`, and if `delta` is not finite and greater than 0.

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
    card=Card(
        what=r"Squared error for small residuals, absolute error for large ones, joined at $\delta > 0$.",
        why=r"Most residuals are roughly normal, a few are not to be trusted. $\delta$ says where small ends.",
        strengths=(
            r"No residual pulls harder than $\delta$.",
            "Convex, and the slope has no jump.",
        ),
        weaknesses=(
            r"$\delta$ has a unit: in another one, the same number is another loss.",
            r"Too large a $\delta$ gives half the squared error, too small a one $\delta$ times the absolute error.",
            "A point with a wild *feature* can take hold of a line here too.",
        ),
        pytorch="F.huber_loss(prediction, target, delta=delta)",
    ),
    source="huber1964",
    chapter="regression",
    keras="keras.losses.Huber",
    scipy="scipy.special.huber (threshold first)",
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
        As `mse`, and if `beta` is not finite and greater than 0.

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
    card=Card(
        what=r"The Huber loss with $\delta = \beta$, divided by $\beta$.",
        why="An absolute error with its corner rounded off.",
        strengths=(
            r"Beyond $\beta$ a residual pulls with force 1, whatever $\beta$ is.",
            "The slope has no jump.",
        ),
        weaknesses=(r"It equals the Huber loss at $\beta = 1$ only, where the names get mixed up.",),
        pytorch="F.smooth_l1_loss(prediction, target, beta=beta)",
    ),
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
    card=Card(
        what=r"Near $\tfrac12 e^2$ for small residuals, near $|e| - \log 2$ for large ones.",
        why="A Huber loss with a soft corner and no threshold to choose.",
        strengths=(
            "Smooth everywhere and convex.",
            "No residual pulls harder than 1.",
        ),
        weaknesses=("The threshold is hidden: the corner sits at about 1 in whatever unit you use.",),
        pytorch=(
            "(\n"
            "    torch.logaddexp(prediction - target, target - prediction)\n"
            "    - torch.tensor(2.0, dtype=target.dtype).log()\n"
            ").mean()"
        ),
    ),
    source="green1990",
    chapter="regression",
    keras="keras.losses.LogCosh",
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
        As `mse`, and if `scale` is not finite and greater than 0.

    Notes
    -----
    Not convex: a sample can have several minima. SciPy's `least_squares(loss="cauchy", f_scale=c)` minimises the sum of
    this loss. The negative log-density of a Cauchy variable of scale c is 2/c² times this loss plus a constant. As it
    stands the loss is that of a Student-t variable with c² − 1 degrees of freedom, for c > 1; for c ≤ 1 of none.

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
        factor=r"\frac{c^2}{2}",
    ),
    estimates="the centre of the bulk of the targets",
    card=Card(
        what="A logarithm of the squared residual: far out it hardly grows.",
        why="The negative log-density of a Cauchy variable of scale $c$, times $c^2/2$.",
        strengths=(
            "A residual of $c$ pulls hardest, with $c/2$; beyond, the pull goes back to 0.",
            "A target far enough away is as good as absent.",
        ),
        weaknesses=(
            "Not convex: a sample can have several minima, and the start decides which one you find.",
            "As it stands it is the negative logarithm of a density only for $c > 1$.",
        ),
        pytorch="(scale**2 / 2 * torch.log1p(((target - prediction) / scale) ** 2)).mean()",
    ),
    source="black1996",
    chapter="regression",
)
