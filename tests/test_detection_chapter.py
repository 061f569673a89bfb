"""What the chapter on detection says and draws: over all states of its figures, and its runs over three seeds."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from latex_reader import read
from numpy.testing import assert_allclose
from scipy.optimize import check_grad, linear_sum_assignment
from sklearn.metrics import average_precision_score, precision_recall_curve

import lossbook
from lossbook.analysis import anchor_grid, shape_pictures, three_boxes, two_boxes, yolo_cell
from lossbook.analysis.judging import Found, average_precision, suppress
from lossbook.analysis.queries import greedy, hungarian
from lossbook.exercises import check
from lossbook.exercises.found import exercises
from lossbook.figures import detection as figures
from lossbook.losses.anchors import box_encode, iou_matrix, match_anchors
from lossbook.losses.detectors import (
    faster_rcnn_head,
    faster_rcnn_rpn,
    hard_negatives,
    prior_bias,
    retinanet,
    ssd,
    ssd_grad,
)
from lossbook.losses.yolo import yolo_v1

CHAPTER = (Path(__file__).parents[1] / "book/part-3/detection.md").read_text(encoding="utf-8")
SEEDS = [0, 1, 2]  # 0 is the one that the chapter prints
seeds = pytest.mark.parametrize("seed", SEEDS)
pytestmark = pytest.mark.xdist_group("detection")  # the runs are shared


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def corners(rng: np.random.Generator, *shape: int) -> np.ndarray:
    low = rng.uniform(0, 8, (*shape, 2))
    return np.concatenate([low, low + rng.uniform(0.5, 4, (*shape, 2))], axis=-1)


# ── The printed sums are the tested ones ─────────────────────────────────────────────────────────────────────────────


def printed(label: str) -> str:
    """The right-hand side of a displayed equation of the chapter, in words that `latex_reader` knows."""
    tex = re.findall(r"(?s)\$\$\n((?:(?!\$\$).)*?)\n\$\$ \(" + label + r"\)", CHAPTER)[0]
    tex = re.sub(r"_\{\\text\{(\w)\w*\}\}", r"_\1", tex)  # N_cls is N_c
    tex = re.sub(r"\\(begin|end)\{aligned\}|&|\\\\|\{\}", " ", tex).replace(r"\sum_{i}", r"\sum_{i=1}^{S^2}")
    tex = tex.replace(r"\sum_{i,j}", r"\sum_{i=1}^{S^2} \sum_{j=1}^{B}")
    return tex.strip().rstrip(".").removeprefix("L =").strip()


def value(label: str, scope: dict[str, Any], change: tuple[str, str] = ("", "")) -> float:
    tex = printed(label)
    assert change[0] in tex
    return float(read(tex.replace(*change) if change[0] else tex, set(scope))(scope))


def scene(seed: int, classes: int, *, softmax: bool) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    labels = rng.choice([-2, -1, -1, -1, -1, 0, 1], 40)
    logits = rng.normal(0, 2, (40, classes + softmax) if classes else 40)
    return logits, rng.normal(0, 1, (40, 4)), labels, rng.normal(0, 1, (40, 4))


def box_costs(offsets: np.ndarray, labels: np.ndarray, targets: np.ndarray) -> np.ndarray:
    costs = F.smooth_l1_loss(torch.tensor(offsets), torch.tensor(targets), reduction="none").sum(dim=-1).numpy()
    return np.where(labels >= 0, costs, np.nan_to_num(costs))


def anchor_scope(
    offsets: np.ndarray, labels: np.ndarray, targets: np.ndarray, costs: np.ndarray, counts: np.ndarray
) -> dict[str, Any]:
    own = 1.0 * (labels >= 0)
    return {
        "A": len(labels),
        "N": own.sum(),
        "n": len(labels),
        "o": own,
        "m": 1.0 * counts,
        "c": costs,
        "d": box_costs(offsets, labels, targets),
    }


def by_formula(label: str, seed: int, change: tuple[str, str] = ("", "")) -> tuple[float, float]:
    """What the page's formula gives on a random scene, and what the package's function does."""
    if label == "yolo-loss":
        return yolo_by_formula(seed, change)
    if label == "rpn-loss":
        s, d, y, t = scene(seed, 0, softmax=False)
        costs = F.binary_cross_entropy_with_logits(torch.tensor(s), torch.tensor(1.0 * (y >= 0)), reduction="none")
        scope = anchor_scope(d, y, t, costs.numpy(), y > -2) | {"N_c": 256, "N_r": 2400, r"\lambda": 10}
        return value(label, scope, change), faster_rcnn_rpn(s, d, y, t).total
    if label == "retinanet-loss":
        s, d, y, t = scene(seed, 2, softmax=False)
        right = 1.0 * (np.arange(2) == y[:, np.newaxis])
        p = 1 / (1 + np.exp(-s))
        kept = np.where(right == 1, p, 1 - p)
        each = -np.where(right == 1, 0.25, 0.75) * (1 - kept) ** 2 * np.log(kept)
        scope = anchor_scope(d, y, t, np.zeros(40), y > -2) | {"f": each.sum(axis=1)}
        return value(label, scope, change), retinanet(s, d, y, t).total
    s, d, y, t = scene(seed, 2, softmax=True)
    if label == "head-loss":
        y = np.maximum(y, -1)
    costs = F.cross_entropy(torch.tensor(s), torch.tensor(np.maximum(y, -1) + 1), reduction="none").numpy()
    if label == "head-loss":
        scope = anchor_scope(d, y, t, costs, y > -2) | {r"\lambda": 1}
        offsets = np.repeat(d[:, np.newaxis], 2, axis=1)
        return value(label, scope, change), faster_rcnn_head(s, offsets, y, t).total
    hardest = sorted(np.flatnonzero(y == -1), key=lambda i: -costs[i])[: 3 * int((y >= 0).sum())]
    counts = (y >= 0) | np.isin(np.arange(40), hardest)
    scope = anchor_scope(d, y, t, costs, counts) | {r"\alpha": 1}
    return value(label, scope, change), ssd(s, d, y, t).total


def yolo_by_formula(seed: int, change: tuple[str, str]) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    labels = rng.choice([-1, 0, 1], (3, 3))
    labels[1, 1] = 1
    wanted = np.concatenate([rng.uniform(0.2, 0.8, (3, 3, 2)), rng.uniform(0.4, 0.8, (3, 3, 2))], axis=-1)
    boxes = np.concatenate([rng.uniform(0.2, 0.8, (3, 3, 2, 2)), rng.uniform(0.3, 0.9, (3, 3, 2, 2))], axis=-1)
    confidence, classes = rng.uniform(0, 1, (3, 3, 2)), rng.dirichlet([1, 1], (3, 3))
    overlap = np.zeros((9, 2))
    for cell, box in itertools.product(range(9), range(2)):
        a, b = boxes.reshape(9, 2, 4)[cell, box], wanted.reshape(9, 4)[cell]
        sides = [
            max(
                0,
                min(a[k] / 3 + a[k + 2] / 2, b[k] / 3 + b[k + 2] / 2)
                - max(a[k] / 3 - a[k + 2] / 2, b[k] / 3 - b[k + 2] / 2),
            )
            for k in (0, 1)
        ]
        overlap[cell, box] = sides[0] * sides[1] / (a[2] * a[3] + b[2] * b[3] - sides[0] * sides[1])
    own = labels.ravel() >= 0
    assert overlap[own].max(axis=1).min() > 0
    responsible = own[:, np.newaxis] * (overlap.argmax(axis=1)[:, np.newaxis] == np.arange(2)) * 1.0
    scope = {"S": 3, "B": 2, "K": 2, "r": responsible, "o": 1.0 * own, "J": overlap}
    scope |= {r"\hat C": confidence.reshape(9, 2), r"\hat p": classes.reshape(9, 2)}
    scope |= {"p": 1.0 * (np.arange(2) == labels.reshape(9, 1)), r"\lambda_c": 5, r"\lambda_n": 0.5}
    for k, letter in enumerate("xywh"):
        scope |= {rf"\hat {letter}": boxes.reshape(9, 2, 4)[..., k], letter: wanted.reshape(9, 4)[..., k]}
    return value("yolo-loss", scope, change), yolo_v1(boxes, confidence, classes, wanted, labels).total


SUMS = ("rpn-loss", "head-loss", "ssd-loss", "retinanet-loss", "yolo-loss")


@pytest.mark.parametrize("label", SUMS)
def test_the_printed_sum_is_what_the_function_gives(label: str) -> None:
    for seed in range(5):
        by_page, by_code = by_formula(label, seed)
        assert by_page == pytest.approx(by_code, rel=1e-10) and by_code > 0


@pytest.mark.parametrize("label", SUMS)
def test_a_printed_sum_with_another_sign_is_noticed(label: str) -> None:
    by_page, by_code = by_formula(
        label,
        0,
        (
            "+ \\frac" if label != "yolo-loss" else r"+ \lambda_n",
            "- \\frac" if label != "yolo-loss" else r"- \lambda_n",
        ),
    )
    assert by_page != pytest.approx(by_code, rel=1e-3)


def test_the_printed_encoding() -> None:
    tex = re.findall(r"(?s)\$\$\n(g = .*?)\n\$\$ \(box-encoding\)", CHAPTER)[0]
    parts = re.search(r"\\left\( (.*) \\right\)", tex)[1].split(r",\ ")
    rng = np.random.default_rng(3)
    box, anchor = corners(rng, 5), corners(rng, 5)
    expected = box_encode(box, anchor)
    for one, a, row in zip(box, anchor, expected, strict=True):
        scope: dict[str, Any] = {}
        for corner, index in ((one, ""), (a, "_a")):
            centre, size = (corner[:2] + corner[2:]) / 2, corner[2:] - corner[:2]
            scope |= {letter + index: number for letter, number in zip("xywh", (*centre, *size), strict=True)}
        assert [float(read(part, set(scope))(scope)) for part in parts] == pytest.approx(row.tolist())


# ── Two boxes ────────────────────────────────────────────────────────────────────────────────────────────────────────


def states(explorer: Any) -> Iterator[dict[str, Any]]:
    names = list(explorer.controls)
    for chosen in itertools.product(*(explorer.controls[name].values for name in names)):
        yield dict(zip(names, chosen, strict=True))


def test_what_a_shift_changes_is_in_the_table() -> None:
    """Apart, one inside the other, one centre: at all places of the figure, and the same with the boxes exchanged."""
    seen = set()
    for shape, x, y in itertools.product(two_boxes.SHAPES, np.arange(-5, 5.1, 0.5), range(-2, 3)):
        box, target = two_boxes.box_at(x, y, shape), two_boxes.TARGET
        low, high = np.maximum(box[:2], target[:2]), np.minimum(box[2:], target[2:])
        apart, inside = (low > high).any(), ((box[:2] > target[:2]) & (box[2:] < target[2:])).all()
        for loss in two_boxes.LOSSES:
            here = two_boxes.touch(loss, x, y, shape)
            pulls = here.shift.any()
            if apart:
                assert pulls == (loss != "IoU") and (here.value == 1 or loss != "IoU")
                assert here.slope.any() == (loss != "IoU")
            elif inside:
                assert pulls == (loss in ("DIoU", "CIoU") and (x, y) != (0, 0))
                assert (here.slope[:2] > 0).all() == (here.slope[2:] < 0).all() or loss in ("DIoU", "CIoU")
                if loss in ("DIoU", "CIoU"):  # to the middle
                    assert_allclose(np.sign(here.shift), np.sign([x, y]))
                if loss in ("L1", "IoU", "GIoU"):  # edges are pulled outward
                    assert (here.slope[:2] > 0).all() and (here.slope[2:] < 0).all()
            if (x, y) == (0, 0):
                assert not pulls
            seen.add("apart" if apart else "inside" if inside else "other")
    assert seen == {"apart", "inside", "other"}
    for loss in two_boxes.LOSSES:  # one centre, and neither inside the other
        slope = two_boxes.LOSSES[loss].grad([-3.0, -1.0, 3.0, 1.0], two_boxes.TARGET)
        assert_allclose(slope[:2] + slope[2:], 0, atol=1e-12)
    around = [-5.0, -4.0, 5.0, 4.5]  # the target inside the box
    for loss in ("L1", "IoU", "GIoU"):
        slope = two_boxes.LOSSES[loss].grad(around, two_boxes.TARGET)
        assert_allclose(slope[:2] + slope[2:], 0, atol=1e-12)
    slope = lossbook.diou_grad(around, two_boxes.TARGET)
    assert (slope[:2] + slope[2:])[1] > 1e-3


def test_giou_stretches_a_distant_box_as_large_as_the_target_and_on_its_level() -> None:
    for x in np.arange(-9, 9.1, 0.5):
        if abs(x) > 4:
            slope = lossbook.giou_grad(two_boxes.box_at(x, 0, "as large as the target"), two_boxes.TARGET)
            outward = -slope[[0, 2]] * [-1, 1]
            assert (outward > 0).all(), "both the near and the far edge"


def test_the_explorer_of_two_boxes() -> None:
    explorer = figures.box_drag()
    for state in states(explorer):
        box = two_boxes.box_at(state["x"], state["y"], state["shape"])
        overlap = iou_matrix([box], [two_boxes.TARGET])[0, 0]
        record = two_boxes.LOSSES[state["loss"]]
        met = explorer.challenge.met(**state)
        shift = {name: two_boxes.touch(name, state["x"], state["y"], state["shape"]).shift for name in ("GIoU", "DIoU")}
        assert met == (not shift["GIoU"].any() and bool(shift["DIoU"].any()))
        if state["x"] == 0.5:
            readout = explorer.set(**state).readout
            assert f"IoU {overlap:.3f}. {state['loss']} loss {record.value(box, two_boxes.TARGET):.3f}" in readout
        assert record.value(box, two_boxes.TARGET) < explorer.figure.axes[1].get_ylim()[1]
    start = explorer.set(loss="IoU", shape="small and upright", x=-4.5, y=1).readout
    assert "IoU 0.000. IoU loss 1.000: no edge is pulled" in start
    apart = [two_boxes.touch("IoU", x, 1, "small and upright") for x in (-5, -4, -3)]
    assert (
        all(here.value == 1 and not here.slope.any() for here in apart) and "stays as it is" in explorer.predict.answer
    )


def test_a_slide_straight_to_the_centre_lowers_diou() -> None:
    rng = np.random.default_rng(0)
    for _ in range(150):
        target = corners(rng)
        middle, half = (target[:2] + target[2:]) / 2, rng.uniform(0.05, 3, 2)
        away = rng.normal(0, 6, 2) * rng.choice([0.05, 1, 20])
        at = middle + np.linspace(1, 0, 8)[:, np.newaxis] * away
        costs = lossbook.diou(
            np.concatenate([at - half, at + half], axis=-1), np.tile(target, (8, 1)), reduction="none"
        )
        assert (np.diff(costs) < 0).all()


def test_from_one_diagonal_on_diou_stretches_as_giou_does() -> None:
    """Equal boxes on one level, in and beyond the figure: 4 by 3 has the diagonal 5."""
    for x in np.arange(-20, -4, 0.5):
        box = two_boxes.box_at(x, 0, "as large as the target")
        far = two_boxes.touch("DIoU", x, 0, "as large as the target").slope[0]
        assert np.sign(far) == np.sign(-x - 5) and lossbook.giou_grad(box, two_boxes.TARGET)[0] > 0
    for loss in ("GIoU", "DIoU"):
        path = two_boxes.descend(loss, two_boxes.box_at(-10, 1, "as large as the target"), steps=100).boxes
        assert (np.diff(path[:50, 2] - path[:50, 0]) > 0).all(), "wider at every step"


def test_steps_of_a_descent_shorten_evenly() -> None:
    path = two_boxes.descend("GIoU", two_boxes.box_at(-10, 1, "as large as the target"), steps=40, rate=0.2).boxes
    assert_allclose(np.linalg.norm(np.diff(path, axis=0), axis=1), 0.2 * (1 - np.arange(40) / 40), rtol=1e-9)


def test_what_the_opening_says_of_the_other_losses() -> None:
    """L1 has one slope at every place apart; inside it, a shift costs nothing."""
    slopes = [two_boxes.touch("L1", x, y, "small and upright").slope for x in (-5, -4, -3) for y in (-2, 2)]
    assert {tuple(np.abs(slope[[0, 2]])) for slope in slopes} == {(0.25, 0.25)}
    inside = {two_boxes.touch("L1", x, 0, "small and upright").value for x in (-1, 0, 0.5, 1)}
    assert len(inside) == 1


def test_slopes_of_the_figure_by_finite_differences() -> None:
    for loss, shape in itertools.product(two_boxes.LOSSES, two_boxes.SHAPES):
        if loss == "CIoU":
            continue  # its α is held, see the tests of the losses
        record = two_boxes.LOSSES[loss]
        box = two_boxes.box_at(-1.3, 0.7, shape)
        error = check_grad(
            lambda b, record=record: float(record.value(b, two_boxes.TARGET)),
            lambda b, record=record: np.asarray(record.grad(b, two_boxes.TARGET)),
            box,
        )
        assert error < 1e-6


# ── Anchors and assignment ───────────────────────────────────────────────────────────────────────────────────────────


def test_roles_of_anchors_one_by_one() -> None:
    boxes = anchor_grid.anchors()
    ratios = []
    for rule, side, x, y in itertools.product(
        anchor_grid.RULES, (2, 3, 4, 5), np.arange(1, 5.1, 0.5), np.arange(1, 5.1, 0.5)
    ):
        found, (high, low) = anchor_grid.roles(x, y, side, rule), anchor_grid.RULES[rule]
        overlap = np.array(
            [
                max(0, min(b[2], x + side / 2) - max(b[0], x - side / 2))
                * max(0, min(b[3], y + side / 2) - max(b[1], y - side / 2))
                for b in boxes
            ]
        )
        overlap = overlap / (3.5**2 + side**2 - overlap)
        best = np.arange(49) == overlap.argmax()
        assert (found.positive == ((overlap >= high) | best)).all()
        assert (found.ignored == ((overlap >= low) & (overlap < high) & ~best)).all()
        assert found.negative.sum() == 49 - found.positive.sum() - found.ignored.sum()
        assert not (found.mined & ~found.negative).any()
        assert found.mined.sum() == min(3 * found.positive.sum(), found.negative.sum())
        assert found.by_threshold == (overlap >= high).sum()
        ratios.append(found.negative.sum() / found.positive.sum())
    assert min(ratios) >= 8
    with pytest.raises(ValueError, match="rule must be one of SSD, RetinaNet, RPN of Faster R-CNN, got 'YOLO'"):
        anchor_grid.roles(1, 1, 2, "YOLO")


def test_the_readout_of_the_anchors() -> None:
    explorer = figures.anchors_at_work()
    read_out = explorer.set(rule="SSD", side=4, x=3, y=3).readout
    assert "5 of 49 anchors answer for the object, 0 are ignored, 44 are background, and mining keeps 15" in read_out
    assert "five squares" in explorer.alt.lower() and "fifteen" in explorer.alt
    alone = explorer.set(rule="RPN of Faster R-CNN", side=2, x=1, y=1).readout
    assert "1 of 49 anchors answers for the object, 0 are ignored" in alone
    assert explorer.challenge.met(rule="SSD", side=2, x=3, y=3), "4 / 12.25 is less than a half"


def test_an_object_can_go_without_if_two_have_one_best_anchor() -> None:
    found = match_anchors([[0, 0, 10, 10], [30, 0, 40, 10]], [[0, 0, 5, 5], [5, 5, 10, 10]])
    assert found.tolist() == [1, -1]


def test_assignments_by_trying_all() -> None:
    rng = np.random.default_rng(5)
    costlier = 0
    for _ in range(50):
        costs = rng.normal(0, 1, (5, 3))
        best = min(
            (sum(costs[row, column] for column, row in enumerate(rows)), rows)
            for rows in itertools.permutations(range(5), 3)
        )
        found, first = hungarian(costs), greedy(costs)
        assert found.cost == pytest.approx(best[0]) and tuple(found.query) == best[1]
        assert first.cost >= found.cost - 1e-12 and len(set(first.query.tolist())) == 3
        costlier += first.cost > found.cost + 1e-9
    assert costlier > 0
    price = [[1.0, 2.0], [2.0, 6.0], [4.0, 5.0]]  # of the chapter
    assert hungarian(price).cost == 4 and greedy(price).cost == 6
    assert linear_sum_assignment(price)[0].size == 2
    with pytest.raises(ValueError, match=r"costs must have at least as many predictions .* got \(1, 2\)"):
        hungarian([[1.0, 2.0]])


# ── The scene ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_regions_of_the_first_object() -> None:
    """It lies from (6, 32) to (20, 60); two regions are near each object, the rest are anchors."""
    assert three_boxes.regions()[[0, 3]].tolist() == [[7, 31, 22, 61], [4, 33, 19, 59]]
    assert len(three_boxes.regions()) == 16
    assert three_boxes.VARIANCES == (0.1, 0.1, 0.2, 0.2)  # as SSD and Faster R-CNN divide the offsets


def test_the_scene_is_one_and_the_same_for_all() -> None:
    for done in three_boxes.MOMENTS.values():
        for stage, anchors in (
            (three_boxes.rpn(done), three_boxes.anchors()),
            (three_boxes.head(done), three_boxes.regions()),
            (three_boxes.single(done), three_boxes.anchors()),
            (three_boxes.dense(done), three_boxes.anchors()),
        ):
            owner = iou_matrix(anchors, three_boxes.OBJECTS).argmax(axis=1)
            own = stage.labels >= 0
            assert set(stage.labels[own]) == {0, 1, 2} and (stage.labels[own] == owner[own]).all()
        cells = three_boxes.grid(done)
        assert sorted(cells.labels[cells.labels >= 0]) == [0, 1, 2] and (cells.labels >= 0).sum() == 3
    right = three_boxes.rpn(1.0)  # without noise
    assert np.array_equal(right.logits, np.where(right.labels >= 0, 6, -6)) and np.array_equal(
        right.offsets, right.targets
    )
    assert (three_boxes.rpn(0.0).labels >= 0).sum() == 4 and (three_boxes.single(0.0).labels >= 0).sum() == 12


def test_near_the_end_the_boxes_lie_on_the_objects() -> None:
    for detector in three_boxes.DETECTORS:
        overlaps = [
            iou_matrix(three_boxes.answering(detector, done), three_boxes.OBJECTS).max(axis=1).mean()
            for done in three_boxes.MOMENTS.values()
        ]
        assert overlaps[0] < overlaps[1] < overlaps[2] and overlaps[2] > 0.93


def test_the_terms_of_retinanet() -> None:
    stage, found = three_boxes.dense(0.5), three_boxes.terms("RetinaNet", 0.5, 3.0)
    assert found.cost == pytest.approx(np.array(lossbook.retinanet(*stage)) * [1, 3])
    pulls = [np.abs(slopes).sum() for slopes in lossbook.retinanet_grad(*stage)]
    assert found.pull == pytest.approx(np.multiply(pulls, [1, 3]))


def test_another_detector_is_refused() -> None:
    with pytest.raises(ValueError, match="detector must be one of Faster R-CNN, SSD, YOLO v1, RetinaNet, got 'DETR'"):
        three_boxes.terms("DETR", 0.0)


def test_shares_of_the_gradient_by_autograd() -> None:
    """SSD and YOLO once more in PyTorch, at every moment."""
    for done in three_boxes.MOMENTS.values():
        stage = three_boxes.single(done)
        s, d = (torch.tensor(part, requires_grad=True) for part in stage[:2])
        y, t = torch.tensor(stage.labels), torch.tensor(stage.targets)
        costs = F.cross_entropy(s, y.clamp(min=-1) + 1, reduction="none")
        background = F.cross_entropy(s, torch.zeros_like(y), reduction="none").detach()
        kept = (y >= 0) | torch.tensor(hard_negatives(background.numpy(), stage.labels))
        n = (y >= 0).sum()
        what, where = costs[kept].sum() / n, F.smooth_l1_loss(d[y >= 0], t[y >= 0], reduction="sum") / n
        (what + 3 * where).backward()
        found = three_boxes.terms("SSD", done, 3.0)
        assert found.cost == pytest.approx([what.item(), 3 * where.item()])
        assert found.pull == pytest.approx([s.grad.abs().sum().item(), d.grad.abs().sum().item()])
        assert found.share.sum() == pytest.approx(1)
        cells = three_boxes.grid(done)
        confidence = torch.tensor(cells.confidence, requires_grad=True)
        own = torch.tensor(
            np.isin(np.arange(32).reshape(4, 4, 2), np.flatnonzero(lossbook.yolo_v1_grad(*cells).objects))
        )
        (0.5 * confidence[~own].square().sum()).backward()
        assert three_boxes.terms("YOLO v1", done).pull[3] == pytest.approx(confidence.grad.abs().sum().item())


def test_what_the_text_says_of_the_scene() -> None:
    shares = {
        (name, done): three_boxes.terms(name, done).share for name in three_boxes.DETECTORS for done in (0.0, 0.5, 0.95)
    }
    assert shares["SSD", 0.0][0] > 0.6 and shares["SSD", 0.5][0] < 0.3  # quieter before the boxes are
    for name in ("SSD", "RetinaNet"):
        assert shares[name, 0.0][0] > shares[name, 0.5][0] > shares[name, 0.95][0]
    assert shares["Faster R-CNN", 0.0][1] < 0.01
    drift = {
        name: max(np.abs(shares[name, 0.0] - shares[name, done]).max() for done in (0.5, 0.95))
        for name in three_boxes.DETECTORS
    }
    assert drift.pop("YOLO v1") < 0.05 and min(drift.values()) > 0.15, "only YOLO's hardly change"
    stage, pull = three_boxes.rpn(0.0), three_boxes.terms("Faster R-CNN", 0.0).pull
    error = (stage.offsets - stage.targets)[stage.labels >= 0]
    fitted = 10 / 64 * np.minimum(np.abs(error), 1).sum()
    assert three_boxes.fitted_share(0.0) == pytest.approx(fitted / (pull.sum() - pull[1] + fitted))
    explorer = figures.detector_terms()
    for state in states(explorer):
        found = three_boxes.terms(**state)
        assert (found.pull >= 0).all() and found.share.max() < 1.0001
        base = three_boxes.terms(state["detector"], state["done"])
        where = {"Faster R-CNN": [1, 3], "SSD": [1], "YOLO v1": [0, 1], "RetinaNet": [1]}[state["detector"]]
        for k in range(len(found.cost)):
            factor = state["weight"] if k in where else 1.0
            assert found.cost[k] == pytest.approx(factor * base.cost[k]) and found.pull[k] == pytest.approx(
                factor * base.pull[k]
            )
        read = explorer.set(**state).readout.removeprefix(f"{state['detector']} costs ")
        assert read.startswith(f"{found.cost.sum():.3g}".replace("5.97e-05", "5.97 · 10⁻⁵") + ": ")


# ── One cell ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_cell_over_all_states() -> None:
    explorer, hands, neither = figures.one_cell(), set(), 0
    for state in states(explorer):
        found = yolo_cell.cell(**state)
        x = yolo_cell.OBJECT
        overlap = iou_matrix([yolo_cell.corners(box) for box in found.boxes], [yolo_cell.corners(x)])[:, 0]
        assert_allclose(found.overlap, overlap, atol=1e-12)
        if overlap.max() > 0:
            assert found.responsible == overlap.argmax()
        else:
            assert found.responsible == np.square(found.boxes - x).sum(axis=1).argmin()
            neither += 1
        assert ("neither overlaps" in explorer.set(**state).readout) == (overlap.max() == 0)
        assert found.moved[1 - found.responsible] == 0, "the other box gets no gradient"
        own = found.boxes[found.responsible]
        sizes = np.sqrt(own[2:]) - np.sqrt(x[2:]) if state["roots"] else own[2:] - x[2:]
        assert found.terms.centre == pytest.approx(5 * np.square(own[:2] - x[:2]).sum())
        assert found.terms.size == pytest.approx(5 * np.square(sizes).sum())
        assert found.terms.objects == pytest.approx((yolo_cell.CONFIDENCE[found.responsible] - overlap.max()) ** 2)
        assert found.terms.background == pytest.approx(0.5 * yolo_cell.CONFIDENCE[1 - found.responsible] ** 2)
        assert found.terms.classes == pytest.approx(0.3**2 + 0.4**2 + 0.1**2) and max(found.terms) < 1
        hands.add(found.responsible)
    assert hands == {0, 1} and neither > 0
    assert (
        "A is responsible, and B gets no gradient for its box"
        in explorer.set(first=0.3, second=0.8, size=0.4, roots=True).readout
    )


def test_the_square_root_is_half_way_to_a_relative_error() -> None:
    def by_hand(width: float, roots: bool) -> float:
        change = math.sqrt(width + 0.05) - math.sqrt(width) if roots else 0.05
        return 5 * change**2

    for width, roots in itertools.product((0.1, 0.4), (True, False)):
        assert yolo_cell.same_error(width, roots=roots) == pytest.approx(by_hand(width, roots))
    ratio = yolo_cell.same_error(0.1) / yolo_cell.same_error(0.4)
    assert 3 < ratio < 4 and (0.4 / 0.1) ** 2 == 16
    tiny = [yolo_cell.same_error(w, error=1e-6) for w in (0.1, 0.4)]
    assert tiny[0] / tiny[1] == pytest.approx(4, rel=1e-3)


# ── The flood ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_pulls_by_autograd() -> None:
    for p, label, gamma, alpha in itertools.product((0.01, 0.1, 0.5, 0.9), (0, 1), (0.0, 0.5, 2.0, 5.0), (None, 0.25)):
        s = torch.tensor(math.log(p / (1 - p)), dtype=torch.float64, requires_grad=True)
        right = torch.sigmoid(s) if label else torch.sigmoid(-s)
        weight = 1.0 if alpha is None else alpha if label else 1 - alpha
        (-weight * (1 - right) ** gamma * torch.log(right)).backward()
        assert anchor_grid.pull(p, label, gamma, alpha) == pytest.approx(abs(s.grad.item()))


def test_the_flood_over_all_states() -> None:
    explorer, met = figures.easy_negatives(), []
    for state in states(explorer):
        found = anchor_grid.flood(10 ** state["power"], state["p"], state["gamma"])
        assert found.background == pytest.approx(10 ** state["power"] * found.one_background)
        if state["gamma"] == 0:
            assert found.objects == pytest.approx(9) and found.one_background == pytest.approx(state["p"])
        high = explorer.figure.axes[1].get_xlim()[1]
        assert found.objects < high and found.background < high
        assert not re.search(r"\de[-+]", explorer.set(**state).readout), "no powers of ten"
        met.append(explorer.challenge.met(**state))
        assert met[-1] == (state["power"] == 5 and found.background < found.objects)
    assert any(met)


def test_two_fifths_less_at_one_half() -> None:
    """γ = 2 at p̂ = ½, without α: ¼ (½ + ½ · 2 · log 2)."""
    expected = 0.25 * (0.5 + 2 * 0.5 * math.log(2))
    assert anchor_grid.pull(0.5, 0, 2, None) == pytest.approx(expected)
    assert 1 - anchor_grid.pull(0.5, 0, 2, None) / 0.5 == pytest.approx(0.4, abs=0.01)
    predict = figures.easy_negatives().predict
    assert predict.answer == "less than half of it" and "60% of it is left" in predict.found
    assert anchor_grid.pull(0.01, 0, 0, None) == pytest.approx(anchor_grid.pull(0.5, 0, 0, None) / 50)
    assert anchor_grid.pull(0.01, 0, 2, None) < 1e-3 * anchor_grid.pull(0.01, 0, 0, None)
    doubted = anchor_grid.flood(10_000, 0.5, 0)
    assert 500 < doubted.background / doubted.objects < 600
    assert anchor_grid.pull(0.5, 1, 0, None) == pytest.approx(anchor_grid.pull(0.5, 0, 0, None)) == 0.5
    assert doubted.one_object > 0.5, "doubted at 0.1, an object pulls harder"
    published = anchor_grid.pull(0.5, 0, 2, 0.25) / anchor_grid.pull(0.5, 0, 2, None)
    assert published == pytest.approx(1 - 0.25)


# ── Judging ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_suppression_one_by_one() -> None:
    rng = np.random.default_rng(8)
    for threshold in (0.2, 0.5, 0.8):
        boxes, scores = corners(rng, 30), rng.uniform(0, 1, 30)
        kept: list[int] = []
        for k in sorted(range(30), key=lambda k: -scores[k]):
            if all(1 - lossbook.iou(boxes[k], boxes[other]) <= threshold for other in kept):
                kept.append(k)
        assert suppress(boxes, scores, threshold=threshold).tolist() == kept
    assert suppress(np.zeros((0, 4)), []).size == 0
    with pytest.raises(ValueError, match=r"scores must hold one number per box, shape \(2,\), got shape \(3,\)"):
        suppress(corners(rng, 2), [1, 2, 3])


def test_average_precision_against_scikit_learn() -> None:
    """Every box right or wrong by its own object: then it is the area below scikit-learn's curve, raised."""
    rng = np.random.default_rng(9)
    for _ in range(20):
        right, scores = rng.random(40) < 0.5, rng.permutation(40) / 40.0
        right[:2] = True, False
        cells = np.array([[10.0 * k, 0, 10.0 * k + 4, 4] for k in range(40)])
        missed = np.array([[10.0 * k, 50, 10.0 * k + 4, 54] for k in range(rng.integers(0, 5))]).reshape(-1, 4)
        truth = np.concatenate([cells[right], missed])
        found = [Found(cells[:20], scores[:20]), Found(cells[20:], scores[20:])]
        split = [truth[truth[:, 0] < 200], truth[truth[:, 0] >= 200]]
        curve = average_precision(found, split)
        precision, recall, _ = precision_recall_curve(right, scores)
        share = right.sum() / len(truth)  # scikit-learn knows of no object without a box
        raised = np.maximum.accumulate(precision)  # from high recall to low
        area = float(-(np.diff(recall) * raised[:-1]).sum()) * share
        assert curve.average == pytest.approx(area)
        assert curve.average >= average_precision_score(right, scores) * share - 1e-12
        assert curve.recall[-1] == pytest.approx(share)


