"""What the chapter on classification losses claims: over all states of its figures, over several seeds of its runs."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
import torch.nn.functional as F
from numpy.testing import assert_allclose

from lossbook.analysis import boundary
from lossbook.analysis import training_runs as runs
from lossbook.analysis.calibration import (
    confidence,
    decompose,
    expected_calibration_error,
    fit_temperature,
    symmetric_noise,
)
from lossbook.analysis.margins import MARGIN_LOSSES, weighted
from lossbook.analysis.scoring_rules import SCORING_RULES, best_forecast, expected_score, from_entropy, regret
from lossbook.exercises import check, exercises
from lossbook.exercises.reading import TEXTS
from lossbook.explorer import Explorer
from lossbook.figures import classification as figures
from lossbook.losses.margins import EXPONENTIAL, HINGE, LOGISTIC, SQUARED_HINGE

CHAPTER = (Path(__file__).parents[1] / "book/part-2/classification.md").read_text(encoding="utf-8")
FLOOR = np.log(1 + 9 / np.e)
SEEDS = [0, 1, 3]  # 0 is the one that the chapter prints
seeds = pytest.mark.parametrize("seed", SEEDS)


def numbers(readout: str) -> list[float]:
    """The numbers in a readout, in order."""
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", readout.replace("−", "-"))]


def states(explorer: Explorer) -> Iterator[tuple[dict[str, Any], str]]:
    """Every state of the controls, and what the readout says there."""
    grid = (control.values for control in explorer.controls.values())
    for values in itertools.product(*grid):
        state = dict(zip(explorer.controls, values, strict=True))
        yield state, explorer.set(**state).readout


# ── One wrong label ──────────────────────────────────────────────────────────────────────────────────────────────────

FIRST, SECOND = np.arange(-4, 2.25, 0.5), (-1.0, 0.0, 1.0)


def crossings(loss: Any, y: float = 0.0) -> np.ndarray:
    return np.array([boundary.crossing(loss, float(x), y) for x in FIRST])


def test_on_the_right_the_disc_moves_neither_hinge() -> None:
    for loss, y in itertools.product((HINGE, SQUARED_HINGE), SECOND):
        still = crossings(loss, y)[FIRST >= 0.5]
        assert len(still) == 4
        assert_allclose(still, still[0], rtol=0, atol=2e-3)
    for loss in (LOGISTIC, EXPONENTIAL):
        assert np.ptp(crossings(loss)[FIRST >= 0.5]) > 0.01


def test_the_hinge_gives_way_and_comes_back() -> None:
    middle = crossings(HINGE)
    assert_allclose(middle[FIRST <= -3], -0.41, rtol=0, atol=0.005)
    assert middle[FIRST == -0.5] < middle[0] - 0.1 < middle[-1] - 0.3


def test_the_exponential_loss_follows_and_gives_up_five() -> None:
    middle = crossings(EXPONENTIAL)
    assert middle[0] == pytest.approx(-1.22, abs=0.005) and (np.diff(middle) > -1e-6).all()
    for y in SECOND:
        assert crossings(EXPONENTIAL, y)[0] < crossings(EXPONENTIAL, y)[-1] - 0.5
        assert boundary.mistakes(EXPONENTIAL, -4, y) > 0
    most = max(boundary.mistakes(loss, x, y) for loss in boundary.RIVALS for x in FIRST for y in SECOND)
    assert boundary.mistakes(EXPONENTIAL, -4, 0) == most == 5
    assert figures.mislabelled_point().predict.answer == 5


def test_on_the_edge_both_classes_are_as_likely() -> None:
    for loss in boundary.RIVALS:
        fitted, height = boundary.plane(loss, -4.0, 1.0), np.array([-1.0, 0.0, 2.0])
        assert fitted.score(np.column_stack([boundary.edge(fitted, height), height])) == pytest.approx(0, abs=1e-9)


def test_hinge_and_logistic_keep_all_twenty() -> None:
    assert {boundary.mistakes(loss, x, y) for loss in (HINGE, LOGISTIC) for x in FIRST for y in SECOND} == {0}


def test_the_boundaries_in_the_readout_are_those_computed() -> None:
    for state, readout in states(figures.mislabelled_point()):
        shown = numbers(readout)
        assert shown[:2] == [state["x"], state["y"]]
        assert_allclose(shown[2::2], [boundary.crossing(loss, **state) for loss in boundary.RIVALS], atol=0.0051)
        assert shown[3::2] == [boundary.mistakes(loss, **state) for loss in boundary.RIVALS]


def test_what_is_said_of_the_middle_row_does_not_hold_in_the_others() -> None:
    """So the chapter says "along its own height"."""
    assert np.ptp(crossings(HINGE, 1.0)[FIRST <= -3]) > 0.05 and boundary.mistakes(EXPONENTIAL, -4.0, -1.0) == 1


def test_without_a_penalty_classes_that_a_line_separates_have_no_best_boundary() -> None:
    """Twice the scores are always cheaper under logistic and exponential loss."""
    places, labels = boundary.points()
    x, y = np.vstack([places, [1.0, 0.0]]), np.append(labels, 1.0)
    score = boundary.plane(HINGE, 1.0, 0.0).score(x)
    assert (score * y > 0).all()
    for loss in (lambda m: np.log1p(np.exp(-m)), lambda m: np.exp(-m)):
        costs = [np.mean(loss(factor * score * y)) for factor in (1, 2, 4, 8, 16)]
        assert (np.diff(costs) < 0).all() and costs[-1] < 1e-3


def test_far_enough_out_every_loss_gives_way() -> None:
    """As the remark under the first figure says of −8 and −20."""
    assert boundary.mistakes(LOGISTIC, -8, 0) == 5 and boundary.mistakes(HINGE, -8, 0) == 0
    assert boundary.plane(HINGE, -4, 0).weights[0] > 0 > boundary.plane(HINGE, -20, 0).weights[0]


# ── Margins ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_margins_and_best_scores_in_every_state() -> None:
    """In the order of the readout: hinge, squared hinge, logistic, exponential, perceptron."""
    for state, readout in states(figures.margin_losses()):
        m, eta = state["score"], state["eta"]
        odds = np.log(eta / (1 - eta))
        costs = [max(0, 1 - m), max(0, 1 - m) ** 2, np.log(1 + np.exp(-m)), np.exp(-m), max(0, -m)]
        best = [np.sign(round(2 * eta - 1, 9)), 2 * eta - 1, odds, odds / 2, 0]
        assert_allclose(numbers(readout), [m, *costs, eta, *best], rtol=0, atol=0.0051)


def test_only_the_logistic_loss_is_a_negative_log_likelihood() -> None:
    """Up to one factor the probabilities of the two labels add up to the same at every score."""
    s = np.linspace(-3, 3, 25)
    for loss in MARGIN_LOSSES.values():
        both = sum(np.exp(-np.asarray(loss.value(s, y * np.ones(25), reduction="none"))) for y in (1, -1))
        assert (np.ptp(both) < 1e-12) == (loss is LOGISTIC)


def test_a_margin_of_minus_ten_costs_more_than_twenty_thousand() -> None:
    assert np.exp(10) > 20_000 and float(EXPONENTIAL.value(0.0, 1.0)) == 1
    assert_allclose(EXPONENTIAL.value(-10.0, 1.0), np.exp(10))


def test_the_plain_square_has_the_best_score_of_the_squared_hinge_and_charges_for_a_wide_margin() -> None:
    s = np.linspace(-3, 3, 6001)
    for eta in (0.1, 0.5, 0.8):
        square = eta * (1 - s) ** 2 + (1 - eta) * (1 + s) ** 2
        assert s[square.argmin()] == pytest.approx(2 * eta - 1, abs=0.0011)
    assert float(SQUARED_HINGE.value(3.0, 1.0)) == 0 < (1 - 3.0) ** 2


# ── Scores ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_cheapest_forecast_in_every_state() -> None:
    """Never dearer than the forecast that the reader set; honest for three scores, 0 or 1 for the absolute one."""
    by_hand = {
        "log": lambda p, eta: -eta * np.log(p) - (1 - eta) * np.log(1 - p),
        "Brier": lambda p, eta: eta * (1 - p) ** 2 + (1 - eta) * p**2,
        "spherical": lambda p, eta: -(eta * p + (1 - eta) * (1 - p)) / np.hypot(p, 1 - p),
        "absolute": lambda p, eta: eta * (1 - p) + (1 - eta) * p,
        "0–1": lambda p, eta: eta if p < 0.5 else 1 - eta if p > 0.5 else 0.5,
        "focal, γ = 2": lambda p, eta: -eta * (1 - p) ** 2 * np.log(p) - (1 - eta) * p**2 * np.log(1 - p),
    }
    explorer = figures.forecast_score()
    low, high = explorer.figure.axes[0].get_ylim()
    for state, readout in states(explorer):
        score, eta, forecast = state["score"], state["eta"], state["forecast"]
        shown, _, cost, asked, least = numbers(readout.removeprefix(f"{score} score, "))[:5]
        assert shown == eta and cost == pytest.approx(by_hand[score](forecast, eta), abs=0.00051)
        assert low <= least <= cost + 1e-9 < high, "the dots stay in the picture"
        others = [by_hand[score](p, eta) for p in (0.05, 0.3, 0.45, 0.55, 0.7, 0.95)]
        assert ("any other" in readout) == (np.ptp(others) < 1e-9)
        assert ("any forecast on that side" in readout) == (score == "0–1" and eta != 0.5)
        if score in ("log", "Brier", "spherical"):
            assert asked == pytest.approx(eta)
        elif score == "absolute":
            assert asked == (0.5 if eta == 0.5 else float(eta > 0.5))
        elif score == "0–1":
            assert (asked - 0.5) * (eta - 0.5) >= 0 and least == pytest.approx(min(eta, 1 - eta))
            assert expected_score(SCORING_RULES[score], eta, eta) == pytest.approx(least)
        else:
            assert abs(asked - 0.5) < abs(eta - 0.5) or eta == 0.5


@pytest.mark.parametrize("score", SCORING_RULES)
def test_three_of_the_six_are_strictly_proper(score: str) -> None:
    p, eta = np.meshgrid(np.linspace(0.02, 0.98, 49), np.linspace(0.1, 0.9, 9))
    above = regret(SCORING_RULES[score], p, eta)
    others = above[np.abs(p - eta) > 1e-6]
    strictly, proper = (others > 0).all(), (above > -1e-12).all()
    assert strictly == (score in ("log", "Brier", "spherical"))
    assert proper == (score in ("log", "Brier", "spherical", "0–1"))


def test_the_regret_of_two_scores() -> None:
    p, eta = np.meshgrid(np.linspace(0.05, 0.95, 19), np.linspace(0.1, 0.9, 9))
    assert_allclose(regret(SCORING_RULES["Brier"], p, eta), (p - eta) ** 2, atol=1e-12)
    kl = scipy.special.rel_entr(eta, p) + scipy.special.rel_entr(1 - eta, 1 - p)
    assert_allclose(regret(SCORING_RULES["log"], p, eta), kl, atol=1e-12)


def test_tangents_of_a_concave_curve_are_proper_and_of_a_convex_one_are_not() -> None:
    p, eta = np.linspace(0.05, 0.95, 91), 0.3
    for h, slope, proper in ((np.sqrt(p * (1 - p)), (0.5 - p) / np.sqrt(p * (1 - p)), True), (p**2, 2 * p, False)):
        yes, no = from_entropy(h, slope, p)
        assert (p[np.argmin(eta * yes + (1 - eta) * no)] == pytest.approx(eta)) == proper
    assert_allclose(from_entropy(p * (1 - p), 1 - 2 * p, p), SCORING_RULES["Brier"](p), atol=1e-12)
    entropy = -p * np.log(p) - (1 - p) * np.log(1 - p)
    assert_allclose(from_entropy(entropy, np.log(1 / p - 1), p), SCORING_RULES["log"](p), atol=1e-12)


# ── Calibration ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_account_of_a_brier_score_is_exact() -> None:
    sure, right = confidence(*runs.noisy_logits())
    parts = decompose(np.round(sure, 1), right)
    assert parts.brier == pytest.approx(np.mean((np.round(sure, 1) - right) ** 2), abs=1e-12)
    assert sure.mean() > right.mean() + 0.05 and len(right) == 1197


def test_the_temperature_figure_in_every_state() -> None:
    """Lowest at 1.5, where alone the goal is met; accuracy never moves; from 1.75 on too modest on the whole."""
    logits, labels = runs.noisy_logits()
    explorer = figures.temperature()
    met = {state["temperature"] for state, _ in states(explorer) if explorer.challenge.met(**state)}
    assert met == {1.5}
    shown = np.array([numbers(readout)[:4] for _, readout in states(explorer)])
    assert shown[shown[:, 1].argmin(), 0] == 1.5 and len(set(shown[:, 3])) == 1
    for t, error, loss, _ in shown:
        p = scipy.special.softmax(logits / t, axis=1)
        right = p.argmax(axis=1) == labels
        assert (p.max(axis=1).mean() < right.mean()) == (t >= 1.75)
        bins = np.minimum((p.max(axis=1) * 10).astype(int), 9)
        gaps = [abs(np.sum((p.max(axis=1) - right)[bins == k])) for k in range(10)]
        assert error == pytest.approx(sum(gaps) / len(labels), abs=0.00051)
        assert loss == pytest.approx(-np.log(p[np.arange(len(labels)), labels]).mean(), abs=0.00051)


def test_the_bars_of_the_first_state_lie_below_the_diagonal_and_the_loss_is_lowest_at_a_higher_temperature() -> None:
    logits, labels = runs.noisy_logits()
    p = scipy.special.softmax(logits, axis=1)
    sure, right = p.max(axis=1), p.argmax(axis=1) == labels
    assert 0.25 < sure.min() < 0.3
    shares = {k: (right[sure * 10 // 1 == k].mean(), sure[sure * 10 // 1 == k].mean()) for k in range(3, 10)}
    assert all(share < mean for share, mean in shares.values())
    shown = np.array([numbers(readout)[:3] for _, readout in states(figures.temperature())])
    assert shown[shown[:, 2].argmin(), 0] == 1.75


def test_a_temperature_changes_decisions_at_another_threshold() -> None:
    p = scipy.special.expit(np.array([-2.0, 2.0]) / 2)
    assert scipy.special.expit(-2.0) < 0.2 < p[0] < 0.5 < p[1]


def test_the_calibration_error_of_few_examples_is_too_large() -> None:
    """Answers of a forecaster who is calibrated by construction."""
    rng = np.random.default_rng(1)
    mean = {}
    for size in (50, 5000):
        sure = rng.uniform(0.1, 1, (200, size))
        mean[size] = np.mean([expected_calibration_error(p, (rng.random(size) < p) * 1.0) for p in sure])
    assert mean[50] > 0.1 and mean[5000] < 0.02


def test_a_constant_forecast_has_no_calibration_error() -> None:
    assert expected_calibration_error([0.3] * 10, [1] * 3 + [0] * 7) == pytest.approx(0, abs=1e-12)


# ── Smoothing and focal loss ─────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_gets_below_the_floor_of_smoothing() -> None:
    explorer = figures.smoothing()
    for state, readout in states(explorer):
        epsilon, gap = state["epsilon"], state["at_gap"]
        label = np.full(10, epsilon / 10) + (1 - epsilon) * np.eye(10)[0]
        least, asked = scipy.stats.entropy(label), np.log(label[0] / label[1])
        logits = gap * np.eye(10)[0]
        cost = -label @ scipy.special.log_softmax(logits)
        assert_allclose(numbers(readout), [epsilon, 10, gap, cost, asked, least], rtol=0, atol=0.0051)
        assert cost >= least - 1e-12
        assert explorer.challenge.met(**state) == (epsilon == 0.02 and cost - least < 0.001)
    assert scipy.stats.entropy([0.91, *[0.01] * 9]) == pytest.approx(0.5, abs=0.0005)


def focal(p: np.ndarray, gamma: float) -> np.ndarray:
    return -((1 - p) ** gamma) * np.log(p)


def test_focal_loss_in_every_state() -> None:
    """Its cheapest forecast, found on a fine grid, lies between ½ and the truth, and rises with the truth."""
    grid, asked = np.linspace(0.0005, 0.9995, 1999), {}
    for state, readout in states(figures.focal_map()):
        gamma, eta = state["gamma"], state["eta"]
        costs = eta * focal(grid, gamma) + (1 - eta) * focal(1 - grid, gamma)
        shown = numbers(readout.replace(",", ""))
        assert shown[:2] == [gamma, eta] and shown[2] == pytest.approx(grid[costs.argmin()], abs=0.0011)
        assert_allclose(shown[3:], [0.99, 0.01**-gamma, 0.1, 0.9**-gamma], rtol=0.005)
        asked[gamma, eta] = shown[2]
        if gamma == 0 or eta == 0.5:
            assert shown[2] == pytest.approx(eta, abs=0.001)
        else:
            assert abs(shown[2] - 0.5) < abs(eta - 0.5) and (shown[2] - 0.5) * (eta - 0.5) > 0
    for gamma in {gamma for gamma, _ in asked}:
        assert (np.diff([value for (g, _), value in sorted(asked.items()) if g == gamma]) > 0).all()
    assert asked[2.0, 0.8] == 0.627 == figures.focal_map().predict.answer


def test_the_slope_of_focal_loss_is_steeper_in_places_and_the_loss_is_never_higher() -> None:
    s = np.linspace(-12, 12, 240_001)
    p = scipy.special.expit(s)
    steepest = {gamma: np.abs(np.gradient(focal(p, gamma), s)).max() for gamma in (0.0, 2.0)}
    assert steepest[2.0] == pytest.approx(1.129, abs=0.0005) and steepest[0.0] < 1
    for gamma in (0.5, 1.0, 2.0, 3.0, 5.0):
        assert (focal(p, gamma) <= focal(p, 0.0)).all()


def test_with_a_quarter_for_the_positives_focal_loss_says_no_to_an_event_of_seven_tenths() -> None:
    """And the glued number, which comes by way of a weight, is that of the loss itself."""
    p = np.linspace(0.001, 0.999, 9981)
    costs = 0.25 * 0.7 * focal(p, 2.0) + 0.75 * 0.3 * focal(1 - p, 2.0)
    least = p[costs.argmin()]
    assert least < 0.5
    assert best_forecast(SCORING_RULES["focal, γ = 2"], weighted(0.7, 0.25 / 0.75)) == pytest.approx(least, abs=2e-4)


def test_easy_boxes_in_sum() -> None:
    assert 1e5 * focal(np.array(0.99), 0.0) == pytest.approx(1005, abs=0.5)
    assert 1e5 * focal(np.array(0.99), 2.0) == pytest.approx(0.1, abs=0.001)


# ── Runs with one bug each ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_broad_line_covers_the_curve_exactly_where_the_cause_is_right() -> None:
    explorer = figures.diagnosis()
    for state, readout in states(explorer):
        assert ("That is the cause" in readout) == (state["curve"] == state["cause"])
        assert explorer.challenge.met(**state) == (state["curve"] == state["cause"] == "E")
        if state["curve"] != state["cause"]:
            one, other = runs.run_of(state["curve"]).loss, runs.run_of(state["cause"]).loss
            assert not np.allclose(one, other, rtol=0.02)
    assert len(runs.CASES) == 9


def test_a_case_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="letter must be one of A, B"):
        runs.run_of("Z")


@pytest.mark.seeds
@seeds
def test_health_starts_near_log_k(seed: int) -> None:
    healthy = runs.run_of("F", seed)
    assert abs(healthy.loss[0] - np.log(10)) < 0.08 and healthy.loss[-1] < 0.1 and healthy.test_accuracy[-1] > 0.93


@pytest.mark.seeds
@seeds
def test_first_weights_too_large(seed: int) -> None:
    large = runs.run_of("D", seed)
    assert large.loss[0] > 2 * np.log(10)
    others = [runs.run_of("D", other).loss[0] for other in SEEDS if other != seed]
    assert min(abs(large.loss[0] - other) for other in others) > 0.5
    assert large.accuracy[20] < runs.run_of("F", seed).accuracy[20] - 0.1  # exercise: "accuracy would lag"


@pytest.mark.seeds
@seeds
def test_weights_in_the_mean_multiply_the_start_by_ten(seed: int) -> None:
    heavy, healthy = runs.run_of("G", seed), runs.run_of("F", seed)
    assert heavy.loss[0] == pytest.approx(10 * np.log(10), rel=0.05)
    assert heavy.loss[0] / healthy.loss[0] == pytest.approx(10, rel=0.01)
    assert heavy.accuracy[-1] == pytest.approx(healthy.accuracy[-1], abs=0.01)


@pytest.mark.seeds
@seeds
def test_a_start_near_log_k_and_a_fall_alone_are_not_health(seed: int) -> None:
    """Runs A and B have both, so the table asks for a fall towards 0, on test data too."""
    sound = runs.run_of("F", seed)
    assert sound.loss[-1] < 0.1 and sound.test_loss[-1] < 0.25
    for letter in "AB":
        run = runs.run_of(letter, seed)
        assert abs(run.loss[0] - np.log(10)) < 0.3 and run.loss[-1] < run.loss[0] - 0.4
        assert run.test_loss[-1] > 0.6


def test_a_plain_quotient_is_right_until_it_overflows() -> None:
    s, y = np.array([[2.0, 1.0, 0.0], [0.0, 3.0, -1.0]]), np.array([0, 2])
    losses, slopes = runs.by_quotient(s, y)
    rest = [np.log1p(np.exp(-1) + np.exp(-2)), 4 + np.log1p(np.exp(-3) + np.exp(-4))]
    np.testing.assert_allclose(losses, rest, rtol=1e-12)
    np.testing.assert_allclose(slopes, runs.cross_entropy(s, y)[1], rtol=1e-12)


@pytest.mark.seeds
@seeds
def test_softmax_twice_ends_at_its_floor_plus_the_share_of_mistakes(seed: int) -> None:
    twice = runs.run_of("A", seed)
    assert twice.loss[-1] == pytest.approx(FLOOR + 1 - twice.accuracy[-1], abs=0.006)
    assert twice.test_loss[-1] == pytest.approx(FLOOR + 1 - twice.test_accuracy[-1], abs=0.01)
    assert np.log(np.e + 9) - FLOOR == pytest.approx(1)  # what a sure wrong answer costs above a sure right one
    assert abs(twice.loss[-1] - twice.loss[-20]) < 0.02 and (np.diff(twice.loss) < 0.02).all()  # a calm end


@cache
def sigmoid_twice(seed: int) -> runs.Run:
    return runs.train(runs.tumours(seed), runs.sigmoid_twice, rate=1.0, outputs=1, seed=seed)


@pytest.mark.seeds
@seeds
def test_sigmoid_twice_ends_at_the_floors_of_ones_and_zeros(seed: int) -> None:
    twice, ones = sigmoid_twice(seed), runs.tumours(seed).y.mean()
    assert twice.loss[-1] == pytest.approx(ones * np.log(1 + np.exp(-1)) + (1 - ones) * np.log(2), abs=0.007)
    assert twice.accuracy[-1] > 0.98 and (np.diff(twice.loss[60:]) < 1e-3).all()


@pytest.mark.seeds
@seeds
def test_labels_of_sign_fall_below_zero_ever_faster(seed: int) -> None:
    run = runs.run_of("C", seed)
    steps = np.diff(run.loss)[20:]
    below = int((run.loss < 0).argmax())
    assert run.loss[0] > 0 and 10 < below < 60 and run.loss[-1] < -1
    assert (steps < 0).all() and steps[-1] < 2 * steps[0] and 0.8 < run.accuracy[-1] < 0.9


@pytest.mark.seeds
@seeds
def test_logits_taken_for_probabilities_start_high_and_jump_or_freeze(seed: int) -> None:
    run = runs.run_of("E", seed)
    last = run.loss[-40:]
    assert run.loss[0] > 3 * np.log(2)
    assert np.ptp(last) < 1e-3 or np.abs(np.diff(run.loss)).max() > 1
    assert run.test_loss[-1] > 0.8


@pytest.mark.seeds
@seeds
def test_one_leap_and_then_nan(seed: int) -> None:
    run = runs.run_of("H", seed)
    assert run.loss[1] > 10 * run.loss[0] and np.isfinite(run.loss[:2]).all() and np.isnan(run.loss[2:]).all()


@pytest.mark.seeds
@seeds
def test_a_rare_class_is_learnt_while_accuracy_stands_still(seed: int) -> None:
    run, no = runs.run_of("I", seed), np.mean(runs.is_eight(seed).y == 0)
    assert np.ptp(run.accuracy[10:]) == 0 and run.accuracy[-1] == pytest.approx(no)
    assert (np.diff(run.loss[50:]) < 0).all()
    assert run.loss[-1] < scipy.stats.entropy([no, 1 - no]) < run.loss[0]


@pytest.mark.seeds
@seeds
def test_training_down_and_test_up(seed: int) -> None:
    run = runs.run_of("B", seed)
    at = int(run.test_loss.argmin())
    assert 10 < at < 30 and run.test_loss[-1] > 1.5 * run.test_loss[at] and run.loss[-1] < 0.1
    assert run.test_accuracy[at] > run.test_accuracy[-1] + 0.08


# ── The chapter's own training ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # small tensors: more threads only wait for each other
    yield
    torch.set_num_threads(threads)


@cache
def printed() -> dict[str, Any]:
    """The functions of the page's cells, and what they need; what a cell computes and prints is left out."""
    names: dict[str, Any] = {"np": np, "F": F, "torch": torch, "runs": runs, "confidence": confidence}
    names |= {"expected_calibration_error": expected_calibration_error, "fit_temperature": fit_temperature}
    for code in re.findall(r"```\{code-cell\} ipython3\n(?::tags:.*?\n)?(.*?)```", CHAPTER, re.DOTALL):
        kept = [
            node
            for node in ast.parse(code).body
            if isinstance(node, ast.FunctionDef)
            or (isinstance(node, ast.ImportFrom) and str(node.module).startswith("lossbook.analysis"))
            or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("criteria", "swap", "rivals"))
        ]
        exec(compile(ast.Module(kept, []), "the chapter", "exec"), names)
    return names


