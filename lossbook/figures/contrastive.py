"""The figures and explorers of the chapter on contrastive losses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbook.core import Floats
from lossbook.explorer import Choice, Explorer, Handle, Play, Slider, palette, subplots
from lossbook.figures.wording import written
from lossbook.losses.contrastive_candidates import (
    info_nce,
    info_nce_grad,
    info_nce_grad_negatives,
    info_nce_grad_positive,
    triplet_margin_grad,
    triplet_margin_grad_negative,
    triplet_margin_grad_positive,
)
from lossbook.losses.contrastive_pairs import (
    contrastive,
    contrastive_embeddings_grad,
    contrastive_embeddings_grad_x2,
    contrastive_grad,
    pairwise_distance,
)
from lossbook.losses.scores import softmax

Labels = NDArray[np.int_]

# ── Nine postcards: points that move by themselves ───────────────────────────────────────────────────────────────────

PAINTERS = np.repeat(np.arange(3), 3)
"""Who painted each of the nine cards."""

LOOKS = (("o", palette.model), ("s", palette.outlier), ("^", palette.density))
SEED = 4
FRAMES = 24  # of an animation
STEPS = 4  # of gradient descent in a frame
RATE = 0.08  # of one step; the gradient is that of the mean over all remarks, times the number of cards


@cache
def scattered() -> Floats:
    """Where the cards lie at the beginning: seeded, the painters mixed."""
    return np.random.default_rng(8).normal(scale=0.7, size=(PAINTERS.size, 2))


@cache
def _pairs() -> tuple[Labels, Labels, Floats]:
    """The two cards of each pair, and Y = 1 where their painters differ."""
    i, j = np.triu_indices(PAINTERS.size, 1)
    return i, j, (PAINTERS[i] != PAINTERS[j]).astype(float)


@cache
def _triplets() -> tuple[Labels, Labels, Labels]:
    """Anchor, another card of the same painter, and a card of another painter, in every combination."""
    cards = range(PAINTERS.size)
    found = [(a, p, n) for a, p, n in product(cards, repeat=3) if a != p and PAINTERS[a] == PAINTERS[p] != PAINTERS[n]]
    a, p, n = np.array(found).T
    return a, p, n


def contrastive_slopes(points: Floats, margin: float = 1.0, remarks: str = "both") -> Floats:
    """The gradient of the contrastive loss with respect to every point, over the pairs that are spoken of."""
    i, j, label = _pairs()
    heard = {"both": label >= 0, "similar": label == 0, "dissimilar": label == 1}[remarks]
    i, j, label = i[heard], j[heard], label[heard]
    total = np.zeros_like(points)
    np.add.at(total, i, contrastive_embeddings_grad(points[i], points[j], label, margin=margin))
    np.add.at(total, j, contrastive_embeddings_grad_x2(points[i], points[j], label, margin=margin))
    return total


def triplet_slopes(points: Floats) -> Floats:
    """The gradient of the mean triplet loss, margin 1, over all triplets."""
    a, p, n = _triplets()
    total = np.zeros_like(points)
    for index, slope in (
        (a, triplet_margin_grad),
        (p, triplet_margin_grad_positive),
        (n, triplet_margin_grad_negative),
    ):
        np.add.at(total, index, slope(points[a], points[p], points[n]))
    return total


@cache
def _anchors() -> tuple[Labels, Labels, Labels]:
    """Each ordered pair of one painter's cards, and for each of them the six cards of the other two painters."""
    i, j = np.nonzero((PAINTERS[:, None] == PAINTERS) & ~np.eye(PAINTERS.size, dtype=bool))
    return i, j, np.array([np.flatnonzero(PAINTERS[anchor] != PAINTERS) for anchor in i])


