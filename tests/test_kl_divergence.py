"""The KL chapter: its identities as numbers, and what its figures compute, against independent references."""

from __future__ import annotations

import itertools
import math
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from lossbook.analysis import codes, coins, divergences, two_humps
from lossbook.exercises import check
from lossbook.explorer import Explorer
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


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_all_four_curves_are_zero_at_the_truth_and_total_variation_has_a_corner_there(p: float) -> None:
    """The others have a bound; total variation is |p − q|."""
    lines = [np.asarray(line.get_ydata()) for line in figures.coin_divergences().set(p=p).figure.axes[0].lines]
    curves = [line for line in lines if line.size > 100]
    assert len(curves) == 4 and all(curve.min() == pytest.approx(0, abs=0.02) for curve in curves)
    assert sum(np.diff(curves[0], 2) > 0) and curves[1].max() < math.log(10) + 1e-9 and max(map(max, curves[2:])) < 1
    readout = figures.coin_divergences().set(p=p, q=0.25).readout
    assert f"total variation = {abs(p - 0.25):.3f}." in readout


def test_total_variation_is_the_largest_difference_of_an_event() -> None:
    """Over all 32 events of five outcomes. It obeys Pinsker's inequality; the signed sum is 0."""
    p, q = np.random.default_rng(3).dirichlet(np.ones(5), size=(2, 50))
    events = np.array(list(itertools.product((0, 1), repeat=5)))
    largest = np.abs((p - q) @ events.T).max(axis=1)
    np.testing.assert_allclose(divergences.total_variation_of(p, q), largest, rtol=1e-12)
    assert (
        np.all(largest <= np.sqrt(special.rel_entr(p, q).sum(axis=1) / 2)) and np.abs((p - q).sum(axis=1)).max() < 1e-12
    )
    with pytest.raises(ValueError, match="p must"):
        divergences.total_variation_of([0.5, 0.6], [0.5, 0.5])


def test_of_the_four_only_kl_adds_up_over_independent_flips() -> None:
    one, ten = ([coins.heads_in(n, heads) for heads in (1 / 2, 1 / 3)] for n in (1, 10))
    np.testing.assert_allclose(ten[1], stats.binom.pmf(np.arange(11), 10, 1 / 3), rtol=1e-12)
    assert kl_divergence(*ten) == pytest.approx(10 * kl_divergence(*one), rel=1e-12)
    for measure in (js_divergence, lambda p, q: math.sqrt(js_divergence(p, q)), divergences.total_variation_of):
        assert measure(*ten) < 9 * measure(*one)


def test_the_challenge_of_the_opening_is_met_where_all_lines_stay_above_zero() -> None:
    """By the walks flip by flip: at the last flips that the figure draws before, some line is not above zero."""
    gains = np.log(0.5 / np.array([7 / 12, 5 / 12]))
    heads = np.random.default_rng(11).integers(0, 2, size=(coins.PLAYERS, 5000))
    walks = gains[heads].cumsum(axis=1)[:, coins.FLIPS - 1]
    stop = coins.settled(5 / 12)
    assert np.all(walks[:, stop <= coins.FLIPS] > 0)
    before = [n for n in coins.STOPS if n < stop][-1]
    assert not np.all(walks[:, before <= coins.FLIPS] > 0)


def test_a_thousandth_of_a_remainder_costs_seven_tenths_of_a_nat() -> None:
    values = [special.rel_entr(divergences.SIX, divergences.cut_belief(5, floor)).sum() for floor in (1e-3, 1e-6)]
    assert values[0] == pytest.approx(0.4, abs=0.05)
    assert np.diff(values)[0] == pytest.approx(0.1 * math.log(1000), abs=0.001)
    assert "about 0.7" in figures.support().predict.answer


def test_the_guess_of_the_middle_half_is_that_of_the_walks() -> None:
    wait = coins.waiting_time(1 / 3, 1000)
    assert figures.waiting_times().predict.answer == f"between {wait.quantile(0.25)} and {wait.quantile(0.75)}"


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


