"""Logistic regression on measurements of tumours, under normal priors of several widths."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from lossbook.core import Floats
from lossbook.losses.classification import binary_cross_entropy_with_logits

WIDTHS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Standard deviations of the prior on the weights."""


@cache
def raw_features(split: int = 0) -> Floats:
    """The measurements of the training half as they come, from thousandths to thousands."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    x, y = load_breast_cancer(return_X_y=True)
    return np.asarray(train_test_split(x, test_size=0.5, random_state=split, stratify=y)[0])


@dataclass(frozen=True)
class Tumours:
    """Standardised measurements of tumours and whether each is benign (1), in two halves."""

    train_x: Floats
    train_y: Floats
    test_x: Floats
    test_y: Floats


@cache
def halves(split: int = 0) -> Tumours:
    """The Wisconsin breast cancer data, half for training; standardised with the training half's mean and spread."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    x, y = load_breast_cancer(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(
        x, y.astype(float), test_size=0.5, random_state=split, stratify=y
    )
    mean, spread = train_x.mean(axis=0), train_x.std(axis=0)
    return Tumours((train_x - mean) / spread, train_y, (test_x - mean) / spread, test_y)


@cache
def map_fit(width: float, split: int = 0) -> tuple[Floats, float]:
    """Weights and intercept of the logistic model under a normal prior of this standard deviation on the weights."""
    from sklearn.linear_model import LogisticRegression

    data = halves(split)
    model = LogisticRegression(C=width**2, solver="newton-cholesky", tol=1e-8, max_iter=1000)
    model.fit(data.train_x, data.train_y)
    return model.coef_[0], float(model.intercept_[0])


def average_losses(width: float, split: int = 0) -> tuple[float, float]:
    """Average cross-entropy of that fit on the training and on the test half, without the penalty."""
    data, (weights, intercept) = halves(split), map_fit(width, split)
    parts = ((data.train_x, data.train_y), (data.test_x, data.test_y))
    train, test = (float(binary_cross_entropy_with_logits(x @ weights + intercept, y)) for x, y in parts)
    return train, test


def each_test_loss(width: float, split: int = 0) -> Floats:
    """The loss of that fit on every tumour of the test half."""
    data, (weights, intercept) = halves(split), map_fit(width, split)
    return np.asarray(
        binary_cross_entropy_with_logits(data.test_x @ weights + intercept, data.test_y, reduction="none")
    )


def standard_error(losses: Floats) -> float:
    """Of the average of these losses."""
    return float(losses.std(ddof=1) / np.sqrt(losses.size))


def misjudged(width: float, split: int = 0) -> float:
    """The share of the test half that the fit puts on the wrong side."""
    data, (weights, intercept) = halves(split), map_fit(width, split)
    return float(np.mean((data.test_x @ weights + intercept > 0) != data.test_y))


@cache
def chosen_width(split: int = 0) -> float:
    """The width with the smallest loss in a five-fold cross-validation of the training half alone."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    x, y = halves(split).train_x, halves(split).train_y
    folds = list(StratifiedKFold(5, shuffle=True, random_state=0).split(x, y))

    def price(width: float) -> float:
        model = LogisticRegression(C=width**2, solver="newton-cholesky", tol=1e-8, max_iter=1000)
        scores = [(model.fit(x[fit], y[fit]).decision_function(x[held]), y[held]) for fit, held in folds]
        return sum(float(binary_cross_entropy_with_logits(s, held, reduction="sum")) for s, held in scores)

    return min(WIDTHS, key=price)


# ── One direction ────────────────────────────────────────────────────────────────────────────────────────────────────

LENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
"""Lengths of the weights along one direction."""


@cache
def places(split: int = 0) -> tuple[Floats, Floats]:
    """How far each tumour of the two halves is from the plane of the widest prior, which separates the first half."""
    data, (weights, intercept) = halves(split), map_fit(max(WIDTHS), split)
    length = np.linalg.norm(weights)
    return (data.train_x @ weights + intercept) / length, (data.test_x @ weights + intercept) / length


def losses_at(length: float, split: int = 0) -> tuple[Floats, Floats]:
    """The loss of every tumour of the two halves if the weights had this length and the plane stayed where it is."""
    data, (train, test) = halves(split), places(split)
    pairs = ((train, data.train_y), (test, data.test_y))
    first, second = (
        np.asarray(binary_cross_entropy_with_logits(length * place, y, reduction="none")) for place, y in pairs
    )
    return first, second


def difference(width: float, other: float) -> tuple[float, float]:
    """By how much the test loss under one prior is above that under another, and the standard error of this.

    Both fits are judged on the same tumours, so the error is that of the mean of the differences, tumour by tumour.
    """
    gaps = each_test_loss(width) - each_test_loss(other)
    return float(gaps.mean()), standard_error(gaps)
