"""Focal loss: hand numbers, the paper's, 50-digit references far from and near to certainty, which class α weighs."""

import math

import mpmath
import numpy as np
import pytest
from precision import DIGITS, exact, ulps

from lossbook.losses.classification import (
    binary_cross_entropy_with_logits,
    binary_cross_entropy_with_logits_grad,
    softmax_cross_entropy,
    softmax_cross_entropy_grad,
)
from lossbook.losses.focal import sigmoid_focal, sigmoid_focal_grad, softmax_focal, softmax_focal_grad

LOG3 = math.log(3)


@pytest.fixture(autouse=True)
def enough_digits():
    with mpmath.workdps(800 + DIGITS):
        yield


def test_by_hand():
    losses = sigmoid_focal([LOG3, LOG3], [1, 0], gamma=2, alpha=0.25, reduction="none")
    assert losses.tolist() == pytest.approx([math.log(4 / 3) / 64, 27 / 64 * math.log(4)])  # ¼ · 1/16, ¾ · 9/16
    slope = sigmoid_focal_grad([LOG3], [1], gamma=2, alpha=None)  # (1 − p)² (2 p log p + p − 1) at p = ¾
    assert slope.tolist() == pytest.approx([(1.5 * math.log(0.75) - 0.25) / 16])
    assert softmax_focal([0.0, LOG3], 0, gamma=1) == pytest.approx(0.75 * math.log(4))
    assert softmax_focal([[0.0, LOG3]] * 2, [0, 1], gamma=0, alpha=[2.0, 8.0]) == pytest.approx(
        math.log(4) + 4 * math.log(4 / 3)
    )  # the mean divides by 2, not by 10


def test_alpha_weighs_the_positives():
    both = sigmoid_focal([0.0, 0.0], [1, 0], gamma=0, alpha=0.25, reduction="none")
    assert both.tolist() == pytest.approx([0.25 * math.log(2), 0.75 * math.log(2)])
    assert sigmoid_focal([0.0, 0.0], [1, 0], gamma=0, alpha=None) == pytest.approx(math.log(2))
    slopes = sigmoid_focal_grad([0.0, 0.0], [1, 0], gamma=0, alpha=0.25, reduction="none")
    assert slopes.tolist() == pytest.approx([-0.125, 0.375])


@pytest.mark.parametrize("spread", [0.1, 1.0, 10.0, 80.0])
@pytest.mark.parametrize("gamma", [0.0, 0.3, 2.0, 5.0])
def test_to_a_few_ulp(spread, gamma):
    rng = np.random.default_rng(6)
    s, y = rng.normal(0, spread, 60), rng.integers(0, 2, 60)
    g, losses, slopes = exact(gamma), [], []
    for score, label in zip(s, y, strict=True):
        sign = 1 if label else -1
        p = 1 / (1 + mpmath.exp(-sign * exact(score)))
        losses.append(-((1 - p) ** g) * mpmath.log(p))
        slopes.append(sign * (1 - p) ** g * (g * p * mpmath.log(p) + p - 1))
    assert ulps(sigmoid_focal(s, y, gamma=gamma, alpha=None, reduction="none"), losses) < 16
    assert ulps(sigmoid_focal_grad(s, y, gamma=gamma, alpha=None, reduction="none"), slopes) < 16
    pairs = np.stack([np.zeros(60), s], axis=1)  # the softmax of two classes is a sigmoid
    assert ulps(softmax_focal(pairs, y, gamma=gamma, reduction="none"), losses) < 16
    assert ulps(softmax_focal_grad(pairs, y, gamma=gamma, reduction="none")[:, 1], slopes) < 16


def test_stable_at_eight_hundred():
    for gamma in (0.0, 0.3, 2.0, 5.0):
        losses = sigmoid_focal([800.0, -800.0, 800.0, -800.0], [1, 1, 0, 0], gamma=gamma, alpha=None, reduction="none")
        assert losses.tolist() == [0, 800, 800, 0]
        slopes = sigmoid_focal_grad(
            [800.0, -800.0, 800.0, -800.0], [1, 1, 0, 0], gamma=gamma, alpha=None, reduction="sum"
        )
        assert slopes.tolist() == [0, -1, 1, 0]
        pair = [[800.0, -800.0]] * 2
        assert softmax_focal(pair, [0, 1], gamma=gamma, reduction="none").tolist() == [0, 1600]
        assert softmax_focal_grad(pair, [0, 1], gamma=gamma, reduction="sum").tolist() == [[0, 0], [1, -1]]
    assert sigmoid_focal([-math.inf, -math.inf], [0, 1], reduction="none").tolist() == [0, math.inf]
    assert sigmoid_focal_grad([-math.inf, -math.inf], [0, 1], alpha=None, reduction="none").tolist() == [0, -1]
    assert softmax_focal_grad([[0.0, -math.inf]], [1]).tolist() == [[1, -1]]


