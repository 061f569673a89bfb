"""CTC: hand numbers, every path tried, PyTorch, hard cases, refusals."""

import itertools
import math

import mpmath
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from oracles import paths
from precision import DIGITS, exact, ulps

from lossbook.losses.ctc import ctc, ctc_collapse, ctc_grad, ctc_occupancy


def frames(seed: int, *shape: int, spread: float = 2.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, spread, shape)


# ── By hand ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_paths_by_hand():
    assert ctc_collapse([1, 1, 0, 1, 2, 2]) == [1, 1, 2]
    assert ctc_collapse([0, 0]) == ctc_collapse([]) == [] and ctc_collapse([1, 1, 1]) == [1]
    assert ctc_collapse([2, 1, 2, 0, 0], blank=2) == [1, 0]
    assert ctc_collapse(np.array([1, 0, 1])) == [1, 1]  # blanks dropped first would leave [1]


def test_two_frames_by_hand():
    """Blank .6 and a .4 in both frames: the likeliest path is empty, the likeliest text is "a"."""
    logits = np.log([[0.6, 0.4], [0.6, 0.4]])
    assert ctc(logits, np.zeros(0, dtype=int)) == pytest.approx(-math.log(0.36))
    assert ctc(logits, [1]) == pytest.approx(-math.log(0.64))
    assert ctc(logits, [1, 1]) == math.inf
    gamma = (0.16 + 0.24) / 0.64  # a in a frame: aa and a–
    np.testing.assert_allclose(ctc_occupancy(logits, [1]), [[1 - gamma, gamma]] * 2)
    np.testing.assert_allclose(ctc_grad(logits, [1]), [[gamma - 0.4, 0.4 - gamma]] * 2)


@pytest.mark.parametrize(("count", "length"), [(4, 2), (7, 3), (6, 0), (5, 5), (9, 1)])
def test_the_number_of_paths(count, length):
    """C(T + U, T − U) paths stand for U labels of which no two neighbours are equal."""
    labels = [1 + i % 2 for i in range(length)]
    probability = math.exp(-ctc(np.zeros((count, 3)), np.array(labels, dtype=int)))
    assert probability * 3**count == pytest.approx(math.comb(count + length, count - length), rel=1e-13)


def test_more_paths_than_anybody_can_try():
    labels = np.tile([1, 2], 25)
    number = math.exp(100 * math.log(3) - ctc(np.zeros((100, 3)), labels))
    assert number == pytest.approx(math.comb(150, 50), rel=1e-12) and f"{number:.2e}" == "2.01e+40"


# ── By trying every path ─────────────────────────────────────────────────────────────────────────────────────────────


def by_enumeration(logits, labels):
    """Value and occupancies in 50 digits."""
    with mpmath.workdps(DIGITS):
        rows = [[mpmath.exp(exact(s)) for s in row] for row in logits]
        p = [[power / sum(row) for power in row] for row in rows]
        gamma = [[mpmath.mpf(0)] * len(row) for row in p]
        total = mpmath.mpf(0)
        for path in paths(*np.shape(logits), list(labels)):
            share = mpmath.fprod(p[t][k] for t, k in enumerate(path))
            total += share
            for t, k in enumerate(path):
                gamma[t][k] += share
        slopes = [[p[t][k] - gamma[t][k] / total for k in range(len(p[t]))] for t in range(len(p))]
        return -mpmath.log(total), slopes


LABELS = [[], [1], [1, 1], [1, 2], [1, 1, 1], [2, 2, 1], [1, 2, 1], [1, 2, 2, 1], [1, 2, 1, 2, 1]]


@pytest.mark.parametrize("labels", LABELS, ids=str)
@pytest.mark.parametrize("spread", [1.0, 8.0])
def test_against_every_path(labels, spread):
    logits = frames(len(labels), 5, 3, spread=spread)
    value, slopes = by_enumeration(logits, labels)
    given = np.array(labels, dtype=int)
    assert ulps(ctc(logits, given), value) <= 4
    expected = np.array(slopes, dtype=float)
    np.testing.assert_allclose(ctc_grad(logits, given), expected, rtol=0, atol=4e-15)


