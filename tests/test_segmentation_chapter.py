"""What the chapter on segmentation claims, over all states of its figures and over several seeds."""

from __future__ import annotations

import inspect
import itertools
import math
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import optimize
from torch.nn import functional as F

import lossbook
from lossbook.analysis import class_areas, overlaps, pixel_pulls, rims
from lossbook.analysis.specks import Quality, quality, specks
from lossbook.exercises import check, segmentation
from lossbook.exercises.reading import TEXTS
from lossbook.figures import segmentation as figures

CHAPTER = (Path(__file__).parents[1] / "book/part-3/segmentation.md").read_text(encoding="utf-8")
SEEDS = [0, 1, 2]  # 0 is the one that the chapter prints
seeds = pytest.mark.parametrize("seed", SEEDS)


def numbers(readout: str) -> list[float]:
    """The numbers in a readout, in order."""
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", readout.replace("−", "-").replace("%", ""))]


# ── Two shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────


def sets(mask: np.ndarray) -> set[tuple[int, ...]]:
    return {tuple(place) for place in np.argwhere(mask)}


def test_two_shapes_by_sets() -> None:
    explorer = figures.two_shapes()
    truth = sets(overlaps.disc())
    assert len(truth) == 52 and overlaps.SIDE**2 == 1024 and round(1 - 52 / 1024, 2) == 0.95
    controls = [explorer.controls[name].values for name in ("right_by", "down_by", "side")]
    goals, apart, found = [], {}, []
    for right, down, side in itertools.product(*controls):
        mask = sets(overlaps.square(right, down, side))
        assert len(mask) == side**2
        common, union = len(mask & truth), len(mask | truth)
        d, j = 2 * common / (len(mask) + len(truth)), common / union
        read = numbers(explorer.set(right_by=right, down_by=down, side=side).readout)
        expected = [common / len(mask), common / len(truth), 1 - d, 1 - j, 100 * len(mask ^ truth) / 1024]
        assert read[:5] == pytest.approx(expected, abs=0.06) and read[:4] == pytest.approx(expected[:4], abs=6e-4)
        assert j == pytest.approx(d / (2 - d))
        assert d == pytest.approx(0 if not common else 2 / (len(mask) / common + len(truth) / common))  # harmonic mean
        false, missed = len(mask - truth), len(truth - mask)
        bars = [bar.get_width() for bar in explorer.figure.axes[1].patches]
        assert bars[3:] == pytest.approx(
            [1 - common / (common + a * false + b * missed) if common else 1 for a, b in ((0.3, 0.7), (0.7, 0.3))]
        )
        if 0 < d < 1:
            assert 1 - j > 1 - d
        goals.append((common == 0 and len(mask ^ truth) < 0.06 * 1024) == explorer.challenge.met(right, down, side))
        found.append((1 - d, 1 - j, len(mask ^ truth)))
        if not common:
            assert bars[1:] == [1, 1, 1, 1]
            apart.setdefault(side, set()).add(read[5])
    assert all(goals)
    assert len(apart[2]) > 3  # the boundary loss is not one number
    order = sorted(found)
    assert [one[1] for one in order] == sorted(one[1] for one in order)  # one ranking by Dice and by Jaccard
    assert any(a[0] < b[0] and a[2] > b[2] for a, b in itertools.pairwise(order))  # and another one by wrong pixels
    assert any(one[0] == 1 and one[2] < 0.06 * 1024 for one in found)


def test_the_boundary_loss_falls_as_separate_shapes_come_nearer() -> None:
    for side, down in itertools.product((2, 4), (-8, 0, 8)):
        for sign in (-1, 1):
            found = []
            for by in range(10, -2, -2):
                judged = overlaps.judgement(overlaps.square(sign * by, down, side), overlaps.disc())
                if judged.recall == 0:
                    found.append(judged.boundary)
                    assert judged.dice == judged.jaccard == 1
            assert (np.diff(found) < 0).all()
    assert figures.two_shapes().predict.answer == 0.333


def test_what_an_overlap_refuses() -> None:
    with pytest.raises(ValueError, match="side must be an even number from 2 to 32, got 3"):
        overlaps.square(0, 0, 3)
    with pytest.raises(ValueError, match="right must leave the square in the picture, at most 12 either way, got 14"):
        overlaps.square(14, 0, 8)
    with pytest.raises(ValueError, match="stage must be one of"):
        pixel_pulls.logits("nowhere")
    moved = pixel_pulls.logits("start at the prior") - pixel_pulls.logits("start at ½")
    assert moved == pytest.approx(math.log(9 / 1015))
    with pytest.raises(ValueError, match="loss must be one of"):
        pixel_pulls.pull("Dice", "start at ½")
    with pytest.raises(ValueError, match="area must be from 0 to 128 pixels, got 200"):
        class_areas.masks(200)
    with pytest.raises(ValueError, match="blur must"):
        rims.profile(1.0, 0.5, 0.0)


# ── Forms ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_dice_pulls_all_object_pixels_alike_and_jaccard_twice_as_hard_near_the_end() -> None:
    rng = np.random.default_rng(0)
    p, y = rng.uniform(0, 1, (4, 5)), (rng.uniform(0, 1, (4, 5)) > 0.5) * 1.0
    slopes = lossbook.dice_grad(p, y)
    assert np.ptp(slopes[y == 1]) < 1e-15 > np.ptp(slopes[y == 0])
    near = np.where(y == 1, 1 - 1e-6, 0)
    assert lossbook.jaccard(near, y) / lossbook.dice(near, y) == pytest.approx(2, abs=1e-5)
    padded = [np.pad(x, 7) for x in (p, y)]  # empty ground around changes nothing
    assert lossbook.dice(*padded) == pytest.approx(lossbook.dice(p, y))


