"""Information: values known by hand, 50-digit references, the conventions at zero and infinity, refusals."""

import math

import mpmath
import numpy as np
import pytest
from precision import DIGITS, exact, ulps
from scipy import stats
from scipy.spatial import distance

from lossbook.losses import information_densities as information
from lossbook.losses.information import (
    cross_entropy,
    cross_entropy_grad,
    cross_entropy_grad_q,
    entropy,
    js_divergence,
    js_divergence_grad,
    js_divergence_grad_q,
    kl_divergence,
    kl_divergence_grad,
    kl_divergence_grad_q,
    surprisal,
)
from lossbook.losses.information_densities import kl_density, kl_normal

DIVERGENCES = [cross_entropy, kl_divergence, js_divergence]


@pytest.fixture(autouse=True)
def fifty_digits():
    with mpmath.workdps(DIGITS):
        yield


def distributions(count: int, outcomes: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(outcomes), count)


# ── Hand numbers ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_two_coins():
    p, q = [1 / 2, 1 / 2], [1 / 3, 2 / 3]
    assert kl_divergence(p, q) == pytest.approx(math.log(9 / 8) / 2, rel=1e-14, abs=0)
    assert kl_divergence(p, q, base=2) == pytest.approx(math.log2(9 / 8) / 2, rel=1e-14, abs=0)
    assert kl_divergence(q, p) == pytest.approx(math.log(2) / 3 * 5 - math.log(3), rel=1e-14, abs=0)
    assert cross_entropy(p, q, base=2) == pytest.approx(1 + math.log2(9 / 8) / 2, rel=1e-14, abs=0)


def test_bits_of_a_die_and_of_a_coin():
    assert entropy(np.full(8, 1 / 8), base=2) == 3
    assert entropy([0.5, 0.5]) == math.log(2)
    assert surprisal(1 / 8, base=2) == 3
    assert js_divergence([1, 0], [0, 1]) == pytest.approx(math.log(2), rel=1e-15, abs=0)


def test_scipy_agrees():
    p, q = distributions(50), distributions(50, seed=1)
    np.testing.assert_allclose(entropy(p), stats.entropy(p, axis=1), rtol=1e-13)
    np.testing.assert_allclose(kl_divergence(p, q), stats.entropy(p, q, axis=1), rtol=1e-12)
    np.testing.assert_allclose(js_divergence(p, q), distance.jensenshannon(p, q, axis=1) ** 2, rtol=1e-12)


def test_kl_is_cross_entropy_minus_entropy():
    p, q = distributions(50), distributions(50, seed=1)
    np.testing.assert_allclose(kl_divergence(p, q), cross_entropy(p, q) - entropy(p), rtol=1e-12)


def test_axis_and_reduction():
    p, q = distributions(4), distributions(4, seed=1)
    for divergence in DIVERGENCES:
        rows = divergence(p, q)
        assert rows.shape == (4,)
        np.testing.assert_array_equal(divergence(p.T, q.T, axis=0), rows)
        assert divergence(p, q, reduction="mean") == pytest.approx(rows.mean())
        assert divergence(p, q, reduction="sum") == pytest.approx(rows.sum())
        assert isinstance(divergence(p[0], q[0]), float)


# ── Accuracy ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def normalised(p: np.ndarray) -> list[mpmath.mpf]:
    total = mpmath.fsum(map(exact, p))
    return [exact(value) / total for value in p]


