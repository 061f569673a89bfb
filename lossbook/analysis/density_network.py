"""A small network that predicts a distribution: one feature in, the raw numbers of a family out, trained in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from lossbook.core import Floats

Raw = tuple[Floats, Floats]
Criterion = Callable[[Floats, Floats], Raw]  # raw numbers, targets: losses, slope of their mean


class Record(NamedTuple):
    """What was noted down at one step."""

    step: int
    loss: float
    test_loss: float
    raw: Floats  # on the grid


def trained(
    train: tuple[Floats, Floats],
    test: tuple[Floats, Floats],
    grid: Floats,
    criterion: Criterion,
    start: Sequence[float],
    steps: Sequence[int],
    *,
    seed: int = 0,
    hidden: int = 32,
    rate: float = 0.01,
) -> list[Record]:
    """Adam on a network with two hidden layers of tanh units, whose raw numbers begin near `start`.

    Returns the records at `steps`.
    """
    rng = np.random.default_rng(seed)
    sizes = [(1, hidden), (hidden, hidden), (hidden, len(start))]
    parts = []
    for number, (inside, outside) in enumerate(sizes):
        size = 1.5 if number == 0 else 0.1 if number == 2 else 1.0
        parts.append(rng.normal(0, size / np.sqrt(inside), (inside, outside)))
        parts.append(np.array(start, dtype=float) if number == 2 else rng.normal(0, 0.5, outside))
    first, second = [np.zeros_like(part) for part in parts], [np.zeros_like(part) for part in parts]
    x, y = train[0][:, np.newaxis], train[1]

    def forward(x: Floats) -> tuple[Floats, Floats, Floats]:
        one = np.tanh(x @ parts[0] + parts[1])
        two = np.tanh(one @ parts[2] + parts[3])
        return one, two, two @ parts[4] + parts[5]

    records = []
    for step in range(max(steps) + 1):
        one, two, raw = forward(x)
        losses, slope = criterion(raw, y)
        if step in steps:
            unseen = criterion(forward(test[0][:, np.newaxis])[2], test[1])[0]
            records.append(Record(step, float(losses.mean()), float(unseen.mean()), forward(grid[:, np.newaxis])[2]))
        into_two = slope @ parts[4].T * (1 - two**2)
        into_one = into_two @ parts[2].T * (1 - one**2)
        slopes = (x.T @ into_one, into_one.sum(0), one.T @ into_two, into_two.sum(0), two.T @ slope, slope.sum(0))
        for part, mean, square, g in zip(parts, first, second, slopes, strict=True):
            mean += 0.1 * (g - mean)
            square += 0.001 * (g * g - square)
            corrected = np.sqrt(square / (1 - 0.999 ** (step + 1))) + 1e-8
            part -= rate * mean / (1 - 0.9 ** (step + 1)) / corrected
    return records
