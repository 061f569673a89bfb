"""What the cards of the regression chapter claim."""

from __future__ import annotations

import math

import numpy as np
import pytest
from claims import holds, random

import lossbook
from lossbook.analysis import outliers
from lossbook.analysis.fitting import fit_constant, fit_line
from lossbook.analysis.residual_curve import implied_density, residual_curve
from lossbook.losses.regression import EPSILON_INSENSITIVE, MSE, PINBALL
from lossbook.losses.robust import CAUCHY, HUBER

E = np.linspace(-9, 9, 181)
WIDTHS = (0.1, 1.0, 4.0)


def convex(name: str, **keywords: float) -> bool:
    """The slope never falls as the residual grows."""
    return bool(np.all(np.diff(residual_curve(name, **keywords).slope(E)) >= -1e-12))


def without_jump(name: str, **keywords: float) -> bool:
    """Between neighbours on a grid of a thousandth the slope changes by a hundredth and a bit at most."""
    return bool(np.ptp(residual_curve(name, **keywords).slope(E[:, None] + [0, 1e-3]), axis=1).max() < 0.0101)


def hardest_pull(name: str, **keywords: float) -> float:
    return float(np.abs(residual_curve(name, **keywords).slope(np.concatenate([E, [-1e9, 1e9]]))).max())


# ── Mean squared and absolute error ──────────────────────────────────────────────────────────────────────────────────


@holds("mse", "Smooth and convex in the prediction; a linear model has its optimum in closed form.")
def mse_in_closed_form() -> None:
    assert convex("mse") and without_jump("mse")
    x, y = random().normal(size=(2, 30))
    inputs = np.column_stack([np.ones(30), x])
    np.testing.assert_allclose(fit_line(MSE, x, y), np.linalg.inv(inputs.T @ inputs) @ inputs.T @ y, atol=1e-9)


@holds("mse", "The slope shrinks with the residual, so steps slow down by themselves near the optimum.")
@holds("mae", "It does not shrink near the optimum: steps of one size go back and forth across it.")
def steps_near_the_optimum() -> None:
    for rate in (0.1, 0.3):
        ends = {}
        for name in ("mse", "mae"):
            c, way = 5.0, []
            for _ in range(100):
                c -= rate * float(lossbook.catalogue.find(name).grad([c], [2.03])[0])
                way.append(c - 2.03)
            ends[name] = way
        assert np.all(np.diff(np.abs(ends["mse"])) <= 0) and abs(ends["mse"][-1]) < 1e-6
        last = np.array(ends["mae"][-20:])
        assert np.all(last[1:] * last[:-1] < 0) and np.ptp(last) == pytest.approx(rate)


@holds("mse", "The slope has no bound: one wild residual can outweigh a hundred good ones.")
def mse_without_bound() -> None:
    targets = np.append(np.ones(100), -101.0)
    assert (
        abs(lossbook.mse_grad(np.zeros(101), targets)[-1])
        > np.abs(lossbook.mse_grad(np.zeros(101), targets)[:-1]).sum()
    )
    assert hardest_pull("mse") == 2e9


@holds("mse", "In squared units: from grams to kilograms the loss shrinks by a factor of a million.")
@holds("mae", "The loss keeps the unit of the target.")
@holds("rmse", "It keeps the unit of the target.")
def units() -> None:
    grams, targets = random().normal(500, 100, size=(2, 20))
    for loss, factor in ((lossbook.mse, 1e6), (lossbook.mae, 1e3), (lossbook.rmse, 1e3)):
        assert loss(grams, targets) == pytest.approx(factor * loss(grams / 1000, targets / 1000))


@holds("mae", "Every residual but 0 pulls equally hard: far off is no harder than near.")
@holds("mae", "The slope jumps from −1 to 1 at $e = 0$; the package answers 0 there, as PyTorch does.")
def mae_pulls() -> None:
    slope = residual_curve("mae").slope(np.array([-1e9, -2.0, -1e-9, 0.0, 1e-9, 2.0, 1e9]))
    np.testing.assert_array_equal(slope, [-1, -1, -1, 0, 1, 1, 1])
    import torch

    at = torch.zeros(1, requires_grad=True)
    torch.nn.functional.l1_loss(at, torch.zeros(1)).backward()
    assert at.grad is not None and at.grad.item() == 0


@holds("mae", "A point with a wild *feature* can take hold of a line, which then follows its target.")
@holds("huber", "A point with a wild *feature* can take hold of a line here too.")
def leverage() -> None:
    for target in (0.0, 20.0, 1000.0):
        lines = outliers.lines_with_outlier(60.0, target)
        assert lines["absolute"](60.0) == pytest.approx(target, abs=1e-6)
        assert lines["Huber, δ = 1"](60.0) == pytest.approx(target, abs=1)


# ── Root mean squared error ──────────────────────────────────────────────────────────────────────────────────────────


