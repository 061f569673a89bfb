"""Prefix codes for the weather: a code is a belief, and the wrong belief costs bits."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import count

import numpy as np

from lossbook.core import Floats
from lossbook.losses.information import surprisal

WEATHER = ("sun", "cloud", "rain", "snow")
CLIMATE = np.array([1 / 2, 1 / 4, 1 / 8, 1 / 8])
"""How often the weather station reports each kind of weather."""


def huffman(q: Sequence[float] | Floats) -> list[str]:
    """A shortest binary prefix code for the probabilities q, one codeword for each."""
    order = count()
    heap = [(float(chance), next(order), [index]) for index, chance in enumerate(q)]
    heapq.heapify(heap)
    words = [""] * len(heap)
    while len(heap) > 1:
        (low, _, rare), (high, _, common) = heapq.heappop(heap), heapq.heappop(heap)
        for digit, members in (("1", rare), ("0", common)):
            for index in members:
                words[index] = digit + words[index]
        heapq.heappush(heap, (low + high, next(order), rare + common))
    return words


def believed_climate(sun: float) -> Floats:
    """The climate with another probability of sun; the rest keeps its proportions."""
    return np.concatenate([[sun], (1 - sun) * CLIMATE[1:] / CLIMATE[1:].sum()])


def codeword_lengths(sun: float, whole: bool) -> Floats:
    """Bits for each kind of weather in a code made for the believed climate, whole or ideal."""
    q = believed_climate(sun)
    return np.array([float(len(word)) for word in huffman(q)]) if whole else np.asarray(surprisal(q, base=2))
