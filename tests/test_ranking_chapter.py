"""What the chapter on ranking and preference claims, over all states of its figures and over several seeds."""

from __future__ import annotations

import inspect
import itertools
import math
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import optimize
from scipy.stats import spearmanr
from sklearn.metrics import ndcg_score, roc_auc_score
from torch.nn import functional as F

import lossbook
from lossbook.analysis import answers, lists, tournament
from lossbook.analysis.preferences import best_policy, fit_strengths, implied_reward, lambda_gradient, misordered
from lossbook.analysis.tastings import WORLDS, Judged, judged, places, tastings
from lossbook.exercises import check
from lossbook.exercises.reading import TEXTS
from lossbook.figures import ranking as figures

CHAPTER = (Path(__file__).parents[1] / "book/part-2/ranking.md").read_text(encoding="utf-8")
SEEDS = [0, 1, 2]  # 0 is the one that the chapter prints
seeds = pytest.mark.parametrize("seed", SEEDS)


def numbers(readout: str) -> list[float]:
    """The numbers in a readout, in order."""
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", readout.replace("−", "-"))]


# ── The tournament ───────────────────────────────────────────────────────────────────────────────────────────────────


def splits(wins: np.ndarray) -> bool:
    """Whether for each way to split the players into two groups each has beaten the other: Ford's condition."""
    every = range(len(wins))
    for size in range(1, len(wins)):
        for group in itertools.combinations(every, size):
            rest = [i for i in every if i not in group]
            if not wins[np.ix_(rest, group)].any():
                return False
    return True


def test_a_best_fit_exists_from_game_26_on() -> None:
    for games in range(tournament.GAMES + 1):
        wins = tournament.wins_after(games)
        assert (tournament.unbeaten_groups(wins) == []) == splits(wins) == (games >= 26)
        assert ("Nobody runs away" in figures._verdict(games)) == (games >= 26)
        if games < 26:
            with pytest.raises(ValueError, match="no group that won every game"):
                fit_strengths(wins)
    assert np.isfinite(fit_strengths(tournament.wins_after(26))).all()


def test_who_beats_whom_when() -> None:
    names = [tuple(tournament.PLAYERS[i] for i in game) for game in tournament.results()]
    assert [k + 1 for k, (_, loser) in enumerate(names) if loser == "Ada"] == [24, 26]
    assert names[23] == ("Ben", "Ada") and names[25] == ("Eva", "Ada")
    assert [k + 1 for k, (winner, _) in enumerate(names) if winner == "Eva"] == [26]
    wins = tournament.wins_after(12)
    assert wins[0].sum() == 5 and wins[:, 0].sum() == 0 and wins[4].sum() == 0 and wins[:, 4].sum() == 5
    assert tournament.unbeaten_groups(wins) == [[0]]
    for games in (24, 25):
        assert tournament.unbeaten_groups(tournament.wins_after(games)) == [[0, 1, 2, 3]]
    assert len(names) == 40
    played = np.sort(tournament.results(), axis=1).reshape(4, 10, 2)
    assert all(len({tuple(pair) for pair in one}) == 10 for one in played)  # everybody against everybody in each round


def test_an_unbeaten_player_moves_further_with_each_smaller_penalty() -> None:
    """And there is no last step: the strength grows by about log 10 for a tenth of the penalty."""
    penalties = figures.tournament_strengths().controls["penalty"].values
    for games in range(1, 24):
        ada = [tournament.strengths_after(games, penalty)[0] for penalty in penalties]
        assert (np.diff(ada) < 0).all()
    far = [fit_strengths(tournament.wins_after(12), penalty=10.0**-k)[0] for k in (3, 4, 5)]
    assert (np.diff(far) > 1.5).all()
    s = tournament.strengths_after(12, 0.1)
    assert s.argmax() == 0 and s.argmin() == 4


def test_with_a_best_fit_small_penalties_hardly_matter() -> None:
    for games in range(26, 41):
        ends = [tournament.strengths_after(games, penalty) for penalty in (0.01, 0.1)]
        assert np.abs(ends[0] - ends[1]).max() < 0.2


def test_a_shift_moves_everybody_and_nothing_else() -> None:
    explorer = figures.tournament_strengths()
    for games, penalty in ((12, 0.1), (26, 0.01), (40, 0.3)):
        found = {}
        for shift in (-2.0, 0.0, 1.0):
            found[shift] = numbers(explorer.set(games=games, penalty=penalty, shift=shift).readout)
        for shift, read in found.items():
            np.testing.assert_allclose(np.subtract(read[1:6], found[0.0][1:6]), shift, atol=0.011)
            assert read[6:8] == found[0.0][6:8]
    for text in ("ranking-symptoms", "ranking-lists", "ranking-pairs", "ranking-preferences"):
        assert f"({text})=" in CHAPTER


def test_the_cost_is_minus_the_log_likelihood() -> None:
    s = np.array([1.0, 0.0, 0.5, -0.5, -1.0])
    product = np.prod([1 / (1 + math.exp(s[loser] - s[winner])) for winner, loser in tournament.results()[:12]])
    assert tournament.cost(s, 12) == pytest.approx(-math.log(product))
    assert tournament.cost(s + 3, 12) == pytest.approx(tournament.cost(s, 12))


# ── One pair ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_each_pair_loss_costs_and_pulls() -> None:
    explorer = figures.pair_losses()
    for margin in explorer.controls["margin"].values:
        for d in explorer.controls["difference"].values:
            readout = explorer.set(difference=d, margin=margin).readout
            hinge, logistic, hinge_pull, pull = (
                float(re.search(pattern, readout.replace("−", "-"))[1])  # type: ignore[index]
                for pattern in (r"M = \S+ (\S+),", r"logistic (\S+)\. P", r"none, hinge (\S+),", r"logistic (\S+)\.$")
            )
            assert hinge == pytest.approx(max(0, margin - d), abs=6e-4)
            assert logistic == pytest.approx(math.log1p(math.exp(-d)), abs=6e-4)
            assert hinge_pull == (1 if d < margin else 0)  # force 1 up to the margin, then it lets go
            assert pull == pytest.approx(1 / (1 + math.exp(d)), abs=6e-4) and 0 < pull < 1  # never quite stops
            assert f"0–1 loss {'0' if d > 0 else '1' if d < 0 else '½'}," in readout
    assert "hinge with M = 0 0.000" in explorer.set(difference=0.0, margin=0.0).readout  # content with equal scores


