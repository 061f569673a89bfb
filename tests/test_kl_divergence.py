"""The KL chapter: its identities as numbers, and what its figures compute, against independent references."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import mpmath
import numpy as np
import pytest
import torch
from scipy import optimize, special, stats

from lossbook.analysis import codes, coins, divergences, two_humps
from lossbook.exercises import check
from lossbook.explorer import Explorer
from lossbook.figures import kl_divergence as figures
from lossbook.losses.information import JS_DIVERGENCE, cross_entropy, entropy, js_divergence, kl_divergence
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


# ── Forward and reverse ──────────────────────────────────────────────────────────────────────────────────────────────


def test_maximum_likelihood_finds_the_forward_optimum() -> None:
    generator = np.random.default_rng(8)
    hump = generator.random(40_000) < 0.6
    sample = np.where(hump, generator.normal(-2, 0.5, hump.size), generator.normal(3, 0.5, hump.size))
    assert stats.norm.fit(sample) == pytest.approx((0, 2.5), abs=0.05)


# ── Slips ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_sorted_sample_slip_and_the_truth() -> None:
    """Half a nat is 0.7213 bits, both ways; the slip is off by four orders of magnitude, and lopsided."""
    assert kl_normal(0, 1, 1, 1) == kl_normal(1, 1, 0, 1) == 0.5 < kl_normal(0, 1, 2, 1)  # only one σ apart
    there, back = divergences.sorted_sample_divergence(0, 1), divergences.sorted_sample_divergence(1, 0)
    assert there > 5000 and back > 1.3 * there
    estimate, error = divergences.log_ratio_estimate(0, 1)
    assert abs(estimate - 0.5 / math.log(2)) < 3 * error < 0.05


def test_outcomes_that_neither_distribution_has_in_pytorch() -> None:
    """The line of the card takes them; `kl_div` does not, as the table of the page says."""
    p, q = torch.tensor([[0.5, 0.5, 0.0]], dtype=torch.float64), torch.tensor([[0.25, 0.75, 0.0]], dtype=torch.float64)
    said = eval(JS_DIVERGENCE.card.pytorch, {"torch": torch, "p": p, "q": q})
    assert said.item() == pytest.approx(
        stats.entropy([0.5, 0.5], [0.375, 0.625]) / 2 + 0.5 * stats.entropy([0.25, 0.75], [0.375, 0.625])
    )
    assert math.isnan(torch.nn.functional.kl_div(q.log(), p, reduction="batchmean").item())


def test_three_decimals_are_three() -> None:
    """log(8/5) / log 4 is 0.33904."""
    assert check("kl-third-coin", 0.339).right and check("kl-third-coin", math.log(8 / 5) / math.log(4)).right
    assert not check("kl-third-coin", 0.34).right and "one digit more" in check("kl-third-coin", 0.34).messages[0]


def test_one_number_of_two_slips_is_heard_as_both() -> None:
    """−½ log(0.16), the cross-entropy, is log(5/2), the term of heads without its weight."""
    said = " ".join(check("kl-two-coins", math.log(5 / 2)).messages)
    assert "cross-entropy" in said and "heads" in said
    said = " ".join(check("kl-flips-needed", math.log(1000) / math.log(5 / 2)).messages)  # heads in a row
    assert "cross-entropy" in said and "heads" in said
    said = " ".join(check("statistical-outlier-share", 20 / 4).messages)  # beside 1 + 1 + 2, and beside N
    assert "other three" in said and "N = 4" in said


def test_two_orders_may_have_one_optimum_though_the_model_cannot_equal_the_truth() -> None:
    """A Laplace truth and a normal of σ = 1: both orders put the bell at its centre. And the humps of an exercise."""
    x = np.linspace(-12, 12, 2401)
    p, shifts = stats.laplace.pdf(x), np.linspace(-1, 1, 21)
    bells = stats.norm.pdf(x[None], shifts[:, None])
    forward, reverse = (p * np.log(p / bells)).sum(axis=1), (bells * np.log(bells / p)).sum(axis=1)
    assert abs(shifts[forward.argmin()]) < 1e-9 and abs(shifts[reverse.argmin()]) < 1e-9
    humps = ((0.5, -3.0, 1.0), (0.5, 3.0, 1.0))
    found = optimize.minimize(lambda at: two_humps.normal_from_humps(*at, humps), (-3, 1))
    assert found.x == pytest.approx([-2.98, 1.02], abs=0.01)
    assert found.fun < two_humps.normal_from_humps(0.0, 2.744, humps)
    assert "nearly" in " ".join(check("kl-moment-match", 1).messages)


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


def test_one_bit_is_the_most_a_coin_can_give() -> None:
    for state in states(figures.coin_entropy()):
        bits = stats.entropy([state["chance"], 1 - state["chance"]], base=2)
        assert bits <= 1 and (bits == 1) == (state["chance"] == 0.5)


def test_the_terms_of_the_entropy_add_up_as_printed() -> None:
    explorer = figures.coin_entropy()
    for state in states(explorer):
        p, heads, rest, tails, bits = re.findall(r"\d\.\d+", explorer.set(**state).readout.split("average")[1])
        assert f"{float(p) * float(heads) + float(rest) * float(tails):.2f}" == bits


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


def test_binning_never_raises_the_divergence_in_any_state() -> None:
    for mean in {state["mean"] for state in states(figures.binning())}:
        assert np.all(np.diff(two_humps.binned_divergences(mean)) >= 0)


def test_a_histogram_of_counts_is_often_infinite() -> None:
    """Two samples of 200 from one normal, in 64 bins: the true divergence is 0."""
    for seed in (1, 2, 3):
        samples = np.random.default_rng(seed).normal(size=(50, 2, 200))
        counts = np.array([[np.histogram(x, 64, (-8, 8))[0] for x in pair] for pair in samples])
        infinite = np.any((counts[:, 0] > 0) & (counts[:, 1] == 0), axis=1)
        assert infinite.mean() > 0.7


# ── Near humps and far ones ──────────────────────────────────────────────────────────────────────────────────────────


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


# ── Walks of the log ratio ───────────────────────────────────────────────────────────────────────────────────────────


def test_walks_of_the_log_ratio_are_sums_over_flips() -> None:
    fair, uniform = np.random.default_rng(11).integers(0, 2, (8, 5000)), np.random.default_rng(18).random((8, 5000))
    for heads in (1 / 2, 0.4):
        flips = fair if heads == 1 / 2 else (uniform < heads).astype(int)
        steps = stats.bernoulli(1 / 2).logpmf(flips[:, :40]) - stats.bernoulli(1 / 3).logpmf(flips[:, :40])
        walks = coins.log_ratios(1 / 3, 40, heads)
        assert walks.shape == (coins.PLAYERS, 41) and not walks[:, 0].any()
        np.testing.assert_allclose(walks[:, 1:], steps.cumsum(axis=1), atol=1e-12)


@pytest.mark.parametrize(("q", "factor", "heads"), [(1 / 3, 1000, 1 / 2), (1 / 6, 10, 1 / 2), (1 / 3, 10, 0.45)])
def test_waiting_times_by_playing(q: float, factor: int, heads: float) -> None:
    """Four thousand players, by another way: cumulated sums of random gains."""
    gains = np.where(np.random.default_rng(4).random((4000, 1200)) < heads, math.log(0.5 / q), math.log(0.5 / (1 - q)))
    there = gains.cumsum(axis=1) >= math.log(factor) - 1e-9
    times = np.where(there.any(axis=1), there.argmax(axis=1) + 1, 1200)
    wait = coins.waiting_time(q, factor, heads)
    assert wait.mean == pytest.approx(times.mean(), abs=4 * times.std() / math.sqrt(times.size))
    assert wait.quantile(0.5) == pytest.approx(np.median(times), rel=0.1, abs=1)
    assert wait.chances.sum() == pytest.approx(1, abs=1e-11)
    np.testing.assert_allclose(wait.share(100), coins.waiting_time(q, factor, heads, 100).share(100), atol=1e-12)


def test_what_the_walks_say_holds_in_every_state() -> None:
    """Drift and spread of a flip by hand; the average wait is longer than the expected line takes; Ville's bound."""
    explorer = figures.waiting_times()
    for state in states(explorer):
        h, goal = state["coin"], math.log(state["factor"])
        mean, spread = coins.drift(h)
        gain = stats.entropy([h, 1 - h], [1 / 3, 2 / 3]) - stats.entropy([h, 1 - h], [1 / 2, 1 / 2])
        assert mean == pytest.approx(gain, abs=1e-12) and spread == pytest.approx(math.log(2) * math.sqrt(h * (1 - h)))
        readout = explorer.set(**state).readout
        if mean > 0:
            wait = coins.waiting_time(1 / 3, state["factor"], h)
            assert wait.expected == pytest.approx(goal / mean, rel=1e-12)
            assert goal < wait.mean * mean < goal + math.log(3 / 2)  # by Wald's identity and the largest gain
            assert wait.quantile(0.25) < wait.expected < wait.quantile(0.75) <= 400
            assert f"at N = {goal / mean:.0f};" in readout
        else:
            assert "% of all players" in readout
            there = coins.waiting_time(1 / 3, state["factor"], h, 400).share(400)[-1]
            assert h != 1 / 3 or there <= 1 / state["factor"]
    assert [coins.waiting_time(1 / 3, 1000).quantile(level) for level in (0.25, 0.75)] == [74, 149]
    assert coins.drift(math.log2(4 / 3))[0] == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match=r"heads must let the log ratio rise unless last is given, got 0\.4"):
        coins.waiting_time(1 / 3, 1000, 0.4)
    with pytest.raises(ValueError, match=r"heads must let the log ratio rise unless last is given, got 0\.5"):
        coins.waiting_time(0.5, 1000)  # two names of one coin