def test_average_precision_by_hand() -> None:
    objects = [[[0.0, 0, 2, 2], [4, 4, 6, 6]]]
    boxes = np.array([[0.0, 0, 2, 2], [0, 0, 2, 1.9], [4, 4, 6, 6]])
    copy = average_precision([Found(boxes, np.array([0.9, 0.8, 0.7]))], objects)
    assert copy.precision.tolist() == pytest.approx([1, 1 / 2, 2 / 3]), "a copy is wrong"
    assert copy.average == pytest.approx(1 / 2 + 1 / 2 * 2 / 3)
    perfect = average_precision([Found(boxes[[0, 2]], np.array([0.02, 0.02]))], objects)
    assert perfect.average == 1, "only the order counts"
    wrong_last = average_precision([Found(boxes, np.array([0.9, 0.1, 0.7]))], objects)
    assert wrong_last.average == 1
    nothing = average_precision([Found(np.zeros((0, 4)), np.zeros(0))], objects)
    assert nothing.average == 0
    with pytest.raises(ValueError, match="truth must hold at least one object"):
        average_precision([Found(boxes, np.ones(3))], [np.zeros((0, 4))])
    with pytest.raises(ValueError, match="truth must hold one array for each picture, 1, got 2"):
        average_precision([Found(boxes, np.ones(3))], [boxes, boxes])


