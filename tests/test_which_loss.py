"""*Which loss?*: every path ends in losses, every loss is placed, and every claim of the guide has its check.

The claims about losses whose cards have none stand here; the others are named by the guide where they are.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from contents import taught

import lossbook as lb
from lossbook.analysis.fitting import fit_constant, fit_line
from lossbook.catalogue import CATALOGUE, find

TESTS = Path(__file__).parent
SLACK = 3
"""As many losses may wait for their place: the page lists them by itself."""


@pytest.fixture(scope="module")
def choices() -> Iterator[ModuleType]:
    folder = str(TESTS.parent / "book" / "_ext")
    sys.path.insert(0, folder)
    yield importlib.import_module("choices")
    sys.path.remove(folder)


def ends(choices: ModuleType) -> list[object]:
    return [*choices.picks(choices.QUESTIONS), *choices.LEFT_OUT]


# ── The questions ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_path_ends_in_losses_that_exist(choices: ModuleType) -> None:
    paths = list(choices.paths(choices.QUESTIONS))
    assert len(paths) > 40
    for path in paths:
        assert path[-1].then, [answer.key for answer in path]
        names = [pick.loss for pick in path[-1].then]
        assert set(names) <= set(CATALOGUE) and len(set(names)) == len(names) <= 4
        assert len(path) <= 4, "few questions"
    addresses = [".".join(answer.key for answer in path) for path in paths]
    assert len(set(addresses)) == len(addresses)
    assert all(key.replace("-", "").isalpha() for path in paths for key in (answer.key for answer in path))
    assert {one.instead for one in choices.LEFT_OUT} <= {pick.loss for pick in choices.picks(choices.QUESTIONS)}


def test_nearly_every_loss_has_its_place(choices: ModuleType) -> None:
    """A new loss may wait on the page's own list; the guide is brought up to date before that grows long."""
    reached = {pick.loss for pick in choices.picks(choices.QUESTIONS)}
    left_out = {one.loss for one in choices.LEFT_OUT}
    assert not reached & left_out and left_out <= set(CATALOGUE)
    waiting = set(taught()) - reached - left_out
    assert len(waiting) <= SLACK, f"place them in book/which-loss.yml, or leave them out with a reason: {waiting}"


def test_without_a_chapter_its_answers_go(choices: ModuleType) -> None:
    kept = choices.among(choices.QUESTIONS, ["mse", "rmse"])
    assert [[answer.key for answer in path] for path in choices.paths(kept)] == [["number", "one", "mean"]]