def test_a_sure_answer_costs_what_is_left():
    """The loss of an answer that is nearly certain is the probability of all others, not 0."""
    logits = np.array([[0.0, 40.0, 0.0], [40.0, 0.0, 0.0], [0.0, 0.0, 40.0]])  # 1–2
    value, _ = by_enumeration(logits, [1, 2])
    assert 1e-18 < value < 1e-16
    assert ulps(ctc(logits, [1, 2]), value) <= 16


# ── By PyTorch ───────────────────────────────────────────────────────────────────────────────────────────────────────


def by_torch(logits, labels, lengths, counts, blank, **keywords):
    s = torch.tensor(logits, requires_grad=True)
    log_p = F.log_softmax(s, dim=-1).transpose(0, 1)
    sizes = torch.tensor(lengths), torch.tensor(counts)
    losses = F.ctc_loss(log_p, torch.tensor(labels), *sizes, blank=blank, reduction="none", **keywords)
    losses.sum().backward()
    return losses.detach().numpy(), s.grad.numpy()


@pytest.mark.parametrize("blank", [0, 3, -1])
def test_a_padded_batch_against_pytorch(blank):
    rng = np.random.default_rng(11)
    logits = rng.normal(0, 3, (5, 12, 6))
    others = [k for k in range(6) if k != blank % 6]
    labels = np.array(others)[rng.integers(0, 2, (5, 5))]  # two letters: many repeats
    labels[0] = others[0]  # five equal ones need nine frames
    lengths, counts = np.array([9, 12, 10, 12, 3]), np.array([5, 5, 4, 0, 1])
    losses, slopes = by_torch(logits, labels, lengths, counts, blank % 6)
    keywords = {"lengths": lengths, "label_lengths": counts, "blank": blank}
    np.testing.assert_allclose(ctc(logits, labels, **keywords, reduction="none"), losses, rtol=1e-13)
    result = ctc_grad(logits, labels, **keywords, reduction="none")
    np.testing.assert_allclose(result, slopes, rtol=1e-9, atol=1e-13)
    assert not result[0, 9:].any() and not result[4, 3:].any()


def test_long_sequences_against_pytorch():
    rng = np.random.default_rng(12)
    logits, labels = rng.normal(0, 4, (1, 200, 30)), rng.integers(1, 30, (1, 60))
    losses, slopes = by_torch(logits, labels, [200], [60], 0)
    assert losses[0] > 500
    assert ctc(logits, labels) == pytest.approx(losses[0], rel=1e-13)
    np.testing.assert_allclose(ctc_grad(logits, labels), slopes, rtol=1e-8, atol=1e-11)


def test_pytorchs_mean_divides_by_the_numbers_of_labels():
    logits, labels = frames(13, 2, 7, 4), np.array([[1, 2, 3], [1, 2, 1]])
    s = F.log_softmax(torch.tensor(logits), dim=-1).transpose(0, 1)
    counts = np.array([3, 1])
    theirs = F.ctc_loss(s, torch.tensor(labels), torch.tensor([7, 7]), torch.tensor(counts)).item()
    losses = ctc(logits, labels, label_lengths=counts, reduction="none")
    assert theirs == pytest.approx(np.mean(losses / counts)) and theirs != pytest.approx(np.mean(losses), rel=0.1)


# ── What fits, and what does not ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("labels", [[1], [1, 2], [1, 1], [1, 1, 1], [1, 2, 2], [1, 1, 2, 2]], ids=str)
def test_the_shortest_that_holds_the_labels(labels):
    """T ≥ U + the number of labels that equal the one before."""
    least = len(labels) + sum(a == b for a, b in itertools.pairwise(labels))
    assert math.isfinite(ctc(np.zeros((least, 3)), labels))
    assert least == 1 or ctc(np.zeros((least - 1, 3)), labels) == math.inf
    assert least == 1 or np.isnan(ctc_grad(np.zeros((least - 1, 3)), labels)).all()


def test_pytorch_too_says_inf():
    logits = np.zeros((1, 2, 3))
    assert by_torch(logits, np.array([[1, 1]]), [2], [2], 0)[0][0] == ctc(logits, [[1, 1]]) == math.inf


