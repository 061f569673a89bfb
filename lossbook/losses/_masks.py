"""What the losses of masks share: pictures in rows, the names of their forms, and sums over pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import (
    Floats,
    check_probability,
    reduce,
    reduce_grad,
    same_shape,
    shown,
)

DENOMINATORS = ("linear", "squared")
OVER = ("image", "batch")
CLASSES = ("present", "all")
WEIGHTS = ("squared", "linear", "none")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {shown(value)}")
    return value


def _pictures(name: str, x: Floats, axes: int = 2) -> Floats:
    if x.ndim < axes or 0 in x.shape[-axes:]:
        kind = "rows and columns" if axes == 2 else "classes, rows and columns"
        raise ValueError(f"{name} must have {kind} on its last {axes} axes, got shape {x.shape}")
    return x


class _Flat(NamedTuple):
    """Prediction and target with one picture, or the whole batch, in a row: of shape (n, M), or (n, K, M)."""

    p: Floats
    y: Floats
    batch: tuple[int, ...]  # the shape of the losses
    shape: tuple[int, ...]  # the shape of the gradient

    def losses(self, values: Floats, reduction: str) -> Floats | float:
        return reduce(values.reshape(self.batch), reduction)

    def slopes(self, slopes: Floats, reduction: str) -> Floats:
        """Back to the shape of the prediction."""
        if self.p.ndim == 3:  # the classes go back behind the pictures
            slopes = slopes.swapaxes(0, 1).reshape(self.p.shape[1], -1, *self.shape[-2:]).swapaxes(0, 1)
        return reduce_grad(slopes.reshape(self.shape), reduction, int(np.prod(self.batch, dtype=int)))


def _flat(p: Floats, y: Floats, over: str, axes: int = 2) -> _Flat:
    lead, shape = p.shape[:-axes], p.shape
    if _one_of("over", over, OVER) == "batch" and 0 in lead:
        raise ValueError("over='batch' needs at least one picture, got an empty batch")
    batch = lead if over == "image" else ()
    pixels = shape[-2] * shape[-1]
    if axes == 2:
        rows = (int(np.prod(lead, dtype=int)), pixels) if over == "image" else (1, -1)
        return _Flat(p.reshape(rows), y.reshape(rows), batch, shape)
    classes = shape[-3]
    flat = [x.reshape(-1, classes, pixels).swapaxes(0, 1) for x in (p, y)]  # classes, pictures, pixels
    flat = [x.swapaxes(0, 1) if over == "image" else x.reshape(1, classes, -1) for x in flat]
    return _Flat(flat[0], flat[1], batch, shape)


def _soft(prediction: ArrayLike, target: ArrayLike, over: str, axes: int = 2) -> _Flat:
    p, y = check_probability("prediction", prediction), check_probability("target", target)
    same_shape("prediction", p, "target", y)
    return _flat(_pictures("prediction", p, axes), y, over, axes)


def _sum(x: Floats) -> Floats:
    return np.asarray(x.sum(axis=-1, keepdims=True))
