"""Likelihood losses: hand figures, SciPy, 50 digits, fixed and predicted scale against autograd, normalisation."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import torch
from precision import DIGITS, exact, ulps
from scipy import integrate, stats

from lossbook.losses import likelihood_real as likelihood
from lossbook.losses.likelihood_real import (
    laplace_nll,
    laplace_nll_grad,
    laplace_nll_grad_scale,
    normal_nll,
    normal_nll_grad,
    normal_nll_grad_scale,
    student_t_nll,
    student_t_nll_grad,
    student_t_nll_grad_scale,
)

mp = mpmath.mp
NAMES = ["normal_nll", "laplace_nll", "student_t_nll"]


def functions(name):
    return [getattr(likelihood, name + suffix) for suffix in ("", "_grad", "_grad_scale")]


# ── By hand ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_normal_by_hand():
    # ŷ = 1, y = 5, σ = 2: e = 4, z = 2
    assert normal_nll(1, 5, scale=2) == pytest.approx(0.9189385332046727 + math.log(2) + 2, rel=1e-15, abs=0)
    assert normal_nll_grad(1, 5, scale=2) == -1
    assert normal_nll_grad_scale(1, 5, scale=2) == 0.5 - 16 / 8


def test_laplace_by_hand():
    assert laplace_nll(1, 5, scale=2) == pytest.approx(math.log(4) + 2, rel=1e-15, abs=0)
    assert laplace_nll_grad(1, 5, scale=2) == -0.5
    assert laplace_nll_grad_scale(1, 5, scale=2) == 0.5 - 4 / 4
    assert laplace_nll_grad(1, 1, scale=2) == 0  # the smallest subgradient at the kink


def test_student_t_by_hand():
    # ν = 1 is the Cauchy density 1 / (π (1 + z²)) / σ
    assert student_t_nll(0, 3, df=1) == pytest.approx(math.log(math.pi * 10), rel=1e-15, abs=0)
    assert student_t_nll_grad(0, 3, df=1) == pytest.approx(-2 * 3 / 10, rel=1e-15, abs=0)
    assert student_t_nll_grad_scale(0, 3, df=1) == pytest.approx((1 - 9) / (1 + 9), rel=1e-15, abs=0)


def test_a_negative_log_density_can_be_negative():
    assert normal_nll(0, 0, scale=0.01) < 0


def test_many_degrees_of_freedom_are_the_normal():
    assert student_t_nll(0, 2.0, df=1e9) == pytest.approx(normal_nll(0, 2.0), rel=1e-8, abs=0)


# ── SciPy and quadrature ─────────────────────────────────────────────────────────────────────────────────────────────

SCIPY = {
    "normal_nll": lambda prediction, scale: stats.norm(prediction, scale),
    "laplace_nll": lambda prediction, scale: stats.laplace(prediction, scale),
    "student_t_nll": lambda prediction, scale: stats.t(4, prediction, scale),
}


@pytest.mark.parametrize("name", NAMES)
def test_every_constant_is_there(name, rng):
    prediction, target, scale = rng.normal(size=5), rng.normal(size=5), rng.uniform(0.3, 3, 5)
    value = functions(name)[0]
    expected = -SCIPY[name](prediction, scale).logpdf(target)
    np.testing.assert_allclose(value(prediction, target, scale=scale, reduction="none"), expected, rtol=1e-12)
    for location in (-np.inf, 0.3), (0.3, np.inf):
        half = integrate.quad(lambda y: math.exp(-value(0.3, y, scale=0.7)), *location)[0]
        assert half == pytest.approx(0.5, abs=1e-8)


# ── To the last digits ───────────────────────────────────────────────────────────────────────────────────────────────


def student_t_exact(e, s, nu):
    constant = mp.loggamma(nu / 2) - mp.loggamma((nu + 1) / 2) + mp.log(nu * mp.pi) / 2 + mp.log(s)
    return constant + (nu + 1) / 2 * mp.log1p((e / s) ** 2 / nu)


EXACT = {
    "normal_nll": (
        lambda e, s: mp.log(2 * mp.pi) / 2 + mp.log(s) + (e / s) ** 2 / 2,
        lambda e, s: -e / s**2,
        lambda e, s: (s**2 - e**2) / s**3,
    ),
    "laplace_nll": (
        lambda e, s: mp.log(2 * s) + abs(e) / s,
        lambda e, s: -mp.sign(e) / s,
        lambda e, s: (s - abs(e)) / s**2,
    ),
}


def student_t_formulas(df):
    nu = exact(df)
    return (
        lambda e, s: student_t_exact(e, s, nu),
        lambda e, s: -(nu + 1) * e / (nu * s**2 + e**2),
        lambda e, s: nu * (s**2 - e**2) / (s * (nu * s**2 + e**2)),
    )


@pytest.mark.parametrize("scale", [1.0, 0.03, 7.5])
@pytest.mark.parametrize("size", [1e-200, 1e-8, 0.3, 1.0, 1.0000000001, 2.7, 1e3, 1e8, 1e150, 1e200])
@pytest.mark.parametrize(
    ("name", "keywords"),
    [("normal_nll", {}), ("laplace_nll", {}), *[("student_t_nll", {"df": df}) for df in (0.5, 4.0, 30.0, 1e6)]],
)
def test_a_few_ulp_from_50_digits(name, keywords, size, scale):
    formulas = student_t_formulas(**keywords) if keywords else EXACT[name]
    with mpmath.workdps(DIGITS):
        value, gradient, gradient_scale = functions(name)
        for function, formula in zip((gradient, gradient_scale), formulas[1:], strict=True):
            assert ulps(function(0.0, size, scale=scale, **keywords), formula(exact(size), exact(scale))) <= 8, function
        got, reference = value(0.0, size, scale=scale, **keywords), formulas[0](exact(size), exact(scale))
        # the terms may cancel, so the digits are counted from the largest of them, here at least 4
        assert float(reference) == got or abs(got - reference) <= 2e-15 * max(4, abs(reference))


# ── Fixed and predicted scale ────────────────────────────────────────────────────────────────────────────────────────

TORCH = {
    "normal_nll": torch.distributions.Normal,
    "laplace_nll": torch.distributions.Laplace,
    "student_t_nll": lambda loc, scale: torch.distributions.StudentT(4.0, loc, scale),
}


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("name", NAMES)
def test_a_fixed_scale_has_one_slope_a_float_as_autograd_gives(name, reduction, rng):
    prediction, target = rng.normal(size=5), rng.normal(size=5)
    scale = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    losses = -TORCH[name](torch.tensor(prediction), scale).log_prob(torch.tensor(target))
    (losses.mean() if reduction == "mean" else losses.sum()).backward()
    slope = functions(name)[2](prediction, target, scale=0.7, reduction=reduction)
    assert isinstance(slope, float)
    assert slope == pytest.approx(scale.grad.item(), rel=1e-12, abs=0)


@pytest.mark.parametrize("name", NAMES)
def test_a_predicted_scale_has_a_slope_per_example(name):
    slopes = functions(name)[2]([0.0, 0.0], [1.0, 2.0], scale=[1.0, 1.0], reduction="none")
    assert slopes.shape == (2,)
    assert slopes.sum() == functions(name)[2]([0.0, 0.0], [1.0, 2.0], scale=1.0, reduction="sum")


@pytest.mark.parametrize("name", NAMES)
def test_a_scale_of_another_shape_is_refused(name):
    for function in functions(name):
        with pytest.raises(
            ValueError, match=r"scale must be a number or .* shape of prediction, \(2,\), got shape \(2, 1\)"
        ):
            function([0.0, 0.0], [1.0, 2.0], scale=[[1.0], [1.0]])
        with pytest.raises(ValueError, match=r"scale must be greater than 0, got -1\.5"):
            function([0.0, 0.0], [1.0, 2.0], scale=[1.0, -1.5])


# ── The edges ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_infinite_residuals():
    assert normal_nll(0, math.inf) == laplace_nll(0, math.inf) == student_t_nll(0, math.inf) == math.inf
    assert normal_nll_grad(0, math.inf) == -math.inf
    assert laplace_nll_grad(0, math.inf) == -1
    assert student_t_nll_grad(0, math.inf) == student_t_nll_grad(0, 1, scale=1e308) == 0


@pytest.mark.parametrize("df", [0.5, 4.0, 1e6])
@pytest.mark.parametrize(
    ("e", "scale"), [(1e200, 1e-120), (-1e150, 1e-90), (1.0, 1e-200), (1e-200, 1e-250), (1e9, 1e9)]
)
def test_student_t_slopes_where_squares_and_quotients_leave_the_range(df, e, scale):
    v, x, s = exact(df), exact(e), exact(scale)
    assert ulps(student_t_nll_grad(0.0, e, df=df, scale=scale), -(v + 1) * x / (v * s**2 + x**2)) < 8
    reference = v * (s**2 - x**2) / (s * (v * s**2 + x**2))
    assert ulps(student_t_nll_grad_scale(0.0, e, df=df, scale=scale), reference) < 8


def test_the_slope_of_a_student_t_scale_stays_finite_at_infinity():
    assert student_t_nll_grad_scale(0, math.inf, df=4, scale=2) == pytest.approx(-2, rel=1e-15, abs=0)  # −ν/σ


def test_a_nan_scale_passes_through():
    for name in NAMES:
        for function in functions(name):
            result = function([0.0, 0.0], [1.0, 2.0], scale=[1.0, math.nan], reduction="none")
            assert np.isnan(result).tolist() == [False, True]
            assert np.isnan(function([0.0], [1.0], scale=math.nan)).all()


def test_collapse_of_a_predicted_scale_is_unbounded():
    losses = [normal_nll(1.0, 1.0, scale=s) for s in (1, 1e-3, 1e-100, 1e-300)]
    assert losses == sorted(losses, reverse=True) and losses[-1] < -680
