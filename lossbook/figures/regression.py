"""The figures and explorers of the chapter on regression losses."""

from __future__ import annotations

import numpy as np

from lossbook.analysis import outliers
from lossbook.analysis.fitting import fit_line
from lossbook.analysis.outliers import LINE_X, LINE_Y, LINES, PLANT, SCALES, WEIGHERS, Contender
from lossbook.analysis.profile import GRID, REACH, SAMPLE, loss_profile
from lossbook.analysis.residual_curve import residual_curve
from lossbook.catalogue import CATALOGUE
from lossbook.core import Loss
from lossbook.explorer import Challenge, Choice, Explorer, Handle, Predict, Slider, Toggle, palette, subplots
from lossbook.figures.loss_profile import profile
from lossbook.figures.wording import letter, written
from lossbook.losses.regression import MSE, PINBALL
from lossbook.losses.robust import HUBER

LOOKS = {
    "mse": (palette.loss, "-"),
    "huber": (palette.model, "-"),
    "mae": (palette.density, "--"),
    "cauchy": (palette.gradient, "-."),
}


def _look(contender: Contender) -> tuple[str, str]:
    """Colour and line style of a loss among others."""
    return LOOKS[contender.loss.name]


FOLLOWERS = ("None of them.", "One of them.", "Two of them.", "All three.")


def flour_scales() -> Explorer:
    """The constants that three losses choose for nine readings, one of which the reader moves."""
    figure, axis = subplots(figsize=(4.8, 3.2))
    axis.plot(SCALES, np.full(SCALES.size, 3.0), "o", color=palette.data, ms=7, alpha=0.8)
    (ninth,) = axis.plot([1010], [3], "o", color=palette.outlier, ms=11)
    marks, texts = [], []
    for height, contender in zip((2, 1, 0), WEIGHERS, strict=True):
        colour, _ = _look(contender)
        axis.axhline(height, color=palette.muted, lw=0.5)
        marks.append(axis.plot([1000], [height], "D", color=colour, ms=9)[0])
        texts.append(axis.text(1000, height + 0.22, "", ha="center", color=colour))
    axis.set(xlim=(988, 1042), ylim=(-0.6, 3.6), xlabel="weight in grams")
    axis.set_yticks([3, 2, 1, 0], ["readings", *(contender.label for contender in WEIGHERS)])
    axis.tick_params(axis="y", length=0)

    def update(reading: float) -> str:
        ninth.set_xdata([reading])
        chosen = outliers.weights(reading)
        for mark, text, constant in zip(marks, texts, chosen, strict=True):
            mark.set_xdata([constant])
            text.set_x(constant)
            text.set_text(f"{constant:.2f} g")
        squared, huber, absolute = chosen
        return (
            f"With the ninth scale at {reading:.1f} g, squared error chooses {squared:.2f} g, "
            f"Huber {huber:.2f} g and absolute error {absolute:.2f} g."
        )

    before, after = outliers.weights(1010), outliers.weights(1040)
    moved = sum(not np.isclose(one, other) for one, other in zip(before, after, strict=True))

    return Explorer(
        figure,
        update,
        name="flour-scales",
        predict=Predict(
            FOLLOWERS[moved],
            f"From 1010 g to 1040 g the weight of squared error moves from {before[0]:.2f} g to {after[0]:.2f} g. "
            f"Huber's stays at {after[1]:.2f} g, and so does that of absolute error.",
            options=FOLLOWERS,
        ),
        controls={"reading": Slider(990, 1040, step=0.5, value=1010, label="the ninth scale", unit="g")},
        handles=[Handle(ninth, x="reading")],
        caption="Nine kitchen scales weigh one bag of flour. Drag the ninth reading and watch the single weight that "
        "each loss would report. One of the three follows the broken scale as far as you pull it; the other two "
        "move only while the ninth reading is among the others.",
        alt="Top row: eight readings between 996 and 1004 grams and a ninth at 1010. Below, the constants chosen by "
        "squared error, Huber loss and absolute error, all near 1001 grams.",
    )