def test_dice_is_not_convex() -> None:
    """Between two predictions the loss may exceed the mean of both."""
    costs = [lossbook.dice([[1.0, x]], [[1.0, 0.0]]) for x in (0.0, 0.5, 1.0)]
    assert costs == pytest.approx([0, 0.2, 1 / 3]) and costs[1] > (costs[0] + costs[2]) / 2


def test_soft_targets() -> None:
    explorer = figures.soft_target()
    assert explorer.predict.answer == 1.0
    for target in explorer.controls["target"].values:
        read = numbers(explorer.set(target=target).readout.replace("for 1;", ";"))
        shown, own, _, one, squared_own, squared_one = read
        assert shown == target and own == pytest.approx(1 - target, abs=6e-4)
        assert one == pytest.approx(1 - 2 * target / (1 + target), abs=6e-4)
        assert squared_own == 0 and squared_one == pytest.approx(1 - 2 * target / (1 + target**2), abs=6e-4)
        fine = np.linspace(0.01, 1, 991)
        curves = rims.soft_target(fine, target)
        assert (np.diff(curves.linear) < 0).all()  # it falls all the way
        assert fine[np.argmin(curves.squared)] == pytest.approx(target, abs=1e-3)
    assert "0.58" in CHAPTER


# ── Pixels pull ──────────────────────────────────────────────────────────────────────────────────────────────────────


def by_autograd(loss: str, s: np.ndarray, y: np.ndarray, smooth: float) -> np.ndarray:
    x, g = torch.tensor(s, requires_grad=True), torch.tensor(y)
    p = x.sigmoid()
    if loss == "cross-entropy":
        value = F.binary_cross_entropy_with_logits(x, g)
    elif loss == "focal":
        right = p * g + (1 - p) * (1 - g)
        value = -((0.25 * g + 0.75 * (1 - g)) * (1 - right) ** 2 * right.log()).mean()
    elif loss == "Lovász hinge":
        value = cells()["lovasz"](x[None], g[None])
    else:
        sizes = p + g if loss == "Dice, linear" else p**2 + g**2
        value = 1 - (2 * (p * g).sum() + smooth) / (sizes.sum() + smooth)
    value.backward()
    return -x.grad.numpy()


def test_pulls_are_gradients() -> None:
    for loss, stage, present in itertools.product(pixel_pulls.LOSSES, pixel_pulls.STAGES, (True, False)):
        s, y = pixel_pulls.logits(stage), pixel_pulls.truth(present)
        for smooth in (0.0, 1.0):
            expected = by_autograd(loss, s, y, smooth)
            np.testing.assert_allclose(pixel_pulls.pull(loss, stage, present, smooth), expected, rtol=1e-6, atol=1e-12)
            if "Dice" not in loss:
                break


def test_what_the_maps_show() -> None:
    explorer = figures.pixels_pull()
    mask = pixel_pulls.truth()
    assert mask.sum() == 9 and mask.size == 1024 and "Nine object pixels of 1,024" in explorer.caption

    def at(loss: str, stage: str, present: bool = True, smooth: float = 0.0) -> pixel_pulls.Sum:
        return pixel_pulls.summed(pixel_pulls.pull(loss, stage, present, smooth), mask)

    assert at("cross-entropy", "start at ½").share < 0.01 and explorer.predict.answer == "less than 1 %"
    assert at("cross-entropy", "start at the prior").share == pytest.approx(0.5, abs=0.03)
    lost = {loss: at(loss, "nothing found").size for loss in pixel_pulls.LOSSES}
    for form in ("linear", "squared"):
        assert 25 < lost["cross-entropy"] / lost[f"Dice, {form}"] < 40  # about a thirtieth
    assert lost["Lovász hinge"] == pytest.approx(1) == at("Lovász hinge", "start at ½").size
    assert [round(lost[loss], 4) for loss in ("Dice, linear", "Dice, squared")] == [0.0003, 0.0003]
    assert round(lost["cross-entropy"], 3) == 0.009
    for stage in pixel_pulls.STAGES:
        for form in ("linear", "squared"):
            assert not pixel_pulls.pull(f"Dice, {form}", stage, False, 0.0).any()  # falls silent
            assert (pixel_pulls.pull(f"Dice, {form}", stage, False, 1.0) < 0).all()  # pushes down everywhere
        assert (pixel_pulls.pull("cross-entropy", stage, False) < 0).all()
    for stage, present, smooth in itertools.product(pixel_pulls.STAGES, ("object", "empty"), (0.0, 1.0)):
        read = numbers(explorer.set(stage=stage, present=present, smooth=smooth).readout)
        sizes = [at(loss, stage, present == "object", smooth).size for loss in pixel_pulls.LOSSES]
        assert read == pytest.approx(sizes, abs=6e-5)
    start = pixel_pulls.probability("start at ½")
    assert abs(start.mean() - 0.5) < 0.02 and pixel_pulls.probability("nothing found").max() < 0.0005
    push = pixel_pulls.pull("cross-entropy", "start at ½")
    assert np.abs(push[mask == 1]).mean() == pytest.approx(np.abs(push[mask == 0]).mean(), rel=0.1)


