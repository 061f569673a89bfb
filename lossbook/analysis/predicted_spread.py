"""Networks that predict mean and spread: one that overfits forty of Engel's households, one that never learns a wave.

Food is in hundreds of francs, and the feature is the logarithm of the income, centred and in standard deviations.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from lossbook.analysis.density_network import Criterion, Raw, Record, trained
from lossbook.analysis.households import households
from lossbook.core import Floats
from lossbook.losses.likelihood_real import normal_nll, normal_nll_grad, normal_nll_grad_scale
from lossbook.losses.regression import mse

SEEN = 40
STEPS = (0, 3, 10, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000)
INCOMES = np.geomspace(380, 5000, 36)  # francs


class Split(NamedTuple):
    """Features and targets to train on, and those to judge by; the incomes that they come from."""

    train: tuple[Floats, Floats]
    test: tuple[Floats, Floats]
    incomes: tuple[Floats, Floats]


def feature(income: Floats) -> Floats:
    """The logarithm of the income, centred and in standard deviations of the households."""
    logs = np.log(households().income)
    return np.asarray((np.log(income) - logs.mean()) / logs.std())


@cache
def split(seed: int = 0) -> Split:
    """Forty households that a seed draws, and the 195 others."""
    income, food = households()
    order = np.random.default_rng(seed).permutation(income.size)
    seen, unseen = order[:SEEN], order[SEEN:]
    pairs = [(feature(income[rows]), food[rows] / 100) for rows in (seen, unseen)]
    return Split(pairs[0], pairs[1], (income[seen], income[unseen]))


def scale_of(raw: Floats, floor: float) -> Floats:
    """σ from its raw number: a floor plus an exponential."""
    return floor + np.exp(np.clip(raw, -40, 40))


def normal_criterion(floor: float, beta: float = 0.0) -> Criterion:
    """The normal loss of a predicted mean and σ; each example's slope counts σ to the power 2β."""

    def criterion(raw: Floats, y: Floats) -> Raw:
        mean, scale = raw[:, 0], scale_of(raw[:, 1], floor)
        losses = np.asarray(normal_nll(mean, y, scale=scale, reduction="none"))
        in_mean = normal_nll_grad(mean, y, scale=scale)
        in_scale = np.asarray(normal_nll_grad_scale(mean, y, scale=scale)) * (scale - floor)
        return losses, np.stack([in_mean, in_scale], axis=1) * scale[:, np.newaxis] ** (2 * beta)

    return criterion


@cache
def run(floor: float, seed: int = 0) -> list[Record]:
    """Records of the training at `STEPS`; `floor` in hundreds of francs."""
    parts = split(seed)
    grid = feature(INCOMES)
    return trained(parts.train, parts.test, grid, normal_criterion(floor), [6.0, 0.5], STEPS, seed=seed)


def band(record: Record, floor: float) -> tuple[Floats, Floats]:
    """Predicted mean and σ over `INCOMES`, in hundreds of francs."""
    return record.raw[:, 0], scale_of(record.raw[:, 1], floor)


def best(records: Sequence[Record]) -> Record:
    """The record with the lowest loss of the households that were not seen: where to stop early."""
    return min(records, key=lambda record: record.test_loss)


# ── What is declared noisy is not learnt ─────────────────────────────────────────────────────────────────────────────

WAVE_STEPS = 1000


def squared_error(raw: Floats, y: Floats) -> Raw:
    """Of the first raw number only."""
    e = y - raw[:, 0]
    return np.asarray(mse(raw[:, 0], y, reduction="none")), np.stack([-2 * e / e.size, 0 * e], axis=1)


@cache
def wave_misses(seed: int = 0) -> dict[str, float]:
    """How far the predicted mean is from three waves of a sine, as the root of the mean square, after `WAVE_STEPS`:
    under the normal loss, under that with β = ½, and under squared error. The noise is 0.02."""
    rng = np.random.default_rng(seed)
    x, grid = rng.uniform(-1.7, 1.7, 200), np.linspace(-1.7, 1.7, 200)
    wave = lambda x: np.sin(np.pi * 3 / 1.7 * x)  # noqa: E731
    train, test = (x, wave(x) + rng.normal(0, 0.02, 200)), (grid, wave(grid))
    criteria = {"normal": normal_criterion(0.0), "half": normal_criterion(0.0, 0.5), "squares": squared_error}
    misses = {}
    for name, criterion in criteria.items():
        start, steps = [0.0, 0.0], (WAVE_STEPS,)
        (record,) = trained(train, test, grid, criterion, start, steps, seed=seed, rate=0.003, hidden=16)
        misses[name] = float(np.sqrt(np.mean((record.raw[:, 0] - wave(grid)) ** 2)))
    return misses
