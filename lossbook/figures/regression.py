"""The figures and explorers of the chapter on regression losses."""

from __future__ import annotations

import numpy as np

from lossbook.analysis import outliers, roots, thresholds, two_groups
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
        "stays at δ or −δ. "
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
            "two of them in the fourth decimal only, and day 21 most.",
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


def one_weight() -> Explorer:
    """MSE, RMSE and the mean of two batches' RMSEs along one weight, and the slopes that descent follows."""
    figure, (left, right) = subplots(1, 2)
    w = roots.WEIGHTS
    curves = [
        left.plot(w, w, style, color=colour, lw=2)[0]
        for style, colour in (("-", palette.loss), ("-", palette.model), ("--", palette.density))
    ]
    slopes = [
        right.plot(w, w, "-", color=palette.loss, lw=2)[0],
        right.plot(w, w, "-", color=palette.model, lw=2)[0],
    ]
    for axis in (left, right):
        axis.set(xlim=(-1, 3), xlabel="weight w of ŷ = w x")
    left.set(ylim=(0, 4), title="loss")
    right.set(ylim=(-5, 6.5), title="slope in w")
    right.axhline(0, color=palette.muted, lw=0.8)
    names = ("MSE", "RMSE", "mean of two RMSEs")
    for height, name, curve in zip((2.95, 3.33, 3.71), names, curves, strict=True):
        left.text(1.4, height, name, color=curve.get_color(), ha="center", va="center")
    right.text(1.9, 3.5, "MSE", color=palette.loss, ha="right")
    right.text(2.95, -0.9, "RMSE", color=palette.model, ha="right", va="center")
    (dot,) = left.plot([0], [1], "o", color=palette.model, ms=9)
    (pull,) = right.plot([0], [1], "o", color=palette.model, ms=9)

    def update(noise: float, weight: float) -> str:
        here = roots.along(noise)
        for curve, values in zip(curves, (here.squares, here.root, here.batches), strict=True):
            curve.set_ydata(values)
        for curve, values in zip(slopes, (here.squares_slope, here.root_slope), strict=True):
            curve.set_ydata(values)
        at = int(np.argmin(np.abs(w - weight)))
        dot.set_data([weight], [here.root[at]])
        pull.set_data([weight], [here.root_slope[at]])
        return (
            f"At w = {written(weight)} MSE is {here.squares[at]:.3f} with slope {written(here.squares_slope[at], 3)}; "
            f"RMSE is {here.root[at]:.3f} with slope {written(here.root_slope[at], 3)}. MSE and RMSE are smallest at "
            f"w = {here.best(here.root):.2f}, the mean of two RMSEs at w = {here.best(here.batches):.2f}."
        )

    return Explorer(
        figure,
        update,
        name="one-weight",
        controls={
            "noise": Slider(0, 2, step=0.5, value=1.0, label="noise"),
            "weight": Slider(-1, 3, step=0.25, value=2.0, label="weight w"),
        },
        handles=[Handle(dot, x="weight"), Handle(pull, x="weight")],
        caption="Sixteen examples of y = x plus noise, eight in a quiet batch and eight in a noisy one, and one "
        "weight. Raise the noise: RMSE becomes flatter around its minimum, and the mean of the two batches' RMSEs "
        "(dashed) has its minimum elsewhere. Without noise RMSE has a corner.",
        alt="Left, three losses over one weight: MSE, a parabola; RMSE, which rises almost like straight lines away "
        "from the same minimum; and below it the mean of two batches' RMSEs, smallest at a smaller weight. Right, the "
        "slope of MSE, a straight line, and that of RMSE, which levels off.",
    )