# ── Pictures of shapes ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_pictures_hold_what_their_boxes_say() -> None:
    seen = shape_pictures.pictures(40, 5)
    for pixels, boxes, kinds in zip(seen.pixels, seen.boxes, seen.kinds, strict=True):
        assert len(boxes) == len(kinds) in (1, 2)
        assert np.triu(iou_matrix(boxes, boxes), 1).max() == 0
        for (x1, y1, x2, y2), kind in zip(boxes.astype(int), kinds, strict=True):
            inside = pixels[y1:y2, x1:x2]
            assert 7 <= x2 - x1 == y2 - y1 <= 16
            middle = inside[inside.shape[0] // 2, inside.shape[1] // 2]
            if kind:
                assert abs(inside.mean()) > 0.35
            elif x2 - x1 > 8:
                assert abs(middle) < 0.8
    again = shape_pictures.pictures(40, 5)
    assert np.array_equal(seen.pixels, again.pixels)


def test_what_should_be_said_at_the_anchors() -> None:
    seen = shape_pictures.pictures(10, 6)
    right = shape_pictures.answers(seen)
    assert right.labels.shape == (10, 1152) and 0.005 < (right.labels >= 0).mean() < 0.03
    chance = 0.9 * (right.labels[..., np.newaxis] == np.arange(2))
    assert shape_pictures.mean_ap(shape_pictures.found(chance, right.offsets), seen) == 1
    for labels, boxes, kinds in zip(right.labels, seen.boxes, seen.kinds, strict=True):
        owner = match_anchors(shape_pictures.anchors(), boxes, positive=0.5, negative=0.4)
        assert all(labels[owner == k].tolist() == [kind] * (owner == k).sum() for k, kind in enumerate(kinds))
        assert ((labels == -2) == (owner == -2)).all()


# ── The run ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def names() -> dict[str, Any]:
    """What the chapter's cells define, without running them."""
    found: dict[str, Any] = {"np": np}
    for code in re.findall(r"```\{code-cell\} ipython3\n(?::tags:.*?\n)?(.*?)```", CHAPTER, re.DOTALL):
        if re.search(r"^def (train|symptoms)\(", code, re.MULTILINE):
            exec(re.split(r"\nruns = |\nfor name,", code)[0], found)
    return found


@cache
def run(name: str, seed: int) -> tuple[Any, Any, list[float]]:
    return names()["run"](name, seed)


NAMES = (
    "cross-entropy",
    "cross-entropy, prior bias",
    "cross-entropy, mined 3 : 1",
    "focal loss",
    "focal loss, prior bias",
)
PLAIN, CURED = (NAMES[0], NAMES[3]), (NAMES[1], NAMES[2], NAMES[4])


def test_the_losses_of_the_run_are_those_of_the_package() -> None:
    rng = np.random.default_rng(11)
    s, y = rng.normal(0, 2, (3, 30, 2)), rng.choice([-2, -1, -1, -1, 0, 1], (3, 30))
    d = np.zeros((3, 30, 4))
    scores, labels = torch.tensor(s), torch.tensor(y)
    assert names()["focal"](scores, labels).item() == pytest.approx(retinanet(s, d, y, d).classification, rel=1e-6)
    plain = retinanet(s, d, y, d, gamma=0.0, alpha=None).classification
    assert names()["cross_entropy"](scores, labels).item() == pytest.approx(plain, rel=1e-6)
    right = 1.0 * (np.arange(2) == y[..., np.newaxis])
    each = np.asarray(lossbook.binary_cross_entropy_with_logits(s, right, reduction="none")).sum(axis=-1)
    kept = (y >= 0) | hard_negatives(each, y)
    assert names()["mined"](scores, labels).item() == pytest.approx(each[kept].sum() / (y >= 0).sum(), rel=1e-6)
    assert names()["BIAS"] == prior_bias() and set(names()["RUNS"]) == set(NAMES)


@pytest.mark.seeds
@seeds
def test_the_bias_does_most_of_the_work(seed: int) -> None:
    ap = {name: float(run(name, seed)[0].ap[-1]) for name in NAMES}
    assert max(ap[name] for name in PLAIN) < 0.7 and min(ap[name] for name in CURED) > 0.85
    assert ap[NAMES[1]] - ap[NAMES[0]] > 0.25 < ap[NAMES[4]] - ap[NAMES[3]]  # under either loss
    starts = {name: run(name, seed)[2][0] for name in NAMES}
    assert starts[NAMES[0]] > 75 and starts[NAMES[1]] < 7
    for name in NAMES:
        bias = names()["RUNS"][name][1]
        course = run(name, seed)[0]
        drawn = sum(int((one.scores >= figures.SURE).sum()) for kind in course.frames[0] for one in kind)
        assert drawn == 0 if bias else drawn > 20  # the first frame


@pytest.mark.seeds
def test_most_shapes_of_the_film_are_framed_at_the_end() -> None:
    seen, course = shape_pictures.pictures(2, 900), run(NAMES[1], 0)[0]  # what the figure shows first
    framed = []
    for picture, (boxes, kinds) in enumerate(zip(seen.boxes, seen.kinds, strict=True)):
        for box, kind in zip(boxes, kinds, strict=True):
            one = course.frames[-1][kind][picture]
            overlaps = iou_matrix([box], one.boxes)[0][one.scores >= figures.SURE]
            framed.append(overlaps.max(initial=0.0) > 0.5)
    assert sum(framed) > len(framed) / 2 and "most of them framed" in figures.film().alt


@pytest.mark.seeds
def test_which_comes_first_changes_with_the_seed() -> None:
    for group in (PLAIN, CURED):
        first = {max(group, key=lambda name, seed=seed: run(name, seed)[0].ap[-1]) for seed in SEEDS}
        assert len(first) > 1


@pytest.mark.seeds
@seeds
def test_who_pulls_first(seed: int) -> None:
    share = {name: names()["first_pull"](*how, seed=seed) for name, how in names()["RUNS"].items()}
    assert min(share[name] for name in PLAIN) > 0.97
    assert 0.4 < share[NAMES[1]] < 0.7 and 0.6 < share[NAMES[2]] < 0.85 and share[NAMES[4]] < 0.01


@pytest.mark.seeds
@seeds
def test_every_row_of_the_table_of_symptoms(seed: int) -> None:
    found = names()["symptoms"](run(NAMES[1], seed)[1], seed)
    assert math.isnan(found["nan"]) and found["inf"] == math.inf and found["clamped"] == 0
    good = float(run(NAMES[1], seed)[0].ap[-1])
    assert found["variances"] < 0.1 and found["turned"] < 0.15 < 0.85 < good
    assert found["copies"] > 8 and found["without"] < 0.5
    assert found["positives"] < 0.4 and found["everywhere"] > 5
    assert found["IoU"] == 0 and min(found["GIoU"], found["DIoU"]) > 0.95
    assert 0.1 < found["orphans"] < 0.5


def test_the_figure_takes_courses() -> None:
    explorer = figures.film()
    assert "average precision on 60 unseen pictures 0.00" in explorer.set(run=0, frame=0).readout
    assert explorer.set(run=0, frame=2).readout.startswith("imagined, after 200 steps: ")
    surest = [
        max(one.scores.max(initial=0) for kind in frame for one in kind) for frame in shape_pictures.imagined().frames
    ]
    assert surest == pytest.approx([0, 0.45, 0.9])


# ── What else the figures and the run stand on ───────────────────────────────────────────────────────────────────────


def test_the_published_rules_and_the_anchors() -> None:
    expected = {"SSD": (0.5, 0.5), "RetinaNet": (0.5, 0.4), "RPN of Faster R-CNN": (0.7, 0.3)}
    assert expected == anchor_grid.RULES and (anchor_grid.PLACES, anchor_grid.SIDE) == (7, 3.5)
    assert anchor_grid.anchors()[[0, 8]].tolist() == [[-1.75, -1.75, 1.75, 1.75], [-0.75, -0.75, 2.75, 2.75]]
    seen = np.random.default_rng(4).uniform(0, 0.25, 49)
    for side, x, y in ((4, 3, 3), (2, 1, 4.5), (5, 2.5, 2)):
        found = anchor_grid.roles(x, y, side, "RetinaNet")
        thing = [x - side / 2, y - side / 2, x + side / 2, y + side / 2]
        overlap = np.array([1 - lossbook.iou(box, thing) for box in anchor_grid.anchors()])
        order = sorted(np.flatnonzero(found.negative), key=lambda k: -(overlap + seen)[k])
        assert sorted(order[: 3 * found.positive.sum()]) == np.flatnonzero(found.mined).tolist()
        assert found.best == pytest.approx(overlap.max())
        parts = (found.positive, found.ignored, found.negative, found.mined)
        assert found.counts == tuple(part.tolist().count(True) for part in parts)


def test_the_flood_with_a_weight() -> None:
    found = anchor_grid.flood(100, 0.5, 0.0, 0.25)
    assert found == pytest.approx((10 * 0.25 * 0.9, 100 * 0.75 * 0.5, 0.25 * 0.9, 0.75 * 0.5))
    for count, p in ((1.5, 0.5), (1, 0.0), (1, 1.0)):
        with pytest.raises(ValueError, match=r"negatives|p must"):
            anchor_grid.flood(count, p, 0.0)


def test_suppression_at_its_bounds() -> None:
    half = [[0, 0, 2, 2], [0, 0, 2, 1]]  # an IoU of exactly a half
    assert suppress(half, [0.2, 0.9]).tolist() == [1, 0] and suppress(half, [0.2, 0.9], threshold=0.49).tolist() == [1]
    assert suppress(half, [0.5, 0.5], threshold=0).tolist() == [0], "of equal scores the first"
    assert suppress([half[0]] * 2, [0.1, 0.2], threshold=1).tolist() == [1, 0]
    more = [[0, 0, 2, 2], [0, 0, 2, 1.04]]
    assert suppress(more, [0.9, 0.2]).tolist() == [0]
    for threshold in (-0.1, 1.1):
        with pytest.raises(ValueError, match="threshold must"):
            suppress(half, [1, 2], threshold=threshold)
    with pytest.raises(ValueError, match="scores must hold one number per box"):
        suppress(np.array([half, half]), [1, 2])


def test_average_precision_at_its_bounds() -> None:
    box, half = [0.0, 0, 2, 2], [0.0, 0, 2, 1]
    one = [Found(np.array([half]), np.array([0.5]))]
    assert average_precision(one, [[box]]).average == 1, "a half is enough"
    assert average_precision(one, [[box]], overlap=0.51).average == 0
    assert average_precision([Found(np.array([box]), np.array([0.5]))], [[box]], overlap=1).average == 1
    with pytest.raises(ValueError, match="overlap must"):
        average_precision(one, [[box]], overlap=1.1)
    pictures = [Found(np.array([box]), np.array([0.9])), Found(np.array([box]), np.array([0.8]))]
    curve = average_precision(pictures, [np.zeros((0, 4)), [box]])
    assert curve.precision.tolist() == [0, 0.5] and curve.recall.tolist() == [0, 1] and curve.average == 0.5
    both = average_precision(pictures, [[box], [box]])  # each picture has its own objects
    assert both.average == 1 and both.recall.tolist() == [0.5, 1]


def test_the_cheapest_pair_first() -> None:
    rng = np.random.default_rng(6)
    for _ in range(20):
        costs = rng.normal(0, 1, (5, 3))
        taken: dict[int, int] = {}
        for row, column in sorted(itertools.product(range(5), range(3)), key=lambda pair: costs[pair]):
            if column not in taken and row not in taken.values():
                taken[column] = row
        found = greedy(costs)
        assert found.query.tolist() == [taken[column] for column in range(3)]
        assert found.cost == pytest.approx(sum(costs[row, column] for column, row in taken.items()))
    with pytest.raises(ValueError, match=r"got \(2,\)"):
        hungarian([1.0, 2.0])


def test_a_descent_and_a_slide_by_hand() -> None:
    assert two_boxes.TARGET.tolist() == [-2, -1.5, 2, 1.5]
    assert two_boxes.SHAPES == {"as large as the target": (4, 3), "small and upright": (1, 2)}
    here = two_boxes.touch("L1", 1, 0.5, "small and upright")  # from 0.5, −0.5 to 1.5, 1.5
    assert here.value == pytest.approx((2.5 + 1 + 0.5 + 0) / 4)
    assert two_boxes.along("IoU", [-1, 0, 9], 0, "small and upright") == pytest.approx([1 - 2 / 12, 1 - 2 / 12, 1])
    for loss in ("L1", "CIoU"):
        slopes = [
            np.abs(two_boxes.LOSSES[loss].grad(two_boxes.box_at(x / 2, y, shape), two_boxes.TARGET)).max()
            for shape, x, y in itertools.product(two_boxes.SHAPES, range(-10, 11), range(-2, 3))
        ]
        assert two_boxes.steepest(loss) == pytest.approx(max(slopes))
    found = two_boxes.descend("GIoU", [3.0, 0, 4, 2])
    assert len(found.boxes) == len(found.values) == len(found.overlap) == 201
    assert found.boxes[0].tolist() == [3, 0, 4, 2]
    first = lossbook.giou_grad([3.0, 0, 4, 2], two_boxes.TARGET)
    assert found.boxes[1] - found.boxes[0] == pytest.approx(-0.1 * first / np.linalg.norm(first))
    for k in (0, 50, 200):
        assert found.values[k] == pytest.approx(lossbook.giou(found.boxes[k], two_boxes.TARGET))
        assert found.overlap[k] == pytest.approx(1 - lossbook.iou(found.boxes[k], two_boxes.TARGET))
    still = two_boxes.descend("IoU", [5.0, 0, 6, 2], steps=3)
    assert (still.boxes == [5, 0, 6, 2]).all() and (still.values == 1).all() and not still.overlap.any()
    with pytest.raises(ValueError, match="shape must be one of as large as the target, small and upright, got 'round'"):
        two_boxes.box_at(0, 0, "round")
    with pytest.raises(ValueError, match="loss must be one of L1, IoU, GIoU, DIoU, CIoU, got 'L2'"):
        two_boxes.touch("L2", 0, 0, "small and upright")


def test_how_hard_the_cell_pulls_at_its_box() -> None:
    assert yolo_cell.OBJECT.tolist() == [0.5, 0.5, 0.5, 0.4] and yolo_cell.LABEL == 1
    assert yolo_cell.CONFIDENCE.tolist() == [0.6, 0.4] and yolo_cell.CLASSES.tolist() == [0.3, 0.6, 0.1]
    for roots, first, second in ((True, 0.4, 0.9), (False, 0.4, 0.9), (True, 0.05, 0.45)):
        found = yolo_cell.cell(first, second, 0.4, roots=roots)
        assert found.boxes.tolist() == [[first, 0.45, 0.4, 0.3], [second, 0.6, 0.25, 0.7]]
        box = torch.tensor(found.boxes[found.responsible], requires_grad=True)
        wanted = torch.tensor([0.5, 0.5, 0.5, 0.4], dtype=torch.float64)
        sizes = box[2:].sqrt() - wanted[2:].sqrt() if roots else box[2:] - wanted[2:]
        (5 * ((box[:2] - wanted[:2]) ** 2).sum() + 5 * (sizes**2).sum()).backward()
        assert found.moved[found.responsible] == pytest.approx(box.grad.abs().sum().item())
    plain, rooted = yolo_cell.cell(0.4, 0.9, 0.4, roots=False), yolo_cell.cell(0.4, 0.9, 0.4)
    assert rooted.terms.size != plain.terms.size == pytest.approx(5 * (0.1**2 + 0.1**2))
    assert yolo_cell.same_error(0.4) == pytest.approx(5 * (math.sqrt(0.45) - math.sqrt(0.4)) ** 2)


# name, thresholds, variances, the scores' start, the right score of a class and of none, the seed of the noise
STAGES = {
    "rpn": (0.7, 0.3, 1.0, 1.0, 0.0, 6.0, -6.0, 1),
    "head": (0.5, 0.5, 0.1, 0.2, 0.0, 8.0, 0.0, 3),
    "single": (0.5, 0.5, 0.1, 0.2, 0.0, 8.0, 0.0, 5),
    "dense": (0.5, 0.4, 1.0, 1.0, -math.log(99), 6.0, -6.0, 7),
}


@pytest.mark.parametrize("name", STAGES)
def test_what_a_network_of_the_scene_says_half_way(name: str) -> None:
    high, low, place, scale, start, yes, no, seed = STAGES[name]
    boxes = three_boxes.regions() if name == "head" else three_boxes.anchors()
    found, objects = getattr(three_boxes, name)(0.4), three_boxes.OBJECTS
    overlap = iou_matrix(boxes, objects)
    labels = np.where(overlap.max(axis=1) >= high, overlap.argmax(axis=1), np.where(overlap.max(axis=1) < low, -1, -2))
    labels[overlap.argmax(axis=0)] = range(3)  # the best one of each object in any case
    assert found.labels.tolist() == labels.tolist()
    middle, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    thing = objects[np.maximum(labels, 0)]
    to_middle, to_size = (thing[:, :2] + thing[:, 2:]) / 2, thing[:, 2:] - thing[:, :2]
    targets = np.concatenate([(to_middle - middle) / size / place, np.log(to_size / size) / scale], axis=1)
    targets *= labels[:, np.newaxis] >= 0
    assert_allclose(found.targets, targets, atol=1e-12)
    noise = np.random.default_rng(seed + 1).normal(0, 0.3, boxes.shape)
    offsets = 0.4 * targets + 0.6 * noise
    if name == "head":
        offsets = np.stack([offsets] * 3, axis=1)
    assert_allclose(found.offsets, offsets, atol=1e-12)
    classes = {"rpn": np.zeros(1), "dense": np.arange(3)}.get(name, np.arange(-1, 3))
    right = np.where((labels >= 0)[:, None] if name == "rpn" else classes == labels[:, None], yes, no)
    if name == "rpn":
        right = right[:, 0]
    noise = np.random.default_rng(seed).normal(0, 0.3, right.shape)
    assert_allclose(found.logits, 0.6 * (start + noise) + 0.4 * right, atol=1e-12)


def test_the_cells_of_the_scene_half_way() -> None:
    found = three_boxes.grid(0.4)
    labels = np.full((4, 4), -1)
    labels[2, 0], labels[2, 2], labels[0, 3] = 0, 1, 2  # dog, bicycle, van
    assert found.labels.tolist() == labels.tolist()
    targets = np.zeros((4, 4, 4))
    targets[2, 0] = 13 / 16, 46 / 16 - 2, 14 / 64, 28 / 64
    targets[2, 2] = 32 / 16 - 2, 35 / 16 - 2, 28 / 64, 34 / 64
    targets[0, 3] = 50 / 16 - 3, 15 / 16, 20 / 64, 18 / 64
    assert_allclose(found.targets, targets)
    start = np.tile([[0.5, 0.5, 0.3, 0.3], [0.5, 0.5, 0.2, 0.4]], (4, 4, 1, 1))
    own = np.zeros((4, 4, 2), dtype=bool)
    for row, column in ((2, 0), (2, 2), (0, 3)):
        one = [
            [sign * box[2 + k] / 2 + (box[k] + (column, row)[k]) / 4 for sign in (-1, 1) for k in (0, 1)]
            for box in (*start[row, column], targets[row, column])
        ]
        own[row, column, iou_matrix(one[:2], one[2:])[:, 0].argmax()] = True
    assert_allclose(found.boxes, np.where(own[..., None], 0.6 * start + 0.4 * targets[:, :, None], start))
    noise = np.random.default_rng(9).normal(0, 0.3, (4, 4, 2)) / 3
    assert_allclose(found.confidence, 0.6 * (0.5 + noise) + 0.4 * own)
    assert_allclose(found.classes, 0.2 + 0.4 * (np.arange(3) == labels[..., None]))


def test_the_published_constants_of_the_scene() -> None:
    for done in (0.0, 0.5):
        first, second = three_boxes.rpn(done), three_boxes.head(done)
        expected = {
            "Faster R-CNN": (*faster_rcnn_rpn(*first), *faster_rcnn_head(*second)),
            "SSD": ssd(*three_boxes.single(done)),
            "YOLO v1": yolo_v1(*three_boxes.grid(done)),
        }
        slopes = {
            "Faster R-CNN": (*lossbook.faster_rcnn_rpn_grad(*first), *lossbook.faster_rcnn_head_grad(*second)),
            "SSD": ssd_grad(*three_boxes.single(done)),
            "YOLO v1": lossbook.yolo_v1_grad(*three_boxes.grid(done)),
        }
        for name, costs in expected.items():
            found = three_boxes.terms(name, done)
            assert found.cost == pytest.approx(costs)
            assert found.pull == pytest.approx([np.abs(part).sum() for part in slopes[name]])
            assert len(found.cost) == len(three_boxes.DETECTORS[name])
    with pytest.raises(ValueError, match="weight must"):
        three_boxes.terms("SSD", 0.5, -1.0)
    with pytest.raises(ValueError, match=r"detector must be one of Faster R-CNN, .* got 'DETR'"):
        three_boxes.answering("DETR", 0.5)


@pytest.mark.parametrize("detector", three_boxes.DETECTORS)
def test_at_the_end_the_boxes_are_the_objects(detector: str) -> None:
    boxes = three_boxes.answering(detector, 1 - 1e-9)
    nearest = iou_matrix(boxes, three_boxes.OBJECTS).argmax(axis=1)
    assert_allclose(boxes, three_boxes.OBJECTS[nearest], atol=1e-6)
    assert len(boxes) == {"Faster R-CNN": 8, "SSD": 12, "YOLO v1": 3, "RetinaNet": 12}[detector]


def test_anchors_and_regions_of_the_scene() -> None:
    anchors = three_boxes.anchors()
    forms = [[-4, -4, 12, 12], [-12, -12, 20, 20], [-3, -10, 11, 18], [-10, -3, 18, 11]]
    assert anchors[:4].tolist() == forms
    assert_allclose(anchors[4 * (8 * 3 + 5) :][:4], np.add(forms, [40, 24, 40, 24]))
    assert_allclose(three_boxes.regions()[6:], anchors[[5 + 27 * k for k in range(10)]])
    assert three_boxes.OBJECTS.tolist() == [[6, 32, 20, 60], [18, 18, 46, 52], [40, 6, 60, 24]]
    assert three_boxes.MOMENTS == {"before training": 0.0, "half trained": 0.5, "nearly done": 0.95}


def test_a_ring_and_a_square_pixel_by_pixel() -> None:
    box = np.array([10.0, 20, 17, 27])
    square = np.zeros((48, 48), dtype=bool)
    square[20:27, 10:17] = True
    assert np.array_equal(shape_pictures._drawn(box, 1), square)
    rows = ["..###..", ".#####.", "##...##", "##...##", "##...##", ".#####.", "..###.."]
    ring = np.zeros((48, 48), dtype=bool)
    ring[20:27, 10:17] = [[letter == "#" for letter in row] for row in rows]
    assert np.array_equal(shape_pictures._drawn(box, 0), ring)


def test_how_bright_and_where_the_shapes_are() -> None:
    seen = shape_pictures.pictures(300, 1)
    sides, bright, ground, places = [], [], [], []
    for pixels, boxes, kinds in zip(seen.pixels, seen.boxes, seen.kinds, strict=True):
        shown = np.zeros((48, 48), dtype=bool)
        for box, kind in zip(boxes, kinds, strict=True):
            drawn = shape_pictures._drawn(box, kind)
            shown |= drawn
            sides.append(box[2] - box[0])
            places.append(box)
            bright.append(pixels[drawn].mean())
        ground.append(pixels[~shown])
    assert np.concatenate(ground).std() == pytest.approx(0.2, abs=0.002)
    assert abs(np.concatenate(ground).mean()) < 0.002
    assert {min(sides), max(sides)} == {7, 16} and np.mean(sides) == pytest.approx(11.5, abs=0.5)
    assert np.min(places) == 0 and np.max(places) == 48
    sizes = np.abs(bright)
    assert 0.4 < sizes.min() < 0.55 and 0.95 < sizes.max() < 1.1 and sizes.mean() == pytest.approx(0.75, abs=0.03)
    assert np.mean(np.array(bright) > 0) == pytest.approx(0.5, abs=0.08)
    assert np.mean(np.concatenate(seen.kinds)) == pytest.approx(0.5, abs=0.08)
    assert np.mean([len(boxes) for boxes in seen.boxes]) == pytest.approx(1.5, abs=0.08)


def test_no_room_is_no_shape() -> None:
    rng = np.random.default_rng(0)
    assert shape_pictures._room(rng, [np.array([0.0, 0, 48, 48])]) is None
    other = np.random.default_rng(0)
    for _ in range(20):  # it tried so often
        other.integers(0, 48 - int(other.integers(7, 17)) + 1, 2)
    assert rng.random() == other.random()


@pytest.mark.parametrize("large", [9, 12])
def test_offsets_at_the_anchors_of_the_pictures(large: int) -> None:
    boxes = shape_pictures.anchors()
    assert boxes[:3].tolist() == [[-3.5, -3.5, 5.5, 5.5], [-6, -6, 8, 8], [-1.5, -3.5, 7.5, 5.5]]
    assert boxes[-1].tolist() == [40, 40, 54, 54]
    thing = np.array([[12.0, 15, 12 + large, 15 + large]])
    seen = shape_pictures.Pictures(np.zeros((1, 48, 48)), [thing], [np.array([1])])
    right = shape_pictures.answers(seen)
    overlaps = iou_matrix(boxes, thing)[:, 0]
    assert (right.labels[0, overlaps < 0.3] == -1).all() and not right.offsets[0, overlaps < 0.3].any()
    for k in np.flatnonzero(overlaps >= 0.3):
        overlap, side = overlaps[k], boxes[k, 2] - boxes[k, 0]
        assert right.labels[0, k] == (1 if overlap >= 0.5 else -1 if overlap < 0.4 else -2)
        shift = (thing[0, :2] - boxes[k, :2] + (large - side) / 2) / side / 0.2
        expected = [*shift, *[math.log(large / side) / 0.2] * 2] if overlap >= 0.5 else [0] * 4
        assert right.offsets[0, k] == pytest.approx(expected, abs=1e-12)


def test_which_boxes_are_found() -> None:
    over = np.array([[10.0 * k, 0, 10.0 * k + 4, 4] for k in range(40)])
    chance, offsets = np.linspace(0.9, 0.011, 40)[None, :, None], np.zeros((1, 40, 4))
    ((one,),) = shape_pictures.found(chance, offsets, over=over)
    assert_allclose(one.scores, chance[0, :30, 0])  # the thirty best
    assert_allclose(one.boxes, over[:30])
    ((few,),) = shape_pictures.found(chance, offsets, over=over, most=3, least=chance[0, 1, 0])
    assert few.scores.tolist() == chance[0, :2, 0].tolist(), "the bound itself counts"
    ((faint,),) = shape_pictures.found(np.array([[[0.01], [0.0099]]]), np.zeros((1, 2, 4)), over=over[:2])
    assert faint.scores.tolist() == [0.01]
    offsets[0, 0] = [0.5, -99, 1, 99]  # no further than 8
    ((far,),) = shape_pictures.found(chance, offsets, over=over, most=1)
    assert_allclose(far.boxes[0, [0, 2]], 2 + 0.5 * 0.2 * 4 + np.array([-2, 2]) * math.exp(0.2))
    assert_allclose(far.boxes[0, [1, 3]], 2 - 8 * 0.2 * 4 + np.array([-2, 2]) * math.exp(1.6))
    near = np.array([[0.0, 0, 4, 4], [0, 0, 4, 1.9], [0, 0, 4, 2.1]])
    how = {"chance": np.array([[[0.9], [0.8], [0.7]]]), "offsets": np.zeros((1, 3, 4)), "over": near}
    kept = [shape_pictures.found(**how, threshold=t)[0][0].scores.tolist() for t in (0.5, 0.6, None)]
    assert kept == [[0.9, 0.8], [0.9, 0.8], [0.9, 0.8, 0.7]]
    assert shape_pictures.found(**how)[0][0].scores.tolist() == kept[0]


def test_the_mean_over_the_kinds() -> None:
    box, half = np.array([[0.0, 0, 2, 2]]), np.array([[0.0, 0, 2, 1]])
    truth = shape_pictures.Pictures(np.zeros((1, 48, 48)), [np.concatenate([box, box + 9])], [np.array([0, 1])])
    listed = [[Found(half, np.array([0.9]))], [Found(box, np.array([0.9]))]]
    assert shape_pictures.mean_ap(listed, truth) == 0.5
    assert shape_pictures.mean_ap(listed, truth, overlap=0.6) == 0
    course = shape_pictures.imagined()
    assert (course.name, course.steps, course.ap.tolist()) == ("imagined", (0, 100, 200), [0, 1, 1])


# ── Slips and exercises ──────────────────────────────────────────────────────────────────────────────────────────────


def test_slips_by_hand() -> None:
    s, d, y, t = three_boxes.single(0.0)
    own = y >= 0
    p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    slopes = np.abs(p - (np.arange(4) == (np.maximum(y, -1) + 1)[:, np.newaxis])).sum(axis=1)
    everything = slopes[own].sum() / slopes.sum()
    kept = own | hard_negatives(-np.log(p[:, 0]), y)
    few = slopes[own].sum() / slopes[kept].sum()
    assert everything < 0.06 and 0.2 < few < 0.3
    by_code = np.abs(ssd_grad(s, d, y, t).classification)
    assert by_code[own].sum() / by_code.sum() == pytest.approx(few)
    x = torch.tensor(0.1, requires_grad=True)
    (5 * x**2).backward()
    assert x.grad.item() == pytest.approx(2 * 5 * 0.1)  # darknet's delta is 5 · 0.1, half of it
    for sigma in (1.0, 3.0):
        error = torch.tensor([0.02, 0.5, 2.0])
        girshick = torch.where(error < 1 / sigma**2, (sigma * error) ** 2 / 2, error - 0.5 / sigma**2)
        torch.testing.assert_close(F.smooth_l1_loss(error, 0 * error, beta=1 / sigma**2, reduction="none"), girshick)
    costs = [lossbook.smooth_l1([0.5], [0.0], beta=beta) for beta in (1 / 9, 3.0)]
    assert costs == pytest.approx([0.5 - 1 / 18, 0.5**2 / 6])
    right = lossbook.sigmoid_focal([math.log(1 / 9)], [1])
    assert right == pytest.approx(0.25 * 0.81 * -math.log(0.1))
    assert lossbook.sigmoid_focal([math.log(1 / 9)], [1], alpha=0.75) == pytest.approx(3 * right)
    for gap in (0.01, 100.0):
        apart = [0, 0, 2, 2], [2 + gap, 0, 4 + gap, 2]
        assert lossbook.iou(*apart) == 1 and not lossbook.iou_grad(*apart).any()
    third = 2 / 3
    assert 1 - lossbook.iou([0, 0, 2, 2], [third, 0, 2 + third, 2]) == pytest.approx(0.5)


def test_the_loss_before_the_first_step() -> None:
    """The exercise on paper: A = 1000, N = 10."""

    def start(b: float) -> float:
        p = 1 / (1 + math.exp(-b))
        return -math.log(p) - 99 * math.log(1 - p)

    best = prior_bias(0.01)
    assert start(best) == pytest.approx(5.60, abs=0.005) and start(0.0) == pytest.approx(100 * math.log(2))
    assert all(start(best) < start(best + step) for step in (-0.1, 0.1))


def test_the_exercises() -> None:
    ids = [name for name in exercises() if name.startswith("detection-")]
    assert len(ids) == 16 and all(f"{{question}} {name}\n" in CHAPTER for name in ids)
    assert check("detection-ap-by-hand", "5/6").right
    assert check("detection-mined-count", 24).right


HEARD = {
    "detection-iou-by-hand": (8, 16, 4 / 20, 0),
    "detection-mined-count": (2183, 8708),
    "detection-prior": (0.105, 0.9, 0, 0.954, 3.17, -1),
    "detection-encoded-shift": (0.25, 0.4, 0.125, -0.3, -6, 0.91, 0.182),
    "detection-yolo-size": (0.648, 1.582, 1.5),
    "detection-ap-by-hand": (0.848, 1 / 3),
    "detection-assignment": (12,),
}


@pytest.mark.parametrize("name", HEARD)
def test_likely_wrong_numbers_hear_their_name(name: str) -> None:
    known = [mistake.hint for mistake in exercises()[name].mistakes]
    for wrong in HEARD[name]:
        result = check(name, wrong)
        assert not result.right and result.messages[0] in known, (wrong, result.messages)


def test_five_anchors_answer_for_the_object_in_the_middle() -> None:
    """By hand: an anchor of side 3.5, shifted by (i, j), against the square of side 4."""
    shared = [(3.5 - max(0, abs(i) - 0.25)) * (3.5 - max(0, abs(j) - 0.25)) for i in range(-3, 4) for j in range(-3, 4)]
    answering = sum(area / (16 + 12.25 - area) >= 0.5 for area in shared)
    assert answering == 5 == figures.anchors_at_work().predict.answer


@pytest.mark.parametrize("tiny", [1e-12, 1e-9, 1e-6])
def test_an_iou_with_a_tiny_number_below_is_not_accepted(tiny: float) -> None:
    def added(box: Any, other: Any) -> float:
        width = max(0.0, min(box[2], other[2]) - max(box[0], other[0]))
        height = max(0.0, min(box[3], other[3]) - max(box[1], other[1]))
        both = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (box, other))
        return width * height / (both - width * height + tiny)

    assert not check("detection-iou-code", added).right
