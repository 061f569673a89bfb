"""The figures and explorers of the chapter on classification losses."""

from __future__ import annotations

import numpy as np

from lossbook.analysis import boundary
from lossbook.analysis.calibration import confidence, reliability
from lossbook.analysis.margins import MARGIN_LOSSES, best_score
from lossbook.analysis.scoring_rules import (
    SCORING_RULES,
    absolute_score,
    best_forecast,
    expected_score,
    focal_score,
    smoothed_cost,
    smoothing_floor,
    smoothing_gap,
)
from lossbook.analysis.training_runs import CASES, noisy_logits, run_of
from lossbook.core import Floats
from lossbook.explorer import Challenge, Choice, Explorer, Handle, Predict, Slider, palette, subplots
from lossbook.figures.wording import written
from lossbook.losses.classification import softmax_cross_entropy

LOOKS = {
    "hinge": (palette.model, "--"),
    "squared_hinge": (palette.density, "-."),
    "logistic": (palette.loss, "-"),
    "exponential": (palette.gradient, ":"),
    "perceptron": (palette.muted, "-"),
}
SHORT = {
    "hinge": "hinge",
    "squared_hinge": "squared hinge",
    "logistic": "logistic",
    "exponential": "exponential",
    "perceptron": "perceptron",
}


def _place(grid: Floats, at: float) -> int:
    """Where a number stands in a grid that holds it."""
    return int(np.abs(grid - at).argmin())


def mislabelled_point() -> Explorer:
    """One point with a label that the reader can make wrong, and the boundary that each margin loss draws."""
    places, labels = boundary.points()
    figure, axis = subplots(figsize=(5.0, 4.2))
    for sign, marker in ((-1, "s"), (1, "o")):
        here = places[labels == sign]
        axis.plot(here[:, 0], here[:, 1], marker, ls="", color=palette.data, ms=7, alpha=0.75)
    height = np.array([-3.0, 3.0])
    drawn = {}
    for row, loss in enumerate(boundary.RIVALS):
        colour, style = LOOKS[loss.name]
        (line,) = axis.plot([0, 0], height, style, color=colour, lw=2.2)
        axis.plot([-4.8, -4.1], [4.4 - 0.5 * row] * 2, style, color=colour, lw=2.2)
        text = axis.text(-3.95, 4.4 - 0.5 * row, "", color=colour, va="center", fontsize="small")
        drawn[loss.name] = loss, line, text
    (loose,) = axis.plot([1], [0], "o", color=palette.outlier, ms=13)
    axis.set(xlim=(-5, 3), ylim=(-3, 4.8), xlabel="first feature", ylabel="second feature", yticks=[-2, 0, 2])

    def update(x: float, y: float) -> str:
        loose.set_data([x], [y])
        found = []
        for loss, line, text in drawn.values():
            fitted = boundary.plane(loss, x, y)
            line.set_xdata(boundary.edge(fitted, height))
            wrong, at = boundary.mistakes(loss, x, y), boundary.crossing(loss, x, y)
            text.set_text(f"{SHORT[loss.name]}: {wrong} wrong")
            found.append(f"{SHORT[loss.name]} {written(at)} ({wrong} wrong)")
        return (
            f"With the loose disc at ({written(x, 1)}, {written(y, 1)}) the boundaries cross the horizontal axis at: "
            f"{', '.join(found)}."
        )

    far = max(boundary.mistakes(loss, -4.0, 0.0) for loss in boundary.RIVALS)
    return Explorer(
        figure,
        update,
        name="mislabelled-point",
        predict=Predict(far, f"The exponential loss gives up {far} of the twenty. Drag the disc and watch the others."),
        controls={
            "x": Slider(-4, 2, step=0.5, value=1.0, label="loose disc, first feature"),
            "y": Slider(-1, 1, step=1.0, value=0.0, label="loose disc, second feature"),
        },
        handles=[Handle(loose, x="x", y="y")],
        caption="Squares and discs, and a loose disc to drag. To the left it stands among the squares, as if its label "
        "were wrong. Each line is the boundary that a loss draws; the legend counts how many of the twenty other "
        "points each puts on the wrong side. Try the upper and the lower row too: the exponential loss gives way in "
        "all.",
        alt="Ten squares on the left, ten discs on the right, a large disc at (1, 0), and four nearly upright "
        "boundaries between the two groups.",
    )