def test_without_gamma_it_is_cross_entropy():
    rng = np.random.default_rng(7)
    s, y = rng.normal(0, 5, 40), rng.integers(0, 2, 40)
    for focal, plain in (
        (sigmoid_focal, binary_cross_entropy_with_logits),
        (sigmoid_focal_grad, binary_cross_entropy_with_logits_grad),
    ):
        np.testing.assert_allclose(focal(s, y, gamma=0, alpha=None), plain(s, y), rtol=1e-14, atol=0)
    rows, labels = rng.normal(0, 5, (40, 4)), rng.integers(0, 4, 40)
    for focal, plain in ((softmax_focal, softmax_cross_entropy), (softmax_focal_grad, softmax_cross_entropy_grad)):
        np.testing.assert_allclose(focal(rows, labels, gamma=0), plain(rows, labels), rtol=1e-13, atol=0)


def test_easy_negatives_drown_hard_positives_without_it():
    """100,000 negatives at p = 0.01 beside 10 positives at p = 0.01."""
    s = math.log(0.01 / 0.99)
    for gamma, easy, hard in ((0, 1005.03, 46.05), (2, 0.1005, 45.13)):
        assert 1e5 * sigmoid_focal([s], [0], gamma=gamma, alpha=None) == pytest.approx(easy, rel=1e-3)
        assert 10 * sigmoid_focal([s], [1], gamma=gamma, alpha=None) == pytest.approx(hard, rel=1e-3)


@pytest.mark.parametrize(("gamma", "steepest"), [(0, 1.0), (1, 1.0453), (2, 1.1290), (5, 1.3146)])
def test_its_slope_is_at_most_a_little_steeper(gamma, steepest):
    s = np.linspace(-20, 20, 40001)
    slopes = sigmoid_focal_grad(s, np.ones(s.size), gamma=gamma, alpha=None, reduction="none")
    assert np.abs(slopes).max() == pytest.approx(steepest, abs=6e-5)
    costs = [sigmoid_focal(s, np.ones(s.size), gamma=g, alpha=None, reduction="none") for g in (0, gamma)]
    assert np.all(costs[1] <= costs[0])  # no example costs more than under cross-entropy


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"gamma": -1}, "gamma must be"),
        ({"gamma": math.inf}, "gamma must be"),
        ({"alpha": 0}, "alpha must be a number in"),
        ({"alpha": 1}, "alpha must be a number in"),
        ({"alpha": -1}, "alpha must be a number in"),
    ],
)
@pytest.mark.parametrize("function", [sigmoid_focal, sigmoid_focal_grad])
def test_bad_parameters_are_refused(function, keywords, message):
    with pytest.raises(ValueError, match=message):
        function([1.0], [1], **keywords)
    with pytest.raises(ValueError, match=r"labels must be 0 or 1, got 0\.5"):
        function([1.0], [0.5])


@pytest.mark.parametrize("function", [softmax_focal, softmax_focal_grad])
@pytest.mark.parametrize("alpha", [[1.0], 0.25, [-1.0, 1.0], [math.inf, 1.0], [math.nan, 1.0]])
def test_bad_class_weights_are_refused(function, alpha):
    with pytest.raises(ValueError, match="alpha must"):
        function([[0.0, 1.0]], [0], alpha=alpha)


@pytest.mark.parametrize("function", [softmax_focal, softmax_focal_grad])
def test_a_class_may_weigh_nothing(function):
    assert np.all(function([[0.0, LOG3]], [0], alpha=[0.0, 1.0]) == 0)
    assert np.any(function([[0.0, LOG3]], [1], alpha=[0.0, 1.0]) != 0)


def test_no_loss_is_minus_zero():
    """A probability of 1 costs nothing, with and without γ, and nothing has no sign."""
    for gamma in (0.0, 2.0):
        losses = [
            *softmax_focal([[800.0, 0.0]], [0], gamma=gamma, reduction="none"),
            *sigmoid_focal([800.0, -800.0], [1, 0], gamma=gamma, reduction="none"),
        ]
        assert losses == [0, 0, 0] and not np.signbit(losses).any()