@cache
def calibrated(seed: int) -> dict[str, tuple[float, ...]]:
    return printed()["calibrated"](seed)


@cache
def noisy(seed: int) -> dict[str, tuple[list[float], int]]:
    return printed()["noisy"](seed)


@cache
def bills(seed: int) -> tuple[np.ndarray, float]:
    return printed()["bills"](seed)


@pytest.mark.seeds
@seeds
def test_one_temperature_mends_cross_entropy_and_smoothing(seed: int) -> None:
    table = calibrated(seed)
    for name, sure in (("cross-entropy", True), ("smoothing 0.1", False)):
        _, loss, error, t, loss_after, error_after = table[name]
        assert (t > 1.2) == sure and (t < 0.9) != sure
        assert loss_after < loss and error_after < error - 0.02
    _, _, error, t, _, _ = table["focal, γ = 2"]
    assert error < table["cross-entropy"][2] / 1.5 and 1 < t < 1.25


@pytest.mark.seeds
def test_a_temperature_may_make_the_calibration_error_of_focal_loss_worse() -> None:
    worse = [calibrated(seed)["focal, γ = 2"][5] > calibrated(seed)["focal, γ = 2"][2] for seed in SEEDS]
    assert any(worse) and not all(worse)


@pytest.mark.seeds
@seeds
def test_learning_by_heart_makes_focal_loss_surer_at_every_stage(seed: int) -> None:
    names, data = printed(), runs.digits(seed, 600, wrong=0.2)
    path = names["train"](names["network"](seed), names["criteria"]["focal, γ = 2"], data, 200, lr=0.01)
    t = [fit_temperature(path[step - 1][:400], data.test_y[:400]) for step in (20, 60, 100, 150, 200)]
    assert (np.diff(t) > 0).all()
    assert t[0] == pytest.approx(0.35, abs=0.03) and t[3] == pytest.approx(0.9, abs=0.08) and t[4] > 1


