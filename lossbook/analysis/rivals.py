"""Losses of a two-class prediction as functions of one logit: cross-entropy beside two rivals that square something."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Floats
from lossbook.losses.classification import softmax_cross_entropy, softmax_cross_entropy_grad
from lossbook.losses.scores import softmax

Curve = Callable[[Floats], tuple[Floats, Floats]]


def _pairs(wrong: ArrayLike) -> Floats:
    """Logits of the wrong class and of the right one, which is 0."""
    wrong = np.atleast_1d(np.asarray(wrong, dtype=float))
    return np.stack([wrong, np.zeros_like(wrong)], axis=-1)


def cross_entropy_of(wrong: ArrayLike) -> tuple[Floats, Floats]:
    """Cross-entropy, and its slope in the logit of the wrong class."""
    rows = _pairs(wrong)
    labels = np.ones(len(rows), dtype=int)
    losses = softmax_cross_entropy(rows, labels, reduction="none")
    slopes = softmax_cross_entropy_grad(rows, labels, reduction="none")
    return np.asarray(losses), np.asarray(slopes)[:, 0]


def brier_of(wrong: ArrayLike) -> tuple[Floats, Floats]:
    """Squared error of the *probabilities*, summed over both classes (the Brier score), and its slope.

    Both probabilities are off by that of the wrong class, p, so the score is 2p², and dp/ds = p (1 − p).
    """
    p = softmax(_pairs(wrong))
    return 2 * p[:, 0] ** 2, 4 * p[:, 0] ** 2 * p[:, 1]


def logit_error_of(wrong: ArrayLike) -> tuple[Floats, Floats]:
    """Half the squared error of the *logit* against the target 0, and its slope."""
    wrong = np.atleast_1d(np.asarray(wrong, dtype=float))
    return wrong**2 / 2, wrong