def margin_losses() -> Explorer:
    """Five losses of a margin with a draggable score, beside the score that each asks for as η moves."""
    figure, (left, right) = subplots(1, 2)
    m = np.linspace(-3, 3, 121)
    chances = np.sort(np.append(np.linspace(0.02, 0.98, 97), [0.4999, 0.5001]))
    asks = {loss.name: best_score(loss, chances) for loss in MARGIN_LOSSES.values()}
    points, marks = {}, {}
    left.plot([-3, 0, 0, 3], [1, 1, 0, 0], color=palette.ink, lw=1)
    for loss in MARGIN_LOSSES.values():
        colour, style = LOOKS[loss.name]
        left.plot(m, loss.value(m, np.ones(m.size), reduction="none"), style, color=colour, lw=2)
        (points[loss.name],) = left.plot([0], [1], "o", color=colour, ms=8)
        right.plot(chances, asks[loss.name], style, color=colour, lw=2)
        (marks[loss.name],) = right.plot([0.7], [0], "D", color=colour, ms=7)
    line = right.axvline(0.7, color=palette.outlier, lw=1.5)
    for row, name in enumerate(("squared_hinge", "exponential", "hinge", "logistic", "perceptron", "0–1")):
        colour, style = LOOKS.get(name, (palette.ink, "-"))
        left.plot([-0.6, 0.1], [6.6 - 0.75 * row] * 2, style, color=colour, lw=1 if name == "0–1" else 2)
        left.text(0.25, 6.6 - 0.75 * row, SHORT.get(name, name), color=colour, va="center", fontsize="small")
    left.set(xlim=(-3, 3), ylim=(-0.3, 7), xlabel="margin m = y s", title="loss")
    right.set(xlim=(0, 1), ylim=(-3.2, 3.2), xlabel="probability η of y = 1", title="best score")

    def update(score: float, eta: float) -> str:
        costs, best = [], []
        for loss in MARGIN_LOSSES.values():
            value = float(loss.value(score, 1.0))
            points[loss.name].set_data([score], [value])
            asked = float(asks[loss.name][_place(chances, eta)])
            marks[loss.name].set_data([eta], [asked])
            costs.append(f"{SHORT[loss.name]} {value:.2f}")
            best.append(f"{SHORT[loss.name]} {written(asked)}")
        line.set_xdata([eta, eta])
        return (
            f"A margin of {written(score, 1)} costs: {', '.join(costs)}. "
            f"At η = {eta:.2f} the best score is: {', '.join(best)}."
        )

    return Explorer(
        figure,
        update,
        name="margin-losses",
        controls={
            "score": Slider(-2.5, 2.5, step=0.5, value=-1.0, label="margin m"),
            "eta": Slider(0.05, 0.95, step=0.05, value=0.7, label="probability η"),
        },
        handles=[Handle(dot, x="score") for dot in points.values()],
        caption="Left, what a margin costs: drag the dots, or use the slider. Right, the one score that is best "
        "when a label is 1 with probability η. Move η through ½: hinge jumps and says no more than the sign; logistic, "
        "exponential and squared hinge move smoothly, so η can be read off; the perceptron stays at 0.",
        alt="Left, five losses falling with the margin, and the 0–1 loss as a step. Right, the best score against the "
        "probability of a 1: log-odds, half the log-odds, a straight line, a step, and a flat line at 0.",
    )


