"""Every path through four frames over a blank and two letters: what text it stands for, and which paths a text has.

Paths and texts are strings, the blank a dash: "a–ab" is one class a frame. All 81 paths are enumerated, so nothing here
uses the recursion that the loss is computed with.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from lossbook.core import Floats
from lossbook.losses.ctc import ctc_collapse

BLANK = "–"
CLASSES = BLANK + "ab"
FRAMES = 4
ORDERS = ("merge repeats, then drop blanks", "drop blanks, then merge repeats")
"""The order of the definition, and the one that is often taken for it."""
READINGS: Mapping[str, Floats] = MappingProxyType(
    {
        "clear": np.array([[0.2, 0.7, 0.1], [0.5, 0.3, 0.2], [0.3, 0.1, 0.6], [0.6, 0.1, 0.3]]),
        "mostly blank": np.array([[0.6, 0.35, 0.05]] * FRAMES),
        "all alike": np.full((FRAMES, 3), 1 / 3),
    }
)
"""Probabilities of blank, a and b in each frame."""


def text(path: str, order: str = ORDERS[0]) -> str:
    """What a path stands for, in the right order or in the other one.

    >>> text("a–ab"), text("a–ab", ORDERS[1])
    ('aab', 'ab')
    """
    if order == ORDERS[1]:
        path = path.replace(BLANK, "")
    return "".join(CLASSES[k] for k in ctc_collapse([CLASSES.index(c) for c in path]))


@cache
def paths(target: str, order: str = ORDERS[0]) -> tuple[str, ...]:
    """All paths through the frames that stand for a text.

    >>> len(paths("ab")), paths("bb")
    (15, ('–b–b', 'b––b', 'b–b–', 'b–bb', 'bb–b'))
    """
    every = map("".join, itertools.product(CLASSES, repeat=FRAMES))
    return tuple(path for path in every if text(path, order) == target)


@cache
def texts() -> tuple[str, ...]:
    """All texts that some path stands for, and two of three letters that need a fifth frame; the shortest first."""
    every = {text("".join(path)) for path in itertools.product(CLASSES, repeat=FRAMES)} | {"aaa", "bbb"}
    return tuple(sorted(every, key=lambda found: (len(found), found)))


def path_probability(path: str, reading: str) -> float:
    """The product over the frames: given the picture they are independent."""
    return math.prod(float(row[CLASSES.index(c)]) for row, c in zip(READINGS[reading], path, strict=True))


class Alignment(NamedTuple):
    """A text with its paths, the most probable first, and where they pass."""

    probabilities: dict[str, float]
    total: float
    occupancy: Floats  # frames by classes, NaN where no path fits
    steps: Floats  # gaps by class before by class after, shares of the total


@cache
def alignment(target: str, reading: str, order: str = ORDERS[0]) -> Alignment:
    """The paths of a text under a reading, with the probability of each."""
    found = {path: path_probability(path, reading) for path in paths(target, order)}
    found = dict(sorted(found.items(), key=lambda item: -item[1]))
    total = math.fsum(found.values())
    occupancy, steps = np.zeros((FRAMES, 3)), np.zeros((FRAMES - 1, 3, 3))
    for path, p in found.items():
        k = [CLASSES.index(c) for c in path]
        occupancy[range(FRAMES), k] += p
        steps[range(FRAMES - 1), k[:-1], k[1:]] += p
    with np.errstate(invalid="ignore"):
        return Alignment(found, total, occupancy / total, steps / total)


def greedy(reading: str) -> str:
    """The text of the most probable path: the best class of every frame.

    >>> greedy("mostly blank")
    ''
    """
    return text("".join(CLASSES[k] for k in READINGS[reading].argmax(axis=1)))


def best_text(reading: str) -> str:
    """The most probable text.

    >>> best_text("mostly blank")
    'a'
    """
    return max(texts(), key=lambda one: alignment(one, reading).total)