@pytest.mark.seeds
@pytest.mark.parametrize("first", [0, 5, 10])  # 0 is the one that the chapter prints
def test_the_threshold_lowers_the_bill_of_five_splits(first: int) -> None:
    tables = [bills(seed)[0] for seed in range(first, first + 5)]
    half, low, heavy, back = np.sum(tables, axis=0)
    assert low[2] < 0.8 * half[2] and low[2] < heavy[2]
    assert (heavy[:3] == back[:3]).all()
    share = np.mean([bills(seed)[1] for seed in range(first, first + 5)])
    assert heavy[3] / 5 > share + 0.02 and back[3] / 5 < share
    if first == 0:
        assert sum(table[1, 2] > table[0, 2] for table in tables) == 2  # "on two of them it did not"


@pytest.mark.seeds
@seeds
def test_bounded_losses_forgive_wrong_labels(seed: int) -> None:
    table = noisy(seed)
    plain, forward, bounded = (table[name][0] for name in ("cross-entropy", "forward correction", "q = 0.7"))
    assert plain[-1] + 0.08 < forward[-1] < bounded[-1] - 0.02
    assert max(plain) > bounded[-1] - 0.005  # stopped in time
    assert max(bounded) > max(plain) + 0.02  # and so is the other


@pytest.mark.seeds
def test_with_q_of_one_it_depends_on_the_seed() -> None:
    right, digits = noisy(1)["q = 1"]
    assert right[-1] == pytest.approx(0.94, abs=0.005) and digits == 10
    right, digits = noisy(3)["q = 1"]
    assert right[-1] < 0.75 and digits < 10


