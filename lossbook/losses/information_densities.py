r"""Divergences between densities: two normals in closed form, and any two by quadrature.

The argument order is (p, q) and the default reduction "none", as in `information`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import (
    Argument,
    Card,
    Floats,
    Loss,
    parameter_grad,
    positive,
    quiet,
    real,
    same_shape,
    shown,
)
from lossbook.losses.information import reduced
from lossbook.numerics import log_ratio, x_minus_log1p

__all__ = [
    "KL_NORMAL",
    "kl_density",
    "kl_normal",
    "kl_normal_grad",
    "kl_normal_grad_mean_q",
    "kl_normal_grad_scale_p",
    "kl_normal_grad_scale_q",
]

# ── Densities ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _normals(
    mean_p: ArrayLike, scale_p: ArrayLike, mean_q: ArrayLike, scale_q: ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    """The four arguments as arrays of one shape; a single number stands for itself everywhere."""
    arguments = {
        "mean_p": real("mean_p", mean_p),
        "scale_p": positive("scale_p", scale_p),
        "mean_q": real("mean_q", mean_q),
        "scale_q": positive("scale_q", scale_q),
    }
    arrays = {name: value for name, value in arguments.items() if value.ndim} or arguments
    first = next(iter(arrays))
    for name, value in arrays.items():
        same_shape(first, arrays[first], name, value)
    full = [np.broadcast_to(value, arrays[first].shape) for value in arguments.values()]
    return full[0], full[1], full[2], full[3]


def kl_normal(
    mean_p: ArrayLike, scale_p: ArrayLike, mean_q: ArrayLike, scale_q: ArrayLike, *, reduction: str = "none"
) -> Floats | float:
    r"""Kullback–Leibler divergence of a normal model, q, against a normal truth, p.

    .. math:: D_{\mathrm{KL}} = \log\frac{\sigma_q}{\sigma_p}
              + \frac{\sigma_p^2 + (\mu_p - \mu_q)^2}{2 \sigma_q^2} - \frac12

    Parameters
    ----------
    mean_p, scale_p, mean_q, scale_q : array_like
        Means and standard deviations (> 0) of p and of q, in one unit; arrays of one shape, or single numbers.
    reduction : {"none", "mean", "sum"}
        One divergence per element, their mean, or their sum. Dimensions of a diagonal Gaussian add up: "sum".

    Returns
    -------
    float or ndarray
        In nats, at least 0; a float if all four are single numbers.

    Raises
    ------
    ValueError
        If a scale is not finite and greater than 0, the shapes differ, the reduction is unknown, or "mean" meets an
        empty batch.

    References
    ----------
    Kullback (1959), *Information Theory and Statistics*, chapter 9.

    Examples
    --------
    >>> kl_normal(1.0, 1.0, 0.0, 1.0)
    0.5
    >>> kl_normal([0.0, 0.0], [1.0, 2.0], 0.0, 1.0)
    array([0.        , 0.80685282])
    """
    mean_p, scale_p, mean_q, scale_q = _normals(mean_p, scale_p, mean_q, scale_q)
    with quiet():
        excess = (scale_p - scale_q) / scale_q  # σp/σq − 1
        # ½(r² − 1 − log r²) with r = 1 + x is x − log(1 + x) + x²/2: two terms of which neither is negative
        spread = x_minus_log1p(excess, log_ratio(scale_p, scale_q)) + excess**2 / 2
        return reduced(spread + ((mean_p - mean_q) / scale_q) ** 2 / 2, reduction)


def kl_normal_grad(
    mean_p: ArrayLike, scale_p: ArrayLike, mean_q: ArrayLike, scale_q: ArrayLike, *, reduction: str = "none"
) -> Floats | float:
    """d kl_normal / d mean_p = (μp − μq)/σq². Arguments as in `kl_normal`.

    Like its three sisters: an array of the common shape, or for an argument that is one number the sum over all.

    >>> kl_normal_grad([1.0], [1.0], [0.0], [2.0])
    array([0.25])
    """
    m, _, n, t = _normals(mean_p, scale_p, mean_q, scale_q)
    with quiet():
        return parameter_grad((m - n) / t / t, mean_p, reduction)


def kl_normal_grad_scale_p(
    mean_p: ArrayLike, scale_p: ArrayLike, mean_q: ArrayLike, scale_q: ArrayLike, *, reduction: str = "none"
) -> Floats | float:
    """d kl_normal / d scale_p = σp/σq² − 1/σp. Arguments as in `kl_normal`.

    >>> kl_normal_grad_scale_p([0.0], [2.0], [0.0], [1.0])
    array([1.5])
    """
    _, s, _, t = _normals(mean_p, scale_p, mean_q, scale_q)
    with quiet():  # divided by s in between, so that the product does not overflow where the slope does not
        return parameter_grad((s - t) / t / s * (s / t + 1), scale_p, reduction)


def kl_normal_grad_mean_q(
    mean_p: ArrayLike, scale_p: ArrayLike, mean_q: ArrayLike, scale_q: ArrayLike, *, reduction: str = "none"
) -> Floats | float:
    """d kl_normal / d mean_q = −(μp − μq)/σq². Arguments as in `kl_normal`.

    >>> kl_normal_grad_mean_q([1.0], [1.0], [0.0], [2.0])
    array([-0.25])
    """
    m, _, n, t = _normals(mean_p, scale_p, mean_q, scale_q)
    with quiet():
        return parameter_grad((n - m) / t / t, mean_q, reduction)


def kl_normal_grad_scale_q(
    mean_p: ArrayLike, scale_p: ArrayLike, mean_q: ArrayLike, scale_q: ArrayLike, *, reduction: str = "none"
) -> Floats | float:
    """d kl_normal / d scale_q = 1/σq − (σp² + (μp − μq)²)/σq³. Arguments as in `kl_normal`.

    >>> kl_normal_grad_scale_q([1.0], [1.0], [0.0], [1.0])
    array([-1.])
    """
    m, s, n, t = _normals(mean_p, scale_p, mean_q, scale_q)
    with quiet():
        spread = (t - s) / t / t * (s / t + 1)  # 1/σq − σp²/σq³ with its digits
        return parameter_grad(spread - ((m - n) / t) * ((m - n) / t / t), scale_q, reduction)


KL_NORMAL = Loss(
    value=kl_normal,
    grad=kl_normal_grad,
    more_grads={
        "scale_p": kl_normal_grad_scale_p,
        "mean_q": kl_normal_grad_mean_q,
        "scale_q": kl_normal_grad_scale_q,
    },
    title="KL divergence of two normal distributions",
    synonyms=("Gaussian KL",),
    latex=r"\log \frac{\sigma_q}{\sigma_p} + \frac{\sigma_p^2 + (\mu_p - \mu_q)^2}{2 \sigma_q^2} - \frac{1}{2}",
    latex_grad={
        "mean_p": r"\frac{\mu_p - \mu_q}{\sigma_q^2}",
        "scale_p": r"\frac{\sigma_p}{\sigma_q^2} - \frac{1}{\sigma_p}",
        "mean_q": r"-\frac{\mu_p - \mu_q}{\sigma_q^2}",
        "scale_q": r"\frac{1}{\sigma_q} - \frac{\sigma_p^2 + (\mu_p - \mu_q)^2}{\sigma_q^3}",
    },
    arguments={
        "mean_p": Argument(r"\mu_p", "real"),
        "scale_p": Argument(r"\sigma_p", "positive"),
        "mean_q": Argument(r"\mu_q", "real"),
        "scale_q": Argument(r"\sigma_q", "positive"),
    },
    estimates="mean and standard deviation of the other distribution",
    torch="torch.distributions.kl_divergence",
    card=Card(
        what="The divergence of a normal model $q$ against a normal truth $p$, in closed form.",
        why="Codes and posteriors that are normal: no sample is drawn.",
        strengths=(
            "It has no unit: metres or centimetres give the same number.",
            "Independent dimensions add up.",
        ),
        weaknesses=(r"A $\sigma_q$ that is too small by some factor costs more than one too large by it.",),
        pytorch=(
            "torch.distributions.kl_divergence(\n"
            "    torch.distributions.Normal(mean_p, scale_p),\n"
            "    torch.distributions.Normal(mean_q, scale_q),\n"
            ").mean()"
        ),
    ),
    source="kullback1959",
    chapter="kl-divergence",
)


Density1D = Callable[[float], float]


def _integral(function: Density1D, edges: Sequence[float]) -> tuple[float, bool]:
    """The integral over the pieces between the edges, and whether every piece converged."""
    from scipy import integrate

    total, converged = 0.0, True
    for low, high in pairwise(edges):
        value, error, *report = integrate.quad(
            function, low, high, limit=400, epsabs=1e-13, epsrel=1e-11, full_output=1
        )
        # QUADPACK complains about rounding long before an answer is bad; a small error estimate overrules it
        converged &= math.isfinite(value) and (len(report) == 1 or error <= 1e-7 * max(1.0, abs(value)))
        total += value
    return total, converged


def _edges(low: float, high: float, points: Sequence[float]) -> list[float]:
    """The ends of the interval and the points inside it, in order."""
    for name, end in (("low", low), ("high", high)):
        if np.ndim(end) != 0 or not isinstance(end, int | float | np.number) or math.isnan(end):
            raise ValueError(f"{name} must be a number, got {end!r}")
    if not low < high:
        raise ValueError(f"low must be below high, got {low!r} and {high!r}")
    inside = real("points", points)
    if inside.ndim != 1:
        raise ValueError(f"points must be a sequence of numbers, got {shown(points)}")
    return [float(low), *sorted(point for point in inside.tolist() if low < point < high), float(high)]


def _log_density(name: str, density: Density1D, log: bool, edges: Sequence[float]) -> Density1D:
    """The logarithm of a density, after a check that the density is one."""

    if not callable(density):
        raise ValueError(f"{name} must be a function of one number, got {shown(density)}")

    def logarithm(x: float) -> float:
        value = density(x)
        if not isinstance(value, int | float) and (np.ndim(value) or np.asarray(value).dtype.kind not in "biuf"):
            raise ValueError(f"{name} must return one real number, got {shown(value)} at {x!r}")
        value = float(value)
        if math.isnan(value) or (value < 0 and not log):
            raise ValueError(f"{name} must be a density, got {value!r} at {x!r}")
        if log:
            return value
        return math.log(value) if value > 0 else -math.inf

    mass, converged = _integral(lambda x: _exp(logarithm(x)), edges)
    if not (converged and abs(mass - 1) <= 1e-6):
        raise ValueError(f"{name} must integrate to 1 between {edges[0]:g} and {edges[-1]:g}, got {mass:.9g}")
    return logarithm


def _exp(x: float) -> float:
    """exp(x), infinite where `math.exp` raises."""
    return math.exp(x) if x < 709 else math.inf


def kl_density(
    p: Density1D,
    q: Density1D,
    low: float,
    high: float,
    *,
    log: bool = False,
    points: Sequence[float] = (),
) -> float:
    r"""Kullback–Leibler divergence between two densities on an interval, by quadrature.

    .. math:: D_{\mathrm{KL}}(p \,\|\, q) = \int_{\text{low}}^{\text{high}} p(x) \log\frac{p(x)}{q(x)} \,\mathrm{d}x

    Parameters
    ----------
    p, q : callable
        Densities of one number, truth first; with ``log=True`` their logarithms, which reach far into tails where the
        densities themselves underflow to 0.
    low, high : float
        The interval that holds all the mass of both; either end may be infinite.
    log : bool
        Whether `p` and `q` return log densities.
    points : sequence of float
        Where a density jumps or is very narrow: the quadrature is split there.

    Returns
    -------
    float
        In nats; infinite if p has mass (more than 1e-15) where q is 0, also where q has merely underflowed to 0: then
        ask with ``log=True``.

    Raises
    ------
    ValueError
        If a density is negative, does not integrate to one over the interval (within 1e-6), or if the integral does not
        converge (it may be infinite: the tails of q are then too light for those of p).

    References
    ----------
    Kullback and Leibler (1951), "On information and sufficiency", *Annals of Mathematical Statistics* 22, 79–86.

    Examples
    --------
    >>> round(kl_density(lambda x: 1.0, lambda x: 2 * x, 0, 1), 9)  # 1 − log 2
    0.306852819
    >>> kl_density(lambda x: 1.0, lambda x: 2.0 * (x < 0.5), 0, 1, points=[0.5])
    inf
    """
    edges = _edges(low, high, points)
    log_p, log_q = _log_density("p", p, log, edges), _log_density("q", q, log, edges)
    # One isolated zero of q costs nothing, and a q that underflows far out is no zero: ask for the mass of p there.
    if _integral(lambda x: _exp(log_p(x)) if log_q(x) == -math.inf else 0.0, edges)[0] > 1e-15:
        return math.inf

    def integrand(x: float) -> float:
        a, b = log_p(x), log_q(x)
        if a == -math.inf or b == -math.inf:
            return math.exp(b)
        gap = b - a  # p log(p/q) − p + q = p (e^gap − 1 − gap): never negative, so nothing cancels
        return math.exp(a) * (math.expm1(gap) - gap) if gap < 1 else math.exp(b) - math.exp(a) * (1 + gap)

    divergence, converged = _integral(integrand, edges)
    if not converged:
        raise ValueError(f"p and q must have a finite divergence on [{low:g}, {high:g}], got an integral that diverges")
    return divergence
