"""The constant and the line that a residual loss fits: what a loss *does* to data, for any loss of e = y − ŷ.

For convex losses the fits are exact to rounding, ties in the data included: constants from the sign of the slope, lines
of piecewise-linear losses from corner to corner as a linear programme goes. A loss with several minima (Cauchy) gets
the lowest one found from several starts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.analysis.residual_curve import ResidualCurve, residual_curve
from lossbook.core import RESIDUAL, Floats, Loss, quiet, real, same_shape, shown

MEASURED = "central differences"  # how a callable tells its slope
FEW = 60  # points, so that every pair is tried
BLOCK = 2**21  # losses evaluated at a time: candidates times examples would not fit into memory for many examples


class _Coefficients(NamedTuple):
    intercept: float
    slope: float


class Line(_Coefficients):
    """The line ŷ = intercept + slope · x.

    `unique` is False where `fit_line` found other lines that are equally good, so that this one is a choice.
    """

    unique: bool = True

    def __call__(self, x: ArrayLike) -> Floats:
        return self.intercept + self.slope * np.asarray(x, dtype=float)


def fit_line(
    loss: Loss | ResidualCurve | Callable[..., Floats], x: ArrayLike, y: ArrayLike, **parameters: float
) -> Line:
    r"""The line that minimises the summed loss, :math:`\min_{a, b} \sum_i \ell(y_i - a - b x_i)`.

    Parameters
    ----------
    loss : Loss, ResidualCurve or callable
        A record of the catalogue whose loss is a function of the residual, `HUBER` say; a curve made of one; or a
        function of an array of residuals that returns one loss for each.
    x, y : array_like, shape (N,)
        At least two points with at least two different x, all finite.
    **parameters
        The loss's own keywords, `delta=0.5` say, and every further argument that it has, `scale=2.0` say.

    Returns
    -------
    Line
        Intercept in the unit of y and slope in the unit of y over that of x. Of a convex loss the optimum. Where other
        lines are equally good (absolute error with few points, or with ties) it is one of them, and its attribute
        `unique` is False. Of a loss with several minima (Cauchy) the lowest minimum found.

    Raises
    ------
    ValueError
        If the loss is not a function of the residual, if x and y differ in shape, are not one-dimensional and finite,
        or if all x are equal.

    Examples
    --------
    >>> from lossbook.losses.regression import MAE, MSE
    >>> fit_line(MSE, [0, 1, 2], [1, 3, 5])
    Line(intercept=1.0, slope=2.0)
    >>> fit_line(MAE, [0, 0, 1], [1, 3, 5]).unique  # through (1, 5) and any point between (0, 1) and (0, 3)
    False
    """
    if isinstance(loss, Loss) and not set(RESIDUAL) <= set(loss.arguments):
        raise ValueError(f"loss must be a Loss of prediction and target, got {loss.name}({', '.join(loss.arguments)})")
    if not callable(loss) and not isinstance(loss, Loss | ResidualCurve):
        raise ValueError(f"loss must be a Loss or a callable of the residuals, got {shown(loss)}")
    curve = loss if isinstance(loss, ResidualCurve) else residual_curve(loss, **parameters)
    x, y = finite_vector("x", x), finite_vector("y", y)
    same_shape("x", x, "y", y)
    if np.ptp(x) == 0:
        raise ValueError(f"x must hold at least two different values to fix a slope, got only {shown(x[0])}")
    middle, spread = x.mean(), np.ptp(x)
    u = (x - middle) / spread  # centred and scaled: the two coefficients are of one size and barely interact
    reach = _size(y)
    squares = np.polynomial.polynomial.polyfit(u, y, 1)
    pieces = _pieces(curve, 1e3 * reach)
    if pieces is not None and pieces.kinks.size:
        corner = _lowest_corner(pieces, u, y, squares)
        (x_1, x_2), (y_1, y_2) = x[corner.points], corner.heights
        slope = (y_2 - y_1) / (x_2 - x_1)
        line, unique = Line(float(y_1 - slope * x_1), float(slope)), corner.unique
    else:
        convex = curve.how != MEASURED and _convex(curve, reach)
        starts = [squares] if convex else [squares, *_best_of_pairs(curve, u, y, 5 if u.size <= FEW else 1)]
        a, b = _lowest(curve, u, y, starts)
        line, unique = Line(float(a - b * middle / spread), float(b / spread)), pieces is None
    line.unique = unique
    return line


def fit_constant(loss: Loss | ResidualCurve | Callable[..., Floats], sample: ArrayLike, **parameters: float) -> float:
    r"""The constant that minimises the summed loss, :math:`\min_c \sum_i \ell(y_i - c)`.

    Parameters
    ----------
    loss : Loss, ResidualCurve or callable
        A record of the catalogue whose loss is a function of the residual, a curve made of one, or any function of an
        array of residuals that returns one loss for each.
    sample : array_like, shape (N,)
        At least one finite number.
    **parameters
        The loss's own keywords, and every further argument that it has.

    Returns
    -------
    float
        In the unit of the sample. Where an interval of constants is equally good (the median of an even sample, Huber
        where no residual is small), its middle. Of a loss with several minima (Cauchy) the lowest one found. A callable
        tells no slope: its minimum is seen to the square root of rounding only, unless it has a kink.

    Raises
    ------
    ValueError
        If the loss is not a function of the residual, or the sample is empty, not one-dimensional or not finite.

    Examples
    --------
    >>> from lossbook.losses.regression import MAE, MSE
    >>> fit_constant(MSE, [1, 2, 9]), fit_constant(MAE, [1, 2, 9]), fit_constant(MAE, [1, 2, 9, 10])
    (4.0, 2.0, 5.5)
    """
    if not callable(loss) and not isinstance(loss, ResidualCurve):
        raise ValueError(f"loss must be a Loss or a callable of the residuals, got {shown(loss)}")
    curve = residual_curve(loss, **parameters) if isinstance(loss, Loss) else loss
    sample = finite_vector("sample", sample)
    if not isinstance(curve, ResidualCurve):
        return float(np.mean(_zoom(lambda e: np.asarray(curve(e, **parameters), dtype=float), sample)))
    if curve.how == MEASURED:
        return float(np.mean(_zoom(curve.value, sample)))
    spread = _size(sample)
    if _convex(curve, 2 * spread):
        return _where_slope_vanishes(curve, sample, *_bracket(curve, sample))
    low, high = _zoom(curve.value, sample)
    # Squares that all overflow, or underflow, make a floor as well: the slope still tells where it is lowest.
    margin = max(1e-6 * spread, (high - low) / 2)
    low, high = (low + high) / 2 - margin, (low + high) / 2 + margin
    downhill, uphill = (curve.slope(sample - end).sum() for end in (low, high))
    return _where_slope_vanishes(curve, sample, low, high) if downhill > 0 > uphill else float((low + high) / 2)


def finite_vector(name: str, value: ArrayLike) -> Floats:
    """`value` as a float64 vector of at least one number, all finite."""
    array = real(name, value)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"{name} must be a non-empty one-dimensional array of finite numbers, got {shown(array)}")
    return array


def _size(y: Floats) -> float:
    """The size of the residuals to reckon with: the spread of y, or of one value its own size."""
    return float(np.ptp(y) or np.abs(y[0]) or 1.0)


def _convex(curve: ResidualCurve, reach: float) -> bool:
    """Whether the slope never falls from −reach to reach."""
    sizes = reach * np.geomspace(1e-9, 1, 97)
    slopes = curve.slope(np.concatenate([-sizes[::-1], sizes]))
    return bool((np.diff(slopes) >= -_rounding(curve) * np.abs(slopes).max()).all())


def _rounding(curve: ResidualCurve) -> float:
    """How far a slope may be off, relative to the largest."""
    return 1e-8 if curve.how == MEASURED else 1e-14


# ── Constants ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _zoom(loss: Callable[[Floats], Floats], sample: Floats) -> tuple[float, float]:
    """Both ends of the floor around the lowest constant found, from values alone.

    Zooms in on the lowest of 401 candidates; the sample's own points are among them, for the kinks of absolute error.
    """
    centre, spread = sample.mean(), _size(sample)

    def total(constants: Floats) -> Floats:
        if constants.size * sample.size > BLOCK and constants.size > 1:
            return np.concatenate([total(half) for half in np.array_split(constants, 2)])
        residuals = (sample[:, None] - constants).ravel()
        losses = loss(residuals)
        if losses.shape != residuals.shape:
            raise ValueError(f"loss must return one number per residual, got shape {losses.shape}")
        if np.isnan(losses).any():
            raise ValueError(
                f"loss must be a number at every residual, got nan at {shown(residuals[np.isnan(losses)][0])}"
            )
        return losses.reshape(sample.size, -1).sum(axis=0)

    low, high = sample.min() - 0.5 * spread, sample.max() + 0.5 * spread
    kinks = np.unique(np.append(sample, centre))
    while high - low > 1e-13 * (abs(centre) + spread):
        inside = kinks[(kinks >= low) & (kinks <= high)]
        few = inside[:: 1 + inside.size // 401]  # of many; the others have their turn when the interval is narrow
        grid = np.unique(np.concatenate([np.linspace(low, high, 401), few]))
        heights = total(grid)
        best = heights.min()
        rounding = 4e-16 * (1 + sample.size**0.5) * (abs(best) + 1e-300) if np.isfinite(best) else 0.0
        flat = np.flatnonzero(heights <= best + rounding)
        first, last = flat[0], flat[-1]
        if last - first == flat.size - 1 and flat.size > 2:  # a floor, or as flat as rounding lets us see

            def on_floor(c: float, top: float = float(best + rounding)) -> bool:
                return bool(total(np.array([c]))[0] <= top)

            beyond = max(first - 1, 0), min(last + 1, grid.size - 1)
            ends = [_edge(on_floor, float(grid[i]), float(grid[j])) for i, j in zip((first, last), beyond, strict=True)]
            return ends[0], ends[1]
        lowest = flat[len(flat) // 2]
        low, high = grid[max(lowest - 1, 0)], grid[min(lowest + 1, grid.size - 1)]
    return float(low), float(high)


def _bracket(curve: ResidualCurve, sample: Floats) -> tuple[float, float]:
    """A constant too low and one too high; where the loss is flat as far as floats go, the ends of the sample."""
    ends = []
    for side, start in ((1, float(sample.min())), (-1, float(sample.max()))):
        end, step = start, side * _size(sample)
        while not side * curve.slope(sample - end).sum() > 0 and np.isfinite(end):
            end, step = end - step, 2 * step
        ends.append(end if np.isfinite(end) else start)
    return ends[0], ends[1]


def _where_slope_vanishes(curve: ResidualCurve, sample: Floats, low: float, high: float) -> float:
    """The middle of the constants from `low` to `high` where the summed slope is 0, or the one where it changes sign.

    Values see a minimiser to the square root of rounding, the sign of the slope to rounding.
    """

    def pull(c: float) -> float:  # positive upwards, and 0 where it is nothing but rounding
        slopes = curve.slope(sample - c)
        total = float(slopes.sum())
        return total if abs(total) > 8 * np.finfo(float).eps * np.abs(slopes).sum() else 0.0

    left = _edge(lambda c: pull(c) <= 0, high, low)
    right = _edge(lambda c: pull(c) >= 0, low, high)
    if left > right:  # neighbours among the floats: the slope steps over 0 at one of them
        return left if left in sample else right
    middle = left + (right - left) / 2
    short = float(f"{middle:.14g}")  # all between the ends are equally good, so rather 5.5 than 5.500000000000001
    return short if left <= short <= right else middle


def _edge(inside: Callable[[float], bool], start: float, end: float) -> float:
    """The last of the floats from `start` towards `end` that are inside, as `start` is.

    Bisects their rank among all floats, which takes 64 steps wherever the edge is, at 0 too.
    """
    if inside(end):
        return end
    a, b = _rank(start), _rank(end)
    while abs(b - a) > 1:
        middle = (a + b) // 2
        a, b = (middle, b) if inside(_of_rank(middle)) else (a, middle)
    return _of_rank(a)


def _rank(x: float) -> int:
    bits = int(np.float64(abs(x)).view(np.int64))
    return bits if x > 0 else -bits


def _of_rank(rank: int) -> float:
    size = float(np.int64(abs(rank)).view(np.float64))
    return size if rank >= 0 else -size


# ── Lines of a piecewise-linear loss ─────────────────────────────────────────────────────────────────────────────────


class _Pieces(NamedTuple):
    """A convex loss that is linear but for its kinks: its slope is `steepest` at −∞, and each kink adds its step."""

    steepest: float
    kinks: Floats
    steps: Floats


def _pieces(curve: ResidualCurve, reach: float) -> _Pieces | None:
    """The pieces of the loss from −reach to reach; None unless it is convex, and linear but for a few kinks.

    A convex loss lies above its tangents. Where two of them meet it is either on both, and has its only kink between
    them there; or it is above, and touches a third one there.
    """

    def tangent(e: float) -> tuple[float, float, float]:
        at = np.array([e])
        return e, float(curve.value(at)[0]), float(curve.slope(at)[0])

    def meeting(p: tuple[float, float, float], q: tuple[float, float, float]) -> float:
        (e_1, l_1, s_1), (e_2, l_2, s_2) = p, q
        return ((l_1 - s_1 * e_1) - (l_2 - s_2 * e_2)) / (s_2 - s_1)

    def search(p: tuple[float, float, float], q: tuple[float, float, float], depth: int) -> list[float] | None:
        (e_1, l_1, s_1), (e_2, l_2, s_2) = p, q
        if abs(s_1 - s_2) <= 10 * (_rounding(curve) - 1e-14) * (abs(s_1) + abs(s_2)):
            return []
        here = tangent(meeting(p, q))
        rounding = _rounding(curve) * (abs(l_1) + abs(l_2) + abs(s_1 * e_1) + abs(s_2 * e_2))
        if abs(here[1] - l_1 - s_1 * (here[0] - e_1)) <= rounding:
            return [here[0]]
        parts = (search(p, here, depth - 1), search(here, q, depth - 1)) if depth else (None, None)
        return None if parts[0] is None or parts[1] is None else parts[0] + parts[1]

    ends = tangent(-reach), tangent(reach)
    found = search(*ends, 3) if _convex(curve, reach) else None
    if found is None:
        return None
    kinks, steps = [], []
    for k in found:  # again from nearby, where rounding is smaller
        near = min([1e-3 * reach, *(abs(k - other) / 2 for other in found if other != k)])
        before, behind = tangent(k - near), tangent(k + near)
        if not before[2] < behind[2]:  # a jump, which a measured slope does not see
            return None
        kinks.append(meeting(before, behind))
        steps.append(behind[2] - before[2])
    return _Pieces(ends[0][2], np.array(kinks), np.array(steps))


class _Corner(NamedTuple):
    """A line through two points of a data set, or past them by a kink of the loss, and whether no other is as good."""

    points: NDArray[np.intp]
    heights: Floats
    unique: bool


def _lowest_corner(pieces: _Pieces, x: Floats, y: Floats, start: Floats) -> _Corner:
    """The optimal line of a convex piecewise-linear loss: from corner to corner, downhill, until no edge leads lower.

    Each kink of each example is a point of its own, (u, v), which costs its step w times how far it is above the line,
    max(0, v − a − bu); what is left of the loss is linear in a and b. At a corner the line goes through two points or
    more, and the edges that leave it turn the line about one of these.
    """
    n, m = x.size, pieces.kinks.size
    order = np.argsort(np.repeat(x, m), kind="stable")
    owner = np.repeat(np.arange(n), m)[order]
    u, v, w = np.repeat(x, m)[order], (y[:, None] - pieces.kinks).ravel()[order], np.tile(pieces.steps, n)[order]
    count, moment = pieces.steepest * n, pieces.steepest * x.sum()

    def cost(a: float, b: float) -> float:
        return float(w @ np.maximum(v - a - b * u, 0) + pieces.steepest * (y - a - b * x).sum())

    def turn(i: int) -> tuple[float, int]:
        """The best line through point i: its cost, and the other point on it."""
        arm = u - u[i]
        turns = arm != 0
        at = (v[turns] - v[i]) / arm[turns]  # the slopes at which the points cross the line
        rise = np.sort(at, kind="stable"), np.argsort(at, kind="stable")
        falling = -(moment - count * u[i]) - (w * np.maximum(arm, 0)).sum()
        climb = falling + np.cumsum((w * np.abs(arm))[turns][rise[1]])
        j = int(np.flatnonzero(turns)[rise[1][min(np.searchsorted(climb, 0.0), climb.size - 1)]])
        b = (v[j] - v[i]) / (u[j] - u[i])
        return cost(v[i] - b * u[i], b), j

    def edges(i: int, j: int) -> tuple[Floats, NDArray[np.intp]]:
        """The points on the line through i and j, and how steeply the cost rises when the line turns about each.

        Of the two ways to turn the one that rises less. A point that is on the line costs only once it is above.
        """
        b = (v[j] - v[i]) / (u[j] - u[i])
        above = v - v[i] - b * (u - u[i])
        on = np.abs(above) <= 1e-12 * (np.abs(v).max() + abs(b))
        paid, payable = np.where(~on & (above > 0), w, 0.0), np.where(on | (above > 0), w, 0.0)

        def ahead(weight: Floats) -> Floats:
            """Σ weight (u − pivot) over the points to the right of each pivot."""
            return np.cumsum((weight * u)[::-1])[::-1] - u * np.cumsum(weight[::-1])[::-1]

        def behind(weight: Floats) -> Floats:
            """Σ weight (pivot − u) over the points to its left."""
            return u * np.cumsum(weight) - np.cumsum(weight * u)

        lever = moment - count * u
        up, down = -lever - ahead(paid) + behind(payable), lever + ahead(payable) - behind(paid)
        return np.minimum(up, down)[on], np.flatnonzero(on)

    i = int(np.abs(v - start[0] - start[1] * u).argmin())
    height, j = turn(i)
    noise = 1e-13 * (w.sum() + abs(count))
    while True:
        rises, on = edges(i, j)
        for k in on[np.argsort(rises, kind="stable")][: min(20, np.count_nonzero(rises < -noise))]:
            lower, other = turn(int(k))
            if lower < height:
                height, i, j = lower, int(k), other
                break
        else:
            return _Corner(owner[[i, j]], v[[i, j]], bool(rises.min() > noise))


# ── Lines of other losses ────────────────────────────────────────────────────────────────────────────────────────────


def _best_of_pairs(curve: ResidualCurve, u: Floats, y: Floats, count: int = 1) -> Floats:
    """The best lines through two points: of all pairs where they are few, of pairs drawn at random where they are many.

    A start in the right valley for a loss with several minima: an outlier does not move a line that it is not on.
    """
    i, j = np.triu_indices(u.size, k=1) if u.size <= FEW else np.random.default_rng(0).integers(0, u.size, (2, 2000))
    i, j = (half[u[i] != u[j]][: max(60, 2 * BLOCK // u.size)] for half in (i, j))
    b = (y[j] - y[i]) / (u[j] - u[i])
    a = y[i] - b * u[i]
    some = np.array_split(np.arange(a.size), 1 + a.size * u.size // BLOCK)
    costs = np.concatenate([curve.value(y - a[part, None] - b[part, None] * u).sum(axis=1) for part in some])
    best = np.argsort(costs, kind="stable")[:count]
    return np.column_stack([a[best], b[best]])


def _lowest(curve: ResidualCurve, u: Floats, y: Floats, starts: list[Floats]) -> Floats:
    """The lowest point reached downhill from any of the starts; a start that cannot be improved stands.

    Downhill until the slope is next to nothing; from there Newton's way to where it vanishes, which heights show only
    to the square root of rounding. Where that leads nowhere (curvature that jumps), downhill as far as it goes.
    """

    def total(ab: Floats) -> float:
        return float(curve.value(y - ab[0] - ab[1] * u).sum())

    def slope(ab: Floats) -> Floats:
        pull = -curve.slope(y - ab[0] - ab[1] * u)
        return np.array([pull.sum(), pull @ u])

    near = 1e-4 * float(np.abs(curve.slope(y - y.mean())).sum())
    far = 1e8 * _size(y)
    with quiet():
        best = min([*starts, *(_descended(total, slope, start, near, far) for start in starts)], key=total)
        sharper = _balanced(slope, best)
        if np.abs(slope(sharper)).max() <= 1e-8 * near and total(sharper) <= total(best) * (1 + 1e-12):
            return sharper
        return min([best, _descended(total, slope, best, 1e-6 * near, far)], key=total)


def _descended(
    height: Callable[[Floats], float], slope: Callable[[Floats], Floats], start: Floats, enough: float, far: float
) -> Floats:
    """Where the way down from `start` ends by the method of Broyden, Fletcher, Goldfarb and Shanno.

    Steps are bisected until they fall enough and the slope along them has risen enough, which serves kinked losses too.
    """
    at, here, pull = start, height(start), slope(start)
    inverse = None  # of the second derivatives, as far as the steps have told them
    for _ in range(200):
        if np.abs(pull).max() <= enough:
            break
        way = -pull / np.abs(pull).max() if inverse is None else -inverse @ pull
        steepness = way @ pull
        if not steepness < 0:
            break
        step, short, long = 1.0, 0.0, np.inf
        for _ in range(60):
            there = at + step * way
            if not height(there) <= here + 1e-4 * step * steepness:
                long = step
            elif slope(there) @ way < 0.9 * steepness:
                short = step
            else:
                break
            step = (short + long) / 2 if np.isfinite(long) else 2 * step
        if not height(there) < here:
            break
        moved, turned = there - at, slope(there) - pull
        at, here, pull = there, height(there), slope(there)
        if np.abs(at - start).max() > far:  # a loss that falls without end
            break
        bend = moved @ turned
        if not bend > 0:
            inverse = None
            continue
        inverse = np.eye(2) * bend / (turned @ turned) if inverse is None else inverse
        back = np.eye(2) - np.outer(moved, turned) / bend
        inverse = back @ inverse @ back.T + np.outer(moved, moved) / bend
    return at


def _balanced(slope: Callable[[Floats], Floats], start: Floats) -> Floats:
    """Where Newton's way from `start` finds the least slope; its second derivatives are measured."""
    best, least, at = start, float(np.abs(slope(start)).max()), start
    for _ in range(30):
        reach = 1e-6 * (1e-3 + np.abs(at).max())
        columns = [(slope(at + side) - slope(at - side)) / (2 * reach) for side in reach * np.eye(2)]
        try:
            at = at - np.linalg.solve(np.column_stack(columns), slope(at))
        except np.linalg.LinAlgError:
            break
        size = float(np.abs(slope(at)).max())
        if not size < least:
            break
        best, least = at, size
    return best