def test_the_hinge_at_its_ends() -> None:
    """At P = 1 every difference from M on will do; with M = 0 half the scores cost half; the kink is a convention."""
    d = np.array([1.0, 2.0, 7.0])
    assert (lossbook.margin_ranking(d, 0 * d, margin=1.0, reduction="none") == 0).all()
    random = np.random.default_rng(1)
    one, other = random.normal(0, 1, (2, 30))
    whole, half = (lossbook.margin_ranking(c * one, c * other, margin=0.0) for c in (1.0, 0.5))
    assert half == pytest.approx(whole / 2)
    assert lossbook.margin_ranking_grad([2.0], [1.0], margin=1.0) == 0
    s = torch.tensor([2.0], requires_grad=True)
    F.margin_ranking_loss(s, torch.tensor([1.0]), torch.tensor([1.0]), margin=1.0).backward()
    assert s.grad.item() == -1 and "and PyTorch's −1" in lossbook.margin_ranking.__doc__


@pytest.mark.parametrize("seed", [0, 5, 6])
def test_misordered_pairs_are_one_minus_auc(seed: int) -> None:
    random = np.random.default_rng(seed)
    label = random.integers(0, 2, 200)
    score = np.round(random.normal(label, 1.5))
    wrong = misordered(score[label == 1], score[label == 0])
    assert wrong == pytest.approx(1 - roc_auc_score(label, score), abs=1e-12)
    strict = np.mean(score[label == 1][:, None] < score[label == 0])
    assert abs(strict - wrong) > 0.02  # or the two differ


def test_what_the_pair_losses_estimate() -> None:
    for p in (0.55, 0.7, 0.95):
        for margin in (0.5, 2.0):
            d = np.linspace(-4, 4, 1601)
            none = np.zeros(d.size)
            costs = p * lossbook.margin_ranking(d, none, margin=margin, reduction="none") + (
                1 - p
            ) * lossbook.margin_ranking(none, d, margin=margin, reduction="none")
            assert d[np.argmin(costs)] == pytest.approx(margin)
        best = optimize.minimize_scalar(
            lambda x, p=p: p * lossbook.pairwise_logistic([x], [0.0]) + (1 - p) * lossbook.pairwise_logistic([0.0], [x])
        )
        assert best.x == pytest.approx(math.log(p / (1 - p)), abs=1e-4)


def test_a_tie_is_half_a_win_for_each_side() -> None:
    for d in (-1.3, 0.0, 2.0):
        halves = (lossbook.pairwise_logistic([d], [0.0]) + lossbook.pairwise_logistic([0.0], [d])) / 2
        assert lossbook.binary_cross_entropy_with_logits([d], [0.5]) == pytest.approx(halves)
        assert halves >= math.log(2)


def test_elo_is_a_step_of_descent() -> None:
    """In nats 400 points are log 10; with K points a game, the learning rate is K log(10)/400."""
    ratings, k = np.array([1500.0, 1620.0]), 20
    expected = 1 / (1 + 10 ** ((ratings[1] - ratings[0]) / 400))
    s = ratings * math.log(10) / 400
    step = -lossbook.pairwise_logistic_grad(s[:1], s[1:])[0] * k * math.log(10) / 400
    assert step * 400 / math.log(10) == pytest.approx(k * (1 - expected))


# ── Lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def by_hand(relevance: np.ndarray, scores: np.ndarray) -> float:
    discounts = 1 / np.log2(np.arange(2, len(scores) + 2))
    return float(relevance[np.argsort(-scores)] @ discounts / (np.sort(relevance)[::-1] @ discounts))


def test_ndcg_jumps_and_the_losses_slide() -> None:
    explorer = figures.ndcg_slide()
    for document in figures.DOCUMENTS.values():
        seen = []
        for score in explorer.controls["score"].values:
            read = numbers(explorer.set(document=document, score=score).readout)
            moved = lists.with_score(document, score)
            assert read[-3] == pytest.approx(by_hand(lists.RELEVANCE, moved), abs=6e-4)
            order = np.argsort(-moved)
            seen.append((tuple(order), read[-3]))
        for (before, gain), (after, then) in itertools.pairwise(seen):
            assert gain == then or before != after
        if document == 0:
            assert len({gain for _, gain in seen}) == 5 and (np.diff([gain for _, gain in seen]) >= 0).all()
            assert seen[-1][1] == 0.93  # as the text alternative says
        fine = lists.list_losses(document, np.linspace(-3, 3, 601))
        for curve in fine:
            assert np.abs(np.diff(curve)).max() < 0.03
    assert lists.jumps(0) == 4 and explorer.predict.answer == 4
    x, treads = lists.staircase(0, -3.0, 3.0)
    assert len(x) == len(treads) == 10 and np.count_nonzero(np.diff(treads)) == 4


def test_what_listnet_estimates() -> None:
    y = np.array([[2.0, 0.5, 1.0, -1.0]])
    p = np.exp(y) / np.exp(y).sum()
    floor = -(p * np.log(p)).sum()
    assert lossbook.listnet(y + 7, y) == pytest.approx(floor) and floor > 0
    others = np.random.default_rng(3).normal(0, 2, (200, 4))
    assert (lossbook.listnet(others, np.repeat(y, 200, axis=0), reduction="none") > floor).all()


def test_listnet_of_judges_who_disagree_is_no_mean() -> None:
    """Four of ten give the first document 10 and six give it 0; all give the second 3."""
    relevance = np.array([[10.0, 3.0]] * 4 + [[0.0, 3.0]] * 6)
    best = optimize.minimize_scalar(lambda d: lossbook.listnet(np.tile([d, 0.0], (10, 1)), relevance)).x
    p = np.exp(relevance) / np.exp(relevance).sum(axis=1, keepdims=True)
    assert best == pytest.approx(math.log(p[:, 0].mean() / p[:, 1].mean()), abs=1e-4)
    assert relevance[:, 0].mean() == 4 > relevance[:, 1].mean() and best < 0


