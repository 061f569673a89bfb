"""Losses of generative models: hand numbers, SciPy, 50-digit references, both tails, exact conversions, refusals."""

import itertools
import math

import mpmath
import numpy as np
import pytest
import torch
from precision import DIGITS, exact, ulps
from scipy import stats

from lossbook.analysis.two_players import best_discriminator, drift, game_value, log_odds
from lossbook.losses.adversarial import (
    discriminator,
    discriminator_grad,
    discriminator_grad_fake_logits,
    generator_nonsaturating,
    generator_nonsaturating_grad,
    generator_saturating,
    generator_saturating_grad,
)
from lossbook.losses.denoising import (
    add_noise,
    convert_prediction,
    denoising,
    denoising_grad,
    denoising_weight,
    flow_matching,
)
from lossbook.losses.information import js_divergence
from lossbook.losses.information_densities import kl_normal
from lossbook.losses.likelihood_discrete import bernoulli_nll
from lossbook.losses.likelihood_real import normal_nll
from lossbook.losses.transport import (
    gradient_penalty,
    gradient_penalty_grad,
    transport_plan,
    wasserstein_1,
    wasserstein_1_grad,
    wasserstein_1_histogram,
    wasserstein_1_histogram_grad,
)
from lossbook.losses.variational import (
    bernoulli_elbo,
    bernoulli_elbo_grad,
    kl_standard_normal,
    kl_standard_normal_grad_log_variance,
    normal_elbo,
)

LOG2, LOG3 = math.log(2), math.log(3)
KINDS = ("data", "noise", "velocity", "score")


@pytest.fixture(autouse=True)
def enough_digits():
    with mpmath.workdps(800 + DIGITS):
        yield


# ── The variational bound ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_rate_by_hand():
    assert kl_standard_normal([3.0, 4.0], [0.0, 0.0]) == 12.5  # half the square of the distance
    assert kl_standard_normal([0.0], [math.log(4)]) == pytest.approx(1.5 - LOG2)  # ½(4 − 1 − log 4)
    assert kl_standard_normal(np.zeros((5, 2)), np.zeros((5, 2))) == 0
    per_code = kl_standard_normal([[1.0, 1.0], [0.0, 2.0]], np.zeros((2, 2)), reduction="none")
    assert per_code.tolist() == [1, 2] and kl_standard_normal([[1.0, 1.0], [0.0, 2.0]], np.zeros((2, 2))) == 1.5


def test_the_rate_is_a_divergence_of_normals():
    rng = np.random.default_rng(0)
    m, v = rng.normal(0, 2, (2, 7, 3))
    expected = np.sum(kl_normal(m, np.exp(v / 2), 0.0, 1.0), axis=-1)
    np.testing.assert_allclose(kl_standard_normal(m, v, reduction="none"), expected, rtol=1e-13)


@pytest.mark.parametrize("spread", [1e-9, 1e-3, 1.0, 30.0])
def test_the_rate_to_a_few_ulp(spread):
    m, v = np.random.default_rng(1).normal(0, spread, (2, 50))
    values = [(mpmath.expm1(exact(b)) - exact(b) + exact(a) ** 2) / 2 for a, b in zip(m, v, strict=True)]
    assert ulps(kl_standard_normal(m[:, None], v[:, None], reduction="none"), values) < 8
    slopes = [mpmath.expm1(exact(b)) / 2 for b in v]
    assert ulps(kl_standard_normal_grad_log_variance(m[:, None], v[:, None], reduction="none"), slopes) < 2


def test_the_rate_at_both_ends_of_the_variance():
    assert kl_standard_normal([0.0], [-math.inf]) == math.inf  # a code of one point
    assert kl_standard_normal([0.0], [-800.0]) == 399.5
    assert kl_standard_normal([0.0], [800.0]) == math.inf


def test_a_bound_is_likelihood_plus_rate():
    rng = np.random.default_rng(2)
    s, y, m, v = rng.normal(0, 2, (5, 6)), rng.integers(0, 2, (5, 6)), *rng.normal(0, 1, (2, 5, 3))
    rate = kl_standard_normal(m, v, reduction="none")
    for beta in (0.0, 1.0, 4.0):
        expected = np.sum(bernoulli_nll(s, y, reduction="none"), axis=-1) + beta * rate
        np.testing.assert_allclose(bernoulli_elbo(s, y, m, v, beta=beta, reduction="none"), expected, rtol=1e-14)
        expected = np.sum(normal_nll(s, y, scale=0.3, reduction="none"), axis=-1) + beta * rate
        np.testing.assert_allclose(normal_elbo(s, y, m, v, scale=0.3, beta=beta, reduction="none"), expected)