def info_nce_slopes(points: Floats) -> Floats:
    """The gradient of the mean InfoNCE, T = 0.3: each card has to find each of its own among six strangers."""
    a, p, n = _anchors()
    total = np.zeros_like(points)
    for index, slope in ((a, info_nce_grad), (p, info_nce_grad_positive), (n, info_nce_grad_negatives)):
        np.add.at(total, index, slope(points[a], points[p], points[n], temperature=0.3))
    return total


def descend(slopes: Callable[[Floats], Floats], frames: int = FRAMES, start: Floats | None = None) -> Floats:
    """Positions at every frame of gradient descent, from the scattered cards unless told otherwise."""
    points = scattered() if start is None else start
    path = [points]
    for _ in range(frames):
        for _ in range(STEPS):
            points = points - RATE * PAINTERS.size * slopes(points)
        path.append(points)
    return np.array(path)


def mean_distances(points: Floats) -> tuple[float, float]:
    """The mean distance of two cards by one painter, and of two by different painters."""
    i, j, label = _pairs()
    distance = np.asarray(pairwise_distance(points[i], points[j]))
    return float(distance[label == 0].mean()), float(distance[label == 1].mean())


class _Cards:
    """The nine cards in a picture, with a line that shows where each is pulled."""

    def __init__(self, axis: Any, reach: float, pulls: bool = True) -> None:
        axis.set(xlim=(-reach, reach), ylim=(-reach, reach), xlabel="z₁", ylabel="z₂", aspect="equal")
        self.pull = axis.plot([0, 0], [0, 0], color=palette.gradient, lw=1.6)[0] if pulls else None
        self.marks = [axis.plot([0], [0], look, color=colour, ms=8, alpha=0.85)[0] for look, colour in LOOKS]

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


FEATURES = 4  # numbers that a network sees of each card


@cache
def seen() -> Floats:
    """What a network sees of the nine cards: four numbers each, which differ by painter and by card."""
    random = np.random.default_rng(SEED)
    return random.normal(size=(3, FEATURES))[PAINTERS] * 1.1 + random.normal(scale=0.6, size=(PAINTERS.size, FEATURES))


@cache
def placed(remarks: str) -> Floats:
    """Where a linear network puts the cards, frame by frame, while it listens to some of the remarks."""
    cards, weights = seen(), np.random.default_rng(1).normal(scale=0.4, size=(FEATURES, 2))
    path = []
    for _ in range(FRAMES + 1):
        path.append(cards @ weights)
        for _ in range(STEPS):
            weights = weights - 0.05 * PAINTERS.size * cards.T @ contrastive_slopes(cards @ weights, remarks=remarks)
    return np.array(path)


def postcards() -> Explorer:
    """Nine cards that a small network places after remarks about pairs only."""
    figure, axis = subplots(figsize=(5.0, 4.2))
    cards = _Cards(axis, 2.0, pulls=False)

    def update(step: int, remarks: str) -> str:
        points = placed(remarks)[step]
        cards.move(points)
        same, different = mean_distances(points)
        return (
            f"After {step * STEPS} steps the mean distance is {same:.3f} between cards by one painter "
            f"and {different:.3f} between cards by different painters."
        )

    return Explorer(
        figure,
        update,
        name="contrastive-postcards",
        controls={
            "step": Play(0, FRAMES, value=0, label="time", interval=160),
            "remarks": Choice(REMARKS, value="similar", label="remarks"),
        },
        caption="Nine postcards by three painters (circles, squares, triangles). Choose which remarks the network "
        "hears and press play. Only one of the three choices sorts the table.",
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
    pulls = np.array([-PAINTERS.size * slopes(points) for points in path])
    return path, pulls


LONGEST = 0.8  # that a pull is drawn


def force_field() -> Explorer:
    """The nine cards pushed and pulled, step by step, under three losses."""
    figure, axis = subplots(figsize=(5.0, 4.2))
    cards = _Cards(axis, 2.6)

    def update(step: int, loss: str) -> str:
        path, pulls = _field_path(loss)
        strength = np.linalg.norm(pulls[step], axis=1, keepdims=True)
        drawn = pulls[step] * np.minimum(0.5, LONGEST / np.maximum(strength, LONGEST))
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
        caption="The line from each card shows where the loss pulls it (half the negative gradient, long ones cut). "
        "Play each loss to its end. Under the contrastive and the triplet loss cards come to rest; InfoNCE looks at "
        "directions from the origin only, so cards line up on three rays.",
        alt="The nine scattered marks, each with a line in the direction in which the contrastive loss pulls it.",
    )