def forecast_score() -> Explorer:
    """The average cost of a forecast, and the forecast that each score asks for."""
    figure, (left, right) = subplots(1, 2)
    p = np.sort(np.append(np.linspace(0.01, 0.99, 99), [0.4999, 0.5001]))
    chances = np.sort(np.append(np.linspace(0.025, 0.975, 39), [0.4999, 0.5001]))
    answers = {name: best_forecast(rule, chances) for name, rule in SCORING_RULES.items()}
    (curve,) = left.plot(p, p, color=palette.loss)
    (probe,) = left.plot([0.5], [0.5], "o", color=palette.outlier, ms=11)
    (bottom,) = left.plot([0.5], [0.5], "D", color=palette.loss, ms=8)
    truth = left.axvline(0.7, color=palette.truth, lw=1.2, ls="--")
    right.plot([0, 1], [0, 1], ":", color=palette.muted, lw=1.2)
    bands = [
        right.fill_between(
            [end - 0.25, end + 0.25], 2 * [end - 0.25], 2 * [end + 0.25], color=palette.model, alpha=0.25
        )
        for end in (0.25, 0.75)
    ]
    (answer,) = right.plot(chances, chances, color=palette.model, lw=2.2)
    (mark,) = right.plot([0.7], [0.7], "D", color=palette.loss, ms=8)
    left.set(xlim=(0, 1), ylim=(-1.05, 2.9), xlabel="forecast p̂", title="average cost")
    right.set(xlim=(0, 1), ylim=(-0.04, 1.04), xlabel="true probability η", title="cheapest forecast")

    def update(score: str, eta: float, forecast: float) -> str:
        rule = SCORING_RULES[score]
        curve.set_ydata(expected_score(rule, p, eta))
        asked = float(answers[score][_place(chances, eta)])
        here, least = float(expected_score(rule, forecast, eta)), float(expected_score(rule, asked, eta))
        probe.set_data([forecast], [here])
        bottom.set_data([asked], [least])
        truth.set_xdata([eta, eta])
        answer.set_ydata(answers[score])
        for band in bands:
            band.set_visible(score == "0–1")
        mark.set_data([eta], [asked])
        many = " (any forecast on that side of ½ does as well)" if score == "0–1" else ""
        if score in ("0–1", "absolute") and eta == 0.5:
            many = " (any other costs the same)"
        return (
            f"{score} score, η = {eta:.1f}: the forecast {forecast:.2f} costs {written(here, 3)} on average; the "
            f"cheapest forecast is {asked:.2f}, at {written(least, 3)}{many}."
        )

    honest, cheapest = 0.7, float(best_forecast(absolute_score, 0.7))
    options = {0.5: "½, to be on the safe side", honest: "0.7, as it is", 1.0: "1, as if you were certain"}
    return Explorer(
        figure,
        update,
        name="forecast-score",
        predict=Predict(
            options[cheapest],
            r"The average is $0.7\,(1 - \hat p) + 0.3\,\hat p$, which falls with $\hat p$ all the way. Choose the "
            r"absolute "
            "score in the figure to see the line, then the five others.",
            options=list(options.values()),
        ),
        controls={
            "score": Choice(list(SCORING_RULES), value="log", label="score"),
            "eta": Slider(0.1, 0.9, step=0.1, value=0.7, label="true probability η"),
            "forecast": Slider(0.05, 0.95, step=0.05, value=0.5, label="forecast p̂"),
        },
        handles=[Handle(probe, x="forecast")],
        caption="Left, the average cost of the forecast p̂ for an event of probability η (dashed); the diamond is the "
        "cheapest forecast. Right, the cheapest forecast for every η, with honesty as the dotted diagonal; where a "
        "whole side of ½ is equally cheap, it is shaded. Try log, Brier and spherical, then the other three: which of "
        "them pay you to say something else than η?",
        alt="Left, the average log score over the forecast, lowest at 0.7, where η stands. Right, the cheapest "
        "forecast follows the diagonal.",
    )


def smoothing() -> Explorer:
    """Cross-entropy against a smoothed label, as the gap between the logits grows."""
    figure, axis = subplots(figsize=(5.0, 3.5))
    gap = np.linspace(0, 12, 121)
    axis.plot(gap, smoothed_cost(gap, 0.0, 10), ":", color=palette.muted, lw=1.5)
    axis.text(3.4, 2.1, "dotted: ε = 0", color=palette.muted, fontsize="small")
    (curve,) = axis.plot(gap, gap, color=palette.loss)
    floor = axis.axhline(0.5, color=palette.density, lw=1.3, ls="--")
    label = axis.text(3.4, 2.35, "", color=palette.density, fontsize="small")
    (bottom,) = axis.plot([4], [0.5], "D", color=palette.loss, ms=8)
    (probe,) = axis.plot([8], [1], "o", color=palette.outlier, ms=11)
    axis.set(xlim=(0, 12), ylim=(-0.15, 2.6), xlabel="gap between the right logit and the nine others", ylabel="loss")

    def update(epsilon: float, at_gap: float) -> str:
        curve.set_ydata(smoothed_cost(gap, epsilon, 10))
        least, asked = smoothing_floor(epsilon, 10), smoothing_gap(epsilon, 10)
        here = float(smoothed_cost(at_gap, epsilon, 10))
        floor.set_ydata([least, least])
        label.set_text(f"dashed: floor {least:.3f}")
        bottom.set_data([asked], [least])
        probe.set_data([at_gap], [here])
        return (
            f"With ε = {epsilon:.2f} and K = 10 the gap {at_gap:.1f} costs {here:.3f}; the best gap is {asked:.3f}, "
            f"and no network gets below {least:.3f}."
        )

    return Explorer(
        figure,
        update,
        name="label-smoothing",
        challenge=Challenge(
            r"With $\varepsilon = 0.02$, bring the dot to within 0.001 of the floor.",
            lambda epsilon, at_gap: (
                epsilon == 0.02 and float(smoothed_cost(at_gap, epsilon, 10)) < smoothing_floor(epsilon, 10) + 0.001
            ),
        ),
        controls={
            "epsilon": Slider(values=(0.01, 0.02, 0.05, 0.1, 0.2, 0.3), value=0.1, label="smoothing ε"),
            "at_gap": Slider(0, 12, step=0.5, value=8.0, label="gap of the logits"),
        },
        handles=[Handle(probe, x="at_gap")],
        caption="Ten classes. Without smoothing (dotted) a larger gap between the logits is always cheaper. With it "
        "the curve turns: beyond the diamond, being surer costs more. The dashed line is the entropy of the smoothed "
        "label, a floor for the loss.",
        alt="The loss falls with the gap of the logits to its lowest point 0.500 at 4.511, then rises; without "
        "smoothing it would go on falling to 0.",
    )