# ── What captions and sentences claim, over all states ───────────────────────────────────────────────────────────────


def states(explorer: Explorer) -> list[dict[str, Any]]:
    """Every state of an explorer, as keywords of `set`."""
    grid = itertools.product(*(control.values for control in explorer.controls.values()))
    return [dict(zip(explorer.controls, values, strict=True)) for values in grid]


def test_all_eight_lines_settle_and_the_dashed_one_never_sinks_below_zero() -> None:
    for state in states(figures.coin_trajectories()):
        q = state["twelfths"] / 12
        limit = special.rel_entr(0.5, q) + special.rel_entr(0.5, 1 - q)
        last = coins.log_ratio_per_flip(coins.shares_of_heads(), q)[:, -1]
        assert limit >= 0 and (limit > 0) == (q != 0.5)
        assert np.ptp(last) <= 0.05 and np.all(np.abs(last - limit) < 0.03)


def test_some_lines_lie_below_zero_early_on() -> None:
    ratios = coins.log_ratio_per_flip(coins.shares_of_heads(), 1 / 3)
    assert np.any(ratios[:, coins.FLIPS <= 10] < 0) and np.all(ratios[:, coins.FLIPS >= 2000] > 0)


@pytest.mark.parametrize(("q", "factor"), [(1 / 3, 1000), (1 / 5, 1000), (1 / 6, 10)])
def test_waiting_times_by_playing(q: float, factor: int) -> None:
    """Twenty thousand players, by another way: cumulated sums of random gains."""
    gains = np.where(np.random.default_rng(4).random((20_000, 1500)) < 0.5, math.log(0.5 / q), math.log(0.5 / (1 - q)))
    there = gains.cumsum(axis=1) >= math.log(factor) - 1e-9
    assert there.any(axis=1).mean() > 0.9999
    times = there.argmax(axis=1) + 1
    wait = coins.waiting_time(q, factor)
    assert wait.mean == pytest.approx(times.mean(), abs=4 * times.std() / math.sqrt(times.size))
    assert np.array([wait.quantile(level) for level in (0.25, 0.75)]) == pytest.approx(
        np.quantile(times, [0.25, 0.75]), abs=3
    )
    assert wait.chances.sum() == pytest.approx(1, abs=1e-11)


def test_the_average_wait_is_always_a_little_longer_than_the_expected_log_ratio_takes() -> None:
    """By Wald's identity the overshoot is at most one gain of heads. As printed, it is one to three flips."""
    for state in states(figures.waiting_times()):
        q, goal = state["coin"], math.log(state["factor"])
        wait, drift = coins.waiting_time(q, state["factor"]), stats.entropy([0.5, 0.5], [q, 1 - q])
        assert wait.expected == pytest.approx(goal / drift, rel=1e-12)
        assert goal < wait.mean * drift < goal - math.log(2 * q)
        assert 1 <= wait.mean - wait.expected <= 3.05 and 1 <= round(wait.mean) - round(wait.expected) <= 3
        assert wait.quantile(0.25) < wait.expected < wait.quantile(0.75) < 300
    assert [coins.waiting_time(1 / 3, 1000).quantile(level) for level in (0.25, 0.75)] == [74, 149]


def test_one_bit_is_the_most_a_coin_can_give() -> None:
    for state in states(figures.coin_entropy()):
        bits = stats.entropy([state["chance"], 1 - state["chance"]], base=2)
        assert bits <= 1 and (bits == 1) == (state["chance"] == 0.5)


def test_the_gap_of_the_tangent_closes_at_one_alone() -> None:
    explorer = figures.tangent()
    closed = [s["z"] for s in states(explorer) if "they touch" in explorer.set(**s).readout]
    assert closed == [1.0]


