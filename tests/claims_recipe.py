"""What the cards of the chapter on the recipe claim."""

from __future__ import annotations

import math

import numpy as np
import pytest
from claims import holds, random, separated_is_cheaper_when_steeper
from scipy import optimize, special, stats

import lossbook

SIGMAS = (0.1, 0.7, 3.0)
SHRINKING = 10.0 ** -np.arange(1, 13, 2)


def falls_by_the_logarithm(losses: list[float], per_step: float = 2 * math.log(10), rel: float = 1e-9) -> None:
    """Each step of `SHRINKING` lowers the loss by as much, without end."""
    np.testing.assert_allclose(np.diff(losses), -per_step, rtol=rel)


def best_positive(loss) -> float:
    return math.exp(optimize.minimize_scalar(lambda u: loss(math.exp(u)), bracket=(-3, 2), tol=1e-12).x)


# ── Residuals ────────────────────────────────────────────────────────────────────────────────────────────────────────


@holds("normal_nll", r"For examples that share a $\sigma$, the best one is the root of their mean squared residual.")
def normal_best_scale() -> None:
    e = random().normal(0, 2.5, 40)
    best = best_positive(lambda s: lossbook.normal_nll(0 * e, e, scale=s))
    assert best == pytest.approx(math.sqrt(np.mean(e**2)), rel=1e-5)


@holds(
    "normal_nll",
    r"An example that is declared noisy counts less: twice the $\sigma$, a quarter of the pull on $\hat y$.",
)
@holds("normal_nll", r"The pull on $\hat y$ grows in proportion to the residual, without bound.")
def normal_pull() -> None:
    e = np.logspace(-3, 9, 40)
    for sigma in SIGMAS:
        pull = -lossbook.normal_nll_grad(0 * e, e, scale=sigma, reduction="none")
        np.testing.assert_allclose(pull, pull[0] * e / e[0])
        np.testing.assert_allclose(-4 * lossbook.normal_nll_grad(0 * e, e, scale=2 * sigma, reduction="none"), pull)


@holds("normal_nll", r"Where $\hat y$ meets a target, the loss falls without bound as $\sigma$ goes to 0.")
@holds("laplace_nll", r"Where $\hat y$ meets a target, the loss falls without bound as $b$ goes to 0.")
@holds("student_t_nll", r"Where $\hat y$ meets a target, the loss falls without bound as $\sigma$ goes to 0.")
def met_targets_collapse() -> None:
    for loss in (lossbook.normal_nll, lossbook.laplace_nll, lossbook.student_t_nll):
        falls_by_the_logarithm([loss(1.0, 1.0, scale=s) for s in SHRINKING])


@holds("laplace_nll", "No example pulls harder than $1/b$.")
@holds("laplace_nll", "At the target the slope jumps from one sign to the other.")
def laplace_pull() -> None:
    e = np.concatenate([-np.logspace(-300, 9, 40), np.logspace(-300, 9, 40)])
    for b in SIGMAS:
        pull = -lossbook.laplace_nll_grad(0 * e, e, scale=b, reduction="none")
        np.testing.assert_allclose(pull, np.sign(e) / b)


@holds("laplace_nll", "For examples that share a $b$, the best one is their mean absolute residual.")
def laplace_best_scale() -> None:
    e = random().normal(0, 2.5, 40)
    best = best_positive(lambda b: lossbook.laplace_nll(0 * e, e, scale=b))
    assert best == pytest.approx(np.abs(e).mean(), rel=1e-5)


@holds("student_t_nll", r"Beyond $|e| = \sigma\sqrt\nu$ the pull falls: a wild target lets go.")
def student_lets_go() -> None:
    for df in (1.0, 4.0, 30.0):
        for sigma in SIGMAS:
            peak = sigma * math.sqrt(df)
            e = peak * np.logspace(-3, 6, 181)  # the peak is one of them
            pull = -lossbook.student_t_nll_grad(0 * e, e, df=df, scale=sigma, reduction="none")
            assert np.all(np.diff(pull[:61]) > 0) and np.all(np.diff(pull[60:]) < 0) and pull[-1] < 1e-5 * pull[60]


