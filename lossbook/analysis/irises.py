"""Classifiers of irises: small ones that are trained already, and one that is free to say anything."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Floats
from lossbook.losses.classification import softmax_cross_entropy, softmax_cross_entropy_grad
from lossbook.losses.information import entropy
from lossbook.losses.scores import logsumexp, softmax

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


# ── Petals, and flowers held out ─────────────────────────────────────────────────────────────────────────────────────


class Linear(NamedTuple):
    """Softmax regression: the logits are linear in the features."""

    weights: Floats
    bias: Floats

    def logits(self, features: ArrayLike) -> Floats:
        return np.asarray(np.asarray(features) @ self.weights + self.bias)


class Petals(NamedTuple):
    """Lengths and widths of petals in cm, and species: a hundred to train on, fifty held out."""

    train_x: Floats
    held_x: Floats
    train_y: np.ndarray
    held_y: np.ndarray


@cache
def petals(seed: int = 1) -> Petals:
    from sklearn.datasets import load_iris
    from sklearn.model_selection import train_test_split

    flowers = load_iris()
    return Petals(*train_test_split(flowers.data[:, 2:], flowers.target, test_size=50, random_state=seed))


@cache
def petal_model(kind: str, seed: int = 1) -> Linear | Network:
    """The "linear" model or a "network" of eight hidden units, with next to no penalty on the weights."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    data = petals(seed)
    centre, spread = data.train_x.mean(axis=0), data.train_x.std(axis=0)
    x = (data.train_x - centre) / spread
    if kind == "linear":
        straight = LogisticRegression(C=1e3, max_iter=5000).fit(x, data.train_y)
        weights = straight.coef_.T / spread[:, None]
        return Linear(weights, straight.intercept_ - centre @ weights)
    bent = MLPClassifier((8,), activation="tanh", solver="lbfgs", alpha=1e-3, max_iter=3000, random_state=1)
    bent.fit(x, data.train_y)
    (first, second), (first_bias, second_bias) = bent.coefs_, bent.intercepts_
    first = first / spread[:, None]
    return Network(first, first_bias - centre @ first, second, second_bias)


def loss_at(kind: str, temperature: float, held_out: bool, seed: int = 1) -> float:
    """The mean cross-entropy of a petal model whose logits are divided by a temperature."""
    data, model = petals(seed), petal_model(kind, seed)
    x, y = (data.held_x, data.held_y) if held_out else (data.train_x, data.train_y)
    return float(softmax_cross_entropy(model.logits(x) / temperature, y))


LENGTHS, BREADTHS = np.linspace(0.5, 7.2, 68), np.linspace(0, 2.7, 55)
"""Where the petal plane is looked at, in cm."""


@cache
def _plane_logits(kind: str) -> Floats:
    return petal_model(kind).logits(np.stack(np.meshgrid(LENGTHS, BREADTHS), axis=-1))


def leads(kind: str) -> list[Floats]:
    """Over the petal plane, by how much each species' logit leads the others' largest: 0 on its boundary."""
    s = _plane_logits(kind)
    return [s[..., k] - np.delete(s, k, axis=-1).max(axis=-1) for k in range(3)]


def log_odds(kind: str, temperature: float) -> list[Floats]:
    """Over the petal plane, the log-odds of each species against the two others."""
    s = _plane_logits(kind) / temperature
    return [s[..., k] - np.asarray(logsumexp(np.delete(s, k, axis=-1))) for k in range(3)]


SURE = float(np.log(9))
"""The log-odds of a probability of 90%."""


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
