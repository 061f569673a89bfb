"""Five heaps to be carried onto five places along a road: plans, their cost, and the best critic of the two."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Floats, number, real, same_shape
from lossbook.losses.transport import transport_plan, wasserstein_1

HEAPS = (0.0, 1.0, 2.0, 3.5, 4.0)
GOALS = (5.0, -1.0, 3.0, 1.5, 7.5)
ROAD = (-2.0, 10.0)
"""The ends of the road that is drawn."""


class Carried(NamedTuple):
    """Where each heap goes, and how far on average."""

    goals: Floats
    cost: float


def carried(heaps: ArrayLike, goals: ArrayLike, plan: str = "in order") -> Carried:
    """A plan for heaps of equal mass: "in order" of their places, "as listed", or "reversed", the worst of all.

    >>> carried([0.0, 2.0], [3.0, 1.0]).goals.tolist(), carried([0.0, 2.0], [3.0, 1.0], "as listed").cost
    ([1.0, 3.0], 2.0)
    """
    x, y = real("heaps", heaps), real("goals", goals)
    same_shape("heaps", x, "goals", y)
    if plan == "in order":
        found = y[transport_plan(x, y).goal[np.argsort(transport_plan(x, y).source)]]
    elif plan == "reversed":
        found = np.empty_like(y)
        found[np.argsort(x, kind="stable")] = np.sort(y)[::-1]
    elif plan == "as listed":
        found = y
    else:
        raise ValueError(f"plan must be 'in order', 'as listed' or 'reversed', got {plan!r}")
    return Carried(found, float(np.abs(x - found).mean()))


def critic(at: ArrayLike, heaps: ArrayLike, goals: ArrayLike, steepest: float = 1.0) -> Floats:
    """The best critic of slope at most `steepest`: it rises where mass has to be carried to the right, and falls where
    to the left. Its mean over the goals less its mean over the heaps is `steepest` times the Wasserstein-1 distance.

    >>> critic([0.0, 1.0, 3.0], [0.0], [2.0]).tolist()
    [0.0, 1.0, 2.0]
    """
    x, y, places = real("heaps", heaps), real("goals", goals), real("at", at)
    slope = number("steepest", steepest, 0)
    ends = np.unique(np.concatenate([x, y]))
    middles = (ends[1:] + ends[:-1]) / 2
    waiting = (x[:, np.newaxis] <= middles).mean(axis=0) - (y[:, np.newaxis] <= middles).mean(axis=0)
    heights = np.concatenate([[0.0], np.cumsum(slope * np.sign(np.round(waiting, 12)) * np.diff(ends))])
    return np.asarray(np.interp(places, ends, heights))


def critic_gain(heaps: ArrayLike, goals: ArrayLike, steepest: float = 1.0) -> float:
    """The mean score of the goals less that of the heaps, from the best critic of a bounded slope."""
    return float(critic(goals, heaps, goals, steepest).mean() - critic(heaps, heaps, goals, steepest).mean())


def distance(heaps: ArrayLike, goals: ArrayLike) -> float:
    """The Wasserstein-1 distance."""
    return float(wasserstein_1(heaps, goals))
