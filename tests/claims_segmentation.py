"""What the cards of the segmentation chapter claim."""

from __future__ import annotations

import math

import numpy as np
import pytest
from claims import holds, random

import lossbook
from lossbook.analysis import class_areas, rims

DISTANCE = np.hypot(*np.mgrid[-3:3:121j, -3:3:121j])


def pictures(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and a mask that holds the first pixel."""
    rng = random()
    p, y = rng.uniform(0, 1, shape), (rng.uniform(0, 1, shape) > 0.7) * 1.0
    y[..., 0, 0] = 1
    return p, y


@holds("dice", "Ground around the object that is predicted 0 does not enter, however much there is.")
def dice_without_ground() -> None:
    p, y = pictures(5, 6)
    for margin in (1, 50):
        assert lossbook.dice(np.pad(p, margin), np.pad(y, margin)) == pytest.approx(lossbook.dice(p, y))


@holds("dice", "Beside certain pixels it pushes an uncertain one to 0 or 1: read off no probability.")
def dice_decides() -> None:
    grid = np.linspace(0, 1, 101)
    for inside, missed, alarms in ((1, 0, 0), (3, 0, 0), (2, 3, 0), (2, 0, 4), (1, 1, 1)):
        sure = [1.0] * (inside + alarms) + [0.0] * missed
        true = [1.0] * inside + [0.0] * alarms + [1.0] * missed
        for q in (0.1, 0.3, 0.49, 0.51, 0.7, 0.9):
            costs = [
                q * lossbook.dice([[*sure, x]], [[*true, 1.0]]) + (1 - q) * lossbook.dice([[*sure, x]], [[*true, 0.0]])
                for x in grid
            ]
            assert grid[np.argmin(costs)] in (0, 1)


@holds("dice", r"With $\epsilon = 0$ an empty mask costs 1, whatever is predicted, and teaches nothing.")
def dice_of_nothing() -> None:
    p, _ = pictures(5, 6)
    for scale in (1.0, 1e-3, 1e-9):
        assert lossbook.dice(scale * p, 0 * p) == 1
        assert not lossbook.dice_grad(scale * p, 0 * p).any()


@holds("jaccard", "Of two masks of one picture it prefers the one that Dice prefers.")
def jaccard_ranks() -> None:
    rng = random()
    y = (rng.uniform(0, 1, (5, 6)) > 0.6) * 1.0
    masks = (rng.uniform(0, 1, (200, 5, 6)) > rng.uniform(0, 1, (200, 1, 1))) * 1.0
    dice, jaccard = (
        loss(masks, np.broadcast_to(y, masks.shape), reduction="none") for loss in (lossbook.dice, lossbook.jaccard)
    )
    assert (np.argsort(dice, kind="stable") == np.argsort(jaccard, kind="stable")).all()


@holds("jaccard", "Its mean over pictures cannot be computed from that of Dice.")
def jaccard_of_averages() -> None:
    """Two sets of two pictures with one mean of Dice and two means of Jaccard."""
    even = (
        np.array([[[1, 1, 1, 0, 0, 0]], [[1, 1, 1, 0, 0, 0]]]),
        np.array([[[0, 1, 1, 1, 0, 0]], [[0, 1, 1, 1, 0, 0]]]),
    )
    odd = np.array([[[1, 1, 1, 0, 0, 0]], [[1, 1, 1, 0, 0, 0]]]), np.array([[[1, 1, 1, 0, 0, 0]], [[0, 0, 1, 1, 1, 0]]])
    assert lossbook.dice(*even) == pytest.approx(lossbook.dice(*odd)) == pytest.approx(1 / 3)
    assert lossbook.jaccard(*even) == pytest.approx(1 / 2) and lossbook.jaccard(*odd) == pytest.approx(2 / 5)


@holds("tversky", "With ½ and ½ it is Dice, with 1 and 1 Jaccard.")
def tversky_of_both() -> None:
    p, y = pictures(3, 5, 6)
    for weight, loss in ((0.5, lossbook.dice), (1.0, lossbook.jaccard)):
        assert lossbook.tversky(p, y, alpha=weight, beta=weight) == pytest.approx(loss(p, y))


@holds("tversky", r"In a large picture the best mask grows with $\beta = 1 - \alpha$.")
def tversky_grows() -> None:
    for peak, blur in ((1.0, 0.1), (0.9, 0.3), (0.4, 0.3)):
        q = rims.profile(DISTANCE, peak, blur)
        sizes = [rims.best_mask(q, 1 - beta, beta).share for beta in (0.1, 0.3, 0.5, 0.7, 0.9)]
        assert (np.diff(sizes) > 0).all()


@holds("tversky", r"It too wants decisions: for $\alpha + \beta = 1$ it cuts at $\alpha$ times its best index.")
def tversky_cuts() -> None:
    for alpha in (0.2, 0.5, 0.8):
        q = rims.profile(DISTANCE, 0.9, 0.3)
        found = rims.best_mask(q, alpha, 1 - alpha)
        for wrong in (0.9, 1.1):  # a mask with another cut is worse
            assert rims.tversky_index((q >= wrong * alpha * found.value) * 1.0, q, alpha, 1 - alpha) < found.value
        best = rims.tversky_index((q >= alpha * found.value) * 1.0, q, alpha, 1 - alpha)
        assert best == pytest.approx(found.value, rel=1e-6)


@holds("generalised_dice", "Each pixel of a class of half the size weighs four times as much.")
def generalised_dice_weighs() -> None:
    y = np.array([[[1.0, 1, 1, 1, 0, 0]], [[0, 0, 0, 0, 1, 1]]])
    slopes = lossbook.generalised_dice_grad(np.full(y.shape, 0.5), y)
    assert slopes[1][y[1] == 0] == pytest.approx(4 * slopes[0][y[0] == 0][:1].repeat(4))
    assert slopes[1][y[1] == 1] == pytest.approx(4 * slopes[0][y[0] == 1][:2])


@holds("generalised_dice", "A class of one pixel can take nearly all slopes of the picture.")
def generalised_dice_of_one_pixel() -> None:
    assert class_areas.shares(1, "squared").of_slopes[2] > 0.999


@holds("generalised_dice", "An absent class needs a rule, since 1 over its squared size is infinite.")
def generalised_dice_of_an_absent_class() -> None:
    with np.errstate(divide="ignore"):
        weights = class_areas.masks(0).sum(axis=(1, 2)) ** -2.0
    assert np.isinf(weights).tolist() == [False, False, True]
    assert math.isfinite(class_areas.shares(0, "squared").loss)


@holds("lovasz_hinge", "Convex in the scores, and never below the Jaccard loss of the mask.")
def lovasz_hinge_convex() -> None:
    _, y = pictures(5, 6)
    for one, other in random().normal(0, 2, (50, 2, 5, 6)):
        costs = [lossbook.lovasz_hinge(s, y) for s in (one, (one + other) / 2, other)]
        assert costs[1] <= (costs[0] + costs[2]) / 2 + 1e-12
        assert costs[0] >= lossbook.jaccard(one > 0, y) - 1e-12


@holds("lovasz_hinge", "Its slopes add up to 1 where the network is sure that an object is not there.")
def lovasz_hinge_pulls() -> None:
    _, y = pictures(5, 6)
    for sure in (-2.0, -9.0, -100.0):
        assert np.abs(lossbook.lovasz_hinge_grad(np.full(y.shape, sure), y)).sum() == pytest.approx(1)


@holds("lovasz_hinge", "If an object fills less than half, 0 everywhere costs 1, and every other constant costs more.")
def lovasz_hinge_trap() -> None:
    for object_pixels in (1, 5, 14):
        y = (np.arange(30) < object_pixels).reshape(5, 6) * 1.0
        costs = {c: lossbook.lovasz_hinge(np.full(y.shape, c), y) for c in np.linspace(-3, 3, 61).round(1)}
        assert costs.pop(0.0) == pytest.approx(1) and min(costs.values()) > 1 + 1e-3


@holds("lovasz_hinge", "Of an empty mask only the largest error counts.")
def lovasz_hinge_of_nothing() -> None:
    s = random().normal(0, 2, (5, 6))
    assert lossbook.lovasz_hinge(s, 0 * s) == pytest.approx(1 + s.max())
    assert np.count_nonzero(lossbook.lovasz_hinge_grad(s, 0 * s)) == 1


@holds("lovasz_softmax", "On masks of 0 and 1 it is 1 less the mean IoU of the classes that are present.")
def lovasz_softmax_of_masks() -> None:
    truth, said = random().integers(0, 3, (2, 5, 6))
    masks = (np.arange(4)[:, None, None] == said) * 1.0
    ious = [
        np.sum((said == k) & (truth == k)) / np.sum((said == k) | (truth == k)) for k in range(4) if (truth == k).any()
    ]
    assert len(ious) == 3 and lossbook.lovasz_softmax(masks, truth) == pytest.approx(1 - np.mean(ious))


@holds("lovasz_softmax", "A class that is absent has no slope, whatever is said of it.")
def lovasz_softmax_of_an_absent_class() -> None:
    p = random().uniform(0, 1, (3, 5, 6))
    slopes = lossbook.lovasz_softmax_grad(p, np.zeros((5, 6), dtype=int))
    assert slopes[0].any() and not slopes[1:].any()


@holds("boundary", "A false alarm costs the more, the farther it is from the object.")
def boundary_of_false_alarms() -> None:
    y = np.array([[1, 0, 0, 0, 0, 0]])
    costs = [lossbook.boundary([np.arange(6) == at], lossbook.signed_distance(y)) for at in range(1, 6)]
    assert (np.diff(costs) > 0).all() and costs[0] > 0


@holds("boundary", "Its slope does not depend on the prediction.")
def boundary_is_linear() -> None:
    p, y = pictures(5, 6)
    distance = lossbook.signed_distance(y)
    assert np.array_equal(lossbook.boundary_grad(p, distance), lossbook.boundary_grad(p / 3, distance))


@holds("boundary", "On an empty mask, with the authors' distances, it is 0.")
def boundary_of_nothing() -> None:
    p, y = pictures(5, 6)
    assert lossbook.boundary(p, lossbook.signed_distance(0 * y)) == 0