MARGINS = np.arange(0.0, 3.01, 0.25)


@cache
def settled(margin: float) -> Floats:
    """Where the scattered cards come to rest under the contrastive loss with a margin."""
    return descend(lambda points: contrastive_slopes(points, margin=margin), frames=100)[-1]


def margin_scale() -> Explorer:
    """Where the nine cards settle, margin by margin."""
    figure, (left, right) = subplots(1, 2)
    cards = _Cards(left, 3.0, pulls=False)
    ends = np.array([mean_distances(settled(margin)) for margin in MARGINS])
    right.plot(MARGINS, MARGINS, ":", color=palette.muted, lw=1)
    right.text(2.1, 1.75, "D = M", color=palette.muted, va="top")
    right.plot(MARGINS, ends[:, 1], color=palette.gradient)
    right.plot(MARGINS, ends[:, 0], color=palette.loss)
    right.text(0.05, 2.2, "different painters", color=palette.gradient)
    right.text(2.95, ends[-1, 0] + 0.12, "one painter", color=palette.loss, ha="right")
    marks = [right.plot([1], [1], "o", color=c, ms=8)[0] for c in (palette.loss, palette.gradient)]
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
        name.set_position((margin + (0.04 if margin < 1.5 else -0.04), 1.95))
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

_SIDES = np.array([-1, 1, -1, 1, -1])
TEMPERATURES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


def _on_circle(cosine: Floats | float, side: Floats | int = 1) -> Floats:
    cosine = np.asarray(cosine, dtype=float)
    return np.stack([cosine, side * np.sqrt(1 - cosine**2)], axis=-1)


def temperature() -> Explorer:
    """Six candidates on a circle, and the softmax of their similarities to the anchor."""
    figure, (left, right) = subplots(1, 2)
    angle = np.linspace(0, 2 * np.pi, 181)
    left.plot(np.cos(angle), np.sin(angle), color=palette.grid, lw=1)
    strangers = _on_circle(NEGATIVES, _SIDES)
    left.plot(*strangers.T, "s", color=palette.data, ms=8)
    for index, (place, cosine) in enumerate(zip(strangers, NEGATIVES, strict=True), 1):
        left.text(*(place * 1.2), f"n{index}", color=palette.data, ha="center", va="center")
        left.text(*(place * 0.68), written(float(cosine), 1), color=palette.muted, ha="center", va="center")
    left.plot([1], [0], "*", color=palette.ink, ms=13)
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


@dataclass(frozen=True)
class Training:
    """What was recorded while an embedding was learnt."""

    margin: float
    steps: Sequence[int]
    embeddings: Floats  # (steps, examples, 2), of held-out examples
    digits: Labels  # of those examples
    accuracy: Sequence[float]  # of the nearest neighbour, at each of the steps

    def distances(self, index: int = -1) -> tuple[float, float]:
        """Mean distance within a digit and between digits."""
        return distances_by_label(self.embeddings[index], self.digits)


def distances_by_label(points: Floats, labels: Labels) -> tuple[float, float]:
    """The mean distance of two different points of one label, and of two labels."""
    i, j = np.triu_indices(len(points), 1)
    distance = np.asarray(pairwise_distance(points[i], points[j]))
    same = labels[i] == labels[j]
    return float(distance[same].mean()), float(distance[~same].mean())


def nearest_accuracy(known: Floats, known_labels: Labels, points: Floats, labels: Labels) -> float:
    """The share of points whose nearest known point has their label."""
    nearest = [int(np.square(known - point).sum(axis=1).argmin()) for point in points]
    return float(np.mean(known_labels[nearest] == labels))