def exact_kl(p: list[mpmath.mpf], q: list[mpmath.mpf]) -> mpmath.mpf:
    return mpmath.fsum(a * mpmath.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


@pytest.mark.parametrize("gap", [1e-2, 1e-5, 1e-8, 1e-12])
def test_kl_and_js_of_nearly_equal_distributions(gap):
    rng = np.random.default_rng(5)
    for _ in range(20):
        p = (1 + rng.multinomial(2**20 - 4, rng.dirichlet(np.ones(4)))) / 2**20  # exact, and so are q and their sums
        step = 2.0 ** max(round(math.log2(gap * p.min())), -52)
        q = p + step * np.array([1, -1, 1, -1])
        a, b = normalised(p), normalised(q)
        middle = [(x + y) / 2 for x, y in zip(a, b, strict=True)]
        assert ulps(kl_divergence(p, q), exact_kl(a, b)) < 8
        assert ulps(js_divergence(p, q), (exact_kl(a, middle) + exact_kl(b, middle)) / 2) < 8


def test_values_of_random_distributions_to_a_few_ulp():
    p, q = distributions(100), distributions(100, seed=1) ** 8  # q spans many magnitudes
    q /= q.sum(axis=1, keepdims=True)
    pairs = [(normalised(a), normalised(b)) for a, b in zip(p, q, strict=True)]
    assert ulps(kl_divergence(p, q), [exact_kl(a, b) for a, b in pairs]) < 8
    assert ulps(entropy(p), [-mpmath.fsum(x * mpmath.log(x) for x in a) for a, _ in pairs]) < 8
    reference = [-mpmath.fsum(x * mpmath.log(y) for x, y in zip(a, b, strict=True)) for a, b in pairs]
    assert ulps(cross_entropy(p, q), reference) < 8


def test_kl_normal_to_a_few_ulp_also_where_it_is_tiny():
    rng = np.random.default_rng(3)
    scale = 10 ** rng.uniform(-3, 3, 200)
    other = scale * (1 + 10 ** rng.uniform(-12, 1, 200))
    for first, second in ((scale, other), (other, scale)):
        shift = rng.normal(0, 1, 200) * np.abs(first - second)
        reference = [
            mpmath.log(exact(t) / exact(s)) + (exact(s) ** 2 + exact(m) ** 2) / (2 * exact(t) ** 2) - mpmath.mpf(1) / 2
            for m, s, t in zip(shift, first, second, strict=True)
        ]
        assert ulps(kl_normal(shift, first, 0.0, second), reference) < 10


# ── Conventions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_zero_and_infinity():
    assert kl_divergence([1, 0], [1, 0]) == 0
    assert kl_divergence([1, 0], [0.5, 0.5]) == math.log(2)
    assert kl_divergence([0.5, 0.5], [1, 0]) == math.inf
    assert cross_entropy([1, 0], [0, 1]) == math.inf
    assert cross_entropy([1, 0], [1, 0]) == 0
    assert math.copysign(1, cross_entropy([1, 0], [1, 0])) == 1, "no minus zero"
    assert entropy([1, 0, 0]) == 0
    assert js_divergence([1, 0], [1, 0]) == 0
    assert surprisal(0.0) == math.inf


def test_gradients_at_zero():
    p, q = [0.5, 0.5, 0.0, 0.0], [0.5, 0.0, 0.5, 0.0]
    assert cross_entropy_grad_q(p, q).tolist() == [-1, -math.inf, 0, 0]
    assert kl_divergence_grad_q(p, q).tolist() == [-1, -math.inf, 0, 0]
    assert kl_divergence_grad(p, q).tolist() == [1, math.inf, -math.inf, math.inf]
    assert cross_entropy_grad(p, q)[1] == math.inf
    half = math.log(2) / 2
    np.testing.assert_allclose(js_divergence_grad(p, q), [0, half, -math.inf, half])
    np.testing.assert_allclose(js_divergence_grad_q(p, q), [0, -math.inf, half, half])


def test_extreme_magnitudes_stay_silent_and_right():
    tiny = 5e-324
    assert kl_divergence([1.0, tiny], [tiny, 1.0]) == pytest.approx(-math.log(tiny), rel=1e-15, abs=0)
    assert kl_divergence([1.0, tiny], [1.0, tiny]) == 0
    assert kl_normal(0, 1e-150, 0, 1e150) == pytest.approx(math.log(1e300) - 0.5, rel=1e-15, abs=0)
    assert kl_normal(0, 1e300, 0, 1e-300) == math.inf


@pytest.mark.parametrize("divergence", [*DIVERGENCES, kl_divergence_grad, kl_divergence_grad_q, js_divergence_grad])
def test_nan_passes_through(divergence):
    assert np.isnan(divergence([math.nan, 1.0], [0.5, 0.5])).any()


@pytest.mark.parametrize("divergence", DIVERGENCES)
@pytest.mark.parametrize(
    ("p", "q", "keywords", "message"),
    [
        ([0.5, 0.6], [0.5, 0.5], {}, r"p must sum to 1 .*1\.1"),
        ([0.5, 0.5], [1.5, -0.5], {}, r"q must not be negative, got -0\.5"),
        ([0.5, 0.5], [[0.5, 0.5]], {}, r"p and q must have the same shape"),
        ([0.5, 0.5], [0.5, 0.5], {"base": 1}, "base must be"),
        ([0.5, 0.5], [0.5, 0.5], {"base": -2.0}, "base must be"),
        ([0.5, 0.5], [0.5, 0.5], {"axis": 1}, "axis"),
        ([0.5, 0.5], [0.5, 0.5], {"reduction": "avg"}, "reduction must be"),
        (np.zeros((0, 2)), np.zeros((0, 2)), {"reduction": "mean"}, "empty batch"),
        (1.0, 1.0, {}, "axis"),
    ],
)
def test_refusals(divergence, p, q, keywords, message):
    with pytest.raises(ValueError, match=message):
        divergence(p, q, **keywords)


@pytest.mark.parametrize("axis", [0.0, "0", None, (0,), True])
def test_an_axis_is_an_integer(axis):
    for function in (entropy, lambda p, axis: kl_divergence(p, p, axis=axis)):
        with pytest.raises(ValueError, match="axis must be an integer, got"):
            function([0.5, 0.5], axis=axis)


def test_gradients_of_random_distributions_to_a_few_ulp():
    rng = np.random.default_rng(7)
    p, q = (10.0 ** rng.uniform(-12, 0, (2, 50, 6))) / 6
    p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
    pairs = [(exact(u), exact(v)) for u, v in zip(p.flat, q.flat, strict=True)]
    assert ulps(js_divergence_grad(p, q), [mpmath.log(2 * u / (u + v)) / 2 for u, v in pairs]) < 4
    assert ulps(js_divergence_grad_q(p, q), [mpmath.log(2 * v / (u + v)) / 2 for u, v in pairs]) < 4


@pytest.mark.parametrize(("s", "t"), [(1e100, 1e-60), (3e96, 2e-83), (1e-100, 1e-30), (1e-300, 1e300), (1e-310, 1e3)])
def test_kl_normal_where_a_product_or_a_quotient_leaves_the_range(s, t):
    p, q = exact(s), exact(t)
    assert ulps(information.kl_normal_grad_scale_p(0.0, s, 0.0, t), p / q**2 - 1 / p) < 8
    assert ulps(information.kl_normal_grad_scale_q(0.0, s, 0.0, t), 1 / q - p**2 / q**3) < 8
    assert ulps(kl_normal(0.0, s, 0.0, t), mpmath.log(q / p) + p**2 / q**2 / 2 - mpmath.mpf(1) / 2) < 8


def test_infinite_slopes_of_kl_normal_come_without_a_warning():
    assert information.kl_normal_grad(1e308, 1.0, -1e308, 1.0) == math.inf
    assert information.kl_normal_grad_mean_q(1.0, 1.0, 0.0, 1e-200) == -math.inf
    assert information.kl_normal_grad_scale_p(0.0, 1e-320, 0.0, 1.0) == -math.inf


def test_surprisal_and_entropy_refuse():
    with pytest.raises(ValueError, match=r"p must lie in \[0, 1\], got 1\.5"):
        surprisal([0.5, 1.5])
    with pytest.raises(ValueError, match="p must sum to 1"):
        entropy([0.5, 0.4])


def test_kl_normal_shapes():
    assert kl_normal([0.0, 1.0], 1.0, 0.0, 1.0).tolist() == [0.0, 0.5]
    assert kl_normal([0.0, 1.0], 1.0, 0.0, 1.0, reduction="sum") == 0.5
    assert information.kl_normal_grad([0.0, 1.0], 1.0, 0.0, 1.0, reduction="mean").tolist() == [0.0, 0.5]
    assert information.kl_normal_grad_scale_q([0.0, 1.0], 1.0, 0.0, 1.0, reduction="sum") == -1
    with pytest.raises(ValueError, match="mean_p and scale_q must have the same shape"):
        kl_normal([0.0, 1.0], 1.0, 0.0, [[1.0], [1.0]])
    with pytest.raises(ValueError, match="scale_q must be greater than 0, got 0"):
        kl_normal(0.0, 1.0, 0.0, 0.0)


# ── Quadrature ───────────────────────────────────────────────────────────────────────────────────────────────────────


def log_normal(mean: float, scale: float):
    return lambda x: -0.5 * ((x - mean) / scale) ** 2 - math.log(scale * math.sqrt(2 * math.pi))


def test_kl_density_agrees_with_the_closed_form():
    for mean, scale in ((0.0, 1.0), (1e-4, 1.0), (1.0, 2.0), (-2.0, 0.3)):
        closed = kl_normal(0.0, 1.0, mean, scale)
        found = kl_density(log_normal(0.0, 1.0), log_normal(mean, scale), -math.inf, math.inf, log=True)
        assert found == pytest.approx(closed, rel=1e-8, abs=1e-12)


def test_kl_density_of_uniforms():
    def narrow(x):
        return 1.0 * (0 < x < 1)

    def wide(x):
        return 0.5 * (0 < x < 2)

    assert kl_density(narrow, wide, -1, 3, points=[0, 1, 2]) == pytest.approx(math.log(2), rel=1e-12, abs=0)
    assert kl_density(wide, narrow, -1, 3) == math.inf


def test_kl_density_does_not_mind_an_isolated_zero_of_q():
    assert kl_density(lambda x: 0.5, lambda x: 1.5 * x * x, -1, 1) == pytest.approx(2 - math.log(3), rel=1e-9)


def test_kl_density_does_not_mind_a_tail_that_underflows():
    p, q = stats.norm(0, 1).pdf, stats.norm(0.5, 0.3).pdf
    assert kl_density(p, q, -12, 12) == pytest.approx(kl_normal(0, 1, 0.5, 0.3), rel=1e-8, abs=0)


@pytest.mark.parametrize(
    ("p", "q", "low", "high", "message"),
    [
        (lambda x: 1.0, lambda x: 2.0, 0, 1, "q must integrate to 1 between 0 and 1, got 2"),
        (lambda x: 0.5, lambda x: 1.0, 0, 1, r"p must integrate to 1 between 0 and 1, got 0\.5"),
        (lambda x: -1.0, lambda x: 1.0, 0, 1, r"p must be a density, got -1\.0"),
        (lambda x: 1.0, lambda x: 1.0, 1, 0, "low must be below high"),
        (lambda x: 1.0, lambda x: 1.0, math.nan, 1, "low must be a number"),
        (3.0, lambda x: 1.0, 0, 1, r"p must be a function of one number, got 3\.0"),
        (lambda x: 1.0, lambda x: math.nan, 0, 1, "q must be a density, got nan at"),
        (lambda x: "a", lambda x: 1.0, 0, 1, "p must return one real number, got 'a' at"),
        (lambda x: np.ones(1), lambda x: 1.0, 0, 1, r"p must return one real number, got \[1\.0\] at"),
    ],
)
def test_kl_density_refuses(p, q, low, high, message):
    with pytest.raises(ValueError, match=message):
        kl_density(p, q, low, high)


def test_a_density_may_miss_a_millionth_of_its_mass():
    assert 0 <= kl_density(lambda x: 1 + 0.9e-6, lambda x: 1.0, 0, 1) < 1e-6
    with pytest.raises(ValueError, match="p must integrate to 1"):
        kl_density(lambda x: 1 + 1.2e-6, lambda x: 1.0, 0, 1)


def test_kl_density_refuses_bad_points_and_no_log_density():
    for points in ("ab", 0.5, [[0.5]]):
        with pytest.raises(ValueError, match="points must"):
            kl_density(lambda x: 1.0, lambda x: 1.0, 0, 1, points=points)
    with pytest.raises(ValueError, match="p must integrate to 1 between 0 and 1, got inf"):
        kl_density(lambda x: 1000.0, lambda x: 0.0, 0, 1, log=True)


def test_kl_density_says_when_the_integral_diverges():
    with pytest.raises(ValueError, match="diverges"):
        kl_density(lambda x: -math.log(math.pi * (1 + x * x)), log_normal(0, 1), -math.inf, math.inf, log=True)


# ── What a single changed character would spoil ──────────────────────────────────────────────────────────────────────


def test_entropy_along_another_axis():
    p = np.array([[0.5, 0.1], [0.5, 0.9]])
    np.testing.assert_array_equal(entropy(p, axis=0), entropy(p.T))
    assert entropy(p, axis=0, base=2)[0] == 1


def test_a_probability_a_little_above_one_is_refused():
    assert surprisal(1.0) == 0
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\], got 1\.0000005"):
        surprisal(1 + 5e-7)