def test_likeliest_classes_survive_symmetric_noise_below_its_limit() -> None:
    eta = np.random.default_rng(3).dirichlet(np.ones(10), 200)
    for rate, same in ((0.4, True), (0.89, True), (0.91, False)):
        seen = eta @ symmetric_noise(10, rate)
        assert (seen.argmax(axis=1) == eta.argmax(axis=1)).all() == same


def test_two_right_labels_share_a_softmax_and_need_not_have_a_half_each() -> None:
    p = scipy.special.softmax([np.log(9.0), 0.0, -50.0])
    assert p[0] == pytest.approx(0.9) and p[0] + p[1] <= 1


def test_drawing_positives_more_often_moves_the_odds_like_a_weight() -> None:
    eta, times = np.linspace(0.05, 0.95, 19), 4.0
    share = times * eta / (times * eta + 1 - eta)  # of positives among those drawn
    assert_allclose(scipy.special.logit(share), scipy.special.logit(eta) + np.log(times))
    assert_allclose(weighted(share, 1 / times), eta)


def test_the_sigmoid_loss_of_pytorch_wants_labels_as_floats() -> None:
    with pytest.raises(RuntimeError, match="Float"):
        F.binary_cross_entropy_with_logits(torch.tensor([2.0]), torch.tensor([1]))
    with pytest.raises((RuntimeError, IndexError)):
        F.cross_entropy(torch.tensor([[2.0, 1.0]]), torch.tensor([1.0]))


