"""What the chapter on softmax says and draws, against SciPy, PyTorch, mpmath and plain arithmetic."""

from __future__ import annotations

import inspect
import itertools
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from numpy.testing import assert_allclose
from scipy.optimize import approx_fprime, linprog
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

import lossbook
from lossbook.analysis import irises, mislabelled, normalisers, overflow, rivals
from lossbook.exercises import check
from lossbook.explorer import Explorer
from lossbook.figures import softmax as figures
from lossbook.losses import scores

rng = np.random.default_rng(4)
ROWS = rng.normal(scale=3, size=(40, 5))


def states(explorer: Explorer) -> Iterator[tuple[dict[str, Any], str]]:
    """Every state of an explorer, and what its readout says there."""
    names = list(explorer.controls)
    for values in itertools.product(*(explorer.controls[name].values for name in names)):
        state = dict(zip(names, values, strict=True))
        yield state, explorer.set(**state).readout


def numbers(text: str) -> list[float]:
    """The numbers of a sentence with decimals, in order."""
    return [float(found) for found in re.findall(r"-?\d+\.\d+", text.replace("−", "-"))]


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
    assert np.isnan(overflow.naive_softmax([1000.0, 999.0, 998.0])).all()
    assert_allclose(overflow.naive_softmax([2.0, 1.0, 0.0]), scipy.special.softmax([2.0, 1.0, 0.0]))
    assert np.isinf(overflow.naive_logsumexp(np.add(figures.SCORES, 90), 32))
    assert_allclose(overflow.naive_logsumexp(np.add(figures.SCORES, 80), 32), 82.40760596, rtol=1e-6)
    assert np.isfinite(overflow.naive_logsumexp(np.add(figures.SCORES, 90), 64))
    assert overflow.naive_logsumexp(np.add(figures.SCORES, -110), 32) == -np.inf


def test_the_floor_is_the_entropy_of_the_labels():
    flowers = load_iris()
    by_hand = [
        [np.sum(np.isclose(flowers.data[:, 3], w) & (flowers.target == k)) for k in (1, 2)] for w in irises.WIDTHS
    ]
    shared = irises.shared_widths()
    assert shared.counts.tolist() == by_hand == [[7, 1], [10, 2], [3, 1], [1, 1], [1, 11]]
    counts = np.array(by_hand, dtype=float)
    conditional = scipy.special.entr(counts / 38).sum() - scipy.special.entr(counts.sum(axis=1) / 38).sum()
    assert_allclose(shared.floor, conditional, rtol=1e-13)
    mixed = [w for w in np.unique(flowers.data[50:, 3]) if len(set(flowers.target[flowers.data[:, 3] == w]) - {0}) == 2]
    assert_allclose(mixed, irises.WIDTHS)  # "the five widths at which both species occur"


def test_gradient_descent_sinks_to_the_floor_and_not_below():
    losses, shares = irises.descent_to_floor()
    assert (np.diff(losses) < 1e-15).all() and losses[0] == pytest.approx(np.log(2))
    floor = irises.shared_widths().floor
    assert floor - 1e-14 < losses[-1] < floor + 1e-4
    assert_allclose(shares[-1], [1 / 8, 2 / 12, 1 / 4, 1 / 2, 11 / 12], atol=0.01)


def test_the_drawn_network_is_the_fitted_one_and_tells_irises_apart():
    flowers = load_iris()
    logits = irises.flower_network().logits(flowers.data[:, 2:])
    assert (logits.argmax(axis=1) == flowers.target).mean() > 0.9


def test_a_distribution_stands_at_its_place_in_the_triangle():
    corners = np.array([[0, 0], [1, 0], [0.5, np.sqrt(3) / 2]])
    shares = rng.dirichlet(np.ones(3), 20)
    assert_allclose(np.stack(figures.on_triangle(shares), axis=1), shares @ corners, rtol=1e-13)


# ── What captions and text say, in every state ───────────────────────────────────────────────────────────────────────


def test_probabilities_keep_the_order_and_fill_one_unit():
    """And the largest takes more when the temperature falls, unless all scores are equal."""
    explorer = figures.three_logits()
    tops: dict[tuple[float, float], list[float]] = {}
    for state, text in states(explorer):
        logits = np.array([state["blackbird"], state["robin"], 0.0])
        bars = np.array([bar.get_height() for bar in explorer.figure.axes[1].patches])
        wanted = scipy.special.softmax(logits / state["temperature"])
        assert_allclose(bars, wanted, rtol=1e-12)
        assert bars.min() > 0 and bars.sum() == pytest.approx(1, rel=1e-14)
        for j, k in itertools.permutations(range(3), 2):
            assert np.sign(bars[j] - bars[k]) == np.sign(logits[j] - logits[k])
        shown = [float(found) for found in re.findall(r"(?:bird|robin|wren) (\d\.\d{3})", text)]
        assert shown == pytest.approx(wanted, abs=5.1e-4) and abs(sum(shown) - 1) < 0.0011
        tops.setdefault(tuple(logits[:2]), []).append(bars.max())
    for pair, along in tops.items():
        assert np.all(np.diff(along) < 0) or pair == (0.0, 0.0)


