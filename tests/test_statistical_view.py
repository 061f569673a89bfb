"""What the chapter on the statistical view shows, against SciPy, PyTorch, and sums done by hand."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import stats
from scipy.integrate import dblquad, quad

from lossbook.analysis import rides
from lossbook.analysis.fitting import Line, fit_line
from lossbook.figures import statistical_view as view
from lossbook.losses.likelihood_real import NORMAL_NLL, normal_nll
from lossbook.losses.regression import MSE


def test_the_wrong_line_by_hand():
    # y = 2x and ŷ = 1 + 3x leave e = −1 − x: on 0, 1, 2, 3 the squares 1, 4, 9, 16 add up to 30
    x = np.array([0.0, 1.0, 2.0, 3.0])
    gap = rides.log_likelihood(rides.TRUE, x, 2 * x, 1.0) - rides.log_likelihood(rides.WRONG, x, 2 * x, 1.0)
    assert_allclose(gap, 30 / 2, rtol=1e-14)
    e = 2 * x - rides.WRONG(x)
    assert (e.mean(), e.std()) == (-2.5, x.std())


@pytest.mark.parametrize("line", [rides.TRUE, rides.WRONG, Line(-1.5, 0.7)])
@pytest.mark.parametrize("scale", [0.4, 0.8, 6.0])
def test_log_likelihood_and_density_against_scipy(line, scale):
    oracle = stats.norm(line.intercept + line.slope * rides.KM, scale)
    assert_allclose(rides.log_likelihood(line, scale=scale), oracle.logpdf(rides.MINUTES).sum(), rtol=1e-12)
    assert_allclose(rides.density(line, rides.KM, rides.MINUTES, scale), oracle.pdf(rides.MINUTES), rtol=1e-11)


def test_mean_square_is_mean_squared_plus_spread_squared_and_gives_the_log_likelihood():
    e = rides.MINUTES - rides.WRONG(rides.KM)
    exact = [Fraction(str(y)) - 1 - 3 * Fraction(str(x)) for x, y in zip(rides.KM, rides.MINUTES, strict=True)]
    mean = sum(exact) / 12
    assert sum(v**2 for v in exact) / 12 == mean**2 + sum((v - mean) ** 2 for v in exact) / 12
    expected = -12 * (math.log(2 * math.pi) / 2 + math.log(0.8) + (e.mean() ** 2 + e.var()) / (2 * 0.8**2))
    assert_allclose(rides.log_likelihood(rides.WRONG), expected, rtol=1e-13)


def test_the_readout_of_the_wrong_line():
    # the times add up to 71.7 min and the distances to 35.6 km, so 1 + 2.5 x leaves (71.7 − 12 − 89) / 12 on average
    explorer = view.courier_line().set(intercept=1.0, slope=2.5)
    assert "mean −2.44 min" in explorer.readout


def test_two_stories_give_one_line():
    squares, likelihood = (
        fit_line(loss, rides.KM, rides.MINUTES, **k) for loss, k in ((MSE, {}), (NORMAL_NLL, {"scale": 0.8}))
    )
    slope, intercept = np.polyfit(rides.KM, rides.MINUTES, 1)
    assert_allclose(squares, (intercept, slope), rtol=1e-10)
    assert_allclose(likelihood, (intercept, slope), rtol=1e-6)


# ── Nature ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_joint_density_is_one_altogether_and_its_slices_are_the_marginal():
    total, _ = dblquad(
        lambda y, x: float(rides.joint_density(x, y)), 0, 14, lambda x: 2 * x - 6, lambda x: 2 * x + 6, epsabs=1e-6
    )
    assert_allclose(total, 1, atol=1e-5)
    for x in (0.5, 2.0, 5.0):
        area, _ = quad(lambda y, x=x: float(rides.joint_density(x, y)), 2 * x - 8, 2 * x + 8)
        assert_allclose(
            area, x**5 * math.exp(-2 * x) * 2**6 / math.factorial(5), rtol=1e-8
        )  # the gamma density by hand


def test_drawn_rides_come_from_that_distribution():
    x, y = rides.draw_rides(200_000, seed=11)
    assert_allclose([x.mean(), x.var()], [3, 1.5], rtol=0.02)  # gamma(6, ½): mean 6/2, variance 6/4
    assert_allclose([(y - 2 * x).mean(), (y - 2 * x).std()], [0, 0.8], atol=0.01)
    times = np.array([2.0, 6.0, 10.0])
    assert_allclose(rides.share_at_most(times), [(y <= t).mean() for t in times], atol=0.005)
    assert_allclose(stats.kstest(x, rides.DISTANCES.cdf).statistic, 0, atol=0.005)


def test_the_gap_of_the_staircase_is_kolmogorovs():
    explorer = view.samples().set(count=40, day=2)
    _, y = rides.draw_rides(320, 2)
    gap = stats.kstest(y[:40], lambda t: rides.share_at_most(np.atleast_1d(t))).statistic
    assert f"at most {gap:.2f};" in explorer.readout


def test_the_missing_feature_explains_what_looked_like_noise():
    x, y, barrier = rides.draw_rides_with_barrier(5000, seed=3)
    model = stats.linregress(x[barrier == 0], y[barrier == 0])
    assert_allclose([model.slope, model.intercept], [2, 0], atol=0.05)
    assert_allclose(np.std(y - 2 * x - 3 * barrier), 0.3, rtol=0.03)
    assert_allclose(np.var(y - 2 * x), 0.3**2 + 9 * 0.3 * 0.7, rtol=0.05)  # noise, and 3 minutes × a coin of 0.3


def test_residuals_of_a_fit_are_smaller_than_the_noise():
    # a line takes two degrees of freedom: the mean squared residual is σ² (N − 2)/N
    x = np.array([1.0, 2.5, 3.5, 5.0])
    y = 2 * x[:, None] + np.random.default_rng(1).normal(0, 0.8, (4, 40_000))
    a, b = np.polynomial.polynomial.polyfit(x, y, 1)
    assert_allclose(np.mean((y - a - b * x[:, None]) ** 2), 0.64 * 2 / 4, rtol=0.02)


def test_a_likelihood_is_no_distribution_of_the_slope():
    # ∫ N(y; bx, σ²) db = 1/x: substitute u = bx
    area, _ = quad(lambda b: float(rides.density(Line(0.0, b), 5.0, 9.8)), -2, 6)
    assert_allclose(area, 1 / 5, rtol=1e-6)


# ── Loss, reduction, product ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_landscape_agrees_with_the_readout_of_scipy():
    readout = view.landscape().set(intercept=0.5, slope=1.5).readout
    expected = -stats.norm(0.5 + 1.5 * rides.KM, 0.8).logpdf(rides.MINUTES).mean()
    assert f"is {expected:.3f} nats a ride" in readout


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_the_descent_is_what_torch_would_do(reduction):
    x, y = map(torch.tensor, rides.draw_rides(128 * rides.STEPS, seed=87))
    slope = torch.tensor(rides.START, dtype=torch.float64, requires_grad=True)
    optimiser, criterion = torch.optim.SGD([slope], lr=0.003), torch.nn.MSELoss(reduction=reduction)
    visited = [rides.START]
    for step in range(rides.STEPS):
        rows = slice(step * 8, (step + 1) * 8)
        optimiser.zero_grad()
        criterion(slope * x[rows], y[rows]).backward()
        optimiser.step()
        visited.append(slope.item())
    assert_allclose(rides.descent(8, reduction, 0.003), visited, rtol=1e-12)


def test_the_sum_steps_n_times_as_far_as_the_mean():
    for batch in (1, 16, 128):
        long, short = (rides.descent(batch, reduction, 0.01)[1] - rides.START for reduction in ("sum", "mean"))
        assert_allclose(long, batch * short, rtol=1e-12)


def test_a_diverging_path_is_cut_where_it_leaves_the_picture():
    # 0 → 4 crosses 2 half-way, 4 → −4 is inside from a quarter to three quarters of its way, −4 → 0 from half-way on
    x, y = view._inside(np.array([0.0, 4.0, -4.0, 0.0]), -2, 2)
    assert_allclose(x, [0, 0.5, np.nan, 1.25, 1.75, np.nan, 2.5, 3, np.nan])
    assert_allclose(y, [0, 2, np.nan, 2, -2, np.nan, -2, 0, np.nan])


def test_products_end_where_floating_point_does():
    product, logs = rides.running_product("minutes", np.float64)
    end = int(np.argmax(product == 0))
    tiny = math.log(5e-324)
    assert logs[end] < tiny + 1 and logs[end - 3] > tiny - 1  # the first zero, up to the rounding of denormals
    product, logs = rides.running_product("hours", np.float64)
    end = int(np.argmax(np.isinf(product)))
    assert logs[end] > math.log(1.797e308) > logs[end - 1]
    single, _ = rides.running_product("minutes", np.float32)
    assert 0 < int(np.argmax(single == 0)) < 100


def test_hours_multiply_every_density_by_sixty():
    _, minutes = rides.running_product("minutes", np.float64)
    _, hours = rides.running_product("hours", np.float64)
    assert_allclose(hours - minutes, np.arange(1, 801) * math.log(60), rtol=1e-10)
    assert np.exp(np.diff(minutes)).max() < 0.5 < 20 < np.exp(np.diff(hours)).max()
    first = float(rides.density(rides.TRUE, rides.KM[0], rides.MINUTES[0]))  # a slip prints it in both units
    assert f"{60 * float(f'{first:.3f}'):.1f}" == f"{60 * first:.1f}" == "29.0"


def test_a_model_of_features_alone_is_judged_by_the_same_average():
    distance, _ = rides.draw_rides(200, seed=1)
    fresh, _ = rides.draw_rides(200, seed=2)
    ours = normal_nll(np.full(200, distance.mean()), fresh, scale=distance.std())
    assert_allclose(ours, -stats.norm(distance.mean(), distance.std()).logpdf(fresh).mean(), rtol=1e-12)


# ── What captions and sentences claim, over all states ───────────────────────────────────────────────────────────────


def states(explorer):
    """Every state of an explorer, as keywords of `set`."""
    grid = itertools.product(*(control.values for control in explorer.controls.values()))
    return [dict(zip(explorer.controls, values, strict=True)) for values in grid]


def test_the_log_likelihood_falls_with_the_mean_and_with_the_spread_and_with_nothing_else():
    rows = []
    for state in states(view.courier_line()):
        line = Line(**state)
        e = rides.MINUTES - line(rides.KM)
        rows.append((e.mean() ** 2 + e.var(), rides.log_likelihood(line)))
    squares, fits = np.array(rows).T
    assert_allclose(
        fits, rides.log_likelihood(rides.TRUE) - 12 * (squares - np.mean((rides.MINUTES - 2 * rides.KM) ** 2)) / 1.28
    )


def test_a_line_of_the_figure_beats_the_true_one():
    best = max(states(view.courier_line()), key=lambda state: rides.log_likelihood(Line(**state)))
    assert rides.log_likelihood(Line(**best)) > rides.log_likelihood(rides.TRUE)


def test_the_opening_line_leaves_negative_residuals_that_fall_with_the_distance():
    e = rides.MINUTES - rides.WRONG(rides.KM)
    assert np.all(e < 0) and stats.spearmanr(rides.KM, e).statistic < -0.7


def test_every_conditional_distribution_is_the_same_bell_shifted():
    times = np.linspace(-3, 16, 191)
    explorer = view.slices()
    for state in states(explorer):
        x = state["distance"]
        drawn = explorer.set(**state).figure.axes[1].lines[1].get_ydata()
        assert_allclose(drawn, stats.norm(2 * x, 0.8).pdf(times), atol=1e-12)


@pytest.mark.parametrize("day", [1, 2, 3])
def test_the_staircase_closes_in_but_not_at_every_doubling(day):
    _, y = rides.draw_rides(320, day)
    gaps = [rides.largest_gap(y[:count]) for count in (5, 10, 20, 40, 80, 160, 320)]
    assert gaps[-1] < gaps[0] / 2
    assert day == 1 or np.any(np.diff(gaps) > 0)


def test_gaps_shrink_like_one_over_the_root():
    typical = [np.mean([rides.largest_gap(rides.draw_rides(n, seed)[1]) for seed in range(30)]) for n in (20, 80, 320)]
    assert_allclose([typical[0] / typical[1], typical[1] / typical[2]], 2, rtol=0.2)


@pytest.mark.parametrize("seed", [4, 5, 6])  # 4 is the figure's
def test_without_the_feature_there_are_two_humps_and_with_it_the_noise_is_left(seed):
    fitted = rides.fitted_with_and_without_barrier(*rides.draw_rides_with_barrier(120, seed))
    blind, seeing = fitted.residuals[False], fitted.residuals[True]
    low, high = blind[blind < 0.6], blind[blind >= 0.6]
    assert_allclose(high.mean() - low.mean(), 3, atol=0.25)
    assert ((blind > 0.2) & (blind < 1.0)).mean() < 0.1  # the valley
    assert_allclose(seeing.std(), 0.3, rtol=0.2)
    assert fitted.wait == pytest.approx(3, abs=0.2)


def test_the_wrong_line_excuses_itself_with_a_wide_bell_and_stays_far_behind():
    scales = view.bell_at_ride().controls["scale"].values
    best = {
        line: max(scales, key=lambda scale: rides.log_likelihood(line, scale=scale))
        for line in (rides.TRUE, rides.WRONG)
    }
    e = rides.MINUTES - rides.WRONG(rides.KM)
    assert best == {rides.TRUE: 0.8, rides.WRONG: 4.0}
    assert_allclose(best[rides.WRONG], np.sqrt(np.mean(e**2)), rtol=0.05)  # as wide as its errors are large
    fits = [max(rides.log_likelihood(line, scale=scale) for scale in scales) for line in best]
    assert fits[0] - fits[1] > 19


def test_every_state_of_the_bell_shows_scipys_density():
    explorer = view.bell_at_ride()
    for state in states(explorer):
        at = state["ride"] - 1
        bell = stats.norm(state["model"](rides.KM[at]), state["scale"])
        assert f"Density {bell.pdf(rides.MINUTES[at]):.3f} per minute" in explorer.set(**state).readout


def test_the_lowest_place_of_the_landscape_is_near_the_truth_and_the_valley_is_slanted():
    best = fit_line(MSE, rides.KM, rides.MINUTES)
    floor = float(rides.average_loss(*best))
    losses = {
        tuple(s.values()): float(rides.average_loss(**{f"{k}s": v for k, v in s.items()}))
        for s in states(view.landscape())
    }
    assert min(losses.values()) >= floor
    assert 0 < float(rides.average_loss(0, 2)) - floor < 0.1
    along = float(rides.average_loss(best.intercept + 0.5, best.slope - 0.15)) - floor
    across = float(rides.average_loss(best.intercept + 0.5, best.slope + 0.15)) - floor
    assert across > 10 * along


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_steps_on_average_double_under_the_sum_and_stay_under_the_mean(reduction):
    # by hand: E[2x · 1.5x] = 3 (1.5 + 9) = 31.5; the band halves with four times the batch
    sizes = [1, 2, 4, 8, 16, 32, 64, 128]
    means, spreads = np.array([rides.first_steps(size, reduction) for size in sizes]).T
    expected = 31.5 * np.array(sizes) ** (reduction == "sum")
    assert_allclose(means, expected, rtol=0.06)
    shares = spreads / means
    assert_allclose(shares[2:] / shares[:-2], 0.5, rtol=0.2)


@pytest.mark.parametrize("seed", [87, 1, 2])  # 87 is the figure's
def test_large_batches_overshoot_under_the_sum_alone(seed):
    for batch in (16, 32, 64, 128):
        assert abs(rides.descent(batch, "sum", 0.01, seed)[-1]) > 100
        assert abs(rides.descent(batch, "mean", 0.01, seed)[-1] - 2) < 0.4


def test_the_figures_own_batches_are_typical():
    for batch in (1, 2, 4, 8, 16, 32, 64, 128):
        mean, spread = rides.first_steps(batch, "mean")
        assert abs(abs(rides.descent(batch, "mean", 0.01)[1] - rides.START) / 0.01 - mean) < spread


def test_once_a_product_is_zero_or_infinite_it_stays_so_in_every_state():
    for unit, precision in itertools.product(rides.UNITS, (np.float64, np.float32)):
        values, logs = rides.running_product(unit, precision)
        dead = (values == 0) | np.isinf(values)
        assert np.all(np.diff(dead.astype(int)) >= 0) and np.all(np.isfinite(logs))
    explorer = view.underflow()
    shown = [explorer.set(**state).readout for state in states(explorer)]
    assert all("nan" not in text for text in shown) and any("outside the picture" in text for text in shown)


# ── Claims about runs and draws, over several seeds ──────────────────────────────────────────────────────────────────


def test_another_two_hundred_rides_may_turn_the_order_over():
    wins = []
    for seed in range(60):
        distance, _ = rides.draw_rides(200, 1000 + seed)
        fresh, _ = rides.draw_rides(200, 2000 + seed)
        median = np.median(distance)
        laplace = stats.laplace(median, np.abs(distance - median).mean()).logpdf(fresh).mean()
        wins.append(stats.norm(distance.mean(), distance.std()).logpdf(fresh).mean() > laplace)
    assert 0.5 < np.mean(wins) < 1


@pytest.mark.parametrize("seed", [3, 4, 5])  # 3 is the chapter's
def test_products_of_seven_hundred_are_zero_and_logarithms_thousands_apart(seed):
    x, y = rides.draw_rides(700, seed)
    assert np.prod(rides.density(rides.TRUE, x, y)) == np.prod(rides.density(rides.WRONG, x, y)) == 0
    assert rides.log_likelihood(rides.TRUE, x, y) - rides.log_likelihood(rides.WRONG, x, y) > 2000


@pytest.mark.parametrize("seed", [7, 8, 9])  # 7 is the chapter's
def test_four_times_the_batch_halves_the_spread_of_the_gradient(seed):
    x, y = rides.draw_rides(8192, seed)
    each = -2 * (y - 0.5 * x) * x
    means, spreads = zip(
        *((b.mean(), b.std()) for b in (each.reshape(-1, size).mean(axis=1) for size in (4, 16, 64))), strict=True
    )
    assert np.ptp(means) < 1e-9
    assert_allclose([spreads[0] / spreads[1], spreads[1] / spreads[2]], 2, rtol=0.15)


def test_beside_a_penalty_the_argmin_moves_with_the_batch_under_the_sum_alone():
    """Every state of the figure, against a search for the lowest place of the batches' own R(w) + λ w²."""
    explorer = view.batch_penalty()
    penalties, batches = (explorer.controls[name].values for name in ("penalty", "batch"))
    x, y = rides.draw_rides(128, seed=12)
    slopes = np.linspace(0, 2.5, 2501)
    losses = (y[:, None] - slopes * x[:, None]) ** 2

    def searched(batch, reduction, penalty):
        of_batch = getattr(losses.reshape(-1, batch, slopes.size), reduction)(axis=1)
        heights = (of_batch + penalty * slopes**2).mean(axis=0)  # a parabola: three points around its lowest give it
        low = int(np.argmin(heights))
        left, mid, right = heights[low - 1 : low + 2]
        return slopes[low] + 0.0005 * (left - right) / (left - 2 * mid + right)

    free = searched(1, "mean", 0)
    assert abs(free - 2) < 0.05
    for penalty in penalties:
        found = {
            name: np.array([rides.penalised_slope(batch, name, penalty) for batch in batches])
            for name in ("sum", "mean")
        }
        for name, values in found.items():
            assert_allclose(values, [searched(batch, name, penalty) for batch in batches], atol=1e-6)
        assert np.ptp(found["mean"]) == 0 and found["sum"][0] == found["mean"][0]
        if penalty:
            assert (np.diff(found["sum"]) > 0).all() and (found["sum"] < free - 1e-4).all()
            gaps = free / found["sum"] - 1  # by hand: N λ / B over Σx², so half of it at twice the batch
            assert_allclose(gaps[1:] / gaps[:-1], 0.5, rtol=1e-6)
        else:
            assert_allclose(found["sum"], free, atol=1e-6)
        for batch, under_sum, under_mean in zip(batches, found["sum"], found["mean"], strict=True):
            said = explorer.set(penalty=penalty, batch=batch).readout
            assert said == (
                f"λ = {penalty} km², batches of {batch}: the argmin is {under_sum:.2f} min/km under the sum and "
                f"{under_mean:.2f} under the mean; without the penalty it is {free:.2f}."
            )
    assert (np.diff([rides.penalised_slope(1, "sum", penalty) for penalty in penalties]) < 0).all()  # "start lower"
    start = {name: rides.penalised_slope(1, name, 10) for name in ("sum", "mean")}
    assert abs(start["mean"] / free - 0.5) < 0.03  # "half the height of the dotted line"
    assert 0 < free - rides.penalised_slope(128, "sum", 10) < 0.03  # "just below the dotted line"


