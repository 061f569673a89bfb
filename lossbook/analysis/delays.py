"""Sixty delays with two humps, and a mixture of two normals for them."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Floats
from lossbook.losses.likelihood_real import normal_mixture_nll, normal_nll


@cache
def delays() -> Floats:
    """Sixty rides that end at a railway: minutes beyond the usual time, 3 more where the barrier was down."""
    rng = np.random.default_rng(5)
    return np.where(rng.random(60) < 0.35, 3.0, 0.0) + rng.normal(0, 0.5, 60)


class Bell(NamedTuple):
    """A normal distribution and the mean loss of the delays under it."""

    mean: float
    scale: float
    loss: float

    def density(self, y: Floats) -> Floats:
        return np.exp(-np.asarray(normal_nll(np.full(y.size, self.mean), y, scale=self.scale, reduction="none")))


def best_normal() -> Bell:
    """The single normal that fits the delays best: their mean and standard deviation."""
    y = delays()
    mean, scale = float(y.mean()), float(y.std())
    return Bell(mean, scale, float(normal_nll(np.full(y.size, mean), y, scale=scale)))


def mixture_losses(share: float, mean: float, scale: float, target: ArrayLike) -> Floats:
    """The loss of each target under a mixture: barrier up around 0, barrier down (`share`) around `mean`."""
    y = np.asarray(target, dtype=float)
    logits = np.broadcast_to(np.log([1 - share, share]), (y.size, 2))
    means, scales = np.broadcast_to([0.0, mean], (y.size, 2)), np.full((y.size, 2), scale)
    return np.asarray(normal_mixture_nll(logits, means, scales, y, reduction="none"))
