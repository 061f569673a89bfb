"""The figures and explorers of the chapter on contrastive losses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from lossbook.analysis.embedding import Labels, Training, centred, linear_training, spread
from lossbook.analysis.postcards import (
    FRAMES,
    PAINTERS,
    STEPS,
    contrastive_slopes,
    descend,
    info_nce_slopes,
    mean_distances,
    own_neighbours,
    placed,
    pulls,
    settled,
    triplet_slopes,
)
from lossbook.core import Floats
from lossbook.explorer import Choice, Explorer, Handle, Play, Slider, palette, subplots
from lossbook.figures.wording import written
from lossbook.losses.contrastive_candidates import info_nce
from lossbook.losses.contrastive_pairs import contrastive, contrastive_grad
from lossbook.losses.scores import softmax

# ── Nine postcards ───────────────────────────────────────────────────────────────────────────────────────────────────

LOOKS: tuple[dict[str, Any], ...] = (
    {"marker": "o"},
    {"marker": "s", "mfc": "none", "mew": 1.8},
    {"marker": "^", "alpha": 0.6},
)
"""Painters differ by shape and filling: none of the colours of the book means a painter."""


class _Cards:
    """The nine cards in a picture, with a line that shows where each is pulled."""

    def __init__(self, axis: Any, reach: float, pulls: bool = True) -> None:
        axis.set(xlim=(-reach, reach), ylim=(-reach, reach), xlabel="z₁", ylabel="z₂", aspect="equal")
        self.pull = axis.plot([0, 0], [0, 0], color=palette.gradient, lw=1.6)[0] if pulls else None
        self.marks = [axis.plot([0], [0], ls="none", color=palette.data, ms=9, **look)[0] for look in LOOKS]

    def move(self, points: Floats, towards: Floats | None = None) -> None:
        for painter, mark in enumerate(self.marks):
            mark.set_data(points[painter == PAINTERS].T)
        if self.pull is not None and towards is not None:
            gaps = np.full_like(points, np.nan)
            self.pull.set_data(np.stack([points, towards, gaps], axis=1).reshape(-1, 2).T)


REMARKS = {
    "“same hand” only": "similar",
    "“different hands” only": "dissimilar",
    "both": "both",
}


REACH = 2.4  # of the table; no card leaves it


def postcards() -> Explorer:
    """Nine cards that a small network places after remarks about pairs only, as they lie or magnified."""
    figure, axis = subplots(figsize=(5.0, 4.2))
    cards = _Cards(axis, REACH, pulls=False)
    label = axis.text(-REACH + 0.1, REACH - 0.1, "", color=palette.muted, va="top")

    def update(step: int, remarks: str, magnified: bool) -> str:
        points = placed(remarks)[step]
        zoom = 0.85 * REACH / np.abs(centred(points)).max() if magnified else 1.0
        cards.move(zoom * centred(points) if magnified else points)
        label.set_text(f"magnified {zoom:.2g} times" if magnified else "")
        same, different = mean_distances(points)
        return (
            f"After {step * STEPS} steps the mean distance is {same:.3f} between cards by one painter and "
            f"{different:.3f} between cards by different painters; {own_neighbours(points)} of 9 cards lie nearest to "
            "one by their own painter."
        )

    return Explorer(
        figure,
        update,
        name="contrastive-postcards",
        controls={
            "step": Play(0, FRAMES, value=0, label="time", interval=160),
            "remarks": Choice(REMARKS, value="similar", label="remarks"),
            "magnified": Choice({"the table": False, "a magnifier": True}, value=False, label="seen through"),
        },
        caption="Nine postcards by three painters (circles, squares, triangles). Choose which remarks the network "
        "hears and press play. Watch both distances; then look at the end through the magnifier.",
        alt="Nine marks in a plane: squares and triangles mixed on the left, three circles on the right.",
    )


FIELDS: dict[str, tuple[str, Callable[[Floats], Floats]]] = {
    "contrastive, M = 1": ("contrastive", contrastive_slopes),
    "triplet, M = 1": ("triplet", triplet_slopes),
    "InfoNCE, T = 0.3": ("InfoNCE", info_nce_slopes),
}


@cache
def _field_path(loss: str) -> tuple[Floats, Floats]:
    slopes = {name: slope for name, slope in FIELDS.values()}[loss]
    path = descend(slopes)
    return path, pulls(slopes, path)


LONGEST = 0.8  # that a pull is drawn


def force_field() -> Explorer:
    """The nine cards pushed and pulled, step by step, under three losses."""
    figure, axis = subplots(figsize=(5.0, 4.2))
    cards = _Cards(axis, 2.6)

    def update(step: int, loss: str) -> str:
        path, pulled = _field_path(loss)
        strength = np.linalg.norm(pulled[step], axis=1, keepdims=True)
        drawn = pulled[step] * np.minimum(0.5, LONGEST / np.maximum(strength, LONGEST))
        cards.move(path[step], path[step] + drawn)
        same, different = mean_distances(path[step])
        moved = int((strength > 0.01).sum())
        return (
            f"After {step * STEPS} steps ({loss}): {moved} of 9 cards are still pulled; mean distance "
            f"{same:.3f} within a painter, {different:.3f} between painters."
        )

    return Explorer(
        figure,
        update,
        name="contrastive-force-field",
        controls={
            "step": Play(0, FRAMES, value=0, label="time", interval=160),
            "loss": Choice({text: name for text, (name, _) in FIELDS.items()}, value="contrastive", label="loss"),
        },
        caption="The line from each card shows where the loss pulls it: along the negative gradient, "
        "in proportion to it, long ones cut. "
        "Play each loss to its end. Under the contrastive and the triplet loss cards come to rest; InfoNCE looks at "
        "directions from the origin only, so cards line up on three rays.",
        alt="The nine scattered marks, each with a line in the direction in which the contrastive loss pulls it.",
    )


MARGINS = np.arange(0.0, 3.01, 0.25)


def margin_scale() -> Explorer:
    """Where the nine cards settle, margin by margin."""
    figure, (left, right) = subplots(1, 2)
    cards = _Cards(left, 3.0, pulls=False)
    ends = np.array([mean_distances(settled(margin)) for margin in MARGINS])
    right.plot(MARGINS, MARGINS, ":", color=palette.muted, lw=1)
    right.text(2.1, 1.75, "D = M", color=palette.muted, va="top")
    right.plot(MARGINS, ends[:, 1], color=palette.model)
    right.plot(MARGINS, ends[:, 0], "--", color=palette.model)
    right.text(0.05, 2.2, "different painters", color=palette.model)
    right.text(2.95, ends[-1, 0] + 0.12, "one painter (dashed)", color=palette.model, ha="right")
    marks = [right.plot([1], [1], "o", color=palette.model, ms=8)[0] for _ in range(2)]
    right.set(xlim=(-0.1, 3.1), ylim=(-0.2, 4.4), xlabel="margin M", ylabel="mean distance")
    left.set_title("where the cards settle")

    def update(margin: float) -> str:
        points = settled(margin)
        cards.move(points)
        both = mean_distances(points)
        for mark, distance in zip(marks, both, strict=True):
            mark.set_data([margin], [distance])
        return (
            f"With M = {margin:.2f} the cards settle at a mean distance of {both[0]:.3f} within a painter and "
            f"{both[1]:.3f} between painters."
        )

    return Explorer(
        figure,
        update,
        name="contrastive-margin-scale",
        controls={"margin": Slider(0, 3, step=0.25, value=1.0, label="margin M")},
        caption="The same nine free cards, left until they rest. Move M up: the heaps move apart, and each stays a "
        "heap. Move it down to 0: the heaps stop where chance put them, since no dissimilar pair is near enough to "
        "push.",
        alt="Left, three separate heaps of marks, one per painter. Right, mean distances over the margin: "
        "zero within a painter; between painters a curve that is flat at first and then rises with the margin.",
    )


# ── One pair ─────────────────────────────────────────────────────────────────────────────────────────────────────────

GRID = np.linspace(0, 2, 81)


def one_pair() -> Explorer:
    """Value and slope of the contrastive loss over the distance of one pair."""
    figure, (left, right) = subplots(1, 2)
    left.set(xlim=(0, 2), ylim=(-0.1, 2.1), xlabel="distance D", title="loss ℓ")
    right.set(xlim=(0, 2), ylim=(-2.2, 2.2), xlabel="distance D", title="slope dℓ/dD")
    right.axhline(0, color=palette.muted, lw=0.8)
    drawn: list[tuple[Any, Any, Any]] = []
    for axis, colour, function in ((left, palette.loss, contrastive), (right, palette.gradient, contrastive_grad)):
        (other,) = axis.plot(GRID, GRID, ":", color=palette.muted, lw=1.5)
        (curve,) = axis.plot(GRID, GRID, color=colour)
        (probe,) = axis.plot([0.3], [0.3], "o", color=colour, ms=10)
        drawn.append((curve, other, (probe, function)))
    edges = [axis.axvline(1, color=palette.muted, lw=0.8, ls="--") for axis in (left, right)]
    name = left.text(1.03, 1.95, "", color=palette.muted, va="center")

    def update(distance: float, margin: float, label: int) -> str:
        for curve, other, (probe, function) in drawn:
            for line, kind in ((curve, label), (other, 1 - label)):
                line.set_ydata(function(GRID, np.full(GRID.size, kind), margin=margin, reduction="none"))
            probe.set_data([distance], [function(distance, label, margin=margin)])
        for edge in edges:
            edge.set_xdata([margin, margin])
        name.set_position((margin + (0.04 if margin < 1.5 else -0.04), 1.95 if margin < 2 else 0.7))
        name.set_ha("left" if margin < 1.5 else "right")
        name.set_text(f"M = {margin:g}")
        value = float(contrastive(distance, label, margin=margin))
        slope = float(contrastive_grad(distance, label, margin=margin))
        verdict = "nothing pulls" if slope == 0 else "pulled together" if slope > 0 else "pushed apart"
        return (
            f"{'A dissimilar' if label else 'A similar'} pair at D = {distance:.1f} with M = {margin:g}: loss "
            f"{written(value, 3)}, slope {written(slope, 2)}, {verdict}."
        )

    return Explorer(
        figure,
        update,
        name="contrastive-one-pair",
        controls={
            "distance": Slider(0, 2, step=0.1, value=0.3, label="distance D"),
            "margin": Slider(values=[0.25, 0.5, 1.0, 1.5, 2.0], value=1.0, label="margin M"),
            "label": Choice({"similar (Y = 0)": 0, "dissimilar (Y = 1)": 1}, value=1, label="pair"),
        },
        handles=[Handle(probe, x="distance") for _, _, (probe, _) in drawn],
        caption="Drag the point, or choose the other kind of pair (dotted). For a dissimilar pair the slope is "
        "steepest at D = 0, not at the margin, and it is zero from the margin on.",
        alt="Left, the dissimilar branch falls from 0.5 at D = 0 to zero at the margin 1 and stays there; the similar "
        "branch, dotted, is a parabola. Right, the slope rises from −1 to 0 at the margin.",
    )


# ── Candidates and temperature ───────────────────────────────────────────────────────────────────────────────────────

NEGATIVES = np.array([0.7, 0.4, 0.0, -0.5, -0.9])
"""The cosines of five negatives with the anchor."""

BELOW = -1  # the negatives lie on the lower half of the circle, the positive moves on the upper one
TEMPERATURES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


def _on_circle(cosine: Floats | float, side: int = 1) -> Floats:
    cosine = np.asarray(cosine, dtype=float)
    return np.stack([cosine, side * np.sqrt(1 - cosine**2)], axis=-1)


def temperature() -> Explorer:
    """Six candidates on a circle, and the softmax of their similarities to the anchor."""
    figure, (left, right) = subplots(1, 2)
    angle = np.linspace(0, 2 * np.pi, 181)
    left.plot(np.cos(angle), np.sin(angle), color=palette.grid, lw=1)
    strangers = _on_circle(NEGATIVES, BELOW)
    left.plot(*strangers.T, "s", color=palette.data, ms=8)
    for index, (place, cosine) in enumerate(zip(strangers, NEGATIVES, strict=True), 1):
        left.text(*(place * 1.2), f"n{index}", color=palette.data, ha="center", va="center")
        text = written(float(cosine), 1)
        left.text(*(place * 0.78), text, color=palette.muted, ha="center", va="center", fontsize="small")
    left.plot([1], [0], "*", color=palette.ink, ms=13, zorder=4)  # seen where the positive lies under it
    left.text(0.8, 0, "a", color=palette.ink, va="center", ha="center")
    (positive,) = left.plot([0.8], [0.6], "o", color=palette.model, ms=12)
    name = left.text(1, 0.7, "p", color=palette.model, ha="center", va="center")
    left.set(xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), aspect="equal", xticks=[-1, 0, 1], yticks=[])
    left.set(xlabel="cosine with the anchor", title="candidates")
    colours = [palette.model] + [palette.data] * NEGATIVES.size
    bars = right.bar(range(6), np.ones(6), width=0.65, color=colours, alpha=0.75)
    texts = [right.text(k, 0, "", ha="center", color=colour) for k, colour in enumerate(colours)]
    right.set(ylim=(0, 1.12), title="probability of picking", yticks=[0, 0.25, 0.5, 0.75, 1])
    right.set_xticks(range(6), ["p", *(f"n{index}" for index in range(1, 6))])
    right.grid(False, axis="x")

    def update(cosine: float, temperature: float) -> str:
        place = _on_circle(cosine)
        positive.set_data([[place[0]], [place[1]]])
        name.set_position(1.22 * place)
        probability = softmax(np.array([cosine, *NEGATIVES]), temperature=temperature)
        for bar, text, share in zip(bars, texts, probability, strict=True):
            bar.set_height(share)
            text.set_y(share + 0.025)
            text.set_text(f"{share:.2f}")
        loss = float(info_nce(_on_circle(np.ones(1)), place[None], strangers, temperature=temperature))
        hardest = probability[1] / probability[1:].sum()
        return (
            f"At T = {temperature:g} the positive, with cosine {written(cosine, 1)}, is picked with probability "
            f"{probability[0]:.3f}: loss {loss:.3f} nats. "
            f"The nearest negative takes {hardest:.0%} of the push on all negatives."
        )

    return Explorer(
        figure,
        update,
        name="contrastive-temperature",
        controls={
            "temperature": Slider(values=TEMPERATURES, value=0.2, label="temperature T"),
            "cosine": Slider(-1, 1, step=0.1, value=0.8, label="cosine of the positive"),
        },
        handles=[Handle(positive, x="cosine")],
        caption="Drag the positive p along the circle and lower the temperature. At a small T only the most similar "
        "negative matters; at a large T all candidates become equally likely, however good the embedding.",
        alt="Left, an anchor, a positive at cosine 0.8 and five negatives on a circle. Right, bars: at temperature "
        "0.2 the positive has probability 0.57 and the nearest negative 0.34.",
    )


# ── A siamese network learns digits ──────────────────────────────────────────────────────────────────────────────────

SHOWN = 110  # digits in a picture


class _Digits:
    """The first digits of a record in the plane, each drawn as itself; those with a wrong neighbour larger."""

    def __init__(self, axis: Any, reach: float) -> None:
        axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        looks = {True: {"color": palette.model, "ms": 7}, False: {"color": palette.outlier, "ms": 10}}
        self.marks = {
            (digit, right): axis.plot([0], [0], marker=f"${digit}$", mew=0.3, ls="none", **look)[0]
            for right, look in looks.items()
            for digit in range(10)
        }

    def move(self, points: Floats, digits: Labels, right: Any, unit: float) -> None:
        places = (centred(points) / unit)[:SHOWN]
        for (digit, found), mark in self.marks.items():
            mark.set_data(places[(digits[:SHOWN] == digit) & (right[:SHOWN] == found)].T)


def digits_in_training(training: Training | None = None) -> Explorer:
    """Held-out digits in the learnt plane, before, during and after training."""
    record = linear_training() if training is None else training
    widest = max(np.abs(centred(points)[:SHOWN]).max() for points in record.embeddings)
    figure, axis = subplots(figsize=(5.0, 4.4))
    digits = _Digits(axis, float(np.ceil(2.1 * widest / record.margin) / 2))
    axis.set(xlabel="z₁ / M, centred", ylabel="z₂ / M, centred")

    def update(snapshot: int) -> str:
        digits.move(record.embeddings[snapshot], record.digits, record.right[snapshot], record.margin)
        same, different = record.distances(snapshot)
        return (
            f"After {record.steps[snapshot]} steps: mean distance {same:.3f} within a digit, {different:.3f} between "
            f"digits; the nearest neighbour is right for {record.accuracy[snapshot]:.1%} of the held-out digits."
        )

    return Explorer(
        figure,
        update,
        name="contrastive-digits",
        controls={
            "snapshot": Play(0, len(record.steps) - 1, value=len(record.steps) - 1, label="snapshot", interval=350),
        },
        caption=f"{SHOWN} of the {record.digits.size} digits that the network never saw, each where the network puts "
        "it. The large ones have a wrong digit for their nearest neighbour among the training images. Go back to "
        "snapshot 0 and press play; in the end look for the digits that stay mixed.",
        alt="Handwritten digits in the learnt plane after training: most digits form a cluster of their own, a few "
        "lie between clusters and are drawn larger.",
    )


def digits_by_margin(trainings: Sequence[Training] | None = None) -> Explorer:
    """The learnt plane after the same training with different margins, each picture at its own scale."""
    records = [linear_training(margin) for margin in (0.03, 1.0, 30.0)] if trainings is None else trainings
    figure, axis = subplots(figsize=(5.0, 4.4))
    digits = _Digits(axis, 3.2)
    axis.set(xlabel="z₁, in standard deviations", ylabel="z₂, in standard deviations")
    by_name = {f"{record.margin:g}": record for record in records}

    def update(margin: str) -> str:
        record = by_name[margin]
        points = record.embeddings[-1]
        digits.move(points, record.digits, record.right[-1], spread(points))
        same, different = record.distances()
        return (
            f"M = {margin}: one standard deviation is {spread(points):.3g}; mean distance {same:.3g} within a digit, "
            f"{different:.3g} between digits; nearest neighbour {record.accuracy[-1]:.1%} right."
        )

    return Explorer(
        figure,
        update,
        name="contrastive-digits-by-margin",
        controls={"margin": Choice(list(by_name), value=list(by_name)[-1], label="margin M")},
        caption="The same network, the same number of steps, another margin; large digits have a wrong nearest "
        "neighbour. The axes follow the spread, so a picture without clusters is a bad embedding, not a small one. "
        "Compare the two ends with the middle.",
        alt="The digits in the learnt plane after training with the largest margin, drawn at their own scale.",
    )