def test_a_penalised_slope_refuses_what_it_cannot_mean():
    for wrong, message in (
        ((3, "sum", 1), "batch must divide 128, got 3"),
        ((0, "sum", 1), "batch must divide 128, got 0"),
        ((4, "max", 1), "reduction must be 'sum' or 'mean', got 'max'"),
        ((4, "sum", -1), "penalty must be"),
    ):
        with pytest.raises(ValueError, match=message):
            rides.penalised_slope(*wrong)


def test_the_noise_is_drawn_after_the_distances():
    """The rides of every page, drawn again."""
    nature = np.random.default_rng(7)
    distances = nature.gamma(6, 0.5, 5)
    assert_allclose(rides.draw_rides(5, 7), [distances, 2 * distances + nature.normal(0, 0.8, 5)], rtol=1e-14)
    nature = np.random.default_rng(7)
    distances, barrier = nature.gamma(6, 0.5, 5), (nature.random(5) < 0.3) * 1.0
    times = 2 * distances + 3 * barrier + nature.normal(0, 0.3, 5)
    assert_allclose(rides.draw_rides_with_barrier(5, 7), [distances, times, barrier], rtol=1e-14)


# ── Families, and the likelihood as a function of the slope ──────────────────────────────────────────────────────────


def densities():
    return (stats.norm(scale=0.8), stats.laplace(scale=0.6), stats.t(3, scale=0.6))


