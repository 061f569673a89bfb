"""Matching predictions with objects one to one, as DETR does."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import real


class Matching(NamedTuple):
    """Which prediction answers for each object, and the summed price."""

    query: NDArray[np.intp]
    cost: float


def hungarian(costs: ArrayLike) -> Matching:
    """The cheapest one-to-one matching, for costs of shape (predictions, objects).

    >>> hungarian([[1.0, 2.0], [2.0, 9.0]])  # whoever takes the cheapest pair first pays 10
    Matching(query=array([1, 0]), cost=4.0)
    """
    from scipy.optimize import linear_sum_assignment

    c = real("costs", costs)
    if c.ndim != 2 or c.shape[0] < c.shape[1]:
        raise ValueError(f"costs must have at least as many predictions (rows) as objects (columns), got {c.shape}")
    rows, columns = linear_sum_assignment(c)
    query = np.empty(c.shape[1], dtype=np.intp)
    query[columns] = rows
    return Matching(query, float(c[query, np.arange(c.shape[1])].sum()))


def greedy(costs: ArrayLike) -> Matching:
    """The cheapest pair first, then the cheapest of what is left.

    >>> greedy([[1.0, 2.0], [2.0, 9.0]])
    Matching(query=array([0, 1]), cost=10.0)
    """
    c = real("costs", costs)
    left, query = c.copy(), np.full(c.shape[1], -1, dtype=np.intp)
    for _ in range(c.shape[1]):
        row, column = np.unravel_index(int(left.argmin()), left.shape)
        query[column] = row
        left[row], left[:, column] = np.inf, np.inf
    return Matching(query, float(c[query, np.arange(c.shape[1])].sum()))