@cache
def functions(file: str) -> set[str]:
    tree = ast.parse((TESTS / f"{file}.py").read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def held(path: Path) -> Iterator[tuple[str, str]]:
    """The checks of a file of claims, each with the losses whose cards it is about."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        for mark in getattr(node, "decorator_list", ()):
            if isinstance(mark, ast.Call) and getattr(mark.func, "id", "") == "holds":
                yield node.name, ast.literal_eval(mark.args[0])


def test_every_claim_names_checks_that_are_there(choices: ModuleType) -> None:
    of_cards = {(path.stem, *pair) for path in TESTS.glob("claims_*.py") for pair in held(path)}
    borrowed = {"generator_nonsaturating", "wasserstein_critic", "binary_brier"}  # shown of a loss beside it
    for one in ends(choices):
        assert one.by, one.loss
        for check in one.by:
            file, _, function = check.partition(".")
            assert function in functions(file), f"{one.loss}: no {check}"
            if file.startswith("claims_") and one.loss not in borrowed:
                assert (file, function, one.loss) in of_cards, f"{check} is not about {one.loss}"
        assert all(text == "" or text.endswith(".") for text in (one.why, getattr(one, "but", "")))


def test_no_check_here_is_left_of_a_claim_that_is_gone(choices: ModuleType) -> None:
    named = {check for one in ends(choices) for check in one.by}
    ours = {name for name in functions(Path(__file__).stem) if name.startswith("test_")} - ABOUT_THE_PAGE
    assert {f"test_which_loss.{name}" for name in ours} <= named


ABOUT_THE_PAGE = {
    "test_every_path_ends_in_losses_that_exist",
    "test_nearly_every_loss_has_its_place",
    "test_without_a_chapter_its_answers_go",
    "test_every_claim_names_checks_that_are_there",
    "test_no_check_here_is_left_of_a_claim_that_is_gone",
}

# ── A number ─────────────────────────────────────────────────────────────────────────────────────────────────────────

SAMPLE = np.array([1.0, 2.0, 4.0, 7.0, 11.0])
FAR = np.array([1.0, 2.0, 4.0, 7.0, 1e4])


def mean_cost(name: str, grid: np.ndarray, targets: np.ndarray, **keywords: object) -> np.ndarray:
    """The mean loss of each constant of a grid."""
    constants = np.repeat(grid[:, None], len(targets), axis=1)
    costs = find(name)(constants, np.tile(targets, (grid.size, 1)), **keywords, reduction="none")
    return costs.mean(axis=1)


def best(name: str, grid: np.ndarray, targets: object, **keywords: object) -> float:
    """The constant of a grid whose mean loss is the lowest."""
    return float(grid[np.argmin(mean_cost(name, grid, np.asarray(targets), **keywords))])


def test_best_constants() -> None:
    grid = np.arange(0, 12, 0.25)
    constant = {name: best(name, grid, SAMPLE) for name in ("mse", "mae")}
    assert constant == {"mse": SAMPLE.mean(), "mae": np.median(SAMPLE)}
    many = np.random.default_rng(0).gamma(2, 3, 999)
    for q in (0.1, 0.5, 0.9):
        assert np.mean(many <= fit_constant(find("pinball"), many, quantile=q)) == pytest.approx(q, abs=0.002)


def test_one_wild_target() -> None:
    """The mean follows it as far as it goes, the median does not notice how far."""
    assert fit_constant(find("mse"), FAR) > 2000
    assert fit_constant(find("mae"), FAR) == fit_constant(find("mae"), SAMPLE)


def test_a_wild_feature() -> None:
    x = np.array([0.0, 1, 2, 3, 4, 5, 300])
    for target in (-40.0, 0.0, 90.0):
        line = fit_line(find("mae"), x, np.array([0.0, 1.2, 1.8, 3.1, 3.9, 5.2, target]))
        assert line(np.array([300.0])) == pytest.approx([target], abs=1e-6)


def test_the_root_has_the_minimum_of_the_square() -> None:
    grid = np.arange(0, 12, 0.25)
    roots = [lb.rmse(np.full(5, c), SAMPLE) for c in grid]
    assert grid[np.argmin(roots)] == best("mse", grid, SAMPLE) == SAMPLE.mean()
    assert lb.rmse(10 * SAMPLE, 10 * FAR) == pytest.approx(10 * lb.rmse(SAMPLE, FAR))


def test_pinball_has_two_prices() -> None:
    for q in (0.05, 0.5, 0.9):
        assert lb.pinball([3.0], [4.0], quantile=q) == pytest.approx(q)
        assert lb.pinball([5.0], [4.0], quantile=q) == pytest.approx(1 - q)


def test_bounded_pulls() -> None:
    e = np.linspace(-50, 50, 401)
    for limit in (0.3, 1.0, 4.0):
        slopes = lb.huber_grad(-e, np.zeros(401), delta=limit, reduction="none")
        np.testing.assert_allclose(slopes, np.clip(-e, -limit, limit))
        assert np.abs(lb.smooth_l1_grad(-e, np.zeros(401), beta=limit, reduction="none")).max() == 1
    np.testing.assert_allclose(lb.log_cosh_grad(e, np.zeros(401), reduction="none"), np.tanh(e), atol=1e-12)


def test_delta_has_a_unit() -> None:
    """In grams and with δ in grams the constant is that in kilograms; with the same number for δ it is not."""
    huber, cosh, y = find("huber"), find("log_cosh"), np.array([0.0, 0.1, 0.3, 0.9, 1.0, 9.0])
    assert fit_constant(huber, 1000 * y, delta=1000) == pytest.approx(1000 * fit_constant(huber, y, delta=1))
    assert abs(fit_constant(huber, 1000 * y, delta=1) / 1000 - fit_constant(huber, y, delta=1)) > 0.05
    assert abs(fit_constant(cosh, 1000 * y) / 1000 - fit_constant(cosh, y)) > 0.05


def test_cauchy_lets_go() -> None:
    e = np.linspace(0.01, 60, 2000)
    for scale in (0.5, 1.0, 3.0):
        pull = np.abs(lb.cauchy_grad(np.zeros_like(e), e, scale=scale, reduction="none"))
        assert e[np.argmax(pull)] == pytest.approx(scale, abs=0.04)
        assert all(np.diff(pull[e < scale]) > 0) and all(np.diff(pull[e > scale + 0.05]) < 0)
        assert pull[-1] < 0.2 * pull.max()


def test_student_t_lets_go() -> None:
    e = np.linspace(0.01, 60, 2000)
    for df in (1.0, 4.0, 20.0):
        for scale in (0.5, 2.0):
            pull = np.abs(lb.student_t_nll_grad(np.zeros_like(e), e, scale=scale, df=df, reduction="none"))
            top = scale * np.sqrt(df)
            assert e[np.argmax(pull)] == pytest.approx(top, abs=0.04) and all(np.diff(pull[e > top + 0.05]) < 0)


def test_letting_go_makes_valleys() -> None:
    grid = np.linspace(-10, 10, 401)
    for loss in (
        lambda c: lb.cauchy(np.full(2, c), [-6.0, 6.0]),
        lambda c: lb.student_t_nll(np.full(2, c), [-6.0, 6.0], scale=1.0),
    ):
        cost = np.array([loss(c) for c in grid])
        assert np.sum((cost[1:-1] < cost[:-2]) & (cost[1:-1] < cost[2:])) == 2


def test_a_tube_is_free() -> None:
    e = np.linspace(-5, 5, 401)
    for epsilon in (0.2, 1.0):
        cost = lb.epsilon_insensitive(np.zeros(401), e, epsilon=epsilon, reduction="none")
        slope = np.abs(lb.epsilon_insensitive_grad(np.zeros(401), e, epsilon=epsilon, reduction="none"))
        inside, outside = np.abs(e) < epsilon - 1e-9, np.abs(e) > epsilon + 1e-9
        assert not cost[inside].any() and not slope[inside].any() and (slope[outside] == 1).all()


def test_best_spreads() -> None:
    e = np.array([0.5, -1.0, 2.0, -3.5])
    grid = np.arange(0.5, 4, 0.01)
    at = np.zeros(4)
    root = np.sqrt(np.mean(e**2))
    costs = {name: [find(name)(at, e, scale=scale) for scale in grid] for name in ("normal_nll", "laplace_nll")}
    assert grid[np.argmin(costs["normal_nll"])] == pytest.approx(root, abs=0.01)
    assert grid[np.argmin(costs["laplace_nll"])] == pytest.approx(np.abs(e).mean(), abs=0.01)
    pull = lb.laplace_nll_grad(np.zeros(401), np.linspace(-50, 50, 401), scale=2.0, reduction="none")
    assert np.abs(pull).max() == 0.5


def test_two_humps() -> None:
    y = np.concatenate([np.random.default_rng(1).normal(centre, 1, 200) for centre in (-4, 4)])
    one = lb.normal_nll(np.full(400, y.mean()), y, scale=y.std())
    two = lb.normal_mixture_nll(np.zeros((400, 2)), np.tile([-4.0, 4.0], (400, 1)), np.ones((400, 2)), y)
    assert two < one - 0.5


def test_a_hump_may_shrink() -> None:
    y = np.array([0.0, 1.0, 5.0])
    costs = [
        lb.normal_mixture_nll(np.zeros((3, 2)), np.tile([2.0, 5.0], (3, 1)), np.tile([2.0, scale], (3, 1)), y)
        for scale in 10.0 ** -np.arange(1, 9)
    ]
    assert all(np.diff(costs) < -0.5)


def test_two_quantiles_hold_nine_in_ten() -> None:
    rng = np.random.default_rng(2)
    for y in (rng.normal(0, 1, 2000), rng.exponential(1, 2000), rng.standard_t(2, 2000)):
        low, high = (fit_constant(find("pinball"), y, quantile=q) for q in (0.05, 0.95))
        assert np.mean((y >= low) & (y <= high)) == pytest.approx(0.9, abs=0.003)


def test_quantiles_can_cross() -> None:
    x = np.arange(8.0)
    y = np.array([0.0, 5, 1, 4, 2, 3, 2.5, 2.6])  # the spread falls, and each line goes on
    low, high = (fit_line(find("pinball"), x, y, quantile=q) for q in (0.1, 0.9))
    assert low(np.array([12.0])) > high(np.array([12.0]))


def test_counts() -> None:
    y = np.array([0.0, 1, 1, 2, 6])
    grid = np.arange(-2, 3, 0.001)
    assert best("poisson_nll", grid, y) == pytest.approx(np.log(y.mean()), abs=0.001)


def test_shares() -> None:
    y = np.linspace(0, 1, 20_001)[1:-1]
    for a, b in ((2.0, 5.0), (1.0, 1.0), (6.0, 3.0)):
        density = np.exp(-lb.beta_nll(np.full(y.size, a), np.full(y.size, b), y, reduction="none"))
        assert density.sum() * (y[1] - y[0]) == pytest.approx(1, abs=2e-3)
    with pytest.raises(ValueError, match="target must"):
        lb.beta_nll([2.0], [5.0], [1.2])


def test_shares_as_labels() -> None:
    shares = np.array([0.0, 0.2, 0.4, 1.0])
    grid = np.arange(-3, 3, 0.001)
    score = best("binary_cross_entropy_with_logits", grid, shares)
    assert 1 / (1 + np.exp(-score)) == pytest.approx(shares.mean(), abs=0.001)


def test_angles() -> None:
    at, seen, apart = np.radians([359.0, 359.0, 100.0]), np.radians([1.0, 361.0, 102.0]), 3 * [0.0]
    costs = lb.von_mises_nll(at, seen, concentration=2.0, reduction="none")
    np.testing.assert_allclose(
        costs, lb.von_mises_nll(apart, np.radians([2.0] * 3), concentration=2.0, reduction="none")
    )


# ── Classes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_sigmoid_of_the_best_score() -> None:
    grid = np.arange(-6, 6, 0.002)
    for share in (0.02, 0.3, 0.5, 0.9):
        score = best("binary_cross_entropy_with_logits", grid, [share])
        assert 1 / (1 + np.exp(-score)) == pytest.approx(share, abs=0.001)
    scores, labels = np.tile(grid, 2), np.repeat([0.0, 1.0], grid.size)
    slopes = lb.binary_cross_entropy_with_logits_grad(scores, labels, reduction="none")
    assert np.abs(slopes).max() <= 1


def test_brier_of_two_is_at_most_one() -> None:
    p, y = np.meshgrid(np.linspace(0, 1, 21), np.linspace(0, 1, 21))
    assert lb.binary_brier(p.ravel(), y.ravel(), reduction="none").max() == 1


def test_probabilities_on_both_sides() -> None:
    grid = np.arange(0.01, 1, 0.01)
    for label in (0.1, 0.5, 0.8):
        assert best("binary_cross_entropy", grid, [label]) == pytest.approx(label)
    assert lb.binary_cross_entropy([1.0], [0.0]) == np.inf
    assert lb.binary_cross_entropy_with_logits([40.0], [0.0]) == pytest.approx(40)


def test_a_weight_multiplies_the_odds() -> None:
    grid = np.arange(-6, 6, 0.002)
    for share in (0.1, 0.4):
        for weight in (2.0, 12.0):
            labels = np.repeat([1.0, 0.0], [round(10 * share), 10 - round(10 * share)])
            score = best("binary_cross_entropy_with_logits", grid, labels, pos_weight=weight)
            assert np.exp(score) == pytest.approx(weight * share / (1 - share), rel=0.002)
            assert (score > 0) == (share > 1 / (1 + weight))


def test_the_softmax_of_the_best_scores() -> None:
    for truth in ([0.2, 0.3, 0.5], [0.9, 0.06, 0.04]):
        slope = sum(
            share * lb.softmax_cross_entropy_grad([np.log(truth)], [label]) for label, share in enumerate(truth)
        )
        np.testing.assert_allclose(slope, 0, atol=1e-12)  # and it is convex in the scores
    rng = np.random.default_rng(3)
    assert (
        np.abs(
            lb.softmax_cross_entropy_grad(rng.normal(0, 50, (500, 4)), rng.integers(0, 4, 500), reduction="none")
        ).max()
        <= 1
    )


def test_far_features_pull_harder() -> None:
    """On a weight the pull is that on its score times the feature."""

    def slope(feature: float, step: float = 1e-6) -> float:
        cost = [lb.softmax_cross_entropy([[weight * feature, 0.0]], [1]) for weight in (1e-9, 1e-9 + step)]
        return (cost[1] - cost[0]) / step

    assert slope(1.0) == pytest.approx(0.5, abs=1e-3) and slope(100.0) == pytest.approx(50, rel=1e-2)


def test_two_right_labels() -> None:
    sure = np.array([20.0, 20.0, -20.0])
    assert lb.binary_cross_entropy_with_logits(sure, [1.0, 1.0, 0.0]) < 1e-8
    chance = np.exp(sure) / np.exp(sure).sum()
    assert chance.max() <= 0.5 + 1e-9


# ── Distributions, order, likeness ───────────────────────────────────────────────────────────────────────────────────


def test_divergences() -> None:
    rng = np.random.default_rng(4)
    p, q = rng.dirichlet(np.ones(4), (2, 200))
    crossed = lb.cross_entropy(p, q, reduction="none")
    itself, apart = lb.cross_entropy(p, p, reduction="none"), lb.kl_divergence(p, q, reduction="none")
    assert (crossed > itself).all() and (apart > 0).all()
    np.testing.assert_allclose(apart, crossed - itself, atol=1e-12)
    assert lb.kl_divergence(p, p) == pytest.approx(0, abs=1e-12)
    assert lb.kl_divergence([[0.5, 0.5]], [[1.0, 0.0]]) == np.inf
    assert lb.kl_divergence([[0.5, 0.5]], [[0.2, 0.8]]) != pytest.approx(lb.kl_divergence([[0.2, 0.8]], [[0.5, 0.5]]))
    shared = lb.js_divergence(p, q, reduction="none")
    np.testing.assert_allclose(shared, lb.js_divergence(q, p, reduction="none"), atol=1e-15)
    assert shared.max() < np.log(2)
    for place in (1, 2, 3):
        assert lb.js_divergence(np.eye(4)[:1], np.eye(4)[place : place + 1]) == pytest.approx(np.log(2))


def test_carrying() -> None:
    bins = np.eye(11)
    for width in (1.0, 0.5):
        for places in (1, 10):
            cost = lb.wasserstein_1_histogram(bins[:1], bins[places : places + 1], width=width)
            assert cost == pytest.approx(places * width)


def test_listnet_is_a_cross_entropy_of_softmaxes() -> None:
    scores, grades = np.random.default_rng(5).normal(0, 2, (2, 30, 5))
    shares = np.exp(grades) / np.exp(grades).sum(-1, keepdims=True)
    chances = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    assert lb.listnet(scores, grades) == pytest.approx(np.mean(lb.cross_entropy(shares, chances)), rel=1e-12)


def test_pairs_with_a_margin() -> None:
    x = np.array([[0.0, 0.0]])
    for distance in (0.1, 0.9, 1.1, 30.0):
        other = np.array([[0.0, distance]])
        step = -lb.contrastive_embeddings_grad(x, other, [0])
        assert step[0, 1] > 0, "towards the one that is alike"
        apart = -lb.contrastive_embeddings_grad(x, other, [1])
        assert (apart[0, 1] < 0) == (distance < 1) and (lb.contrastive_embeddings(x, other, [1]) > 0) == (distance < 1)
        for label in (0, 1):
            assert lb.contrastive_embeddings(x, other, [label]) == lb.contrastive([distance], [label])
    assert lb.contrastive_embeddings(x, x, [0]) == 0


def test_angles_between_embeddings() -> None:
    u, v = np.random.default_rng(6).normal(0, 1, (2, 20, 3))
    for label in (0, 1):
        labels = np.full(20, label)
        np.testing.assert_allclose(lb.cosine_embedding(u, v, labels), lb.cosine_embedding(7 * u, 0.1 * v, labels))
    costs = [lb.cosine_embedding(u, v, np.ones(20, int), margin=margin) for margin in (-0.5, 0.0, 0.5)]
    assert costs[0] > costs[1] > costs[2]


def test_triplets() -> None:
    anchor = np.zeros((1, 2))
    for near in (0.2, 3.0):
        for gap in (-1.0, 0.5, 0.99, 1.01, 4.0):
            far = near + gap
            if far > 0:
                cost = lb.triplet_margin(anchor, [[near, 0.0]], [[0.0, far]])
                assert cost == pytest.approx(max(0.0, 1 - gap), abs=1e-6)


def test_candidates() -> None:
    """A softmax cross-entropy of cosines; each wrong one weighs its probability, and the most similar one most."""
    rng = np.random.default_rng(7)
    anchor, positive, others = rng.normal(0, 1, (1, 3)), rng.normal(0, 1, (1, 3)), rng.normal(0, 1, (1, 6, 3))

    def unit(x: np.ndarray) -> np.ndarray:
        return x / np.linalg.norm(x, axis=-1, keepdims=True)

    cosines = np.concatenate([unit(positive), unit(others)[0]]) @ unit(anchor)[0]
    shares = {}
    for temperature in (1.0, 0.01):
        scores = cosines / temperature
        expected = lb.softmax_cross_entropy(scores[None], [0])
        assert lb.info_nce(anchor, positive, others, temperature=temperature) == pytest.approx(expected)
        weights = lb.softmax_cross_entropy_grad(scores[None], [0])[0, 1:]
        assert np.argmax(weights) == np.argmax(cosines[1:])
        shares[temperature] = weights.max() / weights.sum()
    assert shares[0.01] > 0.95 > 0.5 > shares[1.0]


def test_views() -> None:
    for count in (2, 8, 32):
        together = np.ones((count, 3))
        assert lb.nt_xent(together, together) == pytest.approx(np.log(2 * count - 1))


def test_equal_numbers_unequal_overlap() -> None:
    """Of two boxes whose encoded errors cost the same one overlaps more."""
    target = [0.0, 0.0, 10.0, 10.0]
    shifted, grown = [4.0, 0.0, 14.0, 10.0], [5 - 5 * np.exp(0.4), 0.0, 5 + 5 * np.exp(0.4), 10.0]
    errors = [[0.4, 0.0, 0.0, 0.0], [0.0, 0.0, 0.4, 0.0]]  # shift by the anchor's width; logarithm of the width
    costs = [lb.smooth_l1(error, np.zeros(4)) for error in errors]
    assert costs[0] == costs[1]
    assert lb.iou([shifted], [target]) > lb.iou([grown], [target]) + 0.1


def test_the_pull_of_a_score() -> None:
    scores = np.linspace(-50, 50, 11)
    np.testing.assert_array_equal(lb.wasserstein_generator_grad(scores, reduction="none"), -1)
