"""What the chapter on the recipe says and draws, against SciPy, PyTorch, statsmodels and plain arithmetic."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import statsmodels.api as sm
import torch
from numpy.testing import assert_allclose
from scipy import integrate, optimize, special, stats
from statsmodels.datasets import engel, randhie, star98

import lossbook
from lossbook.analysis import (
    density_network,
    doctor_visits,
    households,
    label_mass,
    point_forecasts,
    predicted_spread,
    railway,
)
from lossbook.analysis.delays import delays
from lossbook.analysis.residual_curve import implied_density, residual_curve
from lossbook.exercises import chapters, check
from lossbook.figures import recipe as figures
from lossbook.losses.robust import CAUCHY, HUBER


def numbers(sentence: str) -> list[float]:
    """The numbers of a readout, in order."""
    return [float(number.replace("−", "-")) for number in re.findall(r"[−-]?\d+(?:\.\d+)?", sentence)]


# ── The recipe and the four classics ─────────────────────────────────────────────────────────────────────────────────


def test_two_and_five_judged_at_seven_tenths():
    assert lossbook.beta_nll(2.0, 5.0, 0.7) == pytest.approx(-math.log(30 * 0.7 * 0.3**4), rel=1e-14)
    assert special.beta(2, 5) == pytest.approx(1 / 30)
    assert "density 0.170, a loss of 1.771 nats; the most likely value is 0.20" in figures.sunny_share().readout


@pytest.mark.parametrize("a, b", [(2.0, 5.0), (0.5, 6.0), (1.0, 1.0), (6.0, 1.5)])
def test_the_opening_figure_draws_the_density_and_its_logarithm(a, b):
    explorer = figures.sunny_share().set(a=a, b=b, y=0.3)
    left, right = explorer.figure.axes
    x, density = left.lines[0].get_data()
    assert_allclose(density, stats.beta(a, b).pdf(x), rtol=1e-12)
    assert_allclose(right.lines[0].get_ydata(), -stats.beta(a, b).logpdf(x), rtol=1e-10, atol=1e-12)
    assert_allclose(left.lines[-1].get_ydata(), stats.beta(a, b).pdf(0.3))


def test_more_than_one_forecast_makes_the_outcome_cheap_and_the_cheapest_lie_below_zero():
    explorer = figures.sunny_share()
    losses = [numbers(explorer.set(a=a, b=b, y=0.7).readout)[4] for a in figures.SHAPES for b in figures.SHAPES]
    exact = [-stats.beta(a, b).logpdf(0.7) for a in figures.SHAPES for b in figures.SHAPES]
    assert_allclose(losses, exact, atol=5.1e-4)
    assert sum(loss < -0.5 for loss in losses) > 5 and min(losses) < 0


def test_the_number_to_report_grows_with_the_level():
    explorer = figures.many_answers()
    reports = [numbers(explorer.set(quantile=level).readout)[-2] for level in np.arange(1, 20) / 20]
    assert_allclose(reports, stats.beta(2, 5).ppf(np.arange(1, 20) / 20), atol=5.1e-4)


def test_the_number_to_report_is_the_quantile(rng):
    readout = figures.many_answers().set(quantile=0.75).readout
    assert "too low costs as much as each" in figures.many_answers().set(quantile=0.5).readout
    assert f"costs 3 times as much as each that it is too high, report {stats.beta(2, 5).ppf(0.75):.3f}" in readout
    guess = figures.many_answers().predict
    beta = stats.beta(2, 5)
    assert set(guess.options) == {f"{at:.3f}" for at in (0.2, beta.median(), beta.mean(), beta.ppf(0.75))}
    assert guess.answer == f"{beta.ppf(0.75):.3f}"
    draws = rng.beta(2, 5, 200_000)
    cost = lambda c: np.mean(np.where(draws > c, 3 * (draws - c), c - draws))  # noqa: E731
    best = optimize.minimize_scalar(cost, bounds=(0, 1), method="bounded").x
    assert best == pytest.approx(stats.beta(2, 5).ppf(0.75), abs=0.005)


def test_classics_differ_from_their_likelihoods_by_constants_and_a_factor(rng):
    y, one, other = (torch.tensor(row) for row in rng.normal(size=(3, 50)))
    for ours, theirs, factor in (
        (lossbook.normal_nll, torch.nn.functional.mse_loss, 1 / 18),
        (lossbook.laplace_nll, torch.nn.functional.l1_loss, 1 / 3),
    ):
        gap = ours(one, y, scale=3.0) - ours(other, y, scale=3.0)
        assert gap == pytest.approx(factor * (theirs(one, y) - theirs(other, y)).item(), rel=1e-12)
    label = torch.tensor(rng.integers(2, size=50)).double()
    bce = torch.nn.functional.binary_cross_entropy_with_logits(one, label)
    assert lossbook.bernoulli_nll(one, label) == pytest.approx(bce.item(), rel=1e-13)
    scores, classes = torch.tensor(rng.normal(size=(50, 4))), torch.tensor(rng.integers(4, size=50))
    entropy = torch.nn.functional.cross_entropy(scores, classes)
    assert lossbook.categorical_nll(scores, classes) == pytest.approx(entropy.item(), rel=1e-13)


@pytest.mark.parametrize("name", figures.NOISE)
def test_each_drawn_noise_density_has_area_one_and_the_loss_is_its_logarithm(name):
    frozen = {
        "normal": stats.norm(scale=1.5),
        "Laplace": stats.laplace(scale=1.5),
        "Student-t, ν = 4": stats.t(4, scale=1.5),
        "Cauchy (Student-t, ν = 1)": stats.cauchy(scale=1.5),
    }[name]
    left, middle, _ = figures.density_beside_loss().set(density=name, scale=1.5).figure.axes
    assert_allclose(left.lines[1].get_ydata(), frozen.pdf(figures.RESIDUALS), rtol=1e-12)
    assert_allclose(middle.lines[1].get_ydata(), -frozen.logpdf(figures.RESIDUALS), rtol=1e-12)


def test_heavier_tails_make_the_line_through_the_households_steeper_because_a_few_rich_ones_hold_it_down():
    table = engel.load_pandas().data.sort_values("income") / 100
    rows = sm.add_constant(table["income"])
    squares = sm.OLS(table["foodexp"], rows).fit().params["income"]
    median = sm.QuantReg(table["foodexp"], rows).fit().params["income"]
    explorer, slopes = figures.density_beside_loss(), {}
    for name in figures.NOISE:
        for scale in explorer.controls["scale"].values:
            slopes[name, scale] = numbers(explorer.set(density=name, scale=scale).readout)[-2] / 100
            drawn = explorer.figure.axes[2].lines[-1].get_ydata()
            assert (drawn[1] - drawn[0]) / 47 == pytest.approx(slopes[name, scale], abs=6e-4)
    assert slopes["normal", 1.0] == pytest.approx(squares, abs=6e-4)
    assert slopes["Laplace", 1.0] == pytest.approx(median, abs=2e-3)
    assert all(slope > squares + 0.05 for (name, _), slope in slopes.items() if name != "normal")
    # Heavier than the normal's, all three; but the steepest is not always that of the heaviest tail.
    assert slopes["Student-t, ν = 4", 2.0] < slopes["Cauchy (Student-t, ν = 1)", 2.0] < slopes["Laplace", 2.0]
    assert "all three heavier tails make it steeper" in explorer.caption
    without = sm.OLS(table["foodexp"][:-3], rows[:-3]).fit().params["income"]
    assert without > squares + 0.05  # without the three richest


@pytest.mark.parametrize("name", figures.NOISE)
def test_a_lower_scale_costs_less_at_the_centre_and_more_outside(name):
    explorer = figures.density_beside_loss()
    curves = []
    for scale in (2.0, 1.5, 1.0, 0.75):
        explorer.set(density=name, scale=scale)
        curves.append(explorer.figure.axes[1].lines[1].get_ydata().copy())
    steps = np.diff(curves, axis=0)
    assert (steps[:, figures.RESIDUALS == 0] < 0).all() and (steps[:, np.abs(figures.RESIDUALS) == 4] > 0).all()


def test_lighter_tails_make_steeper_losses():
    slopes = [
        float(-np.asarray(loss.grad([0.0], [20.0], scale=1.0, **parameters))[0])
        for loss, parameters in figures.NOISE.values()  # from the lightest tail to the heaviest
    ]
    assert slopes == sorted(slopes, reverse=True) and min(slopes) > 0


def test_the_pull_of_student_t_is_largest_at_sigma_root_nu():
    e = np.linspace(0.01, 20, 20001)
    pull = np.abs(lossbook.student_t_nll_grad(0 * e, e, df=4.0, scale=1.5, reduction="none"))
    assert e[pull.argmax()] == pytest.approx(1.5 * 2, abs=2e-3)


# ── Mean and spread ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("e", [3.0, 0.1])
def test_the_best_scale_is_the_residual_and_two_sigma_spoils_it(e):
    best = optimize.minimize_scalar(lambda u: lossbook.normal_nll(0.0, e, scale=math.exp(u)), bracket=(-3, 2)).x
    assert math.exp(best) == pytest.approx(e, rel=1e-5)
    slipped = optimize.minimize_scalar(lambda u: u + e**2 / (2 * math.exp(u)), bracket=(-6, 3)).x
    assert math.exp(slipped) == pytest.approx(e**2 / 2, rel=1e-5)


def test_the_scale_figure_and_its_floor():
    explorer = figures.one_scale()
    sigma = 10**figures.DECADES
    curve = explorer.figure.axes[0].lines[0]
    assert_allclose(curve.get_ydata()[-30:], -stats.norm(scale=sigma[-30:]).logpdf(1.0), rtol=1e-12)
    explorer.set(residual=0, floor=0.1)
    assert_allclose(curve.get_ydata(), -stats.norm(scale=np.maximum(sigma, 0.1)).logpdf(0.0), rtol=1e-12)
    assert "lowest at the floor 0.1" in explorer.readout
    assert "lower the smaller σ is" in explorer.set(floor=0.0).readout


def test_without_a_floor_the_lowest_point_is_the_residual_and_the_dotted_line_says_so_only_there():
    explorer = figures.one_scale()
    curve, dotted = explorer.figure.axes[0].lines[0], explorer.figure.axes[0].lines[2]
    for residual in (0, 0.01, 0.1, 0.3, 1.0, 3.0):
        for floor in (0.0, 0.01, 0.1):
            readout = explorer.set(residual=residual, floor=floor).readout
            decades, losses = curve.get_data()
            best = 10 ** decades[np.flatnonzero(losses < losses.min() + 1e-12)[-1]]  # all are equal below a floor
            marked = 10 ** dotted.get_xdata()[0]
            if residual >= floor and residual:
                assert best == pytest.approx(residual, rel=0.04) and marked == pytest.approx(residual)
                assert f"lowest at σ = {residual:g}" in readout
            else:
                assert np.isnan(marked)
                assert best <= max(floor, 1e-3) * 1.04 and (np.diff(losses) > -1e-12).all()


def test_every_predicted_scale_collapses_and_counts_and_classes_do_not():
    for loss in (
        lambda s: lossbook.normal_nll(0.0, 0.0, scale=s),
        lambda s: lossbook.laplace_nll(0.0, 0.0, scale=s),
        lambda s: lossbook.student_t_nll(0.0, 0.0, scale=s, df=4.0),
        lambda s: lossbook.von_mises_nll(0.0, 0.0, concentration=s**-2),
        lambda s: lossbook.beta_nll(0.7 / s**2, 0.3 / s**2, 0.7),
    ):
        drops = np.diff([loss(s) for s in (1e-2, 1e-3, 1e-4, 1e-5)])
        assert_allclose(drops, -math.log(10), rtol=1e-3)  # log σ, without end
    scores = np.linspace(-30, 30, 61)
    assert min(lossbook.poisson_nll(scores, np.full(61, y), reduction="none").min() for y in range(8)) >= 0
    assert lossbook.bernoulli_nll(scores, np.ones(61, dtype=int), reduction="none").min() >= 0


def test_torch_lifts_small_variances():
    zero = torch.zeros(1, dtype=torch.float64)
    for variance in (1e-8, 1e-12):
        lifted = torch.nn.functional.gaussian_nll_loss(zero, zero, zero + variance, full=True).item()
        assert lifted == pytest.approx(-stats.norm(scale=1e-3).logpdf(0))
        exact = -stats.norm(scale=variance**0.5).logpdf(0)
        assert lossbook.normal_nll([0.0], [0.0], scale=variance**0.5) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("power", [0.0, 0.6, 1.2])
def test_the_band_is_weighted_least_squares(power):
    table = engel.load_pandas().data
    income, food = table["income"].to_numpy(), table["foodexp"].to_numpy()
    scale = 90 * (income / income.mean()) ** power
    fit = sm.WLS(food, sm.add_constant(income), weights=scale**-2).fit()
    assert_allclose(households.best_line(power), fit.params, rtol=1e-8)
    explorer = figures.engel_band().set(level=90, power=power)
    loss = -stats.norm(fit.fittedvalues, scale).logpdf(food).mean()
    assert f"the mean loss is {loss:.3f} nats" in explorer.readout
    inside = np.abs(food - fit.fittedvalues) <= 2 * scale
    shares = [100 * part.mean() for part in np.array_split(inside[income.argsort(kind="stable")], 5)]
    assert_allclose(explorer.figure.axes[1].lines[-1].get_ydata(), shares)


def test_the_best_power_is_near_the_one_that_the_text_names():
    table = engel.load_pandas().data
    income, food = table["income"].to_numpy() / 1000, table["foodexp"].to_numpy() / 1000

    def nll(w):
        relative = income / income.mean()
        return -stats.norm(w[0] + w[1] * relative, np.exp(w[2] + w[3] * np.log(relative))).logpdf(food).mean()

    best = optimize.minimize(
        nll, [0.1, 0.5, -2.0, 0.5], method="Nelder-Mead", options={"maxiter": 4000, "fatol": 1e-12}
    )
    assert best.x[3] == pytest.approx(1.2, abs=0.1)
    explorer = figures.engel_band()
    losses = {power: numbers(explorer.set(level=90, power=power).readout)[-1] for power in (0.0, 0.6, 1.0, 1.2, 1.4)}
    assert min(losses, key=losses.get) == 1.2
    assert losses[1.2] - math.log(1000) == pytest.approx(best.fun, abs=0.005)  # francs and thousands of francs


def test_with_one_sigma_no_level_suits_the_poor_and_the_rich():
    explorer = figures.engel_band()
    for level in range(70, 151, 20):
        explorer.set(level=level, power=0.0)
        shares = explorer.figure.axes[1].lines[-1].get_ydata()
        assert shares[0] > 95.4 > shares[-1] + 3 and shares[0] - shares[-1] > 8
    losses = {}
    for level in range(70, 151, 20):
        for power in np.arange(0, 1.61, 0.2).round(1):
            losses[level, power] = numbers(explorer.set(level=level, power=power).readout)[-1]
    level, power = min(losses, key=losses.get)
    assert (level, power) == (90, 1.2)
    assert np.abs(households.inside_band(90, 1.2) - 95.4).max() < 3  # the five points lie together


def engel_fit(income, food, power):
    """Maximum likelihood by SciPy: intercept, slope, log σ at the mean income, and the power if it is free."""

    def nll(w):
        scale = np.exp(w[2]) * income ** (w[3] if power else 0.0)
        return -stats.norm(w[0] + w[1] * income, scale).logpdf(food).mean()

    start = [0.0, 0.6, -2.0, 1.0][: 3 + power]
    return optimize.minimize(nll, start, method="BFGS").x


@pytest.mark.seeds
@pytest.mark.parametrize("first", [100, 200, 300])  # the chapter's splits are 0 to 59
def test_a_spread_that_follows_income_wins_on_households_not_seen(first):
    table = engel.load_pandas().data
    income, food = (table["income"] / table["income"].mean()).to_numpy(), table["foodexp"].to_numpy() / 1000
    gains, held_back, powers = [], [], []
    for split in range(first, first + 10):
        order = np.random.default_rng(split).permutation(235)
        seen, unseen = order[:157], order[157:]
        one, own = (engel_fit(income[seen], food[seen], power) for power in (False, True))
        scale = np.exp(own[2]) * income[unseen] ** own[3]
        losses = [
            -stats.norm(one[0] + one[1] * income[unseen], np.exp(one[2])).logpdf(food[unseen]).mean(),
            -stats.norm(own[0] + own[1] * income[unseen], scale).logpdf(food[unseen]).mean(),
        ]
        gains.append(losses[0] - losses[1])
        held_back.append(income.argmax() in unseen)
        powers.append(own[3])
    gains, held_back = np.array(gains), np.array(held_back)
    assert (gains > 0).all() and 0.35 < gains.mean() < 0.75
    assert gains[held_back].mean() > 2 * gains[~held_back].mean() > 0.4
    assert min(powers) > 0.9 and max(powers) < 1.35 and np.mean(powers) == pytest.approx(1.18, abs=0.05)


def test_the_power_of_growth_is_about_one():
    table = engel.load_pandas().data
    income, food = (table["income"] / table["income"].mean()).to_numpy(), table["foodexp"].to_numpy() / 1000
    best = engel_fit(income, food, True)[3]
    line = engel_fit(income, food, True)

    def profile(power):
        scale = np.exp(line[2]) * income**power
        return -stats.norm(line[0] + line[1] * income, scale).logpdf(food).sum()

    step = 0.01
    curvature = (profile(best + step) - 2 * profile(best) + profile(best - step)) / step**2
    assert best == pytest.approx(1.19, abs=0.01)
    # 0.098 with all four parameters free; the curvature along the power alone can only make it smaller
    assert 0.06 < curvature**-0.5 < 0.098 and abs(best - 1) < 2 * 0.098


# ── Fractions, counts, angles, humps ─────────────────────────────────────────────────────────────────────────────────


def test_modes_of_the_text_and_the_ray_that_shares_one():
    assert_allclose(lossbook.beta_mode([2.0, 8.0, 15.0, 1.0], [5.0, 4.0, 7.0, 3.0]), [0.2, 0.7, 0.7, 0.0])
    assert np.isnan(lossbook.beta_mode([0.5, 1.0], [0.5, 1.0])).all()
    grid = np.linspace(0.0005, 0.9995, 1000)
    for a in (2.0, 5.0, 9.5):
        b = 1 + (a - 1) * 3 / 7
        assert grid[stats.beta(a, b).pdf(grid).argmax()] == pytest.approx(0.7, abs=1e-3)
    bathtub = stats.beta(0.5, 0.25).pdf(grid)  # the formula (a − 1)/(a + b − 2) is 0.4, the lowest point
    assert grid[bathtub.argmin()] == pytest.approx(0.4, abs=1e-3)


def test_the_map_of_shapes():
    assert "1.771 nats; the most likely value is 0.20" in figures.beta_map().readout
    readout = figures.beta_map().set(a=8, b=4).readout
    assert numbers(readout)[3] == pytest.approx(-stats.beta(8, 4).logpdf(0.7), abs=5e-4) and "0.70" in readout


def test_along_the_dashed_line_the_mode_stays_and_the_loss_falls_without_a_break():
    explorer, losses = figures.beta_map(), []
    for k in range(1, 14):
        a, b = round(1 + 0.7 * k, 1), round(1 + 0.3 * k, 1)
        assert a in figures.A_VALUES and b in figures.B_VALUES  # the point can be put there
        readout = explorer.set(a=a, b=b).readout
        assert "the most likely value is 0.70" in readout
        losses.append(-stats.beta(a, b).logpdf(0.7))
        assert f"{losses[-1]:.3f}".replace("-", "−") in readout
    assert (np.diff(losses) < 0).all() and losses[-1] < -1.1  # past the lowest level line of the map
    assert "no single most likely value" in explorer.set(a=1, b=1).readout


def test_shares_of_zero_and_one_cost_infinitely_much_or_are_refused():
    assert stats.beta(2, 5).logpdf(0) == -np.inf and stats.beta(0.5, 0.5).logpdf(0) == np.inf
    for y in (0.0, 1.0):
        with pytest.raises(ValueError, match="target must lie strictly between 0 and 1"):
            lossbook.beta_nll(2.0, 5.0, y)
    schools = star98.load_pandas().data
    pupils = schools["NABOVE"] + schools["NBELOW"]
    assert (pupils.min(), pupils.max()) == (33, 38852)


def test_the_beta_of_the_districts_by_likelihood_as_scipy_fits_it():
    schools = star98.load_pandas().data
    share = (schools["NABOVE"] / (schools["NABOVE"] + schools["NBELOW"])).to_numpy()
    assert share.size == 303 and share.min() > 0 and share.max() < 1
    a, b, _, _ = stats.beta.fit(share, floc=0, fscale=1)

    def nll(raw):
        shapes = np.exp(raw)
        slopes = lossbook.beta_nll_grad(*shapes, share), lossbook.beta_nll_grad_b(*shapes, share)
        return lossbook.beta_nll(*shapes, share), shapes * slopes

    best = optimize.minimize(nll, [0.0, 0.0], jac=True, method="BFGS").x
    assert_allclose(np.exp(best), [a, b], rtol=1e-4)
    assert -stats.beta(a, b).logpdf(share).mean() < -stats.norm(share.mean(), share.std()).logpdf(share).mean()


def test_poisson_bars_and_the_two_slips_of_torch():
    explorer = figures.poisson_bars().set(rate=3.0, count=2)
    left, right = explorer.figure.axes
    heights = [bar.get_height() for bar in left.patches]
    assert_allclose(heights, stats.poisson(3).pmf(figures.COUNTS), rtol=1e-12)
    assert_allclose(right.lines[0].get_ydata(), -stats.poisson(figures.RATES).logpmf(2), rtol=1e-11)
    log_rate = torch.tensor([math.log(3)], dtype=torch.float64)
    theirs = torch.nn.functional.poisson_nll_loss(log_rate, torch.tensor([2.0]).double(), full=True).item()
    exact = -stats.poisson(3).logpmf(2)
    assert lossbook.poisson_nll(math.log(3), 2) == pytest.approx(exact, rel=1e-13)
    assert 1 - theirs / exact == pytest.approx(0.028, abs=5e-4)


def test_counts_are_cheapest_at_their_own_rate_and_dearest_near_zero():
    explorer = figures.poisson_bars()
    for rate in np.arange(0.5, 8.1, 0.5):
        likely = np.flatnonzero(
            np.isclose(stats.poisson(rate).pmf(range(16)), stats.poisson(rate).pmf(range(16)).max())
        )
        text = "count is" if likely.size == 1 else "counts are"
        assert f"the most likely {text} {' and '.join(map(str, likely))}." in explorer.set(rate=rate).readout
    for count in range(9):
        explorer.set(count=count)
        rates, losses = explorer.figure.axes[1].lines[0].get_data()
        assert rates[losses.argmin()] == pytest.approx(max(count, 0.1), abs=1e-9)
        if count:  # the same way to the left costs more than to the right
            left, right = (-stats.poisson(count * factor).logpmf(count) for factor in (0.5, 1.5))
            assert left > right


def test_doctor_visits_are_no_poisson():
    visits = randhie.load_pandas().data["mdvis"].to_numpy()
    assert math.exp(-visits.mean()) == pytest.approx(0.057, abs=5e-4)
    assert (visits == 0).mean() == pytest.approx(0.312, abs=5e-4)


def test_the_wind_does_not_notice_north():
    explorer = figures.wind_rose().set(concentration=4)
    left, right = explorer.figure.axes
    losses = -stats.vonmises(4, np.deg2rad(345)).logpdf(np.deg2rad(figures.COMPASS))
    assert_allclose(right.lines[0].get_ydata(), losses, rtol=1e-9)
    assert losses[0] == pytest.approx(losses[-1])
    assert_allclose(np.hypot(*left.lines[1].get_data()), 1 + np.exp(-losses), rtol=1e-9)
    assert "0°, 15° apart" in explorer.set(wind=0).readout
    for kappa in (0.5, 1, 2, 4, 8):  # the seam is not noticed on the circle, and is on the line of raw degrees
        explorer.set(concentration=kappa, wind=0)
        assert right.lines[0].get_ydata()[0] == pytest.approx(right.lines[0].get_ydata()[-1], abs=1e-9)
        costs = numbers(explorer.readout)[-1], numbers(explorer.set(wind=345).readout)[-1]
        assert costs[0] - costs[1] == pytest.approx(kappa * math.radians(345) ** 2 / 2, abs=0.1)
        radius = np.hypot(*left.lines[1].get_data())
        assert left.lines[1].get_ydata().max() < left.get_ylim()[1] and radius.max() < 2.25
    # one step east of south is farther round than one step west of it
    assert "150°, 165° apart" in explorer.set(wind=150).readout and "180°, 165° apart" in explorer.set(wind=180).readout


@pytest.mark.seeds
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_two_normals_tell_the_two_stories_of_the_railway_and_one_answers_between_them(seed):
    """Judged by SciPy on rides that neither network has seen."""
    two, one = railway.fitted(2, seed), railway.fitted(1, seed)
    assert two.test_loss < one.test_loss - 0.3
    km, minutes = railway.rides(seed)
    far = km > 3.5
    between = np.abs(minutes - np.interp(km, railway.KM, one.raw[:, 0])) < 0.4
    assert between[far].mean() < 0.08  # "hardly a ride took"
    for index in np.flatnonzero(railway.KM >= 3):
        early, late = railway.components(index, seed)
        assert early.mean == pytest.approx(2 * railway.KM[index], abs=0.7)
        assert 2 < late.mean - early.mean < 4 and 0.15 < late.share < 0.8
    nearest = railway.components(int(np.abs(railway.KM - 1).argmin()), seed)
    assert min(piece.share for piece in nearest) < 0.1  # near rides hardly meet the railway
    assert railway.share_down(np.array([1.0])) < 0.01 < 0.4 < railway.share_down(np.array([4.5]))


def test_each_mean_of_a_mixture_gets_its_share_of_its_own_pull():
    s, mu, sigma, y = np.array([0.3, -0.2]), np.array([1.0, 4.0]), np.array([0.5, 2.0]), 2.0
    parts = special.softmax(s) * stats.norm(mu, sigma).pdf(y)
    pull = -lossbook.normal_mixture_nll_grad_means([s], [mu], [sigma], [y])[0]
    assert_allclose(pull, parts / parts.sum() * (y - mu) / sigma**2)
    slopes = lossbook.normal_mixture_nll_grad([s], [mu], [sigma], [y])[0]
    assert_allclose(slopes, special.softmax(s) - parts / parts.sum())


def test_a_cut_through_the_railway_is_drawn_as_scipy_computes_it():
    explorer = figures.railway_slices()
    curve, bell = (line for line in explorer.figure.axes[1].lines)
    for distance in explorer.controls["distance"].values:
        readout = explorer.set(distance=distance).readout
        index = int(np.abs(railway.KM - distance).argmin())
        assert railway.KM[index] == pytest.approx(distance)
        s, mu, scale = np.split(railway.fitted(2).raw[index], 3)
        sigma = railway.FLOOR + np.exp(scale)
        mixture = stats.norm(mu, sigma).pdf(figures.TIMES[:, None]) @ special.softmax(s)
        assert_allclose(curve.get_ydata(), mixture, rtol=1e-9, atol=1e-300)
        mean, raw = railway.fitted(1).raw[index]
        assert_allclose(bell.get_ydata(), stats.norm(mean, railway.FLOOR + np.exp(raw)).pdf(figures.TIMES), rtol=1e-9)
        assert mixture.max() < explorer.figure.axes[1].get_ylim()[1]
        told = numbers(readout)
        assert [told[2], told[4]] == pytest.approx(sorted(mu), abs=0.051)
        assert told[1] + told[3] == 100 and told[2] < told[4] and told[5] == pytest.approx(mean, abs=0.051)
        if distance >= 2:
            assert told[4] - told[2] == pytest.approx(3, abs=0.6)  # about three minutes
            assert told[2] < told[5] < told[4]  # between the two
        if distance >= 3:  # the centre of the single normal stands in a valley
            at = np.searchsorted(figures.TIMES, mean)
            assert mixture[at] < min(mixture[:at].max(), mixture[at:].max())
    assert explorer.predict.answer.startswith("One between")


@pytest.mark.seeds
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_floor_does_not_keep_a_network_from_overfitting_its_variance(seed):
    ends = []
    for floor in (0.0, 0.1, 0.5):
        records = predicted_spread.run(floor, seed)
        early = predicted_spread.best(records)
        assert records[-1].test_loss > records[0].test_loss > early.test_loss  # higher than before the first step
        assert 0 < early.step <= 150 and early.test_loss < 1.7
        assert records[-1].loss < early_loss(records, early) < records[0].loss
        ends.append(records[-1].test_loss)
    assert ends == sorted(ends, reverse=True)  # the lower the floor, the higher it flies
    shown = [record.loss for record in predicted_spread.run(0.5, seed) if record.step in figures.SHOWN_STEPS]
    assert (np.diff(shown) < 0).all()


def early_loss(records, early):
    return next(record.loss for record in records if record.step == early.step)


def test_the_figure_of_the_overfitted_spread_says_what_the_network_predicts():
    table = engel.load_pandas().data
    explorer = figures.overfitted_spread()
    left = explorer.figure.axes[0]
    order = np.random.default_rng(0).permutation(235)
    seen = table.iloc[order[:40]]
    assert_allclose(left.lines[1].get_xydata(), seen[["income", "foodexp"]])
    for floor in (0.0, 0.1, 0.5):
        shown = [record for record in predicted_spread.run(floor) if record.step in figures.SHOWN_STEPS]
        assert (np.diff([record.loss for record in shown]) < 0).all()
        unseen = np.array([record.test_loss for record in shown])
        assert (np.diff(unseen)[unseen.argmin() :] > 0).all()  # turns once, and rises
        for step in figures.SHOWN_STEPS:
            told = numbers(explorer.set(step=step, floor=floor).readout)
            record = next(one for one in predicted_spread.run(floor) if one.step == step)
            assert told[1] == pytest.approx(record.loss, abs=6e-3)
            assert told[3] == pytest.approx(record.test_loss, abs=6e-3)
            assert told[-2] == pytest.approx(min(one.test_loss for one in predicted_spread.run(floor)), abs=6e-3)
            mean, low = left.lines[2].get_ydata(), left.lines[3].get_ydata()
            sigma = floor + np.exp(record.raw[:, 1])
            assert_allclose(mean, 100 * record.raw[:, 0])
            assert_allclose(low, np.clip(mean - 200 * sigma, -500, 3000))
    end, others = predicted_spread.run(0.5)[-1], table.iloc[order[40:]]
    mean, sigma = (
        np.interp(others["income"], predicted_spread.INCOMES, row) for row in predicted_spread.band(end, 0.5)
    )
    missed = np.abs(others["foodexp"] / 100 - mean) / sigma
    assert np.median(missed) < 1.5 and 0.1 < (missed > 3).mean() < 0.2  # some by many σ, not all
    assert "Of the others the network misses some by many σ." in explorer.predict.found
    logs = np.log(table["income"])
    at = (np.log(seen["income"]) - logs.mean()) / logs.std(ddof=0)
    assert_allclose(predicted_spread.split().train[0], at)
    # before the first step the losses are those of a normal that hardly depends on the income
    first = predicted_spread.run(0.0)[0]
    flat = -stats.norm(first.raw[:, 0].mean(), np.exp(first.raw[:, 1]).mean()).logpdf(seen["foodexp"] / 100).mean()
    assert first.loss == pytest.approx(flat, abs=0.5)


@pytest.mark.seeds
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_is_declared_noisy_is_not_learnt_and_beta_nll_cures_it(seed):
    misses = predicted_spread.wave_misses(seed)
    assert misses["normal"] > 0.2 and max(misses["half"], misses["squares"]) < 0.1
    assert misses["normal"] > 4 * misses["half"]


def test_the_network_descends_the_slope_that_finite_differences_find(rng):
    for criterion, columns in (
        (predicted_spread.normal_criterion(0.1), 2),
        (predicted_spread.squared_error, 2),
        (railway.mixture_criterion, 6),
    ):
        raw, y = rng.normal(0, 0.5, (5, columns)), rng.normal(0, 1, 5)
        _, slopes = criterion(raw, y)
        for place in np.ndindex(raw.shape):
            step = np.zeros_like(raw)
            step[place] = 1e-6
            change = (criterion(raw + step, y)[0].mean() - criterion(raw - step, y)[0].mean()) / 2e-6
            assert slopes[place] == pytest.approx(change, abs=1e-7)
    raw, y = rng.normal(0, 0.5, (5, 2)), rng.normal(0, 1, 5)
    scale = np.exp(raw[:, 1:])
    plain, half = (predicted_spread.normal_criterion(0.0, beta)(raw, y)[1] for beta in (0.0, 0.5))
    assert_allclose(half, plain * scale)


# ── Losses without a density; a loss of one's own ────────────────────────────────────────────────────────────────────


def test_only_the_logistic_loss_gives_the_two_labels_one_unit():
    s = figures.SCORES
    sums = {
        "logistic": special.expit(s) + special.expit(-s),
        "hinge": np.exp(-np.clip(1 - s, 0, None)) + np.exp(-np.clip(1 + s, 0, None)),
        "squared hinge": np.exp(-(np.clip(1 - s, 0, None) ** 2)) + np.exp(-(np.clip(1 + s, 0, None) ** 2)),
        "exponential": np.exp(-np.exp(-s)) + np.exp(-np.exp(s)),
    }
    assert set(sums) == set(figures.MARGIN_LOSSES)
    for name, total in sums.items():
        drawn = figures.label_mass().set(loss=name)
        assert_allclose(drawn.figure.axes[0].lines[3].get_ydata(), total, rtol=1e-12)
        assert ("a distribution" in drawn.readout) == (name == "logistic") == bool(np.ptp(total) < 1e-12)
    assert figures.label_mass().predict.answer == "The logistic loss."
    assert "on this axis it wanders between 0.736 and 0.982" in figures.label_mass().set(loss="exponential").readout
    assert "get 0.736" in figures.label_mass().readout  # 2/e
    assert f"get {1 + math.exp(-2):.3f}" in figures.label_mass().set(score=1).readout


def test_which_losses_of_a_residual_imply_a_density():
    assert implied_density(residual_curve(HUBER)).exists
    assert implied_density(residual_curve(CAUCHY, scale=1.5)).exists
    assert not implied_density(residual_curve(CAUCHY, scale=1.0)).exists
    assert not implied_density(residual_curve(lambda e: np.maximum(0, 1 - e))).exists
    narrow = residual_curve(CAUCHY, scale=1.0)
    for factor in (1.01, 1.5, 2.0):  # any factor above 1/c² gives a Student-t
        assert implied_density(residual_curve(lambda e, k=factor: k * narrow.value(e))).exists
    twice = implied_density(residual_curve(lambda e: 2 * narrow.value(e)))
    e = np.linspace(-5, 5, 11)
    assert_allclose(np.exp(-2 * narrow.value(e)) / twice.z, stats.cauchy.pdf(e), rtol=1e-5)
    for factor in (0.5, 2.0, 50.0):
        assert not implied_density(residual_curve(lambda e, k=factor: k * np.maximum(0, 1 - e))).exists
    area = integrate.quad(lambda e: math.exp(-lossbook.huber(0.0, e)), -40, 40)[0]
    assert implied_density(residual_curve(HUBER)).z == pytest.approx(area, rel=1e-6)


def test_a_cap_moves_the_best_promise_into_the_other_valley():
    delay = delays()[:59]
    promises = np.linspace(-2, 5, 7001)
    late, early = np.clip(delay[:, None] - promises, 0, None), np.clip(promises - delay[:, None], 0, None)
    uncapped, capped = ((np.minimum(3 * late, cap) + early).mean(axis=0) for cap in (np.inf, 4.0))
    assert promises[uncapped.argmin()] == pytest.approx(np.sort(delay)[44], abs=1e-3)  # the 45th of 59: τ = 3/4
    assert promises[capped.argmin()] < 1 and uncapped.min() > capped.min()
    dents = promises[1:-1][(capped[1:-1] < capped[:-2]) & (capped[1:-1] <= capped[2:])]
    assert_allclose(dents, [0.174, 2.529, 2.768], atol=2e-3)  # one valley near 0, one with two dents
    assert (uncapped[1:-1] < uncapped[:-2]).sum() == uncapped.argmin()  # and without a cap a single one
    assert (np.minimum(3 * np.clip(delay + 2, 0, None), 4.0) == 4).all()  # at −2 every ride costs the cap: no slope


@pytest.mark.parametrize("chapter", ["recipe", "contrastive"])
def test_code_of_the_exercises_fits_its_box(chapter):
    for exercise in chapters()[chapter].values():
        lines = [*exercise.code.splitlines(), *getattr(exercise, "starter_code", "").splitlines()]
        assert max(map(len, lines), default=0) <= 80, exercise.id


def test_an_angle_turned_back_twice_and_a_spread_with_a_floor_are_refused():
    def back(e):
        return np.where(e > 180, e - 360, np.where(e < -180, e + 360, e))

    def floored(mean, log_scale, target):
        scale = np.maximum(np.exp(log_scale), 1e-3)
        return np.log(2 * np.pi) / 2 + np.log(scale) + ((target - mean) / scale) ** 2 / 2

    assert not check("recipe-find-the-bug", lambda prediction, target: back(back(target - prediction))).right
    assert not check("recipe-normal-code", floored).right


# ── Guesses, the challenge, and counts that spread ───────────────────────────────────────────────────────────────────


def test_the_first_challenge_is_met_by_three_forecasts_judged_at_seven_tenths():
    explorer = figures.sunny_share()
    met = [
        (a, b, y)
        for a in explorer.controls["a"].values
        for b in explorer.controls["b"].values
        for y in explorer.controls["y"].values
        if explorer.challenge.met(a=a, b=b, y=y)
    ]
    by_scipy = [(a, b) for a in figures.SHAPES for b in figures.SHAPES if -stats.beta.logpdf(0.7, a, b) < -0.8]
    assert met == [(a, b, 0.7) for a, b in by_scipy] == [(5, 3, 0.7), (6, 3, 0.7), (6, 4, 0.7)]


def test_a_residual_of_zero_has_a_loss_without_a_lowest_value():
    sigmas = 10.0 ** -np.arange(0, 300, 10)
    losses = [lossbook.normal_nll([0.0], [0.0], scale=sigma) for sigma in sigmas]
    assert_allclose(np.diff(losses), -10 * math.log(10), rtol=1e-12)
    assert f"{math.log(10):.1f} nats" in figures.one_scale().predict.found
    assert figures.one_scale().predict.answer == "It has no lowest value."


def test_the_wind_pulls_hardest_a_quarter_turn_off():
    explorer = figures.wind_rose()
    for concentration in explorer.controls["concentration"].values:
        misses = np.arange(0.0, 181.0)
        pull = [abs(lossbook.von_mises_nll_grad(0.0, np.deg2rad(m), concentration=concentration)) for m in misses]
        assert f"{misses[np.argmax(pull)]:.0f}°" == "90°" and pull[0] == pytest.approx(pull[-1], abs=1e-12)
    assert "90°" in explorer.predict.answer


def test_the_rootogram_hangs_what_is_observed_from_what_is_expected():
    visits = randhie.load_pandas().data["mdvis"].to_numpy()
    shares = np.array([(visits == count).mean() for count in range(21)])
    explorer, losses = figures.doctor_visits(), {}
    axis = explorer.figure.axes[0]
    assert f"{visits.mean():.2f}" == "2.86"  # in the question
    assert explorer.predict.answer == pytest.approx(100 * math.exp(-visits.mean()), abs=0.05)
    ends = {}
    for spread in explorer.controls["spread"].values:
        told = numbers(explorer.set(spread=spread).readout)
        r = 1 / spread if spread else 0
        family = stats.nbinom(r, r / (r + visits.mean())) if spread else stats.poisson(visits.mean())
        losses[spread] = -family.logpmf(visits).mean()
        assert told[-4:] == pytest.approx([family.var(), 100 * family.pmf(0), 31.2, losses[spread]], abs=0.051)
        top = np.sqrt(family.pmf(range(21)))
        assert_allclose(axis.lines[0].get_ydata(), top, rtol=1e-9)
        ends[spread] = np.array([bar.get_y() for bar in axis.patches])
        assert_allclose(ends[spread], top - np.sqrt(shares), atol=1e-12)
        assert_allclose([bar.get_y() + bar.get_height() for bar in axis.patches], top, atol=1e-12)
        assert ends[spread].min() > axis.get_ylim()[0] and top.max() < axis.get_ylim()[1]
    assert ends[0.0][0] < -0.3 and (ends[0.0][2:7] > 0).all() and (ends[0.0][7:] < 0).all()
    best = min(losses, key=losses.get)
    assert best == 1.5 and np.abs(ends[best]).max() < 0.03  # the bars come to stand on the line
    assert ends[4.0][0] > 0.15 and "the bars come to stand on the line, then leave it again" in explorer.caption
    met = [spread for spread in losses if explorer.challenge.met(spread=spread)]
    assert met == [best]
    assert doctor_visits.expected(1.5).variance == pytest.approx(visits.mean() + 1.5 * visits.mean() ** 2)


def test_the_negative_binomial_has_the_zeros_and_most_of_the_tail_that_poisson_lacks():
    """Fitted here by another method and on other data than it is judged on, for three splits."""
    visits = randhie.load_pandas().data["mdvis"].to_numpy()
    assert f"{(visits == 0).mean():.1%}" == "31.2%" and f"{(visits > 15).mean():.2%}" == "1.94%"
    for split in range(3):
        order = np.random.default_rng(split).permutation(len(visits))
        seen, unseen = visits[order[:13460]], visits[order[13460:]]
        values, times = np.unique(seen, return_counts=True)
        mean = seen.mean()

        def loss(log_r, values=values, times=times, mean=mean):
            r = math.exp(log_r)
            return -(times * stats.nbinom.logpmf(values, r, r / (r + mean))).sum()

        r = math.exp(optimize.minimize_scalar(loss, bracket=(-1, 0)).x)
        uneven, calm = stats.nbinom(r, r / (r + mean)), stats.poisson(mean)
        assert uneven.var() == pytest.approx(mean + mean**2 / r)
        assert abs(uneven.pmf(0) - (unseen == 0).mean()) < 0.02 < 0.25 < (unseen == 0).mean() - calm.pmf(0)
        assert uneven.sf(15) > (unseen > 15).mean() / 2 and calm.sf(15) < 1e-6  # most of the tail, and none
        assert uneven.sf(15) < (visits > 15).mean()  # though not all of it
        assert (uneven.logpmf(unseen) - calm.logpmf(unseen)).mean() > 0.9


def test_beta_without_its_normaliser_prefers_the_worse_forecast_and_then_all_or_nothing():
    def without(a, b, y=0.7):
        return -(a - 1) * math.log(y) - (b - 1) * math.log(1 - y)

    assert without(2, 5) < without(8, 4) and stats.beta(2, 5).logpdf(0.7) < stats.beta(8, 4).logpdf(0.7)
    assert f"{without(2, 5):.3f} {without(8, 4):.3f} {without(1e-6, 1e-6):.3f}" == "5.173 6.109 -1.561"
    assert f"{-stats.beta(1e-6, 1e-6).logpdf(0.7):.2f}" == "12.95"


@pytest.mark.seeds
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_after_three_households_the_likeliest_line_is_far_too_sure_and_the_posterior_is_not(seed):
    few, more = households.coverage(3, 100, seed), households.coverage(30, 100, seed)
    assert few.plugged_in < 0.6 and 0.9 < few.posterior < 0.99
    assert 0.85 < more.plugged_in < more.posterior < 0.98


def test_the_posterior_band_is_the_prediction_interval_of_statsmodels():
    table = np.log(engel.load_pandas().data)
    seen = table.iloc[np.random.default_rng(4).permutation(235)]
    fit = sm.OLS(seen["foodexp"][:30], sm.add_constant(seen["income"][:30])).fit()
    band = fit.get_prediction(sm.add_constant(seen["income"][30:])).summary_frame(alpha=0.05)
    inside = seen["foodexp"][30:].between(band["obs_ci_lower"], band["obs_ci_upper"]).mean()
    assert households.coverage(30, 1, 4).posterior == pytest.approx(inside)


# ── What the figures compute, by hand ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("given", "hidden", "rate", "seed"), [({}, 32, 0.01, 0), ({"seed": 7}, 5, 0.05, 7)])
def test_the_small_network_is_trained_as_torch_trains_it(given, hidden, rate, seed):
    """Two hidden layers of tanh units; Adam as PyTorch has it; records before the first step and after four."""
    rng = np.random.default_rng(3)
    x, y, new, grid = rng.normal(size=9), rng.normal(size=9), rng.normal(size=(2, 4)), np.linspace(-1, 1, 6)
    if given:
        given = given | {"hidden": hidden, "rate": rate}
    found = density_network.trained(
        (x, y), tuple(new), grid, predicted_spread.normal_criterion(0.1), [6.0, 0.5], (0, 4), **given
    )
    draws = np.random.default_rng(seed)
    wanted = [(1, hidden, 1.5), (hidden, hidden, 1.0), (hidden, 2, 0.1)]
    network = torch.nn.Sequential(*(torch.nn.Linear(a, b, dtype=torch.float64) for a, b, _ in wanted))
    with torch.no_grad():
        for layer, (inside, outside, size) in zip(network, wanted, strict=True):
            layer.weight.copy_(torch.tensor(draws.normal(0, size / math.sqrt(inside), (inside, outside)).T))
            layer.bias.copy_(torch.tensor([6.0, 0.5] if outside == 2 else draws.normal(0, 0.5, outside)))

    def raw(x):
        one = torch.tanh(network[0](torch.tensor(x)[:, None]))
        return network[2](torch.tanh(network[1](one)))

    def loss(x, y):
        out = raw(x)
        return -torch.distributions.Normal(out[:, 0], 0.1 + out[:, 1].exp()).log_prob(torch.tensor(y)).mean()

    adam = torch.optim.Adam(network.parameters(), lr=rate)
    for record, steps in zip(found, (0, 4), strict=True):
        for _ in range(steps):
            adam.zero_grad()
            loss(x, y).backward()
            adam.step()
        assert record.step == steps
        assert (record.loss, record.test_loss) == pytest.approx((loss(x, y).item(), loss(*new).item()), rel=1e-9)
        assert_allclose(record.raw, raw(grid).detach(), rtol=1e-8, atol=1e-9)


def test_modes_medians_and_likeliest_counts_by_scipy():
    beta = stats.beta(3.0, 1.5)
    found = point_forecasts.beta_answers(3.0, 1.5)
    assert found == pytest.approx({"mean": beta.mean(), "median": beta.median(), "mode": 2 / 2.5}, rel=1e-12)
    assert point_forecasts.beta_quantile(3.0, 1.5, 0.2) == pytest.approx(beta.ppf(0.2), rel=1e-12)
    b = point_forecasts.beta_partner(3.0, 0.8)
    assert b == pytest.approx(1.5) and 2 / (3.0 + b - 2) == pytest.approx(0.8)
    counts = {0.0: (0,), 0.5: (0,), 1.0: (0, 1), 2.0: (1, 2), 2.9: (2,)}
    assert {rate: point_forecasts.likeliest_counts(rate) for rate in counts} == counts


def test_the_households_in_bands_of_one_spread():
    """Five fifths of 47; σ is the level at the mean income, and twice it twice as rich under a power of 1."""
    income, food = households.households()
    assert income.size == food.size == 235 == 47 * households.GROUPS
    assert f"{100 * (stats.norm.cdf(2) - stats.norm.cdf(-2)):.1f}" == "95.4" == f"{households.USUAL}"
    at = income.mean() * np.array([1, 2])
    assert_allclose(households.spread(90, 1.0, at), [90, 180])
    assert_allclose(households.spread(90, 0.5, at), [90, 90 * math.sqrt(2)])


def test_coverage_is_counted_over_draws_of_one_generator():
    """By statsmodels and a loop: the likeliest line with the σ that divides by N, and the posterior's band."""
    table = np.log(engel.load_pandas().data)
    x, y = table["income"].to_numpy(), table["foodexp"].to_numpy()
    random, held = np.random.default_rng(2), []
    for _ in range(3):
        order = random.permutation(235)
        seen, unseen = order[:6], order[6:]
        fit = sm.OLS(y[seen], sm.add_constant(x[seen])).fit()
        said = fit.get_prediction(sm.add_constant(x[unseen]))
        sigma = math.sqrt(np.mean(fit.resid**2))
        low, high = said.conf_int(obs=True, alpha=0.05).T
        plugged = np.abs(y[unseen] - said.predicted_mean) <= 1.959964 * sigma
        held.append((plugged.mean(), np.mean((low <= y[unseen]) & (y[unseen] <= high))))
    assert households.coverage(6, 3, 2) == pytest.approx(np.mean(held, axis=0))
    page = households.coverage(3)  # "on average over 300 draws"
    assert page == households.coverage(3, 300, 0)


