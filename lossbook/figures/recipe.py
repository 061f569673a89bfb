"""The figures and explorers of the chapter on the recipe: from a distribution to a loss."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from lossbook.analysis.doctor_visits import MOST, expected, observed
from lossbook.analysis.households import (
    GROUPS,
    USUAL,
    best_line,
    households,
    inside_band,
    likeliest_line,
    mean_loss,
    spread,
)
from lossbook.analysis.label_mass import MARGIN_LOSSES
from lossbook.analysis.label_mass import label_mass as mass_of_labels
from lossbook.analysis.point_forecasts import beta_answers, beta_partner, beta_quantile, likeliest_counts
from lossbook.analysis.predicted_spread import INCOMES, band, best, split
from lossbook.analysis.predicted_spread import STEPS as TRAINED
from lossbook.analysis.predicted_spread import run as spread_run
from lossbook.analysis.railway import KM, components, density, fitted, rides
from lossbook.core import Floats, Loss
from lossbook.explorer import Challenge, Choice, Explorer, Handle, Predict, Slider, palette, subplots
from lossbook.figures.wording import written
from lossbook.losses.likelihood_bounded import beta_mode, beta_nll, von_mises_nll, von_mises_nll_grad
from lossbook.losses.likelihood_discrete import poisson_nll, poisson_nll_grad
from lossbook.losses.likelihood_real import LAPLACE_NLL, NORMAL_NLL, STUDENT_T_NLL, normal_nll

# ── Fractions ────────────────────────────────────────────────────────────────────────────────────────────────────────

SHARE = np.linspace(0.005, 0.995, 199)
SHAPES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0)


def _beta_losses(a: float | Floats, b: float | Floats, y: Floats) -> Floats:
    return np.asarray(beta_nll(a, b, y, reduction="none"))


def _most_likely(a: float, b: float) -> str:
    mode = float(beta_mode(a, b))
    return "there is no single most likely value" if np.isnan(mode) else f"the most likely value is {mode:.2f}"


def sunny_share() -> Explorer:
    """A Beta density for the sunny share of a day, and the loss at the share that came."""
    figure, (left, right) = subplots(1, 2)
    (curve,) = left.plot(SHARE, SHARE, color=palette.density)
    (losses,) = right.plot(SHARE, SHARE, color=palette.loss)
    (stick,) = left.plot([0.7, 0.7], [0, 1], color=palette.data, lw=1)
    (top,) = left.plot([0.7], [1], "o", color=palette.density, ms=10)
    (probe,) = right.plot([0.7], [1], "o", color=palette.loss, ms=10)
    right.axhline(0, color=palette.muted, lw=0.8)
    for axis in (left, right):
        axis.set(xlim=(0, 1), xlabel="sunny share of the day, y", xticks=[0, 0.25, 0.5, 0.75, 1])
    left.set(ylim=(0, 4.6), title="the forecast: a density")
    right.set(ylim=(-2, 13), title="loss in nats if y comes")

    def update(a: float, b: float, y: float) -> str:
        losses.set_ydata(_beta_losses(a, b, SHARE))
        curve.set_ydata(np.exp(-_beta_losses(a, b, SHARE)))
        loss = float(beta_nll(a, b, y))
        stick.set_data([y, y], [0, np.exp(-loss)])
        top.set_data([y], [np.exp(-loss)])
        probe.set_data([y], [loss])
        return (
            f"The forecast ({a:g}, {b:g}) gives the share {y:.1f} the density {np.exp(-loss):.3f}, a loss of "
            f"{written(loss, 3)} nats; {_most_likely(a, b)}."
        )

    return Explorer(
        figure,
        update,
        name="sunny-share",
        challenge=Challenge(
            "Leave the outcome at 0.7 and find a forecast whose loss is below −0.8 nats.",
            lambda a, b, y: y == 0.7 and float(beta_nll(a, b, y)) < -0.8,
        ),
        controls={
            "a": Slider(values=SHAPES, value=2.0, label="first number a"),
            "b": Slider(values=SHAPES, value=5.0, label="second number b"),
            "y": Slider(0.1, 0.9, step=0.1, value=0.7, label="what came, y"),
        },
        handles=[Handle(top, x="y"), Handle(probe, x="y")],
        caption="Drag the outcome y: the loss is high where the density is low. Where the density exceeds 1, the "
        "loss lies below zero.",
        alt="Left, a density over the share from 0 to 1 with its peak at 0.2 and a mark at 0.7, where it is low. "
        "Right, the loss: lowest at 0.2, rising steeply towards 1, with a mark of 1.77 at 0.7.",
    )


Y_SEEN = 0.7
PLANE = np.linspace(1, 10.5, 77)
# Steps of 0.7 and of 0.3 from (1, 1) stay on the line of shapes with mode 0.7; 2 and 5 are the forecaster's.
A_VALUES = sorted({2.0, *(round(1 + 0.7 * k, 1) for k in range(14))})
B_VALUES = sorted({5.0, *(round(1 + 0.3 * k, 1) for k in range(31))})


def beta_map() -> Explorer:
    """The loss at y = 0.7 over the plane of (a, b), the line of all shapes with mode 0.7, and the density chosen."""
    figure, (left, right) = subplots(1, 2)
    a_grid, b_grid = np.meshgrid(PLANE, PLANE)
    heights = _beta_losses(a_grid, b_grid, np.full_like(a_grid, Y_SEEN))
    contours = left.contour(
        a_grid, b_grid, heights, levels=[-1.1, -0.75, 0, 1, 2, 4], colors=palette.loss, linewidths=1, linestyles="solid"
    )
    left.clabel(contours, fmt=lambda level: f"{level:g}".replace("-", "−"), fontsize="small")
    ray = np.array([1.0, PLANE[-1]])
    left.plot(ray, [beta_partner(a, Y_SEEN) for a in ray], "--", color=palette.density)
    (chosen,) = left.plot([2], [5], "o", color=palette.model, ms=11)
    left.set(xlim=(0.7, 10.5), ylim=(0.7, 10.5), xlabel="a", ylabel="b", title="loss at y = 0.7, dashed: mode 0.7")
    (curve,) = right.plot(SHARE, SHARE, color=palette.density)
    (stick,) = right.plot([Y_SEEN, Y_SEEN], [0, 1], color=palette.data, lw=1.5)
    (mark,) = right.plot([0.2, 0.2], [0, 1], ":", color=palette.model, lw=1.5)
    right.set(xlim=(0, 1), ylim=(0, 4.6), xlabel="y", title="density, dotted: its mode")

    def update(a: float, b: float) -> str:
        chosen.set_data([a], [b])
        curve.set_ydata(np.exp(-_beta_losses(a, b, SHARE)))
        loss, mode = float(beta_nll(a, b, Y_SEEN)), float(beta_mode(a, b))
        stick.set_ydata([0, np.exp(-loss)])
        mark.set_data([mode, mode], [0, 4.6])
        return f"At a = {a:g} and b = {b:g} the loss at y = 0.7 is {written(loss, 3)} nats; {_most_likely(a, b)}."

    return Explorer(
        figure,
        update,
        name="beta-map",
        controls={
            "a": Slider(values=A_VALUES, value=2.0, label="a"),
            "b": Slider(values=B_VALUES, value=5.0, label="b"),
        },
        handles=[Handle(chosen, x="a", y="b")],
        caption="Drag the point across the map. Every pair on the dashed line, its start (1, 1) apart, has its most "
        "likely value at 0.7. Move outwards along it: the mode stays, the density narrows, and the loss at 0.7 goes "
        "on falling.",
        alt="Left, level lines of the loss over a and b, with a valley along a dashed line from (1, 1) to the right, "
        "and a point at (2, 5) far from it. Right, the density of that point, its mode at 0.2 and the outcome at 0.7.",
    )


def many_answers() -> Explorer:
    """One predicted density and the number that pinball loss reads off it, beside mode, median and mean."""
    a, b = 2.0, 5.0
    figure, axis = subplots(figsize=(4.8, 3.3))
    axis.plot(SHARE, np.exp(-_beta_losses(a, b, SHARE)), color=palette.density)
    for row, (name, place) in enumerate(beta_answers(a, b).items()):
        axis.plot([place, place], [0, 2.62 + 0.3 * row], color=palette.muted, lw=1)
        axis.text(place + 0.008, 2.62 + 0.3 * row, f"{name} {place:.3f}", color=palette.muted, va="center")
    (line,) = axis.plot([0.5, 0.5], [0, 1], color=palette.model, lw=2.5)
    text = axis.text(0.97, 1.9, "", color=palette.model, ha="right")
    axis.set(xlim=(0, 1), ylim=(0, 3.6), xlabel="sunny share of the day, y", ylabel="density")

    def update(quantile: float) -> str:
        place = beta_quantile(a, b, quantile)
        line.set_data([place, place], [0, np.exp(-float(beta_nll(a, b, place)))])
        text.set_text(f"τ = {quantile:.2f}: report {place:.3f}")
        ratio = f"{quantile / (1 - quantile):.2g} times "
        return (
            f"If each unit that a forecast is too low costs {'' if ratio == '1 times ' else ratio}as much as each "
            f"that it is too high, report {place:.3f}, the {quantile:.2f} quantile."
        )

    return Explorer(
        figure,
        update,
        name="many-answers",
        predict=Predict(
            f"{beta_quantile(a, b, 0.75):.3f}",
            "It is the level that the outcome stays below with a probability of three quarters: 3/(3 + 1).",
            options=[*(f"{place:.3f}" for place in beta_answers(a, b).values()), f"{beta_quantile(a, b, 0.75):.3f}"],
        ),
        controls={"quantile": Slider(0.05, 0.95, step=0.05, value=0.75, label="level τ")},
        caption="One predicted density, here a = 2 and b = 5, answers many questions. Move τ to change what too low "
        "costs against too high; the density stays, the number to report moves.",
        alt="A density over the share from 0 to 1 with thin lines at its mode 0.2, median 0.264 and mean 0.286, and a "
        "thick line at its 0.75 quantile, 0.389.",
    )


# ── A density beside its loss ────────────────────────────────────────────────────────────────────────────────────────

REACH = 4.0
RESIDUALS = np.linspace(-REACH, REACH, 161)
NOISE: dict[str, tuple[Loss, dict[str, float]]] = {
    "normal": (NORMAL_NLL, {}),
    "Laplace": (LAPLACE_NLL, {}),
    "Student-t, ν = 4": (STUDENT_T_NLL, {"df": 4.0}),
    "Cauchy (Student-t, ν = 1)": (STUDENT_T_NLL, {"df": 1.0}),
}


HUNDREDS = np.array([3.0, 50.0])  # hundred francs of income: the ends of the line


def density_beside_loss() -> Explorer:
    """A density of the residual, beside it its negative logarithm, and the line that this loss fits to households."""
    figure, (left, middle, right) = subplots(1, 3, figsize=(9.6, 2.5))
    (bell,) = left.plot(RESIDUALS, RESIDUALS, ":", color=palette.muted, lw=1)
    (bowl,) = middle.plot(RESIDUALS, RESIDUALS, ":", color=palette.muted, lw=1)
    (curve,) = left.plot(RESIDUALS, RESIDUALS, color=palette.density)
    (losses,) = middle.plot(RESIDUALS, RESIDUALS, color=palette.loss)
    (top,) = left.plot([2], [1], "o", color=palette.density, ms=10)
    (probe,) = middle.plot([2], [1], "o", color=palette.loss, ms=10)
    for axis in (left, middle):
        axis.set(xlim=(-REACH - 0.2, REACH + 0.2), xlabel="residual e (100 francs)")
    left.set(ylim=(0, 0.75), title="density p(e)")
    middle.set(ylim=(-0.6, 16), title="loss −log p(e), in nats")
    left.text(-4.0, 0.73, "dotted: normal", color=palette.muted, va="top")
    income, food = households()
    right.plot(income / 100, food / 100, "o", color=palette.data, ms=3, alpha=0.5)
    right.plot(HUNDREDS, likeliest_line(NORMAL_NLL.name, 1.0)(HUNDREDS), ":", color=palette.muted, lw=1.5)
    (line,) = right.plot(HUNDREDS, HUNDREDS, color=palette.model)
    right.set(xlim=(2, 51), ylim=(0, 30), xlabel="income (100 francs)", title="food (100 francs): the line")

    @cache
    def shape(density: str, scale: float) -> Floats:
        loss, parameters = NOISE[density]
        return np.asarray(loss.value(0 * RESIDUALS, RESIDUALS, scale=scale, reduction="none", **parameters))

    def update(density: str, scale: float, at_e: float) -> str:
        normal, chosen = shape("normal", scale), shape(density, scale)
        bell.set_ydata(np.exp(-normal))
        bowl.set_ydata(normal)
        curve.set_ydata(np.exp(-chosen))
        losses.set_ydata(chosen)
        loss, parameters = NOISE[density]
        value = float(loss.value([0.0], [at_e], scale=scale, **parameters))
        pull = float(np.asarray(loss.grad([0.0], [at_e], scale=scale, **parameters))[0])
        top.set_data([at_e], [np.exp(-value)])
        probe.set_data([at_e], [value])
        fitted = likeliest_line(loss.name, scale, **parameters)
        line.set_ydata(fitted(HUNDREDS))
        return (
            f"{density}, scale {scale:g}: at e = {written(at_e, 1)} the density is {np.exp(-value):.4f}, the loss "
            f"{written(value, 3)} nats and its gradient in the prediction {written(pull, 3)}. The likeliest line "
            f"spends {100 * fitted.slope:.1f} of 100 further francs on food."
        )

    return Explorer(
        figure,
        update,
        name="density-beside-loss",
        controls={
            "density": Choice(list(NOISE), value="normal", label="density"),
            "scale": Slider(values=[0.75, 1.0, 1.5, 2.0], value=1.0, label="scale"),
            "at_e": Slider(-REACH, REACH, step=1.0, value=2.0, label="residual e"),
        },
        handles=[Handle(top, x="at_e"), Handle(probe, x="at_e")],
        caption="Choose a density and drag the residual outwards: a tail that falls fast makes a loss that rises fast. "
        "On the right, the line for 235 households (dotted: that of the normal): all three heavier tails make it "
        "steeper, since a few rich ones hold it down.",
        alt="Left, the standard normal density over residuals from −4 to 4. Middle, its negative logarithm, a parabola "
        "whose lowest value is 0.92. Right, food against income of 235 households, and the line that the normal fits.",
    )


# ── Mean and spread ──────────────────────────────────────────────────────────────────────────────────────────────────

TINY, WIDE = -3.0, 1.0  # the decades of σ in the picture of one residual
DECADES = np.linspace(TINY, WIDE, 161)


def one_scale() -> Explorer:
    """The normal loss of one residual as a function of σ, with and without a floor under σ."""
    figure, axis = subplots(figsize=(4.8, 3.4))
    (curve,) = axis.plot(DECADES, DECADES, color=palette.loss)
    (point,) = axis.plot([0], [1], "o", color=palette.loss, ms=11)
    (best,) = axis.plot([0, 0], [-7, 9], ":", color=palette.model)
    axis.text(TINY + 0.05, 8.6, "dotted: σ = |e|", color=palette.model, va="top")
    axis.axhline(0, color=palette.muted, lw=0.8)
    axis.set(xlim=(TINY - 0.1, WIDE + 0.1), ylim=(-6.8, 9), xlabel="predicted σ (logarithmic)", ylabel="loss in nats")
    axis.set_xticks(range(-3, 2), ["0.001", "0.01", "0.1", "1", "10"])

    def losses(decades: Floats, residual: float, floor: float) -> Floats:
        scales = np.maximum(10.0**decades, floor)
        return np.asarray(normal_nll(0 * scales, 0 * scales + residual, scale=scales, reduction="none"))

    def update(residual: float, decade: float, floor: float) -> str:
        heights = losses(DECADES, residual, floor)
        inside = heights <= 60  # far above the picture nothing needs to be drawn
        curve.set_data(DECADES[inside], heights[inside])
        here = float(losses(np.array([decade]), residual, floor)[0])
        point.set_data([decade], [min(here, 8.8)])
        held_up = residual == 0 or residual < floor  # then the residual itself is no longer the best σ
        at_best = np.nan if held_up else np.log10(residual)
        best.set_xdata([at_best, at_best])
        sigma = 10.0**decade
        held = f", held at the floor {floor:g}" if sigma < floor else ""
        lowest = f"lowest at σ = {residual:g}" if residual >= max(floor, 1e-9) else "lower the smaller σ is"
        if residual < floor:
            lowest = f"lowest at the floor {floor:g}"
        return f"Residual {residual:g}, σ = {sigma:.3g}{held}: the loss is {_size(here)} nats, {lowest}."

    return Explorer(
        figure,
        update,
        name="one-scale",
        predict=Predict(
            "It has no lowest value.",
            "Each time σ is divided by ten, the loss falls by another 2.3 nats, without end.",
            options=["Down to 0.", "Down to ½ log 2π, about 0.92 nats.", "It has no lowest value."],
        ),
        controls={
            "residual": Slider(values=[0, 0.01, 0.1, 0.3, 1.0, 3.0], value=1.0, label="residual |e|"),
            "decade": Slider(TINY, WIDE, step=0.5, value=0.0, label="log₁₀ σ"),
            "floor": Choice({"no floor": 0.0, "floor 0.01": 0.01, "floor 0.1": 0.1}, value=0.0, label="floor under σ"),
        },
        handles=[Handle(point, x="decade")],
        caption="Drag the point along the curve: the best σ for one residual is the size of that residual. Then move "
        "the residual to 0, and nothing stops the fall. A floor does.",
        alt="The loss of the residual 1 over σ from 0.001 to 10 on a logarithmic axis: it falls steeply, is lowest at "
        "σ = 1 and rises slowly from there.",
    )


def _size(number: float) -> str:
    return written(number, 3) if abs(number) < 1000 else f"{number:,.0f}"


def engel_band() -> Explorer:
    """Food expenditure with a band of ±2σ whose width the reader models, and how many households each part holds."""
    income, food = households()
    figure, (left, right) = subplots(1, 2, figsize=(7, 3.6), width_ratios=[3, 2])
    left.plot(income, food, "o", color=palette.data, ms=3.5, alpha=0.5)
    ends = np.linspace(350, 5000, 25)
    (line,) = left.plot(ends, ends, color=palette.model, lw=2)
    edges = [left.plot(ends, ends, "--", color=palette.model, lw=1.5)[0] for _ in range(2)]
    left.set(xlim=(300, 5050), ylim=(0, 2900), xlabel="yearly income (francs)", ylabel="spent on food (francs)")
    left.set_title("line and ±2σ")
    right.axhline(USUAL, color=palette.muted, lw=1.2)
    right.text(0.6, 33, f"thin line: normal, {USUAL}%", color=palette.muted, fontsize="small")
    (shares,) = right.plot(np.arange(1, GROUPS + 1), np.full(GROUPS, 90.0), "o-", color=palette.model, ms=8)
    right.set(xlim=(0.5, 5.5), ylim=(30, 104), xlabel="fifth of the incomes", title="% inside the band")
    right.set_xticks(range(1, 6), ["lowest", "2", "3", "4", "highest"], fontsize="small")

    def update(level: float, power: float) -> str:
        mean = best_line(power)
        line.set_ydata(mean(ends))
        for edge, sign in zip(edges, (-2, 2), strict=True):
            edge.set_ydata(mean(ends) + sign * spread(level, power, ends))
        shares.set_ydata(inside_band(level, power))
        return (
            f"σ is {spread(level, power, 500.0):.0f} francs at an income of 500 and "
            f"{spread(level, power, 2500.0):.0f} at 2500; the mean loss is "
            f"{mean_loss(level, power):.3f} nats a household."
        )

    return Explorer(
        figure,
        update,
        name="engel-band",
        controls={
            "level": Slider(70, 150, step=20, value=110, label="σ at the mean income"),
            "power": Slider(0.0, 1.6, step=0.2, value=0.0, label="power of growth"),
        },
        caption="At power 0 the band has one width: it is too wide for low incomes and too narrow for high ones. Raise "
        "the power, then lower σ, and find the smallest mean loss. The five points on the right level out.",
        alt="Left, food expenditure of 235 households against income with a line and a band of constant width, "
        "although the points fan out to the right. Right, the share inside the band: all of the four lower fifths, "
        "83 per cent of the highest.",
    )


SHOWN_STEPS = (0, 10, 30, 100, 300, 1000, 2000)


def overfitted_spread() -> Explorer:
    """A network that predicts mean and σ, step by step: its band, and the loss of seen and of unseen households."""
    figure, (left, right) = subplots(1, 2, figsize=(7, 3.6))
    seen, unseen = split().incomes
    left.plot(unseen, 100 * split().test[1], "o", color=palette.muted, ms=2, alpha=0.5)
    left.plot(seen, 100 * split().train[1], "o", color=palette.data, ms=5)
    (line,) = left.plot(INCOMES, INCOMES, color=palette.model, lw=2)
    edges = [left.plot(INCOMES, INCOMES, "--", color=palette.model, lw=1.2)[0] for _ in range(2)]
    left.set(
        xscale="log",
        xlim=(360, 5200),
        ylim=(0, 2400),
        xlabel="yearly income (francs)",
        title="food (francs), line and ±2σ",
    )
    left.set_xticks([400, 700, 1000, 2000, 4000], ["400", "700", "1000", "2000", "4000"])
    left.minorticks_off()
    left.text(380, 2330, "large dots: 40 to learn from", color=palette.data, va="top", fontsize="small")
    left.text(380, 2180, "small: the 195 others", color=palette.muted, va="top", fontsize="small")
    places = np.arange(len(TRAINED))
    (losses,) = right.plot(places, places, color=palette.loss)
    (others,) = right.plot(places, places, "--", color=palette.loss)
    (stop,) = right.plot([5, 5], [-1.5, 100], ":", color=palette.muted, lw=1.5)
    (here,) = right.plot([0, 0], [1, 1], "o", color=palette.loss, ms=8)
    right.set(
        yscale="symlog", ylim=(-1.4, 900), xlim=(-0.6, places[-1] + 0.6), xlabel="steps", title="mean loss in nats"
    )
    right.set_yscale("symlog", linthresh=3, linscale=1.6)
    right.set_yticks([-1, 0, 1, 2, 3, 10, 100], ["−1", "0", "1", "2", "3", "10", "100"])
    right.minorticks_off()
    right.set_xticks([TRAINED.index(step) for step in SHOWN_STEPS], ["0", "10", "30", "100", "300", "", "2000"])
    right.text(-0.3, 600, "solid: the 40, dashed: the 195", color=palette.loss, va="top", fontsize="small")
    right.text(-0.3, 250, "dotted: stop here", color=palette.muted, va="top", fontsize="small")

    def update(step: int, floor: float) -> str:
        records = spread_run(floor)
        losses.set_ydata([record.loss for record in records])
        others.set_ydata([record.test_loss for record in records])
        at = TRAINED.index(step)
        record, early = records[at], best(records)
        mean, scale = band(record, floor)
        line.set_ydata(100 * mean)
        for edge, sign in zip(edges, (-2, 2), strict=True):
            edge.set_ydata(np.clip(100 * (mean + sign * scale), -500, 3000))
        stop.set_xdata([TRAINED.index(early.step)] * 2)
        here.set_data([at, at], [record.loss, record.test_loss])
        return (
            f"After {step} steps the mean loss is {written(record.loss)} nats for the 40 households and "
            f"{written(record.test_loss)} for the 195 others. For these it is lowest, {early.test_loss:.2f}, after "
            f"{early.step} steps."
        )

    return Explorer(
        figure,
        update,
        name="overfitted-spread",
        predict=Predict(
            "It ends higher than before the first step.",
            "A floor bounds the loss of the 40 from below. Of the others the network misses some by many σ.",
            options=[
                "It falls too, more slowly.",
                "It falls and then levels out: the floor holds it.",
                "It ends higher than before the first step.",
            ],
        ),
        controls={
            "step": Slider(values=list(SHOWN_STEPS), value=30, label="steps of training"),
            "floor": Choice(
                {"no floor": 0.0, "floor 10 francs": 0.1, "floor 50 francs": 0.5}, value=0.5, label="floor under σ"
            ),
        },
        caption="Train on, and the band closes around the large dots: their loss falls, that of the others turns and "
        "rises. In the end it stands the higher the lower the floor. The remedy is the dotted line.",
        alt="Left, food against income, a smooth line and a band that most dots lie in. Right, over the steps, a solid "
        "curve that falls and a dashed one that falls to about 1.2 and then rises to 4.",
    )


# ── Counts ───────────────────────────────────────────────────────────────────────────────────────────────────────────

COUNTS = np.arange(0.0, 16.0)
RATES = np.linspace(0.1, 8.5, 85)


def poisson_bars() -> Explorer:
    """A Poisson distribution beside the loss of one count as a function of the rate."""
    figure, (left, right) = subplots(1, 2)
    bars = left.bar(COUNTS, COUNTS, width=0.7, color=palette.density, alpha=0.6)
    (top,) = left.plot([2], [0.1], "o", color=palette.density, ms=10)
    (curve,) = right.plot(RATES, RATES, color=palette.loss)
    (probe,) = right.plot([3], [1], "o", color=palette.loss, ms=10)
    left.set(
        xlim=(-0.7, 15.7), ylim=(0, 0.65), xlabel="count y", title="probability at the rate λ", xticks=[0, 5, 10, 15]
    )
    right.set(xlim=(0, 8.7), ylim=(0, 18), xlabel="rate λ", title="loss of the count, in nats")

    def update(rate: float, count: int) -> str:
        s = np.log(rate)
        for bar, height in zip(bars, np.exp(-_counts(s, COUNTS)), strict=True):
            bar.set_height(height)
        loss, slope = float(poisson_nll(s, count)), float(poisson_nll_grad(s, count))
        top.set_data([count], [np.exp(-loss)])
        curve.set_ydata(_counts(np.log(RATES), np.full(RATES.size, float(count))))
        probe.set_data([rate], [loss])
        return (
            f"At λ = {rate:g} the count {count} has probability {np.exp(-loss):.4f}, a loss of {loss:.3f} nats; the "
            f"gradient in log λ is λ − y = {written(slope, 1)}; {_likeliest(rate)}."
        )

    return Explorer(
        figure,
        update,
        name="poisson-bars",
        controls={
            "rate": Slider(0.5, 8.0, step=0.5, value=3.5, label="rate λ"),
            "count": Slider(0, 8, step=1, value=2, label="count y"),
        },
        handles=[Handle(top, x="count"), Handle(probe, x="rate")],
        caption="Drag the rate on the right. For one count the loss is lowest at λ = y. Left of a positive count "
        "it rises steeply: a rate near zero calls every positive count nearly impossible.",
        alt="Left, bars of the probabilities of 0 to 15 at the rate 3.5, with a mark on the count 2. Right, the loss "
        "of the count 2 over the rate, lowest at 2.",
    )


def _likeliest(rate: float) -> str:
    counts = likeliest_counts(rate)
    if len(counts) == 1:
        return f"the most likely count is {counts[0]}"
    return f"the most likely counts are {counts[0]} and {counts[1]}"


def _counts(s: ArrayLike, counts: Floats) -> Floats:
    return np.asarray(poisson_nll(np.broadcast_to(s, counts.shape), counts, reduction="none"))


SPREADS = (0.0, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)


def doctor_visits() -> Explorer:
    """Hanging rootogram: what a distribution expects of the visits to a doctor, and what is missing or too much."""
    figure, axis = subplots(figsize=(4.8, 3.4))
    counts, seen = np.arange(MOST + 1), np.sqrt(observed())
    bars = axis.bar(counts, seen, width=0.8, color=palette.data, alpha=0.45)
    (curve,) = axis.plot(counts, seen, "o-", color=palette.model, ms=4, lw=1.5)
    axis.axhline(0, color=palette.ink, lw=1)
    axis.text(20.4, 0.74, "curve: expected", color=palette.model, ha="right", va="top")
    axis.text(20.4, 0.66, "bars: observed, hung from it", color=palette.data, ha="right", va="top")
    axis.set(xlim=(-0.7, 20.7), ylim=(-0.36, 0.78), xlabel="visits in a year", ylabel="root of the share")
    axis.set_xticks(range(0, 21, 5))

    def update(spread: float) -> str:
        chosen = expected(spread)
        top = np.sqrt(chosen.shares)
        curve.set_ydata(top)
        for bar, end, height in zip(bars, top, seen, strict=True):
            bar.set_y(end - height)
            bar.set_height(height)
        name = f"Negative binomial, r = {1 / spread:.3g}" if spread else "Poisson"
        return (
            f"{name}: variance {chosen.variance:.1f}, {100 * chosen.shares[0]:.1f}% without a visit "
            f"({100 * observed()[0]:.1f}% observed); the mean loss is {chosen.loss:.3f} nats."
        )

    return Explorer(
        figure,
        update,
        name="doctor-visits",
        predict=Predict(
            float(round(100 * expected(0.0).shares[0], 1)),
            f"It is $e^{{-\\lambda}}$. Observed are {100 * observed()[0]:.1f}%.",
            unit="%",
        ),
        challenge=Challenge(
            "Make the mean loss as low as the slider can.",
            lambda spread: spread == min(SPREADS, key=lambda one: expected(one).loss),
        ),
        controls={"spread": Slider(values=list(SPREADS), value=0.0, label="extra spread 1/r")},
        caption="Where a bar ends above the line, the distribution expects too much; below it, too little. Raise the "
        "spread: the mean stays, the variance grows, and the bars come to stand on the line, then leave it again.",
        alt="Over the counts 0 to 20, bars of the observed shares hang from a curve of what Poisson expects. The bar "
        "of 0 reaches far below the line, those of 2 to 6 end above it, and from 7 on all hang below it.",
    )


# ── Angles ───────────────────────────────────────────────────────────────────────────────────────────────────────────

FORECAST = 345.0  # degrees, clockwise from north: just west of it
COMPASS = np.arange(0.0, 361.0, 3.0)


def _bearing(degrees: ArrayLike, radius: float | Floats = 1.0) -> tuple[Floats, Floats]:
    """Where a compass bearing stands on a circle with north on top."""
    angle = np.deg2rad(degrees)
    return radius * np.sin(angle), radius * np.cos(angle)


def wind_rose() -> Explorer:
    """A von Mises density around a compass, and its loss beside the squared error of the raw degrees."""
    figure, (left, right) = subplots(1, 2, figsize=(7, 3.6))
    left.plot(*_bearing(COMPASS), color=palette.muted, lw=1)
    (curve,) = left.plot(*_bearing(COMPASS), color=palette.density)
    left.plot(*_bearing(FORECAST, np.array([0, 1.0])), color=palette.model, lw=2)
    (dot,) = left.plot(*_bearing([45.0]), "o", color=palette.data, ms=10)
    for name, degrees in (("N", 0), ("E", 90), ("S", 180), ("W", 270)):
        x, y = _bearing(degrees, 0.72)
        left.text(float(x), float(y), name, ha="center", va="center", color=palette.muted)
    left.set(xlim=(-1.5, 1.5), ylim=(-1.35, 2.25), aspect="equal", title="density around the compass")
    left.axis("off")
    (losses,) = right.plot(COMPASS, COMPASS, color=palette.loss)
    (raw,) = right.plot(COMPASS, COMPASS, ":", color=palette.muted, lw=1.5)
    (probe,) = right.plot([45], [1], "o", color=palette.loss, ms=10)
    right.axvline(FORECAST, color=palette.model, lw=1)
    right.set(xlim=(-8, 368), ylim=(-1.2, 18), xlabel="wind that came, in degrees", title="loss in nats")
    right.set_xticks([0, 90, 180, 270, 360], ["0\nN", "90\nE", "180\nS", "270\nW", "360\nN"])

    def around(degrees: ArrayLike, concentration: float) -> Floats:
        target = np.deg2rad(degrees)
        forecast = np.full_like(target, np.deg2rad(FORECAST))
        return np.asarray(von_mises_nll(forecast, target, concentration=concentration, reduction="none"))

    def update(wind: float, concentration: float) -> str:
        heights = around(COMPASS, concentration)
        curve.set_data(*_bearing(COMPASS, 1 + np.exp(-heights)))
        losses.set_ydata(heights)
        target, forecast = np.deg2rad(COMPASS), np.full(COMPASS.size, np.deg2rad(FORECAST))
        straight = np.asarray(normal_nll(forecast, target, scale=concentration**-0.5, reduction="none"))
        raw.set_data(COMPASS[straight < 40], straight[straight < 40])
        dot.set_data(*(np.atleast_1d(at) for at in _bearing(wind)))
        here = float(around(np.array([wind]), concentration)[0])
        probe.set_data([wind], [here])
        pull = float(von_mises_nll_grad(np.deg2rad(FORECAST), np.deg2rad(wind), concentration=concentration))
        on_line = float(normal_nll(np.deg2rad(FORECAST), np.deg2rad(wind), scale=concentration**-0.5))
        turn = abs((wind - FORECAST + 180) % 360 - 180)
        return (
            f"Forecast {FORECAST:.0f}°, wind from {wind:.0f}°, {turn:.0f}° apart: the loss is {written(here, 3)} nats "
            f"and its gradient in the forecast {written(pull, 3)} per radian. The raw degrees, {FORECAST - wind:.0f} "
            f"apart, would cost {written(on_line, 1)}."
        )

    return Explorer(
        figure,
        update,
        name="wind-rose",
        predict=Predict(
            "A quarter turn, 90°.",
            "The pull is κ times the sine of the miss: it grows up to a quarter turn, and is gone at the opposite.",
            options=["It pulls equally hard at every miss.", "A quarter turn, 90°.", "Half a turn, 180°."],
        ),
        controls={
            "wind": Slider(0, 345, step=15, value=45, label="wind that came", unit="°"),
            "concentration": Slider(values=[0.5, 1, 2, 4, 8], value=2, label="concentration κ"),
        },
        handles=[Handle(probe, x="wind")],
        caption="Turn the wind through north, from 0° to 345°: the loss on the circle does not notice the seam. The "
        "dotted curve, a normal loss of the raw degrees, calls 0° almost a full turn wrong; where it leaves the "
        "picture, the readout gives its number.",
        alt="Left, a compass with a forecast just west of north and a density bulging around it; the wind came from "
        "the north-east. Right, the loss over the direction, a wave with its trough at 345 degrees, and a "
        "dotted parabola.",
    )


# ── Several humps ────────────────────────────────────────────────────────────────────────────────────────────────────

TIMES = np.linspace(0, 17, 103)


def railway_slices() -> Explorer:
    """A mixture density network of rides over a railway, cut at a distance, beside a network with a single normal."""
    figure, (left, right) = subplots(1, 2, figsize=(7, 3.6))
    km, minutes = rides()
    left.plot(km, minutes, "o", color=palette.data, ms=3, alpha=0.6)
    heights = np.stack([density(2, index, TIMES) for index in range(KM.size)], axis=1)
    left.contour(KM, TIMES, heights, levels=[0.05, 0.25], colors=palette.model, linewidths=1.2)
    middle = fitted(1).raw[:, 0]
    left.plot(KM, middle, "--", color=palette.muted, lw=1.8)
    (cut,) = left.plot([4, 4], [0, 15.8], color=palette.outlier, lw=1.2)
    (dot,) = left.plot([4], [9], "o", color=palette.outlier, ms=11)
    left.text(0.4, 18.1, "contours: two normals", color=palette.model, va="top", fontsize="small")
    left.text(0.4, 16.9, "dashed: the mean of one", color=palette.muted, va="top", fontsize="small")
    left.set(xlim=(0.2, 6.3), ylim=(0, 18.5), xlabel="distance (km)", title="time of a ride (min)")
    (curve,) = right.plot(TIMES, TIMES, color=palette.model, lw=2)
    (bell,) = right.plot(TIMES, TIMES, ":", color=palette.muted, lw=1.8)
    right.set(xlim=(0, 17), ylim=(0, 1.3), xlabel="time (min)", title="the cut: density per minute")
    right.text(16.7, 1.26, "dotted: one normal", color=palette.muted, ha="right", va="top", fontsize="small")

    def update(distance: float) -> str:
        index = int(np.argmin(np.abs(KM - distance)))
        curve.set_ydata(density(2, index, TIMES))
        bell.set_ydata(density(1, index, TIMES))
        cut.set_xdata([distance, distance])
        dot.set_data([distance], [middle[index]])
        pieces = components(index)
        valley = float(density(2, index, middle[index : index + 1])[0])
        return (
            f"At {distance:g} km the mixture has {100 * pieces[0].share:.0f}% around {pieces[0].mean:.1f} min and "
            f"{100 * pieces[1].share:.0f}% around {pieces[1].mean:.1f}. One normal calls {middle[index]:.1f} min the "
            f"most likely; the mixture gives that a density of {valley:.3f} per minute."
        )

    return Explorer(
        figure,
        update,
        name="railway-slices",
        predict=Predict(
            "One between, which hardly a ride took.",
            "Its most likely value is its mean, and the mean of two stories is true of neither.",
            options=[
                "That of the rides that found the barrier open.",
                "That of the rides that had to wait.",
                "One between, which hardly a ride took.",
            ],
        ),
        controls={"distance": Slider(1.0, 6.0, step=0.5, value=4.5, label="distance of the cut", unit="km")},
        handles=[Handle(dot, x="distance")],
        caption="Drag the cut. Near rides hardly meet the railway, and one hump is nearly all. Further out a second "
        "one stands about three minutes above the first, and the single normal puts its centre between the two.",
        alt="Left, 150 rides in one band up to 2 km and in two bands beyond, with contours around both and a dashed "
        "line between them. Right, at 4.5 km, a density with two humps and a wide dotted bell centred between them.",
    )


# ── Losses without a density ─────────────────────────────────────────────────────────────────────────────────────────

SCORES = np.linspace(-4, 4, 161)


def label_mass() -> Explorer:
    """exp(−loss) of the two labels and their sum: a probability model needs the sum to be constant."""
    figure, axis = subplots(figsize=(4.8, 3.4))
    axis.axhline(1, color=palette.muted, lw=0.8)
    (plus,) = axis.plot(SCORES, SCORES, color=palette.model)
    (minus,) = axis.plot(SCORES, SCORES, "--", color=palette.model)
    (total,) = axis.plot(SCORES, SCORES, color=palette.density, lw=2.5)
    (probe,) = axis.plot([0], [1], "o", color=palette.density, ms=10)
    axis.text(-3.9, 1.5, "sum", color=palette.density, va="top")
    axis.text(-3.0, 1.5, "label +1", color=palette.model, va="top")
    axis.text(-1.3, 1.5, "label −1 (dashed)", color=palette.model, va="top")
    axis.set(xlim=(-4.15, 4.15), ylim=(0, 1.55), xlabel="score s", ylabel="exp(−loss)")

    def update(loss: str, score: float) -> str:
        mass = mass_of_labels(loss, SCORES)
        plus.set_ydata(mass.plus)
        minus.set_ydata(mass.minus)
        total.set_ydata(mass.total)
        here = float(mass_of_labels(loss, score).total)
        probe.set_data([score], [here])
        low, high = mass.total.min(), mass.total.max()
        verdict = (
            "at every score it is 1: a distribution"
            if mass.constant
            else f"on this axis it wanders between {low:.3f} and {high:.3f}"
        )
        return f"{loss}: at s = {written(score, 1)} the two labels together get {here:.3f}; {verdict}."

    return Explorer(
        figure,
        update,
        name="label-mass",
        predict=Predict(
            "The logistic loss.",
            "Its two terms are a sigmoid and what that lacks to 1; each of the other sums wanders.",
            options=["All four.", "The hinge and the logistic loss.", "The logistic loss.", "None of them."],
        ),
        controls={
            "loss": Choice(list(MARGIN_LOSSES), value="hinge", label="loss"),
            "score": Slider(-4, 4, step=1.0, value=0.0, label="score s"),
        },
        handles=[Handle(probe, x="score")],
        caption="If a loss is a negative log-probability, exp(−loss) of the two labels must sum to the same number at "
        "every score. Choose a loss, and move the score along the thick curve.",
        alt="Over scores from −4 to 4, exp(−hinge) of the label +1 rises to 1, that of −1 falls from 1, and their sum "
        "dips to 0.74 at s = 0 with humps of 1.14 at s = ±1.",
    )
