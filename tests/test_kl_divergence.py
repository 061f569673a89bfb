"""The KL chapter: its identities as numbers, and what its figures compute, against independent references."""

from __future__ import annotations

import itertools
import math
import re

import mpmath
import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from lossbook.analysis import codes, coins, divergences, two_humps
from lossbook.exercises import check
from lossbook.figures import kl_divergence as figures
from lossbook.losses.information import cross_entropy, entropy, js_divergence, kl_divergence
from lossbook.losses.information_densities import kl_density, kl_normal

PAIRS = np.random.default_rng(0).dirichlet(np.full(4, 0.7), size=(2, 200))


# ── Two coins ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_coins_exactly() -> None:
    with mpmath.workdps(50):
        nats = mpmath.log(mpmath.mpf(9) / 8) / 2
        bits = nats / mpmath.log(2)
    assert kl_divergence(coins.FAIR, coins.BENT) == pytest.approx(float(nats), rel=1e-14)
    assert kl_divergence(coins.FAIR, coins.BENT, base=2) == pytest.approx(float(bits), rel=1e-14)


def test_ten_flips_with_five_heads_have_the_limit_itself() -> None:
    ratio = stats.bernoulli(1 / 2).pmf([1, 0] * 5).prod() / stats.bernoulli(1 / 3).pmf([1, 0] * 5).prod()
    assert math.log(ratio ** (1 / 10)) == pytest.approx(kl_divergence(coins.FAIR, coins.BENT), rel=1e-12)
    assert coins.log_ratio_per_flip(np.array([0.5]), 1 / 3)[0] == pytest.approx(math.log(9 / 8) / 2, rel=1e-12)
    only_heads, only_tails = coins.log_ratio_per_flip(np.array([1.0, 0.0]), 1 / 3)
    assert (only_heads, only_tails) == pytest.approx((math.log(3 / 2), math.log(3 / 4)), rel=1e-12)


@pytest.mark.parametrize("heads_of_q", [1 / 6, 1 / 3, 2 / 3])
def test_trajectories_approach_the_divergence(heads_of_q: float) -> None:
    """Within four standard errors at every N of the figure, for every player."""
    limit = special.rel_entr(0.5, heads_of_q) + special.rel_entr(0.5, 1 - heads_of_q)
    spread = abs(math.log(heads_of_q / (1 - heads_of_q))) * 0.5
    ratios = coins.log_ratio_per_flip(coins.shares_of_heads(), heads_of_q)
    assert np.all(np.abs(ratios - limit) <= 4 * spread / np.sqrt(coins.FLIPS))


# ── Identities and inequalities ──────────────────────────────────────────────────────────────────────────────────────


def test_kl_is_cross_entropy_minus_entropy_and_never_negative() -> None:
    p, q = PAIRS
    expected = special.rel_entr(p, q).sum(axis=-1)
    assert np.all(expected > 0)
    np.testing.assert_allclose(kl_divergence(p, q), expected, rtol=1e-10)
    np.testing.assert_allclose(cross_entropy(p, q) - entropy(p), expected, rtol=1e-10)
    np.testing.assert_allclose(kl_divergence(p, np.full_like(p, 1 / 4)), math.log(4) - stats.entropy(p, axis=-1))


def test_the_tangent_touches_once() -> None:
    z = np.linspace(0.01, 5, 1000)
    gap = -np.log(z) - (1 - z)
    assert np.all(gap[np.abs(z - 1) > 1e-3] > 0)
    readout = figures.tangent().set(z=1.0).readout
    assert "touch" in readout and "−0.000" not in readout


def test_the_three_coins_break_the_triangle_inequality() -> None:
    coins = [stats.bernoulli(chance).pmf([0, 1]) for chance in (0.5, 0.25, 0.1)]
    direct, first, second = (stats.entropy(coins[i], coins[j]) for i, j in ((0, 2), (0, 1), (1, 2)))
    assert direct > first + second
    assert kl_divergence(coins[0], coins[2]) == pytest.approx(direct, rel=1e-12)


def test_only_the_root_of_jensen_shannon_obeys_the_triangle_inequality() -> None:
    x, y, z = np.random.default_rng(5).dirichlet([0.5, 0.5, 0.5], size=(3, 2000))
    js = {(i, j): js_divergence(a, b) for (i, a), (j, b) in itertools.combinations(enumerate((x, y, z)), 2)}
    assert np.any(js[0, 2] > js[0, 1] + js[1, 2])
    assert np.all(np.sqrt(js[0, 2]) <= np.sqrt(js[0, 1]) + np.sqrt(js[1, 2]) + 1e-12)


# ── Figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_the_solid_curve_of_two_coins_shows_no_bound_at_either_edge(p: float) -> None:
    """Beyond two nats at both ends of the picture, where the dashed curve has its limits, −log(1 − p) and −log p."""
    axis = figures.coin_divergences().set(p=p).figure.axes[0]
    solid, dashed = (
        next(np.asarray(line.get_ydata()) for line in axis.lines if line.get_linestyle() == look and line.get_lw() > 1)
        for look in ("-", "--")
    )
    assert min(solid[0], solid[-1]) > 2
    assert dashed[[0, -1]] == pytest.approx([-math.log(1 - p), -math.log(p)], abs=1e-9)


def test_cut_belief_is_a_distribution_with_the_floor_left_over() -> None:
    for kept, floor in itertools.product(range(1, 7), (0.0, 1e-9, 0.1)):
        belief = divergences.cut_belief(kept, floor)
        assert belief.sum() == pytest.approx(1)
        assert belief[kept:].sum() == pytest.approx(floor if kept < 6 else 0)
        assert math.isinf(kl_divergence(divergences.SIX, belief)) == (kept < 6 and floor == 0)
        assert math.isfinite(kl_divergence(belief, divergences.SIX))


@pytest.mark.parametrize("mean", [-3.0, 0.0, 1.0])
def test_binning_never_raises_the_divergence(mean: float) -> None:
    values = two_humps.binned_divergences(mean)
    whole = kl_density(two_humps.two_humps, stats.norm(mean, two_humps.BIN_SCALE).pdf, -14, 14, points=[-2, 3])
    assert values[0] == 0
    assert np.all(np.diff([*values, whole]) >= 0)


def shortest_average(p: list[float]) -> float:
    """The least average length of a prefix code, by trying all lengths that obey Kraft's inequality."""
    lengths = itertools.product(range(1, len(p)), repeat=len(p))
    return min(np.dot(p, choice) for choice in lengths if sum(2.0**-length for length in choice) <= 1)


@pytest.mark.parametrize("p", [[0.5, 0.25, 0.125, 0.125], [0.2, 0.4, 0.2, 0.2], [0.4, 0.3, 0.2, 0.05, 0.05]])
def test_huffman_is_a_shortest_prefix_code(p: list[float]) -> None:
    words = codes.huffman(p)
    assert not any(a != b and b.startswith(a) for a in words for b in words) and len(set(words)) == len(p)
    assert np.dot(p, [len(word) for word in words]) == pytest.approx(shortest_average(p))


def test_huffman_on_random_probabilities() -> None:
    for p in np.random.default_rng(6).dirichlet(np.full(5, 5.0), size=20).tolist():
        assert np.dot(p, [len(word) for word in codes.huffman(p)]) == pytest.approx(shortest_average(p))


@pytest.mark.parametrize("sun", [0.05, 0.2, 0.5, 0.95])
def test_the_price_of_a_wrong_code_is_entropy_plus_kl(sun: float) -> None:
    climate, believed = codes.CLIMATE, codes.believed_climate(sun)
    assert believed.sum() == pytest.approx(1)
    ideal = codes.codeword_lengths(sun, whole=False)
    assert climate @ ideal == pytest.approx(1.75 + stats.entropy(climate, believed, base=2))
    whole = codes.codeword_lengths(sun, whole=True)
    assert climate @ whole == pytest.approx(1.75 + stats.entropy(climate, 2.0**-whole, base=2))


def test_the_area_of_the_integrand_is_the_divergence() -> None:
    readout = figures.gaussian_integrand().set(mean=1.0, scale=0.5).readout
    plus, minus, total = (float(n.replace("−", "-")) for n in re.findall(r"(?:is|it|=) (−?\d\.\d{3})", readout))
    p, q = stats.norm(0, 1), stats.norm(1, 0.5)

    def integrand(x: float) -> float:
        return p.pdf(x) * (p.logpdf(x) - q.logpdf(x))

    assert total == pytest.approx(integrate.quad(integrand, -10, 10)[0], abs=6e-4)
    assert plus == pytest.approx(integrate.quad(lambda x: max(integrand(x), 0), -10, 10, limit=200)[0], abs=6e-4)
    assert plus + minus == pytest.approx(total, abs=2e-3)


# ── Forward and reverse ──────────────────────────────────────────────────────────────────────────────────────────────


def mixture(x: float) -> float:
    return 0.6 * stats.norm(-2, 0.5).pdf(x) + 0.4 * stats.norm(3, 0.5).pdf(x)


