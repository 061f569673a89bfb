"""What the cards of the chapter on generative models claim."""

from __future__ import annotations

import math

import numpy as np
import pytest
from claims import holds, random

import lossbook
from lossbook.analysis.critics import best_penalised
from lossbook.analysis.two_players import drift
from lossbook.losses.denoising import ORDERS


@holds("kl_standard_normal", "0 at the prior and nowhere else.")
def rate_least() -> None:
    assert lossbook.kl_standard_normal([0.0, 0.0], [0.0, 0.0]) == 0
    means, log_variances = random().normal(size=(2, 500, 2))
    assert np.all(np.asarray(lossbook.kl_standard_normal(means, log_variances, reduction="none")) > 0)


@holds("kl_standard_normal", "In closed form: its slope needs no draws and has no noise.")
def rate_by_quadrature() -> None:
    z = np.linspace(-12, 12, 200_001)
    for mean, spread in ((0.0, 1.0), (1.5, 0.3), (-2.0, 1.4)):
        q = np.exp(-((z - mean) ** 2) / (2 * spread**2)) / (spread * math.sqrt(2 * math.pi))
        log_ratio = (z**2 - ((z - mean) / spread) ** 2) / 2 - math.log(spread)
        expected = np.trapezoid(q * log_ratio, z)
        assert lossbook.kl_standard_normal([mean], [2 * math.log(spread)]) == pytest.approx(expected, abs=1e-9)


@holds("kl_standard_normal", "A mean ten times as far off costs a hundred times as much.")
def rate_of_means() -> None:
    for mean in (0.1, 1.0, 7.0):
        costs = [lossbook.kl_standard_normal([far * mean], [0.0]) for far in (1, 10)]
        assert costs[1] == pytest.approx(100 * costs[0])


def linear(weight: float, spread: float, sigma: float, beta: float = 1.0, off: float = 0.0) -> float:
    """The mean of `normal_elbo` for data N(0, spread²) and a decoder `weight` · z + noise, with the posterior as the
    encoder, its mean `off` by some units."""
    total = weight**2 + sigma**2
    slope, variance = weight / total, sigma**2 / total
    error = spread**2 * (1 - weight * slope) ** 2 + weight**2 * (variance + off**2)
    mean = math.sqrt(slope**2 * spread**2 + off**2)
    return float(lossbook.normal_elbo([0.0], [math.sqrt(error)], [mean], [math.log(variance)], scale=sigma, beta=beta))


def surprise(weight: float, spread: float, sigma: float) -> float:
    """The mean of −log p(y), by the density of y, N(0, weight² + sigma²)."""
    total = weight**2 + sigma**2
    return 0.5 * math.log(2 * math.pi * total) + spread**2 / (2 * total)


@holds("normal_elbo", "With β = 1 its mean over codes is never below $-\\log p(y)$, and equal to it at the posterior.")
def bound_and_tight() -> None:
    for weight, spread, sigma in ((1.0, 2.0, 0.5), (0.3, 0.4, 1.0), (2.0, 1.0, 0.2)):
        assert linear(weight, spread, sigma) == pytest.approx(surprise(weight, spread, sigma))
        assert linear(weight, spread, sigma, off=0.1) > surprise(weight, spread, sigma) + 1e-4


@holds("normal_elbo", "If σ exceeds the spread of the data, the empty code is the best.")
def empty_code() -> None:
    weights = np.linspace(0, 3, 301)
    for spread, sigma in ((0.1, 1.0), (0.9, 1.0)):
        assert np.argmin([linear(weight, spread, sigma) for weight in weights]) == 0
    assert np.argmin([linear(weight, 1.2, 1.0) for weight in weights]) > 0


@holds("normal_elbo", "With β below 1 it is no bound any more.")
def small_beta() -> None:
    assert linear(1.0, 2.0, 0.5, beta=0.5) < surprise(1.0, 2.0, 0.5) - 0.1


