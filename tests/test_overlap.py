"""Losses of overlap: hand numbers, forms by autograd, golden values of MONAI, sets, empty masks, refusals."""

import math

import numpy as np
import pytest
import torch
from oracles import jaccard_steps

from lossbook.losses.lovasz import lovasz_hinge, lovasz_hinge_grad, lovasz_softmax, lovasz_softmax_grad
from lossbook.losses.outline import boundary, signed_distance
from lossbook.losses.overlap import (
    dice,
    dice_grad,
    generalised_dice,
    generalised_dice_grad,
    jaccard,
    jaccard_grad,
    tversky,
    tversky_grad,
)

P, Y = [[0.6, 0.2, 0.2, 0.1]], [[1.0, 0.0, 0.0, 0.0]]
SOFT = (dice, jaccard, tversky)


def pictures(seed: int, *shape: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 1, shape), rng.integers(0, 2, shape).astype(float)


# ── By hand ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_pixel_right_by_hand():
    assert dice(P, Y) == pytest.approx(1 - 1.2 / 2.1)
    assert dice(P, Y, denominator="squared") == pytest.approx(1 - 1.2 / 1.45)
    assert jaccard(P, Y) == pytest.approx(0.6)
    assert jaccard(P, Y, denominator="squared") == pytest.approx(1 - 0.6 / 0.85)
    assert tversky(P, Y) == pytest.approx(1 - 0.6 / (0.6 + 0.3 * 0.5 + 0.7 * 0.4))
    rest = 1.2 / 2.1**2
    np.testing.assert_allclose(dice_grad(P, Y), [[rest - 2 / 2.1, rest, rest, rest]])
    np.testing.assert_allclose(jaccard_grad(P, Y), [[-1 / 1.5, *[0.6 / 1.5**2] * 3]])


def test_the_gradient_of_v_net_by_hand():
    """2 [g (Σp² + Σg²) − 2p Σpg] / (Σp² + Σg²)², with its sign turned."""
    slopes = [-2 * (g * 1.45 - 2 * p * 0.6) / 1.45**2 for p, g in zip(P[0], Y[0], strict=True)]
    np.testing.assert_allclose(dice_grad(P, Y, denominator="squared"), [slopes])


def test_lovasz_by_hand():
    """The pixel of the object counts alone: taken as wrong, its Jaccard loss is 1 already."""
    p = np.array(P)
    background = 0.25 * (0.4 + 0.2 + 0.2 + 0.1)  # 1 of 4 in the union, then one of three after the other is lost
    assert lovasz_softmax([1 - p, p], [[1, 0, 0, 0]]) == pytest.approx((0.4 + background) / 2)
    assert lovasz_hinge([[0.5, 2.0, -1.0]], [[0, 1, 1]]) == pytest.approx(2 * 1 / 2 + 1.5 * 1 / 6)
    np.testing.assert_allclose(lovasz_hinge_grad([[0.5, 2.0, -1.0]], [[0, 1, 1]]), [[1 / 6, 0, -1 / 2]])


def test_generalised_dice_by_hand():
    target = [[[1, 1, 1, 0]], [[0, 0, 0, 1]]]
    forgotten = [[[1, 1, 1, 1]], [[0, 0, 0, 0]]]
    weighted = (3 / 9 + 0, 7 / 9 + 1)
    assert generalised_dice(forgotten, target) == pytest.approx(1 - 2 * weighted[0] / weighted[1])
    assert generalised_dice(forgotten, target, weights="linear") == pytest.approx(1 - 2 * 1 / (7 / 3 + 1))
    assert generalised_dice(forgotten, target, weights="none") == pytest.approx(1 - 2 * 3 / 8)


def test_boundary_by_hand():
    ring = np.pad(np.ones((3, 3)), 2)
    distance = signed_distance(ring)
    assert distance[3].tolist() == [2, 1, 0, -1, 0, 1, 2] and distance[0, 0] == pytest.approx(math.sqrt(8))
    assert boundary(ring, distance) == pytest.approx(-1 / 49)  # the centre alone lies deeper than the edge
    assert boundary(np.ones((7, 7)), distance) > 0 > boundary(ring, distance)


