"""Regression losses: figures known by hand, references of 50 digits, the kinks, infinity, and the refusals of each."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from precision import DIGITS, exact, ulps

import lossbook
from lossbook.losses.regression import (
    epsilon_insensitive,
    epsilon_insensitive_grad,
    mae,
    mae_grad,
    mse,
    mse_grad,
    pinball,
    pinball_grad,
    rmse,
    rmse_grad,
)
from lossbook.losses.robust import (
    cauchy,
    cauchy_grad,
    huber,
    huber_grad,
    log_cosh,
    log_cosh_grad,
    smooth_l1,
    smooth_l1_grad,
)

# ── By hand: residuals 0.5, −3 and 0 ─────────────────────────────────────────────────────────────────────────────────

BY_HAND = [
    (mse, {}, [0.25, 9, 0], [-1, 6, 0]),
    (mae, {}, [0.5, 3, 0], [-1, 1, 0]),
    (huber, {"delta": 1}, [0.125, 2.5, 0], [-0.5, 1, 0]),
    (huber, {"delta": 2}, [0.125, 4, 0], [-0.5, 2, 0]),
    (smooth_l1, {"beta": 2}, [0.0625, 2, 0], [-0.25, 1, 0]),
    (log_cosh, {}, [0.12011450695827751, 2.3093285045777847, 0], [-0.46211715726000975, 0.9950547536867305, 0]),
    (pinball, {"quantile": 0.25}, [0.125, 2.25, 0], [-0.25, 0.75, 0]),
    (epsilon_insensitive, {"epsilon": 0.5}, [0, 2.5, 0], [0, 1, 0]),
    (cauchy, {"scale": 1}, [math.log(1.25) / 2, math.log(10) / 2, 0], [-0.4, 0.3, 0]),
    (cauchy, {"scale": 3}, [4.5 * math.log(37 / 36), 4.5 * math.log(2), 0], [-18 / 37, 1.5, 0]),
]


@pytest.mark.parametrize(("loss", "parameters", "values", "slopes"), BY_HAND)
def test_by_hand(loss, parameters, values, slopes):
    gradient = getattr(lossbook, f"{loss.__name__}_grad")
    batch = ([1.0, 2.0, 7.0], [1.5, -1.0, 7.0])
    np.testing.assert_allclose(loss(*batch, **parameters, reduction="none"), values, rtol=1e-14)
    np.testing.assert_allclose(gradient(*batch, **parameters, reduction="none"), slopes, rtol=1e-14)
    assert loss(*batch, **parameters) == pytest.approx(sum(values) / 3, rel=1e-14, abs=0)
    assert loss(*batch, **parameters, reduction="sum") == pytest.approx(sum(values), rel=1e-14, abs=0)
    np.testing.assert_allclose(gradient(*batch, **parameters), np.divide(slopes, 3), rtol=1e-14)


def test_rmse_by_hand():
    assert rmse([0.0, 0.0], [3.0, 4.0]) == math.sqrt(12.5)
    np.testing.assert_allclose(
        rmse_grad([0.0, 0.0], [3.0, 4.0]), [-3 / (2 * 12.5**0.5), -4 / (2 * 12.5**0.5)], rtol=1e-15
    )


def test_the_mean_of_batch_rmses_is_not_the_rmse_of_the_whole():
    assert rmse([0, 0], [1, 7]) == 5
    assert (rmse([0], [1]) + rmse([0], [7])) / 2 == 4


def test_smooth_l1_is_huber_divided_by_beta():
    e = np.linspace(-5, 5, 41)
    np.testing.assert_allclose(
        smooth_l1(0 * e, e, beta=2.5, reduction="none"), huber(0 * e, e, delta=2.5, reduction="none") / 2.5, rtol=1e-15
    )


# ── To the last digits: tiny, moderate and huge residuals against 50 digits ──────────────────────────────────────────

mp = mpmath.mp
SIZES = [
    5e-324,
    1e-200,
    1e-160,
    1e-8,
    1e-3,
    0.3,
    1.0,
    1.1,
    2.7,
    9.0,
    13.0,
    16.5,
    19.9,
    20.1,
    711.0,
    1e8,
    1.1e8,
    1e200,
    1.7e308,
]
EXACT = {
    "mse": (lambda e: e**2, lambda e: -2 * e),
    "mae": (abs, lambda e: -mp.sign(e)),
    "huber": (
        lambda e, delta: e**2 / 2 if abs(e) <= delta else delta * (abs(e) - delta / 2),
        lambda e, delta: -e if abs(e) <= delta else -delta * mp.sign(e),
    ),
    "smooth_l1": (
        lambda e, beta: e**2 / (2 * beta) if abs(e) <= beta else abs(e) - beta / 2,
        lambda e, beta: -e / beta if abs(e) <= beta else -mp.sign(e),
    ),
    "log_cosh": (
        lambda e: (
            abs(e) - mp.log(2) + mp.log1p(mp.exp(-2 * abs(e))) if abs(e) > 1 else mp.log1p(2 * mp.sinh(e / 2) ** 2)
        ),
        lambda e: -mp.tanh(e),
    ),
    "pinball": (
        lambda e, quantile: max(quantile * e, (quantile - 1) * e),
        lambda e, quantile: -quantile if e > 0 else 1 - quantile,
    ),
    "epsilon_insensitive": (
        lambda e, epsilon: max(mp.mpf(0), abs(e) - epsilon),
        lambda e, epsilon: -mp.sign(e) if abs(e) > epsilon else mp.mpf(0),
    ),
    "cauchy": (
        lambda e, scale: scale**2 / 2 * mp.log1p((e / scale) ** 2),
        lambda e, scale: -e / (1 + (e / scale) ** 2),
    ),
}
SETTINGS = {
    "huber": [{"delta": d} for d in (1.0, 0.1, 4.0, 1e-150, 1e150)],
    "smooth_l1": [{"beta": b} for b in (1.0, 0.1, 4.0, 1e-300, 1e300)],
    "pinball": [{"quantile": q} for q in (0.5, 0.05, 0.9, 1e-300)],
    "epsilon_insensitive": [{"epsilon": e} for e in (0.0, 0.1, 2.0, 1e-300)],
    "cauchy": [{"scale": c} for c in (1.0, 0.1, 4.0, 1e-100, 1e200)],
}


@pytest.mark.parametrize(
    ("name", "parameters"), [(name, setting) for name in EXACT for setting in SETTINGS.get(name, [{}])], ids=str
)
def test_a_few_ulp_from_50_digits(name, parameters):
    targets = [sign * size for size in SIZES for sign in (1, -1)]
    numbers = {key: exact(value) for key, value in parameters.items()}
    with mpmath.workdps(DIGITS):
        for function, formula in zip((name, f"{name}_grad"), EXACT[name], strict=True):
            for target in targets:
                result = getattr(lossbook, function)(0.0, target, **parameters, reduction="none")
                reference = formula(exact(target), **numbers)
                subnormal = max(abs(float(result)), abs(reference)) < np.finfo(float).tiny
                assert subnormal or ulps(result, reference) <= 4, (function, target)


@pytest.mark.parametrize("unit", [5e-324, 1e-200, 1e-8, 1.0, 1e200, 1e307])
def test_rmse_neither_overflows_nor_vanishes(unit):
    assert rmse([0, 0, 0], [unit, unit, unit]) == unit
    assert rmse([0.0, 0.0], [3 * unit, 4 * unit]) == pytest.approx(unit * math.sqrt(12.5), rel=1e-15, abs=5e-324)
    np.testing.assert_allclose(
        rmse_grad([0, 0, 0], [unit, -unit, 0]), np.array([-1, 1, 0]) / (3 * (2 / 3) ** 0.5), rtol=1e-15
    )


def test_a_mean_is_finite_where_the_sum_is_not():
    assert mae([0, 0, 0], [1.7e308, -1.7e308, 1.7e308]) == 1.7e308
    assert mae([0, 0, 0], [1.7e308, -1.7e308, 1.7e308], reduction="sum") == math.inf


# ── Kinks, infinity, NaN ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_subgradient_at_a_kink_is_the_smallest():
    assert mae_grad(2.0, 2.0) == pinball_grad(2.0, 2.0, quantile=0.9) == 0
    assert epsilon_insensitive_grad([0, 0], [0.5, -0.5], epsilon=0.5).tolist() == [0, 0]
    assert huber_grad([0, 0], [2, -2], delta=2, reduction="none").tolist() == [-2, 2]
    assert rmse_grad([1.0, 2.0], [1.0, 2.0]).tolist() == [0, 0]


def test_no_gradient_shows_a_negative_zero():
    for name in ("mse", "mae", "huber", "smooth_l1", "log_cosh", "pinball", "epsilon_insensitive", "cauchy", "rmse"):
        assert not np.signbit(getattr(lossbook, f"{name}_grad")([1.0, 1.0], [1.0, 1.0])).any(), name


@pytest.mark.parametrize(
    ("loss", "gradient", "slope"),
    [
        (mse, mse_grad, -math.inf),
        (mae, mae_grad, -1),
        (huber, huber_grad, -1),
        (smooth_l1, smooth_l1_grad, -1),
        (log_cosh, log_cosh_grad, -1),
        (pinball, pinball_grad, -0.5),
        (epsilon_insensitive, epsilon_insensitive_grad, -1),
        (cauchy, cauchy_grad, 0),
    ],
)
def test_an_infinite_residual_costs_infinity_and_pulls_as_the_tail_does(loss, gradient, slope):
    assert loss(0.0, math.inf) == loss(math.inf, 0.0) == math.inf
    assert gradient(0.0, math.inf) == slope
    assert gradient(math.inf, 0.0) == -slope
    assert math.isnan(loss(math.inf, math.inf)) and math.isnan(gradient(math.inf, math.inf))  # ∞ − ∞ is no residual


def test_rmse_with_infinity_and_nan():
    assert rmse([0.0, 0.0], [math.inf, 1.0]) == math.inf
    assert math.isnan(rmse([0.0, 0.0], [math.nan, math.inf]))
    assert np.isnan(rmse_grad([0.0, 0.0], [math.nan, 1.0])).all()


# ── What each refuses beyond what every loss refuses ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("reduction", ["none", "sum", "max", None])
@pytest.mark.parametrize("function", [rmse, rmse_grad])
def test_rmse_has_no_loss_per_example(function, reduction):
    with pytest.raises(
        ValueError, match=rf"reduction must be 'mean' \(the root .* no loss per example\), got {reduction!r}"
    ):
        function([0.0], [1.0], reduction=reduction)


def test_rmse_refuses_an_empty_batch():
    with pytest.raises(ValueError, match="needs at least one example, got an empty batch"):
        rmse([], [])


def test_epsilon_zero_is_mae():
    assert epsilon_insensitive([0, 0], [1, -3], epsilon=0) == mae([0, 0], [1, -3])
    with pytest.raises(ValueError, match=r"epsilon must be a number in \[0, inf\), got -0\.1"):
        epsilon_insensitive([0], [1], epsilon=-0.1)
