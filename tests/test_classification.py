"""Classification: hand numbers, torch, 50-digit references far from and near to certainty, conventions, refusals."""

import math

import mpmath
import numpy as np
import pytest
import torch
from memory import peak
from precision import DIGITS, exact, ulps
from scipy import special

from lossbook.losses.classification import (
    binary_cross_entropy,
    binary_cross_entropy_grad,
    binary_cross_entropy_with_logits,
    binary_cross_entropy_with_logits_grad,
    softmax_cross_entropy,
    softmax_cross_entropy_grad,
)
from lossbook.losses.likelihood_discrete import categorical_nll
from lossbook.losses.scores import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax

LOG3 = math.log(3)


@pytest.fixture(autouse=True)
def enough_digits():
    """So many that 50 are left of 1 − p where p is within 1e-300 of 1."""
    with mpmath.workdps(300 + DIGITS):
        yield


def batch(spread: float, rows: int = 60, classes: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(0, spread, (rows, classes)), rng.integers(0, classes, rows)


def exact_softmax(row: np.ndarray) -> list[mpmath.mpf]:
    powers = [mpmath.exp(exact(score)) for score in row]
    return [power / mpmath.fsum(powers) for power in powers]


# ── Hand numbers ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_three_to_one():
    assert softmax([0.0, LOG3]).tolist() == pytest.approx([0.25, 0.75])
    assert softmax([0.0, LOG3], temperature=0.5).tolist() == pytest.approx([0.1, 0.9])
    assert sigmoid(LOG3) == pytest.approx(0.75)
    assert sigmoid(LOG3, temperature=0.5) == pytest.approx(0.9)
    assert logsumexp([0.0, LOG3]) == pytest.approx(math.log(4))
    assert log_softmax([0.0, LOG3]).tolist() == pytest.approx([-math.log(4), math.log(0.75)])
    assert log_sigmoid(LOG3) == pytest.approx(math.log(0.75))
    assert softmax_cross_entropy([0.0, LOG3], 1) == pytest.approx(math.log(4 / 3))
    assert softmax_cross_entropy([[0.0, LOG3]], [0]) == pytest.approx(math.log(4))
    assert softmax_cross_entropy_grad([0.0, LOG3], 1).tolist() == pytest.approx([0.25, -0.25])
    assert binary_cross_entropy([0.75], [1.0]) == pytest.approx(math.log(4 / 3))
    assert binary_cross_entropy_with_logits([LOG3], [1.0]) == pytest.approx(math.log(4 / 3))
    assert binary_cross_entropy_with_logits([LOG3], [1.0], pos_weight=3) == pytest.approx(3 * math.log(4 / 3))
    assert binary_cross_entropy_grad([0.75], [1.0]).tolist() == pytest.approx([-4 / 3])


def test_a_gap_of_forty():
    assert softmax_cross_entropy([[0.0, 40.0]], [1]) == pytest.approx(4.248354255291589e-18, rel=1e-15, abs=0)
    assert softmax_cross_entropy_grad([[0.0, 40.0]], [1])[0, 1] == pytest.approx(
        -4.248354255291589e-18, rel=1e-15, abs=0
    )
    losses = binary_cross_entropy_with_logits([40.0, -40.0, 40.0], [1.0, 0.0, 0.0], reduction="none")
    np.testing.assert_allclose(losses, [4.248354255291589e-18, 4.248354255291589e-18, 40], rtol=1e-15)


# ── Accuracy ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("spread", [0.1, 1.0, 10.0, 60.0])
def test_softmax_family_to_a_few_ulp(spread):
    s, y = batch(spread, 20)
    p = [exact_softmax(row) for row in s]
    assert ulps(softmax(s), [value for row in p for value in row]) < 4
    assert ulps(log_softmax(s), [mpmath.log(value) for row in p for value in row]) < 4
    losses = [-mpmath.log(row[label]) for row, label in zip(p, y, strict=True)]
    assert ulps(softmax_cross_entropy(s, y, reduction="none"), losses) < 4
    slopes = [value - (k == label) for row, label in zip(p, y, strict=True) for k, value in enumerate(row)]
    assert ulps(softmax_cross_entropy_grad(s, y, reduction="none"), slopes) < 6
    one_hot = np.eye(4)[y]
    np.testing.assert_array_equal(softmax_cross_entropy_grad(s, one_hot), softmax_cross_entropy_grad(s, y))
    np.testing.assert_array_equal(softmax_cross_entropy(s, one_hot.astype(int)), softmax_cross_entropy(s, y))


@pytest.mark.parametrize("spread", [0.1, 1.0, 10.0, 60.0])
def test_binary_family_to_a_few_ulp(spread):
    s, y = batch(spread, 60, 1)[0].ravel(), np.arange(60) % 2.0
    p = [1 / (1 + mpmath.exp(-exact(score))) for score in s]
    assert ulps(sigmoid(s), p) < 4
    assert ulps(log_sigmoid(s), [mpmath.log(value) for value in p]) < 4
    losses = [-mpmath.log(value if label else 1 - value) for value, label in zip(p, y, strict=True)]
    assert ulps(binary_cross_entropy_with_logits(s, y, reduction="none"), losses) < 4
    slopes = [value - int(label) for value, label in zip(p, y, strict=True)]
    assert ulps(binary_cross_entropy_with_logits_grad(s, y, reduction="none"), slopes) < 4


def test_binary_cross_entropy_from_probabilities_to_a_few_ulp():
    rng = np.random.default_rng(7)
    p = np.concatenate([10 ** rng.uniform(-300, 0, 100), 1 - 10 ** rng.uniform(-16, -1, 100)])
    y = rng.uniform(size=200).round(1)
    losses, slopes = [], []
    for probability, target in zip(map(exact, p), map(exact, y), strict=True):
        losses.append(-target * mpmath.log(probability) - (1 - target) * mpmath.log(1 - probability))
        slopes.append((probability - target) / (probability * (1 - probability)))
    assert ulps(binary_cross_entropy(p, y, reduction="none"), losses) < 4
    assert ulps(binary_cross_entropy_grad(p, y, reduction="none"), slopes) < 4


@pytest.mark.parametrize("temperature", [0.05, 0.3, 7.0])
def test_a_temperature_costs_no_digits(temperature):
    s, _ = batch(3.0)
    powers = [[mpmath.exp(exact(score) / exact(temperature)) for score in row] for row in s]
    p = [power / mpmath.fsum(row) for row in powers for power in row]
    assert ulps(softmax(s, temperature=temperature), p) < 4
    assert ulps(log_softmax(s, temperature=temperature), [mpmath.log(value) for value in p]) < 4


# ── The conventions of torch ─────────────────────────────────────────────────────────────────────────────────────────


SOFT = np.random.default_rng(1).dirichlet(np.ones(4), 60)
WEIGHT = np.array([0.5, 2.0, 1.0, 0.0])


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("kind", ["indices", "ignored", "soft"])
def test_softmax_cross_entropy_is_torchs(reduction, smoothing, weight, kind):
    s, y = batch(3.0)
    ignore = {}
    if kind == "ignored":
        y[::3], ignore = -100, {"ignore_index": -100}
    labels = SOFT if kind == "soft" else y
    scores = torch.tensor(s, requires_grad=True)
    tensor = None if weight is None else torch.tensor(weight)
    loss = torch.nn.functional.cross_entropy(
        scores, torch.tensor(labels), weight=tensor, label_smoothing=smoothing, reduction=reduction, **ignore
    )
    loss.sum().backward()
    keywords = {"label_smoothing": smoothing, "weight": weight, "reduction": reduction, **ignore}
    np.testing.assert_allclose(softmax_cross_entropy(s, labels, **keywords), loss.detach().numpy(), rtol=1e-12)
    gradient = softmax_cross_entropy_grad(s, labels, **keywords)
    np.testing.assert_allclose(gradient, scores.grad.numpy(), rtol=1e-11, atol=1e-15)


def test_more_axes_than_one_before_the_classes():
    s, y = batch(2.0)
    flat = softmax_cross_entropy(s, y, reduction="none")
    np.testing.assert_array_equal(
        softmax_cross_entropy(s.reshape(3, 20, 4), y.reshape(3, 20), reduction="none"), flat.reshape(3, 20)
    )


def test_axis_of_the_softmax():
    s, _ = batch(2.0)
    for function in (softmax, log_softmax, logsumexp):
        np.testing.assert_array_equal(function(s.T, axis=0), function(s, axis=1).T)
    np.testing.assert_allclose(softmax(s, temperature=0.3), special.softmax(s / 0.3, axis=1), rtol=1e-13)
    np.testing.assert_allclose(log_softmax(s, temperature=3), special.log_softmax(s / 3, axis=1), rtol=1e-13)


def test_scores_may_be_shifted_and_may_be_huge():
    s, _ = batch(3.0)
    np.testing.assert_allclose(softmax(s + 1024.0), softmax(s), rtol=1e-12)
    assert softmax_cross_entropy([1e308, -1e308], 0) == 0
    assert softmax([-1e4, -1e4]).tolist() == [0.5, 0.5]
    assert softmax([[1e300, 0.0]], temperature=1e-300).tolist() == [[1.0, 0.0]]


# ── Conventions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_impossible_class():
    s = [0.0, -math.inf]
    assert softmax(s).tolist() == [1, 0]
    assert log_softmax(s).tolist() == [0, -math.inf]
    assert softmax_cross_entropy(s, 0) == 0
    assert softmax_cross_entropy(s, 1) == math.inf
    assert softmax_cross_entropy(s, 0, label_smoothing=0.1) == math.inf
    assert softmax_cross_entropy_grad(s, 1).tolist() == [1, -1]
    assert sigmoid(-math.inf) == 0
    assert binary_cross_entropy_with_logits([-math.inf] * 2, [0, 1], reduction="none").tolist() == [0, math.inf]
    losses = binary_cross_entropy([0.0, 0.0, 1.0, 1.0], [0, 1, 0, 1], reduction="none")
    assert losses.tolist() == [0, math.inf, math.inf, 0]
    slopes = binary_cross_entropy_grad([0.0, 0.0, 1.0, 1.0], [0, 1, 0, 1], reduction="none")
    assert slopes.tolist() == [1, -math.inf, math.inf, -1]
    assert binary_cross_entropy_grad([0.0, 1.0], [0.5, 0.5], reduction="none").tolist() == [-math.inf, math.inf]


def test_ignored_examples_cost_nothing_even_when_their_scores_are_infinite():
    s = [[0.0, -math.inf], [1.0, 2.0]]
    assert softmax_cross_entropy(s, [-1, 1], ignore_index=-1) == pytest.approx(math.log1p(math.exp(-1)))
    assert softmax_cross_entropy_grad(s, [-1, 1], ignore_index=-1)[0].tolist() == [0, 0]
    assert softmax_cross_entropy([[math.nan, 0.0]], [-1], ignore_index=-1, reduction="sum") == 0
    assert softmax_cross_entropy_grad([[math.nan, 0.0]], [-1], ignore_index=-1, reduction="sum").tolist() == [[0, 0]]


def test_the_gradient_sums_to_zero_over_the_classes():
    s, _ = batch(3.0)
    np.testing.assert_allclose(softmax_cross_entropy_grad(s, SOFT).sum(axis=1), 0, atol=1e-16)


def test_one_class_is_certain():
    assert softmax_cross_entropy([[3.0]], [0]) == 0
    assert softmax_cross_entropy_grad([[3.0]], [0]).tolist() == [[0]]


def test_nan_passes_through():
    s = [[math.nan, 1.0], [0.0, 0.0]]
    assert np.isnan(softmax(s)).tolist() == [[True, True], [False, False]]
    assert np.isnan(softmax_cross_entropy(s, [0, 0], reduction="none")).tolist() == [True, False]
    assert np.isnan(softmax_cross_entropy_grad(s, [0, 0])).tolist() == [[True, True], [False, False]]
    assert np.isnan(binary_cross_entropy([math.nan], [1.0]))
    assert np.isnan(binary_cross_entropy_grad([math.nan], [0.0]))
    assert np.isnan(binary_cross_entropy_with_logits([math.nan], [0.0]))
    assert np.isnan(sigmoid(math.nan))


S = [[0.0, 1.0], [2.0, 0.0]]


@pytest.mark.parametrize("function", [softmax_cross_entropy, softmax_cross_entropy_grad])
@pytest.mark.parametrize(
    ("logits", "labels", "keywords", "message"),
    [
        ([[0.0, math.inf]], [0], {}, r"logits must be less than \+inf, got inf"),
        ([[-math.inf, -math.inf]], [0], {}, "logits must hold a finite score"),
        (S, [0, 2], {}, "labels must be integers from 0 to 1, got 2"),
        (S, [0, -1], {}, "labels must be integers from 0 to 1, got -1"),
        (S, [0.0, 1.0], {}, "labels must be integers"),
        (S, [True, False], {}, "labels must be integers"),
        (S, [0, -100], {}, "got -100"),
        (S, [0], {}, "labels must be class indices of shape"),
        (S, [[0], [1]], {}, "labels must be class indices of shape"),
        (S, [[0.5, 0.6], [1.0, 0.0]], {}, "labels must sum to 1"),
        (S, [[1, 1], [1, 0]], {}, "labels must sum to 1"),
        (S, [[1, 0], [1, 0]], {"ignore_index": -1}, "ignore_index must be None"),
        (S, [-1, -1], {"ignore_index": -1}, "reduction='mean' needs a label that counts"),
        (S, [0, 0], {"weight": [0.0, 1.0]}, "reduction='mean' needs a label that counts"),
        (S, [0, 1], {"weight": [1.0]}, "weight must hold one number per class"),
        (S, [0, 1], {"weight": [1.0, -1.0]}, "weight must be finite and not negative"),
        (S, [0, 1], {"label_smoothing": 1.5}, "label_smoothing must be"),
        (S, [0, 1], {"reduction": "batchmean"}, "reduction must be one of"),
        (np.zeros((0, 2)), np.zeros(0, dtype=int), {}, "empty batch"),
        (np.zeros((2, 0)), [0, 0], {}, "at least one class"),
        (1.0, 0, {}, "at least one class"),
    ],
)
def test_softmax_cross_entropy_refuses(function, logits, labels, keywords, message):
    with pytest.raises(ValueError, match=message):
        function(logits, labels, **keywords)


@pytest.mark.parametrize(
    ("function", "arguments", "keywords", "message"),
    [
        (binary_cross_entropy, ([1.2], [1]), {}, r"prediction must lie in \[0, 1\], got 1\.2"),
        (binary_cross_entropy, ([0.2], [-1]), {}, r"target must lie in \[0, 1\], got -1"),
        (binary_cross_entropy, ([0.2], [[1]]), {}, "same shape"),
        (binary_cross_entropy_grad, ([1.2], [1]), {}, r"prediction must lie in \[0, 1\]"),
        (binary_cross_entropy_with_logits, ([math.inf], [1]), {}, r"logits must be less than \+inf"),
        (binary_cross_entropy_with_logits, ([1.0], [2]), {}, r"labels must lie in \[0, 1\], got 2"),
        (binary_cross_entropy_with_logits, ([1.0], [1]), {"pos_weight": 0}, "pos_weight must be"),
        (binary_cross_entropy_with_logits_grad, ([1.0, 1.0], [1]), {}, "same shape"),
        (softmax, ([0.0, 1.0],), {"temperature": 0}, "temperature must be"),
        (log_softmax, ([0.0, math.inf],), {}, r"logits must be less than \+inf"),
        (logsumexp, (np.zeros((2, 0)),), {}, "at least one class"),
        (sigmoid, ([0.0],), {"temperature": -1}, "temperature must be"),
    ],
)
def test_the_others_refuse(function, arguments, keywords, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments, **keywords)


@pytest.mark.parametrize("axis", [0.0, "0", None, True])
def test_an_axis_is_an_integer(axis):
    for function in (softmax, log_softmax, logsumexp):
        with pytest.raises(ValueError, match="axis must be an integer, got"):
            function([0.0, 1.0], axis=axis)


@pytest.mark.parametrize("ignore_index", [1.0, "a", True, math.nan, [1]])
def test_an_ignored_label_is_an_integer(ignore_index):
    for function in (softmax_cross_entropy, softmax_cross_entropy_grad):
        with pytest.raises(ValueError, match="ignore_index must be an integer, got"):
            function([[0.0, 1.0], [0.0, 1.0]], [1, 0], ignore_index=ignore_index)


def test_a_score_over_a_small_temperature_may_be_infinite():
    assert sigmoid([1e308, -1e308], temperature=0.1).tolist() == [1, 0]
    assert log_sigmoid([1e308, -1e308], temperature=0.1).tolist() == [0, -math.inf]


# ── Memory ───────────────────────────────────────────────────────────────────────────────────────────────────────────

RIGHT = np.array([3])
WIDE = {  # one example of many classes
    "indices": lambda s: (s, RIGHT, {}),
    "smoothed and weighted": lambda s: (s, RIGHT, {"label_smoothing": 0.1, "weight": np.ones(s.size)}),
    "soft": lambda s: (s, np.full(s.shape, 1 / s.size), {}),
}


@pytest.mark.parametrize("classes", [8_000, 50_257])
@pytest.mark.parametrize("kind", WIDE)
@pytest.mark.parametrize("function", [softmax_cross_entropy, softmax_cross_entropy_grad])
def test_many_classes_take_a_few_times_the_memory_of_the_scores(function, kind, classes):
    logits, labels, keywords = WIDE[kind](np.random.default_rng(0).normal(size=(1, classes)))
    assert peak(lambda: function(logits, labels, **keywords)) < 16 * logits.nbytes


@pytest.mark.parametrize("function", [softmax_cross_entropy, softmax_cross_entropy_grad, categorical_nll])
def test_many_examples_take_a_few_times_the_memory_of_the_scores(function):
    logits = np.random.default_rng(0).normal(size=(1_000, 1_000))
    assert peak(lambda: function(logits, np.arange(1_000))) < 4 * logits.nbytes


@pytest.mark.parametrize("function", [softmax, log_softmax, logsumexp])
def test_probabilities_take_a_few_times_the_memory_of_the_scores(function):
    logits = np.random.default_rng(0).normal(size=50_257)
    assert peak(lambda: function(logits)) < 8 * logits.nbytes


def test_what_is_computed_in_pieces_is_what_is_computed_at_once():
    # 200 rows of 1,000 classes are read a few rows at a time; each alone gives the same
    draw = np.random.default_rng(4)
    logits, labels = draw.normal(0, 5, (200, 1_000)), draw.integers(0, 1_000, 200)
    labels[::7] = -1
    keywords = {"ignore_index": -1, "label_smoothing": 0.2, "weight": draw.uniform(0, 2, 1_000)}
    for reduction in ("none", "sum"):
        rows = [
            softmax_cross_entropy(s[None], y[None], **keywords, reduction="sum")
            for s, y in zip(logits, labels, strict=True)
        ]
        all_rows = softmax_cross_entropy(logits, labels, **keywords, reduction=reduction)
        np.testing.assert_allclose(all_rows, rows if reduction == "none" else np.sum(rows), rtol=1e-13)
    slopes = softmax_cross_entropy_grad(logits, labels, **keywords, reduction="sum")
    alone = [softmax_cross_entropy_grad(s, y, **keywords, reduction="sum") for s, y in zip(logits, labels, strict=True)]
    np.testing.assert_array_equal(slopes, alone)
    np.testing.assert_array_equal(softmax(logits.T, axis=0), softmax(logits).T)
    shape = (2, 100)
    np.testing.assert_array_equal(
        softmax_cross_entropy(logits.reshape(*shape, -1), labels.reshape(shape), ignore_index=-1, reduction="none"),
        softmax_cross_entropy(logits, labels, ignore_index=-1, reduction="none").reshape(shape),
    )


def test_a_weight_that_is_no_number_is_refused():
    for bad in (math.nan, math.inf, -1.0):
        with pytest.raises(ValueError, match="weight must be finite and not negative, got"):
            softmax_cross_entropy([[0.0, 0.0]], [0], weight=[1.0, bad])


def test_logsumexp_keeps_shape_and_digits():
    assert logsumexp([[0.0, -40.0, -50.0]]).shape == (1,)
    assert logsumexp([[0.0, 1.0]], axis=0).tolist() == [0.0, 1.0]
    assert logsumexp([0.0, -40.0]) == pytest.approx(4.248354255291589e-18, rel=1e-15, abs=0)


def test_smoothing_has_two_ends():
    for bad in (-0.5, -1e-9, 1 + 1e-9):
        with pytest.raises(ValueError, match="label_smoothing must be"):
            softmax_cross_entropy([[0.0, 1.0]], [0], label_smoothing=bad)


# ── One weight per label ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_pos_weight_per_label_is_torchs(reduction):
    """The mean divides by the number of elements, whatever the weights are."""
    rng = np.random.default_rng(21)
    s, y, w = rng.normal(0, 3, (20, 3)), rng.uniform(size=(20, 3)).round(1), np.array([0.5, 1.0, 40.0])
    scores = torch.tensor(s, requires_grad=True)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        scores, torch.tensor(y), pos_weight=torch.tensor(w), reduction=reduction
    )
    loss.sum().backward()
    keywords = {"pos_weight": w, "reduction": reduction}
    np.testing.assert_allclose(binary_cross_entropy_with_logits(s, y, **keywords), loss.detach().numpy(), rtol=1e-12)
    gradient = binary_cross_entropy_with_logits_grad(s, y, **keywords)
    np.testing.assert_allclose(gradient, scores.grad.numpy(), rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize(
    "weight", [[1.0, 2.0], [[1.0, 2.0, 3.0]], [1.0, 2.0, 0.0], [1.0, -2.0, 1.0], [1.0, math.inf, 1.0], [1, math.nan, 1]]
)
def test_bad_weights_of_labels_are_refused(weight):
    for function in (binary_cross_entropy_with_logits, binary_cross_entropy_with_logits_grad):
        with pytest.raises(ValueError, match="pos_weight must be"):
            function(np.zeros((4, 3)), np.zeros((4, 3)), pos_weight=weight)