def test_no_slope_leaves_its_range_and_the_right_class_alone_is_pushed_up():
    explorer = figures.gradient_bars()
    for state, text in states(explorer):
        slopes = np.array([bar.get_height() for bar in explorer.figure.axes[1].patches])
        wanted = scipy.special.softmax([state["blackbird"], state["robin"], 0.0]) - np.eye(3)[state["label"]]
        assert_allclose(slopes, wanted, atol=1e-14)
        assert np.abs(slopes).max() < 1 and slopes.sum() == pytest.approx(0, abs=1e-14)
        assert [bool(slope < 0) for slope in slopes] == [k == state["label"] for k in range(3)]
        assert f"loss {-np.log(wanted[state['label']] + 1):.3f} nats" in text


def test_one_step_multiplies_the_odds_by_one_factor():
    """For each temperature the same wherever you stand, while the probability moves less and less towards the ends."""
    explorer = figures.sigmoid_curve()
    yes: dict[float, list[float]] = {}
    odds_of: dict[float, list[float]] = {}
    for state, text in states(explorer):
        exponent, odds = re.search(r"e\^\(([−\d.]+)\) = ([\d. ·⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+) to 1", text).groups()
        lead, _, raised = odds.partition(" · 10")
        read = f"{lead}e{int(raised.translate(str.maketrans('⁻⁰¹²³⁴⁵⁶⁷⁸⁹', '-0123456789')) or 0)}"
        printed = f"{math.exp(float(exponent.replace('−', '-'))):.4g}"
        assert float(printed) == float(read)  # e to what is printed is what is printed
        curves = [line.get_ydata() for line in explorer.figure.axes[0].lines[1:3]]
        assert_allclose(np.add(*curves), 1, rtol=1e-14)
        assert_allclose(curves[0], curves[1][::-1], rtol=1e-12)
        value = float(explorer.figure.axes[0].lines[3].get_ydata()[0])
        assert value == pytest.approx(scipy.special.expit(state["logit"] / state["temperature"]), rel=1e-12, abs=0)
        no = float(explorer.figure.axes[0].lines[4].get_ydata()[0])
        yes.setdefault(state["temperature"], []).append(value)
        odds_of.setdefault(state["temperature"], []).append(value / no)
    for temperature, along in yes.items():
        odds = np.array(odds_of[temperature])
        assert_allclose(odds[2:] / odds[:-2], np.exp(1 / temperature), rtol=1e-9)
        steps = np.diff(along)
        middle = len(steps) // 2
        assert np.all(np.diff(steps[middle:]) < 0) and np.all(np.diff(steps[:middle]) > 0)


def test_the_stable_form_is_flat_and_the_naive_one_fails_on_both_sides():
    explorer = figures.large_logits()
    exact = float(scipy.special.logsumexp(figures.SCORES))
    fails: dict[int, list[tuple[float, str]]] = {16: [], 32: [], 64: []}
    for state, text in states(explorer):
        stable = float(re.search(r"stable one ([−\d.]+)\.$", text)[1].replace("−", "-"))
        assert stable == pytest.approx(exact + state["shift"], abs=5.1e-5)
        naive = re.search(r"gives ([^,]+),", text)[1]
        if "∞" in naive:
            fails[state["bits"]].append((state["shift"], naive))
    for bits, largest in ((16, 11.09), (32, 88.72), (64, 709.78)):
        assert overflow.largest_logit(f"float{bits}") == pytest.approx(largest, abs=0.01)
        above = [shift for shift, naive in fails[bits] if naive == "∞"]
        below = [shift for shift, naive in fails[bits] if naive == "−∞"]
        assert min(above) + 2 > largest - np.log(1 + np.exp(-1) + np.exp(-2)) and max(below) < 0
        assert len(above) + len(below) == len(fails[bits])
        # The page: "from c = 87 on" in 32 bits, "from c = 9 on" in 16; and the guess names no logit that overflows.
        assert min(above) == {16: 9, 32: 87, 64: 710}[bits]
        assert f"About {int(largest)}." in explorer.predict.options
        assert np.isfinite(np.exp(np.array(int(largest), dtype=f"float{bits}")))
    # The alternative text: in 32 bits they lie on each other between about −85 and 86.
    together = [
        c
        for c in np.arange(-85.0, 86.0)
        if abs(overflow.naive_logsumexp(np.add(figures.SCORES, c), 32) - c - exact) < 1e-3
    ]
    assert len(together) == 171