def test_two_right_labels_cost_a_softmax_two_log_two() -> None:
    s = np.random.default_rng(4).normal(0, 5, (1000, 6))
    both = -scipy.special.log_softmax(s, axis=1)[:, :2].sum(axis=1)
    assert both.min() >= 2 * np.log(2)
    assert -2 * scipy.special.log_softmax([50.0, 50.0, 0.0])[0] == pytest.approx(2 * np.log(2))


# ── Slips, and the page ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", SEEDS)
def test_a_penalty_makes_logistic_regression_too_modest_and_none_too_sure(seed: int) -> None:
    from sklearn.linear_model import LogisticRegression

    data, found = runs.tumours(seed), []
    for c in (1e-3, 1e4):
        s = LogisticRegression(C=c, max_iter=10_000).fit(data.x, data.y).decision_function(data.test_x)
        found.append(fit_temperature(np.stack([0 * s, s], axis=1), data.test_y))
    assert found[0] < 0.5 and found[1] > 5


def test_the_default_of_logistic_regression_is_calibrated_by_luck() -> None:
    """And its mean probability on the training data is the share of ones, whatever C is."""
    from sklearn.linear_model import LogisticRegression

    usual = []
    for seed in range(5):
        data = runs.tumours(seed)
        model = LogisticRegression(max_iter=10_000).fit(data.x, data.y)
        assert model.C == 1
        s = model.decision_function(data.test_x)
        usual.append(fit_temperature(np.stack([0 * s, s], axis=1), data.test_y))
    assert usual[0] == pytest.approx(0.98, abs=0.02) and min(usual) < 0.6 and max(usual) > 1.15
    data = runs.tumours()
    for c in (1e-3, 1.0, 1e4):
        model = LogisticRegression(C=c, max_iter=10_000).fit(data.x, data.y)
        assert model.predict_proba(data.x)[:, 1].mean() == pytest.approx(data.y.mean(), abs=5e-4)


