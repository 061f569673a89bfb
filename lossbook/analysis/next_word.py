"""A table of next words, counted in a few sentences and mixed with equal chances, and a sentence that it reads."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from lossbook.core import Floats, number
from lossbook.losses.sequences import perplexity

KNOWN = "the cat sat on the mat . the dog sat on the rug . the cat saw the dog ."
SENTENCE = "the dog saw the cat on the mat ."
WORDS = (*sorted(set(KNOWN.split()) - {"."}), ".")
START = "."
"""A sentence begins after the full stop of the one before."""


@cache
def counted() -> Floats:
    """Relative frequencies: the row is the word before, the column the next one."""
    words = [START, *KNOWN.split()]
    counts = np.zeros((len(WORDS), len(WORDS)))
    for before, after in pairwise(words):
        counts[WORDS.index(before), WORDS.index(after)] += 1
    return counts / counts.sum(axis=1, keepdims=True)


def table(share: float) -> Floats:
    """The predictive table: `share` of every row is spread evenly over all words.

    >>> round(float(table(0.0)[WORDS.index("the"), WORDS.index("cat")]), 6)
    0.333333
    """
    share = number("share", share, 0, 1, closed=True)
    return (1 - share) * counted() + share / len(WORDS)


def steps() -> list[tuple[int, int]]:
    """The sentence as pairs: the word before, and the word that comes, by their numbers."""
    words = [START, *SENTENCE.split()]
    return [(WORDS.index(a), WORDS.index(b)) for a, b in pairwise(words)]


def costs(share: float) -> Floats:
    """−log of the probability of every word of the sentence, in nats."""
    p = table(share)
    with np.errstate(divide="ignore"):
        return np.array([-np.log(p[a, b]) for a, b in steps()])


def sentence_perplexity(share: float) -> float:
    """The perplexity of the sentence."""
    return perplexity(costs(share))