@holds("student_t_nll", r"As $\nu$ grows it becomes the normal loss.")
def student_is_normal_in_the_limit() -> None:
    e = np.linspace(-5, 5, 41)
    normal = lossbook.normal_nll(0 * e, e, reduction="none")
    gaps = [
        np.abs(lossbook.student_t_nll(0 * e, e, df=df, reduction="none") - normal).max()
        for df in 10.0 ** np.arange(1, 8)
    ]
    assert np.all(np.diff(gaps) < 0) and gaps[-1] < 1e-4


@holds("student_t_nll", r"Not convex in $\hat y$: two groups of targets can make two valleys.")
def student_valleys() -> None:
    y, places = np.array([-9.0] * 5 + [9.0] * 5), np.linspace(-12, 12, 2401)
    costs = np.array([lossbook.student_t_nll(np.full(10, c), y) for c in places])
    assert ((costs[1:-1] < costs[:-2]) & (costs[1:-1] < costs[2:])).sum() == 2


@holds("student_t_nll", r"$\sigma$ is not the standard deviation, which is $\sqrt2\,\sigma$ at $\nu = 4$.")
def student_deviation() -> None:
    e = np.linspace(-4000, 4000, 800_001)
    for sigma in (0.5, 2.0):
        density = np.exp(-lossbook.student_t_nll(0 * e, e, df=4.0, scale=sigma, reduction="none"))
        assert math.sqrt(np.trapezoid(density * e**2, e)) == pytest.approx(math.sqrt(2) * sigma, rel=1e-4)


def mixture(share: float, means: tuple[float, float], scales: tuple[float, float], y: np.ndarray) -> float:
    """The mean loss of all targets under one mixture of two."""
    rows = [np.broadcast_to(row, (y.size, 2)) for row in (np.log([1 - share, share]), means, scales)]
    return float(lossbook.normal_mixture_nll(*rows, y))


@holds("normal_mixture_nll", "Two far humps cost it less than they cost any single bell.")
def mixture_of_two_humps() -> None:
    y = np.concatenate([random().normal(0, 1, 60), random().normal(12, 1, 30)])
    assert mixture(1 / 3, (0.0, 12.0), (1.0, 1.0), y) < lossbook.normal_nll(np.full(90, y.mean()), y, scale=y.std())


@holds("normal_mixture_nll", "The pull is shared: a bell hardly moves for a target that another explains far better.")
def mixture_pull() -> None:
    s, mu, sigma, y = [[0.3, -0.2]], [[1.0, 90.0]], [[1.0, 1.0]], [2.0]
    near, far = -lossbook.normal_mixture_nll_grad_means(s, mu, sigma, y)[0]
    assert near == pytest.approx(1.0) and far == 0
    pulled = -lossbook.normal_mixture_nll_grad_means(s, [[40.0, 90.0]], sigma, y)[0]
    assert pulled == pytest.approx([-38.0, 0.0])  # both are far: the nearer one gets all of it
    for scale in ([0.3, 2.0], [1.0, 1.0], [2.0, 0.3]):
        near, other = np.abs(lossbook.normal_mixture_nll_grad_means(s, [[2.1, 30.0]], [scale], y)[0])
        assert other < 1e-6 < near
    mu = [[1.0, 4.0]]
    parts = special.softmax(s[0]) * stats.norm.pdf(2.0, mu[0], sigma[0])
    pull = -lossbook.normal_mixture_nll_grad_means(s, mu, sigma, y)[0]
    np.testing.assert_allclose(pull, parts / parts.sum() * np.array([1.0, -2.0]))


@holds("normal_mixture_nll", "One bell on one target lowers the loss without bound as it shrinks.")
def mixture_collapse() -> None:
    y = random().normal(0, 1, 20)
    falls_by_the_logarithm(
        [mixture(0.5, (0.0, y[3]), (1.0, sigma), y) for sigma in SHRINKING[2:]], 2 * math.log(10) / 20, 1e-4
    )


@holds("normal_mixture_nll", "Renaming the bells changes nothing, so the best parameters are not unique.")
def mixture_renamed() -> None:
    y = random().normal(0, 1, 20)
    one, other = mixture(0.3, (0.0, 2.0), (1.0, 0.4), y), mixture(0.7, (2.0, 0.0), (0.4, 1.0), y)
    assert one == pytest.approx(other, rel=1e-13)