def test_listmle_pulls_equally_relevant_items_together() -> None:
    """So with ties doubling the scores need not be cheaper; nor where lists contradict each other."""
    for d in (-2.0, 0.5, 3.0):
        tied = [lossbook.listmle([[c * d, 0.0]], [[1.0, 1.0]]) for c in (0, 1, 2)]
        assert tied == pytest.approx([np.logaddexp(0, -c * d) + np.logaddexp(0, c * d) for c in (0, 1, 2)])
        assert tied[0] < tied[1] < tied[2]
    orders = [[1.0, 0.0]] * 3 + [[0.0, 1.0]]
    best = optimize.minimize_scalar(lambda d: lossbook.listmle(np.tile([d, 0.0], (4, 1)), orders)).x
    assert best == pytest.approx(math.log(3), abs=1e-4)


def test_ndcg_of_nothing_and_of_the_first_places() -> None:
    assert ndcg_score([[0, 0, 0]], [[3, 2, 1]]) == 0
    assert ndcg_score([[0, 2, 1]], [[3, 2, 1]], k=1) == 0 < ndcg_score([[0, 2, 1]], [[3, 2, 1]], k=2)


def test_the_orders_of_three() -> None:
    explorer = figures.orders()
    values, found = explorer.controls["a"].values, {}
    for a, b in itertools.product(values, values):
        drawn = lists.order_probabilities([a, b, 0.0])
        assert sum(drawn.values()) == pytest.approx(1)
        first = np.exp([a, b, 0.0]) / np.exp([a, b, 0.0]).sum()
        for k in range(3):
            assert sum(p for order, p in drawn.items() if order[0] == k) == pytest.approx(first[k])
        found[a, b] = numbers(explorer.set(a=a, b=b).readout)[-2:]
        assert explorer.challenge.met(a=a, b=b) == ((a, b) == (2.0, 1.0))
    assert min(found, key=lambda state: found[state][1]) == (2.0, 1.0)
    assert found[2.0, 1.0] == [0.721, 0.832] and math.exp(-0.721) == pytest.approx(0.486, abs=5e-4)
    assert min(mle for mle, _ in found.values()) < 0.3  # ListMLE goes on


def test_listmle_of_two_and_its_missing_scale() -> None:
    assert lossbook.listmle([[0.3, 1.1]], [[1.0, 0.0]]) == pytest.approx(lossbook.pairwise_logistic([0.3], [1.1]))
    random = np.random.default_rng(4)
    for _ in range(20):
        s = np.sort(random.normal(0, 1, 6))[::-1]
        y = -np.arange(6.0)
        path = [lossbook.listmle([c * s], [y]) for c in (0.5, 1, 2, 4, 8)]
        assert (np.diff(path) < 0).all()
        assert lossbook.listmle([s], [y]) == pytest.approx(lossbook.listmle([s], [10 * y]))  # the order alone
        assert lossbook.listnet([s], [y]) != pytest.approx(lossbook.listnet([s], [10 * y]))  # the scale too


def test_pulls_with_and_without_weights() -> None:
    explorer = figures.lambda_pulls()
    for upper, lower in itertools.product(range(1, 6), range(6, 11)):
        wrong, ndcg, one, two, first, second = numbers(explorer.set(upper=upper, lower=lower).readout)[2:]
        relevance = np.zeros(10)
        relevance[[upper - 1, lower - 1]] = 1
        scores = -0.2 * np.arange(10)
        assert ndcg == pytest.approx(by_hand(relevance, scores), abs=6e-4)
        assert wrong == pytest.approx(1 - roc_auc_score(relevance, scores), abs=6e-4)
        assert two > one  # the lower star is pulled harder
        found = lists.pulls(upper, lower)
        rest = [k for k in range(10) if k not in (upper - 1, lower - 1)]
        shares = []
        for pull in (found.pairs, found.weighted):
            assert pull.sum() == pytest.approx(0, abs=1e-12) and (pull[rest] < 0).all()
            shares.append(pull[rest[:2]].sum() / pull[rest].sum())
        assert 0.3 < shares[0] < 0.37
        assert shares[1] > 0.5 if upper > 1 else 0.385 < shares[1] < 0.405
        if (upper, lower) == (1, 10):
            assert (wrong, ndcg) == (0.5, 0.79) and two > 2 * one and first > second
        if (upper, lower) == (3, 6):
            assert (wrong, ndcg) == (0.375, 0.525)


def test_pulls_of_all_pairs_are_a_gradient() -> None:
    s = torch.tensor(-0.2 * np.arange(10), requires_grad=True)
    good, bad = [2, 6], [0, 1, 3, 4, 5, 7, 8, 9]
    F.softplus(s[bad][None, :] - s[good][:, None]).sum().backward()
    np.testing.assert_allclose(lists.pulls(3, 7).pairs, -s.grad.numpy(), atol=1e-12)


def test_a_place_off_the_page_is_refused() -> None:
    with pytest.raises(ValueError, match="upper must be a place from 1 to 10, got 0"):
        lists.pulls(0, 6)
    with pytest.raises(ValueError, match="world must be one of"):
        tastings("no world")


# ── Wine ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def cells() -> dict[str, Any]:
    """What the chapter's cells of the run and of the symptoms define, without running them on the spot."""
    names: dict[str, Any] = {"np": np, "lossbook": lossbook, "figures": figures}
    for code in re.findall(r"```\{code-cell\} ipython3\n(.*?)```", CHAPTER, re.DOTALL):
        if "def pointwise(" in code or "def hinge(" in code:
            code = re.sub(r"^:tags:.*\n", "", code)
            exec(re.split(r"^(?:runs = |found = )", code, flags=re.MULTILINE)[0], names)
    return names


@cache
def run(loss: str, world: str, seed: int) -> tuple[list[float], np.ndarray, Judged]:
    names = cells()
    return names["fit"](names[loss], world, seed)  # type: ignore[no-any-return]


LOSSES = ("pointwise", "centred", "pairwise", "listwise")


@pytest.mark.seeds
@seeds
def test_on_one_scale_squared_error_is_not_the_worst(seed: int) -> None:
    found = {loss: run(loss, WORLDS[0], seed)[2] for loss in LOSSES}
    for one in ("ndcg", "auc"):
        of = {loss: getattr(result, one) for loss, result in found.items()}
        assert max(of.values()) - min(of.values()) < 0.04 and min(of, key=of.__getitem__) != "pointwise"


