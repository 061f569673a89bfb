"""The figures and explorers of the chapter on the statistical view: a courier's rides, in km and minutes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from lossbook.analysis.fitting import Line, fit_line
from lossbook.analysis.rides import (
    DISTANCES,
    FAMILIES,
    KM,
    LOOSE_KM,
    MINUTES,
    NOISE,
    SLOPES,
    START,
    TRUE,
    UNITS,
    WRONG,
    average_loss,
    density,
    descent,
    draw_rides,
    draw_rides_with_barrier,
    family_line,
    first_steps,
    fitted_with_and_without_barrier,
    joint_density,
    largest_gap,
    log_likelihood,
    of_slope,
    penalised_slope,
    running_product,
    share_at_most,
)
from lossbook.core import Floats
from lossbook.explorer import Challenge, Choice, Explorer, Handle, Play, Predict, Slider, Toggle, palette, subplots
from lossbook.figures.wording import powers_of_ten, written
from lossbook.losses.regression import MSE

ENDS = np.array([0.0, 7.0])


def _hills(axis, x: Floats, y: Floats) -> None:
    """The true joint distribution as contour lines."""
    axis.contour(
        x, y, joint_density(x, y[:, None]), levels=[0.01, 0.04, 0.08, 0.12], colors=palette.truth, linewidths=1
    )


# ── The opening question ─────────────────────────────────────────────────────────────────────────────────────────────


def courier_line() -> Explorer:
    """A line over twelve rides that the reader turns, beside its residuals: the wrong line to begin with."""
    figure, (left, right) = subplots(1, 2)
    left.plot(KM, MINUTES, "o", color=palette.data)
    (sticks,) = left.plot([0], [0], color=palette.gradient, lw=1.2)
    (line,) = left.plot(ENDS, ENDS, color=palette.model)
    (low,) = left.plot([0], [0], "o", color=palette.model, ms=11)
    (high,) = left.plot([4], [0], "o", color=palette.model, ms=11)
    left.set(xlim=(-0.3, 5.6), ylim=(-3, 18), xlabel="distance (km)", ylabel="time (min)", title="a line for the rides")

    right.axhline(0, color=palette.muted, lw=0.8)
    (points,) = right.plot(KM, KM, "o", color=palette.gradient)
    (middle,) = right.plot([0, 5.6], [0, 0], color=palette.loss, lw=1.5)
    (band,) = right.fill([0, 5.6, 5.6, 0], [0, 0, 1, 1], color=palette.loss, alpha=0.12, lw=0)
    words = right.text(0.1, 11.6, "", color=palette.loss, va="top", fontsize="small")
    right.set(xlim=(0, 5.6), ylim=(-12, 12), xlabel="distance (km)", ylabel="residual (min)", title="what is left over")

    def update(intercept: float, slope: float) -> str:
        chosen = Line(intercept, slope)
        e = MINUTES - chosen(KM)
        line.set_ydata(chosen(ENDS))
        sticks.set_data(np.repeat(KM, 3), np.column_stack([MINUTES, chosen(KM), np.full(KM.size, np.nan)]).ravel())
        low.set_ydata([intercept])
        high.set_ydata(chosen([4.0]))
        points.set_ydata(e)
        middle.set_ydata([e.mean()] * 2)
        band.set_xy(
            [(0, e.mean() - e.std()), (5.6, e.mean() - e.std()), (5.6, e.mean() + e.std()), (0, e.mean() + e.std())]
        )
        words.set_text(f"mean {written(e.mean())}, spread {e.std():.2f}")
        return (
            f"The line {written(intercept, 1)} + {written(slope, 1)} x leaves residuals with mean {written(e.mean())} "
            f"min and spread {e.std():.2f} min. With normal noise of {NOISE:g} min, the log-likelihood of the twelve "
            f"rides is {written(log_likelihood(chosen), 1)}; under the line 2 x it is "
            f"{written(log_likelihood(TRUE), 1)}."
        )

    return Explorer(
        figure,
        update,
        name="courier-line",
        challenge=Challenge(
            "Find a line under which the rides are likelier than under 2 x, with which they were made.",
            lambda intercept, slope: log_likelihood(Line(intercept, slope)) > log_likelihood(TRUE),
        ),
        controls={
            "intercept": Slider(-2, 3, step=0.5, value=1.0, label="at the start", unit="min"),
            "slope": Slider(0.5, 3.5, step=0.1, value=3.0, label="per kilometre", unit="min"),
        },
        handles=[Handle(low, y="intercept"), Handle(high, y="slope")],
        caption="Twelve rides of a bicycle courier. A residual is the time of a ride minus the line's. Drag the two "
        "large dots until the residuals in the second panel lie around zero, in a band as narrow as you can make it. "
        "The shaded band is one spread (standard deviation) on either side of their mean. Watch the log-likelihood in "
        "the sentence under the picture: the further the mean is from zero, and the wider the spread, the lower it is.",
        alt="Left, twelve rides with times close to two minutes per kilometre, and the line 1 + 3x far above them. "
        "Right, the residuals of that line: all negative, and on the whole further down the longer the ride.",
    )


# ── Nature: joint, conditional, sample ───────────────────────────────────────────────────────────────────────────────


def slices() -> Explorer:
    """The joint distribution cut at one distance, and the conditional distribution: the cut, scaled to area one."""
    x, y = np.linspace(0, 7, 71), np.linspace(-3, 16, 96)
    times = np.linspace(-3, 16, 191)
    figure, (left, right) = subplots(1, 2)
    _hills(left, x, y)
    cut = left.axvline(3, color=palette.density)
    left.set(xlim=(0, 7), ylim=(-3, 16), xlabel="distance x (km)", ylabel="time y (min)")
    left.set_title("joint p*(x, y), and a cut")
    (joint,) = right.plot(times, times, color=palette.truth)
    (conditional,) = right.plot(times, times, color=palette.density, ls="--")
    right.text(-2.7, 0.73, "p*(y | x), per min: area 1", color=palette.density, va="top", fontsize="small")
    area = right.text(-2.7, 0.66, "", color=palette.truth, va="top", fontsize="small")
    right.set(xlim=(-3, 16), ylim=(0, 0.75), xlabel="time y (min)", ylabel="density", title="the cut, and scaled")

    def update(distance: float) -> str:
        along, share = joint_density(distance, times), float(DISTANCES.pdf(distance))
        cut.set_xdata([distance] * 2)
        joint.set_ydata(along)
        conditional.set_ydata(along / share)
        area.set_text(f"p*(x, y), per km and min: area {share:.3f}")
        return (
            f"Cut at {distance:.2f} km, the joint density encloses an area of {share:.3f} per km, which is p*(x). "
            f"Divided by that, it is the density of the time of such a ride, centred on {2 * distance:.1f} min."
        )

    return Explorer(
        figure,
        update,
        name="joint-slices",
        predict=Predict(
            "It keeps its width and its height.",
            "The noise is the same for every ride, so the conditional curve only moves along. What grows and shrinks "
            "is the slice of the joint distribution: there are few rides of 6 km.",
            options=[
                "It becomes wider and flatter.",
                "It becomes smaller, as such rides are rare.",
                "It keeps its width and its height.",
            ],
        ),
        controls={"distance": Slider(0.5, 6.5, step=0.25, value=2.0, label="distance x of the cut", unit="km")},
        caption="Contour lines of the true distribution of rides; move the cut. The solid curve is the joint "
        "density along the cut: small where such rides are rare. The dashed curve is the same cut scaled to area "
        "one. It only shifts: its width and height stay.",
        alt="Left, contour lines of a ridge that rises from short to long rides, cut at 2 km. Right, the joint "
        "density along the cut, and the conditional density, the same bell scaled up to area one, centred on 4 "
        "minutes.",
    )


@cache
def _day(seed: int) -> tuple[Floats, Floats]:
    return draw_rides(320, seed)


def samples() -> Explorer:
    """A dataset of N rides over the true distribution, and its empirical distribution against the true one."""
    counts = [5, 10, 20, 40, 80, 160, 320]
    times = np.linspace(0, 16, 81)
    truth = share_at_most(times)
    figure, (left, right) = subplots(1, 2)
    _hills(left, np.linspace(0, 7, 71), np.linspace(-3, 16, 96))
    (dots,) = left.plot([0], [0], "o", color=palette.data, ms=3.5)
    left.set(xlim=(0, 7), ylim=(0, 16), xlabel="distance x (km)", ylabel="time y (min)", title="a dataset")
    right.plot(times, truth, color=palette.truth)
    (stairs,) = right.plot([0], [0], color=palette.data, lw=1.2, drawstyle="steps-post")
    right.text(15.8, 0.12, "true", color=palette.truth, ha="right")
    right.text(15.8, 0.04, "empirical: steps of 1/N", color=palette.data, ha="right")
    right.set(
        xlim=(0, 16),
        ylim=(0, 1.02),
        xlabel="time y (min)",
        ylabel="share of rides up to y",
        title="shares of its times",
    )

    def update(count: int, day: int) -> str:
        x, y = (values[:count] for values in _day(day))
        dots.set_data(x, y)
        ordered = np.sort(y)
        stairs.set_data([0, *ordered, 16], [0, *(np.arange(1, count + 1) / count), 1])
        return (
            f"{count} rides: each carries probability 1/{count}. The empirical share is off by at most "
            f"{largest_gap(y):.2f}; the mean time is {y.mean():.2f} min where the true one is "
            f"{2 * DISTANCES.mean():.2f}."
        )

    return Explorer(
        figure,
        update,
        name="empirical-distribution",
        controls={
            "count": Slider(values=counts, value=20, label="number of rides N"),
            "day": Choice({f"dataset {day}": day for day in (1, 2, 3)}, label="another sample"),
        },
        caption="The dots are all that you ever see of p*; the contour lines stay hidden from you. Draw another "
        "sample of the same size, then raise N. The staircase puts 1/N on each ride, and no probability anywhere else. "
        "With many more rides it closes in on the true curve, but not at every doubling.",
        alt="Left, twenty dots over the contour lines of the true distribution. Right, a staircase of twenty steps "
        "near a smooth rising curve.",
    )


FALLS = ["It falls to less than a third.", "It falls to about half.", "It stays.", "It grows."]


def missing_feature() -> Explorer:
    """The residuals of a line that does not know about the barrier, and of a model that does."""
    x, y, barrier = draw_rides_with_barrier(120, seed=4)
    blind, (intercept, slope), wait, residuals = fitted_with_and_without_barrier(x, y, barrier)
    edges = np.arange(-2.0, 3.01, 0.25)
    figure, (left, right) = subplots(1, 2)
    colours = {0: palette.data, 1: palette.outlier}
    for value, colour in colours.items():
        left.plot(x[barrier == value], y[barrier == value], "o", color=colour, ms=4)
    left.text(0.2, 16.6, "barrier down", color=palette.outlier, va="top")
    left.text(0.2, 15.2, "barrier up", color=palette.data, va="top")
    (one,) = left.plot(ENDS, blind(ENDS), color=palette.model)
    (two,) = left.plot(ENDS, blind(ENDS), color=palette.model)
    left.set(xlim=(0, 7), ylim=(0, 17), xlabel="distance (km)", ylabel="time (min)", title="rides, and the model")
    bars = right.bar(edges[:-1], np.ones(edges.size - 1), width=0.25, align="edge", color=palette.gradient, lw=0)
    right.set(xlim=(-2, 3), ylim=(0, 60), xlabel="residual (min)", ylabel="rides", title="what is left over")

    def update(known: bool) -> str:
        e = residuals[known]
        one.set_ydata(Line(intercept, slope)(ENDS) if known else blind(ENDS))
        two.set_ydata(Line(intercept + wait, slope)(ENDS) if known else blind(ENDS))
        for bar, height in zip(bars, np.histogram(e, edges)[0], strict=True):
            bar.set_height(height)
        if known:
            return f"With the barrier as a feature, worth {wait:.2f} min, the residuals spread by {e.std():.2f} min."
        return (
            f"Without the barrier, the residuals have a spread of {e.std():.2f} min and two humps, three minutes apart."
        )

    return Explorer(
        figure,
        update,
        name="missing-feature",
        predict=Predict(
            FALLS[int(np.searchsorted([0.3, 0.7, 1.1], residuals[True].std() / residuals[False].std()))],
            f"Their spread falls from {residuals[False].std():.2f} to {residuals[True].std():.2f} min. Nothing about "
            "the rides has changed: the model now knows the cause of what looked like chance.",
            options=FALLS,
        ),
        controls={"known": Toggle(False, label="the model knows whether the barrier was down")},
        caption="Rides over a level crossing. Tick the box to give the model the missing feature. Nothing about the "
        "rides changes, and most of the “noise” is gone: it was a cause that nobody had written down.",
        alt="Left, two parallel bands of rides three minutes apart, and one line between them. Right, a histogram "
        "of residuals with two humps.",
    )


# ── Families, and the losses that follow from them ───────────────────────────────────────────────────────────────────


def families() -> Explorer:
    """A family of noise, minus the logarithm of its density, and the line that it fits to rides with a loose one."""
    e = np.linspace(-6, 6, 121)
    figure, (top, middle, right) = subplots(1, 3, figsize=(9.6, 2.5))
    (bell,) = top.plot(e, e, color=palette.density)
    top.set(xlim=(-6, 6), ylim=(0, 0.9), xlabel="residual e (min)", ylabel="density per min", title="the noise")
    (loss,) = middle.plot(e, e, color=palette.loss)
    middle.set(xlim=(-6, 6), ylim=(0, 16), xlabel="residual e (min)", ylabel="nats", title="− log of it")
    right.plot(KM, MINUTES, "o", color=palette.data, ms=5)
    (without,) = right.plot(ENDS, ENDS, ":", color=palette.muted, lw=1.5)
    (line,) = right.plot(ENDS, ENDS, color=palette.model)
    (loose,) = right.plot([LOOSE_KM], [10], "o", color=palette.outlier, ms=11)
    right.set(xlim=(0, 6), ylim=(-2, 30), xlabel="distance (km)", ylabel="time (min)", title="the likeliest line")
    right.text(0.2, 28.5, "dotted: without it", color=palette.muted, va="top")
    named = {family.name: number for number, family in enumerate(FAMILIES)}

    def update(family: int, minutes: float) -> str:
        chosen, fitted, before = FAMILIES[family], family_line(family, minutes), family_line(family, None)
        value = chosen.value(e)
        bell.set_ydata(np.exp(-value))
        loss.set_ydata(value)
        line.set_ydata(fitted(ENDS))
        without.set_ydata(before(ENDS))
        loose.set_data([LOOSE_KM], [minutes])
        moved = float(fitted(LOOSE_KM) - before(LOOSE_KM))
        return (
            f"{chosen.name[0].upper()}{chosen.name[1:]} noise: the likeliest line is {written(fitted.intercept)} + "
            f"{fitted.slope:.2f} x. The loose ride of {minutes:.0f} min moves it by {written(moved)} min at "
            f"{LOOSE_KM:g} km."
        )

    return Explorer(
        figure,
        update,
        name="noise-families",
        controls={
            "family": Choice(named, value=0, label="family of the noise"),
            "minutes": Slider(2, 28, step=1, value=10, label="the loose ride", unit="min"),
        },
        handles=[Handle(loose, y="minutes")],
        caption="Choose how the noise is distributed: the loss is minus the logarithm of its density, and the line is "
        "the likeliest one. Drag the large dot up, under each family. A parabola pulls harder the further it goes, a V "
        "always alike, and Student's curve (3 degrees of freedom, scale 0.6) flattens and lets go.",
        alt="Left, a bell. Middle, minus its logarithm, a parabola. Right, twelve rides, a thirteenth at 10 minutes "
        "and the line that fits them, almost the one without it.",
    )


def likelihood_of_slope() -> Explorer:
    """Likelihood, log-likelihood and average loss of N rides over the slope, with one argmax."""
    figure, axes = subplots(1, 3, figsize=(9.6, 2.5))
    titles = ("likelihood, largest = 1", "log-likelihood", "average loss")
    colours = (palette.density, palette.density, palette.loss)
    curves, marks = [], []
    for axis, title, colour, limits in zip(axes, titles, colours, ((0, 1.08), (-60, 4), (0, 6)), strict=True):
        curves.append(axis.plot(SLOPES, SLOPES, color=colour)[0])
        marks.append(axis.axvline(2, color=palette.model, ls=":"))
        axis.set(xlim=(1.2, 2.8), ylim=limits, xlabel="slope (min/km)", title=title)
    axes[0].set_ylabel("share of the largest")
    axes[1].set_ylabel("nats below the largest")
    axes[2].set_ylabel("nats a ride")

    def update(rides: int) -> str:
        found = of_slope(rides)
        top = found.log_likelihood.max()
        for curve, heights in zip(
            curves,
            (np.exp(found.log_likelihood - top), found.log_likelihood - top, -found.log_likelihood / rides),
            strict=True,
        ):
            curve.set_ydata(heights)
        for mark in marks:
            mark.set_xdata([found.best] * 2)
        return (
            f"N = {rides}: likeliest slope {found.best:.2f}. There the likelihood is 10 to the "
            f"{written(top / np.log(10), 1)}, and {found.half:.2f} to either side it is half as large; the average "
            f"loss is {-top / rides:.2f} nats."
        )

    return Explorer(
        figure,
        update,
        name="likelihood-of-slope",
        controls={"rides": Slider(values=[1, 2, 4, 8, 16, 32, 64, 128, 256], value=1, label="number of rides N")},
        caption="Lines through the origin, σ = 0.8 minutes, and three ways to say how well each of them fits N rides. "
        "The dotted line stands at the best slope, and in all three panels it is the same one. Double N again and "
        "again: the likelihood becomes a needle, the logarithm a steeper parabola, and the average loss settles.",
        alt="Three curves over the slope for one ride: a bell, a parabola that opens downwards and one that opens "
        "upwards, all with their turning point at one slope.",
    )


# ── The model as a distribution ──────────────────────────────────────────────────────────────────────────────────────


def bell_at_ride() -> Explorer:
    """The model's distribution of one ride's time, centred on the prediction, and the density of the time observed."""
    lines = {"2 x": TRUE, "1 + 3 x": WRONG}
    times = np.linspace(-4, 20, 241)
    figure, (left, right) = subplots(1, 2)
    left.plot(KM, MINUTES, "o", color=palette.data, ms=5)
    (line,) = left.plot(ENDS, ENDS, color=palette.model)
    (bell,) = left.plot(times, times, color=palette.density, lw=1.5)
    (here,) = left.plot([0], [0], "o", color=palette.outlier, ms=10)
    left.set(xlim=(0, 6), ylim=(-4, 20), xlabel="distance (km)", ylabel="time (min)", title="a bell around the line")
    (curve,) = right.plot(times, times, color=palette.density)
    (stick,) = right.plot([0, 0], [0, 1], color=palette.outlier)
    (top,) = right.plot([0], [0], "o", color=palette.outlier, ms=8)
    label = right.text(-3.6, 1.2, "", color=palette.outlier, va="top")
    right.set(
        xlim=(-4, 20),
        ylim=(0, 1.25),
        xlabel="time (min)",
        ylabel="density per minute",
        title="how likely is this time?",
    )

    def update(ride: int, scale: float, model: Line) -> str:
        x, y = KM[ride - 1], MINUTES[ride - 1]
        heights = density(model, x, times, scale)
        line.set_ydata(model(ENDS))
        near = np.abs(times - model(x)) < 4 * scale
        bell.set_data(x + 0.8 * heights[near] / heights.max(), times[near])  # always 0.8 km wide: a shape, not a scale
        here.set_data([x], [y])
        curve.set_ydata(heights)
        at_y = float(density(model, x, y, scale))
        stick.set_data([y, y], [0, at_y])
        top.set_data([y], [at_y])
        label.set_text(f"ride {ride}: density {at_y:.3f}")
        return (
            f"Ride {ride} of {x:.1f} km: the model is centred on {written(float(model(x)), 1)} min, it took {y:.1f}. "
            f"Density {at_y:.3f} per minute, logarithm {written(log_likelihood(model, [x], [y], scale))}. All twelve "
            f"logarithms add up to {written(log_likelihood(model, scale=scale), 1)}."
        )

    return Explorer(
        figure,
        update,
        name="bell-at-ride",
        controls={
            "ride": Play(1, 12, value=11, label="ride", interval=700),
            "scale": Slider(values=[0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0], value=0.8, label="σ", unit="min"),
            "model": Choice(lines, value=TRUE, label="line"),
        },
        caption="The model is a whole distribution for every distance: a bell around the line. Step through the "
        "rides and read off the density of the time that was observed. Then look for the σ with the largest sum of "
        "logarithms, under each of the two lines: the wrong line excuses itself with a wide bell.",
        alt="Left, twelve rides, the line 2x, and a sideways bell around it at the eleventh ride. Right, the same "
        "bell over the time; the ride's time of 10 minutes lies in its right flank.",
    )


def landscape() -> Explorer:
    """Average loss as a landscape over intercept and slope; one point of it is one line."""
    intercepts, slopes = np.linspace(-3, 3, 61), np.linspace(0.5, 3.5, 61)
    heights = average_loss(intercepts, slopes[:, None])
    best = fit_line(MSE, KM, MINUTES)
    floor = -log_likelihood(best) / KM.size
    figure, (left, right) = subplots(1, 2)
    left.plot(KM, MINUTES, "o", color=palette.data, ms=5)
    (line,) = left.plot(ENDS, ENDS, color=palette.model)
    left.set(xlim=(0, 5.6), ylim=(-3, 18), xlabel="distance (km)", ylabel="time (min)", title="one line …")
    right.contour(
        intercepts,
        slopes,
        heights,
        levels=floor + np.array([0.1, 0.5, 2, 5, 10, 20, 40]),
        colors=palette.loss,
        linewidths=1,
    )
    right.plot([best.intercept], [best.slope], "D", color=palette.loss, ms=7)
    right.plot([TRUE.intercept], [TRUE.slope], "*", color=palette.truth, ms=12)
    for x, mark, size, word, colour in ((-2.9, "D", 7, "argmin", palette.loss), (0.4, "*", 12, "truth", palette.truth)):
        right.plot([x], [3.85], mark, color=colour, ms=size)  # above the contour lines, which would run through a label
        right.text(x + 0.25, 3.85, word, color=colour, va="center")
    (point,) = right.plot([0], [0], "o", color=palette.model, ms=11)
    right.set(
        xlim=(-3.2, 3.2),
        ylim=(0.4, 4.15),
        xlabel="intercept (min)",
        ylabel="slope (min/km)",
        title="… is one point of the loss",
    )

    def update(intercept: float, slope: float) -> str:
        chosen = Line(intercept, slope)
        line.set_ydata(chosen(ENDS))
        point.set_data([intercept], [slope])
        loss = -log_likelihood(chosen) / KM.size
        return (
            f"At intercept {written(intercept)} and slope {written(slope, 1)} the average loss is {loss:.3f} nats a "
            f"ride; the lowest is {floor:.3f}, at intercept {written(best.intercept)} and slope {best.slope:.2f}."
        )

    return Explorer(
        figure,
        update,
        name="loss-landscape",
        controls={
            "intercept": Slider(-3, 3, step=0.25, value=1.0, label="intercept", unit="min"),
            "slope": Slider(0.5, 3.5, step=0.1, value=3.0, label="slope", unit="min/km"),
        },
        handles=[Handle(point, x="intercept", y="slope")],
        caption="Every line is a point (intercept, slope); the contour lines join lines of equal average loss. Drag "
        "the dot to the bottom of the valley, the diamond. The valley is long and slanted: a larger intercept is "
        "largely made up for by a smaller slope. And its lowest point is near the truth, the star, not on it.",
        alt="Left, twelve rides and the line 1 + 3x. Right, slanted elliptical contour lines of the average loss, "
        "with the lowest point near intercept −0.3 and slope 2.1, the truth at (0, 2), and the dot at (1, 3), far "
        "up the slope.",
    )


# ── Reductions, and products that vanish ─────────────────────────────────────────────────────────────────────────────


def _inside(heights: Floats, low: float, high: float) -> tuple[Floats, Floats]:
    """The polyline through `heights`, cut off below and above: a diverging path would leave the page by miles."""
    start, rise = heights[:-1], np.diff(heights)
    rise = np.where(rise == 0, 1e-9, rise)
    t = np.sort(np.clip((np.array([[low], [high]]) - start) / rise, 0, 1), axis=0)  # where each piece enters and leaves
    kept = t[0] < t[1]
    x, y = (np.arange(start.size) + t)[:, kept], (start + t * rise)[:, kept]
    gap = np.full((1, x.shape[1]), np.nan)
    return np.vstack([x, gap]).T.ravel(), np.vstack([y, gap]).T.ravel()


def batch_step() -> Explorer:
    """Ten steps of gradient descent, and the length of the first, for a batch size, a reduction and a learning rate."""
    batches, rates = [1, 2, 4, 8, 16, 32, 64, 128], [0.001, 0.003, 0.01, 0.03]
    colours = {"sum": palette.gradient, "mean": palette.loss}
    sizes = np.array(batches)
    expected = {name: np.array([first_steps(batch, name) for batch in batches]).T for name in colours}
    figure, (left, right) = subplots(1, 2)
    left.plot([0, 10.3], [2, 2], color=palette.truth, lw=1)
    left.text(10.6, 2, "true", color=palette.truth, va="center")
    paths = {name: left.plot([0], [0], color=colour, lw=1.5)[0] for name, colour in colours.items()}
    dots = {name: left.plot([0], [0], "o", color=colour, ms=5)[0] for name, colour in colours.items()}
    left.set(
        xlim=(-0.3, 13),
        xticks=range(0, 11, 2),
        ylim=(-4, 8),
        xlabel="step",
        ylabel="slope w (min/km)",
        title="ten steps from w = 0.5",
    )
    lengths = {name: right.plot(batches, batches, ".-", color=colour, lw=1.2)[0] for name, colour in colours.items()}
    bands = {
        name: right.fill_between(sizes, sizes, sizes + 1, color=colour, alpha=0.2, lw=0)
        for name, colour in colours.items()
    }
    names = {name: right.text(128, 1, name, color=colour, ha="right") for name, colour in colours.items()}
    (here,) = right.plot([1], [1], "o", color=palette.outlier, ms=10)
    right.plot([0.85, 128], [2 - START] * 2, color=palette.truth, lw=1)
    right.text(150, 2 - START, "to the\ntruth", color=palette.truth, fontsize="small", va="center")
    right.set(
        xscale="log",
        yscale="log",
        xlim=(0.85, 700),
        ylim=(0.003, 3000),
        xlabel="batch size B",
        ylabel="min/km",
        title="length of the first step",
    )
    right.set_xticks(batches[::2], [str(batch) for batch in batches[::2]])
    right.set_xticks([], minor=True)

    def update(batch: int, reduction: str, rate: float) -> str:
        for name, path in paths.items():
            path.set_visible(name == reduction)
            dots[name].set_visible(name == reduction)
        slopes = descent(batch, reduction, rate)
        paths[reduction].set_data(*_inside(slopes, -4.5, 8.5))
        near = (slopes > -4) & (slopes < 8)
        dots[reduction].set_data(np.flatnonzero(near), slopes[near])
        for name, curve in lengths.items():
            mean, spread = rate * expected[name]
            curve.set_ydata(mean)
            bands[name].set_data(sizes, mean - spread, mean + spread)
            names[name].set_y(mean[-1] * (1.6 if name == "sum" else 0.35))
        step = abs(slopes[1] - START)
        here.set_data([batch], [step])
        end = slopes[-1]
        verdict = (
            f"after ten steps w = {written(end)}" if abs(end) < 100 else "after ten steps w is beyond 100: it diverges"
        )
        setting = f"Batches of {batch} under “{reduction}” with learning rate {rate:g}"
        usual = rate * expected[reduction][0][batches.index(batch)]
        return f"{setting}: the first step moves w by {step:.3g}, on average over batches by {usual:.3g}; {verdict}."

    return Explorer(
        figure,
        update,
        name="batch-step",
        controls={
            "batch": Slider(values=batches, value=16, label="batch size B"),
            "reduction": Choice(["sum", "mean"], value="sum", label="reduction"),
            "rate": Slider(values=rates, value=0.01, label="learning rate η"),
        },
        caption="Gradient descent on the slope of a line through the origin, a fresh batch of rides at every step. "
        "The large dot is its first step; the curves are averages over 400 batches, each in a band of one spread up "
        "and down. Under “sum”, double the batch and the average step doubles, until the descent overshoots and "
        "diverges. Switch to “mean”: the average step keeps its length, and four times the batch makes the band about "
        "half as wide.",
        alt="Left, ten steps under the sum with batches of 16: the slope leaves the picture in ever larger swings. "
        "Right, the average length of the first step over the batch size, with bands that narrow to the right: it "
        "grows in proportion under the sum and is level under the mean.",
    )


def batch_penalty() -> Explorer:
    """The argmin of squared error and a penalty over the batch size, under the sum and under the mean."""
    batches, penalties = [1, 2, 4, 8, 16, 32, 64, 128], [0, 1, 3, 10, 30]
    colours = {"sum": palette.gradient, "mean": palette.loss}
    free = penalised_slope(1, "mean", 0)
    figure, axis = subplots(figsize=(4.4, 3.0))
    axis.axhline(free, color=palette.muted, lw=1, ls=":")
    axis.text(1, free + 0.06, "argmin without a penalty", color=palette.muted, va="bottom")
    curves = {name: axis.plot(batches, batches, ".-", color=colour)[0] for name, colour in colours.items()}
    names = {
        name: axis.text(160, 1, name, color=colour, va=place)
        for (name, colour), place in zip(colours.items(), ("bottom", "top"), strict=True)
    }
    dots = {name: axis.plot([1], [1], "o", color=palette.outlier, ms=9)[0] for name in colours}
    axis.set(xscale="log", xlim=(0.85, 400), ylim=(0, 2.5), xlabel="batch size B", ylabel="argmin: slope w (min/km)")
    axis.set_xticks(batches, [str(batch) for batch in batches])
    axis.set_xticks([], minor=True)

    def update(penalty: float, batch: int) -> str:
        found = {}
        for name, curve in curves.items():
            slopes = [penalised_slope(size, name, penalty) for size in batches]
            curve.set_ydata(slopes)
            names[name].set_y(slopes[-1])
            found[name] = slopes[batches.index(batch)]
            dots[name].set_data([batch], [found[name]])
        setting = f"λ = {penalty:g} km², batches of {batch}: the argmin is {found['sum']:.2f} min/km under the sum"
        return f"{setting} and {found['mean']:.2f} under the mean; without the penalty it is {free:.2f}."

    return Explorer(
        figure,
        update,
        name="batch-penalty",
        controls={
            "penalty": Slider(values=penalties, value=10, label="penalty λ", unit="km²"),
            "batch": Slider(values=batches, value=16, label="batch size B"),
        },
        caption="The argmin of R(w) + λw² on average over the batches that the same 128 rides are cut into. With λ = 0 "
        "the two curves are one. Raise λ: both start lower, at one point, and under the mean the argmin stays there "
        "whatever the batch size. Under the sum it climbs back with B, towards the dotted line: there the penalty "
        "fades.",
        alt="The argmin over the batch size. Both curves start at batches of 1, at half the height of the dotted line "
        "of the argmin without a penalty. The curve of the mean is level; that of the sum climbs to just below the "
        "dotted line.",
    )


def underflow() -> Explorer:
    """The likelihood of N rides as a product of densities in floating point, and as a sum of logarithms."""
    count = np.arange(1, 801)
    figure, axis = subplots(figsize=(4.4, 3.3))
    (reach,) = axis.fill([0, 800, 800, 0], [-1, -1, 1, 1], color=palette.model, alpha=0.12, lw=0)
    axis.text(790, 12, "what the format can hold", color=palette.model, ha="right", va="bottom")
    (sums,) = axis.plot(count, count, "--", color=palette.loss, lw=1.5)
    (product,) = axis.plot(count, count, color=palette.gradient, lw=3)
    (last,) = axis.plot([0], [0], "X", color=palette.gradient, ms=9)
    (here,) = axis.plot([0], [0], "o", color=palette.loss, ms=9)
    axis.set(xlim=(0, 810), ylim=(-480, 480), xlabel="number of rides N", ylabel="power of ten of the likelihood")

    def update(rides: int, unit: str, precision: Any) -> str:
        values, logs = running_product(unit, precision)
        decades = logs / np.log(10)
        alive = (values > 0) & np.isfinite(values)
        end = int(alive.sum()) if not alive.all() else count.size  # once 0 or inf, always so
        bottom, top = np.log10(float(np.finfo(precision).smallest_subnormal)), np.log10(float(np.finfo(precision).max))
        reach.set_xy([(0, bottom), (810, bottom), (810, top), (0, top)])
        inside = np.abs(decades) < 470
        sums.set_data(count[inside], decades[inside])
        product.set_data(count[:end], np.log10(values[:end]))
        last.set_data([count[end - 1]], [np.log10(values[end - 1])])
        last.set_visible(end < count.size)
        here.set_data([rides], [decades[rides - 1]])
        here.set_visible(bool(inside[rides - 1]))
        value = values[rides - 1]
        shown = "0" if value == 0 else "inf" if np.isinf(value) else powers_of_ten(f"{value:.2e}")
        away = "" if inside[rides - 1] else ", outside the picture"
        return (
            f"{rides} rides timed in {unit}: the product is {shown} in {np.dtype(precision).name}, the sum of "
            f"logarithms {written(float(logs[rides - 1]), 1)}{away}."
        )

    return Explorer(
        figure,
        update,
        name="likelihood-underflow",
        predict=Predict(
            int(np.argmax(running_product("minutes", np.float64)[0] == 0)) + 1,
            "A double holds no positive number below about $5 \\cdot 10^{-324}$, and on average a ride takes away "
            "about half a power of ten.",
        ),
        controls={
            "rides": Slider(10, 800, step=10, value=700, label="number of rides N"),
            "unit": Choice(list(UNITS), value="minutes", label="times measured in"),
            "precision": Choice(
                {"float64 (double)": np.float64, "float32 (single)": np.float32},
                value=np.float64,
                label="number format",
            ),
        },
        caption="The thick line is the product of densities as the computer holds it, the dashed line the sum of "
        "logarithms, each at its power of ten. Where the thick line ends, the product has become 0, or infinite: "
        "try hours. The sum of logarithms goes on, in seconds and hours beyond the frame of the picture; its value "
        "is in the sentence.",
        alt="A straight line that falls with the number of rides. The thick part of it, the product in double "
        "precision, ends at about 10 to the −323 after 634 rides; the dashed line of the logarithms goes on.",
    )
