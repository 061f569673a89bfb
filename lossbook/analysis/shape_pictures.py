"""Rings and squares on a small noisy canvas, the anchors over it, and what a detector should say at each of them."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.analysis.judging import Found, average_precision, suppress
from lossbook.core import Floats, real
from lossbook.losses.anchors import box_decode, box_encode, iou_matrix, match_anchors

SIZE, STRIDE, SIDES = 48, 2, (9.0, 14.0)
KINDS = ("ring", "square")
NOISE = 0.2
VARIANCES = (0.2, 0.2, 0.2, 0.2)


class Pictures(NamedTuple):
    """Pictures with the boxes and kinds of what is in them."""

    pixels: Floats
    boxes: list[Floats]
    kinds: list[NDArray[np.intp]]


def _room(random: np.random.Generator, taken: list[Floats]) -> Floats | None:
    """A square region that no other one touches, if one is found in twenty tries."""
    for _ in range(20):
        side = int(random.integers(7, 17))
        x, y = random.integers(0, SIZE - side + 1, 2)
        box = np.array([x, y, x + side, y + side], dtype=float)
        if not taken or iou_matrix([box], taken).max() == 0:
            return box
    return None


def _drawn(box: Floats, kind: int) -> NDArray[np.bool_]:
    """The pixels of a ring two pixels thick, or of a full square."""
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    if kind:
        return np.asarray((x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3]))
    far, radius = np.hypot(x - box[[0, 2]].mean(), y - box[[1, 3]].mean()), (box[2] - box[0]) / 2
    return np.asarray((far <= radius) & (far > radius - 2))


def pictures(count: int, seed: int) -> Pictures:
    """One or two shapes in each picture, lighter or darker than the ground, under normal noise."""
    random = np.random.default_rng(seed)
    pixels, boxes, kinds = np.zeros((count, SIZE, SIZE)), [], []
    for picture in pixels:
        mine: list[Floats] = []
        what = []
        for _ in range(random.integers(1, 3)):
            box = _room(random, mine)
            if box is None:
                continue
            kind = int(random.integers(0, 2))
            picture[_drawn(box, kind)] = random.choice([-1, 1]) * random.uniform(0.5, 1)
            mine.append(box)
            what.append(kind)
        picture += random.normal(0, NOISE, picture.shape)
        boxes.append(np.array(mine))
        kinds.append(np.array(what, dtype=np.intp))
    return Pictures(pixels, boxes, kinds)


@cache
def anchors() -> Floats:
    """Two squares at every second pixel, row by row."""
    y, x = np.mgrid[: SIZE // STRIDE, : SIZE // STRIDE] * STRIDE + STRIDE / 2
    return np.stack([np.stack([x - s / 2, y - s / 2, x + s / 2, y + s / 2], axis=-1) for s in SIDES], axis=2).reshape(
        -1, 4
    )


class Answers(NamedTuple):
    """What a detector should say at each anchor: label (as in `lossbook.losses.detectors`) and offsets."""

    labels: NDArray[np.intp]
    offsets: Floats


def answers(seen: Pictures) -> Answers:
    """Matched by the thresholds of RetinaNet, 0.5 and 0.4."""
    labels = np.full((len(seen.boxes), len(anchors())), -1, dtype=np.intp)
    offsets = np.zeros((*labels.shape, 4))
    for y, d, boxes, kinds in zip(labels, offsets, seen.boxes, seen.kinds, strict=True):
        owner = match_anchors(anchors(), boxes, positive=0.5, negative=0.4)
        own = owner >= 0
        y[:] = owner
        y[own] = kinds[owner[own]]
        d[own] = box_encode(boxes[owner[own]], anchors()[own], variances=VARIANCES)
    return Answers(labels, offsets)


def found(
    chance: ArrayLike,
    offsets: ArrayLike,
    *,
    threshold: float | None = 0.5,
    variances: ArrayLike = VARIANCES,
    over: ArrayLike | None = None,
    least: float = 0.01,
    most: int = 30,
) -> list[list[Found]]:
    """The boxes of each kind in each picture, from probabilities (pictures, anchors, kinds) and offsets.

    Of the `most` likeliest anchors of at least a probability `least`, what non-maximum suppression leaves at
    `threshold`; everything where that is None. `over` are the anchors to decode with.
    """
    p, d = real("chance", chance), np.clip(real("offsets", offsets), -8, 8)
    a = anchors() if over is None else real("over", over)
    listed: list[list[Found]] = []
    for kind in range(p.shape[-1]):
        listed.append([])
        for scores, shifts in zip(p[..., kind], d, strict=True):
            top = np.argsort(-scores, kind="stable")[:most]
            top = top[scores[top] >= least]
            boxes = box_decode(shifts[top], a[top], variances=variances)
            kept = np.arange(len(top)) if threshold is None else suppress(boxes, scores[top], threshold=threshold)
            listed[kind].append(Found(boxes[kept], scores[top][kept]))
    return listed


def mean_ap(listed: list[list[Found]], truth: Pictures, *, overlap: float = 0.5) -> float:
    """Average precision at an IoU of ½, the mean over the kinds."""
    return float(
        np.mean(
            [
                average_precision(
                    one,
                    [b[k == kind] for b, k in zip(truth.boxes, truth.kinds, strict=True)],
                    overlap=overlap,
                ).average
                for kind, one in enumerate(listed)
            ]
        )
    )


# ── A training run to look at ────────────────────────────────────────────────────────────────────────────────────────


class Course(NamedTuple):
    """What a detector sees in a few pictures on its way, and how good it is."""

    name: str
    steps: tuple[int, ...]
    frames: list[list[list[Found]]]  # by step and kind, one `Found` for each of the few pictures
    ap: Floats  # mean average precision on all pictures, by step


@cache
def imagined(name: str = "imagined") -> Course:
    """A course made up without training, for a figure without a run: the right answers, ever surer."""
    seen = pictures(2, 900)
    right = answers(seen)
    steps = (0, 100, 200)
    frames = []
    for step in steps:
        sure = 0.9 * step / steps[-1]
        chance = np.where(right.labels[..., np.newaxis] == np.arange(len(KINDS)), sure, 0.0)
        frames.append(found(chance, right.offsets))
    return Course(name, steps, frames, np.array([0.0, 1.0, 1.0]))