def test_one_that_does_not_fit_spoils_no_other():
    logits, labels = frames(14, 2, 3, 3), np.array([[1, 1, 1], [1, 2, 1]])
    losses = ctc(logits, labels, reduction="none")
    assert losses[0] == math.inf and losses[1] == ctc(logits[1], labels[1])
    slopes = ctc_grad(logits, labels, reduction="none")
    assert np.isnan(slopes[0]).all() and np.isfinite(slopes[1]).all()
    assert ctc(logits, labels) == math.inf


def test_no_labels_leave_the_path_of_blanks():
    logits = frames(15, 6, 4)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    empty = np.zeros(0, dtype=int)
    assert ctc(logits, empty) == pytest.approx(-log_p[:, 0].sum(), rel=1e-14)
    np.testing.assert_allclose(ctc_grad(logits, empty), np.exp(log_p) - [1, 0, 0, 0], atol=1e-15)


def test_classes_that_are_impossible():
    logits = np.array([[-np.inf, 0.0, 0.0], [-np.inf, 0.0, 0.0]])  # no blanks
    assert ctc(logits, [1, 2]) == pytest.approx(math.log(4))
    assert ctc(logits, np.zeros(0, dtype=int)) == math.inf
    np.testing.assert_allclose(ctc_grad(logits, [1, 2]), [[0, -0.5, 0.5], [0, 0.5, -0.5]], atol=1e-15)


@pytest.mark.parametrize("labels", [[1, 2, 1], [3, 3]], ids=str)
def test_rows_of_the_gradient_sum_to_zero_and_of_the_occupancy_to_one(labels):
    logits = frames(16, 50, 4, spread=5.0)
    np.testing.assert_allclose(ctc_grad(logits, labels).sum(axis=1), 0, atol=1e-13)
    np.testing.assert_allclose(ctc_occupancy(logits, labels).sum(axis=1), 1, atol=1e-13)


def test_all_texts_together_are_certain():
    """The probabilities of all labels that fit three frames sum to 1."""
    logits = frames(17, 3, 3)
    texts = {tuple(ctc_collapse([a, b, c])) for a in range(3) for b in range(3) for c in range(3)}
    total = sum(math.exp(-ctc(logits, np.array(text, dtype=int))) for text in texts)
    assert len(texts) == 9 and total == pytest.approx(1, rel=1e-14)


# ── Refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("labels", "keywords", "message"),
    [
        ([1, 0], {}, r"labels must not hold the blank, got 0 at index \(1,\)"),
        ([1, 2], {"blank": 2}, r"labels must not hold the blank, got 2"),
        ([1, 3], {}, "labels must be integers from 0 to 2, got 3"),
        ([1, 2], {"blank": 3}, "blank must be a class from 0 to 2, got 3"),
        ([1, 2], {"blank": -4}, "blank must be a class"),
        ([1, 2], {"blank": 0.0}, "blank must be an integer"),
        ([1, 2], {"lengths": 0}, "lengths must be integers from 1 to 4, got 0.0"),
        ([1, 2], {"lengths": 5}, "lengths must be integers from 1 to 4"),
        ([1, 2], {"lengths": [4]}, r"lengths must hold one number per example, shape \(\), got shape \(1,\)"),
        ([1, 2], {"label_lengths": 3}, "label_lengths must be integers from 0 to 2, got 3.0"),
        ([1, 2], {"label_lengths": 1.5}, "label_lengths must be integers"),
        ([[1, 2]], {}, r"labels must have the shape \(\) and a last axis"),
        ([1.0, 2.0], {}, "labels must be integers"),
    ],
)
def test_what_is_refused(labels, keywords, message):
    for function in (ctc, ctc_grad, ctc_occupancy):
        with pytest.raises(ValueError, match=message):
            function(np.zeros((4, 3)), labels, **keywords)


def test_frames_are_needed():
    for logits in (np.zeros(3), np.zeros((0, 3))):
        with pytest.raises(ValueError, match="logits must have at least one frame"):
            ctc(logits, [1])
    with pytest.raises(ValueError, match="path must be an integer"):
        ctc_collapse([1, 0.5])


def test_padding_of_labels_is_not_read():
    logits = frames(18, 1, 5, 3)
    assert ctc(logits, [[1, -100]], label_lengths=[1]) == ctc(logits, [[1]])
    assert ctc(logits, [[1, 0]], label_lengths=[1]) == ctc(logits, [[1]])
