"""Scoring a forecast, and losses for wrong labels: hand numbers, 50-digit references, scikit-learn, refusals."""

import math

import mpmath
import numpy as np
import pytest
from precision import DIGITS, exact, ulps
from sklearn import metrics

from lossbook.losses.classification import softmax_cross_entropy, softmax_cross_entropy_grad
from lossbook.losses.scores import softmax
from lossbook.losses.scoring import (
    binary_brier,
    binary_brier_grad,
    brier,
    brier_grad,
    forward_correction,
    forward_correction_grad,
    generalised_cross_entropy,
    generalised_cross_entropy_grad,
    spherical,
    spherical_grad,
)

LOG3 = math.log(3)
NOISE = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.0, 0.3, 0.7]])


@pytest.fixture(autouse=True)
def enough_digits():
    with mpmath.workdps(800 + DIGITS):
        yield


def forecasts(rows: int = 60, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    return rng.dirichlet(np.full(classes, 0.3), rows), rng.integers(0, classes, rows)


def scores(spread: float, rows: int = 40, classes: int = 3) -> tuple[np.ndarray, np.ndarray, list[list[mpmath.mpf]]]:
    """Scores, labels, and the softmax of every row with all digits."""
    rng = np.random.default_rng(5)
    s, y = rng.normal(0, spread, (rows, classes)), rng.integers(0, classes, rows)
    powers = [[mpmath.exp(exact(value)) for value in row] for row in s]
    return s, y, [[power / mpmath.fsum(row) for power in row] for row in powers]


def test_by_hand():
    assert brier([0.5, 0.25, 0.25], 0) == 0.375  # ¼ + 1/16 + 1/16
    assert brier([[0.0, 1.0], [1.0, 0.0]], [0, 0]) == 1  # the mean of 2 and 0, not of four squares
    assert brier_grad([0.5, 0.25, 0.25], 0).tolist() == [-1, 0.5, 0.5]
    assert binary_brier([0.25], [1]) == 0.5625
    assert binary_brier_grad([0.25, 0.25], [1, 0], reduction="none").tolist() == [-1.5, 0.5]
    assert spherical([0.6, 0.0, 0.4], 1) == 0
    assert spherical([3 / 7, 4 / 7], 0) == pytest.approx(-0.6)
    # of −p₁/√(p₁² + p₂²) by p₁ it is −p₂²/‖p‖³, by p₂ p₁p₂/‖p‖³; ‖p‖ = 5/7
    assert spherical_grad([3 / 7, 4 / 7], 0).tolist() == pytest.approx([-16 * 7 / 125, 12 * 7 / 125])
    assert generalised_cross_entropy([0.0, LOG3], 0, q=0.5) == pytest.approx(1)
    assert generalised_cross_entropy_grad([0.0, LOG3], 0, q=0.5).tolist() == pytest.approx([-0.375, 0.375])
    assert generalised_cross_entropy([0.0, LOG3], 0, q=1) == pytest.approx(0.75)
    half = [[0.5, 0.5], [0.0, 1.0]]
    assert forward_correction([0.0, LOG3], 1, half) == pytest.approx(math.log(8 / 7))
    assert forward_correction([0.0, LOG3], 0, half) == pytest.approx(math.log(8))
    assert forward_correction_grad([0.0, LOG3], 0, half).tolist() == pytest.approx([-0.75, 0.75])


def test_scores_of_forecasts_to_a_few_ulp():
    p, y = forecasts()
    exactly = [[exact(value) for value in row] for row in p]
    lengths = [mpmath.sqrt(mpmath.fsum(value**2 for value in row)) for row in exactly]
    one_hot = np.eye(4, dtype=int)[y].tolist()
    squares = [
        mpmath.fsum((a - b) ** 2 for a, b in zip(*pair, strict=True)) for pair in zip(exactly, one_hot, strict=True)
    ]
    assert ulps(brier(p, y, reduction="none"), squares) < 4
    cosines = [-row[label] / length for row, label, length in zip(exactly, y, lengths, strict=True)]
    assert ulps(spherical(p, y, reduction="none"), cosines) < 4
    slopes = [
        (row[label] * value / length**2 - (k == label)) / length
        for row, label, length in zip(exactly, y, lengths, strict=True)
        for k, value in enumerate(row)
    ]
    assert ulps(spherical_grad(p, y, reduction="none"), slopes) < 6


@pytest.mark.parametrize("spread", [0.1, 1.0, 10.0, 60.0])
@pytest.mark.parametrize("q", [0.05, 0.7, 1.0])
def test_generalised_cross_entropy_to_a_few_ulp(spread, q):
    s, y, p = scores(spread)
    own = [row[label] for row, label in zip(p, y, strict=True)]
    losses = [(1 - value ** exact(q)) / exact(q) for value in own]
    assert ulps(generalised_cross_entropy(s, y, q=q, reduction="none"), losses) < 6
    slopes = [
        value ** exact(q) * (other - (k == label))
        for row, label, value in zip(p, y, own, strict=True)
        for k, other in enumerate(row)
    ]
    np.testing.assert_allclose(
        generalised_cross_entropy_grad(s, y, q=q, reduction="none").ravel(), [float(x) for x in slopes], 1e-14, 0
    )


@pytest.mark.parametrize("spread", [0.1, 1.0, 10.0, 60.0])
@pytest.mark.parametrize("matrix", [NOISE, np.eye(3)])
def test_forward_correction_to_a_few_ulp(spread, matrix):
    s, y, p = scores(spread)
    noise = [[exact(value) for value in row] for row in matrix]
    observed = [
        mpmath.fsum(a * b[label] for a, b in zip(row, noise, strict=True)) for row, label in zip(p, y, strict=True)
    ]
    losses = [float(-mpmath.log(value)) for value in observed]
    np.testing.assert_allclose(forward_correction(s, y, matrix, reduction="none"), losses, rtol=1e-14, atol=1e-16)
    slopes = [
        float(value - noise[k][label] * value / total)
        for row, label, total in zip(p, y, observed, strict=True)
        for k, value in enumerate(row)
    ]
    result = forward_correction_grad(s, y, matrix, reduction="none").ravel()
    np.testing.assert_allclose(result, slopes, rtol=1e-13, atol=0)


def test_without_noise_forward_correction_is_cross_entropy():
    s, y, _ = scores(40.0)
    np.testing.assert_allclose(
        forward_correction(s, y, np.eye(3), reduction="none"),
        softmax_cross_entropy(s, y, reduction="none"),
        rtol=1e-14,
        atol=0,
    )
    np.testing.assert_allclose(
        forward_correction_grad(s, y, np.eye(3)), softmax_cross_entropy_grad(s, y), rtol=1e-14, atol=0
    )
    assert forward_correction([0.0, 40.0], 1, np.eye(2)) == pytest.approx(4.248354255291589e-18, rel=1e-14, abs=0)
    half = forward_correction([0.0, 40.0], 1, [[0.5, 0.5], [0.0, 1.0]])  # −log(1 − ½ e⁻⁴⁰)
    assert half == pytest.approx(math.exp(-40) / 2, rel=1e-14, abs=0)
    assert forward_correction([[0.0, -800.0]], [1], np.eye(2)) == 800
    assert forward_correction_grad([[0.0, -800.0]], [1], np.eye(2)).tolist() == [[1, -1]]


def test_a_true_noise_matrix_leaves_the_truth_best():
    truth = np.array([0.6, 0.3, 0.1])
    seen = truth @ NOISE
    slopes = sum(
        chance * forward_correction_grad(np.log(truth), label, NOISE) for label, chance in enumerate(seen.tolist())
    )
    np.testing.assert_allclose(slopes, 0, atol=1e-16)
    wrong = sum(chance * softmax_cross_entropy_grad(np.log(truth), k) for k, chance in enumerate(seen.tolist()))
    assert np.abs(wrong).max() > 0.05


def test_between_cross_entropy_and_absolute_error():
    s, y, _ = scores(2.0)
    errors = np.abs(softmax(s) - np.eye(3)[y]).sum(axis=1)
    np.testing.assert_allclose(2 * generalised_cross_entropy(s, y, q=1, reduction="none"), errors, rtol=1e-13)
    np.testing.assert_allclose(
        generalised_cross_entropy(s, y, q=1e-9, reduction="none"),
        softmax_cross_entropy(s, y, reduction="none"),
        rtol=1e-7,
    )


def test_certainty():
    sure = [[0.0, -math.inf], [0.0, -math.inf]]
    assert generalised_cross_entropy(sure, [0, 1], q=0.5, reduction="none").tolist() == [0, 2]
    assert generalised_cross_entropy_grad(sure, [0, 1], q=0.5, reduction="none").tolist() == [[0, 0], [0, 0]]
    assert forward_correction(sure, [0, 1], np.eye(2), reduction="none").tolist() == [0, math.inf]
    assert forward_correction(sure, [0, 1], [[1, 0], [1, 0]], reduction="none").tolist() == [0, math.inf]
    assert brier([[1.0, 0.0]] * 2, [0, 1], reduction="none").tolist() == [0, 2]
    assert spherical([[1.0, 0.0]] * 2, [0, 1], reduction="none").tolist() == [-1, 0]
    assert generalised_cross_entropy_grad([0.0, -1000.0], 1, q=0.1).tolist() == pytest.approx(
        [math.exp(-100), -math.exp(-100)], rel=1e-13, abs=0
    )


def test_the_brier_score_of_scikit_learn():
    p, y = forecasts(60, 3)
    assert metrics.brier_score_loss(y, p) == pytest.approx(brier(p, y))
    assert metrics.brier_score_loss(y, p, scale_by_half=True) == pytest.approx(brier(p, y) / 2)
    p, y = forecasts(60, 2)
    assert metrics.brier_score_loss(y, p) == pytest.approx(brier(p, y) / 2)
    assert (
        metrics.brier_score_loss(y, p[:, 1])
        == pytest.approx(binary_brier(p[:, 1], y))
        == pytest.approx(brier(p, y) / 2)
    )


@pytest.mark.parametrize("function", [brier, brier_grad, spherical, spherical_grad])
@pytest.mark.parametrize(
    ("prediction", "labels", "message"),
    [
        ([[0.5, 0.6]], [0], "prediction must sum to 1"),
        ([[-0.5, 1.5]], [0], "prediction must not be negative"),
        ([[0.5, 0.5]], [2], "labels must be integers from 0 to 1, got 2"),
        ([[0.5, 0.5]], [0.0], "labels must be integers"),
        ([[0.5, 0.5]], 0, "labels must be class indices of shape"),
        ([[0.5, 0.5]], [[0.0, 1.0]], "labels must be class indices of shape"),
        (0.5, 0, "prediction must have an axis"),
    ],
)
def test_bad_forecasts_are_refused(function, prediction, labels, message):
    with pytest.raises(ValueError, match=message):
        function(prediction, labels)


@pytest.mark.parametrize("function", [forward_correction, forward_correction_grad])
@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(3), r"noise_matrix must have the shape \(2, 2\)"),
        ([[0.5, 0.6], [0, 1]], "noise_matrix must sum to 1"),
        ([[0.5, 0.5]], "noise_matrix must have the shape"),
        ([[-1, 2], [0, 1]], "noise_matrix must not be negative"),
    ],
)
def test_bad_noise_is_refused(function, matrix, message):
    with pytest.raises(ValueError, match=message):
        function([[0.0, 1.0]], [0], matrix)


@pytest.mark.parametrize("function", [generalised_cross_entropy, generalised_cross_entropy_grad])
@pytest.mark.parametrize("q", [0, -0.1, 1.1, math.nan, "0.7", [0.7]])
def test_a_bad_exponent_is_refused(function, q):
    with pytest.raises(ValueError, match="q must be"):
        function([[0.0, 1.0]], [0], q=q)


def test_a_forecast_of_one_class_is_certain_and_free():
    assert brier([[1.0], [1.0]], [0, 0]) == 0
    assert brier_grad([[1.0], [1.0]], [0, 0]).tolist() == [[0], [0]]