def test_the_forty_households_of_the_overfitted_spread():
    """Forty seen and 195 not, in hundreds of francs; the network begins near a mean of 6 and a raw σ of ½."""
    income, food = households.households()
    order = np.random.default_rng(5).permutation(235)
    parts = predicted_spread.split(5)
    assert_allclose(np.concatenate(parts.incomes), income[order])
    assert_allclose(np.concatenate([parts.train[1], parts.test[1]]), food[order] / 100)
    assert parts.train[0].size == 40 and parts.test[0].size == 195
    assert_allclose(np.concatenate([parts.train[0], parts.test[0]]), stats.zscore(np.log(income))[order])
    assert predicted_spread.split() is predicted_spread.split() and predicted_spread.SEEN == 40
    assert (predicted_spread.split().incomes[0] == predicted_spread.split(0).incomes[0]).all()
    assert (predicted_spread.INCOMES[0], predicted_spread.INCOMES[-1]) == pytest.approx((380, 5000))
    assert np.ptp(np.diff(np.log(predicted_spread.INCOMES))) < 1e-12 and predicted_spread.INCOMES.size == 36
    assert_allclose(predicted_spread.scale_of(np.array([-100.0, 0.0, 1.0, 100.0]), 0.25),
                    [0.25, 1.25, 0.25 + math.e, math.exp(40)])  # fmt: skip
    assert predicted_spread.scale_of(np.array([-100.0]), 0.0)[0] == math.exp(-40)


