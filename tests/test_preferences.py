"""Strengths, LambdaRank's weights and policies, against scikit-learn, other ways to compute them, and hand numbers."""

import math

import numpy as np
import pytest
from sklearn import metrics

from lossbook.analysis.preferences import (
    best_policy,
    fit_strengths,
    implied_reward,
    lambda_gradient,
    misordered,
    win_probability,
)
from lossbook.losses.preference import dpo
from lossbook.losses.ranking import pairwise_logistic


@pytest.mark.parametrize("seed", range(3))
def test_misordered_is_one_minus_auc(seed):
    rng = np.random.default_rng(seed)
    s, y = rng.normal(0, 1, 80).round(1), rng.integers(0, 2, 80)
    assert misordered(s[y == 1], s[y == 0]) == pytest.approx(1 - metrics.roc_auc_score(y, s))


def test_two_players_by_hand():
    s = fit_strengths([[0, 3], [1, 0]])
    assert s[0] - s[1] == pytest.approx(math.log(3)) and s.sum() == pytest.approx(0)
    assert win_probability(s)[0, 1] == pytest.approx(0.75)


@pytest.mark.parametrize("seed", range(3))
def test_expected_wins_are_the_wins(seed):
    """At the best strengths each player is expected to win as often as it did."""
    rng = np.random.default_rng(seed)
    wins = rng.integers(1, 9, (6, 6)) * (1 - np.eye(6, dtype=int))
    s = fit_strengths(wins)
    expected = ((wins + wins.T) * win_probability(s)).sum(axis=1)
    np.testing.assert_allclose(expected, wins.sum(axis=1), rtol=1e-8)


def test_a_penalty_keeps_an_unbeaten_player_finite():
    wins = [[0, 3], [0, 0]]
    with pytest.raises(ValueError, match="no group that won every game"):
        fit_strengths(wins)
    s = fit_strengths(wins, penalty=1.0)
    grid = np.linspace(0, 3, 30001)  # half the lead
    costs = 3 * pairwise_logistic(grid, -grid, reduction="none") + grid**2
    assert s[0] == pytest.approx(grid[np.argmin(costs)], abs=1e-4)
    assert fit_strengths(np.zeros((3, 3)), penalty=1.0).tolist() == [0, 0, 0]


def test_lambda_weights_are_changes_of_ndcg():
    rng = np.random.default_rng(5)
    s, y = rng.normal(0, 1, 5), np.array([3.0, 0.0, 1.0, 0.0, 2.0])
    expected = np.zeros(5)
    for i in range(5):
        for j in range(5):
            if y[i] > y[j]:
                swapped = s.copy()
                swapped[[i, j]] = s[[j, i]]
                change = abs(metrics.ndcg_score([y], [s]) - metrics.ndcg_score([y], [swapped]))
                pull = change / (1 + math.exp(s[i] - s[j]))
                expected[i] -= pull
                expected[j] += pull
    np.testing.assert_allclose(lambda_gradient(s, y), expected, atol=1e-15)
    assert lambda_gradient(s, np.zeros(5)).tolist() == [0] * 5


def test_policies_and_rewards():
    reference, reward = np.array([0.5, 0.3, 0.2]), np.array([1.0, 0.0, -1.0])
    for beta in (0.1, 1.0, 10.0):
        policy = best_policy(reference, reward, beta)
        back = implied_reward(policy, reference, beta)
        np.testing.assert_allclose(back - back[0], reward - reward[0], atol=1e-10)

        def value(p, beta=beta):
            return p @ reward - beta * p @ np.log(p / reference)

        others = np.random.default_rng(6).dirichlet(np.ones(3), 500)
        assert all(value(p) <= value(np.maximum(policy, 1e-300)) + 1e-12 for p in others)


def test_the_best_policy_has_bradley_terry_odds_under_dpo():
    """The implied rewards of the best policy make DPO's loss the Bradley–Terry one of the true rewards."""
    reference, reward, beta = np.array([0.5, 0.3, 0.2]), np.array([1.0, 0.0, -1.0]), 0.5
    a, b = np.log(best_policy(reference, reward, beta)), np.log(reference)
    assert dpo(a[:1], a[1:2], b[:1], b[1:2], beta=beta) == pytest.approx(pairwise_logistic(reward[:1], reward[1:2]))


def test_refusals():
    with pytest.raises(ValueError, match="wins must be a square matrix"):
        fit_strengths([[0, 1]])
    with pytest.raises(ValueError, match="wins must be finite and not negative"):
        fit_strengths([[0, -1], [1, 0]])
    with pytest.raises(ValueError, match="must hold at least one score each"):
        misordered([], [1.0])
    with pytest.raises(ValueError, match="beta must be"):
        best_policy([1.0], [0.0], 0)
