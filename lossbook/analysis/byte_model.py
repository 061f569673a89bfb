"""A model of bytes that counts: Witten and Bell's interpolated n-gram, and what compressors make of the same text."""

from __future__ import annotations

import gzip
import lzma
import math

import numpy as np

from lossbook.core import Floats

BYTES = 256


class ByteModel:
    """Counts of every byte after every context of up to `order` bytes.

    A context that was seen n times, with u different bytes after it, gives u/(n + u) of its word to the next shorter
    one; the shortest gives it to 1/256 for every byte. So no byte is impossible.

    >>> model = ByteModel(b"aab", 0)
    >>> model.costs(b"a").tolist() == [-math.log((2 + 2 / 256) / (3 + 2))]
    True
    """

    def __init__(self, text: bytes, order: int) -> None:
        if order < 0:
            raise ValueError(f"order must be at least 0, got {order!r}")
        self.order = order
        self._next: list[dict[bytes, dict[int, int]]] = []
        for k in range(order + 1):
            seen: dict[bytes, dict[int, int]] = {}
            for i in range(k, len(text)):
                after = seen.setdefault(text[i - k : i], {})
                after[text[i]] = after.get(text[i], 0) + 1
            self._next.append(seen)
        self._times = [{context: sum(after.values()) for context, after in seen.items()} for seen in self._next]

    def probability(self, byte: int, before: bytes) -> float:
        """The probability of a byte after some others."""
        p = 1 / BYTES
        for k, (seen, times) in enumerate(zip(self._next, self._times, strict=True)):
            if k > len(before):
                break
            context = before[len(before) - k :]
            after = seen.get(context)
            if after is not None:
                p = (after.get(byte, 0) + len(after) * p) / (times[context] + len(after))
        return p

    def costs(self, text: bytes, before: bytes = b"") -> Floats:
        """−log p of every byte of a text, in nats, each given all that came before it."""
        whole, start = before + text, len(before)
        reach = self.order
        return np.array(
            [-math.log(self.probability(whole[i], whole[max(0, i - reach) : i])) for i in range(start, len(whole))]
        )


def compressed(text: bytes, by: str) -> int:
    """Length in bytes of what gzip or xz make of a text, at their strongest.

    >>> compressed(b"a" * 1000, "gzip") < 40
    True
    """
    if by not in ("gzip", "xz"):
        raise ValueError(f"by must be 'gzip' or 'xz', got {by!r}")
    if by == "gzip":
        return len(gzip.compress(text, 9, mtime=0))
    return len(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME))


def compressor_bits(text: bytes, by: str, before: bytes = b"") -> float:
    """Bits per byte of a compressor; with `before`, what the text adds to a file that starts with it."""
    extra = compressed(before + text, by) - (compressed(before, by) if before else 0)
    return 8 * extra / len(text)