def test_the_page_has_what_the_syllabus_asks_for() -> None:
    asked = [one.id for one in exercises().values() if one.id.startswith("classification-")]
    assert len(asked) == CHAPTER.count("```{question} classification-") >= 16
    quick = CHAPTER.partition("## Check yourself")[2].partition("## Exercises")[0].count("```{question}")
    assert quick >= 7 and len(asked) - quick >= 9
    assert len(re.findall(r"^figures\.\w+\(\)$", CHAPTER, re.MULTILINE)) == 7


HEARD = {
    "classification-threshold": [10 / 11],
    "classification-weight-back": [4],
    "classification-smoothing-gap": [np.log(20), 0.8, -np.log(0.85)],
    "classification-softmax-twice-floor": [np.log(1 + 2 / np.e), 1],
    "classification-reliability-by-hand": [0],
}


@pytest.mark.parametrize("name", HEARD)
def test_likely_wrong_numbers_hear_what_went_wrong(name: str) -> None:
    for wrong in HEARD[name]:
        result = check(name, float(wrong))
        assert not result.right and result.messages[0] not in TEXTS.values(), wrong


def softmax_of(s: Any) -> Any:
    return np.exp(s - s.max()) / np.exp(s - s.max()).sum()


def in_bins(confidence: Any, right: Any, place: Any) -> float:
    return sum(abs((confidence - right)[place == k].sum()) for k in np.unique(place)) / len(place)


