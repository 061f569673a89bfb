"""Twenty points of two classes and one more that the reader moves: the straight boundary each margin loss draws."""

from __future__ import annotations

from functools import cache

import numpy as np

from lossbook.analysis.margins import Plane, fit_plane
from lossbook.core import Floats, Loss
from lossbook.losses.margins import EXPONENTIAL, HINGE, LOGISTIC, SQUARED_HINGE

RIVALS: tuple[Loss, ...] = (HINGE, LOGISTIC, SQUARED_HINGE, EXPONENTIAL)
"""The losses that have a best boundary, by how steeply a far mistake grows dearer; the first two grow alike."""


@cache
def points() -> tuple[Floats, Floats]:
    """Ten points around (−1, 0) with the label −1, and ten around (1, 0) with the label 1."""
    rng = np.random.default_rng(7)
    labels = np.repeat([-1.0, 1.0], 10)
    return np.column_stack([labels + rng.normal(0, 0.45, 20), rng.normal(0, 0.9, 20)]), labels


@cache
def _plane(name: str, x: float, y: float) -> Plane:
    places, labels = points()
    (loss,) = (one for one in RIVALS if one.name == name)
    return fit_plane(loss, np.vstack([places, [x, y]]), np.append(labels, 1.0), penalty=0.01)


def plane(loss: Loss, x: float, y: float) -> Plane:
    """The plane fitted to the twenty points and a twenty-first at (x, y) with the label 1."""
    return _plane(loss.name, x, y)


def crossing(loss: Loss, x: float, y: float) -> float:
    """Where the boundary crosses the horizontal axis."""
    fitted = plane(loss, x, y)
    return float(-fitted.intercept / fitted.weights[0])


def mistakes(loss: Loss, x: float, y: float) -> int:
    """How many of the twenty points lie on the wrong side."""
    places, labels = points()
    return int(np.sum(plane(loss, x, y).score(places) * labels <= 0))


def edge(fitted: Plane, height: Floats) -> Floats:
    """The first feature at which the boundary stands, for each value of the second."""
    return -(fitted.intercept + fitted.weights[1] * height) / fitted.weights[0]
