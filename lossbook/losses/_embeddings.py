"""Reading embeddings, and the geometry that the losses of embeddings share: lengths, directions, unit vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import (
    Floats,
    place,
    quiet,
    real,
    same_shape,
    shown,
)


def embedding(name: str, value: ArrayLike) -> Floats:
    array = real(name, value)
    if not array.ndim:
        raise ValueError(f"{name} must hold vectors along its last axis, got {shown(value)}")
    return array


def same_embeddings(**vectors: ArrayLike) -> list[Floats]:
    """Embeddings of one shape, by name."""
    arrays = {name: embedding(name, value) for name, value in vectors.items()}
    first = next(iter(arrays))
    for name, array in arrays.items():
        same_shape(first, arrays[first], name, array)
    return list(arrays.values())


def dot(x: Floats, y: Floats) -> Floats:
    """Scalar products along the last axis."""
    return np.asarray(np.einsum("...i,...i->...", x, y))


def in_range(x: Floats) -> tuple[Floats, NDArray[np.intc]]:
    """x as `scaled` · 2**`power`, row by row, such that squares neither overflow nor vanish: exact.

    Ordinary vectors stay as they are. Otherwise the largest entry of each row is from ½ to 1.
    """
    with quiet():
        squares = dot(x, x)
    if ((squares > 1e-280) & (squares < 1e280)).all():
        return x, np.zeros((*squares.shape, 1), dtype=np.intc)
    _, power = np.frexp(np.abs(x).max(axis=-1, keepdims=True, initial=0.0))
    return np.ldexp(x, -power), power


def norm(x: Floats) -> Floats:
    """Lengths along the last axis; they neither overflow nor underflow on the way."""
    scaled, power = in_range(x)
    with quiet():
        return np.asarray(np.ldexp(np.sqrt(dot(scaled, scaled)), power[..., 0]))


def direction(x: Floats, y: Floats) -> Floats:
    """The unit vector from y to x, 0 where they are one point: the gradient of their distance."""
    with quiet():
        difference = x - y
        beyond = np.isinf(difference).any(axis=-1, keepdims=True)
        if beyond.any():  # half of it has the same direction
            difference = np.where(beyond, x / 2 - y / 2, difference)
        scaled, _ = in_range(difference)
        length = np.sqrt(dot(scaled, scaled))[..., np.newaxis]
        return np.where(length == 0, 0.0, scaled / length)


def with_length(name: str, x: Floats) -> tuple[Floats, Floats, NDArray[np.intc]]:
    """The vectors in range, their lengths (last axis kept), and the powers of 2 that are missing in both.

    A zero vector has no direction: refused.
    """
    scaled, power = in_range(x)
    with quiet():
        length = np.sqrt(dot(scaled, scaled))
    if np.any(length == 0):
        where = place(length == 0)
        raise ValueError(f"{name} must not hold a zero vector (it has no direction), got one at index {where}")
    return scaled, length[..., np.newaxis], power


def unit_vectors(name: str, x: Floats) -> tuple[Floats, Floats]:
    """The vectors scaled to length 1 and their lengths (last axis kept). A zero vector is refused."""
    scaled, length, power = with_length(name, x)
    with quiet():
        return scaled / length, np.ldexp(length, power)


def through_unit(slopes: Floats, units: Floats, lengths: Floats) -> Floats:
    """The gradient in x from the gradient in x/‖x‖: only what is across x counts."""
    with quiet():
        return (slopes - units * dot(units, slopes)[..., np.newaxis]) / lengths