@holds("discriminator", r"At the best scores its mean is $2 \log 2 - 2\,\mathrm{JS}(p, g)$.")
def game_is_worth() -> None:
    p, g = random().dirichlet(np.ones(5), 2)
    scores = np.log(p / g)
    on_data = np.asarray(lossbook.discriminator(scores, np.full(5, -800.0), reduction="none"))
    on_fakes = np.asarray(lossbook.discriminator(np.full(5, 800.0), scores, reduction="none"))
    assert p @ on_data + g @ on_fakes == pytest.approx(2 * math.log(2) - 2 * lossbook.js_divergence(p, g))


@holds("discriminator", "No slope exceeds 1.")
def judge_slopes() -> None:
    scores = np.linspace(-900, 900, 2001)
    for grad in (lossbook.discriminator_grad, lossbook.discriminator_grad_fake_logits):
        assert np.abs(grad(scores, scores, reduction="none")).max() <= 1


@holds("discriminator", "Where data and generated things never meet, the best loss is 0, near or far.")
def judge_apart() -> None:
    assert lossbook.discriminator([800.0], [-800.0]) == 0
    for place in (1, 5, 9):
        p, g = np.eye(10)[[0, place]]
        assert 2 * math.log(2) - 2 * lossbook.js_divergence(p, g) == pytest.approx(0, abs=1e-12)


def slope_of_js(distance: float) -> float:
    h = 1e-4
    return (drift(distance + h).js - drift(distance - h).js) / (2 * h)


@holds("generator_saturating", r"Against the best discriminator it pulls like $2\,\mathrm{JS}(p, g)$.")
def pull_of_js() -> None:
    for distance in (0.5, 1.0, 2.0, 4.0):
        assert drift(distance).slope_saturating == pytest.approx(2 * slope_of_js(distance), rel=1e-4)


@holds("generator_saturating", "Where the discriminator is sure it is silent: at a score of −10 its slope is −0.00005.")
def silent() -> None:
    assert round(float(lossbook.generator_saturating_grad([-10.0])[0]), 5) == -0.00005


@holds("generator_nonsaturating", "Where the discriminator is sure its slope is nearly −1, as steep as it gets.")
def loud() -> None:
    slopes = lossbook.generator_nonsaturating_grad(np.linspace(-900, 900, 2001), reduction="none")
    assert slopes.min() == -1 and lossbook.generator_nonsaturating_grad([-10.0])[0] < -0.9999


@holds(
    "generator_nonsaturating",
    r"Against the best discriminator it pulls like $\mathrm{KL}(g \,\|\, p) - 2\,\mathrm{JS}(p, g)$.",
)
def pull_of_kl() -> None:
    for distance in (0.5, 1.0, 2.0, 4.0):
        expected = distance - 2 * slope_of_js(distance)  # KL is distance²/2
        assert drift(distance).slope_nonsaturating == pytest.approx(expected, rel=1e-4)


@holds("generator_nonsaturating", "So a missing mode is cheap: of two equal ones, 0.262 nats.")
def missing_mode() -> None:
    g, p = [1.0, 0.0], [0.5, 0.5]
    assert lossbook.kl_divergence(g, p) - 2 * lossbook.js_divergence(g, p) == pytest.approx(0.262, abs=5e-4)
    assert lossbook.kl_divergence(p, g) == math.inf


@holds("wasserstein_1", "A sample and its copy moved by $d$ are $d$ apart: the slope does not fade.")
def moved_copy() -> None:
    x = random().normal(size=9)
    for way in (0.01, 1.0, 1000.0):
        assert lossbook.wasserstein_1(x + way, x) == pytest.approx(way)
        assert lossbook.wasserstein_1_grad(x + way, x).sum() == pytest.approx(1)


