"""Constants and lines against NumPy, SciPy, statsmodels and plain arithmetic."""

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linprog, minimize

from lossbook.analysis.fitting import _best_of_pairs, _descended, fit_constant, fit_line
from lossbook.analysis.residual_curve import residual_curve
from lossbook.catalogue import CATALOGUE
from lossbook.losses.classification import BINARY_CROSS_ENTROPY
from lossbook.losses.information_densities import KL_NORMAL
from lossbook.losses.likelihood_bounded import VON_MISES_NLL
from lossbook.losses.likelihood_discrete import POISSON_NLL
from lossbook.losses.likelihood_real import LAPLACE_NLL, NORMAL_NLL
from lossbook.losses.regression import EPSILON_INSENSITIVE, MAE, MSE, PINBALL, RMSE
from lossbook.losses.robust import CAUCHY, HUBER, LOG_COSH, SMOOTH_L1

rng = np.random.default_rng(20)
X = rng.uniform(-3, 7, 30)
Y = 1.5 - 0.7 * X + rng.standard_t(2, 30)
SAMPLE = rng.standard_t(2, 41)


def test_the_constants_are_mean_median_and_quantile():
    assert_allclose(fit_constant(MSE, SAMPLE), SAMPLE.mean(), rtol=1e-12)
    assert_allclose(fit_constant(MAE, SAMPLE), np.median(SAMPLE), rtol=1e-9)
    # τN = 4.1 is no integer, so the τ-quantile is one point: the fifth smallest
    assert_allclose(fit_constant(PINBALL, SAMPLE, quantile=0.1), np.sort(SAMPLE)[4], rtol=1e-9)


def test_an_even_sample_gets_the_middle_of_its_median_interval():
    assert_allclose(fit_constant(MAE, [9, 1, 4, 2]), 3.0, rtol=1e-9)
    assert_allclose(fit_constant(abs, [9, 1, 4, 2]), 3.0, rtol=1e-9)


@pytest.mark.parametrize("unit", [1e-9, 1e-6, 1e6, 1e9])
def test_a_line_is_the_same_in_other_units(unit):
    """When a search has gone far enough is said in the units of the data: not even the digits change."""
    intercept, slope = fit_line(CAUCHY, X, Y, scale=0.7)
    assert_allclose(fit_line(CAUCHY, X, unit * Y, scale=0.7 * unit), (unit * intercept, unit * slope), rtol=1e-11)


def test_a_huber_constant_by_hand():
    # 0, 1, 2 and 100 with δ = 3: (0 − c) + (1 − c) + (2 − c) + 3 = 0 gives c = 2, all three within 3 of it
    assert_allclose(fit_constant(HUBER, [0, 1, 2, 100], delta=3), 2.0, rtol=1e-12)


def test_a_bounded_influence_ignores_how_far_the_outlier_is():
    near, far = [0, 1, 2, 100], [0, 1, 2, 1e6]
    assert_allclose(fit_constant(HUBER, near, delta=3), fit_constant(HUBER, far, delta=3), rtol=1e-9)


def test_a_constant_of_two_basins_is_the_lower_one():
    # three points at 0, two at 50: Cauchy has a minimum near each cluster; by symmetry of the loss the majority wins
    assert abs(fit_constant(CAUCHY, [0, 0, 0, 50, 50], scale=1)) < 0.1
    assert abs(fit_constant(CAUCHY, [0, 0, 50, 50, 50], scale=1) - 50) < 0.1


def test_one_point_and_equal_points_are_their_own_constant():
    for loss in (MSE, MAE, HUBER, CAUCHY):
        assert_allclose(fit_constant(loss, [3.25]), 3.25, atol=1e-12)
        assert_allclose(fit_constant(loss, [3.25, 3.25]), 3.25, atol=1e-12)


def test_the_squared_line_is_least_squares():
    slope, intercept = np.polyfit(X, Y, 1)
    assert_allclose(fit_line(MSE, X, Y), (intercept, slope), rtol=1e-9)