def test_rivals_and_their_slopes():
    """Each slope by finite differences; cross-entropy's is bounded, the square's is not, Brier's dies."""
    for curve in (rivals.cross_entropy_of, rivals.logit_error_of, rivals.brier_of):
        for s in (-4.0, -0.5, 0.0, 1.0, 6.0):
            (above,), (below,) = (curve(s + h)[0] for h in (1e-5, -1e-5))
            assert curve(s)[1][0] == pytest.approx((above - below) / 2e-5, abs=1e-8)
    p = scipy.special.softmax([1.5, 0.0])
    assert rivals.brier_of(1.5)[0][0] == pytest.approx(p[0] ** 2 + (p[1] - 1) ** 2, rel=1e-12)
    explorer = figures.bounded_pull()
    along = []
    for state, text in states(explorer):
        wrong = state["wrong"]
        *_, value, slope, square, brier = numbers(text)
        assert value == pytest.approx(np.log1p(np.exp(wrong)), abs=5.1e-4)
        assert 0 < slope < 1 and square == wrong
        along.append((slope, brier))
    slopes, briers = np.array(along).T
    assert np.all(np.diff(slopes) > 0) and slopes[-1] > 0.9999
    assert briers[-1] < 0.001 < 0.5 < briers.max()  # "nearly no slope left where a mistake is sure"


def test_entropy_rises_and_no_temperature_breaks_a_tie():
    explorer = figures.how_sure()
    along: dict[tuple[float, ...], list[float]] = {}
    for state, text in states(explorer):
        p = scipy.special.softmax(np.array(state["logits"]) / state["temperature"])
        value = float(scipy.special.entr(p).sum())
        assert f"entropy {value:.3f} nats" in text and f"among {np.exp(value):.2f} birds" in text
        along.setdefault(state["logits"], []).append(value)
    favourite, tie, alike = along.values()
    assert np.all(np.diff(favourite) > 0) and np.all(np.diff(tie) > 0) and np.ptp(alike) < 1e-12
    assert min(tie) >= np.log(2) and favourite[0] < 0.001 and abs(favourite[-1] - np.log(3)) < 0.01


def test_the_label_changes_the_loss_alone():
    """Of all the numbers in the picture, in every state."""
    explorer = figures.whole_model()

    def shown() -> list[str]:
        texts = [text.get_text() for axis in explorer.figure.axes for text in axis.texts]
        return [text for text in texts if re.fullmatch(r"−?\d+\.\d+", text)]

    for length, width in itertools.product(explorer.controls["length"].values, explorer.controls["width"].values):
        columns = []
        for species in range(3):
            explorer.set(length=length, width=width, species=species)
            columns.append(shown())
        for same in zip(*columns, strict=True):
            columns_differ = len(set(same)) > 1
            assert not columns_differ or same == tuple(column[-1] for column in columns)
        losses = np.array([float(column[-1]) for column in columns])
        assert np.exp(-losses).sum() == pytest.approx(1, abs=0.002)


def test_every_dot_comes_to_rest_in_its_diamond():
    explorer = figures.label_floor()
    floor = irises.shared_widths().floor
    last = None
    for _, text in states(explorer):
        loss, gap = numbers(text)
        assert loss >= round(floor, 4) - 1e-9 and gap == pytest.approx(loss - floor, abs=1.1e-4)
        assert last is None or loss <= last
        last = loss
    assert "entropy of the labels given the width" in text and gap < 1e-4
    labels = np.repeat([0, 1], irises.shared_widths().counts.sum(axis=0).astype(int))
    assert floor < 0.41 < 0.68 < scipy.special.entr(np.bincount(labels) / labels.size).sum()  # without the width


