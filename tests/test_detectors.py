"""Losses of detectors: terms by hand, by autograd from the papers' sums, mining, responsible boxes, refusals."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lossbook.losses.detectors import (
    Detection,
    faster_rcnn,
    faster_rcnn_head,
    faster_rcnn_head_grad,
    faster_rcnn_rpn,
    faster_rcnn_rpn_grad,
    hard_negatives,
    prior_bias,
    retinanet,
    retinanet_grad,
    ssd,
    ssd_grad,
)
from lossbook.losses.yolo import yolo_v1, yolo_v1_grad

LN2 = math.log(2)


def anchors(seed: int, classes: int, *shape: int):
    """Scores, offsets, labels with background and some that do not count, targets."""
    rng = np.random.default_rng(seed)
    labels = rng.choice([-2, -1, -1, -1, -1, *range(3)], shape)
    return rng.normal(0, 2, (*shape, classes)), rng.normal(0, 1, (*shape, 4)), labels, rng.normal(0, 1, (*shape, 4))


def tensors(*arrays):
    return [torch.tensor(array, requires_grad=True) for array in arrays]


def agree(slopes, *terms):
    """Each term's slopes are the gradients of a torch number in the tensor beside it."""
    for found, (term, tensor) in zip(slopes, terms, strict=True):
        (expected,) = torch.autograd.grad(term, tensor, retain_graph=True)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


