"""Rides of which the far ones cross a railway, whose barrier nobody wrote down: one normal and a mixture of two.

Distances are in km, times in minutes.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from lossbook.analysis.density_network import Criterion, Raw, trained
from lossbook.analysis.predicted_spread import normal_criterion, scale_of
from lossbook.core import Floats
from lossbook.losses.likelihood_real import (
    normal_mixture_nll,
    normal_mixture_nll_grad,
    normal_mixture_nll_grad_means,
    normal_mixture_nll_grad_scales,
    normal_nll,
)
from lossbook.losses.scores import softmax

KM = np.linspace(0.5, 6.0, 67)
FLOOR = 0.1  # minutes
STEPS = 300
STARTS = {1: [9.0, 0.5], 2: [0.0, 0.0, 8.0, 10.0, 0.5, 0.5]}  # raw numbers that a network begins with


def share_down(km: Floats) -> Floats:
    """The probability that a ride of this length meets a barrier that is down."""
    return 0.45 / (1 + np.exp(-3 * (km - 2.5)))


@cache
def rides(seed: int = 0, count: int = 150) -> tuple[Floats, Floats]:
    """Distances and times: two minutes a kilometre, three minutes more where the barrier was down, and noise."""
    rng = np.random.default_rng(seed)
    km = rng.uniform(0.5, 6.0, count)
    down = rng.random(count) < share_down(km)
    return km, 2 * km + 3 * down + rng.normal(0, 0.4, count)


class Parts(NamedTuple):
    """Components of a mixture, on the last axis."""

    logits: Floats
    means: Floats
    scales: Floats


def parts(raw: Floats) -> Parts:
    """Two raw weights, two means and two scales, from six raw numbers."""
    return Parts(raw[..., :2], raw[..., 2:4], scale_of(raw[..., 4:], FLOOR))


def mixture_criterion(raw: Floats, y: Floats) -> Raw:
    """The mixture's loss, and its slopes in the raw numbers."""
    s, mu, sigma = parts(raw)
    losses = np.asarray(normal_mixture_nll(s, mu, sigma, y, reduction="none"))
    slopes = (
        normal_mixture_nll_grad(s, mu, sigma, y),
        normal_mixture_nll_grad_means(s, mu, sigma, y),
        normal_mixture_nll_grad_scales(s, mu, sigma, y) * (sigma - FLOOR),
    )
    return losses, np.concatenate(slopes, axis=1)


class Fit(NamedTuple):
    """A trained network: what it predicts at `KM`, and the mean loss on rides that it has not seen."""

    raw: Floats
    loss: float
    test_loss: float


@cache
def fitted(components: int, seed: int = 0) -> Fit:
    """One normal (`components` 1) or a mixture of two, trained on 150 rides and judged on 500 others."""
    criteria: dict[int, Criterion] = {1: normal_criterion(FLOOR), 2: mixture_criterion}
    train, test = rides(seed), rides(seed + 1000, 500)
    standard = [((x - 3.25) / 1.6, y) for x, y in (train, test)]
    grid = (KM - 3.25) / 1.6
    run = trained(
        standard[0], standard[1], grid, criteria[components], STARTS[components], (STEPS,), seed=seed, hidden=16
    )
    return Fit(run[0].raw, run[0].loss, run[0].test_loss)


def density(components: int, index: int, minutes: Floats, seed: int = 0) -> Floats:
    """What the network says of rides of the length `KM[index]`: the density at these times, per minute."""
    raw = fitted(components, seed).raw[index]
    if components == 1:
        scale = float(scale_of(raw[1], FLOOR))
        losses = normal_nll(np.full(minutes.size, raw[0]), minutes, scale=scale, reduction="none")
    else:
        s, mu, sigma = (np.broadcast_to(row, (minutes.size, 2)) for row in parts(raw))
        losses = normal_mixture_nll(s, mu, sigma, minutes, reduction="none")
    return np.exp(-np.asarray(losses))


class Component(NamedTuple):
    """A hump: its share, and where it is."""

    share: float
    mean: float


def components(index: int, seed: int = 0) -> list[Component]:
    """The two humps at `KM[index]`, the earlier one first."""
    mixed = parts(fitted(2, seed).raw[index])
    pieces = [Component(*map(float, pair)) for pair in zip(softmax(mixed.logits), mixed.means, strict=True)]
    return sorted(pieces, key=lambda piece: piece.mean)