def huber_profile() -> Explorer:
    """The loss profile of Huber with δ and the probe as controls."""
    return profile(
        HUBER,
        name="huber-profile",
        caption="Move δ and drag the marked residual. Inside δ the slope grows with the residual; outside it "
        "stays at δ. "
        f"Towards a large δ the fitted constant goes to the mean of the sample, {np.mean(SAMPLE):.2f}; towards a small "
        f"one, to its median, {np.median(SAMPLE):.2f}. On the way it need not lie between the two: try δ = 0.5.",
    )


def gallery() -> Explorer:
    """Every regression loss of one residual beside squared error: value and slope."""
    losses = {loss.title: loss for loss in CATALOGUE.values() if loss.chapter == "regression" and _is_curve(loss)}
    figure, (left, right) = subplots(1, 2)
    for axis, title, limits in ((left, "loss ℓ(e)", (-0.4, 8)), (right, "slope dℓ/de", (-4.4, 4.4))):
        axis.set(xlim=(-REACH, REACH), ylim=limits, xlabel="residual e = y − ŷ", title=title)
    right.axhline(0, color=palette.muted, lw=0.8)
    squared = residual_curve(MSE)
    left.plot(GRID, squared.value(GRID), color=palette.muted, lw=1, ls=":")
    right.plot(GRID, squared.slope(GRID), color=palette.muted, lw=1, ls=":")
    right.text(1.35, 3.7, "squared", color=palette.muted, ha="right", fontsize="small")
    (value_curve,) = left.plot(GRID, GRID, color=palette.loss)
    (slope_curve,) = right.plot(GRID, GRID, color=palette.gradient)
    (probe,) = left.plot([2], [2], "o", color=palette.loss, ms=9)
    (probe_slope,) = right.plot([2], [2], "o", color=palette.gradient, ms=9)

    def update(loss: str, at_e: float) -> str:
        record = losses[loss]
        here = loss_profile(record, np.array(SAMPLE))
        value_curve.set_data(GRID, here.values)
        slope_curve.set_data(GRID, here.slopes)
        value, slope = here.at(at_e)
        probe.set_data([at_e], [value])
        probe_slope.set_data([at_e], [slope])
        settings = ", ".join(
            f"{letter(record.parameters[key].symbol)} = {at:g}" for key, at in here.curve.parameters.items()
        )
        name = f"{loss} with {settings}" if settings else loss
        return f"At e = {written(at_e, 1)}, {name}: loss {written(value, 3)}, slope {written(slope, 3)}."

    return Explorer(
        figure,
        update,
        name="regression-gallery",
        controls={
            "loss": Choice(list(losses), value=HUBER.title, label="loss"),
            "at_e": Slider(-REACH, REACH, step=0.5, value=2.0, label="residual e"),
        },
        handles=[Handle(probe, x="at_e"), Handle(probe_slope, x="at_e")],
        caption="Choose a loss; the dotted lines are squared error. Follow the slope to the right-hand edge: it grows "
        "for ever, levels off, or turns back towards zero. That decides how far a wild target can drag the fit.",
        alt="Left, the chosen loss over the residual; right, its slope. Squared error is dotted in both panels.",
    )


def _is_curve(loss: Loss) -> bool:
    try:
        residual_curve(loss)
    except ValueError:
        return False
    return True


