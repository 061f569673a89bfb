"""What the chapter on the statistical view shows, against SciPy, PyTorch, and sums done by hand."""

from __future__ import annotations

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


def test_a_model_of_features_alone_is_judged_by_the_same_average():
    distance, _ = rides.draw_rides(200, seed=1)
    fresh, _ = rides.draw_rides(200, seed=2)
    ours = normal_nll(np.full(200, distance.mean()), fresh, scale=distance.std())
    assert_allclose(ours, -stats.norm(distance.mean(), distance.std()).logpdf(fresh).mean(), rtol=1e-12)
