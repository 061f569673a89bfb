"""Losses of the margin: hand numbers, corners, 50-digit references, the other libraries, refusals."""

import math

import mpmath
import numpy as np
import pytest
from precision import DIGITS, exact, ulps
from sklearn import metrics

from lossbook.losses.classification import binary_cross_entropy_with_logits, binary_cross_entropy_with_logits_grad
from lossbook.losses.margins import (
    exponential,
    exponential_grad,
    hinge,
    hinge_grad,
    logistic,
    logistic_grad,
    perceptron,
    perceptron_grad,
    squared_hinge,
    squared_hinge_grad,
)

VALUES = (hinge, squared_hinge, perceptron, logistic, exponential)
SLOPES = (hinge_grad, squared_hinge_grad, perceptron_grad, logistic_grad, exponential_grad)
LOG3 = math.log(3)


@pytest.fixture(autouse=True)
def enough_digits():
    with mpmath.workdps(400 + DIGITS):
        yield


@pytest.mark.parametrize(
    ("function", "by_hand"),
    [
        (hinge, [3.0, 1.5, 1.0, 0.5, 0.0, 0.0]),
        (hinge_grad, [-1.0, -1.0, -1.0, -1.0, 0.0, 0.0]),
        (squared_hinge, [9.0, 2.25, 1.0, 0.25, 0.0, 0.0]),
        (squared_hinge_grad, [-6.0, -3.0, -2.0, -1.0, 0.0, 0.0]),
        (perceptron, [2.0, 0.5, 0.0, 0.0, 0.0, 0.0]),
        (perceptron_grad, [-1.0, -1.0, 0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_by_hand(function, by_hand):
    margins = np.array([-2.0, -0.5, 0.0, 0.5, 1.0, 2.0])
    assert function(margins, np.ones(6), reduction="none").tolist() == by_hand
    turned = function(-margins, -np.ones(6), reduction="none")
    assert turned.tolist() == (by_hand if function in VALUES else [0.0 - slope for slope in by_hand])


def test_three_to_one():
    assert logistic([LOG3, LOG3], [1, -1], reduction="none").tolist() == pytest.approx([math.log(4 / 3), math.log(4)])
    assert logistic_grad([LOG3, LOG3], [1, -1], reduction="none").tolist() == pytest.approx([-0.25, 0.75])
    assert exponential([LOG3, LOG3], [1, -1], reduction="none").tolist() == pytest.approx([1 / 3, 3])
    assert exponential_grad([LOG3, LOG3], [1, -1], reduction="none").tolist() == pytest.approx([-1 / 3, 3])


@pytest.mark.parametrize("spread", [0.1, 1.0, 30.0, 300.0])
def test_to_a_few_ulp(spread):
    rng = np.random.default_rng(1)
    s, y = rng.normal(0, spread, 80), rng.choice([-1, 1], 80)
    margins = [exact(a * b) for a, b in zip(s, y, strict=True)]
    smooth = [mpmath.log(1 + mpmath.exp(-m)) for m in margins]
    assert ulps(logistic(s, y, reduction="none"), smooth) < 4
    slopes = [-int(b) / (1 + mpmath.exp(m)) for m, b in zip(margins, y, strict=True)]
    assert ulps(logistic_grad(s, y, reduction="none"), slopes) < 4
    assert ulps(exponential(s, y, reduction="none"), [mpmath.exp(-m) for m in margins]) < 2
    steep = [-int(b) * mpmath.exp(-m) for m, b in zip(margins, y, strict=True)]
    assert ulps(exponential_grad(s, y, reduction="none"), steep) < 2
    missing = [max(mpmath.mpf(0), 1 - m) for m in margins]
    assert ulps(hinge(s, y, reduction="none"), missing) < 1
    assert ulps(squared_hinge(s, y, reduction="none"), [m**2 for m in missing]) < 3


def test_far_out():
    assert logistic([800.0, -800.0], [1, 1], reduction="none").tolist() == [0, 800]
    assert exponential([-800.0, 800.0], [1, 1], reduction="none").tolist() == [math.inf, 0]
    assert hinge([math.inf, -math.inf], [1, 1], reduction="none").tolist() == [0, math.inf]
    assert squared_hinge([-1e200], [1]) == math.inf
    assert logistic_grad([-1e308, 1e308], [1, 1], reduction="none").tolist() == [-1, 0]


def test_the_logistic_loss_is_binary_cross_entropy():
    rng = np.random.default_rng(2)
    s, y = rng.normal(0, 5, 50), rng.choice([-1, 1], 50)
    np.testing.assert_allclose(logistic(s, y), binary_cross_entropy_with_logits(s, (1 + y) / 2), rtol=1e-14)
    np.testing.assert_allclose(
        logistic_grad(s, y), binary_cross_entropy_with_logits_grad(s, (1 + y) / 2), rtol=1e-14, atol=0
    )


def test_scikit_learn_has_the_same_hinge():
    rng = np.random.default_rng(3)
    s, y = rng.normal(0, 2, 50), rng.choice([-1, 1], 50)
    assert metrics.hinge_loss(y, s) == pytest.approx(hinge(s, y))


def test_each_lies_above_the_mistakes_except_the_perceptron():
    m = np.linspace(-4, 4, 801)
    wrong, ones = (m <= 0).astype(float), np.ones(801)
    for function in (hinge, squared_hinge, exponential):
        assert np.all(function(m, ones, reduction="none") >= wrong)
    assert np.all(logistic(m, ones, reduction="none") / math.log(2) >= wrong)
    assert not np.all(perceptron(m, ones, reduction="none") >= wrong)


@pytest.mark.parametrize("function", [*VALUES, *SLOPES])
@pytest.mark.parametrize("bad", [0, 2, -2, 0.5, math.inf])
def test_other_labels_are_refused(function, bad):
    with pytest.raises(ValueError, match=r"target must be -1 or 1, got .* at index \(1,\)"):
        function([1.0, 2.0], [1.0, bad])