def test_distances_by_looking_at_every_pixel():
    _, masks = pictures(3, 2, 6, 5)
    found = signed_distance(masks)
    for index in np.ndindex(masks.shape):
        others = np.argwhere(masks[index[0]] != masks[index])
        nearest = min(math.dist(index[1:], other) for other in others)
        expected = 1 - nearest if masks[index] else nearest
        assert found[index] == pytest.approx(expected, abs=1e-12)
    assert not signed_distance(np.zeros((3, 3))).any()


# ── Sets ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(4))
def test_on_masks_all_forms_are_those_of_sets(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 2, (2, 5, 6))
    one, other = ({tuple(i) for i in np.argwhere(mask)} for mask in (a, b))
    d, j = 2 * len(one & other) / (len(one) + len(other)), len(one & other) / len(one | other)
    assert j == pytest.approx(d / (2 - d))
    for denominator in ("linear", "squared"):
        assert dice(a, b, denominator=denominator) == pytest.approx(1 - d)
        assert jaccard(a, b, denominator=denominator) == pytest.approx(1 - j)
    assert tversky(a, b, alpha=0.5, beta=0.5) == pytest.approx(1 - d)
    assert tversky(a, b, alpha=1, beta=1) == pytest.approx(1 - j)
    assert lovasz_hinge(2 * a - 1, b) == pytest.approx(2 * (1 - j))  # the hinge of a wrong ±1 is 2
    background = len({*np.ndindex(5, 6)} - (one | other)) / len({*np.ndindex(5, 6)} - (one & other))
    assert lovasz_softmax([1 - a, a], b) == pytest.approx(1 - (j + background) / 2)


def test_lovasz_hinge_is_at_least_the_jaccard_loss():
    for seed in range(20):
        s, y = np.random.default_rng(seed).normal(0, 2, (4, 4)), pictures(seed, 4, 4)[1]
        assert lovasz_hinge(s, y) >= jaccard(s > 0, y) - 1e-12


def test_averages_of_dice_do_not_give_averages_of_jaccard():
    """J = D/(2 − D) for every picture, and for the mean of none but equal ones."""
    a, b = [[[1, 1]], [[1, 0]]], [[[1, 1]], [[1, 1]]]
    d, j = 1 - dice(a, b, reduction="none"), 1 - jaccard(a, b, reduction="none")
    np.testing.assert_allclose(j, d / (2 - d))
    assert np.mean(j) == 3 / 4 and np.mean(d) / (2 - np.mean(d)) == pytest.approx(5 / 7)


def test_batch_and_mean_over_pictures_differ():
    large, small = np.ones((10, 10)), np.eye(10) * (np.arange(10) < 1)
    prediction, target = np.stack([large, np.zeros((10, 10))]), np.stack([large, small])  # the small one is missed
    assert dice(prediction, target) == 0.5
    assert dice(prediction, target, over="batch") == pytest.approx(1 / 201)


# ── Forms, by autograd and by other libraries ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("over", ["image", "batch"])
@pytest.mark.parametrize("denominator", ["linear", "squared"])
@pytest.mark.parametrize(("below", "above"), [(0.0, None), (0.7, None), (0.7, 0.0), (1e-5, 0.3)])
@pytest.mark.parametrize(("loss", "gradient", "twice"), [(dice, dice_grad, 2), (jaccard, jaccard_grad, 1)])
def test_forms_against_autograd(loss, gradient, twice, over, denominator, below, above):
    p, y = pictures(5, 3, 4, 5)
    x, g = torch.tensor(p, requires_grad=True), torch.tensor(y)
    axes = (-2, -1) if over == "image" else (0, 1, 2)
    common = (x * g).sum(axes)
    total = (x + g if denominator == "linear" else x**2 + g**2).sum(axes) - (0 if twice == 2 else common)
    losses = 1 - (twice * common + (below if above is None else above)) / (total + below)
    keywords = {"denominator": denominator, "smooth": below, "smooth_numerator": above, "over": over}
    np.testing.assert_allclose(loss(p, y, **keywords, reduction="none"), losses.detach(), rtol=1e-12)
    losses.mean().backward()
    np.testing.assert_allclose(gradient(p, y, **keywords), x.grad, rtol=1e-11)