def wave(x):
    return np.sin(3 * np.pi * x / 1.7)


def noted(monkeypatch, module, raw):
    """What a run of `module` hands to the network, whose place a function of the grid takes."""
    calls = []

    def trained(train, test, grid, criterion, start, steps, **rest):
        calls.append((train, test, grid, criterion, start, tuple(steps), rest))
        return [density_network.Record(step, 1.5, 2.5, raw(grid)) for step in steps]

    monkeypatch.setattr(module, "trained", trained)
    return calls


def test_the_waves_are_missed_by_the_root_of_the_mean_square(monkeypatch):
    """Three waves of a sine under noise of 0.02; a mean that is off by 0.3 everywhere is off by 0.3."""
    calls = noted(monkeypatch, predicted_spread, lambda x: np.stack([wave(x) + 0.3 * np.sign(x), 0 * x], axis=1))
    found = predicted_spread.wave_misses.__wrapped__(4)
    assert found == pytest.approx({"normal": 0.3, "half": 0.3, "squares": 0.3})
    raw, y = np.array([[0.2, -1.0], [0.5, 0.3]]), np.array([1.0, -1.0])
    slopes = [predicted_spread.normal_criterion(0.0, beta)(raw, y)[1] for beta in (0.0, 0.5)]
    slopes.append(predicted_spread.squared_error(raw, y)[1])
    for ((x, y_seen), (new, y_new), grid, criterion, start, steps, rest), slope in zip(calls, slopes, strict=True):
        assert_allclose(criterion(raw, y)[1], slope)
        assert (start, steps, rest) == ([0, 0], (1000,), {"seed": 4, "rate": 0.003, "hidden": 16})
        random = np.random.default_rng(4)
        assert_allclose(x, random.uniform(-1.7, 1.7, 200))
        assert_allclose(y_seen, wave(x) + random.normal(0, 0.02, 200), atol=1e-12)
        assert_allclose(new, np.linspace(-1.7, 1.7, 200))
        assert_allclose(grid, new)
        assert_allclose(y_new, wave(new), atol=1e-12)


