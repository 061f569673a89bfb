"""What the chapter on generative models says, over every state of its explorers and over three seeds of its runs."""

from __future__ import annotations

import inspect
import math
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import special, stats

from lossbook.analysis import generators
from lossbook.analysis.bars import PLACES, apart, bar, gain
from lossbook.analysis.carrying import GOALS, HEAPS, ROAD, carried, critic, critic_gain, distance
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
from lossbook.analysis.two_players import best_discriminator, drift, game_value
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


def test_bars_of_the_page():
    assert_allclose([PLACES[0], PLACES[1], PLACES[-1]], [-3.95, -3.85, 3.95])  # 80 bins from −4 to 4
    assert np.count_nonzero(bar(0.0)) == 10 and bar(0.0).max() == pytest.approx(0.1)  # ten bins, 1 wide
    assert gain(0.5).js == pytest.approx(0.1 * LOG2) and gain(-0.5).js == pytest.approx(0.1 * LOG2)
    assert gain(0.1).kl == math.inf


# ── Carried ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_plans_of_the_five_heaps_by_hand():
    found = {plan: carried(HEAPS, GOALS, plan) for plan in figures.PLANS}
    assert found["in order"].goals.tolist() == [-1, 1.5, 3, 5, 7.5] and found["in order"].cost == pytest.approx(1.5)
    assert found["as listed"].goals.tolist() == [*GOALS] and found["as listed"].cost == pytest.approx(2.7)
    assert found["reversed"].goals.tolist() == [7.5, 5, 3, 1.5, -1] and found["reversed"].cost == pytest.approx(3.9)
    assert carried([4.0, 0.0, 2.0], [1.0, 2.0, 3.0], "reversed").goals.tolist() == [1, 3, 2]
    assert carried([4.0, 0.0, 2.0], [1.0, 2.0, 3.0]).goals.tolist() == [3, 1, 2]
    with pytest.raises(ValueError, match=r"heaps.*goals"):
        carried([0.0], [1.0, 2.0])
    assert ROAD[0] <= min(*HEAPS, *GOALS, -2) and max(*HEAPS, *GOALS, 9) <= ROAD[1]


def test_the_best_critic_by_hand():
    """It rises from 0 to 2 where mass goes right, is flat where as much has passed, falls where mass goes left."""
    at = [-1.0, 0.0, 1.0, 2.0, 4.0, 5.0, 6.0, 7.0]
    assert critic(at, [0.0, 6.0], [2.0, 5.0]).tolist() == [0, 0, 1, 2, 2, 2, 1, 1]
    assert critic(at, [0.0, 6.0], [2.0, 5.0], 0.5).tolist() == [0, 0, 0.5, 1, 1, 1, 0.5, 0.5]
    with pytest.raises(ValueError, match="steepest"):
        critic(at, [0.0], [1.0], 0.0)


# ── Critics ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_crowds_are_as_stated():
    data, generated = (np.concatenate(parts) for parts in zip(*(crowds(seed) for seed in range(30)), strict=True))
    assert len(data) == 30 * 120
    low, high = data.reshape(30, 2, 60).transpose(1, 0, 2).reshape(2, -1)
    assert_allclose([low.mean(), high.mean(), generated.mean()], [0.5, 2.5, -1.5], atol=0.03)
    assert_allclose([low.std(), high.std(), generated.std()], [0.3, 0.3, 0.4], atol=0.015)
    assert np.array_equal(crowds(), crowds(0)) and way() == way(0) != way(1)
    assert (AT[0], AT[-1], len(AT)) == (-3, 4, 141)


