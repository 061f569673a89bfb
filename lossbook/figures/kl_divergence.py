"""The figures and explorers of the chapter on the Kullback–Leibler divergence."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import numpy as np
from scipy import stats

from lossbook.analysis import codes
from lossbook.analysis.codes import CLIMATE, WEATHER
from lossbook.analysis.coins import (
    FAIR,
    FLIPS,
    PLAYERS,
    STOPS,
    drift,
    log_ratio_per_flip,
    log_ratios,
    settled,
    shares_of_heads,
    waiting_time,
)
from lossbook.analysis.divergences import SIX, cut_belief, total_variation_of
from lossbook.analysis.two_humps import (
    BIN_COUNTS,
    BIN_RANGE,
    BIN_SCALE,
    DISTANCES,
    best_reverse,
    binned,
    binned_divergences,
    dips,
    humps_apart,
    humps_from_normal,
    humps_moments,
    mixture,
    two_humps,
)
from lossbook.core import Floats
from lossbook.explorer import Challenge, Choice, Explorer, Handle, Predict, Slider, palette, style, subplots
from lossbook.figures.wording import written
from lossbook.losses.information import entropy, js_divergence, kl_divergence, surprisal


def amount(value: float, digits: int = 3) -> str:
    """A divergence as readouts write it."""
    return "∞" if math.isinf(value) else written(value, digits)


# ── Coins ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def coin_trajectories() -> Explorer:
    """What a wrong coin loses per flip, on average so far, for eight players; and where that settles."""
    shares = shares_of_heads()
    figure, axis = subplots(figsize=(4.2, 3.2))
    axis.axhline(0, color=palette.muted, lw=0.8)
    lines = [axis.plot(FLIPS, share, color=palette.data, lw=1, alpha=0.55)[0] for share in shares]
    (limit,) = axis.plot([1, 5000], [0, 0], "--", color=palette.surplus, lw=2)
    label = axis.text(7000, 0, "", color=palette.surplus, va="bottom")
    (cursor,) = axis.plot([10, 10], [-0.6, 1.2], color=palette.ink, lw=1)
    (dots,) = axis.plot([10] * PLAYERS, shares[:, 0], "o", color=palette.ink, ms=5)
    (grip,) = axis.plot([10], [1.12], "o", color=palette.ink, ms=11)
    axis.set(xscale="log", xlim=(0.9, 40_000), ylim=(-0.6, 1.2), xlabel="flips so far, N")
    axis.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    axis.set_xticks([], minor=True)
    axis.set_ylabel("log-likelihood ratio per flip (nats)")

    def update(twelfths: int, flips: int) -> str:
        q = twelfths / 12
        divergence = float(kl_divergence(FAIR, [1 - q, q]))
        at = int(np.searchsorted(FLIPS, flips))
        now = log_ratio_per_flip(shares[:, at], q)
        for line, share in zip(lines, shares, strict=True):
            line.set_ydata(log_ratio_per_flip(share, q))
        limit.set_ydata([divergence, divergence])
        label.set_y(divergence)
        label.set_text(f"{divergence:.3f}")
        cursor.set_xdata([flips, flips])
        grip.set_xdata([flips])
        dots.set_data(np.full(PLAYERS, flips), now)
        flip = "flip" if flips == 1 else "flips"
        return (
            f"Against q(heads) = {Fraction(twelfths, 12)}, after {flips} {flip}: from {written(now.min(), 3)} to "
            f"{written(now.max(), 3)} nats per flip. The dashed line is at {written(divergence, 4)}."
        )

    return Explorer(
        figure,
        update,
        name="kl-coin-trajectories",
        controls={
            "twelfths": Slider(2, 10, step=1, value=4, label="q(heads), in twelfths"),
            "flips": Slider(values=STOPS, value=10, label="flips N"),
        },
        handles=[Handle(grip, x="flips")],
        challenge=Challenge(
            "Take the coin of 5/12, and stop at the first N from which on all eight lines stay above zero.",
            lambda twelfths, flips: twelfths == 5 and flips == settled(5 / 12),
        ),
        caption="Eight players flip one fair coin each; a thin line follows each of them. Its height says how much "
        "better, per flip, the fair coin explains the flips so far than the coin q does. Move N to the right: all "
        "eight settle on the dashed line. Move q towards 6/12 and watch the line sink, but never below zero.",
        alt="Eight jagged lines over the number of flips, from 1 to 5000 on a logarithmic scale. They start between "
        "−0.29 and 0.41 and close in on a dashed line at 0.059.",
    )


WAITS = ("between 114 and 120", "between 105 and 131", "between 95 and 140", "between 74 and 149")
"""What can be guessed; the last is right."""


def waiting_times() -> Explorer:
    """The whole log ratio as a walk with a drift, and how long the walk takes to its goal for the first time."""
    coins = {"1/2 (fair)": 1 / 2, "0.45": 0.45, "3/8": 3 / 8, "1/3 (bent)": 1 / 3}
    factors, last = {"10": 10, "100": 100, "1000": 1000}, 400
    flips = np.arange(last + 1)
    figure, (top, bottom) = subplots(2, 1, figsize=(4.4, 4.8), height_ratios=[2, 1], sharex=True)
    top.axhline(0, color=palette.muted, lw=0.8)
    band = top.fill_between(flips, flips, color=palette.surplus, alpha=0.15, lw=0)
    walks = [top.plot(flips[::2], flips[::2], color=palette.data, lw=1, alpha=0.55)[0] for _ in range(PLAYERS)]
    (middle,) = top.plot([0, last], [0, 1], "--", color=palette.surplus, lw=2)
    (goal,) = top.plot([0, last], [1, 1], color=palette.truth, lw=1.5)
    goal_label = top.text(last - 4, 0, "", color=palette.truth, ha="right", va="top")
    top.set(xlim=(0, last), ylim=(-12, 24), ylabel="log ratio (nats)")
    half = bottom.fill_between(flips, flips, color=palette.density, alpha=0.25, lw=0)
    (share,) = bottom.plot(flips, flips, color=palette.density, lw=1.5)
    bottom.set(xlim=(0, last), ylim=(0, 1.05), yticks=[0, 0.25, 0.5, 0.75, 1], xlabel="flips N")
    bottom.set_title("share of all players who have got there", loc="left")

    def update(coin: float, factor: int) -> str:
        per_flip, spread = drift(coin)
        for walk, ratio in zip(walks, log_ratios(1 / 3, last, coin), strict=True):
            walk.set_ydata(ratio[::2])
        height = math.log(factor)
        middle.set_ydata([0, last * per_flip])
        band.set_data(flips, flips * per_flip - spread * np.sqrt(flips), flips * per_flip + spread * np.sqrt(flips))
        goal.set_ydata([height, height])
        goal_label.set_y(height)
        goal_label.set_text(f"log {factor}")
        there = waiting_time(1 / 3, factor, coin, last).share(last)
        share.set_ydata(there)
        half.set_data(flips, np.where((there >= 0.25) & (there <= 0.75), there, 0), 0)
        told = f"Coin of {named[coin]}: per flip the log ratio drifts by {written(per_flip, 4)} nats."
        if per_flip < 0:
            return f"{told} {there[-1]:.1%} of all players have been ahead by {factor} at least once by flip {last}."
        wait = waiting_time(1 / 3, factor, coin)
        low, high = wait.quantile(0.25), wait.quantile(0.75)
        return (
            f"{told} Expected log {factor} at N = {wait.expected:.0f}; first ahead by {factor} after {wait.mean:.0f} "
            f"flips on average, half of the players between {low} and {high}."
        )

    named = {value: text for text, value in coins.items()}
    return Explorer(
        figure,
        update,
        name="kl-waiting-times",
        controls={
            "coin": Choice(coins, value=1 / 2, label="the coin that is flipped, P(heads)"),
            "factor": Choice(factors, value=1000, label="ahead by a factor of"),
        },
        predict=Predict(
            WAITS[-1],
            "Of all players a quarter is there by flip 74, a quarter is not there by flip 149; a few wait far longer.",
            options=WAITS,
        ),
        caption="Above, log ratios of the fair coin against the bent one, not divided by N: eight walks, the line that "
        "they follow on average, and a band of one standard deviation, which widens like √N. Below, how many of all "
        "players have been ahead at least once; the middle half is shaded. Try a lower goal. Then flip a coin that is "
        "neither of the two, and at last the bent one.",
        alt="Above, eight jagged lines that rise around a dashed line, which crosses the level log 1000 at 117 flips. "
        "Below, a curve that rises from 0 to 1 and passes a quarter at 74 flips and three quarters at 149.",
    )


def coin_entropy() -> Explorer:
    """Surprisal of heads and of tails, and their expectation, over the bias of a coin."""
    grid = np.linspace(0.002, 0.998, 250)
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.2))
    left.plot(grid, surprisal(grid, base=2), color=palette.loss)
    left.plot(grid, surprisal(1 - grid, base=2), "--", color=palette.density)
    left.text(0.1, 5.2, "heads", color=palette.loss)
    left.text(0.9, 5.2, "tails", color=palette.density, ha="right")
    (heads,) = left.plot([0.5], [1], "o", color=palette.loss, ms=9)
    (tails,) = left.plot([0.5], [1], "o", color=palette.density, ms=9)
    left.set(xlim=(0, 1), ylim=(0, 6), xlabel="probability of heads", title="surprisal (bits)")
    right.plot(grid, entropy(np.column_stack([1 - grid, grid]), base=2), color=palette.truth)
    (mean,) = right.plot([0.5], [1], "o", color=palette.truth, ms=11)
    right.set(xlim=(0, 1), ylim=(0, 1.1), xlabel="probability of heads", title="entropy (bits)")

    def update(chance: float) -> str:
        coin = [1 - chance, chance]
        tails_bits, heads_bits = np.asarray(surprisal(coin, base=2))
        bits = entropy(coin, base=2)
        heads.set_data([chance], [heads_bits])
        tails.set_data([chance], [tails_bits])
        mean.set_data([chance], [bits])
        return (
            f"P(heads) = {chance:.2f}: heads carries {heads_bits:.3f} bits, tails {tails_bits:.3f}; on average "
            f"{chance:.2f} · {heads_bits:.3f} + {1 - chance:.2f} · {tails_bits:.3f} ≈ {bits:.2f} bits."
        )

    return Explorer(
        figure,
        update,
        name="kl-coin-entropy",
        controls={"chance": Slider(0.02, 0.98, step=0.02, value=0.5, label="probability of heads")},
        handles=[Handle(heads, x="chance"), Handle(tails, x="chance"), Handle(mean, x="chance")],
        caption="Drag a point. Surprisal: the rarer a face, the more surprising. Entropy: the surprise to expect. "
        "The rare face is rare, so the expectation falls all the same: one bit is the most a coin can give.",
        alt="Left, surprisal of heads falling and of tails rising over the probability of heads; they cross at one "
        "bit. Right, the entropy, an arch that is zero at both ends and one bit in the middle.",
    )


def tangent() -> Explorer:
    """−log z above its tangent 1 − z."""
    grid = np.linspace(0.03, 3.2, 240)
    figure, axis = subplots(figsize=(4.2, 3.0))
    axis.axhline(0, color=palette.muted, lw=0.8)
    axis.plot(grid, -np.log(grid), color=palette.loss)
    axis.plot(grid, 1 - grid, "--", color=palette.data)
    axis.text(0.2, 2.35, "−log z", color=palette.loss)
    axis.text(2.05, -1.65, "1 − z", color=palette.data, ha="right")
    (gap,) = axis.plot([2, 2], [-1, -0.69], color=palette.ink, lw=4)
    (probe,) = axis.plot([2], [-0.69], "o", color=palette.loss, ms=10)
    axis.set(xlim=(0, 3.2), ylim=(-2.3, 3.1), xlabel="z", ylabel="value")

    def update(z: float) -> str:
        curve, line = -math.log(z), 1 - z
        gap.set_data([z, z], [line, curve])
        probe.set_data([z], [curve])
        verdict = "they touch: the gap is 0" if z == 1 else f"the curve lies higher, by {written(curve - line, 4)}"
        return f"At z = {z:.2f}: −log z = {written(curve, 3)} and 1 − z = {written(line, 3)}; {verdict}."

    return Explorer(
        figure,
        update,
        name="kl-tangent",
        controls={"z": Slider(0.05, 3.0, step=0.05, value=2.0, label="z")},
        handles=[Handle(probe, x="z")],
        caption="Drag the point on the curve. The thick gap between −log z and its tangent 1 − z closes at z = 1 and "
        "nowhere else.",
        alt="The falling convex curve −log z and the straight line 1 − z, which touch at z = 1. At z = 2 the curve "
        "lies 0.307 above the line.",
    )


def coin_divergences() -> Explorer:
    """Forward and reverse KL and Jensen–Shannon of two coins, over the bias of the second."""
    near = np.logspace(-13, -3.2, 12)  # at the very edge, where p = 0.1 needs it to show that there is no bound
    middle = (1 - np.cos(np.linspace(0.06, np.pi - 0.06, 110))) / 2  # denser where the curves are steep
    grid = np.concatenate([near, middle, 1 - near[::-1]])
    coins = np.column_stack([1 - grid, grid])
    figure, axis = subplots(figsize=(4.2, 3.2))
    rows = {
        "D(p‖q)": (palette.surplus, "-", kl_divergence),
        "D(q‖p)": (palette.surplus, "--", lambda p, q: kl_divergence(q, p)),
        "Jensen–Shannon": (palette.data, ":", js_divergence),
        "total variation": (palette.muted, "-.", total_variation_of),
    }
    drawn = {}
    for place, (name, (colour, line_style, _)) in enumerate(rows.items()):
        (line,) = axis.plot(grid, grid, line_style, color=colour)
        inside = palette.background if line_style == "--" else colour
        over = 3 if colour == palette.surplus else 2  # total variation may lie on a divergence
        (dot,) = axis.plot([0.5], [0], "o", color=colour, mfc=inside, mew=2, ms=9, zorder=over)
        axis.plot([0.36, 0.43], [2.3 - 0.22 * place] * 2, line_style, color=colour)
        axis.text(0.45, 2.3 - 0.22 * place, name, color=colour, va="center")
        drawn[name] = line, dot
    (truth,) = axis.plot([0.5, 0.5], [0, 1.35], color=palette.truth, lw=1)
    truth_label = axis.text(0.5, 1.41, "p", color=palette.truth, ha="center")
    axis.set(xlim=(0, 1), ylim=(-0.05, 2.5), xlabel="q(heads)", ylabel="divergence (nats)")

    @cache
    def curves(p: float) -> dict[str, Floats]:
        fixed = np.broadcast_to([1 - p, p], coins.shape)
        return {name: np.asarray(function(fixed, coins)) for name, (_, _, function) in rows.items()}

    def update(p: float, q: float) -> str:
        first, second = [1 - p, p], [1 - q, q]
        values = {}
        for name, (line, dot) in drawn.items():
            line.set_ydata(curves(p)[name])
            values[name] = float(rows[name][2](first, second))
            dot.set_data([q], [values[name]])
        truth.set_xdata([p, p])
        truth_label.set_x(p)
        listed = ", ".join(f"{name} = {written(value, 3)}" for name, value in values.items())
        return f"p(heads) = {p:.2f}, q(heads) = {q:.2f}, in nats but the last: {listed}."

    return Explorer(
        figure,
        update,
        name="kl-coin-divergences",
        controls={
            "p": Slider(0.1, 0.9, step=0.1, value=0.5, label="p(heads)"),
            "q": Slider(0.05, 0.95, step=0.05, value=0.15, label="q(heads)"),
        },
        handles=[Handle(drawn[name][1], x="q") for name in rows],
        caption="All four curves are zero where q meets p, three of them round, total variation with a corner. Take q "
        "towards either edge: the solid curve has no bound there, the others end at a finite height. Then try p = 0.1 "
        "and compare q = 0.05 with q = 0.95.",
        alt="Three U-shaped curves and a V over q, all zero at q = 0.5. The solid one, D(p‖q), shoots up at both "
        "edges; D(q‖p) ends at 0.69 there, total variation at 0.5 and Jensen–Shannon at 0.22.",
    )


# ── Many outcomes ────────────────────────────────────────────────────────────────────────────────────────────────────


def support() -> Explorer:
    """A belief that is cut off: the terms of both divergences, until one is infinite."""
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.3))
    places = np.arange(1, 7)
    left.bar(places - 0.2, SIX, 0.38, color=palette.truth)
    model_bars = left.bar(places + 0.2, SIX, 0.38, color=palette.model)
    left.text(5.75, 0.44, "p", color=palette.truth, fontweight="bold")
    left.text(6.15, 0.44, "q", color=palette.model, fontweight="bold")
    left.set(xlim=(0.4, 6.6), ylim=(0, 0.55), xticks=places, xlabel="outcome", title="probability")
    right.axhline(0, color=palette.muted, lw=0.8)
    terms = right.bar(places, np.zeros(6), 0.6, color=palette.surplus)
    tops = [right.text(place, 4.95, "", color=palette.surplus, ha="center", fontsize=16) for place in places]
    right.set(xlim=(0.4, 6.6), ylim=(-0.5, 5.6), xticks=places, xlabel="outcome", title="its term p log(p/q) (nats)")

    floors = {"0": 0.0, "10⁻⁹": 1e-9, "10⁻⁶": 1e-6, "10⁻³": 1e-3, "10⁻²": 1e-2, "10⁻¹": 1e-1}
    words = {floor: word for word, floor in floors.items()}

    def update(kept: int, floor: float) -> str:
        belief = cut_belief(kept, floor)
        forward, reverse = float(kl_divergence(SIX, belief)), float(kl_divergence(belief, SIX))
        gain = SIX * (surprisal(belief) - surprisal(SIX))
        for bar, chance in zip(model_bars, belief, strict=True):
            bar.set_height(chance)
        for bar, top, term in zip(terms, tops, gain, strict=True):
            bar.set_height(min(term, 4.9))
            top.set_text("∞" if math.isinf(term) else "")
        others = "outcome 6" if kept == 5 else f"outcomes {kept + 1} to 6 together"
        return (
            f"q leaves {words[floor]} for {others}: D(p‖q) = {amount(forward)} nats, D(q‖p) = {amount(reverse)} nats."
        )

    return Explorer(
        figure,
        update,
        name="kl-support",
        controls={
            "kept": Slider(3, 5, step=1, value=5, label="q believes in outcomes 1 to"),
            "floor": Choice(floors, value=1e-3, label="and leaves the others together"),
        },
        predict=Predict(
            "It grows by about 0.7.",
            "A factor 1000 is $\\log 1000 \\approx 6.9$ nats of surprise, for an outcome that comes once in ten times.",
            options=[
                "It hardly changes.",
                "It grows by about 0.7.",
                "It doubles.",
                "It becomes a thousand times as large.",
            ],
        ),
        caption="Cut outcomes off the right-hand end of q and make the remainder smaller. D(p‖q) grows, though slowly: "
        "from 10⁻³ on, each factor 1000 costs practically the same again. At exactly 0 it is infinite. D(q‖p) stays "
        "below 1.",
        alt="Left, six pairs of bars for p and q; q has almost nothing on outcome 6. Right, the terms of the "
        "divergence: slightly negative for outcomes 1 to 5 and 0.46 for outcome 6.",
    )


def binning() -> Explorer:
    """Coarser bins hide differences: KL after binning, against the KL of the densities."""
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.3))
    x = np.linspace(*BIN_RANGE, 300)
    left.plot(x, two_humps(x), color=palette.truth, lw=1, alpha=0.6)
    p_steps = left.stairs([0.5], [-8, 8], color=palette.truth, lw=2)
    q_steps = left.stairs([0.5], [-8, 8], color=palette.model, lw=2)
    left.text(-2.9, 0.44, "p", color=palette.truth, ha="right")
    (peak,) = left.plot([0], [0.2], "o", color=palette.model, ms=10)
    peak_label = left.text(0.5, 0.2, "q", color=palette.model, ha="center")
    left.set(xlim=BIN_RANGE, ylim=(0, 0.5), xlabel="x", title="probability per unit of x")
    (limit,) = right.plot([0.8, 80], [1, 1], "--", color=palette.muted)
    limit_label = right.text(0.9, 1, "no bins", color=palette.muted, va="bottom")
    (curve,) = right.plot(BIN_COUNTS, BIN_COUNTS, "o-", color=palette.surplus, ms=5)
    (dot,) = right.plot([1], [0], "o", color=palette.surplus, ms=11)
    right.set(xscale="log", xlim=(0.8, 80), ylim=(-0.1, 3.2), xlabel="number of bins", title="D(p‖q) (nats)")
    right.set_xticks(BIN_COUNTS, [str(bins) for bins in BIN_COUNTS])
    right.set_xticks([], minor=True)

    def update(bins: int, mean: float) -> str:
        edges, p, q = binned(bins, mean)
        width = edges[1] - edges[0]
        p_steps.set_data(p / width, edges)
        q_steps.set_data(q / width, edges)
        top = stats.norm.pdf(0, scale=BIN_SCALE)
        peak.set_data([mean], [top])
        peak_label.set_position((mean, top + 0.025))
        values, whole = binned_divergences(mean), humps_from_normal(mean, BIN_SCALE)
        value = values[BIN_COUNTS.index(bins)]
        limit.set_ydata([whole, whole])
        limit_label.set_y(whole)
        curve.set_ydata(values)
        dot.set_data([bins], [value])
        word = "bin" if bins == 1 else "bins"
        return f"With {bins} {word}, D(p‖q) = {written(value, 3)} nats; without bins it is {written(whole, 3)}."

    return Explorer(
        figure,
        update,
        name="kl-binning",
        controls={
            "bins": Slider(values=BIN_COUNTS, value=4, label="number of bins"),
            "mean": Slider(-3, 3, step=1.0, value=1.0, label="mean of q"),
        },
        handles=[Handle(peak, x="mean"), Handle(dot, x="bins")],
        predict=Predict(
            "Down, or not at all.",
            "What merges bins throws away what told p and q apart there; it cannot add anything.",
            options=["Up, or not at all.", "Down, or not at all.", "Either way: it depends on p and q."],
        ),
        caption="Each halving of the number of bins merges neighbouring bins in pairs. The divergence falls or stays, "
        "whatever you choose for q; it never rises. With a single bin every two distributions look alike.",
        alt="Left, a two-humped p and a one-humped q as histograms with four bins. Right, the divergence over the "
        "number of bins rises from 0 at one bin towards the dashed value of the densities.",
    )


# ── Codes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def code_budget() -> Explorer:
    """A budget that the lengths of codewords share, and what the code costs: columns as wide as reports are many."""
    figure, (top, bottom) = subplots(2, 1, figsize=(4.4, 4.6), height_ratios=[1, 2.6])
    pieces = top.barh([0] * 4, [0.25] * 4, 0.8, color=palette.model, alpha=0.75, ec=palette.background, lw=2)
    tags = [top.text(0, 0, name, rotation=90, ha="center", va="center", fontsize="small") for name in WEATHER]
    top.plot([0, 0, 1, 1, 0], [-0.5, 0.5, 0.5, -0.5, -0.5], color=palette.truth, lw=2)
    top.set(xlim=(-0.03, 2.03), ylim=(-0.6, 0.6), xticks=[0, 0.5, 1, 1.5, 2], yticks=[])
    top.set_title("the budget, 1, and what the words take of it", loc="left")
    ends = np.concatenate([[0], CLIMATE.cumsum()])
    centres = (ends[1:] + ends[:-1]) / 2
    columns = bottom.bar(centres, [2] * 4, CLIMATE, color=palette.model, alpha=0.35, ec=palette.background, lw=2)
    bottom.stairs(surprisal(CLIMATE, base=2), ends, color=palette.truth, lw=2, ls="--")
    bottom.text(0.02, 1.03, "surprisal", color=palette.truth, va="bottom")
    grips = [bottom.plot([centre], [2], "o", color=palette.model, ms=10)[0] for centre in centres]
    names = [bottom.text(centre, 0, "", ha="center", fontsize="small") for centre in centres]
    bottom.set(xlim=(0, 1), ylim=(0, 3.7), yticks=range(4), xlabel="share of the reports", ylabel="bits of the word")
    bottom.set_xticks(centres, WEATHER)
    bottom.tick_params(axis="x", length=0)

    def update(sun: int, cloud: int, rain: int, snow: int) -> str:
        lengths = (sun, cloud, rain, snow)
        spent, starts, words = codes.spending(lengths), codes.starts(lengths), codes.words(lengths)
        for k, length in enumerate(lengths):
            share = 2.0**-length
            pieces[k].set_x(starts[k])
            pieces[k].set_width(share)
            tags[k].set_position((starts[k] + share / 2, 0))
            columns[k].set_height(length)
            grips[k].set_ydata([length])
            names[k].set_y(length + 0.18)
            names[k].set_text(words[k] if words else "–")
        taken = f"These lengths take {Fraction(spent)} of the budget"
        if not words:
            return f"{taken} of 1: there is no such code."
        bits, belief, unused = codes.price(lengths)
        room = f" and {unused:.3f} for room that nobody uses" if spent < 1 else ""
        return (
            f"{taken}. {bits:.3f} bits per report: the entropy 1.750 and {belief + unused:.3f} extra, {belief:.3f} for "
            f"the wrong belief{room}."
        )

    return Explorer(
        figure,
        update,
        name="kl-code-budget",
        controls={name: Slider(1, 3, step=1, value=2, label=f"bits for {name}") for name in WEATHER},
        handles=[Handle(grip, y=name) for grip, name in zip(grips, WEATHER, strict=True)],
        challenge=Challenge(
            "Spend the budget so that a report costs as few bits as it can, on average.",
            lambda sun, cloud, rain, snow: codes.price((sun, cloud, rain, snow)).bits == codes.CHEAPEST,
        ),
        caption="Above, a word of L bits takes the share 2⁻ᴸ of a budget of 1. Below, each column is as wide as its "
        "weather is frequent and as high as its word is long, so the area is the price. Drag a column down: its word "
        "gets short, and takes room from the others.",
        alt="Above, four equal pieces that fill a strip from 0 to 1. Below, four columns of height 2 and widths one "
        "half, one quarter and twice one eighth, over a dashed staircase of heights 1, 2, 3 and 3.",
    )


# ── One bell for two humps ───────────────────────────────────────────────────────────────────────────────────────────


def forward_reverse() -> Explorer:
    """The best bell in either order while the humps move apart, and the dips between which reverse KL chooses."""
    figure, axes = subplots(2, 2, figsize=(4.4, 5.0))
    grid = axes[0, 0].get_gridspec()
    for axis in axes[0]:
        axis.remove()
    x = np.linspace(-2.5, 7, 96)
    with style():
        top = figure.add_subplot(grid[0, :])
    hill = top.fill_between(x, x, color=palette.truth, alpha=0.25, lw=0)
    (edge,) = top.plot(x, x, color=palette.truth)
    (forward_bell,) = top.plot(x, x, color=palette.model, lw=2.5)
    (reverse_bell,) = top.plot(x, x, "--", color=palette.model, lw=2.5)
    (peak,) = top.plot([1.5], [0.3], "o", color=palette.truth, ms=11)
    top.plot([3.9, 4.6], [0.82, 0.82], color=palette.model, lw=2.5)
    top.text(4.8, 0.82, "forward", color=palette.model, va="center")
    top.plot([3.9, 4.6], [0.7, 0.7], "--", color=palette.model, lw=2.5)
    top.text(4.8, 0.7, "reverse", color=palette.model, va="center")
    top.text(-1.1, 0.4, "p", color=palette.truth, ha="right")
    top.set(xlim=(-2.5, 7), ylim=(0, 0.95), xlabel="x, from the heavier hump")
    top.set_title("density", loc="left")
    left, right = axes[1]
    trail = {name: left.plot(DISTANCES, DISTANCES, look, color=palette.model, lw=2)[0] for name, look in _ORDERS}
    dots = left.plot([1, 1], [0, 0], "o", color=palette.model, ms=7)[0]
    left.set(xlim=(0.8, 5.2), ylim=(-0.15, 2.3), xticks=range(1, 6), xlabel="distance of the humps")
    left.set_title("mean of the bell", loc="left")
    found = {name: right.plot(DISTANCES, DISTANCES, color=palette.surplus, lw=1.5)[0] for name in _LABELS}
    names = {name: right.text(*at, "", color=palette.surplus, fontsize="small") for name, at in _LABELS.items()}
    (least,) = right.plot([1], [0], "o", color=palette.surplus, ms=8)
    right.set(xlim=(0.8, 5.2), ylim=(0, 1.5), xticks=range(1, 6), xlabel="distance of the humps")
    right.set_title("reverse KL (nats)", loc="left")

    def update(distance: float) -> str:
        humps = humps_apart(distance)
        zero = humps[0][1]
        density = mixture(x + zero, humps)
        hill.set_data(x, density, 0)
        edge.set_ydata(density)
        peak.set_data([distance], [float(mixture(distance + zero, humps))])
        mean, scale = humps_moments(humps)
        best = best_reverse(distance)
        forward_bell.set_ydata(stats.norm.pdf(x, mean - zero, scale))
        reverse_bell.set_ydata(stats.norm.pdf(x, best.mean, best.scale))
        passed = np.array([one for one in DISTANCES if one <= distance])
        trail["forward"].set_data(passed, [humps_moments(humps_apart(one))[0] - zero for one in passed])
        trail["reverse"].set_data(passed, [best_reverse(one).mean for one in passed])
        dots.set_data([distance, distance], [mean - zero, best.mean])
        for name, line in found.items():
            there = [(one, dips(one)[name].value) for one in passed if name in dips(one)]
            line.set_data(*(zip(*there, strict=True) if there else ([], [])))
            names[name].set_text(name if len(there) > 2 else "")
        least.set_data([distance], [best.value])
        others = {"both": "both humps", "heavier": "the heavier hump", "lighter": "the lighter hump"}
        chosen = next(name for name, dip in dips(distance).items() if dip is best)
        return (
            f"Humps {distance:.2f} apart: forward, mean {mean - zero:.2f} and σ {scale:.2f}; reverse, mean "
            f"{written(best.mean, 2)} and σ {best.scale:.2f}, over {others[chosen]}, at {best.value:.3f} nats."
        )

    return Explorer(
        figure,
        update,
        name="kl-forward-reverse",
        controls={"distance": Slider(values=DISTANCES, value=1.5, label="distance of the humps")},
        handles=[Handle(peak, x="distance")],
        predict=Predict(
            next(distance for distance in DISTANCES if best_reverse(distance).mean < 0.1),
            "Up to 2.5 one wide bell over both humps is the best there is. Then one hump alone costs less, and the "
            "bell jumps there, without a stop between.",
            control="distance",
        ),
        caption="Two humps of p, each with σ = 0.5, the left one with 0.6 of the probability. The curves are the best "
        "bell in either order. Move the right hump away, step by step, and watch the dashed bell. Lower right: "
        "what the dips of the reverse KL cost; the dot is on the lowest. A wide bell over both stays a dip throughout.",
        alt="Above, two humps 1.5 apart and two bells over both that nearly agree. Below, two lines for the "
        "means of the bells, still together, and one curve for the only dip of the reverse KL.",
    )


_ORDERS = (("forward", "-"), ("reverse", "--"))
_LABELS = {"both": (1.2, 0.6), "heavier": (3.4, 0.36), "lighter": (3.4, 0.98)}