def test_the_overfitted_run_starts_where_it_says(monkeypatch):
    calls = noted(monkeypatch, predicted_spread, lambda x: np.stack([x, x], axis=1))
    assert len(predicted_spread.run.__wrapped__(0.5)) == 16
    ((train, test, grid, criterion, start, steps, rest),) = calls
    assert (start, rest) == ([6, 0.5], {"seed": 0})
    assert steps == (0, 3, 10, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000)
    parts = predicted_spread.split(0)
    assert train is parts.train and test is parts.test
    assert_allclose(grid, predicted_spread.feature(predicted_spread.INCOMES))
    raw, y = np.array([[6.0, -3.0]]), np.array([5.0])
    assert criterion(raw, y)[0] == pytest.approx(-stats.norm(6, 0.5 + math.exp(-3)).logpdf(5))
    assert criterion(raw, y)[1] == pytest.approx(predicted_spread.normal_criterion(0.5, 0.0)(raw, y)[1])


@pytest.mark.parametrize(("count", "start"), [(1, [9, 0.5]), (2, [0, 0, 8, 10, 0.5, 0.5])])
def test_the_networks_of_the_railway_see_150_rides_and_are_judged_on_500(monkeypatch, count, start):
    calls = noted(monkeypatch, railway, lambda x: np.stack([x, x], axis=1))
    fit = railway.fitted.__wrapped__(count, 3)
    ((train, test, grid, criterion, begun, steps, rest),) = calls
    assert (fit.loss, fit.test_loss) == (1.5, 2.5) and (begun, steps) == (start, (300,))
    assert rest == {"seed": 3, "hidden": 16}
    for (x, y), (km, minutes), size in ((train, railway.rides(3), 150), (test, railway.rides(1003, 500), 500)):
        assert_allclose(x, (km - 3.25) / 1.6)
        assert x.size == size and (y == minutes).all()
    assert_allclose(grid * 1.6 + 3.25, np.linspace(0.5, 6, 67))
    assert_allclose(fit.raw[:, 0], grid)
    raw = np.array([[0.3, 0.7, 2.0, 5.0, -1.0, 0.2]])[:, -2 if count == 1 else 0 :]
    p = stats.norm(-1, 0.1 + math.exp(0.2)).pdf(4) if count == 1 else (
        special.softmax([0.3, 0.7]) @ stats.norm([2, 5], 0.1 + np.exp([-1, 0.2])).pdf(4))  # fmt: skip
    assert criterion(raw, np.array([4.0]))[0] == pytest.approx(-math.log(p))