def optimum(x, y, above, below, dead_zone=0.0):
    """The lowest Σ above·max(0, e − ε) + below·max(0, −e − ε) of all lines, by a linear programme, and such a line.

    The dual programme, which has two rows: pulls from −below to above, whose sums Σ d and Σ d x vanish; the prices of
    the two rows are the line.
    """
    n = x.size
    rows = np.c_[np.ones(n), x].T
    best = linprog(
        np.r_[dead_zone - y, dead_zone + y],
        A_eq=np.hstack([rows, -rows]),
        b_eq=[0, 0],
        bounds=[(0, above)] * n + [(0, below)] * n,
    )
    assert best.status == 0
    return -best.fun, -best.eqlin.marginals


@pytest.mark.parametrize("n", [30, 200])
@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.85])
def test_the_pinball_line_is_the_linear_programme(quantile, n):
    draw = np.random.default_rng(n)
    X = draw.uniform(-3, 7, n)
    Y = 1.5 - 0.7 * X + draw.standard_t(2, n)
    lowest, best = optimum(X, Y, quantile, 1 - quantile)
    line = fit_line(PINBALL, X, Y, quantile=quantile)
    e = Y - line(X)
    assert_allclose(np.where(e > 0, quantile * e, (quantile - 1) * e).sum(), lowest, rtol=1e-9)
    assert_allclose(line, best, rtol=1e-6)


KINKED = {  # the loss, its parameters, and the programme's
    "mae": (MAE, {}, (1, 1)),
    "pinball 0.3": (PINBALL, {"quantile": 0.3}, (0.3, 0.7)),
    "pinball 0.95": (PINBALL, {"quantile": 0.95}, (0.95, 0.05)),
    "epsilon-insensitive 0.5": (EPSILON_INSENSITIVE, {"epsilon": 0.5}, (1, 1, 0.5)),
    "epsilon-insensitive 0.1": (EPSILON_INSENSITIVE, {"epsilon": 0.1}, (1, 1, 0.1)),
    "laplace": (LAPLACE_NLL, {"scale": 2.0}, (0.5, 0.5)),
}
TIED = {
    "few levels": lambda draw, n: (draw.integers(0, 6, n), draw.integers(0, 6, n)),
    "counts": lambda draw, n: (draw.integers(-20, 20, n), draw.poisson(2, n)),
    "one decimal": lambda draw, n: (draw.normal(size=n).round(1), draw.standard_t(2, n).round(1)),
    "no ties": lambda draw, n: (1e3 * draw.normal(size=n), draw.normal(size=n)),
}


@pytest.mark.parametrize("kind", TIED)
@pytest.mark.parametrize("name", KINKED)
def test_a_kinked_line_is_the_linear_programme_with_ties_too(name, kind):
    loss, parameters, programme = KINKED[name]
    for seed in range(20):
        draw = np.random.default_rng(seed)
        x, y = (values.astype(float) for values in TIED[kind](draw, draw.integers(8, 120)))
        e = y - fit_line(loss, x, y, **parameters)(x)
        above, below, dead_zone = (*programme, 0.0)[:3]
        cost = above * np.maximum(0, e - dead_zone) + below * np.maximum(0, -e - dead_zone)
        assert_allclose(cost.sum(), optimum(x, y, *programme)[0], rtol=1e-9, atol=1e-9, err_msg=f"seed {seed}")


