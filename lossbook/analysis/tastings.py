"""Wine tastings simulated from a stated truth: judges score eight wines each, on one scale or each on her own."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from lossbook.core import Floats

WORLDS = ("one scale", "own scales", "own scales, poorer wines for the kind")
WINES, FEATURES = 8, 6
TASTE = np.array([0.75, -0.5, 0.4, 0.25, 0.0, 0.0])
JUDGES, UNSEEN = 80, 200


class Tastings(NamedTuple):
    """One row per judge, one column per wine: what was measured, how good it is, and the score it got."""

    x: Floats
    quality: Floats
    score: Floats


@cache
def tastings(world: str, seed: int = 0) -> tuple[Tastings, Tastings]:
    """Judges to train on, and others to test on.

    quality = x · taste + ½ sin(2 x₅), score = quality + noise (0.5) + the judge's kindness. On one scale nobody is
    kind; otherwise kindness is normal with standard deviation 2. In the third world the kinder a judge, the poorer the
    wines before her: their mean quality falls with her kindness.
    """
    if world not in WORLDS:
        raise ValueError(f"world must be one of {', '.join(WORLDS)}, got {world!r}")
    rng = np.random.default_rng(seed)
    many = JUDGES + UNSEEN
    kindness = rng.normal(0, 2, many) * (world != WORLDS[0])
    x = rng.normal(0, 1, (many, WINES, FEATURES))
    if world == WORLDS[2]:
        x += -0.6 * kindness[:, np.newaxis, np.newaxis] * TASTE / np.linalg.norm(TASTE)
    quality = x @ TASTE + np.sin(2 * x[..., 4]) / 2
    score = quality + kindness[:, np.newaxis] + rng.normal(0, 0.5, (many, WINES))
    every = (x, quality, score)
    return Tastings(*(part[:JUDGES] for part in every)), Tastings(*(part[JUDGES:] for part in every))


def places(quality: Floats) -> Floats:
    """Points for the true order of each row: 4 for the best, then 3, 2, 1, and 0 for all others.

    >>> places(np.array([[0.1, 0.5, 0.3, 0.2, 0.0, -1.0]]))
    array([[1., 4., 3., 2., 0., 0.]])
    """
    rank = np.argsort(np.argsort(-quality, axis=-1), axis=-1)
    return np.maximum(4.0 - rank, 0.0)


class Judged(NamedTuple):
    """NDCG of the points, and AUC of the best two against the rest: judge by judge, and all wines in one pot."""

    ndcg: float
    auc: float
    pooled_auc: float


def judged(scores: Floats, quality: Floats) -> Judged:
    """How well scores order the wines. The share of pairs in the right order is what scikit-learn calls AUC."""
    from sklearn.metrics import ndcg_score, roc_auc_score

    points = places(quality)
    best = points >= 3
    s = np.asarray(scores)
    leads = s[best].reshape(len(s), 2, 1) - s[~best].reshape(len(s), 1, -1)  # two are best in each row
    right = np.mean((leads > 0) + (leads == 0) / 2)
    return Judged(float(ndcg_score(points, s)), float(right), float(roc_auc_score(best.ravel(), s.ravel())))
