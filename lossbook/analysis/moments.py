"""Clouds of feature vectors with one and the same Gram matrix, and two-sample distances that see more or less of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from lossbook.core import Floats

POINTS = 48
CENTRE = np.array([1.5, 0.8])
SPREAD = np.array([[0.5, 0.15], [0.15, 0.3]])
MOMENTS = np.outer(CENTRE, CENTRE) + SPREAD
"""The second moments that every cloud has: its Gram matrix over the number of points."""

SHAPES = ("one heap", "two heaps", "ring")
Kernel = Callable[[Floats, Floats], Floats]


@cache
def standard(shape: str) -> Floats:
    """Points of a shape around the origin with the identity for their second moments, of shape (2, POINTS)."""
    random = np.random.default_rng(5)
    if shape == "one heap":
        points = random.normal(size=(2, POINTS))
    elif shape == "two heaps":
        points = random.normal(scale=0.25, size=(2, POINTS))
        points[1] += np.repeat([-1.5, 1.5], POINTS // 2)
    elif shape == "ring":
        angles = 2 * np.pi * (np.arange(POINTS) + random.uniform(-0.3, 0.3, POINTS)) / POINTS
        points = np.stack([np.cos(angles), np.sin(angles)])
    else:
        raise ValueError(f"shape must be one of {', '.join(SHAPES)}, got {shape!r}")
    points = points - points.mean(axis=1, keepdims=True)
    return np.asarray(np.linalg.solve(np.linalg.cholesky(points @ points.T / POINTS), points))


def cloud(shift: float, shape: str = "one heap") -> Floats:
    """A cloud of shape (2, POINTS) around `shift` times `CENTRE`, as wide as it takes to have the second moments
    `MOMENTS`. `shift` is between −1 and 1."""
    left = MOMENTS - shift**2 * np.outer(CENTRE, CENTRE)
    return np.asarray(shift * CENTRE[:, np.newaxis] + np.linalg.cholesky(left) @ standard(shape))


def squared_products(x: Floats, y: Floats) -> Floats:
    """The kernel (x · y)² between the columns of two matrices."""
    return np.asarray(np.square(x.T @ y))


def bells(x: Floats, y: Floats) -> Floats:
    """The kernel exp(−‖x − y‖²/2) between the columns of two matrices."""
    gaps = x[:, :, np.newaxis] - y[:, np.newaxis, :]
    return np.asarray(np.exp(-np.square(gaps).sum(axis=0) / 2))


def two_sample(x: Floats, y: Floats, kernel: Kernel) -> float:
    """Squared maximum mean discrepancy of two samples, columns of matrices: mean of the kernel within the first, plus
    within the second, less twice that between them."""
    return float(kernel(x, x).mean() + kernel(y, y).mean() - 2 * kernel(x, y).mean())
