"""The figures and explorers of the chapter on regression losses."""

from __future__ import annotations

from functools import cache

import numpy as np

from lossbook.analysis.fitting import Line, fit_constant, fit_line
from lossbook.analysis.residual_curve import residual_curve
from lossbook.catalogue import CATALOGUE
from lossbook.core import Loss
from lossbook.explorer import Choice, Explorer, Handle, Slider, palette, subplots
from lossbook.figures.loss_profile import GRID, REACH, SAMPLE, profile
from lossbook.figures.wording import letter, written
from lossbook.losses.regression import MAE, MSE, PINBALL
from lossbook.losses.robust import CAUCHY, HUBER

COLOURS = {"squared": palette.loss, "huber": palette.model, "absolute": palette.density, "cauchy": palette.gradient}

SCALES = np.array([1003.0, 998.0, 1001.0, 996.0, 1004.0, 999.0, 1000.0, 1002.0])  # grams, eight readings of one bag
"""Eight kitchen scales weigh the same bag of flour; the ninth is the reader's."""


def flour_scales() -> Explorer:
    """The constants that three losses choose for nine readings, one of which the reader moves."""
    rows = [
        ("squared error", MSE, {}, COLOURS["squared"]),
        ("Huber, δ = 3 g", HUBER, {"delta": 3.0}, COLOURS["huber"]),
        ("absolute error", MAE, {}, COLOURS["absolute"]),
    ]
    figure, axis = subplots(figsize=(4.8, 3.2))
    axis.plot(SCALES, np.full(SCALES.size, 3.0), "o", color=palette.data, ms=7, alpha=0.8)
    (ninth,) = axis.plot([1010], [3], "o", color=palette.outlier, ms=11)
    marks = []
    for height, (_, _, _, colour) in zip((2, 1, 0), rows, strict=True):
        axis.axhline(height, color=palette.muted, lw=0.5)
        marks.append(axis.plot([1000], [height], "D", color=colour, ms=9)[0])
    texts = [
        axis.text(1000, mark.get_ydata()[0] + 0.22, "", ha="center", color=row[3])
        for mark, row in zip(marks, rows, strict=True)
    ]
    axis.set(xlim=(985, 1085), ylim=(-0.6, 3.6), xlabel="weight in grams")
    axis.set_yticks([3, 2, 1, 0], ["readings", *(row[0] for row in rows)])
    axis.tick_params(axis="y", length=0)

    def update(reading: float) -> str:
        ninth.set_xdata([reading])
        chosen = [fit_constant(loss, [*SCALES, reading], **parameters) for _, loss, parameters, _ in rows]
        for mark, text, constant in zip(marks, texts, chosen, strict=True):
            mark.set_xdata([constant])
            text.set_x(constant)
            text.set_text(f"{constant:.1f} g")
        squared, huber, absolute = chosen
        return (
            f"With the ninth scale at {reading:.0f} g, squared error chooses {squared:.1f} g, "
            f"Huber {huber:.1f} g and absolute error {absolute:.1f} g."
        )

    return Explorer(
        figure,
        update,
        name="flour-scales",
        controls={"reading": Slider(990, 1080, step=2, value=1010, label="the ninth scale", unit="g")},
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
    left.plot(GRID, GRID**2, color=palette.muted, lw=1, ls=":")
    right.plot(GRID, 2 * GRID, color=palette.muted, lw=1, ls=":")
    right.text(1.35, 3.7, "squared", color=palette.muted, ha="right", fontsize="small")
    (value_curve,) = left.plot(GRID, GRID, color=palette.loss)
    (slope_curve,) = right.plot(GRID, GRID, color=palette.gradient)
    (probe,) = left.plot([2], [2], "o", color=palette.loss, ms=9)
    (probe_slope,) = right.plot([2], [2], "o", color=palette.gradient, ms=9)

    def update(loss: str, at_e: float) -> str:
        record = losses[loss]
        curve = residual_curve(record)
        value_curve.set_data(GRID, curve.value(GRID))
        slope_curve.set_data(GRID, curve.slope(GRID))
        here = np.array([at_e])
        value, slope = float(curve.value(here)[0]), float(curve.slope(here)[0])
        probe.set_data(here, [value])
        probe_slope.set_data(here, [slope])
        settings = ", ".join(
            f"{letter(record.parameters[key].symbol)} = {at:g}" for key, at in curve.parameters.items()
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


LINE_X = np.arange(1.0, 11.0)
LINE_Y = np.array([2.9, 3.4, 4.9, 5.6, 6.2, 7.7, 8.0, 9.3, 9.8, 11.2])
LINE_LOSSES: tuple[tuple[str, Loss, dict[str, float], str, str], ...] = (
    ("squared", MSE, {}, "squared", "-"),
    ("Huber, δ = 1", HUBER, {}, "huber", "-"),
    ("absolute", MAE, {}, "absolute", "--"),
    ("Cauchy, c = 1", CAUCHY, {"scale": 1.0}, "cauchy", "-."),
)


@cache
def lines_with_outlier(x: float, y: float) -> dict[str, Line]:
    """The line that each loss of the figure fits to the ten points and an eleventh at (x, y)."""
    places, targets = np.append(LINE_X, x), np.append(LINE_Y, y)
    return {label: fit_line(loss, places, targets, **parameters) for label, loss, parameters, _, _ in LINE_LOSSES}


def outlier_line() -> Explorer:
    """One point the reader drags, and the line under each loss."""
    figure, axis = subplots(figsize=(4.8, 3.9))
    axis.plot(LINE_X, LINE_Y, "o", color=palette.data, ms=6, alpha=0.8)
    ends = np.array([0.0, 11.0])
    drawn = {}
    for row, (label, _, _, role, style) in enumerate(LINE_LOSSES):
        colour = COLOURS[role]
        (line,) = axis.plot(ends, ends, style, color=colour, lw=2)
        axis.plot([0.3, 1.1], [24 - 1.5 * row] * 2, style, color=colour, lw=2)
        drawn[label] = line, axis.text(1.3, 24 - 1.5 * row, "", color=colour, va="center", fontsize="small")
    (outlier,) = axis.plot([9], [2], "o", color=palette.outlier, ms=12)
    axis.set(xlim=(0, 11), ylim=(-1, 25.2), xlabel="x", ylabel="y", yticks=[0, 5, 10, 15, 20])

    def update(x: float, y: float) -> str:
        outlier.set_data([x], [y])
        fits = lines_with_outlier(x, y)
        for label, (line, text) in drawn.items():
            line.set_ydata(fits[label](ends))
            text.set_text(f"{label}: slope {written(fits[label].slope)}")
        slopes = ", ".join(f"{label.split(',')[0]} {written(fit.slope)}" for label, fit in fits.items())
        return f"With the loose point at ({x:.1f}, {y:.0f}) the slopes are: {slopes}."

    return Explorer(
        figure,
        update,
        name="outlier-line",
        controls={
            "x": Slider(0.5, 10.5, step=1.0, value=9.5, label="loose point, x"),
            "y": Slider(0, 18, step=1.0, value=2.0, label="loose point, y"),
        },
        handles=[Handle(outlier, x="x", y="y")],
        caption="Ten points lie near one line; drag the eleventh. Near the end of the line it has leverage, in the "
        "middle almost none. Watch which lines give way gradually, which jump, and which let go of the point.",
        alt="A scatter of ten points rising along a line, an eleventh far below at the right, and four fitted lines: "
        "the squared-error line is tilted towards the loose point, the others much less.",
    )


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
        below = int((food < fit(income) - 1e-6).sum())
        return (
            f"At τ = {quantile:.2f} the line is {fit.intercept:.1f} + {fit.slope:.3f} · income; {below} of the "
            f"{food.size} households ({100 * below / food.size:.0f}%) lie below it."
        )

    return Explorer(
        figure,
        update,
        name="quantile-lines",
        controls={"quantile": Slider(0.05, 0.95, step=0.05, value=0.9, label="level τ")},
        caption="What 235 Belgian households in Engel's data spent on food. Move τ: the pinball loss fits a line with "
        "about that share of the households below it (dotted: τ = 0.5). The lines fan out, so the spread grows with "
        "income.",
        alt="A scatter of food expenditure against income that widens to the right, with a line at the 90 per cent "
        "quantile above most points and a dotted median line.",
    )


def influence() -> Explorer:
    """The slopes of the regression losses in one picture: the influence of a residual."""
    shown: tuple[tuple[str, Loss, dict[str, float], float, str, str, tuple[float, float], str], ...] = (
        ("squared / 2", MSE, {}, 0.5, "squared", "-", (2.05, 2.6), "right"),
        ("Huber", HUBER, {}, 1.0, "huber", "-", (5.1, 1.36), "left"),
        ("absolute", MAE, {}, 1.0, "absolute", "--", (5.1, 0.97), "left"),
        ("Cauchy", CAUCHY, {"scale": 1.0}, 1.0, "cauchy", "-.", (5.1, 0.36), "left"),
    )
    figure, axis = subplots(figsize=(4.8, 3.4))
    for label, loss, parameters, factor, role, style, place, side in shown:
        colour = COLOURS[role]
        axis.plot(GRID, factor * residual_curve(loss, **parameters).slope(GRID), style, color=colour, lw=2)
        axis.text(*place, label, color=colour, ha=side, va="center")
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