def test_weights_and_focal_change_what_the_best_probability_means_and_a_prior_does_not() -> None:
    q = 0.1
    costs = {
        "weight": lambda s: q * 50 * np.logaddexp(0, -s) + (1 - q) * np.logaddexp(0, s),
        "focal": lambda s: q * lossbook.sigmoid_focal([s], [1.0]) + (1 - q) * lossbook.sigmoid_focal([s], [0.0]),
        "plain": lambda s: q * np.logaddexp(0, -s) + (1 - q) * np.logaddexp(0, s),
    }
    best = {name: 1 / (1 + math.exp(-optimize.minimize_scalar(cost).x)) for name, cost in costs.items()}
    assert best["plain"] == pytest.approx(q, abs=1e-5) and best["weight"] == pytest.approx(50 * q / (50 * q + 1 - q))
    assert abs(best["focal"] - q) > 0.02
    even = 1 / 51  # with a weight of 50 the cut at ½ lies there
    assert 50 * even / (50 * even + 1 - even) == pytest.approx(0.5) and "1/51" in CHAPTER


# ── Classes of other sizes ───────────────────────────────────────────────────────────────────────────────────────────


def test_which_class_generalised_dice_is_about() -> None:
    explorer = figures.gdl_areas()
    for area, weights in itertools.product(figures.AREAS, figures.KINDS.values()):
        found = class_areas.shares(area, weights)
        read = numbers(explorer.set(area=area, weights=weights).readout)
        assert read[0] == area and read[1] == pytest.approx(found.loss, abs=6e-5)
        assert read[-1] == pytest.approx(100 * found.of_slopes[2], abs=0.06)
        assert found.of_slopes.sum() == pytest.approx(1)
        if area and weights == "naive":
            squared = class_areas.shares(area, "squared")  # the tiny number changes nothing where a class has pixels
            assert found.loss == pytest.approx(squared.loss) and found.size == pytest.approx(squared.size)
            assert found.of_slopes == pytest.approx(squared.of_slopes)
    even, one = class_areas.shares(128, "squared"), class_areas.shares(1, "squared")
    assert even.of_slopes[1] == pytest.approx(even.of_slopes[2])
    assert one.of_slopes[2] > 0.999 and one.loss > 0.96
    outside = class_areas.masks(1)[2].size - 1
    assert class_areas.ELSE * outside > 50  # what the map of one pixel says elsewhere
    absent = class_areas.shares(0, "naive")
    assert absent.loss == 1 and absent.size < 1e-15 and class_areas.naive_weights(class_areas.masks(0))[2] > 0.99e20
    kept = class_areas.shares(0, "squared")
    assert 0.2 < kept.loss < 0.4 and kept.size > 0.1
    none = [class_areas.shares(area, "none").of_slopes for area in figures.AREAS]
    assert np.ptp(none, axis=0).max() < 0.01


def test_generalised_dice_by_torch() -> None:
    y = class_areas.masks(8)
    x = torch.tensor(np.where(y == 1, 0.9, 0.05), requires_grad=True)
    g = torch.tensor(y)
    w = 1 / g.sum((1, 2)) ** 2
    loss = 1 - 2 * (w * (x * g).sum((1, 2))).sum() / (w * (x + g).sum((1, 2))).sum()
    loss.backward()
    found = class_areas.shares(8, "squared")
    sizes = x.grad.abs().sum((1, 2))
    assert found.loss == pytest.approx(loss.item()) and found.size == pytest.approx(sizes.sum().item())
    np.testing.assert_allclose(found.of_slopes, sizes / sizes.sum())


# ── An uncertain pixel ───────────────────────────────────────────────────────────────────────────────────────────────


def test_dice_cuts_at_half_of_its_best() -> None:
    """In a large picture; by the masks of all radii, and not by the sorting that the package does."""
    explorer = figures.uncertain_rim()
    line = np.linspace(-rims.REACH, rims.REACH, rims.GRID)
    distance = np.hypot(line[:, None], line)
    for peak, blur in itertools.product(figures.PEAKS, figures.BLURS):
        q = rims.profile(distance, peak, blur)
        found = rims.rim(peak, blur)
        for wanted, (a, b) in ((found.dice, (0.5, 0.5)), (found.tversky, (0.3, 0.7))):
            indices = []
            for reach in np.linspace(0.1, 3, 117):
                mask = distance <= reach
                hit = q[mask].sum()
                indices.append(hit / (hit + a * (mask.sum() - hit) + b * (q.sum() - hit)))
            assert wanted.value == pytest.approx(max(indices), abs=2e-3) and wanted.value >= max(indices) - 1e-12
            assert wanted.threshold >= a * wanted.value >= q[q < wanted.threshold].max() - 1e-4
            taken = (q >= wanted.threshold) * 1.0
            assert rims.tversky_index(taken, q, a, b) == pytest.approx(wanted.value)
        assert found.dice.value / 2 <= 0.5 and found.dice.share >= found.likely - 1e-3
        assert found.dice.share > found.expected and found.tversky.share > found.dice.share
        assert explorer.challenge.met(peak=peak, blur=blur) == (not (q > 0.5).any() and found.dice.share > 0.1)
        read = numbers(explorer.set(peak=peak, blur=blur).readout)
        assert read[0] == pytest.approx(found.dice.value, abs=6e-4) and read[1] == pytest.approx(read[0] / 2, abs=1e-3)
    for peak in figures.PEAKS:  # Dice's cut sinks as the rim is blurred
        cuts = [rims.rim(peak, blur).dice.value / 2 for blur in figures.BLURS]
        assert (np.diff(cuts) < 0).all()
    assert rims.rim(1.0, 0.02).dice.value / 2 > 0.48
    start = rims.rim(0.9, 0.2)
    assert (round(start.dice.value / 2, 2), round(0.3 * start.tversky.value, 2)) == (0.36, 0.23)