@holds("rmse", "It ranks models as MSE does, so it has the same minimiser.")
@holds("rmse", "As sensitive to outliers as MSE: what one prefers, so does the other.")
def one_ordering() -> None:
    targets = random().standard_t(1.5, size=40)
    for models in (random().normal(size=(200, 40)), np.linspace(-5, 5, 201)[:, None] * np.ones(40)):
        orders = [np.argsort([loss(model, targets) for model in models]) for loss in (lossbook.mse, lossbook.rmse)]
        np.testing.assert_array_equal(*orders)


@holds("rmse", "For batches of one size the mean of their RMSEs is at most the RMSE of the whole.")
def mean_of_roots() -> None:
    for predictions, targets in random().standard_t(2, size=(50, 2, 24)):
        whole = lossbook.rmse(predictions, targets)
        for size in (1, 2, 3, 8, 24):
            batches = zip(predictions.reshape(-1, size), targets.reshape(-1, size), strict=True)
            assert np.mean([lossbook.rmse(*batch) for batch in batches]) <= whole + 1e-12


@holds("rmse", r"Its gradient in the predictions has length $1/\sqrt N$ however small the residuals, and is 0/0 at 0.")
def rmse_length() -> None:
    for size in (1, 3, 50):
        e = random().normal(size=size)
        for scale in (1e-9, 1.0, 1e6):
            length = np.linalg.norm(lossbook.rmse_grad(np.zeros(size), scale * e))
            assert length == pytest.approx(1 / math.sqrt(size))
    import torch

    at = torch.zeros(3, requires_grad=True)
    torch.nn.functional.mse_loss(at, torch.zeros(3)).sqrt().backward()
    assert at.grad is not None and at.grad.isnan().all()


# ── Huber and smooth L1 ──────────────────────────────────────────────────────────────────────────────────────────────


@holds("huber", r"No residual pulls harder than $\delta$.")
@holds("huber", "Convex, and the slope has no jump.")
@holds("smooth_l1", r"Beyond $\beta$ a residual pulls with force 1, whatever $\beta$ is.")
@holds("smooth_l1", "The slope has no jump.")
def clipped() -> None:
    for width in WIDTHS:
        assert hardest_pull("huber", delta=width) == width and convex("huber", delta=width)
        assert without_jump("huber", delta=width) and without_jump("smooth_l1", beta=width)
        beyond = np.concatenate([-width - E[E > 0], width + E[E > 0]])
        np.testing.assert_array_equal(residual_curve("smooth_l1", beta=width).slope(beyond), np.sign(beyond))


@holds("huber", r"$\delta$ has a unit: in another one, the same number is another loss.")
def huber_has_a_unit() -> None:
    sample = np.array([0.0, 1.0, 2.0, 30.0])
    best = fit_constant(HUBER, sample, delta=1.0)
    assert fit_constant(HUBER, 1000 * sample, delta=1000.0) / 1000 == pytest.approx(best)
    assert fit_constant(HUBER, sample / 1000, delta=1.0) * 1000 == pytest.approx(sample.mean())
    assert abs(best - sample.mean()) > 5


@holds(
    "huber", r"Too large a $\delta$ gives half the squared error, too small a one $\delta$ times the absolute error."
)
def huber_ends() -> None:
    np.testing.assert_allclose(residual_curve("huber", delta=10.0).value(E), E**2 / 2)
    np.testing.assert_allclose(residual_curve("huber", delta=1e-6).value(E) / 1e-6, np.abs(E), atol=1e-6)


@holds("smooth_l1", r"It equals the Huber loss at $\beta = 1$ only, where the names get mixed up.")
def smooth_l1_at_one() -> None:
    for width in (0.1, 0.99, 1.0, 1.01, 4.0):
        smooth, huber = residual_curve("smooth_l1", beta=width).value(E), residual_curve("huber", delta=width).value(E)
        assert np.allclose(smooth, huber, rtol=1e-6) == (width == 1)


# ── Log-cosh, pinball, ε-insensitive, Cauchy ─────────────────────────────────────────────────────────────────────────


@holds("log_cosh", "Smooth everywhere and convex.")
@holds("log_cosh", "No residual pulls harder than 1.")
@holds("log_cosh", "The threshold is hidden: the corner sits at about 1 in whatever unit you use.")
def log_cosh_in_units() -> None:
    assert convex("log_cosh") and without_jump("log_cosh") and hardest_pull("log_cosh") == 1
    slopes = residual_curve("log_cosh").slope
    assert slopes(np.array([0.1])) == pytest.approx(0.1, rel=0.01) and slopes(np.array([3.0])) == pytest.approx(
        1, rel=0.01
    )
    e = np.array([-3.0, -1.0, 1.0, 3.0])
    np.testing.assert_allclose(residual_curve("log_cosh").value(1000 * e), 1000 * np.abs(e), rtol=1e-3)
    np.testing.assert_allclose(residual_curve("log_cosh").value(e / 1000), (e / 1000) ** 2 / 2, rtol=1e-3)