@pytest.mark.parametrize("pair", [(tversky, tversky_grad), (lovasz_hinge, lovasz_hinge_grad)])
def test_over_the_batch_is_one_long_picture(pair):
    p, y = pictures(6, 3, 4, 5)
    value, gradient = pair
    assert value(p, y, over="batch") == pytest.approx(value(p.reshape(1, 60), y.reshape(1, 60)), rel=1e-14)
    long = gradient(p.reshape(1, 60), y.reshape(1, 60))
    np.testing.assert_allclose(gradient(p, y, over="batch"), long.reshape(p.shape), rtol=1e-14)


def test_classes_over_the_batch_are_one_long_picture():
    rng = np.random.default_rng(7)
    p, labels = rng.uniform(0, 1, (3, 4, 2, 5)), rng.integers(0, 3, (3, 2, 5))
    masks = (np.arange(4)[:, None, None] == labels[:, None]).astype(float)
    long = [x.swapaxes(0, 1).reshape(4, 1, 30) for x in (p, masks)]
    assert generalised_dice(p, masks, over="batch") == pytest.approx(generalised_dice(*long), rel=1e-14)
    assert lovasz_softmax(p, labels, over="batch") == pytest.approx(
        lovasz_softmax(long[0], labels.reshape(1, 30)), rel=1e-14
    )
    for gradient, first, second in (
        (generalised_dice_grad, (p, masks), long),
        (lovasz_softmax_grad, (p, labels), (long[0], labels.reshape(1, 30))),
    ):
        back = gradient(*second).reshape(4, 3, 2, 5).swapaxes(0, 1)
        np.testing.assert_allclose(gradient(*first, over="batch"), back, rtol=1e-13)


@pytest.mark.parametrize("over", ["image", "batch"])
@pytest.mark.parametrize("weights", ["squared", "linear", "none"])
@pytest.mark.parametrize("smooth", [0.0, 0.7])
def test_generalised_dice_against_autograd(weights, over, smooth):
    """Three classes of other sizes, one of them absent from a picture: it gets the largest weight of the others."""
    rng = np.random.default_rng(12)
    p = rng.uniform(0, 1, (2, 3, 4, 5))
    labels = rng.choice(3, (2, 4, 5), p=[0.6, 0.3, 0.1])
    labels[0][labels[0] == 2] = 0
    masks = (np.arange(3)[:, None, None] == labels[:, None]).astype(float)
    x, y = torch.tensor(p, requires_grad=True), torch.tensor(masks)
    axes = (-2, -1) if over == "image" else (0, -2, -1)
    sizes = y.sum(axes, keepdim=True)
    power = {"squared": 2, "linear": 1, "none": 0}[weights]
    present = sizes > 0
    w = torch.where(present, sizes.clamp(min=1) ** -power, torch.zeros(()))
    w = torch.where(present, w, w.amax(dim=1, keepdim=True))
    above = (w * (x * y).sum(axes, keepdim=True)).sum(1)
    below = (w * (x + y).sum(axes, keepdim=True)).sum(1)
    loss = (1 - (2 * above + smooth) / (below + smooth)).mean()
    loss.backward()
    keywords = {"weights": weights, "over": over, "smooth": smooth}
    assert generalised_dice(p, masks, **keywords) == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(generalised_dice_grad(p, masks, **keywords), x.grad, rtol=1e-10, atol=1e-15)


def test_the_gradient_of_generalised_dice_by_hand():
    """Of the example in `generalised_dice_grad`: weights 1/9 and 1, A = 3/9, B = 7/9 + 1."""
    target = [[[1, 1, 1, 0]], [[0, 0, 0, 1]]]
    a, b = 3 / 9, 7 / 9 + 1
    expected = [[[w * (2 * a / b**2 - 2 * y / b) for y in row[0]]] for w, row in zip((1 / 9, 1), target, strict=True)]
    np.testing.assert_allclose(generalised_dice_grad([[[1, 1, 1, 1]], [[0, 0, 0, 0]]], target), expected)


def sigmoid(rows):
    return 1 / (1 + np.exp(-np.array(rows, dtype=float)))