def test_the_rule_of_half_fails_in_small_pictures() -> None:
    """By enumeration of all masks that the rim can have."""
    for size in (1, 2, 3):
        for q in (0.3, 0.45, 0.6):
            for taken in (True, False):
                total = 0.0
                for rim in itertools.product((0, 1), repeat=size):
                    chance = np.prod([q if one else 1 - q for one in rim])
                    truth = [1.0] * size + list(rim)
                    mask = [1.0] * size + [float(taken)] * size
                    total += chance * (1 - lossbook.dice([mask], [np.array(truth, dtype=float)]))
                assert rims.expected_dice(size, size, q, taken=taken) == pytest.approx(total)
    found = [rims.rim_threshold(size, size) for size in (1, 2, 10, 100, 1000)]
    assert found[0] == pytest.approx(0.5) and (np.diff(found) < 0).all()
    limit = math.sqrt(2) - 1  # of (1 + q)(2 + q) = 3 + q
    best = 2 / (2 + limit)
    assert best / 2 == pytest.approx(limit) and found[-1] == pytest.approx(limit, abs=1e-4)
    for core, rim in itertools.product((1, 3, 20), (1, 2, 50)):
        assert rims.rim_threshold(core, rim, together=True) == pytest.approx(0.5)


def test_a_long_faint_tail_makes_the_best_mask_smaller_than_the_object() -> None:
    assert rims.best_mask([[0.2]])[:2] == pytest.approx((1 / 3, 0.2))  # 0.2 over 0.2 + 0.8 / 2
    q = np.array([[1.0] + [0.1] * 10])
    found = rims.best_mask(q)
    assert found.share == pytest.approx(1 / 11) and q.mean() > found.share


def test_pixels_that_exclude_each_other_can_make_an_answer_in_between_best() -> None:
    """One pixel alone with 22 %, or the ten others: by sums, not by the package; then the package at the best."""
    q, grid = 0.22, np.linspace(0, 1, 201)
    x, others = np.meshgrid(grid, grid)
    cost = q * (1 - 2 * x / (10 * others + x + 1)) + (1 - q) * (1 - 20 * others / (10 * others + x + 10))
    best = np.unravel_index(cost.argmin(), cost.shape)
    assert x[best] == pytest.approx(0.32, abs=0.0051) and others[best] == 1
    assert "with 22 %, and the ten others with 78 %, Dice wants 0.32 in the one" in CHAPTER
    said, alone, rest = [0.32, *[1.0] * 10], [1, *[0] * 10], [0, *[1] * 10]
    found = q * lossbook.dice([said], [alone]) + (1 - q) * lossbook.dice([said], [rest])
    assert found == pytest.approx(cost.min(), abs=1e-6) and found < min(cost[-1, 0], cost[-1, -1]) - 1e-5


def test_squared_denominators_want_q_by_the_best_dice() -> None:
    """Labels of 0 and 1 with mean q, in a large picture; where q is above D*, 1."""
    q = np.linspace(0.02, 0.98, 25)

    def loss(p: np.ndarray) -> float:
        return float(1 - 2 * (p * q).sum() / ((p**2).sum() + q.sum()))

    found = optimize.minimize(loss, q, bounds=[(0, 1)] * 25, tol=1e-14, options={"maxiter": 5000, "ftol": 1e-16})
    np.testing.assert_allclose(found.x, np.minimum(q / (1 - found.fun), 1), atol=2e-3)
    assert found.fun < loss(q) - 0.01


def test_an_uncertain_pixel_beside_a_certain_one() -> None:
    grid = np.linspace(0, 1, 101)
    for q in (0.2, 0.45, 0.55, 0.8):
        dice = [
            q * lossbook.dice([[1.0, x]], [[1.0, 1.0]]) + (1 - q) * lossbook.dice([[1.0, x]], [[1.0, 0.0]])
            for x in grid
        ]
        with np.errstate(divide="ignore"):
            log = np.array([-q * np.log(x) - (1 - q) * np.log1p(-x) if 0 < x < 1 else np.inf for x in grid])
        assert grid[np.argmin(dice)] == (q > 0.5) and grid[np.argmin(log)] == pytest.approx(q)
        sums = grid[np.argmin(log / 2 + np.array(dice))]  # cross-entropy plus Dice: the best lies between
        assert min(q, q > 0.5) <= sums <= max(q, q > 0.5) and sums not in (0, 1)


# ── Lovász ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_hinge_is_convex_and_a_constant_costs_at_least_one() -> None:
    rng = np.random.default_rng(5)
    y = pixel_pulls.truth()
    for _ in range(20):
        one, other = rng.normal(0, 2, (2, *y.shape))
        middle = lossbook.lovasz_hinge((one + other) / 2, y)
        assert middle <= (lossbook.lovasz_hinge(one, y) + lossbook.lovasz_hinge(other, y)) / 2 + 1e-12
    grid = np.linspace(-2, 2, 41)
    costs = [lossbook.lovasz_hinge(np.full(y.shape, c), y) for c in grid]
    assert min(costs) == pytest.approx(1) and grid[np.argmin(costs)] == pytest.approx(0)
    batch = np.stack([y, y, y, y, 0 * y])  # one in five empty
    mixed = [lossbook.lovasz_hinge(np.full(batch.shape, c), batch) for c in grid]
    assert min(mixed) == pytest.approx(1) and grid[np.argmin(mixed)] == pytest.approx(0)


# ── Specks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def cells() -> dict[str, Any]:
    """What the chapter's cells of the run and of the symptoms define, without running them on the spot."""
    names: dict[str, Any] = {"np": np, "lossbook": lossbook, "figures": figures}
    for code in re.findall(r"```\{code-cell\} ipython3\n(.*?)```", CHAPTER, re.DOTALL):
        if "def cross_entropy(" in code or "def tiny(" in code:
            code = re.sub(r"^:tags:.*\n", "", code)
            exec(re.split(r"^(?:runs = |waited = )", code, flags=re.MULTILINE)[0], names)
    return names