@holds(
    "pinball", r"The best constant has at most a share $\tau$ of the targets below it, and at most $1 - \tau$ above."
)
def pinball_is_a_quantile() -> None:
    for size in (3, 10, 41):
        sample = random().exponential(size=size)
        for level in (0.05, 0.25, 0.5, 0.9):
            best = fit_constant(PINBALL, sample, quantile=level)
            assert np.mean(sample < best - 1e-9) <= level + 1e-9
            assert np.mean(sample > best + 1e-9) <= 1 - level + 1e-9


@holds("pinball", "No residual pulls harder than the dearer of the two prices.")
@holds("pinball", "The slope jumps at $e = 0$ and does not shrink on the way there.")
def pinball_pulls() -> None:
    for level in (0.05, 0.5, 0.9):
        assert hardest_pull("pinball", quantile=level) == pytest.approx(max(level, 1 - level))
        slopes = residual_curve("pinball", quantile=level).slope(np.array([-9, -1e-9, 1e-9, 9]))
        np.testing.assert_allclose(slopes, [level - 1, level - 1, level, level])


@holds("pinball", "Lines of two levels, fitted one by one, may cross.")
def quantile_lines_cross() -> None:
    x, y = np.arange(6.0), np.array([4.0, 0.0, 3.0, 1.0, 2.0, 2.5])
    low, high = (fit_line(PINBALL, x, y, quantile=level)(x) for level in (0.4, 0.6))
    assert np.any(low > high + 0.01) and np.any(low < high - 0.01)


@holds("epsilon_insensitive", "Examples inside the tube have no gradient: without them the best constant stays best.")
@holds("epsilon_insensitive", "However far off a target is, it pulls no harder than one just outside the tube.")
@holds("epsilon_insensitive", "With a wide tube a whole interval of constants may share the optimum.")
def tube() -> None:
    for epsilon in (0.1, 0.5, 1.0):
        sample = random().normal(size=31)

        def cost(c: float, of: np.ndarray, epsilon: float = epsilon) -> float:
            return float(lossbook.epsilon_insensitive(np.full(of.size, c), of, epsilon=epsilon, reduction="sum"))

        best = fit_constant(EPSILON_INSENSITIVE, sample, epsilon=epsilon)
        inside = np.abs(sample - best) < epsilon - 1e-9
        assert (
            inside.any()
            and not lossbook.epsilon_insensitive_grad(
                np.full(inside.sum(), best), sample[inside], epsilon=epsilon
            ).any()
        )
        rest = sample[~inside]
        assert cost(best, rest) <= min(cost(c, rest) for c in np.linspace(-3, 3, 601)) + 1e-9
        assert hardest_pull("epsilon_insensitive", epsilon=epsilon) == 1
        assert residual_curve("epsilon_insensitive", epsilon=epsilon).slope(np.array([epsilon + 1e-9])) == 1
    assert {lossbook.epsilon_insensitive([c, c], [0.0, 1.0], epsilon=0.9) for c in (0.1, 0.4, 0.9)} == {0}


@holds("cauchy", "A residual of $c$ pulls hardest, with $c/2$; beyond, the pull goes back to 0.")
@holds("cauchy", "A target far enough away is as good as absent.")
def cauchy_lets_go() -> None:
    for scale in WIDTHS:
        e = scale * np.geomspace(1e-3, 1e6, 1801)
        slopes = residual_curve("cauchy", scale=scale).slope(e)
        assert e[slopes.argmax()] == pytest.approx(scale) and slopes.max() == pytest.approx(scale / 2)
        assert np.all(np.diff(slopes)[slopes.argmax() :] < 0) and slopes[-1] < 1e-5 * scale
    sample = random().normal(size=20)
    alone, beside = (fit_constant(CAUCHY, of, scale=1.0) for of in (sample, np.append(sample, 1e6)))
    assert beside == pytest.approx(alone, abs=1e-5)


@holds("cauchy", "Not convex: a sample can have several minima, and the start decides which one you find.")
@holds("cauchy", r"As it stands it is the negative logarithm of a density only for $c > 1$.")
def cauchy_minima() -> None:
    sample, ends = np.array([-4.0, -3.9, -3.7, 3.6, 4.1]), []
    for c in (-6.0, 6.0):
        for _ in range(400):
            c -= float(lossbook.cauchy_grad(np.full(5, c), sample, scale=1.0).sum()) / 5
        ends.append(c)
        assert lossbook.cauchy_grad(np.full(5, c), sample, scale=1.0).sum() == pytest.approx(0, abs=1e-6)
    assert ends[0] < -3 and ends[1] > 3
    assert [implied_density(residual_curve(CAUCHY, scale=c)).exists for c in (0.5, 1.0, 1.2, 3.0)] == [0, 0, 1, 1]
