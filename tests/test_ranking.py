"""Order: hand numbers, likelihoods by enumeration, 50-digit references, scores that rise together, ties, refusals."""

import itertools
import math

import mpmath
import numpy as np
import pytest
import torch
from precision import DIGITS, exact, ulps
from sklearn import metrics

from lossbook.losses.classification import binary_cross_entropy_with_logits, softmax_cross_entropy
from lossbook.losses.margins import hinge, logistic
from lossbook.losses.preference import dpo, dpo_grad, dpo_grad_rejected, ipo, ipo_grad, ipo_grad_rejected
from lossbook.losses.ranking import (
    listmle,
    listmle_grad,
    listnet,
    listnet_grad,
    margin_ranking,
    margin_ranking_grad,
    margin_ranking_grad_other,
    pairwise_logistic,
    pairwise_logistic_grad,
    pairwise_logistic_grad_other,
)

LOG3 = math.log(3)


@pytest.fixture(autouse=True)
def enough_digits():
    with mpmath.workdps(400 + DIGITS):
        yield


# ── Pairs ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_pairs_by_hand():
    assert margin_ranking([2.0, 1.0, 0.5, -1.0], np.zeros(4), reduction="none").tolist() == [0, 0, 0.5, 2]
    slopes = margin_ranking_grad([2.0, 1.0, 0.5, -1.0], np.zeros(4), reduction="none")
    assert slopes.tolist() == [0, 0, -1, -1]  # 0 at a lead of exactly the margin
    assert margin_ranking([0.0], [0.0], margin=0) == 0
    assert pairwise_logistic([LOG3, 0.0], [0.0, LOG3], reduction="none").tolist() == pytest.approx(
        [math.log(4 / 3), math.log(4)]
    )
    assert pairwise_logistic_grad([LOG3, 0.0], [0.0, LOG3], reduction="none").tolist() == pytest.approx([-0.25, -0.75])


def test_pairs_are_margin_losses_of_the_difference():
    rng = np.random.default_rng(8)
    first, second = rng.normal(0, 3, (2, 50))
    ones = np.ones(50)
    np.testing.assert_array_equal(margin_ranking(first, second), hinge(first - second, ones))
    np.testing.assert_array_equal(pairwise_logistic(first, second), logistic(first - second, ones))
    np.testing.assert_allclose(
        pairwise_logistic(first, second), binary_cross_entropy_with_logits(first - second, ones), rtol=1e-15
    )


@pytest.mark.parametrize("spread", [0.1, 1.0, 30.0, 300.0])
def test_pairwise_logistic_to_a_few_ulp(spread):
    rng = np.random.default_rng(9)
    first = np.round(rng.normal(0, spread, 60), 6).astype(np.float32).astype(float)  # differences without rounding
    second = np.zeros(60)
    leads = [exact(value) for value in first]
    assert ulps(pairwise_logistic(first, second, reduction="none"), [mpmath.log(1 + mpmath.exp(-m)) for m in leads]) < 4
    slopes = [1 / (1 + mpmath.exp(m)) for m in leads]
    assert ulps(pairwise_logistic_grad_other(first, second, reduction="none"), slopes) < 4


def test_stable_at_ten_thousand():
    first, second = [1e4, 0.0, 5000.0], [0.0, 1e4, -5000.0]
    assert pairwise_logistic(first, second, reduction="none").tolist() == [0, 1e4, 0]
    assert pairwise_logistic_grad(first, second, reduction="none").tolist() == [0, -1, 0]
    assert margin_ranking(first, second, reduction="none").tolist() == [0, 10001, 0]
    assert dpo(first, second, np.zeros(3), np.zeros(3), beta=1, reduction="none").tolist() == [0, 1e4, 0]
    assert listnet([[1e4, 0.0]], [[1e4, 0.0]]) == 0
    assert listmle([[1e4, 0.0, -1e4]] * 2, [[3, 2, 1], [1, 2, 3]], reduction="none").tolist() == [0, 3e4]
    assert listmle_grad([[1e4, 0.0, -1e4]], [[1.0, 2.0, 3.0]]).tolist() == [[2, -1, -1]]


def test_the_pair_loss_of_mistakes_is_one_minus_auc():
    rng = np.random.default_rng(10)
    s, y = rng.normal(0, 1, 60).round(1), rng.integers(0, 2, 60)  # rounded, so that there are ties
    leads = s[y == 1][:, np.newaxis] - s[y == 0]
    assert np.mean((leads < 0) + (leads == 0) / 2) == pytest.approx(1 - metrics.roc_auc_score(y, s))
    upper = pairwise_logistic(leads, np.zeros_like(leads)) / math.log(2)
    assert upper >= 1 - metrics.roc_auc_score(y, s)


# ── Lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def by_enumeration(s: np.ndarray) -> dict[tuple[int, ...], float]:
    """The probability of every order, items drawn one by one with the softmax of what is left."""
    found = {}
    for order in itertools.permutations(range(len(s))):
        left, chance = list(order), 1.0
        for item in order:
            chance *= math.exp(s[item]) / sum(math.exp(s[other]) for other in left)
            left.remove(item)
        found[order] = chance
    return found


def test_listmle_is_the_likelihood_of_an_order():
    s = np.random.default_rng(11).normal(0, 2, 4)
    chances = by_enumeration(s)
    assert sum(chances.values()) == pytest.approx(1)
    for order, chance in chances.items():
        relevance = np.empty(4)
        relevance[list(order)] = [4, 3, 2, 1]
        assert listmle(s, relevance) == pytest.approx(-math.log(chance), rel=1e-12)
        assert listmle(s, np.exp(5 * relevance)) == listmle(s, relevance)  # only the order counts


def test_lists_by_hand():
    assert listmle([0.0, 0.0, 0.0], [3, 1, 2]) == pytest.approx(math.log(6))
    slopes = listmle_grad([0.0, 0.0, 0.0], [3, 1, 2])
    assert slopes.tolist() == pytest.approx([1 / 3 - 1, 1 / 3 + 1 / 2 + 1 - 1, 1 / 3 + 1 / 2 - 1])
    assert listmle([0.0, LOG3], [1, 0]) == pytest.approx(math.log(4))
    assert listnet([0.0, LOG3], [LOG3, 0.0]) == pytest.approx(0.75 * math.log(4) + 0.25 * math.log(4 / 3))
    assert listnet_grad([0.0, LOG3], [LOG3, 0.0]).tolist() == pytest.approx([-0.5, 0.5])
    assert listmle([7.0], [1.0]) == listnet([7.0], [1.0]) == 0
    assert listmle_grad([7.0], [1.0]).tolist() == [0]


def exact_listmle(s: np.ndarray, y: np.ndarray) -> tuple[mpmath.mpf, list[mpmath.mpf]]:
    """By the printed formula: value and gradient."""
    power = [mpmath.exp(exact(value)) for value in s]
    totals = [mpmath.fsum(p for p, other in zip(power, y, strict=True) if other <= own) for own in y]
    value = mpmath.fsum(mpmath.log(total / p) for total, p in zip(totals, power, strict=True))
    slopes = [
        power[k] * mpmath.fsum(1 / total for total, own in zip(totals, y, strict=True) if y[k] <= own) - 1
        for k in range(len(s))
    ]
    return value, slopes


@pytest.mark.parametrize("spread", [0.1, 1.0, 20.0])
@pytest.mark.parametrize("grades", [3, 1000])
def test_listmle_with_ties_and_without(spread, grades):
    rng = np.random.default_rng(12)
    s, y = rng.normal(0, spread, (20, 7)), rng.integers(0, grades, (20, 7))
    expected = [exact_listmle(*row) for row in zip(s, y, strict=True)]
    values = [float(value) for value, _ in expected]
    np.testing.assert_allclose(listmle(s, y, reduction="none"), values, rtol=1e-13)
    slopes = [[float(slope) for slope in row] for _, row in expected]
    np.testing.assert_allclose(listmle_grad(s, y, reduction="none"), slopes, rtol=1e-12, atol=1e-14)


def test_a_list_in_the_right_order_keeps_its_digits():
    assert ulps(listmle([[40.0, 0.0]], [[1, 0]]), mpmath.log(1 + mpmath.exp(-40))) < 2
    assert ulps(listmle_grad([[40.0, 0.0]], [[1, 0]])[0, 1], 1 / (1 + mpmath.exp(40))) < 3
    assert ulps(-listmle_grad([[40.0, 0.0]], [[1, 0]])[0, 0], 1 / (1 + mpmath.exp(40))) < 3


def test_one_winner_makes_listnet_a_softmax_choice():
    s = np.random.default_rng(13).normal(0, 2, (5, 4))
    winners = np.array([0, 1, 2, 3, 0])
    np.testing.assert_allclose(listnet(s, 800.0 * np.eye(4)[winners]), softmax_cross_entropy(s, winners), rtol=1e-14)