def test_a_line_through_many_ties_by_hand():
    # y = 2 costs 93: of 64 targets 0, …, 5 in turn, |y − 2| sums to 2 + 1 + 0 + 1 + 2 + 3 = 9 over every six
    i = np.arange(64)
    x, y = i % 3, (i + i // 3) % 6
    line = fit_line(MAE, x, y)
    assert line == (2, 0) and np.abs(y - line(x)).sum() == 93


def test_a_line_knows_whether_another_one_is_as_good():
    # the optimal lines of absolute error are a polygon whose corners go through two points each
    several = []
    for seed in range(60):
        draw = np.random.default_rng(seed)
        x, y = draw.integers(0, 5, (2, draw.integers(3, 12))).astype(float)
        if np.ptp(x) == 0:
            continue
        corners = {}
        for i, j in zip(*np.triu_indices(x.size, k=1), strict=True):
            if x[i] != x[j]:
                slope = (y[j] - y[i]) / (x[j] - x[i])
                corners[round(y[i] - slope * x[i], 9), round(slope, 9)] = np.abs(y - y[i] - slope * (x - x[i])).sum()
        lowest = min(corners.values())
        best = [line for line, cost in corners.items() if cost < lowest + 1e-9]
        line = fit_line(MAE, x, y)
        assert min(abs(line[0] - a) + abs(line[1] - b) for a, b in best) < 1e-8
        assert line.unique == (len(best) == 1), seed
        several.append(len(best) > 1)
    assert 10 < sum(several) < 50


def test_every_line_is_as_good_where_the_tube_holds_all():
    line = fit_line(EPSILON_INSENSITIVE, [0, 1, 2], [0, 1, 0], epsilon=1e9)
    assert not line.unique and np.abs(line([0, 1, 2])).max() < 1e9
    assert not fit_line(EPSILON_INSENSITIVE, [0, 1, 2], [0, 1, 0], epsilon=2.0).unique


@pytest.mark.parametrize(
    ("loss", "parameters", "influence"),
    [
        (HUBER, {}, lambda e: np.clip(e, -1, 1)),
        (HUBER, {"delta": 0.1}, lambda e: np.clip(e, -0.1, 0.1)),
        (SMOOTH_L1, {"beta": 0.5}, lambda e: np.clip(e / 0.5, -1, 1)),
        (LOG_COSH, {}, np.tanh),
        (MSE, {}, lambda e: e),
        (NORMAL_NLL, {"scale": 2.0}, lambda e: e),
    ],
)
def test_a_curved_convex_loss_reaches_its_optimum_with_ties_too(loss, parameters, influence):
    # convex: where both sums of influences vanish is the optimum
    for seed in range(40):
        draw = np.random.default_rng(seed)
        x, y = (values.astype(float) for values in TIED["few levels" if seed % 2 else "one decimal"](draw, 40))
        pull = influence(y - fit_line(loss, x, y, **parameters)(x))
        assert_allclose([pull.sum(), pull @ x], 0, atol=1e-10 * np.abs(influence(y)).sum(), err_msg=f"seed {seed}")
        pull = influence(y - fit_constant(loss, y, **parameters))
        assert_allclose(pull.sum(), 0, atol=1e-13 * np.abs(influence(y)).sum(), err_msg=f"seed {seed}")


@pytest.mark.parametrize("loss", [MAE, MSE, HUBER, LOG_COSH, CAUCHY])
def test_points_on_a_line_give_the_line(loss):
    assert_allclose(fit_line(loss, [0, 1, 2, 5], [1, 3, 5, 11]), (1, 2), rtol=1e-12)
    assert_allclose(fit_line(loss, [0, 1, 2, 5], [3, 3, 3, 3]), (3, 0), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("loss", "influence"),
    [
        (HUBER, lambda e: np.clip(e, -1, 1)),
        (LOG_COSH, np.tanh),
        (CAUCHY, lambda e: e / (1 + e**2)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_influences_of_a_smooth_line_balance(loss, influence):
    line = fit_line(loss, X, Y)
    pull = influence(Y - line(X))
    assert_allclose([pull.sum(), pull @ X], 0, atol=1e-6)


def test_a_line_survives_units_of_any_size():
    slope, intercept = np.polyfit(X, Y, 1)
    assert_allclose(fit_line(MSE, 1e6 * X, 1e-5 * Y), (1e-5 * intercept, 1e-11 * slope), rtol=1e-7)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([1, 1], [1, 2], "x must hold at least two different values"),
        ([1, 2, 3], [1, 2], r"x and y must have the same shape, got \(3,\) and \(2,\)"),
        ([1, np.nan], [1, 2], "x must be a non-empty one-dimensional array of finite numbers"),
        ([[1, 2]], [[1, 2]], "x must be a non-empty one-dimensional"),
    ],
)
def test_bad_points_are_refused(x, y, words):
    with pytest.raises(ValueError, match=words):
        fit_line(MSE, x, y)


def test_an_empty_sample_is_refused():
    with pytest.raises(ValueError, match="sample must be a non-empty"):
        fit_constant(MSE, [])


@pytest.mark.parametrize("scale", [1e-200, 1e-170, 1e170, 1e200])
def test_the_mean_is_found_where_its_squares_underflow_or_overflow(scale):
    assert_allclose(fit_constant(MSE, scale * np.array([1.0, 2.0, 9.0])), 4 * scale, rtol=1e-12)


def test_the_middle_of_a_floor_that_no_slope_marks():
    # τ = 0.3 of ten points: any constant from the third to the fourth smallest, 3 to 7
    assert_allclose(fit_constant(PINBALL, [1, 2, 3, 7, 8, 9, 10, 11, 12, 13], quantile=0.3), 5.0, rtol=1e-9)


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        ("mse", "loss must be a Loss or a callable of the residuals, got 'mse'"),
        (lambda e: np.where(np.abs(e) > 0.5, np.nan, e**2), "loss must be a number at every residual, got nan at"),
        (lambda e: 1.0, r"loss must return one number per residual, got shape \(\)"),
    ],
)
def test_a_loss_that_fits_no_constant_is_refused(loss, words):
    with pytest.raises(ValueError, match=words):
        fit_constant(loss, [1.0, 2.0])


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        ("huber", "loss must be a Loss or a callable of the residuals, got 'huber'"),
        (lambda e: e[:1], "loss must return one number per residual"),
        (KL_NORMAL, r"loss must be a Loss of prediction and target, got kl_normal\(mean_p, "),
    ],
)
def test_a_loss_that_fits_no_line_is_refused(loss, words):
    with pytest.raises(ValueError, match=words):
        fit_line(loss, [1.0, 2.0], [1.0, 2.0])


