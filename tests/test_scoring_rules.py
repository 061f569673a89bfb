"""Scores of forecasts: which are proper, what the others ask for, regret, tangents, label smoothing, softmax twice."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from lossbook.analysis.scoring_rules import (
    SCORING_RULES,
    best_forecast,
    brier_score,
    expected_score,
    focal_score,
    from_entropy,
    gce_score,
    log_score,
    regret,
    smoothed_cost,
    smoothing_floor,
    smoothing_gap,
    softmax_twice_floor,
    spherical_score,
    zero_one_score,
)
from lossbook.losses.information import kl_divergence

ETA = np.array([0.05, 0.3, 0.5, 0.8, 0.95])


@pytest.mark.parametrize("rule", [log_score, brier_score, spherical_score])
def test_strictly_proper_scores_ask_for_the_truth(rule):
    np.testing.assert_allclose(best_forecast(rule, ETA), ETA, atol=1e-6)
    p = np.linspace(0.01, 0.99, 99)
    assert np.all(np.where(np.abs(p - 0.3) > 1e-9, regret(rule, p, 0.3), 1.0) > 0)


FOCAL = {1: (0.557, 0.686, 0.838), 2: (0.538, 0.627, 0.750), 5: (0.518, 0.562, 0.629)}


@pytest.mark.parametrize(("gamma", "best"), FOCAL.items())
def test_focal_loss_asks_for_less_than_the_truth(gamma, best):
    found = best_forecast(focal_score(gamma), [0.6, 0.8, 0.95])
    np.testing.assert_allclose(found, best, atol=6e-4)
    inner = np.linspace(0.51, 0.99, 49)
    modest = best_forecast(focal_score(gamma), inner)
    assert np.all(modest < inner) and np.all(modest > 0.5)
    np.testing.assert_allclose(best_forecast(focal_score(gamma), 1 - inner), 1 - modest, atol=1e-6)


def test_bounded_losses_ask_for_more_than_the_truth():
    assert best_forecast(SCORING_RULES["absolute"], [0.2, 0.5, 0.51]).tolist() == [0, 0.5, 1]
    sharp = best_forecast(gce_score(0.5), [0.6, 0.8])
    np.testing.assert_allclose(sharp, [0.36 / 0.52, 0.64 / 0.68], atol=1e-6)  # η² against (1 − η)²


def test_accuracy_is_proper_and_not_strictly():
    p = np.linspace(0, 1, 101)
    for eta in ETA:
        costs = expected_score(zero_one_score, p, eta)
        assert expected_score(zero_one_score, eta, eta) == pytest.approx(costs.min())
        assert np.sum(costs == costs.min()) >= 50  # and half of all other forecasts


def test_regret_is_kl_or_a_square():
    p = np.linspace(0.05, 0.95, 19)
    pairs = np.stack([p, 1 - p], axis=1)
    truth = np.tile([0.7, 0.3], (19, 1))
    np.testing.assert_allclose(regret(log_score, p, 0.7), kl_divergence(truth, pairs, reduction="none"), atol=1e-14)
    np.testing.assert_allclose(regret(brier_score, p, 0.7), (p - 0.7) ** 2, atol=1e-15)
    assert regret(log_score, 0.0, 0.7) == math.inf and regret(log_score, 0.0, 0.0) == 0


@pytest.mark.parametrize(
    ("rule", "entropy", "slope"),
    [
        (log_score, lambda p: -p * np.log(p) - (1 - p) * np.log(1 - p), lambda p: np.log((1 - p) / p)),
        (brier_score, lambda p: p * (1 - p), lambda p: 1 - 2 * p),
        (
            spherical_score,
            lambda p: -np.sqrt(p**2 + (1 - p) ** 2),
            lambda p: -(2 * p - 1) / np.sqrt(p**2 + (1 - p) ** 2),
        ),
    ],
)
def test_a_proper_score_is_the_tangent_of_its_least_cost(rule, entropy, slope):
    p = np.linspace(0.05, 0.95, 19)
    np.testing.assert_allclose(expected_score(rule, p, p), entropy(p), rtol=1e-12)
    np.testing.assert_allclose(from_entropy(entropy(p), slope(p), p), rule(p), rtol=1e-10, atol=1e-14)


def test_tangents_of_a_function_that_is_not_concave_are_not_proper():
    p = np.linspace(0, 1, 201)
    yes, no = from_entropy((p - 0.5) ** 2, 2 * p - 1, p)  # convex: honesty costs most
    assert np.argmax(0.3 * yes + 0.7 * no) == np.argmin(np.abs(p - 0.3))


@pytest.mark.parametrize(("epsilon", "classes"), [(0.1, 10), (0.2, 2), (0.05, 1000)])
def test_label_smoothing(epsilon, classes):
    gap, floor = smoothing_gap(epsilon, classes), smoothing_floor(epsilon, classes)
    assert gap == pytest.approx(math.log((1 - epsilon + epsilon / classes) / (epsilon / classes)))
    target = np.full(classes, epsilon / classes)
    target[0] += 1 - epsilon
    assert floor == pytest.approx(stats.entropy(target))

    def cost(distance):
        logits = torch.zeros(1, classes, dtype=torch.float64)
        logits[0, 0] = distance
        return float(torch.nn.functional.cross_entropy(logits, torch.tensor([0]), label_smoothing=epsilon))

    assert cost(gap) == pytest.approx(floor) and min(cost(gap - 0.01), cost(gap + 0.01)) > floor


def test_softmax_twice():
    p = torch.tensor([[1.0, *[0.0] * 9]], dtype=torch.float64)
    assert softmax_twice_floor(10) == pytest.approx(float(torch.nn.functional.cross_entropy(p, torch.tensor([0]))))
    assert softmax_twice_floor(10) == pytest.approx(1.461, abs=5e-4)


def test_certain_forecasts():
    for rule in SCORING_RULES.values():
        yes, no = rule(np.array([0.0, 1.0]))
        assert yes[1] < yes[0] and no[0] < no[1]
    assert [values.tolist() for values in focal_score(2)(np.array([0.0, 1.0]))] == [[math.inf, 0], [0, math.inf]]


P = np.array([0.1, 0.5, 0.8])
LENGTH = np.sqrt(P**2 + (1 - P) ** 2)
COSTS = {
    "log": (-np.log(P), -np.log(1 - P)),
    "Brier": ((1 - P) ** 2, P**2),
    "spherical": (-P / LENGTH, (P - 1) / LENGTH),
    "absolute": (1 - P, P),
    "0–1": ([1, 0.5, 0], [0, 0.5, 1]),
    "focal, γ = 2": (-((1 - P) ** 2) * np.log(P), -(P**2) * np.log(1 - P)),
}


@pytest.mark.parametrize("name", SCORING_RULES)
def test_the_two_costs_of_each_score_by_hand(name):
    for ours, expected in zip(SCORING_RULES[name](P), COSTS[name], strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-15)
    yes, no = COSTS[name]
    np.testing.assert_allclose(expected_score(SCORING_RULES[name], P, 0.3), 0.3 * np.array(yes) + 0.7 * np.array(no))


def test_the_score_of_the_generalised_cross_entropy_by_hand():
    yes, no = gce_score(0.5)(P)
    np.testing.assert_allclose(yes, (1 - P**0.5) / 0.5)
    np.testing.assert_allclose(no, (1 - (1 - P) ** 0.5) / 0.5)
    assert gce_score(0.5)(np.array([0.0, 1.0]))[0].tolist() == [2, 0]
    np.testing.assert_allclose(focal_score(0.5)(P)[0], -((1 - P) ** 0.5) * np.log(P), rtol=1e-12)


def test_what_cannot_happen_costs_nothing():
    assert expected_score(log_score, [0.0, 1.0, 1.0, 0.0], [0.0, 1.0, 0.5, 0.5]).tolist() == [0, 0, math.inf, math.inf]
    assert best_forecast(log_score, [0.0, 1.0]).tolist() == pytest.approx([0, 1], abs=1e-6)
    np.testing.assert_allclose(best_forecast(zero_one_score, [0.3, 0.7]), [0.25, 0.75], atol=5e-4)  # the middle one
    assert best_forecast(brier_score, [[0.25, 0.5], [0.75, 0.125]]).shape == (2, 2)
    assert regret(brier_score, [0.5, 0.2], [[0.1], [0.4]]).shape == (2, 2)
    for name, call in {
        "forecast": lambda: expected_score(log_score, 1.5, 0.5),
        "eta": lambda: expected_score(log_score, 0.5, 1.5),
    }.items():
        with pytest.raises(ValueError, match=f"{name} must lie in"):
            call()
    with pytest.raises(ValueError, match="eta must lie in"):
        best_forecast(log_score, -0.5)
    with pytest.raises(ValueError, match="forecast must lie in"):
        from_entropy([0.1], [0.1], [1.5])


@pytest.mark.parametrize(("epsilon", "classes"), [(0.1, 10), (0.3, 3)])
def test_the_cost_of_a_gap_is_that_of_torch(epsilon, classes):
    gaps = np.array([-1.0, 0.0, 2.5])
    logits = torch.zeros(3, classes, dtype=torch.float64)
    logits[:, 0] = torch.tensor(gaps)
    label = torch.zeros(3, dtype=torch.long)
    theirs = torch.nn.functional.cross_entropy(logits, label, label_smoothing=epsilon, reduction="none")
    np.testing.assert_allclose(smoothed_cost(gaps, epsilon, classes), theirs.numpy())
    for refused in (0, 1):
        for call in (smoothing_gap, smoothing_floor):
            with pytest.raises(ValueError, match="label_smoothing must be a number in"):
                call(refused, classes)
    with pytest.raises(ValueError, match="classes must be an integer"):
        softmax_twice_floor(2.5)