@pytest.mark.parametrize(("mean", "scale"), [(0.0, 2.5), (1.0, 1.5), (-2.0, 0.5), (3.0, 0.75)])
def test_both_divergences_of_the_two_humps_by_quadrature(mean: float, scale: float) -> None:
    q = stats.norm(mean, scale)
    places = sorted({-2.0, 3.0, mean})
    forward = integrate.quad(lambda x: mixture(x) * (np.log(mixture(x)) - q.logpdf(x)), -9, 9, points=places)[0]
    reverse = integrate.quad(
        lambda x: q.pdf(x) * (q.logpdf(x) - np.log(mixture(x))), mean - 8 * scale, mean + 8 * scale, limit=200
    )[0]
    assert two_humps.humps_from_normal(mean, scale) == pytest.approx(forward, abs=1e-6)
    assert two_humps.normal_from_humps(mean, scale) == pytest.approx(reverse, abs=1e-6)


def test_the_stars_are_the_optima() -> None:
    """Forward: the moments, 0 and 2.5. Reverse: the heavier hump, and a second dip on the lighter."""
    assert two_humps.humps_moments() == pytest.approx((0.0, 2.5), abs=1e-12)
    forward = optimize.minimize(lambda at: two_humps.humps_from_normal(*at), [1.0, 1.0], method="Nelder-Mead")
    assert forward.x == pytest.approx([0, 2.5], abs=1e-3)
    for start, found, least in (((-1.5, 0.8), (-2, 0.5), -math.log(0.6)), ((2.5, 0.8), (3, 0.5), -math.log(0.4))):
        reverse = optimize.minimize(lambda at: two_humps.normal_from_humps(*at), start, method="Nelder-Mead")
        assert reverse.x == pytest.approx(found, abs=2e-3)
        assert reverse.fun == pytest.approx(least, abs=1e-4)


def test_the_reverse_map_has_a_flat_shelf_between_the_humps() -> None:
    """There SciPy's quadrature finds hardly a slope, but six times the least divergence: a descent gets stuck."""

    def log_p(x: float) -> float:
        one, other = stats.norm.logpdf(x, -2, 0.5), stats.norm.logpdf(x, 3, 0.5)
        return float(np.logaddexp(math.log(0.6) + one, math.log(0.4) + other))

    def reverse(mean: float, scale: float) -> float:
        q, reach = stats.norm(mean, scale), 9 * scale
        return integrate.quad(lambda x: q.pdf(x) * (q.logpdf(x) - log_p(x)), mean - reach, mean + reach, limit=300)[0]

    stuck = optimize.minimize(lambda at: two_humps.normal_from_humps(*at), two_humps.humps_moments())
    mean, scale = stuck.x
    assert stuck.fun == pytest.approx(reverse(mean, scale), abs=1e-6)
    slopes = optimize.approx_fprime(stuck.x, lambda at: reverse(*at), 1e-4)
    assert np.all(np.abs(slopes) < 0.001) and stuck.fun > -6 * math.log(0.6)
    assert abs(mean) < 0.1 and 1.9 < scale < 2.2


def test_maximum_likelihood_finds_the_forward_optimum() -> None:
    generator = np.random.default_rng(8)
    hump = generator.random(40_000) < 0.6
    sample = np.where(hump, generator.normal(-2, 0.5, hump.size), generator.normal(3, 0.5, hump.size))
    assert stats.norm.fit(sample) == pytest.approx((0, 2.5), abs=0.05)


def test_precision_and_recall_by_counting() -> None:
    generator = np.random.default_rng(9)
    hump = generator.random(200_000) < 0.6
    truth = np.where(hump, generator.normal(-2, 0.5, hump.size), generator.normal(3, 0.5, hump.size))
    for mean, scale in ((0.0, 2.5), (-2.0, 0.5)):
        made = generator.normal(mean, scale, hump.size)
        precision = ((np.abs(made + 2) < 1.5) | (np.abs(made - 3) < 1.5)).mean()
        recall = (np.abs(truth - mean) < 3 * scale).mean()
        assert two_humps.precision_and_recall(mean, scale) == pytest.approx((precision, recall), abs=0.005)


# ── Slips ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_sorted_sample_slip_and_the_truth() -> None:
    """Half a nat is 0.7213 bits, both ways; the slip is off by four orders of magnitude, and lopsided."""
    assert kl_normal(0, 1, 1, 1) == kl_normal(1, 1, 0, 1) == 0.5
    there, back = divergences.sorted_sample_divergence(0, 1), divergences.sorted_sample_divergence(1, 0)
    assert there > 5000 and back > 1.3 * there
    estimate, error = divergences.log_ratio_estimate(0, 1)
    assert abs(estimate - 0.5 / math.log(2)) < 3 * error < 0.05


def test_swapped_arguments_get_their_hint() -> None:
    swapped = 0.2 * math.log(0.2 / 0.5) + 0.8 * math.log(0.8 / 0.5)
    assert "swap" in " ".join(check("kl-two-coins", swapped).messages)
