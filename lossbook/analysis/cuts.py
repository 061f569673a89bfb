"""One sentence under one model, cut into tokens in five ways: what a token costs, and what a byte costs."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from lossbook.analysis.byte_model import ByteModel
from lossbook.core import Floats
from lossbook.losses.sequences import bits_per_byte, perplexity

READ = (
    "We meet at the café by the sea. The sea is grey and the café is small, but the coffee is good and the bread is "
    "better. Some days the boats are late. Then we wait at the café, we eat bread, and we talk about the boats and the "
    "sea. At noon the boats are in, the café is full, and nobody talks about the sea any more. We pay and walk home by "
    "the beach. The next day we meet at the café by the beach, and the bread is gone."
)
"""What the model was made from."""
SENTENCE = "we wait by the café"
CUTS = ("bytes", "letters", "pairs of letters", "words", "the whole sentence")
ORDERS = (0, 1, 3)  # bytes of context


def tokens(cut: str) -> list[bytes]:
    """The sentence in tokens; a space belongs to the word before it.

    >>> tokens("words")[0], len(tokens("bytes")), len(tokens("letters"))
    (b'we ', 20, 19)
    """
    text = SENTENCE
    if cut == "bytes":
        return [bytes([byte]) for byte in text.encode()]
    pieces = {
        "letters": list(text),
        "pairs of letters": [text[i : i + 2] for i in range(0, len(text), 2)],
        "words": [word + " " for word in text.split()[:-1]] + text.split()[-1:],
        "the whole sentence": [text],
    }
    if cut not in pieces:
        raise ValueError(f"cut must be one of {', '.join(map(repr, CUTS))}, got {cut!r}")
    return [piece.encode() for piece in pieces[cut]]


@cache
def model(order: int) -> ByteModel:
    """The model with a context of `order` bytes."""
    return ByteModel(READ.encode(), order)


class Cut(NamedTuple):
    """A sentence in tokens: lengths in bytes, costs in nats, and the two measures."""

    lengths: Floats
    costs: Floats
    perplexity: float
    bits_per_byte: float


@cache
def cut_sentence(cut: str, order: int) -> Cut:
    """What every token costs. The probability of a token is that of its bytes, one after the other."""
    lengths = np.array([len(token) for token in tokens(cut)])
    by_byte = model(order).costs(SENTENCE.encode())
    costs = np.add.reduceat(by_byte, np.concatenate([[0], np.cumsum(lengths)[:-1]]))
    return Cut(lengths.astype(float), costs, perplexity(costs), bits_per_byte(costs, int(lengths.sum())))