@pytest.mark.seeds
def test_on_one_scale_squared_error_is_the_worst_with_some_other_seed() -> None:
    found = {loss: run(loss, WORLDS[0], 6)[2] for loss in LOSSES}
    for one in ("ndcg", "auc"):
        of = {loss: getattr(result, one) for loss, result in found.items()}
        assert min(of, key=of.__getitem__) == "pointwise" and max(of.values()) - min(of.values()) < 0.04


@pytest.mark.parametrize("seed", SEEDS)
def test_the_true_qualities_are_no_better_in_one_pot(seed: int) -> None:
    quality = tastings(WORLDS[2], seed)[1].quality
    result = judged(quality, quality)
    assert result.auc == 1 and result.pooled_auc < 0.82


@pytest.mark.seeds
@seeds
def test_kindness_is_noise_to_the_pointwise_loss_and_cancels_in_the_others(seed: int) -> None:
    found = {loss: run(loss, WORLDS[1], seed)[2] for loss in LOSSES}
    for loss in LOSSES[1:]:
        assert found[loss].ndcg > found["pointwise"].ndcg + 0.01 and found[loss].auc > found["pointwise"].auc + 0.01
        assert found[loss].ndcg == pytest.approx(run(loss, WORLDS[0], seed)[2].ndcg, abs=0.003)


@pytest.mark.seeds
@seeds
def test_poorer_wines_for_kind_judges_mislead_the_pointwise_loss_alone(seed: int) -> None:
    known, unseen = tastings(WORLDS[2], seed)
    assert np.corrcoef(known.quality.mean(axis=1), known.score.mean(axis=1))[0, 1] < -0.5  # between judges
    found = {loss: run(loss, WORLDS[2], seed) for loss in LOSSES}
    assert found["pointwise"][2].auc < 0.75
    steady = {}
    for loss, (_, scores, result) in found.items():
        steady[loss] = np.mean([spearmanr(*pair)[0] for pair in zip(scores[:5], unseen.quality[:5], strict=True)])
        if loss != "pointwise":
            assert result.auc > 0.92 and abs(result.auc - found["pairwise"][2].auc) < 0.02
            assert result.pooled_auc < result.auc - 0.1  # one pot
    assert steady["pointwise"] < 0.6 < 0.85 < min(steady["pairwise"], steady["listwise"])


@pytest.mark.seeds
def test_which_of_the_three_comes_first_changes_with_the_seed() -> None:
    orders = {
        tuple(sorted(LOSSES[1:], key=lambda loss, seed=seed: run(loss, WORLDS[1], seed)[2].ndcg)) for seed in SEEDS
    }
    assert len(orders) > 1


def test_places_and_judgement() -> None:
    quality = np.array([[0.3, 2.0, -1.0, 0.9, 0.0, 5.0, 1.0, -0.2]])
    assert places(quality).tolist() == [[0, 3, 0, 1, 0, 4, 2, 0]]
    scores = np.array([[1.0, 3.0, 0.0, 2.0, 0.5, 2.5, 4.0, 0.1]])
    result = judged(scores, quality)
    assert result.auc == pytest.approx(10 / 12) and result.ndcg == pytest.approx(by_hand(places(quality)[0], scores[0]))
    assert judged(quality, quality) == pytest.approx((1, 1, 1))
    random = np.random.default_rng(7)
    quality, scores = random.normal(0, 1, (30, 8)), random.normal(0, 1, (30, 8)).round(0)  # with ties
    best = places(quality) >= 3
    one_by_one = [roc_auc_score(*pair) for pair in zip(best, scores, strict=True)]
    assert judged(scores, quality).auc == pytest.approx(np.mean(one_by_one))
    assert judged(scores, quality).pooled_auc == pytest.approx(roc_auc_score(best.ravel(), scores.ravel()))


# ── When training goes wrong ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.seeds
@seeds
def test_symptoms(seed: int) -> None:
    names = cells()
    world = WORLDS[1]
    health, listwise = run("pairwise", world, seed), run("listwise", world, seed)
    assert abs(health[0][0] - math.log(2)) < 0.05 and health[0][-1] < 0.4
    same = names["fit"](names["pairwise"], world, seed, names["mean_over_wines"])
    assert np.ptp(same[0]) < 1e-4 and same[0][-1] == pytest.approx(math.log(2), abs=1e-4)
    assert same[2].auc == pytest.approx(0.5, abs=0.02)
    one, zero, none = (names["fit"](names["hinge"](*given), world, seed) for given in ((1.0,), (1.0, "01"), (0.0,)))
    assert min(zero[0]) > 0.5 and one[0][-1] < 0.45 and min(one[2].auc, zero[2].auc) > 0.92
    assert none[0][0] < 0.25 and none[0][-1] < 0.001 and none[2].auc > 0.6
    assert none[1].std() < 0.01 and one[1].std() > 1
    turned = names["fit"](lambda s, y: names["pairwise"](-s, y), world, seed)
    assert turned[0][-1] < 0.4 and turned[2].auc < 0.1
    floor = float(names["floor"](seed))
    assert floor < listwise[0][-1] < floor + 0.15 and floor > 1.5


def test_the_hinge_of_the_symptoms_is_pytorch_s_loss_of_pairs() -> None:
    hinge, leads = cells()["hinge"], cells()["leads"]
    s, y = torch.randn(5, 4, generator=torch.manual_seed(0)), torch.rand(5, 4)
    assert hinge(1.0)(s, y) == pytest.approx(float(torch.clamp(1 - leads(s, y), min=0).mean()))


def test_without_a_best_fit_the_strength_grows_and_grows() -> None:
    grown = [cells()["unbeaten"](k) for k in (100, 1000, 10000)]
    assert (np.diff(grown) > 2).all()


def test_what_the_loss_creeps_to_without_a_best_fit() -> None:
    """To 0 after twelve games, which contradict no order; to a floor once they do, although Ada is unbeaten."""
    floors = {}
    for games in (12, 18, 23):
        wins = tournament.wins_after(games)
        assert tournament.unbeaten_groups(wins) == [[0]]
        floors[games] = tournament.cost(fit_strengths(wins, penalty=1e-6), games)
    assert floors[12] < 0.001 and floors[18] == pytest.approx(math.log(4), abs=0.001) and floors[23] > 4


