"""What the chapter on softmax says and draws, against SciPy, PyTorch, mpmath and plain arithmetic."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import scipy.special
import torch
from numpy.testing import assert_allclose
from scipy.optimize import approx_fprime
from sklearn.datasets import load_iris

import lossbook
from lossbook.figures import softmax as figures

rng = np.random.default_rng(4)
ROWS = rng.normal(scale=3, size=(40, 5))


def soft_loss(logits: np.ndarray, target: np.ndarray) -> float:
    """−Σ y log p̂ with SciPy's log-softmax: makes no assumption on the target."""
    return float(-(target * scipy.special.log_softmax(logits)).sum())


def test_shift_order_odds_and_temperature():
    p = lossbook.softmax(ROWS)
    assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
    assert_allclose(lossbook.softmax(ROWS + 5), p, rtol=1e-13)
    assert_allclose(lossbook.softmax(2 * ROWS), scipy.special.softmax(ROWS / 0.5, axis=1), rtol=1e-12)
    assert (p.argsort(axis=1) == ROWS.argsort(axis=1)).all()
    assert_allclose(np.log(p[:, 0] / p[:, 3]), ROWS[:, 0] - ROWS[:, 3], rtol=1e-12)
    assert_allclose(lossbook.softmax([3.0, 3.0, 1.0], temperature=1e-3), [0.5, 0.5, 0])  # a tie is shared
    assert_allclose(lossbook.softmax([3.0, 3.0, 1.0], temperature=1e9), [1 / 3] * 3, rtol=1e-8)


def test_the_sigmoid_is_the_softmax_of_two():
    s = np.linspace(-30, 30, 61)
    pairs = scipy.special.softmax(np.stack([s, 0 * s], axis=1), axis=1)
    assert_allclose(lossbook.sigmoid(s), pairs[:, 0], rtol=1e-13)
    assert_allclose(approx_fprime([0.7], lambda v: float(lossbook.sigmoid(v)[0])), 0.66818777 * 0.33181223, rtol=1e-5)


def test_log_sum_exp_is_a_smooth_maximum():
    smooth, hard = lossbook.logsumexp(ROWS, axis=1), ROWS.max(axis=1)
    assert (smooth > hard).all() and (smooth <= hard + np.log(5)).all()
    assert_allclose(lossbook.logsumexp(ROWS[0] + 900), scipy.special.logsumexp(ROWS[0]) + 900, rtol=1e-14)


def test_the_jacobian_and_the_two_gradients():
    s, y = np.array([2.0, 1.0, 0.0]), np.array([0.2, 0.7, 0.1])
    p = scipy.special.softmax(s)
    jacobian = np.diag(p) - np.outer(p, p)
    for k in range(3):
        assert_allclose(approx_fprime(s, lambda v, k=k: scipy.special.softmax(v)[k]), jacobian[k], atol=1e-6)
    assert_allclose(jacobian.sum(axis=0), 0, atol=1e-15)
    assert_allclose(jacobian.sum(axis=1), 0, atol=1e-15)
    assert_allclose(lossbook.cross_entropy_grad_q(y, p), -y / p, rtol=1e-14)
    assert_allclose(jacobian @ (-y / p), p - y, atol=1e-15)
    assert_allclose(lossbook.softmax_cross_entropy_grad(s, y), p - y, atol=1e-15)


@pytest.mark.parametrize("target", [[1.0, 1.0, 0.0], [0.2, 0.3, 0.1], [0.0, 3.0, 0.0], [0.2, 0.8, 0.0]])
def test_prediction_minus_target_needs_a_target_that_sums_to_one(target: list[float]):
    s, y = np.array([2.0, 1.0, 0.0]), np.array(target)
    p = scipy.special.softmax(s)
    slopes = approx_fprime(s, soft_loss, 1e-7, y)
    assert_allclose(slopes, p * y.sum() - y, atol=1e-5)
    assert np.allclose(slopes, p - y, atol=1e-3) == (abs(y.sum() - 1) < 1e-9)


def test_the_failing_number_has_the_wrong_sign():
    p1 = np.exp(2) / (np.exp(2) + np.exp(1) + 1)
    assert_allclose(p1, 0.66524096, rtol=1e-7)
    assert 2 * p1 - 1 > 0 > p1 - 1
    with pytest.raises(ValueError, match="sum to 1"):
        lossbook.softmax_cross_entropy([2.0, 1.0, 0.0], [1.0, 1.0, 0.0])


def test_entries_of_the_gradient_are_bounded_and_cancel():
    labels = rng.integers(0, 5, 40)
    slopes = lossbook.softmax_cross_entropy_grad(100 * ROWS, labels, reduction="sum")
    assert np.abs(slopes).max() <= 1
    assert_allclose(slopes.sum(axis=1), 0, atol=1e-14)


def test_squared_error_on_probabilities_forgets_a_sure_mistake():
    s = torch.tensor([20.0, 0.0], dtype=torch.float64, requires_grad=True)
    ((s.softmax(0) - torch.tensor([0.0, 1.0])) ** 2).sum().backward()
    assert s.grad.abs().max() < 1e-8 < 0.99 < lossbook.softmax_cross_entropy_grad([20.0, 0.0], 1)[0]