def focal_map() -> Explorer:
    """Focal loss: what a probability costs, and the forecast it asks for, as γ and η move."""
    figure, (left, right) = subplots(1, 2)
    p, chances = np.linspace(0.01, 0.99, 99), np.linspace(0.025, 0.975, 39)
    gammas = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0)
    answers = {gamma: best_forecast(focal_score(gamma), chances) for gamma in gammas}
    left.plot(p, focal_score(0.0)(p)[0], ":", color=palette.muted, lw=1.5)
    left.text(0.24, 1.75, "dotted:\ncross-entropy", color=palette.muted, fontsize="small")
    (curve,) = left.plot(p, p, color=palette.loss)
    right.plot([0, 1], [0, 1], ":", color=palette.muted, lw=1.2)
    (answer,) = right.plot(chances, chances, color=palette.model, lw=2.2)
    (mark,) = right.plot([0.8], [0.7], "D", color=palette.outlier, ms=10)
    left.set(xlim=(0, 1), ylim=(-0.1, 3), xlabel="probability of the label", title="loss")
    right.set(xlim=(0, 1), ylim=(0, 1), xlabel="true probability η", title="cheapest forecast")

    def update(gamma: float, eta: float) -> str:
        rule = focal_score(gamma)
        curve.set_ydata(rule(p)[0])
        answer.set_ydata(answers[gamma])
        asked = float(answers[gamma][_place(chances, eta)])
        mark.set_data([eta], [asked])
        easy, hard = focal_score(0.0)(np.array([0.99, 0.1]))[0] / rule(np.array([0.99, 0.1]))[0]
        return (
            f"γ = {gamma:g}: where η = {eta:.2f} the cheapest forecast is {asked:.3f}. Cross-entropy's price of an "
            f"example at 0.99 is divided by {easy:,.0f}, that of one at 0.10 by {hard:.2f}."
        )

    timid = round(float(best_forecast(focal_score(2.0), 0.8)), 3)
    return Explorer(
        figure,
        update,
        name="focal-map",
        predict=Predict(
            timid, f"Focal loss is content with {timid}: nearer to ½ than the truth. Move γ to see how it gets there."
        ),
        controls={
            "gamma": Slider(values=gammas, value=2.0, label="γ"),
            "eta": Slider(0.05, 0.95, step=0.05, value=0.8, label="true probability η"),
        },
        handles=[Handle(mark, x="eta")],
        caption="Left, the focal loss of the probability that a model gives to the label; it lies nowhere above "
        "cross-entropy (dotted). Right, the forecast that is cheapest on average. Raise γ: the answer bends away from "
        "the diagonal towards ½, on both sides, and its order stays.",
        alt="Left, focal loss with γ = 2 below the cross-entropy. Right, its cheapest forecast, an S-shaped curve "
        "nearer to one half than the diagonal; 0.627 at η = 0.8.",
    )


