"""The constant and the line that a residual loss fits: what a loss *does* to data, for any loss of e = y − ŷ.

The fits are exact for squared error and for piecewise-linear losses, and local searches from several starts otherwise,
so that a loss with several minima (Cauchy) still gets the lowest one found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize, root

from lossbook.core import RESIDUAL, Floats, Loss, real, same_shape, shown

Indices = NDArray[np.intp]
BLOCK = 2**21  # losses evaluated at a time: candidates times examples would not fit into memory for many examples


class Line(NamedTuple):
    """The line ŷ = intercept + slope · x."""

    intercept: float
    slope: float

    def __call__(self, x: ArrayLike) -> Floats:
        return self.intercept + self.slope * np.asarray(x, dtype=float)


def fit_line(loss: Loss, x: ArrayLike, y: ArrayLike, **parameters: float) -> Line:
    r"""The line that minimises the summed loss, :math:`\min_{a, b} \sum_i \ell(y_i - a - b x_i)`.

    Parameters
    ----------
    loss : Loss
        A record of the catalogue whose loss is a function of the residual, `HUBER` say.
    x, y : array_like, shape (N,)
        At least two points with at least two different x, all finite.
    **parameters
        The loss's own keywords, `delta=0.5` say.

    Returns
    -------
    Line
        Intercept in the unit of y and slope in the unit of y over that of x. Where several lines are equally good
        (absolute error with few points), one of them.

    Raises
    ------
    ValueError
        If x and y differ in shape, are not one-dimensional and finite, or if all x are equal.

    Examples
    --------
    >>> from lossbook.losses.regression import MSE
    >>> from lossbook.losses.robust import HUBER
    >>> fit_line(MSE, [0, 1, 2], [1, 3, 5])
    Line(intercept=1.0, slope=2.0)
    """
    if not isinstance(loss, Loss) or not set(RESIDUAL) <= set(loss.arguments):
        got = f"{loss.name}({', '.join(loss.arguments)})" if isinstance(loss, Loss) else shown(loss)
        raise ValueError(f"loss must be a Loss of prediction and target, got {got}")
    x, y = finite_vector("x", x), finite_vector("y", y)
    same_shape("x", x, "y", y)
    if np.ptp(x) == 0:
        raise ValueError(f"x must hold at least two different values to fix a slope, got only {x[0]!r}")
    middle, spread = x.mean(), np.ptp(x)
    u = (x - middle) / spread  # centred and scaled: the two coefficients are of one size and barely interact

    def total(ab: Floats) -> float:
        return loss.value(ab[0] + ab[1] * u, y, reduction="sum", **parameters)

    def slope(ab: Floats) -> Floats:
        pull = np.asarray(loss.grad(ab[0] + ab[1] * u, y, reduction="sum", **parameters))
        return np.array([pull.sum(), pull @ u])

    vertex = _best_vertex(loss, u, y, parameters)
    if _convex_and_piecewise_linear(loss, np.ptp(y) or 1.0, parameters):
        a, b = vertex
    else:
        squares = np.polynomial.polynomial.polyfit(u, y, 1)
        level = np.full_like(y, y.mean())
        pull = float(np.abs(loss.grad(level, y, reduction="none", **parameters)).sum())
        a, b = _lowest(total, slope, [squares, vertex], 1e-4 * pull)
    return Line(float(a - b * middle / spread), float(b / spread))


def fit_constant(loss: Loss | Callable[..., Floats], sample: ArrayLike, **parameters: float) -> float:
    r"""The constant that minimises the summed loss, :math:`\min_c \sum_i \ell(y_i - c)`.

    Parameters
    ----------
    loss : Loss or callable
        A record of the catalogue, or any function of an array of residuals that returns one loss for each.
    sample : array_like, shape (N,)
        At least one finite number.
    **parameters
        The loss's own keywords.

    Returns
    -------
    float
        In the unit of the sample. Where an interval of constants is equally good (the median of an even sample), its
        middle.

    Examples
    --------
    >>> from lossbook.losses.regression import MAE, MSE
    >>> fit_constant(MSE, [1, 2, 9]), fit_constant(MAE, [1, 2, 9])
    (4.0, 2.0)
    """
    if not callable(loss):
        raise ValueError(f"loss must be a Loss or a callable of the residuals, got {shown(loss)}")
    sample = finite_vector("sample", sample)
    centre, spread = sample.mean(), np.ptp(sample) or 1.0

    def each(residuals: Floats) -> Floats:
        if isinstance(loss, Loss):
            return np.asarray(loss.value(np.zeros_like(residuals), residuals, reduction="none", **parameters))
        return np.asarray(loss(residuals, **parameters), dtype=float)

    def total(constants: Floats) -> Floats:
        if constants.size * sample.size > BLOCK and constants.size > 1:
            return np.concatenate([total(half) for half in np.array_split(constants, 2)])
        residuals = (sample[:, None] - constants).ravel()
        losses = each(residuals)
        if losses.shape != residuals.shape:
            raise ValueError(f"loss must return one number per residual, got shape {losses.shape}")
        if np.isnan(losses).any():
            raise ValueError(
                f"loss must be a number at every residual, got nan at {shown(residuals[np.isnan(losses)][0])}"
            )
        return losses.reshape(sample.size, -1).sum(axis=0)

    # Zoom in on the lowest of 401 candidates; the sample's own points are among them, for the kinks of absolute error.
    low, high = sample.min() - 0.5 * spread, sample.max() + 0.5 * spread
    kinks = np.unique(np.append(sample, centre))
    while high - low > 1e-13 * (abs(centre) + spread):
        inside = kinks[(kinks >= low) & (kinks <= high)]
        few = inside[:: 1 + inside.size // 401]  # of many; the others have their turn when the interval is narrow
        grid = np.unique(np.concatenate([np.linspace(low, high, 401), few]))
        heights = total(grid)
        best = heights.min()
        rounding = 4e-16 * sample.size * (abs(best) + 1e-300) if np.isfinite(best) else 0.0
        flat = np.flatnonzero(heights <= best + rounding)
        if flat[-1] - flat[0] == flat.size - 1 and flat.size > 2:  # a floor, or as flat as rounding lets us see
            low, high = grid[flat[0]], grid[flat[-1]]
            break
        lowest = flat[len(flat) // 2]
        low, high = grid[max(lowest - 1, 0)], grid[min(lowest + 1, grid.size - 1)]
    # Squares that all overflow, or underflow, make a floor as well: the slope still tells where it is lowest.
    return _where_slope_vanishes(loss, sample, (low + high) / 2, max(1e-6 * spread, (high - low) / 2), parameters)


def _where_slope_vanishes(
    loss: Loss | Callable[..., Floats], sample: Floats, constant: float, margin: float, parameters: dict[str, float]
) -> float:
    """Sharpen a minimiser: values see it only to the square root of rounding, the sign of the slope to rounding.

    Where the slope is nothing but rounding already, in the middle of a floor, it stays.
    """

    if not isinstance(loss, Loss):
        return float(constant)

    def pulls(c: float) -> Floats:
        return np.asarray(loss.grad(np.full_like(sample, c), sample, reduction="sum", **parameters))

    def slope(c: float) -> float:
        return float(pulls(c).sum())

    noise = 1e-15 * sample.size * np.abs(pulls(constant)).sum()
    if abs(slope(constant)) > noise and slope(constant - margin) < 0 < slope(constant + margin):
        constant = brentq(slope, constant - margin, constant + margin, xtol=1e-300, rtol=1e-15)
    return float(constant)


def finite_vector(name: str, value: ArrayLike) -> Floats:
    """`value` as a float64 vector of at least one number, all finite."""
    array = real(name, value)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"{name} must be a non-empty one-dimensional array of finite numbers, got {shown(array)}")
    return array


def _best_vertex(loss: Loss, x: Floats, y: Floats, parameters: dict[str, float]) -> Floats:
    """The best line through two points. For a convex loss that is linear between kinks it is the exact answer.

    The kinks of a loss lie at e = 0, or at ±ε where it has a dead zone; the best line puts two residuals on kinks.
    Few points are tried in all pairs. With many, walk: turn the line about one of its points to the best other one,
    until neither point offers a better turn, which for a convex loss is the optimum.
    """
    dead_zone = parameters.get("epsilon", loss.defaults.get("epsilon", 0.0))
    u, v = (np.tile(x, 2), np.concatenate([y - dead_zone, y + dead_zone])) if dead_zone else (x, y)

    def best(i: Indices, j: Indices) -> tuple[float, int, int, Floats]:
        apart = u[i] != u[j]
        i, j = i[apart], j[apart]
        if i.size * x.size > BLOCK and i.size > 1:
            parts = zip(np.array_split(i, 2), np.array_split(j, 2), strict=True)
            return min((best(*part) for part in parts), key=lambda found: found[0])
        b = (v[j] - v[i]) / (u[j] - u[i])
        a = v[i] - b * u[i]
        lines = a[:, None] + b[:, None] * x
        targets = np.broadcast_to(y, lines.shape)
        heights = np.asarray(loss.value(lines, targets, reduction="none", **parameters)).sum(axis=1)
        k = int(heights.argmin())
        return float(heights[k]), int(i[k]), int(j[k]), np.array([a[k], b[k]])

    if u.size <= 60:
        return best(*np.triu_indices(u.size, k=1))[3]
    every = np.arange(u.size)
    here = best(np.full(u.size, u.argmin()), every)
    while True:
        turns = [best(np.full(u.size, pivot), every) for pivot in here[1:3]]
        better = min(turns, key=lambda turn: turn[0])
        if not better[0] < here[0]:
            return here[3]
        here = better


def _convex_and_piecewise_linear(loss: Loss, spread: float, parameters: dict[str, float]) -> bool:
    """Whether the slope over the residual only steps up, at most twice: then the best vertex is the exact answer."""
    sizes = spread * np.geomspace(1e-9, 1e3, 49)
    e = np.concatenate([-sizes[::-1], sizes])
    steps = np.diff(-np.asarray(loss.grad(np.zeros_like(e), e, reduction="none", **parameters)))
    return bool((steps >= 0).all() and np.count_nonzero(steps) <= 2)


def _lowest(
    total: Callable[[Floats], float], slope: Callable[[Floats], Floats], starts: list[Floats], near: float
) -> Floats:
    """The lowest point reached downhill from any of the starts; a start that cannot be improved stands.

    Downhill until the slope is `near` to nothing; from there Newton's way to where it vanishes, which heights show only
    to the square root of rounding. Where that leads nowhere (curvature that jumps), downhill as far as it goes.
    """

    def descend(start: Floats, gtol: float) -> Floats:
        return np.asarray(minimize(total, start, jac=slope, method="BFGS", options={"gtol": gtol}).x)

    best = min([*starts, *(descend(start, near) for start in starts)], key=total)
    sharper = root(slope, best, tol=1e-14).x
    if np.abs(slope(sharper)).max() <= 1e-8 * near and total(sharper) <= total(best) * (1 + 1e-12):
        return np.asarray(sharper)
    return min([best, descend(best, 1e-6 * near)], key=total)