def test_the_loss_of_a_family_is_minus_the_log_of_scipys_density():
    e = np.linspace(-6, 6, 49)
    for family, frozen in zip(rides.FAMILIES, densities(), strict=True):
        np.testing.assert_allclose(family.value(e), -frozen.logpdf(e), rtol=1e-12)


@pytest.mark.parametrize("number", range(3))
def test_no_line_near_a_familys_is_likelier(number):
    frozen = densities()[number]
    for loose in (2.0, 10.0, 16.0, 28.0):
        x, y = np.append(rides.KM, 5.0), np.append(rides.MINUTES, loose)

        def cost(line, x=x, y=y):
            return -frozen.logpdf(y - line[0] - line[1] * x).sum()

        best = rides.family_line(number, loose)
        for direction in np.eye(2):
            for step in (1e-3, 1e-2, 0.1):
                assert cost(best) <= min(cost(best + step * direction), cost(best - step * direction)) + 1e-12


def test_a_parabola_pulls_harder_a_v_alike_and_students_curve_lets_go():
    """Over all places of the loose ride above its line: per minute, at once, and then less and less."""
    grid = view.families().controls["minutes"].values
    at = {
        family.name: np.array([rides.family_line(n, float(y))(5.0) - rides.family_line(n, None)(5.0) for y in grid])
        for n, family in enumerate(rides.FAMILIES)
    }
    steps = np.diff(at["normal"])
    assert np.ptp(steps) < 1e-9 and steps[0] > 0.2  # least squares is linear in each target
    above = np.array(grid) >= 12
    assert np.ptp(at["Laplace"][above]) < 1e-9
    far = np.array(grid) >= 16
    assert np.all(np.diff(at["Student-t"][far]) < 0) and np.all(at["Student-t"][far] > 0)
    assert max(abs(at["Student-t"])) < 0.3 < max(abs(at["normal"])) / 10
    slope = {f.name: np.diff(f.value(np.linspace(0, 6, 61))) for f in rides.FAMILIES}
    assert np.all(np.diff(slope["normal"]) > 0) and np.ptp(slope["Laplace"]) < 1e-9
    assert slope["Student-t"][-1] < slope["Student-t"].max() / 2, "it flattens"


