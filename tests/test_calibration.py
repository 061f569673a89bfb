"""Calibration: bins by hand, the decomposition of the Brier score, one temperature, noise and its removal."""

import math

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from lossbook.analysis.calibration import (
    confidence,
    decompose,
    expected_calibration_error,
    fit_temperature,
    gce_minimiser,
    observed,
    reliability,
    symmetric_noise,
    without_noise,
)
from lossbook.losses.classification import softmax_cross_entropy
from lossbook.losses.scores import softmax
from lossbook.losses.scoring import binary_brier, generalised_cross_entropy


def forecasts(seed: int = 0, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.uniform(size=n)
    return p, (rng.uniform(size=n) < p**2).astype(float)


def test_the_error_counts_a_bin_of_one():
    # the lone forecast misses by 0.95, the pair of 0.95 by 0.45
    assert reliability([0.05, 0.95, 0.95], [1, 1, 0]).error == pytest.approx((0.95 + 2 * 0.45) / 3)


def test_bins_by_hand():
    table = reliability([0.0, 0.1, 0.5, 0.51, 1.0], [0, 1, 1, 0, 1], bins=2)
    assert table.edges.tolist() == [0, 0.5, 1] and table.size.tolist() == [3, 2]  # ½ is in the lower bin
    assert table.forecast.tolist() == pytest.approx([0.2, 0.755])
    assert table.frequency.tolist() == pytest.approx([2 / 3, 0.5])
    assert table.error == pytest.approx((3 * (2 / 3 - 0.2) + 2 * 0.255) / 5)
    assert math.isnan(reliability([0.9], [1], bins=2).forecast[0])


def test_the_curve_of_scikit_learn():
    p, y = forecasts()
    table = reliability(p, y, bins=10)
    frequency, mean = calibration_curve(y, p, n_bins=10)
    np.testing.assert_allclose(table.frequency, frequency)
    np.testing.assert_allclose(table.forecast, mean)


def test_the_error_is_no_proper_score():
    _, y = forecasts()
    base = np.full(y.size, y.mean())
    assert expected_calibration_error(base, y) == pytest.approx(0, abs=1e-12)
    assert decompose(base, y).resolution == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("digits", [1, 2, 16])
def test_the_parts_of_the_brier_score_add_up(digits):
    p, y = forecasts()
    p = p.round(digits)
    parts = decompose(p, y)
    assert parts.brier == pytest.approx(binary_brier(p, y), rel=1e-12)
    assert parts.uncertainty == pytest.approx(y.mean() * (1 - y.mean()))
    assert min(parts) >= 0


@pytest.mark.parametrize("seed", range(3))
def test_a_temperature_is_found_again(seed):
    rng = np.random.default_rng(seed)
    s = rng.normal(0, 2, (20000, 4))
    y = np.array([rng.choice(4, p=row) for row in softmax(s)])
    assert fit_temperature(2.5 * s, y) == pytest.approx(2.5, rel=0.05)
    best = fit_temperature(2.5 * s, y)
    cost = softmax_cross_entropy(2.5 * s / best, y)
    assert all(cost < softmax_cross_entropy(2.5 * s / (best * factor), y) for factor in (0.99, 1.01))
    before, after = (expected_calibration_error(*confidence(logits, y)) for logits in (2.5 * s, 2.5 * s / best))
    assert after < 0.02 < before
    top = confidence(2.5 * s, y)[1]
    assert np.array_equal(top, confidence(2.5 * s / best, y)[1])  # no decision changes


def test_noise_and_back():
    rng = np.random.default_rng(3)
    p = rng.dirichlet(np.ones(4), 10)
    matrix = symmetric_noise(4, 0.3)
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    seen = observed(p, matrix)
    np.testing.assert_allclose(without_noise(seen, matrix), p, atol=1e-14)
    # toward uniform, and not over: the likeliest class stays
    np.testing.assert_allclose(seen - 1 / 4, (p - 1 / 4) * (1 - 0.3 * 4 / 3), atol=1e-15)
    assert np.array_equal(seen.argmax(axis=1), p.argmax(axis=1))
    assert np.array_equal(gce_minimiser(seen, 1), gce_minimiser(p, 1))  # the absolute error does not mind


@pytest.mark.parametrize("q", [0.3, 0.7])
def test_the_best_forecast_of_the_generalised_cross_entropy(q):
    eta = np.array([0.5, 0.3, 0.2])
    best = gce_minimiser(eta, q)

    def cost(p):
        return sum(eta[k] * generalised_cross_entropy(np.log(p), k, q=q) for k in range(3))

    rng = np.random.default_rng(4)
    assert all(cost(p) >= cost(best) for p in rng.dirichlet(np.ones(3), 2000))
    np.testing.assert_allclose(gce_minimiser(eta, 0), eta)
    assert gce_minimiser([0.4, 0.4, 0.2], 1).tolist() == [0.5, 0.5, 0]


def test_refusals():
    with pytest.raises(ValueError, match="forecast must hold at least one"):
        reliability([], [])
    with pytest.raises(ValueError, match="forecast and outcome must have the same shape"):
        decompose([0.5, 0.5], [1])
    with pytest.raises(ValueError, match="forecast must lie in"):
        reliability([1.5], [1])
    with pytest.raises(ValueError, match="bins must be"):
        reliability([0.5], [1], bins=0)
    with pytest.raises(ValueError, match="classes must be"):
        symmetric_noise(1, 0.1)
    with pytest.raises(ValueError, match="rate must be"):
        symmetric_noise(3, 1.1)


def test_ten_bins_unless_told_otherwise():
    p, y = forecasts()
    assert len(reliability(p, y).size) == 10 and reliability(p, y).edges.tolist() == np.linspace(0, 1, 11).tolist()
    assert expected_calibration_error(p, y) == expected_calibration_error(p, y, bins=10)
    assert expected_calibration_error(p, y, bins=1) == pytest.approx(abs(p.mean() - y.mean()))
    assert expected_calibration_error(p, y, bins=3) == reliability(p, y, bins=3).error


def test_confidence_is_that_of_the_likeliest_class():
    sure, right = confidence(np.log([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]]), [1, 2, 2])
    np.testing.assert_allclose(sure, [0.5, 0.6, 0.8])
    assert right.tolist() == [1, 0, 1]