def test_golden_values_of_monai():
    """From MONAI's own tests of `DiceLoss` and `TverskyLoss`, to the digits printed there."""
    one, both = [[1, -1], [-1, 1]], [[[1, 1], [1, 1]], [[1, 0], [1, 0]]]
    target = [[1, 0], [1, 1]]
    assert dice(sigmoid(one), target, smooth=1e-6) == pytest.approx(0.307576, abs=1e-6)
    assert dice(sigmoid([one, one]), both, smooth=1e-4) == pytest.approx(0.416657, abs=1e-6)
    for (alpha, beta), golden in {(0.3, 0.7): 0.3589, (0.7, 0.3): 0.247366}.items():
        assert tversky(sigmoid(one), target, alpha=alpha, beta=beta, smooth=1e-6) == pytest.approx(golden, abs=5e-5)
    logits = np.array([[[-1.0, 0, 1], [1, 0, -1]], [[0, 0, 0], [0, 0, 0]]])
    masks = np.array([[[0, 1, 1], [1, 0, 0]], [[0, 0, 1], [1, 1, 0]]])
    odds = np.exp(logits)
    p = (odds / odds.sum(axis=1, keepdims=True))[:, :, None]  # softmax over the classes, a picture of one row each
    even = {"alpha": 0.5, "beta": 0.5, "smooth": 1e-4}  # Dice, with ε beside I and not beside 2I
    losses = tversky(p, masks[:, :, None], **even, reduction="none")
    np.testing.assert_allclose(losses, [[0.210961, 0.295339], [0.599952, 0.428547]], atol=1e-6)
    by_sigmoid = tversky(sigmoid(logits)[:, :, None], masks[:, :, None], **even)
    assert by_sigmoid == pytest.approx(0.435050, rel=1e-4)  # as near as their own test asks for


# ── Empty masks, absent classes, soft targets ────────────────────────────────────────────────────────────────────────


def test_four_cases_of_an_empty_mask():
    """A mean size of .04 predicted where nothing is: what ε makes of it."""
    p, y = np.full((1, 4), 0.01), np.zeros((1, 4))
    cases = {(0.0, None): (1, 0), (1e-5, 0.0): (1, 0), (1e-5, None): (0.99975, None), (1.0, None): (0.0385, 0.9246)}
    for (below, above), (value, slope) in cases.items():
        keywords = {"smooth": below, "smooth_numerator": above}
        assert dice(p, y, **keywords) == pytest.approx(value, abs=5e-5)
        if slope is not None:
            np.testing.assert_allclose(dice_grad(p, y, **keywords), np.full((1, 4), slope), atol=5e-5)
    assert dice(np.zeros((1, 4)), y, smooth=1.0) == 0
    for loss in SOFT:
        assert math.isnan(loss(np.zeros((1, 4)), y)), "0/0"


def test_an_empty_mask_under_lovasz_is_its_largest_error():
    s = np.array([[-3.0, 0.5, -0.2]])
    assert lovasz_hinge(s, np.zeros((1, 3))) == 1.5
    assert lovasz_hinge_grad(s, np.zeros((1, 3))).tolist() == [[0, 1, 0]]


def test_an_absent_class():
    """It gets the largest weight of the others, and is left out of the Lovász loss unless asked for."""
    p = np.full((3, 1, 4), 1 / 3)
    target = np.array([[[1.0, 1, 1, 0]], [[0, 0, 0, 1]], [[0, 0, 0, 0]]])
    w = np.array([1 / 9, 1, 1])
    above, below = w @ [1, 1 / 3, 0], w @ [4 / 3 + 3, 4 / 3 + 1, 4 / 3]
    assert generalised_dice(p, target) == pytest.approx(1 - 2 * above / below)
    assert generalised_dice(p, 0 * target) == 1 and generalised_dice(p, 0 * target, smooth=1.0) == pytest.approx(0.8)
    labels = [[0, 0, 0, 1]]
    present, every = (lovasz_softmax(p, labels, classes=classes) for classes in ("present", "all"))
    assert every == pytest.approx((2 * present + 1 / 3) / 3)
    assert not lovasz_softmax_grad(p, labels)[2].any() and lovasz_softmax_grad(p, labels, classes="all")[2].any()


