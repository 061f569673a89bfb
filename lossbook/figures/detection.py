"""The figures and explorers of the chapter on detection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from lossbook.analysis import anchor_grid, shape_pictures, three_boxes, two_boxes, yolo_cell
from lossbook.analysis.shape_pictures import Course
from lossbook.core import Floats
from lossbook.explorer import Challenge, Choice, Explorer, Handle, Play, Predict, Slider, Toggle, palette, subplots
from lossbook.figures.wording import powers_of_ten, written


def _outline(boxes: Floats) -> tuple[Floats, Floats]:
    """The outlines of some boxes as one broken line."""
    b = np.reshape(boxes, (-1, 4))
    gap = np.full(len(b), np.nan)
    x = np.stack([b[:, 0], b[:, 2], b[:, 2], b[:, 0], b[:, 0], gap], axis=-1)
    y = np.stack([b[:, 1], b[:, 1], b[:, 3], b[:, 3], b[:, 1], gap], axis=-1)
    return x.ravel(), y.ravel()


# ── Two boxes ────────────────────────────────────────────────────────────────────────────────────────────────────────

LONGEST = 2.0
"""Length of the longest arrow, in the units of the picture."""


def _arrows(box: Floats, slope: Floats, longest: float) -> tuple[Floats, Floats]:
    """From the middle of each edge to where descent moves it, with heads, as one broken line."""
    middle = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
    xs, ys = [], []
    for corner, pull in enumerate(-slope / longest * LONGEST):
        if pull == 0:
            continue
        start = np.array([box[corner] if axis == corner % 2 else middle[axis] for axis in (0, 1)])
        along = np.eye(2)[corner % 2] * pull
        across = np.eye(2)[1 - corner % 2] * min(0.22, abs(pull) / 2)
        head = start + along - np.sign(pull) * np.eye(2)[corner % 2] * min(0.3, abs(pull) * 0.7)
        path = np.array([start, start + along, head + across, start + along, head - across, [np.nan, np.nan]])
        xs.append(path[:, 0])
        ys.append(path[:, 1])
    return (np.concatenate(xs), np.concatenate(ys)) if xs else (np.array([np.nan]), np.array([np.nan]))


def box_drag() -> Explorer:
    """A box that is dragged over the target, the pull of a loss on its edges, and the loss along the way."""
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.5), width_ratios=[1.15, 1])
    left.plot(*_outline(two_boxes.TARGET), color=palette.truth, lw=2.4)
    (outline,) = left.plot([0], [0], color=palette.model, lw=2.2)
    (arrows,) = left.plot([0], [0], color=palette.gradient, lw=2.2)
    (handle,) = left.plot([0], [0], "o", color=palette.outlier, ms=11)
    left.text(-1.8, -1.3, "target", color=palette.truth, va="bottom")
    left.set(xlim=(-7.4, 7.4), ylim=(-5.2, 5.2), aspect="equal", xlabel="x", title="boxes, and the pull on each edge")
    left.set_xticks([-5, 0, 5])
    left.set_yticks([-4, 0, 4])
    grid = np.arange(-5, 5.01, 0.25)
    (plain,) = right.plot(grid, grid, "--", color=palette.muted, lw=1.6)
    (curve,) = right.plot(grid, grid, color=palette.loss, lw=2.4)
    (dot,) = right.plot([0], [0], "o", color=palette.loss, ms=9)
    right.text(5, 0.08, "1 − IoU (dashed)", color=palette.muted, ha="right", fontsize="small", va="bottom")
    name = right.set_title("")
    right.set(xlim=(-5.2, 5.2), ylim=(-0.1, 3.8), xlabel="x of the centre")
    lines = {
        (loss, y, shape): two_boxes.along(loss, grid, y, shape)
        for loss in two_boxes.LOSSES
        for y in range(-2, 3)
        for shape in two_boxes.SHAPES
    }

    def update(loss: str, shape: str, x: float, y: int) -> str:
        here, box = two_boxes.touch(loss, x, y, shape), two_boxes.box_at(x, y, shape)
        outline.set_data(*_outline(box))
        arrows.set_data(*_arrows(box, here.slope, two_boxes.steepest(loss)))
        handle.set_data([x], [y])
        plain.set_ydata(lines["IoU", y, shape])
        curve.set_ydata(lines[loss, y, shape])
        dot.set_data([x], [here.value])
        name.set_text("L1, the mean over the corners" if loss == "L1" else f"{loss} loss")
        overlap = 1 - two_boxes.touch("IoU", x, y, shape).value
        pulled = "no edge is pulled" if not here.slope.any() else "edges are pulled"
        moved = (
            f"a shift changes it by {written(here.shift[0], 3)} a unit to the right and by "
            f"{written(here.shift[1], 3)} upwards"
        )
        return f"IoU {overlap:.3f}. {loss} loss {here.value:.3f}: {pulled}; {moved}."

    return Explorer(
        figure,
        update,
        name="box-drag",
        controls={
            "loss": Choice(list(two_boxes.LOSSES), value="IoU", label="loss"),
            "shape": Choice(list(two_boxes.SHAPES), value="small and upright", label="box"),
            "x": Slider(-5, 5, step=0.5, value=-4.5, label="x of the centre"),
            "y": Slider(-2, 2, step=1, value=1, label="y of the centre"),
        },
        handles=[Handle(handle, x="x", y="y")],
        predict=Predict(
            "It stays as it is.",
            "As long as the boxes share no area IoU is 0, so the loss is 1, and no edge is pulled.",
            options=["It falls by as much at every step.", "It falls faster and faster.", "It stays as it is."],
        ),
        challenge=Challenge(
            "Find a place at which GIoU would not move the box, in no direction, and DIoU would.",
            lambda loss, shape, x, y: bool(
                not two_boxes.touch("GIoU", x, y, shape).shift.any()
                and two_boxes.touch("DIoU", x, y, shape).shift.any()
            ),
        ),
        caption="Drag the dot. Arrows show where descent moves each edge of the box, for every loss in units of its "
        "own steepest place. Go through the five losses with the box apart from the target, then with it inside. Look "
        "for places without an arrow, and for places where opposite arrows cancel.",
        alt="Left, a wide target and a small upright box to the left of it, apart, with no arrows. Right, the IoU loss "
        "over the place of the box: 1 on both sides, lower only where the boxes overlap.",
    )


# ── Anchors ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def anchors_at_work() -> Explorer:
    """A grid of anchors and one object: who answers for it, who is ignored, who is background and who is mined."""
    figure, axis = subplots(figsize=(5.0, 3.9))
    places = anchor_grid.centres()
    (thing,) = axis.plot([0], [0], color=palette.truth, lw=2.4)
    axis.plot(*_outline(anchor_grid.anchors()[0]), color=palette.muted, lw=1, ls=":")
    axis.text(1.9, -1.7, "one anchor", color=palette.muted, va="bottom", fontsize="small")
    looks: dict[str, dict[str, Any]] = {
        "positive": {"marker": "s", "ms": 12, "color": palette.model, "mfc": palette.model},
        "ignored": {"marker": "o", "ms": 9, "color": palette.data, "mfc": "none"},
        "negative": {"marker": "o", "ms": 3.5, "color": palette.data, "mfc": palette.data},
        "mined": {"marker": "X", "ms": 10, "color": palette.gradient, "mfc": palette.gradient},
    }
    dots = [axis.plot(*place, **looks["negative"])[0] for place in places]
    shown = ["negative"] * len(dots)
    (handle,) = axis.plot([3], [3], "o", color=palette.outlier, ms=8, zorder=5)
    axis.set(xlim=(-1.9, 7.9), ylim=(-1.9, 9.3), aspect="equal", xlabel="x", ylabel="y")
    axis.set_xticks([0, 2, 4, 6])
    axis.set_yticks([0, 2, 4, 6])
    words = {
        "positive": "answer for it",
        "ignored": "ignored",
        "negative": "other background",
        "mined": "background, mined",
    }
    counts = {}
    for key, (x, y) in zip(words, ((-1.6, 8.9), (-1.6, 8.25), (3.0, 8.25), (3.0, 8.9)), strict=True):
        axis.plot([x], [y], ls="none", **{**looks[key], "ms": min(looks[key]["ms"], 8)})
        counts[key] = axis.text(x + 0.4, y, "", color=palette.ink, va="center", fontsize="small")

    def update(rule: str, side: float, x: float, y: float) -> str:
        found = anchor_grid.roles(x, y, side, rule)
        thing.set_data(*_outline(anchor_grid.square(x, y, side)))
        handle.set_data([x], [y])
        roles = zip(found.positive, found.ignored, found.mined, strict=True)
        for number, (positive, ignored, mined) in enumerate(roles):
            key = "positive" if positive else "ignored" if ignored else "mined" if mined else "negative"
            if key != shown[number]:  # most marks stay as they are: those that do are not drawn again
                dots[number].set(**looks[key])
                shown[number] = key
        positive, ignored, negative, mined = found.counts
        for key, count in zip(looks, (positive, ignored, negative - mined, mined), strict=True):
            says = "answers for it" if key == "positive" and count == 1 else words[key]
            counts[key].set_text(f"{count} {says}")
        best = "" if found.by_threshold else " Only because it is the best one: none reaches the threshold."
        answer, are = "answers" if positive == 1 else "answer", "is" if ignored == 1 else "are"
        return (
            f"{rule}: {positive} of {len(places)} anchors {answer} for the object, {ignored} {are} ignored, {negative} "
            f"are background, and mining keeps {mined} of these. Largest IoU {found.best:.2f}.{best}"
        )

    return Explorer(
        figure,
        update,
        name="anchors-at-work",
        controls={
            "rule": Choice(list(anchor_grid.RULES), value="SSD", label="thresholds of"),
            "side": Slider(values=(2, 3, 4, 5), value=4, label="side of the object"),
            "x": Slider(1, 5, step=0.5, value=3.0, label="x of the object"),
            "y": Slider(1, 5, step=0.5, value=3.0, label="y of the object"),
        },
        handles=[Handle(handle, x="x", y="y")],
        predict=Predict(
            anchor_grid.roles(3.0, 3.0, 4, "SSD").counts[0],
            "The one in the middle and its four neighbours. A step along the diagonal is too far already.",
            unit="anchors",
        ),
        challenge=Challenge(
            "Find an object that only one anchor answers for, and only because it is the best one.",
            lambda rule, side, x, y: (
                anchor_grid.roles(x, y, side, rule).by_threshold == 0
                and anchor_grid.roles(x, y, side, rule).counts[0] == 1
            ),
        ),
        caption="Each mark is the centre of an anchor of side 3.5; the square is the object. Drag the dot, change the "
        "size and the thresholds, and watch how few anchors answer. Crosses are the background anchors that 3 : 1 "
        "mining would keep, for a detector that is taken to doubt an anchor the more, the more it overlaps the object, "
        "and a little by chance.",
        alt="A grid of 49 dots with a square object over its middle. Five squares in the middle answer for it, fifteen "
        "crosses lie around them, the other dots are small.",
    )


# ── Four detectors ───────────────────────────────────────────────────────────────────────────────────────────────────

WEIGHTS = (0.1, 0.3, 1.0, 3.0, 10.0)


def detector_terms() -> Explorer:
    """One scene through four losses: the terms of each, and their shares of the gradient."""
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.4), width_ratios=[1, 1.25])
    left.plot(*_outline(three_boxes.OBJECTS), color=palette.truth, lw=2.4)
    (boxes,) = left.plot([0], [0], color=palette.model, lw=1.1)
    for name, (x1, _, x2, y2) in zip(three_boxes.NAMES, three_boxes.OBJECTS, strict=True):
        plate = {"fc": palette.background, "ec": "none", "pad": 1.0}
        left.text((x1 + x2) / 2, y2 + 1.5, name, color=palette.truth, va="top", ha="center", bbox=plate)
    left.set(xlim=(-8, 72), ylim=(72, -8), aspect="equal", title="the scene, and who gets a pull", xlabel="x")
    left.set_xticks([0, 32, 64])
    left.set_yticks([0, 32, 64])
    rows = np.arange(5)[::-1]
    bars = right.barh(rows, np.zeros(5), color=palette.gradient, alpha=0.75, height=0.55)
    names = [right.text(0, row + 0.32, "", color=palette.ink, va="bottom", fontsize="small") for row in rows]
    values = [right.text(0, row, "", color=palette.ink, va="center", fontsize="small") for row in rows]
    right.set(xlim=(0, 1.22), ylim=(-0.5, 4.75), xlabel="share of the gradient", xticks=[0, 0.5, 1], yticks=[])

    def update(detector: str, done: float, weight: float) -> str:
        boxes.set_data(*_outline(three_boxes.answering(detector, done)))
        found, terms = three_boxes.terms(detector, done, weight), three_boxes.DETECTORS[detector]
        total, *costs = (powers_of_ten(f"{cost:.3g}") for cost in (found.cost.sum(), *found.cost))
        for k, (bar, name, value) in enumerate(zip(bars, names, values, strict=True)):
            there = k < len(terms)
            share = float(found.share[k]) if there else 0.0
            bar.set_width(share)
            name.set_text(f"{terms[k]}: costs {costs[k]}" if there else "")
            value.set_x(share + 0.02)
            value.set_text(f"{share:.0%}" if there else "")
        listed = ", ".join(
            f"{term} {cost} ({share:.0%})" for term, cost, share in zip(terms, costs, found.share, strict=True)
        )
        return f"{detector} costs {total}: {listed} of the gradient."

    return Explorer(
        figure,
        update,
        name="detector-terms",
        controls={
            "detector": Choice(list(three_boxes.DETECTORS), value="SSD", label="detector"),
            "done": Choice(three_boxes.MOMENTS, value=0.0, label="moment"),
            "weight": Slider(values=WEIGHTS, value=1.0, label="weight of the boxes, times the published one"),
        },
        caption="Thick: the three objects; thin: the predicted boxes that answer for one. On the right, for each term "
        "what it costs, and as a bar the summed sizes of its slopes in what the network puts out, as a share of all. "
        "Go through the four detectors, change the weight, then the moment.",
        alt="Left, boxes of a dog, a bicycle and a van, with thin boxes over them. Right, two bars: the classification "
        "of SSD has two thirds of the gradient before training, the localisation one third.",
    )


# ── One cell of YOLO ─────────────────────────────────────────────────────────────────────────────────────────────────


def one_cell() -> Explorer:
    """One cell of YOLO v1: two boxes that are moved, the responsible one, and the five terms."""
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.6), width_ratios=[1, 1.2])
    left.plot(*_outline(yolo_cell.corners(yolo_cell.OBJECT)), color=palette.truth, lw=2.6)
    left.text(0.5, 0.285, "object", color=palette.truth, ha="center", va="top")
    lines = [left.plot([0], [0], color=palette.model, lw=2)[0] for _ in range(2)]
    dots = [left.plot([0], [0], "o", color=palette.outlier, ms=11)[0] for _ in range(2)]
    letters = [left.text(0, 0, letter, color=palette.model, va="bottom", ha="center") for letter in "AB"]
    left.set(xlim=(-0.12, 1.12), ylim=(-0.02, 1.2), aspect="equal", title="one cell (thick: responsible)", xlabel="x")
    left.set_xticks([0, 0.5, 1])
    left.set_yticks([0, 0.5, 1])
    terms = three_boxes.DETECTORS["YOLO v1"]
    rows = np.arange(5)[::-1]
    bars = right.barh(rows, np.zeros(5), color=palette.loss, alpha=0.75, height=0.6)
    texts = [right.text(0, row, "", color=palette.ink, va="center") for row in rows]
    right.set_yticks(rows, terms)
    right.set(xlim=(0, 1.2), ylim=(-0.6, 4.6), xlabel="cost, weights included", xticks=[0, 0.5, 1])

    def update(first: float, second: float, size: float, roots: bool) -> str:
        found = yolo_cell.cell(first, second, size, roots=roots)
        for k, (line, dot, letter, box) in enumerate(zip(lines, dots, letters, found.boxes, strict=True)):
            corners = yolo_cell.corners(box)
            line.set_data(*_outline(corners))
            line.set_linewidth(3.2 if k == found.responsible else 1.1)
            dot.set_data([box[0]], [box[1]])
            letter.set_position((box[0], corners[3] + 0.02))
        for bar, text, cost in zip(bars, texts, found.terms, strict=True):
            bar.set_width(cost)
            text.set_x(cost + 0.03)
            text.set_text(f"{cost:.3f}")
        own, other = "AB"[found.responsible], "BA"[found.responsible]
        why = "" if found.overlap.any() else " neither overlaps, so by the smaller error"
        return (
            f"IoU of A {found.overlap[0]:.3f}, of B {found.overlap[1]:.3f}:{why} {own} is responsible, and {other} "
            f"gets no gradient for its box. Size term {found.terms.size:.3f} {'with' if roots else 'without'} square "
            f"roots; total {found.terms.total:.3f}."
        )

    return Explorer(
        figure,
        update,
        name="yolo-cell",
        controls={
            "first": Slider(0.1, 0.9, step=0.1, value=0.3, label="x of A"),
            "second": Slider(0.1, 0.9, step=0.1, value=0.8, label="x of B"),
            "size": Slider(values=(0.1, 0.2, 0.4, 0.6), value=0.4, label="width of A"),
            "roots": Toggle(True, label="square roots of sizes"),
        },
        handles=[Handle(dots[0], x="first"), Handle(dots[1], x="second")],
        caption="The grid has one cell here, which predicts two boxes, A and B, and there is one object. Drag their "
        "dots: the box that overlaps the object more is responsible, or if neither does, the one with the smaller "
        "error. Make it change hands, and watch the term of the confidence, whose target is the IoU itself. Then take "
        "the square roots away.",
        alt="Left, an object, a flat box A that is responsible, drawn thick, and an upright box B. Right, five bars: "
        "centre 0.213, size 0.064, objects, background and classes.",
    )


# ── The flood of easy negatives ──────────────────────────────────────────────────────────────────────────────────────


def _count(value: float) -> str:
    """Three digits, and no powers of ten."""
    if value < 1e-3:
        return "less than 0.001"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


SOME = "less than half of it"
GUESSED = ["nearly all of it", "about three quarters", SOME]


def easy_negatives() -> Explorer:
    """What ten objects pull against very many anchors of background, for each γ of focal loss."""
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.4))
    grid = np.linspace(0.004, 0.996, 125)
    (curve,) = left.plot(grid, grid, color=palette.gradient, lw=2.4)
    (dot,) = left.plot([0.5], [0.5], "o", color=palette.outlier, ms=10)
    left.set(xlim=(0, 1), ylim=(-0.03, 1.15), xlabel="predicted p̂ of an object", title="pull of one background anchor")
    bars = right.barh([1, 0], [1, 1], color=[palette.truth, palette.gradient], alpha=0.75, height=0.5, left=1e-3)
    names = [right.text(1.3e-3, row + 0.3, "", color=palette.ink, va="bottom", fontsize="small") for row in (1, 0)]
    right.set_xscale("log")
    right.set(xlim=(1e-3, 3e5), ylim=(-0.45, 1.75), yticks=[], xlabel="summed pull", title="all of them")
    right.set_xticks([1e-2, 1, 1e2, 1e4])
    pulls = {gamma: np.array([anchor_grid.pull(float(p), 0, gamma, None) for p in grid]) for gamma in (0, 0.5, 1, 2, 5)}

    left_of_it = anchor_grid.pull(0.5, 0, 2, None) / anchor_grid.pull(0.5, 0, 0, None)

    def update(gamma: float, p: float, power: int) -> str:
        found = anchor_grid.flood(10**power, p, gamma)
        curve.set_ydata(pulls[gamma])
        dot.set_data([p], [found.one_background])
        for bar, total in zip(bars, (found.objects, found.background), strict=True):
            bar.set_width(max(total - 1e-3, 0.0))
        names[0].set_text(f"10 objects, p̂ = 0.1: {_count(found.objects)}")
        names[1].set_text(f"{10**power:,} background: {_count(found.background)}")
        times = found.background / found.objects
        more = f"{_count(times)} times as much" if times >= 1 else f"{_count(times)} of that"
        what = "Cross-entropy" if gamma == 0 else f"Focal loss, γ = {gamma:g}"
        return (
            f"{what}: ten objects pull with {_count(found.objects)}, {10**power:,} background anchors at p̂ = {p:g} "
            f"with {_count(found.background)}, {more}."
        )

    return Explorer(
        figure,
        update,
        name="easy-negatives",
        controls={
            "gamma": Slider(values=(0, 0.5, 1, 2, 5), value=0, label="γ"),
            "p": Slider(values=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5), value=0.5, label="p̂ of the background anchors"),
            "power": Slider(2, 5, step=1, value=4, label="background anchors, as a power of ten"),
        },
        handles=[Handle(dot, x="p")],
        challenge=Challenge(
            "Make 100,000 background anchors pull less than the ten objects.",
            lambda gamma, p, power: (
                power == 5
                and anchor_grid.flood(10**power, p, gamma).background < anchor_grid.flood(10**power, p, gamma).objects
            ),
        ),
        predict=Predict(
            SOME if 0.5 < left_of_it < 0.7 else GUESSED[0],
            f"{left_of_it:.0%} of it is left: at ½ an example is not easy, and its factor is ¼, on a slope that has "
            "become steeper.",
            options=GUESSED,
        ),
        caption="Left, how hard one background anchor pulls at its score. Right, ten anchors with an object, which the "
        "detector believes with 0.1, against the flood. Drag the dot to 0.01, which is what the prior bias does to a "
        "detector before its first step. Then put it back to ½ and see what γ alone can do.",
        alt="Left, a straight line: under cross-entropy the pull is the predicted probability itself, ½ at the dot. "
        "Right, two bars on a logarithmic scale: 9 for the objects, 5000 for the background.",
    )


# ── The run ──────────────────────────────────────────────────────────────────────────────────────────────────────────

SURE = 0.3
"""Boxes of at least this score are drawn."""


def film(courses: Sequence[Course] | None = None) -> Explorer:
    """The boxes that detectors draw into two unseen pictures on the way, and their average precision."""
    runs = [shape_pictures.imagined(name) for name in ("imagined", "again")] if courses is None else list(courses)
    seen = shape_pictures.pictures(2, 900)
    figure, axes = subplots(1, 3, figsize=(6.3, 2.7), width_ratios=[1, 1, 1.1])
    shown: list[dict[int, Any]] = []
    for picture, pixels in enumerate(seen.pixels):
        axis = axes[picture]
        axis.set_axis_off()
        grey = np.clip(0.5 + pixels / 3, 0, 1)
        axis.imshow(np.repeat(grey[..., np.newaxis], 3, axis=2), interpolation="none", extent=(0, 48, 48, 0))
        for box in seen.boxes[picture]:
            axis.add_patch(Rectangle(box[:2], *(box[2:] - box[:2]), fill=False, ec=palette.truth, lw=1.2, ls=":"))
        kinds = {}
        for kind, style in enumerate(("-", "--")):
            kinds[kind] = axis.plot([0], [0], style, color=palette.outlier, lw=2)[0]
        axis.set(xlim=(-2, 50), ylim=(50, -2))
        shown.append(kinds)
    axes[0].set_title("solid: “ring”")
    axes[1].set_title("dashed: “square”")
    right = axes[2]
    steps = runs[0].steps
    places = np.arange(len(steps))
    for run in runs:
        right.plot(places, run.ap, color=palette.muted, lw=1, alpha=0.6)
    (curve,) = right.plot(places, places, color=palette.model, lw=2.4)
    (dot,) = right.plot([0], [0], "o", color=palette.model, ms=9)
    right.set(ylim=(-0.05, 1.05), xlabel="step", title="average precision")
    right.set_xticks(places[:: max(1, len(places) // 4)], [str(step) for step in steps[:: max(1, len(places) // 4)]])
    names = {run.name: k for k, run in enumerate(runs)}

    def update(run: int, frame: int) -> str:
        course = runs[run]
        drawn = 0
        for picture, kinds in enumerate(shown):
            for kind, line in kinds.items():
                boxes, scores = course.frames[frame][kind][picture]
                sure = boxes[scores >= SURE]
                drawn += len(sure)
                line.set_data(*(_outline(sure) if len(sure) else ([np.nan], [np.nan])))
        curve.set_ydata(course.ap)
        dot.set_data([frame], [course.ap[frame]])
        objects = sum(map(len, seen.boxes))
        return (
            f"{course.name}, after {steps[frame]} steps: {drawn} boxes of a score of {SURE} or more for {objects} "
            f"objects; average precision on 60 unseen pictures {course.ap[frame]:.2f}."
        )

    last = len(steps) - 1
    return Explorer(
        figure,
        update,
        name="detector-film",
        controls={
            "run": Choice(names, value=min(1, len(runs) - 1), label="run"),
            "frame": Play(0, last, value=last, label="frame", interval=700),
        },
        caption="Two pictures that no run has seen; dotted: the objects, thick: boxes of a score of 0.3 or more, after "
        "non-maximum suppression. Go back to frame 0, press play, and compare the runs. Right, average precision; thin "
        "lines are the other runs.",
        alt="Two noisy grey pictures with shapes, most of them framed by a box of the detector. Right, average "
        "precision over the steps, which rises from 0 towards 1.",
    )