def threshold() -> Explorer:
    """How far Huber's constant scatters over δ, with a share of wild noise that the reader sets."""
    deltas = np.linspace(0.1, 4, 79)
    figure, axis = subplots(figsize=(4.8, 3.1))
    (curve,) = axis.plot(deltas, deltas, color=palette.model, lw=2.5)
    (mean,) = axis.plot([0, 4], [1, 1], ":", color=palette.loss, lw=2)
    label = axis.text(0.15, 1, "the mean", color=palette.loss, va="bottom")
    axis.axvline(thresholds.EFFICIENT, color=palette.muted, lw=1)
    axis.text(thresholds.EFFICIENT + 0.05, 1.93, "δ = 1.345 σ", color=palette.muted, va="top")
    (dot,) = axis.plot([2], [1], "o", color=palette.model, ms=9)
    axis.set(xlim=(0, 4), ylim=(0.95, 2), xlabel="threshold δ, in units of σ", ylabel="scatter (units of σ/√N)")

    def update(share: float, delta: float) -> str:
        curve.set_ydata(thresholds.scatter(deltas, share))
        here, whole = float(thresholds.scatter(delta, share)), thresholds.of_the_mean(share)
        dot.set_data([delta], [here])
        mean.set_ydata([whole, whole])
        label.set_y(whole)
        label.set_visible(whole < 1.9)
        return (
            f"With {share:.0%} wild examples and δ = {delta:.1f} σ, Huber's constant scatters by {here:.3f} σ/√N and "
            f"the mean by {whole:.3f} σ/√N."
        )

    return Explorer(
        figure,
        update,
        name="threshold",
        controls={
            "share": Slider(0, 0.2, step=0.02, value=0.0, label="share of wild examples"),
            "delta": Slider(0.1, 4, step=0.1, value=2.0, label="δ", unit="σ"),
        },
        handles=[Handle(dot, x="delta")],
        caption="The noise is normal with standard deviation σ, except for a share of wild examples with ten times "
        "that. Without them the mean is best, and δ = 1.345 σ scatters 2.6 per cent more. Let in a few: the mean "
        "soon leaves the picture, and the best δ moves to the left.",
        alt="The scatter of Huber's constant over the threshold: without wild examples it falls from 1.23 at a small "
        "threshold to 1, that of the mean; an upright line marks 1.345.",
    )


def cauchy_minima() -> Explorer:
    """The Cauchy objective over a constant for a sample in two groups, and where descent from a start ends."""
    figure, axis = subplots(figsize=(4.8, 3.2))
    (curve,) = axis.plot(two_groups.CONSTANTS, two_groups.CONSTANTS, color=palette.loss, lw=2.5)
    axis.plot(two_groups.SAMPLE, np.full(two_groups.SAMPLE.size, -0.12), "o", color=palette.data, ms=6, alpha=0.7)
    (start_mark,) = axis.plot([3], [0], "o", color=palette.muted, ms=9)
    (end_mark,) = axis.plot([3], [0], "D", color=palette.model, ms=9)
    axis.text(3.35, -0.12, "targets", color=palette.data, ha="center", va="center")
    axis.set(xlim=(-2, 8), ylim=(-0.25, 1.15), xlabel="constant", ylabel="mean loss / its largest")

    def update(scale: float, start: float) -> str:
        value = two_groups.objective(scale)
        top = value.max()
        curve.set_ydata(value / top)
        end = two_groups.end(scale, start)
        for mark, at in ((start_mark, start), (end_mark, end)):
            mark.set_data([at], [np.interp(at, two_groups.CONSTANTS, value) / top])
        count = two_groups.minima(scale).size
        return (
            f"With c = {scale:.2f} the loss has {count} {'minimum' if count == 1 else 'minima'}. Descent from "
            f"{written(start, 0)} ends at {written(end)}."
        )

    return Explorer(
        figure,
        update,
        name="cauchy-minima",
        challenge=Challenge(
            "Let descent end above 5, near the four targets of the smaller group.",
            lambda scale, start: two_groups.end(scale, start) > 5,
        ),
        controls={
            "scale": Slider(0.25, 4, step=0.25, value=2.0, label="c"),
            "start": Slider(-2, 8, step=1, value=4.0, label="start of the descent"),
        },
        handles=[Handle(start_mark, x="start")],
        caption="Seven targets near 0, four near 6, and one constant for all. With a wide c the loss has one minimum; "
        "make c smaller and a second one opens near the four. Which of the two descent finds depends on its start.",
        alt="The mean Cauchy loss over the constant at c = 2: one minimum near the larger group of targets. A dot "
        "marks the start of a descent, a diamond its end in the minimum.",
    )