def test_the_walks_of_a_coin_of_three_eighths_fall() -> None:
    """The eight of the figure are below zero at its end, and after 5000 flips nearly everybody is."""
    assert stats.binom.cdf(math.floor(5000 * math.log2(4 / 3)), 5000, 3 / 8) > 1 - 1e-6
    assert np.all(coins.log_ratios(1 / 3, 400, 3 / 8)[:, -1] < 0)
    for coin in (1 / 2, 1 / 3):  # the ratio does not tell that both are wrong; the share of heads does
        assert stats.binomtest(1875, 5000, coin).pvalue < 1e-6
    assert {state["coin"] for state in states(figures.waiting_times())} == {1 / 2, 0.45, 3 / 8, 1 / 3}


def test_the_wrong_coin_wins_as_often_as_the_text_says() -> None:
    """The Chernoff information is the largest −log Σ p^t q^(1 − t); the mean ratio under q is 1."""
    h, (p, q) = math.log2(4 / 3), np.array([[1 / 2, 1 / 2], [2 / 3, 1 / 3]])
    chernoff = max(-math.log(np.sum(p**t * q ** (1 - t))) for t in np.linspace(0.01, 0.99, 981))
    assert stats.entropy([1 - h, h], p) == pytest.approx(chernoff, rel=1e-5)
    assert stats.entropy([1 - h, h], q) == pytest.approx(chernoff, rel=1e-5)
    heads = np.arange(101)
    ahead = heads * math.log(3 / 2) + (100 - heads) * math.log(3 / 4)
    assert (ahead > 0).sum() == 100 - int(100 * h)
    fair, bent = stats.binom.pmf(heads, 100, 1 / 2), stats.binom.pmf(heads, 100, 1 / 3)
    assert (fair[ahead < 0].sum(), bent[ahead > 0].sum()) == pytest.approx((0.0443, 0.0434), abs=1e-4)
    assert bent @ np.exp(ahead) == pytest.approx(1) and bent[ahead >= math.log(1000)].sum() <= 1 / 1000