def test_kl_density_wants_a_mass_of_one_within_a_millionth():
    assert kl_density(lambda x: 1 + 5e-7, lambda x: 1.0, 0, 1) < 1e-6
    for wrong in (lambda x: 1 + 5e-6, lambda x: 1 - 5e-6):
        with pytest.raises(ValueError, match="q must integrate to 1"):
            kl_density(lambda x: 1.0, wrong, 0, 1)


def test_kl_density_is_infinite_where_little_mass_has_no_belief():
    # p has 1e-4 of its mass where q has none
    p, q = (lambda x: 1.0), (lambda x: (x > 1e-4) / (1 - 1e-4))
    assert kl_density(p, q, 0, 1, points=[1e-4]) == math.inf


def test_kl_density_finds_a_narrow_density_by_its_points():
    narrow = log_normal(0.3, 1e-7)
    with pytest.raises(ValueError, match="p must integrate to 1"):
        kl_density(narrow, narrow, -50, 50, log=True)
    around = [0.3 + k * 1e-6 for k in (-2, -1, 0, 1, 2)]
    wide = log_normal(0.3, 2e-7)
    found = kl_density(narrow, wide, -50, 50, log=True, points=around)
    assert found == pytest.approx(kl_normal(0, 1, 0, 2), rel=1e-6, abs=0)


def test_slopes_of_kl_normal_where_the_scales_are_nearly_equal():
    s, t = 1.0, 1.0 + 1e-9
    p, q = exact(s), exact(t)
    assert ulps(information.kl_normal_grad_scale_p(0.0, s, 0.0, t), p / q**2 - 1 / p) < 8
    assert ulps(information.kl_normal_grad_scale_q(0.0, s, 0.0, t), 1 / q - p**2 / q**3) < 8