def test_one_argmax_and_a_needle_a_steeper_parabola_and_a_loss_that_settles():
    explorer = view.likelihood_of_slope()
    counts = explorer.controls["rides"].values
    halves, curvatures, floors = [], [], []
    for count in counts:
        found = rides.of_slope(count)
        x, y = (values[:count] for values in rides.draw_rides(256, 12))
        direct = np.array([stats.norm(slope * x, 0.8).logpdf(y).sum() for slope in rides.SLOPES])
        np.testing.assert_allclose(found.log_likelihood, direct, rtol=1e-10)
        grid = rides.SLOPES[direct.argmax()]
        assert abs(grid - found.best) <= 0.0025 + 1e-9, (
            "and so of the logarithm and of the average, which are increasing in it"
        )
        half = stats.norm((found.best + found.half) * x, 0.8).logpdf(y).sum()
        top = stats.norm(found.best * x, 0.8).logpdf(y).sum()
        assert half - top == pytest.approx(-np.log(2), rel=1e-9)
        halves.append(found.half)
        curvatures.append(-np.diff(direct, 2)[0])
        floors.append(-top / count)
        assert f"likeliest slope {found.best:.2f}" in explorer.set(rides=count).readout
    assert np.all(np.diff(halves) < 0) and np.all(np.diff(curvatures) > 0)
    assert max(floors[5:]) - min(floors[5:]) < 0.1 < max(floors) - min(floors)