def test_no_processing_of_a_variable_raises_mutual_information() -> None:
    joint = np.random.default_rng(5).dirichlet(np.ones(12), size=100).reshape(100, 4, 3)
    merged = np.stack([joint[:, :2].sum(axis=1), joint[:, 2], joint[:, 3]], axis=1)

    def information(table: np.ndarray) -> np.ndarray:
        product = table.sum(axis=2, keepdims=True) * table.sum(axis=1, keepdims=True)
        return special.rel_entr(table, product).sum(axis=(1, 2))

    assert np.all(information(merged) <= information(joint))


# ── A budget of code lengths ─────────────────────────────────────────────────────────────────────────────────────────


def test_lengths_that_fit_have_a_prefix_code_and_others_have_none() -> None:
    """All lengths up to 4 of four words; none of the words is the beginning of another."""
    for lengths in itertools.product(range(1, 5), repeat=4):
        words, fits = codes.words(lengths), sum(2.0**-n for n in lengths) <= 1
        assert (words is not None) == fits
        if words:
            assert tuple(map(len, words)) == lengths and set("".join(words)) <= {"0", "1"}
            assert not any(
                i != j and b.startswith(a) for (i, a), (j, b) in itertools.product(enumerate(words), repeat=2)
            )


def test_the_price_of_a_code_in_every_state() -> None:
    """Length times frequency; the extra is KL of the belief and what the unspent budget costs. One code is cheapest."""
    explorer, cheapest = figures.code_budget(), []
    for state in states(explorer):
        lengths = np.array(list(state.values()))
        shares, readout = 2.0**-lengths, explorer.set(**state).readout
        if shares.sum() > 1:
            assert readout.endswith("of 1: there is no such code.")
            continue
        bits, belief, unused = codes.price(tuple(lengths))
        assert bits == np.dot([1 / 2, 1 / 4, 1 / 8, 1 / 8], lengths) >= 1.75
        assert belief == pytest.approx(stats.entropy(codes.CLIMATE, shares, base=2), abs=1e-12)
        assert bits == pytest.approx(1.75 + belief + unused) and unused == pytest.approx(-math.log2(shares.sum()))
        assert f"{bits:.3f} bits per report" in readout
        cheapest += [tuple(lengths)] if bits == 1.75 else []
    assert cheapest == [(1, 2, 3, 3)] and codes.CHEAPEST == 1.75
    assert codes.price((2, 2, 2, 2))[:2] == pytest.approx((2, 0.25))