@pytest.mark.parametrize("function", [listnet, listnet_grad, listmle, listmle_grad])
def test_only_differences_count(function):
    rng = np.random.default_rng(14)
    s, y = rng.normal(0, 2, (6, 5)).round(6), rng.integers(0, 3, (6, 5))
    np.testing.assert_allclose(
        function(s + 1024.0, y, reduction="none"), function(s, y, reduction="none"), rtol=1e-10, atol=1e-12
    )
    if function in (listnet_grad, listmle_grad):
        np.testing.assert_allclose(function(s, y).sum(axis=1), 0, atol=1e-15)


def test_torchs_margin_ranking_has_another_margin():
    first, second = torch.tensor([0.5, 0.0]), torch.tensor([0.0, 0.5])
    order = torch.ones(2)
    theirs = torch.nn.functional.margin_ranking_loss(first, second, order, reduction="none")
    assert theirs.tolist() == margin_ranking(first.numpy(), second.numpy(), margin=0, reduction="none").tolist()


# ── Preferences ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_preferences_by_hand():
    same = ([-10.0], [-12.0], [-10.0], [-12.0])  # the policy is the reference
    assert dpo(*same) == pytest.approx(math.log(2))
    assert dpo_grad(*same, beta=0.5).tolist() == [-0.25]
    assert dpo_grad_rejected(*same, beta=0.5).tolist() == [0.25]
    assert ipo(*same) == 25
    raised = ([-9.0], [-14.0], [-10.0], [-12.0])  # h = 1 + 2
    assert dpo(*raised, beta=LOG3 / 3) == pytest.approx(math.log(4 / 3))
    assert dpo_grad(*raised, beta=LOG3 / 3).tolist() == pytest.approx([-LOG3 / 12])
    assert ipo(*raised, beta=0.25) == 1
    assert ipo_grad(*raised, beta=0.25).tolist() == [2]
    assert ipo_grad_rejected(*raised, beta=0.25).tolist() == [-2]


def test_dpo_falls_while_both_answers_become_less_probable():
    reference = ([-10.0], [-10.0])
    assert dpo([-12.0], [-20.0], *reference) < dpo([-10.0], [-10.0], *reference)


def test_dpo_is_a_pair_of_implied_rewards():
    a_w, a_l, b_w, b_l = np.random.default_rng(15).normal(-20, 5, (4, 30))
    rewards = 0.3 * (a_w - b_w), 0.3 * (a_l - b_l)
    np.testing.assert_allclose(dpo(a_w, a_l, b_w, b_l, beta=0.3), pairwise_logistic(*rewards), rtol=1e-13)


# ── Refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("function", [listnet, listnet_grad, listmle, listmle_grad])
@pytest.mark.parametrize(
    ("scores", "relevance", "message"),
    [
        ([[0.0, math.inf]], [[0, 1]], r"scores must be finite, got inf at index \(0, 1\)"),
        ([[0.0, -math.inf]], [[0, 1]], "scores must be finite, got -inf"),
        ([[0.0, 1.0]], [[0, math.inf]], "relevance must be finite"),
        ([[0.0, 1.0]], [0, 1], "scores and relevance must have the same shape"),
        (np.zeros((2, 0)), np.zeros((2, 0)), "scores must have at least one item"),
        (1.0, 1.0, "scores must have at least one item"),
    ],
)
def test_bad_lists_are_refused(function, scores, relevance, message):
    with pytest.raises(ValueError, match=message):
        function(scores, relevance)


@pytest.mark.parametrize(
    "function",
    [
        margin_ranking,
        margin_ranking_grad,
        margin_ranking_grad_other,
        pairwise_logistic,
        pairwise_logistic_grad,
        pairwise_logistic_grad_other,
    ],
)
def test_pairs_of_other_shapes_are_refused(function):
    with pytest.raises(ValueError, match="preferred and other must have the same shape"):
        function([0.0, 1.0], [[0.0], [1.0]])


@pytest.mark.parametrize("function", [dpo, dpo_grad, dpo_grad_rejected, ipo, ipo_grad, ipo_grad_rejected])
def test_bad_preferences_are_refused(function):
    for beta in (0, -1, math.inf, math.nan):
        with pytest.raises(ValueError, match="beta must be"):
            function([0.0], [0.0], [0.0], [0.0], beta=beta)
    with pytest.raises(ValueError, match="chosen and reference_rejected must have the same shape"):
        function([0.0], [0.0], [0.0], [[0.0]])