@cache
def linear_training(margin: float = 1.0) -> Training:
    """A linear siamese map of the digits into the plane, trained in NumPy with the package's own gradients."""
    from sklearn.datasets import load_digits

    pixels, digits = load_digits(return_X_y=True)
    pixels = (pixels - pixels.mean(axis=0)) / 16
    random = np.random.default_rng(0)
    weights = random.normal(scale=0.1, size=(64, 2))
    known, held = slice(0, 400), slice(400, 600)
    steps, embeddings, accuracy = [0, 5, 20, 80, 240], [], []
    for step in range(steps[-1] + 1):
        if step in steps:
            placed = pixels @ weights
            embeddings.append(placed[held])
            accuracy.append(nearest_accuracy(placed[known], digits[known], placed[held], digits[held]))
        i, j = random.integers(0, 400, size=(2, 200))
        pair = pixels[i] @ weights, pixels[j] @ weights, (digits[i] != digits[j]).astype(float)
        slopes = contrastive_embeddings_grad(*pair, margin=margin)
        weights = weights - 0.3 * (pixels[i] - pixels[j]).T @ slopes
    return Training(margin, steps, np.array(embeddings), digits[held], accuracy)


SHOWN = 110  # digits in a picture
DIGIT_COLOURS = (palette.loss, palette.gradient, palette.model, palette.density, palette.outlier)


class _Digits:
    """The first digits of a record in the plane, each drawn as itself around their mean."""

    def __init__(self, axis: Any, reach: float) -> None:
        axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        self.marks = [
            axis.plot([0], [0], marker=f"${digit}$", color=DIGIT_COLOURS[digit % 5], ms=7, mew=0.3, ls="none")[0]
            for digit in range(10)
        ]

    def move(self, points: Floats, digits: Labels, unit: float) -> None:
        centred = (points - points.mean(axis=0)) / unit
        for digit, mark in enumerate(self.marks):
            mark.set_data(centred[:SHOWN][digits[:SHOWN] == digit].T)


def digits_in_training(training: Training | None = None) -> Explorer:
    """Held-out digits in the learnt plane, before, during and after training."""
    record = linear_training() if training is None else training
    centred = record.embeddings - record.embeddings.mean(axis=1, keepdims=True)
    figure, axis = subplots(figsize=(5.0, 4.4))
    digits = _Digits(axis, float(np.ceil(2.1 * np.abs(centred[:, :SHOWN]).max() / record.margin) / 2))
    axis.set(xlabel="z₁ / M, centred", ylabel="z₂ / M, centred")

    def update(snapshot: int) -> str:
        digits.move(record.embeddings[snapshot], record.digits, record.margin)
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
        caption="Digits that the network never saw, each drawn where the network puts it. Go back to snapshot 0 and "
        "press play: first one heap, then arms, then clusters. Look for the digits that stay mixed.",
        alt="Handwritten digits in the learnt plane after training: most digits form a cluster of their own, a few "
        "lie between clusters.",
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
        spread = float(np.sqrt(np.square(points - points.mean(axis=0)).mean()))
        digits.move(points, record.digits, spread)
        same, different = record.distances()
        return (
            f"M = {margin}: one standard deviation is {spread:.3g}; mean distance {same:.3g} within a digit, "
            f"{different:.3g} between digits; nearest neighbour {record.accuracy[-1]:.1%} right."
        )

    return Explorer(
        figure,
        update,
        name="contrastive-digits-by-margin",
        controls={"margin": Choice(list(by_name), value=list(by_name)[-1], label="margin M")},
        caption="The same network, the same number of steps, another margin. The axes follow the spread, so a "
        "picture without clusters is a bad embedding, not a small one. Compare the two ends with the middle.",
        alt="The digits in the learnt plane after training with the largest margin, drawn at their own scale.",
    )
