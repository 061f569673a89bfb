"""Constants and lines against NumPy, SciPy, statsmodels and plain arithmetic."""

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linprog

from lossbook.analysis.fitting import fit_constant, fit_line
from lossbook.losses.information_densities import KL_NORMAL
from lossbook.losses.regression import EPSILON_INSENSITIVE, MAE, MSE, PINBALL
from lossbook.losses.robust import CAUCHY, HUBER, LOG_COSH

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


@pytest.mark.parametrize("n", [30, 200])
@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.85])
def test_the_pinball_line_is_the_linear_programme(quantile, n):
    draw = np.random.default_rng(n)
    X = draw.uniform(-3, 7, n)
    Y = 1.5 - 0.7 * X + draw.standard_t(2, n)
    best = linprog(
        np.r_[0, 0, np.full(n, quantile), np.full(n, 1 - quantile)],
        A_eq=np.c_[np.ones(n), X, np.eye(n), -np.eye(n)],
        b_eq=Y,
        bounds=[(None, None)] * 2 + [(0, None)] * 2 * n,
    )
    line = fit_line(PINBALL, X, Y, quantile=quantile)
    e = Y - line(X)
    assert_allclose(np.where(e > 0, quantile * e, (quantile - 1) * e).sum(), best.fun, rtol=1e-9)
    assert_allclose(line, best.x[:2], rtol=1e-6)


def test_the_epsilon_insensitive_line_is_the_linear_programme():
    n, epsilon = X.size, 0.5
    best = linprog(
        np.r_[0, 0, np.ones(2 * n)],
        A_ub=np.block(
            [
                [-np.ones((n, 1)), -X[:, None], -np.eye(n), np.zeros((n, n))],
                [np.ones((n, 1)), X[:, None], np.zeros((n, n)), -np.eye(n)],
            ]
        ),
        b_ub=np.r_[epsilon - Y, epsilon + Y],
        bounds=[(None, None)] * 2 + [(0, None)] * 2 * n,
    )
    e = Y - fit_line(EPSILON_INSENSITIVE, X, Y, epsilon=epsilon)(X)
    assert_allclose(np.maximum(0, np.abs(e) - epsilon).sum(), best.fun, rtol=1e-9)


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
        ("huber", "loss must be a Loss of prediction and target, got 'huber'"),
        (KL_NORMAL, r"loss must be a Loss of prediction and target, got kl_normal\(mean_p, "),
    ],
)
def test_a_loss_that_fits_no_line_is_refused(loss, words):
    with pytest.raises(ValueError, match=words):
        fit_line(loss, [1.0, 2.0], [1.0, 2.0])


def test_many_examples_fit_into_memory():
    many = np.random.default_rng(3).standard_t(2, 12_001)
    tracemalloc.start()
    try:
        assert_allclose(fit_constant(MAE, many), np.median(many), rtol=1e-9)
        assert_allclose(fit_constant(PINBALL, many, quantile=0.1), np.sort(many)[1200], rtol=1e-9)
        assert tracemalloc.get_traced_memory()[1] < 300e6
    finally:
        tracemalloc.stop()
