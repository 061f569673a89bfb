"""Two means of token losses: over all tokens, and the mean of micro-batches' means, on made and on real lengths."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.analysis.help_pages import counted, pages
from lossbook.core import Floats, real, same_shape


class TwoMeans(NamedTuple):
    """What one update descends, by either mean, and how much heavier a token of the shortest micro-batch weighs."""

    tokens: float
    means: float
    heavier: float


def two_means(counts: ArrayLike, losses: ArrayLike) -> TwoMeans:
    """Both means of micro-batches, from their numbers of tokens and their mean losses.

    >>> two_means([1, 3], [4.0, 2.0])
    TwoMeans(tokens=2.5, means=3.0, heavier=3.0)
    """
    n, mean = real("counts", counts), real("losses", losses)
    same_shape("counts", n, "losses", mean)
    if n.size == 0 or np.any(n <= 0):
        raise ValueError(f"counts must be greater than 0, one at least, got {n.tolist()!r}")
    return TwoMeans(float((n * mean).sum() / n.sum()), float(mean.mean()), float(n.max() / n.min()))


def token_weights(counts: ArrayLike) -> tuple[Floats, float]:
    """What one token of each micro-batch weighs in the mean of means, and what every token weighs in the token mean."""
    n = real("counts", counts)
    return 1 / (n.size * n), float(1 / n.sum())


class Paragraphs(NamedTuple):
    """Lengths in bytes, and the mean cost of a byte in nats."""

    lengths: NDArray[np.intp]
    losses: Floats


def paragraphs(order: int = 4) -> Paragraphs:
    """The paragraphs of the unseen help pages, and what an n-gram's predictions of them cost."""
    unseen, costs = pages().unseen, counted(order)
    ends = np.array([*(gap.end() for gap in re.finditer(rb"\n\n+", unseen)), len(unseen)])
    ends = np.unique(ends)
    starts = np.concatenate([[0], ends[:-1]])
    means = [costs[a:b].mean() for a, b in zip(starts, ends, strict=True)]
    return Paragraphs((ends - starts).astype(np.intp), np.array(means))


def updates(seed: int = 0, sequences: int = 2, accumulated: int = 4) -> list[TwoMeans]:
    """One pass over the paragraphs in random order: micro-batches of some, of which some make an update."""
    lengths, losses = paragraphs()
    order = np.random.default_rng(seed).permutation(len(lengths))
    size = sequences * accumulated
    found = []
    for start in range(0, len(order) - size + 1, size):
        batch = order[start : start + size].reshape(accumulated, sequences)
        counts = lengths[batch].sum(axis=1)
        found.append(two_means(counts, (lengths * losses)[batch].sum(axis=1) / counts))
    return found