# ── Training ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def iris_run(seed: int, steps: int) -> tuple[list[float], list[float], int, np.ndarray]:
    """The chapter's run from another start: training and new losses at steps, right answers, errors in training."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    flowers, species = load_iris(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(flowers, species, test_size=50, random_state=4)
    centre, spread = train_x.mean(axis=0), train_x.std(axis=0)
    x, new = (torch.tensor((part - centre) / spread) for part in (train_x, test_x))
    y, new_y = torch.tensor(train_y), torch.tensor(test_y)
    model = torch.nn.Linear(4, 3, dtype=torch.float64)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.1)
    losses, on_new = [], []
    for step in range(steps + 1):
        loss = torch.nn.functional.cross_entropy(model(x), y)
        if step % 100 == 0:
            losses.append(loss.item())
            on_new.append(torch.nn.functional.cross_entropy(model(new), new_y).item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    wrong = model(x).softmax(1).detach().numpy() - np.eye(3)[train_y]
    return losses, on_new, int((model(new).argmax(1) == new_y).sum()), np.abs(wrong).max(axis=1)


@pytest.mark.seeds
@pytest.mark.parametrize("seed", [4, 1, 2])
def test_the_iris_run_from_three_starts(seed: int):
    """The loss falls, at least 45 of 50 are named, most errors are nearly 0, and new flowers cost more than twice."""
    losses, on_new, right, errors = iris_run(seed, 300)
    assert losses[0] > losses[1] > losses[2] > losses[3] and losses[3] < np.log(3) / 10
    assert right >= 45 and np.mean(errors < 0.05) > 0.75
    assert on_new[3] > 2 * losses[3]


@pytest.mark.seeds
@pytest.mark.parametrize("seed", [4, 1, 2])
def test_longer_training_helps_the_old_flowers_and_not_the_new(seed: int):
    losses, on_new, _, _ = iris_run(seed, 2000)
    assert losses[-1] < losses[3] / 3 and on_new[-1] > 1.5 * min(on_new)


def test_planes_separate_the_training_flowers():
    """A linear program finds weights under which every flower's own logit leads by 1: so the loss has no minimum."""
    flowers, species = load_iris(return_X_y=True)
    x, _, y, _ = train_test_split(flowers, species, test_size=50, random_state=4)
    rows = []
    for features, label in zip(np.column_stack([x, np.ones(len(x))]), y, strict=True):
        for other in {0, 1, 2} - {label}:
            row = np.zeros((3, 5))
            row[label], row[other] = -features, features
            rows.append(row.ravel())
    program = linprog(np.zeros(15), A_ub=np.array(rows), b_ub=-np.ones(len(rows)), bounds=[(None, None)] * 15)
    assert program.status == 0


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_wrong_label_far_out_ruins_a_slope(seed: int):
    """Slip 2: bounded in the logit is not bounded in the weights. The slope by Newton's method, written out."""
    x, labels = mislabelled.two_clouds(seed=seed)
    slopes = []
    for far in ([], [100.0]):
        points, y = np.append(x, far), np.append(labels, np.zeros(len(far)))
        design, w = np.column_stack([points, np.ones(points.size)]), np.zeros(2)
        for _ in range(200):
            p = scipy.special.expit(design @ w)
            step = np.linalg.solve((design.T * (p * (1 - p))) @ design, design.T @ (y - p))
            w = w + step * min(1, 0.3 / np.abs(step).max())
        assert mislabelled.fit(points, y).slope == pytest.approx(w[0], rel=1e-4)
        slopes.append(w[0])
    assert slopes[0] > 1.9 and abs(slopes[1]) < 0.1
    # Below the figure: to standardise the feature changes no probability, to cap it undoes nearly all of the harm.
    ruined, even = mislabelled.fit(points, y), (points - points.mean()) / points.std()
    assert_allclose(mislabelled.fit(even, y).probability(even), ruined.probability(points), atol=1e-8)
    clean, capped = mislabelled.fit(x, labels), mislabelled.fit(np.clip(points, -4, 4), y)
    costs = [mislabelled.mean_loss(fit, x, labels) for fit in (clean, capped, ruined)]
    assert costs[1] - costs[0] < 0.02 * (costs[2] - costs[0])


def test_exponentials_alone_make_odds_of_differences():
    """In every state: shares and odds by hand, a flat line for one function, and what the others break."""
    by_hand = {"exp": math.exp, "softplus": lambda s: math.log(1 + math.exp(s)), "square": lambda s: s * s, "size": abs}
    explorer = figures.why_exponentials()
    ratios: dict[str, list[float]] = {}
    for state, text in states(explorer):
        name, shift = state["function"], state["shift"]
        values = np.array([by_hand[name](s + shift) for s in figures.SCORES])
        bars = [bar.get_height() for bar in explorer.figure.axes[1].patches]
        assert_allclose(bars, values / values.sum(), rtol=1e-9, atol=1e-15)
        ratio = values[0] / values[1] if values[1] else np.inf
        ratios.setdefault(name, []).append(ratio)
        assert (f"robin {ratio:.3f} to 1" if np.isfinite(ratio) else "robin infinite") in text
        kept = values[0] > values[1] > values[2]
        assert f"order {'kept' if kept else 'broken'}" in text and ("impossible" in text) == (0 in values)
        # The caption: the order breaks where a score is negative, and is kept by the exponential and softplus.
        assert kept or name in ("square", "size")
        assert not kept or name in ("exp", "softplus") or shift >= 0
        if name in ("square", "size"):
            assert any(s + shift < 0 for s in figures.SCORES) == (not kept)
    assert_allclose(ratios["exp"], math.e)
    assert np.all(np.diff(ratios["softplus"]) < 0) and min(ratios["softplus"]) > 1
    assert explorer.predict.letter == "B"  # towards 1: log(1 + e⁶) / log(1 + e⁵) = 1.199
    assert all(np.ptp(found) > 1 for name, found in ratios.items() if name not in ("exp", "softplus"))