# ── Near humps and far ones ──────────────────────────────────────────────────────────────────────────────────────────

WIDE = np.linspace(-20, 25, 4501)


def reverse_by_sum(mean: np.ndarray, scale: np.ndarray, distance: float) -> np.ndarray:
    """D(q‖p) from the heavier hump at 0, with SciPy's densities and sums over x."""
    heavy, light = (math.log(w) + stats.norm.logpdf(WIDE, at, 0.5) for w, at in ((0.6, 0), (0.4, distance)))
    log_q = stats.norm.logpdf(WIDE, np.asarray(mean)[..., None], np.asarray(scale)[..., None])
    return (np.exp(log_q) * (log_q - np.logaddexp(heavy, light))).sum(axis=-1) * (WIDE[1] - WIDE[0])


def test_each_dip_is_one_and_none_is_missed() -> None:
    """Around each the reverse KL is higher, by another sum; and nothing on a grid lies below the lowest."""
    turns = np.linspace(0, 2 * np.pi, 9)[:-1]
    for distance in two_humps.DISTANCES:
        for mean, scale, value in two_humps.dips(distance).values():
            assert reverse_by_sum(mean, scale, distance) == pytest.approx(value, abs=1e-6)
            assert reverse_by_sum(mean + 0.01 * np.cos(turns), scale + 0.01 * np.sin(turns), distance).min() > value
    for distance in (2.0, 2.5, 2.75, 5.0):
        means, scales = np.meshgrid(np.linspace(-0.2, distance + 0.2, 23), np.linspace(0.4, 2.5, 22))
        assert reverse_by_sum(means, scales, distance).min() >= two_humps.best_reverse(distance).value - 1e-9


