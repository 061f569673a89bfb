"""What the chapter on generative models says, over every state of its explorers and over three seeds of its runs."""

from __future__ import annotations

import inspect
import math
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from lossbook.analysis.bars import apart, bar, gain
from lossbook.analysis.carrying import GOALS, HEAPS, carried, critic, critic_gain, distance
from lossbook.analysis.critics import (
    AT,
    Critic,
    best_penalised,
    crowds,
    steepest_clipped,
    train_critic,
    way,
)
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
    COPIES,
    SAMPLES,
    SPREAD,
    STAGES,
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


@pytest.mark.parametrize("train", [train_vae, train_players, train_denoiser])
def test_a_run_ends_at_the_last_stage_of_its_figure(train):
    assert inspect.signature(train).parameters["steps"].default == STAGES[-1]
    short = train(steps=1).samples
    assert len(short) == 2 and not np.array_equal(short, train(steps=1, seed=1).samples)  # before and after


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


def test_at_random_points_the_best_critic_may_be_flat():
    """Between pairs drawn at random its slope is 0 at a third of the points, counted on a grid of shares."""
    x, y, share = np.meshgrid(HEAPS, GOALS, (np.arange(400) + 0.5) / 400)
    points, h = share * x + (1 - share) * y, 1e-7
    slopes = (critic(points.ravel() + h, HEAPS, GOALS) - critic(points.ravel() - h, HEAPS, GOALS)) / (2 * h)
    assert np.mean(np.abs(slopes) < 0.01) == pytest.approx(1 / 3, abs=0.03)
    assert np.abs(slopes).max() < 1 + 1e-6


def test_the_crowds_lie_apart_so_that_the_best_critic_is_straight():
    for seed in range(3):
        data, generated = crowds(seed)
        assert way(seed) == pytest.approx(data.mean() - generated.mean(), abs=0.01)
        assert np.abs(critic(np.array([0.0, 1.0]), generated, data) @ [-1, 1]) == pytest.approx(1)


def test_the_best_straight_critic_under_a_penalty():
    slopes = np.linspace(0, 20, 200_001)
    for penalty, apart_by in ((10.0, 3.0), (1.0, 3.0), (0.5, 7.0)):
        best = slopes[np.argmin(-slopes * apart_by + penalty * (slopes - 1) ** 2)]
        assert best == pytest.approx(best_penalised(penalty, apart_by), abs=1e-4)


def test_clipped_weights_at_the_end_reach_the_bound():
    """All weights at c, numbers positive: the steepest critic there is, by multiplying matrices."""
    for c in (0.01, 0.05, 0.2):
        assert steepest_clipped(c) == pytest.approx((np.full((1, 32), c) @ np.full((32, 32), c) @ np.full(32, c))[0])
    assert figures.critics().predict.answer == "about 0.001" and round(steepest_clipped(0.01), 3) == 0.001


@pytest.mark.seeds
@pytest.mark.parametrize("seed", range(3))
def test_clipped_and_penalised_critics(seed):
    distance, which = way(seed), {"seed": seed} if seed else {}  # seed 0 is trained for the figure
    for c in (0.01, 0.05, 0.2):
        found = train_critic(clip=c, **which)
        bound, sizes = steepest_clipped(c), np.abs(found.weights)
        assert 0.45 * bound < found.steepest <= bound * (1 + 1e-5)  # “within a factor of two”
        assert sizes.max() <= c * (1 + 1e-6) and (sizes > 0.99 * c).mean() > 0.9  # “nearly all weights”
        assert found.found < 0.87 * distance  # bent: no factor repairs it
        assert not 0.3 < found.steepest < 3
    gains = [train_critic(clip=c, **which).gain for c in (0.01, 0.05, 0.2)]
    assert gains[0] < 0.003 and 0.2 < gains[1] < 0.3 and 12 < gains[2] < 15
    for penalty in (1.0, 10.0):
        found = train_critic(penalty=penalty, **which)
        data, generated = crowds(seed)
        straight = best_penalised(penalty, distance)
        inside = np.abs(AT - (data.mean() + generated.mean()) / 2) < 0.5
        assert np.median(found.slopes[inside]) == pytest.approx(straight, rel=0.15)
        assert found.found > train_critic(clip=0.05, **which).found + 0.4
        sizes = np.abs(found.weights)
        assert (sizes > 0.99 * sizes.max()).mean() < 0.01
    last = train_critic(penalty=10.0, **which)
    assert 1.12 < last.steepest < 1.3 and last.found > 0.9 * distance  # “by about a fifth”