def test_the_bound_is_below_the_evidence_and_meets_it_at_the_posterior():
    """x = z + noise of spread σ, both normal: the posterior of z is normal and known."""
    x, scale = 1.7, 0.6
    evidence = stats.norm(0, math.sqrt(1 + scale**2)).logpdf(x)
    rng = np.random.default_rng(3)
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    weights = weights / weights.sum()

    def bound(mean, log_variance):
        z = mean + np.exp(log_variance / 2) * nodes
        losses = normal_elbo(
            z[:, None], np.full((40, 1), x), np.full((40, 1), mean), np.full((40, 1), log_variance), scale=scale,
            reduction="none",
        )  # fmt: skip
        return -float(weights @ losses)

    assert bound(x / (1 + scale**2), math.log(scale**2 / (1 + scale**2))) == pytest.approx(evidence, abs=1e-12)
    assert all(bound(*rng.normal(0, 1, 2)) < evidence for _ in range(50))


def test_a_bernoulli_decoder_at_eight_hundred():
    keywords = {"mean": np.zeros((4, 1)), "log_variance": np.zeros((4, 1)), "reduction": "none"}
    s, y = np.array([[800.0], [-800.0], [800.0], [-800.0]]), np.array([[1], [1], [0], [0]])
    assert bernoulli_elbo(s, y, **keywords).tolist() == [0, 800, 800, 0]
    assert bernoulli_elbo_grad(s, y, **keywords).ravel().tolist() == [0, -1, 1, 0]


def test_without_a_rate_an_infinite_one_counts_nothing():
    assert bernoulli_elbo([0.0], [1], [0.0], [-math.inf], beta=0) == pytest.approx(LOG2)


def test_grey_values_and_unequal_batches_are_refused():
    with pytest.raises(ValueError, match=r"labels must be 0 or 1, got 0\.5 at index \(1,\)"):
        bernoulli_elbo([0.0, 0.0], [1.0, 0.5], [0.0], [0.0])
    with pytest.raises(ValueError, match="one vector per example"):
        normal_elbo(np.zeros((3, 2)), np.zeros((3, 2)), np.zeros((2, 1)), np.zeros((2, 1)))
    with pytest.raises(ValueError, match="mean must hold components"):
        kl_standard_normal(1.0, 0.0)


# ── Two players ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_players_by_hand():
    assert discriminator([0.0], [0.0]) == pytest.approx(2 * LOG2)
    assert discriminator([LOG3], [-LOG3]) == pytest.approx(2 * math.log(4 / 3))  # D = ¾ and ¼
    assert generator_saturating([LOG3]) == pytest.approx(-math.log(4))  # log ¼
    assert generator_nonsaturating([LOG3]) == pytest.approx(math.log(4 / 3))
    assert discriminator_grad([LOG3], [0.0])[0] == pytest.approx(-0.25)
    assert discriminator_grad_fake_logits([0.0], [LOG3])[0] == pytest.approx(0.75)


@pytest.mark.parametrize("spread", [0.1, 1.0, 10.0, 300.0])
def test_two_players_to_a_few_ulp(spread):
    s = np.random.default_rng(4).normal(0, spread, 60)
    plus = [mpmath.log1p(mpmath.exp(exact(x))) for x in s]
    minus = [mpmath.log1p(mpmath.exp(-exact(x))) for x in s]
    p = [1 / (1 + mpmath.exp(-exact(x))) for x in s]
    assert ulps(generator_saturating(s, reduction="none"), [-x for x in plus]) < 4
    assert ulps(generator_nonsaturating(s, reduction="none"), minus) < 4
    assert ulps(generator_saturating_grad(s, reduction="none"), [-x for x in p]) < 4
    slopes = [-1 / (1 + mpmath.exp(exact(x))) for x in s]
    assert ulps(generator_nonsaturating_grad(s, reduction="none"), slopes) < 4
    both = [a + b for a, b in zip(minus, plus, strict=True)]
    assert ulps(discriminator(s, s, reduction="none"), both) < 4