@cache
def run(name: str, seed: int) -> tuple[list[float], np.ndarray, Quality]:
    names = cells()
    loss, bias = names["criteria"][name]
    return names["fit"](loss, bias, seed)  # type: ignore[no-any-return]


def dice_of(name: str, seed: int) -> float:
    return run(name, seed)[2].dice


def test_the_losses_of_the_cells_are_those_of_the_package() -> None:
    names = cells()
    rng = np.random.default_rng(8)
    s, y = rng.normal(0, 2, (3, 4, 5)), (rng.uniform(0, 1, (3, 4, 5)) > 0.7) * 1.0
    y[2] = 0
    x, g = torch.tensor(s), torch.tensor(y)
    p = 1 / (1 + np.exp(-s))
    expected = {
        "cross_entropy": lossbook.binary_cross_entropy_with_logits(s, y),
        "weighted": lossbook.binary_cross_entropy_with_logits(s, y, pos_weight=50.0),
        "focal": lossbook.sigmoid_focal(s, y, reduction="sum") / y.sum(),
        "soft_dice": lossbook.dice(p, y, smooth=1.0),
        "tiny": lossbook.dice(p, y, smooth=1e-5),
        "with_dice": lossbook.binary_cross_entropy_with_logits(s, y) + lossbook.dice(p, y, smooth=1.0),
        "lovasz": lossbook.lovasz_hinge(s, y),
    }
    for name, value in expected.items():
        assert names[name](x, g).item() == pytest.approx(value, rel=1e-6), name
    assert names["PRIOR"] == pytest.approx(math.log(0.01 / 0.99), abs=0.01)


@seeds
def test_the_pictures(seed: int) -> None:
    known = specks(200, seed)
    sizes = known.mask.sum(axis=(1, 2))
    assert 0.007 < known.mask.mean() < 0.011 and 0.14 < np.mean(sizes == 0) < 0.26
    assert 8 < sizes[sizes > 0].mean() < 14 and (known.picture - known.mask).std() == pytest.approx(0.5, abs=0.01)
    assert not np.array_equal(known.mask[:100], specks(100, seed + 100).mask)


@pytest.mark.seeds
@seeds
def test_cross_entropy_from_one_half_marks_next_to_nothing_but_has_the_order(seed: int) -> None:
    path, logits, found = run("CE", seed)
    assert found.recall < 0.2 and found.area < 0.2 and path[-1] < 0.035
    mask = specks(100, seed + 100).mask
    assert quality(logits > math.log(0.2 / 0.8), mask).dice > 0.5


@pytest.mark.seeds
@seeds
def test_the_prior_did_most_of_it(seed: int) -> None:
    prior = dice_of("CE, prior", seed)
    assert prior > dice_of("CE", seed) + 0.4 and prior > 0.6
    for name in ("Dice", "CE + Dice", "Lovász"):
        assert abs(dice_of(name, seed) - prior) < 0.1


@pytest.mark.seeds
def test_which_loss_of_overlap_is_ahead_changes_with_the_seed() -> None:
    for name in ("Dice", "CE + Dice", "Lovász"):
        ahead = {dice_of(name, seed) > dice_of("CE, prior", seed) for seed in SEEDS}
        assert ahead == {True, False}, name


@pytest.mark.seeds
@seeds
def test_a_weight_of_50_marks_too_much(seed: int) -> None:
    found = run("CE × 50", seed)[2]
    assert found.recall > 0.9 and found.precision < 0.45 and found.area > 2


@pytest.mark.seeds
@seeds
def test_after_400_steps_cross_entropy_gets_there(seed: int) -> None:
    names = cells()
    found = names["fit"](names["cross_entropy"], 0.0, seed, 400)[2]
    assert found.recall > 0.6 and found.dice > dice_of("CE, prior", seed) - 0.1


@pytest.mark.seeds
@seeds
def test_a_prior_ruins_dice_with_a_large_constant_alone(seed: int) -> None:
    names = cells()
    for loss, least, most in (("soft_dice", 0.0, 0.0), ("tiny", 0.55, 1.0)):
        assert least <= names["fit"](names[loss], names["PRIOR"], seed)[2].dice <= most


def test_why_the_prior_ruins_dice_with_a_large_constant() -> None:
    """One empty picture pushes harder than a picture with an object is pulled up."""
    stage = "start at the prior"
    up = pixel_pulls.pull("Dice, linear", stage, True, 1.0)
    down = pixel_pulls.pull("Dice, linear", stage, False, 1.0)
    assert -down.sum() > 2 * np.abs(up).sum()
    sure = pixel_pulls.pull("Dice, linear", stage, True, 1e-5), pixel_pulls.pull("Dice, linear", stage, False, 1e-5)
    assert -sure[1].sum() < np.abs(sure[0]).sum() / 100
    mask, p = pixel_pulls.truth(), pixel_pulls.probability(stage)
    assert 2 * (p * mask).sum() < 1 < p.sum()  # ε outweighs 2I, not the predictions
    assert -up[mask == 0].sum() > up[mask == 1].sum() > 0 > up[mask == 0].max()  # the ground is pushed down harder
    assert -down.sum() > -up[mask == 0].sum()  # and hardest in an empty picture
    assert -sure[0][mask == 0].sum() < sure[0][mask == 1].sum()
    assert 11 < specks(200, 0).mask.sum() / specks(200, 0).mask.any(axis=(1, 2)).sum() < 13  # about a dozen pixels