def test_rides_and_delays_drawn_again():
    """45% of the far rides wait for three minutes; 35% of the sixty delays."""
    assert_allclose(railway.share_down(np.array([2.5, -50, 50])), [0.225, 0, 0.45], atol=1e-12)
    assert railway.share_down(np.array([3.5]))[0] == pytest.approx(0.45 * special.expit(3))
    for seed, count in ((0, 150), (9, 4)):
        random = np.random.default_rng(seed)
        km = random.uniform(0.5, 6, count)
        down = random.random(count) < 0.45 * special.expit(3 * (km - 2.5))
        again = [km, 2 * km + 3 * down + random.normal(0, 0.4, count)]
        assert_allclose(railway.rides(seed, count), again)
        assert seed or (np.array(railway.rides()) == again).all()
    random = np.random.default_rng(5)
    down = random.random(60) < 0.35
    assert_allclose(delays(), 3 * down + random.normal(0, 0.5, 60), atol=1e-12)
    parts = railway.parts(np.array([[1.0, 2, 3, 4, 0, math.log(2)]]))
    assert_allclose(np.concatenate(parts, axis=1), [[1, 2, 3, 4, 1.1, 2.1]])


def test_what_each_label_gets_at_one_score():
    found = label_mass.label_mass("hinge", [0.5, 2.0])
    assert_allclose(found.plus, np.exp([-0.5, 0]))
    assert_allclose(found.minus, np.exp([-1.5, -3]))
    assert_allclose(found.total, found.plus + found.minus)
    squared, exponential = (label_mass.label_mass(name, 0.5) for name in ("squared hinge", "exponential"))
    assert (squared.plus, squared.minus) == pytest.approx((math.exp(-0.25), math.exp(-2.25)))
    assert (exponential.plus, exponential.minus) == pytest.approx((math.exp(-math.exp(-0.5)), math.exp(-math.exp(0.5))))
    assert label_mass.label_mass("logistic", [-3.0, 0.5]).constant and not found.constant


