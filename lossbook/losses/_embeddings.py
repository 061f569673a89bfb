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


def norm(x: Floats) -> Floats:
    with quiet():
        return np.asarray(np.hypot.reduce(x, axis=-1))  # neither overflows nor underflows on the way


def in_range(x: Floats) -> tuple[Floats, NDArray[np.intc]]:
    """x as `scaled` · 2**`power`, the largest entry of each row from ½ to 1: exact, and squares are safe."""
    _, power = np.frexp(np.abs(x).max(axis=-1, keepdims=True, initial=0.0))
    return np.ldexp(x, -power), power


def direction(difference: Floats) -> Floats:
    """The unit vector along a difference, 0 where there is none: the gradient of its length."""
    scaled, _ = in_range(difference)
    length = norm(scaled)[..., np.newaxis]
    with quiet():
        return np.where(length == 0, 0.0, scaled / length)


def unit_vectors(name: str, x: Floats) -> tuple[Floats, Floats]:
    """The vectors scaled to length 1 and their lengths (last axis kept). A zero vector has no direction: refused."""
    scaled, power = in_range(x)
    length = norm(scaled)
    if np.any(length == 0):
        where = place(length == 0)
        raise ValueError(f"{name} must not hold a zero vector (it has no direction), got one at index {where}")
    with quiet():
        return scaled / length[..., np.newaxis], np.ldexp(length[..., np.newaxis], power)


def through_unit(slopes: Floats, units: Floats, lengths: Floats) -> Floats:
    """The gradient in x from the gradient in x/‖x‖: only what is across x counts."""
    with quiet():
        return (slopes - units * np.sum(units * slopes, axis=-1, keepdims=True)) / lengths