# ── SSD ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_ssd_by_hand():
    """One object, two negatives of three kept at a ratio of 2: log 2 each; its box is 2 away four times."""
    logits = np.log([[1.0, 1.0], [3.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    found = ssd(logits, np.zeros((4, 4)), [0, -1, -1, -1], np.full((4, 4), 2.0), ratio=2.0)
    assert found == pytest.approx((3 * LN2, 4 * 1.5)) and found.total == pytest.approx(3 * LN2 + 6)
    assert ssd(logits, np.zeros((4, 4)), [0, -1, -1, -1], np.full((4, 4), 2.0), balance=0.5).localisation == 3


def test_ssd_with_a_label_of_many_kinds():
    """Nothing and four kinds, the last one right: log 5."""
    assert ssd(np.zeros((1, 5)), np.zeros((1, 4)), [3], np.zeros((1, 4))) == pytest.approx((np.log(5), 0))


def test_ssd_without_an_object_is_0():
    s, d, _, t = anchors(1, 4, 8)
    assert ssd(s, d, np.full(8, -1), t) == (0, 0)
    assert not any(slopes.any() for slopes in ssd_grad(s, d, np.full(8, -1), t))


def test_ssd_against_autograd():
    logits, offsets, labels, targets = anchors(2, 4, 3, 40)
    labels[2] = -1  # a picture without objects keeps no negatives
    s, d = tensors(logits, offsets)
    costs = F.cross_entropy(s.flatten(0, 1), torch.tensor(np.maximum(labels, -1) + 1).flatten(), reduction="none")
    costs = costs.view(labels.shape)
    kept = labels >= 0
    for i, row in enumerate(labels):
        cost = -F.log_softmax(s[i], dim=-1)[:, 0].detach().numpy()
        background = sorted(np.flatnonzero(row == -1), key=lambda a, cost=cost: -cost[a])
        kept[i, background[: 3 * int((row >= 0).sum())]] = True
    n = (labels >= 0).sum()
    what = costs[torch.tensor(kept)].sum() / n
    where = F.smooth_l1_loss(d[torch.tensor(labels >= 0)], torch.tensor(targets[labels >= 0]), reduction="sum") / n
    found = ssd(logits, offsets, labels, targets)
    assert found == pytest.approx((what.item(), where.item()), rel=1e-12)
    agree(ssd_grad(logits, offsets, labels, targets), (what, s), (where, d))
    assert not ssd_grad(logits, offsets, labels, targets).classification[~kept].any()


def test_mining_by_hand():
    costs = [[0.1, 5.0, 0.2, 0.3, 0.4], [9.0, 8.0, 7.0, 6.0, 5.0]]
    labels = [[1, -1, -1, -2, -1], [-1, -1, -1, -1, -1]]
    assert hard_negatives(costs, labels, ratio=2.0).tolist() == [[False, True, False, False, True], [False] * 5]
    assert hard_negatives(costs, labels).sum() == 3, "no more than there are"


# ── RetinaNet ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_retinanet_by_hand():
    """Two anchors, two classes, p = ½: an own class costs ¼ · ¼ log 2, each of three others ¾ · ¼ log 2."""
    found = retinanet(np.zeros((2, 2)), np.zeros((2, 4)), [1, -1], np.full((2, 4), 0.5))
    assert found == pytest.approx(((1 + 9) / 16 * LN2, 4 * 0.125))
    twice = retinanet(np.zeros((3, 2)), np.zeros((3, 4)), [1, 0, -2], np.full((3, 4), 0.5))
    assert twice == pytest.approx((8 / 16 * LN2 / 2, 0.5)), "divided by two objects; the third does not count"
    none = retinanet(np.zeros((2, 2)), np.zeros((2, 4)), [-1, -1], np.zeros((2, 4)))
    assert none == pytest.approx((12 / 16 * LN2, 0)), "divided by 1"


def test_retinanet_against_autograd():
    logits, offsets, labels, targets = anchors(3, 3, 2, 30)
    s, d = tensors(logits, offsets)
    y = torch.tensor(1.0 * (np.arange(3) == labels[..., np.newaxis]))
    p = torch.sigmoid(s)
    right = p * y + (1 - p) * (1 - y)
    focal = -(0.25 * y + 0.75 * (1 - y)) * (1 - right) ** 2 * torch.log(right)
    n, objects = (labels >= 0).sum(), torch.tensor(labels >= 0)
    what = focal[torch.tensor(labels > -2)].sum() / n
    where = F.smooth_l1_loss(d[objects], torch.tensor(targets)[objects], reduction="sum") / n
    assert retinanet(logits, offsets, labels, targets) == pytest.approx((what.item(), where.item()), rel=1e-12)
    agree(retinanet_grad(logits, offsets, labels, targets), (what, s), (where, d))


def test_the_prior_bias():
    assert prior_bias() == pytest.approx(-math.log(99)) and prior_bias(0.5) == 0
    s, d, y = np.full((1000, 1), prior_bias()), np.zeros((1000, 4)), np.r_[0, np.full(999, -1)]
    assert retinanet(s, d, y, d).classification < 0.02 * retinanet(0 * s, d, y, d).classification


# ── Faster R-CNN ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_both_stages_by_hand():
    rpn = faster_rcnn_rpn(np.zeros(256), np.zeros((256, 4)), np.r_[0, np.full(255, -1)], np.full((256, 4), 2.0))
    assert rpn == pytest.approx((LN2, 10 * 6 / 2400))
    code = {"balance": 1.0, "n_reg": 256.0, "beta": 1 / 9}
    rpn = faster_rcnn_rpn(np.zeros(2), np.zeros((2, 4)), [0, -2], np.full((2, 4), 2.0), **code)
    assert rpn == pytest.approx((LN2 / 256, 4 * (2 - 1 / 18) / 256))
    head = faster_rcnn_head(np.zeros((4, 3)), np.zeros((4, 2, 4)), [0, 1, -1, -2], np.full((4, 4), 0.5))
    assert head == pytest.approx((math.log(3), 2 * 4 * 0.125 / 3)), "three regions count, two of them are objects"
    both = faster_rcnn(rpn, head)
    assert both.total == pytest.approx(sum(rpn) + sum(head)) and both.rpn == rpn


def test_the_first_stage_against_autograd():
    logits, offsets, labels, targets = anchors(4, 1, 2, 30)
    s, d = tensors(logits[..., 0], offsets)
    counts, objects = torch.tensor(labels > -2), torch.tensor(labels >= 0)
    what = F.binary_cross_entropy_with_logits(s[counts], objects[counts].double(), reduction="sum") / 256
    where = 10 * F.smooth_l1_loss(d[objects], torch.tensor(targets)[objects], reduction="sum") / 2400
    arguments = logits[..., 0], offsets, labels, targets
    assert faster_rcnn_rpn(*arguments) == pytest.approx((what.item(), where.item()), rel=1e-12)
    agree(faster_rcnn_rpn_grad(*arguments), (what, s), (where, d))


def test_the_second_stage_against_autograd():
    logits, _, labels, targets = anchors(5, 4, 40)
    offsets = np.random.default_rng(6).normal(0, 1, (40, 3, 4))
    s, d = tensors(logits, offsets)
    counts, rows = torch.tensor(labels > -2), np.flatnonzero(labels >= 0)
    what = F.cross_entropy(s[counts], torch.tensor(labels + 1)[counts])
    own = torch.stack([d[row, labels[row]] for row in rows])
    where = F.smooth_l1_loss(own, torch.tensor(targets[rows]), reduction="sum") / counts.sum()
    arguments = logits, offsets, labels, targets
    assert faster_rcnn_head(*arguments) == pytest.approx((what.item(), where.item()), rel=1e-12)
    agree(faster_rcnn_head_grad(*arguments), (what, s), (where, d))


# ── YOLO v1 ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def scene(seed: int = 7, grid: int = 3):
    """A grid with objects in some cells; boxes that mostly overlap them, and in one cell none that does."""
    rng = np.random.default_rng(seed)
    labels = rng.choice([-1, 0, 1], (grid, grid))
    labels[0, 0], labels[1, 1] = 0, -1
    target = np.concatenate([rng.uniform(0, 1, (grid, grid, 2)), rng.uniform(0.2, 0.8, (grid, grid, 2))], axis=-1)
    boxes = np.concatenate([rng.uniform(0, 1, (grid, grid, 2, 2)), rng.uniform(0.1, 0.9, (grid, grid, 2, 2))], axis=-1)
    target[0, 0], boxes[0, 0] = [0.9, 0.9, 0.02, 0.02], [[0.1, 0.1, 0.03, 0.03], [0.2, 0.2, 0.04, 0.02]]
    return boxes, rng.uniform(0, 1, (grid, grid, 2)), rng.dirichlet([1, 1], (grid, grid)), target, labels


def in_torch(boxes, confidence, classes, target, labels, coord=5.0, noobj=0.5, roots=True):
    """Cell by cell, box by box, as in the paper."""
    b, c, p = tensors(boxes, confidence, classes)
    terms = dict.fromkeys(("centre", "size", "objects", "background", "classes"), torch.zeros(()).double())
    grid = len(labels)
    for row, column in np.ndindex(labels.shape):
        k, t = labels[row, column], target[row, column]
        overlaps, errors = [], []
        for x, y, w, h in boxes[row, column]:
            width = min(x / grid + w / 2, t[0] / grid + t[2] / 2) - max(x / grid - w / 2, t[0] / grid - t[2] / 2)
            height = min(y / grid + h / 2, t[1] / grid + t[3] / 2) - max(y / grid - h / 2, t[1] / grid - t[3] / 2)
            shared = max(width, 0) * max(height, 0)
            overlaps.append(shared / (w * h + t[2] * t[3] - shared))
            errors.append(((x - t[0]) / grid) ** 2 + ((y - t[1]) / grid) ** 2 + (w - t[2]) ** 2 + (h - t[3]) ** 2)
        chosen = -1 if k < 0 else int(np.argmax(overlaps)) if max(overlaps) > 0 else int(np.argmin(errors))
        for j in range(boxes.shape[2]):
            own = b[row, column, j]
            if j != chosen:
                terms["background"] = terms["background"] + noobj * c[row, column, j] ** 2
                continue
            sizes = (own[2:].sqrt() - torch.tensor(t[2:]).sqrt()) if roots else own[2:] - torch.tensor(t[2:])
            terms["centre"] = terms["centre"] + coord * ((own[:2] - torch.tensor(t[:2])) ** 2).sum()
            terms["size"] = terms["size"] + coord * (sizes**2).sum()
            terms["objects"] = terms["objects"] + (c[row, column, j] - overlaps[j]) ** 2
        if k >= 0:
            wanted = F.one_hot(torch.tensor(k), p.shape[-1])
            terms["classes"] = terms["classes"] + ((p[row, column] - wanted) ** 2).sum()
    return terms, {"centre": b, "size": b, "objects": c, "background": c, "classes": p}


@pytest.mark.parametrize("keywords", [{}, {"roots": False}, {"coord": 1.0, "noobj": 2.0}])
def test_yolo_against_the_paper_cell_by_cell(keywords):
    given = scene()
    terms, of = in_torch(*given, **keywords)
    found = yolo_v1(*given, **keywords)
    assert found == pytest.approx([term.item() for term in terms.values()], rel=1e-12)
    assert found.total == pytest.approx(sum(term.item() for term in terms.values()))
    agree(yolo_v1_grad(*given, **keywords), *((term, of[name]) for name, term in terms.items()))


def test_yolo_by_hand():
    """A cell, two boxes: the first has IoU ¼, the second ⁴⁄₁₀₀ · ⁴⁄₁₀₀."""
    boxes = [[[[0.5, 0.4, 0.25, 1.0], [0.5, 0.5, 0.04, 0.04]]]]
    found = yolo_v1(boxes, [[[0.2, 0.6]]], [[[0.3, 0.7]]], [[[0.5, 0.5, 1.0, 1.0]]], [[1]])
    overlap = 0.25 * 0.9 / (0.25 + 1 - 0.25 * 0.9)
    expected = 5 * 0.1**2, 5 * (0.5 - 1) ** 2, (0.2 - overlap) ** 2, 0.36 / 2, 0.09 + 0.09
    assert found == pytest.approx(expected)
    empty = yolo_v1(boxes, [[[0.2, 0.6]]], [[[0.3, 0.7]]], [[[0.0, 0.0, 0.0, 0.0]]], [[-1]])
    assert empty == pytest.approx((0, 0, 0, 0.5 * (0.04 + 0.36), 0)), "what stands in an empty cell is not read"


def test_who_gets_a_gradient_from_whom():
    boxes, confidence, classes, target, labels = scene()
    slopes = yolo_v1_grad(boxes, confidence, classes, target, labels)
    empty = labels < 0
    assert not any(part[empty].any() for part in (slopes.centre, slopes.size, slopes.objects, slopes.classes))
    assert (slopes.background[empty] > 0).all()
    moved = (slopes.centre != 0).any(axis=-1)
    assert (moved.sum(axis=-1) == ~empty).all(), "one box of a cell with an object"
    assert ((slopes.objects != 0) == moved).all() and ((slopes.background != 0) == ~moved).all()


def test_the_root_makes_small_sizes_cost_more_but_not_in_proportion():
    def slope(width: float, roots: bool) -> float:
        box, wanted = [[[[0.5, 0.5, width + 0.001, 0.5]]]], [[[0.5, 0.5, width, 0.5]]]
        return yolo_v1_grad(box, [[[0.5]]], [[[1.0]]], wanted, [[0]], roots=roots).size[0, 0, 0, 2]

    assert slope(0.1, False) == pytest.approx(slope(0.4, False))
    assert slope(0.1, True) / slope(0.4, True) == pytest.approx(4, rel=0.02)  # (1/(2√w))² twice: 1/w, not 1/w²


# ── Refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("function", [ssd, ssd_grad, retinanet, retinanet_grad])
def test_what_is_refused(function):
    s, d, y, t = anchors(8, 3, 6)
    y = np.minimum(y, 1)
    for arguments, message in (
        ((s, d, y[:5], t), r"labels must hold one integer per anchor, shape \(6,\), got shape \(5,\)"),
        ((s, d, y + 7, t), "labels must be integers from -2 to"),
        ((s, d, y - 0.5, t), "labels must be integers from -2 to"),
        ((s, d[:, :3], y, t), r"offsets must have four numbers per anchor, shape \(6, 4\), got \(6, 3\)"),
        ((s, d, y, t[0]), "targets must have four numbers per anchor"),
        ((np.where(s > 1, np.inf, s), d, y, t), r"logits must be less than \+inf"),
        ((3.0, d, y, t), "logits must have at least one class"),
    ):
        with pytest.raises(ValueError, match=message):
            function(*arguments)


def test_constants_are_refused():
    s, d, y, t = np.zeros((2, 3)), np.zeros((2, 4)), [0, -1], np.zeros((2, 4))
    for keywords, name in (({"ratio": 0.0}, "ratio"), ({"balance": -1.0}, "balance"), ({"beta": 0.0}, "beta")):
        with pytest.raises(ValueError, match=f"{name} must be a number in"):
            ssd(s, d, y, t, **keywords)
    for name in ("n_cls", "n_reg", "balance"):
        with pytest.raises(ValueError, match=f"{name} must be a number in"):
            faster_rcnn_rpn_grad(s[:, 0], d, y, t, **{name: 0.0})
    with pytest.raises(ValueError, match=r"probability must be a number in \(0, 1\), got 1.0"):
        prior_bias(1.0)
    with pytest.raises(ValueError, match="labels must have a region that counts"):
        faster_rcnn_head(s, np.zeros((2, 2, 4)), [-2, -2], t)
    with pytest.raises(ValueError, match=r"offsets must have four numbers per region and class, shape \(2, 2, 4\)"):
        faster_rcnn_head_grad(s, d, y, t)


def test_yolo_refuses():
    boxes, confidence, classes, target, labels = scene()
    for arguments, message in (
        ((boxes[:2], confidence, classes, target, labels), r"boxes must have the shape \(…, S, S, B, 4\)"),
        ((boxes, confidence[..., :1], classes, target, labels), "confidence must have one number per box"),
        ((boxes, confidence, classes[0], target, labels), "classes must have the shape"),
        ((boxes, confidence, classes, target[..., :3], labels), "target_boxes must have one box per cell"),
        ((boxes, confidence, classes, target, labels + 2), "labels must be integers from -1 to 1"),
        ((-boxes, confidence, classes, target, labels), "boxes must be greater than 0"),
        ((boxes, confidence, classes, -target, labels), "target_boxes must be greater than 0"),
    ):
        for function in (yolo_v1, yolo_v1_grad):
            with pytest.raises(ValueError, match=message):
                function(*arguments)
    with pytest.raises(ValueError, match="coord must be a number in"):
        yolo_v1(boxes, confidence, classes, target, labels, coord=0.0)


def test_terms_have_names():
    assert Detection(1.0, 2.0).total == 3 and Detection(1.0, 2.0)._fields == ("classification", "localisation")