def test_the_challenge_is_met_by_one_line():
    explorer = view.courier_line()
    met = [state for state in states(explorer) if explorer.challenge.met(**state)]
    assert [tuple(map(float, state.values())) for state in met] == [pytest.approx((-0.5, 2.2))]


def test_what_the_guesses_say_holds():
    blind, known = (
        rides.fitted_with_and_without_barrier(*rides.draw_rides_with_barrier(120, seed=4)).residuals[k]
        for k in (False, True)
    )
    assert known.std() < blind.std() / 3 and view.missing_feature().predict.answer == "It falls to less than a third."
    values, logs = rides.running_product("minutes", np.float64)
    answer = view.underflow().predict.answer
    assert values[answer - 2] > 0 == values[answer - 1]
    assert -logs[answer - 1] / np.log(10) / answer == pytest.approx(0.5, abs=0.05)
    mean = float(np.exp(logs[-1] / logs.size))
    assert 0.25 < mean < 0.35, "a geometric mean of about 0.3 per minute"
    each = np.exp(np.diff(logs))
    assert np.mean((each > 0.2) & (each < 0.4)) < 1 / 3, "most single densities are not about 0.3"
    assert f"after {answer - 1} rides" in view.underflow().alt
    student = rides.FAMILIES[2].settings
    assert f"({student['df']:g} degrees of freedom, scale {student['scale']})" in view.families().caption
    assert f"σ = {rides.NOISE} minutes" in view.likelihood_of_slope().caption
    assert pytest.approx(0.85, abs=0.005) == 0.98**8