REFUSED: dict[str, list[Any]] = {
    "classification-softmax-twice-bug": [
        lambda logits, label: -np.log(softmax_of(logits)[label]),
        lambda logits, label: -np.log(softmax_of(logits)[label] + 1e-12),
        lambda logits, label: -np.log(np.maximum(softmax_of(logits)[label], 1e-7)),
        lambda logits, label: np.log(np.exp(logits - logits.mean()).sum()) - (logits - logits.mean())[label],
        lambda logits, label: np.log(np.exp(logits - logits[0]).sum()) - (logits - logits[0])[label],
        lambda logits, label: np.log(np.exp(logits - logits[label]).sum()),
        lambda logits, label: np.log(np.exp(logits - abs(logits).max()).sum()) - logits[label] + abs(logits).max(),
    ],
    "classification-weighted-mean-bug": [
        lambda logs, labels, weights: (
            -(weights[labels] * logs[range(len(labels)), labels]).sum() / (weights[labels].sum() + 1e-8)
        ),
    ],
    "classification-hinge-code": [lambda score, target: np.clip(1 - target * score, 0, 10)],
    "classification-calibration-error-code": [
        lambda confidence, right, bins: in_bins(confidence, right, np.ceil(confidence * bins)),
        lambda confidence, right, bins: in_bins(confidence, right, np.ceil(np.round(confidence * (bins + 1), 9))),
    ],
    "classification-undo-the-weight-code": [
        lambda probability, weight, tiny=tiny: weighted(np.clip(probability, tiny, 1 - tiny), 1 / weight)
        for tiny in (1e-12, 1e-7, 0.01)
    ],
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_function_that_is_right_in_plain_cases_alone_is_refused(name: str) -> None:
    with np.errstate(all="ignore"):
        for wrong in REFUSED[name]:
            assert not check(name, wrong).right


def test_another_way_to_the_calibration_error_is_right() -> None:
    def by_edges(confidence: Any, right: Any, bins: int) -> float:
        return in_bins(confidence, right, np.digitize(confidence, np.linspace(0, 1, bins + 1), right=True))

    assert check("classification-calibration-error-code", by_edges).right
    assert 0.28 * 25 > 7  # the hint


# ── The runs and their data, again by hand ───────────────────────────────────────────────────────────────────────────


def test_the_twenty_points_and_the_disc() -> None:
    places, labels = boundary.points()
    z = np.random.default_rng(7).normal(size=40)
    assert labels.tolist() == [-1] * 10 + [1] * 10
    assert_allclose(places, np.column_stack([labels + 0.45 * z[:20], 0.9 * z[20:]]), rtol=1e-12)
    assert [loss.name for loss in boundary.RIVALS] == ["hinge", "logistic", "squared_hinge", "exponential"]
    from sklearn.linear_model import LogisticRegression

    theirs = LogisticRegression(C=1 / (21 * 0.01), tol=1e-10).fit(np.vstack([places, [-3.0, 2.0]]), [*labels, 1.0])
    plane = boundary.plane(LOGISTIC, -3.0, 2.0)
    assert_allclose([*plane.weights, plane.intercept], [*theirs.coef_[0], *theirs.intercept_], rtol=1e-4)
    assert boundary.crossing(LOGISTIC, -3.0, 2.0) == pytest.approx(-theirs.intercept_[0] / theirs.coef_[0, 0], rel=1e-4)
    assert boundary.mistakes(LOGISTIC, -3.0, 2.0) == 20 - (theirs.predict(places) == labels).sum()
    signs = np.sign(
        places @ boundary.plane(EXPONENTIAL, -4.0, 1.0).weights + boundary.plane(EXPONENTIAL, -4.0, 1.0).intercept
    )
    assert boundary.mistakes(EXPONENTIAL, -4.0, 1.0) == (signs != labels).sum()


def test_the_digits_and_the_tumours_of_the_runs() -> None:
    from sklearn.datasets import load_breast_cancer, load_digits

    pictures, cells = load_digits(), load_breast_cancer()
    for seed in (0, 2):
        order, data = np.random.default_rng(seed).permutation(1797), runs.digits(seed, tested=500)
        assert np.array_equal(data.x * 16, pictures.data[order[:600]])
        assert np.array_equal(data.test_x * 16, pictures.data[order[600:1100]])
        assert np.array_equal(data.y, pictures.target[order[:600]])
        assert np.array_equal(data.test_y, pictures.target[order[600:1100]])
        assert np.array_equal(runs.is_eight(seed).y, data.y == 8) and runs.is_eight(seed).test_x is data.test_x
        assert np.array_equal(runs.is_eight(seed).test_y, data.test_y == 8)
        order, data = np.random.default_rng(seed).permutation(569), runs.tumours(seed)
        assert data.x.shape == (300, 30) and data.test_x.shape == (269, 30)
        assert_allclose(data.x.mean(axis=0), 0, atol=1e-10)
        assert_allclose(data.x.std(axis=0), 1)
        assert np.array_equal(np.concatenate([data.y, data.test_y]), cells.target[order])
        known = cells.data[order[:300]]
        assert_allclose(data.test_x, (cells.data[order[300:]] - known.mean(axis=0)) / known.std(axis=0))
    assert runs.digits.__wrapped__().x.shape == (600, 64) and runs.digits.__wrapped__().test_x.shape == (1197, 64)
    assert np.array_equal(runs.digits.__wrapped__().y, runs.digits(0).y)
    assert np.array_equal(runs.tumours.__wrapped__().x, runs.tumours(0).x)
    assert np.array_equal(runs.is_eight.__wrapped__().y, runs.is_eight(0).y)


def test_wrong_labels_are_another_digit_any_other() -> None:
    right, wrong = runs.digits(4, 1500), runs.digits(4, 1500, 0.2)
    moved = (wrong.y - right.y)[wrong.y != right.y] % 10
    assert moved.size / 1500 == pytest.approx(0.2, abs=0.03) and np.array_equal(right.test_y, wrong.test_y)
    assert_allclose(np.bincount(moved, minlength=10)[1:] / moved.size, 1 / 9, atol=0.05)
    assert wrong.y.min() == 0 and wrong.y.max() == 9
    assert (runs.digits(4, 200, 1.0).y != runs.digits(4, 200).y).all()


S = np.array([[0.5, -1.0, 2.0], [0.1, 0.7, -0.3], [-2.0, 0.4, 0.9], [1.2, 0.2, 0.1]])
OF_THREE = np.array([2, 0, 2, 1])
COLUMN, OF_TWO = np.array([[0.3], [-1.2], [0.8], [2.5], [-0.4]]), np.array([1, 0, 0, 1, 1])


def weighted_mean(s: torch.Tensor) -> torch.Tensor:
    return torch.tensor([2.0, 4.0, 2.0, 4.0]) * F.cross_entropy(s, torch.tensor(OF_THREE), reduction="none")


def clipped(s: torch.Tensor) -> torch.Tensor:
    p = s[:, 0].clamp(1e-7, 1 - 1e-7)
    return F.binary_cross_entropy(p, torch.tensor(OF_TWO).double(), reduction="none")


def of_logits(s: torch.Tensor, t: np.ndarray) -> torch.Tensor:
    return -(torch.tensor(t) * F.logsigmoid(s[:, 0]) + (1 - torch.tensor(t)) * F.logsigmoid(-s[:, 0]))


@pytest.mark.parametrize(
    ("criterion", "s", "y", "each"),
    [
        (runs.cross_entropy, S, OF_THREE, lambda s: F.cross_entropy(s, torch.tensor(OF_THREE), reduction="none")),
        (
            runs.softmax_twice,
            S,
            OF_THREE,
            lambda s: F.cross_entropy(s.softmax(1), torch.tensor(OF_THREE), reduction="none"),
        ),
        (runs.by_quotient, S, OF_THREE, lambda s: F.cross_entropy(s, torch.tensor(OF_THREE), reduction="none")),
        (runs.weights_in_the_mean, S, OF_THREE, weighted_mean),
        (runs.binary, COLUMN, OF_TWO, lambda s: of_logits(s, OF_TWO)),
        (runs.labels_of_sign, COLUMN, OF_TWO, lambda s: of_logits(s, 2 * OF_TWO - 1)),
        (runs.sigmoid_twice, COLUMN, OF_TWO, lambda s: of_logits(s.sigmoid(), OF_TWO)),
        (runs.logits_as_probabilities, COLUMN, OF_TWO, clipped),
    ],
)
def test_the_losses_of_the_runs_and_their_slopes(criterion: Any, s: np.ndarray, y: np.ndarray, each: Any) -> None:
    leaf = torch.tensor(s, requires_grad=True)
    losses = each(leaf)
    losses.mean().backward()
    values, slopes = criterion(s, y)
    assert_allclose(values, losses.detach().numpy(), rtol=1e-7)
    assert slopes.shape == s.shape
    assert_allclose(slopes, leaf.grad.numpy(), rtol=1e-7, atol=1e-12)


def test_a_class_that_is_absent_has_the_weight_of_one_example() -> None:
    values, _ = runs.weights_in_the_mean(np.zeros((4, 3)), np.array([0, 0, 0, 1]))
    assert_allclose(values, np.log(3) * np.array([4 / 3, 4 / 3, 4 / 3, 4]))


def test_clipped_logits_cost_sixteen() -> None:
    values, slopes = runs.logits_as_probabilities(np.array([[-3.0], [4.0]]), np.array([1, 0]))
    assert_allclose(values, 7 * np.log(10), rtol=1e-8)
    assert not slopes.any()


@pytest.mark.parametrize(
    ("criterion", "settings", "between"),
    [
        (runs.cross_entropy, {}, 0.0),
        (runs.cross_entropy, {"rate": 0.05, "scale": 20.0, "hidden": 7, "seed": 3}, 0.0),
        (runs.binary, {"outputs": 1, "rate": 0.1}, 0.0),
        (runs.logits_as_probabilities, {"outputs": 1, "rate": 0.1}, 0.5),
    ],
)
def test_three_steps_of_a_run_by_torch(criterion: Any, settings: dict[str, Any], between: float) -> None:
    one = settings.get("outputs", 10) == 1
    data = runs.tumours(1) if one else runs.digits(1, tested=500)
    run = runs.train(data, criterion, steps=3, **settings)
    draw, hidden = np.random.default_rng(settings.get("seed", 0) + 1), settings.get("hidden", 32)
    inner = np.sqrt(2 / data.x.shape[1]) * draw.normal(size=(data.x.shape[1], hidden))
    outer = 0.1 * settings.get("scale", 1.0) * draw.normal(size=(hidden, 1 if one else 10))
    parts = [torch.tensor(a, requires_grad=True) for a in (inner, 0 * inner[0], outer, 0 * outer[0])]
    sgd = torch.optim.SGD(parts, lr=settings.get("rate", 0.5), momentum=0.9)

    def told(x: np.ndarray, y: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, float]:
        s = torch.relu(torch.tensor(x) @ parts[0] + parts[1]) @ parts[2] + parts[3]
        if criterion is runs.cross_entropy:
            return s, F.cross_entropy(s, torch.tensor(y)), float((s.argmax(1).numpy() == y).mean())
        t = torch.tensor(y).double()
        loss = F.binary_cross_entropy_with_logits(s[:, 0], t)
        if between:
            loss = F.binary_cross_entropy(s[:, 0].clamp(1e-7, 1 - 1e-7), t)
        return s, loss, float(((s[:, 0] > between).numpy() == y).mean())

    for step in range(4):
        _, loss, accuracy = told(data.x, data.y)
        logits, test_loss, test_accuracy = told(data.test_x, data.test_y)
        expected = (loss.item(), test_loss.item(), accuracy, test_accuracy)
        assert_allclose([curve[step] for curve in run[:4]], expected, rtol=1e-6)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    assert all(curve.shape == (4,) for curve in run[:4])
    assert_allclose(run.logits, logits.detach().numpy(), rtol=1e-6, atol=1e-10)


def test_the_length_of_the_runs() -> None:
    assert runs.STEPS == 120 and runs.run_of("F").loss.shape == (121,)
    assert np.array_equal(runs.run_of("F").loss, runs.run_of("F", 0).loss)
    logits, labels = runs.noisy_logits()
    assert runs.noisy_run().loss.shape == (301,) and logits is runs.noisy_run().logits
    assert logits.shape == (1197, 10) and np.array_equal(labels, runs.digits(0).test_y)
    assert runs.noisy_run().test_accuracy[-1] == np.mean(logits.argmax(axis=1) == labels)