@holds("wasserstein_1", "A distance: symmetric, and no detour is shorter.")
def detours() -> None:
    for x, y, z in random().normal(size=(50, 3, 7)):
        assert lossbook.wasserstein_1(x, y) == pytest.approx(lossbook.wasserstein_1(y, x))
        assert lossbook.wasserstein_1(x, z) <= lossbook.wasserstein_1(x, y) + lossbook.wasserstein_1(y, z) + 1e-12


@holds("wasserstein_1", "Two samples of one distribution are never 0 apart.")
def samples_differ() -> None:
    assert all(lossbook.wasserstein_1(*pair) > 0.01 for pair in random().normal(size=(50, 2, 100)))


@holds("wasserstein_1", "One value of $n$ that strays by $d$ costs $d/n$, however large $d$ is.")
def one_strays() -> None:
    x = np.arange(10.0)
    for way in (1.0, 1e6):
        assert lossbook.wasserstein_1(np.append(x[:-1], x[-1] + way), x) == pytest.approx(way / 10)


@holds("gradient_penalty", "0 for slope 1 in any direction.")
def slope_one() -> None:
    angles = np.linspace(0, 6, 50)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert np.abs(lossbook.gradient_penalty(directions, reduction="none")).max() < 1e-28


@holds(
    "gradient_penalty",
    r"Not a bound: against a distance $W$ a straight critic does best with slope $1 + W/2\lambda$.",
)
def straight_critic() -> None:
    slopes = np.linspace(0, 6, 60_001)
    for penalty, way in ((10.0, 3.0), (1.0, 3.0)):
        costs = -slopes * way + np.asarray(
            lossbook.gradient_penalty(slopes[:, np.newaxis], penalty=penalty, reduction="none")
        )
        assert slopes[costs.argmin()] == pytest.approx(best_penalised(penalty, way), abs=2e-4)
        assert best_penalised(penalty, way) == 1 + way / (2 * penalty)


@holds("gradient_penalty", "A slope of 0 costs λ and has no gradient to leave by.")
def slope_zero() -> None:
    assert lossbook.gradient_penalty([0.0, 0.0], penalty=7.0) == 7
    assert not np.any(lossbook.gradient_penalty_grad([0.0, 0.0], penalty=7.0))


@holds("denoising", "The best prediction is the conditional mean, whatever the weight.")
def conditional_mean() -> None:
    seen, constants = np.array([-1.0, 0.5, 2.0, 2.5]), np.linspace(-2, 3, 5001)
    for kind in ORDERS:
        for level in (-3.0, 0.0, 4.0):
            costs = [lossbook.denoising(np.full((4, 1), c), seen[:, None], level, weighs=kind) for c in constants[::50]]
            assert constants[::50][np.argmin(costs)] == pytest.approx(seen.mean(), abs=0.03)


@holds("denoising", "Where there is mostly noise an error hardly counts: 0.0003 of its square at λ = −8.")
def hardly_counts() -> None:
    assert round(float(lossbook.denoising([2.0], [0.0], -8.0)) / 4, 4) == 0.0003


CROSSING = np.array([[2.0], [0.0]]), np.array([[0.0], [2.0]])  # two lines that meet half-way, at 1


@holds("flow_matching", "The best speed at a point is the mean over all lines through it.")
def mean_speed() -> None:
    data, noise = random().normal(size=(2, 6, 1))
    speeds = np.linspace(-4, 4, 801)
    costs = [lossbook.flow_matching(np.full((6, 1), speed), data, noise) for speed in speeds]
    assert speeds[np.argmin(costs)] == pytest.approx((data - noise).mean(), abs=0.006)


@holds("flow_matching", "Where lines cross it cannot become 0: the spread of their speeds is left.")
def crossing_lines() -> None:
    costs = [lossbook.flow_matching(np.full((2, 1), speed), *CROSSING) for speed in np.linspace(-4, 4, 801)]
    assert min(costs) == pytest.approx(np.var([2.0, -2.0]))
