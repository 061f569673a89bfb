"""What the chapter on regression losses claims, over all states of its figures, against values found by other means."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from scipy.optimize import linprog
from statsmodels.datasets import engel, stackloss
from statsmodels.regression.quantile_regression import QuantReg

import lossbook
from lossbook.analysis import outliers, roots, thresholds, two_groups, wrong_fits
from lossbook.analysis.fitting import fit_constant, fit_line
from lossbook.analysis.profile import NORMAL, SAMPLE, loss_profile
from lossbook.analysis.residual_curve import implied_density, residual_curve
from lossbook.catalogue import CATALOGUE
from lossbook.exercises import Code, check, exercises
from lossbook.exercises import regression as answers
from lossbook.explorer import Explorer
from lossbook.figures import regression as figures
from lossbook.losses.regression import MAE, MSE, PINBALL
from lossbook.losses.robust import CAUCHY, HUBER

Array = NDArray[np.float64]
PLANT = stackloss.load_pandas().data
FLOW, LOST = PLANT["AIRFLOW"].to_numpy(), PLANT["STACKLOSS"].to_numpy()
CHAPTER = (Path(__file__).parents[1] / "book/part-2/regression.md").read_text(encoding="utf-8")


def numbers(readout: str) -> list[float]:
    """The numbers in a readout, in order."""
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", readout.replace("−", "-"))]


# ── One reading of nine ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def flour() -> Array:
    """Ninth reading, squared error's constant, Huber's and that of absolute error, for every state of the figure."""
    explorer = figures.flour_scales()
    found = [numbers(explorer.set(reading=at).readout) for at in np.arange(990, 1040.5, 0.5)]
    return np.array([(at, squared, huber, absolute) for at, squared, huber, absolute in found])


def test_one_diamond_of_three_follows_the_broken_scale(flour: Array) -> None:
    """ "One gram for every nine"; the last digit of a readout is half a hundredth off at most."""
    assert len(flour) == 101
    assert_allclose(flour[:, 1], (outliers.SCALES.sum() + flour[:, 0]) / 9, rtol=0, atol=0.0051)


def test_huber_moves_one_gram_for_seven_between_997_and_1004(flour: Array) -> None:
    """Between those its clipped residuals are those of seven unclipped readings and two clipped, one on each side."""
    by_hand = 1000 + np.clip((flour[:, 0] - 997) / 7, 0, 1)
    assert_allclose(flour[:, 2], by_hand, rtol=0, atol=0.0051)
    for ninth, constant in ((990.0, 1000.0), (1000.0, 1000 + 3 / 7), (1040.0, 1001.0)):
        pulls = np.clip(np.append(outliers.SCALES, ninth) - constant, -3, 3)
        assert pulls.sum() == pytest.approx(0, abs=1e-9)


def test_the_guess_before_the_scales_is_what_happens(flour: Array) -> None:
    (before,), (after,) = flour[flour[:, 0] == 1010, 1:], flour[flour[:, 0] == 1040, 1:]
    guess = figures.flour_scales().predict
    assert guess.named[guess.letter] == guess.answer == ("None of them.", "One of them.")[np.sum(before != after)]
    assert numbers(guess.found)[2:] == [before[0], after[0], after[1]]
    assert after[1] == after[2], "absolute error stays where Huber's stays"


def test_the_median_moves_gram_for_gram_between_its_neighbours_alone(flour: Array) -> None:
    assert_allclose(flour[:, 3], np.clip(flour[:, 0], 1000, 1001), rtol=0, atol=0.0051)


def test_the_other_two_move_only_while_the_reading_is_among_the_others(flour: Array) -> None:
    """As the caption says: between 996 and 1004."""
    for column in (2, 3):
        moving = flour[1:][np.diff(flour[:, column]) != 0, 0]
        assert outliers.SCALES.min() < moving.min() and moving.max() <= outliers.SCALES.max()


# ── The profile ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_huber_constant_below_mean_and_median() -> None:
    """As text and caption say of δ = 0.5: four points above 0.5, four below −0.5, and −0.1 + 0.2 + 0.4 = 0.5."""
    assert np.clip(SAMPLE, -0.5, 0.5).sum() == pytest.approx(0, abs=1e-12)
    assert fit_constant(HUBER, SAMPLE, delta=0.5) == pytest.approx(0, abs=1e-9)
    assert 0 < np.median(SAMPLE) < np.mean(SAMPLE)
    assert loss_profile(HUBER, np.array(SAMPLE), delta=0.5).constant == pytest.approx(0, abs=1e-4)


def test_huber_goes_to_the_mean_and_to_the_median() -> None:
    assert fit_constant(HUBER, SAMPLE, delta=100.0) == pytest.approx(np.mean(SAMPLE), abs=1e-9)
    assert fit_constant(HUBER, SAMPLE, delta=0.01) == pytest.approx(np.median(SAMPLE), abs=0.006)
    caption = figures.huber_profile().caption
    assert "mean of the sample, 0.25" in caption and "median, 0.05" in caption


def test_the_slope_is_the_residual_clipped() -> None:
    for delta in (0.1, 1.0, 4.0):
        e = np.linspace(-5, 5, 101)
        assert_allclose(residual_curve(HUBER, delta=delta).slope(e), np.clip(e, -delta, delta), rtol=0, atol=1e-12)


def test_the_dotted_density_is_the_standard_normal() -> None:
    assert NORMAL[200] == pytest.approx(0.3989423, abs=1e-7)  # at e = 0
    assert NORMAL[240] == pytest.approx(0.2419707, abs=1e-7)  # at e = 1


# ── A line and one loose point ───────────────────────────────────────────────────────────────────────────────────────


def slopes_at(x: float) -> dict[str, Array]:
    """The slope of each line as the loose point goes up at one x, through every state of the figure."""
    lines = [outliers.lines_with_outlier(x, float(y)) for y in range(19)]
    return {one.short: np.array([line[one.label].slope for line in lines]) for one in outliers.LINES}


def test_along_the_edge_squared_error_tilts_in_proportion() -> None:
    steps = np.diff(slopes_at(10.5)["squared"])
    assert_allclose(steps, steps[0], rtol=1e-9)
    assert steps[0] > 0.04


def test_along_the_edge_huber_gives_way_and_then_holds() -> None:
    steps = np.diff(slopes_at(10.5)["Huber"])
    moving = np.flatnonzero(np.abs(steps) > 1e-6)
    assert 2 <= len(moving) <= 4 and (np.diff(moving) == 1).all()


def test_along_the_edge_absolute_error_holds_on_both_sides_and_follows_the_point_across() -> None:
    """Between the states of the figure too: no line jumps, that of absolute error runs through the point instead."""
    heights = np.linspace(0, 18, 181)
    lines = [outliers.lines_with_outlier(10.5, float(y))["absolute"] for y in heights]
    slopes = np.array([line.slope for line in lines])
    gaps = np.array([float(line(10.5)) for line in lines]) - heights
    across = np.abs(gaps) < 1e-9
    assert_allclose(slopes[~across & (gaps > 0)], slopes[0], rtol=0, atol=1e-6)
    assert_allclose(slopes[~across & (gaps < 0)], slopes[-1], rtol=0, atol=1e-6)
    assert slopes[-1] - slopes[0] > 0.05 and 4 <= np.count_nonzero(across) <= 7 and np.diff(slopes).max() < 0.02


def test_along_the_edge_cauchy_lets_go() -> None:
    """With the point at either end of its way the slope is nearer to that of the ten points than half-way."""
    (ten,) = (one.line(outliers.LINE_X, outliers.LINE_Y).slope for one in outliers.LINES if one.short == "Cauchy")
    off = np.abs(slopes_at(10.5)["Cauchy"] - ten)
    assert off[0] < 0.01 and off[-1] < 0.015 and off[5:16].max() > 0.03


def test_in_the_middle_the_point_tilts_hardly_any_line() -> None:
    for label, slopes in slopes_at(5.5).items():
        assert np.ptp(slopes) < 0.025, label
    assert np.ptp(slopes_at(5.5)["squared"]) < 1e-9
    assert_allclose(slopes_at(5.5)["squared"], np.polyfit(outliers.LINE_X, outliers.LINE_Y, 1)[0], rtol=1e-9)


def test_absolute_error_passes_through_the_far_point_whatever_its_target() -> None:
    """The best of all lines through two of the eleven points, which is one of the optima."""
    for target in (0.0, 20.0, 1000.0):
        x, y = np.append(outliers.LINE_X, 60.0), np.append(outliers.LINE_Y, target)
        costs = {}
        for i, j in itertools.combinations(range(11), 2):
            slope = (y[j] - y[i]) / (x[j] - x[i])
            costs[i, j] = np.abs(y - y[i] - slope * (x - x[i])).sum(), slope
        pair = min(costs, key=costs.__getitem__)
        line = outliers.lines_with_outlier(60.0, target)["absolute"]
        assert 10 in pair
        assert_allclose([line(60.0), line.slope], [target, costs[pair][1]], atol=1e-6)


def test_at_an_ordinary_feature_a_wild_target_does_nothing() -> None:
    ten = fit_line(MAE, outliers.LINE_X, outliers.LINE_Y).slope
    assert outliers.lines_with_outlier(9.5, 1000.0)["absolute"].slope == pytest.approx(ten, abs=1e-6)


# ── Days left out ────────────────────────────────────────────────────────────────────────────────────────────────────


def least_absolute(x: Array, y: Array) -> tuple[float, float]:
    """The smallest and the largest slope among the lines of least absolute error, by linear programming."""
    n = len(x)
    fits = np.c_[np.ones(n), x, np.eye(n), -np.eye(n)]
    cost = np.r_[0, 0, np.ones(2 * n)]
    bounds = [(None, None)] * 2 + [(0, None)] * 2 * n
    best = linprog(cost, A_eq=fits, b_eq=y, bounds=bounds).fun
    ends = []
    for sign in (1, -1):
        slope = sign * np.eye(2 * n + 2)[1]
        program = linprog(slope, A_ub=cost[None], b_ub=[best + 1e-9], A_eq=fits, b_eq=y, bounds=bounds)
        ends.append(sign * program.fun)
    return ends[0], ends[1]


def test_no_single_day_moves_the_absolute_error_slope() -> None:
    for day in range(22):
        kept = np.arange(1, 22) != day
        assert_allclose(least_absolute(FLOW[kept], LOST[kept]), 1, atol=1e-6)
        assert outliers.slopes_without([day], FLOW, LOST)["absolute"] == pytest.approx(1, abs=1e-6)


def test_day_21_matters_most_to_squared_error() -> None:
    def slope(day: int) -> float:
        kept = np.arange(1, 22) != day
        return float(np.polyfit(FLOW[kept], LOST[kept], 1)[0])

    moved = {day: slope(day) - slope(0) for day in range(1, 22)}
    assert max(moved, key=lambda day: abs(moved[day])) == 21
    assert moved[21] == pytest.approx(0.078, abs=0.0005)


def test_a_group_of_deletions_cancels_under_squared_error() -> None:
    every = outliers.slopes_without([], FLOW, LOST)
    moved = {
        days: {label: slope - every[label] for label, slope in outliers.slopes_without(days, FLOW, LOST).items()}
        for days in ((21,), (1, 3, 4), (1, 3, 4, 21))
    }
    assert moved[21,]["squared"] > 0.07 and moved[1, 3, 4]["squared"] < -0.2
    assert abs(moved[1, 3, 4, 21]["squared"]) < abs(moved[1, 3, 4, 21]["absolute"])
    kept = ~np.isin(np.arange(1, 22), [1, 3, 4, 21])
    assert_allclose(least_absolute(FLOW[kept], LOST[kept]), 0.875, atol=1e-6)
    wide = [fit_line(CAUCHY, x, y, scale=4.0).slope for x, y in ((FLOW, LOST), (FLOW[kept], LOST[kept]))]
    assert abs(wide[0] - wide[1]) > abs(moved[1, 3, 4, 21]["squared"])  # as the text says of twice that c


def test_the_readout_names_the_days() -> None:
    plant = figures.days_left_out()
    assert plant.set(day=0).readout.startswith("With no day left out the slopes are: squared 1.020, Huber 1.017,")
    assert plant.set(day=21).readout.startswith("With day 21 left out")
    assert plant.set(day=3, group=True).readout.startswith("With days 1, 3, 4 left out")


# ── Quantiles, and the gallery ───────────────────────────────────────────────────────────────────────────────────────


def test_upper_quantile_lines_are_steeper() -> None:
    households = engel.load_pandas().data
    income, food = households["income"].to_numpy(), households["foodexp"].to_numpy()
    levels = np.linspace(0.05, 0.95, 19)
    lines = [fit_line(PINBALL, income, food, quantile=round(level, 2)) for level in levels]
    slopes = [line.slope for line in lines]
    assert (np.diff(slopes) > 0).all()
    shares = [outliers.share_below(line, income, food)[1] for line in lines]
    assert_allclose(shares, levels, rtol=0, atol=0.01)  # "about that share of the households below it"
    features = np.column_stack([np.ones_like(income), income])
    theirs = [QuantReg(food, features).fit(q=level).params[1] for level in (0.1, 0.5, 0.9)]
    assert_allclose([slopes[1], slopes[9], slopes[17]], theirs, rtol=1e-3)


def test_which_slopes_level_off() -> None:
    """As under the gallery: log-cosh, pinball and ε-insensitive do, pinball at half the height; Cauchy turns back."""
    far = np.array([40.0, 80.0])
    for name, height in (("log_cosh", 1.0), ("pinball", 0.5), ("epsilon_insensitive", 1.0)):
        assert_allclose(residual_curve(name).slope(far), height, rtol=0, atol=1e-9)
    cauchy = residual_curve("cauchy").slope(np.array([0.5, 1.0, 2.0, 4.0, 8.0]))
    assert cauchy.argmax() == 1 and (np.diff(cauchy)[1:] < 0).all()
    shown = figures.gallery().controls["loss"].texts
    here = {loss.title for loss in CATALOGUE.values() if loss.chapter == "regression"}
    assert here - set(shown) == {"root mean squared error"}


def test_the_influences_are_slopes_of_losses() -> None:
    e = np.array([-4.0, -0.5, 0.5, 4.0])
    squared, huber, absolute, cauchy = (one.slope(e) for one in outliers.LINES)
    assert_allclose(squared, 2 * e)
    assert_allclose(huber, [-1, -0.5, 0.5, 1])
    assert_allclose(absolute, [-1, -1, 1, 1])
    assert_allclose(cauchy, e / (1 + e**2))


# ── Sentences with numbers ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_gradient_of_the_root_vanishes_in_what_is_trained() -> None:
    """By hand for 1, 2, 9: ∂RMSE/∂c = (c − 4)/RMSE, while the entries keep the length 1/√3."""
    sample = np.array([1.0, 2.0, 9.0])
    for c in (0.0, 2.0, 3.0, 3.9, 4.0):
        entries = lossbook.rmse_grad(np.full(3, c), sample)
        rmse = np.sqrt(np.mean((sample - c) ** 2))
        assert np.linalg.norm(entries) == pytest.approx(1 / np.sqrt(3), abs=1e-12)
        assert entries.sum() == pytest.approx((c - 4) / rmse, abs=1e-12)
        assert_allclose(entries, lossbook.mse_grad(np.full(3, c), sample) / (2 * rmse), atol=1e-15)


def test_cauchy_is_half_a_square_times_a_cauchy_likelihood() -> None:
    from scipy import stats

    e = np.linspace(-6, 6, 25)
    for c in (0.5, 1.0, np.sqrt(2), 3.0):
        difference = residual_curve(CAUCHY, scale=c).value(e) + c**2 / 2 * stats.cauchy(scale=c).logpdf(e)
        assert np.ptp(difference) < 1e-12
        implied = implied_density(residual_curve(CAUCHY, scale=c))
        assert implied.exists == (c > 1)
        if implied.exists:
            nu = c**2 - 1
            assert_allclose(implied(e), stats.t(nu, scale=c / np.sqrt(nu)).pdf(e), rtol=1e-3)


def test_the_mean_needs_no_normal_noise() -> None:
    """As under *Why*: with skewed noise both losses keep what they estimate, in each of three draws."""
    for seed in range(3):
        sample = np.random.default_rng(seed).exponential(size=51)
        assert fit_constant(MSE, sample) == pytest.approx(sample.mean(), rel=1e-9, abs=0)
        assert fit_constant(MAE, sample) == pytest.approx(np.median(sample), rel=1e-9, abs=0)


def test_the_shown_source_is_the_whole_body_of_huber() -> None:
    """The page leaves out signature and documentation, and nothing else."""
    import ast
    import inspect

    start = re.search(r":pyobject: huber\n:language: python\n:start-at: (.+)\n", CHAPTER)
    source = inspect.getsource(lossbook.huber)
    function = ast.parse(source).body[0]
    assert start and isinstance(function, ast.FunctionDef)
    assert source.splitlines()[function.body[1].lineno - 1].strip() == start[1]
    assert source.count(start[1]) == 1


# ── What holds for the whole chapter ─────────────────────────────────────────────────────────────────────────────────

COLOURS = re.compile(r"\b(blue|orange|red|green|purple|violet|yellow|brown|gr[ae]y|black|white)\b", re.IGNORECASE)


def test_no_sentence_depends_on_a_colour() -> None:
    assert not COLOURS.findall(CHAPTER)
    made = (figures.flour_scales, figures.huber_profile, figures.gallery, figures.outlier_line, figures.one_weight)
    made += (figures.threshold, figures.cauchy_minima, figures.days_left_out)
    for make in (*made, figures.quantile_lines, figures.influence):
        explorer: Explorer = make()
        assert not COLOURS.findall(f"{explorer.caption} {explorer.alt}")


def test_code_of_the_exercises_fits_its_box() -> None:
    for exercise in exercises().values():
        if exercise.id.startswith("regression-") and isinstance(exercise, Code):
            for line in (*exercise.starter_code.splitlines(), *exercise.code.splitlines()):
                assert len(line) <= 80, line


# ── The guesses ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_single_day_moves_the_absolute_slope_and_each_moves_the_squared_one_day_21_most() -> None:
    plant = stackloss.load_pandas().data
    flow, lost = plant["AIRFLOW"].to_numpy(), plant["STACKLOSS"].to_numpy()
    every = outliers.slopes_without((), flow, lost)
    moved = {label: [] for label in every}
    for day in range(1, 22):
        for label, slope in outliers.slopes_without([day], flow, lost).items():
            moved[label].append(abs(slope - every[label]))
    assert every["absolute"] == pytest.approx(1, abs=1e-9) and max(moved["absolute"]) < 1e-9
    assert min(moved["squared"]) > 1e-9 and np.argmax(moved["squared"]) == 20
    assert sum(change < 5e-4 for change in moved["squared"]) == 2 and "two of them in the fourth" in (
        figures.days_left_out().predict.found
    )
    assert figures.days_left_out().predict.answer == sum(change > 1e-9 for change in moved["absolute"])


def test_from_one_tenth_to_nine_tenths_the_quantile_line_rises_and_becomes_steeper_at_every_step() -> None:
    explorer = figures.quantile_lines()
    households = engel.load_pandas().data
    income, food = households["income"].to_numpy(), households["foodexp"].to_numpy()
    lines = [QuantReg(food, np.column_stack([np.ones_like(income), income])).fit(q=q).params for q in (0.1, 0.5, 0.9)]
    assert lines[0][1] < lines[1][1] < lines[2][1]
    for x in (income.min(), np.median(income), income.max()):
        assert lines[0] @ [1, x] < lines[1] @ [1, x] < lines[2] @ [1, x]
    assert explorer.predict.letter == "B"
    poor = income < np.median(income)
    off = food - np.column_stack([np.ones_like(income), income]) @ lines[1]
    assert off[~poor].std() > 1.5 * off[poor].std(), "rich households differ more"


# ── RMSE along one weight ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_root_is_smallest_where_the_square_is_and_the_mean_of_batches_below_and_elsewhere() -> None:
    """In every state: caption and text of the figure, against a grid and the chain rule by differences."""
    explorer, flatness, apart = figures.one_weight(), [], []
    step = roots.WEIGHTS[1] - roots.WEIGHTS[0]
    for noise in explorer.controls["noise"].values:
        here, y = roots.along(noise), roots.X + noise * roots.NOISE
        assert np.array_equal(y, roots.targets(noise))
        exact = roots.X @ y / (roots.X @ roots.X)
        assert here.best(here.squares) == here.best(here.root) == pytest.approx(exact, abs=step / 2 + 1e-9)
        assert (here.batches <= here.root + 1e-12).all()
        assert_allclose(np.gradient(here.squares, step)[1:-1], here.squares_slope[1:-1], atol=1e-9)
        smooth = here.root > 0.05
        assert_allclose(here.squares_slope[smooth] / (2 * here.root[smooth]), here.root_slope[smooth], atol=1e-12)
        assert np.abs(here.root_slope).max() <= np.sqrt(np.mean(roots.X**2)) + 1e-12, "it levels off below this"
        at = int(here.root.argmin())
        flatness.append(here.root[at + 20] - here.root[at])
        apart.append(here.best(here.root) - here.best(here.batches))
        for weight in explorer.controls["weight"].values:
            told = numbers(explorer.set(noise=noise, weight=weight).readout)
            fit = weight * roots.X
            expected = [np.mean((y - fit) ** 2), np.sqrt(np.mean((y - fit) ** 2))]
            assert_allclose([told[1], told[3]], expected, atol=0.00051)
    assert (np.diff(flatness) < 0).all(), "the more noise, the flatter"
    assert apart[0] == 0 and (np.diff(apart) > 0).all()
    quiet = [
        np.std((roots.NOISE - roots.X * (roots.X @ roots.NOISE) / (roots.X @ roots.X))[at]) for at in roots.BATCHES
    ]
    assert quiet[0] < quiet[1] / 5


# ── How to set δ ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_how_far_a_huber_constant_scatters() -> None:
    """Against integrals of ψ² and ψ′ over the density, in every state of the figure."""
    from scipy import stats

    explorer = figures.threshold()
    deltas = explorer.controls["delta"].values
    best = []
    for share in explorer.controls["share"].values:
        curve = []
        for delta in deltas:
            e = np.linspace(-delta, delta, 2001)
            density = (1 - share) * stats.norm.pdf(e) + share * stats.norm.pdf(e, scale=thresholds.WILD)
            inside = np.trapezoid(density, e)
            curve.append(np.sqrt(np.trapezoid(e**2 * density, e) + delta**2 * (1 - inside)) / inside)
        assert_allclose(thresholds.scatter(np.array(deltas), share), curve, rtol=1e-5)
        best.append(deltas[int(np.argmin(curve))])
        assert thresholds.of_the_mean(share) == pytest.approx(np.sqrt(1 + 99 * share))
        told = numbers(explorer.set(share=share, delta=2.0).readout)
        assert told[2] == pytest.approx(float(thresholds.scatter(2.0, share)), abs=0.00051)
        if share:
            assert thresholds.scatter(thresholds.EFFICIENT, share) < 0.7 * thresholds.of_the_mean(share)
    assert (np.diff(best) <= 0).all() and best[-1] < 1.345 < best[1], "the best δ moves to the left"


def test_at_1345_the_efficiency_is_95_per_cent_and_18_per_cent_lie_beyond() -> None:
    from scipy import stats

    assert float(thresholds.scatter(1.345)) ** -2 == pytest.approx(0.95, abs=0.0005)
    assert float(thresholds.scatter(1.345)) == pytest.approx(1.026, abs=0.0005)
    assert 2 * stats.norm.sf(1.345) == pytest.approx(0.18, abs=0.005)
    assert stats.norm.ppf(0.75) == pytest.approx(thresholds.QUARTILE, abs=0.00005)
    assert thresholds.scatter(np.linspace(1.345, 9, 50)).max() < 1.0262, "5 per cent is the most that a wider δ loses"


def test_the_scale_of_a_rule_is_not_inflated_by_wild_points() -> None:
    normal = np.random.default_rng(0).normal(0, 3, 4001)
    assert thresholds.rule(normal) == pytest.approx(1.345 * 3, rel=0.05)
    wild = normal.copy()
    wild[:100] = 1e6
    assert thresholds.rule(wild) == pytest.approx(thresholds.rule(normal), rel=0.05)
    with pytest.raises(ValueError, match="residuals must hold at least one number"):
        thresholds.rule([])


# ── Cauchy's two minima ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_narrow_cauchy_has_two_minima_and_the_start_decides() -> None:
    """Every state: descent ends in a minimum, at a wide c in the one there is, at a narrow one in that of its slope."""
    explorer = figures.cauchy_minima()
    counts = []
    for scale in explorer.controls["scale"].values:
        found = two_groups.minima(scale)
        counts.append(found.size)
        ends = [two_groups.end(scale, start) for start in explorer.controls["start"].values]
        for start, end in zip(explorer.controls["start"].values, ends, strict=True):
            assert np.abs(found - end).min() < 0.02
            slope = residual_curve(CAUCHY, scale=scale).slope(two_groups.SAMPLE - end).sum()
            assert slope == pytest.approx(0, abs=1e-7)
            assert numbers(explorer.set(scale=scale, start=start).readout)[1] == found.size
        assert len({round(end, 3) for end in ends}) == found.size, "each minimum is some start's"
        assert (np.diff(ends) > -1e-6).all(), "a start further right never ends further left"
    assert set(counts) == {1, 2} and (np.diff(counts) <= 0).all() and counts[0] == 2


# ── When training goes wrong ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.seeds
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_each_mistake_leaves_its_mark(seed: int) -> None:
    runs = {case: wrong_fits.run(case, seed) for case in wrong_fits.CASES}
    variance = runs["none"].variance
    assert runs["none"].loss[-1] < 0.1 * variance
    assert runs["column"].loss[-1] == pytest.approx(variance, rel=1e-6) and abs(runs["column"].slope) < 1e-6
    assert 0.85 * variance < runs["shuffled"].loss[-1] <= variance
    feature = runs["feature"].loss
    assert 5.5 < np.log10(feature[1] / feature[0]) < 6.5 and np.isinf(feature[-1]) and 40 < len(feature) < 60
    unit = runs["unit"].loss
    assert_allclose(np.diff(unit), np.diff(unit)[0], rtol=1e-6)
    assert unit[-1] > 0.99 * unit[0]
    jitter = np.sign(np.diff(runs["jitter"].loss[-50:]))
    assert (jitter[1:] == -jitter[:-1]).all()
    with pytest.raises(ValueError, match="case must be one of"):
        wrong_fits.run("luck")


def test_pytorch_warns_of_three_losses_and_is_silent_about_two() -> None:
    import warnings

    import torch
    from torch.nn import functional

    flat, column = torch.ones(3), torch.ones(3, 1)
    for name in ("mse_loss", "l1_loss", "huber_loss"):
        with pytest.warns(UserWarning, match="target size"):
            getattr(functional, name)(flat, column)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        functional.gaussian_nll_loss(flat, column, flat)
        functional.poisson_nll_loss(flat, column)
    with pytest.raises(ValueError, match="shape"):
        lossbook.mse(np.ones(3), np.ones((3, 1)))


# ── Answers that are not right ───────────────────────────────────────────────────────────────────────────────────────

CODES: dict[str, Callable[..., Array | float]] = {
    "regression-mse-code": answers.mean_squared_error,
    "regression-mse-gradient-code": answers.mse_gradient,
    "regression-rmse-of-batches-code": answers.rmse_of_batches,
    "regression-find-the-bug": answers.repaired_huber,
    "regression-pinball-code": answers.pinball_loss,
}


@pytest.mark.parametrize("name", CODES)
def test_no_function_with_a_limit_or_a_tiny_number_is_accepted(name: str) -> None:
    right = CODES[name]
    residuals = "rmse" not in name

    def limited(limit: float) -> Callable[..., Array | float]:
        if residuals:
            return lambda first, second, **level: right(np.clip(first - second, -limit, limit), 0 * second, **level)
        return lambda rmses, sizes: right(np.minimum(rmses, limit), sizes)

    assert check(name, right).right
    for limit in (10, 100, 1e5):
        assert not check(name, limited(limit)).right
    assert not check(name, lambda *given, **level: right(*given, **level) + 1e-8).right


@pytest.mark.parametrize("tiny", [1e-12, 1e-8])
def test_an_rmse_with_a_tiny_number_under_its_root_is_not_accepted(tiny: float) -> None:
    assert not check("regression-rmse-of-batches-code", lambda r, n: np.sqrt(np.average(r**2, weights=n) + tiny)).right


@pytest.mark.parametrize(
    ("name", "wrong", "heard"),
    [
        ("regression-huber-at-two", 12, "sign of the constant"),
        ("regression-huber-at-two", 3, "beyond"),
        ("regression-mse-by-hand", -1, "mean of the residuals"),
        ("regression-mse-by-hand", 9, "squared then"),
        ("regression-mse-gradient-by-hand", 2, "sum"),
        ("regression-mse-gradient-by-hand", 5.67, "loss"),
        ("regression-clipped-pull", 1.33, "Two things"),
        ("regression-clipped-pull", 32.67, "Two things"),
        ("regression-rmse-of-two-batches", 34, "sum"),
    ],
)
def test_a_likely_wrong_number_hears_its_own_name(name: str, wrong: float, heard: str) -> None:
    assert heard in check(name, wrong).messages[0]


# ── Data and small formulas, again by hand ───────────────────────────────────────────────────────────────────────────


def test_the_contenders_and_what_they_are_called() -> None:
    parameters = {
        outliers.WEIGHERS: [{}, {"delta": 3}, {}],
        outliers.LINES: [{}, {}, {}, {"scale": 1}],
        outliers.PLANT: [{}, {"delta": 2}, {}, {"scale": 2}],
        outliers.LANDLORDS: [{}, {"delta": 100}, {}],
    }
    for contenders, expected in parameters.items():
        assert [one.parameters for one in contenders] == expected
        losses = [MSE, HUBER, MAE, CAUCHY][: len(contenders)]
        assert [one.loss for one in contenders] == losses
        for one in contenders:  # the label names the parameter that is used; the default of Huber's δ is 1
            used = {**({"delta": 1.0} if one.loss == HUBER else {}), **one.parameters}
            assert re.findall(r"= (\d+)", one.label) == [f"{value:g}" for value in used.values()]
    assert [one.short for one in outliers.LINES] == ["squared", "Huber", "absolute", "Cauchy"]
    assert_allclose(outliers.PLANT[1].slope(np.array([-5.0, 1.0, 5.0])), [-2, 1, 2])


def test_the_readings_the_line_and_the_rents() -> None:
    assert sorted(outliers.SCALES) == [996, 998, 999, 1000, 1001, 1002, 1003, 1004]
    assert outliers.weights(1040.0)[0] == pytest.approx((outliers.SCALES.sum() + 1040) / 9)
    assert outliers.weights(1040.0)[2] == pytest.approx(1001) and outliers.weights(900.0)[2] == pytest.approx(1000)
    assert outliers.LINE_X.tolist() == list(range(1, 11)) and outliers.FLATS.tolist() == list(range(20, 111, 10))
    slope, intercept = np.polyfit([*outliers.LINE_X, 8.0], [*outliers.LINE_Y, -3.0], 1)
    line = outliers.lines_with_outlier(8.0, -3.0)["squared"]
    assert (line.slope, line.intercept) == pytest.approx((slope, intercept))
    slope, intercept = np.polyfit(outliers.FLATS, [*outliers.RENTS, 2000.0], 1)
    line = outliers.rent_lines(2000.0)[0]
    assert (line.slope, line.intercept) == pytest.approx((slope, intercept))
    absolute = outliers.rent_lines(2000.0)[2]
    steepest = least_absolute(outliers.FLATS, np.append(outliers.RENTS, 2000))
    assert (absolute.slope, absolute.slope) == pytest.approx(steepest)  # the least and the greatest of the best slopes
    assert absolute.intercept == pytest.approx(np.median([*outliers.RENTS, 2000] - absolute.slope * outliers.FLATS))


def test_days_are_counted_from_one_and_a_point_on_the_line_is_not_below() -> None:
    x, y = np.arange(6.0), np.array([50.0, 3, 5, 7, 9, 60])
    slopes = outliers.slopes_without({1, 6}, x, y)
    assert slopes == pytest.approx({one.label: 2.0 for one in outliers.PLANT}, abs=1e-6)
    line = fit_line(MSE, [0.0, 1.0], [0.0, 1.0])
    below = outliers.share_below(line, np.arange(5.0), np.array([0, 0.5, 2.0, 2.0, 4.5]))
    assert below == (2, 0.4)
    assert outliers.share_below(line, np.arange(3.0), np.array([-1e-5, 1.0, 2.0]))[0] == 1


def test_the_weights_and_batches_of_three_losses() -> None:
    assert_allclose(roots.WEIGHTS, np.arange(-100, 301) / 100, atol=1e-12)
    assert roots.X.tolist() == [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] * 2
    assert np.abs(roots.NOISE[:8]).max() < 0.1 < 0.4 <= np.abs(roots.NOISE[8:]).min() and len(roots.NOISE) == 16
    here, e = roots.along(0.5), 0.5 * roots.NOISE - 0.3 * roots.X  # at w = 1.3
    at = 230
    assert here.squares[at] == pytest.approx((e**2).mean()) and here.root[at] == pytest.approx((e**2).mean() ** 0.5)
    parts = [np.linalg.norm(part) / 8**0.5 for part in (e[:8], e[8:])]
    assert here.batches[at] == pytest.approx(sum(parts) / 2)
    assert here.squares_slope[at] == pytest.approx(-2 * (e * roots.X).mean())
    assert here.root_slope[at] == pytest.approx(-(e * roots.X).mean() / (e**2).mean() ** 0.5)


def test_wild_noise_is_ten_times_as_wide_and_shares_are_refused_beyond_one() -> None:
    assert thresholds.WILD == 10 and thresholds.EFFICIENT == 1.345
    assert thresholds.of_the_mean() == 1 and thresholds.of_the_mean(1.0) == 10
    assert thresholds.scatter(2.0) == thresholds.scatter(2.0, 0.0)
    assert thresholds.scatter(13.45, 1.0) == pytest.approx(10 * thresholds.scatter(1.345))  # all wild: all ten times
    assert thresholds.rule([0, 1, 5, 6, 7]) == pytest.approx(1.345 * 2 / 0.6745)  # from the median 5: 0 1 2 4 5
    with pytest.raises(ValueError, match="share must"):
        thresholds.scatter(1.0, 1.1)
    assert np.isfinite(thresholds.scatter(1.0, 1.0))


def test_the_two_groups_and_their_objective() -> None:
    left, right = two_groups.GROUPS
    assert (len(left), len(right)) == (7, 4) and left.max() < 2 < 5 < right.min()
    assert two_groups.STARTS.tolist() == list(range(-2, 9))
    assert two_groups.CONSTANTS[[0, 1, -1]] == pytest.approx([-2, -1.98, 8])
    for scale in (0.5, 2.0):
        means = [scale**2 / 2 * np.mean(np.log1p(((two_groups.SAMPLE - c) / scale) ** 2)) for c in two_groups.CONSTANTS]
        assert_allclose(two_groups.objective(scale), means, rtol=1e-10)
        for c in two_groups.minima(scale):
            at = int(np.abs(two_groups.CONSTANTS - c).argmin())
            assert means[at] == min(means[at - 1 : at + 2])
    with pytest.raises(ValueError, match=r"start must be a whole number from -2 to 8, got 8\.5"):
        two_groups.end(1.0, 8.5)


@pytest.mark.parametrize("case", wrong_fits.CASES)
def test_the_first_steps_of_a_line_with_a_mistake_by_autograd(case: str) -> None:
    import torch
    import torch.nn.functional as F

    draw = np.random.default_rng(5)
    x = draw.normal(size=64)
    y = 3 + 2 * x + 0.5 * draw.normal(size=64)
    y = draw.permutation(y) if case == "shuffled" else 1000 * y if case == "unit" else y
    x = 100 * x if case == "feature" else x
    run = wrong_fits.run(case, 5)
    assert run.variance == pytest.approx(np.mean((y - y.mean()) ** 2))
    assert len(run.loss) == 201 or case == "feature"
    loss = {"unit": F.huber_loss, "jitter": F.l1_loss}.get(case, lambda p, t: (p - t).square().mean())
    target = torch.tensor(y)[:, None] if case == "column" else torch.tensor(y)
    line = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    sgd = torch.optim.SGD([line], lr=3.0 if case == "jitter" else 0.1)
    for step in range(201):
        value = loss(line[0] + line[1] * torch.tensor(x), target)
        if step < 4 or (case in ("none", "shuffled", "unit") and step % 20 == 0):
            assert run.loss[step] == pytest.approx(value.item(), rel=1e-9), step
        if step > 4 and case not in ("none", "shuffled", "unit"):
            return
        sgd.zero_grad()
        value.backward()
        sgd.step()
    assert run.slope == pytest.approx(line[1].item(), rel=1e-9)


def test_the_first_run_is_that_of_seed_nought() -> None:
    assert np.array_equal(wrong_fits.run("none").loss, wrong_fits.run.__wrapped__("none", 0).loss)
    assert wrong_fits.EXAMPLES == 64


# ── What one state refuted ───────────────────────────────────────────────────────────────────────────────────────────


def test_steps_under_rmse_are_shorter_where_it_exceeds_a_half_and_longer_below() -> None:
    assert "wherever RMSE exceeds ½, longer where it is less" in CHAPTER
    for noise in np.arange(0, 2.1, 0.5):
        here = roots.along(noise)
        sloping = (np.abs(here.squares_slope) > 1e-9) & (np.abs(here.root - 0.5) > 1e-9)
        shorter = np.abs(here.root_slope) < np.abs(here.squares_slope)
        assert_allclose(shorter[sloping], here.root[sloping] > 0.5)


def test_the_mean_of_two_rmses_is_never_larger_and_smallest_elsewhere_with_any_noise() -> None:
    assert "with any noise its minimum is elsewhere, and nowhere is it larger" in CHAPTER
    for noise in np.arange(0, 2.1, 0.5):
        here = roots.along(noise)
        assert np.all(here.batches <= here.root + 1e-12)
        assert (here.best(here.root) != here.best(here.batches)) == (noise > 0)


def test_the_second_valley_is_near_the_four_but_not_always_among_them() -> None:
    few = two_groups.GROUPS[1]
    second = {scale: two_groups.minima(scale)[1:] for scale in np.arange(0.25, 4.1, 0.25)}
    found = {scale: at[0] for scale, at in second.items() if at.size}
    assert max(found) == 1.25 and all(few.min() - 0.5 < at < few.max() for at in found.values())
    assert not all(few.min() < at for at in found.values())
    explorer = figures.cauchy_minima()
    assert "near the four" in explorer.caption and "near the four" in explorer.challenge.goal


def test_outside_the_threshold_the_slope_has_two_values() -> None:
    assert residual_curve(HUBER, delta=2.0).slope(np.array([-3.0, 3.0])).tolist() == [-2, 2]
    assert "stays at δ or −δ" in figures.huber_profile().caption