def outlier_line() -> Explorer:
    """One point the reader drags, and the line under each loss."""
    figure, axis = subplots(figsize=(4.8, 3.9))
    axis.plot(LINE_X, LINE_Y, "o", color=palette.data, ms=6, alpha=0.8)
    ends = np.array([0.0, 11.0])
    drawn = {}
    for row, contender in enumerate(LINES):
        colour, style = _look(contender)
        (line,) = axis.plot(ends, ends, style, color=colour, lw=2)
        axis.plot([0.3, 1.1], [24 - 1.5 * row] * 2, style, color=colour, lw=2)
        drawn[contender] = line, axis.text(1.3, 24 - 1.5 * row, "", color=colour, va="center", fontsize="small")
    (outlier,) = axis.plot([9], [2], "o", color=palette.outlier, ms=12)
    axis.set(xlim=(0, 11), ylim=(-1, 25.2), xlabel="x", ylabel="y", yticks=[0, 5, 10, 15, 20])

    def update(x: float, y: float) -> str:
        outlier.set_data([x], [y])
        fits = outliers.lines_with_outlier(x, y)
        for contender, (line, text) in drawn.items():
            fit = fits[contender.label]
            line.set_ydata(fit(ends))
            text.set_text(f"{contender.label}: slope {written(fit.slope)}")
        slopes = ", ".join(f"{one.short} {written(fits[one.label].slope)}" for one in LINES)
        return f"With the loose point at ({x:.1f}, {y:.0f}) the slopes are: {slopes}."

    return Explorer(
        figure,
        update,
        name="outlier-line",
        challenge=Challenge(
            "Make the slope of the squared-error line smaller than 0.5.",
            lambda x, y: outliers.lines_with_outlier(x, y)[LINES[0].label].slope < 0.5,
        ),
        controls={
            "x": Slider(0.5, 10.5, step=1.0, value=9.5, label="loose point, x"),
            "y": Slider(0, 18, step=1.0, value=2.0, label="loose point, y"),
        },
        handles=[Handle(outlier, x="x", y="y")],
        caption="Ten points lie near one line; drag the eleventh. Near the end of the line it has leverage, in the "
        "middle almost none. Watch which lines give way all along, which hold, and which let go of the point.",
        alt="A scatter of ten points rising along a line, an eleventh far below at the right, and four fitted lines: "
        "the squared-error line is tilted towards the loose point, the others much less.",
    )


def days_left_out() -> Explorer:
    """The stackloss data without the days that the reader leaves out, and the slope that each loss then fits."""
    from statsmodels.datasets import stackloss

    plant = stackloss.load_pandas().data
    flow, lost = plant["AIRFLOW"].to_numpy(), plant["STACKLOSS"].to_numpy()
    figure, (left, right) = subplots(1, 2)
    left.plot(flow, lost, "o", color=palette.data, ms=6, alpha=0.6)
    (rings,) = left.plot([], [], "X", color=palette.outlier, ms=11)
    left.set(xlim=(48, 83), ylim=(4, 45), xlabel="flow of cooling air", ylabel="ammonia lost")
    every = outliers.slopes_without((), flow, lost)
    marks, texts = {}, {}
    for height, contender in zip((3, 2, 1, 0), PLANT, strict=True):
        colour, _ = _look(contender)
        right.axhline(height, color=palette.muted, lw=0.5)
        right.plot([every[contender.label]], [height], "|", color=palette.ink, ms=16)
        (marks[contender.label],) = right.plot([1], [height], "D", color=colour, ms=9)
        texts[contender.label] = right.text(1, height + 0.22, "", ha="center", color=colour)
    right.set(xlim=(0.78, 1.14), ylim=(-0.5, 3.6), xlabel="slope of the line")
    right.set_yticks([3, 2, 1, 0], [contender.short for contender in PLANT])
    right.tick_params(axis="y", length=0)

    def update(day: int, group: bool) -> str:
        days = sorted({day, *((1, 3, 4) if group else ())} - {0})
        at = [one - 1 for one in days]
        rings.set_data(flow[at], lost[at])
        slopes = outliers.slopes_without(days, flow, lost)
        for label, slope in slopes.items():
            marks[label].set_xdata([slope])
            texts[label].set_x(slope)
            texts[label].set_text(f"{slope:.3f}")
        named = f"day{'s' * (len(days) > 1)} {', '.join(map(str, days))}" if days else "no day"
        found = ", ".join(f"{one.short} {slopes[one.label]:.3f}" for one in PLANT)
        return f"With {named} left out the slopes are: {found}."

    return Explorer(
        figure,
        update,
        name="days-left-out",
        predict=Predict(
            0,
            "Whichever day you leave out, the slope under absolute error stays at 1. Squared error notices every one, "
            "and day 21 most.",
        ),
        controls={
            "day": Slider(0, 21, step=1, value=21, label="day left out (0: none)"),
            "group": Toggle(label="leave out days 1, 3 and 4 too"),
        },
        caption="Leave out one day after the other and watch the diamonds; an upright stroke marks each slope with "
        "all days. No single day moves the absolute-error slope. Then leave out days 1, 3 and 4 together, and last "
        "day 21 with them.",
        alt="Left, the ammonia lost on 21 days over the flow of cooling air, with day 21 crossed out. Right, the slope "
        "that each of four losses fits to the other days, beside the slope with all days: squared error moved from "
        "1.020 to 1.098, absolute error stayed at 1.000.",
    )