def test_the_shares_of_visits_that_a_picture_shows():
    visits = randhie.load_pandas().data["mdvis"]
    assert_allclose(doctor_visits.observed(), [(visits == k).mean() for k in range(21)])
    poisson = doctor_visits.expected(0.0)
    assert poisson.variance == pytest.approx(visits.mean()) and poisson.shares.size == doctor_visits.MOST + 1 == 21
    assert poisson.loss == pytest.approx(-stats.poisson(visits.mean()).logpmf(visits).mean())


def test_what_the_networks_of_the_railway_say_at_one_distance(monkeypatch):
    """One normal, and a mixture of two: three quarters around seven minutes, one quarter around four."""
    raws = {1: [[0, 0], [4, math.log(0.5)]], 2: [[0] * 6, [math.log(3), 0, 7, 4, math.log(0.4), 0]]}
    seeds = []

    def fitted(count, seed):
        seeds.append(seed)
        return railway.Fit(np.array(raws[count], dtype=float), 0.0, 0.0)

    monkeypatch.setattr(railway, "fitted", fitted)
    times = np.array([3.0, 5.0, 8.0])
    assert_allclose(railway.density(1, 1, times), stats.norm(4, 0.6).pdf(times))
    both = 0.75 * stats.norm(7, 0.5).pdf(times) + 0.25 * stats.norm(4, 1.1).pdf(times)
    assert_allclose(railway.density(2, 1, times, 3), both)
    (first, second), _ = railway.components(1), railway.components(1, 4)
    assert (*first, *second) == pytest.approx((0.25, 4, 0.75, 7)) and seeds == [0, 3, 0, 4]


def test_the_band_of_a_record_and_the_best_of_three():
    records = [density_network.Record(k, loss, test, np.array([[6.0, 0.0], [7.0, math.log(2)]]))
               for k, loss, test in ((0, 3.0, 2.0), (5, 2.0, 1.0), (9, 1.0, 4.0))]  # fmt: skip
    assert predicted_spread.best(records) is records[1]
    assert_allclose(predicted_spread.band(records[0], 0.25), [[6, 7], [1.25, 2.25]])