# ── Answers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_plane_of_log_ratios() -> None:
    explorer = figures.log_ratios()
    grid, betas = explorer.controls["chosen"].values, explorer.controls["beta"].values
    for beta in betas:
        for chosen, rejected in itertools.product(grid, grid):
            h = chosen - rejected
            dpo = lossbook.dpo([chosen], [rejected], [0.0], [0.0], beta=beta)
            ipo = lossbook.ipo([chosen], [rejected], [0.0], [0.0], beta=beta)
            assert answers.preference_loss("DPO", h, beta)[0] == pytest.approx(dpo)
            assert answers.preference_loss("IPO", h, beta)[0] == pytest.approx(ipo)
            assert dpo == pytest.approx(math.log1p(math.exp(-beta * h)))  # the same along a parallel to the diagonal
            if rejected < chosen < 0:  # the shaded triangle
                assert dpo < math.log(2)
            slope = answers.preference_slope("DPO", h, beta)[0]
            assert slope == pytest.approx(-beta / (1 + math.exp(beta * h)))
            slope = answers.preference_slope("IPO", h, beta)[0]
            assert np.sign(round(slope, 9)) == np.sign(round(h - 1 / (2 * beta), 9))  # it pulls back beyond its lead
            for loss, value in (("DPO", dpo), ("IPO", ipo)):
                times = value / answers.preference_loss(loss, 0.0, beta)[0]
                assert times == pytest.approx(value / {"DPO": math.log(2), "IPO": 1 / (4 * beta**2)}[loss])
            goal = dpo < 0.5 and chosen < 0 and rejected < 0
            assert explorer.challenge.met(loss="DPO", beta=beta, chosen=chosen, rejected=rejected) == goal
            assert not explorer.challenge.met(loss="IPO", beta=beta, chosen=chosen, rejected=rejected)
    assert "four times the start" in explorer.caption
    right = explorer.figure.axes[1]
    for beta, at in ((0.5, 1.0), (1.0, 4.0)):  # 1, and 9 times the start
        explorer.set(loss="IPO", beta=beta, chosen=1.0, rejected=-1.0)
        dots = [line.get_ydata() for line in right.lines if line.get_marker() == "o"]
        assert [float(y) for (y,) in dots] == pytest.approx([at])
    read = numbers(explorer.set(loss="DPO", beta=0.25, chosen=1.0, rejected=-1.0).readout)
    assert read == [0.25, 2.0, 0.474, -0.0944, 2.72, 0.37]


def test_the_gradient_of_dpo_in_the_parameters() -> None:
    w = torch.randn(5, generator=torch.manual_seed(2), dtype=torch.float64, requires_grad=True)
    b, beta = torch.log_softmax(torch.randn(5, generator=torch.manual_seed(3), dtype=torch.float64), 0), 0.3
    a = torch.log_softmax(w, 0)
    h = (a[1] - b[1]) - (a[3] - b[3])
    (whole,) = torch.autograd.grad(-F.logsigmoid(beta * h), w, retain_graph=True)
    (chosen,) = torch.autograd.grad(a[1], w, retain_graph=True)
    (rejected,) = torch.autograd.grad(a[3], w)
    torch.testing.assert_close(whole, -beta * torch.sigmoid(-beta * h.detach()) * (chosen - rejected))


def test_best_leads() -> None:
    for beta, share in itertools.product((0.1, 0.5, 1.0), (0.6, 0.8)):
        for loss in answers.LOSSES:
            best = optimize.minimize_scalar(
                lambda h, loss=loss, beta=beta, share=share: answers.preference_loss(loss, h, beta, share)[0],
                bounds=(-30, 60),
                method="bounded",
                options={"xatol": 1e-9},
            )
            assert best.x == pytest.approx(answers.best_lead(loss, beta, share), abs=1e-4)
        assert answers.best_lead("DPO", beta, 1.0) == math.inf
        assert answers.best_lead("IPO", beta, 1.0) == pytest.approx(1 / (2 * beta))
        far = [answers.preference_loss("DPO", h, beta)[0] for h in (1.0, 10.0, 100.0)]
        assert far[0] > far[1] > far[2]  # if everybody agrees no lead is best


def test_the_policies_of_the_bicycle() -> None:
    explorer = figures.bicycle()
    first = set()
    for policy, loss, beta, share in itertools.product(
        answers.FEATURES, answers.LOSSES, explorer.controls["beta"].values, (1.0, 0.8)
    ):
        course = answers.train(policy, loss, beta, share)
        assert (np.diff(course.loss) < 1e-12).all() and course.loss[-1] < course.loss[0]
        chosen, rejected = course.log_ratio[:, 1], course.log_ratio[:, 0]
        assert (rejected[1:] < 0).all()
        if policy == "table":
            assert (chosen[1:] > 0).all() and (np.diff(chosen) > -1e-12).all()
        else:
            assert (chosen[1:] < 0).all() and (rejected[1:] < chosen[1:]).all()
            assert course.policy[-1, 3] > answers.REFERENCE[3]
        lead = chosen - rejected
        if share == 1.0:
            first.add(round(float(lead[1]), 9))
        if loss == "IPO":
            assert lead[-1] == pytest.approx((share - 0.5) / beta, abs=0.03)
    assert first == {answers.STRIDE}
    course = answers.train("dial", "DPO", 0.5)
    assert answers.ANSWERS[course.policy[-1].argmax()] == "Sure!" == explorer.predict.answer.strip("“”")
    assert course.policy[-1, 3] > 0.95
    slow, quick = (answers.train("table", "DPO", beta, 0.8) for beta in (0.25, 1.0))
    leads = [run.log_ratio[-1, 1] - run.log_ratio[-1, 0] for run in (slow, quick)]
    assert leads[1] == pytest.approx(math.log(4), abs=0.08) and leads[0] > 2 * leads[1]
    assert answers.best_lead("DPO", 0.25, 0.8) == pytest.approx(4 * math.log(4))


def test_all_that_a_bicycle_does_is_in_the_picture() -> None:
    explorer = figures.bicycle()
    low, high = explorer.figure.axes[1].get_ylim()
    for policy, loss, beta, share in itertools.product(
        answers.FEATURES, answers.LOSSES, explorer.controls["beta"].values, (1.0, 0.8)
    ):
        ratios = answers.train(policy, loss, beta, share).log_ratio[:, :2]
        assert low < ratios.min() and ratios.max() < min(high, 1.5)  # the labels stand from 1.5 on
        explorer.set(policy=policy, loss=loss, beta=beta, share=share, step=60)
        shown = [text for text in explorer.figure.axes[0].texts if text.get_text()]
        assert len(shown) == 4
        for text, base in zip(shown, answers.REFERENCE, strict=True):
            assert text.get_position()[0] > base + 0.02  # right of the stroke


