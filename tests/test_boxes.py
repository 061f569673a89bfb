"""Losses of boxes: hand numbers, golden values, where each gradient is 0, encoding, matching, refusals."""

import math

import numpy as np
import pytest
import torch

from lossbook.losses.anchors import box_decode, box_encode, iou_matrix, match_anchors
from lossbook.losses.boxes import (
    ciou,
    ciou_alpha,
    ciou_grad,
    diou,
    diou_grad,
    giou,
    giou_grad,
    iou,
    iou_grad,
)

LOSSES = {iou: iou_grad, giou: giou_grad, diou: diou_grad, ciou: ciou_grad}
PAIRS = pytest.mark.parametrize(("value", "gradient"), LOSSES.items(), ids=lambda function: function.__name__)
A, HALF = [0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0]  # half of each is shared: I = 2, U = 6
APART, WITHIN = [4.0, 0.0, 6.0, 2.0], [0.5, 0.5, 1.0, 1.0]


def boxes(seed: int, *shape: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    low = rng.normal(0, 2, (*shape, 2))
    return np.concatenate([low, low + rng.uniform(0.1, 6, (*shape, 2))], axis=-1)


# ── By hand ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_values_by_hand():
    assert [loss(A, HALF) for loss in LOSSES] == pytest.approx(
        [2 / 3, 2 / 3, 2 / 3 + 1 / 13, 2 / 3 + 1 / 13]
    )  # the hull is the union; centres 1 apart, diagonal 3² + 2²
    assert [loss(A, APART) for loss in LOSSES] == pytest.approx([1, 1 + 4 / 12, 1 + 16 / 40, 1 + 16 / 40])
    inside = 1 - 0.25 / 4
    assert [loss(WITHIN, A) for loss in LOSSES] == pytest.approx(
        [inside, inside, inside + 0.125 / 8, inside + 0.125 / 8]
    )


def test_a_shape_by_hand():
    """2 × 1 in 2 × 2: IoU ½, centres ½ apart, diagonal² 8, angles arctan 2 and π/4."""
    v = 4 / math.pi**2 * (math.atan(2) - math.pi / 4) ** 2
    alpha = v / (1 / 2 + v)
    assert ciou([0, 0, 2, 1], A) == pytest.approx(1 / 2 + 1 / 32 + alpha * v)
    assert ciou_alpha([0, 0, 2, 1], A) == pytest.approx(alpha)
    change = 8 / math.pi**2 * (math.pi / 4 - math.atan(2)) / 5  # by w²+h² = 5
    shape = ciou_grad([0, 0, 2, 1], A) - diou_grad([0, 0, 2, 1], A)
    np.testing.assert_allclose(shape, alpha * change * np.array([1, -2, -1, 2]))


def test_slopes_by_hand():
    np.testing.assert_allclose(iou_grad(A, [1.0, -1.0, 3.0, 3.0]), np.array([-4, 8, -20, -8]) / 100)
    # I = 2, U = 4 + 8 − 2 = 10, (I dU − U dI)/U²: x1 2·(−2), y1 2·(−1) + 10, x2 −10·2, y2 2 − 10
    np.testing.assert_allclose(diou_grad(A, APART), np.array([32, 32, -160, -32]) / 40**2)
    # R = 16, Q = 40, (Q dR − R dQ)/Q²: x1 40·(−4) + 16·12, y1 16·2, x2 40·(−4), y2 −16·2


def test_golden_values_of_another_library():
    """The four pairs in the tests of `combustion`'s complete_iou_loss, to the digits printed there."""
    b = [[1, 1, 10, 10], [2, 2, 4, 4], [2, 1, 4, 3], [1, 1, 3, 3]]
    t = [[1, 1, 10, 10], [0, 0, 4, 4], [0, 0, 4, 4], [0, 0, 4, 4]]
    np.testing.assert_allclose(ciou(b, t, reduction="none"), [0, 0.8125, 0.7812, 0.75], atol=1e-4)


@PAIRS
def test_against_autograd_on_all_kinds_of_pairs(value, gradient):
    """Apart, touching the outside, within and around: 300 pairs, each quantity written with torch once more."""
    first, second = boxes(1, 300), boxes(2, 300)
    b, t = torch.tensor(first, requires_grad=True), torch.tensor(second)
    x1, y1, x2, y2 = b.T
    u1, v1, u2, v2 = t.T
    common = (torch.minimum(x2, u2) - torch.maximum(x1, u1)).clamp(min=0) * (
        torch.minimum(y2, v2) - torch.maximum(y1, v1)
    ).clamp(min=0)
    union = (x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - common
    width, height = torch.maximum(x2, u2) - torch.minimum(x1, u1), torch.maximum(y2, v2) - torch.minimum(y1, v1)
    losses = 1 - common / union
    if value is giou:
        losses = losses + 1 - union / (width * height)
    if value in (diou, ciou):
        losses = losses + ((x1 + x2 - u1 - u2) ** 2 + (y1 + y2 - v1 - v2) ** 2) / 4 / (width**2 + height**2)
    if value is ciou:
        v = 4 / math.pi**2 * (torch.atan((u2 - u1) / (v2 - v1)) - torch.atan((x2 - x1) / (y2 - y1))) ** 2
        losses = losses + (v / (1 - common / union + v)).detach() * v
    assert 50 < (common == 0).sum() < 250
    np.testing.assert_allclose(value(first, second, reduction="none"), losses.detach(), rtol=1e-12, atol=1e-14)
    losses.sum().backward()
    np.testing.assert_allclose(gradient(first, second, reduction="sum"), b.grad, rtol=1e-9, atol=1e-13)


# ── Where each gradient is 0 ─────────────────────────────────────────────────────────────────────────────────────────


@PAIRS
def test_at_the_target_all_is_0(value, gradient):
    assert value(A, A) == 0 and not gradient(A, A).any()


def test_apart_only_the_iou_loss_is_flat():
    for gap in (0.001, 1.0, 100.0):
        far = [2.0 + gap, 0.0, 4.0 + gap, 2.0]
        assert iou(A, far) == 1 and not iou_grad(A, far).any()
        for gradient in (giou_grad, diou_grad, ciou_grad):
            assert gradient(A, far)[2] < 0, "the near edge is pulled"
    assert np.sum(diou_grad(A, APART)[[0, 2]]) < 0, "and the box with it"


def test_within_giou_says_no_more_than_iou():
    np.testing.assert_allclose(giou_grad(WITHIN, A), iou_grad(WITHIN, A), atol=1e-15)
    move = np.array([1, 1, 1, 1])  # a shift inside of the target
    assert iou_grad(WITHIN, A) @ move == pytest.approx(0, abs=1e-15)
    assert diou_grad(WITHIN, A) @ move < 0, "toward the centre"


def test_with_one_centre_diou_says_no_more_than_iou_and_with_one_shape_ciou_no_more_than_diou():
    centred, same_shape = [0.5, 0.75, 1.5, 1.25], [0.5, 0.5, 1.5, 1.5]
    np.testing.assert_allclose(diou_grad(centred, A), iou_grad(centred, A), atol=1e-15)
    assert np.abs(ciou_grad(centred, A) - diou_grad(centred, A)).max() > 1e-3
    np.testing.assert_allclose(ciou_grad(same_shape, A), diou_grad(same_shape, A), atol=1e-15)
    assert ciou_alpha(same_shape, A) == 0


def test_alpha_is_a_constant_for_the_gradient():
    """The whole derivative is another one: α grows with v too."""
    b, t, h = np.array([0.0, 0.0, 2.0, 1.0]), np.array([0.0, 0.0, 2.5, 2.0]), 1e-6
    step = np.array([0, 0, h, 0])
    held = {"alpha": ciou_alpha(b, t)}
    with_held = (ciou(b + step, t, **held) - ciou(b - step, t, **held)) / (2 * h)
    whole = (ciou(b + step, t) - ciou(b - step, t)) / (2 * h)
    assert ciou_grad(b, t)[2] == pytest.approx(with_held, rel=1e-7)
    assert abs(whole - with_held) > 1e-3


# ── Encoding and matching ────────────────────────────────────────────────────────────────────────────────────────────


def test_encoding_by_hand():
    found = box_encode([1, 0, 3, 4], [0, 0, 2, 2])  # centre (2, 2) against (1, 1), 2 × 4 against 2 × 2
    assert found.tolist() == [0.5, 0.5, 0, math.log(2)]
    scaled = box_encode([1, 0, 3, 4], [0, 0, 2, 2], variances=(0.1, 0.1, 0.2, 0.2))
    np.testing.assert_allclose(scaled, [5, 5, 0, 5 * math.log(2)])


@pytest.mark.parametrize("variances", [(1.0, 1.0, 1.0, 1.0), (0.1, 0.1, 0.2, 0.2)])
def test_the_way_back(variances):
    first, anchors = boxes(3, 200), boxes(4, 200)
    back = box_decode(box_encode(first, anchors, variances=variances), anchors, variances=variances)
    scale = np.abs(np.concatenate([first, anchors], axis=1)).max(axis=1, keepdims=True)
    assert (np.abs(back - first) / scale).max() < 8 * np.finfo(float).eps


def test_overlaps_of_all_with_all():
    first, second = boxes(5, 7), boxes(6, 5)
    table = iou_matrix(first, second)
    for n, m in np.ndindex(7, 5):
        assert table[n, m] == pytest.approx(1 - iou(first[n], second[m]), abs=1e-14)


def test_matching_by_hand():
    anchors = [[0, 0, 2, 2], [1, 0, 3, 2], [4, 4, 6, 6], [0, 0, 2, 1]]
    objects = [[0, 0, 2, 2], [5, 5, 8, 8]]  # IoU 1, ⅓, 0, ½ and 0, 0, 1/12, 0
    assert match_anchors(anchors, objects).tolist() == [0, -1, 1, 0]
    assert match_anchors(anchors, objects, best=False).tolist() == [0, -1, -1, 0]
    assert match_anchors(anchors, objects, positive=0.7, negative=0.3).tolist() == [0, -2, 1, -2]
    assert match_anchors(anchors, np.zeros((0, 4))).tolist() == [-1] * 4


# ── Refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@PAIRS
def test_what_is_refused(value, gradient):
    for function in (value, gradient):
        with pytest.raises(ValueError, match=r"prediction must have x2 > x1, got 1.0 with x1 = 2.0"):
            function([2.0, 0.0, 1.0, 1.0], A)
        with pytest.raises(ValueError, match=r"target must have y2 > y1, got 1.0 with y1 = 1.0"):
            function(A, [0.0, 1.0, 1.0, 1.0])
        with pytest.raises(ValueError, match=r"prediction must have the corners .* got shape \(2,\)"):
            function([0.0, 1.0], [0.0, 1.0])


def test_more_that_is_refused():
    with pytest.raises(ValueError, match="variances must hold four numbers"):
        box_encode(A, HALF, variances=(0.1, 0.2))
    with pytest.raises(ValueError, match="variances must be greater than 0"):
        box_decode(A, HALF, variances=(0.1, 0.1, 0.0, 0.2))
    with pytest.raises(ValueError, match="boxes and anchors must have the same shape"):
        box_encode([A], HALF)
    with pytest.raises(ValueError, match=r"alpha must hold one number per pair of boxes, shape \(\)"):
        ciou(A, HALF, alpha=[0.5])
    with pytest.raises(ValueError, match=r"boxes must have shape \(N, 4\)"):
        iou_matrix(A, [A])
    with pytest.raises(ValueError, match=r"negative must be a number in \[0, 0.5\], got 0.6"):
        match_anchors([A], [A], negative=0.6)
