"""Prefix codes for the weather: lengths share a budget, a code is a belief, and the wrong belief costs bits."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lossbook.core import Floats
from lossbook.losses.information import kl_divergence

WEATHER = ("sun", "cloud", "rain", "snow")
CLIMATE = np.array([1 / 2, 1 / 4, 1 / 8, 1 / 8])
"""How often the weather station reports each kind of weather."""


def spending(lengths: Sequence[int]) -> float:
    """What words of these lengths take of the budget of 1: the sum of Kraft's inequality."""
    return sum(2.0**-length for length in lengths)


def starts(lengths: Sequence[int]) -> Floats:
    """Where the share of each word begins if the shares are laid side by side, the largest first."""
    order = np.argsort(lengths, kind="stable")
    shares = 2.0 ** -np.asarray(lengths, dtype=float)[order]
    places = np.empty(len(order))
    places[order] = shares.cumsum() - shares
    return places


def words(lengths: Sequence[int]) -> list[str] | None:
    """A prefix code with words of these lengths, or None where there is none: the binary digits of the starts."""
    if spending(lengths) > 1:
        return None
    return [
        format(int(start * 2**length), f"0{length}b") for start, length in zip(starts(lengths), lengths, strict=True)
    ]


class Price(NamedTuple):
    """Bits per report of a code, infinite where there is none, and what of them exceeds the entropy."""

    bits: float
    belief: float
    """D(p‖r) in bits, of the belief r behind the words."""
    unused: float
    """What is paid for a budget that is not spent."""


def price(lengths: Sequence[int]) -> Price:
    """What a prefix code with words of these lengths costs in the climate."""
    spent, shares = spending(lengths), 2.0 ** -np.asarray(lengths, dtype=float)
    if spent > 1:
        return Price(math.inf, math.inf, math.inf)
    belief = float(kl_divergence(CLIMATE, shares / spent, base=2))
    return Price(float(CLIMATE @ np.asarray(lengths)), belief, -math.log2(spent))


CHEAPEST = min(price(lengths).bits for lengths in itertools.product(range(1, 5), repeat=4))
"""The least price of any prefix code for the climate: its entropy."""