def test_the_slips_in_numbers():
    p = scipy.special.softmax([2.0, 1.0, 0.0])
    assert_allclose(-np.log(p[1]) - np.log(p[2]), 3.8152119, rtol=1e-7)  # the target turned inside out
    assert_allclose(lossbook.softmax_cross_entropy([2.0, 1.0, 0.0], 0), 0.4076060, rtol=1e-6)
    with mpmath.workdps(30):
        assert_allclose(
            lossbook.softmax_cross_entropy([0.0, 40.0], 1), float(mpmath.log1p(mpmath.exp(-40))), rtol=1e-14
        )
    assert_allclose(lossbook.softmax_cross_entropy([1.0, 0.0, 0.0], 0), np.log(np.e + 2) - 1, rtol=1e-14)
    ends, middle = np.log1p(np.exp(-4)), np.log(2)
    assert_allclose(lossbook.softmax_cross_entropy([0.0, 4.0], 1), ends, rtol=1e-14)
    assert middle > ends  # half-way between two equally good points: not convex in the weights


def test_it_is_convex_in_the_logits():
    for first, second, label in zip(ROWS, ROWS[::-1], rng.integers(0, 5, 40), strict=True):
        ends = [soft_loss(row, np.eye(5)[label]) for row in (first, second)]
        assert lossbook.softmax_cross_entropy((first + second) / 2, label) <= np.mean(ends) + 1e-12


def test_entropy_rises_with_the_temperature():
    for row in ROWS:
        along = [lossbook.entropy(lossbook.softmax(row, temperature=t)) for t in (0.1, 0.5, 1.0, 2.0, 10.0)]
        assert (np.diff(along) > 0).all() and along[-1] < np.log(5)


# ── The figures' own numbers ─────────────────────────────────────────────────────────────────────────────────────────


def test_naive_formulas_fail_where_the_chapter_says():
    assert np.isnan(figures.naive_softmax([1000.0, 999.0, 998.0])).all()
    assert_allclose(figures.naive_softmax([2.0, 1.0, 0.0]), scipy.special.softmax([2.0, 1.0, 0.0]))
    assert np.isinf(figures.naive_logsumexp(np.add(figures.SCORES, 90), np.float32))
    assert_allclose(figures.naive_logsumexp(np.add(figures.SCORES, 80), np.float32), 82.40760596, rtol=1e-6)
    assert np.isfinite(figures.naive_logsumexp(np.add(figures.SCORES, 90), np.float64))
    assert figures.naive_logsumexp(np.add(figures.SCORES, -110), np.float32) == -np.inf


def test_the_floor_is_the_entropy_of_the_labels():
    flowers = load_iris()
    by_hand = [
        [np.sum(np.isclose(flowers.data[:, 3], w) & (flowers.target == k)) for k in (1, 2)] for w in figures.WIDTHS
    ]
    shared = figures.shared_widths()
    assert shared.counts.tolist() == by_hand == [[7, 1], [10, 2], [3, 1], [1, 1], [1, 11]]
    counts = np.array(by_hand, dtype=float)
    conditional = scipy.special.entr(counts / 38).sum() - scipy.special.entr(counts.sum(axis=1) / 38).sum()
    assert_allclose(shared.floor, conditional, rtol=1e-13)
    mixed = [w for w in np.unique(flowers.data[50:, 3]) if len(set(flowers.target[flowers.data[:, 3] == w]) - {0}) == 2]
    assert_allclose(mixed, figures.WIDTHS)  # "the five widths at which both species occur"


def test_gradient_descent_sinks_to_the_floor_and_not_below():
    losses, shares = figures.descent_to_floor()
    assert (np.diff(losses) < 1e-15).all() and losses[0] == pytest.approx(np.log(2))
    floor = figures.shared_widths().floor
    assert floor - 1e-14 < losses[-1] < floor + 1e-4
    assert_allclose(shares[-1], [1 / 8, 2 / 12, 1 / 4, 1 / 2, 11 / 12], atol=0.01)


def test_the_drawn_network_is_the_fitted_one_and_tells_irises_apart():
    flowers = load_iris()
    logits = figures.flower_network().logits(flowers.data[:, 2:])
    assert (logits.argmax(axis=1) == flowers.target).mean() > 0.9


def test_a_distribution_stands_at_its_place_in_the_triangle():
    corners = np.array([[0, 0], [1, 0], [0.5, np.sqrt(3) / 2]])
    shares = rng.dirichlet(np.ones(3), 20)
    assert_allclose(np.stack(figures.on_triangle(shares), axis=1), shares @ corners, rtol=1e-13)


def test_what_the_readouts_say():
    assert "blackbird 0.665, robin 0.245, wren 0.090; their entropy is 0.832" in figures.three_logits().readout
    cold = figures.three_logits().set(temperature=0.5).readout  # e⁴ : e² : 1
    assert "blackbird 0.867, robin 0.117, wren 0.016" in cold
    assert "loss 1.408 nats, gradient blackbird 0.665, robin −0.755, wren 0.090" in figures.gradient_bars().readout
    assert "yes 0.8808, of no 0.1192" in figures.sigmoid_curve().readout
    assert "gives ∞, the stable one 102.4076" in figures.large_logits().set(shift=100).readout
    assert "loss 2.127 nats, slope 0.8808" in figures.bounded_pull().readout  # log(1 + e²) and σ(2)
    assert "2.00 birds" in figures.how_sure().set(logits=(2.0, 2.0, -1.0), temperature=0.1).readout
