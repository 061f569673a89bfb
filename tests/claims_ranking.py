"""What the cards of the ranking chapter claim."""

from __future__ import annotations

import math

import numpy as np
import pytest
from claims import holds, random, separated_is_cheaper_when_steeper

import lossbook
from lossbook.catalogue import find

LEADS = np.linspace(-5, 5, 1001)


def cost_of_lead(name: str, share: float, **keywords: float) -> np.ndarray:
    """What every lead of the first item costs where a share of comparisons prefers it."""
    loss, zero = find(name), np.zeros(LEADS.shape)
    forth, back = (np.asarray(loss(*pair, reduction="none", **keywords)) for pair in ((LEADS, zero), (zero, LEADS)))
    return share * forth + (1 - share) * back


@holds("margin_ranking", "A pair in the right order, by $M$ or more, drops out.")
def margin_ranking_drops() -> None:
    for margin in (0.0, 1.0, 2.5):
        wide = margin + np.linspace(0, 9, 50)
        assert not np.any(lossbook.margin_ranking(wide, 0 * wide, margin=margin, reduction="none"))
        assert not np.any(lossbook.margin_ranking_grad(wide, 0 * wide, margin=margin, reduction="none"))


@holds("margin_ranking", "For $M > 0$ the best lead is $M$ for every $P$ between ½ and 1, so $P$ cannot be read off.")
def margin_ranking_best() -> None:
    for margin in (0.5, 1.0, 2.5):
        for share in np.linspace(0.55, 0.95, 9):
            assert LEADS[cost_of_lead("margin_ranking", share, margin=margin).argmin()] == pytest.approx(margin)


@holds("margin_ranking", "With $M = 0$ scores of half the size cost half: nothing stops them from shrinking.")
def margin_ranking_zero() -> None:
    chosen, other = random().normal(0, 1, (2, 40))
    whole, half = (lossbook.margin_ranking(scale * chosen, scale * other, margin=0.0) for scale in (1, 0.5))
    assert half == pytest.approx(whole / 2) and whole > 0


@holds("pairwise_logistic", r"At the best difference $\sigma(s_w - s_l)$ is the probability of being preferred.")
def pairwise_probability() -> None:
    for share in (0.6, 0.75, 0.9):
        best = LEADS[cost_of_lead("pairwise_logistic", share).argmin()]
        assert 1 / (1 + math.exp(-best)) == pytest.approx(share, abs=2e-3)


@holds("pairwise_logistic", "Convex in the scores, with a pull that never exceeds 1.")
def pairwise_convex() -> None:
    costs, zero = lossbook.pairwise_logistic(LEADS, 0 * LEADS, reduction="none"), np.zeros(2)
    assert np.all(np.diff(costs, 2) > 0)
    assert np.abs(lossbook.pairwise_logistic_grad([-1e4, 1e4], zero, reduction="none")).max() <= 1


@holds("pairwise_logistic", "If the data can be put in order without a mistake, larger differences are always cheaper.")
def pairwise_separated() -> None:
    scores = np.sort(random().normal(0, 1, 8))
    low, high = np.triu_indices(8, 1)
    separated_is_cheaper_when_steeper(lossbook.pairwise_logistic, scores[high], scores[low])


@holds("listnet", "One softmax: convex in the scores, and smooth.")
def listnet_convex() -> None:
    rng = random()
    for _ in range(50):
        a, b, y = rng.normal(0, 3, (3, 1, 5))
        ends, middle = (lossbook.listnet(a, y) + lossbook.listnet(b, y)) / 2, lossbook.listnet((a + b) / 2, y)
        assert middle <= ends + 1e-12


@holds("listnet", "The scale of the relevances matters, and you chose it.")
@holds("listmle", "The scale of the relevances does not matter: only their order enters.")
def scale_of_relevances() -> None:
    scores, grades = [[0.3, 1.1, -0.4]], np.array([[0.0, 1.0, 2.0]])
    assert lossbook.listmle(scores, grades) == lossbook.listmle(scores, 10 * grades)
    assert abs(lossbook.listnet(scores, grades) - lossbook.listnet(scores, 10 * grades)) > 0.1


@holds("listnet", "The floor is not 0 but the entropy of the softmax of the relevances.")
def listnet_floor() -> None:
    rng = random()
    y = rng.normal(0, 1, (1, 5))
    p = np.exp(y) / np.exp(y).sum()
    floor = float(-(p * np.log(p)).sum())
    assert lossbook.listnet(y + 3, y) == pytest.approx(floor) and floor > 0
    assert all(lossbook.listnet(rng.normal(0, 2, (1, 5)), y) > floor for _ in range(50))


@holds("listmle", "Once the order is right, without ties, doubling the scores is always cheaper.")
def listmle_doubled() -> None:
    rng = random()
    for _ in range(30):
        scores = np.sort(rng.normal(0, 1, (1, 5)))
        assert lossbook.listmle(2 * scores, scores) < lossbook.listmle(scores, scores)


@holds("listmle", "Items of equal relevance compete, which pulls their scores together.")
def listmle_ties() -> None:
    rng = random()
    for _ in range(30):
        s = rng.normal(0, 1, (1, 4))
        ((_, a, b, _),) = lossbook.listmle_grad(s, [[2.0, 1.0, 1.0, 0.0]])
        assert (a - b) * (s[0, 1] - s[0, 2]) > 0


@holds("dpo", r"Started from the reference it is $\log 2$, whatever $\beta$ and the answers are.")
@holds("ipo", r"Values at different $\beta$ are on different scales: it starts at $\frac{1}{4\beta^2}$.")
def preference_starts() -> None:
    chosen, other = random().normal(-9, 2, (2, 20))
    for beta in (0.02, 0.1, 1.0):
        assert lossbook.dpo(chosen, other, chosen, other, beta=beta) == pytest.approx(math.log(2))
        assert lossbook.ipo(chosen, other, chosen, other, beta=beta) == pytest.approx(1 / (4 * beta**2))


@holds("dpo", "It sees the lead alone: both answers may become less probable while it falls.")
@holds("ipo", "It sees the lead alone: both answers may become less probable while it falls.")
def preferences_fall_together() -> None:
    for name in ("dpo", "ipo"):
        start, both = (find(name)(*pair, [0.0], [0.0], beta=0.1) for pair in (([0.0], [0.0]), ([-3.0], [-6.0])))
        assert both < start and find(name)([4.0], [1.0], [0.0], [0.0], beta=0.1) == pytest.approx(both)


@holds("dpo", "Where everybody agrees, no lead is best.")
def dpo_endless() -> None:
    costs = lossbook.dpo(LEADS, *(0 * LEADS,) * 3, beta=0.5, reduction="none")
    assert np.all(np.diff(costs) < 0)


@holds("ipo", r"The best lead is at most $\frac{1}{2\beta}$; beyond it the pull turns round.")
def ipo_best() -> None:
    for beta in (0.2, 0.5, 1.0):
        for share in (0.5, 0.75, 1.0):
            keywords = {"beta": beta}
            costs = [
                share * lossbook.ipo([h], [0.0], [0.0], [0.0], **keywords)
                + (1 - share) * lossbook.ipo([0.0], [h], [0.0], [0.0], **keywords)
                for h in LEADS
            ]
            assert LEADS[np.argmin(costs)] <= 1 / (2 * beta) + 1e-9
        slopes = [
            lossbook.ipo_grad([1 / (2 * beta) + step], [0.0], [0.0], [0.0], beta=beta).item() for step in (-0.1, 0.1)
        ]
        assert slopes[0] < 0 < slopes[1]
