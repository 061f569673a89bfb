"""The figures and explorers of the chapter on the Kullback–Leibler divergence."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import numpy as np
from scipy import stats

from lossbook.analysis.codes import CLIMATE, WEATHER, believed_climate, codeword_lengths, huffman
from lossbook.analysis.coins import (
    FAIR,
    FLIPS,
    PLAYERS,
    STOPS,
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
    HUMPS,
    binned,
    binned_divergences,
    divergence_maps,
    humps_from_normal,
    humps_moments,
    normal_from_humps,
    two_humps,
)
from lossbook.core import Floats
from lossbook.explorer import Challenge, Choice, Explorer, Handle, Predict, Slider, Toggle, palette, style, subplots
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
    coins, factors, last = {"1/3": 1 / 3, "1/4": 1 / 4, "1/6": 1 / 6}, {"10": 10, "100": 100, "1000": 1000}, 300
    flips = np.arange(last + 1)
    figure, (top, bottom) = subplots(2, 1, figsize=(4.4, 4.8), height_ratios=[2, 1], sharex=True)
    walks = [top.plot(flips, flips, color=palette.data, lw=1, alpha=0.55)[0] for _ in range(PLAYERS)]
    (drift,) = top.plot([0, last], [0, 1], "--", color=palette.surplus, lw=2)
    (goal,) = top.plot([0, last], [1, 1], color=palette.truth, lw=1.5)
    goal_label = top.text(4, 0, "", color=palette.truth, va="bottom")
    top.set(xlim=(0, last), ylim=(-3, 12), ylabel="log ratio (nats)")
    half = bottom.fill_between(flips, flips, color=palette.density, alpha=0.25, lw=0)
    (share,) = bottom.plot(flips, flips, color=palette.density, lw=1.5)
    bottom.set(xlim=(0, last), ylim=(0, 1.05), yticks=[0, 0.25, 0.5, 0.75, 1], xlabel="flips N")
    bottom.set_title("share of all players who have got there", loc="left")

    def update(coin: float, factor: int) -> str:
        wait = waiting_time(coin, factor)
        ratios = log_ratios(coin, last)
        for walk, ratio in zip(walks, ratios, strict=True):
            walk.set_ydata(ratio)
        height = math.log(factor)
        drift.set_ydata([0, last * height / wait.expected])
        goal.set_ydata([height, height])
        goal_label.set_y(height)
        goal_label.set_text(f"log {factor}")
        there, low, high = wait.share(last), wait.quantile(0.25), wait.quantile(0.75)
        share.set_ydata(there)
        half.set_data(flips, np.where((flips >= low) & (flips <= high), there, 0), 0)
        return (
            f"Against q(heads) = {Fraction(coin).limit_denominator(9)}, the expected log ratio reaches log {factor} at "
            f"N = {wait.expected:.0f}. A player is first ahead by {factor} after {wait.mean:.0f} flips on average; "
            f"half of them between {low} and {high}."
        )

    return Explorer(
        figure,
        update,
        name="kl-waiting-times",
        controls={
            "coin": Choice(coins, value=1 / 3, label="q(heads)"),
            "factor": Choice(factors, value=1000, label="ahead by a factor of"),
        },
        predict=Predict(
            WAITS[-1],
            "Of all players a quarter is there by flip 74, a quarter is not there by flip 149; a few wait far longer.",
            options=WAITS,
        ),
        caption="Above, the whole log ratio of the same eight players, not divided by N: each walks at random around a "
        "line that rises by the divergence with every flip. Below, how many of all players have reached the goal at "
        "least once; the middle half of them is shaded. Try a lower goal and a coin that is more bent. The average "
        "wait is always longer, by one to three flips, than where the dashed line crosses the goal: the last flip "
        "overshoots.",
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
            f"P(heads) = {chance:.2f}: heads carries {heads_bits:.2f} bits, tails {tails_bits:.2f}; on average "
            f"{chance:.2f} · {heads_bits:.2f} + {1 - chance:.2f} · {tails_bits:.2f} ≈ {bits:.2f} bits."
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


def wrong_code() -> Explorer:
    """Extra bits of a code that was made for another climate."""
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.4), width_ratios=[1.25, 1])
    places = np.arange(4)
    left.bar(places - 0.2, CLIMATE, 0.38, color=palette.truth)
    q_bars = left.bar(places + 0.2, CLIMATE, 0.38, color=palette.model)
    (grip,) = left.plot([0.2], [0.2], "o", color=palette.model, ms=10)
    left.text(2.3, 1.02, "p, the weather", color=palette.truth, ha="center")
    left.text(2.3, 0.9, "q, for the code", color=palette.model, ha="center")
    names = [left.text(place, 0.5, "", ha="center", color=palette.data, fontsize=10) for place in places]
    left.set(xlim=(-0.5, 3.5), ylim=(0, 1.15), title="probability, and code")
    left.set_xticks(places, WEATHER)
    left.tick_params(axis="x", length=0)
    right.axhline(1.75, color=palette.truth, ls="--", lw=1.2)
    right.text(1.5, 1.68, "entropy 1.75", color=palette.truth, ha="right", va="top", fontsize=10)
    right.bar([0], [1.75], 0.7, color=palette.truth)
    (extra_bar,) = right.bar([0], [0], 0.7, bottom=[1.75], color=palette.surplus)
    extra_label = right.text(0.45, 1.8, "", color=palette.surplus, va="bottom")
    right.set(xlim=(-0.5, 1.55), ylim=(0, 3.2), xticks=[], title="bits per report")

    def update(sun: float, whole: bool) -> str:
        q, lengths = believed_climate(sun), codeword_lengths(sun, whole)
        price = float(CLIMATE @ lengths)
        extra = price - entropy(CLIMATE, base=2)
        for bar, chance in zip(q_bars, q, strict=True):
            bar.set_height(chance)
        grip.set_ydata([sun])
        for name, word, length in zip(names, huffman(q), lengths, strict=True):
            name.set_text(word if whole else f"{length:.2f} bits")
        for name, *heights in zip(names, CLIMATE, q, strict=True):
            name.set_y(max(heights) + 0.06)
        extra_bar.set_height(extra)
        extra_label.set_text(f"+ {extra:.3f}")
        kind = "whole-bit (Huffman) code" if whole else "ideal code"
        return (
            f"The {kind} made for q(sun) = {sun:.2f} takes {price:.3f} bits per report: the entropy 1.750 and "
            f"{extra:.3f} extra."
        )

    return Explorer(
        figure,
        update,
        name="kl-wrong-code",
        controls={
            "sun": Slider(0.05, 0.95, step=0.05, value=0.15, label="believed q(sun)"),
            "whole": Toggle(False, label="whole bits"),
        },
        handles=[Handle(grip, y="sun")],
        caption="A station reports the weather in a code that was made for another climate q. Drag q(sun): with "
        "ideal lengths the extra bits vanish only at q = p and grow on both sides. Then switch to whole bits: real "
        "codewords come in steps, so the extra bits do too, and they vanish for every q that gets the codeword lengths "
        "of p.",
        alt="Left, bars of the true probabilities one half, one quarter, one eighth, one eighth, and of the believed "
        "ones, with 0.15 for sun. Right, a bar of 1.75 bits with 0.486 extra bits on top.",
    )


# ── Densities ────────────────────────────────────────────────────────────────────────────────────────────────────────


def forward_reverse() -> Explorer:
    """One bell for two humps: both divergences over (μ, σ), with their optima."""
    figure, axes = subplots(2, 2, figsize=(4.4, 5.0))
    grid = axes[0, 0].get_gridspec()
    for axis in axes[0]:
        axis.remove()
    with_x = np.linspace(-6.5, 6.5, 101)
    with style():
        top = figure.add_subplot(grid[0, :])
        top.fill_between(with_x, two_humps(with_x), color=palette.truth, alpha=0.25, lw=0)
        top.plot(with_x, two_humps(with_x), color=palette.truth)
        (bell,) = top.plot(with_x, with_x, color=palette.model, lw=2.5)
        (peak,) = top.plot([1], [0.3], "o", color=palette.model, ms=11)
        top.text(-3.0, 0.4, "p", color=palette.truth, ha="right")
        name = top.text(1.4, 0.3, "q", color=palette.model)
    top.set(xlim=(-6.5, 6.5), ylim=(0, 1.2), xlabel="x")
    top.set_title("density", loc="left")
    best = [(humps_moments(), "forward"), ((HUMPS[0][1], HUMPS[0][2]), "reverse")]
    points = []
    for axis, values, ((mean, scale), word) in zip(axes[1], divergence_maps(), best, strict=True):
        sheet = np.clip(values, 1e-3, None)
        axis.contour(
            np.linspace(-4, 4, 49),
            np.linspace(0.25, 3.5, 40),
            np.log(sheet),
            levels=np.log(_LEVELS[word]),
            colors=[palette.surplus],
            linewidths=1,
            alpha=0.6,
            linestyles="solid",
        )
        axis.plot([mean], [scale], "*", color=palette.surplus, ms=17, zorder=5)
        points.append(axis.plot([1], [1.5], "o", color=palette.model, ms=10)[0])
        order = "D(p‖q)" if word == "forward" else "D(q‖p)"
        axis.set(xlim=(-4.2, 4.2), ylim=(0.1, 3.6), xticks=range(-4, 5, 2), xlabel="μ")
        axis.set_title(f"{word}, {order}", loc="left")
        axis.set_ylabel("σ")

    def update(mean: float, scale: float) -> str:
        bell.set_ydata(stats.norm.pdf(with_x, mean, scale))
        height = stats.norm.pdf(0, scale=scale)
        peak.set_data([mean], [height])
        name.set_position((mean + 0.4, height + 0.03))
        for point in points:
            point.set_data([mean], [scale])
        forward, reverse = humps_from_normal(mean, scale), normal_from_humps(mean, scale)
        least = humps_from_normal(*humps_moments()), normal_from_humps(*HUMPS[0][1:])
        return (
            f"μ = {written(mean, 1)}, σ = {scale:.2f}: forward {written(forward, 3)} nats (least: {least[0]:.3f}), "
            f"reverse {written(reverse, 3)} nats (least: {least[1]:.3f})."
        )

    return Explorer(
        figure,
        update,
        name="kl-forward-reverse",
        controls={
            "mean": Slider(-4.0, 4.0, step=0.5, value=1.0, label="mean μ of q"),
            "scale": Slider(values=(0.35, *np.arange(0.5, 3.51, 0.25).tolist()), value=1.5, label="σ of q"),
        },
        handles=[Handle(peak, x="mean"), *(Handle(point, x="mean", y="scale") for point in points)],
        caption="Drag q in the upper picture, or the round points on the two maps, to one star and then to the other. "
        "Forward KL wants one broad bell over both humps. Reverse KL, with humps as far apart as these, wants one hump "
        "and nothing of the other.",
        alt="Above, a p with two humps at −2 and 3 and a bell q between them. Below, contours of both divergences over "
        "μ and σ. The forward optimum is at μ = 0, σ = 2.5; the reverse one at μ = −2, σ = 0.5, with a "
        "second dip at μ = 3.",
    )


_LEVELS = {
    "forward": [0.9, 1.0, 1.2, 1.6, 2.5, 4.5, 10.0, 25.0],
    "reverse": [0.52, 0.6, 0.8, 1.2, 2.0, 3.5, 6.0, 10.0],
}
