"""The figures and explorers of the chapter on generative models."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from scipy import stats

from lossbook.analysis.bars import BINS, PLACES, WIDTH, apart, bar, gain
from lossbook.analysis.carrying import GOALS, HEAPS, ROAD, carried, critic, distance
from lossbook.analysis.critics import AT, Critic, crowds, steepest_clipped, train_critic, way
from lossbook.analysis.evidence import best_code, bound, log_evidence, posterior
from lossbook.analysis.generators import (
    CENTRES,
    SPREAD,
    STAGES,
    Run,
    eight_spots,
    train_denoiser,
    train_players,
    train_vae,
)
from lossbook.analysis.two_players import best_discriminator, drift
from lossbook.explorer import Challenge, Choice, Explorer, Handle, Play, Predict, Slider, palette, subplots
from lossbook.figures.wording import powers_of_ten, written
from lossbook.losses.denoising import denoising_weight

# ── Two bars of mass ─────────────────────────────────────────────────────────────────────────────────────────────────

OFFSETS = np.round(np.arange(-30, 31) / 10, 1)
FALLS = ["Kullback–Leibler", "Jensen–Shannon", "Wasserstein-1"]


def amount(value: float, digits: int = 3) -> str:
    """A distance as readouts write it."""
    return "infinite" if math.isinf(value) else written(value, digits)


def sliding_bars() -> Explorer:
    """Two bars, one draggable, and three distances between them."""
    figure, (top, bottom) = subplots(2, 1, figsize=(4.6, 4.2), height_ratios=[1, 1.5], sharex=True)
    steps = np.repeat(PLACES, 2) + np.tile([-WIDTH / 2, WIDTH / 2], BINS)
    top.fill_between(steps, np.repeat(bar(0.0) / WIDTH, 2), color=palette.truth, alpha=0.3, lw=0)
    top.plot(steps, np.repeat(bar(0.0) / WIDTH, 2), color=palette.truth, lw=1.5)
    (model,) = top.plot(steps, steps, color=palette.model, lw=2)
    (grip,) = top.plot([2], [0.5], "o", color=palette.model, ms=12)
    top.text(-0.55, 1.12, "data", color=palette.truth, ha="right")
    name = top.text(2, 1.12, "model", color=palette.model, ha="center")
    top.set(ylim=(0, 1.5), yticks=[0, 1], ylabel="density")
    found = [apart(float(offset)) for offset in OFFSETS]
    bottom.plot(OFFSETS, [d.wasserstein for d in found], color=palette.surplus, lw=2)
    bottom.plot(OFFSETS, [d.js for d in found], color=palette.surplus, lw=2, ls="--")
    bottom.text(-1.85, 2.3, "Wasserstein-1", color=palette.surplus)
    bottom.text(1.15, 0.25, "Jensen–Shannon", color=palette.surplus)
    marks = [bottom.plot([2], [0], "o", color=palette.surplus, ms=9)[0] for _ in range(2)]
    bottom.set(xlim=(-3.6, 3.6), ylim=(-0.15, 3.2), xlabel="place of the model's bar", ylabel="distance")

    def update(offset: float) -> str:
        here, gained = apart(offset), gain(offset)
        model.set_ydata(np.repeat(bar(offset) / WIDTH, 2))
        grip.set_xdata([offset])
        name.set_x(offset if abs(offset) > 1.2 else 1.3)
        for mark, value in zip(marks, (here.wasserstein, here.js), strict=True):
            mark.set_data([offset], [value])
        text = (
            f"The model's bar is at {written(offset, 1)}: Kullback–Leibler {amount(here.kl)}, Jensen–Shannon "
            f"{written(here.js, 3)} nats, Wasserstein-1 {written(here.wasserstein, 1)}."
        )
        if offset == 0:
            return text + " Nothing is left to gain."
        return text + (
            f" One step of 0.1 towards the data lowers Jensen–Shannon by {written(gained.js, 3)} and Wasserstein-1 by "
            f"{written(gained.wasserstein, 1)}."
        )

    return Explorer(
        figure,
        update,
        name="generative-sliding-bars",
        controls={"offset": Slider(values=OFFSETS.tolist(), value=2.0, label="place of the model's bar")},
        handles=[Handle(grip, x="offset")],
        caption="Drag the model's bar. The Kullback–Leibler divergence is infinite wherever the bars do not coincide. "
        "Jensen–Shannon is log 2 = 0.693 as long as they do not overlap, near or far. Wasserstein-1 is how far the "
        "mass has to go, and every step of 0.1 towards the data lowers it by 0.1.",
        alt="Above, a bar of data around 0 and a bar of the model around 2. Below, over the place of the model's bar, "
        "Wasserstein-1 as a V with its tip at 0, and Jensen–Shannon, which rises from 0 to 0.693 at a distance of 1 "
        "and stays there.",
        predict=Predict(
            FALLS[2],
            "Only Wasserstein-1 falls, by 0.1: the mass has 0.1 less to go. The other two stay, one infinite and one "
            "at log 2.",
            options=["All three", *FALLS],
        ),
    )


# ── The best discriminator and two generators ────────────────────────────────────────────────────────────────────────

DISTANCES = np.arange(0, 8.01, 0.25)


def which_log() -> Explorer:
    """Two normals that drift apart, the best discriminator between them, and how hard each loss pulls."""
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.6))
    x = np.linspace(-4, 12, 161)
    data = stats.norm.pdf(x)
    left.fill_between(x, data, color=palette.truth, alpha=0.3, lw=0)
    (fake,) = left.plot(x, x, color=palette.model, lw=2)
    (judge,) = left.plot(x, x, color=palette.ink, lw=1.5, ls="--")
    (grip,) = left.plot([2], [0.4], "o", color=palette.model, ms=11)
    left.set(xlim=(-4, 12), ylim=(0, 1.24), xlabel="x", yticks=[0, 0.5, 1], title="densities and D*(x)")
    left.text(-3.8, 1.1, "D* (dashed)", color=palette.ink)
    left.text(-1.2, 0.3, "data", color=palette.truth, ha="right")
    name = left.text(2, 0.5, "generated", color=palette.model)
    found = [drift(float(d)) for d in DISTANCES]
    right.plot(DISTANCES, [d.slope_nonsaturating for d in found], color=palette.gradient, lw=2)
    right.plot(DISTANCES, [d.slope_saturating for d in found], color=palette.gradient, lw=2, ls=":")
    right.text(0.3, 7.4, "non-saturating, −log D", color=palette.gradient)
    right.text(7.9, 0.8, "saturating, log(1 − D)", color=palette.gradient, ha="right")
    marks = [right.plot([2], [1], "o", color=palette.gradient, ms=9)[0] for _ in range(2)]
    right.set(xlim=(-0.2, 8.2), ylim=(-0.4, 8.4), xlabel="distance d of the two means", title="pull towards the data")

    def update(distance: float) -> str:
        here = drift(distance)
        density = stats.norm.pdf(x, distance)
        fake.set_ydata(density)
        judge.set_ydata(best_discriminator(data, density))
        grip.set_xdata([distance])
        name.set_x(distance + 0.9)
        for mark, slope in zip(marks, (here.slope_saturating, here.slope_nonsaturating), strict=True):
            mark.set_data([distance], [slope])
        return (
            f"d = {distance:g}: Jensen–Shannon {written(here.js, 3)}, discriminator's loss "
            f"{written(here.discriminator, 3)}; the saturating loss pulls with {here.slope_saturating:.2g}, the "
            f"non-saturating one with {here.slope_nonsaturating:.3g}."
        )

    return Explorer(
        figure,
        update,
        name="generative-which-log",
        controls={"distance": Slider(values=DISTANCES.tolist(), value=2.0, label="distance d")},
        handles=[Handle(grip, x="distance")],
        caption="Data are N(0, 1), samples N(d, 1), and the discriminator is the best one. Drag the generator away. "
        "Beyond d = 1.75 the saturating loss pulls less with every step away, until next to nothing is left: the "
        "better the two can be told apart, the less the generator hears. The non-saturating one pulls ever harder.",
        alt="Left, two bell curves, data around 0 and samples around 2, and a dashed curve that falls from 1 to 0 "
        "between them. Right, over the distance, the pull of the non-saturating loss rises to 8; that of the "
        "saturating one has a hump below 0.5 and dies out.",
        predict=Predict(
            round(drift(6.0).slope_saturating, 4),
            "It is about 0.0125, less than a hundredth of what the other loss gives (5.99).",
        ),
    )


# ── The gap to the evidence ──────────────────────────────────────────────────────────────────────────────────────────

MEANS, SCALES = np.round(np.arange(-20, 21) / 10, 1), np.round(np.arange(2, 31, 1) / 20, 2)
DEEP = -10.0


def evidence_gap() -> Explorer:
    """A posterior with two humps, a normal code, and the bound it gives in its two terms."""
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.8), width_ratios=[1.25, 1])
    z = np.linspace(-3, 3, 181)
    left.plot(z, stats.norm.pdf(z), color=palette.muted, lw=1, ls=":")
    left.fill_between(z, posterior(z), color=palette.truth, alpha=0.3, lw=0)
    left.plot(z, posterior(z), color=palette.truth, lw=1.5)
    (code,) = left.plot(z, z, color=palette.model, lw=2)
    (grip,) = left.plot([0], [0.5], "o", color=palette.model, ms=11)
    left.set(xlim=(-3, 3), ylim=(0, 4.2), xlabel="code z", title="posterior and code q")
    left.text(-2.9, 3.8, "posterior (filled)", color=palette.truth)
    left.text(-2.9, 3.4, "prior (dotted)", color=palette.muted)
    name = left.text(0, 1, "q", color=palette.model, ha="center")
    kinds = (("recon-\nstruction", palette.loss), ("rate", palette.surplus), ("gap", palette.surplus))
    bars = right.bar(range(3), [1, 1, 1], width=0.7, color=[colour for _, colour in kinds], alpha=0.8)
    right.axhline(log_evidence(), color=palette.truth, lw=1.5)
    right.text(2.45, log_evidence() + 0.1, "log p(x)", color=palette.truth, ha="right", va="bottom")
    (level,) = right.plot([0.55, 2.45], [0, 0], color=palette.ink, lw=1.5)
    lower = right.text(1, 0, "bound", color=palette.ink, ha="center", va="top")
    right.set(xlim=(-0.5, 2.5), ylim=(DEEP, 0.4), title="nats")
    right.set_xticks(range(3), [text for text, _ in kinds])
    right.grid(False, axis="x")

    def update(mean: float, scale: float) -> str:
        here = bound(mean, scale)
        code.set_ydata(stats.norm.pdf(z, mean, scale))
        peak = stats.norm.pdf(0, 0, scale)
        grip.set_data([mean], [min(peak, 4.0)])
        name.set_position((mean, min(peak + 0.2, 3.0) if peak < 3.6 else 3.0))
        name.set_x(mean + 0.3)
        edges = (0.0, here.reconstruction, here.value, log_evidence())
        for rectangle, start, stop in zip(bars, edges, edges[1:], strict=False):
            start, stop = max(start, DEEP), max(stop, DEEP)
            rectangle.set_y(min(start, stop))
            rectangle.set_height(abs(stop - start))
        floor = max(here.value, DEEP)
        level.set_ydata([floor, floor])
        lower.set_y(max(floor, DEEP + 0.9) - 0.1)
        return (
            f"μ = {written(mean, 1)}, σ = {scale:g}: reconstruction {written(here.reconstruction, 3)}, less a rate of "
            f"{written(here.rate, 3)}, gives a bound of {written(here.value, 3)}. The evidence is "
            f"{written(log_evidence(), 3)}: a gap of {written(here.gap, 3)} nats."
        )

    return Explorer(
        figure,
        update,
        name="generative-evidence-gap",
        controls={
            "mean": Slider(values=MEANS.tolist(), value=0.0, label="mean μ of the code"),
            "scale": Slider(values=SCALES.tolist(), value=0.5, label="spread σ of the code"),
        },
        handles=[Handle(grip, x="mean")],
        caption="The observed number is 1.5, and it is the square of the code plus noise: the code may have been on "
        "either side of 0. Drag q. The bound is never above the evidence, and the gap between them is KL(q‖posterior). "
        "A code that covers both humps pays for the valley; the best one covers a single hump and lacks log 2 and a "
        f"little more. The axis ends at {written(DEEP, 0)}; the readout goes on.",
        alt="Left, a posterior with humps near −1.2 and 1.2 and a normal code around 0. Right, three bars: "
        f"reconstruction, rate and the gap up to the line of the evidence at {written(log_evidence(), 2)}.",
        challenge=Challenge("Bring the gap below 0.75 nats.", lambda mean, scale: bound(mean, scale).gap < 0.75),
    )


# ── Transport by sorting ─────────────────────────────────────────────────────────────────────────────────────────────

PLANS = ("in order", "as listed", "reversed")


def carrying() -> Explorer:
    """Five heaps and five goals on a road, the plan, and the best critic."""
    figure, (top, bottom) = subplots(2, 1, figsize=(4.6, 3.9), height_ratios=[1, 1], sharex=True)
    ways = [top.plot([0, 0], [1, 0], color=palette.gradient, lw=1.5)[0] for _ in HEAPS]
    (heaps,) = top.plot(HEAPS, np.ones(5), "o", color=palette.model, ms=10)
    (moved,) = top.plot([0], [1], "o", color=palette.outlier, ms=13)
    top.plot(GOALS, np.zeros(5), "s", color=palette.truth, ms=10)
    top.text(ROAD[0] + 0.2, 1.28, "generated", color=palette.model)
    top.text(ROAD[0] + 0.2, -0.42, "data", color=palette.truth)
    top.set(xlim=ROAD, ylim=(-0.6, 1.6), yticks=[])
    at = np.linspace(*ROAD, 241)
    (curve,) = bottom.plot(at, at, color=palette.ink, lw=2)
    (scores,) = bottom.plot(HEAPS, np.ones(5), "o", color=palette.model, ms=6)
    (wanted,) = bottom.plot(GOALS, np.ones(5), "s", color=palette.truth, ms=6)
    bottom.set(ylim=(-3.2, 5), xlabel="place", ylabel="score", title="the best critic, slope at most 1")

    def update(place: float, plan: str) -> str:
        here = np.array([place, *HEAPS[1:]])
        found = carried(here, GOALS, plan)
        for line, start, stop in zip(ways, here, found.goals, strict=True):
            line.set_xdata([start, stop])
        heaps.set_xdata(here)
        moved.set_xdata([place])
        middle = float(np.mean(critic(np.concatenate([here, GOALS]), here, GOALS)))
        curve.set_ydata(critic(at, here, GOALS) - middle)
        scores.set_data(here, critic(here, here, GOALS) - middle)
        wanted.set_ydata(critic(GOALS, here, GOALS) - middle)
        least = distance(here, GOALS)
        verdict = "no plan is shorter" if found.cost < least + 1e-9 else f"{written(found.cost - least, 2)} too much"
        return (
            f"Carried {plan}, each heap goes {written(found.cost, 2)} on average: {verdict}. The critic scores the "
            f"data {written(least, 2)} higher than the generated ones, which is Wasserstein-1."
        )

    return Explorer(
        figure,
        update,
        name="generative-carrying",
        controls={
            "place": Slider(-2, 9, step=0.5, value=0.0, label="place of the first heap"),
            "plan": Choice(list(PLANS), value="as listed", label="carried"),
        },
        handles=[Handle(moved, x="place")],
        caption="Five generated numbers above, five of the data below, each with a fifth of the mass. Choose how they "
        "are paired and drag the large one: in order is never longer than any other pairing. Below is what a "
        "discriminator would be here, a critic with slopes of at most 1: it climbs where mass has to go right, and the "
        "difference of its mean scores is the cost of the best plan.",
        alt="Above, five circles at height 1 joined by lines, some crossing, to five squares at height 0. Below, a "
        "critic in straight pieces of slope 1, 0 or −1.",
    )


# ── Two ways to bound a critic ───────────────────────────────────────────────────────────────────────────────────────

BOUNDS: dict[str, dict[str, float]] = {
    "clipped, c = 0.01": {"clip": 0.01},
    "clipped, c = 0.05": {"clip": 0.05},
    "clipped, c = 0.2": {"clip": 0.2},
    "penalty, λ = 1": {"penalty": 1.0},
    "penalty, λ = 10": {"penalty": 10.0},
}
STEEPNESS = ["about 1", "about 0.01", "about 0.001"]


def at_the_end(critic: Critic) -> float:
    """The share of its weights that are as large as its largest, to 1 %."""
    sizes = np.abs(critic.weights)
    return float((sizes > 0.99 * sizes.max()).mean())


def critics() -> Explorer:
    """Clipped and penalised critics between two crowds on a line, beside the best one, and their weights."""
    found = {name: train_critic(**bound) for name, bound in BOUNDS.items()}
    data, generated = crowds()
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.6), width_ratios=[1.35, 1])
    for crowd, colour, height in ((data, palette.truth, -0.55), (generated, palette.model, -1.1)):
        left.plot(crowd, np.full(crowd.size, height), "|", color=colour, ms=7)
    left.text(3.3, -0.55, "data", color=palette.truth, va="center")
    left.text(0.0, -1.1, "generated", color=palette.model, va="center")
    left.plot(AT, AT - generated.mean(), "--", color=palette.muted, lw=1.5)
    left.text(0.2, 2.9, "best", color=palette.muted, ha="right")
    (curve,) = left.plot(AT, AT, color=palette.ink, lw=2)
    left.set(xlim=(-3.1, 4.1), ylim=(-1.7, 6), xlabel="x", ylabel="score over steepest slope", title="critic")
    edges = np.linspace(-1, 1, 22)
    bars = right.bar((edges[1:] + edges[:-1]) / 2, np.ones(21), width=0.09, color=palette.data, alpha=0.8)
    right.set(xlim=(-1.1, 1.1), ylim=(0, 0.75), xlabel="weight over the largest", title="share of the weights")

    def update(bound: str) -> str:
        critic = found[bound]
        scores = critic.scores - np.interp(generated, AT, critic.scores).mean()
        curve.set_ydata(scores / critic.steepest)
        sizes = np.clip(critic.weights / np.abs(critic.weights).max(), -1, 1)
        for rectangle, count in zip(bars, np.histogram(sizes, edges)[0], strict=True):
            rectangle.set_height(count / sizes.size)
        return (
            f"Steepest slope {critic.steepest:.2g}, gain {critic.gain:.2g}; the distance is {way():.2f}. Divided by "
            f"the steepest slope, the gain is {critic.found:.2f}. As large as the largest: {at_the_end(critic):.0%} of "
            "the weights."
        )

    return Explorer(
        figure,
        update,
        name="generative-critics",
        controls={"bound": Choice(list(BOUNDS), value="clipped, c = 0.05", label="bounded by")},
        caption="Left, a trained critic, divided by its steepest slope so that shapes can be compared, and the best "
        "one, a straight line of slope 1. Right, its weights. Clipping drives nearly all weights to ±c, and makes a "
        "bent critic whose steepest slope is far from 1. The penalty leaves the weights alone and comes near to the "
        "straight line, with a slope that is still too large: at λ = 10 by about a fifth.",
        alt="Left, a dashed straight line and a bent curve, as steep as the line between the two crowds and flatter on "
        "either side. Right, bars of the weights, all of them at the two ends.",
        predict=Predict(
            STEEPNESS[2],
            f"At most {steepest_clipped(0.01):.3f}: each layer passes on a hundredth, and the 32 · 32 paths add up, "
            "32² · 0.01³.",
            options=STEEPNESS,
        ),
    )


# ── What an error weighs ─────────────────────────────────────────────────────────────────────────────────────────────

LEVELS = np.round(np.arange(-16, 17) / 2, 1)
KINDS = (("noise", "--"), ("data", "-"), ("velocity", ":"))


def noise_levels() -> Explorer:
    """What an error in the data weighs under three losses, and what an error in each prediction does to the data."""
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.6), width_ratios=[1.4, 1])
    marks = []
    for kind, dashes in KINDS:
        left.plot(LEVELS, denoising_weight(LEVELS, weighs=kind), color=palette.loss, ls=dashes, lw=2)
        marks.append(left.plot([0], [1], "o", color=palette.loss, ms=9)[0])
    left.text(-6.4, 4e-4, "noise (dashed)", color=palette.loss, va="top")
    left.text(7.8, 0.75, "data", color=palette.loss, ha="right", va="top")
    left.text(-7.8, 1.6, "velocity (dotted)", color=palette.loss, va="bottom")
    left.set(yscale="log", xlim=(-8.5, 8.5), ylim=(1e-4, 1e4), xlabel="log signal-to-noise ratio, λ")
    left.set_title("weight of a squared error in x")
    bars = right.bar(range(3), [1, 1, 1], width=0.65, color=palette.data, alpha=0.8)
    texts = [right.text(k, 1, "", ha="center", va="bottom", color=palette.ink) for k in range(3)]
    right.set(yscale="log", ylim=(1e-4, 3), title="error in x, from 0.01 in …")
    right.set_xticks(range(3), [kind for kind, _ in KINDS])
    right.grid(False, axis="x")

    def update(level: float) -> str:
        weights = [float(denoising_weight(level, weighs=kind)) for kind, _ in KINDS]
        errors = [0.01 / math.sqrt(weight) for weight in weights]
        for mark, weight, bar_, text, error in zip(marks, weights, bars, texts, errors, strict=True):
            mark.set_data([level], [weight])
            bar_.set_height(error)
            text.set_y(error * 1.15)
            text.set_text(f"{error:.2g}")
        alpha, ratio = math.sqrt(1 / (1 + math.exp(-level))), powers_of_ten(f"{weights[0]:.3g}")
        return (
            f"λ = {written(level, 1)}, α = {alpha:.3f}: a squared error in the data weighs {ratio} as an "
            f"error in the noise, 1 as one in the data, {weights[2]:.4g} as one in the velocity. An error of 0.01 "
            f"in the noise is one of {errors[0]:.2g} in the data."
        )

    return Explorer(
        figure,
        update,
        name="generative-noise-levels",
        controls={"level": Slider(values=LEVELS.tolist(), value=0.0, label="log signal-to-noise ratio λ")},
        caption="Left: one and the same error in the denoised data, as three plain squared errors see it. Noise "
        "prediction all but ignores it where there is mostly noise; velocity prediction always weighs it more than "
        "data prediction does. Right, the other way round: what an error of 0.01 in each becomes in the data.",
        alt="Left, three curves over the noise level on a logarithmic axis: data flat at 1, noise a rising straight "
        "line, velocity flat at first and then rising. Right, three bars of the error in the data.",
    )


# ── Samples at every stage ───────────────────────────────────────────────────────────────────────────────────────────

SHOWN, REACH = 250, 3.4


def short_runs() -> dict[str, Run]:
    """Each of the three generators after its first steps: enough to draw the figure."""
    return {
        "VAE": train_vae(steps=50),
        "GAN": train_players(steps=50),
        "denoiser": train_denoiser(steps=50),
    }


def samples(runs: Mapping[str, Run] | None = None) -> Explorer:
    """What three generators draw before, during and after training."""
    found = short_runs() if runs is None else dict(runs)
    figure, axis = subplots(figsize=(4.2, 3.9))
    axis.plot(*eight_spots(SHOWN, 99).T, "o", color=palette.truth, ms=3, alpha=0.35, mew=0)
    (points,) = axis.plot([0], [0], "o", color=palette.model, ms=4, mew=0, alpha=0.8)
    axis.plot(*CENTRES.T, "+", color=palette.ink, ms=9)
    axis.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", xlabel="x₁", ylabel="x₂")
    last = min(len(run.samples) for run in found.values()) - 1

    def update(stage: int, model: str) -> str:
        run = found[model]
        drawn = run.samples[stage, 0][:SHOWN]
        points.set_data(drawn[np.abs(drawn).max(axis=1) < REACH].T)
        here = run.score(stage)
        return (
            f"{model} after {STAGES[stage]} steps: {here.spots} of 8 spots found, {here.near:.0%} of the samples "
            f"within {3 * SPREAD:.1f} of a centre, distance from fresh data {here.distance:.3f}."
        )

    return Explorer(
        figure,
        update,
        name="generative-samples",
        controls={
            "stage": Play(0, last, value=last, label="stage", interval=700),
            "model": Choice(list(found), value=next(iter(found)), label="model"),
        },
        caption="Crosses are the centres of the data's eight spots, pale points the data, strong points what the model "
        "draws. A spot counts as found if it has a quarter of its share of the samples. Play each model from stage 0 "
        "and compare where the points between the spots come from.",
        alt="Eight crosses on a ring with a pale cloud around each, and samples of a model, most of them on the spots "
        "and some on the way from one to the next.",
    )


def best_gap() -> float:
    """The smallest gap that any normal code leaves."""
    return bound(*best_code()).gap
