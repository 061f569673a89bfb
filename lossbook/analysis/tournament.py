"""Five players with stated strengths, the games they play one after the other, and the strengths fitted on the way."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components

from lossbook.analysis.preferences import fit_strengths, win_probability
from lossbook.core import Floats, real
from lossbook.losses.ranking import pairwise_logistic

PLAYERS = ("Ada", "Ben", "Cleo", "Dan", "Eva")
STRENGTHS = np.array([1.5, 0.5, 0.0, -0.5, -1.5])
"""The truth behind the results, in nats."""
ROUNDS = 4  # in each of them everybody meets everybody once
GAMES = 10 * ROUNDS
SEED = 8


@cache
def results() -> NDArray[np.intp]:
    """Winner and loser of every game, in the order in which they are played."""
    rng = np.random.default_rng(SEED)
    chance = win_probability(STRENGTHS)
    played = []
    for _ in range(ROUNDS):
        first, second = np.triu_indices(len(PLAYERS), 1)
        for game in rng.permutation(len(first)):
            i, j = first[game], second[game]
            played.append((i, j) if rng.random() < chance[i, j] else (j, i))
    return np.array(played)


def wins_after(games: int) -> Floats:
    """How often the player of a row has beaten that of a column in the first games."""
    counts = np.zeros((len(PLAYERS), len(PLAYERS)))
    np.add.at(counts, tuple(results()[:games].T), 1)
    return counts


def unbeaten_groups(wins: ArrayLike) -> list[list[int]]:
    """The smallest groups of players whom nobody outside has beaten; empty if there is a best fit without a penalty.

    >>> unbeaten_groups([[0, 2], [0, 0]]), unbeaten_groups([[0, 2], [1, 0]])
    ([[0]], [])
    """
    counts = real("wins", wins)
    number, group = connected_components(counts > 0, directed=True, connection="strong")
    if number == 1:
        return []
    beaten = {group[loser] for winner, loser in zip(*np.nonzero(counts), strict=True) if group[winner] != group[loser]}
    return sorted(np.flatnonzero(group == one).tolist() for one in range(number) if one not in beaten)


@cache
def strengths_after(games: int, penalty: float) -> Floats:
    """The fitted strengths after the first games, with mean 0."""
    return fit_strengths(wins_after(games), penalty=penalty)


def cost(strengths: ArrayLike, games: int) -> float:
    """What the first games cost under these strengths, in nats: minus the log-likelihood, no penalty."""
    s = real("strengths", strengths)
    winners, losers = results()[:games].T
    return float(pairwise_logistic(s[winners], s[losers], reduction="sum"))
