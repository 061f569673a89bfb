"""A fair coin against a bent one: what the likelihood ratio does as the flips go on."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np

from lossbook.core import Floats
from lossbook.losses.information import surprisal

FAIR = np.array([0.5, 0.5])  # tails, heads
BENT = np.array([2 / 3, 1 / 3])
"""The two coins of the chapter, (probability of 0, probability of 1)."""

STOPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
FLIPS = np.union1d(np.logspace(0, math.log10(5000), 100).round().astype(int), STOPS)
PLAYERS = 8


@cache
def _heads(chance: float = 0.5) -> Floats:
    """For each player the number of heads after 1, 2, … 5000 flips of a coin that shows heads with this chance."""
    if chance == 0.5:
        flips = np.random.default_rng(11).integers(0, 2, size=(PLAYERS, 5000))
    else:  # players whose luck is typical: at 3/8 after 400 flips, on average none, and scattered as it should be
        flips = (np.random.default_rng(18).random((PLAYERS, 5000)) < chance).astype(int)
    return flips.cumsum(axis=1).astype(float)


def shares_of_heads() -> Floats:
    """For each player and each number of flips in `FLIPS`, the share of heads among the flips so far."""
    return _heads()[:, FLIPS - 1] / FLIPS


def log_ratio_per_flip(heads: Floats, q_of_heads: float) -> Floats:
    """1/N of the log of (likelihood under the fair coin / likelihood under q), given the share of heads."""
    tails_gain, heads_gain = np.asarray(surprisal([1 - q_of_heads, q_of_heads])) - surprisal(FAIR)
    return heads * heads_gain + (1 - heads) * tails_gain


def drift(heads: float, q_of_heads: float = 1 / 3) -> tuple[float, float]:
    """What one flip adds to the log ratio of the fair coin to q if neither need be true: mean and standard deviation.

    The mean is D(h‖q) − D(h‖fair), h being the coin that is flipped.
    """
    tails_gain, heads_gain = np.asarray(surprisal([1 - q_of_heads, q_of_heads])) - surprisal(FAIR)
    mean = heads * heads_gain + (1 - heads) * tails_gain
    return float(mean), float(math.sqrt(heads * (1 - heads)) * abs(heads_gain - tails_gain))


def log_ratios(q_of_heads: float, last: int, heads: float = 0.5) -> Floats:
    """For each player the whole log ratio after 0, 1, … `last` flips of a coin with this chance of heads, in nats."""
    flips = np.arange(1, last + 1)
    walks = flips * log_ratio_per_flip(_heads(heads)[:, :last] / flips, q_of_heads)
    return np.concatenate([np.zeros((PLAYERS, 1)), walks], axis=1)


def settled(q_of_heads: float) -> int:
    """The first of the `STOPS` from which on all players' ratios stay above zero."""
    above = (log_ratio_per_flip(shares_of_heads(), q_of_heads) > 0).all(axis=0)
    last = FLIPS[~above].max(initial=0)
    return next(stop for stop in STOPS if stop > last)


def heads_in(flips: int, heads: float) -> Floats:
    """The probabilities of 0, 1, … heads in so many flips. That is all of the flips that tells two coins apart."""
    return np.array([math.comb(flips, k) * heads**k * (1 - heads) ** (flips - k) for k in range(flips + 1)])


class Wait(NamedTuple):
    """How long it takes until the fair coin is first ahead by a factor, and when it is in expectation."""

    expected: float
    """The N at which the *expected* log ratio reaches the goal: log(factor) / drift, and infinite if it falls."""
    chances: Floats
    """The probability that flip n is the first at which the goal is reached, for n = 0, 1, 2, …"""

    @property
    def mean(self) -> float:
        """The mean number of flips until then. It exceeds `expected`, because the last flip overshoots the goal."""
        return float(np.arange(self.chances.size) @ self.chances)

    def share(self, last: int) -> Floats:
        """The probability of having got there by flip 0, 1, … `last`."""
        return np.pad(self.chances, (0, max(0, last + 1 - self.chances.size))).cumsum()[: last + 1]

    def quantile(self, level: float) -> int:
        """The first number of flips by which a share `level` of the players has got there."""
        return int(np.searchsorted(self.chances.cumsum(), level))


@cache
def waiting_time(q_of_heads: float, factor: float, heads: float = 0.5, last: int | None = None) -> Wait:
    """When the fair coin explains the flips of a coin, itself unless `heads` says another, `factor` times as well as q.

    Exact: the paths of the log ratio are followed flip by flip, by their number of heads, until all but 10⁻¹² of them
    have reached the goal for the first time, or up to flip `last`.
    """
    per_flip, _ = drift(heads, q_of_heads)
    if last is None and per_flip <= 0:
        raise ValueError(f"heads must let the log ratio rise unless last is given, got {heads}")
    tails_gain, heads_gain = np.asarray(surprisal([1 - q_of_heads, q_of_heads])) - surprisal(FAIR)
    goal = math.log(factor)
    alive, chances = np.ones(1), [0.0]
    while alive.sum() > 1e-12 and (last is None or len(chances) <= last):
        # by number of heads: the next flip is tails, or heads
        alive = np.append(alive, 0) * (1 - heads) + np.append(0, alive) * heads
        came = np.arange(alive.size)
        there = came * heads_gain + (alive.size - 1 - came) * tails_gain >= goal - 1e-12
        chances.append(float(alive[there].sum()))
        alive[there] = 0
    return Wait(goal / per_flip if per_flip > 0 else math.inf, np.array(chances))