def by_autograd(steps: int, seed: int, penalty: float = 0.0, clip: float = math.inf) -> tuple[torch.nn.Module, float]:
    """A critic trained with everything by autograd, from the same random numbers."""
    torch.manual_seed(seed)
    data, generated = (torch.tensor(crowd, dtype=torch.float32).reshape(-1, 1) for crowd in crowds(seed))
    one, two, three = torch.nn.Linear(1, 32), torch.nn.Linear(32, 32), torch.nn.Linear(32, 1)
    critic = torch.nn.Sequential(one, torch.nn.LeakyReLU(0.2), two, torch.nn.LeakyReLU(0.2), three)
    if clip < math.inf:
        optimiser: torch.optim.Optimizer = torch.optim.RMSprop(critic.parameters(), lr=0.005)
    else:
        optimiser = torch.optim.Adam(critic.parameters(), lr=0.005, betas=(0.5, 0.9))
    for step in range(steps):
        loss = critic(generated).mean() - critic(data).mean()
        if penalty and step >= 30:
            share, order = torch.rand(120, 1), torch.randperm(120)
            between = torch.lerp(generated, data[order], share).requires_grad_()
            (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
            loss = loss + penalty * ((slope.abs() - 1) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        for values in critic.parameters():
            values.data = values.data.clamp(-clip, clip)
    return critic, (critic(data).mean() - critic(generated).mean()).item()


@pytest.mark.parametrize("which", [{"penalty": 5.0}, {"clip": 0.1}])
def test_critics_are_those_of_autograd(which: dict[str, float]):
    found, (net, gain) = train_critic(**which, seed=4, steps=34), by_autograd(34, 4, **which)
    assert_allclose(found.scores, net(torch.tensor(AT, dtype=torch.float32)[:, None]).detach()[:, 0], atol=2e-5)
    assert found.gain == pytest.approx(gain, abs=2e-5)
    assert_allclose(
        np.sort(found.weights),
        np.sort(np.concatenate([p.detach().ravel() for p in net[::2].parameters() if p.ndim > 1])),
        atol=2e-5,
    )
    rises = np.diff(found.scores) / np.diff(AT)
    middles = (found.slopes[1:] + found.slopes[:-1]) / 2
    assert np.median(np.abs(rises - middles)) < 1e-4
    with pytest.raises(ValueError, match=r"give either clip or penalty, got clip=0\.1 and penalty=5\.0"):
        train_critic(clip=0.1, penalty=5.0)


def test_a_critic_is_trained_for_300_steps_from_seed_0():
    defaults = inspect.signature(train_critic).parameters
    assert (defaults["steps"].default, defaults["seed"].default) == (300, 0)


# ── The evidence ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_best_code_is_at_rest():
    m, s = best_code()
    h = 1e-4
    assert m > 1 and s < 0.5 and (OBSERVED, NOISE) == (1.5, 0.5)
    assert (bound(m + h, s).value - bound(m - h, s).value) / (2 * h) == pytest.approx(0, abs=1e-3)
    assert (bound(m, s + h).value - bound(m, s - h).value) / (2 * h) == pytest.approx(0, abs=1e-3)
    assert bound(m, s).value == pytest.approx(log_evidence() - bound(m, s).gap)
    assert bound(0.0, 1.0).rate == pytest.approx(0) and bound(1.0, 1.0).rate == pytest.approx(0.5)


def test_the_spreads_of_two_estimates_by_quadrature():
    m, s = 0.9, 0.3
    found = slope_estimates(m, s)
    z = np.linspace(m - 9 * s, m + 9 * s, 20_001)
    q = stats.norm.pdf(z, m, s) / stats.norm.pdf(z, m, s).sum()
    log_p = -math.log(NOISE * math.sqrt(2 * math.pi)) - (OBSERVED - z**2) ** 2 / (2 * NOISE**2)
    for name, values in (("reparameterised", np.gradient(log_p, z)), ("score function", log_p * (z - m) / s**2)):
        mean = q @ values
        spread = math.sqrt(q @ (values - mean) ** 2)
        assert found[name].mean == pytest.approx(mean, abs=5 * spread / math.sqrt(200_000))
        assert found[name].spread == pytest.approx(spread, rel=0.02)
    assert found == slope_estimates(m, s, 200_000, 0) != slope_estimates(m, s, seed=1)


# ── Generators, step by step ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_spots_are_as_stated():
    points = eight_spots(100_000, 3)
    assert_allclose(np.hypot(*CENTRES.T), 2)
    assert_allclose(CENTRES[[0, 2, 4, 6]], [[2, 0], [0, 2], [-2, 0], [0, -2]], atol=1e-12)
    gaps = np.linalg.norm(points[:, None] - CENTRES, axis=2)
    assert (gaps.min(axis=1) < 0.6).mean() == pytest.approx(0.989, abs=0.001)  # as the docstring says
    away = points - CENTRES[gaps.argmin(axis=1)]
    assert_allclose(away.std(axis=0), 0.2, atol=0.002)
    assert_allclose(np.bincount(gaps.argmin(axis=1)) / 100_000, 1 / 8, atol=0.005)


def test_what_a_score_counts():
    """A quarter of a share is enough, less is not; 0.6 from a centre is near; the distance is SciPy's."""
    assert (STAGES, SAMPLES, COPIES) == ((0, 50, 150, 300, 600), 400, 3)
    for few, spots in ((8, 8), (7, 7)):  # of 256 points, where a share is 32
        counts = [few, 32 - few + 32, 32, 32, 32, 32, 32, 32]
        assert score(np.repeat(CENTRES, counts, axis=0)).spots == spots
    for off, near in ((0.59, 1.0), (0.61, 0.0)):
        assert score(CENTRES * (1 + off / 2)).near == near
    points, fresh_ = eight_spots(100, 5) + 0.3, eight_spots(100, 1000)
    angles = np.arange(16) * np.pi / 16
    gone = [
        stats.wasserstein_distance(*(math.cos(a) * p[:, 0] + math.sin(a) * p[:, 1] for p in (points, fresh_)))
        for a in angles
    ]
    assert score(points).distance == pytest.approx(np.mean(gone))


def test_a_run_scores_its_last_samples():
    run = train_vae(steps=1)
    for copy in range(COPIES):
        assert run.score(copy=copy) == score(run.samples[-1, copy]) == run.scores()[copy]
    assert run.score() == score(run.samples[-1, 0]) and run.score(0, 2) == score(run.samples[0, 2])
    assert run.near() == pytest.approx(np.mean([found.near for found in run.scores()]))
    assert len({found.distance for found in run.scores()}) == COPIES


def test_the_networks_are_perceptrons_with_two_hidden_layers():
    torch.manual_seed(0)
    net, x = generators._Networks(3, 2), torch.randn(COPIES, 5, 3)
    for copy in range(COPIES):
        y = x[copy]
        for k in range(3):
            y = y @ net.weights[k][copy] + net.shifts[k][copy]
            y = y * torch.sigmoid(y) if k < 2 else y
        torch.testing.assert_close(net(x)[copy], y)
    assert [tuple(w.shape[1:]) for w in net.weights] == [(3, 64), (64, 64), (64, 2)]
    for w, b, inputs in zip(net.weights, net.shifts, (3, 64, 64), strict=True):  # PyTorch's own beginning
        assert b.shape == (COPIES, 1, w.shape[2]) and -w.min().item() == pytest.approx(inputs**-0.5, rel=0.05)
        assert w.max().item() == pytest.approx(inputs**-0.5, rel=0.05) and b.abs().max() <= inputs**-0.5


def adam(*nets: Any, **how: Any) -> torch.optim.Adam:
    return torch.optim.Adam([p for net in nets for p in (*net.weights, *net.shifts)], **how)


def copies_of_data(seed: int) -> Any:
    torch.manual_seed(seed)
    drawn = [torch.tensor(eight_spots(10_000, seed + copy), dtype=torch.float32) for copy in range(3)]

    def batch(count: int) -> torch.Tensor:
        chosen = torch.randint(10_000, (3, count))
        return torch.stack([points[which] for points, which in zip(drawn, chosen, strict=True)])

    return batch


@pytest.mark.parametrize("which", [{}, {"beta": 2.0, "scale": 0.7}, {"variance_slip": True}])
def test_the_vae_minimises_minus_the_bound(which: dict[str, Any]):
    """With PyTorch's own normals, divergence and optimiser."""
    found = train_vae(3, **which, steps=3)
    batch = copies_of_data(3)
    encoder, decoder = generators._Networks(2, 4), generators._Networks(2, 2)
    optimiser, scale = adam(encoder, decoder, lr=0.002), which.get("scale", 0.2)
    for step in range(4):
        x = batch(128)
        mean, log_variance = encoder(x)[..., :2], encoder(x)[..., 2:]
        q = torch.distributions.Normal(mean, log_variance.exp() ** 0.5)
        spread = log_variance.abs() ** 0.5 if which.get("variance_slip") else q.stddev
        out = decoder(mean + spread * torch.randn(3, 128, 2))
        rate = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(-1).mean(-1)
        error = (x - out).square().sum(-1).mean(-1)
        if step in (0, 3):
            with torch.no_grad():
                sample = decoder(torch.randn(3, 400, 2))
                sample = sample + scale * torch.randn(3, 400, 2)
            stage = 0 if step == 0 else -1
            assert_allclose(found.samples[stage], sample, atol=1e-4)
            assert_allclose(found.notes["rate"][stage], rate.detach(), rtol=1e-4)
            assert_allclose(found.notes["error"][stage], error.detach(), rtol=1e-4)
        optimiser.zero_grad()
        (error / (2 * scale**2) + which.get("beta", 1.0) * rate).sum().backward()
        optimiser.step()


@pytest.mark.parametrize("saturating", [False, True])
@pytest.mark.parametrize("rates", [{}, {"generator_rate": 0.01, "judge_rate": 0.0004}])
def test_the_players_play_cross_entropy(saturating: bool, rates: dict[str, float]):
    found, ones, zeros = train_players(2, saturating, steps=3, **rates), torch.ones(3, 128, 1), torch.zeros(3, 128, 1)
    cross_entropy, batch = torch.nn.functional.binary_cross_entropy_with_logits, copies_of_data(2)
    made, judge = generators._Networks(2, 2), generators._Networks(2, 1)
    forward = adam(made, lr=rates.get("generator_rate", 0.0015), betas=(0.5, 0.999))
    judging = adam(judge, lr=rates.get("judge_rate", 0.0015), betas=(0.5, 0.999))
    for step in range(4):
        fake = made(torch.randn(3, 128, 2)).detach()
        real, false = judge(batch(128)), judge(fake)
        loss = 3 * (cross_entropy(real, ones) + cross_entropy(false, zeros))  # the sum over copies of their means
        judging.zero_grad()
        loss.backward()
        judging.step()
        if step in (0, 3):
            with torch.no_grad():
                sample = made(torch.randn(3, 400, 2))
            assert_allclose(found.samples[0 if step == 0 else -1], sample, atol=1e-4)
            assert found.notes["loss"][0 if step == 0 else -1].mean() == pytest.approx(
                float(loss.detach()) / 3, rel=1e-4
            )
        scores = judge(made(torch.randn(3, 128, 2)))
        forward.zero_grad()
        (-3 * cross_entropy(scores, zeros) if saturating else 3 * cross_entropy(scores, ones)).backward()
        forward.step()


@pytest.mark.parametrize("predicts", ["velocity", "noise", "data"])
def test_the_denoiser_learns_and_turns(predicts: str):
    """A sample is turned by its velocity: z cos δ − v sin δ, δ the angle of a step."""
    found = train_denoiser(1, predicts, steps=2)
    batch = copies_of_data(1)
    net = generators._Networks(4, 2)
    optimiser = adam(net, lr=0.003)
    for step in range(3):
        x = batch(256)
        noise, angle = torch.randn(3, 256, 2), torch.rand(3, 256, 1) * (math.pi / 2)
        c, s = angle.cos(), angle.sin()
        z = c * x + s * noise
        target = {"data": x, "noise": noise, "velocity": c * noise - s * x}[predicts]
        error = (net(torch.cat([z, c, s], -1)) - target).square().sum(-1).mean(-1)
        if step in (0, 2):
            with torch.no_grad():
                place = torch.randn(3, 400, 2)
                angles = np.linspace(math.acos(0.03), 0.02, 41)
                for here, there in pairwise(angles):
                    a, b = math.cos(here), math.sin(here)
                    y = net(torch.cat([place, torch.full((3, 400, 1), a), torch.full((3, 400, 1), b)], -1))
                    v = {"velocity": y, "noise": (y - b * place) / a, "data": (a * place - y) / b}[predicts]
                    shown = a * place - b * v  # the data that it amounts to
                    place = math.cos(here - there) * place - math.sin(here - there) * v
            stage = 0 if step == 0 else -1
            assert_allclose(found.samples[stage], shown, rtol=1e-3, atol=1e-4 if predicts != "noise" else 1e-2)
            assert_allclose(found.notes["error"][stage], error.detach(), rtol=1e-4)
        optimiser.zero_grad()
        error.sum().backward()
        optimiser.step()


def test_a_denoiser_may_start_elsewhere_and_predicts_velocity_else():
    defaults = {name: given.default for name, given in inspect.signature(train_denoiser).parameters.items()}
    assert defaults == {"seed": 0, "predicts": "velocity", "steps": 600, "start": 0.03}
    assert not np.array_equal(train_denoiser(steps=0).samples, train_denoiser(steps=0, start=0.3).samples)


# ── Two players in numbers ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_mean_losses_of_two_players_by_quadrature():
    x = np.linspace(-12, 16, 100_001)
    for d in (0.0, 0.5, 3.0):
        g = stats.norm.pdf(x, d) * (x[1] - x[0])
        found = drift(d)
        assert found.saturating == pytest.approx(g @ special.log_expit(d * x - d**2 / 2), abs=1e-6)
        assert found.nonsaturating == pytest.approx(-g @ special.log_expit(d**2 / 2 - d * x), abs=1e-6)
        assert (found.kl, found.wasserstein) == (d**2 / 2, d)
    with pytest.raises(ValueError, match="distance"):
        drift(-1.0)
    assert drift(0.0).js == 0
    with pytest.raises(ValueError, match=r"g must not be negative, got -0\.5"):
        best_discriminator([1.0, 0.2], [0.1, -0.5])
    assert math.isnan(best_discriminator([0.0], [0.0])[0])
    assert game_value([1.0, 0.0], [0.0, 1.0]) == 0
