"""What the cards of the Kullback–Leibler chapter claim."""

from __future__ import annotations

import math

import numpy as np
import pytest
from claims import holds, random
from scipy import stats

import lossbook
from lossbook.analysis import two_humps


def pairs(count: int = 300, outcomes: int = 4) -> np.ndarray:
    """Two rows of random distributions."""
    return random().dirichlet(np.full(outcomes, 0.7), size=(2, count))


def side_by_side(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The joint distribution of two independent parts."""
    return (a[:, :, None] * b[:, None, :]).reshape(len(a), -1)


@holds("kl_divergence", "0 for $q = p$ and nowhere else.")
def kl_zero() -> None:
    p, q = pairs()
    assert not np.any(lossbook.kl_divergence(p, p)) and np.all(lossbook.kl_divergence(p, q) > 0)
    assert np.all(np.asarray(lossbook.kl_divergence(p, p + 1e-7 * (q - p))) > 0)


@holds("kl_divergence", "Adds up over independent parts.")
def kl_adds() -> None:
    (p, q), (r, s) = pairs(), pairs(outcomes=3)
    joint = lossbook.kl_divergence(side_by_side(p, r), side_by_side(q, s))
    np.testing.assert_allclose(joint, lossbook.kl_divergence(p, q) + lossbook.kl_divergence(r, s), rtol=1e-9)


@holds("kl_divergence", "Convex in the pair of $p$ and $q$.")
def kl_convex() -> None:
    p, q = pairs()
    left, right = lossbook.kl_divergence(p[::2], q[::2]), lossbook.kl_divergence(p[1::2], q[1::2])
    for t in (0.2, 0.5, 0.9):
        middle = lossbook.kl_divergence(t * p[::2] + (1 - t) * p[1::2], t * q[::2] + (1 - t) * q[1::2])
        assert np.all(middle <= t * left + (1 - t) * right + 1e-12)


@holds("kl_divergence", "Infinite as soon as $q$ is 0 where $p$ is not.")
def kl_infinite() -> None:
    p, q = pairs()
    q[:, 1] = 0
    assert np.all(np.isinf(lossbook.kl_divergence(p, q / q.sum(axis=1, keepdims=True))))


@holds("kl_divergence", "Not symmetric: which model of a small family is the best depends on the order.")
def kl_order() -> None:
    forward, reverse = two_humps.humps_moments(), two_humps.best_reverse(5.0)
    assert forward[1] == pytest.approx(2.5) and reverse.scale == pytest.approx(0.5, abs=0.01)
    p, q = pairs()
    assert np.all(np.abs(lossbook.kl_divergence(p, q) - lossbook.kl_divergence(q, p)) > 0)


@holds("kl_divergence", "Outcomes are names: a near miss costs as much as a far one.")
def kl_names() -> None:
    places = np.arange(40)
    bump = stats.norm.pdf(places, 5, 1) + 1e-9
    order = np.concatenate([places[:10], places[10:][::-1]])  # what lay next to the bump lies far off, and back
    truth, model = bump / bump.sum(), np.roll(bump, 6) / bump.sum()
    assert not np.array_equal(model, model[order])
    assert lossbook.kl_divergence(truth[order], model[order]) == pytest.approx(lossbook.kl_divergence(truth, model))
    assert lossbook.kl_divergence(truth, np.roll(model, 5)) == pytest.approx(
        lossbook.kl_divergence(truth, np.roll(model, 15)), rel=1e-6
    )


@holds("js_divergence", r"Symmetric, and never above $\log 2$.")
def js_bounded() -> None:
    p, q = pairs()
    p[:50, :2], q[:50, 2:] = 0, 0  # without a common outcome
    p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
    forth = np.asarray(lossbook.js_divergence(p, q))
    np.testing.assert_allclose(forth, lossbook.js_divergence(q, p), rtol=1e-12)
    assert forth.max() <= math.log(2) + 1e-12 and forth[:50] == pytest.approx(math.log(2))


@holds("js_divergence", "Its square root obeys the triangle inequality.")
def js_root() -> None:
    x, y, z = random().dirichlet([0.5, 0.5, 0.5], size=(3, 5000))
    root = {
        pair: np.sqrt(lossbook.js_divergence(*of)) for pair, of in {"xz": (x, z), "xy": (x, y), "yz": (y, z)}.items()
    }
    assert np.all(root["xz"] <= root["xy"] + root["yz"] + 1e-12)


@holds("js_divergence", r"Two that share no outcome are at $\log 2$, near or far: no small shift brings them closer.")
def js_far() -> None:
    bar = np.zeros(20)
    bar[:3] = 1 / 3
    values = [lossbook.js_divergence(bar, np.roll(bar, shift)) for shift in range(3, 18)]
    assert values == pytest.approx([math.log(2)] * 15)


@holds("js_divergence", "It does not add up over independent parts.")
def js_does_not_add() -> None:
    p, q = pairs()
    twice = np.asarray(lossbook.js_divergence(side_by_side(p, p), side_by_side(q, q)))
    assert np.all(twice < 2 * np.asarray(lossbook.js_divergence(p, q)))


@holds("kl_normal", "It has no unit: metres or centimetres give the same number.")
def normals_in_any_unit() -> None:
    metres = np.exp(random().normal(size=(4, 200)))
    np.testing.assert_allclose(lossbook.kl_normal(*(100 * metres)), lossbook.kl_normal(*metres), rtol=1e-9)


@holds("kl_normal", "Independent dimensions add up.")
def normals_add() -> None:
    """Beside the formula of the multivariate normal."""
    m, n = random().normal(size=(2, 3))
    s, t = np.exp(random().normal(size=(2, 3)))
    ratio = np.diag(s**2 / t**2)
    whole = (np.trace(ratio) - 3 + (m - n) @ np.diag(1 / t**2) @ (m - n) - np.log(np.linalg.det(ratio))) / 2
    assert np.sum(lossbook.kl_normal(m, s, n, t)) == pytest.approx(whole)


@holds("kl_normal", r"A $\sigma_q$ that is too small by some factor costs more than one too large by it.")
def normals_too_narrow() -> None:
    for shift in (0.0, 0.5, 2.0):
        for factor in np.geomspace(1.02, 20, 60):
            assert lossbook.kl_normal(0, 1, shift, 1 / factor) > lossbook.kl_normal(0, 1, shift, factor)