def test_the_reverse_bell_jumps_once_and_the_forward_bell_never() -> None:
    """Over all distances of the figure: which dips there are, which one is lowest, and what the text says of them."""
    explorer = figures.forward_reverse()
    chosen, forward = [], []
    for distance in two_humps.DISTANCES:
        found, best = two_humps.dips(distance), two_humps.best_reverse(distance)
        assert (
            "both" in found and ("heavier" in found) == (distance >= 2.5) and ("lighter" in found) == (distance >= 2.75)
        )
        assert all(dip.value >= best.value for dip in found.values())
        chosen.append(next(name for name, dip in found.items() if dip is best))
        mean, scale = two_humps.humps_moments(two_humps.humps_apart(distance))
        forward.append((mean, scale))
        assert mean + 2 == pytest.approx(0.4 * distance) and scale == pytest.approx(
            math.sqrt(0.25 + 0.24 * distance**2)
        )
        assert found["both"].scale < scale  # the reverse bell is narrower, and on the one hump more so
        assert (
            f"over {'both humps' if chosen[-1] == 'both' else 'the heavier hump'}"
            in explorer.set(distance=distance).readout
        )
    jump = chosen.index("heavier")
    assert two_humps.DISTANCES[jump] == figures.forward_reverse().predict.answer == 2.75
    assert chosen == ["both"] * jump + ["heavier"] * (len(chosen) - jump) and np.all(
        np.diff(forward, axis=0) > 0
    )  # the forward bell moves along and grows wider
    both, alone = (reverse_by_sum(*two_humps.dips(2.51)[name][:2], 2.51) for name in ("both", "heavier"))
    assert two_humps.reverse_jump() == pytest.approx(2.51, abs=0.005) and both == pytest.approx(alone, abs=1e-3)


def test_far_humps_cost_the_weight_of_the_one_that_is_chosen() -> None:
    far = two_humps.dips(5.0)
    assert (far["heavier"].value, far["lighter"].value) == pytest.approx((-math.log(0.6), -math.log(0.4)), abs=1e-4)
    assert tuple(far["both"]) == pytest.approx((2.0065, 2.0532, 3.3115), abs=1e-3)
    searched = optimize.minimize(lambda at: two_humps.normal_from_humps(*at), two_humps.humps_moments())
    assert searched.fun == pytest.approx(far["both"].value, abs=1e-5)  # a descent from the forward optimum


@pytest.mark.parametrize(("mean", "scale"), [(0.0, 2.5), (3.0, 0.75)])
def test_forward_kl_of_the_two_humps_by_a_sum(mean: float, scale: float) -> None:
    x = np.linspace(-9, 9, 18_001)
    p = 0.6 * stats.norm.pdf(x, -2, 0.5) + 0.4 * stats.norm.pdf(x, 3, 0.5)
    forward = (special.xlogy(p, p) - p * stats.norm.logpdf(x, mean, scale)).sum() * 0.001
    assert two_humps.humps_from_normal(mean, scale) == pytest.approx(forward, abs=1e-6)


# ── What the figures compute, by hand ────────────────────────────────────────────────────────────────────────────────


def test_a_code_beyond_the_budget_has_no_price_and_words_lie_side_by_side() -> None:
    assert codes.price((1, 1, 2, 2)) == (math.inf, math.inf, math.inf)
    assert codes.price((1, 2, 3, 4)) == pytest.approx((1.875, 0.125 + math.log2(15 / 16), math.log2(16 / 15)))
    assert codes.starts((3, 1, 2, 3)).tolist() == [0.75, 0.0, 0.5, 0.875]
    assert codes.words((3, 1, 2, 3)) == ["110", "0", "10", "111"] and codes.words((1, 1, 2, 2)) is None


def test_the_coins_and_the_flips_of_the_figure() -> None:
    assert (coins.PLAYERS, coins.FLIPS[0], coins.FLIPS[-1]) == (8, 1, 5000)
    assert pytest.approx([2 / 3, 1 / 3]) == coins.BENT and (np.diff(coins.FLIPS) > 0).all() and coins.FLIPS.size > 80
    assert 0.08 < np.diff(np.log(coins.FLIPS[-60:])).max() < 0.12  # evenly spread on a scale of powers
    assert tuple(d * 10**k for k in range(4) for d in (1, 2, 5)) == coins.STOPS
    np.testing.assert_array_equal(coins.log_ratios(1 / 3, 9), coins.log_ratios(1 / 3, 9, 0.5))