WAYS = ["It moves up and keeps its slope.", "It moves up and becomes steeper.", "It moves up and becomes flatter."]


def quantile_lines() -> Explorer:
    """Food expenditure against income (Engel's households), with the line that the pinball loss fits at a level τ."""
    from statsmodels.datasets import engel

    households = engel.load_pandas().data
    income, food = households["income"].to_numpy(), households["foodexp"].to_numpy()
    figure, axis = subplots(figsize=(4.8, 3.6))
    axis.plot(income, food, "o", color=palette.data, ms=4, alpha=0.5)
    ends = np.array([300.0, 5100.0])
    middle = fit_line(PINBALL, income, food, quantile=0.5)
    axis.plot(ends, middle(ends), ":", color=palette.muted, lw=1.5)
    (line,) = axis.plot(ends, ends, color=palette.model, lw=2.5)
    axis.set(
        xlim=(300, 5100), ylim=(200, 2500), xlabel="yearly income (Belgian francs)", ylabel="spent on food (francs)"
    )

    def update(quantile: float) -> str:
        fit = fit_line(PINBALL, income, food, quantile=quantile)
        line.set_ydata(fit(ends))
        below, share = outliers.share_below(fit, income, food)
        return (
            f"At τ = {quantile:.2f} the line is {fit.intercept:.1f} + {fit.slope:.3f} · income; {below} of the "
            f"{food.size} households ({share:.0%}) lie below it."
        )

    return Explorer(
        figure,
        update,
        name="quantile-lines",
        predict=Predict(
            WAYS[1],
            "Rich households differ more in what they spend on food than poor ones do, so the lines spread like a fan.",
            options=WAYS,
        ),
        controls={"quantile": Slider(0.05, 0.95, step=0.05, value=0.9, label="level τ")},
        caption="What 235 Belgian households in Engel's data spent on food. Move τ: the pinball loss fits a line with "
        "about that share of the households below it (dotted: τ = 0.5). The lines fan out, so the spread grows with "
        "income.",
        alt="A scatter of food expenditure against income that widens to the right, with a line at the 90 per cent "
        "quantile above most points and a dotted median line.",
    )


def influence() -> Explorer:
    """The slopes of the regression losses in one picture: the influence of a residual."""
    half_squared = Contender("squared / 2", HUBER, {"delta": 2 * REACH})  # Huber up to there
    places = ((2.05, 2.6, "right"), (5.1, 1.36, "left"), (5.1, 0.97, "left"), (5.1, 0.36, "left"))
    figure, axis = subplots(figsize=(4.8, 3.4))
    for contender, (x, y, side) in zip(LINES, places, strict=True):
        colour, style = _look(contender)
        drawn = half_squared if contender.loss is MSE else contender
        axis.plot(GRID, drawn.slope(GRID), style, color=colour, lw=2)
        axis.text(x, y, drawn.short, color=colour, ha=side, va="center")
    axis.axhline(0, color=palette.muted, lw=0.8)
    axis.set(xlim=(-REACH, 7), ylim=(-3, 3), xlabel="residual e = y − ŷ", ylabel="slope dℓ/de")
    return Explorer(
        figure,
        lambda: "",
        name="influence",
        controls={},
        caption="The slope of four losses is the pull of one residual on the fit. It grows without bound, levels off, "
        "or returns towards zero.",
        alt="Slopes over the residual from −5 to 5. Squared error is a straight line; Huber follows it up to 1 and "
        "then stays flat; absolute error jumps from −1 to 1 at zero; Cauchy rises to one half at e = 1 and falls back "
        "towards zero.",
    )
