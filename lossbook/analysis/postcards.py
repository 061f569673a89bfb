"""Nine postcards by three painters: how losses of pairs, triplets and candidates move a handful of points.

The points move freely, or a linear network of eight weights places them. One step of descent follows the gradient of
the mean over all pairs (triplets, anchors), times the number of cards.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from lossbook.core import Floats
from lossbook.losses.contrastive_candidates import (
    info_nce_grad,
    info_nce_grad_negatives,
    info_nce_grad_positive,
    triplet_margin_grad,
    triplet_margin_grad_negative,
    triplet_margin_grad_positive,
)
from lossbook.losses.contrastive_pairs import (
    contrastive_embeddings_grad,
    contrastive_embeddings_grad_x2,
    pairwise_distance,
)

Labels = NDArray[np.int_]

PAINTERS = np.repeat(np.arange(3), 3)
"""Who painted each of the nine cards."""

FRAMES = 24  # of a recorded descent
STEPS = 4  # of gradient descent in a frame
RATE = 0.08  # of one step of the free cards
NETWORK_RATE = 0.05  # of one step of the network's weights
FEATURES = 4  # numbers that a network sees of each card


@cache
def scattered() -> Floats:
    """Where the free cards lie at the beginning: seeded, the painters mixed."""
    return np.random.default_rng(8).normal(scale=0.7, size=(PAINTERS.size, 2))


# ── What each loss does to every card ────────────────────────────────────────────────────────────────────────────────


@cache
def _pairs() -> tuple[Labels, Labels, Floats]:
    """The two cards of each pair, and Y = 1 where their painters differ."""
    i, j = np.triu_indices(PAINTERS.size, 1)
    return i, j, (PAINTERS[i] != PAINTERS[j]).astype(float)


@cache
def _triplets() -> tuple[Labels, Labels, Labels]:
    """Anchor, another card of the same painter, and a card of another painter, in every combination."""
    cards = range(PAINTERS.size)
    found = [(a, p, n) for a, p, n in product(cards, repeat=3) if a != p and PAINTERS[a] == PAINTERS[p] != PAINTERS[n]]
    a, p, n = np.array(found).T
    return a, p, n


@cache
def _anchors() -> tuple[Labels, Labels, Labels]:
    """Each ordered pair of one painter's cards, and for each of them the six cards of the other two painters."""
    i, j = np.nonzero((PAINTERS[:, None] == PAINTERS) & ~np.eye(PAINTERS.size, dtype=bool))
    return i, j, np.array([np.flatnonzero(PAINTERS[anchor] != PAINTERS) for anchor in i])


def contrastive_slopes(points: Floats, margin: float = 1.0, remarks: str = "both") -> Floats:
    """The gradient of the contrastive loss with respect to every point, over the pairs that are spoken of."""
    i, j, label = _pairs()
    heard = {"both": label >= 0, "similar": label == 0, "dissimilar": label == 1}[remarks]
    i, j, label = i[heard], j[heard], label[heard]
    total = np.zeros_like(points)
    np.add.at(total, i, contrastive_embeddings_grad(points[i], points[j], label, margin=margin))
    np.add.at(total, j, contrastive_embeddings_grad_x2(points[i], points[j], label, margin=margin))
    return total


def triplet_slopes(points: Floats) -> Floats:
    """The gradient of the mean triplet loss, margin 1, over all triplets."""
    a, p, n = _triplets()
    total = np.zeros_like(points)
    for index, slope in (
        (a, triplet_margin_grad),
        (p, triplet_margin_grad_positive),
        (n, triplet_margin_grad_negative),
    ):
        np.add.at(total, index, slope(points[a], points[p], points[n]))
    return total


def info_nce_slopes(points: Floats) -> Floats:
    """The gradient of the mean InfoNCE, T = 0.3: each card has to find each of its own among six strangers."""
    a, p, n = _anchors()
    total = np.zeros_like(points)
    for index, slope in ((a, info_nce_grad), (p, info_nce_grad_positive), (n, info_nce_grad_negatives)):
        np.add.at(total, index, slope(points[a], points[p], points[n], temperature=0.3))
    return total


# ── Descent ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def descend(slopes: Callable[[Floats], Floats], frames: int = FRAMES, start: Floats | None = None) -> Floats:
    """Positions of free cards at every frame of gradient descent, from the scattered ones unless told otherwise."""
    points = scattered() if start is None else start
    path = [points]
    for _ in range(frames):
        for _ in range(STEPS):
            points = points - RATE * PAINTERS.size * slopes(points)
        path.append(points)
    return np.array(path)


def pulls(slopes: Callable[[Floats], Floats], path: Floats) -> Floats:
    """How every card is pulled at every frame: in proportion to the negative gradient, as descent moves it."""
    return np.array([-PAINTERS.size * slopes(points) for points in path])


@cache
def seen(seed: int = 4) -> Floats:
    """What a network sees of the nine cards: four numbers each, which differ by painter and by card."""
    random = np.random.default_rng(seed)
    return random.normal(size=(3, FEATURES))[PAINTERS] * 1.1 + random.normal(scale=0.6, size=(PAINTERS.size, FEATURES))


@cache
def placed(remarks: str, seed: int = 4) -> Floats:
    """Where a linear network puts the cards, frame by frame, while it hears some of the remarks.

    The seed chooses the cards; every network starts from the same weights.
    """
    cards, weights = seen(seed), np.random.default_rng(1).normal(scale=0.4, size=(FEATURES, 2))
    path = []
    for _ in range(FRAMES + 1):
        path.append(cards @ weights)
        for _ in range(STEPS):
            slopes = cards.T @ contrastive_slopes(cards @ weights, remarks=remarks)
            weights = weights - NETWORK_RATE * PAINTERS.size * slopes
    return np.array(path)


# ── How well they are sorted ─────────────────────────────────────────────────────────────────────────────────────────


def mean_distances(points: Floats) -> tuple[float, float]:
    """The mean distance of two cards by one painter, and of two by different painters."""
    i, j, label = _pairs()
    distance = np.asarray(pairwise_distance(points[i], points[j]))
    return float(distance[label == 0].mean()), float(distance[label == 1].mean())


def own_neighbours(points: Floats) -> int:
    """How many of the nine cards have a card by the same painter for their nearest."""
    i, j, _ = _pairs()
    apart = np.full((PAINTERS.size, PAINTERS.size), np.inf)
    apart[i, j] = apart[j, i] = pairwise_distance(points[i], points[j])
    return int(np.sum(PAINTERS[apart.argmin(axis=1)] == PAINTERS))


def share_sorted(remarks: str, seeds: range) -> float:
    """The share of cards that lie nearest to their own painter's in the end, over several sets of nine cards."""
    return float(np.mean([own_neighbours(placed(remarks, seed)[-1]) / PAINTERS.size for seed in seeds]))
