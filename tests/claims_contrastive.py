"""What the cards of the contrastive chapter claim."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special
from claims import holds, random

import lossbook
from lossbook.analysis.shared_information import correlation, information, reported
from lossbook.losses import contrastive_candidates as candidates
from lossbook.losses import contrastive_pairs as pairs

MARGINS = (0.25, 1.0, 3.0)


@holds("contrastive", "From the margin on a dissimilar pair has slope 0: far enough is far enough.")
@holds("contrastive", "Value and slope reach 0 together at the margin, so a pair leaves without a jerk.")
def contrastive_at_the_margin() -> None:
    for margin in MARGINS:
        beyond = margin + np.linspace(0, 9, 50)
        assert not np.any(pairs.contrastive(beyond, np.ones(50), margin=margin, reduction="none"))
        assert not np.any(pairs.contrastive_grad(beyond, np.ones(50), margin=margin, reduction="none"))
        before = [margin * (1 - 1e-6)]
        assert pairs.contrastive(before, [1], margin=margin) == pytest.approx(0, abs=1e-10)
        assert pairs.contrastive_grad(before, [1], margin=margin) == pytest.approx(0, abs=1e-5)


@holds("contrastive", "The margin is a unit of length: in another unit the loss changes by a factor alone.")
def contrastive_scales() -> None:
    d, y = random().uniform(0, 2, 60), random().integers(0, 2, 60)
    for factor in (0.01, 3.0, 100.0):
        scaled = pairs.contrastive(factor * d, y, margin=factor)
        assert scaled == pytest.approx(factor**2 * pairs.contrastive(d, y, margin=1.0))


@holds("contrastive", "It asks for absolute distances: a similar pair pays at every one but 0.")
def contrastive_similar() -> None:
    d = np.linspace(1e-3, 9, 50)
    for margin in MARGINS:
        assert np.all(pairs.contrastive(d, np.zeros(50), margin=margin, reduction="none") > 0)
        assert pairs.contrastive([0.0], [0], margin=margin) == 0


@holds("contrastive", "Without dissimilar pairs, or with $M = 0$, one point for everything costs nothing.")
def contrastive_collapses() -> None:
    one_point = np.zeros(6)
    assert pairs.contrastive(one_point, np.zeros(6), margin=1.0) == 0
    assert pairs.contrastive(one_point, [0, 1, 1, 0, 1, 1], margin=0.0) == 0
    assert pairs.contrastive(one_point, [0, 1, 1, 0, 1, 1], margin=1.0) > 0


@holds("contrastive_embeddings", "The pull on a similar pair is $u - v$: it fades as the pair closes.")
@holds("contrastive_embeddings", "What moves $u$ moves $v$ as far the other way: a free pair keeps its middle.")
def embeddings_are_springs() -> None:
    u, v = random().normal(size=(2, 40, 3))
    label = np.arange(40) % 2
    grads = [
        grad(u, v, label, margin=2.0, reduction="none")
        for grad in (pairs.contrastive_embeddings_grad, pairs.contrastive_embeddings_grad_x2)
    ]
    np.testing.assert_allclose(grads[0][label == 0], (u - v)[label == 0])
    np.testing.assert_array_equal(grads[0], -grads[1])


@holds(
    "contrastive_embeddings",
    "A dissimilar pair in one point has a peak there and no gradient; the package answers 0, and it stays.",
)
def embeddings_peak() -> None:
    for angle in np.linspace(0, 6, 7):
        step = 1e-6 * np.array([math.cos(angle), math.sin(angle)])
        slope = (pairs.contrastive_embeddings(step, [0, 0], 1) - pairs.contrastive_embeddings([0, 0], [0, 0], 1)) / 1e-6
        assert slope == pytest.approx(-1, abs=1e-5)
    assert not pairs.contrastive_embeddings_grad([0.0, 0.0], [0.0, 0.0], 1).any()


@holds("cosine_embedding", "An embedding times a positive number costs the same.")
@holds("cosine_embedding", "No pair costs more than 2.")
@holds("cosine_embedding", "The margin is a similarity: a *smaller* one keeps dissimilar pairs further apart.")
def cosine_of_directions() -> None:
    u, v = random().normal(size=(2, 200, 2))
    v[0] = -u[0]
    label = np.arange(200) % 2
    costs = pairs.cosine_embedding(u, v, label, margin=-1.0, reduction="none")
    np.testing.assert_allclose(pairs.cosine_embedding(7 * u, v / 3, label, margin=-1.0, reduction="none"), costs)
    assert np.max(costs) <= 2 + 1e-12
    angles = np.radians(np.arange(0, 181))
    free = []
    for margin in (-0.5, 0.0, 0.9):
        around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        cost = pairs.cosine_embedding(
            np.tile([1.0, 0.0], (181, 1)), around, np.ones(181), margin=margin, reduction="none"
        )
        free.append(int(np.argmax(np.asarray(cost) < 1e-9)))
    assert free == [120, 90, 26]  # the angle in degrees from which on it is free: acos(0.9) = 25.84°


@holds("cosine_embedding", "Not squared: the slope in the cosine jumps from 1 to 0 at the margin.")
def cosine_jumps() -> None:
    for margin in (0.0, 0.5):
        around, slopes = math.acos(margin), []
        for angle in (around - 0.01, around + 0.01):
            ends = [
                pairs.cosine_embedding([1.0, 0.0], [math.cos(a), math.sin(a)], 1, margin=margin)
                for a in (angle, angle + 1e-6)
            ]
            slopes.append((ends[1] - ends[0]) / (math.cos(angle + 1e-6) - math.cos(angle)))
        assert slopes == [pytest.approx(1, abs=1e-5), 0]


@holds("triplet_margin", "A triplet in order by $M$ drops out, however far away its positive is.")
@holds("triplet_margin", "Bounded: positive and negative are pulled with force 1 or not at all.")
def triplet_drops_out() -> None:
    rng = random()
    for margin in MARGINS:
        a, p, n = rng.normal(size=(3, 200, 3)) * rng.uniform(0.1, 9, (1, 200, 1))
        near, far = np.linalg.norm(a - p, axis=1), np.linalg.norm(a - n, axis=1)
        costs = np.asarray(lossbook.triplet_margin(a, p, n, margin=margin, reduction="none"))
        assert not costs[near + margin <= far].any() and (costs[near + margin > far] > 0).all()
        for grad in (candidates.triplet_margin_grad_positive, candidates.triplet_margin_grad_negative):
            force = np.linalg.norm(grad(a, p, n, margin=margin, reduction="none"), axis=1)
            np.testing.assert_allclose(force, costs > 0, atol=1e-12)


@holds("triplet_margin", "One point for all three costs $M$, and the package's gradient there is 0.")
@holds("triplet_margin", "With $M = 0$ embeddings of half the size cost half: nothing stops them from shrinking.")
def triplet_collapses() -> None:
    a, p, n = random().normal(size=(3, 50, 3))
    for margin in MARGINS:
        assert lossbook.triplet_margin(a, a, a, margin=margin) == margin
        assert not candidates.triplet_margin_grad(a, a, a, margin=margin).any()
    whole = lossbook.triplet_margin(a, p, n, margin=0.0)
    assert lossbook.triplet_margin(a / 2, p / 2, n / 2, margin=0.0) == pytest.approx(whole / 2) and whole > 0


@holds("info_nce", "Negatives share the push on their cosines in proportion to their softmax probabilities.")
def info_nce_shares() -> None:
    s, t = random().uniform(-1, 1, 6), 0.3

    def cost(cosines: np.ndarray) -> float:
        around = np.stack([cosines, np.sqrt(1 - cosines**2)], axis=1)
        return float(lossbook.info_nce([[1.0, 0.0]], around[:1], around[1:], temperature=t))

    slopes = np.array([(cost(s + 1e-6 * e) - cost(s - 1e-6 * e)) / 2e-6 for e in np.eye(6)[1:]])
    p = scipy.special.softmax(s / t)[1:]
    np.testing.assert_allclose(slopes / slopes.sum(), p / p.sum(), rtol=1e-5)


@holds("info_nce", r"With $K$ candidates $\log K$ minus the mean loss is, on average, at most the information shared.")
@holds("info_nce", r"It reports no more than $\log K$ of that information, however much there is.")
def info_nce_bounds() -> None:
    for count in (2, 16, 128):
        for rho in (0.0, 0.5, 0.9, 0.999):
            told = reported(rho, count)
            assert told <= information(rho) + 0.06 and told <= math.log(count)
    much = correlation(8.0)
    assert reported(much, 16) > math.log(16) - 0.01 and information(much) > 2 * math.log(16)


@holds("info_nce", "Cosines end at ±1, so $T$ sets a floor above 0: values at two temperatures do not compare.")
def info_nce_floor() -> None:
    floors = []
    for t in (0.2, 0.5, 1.0):
        best = lossbook.info_nce([[1.0, 0.0]], [[2.0, 0.0]], [[-1.0, 0.0]] * 5, temperature=t)
        assert best == pytest.approx(math.log1p(5 * math.exp(-2 / t)))
        floors.append(best)
    assert 0 < floors[0] < floors[1] < floors[2]
    a, p, *n = random().normal(size=(7, 1, 3))
    assert lossbook.info_nce(a, p, np.concatenate(n), temperature=1.0) > floors[2]


@holds("nt_xent", r"Collapse costs $\log(2N - 1)$ at any temperature, as much as guessing.")
@holds("nt_xent", "Rotating all views together, or making one longer, changes nothing.")
def nt_xent_invariances() -> None:
    rng = random()
    for n in (2, 5, 64):
        for t in (0.05, 1.0):
            assert lossbook.nt_xent(np.ones((n, 3)), np.ones((n, 3)), temperature=t) == pytest.approx(
                math.log(2 * n - 1)
            )
    x1, x2 = rng.normal(size=(2, 6, 3))
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    whole = lossbook.nt_xent(x1, x2)
    assert lossbook.nt_xent(x1 @ turn, x2 @ turn) == pytest.approx(whole)
    x1[2] *= 5
    assert lossbook.nt_xent(x1, x2) == pytest.approx(whole)


@holds("nt_xent", "Another thing of the same kind is pushed away like any stranger.")
@holds("nt_xent", "$N$ and $T$ set a floor above 0: values of two settings do not compare.")
def nt_xent_strangers() -> None:
    # Things 0 and 1 are of one kind; nothing in the arguments says so, and a step of descent turns them apart.
    x1 = np.array([[1.0, 0.1], [1.0, -0.1], [-1.0, 0.3]])
    x2 = x1 * 1.5
    step = x1 - 0.01 * candidates.nt_xent_grad(x1, x2, temperature=0.5)
    angle = [pairs.pairwise_distance(x[0], x[1], metric="cosine") for x in (x1, step)]
    assert angle[1] > angle[0]
    best = []  # two things in two views, opposite: the best arrangement there is
    for t in (0.2, 1.0):
        best.append(lossbook.nt_xent([[1.0, 0.0], [-1.0, 0.0]], [[1.0, 0.0], [-1.0, 0.0]], temperature=t))
        assert best[-1] == pytest.approx(math.log1p(2 * math.exp(-2 / t)))
        simplex = np.eye(8) - 1 / 8
        assert lossbook.nt_xent(simplex, simplex, temperature=t) > best[-1]
    assert 0 < best[0] < best[1]