def test_a_critic_is_as_steep_downwards():
    falling = Critic(np.zeros(2), np.array([-3.0, 1.0]), np.zeros(1), gain=6.0)
    assert falling.steepest == 3 and falling.found == 2


def test_a_critic_is_bounded_in_one_way():
    with pytest.raises(ValueError, match="give either clip or penalty, got clip=None and penalty=None"):
        train_critic()


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
def test_three_models_find_all_spots():
    """And the VAE leaves most between them, fewer of its samples near a spot than either of the others."""
    vae, players, denoiser, other = train_vae(), train_players(), train_denoiser(), train_players(saturating=True)
    assert [run.samples.shape[1] for run in (vae, players, denoiser, other)] == [COPIES] * 4
    for one, two, three, four in zip(*(run.scores() for run in (vae, players, denoiser, other)), strict=True):
        assert one.spots >= 7 and two.spots == three.spots == four.spots == 8
        assert one.near < 0.55 < 0.6 < min(two.near, three.near, four.near)  # nothing saturates here
        assert max(two.near, three.near, four.near) < fresh().near
    assert_allclose(players.notes["loss"][-1], 2 * LOG2, atol=0.05)


@pytest.mark.seeds
def test_what_goes_wrong():
    """In each row the share of samples near a spot falls, as the table says; in each of three copies."""
    good, wide, free, slip = train_vae(), train_vae(scale=1.0), train_vae(beta=0.0), train_vae(variance_slip=True)
    paid = [run.notes["error"][-1] / (2 * SPREAD**2) + run.notes["rate"][-1] for run in (slip, good)]
    assert np.all(paid[0] < paid[1])
    assert np.all(wide.notes["rate"][-1] < 1.2) and np.all(good.notes["rate"][-1] > 2)
    assert np.all(free.notes["rate"][-1] > 15) and np.all(free.notes["error"][-1] < 0.01)
    for runs in zip(*(run.scores() for run in (good, wide, free, slip)), strict=True):
        fine, blurred, elsewhere, slipped = (found.near for found in runs)
        assert blurred < fine - 0.1 and elsewhere < 0.15 and slipped < fine - 0.15
    noise, data = (train_denoiser(predicts=kind, start=0.0006) for kind in ("noise", "data"))
    for one, other in zip(noise.scores(), data.scores(), strict=True):
        assert one.near < 0.3 and other.near > 0.6


@pytest.mark.seeds
def test_what_beta_buys():
    """β = 4: better samples than β = 1, a smaller rate, a larger error, a worse bound; β = 0: the best error alone."""
    zero, one, four = train_vae(beta=0.0), train_vae(), train_vae(beta=4.0)
    rates, errors = ([run.notes[name][-1] for run in (zero, one, four)] for name in ("rate", "error"))
    paid = [error / (2 * SPREAD**2) + rate for rate, error in zip(rates, errors, strict=True)]
    for a, b, c in zip(zero.scores(), one.scores(), four.scores(), strict=True):
        assert a.near < b.near + 0.02 < c.near
    assert all(np.all(run.notes["rate"] >= 0) for run in (zero, one, four)), "a divergence, from the first step on"
    assert np.all(rates[0] > rates[1] + 10) and np.all(rates[1] > rates[2] + 0.7)
    assert np.all(errors[0] < 0.1 * errors[1]) and np.all(errors[1] < 0.6 * errors[2])
    assert np.all(paid[1] < paid[2] - 0.5) and np.all(paid[2] < paid[0] - 5)


@pytest.mark.seeds
def test_a_discriminator_that_lags_lets_the_samples_crowd():
    """And its loss does not tell: it is that of the good run."""
    lags = train_players(generator_rate=0.003, judge_rate=0.0001)
    assert all(1 <= found.spots <= 3 for found in lags.scores())
    assert_allclose(lags.notes["loss"][-1], 2 * LOG2, atol=0.06)
