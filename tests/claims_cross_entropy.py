"""What the cards of the chapter on cross-entropy claim."""

from __future__ import annotations

import math

import numpy as np
import pytest
from claims import holds, random
from scipy import stats

import lossbook

P_HAT = np.linspace(0.001, 0.999, 999)


@holds("cross_entropy", r"It has the minimiser of $D_{\mathrm{KL}}(p \,\|\, q)$ and does without the entropy of $p$.")
@holds(
    "cross_entropy",
    "Its lowest value is the entropy of $p$, 0 only if $p$ is certain: alone it does not say how good $q$ is.",
)
def cross_entropy_lowest() -> None:
    rng = random()
    p = rng.dirichlet(np.ones(4))
    others = rng.dirichlet(np.ones(4), 200)
    costs = lossbook.cross_entropy(np.broadcast_to(p, others.shape), others)
    extra = np.array([stats.entropy(p, q) for q in others])
    np.testing.assert_allclose(costs - extra, stats.entropy(p), rtol=1e-10)
    assert np.all(costs > stats.entropy(p)) and lossbook.cross_entropy(p, p) == pytest.approx(stats.entropy(p)) != 0
    assert lossbook.cross_entropy([1.0, 0.0], [1.0, 0.0]) == 0  # a certain p


@holds("cross_entropy", "Convex in $q$.")
def cross_entropy_convex() -> None:
    p, a, b = random().dirichlet(np.ones(4), (3, 200))
    ends = (lossbook.cross_entropy(p, a) + lossbook.cross_entropy(p, b)) / 2
    assert np.all(lossbook.cross_entropy(p, (a + b) / 2) <= ends + 1e-12)


@holds("cross_entropy", "Of $q$ only the probabilities of what occurs count.")
@holds("cross_entropy", "One outcome that occurs and was given the probability 0 makes it infinite.")
def cross_entropy_of_what_occurs() -> None:
    p = [0.4, 0.6, 0.0, 0.0]
    assert lossbook.cross_entropy(p, [0.2, 0.3, 0.5, 0.0]) == lossbook.cross_entropy(p, [0.2, 0.3, 0.1, 0.4])
    assert lossbook.cross_entropy(p, [1.0, 0.0, 0.0, 0.0]) == math.inf


@holds("binary_cross_entropy", r"The average over labels is lowest where $\hat p$ is the share of ones.")
def bce_share() -> None:
    for ones in (1, 3, 7):
        labels = (np.arange(10) < ones).astype(float)
        costs = [lossbook.binary_cross_entropy(np.full(10, p), labels) for p in P_HAT]
        assert P_HAT[np.argmin(costs)] == pytest.approx(ones / 10, abs=5e-4)


@holds("binary_cross_entropy", r"Convex in $\hat p$.")
def bce_convex() -> None:
    for y in (0.0, 0.3, 1.0):
        assert np.all(np.diff(lossbook.binary_cross_entropy(P_HAT, np.full(999, y), reduction="none"), 2) > 0)


@holds("binary_cross_entropy", "A label to which the model gave the probability 0 costs infinitely much.")
@holds(
    "binary_cross_entropy", r"Once $\hat p$ has rounded to 1, a mistake costs $\infty$; from the logit 40 it costs 40."
)
def bce_sure_mistake() -> None:
    assert lossbook.binary_cross_entropy([0.0], [1.0]) == math.inf
    rounded = 1 / (1 + math.exp(-40))
    assert rounded == 1 and lossbook.binary_cross_entropy([rounded], [0.0]) == math.inf
    assert lossbook.binary_cross_entropy_with_logits([40.0], [0.0]) == pytest.approx(40)