# ── Fractions and angles ─────────────────────────────────────────────────────────────────────────────────────────────


@holds("beta_nll", "No probability lies below 0 or above 1.")
def beta_area() -> None:
    y = np.linspace(0, 1, 200_001)[1:-1]
    for a, b in ((2.0, 5.0), (8.0, 4.0), (1.5, 1.5)):
        density = np.exp(-lossbook.beta_nll(a, b, y, reduction="none"))
        assert np.trapezoid(density, y) == pytest.approx(1, abs=1e-4)


@holds("beta_nll", "It tells sure from unsure: $(8, 4)$ and $(15, 7)$ have one mode and different losses.")
def beta_sure() -> None:
    np.testing.assert_allclose(lossbook.beta_mode([8.0, 15.0], [4.0, 7.0]), 0.7)
    assert lossbook.beta_nll(15.0, 7.0, 0.7) < lossbook.beta_nll(8.0, 4.0, 0.7)
    assert lossbook.beta_nll(15.0, 7.0, 0.3) > lossbook.beta_nll(8.0, 4.0, 0.3)


@holds("beta_nll", "At 0 and at 1 the density is 0 or infinite, unless a shape is 1: such targets are refused.")
def beta_ends() -> None:
    for a in (0.3, 1.0, 2.0):
        at_zero = stats.beta(a, 2.0).pdf(0.0)
        assert (0 < at_zero < np.inf) == (a == 1) and stats.beta(2.0, a).pdf(1.0) == at_zero
    for end in (0.0, 1.0):
        with pytest.raises(ValueError, match="strictly between 0 and 1"):
            lossbook.beta_nll(2.0, 5.0, end)


@holds("beta_nll", "For one single target the loss falls without bound along the shapes with that mode.")
def beta_collapse() -> None:
    for mode in (0.2, 0.7):
        far = 1 / SHRINKING
        losses = [lossbook.beta_nll(1 + mode * n, 1 + (1 - mode) * n, mode) for n in far]
        assert np.all(np.diff(losses) < 0)
        falls_by_the_logarithm(losses[1:], math.log(10), 1e-2)


@holds("von_mises_nll", "Whole turns of forecast or target change nothing.")
def von_mises_turns() -> None:
    forecast, wind = random().uniform(-9, 9, (2, 50))
    plain = lossbook.von_mises_nll(forecast, wind, concentration=2.0, reduction="none")
    for turns in (-3, 1, 2):
        for pair in ((forecast + 2 * np.pi * turns, wind), (forecast, wind + 2 * np.pi * turns)):
            np.testing.assert_allclose(lossbook.von_mises_nll(*pair, concentration=2.0, reduction="none"), plain)


@holds("von_mises_nll", r"For large $\kappa$ and small misses it is the normal loss with $\sigma = 1/\sqrt\kappa$.")
def von_mises_is_normal_in_the_limit() -> None:
    for kappa in (1e3, 1e5, 1e7):
        e = np.linspace(-2, 2, 41) / math.sqrt(kappa)
        circle = lossbook.von_mises_nll(0 * e, e, concentration=kappa, reduction="none")
        line = lossbook.normal_nll(0 * e, e, scale=kappa**-0.5, reduction="none")
        assert np.abs(circle - line).max() < 1 / kappa


@holds("von_mises_nll", "At the exact opposite the slope is 0: the worst forecast is not pulled.")
def von_mises_opposite() -> None:
    misses = np.linspace(0, 2 * np.pi, 721)
    for kappa in (0.5, 2.0, 50.0):
        losses = lossbook.von_mises_nll(0 * misses, misses, concentration=kappa, reduction="none")
        assert misses[losses.argmax()] == pytest.approx(np.pi)
        assert lossbook.von_mises_nll_grad(0.0, np.pi, concentration=kappa) == pytest.approx(0, abs=1e-13)


@holds("von_mises_nll", r"On a target that is met, the loss falls without bound as $\kappa$ grows.")
def von_mises_collapse() -> None:
    falls_by_the_logarithm(
        [lossbook.von_mises_nll(1.0, 1.0, concentration=1 / s) for s in SHRINKING[1:]], math.log(10), 1e-3
    )