def test_only_the_squared_denominator_is_smallest_at_a_soft_target():
    target = np.array([[0.42, 0.42]])
    assert dice(target, target, denominator="squared") == pytest.approx(0, abs=1e-15)
    assert 1 - dice(target, target) == pytest.approx(0.42)
    assert dice(np.ones((1, 2)), target) < dice(target, target)


def test_an_uncertain_pixel_is_pushed_to_0_or_1():
    """Beside a certain pixel, one that is of the object with probability q: the best p is 0 or 1, never q."""
    grid = np.linspace(0, 1, 101)
    for q in (0.2, 0.45, 0.55, 0.8):
        costs = [q * dice([[1.0, p]], [[1.0, 1.0]]) + (1 - q) * dice([[1.0, p]], [[1.0, 0.0]]) for p in grid]
        assert grid[np.argmin(costs)] == (q > 0.5)


def test_in_a_large_picture_the_threshold_is_half_the_best_dice():
    """Many pixels of every probability: sums are their expectations, and the target may stand for them. (In a small
    picture it is not so: of two pixels, above, the threshold is ½.)"""
    q = np.linspace(0, 0.6, 601)[np.newaxis]
    best = min(((dice((q >= cut) * 1.0, q), cut) for cut in q[0, ::1]), key=lambda found: found[0])
    assert best[1] == pytest.approx((1 - best[0]) / 2, abs=1e-3) and best[1] < 0.3


def test_lovasz_steps_by_sets():
    rng = np.random.default_rng(9)
    s, y = rng.normal(0, 2, (6, 7)), rng.integers(0, 2, (6, 7))
    errors = (1 - s * (2 * y - 1)).ravel()
    assert lovasz_hinge(s, y) == pytest.approx(jaccard_steps(errors, y.ravel() == 1) @ np.maximum(errors, 0))


# ── Refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("function", [dice, dice_grad, jaccard, jaccard_grad, tversky, tversky_grad])
def test_what_is_refused(function):
    p, y = pictures(10, 2, 3, 3)
    for keywords, message in {
        ("over", "pixels"): "over must be one of 'image', 'batch', got 'pixels'",
        ("smooth", -1.0): r"smooth must be a number in \[0, inf\), got -1.0",
        ("reduction", "batch"): "reduction must be",
    }.items():
        with pytest.raises(ValueError, match=message):
            function(p, y, **dict([keywords]))
    with pytest.raises(ValueError, match="prediction must have rows and columns on its last 2 axes"):
        function(np.zeros(4), np.zeros(4))
    with pytest.raises(ValueError, match="over='batch' needs at least one picture"):
        function(np.zeros((0, 2, 2)), np.zeros((0, 2, 2)), over="batch", reduction="sum")
    with pytest.raises(ValueError, match=r"target must lie in \[0, 1\], got 2.0"):
        function(p, y + (y == y.max()))


def test_words_are_refused():
    p, y = pictures(11, 2, 3, 3)
    with pytest.raises(ValueError, match="denominator must be one of 'linear', 'squared', got 'square'"):
        dice(p, y, denominator="square")
    with pytest.raises(ValueError, match="smooth_numerator must"):
        jaccard_grad(p, y, smooth_numerator=-0.1)
    with pytest.raises(ValueError, match="weights must be one of 'squared', 'linear', 'none'"):
        generalised_dice(p, y, weights="volume")
    with pytest.raises(ValueError, match="classes must be one of 'present', 'all'"):
        lovasz_softmax(p, [[0, 1, 1]] * 3, classes="some")
    with pytest.raises(ValueError, match=r"labels must be class indices of shape \(3, 3\)"):
        lovasz_softmax(p, [0, 1, 1])
    with pytest.raises(ValueError, match="prediction must have classes, rows and columns"):
        generalised_dice(p[0], y[0])
    with pytest.raises(ValueError, match="mask must have a pixel outside"):
        signed_distance(np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"mask must be 0 or 1, got 0.5"):
        signed_distance([[0.5, 1.0]])
    with pytest.raises(ValueError, match=r"labels must be 0 or 1, got nan"):
        lovasz_hinge([[0.5, 1.0]], [[math.nan, 1.0]])
