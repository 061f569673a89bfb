"""A logistic regression on one feature, and what a single wrong label does to its slope."""

from __future__ import annotations

import numpy as np

from lossbook.core import Floats


def two_clouds(size: int = 200, seed: int = 0) -> tuple[Floats, np.ndarray]:
    """Points of two classes, normal around −1 (labels 0) and around 1 (labels 1), half of them each."""
    labels = np.arange(size) % 2
    return np.random.default_rng(seed).normal(2.0 * labels - 1), labels


def fitted_slope(x: Floats, labels: np.ndarray) -> float:
    """The slope of the maximum-likelihood fit with an intercept."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e9, solver="newton-cholesky", tol=1e-10, max_iter=1000)  # a prior of no weight
    return float(model.fit(x[:, None], labels).coef_[0, 0])