def test_two_other_roads_to_the_softmax():
    """Normal classes of one covariance give linear logits; the largest entropy at a mean score is a softmax."""
    centres, x = np.array([[0.0, 1.0], [2.0, 0.0], [-1.0, -1.0]]), rng.normal(size=(20, 2))
    covariance, prior = np.array([[1.0, 0.4], [0.4, 0.8]]), np.array([0.5, 0.2, 0.3])
    density = np.stack([scipy.stats.multivariate_normal(c, covariance).pdf(x) for c in centres], axis=1) * prior
    inverse = np.linalg.inv(covariance)
    logits = x @ inverse @ centres.T - np.einsum("ki,ij,kj->k", centres, inverse, centres) / 2 + np.log(prior)
    assert_allclose(scipy.special.softmax(logits, axis=1), density / density.sum(axis=1, keepdims=True), rtol=1e-9)
    s = np.array(figures.SCORES)
    for T in (0.5, 2.0, 20.0):
        best = scipy.special.softmax(s / T)
        assert s.mean() < best @ s < s.max()
        across = np.array([1.0, -2.0, 1.0])  # keeps the sum, and the mean of scores that are evenly spaced
        for step in (-1e-2, 1e-2, -1e-3, 1e-3):
            other = best + step * across * best.min()
            assert other @ s == pytest.approx(best @ s) and other.min() > 0
            assert scipy.special.entr(other).sum() < scipy.special.entr(best).sum()


def test_a_wrong_label_pulls_its_logit_by_at_most_one_and_the_slope_without_bound():
    explorer = figures.wrong_label()
    x, labels = mislabelled.two_clouds()
    clean = mislabelled.clean_fit()
    slopes, costs = [], []
    for state, text in states(explorer):
        at = state["at"]
        p = 1 / (1 + math.exp(-(clean.slope * at + clean.intercept)))
        first, _, slope, without, cost, plain = [n for n in numbers(text.split(": it")[1])]
        assert "pulls its logit down by" in text  # a pull has a direction
        assert first == pytest.approx(p, abs=5.1e-4) and 0.5 < p <= 1  # the dotted fit expects a 1 there
        assert mislabelled.pulls(at)[1][0] == pytest.approx(at * p, rel=1e-12)
        fit = mislabelled.ruined_fit(at)
        assert slope == pytest.approx(fit.slope, abs=5.1e-3) and without == pytest.approx(clean.slope, abs=5.1e-3)
        margins = np.where(labels == 1, 1, -1) * (fit.slope * x + fit.intercept)
        assert cost == pytest.approx(np.log1p(np.exp(-margins)).mean(), abs=5.1e-4)
        assert np.mean(margins > 0) > 0.8  # "most points stay on the right side"
        slopes.append(slope)
        costs.append(cost)
    far = mislabelled.ruined_fit(100.0)
    assert abs(far.intercept / far.slope - clean.intercept / clean.slope) < 0.3  # "the boundary hardly moves"
    assert np.abs(far.probability(x) - 0.5).max() < 0.1  # "all two hundred end near ½"
    assert np.all(np.diff(slopes) < 0) and slopes[-1] < 0.1 < 2 < slopes[0] and np.all(np.diff(costs) >= 0)
    assert plain < costs[0] + 1e-9 and abs(costs[-1] - np.log(2)) < 0.05 and without == pytest.approx(2.35)


def test_no_temperature_moves_a_boundary_and_a_sure_network_wants_one():
    explorer = figures.petal_plane()
    data = irises.petals()
    grid = np.stack(np.meshgrid(irises.LENGTHS, irises.BREADTHS), axis=-1)
    edges: dict[str, list[np.ndarray]] = {}
    unsure: dict[str, list[float]] = {}
    losses: dict[str, list[tuple[float, float]]] = {}
    for state, text in states(explorer):
        model, T = irises.petal_model(state["model"]), state["temperature"]
        p = scipy.special.softmax(model.logits(grid) / T, axis=-1)
        edges.setdefault(state["model"], []).append(p.argmax(axis=-1))
        unsure.setdefault(state["model"], []).append(float(np.mean(p.max(axis=-1) < 0.9)))
        edge = np.column_stack(explorer.figure.axes[0].lines[-2].get_data())
        two = np.sort(model.logits(edge[~np.isnan(edge).any(axis=1)]), axis=-1)[:, 1:]
        assert two.size and np.quantile(two[:, 1] - two[:, 0], 0.9) < 0.5  # where the two largest logits are equal
        at = np.column_stack(explorer.figure.axes[0].lines[-1].get_data())
        at = at[~np.isnan(at).any(axis=1)]
        if at.size:
            there = scipy.special.softmax(model.logits(at) / T, axis=-1).max(axis=-1)
            assert abs(np.median(there) - 0.9) < 0.01
        log_p = [
            scipy.special.log_softmax(model.logits(x) / T, axis=1)[np.arange(len(y)), y].mean()
            for x, y in ((data.held_x, data.held_y), (data.train_x, data.train_y))
        ]
        on_new, on_old = -np.array(log_p)
        losses.setdefault(state["model"], []).append((on_new, on_old))
        right = int((model.logits(data.held_x).argmax(axis=1) == data.held_y).sum())
        assert f"{right} of 50" in text and f"loss {on_new:.3f} nats; on the training flowers {on_old:.3f}" in text
    one = figures.HEATS.index(1.0)
    for kind in ("linear", "network"):
        assert all((edge == edges[kind][0]).all() for edge in edges[kind])
        assert np.all(np.diff(unsure[kind]) > 0)
        assert all(on_old > losses[kind][one][1] for _, on_old in losses[kind][one + 1 :])
    new = [on_new for on_new, _ in losses["network"]]
    assert figures.HEATS[int(np.argmin(new))] == 2.5
    assert losses["network"][one][1] < new[one] / 5  # the alternative text: "far lower at 1"


