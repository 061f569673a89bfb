"""Photographs that ship with scikit-learn, small and square, and tiles of them dealt out anew."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from lossbook.core import Floats, shown

CROPS: dict[str, tuple[str, int, int, int]] = {
    "pagoda": ("china.jpg", 20, 15, 384),
    "flower": ("flower.jpg", 70, 160, 288),
    "petals": ("flower.jpg", 124, 212, 192),
}
"""By name: the file, the first row and column, and the side of a square."""

SIZE = 96


@cache
def photograph(name: str, size: int = SIZE) -> Floats:
    """A square photograph of shape (3, size, size) with numbers from 0 to 1: red, green and blue.

    Each pixel is the mean of a block, so `size` divides the side of the crop in `CROPS`.

    >>> photograph("pagoda", 48).shape
    (3, 48, 48)
    """
    if name not in CROPS:
        raise ValueError(f"name must be one of {', '.join(CROPS)}, got {shown(name)}")
    from sklearn.datasets import load_sample_image

    file, top, left, side = CROPS[name]
    if size < 1 or side % size:
        raise ValueError(f"size must divide {side}, got {shown(size)}")
    pixels = load_sample_image(file)[top : top + side, left : left + side] / 255
    block = side // size
    small = pixels.reshape(size, block, size, block, 3).mean(axis=(1, 3)).transpose(2, 0, 1)
    small.flags.writeable = False
    return np.asarray(small)


def new_order(count: int, seed: int = 0) -> NDArray[np.intp]:
    """A random order in which nothing keeps its place, unless there is one thing only."""
    random = np.random.default_rng(seed)
    while True:
        order = random.permutation(count)
        if count == 1 or (order != np.arange(count)).all():
            return order


def dealt(picture: Floats, tile: int, seed: int = 0) -> Floats:
    """The picture cut into squares of `tile` by `tile` pixels, every one of which is laid down in another place.

    >>> dealt(np.arange(4.0).reshape(1, 2, 2), 2).tolist()  # one tile stays where it is
    [[[0.0, 1.0], [2.0, 3.0]]]
    """
    channels, height, width = picture.shape
    if tile < 1 or height % tile or width % tile:
        raise ValueError(f"tile must divide {height} and {width}, got {shown(tile)}")
    rows, columns = height // tile, width // tile
    tiles = picture.reshape(channels, rows, tile, columns, tile).transpose(1, 3, 0, 2, 4)
    tiles = tiles.reshape(rows * columns, channels, tile, tile)[new_order(rows * columns, seed)]
    return tiles.reshape(rows, columns, channels, tile, tile).transpose(2, 0, 3, 1, 4).reshape(picture.shape)
