"""What margin losses estimate, which of them are calibrated, costs and weights, and the planes that they fit."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from lossbook.analysis.margins import (
    MARGIN_LOSSES,
    Plane,
    best_score,
    expected_loss,
    expected_slope,
    fit_plane,
    is_calibrated,
    penalised,
    slopes_at_zero,
    threshold,
    weighted,
)
from lossbook.losses.margins import EXPONENTIAL, HINGE, LOGISTIC, PERCEPTRON, SQUARED_HINGE

ETA = np.array([0.05, 0.2, 0.4, 0.5, 0.6, 0.95])
LOG_ODDS = np.log(ETA / (1 - ETA))
BY_HAND = {
    "hinge loss": np.sign(2 * ETA - 1).round(),
    "squared hinge loss": 2 * ETA - 1,
    "logistic loss of the margin": LOG_ODDS,
    "exponential loss": LOG_ODDS / 2,
    "perceptron loss": 0 * ETA,
}


@pytest.mark.parametrize("title", MARGIN_LOSSES)
def test_what_each_estimates(title):
    loss = MARGIN_LOSSES[title]
    best = best_score(loss, ETA)
    np.testing.assert_allclose(best, BY_HAND[title], atol=1e-9)
    around = best[:, np.newaxis] + np.linspace(-2, 2, 41)
    costs = expected_loss(loss, around, ETA[:, np.newaxis])
    assert np.all(costs >= expected_loss(loss, best, ETA)[:, np.newaxis] - 1e-12)


@pytest.mark.parametrize("loss", MARGIN_LOSSES.values(), ids=lambda loss: loss.name)
def test_the_slope_is_that_of_the_expected_loss(loss):
    s = np.linspace(-2.95, 2.95, 20)
    slopes = (expected_loss(loss, s + 1e-6, 0.3) - expected_loss(loss, s - 1e-6, 0.3)) / 2e-6
    np.testing.assert_allclose(expected_slope(loss, s, 0.3), slopes, rtol=1e-6, atol=1e-8)


def test_slopes_at_zero():
    for loss, slope in ((HINGE, -1), (SQUARED_HINGE, -2), (LOGISTIC, -0.5), (EXPONENTIAL, -1)):
        assert slopes_at_zero(loss) == pytest.approx((slope, slope), abs=1e-9)
        assert is_calibrated(loss)
    assert slopes_at_zero(PERCEPTRON) == (-1, 0) and not is_calibrated(PERCEPTRON)


@pytest.mark.parametrize("loss", MARGIN_LOSSES.values(), ids=lambda loss: loss.name)
def test_calibrated_means_that_the_best_score_has_the_right_sign(loss):
    eta = np.delete(np.linspace(0.02, 0.98, 97), 48)
    agree = np.sign(best_score(loss, eta).round(9)) == np.sign(eta - 0.5)
    assert agree.all() == is_calibrated(loss)


def test_costs_and_weights():
    assert threshold(1, 1) == 0.5 and threshold(1, 9) == pytest.approx(0.1)
    eta = np.linspace(0.01, 0.99, 99)
    moved = weighted(eta, 9)
    np.testing.assert_allclose(np.log(moved / (1 - moved)), np.log(eta / (1 - eta)) + np.log(9))
    np.testing.assert_allclose(weighted(moved, 1 / 9), eta)
    assert np.array_equal(moved > 0.5, eta > threshold(1, 9) + 1e-12)  # the same decisions by weight or by threshold


def cloud(seed: int):
    rng = np.random.default_rng(seed)
    y = np.repeat([-1.0, 1.0], 15)
    return rng.normal(0, 1, (30, 2)) + y[:, np.newaxis], y


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("loss", [HINGE, SQUARED_HINGE, LOGISTIC, EXPONENTIAL], ids=lambda loss: loss.name)
def test_no_other_plane_costs_less(loss, seed):
    x, y = cloud(seed)
    best = fit_plane(loss, x, y, penalty=0.05)
    least = penalised(loss, best, x, y, 0.05)
    rng = np.random.default_rng(99)
    for size in (1e-3, 1e-2, 0.3):
        for _ in range(60):
            weights = best.weights + size * rng.normal(size=2)
            other = best._replace(weights=weights, intercept=best.intercept + size * rng.normal())
            assert penalised(loss, other, x, y, 0.05) >= least - 1e-7


def test_the_logistic_plane_is_scikit_learns():
    x, y = cloud(0)
    ours = fit_plane(LOGISTIC, x, y, penalty=0.1)
    theirs = LogisticRegression(C=1 / (30 * 0.1), tol=1e-10).fit(x, y)
    np.testing.assert_allclose([*ours.weights, ours.intercept], [*theirs.coef_[0], *theirs.intercept_], rtol=1e-5)


def test_a_far_mistake_moves_the_exponential_plane_most():
    x, y = cloud(1)
    x, y = np.vstack([x, [8.0, 8.0]]), np.append(y, -1.0)  # deep on the wrong side

    def agree(loss):
        return np.mean(np.sign(fit_plane(loss, x, y).score(x[:-1])) == y[:-1])

    assert agree(EXPONENTIAL) < agree(HINGE)


def test_refusals():
    with pytest.raises(ValueError, match="best plane that is not 0, got perceptron"):
        fit_plane(PERCEPTRON, *cloud(0))
    with pytest.raises(ValueError, match="eta must lie strictly between"):
        best_score(LOGISTIC, [0.0, 0.5])
    with pytest.raises(ValueError, match="eta must lie in"):
        expected_loss(HINGE, 0.0, 1.5)
    with pytest.raises(ValueError, match="false_negative must be greater than 0"):
        threshold(1, 0)


def test_costs_of_scores_by_hand():
    assert expected_loss(HINGE, -2.0, 0.25) == pytest.approx(0.25 * 3)  # the margin of −1 is 2: no cost
    assert expected_loss(SQUARED_HINGE, 2.0, 0.25) == pytest.approx(0.75 * 9)
    assert expected_slope(EXPONENTIAL, 1.0, 0.25) == pytest.approx(-0.25 / np.e + 0.75 * np.e)
    assert [*MARGIN_LOSSES.values()] == [HINGE, SQUARED_HINGE, LOGISTIC, EXPONENTIAL, PERCEPTRON]
    assert threshold(3, 1) == 0.75 and weighted(0.2, 4) == pytest.approx(0.5) and weighted(0.5, 3) == 0.75
    assert best_score(EXPONENTIAL, [1e-40, 1 - 1e-12]) == pytest.approx([-20 * np.log(10), 6 * np.log(10)], rel=1e-4)
    for eta in (0.0, 1.0):
        with pytest.raises(ValueError, match="eta must lie strictly between 0 and 1"):
            best_score(HINGE, eta)
    for name, call in {
        "false_positive": lambda: threshold(0, 1),
        "weight": lambda: weighted(0.5, 0),
        "eta": lambda: weighted(1.5, 1),
    }.items():
        with pytest.raises(ValueError, match=name):
            call()


def test_a_plane_and_its_penalty_by_hand():
    plane = Plane(np.array([2.0, -1.0]), 0.5)
    x, y = np.array([[1.0, 1.0], [0.0, 2.0]]), np.array([1.0, 1.0])
    assert plane.score(x).tolist() == [1.5, -1.5]
    assert penalised(HINGE, plane, x, y, 0.2) == pytest.approx(2.5 / 2 + 0.1 * 5)
    points = cloud(2)
    for loss in (HINGE, LOGISTIC):
        ours, told = fit_plane(loss, *points), fit_plane(loss, *points, penalty=0.01)
        assert np.array_equal(ours.weights, told.weights) and ours.intercept == told.intercept
    with pytest.raises(ValueError, match="penalty must be a number in"):
        fit_plane(LOGISTIC, *points, penalty=0.0)
    with pytest.raises(ValueError, match="y and the rows of x must have the same shape"):
        fit_plane(LOGISTIC, points[0], points[1][:-1])