def test_the_parts_of_the_brier_score_by_hand():
    parts = decompose([0.2, 0.2, 0.2, 0.9], [0, 1, 0, 1])  # frequencies 1/3 and 1, base rate 1/2
    assert parts.uncertainty == pytest.approx(1 / 4)
    assert parts.resolution == pytest.approx(3 / 4 * (1 / 6) ** 2 + 1 / 4 * (1 / 2) ** 2)
    assert parts.reliability == pytest.approx(3 / 4 * (1 / 3 - 0.2) ** 2 + 1 / 4 * 0.1**2)
    assert parts.brier == pytest.approx((2 * 0.04 + 0.64 + 0.01) / 4)


def test_a_temperature_stays_between_a_hundredth_and_a_hundred():
    assert fit_temperature([[0.0, 1e-3]] * 2, [1, 1]) == pytest.approx(0.01, rel=1e-4)
    assert fit_temperature([[0.0, 1e-3]] * 2, [0, 0]) == pytest.approx(100, rel=1e-4)
    assert fit_temperature([[0.0, 3.0]] * 10, [1] * 9 + [0]) == pytest.approx(3 / np.log(9), rel=1e-6)


def test_noise_that_is_not_symmetric_by_hand():
    matrix = np.array([[0.9, 0.1], [0.4, 0.6]])  # row: the true label
    np.testing.assert_allclose(observed([0.7, 0.3], matrix), [0.7 * 0.9 + 0.3 * 0.4, 0.7 * 0.1 + 0.3 * 0.6])
    np.testing.assert_allclose(without_noise([0.75, 0.25], matrix), [0.7, 0.3])
    np.testing.assert_allclose(without_noise([[0.75, 0.25], [0.9, 0.1]], matrix), [[0.7, 0.3], [1, 0]], atol=1e-12)
    assert symmetric_noise(2, 0.0).tolist() == np.eye(2).tolist()
    np.testing.assert_allclose(symmetric_noise(2, 1.0), [[0, 1], [1, 0]], atol=1e-15)
    for name, call in {
        "distribution": lambda: observed([0.7, 0.7], matrix),
        "noise_matrix": lambda: observed([0.7, 0.3], 2 * matrix),
        "seen": lambda: without_noise([0.7, 0.7], matrix),
    }.items():
        with pytest.raises(ValueError, match=name):
            call()
    with pytest.raises(ValueError, match="noise_matrix"):
        without_noise([0.7, 0.3], 2 * matrix)


def test_the_generalised_cross_entropy_sharpens_row_by_row():
    found = gce_minimiser([[0.8, 0.2], [0.5, 0.5], [0.1, 0.9]], 0.5)  # squares
    np.testing.assert_allclose(found, [[64 / 68, 4 / 68], [0.5, 0.5], [1 / 82, 81 / 82]])
    assert gce_minimiser([[0.8, 0.2], [0.1, 0.9]], 1).tolist() == [[1, 0], [0, 1]]
    with pytest.raises(ValueError, match="q must be"):
        gce_minimiser([0.5, 0.5], 1.5)
    with pytest.raises(ValueError, match="at least 1, got 0"):
        reliability([0.5], [1], bins=0)
    with pytest.raises(ValueError, match="at least 2, got 1"):
        symmetric_noise(1, 0.1)
    with pytest.raises(ValueError, match="outcome must lie in"):
        reliability([0.5], [1.5])