@pytest.mark.seeds
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_network_of_petals_is_too_sure_of_new_flowers(seed: int):
    """However the flowers are divided, held-out ones ask for a temperature above 1, training flowers never do."""
    heats = np.geomspace(0.25, 8, 60)
    new, old = (np.array([irises.loss_at("network", T, held, seed) for T in heats]) for held in (True, False))
    assert heats[new.argmin()] > 1.3 and heats[old.argmin()] < 1.05


@pytest.mark.seeds
@pytest.mark.parametrize("seed", [4, 1, 2])
def test_each_symptom_has_its_cause(seed: int):
    torch.set_num_threads(1)
    flowers, species = load_iris(return_X_y=True)
    x, _, labels, _ = train_test_split(flowers, species, test_size=50, random_state=4)
    standard, y = torch.tensor((x - x.mean(axis=0)) / x.std(axis=0)).float(), torch.tensor(labels)
    torch.manual_seed(seed)
    layer = torch.nn.Linear(4, 3)
    cross_entropy = torch.nn.functional.cross_entropy
    with torch.no_grad():
        raw = layer(torch.tensor(100 * x).float())
        p = raw.exp() / raw.exp().sum(1, keepdim=True)
        assert cross_entropy(raw, y) > 20 * np.log(3) and cross_entropy(layer(standard), y) < 2
        assert torch.isnan(-p[range(100), y].log().mean())
    adam = torch.optim.Adam(layer.parameters(), lr=0.1)
    for _ in range(300):
        adam.zero_grad()
        loss = cross_entropy(layer(standard).softmax(1), y)
        loss.backward()
        adam.step()
    assert np.log(1 + 2 / np.e) < loss.item() < 0.6
    assert (layer(standard).argmax(1) == y).float().mean() > 0.95


# ── Exercises and the page ───────────────────────────────────────────────────────────────────────────────────────────

HEARD = {
    "softmax-odds": ["2", "4", "0.88", "0.135", "20.1", "2.718", "100", "0.665"],
    "softmax-loss-by-hand": [
        "0.20",
        "0.157",
        "0.375",
        "8/5",
        "0.625",
        "0.204",
        "0.678",
        "-0.47",
        "2.08",
        "1.61",
        "-1.61",
        "1.39",
        "0.98",
        "3.94",
    ],
    "softmax-two-ones": ["-2/3", "1/3", "-1/6", "2/3", "-3", "-1"],
    "softmax-floor": [
        "0",
        "1.5",
        "0.452",
        "1.0986",
        "0.693",
        "1.386",
        "2.08",
        "8.32",
        "0.625",
        "0.347",
        "3.47",
        "1.155",
    ],
}


@pytest.mark.parametrize("id", HEARD)
def test_likely_wrong_answers_are_heard_by_name(id: str):
    said = {answer: check(id, answer) for answer in HEARD[id]}
    assert not any(result.right for result in said.values())
    unheard = [answer for answer, result in said.items() if result.messages[0].startswith(("That is not it", "Close"))]
    assert not unheard


@pytest.mark.parametrize("place", [0, -1])
def test_a_shift_by_any_fixed_place_is_refused(place: int):
    """The largest logit stands at every place of some case: to take out the first or the last one is no cure."""

    def shifted(logits: np.ndarray) -> np.ndarray:
        return logits - logits[..., place, None]

    def lse(logits: np.ndarray) -> Any:
        return logits[..., place] + np.log(np.sum(np.exp(shifted(logits)), axis=-1))

    def loss(logits: np.ndarray, labels: np.ndarray) -> Any:
        return np.mean(lse(logits) - logits[np.arange(len(labels)), labels])

    def gradient(logits: np.ndarray, labels: np.ndarray) -> Any:
        powers = np.exp(shifted(logits))
        return (powers / powers.sum(axis=1, keepdims=True) - np.eye(logits.shape[1])[labels]) / len(labels)

    for id, answer in (
        ("softmax-logsumexp-code", lse),
        ("softmax-loss-code", loss),
        ("softmax-gradient-code", gradient),
    ):
        said = check(id, answer)
        assert not said.right
        assert place or "*first* logit" in said.messages[0]