# ── What the figures compute, by hand ────────────────────────────────────────────────────────────────────────────────


def test_the_rides_of_the_chapter_and_their_nature():
    assert rides.KM.size == rides.MINUTES.size == 12
    assert (rides.KM.sum(), rides.MINUTES.sum()) == pytest.approx((35.6, 71.7))
    assert_allclose(rides.KM @ rides.MINUTES, 251.61, rtol=1e-12)
    assert (rides.TRUE, rides.WRONG, rides.NOISE) == ((0, 2), (1, 3), 0.8)
    assert (rides.DISTANCES.mean(), rides.DISTANCES.var()) == pytest.approx((3, 1.5))
    assert (rides.SLOPES[0], rides.SLOPES[-1], rides.MOST) == (1.2, 2.8, 256) and rides.SLOPES.size == 321
    assert rides.UNITS == {"seconds": 60, "minutes": 1, "hours": 1 / 60}


def test_average_losses_broadcast_over_lines():
    found = rides.average_loss(np.array([0.0, 1.0])[:, None], np.array([2.0, 2.5, 3.0]))
    wanted = [[-stats.norm(a + b * rides.KM, 0.8).logpdf(rides.MINUTES).mean() for b in (2, 2.5, 3)] for a in (0, 1)]
    assert_allclose(found, wanted, rtol=1e-12)


