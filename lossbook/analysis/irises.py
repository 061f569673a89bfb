"""Two classifiers of irises: a small network that is trained already, and one that is free to say anything."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Floats
from lossbook.losses.classification import softmax_cross_entropy, softmax_cross_entropy_grad
from lossbook.losses.information import entropy
from lossbook.losses.scores import softmax

SPECIES = ("setosa", "versicolor", "virginica")


class Network(NamedTuple):
    """Two features, three hidden units, three logits."""

    first: Floats
    first_bias: Floats
    second: Floats
    second_bias: Floats

    def hidden(self, features: ArrayLike) -> Floats:
        return np.asarray(np.tanh(np.asarray(features) @ self.first + self.first_bias))

    def logits(self, features: ArrayLike) -> Floats:
        return np.asarray(self.hidden(features) @ self.second + self.second_bias)


@cache
def flower_network() -> Network:
    """A network that tells three irises apart by length and width of their petals."""
    from sklearn.datasets import load_iris
    from sklearn.neural_network import MLPClassifier

    flowers = load_iris()
    centre = np.array([3.8, 1.2])
    fitted = MLPClassifier((3,), activation="tanh", solver="lbfgs", alpha=0.3, max_iter=5000, random_state=1)
    fitted.fit(flowers.data[:, 2:] - centre, flowers.target)
    (first, second), (first_bias, second_bias) = fitted.coefs_, fitted.intercepts_
    return Network(first, first_bias - centre @ first, second, second_bias)


# ── The floor of the loss ────────────────────────────────────────────────────────────────────────────────────────────

WIDTHS = (1.4, 1.5, 1.6, 1.7, 1.8)
"""The petal widths, in cm, at which both versicolor and virginica occur among the 150 irises."""


class Shared(NamedTuple):
    """Flowers that share a feature value: where each belongs in `WIDTHS`, and whether it is virginica."""

    group: np.ndarray
    virginica: np.ndarray

    @property
    def counts(self) -> Floats:
        """One row per width: how many versicolor, how many virginica."""
        return np.array(
            [[np.sum((self.group == g) & (self.virginica == k)) for k in (0, 1)] for g in range(len(WIDTHS))],
            dtype=float,
        )

    @property
    def floor(self) -> float:
        """The entropy of the labels given the width, averaged over the flowers, in nats."""
        sizes = self.counts.sum(axis=1)
        return float(sizes @ entropy(self.counts / sizes[:, None]) / sizes.sum())


@cache
def shared_widths() -> Shared:
    """The flowers of two species whose petals have one of the `WIDTHS`."""
    from sklearn.datasets import load_iris

    flowers = load_iris()
    matches = np.isclose(flowers.data[:, 3, None], WIDTHS)
    rows = matches.any(axis=1) & (flowers.target > 0)
    return Shared(matches[rows].argmax(axis=1), flowers.target[rows] - 1)


STEPS = np.unique(np.round(np.geomspace(1, 400, 46)).astype(int)) - 1


@cache
def descent_to_floor() -> tuple[Floats, Floats]:
    """Losses and probabilities of virginica at `STEPS` of gradient descent on one pair of logits per width."""
    flowers = shared_widths()
    table = np.zeros((len(WIDTHS), 2))
    losses, shares = [], []
    for step in range(STEPS[-1] + 1):
        rows = table[flowers.group]
        if step in STEPS:
            losses.append(softmax_cross_entropy(rows, flowers.virginica))
            shares.append(softmax(table)[:, 1])
        gradient = np.zeros_like(table)
        np.add.at(gradient, flowers.group, softmax_cross_entropy_grad(rows, flowers.virginica))
        table -= 0.5 * gradient
    return np.array(losses), np.array(shares)