def test_the_printed_log_softmax_is_its_signature_and_its_body():
    """The listing leaves the docstring out by line numbers, which an edit of the function may shift."""
    page = (Path(__file__).parents[1] / "book/part-1/softmax.md").read_text(encoding="utf-8")
    first, last, from_, to = map(int, re.search(r":lines: (\d+)-(\d+),(\d+)-(\d+)", page).groups())
    lines = inspect.getsource(scores.log_softmax).splitlines()
    shown = "\n".join(lines[first - 1 : last] + lines[from_ - 1 : to])
    names = dict(vars(scores))
    exec(shown, names)
    assert_allclose(names["log_softmax"]([0.0, 800.0]), [-800, 0])
    assert last + 1 < from_ and max(map(len, shown.splitlines())) <= 78


def test_a_bracket_is_explained_where_it_first_stands():
    page = (Path(__file__).parents[1] / "book/part-1/softmax.md").read_text(encoding="utf-8")
    assert "(The bracket is 1 if $k = j$, and 0 otherwise.)" in page[page.index("[k = j]") :][:120]


def test_what_the_readouts_say():
    assert "blackbird 0.665, robin 0.245, wren 0.090; their entropy is 0.832" in figures.three_logits().readout
    cold = figures.three_logits().set(temperature=0.5).readout  # e⁴ : e² : 1
    assert "blackbird 0.867, robin 0.117, wren 0.016" in cold
    assert "loss 1.408 nats, gradient blackbird 0.665, robin −0.755, wren 0.090" in figures.gradient_bars().readout
    assert "yes 0.8808, of no 0.1192" in figures.sigmoid_curve().readout
    assert "gives ∞, the stable one 102.4076" in figures.large_logits().set(shift=100).readout
    assert (
        "is 2.127 nats. Slopes: cross-entropy 0.88080, squared" in figures.bounded_pull().readout
    )  # log(1 + e²), σ(2)
    assert "2.00 birds" in figures.how_sure().set(logits=(2.0, 2.0, -1.0), temperature=0.1).readout


# ── What the figures compute, by hand ────────────────────────────────────────────────────────────────────────────────


def test_the_drawn_network_says_what_its_classifier_says():
    """Trained again by scikit-learn on lengths and widths about 3.8 and 1.2 cm; three hidden units."""
    from sklearn.neural_network import MLPClassifier

    flowers = load_iris()
    again = MLPClassifier((3,), activation="tanh", solver="lbfgs", alpha=0.3, max_iter=5000, random_state=1)
    again.fit(flowers.data[:, 2:] - [3.8, 1.2], flowers.target)
    network = irises.flower_network()
    assert [part.shape for part in network] == [(2, 3), (3,), (3, 3), (3,)]
    p = again.predict_proba(flowers.data[:, 2:] - [3.8, 1.2])
    assert_allclose(scipy.special.softmax(network.logits(flowers.data[:, 2:]), axis=1), p, atol=1e-9)
    one = [4.5, 1.5]
    by_hand = [math.tanh(sum(f * w for f, w in zip(one, row, strict=True)) + b)
               for row, b in zip(network.first.T, network.first_bias, strict=True)]  # fmt: skip
    assert_allclose(network.hidden(one), by_hand)
    assert tuple(flowers.target_names) == irises.SPECIES


@pytest.mark.parametrize("seed", [1, 6])
def test_the_petal_models_are_the_fits_of_a_hundred_standardised_petals(seed: int):
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    flowers = load_iris()
    train, held, labels, held_labels = train_test_split(
        flowers.data[:, 2:], flowers.target, test_size=50, random_state=seed
    )
    for ours, theirs in zip(irises.petals(seed), (train, held, labels, held_labels), strict=True):
        assert_allclose(ours, theirs)
    x, new = ((part - train.mean(axis=0)) / train.std(axis=0) for part in (train, held))
    fits = {
        "linear": LogisticRegression(C=1e3, max_iter=5000),
        "network": MLPClassifier((8,), activation="tanh", solver="lbfgs", alpha=1e-3, max_iter=3000, random_state=1),
    }
    for kind, fit in fits.items():
        p = fit.fit(x, labels).predict_proba(new)
        model = irises.petal_model(kind, seed)
        assert_allclose(scipy.special.softmax(model.logits(held), axis=1), p, atol=1e-6)
        for T, is_held, rows, y in ((2.0, True, held, held_labels), (0.5, False, train, labels)):
            log_p = scipy.special.log_softmax(model.logits(rows) / T, axis=1)
            assert irises.loss_at(kind, T, is_held, seed) == pytest.approx(-log_p[np.arange(len(y)), y].mean())
        assert seed != 1 or irises.loss_at(kind, 2.0, True) == irises.loss_at(kind, 2.0, True, 1)
    assert seed != 1 or ((irises.petals().train_x == train).all() and irises.petal_model("linear").bias.shape == (3,))


