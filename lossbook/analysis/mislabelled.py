"""A logistic regression on one feature, and what a single wrong label does to it."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from lossbook.core import Floats
from lossbook.losses.classification import binary_cross_entropy_with_logits, binary_cross_entropy_with_logits_grad
from lossbook.losses.scores import sigmoid


def two_clouds(size: int = 200, seed: int = 0) -> tuple[Floats, np.ndarray]:
    """Points of two classes, normal around −1 (labels 0) and around 1 (labels 1), half of them each."""
    labels = np.arange(size) % 2
    return np.random.default_rng(seed).normal(2.0 * labels - 1), labels


class Fit(NamedTuple):
    """A logistic regression on one feature."""

    slope: float
    intercept: float

    def logit(self, x: Floats | float) -> Floats:
        return np.asarray(self.slope * np.asarray(x) + self.intercept)

    def probability(self, x: Floats | float) -> Floats:
        return np.asarray(sigmoid(self.logit(x)))


def fit(x: Floats, labels: np.ndarray) -> Fit:
    """The maximum-likelihood fit with an intercept."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e9, solver="newton-cholesky", tol=1e-10, max_iter=1000)  # a prior of no weight
    model.fit(x[:, None], labels)
    return Fit(float(model.coef_[0, 0]), float(model.intercept_[0]))


@cache
def clean_fit() -> Fit:
    return fit(*two_clouds())


@cache
def ruined_fit(at: float) -> Fit:
    """The fit to the same points and one more: at `at`, with the label 0."""
    x, labels = two_clouds()
    return fit(np.append(x, at), np.append(labels, 0))


def pulls(at: Floats | float) -> tuple[Floats, Floats]:
    """How hard a point at `at` with the label 0 pulls at the clean fit: at its own logit, and at the slope."""
    at = np.atleast_1d(np.asarray(at, dtype=float))
    in_logit = binary_cross_entropy_with_logits_grad(clean_fit().logit(at), np.zeros(at.shape), reduction="sum")
    return in_logit, in_logit * at


def mean_loss(fitted: Fit, x: Floats, labels: np.ndarray) -> float:
    """What points with their labels cost under a fit, on average."""
    return float(binary_cross_entropy_with_logits(fitted.logit(x), labels.astype(float)))
