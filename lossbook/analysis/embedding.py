"""A learnt embedding and how it is judged: distances within and between labels, nearest neighbours, movement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lossbook.core import Floats
from lossbook.losses.contrastive_pairs import contrastive_embeddings_grad, pairwise_distance

Labels = NDArray[np.int_]


@dataclass(frozen=True)
class Training:
    """What was recorded while an embedding was learnt."""

    margin: float
    steps: Sequence[int]
    embeddings: Floats  # (steps, examples, 2), of held-out examples
    digits: Labels  # of those examples
    right: NDArray[np.bool_]  # (steps, examples): the nearest training example shows the same digit

    @property
    def accuracy(self) -> Floats:
        """The share of examples whose nearest neighbour is right, at each of the steps."""
        return self.right.mean(axis=1)

    def distances(self, index: int = -1) -> tuple[float, float]:
        """Mean distance within a digit and between digits."""
        return distances_by_label(self.embeddings[index], self.digits)

    def last_move(self) -> float:
        """How far an example moved on average between the last two records, as a share of the mean distance between
        digits. A common shift of all is no movement."""
        before, after = centred(self.embeddings[-2]), centred(self.embeddings[-1])
        return float(np.mean(pairwise_distance(before, after)) / self.distances()[1])


def centred(points: Floats) -> Floats:
    """The points around their mean."""
    return points - points.mean(axis=0)


def spread(points: Floats) -> float:
    """The standard deviation of the coordinates around the mean point."""
    return float(np.sqrt(np.square(centred(points)).mean()))


def distances_by_label(points: Floats, labels: Labels) -> tuple[float, float]:
    """The mean distance of two different points of one label, and of two labels."""
    i, j = np.triu_indices(len(points), 1)
    distance = np.asarray(pairwise_distance(points[i], points[j]))
    same = labels[i] == labels[j]
    return float(distance[same].mean()), float(distance[~same].mean())


def right_neighbours(known: Floats, known_labels: Labels, points: Floats, labels: Labels) -> NDArray[np.bool_]:
    """For each point whether the nearest known point has its label."""
    nearest = [int(np.square(known - point).sum(axis=1).argmin()) for point in points]
    return np.asarray(known_labels[nearest] == labels)


@cache
def linear_training(margin: float = 1.0) -> Training:
    """A linear siamese map of the digits into the plane, trained in NumPy with the package's own gradients."""
    from sklearn.datasets import load_digits

    pixels, digits = load_digits(return_X_y=True)
    pixels = (pixels - pixels.mean(axis=0)) / 16
    random = np.random.default_rng(0)
    weights = random.normal(scale=0.1, size=(64, 2))
    known, held = slice(0, 400), slice(400, 600)
    steps, embeddings, right = [0, 5, 20, 80, 240], [], []
    for step in range(steps[-1] + 1):
        if step in steps:
            placed = pixels @ weights
            embeddings.append(placed[held])
            right.append(right_neighbours(placed[known], digits[known], placed[held], digits[held]))
        i, j = random.integers(0, 400, size=(2, 200))
        pair = pixels[i] @ weights, pixels[j] @ weights, (digits[i] != digits[j]).astype(float)
        slopes = contrastive_embeddings_grad(*pair, margin=margin)
        weights = weights - 0.3 * (pixels[i] - pixels[j]).T @ slopes
    return Training(margin, steps, np.array(embeddings), digits[held], np.array(right))