def test_the_reverse_divergence_of_the_cut_belief_stays_below_one_and_factors_of_1000_cost_the_same() -> None:
    for kept in (3, 4, 5):
        forward = [kl_divergence(divergences.SIX, divergences.cut_belief(kept, floor)) for floor in (1e-3, 1e-6, 1e-9)]
        assert np.diff(forward)[0] == pytest.approx(np.diff(forward)[1], rel=0.003)
    for state in states(figures.support()):
        assert kl_divergence(divergences.cut_belief(**state), divergences.SIX) < 1


def test_extra_bits_of_ideal_codes_vanish_at_the_truth_alone_and_grow_on_both_sides() -> None:
    suns = [state["sun"] for state in states(figures.wrong_code()) if not state["whole"]]
    price = {
        whole: np.array([codes.CLIMATE @ codes.codeword_lengths(s, whole) - 1.75 for s in suns]) for whole in (0, 1)
    }
    best = int(price[0].argmin())
    assert suns[best] == pytest.approx(0.5) and price[0][best] == pytest.approx(0, abs=1e-12)
    assert np.all(np.diff(price[0])[:best] < 0) and np.all(np.diff(price[0])[best:] > 0)
    right = [
        sorted(codes.codeword_lengths(sun, True)) == [1, 2, 3, 3] and codes.codeword_lengths(sun, True)[0] == 1
        for sun in suns
    ]
    assert list(np.abs(price[1]) < 1e-12) == right and 1 < sum(right) < len(suns)


def test_only_at_one_belief_does_a_tie_change_the_price() -> None:
    """Of all whole lengths that obey Kraft's inequality, the shortest under q cost the same under p, but at 0.2."""
    allowed = np.array([n for n in itertools.product((1, 2, 3), repeat=4) if sum(2.0**-k for k in n) <= 1])
    tied = {}
    for sun in {state["sun"] for state in states(figures.wrong_code())}:
        under_q = allowed @ codes.believed_climate(sun)
        prices = set((allowed[under_q < under_q.min() + 1e-12] @ codes.CLIMATE).round(9))
        if len(prices) > 1:
            tied[round(sun, 2)] = prices
        assert float(codes.CLIMATE @ codes.codeword_lengths(sun, True)) in [pytest.approx(price) for price in prices]
    assert tied == {0.2: {2.0, 2.375}}


def test_binning_never_raises_the_divergence_in_any_state() -> None:
    for mean in {state["mean"] for state in states(figures.binning())}:
        assert np.all(np.diff(two_humps.binned_divergences(mean)) >= 0)


def test_the_too_narrow_model_costs_more() -> None:
    assert kl_normal(0, 1, 0, 0.5) > kl_normal(0, 1, 0, 2)


def test_a_histogram_of_counts_is_often_infinite() -> None:
    """Two samples of 200 from one normal, in 64 bins: the true divergence is 0."""
    for seed in (1, 2, 3):
        samples = np.random.default_rng(seed).normal(size=(50, 2, 200))
        counts = np.array([[np.histogram(x, 64, (-8, 8))[0] for x in pair] for pair in samples])
        infinite = np.any((counts[:, 0] > 0) & (counts[:, 1] == 0), axis=1)
        assert infinite.mean() > 0.7


def test_lengths_that_obey_kraft_have_a_prefix_code() -> None:
    """The construction of the text, from the largest share to the smallest, for all lengths up to 4 of five words."""
    for lengths in itertools.combinations_with_replacement(range(1, 5), 5):
        if sum(2.0**-n for n in lengths) <= 1:
            starts = np.cumsum([0, *(2.0**-n for n in lengths[:-1])])
            words = [format(int(start * 2**n), f"0{n}b") for start, n in zip(starts, lengths, strict=True)]
            assert not any(a != b and b.startswith(a) for a in words for b in words) and len(set(words)) == 5


