"""What the cards of the classification chapter claim."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from claims import holds, random, separated_is_cheaper_when_steeper
from scipy import optimize

import lossbook
from lossbook.analysis.calibration import symmetric_noise
from lossbook.analysis.margins import best_score, expected_loss
from lossbook.analysis.scoring_rules import SCORING_RULES, best_forecast, expected_score, focal_score, gce_score
from lossbook.catalogue import find

ETA = np.linspace(0.55, 0.95, 9)  # probabilities above one half

# ── Margins ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def each(name: str, margins: np.ndarray, slope: bool = False) -> np.ndarray:
    """Losses, or slopes, at margins: scores of examples with the label 1."""
    loss = find(name)
    return np.asarray((loss.grad if slope else loss.value)(margins, np.ones(margins.shape), reduction="none"))


@holds("hinge", "Beyond a margin of 1 an example has no gradient and drops out.")
@holds("squared_hinge", "Beyond a margin of 1 an example drops out.")
def wide_margins_drop_out() -> None:
    for name in ("hinge", "squared_hinge"):
        assert not each(name, np.linspace(1, 99, 50)).any() and not each(name, np.linspace(1, 99, 50), slope=True).any()


@holds("hinge", "A mistake pulls with the same force however far off it is.")
def hinge_force() -> None:
    assert np.all(each("hinge", -np.logspace(-3, 6, 50), slope=True) == -1)


@holds("hinge", r"The best score is 1 for every $\eta$ between ½ and 1, so $\eta$ cannot be read off.")
def hinge_best() -> None:
    np.testing.assert_allclose(best_score(find("hinge"), ETA), 1, atol=1e-9)


@holds("squared_hinge", "The slope has no jump.")
def squared_hinge_slope() -> None:
    slopes = each("squared_hinge", np.linspace(-3, 3, 6001), slope=True)
    assert np.abs(np.diff(slopes)).max() < 0.0021  # twice the step


@holds("squared_hinge", "The further off a mistake is, the harder it pulls, without bound.")
def squared_hinge_force() -> None:
    force = -each("squared_hinge", -np.logspace(-3, 6, 50), slope=True)
    assert np.all(np.diff(force) > 0) and force[-1] > 1e6


@holds("perceptron", "A right decision costs nothing and pulls nothing.")
def perceptron_right() -> None:
    margins = np.logspace(-9, 9, 50)
    assert not each("perceptron", margins).any() and not each("perceptron", margins, slope=True).any()


@holds("perceptron", "A score of 0 costs nothing whatever the label is, so 0 is always best.")
def perceptron_zero() -> None:
    scores = np.linspace(-9, 9, 181)
    for eta in np.linspace(0, 1, 11):
        costs = expected_loss(find("perceptron"), scores, eta)
        assert costs[90] == 0 == costs.min()


@holds("logistic", "The sigmoid of the best score is the probability of 1.")
def logistic_best() -> None:
    np.testing.assert_allclose(1 / (1 + np.exp(-best_score(find("logistic"), ETA))), ETA, atol=1e-9)


@holds("logistic", "No example pulls with a force above 1.")
@holds("logistic", "No example ever quite drops out.")
def logistic_force() -> None:
    force = -each("logistic", np.linspace(-700, 700, 1401), slope=True)
    assert np.all((force > 0) & (force <= 1))


@holds("logistic", "If a line separates the classes, steeper is always cheaper: there is no best line.")
def logistic_separated() -> None:
    separated_is_cheaper_when_steeper(lambda s: lossbook.logistic(s, np.sign(s)), random().normal(0, 1, 20))


@holds("exponential", "Twice the best score is the log-odds.")
def exponential_best() -> None:
    np.testing.assert_allclose(2 * best_score(find("exponential"), ETA), np.log(ETA / (1 - ETA)), atol=1e-9)


@holds("exponential", "One example with a margin of −10 costs more than twenty thousand at the boundary.")
def exponential_far() -> None:
    far, near = each("exponential", np.array([-10.0, 0.0]))
    assert 20_000 * near < far < 30_000 * near


# ── Scores of forecasts ──────────────────────────────────────────────────────────────────────────────────────────────


def simplex(classes: int = 3, count: int = 300) -> np.ndarray:
    return random().dirichlet(np.ones(classes), count)


@holds("brier", "Strictly proper: honesty alone is cheapest.")
@holds("spherical", "Strictly proper: honesty alone is cheapest.")
def strictly_proper() -> None:
    forecasts = simplex()
    for name in ("brier", "spherical"):
        costs = np.stack([find(name)(forecasts, np.full(300, k), reduction="none") for k in range(3)], axis=1)
        expected = costs @ forecasts[:30].T  # of every forecast, under thirty truths
        for truth in range(30):
            assert np.argmin(expected[:, truth]) == truth


@holds("binary_brier", "Strictly proper: honesty alone is cheapest.")
def binary_brier_proper() -> None:
    np.testing.assert_allclose(best_forecast(SCORING_RULES["Brier"], ETA), ETA, atol=1e-6)
    for eta in ETA:
        others = np.setdiff1d(np.linspace(0, 1, 101).round(2), [round(eta, 2)])
        cost = expected_score(SCORING_RULES["Brier"], np.array([eta]), eta)
        assert np.all(expected_score(SCORING_RULES["Brier"], others, eta) > cost)


@holds("binary_brier", "The mean splits exactly into uncertainty, resolution and reliability.")
def binary_brier_splits() -> None:
    rng = random()
    forecast = rng.integers(0, 6, 200) / 5
    happened = (rng.random(200) < 0.4) * 1.0
    groups = [happened[forecast == p] for p in np.unique(forecast)]
    weights = np.array([len(group) for group in groups]) / 200
    shares, base = np.array([group.mean() for group in groups]), happened.mean()
    account = base * (1 - base) - weights @ (shares - base) ** 2 + weights @ (np.unique(forecast) - shares) ** 2
    assert lossbook.binary_brier(forecast, happened) == pytest.approx(account, abs=1e-12)


@holds("brier", "It is never above 2.")
def brier_bound() -> None:
    corners = np.vstack([simplex(), np.eye(3)])
    costs = [lossbook.brier(corners, np.full(len(corners), k), reduction="none") for k in range(3)]
    assert np.max(costs) == 2


@holds("spherical", "It lies between −1 and 0.")
def spherical_bounds() -> None:
    corners = np.vstack([simplex(), np.eye(3)])
    costs = [lossbook.spherical(corners, np.full(len(corners), k), reduction="none") for k in range(3)]
    assert np.min(costs) == -1 and np.max(costs) == 0


@holds("brier", "Not local: how you spread the rest counts too.")
@holds("spherical", "Not local: how you spread the rest counts too.")
def not_local() -> None:
    for name in ("brier", "spherical"):
        even, uneven = find(name)([[0.5, 0.25, 0.25], [0.5, 0.5, 0.0]], [0, 0], reduction="none")
        assert even < uneven - 0.05
    even, uneven = lossbook.cross_entropy([[1.0, 0, 0]] * 2, [[0.5, 0.25, 0.25], [0.5, 0.5, 0.0]], reduction="none")
    assert even == uneven


def pull(cost: Callable[[torch.Tensor], torch.Tensor], logits: list[float]) -> float:
    """The largest slope in the logits."""
    s = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    cost(s).backward()
    return s.grad.abs().max().item()


@holds("brier", "Through a softmax that is sure of a wrong class it hardly pulls.")
@holds("binary_brier", "Through a sigmoid that is sure of the wrong answer it hardly pulls.")
def brier_hardly_pulls() -> None:
    wanted = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    assert pull(lambda s: (F.softmax(s, 0) - wanted).square().sum(), [12.0, 0.0, 0.0]) < 1e-4
    assert pull(lambda s: -F.log_softmax(s, 0)[1], [12.0, 0.0, 0.0]) > 0.99
    assert pull(lambda s: (torch.sigmoid(s[0]) - 1).square(), [-12.0]) < 1e-4
    assert pull(lambda s: F.softplus(-s[0]), [-12.0]) > 0.99


def best_distribution(name: str, truth: np.ndarray, **keywords: float) -> np.ndarray:
    """The distribution that a loss of logits asks for where classes have the probabilities of `truth`."""
    loss, classes = find(name), np.arange(len(truth))

    def cost(s: np.ndarray) -> tuple[float, np.ndarray]:
        logits = np.tile(s, (len(truth), 1))
        slopes = loss.grad(logits, classes, reduction="none", **keywords)
        return float(truth @ loss(logits, classes, reduction="none", **keywords)), truth @ slopes

    s = optimize.minimize(cost, np.log(truth), jac=True, options={"gtol": 1e-9}).x
    return np.exp(s - s.max()) / np.exp(s - s.max()).sum()


@holds("softmax_focal", "Not proper: the best forecast is flatter than the truth.")
@holds("softmax_focal", "The likeliest class stays the likeliest.")
def softmax_focal_flatter() -> None:
    for truth in random().dirichlet(np.full(3, 4.0), 12):
        best = best_distribution("softmax_focal", truth, gamma=2.0)
        assert best.argmax() == truth.argmax()
        assert best.max() < truth.max() and best.min() > truth.min()


@holds("softmax_focal", "It never raises a loss: the factor is at most 1.")
def softmax_focal_lower() -> None:
    logits, labels = random().normal(0, 4, (500, 4)), random().integers(0, 4, 500)
    plain = lossbook.softmax_cross_entropy(logits, labels, reduction="none")
    for gamma in (0.0, 0.5, 2.0, 5.0):
        assert np.all(lossbook.softmax_focal(logits, labels, gamma=gamma, reduction="none") <= plain + 1e-15)


@holds(
    "sigmoid_focal", r"At $\gamma = 2$ its factor is 0.01 for a label that is forecast at 0.9, and 0.81 for one at 0.1."
)
def sigmoid_focal_factor() -> None:
    logits = np.log([0.9 / 0.1, 0.1 / 0.9])
    for label in (0, 1):
        signs = logits * (2 * label - 1)
        weight = 0.25 if label else 0.75
        costs = lossbook.sigmoid_focal(signs, [label, label], gamma=2.0, alpha=0.25, reduction="none") / weight
        plain = lossbook.binary_cross_entropy_with_logits(signs, [label, label], reduction="none")
        np.testing.assert_allclose(costs / plain, [0.01, 0.81], rtol=1e-12)


@holds("sigmoid_focal", "The likelier of two examples stays the likelier.")
def sigmoid_focal_order() -> None:
    eta = np.linspace(0.02, 0.98, 49)
    for gamma in (0.5, 2.0, 5.0):
        for weight in (1, 1 / 3, 3):  # α moves the odds, and so does not change their order
            moved = weight * eta / (weight * eta + 1 - eta)
            assert np.all(np.diff(best_forecast(focal_score(gamma), moved)) > 0)


@holds("sigmoid_focal", r"Not proper: at $\gamma = 2$, without $\alpha$, 0.750 is best where the truth is 0.95.")
def sigmoid_focal_improper() -> None:
    assert round(float(best_forecast(focal_score(2.0), 0.95)), 3) == 0.750


@holds("sigmoid_focal", r"$\alpha$ is the weight of the *positives*: 0.25 makes them the cheap ones.")
def sigmoid_focal_alpha() -> None:
    negative, positive = lossbook.sigmoid_focal([0.0, 0.0], [0, 1], gamma=2.0, alpha=0.25, reduction="none")
    assert negative == pytest.approx(3 * positive)


@holds("generalised_cross_entropy", "It is never above $1/q$.")
def gce_bound() -> None:
    logits = np.vstack([random().normal(0, 5, (500, 3)), [[800.0, 0.0, -800.0]] * 3])
    for q in (0.1, 0.7, 1.0):
        for k in range(3):
            costs = lossbook.generalised_cross_entropy(logits, np.full(503, k), q=q, reduction="none")
            assert np.max(costs) <= 1 / q * (1 + 1e-15)


@holds("generalised_cross_entropy", "Not proper for $q > 0$: the best forecast is sharper than the truth.")
def gce_sharper() -> None:
    for q in (0.1, 0.4, 0.7, 1.0):
        assert np.all(best_forecast(gce_score(q), ETA) > ETA + 1e-3)


@holds(
    "generalised_cross_entropy",
    "It hardly pulls where the network is sure of another class: a wrong label, or a class not learnt yet.",
)
def gce_hardly_pulls() -> None:
    sure = [[12.0, 0.0, 0.0]]
    for q in (0.7, 1.0):
        assert np.abs(lossbook.generalised_cross_entropy_grad(sure, [1], q=q)).max() < 1e-3
    assert np.abs(lossbook.softmax_cross_entropy_grad(sure, [1])).max() > 0.99


@holds("forward_correction", "If the matrix can be inverted, the true probabilities alone are best.")
@holds("forward_correction", "If its rows are alike, every forecast costs the same.")
def forward_correction() -> None:
    forecasts, labels = simplex(), range(3)
    for matrix, alone in ((symmetric_noise(3, 0.4), True), (np.full((3, 3), 1 / 3), False)):
        costs = np.stack(
            [lossbook.forward_correction(np.log(forecasts), np.full(300, k), matrix, reduction="none") for k in labels],
            axis=1,
        )
        for truth in range(20):
            expected = costs @ (forecasts[truth] @ matrix)
            cheaper = np.flatnonzero(expected <= expected[truth] + 1e-12)
            assert cheaper.tolist() == ([truth] if alone else list(range(300)))
