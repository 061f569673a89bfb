"""What the cards of the softmax chapter claim."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special
from claims import holds, random, separated_is_cheaper_when_steeper

import lossbook

HONEST = "In the mean over equal features it is lowest at the share of each class: probabilities are honest."
SEPARATED = "Where the true class always leads, larger logits are cheaper still: training has no end of its own."


@holds("softmax_cross_entropy", "Convex in the logits; the slope in each is between −1 and 1.")
def softmax_convex() -> None:
    rng = random()
    for classes in (2, 3, 10):
        s, t = rng.normal(0, 5, (2, 200, classes))
        y = rng.integers(0, classes, 200)
        ends = [lossbook.softmax_cross_entropy(one, y, reduction="none") for one in (s, t)]
        for share in (0.25, 0.5, 0.75):
            middle = lossbook.softmax_cross_entropy(share * s + (1 - share) * t, y, reduction="none")
            assert np.all(middle <= share * ends[0] + (1 - share) * ends[1] + 1e-12)
        slopes = lossbook.softmax_cross_entropy_grad(1000 * s, y, reduction="sum")
        assert np.abs(slopes).max() <= 1


@holds("softmax_cross_entropy", "A sure mistake pulls hardest.")
def softmax_pulls() -> None:
    """The pull on the right logit grows with the lead of a wrong one, up to the bound."""
    leads = np.linspace(-10, 30, 81)
    rows = np.stack([leads, 0 * leads, 0 * leads - 1], axis=1)
    pulls = np.abs(lossbook.softmax_cross_entropy_grad(rows, np.ones(81, dtype=int), reduction="sum")).max(axis=1)
    assert np.all(np.diff(pulls[:60]) > 0) and pulls[-1] == pulls.max() == pytest.approx(1)


@holds("softmax_cross_entropy", HONEST)
def softmax_share() -> None:
    rng = random()
    for counts in ([5, 3, 2], [1, 1], [7, 1, 1, 1]):
        labels = np.repeat(np.arange(len(counts)), counts)

        def cost(s: np.ndarray, labels: np.ndarray = labels) -> float:
            return float(lossbook.softmax_cross_entropy(np.tile(s, (labels.size, 1)), labels))

        best = np.log(np.divide(counts, sum(counts)))
        np.testing.assert_allclose(scipy.special.softmax(best), np.divide(counts, sum(counts)))
        assert all(cost(best) < cost(best + rng.normal(0, 0.3, best.size)) for _ in range(100))


@holds("softmax_cross_entropy", "One confident mistake can cost more than a thousand right answers save.")
def softmax_mistake() -> None:
    """Against saying ½ throughout: a thousand right answers at a lead of 1000 save 693 nats, one mistake costs 1000."""
    sure = [lossbook.softmax_cross_entropy([1000.0, 0.0], label) for label in (0, 1)]
    saved, lost = 1000 * (np.log(2) - sure[0]), sure[1] - np.log(2)
    assert saved == pytest.approx(693.147, abs=1e-3) and lost > saved


@holds("softmax_cross_entropy", SEPARATED)
def softmax_separated() -> None:
    logits = random().normal(size=(40, 4))
    separated_is_cheaper_when_steeper(lambda s: lossbook.softmax_cross_entropy(s, logits.argmax(axis=1)), logits)
    behind = logits.argmin(axis=1)  # classes that other logits would separate as well: here larger ones are dearer
    assert lossbook.softmax_cross_entropy(2 * logits, behind) > lossbook.softmax_cross_entropy(logits, behind)


@holds(
    "binary_cross_entropy_with_logits",
    r"At $w = 1$ the slope is $\sigma(s) - y$: bounded, and right for a $y$ between 0 and 1 too.",
)
def binary_slope() -> None:
    s = np.linspace(-40, 40, 801)
    for y in (0.0, 0.3, 1.0):
        slopes = lossbook.binary_cross_entropy_with_logits_grad(s, np.full(s.shape, y), reduction="sum")
        np.testing.assert_allclose(slopes, scipy.special.expit(s) - y, atol=1e-14)
        assert np.abs(slopes).max() <= 1


@holds("binary_cross_entropy_with_logits", "Equal to the softmax loss of the logits $s$ and 0, at $w = 1$.")
def binary_pair() -> None:
    s = np.linspace(-30, 30, 61)
    for y in (0, 1):
        pairs, labels = np.stack([0 * s, s], axis=1), np.full(s.shape, y)
        pair = lossbook.softmax_cross_entropy(pairs, labels, reduction="none")
        one = lossbook.binary_cross_entropy_with_logits(s, labels.astype(float), reduction="none")
        np.testing.assert_allclose(one, pair, rtol=1e-12)


@holds(
    "binary_cross_entropy_with_logits",
    r"With $w \ne 1$ the sigmoid is no probability: its odds are $w$ times the true ones.",
)
def binary_weighted() -> None:
    grid = np.linspace(-6, 6, 24001)
    for w in (0.2, 3.0, 10.0):
        for share in (0.2, 0.5, 0.7):
            yes, no = (
                lossbook.binary_cross_entropy_with_logits(grid, np.full(grid.shape, y), pos_weight=w, reduction="none")
                for y in (1.0, 0.0)
            )
            best = grid[(share * yes + (1 - share) * no).argmin()]
            assert np.exp(best) == pytest.approx(w * share / (1 - share), rel=1e-3)