@pytest.mark.seeds
def test_the_lovasz_hinge_gets_away_from_0_about_as_often_as_not() -> None:
    names = cells()
    stuck = [abs(names["fit"](names["lovasz"], 0.0, seed)[0][-1] - 1) < 0.01 for seed in range(6)]
    assert stuck[0] and sum(stuck) == 3
    for seed in SEEDS:
        assert dice_of("Lovász", seed) > 0.55


@pytest.mark.seeds
@seeds
def test_probabilities_under_dice_are_pushed_to_the_ends(seed: int) -> None:
    mask = specks(100, seed + 100).mask
    nats, unsure = {}, {}
    for name in ("Dice", "CE, prior"):
        s = run(name, seed)[1]
        nats[name] = lossbook.binary_cross_entropy_with_logits(s, mask)
        unsure[name] = np.mean(np.abs(s) < math.log(9))
    assert nats["Dice"] > 2.5 * nats["CE, prior"] and unsure["Dice"] < unsure["CE, prior"] / 2


@pytest.mark.seeds
@seeds
def test_without_a_sigmoid_dice_falls_below_0(seed: int) -> None:
    names = cells()
    assert min(names["fit"](names["without_sigmoid"], 0.0, seed)[0]) < 0
    with pytest.raises(ValueError, match="prediction must lie in"):
        lossbook.dice([[-2.0, 3.0]], [[0.0, 1.0]])


def test_quality_by_hand() -> None:
    mask = np.array([[[1, 1, 0]], [[0, 0, 0]], [[0, 1, 0]], [[0, 0, 0]]])
    marked = np.array([[[1, 0, 1]], [[1, 0, 0]], [[0, 1, 0]], [[0, 0, 0]]])
    assert quality(marked, mask) == pytest.approx((0.75, 2 / 4, 2 / 3, 4 / 3, 0.5))
    assert math.isnan(quality(0 * mask, mask).precision)


def test_the_masks_are_drawn_beside_each_other() -> None:
    some = specks(8, 3)
    explorer = figures.masks_beside(
        some.picture[:2], some.mask[:2], {"all": 0 * some.mask[:2] + 1, "none": 0 * some.mask[:2] - 1}
    )
    assert len(explorer.figure.axes) == 6 and "all, none" in explorer.alt
    (everything,) = explorer.figure.axes[1].images
    (nothing,) = explorer.figure.axes[2].images
    assert (everything.get_array()[..., 3] == 1).all() and (nothing.get_array()[..., 3] == 0).all()