# ── Near humps and far ones ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (1.5, (0.62, 0.85)),
        (2.0, (0.83, 1.01)),
        (2.5, (1.05, 1.18)),
        (2.6, (0.02, 0.53)),
        (3.0, (0.01, 0.51)),
        (5.0, (0, 0.5)),
    ],
)
def test_reverse_kl_covers_near_humps_and_chooses_between_far_ones(
    distance: float, expected: tuple[float, float]
) -> None:
    """By a grid over (μ, σ), with sums over x instead of SciPy's search."""
    moved = two_humps.humps_apart(distance)
    mean, scale, least = two_humps.best_reverse(moved)
    assert (mean + 2, scale) == pytest.approx(expected, abs=0.01)
    x = np.linspace(-14, 14, 2801)
    p = sum(weight * stats.norm.pdf(x, centre, width) for weight, centre, width in moved)
    means, scales = np.meshgrid(np.linspace(-2.2, -2 + distance + 0.2, 41), np.linspace(0.4, 2.5, 43))
    q = stats.norm.pdf(x, means[..., None], scales[..., None])
    values = (special.xlogy(q, q) - special.xlogy(q, p)).sum(axis=-1) * (x[1] - x[0])
    assert values.min() >= least - 1e-9 and values.min() < least + 0.01


def test_the_shelf_has_a_dip_of_its_own() -> None:
    """A local minimum, three millionths of a nat below the pass to its left."""

    def lowest(mean: float) -> float:
        return float(
            optimize.minimize_scalar(
                lambda s: two_humps.normal_from_humps(mean, s),
                bounds=(1.5, 2.6),
                method="bounded",
                options={"xatol": 1e-9},
            ).fun
        )

    valley = [lowest(mean) for mean in (-0.028, 0.0065, 0.03)]
    assert valley[0] - valley[1] == pytest.approx(3.3e-6, abs=3e-7) and valley[2] > valley[1] + 3e-6


@pytest.mark.parametrize("seed", [3, 4, 5])  # 3 is the chapter's
def test_claims_about_draws_hold_for_other_seeds(seed: int) -> None:
    generator = np.random.default_rng(seed)
    hump = generator.choice(2, size=50_000, p=[0.6, 0.4])
    sample = generator.normal(np.array([-2, 3])[hump], 0.5)
    assert stats.norm.fit(sample) == pytest.approx((0, 2.5), abs=0.05)
    x, y, z = np.random.default_rng(seed).dirichlet([0.5, 0.5, 0.5], size=(3, 20_000))
    failing = [
        np.sum(special.rel_entr(x, z).sum(1) > special.rel_entr(x, y).sum(1) + special.rel_entr(y, z).sum(1)),
        np.sum(js_divergence(x, z) > js_divergence(x, y) + js_divergence(y, z)),
        np.sum(np.sqrt(js_divergence(x, z)) > np.sqrt(js_divergence(x, y)) + np.sqrt(js_divergence(y, z)) + 1e-12),
    ]
    assert min(failing[:2]) > 1000 and failing[2] == 0
    left, right = np.random.default_rng(seed).dirichlet(np.ones(5), size=(2, 10_000))
    assert (left * np.log(left / right)).sum(axis=1).min() > 0
    there, back = (
        divergences.sorted_sample_divergence(0, 1, seed=seed),
        divergences.sorted_sample_divergence(1, 0, seed=seed),
    )
    assert there > 5000 and back > 1.3 * there
    a, b = np.sort(np.random.default_rng(seed).normal([[0], [1]], 1, (2, 10_000)))
    assert (a * b < 0).mean() == pytest.approx(1 / 3, abs=0.03)


def test_walks_of_the_log_ratio_are_sums_over_flips() -> None:
    flips = np.random.default_rng(11).integers(0, 2, size=(coins.PLAYERS, 5000))[:, :40]
    steps = stats.bernoulli(1 / 2).logpmf(flips) - stats.bernoulli(1 / 3).logpmf(flips)
    walks = coins.log_ratios(1 / 3, 40)
    assert walks.shape == (coins.PLAYERS, 41) and not walks[:, 0].any()
    np.testing.assert_allclose(walks[:, 1:], steps.cumsum(axis=1), atol=1e-12)
