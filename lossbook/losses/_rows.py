"""Rows of scores with one label each: what every loss of a softmax needs of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import Floats, check_labels, real
from lossbook.losses.scores import check_scores, relative_scores


class Rows(NamedTuple):
    """One row per example; `own` picks the entry at its label, as a column."""

    shape: tuple[int, ...]  # of the scores
    labels: NDArray[np.intp]
    log_p: Floats
    p: Floats
    against: Floats  # 1 − p̂ with all its digits

    def own(self, values: Floats) -> Floats:
        return np.take_along_axis(values, self.labels[:, np.newaxis], axis=1)

    @property
    def towards(self) -> Floats:
        """p̂ − y with y one-hot: the slope of cross-entropy."""
        right = np.arange(self.p.shape[1]) == self.labels[:, np.newaxis]
        return np.where(right, -self.against, self.p)


def indices(rows: Floats, labels: ArrayLike) -> NDArray[np.intp]:
    """`labels` as class indices, one for each row."""
    given = real("labels", labels)
    if given.shape != rows.shape[:-1]:
        raise ValueError(f"labels must be class indices of shape {rows.shape[:-1]}, got shape {given.shape}")
    return check_labels("labels", labels, rows.shape[-1])


def labelled(logits: ArrayLike, labels: ArrayLike) -> Rows:
    """The softmax of every row of logits, its logarithm and its distance from 1, and the label of the row."""
    s = check_scores(logits)
    flat = indices(s, labels).ravel()
    scores = relative_scores(s.reshape(-1, s.shape[-1]))
    total = 1 + scores.rest
    powers = np.where(scores.top & ~np.isnan(scores.powers), 1.0, scores.powers)
    against = np.where(scores.top, scores.rest, 1 + (scores.rest - scores.powers)) / total
    return Rows(s.shape, flat, scores.gaps - np.log1p(scores.rest), powers / total, against)