def test_the_largest_gap_of_three_rides():
    """The empirical share jumps at a ride: both of its sides count, whichever is further off."""
    for y in ([1.0, 2.0, 3.0], [9.0, 8.0, 12.0], [6.0]):
        y = np.array(y)
        gap = stats.kstest(y, rides.share_at_most).statistic
        assert rides.largest_gap(y) == pytest.approx(gap, rel=1e-12)


def test_the_share_of_rides_of_at_most_so_many_minutes_by_an_integral():
    for y in (2.0, 5.5, 9.0):
        exact = quad(lambda x, y=y: stats.gamma.pdf(x, 6, scale=0.5) * stats.norm.cdf((y - 2 * x) / 0.8), 0, 20)[0]
        assert rides.share_at_most(np.array([y]))[0] == pytest.approx(exact, abs=1e-4)


def test_lines_with_and_without_the_barrier_by_numpy():
    x, y, barrier = rides.draw_rides_with_barrier(30, 9)
    found = rides.fitted_with_and_without_barrier(x, y, barrier)
    slope, intercept = np.polyfit(x, y, 1)
    assert_allclose(found.blind, (intercept, slope), rtol=1e-8)
    assert_allclose(found.residuals[False], y - intercept - slope * x, atol=1e-8)
    design = np.column_stack([np.ones(30), x, barrier])
    w = np.linalg.solve(design.T @ design, design.T @ y)
    assert_allclose([*found.seeing, found.wait], w, rtol=1e-8)
    assert_allclose(found.residuals[True], y - design @ w, atol=1e-8)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_first_steps_are_those_of_four_hundred_batches(reduction):
    x, y = rides.draw_rides(400 * 4, 12)
    steps = [abs(getattr(np, reduction)(2 * (0.5 * x[k : k + 4] - y[k : k + 4]) * x[k : k + 4]))
             for k in range(0, 1600, 4)]  # fmt: skip
    assert rides.first_steps(4, reduction) == pytest.approx((np.mean(steps), np.std(steps)), rel=1e-12)


