"""The figures and explorers of the chapter on ranking and preference."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from lossbook.analysis import answers, lists, tournament
from lossbook.analysis.answers import ANSWERS, CHOSEN, REFERENCE, REJECTED, preference_loss, preference_slope
from lossbook.analysis.preferences import win_probability
from lossbook.explorer import Challenge, Choice, Explorer, Handle, Play, Predict, Slider, palette, subplots
from lossbook.figures.wording import written
from lossbook.losses.ranking import (
    listmle,
    listnet,
    margin_ranking,
    margin_ranking_grad,
    pairwise_logistic,
    pairwise_logistic_grad,
)
from lossbook.losses.scores import softmax

# ── A tournament ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _verdict(games: int) -> str:
    """Whether a best fit exists without a penalty, and who is in the way."""
    groups = tournament.unbeaten_groups(tournament.wins_after(games))
    if not groups:
        return "Nobody runs away: without a penalty there is a best fit too"
    names = " or ".join(" and ".join(tournament.PLAYERS[i] for i in group) for group in groups)
    return f"Nobody else has beaten {names}, so without a penalty there is no best fit"


def tournament_strengths() -> Explorer:
    """Five players, the games they have played so far, and the strengths fitted to the results."""
    figure, axis = subplots(figsize=(5.0, 3.7))
    rows = np.arange(len(tournament.PLAYERS))[::-1]
    axis.plot(tournament.STRENGTHS, rows, "|", color=palette.truth, ms=20, mew=2.5)
    others = axis.plot(np.zeros(4), rows[1:], "D", color=palette.model, ms=9)[0]
    (leader,) = axis.plot([0], rows[:1], "D", color=palette.outlier, ms=11)
    scores = [axis.text(12.4, row, "", color=palette.ink, ha="right", va="center", fontsize="small") for row in rows]
    axis.text(12.4, 4.62, "won : lost", color=palette.muted, ha="right", va="center", fontsize="small")
    axis.set(xlim=(-8.8, 12.6), ylim=(-0.6, 4.95), xlabel="strength", xticks=[-8, -4, 0, 4, 8])
    axis.set_yticks(rows, tournament.PLAYERS)
    axis.tick_params(axis="y", length=0)

    def update(games: int, penalty: float, shift: float) -> str:
        s = tournament.strengths_after(games, penalty) + shift
        others.set_xdata(s[1:])
        leader.set_xdata(s[:1])
        wins = tournament.wins_after(games)
        for text, won, lost in zip(scores, wins.sum(axis=1), wins.sum(axis=0), strict=True):
            text.set_text(f"{won:.0f} : {lost:.0f}")
        return (
            f"After {games} games: strengths {', '.join(written(one) for one in s)}; Ada beats Ben with probability "
            f"{win_probability(s)[0, 1]:.3f}; the results cost {tournament.cost(s, games):.3f} nats. {_verdict(games)}."
        )

    return Explorer(
        figure,
        update,
        name="tournament",
        controls={
            "games": Play(0, tournament.GAMES, value=12, label="games played", interval=200),
            "penalty": Slider(values=(0.01, 0.03, 0.1, 0.3), value=0.1, label="penalty λ"),
            "shift": Slider(-2, 2, step=1.0, value=0.0, label="all strengths shifted by"),
        },
        handles=[Handle(leader, x="shift")],
        predict=Predict(
            "It grows without end.",
            "Ada has lost no game so far, so every rise of her strength makes the results more probable. Each step of "
            "the penalty towards 0 moves her further out, and there is no last step.",
            options=["It settles at her true strength.", "It settles somewhat above it.", "It grows without end."],
        ),
        caption="Diamonds: the fitted strengths; strokes: the true ones, which the players do not know. Make the "
        "penalty smaller, then larger. Then let the games go on and watch when Ada first loses, and when Eva first "
        "wins. Last, drag Ada: everybody moves with her, and neither the probabilities nor the cost notice.",
        alt="Five rows, Ada to Eva. After 12 games Ada has won all of hers and Eva none; the fitted strength of Ada "
        "is the farthest to the right, Eva's the farthest to the left.",
    )


# ── One pair ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def pair_losses() -> Explorer:
    """Three losses of a difference of scores, and how hard each pulls the pair apart."""
    figure, (left, right) = subplots(1, 2)
    d = np.linspace(-3, 3, 241)
    none = np.zeros(d.size)
    step = [-3, 0, 0, 3], [1, 1, 0, 0]
    left.plot(*step, color=palette.ink, lw=1.2)
    left.plot([0], [0.5], "o", color=palette.ink, ms=4)
    left.plot(d, pairwise_logistic(d, none, reduction="none"), color=palette.loss, lw=2.2)
    right.plot(d, -pairwise_logistic_grad(d, none, reduction="none"), color=palette.loss, lw=2.2)
    right.axhline(0, color=palette.ink, lw=1.2)
    (hinge,) = left.plot(d, d, "--", color=palette.model, lw=2.2)
    (hinge_pull,) = right.plot(d, d, "--", color=palette.model, lw=2.2)
    (dot,) = left.plot([0], [0], "o", color=palette.loss, ms=9)
    (hinge_dot,) = left.plot([0], [0], "o", color=palette.model, ms=9)
    (pull_dot,) = right.plot([0], [0], "o", color=palette.loss, ms=9)
    (hinge_pull_dot,) = right.plot([0], [0], "o", color=palette.model, ms=9)
    left.text(-2.9, 1.12, "0–1", color=palette.ink, fontsize="small")
    left.text(1.3, 2.5, "logistic", color=palette.loss, fontsize="small")
    left.text(1.3, 3.0, "hinge (dashed)", color=palette.model, fontsize="small")
    right.text(-2.9, 0.06, "0–1", color=palette.ink, fontsize="small")
    left.set(xlim=(-3, 3), ylim=(-0.2, 5.2), xlabel="difference of scores", title="loss of the pair")
    right.set(xlim=(-3, 3), ylim=(-0.08, 1.2), xlabel="difference of scores", title="pull on the preferred item")

    def update(difference: float, margin: float) -> str:
        hinge.set_ydata(margin_ranking(d, none, margin=margin, reduction="none"))
        hinge_pull.set_ydata(-margin_ranking_grad(d, none, margin=margin, reduction="none"))
        at = np.array([difference]), np.zeros(1)
        costs = pairwise_logistic(*at), margin_ranking(*at, margin=margin)
        pulls = -pairwise_logistic_grad(*at)[0], -margin_ranking_grad(*at, margin=margin)[0]
        dot.set_data([difference], [costs[0]])
        hinge_dot.set_data([difference], [costs[1]])
        pull_dot.set_data([difference], [pulls[0]])
        hinge_pull_dot.set_data([difference], [pulls[1]])
        order = "right" if difference > 0 else "wrong" if difference < 0 else "tied"
        mistake = {"right": "0", "wrong": "1", "tied": "½"}[order]
        return (
            f"Difference {written(difference)} ({order}): 0–1 loss {mistake}, hinge with M = {margin:g} "
            f"{costs[1]:.3f}, logistic {costs[0]:.3f}. Pulls: 0–1 none, hinge {written(float(pulls[1]), 3)}, logistic "
            f"{written(float(pulls[0]), 3)}."
        )

    return Explorer(
        figure,
        update,
        name="pair-losses",
        controls={
            "difference": Slider(-3, 3, step=0.25, value=-1.0, label="difference of scores"),
            "margin": Slider(values=(0.0, 0.5, 1.0, 2.0), value=1.0, label="margin M"),
        },
        handles=[
            Handle(dot, x="difference"),
            Handle(hinge_dot, x="difference"),
            Handle(pull_dot, x="difference"),
            Handle(hinge_pull_dot, x="difference"),
        ],
        caption="Drag a dot. The difference is the score of the preferred item minus that of the other one. On the "
        "right, look for the differences at which a loss pulls not at all. Then set the margin to 0 and put the dot "
        "where both scores are equal.",
        alt="Left, three losses over the difference of scores: a step from 1 to 0, a dashed hinge that reaches 0 at 1, "
        "and the logistic curve. Right, their pulls: none, a step from 1 to 0, and a smooth fall.",
    )


# ── Lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────

DOCUMENTS = {"the one of relevance 3": 0, "the one of relevance 1": 2}


def ndcg_slide() -> Explorer:
    """NDCG and two list losses as the score of one of five documents moves."""
    figure, (left, right) = subplots(1, 2)
    grid = np.linspace(-3, 3, 121)
    losses = {document: lists.list_losses(document, grid) for document in DOCUMENTS.values()}
    stairs = {document: lists.staircase(document, -3, 3) for document in DOCUMENTS.values()}
    marks, labels = [], []
    for _ in range(4):
        marks.append(left.axvline(0, color=palette.muted, lw=1, ls=":"))
        labels.append(left.text(0, 1.03, "", color=palette.muted, ha="center", fontsize="small"))
    (curve,) = left.plot(grid, grid, color=palette.ink, lw=2)
    (net,) = right.plot(grid, grid, color=palette.loss, lw=2.2)
    (mle,) = right.plot(grid, grid, "--", color=palette.model, lw=2.2)
    (dot,) = left.plot([0], [0], "o", color=palette.outlier, ms=11)
    (net_dot,) = right.plot([0], [0], "o", color=palette.loss, ms=9)
    (mle_dot,) = right.plot([0], [0], "o", color=palette.model, ms=9)
    right.text(2.9, 12.6, "ListMLE (dashed)", color=palette.model, ha="right", fontsize="small")
    right.text(2.9, 4.4, "ListNet", color=palette.loss, ha="right", fontsize="small")
    left.set(xlim=(-3, 3), ylim=(0.55, 1.08), xlabel="its score", title="NDCG of the list")
    right.set(xlim=(-3, 3), ylim=(0, 13.8), xlabel="its score", title="loss of the list")

    def update(document: int, score: float) -> str:
        at_score = lists.list_losses(document, [score])
        gain = lists.ndcg(lists.with_score(document, score), lists.RELEVANCE)
        others = np.delete(np.arange(5), document)
        for mark, text, other in zip(marks, labels, others, strict=True):
            at = lists.SCORES[other]
            mark.set_xdata([at, at])
            text.set_x(at)
            text.set_text(f"{lists.RELEVANCE[other]:.0f}")
        curve.set_data(*stairs[document])
        net.set_ydata(losses[document].listnet)
        mle.set_ydata(losses[document].listmle)
        dot.set_data([score], [gain])
        net_dot.set_data([score], at_score.listnet)
        mle_dot.set_data([score], at_score.listmle)
        order = np.argsort(-lists.with_score(document, score), kind="stable")
        return (
            f"With the score {written(score)} the relevances stand in the order "
            f"{', '.join(f'{lists.RELEVANCE[k]:.0f}' for k in order)}: NDCG {gain:.3f}, ListNet "
            f"{at_score.listnet[0]:.3f}, ListMLE {at_score.listmle[0]:.3f}."
        )

    return Explorer(
        figure,
        update,
        name="ndcg-slide",
        controls={
            "document": Choice(DOCUMENTS, value=0, label="document that moves"),
            "score": Slider(-3, 3, step=0.25, value=-1.0, label="its score"),
        },
        handles=[Handle(dot, x="score"), Handle(net_dot, x="score"), Handle(mle_dot, x="score")],
        predict=Predict(
            lists.jumps(0),
            "Its score passes four others, and NDCG changes at these four and nowhere else.",
        ),
        caption="Five documents; the dotted lines are the scores of the other four, with their relevance on top. Drag "
        "the dot: NDCG stands still until two documents change places, and then jumps. Both losses slide.",
        alt="Left, NDCG over the score of the document of relevance 3: a staircase of five treads that rises to 0.93. "
        "Right, ListNet and ListMLE, two curves without a step.",
    )


def orders() -> Explorer:
    """The six orders of three documents drawn from the top, and the chance of each document to come first."""
    figure, (left, right) = subplots(1, 2)
    names = "ABC"
    target = softmax(np.array(ORDERED))
    bars = left.barh(np.arange(6)[::-1], np.zeros(6), color=palette.model, alpha=0.7, height=0.62)
    texts = [left.text(0, 5 - row, "", va="center", color=palette.ink, fontsize="small") for row in range(6)]
    first = right.bar(np.arange(3), np.zeros(3), color=palette.model, alpha=0.7, width=0.6)
    right.plot(np.arange(3), target, "_", color=palette.truth, ms=34, mew=3)
    left.set(xlim=(0, 1.18), ylim=(-0.6, 5.6), xlabel="probability", title="orders")
    left.set_yticks(
        np.arange(6)[::-1], ["".join(names[i] for i in order) for order in lists.order_probabilities([0] * 3)]
    )
    right.set(ylim=(0, 1.02), title="who is first", xlabel="stroke: ListNet's target")
    right.set_xticks(np.arange(3), [f"{n}, {y:.0f}" for n, y in zip(names, ORDERED, strict=True)])

    def update(a: float, b: float) -> str:
        s = np.array([a, b, 0.0])
        drawn = lists.order_probabilities(s)
        for bar, text, p in zip(bars, texts, drawn.values(), strict=True):
            bar.set_width(p)
            text.set_x(p + 0.03)
            text.set_text(f"{p:.3f}")
        for bar, p in zip(first, softmax(s), strict=True):
            bar.set_height(p)
        return (
            f"Scores {written(a, 1)}, {written(b, 1)}, 0: the right order ABC has probability {drawn[0, 1, 2]:.3f}, "
            f"A is first with {softmax(s)[0]:.3f}. ListMLE {listmle([s], [ORDERED]):.3f}, ListNet "
            f"{listnet([s], [ORDERED]):.3f}."
        )

    return Explorer(
        figure,
        update,
        name="orders",
        controls={
            "a": Slider(-2, 4, step=0.5, value=0.0, label="score of A"),
            "b": Slider(-2, 4, step=0.5, value=0.0, label="score of B"),
        },
        challenge=Challenge("Make ListNet as small as it gets.", lambda a, b: (a, b) == (ORDERED[0], ORDERED[1])),
        caption="Three documents of relevance 2, 1 and 0; C keeps the score 0. Left, every order has a bar; ListMLE is "
        "−log of the topmost. Right, ListNet compares who comes first with a softmax of the relevances. Find the "
        "scores at which ListNet is content, then see that ListMLE is not.",
        alt="Left, six bars of one sixth each for the orders of A, B and C. Right, three bars of one third, and "
        "strokes at 0.665, 0.245 and 0.090.",
    )


ORDERED = (2.0, 1.0, 0.0)
"""The relevances of A, B and C."""


def lambda_pulls() -> Explorer:
    """A page of ten results, two of them relevant: what RankNet and LambdaRank pull at."""
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.7))
    places = np.arange(1, 11)
    drawn = []
    for axis, title, edge in ((left, "all pairs alike", -2.1), (right, "pairs weighted by |ΔNDCG|", -0.65)):
        bars = axis.barh(places, np.zeros(10), color=palette.gradient, alpha=0.75, height=0.62)
        (good,) = axis.plot([edge, edge], [1, 2], "*", color=palette.outlier, ms=13, ls="none")
        axis.axvline(0, color=palette.axis, lw=1)
        axis.set(ylim=(10.6, 0.4), title=title, xlabel="pull (right: up the page)", yticks=places)
        drawn.append((bars, good))
    left.set(xlim=(-2.5, 6.2), ylabel="place")
    right.set(xlim=(-0.76, 0.95))

    def update(upper: int, lower: int) -> str:
        found = lists.pulls(upper, lower)
        for (bars, good), pull in zip(drawn, (found.pairs, found.weighted), strict=True):
            for bar, width in zip(bars, pull, strict=True):
                bar.set_width(width)
            good.set_ydata([upper, lower])
        at = [upper - 1, lower - 1]
        return (
            f"Relevant at places {upper} and {lower}: {found.wrong:.3f} of the pairs are in the wrong order, NDCG "
            f"{found.ndcg:.3f}. Pulls on the two: {found.pairs[at[0]]:.2f} and {found.pairs[at[1]]:.2f} with all pairs "
            f"alike, {found.weighted[at[0]]:.3f} and {found.weighted[at[1]]:.3f} weighted."
        )

    return Explorer(
        figure,
        update,
        name="lambda-pulls",
        controls={
            "upper": Slider(1, 5, step=1, value=1, label="upper relevant document, place"),
            "lower": Slider(6, 10, step=1, value=10, label="lower relevant document, place"),
        },
        caption="A page of ten results, the two relevant ones starred. Bars to the right pull a document up the page. "
        "Compare the two stars at places 1 and 10, then move them to 3 and 6: fewer pairs are wrong, and NDCG is "
        "lower all the same.",
        alt="Stars at places 1 and 10. With all pairs alike the bar of place 10 is more than twice that of place 1; "
        "weighted, that of place 1 is the longer one.",
    )


# ── The real run ─────────────────────────────────────────────────────────────────────────────────────────────────────


def tasting_scores(scores: Mapping[str, ArrayLike], quality: ArrayLike, rows: int = 5) -> Explorer:
    """What some models say of the wines of the first judges, over the true quality, one panel a model."""
    figure, axes = subplots(1, len(scores), figsize=(7.0, 3.0), sharex=True)
    truth = np.asarray(quality)[:rows]
    for axis, (name, predicted) in zip(np.atleast_1d(axes), scores.items(), strict=True):
        for t, s in zip(truth, np.asarray(predicted)[:rows], strict=True):
            order = np.argsort(t)
            axis.plot(t[order], s[order], "o-", color=palette.model, ms=5, lw=1, alpha=0.75)
        axis.set(title=name, xlabel="true quality")
    np.atleast_1d(axes)[0].set_ylabel("score of the network")
    return Explorer(
        figure,
        lambda: "",
        name="tasting-scores",
        controls={},
        caption=f"Eight wines of each of {rows} judges whom no network has seen; a line joins the wines of one judge. "
        "A network that orders them rightly draws lines that rise.",
        alt=f"{len(scores)} panels of {rows} lines each, the score that a network gives over the true quality of a "
        f"wine: {', '.join(scores)}.",
    )


# ── Policies ─────────────────────────────────────────────────────────────────────────────────────────────────────────

BETAS = (0.1, 0.25, 0.5, 1.0)
PLANE = 4.0  # how far a log-ratio goes in the picture
TOP = 4.0  # of the losses that are drawn, in units of the start


def log_ratios() -> Explorer:
    """The plane of the two log-ratios, and the loss of their difference."""
    figure, (left, right) = subplots(1, 2)
    reach = PLANE + 0.5
    h = np.linspace(-8, 8, 129)
    left.fill([-reach, 0, 0], [-reach, 0, -reach], color=palette.density, alpha=0.16, lw=0)
    left.text(-0.15, -4.3, "DPO's loss\nfell, and\nboth answers", color=palette.density, ha="right", fontsize="small")
    left.plot([-reach, reach], [-reach, reach], color=palette.muted, lw=1)
    left.axhline(0, color=palette.axis, lw=0.8)
    left.axvline(0, color=palette.axis, lw=0.8)
    (target,) = left.plot([0], [0], ":", color=palette.truth, lw=2)
    (arrow,) = left.plot([0], [0], color=palette.gradient, lw=2.4)
    (point,) = left.plot([1], [-1], "o", color=palette.outlier, ms=12)
    (curve,) = right.plot(h, h, color=palette.loss, lw=2.2)
    (dot,) = right.plot([0], [0], "o", color=palette.loss, ms=9)
    at_best = right.axvline(0, color=palette.truth, lw=2, ls=":")
    left.set(
        xlim=(-reach, reach),
        ylim=(-reach, reach),
        xlabel="log-ratio of the chosen answer",
        title="two log-ratios (nats)",
    )
    left.set_ylabel("… of the rejected one")
    right.set(xlim=(-8, 8), ylim=(-0.15, 4.1), xlabel="lead h", title="loss, in units of its start")

    def update(loss: str, beta: float, chosen: float, rejected: float) -> str:
        lead = chosen - rejected
        value = float(preference_loss(loss, lead, beta)[0])
        slope = float(preference_slope(loss, lead, beta)[0])
        start = float(preference_loss(loss, 0.0, beta)[0])
        curve.set_ydata(preference_loss(loss, h, beta) / start)
        dot.set_data([lead], [min(value / start, TOP)])
        best = answers.best_lead(loss, beta, 1.0)
        shown = best if np.isfinite(best) else 99.0
        target.set_data([-reach, reach], [-reach - shown, reach - shown])
        at_best.set_xdata([shown, shown])
        point.set_data([chosen], [rejected])
        length = 1.6 * abs(slope) / float(np.abs(preference_slope(loss, 0.0, beta))[0])
        length = np.sign(-slope) * min(length, 3.0)
        arrow.set_data([chosen, chosen + length], [rejected, rejected - length])
        return (
            f"{loss} with β = {beta:g}: lead h = {written(lead, 1)}, loss {value:.3f}, slope in the chosen log-ratio "
            f"{written(slope, 4)}. Against the reference the chosen answer is {np.exp(chosen):.2f} times as "
            f"probable, the rejected one {np.exp(rejected):.2f} times."
        )

    return Explorer(
        figure,
        update,
        name="log-ratios",
        controls={
            "loss": Choice(list(answers.LOSSES), value="DPO", label="loss"),
            "beta": Slider(values=BETAS, value=0.25, label="β"),
            "chosen": Slider(-PLANE, PLANE, step=0.5, value=1.0, label="log-ratio of the chosen answer"),
            "rejected": Slider(-PLANE, PLANE, step=0.5, value=-1.0, label="log-ratio of the rejected answer"),
        },
        handles=[Handle(point, x="chosen", y="rejected")],
        challenge=Challenge(
            "Make DPO's loss smaller than 0.5 while both answers are less probable than under the reference.",
            lambda loss, beta, chosen, rejected: bool(
                loss == "DPO"
                and chosen < 0
                and rejected < 0
                and preference_loss(loss, chosen - rejected, beta)[0] < 0.5
            ),
        ),
        caption="Drag the point. To the right the chosen answer has become more probable than under the reference, "
        "downwards the rejected one less. Along every line parallel to the diagonal the loss stays as it is. The "
        "stroke is the pull of descent; the shaded triangle is where DPO's loss fell and both answers did too. Choose "
        "IPO: it has a lead that it wants (dotted), and pulls back beyond it. A loss of more than four times the start "
        "has its dot at the upper edge.",
        alt="Left, a plane with a diagonal, a shaded triangle below it in the quarter where both log-ratios are "
        "negative, and a point at (1, −1) with a stroke towards the lower right. Right, DPO's loss falling with the "
        "lead.",
    )


POLICIES = {"one number per answer": "table", "one dial for all answers": "dial"}


def bicycle() -> Explorer:
    """A policy over four answers, trained on one preference: its probabilities, and the two log-ratios on the way."""
    figure, (left, right) = subplots(1, 2)
    rows = np.arange(4)[::-1]
    bars = left.barh(rows, REFERENCE, color=palette.model, alpha=0.7, height=0.6)
    left.plot(REFERENCE, rows, "|", color=palette.truth, ms=24, mew=2.5)
    texts = [left.text(0, row, "", va="center", color=palette.ink, fontsize="small") for row in rows]
    left.set(xlim=(0, 1.2), ylim=(-0.6, 3.6), xlabel="probability", xticks=[0, 0.5, 1], title="stroke: reference")
    left.set_yticks(rows, ANSWERS)
    steps = np.arange(answers.STEPS + 1)
    right.axhline(0, color=palette.truth, lw=1.2)
    lines = {}
    for answer, colour, style in ((CHOSEN, palette.model, "-"), (REJECTED, palette.gradient, "--")):
        (line,) = right.plot(steps, steps, style, color=colour, lw=2.2)
        (dot,) = right.plot([0], [0], "o", color=colour, ms=8)
        lines[answer] = line, dot
    right.text(2, 3.9, "chosen: No.", color=palette.model, fontsize="small", va="center")
    right.text(2, 2.2, "rejected: Never! (dashed)", color=palette.gradient, fontsize="small", va="center")
    right.set(xlim=(0, answers.STEPS), ylim=(-15.2, 5.2), xlabel="step", title="log-ratio to the reference")

    def update(policy: str, loss: str, beta: float, share: float, step: int) -> str:
        run = answers.train(policy, loss, beta, share)
        for bar, text, p, base in zip(bars, texts, run.policy[step], REFERENCE, strict=True):
            bar.set_width(p)
            text.set_x(max(p, base) + 0.04)
            text.set_text(f"{p:.3f}")
        for answer, (line, dot) in lines.items():
            line.set_ydata(run.log_ratio[:, answer])
            dot.set_data([step], [run.log_ratio[step, answer]])
        one, other = run.log_ratio[step, CHOSEN], run.log_ratio[step, REJECTED]
        lead = round(one, 2) - round(other, 2)  # of the numbers as they are printed
        return (
            f"After {step} steps the loss is {run.loss[step]:.3f}, at the start it was {run.loss[0]:.3f}. Log-ratios: "
            f"chosen {written(one)}, rejected {written(other)}; lead h = {written(lead)}. “Sure!” has "
            f"probability {run.policy[step, 3]:.3f}."
        )

    return Explorer(
        figure,
        update,
        name="bicycle",
        controls={
            "policy": Choice(POLICIES, value="dial", label="policy"),
            "loss": Choice(list(answers.LOSSES), value="DPO", label="loss"),
            "beta": Slider(values=(0.25, 0.5, 1.0), value=0.5, label="β"),
            "share": Choice({"all": 1.0, "four of five": 0.8}, value=1.0, label="who prefer “No.” to “Never!”"),
            "step": Play(0, answers.STEPS, step=2, value=0, label="step", interval=120),
        },
        predict=Predict(
            "“Sure!”",
            "“Sure!”, which nobody was asked about: the dial that leads from “Never!” to “No.” leads on to it.",
            options=["“Never!”", "“No.”", "“Maybe.”", "“Sure!”"],
        ),
        caption="May I borrow your bicycle? Judges prefer “No.” to “Never!”, and that is all the policy is told. "
        "Press play. Then give each answer a number of its own, change β, and try IPO.",
        alt="Left, four bars at the reference: Never 0.2, No 0.5, Maybe 0.2, Sure 0.1. Right, two curves over the "
        "steps: the log-ratio of the chosen answer falls, that of the rejected one falls faster.",
    )