def test_two_players_at_eight_hundred():
    s = np.array([800.0, -800.0, math.inf, -math.inf])
    assert discriminator(s, -s, reduction="none").tolist() == [0, 1600, 0, math.inf]
    assert generator_saturating(s, reduction="none").tolist() == [-800, 0, -math.inf, 0]
    assert generator_nonsaturating(s, reduction="none").tolist() == [0, 800, 0, math.inf]
    assert generator_saturating_grad(s, reduction="none").tolist() == [-1, 0, -1, 0]
    assert generator_nonsaturating_grad(s, reduction="none").tolist() == [0, -1, 0, -1]


@pytest.mark.parametrize("seed", range(3))
def test_the_game_is_worth_twice_js_less_log_four(seed):
    p, g = np.random.default_rng(seed).dirichlet(np.full(6, 0.5), 2)
    p[0], g[1] = 0, 0
    p, g = p / p.sum(), g / g.sum()
    value = game_value(p, g)
    assert value == pytest.approx(2 * js_divergence(p, g) - math.log(4), abs=1e-14)
    d = best_discriminator(p, g)
    for nudge in (-0.01, 0.01):  # no other discriminator does better
        other = np.clip(d + nudge, 1e-12, 1 - 1e-12)
        assert p @ np.log(other) + g @ np.log1p(-other) < value


# The figures of the project's own notes, from a run of other code.
@pytest.mark.parametrize(
    ("d", "js", "saturating", "nonsaturating"),
    [(2, 0.337, 0.450, 1.55), (4, 0.633, 0.137, 3.86), (6, 0.689, 0.0125, 5.99), (8, 0.693, 0.00039, 8.00)],
)
def test_two_normals_drifting_apart(d, js, saturating, nonsaturating):
    found = drift(d)
    assert found.js == pytest.approx(js, abs=6e-4) and found.kl == d**2 / 2 and found.wasserstein == d
    assert found.slope_saturating == pytest.approx(saturating, rel=1e-2)
    assert found.slope_nonsaturating == pytest.approx(nonsaturating, rel=2e-3)
    assert found.discriminator == pytest.approx(2 * LOG2 - 2 * found.js, abs=1e-12)
    # the slopes are those of 2 JS and of KL − 2 JS
    h = 1e-4
    slope = (drift(d + h).js - drift(d - h).js) / (2 * h)
    assert found.slope_saturating == pytest.approx(2 * slope, abs=1e-6)
    assert found.slope_nonsaturating == pytest.approx(d - 2 * slope, abs=1e-6)


def test_the_best_score_is_a_log_ratio():
    x = np.linspace(-3, 5, 9)
    p, g = stats.norm(0, 1).pdf(x), stats.norm(1.5, 1).pdf(x)
    np.testing.assert_allclose(log_odds(x, 1.5), np.log(p / g), atol=1e-12)
    np.testing.assert_allclose(best_discriminator(p, g), p / (p + g))
    with pytest.raises(ValueError, match="p must not be negative"):
        best_discriminator([-1.0], [1.0])


