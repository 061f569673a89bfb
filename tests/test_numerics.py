"""The careful arithmetic, against 50 digits."""

import mpmath
import numpy as np
import pytest
from precision import DIGITS, exact, ulps

from lossbook import numerics


@pytest.fixture(autouse=True)
def fifty_digits():
    with mpmath.workdps(DIGITS):
        yield


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_x_minus_log1p_keeps_its_digits_near_zero_and_far_out():
    sizes = 10 ** random().uniform(-17, 8, 300)
    x = np.concatenate([sizes, -np.minimum(sizes, 0.999), [0.0, 0.5, -0.5]])
    assert ulps(numerics.x_minus_log1p(x), [exact(v) - mpmath.log1p(exact(v)) for v in x]) < 4


def test_x_minus_log1p_takes_the_logarithm_where_x_has_lost_it():
    ratio = np.array([1e-200])
    assert ulps(numerics.x_minus_log1p(ratio - 1, np.log(ratio)), [-1 - mpmath.log(exact(1e-200))]) < 2


def test_exp_difference_is_not_magnified_by_the_rounding_of_the_difference():
    a, b = random(1).normal(0, 200, (2, 300))
    assert ulps(numerics.exp_difference(a, b), [mpmath.exp(exact(x) - exact(y)) for x, y in zip(a, b, strict=True)]) < 3
    cold = [mpmath.exp((exact(x) - exact(y)) / exact(0.7)) for x, y in zip(a, b, strict=True)]
    assert ulps(numerics.exp_difference(a, b, 0.7), cold) < 3
    assert numerics.exp_difference(np.array(-np.inf), np.array(3.0)) == 0


def test_weighted_gap_is_exact_where_the_products_agree():
    a, b = 10 ** random(2).uniform(-3, 8, (2, 300))
    y = a / (a + b)  # the worst case: a(1 − y) and by are equal up to rounding
    reference = [exact(p) * (1 - exact(t)) - exact(q) * exact(t) for p, q, t in zip(a, b, y, strict=True)]
    errors = [abs(exact(got) - want) for got, want in zip(numerics.weighted_gap(a, b, y), reference, strict=True)]
    assert max(error / exact(p + q) for error, p, q in zip(errors, a, b, strict=True)) < 1e-31


def test_stirling_error_and_digamma_minus_log():
    x = 10 ** random(3).uniform(np.log10(8), 12, 300)
    want = [mpmath.loggamma(v) - ((v - 0.5) * mpmath.log(v) - v + mpmath.log(2 * mpmath.pi) / 2) for v in map(exact, x)]
    assert ulps(numerics.stirling_error(x), want) < 6
    assert ulps(numerics.digamma_minus_log(x), [mpmath.digamma(v) - mpmath.log(v) for v in map(exact, x)]) < 4
    small = 10 ** random(4).uniform(-8, np.log10(8), 300)  # here they are sums of ordinary size: absolute accuracy
    want = [
        mpmath.loggamma(v) - ((v - 0.5) * mpmath.log(v) - v + mpmath.log(2 * mpmath.pi) / 2) for v in map(exact, small)
    ]
    np.testing.assert_allclose(numerics.stirling_error(small), [float(w) for w in want], rtol=1e-15, atol=4e-15)


def test_without_maximum_marks_one_place_even_in_a_tie():
    top, mask = numerics.without_maximum(np.array([[1.0, 3.0, 3.0], [2.0, 0.0, 1.0]]))
    assert top.tolist() == [[3.0], [2.0]]
    assert mask.tolist() == [[False, True, False], [True, False, False]]


def test_bessel_gap_keeps_its_digits_on_both_sides_of_its_switch():
    kappa = np.concatenate([[29.9, 30.0, 30.1], 10 ** random(5).uniform(np.log10(30), 6, 200)])
    want = [1 - mpmath.besseli(1, exact(k)) / mpmath.besseli(0, exact(k)) for k in kappa]
    assert ulps(numerics.bessel_gap(kappa[1:]), want[1:]) < 4
    small = 10 ** random(6).uniform(-3, np.log10(30), 100)
    want = [1 - mpmath.besseli(1, exact(k)) / mpmath.besseli(0, exact(k)) for k in small]
    assert ulps(numerics.bessel_gap(small), want) < 8


def test_scaled_i0_bessel_ratio_and_digamma_in_their_whole_range():
    kappa = np.concatenate([[29.99, 30.0], 10 ** random(10).uniform(-6, 8, 200)])
    with mpmath.workdps(DIGITS):
        i0 = [mpmath.besseli(0, exact(k)) * mpmath.exp(-exact(k)) for k in kappa]
        i1 = [mpmath.besseli(1, exact(k)) * mpmath.exp(-exact(k)) for k in kappa]
    assert ulps(numerics.scaled_i0(kappa), i0) < 4
    assert ulps(numerics.bessel_ratio(kappa), [one / zero for one, zero in zip(i1, i0, strict=True)]) < 4
    np.testing.assert_array_equal(numerics.bessel_ratio(np.array([0.0, 1e300])), [0, 1])
    x = 10 ** random(11).uniform(-8, 12, 300)
    digammas = [mpmath.digamma(exact(v)) for v in x]
    errors = [
        abs(exact(got) - want) / max(1, abs(want)) for got, want in zip(numerics.digamma(x), digammas, strict=True)
    ]
    assert max(errors) < mpmath.mpf("2e-15")


def test_xlogy_where_nothing_can_happen():
    got = numerics.xlogy(np.array([0.0, 0.0, 0.0, 2.0, 1.0]), np.array([0.0, np.inf, np.nan, np.e, 0.0]))
    np.testing.assert_allclose(got, [0, 0, np.nan, 2, -np.inf], rtol=1e-15)


def test_log_ratio_and_its_range():
    a, b = 10 ** random(7).uniform(-300, 300, (2, 200))
    near = a * (1 + 10 ** random(8).uniform(-15, 0, 200))
    for x, y in ((a, b), (near, a)):
        gaps = zip(numerics.log_ratio(x, y), (mpmath.log(exact(p) / exact(q)) for p, q in zip(x, y, strict=True)))  # noqa: B905
        assert all(abs(exact(got) - want) <= max(1, abs(want)) * mpmath.mpf("4e-16") for got, want in gaps)
    extreme = numerics.log_ratio(np.array([1e-200, 1e200, 0.0, 1.0]), np.array([1e200, 1e-200, 1.0, 0.0]))
    np.testing.assert_allclose(extreme, [-400 * np.log(10), 400 * np.log(10), -np.inf, np.inf], rtol=1e-15)


def test_log1p_square_and_damped_near_and_far():
    e = 10 ** random(9).uniform(-12, 12, 200)
    for scale in (0.3, 1.0, 7.0):
        squares = [(exact(v) / exact(scale)) ** 2 for v in e]
        assert ulps(numerics.log1p_square(e, scale), [mpmath.log1p(s) for s in squares]) < 4
        assert ulps(numerics.damped(e, scale), [exact(v) / (1 + s) for v, s in zip(e, squares, strict=True)]) < 4
    assert numerics.log1p_square(np.array([-1e300]), 1.0) == numerics.log1p_square(np.array([1e300]), 1.0)
    np.testing.assert_allclose(numerics.log1p_square(np.array([1e300]), 1.0), 600 * np.log(10), rtol=1e-15)
    np.testing.assert_allclose(numerics.damped(np.array([1e300, -1e300]), 1e10), [1e-280, -1e-280], rtol=1e-15)
    np.testing.assert_allclose(numerics.log1p_square(np.array([1e-300]), 1e-310), 20 * np.log(10), rtol=1e-14)