def test_a_wait_that_ends_exactly_at_the_goal() -> None:
    """Heads multiplies the ratio by 3/2, tails by 3/4: 9/4 takes two heads, or THHH or HTHH."""
    wait = coins.waiting_time(1 / 3, 9 / 4)
    assert wait.chances[:5].tolist() == [0, 0, 0.25, 0, 0.125] and coins.waiting_time(1 / 3, 1.5).chances[1] == 0.5
    assert wait.share(2).tolist() == [0, 0, 0.25] and wait.quantile(0.25) == 2 < wait.quantile(0.2501)
    size = wait.chances.size
    assert wait.share(size + 5)[size - 1 :] == pytest.approx(1, abs=1e-11) and wait.share(size + 5).size == size + 6
    cut = coins.waiting_time(1 / 3, 9 / 4, 0.4, 7)
    assert cut.chances.size == 8 and cut.expected == math.inf == coins.waiting_time(0.5, 2, last=3).expected
    assert cut.chances[2] == pytest.approx(0.16)


def test_the_six_outcomes_and_what_a_cut_leaves_of_them() -> None:
    six = [0.08, 0.16, 0.24, 0.24, 0.18, 0.10]
    assert divergences.SIX.tolist() == six and sum(six) == pytest.approx(1)
    cut = divergences.cut_belief(4, 0.07)  # 0.72 and 0.28 become 0.93 and 0.07
    assert cut == pytest.approx([p * 0.93 / 0.72 for p in six[:4]] + [p / 4 for p in six[4:]], rel=1e-12)
    assert divergences.cut_belief(6, 0.07).tolist() == six


def test_both_estimates_from_a_sample_flip_by_flip() -> None:
    """Plain loops over forty draws; the page's sample is that of seed 1, ten thousand of them."""
    random = np.random.default_rng(6)
    x, y = sorted(random.normal(0.5, 1, 40)), sorted(random.normal(2, 1, 40))
    wrong = abs(sum(a * math.log2(a / b) for a, b in zip(x, y, strict=True) if a / b > 0))
    assert divergences.sorted_sample_divergence(0.5, 2, 40, 6) == pytest.approx(wrong, rel=1e-12)
    x = np.random.default_rng(6).normal(0.5, 1, 40)
    bits = [((a - 2) ** 2 - (a - 0.5) ** 2) / (2 * math.log(2)) for a in x]
    assert divergences.log_ratio_estimate(0.5, 2, 40, 6) == pytest.approx((np.mean(bits), stats.sem(bits)), rel=1e-12)
    for of in (divergences.sorted_sample_divergence, divergences.log_ratio_estimate):
        assert of(0, 1) == of(0, 1, 10_000, 1)


def test_the_bins_of_the_two_humps() -> None:
    edges, p, q = two_humps.binned(4, 1.0)
    assert edges.tolist() == [-8, -4, 0, 4, 8] and tuple(2**k for k in range(7)) == two_humps.BIN_COUNTS
    cuts = np.array([-np.inf, -4, 0, 4, np.inf])
    humps = 0.6 * stats.norm(-2, 0.5).cdf(cuts) + 0.4 * stats.norm(3, 0.5).cdf(cuts)
    np.testing.assert_allclose(p, np.diff(humps), atol=1e-15)
    np.testing.assert_allclose(q, np.diff(stats.norm(1, 2).cdf(cuts)), atol=1e-15)
    assert two_humps.binned_divergences(1.0)[2] == pytest.approx(stats.entropy(p, q), rel=1e-12)
    assert len(two_humps.binned_divergences(1.0)) == 7
    np.testing.assert_allclose(two_humps.DISTANCES, np.arange(4, 21) / 4)


def test_the_reverse_divergence_between_bells_is_that_of_two_normals() -> None:
    """Of humps that lie on each other, by the formula of KL between normals; and of the chapter's two by a sum."""
    alike = ((0.3, 1.0, 0.7), (0.7, 1.0, 0.7))
    assert two_humps.normal_from_humps(2.0, 0.4, alike) == pytest.approx(kl_normal(2.0, 0.4, 1.0, 0.7), rel=1e-9)
    assert two_humps.normal_from_humps(1.0, 1.5) == pytest.approx(reverse_by_sum(3.0, 1.5, 5.0), rel=1e-6)
    assert two_humps.humps_moments() == pytest.approx((0, 2.5)) and two_humps.humps_apart(5.0) == two_humps.HUMPS
    assert (two_humps.X[0], two_humps.X[-1]) == (-6.5, 6.5)