def temperature() -> Explorer:
    """A reliability diagram of a real run, and what one temperature does to it."""
    logits, labels = noisy_logits()
    figure, axis = subplots(figsize=(4.6, 4.2))
    table = reliability(*confidence(logits, labels))
    middles = (table.edges[:-1] + table.edges[1:]) / 2
    bars = axis.bar(middles, np.zeros(10), width=0.085, color=palette.model, alpha=0.6)
    axis.plot([0, 1], [0, 1], "--", color=palette.truth, lw=1.3)
    (means,) = axis.plot([], [], "D", color=palette.outlier, ms=6)
    note = axis.text(0.03, 0.97, "", va="top", color=palette.ink)
    axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share that is right")

    def update(temperature: float) -> str:
        table = reliability(*confidence(logits / temperature, labels))
        full = table.size > 0
        for bar, frequency, there in zip(bars, table.frequency, full, strict=True):
            bar.set_height(frequency if there else 0.0)
        means.set_data(table.forecast[full], table.frequency[full])
        loss = float(softmax_cross_entropy(logits / temperature, labels))
        note.set_text(f"ECE {table.error:.3f}\ncross-entropy {loss:.3f}")
        _, right = confidence(logits, labels)
        return (
            f"At T = {temperature:g} the calibration error is {table.error:.3f} and the cross-entropy {loss:.3f}; "
            f"{right.mean():.1%} of the answers are right, as at every temperature."
        )

    return Explorer(
        figure,
        update,
        name="temperature-reliability",
        challenge=Challenge(
            "Make the calibration error smaller than 0.025.",
            lambda temperature: reliability(*confidence(logits / temperature, labels)).error < 0.025,
        ),
        controls={
            "temperature": Slider(
                values=(0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0), value=1.0, label="temperature T"
            )
        },
        caption="A network trained on digits, a fifth of them with wrong labels, answers for digits with right ones. "
        "Each bar is the share of right answers among those with about that confidence, and its diamond stands at "
        "their mean confidence; honest answers end on the dashed line. Raise T from 1 until the bars meet it, then go "
        "on and see them leave it on the other side.",
        alt="Bars of the share of right answers, for confidences from 0.3 to 1. At T = 1 all of them end below the "
        "diagonal: the network is too sure.",
    )


def diagnosis() -> Explorer:
    """Nine training runs: the reader suspects a cause and sees its run behind the curve."""
    figure, (left, right) = subplots(1, 2)
    steps = np.arange(len(run_of("F").loss))
    (suspect,) = left.plot(steps, steps, color=palette.outlier, lw=5, alpha=0.35)
    (train,) = left.plot(steps, steps, color=palette.loss, lw=2)
    (test,) = left.plot(steps, steps, "--", color=palette.density, lw=2)
    (start,) = left.plot([0], [0], "o", color=palette.loss, ms=6)
    (accuracy,) = right.plot(steps, steps, color=palette.loss, lw=2)
    (test_accuracy,) = right.plot(steps, steps, "--", color=palette.density, lw=2)
    chance = left.axhline(2.3, color=palette.muted, lw=1, ls=":")
    left.set(xlim=(0, len(steps) - 1), xlabel="step", title="loss (dashed: test)")
    right.set(xlim=(0, len(steps) - 1), ylim=(0, 1.02), xlabel="step", title="accuracy")
    causes = {case.cause: letter for letter, case in sorted(CASES.items(), key=lambda item: item[1].cause)}

    def update(curve: str, cause: str) -> str:
        run, guess = run_of(curve), run_of(cause)
        train.set_ydata(run.loss)
        test.set_ydata(run.test_loss)
        start.set_ydata(run.loss[:1])
        suspect.set_ydata(guess.loss)
        accuracy.set_ydata(run.accuracy)
        test_accuracy.set_ydata(run.test_accuracy)
        even = np.log(CASES[curve].classes)
        chance.set_ydata([even, even])
        shown = np.concatenate([run.loss, run.test_loss, [0.0, even]])
        shown = shown[np.isfinite(shown)]
        room = 0.06 * np.ptp(shown)
        left.set_ylim(shown.min() - room, shown.max() + room)
        verdict = (
            "the run of the cause you suspect covers it. That is the cause"
            if curve == cause
            else "the run of the cause you suspect (the broad line) goes elsewhere"
        )
        return (
            f"Curve {curve}, {CASES[curve].classes} classes: the loss starts at {run.loss[0]:.2f}, against log K = "
            f"{even:.2f}, and ends at {_last(run.loss[-1])}; accuracy ends at {run.accuracy[-1]:.2f}, on the test set "
            f"at {run.test_accuracy[-1]:.2f}. Verdict: {verdict}."
        )

    return Explorer(
        figure,
        update,
        name="diagnosis",
        challenge=Challenge(
            "Name the cause of curve $E$.",
            lambda curve, cause: curve == cause == "E",
        ),
        controls={
            "curve": Choice(list(CASES), value="A", label="curve"),
            "cause": Choice(causes, value="F", label="I suspect"),
        },
        caption="Nine real runs, one bug each (one has none). Look at a curve, at the dotted line log K and at the "
        "accuracy, choose the cause you suspect, and see whether its run, the broad line, covers the curve.",
        alt="Left, the training loss of a run and the dotted line at log 10; it falls from 2.30 and flattens "
        "near 1.75. Right, its accuracy, which flattens near 0.71.",
    )


def _last(loss: float) -> str:
    return "NaN" if np.isnan(loss) else written(float(loss))