# ── Transport ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(20))
def test_transport_is_that_of_scipy(seed):
    """Sizes that differ, weights, and many ties."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 9, 2)
    x, y = rng.integers(-3, 4, n).astype(float), rng.normal(0, 2, m)
    p, q = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))
    assert wasserstein_1(x, y) == pytest.approx(stats.wasserstein_distance(x, y), abs=1e-13)
    expected = stats.wasserstein_distance(x, y, p, q)
    assert wasserstein_1(x, y, x_weights=p, y_weights=q) == pytest.approx(expected, abs=1e-13)
    assert wasserstein_1(x, y, x_weights=p) == pytest.approx(stats.wasserstein_distance(x, y, p), abs=1e-13)


@pytest.mark.parametrize("seed", range(5))
def test_sorting_is_the_best_of_all_pairings(seed):
    x, y = np.random.default_rng(seed).normal(0, 1, (2, 6))
    best = min(np.abs(x - y[list(order)]).mean() for order in itertools.permutations(range(6)))
    assert wasserstein_1(x, y) == pytest.approx(best, abs=1e-14)


def test_transport_by_hand():
    assert wasserstein_1([0.0, 0.0], [1.0, 3.0]) == 2 and wasserstein_1([5.0], [5.0]) == 0
    assert wasserstein_1([0.0, 1.0], [0.0, 1.0, 1.0]) == pytest.approx(1 / 6)  # a sixth of the mass goes 1
    np.testing.assert_array_equal(wasserstein_1_grad([1.0, 1.0], [1.0, 3.0]), [0, -0.5])
    np.testing.assert_allclose(wasserstein_1_grad([2.0], [1.0, 3.0, 4.0]), [-1 / 3], atol=1e-15)
    plan = transport_plan([0.0, 1.0], [2.0, 3.0, 4.0])
    assert plan.mass.tolist() == pytest.approx([1 / 3, 1 / 6, 1 / 6, 1 / 3]) and plan.source.tolist() == [0, 0, 1, 1]
    rows = wasserstein_1([[0.0, 0.0], [0.0, 0.0]], [[1.0, 3.0], [0.0, 0.0]], reduction="none")
    assert rows.tolist() == [2, 0]


@pytest.mark.parametrize("seed", range(5))
def test_the_slope_of_transport_with_weights(seed):
    rng = np.random.default_rng(seed)
    x, y, p, q = rng.normal(0, 1, 4), rng.normal(0, 1, 7), rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(7))
    slopes = wasserstein_1_grad(x, y, x_weights=p, y_weights=q)
    for k, step in enumerate(1e-6 * np.eye(4)):
        up, down = (wasserstein_1(x + side * step, y, x_weights=p, y_weights=q) for side in (1, -1))
        assert slopes[k] == pytest.approx((up - down) / 2e-6, abs=1e-7)


def test_histograms_are_samples_with_weights():
    p, q = np.random.default_rng(5).dirichlet(np.ones(6), 2)
    expected = 0.5 * wasserstein_1(np.arange(6.0), np.arange(6.0), x_weights=p, y_weights=q)
    assert wasserstein_1_histogram(p, q, width=0.5) == pytest.approx(expected, abs=1e-14)
    with pytest.raises(ValueError, match="width must be"):
        wasserstein_1_histogram_grad(p, q, width=0)


def test_unequal_masses_are_refused():
    """SciPy divides them away: three times the mass at the same place is no distance apart."""
    assert stats.wasserstein_distance([0.0], [0.0], [3.0], [1.0]) == 0
    with pytest.raises(ValueError, match=r"x_weights must sum to 1 along axis -1, got a sum of 3\.0"):
        wasserstein_1([0.0], [0.0], x_weights=[3.0])
    with pytest.raises(ValueError, match="x_weights and x must have the same shape"):
        wasserstein_1([0.0], [0.0], x_weights=[0.5, 0.5])
    with pytest.raises(ValueError, match="x must be one sample"):
        transport_plan([[0.0]], [[0.0]])
    with pytest.raises(ValueError, match="y must hold components"):
        wasserstein_1([0.0], [])


def test_the_penalty_by_hand_and_where_there_is_no_direction():
    assert gradient_penalty([0.0, 0.0], penalty=2.0) == 2
    assert gradient_penalty_grad([0.0, 0.0]).tolist() == [0, 0]
    g = torch.tensor([0.3, -0.4], dtype=torch.float64, requires_grad=True)
    (10 * (g.norm() - 1) ** 2).backward()
    np.testing.assert_allclose(gradient_penalty_grad([0.3, -0.4]), g.grad, rtol=1e-14)


# ── Denoising ────────────────────────────────────────────────────────────────────────────────────────────────────────


def quantities(level, rng, n=4):
    """Data, noise and what follows from them at a noise level, straight from the definitions."""
    x, noise = rng.normal(0, 1, (2, n))
    alpha, sigma = math.sqrt(1 / (1 + math.exp(-level))), math.sqrt(1 / (1 + math.exp(level)))
    return alpha * x + sigma * noise, {
        "data": x,
        "noise": noise,
        "velocity": alpha * noise - sigma * x,
        "score": -noise / sigma,
    }


@pytest.mark.parametrize("level", [-8.0, -1.0, 0.0, 2.5, 8.0])
@pytest.mark.parametrize("predicts", KINDS)
@pytest.mark.parametrize("wanted", KINDS)
def test_conversions_and_weights(level, predicts, wanted):
    """A prediction of one is a prediction of the other, and the weight is the ratio of their squared errors."""
    rng = np.random.default_rng(6)
    z, true = quantities(level, rng)
    np.testing.assert_allclose(add_noise(true["data"], true["noise"], level), z, rtol=1e-14)
    found = convert_prediction(true[predicts], z, level, predicts=predicts, wanted=wanted)
    np.testing.assert_allclose(found, true[wanted], rtol=1e-9, atol=1e-9)
    guess = true[predicts] + rng.normal(0, 1, 4)
    turned = convert_prediction(guess, z, level, predicts=predicts, wanted=wanted)
    loss = denoising(guess, true[predicts], level, predicts=predicts, weighs=wanted)
    assert loss == pytest.approx(np.sum((turned - true[wanted]) ** 2), rel=1e-9)
    back = convert_prediction(turned, z, level, predicts=wanted, wanted=predicts)
    np.testing.assert_allclose(back, guess, rtol=1e-8, atol=1e-8)


def test_the_velocity_is_the_slope_of_the_path():
    """With α = cos φ and σ = sin φ it is dz/dφ."""
    x, noise, phi, h = np.array([0.7]), np.array([-1.2]), 0.9, 1e-6
    level = 2 * math.log(math.cos(phi) / math.sin(phi))
    z = add_noise(x, noise, level)
    ahead, behind = (math.cos(p) * x + math.sin(p) * noise for p in (phi + h, phi - h))
    found = convert_prediction(noise, z, level, predicts="noise", wanted="velocity")
    np.testing.assert_allclose(found, (ahead - behind) / (2 * h), rtol=1e-8)


@pytest.mark.parametrize("predicts", KINDS)
@pytest.mark.parametrize("weighs", KINDS)
def test_weights_to_a_few_ulp(predicts, weighs):
    levels = np.random.default_rng(7).uniform(-300, 300, 40)
    powers = [mpmath.exp(exact(level)) for level in levels]
    size = {"data": lambda s: 1, "noise": lambda s: s, "velocity": lambda s: 1 + s, "score": lambda s: s * (1 + s)}
    expected = [size[weighs](snr) / size[predicts](snr) for snr in powers]
    assert ulps(denoising_weight(levels, predicts=predicts, weighs=weighs), expected) < 6


def test_weights_at_eight_hundred():
    ends = [800.0, -800.0]
    assert denoising_weight(ends, predicts="noise", weighs="velocity").tolist() == [1, math.inf]
    assert denoising_weight(ends, predicts="velocity", weighs="noise").tolist() == [1, 0]
    assert denoising_weight(ends, predicts="data", weighs="velocity").tolist() == [math.inf, 1]
    assert denoising([1.0, 2.0], [1.0, 2.0], 800.0) == 0  # nothing wrong costs nothing, whatever it weighs
    assert denoising_grad([1.0, 2.0], [1.0, 2.0], 800.0).tolist() == [0, 0]


def test_denoising_by_hand():
    assert denoising([[1.0], [1.0]], [[0.0], [3.0]], [0.0, math.log(2)], reduction="none").tolist() == pytest.approx(
        [1, 8]
    )
    assert denoising([1.0], [0.0], 0.0, predicts="noise", weighs="velocity") == 2  # 1/α²
    assert denoising([1.0], [0.0], 0.0, predicts="score", weighs="data") == pytest.approx(0.5)
    assert flow_matching([[1.0, 0.0]], [[1.0, 2.0]], [[0.0, 0.0]]) == 4


@pytest.mark.parametrize("name", ["predicts", "weighs"])
@pytest.mark.parametrize("function", [denoising, denoising_grad])
def test_unknown_quantities_are_refused(function, name):
    with pytest.raises(ValueError, match=f"{name} must be one of 'data', 'noise', 'velocity', 'score', got 'epsilon'"):
        function([1.0], [0.0], 0.0, **{name: "epsilon"})
    with pytest.raises(ValueError, match="wanted must be one of"):
        convert_prediction([1.0], [0.0], 0.0, wanted=None)
    with pytest.raises(ValueError, match="log_snr must be a number or one number per example"):
        add_noise([[1.0]], [[0.0]], [0.0, 0.0])