def test_when_a_step_lowers_the_chosen_answer() -> None:
    dial = np.array([-2.0, -1.0, 0.0, 1.0])
    g = dial - np.array([0.2, 0.5, 0.2, 0.1]) @ dial
    assert g[:2] == pytest.approx([-1.2, -0.2]) and g[1] * (g[1] - g[0]) == pytest.approx(-0.2)
    course = answers.train("dial", "DPO", 0.5)
    moved = math.log(course.policy[1, 1]) - math.log(0.5)
    assert moved == pytest.approx(answers.STRIDE * g[1], abs=0.02) and moved < 0
    assert (np.diff(course.log_ratio[:, :2], axis=0) < 0).all()  # both fall at every step


def test_two_preferences_can_lower_a_chosen_answer_that_has_its_own_number() -> None:
    """The chapter says of one preference that the chosen answer always rises."""
    base, theta = np.log([0.2, 0.5, 0.2, 0.1]), np.zeros(4)
    for _ in range(60):
        for winner, share in ((1, 0.1), (3, 0.9)):
            step = share / (1 + math.exp(0.5 * (theta[winner] - theta[0])))
            theta[winner], theta[0] = theta[winner] + step / 2, theta[0] - step / 2
    p = np.exp(base + theta) / np.exp(base + theta).sum()
    assert theta[1] > 0 and p[1] < 0.4


def test_ipo_leads_far_from_the_reference_too() -> None:
    course = answers.train("dial", "IPO", 0.25)
    assert course.policy[0, 3] == pytest.approx(0.1) and course.policy[-1, 3] == pytest.approx(0.73, abs=0.005)


def test_a_policy_with_a_number_per_answer_agrees_with_autograd() -> None:
    base = torch.tensor(np.log(answers.REFERENCE))
    theta = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    rate = answers.STRIDE / (2 * 0.25)  # |e₁ − e₀|² = 2, and β/2 = 0.25 is the first slope in h
    for _ in range(10):
        ratio = torch.log_softmax(base + theta, 0) - base
        (slope,) = torch.autograd.grad(-F.logsigmoid(0.5 * (ratio[1] - ratio[0])), theta)
        theta = (theta - rate * slope).detach().requires_grad_()
    found = torch.softmax(base + theta, 0).detach().numpy()
    np.testing.assert_allclose(answers.train("table", "DPO", 0.5).policy[10], found, atol=1e-12)


# ── Slips ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_slips_by_hand() -> None:
    three, one = torch.tensor([3.0]), torch.tensor([1.0])
    costs = [F.margin_ranking_loss(three, one, torch.tensor([y]), margin=1.0).item() for y in (1.0, -1.0, 0.0)]
    assert costs == [0, 3, 1]
    assert inspect.signature(F.margin_ranking_loss).parameters["margin"].default == 0
    assert roc_auc_score([0, 1, 0, 1], np.zeros(4)) == 0.5
    log3 = math.log2(3)
    linear, power = (1 + 3 / log3 + 1) / (3 + 2 / log3 + 0.5), (1 + 7 / log3 + 1.5) / (7 + 3 / log3 + 0.5)
    relevance, shown = np.array([[1.0, 3.0, 2.0]]), np.array([[3.0, 2.0, 1.0]])
    assert ndcg_score(relevance, shown) == pytest.approx(linear)
    assert ndcg_score(2**relevance - 1, shown) == pytest.approx(power) and linear - power > 0.05
    right, swapped = ([[9.0, 1.0, 0.0]], [[9.0, 0.0, 1.0]])
    net = [lossbook.listnet(s, right) for s in (right, swapped)]
    mle = [lossbook.listmle(s, right) for s in (right, swapped)]
    assert net[1] - net[0] < 0.001 and mle[1] - mle[0] == pytest.approx(1, abs=0.01)
    assert lossbook.dpo([-3.0], [-6.0], [0.0], [0.0], beta=0.5) == pytest.approx(math.log1p(math.exp(-1.5)))
    assert lossbook.ipo([5.0], [0.0], [0.0], [0.0], beta=0.1) == pytest.approx(0)
    assert lossbook.ipo([0.0], [0.0], [0.0], [0.0], beta=0.1) == pytest.approx(1 / (4 * 0.1**2))


HEARD = {
    "ranking-auc-by-hand": [1 / 6, 4],
    "ranking-logistic-by-hand": [3],
    "ranking-ipo-lead": [10],
    "ranking-order-by-hand": [13 / 21],
    "ranking-ndcg-by-hand": [(3 / math.log2(3) + 0.5) / 3],
    "ranking-elo": [10**-0.5],
    "ranking-dpo-by-hand": [math.log1p(math.exp(-8)), math.log1p(math.exp(-5)) / 2],
}


@pytest.mark.parametrize("name", HEARD)
def test_likely_wrong_numbers_hear_what_went_wrong(name: str) -> None:
    for wrong in HEARD[name]:
        result = check(name, wrong)
        assert not result.right and result.messages[0] not in TEXTS.values(), wrong


def drawn(scores: Any, shift: Any) -> Any:
    """ListMLE with something else than the largest of what is left taken off."""
    rest = [scores[k:] for k in range(len(scores))]
    return sum(np.log(np.exp(left - shift(left)).sum()) + shift(left) - left[0] for left in rest)


def lead(chosen: Any, rejected: Any, reference_chosen: Any, reference_rejected: Any) -> Any:
    return chosen - rejected - reference_chosen + reference_rejected