@pytest.mark.parametrize("networks", [3, 4, 6])
def test_more_masks_hang_in_a_band_below_and_fit_a_phone(networks: int) -> None:
    some = specks(8, 3)
    logits = {f"run {k}": np.full_like(some.mask[:3], 2.0 * (k % 2) - 1) for k in range(networks)}
    figure = figures.masks_beside(some.picture[:3], some.mask[:3], logits).figure
    bands = -(-networks // 3)
    assert len(figure.axes) == 4 * 3 * bands and figure.get_figwidth() <= 4.4
    assert figure.get_supxlabel() == "outlined: the object"  # what belongs to no column keeps a phone from scrolling
    titles = {axis.get_title(): k for k, axis in enumerate(figure.axes) if axis.get_title()}
    assert set(titles) == {"picture", *logits}
    for k, name in enumerate(logits):
        for row in range(3):
            (image,) = figure.axes[titles[name] + 4 * row].images
            assert (image.get_array()[..., 3] == k % 2).all()


@seeds
def test_an_outline_parts_the_mask_from_the_rest(seed: int) -> None:
    mask = (np.random.default_rng(seed).uniform(0, 1, (5, 6)) > 0.5) * 1.0
    x, _ = figures._outline(mask)
    padded = np.pad(mask, 1)
    edges = np.abs(np.diff(padded, axis=0)).sum() + np.abs(np.diff(padded, axis=1)).sum()
    assert len(x) == 3 * edges


@pytest.mark.parametrize("weights", class_areas.WEIGHTS)
@pytest.mark.parametrize("area", [1, 8, 128])
def test_every_weight_by_torch(weights: str, area: int) -> None:
    """Of labels written out: 128 pixels of the large class, then the small one, then the ground."""
    label = torch.tensor([1] * 128 + [2] * area + [0] * (1024 - 128 - area))
    g = torch.stack([label == k for k in range(3)]).double()
    assert class_areas.masks(area).reshape(3, -1).tolist() == g.tolist()
    x = (0.05 + 0.85 * g).requires_grad_()
    w = g.sum(1) ** -{"squared": 2.0, "naive": 2.0, "linear": 1.0, "none": 0.0}[weights]
    loss = 1 - 2 * (w * (x * g).sum(1)).sum() / (w * (x + g).sum(1)).sum()
    loss.backward()
    found, sizes = class_areas.shares(area, weights), x.grad.abs().sum(1)
    assert found.loss == pytest.approx(loss.item()) and found.size == pytest.approx(sizes.sum().item())
    assert found.of_slopes == pytest.approx((sizes / sizes.sum()).numpy())


def test_a_tiny_number_below_is_ten_to_the_minus_ten() -> None:
    found = class_areas.shares(0, "naive")
    assert class_areas.naive_weights(class_areas.masks(0))[2] == pytest.approx(1e20)
    assert found.of_slopes[2] == pytest.approx(18 / 19)  # 1024 · 1.8 / (0.05 · 1024)² to 2 / (0.05 · 1024)
    with pytest.raises(ValueError, match="area must be from 0 to 128 pixels, got -1"):
        class_areas.masks(-1)
    with pytest.raises(ValueError, match="got 129"):
        class_areas.masks(129)


def test_how_far_a_square_may_go() -> None:
    assert overlaps.square(12, -12, 8)[:8, 24:].all() and overlaps.square(12, -12, 8).sum() == 64
    assert overlaps.square(0, 0, 32).all() and overlaps.square(1, 0, 2)[15:17, 16:18].all()
    for side in (0, 34):
        with pytest.raises(ValueError, match=f"side must be an even number from 2 to 32, got {side}"):
            overlaps.square(0, 0, side)
    for right, down, name in ((-13, 0, "right"), (0, 13, "down"), (0, -13, "down")):
        with pytest.raises(ValueError, match=f"{name} must leave the square in the picture, at most 12"):
            overlaps.square(right, down, 8)
    empty = overlaps.judgement(np.zeros((32, 32)), overlaps.disc())
    assert math.isnan(empty.precision) and empty.recall == 0 and empty.wrong == 52 / 1024 and empty.boundary == 0


def test_the_boundary_loss_by_distances_to_the_other_side() -> None:
    truth, mask = overlaps.disc(), overlaps.square(4, 2, 8)
    inside, outside = np.argwhere(truth == 1), np.argwhere(truth == 0)
    far = [
        -np.hypot(*(outside - place).T).min() + 1 if truth[tuple(place)] else np.hypot(*(inside - place).T).min()
        for place in np.argwhere(mask == 1)
    ]
    found = overlaps.judgement(mask, truth)
    signed = lossbook.losses.outline.signed_distance(truth)
    assert found.boundary == pytest.approx(signed[mask == 1].sum() / 1024)
    assert [signed[tuple(place)] for place in np.argwhere(mask == 1)] == pytest.approx(far)


def test_what_the_network_says_at_each_stage() -> None:
    noise = np.random.default_rng(0).normal(0, 0.3, (32, 32))
    y, x = np.mgrid[:32, :32]
    mask = (abs(y - 12) <= 1) & (abs(x - 20) <= 1)  # three by three
    assert np.array_equal(pixel_pulls.truth(), mask) and not pixel_pulls.truth(False).any()
    prior = math.log(9 / 1015)
    said = {stage: pixel_pulls.logits(stage) - noise for stage in pixel_pulls.STAGES}
    assert said["start at ½"] == pytest.approx(0) and said["nothing found"] == pytest.approx(-9)
    shifted = np.roll(mask, (2, 2), axis=(0, 1))
    nearly = (y - 12) ** 2 + (x - 20.6) ** 2 <= 2.1**2
    assert said["shifted"] == pytest.approx(np.where(shifted, 3, prior))
    assert said["nearly right"] == pytest.approx(np.where(nearly, 3, prior))
    assert nearly.sum() == 16 and nearly[mask].all()
    assert pixel_pulls.probability("shifted") == pytest.approx(1 / (1 + np.exp(-pixel_pulls.logits("shifted"))))
    for loss in ("cross-entropy", "Dice, linear"):
        plain = pixel_pulls.pull(loss, "shifted")
        assert np.array_equal(plain, pixel_pulls.pull(loss, "shifted", True, 0.0))
    assert pixel_pulls.summed(np.array([1.0, -3.0]), np.array([0.0, 1.0])) == (4, 0.75)
    size, share = pixel_pulls.summed(np.zeros(2), np.ones(2))
    assert size == 0 and math.isnan(share)


def test_rims_by_hand() -> None:
    assert (rims.REACH, rims.GRID) == (3.0, 241)
    assert rims.profile([0.8, 1.0, 1.2], 0.6, 0.2) == pytest.approx([0.6 / (1 + 1 / math.e), 0.3, 0.6 / (1 + math.e)])
    for peak in (0.0, 1.0):
        assert rims.profile(1.0, peak, 0.1) == peak / 2
    with pytest.raises(ValueError, match="peak must"):
        rims.profile(1.0, 1.1, 0.2)
    assert rims.best_mask([[0.0, 0.0]])[0] == 0
    even = rims.best_mask([[0.9, 0.5, 0.5, 0.1]])  # 1.9 over (3 + 2) / 2
    assert even == pytest.approx((1.9 / 2.5, 0.5, 0.75))
    assert rims.best_mask([[0.9, 0.5]], 0.2, 1.0).value == pytest.approx(1.4 / (1.4 + 0.2 * 0.6))
    line = np.linspace(-3, 3, 241)
    for peak, blur in ((0.9, 0.2), (1.0, 0.05)):
        q = peak / (1 + np.exp((np.sqrt(line[:, None] ** 2 + line**2) - 1) / blur))
        found = rims.rim(peak, blur)
        assert found.expected == pytest.approx(q.mean()) and found.likely == np.count_nonzero(q > 0.5) / 241**2
        assert found.tversky == pytest.approx(rims.best_mask(q, 0.3, 0.7))
        assert found.dice == pytest.approx(rims.best_mask(q, 0.5, 0.5))
        away = optimize.brentq(lambda x, peak=peak, blur=blur: float(rims.profile(x, peak, blur)) - 0.3, 0, 3)
        assert rims.radius(0.3, peak, blur) == pytest.approx(away)
        assert rims.tversky_index(q > 0.3, q, 0.2, 0.9) == pytest.approx(
            q[q > 0.3].sum() / (q[q > 0.3].sum() + 0.2 * (1 - q[q > 0.3]).sum() + 0.9 * q[q <= 0.3].sum())
        )
    whole = 0.3 * 2 * (3 + 2) / (3 + 2 + 3 + 2) + 0.7 * 2 * 3 / (3 + 2 + 3)
    assert rims.expected_dice(3, 2, 0.3, taken=True, together=True) == pytest.approx(whole)
    without = 0.3 * 2 * 3 / (3 + 3 + 2) + 0.7
    assert rims.expected_dice(3, 2, 0.3, taken=False, together=True) == pytest.approx(without)
    assert rims.expected_dice(1, 2, 0.3, taken=True) != rims.expected_dice(1, 2, 0.3, taken=True, together=True)
    none = rims.soft_target([0.0, 0.3], 0.0)
    assert math.isnan(none.linear[0]) and math.isnan(none.squared[0]) and none.linear[1] == 1


@seeds
def test_specks_pixel_by_pixel(seed: int) -> None:
    """The shapes once more, by the pixels that they cover."""
    rng = np.random.default_rng(seed)
    masks, kinds = np.zeros((60, 32, 32)), set()
    for mask in masks:
        if rng.random() >= 0.2:
            (row, column), size, kind = rng.uniform(4, 27, 2), rng.uniform(1.2, 2.6), rng.integers(3)
            kinds.add(int(kind))
            for y, x in itertools.product(*(range(int(at) - 4, int(at) + 6) for at in (row, column))):
                near, far = sorted([abs(y - row), abs(x - column)])
                disc, square = near**2 + far**2 <= size**2, far <= 0.8 * size
                mask[y, x] = (disc, square, near <= 0.7 and far <= 1.5 * size)[kind]
    found = specks(60, seed)
    assert np.array_equal(found.mask, masks) and kinds == {0, 1, 2}
    np.testing.assert_allclose(found.picture, masks + rng.normal(0, 0.5, masks.shape))
    assert len(specks().mask) == 200 and np.array_equal(specks().mask[:9], specks(9, 0).mask)


# ── Slips ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_slips_by_hand() -> None:
    assert 0.25 * 0.25 * math.log(2) == pytest.approx(0.0433, abs=1e-4)  # focal at ½
    assert lossbook.sigmoid_focal([0.0], [1.0], alpha=0.75) == pytest.approx(3 * lossbook.sigmoid_focal([0.0], [1.0]))
    assert lossbook.tversky([[1.0, 0.0]], [[1.0, 1.0]]) == pytest.approx(1 - 1 / 1.7)
    assert lossbook.tversky([[1.0, 0.0]], [[1.0, 1.0]], alpha=0.7, beta=0.3) == pytest.approx(1 - 1 / 1.3)
    for p, soft in ((0.51, 1.02 / (0.51**2 + 0.49**2 + 1)), (0.99, 1.98 / (0.99**2 + 0.01**2 + 1))):
        found = 1 - lossbook.dice([[p, 1 - p]], [[1.0, 0.0]], denominator="squared")
        assert found == pytest.approx(soft)
    honest = 0.45 * (1 - 2 * 1.45 / 3.45) + 0.55 * (1 - 2 / 2.45)
    assert honest == pytest.approx(0.173, abs=5e-4)


def test_definitions_are_documented() -> None:
    for function in (rims.best_mask, rims.rim_threshold, overlaps.judgement, class_areas.shares, specks):
        assert inspect.getdoc(function)
    for text in ("overlap", "imbalance", "improper", "lovasz", "run", "symptoms", "slips"):
        assert f"(segmentation-{text})=" in CHAPTER


HEARD = {
    "segmentation-dice-by-hand": "3/7 0.3 0.4 0.57 0.5 0.75 0.86 0.46 0.625 1.2 -0.6",
    "segmentation-jaccard-from-dice": "0.889 0.4 0.8 0.333 0.2 0.444 0.64 4 1.5 1.2 0.111",
    "segmentation-prior-bias": "-2.996 2.944 0.0526 -4.6 0.05 0.512 0 -0.95 19 -1.28 -4.25 2.996 -0.0513",
    "segmentation-threshold": "0.5 0.64 0.36 0.18 0.47 0.68 0.8 0.16 0.78 0.235 0.82",
    "segmentation-batch-or-image": "0.133 0.9 0.55 0.867 0.1 0.8 0.535 1.1 -0.55 0.225",
    "segmentation-lovasz-by-hand": "1.333 0.667 3.5 1.167 1 0.25 1.75 2 0.917 0.583 1.5 -1.25",
}


@pytest.mark.parametrize("name", HEARD)
def test_likely_wrong_numbers_hear_what_went_wrong(name: str) -> None:
    for wrong in HEARD[name].split():
        result = check(name, wrong)
        assert not result.right, wrong
        assert result.messages[0] not in (TEXTS["number"], TEXTS["near"]), wrong


@pytest.mark.parametrize("tiny", [1e-10, 1e-7])
def test_a_dice_with_a_tiny_number_or_clipping_is_no_dice(tiny: float) -> None:
    def added(probability: Any, mask: Any, smooth: float) -> Any:
        overlap, sizes = (probability * mask).sum((1, 2)), (probability + mask).sum((1, 2))
        return 1 - (2 * overlap + smooth) / (sizes + smooth + tiny)

    def clipped(probability: Any, mask: Any, smooth: float) -> Any:
        return segmentation.soft_dice(np.clip(probability, tiny, 1 - tiny), mask, smooth)

    assert check("segmentation-dice-code", segmentation.soft_dice).right
    assert not check("segmentation-dice-code", added).right
    assert not check("segmentation-dice-code", clipped).right


@pytest.mark.parametrize("limit", [3, 5, 30])
def test_a_lovasz_hinge_of_clipped_scores_is_not_accepted(limit: float) -> None:
    def clipped(logits: Any, labels: Any) -> float:
        return segmentation.lovasz_of_one(np.clip(logits, -limit, limit), labels)

    assert check("segmentation-lovasz-code", segmentation.lovasz_of_one).right
    assert not check("segmentation-lovasz-code", clipped).right