@pytest.mark.parametrize("loss", [BINARY_CROSS_ENTROPY, POISSON_NLL, VON_MISES_NLL])
def test_a_loss_of_no_residual_is_refused_by_its_name(loss):
    with pytest.raises(ValueError, match=f"loss must be a function of the residual alone, got {loss.name}"):
        fit_constant(loss, [0.1, 0.4])
    with pytest.raises(ValueError, match="loss must be a"):
        fit_line(loss, [0, 1], [0.1, 0.4])


def test_what_else_a_fit_refuses():
    for fit, data in ((fit_constant, ([0.1, 0.4],)), (fit_line, ([0.0, 1.0], [0.1, 0.4]))):
        with pytest.raises(ValueError, match="loss must give one value per residual, got rmse"):
            fit(RMSE, *data)
        with pytest.raises(ValueError, match="scale must be given as a number to make a curve of normal_nll, got none"):
            fit(NORMAL_NLL, *data)
        with pytest.raises(ValueError, match="parameters of huber must be among delta, got dleta"):
            fit(HUBER, *data, dleta=2)


# ── Constants where the slope steps, or is 0 for a while ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("loss", "parameters", "sample", "constant"),
    [
        (MAE, {}, [-1, 0, 2], 0),
        (MAE, {}, [0.0], 0),
        (MAE, {}, [0, 0, 1], 0),
        (MAE, {}, [0, 0], 0),
        (MAE, {}, [-1, 1], 0),
        (MAE, {}, [1e300, 1e300], 1e300),
        (PINBALL, {"quantile": 0.25}, [0, 1, 2], 0),
        (LAPLACE_NLL, {"scale": 2.0}, [-1, 0, 2], 0),
        (HUBER, {}, [0, 1, 10, 30], 5.5),  # every constant from 2 to 9
        (HUBER, {"delta": 0.1}, [1, 2, 4, 1000], 3),  # from 2.1 to 3.9
        (EPSILON_INSENSITIVE, {"epsilon": 0.9}, [0, 1], 0.5),  # from 0.1 to 0.9
        (EPSILON_INSENSITIVE, {"epsilon": 5}, [0, 1], 0.5),  # from −4 to 5
        (LOG_COSH, {}, [0, 100], 50),
    ],
)
def test_a_constant_by_hand(loss, parameters, sample, constant):
    assert fit_constant(loss, sample, **parameters) == constant
    curve = residual_curve(loss, **parameters)
    assert fit_constant(curve, sample) == constant
    if loss is not LOG_COSH:  # a callable tells values alone
        assert_allclose(fit_constant(curve.value, sample), constant, atol=1e-6)


