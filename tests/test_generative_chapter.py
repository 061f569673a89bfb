"""What the chapter on generative models says, over every state of its explorers and over three seeds of its runs."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from scipy import stats

from lossbook.analysis.bars import apart, bar, gain
from lossbook.analysis.carrying import GOALS, HEAPS, carried, critic, critic_gain, distance
from lossbook.analysis.evidence import (
    NOISE,
    OBSERVED,
    best_code,
    bound,
    log_evidence,
    log_joint,
    posterior,
    slope_estimates,
)
from lossbook.analysis.generators import (
    CENTRES,
    SAMPLES,
    SPREAD,
    Score,
    eight_spots,
    score,
    train_denoiser,
    train_players,
    train_vae,
)
from lossbook.analysis.two_players import drift
from lossbook.figures import generative as figures
from lossbook.losses.denoising import denoising_weight
from lossbook.losses.information_densities import kl_normal
from lossbook.losses.variational import kl_standard_normal

LOG2 = math.log(2)


# ── Two bars ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_bars_at_every_offset():
    """Infinite but where they coincide; JS is the share that does not overlap times log 2; W₁ the way."""
    for offset in figures.OFFSETS:
        found = apart(float(offset))
        lone = min(abs(offset), 1.0)
        assert bar(offset).sum() == pytest.approx(1)
        assert found.kl == (0 if offset == 0 else math.inf)
        assert found.js == pytest.approx(lone * LOG2, abs=1e-12)
        assert found.wasserstein == pytest.approx(abs(offset), abs=1e-12)
        if offset:
            step = gain(float(offset))
            assert step.wasserstein == pytest.approx(0.1, abs=1e-12)
            assert (abs(step.js) < 1e-12) == (abs(offset) > 1.05)
            assert math.isnan(step.kl) or abs(offset) < 0.11


# ── Two players ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_which_log_at_every_distance():
    found = [drift(float(d)) for d in figures.DISTANCES]
    saturating = np.array([d.slope_saturating for d in found])
    other = np.array([d.slope_nonsaturating for d in found])
    late = figures.DISTANCES >= 1.75
    assert np.all(np.diff(saturating[late]) < 0) and np.all(np.diff(other) > 0)
    assert saturating.max() < 0.5 and saturating[-1] < 0.0005 and other[-1] == pytest.approx(8, abs=1e-3)
    assert figures.which_log().predict.answer == 0.0125 and drift(6.0).slope_saturating == pytest.approx(
        0.0125, abs=5e-5
    )


# ── The evidence ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_bound_by_quadrature():
    z = np.linspace(-9, 9, 200_001)
    width = z[1] - z[0]
    joint = stats.norm.pdf(z) * stats.norm.pdf(OBSERVED, z**2, NOISE)
    assert math.log(joint.sum() * width) == pytest.approx(log_evidence(), abs=1e-9)
    assert posterior(z).sum() * width == pytest.approx(1, abs=1e-9)
    for mean, scale in [(0.0, 0.5), (1.1, 0.2), (-0.7, 1.2)]:
        q = stats.norm.pdf(z, mean, scale)
        found = bound(mean, scale)
        terms = q * stats.norm.logpdf(OBSERVED, z**2, NOISE)
        assert found.reconstruction == pytest.approx(terms.sum() * width, abs=1e-6)
        log_ratio = stats.norm.logpdf(z, mean, scale) - (log_joint(z) - log_evidence())
        assert found.gap == pytest.approx(float((q * np.where(q > 1e-200, log_ratio, 0)).sum() * width), abs=1e-6)


def test_the_bound_is_never_above_the_evidence():
    gaps = {(m, s): bound(float(m), float(s)).gap for m in figures.MEANS for s in figures.SCALES}
    assert min(gaps.values()) > LOG2
    best = bound(*best_code()).gap
    assert LOG2 < best < 0.75 and best <= min(gaps.values()) + 1e-9
    assert min(gaps, key=gaps.get)[0] in (-1.1, 1.1)  # one hump of the two, not both
    assert min(gap for (m, _), gap in gaps.items() if m == 0) > best + 0.8  # both humps: the valley has its price


def test_two_gradients_of_one_slope():
    found = slope_estimates(*best_code())
    one, other = found["reparameterised"], found["score function"]
    assert abs(one.mean - other.mean) < 4 * math.hypot(one.spread, other.spread) / math.sqrt(200_000)
    h, (m, s) = 1e-5, best_code()
    slope = (bound(m + h, s).reconstruction - bound(m - h, s).reconstruction) / (2 * h)
    assert one.mean == pytest.approx(slope, abs=0.05) and other.spread > 1.8 * one.spread


# ── Transport ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_in_order_is_never_longer_and_the_critic_gains_it():
    for place in np.arange(-2, 9.01, 0.5):
        heaps = np.array([place, *HEAPS[1:]])
        least = distance(heaps, GOALS)
        costs = {plan: carried(heaps, GOALS, plan).cost for plan in figures.PLANS}
        assert costs["in order"] == pytest.approx(least, abs=1e-12)
        assert min(costs.values()) >= least - 1e-12
        assert critic_gain(heaps, GOALS) == pytest.approx(least, abs=1e-12)
        at = np.linspace(-2, 10, 500)
        slopes = np.diff(critic(at, heaps, GOALS)) / np.diff(at)
        assert np.abs(slopes).max() <= 1 + 1e-9
        assert critic_gain(heaps, GOALS, 0.25) == pytest.approx(least / 4, abs=1e-12)
    with pytest.raises(ValueError, match="plan must be"):
        carried([0.0], [1.0], "upside down")


# ── Noise levels ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_weights_at_every_level():
    for level in figures.LEVELS:
        noise, data, velocity = (float(denoising_weight(level, weighs=kind)) for kind, _ in figures.KINDS)
        assert data == 1 and velocity > 1 and noise == pytest.approx(velocity - 1)
        assert (noise < data) == (level < 0)


# ── Sentences and slips ──────────────────────────────────────────────────────────────────────────────────────────────


def test_numbers_in_the_slips():
    assert kl_normal(0.0, 2.0, 0.0, 1.0) == pytest.approx(float(kl_standard_normal([0.0], [math.log(4)])))
    assert kl_normal(0.0, 2.0, 0.0, 1.0) == pytest.approx(1.5 - LOG2)
    assert kl_normal(0.0, 1.0, 0.0, 2.0) == pytest.approx(LOG2 - 0.375)
    assert stats.wasserstein_distance([0.0], [0.0], [3.0], [1.0]) == 0
    assert carried([0.0, 10.0], [7.0, 1.0], "as listed").cost == 8


def test_score_by_hand():
    perfect = np.repeat(CENTRES, 50, axis=0)
    assert score(perfect)[:2] == (8, 1.0)
    assert score(np.zeros((400, 2)))[:2] == (0, 0.0)
    assert score(np.repeat(CENTRES[:3], 50, axis=0)).spots == 3
    away = score(perfect + np.array([10.0, 0.0])).distance  # the mean of 10 |cos| over sixteen directions
    assert away == pytest.approx(10 * np.abs(np.cos(np.arange(16) * np.pi / 16)).mean(), abs=0.1)


# ── Runs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def fresh() -> Score:
    return score(eight_spots(SAMPLES, 7))


@pytest.mark.seeds
@pytest.mark.parametrize("seed", range(3))
def test_three_models_find_all_spots(seed):
    """And the VAE leaves most between them, fewer of its samples near a spot than either of the others."""
    vae, players, denoiser = train_vae(seed=seed), train_players(seed=seed), train_denoiser(seed=seed)
    assert vae.score().spots == players.score().spots == denoiser.score().spots == 8
    assert vae.score().near < 0.6 < min(players.score().near, denoiser.score().near)
    assert max(players.score().near, denoiser.score().near) < fresh().near
    other = train_players(seed=seed, saturating=True).score()
    assert other.spots == 8 and other.near > 0.6  # nothing saturates here
    assert players.notes["discriminator's loss"][-1] == pytest.approx(2 * LOG2, abs=0.05)


@pytest.mark.seeds
@pytest.mark.parametrize("seed", range(3))
def test_what_goes_wrong(seed):
    """In each row the share of samples near a spot falls, as the table says."""
    good = train_vae(seed=seed)
    wide, free = train_vae(seed=seed, scale=1.0), train_vae(seed=seed, beta=0.0)
    assert wide.score().near < good.score().near - 0.1 and wide.notes["rate"][-1] < 1.2 < good.notes["rate"][-1]
    assert free.score().near < 0.15 and free.notes["rate"][-1] > 15
    assert free.notes["squared error"][-1] < 0.05
    slip = train_vae(seed=seed, variance_slip=True)
    paid = [run.notes["squared error"][-1] / (2 * SPREAD**2) + run.notes["rate"][-1] for run in (slip, good)]
    assert slip.score().near < good.score().near - 0.15 and paid[0] < paid[1]
    assert train_denoiser(seed=seed, predicts="noise", start=0.0006).score().near < 0.3
    assert train_denoiser(seed=seed, predicts="data", start=0.0006).score().near > 0.6


@pytest.mark.seeds
def test_a_hasty_generator_crowds_in_two_of_three_seeds():
    found = [train_players(seed=seed, generator_rate=0.02).score().spots for seed in range(3)]
    assert found[0] <= 2 and sum(spots <= 2 for spots in found) == 2