def test_the_product_is_that_of_eight_hundred_densities():
    """Of the rides of seed 6, in minutes and in hours; what is drawn for other seeds differs."""
    x, y = rides.draw_rides(800, 6)
    for unit, factor in (("seconds", 60), ("minutes", 1), ("hours", 1 / 60)):
        logs = stats.norm(2 * factor * x, 0.8 * factor).logpdf(factor * y)
        product, sums = rides.running_product(unit, np.float64)
        assert_allclose(sums, logs.cumsum(), rtol=1e-10)
        assert_allclose(product[:30], np.exp(logs[:30]).cumprod(), rtol=1e-10)
        assert product.size == sums.size == 800
    assert_allclose(rides.descent(4, "mean", 0.01), rides.descent(4, "mean", 0.01, 87))
    assert rides.penalised_slope(4, "sum", 1.0) == rides.penalised_slope(4, "sum", 1.0, 12)
    assert rides.of_slope(3).best == rides.of_slope(3, 12).best
    assert_allclose(rides.draw_rides(3), rides.draw_rides(3, 0))
    assert_allclose(rides.draw_rides_with_barrier(3), rides.draw_rides_with_barrier(3, 0))


def test_a_loose_ride_joins_at_five_kilometres():
    normal = rides.FAMILIES[0]
    slope, intercept = np.polyfit(np.append(rides.KM, 5.0), np.append(rides.MINUTES, 16.0), 1)
    assert_allclose(normal.line(16.0), (intercept, slope), rtol=1e-6)
    assert_allclose(normal.line(), np.polyfit(rides.KM, rides.MINUTES, 1)[::-1], rtol=1e-6)
    assert [family.name for family in rides.FAMILIES] == ["normal", "Laplace", "Student-t"]