def test_a_loss_that_is_flat_wherever_floats_go_gets_a_constant():
    assert fit_constant(EPSILON_INSENSITIVE, [0, 1], epsilon=1e300) == 0  # from −1e300 to 1e300
    assert fit_constant(EPSILON_INSENSITIVE, [0, 1], epsilon=1.7e308) == 0.5


def test_constants_of_ties_are_the_middle_of_the_quantiles():
    draw = np.random.default_rng(8)
    for trial in range(200):
        n, quantile = draw.integers(1, 20), (0.1, 0.25, 0.3, 0.5)[trial % 4]
        sample = np.sort(draw.normal(size=n).round(1) if trial % 2 else draw.poisson(1, n).astype(float))
        place = round(quantile * n, 9)  # the place-th smallest, or from that to the next where it is whole
        ends = sample[[int(np.ceil(place)) - 1, min(int(np.floor(place)), n - 1)]]
        assert_allclose(fit_constant(PINBALL, sample, quantile=quantile), ends.mean(), rtol=1e-14, atol=1e-15)
        if quantile == 0.5:
            assert_allclose(fit_constant(MAE, sample), np.median(sample), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("shape", ["drawn", "rounded", "all on the line"])
def test_many_examples_are_fitted_exactly_and_fit_into_memory(shape):
    n = 10_001
    draw = np.random.default_rng(3)
    x, y = draw.normal(size=n), draw.standard_t(2, n)
    x, y = {"drawn": (x, y), "rounded": (x.round(), y.round()), "all on the line": (x, 2 * x)}[shape]
    tracemalloc.start()
    try:
        constants = [fit_constant(MAE, y), fit_constant(PINBALL, y, quantile=0.1), fit_constant(abs, y)]
        names = "pinball 0.3", "epsilon-insensitive 0.5"
        lines = [fit_line(KINKED[name][0], x, y, **KINKED[name][1]) for name in names]
        fit_line(CAUCHY, x, y)
        assert tracemalloc.get_traced_memory()[1] < 150e6
    finally:
        tracemalloc.stop()
    assert_allclose(constants, [np.median(y), np.sort(y)[1000], np.median(y)], rtol=1e-14, atol=1e-8)
    for name, line in zip(names, lines, strict=True):
        loss, parameters, programme = KINKED[name]
        cost = loss(line(x), y, **parameters, reduction="sum")
        assert_allclose(cost, optimum(x, y, *programme)[0], rtol=1e-9, atol=1e-6)


def test_a_line_of_several_valleys_is_the_lowest_one():
    # 60 points on one line, 40 on another, 15 far out: downhill from least squares Cauchy ends near the far ones
    draw = np.random.default_rng(5)
    x = np.r_[draw.uniform(0, 10, 100), np.full(15, 60.0)]
    y = np.where(np.arange(115) < 60, 1 + 2 * x, 60 + 2 * x) + 0.1 * draw.normal(size=115)
    y[100:] = -200
    assert_allclose(fit_line(CAUCHY, x, y, scale=0.5), (1, 2), atol=0.1)
    assert fit_line(MSE, x, y).slope < -3


@pytest.mark.parametrize("n", [10, 60, 61, 400])
def test_the_best_line_of_pairs_is_the_one_that_most_points_are_on(n):
    draw = np.random.default_rng(4)
    x = draw.uniform(0, 10, n)
    y = np.where(np.arange(n) < 0.6 * n, 1 + 2 * x, draw.uniform(40, 90, n))
    assert_allclose(_best_of_pairs(residual_curve(CAUCHY, scale=0.1), x, y), [[1, 2]], rtol=1e-9)


TYPED = {  # as a reader types them, with slopes that are measured
    "mse": (lambda e: e**2, {}),
    "mae": (np.abs, {}),
    "huber": (lambda e: np.where(np.abs(e) <= 1, e**2 / 2, np.abs(e) - 0.5), {}),
    "log_cosh": (lambda e: np.log(np.cosh(e)), {}),
    "pinball": (lambda e: np.maximum(0.75 * e, -0.25 * e), {"quantile": 0.75}),
    "epsilon_insensitive": (lambda e: np.maximum(np.abs(e) - 0.3, 0), {"epsilon": 0.3}),
    "cauchy": (lambda e: np.log1p(e**2), {"scale": 1.0}),
}


@pytest.mark.parametrize("name", TYPED)
def test_a_callable_is_fitted_as_the_loss_of_the_catalogue_is(name):
    typed, parameters = TYPED[name]
    for seed in range(3):
        x, y = np.random.default_rng(seed).standard_t(3, (2, 11))
        assert_allclose(fit_line(typed, x, y), fit_line(CATALOGUE[name], x, y, **parameters), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize(
    "loss",
    [
        lambda e: e**2 + np.abs(e),
        lambda e: np.minimum(e**2, 1),
        lambda e: np.sqrt(np.abs(e)),
        lambda e: np.exp(e) - e,
        lambda e: np.where(np.abs(e) < 4.685, 1 - (1 - (e / 4.685) ** 2) ** 3, 1),
    ],
)
def test_a_line_of_any_callable_is_as_low_as_one_found_by_search(loss):
    """Of a grid over intercept and slope, and of SciPy's simplex from each of its best places."""
    for seed in range(3):
        x, y = np.random.default_rng(seed).standard_t(3, (2, 9))
        a, b = (half.ravel() for half in np.meshgrid(np.linspace(-4, 4, 81), np.linspace(-4, 4, 81)))
        heights = loss(y - a[:, None] - b[:, None] * x).sum(axis=1)
        starts = np.column_stack([a, b])[np.argsort(heights)[:5]]

        def total(ab, x=x, y=y):
            return loss(y - ab[0] - ab[1] * x).sum()

        found = [minimize(total, start, method="Nelder-Mead") for start in starts]
        line = fit_line(loss, x, y)
        assert loss(y - line(x)).sum() <= min(one.fun for one in found) + 1e-3


def test_a_loss_that_jumps_gets_a_line():
    assert np.isfinite(fit_line(lambda e: np.floor(np.abs(e)), [0, 1, 2, 3], [0.1, 5, 2, 3])).all()


def test_the_way_down_a_bent_valley_learns_its_shape():
    """Rosenbrock's: whoever follows the slope alone is still on the way after 200 steps."""

    def slope(at):
        return np.array([-400 * at[0] * (at[1] - at[0] ** 2) - 2 * (1 - at[0]), 200 * (at[1] - at[0] ** 2)])

    end = _descended(
        lambda at: 100 * (at[1] - at[0] ** 2) ** 2 + (1 - at[0]) ** 2, slope, np.array([-1.2, 1.0]), 1e-8, 1e9
    )
    assert_allclose(end, [1, 1], rtol=1e-7)
