"""A picture that is changed until its answers to random filters have the style of one photograph and the content of
another: the loss over all widths with its gradient in the pixels, and a record of what happens on the way."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from lossbook.analysis.photographs import photograph
from lossbook.analysis.texture import answers, answers_grad, content_share, filter_bank, same_gram, style_share
from lossbook.core import Floats
from lossbook.losses.style import content, content_grad, style, style_grad


class Painting(NamedTuple):
    """What was recorded while a picture was painted: after how many iterations, the pixels, and both losses."""

    steps: Sequence[int]
    frames: Floats  # (records, 3, height, width); some pixels may lie outside 0 to 1
    style: Floats  # of each record, in units of a blank sheet
    content: Floats
    weight: float = 0.0  # of the content

    @property
    def outside(self) -> Floats:
        """The share of numbers outside 0 to 1 in each record: no screen can show them."""
        return np.asarray(((self.frames < 0) | (self.frames > 1)).mean(axis=(1, 2, 3)))


class Wanted(NamedTuple):
    """What is wanted of a picture: style of one, content of another, and how much the content counts."""

    style: list[Floats]  # a map per layer; any with the right Gram matrix will do
    content: list[Floats]
    weight: float
    blank_style: list[float]  # what a blank sheet costs, layer by layer
    blank_content: list[float]


def wanted(style_maps: Sequence[Floats], content_maps: Sequence[Floats], weight: float) -> Wanted:
    """Keeps of the style picture its Gram matrices, and of the content picture everything."""
    kept = [same_gram(maps) for maps in style_maps]
    blank_style = [float(style(np.zeros_like(a), a)) for a in kept]
    blank_content = [float(content(np.zeros_like(p), p)) for p in content_maps]
    return Wanted(kept, list(content_maps), weight, blank_style, blank_content)


def cost(maps: Sequence[Floats], aim: Wanted) -> tuple[float, list[Floats]]:
    """Style plus `weight` times content, each in units of a blank sheet, and the gradients in the feature maps."""
    total, slopes = 0.0, []
    for f, a, p, blank_a, blank_p in zip(maps, aim.style, aim.content, aim.blank_style, aim.blank_content, strict=True):
        share = 1 / (len(maps) * blank_a)
        total += share * float(style(f, a))
        slope = share * style_grad(f, a)
        if aim.weight:
            share = aim.weight / (len(maps) * blank_p)
            total += share * float(content(f, p))
            slope += share * content_grad(f, p)
        slopes.append(slope)
    return total, slopes


def shares(maps: Sequence[Floats], aim: Wanted) -> tuple[float, float]:
    """Style and content loss in units of a blank sheet."""
    return style_share(maps, aim.style), content_share(maps, aim.content)


@cache
def small_painting(weight: float = 0.0, size: int = 48, count: int = 8, seed: int = 0) -> Painting:
    """The pagoda's style on the flower, small and in NumPy and SciPy alone; pixels are kept between 0 and 1."""
    from scipy.optimize import minimize

    bank = filter_bank(seed, count)
    aim = wanted(answers(photograph("pagoda", size), bank), answers(photograph("flower", size), bank), weight)
    start = np.random.default_rng(seed).random((3, size, size))
    frames = [start]

    def slope(pixels: Floats) -> tuple[float, Floats]:
        total, slopes = cost(answers(pixels.reshape(start.shape), bank), aim)
        return 100 * total, 100 * answers_grad(pixels.reshape(start.shape), bank, slopes).ravel()

    minimize(
        slope,
        start.ravel(),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, 1)] * start.size,
        options={"maxiter": 24},
        callback=lambda pixels: frames.append(pixels.reshape(start.shape)),
    )
    steps = [step for step in (0, 1, 2, 4, 8, 16, 24) if step < len(frames)]
    chosen = np.array([frames[step] for step in steps])
    found = np.array([shares(answers(frame, bank), aim) for frame in chosen])
    return Painting(steps, chosen, found[:, 0], found[:, 1], weight)
