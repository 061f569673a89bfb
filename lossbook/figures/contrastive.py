"""The figures and explorers of the chapter on contrastive losses."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from lossbook.analysis import mining, views
from lossbook.analysis.embedding import Labels, Training, centred, linear_training
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
    triplet_slopes,
)
from lossbook.analysis.shared_information import correlation, reported
from lossbook.core import Floats
from lossbook.explorer import Challenge, Choice, Explorer, Handle, Play, Predict, Slider, palette, subplots
from lossbook.figures.wording import written
from lossbook.losses.contrastive_candidates import (
    info_nce,
    triplet_margin,
    triplet_margin_grad,
    triplet_margin_grad_negative,
    triplet_margin_grad_positive,
)
from lossbook.losses.contrastive_pairs import contrastive, contrastive_grad, pairwise_distance
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
            f"After {step * STEPS} steps: mean distance {same:.3f} within a painter, {different:.3f} between "
            f"painters; nearest card by the same painter: {own_neighbours(points)} of 9."
        )

    return Explorer(
        figure,
        update,
        name="contrastive-postcards",
        controls={
            "step": Play(0, FRAMES, value=0, label="time", interval=160),
            "remarks": Choice(REMARKS, value="similar", label="remarks"),
            "magnified": Choice({"the table's": False, "its own": True}, value=False, label="scale"),
        },
        predict=Predict(
            own_neighbours(placed("similar")[-1]),
            "All nine, in a heap about a hundredth of the table wide: the size is lost, the order in it is not.",
            unit="cards",
        ),
        caption="Nine postcards by three painters (circles, squares, triangles). Choose which remarks the network "
        "hears and press play. Watch both distances and the count; then draw the end at its own scale.",
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
            f"After {step * STEPS} steps ({loss}): {moved} of 9 cards {'is' if moved == 1 else 'are'} still pulled; "
            f"mean distance {same:.3f} within a painter, {different:.3f} between painters."
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
        pushed = "pushed apart" if distance else "but no direction to be pushed in"
        verdict = "nothing pulls" if slope == 0 else "pulled together" if slope > 0 else pushed
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


# ── Triplets ─────────────────────────────────────────────────────────────────────────────────────────────────────────

NEAR, ROOM = 0.6, 0.5  # the distance of the positive, and the margin
ANCHOR, POSITIVE = np.zeros((1, 2)), np.array([[NEAR, 0.0]])


def zone(distance: float) -> str:
    """What a negative at this distance of the anchor is called."""
    return "hard" if distance <= NEAR else "semi-hard" if distance < NEAR + ROOM else "easy"


def triplet_zones() -> Explorer:
    """A triplet whose negative is dragged through the hard, the semi-hard and the easy zone."""
    figure, axis = subplots(figsize=(5.0, 3.7))
    angle = np.linspace(0, 2 * np.pi, 121)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    axis.fill(*((NEAR + ROOM) * circle), color=palette.loss, alpha=0.1, lw=0)
    axis.fill(*(NEAR * circle), color=palette.loss, alpha=0.16, lw=0)
    for radius, name, place in ((NEAR, "hard", 0.35), (NEAR + ROOM, "semi-hard", 0.84), (0.0, "easy", 1.25)):
        if radius:
            axis.plot(*(radius * circle), color=palette.muted, lw=0.8, ls="--")
        axis.text(0, -place, name, color=palette.loss, ha="center", va="center")
    (pull,) = axis.plot([0], [0], color=palette.gradient, lw=2.4)
    axis.plot([0], [0], "*", color=palette.ink, ms=14)
    axis.text(-0.12, 0.02, "a", color=palette.ink, ha="right", va="center")
    axis.plot([NEAR], [0], "o", color=palette.model, ms=11)
    axis.text(NEAR, -0.2, "p", color=palette.model, ha="center", va="center")
    (negative,) = axis.plot([0.25], [0.5], "s", color=palette.outlier, ms=11)
    name = axis.text(0, 0, "n", color=palette.outlier, ha="center", va="center")
    axis.set(xlim=(-1.75, 1.75), ylim=(-1.4, 1.4), xlabel="z₁", ylabel="z₂", aspect="equal")

    def update(x: float, y: float) -> str:
        place = np.array([[x, y]])
        negative.set_data([x], [y])
        name.set_position((x, y + 0.2))
        triplet = ANCHOR, POSITIVE, place
        segments = []
        for point, grad in zip(
            triplet,
            (triplet_margin_grad, triplet_margin_grad_positive, triplet_margin_grad_negative),
            strict=True,
        ):
            segments += [point[0], point[0] - 0.4 * grad(*triplet, margin=ROOM)[0], [np.nan, np.nan]]
        pull.set_data(np.array(segments).T)
        distance = float(np.asarray(pairwise_distance(ANCHOR, place))[0])
        return (
            f"The positive is {NEAR:g} from the anchor, the negative {distance:.2f}: {zone(distance)}. With the margin "
            f"{ROOM:g} the triplet costs {float(triplet_margin(*triplet, margin=ROOM)):.2f}."
        )

    return Explorer(
        figure,
        update,
        name="contrastive-triplet-zones",
        controls={
            "x": Slider(-1.5, 1.5, step=0.25, value=0.25, label="z₁ of the negative"),
            "y": Slider(-1.25, 1.25, step=0.25, value=0.5, label="z₂ of the negative"),
        },
        handles=[Handle(negative, x="x", y="y")],
        challenge=Challenge(
            "Find a triplet that costs something although its order is right.",
            lambda x, y: zone(float(np.hypot(x, y))) == "semi-hard",
        ),
        caption="Drag the negative n. Strokes show where descent moves anchor, positive and negative. The inner disc "
        "ends at the positive, the outer one a margin farther out. The price falls with the distance of n; the "
        "strokes of p and n keep their length (on the anchor n has no direction) until, in the easy zone, all vanish.",
        alt="An anchor in the middle of two discs, a positive on the rim of the inner one, and a negative inside it at "
        "(0.25, 0.5), with strokes: the positive is drawn to the anchor, the negative pushed away.",
    )


def mined() -> Explorer:
    """Triplets with negatives at random, semi-hard and hardest, where some of the labels are wrong."""
    figure, (left, right) = subplots(1, 2, width_ratios=(1.5, 1))
    looks = dict(zip(mining.SEARCHES, (":", "--", "-"), strict=True))
    steps = np.arange(5, mining.STEPS, 10)
    lines = {search: left.plot(steps, steps, ls=look, color=palette.loss)[0] for search, look in looks.items()}
    left.axhline(mining.MARGIN, color=palette.muted, lw=0.8)
    left.text(5, 1.03, "the margin", color=palette.muted, va="bottom")
    names = {search: left.text(mining.STEPS + 4, 0, search, color=palette.loss, va="center") for search in looks}
    left.set(xlim=(0, 1.38 * mining.STEPS), ylim=(0, 1.9), xlabel="step", title="loss, mean of 10 steps")
    left.set_xticks([0, 100, 200, 300])
    bars = right.bar(range(3), np.ones(3), width=0.6, color=palette.model, alpha=0.75)
    texts = [right.text(k, 0, "", color=palette.model, ha="center") for k in range(3)]
    right.set(ylim=(0, 1.12), title="right neighbours", yticks=[0, 0.5, 1])
    right.set_xticks(range(3), ["random", "semi-\nhard", "hardest"])
    right.grid(False, axis="x")

    def update(wrong: float) -> str:
        runs = {search: mining.mine(search, wrong) for search in mining.SEARCHES}
        ends = {search: run.losses.reshape(-1, 10).mean(axis=1) for search, run in runs.items()}
        heights: list[float] = []  # of the names, kept apart
        for search in sorted(runs, key=lambda one: ends[one][-1]):
            heights.append(max(ends[search][-1], heights[-1] + 0.14 if heights else 0.08))
            names[search].set_y(heights[-1])
            lines[search].set_ydata(np.minimum(ends[search], 1.85))
        for bar, text, run in zip(bars, texts, runs.values(), strict=True):
            bar.set_height(run.right)
            text.set_y(run.right + 0.03)
            text.set_text(f"{run.right:.0%}")
        told = ", ".join(f"{search} {run.between:.2g}" for search, run in runs.items())
        return f"With {wrong:.0%} of the labels wrong, different digits end at these mean distances: {told}."

    return Explorer(
        figure,
        update,
        name="contrastive-mined",
        controls={"wrong": Choice({f"{wrong:.0%}": wrong for wrong in mining.WRONG}, value=0.0, label="wrong labels")},
        predict=Predict(
            "At the margin, 1.",
            f"At {mining.mine('hardest', 0.1).losses[-20:].mean():.2f}: all digits lie in nearly one point.",
            options=["Near 0.", "About half-way to the margin.", "At the margin, 1."],
        ),
        caption="Triplets of digits, margin 1; three ways to choose the negative. Turn up the share of wrong labels "
        "among the training images. The neighbours are judged by the true labels.",
        alt="Left, three falling curves of the loss without wrong labels, the one of the hardest negatives on top. "
        "Right, three bars of right neighbours, all near 0.9.",
    )


# ── Views without labels ─────────────────────────────────────────────────────────────────────────────────────────────


def views_by_temperature() -> Explorer:
    """NT-Xent on two views of every digit: alignment, uniformity and neighbours, by temperature."""
    figure, (left, right) = subplots(1, 2)
    runs = {temperature: views.learn(temperature) for temperature in views.TEMPERATURES}
    (path,) = left.plot([0], [0], color=palette.model, lw=1.6)
    ends = np.array([[run.uniformity[-1], run.alignment[-1]] for run in runs.values()])
    left.plot(*ends.T, "o", color=palette.muted, ms=5)
    for (x, y), temperature in zip(ends, runs, strict=True):
        below = temperature == 0.05  # two end points lie close together
        left.text(
            x, y + (-0.075 if below else 0.04), f"{temperature:g}", color=palette.muted, ha="center", fontsize="small"
        )
    (end,) = left.plot([0], [0], "o", color=palette.outlier, ms=10)
    first = runs[views.TEMPERATURES[0]]
    left.plot([first.uniformity[0]], [first.alignment[0]], "s", color=palette.data, ms=7)
    left.text(first.uniformity[0] + 0.1, first.alignment[0], "start", color=palette.data, va="center")
    highest = max(run.alignment.max() for run in runs.values())
    left.set(xlim=(-3.1, 0.05), ylim=(0, 1.08 * highest), xlabel="uniformity (left: more even)", title="alignment")
    places = np.arange(len(runs))
    right.plot(places, [run.right[-1] for run in runs.values()], "-o", color=palette.model, ms=6)
    right.axhline(first.right[0], color=palette.data, ls=":")
    right.text(4.3, first.right[0] - 0.012, "untrained", color=palette.data, ha="right", va="top")
    (mark,) = right.plot([0], [0], "o", color=palette.outlier, ms=11)
    right.set(xlim=(-0.4, 4.4), ylim=(0.65, 1.0), xlabel="temperature T", title="right neighbours")
    right.set_xticks(places, [f"{temperature:g}" for temperature in runs])

    def update(temperature: float) -> str:
        run = runs[temperature]
        path.set_data(run.uniformity, run.alignment)
        end.set_data([run.uniformity[-1]], [run.alignment[-1]])
        mark.set_data([views.TEMPERATURES.index(temperature)], [run.right[-1]])
        return (
            f"T = {temperature:g}: loss from {run.losses[0]:.2f} to {run.losses[-20:].mean():.2f}, alignment "
            f"{run.alignment[-1]:.2f}, uniformity {written(float(run.uniformity[-1]), 2)}; the nearest neighbour is "
            f"right for {run.right[-1]:.1%} of the unseen digits."
        )

    best = max(runs, key=lambda temperature: runs[temperature].right[-1])
    return Explorer(
        figure,
        update,
        name="contrastive-views",
        controls={"temperature": Slider(values=views.TEMPERATURES, value=1.0, label="temperature T")},
        predict=Predict(
            best,
            "One in the middle. There the digits are also spread most evenly over the sphere.",
            control="temperature",
        ),
        caption="The same network, the same 300 steps, five temperatures. Left: the path of a run, from its start to "
        "where it ends; low alignment means that views of one thing agree, and further left all digits are spread more "
        "evenly. Right: how often the nearest known digit is right.",
        alt="Left, five end points named by temperature and the path to that of T = 1. Right, the share of right "
        "neighbours over the temperature: a hump, highest at 0.2.",
    )


SHARED = np.arange(0, 8.01, 0.5)
COUNTS = (2, 8, 32, 128, 512)


def information_ceiling() -> Explorer:
    """What InfoNCE reports of the information that two variables share, by the number of candidates."""
    figure, axis = subplots(figsize=(5.4, 3.6))
    axis.plot(SHARED, SHARED, ":", color=palette.truth, lw=2)
    axis.text(5.4, 5.9, "all of it", color=palette.truth, ha="right")
    (curve,) = axis.plot(SHARED, SHARED, color=palette.model, lw=2.2)
    ceiling = axis.axhline(1, color=palette.muted, lw=1, ls="--")
    name = axis.text(0.1, 1, "", color=palette.muted, va="bottom")
    axis.set(xlim=(0, 8), ylim=(0, 7.2), xlabel="shared information (nats)", title="log K − loss (nats)")

    def update(count: int) -> str:
        told = [reported(correlation(nats), count) for nats in SHARED]
        curve.set_ydata(told)
        ceiling.set_ydata([np.log(count)] * 2)
        name.set_y(np.log(count) + 0.08)
        name.set_text(f"log {count}")
        return (
            f"With K = {count} candidates the ceiling is {np.log(count):.2f} nats. Of 2 shared nats "
            f"{reported(correlation(2.0), count):.2f} are reported, of 8 {told[-1]:.2f}."
        )

    return Explorer(
        figure,
        update,
        name="contrastive-ceiling",
        controls={"count": Slider(values=COUNTS, value=128, label="candidates K")},
        predict=Predict(
            float(np.log(128)),
            "At most log 128 = 4.85 nats: the loss is never below 0. With the best possible score it is "
            f"{reported(correlation(8.0), 128):.2f}.",
            unit="nats",
        ),
        caption="Two normal variables share as many nats as the axis says, and InfoNCE scores candidates with the best "
        "score there is. Change their number: many candidates report small amounts almost in full, few not even these.",
        alt="A dotted diagonal, and a curve that follows it and bends to the dashed ceiling at log 128 = 4.85.",
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
