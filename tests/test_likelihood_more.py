"""The likelihood losses beyond location and scale: hand figures, SciPy, 50 digits, modes, refusals."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from precision import DIGITS, exact, ulps
from scipy import optimize, stats

from lossbook.losses.classification import binary_cross_entropy_with_logits, softmax_cross_entropy
from lossbook.losses.likelihood_bounded import (
    beta_mode,
    beta_nll,
    beta_nll_grad,
    beta_nll_grad_b,
    von_mises_nll,
    von_mises_nll_grad,
    von_mises_nll_grad_concentration,
)
from lossbook.losses.likelihood_discrete import (
    bernoulli_mode,
    bernoulli_nll,
    bernoulli_nll_grad,
    categorical_mode,
    categorical_nll,
    categorical_nll_grad,
    poisson_mode,
    poisson_nll,
    poisson_nll_grad,
)
from lossbook.losses.likelihood_real import (
    normal_mixture_nll,
    normal_mixture_nll_grad,
    normal_mixture_nll_grad_means,
    normal_mixture_nll_grad_scales,
    normal_nll,
    normal_nll_grad,
    normal_nll_grad_scale,
)


@pytest.fixture(autouse=True)
def fifty_digits():
    with mpmath.workdps(DIGITS):
        yield


def worst(results: np.ndarray, references: list[mpmath.mpf]) -> float:
    """The largest error in units of 2.2e-16 max(1, |reference|): a log-density crosses 0, where ulps mean nothing."""
    errors = [
        abs(exact(got) - want) / max(1, abs(want)) for got, want in zip(np.ravel(results), references, strict=True)
    ]
    return float(max(errors)) / np.finfo(float).eps


# ── Bernoulli and categorical ────────────────────────────────────────────────────────────────────────────────────────


def test_bernoulli_and_categorical_are_cross_entropy(rng):
    s, y = rng.normal(0, 3, 20), rng.integers(0, 2, 20)
    assert bernoulli_nll(s, y) == binary_cross_entropy_with_logits(s, y)
    p = 1 / (1 + np.exp(-s))
    np.testing.assert_allclose(bernoulli_nll(s, y, reduction="none"), -stats.bernoulli(p).logpmf(y), rtol=1e-12)
    np.testing.assert_allclose(bernoulli_nll_grad(s, y, reduction="none"), p - y, rtol=1e-12)
    scores, labels = rng.normal(0, 3, (20, 4)), rng.integers(0, 4, 20)
    assert categorical_nll(scores, labels) == softmax_cross_entropy(scores, labels)
    assert categorical_nll_grad(scores, labels).shape == (20, 4)


# ── Beta ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_beta_by_hand():
    assert beta_nll(2, 5, 0.7) == pytest.approx(-math.log(30 * 0.7 * 0.3**4), rel=1e-15, abs=0)
    assert beta_nll(1, 1, 0.3) == pytest.approx(0, abs=1e-15)
    # ψ(2) − ψ(7) = −(1/2 + 1/3 + 1/4 + 1/5 + 1/6)
    assert beta_nll_grad([2.0], [5.0], [0.7])[0] == pytest.approx(-29 / 20 - math.log(0.7), rel=1e-14, abs=0)
    assert beta_nll_grad_b([2.0], [5.0], [0.7])[0] == pytest.approx(-(1 / 5 + 1 / 6) - math.log(0.3), rel=1e-14, abs=0)


@pytest.mark.parametrize(("low", "high"), [(6, 6), (2, 7), (0, 2), (-6, 2)])
def test_beta_to_a_few_ulp(low, high):
    rng = np.random.default_rng(8)
    a, b = 10 ** rng.uniform(low, high, (2, 150))
    y = np.clip(rng.beta(a, b), 1e-30, 1 - 1e-15)
    triples = [tuple(map(exact, triple)) for triple in zip(a, b, y, strict=True)]
    values = [
        mpmath.log(mpmath.beta(p, q)) - (p - 1) * mpmath.log(t) - (q - 1) * mpmath.log(1 - t) for p, q, t in triples
    ]
    assert worst(beta_nll(a, b, y, reduction="none"), values) < 30
    for gradient, slope in (
        (beta_nll_grad, lambda p, q, t: mpmath.digamma(p) - mpmath.digamma(p + q) - mpmath.log(t)),
        (beta_nll_grad_b, lambda p, q, t: mpmath.digamma(q) - mpmath.digamma(p + q) - mpmath.log(1 - t)),
    ):
        assert worst(gradient(a, b, y, reduction="none"), [slope(*triple) for triple in triples]) < 10


def test_a_sharp_beta_keeps_its_digits():
    y = [0.4995, 0.5, 0.50035]
    k = exact(1e6)
    values = [mpmath.log(mpmath.beta(k, k)) - (k - 1) * mpmath.log(exact(t) * (1 - exact(t))) for t in y]
    assert ulps(beta_nll([1e6] * 3, [1e6] * 3, y, reduction="none"), values) < 8
    slopes = [mpmath.digamma(k) - mpmath.digamma(2 * k) - mpmath.log(exact(t)) for t in y]
    assert ulps(beta_nll_grad([1e6] * 3, [1e6] * 3, y, reduction="none"), slopes) < 8


def test_a_fixed_shape_gets_one_gradient():
    y = np.array([0.2, 0.7, 0.9])
    predicted = beta_nll_grad(np.full(3, 2.0), np.full(3, 5.0), y)
    assert beta_nll_grad(2.0, 5.0, y) == pytest.approx(predicted.sum())
    assert beta_nll_grad_b(2.0, [5.0] * 3, y) == pytest.approx(beta_nll_grad_b([2.0] * 3, [5.0] * 3, y))


def test_beta_mode():
    assert beta_mode([2.0], [5.0])[0] == pytest.approx(0.2)
    assert beta_mode([0.5, 1.0, 3.0, 3.0, 1.0, 0.5], [3.0, 3.0, 1.0, 0.5, 0.5, 1.0]).tolist() == [0, 0, 1, 1, 1, 0]
    assert np.isnan(beta_mode([1.0, 0.5], [1.0, 0.9])).all()
    best = optimize.minimize_scalar(lambda y: beta_nll(3.0, 4.5, y), bounds=(0.01, 0.99), options={"xatol": 1e-9})
    assert beta_mode(3.0, 4.5) == pytest.approx(best.x, abs=1e-6)


# ── Poisson ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_poisson_by_hand():
    assert poisson_nll([0.0], [3]) == pytest.approx(1 + math.log(6), rel=1e-15, abs=0)
    assert poisson_nll([math.log(2)], [0]) == pytest.approx(2, rel=1e-15, abs=0)
    assert poisson_nll_grad([math.log(2)], [5]).tolist() == pytest.approx([-3])
    assert poisson_nll([-math.inf, -math.inf], [0, 1], reduction="none").tolist() == [0, math.inf]
    assert poisson_nll([-800.0], [3]) == pytest.approx(2400 + math.log(6), rel=1e-15, abs=0)
    assert poisson_mode([math.log(7.5), -3.0]).tolist() == [7, 0]


@pytest.mark.parametrize("top", [3, 8, 14])
def test_poisson_to_a_few_ulp(top):
    rng = np.random.default_rng(9)
    s = rng.uniform(-3, top, 300)
    y = rng.poisson(np.exp(s))
    values = [mpmath.exp(t) - int(n) * t + mpmath.loggamma(int(n) + 1) for t, n in zip(map(exact, s), y, strict=True)]
    assert worst(poisson_nll(s, y, reduction="none"), values) < (10 if top < 10 else 100)  # exp(s) is half an ulp off
    np.testing.assert_allclose(poisson_nll(s, y, reduction="none"), -stats.poisson(np.exp(s)).logpmf(y), rtol=1e-6)


# ── von Mises ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kappa", [1e-8, 0.01, 1.0, 29.0, 31.0, 1e3, 1e6])
def test_von_mises_to_a_few_ulp(kappa):
    rng = np.random.default_rng(10)
    prediction = rng.uniform(-3, 3, 100)
    target = prediction + rng.normal(0, 1 / math.sqrt(kappa + 1), 100)
    k, turns = exact(kappa), [exact(t) - exact(p) for p, t in zip(prediction, target, strict=True)]
    values = [mpmath.log(2 * mpmath.pi * mpmath.besseli(0, k)) - k * mpmath.cos(e) for e in turns]
    assert worst(von_mises_nll(prediction, target, concentration=kappa, reduction="none"), values) < 8
    slopes = [-k * mpmath.sin(e) for e in turns]
    assert worst(von_mises_nll_grad(prediction, target, concentration=kappa, reduction="none"), slopes) < 8
    ratio = mpmath.besseli(1, k) / mpmath.besseli(0, k)
    found = von_mises_nll_grad_concentration(prediction, target, concentration=np.full(100, kappa), reduction="none")
    assert worst(found, [ratio - mpmath.cos(e) for e in turns]) < 8


def test_von_mises_is_the_normal_when_sharp_and_uniform_when_flat():
    assert von_mises_nll(0.0, 1e-3, concentration=1e6) == pytest.approx(normal_nll(0.0, 1e-3, scale=1e-3), abs=1e-6)
    assert von_mises_nll(0.0, 2.0, concentration=1e-9) == pytest.approx(math.log(2 * math.pi), abs=1e-8)
    assert von_mises_nll(0.3, 0.3 + 2 * math.pi) == pytest.approx(von_mises_nll(0.3, 0.3), rel=1e-15, abs=0)
    fixed = von_mises_nll_grad_concentration([0.0, 1.0], [0.5, 2.0], concentration=2.0, reduction="sum")
    assert fixed == pytest.approx(
        von_mises_nll_grad_concentration([0.0, 1.0], [0.5, 2.0], concentration=[2.0, 2.0]).sum() * 2
    )


# ── Mixture ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def mixture(rng, rows=100):
    return (
        rng.normal(0, 2, (rows, 3)),
        rng.normal(0, 3, (rows, 3)),
        rng.uniform(0.1, 3, (rows, 3)),
        rng.normal(0, 4, rows),
    )


def test_mixture_to_a_few_ulp(rng):
    arguments = mixture(rng)
    values = []
    for *rows, y in zip(*arguments, strict=True):
        s, mu, sigma = ([exact(v) for v in row] for row in rows)
        weights = [mpmath.exp(v) for v in s]
        parts = [w * mpmath.npdf(exact(y), m, sd) for w, m, sd in zip(weights, mu, sigma, strict=True)]
        values.append(-mpmath.log(mpmath.fsum(parts) / mpmath.fsum(weights)))
    assert worst(normal_mixture_nll(*arguments, reduction="none"), values) < 8


def test_one_component_is_the_normal(rng):
    _, mu, sigma, y = mixture(rng)
    mu, sigma, s = mu[:, :1], sigma[:, :1], np.zeros((100, 1))
    assert normal_mixture_nll(s, mu, sigma, y) == pytest.approx(
        normal_nll(mu[:, 0], y, scale=sigma[:, 0]), rel=1e-14, abs=0
    )
    np.testing.assert_allclose(
        normal_mixture_nll_grad_means(s, mu, sigma, y)[:, 0],
        normal_nll_grad(mu[:, 0], y, scale=sigma[:, 0]),
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        normal_mixture_nll_grad_scales(s, mu, sigma, y)[:, 0],
        normal_nll_grad_scale(mu[:, 0], y, scale=sigma[:, 0]),
        rtol=1e-10,
    )
    assert not normal_mixture_nll_grad(s, mu, sigma, y).any()


def test_a_component_without_weight_and_a_target_far_away():
    arguments = ([[0.0, -math.inf]], [[0.0, 5.0]], [[1.0, 1.0]], [1e3])
    assert normal_mixture_nll(*arguments) == pytest.approx(5e5 + math.log(2 * math.pi) / 2)
    assert normal_mixture_nll_grad(*arguments).tolist() == [[0, 0]]
    assert normal_mixture_nll_grad_means(*arguments)[0].tolist() == pytest.approx([-1e3, 0])
    assert normal_mixture_nll([[0.0, 0.0]], [[0.0, 0.0]], [[1.0, 1.0]], [1e200]) == math.inf


def test_mixture_slopes_far_from_every_component():
    # y = 1e200: the losses overflow, the slopes do not. σ = 2 is the nearer one in units of σ and takes the whole share
    arguments = ([[0.0, 0.0]], [[0.0, 0.0]], [[1.0, 2.0]], [1e200])
    assert normal_mixture_nll_grad(*arguments).tolist() == [[0.5, -0.5]]
    assert normal_mixture_nll_grad_means(*arguments)[0].tolist() == pytest.approx([0, -2.5e199])
    assert normal_mixture_nll_grad_scales(*arguments)[0].tolist() == [0, -math.inf]


def test_a_needle_elsewhere_does_not_spoil_the_mixture():
    # the second component, σ = 1e-200, has no share of a target at 0: (y − μ)²/σ³ overflows, its slope is 0
    arguments = ([[0.0, 0.0]], [[1.0, 5.0]], [[1.0, 1e-200]], [0.0])
    assert normal_mixture_nll(*arguments) == pytest.approx(math.log(2) + math.log(2 * math.pi) / 2 + 0.5)
    assert normal_mixture_nll_grad_means(*arguments).tolist() == [[1, 0]]
    assert normal_mixture_nll_grad_scales(*arguments).tolist() == [[0, 0]]


def test_mixture_with_means_at_the_ends_of_the_range():
    # −1e308 lies on the second mean; the distance to the first overflows
    loss = normal_mixture_nll([[0.0, 0.0]], [[1e308, -1e308]], [[1.0, 1.0]], [-1e308])
    assert loss == pytest.approx(math.log(2) + math.log(2 * math.pi) / 2)


def test_a_rate_beyond_the_range_costs_infinity():
    assert poisson_nll([1e308, 710.0, 1e308], [5, 5, 0], reduction="none").tolist() == [math.inf] * 3


def test_a_flat_von_mises_has_a_slope_with_digits():
    # κ → 0 a quarter turn away: I₁(κ)/I₀(κ) ≈ κ/2, and cos(π/2) is 6.1e-17 in floats
    kappa, e = 1e-10, math.pi / 2
    reference = mpmath.besseli(1, exact(kappa)) / mpmath.besseli(0, exact(kappa)) - mpmath.cos(exact(e))
    assert ulps(von_mises_nll_grad_concentration([0.0], [e], concentration=[kappa]), reference) < 8


def test_beta_mode_of_huge_shapes():
    assert beta_mode([1e308, 1e308], [1e308, 1.5e308]).tolist() == pytest.approx([0.5, 0.4])


# ── Modes and refusals ───────────────────────────────────────────────────────────────────────────────────────────────


def test_modes_of_labels():
    np.testing.assert_array_equal(bernoulli_mode([-1.0, 0.0, 2.0]), [0, math.nan, 1])
    assert categorical_mode([0.0, 3.0, 1.0]) == 1


def test_nan_passes_through():
    assert np.isnan(beta_nll([math.nan], [1.0], [0.5]))
    assert np.isnan(poisson_nll([math.nan], [1]))
    assert np.isnan(bernoulli_nll([0.0, 0.0], [math.nan, 1], reduction="none")).tolist() == [True, False]
    assert np.isnan(poisson_nll([0.0], [math.nan]))
    assert np.isnan(von_mises_nll([math.nan], [1.0]))
    assert np.isnan(normal_mixture_nll([[0.0]], [[math.nan]], [[1.0]], [0.0]))
    assert np.isnan(beta_mode(math.nan, 2.0))


@pytest.mark.parametrize(
    ("function", "arguments", "keywords", "message"),
    [
        (bernoulli_nll, ([0.0], [0.5]), {}, r"labels must be 0 or 1, got 0\.5"),
        (bernoulli_nll, ([math.inf], [1]), {}, r"logits must be less than \+inf"),
        (categorical_nll, ([[0.0, 1.0]], [[0, 1]]), {}, "labels must be class indices"),
        (categorical_mode, (3.0,), {}, r"logits must have at least one class along the last axis, got shape \(\)"),
        (categorical_mode, (np.zeros((2, 0)),), {}, r"logits must have at least one class .* got shape \(2, 0\)"),
        (categorical_nll, ([[0.0, 1.0]], [2]), {}, "labels must be integers from 0 to 1, got 2"),
        (beta_nll, ([0.0], [1.0], [0.5]), {}, "a must be greater than 0, got 0"),
        (beta_nll, ([1.0], [-1.0], [0.5]), {}, "b must be greater than 0, got -1"),
        (beta_nll, ([1.0], [1.0], [1.0]), {}, "target must lie strictly between 0 and 1, got 1"),
        (beta_nll, ([1.0, 2.0], [1.0], [0.5]), {}, "a must be a number or an array of the shape of target"),
        (beta_nll_grad, ([], [], []), {}, "empty batch"),
        (beta_mode, ([1.0, 2.0], [1.0]), {}, "same shape"),
        (poisson_nll, ([0.0], [1.5]), {}, r"target must be a count 0, 1, 2, …, got 1\.5"),
        (poisson_nll, ([0.0], [-1]), {}, "target must be a count 0, 1, 2, …, got -1"),
        (poisson_nll, ([0.0], [math.inf]), {}, "target must be a count"),
        (poisson_nll, ([math.inf], [1]), {}, r"log_rate must be less than \+inf"),
        (poisson_nll_grad, ([0.0, 1.0], [1]), {}, "same shape"),
        (von_mises_nll, ([0.0], [1.0]), {"concentration": 0}, "concentration must be greater than 0"),
        (von_mises_nll, ([0.0], [1.0]), {"concentration": [1.0, 1.0]}, "concentration must be a number or an array"),
        (normal_mixture_nll, ([[0.0]], [[0.0]], [[0.0]], [0.0]), {}, "scales must be greater than 0"),
        (normal_mixture_nll, ([[0.0]], [[0.0, 1.0]], [[1.0]], [0.0]), {}, "logits and means must have the same shape"),
        (normal_mixture_nll, ([[0.0]], [[0.0]], [[1.0]], [[0.0]]), {}, "target must have the shape of logits"),
        (normal_mixture_nll_grad_means, ([[0.0]], [[0.0]], [[1.0]], [0.0]), {"reduction": "avg"}, "reduction must be"),
    ],
)
def test_refusals(function, arguments, keywords, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments, **keywords)


@pytest.mark.parametrize("kappa", [0.9, 1.1, 5.0, 29.0, 31.0, 47.0, 90.0, 9e3, 1e12])
def test_the_slope_of_a_concentration_where_bessel_functions_nearly_agree(kappa):
    for e in (0.0, 1e-9, 0.3):
        ratio = mpmath.besseli(1, exact(kappa)) / mpmath.besseli(0, exact(kappa))
        got = von_mises_nll_grad_concentration([0.0], [e], concentration=[kappa])[0]
        # measured at the size of the two terms, 1 − I₁/I₀ and 1 − cos e
        size = (1 - ratio) + 2 * mpmath.sin(exact(e) / 2) ** 2
        limit = 2e-15 if kappa > 30 else 1e-14
        assert abs(exact(got) - (ratio - mpmath.cos(exact(e)))) < limit * size, (kappa, e)


@pytest.mark.parametrize("wrong", [0.0, 1.0, -0.1, 1.1])
def test_a_share_of_nothing_or_of_all_has_no_beta_density(wrong):
    for function in (beta_nll, beta_nll_grad, beta_nll_grad_b):
        with pytest.raises(ValueError, match=r"target must lie strictly between 0 and 1, got .* at index"):
            function([2.0, 2.0], [5.0, 5.0], [0.5, wrong])