@pytest.mark.parametrize("kind", ["linear", "network"])
def test_leads_and_log_odds_over_the_petal_plane(kind: str):
    """Rows are widths and columns lengths; the log-odds are those of SciPy's softmax."""
    assert pytest.approx(scipy.special.logit(0.9)) == irises.SURE
    rows, columns = (0, 20, 54), (0, 30, 67)
    leads, odds = irises.leads(kind), irises.log_odds(kind, 4.0)
    for i, j in itertools.product(rows, columns):
        s = irises.petal_model(kind).logits([0.1 * j + 0.5, 0.05 * i])
        for k in range(3):
            others = [s[n] for n in range(3) if n != k]
            assert leads[k][i, j] == pytest.approx(s[k] - max(others), rel=1e-9, abs=1e-9)
            assert odds[k][i, j] == pytest.approx(s[k] / 4 - math.log(sum(np.exp(np.array(others) / 4))), rel=1e-6)
    assert leads[0].shape == odds[2].shape == (55, 68)


def test_the_first_steps_to_the_floor_by_hand():
    """From even odds a step moves the two logits apart by ½ · (virginica − versicolor)/38."""
    losses, shares = irises.descent_to_floor()
    assert (irises.STEPS[:3].tolist(), irises.STEPS[-1]) == ([0, 1, 2], 399) and len(losses) == irises.STEPS.size
    assert_allclose(np.diff(np.log(irises.STEPS[-8:] + 1)), math.log(400) / 45, atol=0.01)
    counts = np.array([[7, 1], [10, 2], [3, 1], [1, 1], [1, 11]])
    gap = np.zeros(5)
    for step in range(3):
        p = scipy.special.expit(gap)
        assert_allclose(shares[step], p)
        assert losses[step] == pytest.approx(-(counts @ [0, 1] @ np.log(p) + counts @ [1, 0] @ np.log(1 - p)) / 38)
        gap = gap + 2 * 0.5 * (counts[:, 1] - counts.sum(axis=1) * p) / 38
    table = irises.shared_widths()
    assert table.group.size == table.virginica.size == 38 and table.virginica.sum() == 16


def test_two_clouds_and_the_pulls_at_their_fit():
    x, labels = mislabelled.two_clouds(6, 4)
    assert labels.tolist() == [0, 1, 0, 1, 0, 1]
    assert_allclose(x, np.random.default_rng(4).normal([-1, 1, -1, 1, -1, 1]))
    assert mislabelled.two_clouds()[0].size == 200
    assert_allclose(mislabelled.two_clouds()[0], mislabelled.two_clouds(200, 0)[0])
    fit = mislabelled.Fit(2.0, -1.0)
    assert (fit.logit(3.0), fit.probability(3.0)) == pytest.approx((5, 1 / (1 + math.exp(-5))))
    at = np.array([-2.0, 0.5, 7.0])
    down, along = mislabelled.pulls(at)
    p = scipy.special.expit(mislabelled.clean_fit().slope * at + mislabelled.clean_fit().intercept)
    assert_allclose(down, p, rtol=1e-12)
    assert_allclose(along, at * p, rtol=1e-12)
    more = mislabelled.fit(np.append(mislabelled.two_clouds()[0], 7.0), np.append(mislabelled.two_clouds()[1], 0))
    assert mislabelled.ruined_fit(7.0) == more


def test_naive_powers_in_each_type():
    assert overflow.power(100.0) == pytest.approx(math.exp(100)) and overflow.power(100.0, 32) == math.inf
    assert overflow.power(12.0, 16) == math.inf and overflow.power(2.0, 16) == pytest.approx(math.exp(2), rel=1e-3)
    assert overflow.naive_logsumexp([100.0, 99.0]) == pytest.approx(100 + math.log1p(math.exp(-1)))
    assert overflow.power(2.0, 32) == float(np.exp(np.float32(2)))


def test_rivals_of_several_logits_at_once():
    """Logits log 3 and 0: probabilities ¾ and ½ of the wrong class."""
    for curve, losses, slopes in (
        (rivals.cross_entropy_of, [math.log(4), math.log(2)], [0.75, 0.5]),
        (rivals.brier_of, [2 * 0.75**2, 0.5], [4 * 0.75**2 * 0.25, 0.5]),
        (rivals.logit_error_of, [math.log(3) ** 2 / 2, 0], [math.log(3), 0]),
    ):
        found = curve([math.log(3), 0.0])
        assert_allclose(found[0], losses, atol=1e-15)
        assert_allclose(found[1], slopes, atol=1e-15)


def test_shares_and_odds_of_other_functions():
    assert_allclose(normalisers.shares("square", [1, -2, 3]), np.array([1, 4, 9]) / 14)
    assert_allclose(normalisers.odds("size", (1.0, -1.0), [0.0, 1.0, 2.0]), [1, np.inf, 3])
    assert normalisers.keeps_order("exp", [1, -2, 3]) and normalisers.keeps_order("softplus", [3, 1])
    assert not normalisers.keeps_order("square", [-1, 1])  # alike, though one score is higher
    assert not normalisers.keeps_order("size", [1, -2, 3]) and normalisers.keeps_order("square", [2, 1, 3])
