"""What the cards of the chapters on cross-entropy and on softmax claim."""

from __future__ import annotations

import math

import numpy as np
import pytest
from claims import holds, random, separated_is_cheaper_when_steeper
from scipy import stats

import lossbook

P_HAT = np.linspace(0.001, 0.999, 999)


@holds("cross_entropy", r"It has the minimiser of $D_{\mathrm{KL}}(p \,\|\, q)$ and does without the entropy of $p$.")
@holds(
    "cross_entropy", "Its lowest value is the entropy of $p$ and not 0, so alone it does not say how good a model is."
)
def cross_entropy_lowest() -> None:
    rng = random()
    p = rng.dirichlet(np.ones(4))
    others = rng.dirichlet(np.ones(4), 200)
    costs = lossbook.cross_entropy(np.broadcast_to(p, others.shape), others)
    extra = np.array([stats.entropy(p, q) for q in others])
    np.testing.assert_allclose(costs - extra, stats.entropy(p), rtol=1e-10)
    assert np.all(costs > stats.entropy(p)) and lossbook.cross_entropy(p, p) == pytest.approx(stats.entropy(p)) != 0


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


@holds(
    "softmax_cross_entropy",
    "Its gradient is prediction minus target: no slope is larger than 1, and a sure mistake has the largest.",
)
def softmax_slope() -> None:
    rng = random()
    logits, labels = rng.normal(0, 3, (200, 4)), rng.integers(0, 4, 200)
    slopes = lossbook.softmax_cross_entropy_grad(logits, labels, reduction="none")
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(slopes, p - np.eye(4)[labels], atol=1e-12)
    assert np.abs(slopes).max() <= 1
    leads = np.linspace(-9, 9, 50)  # of a wrong class over the right one
    pulls = np.abs(
        lossbook.softmax_cross_entropy_grad(np.stack([leads, 0 * leads], 1), np.ones(50, int), reduction="none")
    )
    assert np.all(np.diff(pulls.max(axis=1)) > 0)


@holds("softmax_cross_entropy", "Convex in the logits.")
@holds("softmax_cross_entropy", "Logits of thousands are no trouble to it.")
def softmax_convex() -> None:
    a, b = random().normal(0, 3, (2, 200, 4))
    cost = lambda s: np.asarray(lossbook.softmax_cross_entropy(s, np.zeros(200, int), reduction="none"))  # noqa: E731
    assert np.all(cost((a + b) / 2) <= (cost(a) + cost(b)) / 2 + 1e-12)
    assert lossbook.softmax_cross_entropy([5000.0, 0.0, -5000.0], 2) == 10_000


@holds("softmax_cross_entropy", "With hard labels no finite logits are best: a larger lead is always cheaper.")
@holds(
    "softmax_cross_entropy",
    "A sure mistake costs as much as the lead of the wrong class, and there is no bound on that.",
)
def softmax_leads() -> None:
    leads = np.linspace(0, 36, 60)
    costs = lossbook.softmax_cross_entropy(np.stack([leads, 0 * leads], 1), np.zeros(60, int), reduction="none")
    assert np.all(np.diff(costs) < 0) and costs[-1] > 0
    for lead in (20.0, 500.0, 1e6):
        assert lossbook.softmax_cross_entropy([lead, 0.0], 1) == pytest.approx(lead, rel=1e-9)


@holds("binary_cross_entropy_with_logits", "Convex in the logit, and the pull never exceeds the larger of 1 and $w$.")
def logits_convex() -> None:
    s = np.linspace(-30, 30, 601)
    for w in (0.2, 1.0, 4.0):
        for y in (0.0, 0.4, 1.0):
            keywords = {"pos_weight": w, "reduction": "none"}
            costs = lossbook.binary_cross_entropy_with_logits(s, np.full(601, y), **keywords)
            assert np.all(np.diff(costs, 2) > -1e-12)
            assert np.abs(lossbook.binary_cross_entropy_with_logits_grad(s, np.full(601, y), **keywords)).max() <= max(
                1, w
            )


@holds("binary_cross_entropy_with_logits", "Exact where the sigmoid has rounded to 0 or 1.")
def logits_exact() -> None:
    assert lossbook.binary_cross_entropy_with_logits([40.0], [1.0]) == pytest.approx(math.exp(-40), rel=1e-12)
    assert lossbook.binary_cross_entropy_with_logits([-800.0], [1.0]) == 800


@holds(
    "binary_cross_entropy_with_logits",
    r"A weight $w$ moves the best logit by $\log w$: its sigmoid is no longer the probability of 1.",
)
def logits_weighted() -> None:
    s = np.linspace(-4, 4, 8001)
    for share in (0.2, 0.6):
        for w in (0.5, 3.0):
            best = s[np.argmin([lossbook.binary_cross_entropy_with_logits([at], [share], pos_weight=w) for at in s])]
            assert best == pytest.approx(math.log(share / (1 - share)) + math.log(w), abs=1e-3)


@holds(
    "binary_cross_entropy_with_logits", "With hard labels that a threshold separates, larger logits are always cheaper."
)
def logits_separated() -> None:
    scores = np.sort(random().normal(0, 1, 10))
    scores -= (scores[4] + scores[5]) / 2
    labels = (scores > 0).astype(float)
    separated_is_cheaper_when_steeper(lambda s: lossbook.binary_cross_entropy_with_logits(s, labels), scores)