# ── Labels and counts ────────────────────────────────────────────────────────────────────────────────────────────────


def best_constant(loss) -> float:
    return float(optimize.minimize_scalar(loss, bracket=(-2, 2), tol=1e-12).x)


@holds("bernoulli_nll", "The best constant is the log-odds of the share of ones.")
def bernoulli_best() -> None:
    y = np.array([1] * 3 + [0] * 17)
    assert best_constant(lambda s: lossbook.bernoulli_nll(np.full(20, s), y)) == pytest.approx(
        math.log(3 / 17), abs=1e-6
    )


@holds("bernoulli_nll", r"The slope is $\hat p - y$: no example pulls with a force above 1.")
def bernoulli_slope() -> None:
    s = np.linspace(-700, 700, 1401)
    for label in (0, 1):
        slopes = lossbook.bernoulli_nll_grad(s, np.full(s.size, label), reduction="none")
        np.testing.assert_allclose(slopes, special.expit(s) - label, rtol=1e-9, atol=1e-15)
        assert np.abs(slopes).max() <= 1


@holds("bernoulli_nll", "If a line separates the labels, larger logits are always cheaper: there is no best one.")
def bernoulli_separated() -> None:
    separated_is_cheaper_when_steeper(
        lambda s: lossbook.bernoulli_nll(s, (s > 0).astype(int)), random().normal(0, 1, 20)
    )


@holds("categorical_nll", "The best constants give each class its share of the examples.")
def categorical_best() -> None:
    y = np.array([0] * 2 + [1] * 5 + [2] * 13)
    loss = lambda s: lossbook.categorical_nll(np.tile(s, (20, 1)), y)  # noqa: E731
    found = optimize.minimize(loss, np.zeros(3), tol=1e-10).x
    np.testing.assert_allclose(special.softmax(found), [0.1, 0.25, 0.65], atol=1e-5)


@holds("categorical_nll", r"The slopes $\hat p_k - [k = y]$ of an example sum to 0.")
@holds("categorical_nll", "One number added to all raw numbers of an example changes nothing: they are not unique.")
def categorical_slopes() -> None:
    s, y = random().normal(0, 3, (30, 4)), random().integers(0, 4, 30)
    slopes = lossbook.categorical_nll_grad(s, y, reduction="none")
    np.testing.assert_allclose(slopes, special.softmax(s, axis=1) - np.eye(4)[y], atol=1e-15)
    np.testing.assert_allclose(slopes.sum(axis=1), 0, atol=1e-15)
    moved = s + random().normal(0, 9, (30, 1))
    np.testing.assert_allclose(
        lossbook.categorical_nll(moved, y, reduction="none"),
        lossbook.categorical_nll(s, y, reduction="none"),
        atol=1e-12,
    )


@holds("poisson_nll", "The best constant rate is the mean count.")
@holds("poisson_nll", "The variance is the rate, however far the counts spread.")
def poisson_best() -> None:
    y = np.array([0, 0, 0, 1, 2, 27])
    rate = math.exp(best_constant(lambda s: lossbook.poisson_nll(np.full(6, s), y)))
    assert rate == pytest.approx(y.mean(), rel=1e-5) and y.var() > 15 * rate
    counts = np.arange(200)
    chances = np.exp(-lossbook.poisson_nll(np.full(200, math.log(rate)), counts, reduction="none"))
    assert chances @ counts**2 - (chances @ counts) ** 2 == pytest.approx(rate, rel=1e-9)


@holds("poisson_nll", "Convex in $s$: a constant has one best value.")
def poisson_convex() -> None:
    s = np.linspace(-9, 6, 301)
    for count in (0, 1, 7):
        slopes = lossbook.poisson_nll_grad(s, np.full(s.size, count), reduction="none")
        assert np.all(np.diff(slopes) > 0)


@holds("poisson_nll", "As the rate goes to 0, the loss of every positive count grows without bound.")
def poisson_near_zero() -> None:
    for count in (1, 3, 12):
        losses = [lossbook.poisson_nll(math.log(rate), count) for rate in SHRINKING]
        assert np.all(np.diff(losses) > 0.9 * count * math.log(100))
