"""The figures and explorers of the chapter on segmentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle
from numpy.typing import NDArray

from lossbook.analysis import class_areas, overlaps, pixel_pulls, rims
from lossbook.core import Floats
from lossbook.explorer import Challenge, Choice, Explorer, Handle, Predict, Slider, palette, subplots
from lossbook.figures.wording import written


def _bare(axis: Any, title: str = "", size: str = "medium") -> Any:
    """Axes of a picture: a frame, and nothing to read off it."""
    axis.set_title(title, fontsize=size)
    axis.set(xticks=[], yticks=[])
    return axis


def _hang(axis: Any, picture: Floats, title: str = "", size: str = "medium") -> Any:
    return _bare(axis, title, size).imshow(picture, interpolation="none")


TINTS = 20  # as many as an eye tells apart in a map, and few bytes


def _tinted(share: Floats, colour: str) -> Floats:
    """White where `share` is 0, the colour where it is 1."""
    steps = np.round(np.clip(share, 0, 1) * TINTS) / TINTS
    return np.asarray(1 - steps[..., np.newaxis] * (1 - np.array(to_rgb(colour))))


def _veil(mask: NDArray[np.bool_], colour: str) -> Floats:
    """The colour on a mask, and the page everywhere else."""
    return np.concatenate([np.broadcast_to(to_rgb(colour), (*mask.shape, 3)), mask[..., np.newaxis]], axis=-1)


def _outline(mask: Floats) -> tuple[list[float], list[float]]:
    """The edge of a mask as a line of steps, in the pixels of `imshow`; pieces are parted by NaN."""
    padded = np.pad(mask, 1)
    x: list[float] = []
    y: list[float] = []
    for row, column in np.argwhere(padded[1:] != padded[:-1]):
        x += [column - 1.5, column - 0.5, np.nan]
        y += [row - 0.5, row - 0.5, np.nan]
    for row, column in np.argwhere(padded[:, 1:] != padded[:, :-1]):
        x += [column - 0.5, column - 0.5, np.nan]
        y += [row - 1.5, row - 0.5, np.nan]
    return x, y


# ── Two shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────

BARS = ("wrong pixels", "Dice loss", "Jaccard loss", "Tversky .3, .7", "Tversky .7, .3")
SQUARES = (2, 4, 6, 8, 12)


def two_shapes() -> Explorer:
    """A square dragged over a disc, and five losses of it."""
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.2))
    truth = overlaps.disc()
    starts, ends = truth.argmax(axis=1), truth.shape[1] - truth[:, ::-1].argmax(axis=1)
    filled = np.flatnonzero(truth.any(axis=1))
    rows = np.repeat(filled, 2) + np.tile([-0.5, 0.5], len(filled))
    x = np.concatenate([np.repeat(ends[filled], 2), np.repeat(starts[filled], 2)[::-1]]) - 0.5
    left.fill(x, np.concatenate([rows, rows[::-1]]), color=palette.truth, alpha=0.45, lw=0)
    _bare(left).set(xlim=(-0.5, overlaps.SIDE - 0.5), ylim=(overlaps.SIDE - 0.5, -0.5), aspect="equal")
    (edge,) = left.plot([0], [0], color=palette.model, lw=2.2)
    (grip,) = left.plot([0], [0], "o", color=palette.outlier, ms=8)
    rows = np.arange(len(BARS))[::-1]
    bars = right.barh(rows, np.zeros(len(BARS)), color=palette.loss, alpha=0.75, height=0.6)
    texts = [right.text(0, row, "", va="center", color=palette.ink, fontsize="small") for row in rows]
    right.set(xlim=(0, 1.3), ylim=(-0.6, 4.6), xlabel="loss", xticks=[0, 0.5, 1])
    right.set_yticks(rows, BARS)
    right.tick_params(axis="y", length=0)

    def update(right_by: int, down_by: int, side: int) -> str:
        mask = overlaps.square(int(right_by), int(down_by), int(side))
        found = overlaps.judgement(mask, truth)
        x, y = overlaps.CENTRE + right_by, overlaps.CENTRE + down_by
        half = side / 2
        edge.set_data(
            [x - half, x + half, x + half, x - half, x - half], [y - half, y - half, y + half, y + half, y - half]
        )
        grip.set_data([x], [y])
        for bar, text, value in zip(
            bars, texts, (found.wrong, found.dice, found.jaccard, found.tversky, found.turned), strict=True
        ):
            bar.set_width(value)
            text.set_x(value + 0.03)
            text.set_text(f"{value:.3f}")
        return (
            f"Precision {found.precision:.3f}, recall {found.recall:.3f}. Dice loss {found.dice:.3f}, Jaccard loss "
            f"{found.jaccard:.3f}; {found.wrong:.1%} of the pixels are wrong; boundary loss "
            f"{written(found.boundary, 3)} pixels."
        )

    def goal(right_by: int, down_by: int, side: int) -> bool:
        found = overlaps.judgement(overlaps.square(int(right_by), int(down_by), int(side)), truth)
        return found.recall == 0 and found.wrong < 0.06

    return Explorer(
        figure,
        update,
        name="two-shapes",
        controls={
            "right_by": Slider(-10, 10, step=2, value=4, label="square, to the right", unit="px"),
            "down_by": Slider(-8, 8, step=4, value=0, label="square, down", unit="px"),
            "side": Slider(values=SQUARES, value=8, label="side of the square", unit="px"),
        },
        handles=[Handle(grip, x="right_by", y="down_by")],
        predict=Predict(
            round(1 / 3, 3),
            "Two squares of one size share half of their pixels: the union is one and a half squares, and half a "
            "square is a third of it.",
        ),
        challenge=Challenge("Hit no pixel of the object, and have more than 94 % of all pixels right.", goal),
        caption="The object (filled) is a disc of 52 pixels of 1,024. Drag the square, the mask that is predicted, and "
        "change its size. Dice and Jaccard always agree on which of two masks is better; the wrong pixels need not. "
        "Once the shapes are apart, all four losses of overlap are 1 at any distance; the boundary loss in the line "
        "below the picture is not.",
        alt="Left, a pale disc and the outline of a square that covers half of it. Right, five bars: few pixels are "
        "wrong, the losses of overlap are near one half.",
    )


# ── Both denominators ────────────────────────────────────────────────────────────────────────────────────────────────


def soft_target() -> Explorer:
    """Dice with both denominators over one probability for all pixels, for a soft target."""
    figure, axis = subplots(figsize=(5.0, 3.4))
    grid = np.linspace(0.005, 1, 200)
    (linear,) = axis.plot(grid, grid, color=palette.loss, lw=2.2)
    (squared,) = axis.plot(grid, grid, "--", color=palette.density, lw=2.2)
    wanted = axis.axvline(0.4, color=palette.truth, lw=1.6, ls=":")
    (dot,) = axis.plot([1], [0], "o", color=palette.loss, ms=9)
    (other,) = axis.plot([0.4], [0], "o", color=palette.density, ms=9)
    names = axis.text(0, 1.02, "target", color=palette.truth, ha="center", fontsize="small")
    axis.text(0.99, 0.9, "linear denominator", color=palette.loss, ha="right", fontsize="small")
    axis.text(0.99, 0.81, "squared (dashed)", color=palette.density, ha="right", fontsize="small")
    axis.set(xlim=(0, 1.02), ylim=(-0.03, 1.1), xlabel="probability predicted in every pixel", ylabel="Dice loss")

    def update(target: float) -> str:
        curves = rims.soft_target(grid, target)
        linear.set_ydata(curves.linear)
        squared.set_ydata(curves.squared)
        wanted.set_xdata([target, target])
        names.set_x(target)
        ends = rims.soft_target([target, 1.0], target)
        dot.set_data([1.0], [ends.linear[1]])
        other.set_data([target], [ends.squared[0]])
        return (
            f"Target {target:.2f} in every pixel. The linear form costs {ends.linear[0]:.3f} for {target:.2f} itself "
            f"and {ends.linear[1]:.3f} for 1; the squared form {ends.squared[0]:.3f} and {ends.squared[1]:.3f}."
        )

    return Explorer(
        figure,
        update,
        name="soft-target",
        controls={"target": Slider(values=(0.1, 0.2, 0.3, 0.42, 0.5, 0.6, 0.7, 0.8, 0.9), value=0.42, label="target")},
        predict=Predict(
            1.0,
            "1: the linear form falls all the way. Only the squared one has its minimum at the target.",
        ),
        caption="Every pixel of a target is a share, as after resizing a mask. Dots: the smallest loss of each form. "
        "Move the target: the linear form wants 1 wherever it is.",
        alt="Two curves over the predicted probability. The solid one falls to 0.41 at probability 1. The dashed "
        "one falls to 0 at 0.42 and rises again.",
    )


# ── An uncertain rim ─────────────────────────────────────────────────────────────────────────────────────────────────

LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
PEAKS = (0.3, 0.4, 0.6, 0.8, 0.9, 1.0)
BLURS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4)


def uncertain_rim() -> Explorer:
    """A round object with an uncertain rim, and the masks that three losses want."""
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.3))
    shades = [left.add_patch(Circle((0, 0), 1, facecolor=palette.truth, alpha=0.16, lw=0)) for _ in LEVELS]
    grid = np.linspace(0, 3, 151)
    (curve,) = right.plot(grid, grid, color=palette.truth, lw=2.2)
    styles = {"likely": (palette.ink, ":"), "dice": (palette.loss, "-"), "tversky": (palette.density, "--")}
    circles, marks = {}, {}
    for key, (colour, line) in styles.items():
        circles[key] = left.add_patch(Circle((0, 0), 1, fill=False, edgecolor=colour, ls=line, lw=2.2))
        marks[key] = right.plot([0, 1], [0.5, 0.5], line, color=colour, lw=1.8)[0]
    _bare(left).set(xlim=(-2.6, 2.6), ylim=(-2.6, 2.6), aspect="equal")
    words = {"likely": "½ (dotted)", "dice": "Dice", "tversky": "Tversky (dashed)"}
    texts = {
        key: right.text(2.97, 0, words[key], color=styles[key][0], ha="right", va="bottom", fontsize="small")
        for key in styles
    }
    right.set(xlim=(0, 3), ylim=(0, 1.08), xlabel="distance from the centre", title="probability; the cuts")

    def update(peak: float, blur: float) -> str:
        found = rims.rim(peak, blur)
        curve.set_ydata(rims.profile(grid, peak, blur))
        for shade, level in zip(shades, LEVELS, strict=True):
            shade.set_radius(rims.radius(level, peak, blur))
        cuts = {"likely": 0.5, "dice": found.dice.value / 2, "tversky": 0.3 * found.tversky.value}
        for key, cut in cuts.items():
            reach = rims.radius(cut, peak, blur)
            circles[key].set_radius(reach)
            marks[key].set_data([0, reach if reach else 3, reach if reach else 3], [cut, cut, 0 if reach else cut])
            texts[key].set_y(cut + 0.005)
        return (
            f"Best expected Dice {found.dice.value:.3f}, so Dice takes pixels from {found.dice.value / 2:.3f} on: "
            f"{found.dice.share:.1%} of the picture. From ½ on it is {found.likely:.1%}, under Tversky "
            f"{found.tversky.share:.1%}. The object covers {found.expected:.1%} in expectation."
        )

    return Explorer(
        figure,
        update,
        name="uncertain-rim",
        controls={
            "peak": Slider(values=PEAKS, value=0.9, label="probability in the middle"),
            "blur": Slider(values=BLURS, value=0.2, label="blur of the rim"),
        },
        challenge=Challenge(
            "Find an object of which no pixel is more likely than not, and Dice marks more than 10 % of the picture.",
            lambda peak, blur: rims.rim(peak, blur).likely == 0 and rims.rim(peak, blur).dice.share > 0.1,
        ),
        caption="The darker, the more probable; every pixel for itself, in a picture large enough that sums are as "
        "good as their expectations. Rings: the masks of pixels above ½ (dotted), of the best Dice, and of "
        "the best Tversky index with 0.3 and 0.7 (dashed). Blur the rim and watch Dice's cut sink: it is half of what "
        "Dice can still reach.",
        alt="Left, a shaded round spot with three rings; the dotted one is the smallest, the dashed one the largest. "
        "Right, probability over the distance, a falling curve with three cuts, at ½, at 0.36 and at 0.23.",
    )


# ── Pixels pull ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _signed(pulls: Floats) -> Floats:
    """Red toward the object, grey away from it, each map in its own scale."""
    most = np.abs(pulls).max()
    share = np.abs(pulls) / most if most > 0 else pulls
    toward = (pulls > 0)[..., np.newaxis]
    return np.asarray(np.where(toward, _tinted(share, palette.gradient), _tinted(share, palette.data)))


def pixels_pull() -> Explorer:
    """What five losses pull at, pixel by pixel."""
    figure, axes = subplots(3, 2, figsize=(4.4, 6.4))
    figure.get_layout_engine().set(hspace=0.08)  # type: ignore[union-attr]
    flat = list(axes.ravel())
    blank = np.ones((pixel_pulls.SIDE, pixel_pulls.SIDE, 3))
    shown = _hang(flat[0], blank, "predicted")
    (edge,) = flat[0].plot([], [], color=palette.truth, lw=1.8)
    maps, texts = {}, {}
    for axis, loss in zip(flat[1:], pixel_pulls.LOSSES, strict=True):
        maps[loss] = _hang(axis, blank, loss)
        texts[loss] = axis.text(0.5, -0.04, "", color=palette.ink, ha="center", va="top", transform=axis.transAxes)
    figure.supxlabel("outlined: the object", color=palette.truth, fontsize="medium")  # and so a phone shows all maps
    flat[0].text(0.02, -0.04, "pulled up", color=palette.gradient, va="top", transform=flat[0].transAxes)
    flat[0].text(0.98, -0.04, "down", color=palette.data, ha="right", va="top", transform=flat[0].transAxes)

    def update(stage: str, present: str, smooth: float) -> str:
        there = present == "object"
        mask, place = pixel_pulls.truth(there), pixel_pulls.truth(True)
        shown.set_data(_tinted(pixel_pulls.probability(stage), palette.model))
        edge.set_data(*(_outline(mask) if there else ([], [])))
        said = []
        for loss, image in maps.items():
            pulls = pixel_pulls.pull(loss, stage, there, smooth)
            image.set_data(_signed(pulls))
            found = pixel_pulls.summed(pulls, place if there else mask)
            share = f"object {found.share:.1%}" if there else "no object"
            texts[loss].set_text(share if found.size else "no pull")
            said.append(f"{loss} {found.size:.4f}")
        return f"All pulls of a picture added up: {', '.join(said)}."

    return Explorer(
        figure,
        update,
        name="pixels-pull",
        controls={
            "stage": Choice(list(pixel_pulls.STAGES), value="start at ½", label="stage"),
            "present": Choice(["object", "empty"], value="object", label="picture"),
            "smooth": Choice({"0": 0.0, "1": 1.0}, value=0.0, label="ε of Dice"),
        },
        predict=Predict(
            "less than 1 %",
            "Every pixel of the ground is pulled about as hard as one of the object, and there are a hundred times as "
            "many.",
            options=["about 99 %", "about half", "less than 1 %"],
        ),
        caption="Nine object pixels of 1,024. The first map is what the network says, with the object outlined. The "
        "others show where a pixel's logit is pulled up, toward the object, and where it is pushed down, each in a "
        "scale of its own. Below each stands the share of the pull that falls on the object. Start at the prior "
        "instead of at ½ and look at cross-entropy. Then empty the picture, and change ε.",
        alt="Six square maps. The prediction is nearly even. Cross-entropy and focal loss push nearly everywhere, both "
        "Dice losses have nine pixels that stand out, the Lovász hinge a few single ones.",
    )


# ── Classes of other sizes ───────────────────────────────────────────────────────────────────────────────────────────

AREAS = (0, 1, 2, 4, 8, 16, 32, 64, 128)
KINDS = {"1/size²": "squared", "1/size": "linear", "none": "none", "1/(size + 10⁻¹⁰)²": "naive"}


def gdl_areas() -> Explorer:
    """Three classes, one of them shrinking, and the share of each in the slopes of generalised Dice."""
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.6))
    image = _hang(left, np.ones((class_areas.SIDE, class_areas.SIDE, 3)))
    bars = right.bar(np.arange(3), np.zeros(3), color=palette.gradient, alpha=0.75, width=0.6)
    texts = [right.text(k, 0, "", ha="center", va="bottom", color=palette.ink, fontsize="small") for k in range(3)]
    right.set(ylim=(0, 1.12), title="share of all slopes", yticks=[0, 0.5, 1])
    right.set_xticks(np.arange(3), class_areas.CLASSES)
    colours = np.array([to_rgb(colour) for colour in (palette.grid, palette.truth, palette.outlier)])

    def update(area: int, weights: str) -> str:
        image.set_data(colours[class_areas.masks(int(area)).argmax(axis=0)])
        found = class_areas.shares(int(area), weights)
        for bar, text, share in zip(bars, texts, found.of_slopes, strict=True):
            bar.set_height(share)
            text.set_y(share + 0.02)
            text.set_text(f"{share:.1%}")
        return (
            f"The small class has {area} pixels. Loss {found.loss:.4f}; all slopes together {written(found.size, 4)}, "
            f"{found.of_slopes[2]:.1%} of it for the small class."
        )

    return Explorer(
        figure,
        update,
        name="gdl-areas",
        controls={
            "area": Slider(values=AREAS, value=32, label="small class", unit="px"),
            "weights": Choice(KINDS, value="squared", label="weights"),
        },
        caption="Ground, a large class of 128 pixels and a small one between it and the ground. Everywhere the right "
        "class has probability 0.9, each other one 0.05. Shrink the small class to one pixel, then to none, and "
        "compare the weights.",
        alt="Left, a picture with a broad band and a narrow one. Right, three bars: nearly all of the "
        "slopes belong to the small class.",
    )


# ── The real run ─────────────────────────────────────────────────────────────────────────────────────────────────────


def masks_beside(pictures: Floats, truth: Floats, logits: Mapping[str, Floats]) -> Explorer:
    """Noisy pictures, and what some networks mark on them beside the outline of the truth."""
    names, count = list(logits), len(pictures)
    across = min(4, len(names) + 1)  # as many as a phone is wide; more networks hang in a band below
    bands = -(-len(names) // (across - 1))
    figure, axes = subplots(bands * count, across, figsize=(4.4, 0.92 * bands * count + 0.3))
    for band in range(bands):
        here = names[band * (across - 1) : (band + 1) * (across - 1)]
        for row in range(count):
            line = axes[band * count + row]
            grey = np.clip((pictures[row] + 1) / 3, 0, 1)
            _hang(line[0], np.repeat(grey[..., np.newaxis], 3, axis=2)).set_zorder(0)
            for axis, name in zip(line[1:], here, strict=False):
                _hang(axis, _veil(logits[name][row] > 0, palette.model))
                axis.plot(*_outline(truth[row]), color=palette.truth, lw=1.4)
            for axis in line[1 + len(here) :]:
                axis.set_axis_off()
        for axis, name in zip(axes[band * count], ["picture", *here], strict=False):
            axis.set_title(name, fontsize="medium")
    figure.supxlabel("outlined: the object", color=palette.truth, fontsize="medium")  # and so a phone shows all masks
    return Explorer(
        figure,
        lambda: "",
        name="speck-masks",
        controls={},
        caption="Pictures that no network has seen: the noisy input, and what each run marks (filled), beside the "
        "outline of the truth. One of them is empty.",
        alt=f"Rows of small square pictures: the noisy input, then the masks of {', '.join(names)}.",
    )
