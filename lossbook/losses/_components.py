"""Losses of whole objects, one vector of components each: reading them, and one loss per object."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Floats, quiet, real, reduce, reduce_grad, same_shape, shown


def components(name: str, value: ArrayLike) -> Floats:
    """`value` as a float64 array whose last axis holds the components of one object."""
    array = real(name, value)
    if not array.ndim or array.shape[-1] == 0:
        raise ValueError(f"{name} must hold components along its last axis, got {shown(value)}")
    return array


def same_components(**given: ArrayLike) -> list[Floats]:
    """Objects with the same components, by name."""
    arrays = {name: components(name, value) for name, value in given.items()}
    first = next(iter(arrays))
    for name, array in arrays.items():
        same_shape(first, arrays[first], name, array)
    return list(arrays.values())


def same_batch(name: str, value: Floats, other_name: str, other: Floats) -> None:
    """Refuse two arrays with another number of objects: all axes but the last must agree."""
    if value.shape[:-1] != other.shape[:-1]:
        raise ValueError(
            f"{name} and {other_name} must hold one vector per example each, got shapes {value.shape} and {other.shape}"
        )


def total(terms: Floats, reduction: str) -> Floats | float:
    """The sum over the components of each object, reduced over the objects."""
    with quiet():
        return reduce(np.asarray(terms).sum(axis=-1), reduction)


def total_grad(slopes: Floats, reduction: str) -> Floats:
    """The gradient of a reduced `total`: the mean divides by the number of objects, not of components."""
    return reduce_grad(slopes, reduction, slopes.size // slopes.shape[-1])