REFUSED: dict[str, list[Any]] = {
    "ranking-misordered-code": [
        lambda positive, negative: np.mean(np.clip(0.5 - positive[:, None] + negative, 0, 1)),
        lambda positive, negative: np.mean(1 / (1 + np.exp(1000 * (positive[:, None] - negative)))),
        lambda positive, negative: np.mean((1 - np.sign(np.round(positive[:, None] - negative, 6))) / 2),
        lambda positive, negative: np.mean((1 - np.sign(np.round(positive[:, None]) - np.round(negative))) / 2),
    ],
    "ranking-listmle-code": [
        *(lambda scores, of=of: drawn(scores, of) for of in (np.mean, np.median, lambda left: left[0])),
        lambda scores: drawn(scores, lambda left: scores.max()),
        lambda scores: drawn(scores, lambda left: scores.mean()),
        lambda scores: drawn(np.clip(scores, -700, 700), np.max),
        lambda scores: -sum(np.log(lossbook.softmax(scores[k:])[0]) for k in range(len(scores))),
    ],
    "ranking-dpo-bug": [
        lambda c, r, rc, rr, beta: np.log(1 + np.exp(-beta * lead(c, r, rc, rr))),
        lambda c, r, rc, rr, beta: -np.log(lossbook.sigmoid(beta * lead(c, r, rc, rr))),
        lambda c, r, rc, rr, beta: -np.log(lossbook.sigmoid(beta * lead(c, r, rc, rr)) + 1e-8),
        *(
            lambda c, r, rc, rr, beta, at=at: np.logaddexp(0, -np.clip(beta * lead(c, r, rc, rr), -at, at))
            for at in (5, 50, 500)
        ),
    ],
    "ranking-margin-bug": [
        lambda first, second, order, margin: np.clip(margin - (2 * order - 1) * (first - second), 0, 10)
    ],
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_function_that_is_right_in_plain_cases_alone_is_refused(name: str) -> None:
    with np.errstate(all="ignore"):
        for wrong in REFUSED[name]:
            assert not check(name, wrong).right


def test_listnet_does_not_estimate_the_mean_relevance() -> None:
    def target(*rest: float) -> Any:
        judges = torch.tensor([[10.0, 3.0, *rest]] * 4 + [[0.0, 3.0, *rest]] * 6, dtype=torch.float64)
        return torch.softmax(judges, 1).mean(0)

    assert target()[0] < target()[1]
    assert target(3.0)[0] > target(3.0)[1]  # beside a third document it may be the other way round
    assert "of two documents, the one that four of ten judges give 10" in CHAPTER


# ── The package's parts by hand ──────────────────────────────────────────────────────────────────────────────────────


def test_the_five_documents() -> None:
    assert np.argsort(-lists.SCORES).tolist() == [3, 1, 2, 0, 4] and lists.RELEVANCE.tolist() == [3, 2, 1, 0, 0]
    assert lists.SCORES.tolist() == [-1.1, 0.6, -0.6, 1.4, -1.6]
    dcg, ideal = 2 / math.log2(3) + 1 / 2 + 3 / math.log2(5), 3 + 2 / math.log2(3) + 1 / 2
    assert lists.ndcg(lists.SCORES, lists.RELEVANCE) == pytest.approx(dcg / ideal)
    assert [lists.jumps(document) for document in range(5)] == [4, 4, 4, 3, 3]
    moved = lists.with_score(2, 9.0)
    assert moved.tolist() == [-1.1, 0.6, 9.0, 1.4, -1.6] and lists.SCORES[2] == -0.6
    with pytest.raises(ValueError, match=r"scores.*relevance"):
        lists.ndcg([1.0, 2.0], [1.0])


def test_list_losses_of_the_five_by_pytorch() -> None:
    found = lists.list_losses(1, [-2.0, 0.0, 3.0])
    for k, score in enumerate((-2.0, 0.0, 3.0)):
        s, y = torch.tensor(lists.with_score(1, score)), torch.tensor(lists.RELEVANCE)
        assert found.listnet[k] == pytest.approx(float(-(torch.softmax(y, 0) * torch.log_softmax(s, 0)).sum()))
        left = [float(torch.logsumexp(s[y <= y[place]], 0) - s[place]) for place in range(5)]  # ties stay in
        assert found.listmle[k] == pytest.approx(sum(left))


def test_a_staircase_by_hand() -> None:
    """The fourth document is worth nothing: as it rises past the third and the second, NDCG falls."""
    x, treads = lists.staircase(3, -3.0, 3.0)
    assert x.tolist() == [-3, -1.6, -1.6, -1.1, -1.1, -0.6, -0.6, 0.6, 0.6, 3]
    assert treads.tolist() == np.repeat(treads[::2], 2).tolist()
    for middle, tread in zip((-2.0, -1.3, -0.9, 0.0, 2.0), treads[::2], strict=True):
        assert tread == pytest.approx(by_hand(lists.RELEVANCE, lists.with_score(3, middle)))


def test_every_order_by_hand() -> None:
    a, b, c = np.exp([0.3, -1.0, 1.2])
    found = lists.order_probabilities([0.3, -1.0, 1.2])
    assert len(found) == 6
    assert found[0, 1, 2] == pytest.approx(a / (a + b + c) * b / (b + c))
    assert found[2, 0, 1] == pytest.approx(c / (a + b + c) * a / (a + b))
    assert found[1, 2, 0] == pytest.approx(b / (a + b + c) * c / (a + c))


def test_pulls_on_other_pages() -> None:
    y = np.array([0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    found = lists.pulls(3, 7)
    np.testing.assert_allclose(found.weighted, -lambda_gradient(-0.2 * np.arange(10), y))
    assert found.weighted[2] > 0 < found.weighted[6] and found.wrong == 7 / 16  # two, and five, of eight stand before
    short = lists.pulls(1, 3, length=3, step=1.0)
    assert len(short.pairs) == 3 and short.wrong == 0.5
    assert short.pairs[0] == pytest.approx(1 / (1 + math.e)) and short.pairs[2] == pytest.approx(1 / (1 + math.exp(-1)))
    lists.pulls(10, 1)  # both ends are on the page
    for place in (11, 0):
        with pytest.raises(ValueError, match=f"lower must be a place from 1 to 10, got {place}"):
            lists.pulls(3, place)
    with pytest.raises(ValueError, match="upper must be a place from 1 to 3, got 4"):
        lists.pulls(4, 1, length=3)


@seeds
@pytest.mark.parametrize("world", WORLDS)
def test_the_tastings_are_as_stated(world: str, seed: int) -> None:
    known, unseen = tastings(world, seed)
    assert known.x.shape == (80, 8, 6) and unseen.x.shape == (200, 8, 6) and known.score.shape == (80, 8)
    x, quality, score = (np.concatenate(parts) for parts in zip(known, unseen, strict=True))
    taste = np.array([0.75, -0.5, 0.4, 0.25, 0.0, 0.0])
    np.testing.assert_allclose(quality, x @ taste + 0.5 * np.sin(2 * x[:, :, 4]), atol=1e-12)
    off = score - quality
    kind = off.mean(axis=1)
    assert (off - kind[:, None]).std() == pytest.approx(0.5 * math.sqrt(7 / 8), rel=0.06)
    assert kind.std() == pytest.approx(0.5 / math.sqrt(8) if world == WORLDS[0] else 2.0, rel=0.15)
    along = x @ taste / math.sqrt(taste @ taste)
    slope = np.polyfit(kind, along.mean(axis=1), 1)[0]
    if world == WORLDS[2]:
        assert slope == pytest.approx(-0.6, abs=0.05)
    elif world == WORLDS[1]:
        assert abs(slope) < 0.05
    if world != WORLDS[2]:
        assert x.std() == pytest.approx(1, abs=0.03) and x.mean() == pytest.approx(0, abs=0.03)
    assert np.array_equal(tastings(world)[0].x, tastings(world, 0)[0].x)
    assert not np.array_equal(tastings(world)[0].x, tastings(world, 3)[0].x)


def test_the_five_players_and_their_rounds() -> None:
    assert tournament.STRENGTHS.tolist() == [1.5, 0.5, 0, -0.5, -1.5] and tournament.GAMES == 40
    wins = tournament.wins_after(40)
    assert wins.sum() == 40 and (wins + wins.T == 4 * (1 - np.eye(5))).all()
    assert not tournament.wins_after(0).any() and tournament.wins_after(1).sum() == 1
    assert tournament.unbeaten_groups([[0, 1, 0], [0, 0, 0], [0, 0, 0]]) == [[0], [2]]
    # each is most probable where strengths plus penalty are at rest
    s = tournament.strengths_after(12, 0.5)
    won = tournament.wins_after(12)
    expected = ((won + won.T) / (1 + np.exp(s - s[:, None]))).sum(axis=1)
    np.testing.assert_allclose(won.sum(axis=1) - expected, 0.5 * s, atol=1e-6)


@pytest.mark.parametrize("share", [1.0, 0.8, 0.3])
@pytest.mark.parametrize("loss", ["DPO", "IPO"])
def test_what_a_lead_is_expected_to_cost(loss: str, share: float) -> None:
    h, beta = torch.tensor([-1.5, 0.0, 2.0], dtype=torch.float64, requires_grad=True), 0.4
    if loss == "DPO":
        expected = share * F.softplus(-beta * h) + (1 - share) * F.softplus(beta * h)
    else:
        expected = share * (h - 1 / (2 * beta)) ** 2 + (1 - share) * (-h - 1 / (2 * beta)) ** 2
    (slope,) = torch.autograd.grad(expected.sum(), h)
    leads = h.detach().numpy()
    np.testing.assert_allclose(answers.preference_loss(loss, leads, beta, share), expected.detach(), rtol=1e-12)
    np.testing.assert_allclose(answers.preference_slope(loss, leads, beta, share), slope, atol=1e-12)
    course = answers.train("dial", loss, beta, share)
    lead = course.log_ratio[:, 1] - course.log_ratio[:, 0]
    np.testing.assert_allclose(course.loss, answers.preference_loss(loss, lead, beta, share))
    np.testing.assert_allclose(course.log_ratio, np.log(course.policy / [0.2, 0.5, 0.2, 0.1]), atol=1e-12)
    assert len(course.loss) == 61 and answers.STRIDE == 0.15


def test_a_best_lead_needs_a_share_and_a_beta() -> None:
    assert answers.best_lead("DPO", 1.0, 0.0) == -math.inf and answers.best_lead("IPO", 0.5, 0.0) == -1
    for beta, share, name in ((0.0, 0.5, "beta"), (1.0, 1.1, "share"), (1.0, -0.1, "share")):
        with pytest.raises(ValueError, match=name):
            answers.best_lead("IPO", beta, share)
    assert answers.train("table", "DPO", 0.5).loss[0] == pytest.approx(math.log(2))
    np.testing.assert_array_equal(answers.train("table", "DPO", 0.5).loss, answers.train("table", "DPO", 0.5, 1.0).loss)


def test_strengths_and_weights_refuse() -> None:
    for wins in ([[0, math.inf], [1, 0]], [[0.0, math.nan], [1.0, 0.0]]):
        with pytest.raises(ValueError, match="wins"):
            fit_strengths(wins)
    with pytest.raises(ValueError, match=r"wins must be a square matrix, got shape \(2, 2, 2\)"):
        fit_strengths(np.ones((2, 2, 2)))
    with pytest.raises(ValueError, match="penalty"):
        fit_strengths([[0, 1], [1, 0]], penalty=-0.1)
    with pytest.raises(ValueError, match="one list, with no relevance below 0"):
        lambda_gradient([0.0, 1.0], [1.0, -1.0])
    with pytest.raises(ValueError, match="one list"):
        lambda_gradient([[0.0, 1.0]], [[1.0, 0.0]])
    with pytest.raises(ValueError, match=r"scores.*relevance"):
        lambda_gradient([0.0, 1.0], [1.0])
    with pytest.raises(ValueError, match="at least one score each"):
        misordered([1.0], [])
    for wrong in (lambda: best_policy([0.5, 0.5], [1.0], 1.0), lambda: implied_reward([1.0], [0.5, 0.5], 1.0)):
        with pytest.raises(ValueError, match="reference"):
            wrong()
    with pytest.raises(ValueError, match="beta"):
        implied_reward([0.5, 0.5], [0.5, 0.5], 0.0)
    assert best_policy([1.0, 0.0], [0.0, 9.0], 2.0).tolist() == [1, 0]
    assert implied_reward([1.0, 0.0], [0.5, 0.5], 2.0).tolist() == [2 * math.log(2), -math.inf]


def test_the_lead_of_the_bicycle_is_the_difference_of_the_numbers_beside_it() -> None:
    explorer = figures.bicycle()
    for policy, loss, step in itertools.product(answers.FEATURES, answers.LOSSES, range(0, answers.STEPS + 1, 4)):
        readout = explorer.update(policy=policy, loss=loss, beta=0.5, share=1.0, step=step)
        chosen, rejected, lead = numbers(readout.split("Log-ratios")[1])[:3]
        assert lead == pytest.approx(chosen - rejected, abs=1e-9), readout
